"""``trueup catalogue`` against a running daemon's socket, as an operator types it."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from daemon.catalogue.conduct import Conductor
from daemon.cli.exits import Exit
from daemon.control.client import ControlClient
from daemon.control.protocol_catalogue import CatalogueOptions, CataloguePlanRequest
from daemon.control.server import ControlServer
from daemon.control.text import cell
from tests.daemon.catalogue.support import (
    COMPANY,
    active,
    catalogue,
    conductor,
    delete_in_qbo,
    finish,
    inactivate_and_keep_name,
    sku,
)
from tests.daemon.cli.conftest import Said, call
from tests.scenarios.support import create_in_qbo, village
from tests.scenarios.village import desk
from tests.town import Town

Typed = Callable[..., Awaitable[Said]]


@asynccontextmanager
async def office(one: Town, job: Conductor) -> AsyncIterator[tuple[Typed, Path]]:
    """A daemon's control socket over the town; commands run in a thread beside it."""
    socket = one.folder / "control.sock"
    server = ControlServer(desk(one), socket, job)
    await server.start()

    async def typed(*args: str) -> Said:
        return await asyncio.to_thread(call, "catalogue", *args, "--socket", str(socket))

    try:
        yield typed, socket
    finally:
        await server.close()


async def test_an_operator_goes_from_plan_to_report(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(4)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        job = conductor(one)
        async with office(one, job) as (typed, _):
            said = await typed("status")
            assert (said.code, said.out) == (0, "no catalogue job was ever opened\n")

            said = await typed("plan", "--reason", "deleted by mistake")
            assert said.code == 0
            assert "catalogue-1 is planned; items are frozen" in said.out
            assert "2  created anew" in said.out
            assert "1 call, about 1 minute" in said.out
            assert "trueup catalogue approve" in said.err
            assert "trueup catalogue abort" in said.err

            said = await typed("approve", "--company", "Somebody Else")
            assert said.code == Exit.BAD_INPUT
            said = await typed("run")
            assert said.code == Exit.GUARDED
            said = await typed("approve", "--company", COMPANY)
            assert "catalogue-1: approved" in said.out
            said = await typed("run")
            assert "catalogue-1 runs" in said.out
            assert "0 of 2 products have their item" in said.out
            await finish(one, job)
            assert len(active(one)) == 4

            said = await typed("status")
            assert "catalogue-1 is done" in said.out
            assert "2 created" in said.out
            said = await typed("report")
            assert said.code == 0
            assert f"{sku(0)}  created" in said.out
            rows = list(csv.DictReader(io.StringIO((await typed("report", "--csv")).out)))
            assert [(r["sku"], r["outcome"]) for r in rows] == [
                (name, "created")
                for name in sorted((sku(0), sku(1)), key=lambda s: rows_at(rows, s))
            ]
            shown = json.loads((await typed("report", "--json")).out)
            assert {r["sku"] for r in shown["rows"]} == {sku(0), sku(1)}
            assert all(r["new"].startswith("qbo/item/") for r in shown["rows"])


def rows_at(rows: list[dict[str, str]], name: str) -> int:
    return [row["sku"] for row in rows].index(name)


async def test_unknown_items_are_asked_for_by_name(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0))
        create_in_qbo(
            one, "item", Name="Stray", Type="NonInventory", IncomeAccountRef={"value": "79"}
        )
        async with office(one, conductor(one)) as (typed, _):
            said = await typed("plan")
            assert "1 item of the books unknown to the source" in said.out
            assert "Stray" in said.out
            said = await typed("approve", "--company", COMPANY)
            assert said.code == Exit.STALE
            said = await typed("settle", "Stray", "--reactivate")
            assert said.code == Exit.BAD_INPUT
            assert "keep, ignore, link" in said.err
            said = await typed("settle", "Stray", "--ignore")
            assert "'Stray': ignore" in said.out
            said = await typed("plan")
            assert "catalogue-1 is planned" in said.out
            said = await typed("abort", "--reason", "only looking")
            assert "items flow again" in said.out
            await one.settle()
            assert one.writes("dear") == [], "what is ignored is not created in the source"


async def test_the_same_over_the_control_interface(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        await one.settle()
        head = one.ledger.head
        async with office(one, conductor(one)) as (_, socket), ControlClient(socket) as daemon:
            request = CataloguePlanRequest(dry_run=True, options=CatalogueOptions(only=(sku(1),)))
            shown = await daemon.catalogue_plan(request)
            assert shown.plan is not None
            assert shown.plan.acts == {"create": 1}
            assert one.ledger.head == head
            planned = await daemon.catalogue_plan(CataloguePlanRequest())
            assert planned.job is not None
            assert planned.job.plan is not None
            assert planned.job.state == "planned"
            assert planned.seq > head
            report = await daemon.catalogue_report(limit=1)
            assert (len(report.rows), report.more) == (1, True)
            report = await daemon.catalogue_report(limit=1, offset=1)
            assert (len(report.rows), report.more) == (1, False)


def test_no_cell_is_a_formula() -> None:
    assert cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert cell("@x") == "'@x"
    assert cell("BR-1") == "BR-1"


async def test_F13_an_operator_settles_a_name_that_an_old_item_still_has(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(3)) as one:
        await one.agree()
        for number in (0, 1):
            inactivate_and_keep_name(one, sku(number))
        job = conductor(one)
        async with office(one, job) as (typed, _):
            said = await typed("plan")
            assert "2 names still held by an old item" in said.out
            said = await typed("settle", sku(0), "--rename")
            assert said.code == 0
            said = await typed("settle", sku(1), "--keep")
            assert said.code == Exit.BAD_INPUT
            assert "reactivate, rename, suffix, skip" in said.err
            said = await typed("plan", "--clashes", "suffix")
            assert "1  created anew; the old item is renamed first" in said.out
            assert "1  created anew under a name with a number" in said.out
            await typed("approve", "--company", COMPANY)
            await typed("run")
            await finish(one, job)
            said = await typed("report")
            assert said.code == 0
            assert f"Bracket {sku(1)} (2)" in {row["Name"] for row in active(one)}
            assert f"Bracket {sku(0)}" in {row["Name"] for row in active(one)}
