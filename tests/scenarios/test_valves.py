"""What an operator can stop, set aside and answer for, over the whole path: deny beats allow, and
nothing that is set aside is ever hidden."""

import asyncio
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.control import skipping, valves
from daemon.control.protocol import ApproveRequest, Code, Declined, RetryRequest
from daemon.control.protocol_drift import DriftQuery
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    PauseRequest,
    ResumeRequest,
    RetryPatternRequest,
    SkipRequest,
)
from daemon.cycle.calendar import Calendar, FreezeDays, WriteWindow
from daemon.cycle.report import Link
from ledger.model.entries import ConfigApplied, Confirmed, Skipped, Swept, Tombstoned
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from ledger.store.ledger import Draft
from tests.scenarios.support import request_ids, require_sound, sent
from tests.scenarios.village import (
    BOOKKEEPER,
    VENDORS,
    books,
    desk,
    held,
    pending,
    settled,
    village,
    written,
)
from tests.town import DEAR, Town

WHY = "stocktaking"


async def price(one: Town, sku: str, amount: int) -> None:
    await one.edit("dear", {"kind": "item", "sku": sku, "set": {"PriceTier1": amount}})


def shown_price(one: Town, name: str) -> Decimal:
    value: Decimal = books(one, "Item", name)["UnitPrice"]
    return value


async def pause(one: Town, **scope: Any) -> None:
    await valves.pause(desk(one), BOOKKEEPER, PauseRequest(reason=WHY, **scope))


async def resume(one: Town, **scope: Any) -> None:
    await valves.resume(desk(one), BOOKKEEPER, ResumeRequest(reason="done", **scope))


# -- freeze -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [{}, {"kind": "item"}, {"system": "qbo", "kind": "item"}])
async def test_a_pause_stops_writing_and_neither_reading_nor_planning(
    tmp_path: Path, scope: dict[str, str]
) -> None:
    async with settled(tmp_path) as one:
        await pause(one, **scope)
        last = one.log.last
        await price(one, "BOLT", 12)

        report = await one.cycle()

        assert written(one, last) == []
        assert report.complete
        (row,) = await pending(one)
        assert (row.state, row.reason) == ("waiting", "paused")
        assert "bookkeeper" in row.text
        assert row.text.endswith(WHY)
        status = await desk(one).status()
        (shown,) = status.pauses
        assert (shown.reason, shown.by) == (WHY, str(BOOKKEEPER))
        assert (status.stopped, status.to_approve) == (1, 0)

        await resume(one, **scope)
        await one.cycle()

        assert shown_price(one, "Bolt") == 12
        assert (await desk(one).status()).pauses == ()


