"""Sales on the wire: the whole task, its parts, and rows of the lists."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Final

from daemon.sandbox.dear.books import Routes
from daemon.sandbox.dear.documents import SALE
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.money import ZERO, manner
from daemon.sandbox.dear.paging import Answer, Call, listing
from daemon.sandbox.dear.payments import Home, show_payments
from daemon.sandbox.dear.postings import of_document, show_entry
from daemon.sandbox.dear.purchaseshow import matches, updated
from daemon.sandbox.dear.purchasestatus import live, one_status, paid, part_totals
from daemon.sandbox.dear.salestatus import invoicing, overall, payment, progress
from daemon.sandbox.dear.salework import backorders, inventory_movements
from daemon.sandbox.dear.shown import NOISE, show_parts, show_product_part
from daemon.sandbox.dear.state import Row

HIDE: Final = ("SupplierSKU",)
HIDE_IN_ORDER: Final = ("SupplierSKU", "Account")

PLAIN: Final = (
    "Contact",
    "Phone",
    "Email",
    "DefaultAccount",
    "SkipQuote",
    "BillingAddress",
    "ShippingAddress",
    "ShippingNotes",
    "TaxRule",
    "TaxCalculation",
    "Terms",
    "PriceTier",
    "ShipBy",
    "Location",
    "SaleOrderDate",
    "Note",
    "CustomerReference",
    "Carrier",
    "CurrencyRate",
    "SalesRepresentative",
    "Type",
    "SourceChannel",
    "ExternalID",
)


def statuses(call: Call, row: Row) -> Fields:
    """Every derived word of a sale."""
    fields = row.fields
    how = manner(call.state.me, fields, call.switches)
    short = bool(backorders(call.state, row))
    return {
        "Status": overall(fields, how, backordered=short),
        "CombinedPickingStatus": progress(fields, "Pick", "PICKED"),
        "CombinedPackingStatus": progress(fields, "Pack", "PACKED"),
        "CombinedShippingStatus": progress(fields, "Ship", "SHIPPED"),
        "FulFilmentStatus": progress(fields, "Ship", "FULFILLED"),
        "CombinedInvoiceStatus": invoicing(fields),
        "CombinedPaymentStatus": payment(fields, how),
    }


def show_quote(call: Call, row: Row) -> Fields:
    quote = row.fields["Quote"]
    how = manner(call.state.me, row.fields, call.switches)
    return {
        "Memo": quote["Memo"],
        "Status": quote["Status"],
        "Prepayments": show_payments(call, Home(SALE, row, quote, "Prepayment")),
        **show_parts(call, row.fields, quote, hide=HIDE_IN_ORDER),
        **part_totals(quote, how).shown(),
    }


def show_order(call: Call, row: Row) -> Fields:
    """Lines say what of them is on backorder: of a product's lines, the last ones first."""
    if call.silent:
        return {}
    order = row.fields["Order"]
    how = manner(call.state.me, row.fields, call.switches)
    short = backorders(call.state, row)
    lines = []
    for line in reversed(order["Lines"]):
        missing = min(short.get(line["ProductID"], ZERO), line["Quantity"])
        short[line["ProductID"]] = short.get(line["ProductID"], ZERO) - missing
        cost = call.state["product"].rows[line["ProductID"]].fields["AverageCost"]
        lines.append({**line, "DropShip": False, "BackorderQuantity": missing, "AverageCost": cost})
    parts = {"Lines": lines[::-1], "AdditionalCharges": order["AdditionalCharges"]}
    return {
        "SaleOrderNumber": row.fields["OrderNumber"],
        "Memo": order["Memo"],
        "Status": order["Status"],
        **show_parts(call, row.fields, parts, hide=HIDE_IN_ORDER),
        **part_totals(order, how).shown(),
    }


def show_fulfilment(call: Call, row: Row, one: Fields) -> Fields:
    done = one["Ship"]["Status"] == "AUTHORISED"
    return {
        "TaskID": one["TaskID"],
        "FulfillmentNumber": one["Number"],
        "LinkedInvoiceNumber": "",
        "FulFilmentStatus": "VOIDED"
        if one["Pick"]["Status"] == "VOIDED"
        else "FULFILLED"
        if done
        else "NOT FULFILLED",
        **{
            name: {
                "Status": one[name]["Status"],
                "Lines": [
                    {**show_product_part(call.state, line["ProductID"]), **line, **NOISE}
                    for line in one[name]["Lines"]
                ],
            }
            for name in ("Pick", "Pack")
        },
        "Ship": {
            "Status": one["Ship"]["Status"],
            "RequireBy": row.fields["ShipBy"],
            "ShippingAddress": row.fields["ShippingAddress"],
            "ShippingNotes": row.fields["ShippingNotes"],
            "Lines": one["Ship"]["Lines"],
        },
    }


