"""Makes a company's ledger unreadable for ever, and leaves a chain that still verifies.

The last entry says who did it and why. Then the tables made from bodies are emptied, the file is
written anew without what freed pages held, and the key is overwritten and removed.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from ledger.model.entries import KeyDestroyed
from ledger.model.ids import Digest
from ledger.store.copying import CLEAR
from ledger.store.destroyed import destruction
from ledger.store.draft import Draft
from ledger.store.engine import fold_log, reading, trouble_named, writing
from ledger.store.errors import LedgerMissing, LedgerUnavailable, WrongKey
from ledger.store.journal import GENESIS, Journal
from ledger.store.key import key_id, keyed_digest, load_or_create
from ledger.store.lock import Lock
from ledger.store.migrate import require_known
from ledger.store.opening import KEY_NAME, prepare


class Destruction(msgspec.Struct, frozen=True, kw_only=True):
    """What is left: the chain and its head."""

    entries: int
    head: str
    bodies: int
    """Bodies that nobody can read any more."""


def what_is_left(path: Path) -> Destruction:
    """How large it is now; only reads."""
    with trouble_named(path), closing(reading(path)()) as db:
        require_known(db)
        row = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        (bodies,) = db.execute("SELECT count(*) FROM payload").fetchone()
    seq, head = (0, GENESIS) if row is None else row
    return Destruction(entries=seq, head=head.hex(), bodies=bodies)


def destroy_key(
    path: Path, key_path: Path, *, by: str, reason: str, now: Callable[[], datetime]
) -> Destruction:
    """Destroy the key of the ledger at ``path``. Killed on the way it is finished by a second call.

    Raises ``LedgerLocked`` while a daemon has the ledger, ``WrongKey`` when the key is another's.
    """
    if not path.exists():
        raise LedgerMissing(f"there is no ledger at {path}")
    lock = Lock.take(path, now=now())
    try:
        key = load_or_create(key_path) if key_path.exists() else None
        with trouble_named(path), closing(writing(path, key=key)()) as db:
            journal = Journal(key=key or b"", now=now)
            gone = destruction(db)
            if gone is None:
                if key is None:
                    raise WrongKey(
                        f"{key_path} is not there: there is no key to destroy",
                        cure="Put the key file of this ledger back, or check state_dir.",
                    )
                prepare(db, key=key, journal=journal, now=now())
                _append(db, journal, key, by=by, reason=reason)
            else:
                if key is not None and key_id(key) != gone[1].key:
                    raise WrongKey(
                        f"{key_path} is the key of another ledger; this one's was destroyed",
                        cure="Check ledger.key and state_dir in the configuration.",
                    )
                journal.load(db)
            _empty(db)
            (bodies,) = db.execute("SELECT count(*) FROM payload").fetchone()
            fold_log(db)
        _require_no_log(path)
        if key is not None:
            _overwrite(key_path)
    finally:
        lock.release()
    seq, head = journal.head
    return Destruction(entries=seq, head=head.hex(), bodies=bodies)


def _append(db: sqlite3.Connection, journal: Journal, key: bytes, *, by: str, reason: str) -> None:
    def digest(body: bytes) -> Digest:
        return keyed_digest(key, body)

    draft = Draft(digest, actor=by, cycle="")
    draft.add(KeyDestroyed(key=key_id(key), by=by, reason=reason))
    (result,) = journal.commit(db, [draft])
    if isinstance(result, BaseException):
        raise result


def _empty(db: sqlite3.Connection) -> None:
    """Tables first, then the whole file once more: pages that were freed at any time hold rows."""
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    try:
        for table in (*sorted(CLEAR), "cursor"):
            db.execute(f"DELETE FROM {table}")
        db.execute("DELETE FROM runtime WHERE key <> ?", (KEY_NAME,))
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    db.execute("VACUUM")


def _require_no_log(path: Path) -> None:
    """What the tables held may still stand in a log that somebody reads."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise LedgerUnavailable(
            f"{path} is being read by somebody, so that {log.name} cannot be emptied",
            cure="End whatever reads it (trueup ledger, a backup), then run this again: it goes on "
            "from here.",
        )


def _overwrite(key_path: Path) -> None:
    """Zeros first: a removed file of 32 bytes can often be had back."""
    key_path.chmod(0o600)
    with key_path.open("r+b") as file:
        file.write(bytes(key_path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    key_path.unlink()
    folder = os.open(key_path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
