"""What an entry of the ledger says, in one sentence for the life of a record. Pure."""

import msgspec

from ledger.model.encoding import decode
from ledger.model.entries import (
    Approved,
    BaselineAdvanced,
    ConfigApplied,
    Confirmed,
    ConflictResolved,
    Entry,
    FirstPlanApproved,
    GateHeld,
    Held,
    Intended,
    Linked,
    Observed,
    OutcomeUnknown,
    Pinned,
    Planned,
    Quarantined,
    Rejected,
    Released,
    Restored,
    Retried,
    Swept,
    Tombstoned,
    Unlinked,
    VersionMoved,
    Withdrawn,
)
from ledger.model.facts import Hold, HoldCode
from ledger.model.plans import Conflict, Operation

_BODY_ERRORS = (msgspec.DecodeError, ValueError)


def entry_text(entry: Entry, body: bytes | None = None) -> str:
    """The sentence; ``body`` is the first payload that the entry names, if it is still kept."""
    match entry:
        case Observed(ref=ref, via=via):
            return f"{ref} showed new content ({via})"
        case VersionMoved(ref=ref):
            return f"{ref} has a new version, the same content"
        case Tombstoned(ref=ref, evidence=evidence):
            return f"{ref} is gone: {evidence}"
        case Quarantined(ref=ref, problem=problem):
            return f"{ref} cannot be understood: {problem.message}"
        case Linked(ref=ref, how=how, evidence=evidence, by=by):
            return f"{ref} is this record, by {how}{_by(by)}: {evidence}"
        case Unlinked(ref=ref, reason=reason, by=by):
            return f"{ref} is another record{_by(by)}: {reason}"
        case BaselineAdvanced(images=images):
            return f"agreed: {', '.join(sorted(images))}"
        case ConflictResolved(field=field, by=by, reason=reason) if field.startswith("match:"):
            return f"{field.removeprefix('match:')} is another thing{_by(by)}: {reason}"
        case ConflictResolved(field=field, take=take, by=by, reason=reason):
            return f"{field}: {take} is right{_by(by)}: {reason}"
        case Retried(by=by, reason=reason):
            return f"to be tried again{_by(by)}{': ' if reason else ''}{reason}"
        case Planned():
            return f"planned: {_operation_text(body)}"
        case Withdrawn(reason=reason):
            return f"no longer planned: {reason}"
        case Held(code=code):
            return f"held, {code.value.replace('_', ' ')}: {_hold_text(code, body)}"
        case Released(subject=subject, reason=reason):
            return f"released from {subject.split(':')[0].replace('_', ' ')}: {reason}"
        case GateHeld(reason=reason):
            return f"waits for approval: {reason.replace('_', ' ')}"
        case Approved(by=by, expires_at=until, note=note):
            return f"approved by {by} until {until}{f': {note}' if note else ''}"
        case Intended(request=request, system=system):
            return f"request {request} to {system}"
        case Confirmed(ref=ref, how=how):
            return f"{ref} was written ({how})"
        case Rejected(refusal=refusal, message=message):
            return f"refused ({refusal.value}): {message}"
        case OutcomeUnknown(request=request, reason=reason):
            return f"the end of request {request} is not known: {reason}"
        case Pinned(system=system, environment=environment):
            return f"this ledger belongs to one company of {system} ({environment})"
        case ConfigApplied():
            return "another configuration is in force"
        case Swept(system=system, kind=kind, seen=seen, absent=absent):
            return f"{system} showed all {seen} {kind.value} records; {absent} of ours are gone"
        case Restored(backup_seq=seq, by=by):
            return f"restored from a backup of entry {seq}{_by(by)}"
        case FirstPlanApproved(by=by):
            return f"the first plan was approved by {by}"


def _by(who: str) -> str:
    return f", says {who}" if who else ""


def _operation_text(body: bytes | None) -> str:
    if body is None:
        return "(erased)"
    try:
        operation: Operation = decode(body, Operation)
    except _BODY_ERRORS:
        return "(unreadable)"
    fields = ", ".join(change.field for change in operation.changes)
    told = f"{operation.action.value} in {operation.system}"
    return f"{told}: {fields}" if fields else told


def _hold_text(code: HoldCode, body: bytes | None) -> str:
    if body is None:
        return "(erased)"
    try:
        held: Hold | Conflict = decode(body, Conflict if code is HoldCode.CONFLICT else Hold)
    except _BODY_ERRORS:
        return "(unreadable)"
    return held.text
