"""How many references are in which state, kept by adding and never by counting."""

import sqlite3

from ledger.model.ids import ExternalRef, RecordId
from ledger.store.fold.context import Folding


def add_to_tally(db: sqlite3.Connection, what: tuple[str, str, str], change: int) -> None:
    """``what`` is system, kind and state."""
    db.execute(
        """INSERT INTO tally (system, kind, state, count) VALUES (?, ?, ?, ?)
        ON CONFLICT (system, kind, state) DO UPDATE SET count = count + excluded.count""",
        (*what, change),
    )


def turn(f: Folding, ref: ExternalRef, before: str | None, after: str) -> None:
    """A reference went from one state (None: it is new) to another."""
    if before == after:
        return
    if before is not None:
        add_to_tally(f.db, (ref.system, ref.kind.value, before), -1)
    add_to_tally(f.db, (ref.system, ref.kind.value, after), +1)


def count_linked(f: Folding, record: RecordId, change: int) -> None:
    """Add or take away the references of a record, if it has more than one.

    Called with -1 before a record's references change and with +1 afterwards.
    """
    rows = f.run(
        "SELECT o.system, o.kind FROM link AS l JOIN object AS o ON o.id = l.object"
        " WHERE l.record = ?",
        record,
    ).fetchall()
    if len(rows) > 1:
        for system, kind in rows:
            add_to_tally(f.db, (system, kind, "linked"), change)
