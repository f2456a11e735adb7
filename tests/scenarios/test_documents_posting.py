"""Purchase orders, bills and invoices leave DEAR and stand in QuickBooks: which, when, how often.

All is told from what the two sandboxes hold and saw afterwards.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import ApproveRequest, SendRequest
from daemon.reconcile.policy import Limits
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from tests.scenarios.papers import (
    TAXED,
    TODAY,
    amounts,
    batches,
    bill_of,
    billed,
    buys,
    charge,
    codes,
    detail,
    in_dear,
    in_qbo,
    invoiced,
    keeps_book,
    line,
    lines_of,
    links,
    marker,
    nothing_twice,
    numbers,
    office,
    open_work,
    papers_policy,
    posted,
    same_record,
    sells,
    settle,
    shop,
    sold,
    total,
    voids,
    wrote,
)
from tests.scenarios.support import (
    create_in_qbo,
    qbo_rows,
    require_sound,
    save_in_qbo,
    sent,
    village,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, Town

D = Decimal


async def test_an_order_its_bill_and_an_invoice_are_posted_to_the_cent(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, "3.5"), line("BR-2", 4, "2"))
        billed(one, order, "V-1")
        sale = sold(one, line("BR-1", 2, "8.5", TaxRule=TAXED), line("BR-2", 1, "5"))
        await settle(one)

        [po, bill, invoice] = [
            posted(one, kind, number)
            for kind, number in (("purchaseorder", order), ("bill", "V-1"), ("invoice", sale))
        ]
        assert (total(po), total(bill)) == (D(43), D(43))
        assert amounts(invoice) == [D(17), D(5)]
        assert total(invoice) == D("23.36")
        assert [detail(part)["TaxCodeRef"]["value"] for part in lines_of(invoice)] == ["TAX", "NON"]
        assert {row["TxnDate"] for row in (po, bill, invoice)} == {TODAY}
        assert links(bill) == [(po["Id"], "1"), (po["Id"], "2")]
        assert po["POStatus"] == "Closed"
        assert await codes(one) == []
        await require_sound(one)


async def test_three_bills_of_one_order_each_bill_their_own_lines(tmp_path: Path) -> None:
    """The order has the same item twice at two prices; every bill says which by its price."""
    async with office(tmp_path) as one:
        dear, cheap, other = line("BR-1", 10, 3), line("BR-1", 20, "2.5"), line("BR-2", 5, 7)
        order = buys(one, dear, cheap, other)
        billed(one, order, "V-1", line("BR-1", 8, "2.5"), line("BR-2", 5, 7))
        await settle(one)
        assert posted(one, "purchaseorder", order)["POStatus"] == "Open"
        billed(one, order, "V-2", line("BR-1", 4, 3), line("BR-1", 2, "2.5"))
        await settle(one)
        billed(one, order, "V-3", line("BR-1", 10, "2.5"), line("BR-1", 6, 3))
        await settle(one)

        po = posted(one, "purchaseorder", order)
        bills = {number: posted(one, "bill", number) for number in numbers(one, "bill")}
        assert {number: [place for _, place in links(row)] for number, row in bills.items()} == {
            "V-1": ["2", "3"],
            "V-2": ["1", "2"],
            "V-3": ["2", "1"],
        }
        assert sum(total(row) for row in bills.values()) == total(po) == D(115)
        assert po["POStatus"] == "Closed"
        assert [part["ItemBasedExpenseLineDetail"]["Qty"] for part in lines_of(po)] == [10, 20, 5]
        assert await codes(one) == []


async def test_three_bills_known_at_once_share_the_order_without_overlap(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-1", 20, 3))
        for number, quantity in (("V-1", 12), ("V-2", 10), ("V-3", 8)):
            billed(one, order, number, line("BR-1", quantity, 3))
        await settle(one)

        assert numbers(one, "bill") == ["V-1", "V-2", "V-3"]
        placed: dict[str, Decimal] = {}
        for row in qbo_rows(one, "bill"):
            for part, (_, place) in zip(lines_of(row), links(row), strict=True):
                placed[place] = placed.get(place, D(0)) + detail(part)["Qty"]
        assert "" not in placed
        assert sum(placed.values()) == 30
        assert await codes(one) == []


async def test_a_charge_that_is_not_on_the_order_is_billed_without_a_link(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, "3.5"))
        billed(
            one,
            order,
            "V-1",
            line("BR-1", 10, "3.5"),
            AdditionalCharges=[charge("FREIGHT", 1, "12.4")],
        )
        await settle(one)

        po, bill = posted(one, "purchaseorder", order), posted(one, "bill", "V-1")
        assert links(bill) == [(po["Id"], "1"), ("", "")]
        assert (amounts(bill), total(bill)) == ([D(35), D("12.4")], D("47.4"))
        assert po["POStatus"] == "Closed"
        assert await codes(one) == []


async def test_service_purchases_and_service_sales(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, charges=[charge("FREIGHT", 2, "40")], IsServiceOnly=True)
        billed(one, order, "V-9")
        sale = sells(one, charges=[charge("FREIGHT", 1, "55")], IsServiceOnly=True)
        number = invoiced(one, sale)["InvoiceNumber"]
        await settle(one)

        bill = posted(one, "bill", "V-9")
        assert total(posted(one, "purchaseorder", order)) == total(bill) == D(80)
        assert links(bill) != [("", "")]
        assert total(posted(one, "invoice", number)) == D(55)
        assert await codes(one) == []


async def test_an_advanced_sale_with_two_invoices(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        sale = sells(one, line("BR-1", 10, "8.5"), line("BR-2", 3, 4), SaleType="Advanced")
        first = invoiced(one, sale, line("BR-1", 4, "8.5"))["InvoiceNumber"]
        await settle(one)
        second = invoiced(one, sale, line("BR-1", 6, "8.5"), line("BR-2", 3, 4))["InvoiceNumber"]
        await settle(one)

        assert numbers(one, "invoice") == sorted([first, second])
        assert amounts(posted(one, "invoice", first)) == [D(34)]
        assert amounts(posted(one, "invoice", second)) == [D(51), D(12)]
        assert await codes(one) == []


async def test_discounts_and_prices_of_four_digits_keep_their_sums(tmp_path: Path) -> None:
    """What a discounted price comes to is sent; where a price cannot say it, only the amount."""
    async with office(tmp_path) as one:
        order = buys(
            one,
            line("BR-1", 4, "2.5", Discount=10),
            line("BR-2", 3, "0.3333"),
            line("BR-3", 7, "1.1357", Discount="33.33"),
        )
        billed(one, order, "V-1")
        sale = sold(one, line("BR-1", 3, "19.99", Discount="12.5"), line("BR-2", 1000, "0.0049"))
        await settle(one)

        shown = in_dear(one, "purchase", number=order, do="receive", **{"with": {}})
        for row in (posted(one, "purchaseorder", order), posted(one, "bill", "V-1")):
            assert total(row) == D(str(shown["Order"]["Total"])) == D("15.3")
            assert amounts(row) == [D(9), D(1), D("5.3")]
            assert [detail(part).get("UnitPrice") for part in lines_of(row)][:2] == [
                D("2.25"),
                D("0.3333"),
            ]
        assert amounts(posted(one, "invoice", sale)) == [D("52.47"), D("4.9")]
        assert await codes(one) == []


# -- which documents, and when ------------------------------------------------------------------


async def test_drafts_stay_where_they_are_until_they_are_authorised(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 1, 3), Status="DRAFT")
        await settle(one)
        assert (wrote(one), await codes(one)) == ([], [])
        in_dear(one, "purchase", number=order, do="authorise")
        billed(one, order, "V-1", Status="DRAFT")
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert numbers(one, "bill") == []


async def test_nothing_leaves_before_the_first_plan_is_approved(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=papers_policy()) as one:
        order = bill_of(one, "V-1")
        sale = sold(one, line("BR-1", 2, "8.5"))
        await one.cycle("first load")
        await one.cycle()
        assert one.writes("qbo") == []
        assert sorted(await open_work(one)) == sorted([order, "V-1", sale])

        await one.approve_all()
        await settle(one)
        assert [numbers(one, kind) for kind in ("purchaseorder", "bill", "invoice")] == [
            [order],
            ["V-1"],
            [sale],
        ]
        nothing_twice(one)


async def test_one_more_document_does_not_slip_through_an_approval(tmp_path: Path) -> None:
    """A person approves the digests that were shown; what is entered meanwhile waits alone."""
    async with office(tmp_path, create={Kind.INVOICE: {"qbo": "ask"}}) as one:
        first = sold(one, line("BR-1", 1, "8.5"))
        await settle(one)
        [row] = await one.operations("waiting")
        later = sold(one, line("BR-1", 1, "8.5"))
        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=(row.operation.digest,)))
        await settle(one)
        assert numbers(one, "invoice") == [first]
        assert await open_work(one) == [later]


async def test_what_was_approved_and_then_edited_waits_again(tmp_path: Path) -> None:
    async with office(tmp_path, create={Kind.PURCHASE_ORDER: {"qbo": "ask"}}) as one:
        order = buys(one, line("BR-1", 1, "8.5"))
        await settle(one)
        await one.approve_all()
        in_dear(one, "purchase", number=order, do="reprice", sku="BR-1", price=D(900), part="order")
        await settle(one)
        assert qbo_rows(one, "purchaseorder") == []
        assert await open_work(one) == [order]


async def test_a_manual_flow_sends_what_is_named_and_no_more(tmp_path: Path) -> None:
    async with office(tmp_path, flows={Kind.INVOICE: "manual"}) as one:
        first, second = sold(one, line("BR-1", 1, 5)), sold(one, line("BR-1", 1, 5))
        await settle(one)
        assert qbo_rows(one, "invoice") == []
        await desk(one).send(BOOKKEEPER, SendRequest(kind="invoice", ref=second))
        await settle(one)
        assert numbers(one, "invoice") == [second]
        assert await open_work(one) == [first]


async def test_a_bill_waits_for_its_order_that_is_sent_by_hand(tmp_path: Path) -> None:
    async with office(tmp_path, flows={Kind.PURCHASE_ORDER: "manual"}) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        assert wrote(one) == []
        assert sorted(await open_work(one)) == [order, "V-1"]
        await desk(one).send(BOOKKEEPER, SendRequest(kind="purchase_order", ref=order))
        await settle(one)
        assert links(posted(one, "bill", "V-1"))[0][1] == "1"


async def test_a_bill_waits_for_its_order_that_is_held_and_names_the_cause(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        save_in_qbo(one, "item", "BR-2", Active=False)
        await settle(one)
        order = buys(one, line("BR-1", 1, 3), line("BR-2", 1, 3))
        billed(one, order, "V-1", line("BR-1", 1, 3))
        await settle(one)
        assert wrote(one) == []
        found = {row.label: row.hold for row in await one.holds() if row.kind in DOCUMENT_KINDS}
        assert found["V-1"].code is HoldCode.MISSING_REFERENCE
        assert order in found["V-1"].text
        assert "BR-2" in found["V-1"].text
        save_in_qbo(one, "item", "BR-2", Active=True)
        await settle(one)
        assert links(posted(one, "bill", "V-1"))[0][1] == "1"
        assert await codes(one) == []


async def test_a_bill_of_an_order_that_the_books_deleted_stands_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 1, 3))
        await settle(one)
        keeps_book(one, "purchaseorder", order, delete=True)
        await settle(one)
        billed(one, order, "V-1")
        await settle(one)
        assert links(posted(one, "bill", "V-1")) == [("", "")]
        assert await codes(one) == [(order, HoldCode.REMOVED)]
        whys = [row.operation.why for row in await one.operations("confirmed")]
        assert any(f'purchase order "{order}" is no longer there' in why for why in whys), whys


@pytest.mark.parametrize("how", ["no since", "flow off"])
async def test_kinds_that_are_off_are_not_even_read(tmp_path: Path, how: str) -> None:
    options: dict[str, Any] = {"documents": papers_policy()}
    if how == "no since":
        options = {"documents": {}}
    else:
        options["flows"] = dict.fromkeys(DOCUMENT_KINDS, "off")
    async with village(tmp_path, shop(), **options) as one:
        bill_of(one, "V-1")
        sold(one, line("BR-1", 1, 5))
        await one.agree()
        rows = one.log.since(0, limit=1_000_000)
        asked = " ".join(f"{row['path']} {row['summary']} {row['query']}".lower() for row in rows)
        for word in ("purchase", "sale", "invoice", "bill "):
            assert word not in asked.replace("sales", "")
        assert wrote(one) == []


async def test_only_the_kinds_that_are_on_are_read(tmp_path: Path) -> None:
    async with office(tmp_path, documents=papers_policy([Kind.INVOICE])) as one:
        bill_of(one, "V-1")
        number = sold(one, line("BR-1", 1, 5))
        await settle(one)
        assert numbers(one, "invoice") == [number]
        assert qbo_rows(one, "purchaseorder") == qbo_rows(one, "bill") == []
        assert sent(one, "dear", "GET", "purchaselist") == []
        read = " ".join(row["summary"] for row in one.log.since(0, system="qbo"))
        assert "PurchaseOrder" not in read
        assert "Bill" not in read


async def test_since_is_a_line_that_earlier_documents_never_cross(tmp_path: Path) -> None:
    """The order of February and its bill of March: the bill is posted, and stands for itself."""
    async with office(tmp_path, since="2026-03-01") as one:
        order = buys(one, line("BR-1", 10, 3), OrderDate="2026-02-20")
        billed(one, order, "V-1", line("BR-1", 4, 3), InvoiceDate="2026-02-25")
        billed(one, order, "V-2", line("BR-1", 6, 3), InvoiceDate="2026-03-01")
        early = sold(one, line("BR-1", 1, 5), InvoiceDate="2026-02-28")
        await settle(one)
        assert [numbers(one, kind) for kind in ("purchaseorder", "bill", "invoice")] == [
            [],
            ["V-2"],
            [],
        ]
        assert links(posted(one, "bill", "V-2")) == [("", "")]
        assert await codes(one) == []
        voids(one, early)
        await settle(one)
        assert wrote(one) == [f"bill/{posted(one, 'bill', 'V-2')['Id']}"]


async def test_earlier_documents_are_matched_and_never_written(tmp_path: Path) -> None:
    async with office(tmp_path, since="2026-03-01") as one:
        number = sold(one, line("BR-1", 2, 5), InvoiceDate="2026-02-28")
        enter_invoice(one, number, "2026-02-28", quantity=2, price=5)
        await settle(one)
        assert await same_record(one, Kind.INVOICE, number)
        voids(one, number)
        await settle(one)
        assert wrote(one) == []
        assert await codes(one) == []


@pytest.mark.parametrize("moved", ["earlier", "later"])
async def test_a_changed_since_is_heeded_after_the_restart(tmp_path: Path, moved: str) -> None:
    begins = "2026-03-01" if moved == "earlier" else "2026-01-01"
    async with office(tmp_path, since=begins) as one:
        old = sold(one, line("BR-1", 1, 5), InvoiceDate="2026-02-10")
        await settle(one)
        assert numbers(one, "invoice") == ([] if moved == "earlier" else [old])

        ends = "2026-01-01" if moved == "earlier" else "2026-03-01"
        one.policy_changes["documents"] = papers_policy(since=ends)
        await one.restart()
        before = marker(one)
        await one.cycle()
        await one.approve_all()
        await settle(one)
        assert numbers(one, "invoice") == [old]
        if moved == "later":  # it is early now: neither edits nor its end travel
            voids(one, old)
            await settle(one)
            assert wrote(one, before) == []
        assert await codes(one) == []


def enter_invoice(one: Town, number: str, date: str, **row: Any) -> None:
    """As another integration, or a person, entered it in QuickBooks."""
    body = {"party": "Birch Gardens", "number": number, "date": date}
    in_qbo(one, "invoice", enter={**body, "lines": [{"item": "BR-1", **row}]})


# -- what it costs ------------------------------------------------------------------------------


async def test_many_documents_go_in_batches_of_thirty(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        sales = sorted(sold(one, line("BR-1", 1, 5)) for _ in range(61))
        before = marker(one)
        await one.cycle()
        assert batches(one, before) + len(sent(one, "qbo", "POST", "invoice", after=before)) == 3
        await settle(one)
        assert numbers(one, "invoice") == sales
        assert batches(one, before) + len(sent(one, "qbo", "POST", "invoice", after=before)) == 3


async def test_orders_and_their_bills_take_a_batch_each(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        for number in range(30):
            bill_of(one, f"V-{number}")
        before = marker(one)
        await settle(one)
        assert len(qbo_rows(one, "purchaseorder")) == len(qbo_rows(one, "bill")) == 30
        assert len([r for r in one.writes("qbo") if r["n"] > before]) == 2
        assert all(place for row in qbo_rows(one, "bill") for place in links(row)[0])


async def test_an_idle_cycle_costs_two_lists_more_than_without_documents(tmp_path: Path) -> None:
    costs: dict[bool, list[str]] = {}
    for on in (False, True):
        async with office(tmp_path / str(on), documents=papers_policy() if on else {}) as one:
            bill_of(one, "V-1")
            sold(one, line("BR-1", 1, 5))
            await settle(one)
            await one.cycle()
            before, head = marker(one), await one.ledger.read(lambda views: views.head())
            await one.cycle()
            rows = one.log.since(before)
            costs[on] = [f"{row['system']} {row['path'].rsplit('/', 1)[-1]}" for row in rows]
            assert await one.ledger.read(lambda views: views.head()) == head
    extra = [call for call in costs[True] if call not in costs[False]]
    assert sorted(extra) == ["dear purchaseList", "dear saleList"]
    assert len(costs[True]) == len(costs[False]) + 2
    assert costs[True].count("qbo cdc") == 1


async def test_F40_our_own_writes_come_back_and_cause_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        sold(one, line("BR-1", 2, "8.5", TaxRule=TAXED))
        await settle(one)
        in_dear(one, "purchase", number=order, do="receive")
        done, before = len(wrote(one)), marker(one)
        for _ in range(3):
            await one.cycle(after_s=400)
        assert len(wrote(one)) == done == 3
        assert one.writes("dear") == []
        assert wrote(one, before) == []
        assert await codes(one) == []


async def test_F09_sync_pressed_twice_joins_what_is_under_way(tmp_path: Path) -> None:
    async with office(tmp_path, flows={Kind.INVOICE: "manual"}) as one:
        number = sold(one, line("BR-1", 1, 5))
        await settle(one)
        for _ in range(2):
            await desk(one).send(BOOKKEEPER, SendRequest(kind="invoice", ref=number))
        await settle(one)
        assert numbers(one, "invoice") == [number]
        assert len(wrote(one)) == 1


async def test_F93_an_abort_ends_the_write_in_flight_and_keeps_the_rest_planned(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, qbo_settings={"batch_size": 5}) as one:
        sales = sorted(sold(one, line("BR-1", 1, 5)) for _ in range(20))
        seen = 0

        def abort_at_the_second(system: str, method: str, path: str) -> None:
            nonlocal seen
            seen += path.endswith("/batch")
            if seen == 2:
                one.scheduler.stop()

        one.faults.on_request = abort_at_the_second
        await one.cycle()
        one.faults.on_request = None
        there = numbers(one, "invoice")
        assert 0 < len(there) < 20
        done = await one.operations("confirmed")
        assert sorted(r.operation.label for r in done if r.operation.kind is Kind.INVOICE) == there
        assert len(await open_work(one)) == 20 - len(there)

        await one.restart()
        await settle(one)
        assert numbers(one, "invoice") == sales


# -- mass changes -------------------------------------------------------------------------------


async def test_F28_a_mass_change_of_documents_waits_as_one(tmp_path: Path) -> None:
    """Prices of thirty posted orders are raised at once: shown with their cause, then approved."""
    async with office(tmp_path) as one:
        orders = [buys(one, line("BR-1", 10, 3)) for _ in range(30)]
        await settle(one)
        for number in orders:
            do = {"do": "reprice", "sku": "BR-1", "price": D("3.3"), "part": "order"}
            in_dear(one, "purchase", number=number, **do)
        before = marker(one)
        report = await one.cycle()
        assert report.halted == 30
        assert wrote(one, before) == []
        waiting = await one.operations("waiting")
        assert {row.reason for row in waiting} == {"mass_change"}
        assert "Lines" in waiting[0].text or "lines" in waiting[0].text
        assert {total(row) for row in qbo_rows(one, "purchaseorder")} == {D(30)}

        await one.approve_all()
        await settle(one)
        assert {total(row) for row in qbo_rows(one, "purchaseorder")} == {D(33)}


async def test_F28_too_many_new_documents_wait_for_a_person(tmp_path: Path) -> None:
    async with office(tmp_path, limits=Limits(documents=10)) as one:
        for _ in range(11):
            sold(one, line("BR-1", 1, 5))
        report = await one.cycle()
        assert report.halted == 11
        assert qbo_rows(one, "invoice") == []
        await one.approve_all()
        await settle(one)
        assert len(qbo_rows(one, "invoice")) == 11


async def test_many_ends_at_once_wait_for_a_person(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        sales = [sold(one, line("BR-1", 1, 5)) for _ in range(26)]
        await settle(one)
        for number in sales:
            voids(one, number)
        before = marker(one)
        report = await one.cycle()
        assert report.halted == 26
        assert wrote(one, before) == []


# -- what cannot be read ------------------------------------------------------------------------


async def test_F86_a_status_that_nobody_knows_is_reported_and_nothing_follows(
    tmp_path: Path,
) -> None:
    """It is neither a draft nor a void: what is posted stays, and the sale beside it goes on."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        row = one.dear.state["purchase"].one("OrderNumber", order)
        assert row is not None
        row.fields["Order"]["Status"] = "RECONSIDERED"
        touch(one, row)
        number = sold(one, line("BR-1", 1, 5))
        await settle(one)
        assert posted(one, "purchaseorder", order)["POStatus"] == "Open"
        assert numbers(one, "invoice") == [number]
        [count] = [
            c
            for c in await one.ledger.read(lambda views: views.counts())
            if (c.system, c.kind) == (DEAR, Kind.PURCHASE_ORDER)
        ]
        assert (count.out_of_scope, count.live, count.removed) == (1, 0, 0)
        assert await codes(one) == []

        row.fields["Order"]["Status"] = "AUTHORISED"
        in_dear(one, "purchase", number=order, do="reprice", sku="BR-1", price=D(4), part="order")
        await settle(one)
        assert total(posted(one, "purchaseorder", order)) == D(40)
        assert await codes(one) == []


