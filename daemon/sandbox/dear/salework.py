"""What happens when parts of a sale are authorised, undone or voided: stock and entries.

No reading of requests here. Checks come first, then the changes, so that a refusal leaves nothing.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import Final

from daemon.sandbox.dear.documents import LIVE, refuse_locked
from daemon.sandbox.dear.errors import Flaw, Invalid
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.holdings import event_key
from daemon.sandbox.dear.money import CENT, FOUR, ZERO, base, manner
from daemon.sandbox.dear.paging import Call
from daemon.sandbox.dear.postings import (
    COGS_CHANGE,
    Bill,
    Booking,
    allocate,
    bill_pairs,
    deposits,
    mapped,
    post,
    shipment_pairs,
    unpost,
)
from daemon.sandbox.dear.purchasestatus import live, part_totals
from daemon.sandbox.dear.purchasework import check_unpaid, drop_payments, settle, stamp_product
from daemon.sandbox.dear.salestatus import unshipped
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.stockroom import (
    Event,
    draw,
    granted,
    lots_of,
    need,
    on_hand,
    receive,
    take_back,
    undraw,
    untouched,
)

SHIPMENT: Final = "Sale"
RESTOCK: Final = "Sale Credit Note"


def customer_of(state: DearState, row: Row) -> Row:
    return state["customer"].rows[row.fields["CustomerID"]]


def receivable(state: DearState, row: Row) -> str:
    return mapped(state, "AccountReceivable", customer_of(state, row).fields["AccountReceivable"])


def line_account(state: DearState, row: Row, line: Fields) -> str:
    product = state["product"].rows[line["ProductID"]].fields
    chosen = (
        line["Account"],
        product["RevenueAccount"],
        row.fields["DefaultAccount"],
        customer_of(state, row).fields["RevenueAccount"],
    )
    return mapped(state, "RevenueAccount", *chosen)


def fill_accounts(call: Call, row: Row, lines: Iterable[Fields]) -> None:
    """Give every line its account; refuse when one is nowhere chosen."""
    receivable(call.state, row)
    for line in lines:
        line["Account"] = line_account(call.state, row, line)


def booking(state: DearState, row: Row, task: str, what: str, date: str, number: str) -> Booking:
    name = customer_of(state, row).fields["Name"]
    return Booking(task, row.id, date, number, f"{name}: {number}", "Sale", what)


def _post_bill(call: Call, row: Row, part: Fields, *, credit: bool) -> None:
    state, how = call.state, manner(call.state.me, row.fields, call.switches)
    bill = Bill(
        control=receivable(state, row),
        lines=[*part["Lines"], *part["AdditionalCharges"]],
        totals=part_totals(part, how),
        rate=part["Rate"],
        account_of=partial(line_account, state, row),
    )
    pairs = bill_pairs(state, bill, how, debits_lines=credit)
    date = part["CreditNoteDate"] if credit else part["InvoiceDate"]
    number = part["CreditNoteNumber"] if credit else part["InvoiceNumber"]
    what = "CreditNote" if credit else "Invoice"
    post(state, booking(state, row, part["TaskID"], what, date, number), pairs)


def authorise_invoice(call: Call, row: Row, part: Fields) -> None:
    """Post it and use up prepayments."""
    state = call.state
    part["Status"] = "AUTHORISED"
    for line in part["Lines"]:
        line["AverageCost"] = state["product"].rows[line["ProductID"]].fields["AverageCost"]
    _post_bill(call, row, part, credit=False)
    control = receivable(state, row)
    waiting = deposits(state, "Customer Credits", control)
    total = part_totals(part, manner(state.me, row.fields, call.switches)).total
    prepayments, invoices = row.fields["Quote"]["Prepayments"], row.fields["Invoices"]
    for payment in allocate(state, prepayments, invoices, part, total):
        if waiting != control:
            date, number = part["InvoiceDate"], part["InvoiceNumber"]
            why = booking(state, row, part["TaskID"], payment["ID"], date, number)
            amount = base(payment["Amount"], payment["CurrencyRate"])
            post(state, why, [(waiting, control, amount)])
    settle(call, row, part)


def end(call: Call, part: Fields, *, void: bool) -> None:
    """DRAFT again, or VOIDED and empty."""
    if part["Status"] in ("NOT AVAILABLE", "VOIDED") and not void:
        return
    part["Status"] = "VOIDED" if void else "DRAFT"
    if void and call.switches.void_empties:
        for name in ("Lines", "AdditionalCharges", "Restock"):
            if name in part:
                part[name] = []


def check_undo_invoice(call: Call, part: Fields) -> None:
    if part["Status"] in LIVE:
        check_unpaid(call, part, "Payments")
        refuse_locked(call, [part["InvoiceDate"]])


def undo_invoice(call: Call, part: Fields, *, void: bool) -> None:
    drop_payments(call, part, "Payments")
    unpost(call.state, call.switches, event_key(part["TaskID"], "Invoice"))
    end(call, part, void=void)


def check_ship(call: Call, row: Row, lines: Iterable[Fields]) -> None:
    """Refuse to ship what is not there."""
    wanted: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        place = (line["ProductID"], line["Location"])
        wanted[place] = wanted.get(place, ZERO) + line["Quantity"]
    for place, quantity in wanted.items():
        if on_hand(call.state, place) < quantity:
            sku = call.state["product"].rows[place[0]].fields["SKU"]
            raise Invalid(Flaw(f"Not enough stock of '{sku}' at '{place[1]}'"))
        fields = call.state["product"].rows[place[0]].fields
        mapped(call.state, "COGSAccount", fields["COGSAccount"])
        mapped(call.state, "InventoryAccount", fields["InventoryAccount"])


def authorise_ship(call: Call, row: Row, one: Fields) -> None:
    """The goods are gone, oldest first; what they cost so far is booked."""
    one["Ship"]["Status"] = "AUTHORISED"
    number, date = row.fields["OrderNumber"], one["Ship"]["Date"]
    event = Event(one["TaskID"], row.id, date, number, SHIPMENT)
    for line in one["Pick"]["Lines"]:
        draw(call.state, (line["ProductID"], line["Location"]), line["Quantity"], event)
        stamp_product(call, line["ProductID"])
    pairs = shipment_pairs(call.state, event.key)
    post(call.state, booking(call.state, row, one["TaskID"], SHIPMENT, date, number), pairs)
    wait(call.state, row)


def wait(state: DearState, row: Row) -> None:
    """What the sale still waits for is promised to it as far as there is stock."""
    place = row.fields["Location"]
    wanted = unshipped(row.fields)
    need(state, row.id, {(product, place): left for product, left in wanted.items()})


def promised(state: DearState, row: Row, product: str) -> Decimal:
    return granted(state, (product, row.fields["Location"]), row.id)


def backorders(state: DearState, row: Row) -> dict[str, Decimal]:
    """What is promised to nobody yet, by product."""
    return {
        product: left - promised(state, row, product)
        for product, left in unshipped(row.fields).items()
        if left > promised(state, row, product)
    }


def check_undo_ship(call: Call, one: Fields) -> None:
    if one["Ship"]["Status"] == "AUTHORISED":
        refuse_locked(call, [one["Ship"]["Date"]])


def undo_fulfilment(call: Call, row: Row, one: Fields, *, void: bool) -> None:
    key = event_key(one["TaskID"], SHIPMENT)
    if one["Ship"]["Status"] == "AUTHORISED":
        undraw(call.state, key)
        unpost(call.state, call.switches, key)
        unpost(call.state, call.switches, event_key(one["TaskID"], COGS_CHANGE))
        call.state.holdings.booked.pop(key, None)
    for name in ("Pick", "Pack", "Ship"):
        end(call, one[name], void=void)
    wait(call.state, row)


def cost_of_shipped(state: DearState, row: Row) -> dict[str, tuple[Decimal, Decimal]]:
    """By product: quantity shipped, and what it cost by what is known now."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for one in row.fields["Fulfilments"]:
        for made in state.holdings.draws.get(event_key(one["TaskID"], SHIPMENT), ()):
            quantity, cost = sums.get(made.product, (ZERO, ZERO))
            unit = state.holdings.lots[made.card].cost
            sums[made.product] = (quantity + made.quantity, cost + made.quantity * unit)
    return sums


