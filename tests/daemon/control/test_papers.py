"""Documents at the desk: their lines in the plan, what holds them, a person's answers, totals."""

from decimal import Decimal

import msgspec
import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, Declined, HoldShown, LinkRequest, ResolveRequest
from daemon.control.protocol_totals import TotalsAnswer, TotalsRequest, TotalsRowShown
from ledger.model.ids import RecordId
from tests.daemon.control.conftest import DEAR, QBO, Office
from tests.daemon.control.papers import agreed_bill, bill, furnish


async def the_hold(daemon: ControlClient) -> HoldShown:
    (hold,) = (await daemon.plan()).holds
    return hold


async def declined(call: object) -> Declined:
    with pytest.raises(Declined) as caught:
        await call  # type: ignore[misc]
    return caught.value


def answer_for(record: str, field: str, take: str) -> ResolveRequest:
    return ResolveRequest(record=record, field=field, take=take, reason="looked at it")


async def test_a_new_bill_is_shown_with_its_lines_and_its_total(
    office: Office, daemon: ControlClient
) -> None:
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    plan = await daemon.plan()
    (operation,) = plan.operations
    assert plan.totals.by_action == {"create bill in qbo": 1}
    assert operation.title == "INV-77, Sierra Bolts"
    assert (operation.currency, operation.total_before, operation.total_after) == (
        "USD",
        None,
        "195.00",
    )
    (lines,) = [change.after for change in operation.changes if change.field == "lines"]
    assert isinstance(lines, dict)
    shown = lines["lines"]
    assert isinstance(shown, list)
    first = shown[0]
    assert isinstance(first, dict)
    assert isinstance(first["item"], dict)
    assert (first["item"]["label"], first["quantity"], first["unit_price"], first["amount"]) == (
        "BOLT",
        "100",
        "0.15",
        "15.00",
    )


