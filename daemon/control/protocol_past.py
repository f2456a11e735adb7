"""The part of the control protocol that looks back: how things stood after a ledger entry."""

from typing import Annotated

from msgspec import Meta

from daemon.control.frame import Answer, Part, Request
from daemon.control.protocol_drift import DriftAnswer, DriftQuery, RecordAnswer
from daemon.control.protocol_state import CountShown
from daemon.control.protocol_valves import PauseShown


class PastRequest(Request, frozen=True, kw_only=True):
    """How things stood at a moment; with ``drift`` or ``record`` that as well."""

    at: Annotated[str, Meta(min_length=1, max_length=60)]
    """A day or an instant, in the company's zone unless it names another, or the number of an
    entry of the ledger."""
    drift: DriftQuery | None = None
    record: Annotated[str, Meta(max_length=500)] = ""


class StandingShown(Part, frozen=True, kw_only=True):
    """What stood in the ledger then."""

    counts: tuple[CountShown, ...]
    operations: dict[str, int]
    """Operations that were not finished, by state."""
    waiting: dict[str, int]
    """Of those that waited, how many for which reason."""
    holds: dict[str, int]
    """Reasons to hold, by code."""
    skipped_holds: int
    drift: int
    """Records on which the systems differed."""
    drift_by_class: dict[str, int]
    open_intents: int
    first_plan_approved: bool
    pauses: tuple[PauseShown, ...]


class PastAnswer(Answer, frozen=True, kw_only=True):
    """``as_of`` is when it was asked; everything else is as it was after entry ``seq``."""

    seq: int
    at: str
    """When that entry was appended, with the offset of the company's zone."""
    asked: str
    """The moment that was asked about, in the same form."""
    timezone: str
    standing: StandingShown
    drift: DriftAnswer | None = None
    record: RecordAnswer | None = None
