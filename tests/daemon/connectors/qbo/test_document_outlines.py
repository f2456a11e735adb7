"""What is sent of a document to QuickBooks: of a new one, and over one that stands."""

import json
from decimal import Decimal
from typing import Any

import pytest

from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.documentrules import document_rules
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.table import encode, to_raw
from daemon.connectors.qbo.mapping.wire import Setting, Unwritable
from ledger.model.capabilities import LineTax
from ledger.model.ids import Kind
from ledger.model.outcomes import Write
from ledger.model.plans import Action
from ledger.model.values import Line, Lines
from tests.daemon.connectors.qbo.document_bodies import (
    ABROAD,
    ABROAD_UNTAXED,
    AUTOMATED,
    BILL,
    CLASSIC,
    INVOICE,
    ORDER,
    UNTAXED,
    US_BILL,
    US_INVOICE,
    US_ORDER,
    new,
    seen,
    update,
)
from tests.daemon.connectors.qbo.papers import code, expense, goods
from tests.daemon.connectors.qbo.test_company import config


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
