"""Records by the instant of their last change, so that "changed since" costs what changed.

An index only: who may change a record, and what the instant means, is decided elsewhere.
"""

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic, TypeVar

LATE: Final = 500
"""Records that moved since the index was last sorted; more of them and it is sorted anew."""

Record = TypeVar("Record")


class Recency(Generic[Record]):
    """The records in the order of their instants, and apart from them those that moved lately.

    ``order`` gives each record a number of its own that never changes.
    """

    def __init__(
        self, *, order: Callable[[Record], int], instant: Callable[[Record], datetime]
    ) -> None:
        self._order = order
        self._instant = instant
        self._sorted: list[tuple[datetime, int]] = []
        self._rows: dict[int, Record] = {}
        self._late: dict[int, Record] = {}

    def moved(self, record: Record) -> None:
        """The record is new, or its instant is another one now."""
        self._late[self._order(record)] = record

    def gone(self, record: Record) -> None:
        """The record is no longer there."""
        number = self._order(record)
        self._late.pop(number, None)
        self._rows.pop(number, None)

    def since(self, instant: datetime) -> list[Record]:
        """Records that changed at or after an instant, in no particular order."""
        if len(self._late) > LATE:
            self._sort()
        first = bisect_left(self._sorted, (instant, 0))
        late = self._late
        found = [
            self._rows[number]
            for _, number in self._sorted[first:]
            if number not in late and number in self._rows
        ]
        return [*found, *(row for row in late.values() if self._instant(row) >= instant)]

    def _sort(self) -> None:
        self._rows |= self._late
        self._late = {}
        self._sorted = sorted((self._instant(row), n) for n, row in self._rows.items())
