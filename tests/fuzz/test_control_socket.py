"""The control socket of a real daemon: whatever is sent there is refused, and it goes on serving.

``understood`` is tried with every model in this process; raw bytes go to a process of its own,
whose log is read at the end.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.control import cataloguing, connecting
from daemon.control.protocol import Code, CycleRequest, Declined, SendRequest
from daemon.control.protocol_doctor import ExamineRequest
from daemon.control.protocol_ledger import BackupRequest
from daemon.control.protocol_report import ReportRequest
from daemon.control.routes import ACTS, QUERIES
from daemon.control.understanding import understood
from tests.fuzz import spoiling
from tests.fuzz.effort import effort
from tests.nobody import CONFIG

PATIENCE_S = 60.0
"""Only a test that fails waits this long."""
LONG: dict[str, type[msgspec.Struct]] = {
    "/v1/cycle": CycleRequest,
    "/v1/send": SendRequest,
    "/v1/examine": ExamineRequest,
    "/v1/ledger/backup": BackupRequest,
    "/v1/reload": ACTS["/v1/reload"][0],
    **{path: model for path, (model, _) in connecting.ACTS.items()},
    **{path: model for path, (model, _) in cataloguing.ROUTES.items()},
}
"""What would ask systems that are not there, or write files, once it is understood."""
QUICK: dict[str, type[msgspec.Struct]] = {
    **{path: model for path, (model, _, _) in QUERIES.items()},
    **{path: model for path, (model, _) in ACTS.items() if path not in LONG},
    "/v1/report": ReportRequest,
}
MODELS = {**LONG, **QUICK}
GETS = [
    *("/v1/status", "/v1/plan", "/v1/history", "/v1/record", "/v1/operation/request", "/v1/who"),
    *("/v1/drift/history", "/v1/desk", "/v1/skips", "/v1/remaps", "/v1/health", "/v1/catalogue"),
    *("/v1/catalogue/report", "/v1/ledger/verify", "/v1", "/", "/v1/nothing", "*", "//", "/v1/%00"),
]
PARAMETERS = ["limit", "offset", "record", "digest", "code", "pattern", "counts", "after", "act"]
QUOTED = st.sampled_from(
    [
        *("", "0", "-1", "1e9", "9" * 5_000, "%00", "%ff", "%ed%a0%80", "%E2%80%AE", "x" * 5_000),
        *("%", "%2", "%zz", "a&limit=1", "[b]x", "item-", "dear/bill/..%2F..", "'%20OR%201=1"),
    ]
)


def bodies(model: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects with the keys of a model, and values that may fit or not."""
    names = [field.encode_name for field in msgspec.structs.fields(model)] or ["nothing"]
    keys = st.sampled_from([*names, *names, "unknown", ""])
    values = spoiling.LEAVES | st.sampled_from(
        [
            "item",
            "qbo",
            "dear",
            "held",
            ["a"],
            [{"record": "x"}],
            {"kind": "item"},
            "why",
            "2026-01-01",
        ]
    )
    return st.dictionaries(keys, values, max_size=5)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.removeprefix("/v1/"))
@effort(12)
@given(data=st.data())
def test_any_body_is_understood_or_refused(data: st.DataObject, path: str) -> None:
    model = MODELS[path]
    value = data.draw(bodies(model) | spoiling.LEAVES)
    try:
        asked = understood(spoiling.written(value), model)
    except Declined as declined:
        refusal = declined
    else:
        assert isinstance(asked, model)
        assert msgspec.json.encode(asked)
        return
    assert refusal.code is Code.BAD_REQUEST
    assert str(refusal)
    assert len(str(refusal)) < 2_000


class Process:
    """A daemon, and the raw end of its socket."""

    def __init__(self, path: Path, log: Path) -> None:
        self.path = path
        self.log = log

    def ask(self, *pieces: bytes, whole: bool = True) -> bytes:
        """What comes back until the daemon hangs up. What is not ``whole`` it would wait for: it
        is told that no more will come."""
        with socket.socket(socket.AF_UNIX) as end:
            end.settimeout(PATIENCE_S)
            end.connect(str(self.path))
            heard = bytearray()
            try:
                for piece in pieces:
                    end.sendall(piece)
                if not whole:
                    end.shutdown(socket.SHUT_WR)
                while piece := end.recv(65_536):
                    heard += piece
            except (BrokenPipeError, ConnectionResetError):
                pass  # it had seen enough
            return bytes(heard)

    def listens(self) -> bool:
        """A socket's file is there a moment before anybody listens."""
        with socket.socket(socket.AF_UNIX) as end:
            return end.connect_ex(str(self.path)) == 0

    def serves(self) -> bool:
        return b"200 OK" in self.ask(request("GET", "/v1/status?counts=0"))


