"""Golden documents in QuickBooks' JSON and what they mean; what is sent where no twin goes:
companies outside the US, inclusive prices, foreign currency."""

import json
from decimal import Decimal
from typing import Any

import pytest

from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.documentrules import document_rules
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.table import QBO, encode, to_raw, to_record
from daemon.connectors.qbo.mapping.wire import Setting, Unwritable
from ledger.model.capabilities import LineTax
from ledger.model.encoding import comparable_bytes, decode_record
from ledger.model.encoding import encode as encode_model
from ledger.model.facts import Observation, Unreadable
from ledger.model.ids import ExternalRef, Kind, OperationId
from ledger.model.outcomes import Write
from ledger.model.plans import Action
from ledger.model.records import Bill, Invoice, PurchaseOrder, Record
from ledger.model.values import UNSET, Address, Line, Lines, Texts, Value
from tests.daemon.connectors.qbo.papers import code, expense, fields, goods, ref
from tests.daemon.connectors.qbo.test_company import config

ORDER, BILL, INVOICE = Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE
CLASSIC = Setting(taxes_by_code=False, sales_tax=LineTax.ONE, purchase_tax=LineTax.NONE)
AUTOMATED = Setting(taxes_by_code=False, sales_tax=LineTax.TAXED, purchase_tax=LineTax.NONE)
UNTAXED = Setting(taxes_by_code=False, sales_tax=LineTax.NONE, purchase_tax=LineTax.NONE)
ABROAD = Setting()
ABROAD_UNTAXED = Setting(sales_tax=LineTax.NONE, purchase_tax=LineTax.NONE)

