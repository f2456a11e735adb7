"""Purchase orders, bills and invoices as they go out, and what the twin makes of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.capabilities import LineTax
from ledger.model.encoding import comparable_bytes
from ledger.model.facts import Observation, Tombstone
from ledger.model.ids import Kind
from ledger.model.outcomes import Confirmed, RefusalKind, Rejected, Unknown
from ledger.model.plans import Action
from ledger.model.values import Address, Line, Lines, Texts, Value
from tests.daemon.connectors.contract import one, request, shown, value, write
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.qbo.papers import (
    COGS,
    DAY,
    FOUNTAIN,
    OFFICE,
    PUMP,
    Office,
    billed,
    code,
    expense,
    fields,
    goods,
    lines,
    raw,
    ref,
)

ORDER, BILL, INVOICE = Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE
ALL = (ORDER, BILL, INVOICE)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[QboBench]:
    async with open_bench(tmp_path) as found:
        yield found


@pytest.fixture
def office(bench: QboBench) -> Office:
    return Office(bench)


def refused(outcome: object) -> Rejected:
    assert isinstance(outcome, Rejected), outcome
    assert outcome.field
    assert outcome.cure
    return outcome


async def party(office: Office, kind: Kind) -> str:
    return await (office.customer() if kind is INVOICE else office.vendor())


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


# Editing what was posted


@pytest.mark.parametrize("kind", ALL)
async def test_an_edit_changes_its_field_and_leaves_the_lines(office: Office, kind: Kind) -> None:
    first = await office.create(kind, await party(office, kind), goods(PUMP, "2", "10", "20"))
    edited = await office.update(first, due_date="2026-07-01")
    assert value(edited, "due_date") == "2026-07-01"
    assert lines(edited) == lines(first)
    assert value(edited, "total") == value(first, "total")


@pytest.mark.parametrize("kind", [ORDER, BILL])
async def test_what_a_bookkeeper_set_on_a_line_survives_an_edit(office: Office, kind: Kind) -> None:
    first = await office.create(
        kind, await office.vendor(), goods(PUMP, "2", "10", "20"), expense(OFFICE, "5")
    )
    reporting = await office.bench.add(Kind.CLASS, "East")
    client = await office.customer()
    for place in (0, 1):
        first = await office.edit(
            first,
            line={
                "Id": lines(first)[place].id,
                "ClassRef": {"value": reporting},
                "CustomerRef": {"value": client},
                "BillableStatus": "Billable",
            },
        )
    one_line, two = lines(first)
    wanted = Lines((replaced(one_line, unit_price="11", amount="22"), two))
    edited = await office.update(first, lines=wanted)
    for line in lines(edited):
        assert line.reporting_class == ref(Kind.CLASS, reporting)
        assert line.customer == ref(Kind.CUSTOMER, client)
        assert line.billable == "billable"
    assert lines(edited)[0].amount == Decimal(22)
    assert value(edited, "total") == Decimal(27)


def replaced(line: Line, **changes: str) -> Line:
    """As the core gives a line: owned fields, and nothing of the bookkeeper's."""
    amounts = {name: Decimal(text) for name, text in changes.items()}
    return msgspec.structs.replace(
        line, **amounts, reporting_class=None, customer=None, billable=""
    )


async def test_lines_are_known_by_their_id_wherever_they_stand(office: Office) -> None:
    rows = (goods(PUMP, "1", "10", "10"), goods(FOUNTAIN, "1", "20", "20"), expense(OFFICE, "5"))
    first = await office.create(BILL, await office.vendor(), *rows)
    first = await office.edit(first, reorder=["3", "1", "2"])
    assert [line.id for line in lines(first)] == ["3", "1", "2"]
    by_id = {line.id: line for line in lines(first)}
    new = expense(COGS, "1")
    wanted = Lines((by_id["2"], new, replaced(by_id["1"], quantity="2", amount="20")))
    edited = await office.update(first, lines=wanted)
    assert [line.id for line in lines(edited)] == ["2", "4", "1"], "3 is dropped, 4 is new"
    assert value(edited, "total") == Decimal(41)


