"""References and the records they belong to."""

import sqlite3
from collections.abc import Iterable
from itertools import islice

import msgspec

from ledger.model import entries
from ledger.model.facts import CATALOGUE_JOB, REPLACED_BY
from ledger.model.ids import (
    MASTER_KINDS,
    REFERENCE_KINDS,
    ExternalRef,
    Kind,
    RecordId,
    SystemName,
    own_ids,
)
from ledger.store.errors import DraftRefused, LinkRefused
from ledger.store.fold.context import Folding
from ledger.store.fold.many import Insert
from ledger.store.fold.marks import mark, mark_documents, mark_everything, wake
from ledger.store.fold.tally import count_linked

_OWN_ID_TRIES = 1000
_STANDS_FOR = """
SELECT 1 FROM json_each(?) AS wanted CROSS JOIN resolution AS r ON r.record = wanted.value
WHERE r.field LIKE ? AND r.field <> ? AND r.value_digest <> '' LIMIT 1"""

OBJECT_ENTRIES = Insert("INSERT OR IGNORE INTO object_entry (object, seq)", "(?, ?)")
RECORD_ENTRIES = Insert("INSERT OR IGNORE INTO record_entry (record, seq)", "(?, ?)")
PLACE = "INSERT INTO link (object, record, system, seq) VALUES (?, ?, ?, ?)"

MOVE = "UPDATE link SET record = ?, seq = ? WHERE object = ?"
DISAGREE = "DELETE FROM baseline WHERE record = ?"
WITHDRAW_JOINED = """
UPDATE operation SET state = 'withdrawn', reason = ?, text = '', seq = ?, at = ?
WHERE record = ? AND state IN ('planned', 'waiting', 'approved')"""
INHERIT_ITEMS = "UPDATE intent_item SET record = ? WHERE record = ? AND open = 1"
PART_ITEMS = """
UPDATE intent_item SET record = ?1 WHERE record = ?2 AND open = 1 AND EXISTS (
  SELECT 1 FROM operation AS n
  WHERE n.operation = intent_item.operation AND n.system = ?3 AND n.action <> 'create')"""
INHERIT_REMAPS = "UPDATE OR REPLACE remap SET {name} = ? WHERE {name} = ?"
FORGETTING = ("hold", "rejection", "resolution", "wake_record", "wake_key", "dirty")
"""Tables in which a record that was emptied leaves nothing."""


def known(f: Folding, ref: ExternalRef) -> int | None:
    """The interned number of a reference."""
    found: int | None = f.one(
        "SELECT id FROM object WHERE system = ? AND kind = ? AND external_id = ?",
        ref.system,
        ref.kind.value,
        ref.id,
    )
    return found


def require(f: Folding, ref: ExternalRef) -> int:
    found = known(f, ref)
    if found is None:
        raise DraftRefused(
            f"{ref} was never observed", cure="Observe it first; this is a bug, please report it."
        )
    return found


def intern(f: Folding, ref: ExternalRef) -> int:
    found = known(f, ref)
    if found is None:
        found = f.run(
            "INSERT INTO object (system, kind, external_id) VALUES (?, ?, ?)",
            ref.system,
            ref.kind.value,
            ref.id,
        ).lastrowid
        assert found is not None
    return found


def owner(f: Folding, number: int) -> RecordId | None:
    found = f.one("SELECT record FROM link WHERE object = ?", number)
    return None if found is None else RecordId(found)


def held_by(f: Folding, record: RecordId, system: SystemName) -> int | None:
    """The reference that a record already has in a system."""
    found: int | None = f.one(
        "SELECT object FROM link WHERE record = ? AND system = ?", record, system
    )
    return found


def mention_object(f: Folding, number: int) -> None:
    OBJECT_ENTRIES.put(f.db, [(number, f.seq)])


def mention_record(f: Folding, record: RecordId) -> None:
    RECORD_ENTRIES.put(f.db, [(record, f.seq)])


def ensure_record(f: Folding, number: int, ref: ExternalRef) -> RecordId:
    """The record of a reference; a reference that is new opens one of its own."""
    found = owner(f, number)
    if found is None:
        found = _own_record(f, ref)
        _place(f, number, found, ref.system)
    return found


def place_new(f: Folding, number: int, ref: ExternalRef, record: RecordId) -> RecordId:
    """Put the reference of a confirmed write with its record, where the place is free.

    The write happened, so this never refuses: when another reference took the place meanwhile,
    the new one keeps a record of its own, and matching shows both to a person.
    """
    current = owner(f, number)
    if current == record:
        return record
    if held_by(f, record, ref.system) is not None or not _exists(f, record):
        return ensure_record(f, number, ref)
    if current is None:
        count_linked(f, record, -1)
        _place(f, number, record, ref.system)
        count_linked(f, record, +1)
    else:
        _move(f, number, ref, current, record)
    return record


