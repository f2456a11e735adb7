"""From an operation to a request: pointers resolved, versions named, batches cut. No I/O.

Runs inside one read transaction, right before the intent is made durable, and refuses whatever
no longer stands on the ground it was computed from.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from daemon.reconcile.documents.paid import SETTLED_ENDS, is_settled
from daemon.reconcile.lines import POINTERS
from daemon.reconcile.waves import records_in
from ledger.model.capabilities import Capabilities, KindRule
from ledger.model.encoding import encode
from ledger.model.facts import RecordView, Side
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId, RequestId, SystemName, derive
from ledger.model.outcomes import Intent, IntentItem, Write, WriteRequest
from ledger.model.plans import Action, Operation
from ledger.model.records import comparable_values
from ledger.model.values import Line, Lines, RecordRef, Reference, Value
from ledger.store.payloads import unpack
from ledger.store.views import Head, Views

REQUEST_ID_LENGTH = 32
B_ID_LENGTH = 10


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that may go out now, as its target wants it."""

    operation: Operation
    write: Write
    generation: int


def make_ready(views: Views, operations: Sequence[Operation]) -> list[Ready]:
    """Those of ``operations`` that still stand and whose pointers the target knows.

    Of the others, what no longer stands is dirty and will be planned anew; what points to
    something that is still on its way, or may itself be what a lost request made, keeps its plan
    and comes again in a later round. All that is read is held in memory: give it a slice.
    """
    by_record = _views_of(views, {o.record for o in operations})
    standing = [o for o in operations if _stands(o, by_record.get(o.record))]
    unsure = _perhaps_lost(views, standing, by_record)
    standing = [o for o in standing if o.record not in unsure]
    pointed = _views_of(
        views, {r for o in standing for c in o.changes for r in records_in(c.after)}
    )
    resolved = [(o, _resolve(o, pointed)) for o in standing]
    sides = {o.id: by_record[o.record].sides.get(o.system) for o in standing}
    heads = views.heads({side.ref for side in sides.values() if side is not None})
    ready: list[Ready] = []
    for operation, fields in resolved:
        if fields is None:
            continue
        side = sides[operation.id]
        raw = _raw(views, heads.get(side.ref)) if side is not None else b""
        generation = views.generation(operation.id)
        write = _write(operation, side, fields, raw=raw, generation=generation)
        ready.append(Ready(operation=operation, generation=generation, write=write))
    return ready


def _views_of(views: Views, records: Iterable[RecordId]) -> dict[RecordId, RecordView]:
    return {view.record: view for view in views.views(records)}


def _stands(operation: Operation, view: RecordView | None) -> bool:
    if view is None or view.open_intent:
        return False
    now = {system: side.comparable for system, side in view.sides.items()}
    if operation.computed_from != now:
        return False
    if operation.action in SETTLED_ENDS and is_settled(view.sides[operation.system].record):
        return False  # paid since it was planned, which no digest tells: it is planned anew
    return (operation.action is Action.CREATE) == (operation.system not in view.sides)


def _perhaps_lost(
    views: Views, operations: Sequence[Operation], by_record: Mapping[RecordId, RecordView]
) -> set[RecordId]:
    """Records that may be what a request made whose end is not known, under a name that somebody
    has given it since: they first get a counterpart when that end is known, for what has one is
    not asked about. They were shown after the request left, in its system, and are of its kind."""
    alone = {o.record: o.kind for o in operations if o.action is Action.CREATE}
    if not alone or all(kind in DOCUMENT_KINDS for kind in alone.values()):
        return set()
    left: dict[tuple[SystemName, Kind], str] = {}
    for intent in views.open_intents():
        for item in intent.items:
            if item.action is Action.CREATE and item.kind not in DOCUMENT_KINDS:
                place = (intent.system, item.kind)
                left[place] = min(intent.first_at, left.get(place, intent.first_at))
    sides = [
        (record, left[system, kind], side.seq)
        for record, kind in alone.items()
        for system, side in by_record[record].sides.items()
        if (system, kind) in left
    ]
    shown = views.instants({seq for _, _, seq in sides}) if sides else {}
    return {record for record, since, seq in sides if shown[seq] > since}


