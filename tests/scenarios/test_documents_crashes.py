"""The daemon dies at every step on the way of a document, and the next one carries on.

One small story holds a create, an update and every end of all three kinds, a bill that waits for
its order and an order that waits for its vendor. It is told once undisturbed; then again and
again with deaths in it. The books must look the same in the end, and nothing stand there twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from daemon.sandbox.world import World
from ledger.model.entries import Intended
from tests.scenarios.papers import (
    WRITTEN,
    bill_of,
    billed,
    buys,
    codes,
    in_dear,
    keeps_book,
    line,
    lines_of,
    links,
    nothing_twice,
    papers_policy,
    rebills,
    reorders,
    settle,
    shop,
    sold,
    voids,
)
from tests.scenarios.support import (
    Axe,
    Goods,
    killed,
    qbo_rows,
    request_ids,
    require_sound,
    village,
)
from tests.town import Town

NEW = "Cedar Rockworks"


def world() -> World:
    """The shop, and a vendor that QuickBooks does not have yet."""
    return shop(vendors=(Goods().vendor(NEW, qbo=False),))


def trade(one: Town) -> None:
    """What people did before the daemon came: five orders, four bills, three invoices."""
    order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
    billed(one, order, "V-1", line("BR-1", 6, 3))
    billed(one, order, "V-2", line("BR-1", 4, 3), line("BR-2", 4, 2))
    bill_of(one, "V-3", line("BR-3", 1, 9), Supplier=NEW)
    bill_of(one, "V-4")
    buys(one, line("BR-2", 7, 2))
    buys(one, line("BR-2", 8, 2))
    for quantity in (1, 2, 3):
        sold(one, line("BR-1", quantity, 5))


def second_thoughts(one: Town) -> None:
    """An order and a bill are edited, one of every kind ends, one document is new."""
    rebills(one, "PO-00001", line("BR-1", 4, 3), line("BR-2", 3, 2))
    reorders(one, "PO-00004", line("BR-2", 9, 2))
    voids(one, "PO-00005")
    in_dear(one, "purchase", number="PO-00003", do="void", part="invoice")
    voids(one, "INV-00001")
    sold(one, line("BR-2", 4, 5))
    keeps_book(one, "invoice", "INV-00002", set={"PrivateNote": "checked"})


async def first_look(one: Town) -> None:
    await one.cycle("first load")


async def approval_and_writes(one: Town) -> None:
    await one.approve_all()
    await quiet(one)


async def quiet(one: Town) -> None:
    """Until nothing moves and no end is open."""
    await settle(one, limit=8)


class Ending(msgspec.Struct, frozen=True):
    """The documents of the books without their ids, and what waits."""

    shown: tuple[tuple[str, ...], ...]
    held: tuple[str, ...]


async def ending(one: Town) -> Ending:
    orders = {row["Id"]: row["DocNumber"] for row in qbo_rows(one, "purchaseorder")}
    shown = []
    for kind in WRITTEN:
        for row in qbo_rows(one, kind):
            parts = [
                f"{part.get('Amount')} {part[part['DetailType']].get('Qty')}"
                for part in lines_of(row)
            ]
            linked = [f"{orders.get(order, '')}/{place}" for order, place in links(row)]
            head = [str(row.get(key)) for key in ("DocNumber", "TotalAmt", "POStatus", "TxnDate")]
            party = (row.get("VendorRef") or row["CustomerRef"])["name"]
            shown.append((kind, *head, party, str(row.get("PrivateNote")), *parts, *linked))
    held = [f"{label} {code.value}" for label, code in await codes(one)]
    return Ending(tuple(sorted(shown)), tuple(held))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Ending:
    """How the story ends when nobody dies."""

    async def tell() -> Ending:
        async with told(tmp_path_factory.mktemp("undisturbed")) as one:
            await first_look(one)
            await approval_and_writes(one)
            second_thoughts(one)
            await quiet(one)
            return await ending(one)

    end = asyncio.run(tell())
    assert len(end.shown) == 5 + 3 + 4
    assert end.held == ()
    return end


@asynccontextmanager
async def told(folder: Path) -> AsyncIterator[Town]:
    """The beginning of the story."""
    async with village(folder, world(), documents=papers_policy()) as one:
        trade(one)
        yield one


Arm: TypeAlias = Callable[[Axe], None]


async def live(one: Town, stage: Callable[[Town], Coroutine[Any, Any, None]], arm: Arm) -> bool:
    """One stage with one death in it, and the next daemon's whole life after that."""
    died = await killed(one, stage(one), arm)
    if died:
        await stage(one)
    return died


