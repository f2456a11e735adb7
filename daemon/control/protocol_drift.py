"""The part of the control protocol that lists: drift, one record whole, the queue, the timeline.

Every list is a page of an order that the daemon keeps: ``offset`` counts rows of that order, and
``total`` is how many rows the filter leaves. ``head`` tells of which state of the ledger it is, so
that a front end knows when what it shows is old.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.control.frame import Answer, Json, Part, Request
from daemon.control.protocol import HistoryRowShown, HoldShown, OperationShown
from ledger.model.codes import DriftClass as DriftClass

MAX_PAGE = 5_000
MAX_FILTER = 1_000


class DriftSort(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"
    CLASS = "class"
    KIND = "kind"
    LABEL = "label"
    AMOUNT = "amount"
    """Largest difference first, whichever its sign."""


class ListQuery(Request, frozen=True, kw_only=True):
    """One page of a list.

    ``filter`` is words with a space between: ``kind:bill``, ``class:conflict``, ``to:qbo``,
    ``state:waiting``, ``reason:mass_change``, ``amount>100``, ``age>2d``, plain text that occurs
    in label or party; ``-`` or ``!`` before a word turns it round; ``"two words"`` are one text.
    """

    filter: Annotated[str, Meta(max_length=MAX_FILTER)] = ""
    limit: Annotated[int, Meta(ge=0, le=MAX_PAGE)] = 500
    offset: Annotated[int, Meta(ge=0)] = 0


class DriftQuery(ListQuery, frozen=True, kw_only=True):
    sort: DriftSort = DriftSort.OLDEST


class AmountShown(Part, frozen=True, kw_only=True):
    """A sum of money, exact, as text."""

    currency: str
    amount: str


class DriftRow(Part, frozen=True, kw_only=True):
    """One record on which the systems differ."""

    record: str
    kind: str
    class_: str = msgspec.field(name="class")
    label: str
    title: str
    party: str = ""
    sides: dict[str, str] = msgspec.field(default_factory=dict)
    """Per system, what it shows in a few characters: a total, ``active``, ``inactive``,
    ``(none)``, the number or name where that is what differs."""
    fields: tuple[str, ...] = ()
    """Names of what differs; empty for a whole record."""
    amount: AmountShown | None = None
    """Of a document: by how much the total in the books will rise."""
    targets: tuple[str, ...] = ()
    """Systems that would be written to."""
    state: str = ""
    """``waiting``, ``planned``, ``approved``, ``sending``, ``held``, ``skipped``"""
    reason: str = ""
    """The first hold's code, or why the operation waits."""
    text: str = ""
    """The same in a sentence."""
    digests: tuple[str, ...] = ()
    """Of the operations that wait for a person."""
    since: str
    age_s: int
    until: str = ""
    """Where all of it is set aside: the first instant at which some of it is taken up again."""


class DriftAnswer(Answer, frozen=True, kw_only=True):
    head: int
    rows: tuple[DriftRow, ...]
    offset: int
    total: int
    """Rows that the filter leaves."""
    everything: int
    """Rows without a filter."""
    by_class: dict[str, int]
    """Of everything."""
    by_kind: dict[str, int]
    amounts: tuple[AmountShown, ...] = ()
    """Sum of the absolute differences of the rows that the filter leaves, per currency."""
    complete: bool = True
    """Every known record was compared; otherwise more may follow."""


class DriftPoint(Part, frozen=True, kw_only=True):
    at: str
    records: int
    """Records that differed at the end of that hour."""
    conflicts: int


class DriftHistoryAnswer(Answer, frozen=True, kw_only=True):
    """Drift over time: one point for each hour in which it changed, oldest first."""

    points: tuple[DriftPoint, ...]


class SideShown(Part, frozen=True, kw_only=True):
    """What one system shows of a record."""

    system: str
    ref: str
    version: str = ""
    state: str
    """``live``, ``inactive``, ``removed``, ``unreadable``, ``out_of_scope``"""
    seen_at: str
    """When it showed this content."""
    seen_seq: int
    text: str = ""
    """Evidence of removal, or why it cannot be read."""


class FieldShown(Part, frozen=True, kw_only=True):
    """One field in all columns of the three-way diff."""

    group: str = ""
    """Heading that it stands under: empty for the header of a document, else
    ``line 2: 820412-001``."""
    field: str
    status: Literal["same", "changed", "conflict", "new", "gone"]
    agreed: dict[str, Json] = msgspec.field(default_factory=dict)
    """Per system what it showed when they agreed; absent: never agreed."""
    now: dict[str, Json] = msgspec.field(default_factory=dict)
    changed_in: tuple[str, ...] = ()
    """Systems whose value is another than when they agreed."""
    owner: str = ""
    """The system that decides; ``both``; empty: derived, never written."""
    will_be: dict[str, Json] = msgspec.field(default_factory=dict)
    """Per system that is to be written, the value after it."""


