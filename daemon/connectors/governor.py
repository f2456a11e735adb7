"""One pace for one connection: per second, per minute, in flight, extra lanes, metered reads.

Limits are kept as "at most n starts in any window", not as refilled buckets: a bucket that has
been full lets almost twice its rate through in the first window, which a strict server counts.
All time comes from the injected clock. Must not know of HTTP, nor of what a call does.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec

from daemon.clock import Clock, sleep_unless
from daemon.connectors.base import Budget, Limit
from ledger.model.errors import Stopping, Throttled

JITTER = 0.1
"""Part of a pause that is added at random, so that several daemons do not come back as one."""
SLACK_S = 1e-6
"""Waits shorter than this are rounding: a clock made of floats might never get past them."""
MARGIN_S = 0.1
"""A start leaves its window this much late: requests do not travel evenly, and the other side
counts them when they arrive, by a clock of its own."""


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """Metered reads of one calendar month (UTC); what a restart needs to go on counting."""

    month: str = ""
    """``YYYY-MM``"""
    spent: int = 0


class _Window:
    """At most ``count`` starts within any ``seconds``."""

    def __init__(self, count: int, seconds: float) -> None:
        self._starts: deque[float] = deque(maxlen=count)
        self._count = count
        self._seconds = seconds

    def wait(self, now: float) -> float:
        """Seconds until another start fits."""
        if len(self._starts) < self._count:
            return 0.0
        return self._starts[0] + self._seconds + MARGIN_S - now

    def take(self, now: float) -> None:
        self._starts.append(now)

    def move(self, kept: float, now: float) -> None:
        """A start that was kept from ``kept`` on happens now."""
        with contextlib.suppress(ValueError):  # many came since: it has left the window
            self._starts.remove(kept)
        self._starts.append(now)

    def used(self, now: float) -> int:
        """Starts in the window that ends now."""
        return sum(start > now - self._seconds for start in self._starts)

    @property
    def limit(self) -> int:
        return self._count


class _Kept:
    """A start that nobody has used yet. Not a value: two of the same instant are two."""

    def __init__(self, at: float) -> None:
        self.at = at


class Governor:
    """Paces every call of one connection. Waiters are served in the order of their arrival."""

    def __init__(
        self,
        clock: Clock,
        *,
        per_second: float,
        per_minute: int,
        in_flight: int,
        lanes: Mapping[str, int] | None = None,
        metered_per_month: int | None = None,
    ) -> None:
        """``lanes`` maps the name of an extra limit to its starts per minute."""
        if per_second <= 0 or per_minute <= 0 or in_flight <= 0:
            raise ValueError("limits of a governor are positive")
        self._clock = clock
        burst = max(1, int(per_second))
        self._windows = (_Window(burst, burst / per_second), _Window(per_minute, 60.0))
        self._lanes = {name: _Window(limit, 60.0) for name, limit in (lanes or {}).items()}
        self._lane_queues = {name: asyncio.Lock() for name in ("", *self._lanes)}
        self._kept: dict[str, deque[_Kept]] = {name: deque() for name in self._lane_queues}
        """Starts of ``place`` that no call has used yet."""
        self._queue = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(in_flight)
        self._most_in_flight = in_flight
        self._flying = 0
        self._paused_until = 0.0
        self._stopping = asyncio.Event()
        self._metered_per_month = metered_per_month
        self._meter = Meter()
        self._calls = 0
        self._throttled = 0
        self._random = random.Random("governor")

    @asynccontextmanager
    async def slot(self, lane: str = "", *, metered: bool = False) -> AsyncIterator[None]:
        """Wait for the pace, then hold one place in flight for the length of one call.

        Raises ``Throttled`` at once when the metered reads of this month are spent, and
        ``Stopping`` after ``stop``. Being cancelled while waiting gives up nothing but the place
        in the queue.
        """
        if metered:
            self._require_metered()
        kept = None if metered or not self._kept[lane] else self._kept[lane].popleft()
        if lane and kept is None:
            async with self._lane_queues[lane]:
                await self._wait_for((self._lanes[lane],))
        async with self._in_flight:
            async with self._queue:
                if kept is None:
                    await self._wait_for(self._windows)
                else:
                    await self._use(kept.at, lane)
                if metered:
                    self._require_metered()  # others may have spent the rest meanwhile
                self._count(metered)
            self._flying += 1
            try:
                yield
            finally:
                self._flying -= 1

    @asynccontextmanager
    async def place(self, lane: str = "") -> AsyncIterator[None]:
        """Wait for the pace before there is a call, and keep that start for the next unmetered
        one of this lane. A start that is not used until the block ends counts all the same.

        Raises ``Stopping`` after ``stop``.
        """
        async with self._lane_queues[lane]:
            kept = _Kept(await self._wait_for(self._all(lane)))
        self._kept[lane].append(kept)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):
                self._kept[lane].remove(kept)

    def stop(self) -> None:
        """Let no further call begin: all waits end at once. Calls under way go on."""
        self._stopping.set()

    async def rest(self, seconds: float) -> None:
        """Wait for another reason than the pace; raises ``Stopping`` after ``stop``."""
        if await sleep_unless(self._clock, seconds, self._stopping):
            raise Stopping

    def pause(self, seconds: float) -> None:
        """Leave the system alone: it said "too many". A shorter pause never ends a longer one."""
        self._throttled += 1
        spread = seconds * JITTER * self._random.random()
        self._paused_until = max(
            self._paused_until, self._clock.monotonic() + max(0.0, seconds) + spread
        )

    @property
    def paused_for(self) -> float:
        """Seconds that a call would wait for the current pause."""
        return max(0.0, self._paused_until - self._clock.monotonic())

    @property
    def meter(self) -> Meter:
        """What to store, and to give to ``restore`` after a restart."""
        return self._roll()

    def restore(self, meter: Meter) -> None:
        """Go on from a stored meter; what was counted since the start is kept on top."""
        now = self._roll()
        if meter.month == now.month:
            self._meter = Meter(month=now.month, spent=now.spent + meter.spent)

    @property
    def budget(self) -> Budget:
        meter = self._roll()
        left = None
        if self._metered_per_month is not None:
            left = max(0, self._metered_per_month - meter.spent)
        return Budget(
            calls=self._calls,
            metered_reads=meter.spent,
            throttled=self._throttled,
            metered_left=left,
        )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit, the widest last."""
        now = self._clock.monotonic()
        minute = self._windows[1]
        found = [
            Limit(name="in flight", used=self._flying, limit=self._most_in_flight),
            Limit(name="per minute", used=minute.used(now), limit=minute.limit),
        ]
        for name, window in self._lanes.items():
            words = f"{name}{'es' if name.endswith('ch') else 's'} per minute"
            found.append(Limit(name=words, used=window.used(now), limit=window.limit))
        meter = self._roll()
        if self._metered_per_month is not None or meter.spent:
            found.append(
                Limit(
                    name="metered reads per month",
                    used=meter.spent,
                    limit=self._metered_per_month or 0,
                    month=meter.month,
                )
            )
        return tuple(found)

    def _all(self, lane: str) -> tuple[_Window, ...]:
        return (*self._windows, self._lanes[lane]) if lane else self._windows

    async def _use(self, kept: float, lane: str) -> None:
        """A start that was waited for already: only a pause or the end may be in its way."""
        now = await self._wait_for(())
        for window in self._all(lane):
            window.move(kept, now)

    async def _wait_for(self, windows: Sequence[_Window]) -> float:
        """Take a start in all windows as soon as they allow it; returns its instant."""
        # Each round ends later on the clock than the last; only a renewed pause adds a round.
        while True:
            if self._stopping.is_set():
                raise Stopping
            now = self._clock.monotonic()
            delay = max((self._paused_until - now, *(window.wait(now) for window in windows)))
            if delay <= SLACK_S:
                break
            await sleep_unless(self._clock, delay, self._stopping)
        for window in windows:
            window.take(now)
        return now

    def _count(self, metered: bool) -> None:
        self._calls += 1
        if metered:
            meter = self._roll()
            self._meter = Meter(month=meter.month, spent=meter.spent + 1)

    def _require_metered(self) -> None:
        limit = self._metered_per_month
        if limit is None or self._roll().spent < limit:
            return
        raise Throttled(
            f"all {limit} metered reads of this month are spent",
            retry_after=_until_next_month(self._clock.now()),
            cure="wait for the first of the month, poll less often, or raise the limit "
            "metered_reads_per_month if your plan includes more",
        )

    def _roll(self) -> Meter:
        month = self._clock.now().isoformat()[:7]
        if self._meter.month != month:
            self._meter = Meter(month=month)
        return self._meter


def _until_next_month(now: datetime) -> float:
    first = (now.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return (first - now).total_seconds()
