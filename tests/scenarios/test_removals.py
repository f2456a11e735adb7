"""Deleted and made anew: what follows, what is offered, and what never happens."""

from pathlib import Path
from typing import Any

import pytest

from daemon.control.deciding import resolve
from daemon.control.protocol import ResolveRequest
from daemon.sandbox.qbo import control as qbo_control
from daemon.sandbox.qbo.crud import Options, write
from ledger.model.entries import Linked, Tombstoned, Unlinked
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId
from ledger.model.plans import Action
from tests.scenarios.removing import active, answer, hold_of, merge, record, trading
from tests.scenarios.support import (
    dear_row,
    nothing_doubled,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    village,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, QBO, Town


def switch_off(one: Town, kind: str, name: str, *, renames: bool) -> None:
    """Made inactive through the API, which renames or not, as the company has it."""
    one.qbo.state.switches.rename_on_inactivate = renames
    row, spec = qbo_row(one, kind, name), qbo_control.spec_of(kind)
    assert spec is not None
    body = {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, "Active": False}
    write(one.qbo.state, spec, body, Options())


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
