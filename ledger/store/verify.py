"""Proves a ledger: the chain, the bodies beside it, and every table that was folded from it.

Reads only, in one read transaction: it may run beside the daemon.
"""

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec

from ledger.store.engine import reading, trouble_named
from ledger.store.journal import GENESIS, LINE, Head, Line, broken_at
from ledger.store.key import key_id, keyed_digest
from ledger.store.migrate import require_known
from ledger.store.shadow import Progress, differences, fold_everything, shadow

MAX_PROBLEMS = 50
STEP = 5_000
"""Entries between two reports of progress."""


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was proved, and the first things that are wrong."""

    entries: int
    """Sequence of the last entry."""
    head: str
    """Hash of the last entry, hex text: compare it with the one noted elsewhere."""
    bodies: int
    erased: int
    """Bodies that retention removed and accounted for."""
    problems: tuple[str, ...] = ()
    """At most ``MAX_PROBLEMS``, in the order found; empty = the ledger is sound."""

    @property
    def is_sound(self) -> bool:
        return not self.problems


def verify_file(path: Path, *, key: bytes, progress: Progress | None = None) -> VerifyReport:
    """Verify the ledger in a file, whether or not a daemon has it open."""
    with trouble_named(path), closing(reading(path)()) as db:
        require_known(db)
        return verify(db, key=key, progress=progress)


def verify(db: sqlite3.Connection, *, key: bytes, progress: Progress | None = None) -> VerifyReport:
    """Verify over an open connection that is in no transaction."""
    head = Head(0, GENESIS)
    problems: list[str] = []
    bodies = erased = 0
    db.execute("BEGIN")
    try:
        verdicts = db.execute("PRAGMA main.integrity_check(10)").fetchall()
        problems += [f"the file: {verdict}" for (verdict,) in verdicts if verdict != "ok"]
        shadow(db)
        for reached, problem in fold_everything(db, progress=progress):
            head = reached
            if problem and len(problems) < MAX_PROBLEMS:
                problems.append(problem)
        bodies, wrong = _check_bodies(db, key)
        problems += [*wrong, *islice(differences(db), MAX_PROBLEMS)]
        (erased,) = db.execute(
            "SELECT count(*) FROM payload_erasure AS e"
            " WHERE NOT EXISTS (SELECT 1 FROM payload AS p WHERE p.digest = e.digest)"
        ).fetchone()
    except sqlite3.OperationalError:
        raise  # the file cannot be used now, which proves nothing about it
    except sqlite3.DatabaseError as error:
        problems.append(f"after entry {head.seq} the file itself is damaged: {error}")
    finally:
        db.execute("ROLLBACK")  # and with it the shadow
    return VerifyReport(
        entries=head.seq,
        head=head.hash.hex(),
        bodies=bodies,
        erased=erased,
        problems=tuple(problems[:MAX_PROBLEMS]),
    )


def prove_chain(
    db: sqlite3.Connection, *, key: bytes, progress: Progress | None = None
) -> VerifyReport:
    """Prove chain and bodies and nothing that was folded from them: of any format, and in a
    fraction of the time."""
    head = Head(0, GENESIS)
    problems: list[str] = []
    (total,) = db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
    for row in db.execute(f"SELECT {LINE} FROM journal ORDER BY seq"):
        line = Line(*row)
        if problem := broken_at(head, line):
            problems.append(problem)
            break
        head = Head(line.seq, line.hash)
        if progress is not None and line.seq % STEP == 0:
            progress(line.seq, total)
    bodies, wrong = _check_bodies(db, key)
    return VerifyReport(
        entries=head.seq,
        head=head.hash.hex(),
        bodies=bodies,
        erased=0,
        problems=(*problems, *wrong),
    )


def _check_bodies(db: sqlite3.Connection, key: bytes) -> tuple[int, list[str]]:
    mine = key_id(key)
    count = 0
    wrong: list[str] = []
    others: dict[str, int] = {}
    for digest, of_key, body in db.execute("SELECT digest, key_id, body FROM payload"):
        count += 1
        if of_key != mine:
            others[of_key] = others.get(of_key, 0) + 1
        elif len(wrong) < MAX_PROBLEMS and keyed_digest(key, body) != digest.hex():
            wrong.append(f"body {digest.hex()} was changed: it no longer gives its digest")
    strange = [
        f"{many} of {count} bodies were digested with key {of_key}, and the key given is {mine}: "
        "put the key file of this ledger back"
        for of_key, many in others.items()
    ]
    return count, [*strange, *wrong]
