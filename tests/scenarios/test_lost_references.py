"""What a record needs is gone or inactive: it waits, and one answer frees all that wait."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.control.deciding import retry
from daemon.control.protocol import RetryRequest
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import World
from ledger.model.entries import Rejected
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId
from tests.scenarios.removing import SINCE, buy, hold_of, merge, record, remap, trading
from tests.scenarios.support import (
    Goods,
    dear_row,
    dear_rows,
    qbo_row,
    qbo_rows,
    require_sound,
    tiny,
    village,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, QBO, Town


async def test_F21_a_refused_delete_stays_owed_with_its_age_and_last_error(tmp_path: Path) -> None:
    async with village(tmp_path, trading("Amber Works"), documents=SINCE) as one:
        await one.agree()
        number = await buy(one, "Amber Works", "BR-1")
        await one.settle()
        (bill,) = qbo_rows(one, "bill")
        one.fail(
            {
                "system": "qbo",
                "kind": "status",
                "status": 400,
                "body": REFUSAL,
                "method": "POST",
                "path": "*/bill",
                "times": 0,
                "headers": {"Content-Type": "application/json"},
            }
        )
        await one.edit(
            "dear", {"kind": "purchase", "number": number, "do": "void", "part": "invoice"}
        )
        await one.settle()
        await one.approve_all()
        await one.settle()
        tries = len([e for e in await one.entries() if isinstance(e, Rejected)])
        assert tries == 1
        await one.cycle(after_s=86_400)

        (row,) = [h for h in await one.holds(Kind.BILL) if h.hold.code is HoldCode.REJECTED]
        assert "because it is linked" in row.hold.text, "the last error"
        assert (await desk(one).status()).holds["rejected"] == 1
        shown = [
            h for h in (await desk(one).plan(limit=50, offset=0)).holds if h.code == "rejected"
        ]
        assert len(shown) == 1
        assert shown[0].since < (one.clock.now() - timedelta(hours=20)).isoformat(), "its age"
        assert [b["Id"] for b in qbo_rows(one, "bill")] == [bill["Id"]]
        assert len([e for e in await one.entries() if isinstance(e, Rejected)]) == tries

        one.faults.clear()
        await retry(desk(one), BOOKKEEPER, RetryRequest(record=row.record, reason="unlinked"))
        await one.settle()
        await one.approve_all()
        await one.settle()
        assert qbo_rows(one, "bill") == []
        assert await one.holds(Kind.BILL) == []


REFUSAL = {
    "Fault": {
        "Error": [
            {
                "Message": "Business Validation Error",
                "Detail": "Business Validation Error: It cannot be deleted because it is linked.",
                "code": "6000",
                "element": "",
            }
        ],
        "type": "ValidationFault",
    },
    "time": "2026-03-02T08:00:00.000-08:00",
}


def chart() -> World:
    """Products in DEAR that post to an account which QuickBooks is about to lose."""
    goods = Goods()
    new = tuple(goods.item(f"NEW-{n}", qbo=False) for n in range(3))
    return tiny(products=(goods.item("BR-1"), *new))


SALES, SERVICES = "Sales of Product Income", "Services"


async def lost_account(one: Town) -> tuple[RecordId, RecordId, str]:
    """The account was merged away before the new products went: its record, that of the account
    it went into, and the id of that."""
    await one.cycle("first load")
    old = await record(one, Kind.ACCOUNT, SALES)
    into = str(qbo_row(one, "account", SERVICES)["Id"])
    await merge(one, "account", SALES, SERVICES)
    await one.cycle("seen")
    await one.approve_all()
    await one.settle()
    return old, await one.record_of(QBO, Kind.ACCOUNT, into), into


def new_in_qbo(one: Town) -> list[str]:
    """The income accounts of the products that were created."""
    rows = [r for r in qbo_rows(one, "item") if str(r.get("Sku", "")).startswith("NEW-")]
    return [r["IncomeAccountRef"]["value"] for r in rows]


@pytest.mark.parametrize("left", ["gone", "inactive"])
async def test_F37_dependants_of_a_lost_account_wait_as_one_group_with_one_answer(
    tmp_path: Path, left: Any
) -> None:
    async with village(tmp_path, chart(), qbo=QboSwitches(merged_away=left)) as one:
        old, new, into = await lost_account(one)
        waiting = [h for h in await one.holds(Kind.ITEM) if h.hold.group == f"account:{old}"]
        assert sorted(h.label for h in waiting) == ["NEW-0", "NEW-1", "NEW-2"]
        assert {h.hold.waits_for for h in waiting} == {(old,)}
        assert all(f"trueup remap {old}" in h.hold.cure for h in waiting)
        (question,) = (await desk(one).remaps()).questions
        assert (question.target, question.records) == (old, 3), "and a person sees one question"
        assert new_in_qbo(one) == []

        await remap(one, old, new)
        await one.settle()
        assert (await desk(one).remaps()).questions == ()
        assert new_in_qbo(one) == [into] * 3
        assert await one.holds(Kind.ITEM) == []
        posts_to = {r["RevenueAccount"] for r in dear_rows(one, "item")}
        assert dear_row(one, "account", SALES)["Code"] in posts_to, "DEAR keeps its own accounts"
        await require_sound(one)


async def test_F37_an_answer_that_is_taken_back_asks_again(tmp_path: Path) -> None:
    async with village(tmp_path, chart(), create={Kind.ITEM: {QBO: "ask"}}) as one:
        old, new, into = await lost_account(one)
        await remap(one, old, new)
        await one.settle()
        waiting = await one.operations("waiting")
        assert len(waiting) == 3
        traces = {c.trace for w in waiting for c in w.operation.changes}
        assert "dear.income_account: account Q79 via remap to Q1" in traces

        await remap(one, old, None)
        await one.settle()
        assert await one.operations("planned", "waiting", "approved") == []
        assert len([h for h in await one.holds() if h.hold.group == f"account:{old}"]) == 3
        assert new_in_qbo(one) == []

        await remap(one, old, new)
        await one.settle()
        await one.approve_all()
        await one.settle()
        assert new_in_qbo(one) == [into] * 3


async def test_an_inactive_account_is_told_before_quickbooks_refuses_it(tmp_path: Path) -> None:
    async with village(tmp_path, chart()) as one:
        await one.cycle("first load")
        old = await record(one, Kind.ACCOUNT, SALES)
        sold = qbo_row(one, "item", "BR-1")
        other = qbo_row(one, "account", SERVICES)["Id"]
        moved = {"IncomeAccountRef": {"value": other}}
        await one.edit("qbo", {"kind": "item", "id": sold["Id"], "set": moved})
        rest = qbo_row(one, "account", SALES)
        await one.edit("qbo", {"kind": "account", "id": rest["Id"], "inactivate": True})
        await one.cycle("seen")
        await one.approve_all()
        await one.settle()

        held = [h for h in await one.holds(Kind.ITEM) if h.label.startswith("NEW-")]
        assert {h.hold.code for h in held} == {HoldCode.INACTIVE_REFERENCE}
        assert {h.hold.group for h in held} == {f"account:{old}"}
        assert not [e for e in await one.entries() if isinstance(e, Rejected)]

        back = {"Active": True, "Name": SALES}
        await one.edit("qbo", {"kind": "account", "id": rest["Id"], "set": back})
        await one.settle()
        await one.approve_all()
        await one.settle()
        assert new_in_qbo(one) == [rest["Id"]] * 3


async def test_an_inactive_vendor_holds_its_new_bills_and_leaves_the_old_ones(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, trading("Amber Works"), documents=SINCE) as one:
        await one.agree()
        await buy(one, "Amber Works", "BR-1")
        await one.settle()
        vendor = qbo_row(one, "vendor", "Amber Works")
        await one.edit("qbo", {"kind": "vendor", "id": vendor["Id"], "inactivate": True})
        await buy(one, "Amber Works", "BR-2")
        await one.settle()
        assert len(qbo_rows(one, "bill")) == 1
        held = {h.hold.code for h in await one.holds(Kind.PURCHASE_ORDER)}
        assert held == {HoldCode.INACTIVE_REFERENCE}
        assert not [e for e in await one.entries() if isinstance(e, Rejected)]

        back = {"Active": True, "DisplayName": "Amber Works"}
        await one.edit("qbo", {"kind": "vendor", "id": vendor["Id"], "set": back})
        await one.settle()
        assert len(qbo_rows(one, "bill")) == 2
        assert await one.holds(Kind.BILL) == []


async def test_F69_an_item_that_quickbooks_tracks_is_told_and_not_changed(tmp_path: Path) -> None:
    """Tracking cannot be switched off in place; the way out is to retire it and create another."""
    async with village(tmp_path, trading()) as one:
        await one.agree()
        tracked = {
            "Type": "Inventory",
            "TrackQtyOnHand": True,
            "QtyOnHand": 0,
            "InvStartDate": "2026-01-01",
            "AssetAccountRef": {"value": qbo_row(one, "account", "Inventory Asset")["Id"]},
        }
        item = qbo_row(one, "item", "BR-1")
        await one.edit("qbo", {"kind": "item", "id": item["Id"], "set": tracked})
        await one.settle()

        mine = await record(one, Kind.ITEM, "BR-1")
        row = await hold_of(one, Kind.ITEM, mine)
        assert (row.hold.code, row.hold.field) == (HoldCode.NOT_REPRESENTABLE, "type")
        assert "inventory" in row.hold.text
        assert "trueup catalogue" in row.hold.cure
        assert qbo_row(one, "item", "BR-1")["Type"] == "Inventory"
        assert one.writes("qbo") == []
        assert one.writes("dear") == []


async def test_F37_an_answer_follows_its_account_into_another_record(tmp_path: Path) -> None:
    """The account meant was known in QuickBooks only, and gets its part in DEAR later."""
    goods = Goods()
    world = tiny(products=(goods.item("NEW-0", qbo=False), goods.item("NEW-1", qbo=False)))
    wishes = {Kind.ACCOUNT: {DEAR: "never"}, Kind.ITEM: {QBO: "ask"}}
    async with village(tmp_path, world, create=wishes) as one:
        await one.cycle("first load")
        old = await record(one, Kind.ACCOUNT, SALES)
        trade = {"Name": "Trade", "AccountType": "Income"}
        made = await one.edit("qbo", {"kind": "account", "create": trade})
        into = {"kind": "account", "id": qbo_row(one, "account", SALES)["Id"], "merge": made["id"]}
        await one.edit("qbo", into)
        await one.cycle("seen")
        await one.approve_all()
        await one.settle()
        alone = await one.record_of(QBO, Kind.ACCOUNT, made["id"])
        await remap(one, old, alone)
        await one.settle()
        assert len(await one.operations("waiting")) == 2

        fields = {"Name": "Trade", "Code": "4010", "Type": "REVENUE"}
        await one.edit("dear", {"kind": "account", "create": fields})
        await one.cycle("DEAR's chart is read every few hours", after_s=5 * 3600)
        await one.settle()
        joined = await one.record_of(QBO, Kind.ACCOUNT, made["id"])
        assert joined != alone, "QuickBooks' reference joined the record that DEAR opened"
        (answered,) = await one.ledger.read(lambda views: views.remaps())
        assert (answered.old, answered.new) == (old, joined)
        for _ in range(2):  # what waited named the record that is no more: it is asked for anew
            await one.approve_all()
            await one.settle()
        assert new_in_qbo(one) == [made["id"]] * 2
        assert await one.holds(Kind.ITEM) == []
        await require_sound(one)
