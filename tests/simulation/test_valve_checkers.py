"""The checkers of the valves can fail, too: each is shown a life that breaks its promise."""

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.catalogue.clashes import RENAME
from daemon.catalogue.words import Options
from daemon.control import skipping
from daemon.control.protocol_valves import SkipRequest
from daemon.cycle.calendar import Calendar, WriteWindow
from ledger.model.entries import Approved, Intended, Remapped, SkipEnded, Skipped
from ledger.model.ids import ExternalRef, Kind, record_id
from ledger.model.plans import Action
from tests.daemon.catalogue.support import conductor, export_anew, inactivate_and_keep_name
from tests.scenarios.papers import in_dear
from tests.scenarios.support import create_in_qbo, save_in_dear, save_in_qbo
from tests.scenarios.village import BOOKKEEPER, desk
from tests.simulation.checkers import lost, pairs, quiet, reexported, skipped, stopped
from tests.simulation.evidence import Evidence, gather, remapped_terms
from tests.simulation.life import Life, Story
from tests.simulation.test_checkers import at_rest, look
from tests.simulation.valving import Hours, Stop, Valves
from tests.simulation.witness import Witness
from tests.town import QBO, Town

NIGHT = Calendar(windows=(WriteWindow(days=frozenset(range(7)), since=time(1), until=time(2)),))


async def dearer(one: Town) -> None:
    save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
    await one.settle()


async def with_valves(one: Town, witness: Witness, at: Valves) -> Evidence:
    return await gather(one, witness, [one.scheduler.company.policy], at)


