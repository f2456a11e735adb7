"""What a field of a record can hold, and the words for "not shown" and "nothing"."""

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from .ids import Kind, RecordId

__all__ = [
    "UNSET",
    "Address",
    "Line",
    "LinePointer",
    "Lines",
    "RecordRef",
    "Reference",
    "Texts",
    "UnsetType",
    "Value",
    "value_from_builtins",
]


class Address(msgspec.Struct, frozen=True, tag="address", omit_defaults=True):
    """A postal address, compared as one value (nobody agrees on half an address)."""

    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class Reference(msgspec.Struct, frozen=True, tag="ref", omit_defaults=True):
    """A pointer as one system writes it down: by its own id, or by the name or code it uses.

    Where both are set the id counts: the key is what the system wrote, and the id what had that
    name when it did.
    """

    kind: Kind
    id: str = ""
    key: str = ""
    shared: bool = False
    """Several had that name when it was written: which of them is meant cannot be told, now or
    later."""

    def __str__(self) -> str:
        return self.key or f"#{self.id}"


class RecordRef(msgspec.Struct, frozen=True, tag="record"):
    """A pointer in our own terms, once the ledger knows which record a Reference means."""

    record: RecordId


class Texts(msgspec.Struct, frozen=True, tag="texts"):
    """Custom fields of a document, by name in the order of names: ``(("Crew #", "A1"),)``."""

    entries: tuple[tuple[str, str], ...] = ()


LinePointer: TypeAlias = Reference | RecordRef | None


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a document. Amounts are in the currency of the document.

    ``sort`` says what the line is: ``item`` (a product or service), ``account`` (straight to a
    ledger account), ``text`` (a remark without an amount), ``other`` (what only its own system
    understands, such as a document discount; never written by us).
    """

    id: str = ""
    """The system's own id of the line; ``""`` where lines have none (DEAR)."""
    number: int = 0
    """The line's place in the line map: lines of one document that have the same number in two
    systems are one line. Given when a document is first agreed; 0 = not in the map."""
    sort: str = "item"
    item: LinePointer = None
    account: LinePointer = None
    description: str = ""
    """What somebody wrote on this line."""
    title: str = ""
    """What the system calls the item of this line today; it stands in for a description where a
    line is made, and is nobody's to compare."""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    """Per unit, without tax, before the discount."""
    discount_percent: Decimal | None = None
    amount: Decimal | None = None
    """Of the whole line, after the discount, without tax unless the document is tax-inclusive."""
    tax_code: LinePointer = None
    tax: Decimal | None = None
    """Tax of this line where the system keeps it by line."""
    order: LinePointer = None
    """The purchase order that this line bills."""
    order_line: str = ""
    """The line's id on that order, in the same system."""
    order_number: int = 0
    """The line's place in that order's line map: how a line is pointed to before it has an id."""
    reporting_class: LinePointer = None
    customer: LinePointer = None
    billable: str = ""
    """The last three belong to the bookkeeper: given at most when the line is created."""


class Lines(msgspec.Struct, frozen=True, tag="lines"):
    """The lines of a document, in the order in which the system shows them."""

    lines: tuple[Line, ...] = ()


if TYPE_CHECKING:
    Value: TypeAlias = str | Decimal | bool | Address | Reference | RecordRef | Lines | Texts | None
    """``None`` is "empty"; a field that a system does not show at all is ``UNSET``."""
else:

    class _AnyValue(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return True  # msgspec asks after the hook has already made the value

    class Value(metaclass=_AnyValue):
        """Stands for the union at run time, where msgspec cannot tell text from decimals.

        ``ledger.model.encoding`` decodes fields of this type: a JSON number is a Decimal.
        """


def value_from_builtins(data: object) -> Value:
    """The Value that a decoded JSON tree says; the inverse of encoding one."""
    match data:
        case None | bool() | str() | Decimal():
            return data
        case int():
            return Decimal(data)
        case {"type": "address"}:
            return msgspec.convert(data, Address)
        case {"type": "ref"}:
            return msgspec.convert(data, Reference)
        case {"type": "record"}:
            return msgspec.convert(data, RecordRef)
        case {"type": "lines"}:
            return msgspec.convert(data, Lines)
        case {"type": "texts"}:
            return msgspec.convert(data, Texts)
        case _:
            raise ValueError(f"not a field value: {data!r}")
