"""The equation of the report, on worlds of every sort: nothing is lost and nothing is hidden."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.protocol_report import RecordShown, ReportSummary, StatementShown
from daemon.control.reconciliation import BUCKETS, Reconciliation, age
from daemon.control.report_shapes import shown_master, shown_statements
from daemon.report.collect import Collected, ReportBroken, parse_record, residue
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId
from ledger.store.rows import DocumentRow, Standing
from tests.daemon.report.worlds import (
    AS_OF,
    DEAR,
    QBO,
    RULES,
    collected,
    document,
    every_line,
    hold,
    injected,
    reconciled,
    side,
    work,
)

SIDES = st.builds(
    side,
    st.sampled_from([DEAR, QBO]),
    st.one_of(st.none(), st.decimals("-9999.99", "9999.99", places=2).map(str)),
    date=st.sampled_from(
        ["", "2025-12-31", "2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01"]
    ),
    status=st.sampled_from(["draft", "open", "open", "closed", "voided", ""]),
    currency=st.sampled_from(["USD", "EUR", ""]),
    tombstone=st.sampled_from(["", "", "", "gone"]),
    problem=st.sampled_from(["", "", "", "odd"]),
    out_of_scope=st.sampled_from(["", "", "", "a project"]),
    party_record=st.sampled_from([None, RecordId("vendor-a"), RecordId("vendor-b")]),
    tax_total=st.decimals("0", "0.02", places=2),
)
HOLDS = st.builds(
    hold, st.sampled_from(HoldCode), st.sampled_from(["", "date", "total", "memo", "lines[1].item"])
)
WORK = st.builds(
    work, st.sampled_from(["planned", "waiting", "approved", "intended"]), st.just("first_plan")
)


@st.composite
def worlds(draw: st.DrawFn) -> list[DocumentRow]:
    return [
        document(
            number,
            *draw(st.lists(SIDES, min_size=1, max_size=2)),
            kind=draw(st.sampled_from([Kind.BILL, Kind.INVOICE])),
            holds=tuple(draw(st.lists(HOLDS, max_size=2))),
            work=tuple(draw(st.lists(WORK, max_size=1))),
            skipped=draw(st.sampled_from(["", "", "", "later"])),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


def by_hand(rows: Sequence[DocumentRow], system: str) -> dict[tuple[str, str], Decimal]:
    """Both totals as somebody adds them up who knows nothing of reasons."""
    totals: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        for name, one in row.sides.items():
            stands = one.status in ("open", "closed") and not one.tombstone and not one.problem
            if name == system and stands and "2026-10-01" <= one.date <= "2026-10-31":
                if name == DEAR and one.out_of_scope:
                    continue
                key = (row.kind.value, one.currency or "USD")
                totals[key] = totals.get(key, Decimal()) + (one.total or Decimal())
    return totals


@given(worlds())
def test_source_total_and_differences_are_the_books_total(rows: list[DocumentRow]) -> None:
    summary, lines = reconciled(rows)
    for one in summary.statements:
        assert residue(one) == 0
        key = (one.kind, one.currency)
        assert Decimal(one.source_total) == by_hand(rows, DEAR).get(key, 0)
        assert Decimal(one.books_total) == by_hand(rows, QBO).get(key, 0)
        explained = sum((Decimal(line.difference) for line in one.lines[:-1]), Decimal())
        unexplained = Decimal(one.lines[-1].difference)
        assert Decimal(one.source_total) + explained + unexplained == Decimal(one.books_total)
        assert one.lines[-1].section == "unexplained"
    cells = {(one.kind, one.currency) for one in summary.statements}
    assert by_hand(rows, DEAR).keys() | by_hand(rows, QBO).keys() <= cells
    report = Collected(summary)
    for line in lines:
        report.add(parse_record(line.encode()))
    report.close()


@given(worlds())
def test_every_document_that_counts_is_in_one_line(rows: list[DocumentRow]) -> None:
    summary, lines = reconciled(rows)
    records = [parse_record(line.encode()) for line in lines]
    for one in summary.statements:
        here = [r for r in records if (r.kind, r.currency) == (one.kind, one.currency)]
        inside = [r for r in here if r.section not in ("early", "not_counted")]
        assert sum(r.source_total is not None for r in inside) == one.source_count
        assert sum(r.books_total is not None for r in inside) == one.books_count
        assert len(inside) == one.agreed.count + sum(line.count for line in one.lines)
    places = [(r.record, r.currency) for r in records]
    assert len(places) == len(set(places)), "nothing is counted twice"


@given(worlds(), st.decimals("-9999.99", "9999.99", places=2).filter(bool), st.integers(0, 12))
def test_an_injected_difference_is_shown_and_not_hidden(
    rows: list[DocumentRow], amount: Decimal, place: int
) -> None:
    before = unexplained(reconciled(rows)[0])
    stray = document(901, side(DEAR, "500.00"), side(QBO, str(500 + amount)))
    summary, lines = reconciled([*rows[:place], stray, *rows[place:]])
    after = unexplained(summary)
    assert (after[0] - before[0], after[1] - before[1]) == (1, amount)
    assert summary.unexplained == after[0]
    (record,) = [r for r in map(_record, lines) if r.record == stray.record]
    assert (record.section, Decimal(record.difference)) == ("unexplained", amount)


def _record(line: str) -> RecordShown:
    return parse_record(line.encode())


def unexplained(summary: ReportSummary) -> tuple[int, Decimal]:
    """Of bills in dollars; how many in all kinds."""
    lines = [one.lines[-1] for one in summary.statements]
    amounts = [
        Decimal(one.lines[-1].difference)
        for one in summary.statements
        if (one.kind, one.currency) == ("bill", "USD")
    ]
    return sum(line.count for line in lines), sum(amounts, Decimal())


def test_two_differences_that_cancel_out_are_still_two() -> None:
    pair = [
        document(1, side(DEAR, "10.00"), side(QBO, "15.00")),
        document(2, side(DEAR, "15.00"), side(QBO, "10.00")),
    ]
    summary, _ = reconciled(pair)
    assert summary.statements[0].difference == "0.00"
    assert summary.statements[0].lines[-1].count == summary.unexplained == 2


def sections() -> dict[str, tuple[str, str, str]]:
    _, lines = reconciled(every_line())
    records = [_record(line) for line in lines]
    return {r.record: (r.section, r.detail, r.reason) for r in records}


def test_each_document_is_in_the_line_that_its_state_asks_for() -> None:
    found = sections()
    assert {record: line for record, line in found.items() if record < "bill-0100"} == {
        "bill-0001": ("agreed", "", ""),
        "bill-0002": ("pending", "waiting", "first_plan"),
        "bill-0003": ("pending", "approved", ""),
        "bill-0004": ("held", "missing_reference", ""),
        "bill-0005": ("discrepant", "", ""),
        "bill-0006": ("skipped", "", ""),
        "bill-0007": ("variance", "", ""),
        "bill-0008": ("only_in_books", "", ""),
        "bill-0009": ("timing", "held", "foreign_edit"),
        "bill-0010": ("foreign_currency", "", ""),
        "bill-0011": ("before_since", "", ""),
        "bill-0012": ("out_of_scope", "", ""),
        "bill-0013": ("not_counted", "", ""),
        "bill-0014": ("agreed", "", ""),
    }


def test_what_is_of_another_month_is_in_no_line() -> None:
    assert "bill-0015" not in sections()


def test_a_line_tells_who_set_it_aside_and_what_else_is_open() -> None:
    _, lines = reconciled(every_line())
    records = {r.record: r for r in map(_record, lines)}
    skipped = records["bill-0006"]
    assert (skipped.text, skipped.by) == ("paid in cash", "ann (uid 1000)")
    assert records["bill-0014"].open_besides.startswith("held: ")
    assert (records["bill-0005"].seq, records["bill-0005"].books_seq) == (40, 8)


def test_another_date_without_a_reason_is_unexplained_and_no_timing_difference() -> None:
    rows = [document(1, side(DEAR), side(QBO, date="2026-11-02"))]
    _, (line,) = reconciled(rows)
    record = _record(line)
    assert record.section == "unexplained"
    assert "dated 2026-10-10 in the source and 2026-11-02 in the books" in record.text


def test_a_document_in_two_currencies_has_a_record_in_each() -> None:
    rows = [document(1, side(DEAR, "10.00", currency="EUR"), side(QBO, "11.00"))]
    summary, lines = reconciled(rows)
    assert [(r.currency, r.difference) for r in map(_record, lines)] == [
        ("EUR", "-10.00"),
        ("USD", "11.00"),
    ]
    assert [one.currency for one in summary.statements] == ["USD", "EUR"], "home currency first"


def test_what_was_written_after_the_end_is_told_apart() -> None:
    found = Reconciliation(RULES, as_of=AS_OF)
    found.add(document(1, side(DEAR), side(QBO)), late="2026-11-02T10:00:00.000000Z")
    found.add(document(2, side(DEAR), side(QBO)))
    (one,) = shown_statements(found)
    assert (one.late_count, one.late_total, one.agreed.count) == (1, "100.00", 2)


@pytest.mark.parametrize(
    ("since", "bucket"),
    [
        ("", "unknown"),
        ("2026-11-04T09:00:00.000000Z", "0-7"),
        ("2026-10-05T09:00:00.000000Z", "8-30"),
        ("2026-08-30T09:00:00.000000Z", "61-90"),
        ("2025-11-04T09:00:00.000000Z", "90+"),
    ],
)
def test_the_age_of_what_is_open(since: str, bucket: str) -> None:
    assert age(since, AS_OF) == bucket
    assert len(BUCKETS) == 4


def test_records_that_are_no_documents_are_counted_as_they_stand() -> None:
    def standing(source: str, books: str, count: int, **more: bool) -> Standing:
        return Standing(
            source=source,
            books=books,
            is_held=more.get("held", False),
            is_planned=more.get("planned", False),
            count=count,
        )

    shown = shown_master(
        Kind.VENDOR,
        [
            standing("live", "live", 10),
            standing("live", "inactive", 2, held=True),
            standing("live", "", 3, planned=True),
            standing("", "live", 4),
            standing("removed", "live", 1),
            standing("out_of_scope", "", 5),
        ],
    )
    assert (shown.source_count, shown.books_count, shown.in_both) == (15, 17, 12)
    assert (shown.agreed, shown.held, shown.pending) == (10, 2, 3)
    assert (shown.only_in_source, shown.only_in_books) == (3, 5)
    assert (shown.removed, shown.out_of_scope, shown.unreadable) == (1, 5, 0)


def test_the_largest_differences_are_kept_and_all_that_nothing_explains() -> None:
    rows = [document(n, side(DEAR, f"{n}.00"), work=(work(),)) for n in range(1, 31)]
    rows += [document(100 + n, side(DEAR, f"{n}.00"), side(QBO, "0.00")) for n in range(1, 31)]
    report = collected(rows, keep=5)
    (one,) = report.summary.statements
    pending, last = one.lines
    assert [r.source_total for r in report.kept(one, pending)] == [
        f"{n}.00" for n in range(30, 25, -1)
    ]
    assert len(report.kept(one, last)) == 30


def broken(one: StatementShown, **changes: str) -> StatementShown:
    return msgspec.structs.replace(one, **changes)


def test_a_figure_that_is_not_what_its_records_come_to_is_refused() -> None:
    summary, lines = reconciled([*every_line(), injected()])
    usd = next(one for one in summary.statements if one.currency == "USD")
    wrong = msgspec.structs.replace(usd.lines[0], difference="0.00", source_total="0.00")
    for changed, told in (
        (broken(usd, books_total="1.00"), "of the difference over"),
        (msgspec.structs.replace(usd, lines=(wrong, *usd.lines[1:])), "the records come to"),
    ):
        report = Collected(msgspec.structs.replace(summary, statements=(changed,)))
        for line in lines:
            report.add(_record(line))
        with pytest.raises(ReportBroken, match=told):
            report.close()


def test_a_record_that_did_not_arrive_is_missed() -> None:
    summary, lines = reconciled(every_line())
    report = Collected(summary)
    for line in lines[:-1]:
        report.add(_record(line))
    with pytest.raises(ReportBroken, match="announced"):
        report.close()


def test_a_month_and_its_parts_come_to_the_same() -> None:
    rows = [*every_line(), injected()]
    halves = (("2026-10-01", "2026-10-15"), ("2026-10-16", "2026-10-31"))
    whole, *parts = (
        reconciled(rows, msgspec.structs.replace(RULES, first=first, last=last))[0]
        for first, last in (("2026-10-01", "2026-10-31"), *halves)
    )
    for side_total in ("source_total", "books_total"):
        assert _sum(whole, side_total) == sum(_sum(part, side_total) for part in parts)


def _sum(summary: ReportSummary, name: str) -> Decimal:
    return sum((Decimal(getattr(one, name)) for one in summary.statements), Decimal())
