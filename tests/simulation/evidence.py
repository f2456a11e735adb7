"""Everything that the checkers look at, gathered once when a world has come to rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from daemon.reconcile.calling import CALLED
from daemon.reconcile.policy import Policy
from ledger.model.encoding import decode
from ledger.model.entries import (
    Confirmed,
    ConflictResolved,
    Intended,
    Linked,
    Observed,
    Planned,
    Remapped,
)
from ledger.model.ids import Digest, ExternalRef, Kind, OperationId, RecordId, record_id
from ledger.model.outcomes import Write, WriteRequest
from ledger.model.plans import FieldChange, Operation
from ledger.model.values import Reference
from ledger.store.rows import HeldRow, JournalRow
from ledger.store.views import Views
from tests.simulation.answers import Answers
from tests.simulation.faces import words
from tests.simulation.trail import PaperEvent
from tests.simulation.valving import Hours, Stop, Valves, set_aside
from tests.simulation.witness import Event, Witness
from tests.town import QBO, Town


@dataclass(frozen=True)
class Sent:
    """One ``Intended`` with the request it stood for."""

    seq: int
    at: datetime
    entry: Intended
    request: WriteRequest


@dataclass(frozen=True)
class Asked:
    """The one write of the daemon behind a change of a document."""

    write: Write
    record: RecordId
    """What the write was for when it left."""
    times: int
    """How often its request had left by then."""


@dataclass
class Evidence:
    """The town at rest, what the witness saw, and the journal read once."""

    one: Town
    witness: Witness
    policies: Sequence[Policy]
    journal: list[JournalRow]
    operations: dict[OperationId, Operation]
    sent: list[Sent]
    holds: list[HeldRow]
    records: dict[str, RecordId]
    """``system/kind/id`` -> the record it belongs to now."""
    partners: dict[RecordId, set[str]]
    """Record -> every reference that was ever part of it."""
    stops: Sequence[Stop] = ()
    hours: Sequence[Hours] = ()
    aside: set[RecordId] = field(default_factory=set)
    """Records that wait because a person set them, or what they need, aside."""
    answers: Answers | None = None
    """What a person answered, where one was there to."""

    def operation_of(self, event: Event) -> Operation | None:
        """The operation by which the daemon made this change: of those intended before it, the
        latest that gives the values seen, else one that names the fields, else simply the latest.
        """
        found = [
            operation
            for sent in self.sent
            if sent.entry.system == event.system and sent.at <= event.at
            for write in sent.request.writes
            if write.kind.value == event.kind and _is_for(write, event)
            if (operation := self.operations.get(write.operation)) is not None
        ]
        whole = [o for o in found if event.moved.keys() <= {c.field for c in o.changes}]
        exact = [o for o in whole if _makes(o, event)]
        # QuickBooks marks the name of what is made inactive, which no operation says.
        marked = [o for o in found if _makes(o, event)]
        return next(reversed(exact or marked or whole or found), None)

    def asked(self, event: PaperEvent) -> Asked | None:
        """The write by which the daemon did this, told by the request log: the request that was
        under way has its row next and names the document there, and the journal has what it held.
        Documents are written one request after the other."""
        rows = (row for row in self.one.log.rows if row["n"] > event.after_row)
        row = next((row for row in rows if row["system"] == "qbo" and row["request_id"]), None)
        if row is None or event.label not in [f"qbo/{n}" for n in row["created"] + row["changed"]]:
            return None
        request, _, alone = row["request_id"].partition("-")
        sent = [one for one in self.sent if one.entry.request == request and one.at <= event.at]
        if not sent:
            return None
        both = zip(sent[-1].request.writes, sent[-1].entry.items, strict=True)
        found = (
            Asked(write, item.record, len(sent))
            for write, item in both
            if alone in ("", write.b_id) and _is_about(write, event)
        )
        return next(found, None)


def remapped_terms(evidence: Evidence) -> set[str]:
    """Names of terms of which somebody said that one is meant where the other is said, which may
    have been before the books' term was found to be the source's."""
    said = {
        record
        for row in evidence.journal
        if isinstance(row.entry, Remapped)
        for record in (row.entry.old, row.entry.new)
    }
    return {
        stored.name
        for stored in evidence.one.qbo.state.all("Term")
        if said.intersection(_ever(ExternalRef(QBO, Kind.TERM, stored.id), evidence))
    }


def _ever(ref: ExternalRef, evidence: Evidence) -> set[RecordId | None]:
    """The record that a reference belongs to, and the one that it was alone."""
    return {evidence.records.get(str(ref)), record_id(ref)}


def suffixes_of(evidence: Evidence, record: RecordId) -> set[str]:
    """What somebody said, at any time, that the name of this record ends in elsewhere."""
    return {
        row.entry.field.rpartition(":")[2]
        for row in evidence.journal
        if isinstance(row.entry, ConflictResolved)
        and row.entry.record == record
        and row.entry.field.startswith(CALLED)
    }


def _makes(operation: Operation, event: Event) -> bool:
    """Whether it names some of what changed, and gives nothing but what was seen."""
    named = any(change.field in event.moved for change in operation.changes)
    return named and all(_gives(change, event) for change in operation.changes)


def _gives(change: FieldChange, event: Event) -> bool:
    if change.field not in event.moved or not isinstance(change.after, str | Decimal | bool):
        return True
    return event.moved[change.field][1] == words(change.after)


def _is_for(write: Write, event: Event) -> bool:
    if event.what == "created":
        return write.ref is None and _names(write.fields, event)
    return write.ref is not None and write.ref.id == event.id


def _is_about(write: Write, event: PaperEvent) -> bool:
    """One request may create two bills of one number: they are of two vendors."""
    if write.ref is not None or event.after is None:
        return str(write.ref) == event.label
    party = write.fields.get("customer" if event.after.kind == "invoice" else "vendor")
    return (
        event.before is None
        and write.kind.value == event.after.kind
        and isinstance(party, Reference)
        and party.id == event.after.party
        and str(write.fields.get("number", "")) in ("", event.after.number)
    )


def _names(fields: Mapping[str, object], event: Event) -> bool:
    key = "sku" if event.kind == "item" and event.system == "dear" else "name"
    return str(fields.get(key)).strip() == event.after.get(key)


async def gather(
    one: Town,
    witness: Witness,
    policies: Sequence[Policy],
    at: Valves | None = None,
    answers: Answers | None = None,
) -> Evidence:
    """Read the whole journal and what the checkers need of the views."""
    aside = await set_aside(one)

    def ask(views: Views) -> Evidence:
        evidence = Evidence(
            one=one,
            witness=witness,
            policies=policies,
            journal=views.entries(0, 1_000_000),
            operations={},
            sent=[],
            holds=views.holds(limit=100_000),
            records={},
            partners={},
            stops=at.stops if at is not None else (),
            hours=at.hours if at is not None else (),
            aside=aside,
            answers=answers,
        )
        refs: set[ExternalRef] = set()
        for row in evidence.journal:
            refs |= _read(views, row, evidence)
        for ref in sorted(refs):
            record = views.record_of(ref)
            if record is not None:
                evidence.records[str(ref)] = record
                evidence.partners.setdefault(record, set()).add(str(ref))
        return evidence

    witness.trail.catch_up()
    return await one.ledger.read(ask)


def _read(views: Views, row: JournalRow, evidence: Evidence) -> set[ExternalRef]:
    """Take in one entry; the references that it names."""
    match row.entry:
        case Planned(operation=operation, payload=payload):
            evidence.operations[operation] = decode(_body(views, payload), Operation)
        case Intended(payload=payload) as entry:
            request = decode(_body(views, payload), WriteRequest)
            at = datetime.fromisoformat(row.at)
            evidence.sent.append(Sent(row.seq, at, entry, request))
        case Observed(ref=ref):
            # Opened under its own name, whatever it is joined to later.
            evidence.partners.setdefault(record_id(ref), set()).add(str(ref))
            return {ref}
        case Linked(record=record, ref=ref) | Confirmed(record=record, ref=ref):
            evidence.partners.setdefault(record, set()).add(str(ref))
            return {ref}
        case _:
            pass
    return set()


def _body(views: Views, digest: Digest) -> bytes:
    body = views.body(digest)
    assert body is not None, "nothing was erased"
    return body
