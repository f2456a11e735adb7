"""Products of the DEAR twin: numbers, references, nested arrays, and the quirks of PUT."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.dear.client import PRODUCT, SUPPLIER, Dear
from tests.daemon.sandbox.dear.conftest import Serve

FLAGS = {
    "IncludeBOM": "true",
    "IncludeSuppliers": "true",
    "IncludeReorderLevels": "true",
    "IncludeMovements": "true",
}


async def test_create_and_read_back(dear: Dear) -> None:
    made = await dear.made("product", {**PRODUCT, "ID": "ignored"})
    assert made["PriceTier1"] == Decimal("12.34")
    assert made["PriceTier2"] == 0
    assert made["PriceTiers"]["Retail"] == Decimal("12.34")
    assert len(made["PriceTiers"]) == 10
    assert (made["Sellable"], made["DropShipMode"]) == (True, "No Drop Ship")
    assert await dear.rows("product", Sku="TST-1") == [made]


async def test_numbers_keep_four_places_exactly(dear: Dear) -> None:
    price = Decimal("0.1234")
    reply = await dear.post("product", {**PRODUCT, "PriceTier1": price})
    assert '"PriceTier1":0.1234,' in reply.text
    finer = await dear.post("product", {**PRODUCT, "SKU": "F", "PriceTier1": Decimal("0.12345")})
    assert finer.status == 400
    assert "up to 4 decimal places" in finer.errors[0]


async def test_numbers_may_be_rounded_and_show_four_places(twin: Serve) -> None:
    dear = await twin(excess_places="round", numbers="places")
    reply = await dear.post("product", {**PRODUCT, "PriceTier1": Decimal("8.00004")})
    assert '"PriceTier1":8.0000,' in reply.text


@pytest.mark.parametrize("value", ["12.34", True, -1])
async def test_a_price_is_a_number(dear: Dear, value: Any) -> None:
    reply = await dear.post("product", {**PRODUCT, "PriceTier1": value})
    assert reply.status == 400
    assert "'PriceTier1' is invalid" in reply.errors[0]


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("Category", "No such", "Category not found."),
        ("Brand", "No such", "'No such' was not found in reference book"),
        ("UOM", "No such", "'No such' was not found in reference book"),
        ("DefaultLocation", "No such", "Location 'No such' was not found in Locations"),
        ("AttributeSet", "No such", "'No such' was not found in reference book"),
        ("COGSAccount", "Q79", "an account of class EXPENSE expected"),
        ("RevenueAccount", "Q80", "an account of class REVENUE expected"),
        ("ExpenseAccount", "none", "Account with specified ID not found"),
        ("InventoryAccount", "Q35", "an account of class ASSET expected"),
        ("SaleTaxRule", "No such", "for sale was not found in Taxation Rules"),
        ("PurchaseTaxRule", "No such", "for purchase was not found in Taxation Rules"),
        ("SKU", "x" * 51, "maximum length is 50"),
        ("Name", "x" * 257, "maximum length is 256"),
        ("Type", "Widget", "Valid values: Stock, Service"),
        ("CostingMethod", "LIFO", "'CostingMethod' is invalid"),
        ("Status", "On", "Valid values: Active, Setup required, Deprecated"),
        ("PriceTiers", {"No such": 1}, "'No such' was not found in reference book"),
        ("PriceTiers", {"Retail": 1}, "must be the same price"),
        ("Suppliers", [{"SupplierName": "No such"}], "Suppliers is invalid"),
        ("ReorderLevels", [{"LocationName": "Main Warehouse"}], "ReorderLevels is invalid"),
        ("BillOfMaterialsProducts", [{"ProductCode": "no"}], "BillOfMaterialProduct is invalid"),
        ("BillOfMaterialsProducts", "text", "BillOfMaterialProduct is invalid"),
    ],
)
async def test_product_checks(dear: Dear, field: str, value: Any, text: str) -> None:
    reply = await dear.post("product", {**PRODUCT, field: value})
    assert reply.status == 400
    assert len(reply.errors) == 1
    assert text in reply.errors[0]
    assert await dear.rows("product", Sku="TST-1") == []


async def test_required_fields_and_a_price(dear: Dear) -> None:
    for name in PRODUCT:
        short = {key: value for key, value in PRODUCT.items() if key != name}
        reply = await dear.post("product", short)
        missing = f"Required attribute '{name}' not provided"
        price = name.startswith("PriceTier")
        assert reply.errors == ["PriceTiers value cannot be empty" if price else missing]
    by_name = {key: value for key, value in PRODUCT.items() if key != "PriceTier1"}
    made = await dear.made("product", {**by_name, "PriceTiers": {"Trade": 3}})
    assert (made["PriceTier1"], made["PriceTier2"]) == (0, 3)


async def test_sku_is_unique_ignoring_case(dear: Dear) -> None:
    first = await dear.made("product", {**PRODUCT, "Status": "Deprecated"})
    reply = await dear.post("product", {**PRODUCT, "SKU": "tst-1"})
    assert reply.status == 400
    assert "Product SKU must be unique" in reply.errors[0]
    other = await dear.made("product", {**PRODUCT, "SKU": "TST-2"})
    assert (await dear.put("product", {"ID": other["ID"], "SKU": "TST-1"})).status == 400
    assert (await dear.put("product", {"ID": first["ID"], "SKU": "TST-1"})).status == 200


async def test_names_need_not_be_unique(dear: Dear) -> None:
    await dear.made("product", PRODUCT)
    assert (await dear.post("product", {**PRODUCT, "SKU": "TST-2"})).status == 200


async def test_put_replaces_scalars_and_leaves_the_rest(dear: Dear) -> None:
    made = await dear.made("product", {**PRODUCT, "Barcode": "123", "Brand": "Workshop"})
    dear.clock.advance(2)
    changed = await dear.changed(
        "product", {"ID": made["ID"], "PriceTier1": Decimal("12.5"), "Brand": "", "Barcode": ""}
    )
    assert changed == {
        **made,
        "PriceTier1": Decimal("12.5"),
        "PriceTiers": {**made["PriceTiers"], "Retail": Decimal("12.5")},
        "Brand": "",
        "Barcode": "",
        "LastModifiedOn": "2026-03-02T15:00:02Z",
    }


async def test_type_is_fixed(twin: Serve) -> None:
    dear = await twin()
    made = await dear.made("product", PRODUCT)
    assert (await dear.changed("product", {"ID": made["ID"], "Type": "Service"}))["Type"] == "Stock"
    dear = await twin(type_change="refuse")
    made = await dear.made("product", PRODUCT)
    assert (await dear.put("product", {"ID": made["ID"], "Type": "Service"})).status == 400
    assert (await dear.put("product", {"ID": made["ID"], "Type": "Stock"})).status == 200


async def test_service_ignores_stock_accounts(dear: Dear) -> None:
    body = {**PRODUCT, "Type": "Service", "COGSAccount": "Q80", "InventoryAccount": "nonsense"}
    made = await dear.made("product", {**body, "RevenueAccount": "Q79"})
    assert (made["COGSAccount"], made["InventoryAccount"]) == (None, None)
    assert made["RevenueAccount"] == "Q79"


async def test_attributes_need_sku_and_attribute_set(dear: Dear) -> None:
    made = await dear.made("product", PRODUCT)
    lone = {"ID": made["ID"], "AdditionalAttribute1": "Polished", "Tags": "t"}
    ignored = await dear.changed("product", lone)
    assert (ignored["AdditionalAttribute1"], ignored["Tags"]) == (None, "t")
    half = await dear.changed("product", {**lone, "SKU": "TST-1"})
    assert half["AdditionalAttribute1"] is None
    whole = {**lone, "SKU": "TST-1", "AttributeSet": "Workshop attributes"}
    assert (await dear.changed("product", whole))["AdditionalAttribute1"] == "Polished"


async def test_read_only_fields_are_ignored(dear: Dear) -> None:
    made = await dear.made("product", {**PRODUCT, "AverageCost": 5, "LastModifiedOn": "2001-01-01"})
    assert made["AverageCost"] == 0
    assert made["LastModifiedOn"] == "2026-03-02T15:00:00Z"


async def test_nested_arrays_need_their_flag(dear: Dear) -> None:
    rows = {row["SKU"]: row for row in await dear.rows("product")}
    assert all(row["Suppliers"] == [] for row in rows.values())
    flagged = await dear.rows("product", includesuppliers="True")
    assert any(row["Suppliers"] for row in flagged)
    assert all(row["ReorderLevels"] == [] for row in flagged)
    off = await dear.rows("product", IncludeSuppliers="false")
    assert all(row["Suppliers"] == [] for row in off)


async def test_nested_arrays_are_replaced_whole(dear: Dear) -> None:
    supplier = await dear.made("supplier", SUPPLIER)
    place = (await dear.rows("ref/location"))[0]
    body = {
        **PRODUCT,
        "Suppliers": [
            {"SupplierName": "Test Supplier", "FixedCost": Decimal("1.5"), "URL": "https://x"},
            {"SupplierID": supplier["ID"].upper(), "Cost": 2},
        ],
        "ReorderLevels": [{"LocationID": place["ID"], "ReorderQuantity": 9}],
    }
    made = await dear.made("product", body)
    first, second = made["Suppliers"]
    assert first["SupplierID"] == second["SupplierID"] == supplier["ID"]
    assert (first["SupplierName"], first["Currency"]) == ("Test Supplier", "USD")
    assert (first["FixedCost"], first["SupplierProductURL"]) == (Decimal("1.5"), "https://x")
    assert made["ReorderLevels"][0]["LocationName"] == "Main Warehouse"
    await dear.changed(
        "product", {"ID": made["ID"], "Suppliers": [{"SupplierName": SUPPLIER["Name"]}]}
    )
    shown = (await dear.rows("product", ID=made["ID"], **FLAGS))[0]
    assert [row["FixedCost"] for row in shown["Suppliers"]] == [0]
    assert len(shown["ReorderLevels"]) == 1  # left out of the body: as it was
    await dear.changed("product", {"ID": made["ID"], "Suppliers": [], "ReorderLevels": []})
    shown = (await dear.rows("product", ID=made["ID"], **FLAGS))[0]
    assert (shown["Suppliers"], shown["ReorderLevels"]) == ([], [])


async def test_answers_to_writes_may_be_gated_too(twin: Serve) -> None:
    dear = await twin(write_echo="gated", url_key="URL")
    supplier = await dear.made("supplier", SUPPLIER)
    rows = [{"SupplierID": supplier["ID"], "SupplierProductURL": "https://x"}]
    made = await dear.made("product", {**PRODUCT, "Suppliers": rows})
    assert made["Suppliers"] == []
    shown = (await dear.rows("product", ID=made["ID"], **FLAGS))[0]
    assert shown["Suppliers"][0]["URL"] == "https://x"


async def test_bill_of_materials(dear: Dear) -> None:
    part = await dear.made("product", {**PRODUCT, "SKU": "PART"})
    body = {
        **PRODUCT,
        "BillOfMaterial": True,
        "BillOfMaterialsProducts": [{"ProductCode": "part", "Quantity": 2}],
    }
    reply = await dear.post("product", body)
    assert reply.errors == [
        "Required attribute 'AssemblyCostEstimationMethod' not provided",
        "Required attribute 'QuantityToProduce' not provided",
    ]
    body |= {"AssemblyCostEstimationMethod": "Average Cost", "QuantityToProduce": 1}
    made = await dear.made("product", body)
    assert made["BillOfMaterialsProducts"][0]["ComponentProductID"] == part["ID"]
    wasted = [{"ProductCode": "PART", "Quantity": 1, "WastagePercent": 1, "WastageQuantity": 1}]
    reply = await dear.put("product", {"ID": made["ID"], "BillOfMaterialsProducts": wasted})
    assert reply.status == 400


async def test_renamed_supplier_shows_in_products(dear: Dear) -> None:
    supplier = await dear.made("supplier", SUPPLIER)
    rows = [{"SupplierID": supplier["ID"]}]
    made = await dear.made("product", {**PRODUCT, "Suppliers": rows})
    await dear.changed("supplier", {"ID": supplier["ID"], "Name": "Renamed"})
    shown = (await dear.rows("product", ID=made["ID"], **FLAGS))[0]
    assert shown["Suppliers"][0]["SupplierName"] == "Renamed"


async def test_hostile_names_survive_unchanged(dear: Dear) -> None:
    names = {row["Name"] for row in await dear.rows("product", Limit="1000")}
    assert "Hose: 25 m reel" in names
    assert any(len(name) > 100 for name in names)
    assert "Red \x1b[31mLine\x1b[0m Supplies kit" in names
    made = await dear.made("product", {**PRODUCT, "Name": '"<b>\u202e\\ :=1+1 工具'})
    assert (await dear.rows("product", ID=made["ID"]))[0]["Name"] == '"<b>\u202e\\ :=1+1 工具'


async def test_shape_of_a_product(dear: Dear) -> None:
    row = (await dear.rows("product"))[0]
    expected = {
        "ID", "SKU", "Name", "Category", "Brand", "Type", "CostingMethod", "DropShipMode",
        "DefaultLocation", "Length", "Width", "Height", "Weight", "UOM", "WeightUnits",
        "DimensionsUnits", "Barcode", "MinimumBeforeReorder", "ReorderQuantity", "PriceTiers",
        "AverageCost", "ShortDescription", "Description", "InternalNote", "AttributeSet",
        "DiscountRule", "Tags", "Status", "StockLocator", "COGSAccount", "RevenueAccount",
        "ExpenseAccount", "InventoryAccount", "PurchaseTaxRule", "SaleTaxRule", "LastModifiedOn",
        "Sellable", "PickZones", "BillOfMaterial", "AutoAssembly", "AutoDisassembly",
        "QuantityToProduce", "AssemblyInstructionURL", "AssemblyCostEstimationMethod", "BOMType",
        "Suppliers", "ReorderLevels", "BillOfMaterialsProducts", "BillOfMaterialsServices",
        "Movements", "Attachments", "CustomPrices", "CartonHeight", "CartonWidth",
        "CartonLength", "CartonQuantity", "CartonInnerQuantity", "HSCode", "CountryOfOrigin",
        "CountryOfOriginCode",
    }  # fmt: skip
    expected |= {f"PriceTier{n}" for n in range(1, 11)}
    expected |= {f"AdditionalAttribute{n}" for n in range(1, 11)}
    assert set(row) == expected


async def test_tiers_of_one_name_hide_the_named_prices(dear: Dear) -> None:
    dear.twin.state.price_tiers[1] = "Retail"
    assert "PriceTiers" not in (await dear.rows("product"))[0]
