"""What happens when parts of a purchase are authorised, undone or voided: stock and entries.

No reading of requests here. Checks come first, then the changes, so that a refusal leaves nothing.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from daemon.sandbox.dear.documents import LIVE, refuse_locked
from daemon.sandbox.dear.errors import Flaw, Invalid
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.holdings import Place, event_key
from daemon.sandbox.dear.money import ZERO, base, manner, net
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
from daemon.sandbox.dear.purchasestatus import is_ordered, live, paid, part_totals
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.stockroom import (
    Event,
    coming,
    draw,
    lots_of,
    receive,
    refresh,
    take_back,
    undraw,
    untouched,
)

RECEIPT_TYPES = {"StockReceived": "Purchase", "PutAway": "Put Away"}
UNSTOCK = "Purchase Credit Note"


def touch(call: Call, row: Row) -> None:
    """The purchase was changed."""
    call.state.stamp(row_kind(row), row)
    call.changed.append(f"{row_kind(row)}/{row.id}")


def row_kind(row: Row) -> str:
    return "purchase" if "SupplierID" in row.fields else "sale"


def supplier_of(state: DearState, row: Row) -> Row:
    return state["supplier"].rows[row.fields["SupplierID"]]


def payable(state: DearState, row: Row) -> str:
    return mapped(state, "AccountPayable", supplier_of(state, row).fields["AccountPayable"])


def line_account(state: DearState, row: Row, line: Fields) -> str:
    """Where a purchased line goes: stock into inventory, services into expense."""
    product = state["product"].rows[line["ProductID"]].fields
    if product["Type"] == "Stock":
        chosen = (line["Account"], product["InventoryAccount"], row.fields["InventoryAccount"])
        return mapped(state, "InventoryAccount", *chosen)
    given = line["Account"] or product["ExpenseAccount"]
    return str(given) if given else mapped(state, "COGSAccount", product["COGSAccount"])


def booking(state: DearState, row: Row, part: Fields, what: str, date: str, number: str) -> Booking:
    name = supplier_of(state, row).fields["Name"]
    return Booking(part["TaskID"], row.id, date, number, f"{name}: {number}", "Purchase", what)


def _post_bill(call: Call, row: Row, part: Fields, *, credit: bool) -> None:
    state, how = call.state, manner(call.state.me, row.fields, call.switches)
    bill = Bill(
        control=payable(state, row),
        lines=[*part["Lines"], *part["AdditionalCharges"]],
        totals=part_totals(part, how),
        rate=row.fields["CurrencyRate"],
        account_of=partial(line_account, state, row),
    )
    pairs = bill_pairs(state, bill, how, debits_lines=not credit)
    date = part["CreditNoteDate"] if credit else part["InvoiceDate"]
    number = part["CreditNoteNumber"] if credit else part["InvoiceNumber"]
    what = "CreditNote" if credit else "Invoice"
    post(state, booking(state, row, part, what, date, number), pairs)


def fill_accounts(call: Call, row: Row, lines: Iterable[Fields]) -> None:
    """Give every line its account; refuse when one is nowhere chosen."""
    payable(call.state, row)
    for line in lines:
        line["Account"] = line_account(call.state, row, line)


def authorise_invoice(call: Call, row: Row, part: Fields) -> None:
    """Post it, use up prepayments, and give what was received its cost."""
    part["Status"] = "AUTHORISED"
    _post_bill(call, row, part, credit=False)
    use_prepayments(call, row, part)
    settle(call, row, part)
    recost(call, row, part["InvoiceDate"])


def use_prepayments(call: Call, row: Row, part: Fields) -> None:
    state, how = call.state, manner(call.state.me, row.fields, call.switches)
    control = payable(state, row)
    waiting = deposits(state, "Supplier Deposits", control)
    prepayments, invoices = row.fields["Order"]["Prepayments"], row.fields["Invoice"]
    for payment in allocate(state, prepayments, invoices, part, part_totals(part, how).total):
        if waiting != control:
            date, number = part["InvoiceDate"], part["InvoiceNumber"]
            why = booking(state, row, part, payment["ID"], date, number)
            amount = base(payment["Amount"], payment["CurrencyRate"])
            post(state, why, [(control, waiting, amount)])


def settle(call: Call, row: Row, part: Fields) -> None:
    """AUTHORISED or PAID, by what was paid."""
    if part["Status"] in LIVE:
        total = part_totals(part, manner(call.state.me, row.fields, call.switches)).total
        done = total > 0 and paid(part["Payments"]) >= total
        part["Status"] = "PAID" if done else "AUTHORISED"


def check_unpaid(call: Call, part: Fields, name: str) -> None:
    """Refuse to undo what carries payments, unless they go with it."""
    payments = part[name]
    own = [payment for payment in payments if not payment.get("PrepaymentID")]
    if own and call.switches.undo_paid == "refuse":
        raise Invalid(Flaw("Can not undo: delete the payments first"))
    refuse_locked(call, [payment["DatePaid"] for payment in own])


def drop_payments(call: Call, part: Fields, name: str) -> None:
    for payment in part[name]:
        unpost(call.state, call.switches, event_key(part["TaskID"], payment["ID"]))
    part[name] = []


def check_undo_invoice(call: Call, part: Fields) -> None:
    if part["Status"] in LIVE:
        check_unpaid(call, part, "Payments")
        refuse_locked(call, [part["InvoiceDate"]])


def undo_invoice(call: Call, row: Row, part: Fields, *, void: bool) -> None:
    """Back to DRAFT, or VOIDED; what was received by it has no cost any more."""
    was_live = part["Status"] in LIVE
    drop_payments(call, part, "Payments")
    unpost(call.state, call.switches, event_key(part["TaskID"], "Invoice"))
    _end(call, part, void=void)
    if was_live:
        recost(call, row, part["InvoiceDate"])


def _end(call: Call, part: Fields, *, void: bool) -> None:
    if part["Status"] in ("NOT AVAILABLE", "VOIDED") and not void:
        return
    part["Status"] = "VOIDED" if void else "DRAFT"
    if void and call.switches.void_empties:
        for name in ("Lines", "AdditionalCharges", "Unstock"):
            if name in part:
                part[name] = []


def authorise_credit(call: Call, row: Row, part: Fields) -> None:
    part["Status"] = "AUTHORISED"
    _post_bill(call, row, part, credit=True)
    for line in part["Unstock"]:
        lot = call.state.holdings.lots[line["CardID"]]
        date, number = line["Date"] or part["CreditNoteDate"], part["CreditNoteNumber"]
        event = Event(part["TaskID"], row.id, date, number, UNSTOCK)
        draw(call.state, (lot.product, lot.location), line["Quantity"], event, card=lot.card)


def check_undo_credit(call: Call, part: Fields) -> None:
    if part["Status"] in LIVE:
        check_unpaid(call, part, "Refunds")
        refuse_locked(call, [part["CreditNoteDate"]])


def undo_credit(call: Call, part: Fields, *, void: bool) -> None:
    drop_payments(call, part, "Refunds")
    unpost(call.state, call.switches, event_key(part["TaskID"], "CreditNote"))
    undraw(call.state, event_key(part["TaskID"], UNSTOCK))
    _end(call, part, void=void)


def authorise_receipt(call: Call, row: Row, part: Fields, list_name: str) -> None:
    """The goods are on the shelf, at what the authorised invoices say they cost."""
    state = call.state
    part["Status"] = "AUTHORISED"
    costs = unit_costs(call, row)
    for line in part["Lines"]:
        event = Event(
            part["TaskID"],
            row.id,
            line["Date"],
            row.fields["OrderNumber"],
            RECEIPT_TYPES[list_name],
        )
        place: Place = (line["ProductID"], line["Location"])
        lot = receive(state, place, line["Quantity"], costs.get(line["ProductID"], ZERO), event)
        lot.batch, lot.expiry = line["BatchSN"], line["ExpiryDate"]
        line["CardID"] = lot.card
        stamp_product(call, line["ProductID"])
    expect(call, row)


def stamp_product(call: Call, product_id: str) -> None:
    if call.switches.stock_stamps:
        call.state.stamp("product", call.state["product"].rows[product_id])


def check_undo_receipt(call: Call, part: Fields, list_name: str, *, besides: str = "") -> None:
    """Refuse while somebody drew from it; draws of the document ``besides`` go with it."""
    if part["Status"] in LIVE:
        lots = lots_of(call.state, event_key(part["TaskID"], RECEIPT_TYPES[list_name]))
        if not untouched(call.state, [lot.card for lot in lots], besides=besides):
            raise Invalid(Flaw("Can not undo: received stock is already used"))
        refuse_locked(call, [line["Date"] for line in part["Lines"]])


def undo_receipt(call: Call, row: Row, part: Fields, list_name: str, *, void: bool) -> None:
    lots = lots_of(call.state, event_key(part["TaskID"], RECEIPT_TYPES[list_name]))
    take_back(call.state, [lot.card for lot in lots])
    for line in part["Lines"]:
        line["CardID"] = None
        stamp_product(call, line["ProductID"])
    _end(call, part, void=void)
    expect(call, row)


def unit_costs(call: Call, row: Row) -> dict[str, Decimal]:
    """What one unit of every product cost by the authorised invoices, in the base currency."""
    how = manner(call.state.me, row.fields, call.switches)
    amounts: dict[str, Decimal] = {}
    counts: dict[str, Decimal] = {}
    for part in live(row.fields["Invoice"]):
        for line in part["Lines"]:
            product = line["ProductID"]
            cost = net(line, how) * row.fields["CurrencyRate"]
            amounts[product] = amounts.get(product, ZERO) + cost
            counts[product] = counts.get(product, ZERO) + line["Quantity"]
    return {product: amounts[product] / counts[product] for product in amounts}


def recost(call: Call, row: Row, date: str) -> None:
    """What came in by this purchase costs what its invoices now say; shipments follow."""
    state, costs = call.state, unit_costs(call, row)
    shipments: dict[str, str] = {}
    for list_name, kind in RECEIPT_TYPES.items():
        for part in row.fields[list_name]:
            for lot in lots_of(state, event_key(part["TaskID"], kind)):
                cost = costs.get(lot.product, ZERO)
                if lot.cost == cost:
                    continue
                lot.cost = cost
                stamp_product(call, lot.product)
                for made in state.holdings.drawn.get(lot.card, []):
                    if made.type == "Sale":
                        shipments[event_key(made.task, made.type)] = made.master
                refresh(state, (lot.product, lot.location))
    for key, sale_id in shipments.items():
        _recost_shipment(call, key, sale_id, date)


def _recost_shipment(call: Call, key: str, sale_id: str, date: str) -> None:
    state = call.state
    sale = state["sale"].rows[sale_id]
    pairs = shipment_pairs(state, key)
    number = sale.fields["OrderNumber"]
    task = state.holdings.draws[key][0].task
    why = Booking(task, sale.id, date, number, f"{COGS_CHANGE}: {number}", "Sale", COGS_CHANGE)
    post(state, why, pairs)
    if pairs and call.switches.recost_stamps:
        state.stamp("sale", sale)


def expect(call: Call, row: Row) -> None:
    """What is on order from this purchase."""
    fields = row.fields
    wanted: dict[Place, Decimal] = {}
    if is_ordered(fields) and not fields["Voided"]:
        got: dict[str, Decimal] = {}
        for part in live([*fields["StockReceived"], *fields["PutAway"]]):
            for line in part["Lines"]:
                got[line["ProductID"]] = got.get(line["ProductID"], ZERO) + line["Quantity"]
        for line in fields["Order"]["Lines"]:
            place = (line["ProductID"], fields["Location"])
            used = min(got.get(line["ProductID"], ZERO), line["Quantity"])
            got[line["ProductID"]] = got.get(line["ProductID"], ZERO) - used
            wanted[place] = wanted.get(place, ZERO) + line["Quantity"] - used
    coming(call.state, row.id, wanted)


def movements_of(state: DearState, row: Row) -> list[Mapping[str, Any]]:
    """InventoryMovements of a purchase: what it brought, at cost."""
    shown: list[Mapping[str, Any]] = []
    for list_name, kind in RECEIPT_TYPES.items():
        for part in live(row.fields[list_name]):
            for lot in lots_of(state, event_key(part["TaskID"], kind)):
                shown.append(
                    {
                        "TaskID": part["TaskID"],
                        "ProductID": lot.product,
                        "Date": lot.date,
                        "COGS": (lot.quantity * lot.cost).quantize(Decimal("0.0001")),
                    }
                )
    return shown
