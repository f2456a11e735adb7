"""A clock for whole-system tests: real components, and nobody waits for real seconds."""

import asyncio
from datetime import UTC, datetime, timedelta


class JumpClock:
    """Time passes only when somebody sleeps, and then at once.

    Sleepers wake in the order of their deadlines, so two of them keep their relation; between
    two wakes the event loop gets turns, so that sockets and threads can make progress.
    """

    def __init__(self, start: datetime = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._deadlines: list[float] = []
        self._now = (0.0, start)
        """When it was last asked, and what it said: it is asked far more often than it moves."""

    def now(self) -> datetime:
        if self._now[0] != self._elapsed:
            self._now = (self._elapsed, self._start + timedelta(seconds=self._elapsed))
        return self._now[1]

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        deadline = self._elapsed + max(0.0, seconds)
        self._deadlines.append(deadline)
        try:
            await asyncio.sleep(0)
            while self._elapsed < deadline:
                if min(self._deadlines) == deadline:
                    self._elapsed = deadline
                await asyncio.sleep(0)
        finally:
            self._deadlines.remove(deadline)

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the clock so far ahead, or back. What is timed goes on as before."""
        self._start += timedelta(seconds=seconds)
        self._now = (self._elapsed, self._start + timedelta(seconds=self._elapsed))

    def advance(self, seconds: float) -> None:
        """Let time pass from outside, as between two cycles."""
        self._elapsed += seconds


class OffsetClock:
    """The clock of a machine that is set wrong: it runs with another one, always so far ahead."""

    def __init__(self, clock: JumpClock, ahead_s: float) -> None:
        self._clock = clock
        self._ahead = timedelta(seconds=ahead_s)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def set_wall(self, seconds: float) -> None:
        """As ``JumpClock.set_wall``, for this machine alone."""
        self._ahead += timedelta(seconds=seconds)
