"""What was seen, what belongs together and what was agreed: the inputs of reconciliation."""

from datetime import datetime
from functools import cached_property

import msgspec

from .codes import HoldCode as HoldCode
from .ids import Digest, ExternalRef, Kind, RecordId, SystemName
from .images import Image, agreed_fields
from .records import Record
from .values import Value


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why one record cannot be read or used: names the field and the cure, loses nothing."""

    code: str
    """Stable slug: ``"malformed"``, ``"missing_reference"`` ..."""
    message: str
    field: str = ""
    cure: str = ""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One record as one system showed it."""

    ref: ExternalRef
    version: str
    """Opaque: QBO's SyncToken, DEAR's LastModifiedOn; ``""`` where the system has none."""
    record: Record
    raw: bytes = b""
    """The wire's own JSON, kept in the ledger beside the record."""
    out_of_scope: str = ""
    """Why this record is watched but never linked or written ("category", "project")."""
    modified_at: datetime | None = None
    """The system's own instant of the last change; compared only within one system."""


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """Positive evidence that a record is gone; never made from absence alone."""

    ref: ExternalRef
    evidence: str
    """"cdc stub", "read answered 610", "absent from two sweeps and from a direct read"."""
    version: str = ""


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A record that a system sent and that cannot be understood; the rest of its page can."""

    ref: ExternalRef
    problem: Problem
    raw: bytes = b""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where incremental reading of one kind of one system stopped."""

    system: SystemName
    kind: Kind
    token: str
    """Opaque to everyone but the connector that wrote it."""
    complete: bool = False
    """Whether one full sweep of this kind has ever been finished with proof."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of one kind, small enough for one transaction."""

    system: SystemName
    kind: Kind
    observations: tuple[Observation, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    cursor: Cursor | None = None
    """To be stored in the same transaction as the page; None = not yet."""
    sweep: str = ""
    """Id of the full sweep that this page belongs to; ``""`` for incremental pages."""
    sweep_done: bool = False
    """Last page of a sweep whose completeness is proved (count or key paging)."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of one record in one system."""

    ref: ExternalRef
    version: str
    comparable: Digest
    seq: int
    """Journal sequence of the entry that showed it."""
    record: Record | None
    """None when only a tombstone or an unreadable body is known."""
    tombstone: str = ""
    """Evidence of removal; ``""`` while alive."""
    problem: Problem | None = None
    out_of_scope: str = ""

    @property
    def is_live(self) -> bool:
        return self.record is not None and not self.tombstone and self.problem is None


class Baseline(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one system showed, field by field, when the sides last agreed."""

    system: SystemName
    kind: Kind
    image: Image | dict[str, Value]
    """As ``images.image_in`` reads it."""
    seq: int = 0
    mapping_version: int = 0

    @cached_property
    def fields(self) -> dict[str, Value]:
        """Only fields that were agreed; a field absent here was never agreed."""
        return self.image if isinstance(self.image, dict) else agreed_fields(self.image, self.kind)


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that may be the same thing, with the evidence for it."""

    ref: ExternalRef
    label: str
    evidence: str
    is_linked: bool = False
    """It has a counterpart already: it cannot simply be linked, the cure says what can be done."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A record, or one field of it, that waits; says why and what releases it."""

    record: RecordId
    code: HoldCode
    text: str
    """One sentence for a bookkeeper."""
    cure: str
    field: str = ""
    system: str = ""
    candidates: tuple[Candidate, ...] = ()
    waits_for: tuple[RecordId, ...] = ()
    """Records whose change wakes this one."""
    waits_for_keys: tuple[tuple[str, str, str, str], ...] = ()
    """(system, kind, key name, folded value) whose appearance wakes this one."""
    group: str = ""
    """Holds of one group ask one question and have one answer: ``account:account-k3v7…`` is where
    all that points to that account is to go."""

    @property
    def subject(self) -> str:
        """What the hold is about, unique within one record."""
        return f"{self.code.value}:{self.system}:{self.field}"

    def also_waiting_for(self, keys: tuple[tuple[str, str, str, str], ...]) -> "Hold":
        """The same hold, woken by these keys as well."""
        if not keys:
            return self
        every = tuple(sorted({*self.waits_for_keys, *keys}))
        return msgspec.structs.replace(self, waits_for_keys=every)


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the ledger knows of one record that planning needs."""

    record: RecordId
    kind: Kind
    sides: dict[SystemName, Side]
    baselines: dict[SystemName, Baseline]
    open_intent: str = ""
    """Request id of an unsettled write that concerns this record."""
    rejections: tuple["Rejection", ...] = ()
    resolutions: tuple["Resolution", ...] = ()
    answered: dict[str, int] = msgspec.field(default_factory=dict)
    """Field -> entry of the answer to it; one that is only being tried has none."""

    @property
    def label(self) -> str:
        """What a person calls it: SKU or code first, then name or number, else our id."""
        for side in self.sides.values():
            if side.record is not None:
                for field in ("sku", "code", "name", "number", "order_number"):
                    value = getattr(side.record, field, None)
                    if isinstance(value, str) and value:
                        return value
        return self.record


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A definite no to one operation; stands until the operation's digest changes or a retry."""

    operation_digest: Digest
    system: SystemName
    code: str
    message: str
    field: str = ""
    cure: str = ""


class OwnValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a person gave because neither side's is right, and what it was given for."""

    value: Value
    seen: dict[SystemName, Value]
    """What each system showed then. One that shows the new value already has got it."""
    base: dict[SystemName, Value]
    """What each had shown when they last agreed; absent where they never did."""


CATALOGUE_JOB = "catalogue job"
"""Who parts old items from their products in a re-export: what documents mean by each of them is
said at once, so these do not look otherwise than before."""

REPLACED_BY = "replaced_by:"
"""A resolution of this field names the product that an old item stands for in documents."""


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """A person's answer to a conflict: take that system's value of that field, or their own."""

    field: str
    take: SystemName
    """``""``: ``own``; where its body was erased, nothing."""
    value_digest: Digest
    """Digest of both values that the answer was given for; void when either side moves on."""
    own: OwnValue | None = None
    seq: int = 0
    """Of an answer of one's own: its entry."""


class ConfirmedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field that we wrote and that the system confirmed: what oscillation is told from."""

    system: SystemName
    field: str
    before: Value
    after: Value
    at: str
    """RFC 3339 instant, UTC, at which the confirmation was journalled."""
