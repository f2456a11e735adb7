"""The HTTP side of the doorbells: who may ring, and an answer before anything is done.

Bounded in every direction. Nothing of a body, a header or an address is logged or given back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from daemon.log import Log, Turns
from daemon.webhooks.doors import Copies, Door, Settings
from daemon.webhooks.notices import NotUnderstood
from daemon.webhooks.tally import ANYWHERE, GOOD, Register, Result
from ledger.model.errors import ConfigProblem
from ledger.model.ids import Kind, SystemName

BODY_S = 5.0
"""A body has to come whole within this time."""
SILENT_S = 30.0
"""A connection without a whole request for so long is closed."""
CLOSING_S = 2.0
MOST_CONNECTIONS = 600
MOST_HELD = 32 * 1024 * 1024
"""Bytes of bodies on their way in, all requests together."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TYPES = frozenset(
    {
        "application/json",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "text/json",
    }
)
STATUS: Mapping[Result, int] = {
    **dict.fromkeys(GOOD, 200),
    Result.NO_SIGNATURE: 401,
    Result.BAD_SIGNATURE: 401,
    Result.TOO_LARGE: 413,
    Result.WRONG_TYPE: 415,
    Result.WRONG_METHOD: 405,
    Result.WRONG_ADDRESS: 404,
    Result.CUT_SHORT: 400,
    Result.BUSY: 503,
}

_log = Log(__name__)


