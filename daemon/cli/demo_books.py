"""What the simulators of both systems show of documents, for the demonstration.

Read from their own state at the moment of asking, never from what the daemon says of them.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from daemon.cli.demo_stage import Demo
from daemon.cli.lines import money

Document = Mapping[str, Any]

PARTS = {"purchase": "Invoice", "sale": "Invoices"}
"""Under which name DEAR lists the invoices of a document."""
STANDING = frozenset({"AUTHORISED", "PAID"})
DETAILS = ("ItemBasedExpenseLineDetail", "SalesItemLineDetail")
CURRENCY = "USD"


def posted(demo: Demo, kind: str, number: str) -> dict[str, Any] | None:
    """The one document of QuickBooks with that number; None while it has none."""
    found = [row for row in demo.dump("qbo", kind) if row.get("DocNumber") == number]
    demo.require(f"QuickBooks has {number} at most once", len(found) <= 1)
    return found[0] if found else None


def must_be_posted(demo: Demo, kind: str, number: str) -> dict[str, Any]:
    found = posted(demo, kind, number)
    demo.require(f"QuickBooks has {number}", found is not None)
    assert found is not None
    return found


def lines(document: Document) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The lines that carry the document, each with its detail."""
    found = []
    for line in document["Line"]:
        for name in DETAILS:
            if name in line:
                found.append((line, line[name]))
    return found


def item_of(detail: Document) -> str:
    """Name of a line's item, without the category that it stands under."""
    return str(detail["ItemRef"]["name"]).rpartition(":")[2]


def amount(value: object) -> str:
    return f"{money(value)} {CURRENCY}"


def count(value: Decimal) -> str:
    """A quantity without empty decimals."""
    return f"{value.normalize():f}"


def show_order(demo: Demo, order: Document) -> None:
    """A purchase order as QuickBooks shows it."""
    demo.note(
        f"QuickBooks shows: order {order['DocNumber']}, {order['VendorRef']['name']}, "
        f"{amount(order['TotalAmt'])}, {order['POStatus']}"
    )
    rows = [("line", "item", "ordered", "received", "price", "amount")]
    for line, detail in lines(order):
        rows.append(
            (
                line["Id"],
                item_of(detail),
                count(detail["Qty"]),
                count(line["Received"]),
                money(detail["UnitPrice"]) if "UnitPrice" in detail else "-",
                money(line["Amount"]),
            )
        )
    demo.table(rows, right=frozenset({2, 3, 4, 5}))


def show_bill(demo: Demo, bill: Document) -> None:
    """A bill as QuickBooks shows it, each line with the order line that it is linked to."""
    demo.note(
        f"QuickBooks shows: bill {bill['DocNumber']}, {bill['VendorRef']['name']}, "
        f"{amount(bill['TotalAmt'])}"
    )
    orders = {row["Id"]: row["DocNumber"] for row in demo.dump("qbo", "purchase_order")}
    rows = [("item", "billed", "price", "amount", "class", "bills")]
    for line, detail in lines(bill):
        rows.append(
            (
                item_of(detail),
                count(detail["Qty"]),
                money(detail["UnitPrice"]),
                money(line["Amount"]),
                detail.get("ClassRef", {}).get("name", "-"),
                ", ".join(f"{orders[order]} line {place}" for order, place in links(line)) or "-",
            )
        )
    demo.table(rows, right=frozenset({1, 2, 3}))


def links(line: Document) -> list[tuple[str, str]]:
    """Id of the order and of its line that a bill line is linked to."""
    return [(link["TxnId"], link["TxnLineId"]) for link in line.get("LinkedTxn") or ()]


def invoiced(shown: Document, side: str, number: str = "") -> dict[str, Any]:
    """The invoice of that number, else the last one, in a document as DEAR shows it."""
    parts: list[dict[str, Any]] = shown[PARTS[side]]
    found = [part for part in parts if number in ("", part["InvoiceNumber"])]
    return found[-1]


def standing(shown: Document, side: str) -> Iterator[tuple[str, Decimal]]:
    """What counts of a document as DEAR shows it: kind of record, and its total."""
    if side == "purchase" and shown["Order"]["Status"] in STANDING:
        yield "purchase_order", shown["Order"]["Total"]
    kind = "bill" if side == "purchase" else "invoice"
    for part in shown[PARTS[side]]:
        if part["Status"] in STANDING:
            yield kind, part["Total"]
