"""Purchase orders, bills and invoices for tests: lines, fields, and what a bookkeeper does."""

from decimal import Decimal
from typing import Any

import msgspec

from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.connector import QboConnector
from ledger.model.facts import Observation
from ledger.model.ids import Kind
from ledger.model.plans import Action
from ledger.model.records import Bill, Invoice, PurchaseOrder
from ledger.model.values import Line, Lines, Reference, Value
from tests.daemon.connectors.contract import one, shown, write
from tests.daemon.connectors.qbo.bench import QboBench

PUMP, FOUNTAIN = "11", "5"
"""Items of the sample company whose quantity is tracked."""
OFFICE, COGS = "7", "80"
DAY = "2026-05-04"


def ref(kind: Kind, record_id: str) -> Reference:
    return Reference(kind=kind, id=record_id)


def code(record_id: str) -> Reference:
    return ref(Kind.TAX_CODE, record_id)


def goods(item: str, quantity: str | None, price: str | None, amount: str, **more: Any) -> Line:
    """An item line."""
    return Line(
        sort="item",
        item=ref(Kind.ITEM, item),
        description=f"Goods {item}",
        quantity=None if quantity is None else Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
        amount=Decimal(amount),
        **more,
    )


def expense(account: str, amount: str, **more: Any) -> Line:
    """A line straight to an account."""
    return Line(
        sort="account",
        account=ref(Kind.ACCOUNT, account),
        description="Freight",
        amount=Decimal(amount),
        **more,
    )


def billed(line: Line, order: Observation, place: int) -> Line:
    """The line, taking over a line of an order (counted from 0)."""
    return msgspec.structs.replace(
        line,
        order=ref(Kind.PURCHASE_ORDER, order.ref.id),
        order_line=lines(order)[place].id,
    )


def lines(observation: Observation) -> tuple[Line, ...]:
    record = observation.record
    assert isinstance(record, PurchaseOrder | Bill | Invoice)
    assert isinstance(record.lines, Lines)
    return record.lines.lines


def raw(observation: Observation) -> Any:
    return decode(observation.raw)


def fields(party: str, *rows: Line, kind: Kind, **more: Value) -> dict[str, Value]:
    name = "customer" if kind is Kind.INVOICE else "vendor"
    of = Kind.CUSTOMER if kind is Kind.INVOICE else Kind.VENDOR
    known: dict[str, Value] = {"date": DAY, name: ref(of, party), "lines": Lines(rows)}
    return known | more


class Office:
    """Writes documents through the connector, one request after the other."""

    def __init__(
        self, bench: QboBench, connector: QboConnector | None = None, *, after: int = 0
    ) -> None:
        """``after``: number of the last request, where several offices write to one company."""
        self.bench = bench
        self.connector = connector or bench.connector
        self._number = after

    async def vendor(self, name: str = "Seller") -> str:
        return await self.bench.add(Kind.VENDOR, name)

    async def customer(self, name: str = "Buyer") -> str:
        return await self.bench.add(Kind.CUSTOMER, name)

    def next(self) -> int:
        self._number += 1
        return self._number

    async def attempt(self, action: Action, kind: Kind, said: dict[str, Value], **keys: Any) -> Any:
        return await one(self.connector, write(action, kind, said, **keys), number=self.next())

    async def create(self, kind: Kind, party: str, *rows: Line, **more: Value) -> Observation:
        said = fields(party, *rows, kind=kind, **more)
        return shown(await self.attempt(Action.CREATE, kind, said))

    async def update(self, of: Observation, **said: Value) -> Observation:
        return shown(await self.attempt(Action.UPDATE, of.ref.kind, said, of=of))

    async def read(self, of: Observation) -> Observation:
        found = await self.connector.read(of.ref)
        assert isinstance(found, Observation), found
        return found

    async def edit(self, of: Observation, **order: Any) -> Observation:
        """As a bookkeeper in QuickBooks; what is there afterwards."""
        await self.bench.edit({"kind": of.ref.kind.value, "id": of.ref.id, **order})
        return await self.read(of)
