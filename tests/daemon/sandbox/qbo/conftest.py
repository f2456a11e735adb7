from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.server import serve
from daemon.sandbox.world import World, make_world
from tests.daemon.sandbox.qbo.client import Client
from tests.jumpclock import JumpClock


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(11, "small")


@pytest.fixture
def clock() -> JumpClock:
    return JumpClock(datetime(2026, 5, 5, 9, 14, 0, 500_000, tzinfo=UTC))


@pytest.fixture
def twin(world: World, clock: JumpClock) -> QboTwin:
    return QboTwin(world, clock=clock, switches=QboSwitches(throttling=False))


@pytest.fixture
async def client(twin: QboTwin, clock: JumpClock) -> AsyncIterator[Client]:
    async with serve(twin.app) as url, aiohttp.ClientSession() as session:
        yield Client(twin, url, session, clock)
