"""Answers to the questions of a catalogue plan: one by one, all at once, and only where it asks."""

from pathlib import Path

import pytest

from daemon.catalogue.words import JobRefused, Options, State
from daemon.control.finding import the_record
from daemon.control.protocol import Declined
from daemon.reconcile.successors import replaced_by
from ledger.model.ids import ExternalRef, Kind, RecordId
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
from tests.daemon.catalogue.test_commands import office
from tests.scenarios.support import create_in_qbo, qbo_row, require_sound, village
from tests.town import DEAR, QBO, Town

STRAYS = ("Stray one", "Stray two", "Stray three")


def strays(one: Town) -> None:
    """Items that a bookkeeper entered and the source does not know."""
    for name in STRAYS:
        create_in_qbo(
            one,
            "item",
            Name=name,
            Type="NonInventory",
            IncomeAccountRef={"value": "79"},
            Active=True,
        )


async def test_all_unknown_items_are_settled_with_one_answer(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        strays(one)
        job = conductor(one)
        assert (await job.plan(MIRA, None)).state is State.SORTED
        with pytest.raises(JobRefused, match="3 unknown items wait for an answer, not 2"):
            await job.settle_all(MIRA, "ignore", 2)
        with pytest.raises(JobRefused, match="one item at a time"):
            await job.settle_all(MIRA, "link", 3)
        settled = await job.settle_all(MIRA, "ignore", 3)
        assert settled.state is State.SETTLED
        assert len(settled.memo.answers) == 3
        records = [RecordId(record) for record in settled.memo.answers]
        skipped = await one.ledger.read(lambda views: views.skips_of(records))
        assert sorted(skipped) == sorted(records), "a product wants a SKU: that hold is set aside"
        done = await export_anew(one, job)
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        await one.settle()
        assert one.writes("dear") == []
        await require_sound(one)


async def test_who_names_the_products_is_not_asked_about_others(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        strays(one)
        job = conductor(one)
        planned = await job.plan(MIRA, Options(only=(sku(0),)))
        assert planned.state is State.PLANNED
        assert planned.memo.plan is not None
        assert planned.memo.plan.standings["unknown"] == 3, "they are counted all the same"
        done = await export_anew(one, job, Options(only=(sku(0),)))
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}


async def test_a_way_around_a_name_is_an_answer_only_where_the_name_is_taken(
    tmp_path: Path,
) -> None:
    """An answer to nothing would count as the answer to the question that is there."""
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        inactivate_and_keep_name(one, sku(1))
        job = conductor(one)
        asked = await job.plan(MIRA, None)
        records = {row.label: row.record for row in await rows_of(one, asked)}
        with pytest.raises(JobRefused, match=f"'{sku(0)}' is planned as: create"):
            await job.settle(MIRA, records[sku(0)], "rename")
        now = await job.current()
        assert now is not None
        assert now.memo.plan is not None
        assert now.memo.plan.clashes == 1, "the question still waits"
        settled = await job.settle(MIRA, records[sku(1)], "rename")
        assert settled.state is State.SETTLED
        changed = await job.settle(MIRA, records[sku(1)], "skip")  # thought better of it
        assert changed.memo.answers[records[sku(1)]].what == "skip"


@pytest.mark.parametrize("way", ["suffix", "skip"])
async def test_F13_a_name_that_an_unlinked_item_at_rest_has_leaves_two_answers(
    tmp_path: Path, way: str
) -> None:
    """The old item was unlinked by an earlier job and nobody can say whose it is: it keeps its
    name."""
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        inactivate_and_keep_name(one, sku(0))
        old = qbo_row(one, "item", sku(0))
        job = conductor(one)
        first = await export_anew(one, job, Options(clashes="suffix"))
        assert first.memo.ended is not None
        assert first.memo.ended.outcomes == {"created": 1}
        (new,) = (row for row in active(one) if row["Sku"] == sku(0))
        assert new["Name"] == f"{old['Name']} (2)"
        await delete_in_qbo(one, new["Name"])

        asked = await job.plan(MIRA, Options(clashes="rename"))
        (row,) = await rows_of(one, asked)
        assert (row.act.value, asked.state) == ("create", State.PLANNED), "its number still holds"
        done = await export_anew(one, job, Options(clashes=way))
        assert done.memo.ended is not None
        assert done.memo.ended.outcomes == {"created": 1}
        rested = qbo_row(one, "item", old["Name"])
        assert (rested["Id"], rested["Active"]) == (old["Id"], False)
        await require_sound(one)


async def test_an_item_linked_in_place_of_another_takes_over_its_documents(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        old = ExternalRef(QBO, Kind.ITEM, qbo_row(one, "item", sku(0))["Id"])
        product = await one.record_of(QBO, Kind.ITEM, old.id)
        strays(one)
        job = conductor(one)
        asked = await job.plan(MIRA, None)
        assert asked.memo.plan is not None
        stray = asked.memo.plan.strangers[0]
        await job.settle(MIRA, stray.record, "link", product)
        alone = await one.record_of(QBO, Kind.ITEM, old.id)
        assert alone != product
        view = await one.ledger.read(lambda views: views.view(alone))
        assert view is not None
        assert replaced_by(product, QBO) in view.resolutions


async def test_options_of_an_open_job_stay_when_others_are_given(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        inactivate_and_keep_name(one, sku(0))
        inactivate_and_keep_name(one, sku(1))
        strays(one)
        job = conductor(one)
        async with office(one, job) as (typed, _):
            said = await typed("plan", "--only", sku(0))
            assert "1 name still held by an old item" in said.out
            said = await typed("plan", "--clashes", "rename")
            assert said.code == 0
            assert "1  created anew; the old item is renamed first" in said.out
            now = await job.current()
            assert now is not None
            assert now.memo.options == Options(only=(sku(0),), clashes="rename")
            await typed("abort")
            said = await typed("plan")
            assert "3 items of the books unknown to the source: settle each" in said.out
            said = await typed("settle", "--all", "--keep")
            assert "--expect-count" in said.err
            said = await typed("settle", "--all", "--keep", "--expect-count", "3")
            assert said.code == 0
            assert "3 unknown items: keep" in said.out
            said = await typed("run")
            assert said.code != 0
            assert "trueup catalogue status" in said.err
            said = await typed("abort")
            assert "settle each" not in said.out, "what is over asks nothing"


async def test_a_sku_means_the_product_and_not_the_old_items_that_still_show_it(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        product = await one.record_of(QBO, Kind.ITEM, qbo_row(one, "item", sku(0))["Id"])
        await delete_in_qbo(one, sku(0))
        job = conductor(one)
        await export_anew(one, job)
        systems = (DEAR, QBO)
        found = await one.ledger.read(lambda views: the_record(views, sku(0), systems=systems))
        assert found.record == product
        create_in_qbo(
            one,
            "item",
            Name="Twin",
            Sku=sku(0),
            Type="NonInventory",
            IncomeAccountRef={"value": "79"},
            Active=True,
        )
        await one.cycle()
        with pytest.raises(Declined, match="is the name of"):
            await one.ledger.read(lambda views: the_record(views, sku(0), systems=systems))