def _resolve(
    operation: Operation, pointed: Mapping[RecordId, RecordView]
) -> dict[str, Value] | None:
    """The fields with pointers in the target's own terms; None while one of them is missing."""
    fields: dict[str, Value] = {}
    for change in operation.changes:
        match change.after:
            case RecordRef(record=record):
                reference = _reference(pointed.get(record), operation.system)
                if reference is None:
                    return None
                fields[change.field] = reference
            case Lines(lines=lines):
                known = [_line(line, pointed, operation.system) for line in lines]
                found = tuple(line for line in known if line is not None)
                if len(found) < len(lines):
                    return None
                fields[change.field] = Lines(found)
            case value:
                fields[change.field] = value
    return fields


def _reference(view: RecordView | None, system: SystemName) -> Reference | None:
    side = view.sides.get(system) if view is not None else None
    return Reference(kind=side.ref.kind, id=side.ref.id, key=_key(side)) if side else None


def _key(side: Side) -> str:
    """What the target calls it; documents go by their number."""
    for field in ("code", "name", "number"):
        value = getattr(side.record, field, None)
        if isinstance(value, str) and value:
            return value
    return ""


def _line(line: Line, pointed: Mapping[RecordId, RecordView], system: SystemName) -> Line | None:
    """The line as the target is told it: the line map stays at home."""
    known: dict[str, Reference] = {}
    for field in POINTERS:
        pointer = getattr(line, field)
        if isinstance(pointer, RecordRef):
            reference = _reference(pointed.get(pointer.record), system)
            if reference is None:
                return None
            known[field] = reference
    place = line.order_line
    if line.order_number and isinstance(line.order, RecordRef):
        place = _order_line(pointed[line.order.record], system, line.order_number)
        if not place:
            return None
    return msgspec.structs.replace(line, number=0, order_number=0, order_line=place, **known)


def _order_line(order: RecordView, system: SystemName, number: int) -> str:
    """The id of an order's line in the target, by its place in the line map that was agreed;
    ``""`` while the order is not agreed."""
    baseline = order.baselines.get(system)
    lines = baseline.fields.get("lines") if baseline is not None else None
    if not isinstance(lines, Lines):
        return ""
    return next((line.id for line in lines.lines if line.number == number), "")


def _write(
    operation: Operation,
    side: Side | None,
    fields: dict[str, Value],
    *,
    raw: bytes,
    generation: int,
) -> Write:
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
        raw=raw,
    )


def _raw(views: Views, head: Head | None) -> bytes:
    """The wire form that the system showed last; empty when retention has erased it."""
    body = views.body(head.payload) if head is not None else None
    return unpack(body).raw if body else b""


def cut(ready: Iterable[Ready], capabilities: Capabilities) -> list[list[Ready]]:
    """Requests' worth of operations: batches where that is safe, single requests elsewhere.

    A create that cannot be found again by a key never shares a request; a record appears once.
    Only the last batch may be short.
    """
    batches: list[list[Ready]] = []
    batch: list[Ready] = []
    for one in ready:
        if not shares(one, capabilities):
            batches.append([one])
            continue
        batch.append(one)
        if len(batch) >= capabilities.max_batch:
            batches.append(batch)
            batch = []
    if batch:
        batches.append(batch)
    return batches


def shares(one: Ready, capabilities: Capabilities) -> bool:
    """Whether an operation may go in one request with others."""
    rule = capabilities.kinds[one.operation.kind]
    return (
        capabilities.max_batch > 1
        and rule.can_batch
        and one.operation.action not in rule.singly
        and (one.operation.action is not Action.CREATE or bool(recovery_value(one.write, rule)))
    )


def recovery_value(write: Write, rule: KindRule) -> str:
    """The value by which a lost create is looked for; ``""`` when it cannot be found again."""
    value = write.fields.get(rule.recovery_key)
    return value.strip() if isinstance(value, str) else ""


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
