"""A re-export where the old items still have the names: F13, with every answer that there is.

QuickBooks renames an item that a person makes inactive on its screen. What another program made
inactive may keep its name, and then no second item can have it: the old one is made active again,
or gives its name up, or the new one gets a number.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from daemon.catalogue.conduct import Conductor
from daemon.catalogue.job import load
from daemon.catalogue.words import Finished, JobRefused, Options, State
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.ids import Kind
from tests.daemon.catalogue.support import (
    COMPANY,
    MIRA,
    active,
    catalogue,
    conductor,
    delete_in_qbo,
    export_anew,
    finish,
    inactivate_and_keep_name,
    rows_of,
    sku,
)
from tests.scenarios.support import (
    Axe,
    killed,
    pairs_linked,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    village,
)
from tests.scenarios.test_catalogue import require_ids_used_once
from tests.town import QBO, Town

RENAME = Options(clashes="rename")
SUFFIX = Options(clashes="suffix")


def by_id(one: Town, item: str) -> dict[str, Any]:
    (row,) = (row for row in qbo_rows(one, "item") if row["Id"] == item)
    return row


def the_active(one: Town, name: str) -> dict[str, Any]:
    (row,) = (row for row in active(one) if row["Sku"] == name)
    return row


async def resting_under_their_names(one: Town, *skus: str) -> dict[str, str]:
    """Linked once, then made inactive by a program that leaves the names alone."""
    await one.agree()
    old = {row["Sku"]: row["Id"] for row in active(one)}
    for name in skus:
        inactivate_and_keep_name(one, name)
    await one.settle()
    return {name: old[name] for name in skus}


async def require_renamed(one: Town, old: dict[str, str]) -> None:
    """One active, linked item per product under the right name; the old ones rest, marked."""
    for name, item in old.items():
        new = the_active(one, name)
        assert new["Id"] != item
        assert new["Name"] == f"Bracket {name}"
        retired = by_id(one, item)
        assert retired["Active"] is False
        marks = 2 if one.qbo.state.switches.mark_twice else 1
        assert retired["Name"] == f"Bracket {name}" + " (deleted)" * marks
        record = await one.record_of(QBO, Kind.ITEM, new["Id"])
        assert record != await one.record_of(QBO, Kind.ITEM, item)
    assert one.writes("dear") == [], "the source never hears of a marked name"
    await one.settle()
    assert one.writes("dear") == []
    assert await one.operations("planned", "waiting", "approved", "intended") == []
    assert await one.holds(Kind.ITEM) == []
    assert await one.ledger.read(lambda views: views.pauses()) == []
    assert set(Counter(row["Name"] for row in qbo_rows(one, "item")).values()) == {1}
    await require_ids_used_once(one)
    await require_sound(one)


@pytest.mark.parametrize(("renames", "twice"), [(True, False), (True, True), (False, False)])
async def test_F13_rename_the_old_item_frees_the_name_for_the_new_one(
    tmp_path: Path, renames: bool, twice: bool
) -> None:
    switches = QboSwitches(rename_on_inactivate=renames, mark_twice=twice)
    async with village(tmp_path, catalogue(3), qbo=switches) as one:
        old = await resting_under_their_names(one, sku(0), sku(1))
        job = conductor(one)
        planned = await job.plan(MIRA, RENAME)
        assert planned.state is State.PLANNED
        plan = planned.memo.plan
        assert plan is not None
        assert (plan.acts, plan.writes) == ({"rename": 2}, 6)
        rows = await rows_of(one, planned)
        marked = sorted(row.marked for row in rows)
        assert marked == [f"Bracket {n} (deleted)" for n in sorted(old)]
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        done = await finish(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 2}
        await require_renamed(one, old)


async def test_F13_the_new_item_gets_a_number_and_keeps_it(tmp_path: Path) -> None:
    switches = QboSwitches(rename_on_inactivate=False)
    async with village(tmp_path, catalogue(3), qbo=switches) as one:
        old = await resting_under_their_names(one, sku(0), sku(1))
        job = conductor(one)
        planned = await job.plan(MIRA, SUFFIX)
        assert planned.memo.plan is not None
        assert planned.memo.plan.acts == {"suffix": 2}
        assert sorted(row.name for row in await rows_of(one, planned)) == [
            f"Bracket {sku(0)} (2)",
            f"Bracket {sku(1)} (2)",
        ]
        done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 2}
        new = {row["Sku"]: row for row in active(one)}
        assert new[sku(0)]["Name"] == f"Bracket {sku(0)} (2)"
        assert by_id(one, old[sku(0)])["Name"] == f"Bracket {sku(0)}", "the old one keeps its name"

        # Neither name goes to the other side, in quiet cycles and when something else is edited.
        await one.settle()
        mark = len(one.log.rows)
        save_in_dear(one, "item", sku(0), PriceTier1=88)
        await one.settle()
        assert the_active(one, sku(0))["UnitPrice"] == 88
        assert the_active(one, sku(0))["Name"] == f"Bracket {sku(0)} (2)"
        assert [row for row in one.log.since(mark, system="dear") if row["changed"]] == []
        # A product that gets another name gets it in both systems; the number was for the old one.
        save_in_dear(one, "item", sku(0), Name="Console bracket")
        await one.settle()
        assert the_active(one, sku(0))["Name"] == "Console bracket"
        assert await one.holds(Kind.ITEM) == []
        await require_sound(one)


async def test_F13_the_trace_of_a_numbered_name_says_where_the_number_is_from(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await resting_under_their_names(one, sku(0))
        job = conductor(one)
        await job.plan(MIRA, SUFFIX)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        await finish(one, job)
        (create,) = (
            row.operation
            for row in await one.operations("confirmed")
            for change in row.operation.changes
            if change.after == f"Bracket {sku(0)} (2)"
        )
        (trace,) = (change.trace for change in create.changes if change.field == "name")
        assert trace == "dear.name via suffix"


async def test_F13_each_clash_may_have_its_own_answer(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        old = await resting_under_their_names(one, *(sku(n) for n in range(4)))
        job = conductor(one)
        asked = await job.plan(MIRA, None)
        assert asked.state is State.SORTED
        records = {row.label: row.record for row in await rows_of(one, asked)}
        for number, answer in enumerate(("rename", "suffix", "reactivate")):
            still = await job.settle(MIRA, records[sku(number)], answer)
            assert still.state is State.SORTED, "one more question is open"
        settled = await job.settle(MIRA, records[sku(3)], "skip")
        assert settled.state is State.SETTLED
        with pytest.raises(JobRefused, match="is no answer"):
            await job.settle(MIRA, records[sku(0)], "keep")
        done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 2, "reactivated": 1, "left": 1}
        names = {row["Sku"]: row["Name"] for row in active(one)}
        assert names == {
            sku(0): f"Bracket {sku(0)}",
            sku(1): f"Bracket {sku(1)} (2)",
            sku(2): f"Bracket {sku(2)}",
        }
        assert qbo_row(one, "item", sku(2))["Id"] == old[sku(2)]
        await one.settle()
        assert one.writes("dear") == []
        await require_sound(one)


async def test_F13_names_that_are_taken_too_get_the_next_number(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        old = await resting_under_their_names(one, sku(0))
        stored = one.qbo.state.get("Item", qbo_row(one, "item", sku(1))["Id"])
        assert stored is not None
        taken = {**stored.fields, "Name": f"Bracket {sku(0)} (2)"}
        one.qbo.state.change(stored, taken)
        await one.settle()
        done = await export_anew(one, conductor(one), SUFFIX)
        assert done.memo.ended is not None
        new = the_active(one, sku(0))
        assert new["Name"] == f"Bracket {sku(0)} (3)"
        assert new["Id"] != old[sku(0)]


async def carry_out(job: Conductor, one: Town) -> None:
    assert (await finish(one, job)).state is State.DONE


async def started(one: Town, options: Options) -> None:
    job = conductor(one)
    await job.plan(MIRA, options)
    await job.approve(MIRA, COMPANY)
    await job.run(MIRA)


async def die_and_live(one: Town, arm: Any) -> bool:
    """One death of the running job, then a life to its end. Whether it died at all."""
    died = await killed(one, carry_out(conductor(one), one), arm)
    if died:
        await carry_out(conductor(one), one)
    return died


DEATHS = [
    *(("after append", n) for n in range(1, 19)),
    *(("before append", n) for n in range(1, 19, 2)),
    *(("after answer", n) for n in range(1, 19)),
]


def armed(axe: Axe, where: str, number: int) -> None:
    if where == "after append":
        axe.after_append(number)
    elif where == "before append":
        axe.before_append(number)
    else:
        axe.after_answer(number)


@pytest.mark.parametrize(("where", "number"), DEATHS)
async def test_F12_F13_a_death_between_the_writes_of_a_rename_doubles_nothing(
    tmp_path: Path, where: str, number: int
) -> None:
    switches = QboSwitches(rename_on_inactivate=number % 2 == 0)
    async with village(tmp_path, catalogue(3), qbo=switches) as one:
        old = await resting_under_their_names(one, sku(0), sku(1))
        await started(one, RENAME)
        assert await die_and_live(one, lambda axe: armed(axe, where, number))
        await require_renamed(one, old)


@pytest.mark.parametrize("number", range(1, 13))
async def test_F12_F13_a_death_on_the_way_to_a_numbered_name_doubles_nothing(
    tmp_path: Path, number: int
) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        old = await resting_under_their_names(one, sku(0), sku(1))
        await started(one, SUFFIX)
        assert await die_and_live(one, lambda axe: armed(axe, "after append", number))
        assert sorted(row["Name"] for row in active(one)) == [
            f"Bracket {sku(0)} (2)",
            f"Bracket {sku(1)} (2)",
            f"Bracket {sku(2)}",
        ]
        assert len(qbo_rows(one, "item")) == 3 + len(old)
        await one.settle()
        assert one.writes("dear") == []
        await require_ids_used_once(one)
        await require_sound(one)


async def test_F13_an_abort_between_the_two_writes_gives_the_name_back(tmp_path: Path) -> None:
    """The old item is active under a marked name then: it gets its own name back, and the mark
    never reaches the source."""
    async with village(tmp_path, catalogue(3)) as one:
        old = await resting_under_their_names(one, sku(0))
        links = await pairs_linked(one)
        await started(one, RENAME)
        job = conductor(one)
        for _ in range(10):
            await job.running.step()
            if by_id(one, old[sku(0)])["Active"]:
                break
        assert by_id(one, old[sku(0)])["Name"] == f"Bracket {sku(0)} (deleted)"
        await job.abort(MIRA, "changed our minds")
        await one.settle()
        back = by_id(one, old[sku(0)])
        assert (back["Name"], back["Active"]) == (f"Bracket {sku(0)}", True)
        assert one.writes("dear") == []
        assert len(await pairs_linked(one)) == len(links)
        assert len(qbo_rows(one, "item")) == 3
        assert await one.holds(Kind.ITEM) == []
        await require_sound(one)


async def test_F13_an_abort_takes_a_numbered_name_back(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        old = await resting_under_their_names(one, sku(0))
        await started(one, SUFFIX)
        job = conductor(one)
        for path in ("*/batch", "*/item"):
            one.fail({"system": "qbo", "kind": "throttle", "path": path, "times": 9})
        await job.running.step()
        await job.abort(MIRA, "no numbers please")
        await one.settle()
        assert len(qbo_rows(one, "item")) == 2, "nothing was created yet"
        record = await one.record_of(QBO, Kind.ITEM, old[sku(0)])
        # Brought back by hand, it is what it was: no number is left over.
        await one.edit("qbo", {"kind": "item", "id": old[sku(0)], "set": {"Active": True}})
        await one.settle()
        assert qbo_row(one, "item", sku(0))["Name"] == f"Bracket {sku(0)}"
        assert await one.record_of(QBO, Kind.ITEM, old[sku(0)]) == record
        assert one.writes("dear") == []


async def test_F13_a_refused_rename_is_told_and_not_tried_for_ever(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        old = await resting_under_their_names(one, sku(0))
        await started(one, RENAME)
        # Meanwhile somebody else took the marked name.
        stored = one.qbo.state.get("Item", qbo_row(one, "item", sku(1))["Id"])
        assert stored is not None
        one.qbo.state.change(stored, {**stored.fields, "Name": f"Bracket {sku(0)} (deleted)"})
        done = await finish(one, conductor(one))
        assert done.state is State.DONE
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"failed": 1}
        (row,) = await load(one.ledger, done.memo.ended.chunks[0], Finished)
        assert "refused" in row.why
        assert by_id(one, old[sku(0)])["Active"] is False
        assert by_id(one, old[sku(0)])["Name"] == f"Bracket {sku(0)}"
        assert len(qbo_rows(one, "item")) == 2


async def test_F13_items_that_quickbooks_has_renamed_clash_with_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        planned = await conductor(one).plan(MIRA, RENAME)
        assert planned.memo.plan is not None
        assert planned.memo.plan.acts == {"create": 1}
