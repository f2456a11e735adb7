"""Keys under which a record can be found again: by matching, by name clash, by a reference."""

import unicodedata

from .records import Account, Customer, Item, Record, Vendor

_APOSTROPHES = dict.fromkeys("’‘`´", "'")
_REFUSED = dict.fromkeys(':"\\', "-")
"""Characters that some system refuses in names and that sanitising turns into a hyphen."""
_SHAPES = str.maketrans(_APOSTROPHES | _REFUSED)


def fold(text: str) -> str:
    """Case-folded text: the equality that QBO uses for names (`reference`: 6240 ignores case)."""
    return unicodedata.normalize("NFC", text).casefold()


def normalise(text: str) -> str:
    """Looser than ``fold``: spaces, apostrophe shapes and width variants do not count, nor does
    what sanitising a name for another system would change.

    Two names equal only here are *proposed* as one thing, never linked by the program.
    """
    text = unicodedata.normalize("NFKC", text).translate(_SHAPES)
    return " ".join(text.split()).casefold()


def keys(record: Record) -> tuple[tuple[str, str], ...]:
    """``(key name, folded value)`` pairs of a record.

    Key names: ``name`` (folded), ``normal_name`` (normalised), ``code``, ``sku``, ``email``.
    """
    found: list[tuple[str, str]] = []
    if isinstance(record.name, str) and record.name:
        found.append(("name", fold(record.name)))
        found.append(("normal_name", normalise(record.name)))
    match record:
        case Account(code=code):
            _add(found, "code", code)
        case Vendor(email=email, code=code) | Customer(email=email, code=code):
            _add(found, "email", email)
            _add(found, "code", code)
        case Item(sku=sku):
            _add(found, "sku", sku)
        case _:
            pass
    return tuple(found)


def _add(found: list[tuple[str, str]], key: str, value: object) -> None:
    if isinstance(value, str) and value.strip():
        found.append((key, fold(value.strip())))
