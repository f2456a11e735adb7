"""Golden objects in QuickBooks' JSON and what they mean, both ways."""

import json
from decimal import Decimal
from typing import Any

import pytest

from daemon.connectors.qbo.capabilities import capabilities
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.table import ENTITIES, QBO, encode, to_record
from daemon.connectors.qbo.mapping.table import to_raw as to_raw_in
from daemon.connectors.qbo.mapping.wire import Setting, Unwritable, Wire, given_name
from ledger.model.capabilities import Access
from ledger.model.encoding import comparable_bytes, decode_record
from ledger.model.encoding import encode as encode_model
from ledger.model.errors import Broken
from ledger.model.facts import Observation, Tombstone, Unreadable
from ledger.model.ids import ExternalRef, Kind, OperationId
from ledger.model.outcomes import Write
from ledger.model.plans import Action
from ledger.model.records import (
    Account,
    Class,
    Customer,
    Item,
    PaymentMethod,
    Record,
    TaxCode,
    Term,
    Vendor,
)
from ledger.model.values import UNSET, Address, Reference, Value

META = '"domain":"QBO","sparse":false,"MetaData":{"CreateTime":"2026-05-05T02:14:00-07:00"}'


def seen(kind: Kind, body: str, rates: dict[str, Decimal] | None = None) -> Observation:
    found = to_record(kind, body.encode(), Setting(rates=rates or {}))
    assert isinstance(found, Observation), found
    return found


def to_raw(write: Write) -> Wire:
    return to_raw_in(write, Setting())


def ref(kind: Kind, record_id: str) -> Reference:
    return Reference(kind=kind, id=record_id)


