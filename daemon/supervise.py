"""Long-running parts of the process: started together, watched, stopped in order.

The only place that creates tasks. Knows nothing of what the parts do.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from daemon.log import Log

_log = Log(__name__)


@dataclass(frozen=True)
class Service:
    """One part: ``run`` returns soon after ``stop`` was called, or by itself to end all."""

    name: str
    run: Callable[[], Awaitable[None]]
    stop: Callable[[], None]
    grace_s: float = 60.0
    """Seconds after ``stop`` before it is cancelled."""


async def supervise(
    services: Sequence[Service],
    *,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Run all parts until a signal comes or one of them ends, then stop them in given order.

    A part that fails ends the process: its error is raised after the others were stopped. One
    that does not stop in time is cancelled; a second signal cancels all.
    """
    stopping = asyncio.Event()
    tasks = {s.name: asyncio.create_task(_watched(s, stopping), name=s.name) for s in services}
    signals = _Signals(stopping, tasks)
    try:
        with signals:
            on_ready()
            await stopping.wait()
            notify("STOPPING=1")
            for service in services:
                await _stop(service, tasks[service.name])
    finally:
        await _cancel([task for task in tasks.values() if not task.done()])
    for name, task in tasks.items():
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("part failed", part=name, error=type(error).__name__)
            raise error


async def _watched(service: Service, stopping: asyncio.Event) -> None:
    try:
        await service.run()
    finally:
        stopping.set()


async def _stop(service: Service, task: asyncio.Task[None]) -> None:
    if not task.done():
        service.stop()
        await asyncio.wait({task}, timeout=service.grace_s)
    if not task.done():
        if service.grace_s > 0:
            _log.warning("part cancelled", part=service.name)
        await _cancel([task])


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


class _Signals:
    """SIGTERM and SIGINT ask for an orderly end; the second one insists."""

    def __init__(self, stopping: asyncio.Event, tasks: dict[str, asyncio.Task[None]]) -> None:
        self._stopping = stopping
        self._tasks = tasks
        self._count = 0

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._caught, number)

    def __exit__(self, *_error: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _caught(self, number: signal.Signals) -> None:
        self._count += 1
        _log.info("stopping", signal=signal.Signals(number).name)
        self._stopping.set()
        if self._count > 1:
            for task in self._tasks.values():
                task.cancel()


def notify(state: str) -> None:
    """Tell systemd (``READY=1``, ``STOPPING=1``, ``STATUS=...``), if it is listening."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(address)
            sock.sendall(state.encode())
    except OSError as error:
        _log.warning("systemd was not told", state=state.split("=")[0], reason=error.strerror)
