"""One front end on the event stream: what it missed, then what comes, until either side ends."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from daemon.control.pulse import Hub
from daemon.control.routes import number

READER_S = 30.0
"""A listener that takes nothing for this long is cut off; it may come back and resume."""


@dataclass
class Listening:
    """Answers ``GET /v1/events?run=&after=``."""

    hub: Hub
    _writing: set[asyncio.Transport] = field(default_factory=set)

    async def hang_up(self) -> None:
        """End every stream; whoever is not taking what was sent is cut off."""
        await self.hub.close()
        for transport in tuple(self._writing):
            transport.abort()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        hub = self.hub
        after = number(request, "after", 0, most=10**12 - 1)
        run = request.query.get("run", "")
        async with hub.listening() as woken:
            reply = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
            reply.enable_chunked_encoding()
            await reply.prepare(request)
            try:
                await self._tell(request, reply, woken, after if run == hub.run else -1)
                async with asyncio.timeout(READER_S):
                    await reply.write_eof()
            except (ConnectionError, TimeoutError):
                reply.force_close()  # it left, or takes nothing: nobody waits for it
            return reply

    async def _tell(
        self, request: web.Request, reply: web.StreamResponse, woken: asyncio.Event, at: int
    ) -> None:
        """From event ``at`` on; -1: from how things stand now."""
        transport = request.transport
        if transport is None:
            return
        is_new = not request.query.get("run")
        hub = self.hub
        begun = at >= 0
        while not hub.is_over:
            woken.clear()
            missed = hub.since(at) if begun else None
            if missed is None:
                pulse = hub.pulse_now()
                lost = () if is_new else (hub.resync(),)
                is_new, begun, at = pulse is None and is_new, pulse is not None, hub.number
                lines: Sequence[bytes] = () if pulse is None else (*lost, pulse)
            elif missed:
                at = missed[-1][0]
                lines = [line for _, line in missed]
            else:
                lines = ()
            if lines:
                await self._write(reply, transport, b"".join(lines))
                continue
            await woken.wait()
            if begun and hub.since(at) == [] and not hub.is_over:
                await self._write(reply, transport, hub.alive())

    async def _write(
        self, reply: web.StreamResponse, transport: asyncio.Transport, data: bytes
    ) -> None:
        self._writing.add(transport)
        try:
            async with asyncio.timeout(READER_S):
                await reply.write(data)
        finally:
            self._writing.discard(transport)