GOLDEN: list[tuple[Kind, str, Record]] = [
    (
        Kind.ACCOUNT,
        '{"Name":"Job Materials","SubAccount":true,"ParentRef":{"value":"55"},"AcctNum":"5100",'
        '"FullyQualifiedName":"Costs:Job Materials","Active":true,"Classification":"Expense",'
        '"AccountType":"Expense","AccountSubType":"SuppliesMaterials","CurrentBalance":1234.50,'
        '"CurrencyRef":{"value":"USD","name":"United States Dollar"},"Id":"63","SyncToken":"0",'
        + META
        + "}",
        Account(
            name="Job Materials",
            code="5100",
            account_type="Expense",
            account_sub_type="SuppliesMaterials",
            description=None,
            currency="USD",
            parent=ref(Kind.ACCOUNT, "55"),
            active=True,
            balance=Decimal("1234.50"),
        ),
    ),
    (
        Kind.ACCOUNT,
        '{"Name":"Accounts Payable (A/P)","Active":true,"AccountType":"Accounts Payable",'
        '"AccountSubType":"AccountsPayable","Id":"33","SyncToken":"0",' + META + "}",
        Account(
            name="Accounts Payable (A/P)",
            code=None,
            account_type="Accounts Payable",
            account_sub_type="AccountsPayable",
            description=None,
            parent=None,
            active=True,
            system_account="AccountsPayable",
        ),
    ),
    (
        Kind.TERM,
        '{"Name":"2% 10 Net 30","Active":true,"Type":"STANDARD","DiscountPercent":2,"DueDays":30,'
        '"DiscountDays":10,"Id":"7","SyncToken":"0",' + META + "}",
        Term(
            name="2% 10 Net 30",
            method="days",
            due=Decimal(30),
            discount_percent=Decimal(2),
            discount_days=Decimal(10),
            active=True,
        ),
    ),
    (
        Kind.TERM,
        '{"Name":"15th","Active":true,"Type":"DATE_DRIVEN","DayOfMonthDue":15,'
        '"DueNextMonthDays":5,"Id":"8","SyncToken":"0",' + META + "}",
        Term(name="15th", method="day_of_month", due=Decimal(15), active=True),
    ),
    (
        Kind.CLASS,
        '{"Name":"North","SubClass":true,"ParentRef":{"value":"5000000000000012345"},'
        '"FullyQualifiedName":"Sites:North","Id":"5000000000000012346","SyncToken":"1",'
        + META
        + "}",
        Class(name="North", parent=ref(Kind.CLASS, "5000000000000012345"), active=True),
    ),
    (
        Kind.PAYMENT_METHOD,
        '{"Name":"Visa","Active":true,"Type":"CREDIT_CARD","Id":"5","SyncToken":"0",' + META + "}",
        PaymentMethod(name="Visa", method_type="credit_card", active=True),
    ),
    (
        Kind.VENDOR,
        '{"BillAddr":{"Id":"31","Line1":"15 Main St.","Line3":"Dock 4","City":"Palo Alto",'
        '"CountrySubDivisionCode":"CA","PostalCode":"94303","Lat":"37.44","Long":"INVALID"},'
        '"TermRef":{"value":"3"},"Balance":0,"BillRate":0,"AcctNum":"V-77","Vendor1099":true,'
        '"CurrencyRef":{"value":"USD"},"GivenName":"Bessie","FamilyName":"Williams",'
        '"CompanyName":"Books by Bessie","DisplayName":"Books by Bessie",'
        '"TaxIdentifier":"XXXXX1234","PrintOnCheckName":"Books by Bessie","Active":true,'
        '"V4IDPseudonym":"00209",'
        '"PrimaryPhone":{"FreeFormNumber":"(650) 555-7745"},'
        '"PrimaryEmailAddr":{"Address":"Books@Intuit.example"},"WebAddr":{"URI":"https://b.example"},'
        '"Id":"30","SyncToken":"2",' + META + "}",
        Vendor(
            name="Books by Bessie",
            code="V-77",
            company_name="Books by Bessie",
            contact_name="Bessie Williams",
            email="Books@Intuit.example",
            phone="(650) 555-7745",
            website="https://b.example",
            billing_address=Address(
                lines=("15 Main St.", "Dock 4"),
                city="Palo Alto",
                region="CA",
                postal_code="94303",
            ),
            terms=ref(Kind.TERM, "3"),
            currency="USD",
            is_1099=True,
            notes=None,
            active=True,
            balance=Decimal(0),
        ),
    ),
    (
        Kind.CUSTOMER,
        '{"Taxable":false,"Job":false,"BillWithParent":false,"DisplayName":"Amy\'s Bird Sanctuary",'
        '"BillAddr":{"Id":"2","Line1":"4581 Finch St."},"ShipAddr":{},"SalesTermRef":{"value":"3"},'
        '"Balance":239.00,"BalanceWithJobs":239.00,"PreferredDeliveryMethod":"Print",'
        '"DefaultTaxCodeRef":{"value":"2"},"PrimaryTaxIdentifier":"12-3456789","Notes":"",'
        '"Active":true,"Id":"1","SyncToken":"0",' + META + "}",
        Customer(
            name="Amy's Bird Sanctuary",
            company_name=None,
            contact_name=None,
            email=None,
            phone=None,
            website=None,
            billing_address=Address(lines=("4581 Finch St.",)),
            shipping_address=None,
            terms=ref(Kind.TERM, "3"),
            tax_code=ref(Kind.TAX_CODE, "2"),
            taxable=False,
            tax_number="12-3456789",
            notes=None,
            active=True,
            balance=Decimal("239.00"),
        ),
    ),
    (
        Kind.ITEM,
        '{"Name":"Rock Fountain","Sku":"RF-1","Description":"Rock Fountain","Active":true,'
        '"FullyQualifiedName":"Design:Rock Fountain","SubItem":true,"ParentRef":{"value":"20"},'
        '"Taxable":true,"UnitPrice":275.10,"Type":"Inventory","IncomeAccountRef":{"value":"79"},'
        '"PurchaseDesc":"Rock","PurchaseCost":125,"ExpenseAccountRef":{"value":"80"},'
        '"AssetAccountRef":{"value":"81"},"TrackQtyOnHand":true,"QtyOnHand":2,'
        '"InvStartDate":"2026-05-01","Id":"5","SyncToken":"3",' + META + "}",
        Item(
            name="Rock Fountain",
            sku="RF-1",
            type="inventory",
            description="Rock Fountain",
            purchase_description="Rock",
            sales_price=Decimal("275.10"),
            purchase_cost=Decimal(125),
            income_account=ref(Kind.ACCOUNT, "79"),
            expense_account=ref(Kind.ACCOUNT, "80"),
            asset_account=ref(Kind.ACCOUNT, "81"),
            taxable=True,
            active=True,
            full_name="Design:Rock Fountain",
            quantity_on_hand=Decimal(2),
            inventory_start="2026-05-01",
        ),
    ),
]


