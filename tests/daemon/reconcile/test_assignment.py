"""The cheapest assignment, against trying them all."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.assignment import LARGEST_EXACT, assign, exchangeable


@st.composite
def costs(draw: st.DrawFn) -> list[list[int]]:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    line = st.lists(st.integers(0, 6), min_size=columns, max_size=columns)
    return draw(st.lists(line, min_size=rows, max_size=rows))


def everyone(matrix: list[list[int]]) -> dict[tuple[int, ...], int]:
    """Every complete assignment of the matrix filled up to a square, and its cost."""
    rows, columns = len(matrix), len(matrix[0])
    size = max(rows, columns)
    return {
        places: sum(
            matrix[row][place] for row, place in enumerate(places) if row < rows and place < columns
        )
        for places in permutations(range(size))
    }


def cost(matrix: list[list[int]], taken: list[int | None]) -> int:
    return sum(matrix[row][column] for row, column in enumerate(taken) if column is not None)


@given(costs())
def test_nothing_is_cheaper(matrix: list[list[int]]) -> None:
    taken = assign(matrix)
    pairs = [column for column in taken if column is not None]
    assert len(pairs) == len(set(pairs)) == min(len(matrix), len(matrix[0]))
    assert cost(matrix, taken) == min(everyone(matrix).values())


@given(costs())
def test_exchangeable_is_what_another_cheapest_assignment_does(matrix: list[list[int]]) -> None:
    taken = assign(matrix)
    places, pairs = exchangeable(matrix, taken)
    assert [p if p < len(matrix[0]) else None for p in places[: len(matrix)]] == taken
    found = {(row, places[other]) for row, other in pairs}
    every = everyone(matrix)
    cheapest = [a for a, price in every.items() if price == min(every.values())]
    assert found == {
        (row, place) for a in cheapest for row, place in enumerate(a) if places[row] != place
    }


@given(st.integers(1, 8), st.integers(0, 9))
def test_what_costs_the_same_stays_in_step(size: int, price: int) -> None:
    assert assign([[price] * size for _ in range(size)]) == list(range(size))


def test_nobody_to_pair() -> None:
    assert assign([]) == []
    assert assign([[], []]) == [None, None]


def test_a_group_beyond_the_limit_is_paired_in_order() -> None:
    rows, columns = LARGEST_EXACT + 2, LARGEST_EXACT + 1
    matrix = [[int(row == column) for column in range(columns)] for row in range(rows)]
    taken = assign(matrix)
    assert taken == [*range(columns), None]
    places, pairs = exchangeable(matrix, taken)
    assert places == list(range(rows))
    assert len(pairs) == rows * (rows - 1)


def test_the_limit_itself_is_exact() -> None:
    size = LARGEST_EXACT
    matrix = [[int(column != size - 1 - row) for column in range(size)] for row in range(size)]
    assert assign(matrix) == list(range(size - 1, -1, -1))
