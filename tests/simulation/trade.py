"""People who buy and sell in DEAR. Each act is drawn from the random numbers it is given, and from
what is there at that moment; what DEAR refuses is told, and changes nothing."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.dear import control as dear_control
from daemon.sandbox.dear.desk import as_body
from daemon.sandbox.dear.screens import ActRefused
from daemon.sandbox.dear.state import Row
from tests.simulation.witness import Witness
from tests.town import Town

Rng = random.Random
Body = dict[str, Any]

PRICES: Final = ("0", "1", "2.5", "3.3333", "12.4", "99.99", "0.0175", "1250")
QUANTITIES: Final = ("1", "2", "3", "4", "10", "24", "0.5", "2.75", "7.333")
DISCOUNTS: Final = ("2.5", "10", "12.5", "33.33", "100")
COMMENTS: Final = ("", "", "", "blue", "for the yard", "two\nlines", "=cmd|' /C calc'!A0")
NOTES: Final = ("", "call first", "Ärger 🌵", "x" * 300)
MEMOS: Final = ("", "thank you", "ship\ntogether")
BILL_NUMBERS: Final = ("V-1", "V-2", "v-2", "4711", "INVOICE-00000001-PART-SHIPMENT", "")
"""Numbers of vendors: few enough to collide, one too long for QuickBooks, one that is not there."""
STREETS: Final = ("1 Mill Road", "2 Dock Street")
DAYS_BACK: Final = (0, 0, 1, 3, 10, 20, 45)


def _day(one: Town, rng: Rng) -> str:
    return (one.clock.now().date() - timedelta(days=rng.choice(DAYS_BACK))).isoformat()


def _after(one: Town, first: str, rng: Rng) -> str:
    """A day since the first one, as bills follow orders; now and then any day."""
    start, today = date.fromisoformat(first[:10]), one.clock.now().date()
    if rng.random() < 0.1 or start >= today:
        return _day(one, rng)
    return (today - timedelta(days=rng.randrange((today - start).days + 1))).isoformat()


def _try(one: Town, witness: Witness, kind: str, **order: Any) -> str:
    with witness.by("trader"):
        try:
            dear_control.edit(one.dear.state, {"kind": kind, **order}, one.dear.switches)
        except (ActRefused, dear_control.EditRefused, ValueError) as refused:
            return f"dear refuses {kind} {order}: {refused}"
    return f"dear {kind} {order}"


def _active(one: Town, table: str) -> list[Row]:
    return [row for row in one.dear.state[table] if row.fields["Status"] == "Active"]


def _goods(one: Town, sort: str) -> list[Row]:
    return [row for row in _active(one, "product") if row.fields["Type"] == sort]


def _tax(one: Town, rng: Rng, table: str) -> str:
    """Purchases are rarely taxed, sales often."""
    use = "IsTaxForSale" if table == "sale" else "IsTaxForPurchase"
    rules = [r.fields for r in one.dear.state["tax"] if r.fields["IsActive"] and r.fields[use]]
    wants_tax = rng.random() < (0.5 if table == "sale" else 0.05)
    fitting = [r["Name"] for r in rules if bool(r["TaxPercent"]) == wants_tax]
    return str(rng.choice(fitting or [r["Name"] for r in rules] or [""]))


def _line(product: Row, rng: Rng, tax: str) -> Body:
    line: Body = {
        "ProductID": product.id,
        "Quantity": Decimal(rng.choice(QUANTITIES)),
        "Price": Decimal(rng.choice(PRICES)),
        "TaxRule": tax,
    }
    if rng.random() < 0.2:
        line["Discount"] = Decimal(rng.choice(DISCOUNTS))
    if comment := rng.choice(COMMENTS):
        line["Comment"] = comment
    return line


def _lines(one: Town, rng: Rng, table: str, *, service: bool) -> Body:
    """Lines and charges; an item may stand twice, a charge may be all there is."""
    tax, free = _tax(one, rng, table), _tax(one, rng, "purchase")
    stock, services = _goods(one, "Stock"), _goods(one, "Service")
    chosen = [] if service or not stock else rng.choices(stock, k=rng.choice((1, 1, 2, 3)))
    charges = rng.choices(services, k=1) if services and (service or rng.random() < 0.3) else []
    return {
        "Lines": [_line(row, rng, tax) for row in chosen],
        "AdditionalCharges": [_line(row, rng, rng.choice((tax, free))) for row in charges],
    }


def buy(one: Town, witness: Witness, rng: Rng) -> str:
    """A purchase order, as a draft or authorised at once."""
    suppliers = _active(one, "supplier")
    if not suppliers:
        return "nobody to buy from"
    service = rng.random() < 0.1
    given: Body = {
        "SupplierID": rng.choice(suppliers).id,
        "PurchaseType": rng.choice(("Simple", "Advanced", "Advanced")),
        "IsServiceOnly": service,
        "Approach": "STOCK" if rng.random() < 0.15 else "INVOICE",
        "OrderDate": _day(one, rng),
        "Note": rng.choice(NOTES),
        "Memo": rng.choice(MEMOS),
        "Status": "DRAFT" if rng.random() < 0.15 else "AUTHORISED",
        "TaxCalculation": "Inclusive" if rng.random() < 0.03 else "Exclusive",
        **_lines(one, rng, "purchase", service=service),
    }
    if rng.random() < 0.3:
        given["ShippingAddress"] = {"Line1": rng.choice(STREETS), "City": "Bayshore"}
    told = _try(one, witness, "purchase", create=given)
    row = _newest(one, "purchase")
    if row is not None and given["Status"] == "AUTHORISED" and rng.random() < 0.6:
        if given["Approach"] == "STOCK":
            told += "; " + _try(one, witness, "purchase", id=row.id, do="receive")
        told += "; " + _bill(one, witness, rng, row)
    return told


def sell(one: Town, witness: Witness, rng: Rng) -> str:
    """A sale, most often with its invoice."""
    customers = _active(one, "customer")
    if not customers:
        return "nobody to sell to"
    service = rng.random() < 0.1
    given: Body = {
        "CustomerID": rng.choice(customers).id,
        "SaleType": rng.choice(("Simple", "Advanced", "Advanced")),
        "ServiceOnly": service,
        "SaleOrderDate": _day(one, rng),
        "Note": rng.choice(NOTES),
        "CustomerReference": rng.choice(("", "PO 7")),
        "TaxCalculation": "Inclusive" if rng.random() < 0.03 else "Exclusive",
    }
    if not service:
        given["Status"] = "DRAFT" if rng.random() < 0.1 else "AUTHORISED"
        given |= _lines(one, rng, "sale", service=False)
    told = _try(one, witness, "sale", create=given)
    if rng.random() < 0.8 and (row := _newest(one, "sale")) is not None:
        told += "; " + _invoice(one, witness, rng, row)
    return told


def _newest(one: Town, table: str) -> Row | None:
    rows = sorted(one.dear.state[table], key=lambda row: row.order)
    return rows[-1] if rows else None


def _any(one: Town, table: str, rng: Rng) -> Row | None:
    """Any purchase or sale, but rather one of the newest."""
    rows = sorted(one.dear.state[table], key=lambda row: row.order)
    if not rows:
        return None
    return rng.choice(rows[-2:] if rng.random() < 0.4 else rows)


def _share(order: Body, rng: Rng) -> Body:
    """A part of an order: some lines, some of them with a part of their quantity."""
    body = as_body(order)
    lines = [line for line in body["Lines"] if rng.random() < 0.7] or body["Lines"][:1]
    for line in lines:
        if rng.random() < 0.5:
            line["Quantity"] = (line["Quantity"] / 2).quantize(Decimal("0.001")) or Decimal(1)
        if rng.random() < 0.15:
            line["Price"] = Decimal(rng.choice(PRICES))
    charges = body["AdditionalCharges"] if rng.random() < 0.6 or not lines else []
    return {"Lines": lines, "AdditionalCharges": charges}


def _bill(one: Town, witness: Witness, rng: Rng, row: Row) -> str:
    """The vendor's bill: for all that is left, or for a part of it."""
    given: Body = {
        "InvoiceNumber": rng.choice(BILL_NUMBERS),
        "InvoiceDate": _after(one, row.fields["OrderDate"], rng),
        "Status": "DRAFT" if rng.random() < 0.1 else "AUTHORISED",
    }
    if rng.random() < 0.5:
        given |= _share(row.fields["Order"], rng)
        services = _goods(one, "Service")
        if services and rng.random() < 0.2:
            tax = _tax(one, rng, "purchase")
            late = _line(rng.choice(services), rng, tax)
            given["AdditionalCharges"] = [*given["AdditionalCharges"], late]
    return _try(one, witness, "purchase", id=row.id, do="invoice", **{"with": given})


