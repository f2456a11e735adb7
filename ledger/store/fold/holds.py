"""Records that wait, people's answers, and what was agreed."""

from ledger.model import entries
from ledger.model.encoding import decode
from ledger.model.facts import Hold, HoldCode
from ledger.model.ids import Digest
from ledger.store.fold.context import Folding, blob
from ledger.store.fold.links import mention_record
from ledger.store.fold.marks import mark, mark_everything, set_waits, wake
from ledger.store.fold.work import stand

AGREE = """
INSERT OR REPLACE INTO baseline (record, system, image, seq, mapping_version)
VALUES (?, ?, ?, ?, ?)"""


def held(f: Folding, entry: entries.Held) -> None:
    f.run(
        """INSERT INTO hold (record, subject, code, payload, since, seq)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (record, subject) DO UPDATE SET
          code = excluded.code, payload = excluded.payload, seq = excluded.seq""",
        entry.record,
        entry.subject,
        entry.code.value,
        blob(entry.payload),
        f.at,
        f.seq,
    )
    f.touched.changed.add(entry.record)
    set_waits(f, entry.record, entry.subject, _hold(f, entry.code, entry.payload))
    mention_record(f, entry.record)
    wake(f, entry.record)  # what was to follow it cannot, or says why with these words


def released(f: Folding, entry: entries.Released) -> None:
    f.run("DELETE FROM hold WHERE record = ? AND subject = ?", entry.record, entry.subject)
    f.touched.changed.add(entry.record)
    set_waits(f, entry.record, entry.subject, None)
    mention_record(f, entry.record)
    wake(f, entry.record)


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
    # What was refused under other rules (a period that was closed, a setting) may be tried again.
    f.run("DELETE FROM rejection")
    mark_everything(f)


def pinned(f: Folding, entry: entries.Pinned) -> None:
    f.run(
        "INSERT OR REPLACE INTO pin (system, fingerprint, environment, seq) VALUES (?, ?, ?, ?)",
        entry.system,
        entry.fingerprint,
        entry.environment,
        f.seq,
    )


def _hold(f: Folding, code: HoldCode, payload: Digest) -> Hold | None:
    """The hold in a body. Conflicts have bodies of their own and wait only for a person."""
    body = f.body(payload)
    if code is HoldCode.CONFLICT or body is None:
        return None
    hold: Hold = decode(body, Hold)
    return hold
