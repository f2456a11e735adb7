"""Deleted, inactive, merged, made anew: what follows, what is offered, and what never happens.

Answers are given as an operator gives them, and every end is looked up in the sandboxes.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.control.deciding import link, resolve, retry
from daemon.control.protocol import LinkRequest, ResolveRequest, RetryRequest
from daemon.control.protocol_valves import RemapRequest
from daemon.control.valves import remap as answer_remap
from daemon.reconcile.policy import DocumentPolicy
from daemon.sandbox.qbo import control as qbo_control
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import World
from ledger.model.entries import Linked, Rejected, Tombstoned, Unlinked
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId
from ledger.model.plans import Action
from ledger.store.rows import HeldRow
from tests.scenarios.support import (
    Goods,
    dear_row,
    dear_rows,
    nothing_doubled,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    tiny,
    village,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, QBO, Town

SINCE = {kind: DocumentPolicy(since="2026-01-01") for kind in DOCUMENT_KINDS}


def trading(*vendors: str, skus: Sequence[str] = ("BR-1", "BR-2")) -> World:
    goods = Goods()
    return tiny(
        vendors=tuple(goods.vendor(name) for name in vendors),
        products=tuple(goods.item(sku) for sku in skus),
    )


async def record(one: Town, kind: Kind, name: str) -> RecordId:
    return await one.record_of(DEAR, kind, dear_row(one, kind.value, name)["_id"])


async def hold_of(one: Town, kind: Kind, record_id: RecordId) -> HeldRow:
    found = [row for row in await one.holds(kind) if row.record == record_id]
    assert len(found) == 1, [(r.label, r.hold.text) for r in await one.holds(kind)]
    return found[0]


async def answer(one: Town, record_id: RecordId, ref: str, action: Any = "link") -> None:
    request = LinkRequest(record=record_id, ref=ref, action=action, reason="looked at it")
    await link(desk(one), BOOKKEEPER, request)


async def remap(one: Town, old: RecordId, new: RecordId | None) -> None:
    """``new`` None takes the answer back."""
    request = RemapRequest(old=old, new=new or "", undo=new is None, reason="renumbered")
    await answer_remap(desk(one), BOOKKEEPER, request)


def switch_off(one: Town, kind: str, name: str, *, renames: bool) -> None:
    """Made inactive through the API, which renames or not, as the company has it."""
    one.qbo.state.switches.rename_on_inactivate = renames
    row, spec = qbo_row(one, kind, name), qbo_control.spec_of(kind)
    assert spec is not None
    body = {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, "Active": False}
    write(one.qbo.state, spec, body, Options())


async def merge(one: Town, kind: str, loser: str, winner: str) -> None:
    into = qbo_row(one, kind, winner)["Id"]
    await one.edit("qbo", {"kind": kind, "id": qbo_row(one, kind, loser)["Id"], "merge": into})


async def buy(one: Town, supplier: str, *skus: str) -> str:
    """A purchase in DEAR, ordered and invoiced; its number."""
    lines = [{"SKU": s, "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"} for s in skus]
    made = await one.edit(
        "dear", {"kind": "purchase", "create": {"Supplier": supplier, "Lines": lines}}
    )
    number = str(made["OrderNumber"])
    for what in ("authorise", "invoice"):
        await one.edit("dear", {"kind": "purchase", "number": number, "do": what})
    return number


def active(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("Active") is True]


# -- F11: policy ---------------------------------------------------------------------------------


@pytest.mark.parametrize("renames", [True, False])
async def test_F11_both_ways_of_deleting_a_product_say_inactive(
    tmp_path: Path, renames: bool
) -> None:
    async with village(tmp_path, trading()) as one:
        await one.agree()
        switch_off(one, "item", "BR-1", renames=renames)
        await one.settle()

        (row,) = await one.operations("waiting")
        assert (row.operation.action, row.operation.system) == (Action.INACTIVATE, DEAR)
        assert "inactive, not deleted" in row.operation.why
        assert ("(deleted)" in row.operation.why) is renames
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        assert one.writes("dear") == []


@pytest.mark.parametrize("mode", ["ignore", "follow", "recreate"])
async def test_F11_what_is_offered_is_what_policy_says(tmp_path: Path, mode: Any) -> None:
    wishes = {Kind.ITEM: {QBO: mode}}
    async with village(tmp_path, trading(), on_removed=wishes) as one:
        await one.agree()
        switch_off(one, "item", "BR-1", renames=True)
        await one.settle()

        proposed = [row.operation.action for row in await one.operations("waiting")]
        held = [row.hold.code for row in await one.holds(Kind.ITEM)]
        assert proposed == ([Action.INACTIVATE] if mode == "follow" else [])
        assert held == ([HoldCode.REMOVED] if mode == "recreate" else [])
        assert one.writes("dear") == []
        assert one.writes("qbo") == []
        assert dear_row(one, "item", "BR-1")["Status"] == "Active"


async def test_F11_a_vendor_that_is_gone_is_followed_once_somebody_agrees(tmp_path: Path) -> None:
    wishes = {Kind.VENDOR: {QBO: "follow"}}
    world = trading("Amber Works", "Birch Works")
    async with village(tmp_path, world, on_removed=wishes) as one:
        await one.agree()
        await merge(one, "vendor", "Amber Works", "Birch Works")
        await one.settle()
        assert one.writes("dear") == []
        (row,) = await one.operations("waiting")
        assert "610" in row.operation.why, "the evidence is told"

        await one.approve_all()
        await one.settle()
        assert dear_row(one, "vendor", "Amber Works")["Status"] == "Deprecated"
        assert dear_row(one, "vendor", "Birch Works")["Status"] == "Active"
        assert await one.holds(Kind.VENDOR) == []
        assert one.writes("qbo") == []


# -- made anew by hand ---------------------------------------------------------------------------


async def test_F11_made_anew_by_hand_is_a_relink_and_never_a_double(tmp_path: Path) -> None:
    async with village(tmp_path, trading()) as one:
        await one.agree()
        old = qbo_row(one, "item", "BR-1")
        mine = await record(one, Kind.ITEM, "BR-1")
        await one.edit("qbo", {"kind": "item", "id": old["Id"], "delete": True})
        fields = ("Name", "Sku", "Type", "IncomeAccountRef", "ExpenseAccountRef", "Description")
        anew = {field: old[field] for field in fields} | {"UnitPrice": 8.5, "Taxable": True}
        made = await one.edit("qbo", {"kind": "item", "create": anew})
        await one.settle()

        row = await hold_of(one, Kind.ITEM, mine)
        assert row.hold.code is HoldCode.REMOVED
        ref = f"qbo/item/{made['id']}"
        assert [str(c.ref) for c in row.hold.candidates] == [ref]
        assert f"trueup link {mine} {ref}" in row.hold.cure
        assert await one.operations("planned", "waiting", "approved") == []

        await answer(one, mine, ref)
        await one.settle()
        assert await one.holds(Kind.ITEM) == []
        entries = await one.entries()
        assert [str(e.ref) for e in entries if isinstance(e, Unlinked)] == [f"qbo/item/{old['Id']}"]
        assert [e.how for e in entries if isinstance(e, Linked)][-1] == "operator"
        assert len(qbo_rows(one, "item")) == 3
        assert len(active(qbo_rows(one, "item"))) == 2
        assert one.writes("qbo") == []
        save_in_dear(one, "item", "BR-1", PriceTier1=12)
        await one.settle()
        (now,) = [r for r in qbo_rows(one, "item") if r["Id"] == made["id"]]
        assert now["UnitPrice"] == 12, "the new one is written from now on"
        await require_sound(one)


async def test_F11_made_anew_after_the_inactivation_was_proposed(tmp_path: Path) -> None:
    """The new one says whose place it may have taken; the link takes the proposal back."""
    async with village(tmp_path, trading()) as one:
        await one.agree()
        old = qbo_row(one, "item", "BR-1")
        mine = await record(one, Kind.ITEM, "BR-1")
        await one.edit("qbo", {"kind": "item", "id": old["Id"], "delete": True})
        await one.settle()
        assert [w.operation.action for w in await one.operations("waiting")] == [Action.INACTIVATE]

        fields = ("Name", "Sku", "Type", "IncomeAccountRef", "ExpenseAccountRef", "Description")
        anew = {field: old[field] for field in fields} | {"UnitPrice": 8.5, "Taxable": True}
        made = await one.edit("qbo", {"kind": "item", "create": anew})
        await one.settle()
        other = await one.record_of(QBO, Kind.ITEM, made["id"])
        row = await hold_of(one, Kind.ITEM, other)
        assert "may be what took its place" in row.hold.text
        assert f"trueup link {mine} qbo/item/{made['id']}" in row.hold.cure

        await answer(one, mine, f"qbo/item/{made['id']}")
        await one.settle()
        assert await one.operations("planned", "waiting", "approved") == []
        assert await one.holds(Kind.ITEM) == []
        assert dear_row(one, "item", "BR-1")["Status"] == "Active"
        assert one.writes("dear") == []


# -- F13: the old name -----------------------------------------------------------------------------


async def deleted_and_unlinked(one: Town, *, renames: bool) -> tuple[RecordId, str]:
    """The product is inactive in QuickBooks, and a person took the link off to have it anew."""
    await one.agree()
    old = qbo_row(one, "item", "BR-1")
    mine = await record(one, Kind.ITEM, "BR-1")
    switch_off(one, "item", "BR-1", renames=renames)
    await one.settle()
    await answer(one, mine, f"qbo/item/{old['Id']}", "unlink")
    await one.settle()
    return mine, str(old["Id"])


async def test_F13_a_renamed_one_makes_room_for_a_new_one(tmp_path: Path) -> None:
    async with village(tmp_path, trading()) as one:
        _, old = await deleted_and_unlinked(one, renames=True)
        name = dear_row(one, "item", "BR-1")["Name"]
        found = [r for r in qbo_rows(one, "item") if r["Name"] == name]
        assert [(r["Active"], r["Sku"]) for r in found] == [(True, "BR-1")]
        assert found[0]["Id"] != old
        assert len([r for r in active(qbo_rows(one, "item")) if r.get("Sku") == "BR-1"]) == 1
        assert await one.holds(Kind.ITEM) == []
        await require_sound(one)


async def test_F13_a_name_that_is_kept_is_predicted_with_three_ways_around(tmp_path: Path) -> None:
    async with village(tmp_path, trading()) as one:
        mine, old = await deleted_and_unlinked(one, renames=False)
        row = await hold_of(one, Kind.ITEM, mine)
        assert row.hold.code is HoldCode.NAME_TAKEN
        assert f"inactive item with id {old}" in row.hold.text
        assert "making it active again" in row.hold.cure
        assert f"trueup link {mine} qbo/item/{old}" in row.hold.cure
        assert "rename the inactive item" in row.hold.cure
        assert one.writes("qbo") == [], "predicted, not tried"


@pytest.mark.parametrize("way", ["reactivate", "rename", "adopt"])
async def test_F13_each_way_around_ends_with_one_active_item(tmp_path: Path, way: str) -> None:
    async with village(tmp_path, trading()) as one:
        mine, old = await deleted_and_unlinked(one, renames=False)
        name = dear_row(one, "item", "BR-1")["Name"]
        match way:
            case "reactivate":
                await one.edit("qbo", {"kind": "item", "id": old, "set": {"Active": True}})
                await answer(one, mine, f"qbo/item/{old}")
            case "rename":
                gone = {"Name": f"{name} (old)", "Sku": "BR-1-OLD", "Active": True}
                await one.edit("qbo", {"kind": "item", "id": old, "set": gone})
                await one.edit("qbo", {"kind": "item", "id": old, "inactivate": True})
            case _:
                await answer(one, mine, f"qbo/item/{old}")
                await one.settle()
                says = ResolveRequest(record=mine, field="active", take="dear", reason="in use")
                await resolve(desk(one), BOOKKEEPER, says)
        await one.settle()

        mine_there = [r for r in active(qbo_rows(one, "item")) if r["Name"] == name]
        assert len(mine_there) == 1
        assert (mine_there[0]["Id"] == old) is (way != "rename")
        assert await one.record_of(QBO, Kind.ITEM, mine_there[0]["Id"]) == mine
        assert await one.holds(Kind.ITEM) == []
        nothing_doubled(one)


# -- F15: merged -----------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["gone", "inactive"])
async def test_F15_a_merged_vendor_is_offered_its_survivor(tmp_path: Path, left: Any) -> None:
    """The survivor is the vendor that its bills show now; DEAR does not know it."""
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor("Amber Works"), goods.vendor("Amber Group", dear=False)),
        products=(goods.item("BR-1"),),
    )
    never = {Kind.VENDOR: {DEAR: "never"}}
    switches = QboSwitches(merged_away=left)
    async with village(tmp_path, world, qbo=switches, documents=SINCE, create=never) as one:
        await one.agree()
        for _ in range(2):
            await buy(one, "Amber Works", "BR-1")
        await one.settle()
        loser = await record(one, Kind.VENDOR, "Amber Works")
        written = len(one.writes("qbo"))
        await merge(one, "vendor", "Amber Works", "Amber Group")
        winner = qbo_row(one, "vendor", "Amber Group")["Id"]
        assert {b["VendorRef"]["value"] for b in qbo_rows(one, "bill")} == {winner}
        await one.settle()

        row = await hold_of(one, Kind.VENDOR, loser)
        assert [str(c.ref) for c in row.hold.candidates] == [f"qbo/vendor/{winner}"]
        assert "2 bills and 2 purchase orders that were this vendor's now show" in row.hold.text
        assert "it looks merged" in row.hold.text
        assert len(one.writes("qbo")) == written

        await answer(one, loser, f"qbo/vendor/{winner}")
        await one.settle()
        assert await one.record_of(QBO, Kind.VENDOR, winner) == loser
        left_over = [h for h in await one.holds() if h.kind in DOCUMENT_KINDS]
        assert left_over == [], [h.hold.text for h in left_over]
        assert len(active(qbo_rows(one, "vendor"))) == 1, "the loser was not created again"
        await buy(one, "Amber Works", "BR-1")
        await one.settle()
        assert [b["VendorRef"]["value"] for b in qbo_rows(one, "bill")] == [winner] * 3
        await require_sound(one)


async def test_F15_a_survivor_that_has_a_part_in_dear_is_meant_from_then_on(
    tmp_path: Path,
) -> None:
    world = trading("Amber Works", "Birch Works")
    async with village(tmp_path, world, documents=SINCE) as one:
        await one.agree()
        await buy(one, "Amber Works", "BR-1")
        await one.settle()
        loser = await record(one, Kind.VENDOR, "Amber Works")
        survivor = await record(one, Kind.VENDOR, "Birch Works")
        await merge(one, "vendor", "Amber Works", "Birch Works")
        winner = qbo_row(one, "vendor", "Birch Works")["Id"]
        await one.settle()
        row = await hold_of(one, Kind.VENDOR, loser)
        assert "already linked" in row.hold.candidates[0].evidence
        assert f"trueup remap {loser} qbo/vendor/{winner}" in row.hold.cure

        await remap(one, loser, survivor)
        await buy(one, "Amber Works", "BR-2")
        await one.settle()
        assert [b["VendorRef"]["value"] for b in qbo_rows(one, "bill")] == [winner] * 2
        assert len(qbo_rows(one, "vendor")) == 1
        assert await one.holds(Kind.VENDOR) == []
        assert await one.holds(Kind.BILL) == []


async def test_F15_a_loser_without_documents_is_not_created_again(tmp_path: Path) -> None:
    async with village(tmp_path, trading("Amber Works", "Birch Works")) as one:
        await one.agree()
        loser = await record(one, Kind.VENDOR, "Amber Works")
        await merge(one, "vendor", "Amber Works", "Birch Works")
        save_in_dear(one, "vendor", "Amber Works", Comments="still used")
        await one.settle()
        row = await hold_of(one, Kind.VENDOR, loser)
        assert row.hold.code in (HoldCode.REMOVED, HoldCode.EDITED_AND_REMOVED)
        assert [r["DisplayName"] for r in qbo_rows(one, "vendor")] == ["Birch Works"]
        assert one.writes("qbo") == []


# -- F17, F25 --------------------------------------------------------------------------------------


async def test_F17_documents_of_an_inactive_vendor_still_resolve(tmp_path: Path) -> None:
    async with village(tmp_path, trading("Amber Works"), documents=SINCE) as one:
        await one.agree()
        await buy(one, "Amber Works", "BR-1")
        await one.settle()
        linked = await record(one, Kind.VENDOR, "Amber Works")
        vendor = qbo_row(one, "vendor", "Amber Works")
        await one.edit("qbo", {"kind": "vendor", "id": vendor["Id"], "inactivate": True})
        await one.settle()

        assert await one.record_of(QBO, Kind.VENDOR, vendor["Id"]) == linked
        assert [h.hold.text for h in await one.holds(Kind.BILL)] == []
        (row,) = await one.operations("waiting")
        assert (row.operation.kind, row.operation.action) == (Kind.VENDOR, Action.INACTIVATE)


async def test_F25_an_equal_pair_that_vanishes_from_qbo_is_a_removal(tmp_path: Path) -> None:
    async with village(tmp_path, trading("Amber Works", "Birch Works")) as one:
        await one.agree()
        assert one.writes("qbo") == [], "no write ever said that they belong together"
        await merge(one, "vendor", "Amber Works", "Birch Works")
        await one.settle()
        (gone,) = [e for e in await one.entries() if isinstance(e, Tombstoned)]
        assert "610" in gone.evidence
        assert "a query shows none" in gone.evidence
        assert [h.hold.code for h in await one.holds(Kind.VENDOR)] == [HoldCode.REMOVED]
        assert one.writes("qbo") == []
        assert len(dear_rows(one, "vendor")) == 2


# -- F21: refused ----------------------------------------------------------------------------------


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


# -- F37: accounts ---------------------------------------------------------------------------------


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


# -- inactive references, tracked items ------------------------------------------------------------


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


# -- documents -------------------------------------------------------------------------------------


async def sell(one: Town, customer: str, *skus: str) -> str:
    """A sale in DEAR, ordered and invoiced; its number."""
    lines = [{"SKU": s, "Quantity": 2, "Price": 10, "TaxRule": "Tax Exempt"} for s in skus]
    made = await one.edit(
        "dear", {"kind": "sale", "create": {"Customer": customer, "Lines": lines}}
    )
    number = str(made["Order"]["SaleOrderNumber"])
    for what in ("authorise", "invoice"):
        await one.edit("dear", {"kind": "sale", "number": number, "do": what})
    return number


async def act(one: Town, number: str, what: str, **more: Any) -> None:
    kind = "purchase" if number.startswith("PO") else "sale"
    await one.edit("dear", {"kind": kind, "number": number, "do": what, **more})


def shop() -> World:
    goods = Goods()
    return tiny(
        vendors=(goods.vendor("Amber Works"),),
        customers=(goods.customer("Birch Gardens"),),
        products=(goods.item("BR-1"),),
    )


async def test_F18_a_purchase_order_edited_in_dear_and_deleted_in_qbo(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        lines = [{"SKU": "BR-1", "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"}]
        new = {"Supplier": "Amber Works", "Lines": lines}
        made = await one.edit("dear", {"kind": "purchase", "create": new})
        number = str(made["OrderNumber"])
        await act(one, number, "authorise")
        await one.settle()
        (order,) = qbo_rows(one, "purchase_order")
        written = len(one.writes("qbo"))

        await one.edit("qbo", {"kind": "purchase_order", "id": order["Id"], "delete": True})
        await act(one, number, "reprice", sku="BR-1", price=12, part="order")
        await one.settle()
        (row,) = await one.holds(Kind.PURCHASE_ORDER)
        assert row.hold.code is HoldCode.EDITED_AND_REMOVED
        assert "deleted in QuickBooks" in row.hold.text
        assert "edited in DEAR" in row.hold.text
        assert qbo_rows(one, "purchase_order") == []
        assert len(one.writes("qbo")) == written


async def test_F19_a_void_waits_while_the_payment_stands(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        till = {"Name": "Till", "AccountType": "Bank"}
        await one.edit("qbo", {"kind": "account", "create": till})
        await one.agree()
        number = await sell(one, "Birch Gardens", "BR-1")
        await one.settle()
        (invoice,) = qbo_rows(one, "invoice")
        paid = await one.edit("qbo", {"kind": "invoice", "id": invoice["Id"], "pay": True})
        await one.settle()
        written = len(one.writes("qbo"))
        await act(one, number, "void", part="invoice")
        await one.settle()

        (row,) = await one.holds(Kind.INVOICE)
        assert row.hold.code is HoldCode.SETTLED
        assert "payment" in row.hold.cure
        assert len(one.writes("qbo")) == written, "held before the call"

        await one.edit("qbo", {"kind": "payment", "id": paid["id"], "delete": True})
        await one.settle()
        await one.approve_all()
        await one.settle()
        (invoice,) = qbo_rows(one, "invoice")
        assert invoice["TotalAmt"] == 0
        assert await one.holds(Kind.INVOICE) == []


async def test_F20_voided_in_qbo_is_no_deletion_and_no_edit(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        await sell(one, "Birch Gardens", "BR-1")
        await one.settle()
        (invoice,) = qbo_rows(one, "invoice")
        written = len(one.writes("qbo"))
        await one.edit("qbo", {"kind": "invoice", "id": invoice["Id"], "void": True})
        await one.settle()

        (row,) = await one.holds(Kind.INVOICE)
        assert row.hold.code is HoldCode.VOIDED
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        assert len(one.writes("qbo")) == written
        assert one.writes("dear") == []


async def test_F22_an_order_cancelled_in_dear_is_closed_and_not_forgotten(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        lines = [{"SKU": "BR-1", "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"}]
        new = {"Supplier": "Amber Works", "Lines": lines}
        made = await one.edit("dear", {"kind": "purchase", "create": new})
        await act(one, str(made["OrderNumber"]), "authorise")
        await one.settle()
        await act(one, str(made["OrderNumber"]), "void")
        await one.settle()
        (row,) = await one.operations("waiting")
        assert (row.operation.action, row.reason) == (Action.CLOSE, "removes")
        assert qbo_rows(one, "purchase_order")[0]["POStatus"] == "Open"

        await one.approve_all()
        await one.settle()
        assert qbo_rows(one, "purchase_order")[0]["POStatus"] == "Closed"


async def test_a_bill_deleted_and_entered_again_is_a_relink(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        await buy(one, "Amber Works", "BR-1")
        await one.settle()
        (bill,) = qbo_rows(one, "bill")
        mine = await one.record_of(QBO, Kind.BILL, bill["Id"])
        written = len(one.writes("qbo"))
        await one.edit("qbo", {"kind": "bill", "id": bill["Id"], "delete": True})
        again = {
            "party": "Amber Works",
            "number": bill["DocNumber"],
            "date": bill["TxnDate"],
            "due": bill["DueDate"],
            "terms": "Net 30",
            "lines": [{"item": "BR-1", "quantity": 4, "price": 10, "description": "Bracket BR-1"}],
        }
        made = await one.edit("qbo", {"kind": "bill", "enter": again})
        await one.settle()
        row = await hold_of(one, Kind.BILL, mine)
        assert [str(c.ref) for c in row.hold.candidates] == [f"qbo/bill/{made['id']}"]

        await answer(one, mine, f"qbo/bill/{made['id']}")
        await one.settle()
        assert await one.record_of(QBO, Kind.BILL, made["id"]) == mine
        assert [b["Id"] for b in qbo_rows(one, "bill")] == [made["id"]], "and none is posted again"
        assert HoldCode.REMOVED not in {h.hold.code for h in await one.holds(Kind.BILL)}
        assert len(one.writes("qbo")) == written
