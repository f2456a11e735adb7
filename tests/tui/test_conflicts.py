"""Conflicts against a live daemon and both twins: seen, picked, reviewed, resolved, written."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from textual.widgets import Input

from daemon.control import valves
from daemon.control.desk import Actor
from daemon.control.protocol import ResolveRequest
from daemon.control.protocol_valves import PauseRequest
from daemon.control.server import ControlServer
from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from tests.daemon.control.conftest import Office, office
from tests.daemon.control.people import hall, rules
from tests.daemon.control.test_papers import discrepant, edited_in_books
from tests.town import DEAR, QBO
from tests.tui.acting import edit_ref, joined, say_yes, told_by, twin
from tests.tui.conftest import NARROW, SIZES, WIDE, Front, Living, fronting, living
from tui.dialogs import ConfirmDialog
from tui.screens.conflicts import ConflictsScreen
from tui.widgets.picker import Picker

__all__ = ["office"]
"""The company behind the socket whose ledger a test fills by hand."""
TESTER = Actor(uid=0, name="test")
NEW_NAME = "Nozzle [@click=app.quit]x[/]"


@pytest.fixture
async def torn(tmp_path: Path) -> AsyncIterator[tuple[Living, RecordView]]:
    """An item whose price and name were changed in both systems since they agreed."""
    async with living(tmp_path) as live:
        await live.agree()
        item = next(v for v in await joined(live, Kind.ITEM) if v.label == "WBN-00026")
        qbo, dear = item.sides[QBO].ref, item.sides[DEAR].ref
        await edit_ref(live, qbo, "item", UnitPrice=13, Name="Nozzle [REV B]")
        await edit_ref(live, dear, "product", PriceTier1=12.95, Name=NEW_NAME)
        await live.cycle()
        yield live, item


def conflicts(front: Front) -> ConflictsScreen:
    assert isinstance(front.view, ConflictsScreen)
    return front.view


async def opened(front: Front) -> ConflictsScreen:
    view = conflicts(front)
    await front.until(lambda: view.shown is not None and view.shown.holds, "it is read")
    await front.until(lambda: front.app.focused is view.query_one(Picker), "it has the keys")
    return view


@pytest.mark.parametrize("size", SIZES)
async def test_a_conflict_is_picked_resolved_and_both_systems_show_the_choice(
    torn: tuple[Living, RecordView], size: tuple[int, int]
) -> None:
    live, item = torn
    start = f"conflicts?record={item.record}"
    async with fronting(live.socket, size=size, start=start) as front:
        view = await opened(front)
        await front.shows("[4 Conflicts", "! conflict", "304.43", "12.95", "13", "( )")
        await front.shows(NEW_NAME, "Nozzle [REV B]", "? choose a side", "both may change")
        assert "(o)" not in front.text()
        await front.press("enter")
        await front.until(lambda: "nothing is picked yet" in front.app.told[-1], "told")
        await front.press("right", "j", "left")
        await front.until(lambda: front.text().count("(o)") == 2, "picked")
        picks = dict(view.picks[item.record])
        assert set(picks.values()) == {"dear", "qbo"}
        await front.press("enter")
        await front.shows("Resolve 2 fields of item WBN-00026", "1 update to", "and 1 to")
        await front.press("enter")
        await front.until(lambda: front.app.screen is view, "a fresh question does nothing")
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asked again")
        front.app.screen.query_one("#yes").focus()
        await front.press("enter")
        await front.shows("a reason is required")
        await say_yes(front, reason="the price list says so")
        await front.shows("Decided", "the next cycle plans it")
        await live.cycle()
        await front.shows("= applied: the systems agree on it", "nothing is asked")
        price = Decimal("13") if picks["sales_price"] == "qbo" else Decimal("12.95")
        name = "Nozzle [REV B]" if picks["name"] == "qbo" else NEW_NAME
        books = await twin(live, item.sides[QBO].ref, "item")
        source = await twin(live, item.sides[DEAR].ref, "product")
        assert Decimal(str(books["UnitPrice"])) == Decimal(str(source["PriceTier1"])) == price
        assert books["Name"] == source["Name"] == name
        assert all(len(line) <= size[0] for line in front.lines())


@pytest.mark.parametrize("size", SIZES)
async def test_all_fields_are_picked_at_once_and_the_effect_is_told_exactly(
    torn: tuple[Living, RecordView], size: tuple[int, int]
) -> None:
    live, item = torn
    async with fronting(live.socket, size=size, start=f"conflicts/{item.record}") as front:
        view = await opened(front)
        await front.press("greater_than_sign")
        await front.until(lambda: set(view.picks[item.record].values()) == {"qbo"}, "all right")
        text = "\n".join(view.lines())
        assert "1 update to dear" in text
        assert "in dear: sales price 12.95 -> 13" in text
        await front.press("less_than_sign")
        await front.until(lambda: set(view.picks[item.record].values()) == {"dear"}, "all left")
        assert "1 update to qbo" in "\n".join(view.lines())
        await front.press("escape")
        await front.until(lambda: front.app.focused is view.rows, "the list has the keys")
        await front.press("right")
        await front.until(lambda: "opens the conflict first" in front.app.told[-1], "told")


async def test_a_value_that_moves_while_one_decides_voids_the_decision(
    torn: tuple[Living, RecordView],
) -> None:
    live, item = torn
    async with fronting(live.socket, start=f"conflicts?record={item.record}") as front:
        view = await opened(front)
        await front.press("greater_than_sign", "enter")
        await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asked")
        await edit_ref(live, item.sides[QBO].ref, "item", UnitPrice=14)
        await live.cycle()
        await say_yes(front, reason="looked at 13")
        moved = "sales price moved while you decided; nothing was resolved"
        await front.until(lambda: any(moved in told for told in front.app.told), "void")
        await front.until(lambda: "sales_price" not in view.picks[item.record], "unpicked")
        assert view.picks[item.record]["name"] == "qbo"
        plan = await live.desk.record(item.record)
        assert [hold.code for hold in plan.holds] == ["conflict"]


async def test_what_was_decided_before_a_refusal_is_told(
    torn: tuple[Living, RecordView],
) -> None:
    live, item = torn
    async with fronting(live.socket, start=f"conflicts?record={item.record}") as front:
        view = await opened(front)
        shown = view.shown
        assert shown is not None
        wanted = [
            ResolveRequest(record=item.record, field=field, take=take, reason="x")
            for field, take in (("name", "qbo"), ("sales_price", "nowhere"), ("email", "qbo"))
        ]
        view.run_worker(view.resolve_each(shown, wanted))
        await front.until(lambda: front.app.told, "told")
        assert front.app.told[-1].startswith("decided: name = qbo; sales price was refused: ")
        assert "take one of: dear, qbo; 1 field not tried" in front.app.told[-1]


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_leads_to_each_conflict_and_back(
    torn: tuple[Living, RecordView], size: tuple[int, int]
) -> None:
    live, _ = torn
    async with fronting(live.socket, size=size, start="conflicts?filter=kind:item") as front:
        view = conflicts(front)
        await front.until(lambda: view.rows.total > 3, "rows")
        await front.shows("ASKED", "! proposed match", "! conflict")
        assert view.query_one(Picker).display is (size == WIDE)
        await front.press("enter")
        await opened(front)
        first = view.opened
        assert view.rows.display is (size == WIDE)
        await front.press("right_square_bracket")
        await front.until(lambda: view.opened not in ("", first) and view.shown, "the next one")
        assert str(view.address()) == f"conflicts/{view.opened}?filter=kind:item"
        await front.press("escape")
        await front.until(lambda: front.app.focused is view.rows, "back in the list")
        assert view.filter_text == "kind:item"
        await front.pilot.resize_terminal(*(NARROW if size == WIDE else WIDE))
        await front.until(lambda: view.query_one(Picker).display is (size == NARROW), "resized")


@pytest.mark.parametrize("size", SIZES)
async def test_a_proposed_match_shows_its_evidence_and_is_linked_or_told_apart(
    live: Living, size: tuple[int, int]
) -> None:
    start = "conflicts?filter=kind:vendor reason:proposed_match"
    async with fronting(live.socket, size=size, start=start) as front:
        view = conflicts(front)
        await front.until(lambda: view.rows.total > 0, "a proposal")
        await front.press("enter")
        await opened(front)
        await front.shows("! proposed match", "the same: ", "different: ")
        shown = view.shown
        assert shown is not None
        (candidate,) = shown.holds[0].candidates
        await front.press("l")
        await front.shows(f"Link {candidate.ref} with", "Effect")
        await front.press("enter")
        await front.until(lambda: front.app.screen is view, "Cancel has the focus")
        assert len((await live.desk.record(shown.record)).sides) == 1
        key = "l" if size == WIDE else "d"
        await front.press(key)
        await say_yes(front, reason="asked the vendor")
        await front.shows("Decided")
        await live.cycle()
        after = await live.desk.record(shown.record)
        refs = [side.ref for side in after.sides]
        assert (candidate.ref in refs) is (size == WIDE)
        assert "proposed_match" not in [hold.code for hold in after.holds]


async def test_candidates_stand_beside_the_record(live: Living) -> None:
    start = "conflicts?filter=kind:vendor reason:proposed_match"
    async with fronting(live.socket, start=start) as front:
        view = conflicts(front)
        await front.until(lambda: view.rows.total > 0, "a proposal")
        await front.press("enter")
        await opened(front)
        await front.shows("field", "this record", "candidate")


async def test_who_may_only_look_and_read_only_decide_nothing(
    torn: tuple[Living, RecordView],
) -> None:
    live, item = torn
    start = f"conflicts?record={item.record}"
    async with fronting(live.socket, start=start, read_only=True) as front:
        await opened(front)
        for key in ("left", "right", "l", "d", "s", "r", "c", "p"):
            assert "read-only" in await told_by(front, key)
    with hall() as folder:
        server = ControlServer(live.desk, folder / "control.sock", access=rules())
        await server.start()
        try:
            async with fronting(folder / "control.sock", start=start) as front:
                await opened(front)
                await front.shows("(< All left)", "(s Skip)")
                await front.press("right")
                told = "your role (viewer) may not resolve"
                await front.until(lambda: told in front.app.told[-1], "told")
        finally:
            await server.close()


async def test_setting_aside_is_about_the_opened_one_alone(
    torn: tuple[Living, RecordView],
) -> None:
    live, item = torn
    async with fronting(live.socket, start="conflicts") as front:
        view = conflicts(front)
        await front.until(lambda: view.rows.total > 3, "rows")
        await front.press("space", "space")
        assert len(view.rows.marked()) == 2
        await front.app.go(f"conflicts/{item.record}")
        await opened(front)
        await front.until(lambda: view.chosen() != (), "its row is found")
        await front.press("s")
        await front.shows("Set aside 1 record?", "WBN-00026")
        front.app.screen.query_one("#reason", Input).value = "later"
        await say_yes(front, reason="later")
        await front.shows("set aside: later")
        assert len(view.rows.marked()) == 2
        (hold,) = (await live.desk.record(item.record)).holds
        assert hold.skipped == "later"


async def test_the_digest_that_waits_is_shown_after_the_decision(
    torn: tuple[Living, RecordView],
) -> None:
    live, item = torn
    await valves.pause(live.desk, TESTER, PauseRequest(kind="item", reason="stock-take"))
    async with fronting(live.socket, start=f"conflicts?record={item.record}") as front:
        await opened(front)
        await front.press("greater_than_sign", "enter")
        await say_yes(front, reason="QuickBooks is right")
        await front.shows("13 (decided)", "the next cycle plans it")
        await live.cycle()
        await front.shows("Planned", "update item in dear  waiting (paused)")
        (operation,) = (await live.desk.record(item.record)).operations
        await front.shows(operation.digest[:12])


@pytest.mark.parametrize("size", SIZES)
async def test_an_edit_in_the_books_is_accepted_or_put_right_as_the_sheet_says(
    office: Office, size: tuple[int, int]
) -> None:
    record = await edited_in_books(office)
    async with fronting(office.socket, size=size, start=f"conflicts?record={record}") as front:
        view = await opened(front)
        text = "\n".join(view.lines())
        for told in ("! foreign edit", "policy: dear decides; edited in qbo", "PUMP-40"):
            assert told in text
        await front.press("right")
        await front.until(lambda: view.picks.get(record) == {"lines": "qbo"}, "the books")
        assert "nothing is written: what stands there is accepted" in "\n".join(view.lines())
        await front.press("left")
        await front.until(lambda: view.picks.get(record) == {"lines": "dear"}, "the source")
        text = "\n".join(view.lines())
        assert "1 update to qbo" in text
        assert "2 lines of 183.00 in all -> 2 lines of 195.00 in all (+12.00)" in text
        await front.press("enter")
        await say_yes(front, reason="the order says 15.00")
        await front.until(lambda: record in view.decided, "resolved")
        await office.plan()
        (operation,) = (await office.desk.record(record)).operations
        assert (operation.system, operation.total_after) == ("qbo", "195.00")


async def test_another_total_can_only_be_accepted(office: Office) -> None:
    record = await discrepant(office)
    async with fronting(office.socket, start=f"conflicts?record={record}") as front:
        view = await opened(front)
        await front.shows("posted with another total", "195.00", "( ) 195.40")
        await front.press("less_than_sign")
        await front.until(lambda: view.picks.get(record) == {"total": "qbo"}, "the only answer")
        await front.press("enter")
        await front.shows("195.40 of qbo is accepted as it is; nothing is")
        await say_yes(front, reason="the tax was corrected")
        await office.plan()
        await front.shows("nothing is asked about this record now")


async def test_ascii_draws_nothing_else(torn: tuple[Living, RecordView]) -> None:
    live, item = torn
    for start in (f"conflicts?record={item.record}", "queue?state=done&filter=kind:term"):
        async with fronting(
            live.socket, size=NARROW, start=start, plain=True, no_color=True
        ) as front:
            await front.shows("> ", "[")
            await front.until(lambda: front.text().isascii(), "only ASCII")
