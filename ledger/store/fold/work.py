"""Operations on their way: planned, waiting, approved, intended, and how each ended."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ledger.model import entries
from ledger.model.ids import OperationId, RecordId, RequestId, SystemName
from ledger.model.keys import fold as fold_text
from ledger.model.outcomes import RefusalKind
from ledger.store.fold.context import Folding, Said, Tables, blob
from ledger.store.fold.links import (
    RECORD_ENTRIES,
    ensure_record,
    intern,
    mention_record,
    place_new,
)
from ledger.store.fold.marks import (
    ADD_KEY_WAIT,
    ADD_WAIT,
    Rewait,
    mark,
    mark_everything,
    rewait,
    wake,
)
from ledger.store.fold.observations import changed, show
from ledger.store.instants import same_instant

_PLAN = """
INSERT INTO operation
  (operation, record, digest, payload, state, reason, text, seq, at, system, action, label, since)
VALUES (?1, ?2, ?3, ?4, 'planned', '', '', ?5, ?6, ?7, ?8, ?9, coalesce(
  (SELECT min(since) FROM operation WHERE record = ?2 AND (state IN
    ('planned', 'waiting', 'approved', 'intended') OR (state = 'withdrawn' AND at = ?6))),
  ?6))
ON CONFLICT (operation) DO UPDATE SET
  breaker = CASE WHEN digest = excluded.digest THEN breaker ELSE '' END,
  digest = excluded.digest, payload = excluded.payload, state = 'planned', reason = '',
  text = '', seq = excluded.seq, at = excluded.at, system = excluded.system,
  action = excluded.action, label = excluded.label, since = excluded.since"""

_STATES = """
SELECT n.operation, n.record, n.state
FROM json_each(?) AS wanted CROSS JOIN operation AS n ON n.operation = wanted.value"""

COUNT_ANSWER = """
INSERT INTO answer (operation, count) VALUES (?, 1)
ON CONFLICT (operation) DO UPDATE SET count = count + 1"""
CLOSE_ITEM = "UPDATE intent_item SET open = 0 WHERE request = ? AND operation = ?"
CLOSE = """
UPDATE intent SET open = 0 WHERE request = ?1
AND NOT EXISTS (SELECT 1 FROM intent_item WHERE request = ?1 AND open = 1)"""

_YES = """
INSERT INTO approval (digest, expires_at, seq, job) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq,
  expires_at = CASE WHEN ?5 AND approval.job <> '' THEN max(approval.expires_at, ?2) ELSE ?2 END,
  job = CASE WHEN ?5 AND approval.expires_at > ?6 THEN approval.job ELSE ?4 END"""
"""A yes to a part of what waits takes nothing out of the plan of a job, which a person has approved
as a whole: the freeze lets that alone pass."""

USED_UP = """
UPDATE approval SET expires_at = ?1
WHERE digest = (SELECT digest FROM operation WHERE operation = ?2) AND job = '' AND expires_at > ?1
"""
"""A yes is to one write, and ends with it: the same change may come again, and is asked for again.
That to a job's plan is to the whole plan."""


def planned(on: Tables, said: Sequence[Said[entries.Planned]]) -> None:
    rows, needs, watched = [], [], []
    for seq, at, entry in said:
        body = on.body(entry.payload)
        told = _Told() if body is None else _told.decode(body)
        payload, label = blob(entry.payload), fold_text(told.label)
        of = (entry.operation, entry.record, entry.digest, payload)
        rows.append((*of, seq, at, told.system, told.action, label))
        subject = needs_subject(entry.operation)
        needs += [(one, entry.record, subject) for one in (*told.needs, *told.relies_on)]
        watched += [(*key, entry.record, subject) for key in told.watches]
    on.db.executemany(_PLAN, rows)
    on.touched.changed.update(entry.record for _, _, entry in said)
    RECORD_ENTRIES.put(on.db, [(entry.record, seq) for seq, _, entry in said])
    # An operation that waits for other records to be made gets a look whenever they move: they
    # may be refused, held, or shown otherwise than they were sent. So does one that points to
    # what is put to rest meanwhile, and one whose name somebody else shows.
    if on.touched.looks:
        on.db.executemany(ADD_WAIT, needs)
        on.db.executemany(ADD_KEY_WAIT, watched)


def withdrawn(on: Tables, said: Sequence[Said[entries.Withdrawn]]) -> None:
    # What has left is not taken back by a change of mind: only its answer ends it.
    turns = [(entry.operation, entry.reason, seq, at) for seq, at, entry in said]
    turn(on, turns, to="withdrawn", of="planned waiting approved rejected")
    RECORD_ENTRIES.put(on.db, [(entry.record, seq) for seq, _, entry in said])
    if on.touched.looks:  # what was to follow it has lost its ground
        moved = [(seq, entry.record, needs_subject(entry.operation)) for seq, _, entry in said]
        rewait(on.db, [Rewait(*one) for one in moved])


