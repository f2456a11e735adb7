"""Sales: DEAR's sale and the canonical ``Invoice``.

DEAR: one sale holds any number of invoices, each with a TaskID; in simple and service sales that
is the sale's own id. Quotes, orders and shipments are not looked at.
"""

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping import documents
from daemon.connectors.dear.mapping.fields import Raw, number, pointer, text
from daemon.connectors.dear.mapping.lines import lines
from ledger.model.ids import Kind
from ledger.model.records import Invoice, Text


def invoice_to_record(whole: Raw, invoice: Raw, config: DearConfig) -> tuple[Invoice, str]:
    """The invoice, and why it is out of scope (``""``). Raises ``Malformed``."""
    status, out_of_scope = documents.status(whole, invoice, documents.INVOICE_STATUSES, "invoice")
    calculation = documents.calculation(whole)
    record = Invoice(
        customer=documents.party(whole, "CustomerID", Kind.CUSTOMER),
        number=text(invoice, "InvoiceNumber"),
        date=documents.calendar_day(invoice, "InvoiceDate"),
        due_date=documents.calendar_day(invoice, "InvoiceDueDate"),
        currency=text(whole, "CustomerCurrency"),
        exchange_rate=number(invoice, "CurrencyConversionRate") or number(whole, "CurrencyRate"),
        tax_calculation=calculation,
        terms=pointer(whole, "Terms", Kind.TERM),
        memo=text(invoice, "Memo"),
        note=text(whole, "Note"),
        location=text(whole, "Location"),
        billing_address=documents.address(whole, "BillingAddress"),
        shipping_address=documents.address(whole, "ShippingAddress"),
        customer_reference=text(whole, "CustomerReference"),
        order_number=order_number(whole),
        custom_fields=documents.custom_fields(
            config.documents.custom_fields.invoice, whole, [invoice]
        ),
        lines=lines(invoice, calculation, config),
        tax_total=number(invoice, "Tax"),
        total=number(invoice, "Total"),
        status=status,
        balance=documents.balance(invoice),
        settlements=documents.settlements(invoice, "Payments", "Payment"),
    )
    return record, out_of_scope


def order_number(whole: Raw) -> Text:
    """The sale's number, which stands on its order."""
    order = whole.get("Order")
    shown = text(order, "SaleOrderNumber") if isinstance(order, dict) else None
    return shown or text(whole, "OrderNumber")


INVOICE_KEPT = frozenset(
    {
        "ID",
        "CustomerID",
        "Customer",
        "BillingAddress",
        "ShippingAddress",
        "BaseCurrency",
        "CustomerCurrency",
        "TaxRule",
        "TaxCalculation",
        "Terms",
        "Location",
        "Note",
        "CustomerReference",
        "Type",
        "ExternalID",
        "SourceChannel",
        "AdditionalAttributes",
    }
)
"""Properties of the sale that are kept beside a record: what it was made from, and nothing that
moves while the record stands still."""
