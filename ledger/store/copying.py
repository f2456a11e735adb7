"""One state of a ledger in another file: the chain, the sealed bodies, and where reading goes on.

Tables that were made from bodies are left out: they are in the clear, and can be made again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ledger.store.engine import PAGE_BYTES
from ledger.store.errors import LedgerDamaged, LedgerUnavailable
from ledger.store.migrate import APPLICATION_ID, file_version
from ledger.store.rebuild import forget_version
from ledger.store.sealing import SEALED_SINCE
from ledger.store.shadow import FOLDED, WAITS, Progress

CLEAR = frozenset((*FOLDED, *WAITS, "dirty", "seen", "in_step"))
"""What a copy does not hold."""
AT_ONCE = 2000
_STEP_PAGES = 64 * 1024 * 1024 // PAGE_BYTES


def copy_to(
    db: sqlite3.Connection, part: Path, progress: Progress | None = None
) -> tuple[int, str]:
    """Copy what ``db`` shows now, over a connection that is in no transaction, into an empty file;
    returns the last entry and its hash. ``LedgerUnavailable`` when there is no room for it."""
    # An open read transaction pins the state that is copied: appends go on and are not in it.
    db.execute("BEGIN")
    try:
        row = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            if file_version(db) < SEALED_SINCE:
                _all_pages(db, copy, progress)  # for the version that wrote it
            else:
                _rows(db, copy, progress)
            (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_FULL":
            raise
        raise LedgerUnavailable(
            f"{part.parent} has no room for the copy",
            cure="Make room there, or set ledger.backup.folder to a folder on another disk.",
        ) from error
    finally:
        db.execute("ROLLBACK")
    if verdict != "ok":
        raise LedgerDamaged(
            f"the copy does not pass the integrity check: {verdict}",
            cure="Run: trueup ledger verify.",
        )
    return (0, bytes(32).hex()) if row is None else (row[0], row[1].hex())


def _all_pages(db: sqlite3.Connection, copy: sqlite3.Connection, progress: Progress | None) -> None:
    def step(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    db.backup(copy, pages=_STEP_PAGES, progress=step)
    copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def _rows(db: sqlite3.Connection, copy: sqlite3.Connection, progress: Progress | None) -> None:
    copy.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    copy.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    copy.execute("BEGIN")
    for (sql,) in _schema(db, "table"):
        copy.execute(sql)
    for name in _tables(db):
        if name not in CLEAR:
            _table(db, copy, name, progress)
    # After the rows: they were checked when they were appended, and the copy is proved as a whole.
    for kind in ("index", "trigger"):
        for (sql,) in _schema(db, kind):
            copy.execute(sql)
    forget_version(copy)
    copy.execute("COMMIT")


def _schema(db: sqlite3.Connection, kind: str) -> list[tuple[str]]:
    return db.execute(
        "SELECT sql FROM sqlite_master WHERE type = ? AND sql IS NOT NULL ORDER BY rowid", (kind,)
    ).fetchall()


def _tables(db: sqlite3.Connection) -> Iterator[str]:
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        yield name


def _table(
    db: sqlite3.Connection, copy: sqlite3.Connection, name: str, progress: Progress | None
) -> None:
    (total,) = db.execute(f"SELECT count(*) FROM {name}").fetchone()
    rows = db.execute(f"SELECT * FROM {name}")  # a table's own order, which bodies are read in
    marks = ", ".join("?" * len(rows.description))
    done = 0
    while some := rows.fetchmany(AT_ONCE):
        copy.executemany(f"INSERT INTO {name} VALUES ({marks})", some)
        done += len(some)
        if progress is not None:
            progress(done, total)
