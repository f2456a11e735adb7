"""Purchases and sales over real HTTP: what a look costs, what it shows, and what goes wrong."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.dear.documents import memo, opening, positions, reader
from daemon.connectors.dear.documents.positions import Mark, Position, read
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.facts import Cursor, Observation, Page, Tombstone
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from ledger.model.records import Bill, Invoice, PurchaseOrder
from ledger.model.values import Line, Lines, Reference
from tests.daemon.connectors.dear import papers
from tests.daemon.connectors.dear.bench import Bench, ids, open_bench
from tests.daemon.connectors.dear.rows import GUID
from tests.daemon.connectors.dear.test_reader import fixed

PURCHASES, SALES = "/purchaseList", "/saleList"
PURCHASE, SALE = "/advanced-purchase", "/sale"


@pytest.fixture
async def b(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with open_bench(monkeypatch) as bench:
        yield bench


def supplier(b: Bench) -> str:
    """One that buys in the company's own currency."""
    home = b.twin.state.me["Currency"]
    return next(
        row.id
        for row in b.twin.state["supplier"]
        if row.fields["Currency"] == home and row.fields["Status"] == "Active"
    )


def customer(b: Bench) -> str:
    home = b.twin.state.me["Currency"]
    return next(
        row.id
        for row in b.twin.state["customer"]
        if row.fields["Currency"] == home and row.fields["Status"] == "Active"
    )


def goods(b: Bench, count: int = 2) -> list[str]:
    """SKUs of products that are bought and sold."""
    return [
        str(row.fields["SKU"])
        for row in b.twin.state["product"]
        if row.fields["Type"] == "Stock" and row.fields["Status"] == "Active"
    ][:count]


def service(b: Bench) -> str:
    return next(
        str(row.fields["Name"])
        for row in b.twin.state["product"]
        if row.fields["Type"] == "Service" and row.fields["Status"] == "Active"
    )


def lines(b: Bench, quantity: int = 10, price: str = "7.5") -> list[dict[str, Any]]:
    return [{"SKU": sku, "Quantity": quantity, "Price": Decimal(price)} for sku in goods(b)]


def buy(b: Bench, *, authorised: bool = True, **header: Any) -> str:
    """A purchase of two products, by default advanced, its order authorised."""
    given = {"SupplierID": supplier(b), "PurchaseType": "Advanced", "Lines": lines(b), **header}
    made = b.begin("purchase", **given)
    if authorised:
        b.act("purchase", "authorise", id=made)
    return made


def sell(b: Bench, **header: Any) -> str:
    given = {"CustomerID": customer(b), "SaleType": "Advanced", "Lines": lines(b), **header}
    made = b.begin("sale", **given)
    b.act("sale", "authorise", id=made)
    return made


def bill(b: Bench, purchase: str, **given: Any) -> str:
    """Another invoice of a purchase; the id that the connector gives the bill."""
    shown = b.act("purchase", "invoice", id=purchase, **{"with": given})
    return f"{purchase}/{shown['Invoice'][-1]['TaskID']}"


def invoice(b: Bench, sale: str, **given: Any) -> str:
    shown = b.act("sale", "invoice", id=sale, **{"with": given})
    return f"{sale}/{shown['Invoices'][-1]['TaskID']}"


def part_of(b: Bench, quantity: int) -> dict[str, Any]:
    return {"Lines": lines(b, quantity)[:1]}


def cursors(pages: Sequence[Page]) -> dict[Kind, Cursor]:
    return {page.kind: page.cursor for page in pages if page.cursor is not None}


async def begun(b: Bench) -> dict[Kind, Cursor]:
    """Cursors of all documents after a first reading, and a clean log."""
    pages = await b.sweep(Kind.PURCHASE_ORDER) + await b.sweep(Kind.INVOICE)
    b.forget_calls()
    return cursors(pages)


async def look(b: Bench, at: dict[Kind, Cursor]) -> list[Page]:
    """What changed; moves the cursors."""
    pages = await b.changes(*at.values())
    at |= cursors(pages)
    return pages


async def settled(b: Bench) -> dict[Kind, Cursor]:
    """Cursors behind which nothing is on its way any more."""
    at = await begun(b)
    for _ in range(3):
        b.clock.advance(700)
        await look(b, at)
    b.forget_calls()
    return at


def shown(pages: Sequence[Page], kind: Kind) -> dict[str, Observation]:
    return {o.ref.id: o for p in pages for o in p.observations if o.ref.kind is kind}