class _Told(msgspec.Struct, frozen=True):
    """Of a stored operation only what the tables keep of it."""

    system: str = ""
    action: str = ""
    label: str = ""
    needs: tuple[RecordId, ...] = ()
    """What must be there before it."""
    relies_on: tuple[RecordId, ...] = ()
    """What it was planned on."""
    watches: tuple[tuple[str, str, str, str], ...] = ()
    """Keys that nobody else may have."""


_told: msgspec.json.Decoder[_Told] = msgspec.json.Decoder(_Told)


def _forget_needs(f: Folding, record: RecordId, operation: OperationId) -> None:
    for table in ("wake_record", "wake_key"):
        f.run(
            f"DELETE FROM {table} WHERE record = ? AND subject = ?",
            record,
            needs_subject(operation),
        )


def needs_subject(operation: OperationId) -> str:
    return f"needs:{operation}"


def gate_held(on: Tables, said: Sequence[Said[entries.GateHeld]]) -> None:
    turns = [(entry.operation, entry.reason, seq, at) for seq, at, entry in said]
    moved = turning(on, turns, to="waiting", of="planned waiting approved")
    of = {seq: entry for seq, _, entry in said}
    on.db.executemany(
        "UPDATE operation SET state = ?, reason = ?, text = ?, breaker = ?, seq = ?, at = ?"
        " WHERE operation = ?",
        [
            (state, reason, of[seq].text, _breaker(of[seq]), seq, at, operation)
            for state, reason, seq, at, operation in moved
        ],
    )
    RECORD_ENTRIES.put(on.db, [(entry.record, seq) for seq, _, entry in said])


def _breaker(entry: entries.GateHeld) -> str:
    """Ledgers from before there were several breakers name the only one as the reason."""
    return entry.breaker or (entry.reason if entry.reason == "mass_change" else "")


def approved(f: Folding, entry: entries.Approved) -> None:
    expires_at = same_instant(entry.expires_at)
    for digest in entry.digests:
        adds = not entry.job and not entry.withdrawn
        f.run(_YES, digest, expires_at, f.seq, entry.job, adds, f.at)
        rows = f.run(
            "SELECT operation, record FROM operation"
            " WHERE digest = ? AND state IN ('planned', 'waiting', 'approved')",
            digest,
        ).fetchall()
        for operation, record in rows:
            state, reason = "approved", f"by {entry.by}"
            if entry.withdrawn:
                state, reason = "waiting", "withdrawn"
            _turn(f, operation, state, reason, of="planned waiting approved")
            mention_record(f, record)
            mark(f, record)


def intended(on: Tables, said: Sequence[Said[entries.Intended]]) -> None:
    on.db.executemany(
        """INSERT INTO intent (request, system, first_at, at, attempts, open, seq)
        VALUES (?1, ?2, ?3, ?3, 1, 1, ?4)
        ON CONFLICT (request) DO UPDATE SET
          at = excluded.at, attempts = attempts + 1, open = 1, seq = excluded.seq""",
        [(entry.request, entry.system, at, seq) for seq, at, entry in said],
    )
    items = [(entry.request, item, seq, at) for seq, at, entry in said for item in entry.items]
    on.db.executemany(
        """INSERT INTO intent_item (request, operation, record, digest, open)
        VALUES (?, ?, ?, ?, 1)
        ON CONFLICT (request, operation) DO UPDATE SET open = 1""",
        [(request, item.operation, item.record, item.digest) for request, item, _, _ in items],
    )
    turns = [(item.operation, "", seq, at) for _, item, seq, at in items]
    turn(on, turns, to="intended", of="planned waiting approved rejected withdrawn")
    RECORD_ENTRIES.put(on.db, [(item.record, seq) for _, item, seq, _ in items])


def confirmed(f: Folding, entry: entries.Confirmed) -> None:
    record = _settle(f, entry.request, entry.operation) or entry.record
    _set(f, entry.operation, "confirmed", entry.how)
    _forget_needs(f, record, entry.operation)
    f.run(USED_UP, f.at, entry.operation)
    mention_record(f, record)
    # Without a body the write was confirmed by a removal; the tombstone is an entry of its own.
    if entry.payload:
        number = intern(f, entry.ref)
        scope = f.one("SELECT out_of_scope FROM head WHERE object = ?", number)
        show(f, number, entry, out_of_scope=scope or "")
        place_new(f, number, entry.ref, record)
        changed(f, number, ensure_record(f, number, entry.ref))
    f.run("DELETE FROM rejection WHERE record = ? AND system = ?", record, entry.ref.system)
    mark(f, record)


