"""A purchase and a sale as DEAR shows them, in our own words, with every part that is read."""

from collections.abc import Mapping
from typing import Any

from daemon.connectors.dear.documents.lists import PURCHASES, SALES, DocumentList
from daemon.connectors.dear.documents.observing import Seen, detail, seen_in
from ledger.model.encoding import encode
from tests.daemon.connectors.dear.rows import GUID, config, on_the_wire

PURCHASE_ID = f"{GUID}1"
SALE_ID = f"{GUID}2"
FIRST, SECOND = f"{GUID}3", f"{GUID}4"
CLAY, GLAZE = f"{GUID}5", f"{GUID}6"
NO_ID = "00000000-0000-0000-0000-000000000000"
PADDING = {
    "ProductLength": 0,
    "ProductWeight": 1.5,
    "WeightUnits": "kg",
    "DimensionsUnits": None,
    "ProductCustomField1": "shelf 4",
}

CLAY_LINE: dict[str, Any] = {
    "ProductID": CLAY.upper(),
    "SKU": "CLAY-25",
    "Name": "Stoneware clay 25 kg",
    "Quantity": 4,
    "Price": 12.5,
    "Discount": 10,
    "Tax": 3.71,
    "TaxRule": "County 8.25",
    "Comment": "deliver dry",
    "Total": 45,
    "Account": "310: Inventory",
    **PADDING,
}
GLAZE_LINE: dict[str, Any] = {
    "ProductID": GLAZE,
    "SKU": "GLZ",
    "Name": "Celadon glaze",
    "Quantity": "0.2500",
    "Price": 80.0000,
    "Discount": 0,
    "Tax": 1.65,
    "TaxRule": "County 8.25",
    "Comment": "",
    "Total": 20.00,
    "Account": "310",
    **PADDING,
}
FREIGHT: dict[str, Any] = {
    "Description": "Freight",
    "Reference": "two pallets",
    "Quantity": 1,
    "Price": 15,
    "Discount": 0,
    "Tax": 0,
    "TaxRule": "Exempt",
    "Total": 15,
    "Account": "425",
}
SUMS = {"TotalBeforeTax": 80.00, "Tax": 5.36, "Total": 85.36}
PAYMENTS = [
    {"ID": f"{GUID}7", "Reference": "BACS 1", "Amount": 20, "DatePaid": "2026-04-10T00:00:00"},
    {"ID": f"{GUID}8", "Reference": None, "Amount": 5.36, "DatePaid": "2026-04-11T00:00:00"},
]
ADDRESS = {
    "Line1": "7 Wharf Road",
    "Line2": "",
    "City": "Stoke",
    "State": "Staffordshire",
    "Postcode": "ST1 4AB",
    "Country": "United Kingdom",
}

