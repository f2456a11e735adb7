"""One writing process per ledger: an advisory lock that dies with its holder.

The file beside the ledger says who holds it; what counts is the kernel's lock, so a file left
behind by a crash locks nobody out.
"""

import fcntl
import os
import socket
from datetime import datetime
from pathlib import Path

import msgspec

from ledger.store.errors import LedgerLocked


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes a ledger."""

    pid: int
    host: str
    started: str


def lock_path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".lock")


class Lock:
    """The right to write one ledger, from ``take`` until ``release``."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    @classmethod
    def take(cls, ledger: Path, *, now: datetime) -> "Lock":
        """Raises ``LedgerLocked`` naming the holder when another process (or open) has it."""
        handle = os.open(lock_path(ledger), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = _holder(handle)
            os.close(handle)
            raise LedgerLocked(
                f"{ledger} is being written by {who}",
                cure="Use the running daemon, or stop it first; a ledger has one writer.",
            ) from error
        holder = Holder(pid=os.getpid(), host=socket.gethostname(), started=now.isoformat())
        os.ftruncate(handle, 0)
        os.pwrite(handle, msgspec.json.encode(holder) + b"\n", 0)
        return cls(handle)

    def release(self) -> None:
        """Give the right back; a second call does nothing."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def held_by(ledger: Path) -> str | None:
    """Who writes a ledger just now, in words; None when nobody does. Takes nothing and changes
    nothing; ``OSError`` when this user may not look."""
    try:
        handle = os.open(lock_path(ledger), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        # Shared, and given back at once: only a daemon that starts in this very instant would
        # find the ledger taken, and say so.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(handle)
    finally:
        os.close(handle)
    return None


def _holder(handle: int) -> str:
    try:
        holder = msgspec.json.decode(os.pread(handle, 4096, 0), type=Holder)
    except msgspec.DecodeError:
        return "another process"
    return f"process {holder.pid} on {holder.host} since {holder.started}"
