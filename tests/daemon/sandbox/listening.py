"""Somebody who listens to notices, as any HTTP server would."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from daemon.sandbox.server import serve

PATIENCE_S = 60.0


@dataclass
class Ear:
    """What was heard, in order, and what is answered to it."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Status of the next answers; then 200."""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def told(self) -> list[Any]:
        """The bodies."""
        return [json.loads(body) for _, body in self.heard]

    async def until(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until what was heard fulfils it."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: bool(condition()))
        except TimeoutError:
            raise AssertionError(f"never: {what}; heard {len(self.heard)}") from None

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._news:
            self.heard.append((dict(request.headers), body))
            self._news.notify_all()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@asynccontextmanager
async def listening() -> AsyncIterator[Ear]:
    ear = Ear()
    app = web.Application()
    app.router.add_post("/hook", ear.take)
    async with serve(app) as url:
        ear.url = f"{url}/hook"
        yield ear


def is_signed(headers: dict[str, str], body: bytes, token: str) -> bool:
    mark = b64encode(hmac.digest(token.encode(), body, hashlib.sha256)).decode()
    return headers["intuit-signature"] == mark
