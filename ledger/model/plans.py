"""Intended changes as values: what would be written, why, and what may be approved."""

from enum import StrEnum

import msgspec

from .facts import Hold
from .ids import Digest, ExternalRef, Kind, OperationId, RecordId, SystemName
from .values import Value


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    INACTIVATE = "inactivate"
    REACTIVATE = "reactivate"
    VOID = "void"
    """Amounts go to zero and the document stays: how an invoice ends."""
    DELETE = "delete"
    """The document is removed: how an unpaid bill ends."""
    CLOSE = "close"
    """Nothing more is expected of it: how a purchase order ends."""


REMOVALS = frozenset({Action.VOID, Action.DELETE, Action.CLOSE})
"""The ways in which a document ends. They carry no field changes."""
ENDS = {Action.VOID: "voided", Action.DELETE: "deleted", Action.CLOSE: "closed"}
"""The status that a document has then."""


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one record of one system, before and after, with the trace of the value."""

    field: str
    before: Value
    after: Value
    trace: str
    """Where the value comes from: ``dear.name via sanitise``, ``config dear.defaults.…``."""


class FieldConflict(msgspec.Struct, frozen=True, kw_only=True):
    """One field that several systems changed differently since they agreed."""

    field: str
    base: dict[SystemName, Value]
    """Per system, what it showed when they agreed; a system absent here never agreed."""
    values: dict[SystemName, Value]


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    record: RecordId
    kind: Kind
    label: str
    fields: tuple[FieldConflict, ...]
    text: str
    """Why neither value can be chosen, in a sentence."""


class LinkProposal(msgspec.Struct, frozen=True, kw_only=True):
    """The match ladder's decision that two records are one thing."""

    record: RecordId
    """The record that stays."""
    ref: ExternalRef
    """The reference that joins it."""
    how: str
    """Rung of the ladder: ``sku``, ``code``, ``name``."""
    evidence: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One intended write to one record in one system."""

    id: OperationId
    """Derived from record, system, action and the journal sequences it was computed from."""
    digest: Digest
    """Of record, action, changes and the comparable digests of the sides; no vendor ids or tokens.
    This is what a person approves."""
    record: RecordId
    kind: Kind
    label: str
    system: SystemName
    action: Action
    ref: ExternalRef | None
    """None for a create."""
    changes: tuple[FieldChange, ...]
    wave: int
    """Operations of a lower wave go first; one record appears once in a wave."""
    needs: tuple[RecordId, ...] = ()
    """Records of ``system`` that come first: to be there, or to give up a name for this one."""
    relies_on: tuple[RecordId, ...] = ()
    """Records as they stand that it was planned on: what its values point to, and what in
    ``system`` is nearly what it would create. When one moves, this is looked at again."""
    computed_from: dict[SystemName, Digest] = msgspec.field(default_factory=dict)
    """Comparable digest of each side at planning time."""
    why: str = ""
    """The explanation in a sentence that a bookkeeper understands."""
    watches: tuple[tuple[str, str, str, str], ...] = ()
    """(system, kind, key name, folded value) whose appearance asks for another look: somebody else
    has the name that it gives, or is what it would create; or a payment moved what it would end."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Fields on which all sides are equal now, and the image of each side to remember."""

    record: RecordId
    images: dict[SystemName, dict[str, Value]]
    """Per system: the *complete* new baseline fields of that system."""


class Ruling(StrEnum):
    AUTO = "auto"
    APPROVAL = "approval"
    HALTED = "halted"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    ruling: Ruling
    reason: str = ""
    """Slug: ``first_plan``, ``mass_change``, ``inactivates``, ``manual_flow``, ``paused`` ..."""
    text: str = ""
    breaker: str = ""
    """Slug of the breaker that it trips, whatever rule comes first."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at the ledger leads to. Order is by wave, then by system, kind and id."""

    operations: tuple[Operation, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    links: tuple[LinkProposal, ...] = ()
    holds: tuple[Hold, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    decided: tuple[RecordId, ...] = ()
    """Every record that was looked at: those absent from all lists above are in agreement."""
    in_step: tuple[RecordId, ...] = ()
    """Those of them that need no look until something of their own moves."""
