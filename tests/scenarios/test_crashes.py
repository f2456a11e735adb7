"""The daemon dies at every step of the path of a datum, and the next one carries on.

One small story holds every step: both sides are read, things are linked, created on either side
(one by one and in a batch, with a dependency), updated on either side, and what was edited after
the first agreement is carried over. It is told once undisturbed; then once for every append to
the ledger and for every request, with a death at that very place.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from daemon.sandbox.world import World
from ledger.model.entries import Intended
from tests.scenarios.support import (
    Axe,
    Goods,
    killed,
    nothing_doubled,
    pairs_linked,
    portrait,
    request_ids,
    require_sound,
    save_in_dear,
    save_in_qbo,
    tiny,
    village,
)
from tests.town import Town


def story_world() -> World:
    """Pairs, things to create in QBO as a batch, one to create in DEAR that needs a new term."""
    goods = Goods()
    needy = goods.vendor("Dune Tiles", dear=False)
    assert needy.qbo is not None
    needy = replace(needy, qbo=replace(needy.qbo, terms="5"))
    return tiny(
        vendors=(
            goods.vendor("Amber Works"),
            goods.vendor("Birch Works", qbo=False),
            goods.vendor("Cedar Works", qbo=False),
            needy,
        ),
        products=(goods.item("BR-1"),),
        terms=frozenset({"Net 15", "Net 30", "Net 10"}),
    )


async def first_look(one: Town) -> None:
    """Steps 1 to 9: both sides are read, linked and planned; nothing may be written yet."""
    await one.cycle("first load")


async def approval_and_writes(one: Town) -> None:
    """Steps 10 to 13, until nothing moves. Writes that were under way have to be found again."""
    await one.approve_all()
    await quiet(one)


async def quiet(one: Town) -> None:
    """Cycles until nothing moves and no end is open."""
    await one.settle(limit=8)
    while await one.ledger.read(lambda views: views.open_intents()):
        await one.cycle(after_s=131)
        await one.settle(limit=8)


def people_edit(one: Town) -> None:
    """Both sides are edited after the first agreement, one record in different fields."""
    save_in_qbo(one, "vendor", "Amber Works", PrimaryPhone={"FreeFormNumber": "(555) 0142"})
    save_in_dear(one, "vendor", "Amber Works", Name="Amber & Co.")
    save_in_dear(one, "item", "BR-1", Name="Bracket of brass")


class Ending(msgspec.Struct, frozen=True):
    """How a story ended: what both systems hold, what is linked, what waits."""

    shown: dict[str, list[str]]
    links: set[tuple[str, str, str]]
    held: list[str]


async def ending(one: Town) -> Ending:
    held = [f"{row.kind.value} {row.label} {row.hold.code.value}" for row in await one.holds()]
    return Ending(portrait(one), await pairs_linked(one), sorted(held))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Ending:
    """How the story ends when nobody dies."""

    async def tell() -> Ending:
        async with village(tmp_path_factory.mktemp("undisturbed"), story_world()) as one:
            await first_look(one)
            await approval_and_writes(one)
            people_edit(one)
            await quiet(one)
            return await ending(one)

    told = asyncio.run(tell())
    assert len(told.links) == 17
    return told


Arm: TypeAlias = Callable[[Axe], None]


async def live(one: Town, stage: Callable[[Town], Coroutine[Any, Any, None]], arm: Arm) -> bool:
    """One stage with one death in it, and the next daemon's whole life after that."""
    died = await killed(one, stage(one), arm)
    if died:
        await stage(one)
    return died


async def require_undisturbed_end(one: Town, undisturbed: Ending) -> None:
    nothing_doubled(one)
    end = await ending(one)
    for kind, rows in undisturbed.shown.items():
        assert end.shown[kind] == rows
    assert end == undisturbed
    waiting = await one.operations("planned", "waiting", "approved", "intended")
    assert [row.operation.label for row in waiting] == []
    await require_sound(one)
    intended = {e.request for e in await one.entries() if isinstance(e, Intended)}
    posted = [row for row in one.writes("qbo") if row["method"] == "POST"]
    assert set(request_ids(posted)) <= intended, "nothing left that was not journalled first"


