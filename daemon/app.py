"""The composition root: opens everything in order, runs it, closes it in the opposite order.

The only module that knows every concrete class. Must not decide anything about records.
"""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon import log
from daemon.catalogue.conduct import Conductor
from daemon.clock import Clock, SystemClock
from daemon.config.doors import make_doors
from daemon.config.load import Loaded, load
from daemon.config.model import Config
from daemon.config.places import Places
from daemon.config.policy import deciding_bytes, make_calendar, make_policy
from daemon.config.watch import ConfigWatch
from daemon.connectors.base import Connector
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault, key_from
from daemon.control.anchoring import Anchorage, ByCommand, InFile, InJournal, Place
from daemon.control.desk import Desk
from daemon.control.keeping import Keeper
from daemon.control.oneline import tell
from daemon.control.server import ControlServer
from daemon.control.upgrading import copy_before_upgrade, told_progress
from daemon.cycle.company import Company
from daemon.cycle.report import CycleReport
from daemon.cycle.schedule import Scheduler
from daemon.incident import watch_loop
from daemon.observe.lookout import Lookout
from daemon.reloading import (
    DISTRIBUTION,
    ChangeOver,
    Reloader,
    access_of,
    facts_of,
    instant,
    setting_of,
)
from daemon.supervise import Service, supervise
from daemon.systemd import (
    inherited,
    is_listening,
    notify,
    patience,
    status,
    watchdog,
    watchdog_s,
)
from daemon.webhooks.hooks import Webhooks
from ledger.model.errors import ConfigProblem, TrueupError
from ledger.model.ids import SystemName
from ledger.store.destroyed import refuse_destroyed_file
from ledger.store.key import load_or_create
from ledger.store.ledger import Ledger

_log = log.Log(__name__)

SOCKET_NAME = "control"
"""``FileDescriptorName=`` of the unit that opens the control socket."""
PACKAGES = ("daemon", "ledger", "tui")
"""Short names that somebody else may have taken too."""
GRACE_S = 8.0
"""For requests under way; none begins any more. One that takes longer is left with an open intent,
and the next start looks what became of it before anything is sent."""


