"""JSON as other systems send it: exact numbers, and one error for all that cannot be read.

``msgspec`` reports bytes that are no UTF-8, numbers beyond any Decimal and endless nesting each in
a way of its own, and two of those are no errors of decoding. Here they all are. Must not know what
the JSON is about.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MOST_NESTED = 100
"""Levels of an answer. What is nested deeper could be read here and not be read again from the
ledger, where the stack is another."""


def decode(data: bytes | msgspec.Raw) -> Any:
    """The value, its numbers int or Decimal with the digits that were sent.

    Raises ``msgspec.DecodeError``, and nothing else.
    """
    try:
        value = _decoder.decode(data)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("not UTF-8 text") from error
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deep") from error
    # Two counts at the speed of memory spare nearly every answer the walk.
    text = bytes(data)
    if text.count(b"{") + text.count(b"[") > MOST_NESTED:
        _measure(value)
    return value


def shaped(data: bytes | msgspec.Raw, shape: type[T]) -> T:
    """The value in the shape it must have. Raises ``msgspec.DecodeError``, and nothing else."""
    try:
        return msgspec.json.decode(data, type=shape)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("not UTF-8 text") from error
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deep") from error


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number beyond all measure") from None  # msgspec adds the place


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_exact)


def _measure(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_NESTED):
        level = [
            inner
            for holder in level
            for inner in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise msgspec.DecodeError("nested too deep")
