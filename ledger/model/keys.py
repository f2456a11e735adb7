"""Keys under which a record can be found again: by matching, by name clash, by a reference."""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from .money import plain, quantise
from .records import Account, Bill, Customer, Document, Invoice, Item, PurchaseOrder, Record, Vendor
from .values import Reference

_TOO_MUCH = Decimal(10**20)
"""No document comes to so much, and rounding it would need more digits than decimals carry."""
MOST_TEXTS = 4096
"""Texts whose keys are remembered: one name is asked for on several rungs in a row."""
_APOSTROPHES = dict.fromkeys("’‘`´", "'")
_REFUSED = dict.fromkeys(':"\\', "-")
"""Characters that some system refuses in names and that sanitising turns into a hyphen."""
_SHAPES = str.maketrans(_APOSTROPHES | _REFUSED)
_PLAIN = re.compile(r'[^`:"\\]*').fullmatch
"""Whether none of those of them that are ASCII occurs."""
_BESIDE: dict[type[Record], tuple[str, ...]] = {
    Account: ("code",),
    Vendor: ("email", "code"),
    Customer: ("email", "code"),
    Item: ("sku",),
}
"""Fields that are keys beside the name."""
_DOCUMENTS = (PurchaseOrder, Bill, Invoice)


def fold(text: str) -> str:
    """Case-folded text: the equality that QBO uses for names (`reference`: 6240 ignores case)."""
    return text.lower() if text.isascii() else _fold(text)


@lru_cache(maxsize=MOST_TEXTS)
def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


@lru_cache(maxsize=MOST_TEXTS)
def normalise(text: str) -> str:
    """Looser than ``fold``: spaces, apostrophe shapes and width variants do not count, nor does
    what sanitising a name for another system would change.

    Two names equal only here are *proposed* as one thing, never linked by the program.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_SHAPES)
        return " ".join(text.split()).casefold()
    if not _PLAIN(text):
        text = text.translate(_SHAPES)
    return " ".join(text.split()).lower()


def keys(record: Record) -> tuple[tuple[str, str], ...]:
    """``(key name, folded value)`` pairs of a record, one for each name at most.

    Key names: ``name`` (folded), ``normal_name`` (normalised), ``code``, ``sku``, ``email``; of
    documents ``number``, ``dated_total`` (see there), ``order`` (id of the order billed) and
    ``party`` (id of the vendor or customer, as the system itself writes it).
    """
    if isinstance(record, _DOCUMENTS):
        return _document_keys(record)
    found: list[tuple[str, str]] = []
    name = record.name
    if isinstance(name, str) and name:
        found.append(("name", fold(name)))
        found.append(("normal_name", normalise(name)))
    for key in _BESIDE.get(type(record), ()):
        _add(found, key, getattr(record, key))
    return tuple(found)


def _document_keys(record: Document) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    _add(found, "number", record.number)
    total = record.total
    if isinstance(record.date, str) and isinstance(total, Decimal) and abs(total) < _TOO_MUCH:
        found.append(("dated_total", dated_total(record.date, total)))
    if isinstance(record, Bill) and isinstance(record.order, Reference):
        _add(found, "order", record.order.id)
    party = record.customer if isinstance(record, Invoice) else record.vendor
    if isinstance(party, Reference):
        _add(found, "party", party.id)
    return tuple(found)


def dated_total(date: str, total: Decimal) -> str:
    """The key of documents of one day over one sum: ``2026-03-31|119``."""
    return f"{date}|{plain(quantise(total, 2))}"


def _add(found: list[tuple[str, str]], key: str, value: object) -> None:
    if isinstance(value, str) and (text := value.strip()):
        found.append((key, fold(text)))
