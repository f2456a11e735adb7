"""Documents whose write ended in the dark, and a platform that is slow, closed, poor or full."""

import asyncio
import io
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from daemon.connectors.qbo import reading
from daemon.control.protocol import ResolveRequest
from daemon.cycle.report import Link
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.papers import (
    CUSTOMER,
    SETTLES_S,
    TODAY,
    amounts,
    batches,
    bill_of,
    billed,
    buys,
    codes,
    hold_of,
    in_qbo,
    keeps_book,
    line,
    links,
    lose_ledger,
    marker,
    nothing_twice,
    numbers,
    office,
    open_work,
    posted,
    reorders,
    settle,
    shop,
    sold,
    total,
    wrote,
)
from tests.scenarios.support import Goods, killed, qbo_rows, require_sound, sent
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import QBO, Town

D = Decimal
Replay = Literal["replay", "refuse", "execute_again"]
REPLAYS: tuple[Replay, ...] = ("replay", "refuse", "execute_again")


# -- F01: the reply of a create is lost ---------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "truncated_body"])
async def test_F01_a_bill_whose_reply_was_lost_is_found_and_not_sent_again(
    tmp_path: Path, fault: str
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/bill"})
        report = await one.cycle()
        assert (report.unknown, numbers(one, "bill")) == (1, ["V-1"])
        await settle(one)
        assert len(sent(one, "qbo", "POST", "bill")) == 1
        assert numbers(one, "bill") == ["V-1"]
        assert links(posted(one, "bill", "V-1")) == [
            (posted(one, "purchaseorder", order)["Id"], "1")
        ]
        assert await codes(one) == []
        assert await open_work(one) == []


@pytest.mark.parametrize("replay", REPLAYS)
@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
async def test_F01_a_batch_of_bills_ends_with_one_of_each_whatever_quickbooks_does_with_it(
    tmp_path: Path, fault: str, replay: Replay
) -> None:
    async with office(tmp_path, qbo=QboSwitches(batch_replay=replay)) as one:
        for number in range(5):
            bill_of(one, f"V-{number}")
        # The first batch is that of the orders, the second that of their bills.
        rule = {"system": "qbo", "kind": fault, "method": "POST", "path": "*/batch"}
        one.fail({**rule, "after": 1})
        await settle(one)
        await one.cycle(after_s=SETTLES_S)
        await settle(one)
        assert numbers(one, "bill") == [f"V-{number}" for number in range(5)]
        assert batches(one) == (2 if fault == "lost_reply" else 3)
        nothing_twice(one)
        assert all(place for row in qbo_rows(one, "bill") for _, place in links(row))
        assert await codes(one) == []
        assert await open_work(one) == []
        await require_sound(one)


async def test_F01_a_lost_order_holds_its_bill_until_it_is_found(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        rule = {"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/purchaseorder"}
        one.fail(rule)
        await one.cycle()
        assert sent(one, "qbo", "POST", "bill") == []
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert links(posted(one, "bill", "V-1"))[0][1] == "1"
        assert len(sent(one, "qbo", "POST", "purchaseorder")) == 1


async def test_F02_killed_between_the_reply_and_the_ledger(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        bill_of(one, "V-1")
        assert await killed(one, one.settle(), lambda axe: axe.after_answer_to("POST", "bill"))
        assert numbers(one, "bill") == ["V-1"]
        await settle(one)
        assert numbers(one, "bill") == ["V-1"]
        assert len(sent(one, "qbo", "POST", "bill")) == 1
        assert await codes(one) == []


async def test_a_link_that_quickbooks_drops_is_noticed_and_can_be_accepted(
    tmp_path: Path,
) -> None:
    """The order is closed by hand in the instant before, and opened again: 200, and no link."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        billed(one, order, "V-1")

        def closed_and_opened(system: str, method: str, path: str) -> None:
            if posted(one, "purchaseorder", order)["POStatus"] == "Closed":
                one.faults.on_request = None
                keeps_book(one, "purchaseorder", order, set={"POStatus": "Open"})
            elif method == "POST" and path.endswith("/bill"):
                keeps_book(one, "purchaseorder", order, set={"POStatus": "Closed"})

        one.faults.on_request = closed_and_opened
        await settle(one)
        assert links(posted(one, "bill", "V-1")) == [("", "")]
        assert "without its link" in await hold_of(one, HoldCode.DISCREPANT)
        assert len([name for name in wrote(one) if name.startswith("bill/")]) == 1

        [held] = [row for row in await one.holds() if row.kind is Kind.BILL]
        answer = ResolveRequest(record=held.record, field="order", take="qbo", reason="it is right")
        await desk(one).resolve(BOOKKEEPER, answer)
        await settle(one)
        assert await codes(one) == []


# -- limits and outages -------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["", "gateway", "403", "html"])
async def test_F83_a_storm_of_refusals_with_a_batch_in_flight(tmp_path: Path, flavour: str) -> None:
    async with office(tmp_path) as one:
        for number in range(6):
            bill_of(one, f"V-{number}")
        storm = {"system": "qbo", "kind": "throttle", "flavour": flavour}
        one.fail({**storm, "method": "POST", "path": "*/batch", "times": 2})
        one.fail({**storm, "method": "GET", "after": 1, "times": 2})
        for _ in range(8):
            await one.cycle()
        await settle(one)
        assert numbers(one, "bill") == [f"V-{number}" for number in range(6)]
        nothing_twice(one)
        assert one.faults.pending == 0
        assert await codes(one) == []


async def test_F83_only_some_of_a_batch_are_refused(tmp_path: Path) -> None:
    """The period is closed for two of six: those are held, the others stand."""
    async with office(tmp_path) as one:
        old = [sold(one, line("BR-1", 1, 5), InvoiceDate="2026-02-01") for _ in range(2)]
        new = [sold(one, line("BR-1", 1, 5)) for _ in range(4)]
        in_qbo(one, "company", set={"closed_until": "2026-02-28"})
        await settle(one)
        assert numbers(one, "invoice") == sorted(new)
        assert batches(one) == 1
        assert [label for label, _ in await codes(one)] == sorted(old)


async def test_F85_a_maintenance_window_is_one_alert_and_then_caught_up(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        for number in range(3):
            bill_of(one, f"V-{number}")
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 0})
        for _ in range(6):
            report = await one.cycle(after_s=1200)
            assert [problem.code for problem in report.problems] == ["down"]
        assert one.scheduler.health[QBO].link is Link.DOWN
        assert await codes(one) == []
        one.faults.clear()
        await settle(one)
        assert numbers(one, "bill") == ["V-0", "V-1", "V-2"]


async def test_F89_while_dear_is_down_nothing_counts_as_missing(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        number = sold(one, line("BR-1", 2, 5))
        await settle(one)
        before = marker(one)
        one.fail({"system": "dear", "kind": "status", "status": 503, "times": 0})
        keeps_book(one, "invoice", number, pay=True)
        keeps_book(one, "bill", "V-1", line={"Id": "1", "UnitPrice": D(4)})
        for _ in range(4):
            await one.cycle(after_s=900)
        assert wrote(one, before) == []
        assert (numbers(one, "bill"), numbers(one, "purchaseorder")) == (["V-1"], [order])
        one.faults.clear()
        await one.cycle(after_s=900)
        await settle(one)
        assert [code for _, code in await codes(one)] == [HoldCode.FOREIGN_EDIT]


async def test_F90_a_plan_without_purchase_orders(tmp_path: Path) -> None:
    """One alarm; orders hold, bills stand for themselves, invoices do not notice."""
    world = shop()
    world = replace(world, company=replace(world.company, offering="QuickBooks Online Essentials"))
    async with office(tmp_path, world) as one:
        order = bill_of(one, "V-1")
        number = sold(one, line("BR-1", 2, 5))
        await settle(one)
        assert numbers(one, "invoice") == [number]
        assert sent(one, "qbo", "POST", "purchaseorder") == []
        warned = [w for w in one.scheduler.health[QBO].warnings if "purchase_order" in w.message]
        assert len(warned) == 1
        held = await codes(one)
        assert (order, HoldCode.DISABLED) in held
        assert held == [(order, HoldCode.DISABLED)]
        assert links(posted(one, "bill", "V-1")) == [("", "")]


async def test_F90_a_plan_that_shrinks_and_grows_again(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        bill_of(one, "V-1")
        await settle(one)
        one.qbo.state.switches.offering = "QuickBooks Online Essentials"
        await one.cycle(after_s=8 * 3600)
        later = buys(one, line("BR-1", 1, 3))
        await settle(one)
        assert (later, HoldCode.DISABLED) in await codes(one)
        one.qbo.state.switches.offering = "QuickBooks Online Plus"
        await one.cycle(after_s=8 * 3600)
        await settle(one)
        assert later in numbers(one, "purchaseorder")
        assert await codes(one) == []


# -- F46: more changes than the feed tells ------------------------------------------------------


@pytest.fixture
def small_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed's cap and the pages are made small, as if the company were a hundred times this."""
    monkeypatch.setattr(reading, "CAP", 10)
    monkeypatch.setattr(reading, "PAGE", 10)
    monkeypatch.setattr("daemon.sandbox.qbo.cdc.MAX_OBJECTS", 10)


@pytest.mark.usefixtures("small_cap")
@pytest.mark.parametrize("count", [9, 10, 11, 24])
async def test_F46_a_mass_of_changed_and_deleted_documents_is_seen_whole(
    tmp_path: Path, count: int
) -> None:
    async with office(tmp_path) as one:
        orders = [buys(one, line("BR-1", 10, 3)) for _ in range(count)]
        sales = [sold(one, line("BR-1", 1, 5)) for _ in range(3)]
        await settle(one)
        before = marker(one)
        for number in orders[1:]:
            keeps_book(one, "purchaseorder", number, line={"Id": "1", "UnitPrice": D(4)})
        keeps_book(one, "purchaseorder", orders[0], delete=True)
        keeps_book(one, "invoice", sales[0], line={"Id": "1", "UnitPrice": D(9)})
        await one.cycle()
        await one.cycle()
        found = dict(await codes(one))
        edited = dict.fromkeys([*orders[1:], sales[0]], HoldCode.FOREIGN_EDIT)
        assert found == {**edited, orders[0]: HoldCode.REMOVED}
        assert wrote(one, before) == []


@pytest.mark.usefixtures("small_cap")
async def test_F46_more_than_a_page_of_documents_is_adopted_whole(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        for number in range(23):
            bill_of(one, f"V-{number:02}")
        await settle(one)
        await lose_ledger(one)
        before = marker(one)
        await one.agree()
        assert wrote(one, before) == []
        assert len(qbo_rows(one, "bill")) == 23
        assert await codes(one) == []


# -- F92: the disk is full ----------------------------------------------------------------------


async def limit_pages(one: Town, *, full: bool) -> None:
    """Let SQLite itself say "database or disk is full", as on a volume without room."""

    def limit(db: sqlite3.Connection) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages if full else 4_000_000}")

    writer = one.ledger._writer
    assert writer is not None
    await writer.run(limit)


async def test_F92_no_document_leaves_that_cannot_be_journalled_first(tmp_path: Path) -> None:
    async with office(tmp_path, create={Kind.INVOICE: {QBO: "ask"}}) as one:
        sales = sorted(sold(one, line("BR-1", 1, 5)) for _ in range(30))
        await one.cycle()
        await one.approve_all()
        await limit_pages(one, full=True)
        before = marker(one)
        for _ in range(6):
            report = await one.cycle()
            if not report.complete:
                break
        there = numbers(one, "invoice")
        assert there in ([], sales), "the batch left with its intent, or not at all"
        assert batches(one, before) == (1 if there else 0)
        await limit_pages(one, full=False)
        await settle(one)
        assert numbers(one, "invoice") == sales
        assert batches(one, before) == 1
        await require_sound(one)


async def test_F92_an_answer_that_found_no_room_is_settled_by_looking(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        sales = sorted(sold(one, line("BR-1", 1, 5)) for _ in range(30))
        filling: list[asyncio.Future[None]] = []

        def runs_full(_: str, method: str, path: str) -> None:
            if method == "POST" and path.endswith("/batch"):
                filling.append(asyncio.ensure_future(limit_pages(one, full=True)))

        one.faults.on_request = runs_full
        await one.cycle()
        one.faults.on_request = None
        await asyncio.gather(*filling)
        await limit_pages(one, full=False)
        await settle(one)
        assert numbers(one, "invoice") == sales
        assert batches(one) == 1
        assert await open_work(one) == []


# -- F94: what the log says ---------------------------------------------------------------------


async def test_F94_debug_logs_hold_no_amount_no_party_and_no_number(
    tmp_path: Path, debug_log: io.StringIO
) -> None:
    async with office(tmp_path) as one:
        bill_of(one, "SECRET-77", line("BR-1", 7, "1234.56"), Memo="for your eyes only")
        number = sold(one, line("BR-1", 3, "777.77"))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/bill"})
        await settle(one)
        text = debug_log.getvalue()
    assert text, "debug logging is on"
    words = ("SECRET-77", number, "1234.56", "777.77", "eyes only", "Amber Freight", CUSTOMER)
    assert [word for word in words if word in text] == []


async def test_F51_what_failed_for_a_cause_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    """QuickBooks refused for a rule of its own; the correction in DEAR is a new try."""
    async with office(tmp_path) as one:
        fault = {"Fault": {"Error": [{"Message": "Nope", "code": "6000"}], "type": "Validation"}}
        rule = {"system": "qbo", "kind": "status", "status": 400, "body": fault}
        one.fail({**rule, "method": "POST", "path": "*/purchaseorder"})
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        assert await codes(one) == [(order, HoldCode.REJECTED)]
        await one.cycle(after_s=7200)
        assert len(sent(one, "qbo", "POST", "purchaseorder")) == 1, "no blind retry"
        reorders(one, order, line("BR-1", 10, 4))
        await settle(one)
        assert amounts(posted(one, "purchaseorder", order)) == [D(40)]
        assert await codes(one) == []


async def test_a_ledger_older_than_its_last_writes_finds_them_again(tmp_path: Path) -> None:
    """A ledger of this morning knows nothing of this noon's bills: they are adopted."""
    async with office(tmp_path) as one:
        bill_of(one, "V-1")
        await settle(one)
        await one.stop_daemon()
        kept = {path: path.read_bytes() for path in one.folder.glob("ledger.db*")}
        await one.start_daemon()
        order = bill_of(one, "V-2", line("BR-2", 3, 3))
        await settle(one)
        await one.stop_daemon()
        for path in one.folder.glob("ledger.db*"):
            path.unlink()
        for path, body in kept.items():
            path.write_bytes(body)
        await one.start_daemon()
        before = marker(one)
        await settle(one)
        assert wrote(one, before) == []
        assert numbers(one, "bill") == ["V-1", "V-2"]
        assert order in numbers(one, "purchaseorder")
        assert await codes(one) == []


async def test_F01_a_stranger_with_the_same_number_is_not_taken_for_ours(tmp_path: Path) -> None:
    """The request was lost before it was carried out; meanwhile a person enters another bill
    of that vendor under that number."""
    async with office(tmp_path) as one:
        bill_of(one, "V-1")
        await one.cycle()
        order = bill_of(one, "V-2", line("BR-2", 5, 4))
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/bill"})
        await one.cycle()
        item = {"item": "BR-1", "quantity": 1, "price": 77}
        body = {"party": "Amber Freight", "number": "V-2", "date": TODAY, "lines": [item]}
        stranger = in_qbo(one, "bill", enter=body)["id"]
        before = marker(one)
        await settle(one)
        rows = [row for row in qbo_rows(one, "bill") if row["DocNumber"] == "V-2"]
        assert [row["Id"] for row in rows] == [stranger], "not posted beside it unasked"
        assert total(rows[0]) == D(77)
        assert f"bill/{stranger}" not in wrote(one, before), "nor written over"
        assert [label for label, _ in await codes(one)] == ["V-2"]
        assert order in numbers(one, "purchaseorder")


async def test_F01_another_customers_invoice_of_that_number_is_not_overwritten(
    tmp_path: Path,
) -> None:
    base = shop()
    other = Goods().customer("Elm Cafe", dear=False)
    assert other.qbo is not None
    other = replace(other, qbo=replace(other.qbo, id="901"))
    async with office(tmp_path, replace(base, customers=(*base.customers, other))) as one:
        number = sold(one, line("BR-1", 1, 5))
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/invoice"})
        await one.cycle()
        item = {"item": "BR-2", "quantity": 1, "price": 99}
        body = {"party": "Elm Cafe", "number": number, "date": TODAY, "lines": [item]}
        in_qbo(one, "invoice", enter=body)
        await settle(one)
        rows = qbo_rows(one, "invoice")
        assert [(row["CustomerRef"]["name"], total(row)) for row in rows] == [("Elm Cafe", D(99))]
        await hold_of(one, HoldCode.NAME_TAKEN)


async def test_F89_a_daemon_that_starts_while_the_books_are_away_decides_nothing_on_a_guess(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        await one.restart()
        one.fail({"kind": "status", "status": 503, "system": "qbo", "path": "/v3/*", "times": 50})
        number = sold(one, line("BR-1", 2, "8.5"))
        report = await one.cycle()
        assert not report.complete
        assert await codes(one) == []
        one.faults.clear()
        await settle(one)
        assert numbers(one, "invoice") == [number]
        assert await codes(one) == []