def bill(one: Town, witness: Witness, rng: Rng) -> str:
    row = _any(one, "purchase", rng)
    return _bill(one, witness, rng, row) if row is not None else "nothing to bill"


def _invoice(one: Town, witness: Witness, rng: Rng, row: Row) -> str:
    given: Body = {
        "InvoiceDate": _day(one, rng),
        "Memo": rng.choice(MEMOS),
        "Status": "DRAFT" if rng.random() < 0.1 else "AUTHORISED",
    }
    if row.fields["IsServiceOnly"]:
        given |= {**_lines(one, rng, "sale", service=True)}
    elif rng.random() < 0.4:
        given |= _share(row.fields["Order"], rng)
    return _try(one, witness, "sale", id=row.id, do="invoice", **{"with": given})


def invoice(one: Town, witness: Witness, rng: Rng) -> str:
    row = _any(one, "sale", rng)
    return _invoice(one, witness, rng, row) if row is not None else "nothing to invoice"


def move(one: Town, witness: Witness, rng: Rng) -> str:
    """Goods come or go, money comes or goes, part is credited: stamps move, documents do not."""
    table = rng.choice(("purchase", "sale"))
    row = _any(one, table, rng)
    if row is None:
        return "nothing to move"
    acts = ("receive", "pay", "credit") if table == "purchase" else ("ship", "pay", "credit")
    return _try(one, witness, table, id=row.id, do=rng.choice(acts))