def show_invoice(call: Call, row: Row, part: Fields, *, partial_model: bool = False) -> Fields:
    """``partial_model``: as /sale/invoice shows it, without payments and totals."""
    billing = row.fields["BillingAddress"]
    shown = {
        "TaskID": part["TaskID"],
        "InvoiceNumber": part["InvoiceNumber"],
        "Memo": part["Memo"],
        "Status": part["Status"],
        "InvoiceDate": part["InvoiceDate"],
        "InvoiceDueDate": part["InvoiceDueDate"],
        "CurrencyConversionRate": part["Rate"],
        "BillingAddressLine1": billing["Line1"],
        "BillingAddressLine2": billing["Line2"],
        "LinkedFulfillmentNumber": None,
        **show_parts(call, row.fields, part, hide=HIDE),
    }
    if partial_model:
        return shown
    how = manner(call.state.me, row.fields, call.switches)
    return {
        **shown,
        "Payments": show_payments(call, Home(SALE, row, part, "Payment")),
        **part_totals(part, how).shown(),
        "Paid": paid(part["Payments"]),
    }


def show_credit(call: Call, row: Row, part: Fields, *, partial_model: bool = False) -> Fields:
    shown = {
        "TaskID": part["TaskID"],
        "CreditNoteInvoiceNumber": part["CreditNoteInvoiceNumber"],
        "CreditNoteNumber": part["CreditNoteNumber"],
        "CreditNoteDate": part["CreditNoteDate"],
        "CreditNoteConversionRate": part["Rate"],
        "Status": part["Status"],
        "Memo": part["Memo"],
        **show_parts(call, row.fields, part, hide=HIDE),
        "Restock": [
            {**show_product_part(call.state, line["ProductID"]), **line} for line in part["Restock"]
        ],
    }
    how = manner(call.state.me, row.fields, call.switches)
    home = Home(SALE, row, part, "Refund")
    if partial_model and not call.query.flag("IncludePaymentInfo"):
        return shown
    total = part_totals(part, how)
    if partial_model:
        left = total.total - paid(part["Refunds"])
        return {**shown, "CreditNoteBalance": left, "Payments": show_payments(call, home)}
    return {**shown, "Refunds": show_payments(call, home), **total.shown()}


def cogs_amount(rows: list[Fields]) -> Decimal:
    return sum((row["COGS"] for row in rows), ZERO)


def show_sale(call: Call, row: Row) -> Fields:
    """The whole task."""
    if call.silent:
        return {}
    fields = row.fields
    customer = call.state["customer"].rows[fields["CustomerID"]]
    moved = inventory_movements(call.state, row)
    shown: Fields = {
        "ID": call.shown_id(row),
        "Customer": customer.fields["Name"],
        "CustomerID": customer.id,
        **{name: fields[name] for name in PLAIN},
        "BaseCurrency": call.state.me["Currency"],
        "CustomerCurrency": fields["Currency"],
        "ServiceOnly": fields["IsServiceOnly"],
        "LastModifiedOn": call.instant(row),
        "COGSAmount": cogs_amount(moved),
        **statuses(call, row),
        "CombinedTrackingNumbers": _tracking(row),
        "Quote": show_quote(call, row),
        "Order": show_order(call, row),
        "Fulfilments": [show_fulfilment(call, row, one) for one in fields["Fulfilments"]],
        "Invoices": [show_invoice(call, row, part) for part in fields["Invoices"]],
        "CreditNotes": [show_credit(call, row, part) for part in fields["CreditNotes"]],
        "ManualJournals": {"Status": "NOT AVAILABLE", "Lines": []},
        "AdditionalAttributes": fields["AdditionalAttributes"],
        "Attachments": [],
        "InventoryMovements": [] if call.query.flag("HideInventoryMovements") else moved,
    }
    if call.query.flag("IncludeTransactions"):
        shown["Transactions"] = [show_entry(one) for one in of_document(call.state, row)]
    return shown


def _tracking(row: Row) -> str:
    numbers = [
        str(line["TrackingNumber"])
        for one in row.fields["Fulfilments"]
        for line in one["Ship"]["Lines"]
        if line["TrackingNumber"]
    ]
    return ", ".join(numbers)


