"""A ledger with a vendor, an item, an order and bills in it, for tests of single steps."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.model.capabilities import Capabilities, FieldRule, KindRule, LineRule
from ledger.model.encoding import encode
from ledger.model.entries import BaselineAdvanced
from ledger.model.ids import Digest, ExternalRef, Kind, OperationId, RecordId, SystemName
from ledger.model.plans import Action, FieldChange, Operation
from ledger.model.records import Bill, Item, PurchaseOrder, Record, Vendor
from ledger.model.values import Line, Lines, RecordRef, Reference, Value
from ledger.store.ledger import Ledger
from tests.ledger.store.support import DEAR, KEY, QBO, Ticking, join, see

LINES = KindRule(
    fields={"number": FieldRule(), "lines": FieldRule()},
    lines=LineRule(),
    recovery_key="number",
    singly=frozenset({Action.VOID}),
)


def capabilities(system: SystemName = QBO, *, max_batch: int = 3, **bill: Any) -> Capabilities:
    """What a system can do with documents; ``bill`` changes the rule of bills."""
    fields = {"number": FieldRule(), "vendor": FieldRule(), "lines": FieldRule()}
    rule: dict[str, Any] = {"recovery_also": ("vendor",), "recovery_key": "number"} | bill
    return Capabilities(
        system=system,
        max_batch=max_batch,
        kinds={
            Kind.ITEM: KindRule(fields={"name": FieldRule()}, recovery_key="name"),
            Kind.PURCHASE_ORDER: LINES,
            Kind.INVOICE: LINES,
            Kind.BILL: KindRule(fields=fields, lines=LineRule(), **rule),
        },
    )


class Shelf:
    """An open ledger, and hands to put things into it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def show(self, system: SystemName, kind: Kind, number: str, record: Record) -> RecordId:
        draft = self.ledger.draft()
        found = see(draft, self.ledger, ExternalRef(system, kind, number), record)
        await self.ledger.append(draft)
        return found

    async def pair(
        self, kind: Kind, number: str, record: Record, *, in_books: Record | None = None
    ) -> RecordId:
        """The same thing in both systems, as one record."""
        draft = self.ledger.draft()
        mine = see(draft, self.ledger, ExternalRef(DEAR, kind, f"d{number}"), record)
        see(draft, self.ledger, ExternalRef(QBO, kind, number), in_books or record)
        join(draft, mine, ExternalRef(QBO, kind, number))
        await self.ledger.append(draft)
        return mine

    async def agree(self, record: RecordId, **images: dict[str, Value]) -> None:
        draft = self.ledger.draft()
        bodies = {SystemName(name): draft.body(encode(fields)) for name, fields in images.items()}
        draft.add(BaselineAdvanced(record=record, images=bodies, mapping_version=1))
        await self.ledger.append(draft)

    async def operation(
        self,
        record: RecordId,
        action: Action,
        *,
        kind: Kind = Kind.BILL,
        name: str = "",
        wave: int = 0,
        **fields: Value,
    ) -> Operation:
        """An operation on the books, computed from what stands in the ledger now."""
        view = await self.ledger.read(lambda views: views.view(record))
        assert view is not None
        side = view.sides.get(QBO)
        name = name or f"{action.value}-{record}"
        return Operation(
            id=OperationId(name),
            digest=Digest(f"digest of {name}"),
            record=record,
            kind=kind,
            label=view.label,
            system=QBO,
            action=action,
            ref=side.ref if side else None,
            changes=tuple(
                FieldChange(field=field, before=None, after=value, trace="dear")
                for field, value in fields.items()
            ),
            wave=wave,
            computed_from={system: one.comparable for system, one in view.sides.items()},
        )


@asynccontextmanager
async def shelf(folder: Path) -> AsyncIterator[Shelf]:
    ledger = await Ledger.open(folder / "ledger.db", now=Ticking(), key=KEY)
    try:
        yield Shelf(ledger)
    finally:
        await ledger.close()


def lines(*found: Line) -> Lines:
    return Lines(tuple(found))


def line(item: RecordRef | Reference | None = None, amount: str = "100", **more: Any) -> Line:
    return Line(item=item, quantity=Decimal(2), amount=Decimal(amount), **more)


def vendor(name: str = "Acme", code: str | None = None) -> Vendor:
    return Vendor(name=name, code=code, active=True)


def widget(name: str = "Widget") -> Item:
    return Item(name=name, sku="W-1", active=True)


def order(number: str = "PO-1", shown: Sequence[Line] = ()) -> PurchaseOrder:
    return PurchaseOrder(number=number, status="open", lines=Lines(tuple(shown)))


def bill(number: str = "B-1", shown: Sequence[Line] = (), **more: Any) -> Bill:
    return Bill(number=number, status=more.pop("status", "open"), lines=Lines(tuple(shown)), **more)