class _OursOnly(logging.Filter):
    """What callers do wrong stays out of the log: anybody could fill it, and choose the words."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        return kind is not None and not issubclass(kind, HttpProcessingError | ConnectionError)


class _Server(web.Server):
    """Hangs up on those that are one too many."""

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()


class _Refused(Exception):
    def __init__(self, result: Result) -> None:
        super().__init__(result.value)
        self.result = result


class Listener:
    """Listens from ``start`` to ``close``."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        ring: Callable[[SystemName, frozenset[Kind]], None],
        follows: Callable[[SystemName], frozenset[Kind]],
    ) -> None:
        """``ring`` is called once for each notice that matters and must return at once;
        ``follows`` tells which kinds of a system are read here."""
        self._now = now
        self._ring = ring
        self._follows = follows
        self._copies = Copies()
        self._held = 0
        self._runner: web.ServerRunner | None = None
        self._site: web.TCPSite | None = None
        self._turns = Turns(_log)
        self.registers: dict[SystemName, Register] = {ANYWHERE: Register(ANYWHERE)}
        self._go_by(settings)

    @property
    def port(self) -> int:
        """The one that it listens on; 0 before ``start``."""
        if self._runner is None or not self._runner.addresses:
            return 0
        return int(self._runner.addresses[0][1])

    async def start(self) -> None:
        """``ConfigProblem`` when the address cannot be had."""
        logger = logging.getLogger(f"{__name__}.wire")
        if not logger.filters:
            logger.addFilter(_OursOnly())
        server = _Server(
            self._answer,
            logger=logger,
            access_log=None,
            keepalive_timeout=SILENT_S,
            lingering_time=CLOSING_S,
            auto_decompress=False,
        )
        runner = web.ServerRunner(server, shutdown_timeout=CLOSING_S)
        await runner.setup()
        try:
            self._site = await _listening(runner, self._settings)
        except ConfigProblem:
            await runner.cleanup()
            raise
        self._runner = runner
        _log.info("listening for notices", port=self.port)

    async def prepare(
        self, settings: Settings, undo: AsyncExitStack
    ) -> Callable[[], Awaitable[None]]:
        """Listen on the address of ``settings`` as well, where it is another one. Calling what is
        given back goes by ``settings`` alone; requests under way end as they began.

        ``ConfigProblem`` when that address cannot be had.
        """
        assert self._runner is not None, "started"
        former = site = self._site
        if (settings.host, settings.port) != (self._settings.host, self._settings.port):
            site = await _listening(self._runner, settings)
            undo.push_async_callback(site.stop)

        async def change_over() -> None:
            self._go_by(settings)
            self._site = site
            if former is not None and former is not site:
                await former.stop()
                _log.info("listening for notices", port=self.port)

        return change_over

    async def close(self) -> None:
        """Answer what is under way, and listen no more."""
        if self._runner is not None:
            runner, self._runner, self._site = self._runner, None, None
            await runner.cleanup()

    def _go_by(self, settings: Settings) -> None:
        self._settings = settings
        self._doors: dict[str, Door] = {door.path: door for door in settings.doors}
        for gone in self.registers.keys() - {ANYWHERE, *(door.system for door in settings.doors)}:
            del self.registers[gone]
        for door in settings.doors:
            register = self.registers.setdefault(door.system, Register(door.system))
            register.go_by(
                secrets=door.secrets, expected=door.expected, patience=settings.missed_after
            )

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        door = self._doors.get(request.path)
        register = self.registers[ANYWHERE if door is None else door.system]
        try:
            result = await self._take(request, door, register)
        except _Refused as refused:
            result = refused.result
        register.count(result)
        answer = web.Response(status=STATUS[result], headers={"Cache-Control": "no-store"})
        answer.headers["Server"] = "trueup"
        if result is Result.WRONG_METHOD:
            answer.headers["Allow"] = "POST"
        if result not in GOOD:
            answer.force_close()  # what is left of a refused body is not waited for
            self._turns.down(register.system or "nowhere", result=result.value)
        elif register.system:
            self._turns.back(register.system)
        return answer

    async def _take(
        self, request: web.BaseRequest, door: Door | None, register: Register
    ) -> Result:
        if door is None:
            raise _Refused(Result.WRONG_ADDRESS)
        given = self._head(request, door)
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(CONTINUE)
            request.writer.output_size = 0  # the answer itself has not begun
        body = await self._body(request)
        secret = door.who(body, given)
        if secret is None:
            raise _Refused(Result.BAD_SIGNATURE)
        now = self._now()
        register.good(door.secrets[secret], now)
        if door.tells_copies and self._copies.is_copy(body):
            return Result.DUPLICATE
        try:
            heard = door.read(body, self._follows(door.system))
        except NotUnderstood:
            return Result.NOT_UNDERSTOOD
        register.events(ignored=heard.ignored, elsewhere=heard.elsewhere)
        if not heard.kinds:
            is_ours = heard.ignored or not heard.elsewhere
            return Result.IGNORED if is_ours else Result.ELSEWHERE
        register.heard(heard.kinds, now)
        self._ring(door.system, heard.kinds)
        return Result.ACCEPTED

    def _head(self, request: web.BaseRequest, door: Door) -> str:
        """The proof that was sent; everything that can be refused without the body is."""
        if request.method != "POST":
            raise _Refused(Result.WRONG_METHOD)
        if request.content_type not in TYPES or "Content-Encoding" in request.headers:
            raise _Refused(Result.WRONG_TYPE)
        if (request.content_length or 0) > self._settings.max_body:
            raise _Refused(Result.TOO_LARGE)
        given = request.headers.getall(door.proof, [])
        if len(given) != 1 or not given[0].strip():
            raise _Refused(Result.NO_SIGNATURE if not given else Result.BAD_SIGNATURE)
        if self._held > MOST_HELD:
            raise _Refused(Result.BUSY)
        return given[0]

    async def _body(self, request: web.BaseRequest) -> bytes:
        data = bytearray()
        try:
            async with asyncio.timeout(BODY_S):
                async for chunk in request.content.iter_any():
                    data += chunk
                    self._held += len(chunk)
                    if len(data) > self._settings.max_body:
                        raise _Refused(Result.TOO_LARGE)
        except (TimeoutError, ConnectionError, web.RequestPayloadError) as error:
            raise _Refused(Result.CUT_SHORT) from error
        finally:
            self._held -= len(data)
        return bytes(data)


async def _listening(runner: web.ServerRunner, settings: Settings) -> web.TCPSite:
    """``ConfigProblem`` when the address cannot be had."""
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as error:
        await site.stop()
        raise ConfigProblem(
            [
                f"webhooks.listen: {settings.host}:{settings.port}: {error.strerror or error}: "
                "choose another port, or stop what listens there"
            ]
        ) from error
    return site
