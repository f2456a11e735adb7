"""The ledger as a timeline: pages by sequence, words that narrow it, and where to go on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from daemon.control import timelines
from daemon.control.client import ControlClient
from daemon.control.protocol import Code
from daemon.control.protocol_drift import TimelineAnswer, TimelineQuery
from daemon.control.protocol_valves import PauseRequest
from daemon.control.timelines import the_timeline
from ledger.model.records import Vendor
from ledger.store.engine import writing
from ledger.store.ledger import Ledger
from ledger.store.migrate import migrate
from ledger.store.statements import queries
from ledger.store.views import Views
from tests.daemon.control.conftest import DEAR, KEY, Office
from tests.daemon.control.test_papers import declined
from tests.ledger.store.support import BEGIN
from tests.ledger.store.test_queries import plan
from tests.town import town


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writing(tmp_path / "empty.db")()) as connection:
        migrate(connection, now=BEGIN)
        yield connection


async def seqs(daemon: ControlClient, **said: object) -> list[int]:
    shown = await daemon.timeline(msgspec.convert(said, TimelineQuery))
    return [row.seq for row in shown.rows]


async def busy(office: Office) -> TimelineAnswer:
    """Forty vendors, one edit planned, one pause by a person."""
    for number in range(40):
        name = f"Vendor {number}"
        await office.show(DEAR, f"x{number}", Vendor(name=name, active=True))
    await office.renamed_vendor()
    await office.plan()
    async with ControlClient(office.socket) as daemon:
        await daemon.pause(PauseRequest(system="qbo", reason="month end"))
        return await daemon.timeline(TimelineQuery())


async def test_pages_follow_each_other_without_gap(office: Office, daemon: ControlClient) -> None:
    whole = await busy(office)
    everything = [row.seq for row in whole.rows]
    assert everything == list(range(whole.head, 0, -1))
    assert (whole.next_before, whole.head_hash) == (0, (await daemon.verify()).head_hash)
    found: list[int] = []
    before = 0
    while True:
        page = await daemon.timeline(TimelineQuery(before=before, limit=17))
        found += [row.seq for row in page.rows]
        before = page.next_before
        if not before:
            break
        assert len(page.rows) == 17
    assert found == everything


async def test_each_entry_says_what_it_is_about(office: Office, daemon: ControlClient) -> None:
    shown = await busy(office)
    pause = shown.rows[0]
    assert (pause.entry, pause.record, pause.label) == ("Paused", "", "")
    assert pause.text.endswith(": month end")
    assert "uid" in pause.actor
    (planned,) = [r for r in shown.rows if r.entry == "Planned" and r.label == "Bolts 1"]
    assert 'email "a@bolts.example" -> "b@bolts.example"' in planned.text
    assert planned.record.startswith("vendor-")
    seen = [row for row in shown.rows if row.entry == "Observed"]
    assert {row.label for row in seen} >= {"Vendor 0", "Vendor 39", "Bolts 1"}


async def test_words_narrow_it(office: Office, daemon: ControlClient) -> None:
    whole = await busy(office)
    entries = {row.seq: row for row in whole.rows}

    async def found(words: str) -> set[str]:
        shown = await daemon.timeline(TimelineQuery(filter=words))
        return {f"{row.entry} {row.label}" for row in shown.rows}

    assert await found("entry:paused") == {"Paused "}
    assert await found("actor:uid") == {"Paused "}
    assert await found("month") == {"Paused "}
    assert await found('actor:uid "vendor 3"') == set()
    assert await found("entry:planned b@bolts") == {"Planned Bolts 1"}
    assert {name.split()[0] for name in await found('record:"Bolts 1"')} == {
        "BaselineAdvanced",
        "Linked",
        "Observed",
        "Planned",
        "GateHeld",
    }
    assert await found('record:"Bolts 1" entry:linked') == {"Linked Bolts 1"}
    kinds = {row.entry for row in whole.rows} - {"Observed", "Held"}
    assert {n.split()[0] for n in await found("-entry:observed,held")} == kinds
    told = await seqs(daemon, filter="entry:observed", limit=3)
    assert [entries[seq].entry for seq in told] == ["Observed"] * 3
    assert told == sorted(told, reverse=True)


async def test_an_interval_holds_its_beginning_and_not_its_end(
    office: Office, daemon: ControlClient
) -> None:
    for hour in (12, 13, 14):
        office.clock.at = office.clock.at.replace(hour=hour)
        await office.renamed_vendor(hour)
    whole = await daemon.timeline(TimelineQuery())
    middle = [row.seq for row in whole.rows if row.at.startswith("2026-08-01T13")]
    assert len(middle) == len(whole.rows) // 3
    part = {"since": "2026-08-01T13:00:00Z", "until": "2026-08-01T09:00:00-05:00"}
    assert await seqs(daemon, **part) == middle
    assert await seqs(daemon, **part, after=middle[-1], before=middle[0]) == middle[1:-1]
    assert await seqs(daemon, since="2026-08-02T00:00:00Z") == []
    assert await seqs(daemon, until="2020-01-01T00:00:00Z") == []
    assert await seqs(daemon, since="2020-01-01T00:00:00Z") == [r.seq for r in whole.rows]


async def test_what_says_nothing_is_refused_with_a_cure(daemon: ControlClient) -> None:
    for said, cure in (
        ({"since": "yesterday"}, "2026-08-01T09:30:00Z"),
        ({"since": "2026-08-01T09:30:00"}, "offset"),
        ({"filter": "entry:planed"}, "Planned".lower()),
        ({"filter": "colour:red"}, "actor, entry, record"),
    ):
        error = await declined(daemon.timeline(msgspec.convert(said, TimelineQuery)))
        assert error.code is Code.BAD_REQUEST
        assert cure in f"{error} {error.cure}"


async def test_words_that_are_rare_are_looked_for_piece_by_piece(
    office: Office, daemon: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy(office)
    monkeypatch.setattr(timelines, "MOST_LOOKED_AT", 20)
    found: list[str] = []
    before, questions = 0, 0
    while True:
        page = await daemon.timeline(TimelineQuery(filter="x7", before=before))
        found += [row.label for row in page.rows if row.entry == "Observed"]
        before, questions = page.next_before, questions + 1
        if not before:
            break
    assert found == ["Vendor 7"]
    assert questions > 2


async def test_a_whole_company_tells_its_story(tmp_path: Path) -> None:
    async with town(tmp_path, size="small") as company:
        await company.agree()
        systems = company.scheduler.company.policy.systems

        def all_of_it(views: Views) -> list[TimelineAnswer]:
            asked = [
                TimelineQuery(filter=words, limit=5000)
                for words in ("", "entry:confirmed", "actor:test")
            ]
            now = company.clock.now()
            return [the_timeline(views, one, as_of=now, systems=systems) for one in asked]

        whole, confirmed, person = await company.ledger.read(all_of_it)
    assert len(whole.rows) == whole.head
    assert len(confirmed.rows) == sum(1 for row in whole.rows if row.entry == "Confirmed")
    assert confirmed.rows
    assert all(row.record and row.label for row in confirmed.rows)
    assert {row.entry for row in person.rows} == {"Approved", "FirstPlanApproved"}


async def test_a_timeline_can_be_read_without_a_daemon(office: Office) -> None:
    told = await busy(office)
    path = office.socket.with_name("ledger.db")
    ledger = await Ledger.open(path, now=office.clock.now, key=KEY, read_only=True)
    try:
        shown = await ledger.read(
            lambda views: the_timeline(
                views, TimelineQuery(), as_of=office.clock.now(), systems=office.desk.systems
            )
        )
    finally:
        await ledger.close()
    assert shown.rows == told.rows


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("timeline", "SEARCH j USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("timeline_of_type", "SEARCH j USING INDEX journal_by_type (type=? AND seq>? AND seq<?)"),
        (
            "timeline_of_person",
            "SEARCH j USING INDEX journal_by_person (actor=? AND seq>? AND seq<?)",
        ),
    ],
)
def test_a_page_is_a_walk_along_an_index(
    db: sqlite3.Connection, statement: str, index: str
) -> None:
    assert plan(db, queries()[statement]) == [index]
