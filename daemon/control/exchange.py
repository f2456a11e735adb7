"""One request over the daemon's socket and its answer; transport errors become ours.

HTTP/1.1 by ``h11``, one connection for each request: a local connection costs less than keeping
one in order, and whoever dies takes nothing else along. Must not know what is asked: ``client``
does.
"""

import asyncio
import grp
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import h11
import msgspec

from daemon.control.frame import UNREADABLE
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


@dataclass(frozen=True)
class Asking:
    """What is sent."""

    method: str
    target: str
    body: bytes | None = None


class Exchange:
    """One request and its answer, whose transport errors become ours wherever they appear.

    ``limit_s`` is for the whole of it; with ``lasts`` for each piece of an answer without an end.
    """

    def __init__(
        self, socket: Path, asking: Asking, limit_s: float, *, lasts: bool = False
    ) -> None:
        self._socket = socket
        self._asking = asking
        self._limit_s = limit_s
        self._lasts = lasts
        self._until = 0.0
        self._http = h11.Connection(h11.CLIENT)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.status = 0

    async def __aenter__(self) -> "Exchange":
        self._until = asyncio.get_running_loop().time() + self._limit_s
        try:
            async with asyncio.timeout_at(self._until):
                await self._connect()
                await self._ask()
            self.status = await self._head()
        except (OSError, h11.ProtocolError) as error:
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
        try:
            while not isinstance(event := await self._event(), h11.EndOfMessage):
                if isinstance(event, h11.Data):
                    yield bytes(event.data)
        except (OSError, h11.ProtocolError) as error:
            self._fail(error)

    async def _connect(self) -> None:
        try:
            self._streams = await asyncio.open_unix_connection(self._socket, limit=_CHUNK)
        except PermissionError as error:
            raise Declined(
                Code.NOT_PERMITTED,
                f"you may not use the daemon's socket {self._socket}",
                cure=_who_may(self._socket),
            ) from error
        except TimeoutError:
            raise
        except OSError as error:
            raise DaemonAbsent(
                f"no daemon is listening on {self._socket}",
                cure="start it with: trueup run --config FILE",
            ) from error

    async def _ask(self) -> None:
        asking = self._asking
        headers = [("Host", "trueup"), ("Connection", "close")]
        if asking.body is not None:
            headers += [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(asking.body))),
            ]
        head = h11.Request(method=asking.method, target=asking.target, headers=headers)
        data = self._http.send(head) or b""
        if asking.body:
            data += self._http.send(h11.Data(data=asking.body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        writer = self._wire[1]
        writer.write(data)
        await writer.drain()

    async def _head(self) -> int:
        while not isinstance(event := await self._event(), h11.Response):
            pass  # what is only in between says nothing
        return event.status_code

    async def _event(self) -> object:
        """The next part of the answer. Raises ``h11.RemoteProtocolError`` where it breaks off."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._lasts:
                self._until = asyncio.get_running_loop().time() + self._limit_s
            async with asyncio.timeout_at(self._until):
                data = await self._wire[0].read(_CHUNK)
            self._http.receive_data(data)
        return event

    @property
    def _wire(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert self._streams is not None, "use the exchange as a context manager"
        return self._streams

    def _fail(self, error: OSError | h11.ProtocolError) -> NoReturn:
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
    cure = "run this as the user that the daemon runs as"
    try:
        told = path.stat()
        if told.st_mode & 0o020:
            group = grp.getgrgid(told.st_gid).gr_name
            return f"{cure}, or ask to be added to the group {group} and log in again"
    except (OSError, KeyError):
        return cure
    return cure
