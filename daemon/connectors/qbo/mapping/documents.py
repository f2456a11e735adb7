"""What purchase orders, bills and invoices share: the head, custom fields, payments against them.

Each of them is a table of its own beside this file. Must not know how lines go out: ``sending``.
"""

from typing import Any, Final

from daemon.connectors.qbo.mapping.lines import read_lines
from daemon.connectors.qbo.mapping.wire import (
    COMMON,
    Malformed,
    Put,
    Setting,
    Wire,
    currency,
    day,
    number,
    part,
    parts,
    pointer,
    put_address,
    put_currency,
    put_day,
    put_pointer,
    put_text,
    text,
)
from ledger.model.ids import Kind
from ledger.model.money import exact
from ledger.model.values import UNSET, Texts

NOT_SETTLING: Final = frozenset(
    {
        "PurchaseOrder",
        "Estimate",
        "ReimburseCharge",
        "StatementCharge",
        "ChargeCredit",
        "TimeActivity",
        "Invoice",
        "Bill",
    }
)
"""Links that pay nothing. Any other, known or not, counts as a payment or a credit."""
_CALCULATIONS: Final = {"TaxExcluded": "exclusive", "TaxInclusive": "inclusive"}

KNOWN: Final = COMMON | {
    "DocNumber",
    "TxnDate",
    "DepartmentRef",
    "CurrencyRef",
    "ExchangeRate",
    "PrivateNote",
    "TxnStatus",
    "LinkedTxn",
    "Line",
    "TxnTaxDetail",
    "TxnSource",
    "TaxFormType",
    "TaxFormNum",
    "TransactionLocationType",
    "Tag",
    "TxnApprovalInfo",
    "RecurDataRef",
    "RecurringInfo",
    "ProjectRef",
    "Tax1099Prefs",
    "DueDate",
    "SalesTermRef",
    "GlobalTaxCalculation",
    "TotalAmt",
    "HomeTotalAmt",
    "HomeTotalTax",
    "ClassRef",
    "EmailStatus",
    "ShipMethodRef",
    "TemplateRef",
    "TxnSubType",
    "GeoLocation",
    "OverrideNG",
}
PURCHASE: Final = KNOWN | {
    "VendorRef",
    "APAccountRef",
    "VendorAddr",
    "PayerRef",
    "RemitToRef",
    "Balance",
    "HomeBalance",
    "Memo",
    "IncludeInAnnualTPAR",
    "VendorPrepayment",
}

HEAD_PUTS: Final[dict[str, Put]] = {
    "number": put_text("DocNumber"),
    "date": put_day("TxnDate"),
    "due_date": put_day("DueDate"),
    "currency": put_currency,
    "terms": put_pointer("SalesTermRef"),
    "note": put_text("PrivateNote"),
}
PURCHASE_PUTS: Final = HEAD_PUTS | {"vendor": put_pointer("VendorRef")}
ADDRESS_PUTS: Final[dict[str, Put]] = {
    "billing_address": put_address("BillAddr"),
    "shipping_address": put_address("ShipAddr"),
}


def head(raw: Wire, kind: Kind, setting: Setting) -> dict[str, Any]:
    """The fields that all documents have."""
    rate, total = number(raw, "ExchangeRate"), number(raw, "TotalAmt")
    if total is None:
        raise Malformed("TotalAmt", "TotalAmt is missing")
    tax = number(part(raw, "TxnTaxDetail") or {}, "TotalTax")
    return {
        "number": text(raw, "DocNumber"),
        "date": day(raw, "TxnDate"),
        "due_date": day(raw, "DueDate"),
        "currency": currency(raw),
        "exchange_rate": UNSET if rate is None else rate,
        "tax_calculation": _calculation(raw, setting),
        "terms": pointer(raw, "SalesTermRef", Kind.TERM),
        "note": text(raw, "PrivateNote"),
        "lines": read_lines(raw, kind, setting),
        "tax_total": exact(0) if tax is None else tax,
        "total": total,
    }


def owed(raw: Wire) -> dict[str, Any]:
    """What is left to pay of a document that posts, and what was paid or credited."""
    balance = number(raw, "Balance")
    links = [
        f"{text(link, 'TxnType')} {text(link, 'TxnId')}"
        for link in parts(raw, "LinkedTxn")
        if link.get("TxnType") not in NOT_SETTLING
    ]
    return {
        "balance": UNSET if balance is None else balance,
        "settlements": ", ".join(links) or None,
    }


def custom_fields(raw: Wire) -> Texts | None:
    """Custom fields that hold something, by name."""
    found = {
        name: value
        for row in parts(raw, "CustomField")
        if (name := text(row, "Name")) and (value := text(row, "StringValue"))
    }
    return Texts(tuple(sorted(found.items()))) if found else None


def _calculation(raw: Wire, setting: Setting) -> str:
    word = text(raw, "GlobalTaxCalculation")
    if word == "NotApplicable":
        # Companies in the US know no other word; elsewhere it says that there is no tax.
        return "none" if setting.taxes_by_code else "exclusive"
    return "exclusive" if word is None else _CALCULATIONS.get(word, word.lower())
