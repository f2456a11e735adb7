"""What systemd is told and what it gives, over real sockets."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.systemd import (
    LONGEST_STATUS,
    inherited,
    is_listening,
    notify,
    patience,
    reloading,
    status,
    watchdog,
    watchdog_s,
)
from ledger.store.ledger import Ledger

KEY = b"k" * 32


class Heard:
    """systemd's end of the notification socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def next(self) -> str:
        """The next message; an empty one when there is none."""
        try:
            return self._sock.recv(4096).decode()
        except BlockingIOError:
            return ""

    def all(self) -> list[str]:
        return list(iter(self.next, ""))


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield Heard(sock)


class Beat:
    """A clock whose sleep ends when the test lets it."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.asleep = asyncio.Event()
        self.wake = asyncio.Event()

    def now(self) -> datetime:
        return datetime(2026, 8, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        await self.wake.wait()
        self.wake.clear()


def test_a_status_is_one_line_whatever_is_in_it(heard: Heard) -> None:
    status("bad\nREADY=1 \x1b[31m" + "x" * 500)
    told = heard.next()
    assert told.startswith("STATUS=bad READY=1 [31mxxx")
    assert "\n" not in told
    assert len(told) == len("STATUS=") + LONGEST_STATUS


def test_a_reload_ends_ready_also_when_it_fails(heard: Heard) -> None:
    with pytest.raises(ZeroDivisionError), reloading():
        raise ZeroDivisionError
    first, last = heard.all()
    assert first.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert int(first.rpartition("=")[2]) > 0
    assert last == "READY=1"


async def test_what_takes_long_puts_off_the_limit_until_it_ends(heard: Heard) -> None:
    clock = Beat()
    async with patience("opening the ledger", clock):
        await clock.asleep.wait()
        assert heard.all() == ["STATUS=opening the ledger", "EXTEND_TIMEOUT_USEC=60000000"]
        clock.asleep.clear()
        clock.wake.set()
        await clock.asleep.wait()
        assert heard.all() == ["EXTEND_TIMEOUT_USEC=60000000"]
    assert heard.all() == []


async def test_33_a_sign_of_life_is_a_hop_through_the_writer(heard: Heard, tmp_path: Path) -> None:
    clock = Beat()
    ledger = await Ledger.open(tmp_path / "ledger.db", now=clock.now, key=KEY)
    running = asyncio.ensure_future(watchdog(3.0, ledger.is_writing, clock))
    try:
        await clock.asleep.wait()
        assert heard.all() == ["WATCHDOG=1"]
        assert clock.slept == [1.5]
        assert ledger.head == 0, "nothing is written for it"
    finally:
        running.cancel()
        await asyncio.wait({running})
        await ledger.close()
    assert await ledger.is_writing() is False


async def test_33_no_sign_of_life_while_the_writer_stands_still(heard: Heard) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def stands_still() -> bool:
        asked.set()
        await never.wait()
        return True

    running = asyncio.ensure_future(watchdog(3.0, stands_still, Beat()))
    await asked.wait()
    running.cancel()
    await asyncio.wait({running})
    assert heard.all() == []


@pytest.mark.parametrize(
    ("told", "meant", "expected"),
    [("60000000", "", 60.0), ("60000000", "me", 60.0), ("60000000", "1", None), ("0", "", None)],
)
def test_the_watchdog_is_on_when_it_is_meant_for_us(
    told: str, meant: str, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", told)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if meant == "me" else meant)
    assert watchdog_s() == expected


def test_without_systemd_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS"):
        monkeypatch.delenv(name, raising=False)
    notify("READY=1")
    assert (is_listening(), watchdog_s(), inherited("control")) == (False, None, None)


TAKES = """
import os, socket, sys
os.environ["LISTEN_PID"] = str(os.getpid() if sys.argv[1] == "ours" else 1)
from daemon.systemd import inherited
found = inherited(sys.argv[2])
print(None if found is None else found.getsockname())
"""


@pytest.mark.parametrize(
    ("whose", "name", "is_taken"),
    [("ours", "control", True), ("theirs", "control", False), ("ours", "webhooks", False)],
)
async def test_only_a_socket_that_is_ours_is_taken(
    whose: str, name: str, is_taken: bool, tmp_path: Path
) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other,
    ):
        ours.bind(str(tmp_path / "c.sock"))
        ours.listen()
        other.bind(("127.0.0.1", 0))
        other.listen()
        # The child's numbers 3 and 4, as systemd hands them over.
        command = f'exec {sys.executable} -c "$0" "$@" 3<&{other.fileno()} 4<&{ours.fileno()}'
        running = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            command,
            TAKES,
            whose,
            name,
            pass_fds=(other.fileno(), ours.fileno()),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "webhooks:control"},
        )
        out, _ = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0
    assert out.decode().strip() == (str(tmp_path / "c.sock") if is_taken else "None")