def list_row(call: Call, row: Row) -> Fields:
    """A row of saleList: no lines."""
    fields = row.fields
    how = manner(call.state.me, fields, call.switches)
    customer = call.state["customer"].rows[fields["CustomerID"]]
    place = call.state["location"].one("Name", fields["Location"])
    invoices = [part for part in fields["Invoices"] if part["Status"] != "VOIDED"]
    due = [part["InvoiceDueDate"] for part in invoices]
    billed = sum((part_totals(part, how).total for part in live(invoices)), ZERO)
    credited = sum((part_totals(part, how).total for part in live(fields["CreditNotes"])), ZERO)
    given = sum((paid(part["Payments"]) for part in invoices), ZERO)
    refunded = sum((paid(part["Refunds"]) for part in fields["CreditNotes"]), ZERO)
    words = statuses(call, row)
    return {
        "SaleID": call.shown_id(row),
        "OrderNumber": fields["OrderNumber"],
        "OrderDate": fields["SaleOrderDate"],
        "InvoiceDate": invoices[0]["InvoiceDate"] if invoices else None,
        "Customer": customer.fields["Name"],
        "CustomerID": customer.id,
        "InvoiceNumber": _numbers(fields["Invoices"], "InvoiceNumber"),
        "CustomerReference": fields["CustomerReference"],
        "InvoiceAmount": billed - credited,
        "PaidAmount": given - refunded,
        "SaleInvoicesTotalAmount": billed,
        "CombinedPaymentTotal": given,
        "InvoiceDueDate": max(due) if due else None,
        "ShipBy": fields["ShipBy"],
        "BaseCurrency": call.state.me["Currency"],
        "CustomerCurrency": fields["Currency"],
        "CreditNoteNumber": _numbers(fields["CreditNotes"], "CreditNoteNumber"),
        "Updated": call.instant(row),
        "QuoteStatus": fields["Quote"]["Status"],
        "OrderStatus": fields["Order"]["Status"],
        **words,
        "CreditNoteStatus": one_status(fields["CreditNotes"]),
        "Type": fields["Type"],
        "CombinedTrackingNumbers": _tracking(row),
        "SourceChannel": fields["SourceChannel"],
        "ExternalID": fields["ExternalID"],
        "OrderLocationID": place.id if place else None,
    }


def _numbers(parts: list[Fields], name: str) -> str | None:
    return ", ".join(str(part[name]) for part in parts if part[name]) or None


SEARCHED: Final = (
    "OrderNumber",
    "Status",
    "Customer",
    "InvoiceNumber",
    "CustomerReference",
    "CreditNoteNumber",
)
FILTERS: Final[Mapping[str, str]] = {
    "QuoteStatus": "QuoteStatus",
    "OrderStatus": "OrderStatus",
    "CombinedPickStatus": "CombinedPickingStatus",
    "CombinedPackStatus": "CombinedPackingStatus",
    "CombinedShippingStatus": "CombinedShippingStatus",
    "CombinedInvoiceStatus": "CombinedInvoiceStatus",
    "CreditNoteStatus": "CreditNoteStatus",
    "ExternalID": "ExternalID",
    "Status": "Status",
    "OrderLocationID": "OrderLocationID",
}
"""Query parameter -> field of the row."""


def list_sales(call: Call) -> Answer:
    return _list(call, updated(call, "sale"))


def list_credit_notes(call: Call) -> Answer:
    """Sales that have a credit note; the list key is the same."""
    return _list(call, [row for row in updated(call, "sale") if row.fields["CreditNotes"]])


def _list(call: Call, rows: list[Row]) -> Answer:
    created, ship_by = call.query.instant("CreatedSince"), call.query.instant("ShipBy")
    ready = call.query.flag("ReadyForShipping")
    if created is not None:
        rows = [row for row in rows if row.fields["Created"] > created]
    if ship_by is not None:
        last = ship_by.date().isoformat()
        rows = [row for row in rows if (row.fields["ShipBy"] or "9999")[:10] <= last]
    if ready is not None:
        rows = [row for row in rows if ready is _ready(row)]
    if not any(call.query.text(name) for name in ("Search", *FILTERS)):
        return listing(call, "SaleList", rows, partial(list_row, call))
    kept = []
    for row in rows:
        shown = list_row(call, row)
        if matches(call, shown, SEARCHED, FILTERS):
            kept.append(Row(row.id, shown, row.order, row.modified))
    return listing(call, "SaleList", kept, lambda row: row.fields)


def _ready(row: Row) -> bool:
    return any(
        one["Pack"]["Status"] == "AUTHORISED" and one["Ship"]["Status"] != "AUTHORISED"
        for one in row.fields["Fulfilments"]
    )


ROUTES: Final[Routes] = {
    "salelist": {"GET": list_sales},
    "salecreditnotelist": {"GET": list_credit_notes},
}
