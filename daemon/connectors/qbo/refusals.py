"""What a refused write is called: the field it is about, in our words, and its cure."""

import re
from typing import Final

from daemon.connectors.qbo.faults import Detail, Fault
from daemon.connectors.qbo.mapping.table import ENTITIES
from daemon.connectors.qbo.mapping.wire import Unwritable
from ledger.model.facts import Observation, Tombstone
from ledger.model.ids import Kind
from ledger.model.outcomes import RefusalKind, Rejected, Write

FIELD_OF: Final = {
    "Name": "name",
    "DisplayName": "name",
    "Sku": "sku",
    "AcctNum": "code",
    "CompanyName": "company_name",
    "PrimaryEmailAddr": "email",
    "PrimaryPhone": "phone",
    "WebAddr": "website",
    "BillAddr": "billing_address",
    "ShipAddr": "shipping_address",
    "TermRef": "terms",
    "SalesTermRef": "terms",
    "Description": "description",
    "PurchaseDesc": "purchase_description",
    "UnitPrice": "sales_price",
    "PurchaseCost": "purchase_cost",
    "IncomeAccountRef": "income_account",
    "ExpenseAccountRef": "expense_account",
    "AssetAccountRef": "asset_account",
    "CurrencyRef": "currency",
    "Notes": "notes",
    "DocNumber": "number",
    "TxnDate": "date",
    "DueDate": "due_date",
    "ExpectedDate": "expected_date",
    "VendorRef": "vendor",
    "CustomerRef": "customer",
    "Line": "lines",
    "PrivateNote": "note",
    "Memo": "memo",
    "CustomerMemo": "memo",
    "CustomField": "custom_fields",
    "TxnTaxDetail": "tax_total",
    "APAccountRef": "payable_account",
}
"""Property of QuickBooks -> our field."""
DOCUMENT_FIELD_BY_CODE: Final = {
    "620": "lines",
    "2250": "lines",
    "2290": "lines",
    "3000": "custom_fields",
    "6070": "lines",
    "6090": "lines",
    "6100": "lines",
    "6140": "number",
    "6160": "lines",
    "6170": "tax_total",
    "6200": "date",
    "6210": "date",
    "6230": "lines",
    "6250": "customer",
    "6270": "date",
    "6520": "lines",
}
"""Faults that name no property, and what they are about."""
_FAMILY: Final = re.compile(r"\b(Names|Accounts|Items|Klasses|TaxCodes)\b element id")


def rejected(
    write: Write, fault: Fault, refusal: RefusalKind, shown: Observation | None
) -> Rejected:
    """A fault as the end of one write."""
    return Rejected(
        b_id=write.b_id,
        refusal=refusal,
        code=fault.first.code,
        message=fault.text,
        field=_field(write, fault.first),
        cure=fault.cure,
        shown=shown,
    )


def unwritable(write: Write, problem: Unwritable) -> Rejected:
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.INVALID,
        code="not_representable",
        message=str(problem),
        field=problem.field,
        cure=problem.cure,
    )


def not_sent(write: Write, reason: str) -> Rejected:
    return Rejected(b_id=write.b_id, refusal=RefusalKind.NOT_SENT, code="not_sent", message=reason)


def moved(write: Write, now: Observation | Tombstone | None) -> Rejected:
    """The record is no longer what the write was planned from."""
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.STALE,
        code="moved",
        message="the document is no longer what was planned from",
        shown=now if isinstance(now, Observation) else None,
    )


def _field(write: Write, detail: Detail) -> str:
    """Our name of the field that a fault is about; ``""`` or QuickBooks' name where it has none."""
    is_document = ENTITIES[write.kind].is_document
    if is_document and (found := DOCUMENT_FIELD_BY_CODE.get(detail.code)):
        return found
    if detail.code == "6240":
        return "name"
    if is_document and (family := _FAMILY.search(detail.detail)):
        party = "customer" if write.kind is Kind.INVOICE else "vendor"
        return party if family[1] == "Names" else "lines"
    return FIELD_OF.get(detail.element.split(".")[0], detail.element)
