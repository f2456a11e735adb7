"""One entry into the tables: the only list of what is folded where."""

from ledger.model import entries
from ledger.model.entries import Entry
from ledger.store.fold import holds, links, observations, valves, work
from ledger.store.fold.context import Folding

FOLD_VERSION = 8
"""Raise it whenever the same journal would fold into other rows: another way to fold names into
keys counts too. A ledger folded under another number is folded again when it is opened."""


def fold(f: Folding, entry: Entry) -> None:
    """Raises ``DraftRefused`` for an entry that contradicts what the ledger holds."""
    match entry:
        case entries.Observed():
            observations.observed(f, entry)
        case entries.VersionMoved():
            observations.version_moved(f, entry)
        case entries.Tombstoned():
            observations.tombstoned(f, entry)
        case entries.Quarantined():
            observations.quarantined(f, entry)
        case entries.Swept():
            observations.swept(f, entry)
            valves.absence_used(f, entry.system, entry.kind)
        case entries.Linked():
            links.linked(f, entry)
        case entries.Unlinked():
            links.unlinked(f, entry)
        case entries.BaselineAdvanced():
            holds.baseline_advanced(f, entry)
        case entries.Held():
            holds.held(f.tables, [(f.seq, f.at, entry)])
        case entries.Released():
            holds.released(f.tables, [(f.seq, f.at, entry)])
        case entries.ConflictResolved():
            holds.conflict_resolved(f, entry)
        case entries.Retried():
            holds.retried(f, entry)
            valves.skips_lifted(f, entry.record)
        case (
            entries.Skipped()
            | entries.SkipEnded()
            | entries.Paused()
            | entries.Resumed()
            | entries.Remapped()
            | entries.AbsenceAccepted()
            | entries.JobAdvanced()
        ):
            _fold_valve(f, entry)
        case (
            entries.Refused()
            | entries.Connected()
            | entries.Disconnected()
            | entries.KeyDestroyed()
        ):
            pass  # kept for those who read the journal: nothing follows from it
        case entries.ConfigApplied():
            holds.config_applied(f, entry)
        case entries.Pinned():
            holds.pinned(f, entry)
        case entries.Planned():
            work.planned(f.tables, [(f.seq, f.at, entry)])
        case entries.Withdrawn():
            work.withdrawn(f.tables, [(f.seq, f.at, entry)])
        case entries.GateHeld():
            work.gate_held(f.tables, [(f.seq, f.at, entry)])
        case entries.Approved():
            work.approved(f, entry)
        case entries.Intended():
            work.intended(f.tables, [(f.seq, f.at, entry)])
        case entries.Confirmed():
            work.confirmed(f, entry)
        case entries.Rejected():
            work.rejected(f, entry)
        case entries.OutcomeUnknown():
            work.outcome_unknown(f, entry)
        case entries.Restored():
            work.restored(f, entry)
        case entries.FirstPlanApproved():
            work.stand(f, "first_plan", "approved")


def _fold_valve(
    f: Folding,
    entry: entries.Skipped
    | entries.SkipEnded
    | entries.Paused
    | entries.Resumed
    | entries.Remapped
    | entries.AbsenceAccepted
    | entries.JobAdvanced,
) -> None:
    match entry:
        case entries.Skipped():
            valves.skipped(f, entry)
        case entries.SkipEnded():
            valves.skip_ended(f, entry)
        case entries.Paused():
            valves.paused(f, entry)
        case entries.Resumed():
            valves.resumed(f, entry)
        case entries.Remapped():
            valves.remapped(f, entry)
        case entries.AbsenceAccepted():
            valves.absence_accepted(f, entry)
        case entries.JobAdvanced():
            valves.job_advanced(f, entry)
