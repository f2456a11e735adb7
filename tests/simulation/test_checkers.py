"""Every checker can fail: each is shown a life in which its promise was broken."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec

from daemon.cycle.lookups import LedgerLookups
from daemon.cycle.observe import observe
from daemon.cycle.passing import rules_in_force
from daemon.cycle.report import Seen
from ledger.model.entries import Intended, Released
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.papers import in_dear
from tests.scenarios.support import Goods, create_in_qbo, save_in_dear, save_in_qbo, tiny, village
from tests.simulation.checkers import (
    chain,
    conflicts,
    doubled,
    invented,
    journalled,
    lost,
    pairs,
    quiet,
    stepping,
    woken,
)
from tests.simulation.evidence import Evidence, gather
from tests.simulation.witness import Witness
from tests.town import DEAR, Town


@asynccontextmanager
async def at_rest(folder: Path) -> AsyncIterator[tuple[Town, Witness]]:
    """Two items in agreement, one of which the daemon created."""
    goods = Goods()
    world = tiny(products=(goods.item("BR-1"), goods.item("BR-2", qbo=False)))
    async with village(folder, world) as one:
        witness = Witness(one)
        await one.agree()
        yield one, witness


async def look(one: Town, witness: Witness) -> Evidence:
    return await gather(one, witness, [one.scheduler.company.policy])


async def test_a_life_without_fault_passes_all(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        every = (doubled, lost, invented, conflicts, journalled, chain, pairs, woken, stepping)
        for checker in (*every, quiet):
            assert await checker.check(evidence) == [], checker.__name__


async def test_a_second_record_of_one_name_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        first = next(row for row in one.dear.state["product"] if row.fields["SKU"] == "BR-1")
        one.dear.state.add("product", dict(first.fields))
        evidence = await look(one, witness)
        assert any("had that name already" in p for p in await doubled.check(evidence))
        assert any("unknown to the journal" in p for p in await doubled.check(evidence))


async def test_a_second_record_that_came_after_the_last_look_is_nobodys_fault(
    tmp_path: Path,
) -> None:
    """``answers`` 151708: a bookkeeper entered the item when QuickBooks had been read."""
    async with at_rest(tmp_path) as (one, witness):
        in_dear(one, "product", create={"SKU": "BR-9", "Name": "Clip", "Type": "Stock"})

        posting = {"IncomeAccountRef": {"value": "79"}, "ExpenseAccountRef": {"value": "80"}}

        def enter(system: str, method: str, path: str) -> None:
            if (system, method) == ("qbo", "POST"):
                one.faults.on_request = None
                with witness.by("bookkeeper"):
                    create_in_qbo(one, "item", Name="Clip by hand", Sku="BR-9", **posting)

        one.faults.on_request = enter
        await one.settle()
        evidence = await look(one, witness)
        (born,) = [e for e in witness.of_daemon() if e.what == "created" and e.twins]
        assert await doubled.check(evidence) == []
        witness.events[born.n] = replace(born, after_row=one.log.last)  # QuickBooks was asked since
        assert any("had that name already" in p for p in await doubled.check(evidence))


async def test_a_write_that_nobody_planned_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("77"))
        evidence = await look(one, witness)
        assert any("no operation" in p for p in await lost.check(evidence))
        assert any("no operation" in p for p in await invented.check(evidence))
        assert any("intends nothing" in p for p in await journalled.check(evidence))


async def test_a_value_from_nowhere_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        born = next(event for event in witness.events if event.what == "created")
        witness.events.append(replace(born, after={**born.after, "sales_price": "1234"}))
        evidence = await look(one, witness)
        assert any("sales_price '1234'" in p for p in await invented.check(evidence))


async def test_an_overwritten_edit_and_a_removal_are_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("buyer"):
            save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
        await one.settle()
        written = witness.of_daemon()[-1]
        assert written.moved.keys() == {"sales_price"}
        witness.events += [
            replace(written, before={**written.before, "sales_price": "3"}),
            replace(written, what="removed"),
        ]
        problems = await lost.check(await look(one, witness))
        assert any("sales_price showed '3'" in p for p in problems)
        assert any("removed something" in p for p in problems)


async def test_a_written_conflict_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("two people"):
            save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("3"))
            save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("4"))
        await one.settle()
        (row,) = [row for row in await one.holds() if row.hold.code is HoldCode.CONFLICT]
        evidence = await look(one, witness)
        assert await conflicts.check(evidence) == []
        # The very write that created the other item, as if it had been about this one's price.
        sent = next(r for r in evidence.journal if isinstance(r.entry, Intended))
        assert isinstance(sent.entry, Intended)
        (item,) = sent.entry.items[:1]
        wrong = msgspec.structs.replace(item, record=row.record)
        entry = msgspec.structs.replace(sent.entry, request="again", items=(wrong,))
        evidence.journal.append(msgspec.structs.replace(sent, entry=entry))
        assert any("written while in conflict" in p for p in await conflicts.check(evidence))


async def test_a_write_without_a_yes_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        said = ("FirstPlanApproved", "Approved")
        evidence.journal = [row for row in evidence.journal if type(row.entry).__name__ not in said]
        assert any("before the first plan" in p for p in await journalled.check(evidence))


async def test_a_broken_chain_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with sqlite3.connect(tmp_path / "ledger.db") as db:
            names = db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'payload'"
            )
            for (name,) in names.fetchall():
                db.execute(f"DROP TRIGGER {name}")
            db.execute("UPDATE payload SET body = x'7b7d' WHERE rowid = 1")
        db.close()
        assert await chain.check(await look(one, witness))


async def test_an_unspoken_difference_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        save_in_qbo(one, "item", "BR-1", Description="something else")
        assert any("description" in p for p in await pairs.check(await look(one, witness)))


async def test_a_hold_that_was_dropped_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("two people"):
            save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("3"))
            save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("4"))
        await one.settle()
        (row,) = [row for row in await one.holds() if row.hold.code is HoldCode.CONFLICT]
        draft = one.ledger.draft(actor="nobody")
        draft.add(Released(record=row.record, subject=row.subject, reason="a mistake"))
        await one.ledger.append(draft)
        assert any("should be held" in p for p in await woken.check(await look(one, witness)))


async def test_a_verdict_that_outlives_its_ground_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        company = one.scheduler.company
        records = await one.ledger.read(lambda views: views.find(DEAR, Kind.ITEM, "sku", "br-1"))
        record = await one.record_of(DEAR, Kind.ITEM, records[0].id)
        draft = one.ledger.draft(actor="nobody")
        draft.decided([record], as_of=one.ledger.head)
        rules = await one.ledger.read(
            lambda views: rules_in_force(
                [Kind.ITEM],
                LedgerLookups(views, recent_since=one.clock.now()),
                company.rules(),
            )
        )
        draft.in_step({record: (rules[Kind.ITEM], 2)}, as_of=1_000_000)  # whatever comes
        await one.ledger.append(draft)
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("77"))
        one.clock.advance(120.0)
        await observe(company, DEAR, Seen(), cycle="nobody's")
        problems = await stepping.check(await look(one, witness))
        assert any("should be written" in p for p in problems)


async def test_a_world_that_is_not_quiet_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("77"))
        assert any("appended" in p for p in await quiet.check(evidence))
