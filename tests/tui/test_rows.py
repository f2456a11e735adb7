"""The big list over a million rows, without a daemon: what is fetched, and where one is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from textual.app import App, ComposeResult

from ledger.model.errors import TrueupError
from tests.tui.waiting import until
from tui.widgets.columns import Cell, Column
from tui.widgets.pages import PAGE
from tui.widgets.rows import Rows

MILLION = 1_000_000
HOSTILE = "[@click=app.exit]x[/] [REV B] A[/]B [x \x1b]52;c;aGk=\x07 \u202eevil\nnext"


@dataclass(frozen=True)
class Part:
    key: str
    name: str


@dataclass
class Parts:
    """A source that can change: ``gone`` rows are left out, ``shift`` rows were put in front."""

    count: int = MILLION
    shift: int = 0
    gone: frozenset[int] = frozenset()
    broken: str = ""
    asked: list[int] = field(default_factory=list)

    async def page(self, offset: int, limit: int) -> tuple[Sequence[Part], int]:
        self.asked.append(offset)
        if self.broken:
            raise TrueupError(self.broken)
        total = self.count + self.shift - len(self.gone)
        wanted = range(offset - self.shift, min(offset + limit, total) - self.shift)
        if self.gone:
            kept = [n for n in range(-self.shift, self.count) if n not in self.gone]
            wanted = kept[offset : offset + limit]  # type: ignore[assignment]
        return [Part(f"k{n}", f"part {n}") for n in wanted], total


class Shown(App[None]):
    CSS = "Rows { height: 1fr; }"

    def __init__(self, source: Parts, *, plain: bool = False) -> None:
        super().__init__()
        self.source = source
        self.plain = plain
        self.heard: list[object] = []

    def compose(self) -> ComposeResult:
        columns = (
            Column[Part]("NAME", lambda part: part.name, width=20, flex=1),
            Column[Part]("KEY", lambda part: Cell(part.key, "bold"), width=10, align="right"),
            Column[Part]("MORE", lambda part: part.key * 9, width=60, drop=1),
        )
        yield Rows(columns, key=lambda part: part.key, plain=self.plain)

    def on_mount(self) -> None:
        self.rows.show(self.source)

    @property
    def rows(self) -> Rows[Part]:
        return self.query_one(Rows)

    def on_rows_failed(self, event: Rows.Failed) -> None:
        self.heard.append(str(event.error))

    def on_rows_opened(self, event: Rows.Opened) -> None:
        self.heard.append(event.row)

    def on_rows_all_asked(self) -> None:
        self.heard.append("all")

    def lines(self) -> list[str]:
        height = self.size.height
        return [self.rows.render_line(y).text.rstrip() for y in range(height)]

    @property
    def key(self) -> str:
        part = self.rows.selected()
        return part.key if part is not None else ""


@asynccontextmanager
async def shown(source: Parts, *, plain: bool = False) -> AsyncIterator["Front"]:
    app = Shown(source, plain=plain)
    async with app.run_test(size=(80, 24)) as pilot:
        front = Front(app, pilot)
        await front.until(lambda: app.rows.loaded or app.heard)
        yield front


class Front:
    def __init__(self, app: Shown, pilot: object) -> None:
        self.app = app
        self.rows = app.rows
        self.pilot = pilot

    async def until(self, condition: object) -> None:
        await until(self.pilot, condition, lambda: "\n".join(self.app.lines()))  # type: ignore[arg-type]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)  # type: ignore[attr-defined]


async def test_a_million_rows_cost_the_pages_that_are_seen() -> None:
    source = Parts()
    async with shown(source) as front:
        assert front.app.lines()[1].split()[:3] == [">", "part", "0"]
        await front.press("G")
        await front.until(lambda: front.app.key == "k999999")
        assert "part 999999" in front.app.lines()[-1]
        assert set(source.asked) == {0, MILLION - PAGE}
        await front.press("g")
        await front.until(lambda: front.app.key == "k0")


async def test_columns_that_have_no_room_are_dropped_and_never_wrap() -> None:
    async with shown(Parts()) as front:
        assert "MORE" not in front.app.lines()[0]
        assert all(len(line) <= 80 for line in front.app.lines())


async def test_the_cursor_stays_on_its_record_when_rows_come_before_it() -> None:
    source = Parts(count=500)
    async with shown(source) as front:
        await front.press("j", "j", "j")
        assert front.app.key == "k3"
        source.shift = 5
        front.rows.reload()
        await front.until(lambda: front.rows.total == 505)
        assert (front.app.key, front.rows.index) == ("k3", 8)


async def test_the_cursor_goes_to_the_nearest_when_its_record_is_gone() -> None:
    source = Parts(count=500)
    async with shown(source) as front:
        await front.press("j", "j", "j")
        source.gone = frozenset({3})
        front.rows.reload()
        await front.until(lambda: front.rows.total == 499)
        assert front.app.key == "k4"


async def test_a_list_that_shrinks_below_the_cursor_keeps_one_row() -> None:
    source = Parts(count=500)
    async with shown(source) as front:
        await front.press("G")
        await front.until(lambda: front.app.key == "k499")
        source.count = 2
        front.rows.reload()
        await front.until(lambda: front.rows.total == 2 and front.app.key == "k1")


async def test_only_what_is_seen_is_fetched_anew() -> None:
    source = Parts()
    async with shown(source) as front:
        await front.press("G")
        await front.until(lambda: front.app.key == "k999999")
        source.asked.clear()
        front.rows.reload()
        await front.until(lambda: source.asked)
        await front.until(lambda: front.app.key == "k999999")
        assert set(source.asked) == {MILLION - PAGE}


async def test_marks_are_by_record_and_outlive_paging_and_refreshes() -> None:
    source = Parts()
    async with shown(source) as front:
        await front.press("space", "space")
        await front.press("G")
        await front.until(lambda: front.app.key == "k999999")
        await front.press("space")
        assert front.rows.marked() == ("k0", "k1", "k999999")
        assert [part.name for part in front.rows.marked_rows()][:2] == ["part 0", "part 1"]
        source.shift = 1
        front.rows.reload()
        await front.until(lambda: front.rows.total == MILLION + 1)
        assert len(front.rows.chosen()) == 3
        await front.press("g")
        await front.until(lambda: any("> * part 0" in line for line in front.app.lines()))
        await front.press("ctrl+u")
        assert front.rows.marked() == ()
        await front.press("asterisk")
        await front.until(lambda: "all" in front.app.heard)


async def test_foreign_text_is_drawn_literally_and_never_acts() -> None:
    class Hostile(Parts):
        async def page(self, offset: int, limit: int) -> tuple[Sequence[Part], int]:
            return [Part("k", HOSTILE)], 1

    async with shown(Hostile(), plain=True) as front:
        line = front.app.lines()[1]
        assert "[@click=app.exit]x[/] [REV B] A[/]B [x \\e" in line
        assert not any(char in line for char in "\x1b\x07\u202e\n")
        assert line.isascii()
        await front.press("enter")
        await front.until(lambda: front.app.heard == [Part("k", HOSTILE)])


async def test_an_empty_list_says_why_and_a_broken_one_says_what() -> None:
    async with shown(Parts(count=0)) as front:
        front.rows.empty = "No row matches kind:bill."
        assert "No row matches kind:bill." in "".join(front.app.lines())
        assert front.rows.selected() is None
        await front.press("space", "enter", "j", "G")
        assert front.rows.chosen() == ()
    async with shown(Parts(broken="the daemon is gone")) as front:
        assert front.app.heard == ["the daemon is gone"]


@pytest.mark.parametrize("size", [(40, 8), (200, 50)])
async def test_resizing_keeps_marks_and_cursor(size: tuple[int, int]) -> None:
    async with shown(Parts()) as front:
        await front.press("G")
        await front.until(lambda: front.app.key == "k999999")
        await front.press("space")
        await front.pilot.resize_terminal(*size)  # type: ignore[attr-defined]
        await front.until(lambda: "part 999999" in front.app.lines()[-1])
        assert (front.app.key, front.rows.marked()) == ("k999999", ("k999999",))