META = (
    '"domain":"QBO","sparse":false,"MetaData":{"CreateTime":"2026-05-05T02:14:00-07:00",'
    '"LastModifiedByRef":{"value":"9341"},"LastUpdatedTime":"2026-05-05T02:14:00-07:00"}'
)
US_ORDER = (
    '{"EmailStatus":"NotSet","POStatus":"Open","Id":"162","SyncToken":"0",' + META + ","
    '"CustomField":[{"DefinitionId":"2","Name":"Job","Type":"StringType","StringValue":"Roof"},'
    '{"DefinitionId":"1","Name":"Crew #","Type":"StringType"}],'
    '"DocNumber":"1009","TxnDate":"2026-05-05",'
    '"CurrencyRef":{"value":"USD","name":"United States Dollar"},"LinkedTxn":[],'
    '"Line":[{"Id":"1","LineNum":1,"Description":"Office supplies","Amount":150,'
    '"DetailType":"AccountBasedExpenseLineDetail","AccountBasedExpenseLineDetail":'
    '{"AccountRef":{"value":"69","name":"Legal"},"BillableStatus":"NotBillable",'
    '"TaxCodeRef":{"value":"NON"}},"CustomExtensions":[]},'
    '{"Id":"2","LineNum":2,"Amount":0.30,"Received":0,"DetailType":"ItemBasedExpenseLineDetail",'
    '"ItemBasedExpenseLineDetail":{"ItemRef":{"value":"11"},"Qty":3,"UnitPrice":0.1,'
    '"ClassRef":{"value":"77"},"CustomerRef":{"value":"9"},"BillableStatus":"Billable",'
    '"TaxCodeRef":{"value":"NON"}},"CustomExtensions":[]}],'
    '"VendorRef":{"value":"56"},"APAccountRef":{"value":"33"},"TotalAmt":150.30,'
    '"Memo":"Test purchase order","ShipAddr":{"Id":"9","Line1":"Dock","City":"Hull","Lat":"1"}}'
)
US_BILL = (
    '{"Id":"163","SyncToken":"2",' + META + ',"DocNumber":"SI-1","TxnDate":"2026-05-05",'
    '"DueDate":"2026-06-04","SalesTermRef":{"value":"3"},"CurrencyRef":{"value":"USD"},'
    '"LinkedTxn":[{"TxnId":"162","TxnType":"PurchaseOrder"},'
    '{"TxnId":"170","TxnType":"BillPaymentCheck"},{"TxnId":"171","TxnType":"VendorCredit"}],'
    '"Line":[{"Id":"1","LineNum":1,"Amount":0.20,"LinkedTxn":[{"TxnId":"162",'
    '"TxnType":"PurchaseOrder","TxnLineId":"2"}],"DetailType":"ItemBasedExpenseLineDetail",'
    '"ItemBasedExpenseLineDetail":{"ItemRef":{"value":"11"},"Qty":2,"UnitPrice":0.1,'
    '"BillableStatus":"HasBeenBilled","TaxCodeRef":{"value":"NON"}}}],'
    '"VendorRef":{"value":"56"},"APAccountRef":{"value":"33"},"TotalAmt":0.20,"Balance":0.05,'
    '"PrivateNote":"Internal"}'
)
US_INVOICE = (
    '{"Id":"103","SyncToken":"4",' + META + ',"DocNumber":"1038","TxnDate":"2026-05-05",'
    '"DueDate":"2026-06-04","CurrencyRef":{"value":"USD"},"CustomField":[],"LinkedTxn":'
    '[{"TxnId":"145","TxnType":"Payment"},{"TxnId":"99","TxnType":"Estimate"}],'
    '"Line":[{"Id":"1","LineNum":1,"Amount":100,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"5"},"Qty":1,"UnitPrice":100,'
    '"ItemAccountRef":{"value":"79"},"TaxCodeRef":{"value":"TAX"}}},'
    '{"Id":"2","LineNum":2,"Amount":50,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"11"},"TaxCodeRef":{"value":"NON"}}},'
    '{"Id":"3","LineNum":3,"Description":"Fragile","DetailType":"DescriptionOnly",'
    '"DescriptionLineDetail":{}},'
    '{"Id":"4","LineNum":4,"Amount":7,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"SHIPPING_ITEM_ID"},"TaxCodeRef":{"value":"NON"}}},'
    '{"Id":"5","LineNum":5,"DetailType":"GroupLineDetail","GroupLineDetail":{"Quantity":1,'
    '"GroupItemRef":{"value":"40"},"Line":[{"Id":"6","Amount":1.5,"DetailType":'
    '"SalesItemLineDetail","SalesItemLineDetail":{"ItemRef":{"value":"5"}}},'
    '{"Id":"7","Amount":2,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"11"}}}]}},'
    '{"Amount":160.5,"DetailType":"SubTotalLineDetail","SubTotalLineDetail":{}},'
    '{"Amount":10.5,"DetailType":"DiscountLineDetail",'
    '"DiscountLineDetail":{"PercentBased":false}}],'
    '"TxnTaxDetail":{"TxnTaxCodeRef":{"value":"2"},"TotalTax":8,"TaxLine":[]},'
    '"CustomerRef":{"value":"9"},"CustomerMemo":{"value":"Thank you"},"TotalAmt":158,"Balance":58,'
    '"BillAddr":{"Line1":"1 High Street"},"FreeFormAddress":true,"ApplyTaxAfterDiscount":false,'
    '"PrintStatus":"NeedToPrint","EmailStatus":"NotSet"}'
)

