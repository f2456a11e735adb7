"""Everything that can be appended to the journal: past participles, one Struct each.

Entries carry ids, versions and digests; bodies (records, requests, operations) are stored beside
the chain under their digest, so that retention can erase a body and the chain still verifies.
"""

from typing import TypeAlias

import msgspec

from .facts import HoldCode, Problem
from .ids import Digest, ExternalRef, Kind, OperationId, RecordId, RequestId, SystemName
from .outcomes import IntentItem, RefusalKind


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entry"):
    pass


class Pinned(_Entry, frozen=True, tag="Pinned"):
    """This ledger belongs to that company in that system; checked at every start."""

    system: SystemName
    fingerprint: Digest
    environment: str


class ConfigApplied(_Entry, frozen=True, tag="ConfigApplied"):
    """From here on decisions follow this configuration."""

    config: Digest
    mapping_version: int


class Observed(_Entry, frozen=True, tag="Observed"):
    """A system showed content that it had not shown before."""

    ref: ExternalRef
    version: str
    comparable: Digest
    payload: Digest
    via: str
    """``sweep`` | ``changes`` | ``read``"""
    out_of_scope: str = ""


class VersionMoved(_Entry, frozen=True, tag="VersionMoved"):
    """Same compared content under a new version, or new derived figures."""

    ref: ExternalRef
    version: str
    payload: Digest


class Tombstoned(_Entry, frozen=True, tag="Tombstoned"):
    ref: ExternalRef
    evidence: str


class Quarantined(_Entry, frozen=True, tag="Quarantined"):
    """A record was sent that cannot be understood."""

    ref: ExternalRef
    problem: Problem
    payload: Digest | None = None


class Swept(_Entry, frozen=True, tag="Swept"):
    """A full read of one kind ended with proof that it was complete."""

    system: SystemName
    kind: Kind
    sweep: str
    seen: int
    absent: int


class Linked(_Entry, frozen=True, tag="Linked"):
    """These references are the same thing."""

    record: RecordId
    ref: ExternalRef
    how: str
    evidence: str
    by: str = ""


class Unlinked(_Entry, frozen=True, tag="Unlinked"):
    record: RecordId
    ref: ExternalRef
    reason: str
    by: str = ""


class BaselineAdvanced(_Entry, frozen=True, tag="BaselineAdvanced"):
    """What each system showed when the sides agreed; images are payload digests."""

    record: RecordId
    images: dict[SystemName, Digest]
    mapping_version: int


class Planned(_Entry, frozen=True, tag="Planned"):
    """An operation that did not exist before; its body is the payload."""

    operation: OperationId
    record: RecordId
    digest: Digest
    payload: Digest


class Withdrawn(_Entry, frozen=True, tag="Withdrawn"):
    """A planned operation that is no longer wanted (the world moved, or it was replaced)."""

    operation: OperationId
    record: RecordId
    reason: str


class Held(_Entry, frozen=True, tag="Held"):
    record: RecordId
    subject: str
    code: HoldCode
    payload: Digest
    """Body: the whole ``Hold`` or, for conflicts, the ``Conflict``."""


class Released(_Entry, frozen=True, tag="Released"):
    record: RecordId
    subject: str
    reason: str


class GateHeld(_Entry, frozen=True, tag="GateHeld"):
    """An operation waits for a person's approval."""

    operation: OperationId
    record: RecordId
    digest: Digest
    reason: str
    """Slug of the gate's rule."""
    text: str = ""
    """The rule's sentence, with its numbers."""
    breaker: str = ""
    """The breaker that it tripped, even where another rule comes first; it needs a yes of its
    own from then on, however few are left."""


class Approved(_Entry, frozen=True, tag="Approved"):
    """A person's yes to exactly these operation digests, until ``expires_at``."""

    digests: tuple[Digest, ...]
    by: str
    expires_at: str
    note: str = ""
    job: str = ""
    """The job whose plan this is: its own freeze lets these digests pass."""
    withdrawn: bool = False
    """The yes is taken back: ``expires_at`` is now, and the gate rules on them again."""


class ConflictResolved(_Entry, frozen=True, tag="ConflictResolved"):
    """A person said which value of one field is right: a system's, or one of their own."""

    record: RecordId
    field: str
    take: SystemName
    """``""``: no system's, but the one in the body."""
    value_digest: Digest
    by: str
    reason: str
    payload: Digest = Digest("")
    """Body: an ``OwnValue``; ``""`` where a system's value was taken."""


class Retried(_Entry, frozen=True, tag="Retried"):
    """Refusals of this record are set aside once: its operations may be sent again."""

    record: RecordId
    by: str
    reason: str


class Skipped(_Entry, frozen=True, tag="Skipped"):
    """A person decided that this is not done for now: an operation, or a hold, as it stands.

    It stays a difference and stays in every report; a retry, or a change of it, ends the skip.
    """

    record: RecordId
    subject: str
    """``aside.operation_subject``, or the subject of a hold."""
    digest: Digest
    """Digest of the operation, or of the hold's body: another one is not skipped."""
    reason: str
    by: str
    until: str = ""
    """Instant at which it ends by itself; ``""``: by a change or a retry alone."""


