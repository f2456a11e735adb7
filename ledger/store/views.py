"""Everything that can be asked of the ledger, over one consistent state of it.

A ``Views`` lives inside one read transaction on one connection and answers with values of the
model; questions about many things are one statement each. It never writes.
"""

from ledger.store.rows import (
    Head,
    HeldRow,
    HistoryRow,
    JournalRow,
    KindCount,
    OperationRow,
)
from ledger.store.views_history import HistoryViews
from ledger.store.views_records import RecordViews
from ledger.store.views_work import WorkViews

__all__ = [
    "Head",
    "HeldRow",
    "HistoryRow",
    "JournalRow",
    "KindCount",
    "OperationRow",
    "Views",
]


class Views(WorkViews, RecordViews, HistoryViews):
    """The read side of one ledger at one moment."""
