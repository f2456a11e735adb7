"""What an entry of the ledger says, in one sentence for the life of a record. Pure."""

from decimal import Decimal

import msgspec

from ledger.model.encoding import decode
from ledger.model.entries import (
    AbsenceAccepted,
    Approved,
    BaselineAdvanced,
    ConfigApplied,
    Confirmed,
    ConflictResolved,
    Connected,
    Disconnected,
    Entry,
    FirstPlanApproved,
    GateHeld,
    Held,
    Intended,
    JobAdvanced,
    KeyDestroyed,
    Linked,
    Observed,
    OutcomeUnknown,
    Paused,
    Pinned,
    Planned,
    Quarantined,
    Refused,
    Rejected,
    Released,
    Remapped,
    Restored,
    Resumed,
    Retried,
    SkipEnded,
    Skipped,
    Swept,
    Tombstoned,
    Unlinked,
    VersionMoved,
    Withdrawn,
)
from ledger.model.facts import Hold, HoldCode, OwnValue
from ledger.model.plans import Action, Conflict, Operation
from ledger.model.values import Address, Lines, RecordRef, Reference, Texts, Value

VIA = {"sweep": "full read", "changes": "look for changes", "read": "single read"}
MOST_CHANGES = 4
"""Fields of an update that are told with their values."""
LONGEST = 60

_BODY_ERRORS = (msgspec.DecodeError, ValueError)


def entry_text(entry: Entry, body: bytes | None = None) -> str:
    """The sentence; ``body`` is the first payload that the entry names, if it is still kept."""
    match entry:
        case Observed(ref=ref, via=via):
            return f"{ref} showed new content ({VIA.get(via, via)})"
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
            return f"in agreement: {', '.join(sorted(images))}"
        case ConflictResolved(field=field, by=by, reason=reason) if field.startswith("match:"):
            return f"{field.removeprefix('match:')} is another thing{_by(by)}: {reason}"
        case ConflictResolved(field=field, take="", by=by, reason=reason):
            return f"{field}: {_own_text(body)} is right{_by(by)}: {reason}"
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
            return f"waits for approval ({reason.replace('_', ' ')})"
        case Approved(by=by, note=note, withdrawn=True):
            return f"the approval was taken back by {by}{f': {note}' if note else ''}"
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
        case Connected() | Disconnected() | KeyDestroyed() | Refused():
            return _access_text(entry)
        case Skipped(subject=subject, reason=reason, by=by, until=until):
            told = f" until {until[:19]}Z" if until else ""
            return f"set aside ({subject.rstrip(':')}){told}{_by(by)}: {reason}"
        case SkipEnded(subject=subject, until=until):
            return f"taken up again ({subject.rstrip(':')}): set aside until {until[:19]}Z"
        case Paused() | Resumed() | Remapped() | AbsenceAccepted() | JobAdvanced():
            return _valve_text(entry)


def _access_text(entry: Connected | Disconnected | KeyDestroyed | Refused) -> str:
    match entry:
        case Connected(system=system, by=by):
            return f"access to {system} was given{_by(by)}"
        case Disconnected(system=system, reason=reason, by=by):
            return f"the login to {system} was ended{_by(by)}: {reason}"
        case KeyDestroyed(by=by, reason=reason):
            return f"the key of this ledger was destroyed{_by(by)}: {reason}"
        case Refused(actor=actor, act=act, why=why):
            return f"{actor} was refused to {act.replace('_', ' ')}: {why}"


def _valve_text(
    entry: Paused | Resumed | Remapped | AbsenceAccepted | JobAdvanced,
) -> str:
    match entry:
        case Paused(reason=reason, by=by, job=job):
            what = f"frozen by the job {job}" if job else "paused"
            return f"writing of {scope_text(entry.kind, entry.system)} {what}{_by(by)}: {reason}"
        case Resumed(reason=reason, by=by):
            return f"writing of {scope_text(entry.kind, entry.system)} resumed{_by(by)}: {reason}"
        case Remapped(system=system, old=old, new=None, reason=reason, by=by):
            return f"in {system}, {old} means itself again{_by(by)}: {reason}"
        case Remapped(system=system, old=old, new=new, reason=reason, by=by):
            return f"in {system}, {new} is meant where {old} is said{_by(by)}: {reason}"
        case AbsenceAccepted(system=system, kind=kind, most=most, reason=reason, by=by):
            told = f"up to {most} {kind.value} records may be gone from {system}"
            return f"{told}{_by(by)}: {reason}"
        case JobAdvanced(job=job, what=what, state=state, by=by):
            return f"the {what} job {job} is {state}{_by(by)}"


def scope_text(kind: str, system: str) -> str:
    """What a pause covers, in words."""
    name = kind.replace("_", " ")
    what = f"{name}{'es' if name.endswith('s') else 's'}" if kind else "everything"
    return f"{what} to {system}" if system else f"{what} to every system"


def _by(who: str) -> str:
    return f", says {who}" if who else ""


def _operation_text(body: bytes | None) -> str:
    if body is None:
        return "(erased)"
    try:
        operation: Operation = decode(body, Operation)
    except _BODY_ERRORS:
        return "(unreadable)"
    told = f"{operation.action.value} in {operation.system}"
    if operation.action is Action.CREATE or len(operation.changes) > MOST_CHANGES:
        fields = ", ".join(change.field for change in operation.changes)
    else:
        fields = ", ".join(
            f"{change.field} {brief(change.before)} -> {brief(change.after)}"
            for change in operation.changes
        )
    why = f". {operation.why}" if operation.why and operation.action is not Action.CREATE else ""
    return f"{told}: {fields}{why}" if fields else f"{told}{why}"


def brief(value: Value) -> str:
    match value:
        case None:
            return "(empty)"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f")
        case RecordRef(record=record):
            return record
        case Reference(id=external_id, key=key):
            return key or external_id
        case Address():
            parts = (*value.lines, value.city, value.region, value.postal_code, value.country)
            return _quoted(", ".join(part for part in parts if part))
        case Lines(lines=lines):
            amount = sum((line.amount or Decimal() for line in lines), Decimal())
            return f"{len(lines)} line{'' if len(lines) == 1 else 's'} of {amount:f} in all"
        case Texts(entries=entries):
            return _quoted(", ".join(f"{name}: {text}" for name, text in entries))
        case str():
            return _quoted(value)


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"}"'


def _own_text(body: bytes | None) -> str:
    """A value that no system showed."""
    if body is None:
        return "(erased)"
    try:
        own: OwnValue = decode(body, OwnValue)
    except _BODY_ERRORS:
        return "(unreadable)"
    return brief(own.value)


def _hold_text(code: HoldCode, body: bytes | None) -> str:
    if body is None:
        return "(erased)"
    try:
        held: Hold | Conflict = decode(body, Conflict if code is HoldCode.CONFLICT else Hold)
    except _BODY_ERRORS:
        return "(unreadable)"
    return held.text
