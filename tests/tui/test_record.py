"""One record against a live daemon: the three-way diff, what will be sent, what is decided here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.model.ids import Kind
from tests.scenarios.papers import VENDOR, buys, line, papers_policy, posted, reorders, shop
from tests.scenarios.support import Goods, qbo_row, tiny
from tests.tui.conftest import NARROW, SIZES, WIDE, Front, Living, fronting, living
from tests.tui.test_drift import asked, calm, price, reprice, yes
from tui.address import Address
from tui.dialogs import TextDialog
from tui.screens.conflicts import ConflictsScreen
from tui.screens.drift import DriftScreen
from tui.screens.record import RecordScreen
from tui.widgets.sheet import Sheet


def record(front: Front) -> RecordScreen:
    view = front.view
    assert isinstance(view, RecordScreen)
    return view


def said(front: Front) -> str:
    """What stands on the screen, wherever its lines break."""
    return " ".join(front.text().split())


async def read(front: Front, label: str) -> RecordScreen:
    view = record(front)
    await front.until(lambda: view.shown is not None and view.shown.label == label, label)
    return view


async def on(front: Front, start: str, key: str = "j") -> None:
    """Move the cursor to the first thing whose key begins so."""
    sheet = front.view.query_one(Sheet)
    for _ in range(200):
        if sheet.stop.startswith(start):
            return
        await front.press(key)
    pytest.fail(f"the cursor never came to {start}\n{front.text()}")


@asynccontextmanager
async def trade(folder: Path) -> AsyncIterator[Living]:
    """A company that buys things, in agreement; orders are sent by hand."""
    by_hand = {Kind.PURCHASE_ORDER: "manual"}
    async with living(folder, world=shop(), documents=papers_policy(), flows=by_hand) as live:
        await live.agree()
        yield live


@pytest.mark.parametrize("size", SIZES)
async def test_only_what_differs_is_shown_and_the_rest_is_counted(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, size=size, start="record/BOLT") as front:
            view = await read(front, "BOLT")
            shown = view.shown
            assert shown is not None
            assert [one.field for one in shown.fields if one.status != "same"] == ["sales_price"]
            same = len(shown.fields) - 1
            await front.shows(f"1 field differs, {same} the same hidden (= shows them)")
            await front.shows("~ sales price", "8.5", "12", "qbo", "dear")
            assert "income account" not in front.text()
            if size == WIDE:
                await front.shows("last agreed", "will be (qbo)", "> 12")
            else:
                await front.shows("agreed 8.5", "> dear   12", "8.5 -> 12")
            await front.press("equals_sign")
            await front.shows(f"{same} the same shown (= hides them)")
            assert any("income account" in row for row in view.lines())
            await front.press("equals_sign")
            await front.shows(f"{same} the same hidden (= shows them)")
            assert not any("income account" in row for row in view.lines())
            assert all(len(row) <= size[0] for row in front.lines())


async def test_what_will_be_sent_is_shown_approved_and_becomes_history(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        digest = (await live.town.operations("waiting"))[0].operation.digest
        async with fronting(live.socket, start="record/BOLT") as front:
            view = await read(front, "BOLT")
            await front.shows("UPDATE ITEM IN QBO", digest[:12], "waits for a yes", "by hand")
            await on(front, "operation:")
            await front.press("enter")
            await front.until(lambda: isinstance(front.app.screen, TextDialog), "all of it")
            await front.shows(digest, "POST /v3/company/", '"UnitPrice"')
            await front.press("escape")
            await front.until(lambda: front.app.screen is view, "closed")
            await asked(front, "a")
            await front.shows("Approve 1 change?", "1 update item in qbo", digest[:12])
            await yes(front, reason="as ordered")
            await front.shows("approved, u takes it back", "as ordered")
            await live.cycle()
            await front.shows("Nothing is planned to be sent.", "0 fields differ", "was written")
            assert price(live, "BOLT") == 12
            assert view.nothing_to_approve() == "nothing of it waits for an approval"
            await front.press("u")
            await front.until(lambda: "cannot be called back" in front.app.told[-1], "told")


async def test_skip_retry_and_withdraw_of_one_record(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, start="record/BOLT") as front:
            view = await read(front, "BOLT")
            assert view.nothing_to_withdraw() == "nothing of it is approved and unsent"
            await asked(front, "a")
            await yes(front)
            await front.until(lambda: not view.nothing_to_withdraw(), "approved")
            await asked(front, "u")
            await yes(front)
            await front.until(lambda: not view.nothing_to_approve(), "waits again")
            await asked(front, "s")
            await yes(front, reason="never mind")
            await front.shows("set aside, r takes it up")
            assert view.nothing_to_skip() == "nothing of it is planned or held"
            await asked(front, "r")
            await yes(front)
            await live.cycle()
            await front.shows("waits for a yes")
            assert price(live, "BOLT") == Decimal("8.5")


async def test_a_conflict_leads_to_where_it_is_answered(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        row = qbo_row(live.town, "item", "BOLT")
        await live.edit("qbo", {"kind": "item", "id": row["Id"], "set": {"UnitPrice": 13}})
        await live.cycle()
        async with fronting(live.socket, start="record/BOLT") as front:
            view = await read(front, "BOLT")
            await front.shows("! sales price", "8.5", "> 12", "> 13", "Held (1)", "what helps")
            await on(front, "field:")
            await front.press("enter")
            await front.until(lambda: isinstance(front.view, ConflictsScreen), "the conflicts")
            await front.press("minus")
            await front.until(lambda: front.view is view, "back")


async def test_brackets_walk_the_list_that_one_came_from(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        for place, sku in enumerate(("ANVIL", "BOLT", "CLAMP")):
            await reprice(live, sku, 20 + place)
        await live.cycle()
        async with fronting(live.socket, start="drift?sort=label") as front:
            listed = front.view
            assert isinstance(listed, DriftScreen)
            await front.until(lambda: listed.rows.total == 3, "rows")
            await front.press("enter")
            await front.until(lambda: isinstance(front.view, RecordScreen), "opened")
            await read(front, "ANVIL")
            await front.shows("Drift > item ANVIL", "[ previous  ] next")
            await front.press("right_square_bracket")
            await read(front, "BOLT")
            await front.press("right_square_bracket")
            await read(front, "CLAMP")
            await front.press("right_square_bracket")
            await front.until(lambda: "this is the last one" in front.app.told, "told")
            await front.press("left_square_bracket")
            view = await read(front, "BOLT")
            assert view.shown is not None
            assert view.address() == Address("record", view.shown.record, {"from": "drift"})
            await front.press("escape")
            await front.until(lambda: front.view is listed, "back")
            row = listed.rows.selected()
            assert row is not None
            assert row.label == "BOLT"


@pytest.mark.parametrize(("key", "alike"), [("l", True), ("d", False)])
async def test_a_proposed_match_is_answered_with_its_evidence_in_sight(
    tmp_path: Path, key: str, alike: bool
) -> None:
    goods = Goods()
    world = tiny(
        customers=(goods.customer("O’Neil", dear=False), goods.customer("O'Neil", qbo=False))
    )
    async with living(tmp_path, world=world) as live:
        await live.cycle()
        async with fronting(live.socket, start="drift?filter=reason:proposed_match") as front:
            listed = front.view
            assert isinstance(listed, DriftScreen)
            await front.until(lambda: listed.rows.total == 2, "rows")
            await front.press("enter")
            await front.until(lambda: isinstance(front.view, RecordScreen), "opened")
            await front.shows("proposed match", "candidate", "similar name")
            await on(front, "candidate:")
            dialog = await asked(front, key)
            assert "similar name" in dict(dialog.question.facts)["Evidence"]
            await yes(front, reason="rang them")
            if alike:
                await front.until(lambda: "is this record, by operator" in said(front), "joined")
            else:
                await front.until(lambda: "is another thing, says" in said(front), "told apart")
            await live.cycle()
            await front.until(lambda: "candidate" not in front.text(), "it is no question now")


@pytest.mark.parametrize("size", SIZES)
async def test_a_price_on_one_line_stands_under_that_line(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with trade(tmp_path) as live:
        order = buys(live.town, line("BR-1", 10, 3), line("BR-2", 4, 2))
        await live.cycle()
        await live.town.approve_all()
        await live.cycle()
        posted(live.town, "purchaseorder", order)
        reorders(live.town, order, line("BR-2", 4, 2), line("BR-1", 10, "3.25"))
        await live.cycle()
        async with fronting(live.socket, size=size, start=f"record/{order}") as front:
            view = await read(front, order)
            shown = view.shown
            assert shown is not None
            groups = {one.group for one in shown.fields if one.status != "same" and one.group}
            assert len(groups) == 1
            text = "\n".join(view.lines())
            heading, change = text.index(f"------ {next(iter(groups))}"), text.index("3.25")
            assert heading < change
            assert "BR-1" in next(iter(groups))
            assert f"purchase order {order}, {VENDOR}" in text


async def test_it_is_copied_written_and_redrawn_when_the_terminal_changes(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, size=WIDE, start="record/BOLT") as front:
            view = await read(front, "BOLT")
            shown = view.shown
            assert shown is not None
            await front.press("y")
            await front.until(lambda: shown.record in front.app.told[-1], "the id")
            await front.press("w")
            await front.until(lambda: "written to" in front.app.told[-1], "written")
            written = Path(front.app.told[-1].removeprefix("written to ")).read_text("utf-8")
            assert "History, newest first" in written
            assert "~ sales price" in written
            await on(front, "operation:")
            stop = view.query_one(Sheet).stop
            await front.pilot.resize_terminal(*NARROW)
            await front.shows("agreed 8.5")
            assert view.query_one(Sheet).stop == stop
            await live.die()
            await front.shows("DAEMON LOST", "BOLT")
            await live.rise()
            await front.until(lambda: "DAEMON LOST" not in front.text(), "back")
            assert view.query_one(Sheet).stop == stop


async def test_a_record_that_is_none_says_so(tmp_path: Path) -> None:
    async with calm(tmp_path) as live, fronting(live.socket, start="record/NOPE") as front:
        await front.shows("NOPE", "trueup")
        assert record(front).note
        await front.app.go("record BOLT")
        await read(front, "BOLT")
        assert record(front).note == ""


@pytest.mark.parametrize("size", SIZES)
async def test_both_screens_are_told_in_ascii_where_that_is_asked_for(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with calm(tmp_path) as live:
        long = {"Description": "word " * 100}
        await live.edit("dear", {"kind": "item", "sku": "BOLT", "set": long})
        await live.cycle()
        async with fronting(
            live.socket, size=size, start="drift", plain=True, no_color=True
        ) as front:
            await front.shows("~ changed", "BOLT")
            assert front.text().isascii()
            await front.press("enter")
            await front.shows("~ description", "word word")
            assert front.text().isascii()
            await on(front, "history:")
            await front.press("enter")
            await front.shows("Ledger entry")
            assert front.text().isascii()
