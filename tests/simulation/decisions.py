"""The person at trueup's own controls: approves, answers, retries, links and changes the rules."""

import random
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from daemon.control.desk import Desk
from daemon.control.protocol import (
    ApproveRequest,
    Declined,
    LinkRequest,
    ResolveRequest,
    RetryRequest,
)
from daemon.reconcile.policy import DocumentPolicy, Limits
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Digest, Kind
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

_AUTO = DocumentPolicy(since="2026-01-01", removals="auto")


def _papers(since: str = "2026-01-01", **changes: Any) -> dict[str, Any]:
    """Rules under which all kinds of documents flow, with some of them changed by kind."""
    documents = {kind: DocumentPolicy(since=since) for kind in DOCUMENT_KINDS}
    documents |= changes.pop("documents", {})
    return {"home_currency": "USD", "documents": documents, **changes}


PAPER_POLICIES: Final[tuple[dict[str, Any], ...]] = (
    _papers(),
    _papers(),
    _papers("2026-02-20"),
    _papers("2025-06-01"),
    _papers(documents=dict.fromkeys(DOCUMENT_KINDS, _AUTO)),
    _papers(documents={Kind.PURCHASE_ORDER: DocumentPolicy()}),
    _papers(documents={Kind.BILL: DocumentPolicy(since="2026-01-01", before_order="unlinked")}),
    _papers(documents={Kind.INVOICE: DocumentPolicy(since="2026-01-01", number_prefix="D-")}),
    _papers(flows={Kind.INVOICE: "manual", Kind.BILL: "off"}),
    _papers(create={Kind.BILL: {QBO: "ask"}, Kind.ITEM: {QBO: "ask"}}),
    _papers(on_foreign_edit={Kind.BILL: {"*": "restore"}, Kind.INVOICE: {"*": "accept"}}),
    _papers(
        on_foreign_edit={Kind.PURCHASE_ORDER: {"*": "restore"}, Kind.INVOICE: {"lines": "restore"}}
    ),
    {"home_currency": "USD"},
)
"""Rules of lives with documents; under the last ones no document flows."""

Act = Callable[[Town, Desk, random.Random], Coroutine[Any, Any, str]]


async def _approve_all(one: Town, at: Desk, rng: random.Random) -> str:
    waiting = await _waiting(one)
    answer = await at.approve(BOOKKEEPER, ApproveRequest(all=True, expect_count=len(waiting)))
    return f"approved {answer.approved}"


async def _waiting(one: Town) -> set[Digest]:
    """What could be approved: not what somebody set aside."""
    rows = await one.operations("waiting", "planned")
    skipped = await one.ledger.read(lambda views: views.skipped_digests())
    return {row.operation.digest for row in rows} - skipped


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
        if row.hold.code is HoldCode.FOREIGN_EDIT and row.hold.field
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
    request = msgspec.convert({"record": record, "ref": ref, "action": action}, LinkRequest)
    return (await at.link(BOOKKEEPER, request)).text


ACTS: Final[tuple[Act, ...]] = (_approve_all, _approve_all, _approve_one, _resolve, _retry, _link)


async def _accept(one: Town, at: Desk, rng: random.Random) -> str:
    """What the books made of a document may stay as it is."""
    odd = [
        (row.record, row.hold.field)
        for row in await one.holds()
        if row.hold.code is HoldCode.DISCREPANT
    ]
    if not odd:
        return "nothing discrepant"
    record, field = rng.choice(sorted(odd))
    request = ResolveRequest(record=record, field=field, take=QBO, reason="simulated")
    return (await at.resolve(BOOKKEEPER, request)).text


async def _part(one: Town, at: Desk, rng: random.Random) -> str:
    """What the books voided or deleted shall be posted anew: the two are parted."""
    ended = [
        row.record
        for row in await one.holds()
        if row.kind in DOCUMENT_KINDS
        and row.hold.code in (HoldCode.VOIDED, HoldCode.REMOVED, HoldCode.EDITED_AND_REMOVED)
    ]
    if not ended:
        return "nothing to part"
    record = rng.choice(sorted(ended))
    ref = await one.ledger.read(lambda views: views.ref_of(record, QBO))
    request = LinkRequest(record=record, ref=str(ref), action="unlink")
    return (await at.link(BOOKKEEPER, request)).text


PAPER_ACTS: Final[tuple[Act, ...]] = (*ACTS, _approve_all, _accept, _part)


ACTS_WITHOUT_ANSWERS: Final = tuple(act for act in ACTS if act is not _resolve)
PAPER_ACTS_WITHOUT_ANSWERS: Final = tuple(act for act in PAPER_ACTS if act is not _resolve)
"""Where ``answers`` gives and remembers them."""


async def decide(one: Town, rng: random.Random, acts: Sequence[Act] = ACTS) -> str:
    """One decision, through the same code as the control socket."""
    try:
        return await rng.choice(acts)(one, desk(one), rng)
    except Declined as declined:
        return f"declined: {declined}"


async def approve(one: Town) -> int:
    """Everything that waits; the number of it."""
    waiting = await _waiting(one)
    request = ApproveRequest(all=True, expect_count=len(waiting))
    return (await desk(one).approve(BOOKKEEPER, request)).approved