PURCHASE: dict[str, Any] = {
    "ID": PURCHASE_ID.upper(),
    "SupplierID": f"{GUID}b".upper(),
    "Supplier": "Clay & Sons",
    "Contact": "Ann Clay",
    "Approach": "INVOICE",
    "BlindReceipt": False,
    "BillingAddress": ADDRESS,
    "ShippingAddress": {**ADDRESS, "Company": "Potters Ltd", "ShipToOther": True},
    "BaseCurrency": "GBP",
    "SupplierCurrency": "EUR",
    "TaxRule": "County 8.25",
    "TaxCalculation": "Exclusive",
    "Terms": "30 days",
    "RequiredBy": "2026-04-20T00:00:00",
    "Location": "Kiln House",
    "Note": "ring first",
    "OrderNumber": "PO-00042",
    "OrderDate": "2026-03-31T00:00:00",
    "Type": "Advanced Purchase",
    "IsServiceOnly": False,
    "Status": "PARTIALLY INVOICED",
    "CombinedReceivingStatus": "NOT RECEIVED",
    "CurrencyRate": 0.86123,
    "LastUpdatedDate": "2026-04-12T09:30:11.123Z",
    "Order": {
        "Memo": "for the spring firing",
        "Status": "AUTHORISED",
        "Lines": [CLAY_LINE, GLAZE_LINE],
        "AdditionalCharges": [FREIGHT],
        "Prepayments": [],
        **SUMS,
    },
    "StockReceived": [{"TaskID": NO_ID, "Status": "NOT AVAILABLE", "Lines": []}],
    "Invoice": [
        {
            "TaskID": FIRST.upper(),
            "InvoicingAndReceivingNumber": 1,
            "InvoiceDate": "2026-04-02T00:00:00",
            "InvoiceDueDate": "2026-05-02T00:00:00",
            "InvoiceNumber": "CS-881",
            "Status": "AUTHORISED",
            "Lines": [CLAY_LINE, GLAZE_LINE],
            "AdditionalCharges": [FREIGHT],
            "Payments": PAYMENTS,
            **SUMS,
            "Paid": 25.36,
        },
        {
            "TaskID": SECOND,
            "InvoiceDate": "2026-04-09T00:00:00",
            "InvoiceDueDate": None,
            "InvoiceNumber": None,
            "Status": "DRAFT",
            "Lines": [],
            "AdditionalCharges": [FREIGHT],
            "Payments": [],
            "TotalBeforeTax": 15,
            "Tax": 0,
            "Total": 15,
            "Paid": 0,
        },
    ],
    "CreditNote": [{"TaskID": NO_ID, "Status": "NOT AVAILABLE", "Lines": []}],
    "AdditionalAttributes": {"AdditionalAttribute1": "A7", "AdditionalAttribute2": None},
    "Attachments": [],
    "InventoryMovements": [],
}

SALE: dict[str, Any] = {
    "ID": SALE_ID,
    "CustomerID": f"{GUID}c",
    "Customer": "The Tea Room",
    "BillingAddress": ADDRESS,
    "ShippingAddress": None,
    "BaseCurrency": "GBP",
    "CustomerCurrency": "GBP",
    "TaxRule": "County 8.25",
    "TaxCalculation": "Exclusive",
    "Terms": "7 days",
    "Location": "Kiln House",
    "Note": None,
    "CustomerReference": "their 5512",
    "SalesRepresentative": "Sam",
    "CurrencyRate": 1,
    "Status": "INVOICED",
    "Type": "Simple Sale",
    "SaleOrderDate": "2026-04-01T00:00:00",
    "LastModifiedOn": "2026-04-12T09:30:11Z",
    "Order": {"SaleOrderNumber": "SO-00007", "Status": "AUTHORISED", "Lines": []},
    "Invoices": [
        {
            "TaskID": SALE_ID,
            "InvoiceNumber": "INV-00007",
            "Memo": "with thanks",
            "Status": "PAID",
            "InvoiceDate": "2026-04-03T00:00:00",
            "InvoiceDueDate": "2026-04-10T00:00:00",
            "CurrencyConversionRate": 1,
            "Lines": [{**CLAY_LINE, "AverageCost": 8.1}, GLAZE_LINE],
            "AdditionalCharges": [FREIGHT],
            "Payments": [{"ID": f"{GUID}9", "Reference": "", "Amount": 85.36}],
            **SUMS,
            "Paid": 85.36,
        }
    ],
    "CreditNotes": [],
    "AdditionalAttributes": {"AdditionalAttribute1": "B9"},
}


def with_parts(paper: Mapping[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """A copy with other values at paths like ``Invoice.0.Lines.1.Price``; ``...`` removes."""
    changed: dict[str, Any] = on_the_wire(paper)  # no part of it is shared with another
    for path, value in changes:
        *way, last = path.split(".")
        place: Any = changed
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if value is ...:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return changed


def said_by(paper: Mapping[str, Any], *known: str, **settings: Any) -> Seen:
    """What the connector takes from a purchase or sale that comes over the wire."""
    listed: DocumentList = PURCHASES if "SupplierID" in paper else SALES
    one = detail(str(paper["ID"]).lower(), encode(paper))
    return seen_in(listed, one, config(documents=settings), known=known)
