"""Proves a ledger: the chain, the bodies beside it, and every table that was folded from it.

Reads only: it may run beside the daemon. What is proved is one state of the ledger; the structure
of the file is checked meanwhile, on a connection and a thread of its own.
"""

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec

from ledger.model.entries import KeyDestroyed
from ledger.store.bodies import OrderedBodies
from ledger.store.destroyed import destruction
from ledger.store.engine import reading, trouble_named
from ledger.store.errors import WrongKey
from ledger.store.journal import GENESIS, Head
from ledger.store.migrate import require_known
from ledger.store.rebuild import is_folded
from ledger.store.shadow import (
    FOLDED,
    WAITS,
    Progress,
    check_chain,
    differences,
    fold_everything,
    pages,
    shadow,
)
from ledger.store.sqlwords import torn_passed_over
from ledger.store.structure import file_problems, structure_checked

MAX_PROBLEMS = 50


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was proved, and the first things that are wrong."""

    entries: int
    """Sequence of the last entry."""
    head: str
    """Hash of the last entry, hex text: compare it with the one noted elsewhere."""
    bodies: int
    erased: int
    """Bodies that retention removed and accounted for."""
    destroyed: str = ""
    """When, by whom and why the key was destroyed: only the chain was proved then."""
    problems: tuple[str, ...] = ()
    """At most ``MAX_PROBLEMS``, in the order found; empty = the ledger is sound."""

    @property
    def is_sound(self) -> bool:
        return not self.problems


def verify_file(path: Path, *, key: bytes | None, progress: Progress | None = None) -> VerifyReport:
    """Verify the ledger in a file, whether or not a daemon has it open. ``key`` may be None where
    it was destroyed: the chain is proved then, and that nothing lies in the clear."""
    with trouble_named(path), closing(reading(path, key=key)()) as db:
        require_known(db)
        gone = destruction(db)
        if gone is not None:
            return _verify_chain_alone(db, *gone, progress=progress)
        if key is None:
            raise WrongKey(
                f"the ledger {path} has a key, and none was given",
                cure="Put the key file of this ledger back, or check state_dir.",
            )
        return verify(db, key=key, progress=progress)


def verify(db: sqlite3.Connection, *, key: bytes, progress: Progress | None = None) -> VerifyReport:
    """Verify over an open connection that is in no transaction."""
    with structure_checked(db) as of_the_file:
        report = _verify(db, key=key, progress=progress)
        problems = (*of_the_file(), *report.problems)
    return msgspec.structs.replace(report, problems=problems[:MAX_PROBLEMS])


def _verify(db: sqlite3.Connection, *, key: bytes, progress: Progress | None) -> VerifyReport:
    """Chain, bodies and folded tables, in one read transaction."""
    head = Head(0, GENESIS)
    problems: list[str] = []
    bodies = OrderedBodies(db, key=key, proving=True)
    erased = 0
    db.execute("BEGIN")
    try:
        shadow(db)
        with torn_passed_over(db, key):
            for reached, problem in fold_everything(db, bodies, progress=progress, looks=False):
                head = reached
                if problem and len(problems) < MAX_PROBLEMS:
                    problems.append(problem)
        bodies.finish()
        problems += bodies.problems()
        if is_folded(db):
            problems += islice(differences(db), MAX_PROBLEMS)
        (erased,) = db.execute(
            "SELECT count(*) FROM payload_erasure AS e"
            " WHERE NOT EXISTS (SELECT 1 FROM payload AS p WHERE p.digest = e.digest)"
        ).fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        problems.append(f"after entry {head.seq} the file itself is damaged: {error}")
    finally:
        db.execute("ROLLBACK")  # and with it the shadow
    return VerifyReport(
        entries=head.seq,
        head=head.hash.hex(),
        bodies=bodies.count,
        erased=erased,
        problems=tuple(problems[:MAX_PROBLEMS]),
    )


def prove_chain(
    db: sqlite3.Connection, *, key: bytes, progress: Progress | None = None
) -> VerifyReport:
    """Prove chain and bodies and nothing that was folded from them: of any format, and in a
    fraction of the time."""
    head, problems = _prove_links(db, progress)
    bodies = OrderedBodies(db, key=key, proving=True)
    bodies.finish()
    return VerifyReport(
        entries=head.seq,
        head=head.hash.hex(),
        bodies=bodies.count,
        erased=0,
        problems=(*problems[:1], *bodies.problems()),
    )


def _prove_links(db: sqlite3.Connection, progress: Progress | None) -> tuple[Head, list[str]]:
    """The last entry that follows the one before, and what is wrong with the next."""
    head = Head(0, GENESIS)
    (total,) = db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
    for page in pages(db):
        problems, reached = check_chain(page, head)
        if problems:
            return head, problems
        head = reached
        if progress is not None:
            progress(head.seq, total)
    return head, []


def _verify_chain_alone(
    db: sqlite3.Connection, at: str, entry: KeyDestroyed, *, progress: Progress | None
) -> VerifyReport:
    """Of a ledger whose key was destroyed: nothing else can be proved, nor has to be."""
    head, problems = _prove_links(db, progress)
    problems += file_problems(db)
    problems += [
        f"table {table} still holds rows: the destruction of the key was not finished"
        for table in (*FOLDED, *WAITS)
        if db.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").fetchone()[0]
    ]
    (bodies,) = db.execute("SELECT count(*) FROM payload").fetchone()
    return VerifyReport(
        entries=head.seq,
        head=head.hash.hex(),
        bodies=bodies,
        erased=0,
        destroyed=f"{at[:10]} by {entry.by}: {entry.reason}",
        problems=tuple(problems[:MAX_PROBLEMS]),
    )
