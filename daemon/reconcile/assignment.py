"""Who takes whose place at the lowest cost, and whether that is the only way.

Costs are whole numbers. Knows nothing of lines: ``linemap`` says what a pairing costs.
"""

from collections.abc import Sequence
from typing import TypeAlias

LARGEST_EXACT = 40
"""Rows or columns up to which the cheapest assignment is found; larger groups are paired in order.
A document with more than forty *changed* lines of one item is an import, not an edit."""

Costs: TypeAlias = Sequence[Sequence[int]]


def assign(costs: Costs) -> list[int | None]:
    """For each row the column that it takes, or None: as many pairs as fit, at the lowest sum.

    Among equally cheap assignments the one that keeps rows and columns in step is taken, so the
    answer depends on nothing but ``costs``.
    """
    rows, columns = len(costs), len(costs[0]) if costs else 0
    size = max(rows, columns)
    if not rows or not columns:
        return [None] * rows
    if size > LARGEST_EXACT:
        return [row if row < columns else None for row in range(rows)]
    # Squares prefer order: two pairs that cross always cost more than the same two uncrossed.
    scale = size**3 + 1
    in_step = [
        [cost * scale + (row - column) ** 2 for column, cost in enumerate(line)]
        for row, line in enumerate(costs)
    ]
    taken, _, _ = _solve(_square(in_step, size))
    return [column if column < columns else None for column in taken[:rows]]


def exchangeable(
    costs: Costs, taken: Sequence[int | None]
) -> tuple[list[int], list[tuple[int, int]]]:
    """What could as well be otherwise, where ``taken`` is one of the cheapest assignments.

    Returns the place of every row, and pairs ``(row, other)``: in another assignment that costs
    the same, ``row`` takes the place of ``other``. Rows and places beyond those of ``costs`` stand
    for "nothing". In a group beyond ``LARGEST_EXACT`` every row could be any other.
    """
    rows, columns = len(costs), len(costs[0]) if costs else 0
    size = max(rows, columns)
    spare = iter(sorted(set(range(size)) - set(taken)))
    held = [*taken, *([None] * (size - rows))]
    place = [next(spare) if column is None else column for column in held]
    if size > LARGEST_EXACT:
        return place, [(row, other) for row in range(size) for other in range(size) if row != other]
    square = _square(costs, size)
    _, over_rows, over_columns = _solve(square)
    # By the theory of duality every cheapest assignment consists of tight pairs only, so another
    # one differs from ``taken`` by rings of rows of which each takes a tight place of the next.
    follows = [
        [
            other
            for other in range(size)
            if other != row
            and square[row][place[other]] == over_rows[row] + over_columns[place[other]]
        ]
        for row in range(size)
    ]
    reached = [_reach(row, follows) for row in range(size)]
    pairs = [(row, o) for row in range(size) for o in follows[row] if row in reached[o]]
    return place, pairs


def _reach(start: int, follows: list[list[int]]) -> set[int]:
    seen = {start}
    waiting = [start]
    while waiting:
        for node in follows[waiting.pop()]:
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def _square(costs: Costs, size: int) -> list[list[int]]:
    """Filled up with places that cost the same for everybody, and so decide nothing."""
    filled = [[*line, *([0] * (size - len(line)))] for line in costs]
    return [*filled, *([0] * size for _ in range(size - len(filled)))]


def _solve(costs: list[list[int]]) -> tuple[list[int], list[int], list[int]]:
    """The Hungarian method by shortest augmenting paths, O(n³), on a square.

    Returns the column of each row and the dual values of rows and columns: ``row + column <= cost``
    for all pairs, equal for the pairs that are taken. Index 0 is the method's artificial start.
    """
    size = len(costs)
    over_rows, over_columns = [0] * (size + 1), [0] * (size + 1)
    holder = [0] * (size + 1)
    for row in range(1, size + 1):
        holder[0] = row
        slack = [
            0,
            *(
                c - over_rows[row] - o
                for c, o in zip(costs[row - 1], over_columns[1:], strict=True)
            ),
        ]
        came_from = [0] * (size + 1)
        seen, ahead = [0], list(range(1, size + 1))
        while True:  # one column less ahead each time, and one of them is free
            column = min(ahead, key=slack.__getitem__)
            step = slack[column]
            for known in seen:
                over_rows[holder[known]] += step
                over_columns[known] -= step
            for other in ahead:
                slack[other] -= step
            here = holder[column]
            if not here:
                break
            ahead.remove(column)
            seen.append(column)
            for other in ahead:
                gap = costs[here - 1][other - 1] - over_rows[here] - over_columns[other]
                if gap < slack[other]:
                    slack[other] = gap
                    came_from[other] = column
        while column:
            holder[column] = holder[came_from[column]]
            column = came_from[column]
    taken = [0] * size
    for column in range(1, size + 1):
        taken[holder[column] - 1] = column - 1
    return taken, over_rows[1:], over_columns[1:]