@pytest.mark.parametrize(("kind", "body", "expected"), GOLDEN)
def test_golden_objects(kind: Kind, body: str, expected: Record) -> None:
    observation = seen(kind, body)
    assert observation.record == expected
    assert observation.raw == body.encode()
    assert observation.out_of_scope == ""
    assert observation.modified_at is not None
    assert decode_record(encode_model(observation.record)) == expected


@pytest.mark.parametrize(("kind", "body", "_"), GOLDEN)
def test_F86_golden_objects_hold_nothing_unknown(kind: Kind, body: str, _: Record) -> None:
    assert set(json.loads(body)) <= ENTITIES[kind].known


TAX = (
    '{"Name":"California","Description":"CA","Active":true,"Hidden":false,"Taxable":true,'
    '"TaxGroup":true,"SalesTaxRateList":{"TaxRateDetail":[{"TaxRateRef":{"value":"3"},'
    '"TaxTypeApplicable":"TaxOnAmount","TaxOrder":0},{"TaxRateRef":{"value":"4"},'
    '"TaxTypeApplicable":"%s","TaxOrder":1}]},"PurchaseTaxRateList":{"TaxRateDetail":[]},'
    '"Id":"%s","SyncToken":"0"}'
)
RATES = {"3": Decimal("7.25"), "4": Decimal("1")}


def test_tax_rates_are_joined_and_summed_exactly() -> None:
    record = seen(Kind.TAX_CODE, TAX % ("TaxOnAmount", "2"), RATES).record
    assert record == TaxCode(
        name="California",
        description="CA",
        rate=Decimal("8.25"),
        for_sales=True,
        for_purchases=False,
        active=True,
    )


def test_books_in_the_us_do_not_say_that_a_code_is_not_for_purchases() -> None:
    body = (TAX % ("TaxOnAmount", "2")).encode()
    found = to_record(Kind.TAX_CODE, body, Setting(rates=RATES, taxes_by_code=False))
    assert isinstance(found, Observation)
    assert isinstance(found.record, TaxCode)
    assert found.record.for_sales is True
    assert found.record.for_purchases is UNSET


def test_abroad_a_code_that_stands_for_no_tax_is_a_code_of_nothing_for_both_sides() -> None:
    """Exempt, out of scope: not taxable, without rates, and on lines a code like any other."""
    empty = (
        '{"Name":"Exempt","Active":true,"Taxable":%s,"TaxGroup":true%s,"Id":"2","SyncToken":"0"}'
    )
    lists = ',"SalesTaxRateList":{"TaxRateDetail":[]},"PurchaseTaxRateList":{"TaxRateDetail":[]}'
    for more in (lists, ""):
        record = seen(Kind.TAX_CODE, empty % ("false", more), RATES).record
        assert isinstance(record, TaxCode)
        assert (record.rate, record.for_sales, record.for_purchases) == (Decimal(0), True, True)
        # A taxable code without rates is one that nobody can use.
        record = seen(Kind.TAX_CODE, empty % ("true", more), RATES).record
        assert isinstance(record, TaxCode)
        assert (record.rate, record.for_sales, record.for_purchases) == (UNSET, False, False)