async def test_a_line_can_change_its_sort_and_keeps_its_class(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "2", "10", "20"))
    reporting = await office.bench.add(Kind.CLASS, "East")
    first = await office.edit(first, line={"Id": "1", "ClassRef": {"value": reporting}})
    wanted = Lines((expense(OFFICE, "20", id="1"),))
    edited = await office.update(first, lines=wanted)
    (line,) = lines(edited)
    assert (line.id, line.sort, line.account) == ("1", "account", ref(Kind.ACCOUNT, OFFICE))
    assert line.reporting_class == ref(Kind.CLASS, reporting)
    assert line.quantity is None


async def test_a_class_is_given_with_a_new_line_only(office: Office) -> None:
    east = ref(Kind.CLASS, await office.bench.add(Kind.CLASS, "East"))
    west = ref(Kind.CLASS, await office.bench.add(Kind.CLASS, "West"))
    row = goods(PUMP, "1", "10", "10", reporting_class=east)
    first = await office.create(INVOICE, await office.customer(), row)
    (line,) = lines(first)
    assert line.reporting_class == east
    wanted = Lines((msgspec.structs.replace(line, reporting_class=west, description="New"),))
    (line,) = lines(await office.update(first, lines=wanted))
    assert (line.reporting_class, line.description) == (east, "New")


async def test_remarks_and_discounts_of_a_bookkeeper_stay(office: Office) -> None:
    first = await office.create(
        INVOICE, await office.customer(), goods(FOUNTAIN, "2", "100", "200")
    )
    stored = raw(first)["Line"][0]
    more = [
        stored,
        {"DetailType": "DescriptionOnly", "Description": "Thank you"},
        {
            "DetailType": "DiscountLineDetail",
            "Amount": 20,
            "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
        },
    ]
    first = await office.edit(first, set={"Line": more})
    assert [line.sort for line in lines(first)] == ["item", "text", "other"]
    assert [line.amount for line in lines(first)] == [Decimal(200), None, Decimal(-20)]
    item, *others = lines(first)
    wanted = Lines((replaced(item, unit_price="150", amount="300"), *others))
    edited = await office.update(first, lines=wanted)
    assert [line.sort for line in lines(edited)] == ["item", "text", "other"]
    assert lines(edited)[2].amount == Decimal(-30), "ten percent of the new sum"
    assert value(edited, "total") == Decimal(270)


async def test_a_description_can_be_emptied(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "2", "10", "20"))
    wanted = Lines((msgspec.structs.replace(lines(first)[0], description=""),))
    assert lines(await office.update(first, lines=wanted))[0].description == ""


async def test_lines_without_their_last_wire_form_are_read_first(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "2", "10", "20"))
    reporting = await office.bench.add(Kind.CLASS, "East")
    first = await office.edit(first, line={"Id": "1", "ClassRef": {"value": reporting}})
    erased = msgspec.structs.replace(first, raw=b"")
    wanted = Lines((replaced(lines(first)[0], unit_price="11", amount="22"),))
    edited = await office.update(erased, lines=wanted)
    assert lines(edited)[0].reporting_class == ref(Kind.CLASS, reporting)
    outcome = await office.attempt(Action.UPDATE, BILL, {"lines": wanted}, of=erased)
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.STALE
    assert outcome.shown is not None


async def test_a_line_that_is_not_there_is_refused_by_its_place(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "2", "10", "20"))
    wanted = Lines((lines(first)[0], expense(OFFICE, "1", id="77")))
    outcome = refused(await office.attempt(Action.UPDATE, BILL, {"lines": wanted}, of=first))
    assert "line 2" in outcome.message


# Bills that take over purchase order lines


async def an_order(office: Office, vendor: str) -> Observation:
    rows = (goods(PUMP, "10", "3", "30"), goods(FOUNTAIN, "2", "50", "100"))
    return await office.create(ORDER, vendor, *rows, number="PO-1")


