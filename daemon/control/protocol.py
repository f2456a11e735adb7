"""The words that the daemon and its front ends exchange: requests, answers and refusals.

Front ends import this and ``client`` and nothing else of the daemon. Amounts travel as text, so
that no reader can turn them into floats. Fields may be added in a version; none changes meaning.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.control.frame import SCHEMA as SCHEMA
from daemon.control.frame import Answer, Json, Part, Request, Seen
from daemon.control.protocol_state import CountShown as CountShown
from daemon.control.protocol_state import CycleShown as CycleShown
from daemon.control.protocol_state import ProblemShown as ProblemShown
from daemon.control.protocol_state import SeenShown as SeenShown
from daemon.control.protocol_state import SystemShown as SystemShown
from daemon.control.protocol_valves import ClosedShown, PauseShown
from ledger.model.errors import TrueupError

MAX_REQUEST = 4 * 1024 * 1024
"""Bytes of the largest request; an approval of 50,000 digests fits."""
MAX_PAGE = 5_000
DEFAULT_PAGE = 500
MAX_DIGESTS = 50_000
STOPPED = ("skipped", "paused", "frozen", "window", "asked_about")
"""Reasons to wait that no approval answers."""


class Code(StrEnum):
    """Why a request was refused. Clients branch on these, people read the message."""

    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    STALE = "stale"
    """The plan, conflict or match asked about is no longer the current one."""
    GUARDED = "guarded"
    """A limit or a missing approval stands in the way."""
    NOT_READY = "not_ready"
    NOT_PERMITTED = "not_permitted"
    BUSY = "busy"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"
    IO = "io"
    INTERNAL = "internal"


class Refusal(Part, frozen=True, kw_only=True):
    """The body of every answer that is not a success."""

    schema_: str = msgspec.field(name="schema", default=SCHEMA)
    code: Code
    message: str
    cure: str = ""


class Declined(TrueupError):
    """The daemon understood the request and will not do it."""

    def __init__(self, code: Code, message: str, *, cure: str = "") -> None:
        super().__init__(message, cure=cure)
        self.code = code


class DocumentsShown(Part, frozen=True, kw_only=True):
    """One kind of document: from which day it flows."""

    kind: str
    flow: str
    since: str = ""
    """Empty: no day is set, and the kind is off."""
    starts_later: bool = False


class StatusAnswer(Answer, frozen=True, kw_only=True):
    """Is it running, is it equal, what needs me."""

    instance: str
    company: str
    version: str
    single_user: bool = True
    """No roles are configured: the owner of the socket may do everything."""
    head: int
    """Sequence number of the newest ledger entry."""
    systems: tuple[SystemShown, ...]
    counts: tuple[CountShown, ...]
    operations: dict[str, int]
    """Operations that are not finished, by state."""
    holds: dict[str, int]
    """Held records, by code."""
    dirty: int
    """Records that changed and were not looked at yet."""
    open_intents: int
    first_plan_approved: bool
    last_cycle: CycleShown | None = None
    documents: tuple[DocumentsShown, ...] = ()
    config_problems: tuple[str, ...] = ()
    """Why the file on disk is not the configuration in force."""
    waiting: dict[str, int] = msgspec.field(default_factory=dict)
    """Of the operations that wait, how many for which reason."""
    skipped_holds: int = 0
    """Reasons to hold that a person set aside; they are counted in ``holds`` too."""
    skipped_by_code: dict[str, int] = msgspec.field(default_factory=dict)
    """The same by code; absent: none."""
    pauses: tuple[PauseShown, ...] = ()
    closed: ClosedShown | None = None
    """Why the calendar lets nothing be written now."""
    timezone: str = ""
    """IANA name of the company's; empty: not told."""
    badge: str = ""
    """Colour that tells the company from others; empty: none."""
    drift: int = 0
    """Records on which the systems differ."""
    drift_by_class: dict[str, int] = msgspec.field(default_factory=dict)
    """The same by ``DriftClass``; absent: none."""

    @property
    def stopped_by(self) -> dict[str, int]:
        """Operations that a person or the calendar stopped: no approval lets them go."""
        return {reason: self.waiting[reason] for reason in STOPPED if self.waiting.get(reason)}

    @property
    def stopped(self) -> int:
        return sum(self.stopped_by.values())

    @property
    def to_approve(self) -> int:
        return self.operations.get("waiting", 0) - self.stopped

    @property
    def questions(self) -> int:
        """Reasons to hold that nobody set aside."""
        return sum(self.holds.values()) - self.skipped_holds

    @property
    def open_holds(self) -> dict[str, int]:
        """The same by code."""
        left = {code: n - self.skipped_by_code.get(code, 0) for code, n in self.holds.items()}
        return {code: count for code, count in left.items() if count > 0}

    @property
    def needs_person(self) -> bool:
        return bool(self.questions or self.to_approve)


