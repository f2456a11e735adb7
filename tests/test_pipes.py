"""The network in memory breaks as a real one does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from daemon.sandbox.server import drop, truncate
from tests.pipes import Pipes, served

HERE = "http://127.0.0.1:1"
LONG = b"x" * 3_000_000


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def lost(request: web.Request) -> web.Response:
    return drop(request)


async def half(request: web.Request) -> web.StreamResponse:
    return await truncate(request, web.Response(body=LONG))


async def long(request: web.Request) -> web.Response:
    return web.Response(body=LONG)


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    app = web.Application()
    app.add_routes([web.post("/echo", echo), web.get("/lost", lost)])
    app.add_routes([web.get("/half", half), web.get("/long", long)])
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(app))
        yield await stack.enter_async_context(aiohttp.ClientSession(connector=Pipes({1: server})))


async def test_requests_and_answers_pass_whole_and_connections_are_kept() -> None:
    async with client() as session:
        for body in (b"", b"one", LONG[:900_000]):
            async with session.post(f"{HERE}/echo", data=body) as answer:
                assert await answer.read() == body
        async with session.get(f"{HERE}/long") as answer:
            assert await answer.read() == LONG


async def test_several_at_once_each_get_their_own_answer() -> None:
    async with client() as session:

        async def one(text: bytes) -> bytes:
            async with session.post(f"{HERE}/echo", data=text) as answer:
                return await answer.read()

        texts = [str(number).encode() for number in range(9)]
        assert await asyncio.gather(*(one(text) for text in texts)) == texts


async def test_a_reset_is_told_as_one() -> None:
    async with client() as session:
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await session.get(f"{HERE}/lost")
        async with session.post(f"{HERE}/echo", data=b"again") as answer:
            assert await answer.read() == b"again"


async def test_half_an_answer_is_no_answer() -> None:
    async with client() as session, session.get(f"{HERE}/half") as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_where_nobody_serves_nothing_is_sent() -> None:
    async with client() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://127.0.0.1:9/echo")
