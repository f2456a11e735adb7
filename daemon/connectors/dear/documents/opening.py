"""Opening documents one by one, and what happens to those that DEAR will not show.

A document that cannot be had is owed: the look goes on without it and ends as a failure, and the
cursor remembers its id. Denied a second time it becomes a problem of its own record and stops
nothing more, but is asked for at every look until it comes. Must not decide what is due.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from daemon.clock import Clock
from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.documents import positions
from daemon.connectors.dear.documents.lists import DocumentList
from daemon.connectors.dear.documents.memo import Memo, Opened, Stub
from daemon.connectors.dear.documents.observing import Detail, Seen, detail, seen_in, whole_ref
from daemon.connectors.dear.documents.positions import Position
from daemon.connectors.dear.paging import WITHOUT_ID
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.facts import Cursor, Page, Problem, Unreadable
from ledger.model.ids import ExternalRef, Kind

IN_A_ROW = 3
"""So many documents that cannot be had one after the other: DEAR is down, not the documents."""
OWED_MOST = 50
TICK_S = 2.0
"""Longer than the finest step of DEAR's stamps. What is opened so long after it was listed shows
everything that was done under the stamp listed."""

Advance: TypeAlias = Callable[[Position, Stub, bool], Position]
"""The position after a document, and whether it was the last one that was due."""


class Look:
    """One look at one list: what is asked for, and how far it has come."""

    def __init__(
        self, listed: DocumentList, kinds: Sequence[Kind], position: Position, *, sweep: str = ""
    ) -> None:
        self.listed = listed
        self.kinds = tuple(kind for kind in listed.kinds if kind in kinds)
        self.position = position
        self.sweep = sweep
        self.newest = ""
        """The newest stamp on the list."""
        self.listed_at = 0.0
        self.shows_all = False
        """Whether what was opened before is shown again although nothing in it is new."""
        self.owed_before = position.owed
        self.denied = 0
        """Documents that could not be had, for the first time."""

    def pages(self, found: Sequence[Seen], *, done: bool = False) -> Iterator[Page]:
        """One page for each kind, all at the same position; the leader's comes last, so that
        where its cursor stands the others stand as well."""
        for kind in self.kinds:
            yield Page(
                system=DEAR,
                kind=kind,
                observations=tuple(o for s in found for o in s.observations if o.ref.kind == kind),
                tombstones=tuple(t for s in found for t in s.tombstones if t.ref.kind == kind),
                unreadable=tuple(u for s in found for u in s.unreadable if u.ref.kind == kind),
                cursor=Cursor(
                    system=DEAR,
                    kind=kind,
                    token=positions.text(self.position),
                    complete=not self.sweep or done,
                ),
                sweep=self.sweep,
                sweep_done=done,
            )


class _One(msgspec.Struct, frozen=True):
    """A document that was opened."""

    stub: Stub
    at: float
    """When it was asked for."""
    body: int
    seen: Seen


class _Batch:
    """Documents opened since the last page."""

    def __init__(self) -> None:
        self.opened: list[_One] = []
        self.taken = 0
        """Documents that were asked for."""
        self.passed: Stub | None = None
        """The last one that need not be opened again, or is owed."""
        self.owed: list[Stub] = []
        self.trouble: Transient | Refused | Throttled | Unauthorised | None = None
        """What ended the batch before its time."""


class DocumentOpener:
    """Opens documents of one company."""

    def __init__(self, client: DearClient, config: DearConfig, clock: Clock) -> None:
        self._client = client
        self._config = config
        self._clock = clock
        self._stuck_at: dict[Kind, str] = {}
        """The document at which the last look at a list had to be broken off."""

    async def fetch(self, listed: DocumentList, row_id: str) -> Detail:
        """One purchase or sale. Raises what a read raises, ``Refused`` included."""
        params = {**listed.detail_params, "ID": row_id}
        body = await self._client.get(listed.detail_path, params)
        try:
            return detail(row_id, body)
        except ValueError as error:
            raise Transient(f"DEAR {listed.detail_path} answered improperly: {error}") from None

    async def read_out(
        self, look: Look, memo: Memo, due: Sequence[Stub], advance: Advance
    ) -> AsyncIterator[Page]:
        """Open what is due, in the order given, with a place to go on from after each page."""
        left = list(due)
        while left:
            batch = await self._batch(look, memo, left)
            left = left[batch.taken :]
            if batch.passed is not None:
                owed = (*look.position.owed, *(stub.id for stub in batch.owed))
                look.denied += len(batch.owed)
                position = advance(look.position, batch.passed, not left and not batch.trouble)
                position = replace(position, owed=tuple(dict.fromkeys(owed)))
                found = [one.seen for one in batch.opened]
                if position != look.position or any(seen != Seen() for seen in found):
                    look.position = position
                    for page in look.pages(found):
                        yield page
                self._note(look, memo, batch)  # only now are they surely stored
            if batch.trouble is not None:
                raise batch.trouble

    async def settle_debts(self, look: Look, memo: Memo) -> AsyncIterator[Page]:
        """Ask again for what DEAR would not show at an earlier look."""
        found: list[Seen] = []
        paid: set[str] = set()
        denied: list[str] = []
        for row_id in look.owed_before:
            if len(denied) == IN_A_ROW:
                break
            try:
                one = await self.fetch(look.listed, row_id)
            except (Transient, Refused) as error:
                denied.append(row_id)
                found.append(self._denied(look, memo, row_id, error))
                continue
            paid.add(row_id)
            found.append(self._seen(look, memo, one))
        if not found:
            return
        # Those denied again go to the end, so that all get their turn.
        left = [i for i in look.position.owed if i not in paid and i not in denied] + denied
        look.position = replace(look.position, owed=tuple(left))
        for page in look.pages(found):
            yield page

    async def _batch(self, look: Look, memo: Memo, due: Sequence[Stub]) -> _Batch:
        """The next page's worth; a row of failures is followed to its end."""
        batch = _Batch()
        in_a_row: list[Stub] = []
        for stub in due:
            if batch.taken >= self._config.documents.details_per_page and not in_a_row:
                break
            batch.taken += 1
            try:
                batch.opened.append(await self._open(look, memo, stub))
            except (Throttled, Unauthorised) as trouble:
                batch.trouble = trouble
                break
            except (Transient, Refused) as trouble:
                in_a_row.append(stub)
                owed = len(look.position.owed) + len(batch.owed) + len(in_a_row)
                if owed > OWED_MOST or self._is_down(look, in_a_row, trouble):
                    self._stuck_at[look.listed.leader] = in_a_row[0].id
                    batch.trouble = trouble
                    return batch
                continue
            batch.owed += in_a_row
            in_a_row = []
            batch.passed = stub
        if in_a_row:
            batch.owed += in_a_row
            batch.passed = in_a_row[-1]
        return batch

    async def _open(self, look: Look, memo: Memo, stub: Stub) -> _One:
        at = self._clock.monotonic()
        if stub.id.startswith(WITHOUT_ID):
            return _One(stub, at, stub.content, _nameless(look.listed, stub))
        one = await self.fetch(look.listed, stub.id)
        return _One(stub, at, hash(one.body), self._seen(look, memo, one))

    def _is_down(self, look: Look, in_a_row: Sequence[Stub], error: Transient | Refused) -> bool:
        """Whether not the documents but DEAR is the trouble: it does not refuse these, it fails;
        and it did not fail at the very same one the last time."""
        is_known = self._stuck_at.get(look.listed.leader) == in_a_row[0].id
        return isinstance(error, Transient) and len(in_a_row) >= IN_A_ROW and not is_known

    def _seen(self, look: Look, memo: Memo, one: Detail) -> Seen:
        known = memo.of(one.id)
        if known is None:
            return seen_in(look.listed, one, self._config)
        if not look.shows_all and known.body == hash(one.body):
            return Seen()
        return seen_in(look.listed, one, self._config, known=known.invoices)

    def _denied(self, look: Look, memo: Memo, row_id: str, error: Transient | Refused) -> Seen:
        """What was denied a second time, as a problem of each record that it is known to hold."""
        listed, known = look.listed, memo.of(row_id)
        problem = Problem(
            code="unavailable",
            message=f"DEAR lists this {listed.label} but will not show it: {error}",
            cure=f"open the {listed.label} in DEAR and save it; it is asked for at every look",
        )
        invoices = known.invoices if known else frozenset()
        refs = {ExternalRef(DEAR, listed.invoices.kind, one) for one in invoices}
        if listed.order is not None or not refs:
            refs.add(whole_ref(listed, row_id))
        return Seen(unreadable=tuple(Unreadable(ref=ref, problem=problem) for ref in sorted(refs)))

    def _note(self, look: Look, memo: Memo, batch: _Batch) -> None:
        for one in batch.opened:
            known = memo.of(one.stub.id)
            was_again = known is not None and known.again and known.row == one.stub.content
            is_soon = one.at - look.listed_at < TICK_S and one.stub.stamp == look.newest
            memo.note(
                one.stub.id,
                Opened(
                    row=one.stub.content,
                    body=one.body,
                    again=is_soon and not was_again,
                    invoices=known.invoices if known and one.seen == Seen() else one.seen.invoices,
                ),
            )


def _nameless(listed: DocumentList, stub: Stub) -> Seen:
    problem = Problem(
        code="malformed",
        message=f"DEAR lists a {listed.label} without an id",
        field=listed.id_key,
        cure=f"report it to DEAR's support; that {listed.label} cannot be opened",
    )
    return Seen(unreadable=(Unreadable(ref=whole_ref(listed, stub.id), problem=problem),))
