"""Purchases: DEAR's advanced-purchase and the canonical ``PurchaseOrder`` and ``Bill``.

DEAR: one purchase holds an order and any number of invoices, each with a TaskID; in simple
purchases that is the purchase's own id. The order's dates and both parties stand on the purchase.
"""

from typing import Any

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping import documents
from daemon.connectors.dear.mapping.fields import Raw, number, pointer, text
from daemon.connectors.dear.mapping.lines import lines
from ledger.model.ids import Kind
from ledger.model.records import Bill, PurchaseOrder
from ledger.model.values import Reference


def order_to_record(whole: Raw, order: Raw, config: DearConfig) -> tuple[PurchaseOrder, str]:
    """The purchase order, and why it is out of scope (``""``). Raises ``Malformed``."""
    status, out_of_scope = documents.status(whole, order, documents.ORDER_STATUSES, "order")
    record = PurchaseOrder(
        **_shared(whole),
        number=text(whole, "OrderNumber"),
        date=documents.calendar_day(whole, "OrderDate"),
        expected_date=documents.calendar_day(whole, "RequiredBy"),
        memo=text(order, "Memo"),
        shipping_address=documents.address(whole, "ShippingAddress"),
        custom_fields=documents.custom_fields(
            config.documents.custom_fields.purchase_order, whole, [order]
        ),
        lines=lines(order, documents.calculation(whole), config),
        tax_total=number(order, "Tax"),
        total=number(order, "Total"),
        status=status,
        settlements=documents.settlements(order, "Prepayments", "Prepayment"),
    )
    return record, out_of_scope


def bill_to_record(whole: Raw, invoice: Raw, config: DearConfig) -> tuple[Bill, str]:
    """The bill of one invoice, and why it is out of scope (``""``). Raises ``Malformed``."""
    status, out_of_scope = documents.status(whole, invoice, documents.INVOICE_STATUSES, "invoice")
    record = Bill(
        **_shared(whole),
        # /purchase, which is never asked, spells it InvocieNumber.
        number=text(invoice, "InvoiceNumber"),
        date=documents.calendar_day(invoice, "InvoiceDate"),
        due_date=documents.calendar_day(invoice, "InvoiceDueDate"),
        order=Reference(kind=Kind.PURCHASE_ORDER, id=str(whole["ID"]).lower()),
        order_number=text(whole, "OrderNumber"),
        custom_fields=documents.custom_fields(
            config.documents.custom_fields.bill, whole, [invoice]
        ),
        lines=lines(invoice, documents.calculation(whole), config),
        tax_total=number(invoice, "Tax"),
        total=number(invoice, "Total"),
        status=status,
        balance=documents.balance(invoice),
        settlements=documents.settlements(invoice, "Payments", "Payment"),
    )
    return record, out_of_scope


def _shared(whole: Raw) -> dict[str, Any]:
    return {
        "vendor": documents.party(whole, "SupplierID", Kind.VENDOR),
        "currency": text(whole, "SupplierCurrency"),
        "exchange_rate": number(whole, "CurrencyRate"),
        "tax_calculation": documents.calculation(whole),
        "terms": pointer(whole, "Terms", Kind.TERM),
        "note": text(whole, "Note"),
        "location": text(whole, "Location"),
    }


ORDER_KEPT = frozenset(
    {
        "ID",
        "SupplierID",
        "Supplier",
        "ShippingAddress",
        "BaseCurrency",
        "SupplierCurrency",
        "TaxRule",
        "TaxCalculation",
        "Terms",
        "RequiredBy",
        "Location",
        "Note",
        "OrderNumber",
        "OrderDate",
        "Type",
        "CurrencyRate",
        "AdditionalAttributes",
    }
)
BILL_KEPT = frozenset(
    {
        "ID",
        "SupplierID",
        "Supplier",
        "BaseCurrency",
        "SupplierCurrency",
        "TaxRule",
        "TaxCalculation",
        "Terms",
        "Location",
        "Note",
        "OrderNumber",
        "Type",
        "CurrencyRate",
        "AdditionalAttributes",
    }
)
"""Properties of the purchase that are kept beside a record: what it was made from, and nothing
that moves while the record stands still."""
