"""Connections and the threads they live in. Nothing above this package knows the engine.

An executor owns one connection and runs whole functions with it: one thread hop per unit of work,
never one per statement. ``threaded`` is for real use, ``inline`` for simulations, where the order
of everything comes from the caller.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import aiosqlite

from ledger.store.errors import LedgerMissing

T = TypeVar("T")
Connect: TypeAlias = Callable[[], sqlite3.Connection]

PAGE_BYTES = 16 * 1024
"""Fewer, larger pages: a quarter faster on bulk appends and an eighth smaller than 4 KiB."""
CACHE_KIB = 64 * 1024
CHECKPOINT_PAGES = 16_000
BUSY_MS = 10_000
"""How long a connection waits for another one's checkpoint before it gives up."""


class Executor(Protocol):
    """One connection and the place where functions on it run."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    async def close(self) -> None: ...


ExecutorFactory: TypeAlias = Callable[[Connect], Awaitable[Executor]]


def writing(path: Path) -> Connect:
    """Opens the database for writing, and makes it when it is not there."""

    def connect() -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        _common(db)
        return db

    return connect


def reading(path: Path) -> Connect:
    """Opens an existing database beside its writer; temporary tables are still possible."""

    def connect() -> sqlite3.Connection:
        if not path.exists():
            raise LedgerMissing(
                f"there is no ledger at {path}",
                cure="Check state_dir in the configuration, or start the daemon once.",
            )
        uri = f"{path.absolute().as_uri()}?mode=ro"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        _common(db)
        return db

    return connect


def _common(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA foreign_keys = ON")
    # Without it INSERT OR REPLACE would remove a row and no delete trigger would see it.
    db.execute("PRAGMA recursive_triggers = ON")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


class _Threaded:
    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        # The one private call: aiosqlite offers no public way to run a whole function in its
        # thread, and a hop per statement costs ten times the statement.
        result: T = await self._connection._execute(work, self._connection._conn)
        return result

    async def close(self) -> None:
        await self._connection.close()


async def threaded(connect: Connect) -> Executor:
    """The connection lives in a thread of its own; functions queue there."""
    return _Threaded(await aiosqlite.Connection(connect, iter_chunk_size=64))


class _Inline:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return work(self._connection)

    async def close(self) -> None:
        self._connection.close()


async def inline(connect: Connect) -> Executor:
    """Functions run at once in the calling thread."""
    return _Inline(connect())
