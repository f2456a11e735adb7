"""How things stand, looked at twice a second while somebody listens, and told when it changed.

One hub for each daemon keeps a ring of numbered events; listeners read from the ring at their own
pace, so that none of them can hold up the hub, the others or the loop. Must not change anything.
"""

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from daemon.catalogue.conduct import Conductor
from daemon.catalogue.words import UNDER_WAY
from daemon.clock import Clock
from daemon.control.desk import Desk
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_live import (
    AliveEvent,
    CycleEvent,
    PulseEvent,
    ResyncEvent,
    WorkShown,
)
from daemon.control.shapes import shown_cycle
from daemon.control.trouble import skipped_holds
from daemon.cycle.report import Activity
from daemon.log import Log
from ledger.model.drift import DriftClass
from ledger.store.errors import LedgerUnavailable
from ledger.store.views import Views

TICK_S = 0.5
ALIVE_S = 5.0
FRESH_S = 0.2
"""So long a count may hold up the pulse that it belongs to."""
REST = 9
"""So many times as long as a slow count took, no other one begins."""
RING = 1_000
"""Events that a client may have missed and still gets."""
MOST_LISTENERS = 32

_log = Log(__name__)


_Make = Callable[[int], bytes]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted in the ledger, as of one head."""

    head: int = -1
    drift: int = 0
    conflicts: int = 0
    waiting: int = 0
    questions: int = 0
    paused: bool = False
    catalogue: str = ""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand at one moment."""

    standing: Standing
    activity: Activity
    next_at: str
    links: dict[str, str]
    config_problems: int


