"""Purchases and sales over real HTTP: what is shown of them, one by one and a year of them."""

from decimal import Decimal

import pytest

from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.facts import Observation, Page
from ledger.model.ids import DOCUMENT_KINDS, Kind
from ledger.model.records import Bill, Invoice, PurchaseOrder
from ledger.model.values import Lines, Reference
from tests.daemon.connectors.dear.bench import Bench, ids, open_bench
from tests.daemon.connectors.dear.document_bench import (
    b,
    bill,
    bill_in,
    buy,
    cursors,
    customer,
    invoice,
    invoice_in,
    lines,
    look,
    order_in,
    part_of,
    sell,
    shown,
    supplier,
    the_lines,
)

__all__ = ["b"]


def service(b: Bench) -> str:
    return next(
        str(row.fields["Name"])
        for row in b.twin.state["product"]
        if row.fields["Type"] == "Service" and row.fields["Status"] == "Active"
    )


class TestWhatIsShown:
    async def test_a_purchase_is_an_order_and_a_bill_for_each_invoice(self, b: Bench) -> None:
        made = buy(b)
        first, second = bill(b, made, **part_of(b, 4)), bill(b, made, **part_of(b, 6))
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        order = order_in(pages, made)
        assert (order.status, order.total, len(the_lines(order))) == ("open", Decimal(150), 2)
        assert shown(pages, Kind.BILL).keys() == {first, second}
        assert [bill_in(pages, one).total for one in (first, second)] == [Decimal(30), Decimal(45)]
        assert bill_in(pages, first).order == Reference(kind=Kind.PURCHASE_ORDER, id=made)
        assert bill_in(pages, first).order_number == order.number

    async def test_a_simple_purchase_has_one_bill_under_its_own_id(self, b: Bench) -> None:
        made = buy(b, PurchaseType="Simple")
        assert bill(b, made) == f"{made}/{made}"
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        assert bill_in(pages, f"{made}/{made}").status == "open"

    async def test_a_service_purchase_has_charges_only(self, b: Bench) -> None:
        charge = {"Description": service(b), "Quantity": 1, "Price": Decimal("40")}
        made = buy(b, Lines=[], IsServiceOnly=True, AdditionalCharges=[charge])
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        (line,) = the_lines(order_in(pages, made))
        assert line.item == Reference(kind=Kind.ITEM, key=service(b))
        ref_id = bill(b, made)
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        (line,) = the_lines(bill_in(pages, ref_id))
        assert (line.amount, line.account is not None) == (Decimal(40), True)

    async def test_sales_of_all_sorts_are_invoices(self, b: Bench) -> None:
        simple = sell(b, SaleType="Simple")
        advanced = sell(b)
        expected = {invoice(b, simple)}
        expected |= {invoice(b, advanced, **part_of(b, 3)), invoice(b, advanced, **part_of(b, 7))}
        charge = {"Description": service(b), "Quantity": 2, "Price": Decimal("40")}
        hired = b.begin("sale", CustomerID=customer(b), ServiceOnly=True)
        expected.add(invoice(b, hired, AdditionalCharges=[charge]))
        pages = await b.sweep(Kind.INVOICE)
        assert shown(pages, Kind.INVOICE).keys() == expected
        assert f"{simple}/{simple}" in expected
        assert invoice_in(pages, f"{hired}/{hired}").total is not None

    async def test_what_nobody_has_begun_is_no_record(self, b: Bench) -> None:
        b.begin("purchase", SupplierID=supplier(b))
        sell(b)
        pages = await b.sweep(Kind.PURCHASE_ORDER) + await b.sweep(Kind.INVOICE)
        assert ids(pages) == []

    async def test_a_draft_is_one(self, b: Bench) -> None:
        made = buy(b, authorised=False)
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        assert order_in(pages, made).status == "draft"
        b.act("purchase", "authorise", id=made)
        ref_id = bill(b, made, Status="DRAFT", **part_of(b, 1))
        assert bill_in(await b.sweep(Kind.PURCHASE_ORDER), ref_id).status == "draft"

    async def test_discounts_charges_and_taxes_add_up(self, b: Bench) -> None:
        goods_lines = [{**line, "Discount": Decimal("12.5")} for line in lines(b, 3, "9.99")]
        charge = {
            "Description": service(b),
            "Quantity": 1,
            "Price": Decimal("19.95"),
            "Reference": "Bay 4",
        }
        made = sell(b, SaleType="Simple", Lines=goods_lines, AdditionalCharges=[charge])
        record = invoice_in([*await self._invoiced(b, made)], f"{made}/{made}")
        found = the_lines(record)
        assert [line.discount_percent for line in found] == [Decimal("12.5"), Decimal("12.5"), None]
        assert found[2].description == f"{service(b)} Bay 4"
        amount = sum((line.amount or Decimal(0) for line in found), Decimal(0))
        assert isinstance(record.total, Decimal)
        assert isinstance(record.tax_total, Decimal)
        assert amount + record.tax_total == record.total

    async def _invoiced(self, b: Bench, sale: str) -> list[Page]:
        invoice(b, sale)
        return await b.sweep(Kind.INVOICE)

    @pytest.mark.parametrize("reading", ["without_tax", "with_tax"])
    async def test_lines_are_without_tax_whatever_the_wire_holds(
        self, monkeypatch: pytest.MonkeyPatch, reading: str
    ) -> None:
        switches = DearSwitches(line_total="ex_tax" if reading == "without_tax" else "with_tax")
        for configured in ("without_tax", "with_tax"):
            documents = {"line_total": configured}
            async with open_bench(monkeypatch, switches=switches, documents=documents) as b:
                made = sell(b, SaleType="Simple", TaxRule="California")
                pages = await self._invoiced(b, made)
                if configured == reading:
                    found = the_lines(invoice_in(pages, f"{made}/{made}"))
                    assert [line.amount for line in found] == [Decimal(75), Decimal(75)]
                    assert all(line.tax for line in found)
                else:
                    (bad,) = [u for page in pages for u in page.unreadable]
                    assert "line_total" in bad.problem.cure
                    assert reading in bad.problem.cure

    async def test_credit_notes_and_receipts_change_nothing_here(self, b: Bench) -> None:
        made = buy(b, PurchaseType="Simple")
        bill(b, made)
        before = await b.sweep(Kind.PURCHASE_ORDER)
        b.act("purchase", "receive", id=made)
        b.act("purchase", "credit", id=made, **{"with": part_of(b, 1)})
        after = await b.sweep(Kind.PURCHASE_ORDER)
        for kind in (Kind.PURCHASE_ORDER, Kind.BILL):
            (old,), (new,) = shown(before, kind).values(), shown(after, kind).values()
            # Not even as new figures: nothing is appended to the ledger for them.
            assert (old.record, old.raw, old.version) == (new.record, new.raw, new.version)

    async def test_payments_are_settlements(self, b: Bench) -> None:
        made = sell(b, SaleType="Simple")
        ref_id = invoice(b, made)
        owed = invoice_in(await b.sweep(Kind.INVOICE), ref_id)
        assert (owed.settlements, owed.balance) == (None, owed.total)
        b.act("sale", "pay", id=made, **{"with": {"Reference": "BACS 77"}})
        paid = invoice_in(await b.sweep(Kind.INVOICE), ref_id)
        assert (paid.settlements, paid.status) == ("Payment BACS 77", "open")
        assert paid.balance == Decimal(0)

    async def test_a_voided_purchase_voids_all_of_it(self, b: Bench) -> None:
        made = buy(b)
        ref_id = bill(b, made)
        b.act("purchase", "void", id=made)
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        for record in (order_in(pages, made), bill_in(pages, ref_id)):
            assert (record.status, record.lines) == ("voided", Lines())
            assert record.total == Decimal(0)

    async def test_one_voided_bill_leaves_the_other_and_the_order(self, b: Bench) -> None:
        made = buy(b)
        first, second = bill(b, made, **part_of(b, 4)), bill(b, made, **part_of(b, 6))
        number = second.partition("/")[2]
        b.act("purchase", "void", id=made, part="invoice", part_number=number)
        pages = await b.sweep(Kind.PURCHASE_ORDER)
        found = [order_in(pages, made), bill_in(pages, first), bill_in(pages, second)]
        assert [one.status for one in found] == ["open", "open", "voided"]

    async def test_an_undone_invoice_is_a_draft_with_its_lines(self, b: Bench) -> None:
        made = sell(b)
        ref_id = invoice(b, made)
        b.act("sale", "undo", id=made, part="invoice")
        record = invoice_in(await b.sweep(Kind.INVOICE), ref_id)
        assert (record.status, len(the_lines(record))) == ("draft", 2)

    async def test_custom_fields_come_from_where_the_configuration_says(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        custom = {"invoice": {"Rep": "SalesRepresentative", "Crew #": "AdditionalAttribute1"}}
        async with open_bench(monkeypatch, documents={"custom_fields": custom}) as b:
            attributes = {"AdditionalAttribute1": "A7"}
            made = sell(b, SaleType="Simple", AdditionalAttributes=attributes)
            ref_id = invoice(b, made)
            record = invoice_in(await b.sweep(Kind.INVOICE), ref_id)
            assert not isinstance(record.custom_fields, str | None)
            entries = dict(getattr(record.custom_fields, "entries", ()))
            assert entries["Crew #"] == "A7"


READINGS = (
    DearSwitches(),
    DearSwitches(stamps="mixed", numbers="places", line_order="reversed", page_cap=7),
    DearSwitches(totals=False, void_empties=False, stub_parts=False, undone="ordering"),
    DearSwitches(line_places=4, rounding="half_even", stamps="bare", order="created"),
    DearSwitches(modified_since="inclusive", empty_text="blank", line_order="sku"),
)


class TestAWholeYear:
    @pytest.mark.parametrize("switches", READINGS)
    async def test_everything_is_understood_and_adds_up(
        self, monkeypatch: pytest.MonkeyPatch, switches: DearSwitches
    ) -> None:
        async with open_bench(monkeypatch, switches=switches, history=40) as b:
            pages = await b.sweep(Kind.PURCHASE_ORDER) + await b.sweep(Kind.INVOICE)
            assert [u for page in pages for u in page.unreadable] == []
            for kind in DOCUMENT_KINDS:
                found = shown(pages, kind)
                assert found.keys() == b.names(kind).keys()
                for one in found.values():
                    assert one.out_of_scope == ""
                    self._adds_up(one)
            at = cursors(pages)
            b.clock.advance(700)
            await look(b, at)
            b.clock.advance(700)
            assert await look(b, at) == []

    def _adds_up(self, one: Observation) -> None:
        record = one.record
        assert isinstance(record, PurchaseOrder | Bill | Invoice)
        found = the_lines(record)
        assert isinstance(record.total, Decimal)
        assert isinstance(record.tax_total, Decimal)
        amount = sum((line.amount or Decimal(0) for line in found), Decimal(0))
        if record.tax_calculation == "exclusive":
            amount += record.tax_total
        # With four places in a line the cents of the document are rounded once.
        assert abs(amount - record.total) < Decimal("0.01"), one.ref
        taxes = sum((line.tax or Decimal(0) for line in found), Decimal(0))
        assert abs(taxes - record.tax_total) < Decimal("0.01"), one.ref
