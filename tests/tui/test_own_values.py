"""A value that neither side shows, typed in a conflict: tried, reviewed, written to both twins."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from textual.widgets import Input

from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from tests.town import DEAR, QBO
from tests.tui.acting import edit_ref, joined, say_yes, twin
from tests.tui.conftest import SIZES, Front, Living, fronting, living
from tui.dialogs import ConfirmDialog
from tui.screens.choosing import LineDialog
from tui.screens.conflict_acts import resolution
from tui.screens.conflicts import ConflictsScreen
from tui.screens.deciding import Own
from tui.widgets.picker import Picker


@pytest.fixture
async def torn(tmp_path: Path) -> AsyncIterator[tuple[Living, RecordView]]:
    """An item whose price was changed in both systems since they agreed."""
    async with living(tmp_path) as live:
        await live.agree()
        item = next(v for v in await joined(live, Kind.ITEM) if v.label == "WBN-00026")
        await edit_ref(live, item.sides[QBO].ref, "item", UnitPrice=13)
        await edit_ref(live, item.sides[DEAR].ref, "product", PriceTier1=12.95)
        await live.cycle()
        yield live, item


async def opened(front: Front) -> ConflictsScreen:
    view = front.view
    assert isinstance(view, ConflictsScreen)
    await front.until(lambda: view.shown is not None and view.shown.holds, "it is read")
    await front.until(lambda: front.app.focused is view.query_one(Picker), "it has the keys")
    return view


async def typed(front: Front, text: str) -> None:
    """``text`` in the place of what stands in the line."""
    await front.press("e")
    await front.until(lambda: isinstance(front.app.screen, LineDialog), "a line is asked for")
    front.app.screen.query_one(Input).value = text
    await front.press("enter")


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_typed_reviewed_and_both_systems_show_it(
    torn: tuple[Living, RecordView], size: tuple[int, int]
) -> None:
    live, item = torn
    start = f"conflicts?record={item.record}"
    async with fronting(live.socket, size=size, start=start) as front:
        view = await opened(front)
        await front.shows("? choose a side, or e", "e Edit")
        await front.press("e")
        await front.until(lambda: isinstance(front.app.screen, LineDialog), "a line is asked for")
        assert front.app.screen.query_one(Input).value == "12.95"
        await front.press("escape")
        await typed(front, "12.99")
        await front.until(
            lambda: isinstance(view.picks[item.record].get("sales_price"), Own), "picked"
        )
        await front.shows("12.99 (yours)")
        text = "\n".join(view.lines())
        assert "1 update to dear and 1 to qbo" in text
        assert "in dear: sales price 12.95 -> 12.99 (+0.04)" in text
        assert "in qbo: sales price 13 -> 12.99 (-0.01)" in text
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asked")
        await front.shows("Resolve 1 field", "12.99 (+0.04)")
        await say_yes(front, reason="what the vendor says")
        await front.shows("Decided", "sales price = 12.99")
        await live.cycle()
        await front.shows("= applied: the systems agree on it")
        books = await twin(live, item.sides[QBO].ref, "item")
        source = await twin(live, item.sides[DEAR].ref, "product")
        assert Decimal(str(books["UnitPrice"])) == Decimal(str(source["PriceTier1"]))
        assert Decimal(str(books["UnitPrice"])) == Decimal("12.99")
        assert all(len(line) <= size[0] for line in front.lines())


async def test_what_no_side_can_hold_is_told_at_once_and_picks_nothing(
    torn: tuple[Living, RecordView],
) -> None:
    live, item = torn
    async with fronting(live.socket, start=f"conflicts?record={item.record}") as front:
        view = await opened(front)
        await typed(front, "a lot")
        await front.until(lambda: front.app.told, "told")
        assert "'a lot' is no value of sales_price" in front.app.told[-1]
        assert not view.picks.get(item.record)


async def test_the_daemon_refuses_what_moved_between_look_and_yes(
    torn: tuple[Living, RecordView],
) -> None:
    """Also where nothing else was looked at in between: what was seen goes with the answer."""
    live, item = torn
    async with fronting(live.socket, start=f"conflicts?record={item.record}") as front:
        view = await opened(front)
        shown = view.shown
        assert shown is not None
        await edit_ref(live, item.sides[QBO].ref, "item", UnitPrice=14)
        await live.cycle()
        request = resolution(shown, "sales_price", "dear", "looked at 13")
        view.run_worker(view.resolve_each(shown, [request]))
        moved = "sales_price of 'WBN-00026' moved on since you looked"
        await front.until(lambda: any(moved in told for told in front.app.told), "refused")
        assert any("qbo 13 -> 14" in told for told in front.app.told)
        assert [hold.code for hold in (await live.desk.record(item.record)).holds] == ["conflict"]
