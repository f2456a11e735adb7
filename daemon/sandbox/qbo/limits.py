"""Throttling per second, per minute and per batch, and the meter of reads."""

from collections import deque

from daemon.clock import Clock
from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.switches import QboSwitches


class _Window:
    """At most ``limit`` events within the last ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._events: deque[float] = deque()

    def full(self, now: float, limit: int) -> bool:
        while self._events and self._events[0] <= now - self._seconds:
            self._events.popleft()
        return len(self._events) >= limit

    def add(self, now: float) -> None:
        self._events.append(now)


class Limits:
    """Counts the requests of the one realm and the one app that the simulator serves."""

    def __init__(self, clock: Clock, switches: QboSwitches) -> None:
        self._clock = clock
        self._switches = switches
        self._second = _Window(1.0)
        self._minute = _Window(60.0)
        self._batches = _Window(60.0)
        self._month = ""
        self.metered = 0
        """Reads, queries and change-data calls of this calendar month."""
        self.throttled = 0

    def admit(self, *, batch: bool = False) -> None:
        """Count a request. Raises 3001 (429) when a limit is reached; then it is not counted."""
        if not self._switches.throttling:
            return
        now = self._clock.monotonic()
        if (
            self._second.full(now, self._switches.per_second)
            or self._minute.full(now, self._switches.per_minute)
            or (batch and self._batches.full(now, self._switches.batches_per_minute))
        ):
            self.throttled += 1
            raise faultbodies.throttled()
        self._second.add(now)
        self._minute.add(now)
        if batch:
            self._batches.add(now)

    def meter(self) -> None:
        """Count one metered read. Raises 3001 (429) when the month's allowance is spent."""
        month = self._clock.now().strftime("%Y-%m")
        if month != self._month:
            self._month, self.metered = month, 0
        limit = self._switches.core_plus_limit
        if limit is not None and self.metered >= limit:
            raise faultbodies.throttled()
        self.metered += 1
