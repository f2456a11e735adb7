"""An edited document changes what was edited: lines, links and what a bookkeeper set stay."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.ids import Kind
from ledger.model.outcomes import RefusalKind, Rejected
from ledger.model.plans import Action
from ledger.model.values import Lines
from tests.daemon.connectors.contract import value
from tests.daemon.connectors.qbo.bench import open_bench
from tests.daemon.connectors.qbo.document_office import (
    ALL,
    BILL,
    INVOICE,
    ORDER,
    an_order,
    bench,
    office,
    party,
    refused,
    replaced,
)
from tests.daemon.connectors.qbo.papers import (
    COGS,
    FOUNTAIN,
    OFFICE,
    PUMP,
    Office,
    billed,
    expense,
    fields,
    goods,
    lines,
    raw,
    ref,
)

__all__ = ["bench", "office"]


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
