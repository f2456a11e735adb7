"""Uniqueness of names, inactivation and reactivation."""

import pytest

from tests.daemon.sandbox.qbo.client import Client

SALES = {"value": "79"}


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("Vendor", "Customer", "vendor"),
        ("Customer", "Vendor", "customer"),
        ("Vendor", "Vendor", "vendor"),
    ],
)
async def test_F52_parties_share_names_and_the_fault_says_who_holds_it(
    client: Client, first: str, second: str, kind: str
) -> None:
    await client.create(first, DisplayName="Black Quarry")
    answer = await client.post(second.lower(), {"DisplayName": "BLACK quarry"})
    assert (answer.status, answer.code) == (400, "6240")
    assert answer.error["Message"] == "Duplicate Name Exists Error"
    assert answer.error["Detail"] == (
        f"The name supplied already exists. : Another {kind} is already using this name. "
        "Please use a different name."
    )


async def test_names_that_differ_in_an_apostrophe_are_different(client: Client) -> None:
    await client.create("Vendor", DisplayName="Smith's")
    other = await client.create("Vendor", DisplayName="Smith’s")
    assert other["DisplayName"] == "Smith’s"


async def test_items_are_unique_per_category(client: Client) -> None:
    await client.create("Item", Name="Bolt", IncomeAccountRef=SALES)
    category = await client.create("Item", Name="Parts", Type="Category")
    below = await client.create(
        "Item", Name="bolt", IncomeAccountRef=SALES, ParentRef={"value": category["Id"]}
    )
    assert below["FullyQualifiedName"] == "Parts:bolt"
    taken = await client.post("item", {"Name": "BOLT", "IncomeAccountRef": SALES})
    assert taken.code == "6240"
    assert "Another product or service is already" in taken.error["Detail"]
    client.twin.switches.item_names = "global"
    other = await client.create("Item", Name="Other", Type="Category")
    await client.create("Item", Name="Nut", IncomeAccountRef=SALES)
    refused = await client.post(
        "item",
        {"Name": "Nut", "IncomeAccountRef": SALES, "ParentRef": {"value": other["Id"]}},
    )
    assert refused.code == "6240"


async def test_accounts_are_unique_among_siblings(client: Client) -> None:
    taken = await client.post("account", {"Name": "checking", "AccountType": "Bank"})
    assert taken.code == "6240"
    assert "Another account is already" in taken.error["Detail"]
    child = await client.create(
        "Account", Name="Checking", AccountType="Bank", ParentRef={"value": "35"}
    )
    assert child["FullyQualifiedName"] == "Checking:Checking"


async def test_inactivation_renames_hides_and_frees_the_name(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Gone Works")
    gone = (await client.sparse("Vendor", vendor, Active=False)).body["Vendor"]
    assert gone["DisplayName"] == "Gone Works (deleted)"
    assert gone["Active"] is False
    assert await client.query("select * from Vendor where DisplayName like 'Gone Works%'") == {}
    shown = await client.query(
        "select * from Vendor where DisplayName like 'Gone Works%' and Active in (true, false)"
    )
    assert [v["Id"] for v in shown["Vendor"]] == [vendor["Id"]]
    assert (await client.read("Vendor", vendor["Id"]))["Active"] is False
    again = await client.create("Vendor", DisplayName="Gone Works")
    second = (await client.sparse("Vendor", again, Active=False)).body["Vendor"]
    assert second["DisplayName"] == "Gone Works (deleted-1)"


async def test_without_renaming_the_name_stays_taken(client: Client) -> None:
    client.twin.switches.rename_on_inactivate = False
    vendor = await client.create("Vendor", DisplayName="Kept Works")
    gone = (await client.sparse("Vendor", vendor, Active=False)).body["Vendor"]
    assert gone["DisplayName"] == "Kept Works"
    assert (await client.post("vendor", {"DisplayName": "Kept Works"})).code == "6240"
    back = (await client.sparse("Vendor", gone, Active=True)).body["Vendor"]
    assert back["Active"] is True


async def test_inactive_record_cannot_be_changed_unless_activated(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Gone Works")
    gone = (await client.sparse("Vendor", vendor, Active=False)).body["Vendor"]
    refused = await client.sparse("Vendor", gone, CompanyName="X")
    assert "You cannot modify a list element that has been deleted." in refused.error["Detail"]
    back = await client.sparse("Vendor", gone, Active=True, DisplayName="Gone Works")
    assert back.body["Vendor"]["DisplayName"] == "Gone Works"
    assert back.body["Vendor"]["SyncToken"] == "2"


async def test_reactivation_keeps_the_suffix_and_a_taken_name_is_refused(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Gone Works")
    gone = (await client.sparse("Vendor", vendor, Active=False)).body["Vendor"]
    await client.create("Customer", DisplayName="Gone Works")
    taken = await client.sparse("Vendor", gone, Active=True, DisplayName="Gone Works")
    assert taken.code == "6240"
    back = (await client.sparse("Vendor", gone, Active=True)).body["Vendor"]
    assert back["DisplayName"] == "Gone Works (deleted)"


async def test_accounts_that_must_stay(client: Client) -> None:
    receivable = await client.read("Account", "84")
    assert (await client.sparse("Account", receivable, Active=False)).code == "6000"
    in_use = await client.read("Account", "79")
    assert (await client.sparse("Account", in_use, Active=False)).code == "6000"


async def test_a_rename_frees_the_old_name(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Old Name")
    await client.sparse("Vendor", vendor, DisplayName="New Name")
    assert (await client.create("Customer", DisplayName="Old Name"))["Id"]
    assert (await client.post("customer", {"DisplayName": "New Name"})).code == "6240"


async def test_display_name_from_parts_and_blanks_cut(client: Client) -> None:
    customer = await client.create("Customer", GivenName="Test", FamilyName="Desk")
    assert customer["DisplayName"] == "Test Desk"
    trimmed = await client.create("Vendor", DisplayName="  Blank Works ")
    assert trimmed["DisplayName"] == "Blank Works"


async def test_sub_customers_and_depth(client: Client) -> None:
    parent = await client.create("Customer", DisplayName="Top")
    record = parent
    for level in range(1, 5):
        record = await client.create(
            "Customer", DisplayName=f"Level {level}", Job=True, ParentRef={"value": record["Id"]}
        )
    assert record["FullyQualifiedName"] == "Top:Level 1:Level 2:Level 3:Level 4"
    assert record["Level"] == 4
    answer = await client.post(
        "customer", {"DisplayName": "Level 5", "ParentRef": {"value": record["Id"]}}
    )
    assert answer.code == "6180"
    circle = await client.sparse("Customer", parent, ParentRef={"value": record["Id"]})
    assert circle.code == "6000"
