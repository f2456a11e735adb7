"""Steps 11 and 12: the intent is durable, one request leaves, and what came back is appended.

Nothing is sent that cannot be journalled first. A lost reply is ``Unknown`` and stays open until
``daemon.cycle.recover`` has settled it; nothing here sends anything twice.
"""

import asyncio
import re
from asyncio import FIRST_COMPLETED
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Sequence,
)
from contextlib import AsyncExitStack, aclosing

from daemon.connectors.base import Connector, Paced
from daemon.cycle.company import Company
from daemon.cycle.observe import note
from daemon.cycle.prepare import Ready, cut, make_intent, make_ready, make_request, shares
from daemon.cycle.report import CycleReport, Seen
from daemon.cycle.stops import held_back
from daemon.log import Log
from daemon.reconcile.waves import RESTING
from ledger.model.capabilities import Capabilities
from ledger.model.encoding import comparable_bytes
from ledger.model.entries import Confirmed, Intended, OutcomeUnknown, Rejected, Tombstoned
from ledger.model.errors import Refused as RefusedError
from ledger.model.errors import Throttled, Transient, TrueupError, Unauthorised
from ledger.model.facts import Tombstone
from ledger.model.ids import DOCUMENT_KINDS, Digest, Kind, SystemName
from ledger.model.outcomes import Confirmed as Done
from ledger.model.outcomes import Intent, IntentItem, Outcome, RefusalKind, Unknown, WriteRequest
from ledger.model.outcomes import Rejected as Refused
from ledger.model.plans import Action, Operation
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack
from ledger.store.views import Views

_log = Log(__name__)
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
SLICE_BATCHES = 30
"""Batches that are made ready at once: their records and what these point to are in memory."""

_OF_THE_SYSTEM = (Throttled, Transient, Unauthorised)
"""Errors for which one system is left alone."""
_DEPTHS = {Kind.PURCHASE_ORDER: 1, Kind.BILL: 2, Kind.INVOICE: 2}
"""How far documents are from what nothing points from; all other kinds are ordered by waves."""


async def execute(
    company: Company,
    operations: Sequence[Operation],
    report: CycleReport,
    *,
    stopping: Callable[[], bool],
) -> dict[SystemName, Exception]:
    """Send what the gate let through, each system in its own order, all systems side by side.

    Returns the systems that had to be left alone (throttled, unreachable, login gone) and why.
    Operations whose ground has moved are passed over: their records are planned anew.
    """
    by_system: dict[SystemName, list[Operation]] = {}
    for operation in operations:
        by_system.setdefault(operation.system, []).append(operation)
    failures: dict[SystemName, Exception] = {}
    report.doing("writing", of=len(operations))

    async def one_system(system: SystemName, todo: list[Operation]) -> None:
        try:
            await _send_waves(company, system, todo, report, stopping=stopping)
        except _OF_THE_SYSTEM as error:
            failures[system] = error

    async with asyncio.TaskGroup() as group:
        for system, todo in by_system.items():
            group.create_task(one_system(system, todo))
    return failures


async def _send_waves(
    company: Company,
    system: SystemName,
    operations: list[Operation],
    report: CycleReport,
    *,
    stopping: Callable[[], bool],
) -> None:
    connector = company.connectors[system]
    for turn in sorted({turn_of(operation) for operation in operations}):
        todo = [operation for operation in operations if turn_of(operation) == turn]
        async with aclosing(batches_of(company.ledger, connector.capabilities, todo)) as batches:
            await _send_turn(company, connector, batches, report, stopping=stopping)
        if stopping():
            return


