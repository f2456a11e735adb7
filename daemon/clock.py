"""Time, injected: nobody else may ask for it, so that simulations can own it."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


def since_boot_us() -> int:
    """Microseconds of the machine's monotonic clock, the one that systemd compares."""
    return time.monotonic_ns() // 1_000


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None: ...


async def sleep_unless(clock: Clock, seconds: float, called: asyncio.Event) -> bool:
    """Sleep so long, or until ``called`` is set; returns whether it is."""
    if called.is_set():
        return True
    nap = asyncio.ensure_future(clock.sleep(seconds))
    call = asyncio.ensure_future(called.wait())
    try:
        await asyncio.wait({nap, call}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (nap, call):
            task.cancel()
        await asyncio.gather(nap, call, return_exceptions=True)
    return called.is_set()


class SystemClock:
    """The machine's clock; ``scale`` > 1 lets the same minute pass that many times faster.

    A scaled clock starts at the real instant and is honoured by the governor, the schedule and the
    sandboxes alike, which is how the demo keeps real limits and still ends within two minutes.
    ``start`` is the instant at which scaled and real time are one: processes that are given the
    same one agree, and a daemon that is started again goes on where the last one ended.
    """

    def __init__(self, scale: float = 1.0, start: datetime | None = None) -> None:
        if scale <= 0:
            raise ValueError("clock scale must be positive")
        self._scale = scale
        self._start = start or datetime.now(UTC)
        self._zero = time.monotonic()

    @property
    def is_real(self) -> bool:
        """Whether it shows what the machine's clock shows."""
        return self._scale == 1.0

    def now(self) -> datetime:
        real = datetime.now(UTC)
        return real if self._scale == 1.0 else self._start + (real - self._start) * self._scale

    def monotonic(self) -> float:
        return (time.monotonic() - self._zero) * self._scale

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._scale)
