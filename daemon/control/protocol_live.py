"""The part of the control protocol that is alive: who asks, how calls go, and what happens now.

The event stream is JSON lines on one long answer. Each event has a ``number`` that only rises
while one daemon runs, and ``run`` names that daemon: a client that lost its connection asks again
with both, and gets what it missed or one ``resync`` when that is no longer known. Events tell that
something changed and how it stands; a front end reads the rest by asking.
"""

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from daemon.control.frame import Answer, Part
from daemon.control.protocol_state import CycleShown


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = "viewer"
    """Look at everything."""
    OPERATOR = "operator"
    """Decide about single records and sets within the limits, pause and resume."""
    ADMIN = "admin"
    """Also: re-export the catalogue, accept absence, remap accounts, copy the ledger, connect."""


class WhoAnswer(Answer, frozen=True, kw_only=True):
    """Who the daemon takes the asker for, as the kernel says."""

    uid: int
    name: str
    role: Role
    single_user: bool
    may: tuple[str, ...]
    """Names of the acts allowed: ``approve``, ``skip``, ``retry``, ``resolve``, ``link``,
    ``send``, ``cycle``, ``pause``, ``resume``, ``catalogue``, ``accept_absence``, ``remap``,
    ``backup``, ``reload``, ``connect``, ``disconnect``."""
    why_not: str = ""
    """Why other acts are not allowed, and the way to them; empty when all are."""


class CallShown(Part, frozen=True, kw_only=True):
    """One HTTP call to a system. Never a body, a query or a name."""

    at: str
    system: str
    method: str
    path: str
    """The kind of thing asked for: ``query``, ``cdc``, ``batch``, ``bill`` ..."""
    status: int
    """0: no answer came."""
    ms: int
    tid: str = ""
    """Intuit's transaction id, or the like."""
    note: str = ""
    """``waited 41 s for the limit``, ``429``, the refusal's code."""


class BudgetShown(Part, frozen=True, kw_only=True):
    """One limit of one system and what is left of it."""

    system: str
    name: str
    """``per minute``, ``in flight``, ``batches per minute``, ``metered reads per month``"""
    used: int
    limit: int
    """0 = none is set: only what is used is known."""
    forecast: int | None = None
    """What will have been used when the period ends, at its pace so far."""
    text: str = ""
    """The forecast in a sentence, where one can be given."""


class TokenShown(Part, frozen=True, kw_only=True):
    """Life of one credential; instants, empty where not known."""

    system: str
    access_until: str = ""
    refresh_until: str = ""
    refresh_hard_until: str = ""


class WebhooksShown(Part, frozen=True, kw_only=True):
    """Notices of one system since the daemon started."""

    system: str
    """Empty: requests to an address that is no system's."""
    received: dict[str, int]
    """Requests by how they ended: ``accepted``, ``bad_signature`` ..."""
    good: int
    """Signed well, and answered so."""
    refused: int
    by_secret: tuple[int, ...] = ()
    """Good ones by the secret they came with: one that is no longer used can be removed."""
    ignored: int = 0
    """Events about what is not read here."""
    elsewhere: int = 0
    """Events of other companies of the same Intuit app."""
    expected: bool = False
    missed: int = 0
    """Kinds found changed of which no notice came in time."""
    last_at: str = ""
    """Of the last good one."""
    text: str = ""
    """What is wrong, if anything is."""
    cure: str = ""


class HealthAnswer(Answer, frozen=True, kw_only=True):
    """What ``status`` does not say about connections, budgets and the process."""

    tokens: tuple[TokenShown, ...]
    budgets: tuple[BudgetShown, ...]
    calls: tuple[CallShown, ...]
    """Newest first, at most 200."""
    started_at: str
    config_path: str = ""
    config_read_at: str = ""
    ledger_bytes: int = 0
    ledger_entries: int = 0
    backup_at: str = ""
    backup_problem: str = ""
    """Why the newest scheduled backup failed; empty once one was made."""
    anchor_problems: tuple[str, ...] = ()
    """Places where the newest head could not be noted, each with its reason."""
    verified_at: str = ""
    loop_lag_ms: float = 0.0
    """The longest that the daemon's loop stood still in the last minute."""
    rss_bytes: int = 0
    webhooks: tuple[WebhooksShown, ...] = ()
    """Empty where nothing listens."""


class WorkShown(Part, frozen=True, kw_only=True):
    """What the daemon is doing this moment."""

    step: Literal["idle", "reading", "planning", "writing", "settling"] = "idle"
    cycle: str = ""
    reason: str = ""
    done: int = 0
    """Of ``of``: pages read, records planned or operations sent."""
    of: int = 0
    next_at: str = ""
    """When the next cycle begins, if nothing nudges it."""


class PulseEvent(Part, frozen=True, kw_only=True, tag_field="event", tag="pulse"):
    """How things stand; sent whenever any of it changed, at most twice a second."""

    run: str
    number: int
    at: str
    head: int
    drift: int
    """Records that differ."""
    conflicts: int
    """Of those, how many wait for a decision about them."""
    waiting: int
    """Operations that wait at the gate, for a person or for a pause to end."""
    questions: int
    """Reasons to hold that nobody set aside, as in the status."""
    paused: bool
    work: WorkShown
    catalogue: str = ""
    """``JOB STATE DONE/ROWS`` of an open job."""
    config_problems: int = 0
    links: dict[str, str] = msgspec.field(default_factory=dict)
    """System -> its link's state."""


class CycleEvent(Part, frozen=True, kw_only=True, tag_field="event", tag="cycle"):
    """A cycle ended that did something."""

    run: str
    number: int
    at: str
    report: CycleShown


class AliveEvent(Part, frozen=True, kw_only=True, tag_field="event", tag="alive"):
    """Nothing changed for five seconds, and the daemon is there."""

    run: str
    number: int
    at: str


class ResyncEvent(Part, frozen=True, kw_only=True, tag_field="event", tag="resync"):
    """Events were missed: read everything anew."""

    run: str
    number: int
    at: str


Event: TypeAlias = PulseEvent | CycleEvent | AliveEvent | ResyncEvent
