"""Puts the watching together as configured: figures on a listener, word to receivers.

Decides nothing. What is switched off costs nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from daemon.config.model import Config
from daemon.config.observing import HookRef, NotifyConfig, check_hook
from daemon.control.desk import Desk
from daemon.control.server import ControlServer
from daemon.observe.delivering import Command, Receiver, Webhook
from daemon.observe.exposition import rendered
from daemon.observe.families import families
from daemon.observe.listener import Listener
from daemon.observe.notifier import Notifier
from daemon.observe.seen import Notices, Reloads, Sources, Watch
from daemon.observe.telling import Rule
from daemon.reloading import ChangeOver, Reloader
from daemon.supervise import Service
from daemon.webhooks.tally import GOOD, Result, Tally
from ledger.model.errors import ConfigProblem
from ledger.model.ids import derive

GRACE_S = 2.0
"""For a message under way; one that does not arrive in this time goes again after the start."""


class Lookout:
    """Everything that watches one daemon, from ``start`` to ``close``."""

    def __init__(self, config: Config, server: ControlServer, reloader: Reloader) -> None:
        desk = server.desk
        sources = Sources(
            reloads=lambda: _reloads(reloader, desk),
            notices=lambda: notices(desk.notices()),
            told=self._told,
            bugs=lambda: server.bugs,
            lag=server.lag,
            backup_every=config.ledger.backup.every if desk.keeper.backups is not None else None,
        )
        watch = self._watch = Watch(desk, sources)
        desk.figures = self._figures
        self._server = server
        self._where = config.observe.address
        self.listener = self._listener(self._where)
        self.notifier = Notifier(watch, desk.ledger, desk.clock, _routes(config, desk))
        reloader.parts.append(self)

    async def start(self) -> None:
        """``ConfigProblem`` when the address of the listener cannot be had."""
        if self.listener is not None:
            await self.listener.start()

    async def close(self) -> None:
        if self.listener is not None:
            await self.listener.close()

    def services(self) -> Iterator[Service]:
        yield Service("notify", self.notifier.run, self.notifier.stop, grace_s=GRACE_S)

    async def prepare(self, config: Config, undo: AsyncExitStack) -> ChangeOver:
        """Other receivers, and figures at another place or none. ``ConfigProblem`` when that place
        cannot be had: nothing has changed then."""
        where, former = config.observe.address, self.listener
        listener = former if where == self._where else self._listener(where)
        if listener is not None and listener is not former:
            await listener.start()
            undo.push_async_callback(listener.close)

        async def change_over() -> None:
            self.notifier.go_by(_routes(config, self._server.desk))
            self._where, self.listener = where, listener
            if former is not None and former is not listener:
                await former.close()

        return change_over

    def _listener(self, where: tuple[str, int] | Path | None) -> Listener | None:
        if where is None:
            return None
        server = self._server
        return Listener(where, self._watch, ledger=server.desk.ledger, control=server.path)

    async def _figures(self) -> bytes:
        """All metrics, without the company's name."""
        return rendered(families(await self._watch.look()), {})

    def _told(self) -> dict[str, int]:
        return self.notifier.told


def _routes(config: Config, desk: Desk) -> list[tuple[Rule, Receiver]]:
    zone = ZoneInfo(config.company.timezone)
    return [(rule_of(one, config.instance, zone), _receiver(one, desk)) for one in config.notify]


def rule_of(one: NotifyConfig, instance: str, zone: ZoneInfo) -> Rule:
    """How the receiver of one section is told. Its id changes with the receiver or the matters:
    what another was told says nothing of what this one knows."""
    via = one.via.model_dump_json()
    return Rule(
        id=derive(via, *sorted(one.on), length=6),
        instance=instance,
        on=frozenset(one.on),
        group=one.group,
        quiet=one.quiet,
        zone=zone,
    )


def _receiver(one: NotifyConfig, desk: Desk) -> Receiver:
    if one.via.webhook is not None:
        return Webhook(_address_of(one.via.webhook), desk.clock)
    return Command(one.via.exec or ())


def _address_of(where: HookRef) -> Callable[[], str]:
    def resolve() -> str:
        address = where.resolve()
        try:
            check_hook(address)
        except PydanticCustomError as error:
            raise ConfigProblem([f"notify: {where}: {error.message()}"]) from None
        return address

    return resolve


def _reloads(reloader: Reloader, desk: Desk) -> Reloads:
    return Reloads(
        last_ok=reloader.last_ok,
        last_good_at=reloader.last_good_at,
        refused=reloader.refused_count,
        restart_pending=reloader.last_ok and bool(desk.config_problems),
    )


def notices(tallies: tuple[Tally, ...]) -> Notices:
    """Counts of all systems together: a handful of results, so that there are few series."""
    counts = {"accepted": 0, "duplicate": 0, "other": 0, "refused": 0}
    for tally in tallies:
        for result, count in tally.received.items():
            counts[_shown(result)] += count
    return Notices(
        by_result=counts,
        missed={tally.system: tally.missed for tally in tallies if tally.system},
        missing=tuple(tally.system for tally in tallies if tally.missing),
    )


def _shown(result: Result) -> str:
    if result in {Result.ACCEPTED, Result.DUPLICATE}:
        return result.value
    return "other" if result in GOOD else "refused"
