"""The drift list against a live daemon: what is seen, marked, decided, and what it comes to."""

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from daemon.control.protocol_drift import DriftSort
from daemon.sandbox.world import World
from ledger.model.ids import Kind
from tests.scenarios.support import Goods, qbo_row, tiny
from tests.tui.conftest import COMPANY, NARROW, SIZES, WIDE, Front, Living, fronting, living
from tui.dialogs import ConfirmDialog
from tui.screens.drift import DriftScreen
from tui.state import Connection

SKUS = ("ANVIL", "BOLT", "CLAMP", "DRILL")
BY_HAND: dict[str, Any] = {"flows": {Kind.ITEM: "manual"}}
"""Items wait for a yes, one by one."""


def stock(*skus: str) -> World:
    """A company of these items, equal on both sides, with nothing that is held."""
    goods = Goods()
    world = tiny(products=tuple(goods.item(sku) for sku in skus))
    return replace(world, tax_codes=tuple(t for t in world.tax_codes if t.key != "exempt"))


@asynccontextmanager
async def calm(folder: Path, **options: Any) -> AsyncIterator[Living]:
    """Both systems in agreement; items are sent by hand."""
    async with living(folder, **{"world": stock(*SKUS), **BY_HAND, **options}) as live:
        await live.agree()
        yield live


def price(live: Living, sku: str) -> object:
    return qbo_row(live.town, "item", sku)["UnitPrice"]


async def reprice(live: Living, sku: str, price: int) -> None:
    await live.edit("dear", {"kind": "item", "sku": sku, "set": {"PriceTier1": price}})


def drift(front: Front) -> DriftScreen:
    view = front.view
    assert isinstance(view, DriftScreen)
    return view


async def listed(front: Front, count: int) -> DriftScreen:
    view = drift(front)
    await front.until(lambda: view.rows.loaded and view.rows.total == count, f"{count} rows")
    return view


async def asked(front: Front, key: str) -> ConfirmDialog:
    await front.press(key)
    await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), f"{key} asks")
    dialog = front.app.screen
    assert isinstance(dialog, ConfirmDialog)
    return dialog


async def yes(front: Front, *, reason: str = "", typed: str = "") -> None:
    """Fill in the dialog and press its second button."""
    dialog = front.app.screen
    for name, text in (("reason", reason), ("typed", typed)):
        if text:
            dialog.query_one(f"#{name}", Input).value = text
    dialog.query_one("#yes").focus()
    await front.press("enter")
    await front.until(lambda: front.app.screen is front.view, "answered")


@pytest.mark.parametrize("size", SIZES)
async def test_an_edit_is_seen_approved_by_keys_and_arrives(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with (
        calm(tmp_path) as live,
        fronting(live.socket, size=size, start="drift") as front,
    ):
        await front.shows("Nothing to do: the systems agree", "(a Approve)")
        await reprice(live, "BOLT", 12)
        await live.cycle()
        view = await listed(front, 1)
        await front.shows("[2 Drift 1]", "~ changed", "item", "BOLT", "-> qbo", " a Approve")
        await asked(front, "a")
        await front.shows("Approve 1 change?", "1 update item in qbo", "qbo (1)", COMPANY)
        digest = (await live.town.operations("waiting"))[0].operation.digest
        await front.shows(digest[:12])
        await front.press("enter")
        await front.until(lambda: front.app.screen is view, "Cancel has the focus")
        assert [row.state for row in await live.town.operations()] == []
        assert len(await live.town.operations("waiting")) == 1
        await asked(front, "a")
        await yes(front)
        await front.until(lambda: "1 change approved" in "".join(front.app.told[-1:]), "told")
        await front.shows("approved", "BOLT")
        await live.cycle()
        assert price(live, "BOLT") == 12
        await listed(front, 0)
        await front.shows("Nothing to do: the systems agree", "[2 Drift 0]")


async def test_a_preview_follows_the_cursor_where_there_is_room(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        for place, sku in enumerate(("BOLT", "CLAMP")):
            await reprice(live, sku, 12 + place)
        await live.cycle()
        async with fronting(live.socket, size=WIDE, start="drift?sort=label") as front:
            await listed(front, 2)
            await front.shows("Preview BOLT", "last agreed", "~ sales price", "> 12", "by hand")
            await front.press("j")
            await front.shows("Preview CLAMP", "> 13")
            await front.pilot.resize_terminal(*NARROW)
            await front.until(lambda: "Preview" not in front.text(), "no room")
            await front.shows("CLAMP", "BOLT")


async def test_what_makes_something_inactive_asks_for_the_company_typed(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await live.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"Status": "Deprecated"}})
        await live.cycle()
        async with fronting(live.socket, start="drift") as front:
            await listed(front, 1)
            await front.shows("x gone")
            dialog = await asked(front, "a")
            await front.shows("1 inactivate item in qbo", f"Type {COMPANY} to continue")
            dialog.query_one("#yes").focus()
            await front.press("enter")
            await front.shows(f"type exactly: {COMPANY}")
            assert not await live.town.operations("approved")
            await yes(front, typed=COMPANY)
            await live.cycle()
            assert qbo_row(live.town, "item", "BOLT")["Active"] is False
            await listed(front, 0)


