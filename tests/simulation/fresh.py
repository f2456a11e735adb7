"""A new ledger for a life: made once in a process, and then copied.

The product's large pages are for millions of entries; in small ones a life of a few hundred writes
a fourteenth less. What is in them is the same, and so is what becomes of it.
"""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ledger.store.engine import make_private
from ledger.store.migrate import migrate
from ledger.store.sqlwords import register
from tests.town import KEY

PAGE_BYTES = 4096


def lay(path: Path) -> None:
    """A ledger without entries and without a key where there is none yet."""
    make_private(path)
    path.write_bytes(_made())


@cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory(prefix="trueup-fresh-") as folder:
        path = Path(folder) / "ledger.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            db.execute("PRAGMA journal_mode = WAL")
            register(db, KEY)
            migrate(db, now=datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
        return path.read_bytes()