APPENDS_OF_WRITING = 30
REQUESTS_OF_WRITING = 18
"""Somewhat more than each half of the story has; the last test proves it."""


@pytest.mark.parametrize("number", range(1, APPENDS_OF_WRITING + 1))
async def test_death_after_each_append_of_writing(
    tmp_path: Path, undisturbed: Ending, number: int
) -> None:
    """In the first writes and again in those that carry the edits over; reading has about twice
    as many appends, and every second of them is met as well."""
    async with village(tmp_path, story_world()) as one:
        await live(one, first_look, lambda axe: axe.after_append(2 * number))
        await live(one, approval_and_writes, lambda axe: axe.after_append(number))
        people_edit(one)
        await live(one, quiet, lambda axe: axe.after_append(number))
        await require_undisturbed_end(one, undisturbed)


@pytest.mark.parametrize("number", range(1, REQUESTS_OF_WRITING + 1))
async def test_death_before_the_answer_to_each_request_of_writing(
    tmp_path: Path, undisturbed: Ending, number: int
) -> None:
    async with village(tmp_path, story_world()) as one:
        await live(one, first_look, lambda axe: axe.after_answer(3 * number))
        await live(one, approval_and_writes, lambda axe: axe.after_answer(number))
        people_edit(one)
        await live(one, quiet, lambda axe: axe.after_answer(number))
        await require_undisturbed_end(one, undisturbed)


STRIDE = 8


@pytest.mark.parametrize("first", range(1, STRIDE + 1, 2))
async def test_one_death_after_another_at_appends(
    tmp_path: Path, undisturbed: Ending, first: int
) -> None:
    """Every life is an append longer than the one before."""
    async with village(tmp_path, story_world()) as one:
        deaths = await die_again_and_again(one, first, lambda n: lambda axe: axe.after_append(n))
        assert deaths > 5
        await require_undisturbed_end(one, undisturbed)


@pytest.mark.parametrize("first", range(1, STRIDE + 1, 4))
async def test_one_death_after_another_before_appends(
    tmp_path: Path, undisturbed: Ending, first: int
) -> None:
    async with village(tmp_path, story_world()) as one:
        deaths = await die_again_and_again(one, first, lambda n: lambda axe: axe.before_append(n))
        assert deaths > 5
        await require_undisturbed_end(one, undisturbed)


@pytest.mark.parametrize("first", range(1, STRIDE + 1, 4))
async def test_one_death_after_another_before_answers(
    tmp_path: Path, undisturbed: Ending, first: int
) -> None:
    async with village(tmp_path, story_world()) as one:
        deaths = await die_again_and_again(one, first, lambda n: lambda axe: axe.after_answer(n))
        assert deaths > 3
        await require_undisturbed_end(one, undisturbed)


async def die_again_and_again(one: Town, first: int, arm: Callable[[int], Arm]) -> int:
    """The whole story in short lives; the number of deaths."""
    deaths, length = 0, first
    for stage in (first_look, approval_and_writes, quiet):
        if stage is quiet:
            people_edit(one)
        for _ in range(40):
            if not await killed(one, stage(one), arm(length)):
                break
            deaths, length = deaths + 1, STRIDE + deaths
        else:
            raise AssertionError(f"{stage.__name__} makes no progress in short lives")
    return deaths


async def test_the_deaths_reach_to_the_end_of_both_halves(tmp_path: Path) -> None:
    async with village(tmp_path, story_world()) as one:
        await first_look(one)
        assert not await live(
            one, approval_and_writes, lambda axe: axe.after_append(APPENDS_OF_WRITING + 1)
        )
        people_edit(one)
        assert not await live(one, quiet, lambda axe: axe.after_append(APPENDS_OF_WRITING + 1))
