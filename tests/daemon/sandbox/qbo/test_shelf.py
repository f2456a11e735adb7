"""The stock of an item says the same however its movements came to be written."""

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.qbo.shelf import Movement, Shelf

Row = tuple[int, int, int]


def movement(source: int, row: Row) -> Movement:
    day, quantity, cents = row
    value = Decimal(cents) / 100 if quantity > 0 and cents % 5 else None
    return Movement((f"2026-01-{day:02d}", source, 1), Decimal(quantity), value)


rows = st.tuples(st.integers(1, 28), st.integers(-5, 6).filter(bool), st.integers(0, 4000))


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, min_size=60, max_size=110), st.integers(), st.integers(-3, 9))
def test_order_of_writing_does_not_matter(written: list[Row], seed: int, opening: int) -> None:
    numbers = random.Random(seed)
    moved = Shelf(Decimal(opening), Decimal("1.37"))
    kept = dict(enumerate(written))
    for source in numbers.sample(sorted(kept), len(kept)):
        moved.replace(source, [movement(source, kept[source])])
        if numbers.random() < 0.3:
            again = numbers.choice(sorted(kept))
            if moved.of(again):
                kept[again] = (numbers.randrange(1, 29), 3, numbers.randrange(4000))
                moved.replace(again, [movement(again, kept[again])])
    for source in numbers.sample(sorted(kept), 10):
        moved.replace(source, [])
        del kept[source]
    straight = Shelf(Decimal(opening), Decimal("1.37"))
    for source, row in sorted(kept.items(), key=lambda entry: movement(*entry).key):
        straight.replace(source, [movement(source, row)])
    assert (moved.quantity, moved.value) == (straight.quantity, straight.value)
    for source in kept:
        costs = [m.cost for shelf in (moved, straight) for m in shelf.of(source)]
        assert costs[0] == costs[1]
    effects = sum((m.effect for source in kept for m in straight.of(source)), Decimal(0))
    assert straight.value == straight.opening_value + effects


def test_missing_stock_of_the_opening_is_worth_its_estimate() -> None:
    shelf = Shelf(Decimal(-2), Decimal(3))
    assert (str(shelf.quantity), str(shelf.value)) == ("-2", "-6.00")
    receipt = Movement(("2026-01-01", 1, 1), Decimal(4), Decimal(40))
    shelf.replace(1, [receipt])
    assert [str(value) for value in (shelf.quantity, shelf.value, receipt.cost)] == [
        "2",
        "20.00",
        "26.00",
    ]
