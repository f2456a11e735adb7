"""Entries of one type that follow each other, folded together: the very rows that folding them
one by one gives, in a few statements for all of them instead of a dozen for each.

A run that holds anything unusual is folded entry by entry. Must not change what an entry means.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.model.entries import (
    BaselineAdvanced,
    Confirmed,
    Entry,
    GateHeld,
    Held,
    Intended,
    Linked,
    Observed,
    Planned,
    Released,
    Withdrawn,
)
from ledger.model.ids import ExternalRef, RecordId, SystemName
from ledger.store.fold.confirmations import confirmed
from ledger.store.fold.context import Bodies, E, Folding, Said, Tables, Touched, as_json, blob
from ledger.store.fold.drift import hour_of
from ledger.store.fold.entry import fold
from ledger.store.fold.holds import AGREE, held, released
from ledger.store.fold.links import (
    FORGETTING,
    INHERIT_ITEMS,
    MOVE,
    OBJECT_ENTRIES,
    PLACE,
    RECORD_ENTRIES,
    WITHDRAW_JOINED,
    stands_for_others,
)
from ledger.store.fold.marks import mark_many, wake_keys_many, wake_many
from ledger.store.fold.sights import intern, known_refs, look_up, show, sides_of
from ledger.store.fold.tally import add_to_tally
from ledger.store.fold.work import gate_held, intended, planned, withdrawn

_SHOWING = (Observed, Confirmed)

FEWEST = 4
"""Shorter runs are folded entry by entry: preparing for many would cost more than it saves."""


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
        _, when, entry = step
        is_other = type(entry) is not kind
        ref = entry.ref if isinstance(entry, _SHOWING) else None
        if when != at:
            is_other = is_other or hour_of(when) != hour_of(at)
            at = when
        if is_other or ref in refs:
            if run:
                yield run
            run, refs, kind = [], set(), type(entry)
        if ref is not None:
            refs.add(ref)
        run.append(step)
    if run:
        yield run


def fold_run(db: sqlite3.Connection, run: Sequence[Step], body: Bodies, touched: Touched) -> None:
    """Fold one of ``runs``. Raises what ``fold`` raises; part of the run may be folded then."""
    on = Tables(db, body, touched)
    is_long = len(run) >= FEWEST
    match run[0].entry:
        case Observed() if is_long and _observed(db, run, body, touched):
            return
        case Linked() if is_long and _linked(db, run, touched):
            return
        case BaselineAdvanced() if is_long:
            return _agreed(db, run, touched)
        case Confirmed() if is_long and confirmed(on, _said(run, Confirmed)):
            return
        case Planned():
            return planned(on, _said(run, Planned))
        case Withdrawn():
            return withdrawn(on, _said(run, Withdrawn))
        case GateHeld():
            return gate_held(on, _said(run, GateHeld))
        case Intended():
            return intended(on, _said(run, Intended))
        case Held():
            return held(on, _said(run, Held))
        case Released():
            return released(on, _said(run, Released))
        case _:
            pass
    for step in run:
        fold(Folding(db, step.seq, step.at, body, touched), step.entry)


def _said(run: Sequence[Step], kind: type[E]) -> list[Said[E]]:
    return [(seq, at, entry) for seq, at, entry in run if isinstance(entry, kind)]


_ANY_TAKEN = """
SELECT 1 FROM json_each(?) AS wanted CROSS JOIN link AS l ON l.record = wanted.value LIMIT 1"""


def _observed(db: sqlite3.Connection, run: Sequence[Step], body: Bodies, touched: Touched) -> bool:
    """False, and nothing done, when a new reference cannot have the record of its own name."""
    sights = look_up(db, _said(run, Observed))
    homeless = [sight for sight in sights if not sight.is_placed]
    own = {sight.record for sight in homeless}
    if len(own) < len(homeless) or _any(db, _ANY_TAKEN, own):
        return False
    intern(db, sights)
    # Before the keys: a key wakes only records that exist, and one shown earlier in the run does.
    db.executemany(PLACE, [(s.number, s.record, s.entry.ref.system, s.seq) for s in homeless])
    gained = show(db, sights, body)
    if touched.looks:
        seq_of = {sight.number: sight.seq for sight in sights}
        wake_keys_many(db, ((*key[:4], seq_of[key[4]]) for key in gained))
    OBJECT_ENTRIES.put(db, [(sight.number, sight.seq) for sight in sights])
    touched.shown.update(sight.record for sight in sights)
    if touched.looks:
        looked_at = [(sight.record, sight.seq) for sight in sights]
        mark_many(db, looked_at)
        wake_many(db, looked_at)
    return True


def _any(db: sqlite3.Connection, sql: str, records: Iterable[RecordId]) -> bool:
    return db.execute(sql, (as_json(records),)).fetchone() is not None


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


_LEFT = ("baseline", *(table for table in FORGETTING if table != "dirty"))
_REMAPPED = """
SELECT 1 FROM remap WHERE old IN (SELECT value FROM json_each(?1))
  OR new IN (SELECT value FROM json_each(?1)) LIMIT 1"""
_LEAVING = f"""
SELECT wanted.value FROM json_each(?) AS wanted
WHERE EXISTS (SELECT 1 FROM operation WHERE record = wanted.value)
  OR EXISTS (SELECT 1 FROM intent_item WHERE record = wanted.value AND open = 1)
  OR {
    " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE record = wanted.value)" for table in _LEFT)
}"""


def _linked(db: sqlite3.Connection, run: Sequence[Step], touched: Touched) -> bool:
    """False, and nothing done, unless all are joins of two single references, each for itself."""
    joins = _joins(db, run)
    parts = {record for join in joins for record in (join.source, join.target)}
    if len(joins) < len(run) or len(parts) < 2 * len(run):
        return False
    sources = [join.source for join in joins]
    if stands_for_others(db, sources) or _any(db, _REMAPPED, sources):
        return False
    targets = [(join.target, join.seq) for join in joins]
    OBJECT_ENTRIES.put(db, [(join.number, join.seq) for join in joins])
    RECORD_ENTRIES.put(db, [*targets, *((join.source, join.seq) for join in joins)])
    db.executemany(MOVE, [(join.target, join.seq, join.number) for join in joins])
    counts: Counter[tuple[str, str, str]] = Counter()
    for join in joins:
        for system in (join.ref.system, join.other):
            counts[system, join.ref.kind.value, "linked"] += 1
    for what, change in counts.items():
        add_to_tally(db, what, change)
    _forget(db, joins)
    touched.changed.update(parts)
    touched.shown.update(parts)
    if touched.looks:
        mark_many(db, targets)
        wake_many(db, [*((join.source, join.seq) for join in joins), *targets])
    return True


def _forget(db: sqlite3.Connection, joins: Sequence[_Joining]) -> None:
    """Nothing waits in the names of records that were emptied. Few of them leave anything, but for
    the mark of what was only just seen."""
    sources = as_json(join.source for join in joins)
    db.execute("DELETE FROM dirty WHERE record IN (SELECT value FROM json_each(?))", (sources,))
    leaving = {record for (record,) in db.execute(_LEAVING, (sources,))}
    moved = [join for join in joins if join.source in leaving]
    db.executemany(WITHDRAW_JOINED, [(f"joined {j.target}", j.seq, j.at, j.source) for j in moved])
    db.executemany(INHERIT_ITEMS, [(join.target, join.source) for join in moved])
    for table in _LEFT:
        db.executemany(f"DELETE FROM {table} WHERE record = ?", [(join.source,) for join in moved])


def _joins(db: sqlite3.Connection, run: Sequence[Step]) -> list[_Joining]:
    """Those of a run that are simple."""
    linked = _said(run, Linked)
    known = known_refs(db, (entry.ref for _, _, entry in linked))
    found = [known.get(entry.ref) for _, _, entry in linked]
    named = [entry.record for _, _, entry in linked]
    sides = sides_of(db, [*named, *(one.record for one in found if one is not None)])
    joins = []
    for one, (seq, at, entry) in zip(found, linked, strict=True):
        if one is None or len(sides.get(one.record, ())) != 1 or one.record == entry.record:
            continue
        theirs = sides.get(entry.record, ())
        if len(theirs) != 1:
            continue
        ((other, kind),) = theirs
        if kind == entry.ref.kind and other != entry.ref.system:
            joins.append(_Joining(seq, at, one.number, entry.ref, one.record, entry.record, other))
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
    RECORD_ENTRIES.put(db, looked_at)
    if touched.looks:
        wake_many(db, looked_at)