def linked(f: Folding, entry: entries.Linked) -> None:
    number = require(f, entry.ref)
    current = ensure_record(f, number, entry.ref)
    mention_object(f, number)
    mention_record(f, entry.record)
    if current == entry.record:
        return
    _refuse_other_kind(f, entry)
    held = held_by(f, entry.record, entry.ref.system)
    if held is not None:
        raise LinkRefused(entry.record, ref_of(f, held), entry.ref)
    mention_record(f, current)
    if stands_for_others(f.db, [current], but=entry.record):
        mark_documents(f)  # those that show it meant another product, and mean this one now
    _move(f, number, entry.ref, current, entry.record)


def stands_for_others(db: sqlite3.Connection, records: Iterable[RecordId], but: str = "") -> bool:
    """Whether documents that show one of these items mean another product, by an answer that is
    forgotten together with its record."""
    wanted = msgspec.json.encode(list(records)).decode()
    asked = (wanted, f"{REPLACED_BY}%", f"{REPLACED_BY}{but}")
    return db.execute(_STANDS_FOR, asked).fetchone() is not None


def unlinked(f: Folding, entry: entries.Unlinked) -> None:
    number = require(f, entry.ref)
    if owner(f, number) != entry.record:
        raise DraftRefused(
            f"{entry.ref} does not belong to record {entry.record}",
            cure="Look at the record again: it was linked differently meanwhile.",
        )
    mention_object(f, number)
    mention_record(f, entry.record)
    if f.one("SELECT count(*) FROM link WHERE record = ?", entry.record) == 1:
        raise DraftRefused(
            f"{entry.ref} is the only reference of record {entry.record}",
            cure="There is nothing to unlink.",
        )
    own = _own_record(f, entry.ref)
    mention_record(f, own)
    _move(f, number, entry.ref, entry.record, own)
    if entry.by != CATALOGUE_JOB:
        _mark_pointing(f, entry.ref.kind)
    # What is under way to the part is about the part: its answer joins nobody again.
    f.run(PART_ITEMS, own, entry.record, entry.ref.system)
    # What was refused there was about the part that it had; what is made anew is not.
    f.run("DELETE FROM rejection WHERE record = ? AND system = ?", entry.record, entry.ref.system)


def _mark_pointing(f: Folding, kind: Kind) -> None:
    """What points to a record that was parted points to another one now, on one side. Who points is
    written nowhere; people part live records rarely."""
    if kind in REFERENCE_KINDS:
        mark_everything(f)
    elif kind in MASTER_KINDS:
        mark_documents(f)


def ref_of(f: Folding, number: int) -> ExternalRef:
    row = f.run("SELECT system, kind, external_id FROM object WHERE id = ?", number).fetchone()
    return ExternalRef(SystemName(row[0]), Kind(row[1]), row[2])


def _refuse_other_kind(f: Folding, entry: entries.Linked) -> None:
    kind = f.one(
        "SELECT o.kind FROM link AS l JOIN object AS o ON o.id = l.object WHERE l.record = ?",
        entry.record,
    )
    if kind is None:
        raise DraftRefused(
            f"record {entry.record} has no reference that {entry.ref} could join",
            cure="It was joined with another record meanwhile; plan again.",
        )
    if kind != entry.ref.kind.value:
        raise DraftRefused(
            f"{entry.ref} cannot join record {entry.record}, which is of kind {kind}",
            cure="Link records of one kind only.",
        )


def _place(f: Folding, number: int, record: RecordId, system: SystemName) -> None:
    f.run(PLACE, number, record, system, f.seq)
    f.touched.shown.add(record)


def _exists(f: Folding, record: RecordId) -> bool:
    return f.one("SELECT 1 FROM link WHERE record = ? LIMIT 1", record) is not None


def _own_record(f: Folding, ref: ExternalRef) -> RecordId:
    """The id that a reference derives for itself, or the first free one after it."""
    for own in islice(own_ids(ref), _OWN_ID_TRIES):
        if not _exists(f, own):
            return own
    raise DraftRefused(f"{ref} was unlinked more than {_OWN_ID_TRIES} times")


def _move(f: Folding, number: int, ref: ExternalRef, source: RecordId, target: RecordId) -> None:
    for record in (source, target):
        count_linked(f, record, -1)
    f.run(MOVE, target, f.seq, number)
    for record in (source, target):
        count_linked(f, record, +1)
    # What was agreed was agreed between the sides that were together then.
    f.run("DELETE FROM baseline WHERE record = ? AND system = ?", source, ref.system)
    remaining = f.one("SELECT count(*) FROM link WHERE record = ?", source)
    if remaining < 2:
        f.run(DISAGREE, source)
    if remaining == 0:
        _forget(f, source, target)
    f.touched.changed.update((source, target))
    f.touched.shown.update((source, target))
    for record in (source, target):
        mark(f, record)
        wake(f, record)


def _forget(f: Folding, record: RecordId, heir: RecordId) -> None:
    """Nothing waits in the name of a record that no reference belongs to any more."""
    f.run(WITHDRAW_JOINED, f"joined {heir}", f.seq, f.at, record)
    f.run(INHERIT_ITEMS, heir, record)
    for name in ("old", "new"):
        f.run(INHERIT_REMAPS.format(name=name), heir, record)
    for table in FORGETTING:
        f.run(f"DELETE FROM {table} WHERE record = ?", record)
