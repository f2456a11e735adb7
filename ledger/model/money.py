"""Exact decimals: the only place that rounds or prints an amount."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

SHOWN = 60
"""Characters of a wrong number that an error repeats."""
CENT = Decimal("0.01")
LARGEST = 18
"""Power of ten above which a number is no amount but a mistake; rounding stays exact below."""
SMALLEST = -40
"""The same at the other end; written out, ``1e-999999999`` would fill the memory."""


def exact(value: str | int | Decimal) -> Decimal:
    """The decimal that a wire text says; ``ValueError`` for NaN, infinities and non-numbers, and
    for what only Python takes for a number (``1_000``, digits of other scripts).

    Floats are refused by type: a number that was ever a float has already lost digits.
    """
    if isinstance(value, str) and not (value.isascii() and "_" not in value):
        raise ValueError(f"{_short(value)} is not a decimal number")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{_short(value)} is not a decimal number") from error
    if not number.is_finite():
        raise ValueError(f"{_short(value)} is not a finite number")
    if number.adjusted() > LARGEST:
        raise ValueError(f"{_short(value)} is larger than any amount can be")
    if number.adjusted() < SMALLEST:
        raise ValueError(f"{_short(value)} is smaller than any amount can be")
    return number


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def quantise(value: Decimal, places: int) -> Decimal:
    """Round half up, as bookkeepers and QBO do, to ``places`` decimal places."""
    return value.quantize(_unit(places), ROUND_HALF_UP)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def plain(value: Decimal) -> str:
    """Shortest text without exponent: ``12.40`` and ``12.4`` both give ``"12.4"``."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
