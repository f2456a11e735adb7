"""Documents for scenarios: a company with its lists in agreement, and people who trade.

People act through the sandboxes' own screens, at once, so that they can act inside a hook as well.
Nothing here asserts anything about documents.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from daemon.cycle.report import CycleReport
from daemon.reconcile.policy import DocumentPolicy
from daemon.sandbox.dear import control as dear_control
from daemon.sandbox.qbo import control as qbo_control
from daemon.sandbox.world import ProductFace, Thing, World
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId
from ledger.model.keys import fold
from ledger.store.views import Views
from tests.scenarios.support import Goods, qbo_rows, sent, tiny, village
from tests.town import DEAR, QBO, Town
from tests.worlds import make_world

SINCE = "2026-01-01"
TODAY = "2026-03-02"
"""The day on which every scenario begins."""
BANK = "35"
VENDOR, OTHER_VENDOR = "Amber Freight", "Alder Supply"
CUSTOMER = "Birch Gardens"
FREE = "Tax Exempt"
TAXED = "California"
SETTLES_S = 131.0
"""After so long a request whose answer was lost has surely been carried out, or never will be."""

WRITTEN = ("purchaseorder", "bill", "invoice")

Row: TypeAlias = dict[str, Any]


def services(*skus: str) -> tuple[Thing[ProductFace], ...]:
    """Service products on both sides; their purchases go to account 20, Supplies."""
    goods = Goods()
    found: list[Thing[ProductFace]] = []
    for sku in skus:
        thing = goods.item(sku)
        assert thing.qbo is not None
        assert thing.dear is not None
        found.append(
            replace(
                thing,
                qbo=replace(thing.qbo, id=f"7{len(found)}", type="Service", expense_account="20"),
                dear=replace(thing.dear, type="Service", expense_account="Q20", asset_account=""),
            )
        )
    return tuple(found)


def shop(
    *,
    vendors: Iterable[Thing[Any]] = (),
    products: Iterable[Thing[ProductFace]] = (),
) -> World:
    """Two vendors, a customer, three goods, a service and a bank, all equal on both sides."""
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor(VENDOR), goods.vendor(OTHER_VENDOR), *vendors),
        customers=(goods.customer(CUSTOMER),),
        products=(
            goods.item("BR-1"),
            goods.item("BR-2"),
            goods.item("BR-3"),
            *services("FREIGHT"),
            *products,
        ),
    )
    chart = make_world(7, "small").accounts
    bank = next(one for one in chart if one.qbo is not None and one.qbo.id == BANK)
    return replace(world, accounts=(*world.accounts, bank))


def tracked_world() -> World:
    """An item of which QuickBooks tracks the quantity as well."""
    thing = Goods().item("TR-1")
    assert thing.qbo is not None
    tracked = replace(
        thing.qbo,
        id="77",
        type="Inventory",
        asset_account="81",
        expense_account="80",
        quantity=Decimal(500),
    )
    return shop(products=(replace(thing, qbo=tracked),))


@asynccontextmanager
async def office(
    folder: Path, world: World | None = None, *, since: str = SINCE, **options: Any
) -> AsyncIterator[Town]:
    """The shop, its first plan approved and nothing left to do, and documents in sync."""
    options.setdefault("documents", papers_policy(since=since))
    async with village(folder, world or shop(), **options) as one:
        await one.agree()
        yield one


def papers_policy(
    kinds: Iterable[Kind] = DOCUMENT_KINDS, **changes: Any
) -> dict[Kind, DocumentPolicy]:
    """All three kinds from the first day of the year on, ends without asking."""
    policy = DocumentPolicy(since=SINCE, removals="auto")
    return dict.fromkeys(kinds, msgspec.structs.replace(policy, **changes))


# -- people in DEAR -----------------------------------------------------------------------------


def line(sku: str, quantity: Any, price: Any, **more: Any) -> Row:
    """One line as DEAR takes it; untaxed unless ``TaxRule`` says otherwise."""
    figures = {"Quantity": quantity, "Price": price, "Discount": more.pop("Discount", 0)}
    shown = {key: Decimal(str(value)) for key, value in figures.items()}
    return {"SKU": sku, **shown, "TaxRule": FREE, **more}


charge = line
"""An additional charge looks the same; its product is a service."""


def in_dear(one: Town, kind: str, **order: Any) -> Row:
    """One act on DEAR's screens; the whole document afterwards."""
    return dear_control.edit(one.dear.state, {"kind": kind, **order}, one.dear.switches)


