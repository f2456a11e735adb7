"""The control socket: HTTP with JSON on a unix socket, for those whom the kernel vouches for.

Turns refusals into answers and bounds what a client can take up; decides nothing about records.
Who asks is told by the kernel, not by the request.
"""

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.log import server_logger

from daemon.catalogue.conduct import Conductor
from daemon.clock import Clock, SystemClock
from daemon.control.connections import Connections, NotTheirs, Site
from daemon.control.desk import Desk
from daemon.control.health import Lag
from daemon.control.listening import Listening
from daemon.control.protocol import MAX_REQUEST, Code, Declined, Refusal
from daemon.control.pulse import Hub
from daemon.control.roles import (
    Access,
    Caller,
    Refusals,
    act_of,
    caller,
    owner_only,
    peer_of,
    refusal,
    who_answer,
)
from daemon.control.routes import ACTOR, Handler, Routes, as_json
from daemon.incident import Guarded
from daemon.log import Log
from ledger.model.errors import ConfigProblem, Throttled, Transient, TrueupError
from ledger.store.errors import LedgerUnavailable

MAX_AT_ONCE = 64
CLOSING_S = 2.0
KEEP_ALIVE_S = 30.0
"""A connection on which nothing is asked for this long is closed; clients open another."""
EVENTS = "/v1/events"

_log = Log(__name__)
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
CALLER: web.RequestKey["Caller"] = web.RequestKey("caller", Caller)


