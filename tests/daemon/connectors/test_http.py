"""What the session tells apart: nothing left, no whole answer, an answer."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from daemon.connectors.governor import Governor
from daemon.connectors.http import Http
from ledger.model.errors import OutcomeIsUnknown, Transient
from tests.daemon.connectors.clocks import FastClock
from tests.daemon.connectors.servers import hang_up, raw_server, serving
from tests.ports import free_port


def http_to(url: str, clock: FastClock | None = None, **settings: object) -> Http:
    clock = clock or FastClock()
    governor = Governor(clock, per_second=100, per_minute=1000, in_flight=4)
    options: dict[str, object] = {"timeout_s": 5.0} | settings
    return Http(url, clock=clock, governor=governor, **options)  # type: ignore[arg-type]


@pytest.fixture
def dead_address() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    async def handler(request: web.Request) -> web.Response:
        body = await request.read()
        return web.json_response(
            {"method": request.method, "raw": request.raw_path, "body": body.decode()}
        )

    async with serving(handler) as url:
        yield url


async def test_a_query_keeps_its_plus_signs_and_quotes(echo: str) -> None:
    http = http_to(f"{echo}/v3")
    reply = await http.send("GET", "/query", params={"q": "a+b 'c' ü&="})
    await http.close()
    assert reply.status == 200
    assert b"/v3/query?q=a%2Bb%20%27c%27%20%C3%BC%26%3D" in reply.body
    assert reply.headers["content-TYPE"].startswith("application/json")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nothing_left_this_machine(dead_address: str, method: str) -> None:
    http = http_to(dead_address)
    with pytest.raises(Transient, match="cannot be reached"):
        await http.send(method, "/secret-path", body=b"{}" if method == "POST" else None)
    await http.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_F01_a_connection_that_breaks_after_the_request_left(method: str) -> None:
    calls = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        await request.read()
        return web.Response() if calls == 1 else hang_up(request)

    async with serving(handler) as url:
        http = http_to(url)
        await http.send(method, "/warm")
        with pytest.raises(OutcomeIsUnknown):
            await http.send(method, "/secret-path", params={"name": "Secret"}, body=b"{}")
        await http.close()
    assert calls == 2, "exactly one attempt, on a kept-alive connection and for PUT as well"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"no http at all\r\n\r\n",
        b"",
    ],
)
async def test_half_an_answer_is_no_answer(answer: bytes) -> None:
    async with raw_server(answer) as url:
        http = http_to(url)
        with pytest.raises(OutcomeIsUnknown):
            await http.send("POST", "/item", body=b"{}")
        await http.close()


async def test_an_answer_that_does_not_come_in_time() -> None:
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await ended.wait()
        return web.Response()

    async with serving(handler) as url:
        http = http_to(url, timeout_s=0.5)  # it has to be connected by then
        with pytest.raises(OutcomeIsUnknown, match="in time"):
            await http.send("POST", "/item", body=b"{}")
        ended.set()
        await http.close()


async def test_an_answer_without_end_is_cut() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 100_000)

    async with serving(handler) as url:
        http = http_to(url, max_bytes=10_000)
        with pytest.raises(OutcomeIsUnknown, match="larger than allowed"):
            await http.send("GET", "/item")
        await http.close()


async def test_redirects_are_answers_and_are_not_followed() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with serving(handler) as url:
        http = http_to(url)
        assert (await http.send("GET", "/item")).status == 302
        await http.close()
    assert seen == ["/item"]


async def test_reads_are_repeated_with_growing_pauses_and_a_bound() -> None:
    clock = FastClock()
    calls = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        match calls:
            case 1:
                return web.Response(status=503)
            case 2:
                return hang_up(request)
            case _:
                return web.Response(text="there")

    async with serving(handler) as url:
        http = http_to(url, clock)
        assert (await http.read("/item")).body == b"there"
        await http.close()
    assert calls == 3
    assert len(clock.slept) == 2
    assert 0.25 <= clock.slept[0] <= 0.5 <= clock.slept[1] <= 1.0


async def test_F85_a_read_that_never_works_shows_the_last_answer() -> None:
    calls = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=503, text="maintenance")

    async with serving(handler) as url:
        http = http_to(url)
        reply = await http.read("/item")
        await http.close()
    assert (reply.status, reply.body, calls) == (503, b"maintenance", 4)


async def test_a_read_that_is_never_answered_is_transient() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return hang_up(request)

    async with serving(handler) as url:
        http = http_to(url)
        with pytest.raises(Transient):
            await http.read("/item", body=b"select")
        await http.close()


async def test_F94_errors_name_the_host_and_nothing_else(dead_address: str) -> None:
    http = http_to(f"{dead_address}/v3/company/9341457021722202")
    with pytest.raises(Transient) as caught:
        await http.send("GET", "/query", params={"query": "Amy"}, headers={"X": "tok"})
    await http.close()
    error: BaseException | None = caught.value
    shown = ""
    while error is not None:
        shown += repr(error)
        error = None if error.__suppress_context__ else error.__context__
    assert "127.0.0.1" in shown
    assert not any(word in shown for word in ("9341457021722202", "Amy", "tok", "query"))


async def test_a_transport_that_was_given_stays_open(echo: str) -> None:
    transport = aiohttp.TCPConnector()
    http = http_to(echo, transport=transport)
    await http.send("GET", "/")
    await http.close()
    assert not transport.closed
    await transport.close()
