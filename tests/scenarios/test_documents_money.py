"""Sums, taxes, currencies, periods and dates: what is posted to the cent, and what is held."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import ResolveRequest
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import World
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from tests.scenarios.papers import (
    CUSTOMER,
    TAXED,
    VENDOR,
    amounts,
    bill_of,
    billed,
    buys,
    charge,
    codes,
    detail,
    hold_of,
    in_dear,
    in_qbo,
    invoiced,
    line,
    lines_of,
    links,
    marker,
    numbers,
    office,
    papers_policy,
    posted,
    rebills,
    same_record,
    sells,
    settle,
    shop,
    sold,
    total,
    tracked_world,
    wrote,
)
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    dear_row,
    dear_rows,
    qbo_row,
    qbo_rows,
    save_in_qbo,
    sent,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import QBO, Town

D = Decimal


# -- tax ----------------------------------------------------------------------------------------


async def test_F60_a_cent_of_tax_is_a_variance_and_nobody_writes_again(tmp_path: Path) -> None:
    """DEAR adds up four places of tax by line, QuickBooks takes it of the sum."""
    async with office(tmp_path) as one:
        one.dear.state.me["TaxCalculationMethod"] = "Row Total"
        number = sold(one, *(line("BR-1", 1, "1.31", TaxRule=TAXED) for _ in range(2)))
        [sale] = dear_sales(one)
        assert sale["Invoices"][0]["Total"] == D("2.82")
        before = marker(one)
        await settle(one)
        assert total(posted(one, "invoice", number)) == D("2.83")
        for _ in range(3):
            await one.cycle(after_s=4 * 3600)
        assert len(wrote(one, before)) == 1
        assert await codes(one) == []


async def test_F60_beyond_the_tolerance_it_is_held_for_a_cent_and_goes_after_the_correction(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        one.dear.state.me["TaxCalculationMethod"] = "Row Total"
        four = [line("BR-1", 1, "1.31", TaxRule=TAXED) for _ in range(4)]
        sale = sells(one, *four)
        number = invoiced(one, sale)["InvoiceNumber"]
        await settle(one)
        text = await hold_of(one, HoldCode.TOTALS_DIFFER)
        assert "5.64" in text
        assert "5.66" in text
        assert wrote(one) == []
        assert sent(one, "qbo", "POST", "invoice") == []

        in_dear(one, "sale", number=sale, do="undo", part="invoice")
        invoiced(one, sale, line("BR-1", 4, "1.31", TaxRule=TAXED))
        await settle(one)
        assert total(posted(one, "invoice", number)) == D("5.66")
        assert await codes(one) == []


async def test_a_tolerance_of_nothing_holds_the_cent(tmp_path: Path) -> None:
    async with office(tmp_path, documents=papers_policy(tax_tolerance=D(0))) as one:
        one.dear.state.me["TaxCalculationMethod"] = "Row Total"
        sold(one, *(line("BR-1", 1, "1.31", TaxRule=TAXED) for _ in range(2)))
        await settle(one)
        await hold_of(one, HoldCode.TOTALS_DIFFER)
        assert wrote(one) == []


def dear_sales(one: Town) -> list[dict[str, Any]]:
    rows = [in_dear(one, "sale", id=row["_id"], set={"Note": ""}) for row in dear_rows(one, "sale")]
    return rows


async def test_automated_sales_tax_takes_the_tax_that_dear_charged(tmp_path: Path) -> None:
    switches = QboSwitches(sales_tax="automated")
    async with office(tmp_path, qbo=switches) as one:
        one.dear.state.me["TaxCalculationMethod"] = "Row Total"
        number = sold(
            one, *(line("BR-1", 1, "1.31", TaxRule=TAXED) for _ in range(4)), line("BR-2", 1, 10)
        )
        await settle(one)
        row = posted(one, "invoice", number)
        assert (row["TxnTaxDetail"]["TotalTax"], total(row)) == (D("0.4"), D("15.64"))
        assert await codes(one) == []


async def test_tax_on_a_purchase_is_held_and_its_cure_works(tmp_path: Path) -> None:
    """US books keep no tax on purchases: no line is invented for it."""
    async with office(tmp_path) as one:
        in_dear_tax_for_purchases(one)
        order = buys(one, line("BR-1", 10, 10, TaxRule=TAXED))
        await settle(one)
        assert "108" in await hold_of(one, HoldCode.TOTALS_DIFFER)
        assert wrote(one) == []
        in_dear(one, "purchase", number=order, do="undo")
        lines = [line("BR-1", 10, 10)]
        tax = [charge("FREIGHT", 1, 8)]
        in_dear(
            one,
            "purchase",
            number=order,
            do="order",
            **{"with": {"Lines": lines, "AdditionalCharges": tax, "Status": "AUTHORISED"}},
        )
        await settle(one)
        assert amounts(posted(one, "purchaseorder", order)) == [D(100), D(8)]
        assert await codes(one) == []


def in_dear_tax_for_purchases(one: Town) -> None:
    row = one.dear.state["tax"].one("Name", TAXED)
    assert row is not None
    one.dear.state.change("tax", row, {"IsTaxForPurchase": True})


async def test_F61_tax_inclusive_prices_hold_and_are_recognised_when_entered_by_hand(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        sale = sells(one, line("BR-1", 1, "14.9", TaxRule=TAXED), TaxInclusive=True)
        number = invoiced(one, sale)["InvoiceNumber"]
        await settle(one)
        text = await hold_of(one, HoldCode.TAX_INCLUSIVE)
        assert "1.1" in text
        assert wrote(one) == []

        in_qbo(
            one,
            "invoice",
            enter={
                "party": CUSTOMER,
                "number": number,
                "date": "2026-03-02",
                "tax": TAXED,
                "lines": [{"item": "BR-1", "quantity": 1, "price": D("13.80"), "taxed": True}],
            },
        )
        await settle(one)
        assert total(posted(one, "invoice", number)) == D("14.9")
        assert await same_record(one, Kind.INVOICE, number)
        assert wrote(one) == []


# -- whatever is true of the doubtful parts of the wire -----------------------------------------

DEAR_READINGS: dict[str, Any] = {
    "lines of four places": {"line_places": 4},
    "totals with tax": {"line_total": "with_tax"},
    "lines in another order": {"line_order": "reversed"},
    "half to even": {"rounding": "half_even"},
    "no stubs": {"stub_parts": False},
}


@pytest.mark.parametrize("reading", DEAR_READINGS)
async def test_every_reading_of_dear_s_sums_comes_to_the_same_cents(
    tmp_path: Path, reading: str
) -> None:
    switches = DEAR_READINGS[reading]
    settings = {"documents": {"line_total": "with_tax"}} if "line_total" in switches else {}
    async with office(tmp_path, dear=DearSwitches(**switches), dear_settings=settings) as one:
        order = buys(one, line("BR-1", 3, "0.3333"), line("BR-2", 3, "0.3333"), line("BR-1", 2, 1))
        billed(one, order, "V-1", line("BR-2", 3, "0.3333"))
        sale = sells(one, line("BR-1", 3, "1.115", TaxRule=TAXED), line("BR-2", 1, 5))
        in_source = invoiced(one, sale)
        await settle(one)
        rebills(one, order, line("BR-2", 2, "0.3333"))
        await settle(one)
        assert total(posted(one, "purchaseorder", order)) == D(4)
        assert total(posted(one, "bill", "V-1")) == D("0.67")
        assert total(posted(one, "invoice", in_source["InvoiceNumber"])) == in_source["Total"]
        before = marker(one)
        await one.cycle(after_s=3600)
        assert wrote(one, before) == []
        assert await codes(one) == []


QBO_READINGS: dict[str, Any] = {
    "links stay where they are left out": {"line_link_omitted": "keep"},
    "wrong links are refused": {"invalid_link": "refuse"},
    "received counts amounts": {"received_unit": "amount"},
    "terms come from the party": {"party_terms": True},
    "orders find their account": {"order_payable_account": "default"},
    "numbers are watched": {"custom_txn_numbers": True, "warn_duplicate_bill": True},
}


@pytest.mark.parametrize("reading", QBO_READINGS)
async def test_every_reading_of_quickbooks_ends_with_the_same_documents(
    tmp_path: Path, reading: str
) -> None:
    async with office(tmp_path, qbo=QboSwitches(**QBO_READINGS[reading])) as one:
        order = buys(one, line("BR-1", 10, 3), line("BR-2", 4, 2))
        billed(one, order, "V-1", line("BR-1", 6, 3))
        await settle(one)
        rebills(one, order, line("BR-1", 7, 3))
        billed(one, order, "V-2")
        await settle(one)
        po = posted(one, "purchaseorder", order)
        assert (po["POStatus"], amounts(po)) == ("Closed", [D(30), D(8)])
        assert amounts(posted(one, "bill", "V-1")) == [D(21)]
        assert amounts(posted(one, "bill", "V-2")) == [D(9), D(8)]
        assert [place for _, place in links(posted(one, "bill", "V-2"))] == ["1", "2"]
        before = marker(one)
        await one.cycle(after_s=3600)
        assert wrote(one, before) == []
        assert await codes(one) == []


# -- currencies ---------------------------------------------------------------------------------

ABROAD = "Elbe Steel"


def world_with_a_foreign_vendor() -> World:
    thing = Goods().vendor(ABROAD, qbo=False)
    assert thing.dear is not None
    return shop(vendors=(replace(thing, dear=replace(thing.dear, currency="EUR")),))


async def test_F63_F64_foreign_money_is_held_with_its_rate_the_right_way_round(
    tmp_path: Path,
) -> None:
    """DEAR: 100.00 EUR at 1.25 are 125.00 USD in its own postings; QuickBooks counts alike."""
    async with office(tmp_path, world_with_a_foreign_vendor()) as one:
        order = buys(one, line("BR-1", 10, 10), Supplier=ABROAD, CurrencyRate=D("1.25"))
        billed(one, order, "E-1")
        await settle(one)
        rows = [row for row in await one.holds() if row.kind in DOCUMENT_KINDS]
        assert {row.hold.code for row in rows} >= {HoldCode.FOREIGN_CURRENCY}
        texts = [r.hold.text for r in rows if r.hold.code is HoldCode.FOREIGN_CURRENCY]
        assert len(texts) == 2
        assert all("EUR at 1.25" in text and "USD" in text for text in texts)
        booked = [b for rows in one.dear.state.holdings.postings.values() for b in rows]
        assert [b.amount for b in booked if b.reference == "E-1"] == [D(125)]
        assert wrote(one) == []


async def test_F63_a_vendor_of_the_home_currency_is_not_held_for_the_other(tmp_path: Path) -> None:
    async with office(tmp_path, world_with_a_foreign_vendor()) as one:
        buys(one, line("BR-1", 10, 10), Supplier=ABROAD, CurrencyRate=D("1.25"))
        home = buys(one, line("BR-1", 10, 10), Supplier=VENDOR)
        await settle(one)
        assert numbers(one, "purchaseorder") == [home]


# -- periods and dates --------------------------------------------------------------------------


def close_books(one: Town, day: str) -> None:
    in_qbo(one, "company", set={"closed_until": day})


async def test_F65_a_closed_period_is_known_before_the_call(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        close_books(one, "2026-03-01")
        one.clock.advance(7 * 3600)
        order = buys(one, line("BR-1", 1, 3), OrderDate="2026-02-28")
        number = sold(one, line("BR-1", 1, 5))
        await settle(one)
        text = await hold_of(one, HoldCode.CLOSED_PERIOD)
        assert "2026-03-01" in text
        assert "2026-02-28" in text
        assert sent(one, "qbo", "POST", "purchaseorder") == []
        assert numbers(one, "invoice") == [number]

        close_books(one, "2026-02-27")
        one.clock.advance(7 * 3600)
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert await codes(one) == []


async def test_F65_a_period_closed_behind_our_back_is_refused_named_and_held(
    tmp_path: Path,
) -> None:
    """We learn of the closing from the refusal; there is no second try against a closed door."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 1, 5))
        close_books(one, "2026-03-31")
        await settle(one)
        await one.cycle(after_s=7 * 3600)
        await settle(one)
        assert qbo_rows(one, "invoice") == []
        [(label, code)] = await codes(one)
        assert (label, code) == (number, HoldCode.CLOSED_PERIOD)
        assert len(sent(one, "qbo", "POST", "invoice")) == 1
        close_books(one, "")
        await one.cycle(after_s=7 * 3600)
        await settle(one)
        assert numbers(one, "invoice") == [number]
        assert await codes(one) == []


