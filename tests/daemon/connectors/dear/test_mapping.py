"""What DEAR's rows become, what is sent back, and what is refused by name."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

from daemon.connectors.dear.capabilities import capabilities
from daemon.connectors.dear.mapping import accounts
from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.connectors.dear.mapping.fields import Malformed, Unfit, day, instant
from daemon.connectors.dear.observing import observation_of
from daemon.connectors.dear.paging import Row
from ledger.model.encoding import encode
from ledger.model.facts import Observation, Unreadable
from ledger.model.ids import Kind
from ledger.model.records import Account, Customer, Item, TaxCode, Term, Vendor, comparable_fields
from ledger.model.values import Address, Reference, Value
from tests.daemon.connectors.dear.rows import (
    ACCOUNT,
    BILLING,
    CONTACT,
    CUSTOMER,
    PRODUCT,
    SUPPLIER,
    TAX,
    TERM,
    config,
    on_the_wire,
)

EXAMPLES = {
    Kind.ACCOUNT: ACCOUNT,
    Kind.TAX_CODE: TAX,
    Kind.TERM: TERM,
    Kind.VENDOR: SUPPLIER,
    Kind.CUSTOMER: CUSTOMER,
    Kind.ITEM: PRODUCT,
}


def record(kind: Kind, row: dict[str, Any], **settings: Any) -> Any:
    return FAMILIES[kind].to_record(on_the_wire(row), config(**settings))


def body(
    kind: Kind, fields: dict[str, Value], last: dict[str, Any] | None = None, **settings: Any
) -> dict[str, Any]:
    wire = on_the_wire(last) if last is not None else None
    return FAMILIES[kind].to_raw(fields, wire, config(**settings))


def account(code: str) -> Reference:
    return Reference(kind=Kind.ACCOUNT, key=code)


def test_an_account() -> None:
    assert record(Kind.ACCOUNT, ACCOUNT) == Account(
        name="Kiln Fuel",
        code="415",
        account_type="Expense",
        description="Gas and wood",
        currency="USD",
        active=True,
        system_account=None,
    )


def test_a_tax_rule() -> None:
    assert record(Kind.TAX_CODE, TAX) == TaxCode(
        name="County 8.25",
        rate=Decimal("8.25"),
        for_sales=True,
        for_purchases=False,
        active=True,
    )


def test_a_payment_term() -> None:
    assert record(Kind.TERM, TERM) == Term(
        name="20 after month end", method="days_after_month_end", due=Decimal(20), active=True
    )


def test_a_supplier() -> None:
    assert record(Kind.VENDOR, SUPPLIER, supplier_code_attribute=1) == Vendor(
        name="Clay Pits Ltd",
        code="CLAY",
        contact_name="Ada Clay",
        email="ada@claypits.example",
        phone="+1 555 0100",
        website="https://claypits.example",
        billing_address=Address(("1 Pit Road", "Shed 4"), "Stoke", "OH", "44101", "USA"),
        terms=Reference(kind=Kind.TERM, key="20 after month end"),
        tax_code=Reference(kind=Kind.TAX_CODE, key="County 8.25"),
        payable_account=account("800"),
        currency="USD",
        tax_number="12-345",
        notes=None,
        active=True,
    )


def test_a_customer() -> None:
    seen = record(Kind.CUSTOMER, CUSTOMER)
    assert isinstance(seen, Customer)
    assert seen.shipping_address == Address(("2 Quay",), "Stoke", "OH", "44101", "USA")
    assert (seen.receivable_account, seen.revenue_account) == (account("610"), account("200"))
    assert (seen.price_tier, seen.notes, seen.code) == ("Trade", "rings twice", UNSET)


def test_a_product() -> None:
    assert record(Kind.ITEM, PRODUCT) == Item(
        name="Mug, blue",
        sku="MUG-01",
        type="stock",
        description="A mug.\r\nIt is blue.",
        unit="Item",
        category="Tableware",
        barcode=None,
        sales_price=Decimal("12.5"),
        income_account=account("200"),
        asset_account=account("630"),
        sales_tax_code=Reference(kind=Kind.TAX_CODE, key="County 8.25"),
        purchase_tax_code=None,
        active=True,
        average_cost=Decimal("4.1234"),
    )


def test_a_service_shows_no_stock_accounts() -> None:
    seen = record(Kind.ITEM, {**PRODUCT, "Type": "Service"})
    assert (seen.type, seen.expense_account, seen.asset_account) == ("service", UNSET, UNSET)
    sent = body(
        Kind.ITEM, {"expense_account": account("310"), "income_account": account("201")}, PRODUCT
    )
    assert sent == {"ExpenseAccount": "310", "RevenueAccount": "201"}
    service = {**PRODUCT, "Type": "Service"}
    sent = body(Kind.ITEM, {"expense_account": account("310"), "name": "Visit"}, service)
    assert sent == {"Name": "Visit"}


def test_the_expense_account_may_be_that_of_goods_sold() -> None:
    seen = record(Kind.ITEM, PRODUCT, expense_account="cogs")
    assert seen.expense_account == account("310")
    sent = body(Kind.ITEM, {"expense_account": account("311")}, PRODUCT, expense_account="cogs")
    assert sent == {"COGSAccount": "311"}


def test_an_account_is_known_by_its_bare_code_even_in_display_form() -> None:
    seen = record(Kind.VENDOR, {**SUPPLIER, "AccountPayable": "800: Trade creditors"})
    assert seen.payable_account == account("800")


@pytest.mark.parametrize("status", ["Deprecated", "DEPRECATED", "deprecated"])
def test_deprecated_in_any_case_is_inactive(status: str) -> None:
    assert record(Kind.ITEM, {**PRODUCT, "Status": status}).active is False
    assert record(Kind.VENDOR, {**SUPPLIER, "Status": status}).active is False


@pytest.mark.parametrize("status", ["ACTIVE", "Active", "Setup required"])
def test_everything_else_is_active(status: str) -> None:
    assert record(Kind.ITEM, {**PRODUCT, "Status": status}).active is True


@pytest.mark.parametrize(
    ("setting", "rows", "cost"),
    [
        ("none", 1, UNSET),
        ("suppliers_fixed_cost", 1, Decimal("3.9")),
        ("suppliers_cost", 1, Decimal("4.2")),
        ("suppliers_fixed_cost", 0, UNSET),
        ("suppliers_fixed_cost", 2, UNSET),
    ],
)
def test_a_purchase_cost_is_shown_only_where_there_is_a_single_one(
    setting: str, rows: int, cost: object
) -> None:
    suppliers = [{"SupplierID": str(n), "Cost": 4.2, "FixedCost": 3.9} for n in range(rows)]
    seen = record(Kind.ITEM, {**PRODUCT, "Suppliers": suppliers}, purchase_cost=setting)
    assert seen.purchase_cost == cost


def test_a_price_of_zero_is_a_price_unless_said_otherwise() -> None:
    free = {**PRODUCT, "PriceTier1": 0}
    assert record(Kind.ITEM, free).sales_price == Decimal(0)
    assert record(Kind.ITEM, free, zero_price="empty").sales_price is None


def test_prices_keep_their_digits() -> None:
    wire = b'{"PriceTier1": 0.1000, "Name": "x", "SKU": "x"}'
    from daemon.connectors.jsontext import decode

    seen = FAMILIES[Kind.ITEM].to_record(decode(wire), config())
    assert isinstance(seen, Item)
    assert str(seen.sales_price) == "0.1000"


class TestContacts:
    def test_the_default_one_speaks_for_the_party(self) -> None:
        other = {**CONTACT, "Default": False, "Email": "other@x.example"}
        seen = record(Kind.VENDOR, {**SUPPLIER, "Contacts": [other, CONTACT]})
        assert seen.email == "ada@claypits.example"

    def test_the_only_one_does_too(self) -> None:
        only = {**CONTACT, "Default": False}
        assert record(Kind.VENDOR, {**SUPPLIER, "Contacts": [only]}).phone == "+1 555 0100"

    def test_of_several_without_a_default_none_does(self) -> None:
        rows = [{**CONTACT, "Default": False}, {**CONTACT, "Default": False}]
        seen = record(Kind.VENDOR, {**SUPPLIER, "Contacts": rows})
        assert (seen.email, seen.contact_name) == (None, None)

    def test_rows_that_are_not_shown_say_nothing(self) -> None:
        without = {k: v for k, v in SUPPLIER.items() if k not in ("Contacts", "Addresses")}
        seen = record(Kind.VENDOR, without)
        assert (seen.email, seen.billing_address) == (UNSET, UNSET)

    def test_a_contact_that_repeats_the_partys_name_names_nobody(self) -> None:
        same = {**CONTACT, "Name": "Clay Pits Ltd"}
        assert record(Kind.VENDOR, {**SUPPLIER, "Contacts": [same]}).contact_name is UNSET
        stand_in = {**CONTACT, "Name": "Main contact"}
        assert record(Kind.VENDOR, {**SUPPLIER, "Contacts": [stand_in]}).contact_name is None

    def test_a_change_sends_all_rows_with_their_ids(self) -> None:
        other = {**CONTACT, "ID": "other", "Default": False}
        sent = body(
            Kind.VENDOR, {"email": "new@x.example"}, {**SUPPLIER, "Contacts": [other, CONTACT]}
        )
        assert sent == {"Contacts": [other, {**CONTACT, "Email": "new@x.example"}]}

    def test_emptying_sends_empty_text(self) -> None:
        sent = body(Kind.VENDOR, {"phone": None}, SUPPLIER)
        assert sent == {"Contacts": [{**CONTACT, "Phone": ""}]}

    def test_a_first_contact_is_made_under_the_configured_name(self) -> None:
        sent = body(Kind.VENDOR, {"email": "new@x.example"}, {**SUPPLIER, "Contacts": []})
        assert sent == {
            "Contacts": [{"Default": True, "Email": "new@x.example", "Name": "Main contact"}]
        }

    def test_nothing_is_made_to_hold_nothing(self) -> None:
        assert body(Kind.VENDOR, {"email": None}, {**SUPPLIER, "Contacts": []}) == {}

    def test_a_rename_takes_the_contact_along_that_only_repeated_the_name(self) -> None:
        same = {**CONTACT, "Name": "Clay Pits Ltd"}
        sent = body(Kind.VENDOR, {"name": "Clay Inc"}, {**SUPPLIER, "Contacts": [same]})
        assert sent == {"Name": "Clay Inc", "Contacts": [{**CONTACT, "Name": "Clay Inc"}]}
        assert body(Kind.VENDOR, {"name": "Clay Inc"}, SUPPLIER) == {"Name": "Clay Inc"}


class TestAddresses:
    def test_a_business_address_serves_where_there_is_no_billing_one(self) -> None:
        business = {**BILLING, "Type": "Business", "DefaultForType": False}
        seen = record(Kind.VENDOR, {**SUPPLIER, "Addresses": [business]})
        assert seen.billing_address.city == "Stoke"

    def test_of_several_without_a_default_none_does(self) -> None:
        rows = [{**BILLING, "DefaultForType": False}, {**BILLING, "DefaultForType": False}]
        assert record(Kind.VENDOR, {**SUPPLIER, "Addresses": rows}).billing_address is None

    def test_a_change_keeps_the_row_and_the_other_rows(self) -> None:
        moved = Address(("9 New St",), "Akron", "OH", "44301", "USA")
        sent = body(Kind.CUSTOMER, {"billing_address": moved}, CUSTOMER)
        first, second = sent["Addresses"]
        assert first == {
            **BILLING,
            "Line1": "9 New St",
            "Line2": "",
            "City": "Akron",
            "Postcode": "44301",
        }
        assert second == CUSTOMER["Addresses"][1]

    def test_a_new_one_becomes_the_default_of_its_type(self) -> None:
        ship = Address(("2 Quay",), country="USA")
        sent = body(Kind.CUSTOMER, {"shipping_address": ship}, {**CUSTOMER, "Addresses": []})
        assert sent["Addresses"] == [
            {
                "Type": "Shipping",
                "DefaultForType": True,
                "Line1": "2 Quay",
                "Line2": "",
                "City": "",
                "State": "",
                "Postcode": "",
                "Country": "USA",
            }
        ]

    def test_the_own_country_is_written_where_none_was_given(self) -> None:
        at_home = Address(("2 Quay",), "Akron")
        sent = body(Kind.VENDOR, {"billing_address": at_home}, home_country=["USA", "US"])
        assert sent["Addresses"][0]["Country"] == "USA"
        rule = capabilities(config(home_country=["USA", "US"])).rule(Kind.VENDOR, "billing_address")
        assert rule is not None
        assert rule.words == {"": "USA", "US": "USA"}

    @pytest.mark.parametrize(
        ("value", "cure"),
        [
            (None, "by hand"),
            (Address(("1", "2", "3"), country="USA"), "one or two lines"),
            (Address((), "Akron", country="USA"), "one or two lines"),
            (Address(("2 Quay",)), "dear.home_country"),
        ],
    )
    def test_what_dear_cannot_hold_is_refused_with_a_cure(
        self, value: Address | None, cure: str
    ) -> None:
        with pytest.raises(Unfit) as refused:
            body(Kind.VENDOR, {"billing_address": value}, SUPPLIER)
        assert refused.value.field == "billing_address"
        assert cure in refused.value.cure


class TestBodies:
    def test_only_what_changes_is_sent_of_a_product(self) -> None:
        sent = body(Kind.ITEM, {"name": "Mug", "sales_price": Decimal("13.00")}, PRODUCT)
        assert encode(sent) == b'{"Name":"Mug","PriceTier1":13.00}'

    def test_another_tier_may_be_the_sales_price(self) -> None:
        sent = body(Kind.ITEM, {"sales_price": Decimal(9)}, PRODUCT, sales_price_tier=2)
        assert sent == {"PriceTier2": Decimal(9)}

    def test_a_new_product(self) -> None:
        sent = body(
            Kind.ITEM,
            {
                "name": "Mug",
                "sku": "M",
                "type": "non_inventory",
                "unit": "Item",
                "category": "Tableware",
                "sales_price": Decimal("1.10"),
                "sales_tax_code": Reference(kind=Kind.TAX_CODE, key="County 8.25"),
            },
        )
        assert sent == {
            "Status": "Active",
            "CostingMethod": "FIFO",
            "Type": "Stock",
            "PriceTier1": Decimal("1.10"),
            "Name": "Mug",
            "SKU": "M",
            "UOM": "Item",
            "Category": "Tableware",
            "SaleTaxRule": "County 8.25",
        }

    def test_accounts_are_sent_whole(self) -> None:
        assert body(Kind.ACCOUNT, {"name": "Fuel"}, ACCOUNT) == {
            "Code": "415",
            "Name": "Fuel",
            "Type": "EXPENSE",
            "Class": "EXPENSE",
            "Status": "ACTIVE",
            "Description": "Gas and wood",
        }

    def test_a_new_bank_account_needs_what_the_books_do_not_show(self) -> None:
        fields: dict[str, Value] = {"code": "1", "name": "Till", "account_type": "Bank"}
        with pytest.raises(Unfit, match="bank"):
            body(Kind.ACCOUNT, fields)
        defaults = {"account": {"bank": "First", "bank_account_number": "77"}}
        sent = body(Kind.ACCOUNT, fields, defaults=defaults)
        assert (sent["Bank"], sent["BankAccountNumber"]) == ("First", "77")

    def test_a_rate_goes_into_the_only_part_of_a_rule(self) -> None:
        sent = body(Kind.TAX_CODE, {"rate": Decimal("8.50")}, TAX)
        assert sent["Components"] == [{**TAX["Components"][0], "Percent": "8.5"}]
        parts = {**TAX, "Components": [TAX["Components"][0]] * 2}
        with pytest.raises(Unfit, match="several parts") as refused:
            body(Kind.TAX_CODE, {"rate": Decimal(9)}, parts)
        assert refused.value.field == "rate"
        assert body(Kind.TAX_CODE, {"active": False}, parts)["IsActive"] is False

    def test_a_new_rule_needs_an_account(self) -> None:
        with pytest.raises(Unfit) as refused:
            body(Kind.TAX_CODE, {"name": "New", "rate": Decimal(5)})
        assert "dear.defaults.tax.account" in refused.value.cure

    def test_terms_that_dear_has_no_word_for(self) -> None:
        with pytest.raises(Unfit) as refused:
            body(Kind.TERM, {"method": "day_of_month"}, TERM)
        assert refused.value.field == "method"
        with pytest.raises(Unfit):
            body(Kind.TERM, {"due": Decimal("2.5")}, TERM)
        assert body(Kind.TERM, {"due": Decimal("30.0")}, TERM)["Duration"] == 30

    def test_a_code_goes_with_its_attribute_set(self) -> None:
        sent = body(Kind.VENDOR, {"code": "PIT"}, SUPPLIER, supplier_code_attribute=1)
        assert sent == {
            "Name": "Clay Pits Ltd",
            "AttributeSet": "Parties",
            "AdditionalAttribute1": "PIT",
        }
        with pytest.raises(Unfit):
            body(Kind.VENDOR, {"code": "PIT"}, SUPPLIER)

    def test_activity(self) -> None:
        assert body(Kind.ITEM, {"active": False}, PRODUCT) == {"Status": "Deprecated"}
        assert body(Kind.CUSTOMER, {"active": True}, CUSTOMER) == {"Status": "Active"}
        assert body(Kind.ACCOUNT, {"active": False}, ACCOUNT)["Status"] == "ARCHIVED"


def test_a_product_without_an_account_of_its_own_says_nothing_of_it() -> None:
    seen = record(Kind.ITEM, {**PRODUCT, "RevenueAccount": None, "InventoryAccount": ""})
    assert (seen.income_account, seen.asset_account) == (UNSET, UNSET)


@pytest.mark.parametrize("canonical", sorted(accounts.WRITTEN_TYPES))
def test_an_account_type_comes_back_as_the_capabilities_say(canonical: str) -> None:
    sent = body(
        Kind.ACCOUNT,
        {"account_type": canonical},
        {**ACCOUNT, "BankAccountNumber": "7"},
        defaults={"account": {"bank": "First"}},
    )
    seen = record(Kind.ACCOUNT, {**ACCOUNT, **sent})
    assert seen.account_type == accounts.TYPE_WORDS[canonical]
    assert accounts.TYPE_WORDS[seen.account_type] == seen.account_type


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_every_written_field_is_a_compared_one_and_comes_back(kind: Kind) -> None:
    example = {**EXAMPLES[kind], "ExpenseAccount": "500"}
    seen = record(kind, example, supplier_code_attribute=1, purchase_cost="suppliers_cost")
    rules = capabilities(config(supplier_code_attribute=1)).kinds[kind].fields
    assert set(rules) <= set(comparable_fields(kind))
    shown = {field for field in rules if getattr(seen, field) is not UNSET}
    assert shown == set(rules)


class TestMalformed:
    @pytest.mark.parametrize(
        ("kind", "change", "field"),
        [
            (Kind.ITEM, {"SKU": ""}, "SKU"),
            (Kind.ITEM, {"Name": None}, "Name"),
            (Kind.ITEM, {"PriceTier1": "twelve"}, "PriceTier1"),
            (Kind.ITEM, {"PriceTier1": True}, "PriceTier1"),
            (Kind.ITEM, {"LastModifiedOn": "yesterday"}, "LastModifiedOn"),
            (Kind.ITEM, {"Category": {"Name": "x"}}, "Category"),
            (Kind.VENDOR, {"Contacts": [{**CONTACT, "Email": ["a"]}]}, "Contacts.Email"),
            (Kind.VENDOR, {"Addresses": "1 Pit Road"}, "Addresses"),
            (Kind.TAX_CODE, {"IsActive": "maybe"}, "IsActive"),
            (Kind.ACCOUNT, {"Name": 7.5, "Code": None}, "Code"),
            (Kind.VENDOR, {"ID": None}, "ID"),
        ],
    )
    def test_a_row_that_cannot_be_read_names_the_field_and_the_cure(
        self, kind: Kind, change: dict[str, Any], field: str
    ) -> None:
        data = on_the_wire({**EXAMPLES[kind], **change})
        row_id = "without-id-x" if change.get("ID", "") is None else "some-id"
        if kind is Kind.ACCOUNT:
            row_id = "without-id-y"
        seen = observation_of(FAMILIES[kind], Row(row_id, data, b"{}"), config())
        assert isinstance(seen, Unreadable)
        assert seen.problem.code == "malformed"
        assert seen.problem.field == field
        assert field.rpartition(".")[2] in seen.problem.message
        assert field in seen.problem.cure

    def test_a_row_that_is_no_object(self) -> None:
        seen = observation_of(FAMILIES[Kind.ITEM], Row("without-id-x", [1], b"[1]"), config())
        assert isinstance(seen, Unreadable)

    def test_f86_a_new_word_is_left_alone(self) -> None:
        data = on_the_wire({**PRODUCT, "Type": "Bundle", "Colour": "blue"})
        seen = observation_of(FAMILIES[Kind.ITEM], Row("x", data, b"raw"), config())
        assert isinstance(seen, Observation)
        assert isinstance(seen.record, Item)
        assert seen.record.type is UNSET
        assert seen.raw == b"raw"


class TestTime:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-03-01T09:30:15.5Z",
            "2026-03-01T09:30:15.5",
            "2026-03-01T09:30:15.500",
            "2026-03-01T09:30:15.5000000Z",
            "2026-03-01T10:30:15.5+01:00",
            "2026-03-01 09:30:15.50",
        ],
    )
    def test_instants_in_every_spelling_are_utc(self, text: str) -> None:
        assert instant(text) == datetime(2026, 3, 1, 9, 30, 15, 500_000, tzinfo=UTC)

    def test_a_calendar_date_is_never_moved(self) -> None:
        assert day("2026-02-22T00:00:00").isoformat() == "2026-02-22"

    @pytest.mark.parametrize("text", ["", "22/02/2026", "2026-13-01T00:00:00", "soon"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            instant(text)


def test_the_error_names_the_wire_field() -> None:
    with pytest.raises(Malformed) as error:
        record(Kind.ITEM, {**PRODUCT, "SKU": None})
    assert error.value.field == "SKU"
