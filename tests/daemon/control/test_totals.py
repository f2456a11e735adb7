"""Both sides' totals as a table: what counts, where, and which reason a difference is given."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.totals import (
    By,
    Cell,
    Differing,
    Further,
    Reason,
    Rules,
    Tally,
    by_importance,
    in_order,
    needs_more,
)
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import Action
from ledger.model.values import Reference
from ledger.store.rows import DocumentHold, DocumentRow, DocumentSide, DocumentWork

QBO, DEAR = SystemName("qbo"), SystemName("dear")
RULES = Rules(
    books=QBO,
    home_currency="USD",
    since={Kind.BILL: "2026-01-01", Kind.INVOICE: "2026-01-01"},
    tolerance={Kind.BILL: Decimal("0.01"), Kind.INVOICE: Decimal("0.01")},
)


def side(system: SystemName, total: str | None = "100.00", **more: object) -> DocumentSide:
    values: dict[str, object] = {
        "ref": ExternalRef(system, Kind.BILL, "1"),
        "number": "B-1",
        "date": "2026-03-10",
        "currency": "USD",
        "status": "open",
        "total": None if total is None else Decimal(total),
        "tax_total": Decimal("0.00"),
        "party_record": RecordId("vendor-a"),
    }
    return DocumentSide(**(values | more))  # type: ignore[arg-type]


def row(*sides: DocumentSide, **more: object) -> DocumentRow:
    by_system = {one.ref.system: one for one in sides}
    return DocumentRow(record=RecordId("bill-1"), kind=Kind.BILL, sides=by_system, **more)  # type: ignore[arg-type]


def hold(code: HoldCode, field: str = "") -> DocumentHold:
    return DocumentHold(code=code, text=f"because {code.value}", field=field, since="")


def work(state: str = "waiting") -> DocumentWork:
    return DocumentWork(action=Action.UPDATE, system=QBO, state=state, reason="", text="")


def counted(
    document: DocumentRow, further: Further | None = None, by: By = By.KIND, rules: Rules = RULES
) -> tuple[Tally, Differing | None]:
    tally = Tally(rules, by)
    return tally, tally.add(document, further)


def reason(document: DocumentRow, further: Further | None = None) -> tuple[Reason, str, str]:
    """The one reason of the one difference, with its amount."""
    tally, found = counted(document, further)
    assert found is not None
    (line,) = tally.lines.values()
    ((why, figure),) = line.parts.items()
    assert why == found.why
    assert figure.amount == line.difference == found.difference
    return why.reason, why.detail, f"{figure.amount:f}"


def test_equal_documents_count_on_both_sides_and_differ_in_nothing() -> None:
    tally, found = counted(row(side(DEAR, "100.0"), side(QBO, "100.00")))
    assert found is None
    line = tally.lines[Cell(Kind.BILL, "USD", "")]
    assert (line.source.count, line.books.count) == (1, 1)
    assert (line.source.amount, line.books.amount) == (Decimal(100), Decimal(100))
    assert line.parts == {}


DISCREPANT, MISSING = HoldCode.DISCREPANT, HoldCode.MISSING_REFERENCE


@pytest.mark.parametrize(
    ("document", "further", "expected"),
    [
        (
            row(side(DEAR, "100.00"), side(QBO, "100.01", tax_total=Decimal("0.01"))),
            None,
            (Reason.VARIANCE, "", "0.01"),
        ),
        (
            row(
                side(DEAR, "100.00"),
                side(QBO, "100.01", tax_total=Decimal("0.01")),
                holds=(hold(HoldCode.FOREIGN_EDIT, "memo"),),
            ),
            None,
            (Reason.VARIANCE, "", "0.01"),
        ),
        (
            row(side(DEAR), holds=(hold(MISSING, "vendor"),)),
            None,
            (Reason.HELD, "missing_reference", "-100.00"),
        ),
        (
            row(side(DEAR), holds=(hold(MISSING, "lines[3].item"),)),
            None,
            (Reason.HELD, "missing_reference", "-100.00"),
        ),
        (
            row(side(DEAR), side(QBO, "99.00"), holds=(hold(DISCREPANT, "total"),)),
            None,
            (Reason.HELD, "discrepant", "-1.00"),
        ),
        (row(side(DEAR), work=(work("planned"),)), None, (Reason.WAITING, "planned", "-100.00")),
        (
            row(
                side(DEAR),
                side(QBO, "90.00"),
                holds=(hold(HoldCode.FOREIGN_EDIT, "memo"),),
                work=(work(),),
            ),
            None,
            (Reason.WAITING, "waiting", "-10.00"),
        ),
        (
            row(side(DEAR), side(QBO, "90.00"), holds=(hold(HoldCode.FOREIGN_EDIT, "memo"),)),
            None,
            (Reason.HELD, "foreign_edit", "-10.00"),
        ),
        (
            row(
                side(DEAR),
                side(QBO, "90.00"),
                holds=(hold(HoldCode.TOTALS_DIFFER, "total"),),
                work=(work(),),
            ),
            None,
            (Reason.HELD, "totals_differ", "-10.00"),
        ),
        (
            row(side(DEAR, currency="EUR"), holds=(hold(HoldCode.FOREIGN_CURRENCY, "currency"),)),
            None,
            (Reason.FOREIGN_CURRENCY, "", "-100.00"),
        ),
        (row(side(QBO)), None, (Reason.ONLY_IN_BOOKS, "", "100.00")),
        (
            row(side(DEAR, out_of_scope="a project"), side(QBO)),
            None,
            (Reason.OUT_OF_SCOPE, "", "100.00"),
        ),
        (
            row(side(DEAR, problem="no lines"), side(QBO)),
            None,
            (Reason.HELD, "unreadable", "100.00"),
        ),
        (row(side(DEAR, date="2025-12-31"), side(QBO)), None, (Reason.BEFORE_SINCE, "", "100.00")),
        (row(side(DEAR), side(QBO, date="2025-12-31")), None, (Reason.BEFORE_SINCE, "", "-100.00")),
        (
            row(side(DEAR, status="voided"), side(QBO), holds=(hold(HoldCode.SETTLED),)),
            None,
            (Reason.HELD, "settled", "100.00"),
        ),
        (
            row(side(DEAR), side(QBO, "0.00", status="voided"), holds=(hold(HoldCode.VOIDED),)),
            None,
            (Reason.HELD, "voided", "-100.00"),
        ),
        (
            row(side(DEAR), side(QBO, "98.00")),
            Further(is_accepted=True),
            (Reason.ACCEPTED, "", "-2.00"),
        ),
        (
            row(side(DEAR), side(QBO, "98.00")),
            Further(is_under_way=True),
            (Reason.WAITING, "not_planned", "-2.00"),
        ),
        (row(side(DEAR), side(QBO, "98.00")), Further(), (Reason.UNEXPLAINED, "", "-2.00")),
        (row(side(DEAR), side(QBO, "98.00")), None, (Reason.UNEXPLAINED, "", "-2.00")),
        (row(side(DEAR, tombstone="gone"), side(QBO)), None, (Reason.UNEXPLAINED, "", "100.00")),
        # A cent that is not of the tax, or more than is let pass, is no variance.
        (row(side(DEAR), side(QBO, "100.01")), None, (Reason.UNEXPLAINED, "", "0.01")),
        (
            row(side(DEAR), side(QBO, "100.02", tax_total=Decimal("0.02"))),
            None,
            (Reason.UNEXPLAINED, "", "0.02"),
        ),
    ],
)
def test_the_reason_of_a_difference(
    document: DocumentRow, further: Further | None, expected: tuple[Reason, str, str]
) -> None:
    assert reason(document, further) == expected


def test_a_kind_that_is_switched_off_says_so() -> None:
    rules = msgspec.structs.replace(RULES, off=frozenset({Kind.BILL}))
    _, found = counted(row(side(DEAR)), rules=rules)
    assert found is not None
    assert found.why.reason is Reason.OFF


@pytest.mark.parametrize(
    "document",
    [
        row(side(DEAR, status="draft")),
        row(side(DEAR, status="voided")),
        row(side(DEAR, status="draft"), side(QBO, status="voided")),
        row(side(QBO, tombstone="cdc stub")),
        row(side(DEAR, out_of_scope="a project")),
    ],
)
def test_what_does_not_stand_does_not_count(document: DocumentRow) -> None:
    tally, found = counted(document)
    assert (tally.lines, tally.early, found) == ({}, {}, None)


def test_what_is_dated_before_the_first_day_is_apart() -> None:
    old = (side(DEAR, date="2025-12-31"), side(QBO, "90.00", date="2025-12-31"))
    tally, found = counted(row(*old))
    assert found is None
    assert tally.lines == {}
    line = tally.early[Cell(Kind.BILL, "USD", "")]
    assert (line.source.amount, line.books.amount) == (Decimal(100), Decimal(90))


def test_without_a_first_day_all_of_a_kind_is_apart() -> None:
    rules = msgspec.structs.replace(RULES, since={})
    tally, _ = counted(row(side(DEAR), side(QBO)), rules=rules)
    assert tally.lines == {}
    assert tally.early[Cell(Kind.BILL, "USD", "")].source.count == 1


def test_each_side_counts_in_the_month_that_it_shows() -> None:
    document = row(
        side(DEAR, "100.00", date="2026-03-31"),
        side(QBO, "101.00", date="2026-04-01"),
        holds=(hold(HoldCode.FOREIGN_EDIT, "date"),),
    )
    tally, found = counted(document, by=By.MONTH)
    march = tally.lines[Cell(Kind.BILL, "USD", "2026-03")]
    april = tally.lines[Cell(Kind.BILL, "USD", "2026-04")]
    assert (march.difference, april.difference) == (Decimal(-100), Decimal(101))
    assert found is not None
    assert march.parts[found.why].amount == Decimal(-100)
    assert april.parts[found.why].amount == Decimal(101)
    assert counted(document)[0].lines[Cell(Kind.BILL, "USD", "")].difference == Decimal(1)


def test_the_same_sum_in_another_month_differs_only_by_month() -> None:
    document = row(side(DEAR, date="2026-03-31"), side(QBO, date="2026-04-01"))
    assert counted(document)[1] is None
    assert counted(document, by=By.MONTH)[1] is not None
    assert needs_more(document, RULES)


def test_one_month_alone() -> None:
    rules = msgspec.structs.replace(RULES, first="2026-03-01", last="2026-03-31")
    document = row(side(DEAR, date="2026-03-31"), side(QBO, date="2026-04-01"))
    tally, _ = counted(document, by=By.MONTH, rules=rules)
    assert set(tally.lines) == {Cell(Kind.BILL, "USD", "2026-03")}
    assert counted(row(side(DEAR, date="2026-02-01")), rules=rules)[0].lines == {}


def test_currencies_are_never_added_up() -> None:
    tally = Tally(RULES, By.KIND)
    tally.add(row(side(DEAR), side(QBO, currency="")))
    tally.add(row(side(DEAR, currency="EUR"), holds=(hold(HoldCode.FOREIGN_CURRENCY),)))
    assert {cell.currency: line.source.amount for cell, line in tally.lines.items()} == {
        "USD": Decimal(100),
        "EUR": Decimal(100),
    }


def test_a_document_in_two_currencies_differs_in_both() -> None:
    tally, found = counted(row(side(DEAR, currency="EUR"), side(QBO, currency="USD")))
    assert found is not None
    assert found.why.reason is Reason.UNEXPLAINED
    assert {cell.currency: line.difference for cell, line in tally.lines.items()} == {
        "EUR": Decimal(-100),
        "USD": Decimal(100),
    }


def test_parties_are_told_apart_by_their_records() -> None:
    stranger = Reference(kind=Kind.VENDOR, key="Bolts")
    tally = Tally(RULES, By.PARTY)
    tally.add(row(side(DEAR), side(QBO)))
    tally.add(row(side(DEAR, party_record=None, party=stranger), holds=(hold(MISSING, "vendor"),)))
    assert {cell.group for cell in tally.lines} == {"vendor-a", "another dear: Bolts"}


def test_only_what_nothing_explains_is_looked_at_closer() -> None:
    assert needs_more(row(side(DEAR), side(QBO, "98.00")), RULES)
    assert not needs_more(row(side(DEAR), side(QBO)), RULES)
    assert not needs_more(row(side(DEAR), work=(work(),)), RULES)
    cent = row(side(DEAR), side(QBO, "100.01", tax_total=Decimal("0.01")))
    assert not needs_more(cent, RULES)
    assert not needs_more(row(side(DEAR, status="draft")), RULES)


def test_what_nothing_explains_comes_first() -> None:
    found = [
        counted(row(side(DEAR, number="2"), work=(work(),)))[1],
        counted(row(side(DEAR, number="9"), side(QBO, "98.00")))[1],
        counted(row(side(DEAR, number="1"), work=(work(),)))[1],
    ]
    ordered = sorted((one for one in found if one is not None), key=by_importance)
    assert [one.source.number for one in ordered if one.source is not None] == ["9", "1", "2"]


def test_rows_come_in_the_order_of_the_kinds() -> None:
    tally = Tally(RULES, By.MONTH)
    for kind, month in ((Kind.INVOICE, "02"), (Kind.BILL, "03"), (Kind.BILL, "01")):
        shown = side(DEAR, date=f"2026-{month}-01", ref=ExternalRef(DEAR, kind, "1"))
        tally.add(msgspec.structs.replace(row(shown), kind=kind))
    cells = [(cell.kind, cell.group) for cell, _ in in_order(tally.lines)]
    assert cells == [
        (Kind.BILL, "2026-01"),
        (Kind.BILL, "2026-03"),
        (Kind.INVOICE, "2026-02"),
    ]


SIDES = st.builds(
    side,
    st.sampled_from([DEAR, QBO]),
    st.one_of(st.none(), st.decimals("-999.99", "999.99", places=2).map(str)),
    date=st.sampled_from(["", "2025-12-31", "2026-03-31", "2026-04-01"]),
    status=st.sampled_from(["draft", "open", "closed", "voided", ""]),
    currency=st.sampled_from(["USD", "EUR", ""]),
    tombstone=st.sampled_from(["", "", "gone"]),
    problem=st.sampled_from(["", "", "odd"]),
    party_record=st.sampled_from([None, RecordId("vendor-a"), RecordId("vendor-b")]),
)
ROWS = st.builds(
    row,
    SIDES,
    SIDES,
    holds=st.lists(
        st.builds(hold, st.sampled_from(HoldCode), st.sampled_from(["", "memo", "lines[1].item"])),
        max_size=2,
    ).map(tuple),
    work=st.lists(st.builds(work), max_size=1).map(tuple),
)


@given(st.lists(ROWS, max_size=12), st.sampled_from(By), st.sampled_from(["", "2026-03"]))
def test_the_parts_always_add_up_to_the_difference(
    rows: Iterable[DocumentRow], by: By, month: str
) -> None:
    days = (f"{month}-01", f"{month}-31") if month else ("", "")
    tally = Tally(msgspec.structs.replace(RULES, first=days[0], last=days[1]), by)
    found = [tally.add(one) for one in rows]
    for line in tally.lines.values():
        parts = sum((figure.amount for figure in line.parts.values()), Decimal())
        assert parts == line.difference == line.books.amount - line.source.amount
    differences = sum((one.difference for one in found if one is not None), Decimal())
    assert differences == sum((line.difference for line in tally.lines.values()), Decimal())