class ChangeShown(Part, frozen=True, kw_only=True):
    field: str
    before: Json
    after: Json
    trace: str
    """Where the value comes from."""


class OperationShown(Part, frozen=True, kw_only=True):
    """One intended write, as a person approves it."""

    digest: str
    operation: str
    record: str
    kind: str
    label: str
    title: str = ""
    """The label, with the name beside it where the label is a SKU or a code."""
    system: str
    action: str
    ref: str = ""
    state: str
    """``planned``, ``waiting`` or ``approved``."""
    reason: str = ""
    """Why it waits: ``first_plan``, ``mass_change``, ``inactivates`` ..."""
    text: str = ""
    """The same in a sentence."""
    wave: int
    changes: tuple[ChangeShown, ...]
    currency: str = ""
    """Of a document's amounts."""
    total_before: str | None = None
    """Of a document, in the system written to; ``None`` where it does not exist there yet."""
    total_after: str | None = None
    needs: tuple[str, ...] = ()
    why: str = ""
    at: str = ""
    """Since when it is in this state."""
    seq: int = 0


class CandidateShown(Part, frozen=True, kw_only=True):
    ref: str
    label: str
    evidence: str
    is_linked: bool = False
    """It has a counterpart already: linking it as it is would be refused; the cure says more."""


class FieldConflictShown(Part, frozen=True, kw_only=True):
    """One field, what each side showed when they agreed, and what each shows now."""

    field: str
    base: dict[str, Json]
    values: dict[str, Json]


class HoldShown(Part, frozen=True, kw_only=True):
    """A record that waits, why, and what releases it."""

    record: str
    kind: str
    label: str
    title: str = ""
    """The label, with the name beside it where the label is a SKU or a code."""
    code: str
    text: str
    cure: str
    field: str = ""
    system: str = ""
    since: str = ""
    seq: int = 0
    candidates: tuple[CandidateShown, ...] = ()
    conflict: tuple[FieldConflictShown, ...] = ()
    skipped: str = ""
    """Why a person set it aside; it stays a difference."""
    until: str = ""
    """Instant at which that ends by itself; empty: by a change or a retry alone."""
    sides: dict[str, Json] = msgspec.field(default_factory=dict)
    """What each system shows of ``field``, for holds about the value of a document's field."""


class CureShown(Part, frozen=True, kw_only=True):
    """One act that would release several holds."""

    code: str
    cure: str
    holds: int


class PlanTotals(Part, frozen=True, kw_only=True):
    """Of the whole plan, whichever page of it is shown."""

    operations: int
    by_state: dict[str, int]
    by_action: dict[str, int]
    """``create item in qbo`` -> count."""
    holds: int
    """Reasons to wait: one record may have several."""
    by_code: dict[str, int]
    held_records: int = 0
    skipped: int = 0
    """Changes and reasons to hold that a person set aside; they are counted above too."""
    skipped_operations: int = 0
    """Of those, the changes; ``approve --all`` leaves them out."""
    cures: tuple[CureShown, ...] = ()
    """Cures that several holds share, the most useful first."""
    by_reason: dict[str, int] = msgspec.field(default_factory=dict)
    """Why changes wait: ``mass_change``, ``inactivates``, ``paused`` ..."""
    stops: tuple[str, ...] = ()
    """What stops many changes at once, a sentence each."""


