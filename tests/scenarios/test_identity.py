"""Identity, names and references: what is the same thing, and which name it may have."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import Code, Declined, LinkRequest
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import ProductFace, Thing
from ledger.model.entries import Linked
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from ledger.store.errors import LinkRefused
from tests.scenarios.village import (
    BOOKKEEPER,
    books,
    desk,
    held,
    pending,
    settled,
    source,
    the_hold,
    village,
    written,
)
from tests.town import DEAR, QBO, Town

NEW_PRODUCT: dict[str, Any] = {
    "Category": "Hardware",
    "Type": "Stock",
    "CostingMethod": "FIFO",
    "UOM": "Item",
    "PriceTier1": 4,
    "RevenueAccount": "Q79",
    "COGSAccount": "Q80",
    "InventoryAccount": "Q81",
    "SaleTaxRule": "California",
    "PurchaseTaxRule": "Tax Exempt",
}
NEW_PARTY: dict[str, Any] = {"Currency": "USD", "PaymentTerm": "Net 30", "TaxRule": "Tax Exempt"}
NEW_CUSTOMER: dict[str, Any] = {
    **NEW_PARTY,
    "TaxRule": "California",
    "AccountReceivable": "Q84",
    "RevenueAccount": "Q79",
    "PriceTier": "Retail",
}
NEW_SUPPLIER: dict[str, Any] = {**NEW_PARTY, "AccountPayable": "Q33"}


async def new_product(one: Town, name: str, sku: str) -> None:
    await one.edit("dear", {"kind": "item", "create": {**NEW_PRODUCT, "Name": name, "SKU": sku}})


async def new_supplier(one: Town, name: str) -> None:
    await one.edit("dear", {"kind": "supplier", "create": {**NEW_SUPPLIER, "Name": name}})


async def new_customer(one: Town, name: str) -> None:
    await one.edit("dear", {"kind": "customer", "create": {**NEW_CUSTOMER, "Name": name}})


def named(one: Town, entity: str, part: str) -> list[str]:
    """Names in the books that hold ``part``."""
    return [s.name for s in one.qbo.state.all(entity) if part in s.name]


async def test_F52_a_name_shared_by_a_customer_and_a_vendor_is_predicted(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        vendor = books(one, "Vendor", "Alder Paper")["Id"]
        last = one.log.last
        await new_customer(one, "alder paper")

        await one.settle()

        row = await the_hold(one, HoldCode.NAME_TAKEN)
        assert row.kind is Kind.CUSTOMER
        assert [str(c.ref) for c in row.hold.candidates] == [f"qbo/vendor/{vendor}"]
        assert "Alder Paper" in row.hold.text or "alder paper" in row.hold.text
        assert "rename" in row.hold.cure.lower()
        assert "one list of names" in row.hold.cure
        assert written(one, last) == []
        assert not [r for r in one.log.since(last, system="qbo") if r["method"] == "POST"]
        shown = (await desk(one).plan(limit=50, offset=0)).holds
        assert [h.label for h in shown if h.code == "name_taken"] == ["alder paper"]
        assert (await desk(one).status()).holds["name_taken"] == 1


async def test_F52_renaming_one_of_the_two_lets_it_go(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await new_customer(one, "Alder Paper")
        await one.cycle()
        await the_hold(one, HoldCode.NAME_TAKEN)
        order = {"kind": "customer", "name": "Alder Paper", "set": {"Name": "Alder Paper retail"}}
        await one.edit("dear", order)

        await one.settle()

        assert named(one, "Customer", "Alder") == ["Alder Paper retail"]
        assert await held(one, HoldCode.NAME_TAKEN) == []


async def test_F52_renaming_the_other_one_lets_it_go(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        vendor = books(one, "Vendor", "Alder Paper")["Id"]
        await new_customer(one, "Alder Paper")
        await one.cycle()
        order = {"kind": "vendor", "id": vendor, "set": {"DisplayName": "Alder Paper supply"}}
        await one.edit("qbo", order)

        await one.settle()

        assert named(one, "Customer", "Alder") == ["Alder Paper"]
        assert source(one, "supplier", "Alder Paper supply")
        assert await held(one, HoldCode.NAME_TAKEN) == []


@pytest.mark.parametrize("name", ["O’Neil", "O'Neil  Works", "O`NEIL"])
async def test_F54_names_that_only_look_alike_are_proposed_never_linked(
    tmp_path: Path, name: str
) -> None:
    other = {"O’Neil": "O'Neil", "O'Neil  Works": "o'neil works", "O`NEIL": "O'Neil"}[name]
    async with settled(tmp_path) as one:
        last = one.log.last
        made = await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": other}})
        await new_supplier(one, name)

        await one.settle()

        rows = await held(one, HoldCode.PROPOSED_MATCH)
        assert {row.hold.system for row in rows} == {"qbo", "dear"}
        by_system = {row.hold.system: row for row in rows}
        assert [str(c.ref) for c in by_system["qbo"].hold.candidates] == [
            f"qbo/vendor/{made['id']}"
        ]
        assert written(one, last) == []

        record = by_system["qbo"].record
        await desk(one).link(
            BOOKKEEPER, LinkRequest(record=record, ref=f"qbo/vendor/{made['id']}", reason="same")
        )
        await one.settle()

        assert await held(one, HoldCode.PROPOSED_MATCH) == []
        assert len(list(one.qbo.state.all("Vendor"))) == 4
        assert len(one.dear.state.dump("supplier")) == 4


async def test_F54_told_apart_they_are_two_things(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        made = await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": "O'Neil"}})
        await new_supplier(one, "O’Neil")
        await one.cycle()
        rows = await held(one, HoldCode.PROPOSED_MATCH)
        record = next(row.record for row in rows if row.hold.system == "qbo")

        await desk(one).link(
            BOOKKEEPER,
            LinkRequest(record=record, ref=f"qbo/vendor/{made['id']}", action="apart"),
        )
        await one.settle()

        assert sorted(named(one, "Vendor", "Neil")) == ["O'Neil", "O’Neil"]
        assert await held(one, HoldCode.PROPOSED_MATCH) == []


@pytest.mark.parametrize("name", ["O'Neil's \\ Sons", "Baker\\'s Dozen", "100% 'Sure' \\"])
async def test_F54_quotes_and_backslashes_survive_a_search_after_a_lost_reply(
    tmp_path: Path, name: str
) -> None:
    async with settled(tmp_path) as one:
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "/v3/*"})
        await new_supplier(one, name)

        report = await one.cycle()
        assert report.unknown == 1
        await one.cycle()
        await one.settle()

        assert books(one, "Vendor", name)
        assert len(list(one.qbo.state.all("Vendor"))) == 4
        linked = await one.operations("confirmed")
        assert [r.operation.label for r in linked if r.operation.kind is Kind.VENDOR] == [name]


@pytest.mark.parametrize("name", ["O'Neil's \\ Sons", 'The "Yard" & Co', "50% + Half"])
async def test_F54_odd_names_of_the_books_are_found_again_in_dear(
    tmp_path: Path, name: str
) -> None:
    async with settled(tmp_path) as one:
        await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": name}})
        one.fail({"system": "dear", "kind": "lost_reply", "method": "POST", "path": "*/supplier"})

        report = await one.cycle()
        assert report.unknown == 1
        one.clock.advance(300)
        await one.settle()

        assert source(one, "supplier", name)
        assert len(one.dear.state.dump("supplier")) == 4


async def test_F56_an_item_moved_under_a_category_is_the_same_item(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]
        record = await one.record_of(QBO, Kind.ITEM, item)
        category = await one.edit(
            "qbo", {"kind": "item", "create": {"Name": "Parts", "Type": "Category"}}
        )
        under = {"ParentRef": {"value": category["id"]}, "SubItem": True}
        last = one.log.last
        await one.edit("qbo", {"kind": "item", "id": item, "set": under})

        await one.settle()

        assert written(one, last) == []
        assert await one.record_of(QBO, Kind.ITEM, item) == record
        assert source(one, "product", "Bolt")["Name"] == "Bolt", "never Parts:Bolt"
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"PriceTier1": 12.5}})
        await one.settle()
        after = books(one, "Item", "Bolt")
        assert after["Id"] == item
        assert after["UnitPrice"] == Decimal("12.5")
        assert after["ParentRef"]["value"] == category["id"], "our write left it in its category"
        assert len(one.dear.state.dump("product")) == 4


async def test_F59_a_reference_that_is_taken_cannot_be_linked_twice(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        bolt, anvil = books(one, "Item", "Bolt")["Id"], books(one, "Item", "Anvil")["Id"]
        record = await one.record_of(QBO, Kind.ITEM, bolt)
        other = ExternalRef(QBO, Kind.ITEM, anvil)
        head = await one.ledger.read(lambda views: views.head())

        with pytest.raises(Declined) as declined:
            await desk(one).link(BOOKKEEPER, LinkRequest(record=record, ref=str(other)))
        draft = one.ledger.draft(actor="test")
        draft.add(Linked(record=record, ref=other, how="operator", evidence="by hand"))
        with pytest.raises(LinkRefused) as refused:
            await one.ledger.append(draft)

        assert declined.value.code is Code.GUARDED
        assert f"qbo/item/{bolt}" in str(refused.value)
        assert f"qbo/item/{anvil}" in str(refused.value)
        assert await one.ledger.read(lambda views: views.head()) == head
        assert await one.record_of(QBO, Kind.ITEM, anvil) != record


async def test_F59_a_second_record_with_the_key_of_a_linked_one_is_shown(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        bolt = books(one, "Item", "Bolt")["Id"]
        record = await one.record_of(QBO, Kind.ITEM, bolt)
        last = one.log.last
        body = {
            "Name": "Bolt again",
            "Sku": "BOLT",
            "Type": "NonInventory",
            "IncomeAccountRef": {"value": "79"},
        }
        made = await one.edit("qbo", {"kind": "item", "create": body})

        await one.settle()

        row = await the_hold(one, HoldCode.AMBIGUOUS_MATCH)
        assert row.record == await one.record_of(QBO, Kind.ITEM, made["id"])
        assert "already linked" in row.hold.text
        assert await one.record_of(QBO, Kind.ITEM, bolt) == record
        assert written(one, last) == []


def gasket(*, active: bool) -> Thing[ProductFace]:
    """An item that only the books have, under another SKU than the product of that name."""
    face = ProductFace(
        id="90",
        name="Gasket",
        sku="OLD-1",
        type="NonInventory",
        income_account="79",
        expense_account="80",
        active=active,
    )
    return Thing("gasket", qbo=face)


async def test_F13_a_name_held_by_an_inactive_record_is_explained_before_the_call(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path, world=village(products=[gasket(active=False)])) as one:
        last = one.log.last
        await new_product(one, "Gasket", "NEW-1")

        await one.settle()

        rows = [r for r in await one.holds(Kind.ITEM) if r.label == "NEW-1"]
        assert rows, "the new product waits"
        assert {str(c.ref) for row in rows for c in row.hold.candidates} == {"qbo/item/90"}
        assert "inactive" in " ".join(
            [row.hold.text + row.hold.cure for row in rows]
            + [c.evidence for row in rows for c in row.hold.candidates]
        )
        assert not [r for r in one.log.since(last, system="qbo") if r["method"] == "POST"]


async def test_F13_renaming_the_old_record_gives_the_name_free(tmp_path: Path) -> None:
    async with settled(tmp_path, world=village(products=[gasket(active=False)])) as one:
        await new_product(one, "Gasket", "NEW-1")
        await one.cycle()

        order = {"kind": "item", "id": "90", "set": {"Name": "Old seal", "Active": True}}
        await one.edit("qbo", order)
        await one.settle()

        made = books(one, "Item", "Gasket")
        assert (made["Sku"], made["Active"]) == ("NEW-1", True)


async def test_a_colon_is_replaced_with_trace_and_never_comes_back_as_an_edit(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path, create={Kind.ITEM: {QBO: "ask"}}) as one:
        await new_product(one, "Hose: 25 m", "HOSE-25")
        await one.cycle()
        (row,) = await pending(one)
        name = next(c for c in row.operation.changes if c.field == "name")
        assert (name.after, name.trace) == ("Hose- 25 m", "dear.name via sanitise")
        await one.approve_all()
        await one.settle()
        item = books(one, "Item", "Hose- 25 m")["Id"]
        last = one.log.last

        for _ in range(3):
            await one.cycle(after_s=3600)
        report = await one.scheduler.run_now("full look", full=True)

        assert report.complete
        assert written(one, last) == []
        assert source(one, "product", "Hose: 25 m")
        # Other fields go on travelling, and a real rename in the books reaches DEAR.
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 5}})
        await one.settle()
        assert source(one, "product", "Hose: 25 m")["PriceTier1"] == Decimal(5)
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"Name": "Garden hose"}})
        await one.settle()
        assert source(one, "product", "Garden hose")["SKU"] == "HOSE-25"


async def test_a_long_name_is_shortened_with_trace_and_stays_stable(tmp_path: Path) -> None:
    long = "Weatherproof modular garden irrigation manifold " * 3 + "assembly"
    async with settled(tmp_path, create={Kind.ITEM: {QBO: "ask"}}) as one:
        await new_product(one, long, "MANIFOLD-1")
        await new_product(one, f"{long} left", "MANIFOLD-2")
        await one.cycle()
        names = {
            row.operation.label: next(c for c in row.operation.changes if c.field == "name")
            for row in await pending(one)
        }
        assert {c.trace for c in names.values()} == {"dear.name via shorten"}
        await one.approve_all()
        await one.settle()
        shown = sorted(named(one, "Item", "Weatherproof"))
        assert [len(name) <= 100 for name in shown] == [True, True]
        assert [name[-12:] for name in shown] == ["[MANIFOLD-1]", "[MANIFOLD-2]"]
        last = one.log.last

        for _ in range(3):
            await one.cycle(after_s=3600)
        await one.scheduler.run_now("full look", full=True)

        assert written(one, last) == []
        assert source(one, "product", long)["SKU"] == "MANIFOLD-1"


async def test_names_that_may_not_be_changed_are_held_when_the_policy_says_so(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path, names="hold") as one:
        last = one.log.last
        await new_product(one, "Hose: 25 m", "HOSE-25")

        await one.settle()

        row = await the_hold(one, HoldCode.NOT_REPRESENTABLE)
        assert (row.hold.field, row.label) == ("name", "HOSE-25")
        assert written(one, last) == []


async def test_two_names_that_would_become_one_are_not_both_sent(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await new_product(one, "Hose: 25 m", "HOSE-A")
        await new_product(one, "Hose- 25 m", "HOSE-B")

        await one.settle()

        made = books(one, "Item", "Hose- 25 m")
        assert made["Sku"] == "HOSE-B", "the one whose name needs no change gets it"
        assert (await the_hold(one, HoldCode.NAME_TAKEN)).label == "HOSE-A"


HOSTILE = [
    "[bold red]Urgent[/] Traders",
    "Safe\u202egpj.exe Imports",
    "=1+1 Trading",
    "@SUM(1+1)*cmd",
    "🌵 Cactus Tools 工具",
    "<script>alert(1)</script> & Sons",
    "Zoë Ångström",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_travel_byte_for_byte_both_ways(tmp_path: Path, name: str) -> None:
    async with settled(tmp_path) as one:
        await new_supplier(one, name)
        body = {"DisplayName": f"{name} II"}
        await one.edit("qbo", {"kind": "vendor", "create": body})

        await one.settle()

        assert books(one, "Vendor", name)
        assert source(one, "supplier", f"{name} II")
        assert len(list(one.qbo.state.all("Vendor"))) == 5
        assert len(one.dear.state.dump("supplier")) == 5
        last = one.log.last
        await one.scheduler.run_now("full look", full=True)
        assert written(one, last) == []


async def test_control_characters_are_replaced_with_trace_and_stay_in_dear(
    tmp_path: Path,
) -> None:
    name = "Red \x1b[31mLine\x1b[0m Supplies"
    async with settled(tmp_path, create={Kind.VENDOR: {QBO: "ask"}}) as one:
        await new_supplier(one, name)
        await one.cycle()
        (row,) = await pending(one)
        change = next(c for c in row.operation.changes if c.field == "name")
        assert change.trace == "dear.name via sanitise"
        await one.approve_all()
        await one.settle()

        assert books(one, "Vendor", "Red -[31mLine-[0m Supplies")
        last = one.log.last
        for _ in range(2):
            await one.cycle(after_s=3600)
        await one.scheduler.run_now("full look", full=True)
        assert written(one, last) == []
        assert source(one, "supplier", name)


async def test_item_names_that_are_unique_everywhere_are_predicted_too(tmp_path: Path) -> None:
    category = Thing("parts", qbo=ProductFace(id="80", name="Parts", type="Category"))
    child = Thing("child", qbo=replace(_face(gasket(active=True)), category="80"))
    world = village(products=[category, child])
    async with settled(tmp_path, world=world, qbo=QboSwitches(item_names="global")) as one:
        last = one.log.last
        await new_product(one, "GASKET", "NEW-1")

        await one.settle()

        rows = [r for r in await one.holds(Kind.ITEM) if r.label == "NEW-1"]
        assert {str(c.ref) for row in rows for c in row.hold.candidates} == {"qbo/item/90"}
        assert not [r for r in one.log.since(last, system="qbo") if r["method"] == "POST"]


def _face(thing: Thing[ProductFace]) -> ProductFace:
    assert thing.qbo is not None
    return thing.qbo


async def test_records_keep_their_identity_over_a_restart(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        dear = source(one, "product", "Bolt")["_id"]
        record = await one.record_of(DEAR, Kind.ITEM, dear)
        await one.restart()

        report = await one.cycle()

        assert report.complete
        assert await one.record_of(DEAR, Kind.ITEM, dear) == record
        item = books(one, "Item", "Bolt")["Id"]
        assert await one.record_of(QBO, Kind.ITEM, item) == record
