"""The queue against a live daemon and both twins: what is seen, what is decided, what is lost."""

import json
from pathlib import Path

import pytest

from daemon.control import valves
from daemon.control.desk import Actor
from daemon.control.protocol import ApproveRequest
from daemon.control.protocol_drift import QueueQuery, QueueRow, QueueState
from daemon.control.protocol_valves import PauseRequest
from daemon.control.server import ControlServer
from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from tests.daemon.control.people import hall, rules
from tests.town import DEAR, QBO
from tests.tui.acting import edit_ref, joined, say_yes, told_by, twin
from tests.tui.conftest import NARROW, SIZES, WIDE, Front, Living, fronting, living
from tui.dialogs import TextDialog
from tui.screens.queue import QueueScreen

TESTER = Actor(uid=0, name="test")
REFUSAL = {"Message": "Required parameter missing", "Detail": "x", "code": "2020"}
FAULT = json.dumps({"Fault": {"Error": [REFUSAL], "type": "ValidationFault"}})
WRITE = {"system": "qbo", "method": "POST", "path": "*/vendor"}


def the_queue(front: Front) -> QueueScreen:
    assert isinstance(front.view, QueueScreen)
    return front.view


async def ready(front: Front, total: int = 1) -> QueueScreen:
    queue = the_queue(front)
    await front.until(lambda: queue.rows.total >= total and queue.rows.selected(), "rows")
    return queue


async def moved_vendor(live: Living) -> RecordView:
    """A vendor whose contacts were removed in DEAR: an update of QuickBooks follows."""
    await live.agree()
    vendor = (await joined(live, Kind.VENDOR))[0]
    await edit_ref(live, vendor.sides[DEAR].ref, "supplier", Contacts=[])
    return vendor


async def pause(live: Living, kind: str) -> None:
    request = PauseRequest(kind=kind, reason="stock-take")
    await valves.pause(live.desk, TESTER, request)


async def rows_of(live: Living, state: QueueState) -> tuple[QueueRow, ...]:
    return (await live.desk.queue(QueueQuery(states=(state,)))).rows


@pytest.mark.parametrize("size", SIZES)
async def test_what_waits_is_listed_by_state_with_what_it_needs(
    live: Living, size: tuple[int, int]
) -> None:
    async with fronting(live.socket, size=size, start="queue") as front:
        queue = await ready(front, 20)
        await front.shows("[3 Queue", "? waiting", "create account", "1 approval", "AMOUNT")
        await front.shows("[all open ", "sending 0", "failed 0", "done 0")
        if size == WIDE:
            await front.shows("first plan", "of 450 a minute", "LAST RESULT")
        await front.press("v", "v")
        await front.shows("Nothing is about to be sent: v shows the others.", "[sending 0]")
        assert str(queue.address()) == "queue?state=sending"
        await front.press("v", "v", "v")
        await front.until(lambda: queue.rows.total > 20, "all open again")
        assert all(len(line) <= size[0] for line in front.lines())
        assert front.lines()[-1].startswith(" ? Help  enter Open  a Approve")


@pytest.mark.parametrize("size", SIZES)
async def test_an_operation_is_opened_with_its_changes_its_digest_and_its_request(
    live: Living, size: tuple[int, int]
) -> None:
    await moved_vendor(live)
    await pause(live, "vendor")
    await live.cycle()
    async with fronting(live.socket, size=size, start="queue") as front:
        queue = await ready(front)
        row = queue.rows.selected()
        assert row is not None
        await front.press("enter")
        await front.until(lambda: isinstance(front.app.screen, TextDialog), "opened")
        dialog = front.app.screen
        assert isinstance(dialog, TextDialog)
        told = "\n".join(dialog.lines)
        for word in (row.digest, "update vendor in qbo", "from dear.", "What will be sent"):
            assert word in told
        assert "POST /v3/company/" in told
        assert '"SyncToken": ' in told
        assert "planned: update in qbo" in told
        assert "end of pause" in told
        await front.press("escape")
        await front.until(lambda: front.app.screen is queue, "closed")


