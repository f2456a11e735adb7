"""Invoices. A voided one stays, with its number and lines and with zero everywhere."""

from daemon.connectors.qbo.mapping.documents import (
    ADDRESS_PUTS,
    HEAD_PUTS,
    KNOWN,
    custom_fields,
    head,
    owed,
)
from daemon.connectors.qbo.mapping.lines import SALE, line_strangers
from daemon.connectors.qbo.mapping.wire import (
    Entity,
    Setting,
    Wire,
    address,
    inner_text,
    number,
    parts,
    pointer,
    put_inner_text,
    put_pointer,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import Invoice

VOIDED = "voided"


def _read(raw: Wire, setting: Setting) -> Invoice:
    return Invoice(
        **head(raw, Kind.INVOICE, setting),
        **owed(raw),
        customer=pointer(raw, "CustomerRef", Kind.CUSTOMER),
        memo=inner_text(raw, "CustomerMemo", "value"),
        custom_fields=custom_fields(raw),
        billing_address=address(raw, "BillAddr"),
        shipping_address=address(raw, "ShipAddr"),
        status="voided" if _is_void(raw) else "open",
    )


def _is_void(raw: Wire) -> bool:
    """QuickBooks has no mark for it: all amounts are zero and its note begins with the word."""
    note = (text(raw, "PrivateNote") or "").lstrip().lower()
    amounts = (number(line, "Amount") for line in parts(raw, "Line"))
    return note.startswith(VOIDED) and not number(raw, "TotalAmt") and not any(amounts)


INVOICE = Entity(
    kind=Kind.INVOICE,
    name="Invoice",
    name_property="DocNumber",
    read=_read,
    puts=HEAD_PUTS
    | ADDRESS_PUTS
    | {
        "customer": put_pointer("CustomerRef"),
        "memo": put_inner_text("CustomerMemo", "value"),
    },
    known=KNOWN
    | {
        "CustomerRef",
        "CustomerMemo",
        "BillAddr",
        "ShipAddr",
        "ShipFromAddr",
        "FreeFormAddress",
        "Balance",
        "HomeBalance",
        "FinanceCharge",
        "ApplyTaxAfterDiscount",
        "PrintStatus",
        "BillEmail",
        "BillEmailCc",
        "BillEmailBcc",
        "DeliveryInfo",
        "DeliveryErrorType",
        "ShipDate",
        "TrackingNum",
        "SalesRepRef",
        "PONumber",
        "FOB",
        "PriceLevelRef",
        "PaymentMethodRef",
        "PaymentRefNum",
        "PaymentType",
        "ARAccountRef",
        "DepositToAccountRef",
        "Deposit",
        "AllowIPNPayment",
        "AllowOnlinePayment",
        "AllowOnlineCreditCardPayment",
        "AllowOnlineACHPayment",
        "AllowOnlinePayPalPayment",
        "AllowAffirmPayment",
        "EInvoiceStatus",
        "ECloudStatusTimeStamp",
        "InvoiceStatus",
        "CallToAction",
        "InvoiceStatusLog",
        "InvoiceLink",
        "InvoiceLinkSecurityCode",
        "InvoiceLinkExpiryDate",
        "InvoiceEx",
        "LessCIS",
        "TaxExemptionRef",
        "DiscountAmt",
        "DiscountRate",
        "DiscountLine",
        "AutoDocNumber",
        "ManuallyClosed",
        "SelfReceipt",
        "RemitToRef",
        "CheckPayment",
        "CreditCardPayment",
        "DueDateEx",
        "ShipLine",
        "Retainage",
    },
    queries={"number": "DocNumber"},
    item_detail=SALE,
    strangers=lambda raw: line_strangers(raw, "Invoice"),
)
