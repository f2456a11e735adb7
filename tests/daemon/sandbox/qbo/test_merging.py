"""Two list records made one by a user: what moves, what is left."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    PUMP,
    bill,
    expense,
    goods,
    linked,
    order,
    postings,
    ref,
    vendor,
)

SINCE = "2026-05-05T02:14:00-07:00"


async def merge(client: Client, kind: str, loser: str, winner: str) -> Any:
    return await client.control("edit", {"kind": kind, "id": loser, "merge": winner})


async def two_vendors(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    loser = await client.create("Vendor", DisplayName="Loser Ltd")
    winner = await client.create("Vendor", DisplayName="Winner Ltd")
    return loser, winner


async def test_documents_move_to_the_winner_with_new_tokens_and_links_kept(client: Client) -> None:
    loser, winner = await two_vendors(client)
    ordered = await order(client, ref(loser["Id"]), goods(PUMP, 2, 5))
    made = await bill(
        client, ref(loser["Id"]), linked(goods(PUMP, 2, 5), ordered, "1"), expense("7", 9)
    )
    before, total = await postings(client), made["TotalAmt"]
    owed = (await client.read("Vendor", loser["Id"]))["Balance"]

    client.clock.advance(10)
    answer = await merge(client, "vendor", loser["Id"], winner["Id"])
    assert answer.status == 200, answer.raw
    seen = await client.read("Bill", made["Id"])
    assert seen["VendorRef"] == {"value": winner["Id"], "name": "Winner Ltd"}
    assert int(seen["SyncToken"]) > int(made["SyncToken"])
    assert seen["MetaData"]["LastUpdatedTime"] > made["MetaData"]["LastUpdatedTime"]
    assert (seen["TotalAmt"], seen["Line"][0]["LinkedTxn"]) == (total, made["Line"][0]["LinkedTxn"])
    assert (await client.read("PurchaseOrder", ordered["Id"]))["VendorRef"]["value"] == winner["Id"]
    assert await postings(client) == before
    assert (await client.read("Vendor", winner["Id"]))["Balance"] == owed
    deleted = {"Id": made["Id"], "SyncToken": seen["SyncToken"]}
    assert (await client.post("bill", deleted, operation="delete")).status == 200
    assert (await client.read("Vendor", winner["Id"]))["Balance"] == Decimal(0)


async def test_the_loser_is_gone_and_the_feed_says_so(client: Client) -> None:
    loser, winner = await two_vendors(client)
    await merge(client, "vendor", loser["Id"], winner["Id"])
    assert (await client.get(f"vendor/{loser['Id']}")).code == "610"
    found = await client.query(
        f"SELECT * FROM Vendor WHERE Id = '{loser['Id']}' AND Active IN (true, false)"
    )
    assert found.get("Vendor", []) == []
    (group,) = await client.cdc("Vendor", SINCE)
    stubs = [row["Id"] for row in group["Vendor"] if row.get("status") == "Deleted"]
    assert stubs == [loser["Id"]]
    again = await client.create("Vendor", DisplayName="Loser Ltd")
    assert again["Id"] != loser["Id"], "its name is free"


async def test_the_loser_may_be_left_inactive(client: Client) -> None:
    client.twin.switches.merged_away = "inactive"
    loser, winner = await two_vendors(client)
    await merge(client, "vendor", loser["Id"], winner["Id"])
    seen = await client.read("Vendor", loser["Id"])
    assert (seen["Active"], seen["DisplayName"]) == (False, "Loser Ltd (deleted)")


async def test_accounts_move_in_lines_items_and_postings(client: Client) -> None:
    loser = await client.create("Account", Name="Old costs", AccountType="Expense")
    winner = await client.create("Account", Name="New costs", AccountType="Expense")
    item = await client.create(
        "Item",
        Name="Probe",
        Type="NonInventory",
        IncomeAccountRef={"value": "79"},
        ExpenseAccountRef={"value": loser["Id"]},
    )
    made = await bill(client, await vendor(client), expense(loser["Id"], 9))
    answer = await merge(client, "account", loser["Id"], winner["Id"])
    assert answer.status == 200, answer.raw
    (line,) = (await client.read("Bill", made["Id"]))["Line"]
    assert line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"] == winner["Id"]
    assert (await client.read("Item", item["Id"]))["ExpenseAccountRef"]["value"] == winner["Id"]
    assert (await postings(client))[made["Id"]][winner["Id"]] == 9


@pytest.mark.parametrize("into", ["itself", "nobody", "another type"])
async def test_what_cannot_be_merged(client: Client, into: str) -> None:
    loser = await client.create("Account", Name="Old costs", AccountType="Expense")
    other = await client.create("Account", Name="Till", AccountType="Bank")
    ids = {"itself": loser["Id"], "nobody": "999999", "another type": other["Id"]}
    answer = await merge(client, "account", loser["Id"], ids[into])
    assert answer.status == 400
    assert (await client.read("Account", loser["Id"]))["Active"] is True
