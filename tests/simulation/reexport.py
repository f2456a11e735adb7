"""An operator removes products in QuickBooks and has the catalogue exported anew, while the daemon
dies now and then. A job that cannot go on is aborted, as its own words say."""

import random
from collections.abc import Callable
from typing import Final

from daemon.catalogue.conduct import Conductor
from daemon.catalogue.job import Job
from daemon.catalogue.words import OVER, JobRefused, Options, State
from tests.daemon.catalogue.support import COMPANY, MIRA, conductor, rows_of
from tests.scenarios.support import Axe, killed
from tests.simulation.actors import edit_qbo_active
from tests.simulation.witness import Witness
from tests.town import Town

Rng = random.Random
WHY: Final = "simulated"
_STEPS: Final = 60
_OPTIONS: Final = (
    Options(clashes="rename"),
    Options(clashes="suffix"),
    Options(clashes="reactivate"),
    Options(clashes="rename", missing_only=True),
    Options(reactivate=True),
    Options(clashes="skip"),
)


async def reexport(one: Town, witness: Witness, rng: Rng, *, started: Callable[[], None]) -> str:
    """Remove, plan, approve, run, with up to three deaths on the way; ``started`` gives each next
    daemon its configuration."""
    removed = [edit_qbo_active(one, witness, rng) for _ in range(rng.randint(1, 3))]
    await one.cycle()
    options, deaths = rng.choice(_OPTIONS), 0
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        how, number = (
            rng.choice(("before_append", "after_append", "after_answer")),
            rng.randint(1, 25),
        )

        def arm(axe: Axe, how: str = how, number: int = number) -> None:
            getattr(axe, how)(number)

        if await killed(one, _go_on(one, options), arm):
            deaths += 1
            started()
    return f"{removed}; {options.clashes}; {deaths} deaths; {await _go_on(one, options)}"


async def end_job(one: Town) -> str:
    """Whatever a life left open is brought to its end."""
    job = await conductor(one).current()
    return await _go_on(one, None) if job is not None and not job.is_over else "no job"


async def _go_on(one: Town, options: Options | None) -> str:
    """As far as the job comes by itself and by the ordinary commands."""
    at = conductor(one)
    try:
        job = await _started(one, at, options)
        if job.state not in OVER:
            await _work(one, at)
        now = await at.current()
        assert now is not None
        if now.state in OVER:
            return now.state.value
        await at.abort(MIRA, WHY)
        return f"aborted, {now.state.value}"
    except JobRefused as refused:
        now = await at.current()
        if now is not None and not now.is_over:
            await at.abort(MIRA, WHY)
        return f"refused: {refused}"


async def _started(one: Town, at: Conductor, options: Options | None) -> Job:
    now = await at.current()
    if now is None or now.is_over or now.state in (State.OPENED, State.FROZEN, State.READ):
        one.clock.advance(120.0)
        now = await at.plan(MIRA, options)
    if now.state is State.SORTED:
        now = await _settled(one, at, now)
    if now.state is State.SETTLED:
        now = await at.plan(MIRA, None)
    if now.state is State.PLANNED:
        now = await at.approve(MIRA, COMPANY)
    return await at.run(MIRA) if now.state is State.APPROVED else now


async def _settled(one: Town, at: Conductor, now: Job) -> Job:
    """Unknown items are kept; names that clash are left alone."""
    assert now.memo.plan is not None
    for stranger in now.memo.plan.strangers:
        now = await at.settle(MIRA, stranger.record, "keep")
    for row in await rows_of(one, now):
        if row.act == "clash":
            now = await at.settle(MIRA, row.record, "skip")
    return await at.plan(MIRA, None)


async def _work(one: Town, at: Conductor) -> None:
    for _ in range(_STEPS):
        wait = await at.running.step()
        if wait is None:
            return
        one.clock.advance(wait)
