"""Reading DEAR in bulk: what changed, and everything. Nothing is written or looked up here.

Suppliers, customers and products are asked for by time of change; accounts, tax rules and payment
terms have none and are read whole every few hours.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from daemon.clock import Clock
from daemon.connectors.dear import tokens
from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.family import FAMILIES, Family
from daemon.connectors.dear.mapping.fields import Malformed, instant, modified_at
from daemon.connectors.dear.observing import observation_of, unknown_words
from daemon.connectors.dear.paging import Fetch, Listing, Row, walk
from daemon.connectors.dear.tokens import SweepState, Token
from ledger.model.facts import Cursor, Observation, Page, Problem, Unreadable
from ledger.model.ids import Kind, derive


class DearReader:
    """Reads one company."""

    def __init__(self, client: DearClient, config: DearConfig, clock: Clock) -> None:
        self._client = client
        self._config = config
        self._clock = clock
        self._overlap = timedelta(minutes=config.overlap_minutes)
        self._books_every = timedelta(hours=config.books_every_hours)
        self._sweeps = 0
        self._latest: dict[Kind, str] = {}
        self._warnings: dict[tuple[str, ...], Problem] = {}

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was noticed on the way and concerns no single record, each once."""
        return tuple(self._warnings.values())

    async def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        """Kinds whose first sweep is not finished are left to ``sweep``."""
        for kind, family in FAMILIES.items():
            cursor = cursors.get(kind)
            if cursor is None or not cursor.complete:
                continue
            pages = self._modified if family.has_changes else self._book_if_due
            async for page in pages(family, tokens.read(cursor)):
                yield page

    async def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Read a kind whole. Books are too short to be left in the middle."""
        family = FAMILIES[kind]
        if family.has_changes:
            async for page in self._sweep(family, cursor):
                yield page
            return
        for page in self._book_pages(family, await self._client.whole(family, {})):
            yield page

    async def _modified(self, family: Family, token: Token) -> AsyncIterator[Page]:
        since = tokens.start(token, now=self._clock.now(), overlap=self._overlap)
        latest = token.since
        waiting: Page | None = None
        params = {"ModifiedSince": since} if since else {}
        async for piece in walk(self._fetch(family, params), what=f"DEAR {family.path}"):
            rows = self._passed(family, piece.rows, since)
            latest = tokens.later(latest, _latest(rows))
            if waiting is not None:
                yield waiting
            waiting = self._page(family, rows) if rows else None
        self._latest[family.kind] = latest
        if latest != token.since:
            # Only now is it known that nothing older is missing.
            moved = Token(since=latest, since_seen_at=self._clock.now().isoformat())
            waiting = replace(waiting or self._page(family, ()), cursor=_cursor(family, moved))
        if waiting is not None:
            yield waiting

    def _passed(self, family: Family, rows: Sequence[Row], since: str) -> Sequence[Row]:
        """The rows that a filter by time should have let through, all of them if it worked."""
        if not since:
            return rows
        passed = [row for row in rows if not _is_before(row, since)]
        if len(passed) < len(rows):
            self._warnings["filter", family.path] = Problem(
                code="filter_ignored",
                message=f"DEAR {family.path} did not heed ModifiedSince: every look for changes "
                "reads the whole list",
                cure="nothing is wrong with the data; report it to DEAR's support",
            )
        return passed

    async def _sweep(self, family: Family, cursor: Cursor | None) -> AsyncIterator[Page]:
        token = tokens.read(cursor)
        latest = tokens.later(token.since, self._latest.get(family.kind, ""))
        state = token.sweep or SweepState(
            id=self._sweep_id(family), next_page=1, rows_before=0, floor=latest
        )
        was_complete = cursor is not None and cursor.complete
        shown: dict[str, int] = {}
        async for piece in walk(
            self._fetch(family, {}),
            what=f"DEAR {family.path}",
            start=state.next_page,
            rows_before=state.rows_before,
        ):
            state = SweepState(
                id=state.id,
                next_page=piece.next_page,
                rows_before=piece.rows_before,
                # Whatever the first page shows was written before the sweep began, and whatever
                # changes while it runs is stamped later.
                floor=state.floor or _latest(piece.rows),
            )
            at = _cursor(family, replace(token, sweep=state), complete=was_complete)
            yield replace(self._page(family, _fresh(piece.rows, shown)), cursor=at, sweep=state.id)
        done = Token(since=state.floor, since_seen_at=self._clock.now().isoformat())
        yield replace(
            self._page(family, ()), cursor=_cursor(family, done), sweep=state.id, sweep_done=True
        )

    async def _book_if_due(self, family: Family, token: Token) -> AsyncIterator[Page]:
        now = self._clock.now()
        read_at = datetime.fromisoformat(token.read_at) if token.read_at else None
        if read_at is not None and read_at <= now < read_at + self._books_every:
            return
        rows = await self._client.whole(family, {})
        if _digest(rows) == token.digest:
            again = _cursor(family, replace(token, read_at=now.isoformat()))
            yield replace(self._page(family, ()), cursor=again)
            return
        for page in self._book_pages(family, rows):
            yield page

    def _book_pages(self, family: Family, rows: Sequence[Row]) -> Iterator[Page]:
        sweep, size = self._sweep_id(family), self._config.page_size
        for first in range(0, len(rows), size):
            yield replace(self._page(family, rows[first : first + size]), sweep=sweep)
        done = Token(read_at=self._clock.now().isoformat(), digest=_digest(rows))
        yield replace(
            self._page(family, ()), cursor=_cursor(family, done), sweep=sweep, sweep_done=True
        )

    def _page(self, family: Family, rows: Sequence[Row]) -> Page:
        observations: list[Observation] = []
        unreadable: list[Unreadable] = []
        for row in rows:
            seen = observation_of(family, row, self._config)
            if isinstance(seen, Unreadable):
                unreadable.append(seen)
            else:
                observations.append(seen)
                self._warnings |= unknown_words(family, row, seen)
        return Page(
            system=DEAR,
            kind=family.kind,
            observations=tuple(observations),
            unreadable=tuple(unreadable),
        )

    def _fetch(self, family: Family, params: Mapping[str, str]) -> Fetch:
        async def fetch(number: int) -> Listing:
            return await self._client.page(family, params, number)

        return fetch

    def _sweep_id(self, family: Family) -> str:
        # Counted too: two sweeps may begin at the same tick of the clock.
        self._sweeps += 1
        now = self._clock.now().isoformat()
        return derive("sweep", DEAR, family.kind.value, now, str(self._sweeps))


def _cursor(family: Family, token: Token, *, complete: bool = True) -> Cursor:
    return Cursor(system=DEAR, kind=family.kind, token=tokens.text(token), complete=complete)


def _fresh(rows: Sequence[Row], shown: dict[str, int]) -> Sequence[Row]:
    """The rows that this sweep has not shown yet, as they are now; notes them in ``shown``.

    A list that moved is read again, and most of it is just as it was.
    """
    fresh = []
    for row in rows:
        content = hash(row.raw)
        if shown.get(row.id) != content:
            shown[row.id] = content
            fresh.append(row)
    return fresh


def _stamp(row: Row) -> datetime | None:
    try:
        return modified_at(row.data) if isinstance(row.data, Mapping) else None
    except Malformed:
        return None  # the row is reported as unreadable; its time says nothing


def _latest(rows: Sequence[Row]) -> str:
    stamps = [stamp for row in rows if (stamp := _stamp(row)) is not None]
    return max(stamps).isoformat() if stamps else ""


def _is_before(row: Row, since: str) -> bool:
    stamp = _stamp(row)
    return stamp is not None and stamp < instant(since)


def _digest(rows: Sequence[Row]) -> str:
    """Equal for the same rows in any order."""
    hasher = hashlib.sha256()
    for raw in sorted(row.raw for row in rows):
        hasher.update(len(raw).to_bytes(8, "big") + raw)
    return hasher.hexdigest()
