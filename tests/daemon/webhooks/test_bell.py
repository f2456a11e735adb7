"""Many rings, one nudge: by the clock, and never more often than the month's reads allow."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from daemon.webhooks.bell import SETTLE_S, Bell
from ledger.model.ids import Kind, SystemName

QBO, DEAR = SystemName("qbo"), SystemName("dear")


class HandClock:
    """Time passes only by hand, and only sleepers notice."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._sleepers.append((self._now + seconds, woken))
        await woken.wait()

    @property
    def due(self) -> list[float]:
        return [at for at, woken in self._sleepers if not woken.is_set()]

    async def until(self, at: float) -> None:
        """Let it be ``at``, and everybody finish what that wakes."""
        await turns()
        self._now = at
        for due, woken in self._sleepers:
            if due <= at:
                woken.set()
        await turns()


async def turns() -> None:
    """Let every task come as far as it can without time."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def bell(
    clock: HandClock, spacing: Callable[[], float] = lambda: 0.0
) -> AsyncIterator[tuple[Bell, list[str]]]:
    nudges: list[str] = []
    one = Bell(clock, nudges.append, spacing_s=spacing)
    running = asyncio.ensure_future(one.run())
    try:
        yield one, nudges
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_burst_is_one_nudge_that_says_what_moved() -> None:
    clock = HandClock()
    async with bell(clock) as (one, nudges):
        for _ in range(500):
            one.ring(QBO, frozenset({Kind.ITEM, Kind.CUSTOMER}))
        one.ring(DEAR, frozenset({Kind.ITEM}))
        await clock.until(SETTLE_S - 0.1)
        one.ring(QBO, frozenset({Kind.BILL}))
        assert nudges == []
        await clock.until(SETTLE_S)
        assert nudges == ["notice: dear (item), qbo (bill, customer, item)"]
        await clock.until(1000.0)
        assert one.nudges == 1


async def test_a_ring_after_the_nudge_makes_another() -> None:
    clock = HandClock()
    async with bell(clock) as (one, nudges):
        one.ring(QBO, frozenset({Kind.ITEM}))
        await clock.until(SETTLE_S)
        one.ring(QBO, frozenset({Kind.VENDOR}))
        await clock.until(2 * SETTLE_S)
        assert nudges == ["notice: qbo (item)", "notice: qbo (vendor)"]


async def test_a_steady_stream_keeps_to_the_pace_of_the_months_reads() -> None:
    clock = HandClock()
    async with bell(clock, lambda: 30.0) as (one, nudges):
        for second in range(91):
            one.ring(QBO, frozenset({Kind.ITEM}))
            await clock.until(float(second))
        assert len(nudges) == 3  # at 2, 32 and 62
        await clock.until(200.0)
        assert len(nudges) == 4
        one.ring(QBO, frozenset({Kind.ITEM}))
        await clock.until(200.0 + SETTLE_S)
        assert len(nudges) == 4, "the last one is too near"
        await clock.until(230.0)
        assert len(nudges) == 5


async def test_after_silence_nobody_waits_for_the_pace() -> None:
    clock = HandClock()
    async with bell(clock, lambda: 3600.0) as (one, nudges):
        await clock.until(5000.0)
        one.ring(QBO, frozenset({Kind.ITEM}))
        await clock.until(5000.0 + SETTLE_S)
        assert len(nudges) == 1