async def test_two_partial_bills_take_over_one_order_line_by_line(office: Office) -> None:
    vendor = await office.vendor()
    order = await an_order(office, vendor)
    first = await office.create(
        BILL, vendor, billed(goods(PUMP, "4", "3", "12"), order, 0), number="SI-1"
    )
    assert lines(first)[0].order == ref(ORDER, order.ref.id)
    assert lines(first)[0].order_line == "1"
    assert value(first, "settlements") is None, "an order pays nothing"
    now = await office.read(order)
    assert value(now, "status") == "open"
    assert now.version != order.version
    await office.create(
        BILL,
        vendor,
        billed(goods(PUMP, "6", "3", "18"), order, 0),
        billed(goods(FOUNTAIN, "2", "50", "100"), order, 1),
        number="SI-2",
    )
    assert value(await office.read(order), "status") == "closed"


@pytest.mark.parametrize("omitted", ["drop", "keep"])
async def test_an_edited_bill_keeps_its_links(tmp_path: Path, omitted: str) -> None:
    switches = QboSwitches(line_link_omitted=omitted)  # type: ignore[arg-type]
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        vendor = await office.vendor()
        order = await an_order(office, vendor)
        row = billed(goods(PUMP, "4", "3", "12"), order, 0)
        bill = await office.create(BILL, vendor, row, expense(OFFICE, "5"))
        linked, freight = lines(bill)
        wanted = Lines((replaced(linked, quantity="5", amount="15"), freight))
        edited = await office.update(bill, lines=wanted)
        assert lines(edited)[0].order == ref(ORDER, order.ref.id)
        assert lines(edited)[0].id == linked.id
        assert raw(await office.read(order))["Line"][0]["Received"] == 5


async def test_a_line_that_is_linked_later_goes_out_as_a_new_one(office: Office) -> None:
    vendor = await office.vendor()
    order = await an_order(office, vendor)
    bill = await office.create(BILL, vendor, goods(PUMP, "4", "3", "12"), expense(OFFICE, "5"))
    reporting = await office.bench.add(Kind.CLASS, "East")
    bill = await office.edit(bill, line={"Id": "1", "ClassRef": {"value": reporting}})
    line, freight = lines(bill)
    wanted = Lines((billed(replaced(line), order, 0), freight))
    first, second = lines(await office.update(bill, lines=wanted))
    assert (first.order, first.order_line) == (ref(ORDER, order.ref.id), "1")
    assert first.id not in (line.id, "")
    assert first.reporting_class == ref(Kind.CLASS, reporting)
    assert second.id == freight.id


async def test_a_link_that_is_given_up_goes(office: Office) -> None:
    vendor = await office.vendor()
    order = await an_order(office, vendor)
    bill = await office.create(BILL, vendor, billed(goods(PUMP, "4", "3", "12"), order, 0))
    wanted = Lines((msgspec.structs.replace(lines(bill)[0], order=None, order_line=""),))
    assert lines(await office.update(bill, lines=wanted))[0].order is None
    assert raw(await office.read(order))["Line"][0]["Received"] == 0


async def test_a_link_that_quickbooks_drops_is_seen_to_be_missing(office: Office) -> None:
    order = await an_order(office, await office.vendor())
    other = await office.vendor("Another seller")
    row = billed(goods(PUMP, "4", "3", "12"), order, 0)
    bill = await office.create(BILL, other, row)
    assert lines(bill)[0].order is None


async def test_a_link_that_quickbooks_refuses_names_its_cure(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(invalid_link="refuse")) as bench:
        office = Office(bench)
        order = await an_order(office, await office.vendor())
        row = billed(goods(PUMP, "4", "3", "12"), order, 0)
        said = fields(await office.vendor("Another seller"), row, kind=BILL)
        outcome = refused(await office.attempt(Action.CREATE, BILL, said))
        assert (outcome.code, outcome.field) == ("620", "lines")
        assert "purchase order" in outcome.cure


async def test_an_order_line_that_is_not_known_is_never_guessed(office: Office) -> None:
    vendor = await office.vendor()
    order = await an_order(office, vendor)
    row = goods(PUMP, "4", "3", "12", order=ref(ORDER, order.ref.id))
    outcome = refused(await office.attempt(Action.CREATE, BILL, fields(vendor, row, kind=BILL)))
    assert "not known" in outcome.message