def rejected(f: Folding, entry: entries.Rejected) -> None:
    record, digest, system = _refused(f, entry)
    _settle(f, entry.request, entry.operation)
    mention_record(f, record)
    match entry.refusal:
        case RefusalKind.NOT_SENT | RefusalKind.STALE:
            if f.one("SELECT record FROM operation WHERE operation = ?", entry.operation) == record:
                _set(f, entry.operation, "planned", entry.message)
            else:  # its part was joined or parted meanwhile, and nobody plans it again
                _set(f, entry.operation, "withdrawn", f"joined {record}")
            # What changed while the end was open was not planned: the record was blocked.
            mark(f, record)
        case RefusalKind.DUPLICATE | RefusalKind.INVALID | RefusalKind.LOST_UPDATE:
            _set(f, entry.operation, "rejected", entry.message)
            _forget_needs(f, record, entry.operation)
            wake(f, record)
            f.run(
                """INSERT OR REPLACE INTO rejection
                  (record, digest, system, code, message, field, cure, seq)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                record,
                digest,
                system,
                entry.code,
                entry.message,
                entry.field,
                entry.cure,
                f.seq,
            )
            # Another look turns the refusal into a hold with its cure.
            mark(f, record)


def outcome_unknown(f: Folding, entry: entries.OutcomeUnknown) -> None:
    rows = f.run(
        "SELECT operation, record FROM intent_item WHERE request = ? AND open = 1", entry.request
    ).fetchall()
    for operation, record in rows:
        _turn(f, operation, "intended", f"outcome unknown: {entry.reason}", of="intended")
        mention_record(f, record)


def restored(f: Folding, _entry: entries.Restored) -> None:
    """Everything is looked at afresh: no cursor, no approval and no first plan counts."""
    pending = f.run("SELECT record FROM operation WHERE state IN ('planned', 'approved')")
    f.touched.changed.update(RecordId(record) for (record,) in pending)
    for table in ("cursor", "seen", "approval"):
        f.run(f"DELETE FROM {table}")
    f.run(
        "UPDATE operation SET state = 'waiting', reason = 'restored', text = '', seq = ?, at = ?"
        " WHERE state IN ('planned', 'approved')",
        f.seq,
        f.at,
    )
    stand(f, "first_plan", "")
    mark_everything(f)


def stand(f: Folding, name: str, value: str) -> None:
    f.run("INSERT OR REPLACE INTO standing (name, value, seq) VALUES (?, ?, ?)", name, value, f.seq)


def _refused(f: Folding, entry: entries.Rejected) -> tuple[RecordId, str, SystemName]:
    row = f.run(
        """SELECT i.record, i.digest, t.system FROM intent_item AS i
        JOIN intent AS t ON t.request = i.request
        WHERE i.request = ? AND i.operation = ?""",
        entry.request,
        entry.operation,
    ).fetchone()
    if row is None:
        return entry.record, entry.operation, SystemName("")
    return RecordId(row[0]), row[1], SystemName(row[2])


def _settle(f: Folding, request: RequestId, operation: OperationId) -> RecordId | None:
    """Close one item of an intent, and the intent with its last one; count the answer once.

    Returns the record that the item concerns now.
    """
    row = f.run(
        "SELECT record, open FROM intent_item WHERE request = ? AND operation = ?",
        request,
        operation,
    ).fetchone()
    if row is None or row[1]:
        f.run(COUNT_ANSWER, operation)
    f.run(CLOSE_ITEM, request, operation)
    f.run(CLOSE, request)
    return None if row is None else RecordId(row[0])


def _set(f: Folding, operation: OperationId, state: str, reason: str) -> None:
    turn(f.tables, [(operation, reason, f.seq, f.at)], to=state)


def _turn(f: Folding, operation: OperationId, state: str, reason: str, *, of: str) -> None:
    turn(f.tables, [(operation, reason, f.seq, f.at)], to=state, of=of)


Turn: TypeAlias = tuple[OperationId, str, int, str]
"""Operation, reason, and the entry that turns it with its instant."""


def turn(on: Tables, turns: Sequence[Turn], *, to: str, of: str = "") -> None:
    """Change the state of operations, one after the other, as far as each is in one of the (space
    separated) states ``of``; without them, in whichever it is."""
    on.db.executemany(
        "UPDATE operation SET state = ?, reason = ?, text = '', seq = ?, at = ?"
        " WHERE operation = ?",
        turning(on, turns, to=to, of=of),
    )


def turning(
    on: Tables, turns: Sequence[Turn], *, to: str, of: str
) -> list[tuple[str, str, int, str, OperationId]]:
    """Those that ``turn`` changes, as state, reason, entry, instant and operation. Asked for
    beforehand: an UPDATE that returns what it changed takes twice as long."""
    states = of.split()
    found = on.pairs(_STATES, [operation for operation, *_ in turns])
    moved = []
    for operation, reason, seq, at in turns:
        record, state = found.get(operation, (None, ""))
        if record is not None and (not states or state in states):
            found[operation] = (record, to)
            on.touched.changed.add(record)
            moved.append((to, reason, seq, at, operation))
    return moved
