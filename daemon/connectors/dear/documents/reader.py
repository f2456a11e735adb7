"""Reading purchases and sales in bulk: what changed, and everything once. Nothing is written.

DEAR lists them by time of change and without lines: a look is one list, proved complete, and one
call for each document on it that was not opened as it is now. An idle look is one call a list.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from daemon.clock import Clock
from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.documents import positions
from daemon.connectors.dear.documents.listing import DocumentLister
from daemon.connectors.dear.documents.lists import LISTS, DocumentList, list_of
from daemon.connectors.dear.documents.memo import Memo, Stub
from daemon.connectors.dear.documents.opening import DocumentOpener, Look
from daemon.connectors.dear.documents.positions import Mark, Position
from daemon.connectors.dear.mapping.documents import MAPPING
from daemon.connectors.dear.tokens import later
from ledger.model.errors import Broken, Transient
from ledger.model.facts import Cursor, Page, Problem
from ledger.model.ids import Kind, derive

REDO_DETAILS = 200
"""Documents opened again in one look after the settings of reading have changed."""
A_MOMENT = timedelta(seconds=1)
"""So that a list goes on at an instant whether that instant is in or out."""


class Settling(msgspec.Struct, frozen=True):
    """Whether something older than the newest stamp may still appear on a list."""

    since: str
    seen_at: float
    is_over: bool = False


class DocumentReader:
    """Reads one company."""

    def __init__(self, client: DearClient, config: DearConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._overlap = timedelta(minutes=config.overlap_minutes)
        self._lister = DocumentLister(client, config)
        self._opener = DocumentOpener(client, config, clock)
        self._memos: dict[tuple[Kind, ...], Memo] = {}
        self._settling: dict[Kind, Settling] = {}
        self._sweeps = 0

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(self._lister.warnings.values())

    async def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        """Only lists of which a complete cursor is given are looked at, and only those kinds are
        shown. Raises ``Transient`` at the end where a document could not be had; the rest came."""
        for listed in LISTS:
            given = [c for k in listed.kinds if (c := cursors.get(k)) and c.complete]
            if given:
                look = Look(listed, [c.kind for c in given], positions.earliest(given))
                async for page in self._changes(look):
                    yield page

    async def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Open everything once, all kinds of the list at the same time, and go on at ``cursor``.

        At most ``details_per_cycle`` documents are opened; then it ends without ``sweep_done``
        and goes on the next time. With a complete cursor only changes are read.
        """
        listed = list_of(kind)
        if listed is None:
            raise Broken(f"{kind} is no kind of document")
        if cursor is not None and cursor.complete:
            async for page in self.changes({kind: cursor}):
                yield page
            return
        position = positions.read(cursor)
        if not position.sweep or self._is_read_otherwise(listed, position):
            position = self._shaped(listed, Position(sweep=self._sweep_id(listed)))
        async for page in self._sweep(Look(listed, listed.kinds, position, sweep=position.sweep)):
            yield page

    async def _sweep(self, look: Look) -> AsyncIterator[Page]:
        look.shows_all = True
        memo = self._memo(look)
        done = look.position.done or Mark()
        stubs = await self._list(look, done.stamp, back=A_MOMENT)
        floor = look.position.floor or look.newest
        look.position = replace(look.position, floor=floor)
        due = self._due(look, [stub for stub in stubs if stub.mark > done])
        portion = due[: self._config.documents.details_per_cycle]

        def advance(position: Position, stub: Stub, is_last: bool) -> Position:
            return replace(position, done=stub.mark)

        async for page in self._opener.read_out(look, memo, portion, advance):
            yield page
        if len(portion) == len(due):
            look.position = replace(look.position, since=floor, done=None, floor="", sweep="")
            for page in look.pages((), done=True):
                yield page
        self._fail_if_denied(look)

    async def _changes(self, look: Look) -> AsyncIterator[Page]:
        listed, memo = look.listed, self._memo(look)
        stored = look.position
        look.position = self._shaped(listed, look.position)
        done = look.position.done
        started = self._clock.monotonic()
        stubs = await self._list(look, *self._start(look, started))
        floor = look.position.floor or later(look.position.since, look.newest)
        look.position = replace(look.position, floor=floor) if done else look.position
        fresh = [s for s in stubs if done is None or s.mark > done or not s.stamp]
        due = self._due(look, [stub for stub in fresh if memo.is_due(stub)])

        def advance(position: Position, stub: Stub, is_last: bool) -> Position:
            if is_last:
                return replace(position, since=floor, done=None, floor="")
            return replace(position, done=stub.mark, floor=floor)

        async for page in self._opener.read_out(look, memo, due, advance):
            stored = look.position
            yield page
        async for page in self._opener.settle_debts(look, memo):
            stored = look.position
            yield page
        look.position = replace(look.position, since=floor, done=None, floor="")
        if look.position != stored:
            for page in look.pages(()):
                yield page
        self._settle(look, started)
        async for page in self._redo(look, memo):
            yield page
        self._fail_if_denied(look)

    async def _redo(self, look: Look, memo: Memo) -> AsyncIterator[Page]:
        """Open everything again, a portion at a time, because it would be read otherwise now."""
        redo = look.position.redo
        if redo is None:
            return
        again = Look(look.listed, look.kinds, look.position)
        again.shows_all = True
        stubs = await self._list(again, redo.stamp, back=A_MOMENT)
        until = Mark(look.position.since, "~")
        due = self._due(again, [stub for stub in stubs if redo < stub.mark <= until])
        portion = due[:REDO_DETAILS]

        def advance(position: Position, stub: Stub, is_last: bool) -> Position:
            is_over = is_last and len(portion) == len(due)
            return replace(position, redo=None if is_over else stub.mark)

        async for page in self._opener.read_out(again, memo, portion, advance):
            yield page
        if not due:
            again.position = replace(again.position, redo=None)
            for page in again.pages(()):
                yield page
        look.denied += again.denied

    def _memo(self, look: Look) -> Memo:
        """What was opened for just these kinds: another kind has not seen it."""
        return self._memos.setdefault(look.kinds, Memo())

    async def _list(self, look: Look, since: str, back: timedelta) -> list[Stub]:
        stubs = await self._lister.changed(look.listed, since, back=back)
        look.listed_at = self._clock.monotonic()
        look.newest = positions.newest(stub.stamp for stub in stubs)
        return stubs

    def _due(self, look: Look, stubs: Sequence[Stub]) -> list[Stub]:
        """What is to be opened, in order; what is owed is asked for apart."""
        owed = set(look.position.owed)
        wanted = [stub for stub in stubs if not stub.is_old and stub.id not in owed]
        return sorted(wanted, key=lambda stub: stub.mark)

    # -- where to begin ---------------------------------------------------------------------

    def _start(self, look: Look, now: float) -> tuple[str, timedelta]:
        """From where to look, and how far before that.

        A change may become visible after a later one. Once a look has gone over the overlap that
        long after ``since`` was first seen, nothing older can still be on its way. That is not
        remembered over a restart: meanwhile nobody looked.
        """
        position = look.position
        if position.done is not None:
            return position.done.stamp, A_MOMENT
        settling = self._settling.get(look.listed.leader)
        is_over = settling is not None and settling.since == position.since and settling.is_over
        return position.since, timedelta() if is_over else self._overlap

    def _settle(self, look: Look, started: float) -> None:
        leader, since = look.listed.leader, look.position.since
        settling = self._settling.get(leader)
        if settling is None or settling.since != since:
            self._settling[leader] = Settling(since, started)
        elif started - settling.seen_at >= self._overlap.total_seconds():
            self._settling[leader] = replace(settling, is_over=True)

    # -- what was read how ------------------------------------------------------------------

    def _shaped(self, listed: DocumentList, position: Position) -> Position:
        """The position under the settings of now; all is opened again where they say more or
        something else than those that it was read with."""
        redo = position.redo
        if not position.sweep and self._is_read_otherwise(listed, position):
            redo = Mark()
        first = self._config.documents.read_from
        return replace(
            position,
            shape=self._shape(listed),
            read_from=first.isoformat() if first else "",
            redo=redo,
        )

    def _is_read_otherwise(self, listed: DocumentList, position: Position) -> bool:
        first = self._config.documents.read_from
        was, now = position.read_from, first.isoformat() if first else ""
        return position.shape != self._shape(listed) or now < was

    def _shape(self, listed: DocumentList) -> str:
        settings = self._config.documents
        custom = settings.custom_fields.model_dump(mode="json")
        mine = msgspec.json.encode({k: custom[k] for k in sorted(listed.kinds)}, order="sorted")
        return derive("shape", str(MAPPING), settings.line_total, mine.decode(), length=12)

    def _sweep_id(self, listed: DocumentList) -> str:
        # Counted too: two sweeps may begin at the same tick of the clock.
        self._sweeps += 1
        now = self._clock.now().isoformat()
        return derive("sweep", DEAR, listed.path, now, str(self._sweeps))

    @staticmethod
    def _fail_if_denied(look: Look) -> None:
        if look.denied:
            raise Transient(
                f"DEAR would not show {look.denied} of the documents on {look.listed.path}; all "
                "others were read",
                cure="nothing to do: they are asked for again",
            )
