"""Writes that were confirmed, several together: what each of them closes and shows.

Only the usual kind, where nothing of one entry depends on the entry before it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.model.entries import Confirmed
from ledger.model.ids import RecordId, SystemName
from ledger.store.fold.context import Said, Tables, as_json
from ledger.store.fold.links import OBJECT_ENTRIES, PLACE, RECORD_ENTRIES
from ledger.store.fold.marks import (
    Rewait,
    mark_many,
    set_waits,
    wake_keys_many,
    wake_many,
)
from ledger.store.fold.sights import Key, Sight, intern, look_up, show, sides_of
from ledger.store.fold.tally import add_to_tally
from ledger.store.fold.work import CLOSE, CLOSE_ITEM, COUNT_ANSWER, USED_UP, needs_subject, turn

_ITEMS = """
SELECT wanted.key, i.record, i.open
FROM json_each(?) AS wanted
CROSS JOIN intent_item AS i ON i.request = json_extract(wanted.value, '$[0]')
  AND i.operation = json_extract(wanted.value, '$[1]')"""


@dataclass(slots=True)
class _Done:
    """One confirmed write."""

    seq: int
    at: str
    entry: Confirmed
    record: RecordId
    """That of its intent, which may have been joined since."""
    answers: bool
    """Whether this is its first answer."""

    @property
    def wait(self) -> Rewait:
        """It waits for nothing any more."""
        return Rewait(self.seq, self.record, needs_subject(self.entry.operation))


def confirmed(on: Tables, said: Sequence[Said[Confirmed]]) -> bool:
    """False, and nothing done, unless each is of a record and an operation of its own, and shows
    a reference that is the record's or will be."""
    done = _done(on, said)
    sights = look_up(on.db, said)
    sides = sides_of(on.db, [one.record for one in done])
    if not _are_usual(done, sights, sides):
        return False
    _close(on, done)
    intern(on.db, sights)
    gained = show(on.db, sights, on.body)
    _place(on, done, sights, sides)
    OBJECT_ENTRIES.put(on.db, [(sight.number, sight.seq) for sight in sights])
    RECORD_ENTRIES.put(on.db, [(one.record, one.seq) for one in done])
    on.touched.shown.update(one.record for one in done)
    on.db.executemany(
        "DELETE FROM rejection WHERE record = ? AND system = ?",
        [(one.record, one.entry.ref.system) for one in done],
    )
    if on.touched.looks:
        _wake(on, done, sights, gained)
    return True


def _done(on: Tables, said: Sequence[Said[Confirmed]]) -> list[_Done]:
    wanted = as_json((entry.request, entry.operation) for _, _, entry in said)
    items = {row[0]: row[1:] for row in on.db.execute(_ITEMS, (wanted,))}
    done = []
    for place, (seq, at, entry) in enumerate(said):
        record, is_open = items.get(place, (entry.record, True))
        done.append(_Done(seq, at, entry, RecordId(record), bool(is_open)))
    return done


def _are_usual(
    done: Sequence[_Done], sights: Sequence[Sight], sides: dict[str, list[tuple[SystemName, str]]]
) -> bool:
    records = {one.record for one in done}
    operations = {one.entry.operation for one in done}
    if min(len(records), len(operations)) < len(done):
        return False
    for one, sight in zip(done, sights, strict=True):
        mine = sides.get(one.record, [])
        is_free = bool(mine) and all(system != one.entry.ref.system for system, _ in mine)
        is_his = sight.record == one.record if sight.is_placed else is_free
        if not (one.entry.payload and is_his):
            return False
    return True


def _close(on: Tables, done: Sequence[_Done]) -> None:
    operations = [(one.entry.operation,) for one in done if one.answers]
    on.db.executemany(COUNT_ANSWER, operations)
    on.db.executemany(CLOSE_ITEM, [(one.entry.request, one.entry.operation) for one in done])
    on.db.executemany(CLOSE, [(request,) for request in {one.entry.request for one in done}])
    turns = [(one.entry.operation, one.entry.how, one.seq, one.at) for one in done]
    turn(on, turns, to="confirmed")
    on.db.executemany(USED_UP, [(one.at, one.entry.operation) for one in done])


def _place(
    on: Tables,
    done: Sequence[_Done],
    sights: Sequence[Sight],
    sides: dict[str, list[tuple[SystemName, str]]],
) -> None:
    """New references join the records that were written, which have others already."""
    rows: list[tuple[object, ...]] = []
    linked: Counter[tuple[str, str]] = Counter()
    for one, sight in zip(done, sights, strict=True):
        if not sight.is_placed:
            ref = sight.entry.ref
            rows.append((sight.number, one.record, ref.system, sight.seq))
            linked[ref.system, ref.kind.value] += 1
            if len(sides[one.record]) == 1:  # it was alone, and counts from now on
                linked[sides[one.record][0]] += 1
    on.db.executemany(PLACE, rows)
    for (system, kind), change in linked.items():
        add_to_tally(on.db, (system, kind, "linked"), change)


def _wake(
    on: Tables, done: Sequence[_Done], sights: Sequence[Sight], gained: Sequence[Key]
) -> None:
    """Each waits for nothing any more; marked are those that wait for its record, or for a key
    that appeared. One of the run that waits for another is marked by its own entry, or was before:
    the order does not count."""
    set_waits(on.db, [one.wait for one in done])
    seq_of = {sight.number: sight.seq for sight in sights}
    wake_keys_many(on.db, [(*key[:4], seq_of[key[4]]) for key in gained])
    looked_at = [(one.record, one.seq) for one in done]
    wake_many(on.db, looked_at)
    mark_many(on.db, looked_at)
