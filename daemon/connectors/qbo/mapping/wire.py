"""Reading and writing single properties of QuickBooks' JSON objects.

QuickBooks leaves out what is empty, so an absent text is *shown and empty* (None). Readers refuse
a value of the wrong type by name instead of guessing; writers know how each shape is emptied.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from ledger.model.capabilities import LineTax
from ledger.model.errors import Broken
from ledger.model.ids import Kind
from ledger.model.money import exact
from ledger.model.records import Record
from ledger.model.values import UNSET, Address, Reference, UnsetType, Value

Wire: TypeAlias = dict[str, Any]
"""One decoded JSON object; its numbers are int or Decimal, never float."""
Rates: TypeAlias = Mapping[str, Decimal]
"""TaxRate id -> percent."""
Put: TypeAlias = Callable[[Wire, Value], None]
"""Sets one field in an object that will be sent."""

ADDRESS_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5")
COMMON = frozenset(
    {
        "Id",
        "SyncToken",
        "MetaData",
        "domain",
        "sparse",
        "status",
        "CustomField",
        "AttachableRef",
        "CustomExtensions",
        "HeaderFull",
        "HeaderLite",
    }
)
_DELETED = re.compile(r"(?:\s*\(deleted(?:-\d+)?\))+$", re.IGNORECASE)


class Malformed(ValueError):
    """A property has a shape that cannot be understood."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Unwritable(ValueError):
    """A value cannot be said in QuickBooks' form. ``field`` is ours; what QuickBooks calls it
    stands in the message."""

    def __init__(self, field: str, message: str, cure: str) -> None:
        super().__init__(message)
        self.field = field
        self.cure = cure


