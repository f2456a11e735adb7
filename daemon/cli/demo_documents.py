"""The chapters of the demonstration that tell of documents: from an order to both sides' totals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from daemon.cli.demo_books import (
    amount,
    invoiced,
    lines,
    links,
    must_be_posted,
    posted,
    show_bill,
    show_order,
    standing,
)
from daemon.cli.demo_stage import Demo
from daemon.cli.lines import money
from daemon.cli.words import nouns

BILLS = ("V-2107", "V-2131")
"""The vendor's own numbers."""
PRICE, OTHER_PRICE = Decimal("3.50"), Decimal("12.25")
CORRECTED = Decimal("3.75")
FRACTIONS = (Decimal("0.0335"), Decimal("0.0415"))
ROUNDED = Decimal("0.034")
KINDS = ("purchase_order", "bill", "invoice")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Goods:
    """Records that documents are made of; all of them stand on both sides."""

    vendor: str
    customer: str
    products: tuple[str, ...]
    """Three SKUs."""
    book_class: Mapping[str, Any]
    taxed: str
    untaxed: str
    """Names of DEAR's tax rules."""


@dataclass
class Papers:
    """The documents of the story, each as DEAR showed it last."""

    order: str = ""
    bill: str = BILLS[1]
    shown: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    """By DEAR's number of the whole document: purchase or sale, and what the API shows."""


class Desk:
    """A person at DEAR's screens."""

    def __init__(self, demo: Demo, papers: Papers) -> None:
        self._demo = demo
        self._papers = papers

    def create(self, side: str, party: str, *order: Mapping[str, Any]) -> str:
        """A purchase or a sale whose order is authorised; its number."""
        name = "Supplier" if side == "purchase" else "Customer"
        made = {name: party, "Lines": order, "Status": "AUTHORISED"}
        shown = self._demo.edit("dear", {"kind": side, "create": made})
        return self._keep(side, shown)

    def do(self, side: str, number: str, what: str, **how: Any) -> Mapping[str, Any]:
        """One thing done to it; the whole document as DEAR's API shows it then."""
        order = {"kind": side, "number": number, "do": what, **how}
        shown: Mapping[str, Any] = self._demo.edit("dear", order)
        self._keep(side, shown)
        return shown

    def last(self, number: str) -> Mapping[str, Any]:
        """The document as DEAR showed it last."""
        return self._papers.shown[number][1]

    def _keep(self, side: str, shown: Mapping[str, Any]) -> str:
        number = str(shown["Order"]["SaleOrderNumber"] if side == "sale" else shown["OrderNumber"])
        self._papers.shown[number] = (side, shown)
        return number


def line(sku: str, quantity: int, price: Decimal, tax: str) -> dict[str, Any]:
    return {"SKU": sku, "Quantity": quantity, "Price": price, "TaxRule": tax}


def tell_documents(demo: Demo, goods: Goods) -> Papers:
    """A purchase from order to bills, two sales, a cent, a void, and what it all comes to."""
    papers = Papers()
    desk = Desk(demo, papers)
    _order(demo, desk, goods, papers)
    _first_bill(demo, desk, goods, papers)
    _second_bill(demo, desk, papers)
    _correction(demo, desk, goods, papers)
    kept, voided = _sales(demo, desk, goods)
    _cent(demo, desk, goods)
    _void(demo, desk, kept, voided)
    show_totals(demo, papers)
    return papers


def _order(demo: Demo, desk: Desk, goods: Goods, papers: Papers) -> None:
    demo.say("3. A purchase order is authorised in DEAR.")
    one, other, _ = goods.products
    papers.order = desk.create(
        "purchase",
        goods.vendor,
        line(one, 100, PRICE, goods.untaxed),
        line(other, 40, OTHER_PRICE, goods.untaxed),
    )
    demo.must("apply")
    order = must_be_posted(demo, "purchase_order", papers.order)
    show_order(demo, order)
    mine = papers.shown[papers.order][1]["Order"]["Total"]
    demo.show(f"DEAR says {amount(mine)}: the same.", order["TotalAmt"] == mine)


