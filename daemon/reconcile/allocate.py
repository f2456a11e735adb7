"""Which line of an order does a line of a bill bill?

Neither system says so line by line, so it follows from item, price, text and what is still open,
the same way every time. Must not clip quantities: what is billed beyond the order is linked too.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec

from ledger.model.values import Line, LinePointer, Lines

from .lines import WRITTEN_SORTS, description, named, net_price, subject

_HALF_CENT = Decimal("0.005")
_ONE = Decimal(1)

PriceRange: TypeAlias = tuple[Decimal, Decimal]


class Claim(msgspec.Struct, frozen=True):
    """One bill of an order."""

    bill: str
    lines: tuple[Line, ...]
    taken: tuple[int, ...] = ()
    """Per line the order line's number that is fixed already; 0, or nothing at all, is open."""


class _OrderLine(msgspec.Struct):
    line: Line
    text: str
    price: PriceRange | None
    open: Decimal


def allocate(
    order: Lines, claims: Sequence[Claim], bill: str
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """For every line of ``bill`` the number of the order line that it bills, and the doubts.

    ``order`` has numbers; ``claims`` are all bills of the order in a stable sequence, earlier ones
    first served. 0: the order has no such line (freight that the vendor added). What is fixed
    counts first, in whichever claim it stands, as long as the order still has that line.
    """
    there = _by_subject(order)
    fixed = [_fix(claim, there) for claim in claims]
    doubts: list[str] = []
    for claim, numbers in zip(claims, fixed, strict=True):
        said: list[str] = []
        for index, line in enumerate(claim.lines):
            if not numbers[index] and line.sort in WRITTEN_SORTS:
                numbers[index] = _take(index, line, there.get(subject(line), []), said)
        if claim.bill == bill:
            doubts += said
            return tuple(numbers), tuple(doubts)
    return (), ()


def _by_subject(order: Lines) -> dict[LinePointer, list[_OrderLine]]:
    found: dict[LinePointer, list[_OrderLine]] = {}
    for line in order.lines:
        about = subject(line)
        if line.number and line.sort in WRITTEN_SORTS and about is not None:
            found.setdefault(about, []).append(
                _OrderLine(
                    line=line, text=description(line), price=_price(line), open=_quantity(line)
                )
            )
    return found


def _fix(claim: Claim, there: dict[LinePointer, list[_OrderLine]]) -> list[int]:
    """The numbers of a claim that stand already; their quantities are open no more."""
    numbers = [0] * len(claim.lines)
    for index, (line, number) in enumerate(zip(claim.lines, claim.taken, strict=False)):
        for candidate in there.get(subject(line), ()):
            if number and candidate.line.number == number:
                candidate.open -= _quantity(line)
                numbers[index] = number
    return numbers


def _take(index: int, line: Line, candidates: list[_OrderLine], doubts: list[str]) -> int:
    """The best of the order lines with the line's item; its quantity is open no more."""
    if not candidates:
        return 0
    price, text = _price(line), description(line)
    best = min(
        candidates,
        key=lambda c: (not _agree(c.price, price), c.text != text, -c.open, c.line.number),
    )
    if not _agree(best.price, price) and any(not _agree(best.price, c.price) for c in candidates):
        doubts.append(
            f"{named(index + 1, line)} could bill any of {len(candidates)} lines of the order: "
            "they have its item at different prices, and none of them at the price of the bill."
        )
    best.open -= _quantity(line)
    return best.line.number


def _quantity(line: Line) -> Decimal:
    """Of a line without quantity, one."""
    return _ONE if line.quantity is None else line.quantity


def _price(line: Line) -> PriceRange | None:
    """Between what the net price of one lies: exact where it is shown, else what the amount,
    which is rounded to the cent, leaves open."""
    if line.unit_price is not None:
        net = net_price(line.unit_price, line.discount_percent)
        return net, net
    quantity = abs(_quantity(line))
    if line.amount is None or not quantity:
        return None
    amount = line.amount.copy_sign(line.amount * _quantity(line))
    return (amount - _HALF_CENT) / quantity, (amount + _HALF_CENT) / quantity


def _agree(one: PriceRange | None, other: PriceRange | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[0] <= other[1] and other[0] <= one[1]
