"""Words that the store's tests share: a clock, references, and drafts of usual entries."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import (
    Confirmed,
    GateHeld,
    Held,
    Intended,
    Linked,
    Observed,
    Planned,
)
from ledger.model.facts import Hold, HoldCode, Observation
from ledger.model.ids import (
    Digest,
    ExternalRef,
    Kind,
    OperationId,
    RecordId,
    RequestId,
    SystemName,
    record_id,
)
from ledger.model.outcomes import IntentItem
from ledger.model.plans import Action, FieldChange, Operation
from ledger.model.records import Item, Record, Vendor
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack

QBO = SystemName("qbo")
DEAR = SystemName("dear")
KEY = bytes(range(32))
BEGIN = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


class Ticking:
    """A clock that moves one second at every look."""

    def __init__(self) -> None:
        self.at = BEGIN

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def item_ref(system: SystemName, number: int | str) -> ExternalRef:
    return ExternalRef(system, Kind.ITEM, str(number))


def vendor_ref(system: SystemName, number: int | str) -> ExternalRef:
    return ExternalRef(system, Kind.VENDOR, str(number))


def item(name: str = "Widget", *, price: str = "12.40", active: bool = True) -> Item:
    return Item(name=name, sku=name.upper(), sales_price=Decimal(price), active=active)


def see(draft: Draft, ledger: Ledger, ref: ExternalRef, record: Record | None = None) -> RecordId:
    """Observe a record; returns the record that the reference opens when it is new."""
    if record is None:
        default: Record = Vendor(name=f"Vendor {ref.id}", active=True)
        record = default if ref.kind is Kind.VENDOR else item(f"Widget {ref.id}")
    shown = Observation(ref=ref, version="1", record=record, raw=b'{"Id": "%s"}' % ref.id.encode())
    draft.add(
        Observed(
            ref=ref,
            version=shown.version,
            comparable=ledger.digest(comparable_bytes(record)),
            payload=draft.body(pack(shown)),
            via="sweep",
        )
    )
    return record_id(ref)


def join(draft: Draft, record: RecordId, ref: ExternalRef) -> None:
    draft.add(Linked(record=record, ref=ref, how="sku", evidence="same SKU"))


def operation(
    record: RecordId,
    name: str = "op-1",
    *,
    system: SystemName = QBO,
    action: Action = Action.UPDATE,
    ref: ExternalRef | None = None,
) -> Operation:
    change = FieldChange(
        field="sales_price", before=Decimal("12.40"), after=Decimal("12.95"), trace="dear.price"
    )
    return Operation(
        id=OperationId(name),
        digest=Digest(f"digest of {name}"),
        record=record,
        kind=Kind.ITEM,
        label="WIDGET",
        system=system,
        action=action,
        ref=ref,
        changes=(change,),
        wave=1,
    )


def plan(draft: Draft, planned: Operation) -> None:
    draft.add(
        Planned(
            operation=planned.id,
            record=planned.record,
            digest=planned.digest,
            payload=draft.body(encode(planned)),
        )
    )


def gate(draft: Draft, planned: Operation, reason: str = "mass_change") -> None:
    draft.add(
        GateHeld(
            operation=planned.id,
            record=planned.record,
            digest=planned.digest,
            reason=reason,
            text="40 of 100 change",
        )
    )


def intend(draft: Draft, request: str, operations: Iterable[Operation]) -> None:
    todo = list(operations)
    items = tuple(
        IntentItem(
            b_id=f"b{number}",
            operation=one.id,
            digest=one.digest,
            record=one.record,
            kind=one.kind,
            action=one.action,
            ref=one.ref,
        )
        for number, one in enumerate(todo)
    )
    draft.add(
        Intended(
            request=RequestId(request),
            system=todo[0].system,
            generation=0,
            items=items,
            payload=draft.body(f'{{"request": "{request}"}}'.encode()),
        )
    )


def confirm(
    draft: Draft, ledger: Ledger, request: str, done: Operation, ref: ExternalRef, record: Record
) -> None:
    shown = Observation(ref=ref, version="2", record=record)
    draft.add(
        Confirmed(
            request=RequestId(request),
            operation=done.id,
            record=done.record,
            ref=ref,
            version="2",
            comparable=ledger.digest(comparable_bytes(record)),
            payload=draft.body(pack(shown)),
        )
    )


def hold(draft: Draft, held: Hold) -> None:
    draft.add(
        Held(
            record=held.record,
            subject=held.subject,
            code=held.code,
            payload=draft.body(encode(held)),
        )
    )


def missing(record: RecordId, *, waits_for: Iterable[RecordId] = ()) -> Hold:
    return Hold(
        record=record,
        code=HoldCode.MISSING_REFERENCE,
        text="Its vendor is not in QBO yet.",
        cure="Approve the vendor first.",
        waits_for=tuple(waits_for),
    )
