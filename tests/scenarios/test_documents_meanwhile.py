"""What people do to documents while trueup looks elsewhere: while the end of a request is not
known, while an order is held, or where the rules have no word for it."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.control.protocol import LinkRequest, ResolveRequest, RetryRequest
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from ledger.store.rows import HeldRow
from tests.scenarios.papers import (
    CUSTOMER,
    TODAY,
    VENDOR,
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
    links,
    marker,
    numbers,
    office,
    open_work,
    posted,
    rebills,
    reinvoices,
    reorders,
    settle,
    sold,
    total,
    voids,
    wrote,
)
from tests.scenarios.support import qbo_rows, sent
from tests.scenarios.village import BOOKKEEPER, desk
from tests.simulation.wakeful import nobody_oversleeps
from tests.town import Town

D = Decimal
EARLY = "2025-12-20"
"""A day before the first from which documents are in sync."""


async def held_of(one: Town, kind: Kind) -> HeldRow:
    """The only hold on documents of a kind."""
    (row,) = [row for row in await one.holds() if row.kind is kind]
    return row


def by_hand(one: Town, kind: str, number: str, *goods: tuple[str, int, int]) -> str:
    """A bookkeeper enters a document; its id."""
    body = {
        "party": CUSTOMER if kind == "invoice" else VENDOR,
        "number": number,
        "date": TODAY,
        "lines": [{"item": sku, "quantity": many, "price": price} for sku, many, price in goods],
    }
    return str(in_qbo(one, kind, enter=body)["id"])


async def answered(one: Town, kind: Kind, field: str, take: str) -> None:
    record = (await held_of(one, kind)).record
    answer = ResolveRequest(record=record, field=field, take=take, reason="asked")
    await desk(one).resolve(BOOKKEEPER, answer)
    await settle(one)


# -- while the end of a create is not known -----------------------------------------------------


@pytest.mark.parametrize("kind", ["invoice", "bill"])
async def test_a_lost_document_does_not_go_again_beside_the_same_under_another_number(
    tmp_path: Path, kind: str
) -> None:
    """The look for it goes by its number, and what the bookkeeper entered has another."""
    async with office(tmp_path) as one:
        if kind == "invoice":
            sold(one, line("BR-1", 2, 5))
        else:
            bill_of(one, "V-1", line("BR-1", 2, 5))
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": f"*/{kind}"})
        await one.cycle()
        by_hand(one, kind, "by hand", ("BR-1", 2, 5))

        await settle(one)

        assert numbers(one, kind) == ["by hand"]
        assert "another number" in await hold_of(one, HoldCode.PROPOSED_MATCH)
        await nobody_oversleeps(one)


async def test_another_document_of_the_same_sum_does_not_stop_a_lost_one(tmp_path: Path) -> None:
    """That of somebody else is not alike, and one that is in both systems is taken."""
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 2, 5))
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/bill"})
        await one.cycle()
        body = {"party": "Alder Supply", "number": "V-1", "date": TODAY}
        item = {"item": "BR-1", "quantity": 2, "price": 5}
        in_qbo(one, "bill", enter={**body, "lines": [item]})

        await settle(one)

        assert numbers(one, "bill") == ["V-1", "V-1"]
        assert order in numbers(one, "purchaseorder")
        assert await codes(one) == []


async def test_the_number_that_a_person_gave_to_a_lost_document_is_not_written_over(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/invoice"})
        await one.cycle()
        keeps_book(one, "invoice", number, set={"DocNumber": "ours"})

        await settle(one)

        assert numbers(one, "invoice") == ["ours"]
        await hold_of(one, HoldCode.PROPOSED_MATCH)


async def test_a_lost_document_that_a_person_deleted_is_not_posted_again(tmp_path: Path) -> None:
    """The same request brings its first answer, and a look shows that somebody took it out."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/invoice"})
        await one.cycle()
        keeps_book(one, "invoice", number, delete=True)

        await settle(one)

        assert qbo_rows(one, "invoice") == []
        assert number in await hold_of(one, HoldCode.REMOVED)
        await nobody_oversleeps(one)


