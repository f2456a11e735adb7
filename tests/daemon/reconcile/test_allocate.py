"""Which order line a bill line bills."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.allocate import Claim, allocate
from daemon.reconcile.linemap import numbered
from daemon.reconcile.lines import subject
from ledger.model.values import Line, Lines
from tests.daemon.reconcile.lines_alphabet import (
    BOLT,
    NUT,
    changed,
    freight,
    item_line,
    of,
    small_documents,
    small_lines,
    text,
)

D = Decimal


def order(*lines: Line) -> Lines:
    return numbered(of(*lines), None)


def bolts(quantity: str, price: str = "2", text: str = "") -> Line:
    return item_line(BOLT, quantity, price, description=text)


def bare(line: Line) -> Line:
    """As the books show a line whose price does not come to its amount."""
    return changed(line, unit_price=None)


@pytest.mark.parametrize(
    ("case", "ordered", "billed", "expected"),
    [
        ("one of each", (bolts("5"), item_line(NUT)), (item_line(NUT), bolts("5")), (2, 1)),
        ("not on the order", (bolts("5"),), (item_line(NUT), freight(), text()), (0, 0, 0)),
        ("more than ordered", (bolts("5"),), (bolts("500"),), (1,)),
        ("another price", (bolts("5", "2"),), (bolts("5", "3"),), (1,)),
        ("by its price", (bolts("5", "2"), bolts("5", "3")), (bolts("5", "3"),), (2,)),
        (
            "by its text",
            (bolts("5", "2", "M8"), bolts("5", "2", "M10")),
            (bolts("5", "2", "M10"),),
            (2,),
        ),
        (
            "price before text",
            (bolts("5", "2", "M8"), bolts("5", "3", "M10")),
            (bolts("5", "2", "M10"),),
            (1,),
        ),
        ("where most is open", (bolts("5"), bolts("9")), (bolts("5"),), (2,)),
        ("the lowest number of twins", (bolts("5"), bolts("5")), (bolts("5"), bolts("5")), (1, 2)),
        (
            "what is billed is open no more",
            (bolts("5"), bolts("9")),
            (bolts("8"), bolts("1"), bolts("1")),
            (2, 1, 1),
        ),
        ("two bill lines of one", (bolts("9"),), (bolts("5"), bolts("4")), (1, 1)),
        ("to an account", (freight("10"),), (freight("12"),), (1,)),
        ("to an account, by amount", (freight("10"), freight("12")), (freight("12"),), (2,)),
        (
            "by what the amount leaves of the price",
            (bolts("3", "3.335"), bolts("3", "3.34")),
            (bare(bolts("1", "3.335")), bare(bolts("3", "3.335"))),
            (1, 1),
        ),
        (
            "by amounts on both sides",
            (bare(bolts("10", "1.234")), bare(bolts("10", "1.243"))),
            (bare(bolts("5", "1.243")),),
            (2,),
        ),
        (
            "the net price counts",
            (bolts("5", "9"), bolts("5", "10")),
            (changed(bolts("5", "10"), discount_percent=D(10), amount=D(45)),),
            (1,),
        ),
        ("a return", (bolts("5", "2"), bolts("5", "3")), (bare(bolts("-1", "3")),), (2,)),
        (
            "no figures at all",
            (changed(bolts("0"), unit_price=None),),
            (changed(bolts("0"), unit_price=None),),
            (1,),
        ),
    ],
)
def test_allocation(
    case: str, ordered: tuple[Line, ...], billed: tuple[Line, ...], expected: tuple[int, ...]
) -> None:
    assert allocate(order(*ordered), [Claim("b", billed)], "b") == (expected, ())


def test_several_bills_share_an_order() -> None:
    ordered = order(bolts("5"), bolts("9"))
    claims = [
        Claim("a", (bolts("6"),)),
        Claim("b", (bolts("5"), freight())),
        Claim("c", (bolts("3"),)),
    ]
    found = [allocate(ordered, claims, claim.bill) for claim in claims]
    assert found == [((2,), ()), ((1, 0), ()), ((2,), ())]


def test_what_is_fixed_counts_before_anything_else() -> None:
    ordered = order(bolts("5"), bolts("9"))
    claims = [Claim("a", (bolts("1"),)), Claim("b", (bolts("8"), bolts("1")), taken=(2,))]
    assert allocate(ordered, claims, "a") == ((1,), ())
    assert allocate(ordered, claims, "b") == ((2, 1), ())


def test_what_is_fixed_stays_though_another_line_fits_better() -> None:
    ordered = order(bolts("5", "2"), bolts("5", "3"))
    assert allocate(ordered, [Claim("b", (bolts("5", "3"),), taken=(1,))], "b") == ((1,), ())


def test_what_was_fixed_to_a_line_that_is_gone_is_open() -> None:
    ordered = order(item_line(NUT), bolts("5"))
    claim = Claim("b", (bolts("1"), bolts("1")), taken=(1, 7))
    assert allocate(ordered, [claim], "b") == ((2, 2), ())


def test_a_price_that_no_line_has_is_a_doubt() -> None:
    ordered = order(bolts("5", "2"), bolts("9", "3"), bolts("1", "3"))
    claim = Claim("b", (freight(), bolts("5", "2.5", "M8 steel")))
    assert allocate(ordered, [claim], "b") == (
        (0, 2),
        (
            'Line 2 ("M8 steel") could bill any of 3 lines of the order: they have its item at '
            "different prices, and none of them at the price of the bill.",
        ),
    )


def test_the_doubts_of_other_bills_are_theirs() -> None:
    ordered = order(bolts("5", "2"), bolts("9", "3"))
    claims = [Claim("a", (bolts("1", "7"),)), Claim("b", (bolts("1", "2"),))]
    assert allocate(ordered, claims, "b") == ((1,), ())


def test_equal_prices_leave_no_doubt() -> None:
    ordered = order(bolts("5", "2"), bolts("9", "2"))
    assert allocate(ordered, [Claim("b", (bolts("5", "2.5"),))], "b") == ((2,), ())


def test_lines_without_a_number_are_not_billed() -> None:
    ordered = of(bolts("5"), changed(bolts("5"), number=4), Line(number=5, amount=D(1)))
    claim = Claim("b", (bolts("5"), Line(amount=D(1))))
    assert allocate(ordered, [claim], "b") == ((4, 0), ())


def test_a_bill_that_claims_nothing() -> None:
    assert allocate(order(bolts("5")), [], "b") == ((), ())


bills = st.lists(st.lists(small_lines(), max_size=4), min_size=1, max_size=4)


@given(small_documents, bills, st.integers(0, 4))
def test_different_items_are_never_linked(
    ordered: Lines, lines: list[list[Line]], fixed: int
) -> None:
    there = numbered(ordered, None)
    by_number = {line.number: line for line in there.lines if line.number}
    claims = [Claim(str(i), tuple(bill), (fixed,) * len(bill)) for i, bill in enumerate(lines)]
    for claim in claims:
        found, _ = allocate(there, claims, claim.bill)
        assert len(found) == len(claim.lines)
        for line, number in zip(claim.lines, found, strict=True):
            same = [n for n, other in by_number.items() if subject(other) == subject(line)]
            assert number in same if same else number == 0
            assert number == fixed or fixed not in same


@given(small_documents, bills, st.randoms())
def test_the_order_of_the_order_does_not_matter(
    ordered: Lines, lines: list[list[Line]], random: Any
) -> None:
    there = numbered(ordered, None)
    mixed = list(there.lines)
    random.shuffle(mixed)
    claims = [Claim(str(i), tuple(bill)) for i, bill in enumerate(lines)]
    for claim in claims:
        assert allocate(there, claims, claim.bill) == allocate(of(*mixed), claims, claim.bill)


@given(small_documents, bills)
def test_what_came_out_can_be_fixed(ordered: Lines, lines: list[list[Line]]) -> None:
    there = numbered(ordered, None)
    claims = [Claim(str(i), tuple(bill)) for i, bill in enumerate(lines)]
    found = [allocate(there, claims, claim.bill)[0] for claim in claims]
    fixed = [
        Claim(claim.bill, claim.lines, numbers)
        for claim, numbers in zip(claims, found, strict=True)
    ]
    assert [allocate(there, fixed, claim.bill)[0] for claim in fixed] == found
    later = [*fixed, Claim("later", (item_line(BOLT), freight(), item_line(NUT)))]
    assert [allocate(there, later, claim.bill)[0] for claim in fixed] == found
