"""Pages, envelopes, filters and stamps of the DEAR twin's lists."""

from datetime import datetime, timedelta

import pytest

from tests.daemon.sandbox.dear.client import PRODUCT, SUPPLIER, Dear
from tests.daemon.sandbox.dear.conftest import Serve

LISTS = [
    ("product", "Products"),
    ("productFamily", "ProductFamilies"),
    ("customer", "CustomerList"),
    ("supplier", "SupplierList"),
    ("ref/account", "AccountsList"),
    ("ref/account/bank", "BankAccountsList"),
    ("ref/tax", "TaxRuleList"),
    ("ref/paymentterm", "PaymentTermList"),
    ("ref/category", "CategoryList"),
    ("ref/brand", "BrandList"),
    ("ref/unit", "UnitList"),
    ("ref/location", "LocationList"),
    ("ref/carrier", "CarrierList"),
    ("ref/attributeset", "AttributeSetList"),
    ("ref/productavailability", "ProductAvailabilityList"),
    ("me/contacts", "MeContactsList"),
]


@pytest.mark.parametrize(("path", "key"), LISTS)
async def test_envelope(dear: Dear, path: str, key: str) -> None:
    whole = (await dear.get(path)).json
    assert list(whole) == ["Total", "Page", key]
    assert whole["Page"] == 1
    assert whole["Total"] == len(whole[key])


async def test_price_tiers_are_not_paged(dear: Dear) -> None:
    tiers = (await dear.get("ref/priceTier")).json
    assert list(tiers) == ["PriceTiers"]
    assert [tier["Code"] for tier in tiers["PriceTiers"]] == list(range(1, 11))
    assert tiers["PriceTiers"][0]["Name"] == "Retail"


async def test_pages_cover_the_list_once(dear: Dear) -> None:
    whole = await dear.rows("product", Limit="1000", IncludeDeprecated="true")
    seen = []
    for number in range(1, 100):
        rows = await dear.rows("product", Page=str(number), Limit="7", IncludeDeprecated="true")
        if not rows:
            break
        seen += rows
    assert seen == whole
    assert [row["SKU"] for row in whole] == sorted((row["SKU"] for row in whole), key=str.casefold)


async def test_default_page_is_a_hundred_rows(dear: Dear) -> None:
    for number in range(120):
        dear.twin.state.add("brand", {"Name": f"Brand {number:03}"})
    first = (await dear.get("ref/brand")).json
    assert (first["Total"], len(first["BrandList"])) == (122, 100)


@pytest.mark.parametrize(
    ("name", "value"), [("Limit", "0"), ("Limit", "1001"), ("Page", "0"), ("Page", "x")]
)
async def test_page_and_limit_have_bounds(dear: Dear, name: str, value: str) -> None:
    reply = await dear.get("product", **{name: value})
    assert reply.status == 400
    assert name in reply.errors[0]


async def test_limit_may_be_cut_silently(twin: Serve) -> None:
    dear = await twin(excess_limit="clamp", page_cap=5)
    rows = await dear.rows("product", Limit="5000")
    assert len(rows) == 5
    assert (await dear.rows("product", Limit="5000", Page="2"))[0] != rows[0]


async def test_total_may_be_absent(twin: Serve) -> None:
    dear = await twin(totals=False)
    assert list((await dear.get("product")).json) == ["Page", "Products"]


async def test_order_by_age_or_by_key(twin: Serve) -> None:
    for order, last in (("created", True), ("key", False)):
        dear = await twin(order=order)
        await dear.made("product", {**PRODUCT, "SKU": "!first"})
        rows = await dear.rows("product", Limit="1000")
        assert (rows[-1]["SKU"] == "!first") is last


async def test_products_are_filtered_by_containing(dear: Dear) -> None:
    await dear.made("product", PRODUCT)
    await dear.made("product", {**PRODUCT, "SKU": "tst-12"})
    found = await dear.rows("product", Sku="ST-1")
    assert [row["SKU"] for row in found] == ["TST-1", "tst-12"]
    assert await dear.rows("product", Sku="TST-1", Name="nothing like it") == []
    assert len(await dear.rows("product", Name="EST BRA")) == 2