@pytest.mark.parametrize(
    ("how", "rates"), [("TaxOnTax", RATES), ("TaxOnAmount", {"3": Decimal(7)}), ("TaxOnAmount", {})]
)
def test_a_rate_that_cannot_be_told_is_not_shown(how: str, rates: dict[str, Decimal]) -> None:
    record = seen(Kind.TAX_CODE, TAX % (how, "2"), rates).record
    assert isinstance(record, TaxCode)
    assert record.rate is UNSET


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        (Kind.TAX_CODE, TAX % ("TaxOnAmount", "TAX"), "pseudo tax code"),
        (Kind.CUSTOMER, '{"DisplayName":"J","Job":true,"Id":"1","SyncToken":"0"}', "sub customer"),
        (
            Kind.CUSTOMER,
            '{"DisplayName":"J","IsProject":true,"Job":true,"Id":"1","SyncToken":"0"}',
            "project",
        ),
        (Kind.ITEM, '{"Name":"C","Type":"Category","Id":"1","SyncToken":"0"}', "category"),
        (Kind.ITEM, '{"Name":"C","Type":"Group","Id":"1","SyncToken":"0"}', "group"),
        (Kind.ITEM, '{"Name":"C","Type":"Service","Id":"1","SyncToken":"0"}', ""),
    ],
)
def test_what_is_watched_only(kind: Kind, body: str, reason: str) -> None:
    assert seen(kind, body).out_of_scope == reason


@pytest.mark.parametrize(
    ("shown_name", "active", "expected"),
    [
        ("Bolt (deleted)", False, "Bolt"),
        ("Bolt (Deleted)", False, "Bolt"),
        ("Bolt (deleted-2)", False, "Bolt"),
        ("Bolt (deleted)", True, "Bolt (deleted)"),
        ("Bolt (deleted) spare", False, "Bolt (deleted) spare"),
        ("Bolt", False, "Bolt"),
    ],
)
def test_F13_an_inactive_record_shows_the_name_that_it_holds(
    shown_name: str, active: bool, expected: str
) -> None:
    """Only so can be told whether another one may take the name that a person gave it."""
    body = {"Name": shown_name, "Active": active, "Type": "Service", "Id": "1", "SyncToken": "0"}
    record = seen(Kind.ITEM, json.dumps(body)).record
    assert isinstance(record, Item)
    assert record.name == shown_name
    assert given_name(body, "Name") == expected
    assert record.active is active


def test_F56_moving_an_item_under_a_category_changes_nothing_that_is_compared() -> None:
    before = '{"Name":"Bolt","FullyQualifiedName":"Bolt","Type":"Service","Id":"1","SyncToken":"0"}'
    after = (
        '{"Name":"Bolt","FullyQualifiedName":"Parts:Bolt","SubItem":true,"ParentRef":{"value":"9"},'
        '"Type":"Service","Id":"1","SyncToken":"1"}'
    )
    images = [comparable_bytes(seen(Kind.ITEM, body).record) for body in (before, after)]
    assert images[0] == images[1]


def test_stub_of_a_deleted_record() -> None:
    body = '{"domain":"QBO","status":"Deleted","Id":"65","MetaData":{"LastUpdatedTime":"x"}}'
    found = to_record(Kind.VENDOR, body.encode(), Setting())
    assert isinstance(found, Tombstone)
    assert found.ref == ExternalRef(QBO, Kind.VENDOR, "65")


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b'{"Id": 5}', b"{}"])
def test_nonsense_is_unreadable_and_kept(body: bytes) -> None:
    found = to_record(Kind.VENDOR, body, Setting())
    assert isinstance(found, Unreadable)
    assert found.raw == body


