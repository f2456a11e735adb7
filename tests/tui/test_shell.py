"""The shell against a real daemon: what is seen, where keys lead, what a lost daemon does."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.screen import Screen
from textual.widgets import Input

from daemon.control.client import ControlClient
from daemon.control.protocol_valves import PauseRequest, TroubleShown
from daemon.webhooks.tally import Register, Result
from ledger.model.ids import SystemName
from tests.tui.conftest import NARROW, SIZES, WIDE, Front, Living, fronting
from tui import app as app_module
from tui.address import Address
from tui.dialogs import CommandDialog, ConfirmDialog, TextDialog
from tui.keys import Key, standard
from tui.screens.listed import ListScreen
from tui.state import Connection
from tui.views import VIEWS, View
from tui.widgets.chrome import HeaderLine
from tui.widgets.columns import Column


class TroubleScreen(ListScreen[TroubleShown]):
    """A list as a screen builder makes one, over the error desk."""

    view = "trouble"
    heading = "Trouble"
    KEYS = (standard("filter"), standard("export"), Key("v", "Nothing", "nothing", act="remap"))

    def columns(self) -> Sequence[Column[TroubleShown]]:
        return (
            Column("LABEL", lambda row: row.label, width=20, flex=1),
            Column("TEXT", lambda row: row.text, width=30, flex=2, drop=1),
        )

    def key_of(self, row: TroubleShown) -> str:
        return f"{row.record} {row.code} {row.field}"

    async def page(self, offset: int, limit: int) -> tuple[Sequence[TroubleShown], int]:
        pattern = self.filter_text
        answer = await self.front.link.ask(
            lambda daemon: daemon.desk(pattern=pattern, limit=limit, offset=offset)
        )
        if not pattern:
            self.everything = len(answer.rows)
        return answer.rows, len(answer.rows) + (1 if answer.more else 0)

    def nothing(self) -> None:
        self.front.tell("nothing was done")


def shown(front: Front, kind: type[Screen[Any]]) -> bool:
    return isinstance(front.app.screen, kind)


def sized(front: Front, size: tuple[int, int]) -> bool:
    return front.app.size == size


@pytest.fixture
def with_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    views = (*VIEWS, View("trouble", "Trouble", f"{__name__}:TroubleScreen", 6))
    for module in (app_module, __import__("tui.views", fromlist=["VIEWS"])):
        monkeypatch.setattr(module, "VIEWS", views)


@pytest.mark.parametrize("size", SIZES)
async def test_who_what_and_how_fresh_is_always_seen(live: Living, size: tuple[int, int]) -> None:
    async with fronting(live.socket, size=size) as front:
        await front.shows("Acme [REV B] Fasteners", "|RW|" if size == NARROW else "| RW |")
        await front.shows("SBOX" if size == NARROW else "SANDBOX", "(admin)", "live, ")
        await front.shows("[1 Overview]", "NEEDS A PERSON", "changes to approve")
        await front.until(lambda: front.lines()[-1].startswith(" ? Help  enter Open"), "footer")
        assert all(len(line) <= size[0] for line in front.lines())


def badged(line: HeaderLine, badge: str) -> bool:
    return line.words.badge == badge


async def test_a_company_has_its_colour_where_there_are_colours(live: Living) -> None:
    live.desk.facts = msgspec.structs.replace(live.desk.facts, badge="red")
    for no_color, red in ((False, True), (True, False)):
        async with fronting(live.socket, no_color=no_color) as front:
            line = front.view.query_one(HeaderLine)
            await front.until(partial(badged, line, "red"), "the daemon told it")
            assert (line.styles.background.hex == "#9B1C1C") is red


@pytest.mark.parametrize("size", SIZES)
async def test_health_shows_budgets_calls_and_the_process(
    live: Living, size: tuple[int, int]
) -> None:
    async with fronting(live.socket, size=size, start="health") as front:
        await front.shows("[7 Health]", "of 450 per minute", "Ledger", "Service", "query", "200")
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, TextDialog), "the call")
        await front.shows("One call", "system")
        await front.press("escape")
        await front.until(lambda: front.app.screen is front.view, "closed")


async def test_health_shows_what_rang_and_what_did_not(live: Living) -> None:
    names = (SystemName(""), SystemName("qbo"))
    tallies = {name: Register(name, secrets=[b"one"], expected=True) for name in names}
    live.desk.notices = lambda: tuple(one.tally(live.desk.now()) for one in tallies.values())
    tallies[names[0]].count(Result.WRONG_ADDRESS)
    tallies[names[1]].count(Result.BAD_SIGNATURE)
    async with fronting(live.socket, start="health") as front:
        await front.shows("Webhooks  to no address of ours: refused 1")
        await front.shows("Webhooks  qbo none yet, good 0, refused 1, missed 0")


async def test_every_dialog_closes_by_esc_and_a_fresh_confirm_does_nothing(live: Living) -> None:
    async with fronting(live.socket) as front:
        kinds: dict[str, type[Screen[Any]]] = {
            "question_mark": TextDialog,
            "colon": CommandDialog,
            "p": ConfirmDialog,
        }
        for key, kind in kinds.items():
            await front.press(key)
            await front.until(partial(shown, front, kind), key)
            await front.press("escape")
            await front.until(lambda: front.app.screen is front.view, "closed")
        await front.press("p")
        await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asks")
        await front.press("enter")
        await front.until(lambda: front.app.screen is front.view, "Cancel has the focus")
        assert (await live.desk.status()).pauses == ()


async def test_a_pause_needs_a_reason_and_stands_in_the_banner(live: Living) -> None:
    async with fronting(live.socket) as front:
        await front.press("p")
        await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asks")
        front.app.screen.query_one("#yes").focus()
        await front.press("enter")
        await front.shows("a reason is required")
        front.app.screen.query_one("#reason", Input).value = "month-end [x"
        front.app.screen.query_one("#yes").focus()
        await front.press("enter")
        await front.shows("! PAUSED everything", "month-end [x")
        (pause,) = (await live.desk.status()).pauses
        assert pause.reason == "month-end [x"
        await front.press("p")
        await front.shows("Resume writing everything to every system?")


async def test_a_filter_that_is_wrong_is_told_also_while_writing_is_paused(live: Living) -> None:
    async with ControlClient(live.socket) as daemon:
        await daemon.pause(PauseRequest(reason="month end"))
    async with fronting(live.socket, size=NARROW, start="drift") as front:
        await front.shows("! PAUSED everything", "month end")
        await front.press("slash", *"amount>x", "enter")
        await front.shows("! 'amount>x' has 'x'")
        await front.press("slash", *["backspace"] * 8, "enter")
        await front.shows("! PAUSED everything")


async def test_the_command_line_and_numbers_lead_to_views_and_esc_back(live: Living) -> None:
    async with fronting(live.socket) as front:
        await front.press("7")
        await front.until(lambda: front.view.view == "health", "health")
        await front.press("colon", *"overview", "enter")
        await front.until(lambda: front.view.view == "overview", "overview")
        await front.press("minus")
        await front.until(lambda: front.view.view == "health", "last view")
        await front.press("colon", *"nowhere", "enter")
        await front.until(lambda: "no view is called 'nowhere'" in front.app.told[-1], "told")
        await front.press("colon", *"q", "enter")
        await front.until(lambda: front.app.return_code == 0, "left")


async def test_a_killed_daemon_is_told_disables_acts_and_is_found_again(
    live: Living, with_trouble: None
) -> None:
    async with fronting(live.socket, start="trouble?filter=") as front:
        view = front.view
        assert isinstance(view, TroubleScreen)
        await front.until(lambda: view.rows.total > 3, "rows")
        await front.press("j", "space", "j")
        kept = (view.rows.marked(), view.rows.index)
        await live.die()
        await front.shows("DAEMON LOST", "LOST ")
        await front.press("v")
        await front.until(lambda: "the daemon is gone" in front.app.told[-1], "refused")
        assert view.rows.total > 3
        await live.rise()
        await front.until(lambda: front.app.link.state.connection is Connection.LIVE, "back")
        await front.until(lambda: "DAEMON LOST" not in front.text(), "the banner is gone")
        assert (view.rows.marked(), view.rows.index) == kept


async def test_a_front_end_without_daemon_waits_for_it(live: Living) -> None:
    await live.die()
    async with fronting(live.socket) as front:
        await front.shows("(no daemon)", "NO DAEMON", "start it with")
        await live.rise()
        await front.shows("Acme [REV B] Fasteners", "NEEDS A PERSON")


async def test_what_the_daemon_does_arrives_by_itself(live: Living) -> None:
    async with fronting(live.socket) as front:
        await front.shows("NEEDS A PERSON: ", "nothing is written before the first plan")
        await live.agree()
        await front.until(lambda: "before the first plan" not in front.text(), "approved")


async def test_keys_of_the_filter_never_reach_the_list(live: Living, with_trouble: None) -> None:
    async with fronting(live.socket, start="trouble") as front:
        view = front.view
        assert isinstance(view, TroubleScreen)
        await front.until(lambda: view.rows.total > 3, "rows")
        await front.press("slash", *"q p17vG", "space")
        assert (front.view, view.rows.index, view.rows.marked()) == (view, 0, ())
        assert view.query_one(Input).value == "q p17vG "
        await front.press("escape")
        await front.until(lambda: front.app.focused is view.rows, "the list has its keys back")
        assert view.filter_text == ""
        await front.press("slash", *"conflict", "enter")
        await front.until(lambda: view.rows.loaded and view.rows.total < view.everything, "fewer")
        assert str(view.address()) == "trouble?filter=conflict"
        await front.shows("hidden")
        await front.press("escape")
        await front.until(lambda: view.filter_text == "", "esc clears the filter")


async def test_all_matching_are_marked_after_count_was_said_and_q_asks_for_them(
    live: Living, with_trouble: None
) -> None:
    async with fronting(live.socket, start="trouble") as front:
        view = front.view
        assert isinstance(view, TroubleScreen)
        await front.until(lambda: view.rows.total > 3, "rows")
        await front.press("asterisk")
        await front.shows("Mark all rows?", "that the filter leaves")
        front.app.screen.query_one("#yes").focus()
        await front.press("enter")
        await front.until(lambda: len(view.rows.marked()) == view.rows.total, "all are marked")
        await front.press("q")
        await front.shows("Quit?", "marked rows would be forgotten")
        await front.press("escape")
        await front.until(lambda: front.app.screen is view, "stays")
        assert front.app.return_code is None


async def test_read_only_decides_nothing_and_says_why(live: Living) -> None:
    async with fronting(live.socket, read_only=True) as front:
        await front.shows("| RO |", "(p Pause/resume)")
        await front.press("p")
        await front.until(lambda: "read-only" in front.app.told[-1], "told")
        assert front.app.screen is front.view


async def test_a_view_is_written_to_a_file_and_the_place_is_told(live: Living) -> None:
    async with fronting(live.socket) as front:
        await front.shows("NEEDS A PERSON")
        await front.press("w")
        await front.until(lambda: any("written to" in told for told in front.app.told), "told")
        path = Path(front.app.told[-1].removeprefix("written to "))
        assert "NEEDS A PERSON" in path.read_text(encoding="utf-8")
        await front.press("y")
        await front.until(lambda: "sent to your terminal" in front.app.told[-1], "copied")
        await front.press("t")
        await front.until(lambda: "UTC time" in front.text(), "zone")


async def test_ctrl_c_twice_leaves(live: Living) -> None:
    async with fronting(live.socket) as front:
        await front.press("ctrl+c")
        await front.until(lambda: "ctrl+c again quits" in front.app.told, "asked once more")
        assert front.app.return_code is None
        await front.press("ctrl+c")
        await front.until(lambda: front.app.return_code == 0, "left")


async def test_ascii_draws_nothing_else(live: Living) -> None:
    async with fronting(live.socket, size=WIDE, plain=True, no_color=True) as front:
        await front.shows("NEEDS A PERSON", "WHERE")
        assert front.app.theme == "ansi-dark"
        for key in ("question_mark", "p"):
            await front.press(key)
            await front.until(lambda: front.app.screen is not front.view, key)
            await front.press("escape")
            await front.until(lambda: front.app.screen is front.view, "closed")
            assert front.text().isascii()


async def test_resizing_keeps_the_view(live: Living, with_trouble: None) -> None:
    async with fronting(live.socket, size=WIDE, start="trouble") as front:
        view = front.view
        assert isinstance(view, TroubleScreen)
        await front.until(lambda: view.rows.total > 3, "rows")
        await front.press("j", "space", "j")
        kept = (view.rows.marked(), view.rows.index)
        for size in ((80, 24), (200, 50), (80, 24)):
            await front.pilot.resize_terminal(*size)
            await front.until(partial(sized, front, size), "resized")
            assert (view.rows.marked(), view.rows.index) == kept


async def test_an_address_of_no_view_says_which_there_are(live: Living) -> None:
    async with fronting(live.socket, start="nowhere/at?all=1") as front:
        await front.until(lambda: any("there are overview" in told for told in front.app.told), "")
        assert front.view.address() == Address("overview")


async def test_a_crash_tells_its_place_and_none_of_the_data(
    live: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "4111-secret"

    def fail() -> None:
        held = secret
        raise RuntimeError(held)

    async def crash() -> None:
        async with fronting(live.socket) as front:
            front.app.call_later(fail)
            await front.until(lambda: not front.app.is_running, "it ended")

    with pytest.raises(RuntimeError):
        await crash()
    err = capsys.readouterr().err
    assert "failed inside" in err
    assert "RuntimeError" in err
    assert secret not in err
