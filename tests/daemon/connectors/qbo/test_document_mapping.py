"""Golden documents as QuickBooks shows them and what they mean, also abroad and in other money."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.mapping.table import encode, to_record
from daemon.connectors.qbo.mapping.wire import Setting
from ledger.model.encoding import comparable_bytes, decode_record
from ledger.model.encoding import encode as encode_model
from ledger.model.facts import Observation, Unreadable
from ledger.model.ids import Kind
from ledger.model.records import Bill, Invoice, PurchaseOrder, Record
from ledger.model.values import UNSET, Address, Line, Lines, Texts
from tests.daemon.connectors.qbo.document_bodies import (
    ABROAD,
    AUTOMATED,
    BILL,
    CLASSIC,
    INVOICE,
    ORDER,
    UNTAXED,
    US_BILL,
    US_INVOICE,
    US_ORDER,
    changed,
    seen,
)
from tests.daemon.connectors.qbo.papers import code, ref

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