class Hub:
    """Samples and remembers; one per daemon."""

    def __init__(self, desk: Desk, conductor: Conductor | None, *, pace: Clock) -> None:
        """``pace`` times the looks; instants in events are the desk's."""
        self._desk = desk
        self._conductor = conductor
        self._pace = pace
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)
        self._number = 0
        self._pulse: Pulse | None = None
        self._told_cycles = desk.scheduler.ended_count
        self._standing = Standing()
        self._counting: asyncio.Future[Standing] | None = None
        self._begun_at = 0.0
        self._rest_until = 0.0
        self._published_at = 0.0
        self._waiting: set[asyncio.Event] = set()
        self._beating: asyncio.Future[None] | None = None
        self.is_closed = False
        self.run = _run_of(desk)
        """Names this start of the daemon."""

    @property
    def number(self) -> int:
        """Of the newest event."""
        return self._number

    @property
    def listeners(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Event]:
        """Be woken when there is something new, and at least every ``ALIVE_S``.

        ``Declined`` (busy) beyond ``MOST_LISTENERS``.
        """
        if len(self._waiting) >= MOST_LISTENERS:
            raise Declined(
                Code.BUSY,
                f"{MOST_LISTENERS} front ends listen already",
                cure="close one of them, or ask for the status instead",
            )
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            if self._beating is None or self._beating.done():
                self._beating = asyncio.ensure_future(self._beat())
                self._beating.add_done_callback(self._stopped)
            yield woken
        finally:
            self._waiting.discard(woken)

    def since(self, number: int) -> list[tuple[int, bytes]] | None:
        """Events behind ``number``, oldest first; None when some of them are lost."""
        if number > self._number:
            return None
        first = self._ring[0][0] if self._ring else self._number + 1
        if number + 1 < first:
            return None
        skip = number + 1 - first
        return [self._ring[i] for i in range(skip, len(self._ring))]

    def pulse_now(self) -> bytes | None:
        """The state that everything published so far adds up to, under the newest number."""
        return None if self._pulse is None else self._pulse_event(self._pulse, self._number)

    def alive(self) -> bytes:
        return _line(AliveEvent(run=self.run, number=self._number, at=self._at()))

    def resync(self) -> bytes:
        return _line(ResyncEvent(run=self.run, number=self._number, at=self._at()))

    async def close(self) -> None:
        """Let every listener end."""
        self.is_closed = True
        self._wake()
        open_work = [one for one in (self._beating, self._counting) if one is not None]
        for work in open_work:
            work.cancel()
        await asyncio.gather(*open_work, return_exceptions=True)

    @property
    def is_over(self) -> bool:
        """Nothing more will be told: the daemon ends, or taking the pulse failed."""
        return self.is_closed or self._beating is None or self._beating.done()

    def _stopped(self, beating: "asyncio.Future[None]") -> None:
        error = None if beating.cancelled() else beating.exception()
        if error is not None:
            _log.error("the pulse stopped", error=type(error).__name__)
        self._wake()

    async def _beat(self) -> None:
        while self._waiting and not self.is_closed:
            await self._look()
            now = self._pace.monotonic()
            if now - self._published_at >= ALIVE_S:
                self._published_at = now
                self._wake()
            await self._pace.sleep(TICK_S)

    async def _look(self) -> None:
        """Publish what differs from what was told last."""
        self._count()
        if self._counting is not None:
            # The first pulse tells true numbers; later ones old numbers rather than none.
            patience = None if self._pulse is None else FRESH_S
            await asyncio.wait({self._counting}, timeout=patience)
            self._count()
        scheduler = self._desk.scheduler
        fresh = scheduler.ended_count - self._told_cycles
        if fresh:
            self._told_cycles = scheduler.ended_count
            for report in list(scheduler.ended)[-fresh:]:
                shown = shown_cycle(report)
                self._publish(
                    lambda number, shown=shown: _line(  # type: ignore[misc]
                        CycleEvent(run=self.run, number=number, at=self._at(), report=shown)
                    )
                )
        pulse = Pulse(
            standing=self._standing,
            activity=scheduler.activity,
            next_at=scheduler.next_at,
            links={name: one.link.value for name, one in scheduler.health.items()},
            config_problems=len(self._desk.config_problems),
        )
        if pulse != self._pulse:
            self._pulse = pulse
            self._publish(lambda number: self._pulse_event(pulse, number))

    def _count(self) -> None:
        """Take what was counted, and count anew when the ledger has moved since. A count that
        takes its time (a report has the reader) is not waited for, and the next one comes later:
        people who watch never take more than a tenth of the reader."""
        if self._counting is not None and self._counting.done():
            try:
                self._standing = self._counting.result()
            except LedgerUnavailable as error:
                _log.warning("the pulse could not be taken", error=type(error).__name__)
            self._counting = None
            now = self._pace.monotonic()
            self._rest_until = now + REST * max(0.0, now - self._begun_at - TICK_S)
        if self._counting is not None or self._pace.monotonic() < self._rest_until:
            return
        if self._standing.head != self._desk.ledger.head:
            self._begun_at = self._pace.monotonic()
            self._counting = asyncio.ensure_future(self._standing_now())

    async def _standing_now(self) -> Standing:
        standing = await self._desk.ledger.ask(_standing)
        return msgspec.structs.replace(standing, catalogue=await self._catalogue())

    async def _catalogue(self) -> str:
        job = await self._conductor.current() if self._conductor is not None else None
        if self._conductor is None or job is None or job.is_over:
            return ""
        if job.state not in UNDER_WAY:
            return f"{job.id} {job.state.value}"
        progress = await self._conductor.running.progress(job)
        return f"{job.id} {job.state.value} {progress.done}/{progress.rows}"

    def _publish(self, make: "_Make") -> None:
        self._number += 1
        self._ring.append((self._number, make(self._number)))
        self._published_at = self._pace.monotonic()
        self._wake()

    def _wake(self) -> None:
        for woken in self._waiting:
            woken.set()

    def _pulse_event(self, pulse: Pulse, number: int) -> bytes:
        standing, activity = pulse.standing, pulse.activity
        return _line(
            PulseEvent(
                run=self.run,
                number=number,
                at=self._at(),
                head=standing.head,
                drift=standing.drift,
                conflicts=standing.conflicts,
                waiting=standing.waiting,
                questions=standing.questions,
                paused=standing.paused,
                work=WorkShown(
                    step=activity.step,
                    cycle=activity.cycle,
                    reason=activity.reason,
                    done=activity.done,
                    of=activity.of,
                    next_at=pulse.next_at,
                ),
                catalogue=standing.catalogue,
                config_problems=pulse.config_problems,
                links=pulse.links,
            )
        )

    def _at(self) -> str:
        return self._desk.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _standing(views: Views) -> Standing:
    drift = views.drift_counts()
    return Standing(
        head=views.head()[0],
        drift=drift.records,
        conflicts=drift.by_class.get(DriftClass.CONFLICT, 0),
        waiting=views.operations_count().get("waiting", 0),
        questions=sum(views.holds_count().values()) - skipped_holds(views),
        paused=bool(views.pauses()),
    )


def _line(event: PulseEvent | CycleEvent | AliveEvent | ResyncEvent) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def _run_of(desk: Desk) -> str:
    told = f"{desk.facts.instance} {desk.facts.started_at or desk.now().isoformat()} {os.getpid()}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]
