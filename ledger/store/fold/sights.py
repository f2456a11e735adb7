"""What systems showed in several entries together: numbers, heads, tallies and keys of references
that are shown once each.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from ledger.model.entries import Confirmed, Observed
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName, record_id
from ledger.model.keys import keys
from ledger.store.fold.context import Bodies, Said, as_json, blob
from ledger.store.fold.observations import DROP_KEY, HEADS, KEYS, state_of, stored_record
from ledger.store.fold.tally import add_to_tally

Key: TypeAlias = tuple[str, str, str, str, int]
"""System, kind, name, value and object: a row of the table of keys."""


class Sight(msgspec.Struct):
    """One reference as it is shown, and what the tables held of it before."""

    seq: int
    entry: Observed | Confirmed
    number: int
    """0 until the reference is interned."""
    before: str | None
    """The state of its head."""
    scope: str
    """Why it is out of scope, ``""`` if it is not."""
    record: RecordId
    """``""`` until it has one."""
    is_placed: bool


class Known(NamedTuple):
    """What the tables hold of a reference."""

    number: int
    state: str | None
    """Of its head; None until it was shown."""
    scope: str | None
    record: RecordId
    """``""`` while it has none."""


_KNOWN = """
SELECT o.external_id, o.id, h.state, h.out_of_scope, coalesce(l.record, '')
FROM json_each(?3) AS wanted
CROSS JOIN object AS o ON o.system = ?1 AND o.kind = ?2 AND o.external_id = wanted.value
LEFT JOIN head AS h ON h.object = o.id
LEFT JOIN link AS l ON l.object = o.id"""

_SIDES = """
SELECT l.record, o.system, o.kind
FROM json_each(?) AS wanted CROSS JOIN link AS l ON l.record = wanted.value
JOIN object AS o ON o.id = l.object"""

_PRESENT_KEYS = """
SELECT k.system, k.kind, k.name, k.value, k.object
FROM json_each(?) AS wanted CROSS JOIN key AS k ON k.object = wanted.value"""


def known_refs(db: sqlite3.Connection, refs: Iterable[ExternalRef]) -> dict[ExternalRef, Known]:
    """What is known of each reference that was interned."""
    wanted: dict[tuple[SystemName, Kind], list[str]] = {}
    for ref in refs:
        wanted.setdefault((ref.system, ref.kind), []).append(ref.id)
    return {
        ExternalRef(system, kind, own): Known(*found)
        for (system, kind), ids in wanted.items()
        for own, *found in db.execute(_KNOWN, (system, kind.value, as_json(ids)))
    }


def sides_of(
    db: sqlite3.Connection, records: Iterable[RecordId]
) -> dict[str, list[tuple[SystemName, str]]]:
    """System and kind of every reference of each record."""
    found: dict[str, list[tuple[SystemName, str]]] = {}
    for record, system, kind in db.execute(_SIDES, (as_json(records),)):
        found.setdefault(record, []).append((system, kind))
    return found


_STRANGE = Known(0, None, None, RecordId(""))


def look_up(
    db: sqlite3.Connection, said: Sequence[Said[Observed]] | Sequence[Said[Confirmed]]
) -> list[Sight]:
    """What a write gave back says nothing of the scope, which stays."""
    known = known_refs(db, [entry.ref for _, _, entry in said])
    sights = []
    for seq, _, entry in said:
        number, before, scope, record = known.get(entry.ref, _STRANGE)
        if type(entry) is Observed:
            scope = entry.out_of_scope
        own = record or record_id(entry.ref)
        sights.append(Sight(seq, entry, number, before, scope or "", own, bool(record)))
    return sights


def intern(db: sqlite3.Connection, sights: Sequence[Sight]) -> None:
    """Number new references as single inserts would: behind the highest, in order."""
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM object").fetchone()
    new = [sight for sight in sights if not sight.number]
    for number, sight in enumerate(new, last + 1):
        sight.number = number
    refs = [(sight.number, sight.entry.ref) for sight in new]
    db.executemany(
        "INSERT INTO object (id, system, kind, external_id) VALUES (?, ?, ?, ?)",
        [(number, ref.system, ref.kind.value, ref.id) for number, ref in refs],
    )


def show(db: sqlite3.Connection, sights: Sequence[Sight], body: Bodies) -> list[Key]:
    """Heads, tallies and keys; returns the keys that are new."""
    heads: list[tuple[object, ...]] = []
    turns: list[tuple[str, str, str | None, str]] = []
    gained: list[Key] = []
    after: set[Key] = set()
    for sight in sights:
        entry, number = sight.entry, sight.number
        record = stored_record(body, entry.payload)
        state = state_of(record, sight.scope)
        system, kind = entry.ref.system, entry.ref.kind.value
        turns.append((system, kind, sight.before, state))
        comparable, payload = blob(entry.comparable), blob(entry.payload)
        heads.append((number, entry.version, comparable, payload, sight.seq, sight.scope, state))
        if record is not None:
            shown = [(system, kind, name, value, number) for name, value in keys(record)]
            if sight.before is None:
                gained += shown
            else:
                after.update(shown)
    HEADS.put(db, heads)
    _count(db, turns)
    return _set_keys(db, sights, after, gained)


def _count(db: sqlite3.Connection, turns: Iterable[tuple[str, str, str | None, str]]) -> None:
    """Add up the turns of references from one state to another; None: it is new."""
    tally: Counter[tuple[str, str, str]] = Counter()
    for (system, kind, before, state), many in Counter(turns).items():
        if before != state:
            tally[system, kind, state] += many
            if before is not None:
                tally[system, kind, before] -= many
    for what, change in tally.items():
        add_to_tally(db, what, change)


def _set_keys(
    db: sqlite3.Connection, sights: Sequence[Sight], after: set[Key], gained: list[Key]
) -> list[Key]:
    """``after``: the keys of references that had some before; ``gained``: those of new ones."""
    seen_before = [sight.number for sight in sights if sight.before is not None]
    if seen_before:
        before: set[Key] = set(db.execute(_PRESENT_KEYS, (as_json(seen_before),)))
        db.executemany(DROP_KEY, before - after)
        gained = [*gained, *sorted(after - before)]
    KEYS.put(db, gained)
    return gained