def request(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    """A request after which the connection ends."""
    head = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *headers]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body


def statuses(heard: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"(?:^|\n)HTTP/1\.\d (\d{3})", heard)]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("daemon")
    config, log = folder / "config.yaml", folder / "log"
    config.write_text(CONFIG)
    with log.open("wb") as stream:
        running = subprocess.Popen(
            [sys.executable, "-m", "daemon", "run", "--config", str(config)],
            stdout=stream,
            stderr=stream,
            env={**os.environ, "TRUEUP_TEST_SECRET": "nobody-may-see-this"},
        )
    process = Process(folder / "state" / "control.sock", log)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not process.listens():
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
        assert process.serves()
        yield process
        assert process.serves(), "after all of it"
    finally:
        running.terminate()
        running.wait(PATIENCE_S)
    said = log.read_text()
    assert "Traceback" not in said
    assert "internal error" not in said
    assert "Unhandled" not in said
    assert "nobody-may-see-this" not in said


@effort(50)
@given(data=st.data())
def test_any_body_at_any_address_is_answered(daemon: Process, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(QUICK)))
    body = spoiling.written(data.draw(bodies(QUICK[path])))
    codes = statuses(daemon.ask(request("POST", path, body)))
    assert len(codes) == 1
    assert codes[0] < 500 or codes[0] == 503, (path, body, codes)


@effort(40)
@given(
    path=st.sampled_from(GETS),
    query=st.lists(st.tuples(st.sampled_from(PARAMETERS), QUOTED), max_size=3),
    method=st.sampled_from(
        ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"]
    ),
)
def test_any_address_is_answered(
    daemon: Process, path: str, query: list[tuple[str, str]], method: str
) -> None:
    asked = "&".join(f"{name}={value}" for name, value in query)
    codes = statuses(daemon.ask(request(method, f"{path}?{asked}")))
    assert all(code < 500 for code in codes), codes


FRAME = request("POST", "/v1/pause", b'{"reason": "a look"}', "Content-Type: application/json")


@effort(50)
@given(
    pieces=st.lists(
        st.binary(max_size=40) | spoiling.DAMAGES.map(lambda found: spoiling.broken(FRAME, found)),
        min_size=1,
        max_size=3,
    )
)
def test_any_bytes_are_answered_or_cut_off(daemon: Process, pieces: list[bytes]) -> None:
    heard = daemon.ask(*pieces, whole=False)
    assert all(code < 500 for code in statuses(heard)), heard[:200]


NESTED = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * NESTED + b"]" * NESTED,
        b'{"reason":' * NESTED + b"1" + b"}" * NESTED,
        b"\x00\xff\xfe",
        b'{"reason": "\\ud800"}',
        b'{"limit": ' + b"9" * 5_000 + b"}",
        b'{"limit": 1e999999999}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["lists", "objects", "no UTF-8", "half a pair", "digits", "exponent", "byte order mark"],
)
def test_no_address_takes_a_hostile_body(daemon: Process, body: bytes) -> None:
    for path in MODELS:
        codes = statuses(daemon.ask(request("POST", path, body)))
        assert len(codes) == 1, path
        assert 400 <= codes[0] < 500, path
    assert daemon.serves()


@pytest.mark.parametrize(
    ("frame", "whole"),
    [
        (request("POST", "/v1/pause", b"x" * 30_000_000), True),
        (request("POST", "/v1/pause", b"", "Content-Length: 99999999999999999999"), False),
        (request("POST", "/v1/pause", b"", "Content-Length: -1"), True),
        (request("POST", "/v1/pause", b"{}", "Content-Encoding: gzip"), True),
        (request("POST", "/v1/pause", b"{]", "Expect: 100-continue"), True),
        (request("POST", "/v1/pause", b"{}", "Content-Type: text/\x00"), True),
        (request("POST", "/v1/pause", b"{}", "Transfer-Encoding: chunked"), True),
        (request("GET", "/v1/status", b"", *(f"X-{n}: y" for n in range(10_000))), False),
        (request("GET", "/v1/status", b"", "Authorization: Digest \xff"), False),
        (b"GET /v1/status HTTP/9.9\r\n\r\n", False),
        (b"\r\n" * 10_000, False),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", False),
    ],
    ids=lambda one: "" if isinstance(one, bool) else f"{len(one)} bytes",
)
def test_hostile_frames_are_refused_or_cut_off(daemon: Process, frame: bytes, whole: bool) -> None:
    codes = statuses(daemon.ask(frame, whole=whole))
    assert all(code < 500 for code in codes), codes
    assert daemon.serves()
