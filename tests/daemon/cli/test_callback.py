"""The way back of the browser to this machine."""

import socket

import aiohttp
import pytest

from daemon.cli.callback import listening
from ledger.model.errors import ConfigProblem
from tests.browser import go
from tests.ports import free_port

STATE = "s" * 43


def back(port: int) -> str:
    return f"http://localhost:{port}/callback"


async def test_one_answer_with_the_right_state_and_no_page_for_it() -> None:
    address = back(free_port())
    async with listening(address, STATE) as callback:
        for query in ("", "?code=x", f"?code=x&state={STATE[:-1]}", f"?code=x&state={STATE}x"):
            status, to, text = await go(address + query)
            assert (status, to, text) == (302, "/not-asked", "")
        status, to, text = await go(f"{address}?code=c%2B1&state={STATE}&realmId=7")
        assert (status, to, text) == (302, "/done", "")
        assert await callback.answer(1.0) == f"code=c%2B1&state={STATE}&realmId=7"
        status, to, _ = await go(f"{address}?code=second&state={STATE}&realmId=7")
        assert (status, to) == (302, "/not-asked"), "one answer, however often it is sent"
        assert await callback.answer(1.0) == f"code=c%2B1&state={STATE}&realmId=7"


async def test_nothing_of_it_is_kept_by_a_browser() -> None:
    address = back(free_port())
    async with listening(address, STATE), aiohttp.ClientSession() as http:
        for path in (f"{address}?state={STATE}", address.replace("/callback", "/done")):
            async with http.get(path, allow_redirects=False) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert STATE not in str(answer.headers) + await answer.text()
        async with http.post(f"{address}?state={STATE}") as answer:
            assert answer.status == 405
        async with http.get(address.replace("/callback", "/else")) as answer:
            assert answer.status == 404


async def test_only_this_machine_is_heard() -> None:
    port = free_port()
    async with listening(back(port), STATE):
        with socket.socket() as probe:
            probe.connect(("127.0.0.1", port))
            assert probe.getpeername()[0] == "127.0.0.1"
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", port))


async def test_nobody_comes() -> None:
    async with listening(back(free_port()), STATE) as callback:
        with pytest.raises(TimeoutError):
            await callback.answer(0.01)


async def test_a_port_that_is_taken_is_named_with_the_ways_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigProblem, match=rf"port {port} .*--paste"):
            async with listening(back(port), STATE):
                pass