def order_in(pages: Sequence[Page], ref_id: str) -> PurchaseOrder:
    record = shown(pages, Kind.PURCHASE_ORDER)[ref_id].record
    assert isinstance(record, PurchaseOrder)
    return record


def bill_in(pages: Sequence[Page], ref_id: str) -> Bill:
    record = shown(pages, Kind.BILL)[ref_id].record
    assert isinstance(record, Bill)
    return record


def invoice_in(pages: Sequence[Page], ref_id: str) -> Invoice:
    record = shown(pages, Kind.INVOICE)[ref_id].record
    assert isinstance(record, Invoice)
    return record


def the_lines(record: PurchaseOrder | Bill | Invoice) -> tuple[Line, ...]:
    assert isinstance(record.lines, Lines)
    return record.lines.lines


async def gather(source: AsyncIterator[Page], pages: list[Page]) -> None:
    async for page in source:
        pages.append(page)


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


class TestWhatALookCosts:
    async def test_an_idle_look_is_one_call_a_list(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, history=6) as b:
            at = await settled(b)
            for _ in range(3):
                b.clock.advance(300)
                assert await look(b, at) == []
            assert [row["path"].rpartition("/")[2] for row in b.calls()] == [
                "purchaseList",
                "saleList",
            ] * 3

    async def test_only_what_has_a_cursor_is_listed(self, b: Bench) -> None:
        at = await settled(b)
        assert await b.changes() == []
        assert await b.changes(at[Kind.INVOICE]) == []
        assert (b.asked(PURCHASES), b.asked(SALES)) == (0, 1)

    async def test_a_change_is_one_more_call_and_then_nothing(self, b: Bench) -> None:
        made = buy(b)
        at = await settled(b)
        b.clock.advance(300)
        ref_id = bill(b, made)
        pages = await look(b, at)
        assert set(ids(pages)) == {made, ref_id}
        assert [page.kind for page in pages] == [Kind.BILL, Kind.PURCHASE_ORDER]
        for _ in range(4):
            b.clock.advance(290)
            await look(b, at)
        # Once more, because it may have been changed again under the very stamp it was seen with.
        assert b.asked(PURCHASE) == 2
        assert await look(b, at) == []

    async def test_an_edit_within_the_same_tick_is_not_lost(self, b: Bench) -> None:
        made = buy(b)
        at = await settled(b)
        ref_id = bill(b, made)
        await look(b, at)
        # Neither the stamp nor the row of the list tells of it.
        line = b.twin.state["purchase"].rows[made].fields["Invoice"][0]["Lines"][0]
        line["Comment"] = "as agreed"
        b.clock.advance(60)
        first = the_lines(bill_in(await look(b, at), ref_id))[0]
        assert first.description == "as agreed"
        b.clock.advance(60)
        assert await look(b, at) == []
        assert b.asked(PURCHASE) == 2

    async def test_what_is_opened_again_and_says_nothing_new_is_not_shown(self, b: Bench) -> None:
        buy(b, PurchaseType="Simple")
        at = await begun(b)
        assert await look(b, at) == []
        assert b.asked(PURCHASE) == 1

    async def test_what_was_listed_long_before_it_was_opened_is_not_opened_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, history=40) as b:
            for row in (*b.twin.state["purchase"], *b.twin.state["sale"]):
                row.modified = b.clock.now()
            at = await begun(b)
            b.clock.advance(60)
            await look(b, at)
            # All have one stamp; only those opened at once might have changed under it unseen.
            assert 0 < b.asked(PURCHASE) + b.asked(SALE) < 30

    async def test_an_overlap_is_looked_over_before_it_is_trusted(self, b: Bench) -> None:
        """A purchase that becomes visible late, stamped before another one that was seen."""
        at = await settled(b)
        b.clock.advance(100)
        before = b.clock.now()
        b.clock.advance(100)
        seen = buy(b)
        assert ids(await look(b, at)) == [seen]
        b.clock.advance(3600)
        late = buy(b)
        b.twin.state["purchase"].rows[late].modified = before
        assert ids(await look(b, at)) == [late]

    async def test_a_restart_opens_what_is_in_the_overlap_again(self, b: Bench) -> None:
        at = await settled(b)
        made = buy(b)
        await look(b, at)
        b.clock.advance(3600)
        b.connector = b.reopen()
        assert ids(await look(b, at)) == [made]
        assert await look(b, at) == []


