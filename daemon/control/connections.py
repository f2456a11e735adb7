"""Connections of the control socket, bounded: how many, how many of one user, how long silent.

What a client sends is not looked at here.
"""

import asyncio
import logging
import socket
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from daemon.control.roles import peer_of

MOST = 256
MOST_OF_ONE_USER = 128
"""One user's scripts must not lock out the others."""
FIRST_S = 15.0
"""A connection that has not brought a whole request head by then is cut off."""


@dataclass
class Connections:
    """The open ones of one server."""

    first_s: float = FIRST_S
    by_user: Counter[int] = field(default_factory=Counter)
    _silent: dict[Any, asyncio.TimerHandle] = field(default_factory=dict)

    def opened(self, transport: asyncio.Transport, uid: int) -> bool:
        """Count one; False when it is one too many and was cut off."""
        self.by_user[uid] += 1
        too_many = self.by_user.total() > MOST or self.by_user[uid] > MOST_OF_ONE_USER
        if too_many:
            transport.abort()
            return False
        loop = asyncio.get_running_loop()
        self._silent[transport] = loop.call_later(self.first_s, transport.abort)
        return True

    def spoke(self, transport: asyncio.Transport | None) -> None:
        """A whole head came; from now on the server's own limits count."""
        timer = self._silent.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def closed(self, transport: asyncio.Transport, uid: int) -> None:
        self.spoke(transport)
        self.by_user[uid] -= 1
        if not self.by_user[uid]:
            del self.by_user[uid]


class NotTheirs(logging.Filter):
    """Keeps what clients do wrong out of the daemon's log: anybody could fill it. Our own failures
    stay."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        return kind is None or not issubclass(kind, HttpProcessingError)


class _Guarded(asyncio.Protocol):
    """Hands everything on to the server's own handler of one connection."""

    def __init__(self, connections: Connections, inner: Any) -> None:
        self._connections = connections
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._uid = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._uid = peer_of(transport.get_extra_info("socket")).uid
        self._connections.opened(transport, self._uid)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.closed(self._transport, self._uid)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        answer: bool | None = self._inner.eof_received()
        return answer

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class Site(web.BaseSite):
    """A unix socket that is bound already, its connections guarded."""

    def __init__(
        self, runner: "web.AppRunner", sock: socket.socket, connections: Connections
    ) -> None:
        super().__init__(runner)
        self._sock = sock
        self._connections = connections

    @property
    def name(self) -> str:
        return "control"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        assert server is not None
        # From Python 3.13 on the loop would remove the socket's file, which is not always ours.
        keep: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Guarded(self._connections, server()),
            sock=self._sock,
            backlog=self._backlog,
            **keep,
        )

    async def stop(self) -> None:
        # A connection that is taken up but not made when its server closes is lost on Python 3.11,
        # or made when all others have been told to go; either way nobody hangs up. So no more are
        # taken up, and those that were are made first.
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._sock)
        made = loop.create_future()
        loop.call_soon(made.set_result, None)  # after what is due already
        await made
        await super().stop()
