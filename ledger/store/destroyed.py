"""Whether the key of a ledger was destroyed, who did it and why. Reads the chain alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.model.entries import KeyDestroyed
from ledger.store.engine import reading, trouble_named
from ledger.store.errors import KeyWasDestroyed
from ledger.store.journal import decode_entry
from ledger.store.migrate import file_version


def destruction(db: sqlite3.Connection) -> tuple[str, KeyDestroyed] | None:
    """When the key was destroyed, and the entry; None for a ledger that has its key."""
    row = db.execute(
        "SELECT at, body FROM journal WHERE type = 'KeyDestroyed' ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    entry = decode_entry(row[1])
    assert isinstance(entry, KeyDestroyed)
    return row[0], entry


def refuse_destroyed(db: sqlite3.Connection) -> None:
    """``KeyWasDestroyed`` for a ledger of which only the chain is left."""
    found = destruction(db)
    if found is not None:
        at, entry = found
        raise KeyWasDestroyed(
            f"the key of this ledger was destroyed on {at[:10]} by {entry.by}: {entry.reason}",
            cure="What it held cannot be read any more; its chain still verifies: trueup ledger "
            "verify. To go on with the company, set state_dir to a new, empty folder.",
        )


def refuse_destroyed_file(path: Path) -> None:
    """The same for a file that nobody opened yet, where it is a ledger at all."""
    if not path.exists():
        return
    with trouble_named(path), closing(reading(path)()) as db:
        if file_version(db):
            refuse_destroyed(db)