async def test_marked_ones_are_approved_by_digest_and_move_on_without_losing_the_cursor(
    live: Living,
) -> None:
    async with fronting(live.socket, start="queue") as front:
        queue = await ready(front, 20)
        await front.press("space", "space", "j", "j")
        marked, here = queue.rows.marked_rows(), queue.rows.selected()
        assert len(marked) == 2
        assert here is not None
        await front.press("a")
        await front.shows("Approve 2 changes?", "create account in dear", "[ Cancel ]")
        await say_yes(front, reason="looked at both")
        await front.until(lambda: queue.rows.marked() == (), "what is decided is unmarked")
        await front.shows("sending 2")
        approved = await rows_of(live, QueueState.APPROVED)
        assert {row.digest for row in approved} == {row.digest for row in marked}
        kept = queue.rows.selected()
        assert kept is not None
        assert kept.operation == here.operation
        await front.press("G")
        await front.shows("+ approved", "next cycle")
        await front.until(lambda: (r := queue.rows.selected()) and r.state == "approved", "end")
        await front.press("u")
        await front.shows("Take back the yes to 1 change?")
        await say_yes(front, reason="not yet")
        await front.shows("sending 1")
        assert len(await rows_of(live, QueueState.APPROVED)) == 1


async def test_rows_go_through_the_states_and_cursor_and_marks_stay(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        await live.cycle()
        async with fronting(live.socket, start="queue?state=waiting") as front:
            queue = await ready(front, 20)
            await front.press("G", "space")
            kept, total = queue.rows.marked(), queue.rows.total
            last = queue.rows.selected()
            assert last is not None
            # By name: in which order they wait depends on which system was heard first.
            waiting = sorted(await rows_of(live, QueueState.WAITING), key=lambda row: row.label)
            five = [row for row in waiting if (row.kind, row.system) == (Kind.ITEM, QBO)][:5]
            request = ApproveRequest(digests=tuple(row.digest for row in five))
            await live.desk.approve(TESTER, request)
            await live.cycle()
            await front.until(lambda: queue.rows.total == total - 5, "five are no longer listed")
            now = queue.rows.selected()
            assert now is not None
            assert (now.operation, queue.rows.marked()) == (last.operation, kept)
            await front.press("v", "v", "v")
            await front.shows("= confirmed", "[done 5]")


@pytest.mark.parametrize("size", SIZES)
async def test_a_lost_reply_is_unknown_and_no_key_sends_it_again(
    live: Living, size: tuple[int, int]
) -> None:
    vendor = await moved_vendor(live)
    live.town.fail({**WRITE, "kind": "lost_reply"})
    await live.cycle()
    sent = len(live.town.writes("qbo"))
    async with fronting(live.socket, size=size, start="queue") as front:
        queue = await ready(front)
        await front.shows("! unknown", "lookup", "reply lost: looked up before anything is sent")
        await front.press("r")
        await front.until(lambda: "looked up before anything" in front.app.told[-1], "refused")
        for key in ("a", "s", "u"):
            await told_by(front, key)
            assert front.app.screen is queue
        await front.press("enter")
        await front.shows("Unknown   reply lost: looked up before anything is sent again")
        await front.press("escape")
        assert len(live.town.writes("qbo")) == sent
        await front.press("c")
        await front.until(lambda: any("cycle ended" in told for told in front.app.told), "looked")
        await front.shows("Nothing to do and nothing on its way.")
        assert len(live.town.writes("qbo")) == sent
        assert "PrimaryEmailAddr" not in await twin(live, vendor.sides[QBO].ref, "vendor")


@pytest.mark.parametrize("size", SIZES)
async def test_a_refusal_is_shown_and_tried_again_after_its_cause_is_mended(
    live: Living, size: tuple[int, int]
) -> None:
    await moved_vendor(live)
    live.town.fail({**WRITE, "kind": "status", "status": 400, "body": FAULT})
    await live.cycle()
    async with fronting(live.socket, size=size, start="queue?state=failed") as front:
        queue = await ready(front)
        await front.shows("x rejected", "decision")
        if size == WIDE:
            await front.shows("2020: ")
        await front.press("r")
        await front.shows("Try 1 record again?", "Refused    2020: x")
        await say_yes(front, reason="the parameter is there now")
        await front.until(lambda: "1 record will be tried again" in front.app.told, "told")
        await front.press("c")
        await front.until(lambda: any("1 written" in told for told in front.app.told), "sent")
        await front.press("v")
        await front.until(lambda: queue.chosen_view == "done", "done")
        await front.shows("= confirmed", "update vendor")


async def test_foreign_text_stands_there_as_it_is(live: Living) -> None:
    await live.agree()
    found = {view.label: view for view in await joined(live, Kind.VENDOR)}
    names = ["[bold red]Urgent[/] Traders", "Red \x1b[31mLine\x1b[0m Supplies"]
    for name in names:
        await edit_ref(live, found[name].sides[DEAR].ref, "supplier", Contacts=[])
    await pause(live, "vendor")
    await live.cycle()
    for size in (NARROW, WIDE):
        async with fronting(live.socket, size=size, start="queue") as front:
            queue = await ready(front, 2)
            await front.shows("[bold red]", "Red \\e[31m")
            rows = [queue.rows.selected()]
            await front.press("j")
            rows.append(queue.rows.selected())
            await front.press("enter")
            await front.until(lambda: isinstance(front.app.screen, TextDialog), "opened")
            label = rows[1].label if rows[1] is not None else ""
            shown = "[bold red]Urgent[/] Traders" if "Urgent" in label else "Red \\e[31mLine"
            await front.shows(shown)
            assert "\x1b" not in front.text()
            await front.press("escape")


async def test_writing_is_paused_for_a_scope_with_a_reason(live: Living) -> None:
    await moved_vendor(live)
    await pause(live, "item")
    await live.cycle()
    async with fronting(live.socket, start="queue") as front:
        await front.shows("PAUSED item")
        await front.press("p")
        await front.shows("Resume  items to every system", "Pause   everything to every system")
        await front.press("enter")
        await front.shows("Resume writing items to every system?")
        await say_yes(front, reason="counted")
        await front.until(lambda: "PAUSED" not in front.text(), "resumed")
        await front.press("p")
        await front.shows("Pause writing everything to every system?")
        await front.press("escape")
        await front.until(lambda: front.app.screen is front.view, "closed")
        assert (await live.desk.status()).pauses == ()


async def test_what_is_set_aside_stays_listed_and_is_taken_up_again(live: Living) -> None:
    async with fronting(live.socket, start="queue") as front:
        queue = await ready(front, 20)
        await front.press("s")
        await front.shows("Set aside 1 record?")
        await say_yes(front, reason="ask the accountant")
        await front.until(lambda: (r := queue.rows.selected()) and r.skipped, "set aside")
        await front.shows("set aside")
        await front.press("r")
        await front.shows("Try 1 record again?")
        await say_yes(front)
        await front.until(lambda: (r := queue.rows.selected()) and not r.skipped, "taken up")


async def test_what_changed_since_it_was_marked_is_not_approved(live: Living) -> None:
    async with fronting(live.socket, start="queue") as front:
        queue = await ready(front, 20)
        await front.press("space")
        await live.agree()
        await front.until(lambda: queue.rows.total == 0, "all of it is done")
        await front.press("a")
        await front.until(lambda: any("wait no longer" in told for told in front.app.told), "void")
        assert front.app.screen is queue


async def test_the_whole_queue_is_exported(live: Living) -> None:
    async with fronting(live.socket, start="queue") as front:
        queue = await ready(front, 20)
        await front.press("x")
        await front.until(lambda: any("written to" in told for told in front.app.told), "told")
        path = Path(front.app.told[-1].removeprefix("written to "))
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == queue.rows.total + 1
        assert lines[0].startswith("state,since,action,kind,system,label")


async def test_who_may_only_look_is_told_so(live: Living) -> None:
    with hall() as folder:
        server = ControlServer(live.desk, folder / "control.sock", access=rules())
        await server.start()
        try:
            async with fronting(folder / "control.sock", start="queue") as front:
                await ready(front, 20)
                await front.shows("(a Approve)", "(s Skip)")
                await front.press("a")
                told = "your role (viewer) may not approve"
                await front.until(lambda: told in front.app.told[-1], "told")
        finally:
            await server.close()


async def test_read_only_greys_all_acts(live: Living) -> None:
    async with fronting(live.socket, start="queue", read_only=True) as front:
        queue = await ready(front, 20)
        await front.shows("(a Approve)", "(s Skip)", "(p Pause/resume)")
        for key in ("a", "s", "r", "u", "c", "p"):
            assert "read-only" in await told_by(front, key)
            assert front.app.screen is queue
