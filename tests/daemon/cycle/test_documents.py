"""Orders, bills and invoices through whole cycles over both sandboxes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.cycle.company import Pace
from daemon.reconcile.policy import DocumentPolicy
from daemon.sandbox.world import make_world
from ledger.model.encoding import encode
from ledger.model.entries import Confirmed, Intended, OutcomeUnknown, Rejected
from ledger.model.facts import HoldCode
from ledger.model.ids import Digest, Kind, OperationId, RequestId
from ledger.model.outcomes import IntentItem, Write, WriteRequest
from ledger.model.plans import Action
from ledger.model.values import Line, Lines, Reference
from tests.scenarios.support import Goods, qbo_row, qbo_rows, request_ids, sent, tiny, village
from tests.town import DEAR, QBO, Town

KINDS = (Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE)
FREE = {kind: DocumentPolicy(since="2020-01-01", removals="auto") for kind in KINDS}
ASKING = {kind: DocumentPolicy(since="2020-01-01") for kind in KINDS}
PURCHASE, SALE, NUMBER = "PO-00001", "SO-00001", "INV-00001"
ROWS = [
    {"SKU": "BR-1", "Quantity": 5, "Price": 8, "TaxRule": "Tax Exempt"},
    {"SKU": "BR-2", "Quantity": 2, "Price": 3, "TaxRule": "Tax Exempt"},
]
SETTLES_S = 131.0


async def do(one: Town, kind: str, number: str, what: str, **more: Any) -> Any:
    return await one.edit("dear", {"kind": kind, "number": number, "do": what, **more})


async def buy(one: Town, *, billed: bool = True) -> None:
    """An order of two lines, billed whole or not at all."""
    given = {"Supplier": "Amber Freight", "Location": "Main Warehouse", "Approach": "INVOICE"}
    await one.edit("dear", {"kind": "purchase", "create": {**given, "Lines": ROWS}})
    await do(one, "purchase", PURCHASE, "authorise")
    if billed:
        await do(one, "purchase", PURCHASE, "invoice")


async def sell(one: Town) -> None:
    given = {"Customer": "Birch Gardens", "Location": "Main Warehouse", "Lines": ROWS}
    await one.edit("dear", {"kind": "sale", "create": given})
    await do(one, "sale", SALE, "authorise")
    await do(one, "sale", SALE, "invoice")


@asynccontextmanager
async def flowing(
    folder: Path, documents: dict[Kind, DocumentPolicy] | None = None
) -> AsyncIterator[Town]:
    """Master data agreed, the first plan long approved, documents flowing, none there yet."""
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor("Amber Freight"), goods.vendor("Cedar Rockworks")),
        customers=(goods.customer("Birch Gardens"),),
        products=(goods.item("BR-1"), goods.item("BR-2")),
    )
    bank = [t for t in make_world(7, "small").accounts if t.qbo is not None and t.qbo.id == "35"]
    world = replace(world, accounts=(*world.accounts, *bank))
    given = FREE if documents is None else documents
    async with village(folder, world, documents=given) as one:
        await one.agree()
        yield one


def numbered(one: Town, kind: str, number: str) -> dict[str, Any]:
    (found,) = [row for row in qbo_rows(one, kind) if row.get("DocNumber") == number]
    return found


def links(bill: dict[str, Any]) -> list[tuple[str, str]]:
    """(id of the order, id of its line) for every line of a bill in QBO that bills one."""
    return [
        (txn["TxnId"], txn["TxnLineId"]) for row in bill["Line"] for txn in row.get("LinkedTxn", [])
    ]


def ends(one: Town) -> list[str]:
    """What was deleted, voided and closed in QBO, in order."""
    found = []
    for row in one.log.since(0, system="qbo", limit=1_000_000):
        _, _, operation = row["query"].partition("operation=")
        if row["method"] == "POST" and operation:
            found.append(f"{operation} {row['path'].rsplit('/', 1)[-1]}")
    return found


async def documents_asked_for(one: Town, system: str, after: int) -> list[str]:
    words = {"qbo": ("bill", "invoice", "purchaseorder"), "dear": ("purchase", "sale")}
    return [
        row["path"]
        for row in one.log.since(after, system=system, limit=1_000_000)
        if row["method"] == "GET"
        and any(word in f"{row['path']}?{row['query']}".lower() for word in words[system])
    ]


# -- there --------------------------------------------------------------------------------------


async def test_an_order_and_its_bill_are_posted_and_linked_in_one_cycle(tmp_path: Path) -> None:
    async with flowing(tmp_path) as one:
        await buy(one)

        report = await one.cycle()

        assert (report.confirmed, report.rejected, report.problems) == (2, 0, [])
        order = numbered(one, "purchase_order", PURCHASE)
        bill = numbered(one, "bill", NUMBER)
        lines = [row["Id"] for row in order["Line"] if "ItemBasedExpenseLineDetail" in row]
        assert links(bill) == [(order["Id"], line) for line in lines]
        assert len(lines) == 2
        assert (await one.settle()).learned_nothing


async def test_what_a_document_points_to_goes_first_however_planning_was_sliced(
    tmp_path: Path,
) -> None:
    """Bills are planned long before vendors, by the order of record ids."""
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor("Amber Freight", qbo=False),),
        products=(goods.item("BR-1", qbo=False), goods.item("BR-2", qbo=False)),
    )
    async with village(tmp_path, world, documents=FREE) as one:
        one.scheduler.company.pace = Pace(slice_records=1)
        await buy(one)
        await one.cycle()
        await one.approve_all()

        report = await one.cycle()

        assert (report.confirmed, report.rejected) == (5, 0)
        assert len(links(numbered(one, "bill", NUMBER))) == 2
        masters = [r["n"] for kind in ("batch", "vendor") for r in sent(one, "qbo", "POST", kind)]
        assert max(masters) < sent(one, "qbo", "POST", "purchaseorder")[0]["n"]

        await do(one, "purchase", PURCHASE, "void")
        await one.settle()
        assert ends(one) == ["delete bill"]
        assert numbered(one, "purchase_order", PURCHASE)["POStatus"] == "Closed"


async def test_a_document_of_a_closed_period_goes_when_the_books_are_opened(
    tmp_path: Path,
) -> None:
    async with flowing(tmp_path) as one:
        await one.edit("qbo", {"kind": "company", "set": {"closed_until": "2026-12-31"}})
        await one.cycle("a day later", after_s=86_400)
        await buy(one)
        await one.settle()
        assert HoldCode.CLOSED_PERIOD in {row.hold.code for row in await one.holds(Kind.BILL)}
        assert qbo_rows(one, "bill") == []

        await one.edit("qbo", {"kind": "company", "set": {"closed_until": "2025-12-31"}})
        await one.cycle("a day later", after_s=86_400)
        await one.settle()

        assert len(links(numbered(one, "bill", NUMBER))) == 2
        assert await one.holds(Kind.BILL) == []


async def test_a_removal_waits_for_a_person_and_goes_when_approved(tmp_path: Path) -> None:
    async with flowing(tmp_path, ASKING) as one:
        await sell(one)
        await one.cycle()
        await do(one, "sale", SALE, "void")

        report = await one.cycle()
        assert (report.waiting, report.sent) == (1, 0)
        (row,) = await one.operations("waiting")
        assert row.reason == "removes"
        assert f'void invoice "{NUMBER}" in QuickBooks' in row.text
        assert ends(one) == []

        await one.approve_all()
        await one.settle()

        assert ends(one) == ["void invoice"]
        assert str(numbered(one, "invoice", NUMBER)["TotalAmt"]) == "0"
        assert await one.operations("planned", "waiting", "approved", "intended") == []


async def test_a_voided_purchase_ends_in_the_books_bill_before_order(tmp_path: Path) -> None:
    async with flowing(tmp_path) as one:
        await buy(one)
        await one.cycle()
        await do(one, "purchase", PURCHASE, "void")

        await one.settle()

        assert ends(one) == ["delete bill"]
        assert qbo_rows(one, "bill") == []
        assert numbered(one, "purchase_order", PURCHASE)["POStatus"] == "Closed"
        closing = sent(one, "qbo", "POST", "purchaseorder")[-1]
        deleting = next(r for r in sent(one, "qbo", "POST", "bill") if "delete" in r["query"])
        assert deleting["n"] < closing["n"]
        assert await one.operations("planned", "waiting", "approved", "intended") == []
        assert [row for kind in KINDS for row in await one.holds(kind)] == []


async def test_a_payment_taken_off_wakes_the_removal_that_waited_for_it(tmp_path: Path) -> None:
    """Nothing compared changes when a payment goes: the balance is a derived figure."""
    async with flowing(tmp_path) as one:
        await buy(one)
        await one.cycle()
        paid = await one.edit("qbo", {"kind": "bill", "number": NUMBER, "pay": True})
        await one.settle()
        await do(one, "purchase", PURCHASE, "void")
        await one.settle()
        assert HoldCode.SETTLED in {row.hold.code for row in await one.holds(Kind.BILL)}
        assert ends(one) == []

        await one.edit("qbo", {"kind": "bill_payment", "id": paid["id"], "delete": True})
        report = await one.cycle()

        assert report.seen[QBO].moved > 0
        assert ends(one) == ["delete bill"]
        assert await one.holds(Kind.BILL) == []


# -- the answer is lost -------------------------------------------------------------------------


async def probed(one: Town) -> list[Confirmed]:
    return [e for e in await one.entries() if isinstance(e, Confirmed) and e.how == "probe"]


async def unknowns(one: Town) -> int:
    return sum(isinstance(entry, OutcomeUnknown) for entry in await one.entries())


@pytest.mark.parametrize("what", ["bill", "invoice", "purchaseorder"])
async def test_a_lost_answer_to_a_removal_is_settled_by_looking(tmp_path: Path, what: str) -> None:
    async with flowing(tmp_path) as one:
        side, number = ("sale", SALE) if what == "invoice" else ("purchase", PURCHASE)
        await (sell(one) if side == "sale" else buy(one, billed=what == "bill"))
        await one.cycle()
        await do(one, side, number, "void")
        before = len(sent(one, "qbo", "POST", what))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": f"*/{what}"})

        assert (await one.cycle()).unknown == 1
        await one.settle()
        await one.cycle(after_s=SETTLES_S)

        assert len(sent(one, "qbo", "POST", what)) == before + 1, "it went once"
        (settled,) = await probed(one)
        assert bool(settled.payload) is (what != "bill"), "a deleted bill has nothing to show"
        assert await one.operations("planned", "waiting", "approved", "intended") == []
        assert (await one.ledger.verify()).problems == ()


@pytest.mark.parametrize("what", ["bill", "invoice"])
async def test_a_lost_removal_goes_again_under_its_own_id(tmp_path: Path, what: str) -> None:
    async with flowing(tmp_path) as one:
        side, number = ("sale", SALE) if what == "invoice" else ("purchase", PURCHASE)
        await (sell(one) if side == "sale" else buy(one))
        await one.cycle()
        await do(one, side, number, "void")
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": f"*/{what}"})

        assert (await one.cycle()).unknown == 1
        report = await one.cycle()
        assert report.open_intents == 1, "absent is not believed yet"
        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        word = {"bill": "delete", "invoice": "void"}[what]
        removals = [r for r in sent(one, "qbo", "POST", what) if f"operation={word}" in r["query"]]
        assert len(removals) == 2
        assert len(set(request_ids(removals))) == 1
        assert await unknowns(one) == 1
        if what == "bill":
            assert qbo_rows(one, "bill") == []
        else:
            assert str(numbered(one, "invoice", NUMBER)["TotalAmt"]) == "0"
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
async def test_a_lost_bill_is_known_by_number_and_vendor(tmp_path: Path, fault: str) -> None:
    """Another vendor's bill of the same number stands in the books; it is not ours."""
    async with flowing(tmp_path) as one:
        await one.edit(
            "qbo",
            {
                "kind": "bill",
                "enter": {
                    "party": "Cedar Rockworks",
                    "number": NUMBER,
                    "date": "2026-03-02",
                    "lines": [{"item": "BR-1", "quantity": 1, "price": 1}],
                },
            },
        )
        await one.settle()
        await buy(one)
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/bill"})

        assert (await one.cycle()).unknown == 1
        await one.cycle()
        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        vendors = sorted(row["VendorRef"]["name"] for row in qbo_rows(one, "bill"))
        assert vendors == ["Amber Freight", "Cedar Rockworks"]
        rows = await one.ledger.read(lambda views: views.documents(Kind.BILL))
        both = [row for row in rows if len(row.sides) == 2]
        assert len(both) == 1
        assert both[0].sides[QBO].party_record == await one.record_of(
            QBO, Kind.VENDOR, qbo_row(one, "vendor", "Amber Freight")["Id"]
        )
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("later_s", [SETTLES_S, 7200.0])
async def test_a_lost_create_that_cannot_be_looked_for_is_never_sent_anew(
    tmp_path: Path, later_s: float
) -> None:
    """Under its own id QuickBooks answers it as before; when that is too old, a person looks."""
    async with flowing(tmp_path) as one:
        customer = qbo_row(one, "customer", "Birch Gardens")["Id"]
        record = await one.record_of(QBO, Kind.CUSTOMER, customer)
        item = Reference(kind=Kind.ITEM, id=qbo_row(one, "item", "BR-1")["Id"])
        line = Line(item=item, quantity=Decimal(1), unit_price=Decimal(5), amount=Decimal(5))
        write = Write(
            b_id="b1",
            operation=OperationId("op-1"),
            kind=Kind.INVOICE,
            action=Action.CREATE,
            ref=None,
            version="",
            fields={
                "customer": Reference(kind=Kind.CUSTOMER, id=customer),
                "number": None,
                "lines": Lines((line,)),
            },
        )
        request = WriteRequest(id=RequestId("r1"), system=QBO, writes=(write,))
        item_of = IntentItem(
            b_id="b1",
            operation=write.operation,
            digest=Digest("d"),
            record=record,
            kind=Kind.INVOICE,
            action=Action.CREATE,
        )
        draft = one.ledger.draft()
        draft.add(
            Intended(
                request=request.id,
                system=QBO,
                generation=0,
                items=(item_of,),
                payload=draft.body(encode(request)),
            )
        )
        await one.ledger.append(draft)

        report = await one.cycle()
        assert (report.open_intents, report.unknown) == (1, 0)
        await one.cycle(after_s=later_s)

        posts = sent(one, "qbo", "POST", "invoice")
        refused = [e for e in await one.entries() if isinstance(e, Rejected)]
        if later_s == SETTLES_S:
            assert request_ids(posts) == ["r1"]
            assert (len(qbo_rows(one, "invoice")), refused) == (1, [])
        else:
            assert posts == []
            assert [(e.code, e.field) for e in refused] == [("perhaps_made", "number")]
            assert "without a number the invoice that may have been made" in refused[0].message
        assert await one.ledger.read(lambda views: views.open_intents()) == []


