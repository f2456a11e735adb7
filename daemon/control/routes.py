"""What each address of the control socket takes and answers, with its deadline. Decides nothing.

To add one: a question is a row of ``QUERIES`` (its model is the body) or a method here; an act also
needs its least role in ``roles``.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from daemon.catalogue.conduct import Conductor
from daemon.control import approving, cataloguing, connecting, deciding, skipping, valves
from daemon.control.desk import Actor, Desk
from daemon.control.examining import examine
from daemon.control.health import Lag, health
from daemon.control.past import past
from daemon.control.protocol import (
    DEFAULT_PAGE,
    MAX_PAGE,
    ApproveRequest,
    Code,
    CycleRequest,
    Declined,
    LinkRequest,
    ResolveRequest,
    RetryRequest,
    SendRequest,
    WithdrawRequest,
)
from daemon.control.protocol_doctor import ExamineRequest
from daemon.control.protocol_drift import DriftQuery, QueueQuery, TimelineQuery
from daemon.control.protocol_ledger import BackupRequest
from daemon.control.protocol_past import PastRequest
from daemon.control.protocol_reload import ReloadAnswer, ReloadRequest
from daemon.control.protocol_report import ReportRequest
from daemon.control.protocol_totals import TotalsRequest
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    PauseRequest,
    RemapRequest,
    ResolvePatternRequest,
    ResumeRequest,
    RetryPatternRequest,
    SkipRequest,
)
from daemon.control.supporting import support
from daemon.control.understanding import understood
from daemon.log import Log
from ledger.model.errors import TrueupError
from ledger.model.facts import HoldCode

BODY_S = 10.0
"""A local client that needs longer for its request is stuck."""
QUICK_S = 30.0
REPORT_S = 600.0
"""A report reads every document there is."""
LONG_S = 4 * 3600.0
"""A first cycle over a large company, or a copy of a large ledger, may take hours."""
READER_S = 60.0
"""A client that takes nothing of a long answer for this long is cut off."""

MOST_STREAMS = 4
"""Long answers at once: each may take a file as large as the ledger while it lasts."""

_log = Log(__name__)
_Request = TypeVar("_Request", bound=msgspec.Struct)
_Act = Callable[[Desk, Actor, _Request], Awaitable[msgspec.Struct]]
_Query = Callable[[Desk, _Request], Awaitable[msgspec.Struct]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACTOR: web.RequestKey["Actor"] = web.RequestKey("actor", Actor)

QUERIES: dict[str, tuple[type[Any], float, _Query[Any]]] = {
    "/v1/totals": (TotalsRequest, REPORT_S, lambda desk, request: desk.totals(request)),
    "/v1/drift": (DriftQuery, QUICK_S, lambda desk, query: desk.drift(query)),
    "/v1/queue": (QueueQuery, QUICK_S, lambda desk, query: desk.queue(query)),
    "/v1/past": (PastRequest, REPORT_S, past),
    "/v1/ledger/entries": (TimelineQuery, QUICK_S, lambda desk, query: desk.timeline(query)),
}
"""Questions whose words are a body: model, deadline, answer."""


async def _reload(desk: Desk, actor: Actor, request: ReloadRequest) -> ReloadAnswer:
    if desk.reload is None:
        raise Declined(Code.NOT_READY, "the configuration cannot be read yet", cure="try again")
    return await desk.reload(actor, request)


ACTS: dict[str, tuple[type[Any], _Act[Any]]] = {
    "/v1/approve": (ApproveRequest, lambda desk, actor, request: desk.approve(actor, request)),
    "/v1/withdraw": (WithdrawRequest, approving.withdraw),
    "/v1/resolve": (ResolveRequest, lambda desk, actor, request: desk.resolve(actor, request)),
    "/v1/retry": (RetryRequest, lambda desk, actor, request: desk.retry(actor, request)),
    "/v1/link": (LinkRequest, lambda desk, actor, request: desk.link(actor, request)),
    "/v1/pause": (PauseRequest, valves.pause),
    "/v1/resume": (ResumeRequest, valves.resume),
    "/v1/skip": (SkipRequest, skipping.skip),
    "/v1/resolve-pattern": (ResolvePatternRequest, deciding.resolve_pattern),
    "/v1/retry-pattern": (RetryPatternRequest, skipping.retry_pattern),
    "/v1/accept-absence": (AcceptAbsenceRequest, valves.accept_absence),
    "/v1/remap": (RemapRequest, valves.remap),
    "/v1/reload": (ReloadRequest, _reload),
}
"""Decisions that are noted at once."""


@dataclass
class Routes:
    """The handlers, and the long work that they began."""

    desk: Desk
    conductor: Conductor | None
    lag: Lag
    _working: set["asyncio.Future[Any]"] = field(default_factory=set)
    _streams: int = 0

    def add_to(self, app: web.Application) -> None:
        route = app.router
        route.add_get("/v1/status", self._status)
        route.add_get("/v1/plan", self._plan)
        route.add_get("/v1/history", self._history)
        route.add_get("/v1/record", self._record)
        route.add_get("/v1/operation/request", self._operation_request)
        route.add_get("/v1/drift/history", self._drift_history)
        route.add_get("/v1/desk", self._troubles)
        route.add_get("/v1/skips", self._skips)
        route.add_get("/v1/remaps", self._remaps)
        route.add_get("/v1/health", self._health)
        route.add_get("/v1/support", self._support)
        for path, (model, limit_s, query) in QUERIES.items():
            route.add_post(path, self._query(model, limit_s, query))
        for path, (model, act) in ACTS.items():
            route.add_post(path, self._act(model, act))
        for path, (model, connect) in connecting.ACTS.items():
            route.add_post(path, self._connect(model, connect))
        route.add_post("/v1/examine", self._examine)
        route.add_post("/v1/cycle", self._cycle)
        route.add_post("/v1/send", self._send)
        if self.conductor is not None:
            self._add_catalogue(app, self.conductor)
        route.add_get("/v1/ledger/verify", self._verify)
        route.add_post("/v1/ledger/backup", self._backup)
        route.add_get("/v1/ledger/export", self._export)
        route.add_post("/v1/report", self._report)

    async def close(self) -> None:
        """Give up long work whose asker is gone."""
        for work in list(self._working):
            work.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _add_catalogue(self, app: web.Application, conductor: Conductor) -> None:
        async def status(_request: web.Request) -> web.Response:
            return await quick(cataloguing.status(self.desk, conductor))

        async def report(request: web.Request) -> web.Response:
            limit, offset = page_of(request)
            act = request.query.get("act", "")
            asked = cataloguing.report(self.desk, conductor, limit=limit, offset=offset, act=act)
            return await quick(asked, REPORT_S)

        def acts(model: type[msgspec.Struct], act: cataloguing.Handling) -> Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                request_body = await body(request, model)
                return await self._long(act(self.desk, conductor, request[ACTOR], request_body))

            return handle

        app.router.add_get("/v1/catalogue", status)
        app.router.add_get("/v1/catalogue/report", report)
        for path, (model, act) in cataloguing.ROUTES.items():
            app.router.add_post(path, acts(model, act))

    async def _status(self, request: web.Request) -> web.Response:
        return await quick(self.desk.status(counts=request.query.get("counts") != "0"))

    async def _plan(self, request: web.Request) -> web.Response:
        limit, offset = page_of(request)
        code = _hold_code(request.query.get("code", ""))
        record, digest = (request.query.get(name, "") for name in ("record", "digest"))
        return await quick(
            self.desk.plan(limit=limit, offset=offset, code=code, record=record, digest=digest)
        )

    async def _history(self, request: web.Request) -> web.Response:
        return await quick(self.desk.history(request.query.get("record", "")))

    async def _drift_history(self, _request: web.Request) -> web.Response:
        return await quick(self.desk.drift_history())

    async def _record(self, request: web.Request) -> web.Response:
        return await quick(self.desk.record(request.query.get("record", "")))

    async def _operation_request(self, request: web.Request) -> web.Response:
        return await quick(self.desk.request(request.query.get("digest", "")))

    async def _troubles(self, request: web.Request) -> web.Response:
        limit, offset = page_of(request)
        pattern = request.query.get("pattern", "")
        return await quick(self.desk.troubles(pattern=pattern, limit=limit, offset=offset))

    async def _skips(self, request: web.Request) -> web.Response:
        return await quick(self.desk.skips(limit=page_of(request)[0]))

    async def _remaps(self, _request: web.Request) -> web.Response:
        return await quick(self.desk.remaps())

    async def _health(self, _request: web.Request) -> web.Response:
        return await quick(health(self.desk, self.lag))

    async def _support(self, _request: web.Request) -> web.Response:
        return await quick(support(self.desk), REPORT_S)

    async def _cycle(self, request: web.Request) -> web.Response:
        asked = await body(request, CycleRequest)
        return await self._long(self.desk.cycle(request[ACTOR], asked))

    async def _send(self, request: web.Request) -> web.Response:
        asked = await body(request, SendRequest)
        return await self._long(self.desk.send(request[ACTOR], asked))

    async def _verify(self, _request: web.Request) -> web.Response:
        return await self._long(self.desk.keeper.verify())

    async def _backup(self, request: web.Request) -> web.Response:
        asked = await body(request, BackupRequest)
        return await self._long(self.desk.keeper.backup(asked.path))

    async def _export(self, request: web.Request) -> web.StreamResponse:
        bodies = request.query.get("bodies") == "1"
        return await self._stream(request, self.desk.keeper.export(bodies=bodies), LONG_S)

    async def _report(self, request: web.Request) -> web.StreamResponse:
        asked = await body(request, ReportRequest)
        return await self._stream(request, self.desk.report(request[ACTOR], asked), REPORT_S)

    async def _stream(
        self, request: web.Request, lines: AsyncGenerator[bytes, None], limit_s: float
    ) -> web.StreamResponse:
        """A long answer, in chunks; one that breaks off is seen to be broken off."""
        if self._streams >= MOST_STREAMS:
            raise Declined(
                Code.BUSY, f"{MOST_STREAMS} long answers are under way", cure="try again later"
            )
        self._streams += 1
        try:
            async with aclosing(lines):
                async with asyncio.timeout(limit_s):
                    first = await anext(lines, b"")  # what is refused is refused before it begins
                reply = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
                reply.enable_chunked_encoding()
                await reply.prepare(request)
                await _write_all(request, reply, first, lines)
                return reply
        finally:
            self._streams -= 1

    def _query(self, model: type[_Request], limit_s: float, query: "_Query[_Request]") -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await quick(query(self.desk, await body(request, model)), limit_s)

        return handle

    def _act(self, model: type[_Request], act: "_Act[_Request]") -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            asked = await body(request, model)
            return await quick(act(self.desk, request[ACTOR], asked))

        return handle

    def _connect(self, model: type[msgspec.Struct], act: connecting.Act) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            scheduler = self.desk.scheduler
            one = connecting.Connecting(scheduler.company, scheduler.nudge)
            asked = await body(request, model)
            return await self._long(act(one, str(request[ACTOR]), asked))

        return handle

    async def _examine(self, request: web.Request) -> web.StreamResponse:
        asked = await body(request, ExamineRequest)
        return await self._long(examine(self.desk.scheduler.company, asked))

    async def _long(self, answer: Awaitable[msgspec.Struct]) -> web.Response:
        """Work that goes on when its asker stops waiting: a cycle is not cut off in its middle."""
        work = asyncio.ensure_future(answer)
        self._working.add(work)
        work.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(LONG_S):
                return as_json(await asyncio.shield(work))
        except TimeoutError as error:
            raise Declined(
                Code.BUSY,
                "it is still under way and goes on by itself",
                cure="see how far it is: trueup status",
            ) from error

    def _ended(self, work: "asyncio.Future[Any]") -> None:
        self._working.discard(work)
        if not work.cancelled():
            work.exception()  # nobody may have waited for it


async def _write_all(
    request: web.Request,
    reply: web.StreamResponse,
    first: bytes,
    rest: AsyncGenerator[bytes, None],
) -> None:
    try:
        async with asyncio.timeout(READER_S):
            await reply.write(first)
        async for chunk in rest:
            async with asyncio.timeout(READER_S):
                await reply.write(chunk)
        async with asyncio.timeout(READER_S):
            await reply.write_eof()
    except (ConnectionError, TimeoutError, TrueupError) as error:
        # The head is out: the only way left to tell is an answer without its end.
        _log.info("a long answer broke off", error=type(error).__name__)
        if request.transport is not None:
            request.transport.abort()


def number(request: web.Request, name: str, default: int, *, most: int) -> int:
    """A number of the address. ``Declined`` for anything else."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > most:
        raise Declined(Code.BAD_REQUEST, f"{name} must be a number from 0 to {most}")
    return int(text)