# Sales tax in the United States


async def test_classic_tax_is_one_code_and_never_an_old_total(office: Office) -> None:
    await office.connector.check()
    rule = office.connector.capabilities.kinds[INVOICE].lines
    assert rule is not None
    assert (rule.tax, rule.untaxed) == (LineTax.ONE, code("NON"))
    group = code("2")
    taxed = goods(FOUNTAIN, "1", "100", "100", tax_code=group)
    plain = goods(PUMP, "1", "50", "50", tax_code=code("NON"))
    first = await office.create(INVOICE, await office.customer(), taxed, plain)
    assert [line.tax_code for line in lines(first)] == [group, code("NON")]
    assert value(first, "tax_total") == Decimal(8)
    assert value(first, "total") == Decimal(158)
    # A bookkeeper overrides the total; it must not stand when the lines change.
    override = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": 9}}
    first = await office.edit(first, set=override)
    assert value(first, "tax_total") == Decimal(9)
    one_line, two = lines(first)
    wanted = Lines((replaced(one_line, unit_price="200", amount="200"), two))
    edited = await office.update(first, lines=wanted)
    assert value(edited, "tax_total") == Decimal(16)
    untaxed = Lines(
        tuple(msgspec.structs.replace(line, tax_code=code("NON")) for line in lines(edited))
    )
    edited = await office.update(edited, lines=untaxed)
    assert value(edited, "tax_total") == 0
    assert {line.tax_code for line in lines(edited)} == {code("NON")}


async def test_classic_tax_takes_no_second_code(office: Office) -> None:
    rows = (
        goods(FOUNTAIN, "1", "100", "100", tax_code=code("2")),
        goods(PUMP, "1", "50", "50", tax_code=code("3")),
    )
    said = fields(await office.customer(), *rows, kind=INVOICE)
    outcome = refused(await office.attempt(Action.CREATE, INVOICE, said))
    assert "line 2 has another tax code" in outcome.message
    assert "split" in outcome.cure


async def test_classic_tax_leaves_the_total_to_quickbooks(office: Office) -> None:
    said = fields(await office.customer(), goods(PUMP, "1", "1", "1"), kind=INVOICE)
    said["tax_total"] = Decimal(1)
    outcome = refused(await office.attempt(Action.CREATE, INVOICE, said))
    assert outcome.field == "tax_total"


async def test_automated_tax_takes_the_total_that_was_charged(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(sales_tax="automated")) as bench:
        office = Office(bench)
        await office.connector.check()
        kinds = office.connector.capabilities.kinds
        lines_of = kinds[INVOICE].lines
        assert lines_of is not None
        assert lines_of.tax is LineTax.TAXED
        taxed = goods(FOUNTAIN, "1", "100", "100", tax_code=code("TAX"))
        plain = goods(PUMP, "1", "50", "50", tax_code=code("NON"))
        first = await office.create(
            INVOICE, await office.customer(), taxed, plain, tax_total=Decimal("7.77")
        )
        assert [line.tax_code for line in lines(first)] == [code("TAX"), code("NON")]
        assert value(first, "tax_total") == Decimal("7.77")
        assert value(first, "total") == Decimal("157.77")
        edited = await office.update(first, tax_total=Decimal("8.01"))
        assert value(edited, "tax_total") == Decimal("8.01")
        one_line, two = lines(edited)
        dearer = Lines((one_line, replaced(two, unit_price="51", amount="51")))
        edited = await office.update(edited, lines=dearer)
        assert value(edited, "tax_total") == Decimal("8.01"), "the tax charged is the same"
        more = Lines((replaced(one_line, unit_price="200", amount="200"), two))
        edited = await office.update(edited, tax_total=Decimal("16.02"), lines=more)
        assert value(edited, "tax_total") == Decimal("16.02")
        outcome = refused(
            await office.attempt(Action.UPDATE, INVOICE, {"tax_total": Decimal("1.005")}, of=edited)
        )
        assert "cents" in outcome.cure


