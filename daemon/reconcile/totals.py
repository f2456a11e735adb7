"""What the books will make of a document's lines, and how far that is from the source's figures.

Predicts and compares only: no amount is changed to make a total fit, and no line is added.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from ledger.model.capabilities import LineRule, LineTax
from ledger.model.money import quantise
from ledger.model.values import LinePointer, Lines

from .lines import pointer, subtotal, untaxed_codes

_PLACES = 2
_NOTHING = Decimal(0)


class Predicted(msgspec.Struct, frozen=True):
    """The figures of a document in the books, in its own currency."""

    subtotal: Decimal
    tax: Decimal
    total: Decimal


def predict(
    lines: Lines,
    rule: LineRule,
    *,
    rate: Callable[[LinePointer], Decimal | None],
    tax_sent: Decimal | None = None,
    untaxed: LinePointer = None,
) -> Predicted | None:
    """What the books will compute from rendered ``lines``; None when that cannot be known.

    ``rate`` tells the percentage of a tax code (given None: of no code at all), ``tax_sent`` the
    tax that is sent where the books take it. Not taxed are lines with the code ``rule.untaxed``,
    or ``untaxed``: the same code as the ledger points to it. The books tax the sum of each code,
    rounded half up to the cent.
    """
    net = subtotal(lines)
    tax: Decimal | None
    match rule.tax:
        case LineTax.NONE:
            tax = _NOTHING
        case LineTax.TAXED:
            tax = tax_sent
        case LineTax.EACH | LineTax.ONE:
            tax = _tax(lines, rate, untaxed_codes(rule, untaxed)[1:])
    return None if tax is None else Predicted(subtotal=net, tax=tax, total=net + tax)


def _tax(
    lines: Lines,
    rate: Callable[[LinePointer], Decimal | None],
    free: tuple[LinePointer, ...],
) -> Decimal | None:
    sums: dict[LinePointer, Decimal] = {}
    for line in lines.lines:
        code = pointer(line.tax_code)
        if line.amount is not None and (code is None or code not in free):
            sums[code] = sums.get(code, _NOTHING) + line.amount
    tax = _NOTHING
    for code, amount in sums.items():
        percent = rate(code)
        if percent is None:
            return None
        tax += quantise((amount * percent).scaleb(-2), _PLACES)
    return tax


class Difference(msgspec.Struct, frozen=True):
    """Books minus source."""

    lines: Decimal
    tax: Decimal
    total: Decimal


def difference(predicted: Predicted, *, total: Decimal, tax_total: Decimal) -> Difference:
    """The books' figures against the source's, to the cent; ``total`` is with tax."""
    total, tax_total = quantise(total, _PLACES), quantise(tax_total, _PLACES)
    return Difference(
        lines=predicted.subtotal - (total - tax_total),
        tax=predicted.tax - tax_total,
        total=predicted.total - total,
    )


def is_variance(difference: Difference, tolerance: Decimal) -> bool:
    """Whether only the tax differs, and by no more than ``tolerance``, and not by nothing."""
    return (
        not difference.lines
        and difference.total == difference.tax
        and _NOTHING < abs(difference.tax) <= tolerance
    )
