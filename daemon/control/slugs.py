"""Slugs of the daemon in the words of a person: reasons to hold, reasons to wait, kinds."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

HOLDS = {
    "totals_differ": "total would differ",
    "discrepant": "posted with another total",
    "reopened": "back to draft in the source",
    "closed_period": "closed period",
    "foreign_currency": "foreign currency",
    "tax_inclusive": "prices include tax",
    "settled": "paid or credited already",
    "below_paid": "less than was paid",
    "before_start": "before the item's start date",
    "before_order": "dated before its order",
    "ambiguous_lines": "lines cannot be told apart",
    "inactive_reference": "points to something inactive",
    "voided": "voided in the books",
}
WAITS = {
    "first_plan": "first plan",
    "mass_change": "many at once",
    "inactivates": "makes a record inactive",
    "removes": "ends a document",
    "manual_flow": "sent by hand",
    "create_policy": "creation is asked for",
    "too_many": "too many at once",
    "too_much_money": "too much money at once",
    "rules_changed": "the rules changed",
    "window": "outside the hours of writing",
    "skipped": "set aside",
    "asked_about": "may be a lost create",
    "withdrawn": "its approval was taken back",
}


DOCUMENTS = frozenset(
    {
        *("purchase_order", "bill", "vendor_credit", "bill_payment", "estimate", "sales_order"),
        *("invoice", "credit_memo", "payment", "refund", "journal_entry"),
    }
)
"""Kinds that are voided where others are made inactive."""
_NAMES = frozenset({"number", "order_number", "note"})
"""Of a document: words, though they may look like a figure."""


def is_document(kind: str) -> bool:
    return kind in DOCUMENTS


def side_words(kind: str, fields: Sequence[str], text: str) -> str:
    """What a system shows in a row of the drift list; totals of documents as people write them."""
    if not is_document(kind) or _NAMES.intersection(fields[:1]):
        return text
    try:
        total = Decimal(text)
    except InvalidOperation:
        return text
    return f"{total:,.2f}" if total.is_finite() and total == round(total, 2) else text


def hold_words(code: str) -> str:
    """Why a record is held, in a few words; the code itself is what filters take."""
    return HOLDS.get(code, noun(code))


def wait_words(reason: str) -> str:
    """Why a change waits for a person."""
    return WAITS.get(reason, noun(reason))


def noun(slug: str) -> str:
    """``purchase_order`` as ``purchase order``."""
    return slug.replace("_", " ")


def field_words(field: str) -> str:
    """``sales_price`` as ``sales price``, ``lines[4].item`` as ``item of line 4``."""
    place, inside, part = field.removeprefix("lines[").partition("]")
    if not inside or not field.startswith("lines["):
        return noun(field)
    line = f"line {place}"
    return f"{noun(part.removeprefix('.'))} of {line}" if part else line


def nouns(kind: str) -> str:
    """Several of a kind: ``purchase orders``, ``classes``."""
    name = noun(kind)
    return f"{name}es" if name.endswith("s") else f"{name}s"
