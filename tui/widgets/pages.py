"""The rows of a big list as far as they were fetched, the cursor and the marks. No drawing.

Keeps pages by number; knows which are missing for a stretch of the list. The cursor is a key that
is looked for whenever rows arrive, so that a refresh or another order does not move it to another
record.
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

PAGE = 200

RowT = TypeVar("RowT")
RowT_co = TypeVar("RowT_co", covariant=True)


class Source(Protocol[RowT_co]):
    """Where rows come from: an order that the daemon keeps."""

    async def page(self, offset: int, limit: int) -> tuple[Sequence[RowT_co], int]:
        """At most ``limit`` rows from ``offset`` on, and how many there are in all."""
        ...


class Pages(Generic[RowT]):
    """What was fetched of one ``Source``, and where in it one is."""

    def __init__(self, key: Callable[[RowT], str]) -> None:
        self.key = key
        self.total = 0
        self.loaded = False
        """Whether anything was fetched yet: an empty list is not an unread one."""
        self.index = 0
        self.marks: dict[str, RowT] = {}
        """Key -> the row as it was when it was marked."""
        self._cursor_key = ""
        self._pages: dict[int, Sequence[RowT]] = {}
        self._old: dict[int, Sequence[RowT]] = {}
        """Pages that are being fetched anew: shown until the new ones are there."""

    def row(self, index: int) -> RowT | None:
        """The row at ``index``; ``None`` while it is not here."""
        number, place = divmod(index, PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._old.get(number, ())
        return page[place] if place < len(page) and index < self.total else None

    def missing(self, first: int, last: int) -> list[int]:
        """Numbers of the pages that rows ``first`` to ``last`` need and that are not here."""
        last = max(0, min(last, self.total - 1))
        wanted = range(max(0, min(first, last)) // PAGE, last // PAGE + 1)
        return [number for number in wanted if number not in self._pages]

    def put(self, number: int, rows: Sequence[RowT], total: int) -> None:
        """A page arrived."""
        self.loaded = True
        self.total = total
        self._pages[number] = rows
        self._old.pop(number, None)
        if not self._cursor_key:
            self._remember()
            return
        for place, row in enumerate(rows):
            if self.key(row) == self._cursor_key:
                self.index = number * PAGE + place
                return
        if self.index >= total or self.index // PAGE in self._pages:
            # Gone, or gone elsewhere: whatever is nearest to the place it had.
            self.index = max(0, min(self.index, total - 1))
            self._remember()

    def expire(self, *, keep_shown: bool = True) -> None:
        """Everything is to be fetched anew; until then the old rows may be shown."""
        self._old = {**self._old, **self._pages} if keep_shown else {}
        self._pages = {}
        if not keep_shown:
            self.loaded = False

    def move(self, index: int) -> None:
        self.index = max(0, min(index, self.total - 1))
        self._cursor_key = ""
        self._remember()

    def _remember(self) -> None:
        row = self.row(self.index)
        self._cursor_key = self.key(row) if row is not None else ""

    def selected(self) -> RowT | None:
        return self.row(self.index)

    def seek(self, key: str) -> None:
        """Put the cursor on this key, now or when its page arrives."""
        self._cursor_key = key
        for number, page in self._pages.items():
            for place, row in enumerate(page):
                if self.key(row) == key:
                    self.index = number * PAGE + place
                    return

    def toggle(self, row: RowT) -> None:
        key = self.key(row)
        if self.marks.pop(key, None) is None:
            self.marks[key] = row