async def test_an_override_of_the_detection_is_obeyed(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(sales_tax="automated")) as bench:
        for chosen, tax in (
            ("detect", LineTax.TAXED),
            ("classic", LineTax.ONE),
            ("automated", LineTax.TAXED),
            ("none", LineTax.NONE),
        ):
            connector = bench.reopen(documents={"sales_tax": chosen})
            bench.clock.advance(60)  # each of them would use the whole limit of the company
            await connector.check()
            rule = connector.capabilities.kinds[INVOICE]
            assert rule.lines is not None
            assert rule.lines.tax is tax


# Custom fields


async def test_custom_fields_of_others_stay_and_one_can_be_emptied(tmp_path: Path) -> None:
    switches = QboSwitches(order_custom_fields=("Crew #", "Job"))
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        crew = Texts((("crew #", "A1"),))
        order = await office.create(
            ORDER, await office.vendor(), goods(PUMP, "1", "10", "10"), custom_fields=crew
        )
        theirs = [{"DefinitionId": "2", "StringValue": "Roof"}]
        order = await office.edit(order, set={"CustomField": theirs})
        order = await office.update(order, custom_fields=Texts((("Crew #", "B2"),)))
        assert value(order, "custom_fields") == Texts((("Crew #", "B2"), ("Job", "Roof")))
        order = await office.update(order, custom_fields=Texts((("Crew #", ""),)))
        assert value(order, "custom_fields") == Texts((("Job", "Roof"),))
        order = await office.update(order, custom_fields=None)
        assert value(order, "custom_fields") is None


@pytest.mark.parametrize(
    ("kind", "name", "content", "words"),
    [
        (ORDER, "Unheard of", "x", "Purchase orders"),
        (INVOICE, "Unheard of", "x", "Sales form content"),
        (ORDER, "Crew #", "x" * 32, "31"),
    ],
)
async def test_a_custom_field_that_cannot_be_names_its_cure(
    tmp_path: Path, kind: Kind, name: str, content: str, words: str
) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(order_custom_fields=("Crew #",))) as bench:
        office = Office(bench)
        said = fields(await party(office, kind), goods(PUMP, "1", "10", "10"), kind=kind)
        said["custom_fields"] = Texts(((name, content),))
        outcome = refused(await office.attempt(Action.CREATE, kind, said))
        assert outcome.field == "custom_fields"
        assert words in outcome.cure


# How documents end


async def test_a_voided_invoice_stays_with_its_number_and_lines(office: Office) -> None:
    row = goods(FOUNTAIN, "1", "100", "100", tax_code=code("2"))
    first = await office.create(INVOICE, await office.customer(), row, number="I-1", note="Ours")
    gone = shown(await office.attempt(Action.VOID, INVOICE, {}, of=first))
    assert gone.ref == first.ref
    assert value(gone, "status") == "voided"
    assert value(gone, "number") == "I-1"
    assert (value(gone, "total"), value(gone, "tax_total")) == (0, 0)
    assert [line.id for line in lines(gone)] == ["1"]
    again = shown(await office.attempt(Action.VOID, INVOICE, {}, of=gone))
    assert again.version == gone.version


async def test_a_note_alone_voids_nothing(office: Office) -> None:
    row = goods(FOUNTAIN, "1", "100", "100")
    first = await office.create(INVOICE, await office.customer(), row, note="Voided the old one")
    assert value(first, "status") == "open"


@pytest.mark.parametrize("kind", ALL)
async def test_a_deleted_document_leaves_a_tombstone(office: Office, kind: Kind) -> None:
    first = await office.create(kind, await party(office, kind), goods(PUMP, "1", "10", "10"))
    outcome = await office.attempt(Action.DELETE, kind, {}, of=first)
    assert isinstance(outcome, Confirmed)
    assert isinstance(outcome.shown, Tombstone)
    assert outcome.shown.ref == first.ref
    assert isinstance(await office.connector.read(first.ref), Tombstone)
    again = await office.attempt(Action.DELETE, kind, {}, of=first)
    assert isinstance(again, Confirmed), "gone is what was asked for"
    assert isinstance(again.shown, Tombstone)


