"""The records on which the systems differ: the list, a preview, and what is decided about them."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from daemon.control.protocol_drift import DriftAnswer, DriftRow, DriftSort, FieldShown
from ledger.model.errors import TrueupError
from tui.address import Address
from tui.ahead import drift_query, drift_sort
from tui.export import csv_text, json_text
from tui.keys import Key, standard
from tui.link import sentence
from tui.screens.drift_acts import DriftActs
from tui.screens.drifting import (
    SORTS,
    Looks,
    away_text,
    columns,
    csv_row,
    csv_titles,
    decimal,
    head_text,
    looks,
    plan_text,
    state_text,
    why_empty,
)
from tui.state import State
from tui.widgets.columns import Column
from tui.widgets.diff import SheetLine, diff_lines, systems_of, wrap
from tui.widgets.safe import Line
from tui.widgets.sheet import Sheet
from tui.work import later

PREVIEW_S = 0.2
"""The cursor must rest so long before the record under it is read."""
WIDE, HIGH = 100, 30
"""A smaller terminal has no room for a preview: enter opens the record."""
MOST_EXPORTED = 200_000


class DriftScreen(DriftActs):
    view = "drift"
    heading = "Drift"
    filters: ClassVar[str] = "kind:bill class:conflict state:held amount>100 -text"
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard("open", when="nothing_to_open", cli="trueup drift show RECORD"),
        standard("approve", when="nothing_to_approve"),
        standard("skip", when="nothing_to_skip"),
        standard("filter", cli="trueup drift list --filter TEXT"),
        Key(
            "o",
            "Sort",
            "order",
            cli="trueup drift list --sort ORDER",
            help="another order: oldest, newest, class, kind, label, amount",
        ),
        standard("retry", when="nothing_to_retry"),
        standard("withdraw", when="nothing_to_withdraw"),
        standard("export", help="write all that the filter leaves as CSV (X: as JSON)"),
        Key("X", "Export JSON", "export_json", footer=False, cli="trueup drift list --json"),
        standard("previous"),
        standard("next"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.answer: DriftAnswer | None = None
        """The latest page: what it says of the whole list."""
        self._looks = Looks()
        self._waiting: Timer | None = None

    # -- the list --------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[DriftRow]]:
        return columns(self._looks)

    def looked(self) -> int:
        return self.answer.head if self.answer is not None else 0

    def key_of(self, row: DriftRow) -> str:
        return row.record

    def money_of(self, row: DriftRow) -> tuple[str, Decimal] | None:
        return (row.amount.currency, decimal(row.amount)) if row.amount is not None else None

    @property
    def sort(self) -> DriftSort:
        return drift_sort(self.query_text)

    async def page(self, offset: int, limit: int) -> tuple[Sequence[DriftRow], int]:
        query = drift_query(self.address().query, offset, limit)
        answer = await self.front.link.ask(lambda daemon: daemon.drift(query))
        self.answer, self.everything = answer, answer.everything
        found = looks(answer)
        if found.systems and found != self._looks:
            self._looks = found
            if self.is_mounted:
                self.rows.lay_out(columns(found))
        return answer.rows, answer.total

    async def prepare(self) -> None:
        await self.read_first()

    def above(self) -> ComposeResult:
        yield Line("", id="head")

    def below(self) -> ComposeResult:
        yield Line("", id="preview-title", classes="section")
        preview = Sheet(plain=self.front.plain, id="preview")
        preview.can_focus = False
        yield preview

    def why_empty(self) -> str:
        now = self.front.there()
        return why_empty(self.state, self.answer, self.filter_text, now)

    def show_state(self, state: State) -> None:
        answer, now = self.answer, self.front.there()
        at = self.front.when(answer.as_of.isoformat(), short=True) if answer is not None else ""
        wide = self.size.width >= WIDE
        told = head_text(answer, self.sort, at, wide=wide, away=away_text(state, now))
        self.query_one("#head", Line).say(f" {told}")
        if self.rows.empty != self.why_empty():
            self.rows.empty = self.why_empty()
            self.rows.refresh()

    def on_rows_loaded(self) -> None:
        super().on_rows_loaded()
        self.show_state(self.state)

    async def order(self) -> None:
        """The key ``o``: the next order."""
        orders = list(DriftSort)
        after = orders[(orders.index(self.sort) + 1) % len(orders)]
        self.query_text["sort"] = after.value
        self.show_anew()
        self.front.tell(f"sorted {SORTS[after]}")

    # -- the preview -----------------------------------------------------------------------

    @property
    def previews(self) -> bool:
        """Whether there is room for one."""
        return self.size.width >= WIDE and self.size.height >= HIGH

    def on_resize(self, _event: events.Resize) -> None:
        for name in ("#preview", "#preview-title"):
            self.query_one(name).display = self.previews
        self.show_state(self.state)
        self.moved(self.rows.selected())

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        self.moved(self.rows.selected())

    def moved(self, row: DriftRow | None) -> None:
        if self._waiting is not None:
            self._waiting.stop()
        if not self.previews or not self.is_current:
            return
        title = f"Preview {row.title or row.label}" if row is not None else "Preview"
        self.query_one("#preview-title", Line).say(title)
        if row is None:
            self.query_one("#preview", Sheet).show(lambda _width: ())
        else:
            self._waiting = self.set_timer(PREVIEW_S, self._preview)

    def _preview(self) -> None:
        work = later(self._read_preview)
        self.run_worker(work, group="preview", exclusive=True, exit_on_error=False)

    async def _read_preview(self) -> None:
        row = self.rows.selected()
        if row is None:
            return
        fields: Sequence[FieldShown] = ()
        told = f"{plan_text(row)}: {state_text(row)}"
        try:
            answer = await self.front.link.ask(lambda daemon: daemon.record(row.record))
            fields = answer.fields
        except TrueupError as error:
            told = sentence(error)
        here = self.rows.selected()
        if here is None or here.record != row.record:
            return
        systems = systems_of(fields, tuple(row.sides))

        def lay_out(width: int) -> list[SheetLine]:
            head = [SheetLine(part, "bold") for part in wrap(told, width)]
            return [*head, *diff_lines(fields, systems, width)]

        self.query_one("#preview", Sheet).show(lay_out, from_top=True)

    # -- opening and files -----------------------------------------------------------------

    def nothing_to_open(self) -> str:
        return "" if self.is_mounted and self.rows.selected() else "no row is under the cursor"

    async def open(self) -> None:
        row = self.rows.selected()
        if row is not None:
            await self.front.go(Address("record", row.record, {"from": self.view}))

    async def export(self) -> None:
        """The key ``x``: a table for a spreadsheet."""
        rows = await self._exported()
        systems = list(self._looks.systems)
        text = await asyncio.to_thread(
            csv_text, csv_titles(systems), [csv_row(row, systems) for row in rows]
        )
        await self._save("csv", text)

    async def export_json(self) -> None:
        rows = await self._exported()
        answer = self.answer
        told: dict[str, object] = {
            "as_of": answer.as_of.isoformat() if answer is not None else "",
            "head": answer.head if answer is not None else 0,
            "filter": self.filter_text,
            "sort": self.sort.value,
            "total": self.rows.total,
            "rows": [msgspec.to_builtins(row) for row in rows],
        }
        await self._save("json", await asyncio.to_thread(json_text, told))

    async def _exported(self) -> list[DriftRow]:
        rows = await self.collect(MOST_EXPORTED)
        if len(rows) < self.rows.total:
            told = f"only the first {len(rows):,} of {self.rows.total:,} rows are in the file"
            self.front.tell(f"{told}: narrow the filter, or use trueup drift list", bad=True)
        return rows

    async def _save(self, ending: str, text: str) -> None:
        name = f"trueup-drift-{self.front.clock.now():%Y%m%dT%H%M%SZ}.{ending}"
        await self.front.save(name, text)
