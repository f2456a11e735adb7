"""The socket itself: who may use it, what it refuses, how it begins and ends."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.control.client import ControlClient, DaemonAbsent, NoAnswer
from daemon.control.protocol import MAX_REQUEST, Code, Declined
from daemon.control.server import ControlServer
from ledger.model.errors import ConfigProblem
from tests.daemon.control.conftest import Office

NOBODY = 65534


async def raw(path: Path, request: bytes) -> tuple[int, bytes]:
    """Bytes of any kind to the socket; status and body of the answer."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(request)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def test_only_the_owner_may_open_the_socket(office: Office) -> None:
    mode = office.socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_the_socket_is_gone_after_close(office: Office) -> None:
    path = office.socket.with_name("other.sock")
    server = ControlServer(office.desk, path)
    await server.start()
    assert path.exists()
    await server.close()
    assert not path.exists()


async def test_a_socket_left_by_a_crash_is_replaced(office: Office) -> None:
    path = office.socket.with_name("stale.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    server = ControlServer(office.desk, path)
    await server.start()
    async with ControlClient(path) as client:
        assert (await client.status()).instance == "acme"
    await server.close()


async def test_a_socket_in_use_is_refused(office: Office) -> None:
    with pytest.raises(ConfigProblem, match="another process listens"):
        await ControlServer(office.desk, office.socket).start()
    async with ControlClient(office.socket) as client:
        assert (await client.status()).instance == "acme"


async def test_a_file_in_the_place_of_the_socket_is_not_removed(office: Office) -> None:
    path = office.socket.with_name("notes.txt")
    path.write_text("precious")
    with pytest.raises(ConfigProblem, match="not a socket"):
        await ControlServer(office.desk, path).start()
    assert path.read_text() == "precious"


async def test_nobody_listening_is_a_named_state(tmp_path: Path) -> None:
    async with ControlClient(tmp_path / "nothing.sock") as client:
        with pytest.raises(DaemonAbsent, match="no daemon is listening") as caught:
            await client.status()
    assert "trueup run" in caught.value.cure


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET /v1/nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "not_found"),
        (b"PUT /v1/plan HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400, "bad_request"),
        (post("/v1/approve", b"{"), 400, "bad_request"),
        (post("/v1/approve", b'{"all": true, "surprise": 1}'), 400, "bad_request"),
        (post("/v1/resolve", b'{"record": ""}'), 400, "bad_request"),
        (
            b"GET /v1/plan?limit=-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            400,
            "bad_request",
        ),
        (
            b"GET /v1/plan?limit=99999 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            400,
            "bad_request",
        ),
    ],
)
async def test_what_cannot_be_understood_is_refused_in_json(
    office: Office, request_bytes: bytes, status: int, code: str
) -> None:
    got, body = await raw(office.socket, request_bytes)
    refusal = json.loads(body)
    assert (got, refusal["code"]) == (status, code)
    assert refusal["message"]
    assert refusal["schema"] == "trueup.control/1"


async def test_garbage_does_not_disturb_others(office: Office, daemon: ControlClient) -> None:
    status, _ = await raw(office.socket, b"\x00\x01\x02 garbage\r\n\r\n")
    assert status == 400
    assert (await daemon.status()).instance == "acme"


async def test_a_request_without_end_is_cut_off(office: Office) -> None:
    status, body = await raw(office.socket, post("/v1/approve", b"x" * (MAX_REQUEST + 1)))
    assert (status, json.loads(body)["code"]) == (413, "too_large")


async def test_another_version_of_the_daemon_is_told(tmp_path: Path) -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(strange, str(tmp_path / "s"))
    async with server, ControlClient(tmp_path / "s") as client:
        with pytest.raises(NoAnswer, match="words this version does not know"):
            await client.status()


async def test_a_daemon_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    waiting = asyncio.Event()

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await waiting.wait()
        writer.close()

    server = await asyncio.start_unix_server(mute, str(tmp_path / "s"))
    async with server:
        async with ControlClient(tmp_path / "s", quick_s=0.2) as client:
            with pytest.raises(NoAnswer, match="did not answer in time"):
                await client.status()
        waiting.set()


@pytest.fixture
def as_somebody_else(office: Office) -> Iterator[None]:
    """This process without the right to open the socket."""
    if os.geteuid() != 0:
        office.socket.chmod(0)
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.usefixtures("as_somebody_else")
async def test_a_socket_of_somebody_else_is_not_permitted(office: Office) -> None:
    async with ControlClient(office.socket) as client:
        with pytest.raises(Declined) as caught:
            await client.status()
    assert caught.value.code is Code.NOT_PERMITTED