async def test_deleting_a_bill_opens_its_order_again(office: Office) -> None:
    vendor = await office.vendor()
    order = await an_order(office, vendor)
    rows = (
        billed(goods(PUMP, "10", "3", "30"), order, 0),
        billed(goods(FOUNTAIN, "2", "50", "100"), order, 1),
    )
    bill = await office.create(BILL, vendor, *rows)
    assert value(await office.read(order), "status") == "closed"
    await office.attempt(Action.DELETE, BILL, {}, of=bill)
    assert value(await office.read(order), "status") == "open"


async def test_a_closed_order_stays_as_it_was(office: Office) -> None:
    order = await an_order(office, await office.vendor())
    closed = shown(await office.attempt(Action.CLOSE, ORDER, {}, of=order))
    assert value(closed, "status") == "closed"
    assert lines(closed) == lines(order)
    assert value(closed, "total") == value(order, "total")


@pytest.mark.parametrize(
    ("action", "kind"), [(Action.VOID, BILL), (Action.VOID, ORDER), (Action.CLOSE, INVOICE)]
)
async def test_an_end_that_a_kind_does_not_know_is_never_sent(
    office: Office, action: Action, kind: Kind
) -> None:
    first = await office.create(kind, await party(office, kind), goods(PUMP, "1", "10", "10"))
    before = office.connector.budget.calls
    outcome = refused(await office.attempt(action, kind, {}, of=first))
    assert outcome.refusal is RefusalKind.INVALID
    assert office.connector.budget.calls == before


async def test_ends_of_all_sorts_in_one_request(office: Office) -> None:
    vendor, customer = await office.vendor(), await office.customer()
    row = goods(PUMP, "1", "10", "10")
    order = await office.create(ORDER, vendor, row)
    bill = await office.create(BILL, vendor, row)
    changed = await office.create(BILL, vendor, row)
    invoices = [await office.create(INVOICE, customer, row) for _ in range(2)]
    writes = [
        write(Action.VOID, INVOICE, {}, of=invoices[0], b_id="b0"),
        write(Action.CLOSE, ORDER, {}, of=order, b_id="b1"),
        write(Action.DELETE, BILL, {}, of=bill, b_id="b2"),
        write(Action.UPDATE, BILL, {"due_date": "2026-07-01"}, of=changed, b_id="b3"),
        write(Action.VOID, INVOICE, {}, of=invoices[1], b_id="b4"),
        write(Action.CREATE, BILL, fields(vendor, row, kind=BILL), b_id="b5"),
    ]
    outcomes = await office.connector.write(request(office.connector, *writes, number=90))
    assert all(isinstance(outcome, Confirmed) for outcome in outcomes), outcomes
    assert value(shown(outcomes[0]), "status") == "voided"
    assert value(shown(outcomes[1]), "status") == "closed"
    assert isinstance(outcomes[2], Confirmed)
    assert isinstance(outcomes[2].shown, Tombstone)
    assert value(shown(outcomes[3]), "due_date") == "2026-07-01"
    assert value(shown(outcomes[4]), "status") == "voided"
    posts = [r for r in office.bench.rows() if r["request_id"].startswith("req-0090")]
    assert [r["request_id"] for r in posts] == ["req-0090", "req-0090-b0", "req-0090-b4"]
    # The whole request again does nothing a second time.
    again = await office.connector.write(request(office.connector, *writes, number=90))
    assert [type(o) for o in again] == [Confirmed] * 6
    assert len(list(office.bench.twin.state.all("Bill"))) == 2


async def test_a_void_that_is_throttled_after_the_batch_was_not_sent(office: Office) -> None:
    vendor, customer = await office.vendor(), await office.customer()
    row = goods(PUMP, "1", "10", "10")
    invoice = await office.create(INVOICE, customer, row)
    writes = [
        write(Action.CREATE, BILL, fields(vendor, row, kind=BILL), b_id="b0"),
        write(Action.VOID, INVOICE, {}, of=invoice, b_id="b1"),
    ]
    office.bench.fault("throttle", method="POST", path="*/invoice")
    first, second = await office.connector.write(request(office.connector, *writes, number=91))
    assert isinstance(first, Confirmed)
    assert isinstance(second, Rejected)
    assert second.refusal is RefusalKind.NOT_SENT


