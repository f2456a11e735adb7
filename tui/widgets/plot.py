"""A line of numbers over time as text: block or ASCII bars, an axis, its ends named. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from textual.content import Content
from textual.widgets import Static

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " .:-=+*#@"


def plot_lines(
    values: Sequence[int],
    *,
    width: int,
    height: int,
    ends: tuple[str, str] = ("", ""),
    plain: bool = False,
) -> list[str]:
    """``height`` lines of bars over an axis; the highest value is written at its top.

    ``values`` are squeezed to the width by keeping the highest of each stretch: a peak must not
    vanish because the window is small.
    """
    if not values or width < 12 or height < 2:
        return [f"now {values[-1]:,}"] if values else ["no history yet"]
    top = max(values)
    label = max(len(f"{top:,}"), 1)
    room = width - label - 2
    bars = _squeezed(values, room)
    rows = height - 2 if height > 2 else 1
    marks = PLAIN if plain else BLOCKS
    lines = []
    for row in range(rows, 0, -1):
        text = "".join(_mark(value, top, row, rows, marks) for value in bars)
        edge = f"{top:,}" if row == rows else ""
        lines.append(f"{edge:>{label}} {'|' if plain else '│'}{text}")
    lines.append(f"{'0':>{label}} {'+' if plain else '└'}{('-' if plain else '─') * room}")
    if height > 2:
        first, last = ends
        gap = max(1, room - len(first) - len(last))
        lines.append(f"{'':>{label}}  {first}{' ' * gap}{last}")
    return lines


def _squeezed(values: Sequence[int], room: int) -> list[int]:
    if len(values) <= room:
        # Few points are widened, so that the plot always spans its axis.
        return [values[place * len(values) // room] for place in range(room)]
    edges = [place * len(values) // room for place in range(room + 1)]
    return [max(values[a:b]) for a, b in pairwise(edges)]


def _mark(value: int, top: int, row: int, rows: int, marks: str) -> str:
    """The part of a bar that falls into ``row`` (1 is the lowest)."""
    steps = len(marks) - 1
    filled = -(-value * rows * steps // top) if top else 0
    return marks[max(0, min(steps, filled - (row - 1) * steps))]


class Plot(Static):
    """Drift over time; draws when it is given other values or another size."""

    def __init__(self, *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._plain = plain
        self._values: tuple[int, ...] = ()
        self._ends = ("", "")

    def show(self, values: Sequence[int], ends: tuple[str, str]) -> None:
        if (tuple(values), ends) != (self._values, self._ends):
            self._values, self._ends = tuple(values), ends
            self.refresh()

    def render(self) -> Content:
        size = self.size
        lines = plot_lines(
            self._values, width=size.width, height=size.height, ends=self._ends, plain=self._plain
        )
        return Content("\n".join(lines))
