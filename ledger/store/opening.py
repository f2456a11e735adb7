"""What must be right about a file before it is read or written: its shape, its key, its tail."""

import sqlite3
from datetime import datetime

from ledger.store.errors import WrongKey
from ledger.store.journal import Journal
from ledger.store.key import key_id
from ledger.store.migrate import migrate, require_known
from ledger.store.rebuild import refold_if_outdated
from ledger.store.shadow import Progress

_KEY_NAME = "ledger.key_id"


def prepare(
    db: sqlite3.Connection,
    *,
    key: bytes,
    journal: Journal,
    now: datetime,
    progress: Progress | None = None,
) -> None:
    """Make an opened file ready for writing; ``progress`` is of an upgrade that takes a while."""
    migrate(db, now=now)
    _check_key(db, key, claim=True)
    journal.load(db)
    refold_if_outdated(db, progress=progress)


def look(db: sqlite3.Connection, *, key: bytes) -> None:
    """Refuse a file that cannot be read with this program and this key."""
    require_known(db)
    _check_key(db, key, claim=False)


def _check_key(db: sqlite3.Connection, key: bytes, *, claim: bool) -> None:
    """The first writer's key is the ledger's; with another one nothing could be compared."""
    mine = key_id(key)
    row = db.execute("SELECT value FROM runtime WHERE key = ?", (_KEY_NAME,)).fetchone()
    if row is None:
        row = db.execute("SELECT CAST(key_id AS BLOB) FROM payload LIMIT 1").fetchone()
    if row is not None and row[0] != mine.encode():
        raise WrongKey(
            f"the ledger was made with key {row[0].decode()}, the key given is {mine}",
            cure="Put the key file of this ledger back (ledger.key in the state directory).",
        )
    if row is None and claim:
        db.execute("INSERT INTO runtime (key, value) VALUES (?, ?)", (_KEY_NAME, mine.encode()))
