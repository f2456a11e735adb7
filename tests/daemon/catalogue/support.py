"""A catalogue job over a real company: both sandboxes, a real ledger, the ordinary cycle."""

from datetime import timedelta
from typing import Any

from daemon.catalogue.conduct import Conductor, Person, Setting
from daemon.catalogue.job import Job, load
from daemon.catalogue.words import Options, Row, State
from daemon.sandbox.world import World
from tests.scenarios.support import Goods, qbo_row, qbo_rows, tiny
from tests.town import Town

COMPANY = "Village Hardware"
MIRA = Person(name="mira", uid=1004)
JON = Person(name="jon", uid=1007)


def conductor(one: Town, **setting: Any) -> Conductor:
    """What the daemon has of the job right after its start."""
    given: dict[str, Any] = {"company": COMPANY, "expire_after": timedelta(days=7), **setting}
    return Conductor(one.scheduler, Setting(**given))


def catalogue(count: int, *, qbo: bool = True) -> World:
    goods = Goods()
    return tiny(products=tuple(goods.item(sku(n), qbo=qbo) for n in range(count)))


def sku(number: int) -> str:
    return f"BR-{number:03d}"


async def delete_in_qbo(one: Town, *skus: str) -> None:
    """A person deletes products on QBO's screen: inactive, and renamed by QBO."""
    for name in skus:
        row = qbo_row(one, "item", name)
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "delete": True})


def inactivate_and_keep_name(one: Town, name: str) -> None:
    """As another program does it in companies where QuickBooks does not rename."""
    stored = one.qbo.state.get("Item", qbo_row(one, "item", name)["Id"])
    assert stored is not None
    one.qbo.state.change(stored, {**stored.fields, "Active": False})


def active(one: Town) -> list[dict[str, Any]]:
    """The active items of QBO."""
    return [row for row in qbo_rows(one, "item") if row["Active"]]


async def finish(one: Town, job: Conductor, *, limit: int = 200) -> Job:
    """Let a running job work until it rests."""
    for _ in range(limit):
        wait = await job.running.step()
        if wait is None:
            break
        one.clock.advance(wait)
    else:
        raise AssertionError("the job does not come to an end")
    now = await job.current()
    assert now is not None
    return now


async def export_anew(one: Town, job: Conductor, options: Options | None = None) -> Job:
    """The plain way, from the plan to the end."""
    planned = await job.plan(MIRA, options)
    assert planned.state is State.PLANNED, await rows_of(one, planned)
    await job.approve(MIRA, COMPANY)
    await job.run(MIRA)
    return await finish(one, job)


async def rows_of(one: Town, job: Job) -> list[Row]:
    assert job.memo.plan is not None
    found: list[Row] = []
    for chunk in job.memo.plan.chunks:
        found += await load(one.ledger, chunk, Row)
    return found