async def test_a_document_of_a_batch_that_was_done_is_asked_about_when_it_is_not_there(
    tmp_path: Path,
) -> None:
    """Somebody deleted one of the two before anybody heard of them."""
    async with office(tmp_path) as one:
        kept, gone = sold(one, line("BR-1", 2, 5)), sold(one, line("BR-2", 3, 5))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"})
        await one.cycle()
        keeps_book(one, "invoice", gone, delete=True)

        await settle(one)

        assert numbers(one, "invoice") == [kept]
        assert "deleted since" in await hold_of(one, HoldCode.REJECTED)
        await nobody_oversleeps(one)

        record = (await held_of(one, Kind.INVOICE)).record
        await desk(one).retry(BOOKKEEPER, RetryRequest(record=record, reason="by mistake"))
        await settle(one)
        assert numbers(one, "invoice") == [kept, gone]
        assert await codes(one) == []


@pytest.mark.parametrize("fault", ["lost_request", "lost_reply"])
async def test_a_lost_document_that_was_voided_meanwhile_is_not_sent_again(
    tmp_path: Path, fault: str
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/invoice"})
        await one.cycle()
        voids(one, number)

        await settle(one)

        assert len(sent(one, "qbo", "POST", "invoice")) == (1 if fault == "lost_request" else 2)
        assert [total(row) for row in qbo_rows(one, "invoice")] == [D(0)] * (fault == "lost_reply")
        assert await codes(one) == []
        assert await one.operations("intended") == []


# -- taken out of the source, or of its time ----------------------------------------------------


async def test_a_posted_bill_that_is_removed_in_dear_is_told(tmp_path: Path) -> None:
    """It is undone first, so its purchase is as if nobody had ever begun a bill."""
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 2, 5))
        await settle(one)
        in_dear(one, "purchase", number=order, do="undo", part="invoice")
        await settle(one)
        await hold_of(one, HoldCode.REOPENED)
        row = one.dear.state["purchase"].one("OrderNumber", order)
        assert row is not None
        row.fields["Invoice"] = []
        one.dear.state.change("purchase", row, {"Note": "no bill after all"})

        await settle(one)

        assert "removed in DEAR" in await hold_of(one, HoldCode.REMOVED)
        await nobody_oversleeps(one)
        keeps_book(one, "bill", "V-1", delete=True)
        await settle(one)
        assert await codes(one) == []


