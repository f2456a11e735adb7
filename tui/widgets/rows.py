"""The big list: a million rows as cheap as ten, because only what is seen is fetched and drawn.

Rows come from a ``Source`` in pages; columns are values. Foreign text goes through ``clean`` and
is drawn as plain segments, never as markup. Sorting and filtering are the daemon's: show another
``Source``. The list asks nobody but its source and decides nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Generic

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from daemon.control.text import ELLIPSIS, clip, pad
from ledger.model.errors import TrueupError
from tui.widgets.columns import Column, Table
from tui.widgets.pages import PAGE, Pages, RowT, Source
from tui.work import later

WAITING = "..."
GUTTER = 4
"""Cells before the first column: cursor and mark."""
FETCHES = "pages"


class Rows(ScrollView, Generic[RowT], can_focus=True):
    """A list of rows with a cursor and marks. Keys: arrows, j k, g G, page keys, space, ``*``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("pageup,ctrl+b", "leap(-1)", show=False),
        Binding("pagedown,ctrl+f", "leap(1)", show=False),
        Binding("home,g", "edge(-1)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("space", "mark", show=False),
        Binding("asterisk", "mark_all", show=False),
        Binding("ctrl+u", "unmark_all", show=False),
        Binding("enter", "open", show=False),
    ]
    DEFAULT_CSS = "Rows { overflow-x: hidden; overflow-y: auto; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--title",
        "rows--cursor",
        "rows--marked",
        "rows--waiting",
    }

    class About(Message):
        def __init__(self, rows: "Rows[object]") -> None:
            super().__init__()
            self.rows = rows

        def can_replace(self, message: Message) -> bool:
            return type(message) is type(self) and isinstance(self, Rows.Moved | Rows.MarksChanged)

    class AboutOne(About):
        def __init__(self, rows: "Rows[object]", row: object | None) -> None:
            super().__init__(rows)
            self.row = row

    class Opened(AboutOne):
        """Enter, or a second click, on a row."""

    class Moved(AboutOne):
        """The cursor is on another row (or on the same one with new content)."""

    class MarksChanged(About): ...

    class AllAsked(About):
        """``*``: the screen asks with count and sum, then calls ``mark``."""

    class Loaded(About): ...

    class Failed(About):
        def __init__(self, rows: "Rows[object]", error: TrueupError) -> None:
            super().__init__(rows)
            self.error = error

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        *,
        key: Callable[[RowT], str],
        markable: bool = True,
        plain: bool = False,
    ) -> None:
        """``plain``: ASCII only where we choose the characters."""
        super().__init__()
        self.markable = markable
        self.empty = "Nothing here."
        """Shown instead of rows when there are none: say why."""
        self._pages: Pages[RowT] = Pages(key)
        self._source: Source[RowT] | None = None
        self._asked: set[int] = set()
        self._plain = plain
        self._table = Table(columns, plain=plain)
        self._told: tuple[int, RowT | None] = (-1, None)

    # -- what screens use ------------------------------------------------------------------

    def show(self, source: Source[RowT], *, keep_position: bool = False) -> None:
        """Show the rows of ``source``: another filter, another order. Marks stay."""
        before = self._picture()
        self._source = source
        row = self._pages.selected()
        self._pages.expire(keep_shown=keep_position)
        if not keep_position:
            self._pages.index = 0
            if row is not None:  # else what was sought before anything was here
                self._pages.seek(self._pages.key(row))
            self.scroll_to(0, 0, animate=False)
        self._fetch_anew(before)

    def begin(self, source: Source[RowT], rows: Sequence[RowT], total: int) -> None:
        """Show a first page that is here already; the others are asked for as they are seen."""
        self._source = source
        self._pages.put(0, rows, total)

    def lay_out(self, columns: Sequence[Column[RowT]]) -> None:
        """Other columns for the same rows."""
        self._table = Table(columns, plain=self._plain)
        self.refresh()

    def reload(self) -> None:
        """Fetch what is visible anew; what is shown stays until it is there."""
        if self._source is not None:
            before = self._picture()
            self._pages.expire()
            self._fetch_anew(before)

    def selected(self) -> RowT | None:
        """The row under the cursor; ``None`` when there is none or it is still on its way."""
        return self._pages.selected()

    def marked(self) -> tuple[str, ...]:
        """Keys of the marked rows, in the order of marking."""
        return tuple(self._pages.marks)

    def marked_rows(self) -> tuple[RowT, ...]:
        """The marked rows as they were when they were marked."""
        return tuple(self._pages.marks.values())

    def chosen(self) -> tuple[RowT, ...]:
        """What an act is about: the marked rows, else the one under the cursor."""
        row = self.selected()
        return self.marked_rows() or (() if row is None else (row,))

    def mark(self, rows: Iterable[RowT]) -> None:
        self._pages.marks |= {self._pages.key(row): row for row in rows}
        self._marks_changed()

    def unmark(self, keys: Iterable[str] | None = None) -> None:
        """Of these keys, or of all."""
        for key in self.marked() if keys is None else tuple(keys):
            self._pages.marks.pop(key, None)
        self._marks_changed()

    def seek(self, key: str) -> None:
        """Put the cursor on the row of this key, now or when its page arrives."""
        self._pages.seek(key)
        self._follow()

    @property
    def total(self) -> int:
        return self._pages.total

    @property
    def index(self) -> int:
        """Place of the cursor, from 0."""
        return self._pages.index

    @property
    def loaded(self) -> bool:
        return self._pages.loaded

    def neighbour(self, step: int) -> RowT | None:
        """Move the cursor by ``step`` and return the row there, if it is here."""
        self._go(self.index + step)
        return self.selected()

    def lines_of(self, rows: Iterable[RowT], *, width: int) -> list[str]:
        """These rows as text, under the titles: for a file."""
        told = ["".join(text for text, _ in self._table.cells(row, width)) for row in rows]
        return [self._table.titles(width).rstrip(), *(line.rstrip() for line in told)]

    def text_lines(self, width: int) -> list[str]:
        """The rows that are seen now, as text."""
        first = self.scroll_offset.y
        here = (self._pages.row(index) for index in range(first, first + max(1, self._room)))
        return self.lines_of((row for row in here if row is not None), width=width)

    # -- fetching --------------------------------------------------------------------------

    def _fetch_anew(self, before: tuple[object, ...]) -> None:
        self._asked.clear()
        self.workers.cancel_group(self, FETCHES)  # else an old answer may come last
        self._want_visible()
        self._draw_if_not(before)

    def _picture(self) -> tuple[object, ...]:
        """What is to be seen; the same again is not drawn again, and not sent."""
        first = self.scroll_offset.y
        rows = tuple(self._pages.row(place) for place in range(first, first + self._room + 1))
        return self.index, self.total, self.loaded, self.empty, first, rows

    def _draw_if_not(self, before: tuple[object, ...]) -> None:
        if self._picture() != before:
            self.refresh()

    def _want_visible(self) -> None:
        if self._source is None or not self.is_mounted:
            return
        first = self.scroll_offset.y
        last = first + max(1, self._room)
        numbers = self._pages.missing(first, last)
        if self.total:
            numbers += self._pages.missing(self.index, self.index)
        for number in dict.fromkeys(numbers):
            if number not in self._asked:
                self._asked.add(number)
                work = later(self._fetch, self._source, number)
                self.run_worker(work, group=FETCHES, exit_on_error=False)

    async def _fetch(self, source: Source[RowT], number: int) -> None:
        try:
            rows, total = await source.page(number * PAGE, PAGE)
        except TrueupError as error:
            self._asked.discard(number)
            self.post_message(self.Failed(self.any, error))
            return
        self._asked.discard(number)
        before, place = self._picture(), self.index - self.scroll_offset.y
        self._pages.put(number, rows, total)
        self._resize(total)
        if 0 <= place < max(1, self._room) and self.index - self.scroll_offset.y != place:
            self.scroll_to(y=max(0, self.index - place), animate=False, force=True)
        self._draw_if_not(before)
        self.post_message(self.Loaded(self.any))
        self._tell_moved()
        self._want_visible()

    def _resize(self, total: int) -> None:
        size = Size(self.size.width, total + 1)
        if self.virtual_size != size:
            self.virtual_size = size

    @property
    def any(self) -> "Rows[object]":
        return self  # type: ignore[return-value]  # messages do not know the type of a row

    # -- drawing ---------------------------------------------------------------------------

    @property
    def _room(self) -> int:
        """Rows that fit below the titles."""
        return self.scrollable_content_region.height - 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            style = self.get_component_rich_style("rows--title")
            return Strip([Segment(pad(clip(self._title_text(width), width), width), style)], width)
        index = self.scroll_offset.y + y - 1
        if self._pages.loaded and self.total == 0:
            return self._plain_line(f"  {self.empty}" if y == 2 else "", width)
        if index >= self.total:
            waits = not self._pages.loaded and y == 2 and self._source is not None
            return self._plain_line("  reading ..." if waits else "", width)
        return self._row_line(index, width)

    def _plain_line(self, text: str, width: int) -> Strip:
        style = self.get_component_rich_style("rows--waiting") if text else self.rich_style
        return Strip([Segment(pad(clip(text, width), width), style)], width)

    def _row_line(self, index: int, width: int) -> Strip:
        row = self._pages.row(index)
        here = index == self.index
        marked = row is not None and self._pages.key(row) in self._pages.marks
        base = self.rich_style
        if marked:
            base += self.get_component_rich_style("rows--marked")
        if here:
            base += self.get_component_rich_style("rows--cursor")
        gutter = f"{'>' if here else ' '} {'*' if marked else ' '} "
        if row is None:
            waiting = self.get_component_rich_style("rows--waiting")
            text = pad(clip(f"{gutter}{WAITING}", width), width)
            return Strip([Segment(text, base if here else waiting)], width)
        parts: list[Segment] = []
        run, style, ascii_only = gutter, "", True
        for text, wanted in self._table.cells(row, width - GUTTER):
            ascii_only = ascii_only and text.replace(ELLIPSIS, ".").isascii()
            if wanted != style and not here:  # cells of one style are one piece
                parts.append(Segment(run, base + Style.parse(style)))
                run, style = "", wanted
            run += text
        parts.append(Segment(run, base + Style.parse(style)))
        length = sum(len(part.text) for part in parts) if ascii_only else None
        return Strip(parts, length).adjust_cell_length(width, base)

    def _title_text(self, width: int) -> str:
        return " " * GUTTER + self._table.titles(width - GUTTER)

    # -- moving and marking ----------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want_visible()

    def on_resize(self, _event: events.Resize) -> None:
        self._resize(self.total)
        self._follow()

    def on_mount(self) -> None:
        self._want_visible()
        self._tell_moved()

    def _go(self, index: int) -> None:
        if self.total:
            was = self.index
            self._pages.move(index)
            self._follow(was)
            self._tell_moved()

    def _follow(self, was: int = -1) -> None:
        """Scroll so that the cursor is seen. Where it ``was`` and is are all that is drawn."""
        top, end = self.scroll_offset.y, self.scroll_offset.y + max(1, self._room)
        self._want_visible()
        if top <= self.index < end and top <= was < end:
            places = (was, self.index)
            self.refresh(*(Region(0, 1 + row - top, self.size.width, 1) for row in places))
            return
        if not top <= self.index < end:
            y = min(self.index, max(top, self.index - (end - top) + 1))
            self.scroll_to(y=y, animate=False, force=True)
        self.refresh()

    def _tell_moved(self) -> None:
        row = self.selected()
        if (self.index, row) != self._told:
            self._told = (self.index, row)
            self.post_message(self.Moved(self.any, row))

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self.any))

    def action_step(self, step: int) -> None:
        self._go(self.index + step)

    def action_leap(self, pages: int) -> None:
        self._go(self.index + pages * max(1, self._room - 1))

    def action_edge(self, end: int) -> None:
        self._go(0 if end < 0 else self.total - 1)

    def action_mark(self) -> None:
        row = self.selected()
        if self.markable and row is not None:
            self._pages.toggle(row)
            self._marks_changed()
            self._go(self.index + 1)

    def action_mark_all(self) -> None:
        if self.markable and self.total:
            self.post_message(self.AllAsked(self.any))

    def action_unmark_all(self) -> None:
        if self.marked():
            self.unmark()

    def action_open(self) -> None:
        row = self.selected()
        if row is not None:
            self.post_message(self.Opened(self.any, row))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        index = self.scroll_offset.y + at.y - 1
        if at.y < 1 or index >= self.total:
            return
        again = index == self.index and event.chain > 1
        self._go(index)
        if again:
            self.action_open()
        elif at.x < GUTTER:
            self.action_mark()
