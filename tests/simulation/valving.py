"""The operator at the valves: pauses, hours of writing, skips, retries, remaps, part approvals.

What was stopped is noted here as the operator knows it, by the rows of the sandboxes' own request
log, so that no mistake of the daemon's can hide itself in what it says of its own pauses.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final

from daemon.control import approving, skipping, valves
from daemon.control.protocol import ApproveRequest, Declined, RetryRequest, WithdrawRequest
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    PauseRequest,
    RemapRequest,
    ResumeRequest,
    RetryPatternRequest,
    SkipRequest,
)
from daemon.control.trouble import of_pattern, pattern_of
from daemon.cycle.calendar import Calendar, WriteWindow
from ledger.model.ids import Kind, RecordId
from ledger.store.rows import OperationRow
from ledger.store.views import Views
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import Town

Rng = random.Random
WHY: Final = "simulated"
PENDING: Final = ("planned", "waiting", "approved")
_EVERY_DAY: Final = frozenset(range(7))
_SCOPES: Final[tuple[dict[str, str], ...]] = (
    {},
    {"system": "qbo"},
    {"system": "dear"},
    {"kind": "item"},
    {"kind": "vendor"},
    {"kind": "bill"},
    {"kind": "item", "system": "qbo"},
    {"kind": "customer", "system": "dear"},
)


@dataclass
class Stop:
    """One pause: rows of the request log behind ``since`` and up to ``until`` lie in it."""

    system: str
    kind: str
    since: int
    until: int | None = None
    midway: bool = False
    """It came while requests were under way, which may end."""

    def covers(self, row: int) -> bool:
        return self.since < row and (self.until is None or row <= self.until)


@dataclass
class Hours:
    """One calendar and the instants between which it was in force."""

    calendar: Calendar
    since: datetime
    until: datetime | None = None


@dataclass
class Valves:
    """What is stopped, as the operators remember it."""

    one: Town
    stops: list[Stop] = field(default_factory=list)
    hours: list[Hours] = field(default_factory=list)

    async def turn(self, rng: Rng) -> str:
        """One act at the valves. A refusal is told and changes nothing."""
        try:
            return await rng.choice(_ACTS)(self, rng)
        except Declined as declined:
            return f"declined: {declined}"

    def restore(self) -> None:
        """A daemon that starts reads its configuration, the calendar too."""
        if self.hours and self.hours[-1].until is None:
            self.one.scheduler.company.calendar = self.hours[-1].calendar

    async def pause(self, scope: dict[str, str], *, midway: bool = False) -> str:
        system, kind = scope.get("system", ""), scope.get("kind", "")
        request = PauseRequest(system=system, kind=kind, reason=WHY)
        await valves.pause(desk(self.one), BOOKKEEPER, request)
        if not any(s.until is None and (s.system, s.kind) == (system, kind) for s in self.stops):
            self.stops.append(Stop(system, kind, self.one.log.last, midway=midway))
        return f"paused {scope}"

    async def resume(self, stop: Stop) -> str:
        request = ResumeRequest(system=stop.system, kind=stop.kind, reason=WHY)
        await valves.resume(desk(self.one), BOOKKEEPER, request)
        stop.until = self.one.log.last
        return f"resumed {stop.system or 'all'} {stop.kind}"

    def set_hours(self, calendar: Calendar) -> None:
        now = self.one.clock.now()
        if self.hours and self.hours[-1].until is None:
            self.hours[-1].until = now
        self.hours.append(Hours(calendar, now))
        self.one.scheduler.company.calendar = calendar

    async def open_all(self) -> None:
        """Everything goes again; what was set aside stays so."""
        for stop in self.stops:
            if stop.until is None:
                await self.resume(stop)
        if self.hours:
            self.set_hours(Calendar())

    async def accept_absence(self, problems: list[Any]) -> str:
        """Somebody has looked: the records that a full look misses were removed on purpose."""
        told = ""
        for problem in problems:
            words = problem.cure.partition("accept-absence ")[2].split()
            if len(words) < 2:
                continue
            system, kind = words[0], Kind(words[1])
            counts = await self.one.ledger.read(lambda views: views.counts())
            (known,) = (c.live + c.inactive for c in counts if (c.system, c.kind) == (system, kind))
            request = AcceptAbsenceRequest(system=system, kind=kind, most=known, reason=WHY)
            told += (await valves.accept_absence(desk(self.one), BOOKKEEPER, request)).text
        return told


async def _pause(at: Valves, rng: Rng) -> str:
    return await at.pause(dict(rng.choice(_SCOPES)))


async def _pause_midway(at: Valves, rng: Rng) -> str:
    """Somebody pauses while a cycle sends."""
    one, scope, left = at.one, dict(rng.choice(_SCOPES)), rng.randrange(1, 12)
    reached, ended = asyncio.Event(), False

    def watch(system: str, method: str, path: str) -> None:
        nonlocal left
        left -= method in ("POST", "PUT") and not path.endswith("/query")
        if left <= 0:
            one.faults.on_request = None
            reached.set()

    async def person() -> str:
        await reached.wait()
        return "nobody came" if ended else await at.pause(scope, midway=True)

    one.faults.on_request = watch
    came = asyncio.ensure_future(person())
    try:
        await one.cycle()
    finally:
        one.faults.on_request, ended = None, True
        reached.set()
        told = await came
    return f"midway {told}"


async def _resume(at: Valves, rng: Rng) -> str:
    standing = [stop for stop in at.stops if stop.until is None]
    if not standing:
        return "nothing is paused"
    return await at.resume(rng.choice(standing))


async def _hours(at: Valves, rng: Rng) -> str:
    """Writes wait for some hours of the day; or for none any more."""
    if rng.random() < 0.4:
        at.set_hours(Calendar())
        return "all hours are open"
    first = (at.one.clock.now().hour + rng.choice((-3, 0, 1, 5))) % 24
    window = WriteWindow(
        days=_EVERY_DAY, since=time(first), until=time((first + rng.choice((1, 2, 12))) % 24)
    )
    at.set_hours(Calendar(windows=(window,)))
    return f"hours of writing: {window.text()}"


async def _wait(at: Valves, rng: Rng) -> str:
    """To the next edge of the hours of writing, and a look on either side of it."""
    calendar, now = at.one.scheduler.company.calendar, at.one.clock.now()
    opens = calendar.opens_at(now)
    if opens is None:
        at.one.clock.advance(3600.0 - now.minute * 60 - now.second - 30)
        await at.one.cycle(after_s=0.0)
        return "to the end of the hour"
    at.one.clock.advance(max(0.0, (opens - now).total_seconds() - 20))
    await at.one.cycle(after_s=0.0)
    await at.one.cycle(after_s=60.0)
    return f"to {opens}"


async def _skip(at: Valves, rng: Rng) -> str:
    rows = await at.one.operations(*PENDING)
    records = sorted(
        {row.operation.record for row in rows} | {r.record for r in await at.one.holds()}
    )
    if not records:
        return "nothing to skip"
    record = rng.choice(records)
    request = SkipRequest(record=record, reason=WHY, until=_end(at.one, record))
    return (await skipping.skip(desk(at.one), BOOKKEEPER, request)).text


def _end(one: Town, record: RecordId) -> str:
    """Every other record is set aside for some hours; told by its id, so that the same seed goes
    on as it did."""
    number = sum(record.encode())
    hours = timedelta(hours=1 + number % 5)
    return (one.clock.now() + hours).isoformat() if number % 2 else ""


async def _skip_pattern(at: Valves, rng: Rng) -> str:
    pattern, count = await _a_pattern(at, rng, skipped=False)
    if not pattern:
        return "no pattern"
    request = SkipRequest(pattern=pattern, expect_count=count, reason=WHY)
    return (await skipping.skip(desk(at.one), BOOKKEEPER, request)).text


async def _retry_pattern(at: Valves, rng: Rng) -> str:
    pattern, count = await _a_pattern(at, rng, skipped=True)
    if not pattern:
        return "no pattern"
    request = RetryPatternRequest(pattern=pattern, expect_count=count)
    return (await skipping.retry_pattern(desk(at.one), BOOKKEEPER, request)).text


async def _retry_skipped(at: Valves, rng: Rng) -> str:
    rows = await at.one.ledger.read(lambda views: views.standing_skips())
    if not rows:
        return "nothing is skipped"
    record = rng.choice(sorted({row.record for row in rows}))
    request = RetryRequest(record=record, reason=WHY)
    return (await desk(at.one).retry(BOOKKEEPER, request)).text


async def _approve_part(at: Valves, rng: Rng) -> str:
    """Some of what waits, each by its own digest."""
    rows = await at.one.operations("waiting")
    digests = sorted({row.operation.digest for row in rows if row.reason != "skipped"})
    if not digests:
        return "nothing waits"
    chosen = tuple(rng.sample(digests, rng.randint(1, len(digests))))
    answer = await desk(at.one).approve(BOOKKEEPER, ApproveRequest(digests=chosen))
    return f"approved {answer.approved} of {len(digests)}"


async def _withdraw(at: Valves, rng: Rng) -> str:
    """Somebody takes a yes back that has let nothing go yet."""
    now = at.one.clock.now()
    approved = await at.one.ledger.read(lambda views: views.approvals(now))
    rows = await at.one.operations(*PENDING)
    digests = sorted(approved & {row.operation.digest for row in rows})
    if not digests:
        return "nothing is approved"
    chosen = (rng.choice(digests),)
    request = WithdrawRequest(digests=chosen, expect_count=1, reason=WHY)
    return (await approving.withdraw(desk(at.one), BOOKKEEPER, request)).text


async def _remap(at: Valves, rng: Rng) -> str:
    """Where one record is said, another of its kind is meant in the books; or no longer."""
    standing = await at.one.ledger.read(lambda views: views.remaps())
    if standing and rng.random() < 0.5:
        row = rng.choice(standing)
        request = RemapRequest(old=row.old, system=row.system, undo=True, reason=WHY)
        return (await valves.remap(desk(at.one), BOOKKEEPER, request)).text
    terms = sorted(f"qbo/term/{stored.id}" for stored in at.one.qbo.state.all("Term"))
    old, new = rng.sample(terms, 2)
    request = RemapRequest(old=old, new=new, reason=WHY)
    return (await valves.remap(desk(at.one), BOOKKEEPER, request)).text


_ACTS: Final[tuple[Callable[[Valves, Rng], Coroutine[Any, Any, str]], ...]] = (
    _pause,
    _pause,
    _pause_midway,
    _resume,
    _resume,
    _hours,
    _wait,
    _skip,
    _skip,
    _skip_pattern,
    _retry_pattern,
    _retry_skipped,
    _approve_part,
    _withdraw,
    _remap,
)


async def _a_pattern(at: Valves, rng: Rng, *, skipped: bool) -> tuple[str, int]:
    """A pattern of the error desk, and how many records are held for it."""
    patterns = sorted({pattern_of(row.hold) for row in await at.one.holds()})
    if not patterns:
        return "", 0
    pattern = rng.choice(patterns)

    def ask(views: Views) -> int:
        found = of_pattern(views, pattern)
        return len({t.row.record for t in found if skipped or not t.skipped})

    return pattern, await at.one.ledger.read(ask)


async def set_aside(one: Town) -> set[RecordId]:
    """Records that wait at rest because somebody said so, or is asked about them: they were
    skipped, may be what a lost create made, or something of theirs needs what was or may be."""
    skips = await one.ledger.read(lambda views: views.standing_skips())
    rows = await one.operations(*PENDING)
    found = {row.record for row in skips}
    found |= {row.operation.record for row in rows if row.reason == "asked_about"}
    return found | {row.operation.record for row in _following(rows, set(found))}


def _following(rows: list[OperationRow], aside: set[RecordId]) -> list[OperationRow]:
    """Of the operations, those that need something of the records that are set aside."""
    follows: list[OperationRow] = []
    while more := [row for row in rows if row not in follows and aside & set(row.operation.needs)]:
        follows += more
        aside |= {row.operation.record for row in more}
    return follows
