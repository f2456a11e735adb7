"""Kinds of fields, and the check of a request body against a table of them.

What is checked here needs only the body: known properties (2010), lengths (2050), characters
(2040), numbers, dates, enumerations. References and names need the books: see ``rules``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.wire import Wire, number

META: Final = frozenset(
    {"Id", "SyncToken", "MetaData", "domain", "sparse", "status", "AttachableRef", "CustomField"}
)
"""Properties of every entity that are not part of its content."""

_EMAIL: Final = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ADDRESS: Final[Mapping[str, int]] = {
    **{f"Line{n}": 500 for n in range(1, 6)},
    "City": 255,
    "Country": 255,
    "CountryCode": 255,
    "CountrySubDivisionCode": 255,
    "PostalCode": 30,
    "PostalCodeSuffix": 30,
    "Note": 1000,
}
_ADDRESS_READ_ONLY: Final = frozenset({"Id", "Lat", "Long", "Tag"})


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an entity.

    ``kind``: text, name, flag, number, date, ref, address, phone, email, web, read_only
    (accepted and ignored), refused (QBO has it, this sandbox has not: anything but nothing is a
    fault that says so) or raw (checked elsewhere).
    """

    kind: str
    most: int = 0
    """Longest text in characters; 0 for no limit."""
    choices: tuple[str, ...] = ()
    target: str = ""
    """Entity that a reference points to."""
    banned: str = ""
    """Characters that the text must not hold."""
    create_only: bool = False
    """Writable when the record is created, ignored afterwards."""


@dataclass(slots=True)
class Cleaned:
    """A checked body: what it sets, and what it empties."""

    values: Wire = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)


def text(most: int = 0, *choices: str) -> Field:
    return Field("text", most=most, choices=choices)


def ref(target: str) -> Field:
    return Field("ref", target=target)


FLAG: Final = Field("flag")
NUMBER: Final = Field("number")
DATE: Final = Field("date")
READ_ONLY: Final = Field("read_only")
REFUSED: Final = Field("refused")
RAW: Final = Field("raw")
ADDRESS: Final = Field("address")
PHONE: Final = Field("phone", most=30)
EMAIL: Final = Field("email", most=100)
WEB: Final = Field("web", most=1000)


def clean(body: Mapping[str, Any], fields: Mapping[str, Field], *, trim: bool) -> Cleaned:
    """Check a body. ``null`` is ignored; ``""``, ``{}`` and ``{"value": ""}`` empty a field.

    Raises ``QboFault``: 2010 for the first unknown property, else every other mistake at once.
    """
    for key in body:
        if key not in fields and key not in META:
            raise faultbodies.unknown_property(key)
    result = Cleaned()
    errors: list[Wire] = []
    for key, spec in fields.items():
        if body.get(key) is None or spec.kind == "read_only":
            continue
        if spec.kind == "refused":
            if body[key] not in ("", "0", 0, False, [], {}):
                raise faultbodies.not_simulated(key)
            continue
        if spec.kind == "raw":
            result.values[key] = body[key]
            continue
        value = _CLEANERS[spec.kind](key, body[key], spec, errors)
        if isinstance(value, str) and spec.kind == "name" and trim:
            value = value.strip()
        if value in ("", None) or value == {}:
            result.cleared.add(key)
        else:
            result.values[key] = value
    if errors:
        raise faultbodies.QboFault(errors)
    return result


def _text(key: str, value: Any, spec: Field, errors: list[Wire]) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise faultbodies.unknown_property(key)
    shown = str(value)
    if spec.most and len(shown) > spec.most:
        errors.append(faultbodies.too_long(key, len(shown), spec.most))
    if any(c in shown for c in spec.banned) or _CONTROL.search(shown):
        errors.append(faultbodies.bad_characters(key))
    if shown and spec.choices and shown not in spec.choices:
        errors.append(faultbodies.bad_value(key, shown, code="2170"))
    return shown


def _flag(key: str, value: Any, _: Field, errors: list[Wire]) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", ""):
        return value and value.lower() == "true"
    errors.append(faultbodies.bad_value(key, value, code="2230"))
    return ""


def _number(key: str, value: Any, _: Field, errors: list[Wire]) -> Decimal | str:
    if value == "":
        return ""
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        parsed = Decimal(value) if isinstance(value, int | str | Decimal) else Decimal("NaN")
    except InvalidOperation:
        parsed = Decimal("NaN")
    if not parsed.is_finite() or abs(parsed) > Decimal(99_999_999_999):
        errors.append(faultbodies.bad_value(key, value, code="2090"))
        return ""
    return number(parsed)


def _date(key: str, value: Any, _: Field, errors: list[Wire]) -> str:
    if value == "":
        return ""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        errors.append(faultbodies.bad_value(key, value, code="2060"))
        return ""


def _ref(key: str, value: Any, _: Field, errors: list[Wire]) -> Wire:
    inner = _object(key, value, frozenset({"value", "name", "type"}))
    target = inner.get("value")
    return {"value": str(target)} if target not in (None, "") else {}


def _address(key: str, value: Any, _: Field, errors: list[Wire]) -> Wire:
    inner = _object(key, value, _ADDRESS.keys() | _ADDRESS_READ_ONLY)
    parts: Wire = {}
    for name, most in _ADDRESS.items():
        if inner.get(name) not in (None, ""):
            parts[name] = _text(f"{key}.{name}", inner[name], Field("text", most), errors)
    return parts


def _phone(key: str, value: Any, spec: Field, errors: list[Wire]) -> Wire:
    return _single(key, value, spec, errors, part="FreeFormNumber")


def _web(key: str, value: Any, spec: Field, errors: list[Wire]) -> Wire:
    return _single(key, value, spec, errors, part="URI")


def _email(key: str, value: Any, spec: Field, errors: list[Wire]) -> Wire:
    result = _single(key, value, spec, errors, part="Address")
    for part in re.split(r"[,;]", str(result.get("Address", ""))):
        if part.strip() and not _EMAIL.fullmatch(part.strip()):
            errors.append(faultbodies.bad_value(key, part.strip(), code="2210"))
    return result


def _single(key: str, value: Any, spec: Field, errors: list[Wire], *, part: str) -> Wire:
    inner = _object(key, value, frozenset({part, "Id", "Default", "Tag", "DeviceType"}))
    shown = _text(f"{key}.{part}", inner.get(part) or "", spec, errors)
    return {part: shown} if shown else {}


def _object(key: str, value: Any, allowed: frozenset[str] | set[str]) -> Wire:
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise faultbodies.unknown_property(key)
    for name in value:
        if name not in allowed:
            raise faultbodies.unknown_property(name)
    return value


_CLEANERS: Final[Mapping[str, Callable[[str, Any, Field, list[Wire]], Any]]] = {
    "text": _text,
    "name": _text,
    "flag": _flag,
    "number": _number,
    "date": _date,
    "ref": _ref,
    "address": _address,
    "phone": _phone,
    "email": _email,
    "web": _web,
}