async def _send_turn(
    company: Company,
    connector: Connector,
    batches: AsyncIterator[list[Ready]],
    report: CycleReport,
    *,
    stopping: Callable[[], bool],
) -> None:
    """The requests of one turn, several under way at once where the system allows it. All of them
    have ended when this returns: the next turn builds on what came of them.

    After the first error none begins any more, and none is cut off; then the error is raised.
    """
    trouble: list[TrueupError] = []

    async def send(batch: Sequence[Ready], place: AsyncExitStack) -> None:
        try:
            async with place:
                await _send(company, connector, batch, report)
        except TrueupError as error:
            trouble.append(error)
        _tell_done(report, len(batch))

    under_way: set[asyncio.Task[None]] = set()
    before = most = _at_once(connector, ())
    async with asyncio.TaskGroup() as group:
        try:
            async for batch in batches:
                before, most = most, _at_once(connector, batch)
                while len(under_way) >= min(before, most):
                    _, under_way = await asyncio.wait(under_way, return_when=FIRST_COMPLETED)
                if trouble:
                    break
                async with AsyncExitStack() as place:
                    if isinstance(connector, Paced):
                        await place.enter_async_context(connector.place(len(batch)))
                    if trouble or stopping():
                        break
                    kept = await held_back(company, [r.operation for r in batch], report.ruled)
                    let_go = [r for r in batch if r.operation.id not in kept]
                    if let_go:
                        under_way.add(group.create_task(send(let_go, place.pop_all())))
                _tell_done(report, len(batch) - len(let_go))
        except TrueupError as error:  # those under way are waited for first
            trouble.append(error)
    if trouble:
        raise min(trouble, key=lambda one: isinstance(one, _OF_THE_SYSTEM))


def _tell_done(report: CycleReport, count: int) -> None:
    writing = report.activity
    report.doing("writing", done=writing.done + count, of=writing.of)


def _at_once(connector: Connector, batch: Sequence[Ready]) -> int:
    """Documents go one after the other: two bills of one order meet in its lines."""
    is_alone = any(one.operation.kind in DOCUMENT_KINDS for one in batch)
    return 1 if is_alone or not isinstance(connector, Paced) else connector.writes_at_once


def turn_of(operation: Operation) -> tuple[bool, int, int]:
    """When it goes: waves are those of one slice of planning, and what goes out together comes
    from many. So what is put to rest comes after everything else whatever its wave, and in a wave
    what is pointed to is created before what points to it, and rests after it."""
    resting = operation.action in RESTING
    depth = _DEPTHS.get(operation.kind, 0)
    return (resting, operation.wave, -depth if resting else depth)


async def batches_of(
    ledger: Ledger, capabilities: Capabilities, operations: Sequence[Operation]
) -> AsyncGenerator[list[Ready], None]:
    """Requests' worth of operations, made ready a slice at a time; only the last may be short.

    The operations may be in brief: each slice is read whole.
    """
    size = SLICE_BATCHES * max(1, capabilities.max_batch)
    rest: list[Ready] = []
    for first in range(0, len(operations), size):
        part = operations[first : first + size]
        ready = await ledger.read(lambda views, p=part: make_ready(views, _whole(views, p)))  # type: ignore[misc]
        batches = cut([*rest, *ready], capabilities)
        is_short = bool(batches) and len(batches[-1]) < capabilities.max_batch
        rest = batches.pop() if is_short and shares(batches[-1][0], capabilities) else []
        for batch in batches:
            yield batch
    if rest:
        yield rest


def _whole(views: Views, operations: Iterable[Operation]) -> list[Operation]:
    found = (views.operation(operation.id) for operation in operations)
    return [row.operation for row in found if row is not None]


async def _send(
    company: Company, connector: Connector, batch: Sequence[Ready], report: CycleReport
) -> None:
    company.require_room()
    request = make_request(connector.name, batch)
    report.sent += len(batch)
    await attempt(company, connector, make_intent(request, batch), request, report)


async def attempt(
    company: Company,
    connector: Connector,
    intent: Intent,
    request: WriteRequest,
    report: CycleReport,
    *,
    again: bool = False,
) -> None:
    """Make the intent durable, send it once, and append what came of it.

    Sending again under the same id is a new ``Intended``: the wait for its end starts anew. When
    the connector proves that nothing acted, the intent is closed as not sent before the error goes
    on to the caller.
    """
    company.require_room()  # for the answer: the intent itself is durable or raises
    draft = company.ledger.draft(actor="daemon", cycle=report.cycle)
    draft.add(
        Intended(
            request=intent.id,
            system=intent.system,
            generation=intent.generation,
            items=intent.items,
            payload=draft.body(intent.request),
        )
    )
    await company.ledger.append(draft)
    try:
        outcomes = await connector.write(request)
    except (Throttled, Transient, Unauthorised) as error:
        await settle(
            company, intent, [_not_sent(item, error) for item in intent.items], report, how="reply"
        )
        raise
    gone: list[Tombstone] = []
    if again:
        made = {item.b_id for item in intent.items if item.action is Action.CREATE}
        outcomes = tuple([await _read_back(connector, one, made, gone) for one in outcomes])
    how = "replay" if again else "reply"
    await settle(company, intent, outcomes, report, how=how, gone=gone)


