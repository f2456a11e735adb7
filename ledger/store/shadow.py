"""Folds the whole journal once more into temporary tables, and compares them with what was kept.

Temporary tables bear the names of the kept ones and hide them, so the very same folding code fills
them; nothing of the kept tables is touched here.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from ledger.model.errors import TrueupError
from ledger.model.ids import Digest
from ledger.store.bodies import OrderedBodies
from ledger.store.fold.context import Folding, Touched
from ledger.store.fold.drift import count_again, hour_of, settle
from ledger.store.fold.entry import fold
from ledger.store.fold.runs import Step, fold_run, runs
from ledger.store.fold.tally import add_to_tally
from ledger.store.journal import (
    GENESIS,
    LINE,
    Head,
    Line,
    broken_at,
    line_hash,
)
from ledger.store.payloads import named_payloads

Progress: TypeAlias = Callable[[int, int], None]
"""Called now and then with how much is done of how much."""

Row: TypeAlias = tuple[int, str, str, str, str, bytes, bytes, bytes]
"""A row of the journal; the fields are those of ``Line``."""

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
    "pause",
    "skip",
    "remap",
    "absence",
    "job",
    "drift",
    "drift_tally",
    "drift_hour",
)
"""Tables that the journal alone determines, parents before children."""
WAITS = ("wake_record", "wake_key")
_MARKS = ("dirty", "cursor", "seen")

_SEARCHED = frozenset(
    {
        "operation_by_record",
        "operation_by_digest",
        "intent_item_open",
        "wake_record_by_hold",
        "wake_key_by_hold",
    }
)
"""Indexes by which folds find their rows."""

_BY_TIME = {
    "key": ("(system, kind, name, value, object)", "(object, system, kind, name, value)"),
    "object_entry": ("(object, seq)", "(seq, object)"),
    "record_entry": ("(record, seq)", "(seq, record)"),
}
"""Primary keys of twins that are filled in the order of the journal: rows go in at the end, and the
keys of one reference lie together, where folds look for them."""

_CHECKED = re.compile(r" REFERENCES object \(id\)| CHECK \(\w+ IN\s+\([^()]*\)\)")
"""What the engine would look up for every row."""

PAGE = 1000
LAST = 2**63 - 1
"""No entry has a higher number."""
_SHOWN_PER_TABLE = 5
_DIGEST = re.compile(r"(?:[0-9a-f]{2})+")
_FAULTS = (TrueupError, msgspec.MsgspecError, ValueError, sqlite3.IntegrityError)
"""What a damaged entry can raise; anything else concerns the file."""


def shadow(db: sqlite3.Connection, *, lists: bool = False) -> None:
    """Make the empty temporary twins of every table that folds write to, with those indexes that
    folds look through; the others are of use only where lists are read from the twins."""
    db.execute("PRAGMA temp.cache_size = -65536")
    for name in (*FOLDED, *WAITS, *_MARKS):
        rows = db.execute(
            "SELECT name, sql FROM main.sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL"
            " AND type IN ('table', 'index') ORDER BY type DESC",
            (name,),
        ).fetchall()
        for index, sql in rows:
            if sql.startswith("CREATE INDEX") and index not in _SEARCHED and not lists:
                continue
            if name in _BY_TIME and not lists:
                if index != name:
                    continue
                sql = sql.replace(*(f"PRIMARY KEY {columns}" for columns in _BY_TIME[name]))
            # The rows that these are compared with are checked.
            sql = _CHECKED.sub("", sql)
            table = re.sub(r"^CREATE TABLE ", "CREATE TEMP TABLE ", sql)
            db.execute(re.sub(r"^CREATE INDEX (\w+)", r"CREATE INDEX temp.\1", table))


def drop_shadow(db: sqlite3.Connection) -> None:
    for name in reversed((*FOLDED, *WAITS, *_MARKS)):
        db.execute(f"DROP TABLE temp.{name}")


def pages(db: sqlite3.Connection, until: int = LAST) -> Iterator[list[Row]]:
    """Every row of the journal up to ``until`` in order, a page in memory at a time."""
    after = 0
    while True:
        rows: list[Row] = db.execute(
            f"SELECT {LINE} FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (after, until, PAGE),
        ).fetchall()
        if not rows:
            return
        yield rows
        after = rows[-1][0]


def fold_everything(
    db: sqlite3.Connection,
    bodies: OrderedBodies,
    *,
    progress: Progress | None,
    looks: bool,
    until: int = LAST,
) -> Iterator[tuple[Head, str]]:
    """Check and fold the journal into the shadow; yields every problem, then the head with ``""``.

    A broken place does not end the check: what follows is judged by the hashes that it carries.
    ``looks``: who is to be looked at again is folded as well.
    """
    (total,) = db.execute("SELECT count(*) FROM journal WHERE seq <= ?", (until,)).fetchone()
    previous = Head(0, GENESIS)
    touched = Touched(looks=looks)
    for page in pages(db, until):
        problems, previous = check_chain(page, previous)
        for problem in problems:
            yield previous, problem
        for problem in _fold_page(db, page, bodies, touched):
            yield previous, problem
        if progress is not None:
            progress(previous.seq, total)
    if progress is not None:
        progress(total, total)
    _keep_what_erased_bodies_said(db)
    yield previous, ""


def check_chain(page: Sequence[Row], previous: Head) -> tuple[list[str], Head]:
    """What is wrong with rows that follow ``previous``, and the last of them."""
    problems = []
    seq, prev = previous
    for row in page:
        if row[0] != seq + 1 or row[6] != prev or line_hash(prev, row[:5], row[5]) != row[7]:
            problems.append(broken_at(Head(seq, prev), Line(*row)))
        seq, prev = row[0], row[7]
    return problems, Head(seq, prev)


def _fold_page(
    db: sqlite3.Connection, page: Sequence[Row], source: OrderedBodies, touched: Touched
) -> Iterator[str]:
    steps: list[Step] = []
    named: list[tuple[Step, tuple[Digest, ...]]] = []
    for seq, at, _, _, told, content, _, _ in page:
        try:
            entry = source.entry(content)
        except _FAULTS as error:
            yield _unfolded(seq, told, error)
            continue
        name = type(entry).__name__
        if name != told:
            yield f"entry {seq} is called {told} and holds {name}"
        step = Step(seq, at, entry)
        steps.append(step)
        if digests := named_payloads(entry):
            named.append((step, digests))
    bodies = source.of(digest for _, digests in named for digest in digests)
    for step, digests in named:
        for digest in digests:
            if digest in bodies or digest in source.unreadable:
                continue
            if not _was_erased(db, digest):
                yield (
                    f"entry {step.seq} ({type(step.entry).__name__}) names body {digest}, which is "
                    "missing and was never erased"
                )
    at = ""
    for run in runs(steps):
        if hour_of(run[0].at) != hour_of(at):
            settle(db, touched, at)
        at = run[0].at
        yield from _fold_run(db, run, bodies, touched)
    settle(db, touched, at)


def _fold_run(
    db: sqlite3.Connection, run: Sequence[Step], bodies: dict[Digest, bytes], touched: Touched
) -> Iterator[str]:
    """Together; where that fails once more one by one, to name the entries that are wrong."""
    if len(run) == 1:
        yield from _fold_each(db, run, bodies, touched)
        return
    db.execute("SAVEPOINT run")
    try:
        fold_run(db, run, bodies.get, touched)
    except _FAULTS:
        db.execute("ROLLBACK TO run")
        yield from _fold_each(db, run, bodies, touched)
    db.execute("RELEASE run")


def _fold_each(
    db: sqlite3.Connection, run: Sequence[Step], bodies: dict[Digest, bytes], touched: Touched
) -> Iterator[str]:
    for step in run:
        try:
            fold(Folding(db, step.seq, step.at, bodies.get, touched), step.entry)
        except _FAULTS as error:
            yield _unfolded(step.seq, type(step.entry).__name__, error)


def _unfolded(seq: int, name: str, error: BaseException) -> str:
    return f"entry {seq} ({name}) cannot be folded: {error}"


def _was_erased(db: sqlite3.Connection, digest: Digest) -> bool:
    if not _DIGEST.fullmatch(digest):
        return False
    row = db.execute(
        "SELECT 1 FROM payload_erasure WHERE digest = ?", (bytes.fromhex(digest),)
    ).fetchone()
    return row is not None


def _keep_what_erased_bodies_said(db: sqlite3.Connection) -> None:
    """Keys, whether a record is active, and what an operation is about come from bodies; where
    those are gone they are kept."""
    db.execute(
        """UPDATE temp.operation AS n SET (system, action, label) =
          (SELECT k.system, k.action, k.label FROM main.operation AS k
          WHERE k.operation = n.operation)
        WHERE NOT EXISTS (SELECT 1 FROM payload AS p WHERE p.digest = n.payload)
          AND EXISTS (SELECT 1 FROM main.operation AS k WHERE k.operation = n.operation)"""
    )
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
    _keep_what_the_list_said(db)
    db.execute("DROP TABLE temp.gone")


def _keep_what_the_list_said(db: sqlite3.Connection) -> None:
    """What rows of the drift list have from bodies; that they are there, and why, needs none."""
    kept = "class, label, search, party, targets, amount, size, currency"
    db.execute(
        f"""UPDATE temp.drift AS d SET ({kept}) =
          (SELECT {kept} FROM main.drift AS k WHERE k.record = d.record)
        WHERE EXISTS (SELECT 1 FROM main.drift AS k WHERE k.record = d.record) AND d.record IN (
          SELECT l.record FROM temp.gone AS g JOIN temp.link AS l ON l.object = g.object
          UNION ALL
          SELECT n.record FROM temp.operation AS n
          WHERE n.state IN ('planned', 'waiting', 'approved', 'intended')
            AND NOT EXISTS (SELECT 1 FROM payload AS p WHERE p.digest = n.payload))"""
    )
    count_again(db)


def differences(db: sqlite3.Connection, tables: Sequence[str] = FOLDED) -> Iterator[str]:
    """Where kept tables and their shadows differ, naming table, row and column."""
    for table in tables:
        columns = db.execute(f"PRAGMA main.table_info({table})").fetchall()
        names = [column[1] for column in columns]
        keys = [column[1] for column in columns if column[5]]
        # By primary key, row by row: EXCEPT would sort both tables anew.
        same = " AND ".join(f"b.{name} {'=' if name in keys else 'IS'} a.{name}" for name in names)
        if _is_same(db, table, same):
            continue
        seen = set()
        for ours, theirs in (("temp", "main"), ("main", "temp")):
            rows = db.execute(
                f"SELECT * FROM {ours}.{table} AS a WHERE NOT EXISTS"
                f" (SELECT 1 FROM {theirs}.{table} AS b WHERE {same}) LIMIT ?",
                (_SHOWN_PER_TABLE,),
            ).fetchall()
            for row in rows:
                one = dict(zip(names, row, strict=True))
                where = ", ".join(f"{key} {_shown(one[key])}" for key in keys)
                if where not in seen:
                    seen.add(where)
                    yield f"table {table}, row {where}: " + _compared(db, table, keys, one)


def _is_same(db: sqlite3.Connection, table: str, same: str) -> bool:
    """As many rows, and every row of one among the other's: half the way of looking both ways."""
    (kept,) = db.execute(f"SELECT count(*) FROM main.{table}").fetchone()
    (meant,) = db.execute(f"SELECT count(*) FROM temp.{table}").fetchone()
    missing = (
        f"SELECT 1 FROM temp.{table} AS a WHERE NOT EXISTS"
        f" (SELECT 1 FROM main.{table} AS b WHERE {same}) LIMIT 1"
    )
    return bool(kept == meant) and db.execute(missing).fetchone() is None


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
