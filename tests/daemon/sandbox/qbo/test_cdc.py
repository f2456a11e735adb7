"""Change data capture: order, empty groups, stubs, look-back, the cap."""

from datetime import timedelta

import pytest

from tests.daemon.sandbox.qbo.client import Client

SINCE = "2026-05-05T02:14:00-07:00"
SALES = {"value": "79"}


async def test_groups_in_the_order_asked_and_braces_for_nothing(client: Client) -> None:
    await client.create("Vendor", DisplayName="Probe")
    groups = await client.cdc("Item,Vendor,Term", SINCE)
    assert groups[0] == {}
    assert groups[2] == {}
    assert [v["DisplayName"] for v in groups[1]["Vendor"]] == ["Probe"]
    assert {key: groups[1][key] for key in ("startPosition", "maxResults", "totalCount")} == {
        "startPosition": 1,
        "maxResults": 1,
        "totalCount": 1,
    }


async def test_only_the_latest_state_is_shown(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    await client.sparse("Vendor", vendor, CompanyName="Second")
    (group,) = await client.cdc("Vendor", SINCE)
    assert [v["CompanyName"] for v in group["Vendor"]] == ["Second"]


async def test_inactive_records_as_objects_or_as_stubs(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    await client.sparse("Vendor", vendor, Active=False)
    (group,) = await client.cdc("Vendor", SINCE)
    assert group["Vendor"][0]["Active"] is False
    client.twin.switches.cdc_inactive = "deleted"
    (stubs,) = await client.cdc("Vendor", SINCE)
    assert stubs["Vendor"][0]["status"] == "Deleted"
    assert "startPosition" not in stubs


async def test_deleted_transactions_are_stubs(client: Client) -> None:
    bill = await client.create(
        "Bill",
        VendorRef={"value": await _vendor(client)},
        Line=[
            {
                "Amount": 5,
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
            }
        ],
    )
    client.clock.advance(3)
    await client.post("bill", {"Id": bill["Id"], "SyncToken": "0"}, operation="delete")
    (group,) = await client.cdc("Bill", SINCE)
    assert group == {
        "Bill": [
            {
                "domain": "QBO",
                "status": "Deleted",
                "Id": bill["Id"],
                "MetaData": {"LastUpdatedTime": "2026-05-05T02:14:03-07:00"},
            }
        ],
        "maxResults": 1,
        "totalCount": 1,
    }


async def _vendor(client: Client) -> str:
    return str((await client.create("Vendor", DisplayName="Some vendor"))["Id"])


@pytest.mark.parametrize("entity", ["TaxCode", "TaxRate", "TaxAgency", "Preferences"])
async def test_unsupported_entities(client: Client, entity: str) -> None:
    answer = await client.get("cdc", entities=f"Item,{entity}", changedSince=SINCE)
    assert answer.code == "500"
    assert entity in answer.error["Detail"]


async def test_thirty_days_are_the_limit(client: Client) -> None:
    now = client.clock.now()
    fine = await client.get(
        "cdc", entities="Item", changedSince=(now - timedelta(days=29)).isoformat()
    )
    assert fine.status == 200
    old = await client.get(
        "cdc", entities="Item", changedSince=(now - timedelta(days=31)).isoformat()
    )
    assert "older than fixed days" in old.error["Detail"]
    broken = await client.get("cdc", entities="Item", changedSince="yesterday")
    assert broken.code == "2060"


async def test_F46_a_thousand_objects_over_all_entities_and_no_sign_of_more(
    client: Client,
) -> None:
    books = client.twin.state
    term, method = books.get("Term", "1"), books.get("PaymentMethod", "1")
    assert term is not None
    assert method is not None
    for number in range(700):
        name = {"Name": f"bulk {number}", "Active": True}
        books.insert(term.spec, str(1000 + number), dict(name), books.now())
        books.insert(method.spec, str(1000 + number), dict(name), books.now())
    groups = await client.cdc("Term,PaymentMethod,Item", SINCE)
    assert [group.get("maxResults", 0) for group in groups] == [700, 300, 0]
