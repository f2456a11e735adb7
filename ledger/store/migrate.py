"""Brings a ledger file to the shape this program knows; never down, never past it."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import resources
from typing import NamedTuple

from ledger.store.errors import LedgerDamaged, LedgerTooNew, LedgerTooOld

APPLICATION_ID = 0x54525545
"""Marks the file as a ledger ("TRUE"), so that another program's database is told apart."""

_NAME = re.compile(r"(\d{4})_\w+\.sql")


class Migration(NamedTuple):
    version: int
    name: str
    sql: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All known steps, in order."""
    found = []
    for file in resources.files("ledger.store").joinpath("schema").iterdir():
        match = _NAME.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), file.name, file.read_text("utf-8")))
    return tuple(sorted(found))


def known_version() -> int:
    return migrations()[-1].version


def migrate(db: sqlite3.Connection, *, now: datetime) -> None:
    """Apply what is missing, one transaction per step."""
    version = file_version(db)
    _refuse_newer(version)
    for step in migrations():
        if step.version > version:
            _apply(db, step, now)


def require_known(db: sqlite3.Connection) -> None:
    """For readers, which may not migrate: the file must have exactly the known shape."""
    version = file_version(db)
    _refuse_newer(version)
    if version < known_version():
        raise LedgerTooOld(
            f"the ledger file has format {version}, this program reads format {known_version()}",
            cure="Start the daemon once: it upgrades the file (a backup first does no harm).",
        )


def file_version(db: sqlite3.Connection) -> int:
    """The format of the file, 0 for an empty one; ``LedgerDamaged`` when it is no ledger."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID:
        if application == 0 and tables == 0:
            return 0
        raise LedgerDamaged(
            "the file is a database of some other program, not a ledger",
            cure="Check state_dir in the configuration.",
        )
    (version,) = db.execute("SELECT coalesce(max(version), 0) FROM migration").fetchone()
    return int(version)


def _refuse_newer(version: int) -> None:
    if version > known_version():
        raise LedgerTooNew(
            f"the ledger file has format {version}, this program knows up to {known_version()}",
            cure="Install the version of the program that last used this ledger, or a newer one.",
        )


def _apply(db: sqlite3.Connection, step: Migration, now: datetime) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(
            "CREATE TABLE IF NOT EXISTS migration"
            " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL) STRICT"
        )
        for statement in statements(step.sql):
            db.execute(statement)
        db.execute(
            "INSERT INTO migration (version, name, at) VALUES (?, ?, ?)",
            (step.version, step.name, now.isoformat()),
        )
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def statements(sql: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would commit between them."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip() and not all(
        line.strip().startswith("--") or not line.strip() for line in pending.splitlines()
    ):
        raise ValueError(f"unfinished statement: {pending.strip()[:80]!r}")
