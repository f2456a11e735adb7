"""Many notices, one look: rings that come close together bring one cycle forward.

Knows no system and no notice; what it does when it rings is handed in.
"""

import asyncio
from collections.abc import Callable, Mapping

from daemon.clock import Clock
from ledger.model.ids import Kind, SystemName

SETTLE_S = 2.0
"""From the first ring to the nudge: what arrives meanwhile goes with it."""


class Bell:
    """Rings at most once in ``SETTLE_S``, and no more often than the month's reads allow."""

    def __init__(
        self,
        clock: Clock,
        nudge: Callable[[str], None],
        *,
        spacing_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """``spacing_s``: how far apart looks have to be at the least, so that a month's metered
        reads last. A ring after a long silence never waits for it."""
        self._clock = clock
        self._nudge = nudge
        self._spacing_s = spacing_s
        self._rung = asyncio.Event()
        self._kinds: dict[SystemName, set[Kind]] = {}
        self._next = 0.0
        self.nudges = 0
        """So many looks were brought forward."""

    def ring(self, system: SystemName, kinds: frozenset[Kind]) -> None:
        """Note it and return at once."""
        self._kinds.setdefault(system, set()).update(kinds)
        self._rung.set()

    async def run(self) -> None:
        """Pass rings on until cancelled."""
        while True:
            await self._rung.wait()
            now = self._clock.monotonic()
            await self._clock.sleep(max(SETTLE_S, self._next - now))
            self._rung.clear()
            rung, self._kinds = self._kinds, {}
            self._next = self._clock.monotonic() + self._spacing_s()
            self.nudges += 1
            self._nudge(_reason(rung))


def _reason(rung: Mapping[SystemName, set[Kind]]) -> str:
    told = [f"{system} ({', '.join(sorted(kinds))})" for system, kinds in sorted(rung.items())]
    return f"notice: {', '.join(told)}"
