"""The front end at a moment of the past: the same questions, answered as the ledger stood then.

Only what the ledger keeps for every moment is asked for; the rest is refused with a sentence, and
so is everything that decides: nothing of it leaves this process. What was does not change, so each
answer is asked for once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import msgspec

from daemon.control.client import ControlClient
from daemon.control.exchange import Exchange
from daemon.control.protocol import Code, Declined, StatusAnswer
from daemon.control.protocol_drift import (
    MAX_PAGE,
    DriftAnswer,
    DriftHistoryAnswer,
    DriftQuery,
    RecordAnswer,
    TimelineAnswer,
    TimelineQuery,
)
from daemon.control.protocol_past import PastAnswer, PastRequest
from tui.state import Then
from tui.times import instant

KEPT = frozenset({"/v1/who", "/v1/status", "/v1/past", "/v1/drift/history", "/v1/ledger/entries"})
"""Addresses that tell of any moment, or of who asks."""
MOST_REMEMBERED = 64


class PastClient(ControlClient):
    """A client of the daemon for which it is ``at``."""

    def __init__(self, path: Path, at: str) -> None:
        super().__init__(path)
        self._at = at
        self._known: dict[bytes, PastAnswer] = {}
        self._one_at_a_time = asyncio.Lock()
        self._then: PastAnswer | None = None

    async def begin(self) -> Then:
        """Find the moment; ``Declined`` for one that is none. Every question is about it then."""
        found = await self.past(PastRequest(at=self._at))
        self._at, self._then = str(found.seq), found
        return Then(seq=found.seq, asked=found.asked)

    async def drift(self, query: DriftQuery) -> DriftAnswer:
        """A page out of a larger one: each question takes a fold of the whole ledger."""
        first = query.offset // MAX_PAGE * MAX_PAGE
        whole = msgspec.structs.replace(query, offset=first, limit=MAX_PAGE)
        answer = (await self._asked(PastRequest(at=self._at, drift=whole))).drift
        assert answer is not None, "it was asked for"
        start = query.offset - first
        rows = answer.rows[start : start + query.limit]
        return msgspec.structs.replace(answer, rows=rows, offset=query.offset)

    async def record(self, record: str) -> RecordAnswer:
        answer = (await self._asked(PastRequest(at=self._at, record=record))).record
        assert answer is not None, "it was asked for"
        return answer

    async def status(self, *, counts: bool = True) -> StatusAnswer:
        """Who one is and which company it is, of today; everything that is counted, of then."""
        today = await super().status(counts=False)
        if self._then is None:
            return today
        standing = self._then.standing
        return msgspec.structs.replace(
            today,
            head=self._then.seq,
            counts=standing.counts if counts else (),
            operations=standing.operations,
            waiting=standing.waiting,
            holds=standing.holds,
            skipped_holds=standing.skipped_holds,
            drift=standing.drift,
            drift_by_class=standing.drift_by_class,
            open_intents=standing.open_intents,
            first_plan_approved=standing.first_plan_approved,
            pauses=standing.pauses,
            closed=None,
            dirty=0,
            config_problems=(),
        )

    async def drift_history(self) -> DriftHistoryAnswer:
        shown = await super().drift_history()
        until = self._then.asked if self._then is not None else ""
        end = _hour(until)
        return msgspec.structs.replace(
            shown, points=tuple(point for point in shown.points if not end or point.at <= end)
        )

    async def timeline(self, query: TimelineQuery) -> TimelineAnswer:
        """Entries up to that one."""
        last = self._then.seq + 1 if self._then is not None else 0
        before = min(query.before or last, last)
        return await super().timeline(msgspec.structs.replace(query, before=before))

    async def _asked(self, request: PastRequest) -> PastAnswer:
        key = msgspec.json.encode(request)
        async with self._one_at_a_time:
            if key not in self._known:
                if len(self._known) >= MOST_REMEMBERED:
                    del self._known[next(iter(self._known))]
                self._known[key] = await self.past(request)
            return self._known[key]

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
        limit_s: float | None = None,
        lasts: bool = False,
    ) -> AsyncIterator[Exchange]:
        if path not in KEPT:
            raise Declined(
                Code.NOT_READY,
                "that is not kept for the past",
                cure="drift, conflicts, record and ledger tell how it stood; :now comes back",
            )
        sending = super()._send(
            method, path, params=params, body=body, limit_s=limit_s, lasts=lasts
        )
        async with sending as exchange:
            yield exchange


def _hour(asked: str) -> str:
    """The moment as the hours of the history are written."""
    at = instant(asked)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""
