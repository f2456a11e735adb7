"""A company in virtual time: the event loop's clock stands still while anything is left to do.

When nobody can go on, time jumps to the next thing that somebody waits for. So the systems' limits
and the length of their answers are kept to the second, however fast this machine is; that needs a
network in memory and a ledger without threads. ``tests.jumpclock`` moves on as soon as anybody
sleeps, which is too early where several requests are under way at once.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from daemon.clock import SystemClock
from tests.jumpclock import JumpClock

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Nothing outside this process is ever waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("everybody waits, and nobody for the time: this never ends")
            self.elapsed += max(0.0, timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that of its selector."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.elapsed


class LoopClock(JumpClock):
    """The clock of everybody in a ``VirtualLoop``."""

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self._elapsed

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)  # it asks the loop, whose time is virtual


def run(work: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
