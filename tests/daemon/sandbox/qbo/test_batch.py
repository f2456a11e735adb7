"""Batches and request ids."""

from typing import Any

import pytest

from tests.daemon.sandbox.qbo.client import Client

SALES = {"value": "79"}


def vendor(batch_id: str, name: str) -> dict[str, Any]:
    return {"bId": batch_id, "operation": "create", "Vendor": {"DisplayName": name}}


async def test_each_item_has_its_own_outcome(client: Client) -> None:
    existing = await client.create("Item", Name="Old", IncomeAccountRef=SALES)
    body = {
        "BatchItemRequest": [
            vendor("a", "Batch Works"),
            vendor("b", "batch works"),
            {
                "bId": "c",
                "operation": "update",
                "Item": {"Id": existing["Id"], "SyncToken": "0", "sparse": True, "Name": "New"},
            },
            {"bId": "d", "operation": "delete", "Vendor": {"Id": "1", "SyncToken": "0"}},
            {"bId": "e", "Query": "select * from Term maxresults 1"},
            {"bId": "f", "operation": "create", "Widget": {}},
            {"bId": "g", "operation": "create", "Estimate": {}},
        ]
    }
    answer = await client.post("batch", body)
    assert answer.status == 200
    items = {item["bId"]: item for item in answer.body["BatchItemResponse"]}
    assert items["a"]["Vendor"]["DisplayName"] == "Batch Works"
    assert items["b"]["Fault"]["Error"][0]["code"] == "6240"
    assert items["b"]["Fault"]["type"] == "ValidationFault"
    assert items["c"]["Item"]["Name"] == "New"
    assert items["d"]["Fault"]["Error"][0]["code"] == "500"
    assert items["e"]["QueryResponse"]["maxResults"] == 1
    assert items["f"]["Fault"]["Error"][0]["code"] == "2010"
    assert "not simulated" in items["g"]["Fault"]["Error"][0]["Detail"]
    row = client.twin.log.rows[-1]
    assert row["created"] == [f"vendor/{items['a']['Vendor']['Id']}"]
    assert row["changed"] == [f"item/{existing['Id']}"]


async def test_thirty_at_most(client: Client) -> None:
    items = [vendor(str(n), f"Vendor {n}") for n in range(31)]
    answer = await client.post("batch", {"BatchItemRequest": items})
    assert (answer.status, answer.code) == (400, "1040")
    fine = await client.post("batch", {"BatchItemRequest": items[:30]})
    assert len(fine.body["BatchItemResponse"]) == 30


async def test_ids_must_be_short_when_the_batch_has_a_request_id(client: Client) -> None:
    body = {"BatchItemRequest": [vendor("long-identifier", "Vendor")]}
    assert (await client.post("batch", body)).status == 200
    assert (await client.post("batch", body, requestid="r1")).code == "2130"
    assert (await client.post("batch", body, requestid="r" * 37)).code == "2130"


@pytest.mark.parametrize("mode", ["replay", "refuse", "execute_again"])
async def test_F01_a_repeated_batch(client: Client, mode: Any) -> None:
    client.twin.switches.batch_replay = mode
    body = {"BatchItemRequest": [vendor("a", "Batch Works")]}
    first = await client.post("batch", body, requestid="r1")
    again = await client.post("batch", body, requestid="r1")
    match mode:
        case "replay":
            assert again.raw == first.raw
        case "refuse":
            assert again.code == "600"
        case _:
            item = again.body["BatchItemResponse"][0]
            assert item["Fault"]["Error"][0]["code"] == "6240"
    found = await client.query("select * from Vendor where DisplayName = 'Batch Works'")
    assert len(found["Vendor"]) == 1


async def test_F01_request_id_gives_the_first_answer_again(client: Client) -> None:
    body = {"Name": "Probe", "IncomeAccountRef": SALES}
    first = await client.post("item", body, requestid="one")
    client.clock.advance(500)
    again = await client.post("item", body, requestid="one")
    assert again.raw == first.raw
    assert client.twin.log.rows[-1]["created"] == []
    other = await client.post("item", {**body, "Name": "Other"}, requestid="two")
    assert other.body["Item"]["Id"] != first.body["Item"]["Id"]
    assert (await client.post("item", body, requestid="x" * 51)).code == "2130"


async def test_another_body_under_a_known_request_id(client: Client) -> None:
    body = {"Name": "Probe", "IncomeAccountRef": SALES}
    first = await client.post("item", body, requestid="one")
    changed = {**body, "Name": "Changed"}
    assert (await client.post("item", changed, requestid="one")).raw == first.raw
    client.twin.switches.changed_body = "refuse"
    assert (await client.post("item", changed, requestid="one")).code == "600"


async def test_faults_are_not_stored_unless_told(client: Client) -> None:
    taken = await client.create("Vendor", DisplayName="Taken")
    body = {"DisplayName": "Taken"}
    assert (await client.post("customer", body, requestid="one")).code == "6240"
    await client.sparse("Vendor", taken, DisplayName="Freed")
    assert (await client.post("customer", body, requestid="one")).status == 200
    client.twin.switches.replay_faults = True
    assert (await client.post("vendor", body, requestid="two")).code == "6240"
    customer = await client.query("select * from Customer where DisplayName = 'Taken'")
    await client.sparse("Customer", customer["Customer"][0], DisplayName="Freed too")
    assert (await client.post("vendor", body, requestid="two")).code == "6240"