class SkipEnded(_Entry, frozen=True, tag="SkipEnded"):
    """The instant came until which something was set aside: it asks and flows again."""

    record: RecordId
    subject: str
    until: str


class Paused(_Entry, frozen=True, kw_only=True, tag="Paused"):
    """Nothing of this scope is written until it is resumed; reading and planning go on."""

    system: str = ""
    """``""`` = every system."""
    kind: str = ""
    """``""`` = every kind."""
    reason: str
    by: str
    job: str = ""
    """The job that froze the scope for itself; only its own writes pass."""


class Resumed(_Entry, frozen=True, kw_only=True, tag="Resumed"):
    system: str = ""
    kind: str = ""
    reason: str
    by: str
    job: str | None = None
    """Only that job's freeze; ``""``: only what a person paused; None: both."""


class Remapped(_Entry, frozen=True, kw_only=True, tag="Remapped"):
    """From here on a pointer to ``old`` is written to ``system`` as one to ``new``: how renumbered
    and merged accounts are answered. Without ``new`` the answer is taken back."""

    system: SystemName
    old: RecordId
    new: RecordId | None = None
    reason: str
    by: str


class AbsenceAccepted(_Entry, frozen=True, tag="AbsenceAccepted"):
    """A person says that so many records of this kind are really gone from that system: its next
    proved sweep may find them missing. Used up by that sweep."""

    system: SystemName
    kind: Kind
    most: int
    reason: str
    by: str


class JobAdvanced(_Entry, frozen=True, tag="JobAdvanced"):
    """A guarded job went on to another state; what it knows by then is the payload."""

    job: str
    what: str
    """What sort of job: ``catalogue``."""
    state: str
    payload: Digest
    by: str


class Connected(_Entry, frozen=True, tag="Connected"):
    """A person gave access to the company in that system: a new login is in force."""

    system: SystemName
    by: str


class Disconnected(_Entry, frozen=True, tag="Disconnected"):
    """A person ended the login to that system; nothing is read or written there from then on."""

    system: SystemName
    reason: str
    by: str


class Refused(_Entry, frozen=True, tag="Refused"):
    """Somebody asked the daemon for an act that they may not do, and nothing was done."""

    actor: str
    """Name and user number, as the kernel told."""
    act: str
    """``approve``, ``skip``, ``catalogue`` ..."""
    why: str


class Intended(_Entry, frozen=True, tag="Intended"):
    """One HTTP request is about to leave."""

    request: RequestId
    system: SystemName
    generation: int
    items: tuple[IntentItem, ...]
    payload: Digest


class Confirmed(_Entry, frozen=True, tag="Confirmed"):
    """The system did it and showed this."""

    request: RequestId
    operation: OperationId
    record: RecordId
    ref: ExternalRef
    version: str
    comparable: Digest
    payload: Digest
    how: str = "reply"
    """``reply`` | ``probe`` | ``replay`` | ``adopted``"""
    trace: str = ""
    """The system's own id of the exchange (QuickBooks: intuit_tid)."""


class Rejected(_Entry, frozen=True, tag="Rejected"):
    """The system refused, and nothing was done."""

    request: RequestId
    operation: OperationId
    record: RecordId
    refusal: RefusalKind
    code: str
    message: str
    field: str = ""
    cure: str = ""
    how: str = "reply"


class OutcomeUnknown(_Entry, frozen=True, tag="OutcomeUnknown"):
    """The request left and its end is not known; probed before anything else is sent."""

    request: RequestId
    reason: str


class Restored(_Entry, frozen=True, tag="Restored"):
    """The ledger was put back from a backup: nothing is written before a full sweep."""

    backup_seq: int
    backup_hash: str
    by: str


class KeyDestroyed(_Entry, frozen=True, tag="KeyDestroyed"):
    """The last entry of a ledger: from here on nobody can read a body of it."""

    key: str
    """Id of the key, which tells nothing about it."""
    by: str
    reason: str


class FirstPlanApproved(_Entry, frozen=True, tag="FirstPlanApproved"):
    """Observe-only ended: a person accepted the first plan (or the first after a restore)."""

    by: str


Entry: TypeAlias = (
    Pinned
    | ConfigApplied
    | Observed
    | VersionMoved
    | Tombstoned
    | Quarantined
    | Swept
    | Linked
    | Unlinked
    | BaselineAdvanced
    | Planned
    | Withdrawn
    | Held
    | Released
    | GateHeld
    | Approved
    | ConflictResolved
    | Retried
    | Skipped
    | SkipEnded
    | Paused
    | Resumed
    | Remapped
    | AbsenceAccepted
    | JobAdvanced
    | Connected
    | Disconnected
    | Refused
    | Intended
    | Confirmed
    | Rejected
    | OutcomeUnknown
    | Restored
    | FirstPlanApproved
    | KeyDestroyed
)
