"""How a front end puts one question to the daemon's socket; ``client`` knows which there are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from daemon.control.ahead import Ahead, asking
from daemon.control.exchange import Exchange, parsed

QUICK_S = 30.0
"""An answer from memory and disk takes less; longer means that something is stuck."""

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class Calls:
    """A context: what is still under way at its end is given up."""

    def __init__(self, path: Path, *, quick_s: float = QUICK_S, ahead: Ahead | None = None) -> None:
        """``ahead``: what was asked there before, for whoever asks it first."""
        self._ahead = ahead or Ahead(path)
        self._quick_s = quick_s
        self._open: set[Exchange] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for exchange in self._open:
            exchange.close()
        self._ahead.drop()

    async def _get(self, path: str, answer: type[_Answer], **params: str) -> _Answer:
        async with self._send("GET", path, params=params) as reply:
            return await parsed(reply, answer)

    async def _post(
        self,
        path: str,
        request: msgspec.Struct,
        answer: type[_Answer],
        limit_s: float | None = None,
    ) -> _Answer:
        body = msgspec.json.encode(request)
        async with self._send("POST", path, body=body, limit_s=limit_s) as reply:
            return await parsed(reply, answer)

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
        asked = asking(method, path, params, body)
        exchange = Exchange(self._ahead, asked, limit_s or self._quick_s, lasts=lasts)
        self._open.add(exchange)
        try:
            async with exchange:
                yield exchange
        finally:
            self._open.discard(exchange)
