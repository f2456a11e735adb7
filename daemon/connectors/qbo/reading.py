"""Reads of QuickBooks as pages: changes, full sweeps with their proof, single records, look-ups.

Nothing is inferred here from what did not come: a sweep that cannot prove itself complete ends in
``Transient``, and only a direct answer makes a ``Tombstone``.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec

from daemon.clock import Clock
from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.client import QboClient, Rows
from daemon.connectors.qbo.cursors import Mark, Sweeping, back, cursor_of, mark_of, step
from daemon.connectors.qbo.faults import Fault
from daemon.connectors.qbo.mapping.table import (
    ENTITIES,
    QBO,
    Shown,
    instant,
    understand,
)
from daemon.connectors.qbo.mapping.taxes import read_rate
from daemon.connectors.qbo.mapping.wire import Malformed, Setting, unmarked
from daemon.connectors.qbo.profile import Profile
from daemon.connectors.qbo.statements import EVERYTHING, changed_since, escape, where_all
from ledger.model.errors import Refused, Transient
from ledger.model.facts import Cursor, Observation, Page, Tombstone, Unreadable
from ledger.model.ids import ExternalRef, Kind, derive
from ledger.model.keys import fold
from ledger.model.records import Record

PAGE = 1000
"""Objects of one query answer; QuickBooks gives no more."""
CAP = 1000
"""Objects of one change answer over all entities, without a sign that more were left out."""
OVERLAP_S = 20.0
"""Changes are asked for from this long before the last answer: times are whole seconds, and a new
account gets its time a second late. What comes twice is equal and changes nothing."""
LOOK_BACK = timedelta(days=29)
"""The change feed reaches back 30 days."""
WHOLE_READ_EVERY = timedelta(hours=4)
"""Tax codes have no change feed."""
QUIET_CURSOR = timedelta(minutes=10)
"""Cursors of kinds without changes move this seldom: an idle cycle stores nothing."""
CLOCKS_DIFFER = timedelta(hours=1)
"""Allowance where an answer does not tell the server's own time."""
RESUME_WITHIN = timedelta(days=2)
"""A sweep that was left longer ago begins anew."""
SPARE_PAGES = 50
UNIQUE_WITHOUT_ORDER = 10_000
"""Up to this many ids a sweep proves by memory that none came twice."""