def _first_bill(demo: Demo, desk: Desk, goods: Goods, papers: Papers) -> None:
    demo.say("4. The vendor bills it in two parts. The first: 60 of 100, and all of the other.")
    one, other, _ = goods.products
    part = [line(one, 60, PRICE, goods.untaxed), line(other, 40, OTHER_PRICE, goods.untaxed)]
    given = {"InvoiceNumber": BILLS[0], "Lines": part}
    desk.do("purchase", papers.order, "invoice", **{"with": given})
    demo.must("apply")
    show_bill(demo, must_be_posted(demo, "bill", BILLS[0]))
    order = must_be_posted(demo, "purchase_order", papers.order)
    show_order(demo, order)
    got = [row["Received"] for row, _ in lines(order)]
    demo.require("60 and 40 are received, and the order is open", got == [60, 40])
    demo.require(f"{papers.order} is open", order["POStatus"] == "Open")


def _second_bill(demo: Demo, desk: Desk, papers: Papers) -> None:
    demo.note("The second: whatever is left.")
    desk.do("purchase", papers.order, "invoice", **{"with": {"InvoiceNumber": BILLS[1]}})
    demo.must("apply")
    bill = must_be_posted(demo, "bill", BILLS[1])
    show_bill(demo, bill)
    order = must_be_posted(demo, "purchase_order", papers.order)
    demo.require(
        "the second bill is linked to the first line of the order",
        [links(row) for row, _ in lines(bill)] == [[(order["Id"], lines(order)[0][0]["Id"])]],
    )
    got = [row["Received"] for row, _ in lines(order)]
    demo.show(
        f"All of {papers.order} is billed, and QuickBooks has closed it by itself.",
        (got, order["POStatus"]) == ([100, 40], "Closed"),
    )


def _correction(demo: Demo, desk: Desk, goods: Goods, papers: Papers) -> None:
    bill, book_class = BILLS[1], goods.book_class["Name"]
    demo.say("5. After the export: the bookkeeper adds a class, and DEAR corrects a price.")
    demo.note(f"QuickBooks: the line of bill {bill} gets the class {book_class}")
    before = must_be_posted(demo, "bill", bill)
    wanted = {"Id": before["Line"][0]["Id"], "ClassRef": {"value": goods.book_class["Id"]}}
    demo.edit("qbo", {"kind": "bill", "number": bill, "line": wanted})
    demo.note(f"DEAR:       its price goes from {money(PRICE)} to {money(CORRECTED)}")
    shown = desk.do(
        "purchase",
        papers.order,
        "reprice",
        part="invoice",
        part_number=bill,
        sku=goods.products[0],
        price=CORRECTED,
    )
    demo.must("apply")
    after = must_be_posted(demo, "bill", bill)
    show_bill(demo, after)
    ((row, detail),) = lines(after)
    demo.show(
        "The price followed; the class and the link to the order stayed.",
        detail["UnitPrice"] == CORRECTED
        and detail.get("ClassRef", {}).get("value") == goods.book_class["Id"]
        and links(row) == links(before["Line"][0]),
    )
    mine = invoiced(shown, "purchase", bill)["Total"]
    demo.show(f"DEAR says {amount(mine)}: the same.", after["TotalAmt"] == mine)


def _sales(demo: Demo, desk: Desk, goods: Goods) -> tuple[str, str]:
    """Two invoices; the numbers of the sale that stays and of the one that is voided later."""
    demo.say("6. Two sales are invoiced, with sales tax.")
    one, other, third = goods.products
    kept = desk.create(
        "sale",
        goods.customer,
        line(one, 4, Decimal("9.50"), goods.taxed),
        line(other, 3, Decimal("36.68"), goods.taxed),
    )
    voided = desk.create("sale", goods.customer, line(third, 1, Decimal("53.04"), goods.taxed))
    shown = [desk.do("sale", number, "invoice") for number in (kept, voided)]
    demo.must("apply")
    rows = [("invoice", "customer", "tax", "total", "in DEAR")]
    for mine in (invoiced(one, "sale") for one in shown):
        there = must_be_posted(demo, "invoice", mine["InvoiceNumber"])
        tax = there["TxnTaxDetail"]["TotalTax"]
        demo.require(
            f"{mine['InvoiceNumber']} comes to the same tax and total on both sides",
            (tax, there["TotalAmt"]) == (mine["Tax"], mine["Total"]),
        )
        customer = there["CustomerRef"]["name"]
        figures = map(money, (tax, there["TotalAmt"], mine["Total"]))
        rows.append((mine["InvoiceNumber"], customer, *figures))
    demo.note("QuickBooks shows:")
    demo.table(rows, right=frozenset({2, 3, 4}))
    return kept, voided