@pytest.mark.parametrize("how", [{"anew": True}, {"full": True}], ids=["a person", "a full look"])
async def test_F65_a_period_that_was_opened_is_known_as_soon_as_somebody_asks(
    tmp_path: Path, how: dict[str, bool]
) -> None:
    """The closing date is believed for hours, but not when ``trueup apply`` or a full look asks."""
    async with office(tmp_path) as one:
        close_books(one, "2026-03-01")
        await one.scheduler.run_now("closed", anew=True)
        order = buys(one, line("BR-1", 1, 3), OrderDate="2026-02-28")
        await settle(one)
        assert [code for _, code in await codes(one)] == [HoldCode.CLOSED_PERIOD]
        close_books(one, "")
        await settle(one)
        assert numbers(one, "purchaseorder") == []
        await one.scheduler.run_now("opened", **how)
        assert numbers(one, "purchaseorder") == [order]
        assert await codes(one) == []


@pytest.mark.parametrize("what", ["edit", "void"])
async def test_F65_edits_and_ends_of_a_closed_document_wait_too(tmp_path: Path, what: str) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 1, 5))
        sale = number.replace("INV", "SO")
        await settle(one)
        close_books(one, "2026-03-31")
        await one.cycle(after_s=7 * 3600)
        before = marker(one)
        if what == "edit":
            in_dear(one, "sale", number=sale, do="reprice", sku="BR-1", price=D(6))
        else:
            in_dear(one, "sale", number=sale, do="void", part="invoice")
        await settle(one)
        await hold_of(one, HoldCode.CLOSED_PERIOD)
        assert wrote(one, before) == []
        assert total(posted(one, "invoice", number)) == D(5)
        close_books(one, "")
        await one.cycle(after_s=7 * 3600)
        await settle(one)
        assert total(posted(one, "invoice", number)) == D(6 if what == "edit" else 0)


