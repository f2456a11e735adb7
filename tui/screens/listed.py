"""A screen that is one long list with a filter: drift, queue, ledger and the like.

A subclass sets ``view``, ``heading``, ``KEYS``, and writes ``columns()``, ``key_of()`` and
``page()``; ``money_of()`` where rows have amounts. The filter line, marks, ``*`` with its question,
the position over refreshes and reconnects, ``w`` and ``x`` with all rows are done here.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Generic

from textual.app import ComposeResult

from tui.address import Address
from tui.link import sentence
from tui.questions import Question
from tui.screens.base import BaseScreen
from tui.state import Seen
from tui.widgets.columns import Column
from tui.widgets.filterline import FilterLine
from tui.widgets.pages import PAGE, RowT
from tui.widgets.rows import Rows
from tui.work import later

MOST_MARKED = 50_000
"""As many digests as one approval takes."""
COLLECT = 5_000


class ListScreen(BaseScreen, Generic[RowT]):
    """One list. It is its own ``Source``: ``page`` reads under the filter in force."""

    FIRST_FOCUS: ClassVar[str] = "Rows"
    markable: ClassVar[bool] = True
    filters: ClassVar[str] = "-text"
    """What stands in the empty filter: the columns that it knows, by example."""

    # -- what a screen overrides -----------------------------------------------------------

    def columns(self) -> Sequence[Column[RowT]]:
        raise NotImplementedError

    def key_of(self, row: RowT) -> str:
        """What a row is, whatever its place and content."""
        raise NotImplementedError

    async def page(self, offset: int, limit: int) -> tuple[Sequence[RowT], int]:
        """Rows under ``self.filter_text``: ask with ``self.front.link.ask`` (errors pass), and
        note ``self.everything`` from the answer."""
        raise NotImplementedError

    def money_of(self, row: RowT) -> tuple[str, Decimal] | None:
        """Currency and amount of a row, for the sum of what is marked."""
        return None

    def above(self) -> ComposeResult:
        """Widgets between the filter and the list."""
        yield from ()

    def below(self) -> ComposeResult:
        """Widgets under the list: a preview."""
        yield from ()

    def why_empty(self) -> str:
        """What stands where rows would: no rows at all, or none that the filter leaves."""
        if self.filter_text:
            return f"No row matches {self.filter_text}: esc in / clears the filter."
        return "Nothing here."

    def extra(self) -> str:
        """Words behind ``N of M``: the order, the instant of comparison."""
        return ""

    def moved(self, row: RowT | None) -> None:
        """The cursor is on another row: draw its preview. Asks nothing."""

    # -- what a screen uses ----------------------------------------------------------------

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self.query_text: dict[str, str] = {}
        """What the address says beside the filter: the order, a state."""
        self.everything = 0
        """Rows without a filter."""
        self._seek = ""
        self._rows: Rows[RowT] | None = None
        self._prepared: tuple[Sequence[RowT], int] | None = None

    @property
    def rows(self) -> Rows[RowT]:
        assert self._rows is not None, "there is a list once the view has its widgets"
        return self._rows

    def chosen(self) -> tuple[RowT, ...]:
        """What an act is about: the marked rows, else the one under the cursor."""
        return self.rows.chosen()

    def none_chosen(self) -> str:
        """For ``Key.when``: why nothing can be done."""
        return "" if self.is_mounted and self.rows.chosen() else "no row is chosen"

    def show_anew(self) -> None:
        """The filter or the order is another."""
        if self.is_mounted:
            self.rows.show(self)

    def sum_text(self, rows: Sequence[RowT]) -> str:
        """``1,100.00 USD, 20.00 EUR``; empty where rows have no amounts."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            money = self.money_of(row)
            if money is not None:
                sums[money[0]] += abs(money[1])
        return ", ".join(f"{amount:,} {currency}" for currency, amount in sorted(sums.items()))

    async def collect(self, most: int = MOST_MARKED) -> list[RowT]:
        """All rows that the filter leaves, up to ``most``."""
        found: list[RowT] = []
        while len(found) < most:
            rows, total = await self.page(len(found), min(COLLECT, most - len(found)))
            found += rows
            if not rows or len(found) >= total:
                break
        return found

    # -- how it works ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if (action, parameters) == ("press", ("slash",)):
            return bool(self.query(FilterLine)) and not self.query_one(FilterLine).is_open
        return super().check_action(action, parameters)

    def body(self) -> ComposeResult:
        yield FilterLine(self.filters)
        yield from self.above()
        rows: Rows[RowT] = Rows(
            self.columns(), key=self.key_of, markable=self.markable, plain=self.front.plain
        )
        self._rows = rows
        if self._prepared is not None:
            rows.begin(self, *self._prepared)
        yield rows
        yield from self.below()

    async def read_first(self) -> None:
        """For ``prepare``: the first page is on the first frame."""
        seen = Seen(self.front.clock.now(), self.state.changes)
        self._prepared = await self.page(0, PAGE)
        self.seen = seen

    def on_mount(self) -> None:
        self.query_one(FilterLine).put(self.filter_text)
        if self.rows.loaded:
            self.on_rows_loaded()
        if self._seek:
            self.rows.seek(self._seek)

    async def load(self) -> None:
        """The list asks for itself what is visible."""
        if self.rows.loaded:
            self.rows.reload()
        else:
            self.rows.show(self)

    def visit(self, address: Address) -> None:
        query = dict(address.query)
        text = query.pop("filter", "")
        self._seek = address.about
        if (text, query) != (self.filter_text, self.query_text):
            self.filter_text, self.query_text = text, query
            if self.is_mounted:
                self.query_one(FilterLine).put(text)
                self.show_anew()
        if self._seek and self.is_mounted:
            self.rows.seek(self._seek)

    def address(self) -> Address:
        return Address(self.view, query={"filter": self.filter_text, **self.query_text})

    def marks(self) -> int:
        return len(self.rows.marked()) if self.is_mounted else 0

    def leave(self) -> bool:
        if self.filter_text:
            self.query_one(FilterLine).clear()
            return True
        return False

    def filter(self) -> None:
        """The key ``/``."""
        self.query_one(FilterLine).open()

    def previous(self) -> None:
        self.rows.neighbour(-1)

    def next(self) -> None:
        self.rows.neighbour(1)

    async def export(self) -> None:
        """The key ``x``: the same as ``w``, with all rows."""
        await self.front.write(self)

    def lines(self) -> list[str]:
        return self.rows.text_lines(self.rows.size.width)

    async def written(self) -> list[str]:
        rows = await self.collect()
        return self.rows.lines_of(rows, width=200)

    def copied(self) -> str:
        row = self.rows.selected()
        return self.key_of(row) if row is not None else ""

    def on_filter_line_applied(self, event: FilterLine.Applied) -> None:
        self.filter_text = event.text
        self.show_anew()

    def on_filter_line_left(self) -> None:
        self.rows.focus()

    def on_rows_loaded(self) -> None:
        self.note = ""
        if self.rows.empty != self.why_empty():
            self.rows.empty = self.why_empty()
            self.rows.refresh()  # no row came or went: nothing else would draw it
        marked = self.rows.marked_rows()
        told, total = self.extra(), self.rows.total
        if marked:
            summed = self.sum_text(marked)
            told += f"  marked {len(marked):,}{f' = {summed}' if summed else ''}"
        self.query_one(FilterLine).tell(total, max(self.everything, total), told)

    def on_rows_marks_changed(self) -> None:
        self.on_rows_loaded()
        self.draw()

    def on_rows_failed(self, event: Rows.Failed) -> None:
        self.note = sentence(event.error)
        self.draw()

    def on_rows_moved(self) -> None:
        self.moved(self.rows.selected())

    def on_rows_opened(self) -> None:
        if any(key.key == "enter" for key in self.KEYS):
            self.action_press("enter")

    def on_rows_all_asked(self) -> None:
        self.run_worker(later(self._mark_all), group="act", exit_on_error=False)

    async def _mark_all(self) -> None:
        rows = await self.collect()
        total = self.rows.total
        facts = [("Rows", f"{len(rows):,} of {total:,} that the filter leaves")]
        if summed := self.sum_text(rows):
            facts.append(("Sum", summed))
        facts.append(("Filter", self.filter_text or "(none)"))
        if total > len(rows):
            facts.append(("Limit", f"one decision is about {MOST_MARKED:,} rows at most"))
        said = await self.confirm(Question("Mark all rows?", f"Mark {len(rows):,}", facts))
        if said is not None:
            self.rows.mark(rows)
