"""Entries of one type that follow each other, folded together: the very rows that folding them
one by one gives, in a few statements for all of them instead of a dozen for each.

A run that holds anything unusual is folded entry by entry. Must not change what an entry means.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import msgspec

from ledger.model.entries import BaselineAdvanced, Entry, Linked, Observed
from ledger.model.ids import Digest, ExternalRef, RecordId, SystemName, record_id
from ledger.model.keys import keys
from ledger.store.fold.context import Folding, Touched, blob
from ledger.store.fold.drift import hour_of
from ledger.store.fold.entry import fold
from ledger.store.fold.holds import AGREE
from ledger.store.fold.links import (
    FORGETTING,
    INHERIT_ITEMS,
    MENTION_OBJECT,
    MENTION_RECORD,
    MOVE,
    PLACE,
    WITHDRAW_JOINED,
)
from ledger.store.fold.marks import mark_many, wake_keys_many, wake_many
from ledger.store.fold.observations import ADD_KEY, DROP_KEY, SHOW, state_of, stored_record
from ledger.store.fold.tally import add_to_tally

FEWEST = 4
"""Shorter runs are folded entry by entry: preparing for many would cost more than it saves."""

Bodies: TypeAlias = Callable[[Digest], bytes | None]
Key: TypeAlias = tuple[str, str, str, str, int]
"""System, kind, name, value and object: a row of the table of keys."""


class Step(NamedTuple):
    """One entry in its place in the journal."""

    seq: int
    at: str
    entry: Entry


def runs(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """The steps in order, cut where the type or the hour changes or a reference is shown again."""
    run: list[Step] = []
    kind: type[Entry] | None = None
    at = ""
    refs: set[ExternalRef] = set()
    for step in steps:
        entry = step.entry
        is_other = type(entry) is not kind
        if step.at != at:
            is_other = is_other or hour_of(step.at) != hour_of(at)
            at = step.at
        if is_other or (type(entry) is Observed and entry.ref in refs):
            if run:
                yield run
            run, refs, kind = [], set(), type(entry)
        if type(entry) is Observed:
            refs.add(entry.ref)
        run.append(step)
    if run:
        yield run


def fold_run(db: sqlite3.Connection, run: Sequence[Step], body: Bodies, touched: Touched) -> None:
    """Fold one of ``runs``. Raises what ``fold`` raises; part of the run may be folded then."""
    if len(run) >= FEWEST:
        match run[0].entry:
            case Observed() if _observed(db, run, body, touched):
                return
            case Linked() if _linked(db, run, touched):
                return
            case BaselineAdvanced():
                _agreed(db, run, touched)
                return
            case _:
                pass
    for step in run:
        fold(Folding(db, step.seq, step.at, body, touched), step.entry)


@dataclass(slots=True)
class _Sight:
    """One observation of a run, and what the tables held of its reference before."""

    seq: int
    entry: Observed
    number: int
    """0 until the reference is interned."""
    before: str | None
    """The state of its head."""
    record: RecordId
    """``""`` until it has one."""
    is_placed: bool


_KNOWN = """
SELECT wanted.key, o.id, h.state, l.record
FROM json_each(?) AS wanted
CROSS JOIN object AS o ON o.system = json_extract(wanted.value, '$[0]')
  AND o.kind = json_extract(wanted.value, '$[1]')
  AND o.external_id = json_extract(wanted.value, '$[2]')
