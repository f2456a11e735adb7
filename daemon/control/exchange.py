"""One request over the daemon's socket and its answer; transport errors become ours.

HTTP/1.1, one connection for each request: a local connection costs less than keeping one in order,
and whoever dies takes nothing else along. Must not know what is asked: ``client`` does.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from daemon.control.ahead import Ahead, Asking
from daemon.control.frame import UNREADABLE
from daemon.control.hypertext import Garbled, body_of, head_of
from daemon.control.protocol import Code, Declined, Refusal
from daemon.control.protocol_live import Event
from ledger.model.errors import TrueupError

MAX_ANSWER = 256 * 1024 * 1024
MAX_EVENT = 256 * 1024
_CHUNK = 64 * 1024

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class DaemonAbsent(TrueupError):
    """No daemon is listening."""


class NoAnswer(TrueupError):
    """The daemon took the request and did not answer in time."""


class Exchange:
    """One request and its answer, whose transport errors become ours wherever they appear.

    ``limit_s`` is for the whole of it; with ``lasts`` for each piece of an answer without an end.
    What was asked ``ahead`` is not asked again.
    """

    def __init__(
        self, ahead: Ahead, asking: Asking, limit_s: float, *, lasts: bool = False
    ) -> None:
        self._ahead = ahead
        self._asking = asking
        self._limit_s = limit_s
        self._lasts = lasts
        self._until = 0.0
        self._headers: dict[bytes, bytes] = {}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.status = 0

    async def __aenter__(self) -> "Exchange":
        self._until = asyncio.get_running_loop().time() + self._limit_s
        try:
            async with asyncio.timeout_at(self._until):
                await self._ask()
                self.status, self._headers = await head_of(self._wire[0])
        except (OSError, Garbled) as error:
            self._fail(error)
        finally:
            if not self.status:
                self.close()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more of the answer is waited for."""
        if self._streams is not None:
            self._streams[1].transport.abort()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. ``NoAnswer`` when it breaks off or does not come in time."""
        body = body_of(self._wire[0], self._headers)
        try:
            while True:
                if self._lasts:
                    self._until = asyncio.get_running_loop().time() + self._limit_s
                async with asyncio.timeout_at(self._until):
                    data = await anext(body, None)
                if data is None:
                    return
                yield data
        except (OSError, Garbled) as error:
            self._fail(error)

    async def _ask(self) -> None:
        asked = self._ahead.take(self._asking)
        if asked is not None:
            self._streams = await asyncio.open_unix_connection(sock=asked, limit=_CHUNK)
            return
        await self._connect()
        writer = self._wire[1]
        writer.write(self._asking.wire)
        await writer.drain()

    async def _connect(self) -> None:
        socket = self._ahead.socket
        try:
            self._streams = await asyncio.open_unix_connection(socket, limit=_CHUNK)
        except PermissionError as error:
            raise Declined(
                Code.NOT_PERMITTED,
                f"you may not use the daemon's socket {socket}",
                cure=_who_may(socket),
            ) from error
        except TimeoutError:
            raise
        except OSError as error:
            raise DaemonAbsent(
                f"no daemon is listening on {socket}",
                cure="start it with: trueup run --config FILE",
            ) from error

    @property
    def _wire(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert self._streams is not None, "use the exchange as a context manager"
        return self._streams

    def _fail(self, error: OSError | Garbled) -> NoReturn:
        if isinstance(error, TimeoutError):
            raise NoAnswer(
                "the daemon did not answer in time",
                cure="see its log; the request may still be carried out",
            ) from error
        raise NoAnswer(
            "the daemon closed the connection", cure="see its log, then try again"
        ) from error


async def parsed(reply: Exchange, answer: type[_Answer]) -> _Answer:
    data = await _body(reply)
    try:
        if reply.status == 200:
            return msgspec.json.decode(data, type=answer)
        refusal = msgspec.json.decode(data, type=Refusal)
    except UNREADABLE as error:
        if reply.status >= 500:
            raise NoAnswer(
                f"the daemon failed inside while it answered ({reply.status})",
                cure="its log has the reason; nothing is lost, the next cycle goes on by itself",
            ) from error
        raise NoAnswer(
            f"the daemon answered {reply.status} in words this version does not know",
            cure="use the same version of trueup for both (trueup version); see the daemon's log",
        ) from error
    raise Declined(refusal.code, refusal.message, cure=refusal.cure)


async def _body(reply: Exchange) -> bytes:
    data = bytearray()
    async for chunk in reply.chunks():
        data += chunk
        if len(data) > MAX_ANSWER:
            raise NoAnswer("the daemon's answer has no end", cure="report this")
    return bytes(data)


async def lines(reply: Exchange) -> AsyncIterator[bytes]:
    """Whole lines, as they come; one that has no end is refused."""
    rest = b""
    async for chunk in reply.chunks():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > MAX_EVENT:
            raise NoAnswer("the daemon sent an event that has no end", cure="report this")


def event_in(line: bytes) -> Event:
    try:
        event: Event = msgspec.json.decode(line, type=Event)
        return event
    except UNREADABLE as error:
        raise NoAnswer(
            "the daemon sent an event that this version does not know",
            cure="use the same version of trueup for both (trueup version)",
        ) from error


def _who_may(path: Path) -> str:
    """Who may open that socket, as far as its file tells."""
    import grp  # only for who may not

    cure = "run this as the user that the daemon runs as"
    try:
        told = path.stat()
        if told.st_mode & 0o020:
            group = grp.getgrgid(told.st_gid).gr_name
            return f"{cure}, or ask to be added to the group {group} and log in again"
    except (OSError, KeyError):
        return cure
    return cure
