"""The person at trueup's own controls: approves, answers, retries, links and changes the rules."""

import random
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, Final

from daemon.control.desk import Desk
from daemon.control.protocol import (
    ApproveRequest,
    Declined,
    LinkRequest,
    ResolveRequest,
    RetryRequest,
)
from daemon.reconcile.policy import Limits
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, QBO, Town

POLICIES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"authority": {Kind.ITEM: {"sales_price": "qbo", "name": "dear"}}},
    {"authority": {Kind.VENDOR: {"email": "dear"}, Kind.CUSTOMER: {"phone": "none"}}},
    {"flows": {Kind.CUSTOMER: "manual"}},
    {"flows": {Kind.VENDOR: "off"}},
    {"create": {Kind.ITEM: {QBO: "ask"}, Kind.VENDOR: {DEAR: "never"}}},
    {"on_foreign_edit": {Kind.ITEM: {"*": "hold"}, Kind.VENDOR: {"*": "accept"}}},
    {"names": "hold"},
    {"limits": Limits(min_count=1, fraction=Decimal("0.1"))},
)

Act = Callable[[Town, Desk, random.Random], Coroutine[Any, Any, str]]


async def _approve_all(one: Town, at: Desk, rng: random.Random) -> str:
    waiting = {row.operation.digest for row in await one.operations("waiting", "planned")}
    answer = await at.approve(BOOKKEEPER, ApproveRequest(all=True, expect_count=len(waiting)))
    return f"approved {answer.approved}"


async def _approve_one(one: Town, at: Desk, rng: random.Random) -> str:
    waiting = sorted({row.operation.digest for row in await one.operations("waiting")})
    if not waiting:
        return "nothing waits"
    await at.approve(BOOKKEEPER, ApproveRequest(digests=(rng.choice(waiting),)))
    return "approved one"


async def _resolve(one: Town, at: Desk, rng: random.Random) -> str:
    questions = [
        (row.record, field.field)
        for row in await one.holds()
        if row.conflict is not None
        for field in row.conflict.fields
    ]
    questions += [
        (row.record, row.hold.field)
        for row in await one.holds()
        if row.hold.code is HoldCode.FOREIGN_EDIT
    ]
    if not questions:
        return "no conflict"
    record, field = rng.choice(sorted(questions))
    take = rng.choice((QBO, DEAR))
    request = ResolveRequest(record=record, field=field, take=take, reason="simulated")
    return (await at.resolve(BOOKKEEPER, request)).text


async def _retry(one: Town, at: Desk, rng: random.Random) -> str:
    refused = [row.record for row in await one.holds() if row.hold.code is HoldCode.REJECTED]
    if not refused:
        return "nothing refused"
    return (await at.retry(BOOKKEEPER, RetryRequest(record=rng.choice(sorted(refused))))).text


async def _link(one: Town, at: Desk, rng: random.Random) -> str:
    proposals = [
        (row.record, str(candidate.ref))
        for row in await one.holds()
        if row.hold.code in (HoldCode.PROPOSED_MATCH, HoldCode.AMBIGUOUS_MATCH)
        for candidate in row.hold.candidates
    ]
    if not proposals:
        return "nothing to link"
    record, ref = rng.choice(sorted(proposals))
    action = "link" if rng.random() < 0.7 else "apart"
    request = LinkRequest.model_validate({"record": record, "ref": ref, "action": action})
    return (await at.link(BOOKKEEPER, request)).text


ACTS: Final[tuple[Act, ...]] = (_approve_all, _approve_all, _approve_one, _resolve, _retry, _link)


async def decide(one: Town, rng: random.Random) -> str:
    """One decision, through the same code as the control socket."""
    try:
        return await rng.choice(ACTS)(one, desk(one), rng)
    except Declined as declined:
        return f"declined: {declined}"


async def approve(one: Town) -> int:
    """Everything that waits; the number of it."""
    waiting = {row.operation.digest for row in await one.operations("waiting", "planned")}
    request = ApproveRequest(all=True, expect_count=len(waiting))
    return (await desk(one).approve(BOOKKEEPER, request)).approved
