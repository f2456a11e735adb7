"""What waited is decided once more when its time has come, whatever moved meanwhile."""

from pathlib import Path

from ledger.model.facts import HoldCode
from tests.scenarios.papers import (
    TODAY,
    codes,
    hold_of,
    line,
    numbers,
    office,
    open_work,
    settle,
    sold,
    tracked_world,
)
from tests.scenarios.support import qbo_row, sent
from tests.simulation.valving import Valves
from tests.town import Town


def start_tracking(one: Town, sku: str, day: str) -> None:
    item = one.qbo.state.get("Item", qbo_row(one, "item", sku)["Id"])
    assert item is not None
    one.qbo.state.change(item, {**item.fields, "InvStartDate": day})


async def test_what_moves_under_a_paused_invoice_unnoticed_is_seen_before_it_goes(
    tmp_path: Path,
) -> None:
    """The day from which QuickBooks tracks a quantity is no field that is compared, and moves with
    every sale: what waits does not wake for it, and would be refused."""
    async with office(tmp_path, tracked_world()) as one:
        at = Valves(one)
        await at.pause({"kind": "invoice"})
        number = sold(one, line("TR-1", 1, 5))
        await settle(one)
        start_tracking(one, "TR-1", "2026-06-01")
        await settle(one)
        assert await open_work(one) == [number]

        await at.open_all()
        await settle(one)

        assert sent(one, "qbo", "POST", "invoice") == []
        assert "2026-06-01" in await hold_of(one, HoldCode.BEFORE_START)

        start_tracking(one, "TR-1", TODAY)
        await settle(one)

        assert numbers(one, "invoice") == [number]
        assert await codes(one) == []


async def test_what_still_stands_goes_once_when_its_pause_ends(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "invoice"})
        names = [sold(one, line("BR-1", 1, 5)), sold(one, line("BR-2", 2, 3))]
        await settle(one)
        before = await one.operations("planned", "waiting")

        await at.open_all()
        report = await one.cycle()

        assert report.sent == len(before) == 2
        assert (report.planned, report.withdrawn) == (0, 0), "the same changes, decided again"
        assert numbers(one, "invoice") == sorted(names)
