"""Images: what one system showed of a record when the sides agreed, field by field.

The fields are those of the kind's records, without the figures that a system computes, and with
pointers in our own terms. Must not know who agreed on what, or why.
"""

from functools import cache
from typing import Any, TypeAlias, get_args, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from .encoding import decode
from .ids import Kind
from .records import RECORD_TYPES, comparable_fields
from .values import RecordRef, Reference, Value

Image: TypeAlias = tuple[Value | UnsetType, ...]
"""A value for each of the kind's ``comparable_fields``; ``UNSET``: never agreed."""


def image_in(body: bytes, kind: Kind) -> Image | dict[str, Value]:
    """What was agreed, from a body; in a dict where it does not fit today's form of the kind, or
    where a pointer still stands as its system writes it."""
    try:
        return msgspec.structs.astuple(_decoder(kind).decode(body))
    except msgspec.ValidationError:
        fields: dict[str, Value] = decode(body, dict[str, Value])
        return fields


def agreed_fields(image: Image, kind: Kind) -> dict[str, Value]:
    """The agreed fields by their names."""
    pairs = zip(comparable_fields(kind), image, strict=True)
    return {field: value for field, value in pairs if value is not UNSET}


@cache
def _decoder(kind: Kind) -> msgspec.json.Decoder[Any]:
    shown = get_type_hints(record_type := RECORD_TYPES[kind])
    fields = [
        (name, RecordRef | UnsetType | None if Reference in get_args(form) else form, UNSET)
        for name, form in ((name, shown[name]) for name in comparable_fields(kind))
    ]
    return msgspec.json.Decoder(msgspec.defstruct(f"{record_type.__name__}Image", fields))
