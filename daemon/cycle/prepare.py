"""From an operation to a request: pointers resolved, versions named, batches cut. No I/O.

Runs inside one read transaction, right before the intent is made durable, and refuses whatever
no longer stands on the ground it was computed from.
"""

from collections.abc import Iterable, Sequence

import msgspec

from ledger.model.capabilities import Capabilities
from ledger.model.encoding import encode
from ledger.model.facts import RecordView, Side
from ledger.model.ids import ExternalRef, RecordId, RequestId, SystemName, derive
from ledger.model.outcomes import Intent, IntentItem, Write, WriteRequest
from ledger.model.plans import Action, Operation
from ledger.model.records import comparable_values
from ledger.model.values import RecordRef, Reference, Value
from ledger.store.payloads import unpack
from ledger.store.views import Views

REQUEST_ID_LENGTH = 32
B_ID_LENGTH = 10


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that may go out now, as its target wants it."""

    operation: Operation
    write: Write
    generation: int


def make_ready(views: Views, operations: Sequence[Operation]) -> list[Ready]:
    """Those of ``operations`` that still stand; the others are dirty and will be planned anew."""
    by_record: dict[RecordId, RecordView] = {
        v.record: v for v in views.views({o.record for o in operations})
    }
    ready: list[Ready] = []
    for operation in operations:
        view = by_record.get(operation.record)
        if view is None or view.open_intent or not _stands(operation, view):
            continue
        fields = _resolve(views, operation)
        if fields is None:
            continue
        generation = views.generation(operation.id)
        ready.append(
            Ready(
                operation=operation,
                generation=generation,
                write=_write(views, operation, view, fields, generation),
            )
        )
    return ready


def _stands(operation: Operation, view: RecordView) -> bool:
    now = {system: side.comparable for system, side in view.sides.items()}
    if operation.computed_from != now:
        return False
    return (operation.action is Action.CREATE) == (operation.system not in view.sides)


def _resolve(views: Views, operation: Operation) -> dict[str, Value] | None:
    """The fields with pointers in the target's own terms; None while one of them is missing."""
    fields: dict[str, Value] = {}
    for change in operation.changes:
        value = change.after
        if isinstance(value, RecordRef):
            ref = views.ref_of(value.record, operation.system)
            if ref is None:
                return None
            value = Reference(kind=ref.kind, id=ref.id, key=_key(views, value.record, ref))
        fields[change.field] = value
    return fields


def _key(views: Views, record: RecordId, ref: ExternalRef) -> str:
    view = views.view(record)
    side = view.sides.get(ref.system) if view else None
    if side is None or side.record is None:
        return ""
    code = getattr(side.record, "code", None)
    name = side.record.name
    if isinstance(code, str) and code:
        return code
    return name if isinstance(name, str) else ""


def _write(
    views: Views,
    operation: Operation,
    view: RecordView,
    fields: dict[str, Value],
    generation: int,
) -> Write:
    side: Side | None = view.sides.get(operation.system)
    before: dict[str, Value] = {}
    if side is not None and side.record is not None:
        shown = comparable_values(side.record)
        before = {field: shown[field] for field in fields if field in shown}
    return Write(
        b_id=derive("b", operation.id, str(generation), length=B_ID_LENGTH),
        operation=operation.id,
        kind=operation.kind,
        action=operation.action,
        ref=side.ref if side else None,
        version=side.version if side else "",
        fields=fields,
        before=before,
        raw=_raw(views, side.ref) if side else b"",
    )


def _raw(views: Views, ref: ExternalRef) -> bytes:
    """The wire form that the system showed last; empty when retention has erased it."""
    head = views.heads([ref]).get(ref)
    body = views.body(head.payload) if head is not None else None
    return unpack(body).raw if body else b""


def cut(ready: Iterable[Ready], capabilities: Capabilities) -> list[list[Ready]]:
    """Requests' worth of operations: batches where that is safe, single requests elsewhere.

    A create that cannot be found again by a key never shares a request; a record appears once.
    """
    batches: list[list[Ready]] = []
    batch: list[Ready] = []
    for one in ready:
        rule = capabilities.kinds[one.operation.kind]
        findable = one.operation.action is not Action.CREATE or bool(rule.recovery_key)
        if capabilities.max_batch < 2 or not rule.can_batch or not findable:
            batches.append([one])
            continue
        if len(batch) >= capabilities.max_batch:
            batches.append(batch)
            batch = []
        batch.append(one)
    if batch:
        batches.append(batch)
    return batches


def make_request(system: SystemName, batch: Sequence[Ready]) -> WriteRequest:
    """The request of a batch; its id is derived from the operations and their generations."""
    parts = [f"{one.operation.id}.{one.generation}" for one in batch]
    return WriteRequest(
        id=RequestId(derive("request", system, *parts, length=REQUEST_ID_LENGTH)),
        system=system,
        writes=tuple(one.write for one in batch),
    )


def make_intent(request: WriteRequest, batch: Sequence[Ready]) -> Intent:
    """What the ledger must know before the request leaves."""
    return Intent(
        id=request.id,
        system=request.system,
        generation=max(one.generation for one in batch),
        items=tuple(
            IntentItem(
                b_id=one.write.b_id,
                operation=one.operation.id,
                digest=one.operation.digest,
                record=one.operation.record,
                kind=one.operation.kind,
                action=one.operation.action,
                ref=one.write.ref,
            )
            for one in batch
        ),
        request=encode(request),
    )
