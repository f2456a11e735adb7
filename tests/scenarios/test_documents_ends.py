"""How documents end: voided, closed, deleted, taken back to draft; and what must not end them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import LinkRequest, RetryRequest
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Tombstoned
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from tests.scenarios.papers import (
    SETTLES_S,
    TODAY,
    amounts,
    bill_of,
    billed,
    buys,
    codes,
    hold_of,
    in_dear,
    in_qbo,
    keeps_book,
    line,
    lines_of,
    lose_ledger,
    marker,
    numbers,
    office,
    open_work,
    papers_policy,
    posted,
    rebills,
    reorders,
    sale_of,
    same_record,
    sells,
    settle,
    sold,
    total,
    voids,
    wrote,
)
from tests.scenarios.support import qbo_rows, require_sound, sent
from tests.scenarios.village import BOOKKEEPER, desk

D = Decimal


# -- the owner ends it --------------------------------------------------------------------------


async def test_a_voided_invoice_is_voided_with_its_number_and_no_line_is_touched(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        await settle(one)
        row = posted(one, "invoice", number)
        assert (total(row), row["Balance"]) == (D(0), 0)
        assert "Voided" in row["PrivateNote"]
        assert await codes(one) == []
        before = marker(one)
        await one.cycle(after_s=3600)
        assert wrote(one, before) == []


async def test_F22_a_voided_purchase_deletes_its_unpaid_bill_and_closes_its_order(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        billed(one, order, "V-1", line("BR-1", 4, 3))
        await settle(one)
        voids(one, order)
        await settle(one)
        assert qbo_rows(one, "bill") == []
        row = posted(one, "purchaseorder", order)
        assert (row["POStatus"], total(row)) == ("Closed", D(30))
        assert await codes(one) == []
        assert await open_work(one) == []


async def test_F22_or_deletes_the_order_where_that_is_the_policy(tmp_path: Path) -> None:
    settings = {"documents": {"void_order": "delete"}}
    async with office(tmp_path, qbo_settings=settings) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, order)
        await settle(one)
        assert qbo_rows(one, "purchaseorder") == []
        await one.cycle(after_s=3600)
        assert await codes(one) == []


async def test_ends_wait_for_a_person_unless_told_otherwise(tmp_path: Path) -> None:
    async with office(tmp_path, documents=papers_policy(removals="ask")) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        await settle(one)
        assert total(posted(one, "invoice", number)) == D(30)
        [row] = await one.operations("waiting")
        assert row.reason == "removes"
        assert number in row.text
        await one.approve_all()
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0


async def test_one_bill_of_three_is_voided_and_its_lines_are_open_again(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        for number, quantity in (("V-1", 2), ("V-2", 3), ("V-3", 5)):
            billed(one, order, number, line("BR-1", quantity, 3))
        await settle(one)
        assert posted(one, "purchaseorder", order)["POStatus"] == "Closed"
        in_dear(one, "purchase", number=order, do="void", part="invoice", part_number="V-2")
        await settle(one)
        assert numbers(one, "bill") == ["V-1", "V-3"]
        assert posted(one, "purchaseorder", order)["POStatus"] == "Open"
        billed(one, order, "V-4", line("BR-1", 3, 3))
        await settle(one)
        row = posted(one, "purchaseorder", order)
        assert row["POStatus"] == "Closed"
        assert await codes(one) == []


async def test_a_bill_that_takes_the_place_of_a_voided_one_bills_the_same_order(
    tmp_path: Path,
) -> None:
    """It goes in the cycle that deletes the other one: the order was last seen closed by that."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        billed(one, order, "V-1", line("BR-1", 10, 3))
        await settle(one)
        assert posted(one, "purchaseorder", order)["POStatus"] == "Closed"
        await one.cycle()  # it has seen that
        in_dear(one, "purchase", number=order, do="void", part="invoice", part_number="V-1")
        billed(one, order, "V-1", line("BR-1", 10, 3))
        await settle(one)
        assert numbers(one, "bill") == ["V-1"]
        (row,) = lines_of(posted(one, "bill", "V-1"))
        assert [link["TxnType"] for link in row["LinkedTxn"]] == ["PurchaseOrder"]
        assert posted(one, "purchaseorder", order)["POStatus"] == "Closed"
        assert await codes(one) == []


# -- payments stand against it ------------------------------------------------------------------


