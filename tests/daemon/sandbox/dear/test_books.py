"""Accounts, tax rules, terms and the small books of the DEAR twin."""

from decimal import Decimal

import pytest

from tests.daemon.sandbox.dear.client import PRODUCT, SUPPLIER, Dear
from tests.daemon.sandbox.dear.conftest import Serve

ACCOUNT = {"Code": "400", "Name": "Freight", "Type": "EXPENSE", "Status": "ACTIVE"}
TAX = {
    "Name": "County",
    "Account": "Q90",
    "IsActive": True,
    "TaxInclusive": False,
    "IsTaxForSale": True,
    "TaxPercent": 99,
    "Components": [
        {"Name": "State", "Percent": "6.0000000000", "AccountCode": "Q90", "ComponentOrder": "1"},
        {"Name": "City", "Percent": "1.2500000000", "AccountCode": "Q90", "ComponentOrder": "2"},
    ],
}


async def test_account_is_created_changed_and_deleted_by_code(dear: Dear) -> None:
    made = await dear.made("ref/account", ACCOUNT)
    assert made["DisplayName"] == "400: Freight"
    assert made["Class"] == "EXPENSE"
    assert (await dear.rows("ref/account", Code="400"))[0] == made
    changed = await dear.changed("ref/account", {"Code": "400", "Description": "Carriers"})
    assert changed == {**made, "Description": "Carriers"}
    gone = await dear.delete("ref/account", Code="400")
    assert gone.json == {"Success": True}
    assert (await dear.get("ref/account", Code="400")).status == 400


async def test_account_post_checks(dear: Dear) -> None:
    assert (await dear.post("ref/account", {**ACCOUNT, "Code": "q33"})).status == 400  # taken
    assert (await dear.post("ref/account", {**ACCOUNT, "Type": "NONSENSE"})).status == 400
    bank = await dear.post("ref/account", {**ACCOUNT, "Type": "BANK"})
    assert bank.errors == [
        "Required attribute 'Bank' not provided",
        "Required attribute 'BankAccountNumber' not provided",
    ]
    crossed = {**ACCOUNT, "SystemAccount": "Rounding", "SystemAccountCode": "DEBTORS"}
    assert (await dear.post("ref/account", crossed)).status == 400
    missing = await dear.post("ref/account", {})
    assert len(missing.errors) == 4


async def test_account_types_may_be_open(twin: Serve) -> None:
    dear = await twin(account_types="open")
    assert (await dear.made("ref/account", {**ACCOUNT, "Type": "NEWTYPE"}))["Type"] == "NEWTYPE"


async def test_system_account_is_fixed_and_used_accounts_stay(dear: Dear) -> None:
    kept = await dear.changed("ref/account", {"Code": "Q33", "SystemAccountCode": "DEBTORS"})
    assert kept["SystemAccountCode"] == "CREDITORS"
    for code in ("Q33", "Q90", "Q79"):
        assert (await dear.delete("ref/account", Code=code)).status == 400


async def test_native_link_owns_accounts_and_tax(twin: Serve) -> None:
    dear = await twin(native_link="connected")
    tax = (await dear.rows("ref/tax"))[0]
    for path, body in (("ref/account", {"Code": "590"}), ("ref/tax", {"ID": tax["ID"]})):
        reply = await dear.put(path, body)
        assert reply.status == 400
        assert "not allowed while integration with Xero or Quickbooks" in reply.errors[0]
    assert (await dear.post("ref/account", ACCOUNT)).status == 400
    assert (await dear.post("ref/tax", TAX)).status == 400
    assert (await dear.delete("ref/account", Code="590")).status == 400
    assert (await dear.post("supplier", SUPPLIER)).status == 200


async def test_native_link_may_allow_creates(twin: Serve) -> None:
    dear = await twin(native_link="connected", linked_creates="allow")
    assert (await dear.post("ref/account", ACCOUNT)).status == 200
    assert (await dear.post("ref/tax", TAX)).status == 200
    assert (await dear.put("ref/account", {"Code": "400"})).status == 400


async def test_recoded_account_keeps_its_old_code_and_its_users(dear: Dear) -> None:
    reply = await dear.edit({"kind": "account", "code": "Q79", "set": {"Code": "4000"}})
    assert reply.json["OldCode"] == "Q79"
    assert (await dear.get("ref/account", Code="Q79")).status == 400
    product = (await dear.rows("product", Sku="SAMPLE-11"))[0]
    assert product["RevenueAccount"] == "4000"