async def require_undisturbed_end(one: Town, undisturbed: Ending) -> None:
    nothing_twice(one)
    end = await ending(one)
    assert end.shown == undisturbed.shown
    assert end.held == undisturbed.held
    waiting = await one.operations("planned", "waiting", "approved", "intended")
    assert [row.operation.label for row in waiting] == []
    await require_sound(one)
    intended = {e.request for e in await one.entries() if isinstance(e, Intended)}
    out = [row for row in one.writes("qbo") if row["method"] == "POST"]
    assert set(request_ids(out)) <= intended, "nothing left that was not journalled first"
    assert one.writes("dear") == []


APPENDS = 56
"""Somewhat more than each half of the story has; the last test proves it."""


@pytest.mark.parametrize("number", range(1, APPENDS, 4))
async def test_F02_F10_death_after_appends_of_writing(
    tmp_path: Path, undisturbed: Ending, number: int
) -> None:
    """Both halves at every fourth step, not the same; the short lives below meet the others."""
    async with told(tmp_path) as one:
        await first_look(one)
        await live(one, approval_and_writes, lambda axe: axe.after_append(number))
        second_thoughts(one)
        await live(one, quiet, lambda axe: axe.after_append(number + 2))
        await require_undisturbed_end(one, undisturbed)


@pytest.mark.parametrize("number", range(3, APPENDS, 7))
async def test_F02_F10_death_before_appends_of_writing(
    tmp_path: Path, undisturbed: Ending, number: int
) -> None:
    async with told(tmp_path) as one:
        await first_look(one)
        await live(one, approval_and_writes, lambda axe: axe.before_append(number))
        second_thoughts(one)
        await live(one, quiet, lambda axe: axe.before_append(number + 2))
        await require_undisturbed_end(one, undisturbed)


@pytest.mark.parametrize("tail", ["batch", "bill", "invoice", "purchaseorder", "vendor"])
async def test_F02_F10_death_before_the_answer_to_each_sort_of_write(
    tmp_path: Path, undisturbed: Ending, tail: str
) -> None:
    """The sandbox carried it out, and nobody ever reads its answer."""
    async with told(tmp_path) as one:
        await first_look(one)
        first = await live(one, approval_and_writes, lambda axe: axe.after_answer_to("POST", tail))
        second_thoughts(one)
        second = await live(one, quiet, lambda axe: axe.after_answer_to("POST", tail))
        assert first or second, f"no {tail} was written at all"
        await require_undisturbed_end(one, undisturbed)


STRIDE = 9


@pytest.mark.parametrize("first", [1, 5])
@pytest.mark.parametrize("how", ["after append", "before answer"])
async def test_F02_F10_one_death_after_another(
    tmp_path: Path, undisturbed: Ending, first: int, how: str
) -> None:
    """Every life is a step longer than the one before: sooner or later each step was the last."""

    def arm(count: int) -> Arm:
        if how == "after append":
            return lambda axe: axe.after_append(count)
        return lambda axe: axe.after_answer(count)

    async with told(tmp_path) as one:
        deaths, length = 0, first
        for stage in (first_look, approval_and_writes, quiet):
            if stage is quiet:
                second_thoughts(one)
            for _ in range(40):
                if not await killed(one, stage(one), arm(length)):
                    break
                deaths, length = deaths + 1, STRIDE + deaths
            else:
                raise AssertionError(f"{stage.__name__} makes no progress in short lives")
        assert deaths > 3
        await require_undisturbed_end(one, undisturbed)


async def test_the_deaths_reach_to_the_end_of_both_halves(tmp_path: Path) -> None:
    async with told(tmp_path) as one:
        await first_look(one)
        assert not await live(one, approval_and_writes, lambda axe: axe.after_append(APPENDS + 1))
        second_thoughts(one)
        assert not await live(one, quiet, lambda axe: axe.after_append(APPENDS + 1))
