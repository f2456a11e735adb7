"""Purchase orders, bills and invoices as they go out for the first time."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.encoding import comparable_bytes
from ledger.model.ids import Kind
from ledger.model.plans import Action
from ledger.model.values import Address, Line, Texts, Value
from tests.daemon.connectors.contract import request, shown, value, write
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.qbo.document_office import (
    ALL,
    BILL,
    INVOICE,
    ORDER,
    bench,
    office,
    party,
    refused,
)
from tests.daemon.connectors.qbo.papers import (
    FOUNTAIN,
    OFFICE,
    PUMP,
    Office,
    code,
    expense,
    fields,
    goods,
    lines,
    raw,
    ref,
)

__all__ = ["bench", "office"]

# Creating


async def test_a_whole_purchase_order_survives_the_trip(tmp_path: Path) -> None:
    switches = QboSwitches(order_custom_fields=("Crew #", "Job"))
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        said: dict[str, Value] = {
            "number": "PO-00017",
            "due_date": "2026-06-03",
            "terms": ref(Kind.TERM, "3"),
            "memo": "Ring the bell",
            "note": "From the source",
            "custom_fields": Texts((("Crew #", "A1"), ("Job", "Roof"))),
            "shipping_address": Address(lines=("Dock 4", "Pier 2"), city="Oslo", country="NO"),
            "expected_date": "2026-05-20",
        }
        rows = (goods(PUMP, "3", "12.5", "37.5"), expense(OFFICE, "20"))
        order = await office.create(ORDER, await office.vendor(), *rows, **said)
        assert {field: value(order, field) for field in said} == said
        assert value(order, "status") == "open"
        assert value(order, "total") == Decimal("57.5")
        assert value(order, "tax_calculation") == "exclusive"
        assert raw(order)["APAccountRef"]["value"] == "33", "the only payable account"
        assert [line.id for line in lines(order)] == ["1", "2"]
        assert [line.tax_code for line in lines(order)] == [code("NON")] * 2
        again = await office.read(order)
        assert comparable_bytes(again.record) == comparable_bytes(order.record)


async def test_a_whole_invoice_survives_the_trip(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(sales_custom_fields=("Crew #",))) as bench:
        office = Office(bench)
        said: dict[str, Value] = {
            "number": "INV-9",
            "due_date": "2026-06-03",
            "terms": ref(Kind.TERM, "3"),
            "memo": "Thank you",
            "note": "From the source",
            "custom_fields": Texts((("Crew #", "A1"),)),
            "billing_address": Address(lines=("1 High Street",), city="Leeds"),
            "shipping_address": Address(lines=("Dock 4",), city="Hull"),
        }
        row = goods(FOUNTAIN, "2", "275", "550")
        invoice = await office.create(INVOICE, await office.customer(), row, **said)
        assert {field: value(invoice, field) for field in said} == said
        assert len(lines(invoice)) == 1, "a subtotal is no line"
        assert value(invoice, "balance") == Decimal(550)
        assert value(invoice, "settlements") is None
        assert value(invoice, "tax_total") == 0


async def test_a_bill_says_what_was_billed(office: Office) -> None:
    rows = (goods(PUMP, "2", "10", "20"), goods(PUMP, "3", None, "9.99"), expense(OFFICE, "5"))
    bill = await office.create(BILL, await office.vendor(), *rows, number="SI-1", note="Ours")
    assert value(bill, "number") == "SI-1"
    assert value(bill, "total") == Decimal("34.99")
    shown_rows = [(row.quantity, row.unit_price, row.amount) for row in lines(bill)]
    assert shown_rows == [
        (Decimal(2), Decimal(10), Decimal(20)),
        (Decimal(3), None, Decimal("9.99")),
        (None, None, Decimal(5)),
    ]


@pytest.mark.parametrize("kind", ALL)
async def test_documents_go_thirty_to_a_request_and_are_never_read_back(
    office: Office, kind: Kind
) -> None:
    connector, party_id = office.connector, await party(office, kind)
    await office.create(kind, party_id, goods(PUMP, "1", "10", "10"), number="first")
    before = connector.budget
    writes = [
        write(
            Action.CREATE,
            kind,
            fields(party_id, goods(PUMP, "1", "10", "10"), kind=kind, number=f"N-{n}"),
            b_id=f"b{n}",
        )
        for n in range(30)
    ]
    outcomes = await connector.write(request(connector, *writes, number=50))
    assert [value(shown(o), "number") for o in outcomes] == [f"N-{n}" for n in range(30)]
    assert connector.budget.calls - before.calls == 1
    assert connector.budget.metered_reads == before.metered_reads


async def test_an_amount_that_is_not_its_product_never_leaves(office: Office) -> None:
    vendor = await office.vendor()
    for row, words in (
        (goods(PUMP, "3", "0.335", "1.00"), "takes only 1.01"),
        (goods(PUMP, "3", None, "1.005"), "parts of a cent"),
        (without_amount(), "no amount"),
    ):
        outcome = refused(await office.attempt(Action.CREATE, BILL, fields(vendor, row, kind=BILL)))
        assert (outcome.code, outcome.field) == ("not_representable", "lines")
        assert words in outcome.message
    assert office.bench.rows("create bill") == []
    half_up = await office.create(BILL, vendor, goods(PUMP, "3", "0.335", "1.01"))
    assert value(half_up, "total") == Decimal("1.01")


def without_amount() -> Line:
    return Line(sort="item", item=ref(Kind.ITEM, PUMP), quantity=Decimal(1))


async def test_accounts_do_not_stand_on_invoices(office: Office) -> None:
    said = fields(await office.customer(), expense(OFFICE, "5"), kind=INVOICE)
    outcome = refused(await office.attempt(Action.CREATE, INVOICE, said))
    assert "only products and services" in outcome.message


# The payable account of purchase orders


async def second_payable(bench: QboBench) -> None:
    create = {"Name": "Payables East", "AccountType": "Accounts Payable"}
    await bench.edit({"kind": "account", "create": create})


async def test_the_payable_account_is_looked_up_once_a_check(office: Office) -> None:
    vendor = await office.vendor()
    await office.connector.check()
    for _ in range(3):
        await office.create(ORDER, vendor, goods(PUMP, "1", "10", "10"))
    assert len(office.bench.rows("query Account")) == 1
    office.bench.clock.advance(5 * 3600)
    await office.connector.check()
    await office.create(ORDER, vendor, goods(PUMP, "1", "10", "10"))
    assert len(office.bench.rows("query Account")) == 2


async def test_several_payable_accounts_are_a_question_that_names_its_key(
    bench: QboBench, office: Office
) -> None:
    await second_payable(bench)
    vendor, row = await office.vendor(), goods(PUMP, "1", "10", "10")
    outcome = refused(await office.attempt(Action.CREATE, ORDER, fields(vendor, row, kind=ORDER)))
    assert "Payables East" in outcome.message
    assert "qbo.documents.payable_account" in outcome.cure
    bill = await office.create(BILL, vendor, row)
    assert raw(bill)["APAccountRef"]["value"] == "33", "QuickBooks' own choice"
    chosen = Office(bench, bench.reopen(documents={"payable_account": "payables east"}), after=9)
    order = await chosen.create(ORDER, vendor, row)
    assert raw(order)["APAccountRef"]["name"] == "Payables East"
    bill = await chosen.create(BILL, vendor, row, number="x")
    assert raw(bill)["APAccountRef"]["name"] == "Payables East"


async def test_a_payable_account_that_is_not_there_is_said_to_be_missing(
    bench: QboBench, office: Office
) -> None:
    chosen = Office(bench, bench.reopen(documents={"payable_account": "Nowhere"}), after=9)
    said = fields(await office.vendor(), goods(PUMP, "1", "10", "10"), kind=ORDER)
    outcome = refused(await chosen.attempt(Action.CREATE, ORDER, said))
    assert "Nowhere" in outcome.message
    assert outcome.cure == "correct qbo.documents.payable_account"