@dataclass
class App:
    """One company, opened and ready to run."""

    loaded: Loaded
    clock: Clock
    ledger: Ledger
    keeper: Keeper
    scheduler: Scheduler
    hooks: Webhooks | None = None
    """The doorbells, while it serves."""

    @property
    def config(self) -> Config:
        return self.loaded.config

    async def run_once(self) -> CycleReport:
        """One cycle, without a control socket."""
        return await self.scheduler.run_now("once")

    async def run(self) -> None:
        """Serve until a signal comes."""
        config = self.config
        now = self.clock.now()
        facts = facts_of(self.loaded, started_at=instant(now), read_at=now)
        desk = Desk(keeper=self.keeper, scheduler=self.scheduler, clock=self.clock, facts=facts)
        conductor = Conductor(self.scheduler, setting_of(config))
        server = ControlServer(desk, config.places.socket, conductor, access_of(config))
        server.given = _given_socket(config)
        reloader = Reloader(self.loaded, server)
        desk.reload = reloader.asked_for
        lookout = Lookout(config, server, reloader)
        await server.start()
        try:
            services = self._services(server, conductor, reloader)
            services = [await self._doorbells(desk, reloader), *lookout.services(), *services]
            await lookout.start()
            await supervise(
                services,
                on_ready=self._ready,
                on_signal={signal.SIGHUP: reloader.ask},
            )
        finally:
            self.keeper.stop()
            await lookout.close()
            await server.close()
            if self.keeper.anchorage is not None:
                await self.keeper.anchorage.note()  # once more: nothing is appended any longer

    def _ready(self) -> None:
        config = self.config
        _log.info("ready", instance=config.instance, socket=str(config.places.socket))
        notify("READY=1\nSTATUS=ok; not compared yet")

    def _services(
        self, server: ControlServer, conductor: Conductor, reloader: Reloader
    ) -> list[Service]:
        desk = server.desk
        catalogue = conductor.running

        def rest() -> None:
            catalogue.stop()
            self.scheduler.stop()  # its cycle may be one of the job's: it ends like any other

        services = [
            Service("reload", reloader.run, reloader.stop, grace_s=5.0),
            Service("catalogue", catalogue.work, rest, grace_s=GRACE_S),
            Service("cycles", self.scheduler.run, self.scheduler.stop, grace_s=GRACE_S),
        ]
        if self.config.reload.watch:
            watch = ConfigWatch(self.loaded, on_good=reloader.good, on_bad=reloader.bad)
            services.insert(0, Service("config", watch.run, watch.stop, grace_s=5.0))
        if self.keeper.backups is not None:
            every = self.config.ledger.backup.every
            services.append(
                Service(
                    "backups",
                    lambda: self.keeper.make_copies(every),
                    self.keeper.stop,
                    grace_s=0.0,
                )
            )
        anchorage = self.keeper.anchorage
        if anchorage is not None and anchorage.places:
            services.append(Service("anchors", anchorage.keep_noting, lambda: None, grace_s=0.0))
        services.append(Service("lag", server.lag.run, lambda: None, grace_s=0.0))
        return [*services, *self._told_to_systemd(desk)]

    async def _doorbells(self, desk: Desk, reloader: Reloader) -> Service:
        """First to end: nobody is answered any more while the others come to their end."""
        hooks = self.hooks = Webhooks(make_doors(self.config), self.scheduler, self.clock)
        await hooks.start()
        desk.notices = lambda: hooks.tallies
        reloader.parts.append(_Doors(hooks))
        return Service("webhooks", hooks.run, lambda: None, grace_s=0.0)

    def _told_to_systemd(self, desk: Desk) -> Iterator[Service]:
        """Last, so that signs of life go on while the others end."""
        if is_listening():
            yield Service("status", lambda: tell(desk), lambda: None, grace_s=0.0)
        if (limit_s := watchdog_s()) is not None:
            alive = self.ledger.is_writing
            yield Service("watchdog", lambda: watchdog(limit_s, alive), lambda: None, grace_s=0.0)


class _Doors:
    """The doorbells, as the configuration in force says."""

    def __init__(self, hooks: Webhooks) -> None:
        self._hooks = hooks

    async def prepare(self, config: Config, undo: AsyncExitStack) -> ChangeOver:
        return await self._hooks.prepare(make_doors(config), undo)


@asynccontextmanager
async def opened(loaded: Loaded, clock: Clock) -> AsyncIterator[App]:
    """Everything that one company needs, closed again in any case."""
    config = loaded.config
    places = config.places
    _make_private(places)
    async with AsyncExitStack() as stack:
        key = _key(places)
        async with patience("opening the ledger"):
            await copy_before_upgrade(
                places.ledger, key=key, now=clock.now(), folder=places.backups
            )
            ledger = await Ledger.open(
                places.ledger, now=clock.now, key=key, progress=told_progress()
            )
        stack.push_async_callback(ledger.close)
        connectors: dict[SystemName, Connector] = {}
        for connector in _connectors(config, clock):
            stack.push_async_callback(connector.close)
            connectors[connector.name] = connector
        company = Company(
            ledger=ledger,
            connectors=connectors,
            policy=make_policy(config),
            clock=clock,
            home_currency=config.company.home_currency,
            deciding=deciding_bytes(config),
            calendar=make_calendar(config),
            min_free=config.ledger.min_free,
        )
        scheduler = Scheduler(
            company,
            poll_s=config.schedule.poll.total_seconds(),
            full_at=config.schedule.full_sweep,
            timezone=ZoneInfo(config.company.timezone),
        )
        keeper = Keeper(
            ledger=ledger,
            key=key,
            clock=clock,
            backups=places.backups,
            keep=config.ledger.backup.keep,
            keep_for=config.ledger.backup.keep_for,
            anchorage=Anchorage(ledger, clock, config.instance, list(_anchors(config))),
        )
        yield App(loaded=loaded, clock=clock, ledger=ledger, keeper=keeper, scheduler=scheduler)


