"""The composition root: opens everything in order, runs it, closes it in the opposite order.

The only module that knows every concrete class. Must not decide anything about records.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import packages_distributions, version
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon import log
from daemon.catalogue.conduct import Conductor, Setting
from daemon.clock import Clock, SystemClock
from daemon.config.load import Loaded, load
from daemon.config.model import Config
from daemon.config.places import Places
from daemon.config.policy import deciding_bytes, make_calendar, make_policy
from daemon.config.watch import ConfigWatch, changed_sections
from daemon.connectors.base import Connector
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault
from daemon.control.desk import Desk, Facts
from daemon.control.keeping import Keeper
from daemon.control.protocol_live import Role
from daemon.control.roles import Access, access
from daemon.control.server import ControlServer
from daemon.cycle.company import Company
from daemon.cycle.report import CycleReport
from daemon.cycle.schedule import Scheduler
from daemon.supervise import Service, notify, supervise
from ledger.model.errors import ConfigProblem
from ledger.model.ids import SystemName
from ledger.store.key import load_or_create
from ledger.store.ledger import Ledger

_log = log.Log(__name__)

LIVE_SECTIONS = ("schedule", "kinds", "names", "limits", "approvals", "roles", "log")
"""Sections that take effect between two cycles; a change of any other needs a restart."""
DISTRIBUTION = "trueup"
PACKAGES = ("daemon", "ledger", "tui")
"""Short names that somebody else may have taken too."""
GRACE_S = 180.0
"""A request under way may take 130 seconds to end, and its end must be written down."""


@dataclass
class App:
    """One company, opened and ready to run."""

    loaded: Loaded
    clock: Clock
    ledger: Ledger
    keeper: Keeper
    scheduler: Scheduler

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
        facts = _facts(self.loaded, started_at=_instant(now), read_at=now)
        desk = Desk(keeper=self.keeper, scheduler=self.scheduler, clock=self.clock, facts=facts)
        conductor = Conductor(self.scheduler, _setting(config))
        server = ControlServer(desk, config.places.socket, conductor, _access(config))
        await server.start()
        try:
            await supervise(self._services(server, conductor), on_ready=self._ready)
        finally:
            self.keeper.stop()
            await server.close()

    def _ready(self) -> None:
        config = self.config
        _log.info("ready", instance=config.instance, socket=str(config.places.socket))
        notify("READY=1")

    def _services(self, server: ControlServer, conductor: Conductor) -> list[Service]:
        desk = server.desk
        catalogue = conductor.running

        def rest() -> None:
            catalogue.stop()
            self.scheduler.stop()  # its cycle may be one of the job's: it ends like any other

        services = [
            Service("catalogue", catalogue.work, rest, grace_s=GRACE_S),
            Service("cycles", self.scheduler.run, self.scheduler.stop, grace_s=GRACE_S),
        ]
        if self.config.reload.watch:
            good = self._changed(server, conductor)
            watch = ConfigWatch(self.loaded, on_good=good, on_bad=_refused(desk))
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
        services.append(Service("lag", server.lag.run, lambda: None, grace_s=0.0))
        return services

    def _changed(self, server: ControlServer, conductor: Conductor) -> "_OnGood":
        return _OnGood(self, server, conductor)


@dataclass
class _OnGood:
    """A new configuration is valid: take what can be taken now, name what needs a restart."""

    app: App
    server: ControlServer
    conductor: Conductor

    async def __call__(self, new: Loaded) -> None:
        app, desk = self.app, self.server.desk
        if (problems := self._admit(new.config)) is not None:
            _refused(desk)(problems)
            return
        changed = changed_sections(app.loaded, new)
        live = {name: getattr(new.config, name) for name in changed if name in LIVE_SECTIONS}
        later = [name for name in changed if name not in LIVE_SECTIONS]
        config = app.config.model_copy(update=live)
        app.loaded = replace(new, config=config)
        if live:
            app.scheduler.swap(make_policy(config), deciding_bytes(config))
            app.scheduler.reschedule(
                poll_s=config.schedule.poll.total_seconds(),
                full_at=config.schedule.full_sweep,
                calendar=make_calendar(config),
            )
            app.scheduler.nudge("configuration")
            self.conductor.setting = _setting(config)
            log.setup(config.log.level, config.log.format)
        desk.facts = _facts(app.loaded, started_at=desk.facts.started_at, read_at=app.clock.now())
        desk.config_problems = tuple(
            f"{name}: changed on disk; takes effect when the daemon is started again"
            for name in later
        )
        _log.info("configuration read", live=" ".join(live) or None, later=" ".join(later) or None)

    def _admit(self, new: Config) -> tuple[str, ...] | None:
        """Whom the new file lets in, from now on; the problems when that cannot be done."""
        # The socket stays where it is, and who may open it goes by the old section: a change of
        # ``control`` needs a restart.
        config = new.model_copy(update={"control": self.app.config.control})
        try:
            rules = _access(config)
            if rules != self.server.access:
                self.server.admit(rules)
        except ConfigProblem as problem:
            _log.warning("configuration refused; the old one stays", count=len(problem.problems))
            return tuple(problem.problems)
        return None


def _refused(desk: Desk) -> Callable[[Sequence[str]], None]:
    def keep(problems: Sequence[str]) -> None:
        desk.config_problems = tuple(problems)

    return keep


@asynccontextmanager
async def opened(loaded: Loaded, clock: Clock) -> AsyncIterator[App]:
    """Everything that one company needs, closed again in any case."""
    config = loaded.config
    places = config.places
    _make_private(places)
    async with AsyncExitStack() as stack:
        key = _key(places)
        ledger = await Ledger.open(places.ledger, now=clock.now, key=key)
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
        )
        yield App(loaded=loaded, clock=clock, ledger=ledger, keeper=keeper, scheduler=scheduler)


async def run(config_path: Path, *, once: bool = False, scale: float = 1.0) -> CycleReport | None:
    """Run the daemon until a signal comes, or one cycle; the report of that cycle."""
    os.umask(0o077)
    check_owners()
    loaded = load(config_path)
    log.setup(loaded.config.log.level, loaded.config.log.format)
    async with opened(loaded, SystemClock(scale)) as app:
        if once:
            return await app.run_once()
        await app.run()
    return None


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


def _connectors(config: Config, clock: Clock) -> list[Connector]:
    vault = FileVault(config.state_dir / "vault", system="qbo", realm=config.qbo.realm_id)
    connectors: list[Connector] = [QboConnector.open(config.qbo, clock=clock, tokens=vault)]
    if config.dear is not None:
        connectors.append(DearConnector.open(config.dear, clock=clock))
    return connectors


def _access(config: Config) -> Access:
    given = config.roles.by_role if config.roles is not None else {}
    keys = {"view": Role.VIEWER, "operate": Role.OPERATOR, "admin": Role.ADMIN}
    return access(
        {keys[key]: group for key, group in given.items()},
        socket_group=config.control.group or "",
        allow_root=config.approvals.allow_root,
        people=config.approvals.catalogue,
    )


def _facts(loaded: Loaded, *, started_at: str, read_at: datetime) -> Facts:
    config = loaded.config
    return Facts(
        instance=config.instance,
        company=config.company.display_name,
        version=version(DISTRIBUTION),
        approvals_expire_after=config.approvals.expire_after,
        timezone=config.company.timezone,
        started_at=started_at,
        config_path=str(loaded.path.absolute()),
        config_read_at=_instant(read_at),
    )


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _setting(config: Config) -> Setting:
    return Setting(
        company=config.company.display_name,
        people=config.approvals.catalogue,
        expire_after=config.approvals.expire_after,
        batches_per_minute=config.qbo.rates.batches_per_minute,
    )


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
        raise ConfigProblem(
            [
                f"{places.key}: the key of the ledger {places.ledger} is not there: put it back; "
                "a new key could not read what is there"
            ]
        )
    return load_or_create(places.key)
