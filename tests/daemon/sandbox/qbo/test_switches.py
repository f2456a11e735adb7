"""What is unsure about QBO, both ways; and the company's own settings."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.server import serve
from daemon.sandbox.world import World
from tests.daemon.sandbox.qbo.client import Client
from tests.jumpclock import JumpClock


@pytest.mark.parametrize(("mode", "kept"), [("keep", True), ("ignore", False)])
async def test_terms_on_vendor_create(client: Client, mode: Any, kept: bool) -> None:
    client.twin.switches.vendor_term_on_create = mode
    vendor = await client.create("Vendor", DisplayName="P", TermRef={"value": "3"})
    assert ("TermRef" in vendor) is kept
    changed = (await client.sparse("Vendor", vendor, TermRef={"value": "2"})).body["Vendor"]
    assert changed["TermRef"] == {"value": "2", "name": "Net 15"}


@pytest.mark.parametrize("numbers", [True, False])
async def test_account_numbers(client: Client, numbers: bool) -> None:
    client.twin.switches.account_numbers = numbers
    account = await client.create("Account", Name="P", AccountType="Bank", AcctNum="1010")
    assert ("AcctNum" in account) is numbers
    prefs = (await client.get("preferences")).body["Preferences"]["AccountingInfoPrefs"]
    assert prefs["UseAccountNumbers"] is numbers


async def test_names_are_kept_as_sent_without_trimming(client: Client) -> None:
    client.twin.switches.trim_names = False
    vendor = await client.create("Vendor", DisplayName=" Blank ")
    assert vendor["DisplayName"] == " Blank "


async def test_json_without_accept(client: Client) -> None:
    client.twin.switches.without_accept = "json"
    client.headers["Accept"] = "*/*"
    assert (await client.get("preferences")).body["Preferences"]["Id"] == "1"


async def test_projection_without_the_sparse_mark(client: Client) -> None:
    client.twin.switches.projection_sparse = False
    found = await client.query("select Id from Term where Id = '3'")
    assert found["Term"] == [{"Id": "3", "domain": "QBO", "sparse": False}]


async def test_F65_closed_books_refuse_create_change_delete_and_void(world: World) -> None:
    company = replace(world.company, closed_until="2026-04-30")
    clock = JumpClock()
    twin = QboTwin(
        replace(world, company=company), clock=clock, switches=QboSwitches(throttling=False)
    )
    async with serve(twin.app) as url, aiohttp.ClientSession() as session:
        client = Client(twin, url, session, clock)
        prefs = (await client.get("preferences")).body["Preferences"]
        assert prefs["AccountingInfoPrefs"]["BookCloseDate"] == "2026-04-30"
        customer = {"value": (await client.create("Customer", DisplayName="Buyer"))["Id"]}
        line = {
            "Amount": 5,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "7"}},
        }
        body = {"CustomerRef": customer, "Line": [line], "TxnDate": "2026-04-30"}
        assert (await client.post("invoice", body)).code == "6200"
        invoice = await client.create("Invoice", **{**body, "TxnDate": "2026-05-01"})
        moved = await client.sparse("Invoice", invoice, TxnDate="2026-04-01")
        assert moved.code == "6200"
        twin.state.company = replace(company, closed_until="2026-05-31")
        for operation in ("void", "delete"):
            body = {"Id": invoice["Id"], "SyncToken": "0"}
            assert (await client.post("invoice", body, operation=operation)).code == "6200"


async def test_singletons_cannot_be_written_here(client: Client) -> None:
    for path in ("preferences", "companyinfo", "taxagency"):
        answer = await client.post(path, {"Id": "1", "SyncToken": "0", "sparse": True})
        assert answer.error["Detail"].startswith("not simulated by this sandbox")


async def test_minor_version_is_a_number(client: Client) -> None:
    assert (await client.get("preferences", minorversion="3")).status == 200
    assert (await client.get("preferences", minorversion="new")).code == "2090"
