"""The person at DEAR's screens: the same state machines, without the API's narrower doors.

A person need not name totals, undoes single tasks of simple documents, and changes a price by
undoing, editing and authorising again. Every other rule holds: what is refused raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal

from daemon.sandbox.dear import (
    payments,
    purchaseparts,
    purchases,
    salebills,
    salefulfil,
    sales,
)
from daemon.sandbox.dear.documents import LIVE, PURCHASE, SALE, Side
from daemon.sandbox.dear.errors import Flaw, Invalid
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.money import ZERO, manner
from daemon.sandbox.dear.paging import Answer, Call, Query
from daemon.sandbox.dear.purchaseshow import show_purchase
from daemon.sandbox.dear.purchasestatus import live, paid, part_totals, quantities
from daemon.sandbox.dear.purchasework import touch
from daemon.sandbox.dear.saleshow import show_sale
from daemon.sandbox.dear.salework import check_undo_ship, undo_fulfilment
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.switches import DearSwitches

Lines = Sequence[Mapping[str, Any]]

KEPT: Final = (
    "ProductID",
    "Quantity",
    "Price",
    "Discount",
    "TaxRule",
    "Comment",
    "SupplierSKU",
    "Reference",
    "Account",
)

PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "purchase": {
        "invoice": "Invoice",
        "receipt": "StockReceived",
        "put_away": "PutAway",
        "credit": "CreditNote",
    },
    "sale": {"invoice": "Invoices", "shipment": "Fulfilments", "credit": "CreditNotes"},
}
"""How a person calls the parts of a document -> the array."""

NUMBERS: Final = ("InvoiceNumber", "CreditNoteNumber", "TaskID", "Number")


@dataclass(frozen=True, slots=True)
class Desk:
    """One person's screens. Refusals are ``DearRefusal``, as the API words them."""

    state: DearState
    switches: DearSwitches

    def call(self, body: Mapping[str, Any] | None = None, **query: str) -> Call:
        """A person need not name totals."""
        easy = _easy(self.switches)
        return Call(
            state=self.state, switches=easy, query=Query(query), body=body or {}, silent=True
        )

    def show(self, side: Side, row: Row) -> Answer:
        show = show_purchase if side is PURCHASE else show_sale
        return show(replace(self.call(), silent=False), row)

    def create(self, side: Side, given: Mapping[str, Any]) -> Row:
        """A new document; ``Lines`` and ``AdditionalCharges`` are its order (DRAFT unless said)."""
        make = purchases.create_purchase if side is PURCHASE else sales.create_sale
        place = next(iter(self.state["location"])).fields["Name"]
        usual: Fields = {"Location": place}
        usual |= {"Approach": "INVOICE"} if side is PURCHASE else {"SkipQuote": True}
        call = self.call({**usual, **given})
        make(call)
        row = self.state[side.kind].rows[call.created[0].partition("/")[2]]
        if given.get("Lines") or given.get("AdditionalCharges"):
            names = ("Lines", "AdditionalCharges", "Memo", "Status")
            self.order(side, row, {name: given[name] for name in names if name in given})
        return row

    def order(self, side: Side, row: Row, given: Mapping[str, Any]) -> None:
        write = purchases.write_order if side is PURCHASE else sales.write_order
        key = "TaskID" if side is PURCHASE else "SaleID"
        write(self.call({key: row.id, "Status": "DRAFT", **given}))

    def authorise(self, side: Side, row: Row) -> None:
        """The order as it stands (a sale's quote first, when that is still open)."""
        fields = row.fields
        name = "Order"
        if side is SALE and not fields["SkipQuote"] and fields["Quote"]["Status"] == "DRAFT":
            name = "Quote"
        body = {**as_body(fields[name]), "Status": "AUTHORISED"}
        if name == "Quote":
            sales.write_quote(self.call({"SaleID": row.id, **body}))
        else:
            self.order(side, row, body)

    def receive(self, row: Row, given: Mapping[str, Any]) -> None:
        """Everything outstanding, unless lines are given; advanced purchases are put away."""
        fields = row.fields
        wanted = quantities([{"Lines": fields["Order"]["Lines"]}])
        got = quantities(live([*fields["StockReceived"], *fields["PutAway"]]))
        rest = _rest(wanted, got)
        name = "StockReceived" if purchaseparts.simple(row) else "PutAway"
        body = {"Status": "AUTHORISED", "Lines": rest, **given}
        body["Lines"] = [{"Location": fields["Location"], **line} for line in body["Lines"]]
        purchaseparts.write_receipt(self.call({"PurchaseID": row.id, **body}), name)

    def invoice(self, side: Side, row: Row, given: Mapping[str, Any]) -> None:
        """Everything not yet invoiced, at the order's prices, unless lines are given."""
        fields = row.fields
        name = PARTS[side.kind]["invoice"]
        done = quantities(live(fields[name]))
        body: Fields = {"Status": "AUTHORISED", **given}
        if "Lines" not in given and "AdditionalCharges" not in given:
            for array in ("Lines", "AdditionalCharges"):
                body[array] = _unbilled(fields["Order"][array], done)
        key = "PurchaseID" if side is PURCHASE else "SaleID"
        write = purchaseparts.write_invoice if side is PURCHASE else salebills.write_invoice
        write(self.call({key: row.id, **body}))

    def credit(self, side: Side, row: Row, given: Mapping[str, Any]) -> None:
        """A credit note over the first authorised invoice, of the given lines or all of them."""
        bills = live(row.fields[PARTS[side.kind]["invoice"]])
        first: Mapping[str, Any] = bills[0] if bills else {}
        count = len(row.fields[PARTS[side.kind]["credit"]]) + 1
        number = row.fields["OrderNumber"].partition("-")[2]
        usual: Fields = {
            "Status": "AUTHORISED",
            "CreditNoteNumber": f"CR-{number}/{count}",
            "CreditNoteDate": self.state.now().date().isoformat(),
            "CreditNoteInvoiceNumber": first.get("InvoiceNumber"),
            **(as_body(first) if first and "Lines" not in given else {}),
        }
        key = "PurchaseID" if side is PURCHASE else "SaleID"
        write = purchaseparts.write_credit if side is PURCHASE else salebills.write_credit
        write(self.call({key: row.id, **usual, **given}))

    def ship(self, row: Row, given: Mapping[str, Any]) -> None:
        """Pick, pack and ship what is there, or the given lines of it."""
        drafts = [
            one
            for one in row.fields["Fulfilments"]
            if one["Pick"]["Status"] in ("NOT AVAILABLE", "DRAFT")
        ]
        if not drafts:
            lines = given.get("Lines")
            if not lines and not salefulfil.auto_lines(self.call(), row):
                raise Invalid("Nothing to pick")
            salefulfil.create_fulfilment(self.call({"SaleID": row.id}))
            drafts = row.fields["Fulfilments"][-1:]
        task = {"TaskID": drafts[0]["TaskID"], "Status": "AUTHORISED"}
        pick = {"Lines": given["Lines"]} if given.get("Lines") else {"AutoPickMode": "AUTOPICK"}
        salefulfil.pick(self.call({**task, **pick}))
        salefulfil.pack(self.call(task))
        parcel = {name: value for name, value in given.items() if name != "Lines"}
        salefulfil.ship(self.call({**task, "Lines": [parcel] if parcel else []}))

    def pay(self, side: Side, row: Row, given: Mapping[str, Any]) -> None:
        """The open balance of the first unpaid invoice, from the first bank account."""
        how = manner(self.state.me, row.fields, self.switches)
        bills = live(row.fields[PARTS[side.kind]["invoice"]])
        opened = [part for part in bills if part["Status"] != "PAID"]
        part: Mapping[str, Any] = opened[0] if opened else {"TaskID": row.id}
        banks = [one for one in self.state["account"] if one.fields["Type"] == "BANK"]
        usual: Fields = {
            "TaskID": part["TaskID"],
            "Type": "Payment",
            "DatePaid": self.state.now().date().isoformat(),
            "Account": banks[0].id if banks else "",
            "CurrencyRate": row.fields["CurrencyRate"],
        }
        if opened and "Amount" not in given:
            usual["Amount"] = part_totals(part, how).total - paid(part["Payments"])
        payments.create_payment(self.call({**usual, **given}), side)

    def part(self, side: Side, row: Row, called: str, number: str = "") -> tuple[str, Fields]:
        """A part by what a person calls it and its number or TaskID; else the last one."""
        name = PARTS[side.kind].get(called, "")
        found = [
            part
            for part in row.fields.get(name, ())
            if not number or number in [str(part.get(key)) for key in NUMBERS]
        ]
        found = [part for part in found if number or part.get("Status") != "VOIDED"]
        if not found:
            raise Invalid(f"{side.label} {row.fields['OrderNumber']} has no such part")
        return name, found[-1]

    def end(self, side: Side, row: Row, *, void: bool, called: str = "", number: str = "") -> None:
        """Undo or void one part, or the whole document."""
        if not called:
            whole = purchases.end_purchase if side is PURCHASE else sales.end_sale
            whole(self.call(), row, void=void)
            return
        name, part = self.part(side, row, called, number)
        if name == "Fulfilments":
            check_undo_ship(self.call(), part)
            undo_fulfilment(self.call(), row, part, void=void)
            touch(self.call(), row)
        elif side is PURCHASE:
            purchaseparts.end_part(self.call(), row, name, part, void=void)
        else:
            salebills.end_bill(self.call(), row, name, part, void=void)

    def reprice(self, side: Side, row: Row, given: Mapping[str, Any]) -> None:
        """Change a price in the order or an invoice: undone, edited, authorised again."""
        called = str(given.get("part") or "invoice")
        if called not in ("order", "invoice"):
            raise Invalid(Flaw("Prices are changed in the order or in an invoice"))
        target: Literal["Order", "Bill"] = "Order" if called == "order" else "Bill"
        product = self.state["product"].one("SKU", str(given.get("sku")))
        if product is None:
            raise Invalid(f"Product '{given.get('sku')}' was not found")
        if target == "Order":
            part = row.fields["Order"]
        else:
            _, part = self.part(side, row, called, str(given.get("part_number") or ""))
        body = as_body(part)
        for line in [*body["Lines"], *body["AdditionalCharges"]]:
            if line["ProductID"] == product.id:
                line["Price"] = given.get("price", ZERO)
        was_live = part["Status"] in LIVE
        status = "AUTHORISED" if was_live else "DRAFT"
        if target == "Bill":
            if was_live:
                self.end(side, row, void=False, called=called, number=part["TaskID"])
            task = {} if part["TaskID"] == row.id else {"TaskID": part["TaskID"]}
            self.invoice(side, row, {**task, **body, "Status": status})
        else:
            if was_live:
                self._reopen_order(side, row)
            self.order(side, row, {**body, "Status": status})

    def _reopen_order(self, side: Side, row: Row) -> None:
        arrays = [name for name in PARTS[side.kind].values() if name != "Fulfilments"]
        busy = [part for name in arrays for part in live(row.fields[name])]
        busy += row.fields.get("Fulfilments", [])
        if busy:
            raise Invalid("Order has authorised tasks: undo them first")
        self.end(side, row, void=False)


@lru_cache(maxsize=8)
def _easy(switches: DearSwitches) -> DearSwitches:
    return replace(switches, bare_lines="compute")


def as_body(part: Mapping[str, Any]) -> Fields:
    """Lines of a part as a request would send them."""
    return {
        array: [
            {name: line[name] for name in KEPT if line.get(name) is not None}
            for line in part[array]
        ]
        for array in ("Lines", "AdditionalCharges")
    }


def _rest(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> list[Fields]:
    return [
        {"ProductID": product, "Quantity": quantity - got.get(product, ZERO)}
        for product, quantity in wanted.items()
        if quantity > got.get(product, ZERO)
    ]


def _unbilled(lines: Sequence[Fields], done: dict[str, Any]) -> list[Fields]:
    """Order lines less what is billed; what is billed of a product is taken line by line."""
    rows = []
    for line in lines:
        used = min(done.get(line["ProductID"], ZERO), line["Quantity"])
        done[line["ProductID"]] = done.get(line["ProductID"], ZERO) - used
        if line["Quantity"] > used:
            body = {name: line[name] for name in KEPT if line.get(name) is not None}
            rows.append({**body, "Quantity": line["Quantity"] - used})
    return rows