async def test_what_gets_a_date_before_the_first_day_is_told_and_still_ends(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        await settle(one)
        before = marker(one)
        reinvoices(one, number, line("BR-1", 9, 5), InvoiceDate=f"{EARLY}T00:00:00")
        await settle(one)
        assert EARLY in await hold_of(one, HoldCode.NOT_AUTOMATIC)
        assert wrote(one, before) == []
        await nobody_oversleeps(one)

        voids(one, number)
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0
        assert await codes(one) == []


async def test_a_date_before_the_first_day_that_a_bookkeeper_follows_is_agreed(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        await settle(one)
        reinvoices(one, number, line("BR-1", 2, 5), InvoiceDate=f"{EARLY}T00:00:00")
        await settle(one)
        await hold_of(one, HoldCode.NOT_AUTOMATIC)
        keeps_book(one, "invoice", number, set={"TxnDate": EARLY})
        await settle(one)
        assert await codes(one) == []
        await nobody_oversleeps(one)


async def test_a_period_that_was_closed_and_opened_between_two_looks_holds_nothing_for_good(
    tmp_path: Path,
) -> None:
    """The closing date is believed for hours, and a refusal says that it is another one by now."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 5))
        await settle(one)
        in_qbo(one, "company", set={"closed_until": "2026-03-31"})
        reinvoices(one, number, line("BR-1", 11, 5))
        await settle(one)
        await hold_of(one, HoldCode.CLOSED_PERIOD)

        in_qbo(one, "company", set={"closed_until": ""})
        await one.cycle(after_s=7 * 3600)
        await settle(one)

        assert total(posted(one, "invoice", number)) == D(55)
        assert await codes(one) == []


async def test_the_cure_of_a_refusal_names_what_sends_it_again(tmp_path: Path) -> None:
    """What is matched with the bank moves nothing that trueup sees when somebody undoes that."""
    async with office(tmp_path) as one:
        fault = {"Error": [{"Message": "Matched", "code": "6480"}], "type": "ValidationFault"}
        rule = {"system": "qbo", "kind": "status", "status": 400, "body": {"Fault": fault}}
        one.fail({**rule, "method": "POST", "path": "*/invoice", "times": 1})
        number = sold(one, line("BR-1", 10, 5))
        await settle(one)
        held = await held_of(one, Kind.INVOICE)
        assert f"trueup retry {held.record}" in held.hold.cure

        await desk(one).retry(BOOKKEEPER, RetryRequest(record=held.record, reason="undone"))
        await settle(one)
        assert numbers(one, "invoice") == [number]


# -- numbers that are taken ---------------------------------------------------------------------


async def test_a_bill_does_not_get_the_number_of_another_of_its_vendor(tmp_path: Path) -> None:
    """Decided while the number was free, and throttled: a bookkeeper was faster."""
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 10, 5))
        await settle(one)
        throttled = {"system": "qbo", "kind": "throttle", "method": "POST", "path": "*/bill"}
        one.fail({**throttled, "times": 1})
        rebills(one, order, line("BR-1", 10, 5), InvoiceNumber="V-2")
        await one.cycle()
        assert await open_work(one) == ["V-2"]
        other = by_hand(one, "bill", "V-2", ("BR-2", 2, 6))

        await settle(one)

        assert numbers(one, "bill") == ["V-1", "V-2"]
        await hold_of(one, HoldCode.NAME_TAKEN)
        await nobody_oversleeps(one)
        record = (await held_of(one, Kind.BILL)).record
        apart = LinkRequest(
            record=record, ref=f"qbo/bill/{other}", action="apart", reason="another one"
        )
        await desk(one).link(BOOKKEEPER, apart)
        await settle(one)
        assert numbers(one, "bill") == ["V-2", "V-2"]
        assert await codes(one) == []


async def test_two_bills_change_their_numbers(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        first = bill_of(one, "V-1", line("BR-1", 10, 5))
        second = bill_of(one, "V-2", line("BR-1", 7, 5))
        await settle(one)
        rebills(one, first, line("BR-1", 10, 5), InvoiceNumber="V-2")
        await settle(one)
        await hold_of(one, HoldCode.NAME_TAKEN)
        assert numbers(one, "bill") == ["V-1", "V-2"]

        rebills(one, second, line("BR-1", 7, 5), InvoiceNumber="V-1")
        await settle(one)

        assert total(posted(one, "bill", "V-2")) == D(50)
        assert total(posted(one, "bill", "V-1")) == D(35)
        assert await codes(one) == []


# -- beside what a bookkeeper added, or changed -------------------------------------------------


async def test_the_discount_that_a_bookkeeper_gave_counts_in_what_a_total_comes_to(
    tmp_path: Path,
) -> None:
    """It stays on the invoice when the lines follow, and takes the total below what is paid."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 5))
        await settle(one)
        given = {"PercentBased": False, "DiscountAccountRef": {"value": "79"}}
        discount = {"Amount": D(20), "DetailType": "DiscountLineDetail"}
        rows = [
            *lines_of(posted(one, "invoice", number)),
            {**discount, "DiscountLineDetail": given},
        ]
        keeps_book(one, "invoice", number, set={"Line": rows})
        await settle(one)
        await answered(one, Kind.INVOICE, "lines", "qbo")
        keeps_book(one, "invoice", number, pay={"amount": D(30)})
        await settle(one)

        reinvoices(one, number, line("BR-1", 10, 4))
        await settle(one)

        assert "would come to 20.00" in await hold_of(one, HoldCode.BELOW_PAID)
        (payment,) = qbo_rows(one, "payment")
        assert payment["UnappliedAmt"] == 0


async def test_a_bill_of_a_line_that_the_order_has_not_got_yet_waits_while_that_is_held(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 5))
        await settle(one)
        keeps_book(one, "purchaseorder", order, line={"Id": "1", "UnitPrice": D(4)})
        reorders(one, order, line("BR-1", 10, 5), line("BR-2", 3, 5))
        billed(one, order, "V-1", line("BR-2", 3, 5))

        await settle(one)

        assert numbers(one, "bill") == []
        expected = [("V-1", HoldCode.MISSING_REFERENCE), (order, HoldCode.FOREIGN_EDIT)]
        assert sorted(await codes(one)) == sorted(expected)
        await nobody_oversleeps(one)

        record = next(r.record for r in await one.holds() if r.hold.code is HoldCode.FOREIGN_EDIT)
        answer = ResolveRequest(record=record, field="lines", take="dear", reason="asked")
        await desk(one).resolve(BOOKKEEPER, answer)
        await settle(one)
        there = posted(one, "purchaseorder", order)["Id"]
        assert links(posted(one, "bill", "V-1")) == [(there, "2")]
        assert await codes(one) == []
