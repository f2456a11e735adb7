"""What simulated lives have found, each told once more in the fewest words."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from daemon.sandbox.world import ProductFace, Thing
from ledger.model.entries import Confirmed, VersionMoved
from ledger.model.facts import HoldCode
from tests.scenarios.support import Goods, create_in_qbo, save_in_dear, tiny, village
from tests.simulation.checkers import woken
from tests.simulation.evidence import gather
from tests.simulation.witness import Witness
from tests.town import Town

POSTING = {"IncomeAccountRef": {"value": "79"}, "ExpenseAccountRef": {"value": "80"}}


def named(thing: Thing[ProductFace], name: str) -> Thing[ProductFace]:
    """The thing under this name, wherever it is."""
    qbo = replace(thing.qbo, name=name) if thing.qbo else None
    dear = replace(thing.dear, name=name) if thing.dear else None
    return Thing(thing.key, qbo=qbo, dear=dear)


async def nobody_oversleeps(one: Town) -> None:
    witness = Witness(one)
    evidence = await gather(one, witness, [one.scheduler.company.policy])
    assert await woken.check(evidence) == []


async def test_a_query_that_shows_less_than_the_reply_to_a_write_is_no_news(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, tiny(products=(Goods().item("BR-1"),))) as one:
        await one.agree()
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
        await one.settle()
        await one.scheduler.run_now("proof", full=True)

        entries = await one.entries()
        written = max(n for n, entry in enumerate(entries) if isinstance(entry, Confirmed))
        # QuickBooks shows DeferredRevenue in the reply, and not in queries and changes.
        assert not [e for e in entries[written:] if isinstance(e, VersionMoved)]


async def test_a_hold_over_a_likeness_wakes_when_the_exact_key_turns_up(tmp_path: Path) -> None:
    goods = Goods()
    alike = (
        named(goods.item("gsk-1", dear=False), "Hose"),
        named(goods.item("HOSE-25", qbo=False), "Hose"),
    )
    async with village(tmp_path, tiny(products=alike)) as one:
        await one.agree()
        assert HoldCode.PROPOSED_MATCH in {row.hold.code for row in await one.holds()}
        create_in_qbo(one, "item", Name="Gasket", Sku="GSK-1", Type="NonInventory", **POSTING)

        await one.settle()  # the new one is created in DEAR, under the key of the first

        await nobody_oversleeps(one)


async def test_a_refused_name_wakes_when_the_unseen_holder_of_it_shows_itself(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, tiny(vendors=(Goods().vendor("Nova", qbo=False),))) as one:
        await one.cycle("first load")
        await one.approve_all()

        def be_faster(system: str, method: str, path: str) -> None:
            if system == "qbo" and method == "POST" and path.endswith("/vendor"):
                one.faults.on_request = None
                create_in_qbo(one, "customer", DisplayName="Nova")

        one.faults.on_request = be_faster
        await one.settle()

        codes = {row.hold.code for row in await one.holds() if row.kind == "vendor"}
        assert codes == {HoldCode.NAME_TAKEN}
        await nobody_oversleeps(one)