GOLDEN: list[tuple[Kind, str, Record]] = [
    (
        ORDER,
        US_ORDER,
        PurchaseOrder(
            number="1009",
            date="2026-05-05",
            due_date=None,
            currency="USD",
            tax_calculation="exclusive",
            terms=None,
            memo="Test purchase order",
            note=None,
            custom_fields=Texts((("Job", "Roof"),)),
            lines=Lines(
                (
                    Line(
                        id="1",
                        sort="account",
                        account=ref(Kind.ACCOUNT, "69"),
                        description="Office supplies",
                        amount=Decimal(150),
                        tax_code=code("NON"),
                    ),
                    Line(
                        id="2",
                        item=ref(Kind.ITEM, "11"),
                        quantity=Decimal(3),
                        unit_price=Decimal("0.1"),
                        amount=Decimal("0.30"),
                        tax_code=code("NON"),
                        reporting_class=ref(Kind.CLASS, "77"),
                        customer=ref(Kind.CUSTOMER, "9"),
                        billable="billable",
                    ),
                )
            ),
            tax_total=Decimal(0),
            total=Decimal("150.30"),
            status="open",
            vendor=ref(Kind.VENDOR, "56"),
            shipping_address=Address(lines=("Dock",), city="Hull"),
            expected_date=None,
        ),
    ),
    (
        BILL,
        US_BILL,
        Bill(
            number="SI-1",
            date="2026-05-05",
            due_date="2026-06-04",
            currency="USD",
            tax_calculation="exclusive",
            terms=ref(Kind.TERM, "3"),
            note="Internal",
            lines=Lines(
                (
                    Line(
                        id="1",
                        item=ref(Kind.ITEM, "11"),
                        quantity=Decimal(2),
                        unit_price=Decimal("0.1"),
                        amount=Decimal("0.20"),
                        tax_code=code("NON"),
                        order=ref(ORDER, "162"),
                        order_line="2",
                        billable="billed",
                    ),
                )
            ),
            tax_total=Decimal(0),
            total=Decimal("0.20"),
            status="open",
            balance=Decimal("0.05"),
            settlements="BillPaymentCheck 170, VendorCredit 171",
            vendor=ref(Kind.VENDOR, "56"),
        ),
    ),
]


def seen(kind: Kind, body: str, setting: Setting = CLASSIC) -> Any:
    found = to_record(kind, body.encode(), setting)
    assert isinstance(found, Observation), found
    return found.record


def new(kind: Kind, *rows: Line, **more: Value) -> Write:
    return Write(
        b_id="b1",
        operation=OperationId("op"),
        kind=kind,
        action=Action.CREATE,
        ref=None,
        version="",
        fields=fields("9", *rows, kind=kind, **more),
    )


def update(kind: Kind, body: str, **said: Value) -> Write:
    return Write(
        b_id="b1",
        operation=OperationId("op"),
        kind=kind,
        action=Action.UPDATE,
        ref=ExternalRef(QBO, kind, "1"),
        version="4",
        fields=said,
        raw=body.encode(),
    )


def changed(body: str, **props: Any) -> str:
    return encode(decode(body.encode()) | props).decode()


@pytest.mark.parametrize(("kind", "body", "expected"), GOLDEN)
def test_golden_documents(kind: Kind, body: str, expected: Record) -> None:
    record = seen(kind, body)
    assert record == expected
    assert decode_record(encode_model(record)) == record


def test_an_invoice_with_lines_of_all_sorts() -> None:
    record = seen(INVOICE, US_INVOICE)
    assert isinstance(record, Invoice)
    assert isinstance(record.lines, Lines)
    found = [(line.id, line.sort, line.amount, line.tax_code) for line in record.lines.lines]
    assert found == [
        ("1", "item", Decimal(100), code("2")),
        ("2", "item", Decimal(50), code("NON")),
        ("3", "text", None, None),
        ("4", "other", Decimal(7), None),
        ("5", "other", Decimal("3.5"), None),
        ("", "other", Decimal("-10.5"), None),
    ]
    assert record.lines.lines[2].description == "Fragile"
    assert sum(line.amount or 0 for line in record.lines.lines) + Decimal(8) == record.total
    assert record.settlements == "Payment 145", "an estimate pays nothing"
    assert (record.memo, record.note) == ("Thank you", None)
    assert record.custom_fields is None
    assert record.customer == ref(Kind.CUSTOMER, "9")
    assert record.exchange_rate is UNSET