def authorise(one: Town, witness: Witness, rng: Rng) -> str:
    """A draft becomes an order or an invoice, sometimes with another price or without a line."""
    table = rng.choice(("purchase", "sale"))
    drafts: list[tuple[Row, Body]] = []
    for row in one.dear.state[table]:
        parts = row.fields["Invoice" if table == "purchase" else "Invoices"]
        drafts += [(row, part) for part in parts if part["Status"] == "DRAFT"]
        if row.fields["Order"]["Status"] == "DRAFT":
            drafts.append((row, {}))
    if not drafts:
        return "no drafts"
    row, part = rng.choice(drafts[-3:])
    if not part:
        return _try(one, witness, table, id=row.id, do="authorise")
    body = {**_edited(part, rng), "Status": "AUTHORISED", "TaskID": part["TaskID"]}
    return _try(one, witness, table, id=row.id, do="invoice", **{"with": body})


def _edited(part: Body, rng: Rng) -> Body:
    body = as_body(part)
    lines = body["Lines"]
    match rng.choice(("as it is", "as it is", "price", "quantity", "fewer", "order", "text")):
        case "price" if lines:
            rng.choice(lines)["Price"] = Decimal(rng.choice(PRICES))
        case "quantity" if lines:
            rng.choice(lines)["Quantity"] = Decimal(rng.choice(QUANTITIES))
        case "fewer" if len(lines) > 1:
            lines.pop(rng.randrange(len(lines)))
        case "order":
            rng.shuffle(lines)
        case "text" if lines:
            rng.choice(lines)["Comment"] = rng.choice(COMMENTS)
        case _:
            pass
    return body


