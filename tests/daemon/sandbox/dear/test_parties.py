"""Suppliers and customers of the DEAR twin: creates, updates, sub rows, references."""

from typing import Any

import pytest

from tests.daemon.sandbox.dear.client import CUSTOMER, SUPPLIER, Dear
from tests.daemon.sandbox.dear.conftest import Serve

ADDRESS = {"Line1": "1 Mill Road", "City": "Tucson", "Country": "USA", "Type": "Billing"}
BOTH = [("supplier", SUPPLIER), ("customer", CUSTOMER)]


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_post_ignores_an_id_and_never_updates(
    dear: Dear, path: str, body: dict[str, Any]
) -> None:
    old = (await dear.rows(path))[0]
    made = await dear.made(path, {**body, "ID": old["ID"]})
    assert made["ID"] != old["ID"]
    assert (await dear.rows(path, ID=old["ID"]))[0] == old
    shown = (await dear.rows(path, ID=made["ID"]))[0]
    assert shown == made


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_every_required_field_is_asked_for(
    dear: Dear, path: str, body: dict[str, Any]
) -> None:
    for name in body:
        short = {key: value for key, value in body.items() if key != name}
        reply = await dear.post(path, short)
        assert reply.status == 400
        assert reply.errors == [f"Required attribute '{name}' not provided"]
    assert (await dear.rows(path, Name="Test")) == []


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("PaymentTerm", "Net 31", "Active payment term with name 'Net 31' was not found"),
        ("TaxRule", "No such", "Active taxation rule with name 'No such'"),
        ("AccountPayable", "nope", "Account with specified ID not found"),
        ("AccountPayable", "Q90", "system account Accounts payable expected"),
        ("Currency", "dollars", "'Currency' is too long"),
        ("Currency", "us", "currency code of three letters"),
        ("Status", "Gone", "Valid values: Active, Deprecated"),
        ("Name", "x" * 257, "maximum length is 256"),
        ("Name", 12, "text expected"),
        ("Discount", 101, "a number from 0 to 100"),
        ("AttributeSet", "No such", "'No such' was not found in reference book"),
    ],
)
async def test_supplier_checks(dear: Dear, field: str, value: Any, text: str) -> None:
    reply = await dear.post("supplier", {**SUPPLIER, field: value})
    assert reply.status == 400
    assert len(reply.errors) == 1
    assert text in reply.errors[0]


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("AccountReceivable", "590", "system account Accounts receivable expected"),
        ("RevenueAccount", "Q80", "an account of class REVENUE expected"),
        ("PriceTier", "Tier 1", "'Tier 1' was not found in reference book"),
        ("Location", "Nowhere", "Location 'Nowhere' was not found in Locations"),
        ("SalesRepresentative", "Nobody", "Company Contacts reference book"),
        ("CustomerParentID", "nobody", "Parent customer with specified ID not found"),
        ("IsOnCreditHold", "true", "true or false expected"),
    ],
)
async def test_customer_checks(dear: Dear, field: str, value: Any, text: str) -> None:
    reply = await dear.post("customer", {**CUSTOMER, field: value})
    assert reply.status == 400
    assert len(reply.errors) == 1
    assert text in reply.errors[0]


async def test_inactive_terms_and_rules_do_not_count(dear: Dear) -> None:
    await dear.edit({"kind": "term", "name": "Net 60", "set": {"IsActive": False}})
    await dear.edit({"kind": "tax_code", "name": "Import Duty", "set": {"IsTaxForSale": False}})
    assert (await dear.post("supplier", {**SUPPLIER, "PaymentTerm": "Net 60"})).status == 400
    assert (await dear.post("customer", {**CUSTOMER, "TaxRule": "Import Duty"})).status == 400
    assert (await dear.post("supplier", {**SUPPLIER, "TaxRule": "Import Duty"})).status == 200


async def test_archived_account_does_not_count(dear: Dear) -> None:
    await dear.edit({"kind": "account", "code": "Q79", "set": {"Status": "ARCHIVED"}})
    reply = await dear.post("customer", CUSTOMER)
    assert reply.errors == ["Account 'Q79' can not be used as RevenueAccount: "
                            "an active account expected"]  # fmt: skip


