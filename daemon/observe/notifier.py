"""Looks every few seconds and tells each receiver what it should know. The place of each is kept
beside the journal, so that a restart neither repeats nor loses.

A receiver that does not answer holds up nothing: neither the others nor the daemon.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from daemon.clock import Clock, sleep_unless
from daemon.log import Log, Turns
from daemon.observe.delivering import Receiver
from daemon.observe.matters import Matter, is_heard, matters
from daemon.observe.seen import Watch
from daemon.observe.telling import Position, Rule, delivered, is_quiet, step
from ledger.model.errors import Transient
from ledger.store.errors import LedgerUnavailable
from ledger.store.ledger import Ledger

LOOK_EVERY_S = 10.0
FIRST_RETRY_S = 10.0
LAST_RETRY_S = 15 * 60.0
KEY = "notify:"
RESULTS = ("delivered", "failed")

_log = Log(__name__)


class _Route:
    """One receiver, and how far it is."""

    def __init__(self, rule: Rule, receiver: Receiver) -> None:
        self.rule = rule
        self.receiver = receiver
        self.position: Position | None = None
        self.kept: Position | None = None
        """What lies on disk."""
        self.tries = 0
        self.next_try: datetime | None = None

    def under(self, rule: Rule, receiver: Receiver) -> "_Route":
        """The same receiver under other hours or another pace."""
        self.rule, self.receiver = rule, receiver
        return self


class Notifier:
    """All receivers of one daemon."""

    def __init__(
        self, watch: Watch, ledger: Ledger, clock: Clock, routes: Sequence[tuple[Rule, Receiver]]
    ) -> None:
        self._watch = watch
        self._ledger = ledger
        self._clock = clock
        self._routes = [_Route(rule, receiver) for rule, receiver in routes]
        self._turns = Turns(_log)
        self._stopping = False
        self._changed = asyncio.Event()
        """The receivers are others now, or there is to be an end."""
        self.told = dict.fromkeys(RESULTS, 0)

    def stop(self) -> None:
        self._stopping = True
        self._changed.set()

    def go_by(self, routes: Sequence[tuple[Rule, Receiver]]) -> None:
        """Tell these receivers from now on. One that stays keeps its place."""
        kept = {route.rule.id: route for route in self._routes}
        self._routes = [
            kept[rule.id].under(rule, receiver) if rule.id in kept else _Route(rule, receiver)
            for rule, receiver in routes
        ]
        self._changed.set()

    async def run(self) -> None:
        """Look until ``stop``; a message under way is finished."""
        while not self._stopping:
            self._changed.clear()
            async with asyncio.TaskGroup() as group:
                for route in self._routes:
                    group.create_task(self._run(route))
            await self._changed.wait()

    async def look(self) -> None:
        """Once for each receiver: settle what it is to be told, and try to tell it."""
        async with asyncio.TaskGroup() as group:
            for route in self._routes:
                group.create_task(self._look(route))

    async def _run(self, route: _Route) -> None:
        while not self._changed.is_set():
            await self._look(route)
            await sleep_unless(self._clock, LOOK_EVERY_S, self._changed)

    async def _look(self, route: _Route) -> None:
        seen = await self._watch.look()
        await self._serve(route, matters(seen), heard=is_heard(seen))

    async def _serve(self, route: _Route, standing: dict[str, Matter], *, heard: bool) -> None:
        if route.position is None and not await self._load(route):
            return
        assert route.position is not None
        now = self._clock.now()
        route.position = step(route.position, standing, route.rule, now, heard=heard)
        await self._keep(route)
        pending = route.position.pending
        if pending is None or is_quiet(route.rule, now):
            return
        if route.next_try is not None and now < route.next_try:
            return
        try:
            await route.receiver.deliver(pending)
        except Transient as error:
            self._failed(route, error)
            return
        self.told["delivered"] += 1
        self._turns.back(f"notify {route.rule.id}")
        route.tries, route.next_try = 0, None
        route.position = delivered(route.position, self._clock.now())
        await self._keep(route)
        _log.info("people were told", notice=pending.id, matters=len(pending.matters))

    def _failed(self, route: _Route, error: Transient) -> None:
        self.told["failed"] += 1
        wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0**route.tries)
        route.tries = min(route.tries + 1, 20)
        route.next_try = self._clock.now() + timedelta(seconds=wait_s)
        self._turns.down(f"notify {route.rule.id}", reason=str(error))

    async def _load(self, route: _Route) -> bool:
        key = KEY + route.rule.id
        try:
            data = await self._ledger.ask(lambda views: views.runtime(key))
        except LedgerUnavailable:
            return False
        try:
            found = msgspec.json.decode(data, type=Position) if data else Position()
        except msgspec.MsgspecError:
            found = Position()  # of another version: what stands is told anew
        route.position = route.kept = found
        return True

    async def _keep(self, route: _Route) -> None:
        """Write the place down before anything leaves. Where that cannot be done a person has to
        hear of it all the same: the price is one message twice, should the process end now."""
        if route.position is None or route.position == route.kept:
            return
        draft = self._ledger.draft(actor="daemon")
        draft.runtime(KEY + route.rule.id, msgspec.json.encode(route.position))
        try:
            await self._ledger.append(draft)
            route.kept = route.position
        except LedgerUnavailable as error:
            self._turns.down("notify position", error=type(error).__name__)
