"""What there is to see of one daemon at one moment: the ledger's numbers and those in memory.

Asks no system anything. The ledger is asked again only when it has moved, and never more often
than every few seconds, however many ask. Must not hold a name, a number or an id of a record.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from daemon.clock import Clock, SystemClock
from daemon.connectors.base import Watched
from daemon.connectors.calls import CallTally
from daemon.control.desk import Desk
from daemon.control.health import Lag, memory_in_use, size_of_files
from daemon.control.keeping import BACKUP_KEY, DAMAGED_KEY, VERIFIED_KEY
from daemon.control.noticing import clocks_ahead
from daemon.control.trouble import skipped_holds
from daemon.cycle.report import Link
from ledger.model.drift import DriftClass
from ledger.store.errors import LedgerUnavailable
from ledger.store.views import Views

FRESH_S = 5.0
"""So old the ledger's numbers may be."""
AUTH = frozenset(
    {
        Link.REAUTH_NEEDED,
        Link.WRONG_COMPANY,
        Link.ACCESS_REVOKED,
        Link.BAD_CREDENTIALS,
        Link.DISCONNECTED,
    }
)
"""States of a connection that only a person can end."""


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger tells."""

    head: int = -1
    drift: dict[DriftClass, int] = msgspec.field(default_factory=dict)
    unfinished: dict[str, int] = msgspec.field(default_factory=dict)
    questions: int = 0
    """Reasons to hold that nobody set aside."""
    drift_since: str = ""
    waiting_since: str = ""
    conflict_since: str = ""
    is_paused: bool = False
    first_plan_approved: bool = False
    backup_at: str = ""
    verified_at: str = ""
    damaged_at: str = ""

    @property
    def waiting(self) -> int:
        return self.unfinished.get("waiting", 0)

    @property
    def conflicts(self) -> int:
        return self.drift.get(DriftClass.CONFLICT, 0)


class SystemSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One connection."""

    system: str
    link: Link
    since: str
    last_heard: str
    throttled: int
    tally: CallTally
    reads: tuple[int, int]
    """Metered reads of this month, and how many there may be (0 = no limit is set); none of a
    system that counts none."""
    login: dict[str, datetime | None] | None
    """``access``, ``refresh``, ``refresh_hard``: when each ends; None: there is no login."""
    clock_ahead_s: int = 0
    """So far is this machine's clock before the system's; 0 where that is not known."""

    @property
    def is_connected(self) -> bool:
        return self.link is Link.CONNECTED

    @property
    def needs_login(self) -> bool:
        return self.link in AUTH


