"""A ledger that an earlier version wrote: copied as it is before it is changed, and told how far.

Runs before anything else has the ledger. Must not change it; opening it does.
"""

import asyncio
from contextlib import closing
from datetime import datetime
from pathlib import Path

from daemon.log import Log
from daemon.systemd import status
from ledger.store.backup import backup_file
from ledger.store.engine import reading, trouble_named
from ledger.store.errors import LedgerUnavailable
from ledger.store.migrate import file_version, known_version
from ledger.store.shadow import Progress

_STAMP = "%Y%m%dT%H%M%SZ"
_log = Log(__name__)


def old_format(ledger: Path) -> int:
    """The format of the file when this version would change it; 0 when it would not."""
    if not ledger.exists():
        return 0
    with trouble_named(ledger), closing(reading(ledger)()) as db:
        version = file_version(db)
    return version if 0 < version < known_version() else 0


async def copy_before_upgrade(
    ledger: Path, *, key: bytes, now: datetime, folder: Path | None
) -> Path | None:
    """A proved copy of a ledger that is about to be upgraded, in ``folder`` or beside it, for the
    way back to the version that wrote it; None when nothing will be changed.

    Raises ``LedgerUnavailable`` when it cannot be made: then nothing is upgraded either.
    """
    version = await asyncio.to_thread(old_format, ledger)
    if not version:
        return None
    name = f"{ledger.stem}.format-{version}-{now:{_STAMP}}.backup"
    target = (folder or ledger.parent) / name
    status(f"upgrading the ledger from format {version} to {known_version()}: copying it first")
    try:
        made = await asyncio.to_thread(backup_file, ledger, target, now=now, key=key)
    except (OSError, LedgerUnavailable) as error:
        raise LedgerUnavailable(
            f"the ledger has to be upgraded, and no copy of it could be made at {target}: {error}",
            cure="Make room there, or set ledger.backup.folder to a folder on another disk.",
        ) from error
    _log.info("copied before upgrade", entries=made.entries, bytes=made.bytes, file=str(target))
    return target


def told_progress() -> Progress:
    """Says in systemd's status how far an upgrade is, each hundredth once."""
    told = -1

    def step(done: int, total: int) -> None:
        nonlocal told
        share = 100 * done // max(1, total)
        if share != told:
            told = share
            status(f"upgrading the ledger: {share}% of {total:,} entries folded again")

    return step
