"""Which records need another look: the dirty set, and the waits that feed it."""

import sqlite3
from collections.abc import Iterable, Sequence

from ledger.model.facts import Hold
from ledger.model.ids import ExternalRef, RecordId
from ledger.store.fold.context import Folding

_MARK = """
INSERT INTO dirty (record, seq) {rows}
ON CONFLICT (record) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > dirty.seq"""

_MARK_EXISTING = _MARK.format(rows="VALUES (?, ?)")
_MARK_ONE = _MARK.format(rows="SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM link WHERE record = ?1)")
_MARK_ALL = _MARK.format(rows="SELECT DISTINCT record, ? FROM link WHERE true")
_MARK_WAITING = _MARK.format(
    rows="""
SELECT DISTINCT w.record, ?2 FROM wake_record AS w
WHERE w.target = ?1 AND EXISTS (SELECT 1 FROM link WHERE record = w.record)"""
)
_MARK_WAITING_FOR_KEY = _MARK.format(
    rows="""
SELECT DISTINCT w.record, ?5 FROM wake_key AS w
WHERE w.system = ?1 AND w.kind = ?2 AND w.name = ?3 AND w.value = ?4
  AND EXISTS (SELECT 1 FROM link WHERE record = w.record)"""
)


def mark(f: Folding, record: RecordId) -> None:
    """Ask for another look at a record that exists; an emptied one has nothing to look at."""
    if f.touched.looks:
        f.run(_MARK_ONE, record, f.seq)


def mark_many(db: sqlite3.Connection, looks: Sequence[tuple[RecordId, int]]) -> None:
    """``mark`` for records that certainly exist, each with the entry that asks."""
    db.executemany(_MARK_EXISTING, looks)


def mark_everything(f: Folding) -> None:
    if f.touched.looks:
        f.run(_MARK_ALL, f.seq)


def wake(f: Folding, target: RecordId) -> None:
    """Mark the records whose holds wait for ``target``."""
    if f.touched.looks:
        f.run(_MARK_WAITING, target, f.seq)


def wake_many(db: sqlite3.Connection, looks: Sequence[tuple[RecordId, int]]) -> None:
    """``wake`` for many targets, each with the entry that changed it."""
    if db.execute("SELECT 1 FROM wake_record LIMIT 1").fetchone() is not None:
        db.executemany(_MARK_WAITING, looks)


def wake_keys(f: Folding, ref: ExternalRef, keys: Iterable[tuple[str, str]]) -> None:
    """Mark the records whose holds wait for one of these keys to appear."""
    if not f.touched.looks or f.one("SELECT 1 FROM wake_key LIMIT 1") is None:
        return  # a first load brings millions of keys that nobody waits for
    for name, value in keys:
        f.run(_MARK_WAITING_FOR_KEY, ref.system, ref.kind.value, name, value, f.seq)


def wake_keys_many(db: sqlite3.Connection, keys: Iterable[tuple[str, str, str, str, int]]) -> None:
    """``wake_keys`` for (system, kind, name, value, seq) of keys that appeared."""
    if db.execute("SELECT 1 FROM wake_key LIMIT 1").fetchone() is not None:
        db.executemany(_MARK_WAITING_FOR_KEY, keys)


def set_waits(f: Folding, record: RecordId, subject: str, hold: Hold | None) -> None:
    """Replace what one hold waits for; None = nothing any more."""
    f.run("DELETE FROM wake_record WHERE record = ? AND subject = ?", record, subject)
    f.run("DELETE FROM wake_key WHERE record = ? AND subject = ?", record, subject)
    if hold is None:
        return
    f.db.executemany(
        "INSERT OR IGNORE INTO wake_record (target, record, subject) VALUES (?, ?, ?)",
        [(target, record, subject) for target in hold.waits_for],
    )
    f.db.executemany(
        "INSERT OR IGNORE INTO wake_key (system, kind, name, value, record, subject)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(*key, record, subject) for key in hold.waits_for_keys],
    )