class UseShown(Part, frozen=True, kw_only=True):
    """Records of one kind that point to this one."""

    kind: str
    count: int


class RecordAnswer(Answer, frozen=True, kw_only=True):
    """One record whole: three-way diff, what will change, what holds it, and its life."""

    head: int
    record: str
    kind: str
    label: str
    title: str
    sides: tuple[SideShown, ...]
    fields: tuple[FieldShown, ...]
    agreed_at: str = ""
    """When the sides last agreed; empty: never."""
    agreed_seq: int = 0
    operations: tuple[OperationShown, ...]
    holds: tuple[HoldShown, ...]
    history: tuple[HistoryRowShown, ...]
    """Newest first, at most 100."""
    uses: tuple[UseShown, ...] = ()


class RequestAnswer(Answer, frozen=True, kw_only=True):
    """The request that an operation would leave as, by itself, if it left now."""

    digest: str
    system: str
    method: str = ""
    path: str = ""
    """With its query; without the request id, which is derived when it leaves."""
    body: str = ""
    """JSON as it goes over the wire, with the version that the system told last. It carries no
    login: that stands in a header."""
    batched: bool = False
    """It may leave with others in one batch, of which ``body`` is then one object."""
    text: str = ""
    """Why there is no request to show, where there is none."""


class QueueState(StrEnum):
    WAITING = "waiting"
    """For a person, the calendar or a pause."""
    PLANNED = "planned"
    APPROVED = "approved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    """The reply was lost: it is looked up before anything is sent again."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class QueueQuery(ListQuery, frozen=True, kw_only=True):
    states: tuple[QueueState, ...] = (
        QueueState.WAITING,
        QueueState.PLANNED,
        QueueState.APPROVED,
        QueueState.SENDING,
        QueueState.UNKNOWN,
    )
    """Open ones come oldest first, finished ones newest first."""


class QueueRow(Part, frozen=True, kw_only=True):
    """One operation and how far it has come."""

    operation: str
    digest: str
    record: str
    kind: str
    label: str
    title: str
    system: str
    action: str
    state: str
    """A ``QueueState``."""
    reason: str = ""
    text: str = ""
    skipped: bool = False
    until: str = ""
    """Instant at which that ends by itself; empty: by a change or a retry alone."""
    amount: AmountShown | None = None
    """By how much the document's total in the books will rise."""
    since: str
    attempts: int = 0
    request: str = ""
    result: str = ""
    """What came of the last attempt."""
    by: str = ""
    """Who approved it."""
    seq: int = 0


class PaceShown(Part, frozen=True, kw_only=True):
    """How fast writes go now."""

    system: str
    in_flight: int = 0
    per_minute: int = 0
    """Writes confirmed in the last sixty seconds."""
    limit_per_minute: int = 0
    """What the governor allows; 0: unlimited."""
    left: int = 0
    """Operations that may go and have not gone."""
    eta_s: int | None = None


class QueueAnswer(Answer, frozen=True, kw_only=True):
    head: int
    rows: tuple[QueueRow, ...]
    offset: int
    total: int
    everything: int
    by_state: dict[str, int]
    pace: tuple[PaceShown, ...] = ()


class TimelineQuery(ListQuery, frozen=True, kw_only=True):
    """Entries of the ledger, newest first.

    ``filter`` knows ``actor:``, ``entry:`` (its type), ``record:`` (an id, SKU or number), and
    text that occurs in the sentence. ``before`` and ``after`` are sequence numbers, ``since`` and
    ``until`` instants; all exclusive but ``since``.
    """

    before: Annotated[int, Meta(ge=0)] = 0
    """0: from the newest."""
    after: Annotated[int, Meta(ge=0)] = 0
    since: Annotated[str, Meta(max_length=40)] = ""
    until: Annotated[str, Meta(max_length=40)] = ""


class TimelineRow(HistoryRowShown, frozen=True, kw_only=True):
    record: str = ""
    label: str = ""


class TimelineAnswer(Answer, frozen=True, kw_only=True):
    head: int
    head_hash: str
    rows: tuple[TimelineRow, ...]
    next_before: int = 0
    """Ask again with this as ``before`` for the next page; 0: there is none."""
