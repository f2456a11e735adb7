"""The configuration while the daemon runs: read anew, judged, and put in force between two cycles.

One path for a changed file, a signal and the control socket. A file with problems changes nothing
and is told until it is mended. Must not decide about records.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Protocol, TypeAlias

import msgspec

from daemon import log
from daemon.catalogue.conduct import Setting
from daemon.config.changes import Changes, changes, section_of
from daemon.config.load import Loaded, load, parse
from daemon.config.model import Config
from daemon.config.policy import deciding_bytes, make_calendar, make_policy
from daemon.control.desk import Actor, Facts
from daemon.control.protocol_live import Role
from daemon.control.protocol_reload import ReloadAnswer, ReloadRequest
from daemon.control.roles import Access, access
from daemon.control.server import ControlServer
from daemon.systemd import reloading
from ledger.model.errors import ConfigProblem
from ledger.model.ids import Digest, OperationId
from ledger.model.plans import Operation
from ledger.store.views import Views

DISTRIBUTION = "trueup"
WAIT_S = 20.0
"""So long an answer waits for the cycle under way; what it asked for goes on without it."""
MOST_SHOWN = 100
MOST_PENDING = 100_000
PENDING = ("planned", "waiting", "approved")

_log = log.Log(__name__)

ChangeOver: TypeAlias = Callable[[], Awaitable[None]]


class Part(Protocol):
    """Something that goes by sections of the configuration and can change over while it runs."""

    async def prepare(self, config: Config, undo: AsyncExitStack) -> ChangeOver:
        """Open what ``config`` asks for beside what is in force. What is given back changes over
        and cannot fail; ``undo`` closes again what was opened, should another part refuse.

        ``ConfigProblem`` when it cannot be had: then nothing has changed.
        """
        ...


class Reloader:
    """Owns the configuration in force. What it could not take at once it names."""

    def __init__(self, loaded: Loaded, server: ControlServer) -> None:
        self.loaded = loaded
        """As in force: sections that need a restart are those of the start."""
        self._server = server
        self._desk = server.desk
        self._turn = asyncio.Lock()
        self._asked = asyncio.Event()
        self._stopping = False
        self._work: asyncio.Future[bool] | None = None
        self.parts: list[Part] = []
        """Asked before a configuration is put in force; one that refuses refuses all of it."""
        self.last_ok = True
        self.last_good_at: datetime = server.desk.now()
        self.refused_count = 0
        """Files with problems that were met since the start."""

    def ask(self) -> None:
        """Read the file soon (SIGHUP)."""
        self._asked.set()

    def stop(self) -> None:
        self._stopping = True
        self._asked.set()

    async def run(self) -> None:
        """Do what was asked for by ``ask`` until ``stop``."""
        while not self._stopping:
            await self._asked.wait()
            self._asked.clear()
            if not self._stopping:
                await self.read_again(wait=False, by="signal")

    async def asked_for(self, actor: Actor, request: ReloadRequest) -> ReloadAnswer:
        """For the control socket."""
        if request.dry_run:
            return await self._rehearsed(request.content)
        return await self.read_again(wait=request.wait, by=f"uid {actor.uid}")

    async def read_again(self, *, wait: bool, by: str) -> ReloadAnswer:
        """Read the file now, and say what became of it."""
        async with self._turn:
            with reloading():
                try:
                    new = load(self.loaded.path)
                except ConfigProblem as problem:
                    return self._refused(problem.problems)
                return await self._take(new, wait=wait, by=by)

    async def _rehearsed(self, content: str | None) -> ReloadAnswer:
        """What reading the file (or ``content`` in its place) would come to. Changes nothing."""
        path = self.loaded.path
        try:
            if content is None:
                new = load(path).config
            else:
                folder = path.resolve().parent
                new = parse(content.encode(), name="the file given", folder=folder)
            found = changes(self.loaded.config, new)
            access_of(self._in_force(new, found))
        except ConfigProblem as problem:
            answer = self._answer(ok=False, problems=tuple(problem.problems))
        else:
            before = await self._desk.ledger.ask(self.approved) if found.deciding else {}
            answer = self._answer(
                applied=found.live,
                restart=found.restart,
                in_force=False,
                approved=len(before),
            )
        return msgspec.structs.replace(answer, dry_run=True)

    def _in_force(self, new: Config, found: Changes) -> Config:
        """The configuration in force with those sections of ``new`` that need no restart."""
        sections = {section_of(key) for key in found.live}
        live = {name: getattr(new, name) for name in sections}
        return self.loaded.config.model_copy(update=live)

    async def good(self, new: Loaded) -> None:
        """The watched file changed, and is valid."""
        async with self._turn:
            with reloading():
                await self._take(new, wait=False, by="file")

    def bad(self, problems: Sequence[str]) -> None:
        """The watched file changed, and is not."""
        with reloading():
            self._refused(problems)

    def _refused(self, problems: Sequence[str]) -> ReloadAnswer:
        _log.warning("configuration refused; the old one stays", count=len(problems))
        self._desk.config_problems = tuple(problems)
        self.last_ok = False
        self.refused_count += 1
        return self._answer(ok=False, problems=tuple(problems))

    async def _take(self, new: Loaded, *, wait: bool, by: str) -> ReloadAnswer:
        found = changes(self.loaded.config, new.config)
        config = self._in_force(new.config, found)
        try:
            async with AsyncExitStack() as undo:
                over = [await part.prepare(config, undo) for part in self.parts]
                # The socket stays where it is, and who may open it goes by the old section: a
                # change of ``control`` needs a restart.
                if (rules := access_of(config)) != self._server.access:
                    self._server.admit(rules)
                undo.pop_all()
        except ConfigProblem as problem:
            return self._refused(problem.problems)
        for change_over in over:
            await change_over()
        self.loaded = replace(new, config=config)
        if found.live:
            self._put_in_force(config)
        self._tell(found, by)
        if wait and found.live:
            return await self._waited(found)
        return self._answer(applied=found.live, restart=found.restart, in_force=not found.live)

    def _put_in_force(self, config: Config) -> None:
        scheduler = self._desk.scheduler
        scheduler.swap(make_policy(config), deciding_bytes(config))
        scheduler.reschedule(
            poll_s=config.schedule.poll.total_seconds(),
            full_at=config.schedule.full_sweep,
            calendar=make_calendar(config),
        )
        scheduler.nudge("configuration")
        if self._server.conductor is not None:
            self._server.conductor.setting = setting_of(config)
        log.setup(config.log.level, config.log.format, instance=config.instance)

    def _tell(self, found: Changes, by: str) -> None:
        desk = self._desk
        self.last_ok, self.last_good_at = True, desk.now()
        started_at = desk.facts.started_at
        desk.facts = facts_of(self.loaded, started_at=started_at, read_at=desk.now())
        later = dict.fromkeys(section_of(key) for key in found.restart)
        desk.config_problems = tuple(
            f"{name}: changed on disk; takes effect when the daemon is started again"
            for name in later
        )
        live = " ".join(dict.fromkeys(section_of(key) for key in found.live))
        _log.info("configuration read", by=by, live=live or None, later=" ".join(later) or None)

    async def _waited(self, found: Changes) -> ReloadAnswer:
        """The answer once the new rules are in force, and what waits is planned by them."""
        scheduler = self._desk.scheduler
        before = await self._desk.ledger.ask(self.approved) if found.deciding else {}
        work = asyncio.ensure_future(self._planned_anew(bool(before)))
        self._work = work  # goes on when nobody waits any more
        done, _ = await asyncio.wait({work}, timeout=WAIT_S)
        answer = self._answer(
            applied=found.live,
            restart=found.restart,
            in_force=not scheduler.has_rules_to_take,
            approved=len(before),
        )
        if not done or work.exception() is not None or not work.result():
            return answer
        gone = await self._desk.ledger.ask(lambda views: void(views, before)) if before else []
        if gone is None:
            return answer
        return msgspec.structs.replace(answer, void=tuple(gone[:MOST_SHOWN]), void_count=len(gone))

    async def _planned_anew(self, with_cycle: bool) -> bool:
        """Whether what the answer tells about approvals can be known."""
        scheduler = self._desk.scheduler
        await scheduler.take_rules()
        if not with_cycle:
            return True
        report = await scheduler.run_now("configuration")
        return report is not None and report.complete

    def approved(self, views: Views) -> dict[OperationId, Operation]:
        """What a person said yes to and nobody sent yet."""
        said = views.approvals(self._desk.now())
        pending = _pending(views).values() if said else ()
        return {one.id: one for one in pending if one.digest in said}

    def _answer(
        self,
        *,
        ok: bool = True,
        applied: tuple[str, ...] = (),
        restart: tuple[str, ...] = (),
        in_force: bool = True,
        approved: int = 0,
        problems: tuple[str, ...] = (),
    ) -> ReloadAnswer:
        return ReloadAnswer(
            as_of=self._desk.now(),
            ok=ok,
            file=str(self.loaded.path.absolute()),
            applied=applied,
            restart=restart,
            in_force=in_force,
            approved=approved,
            problems=problems,
        )


def void(views: Views, before: dict[OperationId, Operation]) -> list[str] | None:
    """Of what was approved, what the plan does not want any more in that form; None while
    records still have to be looked at by the new rules."""
    if views.dirty_count():
        return None
    left = _pending(views)
    gone = []
    for operation, approved in before.items():
        if approved.digest in left:
            continue
        row = views.operation(operation)
        if row is None or row.state in {*PENDING, "withdrawn"}:  # else it was sent meanwhile
            gone.append(f"{approved.digest[:12]} {approved.label}")
    return gone


def _pending(views: Views) -> dict[Digest, Operation]:
    """What was planned and not sent, by digest."""
    rows = views.brief_operations(states=PENDING, limit=MOST_PENDING)
    return {row.operation.digest: row.operation for row in rows}


def access_of(config: Config) -> Access:
    """Whom a configuration lets in; ``ConfigProblem`` when it names unknown groups."""
    given = config.roles.by_role if config.roles is not None else {}
    keys = {"view": Role.VIEWER, "operate": Role.OPERATOR, "admin": Role.ADMIN}
    return access(
        {keys[key]: group for key, group in given.items()},
        socket_group=config.control.group or "",
        allow_root=config.approvals.allow_root,
        people=config.approvals.catalogue,
    )


def facts_of(loaded: Loaded, *, started_at: str, read_at: datetime) -> Facts:
    """What the desk says about this installation."""
    config = loaded.config
    return Facts(
        instance=config.instance,
        company=config.company.display_name,
        version=version(DISTRIBUTION),
        approvals_expire_after=config.approvals.expire_after,
        timezone=config.company.timezone,
        badge="" if config.company.badge == "none" else config.company.badge,
        started_at=started_at,
        config_path=str(loaded.path.absolute()),
        config_read_at=instant(read_at),
    )


def instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def setting_of(config: Config) -> Setting:
    """What a re-export of the catalogue goes by."""
    return Setting(
        company=config.company.display_name,
        people=config.approvals.catalogue,
        expire_after=config.approvals.expire_after,
        batches_per_minute=config.qbo.rates.batches_per_minute,
    )
