"""Documents across a re-export of the catalogue: what is open keeps the old item and flows on, what
is new uses the new one."""

from pathlib import Path

from daemon.catalogue.job import load
from daemon.catalogue.words import Keeping, State
from daemon.control.cataloguing import report as told
from daemon.control.protocol import LinkRequest
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.daemon.catalogue.support import (
    COMPANY,
    MIRA,
    active,
    conductor,
    delete_in_qbo,
    finish,
)
from tests.scenarios.papers import (
    bill_of,
    billed,
    buys,
    codes,
    detail,
    invoiced,
    line,
    lines_of,
    links,
    marker,
    nothing_twice,
    numbers,
    office,
    open_work,
    posted,
    reorders,
    sells,
    settle,
    total,
    wrote,
)
from tests.scenarios.support import create_in_qbo, qbo_row, require_sound
from tests.scenarios.village import BOOKKEEPER, desk
from tests.simulation.wakeful import nobody_oversleeps
from tests.town import QBO, Town


def item_ids(one: Town, kind: str, number: str) -> list[str]:
    """The items of a document's lines in QBO."""
    return [detail(part)["ItemRef"]["value"] for part in lines_of(posted(one, kind, number))]


async def test_F12_open_documents_keep_the_old_item_and_flow_on(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        old = qbo_row(one, "item", "BR-1")["Id"]
        other = qbo_row(one, "item", "BR-2")["Id"]
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        bill_of(one, "V-9", line("BR-1", 2, 3))
        sale = sells(one, line("BR-1", 1, 9))
        invoice = str(invoiced(one, sale)["InvoiceNumber"])
        untouched = buys(one, line("BR-2", 1, 2))
        await settle(one)
        assert await codes(one) == []

        await delete_in_qbo(one, "BR-1")
        await settle(one)
        job = conductor(one)
        planned = await job.plan(MIRA, None)
        assert planned.state is State.PLANNED
        plan = planned.memo.plan
        assert plan is not None
        found: list[Keeping] = []
        for chunk in plan.document_chunks:
            found += await load(one.ledger, chunk, Keeping)
        assert sorted((d.number, d.items) for d in found) == sorted(
            [(order, ("BR-1",)), ("V-9", ("BR-1",)), (invoice, ("BR-1",))]
        )
        assert plan.documents == 3
        assert all(d.date for d in found)
        assert untouched not in {d.number for d in found}

        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        await finish(one, job)
        shown = await told(desk(one), job, limit=100, offset=0)
        assert sorted(d.number for d in shown.documents) == sorted([order, "V-9", invoice])
        new = next(row["Id"] for row in active(one) if row["Sku"] == "BR-1")
        assert new != old
        mark = marker(one)
        await settle(one)
        assert wrote(one, mark) == [], "nothing is rewritten because an item was replaced"
        assert await codes(one) == []
        assert item_ids(one, "purchaseorder", order) == [old, other]
        assert item_ids(one, "invoice", invoice) == [old]

        # A new document uses the new item.
        later = buys(one, line("BR-1", 5, 3))
        await settle(one)
        assert item_ids(one, "purchaseorder", later) == [new]
        # The open order is billed, and its prices may still change.
        reorders(one, order, line("BR-1", 10, 4), line("BR-2", 4, 2))
        await settle(one)
        assert total(posted(one, "purchaseorder", order)) == 48
        assert item_ids(one, "purchaseorder", order) == [old, other]
        billed(one, order, "V-10")
        await settle(one)
        assert item_ids(one, "bill", "V-10") == [new, other]
        purchase = posted(one, "purchaseorder", order)["Id"]
        assert [link for link, _ in links(posted(one, "bill", "V-10"))] == [purchase, purchase]
        assert numbers(one, "bill") == ["V-10", "V-9"]
        assert await codes(one) == []
        assert await open_work(one) == []
        nothing_twice(one)
        await require_sound(one)
        assert await one.holds(Kind.ITEM) == []


async def test_documents_are_looked_at_when_their_replaced_item_becomes_another_product(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        old, other = (f"qbo/item/{qbo_row(one, 'item', sku)['Id']}" for sku in ("BR-1", "BR-2"))
        buys(one, line("BR-1", 10, 3))
        await settle(one)
        await delete_in_qbo(one, "BR-1")
        await settle(one)
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        await finish(one, job)
        await settle(one)
        assert await codes(one) == []

        product = await one.record_of(QBO, Kind.ITEM, other.rpartition("/")[2])
        parted = LinkRequest(record=product, ref=other, action="unlink", reason="mixed up")
        await desk(one).link(BOOKKEEPER, parted)
        await desk(one).link(BOOKKEEPER, LinkRequest(record=product, ref=old, reason="mixed up"))
        await settle(one)

        held = {row.hold.code for row in await one.holds(Kind.PURCHASE_ORDER)}
        assert held == {HoldCode.FOREIGN_EDIT}, "its line is about another product now"
        await nobody_oversleeps(one)


async def test_a_bill_goes_on_when_its_item_was_made_anew_by_hand_and_linked(
    tmp_path: Path,
) -> None:
    """What shows the old item means the product: nobody edited those documents."""
    async with office(tmp_path) as one:
        old = qbo_row(one, "item", "BR-1")
        order = buys(one, line("BR-1", 10, 3))
        bill_of(one, "V-9", line("BR-1", 2, 3))
        await settle(one)
        product = await one.record_of(QBO, Kind.ITEM, old["Id"])
        await delete_in_qbo(one, "BR-1")
        account = {"value": old["IncomeAccountRef"]["value"]}
        kept = {key: old[key] for key in ("Sku", "Type", "UnitPrice", "PurchaseCost") if key in old}
        more = {"Name": old["Name"], "IncomeAccountRef": account, "Active": True}
        if "ExpenseAccountRef" in old:
            more["ExpenseAccountRef"] = {"value": old["ExpenseAccountRef"]["value"]}
        create_in_qbo(one, "item", **kept, **more)
        await settle(one)
        new = next(row["Id"] for row in active(one) if row["Sku"] == "BR-1")
        request = LinkRequest(record=product, ref=f"qbo/item/{new}", reason="made by hand")
        await desk(one).link(BOOKKEEPER, request)
        mark = marker(one)
        await settle(one)
        assert wrote(one, mark) == []
        assert await codes(one) == []
        assert item_ids(one, "purchaseorder", order) == [old["Id"]]
        reorders(one, order, line("BR-1", 10, 4))
        await settle(one)
        assert await codes(one) == []
        assert total(posted(one, "purchaseorder", order)) == 40
        assert item_ids(one, "purchaseorder", order) == [old["Id"]]
        later = buys(one, line("BR-1", 5, 3))
        await settle(one)
        assert item_ids(one, "purchaseorder", later) == [new]
