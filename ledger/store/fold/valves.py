"""What people stop, set aside and answer for."""

from ledger.model import entries
from ledger.model.ids import RecordId
from ledger.store.fold.context import Folding, blob
from ledger.store.fold.links import mention_record
from ledger.store.fold.marks import mark, mark_everything

_JOB = """
INSERT INTO job (job, what, state, payload, by, started, at, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job) DO UPDATE SET
  state = excluded.state, payload = excluded.payload, by = excluded.by, at = excluded.at,
  seq = excluded.seq"""


def paused(f: Folding, entry: entries.Paused) -> None:
    f.run(
        "INSERT OR REPLACE INTO pause (system, kind, reason, by, job, since, seq)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(entry.system, entry.kind, entry.reason, entry.by, entry.job, f.at, f.seq),
    )


def resumed(f: Folding, entry: entries.Resumed) -> None:
    scope = (entry.system, entry.kind)
    if entry.job is None:
        f.run("DELETE FROM pause WHERE system = ? AND kind = ?", *scope)
    else:
        f.run("DELETE FROM pause WHERE system = ? AND kind = ? AND job = ?", *scope, entry.job)


def skipped(f: Folding, entry: entries.Skipped) -> None:
    f.run(
        "INSERT OR REPLACE INTO skip (record, subject, digest, reason, by, since, seq, until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(entry.record, entry.subject, entry.digest, entry.reason, entry.by),
        *(f.at, f.seq, entry.until),
    )
    f.touched.changed.add(entry.record)
    mention_record(f, entry.record)
    mark(f, entry.record)


def skip_ended(f: Folding, entry: entries.SkipEnded) -> None:
    """Its record is looked at again; one that was set aside anew meanwhile has another end."""
    f.run(
        "DELETE FROM skip WHERE record = ? AND subject = ? AND until = ?",
        *(entry.record, entry.subject, entry.until),
    )
    f.touched.changed.add(entry.record)
    mention_record(f, entry.record)
    mark(f, entry.record)


def skips_lifted(f: Folding, record: RecordId) -> None:
    """A retry ends every skip of its record."""
    f.touched.changed.add(record)
    f.run("DELETE FROM skip WHERE record = ?", record)


def remapped(f: Folding, entry: entries.Remapped) -> None:
    if entry.new is None:
        f.run("DELETE FROM remap WHERE system = ? AND old = ?", entry.system, entry.old)
    else:
        f.run(
            "INSERT OR REPLACE INTO remap (system, old, new, reason, by, since, seq)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(entry.system, entry.old, entry.new, entry.reason, entry.by, f.at, f.seq),
        )
    mention_record(f, entry.old)
    mark_everything(f)  # who points to it is written nowhere; such an answer is rare


def absence_accepted(f: Folding, entry: entries.AbsenceAccepted) -> None:
    f.run(
        "INSERT OR REPLACE INTO absence (system, kind, most, reason, by, since, seq)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(entry.system, entry.kind.value, entry.most, entry.reason, entry.by, f.at, f.seq),
    )


def absence_used(f: Folding, system: str, kind: str) -> None:
    f.run("DELETE FROM absence WHERE system = ? AND kind = ?", system, kind)


def job_advanced(f: Folding, entry: entries.JobAdvanced) -> None:
    f.run(
        _JOB,
        *(entry.job, entry.what, entry.state, blob(entry.payload), entry.by),
        *(f.at, f.at, f.seq),
    )