def test_F94_a_problem_names_the_field_and_not_its_content() -> None:
    body = b'{"Id":"1","SyncToken":"0","DisplayName":"Secret Ltd","PrimaryPhone":"555-SECRET"}'
    found = to_record(Kind.VENDOR, body, Setting())
    assert isinstance(found, Unreadable)
    assert found.problem.field == "PrimaryPhone"
    assert "SECRET" not in found.problem.message


@pytest.mark.parametrize(
    "digits", ["0.1", "1234567890.123456789", "100.00", "12345678901234567.89"]
)
def test_money_keeps_its_digits_both_ways(digits: str) -> None:
    body = f'{{"Name":"N","Type":"Service","UnitPrice":{digits},"Id":"1","SyncToken":"0"}}'
    record = seen(Kind.ITEM, body).record
    assert isinstance(record, Item)
    assert str(record.sales_price) == digits
    sent = encode(to_raw(update({"sales_price": Decimal(digits)})))
    assert f'"UnitPrice":{digits}'.encode() in sent


# Writing


def create(kind: Kind, fields: dict[str, Value]) -> Write:
    return Write(
        b_id="b1",
        operation=OperationId("o"),
        kind=kind,
        action=Action.CREATE,
        ref=None,
        version="",
        fields=fields,
    )


def update(
    fields: dict[str, Value],
    *,
    kind: Kind = Kind.ITEM,
    action: Action = Action.UPDATE,
    raw: dict[str, Any] | None = None,
) -> Write:
    return Write(
        b_id="b1",
        operation=OperationId("o"),
        kind=kind,
        action=action,
        ref=ExternalRef(QBO, kind, "5"),
        version="3",
        fields=fields,
        raw=json.dumps(raw).encode() if raw else b"",
    )


def test_a_create_says_only_what_there_is_to_say() -> None:
    wire = to_raw(
        create(
            Kind.VENDOR,
            {
                "name": "Nordic Steel",
                "email": "a@b.example",
                "phone": None,
                "notes": "",
                "terms": ref(Kind.TERM, "3"),
                "billing_address": Address(lines=("Dock 4",), city="Oslo"),
                "active": True,
            },
        )
    )
    assert wire == {
        "DisplayName": "Nordic Steel",
        "PrimaryEmailAddr": {"Address": "a@b.example"},
        "TermRef": {"value": "3"},
        "BillAddr": {"Line1": "Dock 4", "City": "Oslo"},
        "Active": True,
    }


def test_F87_every_update_names_id_version_sparse_and_what_is_required() -> None:
    raw = {"Id": "5", "SyncToken": "3", "Name": "Bolt", "Type": "NonInventory", "UnitPrice": 1}
    assert to_raw(update({"sku": "B-1"}, raw=raw)) == {
        "Id": "5",
        "SyncToken": "3",
        "sparse": True,
        "Name": "Bolt",
        "Sku": "B-1",
    }


def test_F87_an_update_without_version_is_a_bug_and_never_leaves() -> None:
    single = update({"sku": "B"})
    with pytest.raises(Broken):
        to_raw(
            Write(
                b_id="b1",
                operation=single.operation,
                kind=single.kind,
                action=single.action,
                ref=single.ref,
                version="",
                fields=single.fields,
            )
        )


def test_emptying_fields_is_said_in_each_shape() -> None:
    fields: dict[str, Value] = dict.fromkeys(
        ("email", "phone", "website", "notes", "terms", "billing_address")
    )
    wire = to_raw(update(fields, kind=Kind.VENDOR))
    assert wire["PrimaryEmailAddr"] == {"Address": ""}
    assert wire["PrimaryPhone"] == {"FreeFormNumber": ""}
    assert wire["WebAddr"] == {"URI": ""}
    assert wire["Notes"] == ""
    assert wire["TermRef"] == {"value": ""}
    assert set(wire["BillAddr"].values()) == {""}


def test_an_address_is_sent_whole_so_that_no_old_line_stays() -> None:
    wire = to_raw(update({"billing_address": Address(lines=("A",))}, kind=Kind.VENDOR))
    assert wire["BillAddr"]["Line1"] == "A"
    assert wire["BillAddr"]["Line2"] == ""
    assert wire["BillAddr"]["City"] == ""


