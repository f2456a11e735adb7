"""Ways into the records of one entity that cost what they find, whatever else the books hold.

Kept by ``state.Books`` at every change. Answers are candidates in a useful order: what a query
means by its conditions is decided in ``query``.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from daemon.sandbox.recency import Recency


class Indexed(Protocol):
    """What the indexes need of a record."""

    id: str
    order: int
    updated: datetime

    @property
    def parent(self) -> str: ...

    @property
    def number(self) -> str: ...


Record = TypeVar("Record", bound=Indexed)


class Indexes(Generic[Record]):
    """Records by id as a number, by instant, by parent and by the number of a transaction."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._ids: list[int] = []
        self._sorted = True
        self._words = 0
        self._recency = Recency[Record](order=attrgetter("order"), instant=attrgetter("updated"))
        self._parents: dict[str, dict[str, Record]] = {}
        self._numbers: dict[str, dict[str, Record]] = {}

    def add(self, record: Record) -> None:
        """A new record; ``take`` follows."""
        self._records[record.id] = record
        self._recency.moved(record)
        if not record.id.isdecimal():
            self._words += 1
            return
        number = int(record.id)
        self._sorted = self._sorted and (not self._ids or self._ids[-1] < number)
        self._ids.append(number)

    def remove(self, record: Record) -> None:
        """The record was deleted; ``free`` went before. Its id stays until the next sort."""
        del self._records[record.id]
        self._recency.gone(record)

    def moved(self, record: Record) -> None:
        self._recency.moved(record)

    def take(self, record: Record) -> None:
        """Note what is looked up by value; ``free`` before the values change."""
        if record.parent:
            self._parents.setdefault(record.parent, {})[record.id] = record
        if record.number:
            self._numbers.setdefault(record.number.casefold(), {})[record.id] = record

    def free(self, record: Record) -> None:
        self._parents.get(record.parent, {}).pop(record.id, None)
        held = self._numbers.get(record.number.casefold(), {})
        held.pop(record.id, None)
        if not held:
            self._numbers.pop(record.number.casefold(), None)

    def by_id(self, above: int | None = None) -> Iterator[Record] | None:
        """Records in the order of their ids, those from a number on; None where ids are words."""
        if self._words:
            return None
        if not self._sorted:
            self._ids.sort()
            self._sorted = True
        first = bisect_left(self._ids, above) if above is not None else 0
        names = map(str, self._ids[first:])
        return (self._records[name] for name in names if name in self._records)

    def since(self, instant: datetime) -> list[Record]:
        """Records whose LastUpdatedTime is not before an instant, in the order of creation."""
        return sorted(self._recency.since(instant), key=attrgetter("order"))

    def below(self, parent: str) -> list[Record]:
        """Records right below one."""
        return list(self._parents.get(parent, {}).values())

    def numbered(self, number: str) -> list[Record]:
        """Transactions with a DocNumber, ignoring case."""
        found = self._numbers.get(number.casefold(), {})
        return sorted(found.values(), key=attrgetter("order"))
