"""Time, injected: nobody else may ask for it, so that simulations can own it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
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
    """

    def __init__(self, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError("clock scale must be positive")
        self._scale = scale
        self._start = datetime.now(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        if self._scale == 1.0:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=(time.monotonic() - self._zero) * self._scale)

    def monotonic(self) -> float:
        return (time.monotonic() - self._zero) * self._scale

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._scale)
