"""The catalogue is exported anew while the daemon dies at every step of it.

F12, F13, F03: all products were deleted in QuickBooks. However often the daemon is killed, each
product of the source ends with exactly one active, linked item, and no request is ever sent under
an id that was used for something else.
"""

from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from daemon.catalogue.words import JobRefused, State
from ledger.model.entries import Confirmed, Intended
from ledger.model.ids import Kind
from ledger.model.plans import Action
from tests.daemon.catalogue.support import (
    COMPANY,
    MIRA,
    active,
    catalogue,
    conductor,
    delete_in_qbo,
    finish,
    sku,
)
from tests.scenarios.support import (
    Axe,
    killed,
    pairs_linked,
    qbo_rows,
    request_ids,
    require_sound,
    sent,
    village,
)
from tests.town import QBO, Town

Arm: TypeAlias = Callable[[Axe], None]
Stage: TypeAlias = Callable[[Town], Coroutine[Any, Any, None]]


async def plan_it(one: Town) -> None:
    """Open, freeze, read, sort, plan, approve: as the operator repeats it after a crash."""
    job = conductor(one)
    now = await job.current()
    while now is None or now.state in {State.FROZEN, State.READ}:
        try:
            now = await job.plan(MIRA, None)
        except JobRefused as error:
            if error.sort != "not_ready":
                raise
            one.clock.advance(60)  # the one who was killed used up the calls of this minute
    if now.state is State.PLANNED:
        now = await job.approve(MIRA, COMPANY)
    if now.state is State.APPROVED:
        await job.run(MIRA)


async def run_it(one: Town) -> None:
    """What the daemon does by itself after every start."""
    done = await finish(one, conductor(one))
    assert done.state is State.DONE


async def deleted_world(one: Town, count: int) -> dict[str, str]:
    """Every product was created by us once, and was then deleted in QuickBooks."""
    await one.agree()
    before = {row["Sku"]: row["Id"] for row in active(one)}
    assert len(before) == count
    await delete_in_qbo(one, *before)
    await one.settle()
    assert active(one) == []
    return before


async def die_at(one: Town, stage: Stage, arms: list[Arm]) -> int:
    """The stage in short lives: one death for every arm, then a life to its end."""
    deaths = 0
    for arm in arms:
        if not await killed(one, stage(one), arm):
            return deaths
        deaths += 1
    await stage(one)
    return deaths


async def require_one_each(one: Town, before: dict[str, str]) -> None:
    """Exactly one active, linked item per product, none of them an old one, nothing open."""
    items = active(one)
    assert sorted(row["Sku"] for row in items) == sorted(before)
    assert not {row["Id"] for row in items} & set(before.values())
    assert len(qbo_rows(one, "item")) == 2 * len(before), "one old and one new for each"
    linked = Counter(d for kind, q, d in await pairs_linked(one) if kind == "item" if q == d)
    assert linked == {f"Bracket {s}": 1 for s in before}
    for row in items:
        record = await one.record_of(QBO, Kind.ITEM, row["Id"])
        view = await one.ledger.read(lambda views, r=record: views.view(r))  # type: ignore[misc]
        assert view is not None
        assert len(view.sides) == 2
    await require_ids_used_once(one)
    await one.settle()
    assert await one.ledger.read(lambda views: views.pauses()) == []
    names = Counter(row["Name"] for row in qbo_rows(one, "item"))
    assert set(names.values()) == {1}
    await require_sound(one)


async def require_ids_used_once(one: Town) -> None:
    """From the twin's own request log: a request id always carries one and the same body, and
    every attempt to create a product whose end was unclear carried its first id."""
    posts = sent(one, "qbo", "POST", "batch") + sent(one, "qbo", "POST", "item")
    entries = await one.entries()
    intents: dict[str, set[str]] = {}
    first: dict[str, list[str]] = {}
    ended = {(e.request, e.operation) for e in entries if isinstance(e, Confirmed)}
    for entry in entries:
        if isinstance(entry, Intended):
            intents.setdefault(entry.request, set()).update(i.operation for i in entry.items)
            for item in entry.items:
                if item.action is Action.CREATE and item.kind is Kind.ITEM:
                    ids = first.setdefault(f"{item.operation}.{item.b_id}", [])
                    if entry.request not in ids:
                        ids.append(entry.request)
    journalled = set(intents)
    assert set(request_ids(posts)) <= journalled, "nothing left that was not journalled first"
    confirmed = Counter(operation_request for operation_request in ended)
    assert all(count == 1 for count in confirmed.values())
    created = Counter(
        e.record for e in entries if isinstance(e, Confirmed) and e.ref.kind is Kind.ITEM
    )
    assert created
    for attempts in first.values():
        # One generation of an operation is one request id, however often it was sent.
        assert len(attempts) == 1, attempts


async def test_F12_twelve_deaths_while_sixty_items_are_created_anew(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(60, qbo=False)) as one:
        before = await deleted_world(one, 60)
        await plan_it(one)
        deaths = await die_at(
            one,
            run_it,
            [
                *(lambda axe, n=n: axe.after_append(n) for n in (1, 2, 3, 4, 5, 6)),
                *(lambda axe, n=n: axe.after_answer(n) for n in (1, 2, 3)),
                *(lambda axe, n=n: axe.before_append(n) for n in (1, 2, 3)),
            ],
        )
        assert deaths == 12
        await require_one_each(one, before)


APPENDS = 30


@pytest.mark.parametrize("number", range(1, APPENDS + 1))
async def test_F12_death_after_each_append(tmp_path: Path, number: int) -> None:
    async with village(tmp_path, catalogue(4, qbo=False)) as one:
        before = await deleted_world(one, 4)
        await die_at(one, plan_it, [lambda axe: axe.after_append(number)])
        await die_at(one, run_it, [lambda axe: axe.after_append(number)])
        await require_one_each(one, before)


REQUESTS = 24


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
async def test_F12_death_before_each_answer(tmp_path: Path, number: int) -> None:
    async with village(tmp_path, catalogue(4, qbo=False)) as one:
        before = await deleted_world(one, 4)
        await die_at(one, plan_it, [lambda axe: axe.after_answer(2 * number)])
        await die_at(one, run_it, [lambda axe: axe.after_answer(number)])
        await require_one_each(one, before)


async def test_F03_a_product_created_anew_never_carries_a_request_id_used_before(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, catalogue(3, qbo=False)) as one:
        before = await deleted_world(one, 3)
        used = set(request_ids(sent(one, "qbo", "POST", "batch")))
        assert used
        mark = len(one.log.rows)
        await plan_it(one)
        await run_it(one)
        again = set(request_ids(sent(one, "qbo", "POST", "batch", after=mark)))
        assert again
        assert not again & used
        await require_one_each(one, before)
        assert {row["Sku"] for row in active(one)} == {sku(n) for n in range(3)}
