"""Parts run together, end together, and stop in order."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from daemon.supervise import Service, supervise
from daemon.systemd import notify


class Part:
    """A part that runs until it is told to stop, and writes down when what happened."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self._name = name
        self._diary = diary
        self._stop = asyncio.Event()

    async def run(self) -> None:
        self._diary.append(f"{self._name} runs")
        await self._stop.wait()
        self._diary.append(f"{self._name} ended")

    def stop(self) -> None:
        self._diary.append(f"{self._name} told")
        self._stop.set()

    def service(self) -> Service:
        return Service(self._name, self.run, self.stop)


def sending(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_parts_one_after_the_other(number: signal.Signals) -> None:
    diary: list[str] = []
    parts = [Part("first", diary).service(), Part("second", diary).service()]
    await asyncio.wait_for(supervise(parts, on_ready=sending(number)), 60)
    told = [line for line in diary if "runs" not in line]
    assert told == ["first told", "first ended", "second told", "second ended"]


async def test_a_part_that_fails_stops_the_others_and_is_raised() -> None:
    diary: list[str] = []

    async def fails() -> None:
        raise ZeroDivisionError

    parts = [Part("good", diary).service(), Service("bad", fails, lambda: None)]
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(supervise(parts), 60)
    assert diary[-2:] == ["good told", "good ended"]


async def test_a_part_that_ends_by_itself_ends_all() -> None:
    diary: list[str] = []

    async def ends() -> None:
        diary.append("done")

    parts = [Service("short", ends, lambda: None), Part("long", diary).service()]
    await asyncio.wait_for(supervise(parts), 60)
    assert diary[-1] == "long ended"


def never(ended: list[str]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    return run


async def test_a_part_that_does_not_stop_is_cancelled() -> None:
    ended: list[str] = []
    stubborn = Service("stubborn", never(ended), lambda: None, grace_s=0.05)
    await asyncio.wait_for(supervise([stubborn], on_ready=sending(signal.SIGTERM)), 60)
    assert ended == ["cancelled"]


async def test_the_second_signal_does_not_wait() -> None:
    ended: list[str] = []
    stubborn = Service("stubborn", never(ended), sending(signal.SIGINT), grace_s=3600)
    await asyncio.wait_for(supervise([stubborn], on_ready=sending(signal.SIGINT)), 60)
    assert ended == ["cancelled"]


async def test_cancelled_from_outside_it_leaves_nothing_running() -> None:
    ended: list[str] = []
    ready = asyncio.Event()
    part = Service("part", never(ended), lambda: None)
    task = asyncio.ensure_future(supervise([part], on_ready=ready.set))
    await ready.wait()
    await asyncio.wait({task}, timeout=0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [t.get_name() for t in asyncio.all_tasks() if t.get_name() == "part"] == []


def test_systemd_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1")
        assert systemd.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")
    assert list(tmp_path.iterdir()) == []
