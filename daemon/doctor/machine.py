"""The machine: room on its disks, and packages that would be mistaken for ours.

Only looks. What a stopped disk does to a ledger stands in docs/administration.md.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from daemon.app import check_owners
from daemon.config.places import Places
from daemon.doctor.check import Check, bad, ok, skipped, warn
from ledger.model.errors import ConfigProblem

MIB = 1024 * 1024
LEAST_FREE = 256 * MIB
"""Below this a first load, or a checkpoint, may not find room."""


def check_packages() -> Check:
    """Another distribution's package of our name would be imported in place of ours."""
    try:
        check_owners()
    except ConfigProblem as problem:
        return bad(
            "packages",
            "; ".join(problem.problems),
            "install trueup with pipx or uv tool, in an environment of its own",
        )
    return ok("packages", "daemon, ledger and tui are ours")


def check_room(places: Places) -> Iterator[Check]:
    """Is there room for the ledger to grow, and for a copy of it?"""
    size = ledger_bytes(places.ledger)
    yield _room("disk of the ledger", places.ledger.parent, size)
    if places.backups is None:
        return
    yield _room("disk of the backups", places.backups, size)
    if _device(places.backups) == _device(places.ledger.parent) is not None:
        yield warn(
            "disk of the backups",
            f"{places.backups} is on the disk of the ledger: both are lost together",
            "set ledger.backup.folder to a folder on another disk, or copy it elsewhere",
        )


def ledger_bytes(path: Path) -> int:
    """Size of the database with what SQLite keeps beside it; 0 when there is none."""
    size = 0
    for suffix in ("", "-wal", "-shm"):
        try:
            size += path.with_name(path.name + suffix).stat().st_size
        except OSError:
            continue
    return size


def _room(name: str, folder: Path, size: int) -> Check:
    near = _existing(folder)
    try:
        free = shutil.disk_usage(near).free
    except OSError as error:
        return skipped(name, f"{near}: {error.strerror}")
    found = f"{free // MIB} MiB free at {near}, the ledger has {size // MIB} MiB"
    if free < LEAST_FREE:
        return bad(
            name,
            found,
            "make room before writing stops: trueup writes nothing remotely "
            "while the ledger cannot be written",
        )
    if free < size:
        return warn(name, f"{found}: a copy would not fit", "make room, or use a larger disk")
    return ok(name, found)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))


def _device(folder: Path) -> int | None:
    try:
        return os.stat(_existing(folder)).st_dev
    except OSError:
        return None
