"""What an operator is told on the way: exact calls, what is at stake, reasons, and the end."""

import asyncio
import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.catalogue.remarks import reason_of
from daemon.catalogue.settling import require_all
from daemon.catalogue.words import JobRefused, Options, State, Summary
from ledger.model.entries import Skipped
from ledger.model.ids import Kind
from ledger.model.plans import Action
from tests.daemon.catalogue.support import (
    COMPANY,
    MIRA,
    catalogue,
    conductor,
    delete_in_qbo,
    export_anew,
    inactivate_and_keep_name,
    rows_of,
    sku,
)
from tests.daemon.catalogue.test_commands import office
from tests.daemon.catalogue.test_job import track
from tests.daemon.cli.conftest import call
from tests.scenarios.support import create_in_qbo, qbo_row, save_in_dear, village
from tests.town import Town


def stray(one: Town) -> None:
    """An item that a bookkeeper entered and the source does not know."""
    account = {"value": "79"}
    create_in_qbo(one, "item", Name="Stray", Type="NonInventory", IncomeAccountRef=account)


async def test_a_plan_counts_the_calls_that_a_run_takes(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(64)) as one:
        await one.agree()
        for number in (0, 1, 2):
            track(one, sku(number), 7)
        await delete_in_qbo(one, *(sku(number) for number in range(3, 64)))
        await one.settle()
        job = conductor(one)
        created = await job.plan(MIRA, None)
        assert created.memo.plan is not None
        assert created.memo.plan.acts == {"create": 61}
        await export_anew(one, job)
        assert created.memo.plan.calls == len(one.writes("qbo")) == 3

        retired = await job.plan(MIRA, Options(as_type="NonInventory"))
        assert retired.memo.plan is not None
        await export_anew(one, job)
        assert retired.memo.plan.calls == 2, "no item is created before the old one is at rest"
        assert len(one.writes("qbo")) == 3 + 2


