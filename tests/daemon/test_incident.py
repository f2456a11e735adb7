"""A bug leaves its places and its id, the same at both ends, and nothing of what it was about."""

import asyncio
import io
import logging
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from daemon.control.desk import Desk
from daemon.control.server import ControlServer
from daemon.incident import Guarded, incident_of, note, watch_loop
from daemon.log import setup
from tests.daemon.control.conftest import Office, office

__all__ = ["office"]
SECRET = "Acme owes 12.40"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    setup("debug", "text", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


class Broken(Desk):
    """A desk with a bug."""

    async def remaps(self) -> None:  # type: ignore[override]
        raise ZeroDivisionError(SECRET)


async def test_the_client_and_the_log_tell_the_same_id(office: Office, said: io.StringIO) -> None:
    old = office.desk
    desk = Broken(keeper=old.keeper, scheduler=old.scheduler, clock=old.clock, facts=old.facts)
    server = ControlServer(desk, office.socket.with_name("broken.sock"))
    await server.start()
    try:
        unix = aiohttp.UnixConnector(str(server.path))
        async with (
            aiohttp.ClientSession(connector=unix) as session,
            session.get("http://localhost/v1/remaps") as answer,
        ):
            status, refusal = answer.status, await answer.json()
    finally:
        await server.close()
    assert (status, refusal["code"], server.bugs) == (500, "internal", 1)
    (line,) = [one for one in said.getvalue().splitlines() if "internal error" in one]
    incident = line.split("incident=")[1].split()[0]
    assert f"internal error {incident} in the daemon" in refusal["message"]
    assert "error=ZeroDivisionError" in line
    assert "test_incident.py" in line
    assert "remaps" in line
    assert SECRET not in said.getvalue() + str(refusal)


def test_the_same_bug_has_the_same_id_whatever_it_was_about() -> None:
    def stumble(text: str) -> BaseException:
        try:
            raise KeyError(text)
        except KeyError as error:
            return error

    first, second = incident_of(stumble("one")), incident_of(stumble("two"))
    assert first == second
    assert first.places[-1].endswith(" stumble")


def test_a_group_of_one_is_the_one(said: io.StringIO) -> None:
    found = note(ExceptionGroup(SECRET, [ValueError(SECRET)]), "part")
    assert found.error == "ValueError"
    assert SECRET not in said.getvalue()


def test_what_is_meant_passes(said: io.StringIO) -> None:
    with pytest.raises(web.HTTPNotFound), Guarded("part", meant=(web.HTTPException,)):
        raise web.HTTPNotFound
    with pytest.raises(asyncio.CancelledError), Guarded("part"):
        raise asyncio.CancelledError
    assert said.getvalue() == ""


async def test_an_error_that_nobody_awaits_is_told_without_its_words(said: io.StringIO) -> None:
    loop = asyncio.get_running_loop()
    watch_loop(loop)

    async def fail() -> None:
        raise ValueError(SECRET)

    task = asyncio.ensure_future(fail())
    await asyncio.wait({task})
    del task
    loop.call_exception_handler({"message": SECRET, "exception": ValueError(SECRET)})
    loop.call_exception_handler({"message": SECRET})
    lines = said.getvalue()
    assert "error=ValueError" in lines
    assert "the event loop complained" in lines
    assert SECRET not in lines
