"""What concerns several records is decided of all of them, wherever planning cuts its slices."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.cycle.company import Pace
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.papers import TODAY, hold_of, in_dear, line, numbers, office, sold
from tests.scenarios.support import save_in_dear
from tests.simulation.valving import Valves
from tests.simulation.wakeful import nobody_oversleeps
from tests.town import Town

PIPES = (("A-1", "Pipe:5"), ("A-2", "Pipe-5"))
"""QuickBooks takes no colon: the first would be called as the second."""


def enter(one: Town, sku: str, name: str) -> None:
    in_dear(one, "product", create={"SKU": sku, "Name": name, "Type": "Stock"})


async def goes(one: Town) -> list[str]:
    rows = await one.operations("planned", "waiting", "approved")
    return sorted(row.operation.label for row in rows if row.operation.kind is Kind.ITEM)


async def held(one: Town) -> list[tuple[str, HoldCode]]:
    return sorted((row.label, row.hold.code) for row in await one.holds(Kind.ITEM))


@pytest.mark.parametrize("in_turn", [False, True])
async def test_of_two_that_would_get_one_name_one_is_planned_in_however_many_slices(
    tmp_path: Path, in_turn: bool
) -> None:
    """The one of that very name gets it, whoever was there first."""
    async with office(tmp_path) as one:
        one.scheduler.company.pace = Pace(slice_records=1)
        await Valves(one).pause({"kind": "item"})
        for sku, name in PIPES:
            enter(one, sku, name)
            if in_turn:
                await one.settle()
        await one.settle()

        assert await goes(one) == ["A-2"]
        assert await held(one) == [("A-1", HoldCode.NAME_TAKEN)]
        await nobody_oversleeps(one)


async def test_who_lost_a_name_to_what_waits_stays_held_when_it_alone_is_looked_at(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "item"})
        for sku, name in PIPES:
            enter(one, sku, name)
        await one.settle()

        save_in_dear(one, "item", "A-1", PriceTier1=Decimal("9.75"))
        await one.settle()

        assert await goes(one) == ["A-2"]
        assert await held(one) == [("A-1", HoldCode.NAME_TAKEN)]
        await at.open_all()
        await one.settle()
        assert await held(one) == [("A-1", HoldCode.NAME_TAKEN)], "and now it is really taken"
        await nobody_oversleeps(one)


async def test_an_invoice_for_what_lost_its_name_says_what_it_waits_for(tmp_path: Path) -> None:
    """``paper_valves`` 150928: planned by itself it counted on an item that was held, and waited in
    silence."""
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "item"})
        for sku, name in PIPES:
            enter(one, sku, name)
        await one.settle()
        number = sold(one, line("A-1", 2, "3.5"), InvoiceDate=TODAY)
        await one.settle()

        assert 'item "A-1"' in await hold_of(one, HoldCode.MISSING_REFERENCE)
        await nobody_oversleeps(one)

        save_in_dear(one, "item", "A-1", Name="Pipe five")
        await at.open_all()
        await one.settle()

        assert numbers(one, "invoice") == [number]
        assert await held(one) == []
