"""Is it running, is it equal, what needs me: the first screen."""

from typing import ClassVar

from textual.app import ComposeResult

from daemon.control.client import NoAnswer
from daemon.control.protocol import Declined
from daemon.control.protocol_drift import DriftHistoryAnswer, DriftQuery, QueueQuery
from daemon.control.protocol_valves import DeskAnswer
from ledger.model.errors import TrueupError
from tui.address import Address
from tui.keys import Key, standard
from tui.screens import valves
from tui.screens.base import BaseScreen
from tui.screens.overviewing import Looked, Need, facts_lines, needs
from tui.state import State
from tui.times import age, instant
from tui.widgets.columns import Column
from tui.widgets.plot import Plot
from tui.widgets.rows import Rows
from tui.widgets.safe import Line, Lines

PLOT = "Records that differ, over time"


class Held:
    """A short list that is all here."""

    def __init__(self, rows: tuple[Need, ...]) -> None:
        self.rows = rows

    async def page(self, offset: int, limit: int) -> tuple[tuple[Need, ...], int]:
        return self.rows[offset : offset + limit], len(self.rows)


class OverviewScreen(BaseScreen):
    view = "overview"
    heading = "Overview"
    FIRST_FOCUS: ClassVar[str] = "Rows"
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard("open", when="nothing_to_open"),
        standard("compare"),
        standard("pause"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.looked = Looked()
        self.history: DriftHistoryAnswer | None = None
        self.desk: DeskAnswer | None = None
        self._found: tuple[Need, ...] = ()

    def body(self) -> ComposeResult:
        yield Lines(id="facts")
        yield Line("", id="needs-title", classes="section")
        yield Rows(
            (
                Column("WHAT", lambda need: f"{need.glyph} {need.text}", width=40, flex=1),
                Column("WHERE", lambda need: need.where, width=24, drop=1),
            ),
            key=lambda need: need.text,
            markable=False,
            plain=self.front.plain,
        )
        yield Line(PLOT, id="plot-title", classes="section")
        yield Plot(plain=self.front.plain, id="plot")

    async def load(self) -> None:
        """Drift, its history and the desk; a daemon without one of them shows the rest."""
        link, is_past = self.front.link, bool(self.front.link.at)
        if not is_past:  # what is asked below is kept for every moment; desk and queue are not
            self.desk = await link.ask(lambda daemon: daemon.desk(limit=50))
        try:
            drift = await link.ask(lambda daemon: daemon.drift(DriftQuery(limit=0)))
            oldest = ""
            if not is_past:
                queue = await link.ask(lambda daemon: daemon.queue(QueueQuery(limit=1)))
                oldest = queue.rows[0].since if queue.rows else ""
            self.looked = Looked(drift, oldest)
            self.history = await link.ask(lambda daemon: daemon.drift_history())
        except (NoAnswer, Declined) as error:
            self.looked, self.history = Looked(), None
            raise TrueupError(f"drift cannot be shown: {error}") from error
        finally:
            self.show_state(self.state)

    def show_state(self, state: State) -> None:
        now = self.front.there()
        self.query_one("#facts", Lines).say(
            facts_lines(state, self.looked, now, self.front.when, wide=self.size.width >= 100)
        )
        found = needs(state, self.desk)
        rows = self.query_one(Rows)
        empty = self._quiet(state)
        if (found, empty) != (self._found, rows.empty) or not rows.loaded:
            self._found, rows.empty = found, empty
            rows.show(Held(found), keep_position=True)
        title = f"Needs a person ({len(found)})" if found else "Needs a person"
        self.query_one("#needs-title", Line).say(title)
        self._plot()

    def _plot(self) -> None:
        """As it stood when it was read: it does not creep on while nothing happens."""
        history = self.history
        told = history.points if history is not None else ()
        points = [(at, point.records) for point in told if (at := instant(point.at)) is not None]
        if history is None or not points:
            self.query_one("#plot-title", Line).say(PLOT)
            self.query_one(Plot).show((), self.front.there(), ("", ""))
            return
        first = points[0][0]
        over = age((history.as_of - first).total_seconds())
        self.query_one("#plot-title", Line).say(f"{PLOT}: the last {over}")
        ends = (self.front.when(told[0].at), self.front.when(history.as_of.isoformat()))
        self.query_one(Plot).show(points, history.as_of, ends)

    def _quiet(self, state: State) -> str:
        status = state.status
        if status is None:
            return "Not connected yet: what needs you is not known."
        if state.then is not None:
            return "What was held then: 2 and 4 list it. By its cause it is not kept for the past."
        cycle = status.last_cycle
        if cycle is None:
            return "Nothing is known yet: the first cycle is still running."
        return f"Nothing needs you. Last compared {self.front.when(cycle.ended_at)}."

    def nothing_to_open(self) -> str:
        row = self.query_one(Rows).selected() if self.is_mounted else None
        return "" if row is not None else "nothing needs you"

    async def open(self) -> None:
        """Go where the need under the cursor can be met."""
        need: Need | None = self.query_one(Rows).selected()
        if need is None:
            return
        address = next((a for a in need.ways if self.front.knows(a)), None)
        if address is None:
            await self.read_text("What helps", [need.text, "", *need.cures])
        else:
            await self.front.go(address)

    def on_rows_opened(self) -> None:
        self.action_press("enter")

    async def compare(self) -> None:
        """Run a cycle now and wait for its end."""
        await valves.compare(self)

    async def pause(self) -> None:
        """Stop or resume writing: everything, or what is paused already."""
        await valves.pause(self)

    def lines(self) -> list[str]:
        facts = self.query_one("#facts", Lines).said
        found = needs(self.state, self.desk)
        return [*facts, "", "Needs a person", *(f"{need.glyph} {need.text}" for need in found)]

    def copied(self) -> str:
        need: Need | None = self.query_one(Rows).selected()
        return need.text if need is not None else str(Address(self.view))
