"""Merged, inactive, vanished: who takes the place of a record, and what still points at it."""

from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Tombstoned
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from ledger.model.plans import Action
from tests.scenarios.removing import (
    SINCE,
    active,
    answer,
    buy,
    hold_of,
    merge,
    record,
    remap,
    trading,
)
from tests.scenarios.support import (
    Goods,
    dear_rows,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    tiny,
    village,
)
from tests.town import DEAR, QBO


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