def test_the_word_of_a_taxed_line_depends_on_the_company() -> None:
    def codes(setting: Setting, body: str = US_INVOICE) -> list[str]:
        rows = seen(INVOICE, body, setting).lines.lines
        return [str(line.tax_code) for line in rows if line.sort == "item"]

    assert codes(CLASSIC) == ["#2", "#NON"]
    assert codes(AUTOMATED) == ["#TAX", "#NON"]
    assert codes(UNTAXED) == ["#TAX", "#NON"]
    assert codes(ABROAD) == ["#TAX", "#NON"], "abroad the words are ids like any other"
    assert codes(CLASSIC, changed(US_INVOICE, TxnTaxDetail={"TotalTax": 0})) == ["#TAX", "#NON"]
    bare = US_INVOICE.replace(',"TaxCodeRef":{"value":"NON"}', "")
    assert codes(CLASSIC, bare) == ["#2", "#NON"], "a line without a word is not taxed"
    assert codes(ABROAD, bare) == ["#TAX", "None"]


@pytest.mark.parametrize(
    ("word", "setting", "expected"),
    [
        (None, CLASSIC, "exclusive"),
        ("NotApplicable", CLASSIC, "exclusive"),
        ("NotApplicable", ABROAD, "none"),
        ("TaxExcluded", ABROAD, "exclusive"),
        ("TaxInclusive", ABROAD, "inclusive"),
        ("Sideways", ABROAD, "sideways"),
    ],
)
def test_how_tax_is_counted(word: str | None, setting: Setting, expected: str) -> None:
    body = US_BILL if word is None else changed(US_BILL, GlobalTaxCalculation=word)
    assert seen(BILL, body, setting).tax_calculation == expected


def test_inclusive_and_foreign_documents_are_read_as_they_are() -> None:
    detail = {
        "ItemRef": {"value": "11"},
        "Qty": 1,
        "UnitPrice": 100,
        "TaxInclusiveAmt": 120,
        "TaxCodeRef": {"value": "7"},
    }
    line = {
        "Id": "1",
        "Amount": 100,
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": detail,
    }
    body = changed(
        US_BILL,
        GlobalTaxCalculation="TaxInclusive",
        CurrencyRef={"value": "EUR"},
        ExchangeRate=Decimal("1.0873"),
        TxnTaxDetail={"TotalTax": 20},
        TotalAmt=120,
        Line=[line],
    )
    record = seen(BILL, body, ABROAD)
    assert (record.currency, record.exchange_rate) == ("EUR", Decimal("1.0873"))
    assert (record.tax_total, record.total) == (Decimal(20), Decimal(120))
    assert record.lines.lines[0].amount == Decimal(120), "as it was entered"
    assert record.lines.lines[0].tax_code == code("7")


def _sale(quantity: int | None) -> dict[str, Any]:
    """A line that costs nothing."""
    detail = {} if quantity is None else {"Qty": quantity}
    kind = "SalesItemLineDetail"
    return {"DetailType": kind, "Amount": 0, kind: {"ItemRef": {"value": "1"}, **detail}}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"PrivateNote": "Voided", "TotalAmt": 0, "Line": []}, "voided"),
        ({"PrivateNote": "Voided - Ours", "TotalAmt": 0, "Line": [{"Amount": 0}]}, "voided"),
        ({"PrivateNote": "paid", "TotalAmt": 0, "Line": [_sale(0), _sale(0)]}, "voided"),
        ({"PrivateNote": "free", "TotalAmt": 0, "Line": [_sale(0), _sale(2)]}, "open"),
        ({"PrivateNote": "free", "TotalAmt": 0, "Line": [_sale(None)]}, "open"),
        ({"PrivateNote": "Voided", "TotalAmt": 1, "Line": []}, "open"),
        ({"PrivateNote": "Voided", "TotalAmt": 0, "Line": [{"Amount": 1}]}, "open"),
        ({"PrivateNote": "Not Voided", "TotalAmt": 0, "Line": []}, "open"),
        ({"TotalAmt": 0, "Line": []}, "open"),
    ],
)
def test_what_a_voided_invoice_looks_like(changes: dict[str, Any], status: str) -> None:
    body = decode(US_INVOICE.encode()) | changes
    body["Line"] = [{"DetailType": "SubTotalLineDetail", **line} for line in body["Line"]]
    assert seen(INVOICE, encode(body).decode()).status == status


