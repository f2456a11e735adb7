"""The queue: every operation and how far it has come, and what is decided about them.

Nothing here re-sends what may have arrived: an operation whose reply was lost is looked up by the
daemon, and no key goes past that.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from daemon.control.client import ControlClient, NoAnswer
from daemon.control.protocol import Declined, OperationShown
from daemon.control.protocol_drift import (
    MAX_FILTER,
    QueueAnswer,
    QueueQuery,
    QueueRow,
    RequestAnswer,
)
from daemon.control.slugs import noun
from tui.address import Address
from tui.export import csv_text
from tui.keys import Key, standard
from tui.screens import valves
from tui.screens.operating import operation_lines
from tui.screens.queue_acts import QueueActs
from tui.screens.queueing import (
    CSV,
    FINISHED,
    VIEWS,
    about_text,
    columns,
    csv_row,
    looked_at,
    money,
    pace_text,
    why_empty,
)
from tui.state import State
from tui.widgets.columns import Column
from tui.widgets.safe import Line

WIDE = 100
MOST_EXPORTED = 200_000
PACE_S = 15.0
"""What was written in the last minute becomes less without anything else happening."""


class QueueScreen(QueueActs):
    view = "queue"
    heading = "Queue"
    filters: ClassVar[str] = "kind:bill to:qbo state:waiting amount>100 -text"
    DEFAULT_CSS = """
    QueueScreen #pace, QueueScreen #views, QueueScreen #row { height: 1; text-wrap: nowrap;
        text-overflow: ellipsis; }
    """
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard("open", when="nothing_to_open", cli="trueup queue show DIGEST"),
        standard("approve", when="nothing_to_approve"),
        standard("skip", when="nothing_to_skip"),
        standard("retry", when="nothing_to_retry"),
        standard("withdraw", when="nothing_to_withdraw", cli="trueup withdraw DIGEST"),
        Key(
            "v",
            "View",
            "other_view",
            cli="trueup queue list --state",
            help="all open, waiting, sending, failed, done",
        ),
        standard("filter"),
        standard("compare", help="run a cycle now: read both systems, look up lost replies, send"),
        standard("pause", help="stop or resume writing: everything, one system, one kind"),
        Key(
            "f",
            "Record",
            "record",
            when="nothing_to_open",
            footer=False,
            cli="trueup drift show RECORD",
            help="the record of this operation, both systems",
        ),
        standard("export", help="write all that the filter leaves as CSV"),
        standard("previous"),
        standard("next"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.answer: QueueAnswer | None = None
        """The latest page: what it says of the whole queue."""
        self._currency = ""
        self._ahead = timedelta()
        """How far the daemon's clock is ahead of ours."""

    # -- the list --------------------------------------------------------------------------

    @property
    def chosen_view(self) -> str:
        asked = self.query_text.get("state", "")
        return asked if asked in VIEWS else "open"

    def columns(self) -> Sequence[Column[QueueRow]]:
        return columns(self._now, self._currency)

    def _now(self) -> datetime:
        """By the daemon's clock, which is the one that the rows were dated by."""
        return self.front.clock.now() + self._ahead

    def looked(self) -> int:
        return self.answer.head if self.answer is not None else 0

    def key_of(self, row: QueueRow) -> str:
        return row.operation

    def money_of(self, row: QueueRow) -> tuple[str, Decimal] | None:
        amount = money(row)
        return (row.amount.currency, amount) if row.amount and amount is not None else None

    async def page(self, offset: int, limit: int) -> tuple[Sequence[QueueRow], int]:
        states = VIEWS[self.chosen_view]
        query = QueueQuery(
            filter=self.filter_text[:MAX_FILTER], states=states, limit=limit, offset=offset
        )
        answer = await self.front.link.ask(lambda daemon: daemon.queue(query))
        self.answer, self.everything = answer, answer.everything
        self._ahead = answer.as_of - self.front.clock.now()
        currencies = {row.amount.currency for row in answer.rows if row.amount is not None}
        only = next(iter(currencies)) if len(currencies) == 1 else ""
        if currencies and only != self._currency:
            self._currency = only
            self.rows.lay_out(self.columns())
        return answer.rows, answer.total

    def above(self) -> ComposeResult:
        yield Line("", id="pace")
        yield Line("", id="views")

    def below(self) -> ComposeResult:
        yield Line("", id="row")

    def moved(self, row: QueueRow | None) -> None:
        self.query_one("#row", Line).say(f" {about_text(row)}")

    def why_empty(self) -> str:
        return why_empty(self.state, self.answer, self.filter_text, self.chosen_view)

    def show_state(self, state: State) -> None:
        if not self.query("#pace"):
            return
        wide = self.size.width >= WIDE
        self.query_one("#pace", Line).say(f" {pace_text(self.answer, state.pulse, wide=wide)}")
        self.query_one("#views", Line).say(f" {looked_at(self.answer, self.chosen_view)}")
        if self.rows.empty != self.why_empty():
            self.rows.empty = self.why_empty()
            self.rows.refresh()

    def on_mount(self) -> None:
        self.set_interval(PACE_S, self._older)

    def _older(self) -> None:
        pace = self.answer.pace if self.answer is not None else ()
        if self.is_current and any(one.per_minute or one.left or one.in_flight for one in pace):
            self.reload()

    def on_resize(self, _event: events.Resize) -> None:
        self.show_state(self.state)

    def on_rows_loaded(self) -> None:
        super().on_rows_loaded()
        self.show_state(self.state)

    async def other_view(self) -> None:
        """The key ``v``: the next of the views."""
        names = list(VIEWS)
        self.query_text["state"] = names[(names.index(self.chosen_view) + 1) % len(names)]
        self.show_anew()
        self.show_state(self.state)

    # -- opening ---------------------------------------------------------------------------

    def nothing_to_open(self) -> str:
        return "" if self.is_mounted and self.rows.selected() else "no row is under the cursor"

    async def open(self) -> None:
        """One operation whole: what will be sent, why it waits, what came of it."""
        row = self.rows.selected()
        if row is None:
            return
        looked = await self.ask(lambda daemon: daemon.record(row.record))
        if looked is None:
            return
        operation, request = None, None
        if row.state not in FINISHED:
            operation = await self._planned(row)
            request = await self._request(row)
        found = [one for one in looked.operations if one.digest == row.digest]
        shown = operation or (found[0] if found else None)
        what = f"{row.action} {noun(row.kind)} {row.title or row.label} in {row.system}"
        lines = operation_lines(row, shown, request, looked.history, self.front.when)
        await self.read_text(what, lines)

    async def _planned(self, row: QueueRow) -> OperationShown | None:
        async def look(daemon: ControlClient) -> OperationShown | None:
            plan = await daemon.plan(digest=row.digest)
            return plan.operations[0] if plan.operations else None

        try:
            return await self.front.link.ask(look)
        except (Declined, NoAnswer):
            return None  # it has left since: its history tells the rest

    async def _request(self, row: QueueRow) -> RequestAnswer | None:
        """As it would leave now; why not, where it cannot be told."""
        try:
            return await self.front.link.ask(lambda daemon: daemon.request(row.digest))
        except Declined as error:
            told = f"{error}: {error.cure}" if error.cure else str(error)
            if row.state in {"sending", "unknown"}:
                told = "it has left already"
            return RequestAnswer(
                as_of=self.front.clock.now(), digest=row.digest, system=row.system, text=told
            )
        except NoAnswer:
            return None

    async def record(self) -> None:
        """The record of the operation under the cursor, if that view is there."""
        row = self.rows.selected()
        if row is not None:
            await self.front.go(Address("record", row.record, {"from": self.view}))

    # -- valves and files ------------------------------------------------------------------

    async def compare(self) -> None:
        await valves.compare(self)

    async def pause(self) -> None:
        row = self.rows.selected()
        await valves.pause(self, row.kind if row else "", row.system if row else "")

    async def export(self) -> None:
        rows = await self.collect(MOST_EXPORTED)
        if len(rows) < self.rows.total:
            told = f"only the first {len(rows):,} of {self.rows.total:,} rows are in the file"
            self.front.tell(f"{told}: narrow the filter, or use trueup queue list", bad=True)
        text = await asyncio.to_thread(csv_text, CSV, [csv_row(row) for row in rows])
        await self.front.save(f"trueup-queue-{self.front.clock.now():%Y%m%dT%H%M%SZ}.csv", text)
