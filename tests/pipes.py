"""A network in memory: real HTTP bytes between aiohttp's own client and server, and no sockets.

Bytes pass from one end to the other in the event loop's own order, so that a run depends on no
kernel, port or second core, and happens the same way again. Connections break as those of TCP do:
``close`` delivers what was written first, ``abort`` loses it and resets the other end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.client_proto import ResponseHandler

Protocols = Callable[[], asyncio.Protocol]


class End(asyncio.Transport):
    """One end of a pipe. What is written here arrives at the other end a turn of the loop later."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__(extra={"peername": ("127.0.0.1", 0), "sockname": ("127.0.0.1", 0)})
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._other: End | None = None
        self._arrived: list[bytes] = []
        self._has_ended = False
        self._is_paused = False
        self._is_closing = False
        self._is_lost = False

    def join(self, other: "End") -> None:
        self._other = other

    def start(self) -> None:
        self._protocol.connection_made(self)

    # -- what a protocol asks of its transport --------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._is_closing and self._other is not None:
            self._loop.call_soon(self._other.arrive, bytes(data))

    def close(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        if self._other is not None:
            self._loop.call_soon(self._other.end)
        self._loop.call_soon(self.lose, None)

    def abort(self) -> None:
        self._is_closing = True
        if self._other is not None:
            self._other.lose(ConnectionResetError("the other end was reset"), later=True)
        self._loop.call_soon(self.lose, None)

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._loop.call_soon(self._deliver)

    def is_reading(self) -> bool:
        return not self._is_paused

    def get_write_buffer_size(self) -> int:
        return 0

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    # -- what the other end sends ---------------------------------------------------------------

    def arrive(self, data: bytes) -> None:
        if not self._is_closing:
            self._arrived.append(data)
            self._deliver()

    def end(self) -> None:
        """The other end closed: what arrived before is read first."""
        self._has_ended = True
        self._deliver()

    def lose(self, error: Exception | None, *, later: bool = False) -> None:
        """The connection is gone, and what was not read with it."""
        self._is_closing = True
        if later:
            self._loop.call_soon(self.lose, error)
        elif not self._is_lost:
            self._is_lost = True
            self._arrived.clear()
            self._protocol.connection_lost(error)

    def _deliver(self) -> None:
        while self._arrived and not self._is_paused and not self._is_lost:
            self._protocol.data_received(self._arrived.pop(0))
        if self._has_ended and not self._arrived and not self._is_closing:
            self._protocol.eof_received()
            self.lose(None, later=True)


class Pipes(aiohttp.BaseConnector):
    """aiohttp's pool of connections, each of which is a pipe to the server of that port."""

    def __init__(self, servers: dict[int, Protocols]) -> None:
        super().__init__(keepalive_timeout=3600)
        self._servers = servers

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> ResponseHandler:
        serve = self._servers.get(req.url.port or 0)
        if serve is None:
            refused = ConnectionRefusedError(111, "nobody serves there")
            raise aiohttp.ClientConnectorError(req.connection_key, refused)
        protocol = self._factory()
        here, there = End(protocol), End(serve())
        here.join(there)
        there.join(here)
        there.start()
        here.start()
        return protocol


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[Protocols]:
    """What makes the server's end of each connection to ``app``."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        assert runner.server is not None
        yield runner.server
    finally:
        await runner.cleanup()
