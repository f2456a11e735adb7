"""The twin of a small company, served over loopback; a test may ask for other switches."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import make_world
from tests.daemon.sandbox.dear.client import Dear
from tests.jumpclock import JumpClock

WORLD = make_world(7, "small")

Serve = Callable[..., Awaitable[Dear]]


@pytest.fixture
async def twin() -> AsyncIterator[Serve]:
    """Serves a twin with the switches given as keywords."""
    async with AsyncExitStack() as stack:

        async def start(**switches: Any) -> Dear:
            switches.setdefault("calls_per_minute", 10_000)
            clock, faults = JumpClock(), FaultScript()
            log = RequestLog(clock)
            served = DearTwin(
                WORLD, clock=clock, faults=faults, log=log, switches=DearSwitches(**switches)
            )
            url = await stack.enter_async_context(serve(served.app))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            headers = {
                "api-auth-accountid": served.credentials["account_id"],
                "api-auth-applicationkey": served.credentials["application_key"],
                "Content-Type": "application/json",
            }
            return Dear(served, url, session, clock, faults, log, headers)

        yield start


@pytest.fixture
async def dear(twin: Serve) -> Dear:
    """A twin with the usual switches."""
    return await twin()
