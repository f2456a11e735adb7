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
    part,
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
    """QuickBooks has no mark for it: amounts and quantities are all zero, and its note begins with
    the word - until somebody writes another note."""
    lines = parts(raw, "Line")
    if number(raw, "TotalAmt") or any(number(line, "Amount") for line in lines):
        return False
    if (text(raw, "PrivateNote") or "").lstrip().lower().startswith(VOIDED):
        return True
    sold = [detail for line in lines if (detail := part(line, SALE)) is not None]
    return bool(sold) and all(number(detail, "Qty") == 0 for detail in sold)


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
