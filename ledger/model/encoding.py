"""Bytes of values: payload bodies (exact) and comparable bytes (canonical), and back again."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from .money import plain
from .records import Record, shown
from .values import Line, Lines, Value, value_from_builtins

_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="number")
_records: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def _dec_hook(as_type: Any, data: Any) -> Any:
    if as_type is Value:
        return value_from_builtins(data)
    raise NotImplementedError(as_type)


@lru_cache(maxsize=64)
def _decoder(as_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(as_type, dec_hook=_dec_hook, float_hook=Decimal)


def encode(value: Any) -> bytes:
    """Deterministic JSON; decimals as numbers with the digits that they came with."""
    return _encoder.encode(value)


def decode(data: bytes, as_type: Any) -> Any:
    """The typed value that ``encode`` wrote."""
    return _decoder(as_type).decode(data)


def decode_record(data: bytes) -> Record:
    """The record in a payload body."""
    return _records.decode(data)


_AS_IT_IS = frozenset({str, bool, type(None)})


def comparable_bytes(record: Record) -> bytes:
    """Bytes equal exactly when two records of one system show the same compared content.

    ``12.40`` and ``12.4`` are the same amount; text is compared byte for byte.
    """
    values = {
        field: value if type(value) in _AS_IT_IS else comparable_form(value)
        for field, value in zip(*shown(record), strict=True)
        if value is not UNSET
    }
    return _encoder.encode([record.KIND.value, values])


def comparable_form(value: Value) -> Any:
    """The value for hashing: an amount counts the same however many zeros it ends in."""
    if type(value) is Decimal:
        return {"decimal": plain(value)}
    match value:
        case Lines():
            return {"lines": [_line_form(line) for line in value.lines]}
        case _:
            return value


def _line_form(line: Line) -> dict[str, Any]:
    shown = {f: getattr(line, f) for f in line.__struct_fields__}
    return {
        f: plain(value) if isinstance(value, Decimal) else value
        for f, value in shown.items()
        if value is not None and value != "" and value != 0
    } | {f: "0" for f, value in shown.items() if isinstance(value, Decimal) and value == 0}