async def test_customer_names_are_unique_supplier_names_need_not_be(twin: Serve) -> None:
    dear = await twin()
    await dear.made("customer", {**CUSTOMER, "Status": "Deprecated"})
    reply = await dear.post("customer", {**CUSTOMER, "Name": "TEST CUSTOMER"})
    assert "already exists" in reply.errors[0]
    first = await dear.made("supplier", SUPPLIER)
    assert (await dear.made("supplier", SUPPLIER))["ID"] != first["ID"]
    dear = await twin(supplier_names="unique")
    await dear.made("supplier", SUPPLIER)
    assert (await dear.post("supplier", SUPPLIER)).status == 400


async def test_put_replaces_what_is_given_and_leaves_the_rest(dear: Dear) -> None:
    made = await dear.made("supplier", {**SUPPLIER, "Comments": "old", "Discount": 5})
    dear.clock.advance(1)
    changed = await dear.changed("supplier", {"ID": made["ID"], "Comments": "new"})
    assert changed == {
        **made,
        "Comments": "new",
        "LastModifiedOn": "2026-03-02T15:00:01Z",
    }
    cleared = await dear.changed("supplier", {"ID": made["ID"], "Comments": "", "Discount": 0})
    assert (cleared["Comments"], cleared["Discount"]) == ("", 0)


async def test_put_cannot_empty_what_is_required(dear: Dear) -> None:
    made = await dear.made("customer", CUSTOMER)
    for name in CUSTOMER:
        reply = await dear.put("customer", {"ID": made["ID"], name: ""})
        assert f"Required attribute '{name}' not provided" in reply.errors


async def test_put_needs_a_known_id(dear: Dear) -> None:
    for body in (
        {},
        {"ID": "x"},
        {"ID": 5},
        {"ID": "00000000-0000-0000-0000-000000000001"},
        {"Name": "Test Supplier"},
    ):
        assert (await dear.put("supplier", body)).status == 400


async def test_null_keeps_or_clears(twin: Serve) -> None:
    for reading, expected in (("keeps", "old"), ("clears", None)):
        dear = await twin(null_on_put=reading)
        made = await dear.made("supplier", {**SUPPLIER, "Comments": "old"})
        changed = await dear.changed("supplier", {"ID": made["ID"], "Comments": None})
        assert changed["Comments"] == expected


async def test_empty_text_may_show_as_null(twin: Serve) -> None:
    dear = await twin(empty_text="null")
    made = await dear.made("supplier", {**SUPPLIER, "Comments": ""})
    assert made["Comments"] is None
    dear = await twin(empty_text="blank")
    made = await dear.made("supplier", SUPPLIER)
    assert made["Comments"] == ""


async def test_sub_rows_are_updated_by_id_and_added_otherwise(dear: Dear) -> None:
    made = await dear.made("supplier", {**SUPPLIER, "Addresses": [ADDRESS, ADDRESS]})
    first, second = made["Addresses"]
    assert first["ID"] != second["ID"]
    rows = [
        {"ID": first["ID"].upper(), "City": "Phoenix"},
        {**ADDRESS, "ID": "00000000-0000-0000-0000-000000000001", "Type": "Shipping"},
    ]
    changed = await dear.changed("supplier", {"ID": made["ID"], "Addresses": rows})
    assert [row["City"] for row in changed["Addresses"]] == ["Phoenix", "Tucson", "Tucson"]
    assert [row["ID"] for row in changed["Addresses"][:2]] == [first["ID"], second["ID"]]
    added = changed["Addresses"][2]
    assert added["Type"] == "Shipping"
    assert added["ID"] != rows[1]["ID"]
    assert changed["Addresses"][0]["Line1"] == "1 Mill Road"


async def test_sub_rows_left_out_may_go(twin: Serve) -> None:
    dear = await twin(party_rows="replace")
    made = await dear.made("customer", {**CUSTOMER, "Contacts": [{"Name": "A"}, {"Name": "B"}]})
    keep = made["Contacts"][1]["ID"]
    rows = [{"ID": keep, "Phone": "1"}]
    changed = await dear.changed("customer", {"ID": made["ID"], "Contacts": rows})
    assert [(c["ID"], c["Name"], c["Phone"]) for c in changed["Contacts"]] == [(keep, "B", "1")]
    untouched = await dear.changed("customer", {"ID": made["ID"], "Tags": "x"})
    assert untouched["Contacts"] == changed["Contacts"]
    emptied = await dear.changed("customer", {"ID": made["ID"], "Contacts": []})
    assert emptied["Contacts"] == []


