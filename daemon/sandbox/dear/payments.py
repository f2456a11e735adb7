"""Payments, refunds and prepayments of purchases and sales."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.books import SUCCESS, Handler
from daemon.sandbox.dear.documents import (
    LIVE,
    PURCHASE,
    SALE,
    Side,
    asked,
    guid,
    read_date,
    refuse_locked,
)
from daemon.sandbox.dear.errors import Flaw, Invalid, account_missing, missing, not_found
from daemon.sandbox.dear.fields import Fields, Number, Rules, Text, Word, read, require
from daemon.sandbox.dear.holdings import event_key
from daemon.sandbox.dear.money import ZERO, base, manner
from daemon.sandbox.dear.paging import Answer, Call
from daemon.sandbox.dear.postings import (
    Booking,
    deposits,
    mapped,
    post,
    system_account,
    unpost,
)
from daemon.sandbox.dear.purchasestatus import paid, part_totals
from daemon.sandbox.dear.purchasework import row_kind, settle, touch
from daemon.sandbox.dear.state import DearState, Row

TYPES: Final = ("Prepayment", "Payment", "Refund")

PAYMENT: Final[Rules] = {
    "Type": Word(TYPES),
    "Amount": Number(low=Decimal("0.01"), places=2),
    "Account": Text(50),
    "CurrencyRate": Number(low=Decimal("0.00001"), places=5, default=Decimal(1)),
    "Reference": Text(128),
}


class Home:
    """Where a payment belongs: the part of a document, and the list in it."""

    def __init__(self, side: Side, row: Row, part: Fields, kind: str) -> None:
        self.side, self.row, self.part, self.kind = side, row, part, kind
        self.list = {"Prepayment": "Prepayments", "Payment": "Payments", "Refund": "Refunds"}[kind]
        self.task: str = part.get("TaskID") or row.id

    @property
    def number(self) -> str:
        names = {"Payment": "InvoiceNumber", "Refund": "CreditNoteNumber"}
        return str(self.part.get(names.get(self.kind, "")) or self.row.fields["OrderNumber"])


def homes(side: Side, row: Row) -> Iterator[Home]:
    """Every place of a document that can hold payments."""
    fields = row.fields
    sale = side.kind == "sale"
    yield Home(side, row, fields["Quote" if sale else "Order"], "Prepayment")
    for part in fields["Invoices" if sale else "Invoice"]:
        yield Home(side, row, part, "Payment")
    for part in fields["CreditNotes" if sale else "CreditNote"]:
        yield Home(side, row, part, "Refund")


def show_payment(call: Call, home: Home, payment: Fields) -> Fields:
    """One payment on the wire."""
    shown = {
        "ID": payment["ID"],
        "TaskID": home.task,
        "Type": home.kind,
        "Reference": payment["Reference"],
        "Amount": payment["Amount"],
        "DatePaid": payment["DatePaid"],
        "Account": payment["Account"],
        "CurrencyRate": payment["CurrencyRate"],
        "DateCreated": payment["DateCreated"],
    }
    if home.side.kind == "sale":
        shown |= {
            "SaleOrderNumber": home.row.fields["OrderNumber"],
            "InvoiceNumber": home.part.get("InvoiceNumber"),
            "CreditNoteNumber": home.part.get("CreditNoteNumber"),
            "CreditID": payment.get("PrepaymentID"),
        }
    return shown


def show_payments(call: Call, home: Home) -> list[Fields]:
    return [show_payment(call, home, payment) for payment in home.part[home.list]]


def _stamp(call: Call, row: Row) -> None:
    before = row.modified
    touch(call, row)
    if not call.switches.payment_stamps:
        call.state.stamp(row_kind(row), row, before)


def _home(call: Call, side: Side, kind: str) -> Home:
    """The part that the body's TaskID names."""
    task = guid(call.body, "TaskID")
    if not task:
        raise Invalid(missing("TaskID"))
    row = call.state.document_of(side.kind, task)
    for home in homes(side, row) if row is not None else ():
        if home.kind == kind and home.task == task:
            return home
    what = {"Prepayment": side.label, "Payment": "Invoice", "Refund": "Credit note"}[kind]
    raise Invalid(not_found(what))


