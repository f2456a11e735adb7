"""Folds the whole journal once more into temporary tables, and compares them with what was kept.

Temporary tables bear the names of the kept ones and hide them, so the very same folding code fills
them; nothing of the kept tables is touched here.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from ledger.model.errors import TrueupError
from ledger.store.fold.context import Folding, blob
from ledger.store.fold.entry import fold
from ledger.store.fold.tally import add_to_tally
from ledger.store.journal import GENESIS, LINE, Bodies, Head, Line, broken_at, decode_entry
from ledger.store.payloads import named_payloads

Progress: TypeAlias = Callable[[int, int], None]
"""Called now and then with how much is done of how much."""

FOLDED = (
    "object",
    "head",
    "link",
    "key",
    "tally",
    "object_entry",
    "record_entry",
    "baseline",
    "operation",
    "answer",
    "intent",
    "intent_item",
    "rejection",
    "resolution",
    "hold",
    "approval",
    "pin",
    "standing",
)
"""Tables that the journal alone determines, parents before children."""
WAITS = ("wake_record", "wake_key")
_MARKS = ("dirty", "cursor", "seen")

PAGE = 1000
_SHOWN_PER_TABLE = 5


def shadow(db: sqlite3.Connection) -> None:
    """Make the empty temporary twins of every table that folds write to."""
    db.execute("PRAGMA temp.cache_size = -65536")
    for name in (*FOLDED, *WAITS, *_MARKS):
        rows = db.execute(
            "SELECT sql FROM main.sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL"
            " AND type IN ('table', 'index') ORDER BY type DESC",
            (name,),
        ).fetchall()
        for (sql,) in rows:
            table = re.sub(r"^CREATE TABLE ", "CREATE TEMP TABLE ", sql)
            db.execute(re.sub(r"^CREATE INDEX (\w+)", r"CREATE INDEX temp.\1", table))


def drop_shadow(db: sqlite3.Connection) -> None:
    for name in reversed((*FOLDED, *WAITS, *_MARKS)):
        db.execute(f"DROP TABLE temp.{name}")


def lines(db: sqlite3.Connection) -> Iterator[Line]:
    """Every row of the journal in order, a page in memory at a time."""
    after = 0
    while True:
        rows = db.execute(
            f"SELECT {LINE} FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (after, PAGE)
        ).fetchall()
        if not rows:
            return
        yield from (Line(*row) for row in rows)
        after = rows[-1][0]


def fold_everything(
    db: sqlite3.Connection, *, progress: Progress | None
) -> Iterator[tuple[Head, str]]:
    """Check and fold the journal into the shadow; yields every problem, then the head with ``""``.

    A broken place does not end the check: what follows is judged by the hashes that it carries.
    """
    (total,) = db.execute("SELECT count(*) FROM journal").fetchone()
    bodies = Bodies(db, {})
    previous = Head(0, GENESIS)
    for line in lines(db):
        reason = broken_at(previous, line)
        if reason:
            yield previous, reason
        previous = Head(line.seq, line.hash)
        for problem in _fold_line(db, line, bodies):
            yield previous, problem
        if progress is not None and line.seq % PAGE == 0:
            progress(line.seq, total)
    if progress is not None:
        progress(total, total)
    _keep_what_erased_bodies_said(db)
    yield previous, ""


def _fold_line(db: sqlite3.Connection, line: Line, bodies: Bodies) -> Iterator[str]:
    try:
        entry = decode_entry(line.body)
        if type(entry).__name__ != line.type:
            yield f"entry {line.seq} is called {line.type} and holds {type(entry).__name__}"
        for digest in named_payloads(entry):
            if not _accounted_for(db, blob(digest)):
                yield (
                    f"entry {line.seq} ({line.type}) names body {digest}, which is missing "
                    "and was never erased"
                )
        fold(Folding(db, line.seq, line.at, bodies.get), entry)
    except (TrueupError, msgspec.MsgspecError, ValueError, sqlite3.IntegrityError) as error:
        yield f"entry {line.seq} ({line.type}) cannot be folded: {error}"


def _accounted_for(db: sqlite3.Connection, digest: bytes) -> bool:
    row = db.execute(
        "SELECT 1 FROM payload WHERE digest = ?1"
        " UNION ALL SELECT 1 FROM payload_erasure WHERE digest = ?1",
        (digest,),
    ).fetchone()
    return row is not None


def _keep_what_erased_bodies_said(db: sqlite3.Connection) -> None:
    """Keys and whether a record is active come from bodies; where those are gone they are kept."""
    db.execute(
        """CREATE TEMP TABLE gone AS SELECT h.object FROM temp.head AS h
        JOIN payload_erasure AS e ON e.digest = h.payload
        WHERE NOT EXISTS (SELECT 1 FROM payload AS p WHERE p.digest = h.payload)"""
    )
    db.execute(
        """INSERT INTO temp.key SELECT * FROM main.key AS k
        WHERE k.object IN (SELECT object FROM temp.gone)"""
    )
    rows = db.execute(
        """SELECT o.system, o.kind, h.object, h.state, kept.state FROM temp.gone AS g
        JOIN temp.head AS h ON h.object = g.object
        JOIN main.head AS kept ON kept.object = g.object
        JOIN temp.object AS o ON o.id = g.object
        WHERE h.state = 'live' AND kept.state = 'inactive'"""
    ).fetchall()
    for system, kind, number, folded, kept in rows:
        db.execute("UPDATE temp.head SET state = ? WHERE object = ?", (kept, number))
        add_to_tally(db, (system, kind, folded), -1)
        add_to_tally(db, (system, kind, kept), +1)
    db.execute("DROP TABLE temp.gone")


def differences(db: sqlite3.Connection) -> Iterator[str]:
    """Where kept tables and their shadows differ, naming table, row and column."""
    for table in FOLDED:
        columns = db.execute(f"PRAGMA main.table_info({table})").fetchall()
        names = [column[1] for column in columns]
        keys = [column[1] for column in columns if column[5]]
        seen = set()
        for ours, theirs in (("temp", "main"), ("main", "temp")):
            rows = db.execute(
                f"SELECT * FROM {ours}.{table} EXCEPT SELECT * FROM {theirs}.{table} LIMIT ?",
                (_SHOWN_PER_TABLE,),
            ).fetchall()
            for row in rows:
                one = dict(zip(names, row, strict=True))
                where = ", ".join(f"{key} {_shown(one[key])}" for key in keys)
                if where not in seen:
                    seen.add(where)
                    yield f"table {table}, row {where}: " + _compared(db, table, keys, one)


def _compared(db: sqlite3.Connection, table: str, keys: list[str], row: dict[str, Any]) -> str:
    condition = " AND ".join(f"{key} = ?" for key in keys)
    values = [row[key] for key in keys]
    names = ", ".join(row)
    kept = db.execute(f"SELECT {names} FROM main.{table} WHERE {condition}", values).fetchone()
    meant = db.execute(f"SELECT {names} FROM temp.{table} WHERE {condition}", values).fetchone()
    if kept is None:
        return "is missing, the journal says it is there"
    if meant is None:
        return "is there, the journal knows nothing of it"
    return "; ".join(
        f"{name} is {_shown(a)}, the journal says {_shown(b)}"
        for name, a, b in zip(row, kept, meant, strict=True)
        if a != b
    )


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)
