"""Ledgers as earlier versions left them: the schema steps of that time, and the rows it had."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.store.engine import make_private
from ledger.store.migrate import APPLICATION_ID, migrations, statements
from ledger.store.sqlwords import register

FOLD_VERSIONS = {2: 3}
"""Formats that were in use -> how that version folded. Format 3 never was: 4 came with it."""


IN_THE_CLEAR = "unsealed(digest, body)"
"""Bodies as they lay up to format 6."""


def made_old(new: Path, old: Path, version: int, *, key: bytes) -> None:
    """The ledger at ``new`` as a program that knew formats up to ``version`` would have written
    it: its tables, its columns, the same journal."""
    make_private(old)
    with closing(sqlite3.connect(old, isolation_level=None)) as db:
        db.execute("PRAGMA page_size = 16384")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(
            "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " at TEXT NOT NULL) STRICT"
        )
        for step in migrations():
            if step.version <= version:
                for statement in statements(step.sql):
                    db.execute(statement)
                db.execute("INSERT INTO migration VALUES (?, ?, '2025')", step[:2])
        db.execute("ATTACH ? AS new", (str(new),))
        register(db, key)
        for (table,) in db.execute(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'migration'"
        ).fetchall():
            both = ", ".join(_columns(db, "main", table) & _columns(db, "new", table))
            db.execute(
                f"INSERT OR IGNORE INTO main.{table} ({both})"
                f" SELECT {both.replace('body', IN_THE_CLEAR) if table == 'payload' else both}"
                f" FROM new.{table}"
            )
        db.execute(
            "UPDATE runtime SET value = ? WHERE key = 'ledger.fold_version'",
            (str(FOLD_VERSIONS[version]).encode(),),
        )


def _columns(db: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in db.execute(f"PRAGMA {schema}.table_info({table})")}
