"""Documents that change after they were posted, on either side or on both at once.

What the owner changed travels; what a bookkeeper added stays; what both claim is asked about.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import ResolveRequest
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.txnentities import BY_PATH
from ledger.model.entries import VersionMoved
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from ledger.store.payloads import unpack
from tests.scenarios.papers import (
    CUSTOMER,
    TAXED,
    amounts,
    bill_of,
    billed,
    buys,
    codes,
    detail,
    hold_of,
    in_dear,
    keeps_book,
    line,
    lines_of,
    links,
    marker,
    numbers,
    office,
    posted,
    rebills,
    reinvoices,
    reorders,
    sale_of,
    settle,
    sold,
    total,
    wrote,
)
from tests.scenarios.support import create_in_qbo, require_sound, sent
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import QBO, Town

D = Decimal


# -- the owner's edits --------------------------------------------------------------------------


async def test_a_price_edited_after_export_travels_to_order_and_bill(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        await settle(one)
        reorders(one, order, line("BR-1", 10, "3.25"), line("BR-2", 4, 2))
        billed(one, order, "V-1")
        await settle(one)
        rebills(one, order, line("BR-1", 10, "3.3"), line("BR-2", 4, 2))
        before = marker(one)
        await settle(one)

        po, bill = posted(one, "purchaseorder", order), posted(one, "bill", "V-1")
        assert (amounts(po), amounts(bill)) == ([D("32.5"), D(8)], [D(33), D(8)])
        assert [part["Id"] for part in lines_of(bill)] == ["1", "2"]
        assert links(bill) == [(po["Id"], "1"), (po["Id"], "2")]
        assert wrote(one, before) == [f"bill/{bill['Id']}"]
        assert await codes(one) == []


async def test_lines_are_added_and_removed_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        await settle(one)
        reorders(one, order, line("BR-3", 1, 9), line("BR-2", 4, 2))
        await settle(one)
        row = posted(one, "purchaseorder", order)
        found = {part["Id"]: part["Amount"] for part in lines_of(row)}
        assert found == {"2": 8, "3": 9}
        assert total(row) == D(17)
        assert await codes(one) == []


async def test_the_head_is_edited_too(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), Memo="by rail")
        number = sold(one, line("BR-1", 1, 5))
        await settle(one)
        in_dear(one, "purchase", number=order, set={"OrderDate": "2026-02-26", "Terms": "Net 15"})
        reinvoices(
            one,
            number,
            line("BR-1", 1, 5),
            InvoiceDate="2026-02-27",
            InvoiceDueDate="2026-03-20",
            Memo="thank you",
        )
        await settle(one)
        po, invoice = posted(one, "purchaseorder", order), posted(one, "invoice", number)
        assert po["TxnDate"] == "2026-02-26"
        assert po["SalesTermRef"]["name"] == "Net 15"
        assert (invoice["TxnDate"], invoice["DueDate"]) == ("2026-02-27", "2026-03-20")
        assert invoice["CustomerMemo"]["value"] == "thank you"
        assert await codes(one) == []


async def test_a_line_added_to_a_bill_finds_its_line_of_the_order(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        billed(one, order, "V-1", line("BR-1", 10, 3))
        await settle(one)
        rebills(one, order, line("BR-1", 10, 3), line("BR-2", 4, 2))
        await settle(one)
        po, bill = posted(one, "purchaseorder", order), posted(one, "bill", "V-1")
        assert links(bill) == [(po["Id"], "1"), (po["Id"], "2")]
        assert po["POStatus"] == "Closed"
        assert await codes(one) == []


async def test_a_whole_purchase_is_undone_and_entered_again_otherwise(tmp_path: Path) -> None:
    """The order loses a line that was billed; QuickBooks cuts that link by itself meanwhile."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        task = billed(one, order, "V-1")["TaskID"]
        await settle(one)
        in_dear(one, "purchase", number=order, do="undo")
        await settle(one)
        assert await codes(one) == [(order, HoldCode.REOPENED), ("V-1", HoldCode.REOPENED)]
        now = {"Lines": [line("BR-2", 4, 2), line("BR-3", 1, 9)], "AdditionalCharges": []}
        again = {**now, "Status": "AUTHORISED"}
        in_dear(one, "purchase", number=order, do="order", **{"with": again})
        await settle(one)
        assert await codes(one) == [("V-1", HoldCode.REOPENED)]
        in_dear(one, "purchase", number=order, do="invoice", **{"with": {"TaskID": task, **now}})
        await settle(one)
        po, bill = posted(one, "purchaseorder", order), posted(one, "bill", "V-1")
        assert amounts(po) == amounts(bill) == [D(8), D(9)]
        assert links(bill) == [(po["Id"], "2"), (po["Id"], "3")]
        assert po["POStatus"] == "Closed"
        assert await codes(one) == []