def test_an_order_that_nobody_closed_and_a_word_nobody_knows() -> None:
    assert seen(ORDER, changed(US_ORDER, POStatus="Closed")).status == "closed"
    assert seen(ORDER, changed(US_ORDER, POStatus="Parked")).status == "parked"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"TxnDate": "yesterday"}, "TxnDate"),
        ({"TxnDate": 7}, "TxnDate"),
        ({"TotalAmt": None}, "TotalAmt"),
        ({"TotalAmt": "much"}, "TotalAmt"),
        ({"Line": {}}, "Line"),
        ({"Line": [7]}, "Line"),
        ({"Line": [{"Amount": []}]}, "Amount"),
        ({"Line": [{"DetailType": "AccountBasedExpenseLineDetail", "LinkedTxn": 7}]}, ""),
        ({"LinkedTxn": "x"}, "LinkedTxn"),
        ({"VendorRef": "x"}, "VendorRef"),
        ({"TxnTaxDetail": []}, "TxnTaxDetail"),
    ],
)
def test_a_malformed_document_names_its_property(changes: dict[str, Any], field: str) -> None:
    found = to_record(BILL, changed(US_BILL, **changes).encode(), CLASSIC)
    if field:
        assert isinstance(found, Unreadable)
        assert found.problem.field == field
        assert found.problem.cure
    else:
        assert isinstance(found, Observation), "a line without an account is only watched"


def test_derived_figures_are_not_compared() -> None:
    one, other = seen(BILL, US_BILL), seen(BILL, changed(US_BILL, Balance=0, LinkedTxn=[]))
    assert comparable_bytes(one) == comparable_bytes(other)


# What is sent


def sent(write: Write, setting: Setting = CLASSIC) -> Any:
    return json.loads(encode(to_raw(write, setting)))


def test_a_new_order_says_only_what_there_is_to_say() -> None:
    setting = Setting(
        taxes_by_code=False,
        sales_tax=LineTax.ONE,
        purchase_tax=LineTax.NONE,
        payable_account="33",
    )
    assert sent(new(ORDER, goods("11", "3", "0.1", "0.30"), memo=None), setting) == {
        "TxnDate": "2026-05-04",
        "VendorRef": {"value": "9"},
        "APAccountRef": {"value": "33"},
        "Line": [
            {
                "LineNum": 1,
                "Description": "Goods 11",
                "Amount": 0.3,
                "DetailType": "ItemBasedExpenseLineDetail",
                "ItemBasedExpenseLineDetail": {
                    "ItemRef": {"value": "11"},
                    "Qty": 3,
                    "UnitPrice": 0.1,
                    "TaxCodeRef": {"value": "NON"},
                },
            }
        ],
    }


@pytest.mark.parametrize("kind", [ORDER, BILL, INVOICE])
def test_abroad_every_line_names_its_code_and_prices_are_without_tax(kind: Kind) -> None:
    row = goods("11", "1", "10", "10", tax_code=code("7"))
    body = sent(new(kind, row), ABROAD)
    assert body["GlobalTaxCalculation"] == "TaxExcluded"
    assert "TxnTaxDetail" not in body
    (line,) = body["Line"]
    assert line[line["DetailType"]]["TaxCodeRef"] == {"value": "7"}
    with pytest.raises(Unwritable, match="line 1 has no tax code"):
        to_raw(new(kind, goods("11", "1", "10", "10")), ABROAD)