async def test_a_pause_that_holds_passes(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at = Valves(one)
        await at.pause({"kind": "item", "system": "qbo"})
        await dearer(one)
        at.set_hours(NIGHT)
        evidence = await with_valves(one, witness, at)
        assert await stopped.check(evidence) == []


async def test_a_request_that_leaves_under_a_pause_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at = Valves(one, stops=[Stop("", "item", since=one.log.last)])
        await dearer(one)
        evidence = await with_valves(one, witness, at)
        assert any("left while all item was paused" in p for p in await stopped.check(evidence))
        at.stops[0].midway = True
        assert await stopped.check(evidence) == [], "the one that was under way may end"
        at.stops = [Stop("dear", "", since=0), Stop("qbo", "vendor", since=0)]
        evidence = await with_valves(one, witness, at)
        assert await stopped.check(evidence) == [], "another scope"


async def test_a_request_outside_the_hours_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        now = one.clock.now()
        at = Valves(one, hours=[Hours(NIGHT, now)])
        one.clock.advance(3600)
        await dearer(one)
        evidence = await with_valves(one, witness, at)
        assert any("outside the hours" in p for p in await stopped.check(evidence))
        at.hours[0].until = now + timedelta(minutes=1)
        assert await stopped.check(evidence) == [], "no longer in force by then"


async def test_a_skip_that_is_kept_passes_and_one_that_is_broken_is_noticed(
    tmp_path: Path,
) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at = Valves(one)
        await at.pause({})
        await dearer(one)
        request = SkipRequest(record="BR-1", reason="not now")
        await skipping.skip(desk(one), BOOKKEEPER, request)
        await at.open_all()
        await one.settle()
        evidence = await look(one, witness)
        assert await skipped.check(evidence) == []
        assert await pairs.check(evidence) == [], "a difference that somebody set aside"

        evidence.aside.clear()
        assert any("still waits for skipped" in p for p in await skipped.check(evidence))
        # The very request that created the other item, as if it had sent what was set aside.
        skip = next(row.entry for row in evidence.journal if isinstance(row.entry, Skipped))
        sent = next(row for row in evidence.journal if isinstance(row.entry, Intended))
        assert isinstance(sent.entry, Intended)
        item = msgspec.structs.replace(sent.entry.items[0], record=skip.record, digest=skip.digest)
        entry = msgspec.structs.replace(sent.entry, items=(item,))
        evidence.journal.append(msgspec.structs.replace(sent, entry=entry))
        assert any("although it was set aside" in p for p in await skipped.check(evidence))


async def test_an_end_that_came_too_early_or_never_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at = Valves(one)
        await at.pause({})
        await dearer(one)
        until = one.clock.now() + timedelta(hours=2)
        request = SkipRequest(record="BR-1", reason="not now", until=until.isoformat())
        await skipping.skip(desk(one), BOOKKEEPER, request)
        await at.open_all()
        await one.settle()
        evidence = await look(one, witness)
        assert await skipped.check(evidence) == []

        one.clock.advance(4 * 3600)
        assert any("never taken up" in p for p in await skipped.check(evidence))
        await one.settle()
        evidence = await look(one, witness)
        assert await skipped.check(evidence) == []
        row = next(row for row in evidence.journal if isinstance(row.entry, SkipEnded))
        early = msgspec.structs.replace(row, at="2026-01-01T00:00:00.000000Z")
        evidence.journal.append(early)
        assert any("before" in p for p in await skipped.check(evidence))


async def set_aside_for(one: Town, seconds: float) -> None:
    at = Valves(one)
    await at.pause({})
    await dearer(one)
    until = one.clock.now() + timedelta(seconds=seconds)
    request = SkipRequest(record="BR-1", reason="not now", until=until.isoformat())
    await skipping.skip(desk(one), BOOKKEEPER, request)
    await at.open_all()
    await one.settle()


async def test_what_follows_from_the_end_of_a_skip_in_a_quiet_world_is_noticed(
    tmp_path: Path,
) -> None:
    async with at_rest(tmp_path) as (one, witness):
        await set_aside_for(one, 400.0)
        evidence = await look(one, witness)
        one.clock.advance(200.0)
        assert any("SkipEnded" in p for p in await quiet.check(evidence))


async def test_a_world_does_not_rest_while_a_skip_that_ended_leaves_something_to_approve(
    tmp_path: Path,
) -> None:
    """``valves`` 151629: a hold that was set aside was counted as what the other one left."""
    async with at_rest(tmp_path) as (one, _):
        in_dear(one, "customer", create={"Name": "Colon: Works"})
        create_in_qbo(one, "vendor", DisplayName="Colon- Works")
        await one.settle()
        (lone,) = await one.holds(Kind.CUSTOMER)
        request = SkipRequest(record=lone.record, reason="not ours")
        await skipping.skip(desk(one), BOOKKEEPER, request)
        save_in_qbo(one, "item", "BR-1", Active=False)
        await one.settle()
        (row,) = await one.operations("waiting")
        until = (one.clock.now() + timedelta(minutes=8)).isoformat()
        request = SkipRequest(record=row.operation.record, reason="not now", until=until)
        await skipping.skip(desk(one), BOOKKEEPER, request)
        assert await Life(one, Story()).judged() == []
        assert await one.operations("waiting") == []


@pytest.mark.parametrize("minutes", [8, 9, 10, 11, 12, 20])
async def test_a_world_comes_to_rest_with_its_skips_ended_or_far_from_it(
    tmp_path: Path, minutes: int
) -> None:
    """``paper_valves`` 50397: the end came between the two last looks."""
    async with at_rest(tmp_path) as (one, _):
        await set_aside_for(one, 60.0 * minutes)
        assert await Life(one, Story()).judged() == []


async def test_a_skip_that_came_to_nothing_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        sent = next(row for row in evidence.journal if isinstance(row.entry, Intended))
        assert isinstance(sent.entry, Intended)
        item = sent.entry.items[0]
        skip = Skipped(
            record=item.record,
            subject="operation:qbo",
            digest=item.digest,
            reason="not now",
            by="mira",
        )
        evidence.journal.append(msgspec.structs.replace(sent, entry=skip))
        assert any("no difference any more" in p for p in await skipped.check(evidence))


async def test_a_second_item_and_a_second_id_are_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        assert await reexported.check(evidence) == []
        born = next(event for event in witness.events if event.what == "created")
        first = next(stored for stored in one.qbo.state.all("Item") if stored.id != born.id)
        witness.events.append(replace(born, id=first.id))
        assert any("several active items" in p for p in await reexported.check(evidence))

        sent = next(row for row in evidence.journal if isinstance(row.entry, Intended))
        assert isinstance(sent.entry, Intended)
        assert sent.entry.items[0].action is Action.CREATE
        entry = msgspec.structs.replace(sent.entry, request="another")
        evidence.journal.append(msgspec.structs.replace(sent, entry=entry))
        assert any("one create under" in p for p in await reexported.check(evidence))


async def test_a_request_that_nobody_wrote_down_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        evidence.sent.clear()
        assert any("nobody wrote down" in p for p in await reexported.check(evidence))


async def test_an_old_item_is_woken_for_its_name_with_a_yes_alone_and_rests_again(
    tmp_path: Path,
) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("another program"):
            inactivate_and_keep_name(one, "BR-2")
        done = await export_anew(one, conductor(one), Options(clashes=RENAME))
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        evidence = await look(one, witness)
        assert await lost.check(evidence) == []
        assert await reexported.check(evidence) == []

        rests = next(e for e in reversed(witness.events) if e.moved.get("active") == ("yes", "no"))
        witness.events.remove(rests)
        assert any("was left awake" in p for p in await reexported.check(evidence))
        evidence.journal = [r for r in evidence.journal if not isinstance(r.entry, Approved)]
        assert any("active was overwritten" in p for p in await lost.check(evidence))


async def test_a_term_that_is_said_otherwise_before_it_is_joined_is_known(tmp_path: Path) -> None:
    """``valves`` 140179: the daemon died before it had joined the terms, and somebody remapped one
    of the books meanwhile."""
    async with at_rest(tmp_path) as (one, witness):
        first, second = one.qbo.state.all("Term")
        old, new = (record_id(ExternalRef(QBO, Kind.TERM, t.id)) for t in (first, second))
        draft = one.ledger.draft(actor="test")
        draft.add(Remapped(system=QBO, old=old, new=new, reason="moved", by="bookkeeper"))
        await one.ledger.append(draft)

        evidence = await with_valves(one, witness, Valves(one))

        assert remapped_terms(evidence) == {first.name, second.name}
