"""The report from a real ledger over a real socket."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_report import RecordShown, ReportRequest, ReportSummary
from daemon.control.reporting import PAGE
from daemon.report.collect import Collected, Lines, parse_record, parse_summary
from ledger.model.entries import Released
from ledger.model.ids import RecordId
from tests.daemon.control.conftest import DEAR, QBO, Office
from tests.daemon.control.papers import agreed_bill, bill, furnish

MARCH = ReportRequest(period="2026-03")


async def made(
    daemon: ControlClient, request: ReportRequest = MARCH
) -> tuple[ReportSummary, list[RecordShown]]:
    """The report, proved as the command line proves it."""
    cut = Lines()
    lines = [line async for chunk in daemon.report(request) for line in cut.feed(chunk)]
    collected = Collected(parse_summary(lines[0]))
    records = [parse_record(line) for line in lines[1:]]
    for record in records:
        collected.add(record)
    collected.close()
    return collected.summary, records


async def released(office: Office, record: RecordId) -> None:
    """What the ledger holds of a record is let go, and nobody has looked at it since."""
    holds = await office.ledger.read(lambda views: views.holds(record=record))
    draft = office.ledger.draft()
    for row in holds:
        draft.add(Released(record=row.record, subject=row.subject, reason="test"))
    await office.ledger.append(draft)


async def test_two_bills_that_agree(office: Office, daemon: ControlClient) -> None:
    await agreed_bill(office)
    summary, (record,) = await made(daemon)
    (one,) = summary.statements
    assert (one.kind, one.currency) == ("bill", "USD")
    assert (one.source_total, one.books_total, one.difference) == ("195.00", "195.00", "0.00")
    assert (one.agreed.count, one.agreed.books_total) == (1, "195.00")
    assert [(line.section, line.count) for line in one.lines] == [("unexplained", 0)]
    assert (record.section, record.number, record.party) == ("agreed", "INV-77", "Sierra Bolts")
    assert (record.source_ref, record.books_ref) == ("dear/bill/db1", "qbo/bill/b1")
    assert (summary.unexplained, summary.open, summary.records) == (0, 0, 1)


async def test_it_names_what_it_was_made_from(office: Office, daemon: ControlClient) -> None:
    await agreed_bill(office)
    summary, (record,) = await made(daemon)
    head, head_hash = await office.ledger.read(lambda views: views.head())
    assert (summary.head, summary.head_hash) == (head, head_hash)
    assert summary.as_of == office.clock.now()
    assert "uid" in summary.made_by
    assert (summary.period, summary.first, summary.last) == ("2026-03", "2026-03-01", "2026-03-31")
    assert summary.is_over
    assert summary.complete
    assert {one.kind: one.in_both for one in summary.masters} == {
        "tax_code": 1,
        "vendor": 1,
        "item": 2,
    }
    told = {row.seq: row.entry for row in await office.ledger.read(lambda v: v.entries(0, 1000))}
    for seq, ref in ((record.source_seq, record.source_ref), (record.books_seq, record.books_ref)):
        assert str(getattr(told[seq], "ref", "")) == ref, "the entry shows what the figure says"


async def test_a_bill_that_waits_is_pending_with_its_reason(
    office: Office, daemon: ControlClient
) -> None:
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    summary, (record,) = await made(daemon)
    line, last = summary.statements[0].lines
    assert (line.section, line.detail, line.reason) == ("pending", "waiting", "first_plan")
    assert (line.difference, last.difference) == ("-195.00", "0.00")
    assert (record.books_total, record.difference, record.section) == (None, "-195.00", "pending")
    assert record.since
    assert summary.open == 1


async def test_an_edit_in_the_books_is_held_and_then_unexplained(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    await office.plan()
    summary, (held,) = await made(daemon)
    assert (held.section, held.detail, held.difference) == ("held", "foreign_edit", "-12.00")
    assert summary.unexplained == 0
    await released(office, record)
    draft = office.ledger.draft()
    draft.decided([record], as_of=office.ledger.head)
    await office.ledger.append(draft)
    summary, (stray,) = await made(daemon)
    assert (stray.section, stray.difference) == ("unexplained", "-12.00")
    assert (summary.unexplained, summary.statements[0].lines[-1].difference) == (1, "-12.00")


async def test_a_date_in_another_month_is_a_timing_difference(
    office: Office, daemon: ControlClient
) -> None:
    await agreed_bill(office)
    await office.show(QBO, "b1", bill(in_qbo=True, date="2026-04-02"))
    await office.plan()
    (_, (march,)), (_, (april,)) = [
        await made(daemon, ReportRequest(period=period)) for period in ("2026-03", "2026-04")
    ]
    assert (march.section, march.detail, march.difference) == ("timing", "held", "-195.00")
    assert (april.section, april.difference) == ("timing", "195.00")
    summary, (quarter,) = await made(daemon, ReportRequest(period="2026-03-01..2026-04-30"))
    assert quarter.section == "agreed"
    assert quarter.open_besides.startswith("held: ")
    assert summary.statements[0].open_besides == 1


async def test_without_agreed_records_they_are_counted_all_the_same(
    office: Office, daemon: ControlClient
) -> None:
    await agreed_bill(office)
    summary, records = await made(daemon, ReportRequest(period="2026", agreed=False))
    assert records == []
    assert summary.statements[0].agreed.count == 1


async def test_more_documents_than_are_read_in_one_go(
    office: Office, daemon: ControlClient
) -> None:
    count = PAGE + 3
    for number in range(count):
        await office.show(QBO, f"b{number}", bill(in_qbo=True, number=f"RENT-{number}"))
    summary, records = await made(daemon)
    (one,) = summary.statements
    assert (one.books_count, one.books_total) == (count, f"{195 * count}.00")
    assert len({record.number for record in records}) == count


async def test_some_kinds_alone(office: Office, daemon: ControlClient) -> None:
    await agreed_bill(office)
    summary, records = await made(daemon, ReportRequest(period="2026", kinds=("vendor",)))
    assert (summary.statements, records) == ((), [])
    assert [one.kind for one in summary.masters] == ["vendor"]
    summary, records = await made(daemon, ReportRequest(period="2026", kinds=("bill",)))
    assert (len(records), summary.masters) == (1, ())


async def test_a_period_that_goes_on_says_so(office: Office, daemon: ControlClient) -> None:
    office.clock.at = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    assert not (await made(daemon))[0].is_over
    office.clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    assert (await made(daemon))[0].is_over


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (ReportRequest(period="2026-13"), "no month"),
        (ReportRequest(period="last month"), "is not a period"),
        (ReportRequest(period="2026", kinds=("socks",)), "is not a kind of record"),
    ],
)
async def test_what_cannot_be_reported_is_refused_before_anything_is_sent(
    daemon: ControlClient, request_: ReportRequest, told: str
) -> None:
    with pytest.raises(Declined, match=told) as refused:
        await made(daemon, request_)
    assert refused.value.code is Code.BAD_REQUEST


async def test_what_happens_meanwhile_is_in_no_figure(office: Office, tmp_path: Path) -> None:
    """A report is of one moment: an entry that comes while it is read is not in it."""
    await agreed_bill(office)
    steps = office.ledger.walk(lambda views: iter([views.head()[0], views.head()[0]]))
    before = await anext(steps)
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    later = office.ledger.walk(lambda views: iter([views.head()[0]]))
    assert await anext(later) > before
    assert await anext(steps) == before
    await steps.aclose()
    await later.aclose()


async def test_a_reader_that_leaves_early_leaves_nothing_open(
    office: Office, daemon: ControlClient
) -> None:
    await agreed_bill(office)
    stream = daemon.report(MARCH)
    first = await anext(stream)
    assert json.loads(first.splitlines()[0])["report"] == "trueup.reconciliation/1"
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator
    summary, _ = await asyncio.wait_for(made(daemon), 60)
    assert summary.records == 1
