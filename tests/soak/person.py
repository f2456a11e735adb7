"""The person at trueup's controls, over its socket: approves, answers, retries, links, looks, and
has the catalogue exported anew. Whoever calls while the daemon is dead finds nobody there."""

import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from daemon.control.client import ControlClient
from daemon.control.protocol import HoldShown, LinkRequest, ResolveRequest, RetryRequest
from daemon.control.protocol_catalogue import (
    CatalogueApproveRequest,
    CatalogueOptions,
    CataloguePlanRequest,
    CatalogueSettleAllRequest,
)
from ledger.model.errors import TrueupError
from tests.daemon.catalogue.support import COMPANY

Rng = random.Random
WHY: Final = "soak"
_ALL: Final = 5_000
_QUICK_S: Final = 20.0
_STEPS: Final = 5
"""Of a re-export, one after the other, before the person turns to something else."""


async def act(socket: Path, rng: Rng) -> str:
    """One act, drawn from the random numbers; a refusal is told and changes nothing."""
    chosen = rng.choice(_ACTS)
    try:
        async with ControlClient(socket, quick_s=_QUICK_S) as daemon:
            return await chosen(daemon, rng)
    except TrueupError as error:
        return f"{chosen.__name__.strip('_')}: {type(error).__name__}: {error}"


async def begin(socket: Path) -> str:
    """The first look at both systems, a yes to the first plan, and what follows from it."""
    async with ControlClient(socket) as daemon:
        await daemon.cycle(WHY)
        plan = await daemon.plan(limit=_ALL)
        answer = await daemon.approve(everything=True, expect_count=len(plan.operations))
        report = (await daemon.cycle(WHY)).report
        return f"approved {answer.approved}, confirmed {report.confirmed}"


async def _approve(daemon: ControlClient, rng: Rng) -> str:
    """All that waits now, by its digests."""
    plan = await daemon.plan(limit=_ALL)
    digests = [o.digest for o in plan.operations if o.state in ("waiting", "planned")]
    if not digests:
        return "nothing waits"
    answer = await daemon.approve(digests)
    return f"approved {answer.approved} of {len(digests)}"


async def _resolve(daemon: ControlClient, rng: Rng) -> str:
    holds = await _holds(daemon)
    questions = [(h.record, f.field) for h in holds for f in h.conflict]
    questions += [(h.record, h.field) for h in holds if h.code == "foreign_edit" and h.field]
    if not questions:
        return "no conflict"
    record, field = rng.choice(sorted(questions))
    take = rng.choice(("qbo", "dear"))
    request = ResolveRequest(record=record, field=field, take=take, reason=WHY)
    return (await daemon.resolve(request)).text


async def _accept(daemon: ControlClient, rng: Rng) -> str:
    odd = sorted((h.record, h.field) for h in await _holds(daemon) if h.code == "discrepant")
    if not odd:
        return "nothing discrepant"
    record, field = rng.choice(odd)
    request = ResolveRequest(record=record, field=field, take="qbo", reason=WHY)
    return (await daemon.resolve(request)).text


async def _retry(daemon: ControlClient, rng: Rng) -> str:
    refused = sorted(h.record for h in await _holds(daemon) if h.code == "rejected")
    if not refused:
        return "nothing refused"
    return (await daemon.retry(RetryRequest(record=rng.choice(refused)))).text


async def _link(daemon: ControlClient, rng: Rng) -> str:
    proposals = sorted(
        (h.record, candidate.ref)
        for h in await _holds(daemon)
        if h.code in ("proposed_match", "ambiguous_match")
        for candidate in h.candidates
    )
    if not proposals:
        return "nothing to link"
    record, ref = rng.choice(proposals)
    if rng.random() < 0.7:
        return (await daemon.link(LinkRequest(record=record, ref=ref, action="link"))).text
    return (await daemon.link(LinkRequest(record=record, ref=ref, action="apart"))).text


async def _cycle(daemon: ControlClient, rng: Rng) -> str:
    report = (await daemon.cycle(WHY)).report
    return f"a cycle: sent {report.sent}, confirmed {report.confirmed}"


async def _verify(daemon: ControlClient, rng: Rng) -> str:
    answer = await daemon.verify()
    if answer.problems:
        raise AssertionError(f"verify: {answer.problems}")
    return f"verified {answer.entries} entries"


async def _backup(daemon: ControlClient, rng: Rng) -> str:
    return f"backed up: {(await daemon.backup()).entries} entries"


async def _holds(daemon: ControlClient) -> tuple[HoldShown, ...]:
    return (await daemon.plan(limit=_ALL)).holds


async def reexport(socket: Path, rng: Rng) -> str:
    """The next steps of a re-export, by the ordinary commands; a new one when none is open."""
    told: list[str] = []
    try:
        async with ControlClient(socket, quick_s=_QUICK_S) as daemon:
            for _ in range(_STEPS):
                told.append(await _step(daemon, rng))
    except TrueupError as error:
        told.append(f"{type(error).__name__}: {error}")
    return "; ".join(told)


async def _step(daemon: ControlClient, rng: Rng) -> str:
    job = (await daemon.catalogue()).job
    state = job.state if job is not None else "done"
    if state in ("done", "aborted"):
        options = CatalogueOptions(clashes=rng.choice(("rename", "suffix", "reactivate", "skip")))
        request = CataloguePlanRequest(options=options, reason=WHY)
        return (await daemon.catalogue_plan(request)).text
    assert job is not None
    if state in ("opened", "frozen", "read", "settled"):
        return (await daemon.catalogue_plan(CataloguePlanRequest(reason=WHY))).text
    if state == "sorted" and job.plan is not None and job.plan.unknown:
        request_all = CatalogueSettleAllRequest(
            what="keep", expect_count=job.plan.unknown, reason=WHY
        )
        return (await daemon.catalogue_settle_all(request_all)).text
    if state == "planned":
        yes = CatalogueApproveRequest(company=COMPANY, reason=WHY)
        return (await daemon.catalogue_approve(yes)).text
    if state == "approved":
        return (await daemon.catalogue_act("run", WHY)).text
    if state == "sorted" or rng.random() < 0.1:
        return (await daemon.catalogue_act("abort", WHY)).text
    return f"it is {state}"


_ACTS: Final[tuple[Callable[[ControlClient, Rng], Coroutine[Any, Any, str]], ...]] = (
    _approve,
    _approve,
    _approve,
    _approve,
    _resolve,
    _accept,
    _retry,
    _link,
    _cycle,
    _verify,
    _backup,
)
