"""Which records need another look: the dirty set, and the waits that feed it."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, RecordId
from ledger.store.fold.context import Folding, as_json

_MARK = """
INSERT INTO dirty (record, seq) {rows}
ON CONFLICT (record) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > dirty.seq"""

_MARK_EXISTING = _MARK.format(rows="VALUES (?, ?)")
_MARK_ONE = _MARK.format(rows="SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM link WHERE record = ?1)")
_MARK_ALL = _MARK.format(rows="SELECT DISTINCT record, ? FROM link WHERE true")
_MARK_KIND = _MARK.format(
    rows="SELECT DISTINCT record, ?2 FROM link WHERE record > ?1 || '-' AND record < ?1 || '.'"
)
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


def mark_documents(f: Folding) -> None:
    """What pointers of documents lead to was answered otherwise; who points is written nowhere,
    and such an answer is rare."""
    if f.touched.looks:
        f.db.executemany(_MARK_KIND, [(kind.value, f.seq) for kind in DOCUMENT_KINDS])


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


ADD_WAIT = "INSERT OR IGNORE INTO wake_record (target, record, subject) VALUES (?, ?, ?)"
ADD_KEY_WAIT = """
INSERT OR IGNORE INTO wake_key (system, kind, name, value, record, subject)
VALUES (?, ?, ?, ?, ?, ?)"""
_DROP_WAITS = (
    "DELETE FROM wake_record WHERE record = ? AND subject = ?",
    "DELETE FROM wake_key WHERE record = ? AND subject = ?",
)
_ANY_WAITING = """
SELECT 1 FROM json_each(?) AS wanted CROSS JOIN wake_record AS w ON w.target = wanted.value
LIMIT 1"""


class Rewait(NamedTuple):
    """One subject of a record waits for something else from here on, and the record moved."""

    seq: int
    record: RecordId
    subject: str
    records: tuple[RecordId, ...] = ()
    keys: tuple[tuple[str, str, str, str], ...] = ()


def rewait(db: sqlite3.Connection, changes: Sequence[Rewait]) -> None:
    """For one after the other: replace what it waits for, then mark who waits for its record."""
    records = {one.record for one in changes}
    hears = any(not records.isdisjoint(one.records) for one in changes)
    if not hears and not _any_waiting(db, records):
        set_waits(db, changes)
        return
    for one in changes:
        set_waits(db, [one])
        db.execute(_MARK_WAITING, (one.record, one.seq))


def _any_waiting(db: sqlite3.Connection, targets: Iterable[RecordId]) -> bool:
    return db.execute(_ANY_WAITING, (as_json(targets),)).fetchone() is not None


def set_waits(db: sqlite3.Connection, changes: Sequence[Rewait]) -> None:
    """Each replaces what the same subject of the same record waited for."""
    last = {(one.record, one.subject): one for one in changes}
    for drop in _DROP_WAITS:
        db.executemany(drop, list(last))
    db.executemany(ADD_WAIT, [(one, *name) for name, wait in last.items() for one in wait.records])
    db.executemany(
        ADD_KEY_WAIT, [(*key, *name) for name, wait in last.items() for key in wait.keys]
    )
