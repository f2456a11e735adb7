"""Hears the browser come back from the page on which a person gives access.

Listens on this machine only, for one answer; takes it only with the right ``state``. An address
that carries a code is answered with a redirect, never with a page, so that the code stays in no
history, cache or referrer of ours.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from yarl import URL

from ledger.model.errors import ConfigProblem

DONE, OTHER = "/done", "/not-asked"
_QUIET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_TEXTS = {
    DONE: "trueup has the answer. Go back to the terminal; this page can be closed.",
    OTHER: "This is not the answer that trueup waits for. Go back to the terminal.",
}


class Callback:
    """What came back."""

    def __init__(self, path: str, state: str) -> None:
        self._path = path
        self._state = state
        self._came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(self, within_s: float) -> str:
        """The part of the address behind its ``?``. ``TimeoutError`` when nobody came back."""
        async with asyncio.timeout(within_s):
            return await asyncio.shield(self._came)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "GET":
            return web.Response(status=405, headers=_QUIET)
        if request.path in _TEXTS and request.path != self._path:
            return web.Response(text=_TEXTS[request.path], headers=_QUIET)
        if request.path != self._path:
            return web.Response(status=404, headers=_QUIET)
        state = request.query.get("state", "")
        is_ours = hmac.compare_digest(state.encode(), self._state.encode())
        if not is_ours or self._came.done():
            return _to(OTHER)
        self._came.set_result(request.rel_url.raw_query_string)
        return _to(DONE)


@asynccontextmanager
async def listening(redirect_uri: str, state: str) -> AsyncIterator[Callback]:
    """Hear one answer at that address. ``ConfigProblem`` when its port cannot be had."""
    url = URL(redirect_uri)
    host = "::1" if url.host == "::1" else "127.0.0.1"
    callback = Callback(url.path, state)
    runner = web.ServerRunner(
        web.Server(callback.handle, access_log=None), handle_signals=False, shutdown_timeout=2.0
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, url.port).start()
        except OSError as error:
            raise ConfigProblem(
                [
                    f"nothing can listen on port {url.port} of this machine ({error.strerror}): "
                    "free it, register another redirect URI and name its --port, or use --paste"
                ]
            ) from error
        yield callback
    finally:
        await runner.cleanup()


def _to(path: str) -> web.Response:
    return web.Response(status=302, headers={**_QUIET, "Location": path})
