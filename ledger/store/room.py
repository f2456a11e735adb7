"""Whether the disk under the ledger has room for what comes back, asked before anything is sent."""

import os
from pathlib import Path

from ledger.store.errors import LedgerUnavailable

_MIB = 1024 * 1024


def require_room(path: Path, least: int) -> None:
    """``LedgerUnavailable`` when fewer than ``least`` bytes are free for this process on the
    ledger's disk, or when it is mounted read-only. Costs microseconds."""
    try:
        disk = os.statvfs(path.parent)
    except OSError as error:
        raise LedgerUnavailable(
            f"{path.parent} cannot be looked at: {error.strerror}", cure=LedgerUnavailable.CURE
        ) from error
    if disk.f_flag & os.ST_RDONLY:
        raise LedgerUnavailable(
            f"the disk of {path} is mounted read-only; nothing is sent",
            cure="Mount it writable (dmesg tells why the system made it read-only); work goes on "
            "by itself then.",
        )
    free = disk.f_bavail * disk.f_frsize
    if free < least:
        raise LedgerUnavailable(
            f"the disk of {path} has {free // _MIB} MiB left and ledger.min_free is "
            f"{least // _MIB} MiB; nothing is sent",
            cure="Make room on it, or set ledger.min_free lower; work goes on by itself then.",
        )