# Refusals


async def test_F38_a_document_that_moved_is_not_overwritten(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "1", "10", "10"))
    now = await office.edit(first, set={"PrivateNote": "Mine"})
    attempts: list[tuple[Action, dict[str, Value]]] = [
        (Action.UPDATE, {"due_date": "2026-07-01"}),
        (Action.DELETE, {}),
    ]
    for action, said in attempts:
        outcome = await office.attempt(action, BILL, said, of=first)
        assert isinstance(outcome, Rejected)
        assert (outcome.refusal, outcome.code) == (RefusalKind.STALE, "5010")
        assert outcome.shown is not None
        assert outcome.shown.version == now.version


async def test_a_number_that_is_taken_shows_who_has_it(tmp_path: Path) -> None:
    switches = QboSwitches(custom_txn_numbers=True, warn_duplicate_bill=True)
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        row = goods(PUMP, "1", "10", "10")
        vendor = await office.vendor()
        for kind, party_id in ((ORDER, vendor), (BILL, vendor), (INVOICE, await office.customer())):
            first = await office.create(kind, party_id, row, number="N-1")
            said = fields(party_id, row, kind=kind, number="N-1")
            outcome = refused(await office.attempt(Action.CREATE, kind, said))
            assert (outcome.refusal, outcome.code) == (RefusalKind.DUPLICATE, "6140")
            assert outcome.field == "number"
            assert outcome.shown is not None
            assert outcome.shown.ref == first.ref
        other = await office.vendor("Another seller")
        second = await office.create(BILL, other, row, number="N-1")
        found = await office.connector.find(BILL, "number", "N-1")
        assert len(found) == 2, "the number of a bill is its vendor's"
        said = fields(other, row, kind=BILL, number="N-1")
        outcome = refused(await office.attempt(Action.CREATE, BILL, said))
        assert outcome.shown is not None
        assert outcome.shown.ref == second.ref


@pytest.mark.parametrize(("password", "expected"), [(False, "6200"), (True, "6210")])
async def test_F65_a_closed_period_is_named_with_its_cure(
    tmp_path: Path, password: bool, expected: str
) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(closing_password=password)) as bench:
        office = Office(bench)
        row = goods(PUMP, "1", "10", "10")
        bill = await office.create(BILL, await office.vendor(), row)
        invoice = await office.create(INVOICE, await office.customer(), row)
        close_books(bench, DAY)
        attempts: list[tuple[Action, Observation, dict[str, Value]]] = [
            (Action.UPDATE, bill, {"date": "2026-06-01"}),
            (Action.DELETE, bill, {}),
            (Action.VOID, invoice, {}),
        ]
        for action, of, said in attempts:
            outcome = refused(await office.attempt(action, of.ref.kind, said, of=of))
            assert (outcome.code, outcome.field) == (expected, "date")
            assert outcome.refusal is RefusalKind.INVALID
            assert "closing date" in outcome.cure


def close_books(bench: QboBench, day: str) -> None:
    bench.twin.state.company = replace(bench.twin.state.company, closed_until=day)


async def test_F67_a_date_before_the_stock_begins_is_named_with_its_cure(office: Office) -> None:
    said = fields(await office.vendor(), goods(PUMP, "1", "10", "10"), kind=ORDER)
    outcome = refused(await office.attempt(Action.CREATE, ORDER, said | {"date": "2014-10-31"}))
    assert (outcome.code, outcome.field) == ("6270", "date")
    assert "start date" in outcome.cure


