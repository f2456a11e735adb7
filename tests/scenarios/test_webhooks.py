"""F43, F44: notices are doorbells. Looks are a day apart here; whatever comes soon was rung for."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from daemon.clock import SystemClock
from daemon.webhooks.bell import SETTLE_S
from daemon.webhooks.tally import Result
from ledger.model.ids import SystemName
from tests.daemon.webhooks.support import notification, signature

from .ringing import House, house

QBO, DEAR = SystemName("qbo"), SystemName("dear")


def received(one: House, system: SystemName) -> dict[str, int]:
    (tally,) = (tally for tally in one.hooks.tallies if tally.system == system)
    return {result.value: count for result, count in tally.received.items() if count}


@pytest.mark.parametrize("form", ["cloudevents", "notifications"])
async def test_an_edit_in_the_books_is_in_the_source_soon(tmp_path: Path, form: str) -> None:
    async with house(tmp_path) as one:
        await one.connect_bells()
        await one.switch("qbo", webhook_format=form)
        looks = one.looks()
        vendor = one.name_in_qbo("Vendor")
        changed = {"DisplayName": "Amber Freight Lines"}
        await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": changed})

        await one.until(
            "DEAR has the new name",
            lambda: "Amber Freight Lines" in one.in_dear("supplier", "Name"),
        )
        assert received(one, QBO).get("accepted"), "it was rung for"
        assert one.looks() > looks


async def test_an_edit_in_the_source_is_in_the_books_soon(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.connect_bells()
        await one.edit("dear", {"kind": "product", "sku": "BR-1", "set": {"PriceTier1": 9.75}})

        def shown() -> list[str]:
            return [str(item.fields.get("UnitPrice")) for item in one.qbo.state.all("Item")]

        await one.until("the books have the new price", lambda: "9.75" in shown())
        assert received(one, DEAR).get("accepted")


@pytest.mark.parametrize("fate", ["duplicate", "reorder"])
async def test_F43_duplicates_and_disorder_change_nothing(tmp_path: Path, fate: str) -> None:
    async with house(tmp_path) as one:
        await one.connect_bells(webhook_fate=fate)
        vendor, customer = one.name_in_qbo("Vendor"), one.name_in_qbo("Customer")
        for name in ("Amber One", "Amber Two", "Amber Three"):
            await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": {"DisplayName": name}})
        await one.edit(
            "qbo", {"kind": "customer", "id": customer, "set": {"DisplayName": "Birch 2"}}
        )

        await one.until(
            "both are in DEAR as they are now",
            lambda: (
                "Amber Three" in one.in_dear("supplier", "Name")
                and "Birch 2" in one.in_dear("customer", "Name")
            ),
        )
        got = received(one, QBO)
    assert set(got) <= {"accepted", "duplicate"}
    assert (got.get("duplicate", 0) > 0) == (fate == "duplicate")


async def test_F43_five_hundred_notices_during_a_cycle_make_one_more(tmp_path: Path) -> None:
    """Issue 7: each is answered, and one look for changes follows."""
    async with house(tmp_path, scale=1.0) as one:
        url = f"http://127.0.0.1:{one.port}/qbo"
        realm = one.qbo.state.company.realm_id
        token = one.qbo.switches.webhook_token.encode()
        looks = one.looks()
        one.faults.extend([{"system": "qbo", "path": "*/cdc", "kind": "slow", "seconds": 1.5}])
        cycle = asyncio.ensure_future(one.app.scheduler.run_now("test"))
        await one.until("a cycle is under way", lambda: one.app.scheduler.activity.cycle)
        async with aiohttp.ClientSession() as http:

            async def ring(number: int) -> int:
                stamp = f"2026-08-14T09:{number // 60:02}:{number % 60:02}Z"
                body = notification("Vendor", realm=realm, at=stamp)
                mark = {"Content-Type": "application/json"}
                mark["intuit-signature"] = signature(body, token)
                async with http.post(url, data=body, headers=mark) as answer:
                    return answer.status

            watch = SystemClock()
            began = watch.monotonic()
            statuses = await asyncio.gather(*(ring(number) for number in range(500)))
        await cycle
        assert statuses == [200] * 500
        assert received(one, QBO) == {Result.ACCEPTED.value: 500}
        await one.until("a look follows", lambda: one.looks() >= looks + 2)
        await one.until("and nothing goes on", lambda: one.app.scheduler.next_at)
        most = (watch.monotonic() - began) / SETTLE_S
        assert one.looks() - looks - 1 <= one.hooks.bell.nudges <= most


async def test_F44_a_dead_endpoint_costs_time_and_is_told(tmp_path: Path) -> None:
    async with house(tmp_path, poll="2m", missed_after="5m") as one:
        await one.connect_bells(webhook_fate="drop")
        vendor = one.name_in_qbo("Vendor")
        await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": {"DisplayName": "Amber 9"}})
        await one.until("found by looking", lambda: "Amber 9" in one.in_dear("supplier", "Name"))
        await one.until("missed", lambda: any(tally.missed for tally in one.hooks.tallies))

        async with one.client as daemon:
            status, health = await daemon.status(), await daemon.health()
        (books,) = (system for system in status.systems if system.system == "qbo")
        (warning,) = (one for one in books.warnings if one.code == "webhook_missed")
        assert warning.field == "webhooks.qbo"
        assert "vendor" in warning.message
        assert "webhooks.qbo.expected: false" in warning.cure
        (shown,) = (told for told in health.webhooks if told.system == "qbo")
        assert (shown.missed, shown.good, shown.last_at) == (1, 0, "")
        assert "vendor" in shown.text

        await one.switch("qbo", webhook_fate="deliver")
        await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": {"DisplayName": "Amber 10"}})
        await one.until("it rings again", lambda: received(one, QBO))
        async with one.client as daemon:
            status, health = await daemon.status(), await daemon.health()
        told = [warning.code for system in status.systems for warning in system.warnings]
        assert "webhook_missed" not in told
        (shown,) = (told for told in health.webhooks if told.system == "qbo")
        assert (shown.text, shown.missed) == ("", 1)
        assert shown.last_at


async def test_F40_our_own_write_rings_and_means_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.connect_bells()
        vendor = one.name_in_qbo("Vendor")
        await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": {"DisplayName": "Amber 7"}})
        await one.until("it is in DEAR", lambda: "Amber 7" in one.in_dear("supplier", "Name"))
        await one.until("DEAR tells of it", lambda: received(one, DEAR).get("accepted"))
        await one.until("both were followed by a look", lambda: one.hooks.bell.nudges >= 2)
        await one.until("and nothing goes on", lambda: one.app.scheduler.next_at)
        written = [row for row in one.log.rows if row["changed"] and row["system"] == "dear"]
        assert len(written) == 1
        assert all(not tally.missed for tally in one.hooks.tallies)


async def test_when_the_daemon_ends_nobody_is_answered(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        url = f"http://127.0.0.1:{one.port}/qbo"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            assert answer.status == 405
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(url)
