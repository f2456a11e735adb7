"""What a cycle did, as values for status, logs and tests; nothing here decides anything."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from ledger.model.facts import Problem
from ledger.model.ids import Kind, RecordId, SystemName


class Link(StrEnum):
    """How a connected system is doing, in one word."""

    UNTRIED = "untried"
    CONNECTED = "connected"
    DOWN = "down"
    THROTTLED = "throttled"
    REAUTH_NEEDED = "reauth_needed"
    DISCONNECTED = "disconnected"
    WRONG_COMPANY = "wrong_company"
    ACCESS_REVOKED = "access_revoked"
    BAD_CREDENTIALS = "bad_credentials"
    UNSAFE = "unsafe"


class SystemStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The latest known state of one connected system."""

    system: SystemName
    link: Link = Link.UNTRIED
    company_name: str = ""
    home_currency: str = ""
    environment: str = ""
    closed_until: str = ""
    text: str = ""
    """What is wrong and what happens next; empty while connected."""
    cure: str = ""
    since: str = ""
    """RFC 3339 instant at which ``link`` took its present value."""
    last_observed: str = ""
    """RFC 3339 instant of the last complete look at this system."""
    warnings: tuple[Problem, ...] = ()
    login_until: str = ""
    """Day on which the login ends if left unused; empty where none ends or it is not known."""
    consent_until: str = ""
    """Day on which a person must give access again whatever happens."""
    calls: int = 0
    metered_reads: int = 0
    throttled: int = 0
    metered_left: int | None = None


class Seen(msgspec.Struct, kw_only=True):
    """Counts of one system's observation in one cycle."""

    pages: int = 0
    observed: int = 0
    moved: int = 0
    tombstoned: int = 0
    unreadable: int = 0
    changed: set[Kind] = msgspec.field(default_factory=set)
    """Kinds of which something was observed or gone."""
    swept: list[Kind] = msgspec.field(default_factory=list)


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What is being done this moment."""

    step: Literal["idle", "reading", "planning", "writing", "settling"] = "idle"
    cycle: str = ""
    reason: str = ""
    done: int = 0
    """Of ``of``: pages read, records planned, operations sent."""
    of: int = 0
    """0 = not known."""


IDLE = Activity()


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """The moment of which the gate ruled."""

    seq: int
    """Head of the journal."""
    at: datetime


class CycleReport(msgspec.Struct, kw_only=True):
    """One cycle, counted. Mutable while the cycle runs, then handed out."""

    cycle: str
    reason: str
    started_at: str
    ended_at: str = ""
    seen: dict[SystemName, Seen] = msgspec.field(default_factory=dict)
    linked: int = 0
    agreed: int = 0
    planned: int = 0
    withdrawn: int = 0
    held: int = 0
    released: int = 0
    waiting: int = 0
    """Operations that wait for a person when the cycle ended."""
    halted: int = 0
    """Of those, stopped by a breaker."""
    sent: int = 0
    confirmed: int = 0
    rejected: int = 0
    unknown: int = 0
    settled_intents: int = 0
    open_intents: int = 0
    rounds: int = 0
    problems: list[Problem] = msgspec.field(default_factory=list)
    complete: bool = False
    """Every system was observed to the end and every slice was planned."""
    decided: set[RecordId] = msgspec.field(default_factory=set)
    """Records for which something was planned, or stood as planned, when they were looked at."""
    ruled: Ruled | None = None
    """When the gate ruled last; None before that."""
    activity: Activity = IDLE
    """Replaced at every step; idle again when the cycle is over."""

    def doing(
        self,
        step: Literal["reading", "planning", "writing", "settling"],
        *,
        done: int = 0,
        of: int = 0,
    ) -> None:
        """Note the step for those who watch."""
        self.activity = Activity(step=step, cycle=self.cycle, reason=self.reason, done=done, of=of)

    @property
    def activity_now(self) -> Activity:
        """The step, with the pages read so far."""
        if self.activity.step != "reading":
            return self.activity
        return msgspec.structs.replace(self.activity, done=sum(s.pages for s in self.seen.values()))

    @property
    def learned_nothing(self) -> bool:
        """Whether nothing moved anywhere: such a cycle appends nothing to the journal."""
        return not (
            self.linked
            or self.agreed
            or self.planned
            or self.sent
            or any(s.observed or s.moved or s.tombstoned for s in self.seen.values())
        )


class CycleTally(msgspec.Struct, kw_only=True):
    """All cycles since the start; these numbers only rise."""

    whole: int = 0
    """Heard every system to its end."""
    partial: int = 0
    seconds: float = 0.0

    def add(self, report: CycleReport) -> None:
        """Count one that is over."""
        self.whole += report.complete
        self.partial += not report.complete
        took = datetime.fromisoformat(report.ended_at) - datetime.fromisoformat(report.started_at)
        self.seconds += max(0.0, took.total_seconds())


_ADD_UP = (
    "linked",
    "agreed",
    "planned",
    "withdrawn",
    "held",
    "released",
    "sent",
    "confirmed",
    "rejected",
    "unknown",
    "settled_intents",
    "rounds",
)


def joined(earlier: CycleReport, later: CycleReport) -> CycleReport:
    """Two cycles in a row as one answer: what was done adds up, what stands is the later's."""
    changes = {name: getattr(earlier, name) + getattr(later, name) for name in _ADD_UP}
    seen = {name: _added(earlier.seen.get(name), seen) for name, seen in later.seen.items()}
    return msgspec.structs.replace(
        later, started_at=earlier.started_at, seen=seen, problems=later.problems, **changes
    )


def _added(earlier: Seen | None, later: Seen) -> Seen:
    if earlier is None:
        return later
    return Seen(
        pages=earlier.pages + later.pages,
        observed=earlier.observed + later.observed,
        moved=earlier.moved + later.moved,
        tombstoned=earlier.tombstoned + later.tombstoned,
        unreadable=later.unreadable,
        changed=earlier.changed | later.changed,
        swept=[*earlier.swept, *later.swept],
    )
