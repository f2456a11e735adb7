"""Creates whose end is not known: two records never come out of one."""

from pathlib import Path
from typing import Any, Literal

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Rejected
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.losing import (
    LOST_ANSWERS,
    ROCK,
    SETTLES_S,
    first_plan_approved,
    in_dear,
    in_qbo,
    linked_vendors,
    vendors_linked,
)
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    dear_row,
    dear_rows,
    killed,
    nothing_doubled,
    pairs_linked,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_qbo,
    sent,
    tiny,
    village,
)


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F01_lost_reply_of_a_single_create_in_qbo(tmp_path: Path, fault: str) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/vendor"})

        report = await one.cycle()
        assert (report.unknown, report.confirmed) == (1, 0)
        assert len(qbo_rows(one, "vendor")) == 1
        await one.settle()

        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)
        assert await one.holds(Kind.VENDOR) == []


@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F01_lost_reply_of_a_batch_in_qbo(
    tmp_path: Path, fault: str, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    switches = QboSwitches(batch_replay=replay)
    async with village(tmp_path, in_dear(*names), qbo=switches) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/batch"})

        report = await one.cycle()
        assert report.unknown == 3
        await one.settle()
        await one.cycle(after_s=SETTLES_S)

        assert len(sent(one, "qbo", "POST", "batch")) == 1
        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == list(names)
        assert await linked_vendors(one) == vendors_linked(*names)
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
@pytest.mark.parametrize("looks_after_s", [60, SETTLES_S])
async def test_F01_lost_reply_of_a_batch_in_which_one_was_refused(
    tmp_path: Path, looks_after_s: float, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    switches = QboSwitches(batch_replay=replay)
    async with village(tmp_path, in_dear(*names), qbo=switches) as one:
        await first_plan_approved(one)

        def somebody_takes_a_name(system: str, method: str, path: str) -> None:
            if method == "POST" and path.endswith("/batch"):
                one.faults.on_request = None
                create_in_qbo(one, "customer", DisplayName="Birch Works")

        one.faults.on_request = somebody_takes_a_name
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"})
        await one.cycle()
        for wait in (looks_after_s, SETTLES_S, SETTLES_S):
            await one.cycle(after_s=wait)

        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == [
            "Amber Works",
            "Cedar Works",
        ]
        nothing_doubled(one)
        assert await linked_vendors(one) == vendors_linked("Amber Works", "Cedar Works")
        codes = {(row.label, row.hold.code) for row in await one.holds(Kind.VENDOR)}
        assert codes <= {
            ("Birch Works", HoldCode.NAME_TAKEN),
            ("Birch Works", HoldCode.REJECTED),
        }
        assert codes


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F01_lost_reply_of_a_create_in_dear(tmp_path: Path, fault: str) -> None:
    async with village(tmp_path, in_qbo(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "dear", "kind": fault, "method": "POST", "path": "*/supplier"})

        report = await one.cycle()
        assert report.unknown == 1
        await one.settle()

        assert len(sent(one, "dear", "POST", "supplier")) == 1
        assert [row["Name"] for row in dear_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_F01_what_was_created_in_dear_is_renamed_before_anybody_looks(
    tmp_path: Path,
) -> None:
    """DEAR would not know the repeated create: a person looks before there can be two."""
    async with village(tmp_path, in_qbo(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "dear", "kind": "lost_reply", "method": "POST", "path": "*/supplier"})
        assert (await one.cycle()).unknown == 1
        await one.edit(
            "dear", {"kind": "supplier", "name": ROCK, "set": {"Name": "Boulder and Sons"}}
        )
        for _ in range(3):
            await one.cycle(after_s=SETTLES_S)

        assert len(sent(one, "dear", "POST", "supplier")) == 1
        assert [row["Name"] for row in dear_rows(one, "vendor")] == ["Boulder and Sons"]
        refused = [entry for entry in await one.entries() if isinstance(entry, Rejected)]
        assert [entry.code for entry in refused] == ["perhaps_renamed"]
        assert "trueup link" in refused[0].cure
        codes = {r.hold.code for r in await one.holds(Kind.VENDOR) if r.label == ROCK}
        assert codes == {HoldCode.PROPOSED_MATCH}, "they still share an e-mail address"


@pytest.mark.parametrize(
    ("single", "replay"),
    [(True, "replay"), (False, "replay"), (False, "refuse"), (False, "execute_again")],
)
async def test_F01_what_was_created_is_deleted_in_qbo_before_anybody_looks(
    tmp_path: Path, single: bool, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    """Somebody did not want it: it is not created a second time behind their back."""
    names = (ROCK,) if single else (ROCK, "Amber Works")
    async with village(tmp_path, in_dear(*names), qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*"})
        assert (await one.cycle()).unknown == len(names)
        made = qbo_row(one, "vendor", ROCK)["Id"]
        await one.edit("qbo", {"kind": "vendor", "id": made, "delete": True})
        for _ in range(3):
            await one.cycle(after_s=SETTLES_S)

        rows = {row["Id"]: row["Active"] for row in qbo_rows(one, "vendor")}
        assert rows.pop(made) is False
        assert len(rows) == len(names) - 1
        assert dear_row(one, "vendor", ROCK)["Status"] == "Active"
        assert await one.operations("intended") == []


@pytest.mark.parametrize(
    ("single", "replay"),
    [(True, "replay"), (False, "replay"), (False, "refuse"), (False, "execute_again")],
)
async def test_F01_what_was_created_is_renamed_in_qbo_before_anybody_looks(
    tmp_path: Path, single: bool, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    goods = Goods()
    skus = ("BR-1",) if single else ("BR-1", "BR-2")
    world = tiny(products=tuple(goods.item(sku, qbo=False) for sku in skus))
    async with village(tmp_path, world, qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*"})
        assert (await one.cycle()).unknown == len(skus)
        save_in_qbo(one, "item", "BR-1", Name="Renamed at once")
        for wait in (60, SETTLES_S, SETTLES_S, 2 * 3600, 60):
            await one.cycle(after_s=wait)

        assert sorted(row["Sku"] for row in qbo_rows(one, "item")) == list(skus)
        linked = {pair for pair in await pairs_linked(one) if pair[0] == "item"}
        assert len(linked) == len(skus)
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize(
    ("world", "tail", "replay"),
    [
        (in_dear(ROCK), "vendor", "replay"),
        (in_dear(ROCK, "Amber Works"), "batch", "replay"),
        (in_dear(ROCK, "Amber Works"), "batch", "refuse"),
        (in_dear(ROCK, "Amber Works"), "batch", "execute_again"),
        (in_qbo(ROCK), "supplier", "replay"),
    ],
)
async def test_F02_killed_between_reply_and_ledger(
    tmp_path: Path, world: Any, tail: str, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    async with village(tmp_path, world, qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)

        died = await killed(one, one.cycle(), lambda axe: axe.after_answer_to("POST", tail))
        assert died
        assert len(await one.ledger.read(lambda views: views.open_intents())) == 1
        await one.settle()
        await one.cycle(after_s=SETTLES_S)

        writes = sent(one, "qbo", "POST", tail) + sent(one, "dear", "POST", tail)
        assert len(writes) == 1
        names = [thing.key for thing in one.world.vendors]
        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == sorted(names)
        assert sorted(row["Name"] for row in dear_rows(one, "vendor")) == sorted(names)
        assert await linked_vendors(one) == vendors_linked(*names)
        await require_sound(one)
