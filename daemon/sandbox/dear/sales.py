"""Sales as a whole: header, quote, order, reading, undo and void. Parts are in ``saleparts``."""

from decimal import Decimal
from typing import Final

from daemon.sandbox.dear.books import Routes
from daemon.sandbox.dear.documents import (
    POSTAL,
    SALE,
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
from daemon.sandbox.dear.errors import Flaw, Invalid, not_in_book, not_one_of
from daemon.sandbox.dear.fields import TEXT, Fields, Flag, Rules, Text, Word, blank, require
from daemon.sandbox.dear.headers import (
    SHARED,
    currency_flaws,
    no_attributes,
    party_address,
    party_contact,
    party_of,
    read_header,
)
from daemon.sandbox.dear.paging import Answer, Call
from daemon.sandbox.dear.purchases import change_header
from daemon.sandbox.dear.purchasework import touch
from daemon.sandbox.dear.salefulfil import auto_fulfil, check_auto
from daemon.sandbox.dear.saleshow import show_order, show_quote, show_sale
from daemon.sandbox.dear.salework import (
    check_undo_credit,
    check_undo_invoice,
    check_undo_ship,
    undo_credit,
    undo_fulfilment,
    undo_invoice,
    wait,
)
from daemon.sandbox.dear.state import Row

HEADER: Final[Rules] = {
    **SHARED,
    "Email": Text(256),
    "DefaultAccount": Text(50),
    "ShippingNotes": Text(1024),
    "PriceTier": TEXT,
    "CustomerReference": Text(256),
    "Carrier": TEXT,
    "SalesRepresentative": TEXT,
    "SourceChannel": TEXT,
    "ExternalID": Text(256),
    "TaxInclusive": Flag(),
    "SkipQuote": Flag(),
}
KIND: Final[Rules] = {
    "SaleType": Word(("Simple", "Advanced"), default="Simple"),
    "ServiceOnly": Flag(),
}
MODES: Final = ("NOPICK", "AUTOPICK", "AUTOPICKPACK", "AUTOPICKPACKSHIP")


def get_sale(call: Call) -> Answer:
    return show_sale(call, asked(call, SALE))


def _read(call: Call, rules: Rules, flaws: list[Flaw], *, updating: bool) -> Fields:
    given = read_header(call, SALE, rules, flaws, updating=updating)
    if "TaxInclusive" in given:
        inclusive = given.pop("TaxInclusive")
        given["TaxCalculation"] = "Inclusive" if inclusive else "Exclusive"
    if (tier := given.get("PriceTier")) and tier not in call.state.price_tiers:
        flaws.append(not_in_book(tier))
    return given


def create_sale(call: Call) -> Answer:
    """Only the header: lines in the body are not looked at."""
    flaws: list[Flaw] = []
    given = _read(call, {**HEADER, **KIND}, flaws, updating=False)
    customer = party_of(call, SALE, flaws)
    require(given, ["Location"], flaws)
    if customer is not None:
        currency_flaws(call, customer.fields["Currency"], given, flaws)
    if flaws or customer is None:
        raise Invalid(*flaws)
    return show_sale(call, new_sale(call, customer, given))


def new_sale(call: Call, customer: Row, given: Fields) -> Row:
    """Keep a header; what was not given comes from the customer."""
    state = call.state
    service = given.pop("ServiceOnly", False)
    kind = given.pop("SaleType", None) or "Simple"
    empty: Fields = {"Memo": None, "Status": "NOT AVAILABLE"}
    fields: Fields = {
        **{name: value for name, value in blank(HEADER).items() if name != "TaxInclusive"},
        "TaxCalculation": "Exclusive",
        "CurrencyRate": Decimal(1),
        "OrderNumber": state.number("SO"),
        "SaleOrderDate": today(state),
        "Created": state.now(),
        "ShipBy": None,
        "CustomerID": customer.id,
        "Currency": customer.fields["Currency"],
        "Contact": party_contact(customer, "Name"),
        "Phone": party_contact(customer, "Phone"),
        "Email": party_contact(customer, "Email"),
        "DefaultAccount": customer.fields["RevenueAccount"],
        "TaxRule": customer.fields["TaxRule"],
        "Terms": customer.fields["PaymentTerm"],
        "PriceTier": customer.fields["PriceTier"],
        "Carrier": customer.fields["Carrier"],
        "SalesRepresentative": customer.fields["SalesRepresentative"],
        "BillingAddress": party_address(customer, "Billing", POSTAL),
        "ShippingAddress": party_address(customer, "Shipping", SHIP_TO),
        **given,
        "Type": "Service Sale" if service else f"{kind} Sale",
        "IsServiceOnly": bool(service),
        "AdditionalAttributes": {**no_attributes(), **given.get("AdditionalAttributes", {})},
        "Voided": False,
        "Undone": False,
        "Quote": {**empty, "Lines": [], "AdditionalCharges": [], "Prepayments": []},
        "Order": {**empty, "Lines": [], "AdditionalCharges": []},
        "Fulfilments": [],
        "Invoices": [],
        "CreditNotes": [],
    }
    row = state.add("sale", fields)
    call.created.append(f"sale/{row.id}")
    return row


def update_sale(call: Call) -> Answer:
    row = find(call, SALE, call.record_id())
    flaws: list[Flaw] = []
    given = _read(call, HEADER, flaws, updating=True)
    if "SkipQuote" in given and row.fields["Quote"]["Status"] != "NOT AVAILABLE":
        given.pop("SkipQuote")
    change_header(call, row, given, flaws)
    return show_sale(call, row)


def _write_lines(call: Call, row: Row, name: str, flaws: list[Flaw]) -> tuple[str, Fields]:
    """Status and lines of a quote or order, which must be open."""
    part = row.fields[name]
    status = status_of(call, flaws)
    memo = text_of(call, "Memo", 1024, flaws)
    goods, charges = LineReader(call, SALE, row.fields).lines(flaws)
    if row.fields["Voided"] or part["Status"] not in ("DRAFT", "NOT AVAILABLE"):
        flaws.append(Flaw(f"{name} status must be DRAFT or NOT AVAILABLE"))
    if row.fields["IsServiceOnly"]:
        flaws.append(Flaw("Service sale has no quote and no order"))
    if status == "AUTHORISED" and not goods and not charges:
        flaws.append(Flaw("Lines value cannot be empty"))
    kept = memo if "Memo" in call.body else part["Memo"]
    return status, {"Lines": goods, "AdditionalCharges": charges, "Memo": kept}


def write_quote(call: Call) -> Answer:
    row = named(call, SALE, "SaleID")
    flaws: list[Flaw] = []
    status, given = _write_lines(call, row, "Quote", flaws)
    if row.fields["SkipQuote"]:
        flaws.append(Flaw("Quote is skipped in this sale"))
    if row.fields["Order"]["Status"] != "NOT AVAILABLE":
        flaws.append(Flaw("Sale is ordered already"))
    if flaws:
        raise Invalid(*flaws)
    row.fields["Quote"] |= {**given, "Status": status}
    row.fields["Undone"] = False
    touch(call, row)
    return {"SaleID": call.shown_id(row), **show_quote(call, row)}


def write_order(call: Call) -> Answer:
    """Replaces every line; what is short becomes a backorder without a word."""
    row = named(call, SALE, "SaleID")
    flaws: list[Flaw] = []
    status, given = _write_lines(call, row, "Order", flaws)
    if not row.fields["SkipQuote"] and row.fields["Quote"]["Status"] != "AUTHORISED":
        flaws.append(Flaw("Quote must be authorised"))
    mode = str(call.body.get("AutoPickPackShipMode") or "NOPICK").upper()
    if mode not in MODES:
        flaws.append(not_one_of("AutoPickPackShipMode", MODES))
    if mode != "NOPICK" and row.fields["Type"] != "Simple Sale":
        flaws.append(Flaw("AutoPickPackShipMode is for simple sales"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [row.fields["SaleOrderDate"]] if status == "AUTHORISED" else [])
    auto = mode if status == "AUTHORISED" else "NOPICK"
    if auto != "NOPICK":
        check_auto(call, row, given["Lines"], auto)
    row.fields["Order"] |= {**given, "Status": status}
    row.fields["Undone"] = False
    wait(call.state, row)
    if auto != "NOPICK":
        auto_fulfil(call, row, auto)
    touch(call, row)
    return {"SaleID": call.shown_id(row), **show_order(call, row)}


def get_quote(call: Call) -> Answer:
    row = asked(call, SALE, "SaleID")
    return {"SaleID": call.shown_id(row), **show_quote(call, row)}


def get_order(call: Call) -> Answer:
    row = asked(call, SALE, "SaleID")
    return {"SaleID": call.shown_id(row), **show_order(call, row)}


def end_sale(call: Call, row: Row, *, void: bool) -> None:
    """Undo to DRAFT, or void: every part goes with it, or nothing does."""
    fields = row.fields
    if fields["Voided"]:
        raise Invalid(Flaw("Sale is voided already"))
    if fields["Quote"]["Prepayments"] and call.switches.undo_paid == "refuse":
        raise Invalid(Flaw("Can not undo: delete the payments first"))
    for part in fields["CreditNotes"]:
        check_undo_credit(call, part)
    for part in fields["Invoices"]:
        check_undo_invoice(call, part)
    for one in fields["Fulfilments"]:
        check_undo_ship(call, one)
    if fields["Order"]["Status"] == "AUTHORISED":
        refuse_locked(call, [fields["SaleOrderDate"]])
    for part in fields["CreditNotes"]:
        undo_credit(call, part, void=void)
    for part in fields["Invoices"]:
        undo_invoice(call, part, void=void)
    for one in fields["Fulfilments"]:
        undo_fulfilment(call, row, one, void=void)
    _end_orders(call, row, void=void)
    wait(call.state, row)
    touch(call, row)


def _end_orders(call: Call, row: Row, *, void: bool) -> None:
    fields = row.fields
    quote, order = fields["Quote"], fields["Order"]
    if void:
        fields["Voided"] = True
        for part in (quote, order):
            part["Status"] = "VOIDED"
            if call.switches.void_empties:
                part |= {"Lines": [], "AdditionalCharges": []}
        return
    if order["Status"] == "AUTHORISED":
        order["Status"] = "DRAFT"
    elif order["Status"] == "NOT AVAILABLE" and quote["Status"] == "AUTHORISED":
        quote["Status"] = "DRAFT"
    fields["Undone"] = call.switches.undone == "draft"


def delete_sale(call: Call) -> Answer:
    row = asked(call, SALE)
    end_sale(call, row, void=bool(call.query.flag("Void")))
    return show_sale(call, row)


ROUTES: Final[Routes] = {
    "sale": {"GET": get_sale, "POST": create_sale, "PUT": update_sale, "DELETE": delete_sale},
    "sale/quote": {"GET": get_quote, "POST": write_quote},
    "sale/order": {"GET": get_order, "POST": write_order},
}
