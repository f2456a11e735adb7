"""The first frame: what the daemon was asked before the front end was loaded stands on it."""

from textual.widgets import Input

from daemon.control.ahead import asking
from tests.tui.conftest import NARROW, WIDE, Living, fronting
from tui.address import parse_address
from tui.ahead import ask_ahead
from tui.screens.drift import DriftScreen

DRIFT = "drift?filter=kind:item&sort=label"


async def test_the_list_is_there_when_its_widgets_are(live: Living) -> None:
    for size in (NARROW, WIDE):
        ahead = ask_ahead(live.socket, parse_address(DRIFT))
        async with fronting(live.socket, size=size, start=DRIFT, ahead=ahead) as front:
            view = front.view
            assert isinstance(view, DriftScreen)
            assert view.answer is not None
            await front.shows("kind:item", f"of {view.everything:,}", view.answer.rows[0].label)
            assert ahead.take(asking("GET", "/v1/status", {"counts": "0"})) is None
            assert not ahead._asked, "the view asks for exactly what was asked ahead"


async def test_the_first_view_is_left_and_found_again(live: Living) -> None:
    async with fronting(live.socket, start="drift") as front:
        await front.shows("[2 Drift")
        await front.press("7")
        await front.shows("[7 Health]")
        await front.press("1")
        await front.shows("[1 Overview]")
        await front.press("2")
        await front.shows("[2 Drift")
        await front.press("escape")
        await front.shows("[1 Overview]")


async def test_what_is_typed_behind_the_slash_is_text_though_there_was_no_input(
    live: Living,
) -> None:
    async with fronting(live.socket, start="drift") as front:
        assert not front.view.query(Input)
        await front.press("slash", *"jjg", "enter")
        await front.shows("filter jjg", "hidden")
        await front.until(lambda: not front.view.query(Input), "the input is gone")
        await front.press("escape")
        await front.shows("filter (none)")
