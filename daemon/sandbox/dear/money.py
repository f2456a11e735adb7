"""Amounts of a document: line totals, tax and sums, rounded as the company and switches say.

Pure arithmetic over lines as they are kept: ``Total`` without tax added (an inclusive line's
Total holds its tax anyway), ``Tax`` to the cent (Row Total) or to four places (Total).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.dear.fields import MAX_NUMBER, Fields
from daemon.sandbox.dear.switches import DearSwitches

ZERO: Final = Decimal(0)
CENT: Final = Decimal("0.01")
FOUR: Final = Decimal("0.0001")
FULL: Final = Decimal(100)
MAX_AMOUNT: Final = MAX_NUMBER / 10_000
"""Largest line total that is taken; sums of many such lines still fit the column."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one document counts."""

    inclusive: bool
    per_row: bool
    line_step: Decimal
    rounding: str
    shows_tax: bool
    """Whether lines of exclusive documents show a Total with the tax added."""

    def cents(self, value: Decimal) -> Decimal:
        return value.quantize(CENT, rounding=self.rounding)


@dataclass(frozen=True, slots=True)
class Totals:
    before_tax: Decimal
    tax: Decimal
    total: Decimal

    def shown(self) -> Fields:
        return {"TotalBeforeTax": self.before_tax, "Tax": self.tax, "Total": self.total}


NOTHING: Final = Totals(ZERO, ZERO, ZERO)


def manner(me: Mapping[str, Any], document: Mapping[str, Any], switches: DearSwitches) -> Manner:
    """How this document of this company counts."""
    inclusive = document["TaxCalculation"] == "Inclusive"
    return Manner(
        inclusive=inclusive,
        per_row=me.get("TaxCalculationMethod") == "Row Total",
        line_step=CENT if switches.line_places == 2 else FOUR,
        rounding=ROUND_HALF_UP if switches.rounding == "half_up" else ROUND_HALF_EVEN,
        shows_tax=switches.line_total == "with_tax" and not inclusive,
    )


def line_total(line: Mapping[str, Any], how: Manner) -> Decimal:
    """Quantity x price less discount."""
    gross = line["Quantity"] * line["Price"] * (FULL - line["Discount"]) / FULL
    return Decimal(gross).quantize(how.line_step, rounding=how.rounding)


def line_tax(total: Decimal, percent: Decimal, how: Manner) -> Decimal:
    """The tax of a line: on top of its total, or inside it."""
    part = total * percent / (FULL + percent) if how.inclusive else total * percent / FULL
    return part.quantize(CENT if how.per_row else FOUR, rounding=how.rounding)


def totals(lines: Iterable[Mapping[str, Any]], how: Manner) -> Totals:
    """What the lines add up to; every figure is whole cents."""
    amount = tax = ZERO
    for line in lines:
        amount += line["Total"]
        tax += line["Tax"]
    amount, tax = how.cents(amount), how.cents(tax)
    if how.inclusive:
        return Totals(amount - tax, tax, amount)
    return Totals(amount, tax, amount + tax)


def net(line: Mapping[str, Any], how: Manner) -> Decimal:
    """What a line costs without its tax, not rounded further."""
    total: Decimal = line["Total"]
    return total - line["Tax"] if how.inclusive else total


def base(amount: Decimal, rate: Decimal) -> Decimal:
    """An amount of the document in the company's currency: units of it per one unit."""
    return (amount * rate).quantize(CENT, rounding=ROUND_HALF_UP)
