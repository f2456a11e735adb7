"""Reading single fields of DEAR's JSON, and the two ways in which that can fail.

``Malformed``: the wire shows something that cannot be understood. ``Unfit``: a value of ours that
DEAR has no way to hold. Both name a field; neither knows which record is meant.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from msgspec import UNSET, UnsetType

from ledger.model.ids import Kind
from ledger.model.money import exact, plain
from ledger.model.values import Reference, Value

Raw: TypeAlias = Mapping[str, Any]
"""One row as decoded from the wire: numbers are int or Decimal, never float."""

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,7}))?\s*(Z|[+-]\d{2}:?\d{2})?", re.I
)


class Malformed(Exception):
    """A field of a row is not what the API promises."""

    def __init__(self, field: str, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.field = field
        """Name on the wire."""
        self.cure = cure
        """``""`` = correct the field in DEAR."""


class Unfit(Exception):
    """A value that DEAR cannot hold."""

    def __init__(self, field: str, message: str, *, cure: str) -> None:
        super().__init__(message)
        self.field = field
        """Canonical name."""
        self.cure = cure


def text(raw: Raw, key: str) -> str | UnsetType | None:
    """Text as sent; empty and null are None, a field left out is UNSET."""
    if key not in raw:
        return UNSET
    value = raw[key]
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return in_digits(value, key)  # TaxNumber is documented as a number, and sent as text
    raise Malformed(key, f"{key} is {_sort(value)} where text is expected")


def in_digits(value: int | Decimal, key: str) -> str:
    """A number that stands where text is meant."""
    try:
        return plain(exact(value))
    except ValueError as error:
        raise Malformed(key, f"{key}: {error}") from None


def name(raw: Raw, key: str) -> str:
    """Text that every row must have."""
    value = text(raw, key)
    if not isinstance(value, str):
        raise Malformed(key, f"{key} is missing or empty")
    return value


def number(raw: Raw, key: str) -> Decimal | UnsetType | None:
    """An exact decimal; DEAR sends some numbers as text."""
    if key not in raw:
        return UNSET
    value = raw[key]
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Malformed(key, f"{key} is {_sort(value)} where a number is expected")
    try:
        return exact(value)
    except ValueError as error:
        raise Malformed(key, f"{key}: {error}") from None


def flag(raw: Raw, key: str) -> bool | UnsetType | None:
    if key not in raw or raw[key] is None:
        return UNSET
    value = raw[key]
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    raise Malformed(key, f"{key} is {_sort(value)} where true or false is expected")


def word(raw: Raw, key: str, words: Mapping[str, str]) -> str | UnsetType | None:
    """A word of a known vocabulary (keys in lower case), translated.

    A word that is not in it is UNSET: new words appear in DEAR without notice, and a field that
    is not understood takes part in nothing. ``unknown_word`` tells about them.
    """
    value = text(raw, key)
    if not isinstance(value, str):
        return value
    return words.get(value.casefold(), UNSET)


def pointer(raw: Raw, key: str, kind: Kind) -> Reference | UnsetType | None:
    """A reference as DEAR writes it: the name of a tax rule or term, the code of an account."""
    value = text(raw, key)
    if not isinstance(value, str):
        return value
    if kind is Kind.ACCOUNT:
        value = value.split(": ", 1)[0]  # "610: Accounts Receivable" is shown in some places
    return Reference(kind=kind, key=value)


def rows(raw: Raw, key: str) -> list[Raw] | UnsetType:
    """A nested array; UNSET when the row does not show it."""
    value = raw.get(key)
    if value is None:
        return UNSET
    if not isinstance(value, Sequence) or not all(isinstance(row, Mapping) for row in value):
        raise Malformed(key, f"{key} is not a list of rows")
    return list(value)


def instant(value: str) -> datetime:
    """A point in time. DEAR: UTC, with or without ``Z``, with 0 to 7 digits of a second."""
    found = _INSTANT.fullmatch(value.strip())
    if not found:
        raise ValueError(f"{value!r} is not a point in time")
    day, clock, fraction, zone = found.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    there = datetime.fromisoformat(f"{day}T{clock}.{micros}{offset}")
    if not 1 < there.year < 9999:
        raise ValueError(f"{value!r} lies beyond the calendar")  # UTC may be outside of it
    return there.astimezone(UTC)


def day(value: str) -> date:
    """A calendar date, which DEAR shows as midnight without a zone; never moved through one."""
    return date.fromisoformat(value.strip()[:10])


def modified_at(raw: Raw) -> datetime | None:
    """When the row was last changed, by DEAR's own clock; None where it does not say."""
    value = text(raw, "LastModifiedOn")
    if not isinstance(value, str):
        return None
    try:
        return instant(value)
    except ValueError as error:
        raise Malformed("LastModifiedOn", f"LastModifiedOn: {error}") from None


def wire_text(value: Value, field: str) -> str:
    """Text for the wire. DEAR: ``""`` empties a field, leaving it out keeps it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise Unfit(field, f"{field} is not text", cure="this is a bug; please report it")


def wire_key(value: Value, field: str) -> str:
    """The name or code by which DEAR knows a record that is pointed at."""
    if value is None:
        return ""
    if isinstance(value, Reference) and (value.key or value.kind is Kind.ACCOUNT):
        return value.key or value.id
    raise Unfit(
        field,
        f"the record that {field} points at has no name in DEAR",
        cure="link it to a record in DEAR, or create it there",
    )


def wire_number(value: Value, field: str) -> Decimal:
    if value is None:
        return Decimal(0)
    if isinstance(value, Decimal):
        return value
    raise Unfit(field, f"{field} is not a number", cure="this is a bug; please report it")


def wire_flag(value: Value, field: str) -> bool:
    if isinstance(value, bool):
        return value
    raise Unfit(field, f"{field} is neither true nor false", cure="this is a bug; please report it")


def _sort(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | Decimal():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "an object"
        case _:
            return "a list"
