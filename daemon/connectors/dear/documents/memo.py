"""Which documents were opened, and as what their rows showed then. In memory, and bounded.

It saves calls and nothing else: a document that is forgotten is opened again.
"""

from collections import OrderedDict

import msgspec

from daemon.connectors.dear.documents.positions import Mark

MOST = 20_000
"""Documents that are remembered of one list; the longest forgotten goes first."""


class Stub(msgspec.Struct, frozen=True):
    """What is kept of a row."""

    id: str
    stamp: str
    """An instant in one spelling; ``""`` where the row shows none."""
    content: int
    """Hash of the row as it came."""
    is_old: bool = False
    """Ordered and invoiced before the first day that is read."""

    @property
    def mark(self) -> Mark:
        return Mark(self.stamp, self.id)


class Opened(msgspec.Struct, frozen=True):
    """What is remembered of a document."""

    row: int
    """``Stub.content`` when it was opened."""
    body: int
    """Hash of what was shown then."""
    again: bool
    """It may have been changed once more under the same stamp."""
    invoices: frozenset[str]
    """Ids of its bills or invoices."""


class Memo:
    """Documents of one list."""

    def __init__(self) -> None:
        self._opened: OrderedDict[str, Opened] = OrderedDict()

    def is_due(self, stub: Stub) -> bool:
        """Whether a listed document has to be opened."""
        known = self._opened.get(stub.id)
        return known is None or known.again or known.row != stub.content

    def of(self, row_id: str) -> Opened | None:
        return self._opened.get(row_id)

    def note(self, row_id: str, opened: Opened) -> None:
        self._opened[row_id] = opened
        self._opened.move_to_end(row_id)
        if len(self._opened) > MOST:
            self._opened.popitem(last=False)
