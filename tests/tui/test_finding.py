"""A text sought on a long sheet: found, counted, gone round, marked without colour."""

import pytest

from tests.tui.conftest import SIZES, Living, fronting
from tui.screens.finding import FindDialog
from tui.screens.record import RecordScreen
from tui.widgets.sheet import hit_from


@pytest.mark.parametrize(
    ("here", "step", "found"),
    [(-1, 0, 2), (2, 1, 5), (5, 1, 9), (9, 1, 2), (2, -1, 9), (9, -1, 5), (7, 1, 9), (7, -1, 5)],
)
def test_hits_go_round_both_ways(here: int, step: int, found: int) -> None:
    assert hit_from([2, 5, 9], here, step) == found


@pytest.mark.parametrize("size", SIZES)
async def test_slash_n_and_N_in_a_record(live: Living, size: tuple[int, int]) -> None:
    plan = await live.desk.plan(limit=1, offset=0)
    record = plan.operations[0].record
    async with fronting(live.socket, size=size, start=f"record/{record}") as front:
        view = front.view
        assert isinstance(view, RecordScreen)
        await front.until(lambda: view.shown is not None, "it is read")
        await front.press("n")
        await front.until(lambda: "nothing is sought" in front.app.told[-1], "nothing to go to")
        await front.press("slash")
        await front.until(lambda: isinstance(front.app.screen, FindDialog), "a text is asked for")
        await front.press(*"show", "enter")
        await front.until(lambda: " for 'show'" in front.app.told[-1], "the first from here")
        first, count = map(int, front.app.told[-1].split(" for ")[0].split(" of "))
        assert any(line.lstrip().startswith(("*", ">*")) for line in front.lines())
        following = f"{first % count + 1} of {count}"
        await front.press("n")
        await front.until(lambda: following in front.app.told[-1], "round the end")
        await front.press("N")
        await front.until(lambda: f"{first} of {count}" in front.app.told[-1], "and back")
        await front.press("slash")
        await front.until(lambda: isinstance(front.app.screen, FindDialog), "another text")
        await front.press(*"xyzzy", "enter")
        await front.until(lambda: "stands nowhere here" in front.app.told[-1], "no hit")
