"""Each write goes where it was planned to go and says what was planned: the request that was in the
journal before it left names the record's own reference, and holds the fields and values of the
operation; what changed in QuickBooks under its id is what it named."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from ledger.model.entries import Confirmed, Linked, Observed, Unlinked
from ledger.model.ids import RecordId, own_ids, record_id
from ledger.model.outcomes import IntentItem, Write
from ledger.model.plans import Action
from tests.simulation.evidence import Evidence
from tests.simulation.faces import ENTITIES

PARTINGS = 20
"""A part that is taken out of a record goes to one of its own, which it may have left before."""


async def check(evidence: Evidence) -> list[str]:
    problems: list[str] = []
    parts: dict[RecordId, set[str]] = {}
    sent = {one.seq: one for one in evidence.sent}
    for row in evidence.journal:
        match row.entry:
            case Observed(ref=ref):
                parts.setdefault(record_id(ref), set()).add(str(ref))
            case Linked(record=record, ref=ref) | Confirmed(record=record, ref=ref):
                parts.setdefault(record, set()).add(str(ref))
            case Unlinked(ref=ref):
                for own in islice(own_ids(ref), PARTINGS):
                    parts.setdefault(own, set()).add(str(ref))
            case _:
                pass
        if row.seq in sent:
            request = sent[row.seq].request
            for write, item in zip(request.writes, sent[row.seq].entry.items, strict=True):
                where = parts.get(item.record, set())
                problems += _astray(write, item, where, evidence)
    return [*problems, *_elsewhere(evidence)]


def _astray(write: Write, item: IntentItem, where: set[str], evidence: Evidence) -> Iterator[str]:
    operation = evidence.operations[item.operation]
    what = f"{operation.action} of {item.record} in {operation.system}"
    if (write.operation, write.action, operation.record) != (
        item.operation,
        operation.action,
        item.record,
    ):
        yield f"{what} left as {write.action} of {write.operation} for {operation.record}"
    if (write.ref is None) != (operation.action is Action.CREATE):
        yield f"{what} left to {write.ref}"
    if write.ref is not None and str(write.ref) not in where:
        yield f"{what} left to {write.ref}, which was never a part of it"
    planned = {change.field: change.after for change in operation.changes}
    if write.fields.keys() != planned.keys():
        yield f"{what} left with {sorted(write.fields)}, planned was {sorted(planned)}"
    for field, value in write.fields.items():
        plain = value is None or isinstance(value, str | Decimal | bool)
        if plain and value != planned.get(field):
            yield f"{what} left with {field} {value!r}, planned was {planned.get(field)!r}"


def _elsewhere(evidence: Evidence) -> Iterator[str]:
    """Lists alone: a document moves others that it is linked to."""
    named: dict[str, set[str]] = {}
    for one in evidence.sent:
        refs = {f"{w.kind.value}/{w.ref.id}" for w in one.request.writes if w.ref is not None}
        named.setdefault(one.entry.request, set()).update(refs)
    for row in evidence.one.log.rows:
        request = row["request_id"].split("-")[0]
        if row["system"] == "qbo" and request in named:
            labels = {label.lower() for label in row["changed"]}
            for label in sorted(labels - named[request]):
                if label.split("/")[0] in ENTITIES:
                    yield f"{label} was changed under {request}, which named {named[request]}"
