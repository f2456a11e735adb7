"""The queue: every operation by state, a page at a time, with what came of trying."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code
from daemon.control.protocol_drift import QueueAnswer, QueueQuery, QueueRow, QueueState
from daemon.control.protocol_valves import SkipRequest
from daemon.control.queueing import the_queue
from ledger.model.ids import Kind
from ledger.store import views_queue
from ledger.store.conditions import Filter, Operator, Term
from ledger.store.engine import writing
from ledger.store.ledger import Ledger
from ledger.store.migrate import migrate
from ledger.store.rebuild import rebuild
from ledger.store.verify import verify_file
from ledger.store.views import Views
from tests.daemon.control.conftest import DEAR, KEY, Office
from tests.daemon.control.papers import agreed_bill, bill, furnish
from tests.daemon.control.test_papers import declined
from tests.ledger.store.support import BEGIN
from tests.town import KEY as TOWN_KEY
from tests.town import QBO, Town, town

ALL = tuple(QueueState)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writing(tmp_path / "empty.db")()) as connection:
        migrate(connection, now=BEGIN)
        yield connection


def one(shown: QueueAnswer) -> QueueRow:
    (row,) = shown.rows
    return row


async def of_town(company: Town, *states: QueueState, said: str = "") -> QueueAnswer:
    query = QueueQuery(states=states, filter=said)
    now = company.clock.now()
    return await company.ledger.read(
        lambda views: the_queue(
            views,
            query,
            as_of=now,
            home_currency="USD",
            connectors=company.scheduler.company.connectors,
        )
    )


async def test_what_waits_says_why_and_who_said_yes(office: Office, daemon: ControlClient) -> None:
    record = await office.renamed_vendor()
    await office.plan()
    row = one(await daemon.queue(QueueQuery()))
    assert (row.record, row.kind, row.label, row.state) == (record, "vendor", "Bolts 1", "waiting")
    assert (row.system, row.action, row.reason, row.by) == ("qbo", "update", "first_plan", "")
    assert (row.attempts, row.request, row.result, row.amount) == (0, "", "", None)
    assert row.text
    await daemon.approve([row.digest])
    approved = await daemon.queue(QueueQuery())
    row = one(approved)
    assert row.state == "approved"
    assert "uid" in row.by
    assert (approved.by_state, approved.total, approved.everything) == ({"approved": 1}, 1, 1)


async def test_the_request_of_an_operation_can_be_seen_before_it_leaves(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor()
    await office.plan()
    row = one(await daemon.queue(QueueQuery()))
    shown = await daemon.request(row.digest[:10])
    assert (shown.digest, shown.system, shown.method) == (row.digest, "qbo", "POST")
    assert shown.path.startswith("/v3/company/1/vendor?")
    sent = json.loads(shown.body)
    assert sent["PrimaryEmailAddr"] == {"Address": "b@bolts.example"}
    assert (sent["Id"], sent["SyncToken"]) == ("v1", "1")


async def test_open_ones_come_oldest_first_in_pages(office: Office, daemon: ControlClient) -> None:
    for number in range(7):
        await office.renamed_vendor(number)
        await office.plan()
    whole = await daemon.queue(QueueQuery())
    assert [row.label for row in whole.rows] == [f"Bolts {number}" for number in range(7)]
    assert [row.seq for row in whole.rows] == sorted(row.seq for row in whole.rows)
    pages = [await daemon.queue(QueueQuery(limit=3, offset=start)) for start in (0, 3, 6, 9)]
    assert [row for page in pages for row in page.rows] == list(whole.rows)
    assert {(page.total, page.everything) for page in pages} == {(7, 7)}


async def test_words_narrow_it(office: Office, daemon: ControlClient) -> None:
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.renamed_vendor()
    await office.plan()

    async def labels(said: str) -> set[str]:
        shown = await daemon.queue(QueueQuery(filter=said))
        assert shown.total == len(shown.rows)
        assert shown.everything == 2
        return {row.label for row in shown.rows}

    digest = next(r.digest for r in (await daemon.queue(QueueQuery())).rows if r.kind == "bill")
    for said, found in (
        ("kind:bill", {"INV-77"}),
        ("-kind:bill", {"Bolts 1"}),
        ("to:qbo", {"INV-77", "Bolts 1"}),
        ("to:dear", set()),
        ("action:create", {"INV-77"}),
        ("action:update,create", {"INV-77", "Bolts 1"}),
        ("state:waiting", {"INV-77", "Bolts 1"}),
        ("state:approved", set()),
        ("reason:first_plan inv-", {"INV-77"}),
        ("reason:mass_change", set()),
        ("amount>100", {"INV-77"}),
        ("amount>195", set()),
        ("BOLTS", {"Bolts 1"}),
        (f"digest:{digest[:9]}", {"INV-77"}),
    ):
        assert await labels(said) == found, said
    error = await declined(daemon.queue(QueueQuery(filter="status:open")))
    assert error.code is Code.BAD_REQUEST
    assert "state" in error.cure


async def test_a_document_says_by_how_much_the_books_rise(
    office: Office, daemon: ControlClient
) -> None:
    await agreed_bill(office)
    await office.show(DEAR, "db1", bill("14.50", in_qbo=False))
    await office.plan()
    row = one(await daemon.queue(QueueQuery()))
    assert row.title == "INV-77, Sierra Bolts"
    assert row.amount is not None
    assert (row.amount.currency, row.amount.amount) == ("USD", "-6.00")


async def test_what_a_person_set_aside_is_marked(office: Office, daemon: ControlClient) -> None:
    record = await office.renamed_vendor()
    await office.plan()
    await daemon.skip(SkipRequest(record=record, reason="next week"))
    assert one(await daemon.queue(QueueQuery())).skipped


async def test_the_life_of_operations_in_a_company(tmp_path: Path) -> None:
    async with town(tmp_path, size="small") as company:
        await company.cycle("first load")
        await company.approve_all()
        await company.cycle("first writes", after_s=0.0)
        confirmed = await of_town(company, QueueState.CONFIRMED)
        assert confirmed.rows
        assert confirmed.total == confirmed.by_state["confirmed"] == len(confirmed.rows)
        newest_first = sorted((row.seq for row in confirmed.rows), reverse=True)
        assert [row.seq for row in confirmed.rows] == newest_first
        assert {row.by for row in confirmed.rows} == {"test"}
        assert {(row.result, row.attempts) for row in confirmed.rows} == {("confirmed (reply)", 1)}
        assert all(row.request for row in confirmed.rows)
        pace = {one.system: one for one in confirmed.pace}
        now = company.clock.now().timestamp()
        recent = [
            r for r in confirmed.rows if now - datetime.fromisoformat(r.since).timestamp() <= 60
        ]
        assert recent
        for system, shown in pace.items():
            assert shown.per_minute == sum(1 for row in recent if row.system == system)
        assert pace["qbo"].limit_per_minute > 0
        await company.settle()
        company.clock.advance(120)
        later = await of_town(company, QueueState.CONFIRMED)
        assert {one.per_minute for one in later.pace} == {0}
        assert {(one.left, one.eta_s) for one in later.pace} == {(0, 0)}


async def test_a_lost_reply_is_unknown_until_it_is_looked_up(tmp_path: Path) -> None:
    async with town(tmp_path, size="small") as company:
        await company.agree()
        vendor = await some_vendor(company)
        await rename_in_dear(company, vendor)
        company.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/vendor"})
        await company.cycle("loses the reply")
        row = one(await of_town(company, QueueState.UNKNOWN))
        assert (row.state, row.attempts, row.kind) == ("unknown", 1, "vendor")
        assert row.result.startswith("unknown: ")
        assert row.request
        sending = await of_town(company, QueueState.SENDING)
        assert (sending.rows, sending.total) == ((), 0)
        assert sending.by_state["unknown"] == 1
        both = await of_town(company, QueueState.SENDING, QueueState.UNKNOWN, said="state:unknown")
        assert one(both).operation == row.operation
        assert {one.in_flight for one in both.pace} == {0}
        await company.settle()
        found = await of_town(company, QueueState.CONFIRMED)
        assert found.rows[0].operation == row.operation
        assert found.rows[0].result == "confirmed (probe)"


async def test_a_refusal_is_told_with_its_code(tmp_path: Path) -> None:
    async with town(tmp_path, size="small") as company:
        await company.agree()
        vendor = await some_vendor(company)
        await rename_in_dear(company, vendor)
        error = {"Message": "Required parameter missing", "Detail": "x", "code": "2020"}
        fault = {"Fault": {"Error": [error], "type": "ValidationFault"}}
        where = {"system": "qbo", "method": "POST", "path": "*/vendor"}
        company.fail({**where, "kind": "status", "status": 400, "body": json.dumps(fault)})
        await company.cycle("is refused")
        rows = (await of_town(company, *ALL)).rows
        (row,) = [row for row in rows if row.state == "rejected"]
        assert row.result.startswith("2020: ")


async def some_vendor(company: Town) -> str:
    """The id in DEAR of a supplier that both systems have."""
    rows = await company.ledger.read(lambda views: views.records(Kind.VENDOR))
    shown = await company.ledger.read(lambda views: views.views(rows))
    return next(view.sides[DEAR].ref.id for view in shown if {DEAR, QBO} <= set(view.sides))


async def rename_in_dear(company: Town, vendor: str) -> None:
    await company.edit("dear", {"kind": "supplier", "id": vendor, "set": {"Contacts": []}})


def steps(db: sqlite3.Connection, states: Sequence[str], terms: Filter, order: str) -> list[str]:
    sql, values = views_queue._matching(set(states), terms)
    sql = f"EXPLAIN QUERY PLAN {sql} ORDER BY 2 {order}, 1 {order} LIMIT ? OFFSET ?"
    return [row[3] for row in db.execute(sql, [*values, 100, 0])]


@pytest.mark.parametrize(
    ("states", "order"), [(views_queue.OPEN, "ASC"), (views_queue.FINISHED, "DESC")]
)
def test_a_page_is_merged_from_indexes_and_never_sorted(
    db: sqlite3.Connection, states: Sequence[str], order: str
) -> None:
    narrowed = (
        Term(column="to", operator=Operator.IS, values=("qbo",)),
        Term(column="", operator=Operator.HAS, values=("x",)),
    )
    for terms in ((), narrowed):
        taken = steps(db, states, terms, order)
        assert "MERGE (UNION ALL)" in taken
        searches = [step for step in taken if "operation_" in step]
        assert len(searches) == len(set(states) - {"unknown"})
        assert all(step.startswith("SEARCH o USING") for step in searches)
        assert not any("SCAN" in step or "TEMP B-TREE" in step for step in taken)


async def test_what_the_queue_is_looked_through_by_survives_the_end_of_its_body(
    tmp_path: Path,
) -> None:
    async with town(tmp_path, size="small") as company:
        await company.cycle("first load")
        row = (await of_town(company, *ALL)).rows[0]
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        (body,) = connection.execute(
            "SELECT payload FROM operation WHERE operation = ?", (row.operation,)
        ).fetchone()
        gone = (body, "2026-08-01T00:00:00.000000Z", "test", "retention")
        connection.execute("INSERT INTO payload_erasure VALUES (?, ?, ?, ?)", gone)
        connection.execute("DELETE FROM payload WHERE digest = ?", (body,))
    report = verify_file(path, key=TOWN_KEY)
    assert (report.problems, report.erased) == ((), 1)
    rebuild(path, key=TOWN_KEY, now=lambda: BEGIN)
    ledger = await Ledger.open(path, now=lambda: BEGIN, key=TOWN_KEY, read_only=True)

    def ask(views: Views) -> QueueAnswer:
        query = QueueQuery(filter=f"digest:{row.digest}", states=ALL)
        return the_queue(views, query, as_of=BEGIN, home_currency="USD", connectors={})

    try:
        found = one(await ledger.read(ask))
    finally:
        await ledger.close()
    assert (found.system, found.action, found.kind) == (row.system, row.action, row.kind)
    assert (found.label, found.amount) == (row.label, None)


async def test_a_queue_can_be_read_without_a_daemon(office: Office, daemon: ControlClient) -> None:
    await office.renamed_vendor()
    await office.plan()
    told = await daemon.queue(QueueQuery())
    path = office.socket.with_name("ledger.db")
    ledger = await Ledger.open(path, now=office.clock.now, key=KEY, read_only=True)

    def ask(views: Views) -> QueueAnswer:
        return the_queue(
            views, QueueQuery(), as_of=office.clock.now(), home_currency="USD", connectors={}
        )

    try:
        shown = await ledger.read(ask)
    finally:
        await ledger.close()
    assert shown.rows == told.rows
    assert shown.pace == ()