async def _read_back(
    connector: Connector, outcome: Outcome, made: Collection[str], gone: list[Tombstone]
) -> Outcome:
    """A request that went again may bring its first answer, which is old news: look once more.

    What was ``made`` and is ``gone`` since was taken out by somebody: it stays made, for else it
    would be made a second time behind their back.
    """
    if not isinstance(outcome, Done):
        return outcome
    try:
        now = await connector.read(outcome.shown.ref)
    except (Transient, Throttled, Unauthorised, RefusedError) as error:
        return Unknown(b_id=outcome.b_id, reason=f"sent again, but not seen since: {error}")
    if isinstance(now, Tombstone) and not isinstance(outcome.shown, Tombstone):
        if outcome.b_id in made:
            gone.append(now)
            return outcome
        return Refused(
            b_id=outcome.b_id,
            refusal=RefusalKind.STALE,
            code="removed",
            message=f"it was done and is gone since: {now.evidence}",
        )
    return Done(b_id=outcome.b_id, shown=now)


def _not_sent(item: IntentItem, error: Exception) -> Refused:
    return Refused(
        b_id=item.b_id, refusal=RefusalKind.NOT_SENT, code="not_sent", message=str(error)
    )


async def settle(
    company: Company,
    intent: Intent,
    outcomes: Sequence[Outcome],
    report: CycleReport,
    *,
    how: str,
    gone: Iterable[Tombstone] = (),
) -> None:
    """Append what became of the items of an intent, and what of it is ``gone`` since; items without
    an outcome stay open."""
    ledger = company.ledger
    items = {item.b_id: item for item in intent.items}
    draft = ledger.draft(actor="daemon", cycle=report.cycle)
    unknown: list[str] = []
    shown = [o.shown.ref for o in outcomes if isinstance(o, Refused) and o.shown is not None]
    heads = await ledger.read(lambda views: views.heads(shown)) if shown else {}
    for outcome in outcomes:
        item = items[outcome.b_id]
        match outcome:
            case Done():
                _confirm(ledger, draft, intent, item, outcome, how=how)
                report.confirmed += 1
            case Refused():
                draft.add(
                    Rejected(
                        request=intent.id,
                        operation=item.operation,
                        record=item.record,
                        refusal=outcome.refusal,
                        code=outcome.code,
                        message=outcome.message,
                        field=outcome.field,
                        cure=outcome.cure,
                        how=how,
                    )
                )
                report.rejected += outcome.refusal is not RefusalKind.NOT_SENT
                _log.info(
                    "write refused",
                    system=intent.system,
                    cycle=report.cycle,
                    request=intent.id,
                    operation=item.operation,
                    record=item.record,
                    refusal=outcome.refusal.value,
                    code=outcome.code if _WORD.fullmatch(outcome.code) else None,
                )
                if outcome.shown is not None:
                    head = heads.get(outcome.shown.ref)
                    note(ledger, draft, outcome.shown, head, via="read", seen=Seen())
            case Unknown():
                unknown.append(outcome.reason)
                report.unknown += 1
    for tombstone in gone:
        draft.add(Tombstoned(ref=tombstone.ref, evidence=tombstone.evidence))
    if unknown:
        draft.add(OutcomeUnknown(request=intent.id, reason=unknown[0]))
        _log.warning(
            "reply lost",
            system=intent.system,
            cycle=report.cycle,
            request=intent.id,
            writes=len(unknown),
        )
    await ledger.append(draft)


def _confirm(
    ledger: Ledger,
    draft: Draft,
    intent: Intent,
    item: IntentItem,
    outcome: Done,
    *,
    how: str,
) -> None:
    shown = outcome.shown
    comparable = payload = Digest("")  # a write confirmed by a removal has no content to show
    if isinstance(shown, Tombstone):
        draft.add(Tombstoned(ref=shown.ref, evidence=shown.evidence))
    else:
        comparable = ledger.digest(comparable_bytes(shown.record))
        payload = draft.body(pack(shown))
    draft.add(
        Confirmed(
            request=intent.id,
            operation=item.operation,
            record=item.record,
            ref=shown.ref,
            version=shown.version,
            comparable=comparable,
            payload=payload,
            how=how,
            trace=outcome.trace,
        )
    )