async def test_F19_a_void_of_a_paid_invoice_is_held_before_the_call_with_the_payment_named(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        payment = keeps_book(one, "invoice", number, pay=True)
        await settle(one)
        voids(one, number)
        before = marker(one)
        await settle(one)
        assert payment["id"] in await hold_of(one, HoldCode.SETTLED)
        for _ in range(5):
            await one.cycle(after_s=900)
        assert wrote(one, before) == []
        assert sent(one, "qbo", "POST", "invoice", after=before) == []

        in_qbo(one, "payment", id=payment["id"], delete=True)
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0
        assert await codes(one) == []


async def test_F19_a_paid_bill_is_not_deleted_and_goes_when_the_payment_went(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        payment = keeps_book(one, "bill", "V-1", pay={"amount": D(5)})
        await settle(one)
        in_dear(one, "purchase", number=order, do="void", part="invoice")
        await settle(one)
        assert "V-1" in await hold_of(one, HoldCode.SETTLED)
        assert numbers(one, "bill") == ["V-1"]
        in_qbo(one, "bill_payment", id=payment["id"], delete=True)
        await settle(one)
        assert qbo_rows(one, "bill") == []
        assert await codes(one) == []


async def test_F19_a_payment_that_comes_in_between_is_respected(tmp_path: Path) -> None:
    """Approved while it was unpaid; paid before it is carried out."""
    async with office(tmp_path, documents=papers_policy(removals="ask")) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        in_dear(one, "purchase", number=order, do="void", part="invoice")
        await settle(one)
        await one.approve_all()
        keeps_book(one, "bill", "V-1", pay=True)
        await settle(one)
        assert numbers(one, "bill") == ["V-1"]
        await hold_of(one, HoldCode.SETTLED)


# -- F21: the books refuse ----------------------------------------------------------------------


async def test_F21_a_delete_that_is_refused_stays_owed_with_its_error(tmp_path: Path) -> None:
    settings = {"documents": {"void_order": "delete"}}
    switches = QboSwitches(linked_order_delete="refuse")
    async with office(tmp_path, qbo_settings=settings, qbo=switches) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        body = {
            "party": "Amber Freight",
            "number": "by hand",
            "date": TODAY,
            "order": order,
            "lines": [{"item": "BR-1", "quantity": 2, "price": 3, "line": 1}],
        }
        bill = in_qbo(one, "bill", enter=body)
        await settle(one)
        voids(one, order)
        await settle(one)
        tries = len(sent(one, "qbo", "POST", "purchaseorder"))
        for _ in range(4):
            await one.cycle(after_s=3600)
        assert len(sent(one, "qbo", "POST", "purchaseorder")) == tries == 2
        text = await hold_of(one, HoldCode.REJECTED)
        assert order in text
        [held] = [r for r in await one.holds() if r.kind is Kind.PURCHASE_ORDER]
        assert held.since, "its age is shown"
        assert [r.operation.label for r in await one.operations("rejected")] == [order]

        in_qbo(one, "bill", id=bill["id"], delete=True)
        await settle(one)
        await desk(one).retry(BOOKKEEPER, RetryRequest(record=held.record, reason="cleared"))
        await settle(one)
        assert qbo_rows(one, "purchaseorder") == []
        assert await codes(one) == []


# -- the books end it ---------------------------------------------------------------------------


async def test_F20_an_invoice_voided_in_the_books_is_a_void_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        keeps_book(one, "invoice", number, void=True)
        await settle(one)
        await hold_of(one, HoldCode.VOIDED)
        assert wrote(one, before) == []
        assert one.writes("dear") == []
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        voids(one, number)
        await settle(one)
        assert await codes(one) == []
        assert wrote(one, before) == []


async def test_a_void_whose_note_was_overwritten_stays_a_void_and_is_not_sent_again(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        keeps_book(one, "invoice", number, void=True)
        keeps_book(one, "invoice", number, set={"PrivateNote": "paid by cheque"})
        await settle(one)
        await hold_of(one, HoldCode.VOIDED)
        voids(one, number)
        await settle(one)
        assert await codes(one) == []
        assert wrote(one, before) == []


async def test_a_document_deleted_in_the_books_is_never_posted_again_by_itself(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        before = marker(one)
        keeps_book(one, "bill", "V-1", delete=True)
        for _ in range(3):
            await one.cycle(after_s=3600)
        await hold_of(one, HoldCode.REMOVED)
        assert wrote(one, before) == []

        in_dear(one, "purchase", number=order, do="void", part="invoice")
        await settle(one)
        assert await codes(one) == []


async def test_F03_a_deleted_document_that_is_unlinked_is_posted_anew_under_a_new_request(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        old = posted(one, "invoice", number)["Id"]
        keeps_book(one, "invoice", number, delete=True)
        await settle(one)
        [held] = [r for r in await one.holds() if r.kind is Kind.INVOICE]
        await desk(one).link(
            BOOKKEEPER,
            LinkRequest(record=held.record, ref=f"qbo/{old}", action="unlink", reason="again"),
        )
        await settle(one)
        row = posted(one, "invoice", number)
        assert row["Id"] != old
        posts = sent(one, "qbo", "POST", "invoice")
        assert len({row["query"] for row in posts}) == len(posts) == 2
        assert await codes(one) == []


async def test_F18_deleted_there_and_edited_here_is_a_question(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        keeps_book(one, "purchaseorder", order, delete=True)
        reorders(one, order, line("BR-1", 12, 3))
        await settle(one)
        assert order in await hold_of(one, HoldCode.EDITED_AND_REMOVED)
        assert wrote(one, before) == []
        assert qbo_rows(one, "purchaseorder") == []


async def test_F18_voided_here_and_edited_there_is_not_voided_over_the_edit(
    tmp_path: Path,
) -> None:
    """DEAR owns the end of it; what a bookkeeper changed meanwhile does not post anew."""
    async with office(tmp_path, documents=papers_policy(removals="ask")) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        await settle(one)
        await one.approve_all()
        keeps_book(one, "invoice", number, line={"Id": "1", "Qty": D(12)})
        await settle(one)
        assert total(posted(one, "invoice", number)) == D(36), "another ground: asked again"
        assert await open_work(one) == [number]
        await one.approve_all()
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0


async def test_F25_an_equal_pair_is_in_the_base_so_a_later_deletion_is_one(
    tmp_path: Path,
) -> None:
    """This ledger found both sides as they are, and never wrote a letter of them."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        await settle(one)
        await lose_ledger(one)
        await one.agree()
        before = marker(one)
        assert await same_record(one, Kind.INVOICE, number)
        keeps_book(one, "invoice", number, delete=True)
        await settle(one)
        await hold_of(one, HoldCode.REMOVED)
        assert wrote(one, before) == []
        assert qbo_rows(one, "invoice") == []


# -- F23: errors are no evidence ----------------------------------------------------------------

UNREADABLE = (
    {"kind": "status", "status": 500, "body": "oops"},
    {"kind": "status", "status": 403, "body": "no"},
    {"kind": "status", "status": 200, "body": ""},
    {"kind": "html_200"},
)


@pytest.mark.parametrize("fault", UNREADABLE, ids=["500", "403", "empty", "html"])
@pytest.mark.parametrize("where", ["qbo cdc", "dear list", "dear detail"])
async def test_F23_a_document_that_cannot_be_read_is_not_gone(
    tmp_path: Path, fault: dict[str, Any], where: str
) -> None:
    paths = {
        "qbo cdc": ("qbo", "*/cdc*"),
        "dear list": ("dear", "*/purchaseList"),
        "dear detail": ("dear", "*/advanced-purchase"),
    }
    system, path = paths[where]
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        in_dear(one, "purchase", number=order, set={"Note": "to be read again"})
        before = marker(one)
        one.fail({"system": system, "path": path, "method": "GET", "times": 4, **fault})
        for _ in range(3):
            await one.cycle(after_s=400)
        assert wrote(one, before) == []
        assert numbers(one, "bill") == ["V-1"]
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]

        one.faults.clear()
        rebills(one, order, line("BR-1", 9, 3))
        await one.cycle(after_s=1800)
        await settle(one)
        assert amounts(posted(one, "bill", "V-1")) == [D(27)]
        assert await codes(one) == []


async def test_F27_a_list_that_breaks_off_halfway_creates_and_ends_nothing(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, dear_settings={"page_size": 3}) as one:
        for number in range(8):
            bill_of(one, f"V-{number}")
        before = marker(one)
        fault = {"system": "dear", "path": "*/purchaseList", "query": "*Page=2*", "times": 4}
        one.fail({**fault, "kind": "status", "status": 500})
        report = await one.cycle()
        assert not report.complete
        assert wrote(one, before) == []
        await settle(one)
        assert len(numbers(one, "bill")) == 8


async def test_F26_an_empty_list_ends_nothing(tmp_path: Path) -> None:
    """The whole list is read again, and DEAR shows an empty page with HTTP 200."""
    async with office(tmp_path) as one:
        for number in range(6):
            bill_of(one, f"V-{number}")
        await settle(one)
        before = marker(one)
        rule = {"system": "dear", "path": "*/purchaseList", "kind": "drop_page", "times": 0}
        one.fail(rule)
        await one.scheduler.run_now("full", full=True)
        await one.cycle()
        assert wrote(one, before) == []
        assert len(numbers(one, "bill")) == 6
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]


# -- undo ---------------------------------------------------------------------------------------


async def test_an_undone_order_is_reopened_then_follows_when_it_is_authorised_again(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        in_dear(one, "purchase", number=order, do="undo")
        await settle(one)
        text = await hold_of(one, HoldCode.REOPENED)
        assert order in text
        assert wrote(one, before) == []
        assert total(posted(one, "purchaseorder", order)) == D(30)

        body = {"Lines": [line("BR-1", 12, 3), line("BR-2", 1, 4)], "Status": "AUTHORISED"}
        in_dear(one, "purchase", number=order, do="order", **{"with": body})
        await settle(one)
        assert amounts(posted(one, "purchaseorder", order)) == [D(36), D(4)]
        assert await codes(one) == []


async def test_an_undone_invoice_and_bill_that_are_voided_end_after_all(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        order = bill_of(one, "V-1")
        await settle(one)
        in_dear(one, "sale", number=sale_of(number), do="undo", part="invoice")
        in_dear(one, "purchase", number=order, do="undo", part="invoice")
        await settle(one)
        assert [code for _, code in await codes(one)] == [HoldCode.REOPENED] * 2
        voids(one, number)
        in_dear(one, "purchase", number=order, do="void", part="invoice")
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0
        assert qbo_rows(one, "bill") == []
        assert await codes(one) == []


async def test_undone_and_authorised_again_unchanged_writes_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        in_dear(one, "sale", number=sale_of(number), do="undo", part="invoice")
        await settle(one)
        reinvoiced = [line("BR-1", 10, 3)]
        in_dear(
            one,
            "sale",
            number=sale_of(number),
            do="invoice",
            **{"with": {"Lines": reinvoiced, "AdditionalCharges": []}},
        )
        await settle(one)
        assert wrote(one, before) == []
        assert await codes(one) == []


async def test_a_reopened_hold_keeps_its_age(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        in_dear(one, "sale", number=sale_of(number), do="undo", part="invoice")
        await settle(one)
        [first] = [r for r in await one.holds() if r.kind in DOCUMENT_KINDS]
        for _ in range(3):
            await one.cycle(after_s=86_400)
        [later] = [r for r in await one.holds() if r.kind in DOCUMENT_KINDS]
        assert later.since == first.since


async def test_a_document_voided_before_it_was_ever_posted_is_nobodys_business(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        voids(one, order)
        sale = sells(one, line("BR-1", 1, 3))
        in_dear(one, "sale", number=sale, do="void")
        await settle(one)
        assert wrote(one) == []
        assert await codes(one) == []


# -- lost replies of ends -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request", "truncated_body"])
async def test_F10_an_end_whose_reply_is_lost_happens_once(tmp_path: Path, fault: str) -> None:
    async with office(tmp_path) as one:
        number, order = sold(one, line("BR-1", 10, 3)), bill_of(one, "V-1")
        third = buys(one, line("BR-2", 2, 3))
        await settle(one)
        voids(one, number)
        in_dear(one, "purchase", number=order, do="void", part="invoice")
        voids(one, third)
        before = marker(one)
        for tail in ("invoice", "bill", "purchaseorder", "batch"):
            one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": f"*/{tail}"})
        await settle(one)
        await one.cycle(after_s=SETTLES_S)
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0
        assert qbo_rows(one, "bill") == []
        assert posted(one, "purchaseorder", third)["POStatus"] == "Closed"
        done = [n for n in wrote(one, before) if not n.startswith("purchase_order")]
        assert len(done) == len(set(done)) == 2
        assert await codes(one) == []
        assert await open_work(one) == []
        await require_sound(one)