@dataclass
class ControlServer:
    """Listens from ``start`` to ``close``."""

    desk: Desk
    path: Path
    conductor: Conductor | None = None
    access: Access = field(default_factory=owner_only)
    lag: Lag = field(default_factory=Lag)
    pace: Clock = field(default_factory=SystemClock)
    """Of the events. People watch in real time, however fast the company's clock runs."""

    def __post_init__(self) -> None:
        self.given: socket.socket | None = None
        """A socket that somebody opened for us: its file, its group and its mode are theirs."""
        self._runner: web.AppRunner | None = None
        self._in_flight = 0
        self.bugs = 0
        """Requests that met an error nobody expected."""
        self._refusals = Refusals(self.desk)
        self._routes = Routes(self.desk, self.conductor, self.lag)
        self.hub = Hub(self.desk, self.conductor, pace=self.pace)
        self._listening = Listening(self.hub)
        self.connections = Connections()

    async def start(self) -> None:
        """Raises ``ConfigProblem`` when the socket cannot be made or somebody listens on it."""
        app = web.Application(
            client_max_size=MAX_REQUEST,
            middlewares=[self._guard, self._bugs, _refusals, self._known_caller],
        )
        self._routes.add_to(app)
        app.router.add_get("/v1/who", self._who)
        app.router.add_get(EVENTS, self._listening.answer)
        app.on_shutdown.append(self._hang_up)
        runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            shutdown_timeout=CLOSING_S,
            keepalive_timeout=KEEP_ALIVE_S,
        )
        if not any(isinstance(one, NotTheirs) for one in server_logger.filters):
            server_logger.addFilter(NotTheirs())
        await runner.setup()
        self._runner = runner
        self.desk.single_user = self.access.is_single_user
        sock = self.given or _listening(self.path, self.access)
        await Site(runner, sock, self.connections).start()

    def admit(self, access: Access) -> None:
        """Go by other rules from now on. ``ConfigProblem`` when they cannot be had: the rules in
        force stay then."""
        if self._runner is not None and self.given is None:
            _open_to(self.path, access)
        self.access = access
        self.desk.single_user = access.is_single_user

    async def close(self) -> None:
        """Answer what is under way, stop listening and remove the socket."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            await self._routes.close()
            if self.given is None:
                self.path.unlink(missing_ok=True)

    async def _hang_up(self, _app: web.Application) -> None:
        await self._listening.hang_up()

    async def _who(self, request: web.Request) -> web.Response:
        return as_json(who_answer(self.desk, self.access, request[CALLER]))

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.connections.spoke(request.transport)
        if request.path == EVENTS:
            return await handler(request)  # these last, and have a limit of their own
        if self._in_flight >= MAX_AT_ONCE:
            busy = Refusal(code=Code.BUSY, message="too many requests at once", cure="try again")
            return as_json(busy, status=_STATUS[Code.BUSY])
        self._in_flight += 1
        try:
            return await handler(request)
        finally:
            self._in_flight -= 1

    @web.middleware
    async def _bugs(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """An error that nobody expected: its places go to the log, its id to both ends."""
        with Guarded("control", meant=(web.HTTPException, ConnectionError)) as guard:
            return await handler(request)
        self.bugs += 1
        if request.writer.output_size > 0 and request.transport is not None:
            request.transport.abort()  # half an answer is out: it must not look like a whole one
        told = guard.incident
        refused = Refusal(
            code=Code.INTERNAL,
            message=f"internal error {told.id if told else ''} in the daemon. This is a bug",
            cure="report it with the line of the daemon's log that has the same id",
        )
        return as_json(refused, status=_STATUS[Code.INTERNAL])

    @web.middleware
    async def _known_caller(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = request.transport.get_extra_info("socket") if request.transport else None
        if peer is None:
            raise Declined(Code.NOT_PERMITTED, "the connection is gone")
        who = caller(self.access, peer_of(peer))
        act = act_of(request.method, request.path)
        if act and act not in who.may:
            refused = refusal(who, act)
            try:
                await self._refusals.note(who, act, f"{refused}: {refused.cure}")
            except LedgerUnavailable:
                _log.warning("a refused attempt was not noted", uid=who.actor.uid, act=act)
            raise refused
        request[CALLER] = who
        request[ACTOR] = who.actor
        return await handler(request)


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TrueupError as error:
        refused = Refusal(code=_code(error), message=str(error), cure=error.cure)
    except TimeoutError:
        refused = Refusal(code=Code.BUSY, message="the daemon is too busy", cure="try again")
    except web.HTTPRequestEntityTooLarge:
        refused = Refusal(code=Code.TOO_LARGE, message=f"longer than {MAX_REQUEST} bytes")
    except web.HTTPNotFound:
        refused = Refusal(
            code=Code.NOT_FOUND,
            message=f"no such address: {request.path}",
            cure="use the same version of trueup as the daemon",
        )
    except web.HTTPMethodNotAllowed:
        refused = Refusal(code=Code.BAD_REQUEST, message=f"not {request.method} {request.path}")
    return as_json(refused, status=_STATUS[refused.code])


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


def _listening(path: Path, access: Access) -> socket.socket:
    """A bound socket; a socket file left by a crash is replaced."""
    _clear(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        # Nobody can connect between bind and listen, so there is no moment of wider access.
        _open_to(path, access)
    except OSError as error:
        sock.close()
        raise ConfigProblem(
            [f"control.socket: {path} cannot be made: {error.strerror or error}"]
        ) from error
    except ConfigProblem:
        sock.close()
        path.unlink(missing_ok=True)
        raise
    return sock


def _open_to(path: Path, access: Access) -> None:
    """Let the owner open the socket, and with roles one group."""
    group = access.socket_group
    if group is None:
        path.chmod(0o600)
        with suppress(OSError):
            os.chown(path, -1, os.getgid())
        return
    folder = path.parent
    if not folder.stat().st_mode & 0o011:
        raise ConfigProblem(
            [
                f"control.socket: only the daemon's user may enter {folder}: with roles the socket "
                f"belongs in a folder that {group.name} may enter, such as /run/trueup"
            ]
        )
    path.chmod(0o600)
    try:
        os.chown(path, -1, group.gid)
    except OSError as error:
        raise ConfigProblem(
            [
                f"control.group: the socket cannot be given to {group.name} ({error.strerror}): "
                "make the daemon's user a member of that group and start it again"
            ]
        ) from error
    path.chmod(0o660)


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