def test_reactivating_gives_the_plain_name_back() -> None:
    raw = {"Id": "5", "SyncToken": "3", "Name": "Bolt (deleted)", "Active": False}
    wire = to_raw(update({"active": True}, action=Action.REACTIVATE, raw=raw))
    assert wire == {"Id": "5", "SyncToken": "3", "sparse": True, "Active": True, "Name": "Bolt"}
    kept = to_raw(update({"active": False}, action=Action.INACTIVATE, raw=raw))
    assert kept["Name"] == "Bolt (deleted)"
    assert kept["Active"] is False


def test_terms_with_a_day_of_the_month() -> None:
    fields: dict[str, Value] = {"name": "15th", "due": Decimal(15), "method": "day_of_month"}
    assert to_raw(create(Kind.TERM, fields)) == {
        "Name": "15th",
        "Type": "DATE_DRIVEN",
        "DayOfMonthDue": Decimal(15),
    }
    raw = {"Name": "15th", "Type": "DATE_DRIVEN", "DayOfMonthDue": 15}
    wire = to_raw(update({"due": Decimal(20)}, kind=Kind.TERM, raw=raw))
    assert wire["DayOfMonthDue"] == Decimal(20)
    assert "DueDays" not in wire


def test_sub_accounts_and_types() -> None:
    fields: dict[str, Value] = {
        "name": "Fees",
        "account_type": "Expense",
        "parent": ref(Kind.ACCOUNT, "7"),
    }
    assert to_raw(create(Kind.ACCOUNT, fields)) == {
        "Name": "Fees",
        "AccountType": "Expense",
        "ParentRef": {"value": "7"},
        "SubAccount": True,
    }


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (
            Kind.VENDOR,
            {"billing_address": Address(lines=("a", "b", "c", "d", "e", "f"))},
            "billing_address",
        ),
        (Kind.ITEM, {"sales_price": None}, "sales_price"),
        (Kind.ITEM, {"type": "stock"}, "type"),
        (Kind.ITEM, {"unit": "box"}, "unit"),
        (Kind.TERM, {"method": "days_after_month_end"}, "method"),
        (Kind.VENDOR, {"is_1099": None}, "is_1099"),
        (Kind.TAX_CODE, {"name": "x"}, "name"),
    ],
)
def test_what_cannot_be_said_in_quickbooks_is_named_with_its_cure(
    kind: Kind, fields: dict[str, Value], field: str
) -> None:
    with pytest.raises(Unwritable) as caught:
        to_raw(update(fields, kind=kind))
    assert caught.value.field == field
    assert caught.value.cure


@pytest.mark.parametrize(
    ("kind", "field", "prop"),
    [
        (Kind.ITEM, "sales_price", "UnitPrice"),
        (Kind.BILL, "due_date", "DueDate"),
        (Kind.VENDOR, "is_1099", "Vendor1099"),
    ],
)
def test_what_quickbooks_cannot_empty_is_named_in_our_words_and_in_its_own(
    kind: Kind, field: str, prop: str
) -> None:
    with pytest.raises(Unwritable, match=prop) as caught:
        to_raw(update({field: None}, kind=kind))
    assert caught.value.field == field


def test_every_field_that_may_be_written_can_be_written() -> None:
    config = QboConfig.model_validate(
        {
            "environment": "sandbox",
            "realm_id": "1",
            "client_id": {"env": "A"},
            "client_secret": {"env": "B"},
        }
    )
    for kind, rule in capabilities(config, Features()).kinds.items():
        writable = {f for f, r in rule.fields.items() if r.access is not Access.READ}
        entity = ENTITIES[kind]
        of_documents = {"lines", "custom_fields"} if entity.is_document else set()
        assert writable <= entity.puts.keys() | of_documents, kind
