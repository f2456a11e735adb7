"""Purchases on the wire: the whole task, its parts, the old face, and rows of the lists."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.books import Routes
from daemon.sandbox.dear.documents import LIVE, NO_ID, PURCHASE
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.money import ZERO, manner
from daemon.sandbox.dear.paging import Answer, Call, equals, listed_since, listing
from daemon.sandbox.dear.payments import Home, show_payments
from daemon.sandbox.dear.purchasestatus import (
    invoicing,
    live,
    one_status,
    overall,
    paid,
    part_totals,
    payment,
    receiving,
)
from daemon.sandbox.dear.purchasework import movements_of
from daemon.sandbox.dear.shown import NOISE, ordered, show_parts, show_product_part
from daemon.sandbox.dear.state import Row

HIDE_IN_ORDER: Final = ("Account",)
HIDE_IN_BILL: Final = ("SupplierSKU",)

ARRAYS: Final[Mapping[str, Fields]] = {
    "StockReceived": {"Lines": []},
    "PutAway": {"Lines": []},
    "Invoice": {
        "InvoiceDate": None,
        "InvoiceDueDate": None,
        "InvoiceNumber": None,
        "Lines": [],
        "AdditionalCharges": [],
        "Payments": [],
    },
    "CreditNote": {
        "CreditNoteInvoiceNumber": None,
        "CreditNoteNumber": None,
        "CreditNoteDate": None,
        "Lines": [],
        "AdditionalCharges": [],
        "Refunds": [],
        "Unstock": [],
    },
}
"""What a part shows while it is not available."""


def parts_of(call: Call, row: Row, name: str) -> list[Fields]:
    """The parts of an array; a document that has none yet shows one that is not available."""
    parts: list[Fields] = row.fields[name]
    if parts or not call.switches.stub_parts:
        return parts
    task = row.id if row.fields["Type"] == "Simple Purchase" else NO_ID
    return [{"TaskID": task, "Number": None, "Status": "NOT AVAILABLE", **ARRAYS[name]}]


def show_order(call: Call, row: Row) -> Fields:
    if call.silent:
        return {}
    order = row.fields["Order"]
    how = manner(call.state.me, row.fields, call.switches)
    return {
        "Memo": order["Memo"],
        "Status": order["Status"],
        **show_parts(call, row.fields, order, hide=HIDE_IN_ORDER),
        "Prepayments": show_payments(call, Home(PURCHASE, row, order, "Prepayment")),
        **part_totals(order, how).shown(),
    }


def show_receipt(call: Call, row: Row, part: Fields) -> Fields:
    return {
        "TaskID": part["TaskID"],
        "InvoicingAndReceivingNumber": part["Number"],
        "Status": part["Status"],
        "Lines": [
            {
                **show_product_part(call.state, line["ProductID"]),
                **{name: value for name, value in line.items() if name != "ProductID"},
                "Received": part["Status"] in LIVE,
                **NOISE,
            }
            for line in ordered(call, part["Lines"])
        ],
    }


def show_invoice(call: Call, row: Row, part: Fields) -> Fields:
    how = manner(call.state.me, row.fields, call.switches)
    return {
        "TaskID": part["TaskID"],
        "InvoicingAndReceivingNumber": part["Number"],
        "InvoiceDate": part["InvoiceDate"],
        "InvoiceDueDate": part["InvoiceDueDate"],
        "InvoiceNumber": part["InvoiceNumber"],
        "Status": part["Status"],
        **show_parts(call, row.fields, part, hide=HIDE_IN_BILL),
        "Payments": show_payments(call, Home(PURCHASE, row, part, "Payment")),
        **part_totals(part, how).shown(),
        "Paid": paid(part["Payments"]),
    }


def show_credit(call: Call, row: Row, part: Fields) -> Fields:
    how = manner(call.state.me, row.fields, call.switches)
    return {
        "TaskID": part["TaskID"],
        "CreditNoteInvoiceNumber": part["CreditNoteInvoiceNumber"],
        "CreditNoteNumber": part["CreditNoteNumber"],
        "CreditNoteDate": part["CreditNoteDate"],
        "Status": part["Status"],
        **show_parts(call, row.fields, part, hide=HIDE_IN_BILL),
        "Refunds": show_payments(call, Home(PURCHASE, row, part, "Refund")),
        "Unstock": [_unstock(call, line) for line in part["Unstock"]],
        **part_totals(part, how).shown(),
    }


def _unstock(call: Call, line: Fields) -> Fields:
    lot = call.state.holdings.lots.get(line["CardID"])
    if lot is None:
        return dict(line)
    shown = show_product_part(call.state, lot.product)
    return {**line, **shown, "Location": lot.location, "BatchSN": lot.batch}


def show_array(call: Call, row: Row, name: str) -> list[Fields]:
    """One of the arrays of a purchase."""
    show = {
        "StockReceived": show_receipt,
        "PutAway": show_receipt,
        "Invoice": show_invoice,
        "CreditNote": show_credit,
    }[name]
    return [show(call, row, part) for part in parts_of(call, row, name)]


def _header(call: Call, row: Row) -> Fields:
    fields = row.fields
    how = manner(call.state.me, fields, call.switches)
    supplier = call.state["supplier"].rows[fields["SupplierID"]]
    plain = (
        "Contact",
        "Phone",
        "InventoryAccount",
        "BlindReceipt",
        "Approach",
        "BillingAddress",
        "ShippingAddress",
        "TaxRule",
        "TaxCalculation",
        "Terms",
        "RequiredBy",
        "Location",
        "Note",
        "OrderNumber",
        "OrderDate",
        "Type",
        "IsServiceOnly",
        "CurrencyRate",
    )
    return {
        "ID": call.shown_id(row),
        "SupplierID": fields["SupplierID"],
        "Supplier": supplier.fields["Name"],
        **{name: fields[name] for name in plain},
        "BaseCurrency": call.state.me["Currency"],
        "SupplierCurrency": fields["Currency"],
        "CombinedInvoiceStatus": invoicing(fields),
        "CombinedReceivingStatus": receiving(fields),
        "CombinedPaymentStatus": payment(fields, how),
        "Status": overall(fields, how),
        "RelatedDropShipSaleTask": None,
        "LastUpdatedDate": call.instant(row),
    }


def show_purchase(call: Call, row: Row) -> Fields:
    """The whole task."""
    if call.silent:
        return {}
    return {
        **_header(call, row),
        "Order": show_order(call, row),
        **{name: show_array(call, row, name) for name in ARRAYS},
        "ManualJournals": [
            {
                "TaskID": row.id if row.fields["Type"] == "Simple Purchase" else NO_ID,
                "InvoicingAndReceivingNumber": None,
                "Status": "NOT AVAILABLE",
                "Lines": [],
            }
        ],
        "AdditionalAttributes": row.fields["AdditionalAttributes"],
        "Attachments": [],
        "InventoryMovements": movements_of(call.state, row),
    }


def show_old(call: Call, row: Row) -> Fields:
    """The deprecated face: single objects, and one misspelt key."""
    whole = show_purchase(call, row)
    for name in (*ARRAYS, "ManualJournals"):
        whole[name] = whole[name][0] if whole[name] else None
    invoice = whole["Invoice"]
    if invoice and call.switches.misspelt_invoice_key:
        whole["Invoice"] = {
            "InvocieNumber" if name == "InvoiceNumber" else name: value
            for name, value in invoice.items()
        }
    del whole["PutAway"]
    return whole


def list_row(call: Call, row: Row) -> Fields:
    """A row of purchaseList: no lines."""
    fields = row.fields
    how = manner(call.state.me, fields, call.switches)
    invoices = [part for part in fields["Invoice"] if part["Status"] != "VOIDED"]
    head = invoices[0] if invoices else {}
    due = [part["InvoiceDueDate"] for part in invoices]
    amount = sum((part_totals(part, how).total for part in live(invoices)), ZERO)
    given = sum((paid(part["Payments"]) for part in invoices), ZERO)
    given -= sum((paid(part["Refunds"]) for part in fields["CreditNote"]), ZERO)
    header = _header(call, row)
    kept = (
        "ID BlindReceipt OrderNumber Status OrderDate Supplier SupplierID RequiredBy BaseCurrency "
        "SupplierCurrency Type CombinedReceivingStatus CombinedInvoiceStatus "
        "CombinedPaymentStatus IsServiceOnly LastUpdatedDate"
    )
    unstocked = [part for part in fields["CreditNote"] if part["Unstock"]]
    return {
        **{name: header[name] for name in kept.split()},
        "InvoiceDate": head.get("InvoiceDate"),
        "InvoiceNumber": _numbers(fields["Invoice"], "InvoiceNumber"),
        "InvoiceAmount": amount,
        "PaidAmount": given,
        "InvoiceDueDate": max(due) if due else None,
        "CreditNoteNumber": _numbers(fields["CreditNote"], "CreditNoteNumber"),
        "OrderStatus": fields["Order"]["Status"],
        "StockReceivedStatus": one_status([*fields["StockReceived"], *fields["PutAway"]]),
        "UnstockStatus": one_status(unstocked),
        "InvoiceStatus": one_status(fields["Invoice"]),
        "CreditNoteStatus": one_status(fields["CreditNote"]),
        "DropShipTaskID": None,
    }


def _numbers(parts: list[Fields], name: str) -> str | None:
    return ", ".join(str(part[name]) for part in parts if part[name]) or None


SEARCHED: Final = ("OrderNumber", "Status", "Supplier", "InvoiceNumber", "CreditNoteNumber")
FILTERS: Final[Mapping[str, str]] = {
    "OrderStatus": "OrderStatus",
    "RestockReceivedStatus": "StockReceivedStatus",
    "InvoiceStatus": "InvoiceStatus",
    "CreditNoteStatus": "CreditNoteStatus",
    "UnstockStatus": "UnstockStatus",
    "Status": "Status",
    "DropShipTaskID": "DropShipTaskID",
}
"""Query parameter -> field of the row."""


def updated(call: Call, kind: str) -> list[Row]:
    """Rows inside UpdatedSince and UpdatedUntil, strictly or with their ends, as lists go."""
    since, until = call.query.instant("UpdatedSince"), call.query.instant("UpdatedUntil")
    rows = listed_since(call, kind, "OrderNumber", since)
    if since is None and until is None:
        return rows
    if call.switches.modified_since == "inclusive":
        return [row for row in rows if until is None or row.modified <= until]
    return [
        row
        for row in rows
        if (since is None or row.modified > since) and (until is None or row.modified < until)
    ]


def matches(
    call: Call, shown: Mapping[str, Any], searched: tuple[str, ...], filters: Mapping[str, str]
) -> bool:
    """Search is contained in one of the fields; statuses are equal."""
    part = call.query.text("Search").casefold()
    if part and not any(part in str(shown[name] or "").casefold() for name in searched):
        return False
    row = Row("", dict(shown), 0, call.state.now())
    return all(equals(row, field, call.query.text(name)) for name, field in filters.items())


def list_purchases(call: Call) -> Answer:
    return _list(call, updated(call, "purchase"))


def list_credit_notes(call: Call) -> Answer:
    """Purchases that have a credit note; the list key is the same."""
    return _list(call, [row for row in updated(call, "purchase") if row.fields["CreditNote"]])


def _list(call: Call, rows: list[Row]) -> Answer:
    required_by = call.query.instant("RequiredBy")
    if required_by is not None:
        last = required_by.date().isoformat()
        rows = [row for row in rows if (row.fields["RequiredBy"] or "9999")[:10] <= last]
    if not any(call.query.text(name) for name in ("Search", *FILTERS)):
        return listing(call, "PurchaseList", rows, partial(list_row, call))
    kept = []
    for row in rows:
        shown = list_row(call, row)
        if matches(call, shown, SEARCHED, FILTERS):
            kept.append(Row(row.id, shown, row.order, row.modified))
    return listing(call, "PurchaseList", kept, lambda row: row.fields)


ROUTES: Final[Routes] = {
    "purchaselist": {"GET": list_purchases},
    "purchasecreditnotelist": {"GET": list_credit_notes},
}