async def run(
    config_path: Path, *, once: bool = False, clock: Clock | None = None, instance: str = ""
) -> CycleReport | None:
    """Run the daemon until a signal comes, or one cycle; the report of that cycle.

    ``instance``: the only one that the configuration may be of. ``clock``: one that passes faster.
    """
    os.umask(0o077)
    # A core file would hold keys and records in the clear.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        check_owners()
        loaded = load(config_path)
        _check_instance(loaded, instance)
        config = loaded.config
        log.setup(config.log.level, config.log.format, instance=config.instance)
        watch_loop(asyncio.get_running_loop())
        async with opened(loaded, clock or SystemClock()) as app:
            if once:
                return await app.run_once()
            await app.run()
    except ConfigProblem as problem:
        more = len(problem.problems) - 1
        status(f"{problem.problems[0]}{f' (and {more} more)' if more else ''}")
        raise
    except TrueupError as error:
        status(f"{error}")
        raise
    return None


def _check_instance(loaded: Loaded, instance: str) -> None:
    """One unit started with the file of another would write into its books."""
    if instance and loaded.config.instance != instance:
        raise ConfigProblem(
            [
                f"{loaded.path}: instance: is {loaded.config.instance}, and was started as "
                f"{instance}: name the right file, or correct the key"
            ]
        )


def check_owners() -> None:
    """Refuse to run mixed with another distribution that ships packages of our names."""
    owners = packages_distributions()
    for package in PACKAGES:
        others = sorted(set(owners.get(package, ())) - {DISTRIBUTION})
        if others:
            raise ConfigProblem(
                [
                    f"the package {package!r} is also installed by {', '.join(others)}: install "
                    f"{DISTRIBUTION} in an environment of its own"
                ]
            )


def open_vault(config: Config) -> FileVault:
    """Where the login of this company is kept. ``ConfigProblem`` when its key cannot be had."""
    key, former = config.vault.key, config.vault.former_key
    return FileVault(
        config.state_dir / "vault",
        system="qbo",
        realm=config.qbo.realm_id,
        key=key_from(key.resolve(), "vault.key") if key is not None else None,
        former_key=key_from(former.resolve(), "vault.former_key") if former is not None else None,
    )


def _connectors(config: Config, clock: Clock) -> list[Connector]:
    vault = open_vault(config)
    connectors: list[Connector] = [QboConnector.open(config.qbo, clock=clock, tokens=vault)]
    if config.dear is not None:
        connectors.append(DearConnector.open(config.dear, clock=clock))
    return connectors


def _anchors(config: Config) -> Iterator[Place]:
    for one in config.ledger.anchor:
        if one.file is not None:
            yield InFile(one.file)
        if one.journal:
            yield InJournal()
        if one.exec is not None:
            yield ByCommand(one.exec)


def _given_socket(config: Config) -> socket.socket | None:
    """The control socket that systemd opened, when it did."""
    given = inherited(SOCKET_NAME)
    if given is None:
        return None
    path = config.places.socket
    if given.getsockname() != str(path):
        raise ConfigProblem(
            [
                f"control.socket: systemd listens on {given.getsockname()}, the configuration "
                f"says {path}: set control.socket: {given.getsockname()}"
            ]
        )
    return given


def _make_private(places: Places) -> None:
    folder = places.state_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise ConfigProblem([f"state_dir: {folder}: {error.strerror}"]) from error
    if mode & 0o022:
        raise ConfigProblem([f"state_dir: others may write to {folder}: run: chmod 700 {folder}"])


def _key(places: Places) -> bytes:
    if places.ledger.exists() and not places.key.exists():
        refuse_destroyed_file(places.ledger)
        raise ConfigProblem(
            [
                f"{places.key}: the key of the ledger {places.ledger} is not there: put it back; "
                "a new key could not read what is there"
            ]
        )
    return load_or_create(places.key)