async def test_what_the_books_have_on_hand_is_told_of_each_item(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        track(one, sku(0), 0)
        track(one, sku(1), 0)
        await one.settle()
        stored = one.qbo.state.get("Item", qbo_row(one, "item", sku(0))["Id"])
        assert stored is not None
        stored.derived["QtyOnHand"] = Decimal(7)  # a bill came in: nothing but the figure moved
        one.qbo.state.change(stored, stored.fields)
        async with office(one, conductor(one)) as (typed, _):
            said = await typed("plan", "--as-type", "NonInventory")
            assert "! tracked, with a quantity on hand: 1. QuickBooks may post an adj" in said.out
            rows = csv.DictReader(io.StringIO((await typed("report", "--csv")).out))
            assert {r["sku"]: r["quantity"] for r in rows} == {sku(0): "7", sku(1): ""}


async def test_a_new_item_that_answers_an_open_conflict_says_so(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        item = qbo_row(one, "item", sku(0))
        await one.edit("qbo", {"kind": "item", "id": item["Id"], "set": {"UnitPrice": 30}})
        save_in_dear(one, "item", sku(0), PriceTier1=31)
        await one.settle()
        await delete_in_qbo(one, sku(0), sku(1))
        await one.settle()
        job = conductor(one)
        planned = await job.plan(MIRA, None)
        assert planned.memo.plan is not None
        assert planned.memo.plan.conflicts == 1
        whys = {row.label: row.why for row in await rows_of(one, planned)}
        assert whys == {
            sku(0): "the new item takes the source's side of an open conflict: sales price",
            sku(1): "",
        }
        async with office(one, job) as (typed, _):
            said = await typed("status")
            assert "! 1 new item takes the source's side of an open conflict" in said.out


async def test_a_reason_of_an_answer_is_kept_with_the_answer(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        stray(one)
        async with office(one, conductor(one)) as (typed, _):
            await typed("plan", "--reason", "deleted by mistake")
            said = await typed("settle", "Stray", "--ignore", "--reason", "sold over the counter")
            assert "opened" in said.out
            assert ": deleted by mistake" in said.out
            assert "job catalogue-1: settled\n" in said.out, "the job itself is about more"
            (given,) = json.loads((await typed("status", "--json")).out)["job"]["answers"].values()
            assert (given["what"], given["reason"]) == ("ignore", "sold over the counter")
            await typed("abort", "--reason", "later")
            said = await typed("plan")
            assert "catalogue-2 is planned" in said.out, "what was set aside is not asked again"
        (skip,) = [entry for entry in await one.entries() if isinstance(entry, Skipped)]
        assert skip.reason.endswith("the item stays in the books alone: sold over the counter")


async def test_what_is_asked_for_stands_whole_in_the_report(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        inactivate_and_keep_name(one, sku(0))
        await delete_in_qbo(one, sku(1), sku(2))
        async with office(one, conductor(one)) as (typed, _):
            said = await typed("plan")
            assert "(trueup catalogue report --what clash)" in said.out
            (row,) = [line for line in said.out.splitlines() if line.startswith("  products: ")]
            assert row == "  products: everything that is gone or inactive"
            said = await typed("report", "--what", "clash")
            assert sku(0) in said.out
            assert sku(1) not in said.out
            told = said.out.splitlines()[-1]
            assert told.startswith('      name "Bracket BR-000"'), "why, below its row"
            assert "…" not in told
            said = await typed("report", "--what", "sideways")
            assert "not_done" in said.err, "the words that there are"


async def test_a_dry_run_names_the_command_of_this_very_plan(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        await one.settle()
        async with office(one, conductor(one)) as (typed, _):
            said = await typed("plan", "--missing-only", "--only", sku(0), "--dry-run")
            assert "nothing to do for these products" in said.out, "it is only inactive"
            assert f"next: trueup catalogue plan --missing-only --only {sku(0)}\n" in said.err
            await typed("plan", "--only", sku(0))
            said = await typed("plan", "--clashes", "suffix")
            assert f"  products: only {sku(0)}, clashes: suffix\n" in said.out


async def test_an_aborted_job_tells_what_it_did_and_what_it_left(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(34)) as one:
        await one.agree()
        await delete_in_qbo(one, *(sku(number) for number in range(33)))
        await one.settle()
        job = conductor(one)
        async with office(one, job) as (typed, _):
            await typed("plan")
            await typed("approve", "--company", COMPANY)
            await typed("run")
            one.fail(
                {"system": "qbo", "kind": "throttle", "path": "*/batch", "after": 1, "times": 9}
            )
            await job.running.step()
            said = await typed("abort", "--reason", "changed our minds")
            assert "as it stood at" in said.out
            assert "3 products are not done: trueup catalogue plan" in said.out
            assert "30 created, 3 not done" in said.out
            assert "next: trueup catalogue report" in said.err
            rows = list(csv.DictReader(io.StringIO((await typed("report", "--csv")).out)))
            left = [row for row in rows if row["outcome"] == "not_done"]
            assert len(left) == 3
            assert all("its old item is linked as before" in row["why"] for row in left)
            assert not any(row["new"] for row in left)
            said = await typed("report", "--what", "not done")
            assert all(row["sku"] in said.out for row in left)


async def test_old_items_of_an_aborted_job_are_answered_all_at_once(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1), sku(2))
        await one.settle()
        job = conductor(one)
        async with office(one, job) as (typed, socket):
            await typed("plan")
            await typed("approve", "--company", COMPANY)
            await typed("run")
            one.fail({"system": "qbo", "kind": "throttle", "path": "*/batch", "times": 9})
            await job.running.step()
            await typed("abort", "--reason", "changed our minds")
            await one.settle()
            where = ("--socket", str(socket))
            said = await asyncio.to_thread(call, "desk", "conflict", *where)
            (told,) = [row.strip() for row in said.out.splitlines() if "conflict resolve" in row]
            assert told.endswith("--expect-count 3 --field active --take SYSTEM --reason TEXT")
            assert "trueup retry" not in said.out
            command = told.replace("SYSTEM", "qbo").replace("TEXT", "sold-off").split()[1:]
            said = await asyncio.to_thread(call, *command, *where)
            assert said.out.startswith("active of 3 records: the value of qbo is right\n")
            await one.settle()
            assert await one.holds(Kind.ITEM) == []
            rests = await one.operations("waiting")
            assert sorted(row.operation.label for row in rests) == [sku(0), sku(1), sku(2)]
            assert {row.operation.action for row in rests} == {Action.INACTIVATE}


def test_more_unknown_items_than_a_plan_names_are_answered_in_turns() -> None:
    with pytest.raises(JobRefused, match="counted and not named yet") as refused:
        require_all(Summary(id="p", unknown=500), "keep", 500)
    assert refused.value.cure == "trueup catalogue plan names them"


async def test_a_catalogue_that_was_emptied_is_no_reason_to_empty_the_other(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, catalogue(32)) as one:
        await one.agree()
        await delete_in_qbo(one, *(sku(number) for number in range(30)))
        await one.settle()
        job = conductor(one)
        async with office(one, job) as (_, socket):
            where = ("--socket", str(socket))
            said = await asyncio.to_thread(call, "plan", *where)
            assert "stopped: 30 inactivations of items in DEAR at once" in said.out
            assert "To have them in QuickBooks anew instead: trueup catalogue plan." in said.out
            assert "next: find the cause of what a limit stopped" in said.out
            said = await asyncio.to_thread(call, "plan", "--offset", "30", *where)
            assert "stopped: 30 inactivations" in said.out, "whichever page is shown"
            said = await asyncio.to_thread(call, "status", *where)
            assert "approve --all" not in said.out
            assert "the cause of what a limit stopped (30)" in said.out
        assert (await job.current()) is None
        assert State.DONE not in {row.state for row in await one.ledger.read(lambda v: v.jobs())}


def test_products_left_alone_for_one_cause_are_counted_together_with_the_whole_cause() -> None:
    whys = [
        f'Name "{name}" of item "{name}" is already taken in QuickBooks by the item with id {ref}.'
        for name, ref in (("A", 7), ("B", 12))
    ]
    assert {reason_of(why) for why in whys} == {
        "Name ... of item ... is already taken in QuickBooks by the item with id #."
    }
    assert reason_of("the ordinary plan has nothing to create here") == (
        "the ordinary plan has nothing to create here"
    )
