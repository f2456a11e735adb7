"""Appending: durable, in groups, one bad draft alone, callers that go away."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ledger.model.entries import FirstPlanApproved, Observed, VersionMoved
from ledger.model.facts import Observation
from ledger.model.ids import Digest
from ledger.store.engine import inline
from ledger.store.errors import DraftRefused, LedgerDamaged, LedgerUnavailable, LinkRefused
from ledger.store.ledger import QUEUE_LIMIT, Ledger
from ledger.store.payloads import pack
from ledger.store.views import Views
from tests.ledger.store.support import (
    DEAR,
    KEY,
    QBO,
    Ticking,
    item,
    item_ref,
    join,
    see,
    vendor_ref,
)


async def test_what_was_appended_is_there_after_reopening(path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    draft = ledger.draft(actor="daemon", cycle="c1")
    record = see(draft, ledger, item_ref(QBO, 1), item("Bolt"))
    assert await ledger.append(draft) == (1,)
    head = await ledger.read(Views.head)
    await ledger.close()

    again = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        assert again.head == 1
        assert await again.read(Views.head) == head
        view = await again.read(lambda views: views.view(record))
    finally:
        await again.close()
    assert view is not None
    assert view.sides[QBO].record == item("Bolt")
    assert view.label == "BOLT"


async def test_a_draft_without_entries_leaves_the_chain_alone(ledger: Ledger) -> None:
    draft = ledger.draft()
    draft.runtime("polled", b"now")
    assert await ledger.append(draft) == ()
    assert await ledger.read(Views.head) == (0, "00" * 32)
    assert await ledger.read(lambda views: views.runtime("polled")) == b"now"


async def test_fifty_waiting_callers_share_transactions_and_all_become_durable(
    ledger: Ledger, path: Path
) -> None:
    async def one(number: int) -> tuple[int, ...]:
        draft = ledger.draft()
        see(draft, ledger, item_ref(QBO, number))
        see(draft, ledger, item_ref(DEAR, number))
        return await ledger.append(draft)

    results = await asyncio.gather(*(one(number) for number in range(50)))
    assert sorted(seq for seqs in results for seq in seqs) == list(range(1, 101))
    assert all(second == first + 1 for first, second in results)
    instants = {row.at for row in await ledger.read(lambda views: views.entries(0, 1000))}
    assert len(instants) <= 3  # one look at the clock per transaction


async def test_a_bad_draft_in_a_group_fails_alone(ledger: Ledger) -> None:
    good, bad, other = (ledger.draft() for _ in range(3))
    see(good, ledger, item_ref(QBO, 1))
    see(bad, ledger, item_ref(QBO, 2))
    bad.add(VersionMoved(ref=item_ref(QBO, 99), version="2", payload=bad.body(b"{}")))
    see(other, ledger, item_ref(QBO, 3))
    results = await asyncio.gather(
        *(ledger.append(draft) for draft in (good, bad, other)), return_exceptions=True
    )
    assert results[0] == (1,)
    assert isinstance(results[1], DraftRefused)
    assert "qbo/item/99 was never observed" in str(results[1])
    assert results[2] == (2,)
    assert await ledger.read(lambda views: views.record_of(item_ref(QBO, 2))) is None


async def test_an_entry_that_names_an_unknown_body_is_refused(ledger: Ledger) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    draft.add(VersionMoved(ref=item_ref(QBO, 1), version="2", payload=Digest("ab" * 32)))
    with pytest.raises(DraftRefused, match="VersionMoved names the body"):
        await ledger.append(draft)
    assert (await ledger.read(Views.head))[0] == 0


async def test_a_draft_is_used_once(ledger: Ledger) -> None:
    draft = ledger.draft()
    draft.add(FirstPlanApproved(by="ann"))
    await ledger.append(draft)
    with pytest.raises(DraftRefused, match="appended already"):
        await ledger.append(draft)
    with pytest.raises(DraftRefused, match="appended already"):
        draft.add(FirstPlanApproved(by="ann"))


async def test_F59_two_references_of_one_system_claim_one_record(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    see(draft, ledger, item_ref(QBO, 7))
    see(draft, ledger, item_ref(QBO, 8))
    join(draft, record, item_ref(QBO, 7))
    await ledger.append(draft)
    second = ledger.draft()
    second.add(FirstPlanApproved(by="ann"))
    join(second, record, item_ref(QBO, 8))
    with pytest.raises(LinkRefused) as refused:
        await ledger.append(second)
    assert (refused.value.held, refused.value.claimed) == (item_ref(QBO, 7), item_ref(QBO, 8))
    assert "qbo/item/7" in str(refused.value)
    assert "Unlink qbo/item/7" in refused.value.cure
    assert await ledger.read(Views.first_plan_approved) is False
    assert await ledger.read(lambda views: views.ref_of(record, QBO)) == item_ref(QBO, 7)


async def test_records_of_two_kinds_are_never_one(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    see(draft, ledger, vendor_ref(QBO, 1))
    join(draft, record, vendor_ref(QBO, 1))
    with pytest.raises(DraftRefused, match="of kind item"):
        await ledger.append(draft)


async def test_a_cancelled_caller_does_not_take_its_draft_back(ledger: Ledger) -> None:
    writer = ledger._writer
    assert writer is not None
    go_on = threading.Event()
    busy = asyncio.ensure_future(writer.run(lambda _db: go_on.wait(30)))
    drafts = [ledger.draft() for _ in range(2)]
    for number, draft in enumerate(drafts):
        see(draft, ledger, item_ref(QBO, number))
    caller = asyncio.ensure_future(ledger.append(drafts[0]))
    follower = asyncio.ensure_future(ledger.append(drafts[1]))
    await asyncio.wait({caller}, timeout=0.01)  # it is waiting now: the writer's thread is busy
    caller.cancel()
    await asyncio.wait({caller})
    go_on.set()
    assert await busy
    assert await follower == (2,)
    assert caller.cancelled()
    assert await ledger.read(lambda views: views.record_of(item_ref(QBO, 0))) is not None


async def test_F92_a_full_disk_fails_the_group_and_the_writer_goes_on(path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY, executor=inline)
    try:
        draft = ledger.draft()
        see(draft, ledger, item_ref(QBO, 1))
        await ledger.append(draft)
        writer = ledger._writer
        assert writer is not None
        pages = await writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
        await writer.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())

        big, small = ledger.draft(), ledger.draft()
        big.add(FirstPlanApproved(by="ann"))
        big.body(b"x" * 1_000_000)
        see(small, ledger, item_ref(QBO, 2))
        results = await asyncio.gather(
            ledger.append(big), ledger.append(small), return_exceptions=True
        )
        assert [type(result) for result in results] == [LedgerUnavailable, LedgerUnavailable]
        assert "full" in str(results[0])
        assert isinstance(results[0], LedgerUnavailable)
        assert "Make room" in results[0].cure
        assert ledger.head == 1

        await writer.run(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchone())
        again = ledger.draft()
        see(again, ledger, item_ref(QBO, 2))
        assert await ledger.append(again) == (2,)
    finally:
        await ledger.close()


async def test_a_closed_ledger_says_so(path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    queued = ledger.draft()
    see(queued, ledger, item_ref(QBO, 1))
    waiting = asyncio.create_task(ledger.append(queued))
    await asyncio.wait({waiting}, timeout=0)
    await ledger.close()
    assert await waiting == (1,)  # what was queued before is finished
    with pytest.raises(LedgerUnavailable, match="not open for writing"):
        await ledger.append(ledger.draft())
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.read(Views.head)
    await ledger.close()


async def test_the_file_is_durable_and_has_large_pages(ledger: Ledger) -> None:
    writer = ledger._writer
    assert writer is not None

    def pragmas(db: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "page_size", "foreign_keys", "recursive_triggers")
        return [db.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await writer.run(pragmas) == ["wal", 2, 16384, 1, 1]


async def test_a_question_that_fails_leaves_the_reader_usable(ledger: Ledger) -> None:
    def wrong(views: Views) -> None:
        raise LookupError(views.head())

    with pytest.raises(LookupError):
        await ledger.read(wrong)
    assert (await ledger.read(Views.head))[0] == 0


async def test_more_callers_than_places_all_get_through(ledger: Ledger) -> None:
    drafts = [ledger.draft() for _ in range(QUEUE_LIMIT + 50)]
    for number, draft in enumerate(drafts):
        draft.runtime(str(number), b"x")
    results = await asyncio.gather(*(ledger.append(draft) for draft in drafts))
    assert results == [()] * len(drafts)
    last = str(len(drafts) - 1)
    assert await ledger.read(lambda views: views.runtime(last)) == b"x"


async def test_a_ledger_closed_under_waiting_callers_answers_every_one(path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    drafts = [ledger.draft() for _ in range(QUEUE_LIMIT + 50)]
    for draft in drafts:
        draft.runtime("k", b"x")
    callers = [asyncio.ensure_future(ledger.append(draft)) for draft in drafts]
    await asyncio.wait(callers, timeout=0)
    await ledger.close()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert results.count(()) >= QUEUE_LIMIT
    assert all(result == () or isinstance(result, LedgerUnavailable) for result in results)


async def test_a_journal_changed_under_the_writer_stops_it(ledger: Ledger, path: Path) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER journal_is_not_deleted")
        db.execute("DELETE FROM journal")
        db.commit()
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 2))
    with pytest.raises(LedgerDamaged, match="not the one this process wrote"):
        await ledger.append(draft)


async def test_digests_not_made_by_the_ledger_are_refused(ledger: Ledger) -> None:
    draft = ledger.draft()
    shown = Observation(ref=item_ref(QBO, 1), version="1", record=item())
    draft.add(
        Observed(
            ref=shown.ref,
            version="1",
            comparable=Digest("not hex"),
            payload=draft.body(pack(shown)),
            via="read",
        )
    )
    with pytest.raises(DraftRefused, match="'not hex' is not a digest"):
        await ledger.append(draft)


async def test_a_body_that_is_no_observation_is_refused(ledger: Ledger) -> None:
    draft = ledger.draft()
    draft.add(
        Observed(
            ref=item_ref(QBO, 1),
            version="1",
            comparable=ledger.digest(b""),
            payload=draft.body(b"<html>"),
            via="read",
        )
    )
    with pytest.raises(DraftRefused, match="does not fit the ledger"):
        await ledger.append(draft)