@pytest.mark.parametrize("style", ["2500", "610"])
async def test_F64_an_inactive_reference_is_named_with_its_cure(tmp_path: Path, style: str) -> None:
    switches = QboSwitches(inactive_reference=style)  # type: ignore[arg-type]
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        gone, vendor = await office.vendor("Gone & Co"), await office.vendor()
        await bench.edit({"kind": "vendor", "id": gone, "inactivate": True})
        await bench.edit({"kind": "item", "id": FOUNTAIN, "inactivate": True})
        row, bad = goods(PUMP, "1", "10", "10"), goods(FOUNTAIN, "1", "10", "10")
        for said, field, words in (
            (fields(gone, row, kind=BILL), "vendor", 'vendor "Gone & Co" is inactive'),
            (fields(vendor, row, bad, kind=BILL), "lines", 'line 2: item "Rock Fountain" is'),
        ):
            outcome = refused(await office.attempt(Action.CREATE, BILL, said))
            assert (outcome.refusal, outcome.code) == (RefusalKind.INVALID, style)
            assert outcome.field == field
            assert words in outcome.message
            assert "intuit_tid" in outcome.message
            assert "reactivate" in outcome.cure
        bench.fault("status", status=500, path="*/query", times=0)
        said = fields(gone, row, kind=BILL)
        outcome = await office.attempt(Action.CREATE, BILL, said)
        assert isinstance(outcome, Rejected), "the refusal stands without the look-up"
        assert outcome.code == style


async def test_a_pointer_to_nothing_names_the_part_of_the_document(office: Office) -> None:
    vendor = await office.vendor()
    row = goods(PUMP, "1", "10", "10")
    for said, field in (
        (fields("999", row, kind=BILL), "vendor"),
        (fields(vendor, goods("999", "1", "10", "10"), kind=BILL), "lines"),
        (fields(vendor, expense("999", "10"), kind=BILL), "lines"),
    ):
        outcome = refused(await office.attempt(Action.CREATE, BILL, said))
        assert (outcome.code, outcome.field) == ("2500", field)


async def test_a_paid_invoice_that_cannot_be_voided_says_why(office: Office) -> None:
    first = await office.create(INVOICE, await office.customer(), goods(PUMP, "1", "10", "10"))
    for number, text in (("6540", "deposit"), ("6480", "bank"), ("6450", "payment")):
        error = {"Message": "No", "Detail": "Because", "code": number}
        body = {"Fault": {"Error": [error], "type": "ValidationFault"}}
        office.bench.fault("status", status=400, body=body, method="POST")
        outcome = await office.attempt(Action.VOID, INVOICE, {}, of=first)
        assert isinstance(outcome, Rejected)
        assert outcome.refusal is RefusalKind.INVALID
        assert text in outcome.cure


# Unclear ends


@pytest.mark.parametrize("kind", ALL)
async def test_F01_a_lost_reply_is_found_by_its_number_and_never_doubles(
    office: Office, kind: Kind
) -> None:
    said = fields(await party(office, kind), goods(PUMP, "1", "10", "10"), kind=kind, number="L-1")
    await office.connector.check()
    single = write(Action.CREATE, kind, said)
    office.bench.fault("lost_reply", method="POST")
    assert isinstance(await one(office.connector, single, number=7), Unknown)
    (found,) = await office.connector.find(kind, "number", "l-1")
    again = shown(await one(office.connector, single, number=7))
    assert again.ref == found.ref
    assert [n for n in office.bench.names(kind).values() if n == "L-1"] == ["L-1"]


@pytest.mark.parametrize("action", [Action.VOID, Action.DELETE])
async def test_F01_a_lost_end_is_replayed_and_does_nothing_twice(
    office: Office, action: Action
) -> None:
    first = await office.create(INVOICE, await office.customer(), goods(PUMP, "1", "10", "10"))
    single = write(action, INVOICE, {}, of=first)
    office.bench.fault("lost_reply", method="POST")
    assert isinstance(await one(office.connector, single, number=70), Unknown)
    assert isinstance(await one(office.connector, single, number=70), Confirmed)


async def test_an_answer_that_does_not_say_deleted_leaves_the_end_unknown(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "1", "10", "10"))
    body = {"Bill": raw(first) | {"TotalAmt": 10, "Line": []}}
    office.bench.fault("status", status=200, body=body, method="POST")
    outcome = await office.attempt(Action.DELETE, BILL, {}, of=first)
    assert isinstance(outcome, Unknown)