def authorise_credit(call: Call, row: Row, part: Fields) -> None:
    """Post it; goods that came back are on the shelf at what they cost."""
    state = call.state
    part["Status"] = "AUTHORISED"
    _post_bill(call, row, part, credit=True)
    shipped = cost_of_shipped(state, row)
    number = part["CreditNoteNumber"]
    pairs = []
    for line in part["Restock"]:
        quantity, cost = shipped[line["ProductID"]]
        date = line["RestockDate"] or part["CreditNoteDate"]
        event = Event(part["TaskID"], row.id, date, number, RESTOCK)
        place = (line["ProductID"], line["RestockLocation"])
        receive(state, place, line["Quantity"], cost / quantity, event)
        stamp_product(call, line["ProductID"])
        fields = state["product"].rows[line["ProductID"]].fields
        cogs = mapped(state, "COGSAccount", fields["COGSAccount"])
        stock = mapped(state, "InventoryAccount", fields["InventoryAccount"])
        pairs.append((stock, cogs, (line["Quantity"] * cost / quantity).quantize(CENT)))
    why = booking(state, row, part["TaskID"], RESTOCK, part["CreditNoteDate"], number)
    post(state, why, pairs)


def check_undo_credit(call: Call, part: Fields) -> None:
    if part["Status"] in LIVE:
        check_unpaid(call, part, "Refunds")
        lots = lots_of(call.state, event_key(part["TaskID"], RESTOCK))
        if not untouched(call.state, [lot.card for lot in lots]):
            raise Invalid(Flaw("Can not undo: restocked goods are already used"))
        refuse_locked(call, [part["CreditNoteDate"]])


def undo_credit(call: Call, part: Fields, *, void: bool) -> None:
    key = event_key(part["TaskID"], RESTOCK)
    drop_payments(call, part, "Refunds")
    unpost(call.state, call.switches, event_key(part["TaskID"], "CreditNote"))
    unpost(call.state, call.switches, key)
    take_back(call.state, [lot.card for lot in lots_of(call.state, key)])
    end(call, part, void=void)


def inventory_movements(state: DearState, row: Row) -> list[Fields]:
    """InventoryMovements of a sale: what every shipment booked, and what came back."""
    rows: list[Fields] = []
    for one in row.fields["Fulfilments"]:
        for product, cost in state.holdings.booked.get(
            event_key(one["TaskID"], SHIPMENT), {}
        ).items():
            date = one["Ship"]["Date"]
            rows.append({"TaskID": one["TaskID"], "ProductID": product, "Date": date, "COGS": cost})
    for part in live(row.fields["CreditNotes"]):
        rows += [
            {
                "TaskID": part["TaskID"],
                "ProductID": lot.product,
                "Date": lot.date,
                "COGS": -(lot.quantity * lot.cost).quantize(FOUR),
            }
            for lot in lots_of(state, event_key(part["TaskID"], RESTOCK))
        ]
    return rows