async def test_F67_an_accountants_edit_in_a_closed_period_is_drift_of_the_first_order(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        close_books(one, "2026-03-31")
        await one.cycle(after_s=7 * 3600)
        before = marker(one)
        row = posted(one, "bill", "V-1")
        in_qbo(one, "bill", id=row["Id"], line={"Id": "1", "UnitPrice": D(4)})
        await settle(one)
        assert "closed period" in await hold_of(one, HoldCode.FOREIGN_EDIT)
        assert one.writes("dear") == []
        assert wrote(one, before) == []
        assert in_dear(one, "purchase", number=order, set={"Note": ""})["Invoice"][0]["Total"] == 35


async def test_an_item_tracked_from_a_later_day_holds_and_is_released(tmp_path: Path) -> None:
    """QuickBooks' 6270: the twin tracks the item's quantity from its start on."""
    async with office(tmp_path, tracked_world(), since="2010-01-01") as one:
        start = qbo_row(one, "item", "TR-1")["InvStartDate"]
        day = "2014-10-15"
        assert day < start
        number = sold(one, line("TR-1", 1, 5), InvoiceDate=day)
        await settle(one)
        text = await hold_of(one, HoldCode.BEFORE_START)
        assert start in text
        assert day in text
        assert sent(one, "qbo", "POST", "invoice") == []
        item = one.qbo.state.get("Item", qbo_row(one, "item", "TR-1")["Id"])
        assert item is not None
        one.qbo.state.change(item, {**item.fields, "InvStartDate": "2014-10-01"})
        await settle(one)
        assert numbers(one, "invoice") == [number]
        assert await codes(one) == []


async def test_F68_F74_stock_that_moves_in_the_books_by_our_bills_is_written_nowhere(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, tracked_world()) as one:
        warned = [w.code for w in one.scheduler.health[QBO].warnings]
        assert "tracked_quantities" in warned, "said at the connection: costs would post twice"
        in_stock = dear_row(one, "item", "TR-1")
        count = qbo_row(one, "item", "TR-1")["QtyOnHand"]
        order = buys(one, line("TR-1", 12, 2))
        billed(one, order, "V-1")
        sold(one, line("TR-1", 2, 5))
        await settle(one)
        assert qbo_row(one, "item", "TR-1")["QtyOnHand"] == count + 10
        for _ in range(2):
            await one.cycle(after_s=3600)
        assert one.writes("dear") == []
        assert sent(one, "qbo", "POST", "item") == []
        assert dear_row(one, "item", "TR-1")["PriceTier1"] == in_stock["PriceTier1"]
        assert await codes(one) == []


async def test_F72_a_bill_dated_before_its_order_is_held_or_posted_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        billed(one, order, "V-1", InvoiceDate="2026-03-01")
        await settle(one)
        text = await hold_of(one, HoldCode.BEFORE_ORDER)
        assert "2026-03-01" in text
        assert "2026-03-02" in text
        assert qbo_rows(one, "bill") == []

        one.policy_changes["documents"] = papers_policy(before_order="unlinked")
        await one.restart()
        await settle(one)
        assert links(posted(one, "bill", "V-1")) == [("", "")]
        assert await codes(one) == []


async def test_F72_a_corrected_date_releases_the_bill(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 3))
        billed(one, order, "V-1", InvoiceDate="2026-03-01")
        await settle(one)
        in_dear(one, "purchase", number=order, set={"OrderDate": "2026-02-27"})
        await settle(one)
        po = posted(one, "purchaseorder", order)
        assert po["TxnDate"] == "2026-02-27"
        assert links(posted(one, "bill", "V-1")) == [(po["Id"], "1")]
        assert await codes(one) == []