def buys(one: Town, *lines: Row, charges: Sequence[Row] = (), **head: Any) -> str:
    """An authorised purchase order; its number."""
    head = {"Supplier": VENDOR, "Status": "AUTHORISED", **head}
    body = {**head, "Lines": list(lines), "AdditionalCharges": list(charges)}
    shown = in_dear(one, "purchase", create=body)
    return str(shown["OrderNumber"])


def billed(one: Town, order: str, number: str, *lines: Row, **more: Any) -> Row:
    """The vendor's bill for an order, or for the given lines of it; the new invoice."""
    body: Row = {"InvoiceNumber": number, **more}
    if lines:
        body["Lines"] = list(lines)
        body.setdefault("AdditionalCharges", [])
    shown = in_dear(one, "purchase", number=order, do="invoice", **{"with": body})
    found: Row = shown["Invoice"][-1]
    return found


def sells(one: Town, *lines: Row, charges: Sequence[Row] = (), **head: Any) -> str:
    """An authorised sale; its number."""
    head = {"Customer": CUSTOMER, "Status": "AUTHORISED", **head}
    body = {**head, "Lines": list(lines), "AdditionalCharges": list(charges)}
    shown = in_dear(one, "sale", create=body)
    return str(shown["Order"]["SaleOrderNumber"])


def invoiced(one: Town, sale: str, *lines: Row, **more: Any) -> Row:
    """The invoice for a sale, or for the given lines of it."""
    body: Row = dict(more)
    if lines:
        body["Lines"] = list(lines)
        body.setdefault("AdditionalCharges", [])
    shown = in_dear(one, "sale", number=sale, do="invoice", **{"with": body})
    found: Row = shown["Invoices"][-1]
    return found


def sold(one: Town, *lines: Row, **more: Any) -> str:
    """A sale and its one invoice; the number of the invoice."""
    sale = sells(one, *lines, **{k: v for k, v in more.items() if k not in _ON_INVOICE})
    shown = invoiced(one, sale, **{k: v for k, v in more.items() if k in _ON_INVOICE})
    return str(shown["InvoiceNumber"])


_ON_INVOICE = ("InvoiceDate", "InvoiceDueDate")


def bill_of(one: Town, number: str, *lines: Row, **head: Any) -> str:
    """A purchase order and one bill for the whole of it; the order's number."""
    order = buys(one, *(lines or (line("BR-1", 10, "3.5"),)), **head)
    billed(one, order, number)
    return order


# -- people in QBO ------------------------------------------------------------------------------


def in_qbo(one: Town, kind: str, **order: Any) -> Row:
    """One act on QBO's screens."""
    return qbo_control.edit(one.qbo.state, {"kind": kind, **order})


def posted(one: Town, kind: str, number: str) -> Row:
    """The one document of QBO that has this number."""
    found = [row for row in qbo_rows(one, kind) if row.get("DocNumber") == number]
    assert len(found) == 1, f"{len(found)} of {kind} are numbered {number!r} in QBO"
    return found[0]


def numbers(one: Town, kind: str) -> list[str]:
    """The numbers of all documents of a kind in QBO."""
    return sorted(str(row.get("DocNumber")) for row in qbo_rows(one, kind))


def lines_of(row: Row) -> list[Row]:
    """The lines of a document in QBO, without the subtotal that it works out."""
    return [part for part in row["Line"] if part["DetailType"] != "SubTotalLineDetail"]


def detail(part: Row) -> Row:
    found: Row = part[part["DetailType"]]
    return found


def amounts(row: Row) -> list[Decimal]:
    return [Decimal(part["Amount"]) for part in lines_of(row)]


def links(row: Row) -> list[tuple[str, str]]:
    """Per line of a bill, order and order line that it bills; ``("", "")`` without."""
    found = []
    for part in lines_of(row):
        [link] = part.get("LinkedTxn") or [{}]
        found.append((link.get("TxnId", ""), link.get("TxnLineId", "")))
    return found


def total(row: Row) -> Decimal:
    return Decimal(row["TotalAmt"])


# -- the daemon ---------------------------------------------------------------------------------


async def settle(one: Town, limit: int = 6) -> CycleReport:
    """Cycles until nothing moves and no end is open."""
    report = await one.settle(limit)
    for _ in range(limit):
        if not await one.ledger.read(lambda views: views.open_intents()):
            break
        await one.cycle(after_s=SETTLES_S)
        report = await one.settle(limit)
    return report


async def codes(one: Town) -> list[tuple[str, HoldCode]]:
    """Label and reason of every document that is held."""
    rows = [row for row in await one.holds() if row.kind in DOCUMENT_KINDS]
    return sorted((row.label, row.hold.code) for row in rows)