def page_of(request: web.Request) -> tuple[int, int]:
    """``limit`` and ``offset`` of the address."""
    limit = number(request, "limit", DEFAULT_PAGE, most=MAX_PAGE)
    return limit, number(request, "offset", 0, most=10**9)


async def body(request: web.Request, model: type[_Request]) -> _Request:
    """The request in the words of ``model``; it has to come whole within ``BODY_S``."""
    try:
        async with asyncio.timeout(BODY_S):
            data = await request.read()
    except TimeoutError as error:
        raise Declined(Code.BAD_REQUEST, "the request did not come whole in time") from error
    except web.RequestPayloadError as error:
        # Hung up on: the server would read on to the end of the body, and log what it meets there.
        request.protocol.force_close()
        raise Declined(Code.BAD_REQUEST, "the body is not in the encoding it names") from error
    return understood(data, model)


async def quick(answer: Awaitable[msgspec.Struct], limit_s: float = QUICK_S) -> web.Response:
    async with asyncio.timeout(limit_s):
        return as_json(await answer)


def as_json(answer: msgspec.Struct, *, status: int = 200) -> web.Response:
    data = msgspec.json.encode(answer)
    return web.Response(body=data, status=status, content_type="application/json")


def _hold_code(text: str) -> HoldCode | None:
    if not text:
        return None
    if text not in set(HoldCode):
        raise Declined(
            Code.BAD_REQUEST,
            f"{text!r} is no reason to hold a record",
            cure=f"known reasons: {', '.join(HoldCode)}",
        )
    return HoldCode(text)
