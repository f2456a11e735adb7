"""What purchases and sales have in common: header fields, status words, payments, custom fields.

DEAR: business dates are midnight without a zone and stay calendar days; a purchase or sale is one
object whose order and invoices have a status each, and an overall one.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import UNSET, UnsetType

from daemon.connectors.dear.mapping.fields import (
    Malformed,
    Raw,
    day,
    in_digits,
    name,
    number,
    rows,
    text,
)
from daemon.connectors.dear.mapping.lines import NO_ID, is_empty
from ledger.model.ids import Kind
from ledger.model.values import Address, Reference, Texts

MAPPING = 1
"""Raised when documents are to be read anew because they would be mapped otherwise."""

STUB = frozenset({"", "not available"})
"""Status of an order or invoice that nobody has begun."""
INVOICE_STATUSES: Mapping[str, str] = {
    "": "draft",
    "not available": "draft",
    "draft": "draft",
    "authorised": "open",
    "authorized": "open",
    "paid": "open",
    "voided": "voided",
}
ORDER_STATUSES: Mapping[str, str] = {
    **INVOICE_STATUSES,
    "ordered": "open",
    "receiving": "open",
    "received": "open",
    "partially received": "open",
    "fully received": "open",
    "partially invoiced": "open",
    "invoiced": "open",
    "fulfilled": "open",
    "credited": "open",
    "completed": "open",
    "closed": "closed",
}
"""DEAR's words in lower case. Only these count: a word that is new has no meaning here."""

CALCULATIONS: Mapping[str, str] = {"exclusive": "exclusive", "inclusive": "inclusive"}


def is_voided(whole: Raw) -> bool:
    """Whether all of a purchase or sale is voided, whatever its parts say."""
    return _folded(whole, "Status") == "voided"


def status(
    whole: Raw, part: Raw, words: Mapping[str, str], what: str
) -> tuple[str | UnsetType, str]:
    """The status of an order or invoice, and why it is out of scope when its word is not known."""
    word = _folded(part, "Status")
    if is_voided(whole):
        return "voided", ""
    known = words.get(word)
    if known is None:
        return UNSET, f"status {text(part, 'Status')!r} of the {what} is not known here"
    return known, ""


def is_stub(part: Raw) -> bool:
    """Whether an order or invoice was never begun. Raises ``Malformed``."""
    return _folded(part, "Status") in STUB and is_empty(part)


def task_id(part: Raw) -> str:
    """The id of an invoice within its purchase or sale, folded; ``""`` where it has none yet."""
    shown = text(part, "TaskID")
    return shown.lower() if isinstance(shown, str) and shown != NO_ID else ""


def calculation(whole: Raw) -> str:
    """How the document counts its tax. Guessing could cost money: an unknown word is refused."""
    word = _folded(whole, "TaxCalculation")
    if word not in CALCULATIONS:
        shown = whole.get("TaxCalculation")
        raise Malformed("TaxCalculation", f"TaxCalculation {shown!r} is not known here")
    return CALCULATIONS[word]


def calendar_day(raw: Raw, key: str) -> str | UnsetType | None:
    """A business date as ``YYYY-MM-DD``, as it stands on the wire."""
    shown = text(raw, key)
    if not isinstance(shown, str):
        return shown
    try:
        return day(shown).isoformat()
    except ValueError:
        raise Malformed(key, f"{key} {shown[:40]!r} is not a date") from None


def party(whole: Raw, key: str, kind: Kind) -> Reference:
    """The supplier or customer, by id."""
    return Reference(kind=kind, id=name(whole, key).lower())


def address(whole: Raw, key: str) -> Address | UnsetType | None:
    """A postal address of the document; a company that goods are shipped to is its first line."""
    if key not in whole:
        return UNSET
    shown = whole[key]
    if shown is None:
        return None
    if not isinstance(shown, Mapping):
        raise Malformed(key, f"{key} is not an object")
    parts = {one: _part(shown, key, one) for one in ("City", "State", "Postcode", "Country")}
    named = [_part(shown, key, one) for one in ("Company", "Line1", "Line2")]
    lines = tuple(line for line in named if line)
    if not lines and not any(parts.values()):
        return None
    return Address(lines, parts["City"], parts["State"], parts["Postcode"], parts["Country"])


def settlements(part: Raw, key: str, word: str) -> str | UnsetType | None:
    """``Payment 4711, Payment 4712``: payments by their reference, else by their id."""
    found = rows(part, key)
    if isinstance(found, UnsetType):
        return UNSET
    named = [text(row, "Reference") or text(row, "ID") or "" for row in found]
    return ", ".join(f"{word} {one}".strip() for one in named) or None


def balance(part: Raw) -> Decimal | UnsetType:
    """What is left to pay of an invoice; UNSET when the invoice does not say its total."""
    total, paid = number(part, "Total"), number(part, "Paid")
    if not isinstance(total, Decimal):
        return UNSET
    if not isinstance(paid, Decimal):
        payments = rows(part, "Payments")
        each = [] if isinstance(payments, UnsetType) else [number(p, "Amount") for p in payments]
        paid = sum((amount for amount in each if isinstance(amount, Decimal)), Decimal(0))
    return total - paid


def custom_fields(
    wanted: Mapping[str, str], whole: Raw, parts: Iterable[Raw] = ()
) -> Texts | UnsetType:
    """The configured properties that have a value, under their names in the books.

    A property is looked for among the additional attributes, on the document and on ``parts``.
    """
    if not wanted:
        return UNSET
    attributes = whole.get("AdditionalAttributes")
    places = [attributes if isinstance(attributes, Mapping) else {}, whole, *parts]
    found: list[tuple[str, str]] = []
    for called, key in sorted(wanted.items()):
        shown = next((place[key] for place in places if key in place), None)
        if value := _custom(key, shown):
            found.append((called, value))
    return Texts(tuple(found))


def _custom(key: str, shown: object) -> str:
    match shown:
        case None:
            return ""
        case bool():
            return "Yes" if shown else "No"
        case int() | Decimal():
            return in_digits(shown, key)
        case str():
            # A day comes as midnight without a zone.
            return shown.strip().removesuffix("T00:00:00")
        case _:
            raise Malformed(key, f"{key} is no single value, so that no custom field can show it")


def _folded(raw: Raw, key: str) -> str:
    shown = text(raw, key)
    return shown.strip().casefold() if isinstance(shown, str) else ""


def _part(shown: Raw, key: str, one: str) -> str:
    try:
        return text(shown, one) or ""
    except Malformed as error:
        raise Malformed(f"{key}.{one}", f"{key}.{error}") from None
