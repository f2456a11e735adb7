"""What a field of a record can hold, and the words for "not shown" and "nothing"."""

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from .ids import Kind, RecordId

__all__ = [
    "UNSET",
    "Address",
    "RecordRef",
    "Reference",
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

    Exactly one of ``id`` and ``key`` is set.
    """

    kind: Kind
    id: str = ""
    key: str = ""

    def __str__(self) -> str:
        return self.key or f"#{self.id}"


class RecordRef(msgspec.Struct, frozen=True, tag="record"):
    """A pointer in our own terms, once the ledger knows which record a Reference means."""

    record: RecordId


if TYPE_CHECKING:
    Value: TypeAlias = str | Decimal | bool | Address | Reference | RecordRef | None
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
        case _:
            raise ValueError(f"not a field value: {data!r}")