def _may_be_paid(call: Call, home: Home) -> None:
    fields, status = home.row.fields, home.part["Status"]
    if home.kind == "Payment" and status not in LIVE:
        raise Invalid(Flaw("Invoice must be authorised before it is paid"))
    if home.kind == "Refund" and status not in LIVE:
        raise Invalid(Flaw("Credit note must be authorised before it is refunded"))
    if home.kind == "Prepayment":
        invoices = fields["Invoices" if home.side.kind == "sale" else "Invoice"]
        started = any(part["Status"] in LIVE for part in invoices)
        if home.side.kind == "sale":
            started = started or fields["Order"]["Status"] == "AUTHORISED"
        if status != "AUTHORISED" or started or fields["Voided"]:
            text = "authorised quote and no authorised order or invoice"
            need = text if home.side.kind == "sale" else "authorised order and no invoice"
            raise Invalid(Flaw(f"Prepayment needs an {need}"))


def _checked(call: Call, home: Home, known: Fields) -> Fields:
    flaws: list[Flaw] = []
    given = read(PAYMENT, call.body, call.switches, flaws, updating=bool(known))
    date = read_date(call.body, "DatePaid", flaws)
    merged = {**known, **given, **({"DatePaid": date} if date else {})}
    require(merged, ["Amount", "DatePaid", "Account"], flaws)
    account = call.state["account"].get(str(merged.get("Account") or ""))
    if merged.get("Account") and account is None:
        flaws.append(account_missing())
    elif account is not None and not account.fields["ForPayments"]:
        flaws.append(Flaw(f"Account '{account.id}' can not be used for payments"))
    currency = home.row.fields["Currency"]
    foreign = currency != call.state.me["Currency"]
    if foreign and "CurrencyRate" not in merged:
        flaws.append(missing("CurrencyRate"))
    merged["CurrencyRate"] = merged.get("CurrencyRate", Decimal(1)) if foreign else Decimal(1)
    if not flaws and call.switches.over_payment == "refuse" and home.kind != "Prepayment":
        how = manner(call.state.me, home.row.fields, call.switches)
        open_amount = part_totals(home.part, how).total - paid(home.part[home.list])
        if merged["Amount"] > open_amount + known.get("Amount", ZERO):
            flaws.append(Flaw(f"Amount is above the open balance of {open_amount}"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [merged["DatePaid"], known.get("DatePaid")])
    return merged


def _pairs(state: DearState, home: Home, payment: Fields) -> list[tuple[str, str, Decimal]]:
    """Bank against receivable or payable; what the rates differ by is a gain or a loss."""
    side, row = home.side, home.row
    party = state[side.party].rows[row.fields[side.party_key]]
    control = mapped(state, side.control, party.fields[side.control])
    money = base(payment["Amount"], payment["CurrencyRate"])
    if home.kind == "Prepayment":
        name = "Customer Credits" if side.kind == "sale" else "Supplier Deposits"
        control, owed = deposits(state, name, control), money
    else:
        owed = base(payment["Amount"], home.part.get("Rate") or row.fields["CurrencyRate"])
    gain = system_account(state, "REALISEDCURRENCYGAIN")
    comes_in = (side.kind == "sale") != (home.kind == "Refund")
    if comes_in:
        return [(payment["Account"], control, money), (gain, control, owed - money)]
    return [(control, payment["Account"], money), (control, gain, owed - money)]


def _post(state: DearState, home: Home, payment: Fields) -> None:
    label = "Sale" if home.side.kind == "sale" else "Purchase"
    text = f"{home.kind}: {home.number}"
    reference = payment["Reference"] or home.number
    why = Booking(
        home.task, home.row.id, payment["DatePaid"], reference, text, label, payment["ID"]
    )
    post(state, why, _pairs(state, home, payment))


def create_payment(call: Call, side: Side) -> Answer:
    """Any case of Type is taken."""
    flaws: list[Flaw] = []
    kind = read({"Type": PAYMENT["Type"]}, call.body, call.switches, flaws).get("Type")
    if not kind:
        raise Invalid(*(flaws or [missing("Type")]))
    home = _home(call, side, kind)
    _may_be_paid(call, home)
    given = _checked(call, home, {})
    payment: Fields = {
        "ID": call.state.new_id(),
        "Reference": given.get("Reference"),
        "Amount": given["Amount"],
        "DatePaid": given["DatePaid"],
        "Account": given["Account"],
        "CurrencyRate": given["CurrencyRate"],
        "DateCreated": call.state.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z",
    }
    home.part[home.list].append(payment)
    _post(call.state, home, payment)
    if home.kind == "Payment":
        settle(call, home.row, home.part)
    _stamp(call, home.row)
    call.created.append(f"payment/{payment['ID']}")
    return show_payment(call, home, payment)


def _find(call: Call, side: Side, wanted: str) -> tuple[Home, Fields]:
    for row in call.state[side.kind]:
        for home in homes(side, row):
            for payment in home.part[home.list]:
                if payment["ID"] == wanted:
                    return home, payment
    raise Invalid(not_found("Payment"))


def update_payment(call: Call, side: Side) -> Answer:
    """Prepayments, and what was allocated from them, stay as they are."""
    home, payment = _find(call, side, call.record_id())
    if home.kind == "Prepayment" or payment.get("PrepaymentID"):
        raise Invalid(Flaw("Prepayment can not be changed"))
    payment |= _checked(call, home, payment)
    payment.pop("Type", None)
    unpost(call.state, call.switches, event_key(home.task, payment["ID"]))
    _post(call.state, home, payment)
    if home.kind == "Payment":
        settle(call, home.row, home.part)
    _stamp(call, home.row)
    return show_payment(call, home, payment)


def delete_payment(call: Call, side: Side) -> Answer:
    """A prepayment that was allocated goes only with DeleteAllocation."""
    wanted = call.query.guid("ID")
    if not wanted:
        raise Invalid(missing("ID"))
    home, payment = _find(call, side, wanted)
    allocated = [
        (other, one)
        for other in homes(side, home.row)
        for one in other.part[other.list]
        if one.get("PrepaymentID") == wanted
    ]
    if allocated and not call.query.flag("DeleteAllocation"):
        raise Invalid(Flaw("Prepayment is allocated: use DeleteAllocation"))
    refuse_locked(call, [payment["DatePaid"]])
    for place, one in [*allocated, (home, payment)]:
        unpost(call.state, call.switches, event_key(place.task, one["ID"]))
        place.part[place.list].remove(one)
        if place.kind == "Payment":
            settle(call, place.row, place.part)
    _stamp(call, home.row)
    return SUCCESS


def list_payments(call: Call, side: Side, name: str) -> Answer:
    """A bare array: everything paid on one document."""
    row = asked(call, side, name)
    return [shown for home in homes(side, row) for shown in show_payments(call, home)]


def _routes(side: Side, name: str) -> dict[str, Handler]:
    return {
        "GET": partial(list_payments, side=side, name=name),
        "POST": partial(create_payment, side=side),
        "PUT": partial(update_payment, side=side),
    }


ROUTES: Final[dict[str, Any]] = {
    "advanced-purchase/payment": _routes(PURCHASE, "PurchaseID"),
    "purchase/payment": {"DELETE": partial(delete_payment, side=PURCHASE)},
    "sale/payment": {
        **_routes(SALE, "SaleID"),
        "DELETE": partial(delete_payment, side=SALE),
    },
}
