"""Operations on their way: planned, waiting, approved, intended, and how each ended."""

import msgspec

from ledger.model import entries
from ledger.model.ids import OperationId, RecordId, RequestId, SystemName
from ledger.model.keys import fold as fold_text
from ledger.model.outcomes import RefusalKind
from ledger.store.fold.context import Folding, blob
from ledger.store.fold.links import ensure_record, intern, mention_record, place_new
from ledger.store.fold.marks import mark, mark_everything, wake
from ledger.store.fold.observations import changed, show
from ledger.store.instants import same_instant


def planned(f: Folding, entry: entries.Planned) -> None:
    body = f.body(entry.payload)
    said = _Said() if body is None else _said.decode(body)
    f.run(
        """INSERT INTO operation
          (operation, record, digest, payload, state, reason, text, seq, at, system, action, label,
          since)
        VALUES (?1, ?2, ?3, ?4, 'planned', '', '', ?5, ?6, ?7, ?8, ?9, coalesce(
          (SELECT min(since) FROM operation WHERE record = ?2 AND (state IN
            ('planned', 'waiting', 'approved', 'intended') OR (state = 'withdrawn' AND at = ?6))),
          ?6))
        ON CONFLICT (operation) DO UPDATE SET
          breaker = CASE WHEN digest = excluded.digest THEN breaker ELSE '' END,
          digest = excluded.digest, payload = excluded.payload, state = 'planned', reason = '',
          text = '', seq = excluded.seq, at = excluded.at, system = excluded.system,
          action = excluded.action, label = excluded.label, since = excluded.since""",
        entry.operation,
        entry.record,
        entry.digest,
        blob(entry.payload),
        f.seq,
        f.at,
        said.system,
        said.action,
        fold_text(said.label),
    )
    f.touched.changed.add(entry.record)
    _watch_needs(f, entry, said.needs)
    mention_record(f, entry.record)


def withdrawn(f: Folding, entry: entries.Withdrawn) -> None:
    # What has left is not taken back by a change of mind: only its answer ends it.
    _turn(f, entry.operation, "withdrawn", entry.reason, of="planned waiting approved rejected")
    mention_record(f, entry.record)
    _forget_needs(f, entry.record, entry.operation)
    wake(f, entry.record)  # what was to follow it has lost its ground


class _Said(msgspec.Struct, frozen=True):
    """Of a stored operation only what the tables keep of it."""

    system: str = ""
    action: str = ""
    label: str = ""
    needs: tuple[RecordId, ...] = ()
    """What must be there before it."""


_said: msgspec.json.Decoder[_Said] = msgspec.json.Decoder(_Said)


def _watch_needs(f: Folding, entry: entries.Planned, needs: tuple[RecordId, ...]) -> None:
    """An operation that waits for other records to be made gets a look whenever they move: they
    may be refused, held, or shown otherwise than they were sent."""
    subject = _needs_subject(entry.operation)
    f.db.executemany(
        "INSERT OR IGNORE INTO wake_record (target, record, subject) VALUES (?, ?, ?)",
        [(need, entry.record, subject) for need in needs],
    )


def _forget_needs(f: Folding, record: RecordId, operation: OperationId) -> None:
    f.run(
        "DELETE FROM wake_record WHERE record = ? AND subject = ?",
        record,
        _needs_subject(operation),
    )


def _needs_subject(operation: OperationId) -> str:
    return f"needs:{operation}"


def gate_held(f: Folding, entry: entries.GateHeld) -> None:
    _turn(f, entry.operation, "waiting", entry.reason, of="planned waiting approved")
    # Ledgers from before there were several breakers name the only one as the reason.
    breaker = entry.breaker or (entry.reason if entry.reason == "mass_change" else "")
    f.run(
        "UPDATE operation SET text = ?, breaker = ? WHERE operation = ? AND state = 'waiting'",
        entry.text,
        breaker,
        entry.operation,
    )
    mention_record(f, entry.record)


def approved(f: Folding, entry: entries.Approved) -> None:
    expires_at = same_instant(entry.expires_at)
    for digest in entry.digests:
        f.run(
            """INSERT INTO approval (digest, expires_at, seq, job) VALUES (?, ?, ?, ?)
            ON CONFLICT (digest) DO UPDATE SET
              expires_at = excluded.expires_at, seq = excluded.seq, job = excluded.job""",
            digest,
            expires_at,
            f.seq,
            entry.job,
        )
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


def intended(f: Folding, entry: entries.Intended) -> None:
    f.run(
        """INSERT INTO intent (request, system, first_at, at, attempts, open, seq)
        VALUES (?1, ?2, ?3, ?3, 1, 1, ?4)
        ON CONFLICT (request) DO UPDATE SET
          at = excluded.at, attempts = attempts + 1, open = 1, seq = excluded.seq""",
        entry.request,
        entry.system,
        f.at,
        f.seq,
    )
    for item in entry.items:
        f.run(
            """INSERT INTO intent_item (request, operation, record, digest, open)
            VALUES (?, ?, ?, ?, 1)
            ON CONFLICT (request, operation) DO UPDATE SET open = 1""",
            entry.request,
            item.operation,
            item.record,
            item.digest,
        )
        _turn(f, item.operation, "intended", "", of="planned waiting approved rejected withdrawn")
        mention_record(f, item.record)


def confirmed(f: Folding, entry: entries.Confirmed) -> None:
    record = _settle(f, entry.request, entry.operation) or entry.record
    _set(f, entry.operation, "confirmed", entry.how)
    _forget_needs(f, record, entry.operation)
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
            _set(f, entry.operation, "planned", entry.message)
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
        f.run(
            """INSERT INTO answer (operation, count) VALUES (?, 1)
            ON CONFLICT (operation) DO UPDATE SET count = count + 1""",
            operation,
        )
    f.run("UPDATE intent_item SET open = 0 WHERE request = ? AND operation = ?", request, operation)
    f.run(
        """UPDATE intent SET open = 0 WHERE request = ?1
        AND NOT EXISTS (SELECT 1 FROM intent_item WHERE request = ?1 AND open = 1)""",
        request,
    )
    return None if row is None else RecordId(row[0])


def _set(f: Folding, operation: OperationId, state: str, reason: str) -> None:
    moved = f.run(
        "UPDATE operation SET state = ?, reason = ?, text = '', seq = ?, at = ?"
        " WHERE operation = ? RETURNING record",
        state,
        reason,
        f.seq,
        f.at,
        operation,
    )
    f.touched.changed.update(RecordId(record) for (record,) in moved.fetchall())


def _turn(f: Folding, operation: OperationId, state: str, reason: str, *, of: str) -> None:
    """Change the state of an operation that is in one of the (space separated) states ``of``."""
    current = f.one("SELECT state FROM operation WHERE operation = ?", operation)
    if current in of.split():
        _set(f, operation, state, reason)