async def test_more_than_a_few_ask_for_it_too_and_tell_the_set(tmp_path: Path) -> None:
    names = [f"PART {n:03d}" for n in range(30)]
    async with calm(tmp_path, world=stock(*names)) as live:
        for name in names:
            await reprice(live, name, 11)
        await live.cycle()
        async with fronting(live.socket, start="drift") as front:
            view = await listed(front, 30)
            await asked(front, "asterisk")
            await yes(front)
            await front.until(lambda: view.marks() == 30, "marked")
            await front.shows("marked 30")
            dialog = await asked(front, "a")
            assert dialog.question.typed == COMPANY
            facts = dict(dialog.question.facts)
            assert facts["Changes"] == "30: 30 changed item -> qbo"
            assert " of 30: " in facts["Digests"]
            assert " and 26 more" in facts["Digests"]
            await yes(front, typed=COMPANY)
            await front.until(lambda: view.marks() == 0, "what was decided is unmarked")
            assert len(await live.town.operations("approved")) == 30


async def test_skip_needs_a_reason_and_retry_takes_it_up_again(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, start="drift") as front:
            view = await listed(front, 1)
            assert view.nothing_to_retry() == "nothing chosen is held or set aside"
            dialog = await asked(front, "s")
            dialog.query_one("#yes").focus()
            await front.press("enter")
            await front.shows("a reason is required")
            await yes(front, reason="next season [x")
            await front.shows("= skipped", "none", "1 set aside")
            assert view.nothing_to_approve() == "nothing chosen waits for an approval"
            await asked(front, "r")
            await yes(front, reason="now")
            await live.cycle()
            await front.shows("~ changed", "-> qbo", "0 set aside")


async def test_what_is_set_aside_may_be_given_an_end(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, start="drift") as front:
            await listed(front, 1)
            dialog = await asked(front, "s")
            dialog.query_one("#until", Input).value = "2030-01-02"
            await yes(front, reason="next season")
            await front.shows("= skipped", "until 2030-01-02T00:00Z")
            (skip,) = await live.town.ledger.read(lambda views: views.standing_skips())
            assert (skip.reason, skip.until) == ("next season", "2030-01-02T00:00:00.000000Z")


async def test_a_yes_can_be_taken_back_until_it_is_sent(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, start="drift") as front:
            view = await listed(front, 1)
            assert view.nothing_to_withdraw() == "nothing chosen is approved and unsent"
            await asked(front, "a")
            await yes(front)
            await front.until(lambda: not view.nothing_to_withdraw(), "approved")
            await asked(front, "u")
            await front.shows("Take back the yes to 1 change?")
            await yes(front, reason="wrong list")
            await front.until(lambda: not view.nothing_to_approve(), "it waits again")
            await live.cycle()
            assert price(live, "BOLT") == Decimal("8.5")


