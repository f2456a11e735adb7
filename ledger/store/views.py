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
from ledger.store.views_history import HistoryViews

__all__ = [
    "DocumentHold",
    "DocumentRow",
    "DocumentSide",
    "DocumentWork",
    "Head",
    "HeldRow",
    "HistoryRow",
    "JournalRow",
    "KindCount",
    "OperationRow",
    "Views",
]


class Views(DocumentViews, HistoryViews):
    """The read side of one ledger at one moment."""