async def test_tax_rule_numbers_travel_as_text(dear: Dear) -> None:
    made = await dear.made("ref/tax", TAX)
    assert made["TaxPercent"] == Decimal("7.25")  # read-only: the parts decide
    assert made["IsTaxForPurchase"] is False
    part = made["Components"][0]
    assert part["Percent"] == "6.0000000000"
    assert (part["Compound"], part["ComponentOrder"]) == ("0", "1")
    assert part["ID"] == part["ID"].upper()
    parts = [{**part, "Percent": "8"}]
    changed = await dear.changed("ref/tax", {"ID": made["ID"], "Components": parts})
    assert changed["TaxPercent"] == 8
    assert changed["Components"][0]["ID"] == part["ID"]
    assert changed["Name"] == "County"
    off = await dear.changed("ref/tax", {"ID": made["ID"], "IsActive": False})
    assert off["IsActive"] is False
    assert off["Components"] == changed["Components"]


async def test_tax_rule_checks(dear: Dear) -> None:
    assert (await dear.post("ref/tax", {**TAX, "Account": "Q79"})).status == 400
    assert (await dear.post("ref/tax", {**TAX, "Account": "none"})).status == 400
    assert (await dear.post("ref/tax", {**TAX, "Name": "CALIFORNIA"})).status == 400
    assert (await dear.post("ref/tax", {**TAX, "Name": "x" * 51})).status == 400
    bad = [{**TAX["Components"][0], "Percent": "lots"}]  # type: ignore[index]
    assert (await dear.post("ref/tax", {**TAX, "Components": bad})).status == 400
    assert (await dear.delete("ref/tax", ID="x")).status == 405


async def test_payment_terms(dear: Dear) -> None:
    made = await dear.made("ref/paymentterm", {"Name": "Net 7", "Duration": 7})
    assert made["Method"] == "number of days"
    assert (made["IsActive"], made["IsDefault"]) == (True, False)
    changed = await dear.changed("ref/paymentterm", {"ID": made["ID"], "IsDefault": True})
    assert changed["Duration"] == 7
    default = await dear.rows("ref/paymentterm", IsDefault="true")
    assert [row["Name"] for row in default] == ["Net 7"]
    assert (await dear.delete("ref/paymentterm", ID=made["ID"])).json == {"Success": True}
    assert await dear.rows("ref/paymentterm", ID=made["ID"]) == []


async def test_payment_term_checks(dear: Dear) -> None:
    for body in (
        {},
        {"Name": "net 30"},
        {"Name": "N", "Method": "whenever"},
        {"Name": "N", "Duration": -1},
        {"Name": "N", "Duration": "7"},
        {"Name": "x" * 257},
    ):
        assert (await dear.post("ref/paymentterm", body)).status == 400
    used = (await dear.rows("ref/paymentterm", Name="Net 30"))[0]
    assert (await dear.delete("ref/paymentterm", ID=used["ID"])).status == 400
    assert (await dear.delete("ref/paymentterm")).status == 400


@pytest.mark.parametrize("book", ["category", "brand", "unit"])
async def test_small_books_answer_with_the_bare_object(dear: Dear, book: str) -> None:
    made = (await dear.post(f"ref/{book}", {"ID": "ignored", "Name": "Fresh"})).json
    assert list(made) == ["ID", "Name"]
    changed = (await dear.put(f"ref/{book}", {"ID": made["ID"], "Name": "Fresher"})).json
    assert changed == {"ID": made["ID"], "Name": "Fresher"}
    assert (await dear.post(f"ref/{book}", {"Name": "FRESHER"})).status == 400
    assert (await dear.post(f"ref/{book}", {"Name": "x" * 51})).status == 400
    assert (await dear.put(f"ref/{book}", {"Name": "Nobody"})).status == 400
    assert (await dear.delete(f"ref/{book}", ID=made["ID"])).json == {"Success": True}
    assert await dear.rows(f"ref/{book}", Name="Fresh") == []


async def test_duplicate_unit_has_its_own_words(dear: Dear) -> None:
    reply = await dear.post("ref/unit", {"Name": "ITEM"})
    assert reply.errors == ["This unit already exists. Unit name must be unique."]


async def test_renamed_book_entry_is_renamed_in_products_without_a_stamp(dear: Dear) -> None:
    made = await dear.made("product", PRODUCT)
    dear.clock.advance(60)
    hardware = (await dear.rows("ref/category", Name="Hardware"))[0]
    await dear.put("ref/category", {"ID": hardware["ID"], "Name": "Ironmongery"})
    shown = (await dear.rows("product", Sku="TST-1"))[0]
    assert shown["Category"] == "Ironmongery"
    assert shown["LastModifiedOn"] == made["LastModifiedOn"]
    assert (await dear.delete("ref/category", ID=hardware["ID"])).status == 400
