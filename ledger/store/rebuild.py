"""Makes every folded table again from the journal, and tells what was wrong with the kept ones.

What a person asks for proves chain, bodies, tables and file on the way, as ``verify`` does, so that
one reading does for both. Offline: it needs the ledger's lock. Cursors stay as they are, marks of
running sweeps keep their references, and every record is marked for another look.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from ledger.store.bodies import OrderedBodies
from ledger.store.engine import trouble_named, writing
from ledger.store.errors import LedgerDamaged, LedgerMissing
from ledger.store.fold.entry import FOLD_VERSION
from ledger.store.journal import GENESIS, Head
from ledger.store.lock import Lock
from ledger.store.migrate import migrate
from ledger.store.shadow import (
    FOLDED,
    WAITS,
    Progress,
    differences,
    drop_shadow,
    fold_everything,
    shadow,
)
from ledger.store.sqlwords import torn_passed_over
from ledger.store.structure import structure_checked

MAX_DIFFERENCES = 50
_VERSION_NAME = "ledger.fold_version"


class RebuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was folded again."""

    entries: int
    head: str
    """Hash of the last entry, hex text."""
    bodies: int
    """Those that were opened; all there are, where they were proved."""
    differences: tuple[str, ...] = ()
    """What the kept tables had wrong, at most ``MAX_DIFFERENCES``; empty = they were right."""
    problems: tuple[str, ...] = ()
    """What is wrong with the structure of the file, which no folding mends."""


def rebuild(
    path: Path,
    *,
    key: bytes,
    now: Callable[[], datetime],
    progress: Progress | None = None,
) -> RebuildReport:
    """Raises ``LedgerLocked`` while a daemon has the ledger, ``LedgerDamaged`` when the journal
    or a body does not verify: then nothing is touched."""
    if not path.exists():
        raise LedgerMissing(f"there is no ledger at {path}")
    lock = Lock.take(path, now=now())
    try:
        with trouble_named(path), closing(writing(path, key=key)()) as db:
            migrate(db, now=now())
            with structure_checked(db) as of_the_file:
                report = refold(db, key=key, progress=progress, proving=True)
                return msgspec.structs.replace(report, problems=tuple(of_the_file()))
    finally:
        lock.release()


def refold_if_outdated(
    db: sqlite3.Connection, *, key: bytes, progress: Progress | None = None
) -> None:
    """Fold again what another version of the program has folded in another way."""
    row = db.execute("SELECT value FROM runtime WHERE key = ?", (_VERSION_NAME,)).fetchone()
    (entries,) = db.execute("SELECT count(*) FROM (SELECT 1 FROM journal LIMIT 1)").fetchone()
    if row is None and entries == 0:
        _note_version(db)
    elif row is None or int(row[0]) != FOLD_VERSION:
        refold(db, key=key, progress=progress)


def forget_version(db: sqlite3.Connection) -> None:
    """Have everything folded again when the file is next opened for writing."""
    db.execute("DELETE FROM runtime WHERE key = ?", (_VERSION_NAME,))


def is_folded(db: sqlite3.Connection) -> bool:
    """Whether the tables are there at all: those of a copy are made when it is restored."""
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM runtime WHERE key = ?) OR NOT EXISTS (SELECT 1 FROM journal)",
        (_VERSION_NAME,),
    ).fetchone()
    return bool(row[0])


def _note_version(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT OR REPLACE INTO runtime (key, value) VALUES (?, ?)",
        (_VERSION_NAME, str(FOLD_VERSION).encode()),
    )


def refold(
    db: sqlite3.Connection,
    *,
    key: bytes,
    progress: Progress | None = None,
    proving: bool = False,
) -> RebuildReport:
    """Rebuild over an open writing connection, in one transaction. ``proving``: every body against
    its digest, those that no entry names as well."""
    db.execute("BEGIN IMMEDIATE")
    try:
        shadow(db)
        head = Head(0, GENESIS)
        bodies = OrderedBodies(db, key=key, proving=proving)
        with torn_passed_over(db, key):
            for reached, problem in fold_everything(db, bodies, progress=progress, looks=True):
                _refuse(problem or next(iter(bodies.problems()), ""))
                head = reached
        if proving:
            bodies.finish()
            _refuse(next(iter(bodies.problems()), ""))
        wrong: dict[str, list[str]] = {}
        for table in FOLDED:
            if told := list(differences(db, [table])):
                wrong[table] = told
        _replace(db, tuple(wrong))
        drop_shadow(db)
        _note_version(db)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    found = [told for table in wrong.values() for told in table]
    return RebuildReport(
        entries=head.seq,
        head=head.hash.hex(),
        bodies=bodies.count,
        differences=tuple(found[:MAX_DIFFERENCES]),
    )


def _refuse(problem: str) -> None:
    if problem:
        raise LedgerDamaged(
            problem,
            cure="The journal cannot be rebuilt from itself: restore the last backup that "
            "verifies.",
        )


def _replace(db: sqlite3.Connection, wrong: Sequence[str]) -> None:
    """Put what was folded in the place of the tables that are wrong: a table that holds the very
    same rows is left as it is."""
    db.execute("PRAGMA defer_foreign_keys = ON")
    db.execute(
        "CREATE TEMP TABLE sighting AS SELECT o.system, o.kind, o.external_id, s.sweep"
        " FROM main.seen AS s JOIN main.object AS o ON o.id = s.object"
    )
    for table in reversed((*wrong, *WAITS)):
        db.execute(f"DELETE FROM main.{table}")
    for table in (*wrong, *WAITS):
        db.execute(f"INSERT INTO main.{table} SELECT * FROM temp.{table}")
    db.execute("DELETE FROM main.seen")
    db.execute(
        "INSERT INTO main.seen (object, sweep) SELECT o.id, s.sweep FROM temp.sighting AS s"
        " JOIN main.object AS o ON o.system = s.system AND o.kind = s.kind"
        " AND o.external_id = s.external_id"
    )
    db.execute("DROP TABLE temp.sighting")
    db.execute("DELETE FROM main.in_step")  # it was found by the tables that are gone
    db.execute("DELETE FROM main.dirty")
    db.execute(
        "INSERT INTO main.dirty (record, seq) SELECT DISTINCT record,"
        " (SELECT coalesce(max(seq), 0) FROM main.journal) FROM main.link"
    )
