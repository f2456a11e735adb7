"""Purchases as a whole: header, order, reading, undo and void. Parts are in ``purchaseparts``.

``/purchase`` is the old face of simple purchases: it is only read here.
"""

from typing import Final

from daemon.sandbox.dear.books import Routes
from daemon.sandbox.dear.documents import (
    POSTAL,
    PURCHASE,
    SHIP_TO,
    LineReader,
    asked,
    find,
    named,
    refuse_locked,
    status_of,
    text_of,
    today,
)
from daemon.sandbox.dear.errors import Flaw, Invalid, not_simulated
from daemon.sandbox.dear.fields import Fields, Flag, Rules, Text, Word, blank, require
from daemon.sandbox.dear.headers import (
    FIXED,
    SHARED,
    currency_flaws,
    no_attributes,
    party_address,
    party_contact,
    party_of,
    read_header,
)
from daemon.sandbox.dear.paging import Answer, Call
from daemon.sandbox.dear.purchaseshow import show_old, show_order, show_purchase
from daemon.sandbox.dear.purchasestatus import live
from daemon.sandbox.dear.purchasework import (
    RECEIPT_TYPES,
    check_undo_credit,
    check_undo_invoice,
    check_undo_receipt,
    expect,
    row_kind,
    touch,
    undo_credit,
    undo_invoice,
    undo_receipt,
)
from daemon.sandbox.dear.state import Row

HEADER: Final[Rules] = {
    **SHARED,
    "Approach": Word(("INVOICE", "STOCK")),
    "TaxCalculation": Word(("Inclusive", "Exclusive"), default="Exclusive"),
    "BlindReceipt": Flag(),
    "InventoryAccount": Text(50),
}
KIND: Final[Rules] = {
    "PurchaseType": Word(("Simple", "Advanced"), default="Advanced"),
    "IsServiceOnly": Flag(),
}


def get_purchase(call: Call) -> Answer:
    return show_purchase(call, asked(call, PURCHASE))


def get_old(call: Call) -> Answer:
    """The deprecated endpoint knows simple purchases only."""
    row = asked(call, PURCHASE)
    if row.fields["Type"] != "Simple Purchase":
        raise Invalid(
            "This endpoint is deprecated and does not support Advanced and Service purchases. "
            "Please use AdvancedPurchase endpoint"
        )
    return show_old(call, row)


def create_purchase(call: Call) -> Answer:
    """Only the header: lines in the body are not looked at."""
    flaws: list[Flaw] = []
    given = read_header(call, PURCHASE, {**HEADER, **KIND}, flaws, updating=False)
    supplier = party_of(call, PURCHASE, flaws)
    require(given, ["Approach", "Location"], flaws)
    if supplier is not None:
        currency_flaws(call, supplier.fields["Currency"], given, flaws)
    if flaws or supplier is None:
        raise Invalid(*flaws)
    row = new_purchase(call, supplier, given)
    return show_purchase(call, row)


def new_purchase(call: Call, supplier: Row, given: Fields) -> Row:
    """Keep a header; what was not given comes from the supplier."""
    state = call.state
    service = given.pop("IsServiceOnly", False)
    kind = given.pop("PurchaseType", None) or "Advanced"
    fields: Fields = {
        **blank(HEADER),
        "OrderNumber": state.number("PO"),
        "OrderDate": today(state),
        "RequiredBy": None,
        "SupplierID": supplier.id,
        "Currency": supplier.fields["Currency"],
        "Contact": party_contact(supplier, "Name"),
        "Phone": party_contact(supplier, "Phone"),
        "TaxRule": supplier.fields["TaxRule"],
        "Terms": supplier.fields["PaymentTerm"],
        "BillingAddress": party_address(supplier, "Billing", POSTAL),
        "ShippingAddress": blank(SHIP_TO),
        **given,
        "Type": "Service Purchase" if service else f"{kind} Purchase",
        "IsServiceOnly": bool(service),
        "AdditionalAttributes": {**no_attributes(), **given.get("AdditionalAttributes", {})},
        "Voided": False,
        "Undone": False,
        "Order": {
            "Memo": None,
            "Status": "NOT AVAILABLE",
            "Lines": [],
            "AdditionalCharges": [],
            "Prepayments": [],
        },
        "StockReceived": [],
        "PutAway": [],
        "Invoice": [],
        "CreditNote": [],
    }
    row = state.add("purchase", fields)
    call.created.append(f"purchase/{row.id}")
    return row


def update_purchase(call: Call) -> Answer:
    """Header fields; what counts for amounts is fixed once the order is authorised."""
    row = find(call, PURCHASE, call.record_id())
    flaws: list[Flaw] = []
    given = read_header(call, PURCHASE, HEADER, flaws, updating=True)
    change_header(call, row, given, flaws)
    return show_purchase(call, row)


