"""Everything that can be asked of the ledger, over one consistent state of it.

A ``Views`` lives inside one read transaction on one connection and answers with values of the
model; questions about many things are one statement each. It never writes.
"""

from ledger.store.rows import (
    DocumentHold,
    DocumentRow,
    DocumentSide,
    DocumentWork,
    Head,
    HeldRow,
    HistoryRow,
    JournalRow,
    KindCount,
    OperationRow,
)
from ledger.store.views_documents import DocumentViews
from ledger.store.views_drift import DriftCounts, DriftEntry, DriftHour, DriftPage, DriftViews
from ledger.store.views_figures import FigureViews
from ledger.store.views_history import HistoryViews
from ledger.store.views_instep import InStepViews, StepPage
from ledger.store.views_queue import QueuedRow, QueueViews
from ledger.store.views_valves import AbsenceRow, JobRow, PauseRow, RemapRow, SkipRow, ValveViews

__all__ = [
    "AbsenceRow",
    "DocumentHold",
    "DocumentRow",
    "DocumentSide",
    "DocumentWork",
    "DriftCounts",
    "DriftEntry",
    "DriftHour",
    "DriftPage",
    "Head",
    "HeldRow",
    "HistoryRow",
    "JobRow",
    "JournalRow",
    "KindCount",
    "OperationRow",
    "PauseRow",
    "QueuedRow",
    "RemapRow",
    "SkipRow",
    "StepPage",
    "Views",
]


class Views(
    DriftViews, ValveViews, QueueViews, DocumentViews, HistoryViews, FigureViews, InStepViews
):
    """The read side of one ledger at one moment."""
