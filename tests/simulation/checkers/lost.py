"""Nothing is lost: what a person entered stays, unless a rule or an answer replaced it.

The daemon removes nothing. It changes only fields that its operation names, only from the value
that the operation says it replaces, and of a shared field only one that nobody had just edited.
"""

from daemon.catalogue.retiring import FREES
from daemon.reconcile.authority import owner
from ledger.model.encoding import decode
from ledger.model.entries import Approved, BaselineAdvanced, ConflictResolved
from ledger.model.ids import Digest, RecordId
from ledger.model.plans import FieldChange, Operation
from ledger.model.values import Value
from tests.simulation.evidence import Evidence
from tests.simulation.faces import words
from tests.simulation.witness import Event

_SIMPLE = ("name", "email", "phone", "description", "sales_price", "sku", "active")
"""Fields whose values the face shows as the ledger does."""


async def check(evidence: Evidence) -> list[str]:
    problems = []
    for event in evidence.witness.of_daemon():
        if event.what == "removed":
            problems.append(f"the daemon removed something: {event}")
        if event.what == "changed":
            problems += await _changed(evidence, event)
    return problems


async def _changed(evidence: Evidence, event: Event) -> list[str]:
    operation = evidence.operation_of(event)
    if operation is None:
        return [f"no operation stands behind {event}"]
    changes = {change.field: change for change in operation.changes}
    problems = []
    for field, (before, after) in event.moved.items():
        change = changes.get(field)
        if change is None:
            if not _is_mark_of_rest(operation, field, before, after):
                problems.append(f"{field} was not to be changed by {operation.id}: {event}")
            continue
        if field not in _SIMPLE:
            continue
        if not _same(before, change.before):
            problems.append(f"{field} showed {before!r}, not {change.before!r}: {event}")
        elif not await _is_right(evidence, operation, change):
            problems.append(f"{field} was overwritten without any right: {event}, {change}")
    return problems


def _is_mark_of_rest(operation: Operation, field: str, before: str, after: str) -> bool:
    """QuickBooks adds a mark to the name of what is made inactive, and drops nothing else."""
    return field == "name" and (
        before.removeprefix(after).strip().startswith("(deleted")  # a second one is "(deleted-1)"
        or "(deleted" in after
    )


def _same(shown: str, planned: Value) -> bool:
    wanted = words(planned)
    return (
        shown == wanted or shown.split("(deleted")[0].strip() == wanted.split("(deleted")[0].strip()
    )


async def _is_right(evidence: Evidence, operation: Operation, change: FieldChange) -> bool:
    source = change.trace.split(".")[0]
    if any(owner(operation.kind, change.field, p) == source for p in evidence.policies):
        return True
    if change.trace == FREES:
        return _is_approved(evidence, operation)
    if words(change.before) == "":
        return True  # filled in, or agreed to be empty: nothing is lost
    if any(
        isinstance(row.entry, ConflictResolved)
        and row.entry.record == operation.record
        and row.entry.field == change.field
        for row in evidence.journal
    ):
        return True
    agreed = await _agreed(evidence, operation.record, change.field, operation.system)
    if any(_same(words(value), change.before) for value in agreed):
        return True
    return any(_is_fixed(evidence, operation, change.field) for _ in (0,))


def _is_approved(evidence: Evidence, operation: Operation) -> bool:
    """Whether a person approved this very write of a re-export."""
    return any(
        isinstance(row.entry, Approved)
        and row.entry.job
        and not row.entry.withdrawn
        and operation.digest in row.entry.digests
        for row in evidence.journal
    )


def _is_fixed(evidence: Evidence, operation: Operation, field: str) -> bool:
    """Whether the other side takes no writes of the field, which makes it the owner."""
    rules = [p.rule(s, operation.kind) for p in evidence.policies for s in p.systems]
    return any(
        r is not None and field in r.fields and r.fields[field].access != "write" for r in rules
    )


async def _agreed(evidence: Evidence, record: RecordId, field: str, system: str) -> list[Value]:
    """Every value of the field that the sides ever agreed on in this system."""
    digests: list[Digest] = [
        digest
        for row in evidence.journal
        if isinstance(row.entry, BaselineAdvanced) and row.entry.record == record
        for name, digest in row.entry.images.items()
        if name == system
    ]
    bodies = await evidence.one.ledger.read(lambda views: [views.body(d) for d in digests])
    images: list[dict[str, Value]] = [decode(body, dict[str, Value]) for body in bodies if body]
    return [image[field] for image in images if field in image]