async def test_product_filters_may_mean_the_start(twin: Serve) -> None:
    dear = await twin(product_filter="starting")
    await dear.made("product", PRODUCT)
    assert await dear.rows("product", Sku="ST-1") == []
    assert len(await dear.rows("product", Sku="tst-1")) == 1


async def test_parties_are_filtered_by_the_start_of_the_name(dear: Dear) -> None:
    made = await dear.made("supplier", SUPPLIER)
    assert [r["ID"] for r in await dear.rows("supplier", Name="test su")] == [made["ID"]]
    assert await dear.rows("supplier", Name="supplier") == []


async def test_id_filter_in_any_case(dear: Dear) -> None:
    made = await dear.made("product", PRODUCT)
    assert (await dear.rows("product", ID=made["ID"].upper()))[0]["ID"] == made["ID"]
    assert (await dear.get("product", ID="not-a-guid")).status == 400


async def test_unknown_id_lists_nothing_or_is_refused(twin: Serve) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"
    dear = await twin()
    for path in ("product", "supplier", "customer", "ref/tax", "ref/paymentterm"):
        assert await dear.rows(path, ID=nobody) == []
    dear = await twin(unknown_id="refuse")
    for path in ("product", "supplier", "customer", "ref/tax", "ref/paymentterm"):
        assert (await dear.get(path, ID=nobody)).status == 400


async def test_unknown_account_code_is_400_unknown_names_list_nothing(dear: Dear) -> None:
    reply = await dear.get("ref/account", Code="nope")
    assert reply.status == 400
    assert reply.errors == ["Account with specified ID not found"]
    for path in ("ref/location", "me/contacts", "ref/account", "ref/tax"):
        assert await dear.rows(path, Name="nope") == []


async def test_account_filters(dear: Dear) -> None:
    assert [row["Code"] for row in await dear.rows("ref/account", Code="q33")] == ["Q33"]
    revenue = await dear.rows("ref/account", Type="REVENUE")
    assert revenue
    assert {row["Type"] for row in revenue} == {"REVENUE"}
    assert [r["Name"] for r in await dear.rows("ref/account", Name="accounts pay")] == [
        "Accounts Payable (A/P)"
    ]
    await dear.edit({"kind": "account", "code": "590", "set": {"Status": "ARCHIVED"}})
    archived = await dear.rows("ref/account", Status="ARCHIVED")
    assert [row["Code"] for row in archived] == ["590"]


async def test_tax_and_term_flags_filter(dear: Dear) -> None:
    await dear.edit({"kind": "tax", "name": "Import Duty", "set": {"IsTaxForSale": False}})
    names = [row["Name"] for row in await dear.rows("ref/tax", IsTaxForSale="true")]
    assert names == ["California", "Tax Exempt"]
    default = await dear.rows("ref/paymentterm", IsDefault="1")
    assert [row["Name"] for row in default] == ["Net 30"]
    assert (await dear.get("ref/tax", IsActive="perhaps")).status == 400


async def test_deprecated_records_hide(dear: Dear) -> None:
    made = await dear.made("product", {**PRODUCT, "Status": "Deprecated"})
    assert await dear.rows("product", Sku="TST-1") == []
    assert await dear.rows("product", ID=made["ID"]) == []
    shown = await dear.rows("product", ID=made["ID"], IncludeDeprecated="1")
    assert shown[0]["Status"] == "Deprecated"


async def test_deprecated_record_may_show_by_id(twin: Serve) -> None:
    dear = await twin(id_shows_deprecated=True)
    made = await dear.made("product", {**PRODUCT, "Status": "Deprecated"})
    assert await dear.rows("product", Sku="TST-1") == []
    assert len(await dear.rows("product", ID=made["ID"])) == 1


@pytest.mark.parametrize("path", ["product", "supplier", "customer"])
async def test_modified_since_is_strict(dear: Dear, path: str) -> None:
    row = (await dear.rows(path))[0]
    dear.clock.advance(1.2345)
    changed = await dear.changed(path, {"ID": row["ID"], "Comments": "x", "Tags": "x"})
    stamp = changed["LastModifiedOn"]
    assert stamp == "2026-03-02T15:00:01.234Z"
    before = "2026-03-02T15:00:01.233"
    assert [r["ID"] for r in await dear.rows(path, ModifiedSince=before)] == [row["ID"]]
    assert await dear.rows(path, ModifiedSince=stamp) == []
    assert (await dear.get(path, ModifiedSince="yesterday")).status == 400


