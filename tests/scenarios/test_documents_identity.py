"""Which document is which: adopted or asked about, numbered, and what it points to."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import LinkRequest
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from tests.scenarios.papers import (
    CUSTOMER,
    OTHER_VENDOR,
    TAXED,
    TODAY,
    VENDOR,
    bill_of,
    billed,
    buys,
    codes,
    detail,
    hold_of,
    in_dear,
    in_qbo,
    keeps_book,
    line,
    lines_of,
    links,
    lose_ledger,
    marker,
    nothing_twice,
    numbers,
    office,
    open_work,
    papers_policy,
    posted,
    reinvoices,
    reorders,
    same_record,
    settle,
    shop,
    sold,
    total,
    wrote,
)
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    save_in_qbo,
    sent,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import QBO, Town

D = Decimal


def enters(one: Town, kind: str, number: str, *, date: str = TODAY, **row: Any) -> str:
    """A person, or another integration, enters a document of one line in QuickBooks; its id."""
    party = CUSTOMER if kind == "invoice" else VENDOR
    item = {"item": "BR-1", "quantity": 10, "price": 3, **row}
    body = {"party": party, "number": number, "date": date, "lines": [item]}
    return str(in_qbo(one, kind, enter=body)["id"])


# -- adopted, or asked about --------------------------------------------------------------------


async def test_what_another_integration_posted_is_adopted_exactly_and_not_doubled(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 10, 3))
        number = sold(one, line("BR-1", 10, 3))
        ids = {
            "purchaseorder": enters(one, "purchase_order", order),
            "bill": enters(one, "bill", "V-1"),
            "invoice": enters(one, "invoice", number),
        }
        await settle(one)
        for kind, ref in ids.items():
            assert [row["Id"] for row in qbo_rows(one, kind)] == [ref]
        for kind, label in (
            (Kind.PURCHASE_ORDER, order),
            (Kind.BILL, "V-1"),
            (Kind.INVOICE, number),
        ):
            assert await same_record(one, kind, label)
        created = [row for row in one.log.since(0, system="qbo") if row["created"]]
        assert created == []


async def test_one_that_is_entered_by_hand_while_ours_waits_is_adopted(tmp_path: Path) -> None:
    async with office(tmp_path, flows={Kind.INVOICE: "manual"}) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        assert await open_work(one) == [number]
        ref = enters(one, "invoice", number)
        await settle(one)
        assert [row["Id"] for row in qbo_rows(one, "invoice")] == [ref]
        assert await same_record(one, Kind.INVOICE, number)


@pytest.mark.parametrize("differs", ["total", "date", "number"])
@pytest.mark.parametrize("answer", ["link", "apart"])
async def test_one_that_is_not_exactly_alike_is_shown_before_anything_is_created(
    tmp_path: Path, differs: str, answer: str
) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        ref = enters(
            one,
            "invoice",
            "1077" if differs == "number" else number,
            date="2026-02-27" if differs == "date" else TODAY,
            price=D("3.1") if differs == "total" else 3,
        )
        await settle(one)
        assert "total" in await hold_of(one, HoldCode.PROPOSED_MATCH)
        [held] = [r for r in await one.holds() if r.kind is Kind.INVOICE]
        assert [c.ref.id for c in held.hold.candidates] == [ref]
        assert wrote(one) == []

        request = LinkRequest(record=held.record, ref=f"qbo/{ref}", action=answer, reason="seen")  # type: ignore[arg-type]
        await desk(one).link(BOOKKEEPER, request)
        await settle(one)
        rows = qbo_rows(one, "invoice")
        if answer == "apart" and differs != "number":
            # A second invoice of that number is not posted either: one of them is renumbered.
            assert [row["Id"] for row in rows] == [ref]
            assert [code for _, code in await codes(one)] == [HoldCode.NAME_TAKEN]
        else:
            assert len(rows) == (1 if answer == "link" else 2)


async def test_F35_after_a_lost_ledger_documents_are_adopted_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        orders = [bill_of(one, f"V-{n}") for n in range(4)]
        sales = [sold(one, line("BR-1", 1, "8.5", TaxRule=TAXED)) for _ in range(4)]
        billed(one, buys(one, line("BR-1", 5, 2), line("BR-2", 5, 2)), "P-1", line("BR-1", 5, 2))
        await settle(one)
        shown = {kind: qbo_rows(one, kind) for kind in ("purchaseorder", "bill", "invoice")}

        await lose_ledger(one)
        before = marker(one)
        await one.agree()
        assert wrote(one, before) == []
        assert {kind: qbo_rows(one, kind) for kind in shown} == shown
        for kind, labels in ((Kind.PURCHASE_ORDER, orders), (Kind.INVOICE, sales)):
            for label in labels:
                assert await same_record(one, kind, label)
        assert await codes(one) == []
        nothing_twice(one)

        billed(one, orders[0].replace("1", "5"), "P-2", line("BR-2", 5, 2))
        await settle(one)
        assert links(posted(one, "bill", "P-2"))[0][1] == "2", "the line map was found again"
        await require_sound(one)


async def test_F35_what_differs_after_a_lost_ledger_is_a_question(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 1, 5))
        await settle(one)
        reinvoices(one, number, line("BR-1", 2, 5))
        await lose_ledger(one)
        before = marker(one)
        await one.agree()
        await hold_of(one, HoldCode.PROPOSED_MATCH)
        assert wrote(one, before) == []
        assert numbers(one, "invoice") == [number]


async def test_F33_a_kind_that_is_switched_off_and_on_again_loses_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 1, 5))
        bill_of(one, "V-1")
        await settle(one)
        before = marker(one)
        one.policy_changes["documents"] = papers_policy([Kind.PURCHASE_ORDER, Kind.BILL])
        await one.restart()
        await settle(one)
        reinvoices(one, number, line("BR-1", 2, 5))
        await one.cycle(after_s=3600)
        assert wrote(one, before) == []
        one.policy_changes["documents"] = papers_policy()
        await one.restart()
        await settle(one)
        assert total(posted(one, "invoice", number)) == D(10)
        assert len(wrote(one, before)) == 1
        assert numbers(one, "bill") == ["V-1"]


# -- numbers ------------------------------------------------------------------------------------


async def test_numbers_that_are_too_long_keep_their_beginning_and_stay_apart(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        long = "2026/AMBER/ROTTERDAM/000"
        for ending in ("17", "18"):
            bill_of(one, long + ending)
        await settle(one)
        [first, second] = numbers(one, "bill")
        assert first != second
        for number in (first, second):
            assert len(number) <= 21
            assert number.startswith("2026/AMBER/ROT")
        await lose_ledger(one)
        before = marker(one)
        await one.agree()
        assert numbers(one, "bill") == [first, second], "they are found again by them"
        assert wrote(one, before) == []


async def test_a_bill_without_a_number_gets_that_of_its_order_and_is_posted_once(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "gone")
        row = one.dear.state["purchase"].one("OrderNumber", order)
        assert row is not None
        row.fields["Invoice"][0]["InvoiceNumber"] = ""
        fault = {"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/bill"}
        one.fail(fault)
        await settle(one)
        [number] = numbers(one, "bill")
        assert number.startswith(f"{order}-")
        assert len(sent(one, "qbo", "POST", "bill")) == 1
        assert await codes(one) == []


async def test_one_number_twice_of_one_vendor_is_posted_once(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        first = bill_of(one, "V-1", line("BR-1", 1, 3))
        second = bill_of(one, "V-1", line("BR-1", 2, 3))
        bill_of(one, "V-1", line("BR-1", 3, 3), Supplier=OTHER_VENDOR)
        await settle(one)
        assert numbers(one, "bill") == ["V-1", "V-1"]
        nothing_twice(one)
        assert "V-1" in await hold_of(one, HoldCode.NAME_TAKEN)

        posted_totals = {total(row) for row in qbo_rows(one, "bill")}
        doubled = second if D(6) not in posted_totals else first
        in_dear(one, "purchase", number=doubled, do="void", part="invoice")
        await settle(one)
        assert numbers(one, "bill") == ["V-1", "V-1"]
        assert await codes(one) == []


async def test_an_invoice_number_that_another_customer_has_in_the_books_is_not_taken_again(
    tmp_path: Path,
) -> None:
    goods = Goods()
    base = shop()
    other = goods.customer("Elm Cafe", dear=False)
    assert other.qbo is not None
    other = replace(other, qbo=replace(other.qbo, id="901"))
    world = replace(base, customers=(*base.customers, other))
    async with office(tmp_path, world) as one:
        number = sold(one, line("BR-1", 10, 3))
        item = {"item": "BR-2", "quantity": 1, "price": 99}
        body = {"party": "Elm Cafe", "number": number, "date": TODAY, "lines": [item]}
        in_qbo(one, "invoice", enter=body)
        await settle(one)
        assert number in await hold_of(one, HoldCode.NAME_TAKEN)
        assert wrote(one) == []


async def test_a_company_that_watches_numbers_gets_none_twice(tmp_path: Path) -> None:
    switches = QboSwitches(custom_txn_numbers=True, warn_duplicate_bill=True)
    async with office(tmp_path, qbo=switches) as one:
        sales = sorted(sold(one, line("BR-1", 1, 3)) for _ in range(3))
        bill_of(one, "V-1")
        await settle(one)
        assert numbers(one, "invoice") == sales
        assert numbers(one, "bill") == ["V-1"]
        assert await codes(one) == []


async def test_a_prefix_tells_whose_documents_they_are(tmp_path: Path) -> None:
    async with office(tmp_path, documents=papers_policy(number_prefix="D-")) as one:
        order, number = bill_of(one, "V-1"), sold(one, line("BR-1", 1, 3))
        ref = enters(one, "invoice", f"D-{sold(one, line('BR-1', 10, 3))}")
        await settle(one)
        assert numbers(one, "purchaseorder") == [f"D-{order}"]
        assert numbers(one, "bill") == ["D-V-1"]
        assert f"D-{number}" in numbers(one, "invoice")
        assert len(qbo_rows(one, "invoice")) == 2, f"{ref} was adopted under its prefix"
        assert await codes(one) == []


async def test_a_vendors_number_that_is_corrected_later_travels(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        shown = in_dear(one, "purchase", number=order, do="undo", part="invoice")
        task = {"TaskID": shown["Invoice"][-1]["TaskID"], "InvoiceNumber": "V-100"}
        body = {**task, "Lines": [line("BR-1", 10, "3.5")], "AdditionalCharges": []}
        in_dear(one, "purchase", number=order, do="invoice", **{"with": body})
        await settle(one)
        assert numbers(one, "bill") == ["V-100"]
        assert await codes(one) == []


# -- what it points to --------------------------------------------------------------------------

NEW = "Cedar Rockworks"


async def test_F05_two_bills_of_one_new_vendor_make_one_vendor(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        save_new_vendor(one)
        for number in ("V-1", "V-2"):
            bill_of(one, number, Supplier=NEW)
        await settle(one)
        rows = [row for row in qbo_rows(one, "vendor") if row["DisplayName"] == NEW]
        assert len(rows) == 1
        assert numbers(one, "bill") == ["V-1", "V-2"]
        assert {row["VendorRef"]["value"] for row in qbo_rows(one, "bill")} == {rows[0]["Id"]}
        posts = [row["path"] for row in one.writes("qbo")]
        assert len([path for path in posts if path.endswith("/vendor")]) == 1
        assert await codes(one) == []


def save_new_vendor(one: Town) -> None:
    body = {
        "Name": NEW,
        "Currency": "USD",
        "PaymentTerm": "Net 30",
        "TaxRule": "Tax Exempt",
        "AccountPayable": "Q33",
    }
    in_dear(one, "vendor", create=body)


@pytest.mark.parametrize("policy", ["never", "ask", "auto"])
async def test_a_missing_vendor_is_created_asked_for_or_named(tmp_path: Path, policy: str) -> None:
    async with office(tmp_path, create={Kind.VENDOR: {QBO: policy}}) as one:
        save_new_vendor(one)
        order = buys(one, line("BR-1", 1, 3), Supplier=NEW)
        await settle(one)
        made = NEW in [row["DisplayName"] for row in qbo_rows(one, "vendor")]
        assert made is (policy == "auto")
        assert numbers(one, "purchaseorder") == ([order] if policy == "auto" else [])
        if policy == "never":
            assert NEW in await hold_of(one, HoldCode.MISSING_REFERENCE)
            create_in_qbo(one, "vendor", DisplayName=NEW)
        if policy == "ask":
            waiting = [row.operation.label for row in await one.operations("waiting", "planned")]
            assert NEW in waiting
            await one.approve_all()
        await settle(one)
        await one.approve_all()
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert await codes(one) == []


async def test_F58_an_item_that_may_not_be_created_is_the_first_cause_named(
    tmp_path: Path,
) -> None:
    """F51 too: the hand-made item releases the order at once, and it is not asked for again."""
    async with office(tmp_path, create={Kind.ITEM: {QBO: "never"}}) as one:
        product = {"SKU": "NEW-1", "Name": "Bracket NEW-1", "Type": "Stock", "Category": "Other"}
        in_dear(one, "item", create={**product, "UOM": "Item", "CostingMethod": "FIFO"})
        in_qbo(one, "company", set={"closed_until": "2026-02-10"})
        one.clock.advance(7 * 3600)
        order = buys(one, line("BR-1", 1, 3), line("NEW-1", 1, 3), OrderDate="2026-02-01")
        await settle(one)
        rows = [r for r in await one.holds() if r.kind is Kind.PURCHASE_ORDER]
        assert rows[0].hold.code is HoldCode.MISSING_REFERENCE
        assert "NEW-1" in rows[0].hold.text
        assert {r.hold.code for r in rows} == {HoldCode.MISSING_REFERENCE, HoldCode.CLOSED_PERIOD}

        in_dear(one, "purchase", number=order, set={"OrderDate": "2026-02-20"})
        create_in_qbo(
            one,
            "item",
            Name="Bracket NEW-1",
            Sku="NEW-1",
            Type="NonInventory",
            IncomeAccountRef={"value": "79"},
            ExpenseAccountRef={"value": "80"},
        )
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert await codes(one) == []


async def test_F54_a_vendor_of_almost_the_same_name_is_asked_about_first(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        create_in_qbo(one, "vendor", DisplayName="O\u2019Neil")
        create_in_qbo(one, "vendor", DisplayName="ONeil Stone")
        body = {"Currency": "USD", "PaymentTerm": "Net 30", "TaxRule": "Tax Exempt"}
        in_dear(one, "vendor", create={**body, "Name": "O'Neil ", "AccountPayable": "Q33"})
        order = buys(one, line("BR-1", 1, 3), Supplier="O'Neil ")
        await settle(one)
        assert wrote(one) == []
        [(label, code)] = await codes(one)
        assert (label, code) == (order, HoldCode.MISSING_REFERENCE)
        [held] = [r for r in await one.holds() if r.label == "O'Neil "]
        ref = held.hold.candidates[0].ref
        request = LinkRequest(record=held.record, ref=f"qbo/{ref.id}", action="link", reason="same")
        await desk(one).link(BOOKKEEPER, request)
        await settle(one)
        assert posted(one, "purchaseorder", order)["VendorRef"]["value"] == ref.id
        assert await codes(one) == []


async def test_F55_a_new_revision_is_a_new_item_and_new_orders_use_it(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        old = buys(one, line("BR-1", 10, 3))
        await settle(one)
        product = {"SKU": "BR-1C", "Name": "Bracket BR-1 Rev C", "Type": "Stock"}
        rest = {"Category": "Other", "UOM": "Item", "CostingMethod": "FIFO"}
        in_dear(one, "item", create={**product, **rest})
        new = buys(one, line("BR-1C", 10, 3))
        await settle(one)
        items = [
            detail(lines_of(posted(one, "purchaseorder", number))[0])["ItemRef"]["value"]
            for number in (old, new)
        ]
        assert items == [qbo_row(one, "item", sku)["Id"] for sku in ("BR-1", "BR-1C")]


async def test_F56_an_item_that_moves_under_a_category_is_the_same_item(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        create_in_qbo(one, "item", Name="Parts", Type="Category")
        above = {"value": qbo_row(one, "item", "Parts")["Id"]}
        save_in_qbo(one, "item", "BR-1", SubItem=True, ParentRef=above)
        await settle(one)
        assert wrote(one, before) == []
        assert await codes(one) == []
        reorders(one, order, line("BR-1", 11, 3))
        await settle(one)
        assert total(posted(one, "purchaseorder", order)) == D(33)


async def test_another_vendor_in_the_books_is_a_foreign_edit(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = bill_of(one, "V-1")
        await settle(one)
        before = marker(one)
        other = qbo_row(one, "vendor", OTHER_VENDOR)["Id"]
        keeps_book(one, "bill", "V-1", set={"VendorRef": {"value": other}})
        await settle(one)
        held = [r.hold.code for r in await one.holds() if r.kind in DOCUMENT_KINDS]
        assert HoldCode.FOREIGN_EDIT in held
        assert wrote(one, before) == []
        assert number in numbers(one, "purchaseorder")


async def test_F55_a_renamed_product_leaves_open_orders_as_they_are(tmp_path: Path) -> None:
    """DEAR shows the new name on every old line as well: nobody edited those documents."""
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        save_in_dear(one, "item", "BR-1", Name="Bracket BR-1 Rev C")
        await settle(one)
        in_dear(one, "purchase", number=order, do="receive")
        await settle(one)
        await one.restart()
        await one.scheduler.run_now("full", full=True)
        await settle(one)
        assert qbo_row(one, "item", "BR-1")["Name"] == "Bracket BR-1 Rev C"
        assert wrote(one, before) == []
        part = lines_of(posted(one, "purchaseorder", order))[0]
        assert part["Description"] == "Bracket BR-1"
        assert await codes(one) == []
