"""Create, read, update: ids, versions, clocks, sparse and full, no-op updates, faults."""

from decimal import Decimal

import pytest

from tests.daemon.sandbox.qbo.client import Client

SALES = {"value": "79"}
SINCE = "2026-05-05T00:00:00-07:00"


async def test_create_answer_of_a_minimal_service_item(client: Client) -> None:
    answer = await client.post(
        "item", {"Name": "Probe", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    )
    item = answer.body["Item"]
    assert answer.status == 200
    assert item["IncomeAccountRef"] == {"value": "1", "name": "Services"}
    assert {
        key: item[key]
        for key in ("Active", "FullyQualifiedName", "Taxable", "UnitPrice", "PurchaseCost")
    } == {
        "Active": True,
        "FullyQualifiedName": "Probe",
        "Taxable": False,
        "UnitPrice": 0,
        "PurchaseCost": 0,
    }
    assert item["TrackQtyOnHand"] is False
    assert item["DeferredRevenue"] is False
    assert item["domain"] == "QBO"
    assert item["sparse"] is False
    assert item["SyncToken"] == "0"
    assert item["Id"].isdecimal()
    assert item["MetaData"] == {
        "CreateTime": "2026-05-05T02:14:00-07:00",
        "LastUpdatedTime": "2026-05-05T02:14:00-07:00",
    }
    assert answer.body["time"] == "2026-05-05T02:14:00.500-07:00"
    assert answer.headers["intuit_tid"]


async def test_account_create_hides_its_update_time_and_reads_one_second_later(
    client: Client,
) -> None:
    account = await client.create("Account", Name="Bank Account May", AccountType="Bank")
    assert account["MetaData"] == {"CreateTime": "2026-05-05T02:14:00-07:00"}
    assert account["Id"] == "1150040000"
    assert account["AccountSubType"] == "CashOnHand"
    assert account["Classification"] == "Asset"
    again = await client.read("Account", account["Id"])
    assert again["MetaData"]["LastUpdatedTime"] == "2026-05-05T02:14:01-07:00"


async def test_customers_and_vendors_share_one_sequence_of_ids(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="First Probe")
    customer = await client.create("Customer", DisplayName="Second Probe")
    assert int(customer["Id"]) == int(vendor["Id"]) + 1
    assert vendor["PrintOnCheckName"] == "First Probe"
    assert vendor["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}


async def test_each_change_adds_one_and_moves_the_time(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    client.clock.advance(30)
    answer = await client.sparse("Vendor", vendor, CompanyName="Probe Works")
    changed = answer.body["Vendor"]
    assert changed["SyncToken"] == "1"
    assert changed["MetaData"]["LastUpdatedTime"] == "2026-05-05T02:14:30-07:00"
    assert changed["MetaData"]["CreateTime"] == vendor["MetaData"]["CreateTime"]


@pytest.mark.parametrize("sparse", [True, False])
async def test_update_that_changes_nothing_moves_nothing(client: Client, sparse: bool) -> None:
    vendor = await client.create(
        "Vendor", DisplayName="Probe", BillAddr={"Line1": "1 Mill Road", "City": "Bayshore"}
    )
    client.clock.advance(60)
    answer = await client.post("vendor", {**vendor, "sparse": sparse})
    assert answer.status == 200
    assert answer.body["Vendor"] == vendor


async def test_sparse_keeps_and_full_clears_what_is_omitted(client: Client) -> None:
    vendor = await client.create(
        "Vendor",
        DisplayName="Probe",
        CompanyName="Probe Works",
        PrimaryPhone={"FreeFormNumber": "(555) 0100"},
    )
    kept = (await client.sparse("Vendor", vendor, AcctNum="77")).body["Vendor"]
    assert kept["PrimaryPhone"] == {"FreeFormNumber": "(555) 0100"}
    full = {"Id": vendor["Id"], "SyncToken": "1", "DisplayName": "Probe"}
    cleared = (await client.post("vendor", full)).body["Vendor"]
    assert "PrimaryPhone" not in cleared
    assert "CompanyName" not in cleared
    assert "AcctNum" not in cleared


@pytest.mark.parametrize("empty", ["", {}, {"FreeFormNumber": ""}])
async def test_sparse_update_empties_with_blank_values(client: Client, empty: object) -> None:
    vendor = await client.create(
        "Vendor", DisplayName="Probe", PrimaryPhone={"FreeFormNumber": "1"}
    )
    changed = (await client.sparse("Vendor", vendor, PrimaryPhone=empty)).body["Vendor"]
    assert "PrimaryPhone" not in changed


async def test_null_is_ignored(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe", CompanyName="Probe Works")
    same = (await client.sparse("Vendor", vendor, CompanyName=None)).body["Vendor"]
    assert same == vendor


async def test_stale_version(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    await client.sparse("Vendor", vendor, CompanyName="Someone else")
    answer = await client.sparse("Vendor", vendor, CompanyName="Mine")
    assert answer.status == 400
    assert answer.code == "5010"
    assert answer.error["Message"] == "Stale Object Error"
    assert answer.error["Detail"].startswith("Stale Object Error : You and ")
    assert answer.error["element"] == ""
    assert answer.body["Fault"]["type"] == "ValidationFault"


async def test_F87_update_without_version_or_required_fields_is_refused(client: Client) -> None:
    item = await client.create("Item", Name="Probe", Type="Service", IncomeAccountRef=SALES)
    without_token = await client.post("item", {"Id": item["Id"], "sparse": True, "Name": "X"})
    assert (without_token.code, without_token.error["element"]) == ("2020", "SyncToken")
    not_sparse = await client.post("item", {"Id": item["Id"], "SyncToken": "0", "UnitPrice": 3})
    assert (not_sparse.code, not_sparse.error["element"]) == ("2020", "Name")
    assert (await client.read("Item", item["Id"])) == item


async def test_unknown_property_names_itself(client: Client) -> None:
    answer = await client.post("vendor", {"DisplayName": "Probe", "Colour": "red"})
    assert answer.code == "2010"
    assert answer.error["Detail"] == (
        "Property Colour:failed to parse json object; "
        "a property specified is unsupported or invalid"
    )
    nested = await client.post("vendor", {"DisplayName": "P", "BillAddr": {"Street": "x"}})
    assert nested.code == "2010"


async def test_required_name(client: Client) -> None:
    answer = await client.post("item", {"Type": "Service", "IncomeAccountRef": SALES})
    assert answer.code == "2020"
    assert answer.error["Detail"] == "Required parameter Name is missing in the request"
    assert answer.error["element"] == "Name"
    assert (await client.post("vendor", {"CompanyName": "x"})).code == "6080"
    assert (await client.post("account", {"Name": "x"})).code == "6010"


async def test_too_long_and_wrong_characters_come_together(client: Client) -> None:
    answer = await client.post(
        "item", {"Name": "a" * 101, "Sku": "b\x1b", "IncomeAccountRef": SALES}
    )
    errors = answer.body["Fault"]["Error"]
    assert [(e["code"], e["element"]) for e in errors] == [("2050", "Name"), ("2040", "Sku")]
    assert errors[0]["Detail"].endswith("Max:100 supported. Supplied length:101")
    colon = await client.post("item", {"Name": "a:b", "IncomeAccountRef": SALES})
    assert colon.code == "2040"


@pytest.mark.parametrize(
    ("entity", "body", "code"),
    [
        ("vendor", {"DisplayName": "P", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210"),
        ("item", {"Name": "P", "Type": "Widget", "IncomeAccountRef": SALES}, "2170"),
        ("item", {"Name": "P", "UnitPrice": "dear", "IncomeAccountRef": SALES}, "2090"),
        ("item", {"Name": "P", "Taxable": "maybe", "IncomeAccountRef": SALES}, "2230"),
        ("item", {"Name": "P", "InvStartDate": "05/05/2026", "IncomeAccountRef": SALES}, "2060"),
        ("account", {"Name": "P", "AccountType": "Bank", "AccountSubType": "Travel"}, "6010"),
        ("vendor", {"DisplayName": "P", "CurrencyRef": {"value": "EUR"}}, "6000"),
        ("term", {"Name": "Soon"}, "2020"),
    ],
)
async def test_wrong_values(
    client: Client, entity: str, body: dict[str, object], code: str
) -> None:
    answer = await client.post(entity, body)
    assert (answer.status, answer.code) == (400, code)


async def test_numbers_may_be_texts_and_keep_their_digits(client: Client) -> None:
    item = await client.create(
        "Item", Name="Probe", UnitPrice="0.1234567", PurchaseCost=19.90, IncomeAccountRef=SALES
    )
    assert item["UnitPrice"] == Decimal("0.1234567")
    raw = await client.get(f"item/{item['Id']}")
    assert b'"PurchaseCost":19.9,' in raw.raw


async def test_references_must_exist_and_be_active(client: Client) -> None:
    missing = await client.post("item", {"Name": "P", "IncomeAccountRef": {"value": "999"}})
    assert missing.code == "2500"
    assert missing.error["Detail"] == "Invalid Reference Id : Accounts element id 999 not found"
    account = await client.create("Account", Name="Old income", AccountType="Income")
    await client.sparse("Account", account, Active=False)
    inactive = await client.post(
        "item", {"Name": "P", "IncomeAccountRef": {"value": account["Id"]}}
    )
    assert inactive.code == "2500"
    assert "has been made inactive" in inactive.error["Detail"]


async def test_name_of_a_reference_is_ignored_and_resolved_on_read(client: Client) -> None:
    account = await client.create("Account", Name="Before", AccountType="Income")
    item = await client.create(
        "Item", Name="P", IncomeAccountRef={"value": account["Id"], "name": "nonsense"}
    )
    assert item["IncomeAccountRef"]["name"] == "Before"
    client.clock.advance(5)
    await client.sparse("Account", account, Name="After")
    again = await client.read("Item", item["Id"])
    assert again["IncomeAccountRef"]["name"] == "After"
    assert again["MetaData"] == item["MetaData"]


async def test_new_sub_account_moves_the_time_of_its_parent_only(client: Client) -> None:
    before = await client.read("Account", "12")
    client.clock.advance(9)
    child = await client.create(
        "Account", Name="Audit", AccountType="Expense", ParentRef={"value": "12"}
    )
    assert child["FullyQualifiedName"] == "Legal & Professional Fees:Audit"
    assert child["SubAccount"] is True
    after = await client.read("Account", "12")
    assert after["SyncToken"] == before["SyncToken"]
    assert after["MetaData"]["LastUpdatedTime"] == "2026-05-05T02:14:09-07:00"


async def test_inventory_items_need_everything_and_keep_their_quantity(client: Client) -> None:
    whole = {
        "Name": "Tracked",
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": 10,
        "InvStartDate": "2026-01-01",
        "IncomeAccountRef": {"value": "79"},
        "ExpenseAccountRef": {"value": "80"},
        "AssetAccountRef": {"value": "81"},
    }
    for key in ("QtyOnHand", "InvStartDate", "AssetAccountRef"):
        part = {name: value for name, value in whole.items() if name != key}
        answer = await client.post("item", part)
        assert (answer.code, answer.error["element"]) == ("2020", key)
    wrong = await client.post("item", {**whole, "IncomeAccountRef": {"value": "1"}})
    assert wrong.code == "6000"
    item = await client.create("Item", **whole)
    changed = (await client.sparse("Item", item, QtyOnHand=99, UnitPrice=5)).body["Item"]
    assert changed["QtyOnHand"] == 10
    assert changed["UnitPrice"] == 5
    refused = await client.sparse("Item", changed, TrackQtyOnHand=False)
    assert refused.code == "6000"


async def test_essentials_has_no_inventory_and_no_classes(client: Client) -> None:
    client.twin.switches.offering = "QuickBooks Online Essentials"
    info = await client.get(f"companyinfo/{client.twin.credentials['realm_id']}")
    pairs = {p["Name"]: p["Value"] for p in info.body["CompanyInfo"]["NameValue"]}
    assert pairs["OfferingSku"] == "QuickBooks Online Essentials"
    assert (await client.post("class", {"Name": "North"})).code == "5030"
    tracked = {"Name": "T", "Type": "Inventory", "TrackQtyOnHand": True}
    answer = await client.post("item", tracked)
    assert "Track quantity on hand is turned off" in answer.error["Detail"]


async def test_tax_identifier_is_masked_and_its_mask_is_no_change(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="P", TaxIdentifier="12-3456789")
    assert vendor["TaxIdentifier"] == "XXXXXX6789"
    same = (await client.post("vendor", vendor)).body["Vendor"]
    assert same == vendor


async def test_lists_cannot_be_deleted(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    answer = await client.post("vendor", {"Id": vendor["Id"], "SyncToken": "0"}, operation="delete")
    assert answer.code == "500"
    assert answer.error["Message"] == "Unsupported Operation"


async def test_what_is_not_simulated_says_so(client: Client) -> None:
    for path in ("journalentry", "salesreceipt", "estimate"):
        answer = await client.post(path, {"TotalAmt": 1})
        assert answer.status == 500
        assert answer.error["Detail"].startswith("not simulated by this sandbox: ")
    report = await client.get("reports/ProfitAndLoss")
    assert "not simulated" in report.error["Detail"]
    unknown = await client.post("bankrule", {"Name": "x"})
    assert unknown.error["Detail"] == "Operation bankrule is not supported."


async def test_xml_comes_back_without_accept(client: Client) -> None:
    client.headers["Accept"] = "*/*"
    answer = await client.get("vendor/1000000")
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert b"<code>610</code>" in answer.raw
    as_json = await client.get("preferences", format="json")
    assert as_json.body["Preferences"]["CurrencyPrefs"]["HomeCurrency"] == {"value": "USD"}


async def test_missing_record_is_610(client: Client) -> None:
    answer = await client.get("item/99999")
    assert (answer.status, answer.code) == (400, "610")


async def test_tax_codes_come_from_the_tax_service_only(client: Client) -> None:
    assert (await client.post("taxcode", {"Name": "X"})).code == "500"
    body = {
        "TaxCode": "County",
        "TaxRateDetails": [
            {"TaxRateName": "County rate", "RateValue": "1.25", "TaxAgencyId": "1"},
            {"TaxRateId": "3", "TaxApplicableOn": "Sales"},
        ],
    }
    answer = await client.post("taxservice/taxcode", body)
    assert "time" not in answer.body
    code = await client.read("TaxCode", answer.body["TaxCodeId"])
    rates = [d["TaxRateRef"]["value"] for d in code["SalesTaxRateList"]["TaxRateDetail"]]
    assert rates == [answer.body["TaxRateDetails"][0]["TaxRateId"], "3"]
    again = await client.post("taxservice/taxcode", body)
    assert again.code == "6240"
    assert (await client.read("TaxCode", "NON"))["Taxable"] is False