LEFT JOIN head AS h ON h.object = o.id
LEFT JOIN link AS l ON l.object = o.id"""

_ANY_TAKEN = """
SELECT 1 FROM json_each(?) AS wanted CROSS JOIN link AS l ON l.record = wanted.value LIMIT 1"""

_PRESENT_KEYS = """
SELECT k.system, k.kind, k.name, k.value, k.object
FROM json_each(?) AS wanted CROSS JOIN key AS k ON k.object = wanted.value"""


def _observed(db: sqlite3.Connection, run: Sequence[Step], body: Bodies, touched: Touched) -> bool:
    """False, and nothing done, when a new reference cannot have the record of its own name."""
    sights = _look_up(db, run)
    homeless = [sight for sight in sights if not sight.is_placed]
    own = {sight.record for sight in homeless}
    if len(own) < len(homeless) or _any_taken(db, own):
        return False
    _intern(db, [sight for sight in sights if not sight.number])
    # Before the keys: a key wakes only records that exist, and one shown earlier in the run does.
    db.executemany(PLACE, [(s.number, s.record, s.entry.ref.system, s.seq) for s in homeless])
    gained = _show(db, sights, body)
    if touched.looks:
        seq_of = {sight.number: sight.seq for sight in sights}
        wake_keys_many(db, ((*key[:4], seq_of[key[4]]) for key in gained))
    db.executemany(MENTION_OBJECT, [(sight.number, sight.seq) for sight in sights])
    touched.shown.update(sight.record for sight in sights)
    if touched.looks:
        looked_at = [(sight.record, sight.seq) for sight in sights]
        mark_many(db, looked_at)
        wake_many(db, looked_at)
    return True


def _look_up(db: sqlite3.Connection, run: Sequence[Step]) -> list[_Sight]:
    shown = [(step.seq, step.entry) for step in run if isinstance(step.entry, Observed)]
    wanted = _json([(e.ref.system, e.ref.kind, e.ref.id) for _, e in shown])
    known = {row[0]: row[1:] for row in db.execute(_KNOWN, (wanted,))}
    sights = []
    for place, (seq, entry) in enumerate(shown):
        number, before, record = known.get(place, (0, None, None))
        own = RecordId(record) if record else record_id(entry.ref)
        sights.append(_Sight(seq, entry, number, before, own, is_placed=bool(record)))
    return sights


def _any_taken(db: sqlite3.Connection, records: Iterable[RecordId]) -> bool:
    return db.execute(_ANY_TAKEN, (_json(records),)).fetchone() is not None


def _intern(db: sqlite3.Connection, sights: Sequence[_Sight]) -> None:
    """Number new references as single inserts would: behind the highest, in order."""
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM object").fetchone()
    for number, sight in enumerate(sights, last + 1):
        sight.number = number
    refs = [(sight.number, sight.entry.ref) for sight in sights]
    db.executemany(
        "INSERT INTO object (id, system, kind, external_id) VALUES (?, ?, ?, ?)",
        [(number, ref.system, ref.kind.value, ref.id) for number, ref in refs],
    )


def _show(db: sqlite3.Connection, sights: Sequence[_Sight], body: Bodies) -> list[Key]:
    """Heads, tallies and keys; returns the keys that are new."""
    heads: list[tuple[object, ...]] = []
    turns: list[tuple[str, str, str | None, str]] = []
    gained: list[Key] = []
    after: set[Key] = set()
    for sight in sights:
        entry, ref, number = sight.entry, sight.entry.ref, sight.number
        record = stored_record(body, entry.payload)
        scope = entry.out_of_scope
        state = state_of(record, scope)
        system, kind = ref.system, ref.kind.value
        turns.append((system, kind, sight.before, state))
        comparable, payload = blob(entry.comparable), blob(entry.payload)
        heads.append((number, entry.version, comparable, payload, sight.seq, scope, state))
        if record is not None:
            shown = [(system, kind, name, value, number) for name, value in keys(record)]
            if sight.before is None:
                gained += dict.fromkeys(shown)
            else:
                after.update(shown)
    db.executemany(SHOW, heads)
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
    db: sqlite3.Connection, sights: Sequence[_Sight], after: set[Key], gained: list[Key]
) -> list[Key]:
    """``after``: the keys of references that had some before; ``gained``: those of new ones."""
    seen_before = [sight.number for sight in sights if sight.before is not None]
    if seen_before:
        before: set[Key] = set(db.execute(_PRESENT_KEYS, (_json(seen_before),)))
        db.executemany(DROP_KEY, before - after)
        gained = [*gained, *sorted(after - before)]
    db.executemany(ADD_KEY, gained)
    return gained


class _Joining(NamedTuple):
    """One link of a run: a reference leaves a record that has no other, and joins one that has
    one other, of the same kind in another system."""

    seq: int
    at: str
    number: int
    ref: ExternalRef
    source: RecordId
    target: RecordId
    other: SystemName


_JOINING = """
SELECT wanted.key, o.id, mine.record,
  (SELECT count(*) FROM link AS l WHERE l.record = mine.record),
  (SELECT count(*) FROM link AS l WHERE l.record = json_extract(wanted.value, '$[3]')),
  theirs.system, (SELECT kind FROM object AS t WHERE t.id = theirs.object)
