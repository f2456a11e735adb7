"""Purchases and sales as records: every field, every status word, every way of being wrong."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from daemon.connectors.dear.capabilities import DEAR, capabilities
from daemon.connectors.dear.documents.observing import Seen, detail
from ledger.model.facts import Observation
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from ledger.model.records import RECORD_TYPES, Bill, Invoice, PurchaseOrder, comparable_values
from ledger.model.values import Address, Line, Lines, Reference, Texts
from tests.daemon.connectors.dear.papers import (
    ADDRESS,
    CLAY,
    CLAY_LINE,
    FIRST,
    GLAZE,
    NO_ID,
    PURCHASE,
    PURCHASE_ID,
    SALE,
    SALE_ID,
    SECOND,
    said_by,
    with_parts,
)
from tests.daemon.connectors.dear.rows import GUID, config

ORDER = ExternalRef(DEAR, Kind.PURCHASE_ORDER, PURCHASE_ID)
BILL = ExternalRef(DEAR, Kind.BILL, f"{PURCHASE_ID}/{FIRST}")
OTHER_BILL = ExternalRef(DEAR, Kind.BILL, f"{PURCHASE_ID}/{SECOND}")
INVOICE = ExternalRef(DEAR, Kind.INVOICE, f"{SALE_ID}/{SALE_ID}")

LINES = (
    Line(
        item=Reference(kind=Kind.ITEM, id=CLAY),
        account=Reference(kind=Kind.ACCOUNT, key="310"),
        description="deliver dry",
        title="Stoneware clay 25 kg",
        quantity=Decimal(4),
        unit_price=Decimal("12.5"),
        discount_percent=Decimal(10),
        amount=Decimal(45),
        tax_code=Reference(kind=Kind.TAX_CODE, key="County 8.25"),
        tax=Decimal("3.71"),
    ),
    Line(
        item=Reference(kind=Kind.ITEM, id=GLAZE),
        account=Reference(kind=Kind.ACCOUNT, key="310"),
        title="Celadon glaze",
        quantity=Decimal("0.25"),
        unit_price=Decimal(80),
        amount=Decimal(20),
        tax_code=Reference(kind=Kind.TAX_CODE, key="County 8.25"),
        tax=Decimal("1.65"),
    ),
    Line(
        item=Reference(kind=Kind.ITEM, key="Freight"),
        account=Reference(kind=Kind.ACCOUNT, key="425"),
        description="Freight two pallets",
        title="Freight",
        quantity=Decimal(1),
        unit_price=Decimal(15),
        amount=Decimal(15),
        tax_code=Reference(kind=Kind.TAX_CODE, key="Exempt"),
        tax=Decimal(0),
    ),
)


def observed(seen: Seen, ref: ExternalRef) -> Observation:
    found = seen.by_ref[ref]
    assert isinstance(found, Observation), found
    return found


def test_an_order_field_by_field() -> None:
    one = observed(said_by(PURCHASE), ORDER)
    assert one.record == PurchaseOrder(
        number="PO-00042",
        date="2026-03-31",
        expected_date="2026-04-20",
        currency="EUR",
        exchange_rate=Decimal("0.86123"),
        tax_calculation="exclusive",
        terms=Reference(kind=Kind.TERM, key="30 days"),
        memo="for the spring firing",
        note="ring first",
        location="Kiln House",
        lines=Lines(LINES),
        tax_total=Decimal("5.36"),
        total=Decimal("85.36"),
        status="open",
        vendor=Reference(kind=Kind.VENDOR, id=f"{GUID}b"),
        shipping_address=Address(
            ("Potters Ltd", "7 Wharf Road"), "Stoke", "Staffordshire", "ST1 4AB", "United Kingdom"
        ),
        settlements=None,
    )
    assert one.modified_at == datetime(2026, 4, 12, 9, 30, 11, 123000, UTC)


def test_a_bill_field_by_field() -> None:
    seen = said_by(PURCHASE)
    assert observed(seen, BILL).record == Bill(
        number="CS-881",
        date="2026-04-02",
        due_date="2026-05-02",
        currency="EUR",
        exchange_rate=Decimal("0.86123"),
        tax_calculation="exclusive",
        terms=Reference(kind=Kind.TERM, key="30 days"),
        note="ring first",
        location="Kiln House",
        lines=Lines(LINES),
        tax_total=Decimal("5.36"),
        total=Decimal("85.36"),
        status="open",
        vendor=Reference(kind=Kind.VENDOR, id=f"{GUID}b"),
        order=Reference(kind=Kind.PURCHASE_ORDER, id=PURCHASE_ID),
        order_number="PO-00042",
        balance=Decimal("60.00"),
        settlements=f"Payment BACS 1, Payment {GUID}8",
    )
    draft = observed(seen, OTHER_BILL).record
    assert isinstance(draft, Bill)
    assert (draft.number, draft.due_date, draft.status) == (None, None, "draft")
    assert draft.lines == Lines(LINES[2:])


def test_an_invoice_field_by_field() -> None:
    assert observed(said_by(SALE), INVOICE).record == Invoice(
        number="INV-00007",
        date="2026-04-03",
        due_date="2026-04-10",
        currency="GBP",
        exchange_rate=Decimal(1),
        tax_calculation="exclusive",
        terms=Reference(kind=Kind.TERM, key="7 days"),
        memo="with thanks",
        note=None,
        location="Kiln House",
        lines=Lines(LINES),
        tax_total=Decimal("5.36"),
        total=Decimal("85.36"),
        status="open",
        customer=Reference(kind=Kind.CUSTOMER, id=f"{GUID}c"),
        billing_address=Address(
            ("7 Wharf Road",), "Stoke", "Staffordshire", "ST1 4AB", "United Kingdom"
        ),
        shipping_address=None,
        customer_reference="their 5512",
        order_number="SO-00007",
        balance=Decimal("0.00"),
        settlements=f"Payment {GUID}9",
    )


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_what_is_shown_is_what_the_capabilities_say(kind: Kind) -> None:
    named = {"custom_fields": {kind.value: {"Crew #": "AdditionalAttribute1"}}}
    seen = said_by(SALE if kind is Kind.INVOICE else PURCHASE, **named)
    one = next(o for o in seen.observations if o.ref.kind is kind)
    rules = capabilities(config(documents=named)).kinds[kind].fields
    assert comparable_values(one.record).keys() == rules.keys()
    assert rules.keys() <= set(RECORD_TYPES[kind].__struct_fields__)


def test_what_moves_beside_a_document_does_not_move_the_document() -> None:
    """Receipts, other invoices, credit notes and padding leave the record and its bytes alone."""
    moved = with_parts(
        PURCHASE,
        ("LastUpdatedDate", "2026-06-01T00:00:00Z"),
        ("Status", "INVOICED"),
        ("CombinedReceivingStatus", "FULLY RECEIVED"),
        ("StockReceived.0.Status", "AUTHORISED"),
        ("CreditNote.0.Status", "AUTHORISED"),
        ("Invoice.0.Lines.0.ProductWeight", 99),
        ("Order.Lines.0.ProductCustomField1", "shelf 9"),
        ("Invoice.1.Status", "AUTHORISED"),
    )
    old, new = said_by(PURCHASE), said_by(moved)
    for ref in (ORDER, BILL):
        one, other = observed(old, ref), observed(new, ref)
        assert (one.record, one.raw, one.version) == (other.record, other.raw, other.version)
    assert observed(old, OTHER_BILL).record != observed(new, OTHER_BILL).record
    kept = msgspec.json.decode(observed(old, BILL).raw)
    assert [invoice["InvoiceNumber"] for invoice in kept["Invoice"]] == ["CS-881"]
    assert kept["Invoice"][0]["Lines"][0]["SKU"] == "CLAY-25"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("DRAFT", "draft"),
        ("NOT AVAILABLE", "draft"),
        ("AUTHORISED", "open"),
        ("Authorized", "open"),
        ("PAID", "open"),
        ("VOIDED", "voided"),
    ],
)
def test_status_words_of_invoices(word: str, expected: str) -> None:
    purchase = with_parts(PURCHASE, ("Invoice.0.Status", word))
    sale = with_parts(SALE, ("Invoices.0.Status", word))
    for one in (observed(said_by(purchase), BILL), observed(said_by(sale), INVOICE)):
        assert (getattr(one.record, "status", ""), one.out_of_scope) == (expected, "")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("DRAFT", "draft"),
        ("AUTHORISED", "open"),
        ("INVOICED", "open"),
        ("FULFILLED", "open"),
        ("RECEIVED", "open"),
        ("CLOSED", "closed"),
        ("VOIDED", "voided"),
    ],
)
def test_status_words_of_orders(word: str, expected: str) -> None:
    one = observed(said_by(with_parts(PURCHASE, ("Order.Status", word))), ORDER)
    assert (getattr(one.record, "status", ""), one.out_of_scope) == (expected, "")


@pytest.mark.parametrize("word", ["CLOSED", "CREDITED", "PART PAID"])
def test_a_status_that_is_not_known_keeps_the_invoice_out(word: str) -> None:
    one = observed(said_by(with_parts(PURCHASE, ("Invoice.0.Status", word))), BILL)
    assert getattr(one.record, "status", "") is UNSET
    assert repr(word) in one.out_of_scope


def test_a_whole_that_is_voided_voids_its_parts_whatever_they_say() -> None:
    emptied = with_parts(
        PURCHASE,
        ("Status", "Voided"),
        ("Order.Lines", []),
        ("Order.AdditionalCharges", []),
        ("Order.Total", 0),
    )
    seen = said_by(emptied)
    for ref in (ORDER, BILL, OTHER_BILL):
        assert getattr(observed(seen, ref).record, "status", "") == "voided"
    assert getattr(observed(seen, ORDER).record, "lines", "") == Lines()


def test_stubs_are_no_records() -> None:
    stub: dict[str, Any] = {"Status": "NOT AVAILABLE", "Lines": [], "AdditionalCharges": []}
    for task in (NO_ID, None, PURCHASE_ID):
        fresh = with_parts(PURCHASE, ("Order", stub), ("Invoice", [{"TaskID": task, **stub}]))
        seen = said_by(fresh)
        assert (seen.observations, seen.unreadable) == ((), ())
    filled = with_parts(PURCHASE, ("Invoice", [{"TaskID": PURCHASE_ID, **stub, "Status": "DRAFT"}]))
    assert len(said_by(filled).observations) == 2


def test_what_was_there_and_is_not_any_more_is_told() -> None:
    seen = said_by(with_parts(PURCHASE, ("Invoice", [])), BILL.id)
    assert BILL in {one.ref for one in seen.tombstones}
    assert ORDER not in {one.ref for one in seen.tombstones}
    assert BILL not in {one.ref for one in said_by(PURCHASE, BILL.id).tombstones}


@pytest.mark.parametrize(
    ("tax_calculation", "line_total", "amount"),
    [
        ("Exclusive", "without_tax", "45"),
        ("Exclusive", "with_tax", "41.29"),
        ("Inclusive", "without_tax", "45"),
        ("Inclusive", "with_tax", "45"),
    ],
)
def test_line_amounts(tax_calculation: str, line_total: str, amount: str) -> None:
    """Only what tax is added to can hold it or not; inclusive lines hold it anyway."""
    sums = [("Order.TotalBeforeTax", ...)] if line_total == "with_tax" else []
    paper = with_parts(PURCHASE, ("TaxCalculation", tax_calculation), *sums)
    record = observed(said_by(paper, line_total=line_total), ORDER).record
    assert isinstance(record, PurchaseOrder)
    assert record.tax_calculation == tax_calculation.lower()
    assert isinstance(record.lines, Lines)
    assert record.lines.lines[0].amount == Decimal(amount)


def test_F64_a_rate_is_home_currency_for_one_unit_of_the_documents() -> None:
    later = with_parts(
        SALE, ("CustomerCurrency", "USD"), ("Invoices.0.CurrencyConversionRate", 0.79)
    )
    record = observed(said_by(later), INVOICE).record
    assert isinstance(record, Invoice)
    assert (record.currency, record.exchange_rate) == ("USD", Decimal("0.79"))
    unsaid = with_parts(later, ("Invoices.0.CurrencyConversionRate", None), ("CurrencyRate", 0.8))
    record = observed(said_by(unsaid), INVOICE).record
    assert isinstance(record, Invoice)
    assert record.exchange_rate == Decimal("0.8")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("2018-02-22T00:00:00", "2018-02-22"),
        ("2018-02-22", "2018-02-22"),
        ("2018-02-22T00:00:00Z", "2018-02-22"),
        ("2018-02-22T00:00:00.000", "2018-02-22"),
        (None, None),
        ("", None),
    ],
)
def test_business_dates_are_calendar_days(shown: str | None, expected: str | None) -> None:
    record = observed(said_by(with_parts(PURCHASE, ("RequiredBy", shown))), ORDER).record
    assert isinstance(record, PurchaseOrder)
    assert record.expected_date == expected


def test_custom_fields_in_the_order_of_their_names_and_only_those_with_a_value() -> None:
    wanted = {
        "Site": "Location",
        "Crew #": "AdditionalAttribute1",
        "Empty": "AdditionalAttribute2",
        "Missing": "NoSuchProperty",
        "Promised": "RequiredBy",
        "Blind": "BlindReceipt",
        "Rate": "CurrencyRate",
        "Part": "InvoicingAndReceivingNumber",
    }
    fields = {"custom_fields": {"bill": wanted}}
    record = observed(said_by(PURCHASE, **fields), BILL).record
    assert isinstance(record, Bill)
    assert record.custom_fields == Texts(
        (
            ("Blind", "No"),
            ("Crew #", "A7"),
            ("Part", "1"),
            ("Promised", "2026-04-20"),
            ("Rate", "0.86123"),
            ("Site", "Kiln House"),
        )
    )
    order = observed(said_by(PURCHASE, **fields), ORDER).record
    assert isinstance(order, PurchaseOrder)
    assert order.custom_fields is UNSET


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("TaxCalculation", "Reverse", "TaxCalculation"),
        ("TaxCalculation", None, "TaxCalculation"),
        ("SupplierID", "", "SupplierID"),
        ("OrderDate", "31/03/2026", "OrderDate"),
        ("ShippingAddress", "Stoke", "ShippingAddress"),
        ("ShippingAddress", {**ADDRESS, "City": ["Stoke"]}, "ShippingAddress.City"),
        ("Order", [], "Order"),
        ("Order.Lines", "none", "Lines"),
        ("Order.Lines.1.ProductID", NO_ID, "Lines[2].ProductID"),
        ("Order.Lines.1.Quantity", "many", "Lines[2].Quantity"),
        ("Order.Lines.0.Price", None, "Lines[1].Price"),
        ("Order.Lines.0.Total", True, "Lines[1].Total"),
        ("Order.AdditionalCharges.0.Description", None, "AdditionalCharges[1].Description"),
        ("Order.TotalBeforeTax", 74.64, "Lines.Total"),
    ],
)
def test_an_order_that_cannot_be_understood(path: str, value: Any, field: str) -> None:
    seen = said_by(with_parts(PURCHASE, (path, value)))
    problems = {one.ref: one.problem for one in seen.unreadable}
    assert problems[ORDER].field == field
    assert '"PO-00042"' in problems[ORDER].message
    assert problems[ORDER].cure
    assert ORDER not in {one.ref for one in seen.observations}
    assert ORDER not in {one.ref for one in seen.tombstones}
    if path.startswith(("Order", "ShippingAddress")):
        assert observed(seen, BILL).record


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("Invoice.0.InvoiceDate", "soon", "InvoiceDate"),
        ("Invoice.0.TaskID", SECOND, "TaskID"),
        ("Invoice.0.Lines.0.TaxRule", {}, "Lines[1].TaxRule"),
        ("Invoice.0.Total", "much", "Total"),
        ("Invoice.0.Payments", 3, "Payments"),
    ],
)
def test_a_bill_that_cannot_be_understood_hides_nothing_else(
    path: str, value: Any, field: str
) -> None:
    seen = said_by(with_parts(PURCHASE, (path, value)))
    (bad,) = seen.unreadable
    assert bad.ref == (OTHER_BILL if value == SECOND else BILL)
    assert bad.problem.field == field
    assert observed(seen, ORDER).record
    assert len(seen.observations) == (1 if value == SECOND else 2)


@pytest.mark.parametrize("invoices", [{}, [3], "one"])
def test_invoices_that_are_no_list_concern_the_whole(invoices: Any) -> None:
    seen = said_by(with_parts(PURCHASE, ("Invoice", invoices)))
    assert [one.ref for one in seen.unreadable] == [ORDER]
    assert seen.observations == ()
    seen = said_by(with_parts(SALE, ("Invoices", invoices)))
    assert [one.ref for one in seen.unreadable] == [INVOICE]


def test_an_invoice_without_an_id_concerns_the_whole() -> None:
    seen = said_by(with_parts(PURCHASE, ("Invoice.1.TaskID", NO_ID)))
    (bad,) = seen.unreadable
    assert (bad.ref, bad.problem.field) == (ORDER, "Invoice.TaskID")
    assert {one.ref for one in seen.observations} == {BILL}


@pytest.mark.parametrize("shown", [None, "", ...])
def test_a_sale_without_invoices_says_nothing(shown: Any) -> None:
    seen = said_by(with_parts(SALE, ("Invoices", shown)))
    assert (seen.observations, seen.unreadable) == ((), ())


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"ID": "another"}', b'{"ID": 5}'])
def test_an_answer_about_something_else_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"another document|Expected"):
        detail(PURCHASE_ID, body)


def test_lines_that_are_only_nearly_right_are_passed_on() -> None:
    """A cent of rounding, or sums that fit neither reading, are for the totals check to judge."""
    for before in (80.01, 79.98, 12):
        seen = said_by(with_parts(PURCHASE, ("Order.TotalBeforeTax", before)))
        assert observed(seen, ORDER).record
    assert Decimal(str(CLAY_LINE["Total"])) == 45
