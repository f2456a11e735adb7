"""The timeline against a live daemon: who did what, endless paging, proof, files."""

import json
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input

from daemon.control.desk import Actor
from daemon.control.protocol import ApproveRequest
from ledger.model.entries import Refused
from tests.tui.conftest import SIZES, Front, Living, fronting
from tui.dialogs import TextDialog
from tui.screens import timeline
from tui.screens.choosing import LineDialog
from tui.screens.entry import EntryDialog
from tui.screens.ledger import LedgerScreen

MIRA = Actor(uid=1004, name="mira [x")


def screen(front: Front) -> LedgerScreen:
    assert isinstance(front.view, LedgerScreen)
    return front.view


def shown(front: Front, kind: type[Any]) -> bool:
    return isinstance(front.app.screen, kind)


async def approved(live: Living) -> None:
    """Mira approves the first thing that waits."""
    waiting = await live.desk.plan(limit=1, offset=0)
    digest = waiting.operations[0].digest
    await live.desk.approve(MIRA, ApproveRequest(digests=(digest,), note="looked at it"))


@pytest.mark.parametrize("size", SIZES)
async def test_an_approval_stands_on_top_with_its_actor(
    live: Living, size: tuple[int, int]
) -> None:
    await approved(live)
    async with fronting(live.socket, size=size, start="ledger") as front:
        await front.shows("[6 Ledger]", "SEQ", "+ approved", "mira [x", "? Help  enter Full")
        assert all(len(line) <= size[0] for line in front.lines())
        await front.press("slash", *"actor:mira", "enter")
        await front.until(lambda: len(screen(front).timeline.rows) == 1, "hers alone")
        await front.press("enter")
        await front.until(lambda: shown(front, EntryDialog), "the whole entry")
        await front.shows("Actor    mira [x (uid 1004)", "Details", '"digests": [')
        await front.press("escape")
        await front.until(lambda: front.app.screen is front.view, "closed")


async def test_all_of_it_is_read_page_by_page(
    live: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "ASKED", 90)
    head = (await live.desk.status()).head
    assert head > 400, "or it is a page or two"
    async with fronting(live.socket, start="ledger") as front:
        await front.shows("more below")
        await front.until(lambda: screen(front).rows.loaded, "read")
        while screen(front).timeline.more:
            known = len(screen(front).timeline.rows)
            await front.press("G")
            await front.until(
                lambda n=known: (  # type: ignore[misc]
                    len(screen(front).timeline.rows) > n or not screen(front).timeline.more
                ),
                "older ones",
            )
        seqs = [row.seq for row in screen(front).timeline.rows]
        assert seqs == list(range(head, 0, -1))
        await front.until(lambda: screen(front).rows.total == head, "all of them")
        await front.press("G")
        await front.until(lambda: screen(front).copied() == "1", "the first entry")


async def test_new_entries_follow_on_top_and_move_nothing_elsewhere(live: Living) -> None:
    async with fronting(live.socket, start="ledger") as front:
        await front.until(lambda: screen(front).copied(), "the newest")
        before = int(screen(front).copied())
        await approved(live)
        await front.until(lambda: int(screen(front).copied()) > before, "the newest is followed")
        await front.press("j", "j", "j")
        here = screen(front).copied()
        lines = front.lines()[5:20]
        await live.town.approve_all()
        await front.shows("newer above: g shows them")
        assert (screen(front).copied(), front.lines()[5:20]) == (here, lines)
        await front.press("g")
        await front.until(lambda: not screen(front).timeline.waiting, "they are shown")
        await front.until(
            lambda: screen(front).copied() == str(screen(front).timeline.head), "the newest"
        )


async def test_a_refused_attempt_is_seen(live: Living) -> None:
    draft = live.town.ledger.draft(actor="jon (uid 1007)")
    draft.add(Refused(actor="jon (uid 1007)", act="approve", why="a viewer may not"))
    await live.town.ledger.append(draft)
    async with fronting(live.socket, start="ledger?filter=entry:Refused") as front:
        await front.shows("x REFUSED", "jon (uid 1007)", "was refused to")


async def test_the_record_of_an_entry_opens(live: Living) -> None:
    async with fronting(live.socket, start="ledger?filter=entry:Planned") as front:
        await front.until(lambda: screen(front).rows.selected() is not None, "an entry")
        row = screen(front).rows.selected()
        assert row is not None
        assert row.record
        await front.press("enter")
        await front.until(lambda: shown(front, EntryDialog), "the whole entry")
        await front.shows("enter opens it")
        await front.press("enter")
        await front.until(lambda: front.view.view == "record", "its record")
        assert front.view.address().about == row.record
        await front.press("escape")
        await front.until(lambda: front.view.view == "ledger", "and back")


async def test_the_chain_is_verified_and_compared(live: Living) -> None:
    async with fronting(live.socket, start="ledger") as front:
        for noted, told in (("", "Compare the hash"), ("f00", "NOT the one noted")):
            await front.press("v")
            await front.until(lambda: shown(front, LineDialog), "asks for a noted hash")
            front.app.screen.query_one(Input).value = noted
            await front.press("enter")
            await front.until(lambda: shown(front, TextDialog), "the result")
            await front.shows("chain ok to", "Head hash", told)
            await front.press("escape")
            await front.until(lambda: front.app.screen is front.view, "closed")
        assert screen(front).proof is not None
        await front.shows("chain ok to", "NOT the one noted")


async def test_a_period_narrows_and_nonsense_is_told(live: Living) -> None:
    async with fronting(live.socket, start="ledger") as front:
        for said, told in (("1999-01-01", "No entry matches"), ("2026-03-02", "waits")):
            await front.press("e")
            await front.until(lambda: shown(front, LineDialog), "asks for a period")
            front.app.screen.query_one(Input).value = said
            await front.press("enter")
            await front.shows(f"period {said}", told)
        await front.app.go("ledger?period=soon")
        await front.until(lambda: any("soon is no period" in t for t in front.app.told), "told")
        await front.shows("period any")


async def test_what_the_filter_leaves_goes_into_files(live: Living, tmp_path: Path) -> None:
    await approved(live)
    async with fronting(live.socket, start="ledger?filter=entry:Observed") as front:
        await front.until(lambda: screen(front).rows.loaded, "read")
        for key in ("x", "X"):
            count = len(front.app.told)
            await front.press(key)
            await front.until(lambda n=count: len(front.app.told) > n, "written")  # type: ignore[misc]
        asked = await live.desk.status()
    (table,) = tmp_path.glob("trueup-ledger-*.csv")
    (answer,) = tmp_path.glob("trueup-ledger-*.json")
    told = json.loads(answer.read_text(encoding="utf-8"))
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "seq,at,actor,entry,record,label,text,cycle,details"
    assert len(lines) == len(told["rows"]) + 1 > 100
    assert {row["entry"] for row in told["rows"]} == {"Observed"}
    assert told["head"] == asked.head


async def test_a_fresh_line_dialog_changes_nothing_by_escape(live: Living) -> None:
    async with fronting(live.socket, start="ledger?period=24h") as front:
        await front.press("e")
        await front.until(lambda: shown(front, LineDialog), "asks for a period")
        assert not front.app.screen.query(Button)
        await front.press("escape")
        await front.until(lambda: front.app.screen is front.view, "closed")
        await front.shows("period 24h")