def touch(one: Town, row: Any) -> None:
    """DEAR stamps a document that its people did not edit."""
    one.dear.state.change("purchase", row, {"Note": f"{row.fields.get('Note') or ''}."})


async def test_a_class_by_default_is_given_to_new_lines_and_a_misspelt_one_is_named(
    tmp_path: Path,
) -> None:
    settings = {"documents": {"default_class": "East"}}
    async with office(tmp_path, qbo_settings=settings) as one:
        number = sold(one, line("BR-1", 2, "8.5"))
        await settle(one)
        assert numbers(one, "invoice") == []
        assert (number, HoldCode.MISSING_REFERENCE) in await codes(one)
        create_in_qbo(one, "class", Name="East")
        await settle(one)
        [row] = [part for part in lines_of(posted(one, "invoice", number)) if "Id" in part]
        assert detail(row)["ClassRef"]["name"] == "East"
        assert await codes(one) == []


async def test_where_it_is_shipped_to_stands_on_the_order_and_on_the_invoice(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        dock = {"Line1": "4 Dock Road", "City": "Toledo", "Country": "USA"}
        order = buys(one, line("BR-1", 1, 5), ShippingAddress=dock)
        sale = sold(one, line("BR-1", 1, 5))
        await settle(one)
        assert posted(one, "purchaseorder", order)["ShipAddr"]["Line1"] == "4 Dock Road"
        for kind, number in (("purchaseorder", order), ("invoice", sale)):
            assert posted(one, kind, number)["ShipAddr"]["Line1"], kind
