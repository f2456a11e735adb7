"""When cycles run: at an interval, at a nudge, or because an operator asked. Never two at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.clock import sleep_unless
from daemon.cycle.calendar import Calendar
from daemon.cycle.company import Company
from daemon.cycle.cycle import Cycle
from daemon.cycle.report import IDLE, Activity, CycleReport, CycleTally, SystemStatus, joined
from daemon.log import Log
from daemon.reconcile.policy import Policy
from ledger.model.ids import ExternalRef, RecordId, SystemName

LAST_FULL_KEY = "last_full_sweep"
LONGEST_NAP_S = 3600.0
"""However little is left of a month's reads, this often somebody looks."""
ENDED = 50

_log = Log(__name__)


class Scheduler:
    """Owns the company while the daemon runs: every cycle and every swap goes through its lock."""

    def __init__(
        self,
        company: Company,
        *,
        poll_s: float,
        full_at: time | None = None,
        timezone: ZoneInfo | None = None,
    ) -> None:
        self._company = company
        self._poll_s = poll_s
        self._full_at = full_at
        self._timezone = timezone or ZoneInfo("UTC")
        self._turn = asyncio.Lock()
        self._stop = asyncio.Event()
        self._nudge = asyncio.Event()
        self._reason = "interval"
        self._cycle = Cycle(company, stopping=self._stop.is_set)
        self._next_rules: tuple[Policy, bytes] | None = None
        self._next_calendar: Calendar | None = None
        self.last: CycleReport | None = None
        self.tally = CycleTally()
        self.last_good: datetime | None = None
        """When a cycle that heard every system to its end was over."""
        self.ended: deque[CycleReport] = deque(maxlen=ENDED)
        """The newest cycles that did something."""
        self.ended_count = 0
        """How many there were since the start."""
        self.next_at = ""
        """When the next cycle begins if nothing nudges it; empty while one runs."""
        self.watchers: list[Callable[[CycleReport], None]] = []
        """Told of every cycle when it is over; they must return at once."""

    @property
    def health(self) -> Mapping[SystemName, SystemStatus]:
        """The latest known state of every system."""
        return self._cycle.health

    @property
    def activity(self) -> Activity:
        """What the cycle under way does now."""
        current = self._cycle.current
        return IDLE if current is None else current.activity_now

    @property
    def company(self) -> Company:
        """The company that this scheduler runs."""
        return self._company

    @property
    def interval_s(self) -> float:
        """Seconds between looks: as configured, or longer so that the month's reads last.

        A quiet cycle costs one metered read of each system that meters them.
        """
        return max(self._poll_s, min(self.spacing_s, LONGEST_NAP_S))

    @property
    def spacing_s(self) -> float:
        """How far apart looks have to be for the month's metered reads to last; 0 = unmetered."""
        left = [s.metered_left for s in self.health.values() if s.metered_left is not None]
        if not left:
            return 0.0
        now = self._company.clock.now()
        next_month = (now.replace(day=1) + timedelta(days=32)).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        return (next_month - now).total_seconds() / max(1, min(left))

    def stop(self) -> None:
        """End after the requests under way, and begin none: not even one that waits for the pace.
        What is open is settled at the next start."""
        self._stop.set()
        self._nudge.set()
        for connector in self._company.connectors.values():
            connector.stop()

    def nudge(self, reason: str) -> None:
        """Bring the next cycle forward; many nudges make one cycle."""
        self._reason = reason
        self._nudge.set()

    async def run(self) -> None:
        """Run cycles until ``stop``. The first starts at once."""
        reason = "start"
        while not self._stop.is_set():
            await self.run_now(reason)
            reason = await self._wait()

    async def _wait(self) -> str:
        """Sleep until the interval is over or somebody nudges; returns the reason to go on."""
        nap_s = await self._nap_s()
        begins = self._company.clock.now() + timedelta(seconds=nap_s)
        self.next_at = begins.isoformat(timespec="seconds").replace("+00:00", "Z")
        await sleep_unless(self._company.clock, nap_s, self._nudge)
        self.next_at = ""
        self._nudge.clear()
        reason, self._reason = self._reason, "interval"
        return reason

    async def _nap_s(self) -> float:
        """The interval, or what is left until writes may go again, or something that was set
        aside is taken up again."""
        now = self._company.clock.now()
        turns = (self._company.calendar.opens_at(now), await self._next_skip_end(now))
        left = [(turn - now).total_seconds() for turn in turns if turn is not None]
        return max(0.0, min([self.interval_s, *left]))

    async def _next_skip_end(self, now: datetime) -> datetime | None:
        """Only what the last cycle could not end yet: one that failed is not tried without rest."""
        since = now if self.last is None else datetime.fromisoformat(self.last.started_at)
        return await self._company.ledger.read(lambda views: views.next_skip_end(since))

    async def run_now(self, reason: str, *, full: bool = False, anew: bool = False) -> CycleReport:
        """One cycle now, after any that is under way; what that one does is counted in."""
        under_way = self._cycle.current
        async with self._turn:
            full = full or await self._full_is_due()
            self._take_rules()
            report = await self._cycle.run_once(reason, full=full, anew=anew)
            _tell(report)
            if report.complete and (full or self.last is None):
                await self._remember_full(first=not full)
            self.last = report
            self.tally.add(report)
            if report.complete:
                self.last_good = self._company.clock.now()
            for watch in self.watchers:
                watch(report)
            if not report.learned_nothing:
                self.ended.append(report)
                self.ended_count += 1
        return report if under_way is None else joined(under_way, report)

    async def send(
        self,
        ref: ExternalRef | None = None,
        record: RecordId | None = None,
        reason: str = "",
    ) -> CycleReport:
        """Send one record through the same gate, a manual flow included.

        Raises ``LookupError`` when the ledger has never seen it.
        """
        if record is None and ref is not None:
            wanted = ref
            record = await self._company.ledger.read(lambda views: views.record_of(wanted))
        if record is None:
            raise LookupError(str(ref))
        async with self._turn:
            self._company.sent[record] = None
        return await self.run_now(f"send {record}{f': {reason}' if reason else ''}", anew=True)

    def swap(self, policy: Policy, deciding: bytes) -> None:
        """Use these rules from the next cycle on; ``deciding`` is the configuration they are
        made from."""
        self._next_rules = (policy, deciding)

    def reschedule(self, *, poll_s: float, full_at: time | None, calendar: Calendar) -> None:
        """Keep these times from now on; the calendar from the next cycle on."""
        self._poll_s, self._full_at = poll_s, full_at
        self._next_calendar = calendar

    @property
    def has_rules_to_take(self) -> bool:
        """Whether rules or a calendar wait for the end of the cycle under way."""
        return self._next_rules is not None or self._next_calendar is not None

    async def take_rules(self) -> None:
        """Put what waits in force between two cycles, as soon as none is under way."""
        async with self._turn:
            self._take_rules()

    def _take_rules(self) -> None:
        if self._next_rules is not None:
            self._company.policy, self._company.deciding = self._next_rules
            self._next_rules = None
        if self._next_calendar is not None:
            self._company.calendar, self._next_calendar = self._next_calendar, None

    async def _full_is_due(self) -> bool:
        last = await self._company.ledger.read(lambda views: views.runtime(LAST_FULL_KEY))
        if last is None or self._full_at is None:
            return False
        now, looked = self._company.clock.now(), datetime.fromisoformat(last.decode())
        if looked > now:
            return True  # the clock was ahead then: nobody knows how long ago it was
        today = now.astimezone(self._timezone).date()
        due = self._due_on(today)
        return looked < (due if due <= now else self._due_on(today - timedelta(days=1)))

    def _due_on(self, day: date) -> datetime:
        """As an instant: times of one zone are else compared by the hands of its clocks, which
        leave out an hour in spring."""
        at = self._full_at or time()
        return datetime.combine(day, at, self._timezone).astimezone(UTC)

    async def _remember_full(self, *, first: bool) -> None:
        """The first load is a full look as well; from then on the daily ones count."""
        ledger = self._company.ledger
        if first and await ledger.read(lambda views: views.runtime(LAST_FULL_KEY)) is not None:
            return
        draft = self._company.ledger.draft(actor="daemon")
        draft.runtime(LAST_FULL_KEY, self._company.clock.now().isoformat().encode())
        await self._company.ledger.append(draft)


def _tell(report: CycleReport) -> None:
    """One line for a cycle that did something; counts and ids only."""
    if report.learned_nothing and report.complete:
        return
    _log.info(
        "cycle ended",
        cycle=report.cycle,
        complete=report.complete,
        planned=report.planned,
        sent=report.sent,
        confirmed=report.confirmed,
        rejected=report.rejected,
        unknown=report.unknown,
        waiting=report.waiting,
    )
