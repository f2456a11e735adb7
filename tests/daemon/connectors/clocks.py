"""A clock for tests: sleeping moves it at once, so that nobody waits."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 5, 5, 12, 0, tzinfo=UTC)


class FastClock:
    """Time that passes only by sleeping (or by ``advance``), in no real time."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self._passed + max(0.0, seconds)
        await asyncio.sleep(0)
        # Sleepers that overlap end where the last of them ends, as they would in real time.
        self._passed = max(self._passed, until)

    def advance(self, seconds: float) -> None:
        self._passed += seconds