async def test_an_order_that_was_billed_in_full_grows_and_is_open_again(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        task = billed(one, order, "V-1")["TaskID"]
        await settle(one)
        in_dear(one, "purchase", number=order, do="undo")
        more = {"Lines": [line("BR-1", 15, 3)], "Status": "AUTHORISED"}
        in_dear(one, "purchase", number=order, do="order", **{"with": more})
        same = {"TaskID": task, "Lines": [line("BR-1", 10, 3)], "AdditionalCharges": []}
        in_dear(one, "purchase", number=order, do="invoice", **{"with": same})
        await settle(one)
        po = posted(one, "purchaseorder", order)
        assert (po["POStatus"], total(po)) == ("Open", D(45))
        assert amounts(posted(one, "bill", "V-1")) == [D(30)]
        billed(one, order, "V-2")
        await settle(one)
        assert amounts(posted(one, "bill", "V-2")) == [D(15)]
        assert posted(one, "purchaseorder", order)["POStatus"] == "Closed"
        assert await codes(one) == []


async def test_a_price_that_fits_no_line_of_the_order_is_asked_about(tmp_path: Path) -> None:
    """The item is on the order twice at other prices: neither link is certain."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-1", 10, 4))
        billed(one, order, "V-1", line("BR-1", 3, "3.7"))
        await settle(one)
        await hold_of(one, HoldCode.AMBIGUOUS_LINES)
        assert numbers(one, "bill") == []
        rebills(one, order, line("BR-1", 3, 4))
        await settle(one)
        assert links(posted(one, "bill", "V-1"))[0][1] == "2"
        assert await codes(one) == []


async def test_a_taxed_invoice_is_edited_to_the_cent(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 3, "8.5", TaxRule=TAXED), line("BR-2", 1, 5))
        await settle(one)
        assert total(posted(one, "invoice", number)) == D("32.54")
        reinvoices(one, number, line("BR-1", 2, "8.5", TaxRule=TAXED), line("BR-2", 2, 5))
        await settle(one)
        assert total(posted(one, "invoice", number)) == D("28.36")
        assert await codes(one) == []


# -- what a bookkeeper added survives -----------------------------------------------------------


async def test_class_customer_billable_and_notes_of_a_bookkeeper_survive(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        create_in_qbo(one, "class", Name="East")
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        billed(one, order, "V-1")
        await settle(one)
        east = next(s for s in one.qbo.state.all("Class") if s.name == "East").id
        customer = next(s for s in one.qbo.state.all("Customer") if s.name == CUSTOMER).id
        marked = {
            "ClassRef": {"value": east},
            "CustomerRef": {"value": customer},
            "BillableStatus": "Billable",
        }
        keeps_book(one, "bill", "V-1", line={"Id": "1", **marked})
        keeps_book(one, "bill", "V-1", set={"PrivateNote": "checked by Ada"})
        await settle(one)
        assert await codes(one) == []

        rebills(one, order, line("BR-1", 9, 3), line("BR-2", 4, 2))
        await settle(one)
        bill = posted(one, "bill", "V-1")
        first = detail(lines_of(bill)[0])
        assert (first["Qty"], first["ClassRef"]["value"], first["BillableStatus"]) == (
            9,
            east,
            "Billable",
        )
        assert first["CustomerRef"]["value"] == customer
        assert bill["PrivateNote"] == "checked by Ada"
        assert len(links(bill)) == 2
        assert all(place for _, place in links(bill))
        assert await codes(one) == []


async def test_a_bookkeepers_remark_between_the_lines_survives(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, 5))
        await settle(one)
        remark = {"DetailType": "DescriptionOnly", "Description": "fragile"}
        kept = lines_of(posted(one, "invoice", number))
        keeps_book(one, "invoice", number, set={"Line": [*kept, remark]})
        await settle(one)
        assert await codes(one) == []
        reinvoices(one, number, line("BR-1", 3, 5))
        await settle(one)
        row = posted(one, "invoice", number)
        assert total(row) == D(15)
        assert [p.get("Description") for p in lines_of(row)][-1] == "fragile"


# -- a bookkeeper's edits of what DEAR owns -----------------------------------------------------


async def test_an_amount_changed_in_the_books_is_held_and_either_answer_works(
    tmp_path: Path,
) -> None:
    for take, expected in (("dear", D(30)), ("qbo", D(40))):
        async with office(tmp_path / take) as one:
            order = buys(one, line("BR-1", 10, 3))
            await settle(one)
            before = marker(one)
            keeps_book(one, "purchaseorder", order, line={"Id": "1", "UnitPrice": D(4)})
            await settle(one)
            text = await hold_of(one, HoldCode.FOREIGN_EDIT)
            assert order in text
            assert wrote(one, before) == []
            [held] = [r for r in await one.holds() if r.kind is Kind.PURCHASE_ORDER]
            answer = ResolveRequest(record=held.record, field="lines", take=take, reason="asked")
            await desk(one).resolve(BOOKKEEPER, answer)
            await settle(one)
            assert total(posted(one, "purchaseorder", order)) == expected
            assert await codes(one) == []
            assert one.writes("dear") == []


@pytest.mark.parametrize("policy", ["restore", "accept"])
async def test_foreign_edits_are_put_back_or_left_by_policy(tmp_path: Path, policy: str) -> None:
    edits = {Kind.PURCHASE_ORDER: {"*": policy}}
    async with office(tmp_path, on_foreign_edit=edits) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        keeps_book(one, "purchaseorder", order, line={"Id": "1", "UnitPrice": D(4)})
        await settle(one)
        expected = D(30) if policy == "restore" else D(40)
        assert total(posted(one, "purchaseorder", order)) == expected
        assert await codes(one) == []


async def test_F76_lines_reordered_in_the_books_are_not_rewritten(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2), line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        keeps_book(one, "purchaseorder", order, reorder=["3", "2", "1"])
        await settle(one)
        assert wrote(one, before) == []
        assert await codes(one) == []
        reorders(one, order, line("BR-1", 10, 3), line("BR-2", 5, 2), line("BR-1", 10, 3))
        await settle(one)
        row = posted(one, "purchaseorder", order)
        assert {part["Id"]: part["Amount"] for part in lines_of(row)} == {"1": 30, "2": 10, "3": 30}


async def test_a_line_that_a_bookkeeper_deleted_is_asked_about(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        await settle(one)
        kept = lines_of(posted(one, "purchaseorder", order))[:1]
        before = marker(one)
        keeps_book(one, "purchaseorder", order, set={"Line": kept})
        await settle(one)
        await hold_of(one, HoldCode.FOREIGN_EDIT)
        assert wrote(one, before) == []


# -- F38: at the same moment --------------------------------------------------------------------


def just_before(one: Town, tail: str, act: Callable[[], object]) -> None:
    """Let a person act in the instant before our first write to ``tail`` is carried out."""
    done = False

    def hook(system: str, method: str, path: str) -> None:
        nonlocal done
        if not done and system == "qbo" and method == "POST" and path.lower().endswith(f"/{tail}"):
            done = True
            act()

    one.faults.on_request = hook


async def test_F38_a_bookkeeper_saves_another_field_while_we_write(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 10, 3))
        await settle(one)
        rebills(one, order, line("BR-1", 11, 3))
        before = marker(one)
        just_before(
            one, "bill", lambda: keeps_book(one, "bill", "V-1", set={"PrivateNote": "held back"})
        )
        await settle(one)
        one.faults.on_request = None
        bill = posted(one, "bill", "V-1")
        assert (total(bill), bill["PrivateNote"]) == (D(33), "held back")
        assert [r["status"] for r in sent(one, "qbo", "POST", "bill", after=before)] == [400, 200]
        assert await codes(one) == []


async def test_F38_a_bookkeeper_saves_the_same_field_while_we_write(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 10, 3))
        await settle(one)
        rebills(one, order, line("BR-1", 11, 3))
        before = marker(one)
        change = {"Id": "1", "Qty": D(12)}
        just_before(one, "bill", lambda: keeps_book(one, "bill", "V-1", line=change))
        await settle(one)
        one.faults.on_request = None
        assert total(posted(one, "bill", "V-1")) == D(36), "nobody's version was overrun"
        assert [r["status"] for r in sent(one, "qbo", "POST", "bill", after=before)] == [400]
        [(label, _)] = await codes(one)
        assert label == "V-1"


async def test_F38_edited_on_both_sides_between_two_looks_is_asked_about(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        reinvoices(one, number, line("BR-1", 11, 3))
        keeps_book(one, "invoice", number, line={"Id": "1", "Qty": D(12)})
        await settle(one)
        assert wrote(one, before) == []
        assert total(posted(one, "invoice", number)) == D(36)
        [(label, code)] = await codes(one)
        assert label == number
        assert code in (HoldCode.CONFLICT, HoldCode.FOREIGN_EDIT)


async def test_F10_an_update_that_timed_out_is_read_again_before_anything_else(
    tmp_path: Path,
) -> None:
    for fault, done in (("lost_reply", True), ("lost_request", False)):
        async with office(tmp_path / fault) as one:
            order = bill_of(one, "V-1", line("BR-1", 10, 3))
            await settle(one)
            rebills(one, order, line("BR-1", 11, 3))
            before = marker(one)
            one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/bill"})
            await settle(one)
            assert total(posted(one, "bill", "V-1")) == D(33)
            posts = sent(one, "qbo", "POST", "bill", after=before)
            assert len(posts) == (1 if done else 2)
            changed = [name for name in wrote(one, before) if name.startswith("bill/")]
            assert len(changed) == 1
            assert await codes(one) == []


async def test_F42_somebody_who_sets_it_back_every_time_is_named_and_left(tmp_path: Path) -> None:
    edits = {Kind.PURCHASE_ORDER: {"*": "restore"}}
    async with office(tmp_path, on_foreign_edit=edits) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        for _ in range(6):
            keeps_book(one, "purchaseorder", order, line={"Id": "1", "UnitPrice": D(4)})
            await one.cycle()
            await one.cycle()
        ours = sent(one, "qbo", "POST", "purchaseorder", after=before)
        assert 0 < len(ours) <= 4
        await hold_of(one, HoldCode.OSCILLATION)


# -- what derived figures do --------------------------------------------------------------------


async def test_a_payment_moves_balance_and_version_and_nothing_else(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        before = marker(one)
        keeps_book(one, "invoice", number, pay={"amount": D(12)})
        report = await one.cycle()
        assert report.planned == report.sent == 0
        assert [e for e in await one.entries() if isinstance(e, VersionMoved)]
        assert wrote(one, before) == []
        in_dear(one, "sale", number=sale_of(number), set={"Note": "second call"})
        reinvoices(one, number, line("BR-1", 11, 3))
        await settle(one)
        row = posted(one, "invoice", number)
        assert (total(row), row["Balance"]) == (D(33), D(21))
        assert await codes(one) == []


async def test_F86_a_property_that_nobody_knows_is_kept_raw_and_compared_to_nothing(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        bill_of(one, "V-1", line("BR-1", 10, 3))
        await settle(one)
        stored = one.qbo.state.get("Bill", posted(one, "bill", "V-1")["Id"])
        assert stored is not None
        part = stored.derived["Line"][0]
        part[part["DetailType"]]["CarbonGrade"] = {"value": "B"}
        before = marker(one)
        one.qbo.state.bump(stored)
        await settle(one)
        assert wrote(one, before) == []
        assert await codes(one) == []
        record = await one.record_of(QBO, Kind.BILL, stored.id)

        def raw_of(views: Any) -> bytes:
            [view] = views.views([record])
            head = views.heads({view.sides[QBO].ref})[view.sides[QBO].ref]
            raw: bytes = unpack(views.body(head.payload)).raw
            return raw

        assert b"CarbonGrade" in await one.ledger.read(raw_of)


async def test_F87_the_twin_would_refuse_less_than_what_we_send(tmp_path: Path) -> None:
    """An update without version or vendor is refused here, and ours are not: they say them."""
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1", line("BR-1", 10, 3))
        await settle(one)
        row = posted(one, "bill", "V-1")
        whole = {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True}
        for less in (
            {**whole, "VendorRef": row["VendorRef"], "SyncToken": None},
            {**whole, "PrivateNote": "no vendor"},
        ):
            with pytest.raises(QboFault):
                write(one.qbo.state, BY_PATH["bill"], less, Options())
        rebills(one, order, line("BR-1", 9, 3))
        before = marker(one)
        await settle(one)
        [post] = sent(one, "qbo", "POST", "bill", after=before)
        assert (post["status"], total(posted(one, "bill", "V-1"))) == (200, D(27))
        kept = {key: row.get(key) for key in ("VendorAddr", "DueDate", "SalesTermRef", "DocNumber")}
        now = posted(one, "bill", "V-1")
        assert {key: now.get(key) for key in kept} == kept, "sparse: what was not sent stayed"
        await require_sound(one)


async def test_an_edit_is_made_once_whatever_restarts_between(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        await settle(one)
        reorders(one, order, line("BR-1", 12, 3))
        before = marker(one)
        await one.restart()
        await one.cycle()
        await one.restart()
        await settle(one)
        assert total(posted(one, "purchaseorder", order)) == D(36)
        assert len(wrote(one, before)) == 1
