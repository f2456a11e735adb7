"""Reading a list whole, with proof: every row was seen, and the list stood still meanwhile.

DEAR: pages of ``{"Total", "Page", "<Key>": [...]}``, no cursor, no promised order, and pages may
be smaller than asked for. A row that moves between two pages is seen twice and hides another, so
counting rows proves nothing; counting *different* rows against an unchanged Total does.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import msgspec

from ledger.model.errors import Transient

WITHOUT_ID = "without-id-"
"""How the stand-in for the id of a row begins that has none."""
MAX_PAGES = 20_000
"""Bound of one look at a list; 20 million rows at the largest page."""
MAX_LOOKS = 3
"""How often a list that moved while it was read is read again."""


class Row(msgspec.Struct, frozen=True):
    """One row of a list."""

    id: str
    """Folded: DEAR shows the same GUID now in capitals, now not."""
    data: Any
    """Decoded, numbers exact."""
    raw: bytes
    """The wire's own JSON."""


class Listing(msgspec.Struct, frozen=True):
    """One page as it came."""

    rows: tuple[Row, ...]
    total: int | None
    """What the list says it holds; None when it does not say."""


class Slice(msgspec.Struct, frozen=True):
    """One page on the way through a list."""

    rows: tuple[Row, ...]
    next_page: int
    """Where to go on after an interruption."""
    rows_before: int
    """Rows on the pages before ``next_page``."""
    look: int
    """Which look at the list this is; rows of an earlier one prove nothing."""


Fetch: TypeAlias = Callable[[int], Awaitable[Listing]]
"""Gets one page by its number, from 1."""


class _Look:
    """One way round a list: what it showed, and whether that proves completeness."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._pages: dict[tuple[str, ...], int] = {}
        self.ids: set[str] = set()
        self._totals: set[int | None] = set()

    def take(self, page: int, listing: Listing) -> None:
        ids = tuple(row.id for row in listing.rows)
        if ids and ids in self._pages:
            raise Transient(
                f"{self._what}: page {page} repeated page {self._pages[ids]}; nothing is inferred "
                "from this list"
            )
        self._pages[ids] = page
        self.ids.update(ids)
        self._totals.add(listing.total)

    def has_all(self, total: int | None) -> bool:
        return total is not None and len(self.ids) >= total

    def is_proof(self, last: set[str] | None) -> bool:
        """Every row that the list counts was seen, or twice the same rows where it counts none."""
        if self._totals == {None}:
            return self.ids == last
        return self._totals == {len(self.ids)}

    @property
    def story(self) -> str:
        totals = ", ".join(sorted(str(total) for total in self._totals if total is not None))
        return f"{len(self.ids)} different rows seen where the list counts {totals or 'none'}"


async def walk(
    fetch: Fetch, *, what: str, start: int = 1, rows_before: int = 0
) -> AsyncIterator[Slice]:
    """Every page of a list; coming to the end means that completeness is proved.

    ``start`` goes on where an earlier walk was interrupted: the pages before it are read after
    the last one, because only rows seen in one look can prove anything. Raises ``Transient`` when
    a page comes twice or the list does not stand still.
    """
    last: set[str] | None = None
    look = _Look(what)
    for number in range(1, MAX_LOOKS + 1):
        look = _Look(what)
        async for page, listing, before in _once(fetch, look, start, rows_before):
            yield Slice(listing.rows, page + 1, before, number)
        if look.is_proof(last):
            return
        last, start, rows_before = look.ids, 1, 0
    raise Transient(
        f"{what}: the list would not stand still: {look.story}; nothing is inferred from it"
    )


async def _once(
    fetch: Fetch, look: _Look, start: int, before: int
) -> AsyncIterator[tuple[int, Listing, int]]:
    """From ``start`` to the end, then the pages before ``start``."""
    for page in range(start, start + MAX_PAGES):
        listing = await fetch(page)
        look.take(page, listing)
        before += len(listing.rows)
        yield page, listing, before
        is_counted = listing.total is not None and before >= listing.total
        if not listing.rows or (is_counted and (start > 1 or look.has_all(listing.total))):
            break
    before = 0
    for page in range(1, start):
        listing = await fetch(page)
        look.take(page, listing)
        before += len(listing.rows)
        yield page, listing, before


async def whole(fetch: Fetch, *, what: str, limit: int) -> tuple[Row, ...]:
    """All rows of a short list, proved complete. Raises ``Transient``."""
    found: dict[str, Row] = {}
    look = 0
    async for piece in walk(fetch, what=what):
        if piece.look != look:
            look, found = piece.look, {}
        for row in piece.rows:
            found[row.id] = row
        if len(found) > limit:
            raise Transient(f"{what}: more than {limit} rows where a short list was expected")
    return tuple(found.values())
