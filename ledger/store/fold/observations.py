"""What systems showed: heads, keys and the end of sweeps."""

from collections.abc import Callable

import msgspec

from ledger.model import entries
from ledger.model.ids import Digest, ExternalRef, RecordId
from ledger.model.keys import keys
from ledger.model.records import Record, is_at_rest
from ledger.store.fold.context import Folding, blob
from ledger.store.fold.links import ensure_record, intern, mention_object, require
from ledger.store.fold.many import Insert
from ledger.store.fold.marks import mark, wake, wake_keys
from ledger.store.fold.tally import turn
from ledger.store.payloads import record_in

HEADS = Insert(
    "INSERT INTO head"
    " (object, version, comparable, payload, seq, tombstone, problem, out_of_scope, state)",
    "(?, ?, ?, ?, ?, '', NULL, ?, ?)",
    """ON CONFLICT (object) DO UPDATE SET
      version = excluded.version, comparable = excluded.comparable, payload = excluded.payload,
      seq = excluded.seq, tombstone = '', problem = NULL, out_of_scope = excluded.out_of_scope,
      state = excluded.state""",
)
"""Content is the latest of its reference from here on."""

_NOTE = """
INSERT INTO head
  (object, version, comparable, payload, seq, tombstone, problem, out_of_scope, state)
VALUES (?1, '', NULL, NULL, ?2, ?3, ?4, '', ?5)
ON CONFLICT (object) DO UPDATE SET seq = ?2, tombstone = ?3, problem = ?4, state = ?5"""

DROP_KEY = "DELETE FROM key WHERE system = ? AND kind = ? AND name = ? AND value = ? AND object = ?"
KEYS = Insert("INSERT INTO key (system, kind, name, value, object)", "(?, ?, ?, ?, ?)")

MOVED = "moved"
"""Name of the key that a new version of a reference wakes; its value is the id. No record shows
it: a hold waits for it when a derived figure, such as a balance, may release it."""


def observed(f: Folding, entry: entries.Observed) -> None:
    number = intern(f, entry.ref)
    show(f, number, entry, out_of_scope=entry.out_of_scope)
    changed(f, number, ensure_record(f, number, entry.ref))


def show(
    f: Folding, number: int, entry: entries.Observed | entries.Confirmed, *, out_of_scope: str
) -> None:
    """Content is the latest of its reference from here on."""
    record = stored_record(f.body, entry.payload)
    state = state_of(record, out_of_scope)
    turn(f, entry.ref, _present_state(f, number), state)
    comparable, payload = blob(entry.comparable), blob(entry.payload)
    head = (number, entry.version, comparable, payload, f.seq, out_of_scope, state)
    HEADS.put(f.db, [head])
    set_keys(f, number, entry.ref, record)


def changed(f: Folding, number: int, record: RecordId) -> None:
    """A reference showed something new: its record and those that wait for it get a look."""
    mention_object(f, number)
    f.touched.shown.add(record)
    mark(f, record)
    wake(f, record)


def version_moved(f: Folding, entry: entries.VersionMoved) -> None:
    # The seq of the head stays: operations are derived from the content that was seen, and
    # the compared content is the same.
    number = require(f, entry.ref)
    f.run(
        "UPDATE head SET version = ?, payload = ? WHERE object = ?",
        entry.version,
        blob(entry.payload),
        number,
    )
    mention_object(f, number)
    f.touched.shown.add(ensure_record(f, number, entry.ref))
    wake_keys(f, entry.ref, [(MOVED, entry.ref.id)])


def tombstoned(f: Folding, entry: entries.Tombstoned) -> None:
    number = intern(f, entry.ref)
    turn(f, entry.ref, _present_state(f, number), "removed")
    f.run(_NOTE, number, f.seq, entry.evidence or "removed", None, "removed")
    changed(f, number, ensure_record(f, number, entry.ref))


def quarantined(f: Folding, entry: entries.Quarantined) -> None:
    number = intern(f, entry.ref)
    turn(f, entry.ref, _present_state(f, number), "unreadable")
    f.run(_NOTE, number, f.seq, "", msgspec.json.encode(entry.problem), "unreadable")
    changed(f, number, ensure_record(f, number, entry.ref))


def swept(f: Folding, entry: entries.Swept) -> None:
    """A catalogue was read whole: creates that waited for it get a look.

    Whether it is complete now is told by the cursor, which is stored in the same transaction.
    """
    ref = ExternalRef(entry.system, entry.kind, "")
    wake_keys(f, ref, [("catalogue", "complete")])


def stored_record(body_of: Callable[[Digest], bytes | None], payload: Digest) -> Record | None:
    """The record in a body; None when retention has erased it."""
    body = body_of(payload)
    return None if body is None else record_in(body)


def set_keys(f: Folding, number: int, ref: ExternalRef, record: Record | None) -> None:
    """Make the reference findable under its present keys, and wake who waited for a new one."""
    before = set(f.run("SELECT name, value FROM key WHERE object = ?", number))
    after = set() if record is None else set(keys(record))
    if before == after:
        return
    prefix = (ref.system, ref.kind.value)
    f.db.executemany(
        DROP_KEY,
        [(*prefix, *pair, number) for pair in before - after],
    )
    gained = sorted(after - before)
    KEYS.put(f.db, [(*prefix, *pair, number) for pair in gained])
    wake_keys(f, ref, gained)


def state_of(record: Record | None, out_of_scope: str) -> str:
    """In which of the states of a head content is that can be read."""
    if out_of_scope:
        return "out_of_scope"
    return "inactive" if record is not None and is_at_rest(record) else "live"


def _present_state(f: Folding, number: int) -> str | None:
    state: str | None = f.one("SELECT state FROM head WHERE object = ?", number)
    return state
