"""Clients that send too little, too much or nonsense, or never go: the daemon answers the rest."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from daemon.control import connections, routes, server
from daemon.control.client import ControlClient, NoAnswer
from daemon.control.protocol import Code, Declined
from daemon.control.server import ControlServer
from ledger.model.entries import Paused
from tests.daemon.control.conftest import Office

PATIENCE_S = 60.0
"""Only a test that fails waits this long."""
SHORT_S = 0.05
STATUS = b"GET /v1/status?counts=0 HTTP/1.1\r\nHost: x\r\n\r\n"


class Rude:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hear_the_end(self) -> bytes:
        """Everything until the daemon hangs up."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self._reader.read()
            except ConnectionResetError:
                return b""

    async def hear_an_answer(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length:")[1].split()[0])
            return head + await self._reader.readexactly(size)


@asynccontextmanager
async def rude(office: ControlServer) -> AsyncIterator[Rude]:
    reader, writer = await asyncio.open_unix_connection(str(office.path))
    try:
        yield Rude(reader, writer)
    finally:
        writer.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - the server tells nobody when it takes or drops one
            await asyncio.sleep(0)


@asynccontextmanager
async def in_a_hurry(office: ControlServer) -> AsyncIterator[Rude]:
    """One connection whose first request has to come very soon; others have their time."""
    usual, office.connections.first_s = office.connections.first_s, SHORT_S
    async with rude(office) as one:
        await until(lambda: bool(office.connections.by_user))  # from then on its time runs
        office.connections.first_s = usual
        yield one


@asynccontextmanager
async def serving(office: Office) -> AsyncIterator[ControlServer]:
    one = ControlServer(office.desk, office.socket.with_name("rude.sock"))
    await one.start()
    try:
        yield one
    finally:
        await one.close()


async def answers(one: ControlServer) -> bool:
    async with ControlClient(one.path) as client:
        return (await client.status()).instance == "acme"


@pytest.mark.parametrize("start", [b"", b"G", b"GET /v1/status HTTP/1.1\r\nHost: x\r\n"])
async def test_half_a_request_is_cut_off(office: Office, start: bytes) -> None:
    async with serving(office) as one, in_a_hurry(one) as slow:
        with suppress(ConnectionResetError, BrokenPipeError):
            await slow.say(start)
        assert await answers(one)
        assert await slow.hear_the_end() == b""
        assert await answers(one)


async def test_half_a_second_request_is_cut_off_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_S", SHORT_S)
    async with serving(office) as one, rude(one) as slow:
        await slow.say(STATUS)
        assert b"200 OK" in await slow.hear_an_answer()
        with suppress(ConnectionResetError, BrokenPipeError):
            await slow.say(STATUS[:20])
        assert await slow.hear_the_end() == b""


async def test_a_connection_on_which_nothing_is_asked_is_closed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_S", SHORT_S)
    async with serving(office) as one:
        async with rude(one) as idle:
            await idle.say(STATUS)
            await idle.hear_an_answer()
            assert await idle.hear_the_end() == b""
        await until(lambda: not one.connections.by_user)
        assert await answers(one)


async def test_a_body_that_does_not_come_is_not_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "BODY_S", SHORT_S)
    async with serving(office) as one, rude(one) as slow:
        await slow.say(b"POST /v1/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = await slow.hear_an_answer()
    refusal = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert refusal["code"] == "bad_request"
    assert "did not come whole" in refusal["message"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET /v1/status HTTP/1.1\r\nX-Long: " + b"x" * 5_000_000,
        b"GET /" + b"x" * 5_000_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 1000,
        b"POST /v1/pause HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["a header of 5 MB", "an address of 5 MB", "TLS", "broken chunks"],
)
async def test_nonsense_is_refused_and_disturbs_nobody(
    office: Office, nonsense: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(office) as one, rude(one) as wild:
        with suppress(ConnectionResetError, BrokenPipeError):
            await wild.say(nonsense)
        assert await answers(one)
        heard = await wild.hear_the_end()
        assert heard == b"" or b" 400 " in heard.splitlines()[0]
        assert await answers(one)
    assert not caplog.records, "whoever may connect could fill the log"


async def test_one_user_cannot_take_all_connections(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_OF_ONE_USER", 2)
    async with serving(office) as one:
        async with rude(one) as first, rude(one) as second:
            for held in (first, second):
                await held.say(STATUS)
                assert b"200 OK" in await held.hear_an_answer()
            async with rude(one) as third:
                assert await third.hear_the_end() == b""
            with pytest.raises(NoAnswer):
                await answers(one)
        await until(lambda: not one.connections.by_user)
        assert await answers(one)


async def test_a_long_answer_that_nobody_takes_is_cut_off(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "READER_S", SHORT_S)
    monkeypatch.setattr(routes, "MOST_STREAMS", 1)
    for number in range(400):
        draft = office.ledger.draft(actor="test")
        draft.add(Paused(reason=f"{number} " + "x" * 2_000, by="test"))
        await office.ledger.append(draft)
    async with serving(office) as one, rude(one) as deaf:
        await deaf.say(b"GET /v1/ledger/export HTTP/1.1\r\nHost: x\r\n\r\n")
        async with ControlClient(one.path) as client, asyncio.timeout(PATIENCE_S):
            while not await _exported(client):
                pass
        assert not (await deaf.hear_the_end()).endswith(b"0\r\n\r\n")


async def _exported(client: ControlClient) -> bool:
    """Whether the whole journal came; not while somebody else has the only place."""
    try:
        return sum([len(chunk) async for chunk in client.export()]) > 800_000
    except Declined as error:
        if error.code is not Code.BUSY:
            raise
        return False
    except NoAnswer:
        return False  # on a busy machine whoever takes it may be too slow as well


@pytest.mark.parametrize("late", range(8))
async def test_nobody_who_asks_while_it_stops_stays_connected(office: Office, late: int) -> None:
    """Whom the kernel has let in already, and who asks at once, may come when the server has told
    everybody it knows to go."""
    one = ControlServer(office.desk, office.socket.with_name("rude.sock"))
    await one.start()
    clients = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(20)]
    for client in clients:
        client.connect(str(one.path))
        client.sendall(STATUS)
    for _ in range(late):
        await asyncio.sleep(0)

    await one.close()

    try:
        await until(lambda: not one.connections.by_user)
    finally:
        for client in clients:
            client.close()