async def test_sub_rows_are_checked(dear: Dear) -> None:
    wrong: tuple[Any, ...] = (
        [{"Line1": "x", "Country": "USA"}],
        [{**ADDRESS, "Type": "Home"}],
        [{**ADDRESS, "Line1": "x" * 257}],
        [{**ADDRESS, "Postcode": "x" * 21}],
        ["text"],
        {},
    )
    for rows in wrong:
        assert (await dear.post("customer", {**CUSTOMER, "Addresses": rows})).status == 400
    bad = [{"Name": "A", "MarketingConsent": 4}]
    assert (await dear.post("customer", {**CUSTOMER, "Contacts": bad})).status == 400
    assert await dear.rows("customer", Name="Test") == []


async def test_parents_show_their_children(dear: Dear) -> None:
    parent = await dear.made("customer", CUSTOMER)
    body = {**CUSTOMER, "Name": "Child", "CustomerParentID": parent["ID"]}
    child = await dear.made("customer", body)
    assert child["CustomerParentName"] == "Test Customer"
    shown = (await dear.rows("customer", ID=parent["ID"]))[0]
    assert shown["ChildCustomers"] == [{"CustomerID": child["ID"], "CustomerName": "Child"}]


async def test_contact_filter(dear: Dear) -> None:
    await dear.made("customer", {**CUSTOMER, "Contacts": [{"Name": "Zed", "Email": "z@z.example"}]})
    assert len(await dear.rows("customer", ContactFilter="ze")) == 1
    assert len(await dear.rows("customer", ContactFilter="Z@Z.example")) == 1
    assert await dear.rows("customer", ContactFilter="z@z") == []


async def test_last_writer_wins(dear: Dear) -> None:
    made = await dear.made("supplier", SUPPLIER)
    await dear.changed("supplier", {"ID": made["ID"], "Comments": "one"})
    stale = {**made, "Comments": "two"}
    assert (await dear.changed("supplier", stale))["Comments"] == "two"


async def test_a_put_of_nothing_moves_the_stamp_or_not(twin: Serve) -> None:
    for reading, moves in (("stamps", True), ("silent", False)):
        dear = await twin(noop_put=reading)
        made = await dear.made("supplier", SUPPLIER)
        dear.clock.advance(1)
        same = await dear.changed("supplier", {"ID": made["ID"], "Name": made["Name"]})
        assert (same["LastModifiedOn"] != made["LastModifiedOn"]) is moves


async def test_status_words_may_be_upper_case(twin: Serve) -> None:
    dear = await twin(status_words="upper")
    made = await dear.made("supplier", {**SUPPLIER, "Status": "active"})
    assert made["Status"] == "ACTIVE"


async def test_renamed_term_shows_in_suppliers(dear: Dear) -> None:
    made = await dear.made("supplier", SUPPLIER)
    term = (await dear.rows("ref/paymentterm", Name="Net 30"))[0]
    await dear.changed("ref/paymentterm", {"ID": term["ID"], "Name": "30 days"})
    assert (await dear.rows("supplier", ID=made["ID"]))[0]["PaymentTerm"] == "30 days"


async def test_shape_of_a_supplier_and_of_a_customer(dear: Dear) -> None:
    supplier = (await dear.rows("supplier"))[0]
    customer = (await dear.rows("customer"))[0]
    common = {"ID", "Name", "Currency", "PaymentTerm", "TaxRule", "Discount", "Comments"}
    common |= {"TaxNumber", "AttributeSet", "Status", "LastModifiedOn", "Addresses", "Contacts"}
    common |= {f"AdditionalAttribute{n}" for n in range(1, 11)}
    assert set(supplier) == common | {"AccountPayable"}
    assert set(customer) == common | {
        "DisplayName", "AccountReceivable", "RevenueAccount", "PriceTier", "Carrier",
        "SalesRepresentative", "Location", "CreditLimit", "IsOnCreditHold", "Tags",
        "IsLegalEntity", "CustomerParentID", "CustomerParentName", "IsBillParent",
        "ProductPrices", "ChildCustomers",
    }  # fmt: skip
    assert "JobTitle" in customer["Contacts"][0]
    assert "JobTitle" not in supplier["Contacts"][0]
