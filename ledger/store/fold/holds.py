"""Records that wait, people's answers, and what was agreed."""

from collections.abc import Sequence

from ledger.model import entries
from ledger.model.encoding import decode
from ledger.model.facts import Hold, HoldCode
from ledger.model.outcomes import PERHAPS_THERE
from ledger.store.fold.context import Folding, Said, Tables, blob
from ledger.store.fold.links import RECORD_ENTRIES, mention_record
from ledger.store.fold.marks import Rewait, mark, mark_everything, rewait, wake
from ledger.store.fold.work import stand

AGREE = """
INSERT OR REPLACE INTO baseline (record, system, image, seq, mapping_version)
VALUES (?, ?, ?, ?, ?)"""


def held(on: Tables, said: Sequence[Said[entries.Held]]) -> None:
    on.db.executemany(
        """INSERT INTO hold (record, subject, code, payload, since, seq)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (record, subject) DO UPDATE SET
          code = excluded.code, payload = excluded.payload, seq = excluded.seq""",
        [
            (entry.record, entry.subject, entry.code.value, blob(entry.payload), at, seq)
            for seq, at, entry in said
        ],
    )
    # What was to follow it cannot, or says why with these words.
    _moved(on, [(seq, entry, _hold(on, entry)) for seq, _, entry in said])


def released(on: Tables, said: Sequence[Said[entries.Released]]) -> None:
    on.db.executemany(
        "DELETE FROM hold WHERE record = ? AND subject = ?",
        [(entry.record, entry.subject) for _, _, entry in said],
    )
    _moved(on, [(seq, entry, None) for seq, _, entry in said])


def _moved(
    on: Tables, said: Sequence[tuple[int, entries.Held | entries.Released, Hold | None]]
) -> None:
    on.touched.changed.update(entry.record for _, entry, _ in said)
    RECORD_ENTRIES.put(on.db, [(entry.record, seq) for seq, entry, _ in said])
    if on.touched.looks:
        waits = []
        for seq, entry, hold in said:
            wanted = () if hold is None else (hold.waits_for, hold.waits_for_keys)
            waits.append(Rewait(seq, entry.record, entry.subject, *wanted))
        rewait(on.db, waits)


def conflict_resolved(f: Folding, entry: entries.ConflictResolved) -> None:
    f.run(
        "INSERT OR REPLACE INTO resolution (record, field, take, value_digest, seq)"
        " VALUES (?, ?, ?, ?, ?)",
        entry.record,
        entry.field,
        entry.take,
        entry.value_digest,
        f.seq,
    )
    mention_record(f, entry.record)
    mark(f, entry.record)


def retried(f: Folding, entry: entries.Retried) -> None:
    f.run("DELETE FROM rejection WHERE record = ?", entry.record)
    mention_record(f, entry.record)
    mark(f, entry.record)


def baseline_advanced(f: Folding, entry: entries.BaselineAdvanced) -> None:
    f.db.executemany(
        AGREE,
        [
            (entry.record, system, blob(image), f.seq, entry.mapping_version)
            for system, image in entry.images.items()
        ],
    )
    mention_record(f, entry.record)
    wake(f, entry.record)


def config_applied(f: Folding, entry: entries.ConfigApplied) -> None:
    before = dict(f.run("SELECT name, value FROM standing"))
    after = {"config": str(entry.config), "mapping_version": str(entry.mapping_version)}
    if all(before.get(name) == value for name, value in after.items()):
        return
    for name, value in after.items():
        stand(f, name, value)
    # What was refused under other rules (a period that was closed, a setting) may be tried again,
    # but for what a person is asked about.
    f.run(
        "DELETE FROM rejection WHERE code NOT IN (?, ?)",
        *sorted(PERHAPS_THERE),
    )
    mark_everything(f)


def pinned(f: Folding, entry: entries.Pinned) -> None:
    f.run(
        "INSERT OR REPLACE INTO pin (system, fingerprint, environment, seq) VALUES (?, ?, ?, ?)",
        entry.system,
        entry.fingerprint,
        entry.environment,
        f.seq,
    )


def _hold(on: Tables, entry: entries.Held) -> Hold | None:
    """The hold in a body. Conflicts have bodies of their own and wait only for a person."""
    body = on.body(entry.payload)
    if entry.code is HoldCode.CONFLICT or body is None:
        return None
    hold: Hold = decode(body, Hold)
    return hold