FROM json_each(?) AS wanted
CROSS JOIN object AS o ON o.system = json_extract(wanted.value, '$[0]')
  AND o.kind = json_extract(wanted.value, '$[1]')
  AND o.external_id = json_extract(wanted.value, '$[2]')
CROSS JOIN link AS mine ON mine.object = o.id
CROSS JOIN link AS theirs ON theirs.record = json_extract(wanted.value, '$[3]')"""


_WORKING = """
SELECT n.record FROM json_each(?) AS wanted CROSS JOIN operation AS n ON n.record = wanted.value
UNION
SELECT i.record FROM json_each(?) AS wanted
CROSS JOIN intent_item AS i ON i.record = wanted.value AND i.open = 1"""
_EMPTY = "DELETE FROM {table} WHERE record IN (SELECT value FROM json_each(?))"


def _linked(db: sqlite3.Connection, run: Sequence[Step], touched: Touched) -> bool:
    """False, and nothing done, unless all are joins of two single references, each for itself."""
    joins = _joins(db, run)
    parts = {record for join in joins for record in (join.source, join.target)}
    if len(joins) < len(run) or len(parts) < 2 * len(run):
        return False
    targets = [(join.target, join.seq) for join in joins]
    db.executemany(MENTION_OBJECT, [(join.number, join.seq) for join in joins])
    db.executemany(MENTION_RECORD, [*targets, *((join.source, join.seq) for join in joins)])
    db.executemany(MOVE, [(join.target, join.seq, join.number) for join in joins])
    counts: Counter[tuple[str, str, str]] = Counter()
    for join in joins:
        for system in (join.ref.system, join.other):
            counts[system, join.ref.kind.value, "linked"] += 1
    for what, change in counts.items():
        add_to_tally(db, what, change)
    _forget(db, joins)
    touched.changed.update(parts)
    if touched.looks:
        mark_many(db, targets)
        wake_many(db, [*((join.source, join.seq) for join in joins), *targets])
    return True


def _forget(db: sqlite3.Connection, joins: Sequence[_Joining]) -> None:
    """Nothing waits in the names of records that were emptied. Few of them leave anything."""
    sources = _json([join.source for join in joins])
    working = {record for (record,) in db.execute(_WORKING, (sources, sources))}
    moved = [join for join in joins if join.source in working]
    db.executemany(WITHDRAW_JOINED, [(f"joined {j.target}", j.seq, j.at, j.source) for j in moved])
    db.executemany(INHERIT_ITEMS, [(join.target, join.source) for join in moved])
    for table in ("baseline", *FORGETTING):
        db.execute(_EMPTY.format(table=table), (sources,))


def _joins(db: sqlite3.Connection, run: Sequence[Step]) -> list[_Joining]:
    """Those of a run that are simple."""
    linked = [(step, step.entry) for step in run if isinstance(step.entry, Linked)]
    wanted = _json([e.ref.system, e.ref.kind.value, e.ref.id, e.record] for _, e in linked)
    joins = []
    for place, number, source, leaves, joined, other, kind in db.execute(_JOINING, (wanted,)):
        step, entry = linked[place]
        is_alone = (leaves, joined) == (1, 1) and source != entry.record
        if is_alone and kind == entry.ref.kind.value and other != entry.ref.system:
            joins.append(
                _Joining(
                    step.seq, step.at, number, entry.ref, RecordId(source), entry.record, other
                )
            )
    return joins


def _agreed(db: sqlite3.Connection, run: Sequence[Step], touched: Touched) -> None:
    agreed = [(step.seq, step.entry) for step in run if isinstance(step.entry, BaselineAdvanced)]
    db.executemany(
        AGREE,
        [
            (entry.record, system, blob(image), seq, entry.mapping_version)
            for seq, entry in agreed
            for system, image in entry.images.items()
        ],
    )
    looked_at = [(entry.record, seq) for seq, entry in agreed]
    db.executemany(MENTION_RECORD, looked_at)
    if touched.looks:
        wake_many(db, looked_at)


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
