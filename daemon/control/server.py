"""The control socket: HTTP with JSON on a unix socket that only its owner can open.

Turns requests into calls of the desk and its refusals into answers; decides nothing. Who asks is
told by the kernel, not by the request.
"""

import asyncio
import os
import pwd
import socket
import stat
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from daemon.catalogue.conduct import Conductor
from daemon.control import cataloguing, skipping, valves
from daemon.control.desk import Actor, Desk
from daemon.control.protocol import (
    DEFAULT_PAGE,
    MAX_PAGE,
    MAX_REQUEST,
    ApproveRequest,
    Code,
    CycleRequest,
    Declined,
    LinkRequest,
    Refusal,
    ResolveRequest,
    RetryRequest,
    SendRequest,
)
from daemon.control.protocol_ledger import BackupRequest
from daemon.control.protocol_totals import TotalsRequest
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    PauseRequest,
    RemapRequest,
    ResumeRequest,
    RetryPatternRequest,
    SkipRequest,
)
from ledger.model.errors import ConfigProblem, Throttled, Transient, TrueupError
from ledger.model.facts import HoldCode
from ledger.store.errors import LedgerUnavailable

BODY_S = 10.0
"""A local client that needs longer for its request is stuck."""
QUICK_S = 30.0
MAX_AT_ONCE = 64
CLOSING_S = 2.0

