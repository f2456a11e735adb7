"""Care of the ledger while the daemon runs: proof, copies, export. Never changes an entry."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from daemon.clock import Clock
from daemon.control.anchoring import Anchorage
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_ledger import BackupAnswer, VerifyAnswer
from daemon.log import Log
from ledger.model.errors import TrueupError
from ledger.store.backup import backup_file, leftovers, manifest_path
from ledger.store.errors import LedgerUnavailable
from ledger.store.export import export
from ledger.store.ledger import Ledger
from ledger.store.verify import verify_file

_log = Log(__name__)
_STAMP = "%Y%m%dT%H%M%SZ"
CHUNK = 256 * 1024
BACKUP_KEY, VERIFIED_KEY = "last_backup", "last_verify"
"""When a proved copy was made last, and when the whole journal was last found sound."""
DAMAGED_KEY = "verify_failed"
"""When the journal was found damaged; empty once it was found sound again."""
RETRY_AFTER = timedelta(minutes=15)
"""A backup that failed is tried again so soon; a full disk may have room by then."""
LEFT_FOR_GOOD = timedelta(hours=6)
"""Half a copy that nobody wrote to for so long is of a process that was killed."""


class Interrupted(TrueupError):
    """The daemon is stopping; the ledger is as it was."""


@dataclass
class Keeper:
    """Works on the ledger's file in threads of its own, beside the writer."""

    ledger: Ledger
    key: bytes
    clock: Clock
    backups: Path | None = None
    keep: int = 35
    keep_for: timedelta | None = None
    anchorage: Anchorage | None = None
    backup_problem: str = ""
    """Why the newest scheduled backup failed; empty once one was made."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Everybody may ask for a proof, and each takes a thread and the disk."""

    def stop(self) -> None:
        """Let a long look or copy end at its next step."""
        self._stopping.set()

    async def verify(self) -> VerifyAnswer:
        async with self._one_at_a_time:
            report = await asyncio.to_thread(
                verify_file, self.ledger.path, key=self.key, progress=self._step
            )
        if report.is_sound:
            await self._remember(VERIFIED_KEY)
        if report.is_sound != (await self.found_damaged_at() == ""):
            await self._remember(DAMAGED_KEY, forget=report.is_sound)
        return VerifyAnswer(
            as_of=self.clock.now(),
            ok=report.is_sound,
            entries=report.entries,
            head_hash=report.head,
            problems=report.problems,
            erased_payloads=report.erased,
        )

    async def backup(self, to: str = "") -> BackupAnswer:
        """A proved copy at ``to``, or in the configured folder under a name of its own."""
        target = Path(to) if to else self._next_copy()
        if not target.is_absolute():
            raise Declined(Code.BAD_REQUEST, f"{to} is not a whole path, from / on")
        try:
            manifest = await asyncio.to_thread(
                backup_file,
                self.ledger.path,
                target,
                now=self.clock.now(),
                key=self.key,
                progress=self._step,
            )
        except OSError as error:
            if isinstance(error, FileExistsError) and target.exists():
                raise Declined(Code.GUARDED, str(error), cure="choose another name") from error
            raise Declined(Code.IO, f"{target} cannot be written: {error.strerror}") from error
        await self._remember(BACKUP_KEY)
        await self.ledger.fold_log()  # the copy held it: only now may it become short
        self.backup_problem = ""
        if self.anchorage is not None:
            await self.anchorage.note()
        return BackupAnswer(
            as_of=self.clock.now(),
            path=str(target),
            entries=manifest.entries,
            bytes=manifest.bytes,
            sha256=manifest.sha256,
        )

    async def export(self, *, bodies: bool = False) -> AsyncGenerator[bytes, None]:
        """The journal as JSON lines. Goes through a file, so that a slow reader costs no memory."""
        with tempfile.TemporaryFile(dir=self.ledger.path.parent) as spool:
            await export(self.ledger, spool, bodies=bodies, progress=self._step)
            spool.seek(0)
            while chunk := spool.read(CHUNK):
                yield chunk

    async def make_copies(self, every: timedelta) -> None:
        """Back up at once when the newest copy is too old, then at intervals, until cancelled."""
        while not self._stopping.is_set():
            wait = self._until_next(every)
            if wait > 0:
                await self.clock.sleep(wait)
                continue
            if await self.make_one():
                self.prune()
                await self.clock.sleep(every.total_seconds())
            else:
                await self.clock.sleep(min(every, RETRY_AFTER).total_seconds())

    async def make_one(self) -> bool:
        """A copy in the configured folder; what went wrong is remembered in ``backup_problem``."""
        try:
            made = await self.backup()
        except Interrupted:
            return False
        except (TrueupError, OSError) as error:
            self.backup_problem = str(error)
            _log.error("backup failed", error=type(error).__name__, reason=str(error))
            return False
        _log.info("backup made", entries=made.entries, bytes=made.bytes)
        return True

    @property
    def anchor_problems(self) -> tuple[str, ...]:
        """Places where the newest head could not be noted, each with its reason."""
        failed = {} if self.anchorage is None else self.anchorage.failed
        return tuple(f"{place}: {why}" for place, why in failed.items())

    async def found_damaged_at(self) -> str:
        """RFC 3339 instant of the proof that failed, unless a later one went well."""
        found = await self.ledger.ask(lambda views: views.runtime(DAMAGED_KEY))
        return (found or b"").decode()

    async def _remember(self, key: str, *, forget: bool = False) -> None:
        """Beside the journal, for it says nothing about records; not kept by a ledger that cannot
        be written just now."""
        draft = self.ledger.draft(actor="daemon")
        now = self.clock.now().isoformat(timespec="seconds").encode()
        draft.runtime(key, b"" if forget else now)
        try:
            await self.ledger.append(draft)
        except LedgerUnavailable as error:
            _log.warning("not remembered", what=key, error=type(error).__name__)

    def _step(self, _done: int, _total: int) -> None:
        if self._stopping.is_set():
            raise Interrupted

    def _next_copy(self) -> Path:
        if self.backups is None:
            raise Declined(
                Code.BAD_REQUEST,
                "no folder for backups is configured",
                cure="name a file, or set ledger.backup.folder in the configuration",
            )
        return self.backups / f"{self.ledger.path.stem}-{self.clock.now():{_STAMP}}.backup"

    def _copies(self) -> list[Path]:
        """Our own copies, oldest first: their names sort by time."""
        if self.backups is None:
            return []
        return sorted(self.backups.glob(f"{self.ledger.path.stem}-*Z.backup"))

    def _until_next(self, every: timedelta) -> float:
        copies = self._copies()
        if not copies:
            return 0.0
        age = self.clock.now().timestamp() - copies[-1].stat().st_mtime
        # Below zero: the clock was ahead when it was made.
        return max(0.0, every.total_seconds() - max(0.0, age))

    def prune(self) -> None:
        """Remove our own copies beyond ``keep`` or older than ``keep_for``, the newest never; and
        what a process that was killed left of one."""
        copies = self._copies()
        old = copies[: -self.keep]
        if self.keep_for is not None:
            limit = self.clock.now() - self.keep_for
            old += [one for one in copies[-self.keep : -1] if _made_at(one) < limit.timestamp()]
        for one in old:
            manifest_path(one).unlink(missing_ok=True)
            one.unlink(missing_ok=True)
            _log.info("old backup removed", name=one.name)
        if self.backups is None:
            return
        limit = self.clock.now() - LEFT_FOR_GOOD
        for half in leftovers(self.backups, f"{self.ledger.path.stem}-*Z.backup"):
            if _made_at(half) < limit.timestamp():
                half.unlink(missing_ok=True)
                _log.info("half a backup removed", name=half.name)


def _made_at(path: Path) -> float:
    """Seconds since 1970; 0 when it went away meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
