"""A connector that asks a server which gives fixed answers, whatever it is asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from daemon.connectors.dear.connector import DearConnector
from daemon.sandbox.server import serve
from tests.daemon.connectors.clocks import FastClock
from tests.daemon.connectors.dear.rows import config


@asynccontextmanager
async def fixed(
    answers: Mapping[str, object],
) -> AsyncIterator[tuple[DearConnector, list[Mapping[str, str]]]]:
    """A server that gives fixed answers, whatever is asked of a path, and the headers it saw."""
    seen: list[Mapping[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers)
        path = request.match_info["path"]
        if path == "me":
            return web.json_response({"Company": "Potters", "Currency": "USD"})
        if path not in answers:
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.json_response(answers[path])

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TRUEUP_TEST_DEAR_KEY", "not a secret")
        async with serve(app) as url:
            connector = DearConnector.open(config(base_url=url), clock=FastClock())
            try:
                yield connector, seen
            finally:
                await connector.close()
