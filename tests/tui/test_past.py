"""The front end at a moment of the past, against a live daemon: marked, exact, deciding nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from tests.town import DEAR, QBO
from tests.tui.acting import edit_ref, joined
from tests.tui.conftest import SIZES, Front, Living, fronting, living
from tui.screens.drift import DriftScreen

FOUND = "drift?filter=wbn-00026"


@pytest.fixture
async def changed(tmp_path: Path) -> AsyncIterator[tuple[Living, RecordView, int]]:
    """A price in conflict, and the entry after which it was; since then it was settled."""
    async with living(tmp_path) as live:
        await live.agree()
        item = next(v for v in await joined(live, Kind.ITEM) if v.label == "WBN-00026")
        await edit_ref(live, item.sides[QBO].ref, "item", UnitPrice=13)
        await edit_ref(live, item.sides[DEAR].ref, "product", PriceTier1=12.95)
        await live.cycle()
        head = await live.town.ledger.read(lambda views: views.head()[0])
        await edit_ref(live, item.sides[DEAR].ref, "product", PriceTier1=13)
        await live.cycle()
        yield live, item, head


def listed(front: Front) -> list[str]:
    view = front.view
    assert isinstance(view, DriftScreen)
    return [row.label for row in view.answer.rows] if view.answer is not None else []


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_and_the_record_are_as_they_were_and_marked(
    changed: tuple[Living, RecordView, int], size: tuple[int, int]
) -> None:
    live, _, head = changed
    async with fronting(live.socket, size=size, start=FOUND, at=str(head)) as front:
        await front.shows(
            "THE PAST", "[2 Drift 49]", "AS OF", f"entry {head}", "! conflict", "WBN-00026"
        )
        await front.press("a")
        await front.until(lambda: "how it stood then" in front.app.told[-1], "nothing is decided")
        await front.press("enter")
        await front.shows("12.95", "13", "HELD, conflict")
        await front.press("3")
        await front.shows("not kept for the past")
        await front.press("6")
        await front.until(lambda: front.view.view == "ledger", "the ledger")
        await front.shows("THE PAST")
        await front.press("1")
        await front.shows("THE PAST", "49 records", "not kept for the past")
        assert all(len(line) <= size[0] for line in front.lines())


async def test_one_goes_there_and_comes_back_by_the_command_line(
    changed: tuple[Living, RecordView, int],
) -> None:
    live, _, head = changed
    async with fronting(live.socket, start=FOUND) as front:
        await front.until(lambda: front.view.seen is not None, "the present")
        assert listed(front) == []
        await front.press("colon", "a", "t", "space", *str(head), "enter")
        await front.shows("THE PAST", "WBN-00026")
        await front.press("colon", *"now", "enter")
        await front.until(lambda: front.app.link.state.then is None, "the present again")
        await front.until(
            lambda: front.view.seen is not None and "THE PAST" not in front.text(), "drawn anew"
        )
        assert listed(front) == []


async def test_a_moment_that_is_none_is_told_and_the_present_shown(
    changed: tuple[Living, RecordView, int],
) -> None:
    live, _, _ = changed
    async with fronting(live.socket, start="drift", at="someday") as front:
        await front.until(lambda: any("someday" in told for told in front.app.told), "told")
        assert front.app.link.state.then is None
        await front.press("colon", *"at", "enter")
        await front.until(lambda: "wants a moment" in front.app.told[-1], "told what is needed")


async def test_nothing_that_decides_leaves_the_past(
    changed: tuple[Living, RecordView, int],
) -> None:
    live, item, head = changed
    before = await live.town.ledger.read(lambda views: views.head())
    async with fronting(live.socket, start=f"record/{item.record}", at=str(head)) as front:
        await front.shows("THE PAST", "HELD, conflict")
        for key in ("a", "s", "r", "u", "c", "p"):
            await front.press(key)
    assert await live.town.ledger.read(lambda views: views.head()) == before