class Unsayable(ValueError):
    """The same from a ``Put``, which knows the property and not the field."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What an object means besides what it says: tax rates, and settings of the company."""

    rates: Rates = msgspec.field(default_factory=dict)
    taxes_by_code: bool = True
    """Outside the US every line names a tax code; in the US it is taxed or not."""
    sales_tax: LineTax = LineTax.EACH
    purchase_tax: LineTax = LineTax.EACH
    sales_fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Folded name of a custom field of invoices -> DefinitionId."""
    order_fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The same of purchase orders."""
    payable_account: str = ""
    """Id of the account that new purchase orders (and bills, where it is configured) name."""

    def line_tax(self, kind: Kind) -> LineTax:
        return self.sales_tax if kind is Kind.INVOICE else self.purchase_tax

    def custom_fields(self, kind: Kind) -> Mapping[str, str]:
        return self.sales_fields if kind is Kind.INVOICE else self.order_fields


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind looks on the wire."""

    kind: Kind
    name: str
    """Name of the entity in QuickBooks: the key of its objects, and the table of queries."""
    name_property: str
    read: Callable[[Wire, Setting], Record]
    puts: dict[str, Put]
    """Fields that can be sent."""
    known: frozenset[str]
    """Properties that are understood or knowingly left alone."""
    queries: dict[str, str]
    """Field -> property, for those that a query may name."""
    scope: Callable[[Wire], str] = lambda _raw: ""
    """Why an object is watched only; ``""`` when it takes part."""
    words: dict[str, frozenset[str]] = msgspec.field(default_factory=dict)
    """Property -> words that are known."""
    required: tuple[str, ...] = ()
    """Properties sent along with every update, as they last were."""
    complete: Callable[[Wire], None] = lambda _out: None
    """Adds to a create what follows from other properties."""
    item_detail: str = ""
    """Of documents: the detail that their item lines have. Documents are transactions: they are
    removed, never inactive, and queries must not name ``Active``."""
    strangers: Callable[[Wire], list[str]] = lambda _raw: []
    """Properties and words inside of an object that nobody here knows."""

    @property
    def is_document(self) -> bool:
        return bool(self.item_detail)

    def say(self, out: Wire, field: str, value: Value, *, is_create: bool) -> None:
        """Put a field into an object; a create says nothing of what is empty."""
        put = self.puts.get(field)
        if put is None:
            raise Unwritable(field, f"{field} cannot be written to QuickBooks", "take it out")
        if value is None and is_create:
            return
        try:
            put(out, value)
        except Unsayable as problem:
            raise Unwritable(field, str(problem), problem.cure) from problem


def text(raw: Wire, prop: str) -> str | None:
    """A text; None when it is absent or empty."""
    value = raw.get(prop)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Malformed(prop, f"{prop} should be text and is {_sort(value)}")
    return value


def inner_text(raw: Wire, prop: str, inner: str) -> str | None:
    """A text inside an object, such as PrimaryEmailAddr.Address."""
    value = part(raw, prop)
    return None if value is None else text(value, inner)


def part(raw: Wire, prop: str) -> Wire | None:
    """An object inside an object."""
    value = raw.get(prop)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Malformed(prop, f"{prop} should be an object and is {_sort(value)}")
    return value


def number(raw: Wire, prop: str) -> Decimal | None:
    """An exact number; texts of digits are accepted as well, as some answers quote them."""
    value = raw.get(prop)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Malformed(prop, f"{prop} should be a number and is {_sort(value)}")
    try:
        return exact(value)
    except ValueError as error:
        raise Malformed(prop, f"{prop} should be a number that an amount can be") from error


def day(raw: Wire, prop: str) -> str | None:
    """A calendar day without zone; a time or an offset behind it says nothing."""
    value = text(raw, prop)
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as error:
        raise Malformed(prop, f"{prop} should be a day") from error


def parts(raw: Wire, prop: str) -> list[Wire]:
    """A list of objects; empty when it is absent."""
    value = raw.get(prop)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Malformed(prop, f"{prop} should be a list of objects")
    return value


def flag(raw: Wire, prop: str) -> bool | UnsetType:
    """A yes or no; not shown when absent, for absence does not say no."""
    value = raw.get(prop)
    if value is None:
        return UNSET
    if not isinstance(value, bool):
        raise Malformed(prop, f"{prop} should be true or false and is {_sort(value)}")
    return value


def active(raw: Wire) -> bool:
    """Objects without the mark are alive: old classes and terms carry none."""
    value = flag(raw, "Active")
    return True if value is UNSET else bool(value)


def pointer(raw: Wire, prop: str, kind: Kind) -> Reference | None:
    """A reference by id. Its name is output only and says nothing about identity."""
    value = raw.get(prop)
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("value", ""), str):
        raise Malformed(prop, f"{prop} should be a reference and is {_sort(value)}")
    return Reference(kind=kind, id=value["value"]) if value.get("value") else None


def shown(value: Reference | None) -> Reference | UnsetType:
    """For references that only some editions of QuickBooks carry: absent is not shown."""
    return UNSET if value is None else value


def currency(raw: Wire) -> str | UnsetType:
    value = inner_text(raw, "CurrencyRef", "value")
    return UNSET if value is None else value


def address(raw: Wire, prop: str) -> Address | None:
    value = part(raw, prop)
    if value is None:
        return None
    found = Address(
        lines=tuple(line for name in ADDRESS_LINES if (line := text(value, name))),
        city=text(value, "City") or "",
        region=text(value, "CountrySubDivisionCode") or "",
        postal_code=text(value, "PostalCode") or "",
        country=text(value, "Country") or "",
    )
    return None if found == Address() else found


def name(raw: Wire, prop: str) -> str | None:
    """The name as QuickBooks has it now: whether an inactive record still holds a name that
    another one needs is told by the " (deleted)" behind it."""
    return text(raw, prop)


def given_name(raw: Wire, prop: str) -> str | None:
    """The name a person gave: inactivation appends " (deleted)", which nobody typed."""
    value = text(raw, prop)
    return value if value is None or active(raw) else unmarked(value)


def unmarked(value: str) -> str:
    """A name without the mark of inactivation."""
    return _DELETED.sub("", value)


def put_text(prop: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        out[prop] = "" if value is None else _typed(prop, value, str)

    return put


def put_inner_text(prop: str, inner: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        out[prop] = {inner: "" if value is None else _typed(prop, value, str)}

    return put


def put_day(prop: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        if value is None:
            raise Unsayable(f"QuickBooks cannot empty {prop}", "enter a day")
        out[prop] = _typed(prop, value, str)

    return put


def put_number(prop: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        if value is None:
            raise Unsayable(f"QuickBooks cannot empty {prop}", "enter an amount, or 0")
        out[prop] = _typed(prop, value, Decimal)

    return put


def put_flag(prop: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        if value is None:
            raise Unsayable(f"QuickBooks cannot empty {prop}", "choose yes or no")
        out[prop] = _typed(prop, value, bool)

    return put


def put_pointer(prop: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        if value is None:
            out[prop] = {"value": ""}
            return
        reference = _typed(prop, value, Reference)
        if not reference.id:
            raise Broken(f"{prop} is to be sent without an id")
        out[prop] = {"value": reference.id}

    return put


def put_currency(out: Wire, value: Value) -> None:
    if value is not None:
        out["CurrencyRef"] = {"value": _typed("CurrencyRef", value, str)}


def put_address(prop: str) -> Put:
    def put(out: Wire, value: Value) -> None:
        wanted = Address() if value is None else _typed(prop, value, Address)
        if len(wanted.lines) > len(ADDRESS_LINES):
            raise Unsayable(
                f"the address has {len(wanted.lines)} lines and {prop} in QuickBooks holds "
                f"{len(ADDRESS_LINES)}",
                "join lines of the address",
            )
        # Every part is named, empty ones too: a part left out would keep its old text.
        lines = dict.fromkeys(ADDRESS_LINES, "") | dict(
            zip(ADDRESS_LINES, wanted.lines, strict=False)
        )
        out[prop] = {
            **lines,
            "City": wanted.city,
            "CountrySubDivisionCode": wanted.region,
            "PostalCode": wanted.postal_code,
            "Country": wanted.country,
        }

    return put


def _typed(prop: str, value: Value, wanted: type[Any]) -> Any:
    if not isinstance(value, wanted):
        raise Broken(f"{prop} is to be sent as {_sort(value)}")
    return value


def _sort(value: object) -> str:
    """The sort of a value, never the value: errors are shown and logged."""
    return {dict: "an object", list: "a list", bool: "true or false", str: "text"}.get(
        type(value), "a number" if isinstance(value, int | Decimal) else type(value).__name__
    )