async def test_marks_survive_refresh_order_and_a_daemon_that_came_back(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        for place, sku in enumerate(("ANVIL", "BOLT", "CLAMP", "DRILL")):
            await reprice(live, sku, 20 + place)
        await live.cycle()
        async with fronting(live.socket, start="drift?sort=label") as front:
            view = await listed(front, 4)
            await front.press("space", "space")
            kept = view.rows.marked()
            assert [row.label for row in view.rows.marked_rows()] == ["ANVIL", "BOLT"]
            await front.press("o")
            await front.until(lambda: view.sort is DriftSort.AMOUNT, "sorted otherwise")
            await front.shows("sort largest difference first")
            await front.press("R")
            await live.die()
            await front.shows("DAEMON LOST")
            await front.press("a")
            await front.until(lambda: "the daemon is gone" in front.app.told[-1], "refused")
            await live.rise()
            await front.until(lambda: front.app.link.state.connection is Connection.LIVE, "back")
            await listed(front, 4)
            assert view.rows.marked() == kept
            await front.pilot.resize_terminal(*NARROW)
            await front.shows("marked 2")
            assert str(view.address()) == "drift?sort=amount"
            await asked(front, "a")
            await front.shows("Approve 2 changes?")
            await yes(front)
            await live.cycle()
            prices = [price(live, sku) for sku in ("ANVIL", "BOLT")]
            assert prices == [20, 21]
            await listed(front, 2)


async def test_a_set_that_changed_after_it_was_marked_is_refused_before_it_is_asked(
    tmp_path: Path,
) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.cycle()
        async with fronting(live.socket, start="drift") as front:
            view = await listed(front, 1)
            await front.press("space")
            before = view.chosen()[0].digests
            await reprice(live, "BOLT", 13)
            await live.cycle()
            await front.until(lambda: view.rows.selected().digests != before, "another change")  # type: ignore[union-attr]
            await front.press("a")
            await front.until(lambda: bool(front.app.told), "told")
            assert "BOLT moved on since it was marked: ctrl+u unmarks" in front.app.told[-1]
            assert "nothing was approved" in front.app.told[-1]
            assert front.app.screen is view
            assert not await live.town.operations("approved")


async def test_the_filter_is_the_daemons_and_empty_results_say_why(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "BOLT", 12)
        await live.edit("dear", {"kind": "item", "sku": "CLAMP", "set": {"Status": "Deprecated"}})
        await live.cycle()
        async with fronting(live.socket, size=NARROW, start="drift") as front:
            await listed(front, 2)
            await front.press("slash", *"class:gone", "enter")
            await listed(front, 1)
            await front.shows("CLAMP", "1 of 2, 1 hidden")
            await front.press("slash", *"class:gone kind:bill", "enter")
            await front.shows("The filter class:gone kind:bill hides 2 records: esc clears it.")
            await front.press("escape")
            await listed(front, 2)
            await front.press("slash", *"colour:red", "enter")
            await front.shows("this list has no column 'colour'", "class, kind, to, state")


async def test_the_table_for_a_spreadsheet_calculates_nothing(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        await live.cycle()
        async with fronting(live.socket, start="drift?filter=class:missing kind:vendor") as front:
            view = drift(front)
            await front.until(lambda: view.rows.total > 3, "rows")
            await front.press("x", "X")
            await front.until(
                lambda: sum("written to" in told for told in front.app.told) == 2, "two files"
            )
            (table,) = tmp_path.glob("trueup-drift-*.csv")
            rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
            assert len(rows) == view.rows.total
            assert "'=1+1 Trading" in {row["label"] for row in rows}
            assert not [v for row in rows for v in row.values() if v.startswith(("=", "@"))]
            (told,) = (json.loads(path.read_text()) for path in tmp_path.glob("*.json"))
            assert (told["total"], told["filter"]) == (len(rows), "class:missing kind:vendor")
            assert "=1+1 Trading" in {row["label"] for row in told["rows"]}
