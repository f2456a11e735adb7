"""DEAR's webhooks: unsigned, one letter for each event, each in the shape of its kind."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import make_world
from tests.daemon.sandbox.listening import listening
from tests.jumpclock import JumpClock


@pytest.fixture
async def twin() -> AsyncIterator[tuple[DearTwin, str, aiohttp.ClientSession]]:
    clock = JumpClock()
    one = DearTwin(
        make_world(11, "small"), clock=clock, faults=FaultScript(), log=RequestLog(clock)
    )
    async with serve(one.app) as url, aiohttp.ClientSession() as http:
        yield one, f"{url}/_sandbox", http


async def test_updates_are_told_with_the_header_of_the_hook(
    twin: tuple[DearTwin, str, aiohttp.ClientSession],
) -> None:
    one, control, http = twin
    async with listening() as ear:
        switches = {"webhook_url": ear.url, "webhook_secret": "hush"}
        async with http.post(f"{control}/switches", json=switches) as answer:
            assert answer.status == 200
        supplier = next(iter(one.state["supplier"]))
        product = next(iter(one.state["product"]))
        for order in (
            {"kind": "vendor", "id": supplier.id, "set": {"Comments": "late"}},
            {"kind": "item", "id": product.id, "set": {"PriceTier1": 9}},
            {"kind": "account", "create": {"Code": "Z1", "Name": "Z", "Type": "EXPENSE"}},
        ):
            async with http.post(f"{control}/edit", json=order) as answer:
                assert answer.status == 200, await answer.text()
        await ear.until("both", lambda: len(ear.heard) >= 2)
        assert [next(iter(body)) for body in ear.told] == ["NumberOfSuppliers", "NumberOfProducts"]
        assert {headers["X-Trueup-Secret"] for headers, _ in ear.heard} == {"hush"}
        assert "intuit-signature" not in ear.heard[0][0]


async def test_a_hook_is_tried_six_times_and_then_deactivated(
    twin: tuple[DearTwin, str, aiohttp.ClientSession],
) -> None:
    one, control, http = twin
    async with listening() as ear:
        ear.answers = [500] * 6
        async with http.post(f"{control}/switches", json={"webhook_url": ear.url}) as answer:
            assert answer.status == 200
        one.state.stamp("supplier", next(iter(one.state["supplier"])))
        await ear.until("six tries", lambda: len(ear.heard) == 6)
        assert all("X-Trueup-Secret" not in headers for headers, _ in ear.heard)
        while not one.postman.given_up:
            async with http.get(f"{control}/notices") as answer:
                await answer.read()
        assert one.postman.statuses == [500] * 6
