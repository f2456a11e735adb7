"""The ledger as a timeline: who did what and when, newest first; proof of the chain; files."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult

from daemon.control.protocol_drift import TimelineRow
from daemon.control.text import ELLIPSIS, clip
from ledger.model.errors import TrueupError
from tui.address import Address
from tui.export import csv_text, json_text
from tui.keys import Key, standard
from tui.screens.choosing import LineDialog
from tui.screens.entry import EntryDialog, Proof
from tui.screens.listed import ListScreen
from tui.screens.timeline import (
    EXPORTED,
    Period,
    Timeline,
    entry_lines,
    exported,
    period,
    style,
    what,
)
from tui.state import State
from tui.times import zone_of
from tui.widgets.columns import Cell, Column
from tui.widgets.filterline import FilterLine
from tui.widgets.rows import Rows
from tui.widgets.safe import Line

MOST_EXPORTED = 200_000
PER_SECOND = 100_000
"""Entries that are verified in a second or so."""


class LedgerScreen(ListScreen[TimelineRow]):
    view = "ledger"
    heading = "Ledger"
    markable = False
    filters: ClassVar[str] = "actor:mira entry:approved record:SKU -text"
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard("open", label="Full entry", when="no_entry", cli="trueup ledger list"),
        Key("v", "Verify chain", "verify", when="verifying", cli="trueup ledger verify"),
        standard("filter", help="actor:NAME entry:approved record:SKU -text; esc clears"),
        standard("export", help="write all that the filter leaves as CSV (X: as JSON)"),
        Key("e", "Period", "period", help="today, 24h, 7d, 2026-08-01..2026-08-14"),
        Key("o", "Record", "record", when="no_record", help="open the record of this entry"),
        Key("X", "Export JSON", "export_json", footer=False, cli="trueup ledger list --json"),
        standard("previous"),
        standard("next"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._timeline: Timeline | None = None
        self._within = Period()
        self.proof: Proof | None = None
        self._verifying_since: float | None = None

    # -- the list --------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[TimelineRow]]:
        return (
            Column("SEQ", lambda row: str(row.seq), width=7, align="right"),
            Column("TIME", lambda row: self.front.when(row.at, short=True), width=14),
            Column("ACTOR", lambda row: row.actor, width=12, flex=1, drop=1),
            Column("WHAT", lambda row: Cell(what(row), style(row)), width=14),
            Column("REF", lambda row: row.label or row.record, width=14, flex=1, drop=2),
            Column("DETAIL", lambda row: row.text, width=18, flex=5),
        )

    def key_of(self, row: TimelineRow) -> str:
        return str(row.seq)

    @property
    def timeline(self) -> Timeline:
        if self._timeline is None:
            self._timeline = Timeline(self.front.link, self.filter_text, self._within)
        return self._timeline

    async def page(self, offset: int, limit: int) -> tuple[Sequence[TimelineRow], int]:
        return await self.timeline.page(offset, limit)

    def above(self) -> ComposeResult:
        yield Line("", id="head")

    async def load(self) -> None:
        """What is new goes on top where one is at the top, and waits aside where one is not."""
        if self._timeline is None or not self.rows.loaded:
            self.rows.show(self)
            return
        if not await self.timeline.look_up():
            self.show_anew()
        elif self.rows.index == 0:
            self._follow()
        self.show_state(self.state)

    def _follow(self) -> None:
        """Show what waits, with the cursor on the newest."""
        if self.timeline.show_waiting():
            self.rows.seek(self.key_of(self.timeline.rows[0]))
            self.rows.reload()
            self.rows.scroll_to(y=0, animate=False, force=True)

    def show_anew(self) -> None:
        if self._timeline is not None:
            self._timeline.is_closed = True
        self._timeline = None
        super().show_anew()

    def visit(self, address: Address) -> None:
        said, now = address.get("period"), self.front.there()
        try:
            zone = zone_of(self.front.zone, self.front.company_zone)
            self._within = period(said, now, zone)
        except ValueError:
            told = f"{said} is no period: today, 24h, 7d, 2026-08-01..2026-08-14"
            self.front.tell(told, bad=True)
            self._within = Period()
            address = Address(self.view, query={**address.query, "period": ""})
        super().visit(address)

    def why_empty(self) -> str:
        timeline = self._timeline
        if timeline is not None and timeline.more:
            return f"Nothing down to entry {timeline.reached:,}; looking further back ..."
        if self.filter_text or self.query_text.get("period"):
            return "No entry matches: esc clears the filter, e changes the period."
        return "The ledger is empty."

    def on_rows_loaded(self, event: Rows.Loaded | None = None) -> None:
        super().on_rows_loaded()
        if event is not None:
            event.prevent_default()  # how many there are in all is not known here
        timeline = self.timeline
        shown = f"{len(timeline.rows):,} read" + (", more below" if timeline.more else "")
        self.query_one(FilterLine).say(f"{shown} ")
        self.show_state(self.state)
        if self.is_current and timeline.more and self._is_short():
            self.rows.reload()

    def _is_short(self) -> bool:
        """Whether room is left on the screen that older entries may fill."""
        return self.rows.scroll_offset.y + self.rows.size.height > len(self.timeline.rows)

    def moved(self, row: TimelineRow | None) -> None:
        if self._timeline is not None and self.rows.index == 0:
            self._follow()
        elif self._timeline is not None and self._timeline.more and self._is_short():
            self.rows.reload()

    def show_state(self, state: State) -> None:
        told = clip(f" {self._head()}", max(20, self.size.width))
        self.query_one("#head", Line).say(told.replace(ELLIPSIS, "~") if self.front.plain else told)

    def _head(self) -> str:
        timeline = self._timeline
        told = []
        if timeline is not None and timeline.waiting:
            told.append(f"{len(timeline.waiting):,} newer above: g shows them")
        told.append(f"period {self.query_text.get('period') or 'any'}")
        if self._verifying_since is not None:
            passed = int(self.front.clock.monotonic() - self._verifying_since)
            head = timeline.head if timeline is not None else 0
            whole = max(1, head // PER_SECOND)
            told.append(f"~ verifying {head:,} entries: {passed} s of about {whole} s")
        elif self.proof is not None:
            told.append(self.proof.word)
        else:
            told.append("chain not verified here yet: v")
        if timeline is not None and timeline.head:
            told.append(f"{timeline.head:,} entries in all")
        return "   ".join(told)

    # -- one entry, its record -------------------------------------------------------------

    def no_entry(self) -> str:
        row = self.rows.selected() if self.is_mounted else None
        return "" if row is not None else "no entry is under the cursor"

    def no_record(self) -> str:
        row = self.rows.selected() if self.is_mounted else None
        return "" if row is not None and row.record else "this entry is not about one record"

    async def open(self) -> None:
        row = self.rows.selected()
        if row is None:
            return
        told = list(entry_lines(row, self.front.when))
        record = await self.front.push_screen_wait(EntryDialog(row, told, plain=self.front.plain))
        if record:
            await self.front.go(Address("record", record, {"from": self.view}))

    async def record(self) -> None:
        row = self.rows.selected()
        if row is not None and row.record:
            await self.front.go(Address("record", row.record, {"from": self.view}))

    async def period(self) -> None:
        told = ["today, 24h, 7d, 2026-08-01, or 2026-08-01..2026-08-14; empty: any time"]
        before = self.query_text.get("period", "")
        said = await self.front.push_screen_wait(LineDialog("Entries of when?", told, value=before))
        if said is not None:
            await self.front.go(
                Address(self.view, query={"filter": self.filter_text, "period": said})
            )

    # -- proof -----------------------------------------------------------------------------

    def verifying(self) -> str:
        return "it is being verified" if self._verifying_since is not None else ""

    async def verify(self) -> None:
        """Walk the whole chain; reads only."""
        told = [
            "Every entry, every body and every table is checked; the daemon goes on meanwhile.",
            "The hash of the head that you noted elsewhere, or its beginning (may be empty):",
        ]
        noted = await self.front.push_screen_wait(LineDialog("Verify the chain", told))
        if noted is None:
            return
        self._verifying_since = self.front.clock.monotonic()
        ticking = self.set_interval(1.0, lambda: self.show_state(self.state))
        self.show_state(self.state)
        try:
            answer = await self.ask(lambda daemon: daemon.verify())
        finally:
            ticking.stop()
            self._verifying_since = None
            self.show_state(self.state)
        if answer is not None:
            self.proof = Proof(answer, noted.lower())
            self.show_state(self.state)
            self.front.tell(self.proof.word, bad=not answer.ok)
            if self.is_current:
                await self.read_text("Verified", self.proof.lines())

    # -- files -----------------------------------------------------------------------------

    async def export(self) -> None:
        """The key ``x``: a table for a spreadsheet."""
        rows = await self._exported()
        await self._save("csv", await asyncio.to_thread(csv_text, EXPORTED, map(exported, rows)))

    async def export_json(self) -> None:
        rows = await self._exported()
        told: dict[str, object] = {
            "head": self.timeline.head,
            "head_hash": self.timeline.head_hash,
            "filter": self.filter_text,
            "period": self.query_text.get("period", ""),
            "rows": [msgspec.to_builtins(row) for row in rows],
        }
        await self._save("json", await asyncio.to_thread(json_text, told))

    async def collect(self, most: int = MOST_EXPORTED) -> list[TimelineRow]:
        """All entries that the filter leaves, newest first, from a reading of their own."""
        whole = Timeline(self.front.link, self.filter_text, self._within)
        while whole.more and len(whole.rows) < most:
            await whole.page(len(whole.rows), 1)
        return whole.rows[:most]

    async def _exported(self) -> list[TimelineRow]:
        rows = await self.collect()
        if len(rows) == MOST_EXPORTED:
            told = f"only the newest {MOST_EXPORTED:,} entries are in the file"
            self.front.tell(f"{told}: narrow the period, or use trueup ledger export", bad=True)
        return rows

    async def _save(self, ending: str, text: str) -> None:
        name = f"trueup-ledger-{self.front.clock.now():%Y%m%dT%H%M%SZ}.{ending}"
        await self.front.save(name, text)

    def on_rows_failed(self, event: Rows.Failed) -> None:
        event.prevent_default()
        error = event.error
        cure = error.cure if isinstance(error, TrueupError) else ""
        self.note = f"{error}: {cure}" if cure else str(error)
        self.draw()
