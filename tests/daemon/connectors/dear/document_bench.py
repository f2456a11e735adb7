"""A sandbox with documents, a connector that reads them, and short words for both."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from ledger.model.facts import Cursor, Observation, Page
from ledger.model.ids import Kind
from ledger.model.records import Bill, Invoice, PurchaseOrder
from ledger.model.values import Line, Lines
from tests.daemon.connectors.dear.bench import Bench, open_bench


@pytest.fixture
async def b(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with open_bench(monkeypatch) as bench:
        yield bench


def supplier(b: Bench) -> str:
    """One that buys in the company's own currency."""
    home = b.twin.state.me["Currency"]
    return next(
        row.id
        for row in b.twin.state["supplier"]
        if row.fields["Currency"] == home and row.fields["Status"] == "Active"
    )


def customer(b: Bench) -> str:
    home = b.twin.state.me["Currency"]
    return next(
        row.id
        for row in b.twin.state["customer"]
        if row.fields["Currency"] == home and row.fields["Status"] == "Active"
    )


def goods(b: Bench, count: int = 2) -> list[str]:
    """SKUs of products that are bought and sold."""
    return [
        str(row.fields["SKU"])
        for row in b.twin.state["product"]
        if row.fields["Type"] == "Stock" and row.fields["Status"] == "Active"
    ][:count]


def lines(b: Bench, quantity: int = 10, price: str = "7.5") -> list[dict[str, Any]]:
    return [{"SKU": sku, "Quantity": quantity, "Price": Decimal(price)} for sku in goods(b)]


def buy(b: Bench, *, authorised: bool = True, **header: Any) -> str:
    """A purchase of two products, by default advanced, its order authorised."""
    given = {"SupplierID": supplier(b), "PurchaseType": "Advanced", "Lines": lines(b), **header}
    made = b.begin("purchase", **given)
    if authorised:
        b.act("purchase", "authorise", id=made)
    return made


def sell(b: Bench, **header: Any) -> str:
    given = {"CustomerID": customer(b), "SaleType": "Advanced", "Lines": lines(b), **header}
    made = b.begin("sale", **given)
    b.act("sale", "authorise", id=made)
    return made


def bill(b: Bench, purchase: str, **given: Any) -> str:
    """Another invoice of a purchase; the id that the connector gives the bill."""
    shown = b.act("purchase", "invoice", id=purchase, **{"with": given})
    return f"{purchase}/{shown['Invoice'][-1]['TaskID']}"


def invoice(b: Bench, sale: str, **given: Any) -> str:
    shown = b.act("sale", "invoice", id=sale, **{"with": given})
    return f"{sale}/{shown['Invoices'][-1]['TaskID']}"


def part_of(b: Bench, quantity: int) -> dict[str, Any]:
    return {"Lines": lines(b, quantity)[:1]}


def cursors(pages: Sequence[Page]) -> dict[Kind, Cursor]:
    return {page.kind: page.cursor for page in pages if page.cursor is not None}


async def begun(b: Bench) -> dict[Kind, Cursor]:
    """Cursors of all documents after a first reading, and a clean log."""
    pages = await b.sweep(Kind.PURCHASE_ORDER) + await b.sweep(Kind.INVOICE)
    b.forget_calls()
    return cursors(pages)


async def look(b: Bench, at: dict[Kind, Cursor]) -> list[Page]:
    """What changed; moves the cursors."""
    pages = await b.changes(*at.values())
    at |= cursors(pages)
    return pages


async def settled(b: Bench) -> dict[Kind, Cursor]:
    """Cursors behind which nothing is on its way any more."""
    at = await begun(b)
    for _ in range(3):
        b.clock.advance(700)
        await look(b, at)
    b.forget_calls()
    return at


def shown(pages: Sequence[Page], kind: Kind) -> dict[str, Observation]:
    return {o.ref.id: o for p in pages for o in p.observations if o.ref.kind is kind}


def order_in(pages: Sequence[Page], ref_id: str) -> PurchaseOrder:
    record = shown(pages, Kind.PURCHASE_ORDER)[ref_id].record
    assert isinstance(record, PurchaseOrder)
    return record


def bill_in(pages: Sequence[Page], ref_id: str) -> Bill:
    record = shown(pages, Kind.BILL)[ref_id].record
    assert isinstance(record, Bill)
    return record


def invoice_in(pages: Sequence[Page], ref_id: str) -> Invoice:
    record = shown(pages, Kind.INVOICE)[ref_id].record
    assert isinstance(record, Invoice)
    return record


def the_lines(record: PurchaseOrder | Bill | Invoice) -> tuple[Line, ...]:
    assert isinstance(record.lines, Lines)
    return record.lines.lines


async def gather(source: AsyncIterator[Page], pages: list[Page]) -> None:
    async for page in source:
        pages.append(page)
