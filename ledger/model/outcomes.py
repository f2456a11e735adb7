"""One attempt to write, and its three possible ends."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from .facts import Observation, Tombstone
from .ids import Digest, ExternalRef, Kind, OperationId, RecordId, RequestId, SystemName
from .plans import Action
from .values import Value


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One operation made ready for one system: pointers resolved, the version named."""

    b_id: str
    """Correlation id inside a batch, derived, at most 10 characters (QBO: batch with requestid)."""
    operation: OperationId
    kind: Kind
    action: Action
    ref: ExternalRef | None
    version: str
    """The version the write is based on; ``""`` for a create."""
    fields: dict[str, Value]
    """Pointers are ``Reference`` values with the target system's own id."""
    before: dict[str, Value] = msgspec.field(default_factory=dict)
    """What the system showed for those fields when the write was planned (lost-update check)."""
    raw: bytes = b""
    """The last wire form known, for systems that replace whole objects or arrays."""


class WriteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one HTTP request's worth of writes."""

    id: RequestId
    """Stable over Unknown, new after every definite answer; at most 36 characters."""
    system: SystemName
    writes: tuple[Write, ...]


class RefusalKind(StrEnum):
    STALE = "stale"
    """The version moved: re-read and plan anew; nobody needs to act."""
    DUPLICATE = "duplicate"
    """A record with that name or number exists: look it up and adopt or hold."""
    INVALID = "invalid"
    """The system says this record is wrong."""
    LOST_UPDATE = "lost_update"
    """The record was not what we thought right before or right after the write."""
    NOT_SENT = "not_sent"
    """The request never acted (throttled, refused at the gate): may be sent again."""


PERHAPS_RENAMED = "perhaps_renamed"
PERHAPS_MADE = "perhaps_made"
PERHAPS_THERE = frozenset({PERHAPS_RENAMED, PERHAPS_MADE})
"""Codes of a refused create that may have acted though nothing was found: a person looks, whatever
else the record or the rules become meanwhile."""


class Confirmed(msgspec.Struct, frozen=True, kw_only=True, tag="confirmed"):
    b_id: str
    shown: Observation | Tombstone
    """What the system answered: kept, never re-read."""
    trace: str = ""
    """The system's own id of the exchange, for its support (QuickBooks: intuit_tid)."""


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    b_id: str
    refusal: RefusalKind
    code: str
    message: str
    field: str = ""
    cure: str = ""
    shown: Observation | None = None
    """The record as it really is, where the connector learned it."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag="unknown"):
    b_id: str
    reason: str


Outcome: TypeAlias = Confirmed | Rejected | Unknown


class IntentItem(msgspec.Struct, frozen=True, kw_only=True):
    """One operation inside an open intent."""

    b_id: str
    operation: OperationId
    digest: Digest
    record: RecordId
    kind: Kind
    action: Action
    ref: ExternalRef | None = None


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request that is about to leave, or whose end is not known."""

    id: RequestId
    system: SystemName
    generation: int
    items: tuple[IntentItem, ...]
    request: bytes
    """The encoded ``WriteRequest``, so that a probe or a re-send needs nothing else."""
    at: str = ""
    """RFC 3339 instant at which its latest attempt was made durable."""
    first_at: str = ""
    """RFC 3339 instant at which its first attempt was made durable."""
    attempts: int = 1
