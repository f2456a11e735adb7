"""A number over time as a line of text characters, its scale and its ends named. Pure.

The value stays what it was until it changes: points are changes, and the axis is time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content
from textual.widgets import Static

NARROWEST, LOWEST = 12, 3
BOX = {"level": "─", "side": "│", "edge": "┤", "corner": "└", "floor": "─"}
PLAIN = {"level": "-", "side": "|", "edge": "|", "corner": "+", "floor": "-"}
TURNS = {"rise": ("╯", "╭"), "fall": ("╮", "╰")}
"""The end of the old level and the beginning of the new one."""

Points = Sequence[tuple[datetime, int]]


def plot_lines(
    points: Points,
    until: datetime,
    *,
    width: int,
    height: int,
    ends: tuple[str, str] = ("", ""),
    plain: bool = False,
) -> list[str]:
    """``height`` lines: the line, an axis with the highest and lowest value, and ``ends``.

    Of several changes within one column the highest counts: a peak must not vanish because the
    window is small. A value that never changed is one level line.
    """
    if not points:
        return ["no history yet"]
    if width < NARROWEST or height < LOWEST:
        return [f"now {points[-1][1]:,}"]
    lowest, highest = _scale([value for _, value in points])
    label = max(len(f"{highest:,}"), len(f"{lowest:,}"))
    room, rows = width - label - 2, height - 2
    marks = PLAIN if plain else BOX
    values = [_row(value, lowest, highest, rows) for value in _columns(points, until, room)]
    grid = [[" "] * room for _ in range(rows)]
    for place, row in enumerate(values):
        _step(grid, place, values[place - 1] if place else row, row, marks, plain=plain)
    lines = []
    for row in range(rows - 1, -1, -1):
        text = _edge(row, rows, lowest, highest)
        lines.append(f"{text:>{label}} {marks['edge' if text else 'side']}{''.join(grid[row])}")
    lines.append(f"{'':>{label}} {marks['corner']}{marks['floor'] * room}")
    first, last = ends
    gap = max(1, room - len(first) - len(last))
    return [*lines, f"{'':>{label}}  {first}{' ' * gap}{last}"[:width]]


def _scale(values: Sequence[int]) -> tuple[int, int]:
    """From nought, unless that would press everything against the top."""
    lowest, highest = min(values), max(values)
    if lowest == highest:
        return lowest, highest
    return (0 if lowest * 2 < highest else lowest), highest


def _edge(row: int, rows: int, lowest: int, highest: int) -> str:
    if lowest == highest:
        return f"{highest:,}" if row == rows // 2 else ""
    if row == rows - 1:
        return f"{highest:,}"
    return f"{lowest:,}" if row == 0 else ""


def _row(value: int, lowest: int, highest: int, rows: int) -> int:
    if lowest == highest:
        return rows // 2
    return round((value - lowest) * (rows - 1) / (highest - lowest))


def _columns(points: Points, until: datetime, room: int) -> list[int]:
    """The value in each column of time, from the first point until now."""
    begin = points[0][0]
    whole = max(until - begin, timedelta(seconds=1))
    found: list[int] = []
    place, value = 0, points[0][1]
    for column in range(room):
        end = begin + whole * (column + 1) / room
        highest: int | None = None
        while place < len(points) and (points[place][0] < end or column == room - 1):
            value = points[place][1]
            highest = value if highest is None else max(highest, value)
            place += 1
        # What stands at the very end is what is so now, whatever was in between.
        found.append(value if highest is None or column == room - 1 else highest)
    return found


def _step(
    grid: list[list[str]], place: int, before: int, row: int, marks: dict[str, str], *, plain: bool
) -> None:
    """One column: level, or the way from the row before to this one."""
    if before == row:
        grid[row][place] = marks["level"]
        return
    old, new = ("+", "+") if plain else TURNS["rise" if row > before else "fall"]
    for between in range(min(before, row) + 1, max(before, row)):
        grid[between][place] = marks["side"]
    grid[before][place], grid[row][place] = old, new


class Plot(Static):
    """Drift over time; draws when it is given other values or another size."""

    def __init__(self, *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._plain = plain
        self._points: Points = ()
        self._until: datetime | None = None
        self._ends = ("", "")

    def show(self, points: Points, until: datetime, ends: tuple[str, str]) -> None:
        if (tuple(points), ends) != (self._points, self._ends):
            self._points, self._until, self._ends = tuple(points), until, ends
            self.refresh()

    def render(self) -> Content:
        size = self.size
        if self._until is None:
            return Content("")
        lines = plot_lines(
            self._points,
            self._until,
            width=size.width,
            height=size.height,
            ends=self._ends,
            plain=self._plain,
        )
        return Content("\n".join(lines))