def redo(one: Town, witness: Witness, rng: Rng) -> str:
    """An order or invoice is undone, changed and authorised again, in one go."""
    table = rng.choice(("purchase", "sale"))
    row = _any(one, table, rng)
    if row is None:
        return "nothing to redo"
    parts = row.fields["Invoice" if table == "purchase" else "Invoices"]
    standing = [part for part in parts if part["Status"] == "AUTHORISED"]
    if not standing:
        return _redo_order(one, witness, rng, table, row)
    part = rng.choice(standing)
    number = part["TaskID"]
    told = _try(one, witness, table, id=row.id, do="undo", part="invoice", part_number=number)
    body = {**_edited(part, rng), "Status": "AUTHORISED"}
    if number != row.id:
        body["TaskID"] = number
    return f"{told}; {_try(one, witness, table, id=row.id, do='invoice', **{'with': body})}"


def _redo_order(one: Town, witness: Witness, rng: Rng, table: str, row: Row) -> str:
    body = {**_edited(row.fields["Order"], rng), "Status": "AUTHORISED"}
    if rng.random() < 0.3:
        extra = _lines(one, rng, table, service=bool(row.fields["IsServiceOnly"]))
        body = {name: [*body[name], *extra[name]] for name in extra} | {"Status": "AUTHORISED"}
    told = _try(one, witness, table, id=row.id, do="undo")
    return f"{told}; {_try(one, witness, table, id=row.id, do='order', **{'with': body})}"


def reprice(one: Town, witness: Witness, rng: Rng) -> str:
    table = rng.choice(("purchase", "sale"))
    row = _any(one, table, rng)
    lines = row.fields["Order"]["Lines"] if row is not None else []
    if row is None or not lines:
        return "nothing to reprice"
    product = one.dear.state["product"].get(str(rng.choice(lines)["ProductID"]))
    assert product is not None  # what documents name cannot be deleted
    order = {
        "sku": product.fields["SKU"],
        "price": Decimal(rng.choice(PRICES)),
        "part": rng.choice(("order", "invoice", "invoice")),
    }
    return _try(one, witness, table, id=row.id, do="reprice", **order)


def take_back(one: Town, witness: Witness, rng: Rng) -> str:
    """Undone or voided: an invoice, or the whole purchase or sale."""
    table = rng.choice(("purchase", "sale"))
    row = _any(one, table, rng)
    if row is None:
        return "nothing to take back"
    order: Body = {"id": row.id, "do": rng.choice(("undo", "void"))}
    parts = row.fields["Invoice" if table == "purchase" else "Invoices"]
    if parts and rng.random() < 0.6:
        order |= {"part": "invoice", "part_number": rng.choice(parts)["TaskID"]}
    return _try(one, witness, table, **order)


def edit_header(one: Town, witness: Witness, rng: Rng) -> str:
    table = rng.choice(("purchase", "sale"))
    row = _any(one, table, rng)
    if row is None:
        return "nothing to edit"
    terms = [r.fields["Name"] for r in one.dear.state["paymentterm"] if r.fields["IsActive"]]
    field, value = rng.choice(
        (
            ("Note", rng.choice(NOTES)),
            ("Terms", rng.choice(terms)),
            ("OrderDate" if table == "purchase" else "SaleOrderDate", _day(one, rng)),
            ("ShippingAddress", {"Line1": rng.choice(STREETS), "City": "Bayshore"}),
        )
    )
    return _try(one, witness, table, id=row.id, set={field: value})


ACTS: Final[tuple[Callable[[Town, Witness, Rng], str], ...]] = (
    buy,
    buy,
    buy,
    sell,
    sell,
    bill,
    bill,
    invoice,
    move,
    authorise,
    redo,
    redo,
    redo,
    redo,
    reprice,
    reprice,
    take_back,
    take_back,
    edit_header,
)