def test_abroad_without_tax_no_line_has_a_code() -> None:
    row = goods("11", "1", "10", "10", tax_code=code("7"))
    body = sent(new(INVOICE, row), ABROAD_UNTAXED)
    assert body["GlobalTaxCalculation"] == "NotApplicable"
    assert "TaxCodeRef" not in body["Line"][0]["SalesItemLineDetail"]
    assert "TxnTaxDetail" not in body


@pytest.mark.parametrize(
    ("setting", "wanted", "word", "detail"),
    [
        (CLASSIC, "2", "TAX", {"TxnTaxCodeRef": {"value": "2"}}),
        (CLASSIC, "TAX", "TAX", None),
        (CLASSIC, "NON", "NON", None),
        (AUTOMATED, "TAX", "TAX", None),
        (AUTOMATED, "2", "TAX", None),
        (AUTOMATED, "NON", "NON", None),
        (UNTAXED, "2", "NON", None),
    ],
)
def test_in_the_us_lines_are_taxed_or_not(
    setting: Setting, wanted: str, word: str, detail: object
) -> None:
    body = sent(new(INVOICE, goods("5", "1", "10", "10", tax_code=code(wanted))), setting)
    assert body["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": word}
    assert body.get("TxnTaxDetail") == detail
    assert "GlobalTaxCalculation" not in body


def test_purchases_in_the_us_are_never_taxed() -> None:
    body = sent(new(BILL, goods("11", "1", "10", "10", tax_code=code("2"))))
    assert body["Line"][0]["ItemBasedExpenseLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert "TxnTaxDetail" not in body


def test_an_update_starts_from_the_last_line_and_keeps_what_is_not_ours() -> None:
    rows = seen(ORDER, US_ORDER).lines.lines
    dearer = [rows[0], goods("11", "4", "0.1", "0.4", id="2")]
    body = sent(update(ORDER, US_ORDER, lines=Lines(tuple(dearer))))
    assert body["Id"] == "1"
    assert (body["SyncToken"], body["sparse"]) == ("4", True)
    assert (body["VendorRef"], body["APAccountRef"]) == ({"value": "56"}, {"value": "33"})
    assert body["Line"][1] == {
        "Id": "2",
        "LineNum": 2,
        "Description": "Goods 11",
        "Amount": 0.4,
        "Received": 0,
        "CustomExtensions": [],
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": {
            "ItemRef": {"value": "11"},
            "Qty": 4,
            "UnitPrice": 0.1,
            "ClassRef": {"value": "77"},
            "CustomerRef": {"value": "9"},
            "BillableStatus": "Billable",
            "TaxCodeRef": {"value": "NON"},
        },
    }


def test_lines_of_sorts_that_are_not_ours_go_back_as_they_were() -> None:
    last = decode(US_INVOICE.encode())["Line"]
    rows = seen(INVOICE, US_INVOICE).lines
    body = to_raw(update(INVOICE, US_INVOICE, lines=rows), CLASSIC)
    assert [line["DetailType"] for line in body["Line"]] == [
        "SalesItemLineDetail",
        "SalesItemLineDetail",
        "DescriptionOnly",
        "SalesItemLineDetail",
        "GroupLineDetail",
        "DiscountLineDetail",
    ], "all but the subtotal, which QuickBooks adds"
    assert body["Line"][2:5] == last[2:5]
    assert body["Line"][5] == last[6], "a discount has no id"
    assert body["TxnTaxDetail"] == {"TxnTaxCodeRef": {"value": "2"}}


def test_a_document_whose_lines_are_left_alone_keeps_its_tax_and_lines() -> None:
    body = sent(update(INVOICE, US_INVOICE, due_date="2026-07-01"))
    assert body == {"Id": "1", "SyncToken": "4", "sparse": True, "DueDate": "2026-07-01"}
    body = sent(update(BILL, US_BILL, terms=None))
    assert body["SalesTermRef"] == {"value": ""}
    assert body["VendorRef"] == {"value": "56"}, "a sparse bill is refused without its vendor"


