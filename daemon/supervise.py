"""Long-running parts of the process: started together, watched, stopped in order.

The only place that creates tasks. Knows nothing of what the parts do.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from daemon.incident import note
from daemon.log import Log
from daemon.systemd import notify, patience

_log = Log(__name__)
TASK_FRAMES = 8


@dataclass(frozen=True)
class Service:
    """One part: ``run`` returns soon after ``stop`` was called, or by itself to end all."""

    name: str
    run: Callable[[], Awaitable[None]]
    stop: Callable[[], None]
    grace_s: float = 60.0
    """Seconds after the signal before it is cancelled: what parts stopped earlier took counts."""


async def supervise(
    services: Sequence[Service],
    *,
    on_ready: Callable[[], None] = lambda: None,
    on_signal: Mapping[signal.Signals, Callable[[], None]] | None = None,
) -> None:
    """Run all parts until a signal comes or one of them ends, then stop them in given order.
    Signals of ``on_signal`` end nothing; SIGUSR1 writes down what the process is doing.

    A part that fails ends the process: its error is raised after the others were stopped. One
    that does not stop in time is cancelled; a second signal cancels all.
    """
    stopping = asyncio.Event()
    tasks = {s.name: asyncio.create_task(_watched(s, stopping), name=s.name) for s in services}
    signals = _Signals(stopping, tasks, on_signal or {})
    try:
        with signals:
            on_ready()
            await stopping.wait()
            notify("STOPPING=1")
            async with patience("stopping: waits for the request under way"):
                began = asyncio.get_running_loop().time()
                for service in services:
                    await _stop(service, tasks[service.name], began)
    finally:
        await _cancel([task for task in tasks.values() if not task.done()])
    for name, task in tasks.items():
        error = None if task.cancelled() else task.exception()
        if error is not None:
            note(error, name, "part failed")
            raise error


async def _watched(service: Service, stopping: asyncio.Event) -> None:
    try:
        await service.run()
    finally:
        stopping.set()


async def _stop(service: Service, task: asyncio.Task[None], began: float) -> None:
    if not task.done():
        service.stop()
        left = began + service.grace_s - asyncio.get_running_loop().time()
        await asyncio.wait({task}, timeout=max(0.0, left))
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

    def __init__(
        self,
        stopping: asyncio.Event,
        tasks: dict[str, asyncio.Task[None]],
        others: Mapping[signal.Signals, Callable[[], None]],
    ) -> None:
        self._stopping = stopping
        self._tasks = tasks
        self._others = {signal.SIGUSR1: write_tasks, **others}
        self._count = 0

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._caught, number)
        for number, act in self._others.items():
            loop.add_signal_handler(number, act)

    def __exit__(self, *_error: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, *self._others):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _caught(self, number: signal.Signals) -> None:
        self._count += 1
        _log.info("stopping", signal=signal.Signals(number).name)
        self._stopping.set()
        if self._count > 1:
            for task in self._tasks.values():
                task.cancel()


def write_tasks() -> None:
    """What the process is doing, into the log: names of tasks and places in the code, no data."""
    tasks = sorted(asyncio.all_tasks(), key=lambda task: task.get_name())
    _log.info("tasks", count=len(tasks))
    for task in tasks:
        places = [
            f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}:{frame.f_code.co_name}"
            for frame in task.get_stack(limit=TASK_FRAMES)
        ]
        _log.info("task", name=task.get_name(), at=" < ".join(places[::-1]) or "running")