async def hold_of(one: Town, code: HoldCode) -> str:
    """The text of the only hold that any document has, which must be this one, with a cure."""
    rows = [row for row in await one.holds() if row.kind in DOCUMENT_KINDS]
    assert [row.hold.code for row in rows] == [code], [row.hold for row in rows]
    assert rows[0].hold.cure
    return rows[0].hold.text


async def same_record(one: Town, kind: Kind, number: str) -> bool:
    """Whether the documents that show this number in the two systems are one record."""

    def ask(views: Views) -> list[RecordId | None]:
        refs = [r for s in (DEAR, QBO) for r in views.find(s, kind, "number", fold(number))]
        return [views.record_of(ref) for ref in refs]

    found = await one.ledger.read(ask)
    return len(found) == 2 and len(set(found)) == 1


async def open_work(one: Town) -> list[str]:
    """Labels of operations on documents that are neither done nor refused."""
    rows = await one.operations("planned", "waiting", "approved", "intended")
    return [row.operation.label for row in rows if row.operation.kind in DOCUMENT_KINDS]


async def lose_ledger(one: Town) -> None:
    """The daemon starts over an empty state directory, as after a lost disk."""
    await one.stop_daemon()
    for path in one.folder.glob("ledger.db*"):
        path.unlink()
    await one.start_daemon()


def marker(one: Town) -> int:
    """The last row of the request log: ``after=marker(one)`` is what comes from now on."""
    rows = one.log.since(0, limit=1_000_000)
    return rows[-1]["n"] if rows else 0


def wrote(one: Town, after: int = 0) -> list[str]:
    """What the daemon did to documents of QBO, as ``bill/145``, in the order of the log."""
    return [
        name
        for row in one.log.since(after, system="qbo", limit=1_000_000)
        if row["method"] == "POST"
        for name in (*row["created"], *row["changed"])
        if name.partition("/")[0] in ("purchase_order", "bill", "invoice")
    ]


def batches(one: Town, after: int = 0) -> int:
    return len(sent(one, "qbo", "POST", "batch", after=after))


def nothing_twice(one: Town) -> None:
    """No number stands twice in QBO among documents of one kind (bills: and of one vendor)."""
    for kind in WRITTEN:
        keys = [
            (row.get("DocNumber"), row.get("VendorRef", {}).get("value") if kind == "bill" else "")
            for row in qbo_rows(one, kind)
        ]
        assert len(keys) == len(set(keys)), f"{kind}: {sorted(keys)}"


# -- what people change after the export --------------------------------------------------------


def reorders(one: Town, order: str, *lines: Row, **more: Any) -> None:
    """The purchase order is undone, edited and authorised again."""
    in_dear(one, "purchase", number=order, do="undo")
    body = {"Lines": list(lines), "AdditionalCharges": [], "Status": "AUTHORISED", **more}
    in_dear(one, "purchase", number=order, do="order", **{"with": body})


def rebills(one: Town, order: str, *lines: Row, **more: Any) -> None:
    """The last bill of the order is undone, edited and authorised again."""
    shown = in_dear(one, "purchase", number=order, do="undo", part="invoice")
    task = shown["Invoice"][-1]["TaskID"]
    body = {"TaskID": task, "Lines": list(lines), "AdditionalCharges": [], **more}
    in_dear(one, "purchase", number=order, do="invoice", **{"with": body})


def reinvoices(one: Town, invoice: str, *lines: Row, **more: Any) -> None:
    """The invoice of a simple sale is undone, edited and authorised again."""
    sale = sale_of(invoice)
    in_dear(one, "sale", number=sale, do="undo", part="invoice")
    body = {"Lines": list(lines), "AdditionalCharges": [], **more}
    in_dear(one, "sale", number=sale, do="invoice", **{"with": body})


def sale_of(invoice: str) -> str:
    """The number of the simple sale whose invoice has this number."""
    return invoice.replace("INV-", "SO-")


def voids(one: Town, number: str) -> None:
    """An invoice of a simple sale, or a whole purchase order, is voided."""
    if number.startswith("INV-"):
        in_dear(one, "sale", number=sale_of(number), do="void", part="invoice")
    else:
        in_dear(one, "purchase", number=number, do="void")


def keeps_book(one: Town, kind: str, number: str, **order: Any) -> Row:
    """What a bookkeeper does to the document of this number."""
    return in_qbo(one, kind, id=posted(one, kind, number)["Id"], **order)
