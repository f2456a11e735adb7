"""Rows of a plan over the socket: all of them, those of one act, and answers that were given."""

from pathlib import Path

import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_catalogue import CatalogueOptions, CataloguePlanRequest
from ledger.model.ids import Kind
from tests.daemon.catalogue.support import (
    MIRA,
    catalogue,
    conductor,
    delete_in_qbo,
    inactivate_and_keep_name,
    sku,
)
from tests.daemon.catalogue.test_commands import office
from tests.scenarios.support import village
from tests.town import QBO


async def test_rows_of_one_act_are_paged_by_themselves(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(6)) as one:
        await one.agree()
        for number in (1, 3, 4):
            inactivate_and_keep_name(one, sku(number))
        await delete_in_qbo(one, sku(0), sku(5))
        job = conductor(one)
        async with office(one, job) as (_, socket), ControlClient(socket) as daemon:
            await daemon.catalogue_plan(CataloguePlanRequest(options=CatalogueOptions()))
            pages = [await daemon.catalogue_report(limit=2, offset=n, act="clash") for n in (0, 2)]
            found = [row.sku for page in pages for row in page.rows]
            assert sorted(found) == [sku(1), sku(3), sku(4)]
            assert [page.more for page in pages] == [True, False]
            assert {row.act for page in pages for row in page.rows} == {"clash"}
            whole = await daemon.catalogue_report()
            assert [row.sku for row in whole.rows if row.act == "clash"] == found
            assert not (await daemon.catalogue_report(act="adopt")).rows
            with pytest.raises(Declined, match="no act of a plan") as refused:
                await daemon.catalogue_report(act="explode")
            assert refused.value.code is Code.BAD_REQUEST


async def test_answers_given_are_shown_with_who_gave_them(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        inactivate_and_keep_name(one, sku(0))
        job = conductor(one)
        async with office(one, job) as (_, socket), ControlClient(socket) as daemon:
            asked = await daemon.catalogue_plan(CataloguePlanRequest())
            assert asked.job is not None
            assert asked.job.answers == {}
            (row,) = (await daemon.catalogue_report(act="clash")).rows
            system, kind, item = row.old.split("/")
            assert (system, kind) == (QBO, Kind.ITEM)
            assert row.record == await one.record_of(QBO, Kind.ITEM, item)
            await job.settle(MIRA, await one.record_of(QBO, Kind.ITEM, item), "suffix")
            now = (await daemon.catalogue()).job
            assert now is not None
            given = now.answers[row.record]
            assert (given.what, given.by) == ("suffix", "mira")