_STATUS = {
    Code.BAD_REQUEST: 400,
    Code.NOT_PERMITTED: 403,
    Code.NOT_FOUND: 404,
    Code.AMBIGUOUS: 409,
    Code.STALE: 409,
    Code.GUARDED: 409,
    Code.NOT_READY: 409,
    Code.TOO_LARGE: 413,
    Code.INTERNAL: 500,
    Code.IO: 507,
    Code.UNAVAILABLE: 502,
    Code.BUSY: 503,
}
_Request = TypeVar("_Request", bound=BaseModel)
_Act = Callable[[Desk, Actor, _Request], Awaitable[BaseModel]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
VALVES: dict[str, tuple[type[Any], _Act[Any]]] = {
    "/v1/pause": (PauseRequest, valves.pause),
    "/v1/resume": (ResumeRequest, valves.resume),
    "/v1/skip": (SkipRequest, skipping.skip),
    "/v1/retry-pattern": (RetryPatternRequest, skipping.retry_pattern),
    "/v1/accept-absence": (AcceptAbsenceRequest, valves.accept_absence),
    "/v1/remap": (RemapRequest, valves.remap),
}
ACTOR: web.RequestKey["Actor"] = web.RequestKey("actor", Actor)


@dataclass
class ControlServer:
    """Listens from ``start`` to ``close``."""

    desk: Desk
    path: Path
    conductor: Conductor | None = None

    def __post_init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._in_flight = 0

    async def start(self) -> None:
        """Raises ``ConfigProblem`` when the socket cannot be made or somebody listens on it."""
        app = web.Application(
            client_max_size=MAX_REQUEST, middlewares=[self._guard, _refusals, _known_caller]
        )
        self._routes(app)
        runner = web.AppRunner(
            app, handle_signals=False, access_log=None, shutdown_timeout=CLOSING_S
        )
        await runner.setup()
        self._runner = runner
        await web.SockSite(runner, _listening(self.path)).start()

    async def close(self) -> None:
        """Answer what is under way, stop listening and remove the socket."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            self.path.unlink(missing_ok=True)

    def _routes(self, app: web.Application) -> None:
        route = app.router
        route.add_get("/v1/status", self._status)
        route.add_get("/v1/plan", self._plan)
        route.add_get("/v1/history", self._history)
        route.add_post("/v1/totals", self._totals)
        route.add_post("/v1/approve", self._approve)
        route.add_post("/v1/resolve", self._resolve)
        route.add_post("/v1/retry", self._retry)
        route.add_post("/v1/link", self._link)
        route.add_post("/v1/cycle", self._cycle)
        route.add_post("/v1/send", self._send)
        route.add_get("/v1/desk", self._troubles)
        route.add_get("/v1/skips", self._skips)
        route.add_get("/v1/remaps", self._remaps)
        for path, (model, act) in VALVES.items():
            route.add_post(path, self._act(model, act))
        if self.conductor is not None:
            self._catalogue_routes(app, self.conductor)
        route.add_get("/v1/ledger/verify", self._verify)
        route.add_post("/v1/ledger/backup", self._backup)
        route.add_get("/v1/ledger/export", self._export)

    def _catalogue_routes(self, app: web.Application, conductor: Conductor) -> None:
        async def status(_request: web.Request) -> web.Response:
            return _json(await cataloguing.status(self.desk, conductor))

        async def report(request: web.Request) -> web.Response:
            limit = _number(request, "limit", DEFAULT_PAGE, most=MAX_PAGE)
            offset = _number(request, "offset", 0, most=10**9)
            page = cataloguing.report(self.desk, conductor, limit=limit, offset=offset)
            return _json(await page)

        def acts(model: type[BaseModel], act: cataloguing.Act) -> _Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                body = await _body(request, model)
                return _json(await act(self.desk, conductor, request[ACTOR], body))

            return handle

        app.router.add_get("/v1/catalogue", status)
        app.router.add_get("/v1/catalogue/report", report)
        for path, (model, act) in cataloguing.ROUTES.items():
            app.router.add_post(path, acts(model, act))

    async def _status(self, request: web.Request) -> web.Response:
        return await _quick(self.desk.status(counts=request.query.get("counts") != "0"))

    async def _plan(self, request: web.Request) -> web.Response:
        limit = _number(request, "limit", DEFAULT_PAGE, most=MAX_PAGE)
        offset = _number(request, "offset", 0, most=10**9)
        code = _hold_code(request.query.get("code", ""))
        record, digest = (request.query.get(name, "") for name in ("record", "digest"))
        return await _quick(
            self.desk.plan(limit=limit, offset=offset, code=code, record=record, digest=digest)
        )

    async def _history(self, request: web.Request) -> web.Response:
        return await _quick(self.desk.history(request.query.get("record", "")))

    async def _totals(self, request: web.Request) -> web.Response:
        body = await _body(request, TotalsRequest)
        return _json(await self.desk.totals(body))

    async def _approve(self, request: web.Request) -> web.Response:
        body = await _body(request, ApproveRequest)
        return await _quick(self.desk.approve(request[ACTOR], body))

    async def _resolve(self, request: web.Request) -> web.Response:
        body = await _body(request, ResolveRequest)
        return await _quick(self.desk.resolve(request[ACTOR], body))

    async def _retry(self, request: web.Request) -> web.Response:
        body = await _body(request, RetryRequest)
        return await _quick(self.desk.retry(request[ACTOR], body))

    async def _link(self, request: web.Request) -> web.Response:
        body = await _body(request, LinkRequest)
        return await _quick(self.desk.link(request[ACTOR], body))

    async def _cycle(self, request: web.Request) -> web.Response:
        body = await _body(request, CycleRequest)
        return _json(await self.desk.cycle(request[ACTOR], body))

    async def _send(self, request: web.Request) -> web.Response:
        body = await _body(request, SendRequest)
        return _json(await self.desk.send(request[ACTOR], body))

    def _act(self, model: type[_Request], act: "_Act[_Request]") -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await _body(request, model)
            return await _quick(act(self.desk, request[ACTOR], body))

        return handle

    async def _troubles(self, request: web.Request) -> web.Response:
        limit = _number(request, "limit", DEFAULT_PAGE, most=MAX_PAGE)
        offset = _number(request, "offset", 0, most=10**9)
        pattern = request.query.get("pattern", "")
        return await _quick(self.desk.troubles(pattern=pattern, limit=limit, offset=offset))

    async def _skips(self, request: web.Request) -> web.Response:
        limit = _number(request, "limit", DEFAULT_PAGE, most=MAX_PAGE)
        return await _quick(self.desk.skips(limit=limit))

    async def _remaps(self, _request: web.Request) -> web.Response:
        return await _quick(self.desk.remaps())

    async def _verify(self, request: web.Request) -> web.Response:
        return _json(await self.desk.keeper.verify())

    async def _backup(self, request: web.Request) -> web.Response:
        body = await _body(request, BackupRequest)
        return _json(await self.desk.keeper.backup(body.path))

    async def _export(self, request: web.Request) -> web.StreamResponse:
        bodies = request.query.get("bodies") == "1"
        reply = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
        reply.enable_chunked_encoding()
        await reply.prepare(request)
        async with aclosing(self.desk.keeper.export(bodies=bodies)) as lines:
            async for chunk in lines:
                await reply.write(chunk)
        await reply.write_eof()
        return reply

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if self._in_flight >= MAX_AT_ONCE:
            refusal = Refusal(code=Code.BUSY, message="too many requests at once")
            return _json(refusal, status=_STATUS[Code.BUSY])
        self._in_flight += 1
        try:
            return await handler(request)
        finally:
            self._in_flight -= 1


@web.middleware
async def _refusals(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TrueupError as error:
        refusal = Refusal(code=_code(error), message=str(error), cure=error.cure)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        refusal = Refusal(code=Code.BAD_REQUEST, message=f"{where}: {first['msg']}".lstrip(": "))
    except TimeoutError:
        refusal = Refusal(code=Code.BUSY, message="the daemon is too busy", cure="try again")
    except web.HTTPRequestEntityTooLarge:
        refusal = Refusal(code=Code.TOO_LARGE, message=f"longer than {MAX_REQUEST} bytes")
    except web.HTTPNotFound:
        refusal = Refusal(
            code=Code.NOT_FOUND,
            message=f"no such address: {request.path}",
            cure="use the same version of trueup as the daemon",
        )
    except web.HTTPMethodNotAllowed:
        refusal = Refusal(code=Code.BAD_REQUEST, message=f"not {request.method} {request.path}")
    return _json(refusal, status=_STATUS[refusal.code])


@web.middleware
async def _known_caller(request: web.Request, handler: _Handler) -> web.StreamResponse:
    request[ACTOR] = _peer(request)
    return await handler(request)


def _code(error: TrueupError) -> Code:
    match error:
        case Declined():
            return error.code
        case LedgerUnavailable():
            return Code.IO
        case ConfigProblem():
            return Code.BAD_REQUEST
        case Transient() | Throttled():
            return Code.UNAVAILABLE
        case _:
            return Code.GUARDED


def _peer(request: web.Request) -> Actor:
    """Who is at the other end, as the kernel says; the daemon's own user, or root."""
    peer = request.transport.get_extra_info("socket") if request.transport else None
    if peer is None:
        raise Declined(Code.NOT_PERMITTED, "the connection is gone")
    told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", told)
    if uid not in {os.getuid(), 0}:
        raise Declined(
            Code.NOT_PERMITTED,
            f"user {uid} may not use this daemon",
            cure="run this as the user that the daemon runs as",
        )
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = "?"
    return Actor(uid=uid, name=name)


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


def _number(request: web.Request, name: str, default: int, *, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > most:
        raise Declined(Code.BAD_REQUEST, f"{name} must be a number from 0 to {most}")
    return int(text)


async def _body(request: web.Request, model: type[_Request]) -> _Request:
    async with asyncio.timeout(BODY_S):
        return model.model_validate_json(await request.read())


async def _quick(answer: Awaitable[BaseModel]) -> web.Response:
    async with asyncio.timeout(QUICK_S):
        return _json(await answer)


def _json(answer: BaseModel, *, status: int = 200) -> web.Response:
    body = answer.model_dump_json(by_alias=True).encode()
    return web.Response(body=body, status=status, content_type="application/json")


def _listening(path: Path) -> socket.socket:
    """A bound socket that others cannot open; a socket file left by a crash is replaced."""
    _clear(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        # Nobody can connect between bind and listen, so there is no moment of wider access.
        path.chmod(0o600)
    except OSError as error:
        sock.close()
        raise ConfigProblem(
            [f"control.socket: {path} cannot be made: {error.strerror or error}"]
        ) from error
    return sock


def _clear(path: Path) -> None:
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise ConfigProblem([f"control.socket: {path} exists and is not a socket: remove it"])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ConfigProblem([f"control.socket: {path}: {error.strerror or error}"]) from error
    raise ConfigProblem(
        [f"control.socket: another process listens on {path}: stop it or choose another path"]
    )
