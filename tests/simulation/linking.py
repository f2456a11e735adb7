"""The person who says what belongs together and what does not: parts pairs that live, joins what
has no counterpart, and takes a yes back; at rest and while a cycle sends.
"""

import asyncio
import random
from itertools import product
from typing import Final

from daemon.control import approving
from daemon.control.desk import Desk
from daemon.control.protocol import Declined, LinkRequest, WithdrawRequest
from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from ledger.store.views import Views
from tests.scenarios.village import BOOKKEEPER
from tests.simulation.decisions import Act
from tests.town import Town

_KINDS: Final = (Kind.CUSTOMER, Kind.ITEM, Kind.TERM, Kind.VENDOR)
WHY: Final = "simulated"


async def _records(one: Town, sides: int) -> list[RecordView]:
    """Records that so many systems show, in their order."""

    def ask(views: Views) -> list[RecordView]:
        found = [v for kind in _KINDS for v in views.views(views.records(kind, limit=500))]
        return sorted((v for v in found if len(v.sides) == sides), key=lambda v: v.record)

    return await one.ledger.read(ask)


async def _part(one: Town, at: Desk, rng: random.Random) -> str:
    """A pair that is in step, or on its way to it, is no pair."""
    pairs = await _records(one, 2)
    if not pairs:
        return "no pair"
    view = rng.choice(pairs)
    ref = rng.choice(sorted(str(side.ref) for side in view.sides.values()))
    request = LinkRequest(record=view.record, ref=ref, action="unlink")
    return (await at.link(BOOKKEEPER, request)).text


async def _join(one: Town, at: Desk, rng: random.Random) -> str:
    """Two of one kind without a counterpart are one, whatever they are called."""
    alone = await _records(one, 1)
    couples = [
        (first.record, str(side.ref))
        for first, other in product(alone, alone)
        if first.kind is other.kind and first.record < other.record
        for system, side in other.sides.items()
        if system not in first.sides
    ]
    if not couples:
        return "nobody to join"
    record, ref = rng.choice(couples)
    request = LinkRequest(record=record, ref=ref, action="link")
    return (await at.link(BOOKKEEPER, request)).text


async def _withdraw(one: Town, at: Desk, rng: random.Random) -> str:
    now = one.clock.now()
    approved = await one.ledger.read(lambda views: views.approvals(now))
    rows = await one.operations("planned", "waiting", "approved")
    digests = sorted(approved & {row.operation.digest for row in rows})
    if not digests:
        return "nothing is approved"
    request = WithdrawRequest(digests=(rng.choice(digests),), expect_count=1, reason=WHY)
    return (await approving.withdraw(at, BOOKKEEPER, request)).text


def _midway(act: Act) -> Act:
    """The same while a cycle sends, after one of its first writes."""

    async def acts(one: Town, at: Desk, rng: random.Random) -> str:
        left, reached, is_over = rng.randrange(1, 9), asyncio.Event(), False

        def watch(system: str, method: str, path: str) -> None:
            nonlocal left
            left -= method in ("POST", "PUT") and not path.endswith("/query")
            if left <= 0:
                one.faults.on_request = None
                reached.set()

        async def person() -> str:
            await reached.wait()
            if is_over:
                return "nobody came"
            try:
                return await act(one, at, rng)
            except Declined as declined:
                return f"declined: {declined}"

        one.faults.on_request = watch
        came = asyncio.ensure_future(person())
        try:
            await one.cycle()
        finally:
            one.faults.on_request, is_over = None, True
            reached.set()
            told = await came
        return f"midway {told}"

    return acts


ACTS: Final[tuple[Act, ...]] = (
    _part,
    _join,
    _join,
    _withdraw,
    _midway(_part),
    _midway(_join),
    _midway(_withdraw),
)