# -- what is read, and when ---------------------------------------------------------------------


async def test_documents_are_not_read_before_they_flow_and_then_whole(tmp_path: Path) -> None:
    async with flowing(tmp_path, {}) as one:
        await buy(one)
        await one.cycle()
        await one.scheduler.run_now("daily", full=True)
        for system in ("qbo", "dear"):
            assert await documents_asked_for(one, system, 0) == []

        company = one.scheduler.company
        one.policy_changes = {"documents": FREE}
        await one.restart()
        assert one.scheduler.company is not company
        report = await one.cycle()

        for system, seen in report.seen.items():
            assert set(KINDS) <= set(seen.swept), system
        assert numbered(one, "bill", NUMBER)


async def test_the_daily_look_reads_no_document_again_that_costs_a_call(tmp_path: Path) -> None:
    async with flowing(tmp_path) as one:
        await buy(one)
        await one.settle()
        last = one.log.last

        report = await one.scheduler.run_now("daily", full=True)

        assert report.complete, report.problems
        paths = await documents_asked_for(one, "dear", last)
        assert paths, "changes of documents are asked for"
        assert all(path.lower().endswith("list") for path in paths), paths
        assert Kind.ITEM in report.seen[DEAR].swept
        assert not set(KINDS) & set(report.seen[DEAR].swept)
        assert set(KINDS) <= set(report.seen[QBO].swept)

        await do(one, "purchase", PURCHASE, "reprice", sku="BR-1", price=9)
        one.clock.advance(60)
        await one.scheduler.run_now("daily", full=True)
        await one.settle()
        assert str(numbered(one, "bill", NUMBER)["TotalAmt"]) == "51"
