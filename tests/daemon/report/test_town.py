"""The report of a company that lives: both simulators, real connectors, documents really posted."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from bench.year_sides import compare
from daemon.control.protocol_report import RecordShown, ReportRequest, ReportSummary
from daemon.control.reporting import Origin, report
from daemon.report.collect import Collected, Lines, parse_record, parse_summary, residue
from daemon.sandbox.dear.history import play
from daemon.sandbox.world import make_trading_world
from tests.town import Town, town

JANUARY = date(2026, 1, 1)


async def made(one: Town, period: str) -> tuple[ReportSummary, list[RecordShown]]:
    """A report, proved by its own records."""
    origin = Origin(
        company="Town",
        instance="town",
        version="0",
        made_by="test",
        timezone="UTC",
        as_of=one.clock.now(),
    )
    policy = one.scheduler.company.policy
    cut = Lines()
    chunks = report(one.ledger, policy, ReportRequest(period=period), origin)
    lines = [line async for chunk in chunks for line in cut.feed(chunk)]
    collected = Collected(parse_summary(lines[0]))
    records = [parse_record(line) for line in lines[1:]]
    for record in records:
        collected.add(record)
    collected.close()
    return collected.summary, records


async def test_two_months_of_a_company_reconcile_to_the_cent(tmp_path: Path) -> None:
    world = make_trading_world(5, scale=0.01)
    async with town(tmp_path, world=world, documents_since=JANUARY.isoformat()) as one:
        played = play(one.dear.state, 5, purchases=12, sales=16, start=JANUARY, days=50)
        assert played.purchases
        await one.cycle("first load")
        before, _ = await made(one, "2026")
        assert before.open > 0
        assert before.unexplained == 0
        for _ in range(6):
            await one.approve_all()
            await one.cycle("post")
        year, records = await made(one, "2026-01-01..2026-12-31")
        january, _ = await made(one, "2026-01")
        rest, _ = await made(one, "2026-02-01..2026-12-31")
        found = await compare(one.dear, one.qbo, one.ledger, JANUARY.isoformat())

    assert year.unexplained == january.unexplained == rest.unexplained == 0
    assert all(residue(one) == 0 for one in (*year.statements, *january.statements))
    for kind, (count, dear_total, _, books_total) in found.counts.items():
        mine = [one for one in year.statements if one.kind == kind.value]
        assert sum(one.source_count for one in mine) == count
        assert _sum(year, kind.value, "source_total") == dear_total
        assert _sum(year, kind.value, "books_total") == books_total
        for name in ("source_total", "books_total"):
            parts = _sum(january, kind.value, name) + _sum(rest, kind.value, name)
            assert parts == _sum(year, kind.value, name), "months add up to the year"
    posted = [record for record in records if record.section == "agreed"]
    assert posted
    assert not any(record.late for record in posted), "the year is not over"
    late = sum(one.late_count for one in january.statements)
    assert late == sum(one.agreed.count for one in january.statements) > 0, (
        "all of January was posted in March"
    )


def _sum(summary: ReportSummary, kind: str, name: str) -> Decimal:
    return sum(
        (Decimal(getattr(one, name)) for one in summary.statements if one.kind == kind), Decimal()
    )
