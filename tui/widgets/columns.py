"""Columns as values: what each shows of a row, and which of them fit. Draws nothing itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Literal, TypeVar

import msgspec

from daemon.control.text import ELLIPSIS, clip, pad, pad_left

RowT = TypeVar("RowT")


class Cell(msgspec.Struct, frozen=True):
    """Text of a cell with a Rich style (``bold``, ``red``): never the only sign of anything."""

    text: str
    style: str = ""


class Column(msgspec.Struct, Generic[RowT], frozen=True):
    """One column: what it shows of a row and how much room it takes."""

    title: str
    render: Callable[[RowT], str | Cell]
    width: int = 0
    """Cells; with ``flex`` the least it needs."""
    flex: int = 0
    """Share of the room that is left over."""
    align: Literal["left", "right"] = "left"
    drop: int = 0
    """When room is short the column with the highest number goes first; 0: never."""


class Table(Generic[RowT]):
    """Columns laid out for a width, one cell between them."""

    def __init__(self, columns: Sequence[Column[RowT]], *, plain: bool) -> None:
        self._columns = columns
        self._plain = plain
        self._laid_out: tuple[int, list[tuple[Column[RowT], int]]] = (-1, [])

    def titles(self, width: int) -> str:
        return " ".join(_put(column, column.title, room) for column, room in self._layout(width))

    def cells(self, row: RowT, width: int) -> Iterable[tuple[str, str]]:
        """Text of each cell with the space behind it, and its style."""
        for column, room in self._layout(width):
            told = column.render(row)
            cell = Cell(told) if isinstance(told, str) else told
            text = _put(column, cell.text, room)
            yield (text.replace(ELLIPSIS, "~") if self._plain else text) + " ", cell.style

    def _layout(self, width: int) -> list[tuple[Column[RowT], int]]:
        """The columns that fit, with the room of each."""
        if self._laid_out[0] == width:
            return self._laid_out[1]
        shown = list(self._columns)
        while _need(shown) > width and any(column.drop for column in shown):
            shown.remove(max(shown, key=lambda column: column.drop))
        spare = max(0, width - _need(shown))
        shares = sum(column.flex for column in shown)
        layout = []
        for column in shown:
            more = spare * column.flex // shares if shares else 0
            layout.append((column, column.width + more))
        self._laid_out = (width, layout)
        return layout


def _put(column: Column[RowT], text: str, room: int) -> str:
    cut = clip(text, room)
    return pad_left(cut, room) if column.align == "right" else pad(cut, room)


def _need(columns: Sequence[Column[RowT]]) -> int:
    return sum(column.width + 1 for column in columns)
