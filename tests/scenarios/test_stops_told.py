"""What stops many changes is told with the numbers of now, and noted in the journal only once for
each change that it stopped."""

from pathlib import Path

from daemon.control.protocol import ApproveRequest
from ledger.model.entries import GateHeld
from tests.scenarios.village import BOOKKEEPER, desk, pending, settled, village
from tests.town import Town

NAMES = [f"Part {n:03d}" for n in range(60)]


async def reprice(one: Town, *numbers: int) -> None:
    for n in numbers:
        change = {"PriceTier1": 11}
        await one.edit("dear", {"kind": "item", "sku": f"PART {n:03d}", "set": change})
    await one.cycle()


async def stops(one: Town) -> tuple[str, ...]:
    return (await desk(one).plan(limit=10, offset=0)).totals.stops


async def noted(one: Town) -> int:
    rows = await one.ledger.read(lambda views: views.entries(0, 10_000))
    return sum(isinstance(row.entry, GateHeld) for row in rows)


async def test_more_that_come_to_a_mass_change_are_counted_in_its_one_sentence(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path, world=village(items=NAMES)) as one:
        await reprice(one, *range(30))
        (first,) = await stops(one)
        assert first.startswith("30 updates of items in QuickBooks at once, where 60 are live")
        before = await noted(one)
        await reprice(one, 40, 41, 42)
        (now,) = await stops(one)
        assert now.startswith("33 updates of items in QuickBooks at once")
        assert await noted(one) == before + 3

        rows = await pending(one)
        chosen = tuple(row.operation.digest for row in rows if row.operation.label < "PART 025")
        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=chosen))
        assert len(chosen) == 25
        (left,) = await stops(one)
        assert left.startswith("8 updates of items in QuickBooks are left of a mass change")
        assert "All change sales price to 11." in left
        assert "Such as: PART 025, PART 026" in left
        await one.settle()
        assert await stops(one) == (left,)
        assert await noted(one) == before + 3
