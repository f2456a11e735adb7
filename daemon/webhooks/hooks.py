"""The doorbells of one daemon: listener, bell and counts together, as one part of the process.

Its only effect on anything else is a nudge.
"""

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

    def __init__(self, settings: Settings, scheduler: Scheduler, clock: Clock) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self.bell = Bell(clock, scheduler.nudge, spacing_s=lambda: scheduler.spacing_s)
        self.listener = Listener(
            settings, now=clock.now, ring=self.bell.ring, follows=self._followed
        )
        scheduler.watchers.append(self._looked)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """What came and what did not, as of now; requests to no system's address first."""
        now = self._clock.now()
        return tuple(register.tally(now) for _, register in sorted(self.listener.registers.items()))

    async def start(self) -> None:
        """Listen. ``ConfigProblem`` when the address cannot be had."""
        await self.listener.start()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self.bell.run()
        finally:
            await self.listener.close()

    def _followed(self, system: SystemName) -> frozenset[Kind]:
        """Kinds that the next look reads."""
        company = self._scheduler.company
        connector = company.connectors.get(system)
        if connector is None:
            return frozenset()
        groups = reading_groups(connector.capabilities, company.policy)
        return frozenset(kind for group in groups.values() for kind in group)

    def _looked(self, report: CycleReport) -> None:
        for system, seen in report.seen.items():
            register = self.listener.registers.get(system)
            if register is None or self._scheduler.health[system].link is not Link.CONNECTED:
                continue
            began = datetime.fromisoformat(report.started_at)
            register.looked(seen.changed, began, self._clock.now())
