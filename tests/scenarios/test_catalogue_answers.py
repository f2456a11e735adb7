"""A re-export whose names are held by items that nobody can ask: which answers there are, and
that each of them does what it says. Also what a bill says whose order is held itself."""

from pathlib import Path

import pytest

from daemon.catalogue.job import load
from daemon.catalogue.words import Finished, JobRefused, Options, State
from daemon.control.deciding import retry
from daemon.control.protocol import LinkRequest, RetryRequest
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from tests.daemon.catalogue.support import (
    MIRA,
    active,
    catalogue,
    conductor,
    delete_in_qbo,
    export_anew,
    inactivate_and_keep_name,
    rows_of,
    sku,
)
from tests.scenarios.papers import billed, buys, codes, line, links, office, posted, settle
from tests.scenarios.support import qbo_row, qbo_rows, require_sound, save_in_qbo, village
from tests.scenarios.test_valves import emptied
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import QBO, Town


async def unlinked_at_rest(one: Town) -> str:
    """The old item rests under its name, and a person took its link off: nobody's any more."""
    await one.agree()
    old = str(qbo_row(one, "item", sku(0))["Id"])
    record = await one.record_of(QBO, Kind.ITEM, old)
    inactivate_and_keep_name(one, sku(0))
    await one.settle()
    asks = LinkRequest(record=record, ref=f"qbo/item/{old}", action="unlink", reason="anew, please")
    await desk(one).link(BOOKKEEPER, asks)
    await one.settle()
    return old


@pytest.mark.parametrize(("way", "outcome"), [("suffix", "created"), ("skip", "left")])
@pytest.mark.parametrize("at_once", [True, False])
async def test_F13_a_name_that_nobodys_item_at_rest_has_is_numbered_or_skipped(
    tmp_path: Path, way: str, outcome: str, at_once: bool
) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        old = await unlinked_at_rest(one)
        name = qbo_row(one, "item", sku(0))["Name"]
        job = conductor(one)
        asked = await job.plan(MIRA, Options(clashes="rename"))
        (row,) = await rows_of(one, asked)
        assert (asked.state, row.act.value, row.standing) == (State.SORTED, "clash", "missing")
        assert "Answers here: suffix, skip." in row.why
        for no in ("rename", "reactivate"):
            with pytest.raises(JobRefused, match=f"{no} is no answer") as refused:
                await job.settle(MIRA, row.record, no)
            assert refused.value.cure == "answers here: suffix, skip"
        if at_once:
            done = await export_anew(one, job, Options(clashes=way))
        else:
            assert (await job.settle(MIRA, row.record, way)).state is State.SETTLED
            done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {outcome: 1}
        (told,) = await load(one.ledger, done.memo.ended.chunks[0], Finished)
        assert (told.new is not None) is (way == "suffix")
        assert ("left alone as asked: an item at rest has the name" in told.why) is (way == "skip")
        rested = next(r for r in qbo_rows(one, "item") if r["Id"] == old)
        assert (rested["Name"], rested["Active"]) == (name, False)
        mine = [r["Name"] for r in active(one) if r["Sku"] == sku(0)]
        assert mine == ([f"{name} (2)"] if way == "suffix" else [])
        await one.settle()
        assert one.writes("dear") == []
        assert bool(await one.holds(Kind.ITEM)) is (way == "skip"), "what is left still asks"
        await require_sound(one)


@pytest.mark.parametrize("cause", ["inactive", "rejected"])
async def test_F72_a_bill_whose_order_is_held_names_what_releases_the_order(
    tmp_path: Path, cause: str
) -> None:
    """Nobody is told to create by hand what is held: the cure is that of the order's own hold."""
    async with office(tmp_path) as one:
        if cause == "inactive":
            save_in_qbo(one, "item", "BR-2", Active=False)
        else:
            fault = {
                "Fault": {"Error": [{"Message": "Nope", "code": "6000"}], "type": "Validation"}
            }
            rule = {"system": "qbo", "kind": "status", "status": 400, "body": fault}
            one.fail({**rule, "method": "POST", "path": "*/purchaseorder"})
        await settle(one)
        order = buys(one, line("BR-1", 1, 3), line("BR-2", 1, 3))
        billed(one, order, "V-1", line("BR-1", 1, 3))
        await settle(one)
        held = {row.label: row for row in await one.holds() if row.kind in DOCUMENT_KINDS}
        bill, mine = held["V-1"].hold, held[order]
        assert bill.code is HoldCode.MISSING_REFERENCE
        assert "reate" not in bill.cure
        assert f"trueup plan {mine.record}" in bill.cure
        assert mine.hold.cure.rstrip(".") in bill.cure
        assert bill.cure.endswith("The bill follows by itself.")

        if cause == "inactive":
            save_in_qbo(one, "item", "BR-2", Active=True)
        else:
            request = RetryRequest(record=mine.record, reason="it was a hiccup")
            await retry(desk(one), BOOKKEEPER, request)
        await settle(one)
        assert links(posted(one, "bill", "V-1"))[0][1] == "1"
        assert await codes(one) == []


async def test_F26_a_plan_over_an_emptied_source_is_refused_with_the_cure(tmp_path: Path) -> None:
    """Not one product is taken for gone, and the way out is that of the valve, not waiting."""
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        mark = one.log.last
        emptied(one)
        job = conductor(one)
        with pytest.raises(JobRefused, match="no longer lists 3 of 3 item records") as refused:
            await job.plan(MIRA, None)
        assert "trueup accept-absence dear item" in str(refused.value.cure)
        assert "then: trueup catalogue plan" in str(refused.value.cure)
        now = await job.current()
        assert now is not None
        assert (now.state, now.memo.plan) == (State.FROZEN, None)
        await job.abort(MIRA, "a bad import")
        assert await one.ledger.read(lambda views: views.pauses()) == []
        assert [row for row in one.writes("qbo") if row["n"] > mark] == []


async def test_a_sku_that_no_product_has_is_no_empty_plan(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        job = conductor(one)
        with pytest.raises(JobRefused, match="no product has the SKU 'BR-00O'") as refused:
            await job.plan(MIRA, Options(only=(sku(0), "BR-00O")))
        assert refused.value.sort == "not_found"
        with pytest.raises(JobRefused, match="no product has the SKU"):
            await job.dry_run(Options(only=("BR-00O",)))
        planned = await job.plan(MIRA, Options(only=(f" {sku(0).lower()} ",)))
        assert planned.memo.plan is not None
        assert planned.memo.plan.acts == {"create": 1}
