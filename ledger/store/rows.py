"""What views answer with, where no word of the model fits: one frozen Struct per question."""

from decimal import Decimal

import msgspec

from ledger.model.entries import Entry
from ledger.model.facts import Hold, HoldCode, Problem
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import Action, Conflict, Operation
from ledger.model.values import Reference


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of one reference, without its body."""

    record: RecordId
    """The record that the reference belongs to."""
    version: str
    comparable: Digest
    """``""`` until readable content was seen."""
    payload: Digest
    seq: int
    """Entry that showed this content, this removal or this problem; a mere new version
    leaves it as it is."""
    tombstone: str
    problem: Problem | None
    out_of_scope: str


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record that waits, with what a person needs to decide."""

    record: RecordId
    subject: str
    kind: Kind
    label: str
    hold: Hold
    since: str
    """RFC 3339 instant at which it began to wait for this."""
    seq: int
    payload: Digest
    conflict: Conflict | None = None


class OperationRow(msgspec.Struct, frozen=True, kw_only=True):
    """An operation and how far it has come."""

    operation: Operation
    state: str
    """``planned`` | ``waiting`` | ``approved`` | ``intended`` | ``confirmed`` | ``rejected`` |
    ``withdrawn``"""
    reason: str
    text: str
    """The gate's sentence while it waits, else ``""``."""
    seq: int
    at: str
    """RFC 3339 instant of the entry that led to this state."""
    breaker: str = ""
    """The breaker that it tripped, if any."""


class LostCreate(msgspec.Struct, frozen=True, kw_only=True):
    """A create of which nobody could tell what became, and about which a person is asked."""

    record: RecordId
    system: SystemName
    """Where it was to be created."""
    since: str
    """Instant at which its request first left."""
    seq: int
    """The entry that asked."""


class KindCount(msgspec.Struct, frozen=True, kw_only=True):
    """References of one kind in one system, each in exactly one of the first five numbers."""

    system: SystemName
    kind: Kind
    live: int
    """Readable, in scope and active."""
    inactive: int
    removed: int
    unreadable: int
    out_of_scope: int
    linked: int
    """Of all of them, removed ones included: how many share their record with another system."""


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the life of a record."""

    seq: int
    at: str
    actor: str
    cycle: str
    entry: Entry
    body: bytes | None
    """The first body the entry names; None when it names none or it was erased."""


class JournalRow(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    at: str
    actor: str
    cycle: str
    entry: Entry
    stored: bytes
    """The entry as it is chained: its sentences sealed."""
    hash: str
    """Hex text of the chain at this entry."""


class DocumentSide(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a document as one system shows it, without its lines.

    What the system does not show is ``""`` or None; all of it is, once the body was erased.
    """

    ref: ExternalRef
    number: str = ""
    party: Reference | None = None
    """The vendor or customer, as the system writes it down."""
    party_record: RecordId | None = None
    """The record that ``party`` means; None when none or several may be meant."""
    date: str = ""
    currency: str = ""
    total: Decimal | None = None
    """With tax."""
    tax_total: Decimal | None = None
    status: str = ""
    balance: Decimal | None = None
    tombstone: str = ""
    problem: str = ""
    """Why the system's latest form of it cannot be read."""
    out_of_scope: str = ""
    seq: int = 0
    """Entry that showed all this."""


class DocumentHold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a document waits."""

    code: HoldCode
    text: str
    field: str
    since: str
    """RFC 3339 instant at which it began to wait for this."""
    seq: int = 0


class DocumentWork(msgspec.Struct, frozen=True, kw_only=True):
    """An operation on a document whose end is still to come."""

    action: Action
    system: SystemName
    state: str
    """``planned`` | ``waiting`` | ``approved`` | ``intended``"""
    reason: str
    text: str
    """The gate's sentence while it waits, else ``""``."""
    since: str = ""
    """RFC 3339 instant of the entry that led to this state."""
    seq: int = 0


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One document on all sides, with what explains a difference between them."""

    record: RecordId
    kind: Kind
    sides: dict[SystemName, DocumentSide]
    holds: tuple[DocumentHold, ...] = ()
    work: tuple[DocumentWork, ...] = ()
    skipped: str = ""
    """Why a person set aside what would be done about it."""
    skipped_by: str = ""
    skipped_since: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of one kind stand alike: states are those of ``KindCount``, ``""`` where a
    side does not have the record."""

    source: str
    books: str
    is_held: bool
    is_planned: bool
    count: int