async def test_F73_more_billed_than_ordered_is_shown_and_not_clipped(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 100, 1))
        billed(one, order, "V-1", line("BR-1", 101, 1))
        await settle(one)
        row = posted(one, "bill", "V-1")
        assert [detail(part)["Qty"] for part in lines_of(row)] == [101]
        assert links(row) == [(posted(one, "purchaseorder", order)["Id"], "1")]
        done = await one.operations("confirmed")
        [bill] = [r.operation for r in done if r.operation.kind is Kind.BILL]
        assert "101" in bill.why
        assert "100" in bill.why
        assert await codes(one) == []


async def test_F70_nothing_is_sent_of_what_stock_costs(tmp_path: Path) -> None:
    """Receipts and costs of goods stay in DEAR: only the three kinds leave, whatever is shipped."""
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        in_dear(one, "purchase", number=order, do="receive")
        sale = sells(one, line("BR-1", 2, 9))
        invoiced(one, sale)
        in_dear(one, "sale", number=sale, do="ship")
        await settle(one)
        kinds = {name.partition("/")[0] for name in wrote(one)}
        assert kinds == {"purchase_order", "bill", "invoice"}
        assert len(one.writes("qbo")) == 3


# -- what a document points to ------------------------------------------------------------------


async def test_an_inactive_item_is_named_and_its_return_releases_the_order(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        save_in_qbo(one, "item", "BR-2", Active=False)
        await settle(one)
        order = buys(one, line("BR-1", 1, 3), line("BR-2", 1, 3))
        await settle(one)
        text = await hold_of(one, HoldCode.INACTIVE_REFERENCE)
        assert "BR-2" in text
        assert "line 2" in text.lower()
        assert qbo_rows(one, "purchaseorder") == []
        save_in_qbo(one, "item", "BR-2", Active=True)
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert await codes(one) == []


async def test_an_expense_account_that_the_books_lack_is_named_and_released(
    tmp_path: Path,
) -> None:
    """A charge whose product cannot be told goes to the account that stands on its line."""
    async with office(tmp_path) as one:
        in_dear(one, "account", create=account("4711", "Customs duty"))
        twin = {"SKU": "FREIGHT-2", "Name": dear_row(one, "item", "FREIGHT")["Name"]}
        kind = {"Type": "Service", "Category": "Other", "UOM": "Item", "CostingMethod": "FIFO"}
        in_dear(one, "item", create={**twin, **kind})
        one.clock.advance(5 * 3600)  # accounts are read every few hours
        order = buys(one, line("BR-1", 1, 3))
        duty = charge("FREIGHT", 1, 9, Account="4711")
        billed(one, order, "V-1", line("BR-1", 1, 3), AdditionalCharges=[duty])
        await settle(one)
        text = await hold_of(one, HoldCode.MISSING_REFERENCE)
        assert "4711" in text
        assert "line 2" in text.lower()
        assert qbo_rows(one, "bill") == []

        kinds = {"AccountType": "Expense", "AccountSubType": "SuppliesMaterials"}
        create_in_qbo(one, "account", Name="Customs duty", **kinds)
        await settle(one)
        bill = posted(one, "bill", "V-1")
        assert amounts(bill) == [D(3), D(9)]
        assert detail(lines_of(bill)[1])["AccountRef"]["name"] == "Customs duty"
        assert await codes(one) == []
        (made,) = [
            row.operation
            for row in await one.operations("confirmed")
            if row.operation.kind is Kind.BILL
        ]
        assert made.why.endswith(
            'Line 2 goes straight to account "4711", without a product: 2 active products of DEAR '
            f'are called "{twin["Name"]}".'
        )


def account(code: str, name: str) -> dict[str, Any]:
    return {"Code": code, "Name": name, "Type": "EXPENSE", "Status": "ACTIVE", "Class": "EXPENSE"}


async def test_the_books_sum_differs_after_all_and_a_person_accepts_it(tmp_path: Path) -> None:
    """A bookkeeper overrides the tax: the same lines, another total."""
    async with office(tmp_path, documents=papers_policy()) as one:
        number = sold(one, line("BR-1", 1, 100, TaxRule=TAXED))
        await settle(one)
        row = posted(one, "invoice", number)
        tax = {"TxnTaxCodeRef": row["TxnTaxDetail"]["TxnTaxCodeRef"]}
        in_qbo(one, "invoice", id=row["Id"], set={"TxnTaxDetail": {**tax, "TotalTax": D("8.5")}})
        before = marker(one)
        await settle(one)
        shown = total(posted(one, "invoice", number))
        assert shown == D("108.5")
        [held] = [row for row in await one.holds() if row.kind is Kind.INVOICE]
        assert held.hold.code is HoldCode.DISCREPANT
        assert "108.5" in held.hold.text
        assert wrote(one, before) == []

        await desk(one).resolve(
            BOOKKEEPER,
            ResolveRequest(record=held.record, field="total", take="qbo", reason="agreed"),
        )
        await settle(one)
        assert await codes(one) == []
        assert wrote(one, before) == []