async def test_a_pause_outlives_an_approval_and_a_restart(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await pause(one, system="qbo")
        await price(one, "BOLT", 12)
        await one.cycle()
        await one.approve_all()
        last = one.log.last
        await one.restart()
        await one.cycle()
        assert written(one, last) == [], "approved, and paused all the same"
        (row,) = await pending(one)
        assert row.reason == "paused"
        await resume(one, system="qbo")
        await one.cycle()
        assert shown_price(one, "Bolt") == 12


async def test_a_pause_in_the_middle_of_sending_stops_the_very_next_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with settled(tmp_path) as one:
        for name in VENDORS:
            vendor = books(one, "Vendor", name)
            order = {"kind": "vendor", "id": vendor["Id"], "set": {"DisplayName": f"{name} Ltd"}}
            await one.edit("qbo", order)
        append, answers = one.ledger.append, 0

        async def pausing(draft: Draft) -> tuple[int, ...]:
            nonlocal answers
            seqs = await append(draft)
            if any(isinstance(entry, Confirmed) for entry in draft.entries):
                answers += 1
                if answers == 1:
                    await pause(one, system="dear")
            return seqs

        monkeypatch.setattr(one.ledger, "append", pausing)
        await one.cycle()
        await one.cycle()

        renamed = [row["Name"] for row in one.dear.state.dump("supplier") if "Ltd" in row["Name"]]
        assert len(renamed) == 1, "DEAR is written one by one, and the first was under way"
        rows = await pending(one)
        assert [row.reason for row in rows] == ["paused", "paused"]
        await resume(one, system="dear")
        await one.cycle()
        names = {row["Name"] for row in one.dear.state.dump("supplier")}
        assert {f"{name} Ltd" for name in VENDORS} <= names
        await require_sound(one)


async def test_a_lost_request_is_not_sent_again_while_it_is_paused(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await price(one, "BOLT", 12)
        lost = {"system": "qbo", "kind": "lost_request", "method": "POST", "times": 1}
        one.fail({**lost, "path": "*/item"})
        await one.cycle()
        (first,) = sent(one, "qbo", "POST", "item")
        await pause(one)
        one.clock.advance(600)
        await one.cycle()
        assert len(sent(one, "qbo", "POST", "item")) == 1, "looked for, and not sent"
        assert shown_price(one, "Bolt") == 10
        await resume(one)
        await one.cycle()
        assert shown_price(one, "Bolt") == 12
        assert set(request_ids(sent(one, "qbo", "POST", "item"))) == set(request_ids([first]))


async def test_what_is_not_paused_goes_on(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await pause(one, kind="vendor")
        await price(one, "BOLT", 12)
        await one.edit(
            "dear", {"kind": "supplier", "name": "Alder Paper", "set": {"Comments": "x"}}
        )
        await one.settle()
        assert shown_price(one, "Bolt") == 12


async def test_a_scope_that_is_not_paused_cannot_be_resumed(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await pause(one, kind="item")
        with pytest.raises(Declined) as caught:
            await resume(one)
        assert caught.value.code is Code.STALE
        assert "items to every system" in caught.value.cure


def hours(since: int, until: int) -> Calendar:
    every_day = frozenset(range(7))
    return Calendar(windows=(WriteWindow(days=every_day, since=time(since), until=time(until)),))


async def test_writes_wait_for_their_window_and_go_when_it_opens(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        now = one.clock.now()
        opens = now.hour + 2
        one.scheduler.company.calendar = hours(opens, opens + 2)
        last = one.log.last
        await price(one, "BOLT", 12)
        report = await one.cycle()
        assert written(one, last) == []
        assert (report.waiting, report.halted) == (1, 0), "no limit has stopped it"
        (row,) = await pending(one)
        assert row.reason == "window"
        status = await desk(one).status()
        assert status.closed is not None
        assert status.closed.opens_at.startswith(f"{now:%Y-%m-%d}T{opens:02}:00")

        one.clock.advance((timedelta(hours=opens) - timedelta(hours=now.hour)).total_seconds())
        await one.cycle()

        assert shown_price(one, "Bolt") == 12, "nothing new was learned, and yet it goes"


async def test_the_daemon_wakes_when_the_window_opens(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        now = one.clock.now()
        one.scheduler.company.calendar = hours((now.hour + 1) % 24, (now.hour + 3) % 24)
        left = timedelta(hours=1) - timedelta(minutes=now.minute, seconds=now.second)
        left -= timedelta(microseconds=now.microsecond)
        one.scheduler.reschedule(
            poll_s=86_400.0, full_at=None, calendar=one.scheduler.company.calendar
        )
        await price(one, "BOLT", 12)
        started = one.clock.now()

        running = asyncio.ensure_future(one.scheduler.run())
        seen = asyncio.Event()

        def watched(system: str, method: str, _path: str) -> None:
            is_write = system == "qbo" and method == "POST"
            if is_write or one.clock.now() - started > timedelta(days=2):
                seen.set()

        one.faults.on_request = watched
        await seen.wait()
        took = one.clock.now() - started
        one.scheduler.stop()
        await running

        assert left <= took < left + timedelta(minutes=30), "not a day, as the poll would take"


async def test_a_month_end_freeze_is_stronger_than_an_approval(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        today = one.clock.now().date()
        frozen = FreezeDays(first=date(2026, 1, 1), last=today, reason="month-end")
        one.scheduler.company.calendar = Calendar(freezes=(frozen,))
        last = one.log.last
        await price(one, "BOLT", 12)
        await one.cycle()
        await one.approve_all()
        await one.cycle()
        assert written(one, last) == []
        (row,) = await pending(one)
        assert (row.reason, row.text) == (
            "frozen",
            f"Frozen by the configuration until {today}: month-end",
        )
        one.clock.advance(86_400)
        await one.cycle()
        assert shown_price(one, "Bolt") == 12


async def test_a_pause_does_not_let_a_part_of_a_mass_change_go(tmp_path: Path) -> None:
    names = [f"Part {n:03d}" for n in range(40)]
    async with settled(tmp_path, world=village(items=names)) as one:
        await pause(one)
        for n in range(30):
            await price(one, f"PART {n:03d}", 11)
        await one.cycle()
        rows = await pending(one)
        assert {(row.reason, row.breaker) for row in rows} == {("paused", "mass_change")}
        digests = tuple(row.operation.digest for row in rows[:10])
        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=digests))
        await resume(one)

        await one.cycle()
        await one.cycle()

        changed = {name.upper() for name in names if shown_price(one, name) == 11}
        assert changed == {row.operation.label for row in rows[:10]}
        assert {row.reason for row in await pending(one)} == {"mass_change"}


# -- skips --------------------------------------------------------------------------------------


async def skip(one: Town, record: str) -> None:
    await skipping.skip(desk(one), BOOKKEEPER, SkipRequest(record=record, reason=WHY))


async def test_a_skip_hides_nothing_and_ends_when_the_thing_changes(tmp_path: Path) -> None:
    """Failed to Skipped hides the difference for ever elsewhere; here it stays in every report."""
    async with settled(tmp_path) as one:
        await pause(one)
        await price(one, "BOLT", 12)
        await one.cycle()
        await skip(one, "BOLT")
        await resume(one)
        last = one.log.last

        await one.cycle()
        await one.cycle()

        assert written(one, last) == []
        (row,) = await pending(one)
        assert (row.state, row.reason) == ("waiting", "skipped")
        status = await desk(one).status()
        assert status.waiting == {"skipped": 1}
        assert status.to_approve == 0
        plan = await desk(one).plan(limit=10, offset=0)
        assert (plan.totals.operations, plan.totals.skipped) == (1, 1)
        (shown,) = (await desk(one).skips(limit=10)).skips
        assert (shown.label, shown.reason, shown.by) == ("BOLT", WHY, str(BOOKKEEPER))
        approved = await desk(one).approve(BOOKKEEPER, ApproveRequest(all=True, expect_count=0))
        assert approved.approved == 0, "what is set aside waits for nobody's yes"

        await price(one, "BOLT", 13)
        await one.cycle()

        assert shown_price(one, "Bolt") == 13, "another change is another thing"
        assert (await desk(one).skips(limit=10)).skips == ()
        await require_sound(one)


async def test_all_that_is_planned_for_a_record_in_one_system_is_set_aside(tmp_path: Path) -> None:
    """A change and an inactivation are two operations; the second skip replaced the first."""
    async with settled(tmp_path) as one:
        await pause(one)
        ends = {"PriceTier1": 12, "Status": "Deprecated"}
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": ends})
        await one.cycle()
        found = await pending(one)
        assert sorted(row.operation.action for row in found) == ["inactivate", "update"]
        assert {row.operation.system for row in found} == {"qbo"}

        await skip(one, "BOLT")
        await resume(one)
        last = one.log.last
        await one.cycle()
        await desk(one).approve(BOOKKEEPER, ApproveRequest(all=True, expect_count=0))
        await one.cycle()

        assert written(one, last) == []
        assert [row.reason for row in await pending(one)] == ["skipped", "skipped"]
        shown = {row.label: row.state for row in (await desk(one).drift(DriftQuery())).rows}
        assert shown["BOLT"] == "skipped"
        assert len((await desk(one).skips(limit=10)).skips) == 2
        await require_sound(one)
        await desk(one).retry(BOOKKEEPER, RetryRequest(record="BOLT", reason="counted"))
        await one.cycle()
        assert shown_price(one, "Bolt") == 12


async def test_a_retry_ends_a_skip(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await pause(one)
        await price(one, "BOLT", 12)
        await one.cycle()
        await skip(one, "BOLT")
        await resume(one)
        await one.cycle()
        assert shown_price(one, "Bolt") == 10
        await desk(one).retry(BOOKKEEPER, RetryRequest(record="BOLT", reason="counted"))
        await one.cycle()
        assert shown_price(one, "Bolt") == 12


async def refused(one: Town, *names: str) -> None:
    """Suppliers whose e-mail address QuickBooks refuses."""
    for name in names:
        contact = {"Name": "Desk", "Email": "nobody at example", "Default": True}
        body = {
            "Name": name,
            "Currency": "USD",
            "PaymentTerm": "Net 30",
            "AccountPayable": "2000",
            "TaxRule": "Tax Exempt",
            "Status": "Active",
            "Contacts": [contact],
        }
        await one.edit("dear", {"kind": "supplier", "create": body})


async def test_many_refusals_of_one_cause_are_one_pattern_with_one_answer(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await refused(one, "Grove Lumber", "Heath Stone", "Iris Glass")
        await one.settle()
        assert len(await held(one, HoldCode.REJECTED)) == 3
        one.clock.advance(3 * 3600)

        shown = await desk(one).troubles(pattern="rejected", limit=10, offset=0)

        (pattern,) = shown.patterns
        assert (pattern.code, pattern.records, pattern.skipped) == ("rejected", 3, 0)
        assert pattern.sample == ("Grove Lumber", "Heath Stone", "Iris Glass")
        assert "Grove" not in pattern.text
        assert pattern.cure
        assert all(row.age_s >= 3 * 3600 and row.next_try and row.cure for row in shown.rows)

        with pytest.raises(Declined) as caught:
            await skipping.skip(
                desk(one),
                BOOKKEEPER,
                SkipRequest(pattern=pattern.pattern, reason=WHY, expect_count=2),
            )
        assert caught.value.code is Code.STALE
        assert not [entry for entry in await one.entries() if isinstance(entry, Skipped)]
        done = await skipping.skip(
            desk(one), BOOKKEEPER, SkipRequest(pattern=pattern.pattern, reason=WHY, expect_count=3)
        )
        assert done.back.startswith(f"trueup retry --pattern {pattern.pattern}")
        await one.settle()

        status = await desk(one).status()
        assert (status.holds["rejected"], status.skipped_holds) == (3, 3), "held, and said so"
        assert status.questions == sum(status.holds.values()) - 3
        assert "rejected" not in status.open_holds, "what is set aside asks nobody"
        assert sum(status.open_holds.values()) == status.questions
        (again,) = (await desk(one).troubles(pattern="rejected", limit=9, offset=0)).patterns
        assert (again.records, again.skipped) == (3, 3)

        many = RetryPatternRequest(pattern=pattern.pattern, expect_count=3, reason="corrected")
        last = one.log.last
        await skipping.retry_pattern(desk(one), BOOKKEEPER, many)
        await one.settle()
        assert [row for row in one.writes("qbo") if row["n"] > last], "it was asked again"
        assert (await desk(one).status()).skipped_holds == 0


# -- scope and identity -------------------------------------------------------------------------


def emptied(one: Town) -> None:
    """DEAR forgets all its products, as after a bad import."""
    table = one.dear.state["product"]
    for row in list(one.dear.state.dump("product")):
        found = table.get(row["_id"])
        assert found is not None
        one.dear.state.remove("product", found)


async def accept(one: Town, most: int) -> None:
    request = AcceptAbsenceRequest(system="dear", kind="item", most=most, reason="sold the line")
    await valves.accept_absence(desk(one), BOOKKEEPER, request)


async def test_F26_an_accepted_absence_lets_one_full_look_find_them_gone(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        emptied(one)
        last = one.log.last
        report = await one.scheduler.run_now("full look", full=True)
        (told,) = report.problems
        assert "no longer lists 4 of 4 item records" in told.message
        assert "trueup accept-absence dear item" in told.cure
        with pytest.raises(Declined):
            await accept(one, 5)
        await accept(one, 3)
        report = await one.scheduler.run_now("full look", full=True)
        assert [p.code for p in report.problems] == [Link.UNSAFE.value], "four are more than three"
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]

        await accept(one, 4)
        report = await one.scheduler.run_now("full look", full=True)

        assert report.complete
        gone = [e for e in await one.entries() if isinstance(e, Tombstoned)]
        assert len(gone) == 4
        assert written(one, last) == [], "gone there is asked about, and not followed"
        assert await one.ledger.read(lambda views: views.absences()) == [], "used up"
        assert {s.fields["Active"] for s in one.qbo.state.all("Item") if s.fields.get("Sku")} == {
            True
        }


async def test_F26_an_accepted_absence_is_no_evidence(tmp_path: Path) -> None:
    """The list is empty, but a direct read still shows every record: nothing is gone."""
    async with settled(tmp_path) as one:
        empty = {"Total": 0, "Page": 1, "Products": []}
        rule = {"system": "dear", "kind": "status", "status": 200, "body": empty, "times": 1}
        one.fail({**rule, "path": "*/product"})
        await accept(one, 4)

        report = await one.scheduler.run_now("full look", full=True)

        assert report.complete
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        swept = [e for e in await one.entries() if isinstance(e, Swept) and e.system == DEAR]
        assert (swept[-1].kind, swept[-1].absent) == (Kind.ITEM, 0)
        assert await one.ledger.read(lambda views: views.absences()) == []


async def test_F33_changed_rules_make_a_plan_that_a_person_reviews(tmp_path: Path) -> None:
    names = [f"Part {n:03d}" for n in range(12)]
    source_decides: dict[str, Any] = {"authority": {Kind.ITEM: {"sales_price": "source"}}}
    held_for_now: dict[str, Any] = {"on_foreign_edit": {Kind.ITEM: {"*": "hold"}}}
    async with settled(
        tmp_path, world=village(items=names), **source_decides, **held_for_now
    ) as one:
        for name in names[:8]:
            item = books(one, "Item", name)
            await one.edit("qbo", {"kind": "item", "id": item["Id"], "set": {"UnitPrice": 14}})
        await one.settle()
        assert await pending(one) == []
        last = one.log.last
        company = one.scheduler.company
        restoring = msgspec.structs.replace(
            company.policy, on_foreign_edit={Kind.ITEM: {"*": "restore"}}
        )

        one.scheduler.swap(restoring, b"another configuration")
        report = await one.cycle()
        await one.cycle()

        assert written(one, last) == []
        rows = await pending(one)
        assert {(row.state, row.reason) for row in rows} == {("waiting", "rules_changed")}
        assert (len(rows), report.waiting) == (8, 8)
        assert "the configuration or the mapping changed" in rows[0].text
        assert "All change sales price to 10" in rows[0].text
        assert len([e for e in await one.entries() if isinstance(e, ConfigApplied)]) == 2

        digests = tuple(row.operation.digest for row in rows[:5])
        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=digests))
        await one.settle()
        assert {row.reason for row in await pending(one)} == {"rules_changed"}
        assert len(await pending(one)) == 3, "a part that is approved does not let the rest go"
        # What comes afterwards is everyday work again.
        await price(one, "PART 011", 20)
        await one.settle()
        assert shown_price(one, "Part 011") == 20


async def test_F33_a_small_change_of_the_rules_needs_no_review(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        company = one.scheduler.company
        one.scheduler.swap(company.policy, b"another configuration")
        await price(one, "BOLT", 12)
        await one.settle()
        assert shown_price(one, "Bolt") == 12