def change_header(call: Call, row: Row, given: Fields, flaws: list[Flaw]) -> None:
    """Set header fields of a purchase or sale, or refuse."""
    fields = row.fields
    if fields["Voided"]:
        flaws.append(Flaw("Voided document can not be changed"))
    sale = row_kind(row) == "sale"
    bills = [
        *fields["Invoices" if sale else "Invoice"],
        *fields["CreditNotes" if sale else "CreditNote"],
    ]
    parts = [fields["Order"], *bills, *([fields["Quote"]] if sale else [])]
    settled = fields["Order"]["Status"] == "AUTHORISED" or bool(live(bills))
    drafted = any(part["Lines"] or part["AdditionalCharges"] for part in parts)
    for name in FIXED:
        changed = name in given and given[name] != fields.get(name)
        if changed and (settled or (drafted and name == "TaxCalculation")):
            flaws.append(Flaw(f"'{name}' can not be changed: undo the document first"))
    if fields["Currency"] == call.state.me["Currency"]:
        given.pop("CurrencyRate", None)
    if flaws:
        raise Invalid(*flaws)
    if "AdditionalAttributes" in given:
        given["AdditionalAttributes"] = {
            **fields["AdditionalAttributes"],
            **given["AdditionalAttributes"],
        }
    fields.update(given)
    touch(call, row)


def get_order(call: Call) -> Answer:
    row = asked(call, PURCHASE, "TaskID")
    return {"TaskID": call.shown_id(row), **show_order(call, row)}


def write_order(call: Call) -> Answer:
    """Replaces every line; an authorised order must be undone first."""
    row = named(call, PURCHASE, "TaskID")
    fields = row.fields
    flaws: list[Flaw] = []
    status = status_of(call, flaws)
    memo = text_of(call, "Memo", 1024, flaws)
    goods, charges = LineReader(call, PURCHASE, fields).lines(flaws)
    if fields["Voided"] or fields["Order"]["Status"] not in ("DRAFT", "NOT AVAILABLE"):
        flaws.append(Flaw("Purchase order status must be DRAFT or NOT AVAILABLE"))
    if status == "AUTHORISED" and not goods and not charges:
        flaws.append(Flaw("Lines value cannot be empty"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [fields["OrderDate"]] if status == "AUTHORISED" else [])
    order = fields["Order"]
    order |= {"Lines": goods, "AdditionalCharges": charges, "Status": status}
    order["Memo"] = memo if "Memo" in call.body else order["Memo"]
    fields["Undone"] = False
    expect(call, row)
    touch(call, row)
    return {"TaskID": call.shown_id(row), **show_order(call, row)}


def check_end(call: Call, row: Row) -> None:
    """Refuse an undo or void that can not be carried out whole."""
    fields = row.fields
    if fields["Voided"]:
        raise Invalid(Flaw("Purchase is voided already"))
    if fields["Order"]["Prepayments"] and call.switches.undo_paid == "refuse":
        raise Invalid(Flaw("Can not undo: delete the payments first"))
    for part in fields["CreditNote"]:
        check_undo_credit(call, part)
    for part in fields["Invoice"]:
        check_undo_invoice(call, part)
    for list_name in RECEIPT_TYPES:
        for part in fields[list_name]:
            check_undo_receipt(call, part, list_name, besides=row.id)
    if fields["Order"]["Status"] == "AUTHORISED":
        refuse_locked(call, [fields["OrderDate"]])


def end_purchase(call: Call, row: Row, *, void: bool) -> None:
    """Undo to DRAFT, or void: every part goes with it."""
    check_end(call, row)
    fields = row.fields
    for part in fields["CreditNote"]:
        undo_credit(call, part, void=void)
    for part in fields["Invoice"]:
        undo_invoice(call, row, part, void=void)
    for list_name in RECEIPT_TYPES:
        for part in fields[list_name]:
            undo_receipt(call, row, part, list_name, void=void)
    order = fields["Order"]
    if void:
        fields["Voided"] = True
        order["Status"] = "VOIDED"
        if call.switches.void_empties:
            order |= {"Lines": [], "AdditionalCharges": []}
    elif order["Status"] == "AUTHORISED":
        order["Status"] = "DRAFT"
        fields["Undone"] = call.switches.undone == "draft"
    expect(call, row)
    touch(call, row)


def delete_purchase(call: Call) -> Answer:
    row = asked(call, PURCHASE)
    end_purchase(call, row, void=bool(call.query.flag("Void")))
    return show_purchase(call, row)


def refuse_old(call: Call) -> Answer:
    """Writing by the deprecated endpoint is not imitated."""
    raise not_simulated("this method on", "/purchase")


ROUTES: Final[Routes] = {
    "advanced-purchase": {
        "GET": get_purchase,
        "POST": create_purchase,
        "PUT": update_purchase,
        "DELETE": delete_purchase,
    },
    "purchase": {
        "GET": get_old,
        "POST": refuse_old,
        "PUT": refuse_old,
        "DELETE": refuse_old,
    },
    "purchase/order": {"GET": get_order, "POST": write_order},
}
