"""What must be right about a file before it is read or written: its shape, its key, its tail."""

import sqlite3
from datetime import datetime

from ledger.store.destroyed import refuse_destroyed
from ledger.store.errors import WrongKey
from ledger.store.journal import Journal
from ledger.store.key import key_id
from ledger.store.migrate import file_version, migrate, require_known
from ledger.store.rebuild import refold_if_outdated
from ledger.store.shadow import Progress

KEY_NAME = "ledger.key_id"
"""Where the file notes which key it was made with."""


def prepare(
    db: sqlite3.Connection,
    *,
    key: bytes,
    journal: Journal,
    now: datetime,
    progress: Progress | None = None,
) -> None:
    """Make an opened file ready for writing; ``progress`` is of an upgrade that takes a while."""
    if file_version(db):
        _refuse(db, key)  # first of all, for an upgrade seals bodies under the key
    migrate(db, now=now)
    _claim(db, key)
    journal.load(db)
    refold_if_outdated(db, key=key, progress=progress)


def look(db: sqlite3.Connection, *, key: bytes) -> None:
    """Refuse a file that cannot be read with this program and this key."""
    require_known(db)
    _refuse(db, key)


def _refuse(db: sqlite3.Connection, key: bytes) -> None:
    """The first writer's key is the ledger's; with another one nothing could be compared."""
    refuse_destroyed(db)
    mine, made_with = key_id(key), _key_of(db)
    if made_with not in ("", mine):
        raise WrongKey(
            f"the ledger was made with key {made_with}, the key given is {mine}",
            cure="Put the key file of this ledger back (ledger.key in the state directory).",
        )


def _claim(db: sqlite3.Connection, key: bytes) -> None:
    if not _key_of(db):
        mine = key_id(key).encode()
        db.execute("INSERT INTO runtime (key, value) VALUES (?, ?)", (KEY_NAME, mine))


def _key_of(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT value FROM runtime WHERE key = ?", (KEY_NAME,)).fetchone()
    if row is None:
        row = db.execute("SELECT CAST(key_id AS BLOB) FROM payload LIMIT 1").fetchone()
    return "" if row is None else row[0].decode()
