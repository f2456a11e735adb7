"""Connections and the threads they live in. Nothing above this package knows the engine.

An executor owns one connection and runs whole functions with it: one thread hop per unit of work,
never one per statement. ``threaded`` is for real use, ``inline`` for simulations, where the order
of everything comes from the caller.
"""

import contextlib
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import aiosqlite

from ledger.model.errors import TrueupError
from ledger.store.errors import LedgerDamaged, LedgerMissing, LedgerUnavailable
from ledger.store.sqlwords import register

T = TypeVar("T")
Connect: TypeAlias = Callable[[], sqlite3.Connection]

PAGE_BYTES = 16 * 1024
"""Fewer, larger pages: a quarter faster on bulk appends and an eighth smaller than 4 KiB."""
CACHE_KIB = 64 * 1024
CHECKPOINT_PAGES = 4_000
"""64 MiB of log: appends come within a tenth of what four times as much allows, and a small ledger
does not lie beside a log a hundred times its size."""
LOG_BYTES = 16 * 1024 * 1024
"""What a log that had to grow is cut back to once it is in the file."""
BUSY_MS = 10_000
"""How long a connection waits for another one's checkpoint before it gives up."""


@contextlib.contextmanager
def trouble_named(path: Path) -> Iterator[None]:
    """Engine errors in the ledger's own words: what cannot be used now, and what is damaged."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LedgerUnavailable(f"{path}: {error}", cure=LedgerUnavailable.CURE) from error
    except sqlite3.DatabaseError as error:
        raise LedgerDamaged(
            f"the ledger file {path} cannot be read: {error}",
            cure="Run: trueup ledger verify. Then restore the last backup that verifies.",
        ) from error


class Executor(Protocol):
    """One connection and the place where functions on it run."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    async def close(self) -> None: ...


ExecutorFactory: TypeAlias = Callable[[Connect], Awaitable[Executor]]


def writing(path: Path, *, key: bytes | None = None) -> Connect:
    """Opens the database for writing, and makes it when it is not there. Without its ``key`` no
    body can be read or written."""

    def connect() -> sqlite3.Connection:
        make_private(path)
        db = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        return _set(
            db,
            key,
            f"page_size = {PAGE_BYTES}",
            "journal_mode = WAL",
            "synchronous = FULL",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            f"journal_size_limit = {LOG_BYTES}",
        )

    return connect


def fold_log(db: sqlite3.Connection) -> None:
    """Move the write-ahead log into the file and cut it to nothing, unless a reader needs it."""
    db.execute("PRAGMA busy_timeout = 0")
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError:
        return  # somebody is in the way: the next one does it
    finally:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, unless there is a file already; the files
    that SQLite puts beside it get the same mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def reading(path: Path, *, key: bytes | None = None) -> Connect:
    """Opens an existing database beside its writer; temporary tables are still possible. Without
    its ``key`` no body can be read."""

    def connect() -> sqlite3.Connection:
        if not path.exists():
            raise LedgerMissing(
                f"there is no ledger at {path}",
                cure="Check state_dir in the configuration, or start the daemon once.",
            )
        uri = f"{path.absolute().as_uri()}?mode=ro"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
        return _set(db, key)

    return connect


def _set(db: sqlite3.Connection, key: bytes | None, *pragmas: str) -> sqlite3.Connection:
    common = (
        f"busy_timeout = {BUSY_MS}",
        "foreign_keys = ON",
        # Without it INSERT OR REPLACE would remove a row and no delete trigger would see it.
        "recursive_triggers = ON",
        f"cache_size = -{CACHE_KIB}",
    )
    try:
        for pragma in (*common, *pragmas):
            db.execute(f"PRAGMA {pragma}")
        register(db, key)
    except BaseException:
        db.close()
        raise
    return db


class _Threaded:
    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        # The one private call: aiosqlite offers no public way to run a whole function in its
        # thread, and a hop per statement costs ten times the statement.
        result: T = await self._connection._execute(  # type: ignore[no-untyped-call]
            work, self._connection._conn
        )
        return result

    async def close(self) -> None:
        await self._connection.close()


async def threaded(connect: Connect) -> Executor:
    """The connection lives in a thread of its own; functions queue there."""
    failures: list[Exception] = []

    def connect_or_stand_in() -> sqlite3.Connection:
        # A connector that raises leaves aiosqlite's thread behind, still talking to an event loop
        # that may be gone by then. So the thread gets something to close, in good order.
        try:
            return connect()
        except (TrueupError, sqlite3.Error, OSError) as error:
            failures.append(error)
            return sqlite3.connect(":memory:")

    started = _Threaded(await aiosqlite.Connection(connect_or_stand_in, iter_chunk_size=64))
    if failures:
        await started.close()
        raise failures[0]
    return started


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
