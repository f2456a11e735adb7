"""The whole job, step by step: what each step does, what it asks, and what it refuses."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.catalogue.words import JobRefused, Options, Row, State
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import JobAdvanced
from ledger.model.ids import Kind
from tests.daemon.catalogue.support import (
    COMPANY,
    JON,
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
    create_in_qbo,
    pairs_linked,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    village,
)
from tests.town import QBO, Town


def acts(rows: Sequence[Row]) -> dict[str, str]:
    return {row.label: row.act.value for row in rows}


async def pauses(one: Town) -> list[tuple[str, str, str]]:
    rows = await one.ledger.read(lambda views: views.pauses())
    return [(row.system, row.kind, row.job) for row in rows]


def track(one: Town, name: str, quantity: int) -> None:
    """QuickBooks keeps the quantity of the item, and has for years."""
    stored = one.qbo.state.get("Item", qbo_row(one, "item", name)["Id"])
    assert stored is not None
    kept = {
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": quantity,
        "InvStartDate": "2026-01-01",
        "AssetAccountRef": {"value": "81"},
    }
    one.qbo.state.change(stored, {**stored.fields, **kept})


async def test_F12_all_products_deleted_in_qbo_are_created_anew(tmp_path: Path) -> None:
    skus = [sku(n) for n in range(5)]
    async with village(tmp_path, catalogue(5)) as one:
        await one.agree()
        before = {row["Sku"]: row["Id"] for row in active(one)}
        await delete_in_qbo(one, *skus)
        await one.settle()
        assert active(one) == []

        done = await export_anew(one, conductor(one))

        assert done.state is State.DONE
        after = {row["Sku"]: row["Id"] for row in active(one)}
        assert sorted(after) == skus
        assert not set(after.values()) & set(before.values())
        linked = {(q, d) for kind, q, d in await pairs_linked(one) if kind == "item"}
        assert linked == {(f"Bracket {s}", f"Bracket {s}") for s in skus}
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 5}
        assert done.memo.ended.is_clean
        assert await pauses(one) == []
        await one.settle()
        assert await one.holds(Kind.ITEM) == []
        assert await one.operations("planned", "waiting", "approved", "intended") == []
        await require_sound(one)


async def test_the_plan_freezes_items_both_ways_and_counts_exactly(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        job = await conductor(one).plan(MIRA, None, "clean start")

        assert job.state is State.PLANNED
        assert await pauses(one) == [
            ("dear", "item", "catalogue-1"),
            ("qbo", "item", "catalogue-1"),
            ("qbo", "item", "catalogue-1.pause"),
        ]
        plan = job.memo.plan
        assert plan is not None
        assert plan.standings == {"inactive": 2, "alive": 2}
        assert plan.acts == {"create": 2}
        assert (plan.calls, plan.minutes, plan.unknown, plan.clashes) == (1, 1, 0, 0)
        assert job.memo.proof is not None
        assert job.memo.proof.items == {"dear": 4, "qbo": 4}
        assert one.writes("qbo") == []
        assert one.writes("dear") == []
        # Whatever people change meanwhile waits for the thaw.
        save_in_dear(one, "item", sku(2), PriceTier1=99)
        await one.cycle()
        assert one.writes("qbo") == []


async def test_nothing_is_sent_before_run_though_the_plan_is_approved(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await one.cycle()
        assert await job.running.step() is None
        assert one.writes("qbo") == []
        await job.run(MIRA)
        await finish(one, job)
        assert len(active(one)) == 3


async def test_a_dry_run_writes_nothing_reads_nothing_and_appends_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        await one.settle()
        head, asked = one.ledger.head, len(one.log.rows)
        summary = await conductor(one).dry_run(Options())
        assert summary.acts == {"create": 1}
        assert one.ledger.head == head
        assert len(one.log.rows) == asked


async def test_a_plan_appends_nothing_but_the_jobs_own_entries(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        await one.settle()
        job = conductor(one)
        await job.plan(MIRA, None)
        before = len(await one.entries())
        await job.plan(MIRA, Options(only=(sku(0),)))
        added = (await one.entries())[before:]
        assert added
        assert all(isinstance(entry, JobAdvanced) for entry in added)


async def test_the_name_of_the_company_has_to_be_typed(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        job = conductor(one)
        await job.plan(MIRA, None)
        with pytest.raises(JobRefused, match="not the name"):
            await job.approve(MIRA, "Village")
        with pytest.raises(JobRefused, match="not approved"):
            await job.run(MIRA)
        with pytest.raises(JobRefused, match="nothing was approved"):
            await job.approve(MIRA, COMPANY, "anotherplan")


async def test_two_different_people_where_two_are_asked_for(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        job = conductor(one, people=2)
        await job.plan(MIRA, None)
        assert (await job.approve(MIRA, COMPANY)).state is State.PLANNED
        with pytest.raises(JobRefused, match="has approved it already"):
            await job.approve(MIRA, COMPANY)
        assert (await job.approve(JON, COMPANY)).state is State.APPROVED


async def test_a_new_plan_voids_the_approval_of_the_old_one(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        again = await job.plan(MIRA, Options(only=(sku(1),)))
        assert again.state is State.PLANNED
        assert again.memo.approvals == ()
        now = one.clock.now()
        assert not await one.ledger.read(lambda views: views.approvals_of("catalogue-1", now))
        with pytest.raises(JobRefused):
            await job.run(MIRA)


async def test_unknown_items_are_settled_before_anything_is_approved(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        old = qbo_row(one, "item", sku(1))["Id"]
        for name in ("Stray one", "Stray two"):
            account = {"value": "79"}
            create_in_qbo(
                one, "item", Name=name, Type="NonInventory", IncomeAccountRef=account, Active=True
            )
        job = conductor(one)
        asked = await job.plan(MIRA, None)
        assert asked.state is State.SORTED
        plan = asked.memo.plan
        assert plan is not None
        assert sorted(s.name for s in plan.strangers) == ["Stray one", "Stray two"]
        with pytest.raises(JobRefused, match="no plan to approve"):
            await job.approve(MIRA, COMPANY)

        by_name = {s.name: s for s in plan.strangers}
        product = await one.record_of(QBO, Kind.ITEM, old)
        await job.settle(MIRA, by_name["Stray one"].record, "keep")
        settled = await job.settle(MIRA, by_name["Stray two"].record, "link", product)
        assert settled.state is State.SETTLED
        done = await export_anew(one, job)
        assert done.state is State.DONE
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        stray = qbo_row(one, "item", "Stray two")["Id"]
        assert await one.record_of(QBO, Kind.ITEM, stray) == product


async def test_F13_a_name_that_the_old_item_still_has_is_settled_first(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        old = {row["Sku"]: row["Id"] for row in active(one)}
        for number in (0, 1):
            inactivate_and_keep_name(one, sku(number))
        job = conductor(one)
        asked = await job.plan(MIRA, None)
        assert asked.state is State.SORTED
        assert acts(await rows_of(one, asked)) == {sku(0): "clash", sku(1): "clash"}
        with pytest.raises(JobRefused):
            await job.approve(MIRA, COMPANY)

        record = next(r.record for r in await rows_of(one, asked) if r.label == sku(0))
        await job.settle(MIRA, record, "reactivate")
        planned = await job.plan(MIRA, Options(clashes="skip"))
        assert acts(await rows_of(one, planned)) == {sku(0): "reactivate", sku(1): "skip"}
        done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"reactivated": 1, "left": 1}
        assert qbo_row(one, "item", sku(0))["Id"] == old[sku(0)]
        assert qbo_row(one, "item", sku(0))["Active"] is True
        assert qbo_row(one, "item", sku(1))["Active"] is False


async def test_reactivation_of_everything_keeps_the_old_items(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        old = {row["Sku"]: row["Id"] for row in active(one)}
        await delete_in_qbo(one, *old)
        done = await export_anew(one, conductor(one), Options(reactivate=True))
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"reactivated": 4}
        assert {row["Sku"]: row["Id"] for row in active(one)} == old
        assert {row["Name"] for row in active(one)} == {f"Bracket {s}" for s in old}
        await one.settle()
        assert await one.operations("planned", "waiting", "approved") == []


async def test_an_item_removed_for_good_is_created_anew_on_its_evidence(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        stored = one.qbo.state.get("Item", qbo_row(one, "item", sku(0))["Id"])
        assert stored is not None
        one.qbo.state.remove(stored)
        job = conductor(one)
        planned = await job.plan(MIRA, Options(missing_only=True))
        (row,) = await rows_of(one, planned)
        assert (row.label, row.standing, row.act.value) == (sku(0), "gone", "create")
        done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        assert len(active(one)) == 4


async def test_an_item_made_anew_by_hand_is_linked_and_not_doubled(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        create_in_qbo(
            one,
            "item",
            Name=f"Bracket {sku(0)}",
            Sku=sku(0),
            Type="NonInventory",
            IncomeAccountRef={"value": "79"},
        )
        job = conductor(one)
        planned = await job.plan(MIRA, None)
        assert planned.state is State.PLANNED, "an item that will be linked is no question"
        assert acts(await rows_of(one, planned)) == {sku(0): "adopt"}
        done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"adopted": 1}
        assert len(qbo_rows(one, "item")) == 3
        assert [row["Sku"] for row in active(one)].count(sku(0)) == 1


async def test_only_some_products(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        done = await export_anew(one, conductor(one), Options(only=(sku(1).lower(),)))
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        assert sorted(row["Sku"] for row in active(one)) == [sku(1), sku(2), sku(3)]


async def test_missing_only_leaves_inactive_items_alone(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        planned = await conductor(one).plan(MIRA, Options(missing_only=True))
        assert planned.state is State.PLANNED
        assert await rows_of(one, planned) == []


@pytest.mark.parametrize("renames", [True, False])
async def test_F69_tracked_items_are_retired_and_created_untracked_under_the_same_name(
    tmp_path: Path, renames: bool
) -> None:
    switches = QboSwitches(rename_on_inactivate=renames)
    async with village(tmp_path, catalogue(3), qbo=switches) as one:
        await one.agree()
        track(one, sku(0), 7)
        await one.settle()
        old = qbo_row(one, "item", sku(0))
        name = old["Name"]
        job = conductor(one)
        planned = await job.plan(MIRA, Options(as_type="NonInventory"))
        assert acts(await rows_of(one, planned)) == {sku(0): "retire"}
        assert planned.memo.plan is not None
        assert planned.memo.plan.tracked == 1
        done = await export_anew(one, job, None)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        (new,) = [row for row in active(one) if row["Sku"] == sku(0)]
        assert new["Id"] != old["Id"]
        assert (new["Name"], new["Type"]) == (name, "NonInventory")
        retired = next(row for row in qbo_rows(one, "item") if row["Id"] == old["Id"])
        assert retired["Active"] is False
        assert retired["Type"] == "Inventory"
        assert retired["Name"] == f"{name} (deleted)", "marked once, whoever marked it"
        assert one.writes("dear") == []
        await one.settle()
        assert one.writes("dear") == [], "the source is left as it is"
        await require_sound(one)


async def test_pause_and_resume(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        paused = await job.pause(JON, "stock take")
        assert (paused.state, paused.memo.note) == (State.PAUSED, "stock take")
        assert await job.running.step() is None
        await one.cycle()
        assert one.writes("qbo") == []
        await job.resume(JON)
        assert (await finish(one, job)).state is State.DONE
        assert len(active(one)) == 3


async def test_abort_in_the_middle_links_what_was_not_created_again(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        links = await pairs_linked(one)
        await delete_in_qbo(one, sku(0), sku(1))
        await one.settle()
        deleted = await pairs_linked(one)
        assert len(deleted) == len(links)
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        one.fail({"system": "qbo", "kind": "throttle", "path": "*/batch", "times": 9})
        await job.running.step()
        await job.abort(MIRA, "changed our minds")
        assert await pauses(one) == []
        assert await pairs_linked(one) == deleted
        await one.settle()
        assert [row["Sku"] for row in active(one)] == [sku(2)]


async def test_an_expired_approval_stops_the_job_before_it_unlinks_more(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        links = await pairs_linked(one)
        job = conductor(one, expire_after=timedelta(hours=1))
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        one.clock.advance(7200)
        assert await job.running.step() == 60.0
        now = await job.current()
        assert now is not None
        assert "expired" in (await job.running.progress(now)).waits
        assert len(await pairs_linked(one)) == len(links)
        await job.approve(MIRA, COMPANY)
        assert (await finish(one, job)).state is State.DONE
        assert len(active(one)) == 2


async def test_a_product_changed_after_the_approval_is_not_created_from_it(tmp_path: Path) -> None:
    """Its change is not what was approved: it waits, and flows in the ordinary way at the end."""
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        save_in_dear(one, "item", sku(0), PriceTier1=77)
        await one.cycle()
        await job.run(MIRA)
        done = await finish(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1, "failed": 1}
        assert not done.memo.ended.is_clean


async def test_an_item_brought_back_by_hand_meanwhile_is_left_alone(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        row = qbo_row(one, "item", sku(0))
        await one.edit(
            "qbo",
            {"kind": "item", "id": row["Id"], "set": {"Active": True, "Name": f"Bracket {sku(0)}"}},
        )
        await one.cycle()
        await job.run(MIRA)
        done = await finish(one, job)
        assert done.memo.ended is not None
        assert len(qbo_rows(one, "item")) == 2


async def test_a_second_job_cannot_be_opened_beside_a_running_one(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        with pytest.raises(JobRefused, match="its plan is fixed"):
            await job.plan(JON, None)
        await finish(one, job)
        assert (await job.plan(JON, None)).id == "catalogue-2"
