"""The doorbells of one daemon: listener, bell and counts together, as one part of the process.

Its only effect on anything else is a nudge. Where nobody may ring nothing listens.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime

from daemon.clock import Clock
from daemon.cycle.observe import reading_groups
from daemon.cycle.report import CycleReport, Link
from daemon.cycle.schedule import Scheduler
from daemon.webhooks.bell import Bell
from daemon.webhooks.doors import Settings
from daemon.webhooks.listener import Listener
from daemon.webhooks.tally import Tally
from ledger.model.ids import Kind, SystemName


class Webhooks:
    """Opened with ``start``; ``run`` passes notices on until it is cancelled, and closes."""

    def __init__(self, settings: Settings | None, scheduler: Scheduler, clock: Clock) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self.bell = Bell(clock, scheduler.nudge, spacing_s=lambda: scheduler.spacing_s)
        self.listener = None if settings is None else self._listener(settings)
        scheduler.watchers.append(self._looked)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """What came and what did not, as of now; requests to no system's address first."""
        if self.listener is None:
            return ()
        now = self._clock.now()
        return tuple(register.tally(now) for _, register in sorted(self.listener.registers.items()))

    async def start(self) -> None:
        """Listen. ``ConfigProblem`` when the address cannot be had."""
        if self.listener is not None:
            await self.listener.start()

    async def prepare(
        self, settings: Settings | None, undo: AsyncExitStack
    ) -> Callable[[], Awaitable[None]]:
        """Other addresses, secrets, limits, or an end or beginning of listening: as
        ``Listener.prepare``."""
        listener = self.listener
        if settings is None:
            return self._close
        if listener is not None:
            return await listener.prepare(settings, undo)
        opened = self._listener(settings)
        await opened.start()
        undo.push_async_callback(opened.close)

        async def change_over() -> None:
            self.listener = opened

        return change_over

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self.bell.run()
        finally:
            await self._close()

    def _listener(self, settings: Settings) -> Listener:
        return Listener(settings, now=self._clock.now, ring=self.bell.ring, follows=self._followed)

    async def _close(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            await listener.close()

    def _followed(self, system: SystemName) -> frozenset[Kind]:
        """Kinds that the next look reads."""
        company = self._scheduler.company
        connector = company.connectors.get(system)
        if connector is None:
            return frozenset()
        groups = reading_groups(connector.capabilities, company.policy)
        return frozenset(kind for group in groups.values() for kind in group)

    def _looked(self, report: CycleReport) -> None:
        if self.listener is None:
            return
        for system, seen in report.seen.items():
            register = self.listener.registers.get(system)
            if register is None or self._scheduler.health[system].link is not Link.CONNECTED:
                continue
            began = datetime.fromisoformat(report.started_at)
            register.looked(seen.changed, began, self._clock.now())