async def test_a_new_price_shows_both_versions_of_the_line(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    await office.show(DEAR, "db1", bill("15.10", in_qbo=False))
    await office.plan()
    (operation,) = (await daemon.plan(record="INV-77")).operations
    assert (operation.record, operation.action) == (record, "update")
    (change,) = operation.changes
    assert isinstance(change.before, dict)
    assert isinstance(change.after, dict)
    (before, after) = (value["lines"] for value in (change.before, change.after))
    assert isinstance(before, list)
    assert isinstance(after, list)
    assert [(row["id"], row["unit_price"]) for row in before] == [("1", "0.15"), ("2", "15.00")]  # type: ignore[index,call-overload]
    assert [(row["id"], row["unit_price"]) for row in after] == [("1", "0.15"), ("2", "15.10")]  # type: ignore[index,call-overload]
    assert (operation.total_before, operation.total_after) == ("195.00", "196.20")


async def test_one_change_is_found_by_its_digest(office: Office, daemon: ControlClient) -> None:
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.show(DEAR, "db2", bill("16.00", in_qbo=False, number="INV-78"))
    await office.plan()
    wanted = (await daemon.plan()).operations[0]
    (found,) = (await daemon.plan(digest=wanted.digest[:12])).operations
    assert found == wanted
    assert (await declined(daemon.plan(digest="feedfeedfeed"))).code is Code.STALE


@pytest.mark.parametrize("said", ["INV-77", "inv-77", "dear/bill/db1", "qbo/bill/b1", "record"])
async def test_a_document_is_found_by_number_id_and_reference(
    office: Office, daemon: ControlClient, said: str
) -> None:
    record = await agreed_bill(office)
    found = await daemon.history(record if said == "record" else said)
    assert found.record == record
    assert set(found.refs) == {"dear/bill/db1", "qbo/bill/b1"}


async def test_a_number_that_two_documents_have_is_asked_back(
    office: Office, daemon: ControlClient
) -> None:
    await furnish(office)
    for number in (1, 2):
        await office.show(DEAR, f"db{number}", bill(f"{number}.00", in_qbo=False))
    error = await declined(daemon.send("bill", "INV-77"))
    assert error.code is Code.AMBIGUOUS
    assert "dear/bill/db1" in error.cure


async def test_a_removal_waits_and_says_what_it_takes_away(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    await daemon.approve(everything=True, expect_count=0)
    gone = msgspec.structs.replace(bill(in_qbo=False), status="voided")
    await office.show(DEAR, "db1", gone)
    await office.plan()
    plan = await daemon.plan()
    (operation,) = plan.operations
    assert (operation.record, operation.action, operation.reason) == (record, "delete", "removes")
    assert (operation.total_before, operation.total_after) == ("195.00", "0.00")
    assert plan.totals.by_action == {"delete bill in qbo": 1}
    (row,) = (await daemon.totals(TotalsRequest())).sums
    assert [(p.reason, p.detail, p.amount) for p in row.parts] == [("waiting", "waiting", "195.00")]


async def edited_in_books(office: Office) -> RecordId:
    """A bookkeeper changed a price in QuickBooks."""
    record = await agreed_bill(office)
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    await office.plan()
    return record


async def test_an_edit_in_the_books_shows_both_sides_and_takes_one_of_them(
    office: Office, daemon: ControlClient
) -> None:
    record = await edited_in_books(office)
    hold = await the_hold(daemon)
    assert (hold.code, hold.field, hold.record) == ("foreign_edit", "lines", record)
    assert set(hold.sides) == {"dear", "qbo"}
    assert (await daemon.plan(code="foreign_edit")).holds == (hold,)
    done = await daemon.resolve(answer_for(record, "lines", "dear"))
    assert "the value of dear is right" in done.text
    await office.plan()
    plan = await daemon.plan()
    assert plan.holds == ()
    (operation,) = plan.operations
    assert (operation.action, operation.total_before, operation.total_after) == (
        "update",
        "183.00",
        "195.00",
    )


async def test_an_edit_in_the_books_can_be_accepted(office: Office, daemon: ControlClient) -> None:
    record = await edited_in_books(office)
    await daemon.resolve(answer_for(record, "lines", "qbo"))
    await office.plan()
    plan = await daemon.plan()
    assert (plan.holds, plan.operations) == ((), ())
    shown = await daemon.totals(TotalsRequest(differences=True))
    assert [(p.reason, p.amount) for p in shown.sums[0].parts] == [("accepted", "-12.00")]
    assert shown.unexplained == 0


async def discrepant(office: Office) -> RecordId:
    """The books show the same lines and another sum."""
    record = await agreed_bill(office)
    odd = msgspec.structs.replace(
        bill(in_qbo=True), tax_total=Decimal("0.40"), total=Decimal("195.40")
    )
    await office.show(QBO, "b1", odd)
    await office.plan()
    return record


async def test_another_total_in_the_books_can_be_accepted_and_only_that(
    office: Office, daemon: ControlClient
) -> None:
    record = await discrepant(office)
    hold = await the_hold(daemon)
    assert (hold.code, hold.field, hold.sides) == (
        "discrepant",
        "total",
        {"dear": "195.00", "qbo": "195.40"},
    )
    assert (await daemon.status()).holds == {"discrepant": 1}
    refused = await declined(daemon.resolve(answer_for(record, "total", "dear")))
    assert refused.code is Code.BAD_REQUEST
    assert "--take qbo" in refused.cure
    await daemon.resolve(answer_for(record, "total", "qbo"))
    await office.plan()
    assert (await daemon.plan()).holds == ()
    (row,) = (await daemon.totals(TotalsRequest())).sums
    assert [(p.reason, p.amount) for p in row.parts] == [("accepted", "0.40")]


async def test_an_accepted_total_that_moves_on_is_held_again(
    office: Office, daemon: ControlClient
) -> None:
    record = await discrepant(office)
    await daemon.resolve(answer_for(record, "total", "qbo"))
    worse = msgspec.structs.replace(
        bill(in_qbo=True), tax_total=Decimal("0.50"), total=Decimal("195.50")
    )
    await office.show(QBO, "b1", worse)
    await office.plan()
    assert (await the_hold(daemon)).code == "discrepant"
    (row,) = (await daemon.totals(TotalsRequest())).sums
    assert [(p.reason, p.detail, p.amount) for p in row.parts] == [("held", "discrepant", "0.50")]


async def test_a_bill_posted_under_another_number_is_proposed_and_linked(
    office: Office, daemon: ControlClient
) -> None:
    await furnish(office)
    await office.show(QBO, "b1", bill(in_qbo=True, number="77"))
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    hold = await the_hold(daemon)
    assert hold.code == "proposed_match"
    (candidate,) = hold.candidates
    assert candidate.ref == "qbo/bill/b1"
    await daemon.link(LinkRequest(record=hold.record, ref=candidate.ref))
    assert set((await daemon.history(hold.record)).refs) == {"dear/bill/db1", "qbo/bill/b1"}


async def test_status_says_from_which_day_documents_flow(daemon: ControlClient) -> None:
    shown = {one.kind: (one.flow, one.since) for one in (await daemon.status()).documents}
    assert shown == {
        "purchase_order": ("auto", "2026-01-01"),
        "bill": ("auto", "2026-01-01"),
        "invoice": ("auto", ""),
    }


def totals_of(row: TotalsRowShown) -> tuple[int, str, int, str, str]:
    return (row.source_count, row.source_total, row.books_count, row.books_total, row.difference)


async def month_end(office: Office, daemon: ControlClient) -> TotalsAnswer:
    """One bill agreed, one waiting, one entered by hand, one of last year."""
    await agreed_bill(office)
    await office.show(DEAR, "db2", bill("1.00", in_qbo=False, number="2", date="2026-04-02"))
    await office.show(QBO, "b3", bill("2.00", in_qbo=True, number="3", date="2026-04-03"))
    await office.show(DEAR, "db4", bill("3.00", in_qbo=False, number="4", date="2025-12-31"))
    await office.plan()
    return await daemon.totals(TotalsRequest(by="month", differences=True))


async def test_totals_explain_every_difference(office: Office, daemon: ControlClient) -> None:
    shown = await month_end(office, daemon)
    march, april = shown.rows
    assert (march.label, april.label) == ("2026-03", "2026-04")
    assert totals_of(march) == (1, "195.00", 1, "195.00", "0.00")
    assert totals_of(april) == (1, "27.00", 1, "39.00", "12.00")
    assert [(p.reason, p.count, p.amount) for p in april.parts] == [
        ("waiting", 1, "-27.00"),
        ("only_in_books", 1, "39.00"),
    ]
    (whole,) = shown.sums
    assert totals_of(whole) == (2, "222.00", 2, "234.00", "12.00")
    assert (shown.differing, shown.unexplained, shown.complete) == (2, 0, True)
    (early,) = shown.early
    assert (early.since, early.source_count, early.source_total) == ("2026-01-01", 1, "51.00")
    assert [(d.number, d.party, d.reason) for d in shown.differences] == [
        ("2", "Sierra Bolts", "waiting"),
        ("3", "Sierra Bolts", "only_in_books"),
    ]


async def test_totals_of_one_month_party_and_kind(office: Office, daemon: ControlClient) -> None:
    await month_end(office, daemon)
    (row,) = (await daemon.totals(TotalsRequest(by="party", month="2026-03"))).rows
    assert (row.label, row.source_total, row.difference) == ("Sierra Bolts", "195.00", "0.00")
    assert (await daemon.totals(TotalsRequest(kind="invoice"))).rows == ()
    error = await declined(daemon.totals(TotalsRequest(kind="item")))
    assert error.code is Code.BAD_REQUEST
    assert "purchase_order, bill, invoice" in error.cure


async def test_differences_are_cut_and_say_so(office: Office, daemon: ControlClient) -> None:
    await month_end(office, daemon)
    shown = await daemon.totals(TotalsRequest(differences=True, limit=1))
    assert (len(shown.differences), shown.differing, shown.more) == (1, 2, True)


async def test_what_is_not_looked_at_yet_is_waiting_and_not_unexplained(
    office: Office, daemon: ControlClient
) -> None:
    await agreed_bill(office)
    await office.show(DEAR, "db1", bill("15.10", in_qbo=False))
    shown = await daemon.totals(TotalsRequest())
    assert not shown.complete
    (part,) = shown.sums[0].parts
    assert (part.reason, part.detail, part.amount) == ("waiting", "not_planned", "-1.20")