def test_links_of_other_sorts_stay_on_a_bill_line() -> None:
    charge = {"TxnId": "5", "TxnType": "ReimburseCharge"}
    raw = decode(US_BILL.encode())
    raw["Line"][0]["LinkedTxn"].append(charge)
    body = encode(raw).decode()
    rows = seen(BILL, body).lines
    (line,) = sent(update(BILL, body, lines=rows))["Line"]
    order = {"TxnId": "162", "TxnType": "PurchaseOrder", "TxnLineId": "2"}
    assert line["LinkedTxn"] == [charge, order]
    assert line["Id"] == "1"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Line(sort="item", amount=Decimal(1)), "line 1 has no item"),
        (Line(sort="account", amount=Decimal(1)), "line 1 has no account"),
        (Line(sort="text", description="Hello"), "neither a product nor an account"),
        (Line(sort="other", amount=Decimal(1)), "neither a product nor an account"),
        (expense("7", "1.001"), "parts of a cent"),
        (goods("11", "3", "0.335", "1.00"), "0.335"),
    ],
)
def test_a_line_that_cannot_be_said_is_named(row: Line, words: str) -> None:
    with pytest.raises(Unwritable, match=words) as caught:
        to_raw(new(BILL, row), CLASSIC)
    assert caught.value.field == "lines"
    assert caught.value.cure


def test_a_document_without_lines_is_none() -> None:
    with pytest.raises(Unwritable, match="without lines"):
        to_raw(new(BILL), CLASSIC)


def test_halves_of_a_cent_are_rounded_up_as_quickbooks_does() -> None:
    for quantity, price, amount in (
        ("1", "0.005", "0.01"),
        ("-1", "0.005", "-0.01"),
        ("3", "0.335", "1.01"),
        ("7", "1.2345678", "8.64"),
    ):
        body = sent(new(BILL, goods("11", quantity, price, amount)))
        assert body["Line"][0]["Amount"] == float(amount)


# What may be planned


def test_what_documents_promise() -> None:
    rules = document_rules(config(), Features())
    assert rules[ORDER].recovery_key == rules[BILL].recovery_key == "number"
    assert rules[BILL].recovery_also == ("vendor",)
    assert (rules[ORDER].removal, rules[BILL].removal, rules[INVOICE].removal) == (
        Action.CLOSE,
        Action.DELETE,
        Action.VOID,
    )
    assert {kind for kind, rule in rules.items() if rule.singly} == {INVOICE}
    assert all(rule.can_batch for rule in rules.values())
    namespaces = {kind: rule.fields["number"].namespace for kind, rule in rules.items()}
    assert namespaces == {
        ORDER: "purchase_order_number",
        BILL: "",
        INVOICE: "invoice_number",
    }
    assert {rule.fields["number"].max_length for rule in rules.values()} == {21}
    linking = {kind: rule.lines.links_orders for kind, rule in rules.items() if rule.lines}
    assert linking == {ORDER: False, BILL: True, INVOICE: False}
    assert not rules[INVOICE].lines.accounts  # type: ignore[union-attr]
    deleting = document_rules(config(documents={"void_order": "delete"}), Features())
    assert deleting[ORDER].removal is Action.DELETE


def test_classes_come_from_the_configuration_where_lines_have_them() -> None:
    chosen = config(
        documents={"class_by_location": {"East yard": "East"}, "default_class": "Other"}
    )
    rule = document_rules(chosen, Features())[BILL].lines
    assert rule is not None
    assert {place: str(one) for place, one in rule.classes.items()} == {
        "East yard": "East",
        "": "Other",
    }
    assert rule.classes_key == "qbo.documents.class_by_location"
    for features in (
        Features(classes_by_line=False),
        Features(disabled={Kind.CLASS: "the plan has none"}),
    ):
        without = document_rules(chosen, features)[BILL].lines
        assert without is not None
        assert without.classes == {}