class Reader:
    """Turns answers into pages."""

    def __init__(
        self, client: QboClient, clock: Clock, profile: Profile, *, ids_as_numbers: bool
    ) -> None:
        self._client = client
        self._clock = clock
        self._profile = profile
        self._setting = Setting()
        self._ids_as_numbers = ids_as_numbers
        self._rates: Mapping[str, Decimal] | None = None
        self._sweeps = 0
        self.strangers: set[str] = set()
        """Properties and words seen so far that this program does not know."""

    async def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        feed: list[Kind] = []
        for kind, cursor in cursors.items():
            if self._needs_whole_read(kind, mark_of(cursor)):
                async for page in self.sweep(kind, cursor):
                    yield page
            elif kind is not Kind.TAX_CODE:
                feed.append(kind)
        pending = [tuple(feed)] if feed else []
        await self._prepare(feed)
        while pending:  # every round answers a group or halves it
            group = pending.pop()
            since = min((mark_of(cursors[kind]).since for kind in group), key=instant)
            found, now = await self._changed(group, since)
            if found is not None and sum(len(rows.rows) for rows in found.values()) < CAP:
                for page in self._change_pages(group, found, cursors, now):
                    yield await self._confirmed(page)
            elif len(group) > 1:
                half = len(group) // 2
                pending += [group[half:], group[:half]]
            else:
                async for page in self._catch_up(group[0], cursors[group[0]]):
                    yield page

    async def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        if kind is Kind.TAX_CODE:
            self._rates = await self._read_rates()
        await self._prepare((kind,))
        mark = mark_of(cursor)
        was_complete = cursor is not None and cursor.complete
        sweep = mark.sweep
        ids: set[str] | None = None
        if sweep is None or self._is_old(sweep):
            sweep, ids = await self._begin(kind), set()
        for _ in range(sweep.expected // PAGE + SPARE_PAGES):
            rows = await self._client.query(self._page_query(kind, sweep), ENTITIES[kind].name)
            page = self._page(kind, rows.rows)
            shown = [one.ref.id for one in page.order]
            sweep = step(sweep, shown)
            ids = _remember(ids, shown)
            if not rows.rows or (len(rows.rows) < PAGE and sweep.rows >= sweep.expected):
                break
            going = msgspec.structs.replace(mark, sweep=sweep)
            yield msgspec.structs.replace(
                page.page, sweep=sweep.id, cursor=cursor_of(kind, going, complete=was_complete)
            )
        else:
            raise Transient(f"QuickBooks keeps sending pages of {kind.value}")
        unique = sweep.is_ordered or (ids is not None and len(ids) == sweep.rows)
        if problem := await self._doubt(kind, sweep, unique=unique):
            # Begin anew next time: going on from here would fail for ever.
            anew = msgspec.structs.replace(mark, sweep=None)
            yield Page(system=QBO, kind=kind, cursor=cursor_of(kind, anew, complete=was_complete))
            raise Transient(problem, cure="nothing: the read is repeated by itself")
        done = Mark(since=back(sweep.started, OVERLAP_S), swept=self._clock.now().isoformat())
        yield msgspec.structs.replace(
            page.page,
            sweep=sweep.id,
            sweep_done=True,
            cursor=cursor_of(kind, done, complete=True),
        )

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        shown = await self._look(ref)
        if isinstance(shown, Unreadable):
            raise Refused(
                f"{ref} cannot be understood: {shown.problem.message}",
                code=shown.problem.code,
                field=shown.problem.field,
                cure=shown.problem.cure,
            )
        return shown

    async def _look(self, ref: ExternalRef) -> Shown:
        entity = ENTITIES[ref.kind]
        answer = await self._client.read(entity.name, ref.id)
        if isinstance(answer, Fault):
            # 610 says "inactive" as well as "gone": ask in the way that shows inactive records.
            where = where_all(entity, f"Id = '{escape(ref.id)}'")
            statement = f"SELECT * FROM {entity.name}{where}"
            rows = await self._client.query(statement, entity.name)
            if not rows.rows:
                return Tombstone(
                    ref=ref, evidence=f"read answered {answer.first.code}, and a query shows none"
                )
            answer = rows.rows[0]
        return await self.shown(ref.kind, answer)

    async def find(self, kind: Kind, key: str, value: str) -> Sequence[Observation]:
        entity = ENTITIES[kind]
        prop = entity.queries.get(key)
        if prop is None:
            raise Refused(f"QuickBooks cannot be searched for a {kind.value} by {key}", field=key)
        words = [value]
        if prop == entity.name_property and not entity.is_document:
            words += [f"{value} (deleted)", f"{value} (Deleted)"]
        listed = ",".join(f"'{escape(word)}'" for word in words)
        where = where_all(entity, f"{prop} IN ({listed})")
        statement = f"SELECT * FROM {entity.name}{where} MAXRESULTS {PAGE}"
        rows = await self._client.query(statement, entity.name)
        found = [await self.shown(kind, row) for row in rows.rows]
        return [
            one
            for one in found
            if isinstance(one, Observation) and _equals(_meant(one.record, key), value)
        ]

    async def shown(self, kind: Kind, data: bytes) -> Shown:
        """One object, understood; tax codes with their rates, documents with their setting."""
        if kind is Kind.TAX_CODE and self._rates is None:
            self._rates = await self._read_rates()
        await self._prepare((kind,))
        return self._understand(kind, data)

    async def _prepare(self, kinds: Sequence[Kind]) -> None:
        """Before anything is understood: how this company keeps the tax of its documents."""
        if any(ENTITIES[kind].is_document for kind in kinds):
            self._setting = await self._profile.setting()

    def _understand(self, kind: Kind, data: bytes) -> Shown:
        setting = self._setting
        if kind is Kind.TAX_CODE:
            setting = Setting(rates=self._rates or {})
        found, strangers = understand(kind, data, setting)
        self.strangers.update(strangers)
        return found

    def _needs_whole_read(self, kind: Kind, mark: Mark) -> bool:
        now = self._clock.now()
        if kind is Kind.TAX_CODE:
            # In the future: our clock was ahead then, and nobody knows how long ago that was.
            is_fresh = mark.swept and timedelta(0) <= now - instant(mark.swept) < WHOLE_READ_EVERY
            return not is_fresh
        return mark.owed or not mark.since or now - instant(mark.since) >= LOOK_BACK

    async def _changed(
        self, group: tuple[Kind, ...], since: str
    ) -> tuple[dict[str, Rows] | None, str]:
        """The change feed; None instead of rows where it does not reach back so far."""
        try:
            return await self._client.changes([ENTITIES[kind].name for kind in group], since)
        except Refused as error:
            if "older than" in str(error):
                return None, ""
            raise

    def _change_pages(
        self,
        group: tuple[Kind, ...],
        found: Mapping[str, Rows],
        cursors: Mapping[Kind, Cursor],
        now: str,
    ) -> Iterable[Page]:
        for kind in group:
            mark = mark_of(cursors[kind])
            # Only the server's own clock moves a cursor: ours may be ahead of it.
            since = back(now, OVERLAP_S) if now else mark.since
            rows = found.get(ENTITIES[kind].name, Rows()).rows
            if not rows and instant(since) - instant(mark.since) < QUIET_CURSOR:
                continue
            moved = msgspec.structs.replace(mark, since=since)
            yield msgspec.structs.replace(
                self._page(kind, rows).page, cursor=self._cursor(kind, moved, cursors[kind])
            )

    async def _confirmed(self, page: Page) -> Page:
        """A page whose stubs were looked at: "deleted" is also said of what is only inactive."""
        if not page.tombstones:
            return page
        looks = [(stub, await self._look(stub.ref)) for stub in page.tombstones]
        return msgspec.structs.replace(
            page,
            observations=page.observations
            + tuple(look for _, look in looks if isinstance(look, Observation)),
            tombstones=tuple(
                msgspec.structs.replace(look, evidence=f"{stub.evidence}; {look.evidence}")
                for stub, look in looks
                if isinstance(look, Tombstone)
            ),
            unreadable=page.unreadable
            + tuple(look for _, look in looks if isinstance(look, Unreadable)),
        )

    async def _catch_up(self, kind: Kind, cursor: Cursor) -> AsyncIterator[Page]:
        """More of one kind changed than the feed can tell: by time first, then all of it.

        The query shows what was changed, never what was removed; the sweep that follows does.
        """
        entity = ENTITIES[kind]
        name = entity.name
        mark = msgspec.structs.replace(mark_of(cursor), owed=True)
        expected = (await self._client.count(name, changed_since(entity, mark.since))).total or 0
        position = 1
        for _ in range(2 * (expected // PAGE) + SPARE_PAGES):
            rows = await self._client.query(
                f"SELECT * FROM {name}{changed_since(entity, mark.since)} "
                f"ORDERBY MetaData.LastUpdatedTime STARTPOSITION {position} MAXRESULTS {PAGE}",
                name,
            )
            page = self._page(kind, rows.rows)
            latest = _latest(page.page, mark.since)
            # Going on by time, not by position: what is edited meanwhile moves to the end.
            position = position + len(rows.rows) if instant(latest) == instant(mark.since) else 1
            mark = msgspec.structs.replace(mark, since=latest)
            yield msgspec.structs.replace(page.page, cursor=self._cursor(kind, mark, cursor))
            if len(rows.rows) < PAGE:
                break
        async for swept in self.sweep(kind, self._cursor(kind, mark, cursor)):
            yield swept

    async def _begin(self, kind: Kind) -> Sweeping:
        counted = await self._count(kind)
        started = counted.time or (self._clock.now() - CLOCKS_DIFFER).isoformat()
        self._sweeps += 1
        return Sweeping(
            id=derive("sweep", kind.value, started, str(self._sweeps)),
            started=started,
            expected=counted.total or 0,
        )

    async def _count(self, kind: Kind) -> Rows:
        entity = ENTITIES[kind]
        return await self._client.count(entity.name, where_all(entity))

    def _is_old(self, sweep: Sweeping) -> bool:
        return self._clock.now() - instant(sweep.started) >= RESUME_WITHIN

    def _page_query(self, kind: Kind, sweep: Sweeping) -> str:
        entity = ENTITIES[kind]
        if self._ids_as_numbers and kind is not Kind.TAX_CODE:
            above = [f"Id > '{escape(sweep.last_id)}'"] if sweep.last_id else []
            where = where_all(entity, *above)
            return f"SELECT * FROM {entity.name}{where} ORDERBY Id MAXRESULTS {PAGE}"
        return (
            f"SELECT * FROM {entity.name}{where_all(entity)} ORDERBY Id "
            f"STARTPOSITION {sweep.rows + 1} MAXRESULTS {PAGE}"
        )

    async def _doubt(self, kind: Kind, sweep: Sweeping, *, unique: bool) -> str:
        """Why a sweep is not proved to be complete; ``""`` when it is.

        One answer that has room left shows one moment: that it agrees with the count is enough.
        Several may have shifted against each other, so the count is taken again.
        """
        if unique and sweep.rows == sweep.expected and sweep.rows < PAGE:
            return ""
        after = (await self._count(kind)).total
        if not unique:
            return f"QuickBooks sent {kind.value} records twice or out of order during a full read"
        # Records made meanwhile have the highest ids and were seen; removed ones would shift pages.
        if not sweep.expected <= sweep.rows == after:
            return (
                f"a full read of {kind.value} saw {sweep.rows} records where QuickBooks counted "
                f"{sweep.expected} before and {after} after"
            )
        return ""

    async def _read_rates(self) -> Mapping[str, Decimal]:
        rates: dict[str, Decimal] = {}
        for number in range(SPARE_PAGES):
            rows = await self._client.query(
                f"SELECT * FROM TaxRate WHERE {EVERYTHING} ORDERBY Id "
                f"STARTPOSITION {number * PAGE + 1} MAXRESULTS {PAGE}",
                "TaxRate",
            )
            rates.update(rate for row in rows.rows if (rate := _rate(row)) is not None)
            if len(rows.rows) < PAGE:
                return rates
        raise Transient("QuickBooks keeps sending pages of tax rates")

    def _page(self, kind: Kind, rows: Sequence[bytes]) -> "_Understood":
        order = [self._understand(kind, row) for row in rows]
        return _Understood(
            order=order,
            page=Page(
                system=QBO,
                kind=kind,
                observations=tuple(one for one in order if isinstance(one, Observation)),
                tombstones=tuple(one for one in order if isinstance(one, Tombstone)),
                unreadable=tuple(one for one in order if isinstance(one, Unreadable)),
            ),
        )

    def _cursor(self, kind: Kind, mark: Mark, before: Cursor) -> Cursor:
        return cursor_of(kind, mark, complete=before.complete)


class _Understood(msgspec.Struct, frozen=True):
    """A page, and its records in the order of the answer."""

    order: list[Shown]
    page: Page


def _remember(ids: set[str] | None, shown: list[str]) -> set[str] | None:
    """All ids of a sweep, while they are few; None once they are too many to keep."""
    if ids is None or len(ids) + len(shown) > UNIQUE_WITHOUT_ORDER:
        return None
    return ids | set(shown)


def _latest(page: Page, before: str) -> str:
    times = [one.modified_at for one in page.observations if one.modified_at is not None]
    latest = max(times, default=None)
    if latest is None or latest <= instant(before):
        return before
    return latest.isoformat(timespec="seconds")


def _rate(row: bytes) -> tuple[str, Decimal] | None:
    try:
        raw = decode(row)
        return read_rate(raw) if isinstance(raw, dict) else None
    except (Malformed, msgspec.DecodeError):
        return None  # its codes then show no rate


def _meant(record: Record, key: str) -> object:
    """A key of a record; a name as a person gave it, without the mark of an inactive one."""
    shown = getattr(record, key, None)
    is_marked = key == "name" and getattr(record, "active", None) is False
    return unmarked(shown) if is_marked and isinstance(shown, str) else shown


def _equals(shown: object, value: str) -> bool:
    return isinstance(shown, str) and fold(shown.strip()) == fold(value.strip())
