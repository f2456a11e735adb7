"""Puts the watching together as configured: figures on a listener, word to receivers.

Decides nothing. What is switched off costs nothing.
"""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from daemon.config.model import Config
from daemon.config.observing import HookRef, NotifyConfig, check_hook
from daemon.control.desk import Desk
from daemon.control.server import ControlServer
from daemon.observe.delivering import Command, Receiver, Webhook
from daemon.observe.listener import Listener
from daemon.observe.notifier import RESULTS, Notifier
from daemon.observe.seen import Notices, Reloads, Sources, Watch
from daemon.observe.telling import Rule
from daemon.reloading import Reloader
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
        watch = Watch(desk, sources)
        self.listener: Listener | None = None
        if (where := config.observe.address) is not None:
            self.listener = Listener(where, watch, ledger=desk.ledger, control=server.path)
        self.notifier: Notifier | None = None
        if config.notify:
            zone = ZoneInfo(config.company.timezone)
            routes = [
                (rule_of(one, config.instance, zone), _receiver(one, desk)) for one in config.notify
            ]
            self.notifier = Notifier(watch, desk.ledger, desk.clock, routes)

    async def start(self) -> None:
        """``ConfigProblem`` when the address of the listener cannot be had."""
        if self.listener is not None:
            await self.listener.start()

    async def close(self) -> None:
        if self.listener is not None:
            await self.listener.close()

    def services(self) -> Iterator[Service]:
        if self.notifier is not None:
            yield Service("notify", self.notifier.run, self.notifier.stop, grace_s=GRACE_S)

    def _told(self) -> dict[str, int]:
        return dict.fromkeys(RESULTS, 0) if self.notifier is None else self.notifier.told


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