class TestFirstReading:
    async def test_it_goes_on_where_it_was_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        documents = {"details_per_page": 4}
        async with open_bench(monkeypatch, history=15, documents=documents) as b:
            pages: list[Page] = []
            b.fault("throttle", path="*/advanced-purchase", after=9)
            with pytest.raises(Throttled):
                await gather(b.connector.sweep(Kind.PURCHASE_ORDER, None), pages)
            assert not any(page.sweep_done for page in pages)
            cursor = cursors(pages)[Kind.PURCHASE_ORDER]
            assert not cursor.complete
            b.clear_faults()
            b.clock.advance(600)
            b.forget_calls()
            b.connector = b.reopen()
            rest = await b.sweep(Kind.PURCHASE_ORDER, cursor)
            assert {page.sweep for page in rest} == {pages[0].sweep}
            assert b.asked(PURCHASE) == 15 - 9
            expected = b.names(Kind.PURCHASE_ORDER).keys() | b.names(Kind.BILL).keys()
            assert sorted(ids(pages + rest)) == sorted(expected)
            done = {page.kind: page.cursor for page in rest if page.sweep_done}
            assert all(cursor is not None and cursor.complete for cursor in done.values())

    async def test_it_comes_in_portions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        documents = {"details_per_page": 3, "details_per_cycle": 6}
        async with open_bench(monkeypatch, history=15, documents=documents) as b:
            cursor: Cursor | None = None
            pages: list[Page] = []
            rounds = 0
            while cursor is None or not cursor.complete:
                b.forget_calls()
                pages += await b.sweep(Kind.PURCHASE_ORDER, cursor)
                cursor = cursors(pages)[Kind.PURCHASE_ORDER]
                rounds += 1
                assert b.asked(PURCHASE) <= 6
            assert rounds == 3
            expected = b.names(Kind.PURCHASE_ORDER).keys() | b.names(Kind.BILL).keys()
            assert sorted(ids(pages)) == sorted(expected)
            assert len({page.sweep for page in pages}) == 1

    async def test_what_changes_meanwhile_is_seen_afterwards(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(
            monkeypatch, history=6, documents={"details_per_cycle": 100, "details_per_page": 2}
        ) as b:
            first = next(iter(b.twin.state["purchase"]))
            pages: list[Page] = []
            late = ""
            async for page in b.connector.sweep(Kind.PURCHASE_ORDER, None):
                if not pages:
                    b.clock.advance(60)
                    late = buy(b)
                    b.twin.state.change("purchase", first, {"Note": "Ring before delivery"})
                pages.append(page)
            assert late not in ids(pages)
            at = cursors(pages)
            news = await look(b, at)
            assert "Ring before delivery" in [
                order_in([page], first.id).note
                for page in pages + news
                if first.id in shown([page], Kind.PURCHASE_ORDER)
            ]
            assert late in ids(news)

    async def test_a_list_that_lies_is_never_complete(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, history=8, page_size=3) as b:
            for fault in ("drop_page", "shift_page"):
                b.fault(fault)
                pages: list[Page] = []
                with pytest.raises(Transient):
                    await gather(b.connector.sweep(Kind.INVOICE, None), pages)
                assert not any(page.sweep_done for page in pages)
                b.clear_faults()

    async def test_documents_before_the_first_day_are_not_opened(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        documents = {"read_from": "2026-03-01"}
        async with open_bench(monkeypatch, documents=documents) as b:
            old = [buy(b, OrderDate="2026-02-01", PurchaseType=t) for t in ("Simple", "Advanced")]
            for one in old:
                bill(b, one, InvoiceDate="2026-02-03")
            kept = buy(b, OrderDate="2026-02-01", PurchaseType="Simple")
            bill(b, kept, InvoiceDate="2026-03-01")
            unbilled = buy(b, OrderDate="2026-02-01")
            # The advanced one was touched since and may have another invoice.
            opened = {kept, unbilled, old[1]}
            assert shown(await b.sweep(Kind.PURCHASE_ORDER), Kind.PURCHASE_ORDER).keys() == opened
            for row in b.twin.state["purchase"]:
                row.modified -= timedelta(days=90)
            opened = {kept, unbilled}
            assert shown(await b.sweep(Kind.PURCHASE_ORDER), Kind.PURCHASE_ORDER).keys() == opened

    async def test_an_earlier_first_day_opens_the_rest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, documents={"read_from": "2026-03-01"}) as b:
            old = buy(b, OrderDate="2026-02-01", PurchaseType="Simple")
            bill(b, old, InvoiceDate="2026-02-03")
            at = await settled(b)
            b.configure(documents={})
            pages = await look(b, at)
            assert shown(pages, Kind.PURCHASE_ORDER).keys() == {old}
            assert not any(page.sweep_done for page in pages)
            assert read(at[Kind.PURCHASE_ORDER]).redo is None

    async def test_other_settings_open_everything_again_in_portions(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "REDO_DETAILS", 4)
        async with open_bench(monkeypatch, history=10) as b:
            at = await settled(b)
            custom = {"purchase_order": {"Ordered from": "Supplier"}}
            b.configure(documents={"custom_fields": custom, "details_per_page": 3})
            b.clock.advance(60)
            fresh = buy(b)
            seen: list[str] = []
            for number in range(4):
                pages = await look(b, at)
                found = shown(pages, Kind.PURCHASE_ORDER)
                assert fresh in found if number == 0 else True
                seen += [i for i in found if getattr(found[i].record, "custom_fields", None)]
                b.clock.advance(60)
            assert set(seen) == b.names(Kind.PURCHASE_ORDER).keys()
            assert read(at[Kind.PURCHASE_ORDER]).redo is None
            b.clock.advance(700)
            await look(b, at)
            assert await look(b, at) == []


class TestWhatGoesWrong:
    async def test_one_that_cannot_be_had_is_owed_and_stops_nothing(self, b: Bench) -> None:
        at = await settled(b)
        made = [buy(b) for _ in range(3)]
        b.clock.advance(30)
        self._break(b, made[1])
        pages: list[Page] = []
        with pytest.raises(Transient, match="would not show 1"):
            await gather(b.connector.changes(at), pages)
        at |= cursors(pages)
        assert set(ids(pages)) == {made[0], made[2]}
        assert read(at[Kind.BILL]).owed == (made[1],)
        b.clock.advance(3600)
        b.connector = b.reopen()  # it is remembered where it counts
        (problem,) = [u for page in await look(b, at) for u in page.unreadable]
        assert (problem.ref.id, problem.problem.code) == (made[1], "unavailable")
        b.clear_faults()
        assert made[1] in ids(await look(b, at))
        assert read(at[Kind.BILL]).owed == ()

    def _break(self, b: Bench, broken: str) -> None:
        """DEAR refuses to show one document."""
        b.fault("status", status=500, times=0, path="*/advanced-purchase", query=f"*{broken}*")

    async def test_trouble_at_every_document_ends_the_look_where_it_stood(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, documents={"details_per_page": 2}) as b:
            at = await settled(b)
            made = {buy(b) for _ in range(5)}
            b.fault("html_200", path="*/advanced-purchase", times=0, after=2)
            pages: list[Page] = []
            with pytest.raises(Transient):
                await gather(b.connector.changes(at), pages)
            at |= cursors(pages)
            assert read(at[Kind.BILL]).owed == ()
            assert len(ids(pages)) == 2
            b.clear_faults()
            b.clock.advance(600)
            b.connector = b.reopen()
            assert set(ids(pages + await look(b, at))) == made

    async def test_several_bad_ones_in_a_row_do_not_stand_in_the_way_for_good(
        self, b: Bench
    ) -> None:
        at = await settled(b)
        made = sorted(buy(b) for _ in range(6))
        for row_id in made:
            b.twin.state["purchase"].rows[row_id].modified = b.clock.now()
        for bad in made[:4]:
            self._break(b, bad)
        pages: list[Page] = []
        with pytest.raises(Transient, match="HTTP 500"):
            await gather(b.connector.changes(at), pages)  # DEAR may be down
        assert pages == []
        with pytest.raises(Transient, match="would not show 4"):
            await gather(b.connector.changes(at), pages)  # no: it is these
        at |= cursors(pages)
        assert set(ids(pages)) == set(made[4:])
        seen: set[str] = set()
        for _ in range(2):  # not all at once, and in turn
            bad_ones = [u.ref.id for page in await look(b, at) for u in page.unreadable]
            assert len(bad_ones) == opening.IN_A_ROW
            seen |= set(bad_ones)
        assert seen == set(made[:4])
        b.clear_faults()
        for _ in range(2):
            await look(b, at)
        assert read(at[Kind.BILL]).owed == ()

    async def test_more_than_can_be_remembered_are_not_passed_over(
        self, b: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(opening, "OWED_MOST", 1)
        at = await settled(b)
        made = sorted(buy(b) for _ in range(3))
        for row_id in made:
            b.twin.state["purchase"].rows[row_id].modified = b.clock.now()
        body = [{"ErrorCode": 400, "Exception": "Purchase not found"}]
        for bad in made[1:]:
            b.fault("status", status=400, body=body, times=0, query=f"*{bad}*")
        pages: list[Page] = []
        with pytest.raises(Refused, match="not found"):
            await gather(b.connector.changes(at), pages)
        at |= cursors(pages)
        assert ids(pages) == made[:1]
        b.clear_faults()
        assert set(ids(await look(b, at))) == set(made[1:])

    async def test_bills_of_one_that_cannot_be_had_are_held_with_it(self, b: Bench) -> None:
        made = buy(b)
        both = {bill(b, made, **part_of(b, 4)), bill(b, made, **part_of(b, 6))}
        at = await settled(b)
        b.twin.state.change("purchase", b.twin.state["purchase"].rows[made], {"Note": "new"})
        self._break(b, made)
        pages: list[Page] = []
        with pytest.raises(Transient):
            await gather(b.connector.changes(at), pages)
        at |= cursors(pages)
        bad = [u for page in await look(b, at) for u in page.unreadable]
        assert {u.ref.id for u in bad} == {made, *both}

    @pytest.mark.parametrize("kind", DOCUMENT_KINDS)
    async def test_a_document_that_cannot_be_understood_names_its_field(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind
    ) -> None:
        async with open_bench(monkeypatch) as b:
            begin = sell if kind is Kind.INVOICE else buy
            good, bad = begin(b), begin(b)
            both = [(invoice if kind is Kind.INVOICE else bill)(b, one) for one in (good, bad)]
            table = b.twin.state["sale" if kind is Kind.INVOICE else "purchase"]
            fields = table.rows[bad].fields
            part = {
                Kind.PURCHASE_ORDER: fields["Order"],
                Kind.BILL: fields.get("Invoice", [{}])[0],
                Kind.INVOICE: fields.get("Invoices", [{}])[0],
            }[kind]
            part["Lines"][1]["TaxRule"] = {"Name": "odd"}
            pages = await b.sweep(kind)
            assert pages[-1].sweep_done
            (problem,) = [u for page in pages for u in page.unreadable]
            assert problem.ref == ExternalRef(
                DEAR, kind, bad if kind is Kind.PURCHASE_ORDER else both[1]
            )
            assert problem.problem.field == "Lines[2].TaxRule"
            assert fields["OrderNumber"] in problem.problem.message
            assert "correct Lines[2].TaxRule" in problem.problem.cure
            everything = {good, bad, *both} if kind is not Kind.INVOICE else set(both)
            assert set(ids(pages)) == everything
            with pytest.raises(Refused, match="cannot be read"):
                await b.connector.read(problem.ref)

    async def test_a_new_status_word_is_watched_and_left_alone(self, b: Bench) -> None:
        made = buy(b, PurchaseType="Simple")
        ref_id = bill(b, made)
        b.twin.state["purchase"].rows[made].fields["Invoice"][0]["Status"] = "ON HOLD"
        found = shown(await b.sweep(Kind.PURCHASE_ORDER), Kind.BILL)[ref_id]
        assert "'ON HOLD'" in found.out_of_scope

    async def test_an_invoice_that_is_no_longer_there_is_told(self, b: Bench) -> None:
        made = buy(b)
        ref_id = bill(b, made)
        at = await settled(b)
        row = b.twin.state["purchase"].rows[made]
        row.fields["Invoice"].clear()
        b.twin.state.change("purchase", row, {"Note": "started over"})
        gone = [t.ref.id for page in await look(b, at) for t in page.tombstones]
        assert ref_id in gone
        assert made not in gone

    @pytest.mark.parametrize("throttle", ["429_text", "429_bare", "503_bare", "400_model"])
    async def test_F83_every_flavour_of_too_many_calls_is_waited_out(
        self, monkeypatch: pytest.MonkeyPatch, throttle: Any
    ) -> None:
        async with open_bench(monkeypatch, switches=DearSwitches(throttle=throttle)) as b:
            made = buy(b)
            b.fault("throttle", times=1, path="*/advanced-purchase")
            assert made in ids(await b.sweep(Kind.PURCHASE_ORDER))

    async def test_a_refused_login_is_said(self, b: Bench) -> None:
        buy(b)
        b.fault("status", status=403, times=0, path="*/advanced-purchase")
        with pytest.raises(Unauthorised):
            await b.sweep(Kind.PURCHASE_ORDER)

    def test_owed_and_waiting_numbers_are_bounded(self) -> None:
        assert 0 < opening.IN_A_ROW < opening.OWED_MOST <= 100
        assert Position().done is None
        assert Mark("a") < Mark("a", "1") < Mark("b")


SALE_ROW = {
    "SaleID": papers.SALE_ID.upper(),
    "OrderNumber": "SO-00007",
    "OrderDate": "2026-04-01T00:00:00",
    "InvoiceDate": "2026-04-03T00:00:00",
    "Type": "Simple Sale",
    "Updated": "2026-04-12T09:30:11",
}


def sale_list(*rows: object) -> dict[str, object]:
    return {"Total": len(rows), "Page": 1, "SaleList": list(rows)}


class TestOddAnswers:
    """What the twin never says: a server with fixed answers."""

    async def _sweep(self, connector: DearConnector) -> list[Page]:
        return [page async for page in connector.sweep(Kind.INVOICE, None)]

    async def test_numbers_come_through_exactly(self) -> None:
        async with fixed({"saleList": sale_list(SALE_ROW), "sale": papers.SALE}) as (c, _):
            record = invoice_in(await self._sweep(c), f"{papers.SALE_ID}/{papers.SALE_ID}")
            assert record.total == Decimal("85.36")

    async def test_a_filter_that_is_ignored_opens_nothing_and_is_told(self) -> None:
        async with fixed({"saleList": sale_list(SALE_ROW), "sale": papers.SALE}) as (c, seen):
            cursor = cursors(await self._sweep(c))[Kind.INVOICE]
            since = "2026-05-01T00:00:00.000000+00:00"
            later = positions.text(replace(read(cursor), since=since))
            before = len(seen)
            at = {Kind.INVOICE: replace(cursor, token=later)}
            assert [page async for page in c.changes(at)] == []
            assert len(seen) == before + 1
            assert [w.code for w in (await c.check()).warnings] == ["filter_ignored"]

    async def test_a_row_without_an_id_is_told_and_the_others_are_read(self) -> None:
        rows = sale_list({**SALE_ROW, "SaleID": ""}, SALE_ROW)
        async with fixed({"saleList": rows, "sale": papers.SALE}) as (c, _):
            pages = await self._sweep(c)
            (bad,) = [u for page in pages for u in page.unreadable]
            assert (bad.problem.code, bad.problem.field) == ("malformed", "SaleID")
            assert len(shown(pages, Kind.INVOICE)) == 1
            assert pages[-1].sweep_done

    @pytest.mark.parametrize("stamp", [None, "", "yesterday", 5, ...])
    async def test_a_row_without_a_stamp_is_read_all_the_same(self, stamp: Any) -> None:
        row = papers.with_parts(SALE_ROW, ("Updated", stamp))
        async with fixed({"saleList": sale_list(row), "sale": papers.SALE}) as (c, seen):
            at = cursors(pages := await self._sweep(c))
            assert len(shown(pages, Kind.INVOICE)) == 1
            for calls in (2, 1, 1):  # once more, as after every first time
                before = len(seen)
                assert [page async for page in c.changes(at)] == []
                assert len(seen) == before + calls

    async def test_an_answer_about_another_document_is_not_believed(self) -> None:
        row = {**SALE_ROW, "SaleID": f"{GUID}9"}
        async with fixed({"saleList": sale_list(row), "sale": papers.SALE}) as (c, _):
            pages: list[Page] = []
            with pytest.raises(Transient, match="would not show 1"):
                await gather(c.sweep(Kind.INVOICE, None), pages)
            assert ids(pages) == []
            assert read(cursors(pages)[Kind.INVOICE]).owed == (f"{GUID}9",)
            with pytest.raises(Transient, match="another document"):
                await c.read(ExternalRef(DEAR, Kind.INVOICE, f"{GUID}9/{GUID}9"))

    async def test_a_list_without_a_total_is_read_twice(self) -> None:
        rows = {"Page": 1, "SaleList": [SALE_ROW]}
        async with fixed({"saleList": rows, "sale": papers.SALE}) as (c, _):
            with pytest.raises(Transient, match="repeated page"):
                await self._sweep(c)  # the same page for every number proves nothing

    async def test_a_cursor_of_another_make_begins_anew(self) -> None:
        async with fixed({"saleList": sale_list(SALE_ROW), "sale": papers.SALE}) as (c, _):
            odd = Cursor(system=DEAR, kind=Kind.INVOICE, token='{"v": 99}')
            pages = [page async for page in c.sweep(Kind.INVOICE, odd)]
            assert len(shown(pages, Kind.INVOICE)) == 1
            assert read(replace(odd, token="not json")) == Position()


class TestMemo:
    def test_it_forgets_the_oldest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memo, "MOST", 2)
        kept = memo.Memo()
        for name in ("a", "b", "a", "c"):
            kept.note(name, memo.Opened(row=1, body=1, again=False, invoices=frozenset()))
        due = {name: kept.is_due(memo.Stub(name, "", 1)) for name in ("a", "b", "c")}
        assert due == {"a": False, "b": True, "c": False}
        assert kept.is_due(memo.Stub("a", "", 2))


class TestSingleDocuments:
    async def test_each_is_read_in_one_call(self, b: Bench) -> None:
        made, sold = buy(b), sell(b)
        first, second = bill(b, made, **part_of(b, 4)), bill(b, made, **part_of(b, 6))
        ours = invoice(b, sold)
        pages = await b.sweep(Kind.PURCHASE_ORDER) + await b.sweep(Kind.INVOICE)
        for kind, ref_id in (
            (Kind.PURCHASE_ORDER, made),
            (Kind.BILL, first),
            (Kind.BILL, second),
            (Kind.INVOICE, ours),
        ):
            b.forget_calls()
            assert (
                await b.connector.read(ExternalRef(DEAR, kind, ref_id))
                == (shown(pages, kind)[ref_id])
            )
            assert len(b.calls()) == 1

    @pytest.mark.parametrize("status", [400, 404, 200])
    async def test_one_that_is_not_there_is_gone_only_with_proof(
        self, monkeypatch: pytest.MonkeyPatch, status: Any
    ) -> None:
        switches = DearSwitches(unknown_document=status)
        async with open_bench(monkeypatch, switches=switches) as b:
            made = buy(b)
            unknown = f"{GUID}9"
            for kind in DOCUMENT_KINDS:
                found = await b.connector.read(ExternalRef(DEAR, kind, unknown))
                assert isinstance(found, Tombstone)
                assert "complete list" in found.evidence
            ref = ExternalRef(DEAR, Kind.BILL, f"{made}/{unknown}")
            found = await b.connector.read(ref)
            assert isinstance(found, Tombstone)
            assert "read directly" in found.evidence

    async def test_a_listed_one_that_dear_will_not_show_is_not_gone(self, b: Bench) -> None:
        made = buy(b)
        body = [{"ErrorCode": 404, "Exception": "Purchase not found"}]
        b.fault("status", status=404, body=body, times=0, path="*/advanced-purchase")
        with pytest.raises((Refused, Transient)):
            await b.connector.read(ExternalRef(DEAR, Kind.PURCHASE_ORDER, made))

    async def test_they_are_found_by_number(self, b: Bench) -> None:
        made, sold = buy(b), sell(b)
        ref_id = bill(b, made, InvoiceNumber="A-77", **part_of(b, 4))
        other = bill(b, made, InvoiceNumber="A-770", **part_of(b, 6))
        ours = invoice(b, sold)
        order = b.twin.state["purchase"].rows[made].fields["OrderNumber"]
        number = b.twin.state["sale"].rows[sold].fields["Invoices"][0]["InvoiceNumber"]
        for kind, key, value, expected in (
            (Kind.PURCHASE_ORDER, "number", order.lower(), {made}),
            (Kind.BILL, "number", " a-77 ", {ref_id}),
            (Kind.BILL, "order_number", order, {ref_id, other}),
            (Kind.INVOICE, "number", number, {ours}),
            (Kind.BILL, "number", "A-7", set()),
            (Kind.BILL, "number", "  ", set()),
        ):
            found = await b.connector.find(kind, key, value)
            assert {one.ref.id for one in found} == expected, (kind, value)
        with pytest.raises(Refused, match="by number only"):
            await b.connector.find(Kind.BILL, "date", "2026-05-05")