async def test_modified_since_may_be_inclusive(twin: Serve) -> None:
    dear = await twin(modified_since="inclusive")
    made = await dear.made("product", PRODUCT)
    rows = await dear.rows("product", ModifiedSince=made["LastModifiedOn"])
    assert [row["ID"] for row in rows] == [made["ID"]]


async def test_stamps_drop_trailing_zeros_and_may_lack_a_zone(twin: Serve) -> None:
    dear = await twin()
    dear.clock.advance(0.25)
    assert (await dear.made("product", PRODUCT))["LastModifiedOn"] == "2026-03-02T15:00:00.25Z"
    dear = await twin(stamps="bare")
    assert (await dear.made("product", PRODUCT))["LastModifiedOn"] == "2026-03-02T15:00:00"
    dear = await twin(stamps="mixed")
    stamps = [row["LastModifiedOn"] for row in await dear.rows("product")]
    assert {stamp.endswith("Z") for stamp in stamps} == {True, False}


async def test_seeded_stamps_lie_in_the_past(dear: Dear) -> None:
    now = dear.clock.now()
    for row in await dear.rows("customer", IncludeDeprecated="true"):
        age = now - datetime.fromisoformat(row["LastModifiedOn"])
        assert timedelta(days=1) < age < timedelta(days=301)


async def test_availability_is_a_quantity_and_a_value(dear: Dear) -> None:
    rows = await dear.rows("ref/productavailability", Sku="SAMPLE-11")
    assert len(rows) == 1
    row = rows[0]
    assert row["Available"] == row["OnHand"] - row["Allocated"]
    assert row["StockOnHand"] == row["OnHand"] * 10
    assert row["Location"] == "Main Warehouse"
    assert await dear.rows("ref/productavailability", Location="Elsewhere") == []


async def test_banks_are_bank_accounts(dear: Dear) -> None:
    banks = await dear.rows("ref/account/bank")
    assert [bank["AccountCode"] for bank in banks] == ["Q35"]
    account = (await dear.rows("ref/account", Code="Q35"))[0]
    assert account["BankAccountId"] == banks[0]["AccountID"]
    assert account["ForPayments"] is True


@pytest.mark.parametrize(
    ("path", "body"),
    [("product", PRODUCT), ("supplier", SUPPLIER), ("ref/unit", {"Name": "kg"})],
)
async def test_ids_may_change_their_case(twin: Serve, path: str, body: dict[str, object]) -> None:
    dear = await twin(guid_case="mixed")
    made = await dear.made(path, body)
    assert made["ID"] == made["ID"].upper() != made["ID"].lower()
    ids = [row["ID"] for row in await dear.rows(path, Limit="1000")]
    assert made["ID"].lower() in ids
    assert (await dear.put(path, {**body, "ID": made["ID"]})).status == 200


async def test_shape_of_accounts_and_tax_rules(dear: Dear) -> None:
    assert set((await dear.rows("ref/account"))[0]) == {
        "Code", "Name", "Type", "Status", "Description", "Class", "SystemAccount",
        "SystemAccountCode", "ForPayments", "DisplayName", "OldCode", "BankAccountNumber",
        "BankAccountId", "Currency",
    }  # fmt: skip
    rule = (await dear.rows("ref/tax"))[0]
    assert set(rule) == {
        "ID", "Name", "Account", "IsActive", "TaxInclusive", "TaxPercent", "IsTaxForSale",
        "IsTaxForPurchase", "Components",
    }  # fmt: skip
    part = {"ID", "Name", "Percent", "AccountCode", "Compound", "ComponentOrder"}
    assert set(rule["Components"][0]) == part
    term = (await dear.rows("ref/paymentterm"))[0]
    assert set(term) == {"ID", "Name", "Duration", "Method", "IsActive", "IsDefault"}