class Reloads(msgspec.Struct, frozen=True, kw_only=True):
    """How reading the configuration went."""

    last_ok: bool
    last_good_at: datetime
    refused: int
    restart_pending: bool


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """Webhook notices since the start."""

    by_result: dict[str, int]
    missed: dict[str, int]
    """System -> changes that were found without one."""
    missing: tuple[str, ...] = ()
    """Systems from which none came since."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, at one moment."""

    at: datetime
    company: str
    version: str
    started_at: datetime
    books: Books
    ledger_answers: bool
    ledger_bytes: int
    outcomes: dict[tuple[str, str], int]
    people_refused: int
    systems: tuple[SystemSeen, ...]
    last_good: datetime | None
    cycles: tuple[int, int, float]
    """Whole ones, others, seconds of all."""
    interval_s: float
    guard_held: int
    backup_every: timedelta | None
    backup_failed: bool
    """The newest scheduled copy could not be made."""
    ledger_refuses: bool
    """The newest cycle could not write the ledger, so nothing is sent."""
    reloads: Reloads
    notices: Notices
    lag_s: float
    memory_bytes: int
    bugs: int
    told: dict[str, int]
    """Notifications by result."""


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where what is not in the ledger comes from."""

    reloads: Callable[[], Reloads]
    notices: Callable[[], Notices]
    told: Callable[[], dict[str, int]]
    bugs: Callable[[], int]
    lag: Lag
    backup_every: timedelta | None


class Watch:
    """Looks for all who want to see. One per daemon."""

    def __init__(self, desk: Desk, sources: Sources, *, pace: Clock | None = None) -> None:
        """``pace`` times the looks: real seconds, however fast the company's clock runs."""
        self._desk = desk
        self._sources = sources
        self._pace = pace or SystemClock()
        self._turn = asyncio.Lock()
        self._books = Books()
        self._looked_at: float | None = None
        self._answers = True
        self._counted = self._from = desk.ledger.head
        self._outcomes: dict[tuple[str, str], int] = {}
        self._refused = 0
        self.looks = 0
        """How often the ledger was asked."""

    async def look(self) -> Seen:
        """What there is to see; numbers of the ledger are at most ``FRESH_S`` old."""
        async with self._turn:
            now = self._pace.monotonic()
            if self._looked_at is None or now - self._looked_at >= FRESH_S:
                await self._ask()
                self._looked_at = self._pace.monotonic()
        return self._seen()

    async def _ask(self) -> None:
        """Numbers that only a new entry can change are read when there is one; a few others, which
        lie beside the journal, always."""
        head = self._desk.ledger.head
        moved = head != self._books.head
        counted = self._counted

        def ask(views: Views) -> tuple[Books, dict[tuple[str, str], int], int]:
            marks = _marks(views)
            if not moved:
                return msgspec.structs.replace(self._books, **marks), {}, 0
            books = msgspec.structs.replace(books_of(views), **marks)
            return books, views.outcomes_since(counted), views.people_refused_since(counted)

        self.looks += 1
        try:
            self._books, outcomes, refused = await self._desk.ledger.ask(ask)
            self._answers = True
        except LedgerUnavailable:
            self._answers = False
            return
        self._counted = max(counted, self._books.head)
        self._refused += refused
        for key, count in outcomes.items():
            self._outcomes[key] = self._outcomes.get(key, 0) + count

    def _seen(self) -> Seen:
        desk, sources = self._desk, self._sources
        scheduler, tally = desk.scheduler, desk.scheduler.tally
        return Seen(
            at=desk.now(),
            company=desk.facts.instance,
            version=desk.facts.version,
            started_at=instant(desk.facts.started_at) or desk.now(),
            books=self._books,
            ledger_answers=self._answers,
            ledger_bytes=size_of_files(desk.ledger.path),
            outcomes=dict(self._outcomes),
            people_refused=self._refused,
            systems=tuple(self._systems()),
            last_good=scheduler.last_good,
            cycles=(tally.whole, tally.partial, tally.seconds),
            interval_s=scheduler.interval_s,
            guard_held=scheduler.last.halted if scheduler.last is not None else 0,
            backup_every=sources.backup_every,
            backup_failed=bool(desk.keeper.backup_problem),
            ledger_refuses=scheduler.last is not None
            and any(problem.code == "ledger" for problem in scheduler.last.problems),
            reloads=sources.reloads(),
            notices=sources.notices(),
            lag_s=sources.lag.worst_ms / 1000,
            memory_bytes=memory_in_use(),
            bugs=sources.bugs(),
            told=sources.told(),
        )

    def _systems(self) -> list[SystemSeen]:
        found, ahead = [], clocks_ahead(self._desk.scheduler.company)
        for name, connector in self._desk.scheduler.company.connectors.items():
            status = self._desk.scheduler.health[name]
            budget = connector.budget
            watched = connector if isinstance(connector, Watched) else None
            limits = watched.limits if watched is not None else ()
            metered = [(one.used, one.limit) for one in limits if one.month]
            life = watched.login_life if watched is not None else None
            found.append(
                SystemSeen(
                    system=name,
                    link=status.link,
                    since=status.since,
                    last_heard=status.last_observed,
                    throttled=budget.throttled,
                    tally=watched.tally if watched is not None else CallTally(),
                    reads=metered[0] if metered else (0, 0),
                    clock_ahead_s=ahead.get(name, 0),
                    login=None
                    if life is None
                    else {
                        "access": life.access_until,
                        "refresh": life.refresh_until,
                        "refresh_hard": life.hard_until,
                    },
                )
            )
        return found


def books_of(views: Views) -> Books:
    """The numbers that only an entry can change."""
    oldest = views.oldest()
    return Books(
        head=views.head()[0],
        drift=views.drift_counts().by_class,
        unfinished=views.unfinished(),
        questions=sum(views.holds_count().values()) - skipped_holds(views),
        drift_since=oldest.drift,
        waiting_since=oldest.waiting,
        conflict_since=oldest.conflict,
        is_paused=bool(views.pauses()),
        first_plan_approved=views.first_plan_approved(),
    )


def _marks(views: Views) -> dict[str, str]:
    keys = {"backup_at": BACKUP_KEY, "verified_at": VERIFIED_KEY, "damaged_at": DAMAGED_KEY}
    return {name: (views.runtime(key) or b"").decode() for name, key in keys.items()}


def instant(text: str) -> datetime | None:
    """The instant that an RFC 3339 text says; None for ``""``."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
