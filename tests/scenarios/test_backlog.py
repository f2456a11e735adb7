"""What waits goes when it can, one bad record stops nobody, a sweep goes on where it was."""

from pathlib import Path
from typing import Any

import pytest

from daemon.connectors.qbo import reading
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.contending import ROCK, nothing_under_way, paired, price
from tests.scenarios.support import (
    Goods,
    dear_row,
    killed,
    pairs_linked,
    qbo_row,
    qbo_rows,
    save_in_dear,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.town import DEAR, QBO

REFUSAL = {
    "Fault": {
        "Error": [{"Message": "No", "Detail": "Not like this", "code": "6000", "element": ""}],
        "type": "ValidationFault",
    }
}


async def test_F51_a_taken_name_that_is_freed_in_the_other_system(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor(ROCK, qbo=False),),
        customers=(goods.customer("Birch Gardens"),),
    )
    async with village(tmp_path, world) as one:
        save_in_qbo(one, "customer", "Birch Gardens", DisplayName=ROCK)
        save_in_dear(one, "customer", "Birch Gardens", Name=ROCK)
        await one.agree()
        assert qbo_rows(one, "vendor") == []
        (held,) = await one.holds(Kind.VENDOR)
        assert held.hold.code is HoldCode.NAME_TAKEN

        save_in_qbo(one, "customer", ROCK, DisplayName="Birch Gardens")
        await one.settle()

        assert qbo_row(one, "vendor", ROCK)
        assert await one.holds(Kind.VENDOR) == []
        assert ("vendor", ROCK, ROCK) in await pairs_linked(one)


async def test_F51_a_refused_update_goes_when_the_record_is_corrected(tmp_path: Path) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        path = {"system": "qbo", "method": "POST", "path": "*/vendor"}
        one.fail({**path, "kind": "status", "status": 400, "body": REFUSAL})
        save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        await one.settle()
        for _ in range(3):
            await one.cycle(after_s=3600)
        assert len(sent(one, "qbo", "POST", "vendor")) == 1, "not again and again"
        assert [h.hold.code for h in await one.holds(Kind.VENDOR)] == [HoldCode.REJECTED]

        save_in_dear(one, "vendor", "Cedar Rocks", Name="Cedar Rocks Ltd")
        await one.settle()

        assert qbo_row(one, "vendor", "Cedar Rocks Ltd")
        assert await one.holds(Kind.VENDOR) == []


@pytest.mark.parametrize("down", ["qbo", "dear"])
async def test_F51_a_system_that_was_down_gets_what_waited_though_nothing_new_is_learned(
    tmp_path: Path, down: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": down, "kind": "status", "status": 503, "method": "GET", "times": 0})
        if down == "dear":
            save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Rocks")
        else:
            save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        for _ in range(2):
            report = await one.cycle()
            assert not report.complete
        assert one.writes("qbo") == one.writes("dear") == []
        assert await one.holds(Kind.VENDOR) == []

        one.faults.clear()
        await one.cycle()

        assert qbo_row(one, "vendor", "Cedar Rocks")
        assert dear_row(one, "vendor", "Cedar Rocks")


async def test_F51_a_throttled_write_goes_in_a_later_cycle_by_itself(tmp_path: Path) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "throttle", "method": "POST", "path": "*/vendor"})
        save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        await one.cycle()
        await one.cycle(after_s=200)

        assert qbo_row(one, "vendor", "Cedar Rocks")["SyncToken"] == "1"
        await nothing_under_way(one)


async def test_one_unreadable_record_never_stops_the_rest(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(products=tuple(goods.item(f"BR-{n}") for n in range(3)))
    async with village(tmp_path, world) as one:
        await one.agree()
        (bad,) = one.dear.state["product"].where("SKU", "BR-1")
        one.dear.state.change("product", bad, {"PriceTier1": "a price"})
        save_in_dear(one, "item", "BR-2", Name="Bracket of brass")
        await one.settle()

        assert qbo_row(one, "item", "BR-2")["Name"] == "Bracket of brass"
        held = await one.holds(Kind.ITEM)
        assert [(h.hold.code, h.label) for h in held] == [(HoldCode.UNREADABLE, "BR-1")]

        one.dear.state.change("product", bad, {"PriceTier1": 9})
        await one.settle()
        assert price(qbo_row(one, "item", "BR-1")) == "9.00"
        assert await one.holds(Kind.ITEM) == []


async def test_one_refused_record_of_a_batch_never_stops_the_rest(tmp_path: Path) -> None:
    goods = Goods()
    names = ("Amber Works", "Birch Works", "Cedar Works")
    world = tiny(vendors=tuple(goods.vendor(name, qbo=False) for name in names))
    async with village(tmp_path, world) as one:
        save_in_dear(one, "vendor", "Birch Works", TaxNumber="1" * 60)
        await one.agree()

        made = {row["DisplayName"] for row in qbo_rows(one, "vendor")}
        assert {"Amber Works", "Cedar Works"} <= made
        await nothing_under_way(one)


@pytest.mark.parametrize("number", [2, 3, 5])
async def test_an_interrupted_sweep_of_qbo_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(reading, "PAGE", 5)
    goods = Goods()
    world = tiny(customers=tuple(goods.customer(f"Customer {n}", dear=False) for n in range(23)))
    async with village(tmp_path, world, flows={Kind.CUSTOMER: "off"}) as one:
        pages = 0

        def die_at_page(axe: Any) -> None:
            add = one.log.add

            def counted(seen: Any) -> Any:
                nonlocal pages
                row = add(seen)
                pages += "FROM Customer WHERE" in row["query"] and "COUNT" not in row["query"]
                if pages == number:
                    axe.fall()
                return row

            one.log.add = counted  # type: ignore[method-assign]

        assert await killed(one, one.cycle("first load"), die_at_page)
        await one.cycle("first load again")

        asked = [
            row["query"]
            for row in sent(one, "qbo", "GET", "query")
            if "FROM Customer WHERE" in row["query"] and "COUNT" not in row["query"]
        ]
        repeated = len(asked) - len(set(asked))
        assert repeated <= 1, "only the page whose answer was never read"
        counts = await one.ledger.read(lambda views: views.counts())
        assert [c.live for c in counts if (c.system, c.kind) == (QBO, Kind.CUSTOMER)] == [23]
        cursor = await one.ledger.read(lambda views: views.cursor(QBO, Kind.CUSTOMER))
        assert cursor is not None
        assert cursor.complete


async def test_an_interrupted_sweep_of_dear_goes_on_where_it_was(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(customers=tuple(goods.customer(f"Customer {n:02}", qbo=False) for n in range(23)))
    switches = DearSwitches(page_cap=5)
    async with village(tmp_path, world, dear=switches, flows={Kind.CUSTOMER: "off"}) as one:
        pages = 0

        def die_at_page(axe: Any) -> None:
            add = one.log.add

            def counted(seen: Any) -> Any:
                nonlocal pages
                row = add(seen)
                pages += row["system"] == "dear" and row["path"].lower().endswith("/customer")
                if pages == 4:
                    axe.fall()
                return row

            one.log.add = counted  # type: ignore[method-assign]

        assert await killed(one, one.cycle("first load"), die_at_page)
        seen = one.log.last
        await one.cycle("first load again")

        again = sent(one, "dear", "GET", "customer", after=seen)
        assert not any("Page=1&" in f"{row['query']}&" for row in again[:1])
        counts = await one.ledger.read(lambda views: views.counts())
        assert [c.live for c in counts if (c.system, c.kind) == (DEAR, Kind.CUSTOMER)] == [23]