def _cent(demo: Demo, desk: Desk, goods: Goods) -> None:
    demo.say("7. An order that QuickBooks would make a cent dearer.")
    one, other, _ = goods.products
    demo.switch(line_places=4)
    first, second = FRACTIONS
    demo.note(
        "This DEAR keeps four decimals in the total of a line, and QuickBooks two. DEAR: 250 at "
        f"{first} and 150 at {second} are ordered."
    )
    number = desk.create(
        "purchase",
        goods.vendor,
        line(one, 250, first, goods.untaxed),
        line(other, 150, second, goods.untaxed),
    )
    demo.must("apply")
    demo.require(f"{number} is not posted", posted(demo, "purchase_order", number) is None)
    demo.must("plan", number)
    demo.note("The totals of both sides name it as well:")
    demo.must("totals", "--kind", "purchase_order", "--differences")
    demo.note(f"DEAR: the first price is corrected to {ROUNDED}.")
    desk.do("purchase", number, "reprice", part="order", sku=one, price=ROUNDED)
    demo.must("apply")
    _show_equal(demo, desk, number)


def _show_equal(demo: Demo, desk: Desk, number: str) -> None:
    order = must_be_posted(demo, "purchase_order", number)
    mine = desk.last(number)["Order"]["Total"]
    demo.show(
        f"QuickBooks has {number} over {amount(order['TotalAmt'])} now, DEAR says {amount(mine)}.",
        order["TotalAmt"] == mine,
    )


def _void(demo: Demo, desk: Desk, kept: str, voided: str) -> None:
    invoice = invoiced(desk.last(voided), "sale")["InvoiceNumber"]
    demo.say(f"8. Invoice {invoice} is voided in DEAR. What ends a document asks first.")
    desk.do("sale", voided, "void", part="invoice")
    demo.must("apply")
    there = must_be_posted(demo, "invoice", invoice)
    demo.require(f"{invoice} still stands in QuickBooks", there["TotalAmt"] > 0)
    demo.must("plan", invoice)
    (asked,) = demo.ask("plan", invoice)["operations"]
    demo.must("approve", asked["digest"][:12], "--note", "the customer cancelled")
    demo.note("The daemon sends what was approved at once.")
    demo.wait_for(
        f"{invoice} is voided in QuickBooks",
        lambda: must_be_posted(demo, "invoice", invoice)["TotalAmt"] == ZERO,
    )
    there = must_be_posted(demo, "invoice", invoice)
    demo.show(
        f"QuickBooks keeps {invoice} under its number, with {amount(there['TotalAmt'])} and the "
        f'remark "{there.get("PrivateNote")}".',
        there["TotalAmt"] == ZERO and there.get("PrivateNote") == "Voided",
    )
    other = invoiced(desk.last(kept), "sale")["InvoiceNumber"]
    stands = must_be_posted(demo, "invoice", other)["TotalAmt"]
    demo.require(f"{other} is untouched", stands == invoiced(desk.last(kept), "sale")["Total"])


def show_totals(demo: Demo, papers: Papers) -> None:
    """What trueup adds up, against what the simulators hold."""
    demo.say("9. What both sides come to.")
    demo.must("totals")
    told = {row["kind"]: row for row in demo.ask("totals")["sums"]}
    mine = dict.fromkeys(KINDS, ZERO)
    for side, shown in papers.shown.values():
        for kind, total in standing(shown, side):
            mine[kind] += total
    for kind in KINDS:
        theirs = sum((row["TotalAmt"] for row in demo.dump("qbo", kind)), ZERO)
        row = told[kind]
        figures = {mine[kind], theirs, Decimal(row["source_total"]), Decimal(row["books_total"])}
        demo.require(f"{nouns(kind)} come to the same on both sides: {figures}", len(figures) == 1)
    demo.note("The simulators, added up without trueup, come to the same figures.")