class PlanAnswer(Answer, frozen=True, kw_only=True):
    """What would be written, what waits for a person, and why."""

    head: int
    first_plan_approved: bool
    complete: bool
    """Everything that is known was planned; otherwise more may follow."""
    operations: tuple[OperationShown, ...]
    holds: tuple[HoldShown, ...]
    totals: PlanTotals
    limit: int
    offset: int
    more: bool
    """Whether operations or holds follow beyond this page."""


class ApproveRequest(Request, frozen=True, kw_only=True):
    """Exactly these digests, or all that wait when their number is the one expected."""

    digests: Annotated[tuple[str, ...], Meta(max_length=MAX_DIGESTS)] = ()
    all: bool = False
    expect_count: Annotated[int, Meta(ge=0)] | None = None
    note: Annotated[str, Meta(max_length=1000)] = ""
    dry_run: bool = False


class ApproveAnswer(Answer, frozen=True, kw_only=True):
    digests: tuple[str, ...]
    approved: int
    expires_at: str
    first_plan_approved: bool
    by: str
    seq: int = 0
    dry_run: bool = False


class WithdrawRequest(Request, frozen=True, kw_only=True):
    """Take back the yes to exactly these; what is on its way to a system cannot be stopped."""

    digests: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MAX_DIGESTS)]
    reason: Annotated[str, Meta(max_length=1000)] = ""
    expect_count: Annotated[int, Meta(ge=0)] | None = None
    dry_run: bool = False


class CycleRequest(Request, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=200)] = "operator"


class CycleAnswer(Answer, frozen=True, kw_only=True):
    report: CycleShown


class SendRequest(Request, frozen=True, kw_only=True):
    kind: Annotated[str, Meta(max_length=40)]
    ref: Annotated[str, Meta(min_length=1, max_length=500)]
    """A record id, ``system/id``, or a SKU, code, name or number that is the only one."""
    reason: Annotated[str, Meta(max_length=1000)] = ""
    seen: Seen = 0


class HistoryRowShown(Part, frozen=True, kw_only=True):
    seq: int
    at: str
    actor: str
    cycle: str
    entry: str
    """The kind of entry: ``Observed``, ``Linked``, ``Confirmed`` ..."""
    text: str
    """What happened, in a sentence."""
    details: dict[str, Json]


class HistoryAnswer(Answer, frozen=True, kw_only=True):
    record: str
    label: str
    refs: tuple[str, ...]
    rows: tuple[HistoryRowShown, ...]


class ResolveRequest(Request, frozen=True, kw_only=True):
    """The answer to a conflict: the value of that system is right, or one of one's own."""

    record: Annotated[str, Meta(min_length=1, max_length=200)]
    field: Annotated[str, Meta(min_length=1, max_length=100)]
    take: Annotated[str, Meta(max_length=100)] = ""
    value: Annotated[str, Meta(max_length=4000)] | None = None
    """In the place of ``take``: as a person writes it; empty text clears the field."""
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    seen: Seen = 0
    dry_run: bool = False


class RetryRequest(Request, frozen=True, kw_only=True):
    record: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(max_length=1000)] = ""
    seen: Seen = 0
    dry_run: bool = False


class LinkRequest(Request, frozen=True, kw_only=True):
    """The answer to a proposed or ambiguous match: this reference is that record."""

    record: Annotated[str, Meta(min_length=1, max_length=200)]
    ref: Annotated[str, Meta(min_length=1, max_length=500)]
    action: Literal["link", "apart", "unlink"] = "link"
    """``apart``: they are different things; ``unlink``: they were joined by mistake."""
    reason: Annotated[str, Meta(max_length=1000)] = ""
    seen: Seen = 0
    dry_run: bool = False


class DoneAnswer(Answer, frozen=True, kw_only=True):
    """A person's decision is in the ledger."""

    seq: int
    text: str
    next: str = ""
    """The command that usually follows."""
    back: str = ""
    """The command that takes it back."""
    becomes: dict[str, Json] = msgspec.field(default_factory=dict)
    """Of a value of one's own: what each system will show."""
    dry_run: bool = False
