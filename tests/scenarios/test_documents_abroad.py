"""Companies outside the US: a tax code on every line, tax on purchases, totals equal to the cent.

A Canadian company mostly: GST of 5 %, and in Quebec a code with two rates, 5 % and 9.975 %.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol_totals import TotalsRequest
from daemon.sandbox.abroad import COUNTRIES, party_abroad, product_abroad
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import PartyFace, Thing, World, make_world
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, Kind
from tests.sampledefaults import DEAR_DEFAULTS
from tests.scenarios.papers import (
    CUSTOMER,
    VENDOR,
    Row,
    amounts,
    billed,
    buys,
    charge,
    codes,
    detail,
    hold_of,
    in_dear,
    in_qbo,
    invoiced,
    keeps_book,
    line,
    lines_of,
    links,
    marker,
    nothing_twice,
    numbers,
    office,
    posted,
    rebills,
    reinvoices,
    same_record,
    sells,
    services,
    settle,
    sold,
    total,
    voids,
    wrote,
)
from tests.scenarios.support import ACCOUNTS, Goods, qbo_row, qbo_rows, require_sound
from tests.scenarios.village import desk
from tests.town import Town

D = Decimal
GST, BOTH, QST, HST = "GST", "GST/QST QC", "QST QC", "HST ON"
ZERO, EXEMPT = "Zero-rated", "Exempt"


def company(country: str = "CA", *, vendors: Iterable[Thing[PartyFace]] = ()) -> World:
    """A vendor, a customer, three goods and a service, equal on both sides."""
    goods, whole = Goods(), make_world(7, "small", country=country)
    products = (*(goods.item(f"BR-{n}") for n in (1, 2, 3)), *services("FREIGHT"))
    return replace(
        whole,
        accounts=tuple(
            t for t in whole.accounts if t.qbo is not None and t.qbo.id in ACCOUNTS | {"35", "89"}
        ),
        tax_codes=tuple(t for t in whole.tax_codes if t.in_both),
        terms=tuple(t for t in whole.terms if t.key in ("Net 15", "Net 30")),
        classes=(),
        payment_methods=(),
        vendors=(party_abroad(goods.vendor(VENDOR), country), *vendors),
        customers=(party_abroad(goods.customer(CUSTOMER), country),),
        products=tuple(product_abroad(thing, country) for thing in products),
    )


@asynccontextmanager
async def abroad(
    folder: Path, world: World | None = None, *, country: str = "CA", **options: Any
) -> AsyncIterator[Town]:
    there = COUNTRIES[country]
    defaults = {
        part: {key: there.currency if key == "currency" else value for key, value in keys.items()}
        for part, keys in DEAR_DEFAULTS.items()
    }
    for part in ("supplier", "customer"):
        defaults[part]["tax_rule"] = there.standard
    settings = {"defaults": defaults, "home_country": [there.name]}
    async with office(
        folder,
        world or company(country),
        home_currency=there.currency,
        dear_settings=settings,
        **options,
    ) as one:
        yield one


def codes_of(one: Town, row: Row) -> list[str]:
    """Names of the tax codes of the lines."""
    names = {code["Id"]: code["Name"] for code in qbo_rows(one, "tax_code")}
    return [names[detail(part)["TaxCodeRef"]["value"]] for part in lines_of(row)]


def tax(row: Row) -> Decimal:
    return Decimal(row["TxnTaxDetail"]["TotalTax"])


async def test_both_sides_know_the_same_codes_and_have_nothing_to_write(tmp_path: Path) -> None:
    async with abroad(tmp_path) as one:
        held = [row for row in await one.holds() if row.kind is Kind.TAX_CODE]
        assert held == []
        assert [row for row in one.writes("qbo") if "tax" in row["path"]] == []
        assert [row for row in one.writes("dear") if row["path"].endswith("/tax")] == []


async def test_order_bill_and_invoice_travel_with_their_tax(tmp_path: Path) -> None:
    async with abroad(tmp_path) as one:
        order = buys(
            one,
            line("BR-1", 10, "3.33", TaxRule=GST),
            line("BR-2", 3, "7.15", TaxRule=BOTH),
            line("BR-3", 1, 12, TaxRule=ZERO),
            line("BR-3", 1, 10, TaxRule=None),  # of the vendor: GST
        )
        bill = billed(one, order, "V-1")
        await settle(one)
        placed, row = posted(one, "purchaseorder", order), posted(one, "bill", "V-1")
        assert codes_of(one, placed) == codes_of(one, row) == [GST, BOTH, ZERO, GST]
        assert amounts(row) == [D("33.3"), D("21.45"), D(12), D(10)]
        assert total(row) == total(placed) == bill["Total"] == D("82.13")
        assert tax(row) == D("5.38")
        assert row["GlobalTaxCalculation"] == "TaxExcluded"
        assert links(row) == [(placed["Id"], line_id) for line_id in ("1", "2", "3", "4")]
        assert placed["POStatus"] == "Closed"
        assert await codes(one) == []
        nothing_twice(one)
        await require_sound(one)


async def test_one_invoice_with_two_codes_zero_rated_exempt_and_two_rates(tmp_path: Path) -> None:
    async with abroad(tmp_path) as one:
        number = sold(
            one,
            line("BR-1", 2, "19.99", TaxRule=HST),
            line("BR-2", 1, "4.5", TaxRule=BOTH),
            line("BR-3", 1, 20, TaxRule=ZERO),
            charges=[charge("FREIGHT", 1, 9, TaxRule=EXEMPT)],
        )
        await settle(one)
        row = posted(one, "invoice", number)
        assert codes_of(one, row) == [HST, BOTH, ZERO, EXEMPT]
        assert (tax(row), total(row)) == (D("5.88"), D("79.36"))
        assert await codes(one) == []
        before = marker(one)
        for _ in range(3):
            await one.cycle(after_s=4 * 3600)
        assert wrote(one, before) == []


@pytest.mark.parametrize("rounding", ["rate", "line"])
async def test_F60_a_cent_of_rounding_is_a_variance_noted_once(
    tmp_path: Path, rounding: str
) -> None:
    """DEAR adds up tax of four places, the books round it by rate or by line."""
    switches = QboSwitches(tax_rounding=rounding)  # type: ignore[arg-type]
    async with abroad(tmp_path, qbo=switches) as one:
        one.dear.state.me["TaxCalculationMethod"] = "Row Total"
        number = sold(one, *(line("BR-1", 1, "1.3", TaxRule=GST) for _ in range(3)))
        [sale] = in_dear_invoices(one)
        assert sale["Total"] == D("4.11")
        await settle(one)
        row = posted(one, "invoice", number)
        expected = [D("-0.01")] if rounding == "rate" else []
        assert total(row) == D("4.1" if rounding == "rate" else "4.11")
        assert await variances(one) == expected
        before = marker(one)
        for _ in range(3):
            await one.cycle(after_s=4 * 3600)
        assert wrote(one, before) == []
        assert await variances(one) == expected
        assert await codes(one) == []


def in_dear_invoices(one: Town) -> list[Row]:
    rows = one.dear.state.dump("sale")
    return [
        invoice
        for row in rows
        for invoice in in_dear(one, "sale", id=row["_id"], set={"Note": ""})["Invoices"]
    ]


async def variances(one: Town) -> list[Decimal]:
    """What the totals of both systems differ by for this reason; for no other may they differ."""
    rows = (await desk(one).totals(TotalsRequest())).rows
    assert all(Decimal(row.unexplained) == 0 for row in rows)
    parts = [part for row in rows for part in row.parts]
    assert {part.reason for part in parts} <= {"variance"}
    assert all(part.count == 1 for part in parts)
    return [Decimal(part.amount) for part in parts]


async def test_F60_the_vendors_cent_corrected_by_a_bookkeeper_is_noted_once(tmp_path: Path) -> None:
    """9.975 % of 4 495.16: 448.39 here, 448.40 on the vendor's paper and so in the books."""
    async with abroad(tmp_path) as one:
        order = buys(one, line("BR-1", 1, "4495.16", TaxRule=QST))
        billed(one, order, "V-1")
        await settle(one)
        row = posted(one, "bill", "V-1")
        assert (tax(row), total(row)) == (D("448.39"), D("4943.55"))
        assert await variances(one) == []
        shown = dict(row["TxnTaxDetail"]["TaxLine"][0], Amount=D("448.40"))
        before = marker(one)
        keeps_book(
            one, "bill", "V-1", set={"TxnTaxDetail": {"TotalTax": D("448.40"), "TaxLine": [shown]}}
        )
        await settle(one)
        for _ in range(3):
            await one.cycle(after_s=4 * 3600)
        assert total(posted(one, "bill", "V-1")) == D("4943.56")
        assert await variances(one) == [D("0.01")]
        assert wrote(one, before) == []
        assert await codes(one) == []


async def test_edits_after_the_export_follow_with_their_tax(tmp_path: Path) -> None:
    async with abroad(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 10, TaxRule=GST))
        billed(one, order, "V-1")
        number = sold(one, line("BR-1", 1, 50, TaxRule=GST))
        await settle(one)
        freight = charge("FREIGHT", 1, 8, TaxRule=ZERO)
        rebills(one, order, line("BR-1", 10, 10, TaxRule=BOTH), AdditionalCharges=[freight])
        reinvoices(
            one, number, line("BR-1", 1, 50, TaxRule=HST), line("BR-2", 2, "4.35", TaxRule=GST)
        )
        await settle(one)
        bill, invoice = posted(one, "bill", "V-1"), posted(one, "invoice", number)
        assert codes_of(one, bill) == [BOTH, ZERO]
        assert (tax(bill), total(bill)) == (D("14.98"), D("122.98"))
        assert links(bill)[0] == (posted(one, "purchaseorder", order)["Id"], "1")
        assert codes_of(one, invoice) == [HST, GST]
        assert (tax(invoice), total(invoice)) == (D("6.94"), D("65.64"))
        assert await codes(one) == []
        unbilled = buys(one, line("BR-2", 1, 10, TaxRule=GST))
        await settle(one)
        voids(one, number)
        voids(one, unbilled)
        await settle(one)
        assert total(posted(one, "invoice", number)) == 0
        closed = posted(one, "purchaseorder", unbilled)
        assert (closed["POStatus"], total(closed)) == ("Closed", D("10.5"))
        assert await codes(one) == []


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
async def test_a_lost_answer_is_settled_by_what_the_books_show(tmp_path: Path, fault: str) -> None:
    async with abroad(tmp_path) as one:
        for path in ("*/bill", "*/invoice", "*/batch"):
            one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": path})
        order = buys(one, line("BR-1", 10, 10, TaxRule=BOTH))
        billed(one, order, "V-1")
        number = sold(one, line("BR-1", 1, "9.99", TaxRule=HST))
        await settle(one)
        assert total(posted(one, "bill", "V-1")) == D("114.98")
        assert total(posted(one, "invoice", number)) == D("11.29")
        assert await codes(one) == []
        nothing_twice(one)


async def test_another_code_set_by_a_bookkeeper_is_a_foreign_edit(tmp_path: Path) -> None:
    async with abroad(tmp_path) as one:
        order = buys(one, line("BR-1", 10, 10, TaxRule=GST))
        billed(one, order, "V-1")
        await settle(one)
        zero = next(c["Id"] for c in qbo_rows(one, "tax_code") if c["Name"] == ZERO)
        before = marker(one)
        keeps_book(one, "bill", "V-1", line={"Id": "1", "TaxCodeRef": {"value": zero}})
        await settle(one)
        await hold_of(one, HoldCode.FOREIGN_EDIT)
        assert wrote(one, before) == []
        assert total(posted(one, "bill", "V-1")) == 100


async def test_F61_inclusive_prices_hold_with_their_reason_and_are_recognised(
    tmp_path: Path,
) -> None:
    async with abroad(tmp_path) as one:
        sale = sells(one, line("BR-1", 3, "11.5", TaxRule=BOTH), TaxInclusive=True)
        invoice = invoiced(one, sale)
        await settle(one)
        assert "4.49" in await hold_of(one, HoldCode.TAX_INCLUSIVE)
        assert wrote(one) == []
        entered = {
            "party": CUSTOMER,
            "number": invoice["InvoiceNumber"],
            "date": "2026-03-02",
            "inclusive": True,
            "lines": [{"item": "BR-1", "quantity": 3, "price": D("11.5"), "tax": BOTH}],
        }
        in_qbo(one, "invoice", enter=entered)
        await settle(one)
        row = posted(one, "invoice", invoice["InvoiceNumber"])
        assert row["GlobalTaxCalculation"] == "TaxInclusive"
        assert (total(row), tax(row)) == (D("34.5"), D("4.49"))
        assert await same_record(one, Kind.INVOICE, invoice["InvoiceNumber"])
        assert wrote(one) == []


async def test_inclusive_prices_set_by_a_bookkeeper_are_drift_and_can_be_restored(
    tmp_path: Path,
) -> None:
    async with abroad(tmp_path) as one:
        number = sold(one, line("BR-1", 3, 10, TaxRule=GST))
        await settle(one)
        [part] = lines_of(posted(one, "invoice", number))
        part["SalesItemLineDetail"]["TaxInclusiveAmt"] = D("31.5")
        before = marker(one)
        changes = {"GlobalTaxCalculation": "TaxInclusive", "Line": [part]}
        keeps_book(one, "invoice", number, set=changes)
        await settle(one)
        assert "31.50" in await hold_of(one, HoldCode.FOREIGN_EDIT)
        assert wrote(one, before) == []

        one.policy_changes["on_foreign_edit"] = {Kind.INVOICE: {"*": "restore"}}
        await one.restart()
        await settle(one)
        row = posted(one, "invoice", number)
        assert (row["GlobalTaxCalculation"], total(row)) == ("TaxExcluded", D("31.5"))
        assert "TaxInclusiveAmt" not in detail(lines_of(row)[0])
        assert await codes(one) == []


async def test_an_untaxed_document_entered_by_hand_gets_the_codes_of_its_owner(
    tmp_path: Path,
) -> None:
    async with abroad(tmp_path) as one:
        invoice = invoiced(one, sells(one, line("BR-1", 1, 100, TaxRule=EXEMPT)))
        number = invoice["InvoiceNumber"]
        item = {"ItemRef": {"value": qbo_row(one, "item", "BR-1")["Id"]}, "Qty": 1}
        body = {
            "CustomerRef": {"value": qbo_row(one, "customer", CUSTOMER)["Id"]},
            "DocNumber": number,
            "TxnDate": "2026-03-02",
            "GlobalTaxCalculation": "NotApplicable",
            "Line": [
                {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}
            ],
        }
        in_qbo(one, "invoice", create=body)
        await settle(one)
        row = posted(one, "invoice", number)
        assert await same_record(one, Kind.INVOICE, number)
        assert (codes_of(one, row), total(row)) == ([EXEMPT], D(100))
        assert row["GlobalTaxCalculation"] == "TaxExcluded"
        assert await codes(one) == []


async def test_books_that_round_by_line_are_found_out_and_shown(tmp_path: Path) -> None:
    """Nine times 0.065: 0.59 of the sum and 0.63 line by line. What was posted stays and is held
    for a person, and nothing is sent again."""
    async with abroad(tmp_path, qbo=QboSwitches(tax_rounding="line")) as one:
        number = sold(one, *(line("BR-1", 1, "1.3", TaxRule=GST) for _ in range(9)))
        await settle(one)
        text = await hold_of(one, HoldCode.DISCREPANT)
        assert "12.33" in text
        assert "12.29" in text
        assert wrote(one) == [f"invoice/{posted(one, 'invoice', number)['Id']}"]


async def test_F63_foreign_money_is_held_with_its_rate(tmp_path: Path) -> None:
    there = party_abroad(Goods().vendor("Elbe Steel", qbo=False), "CA")
    assert there.dear is not None
    foreign = replace(there, dear=replace(there.dear, currency="USD"))
    async with abroad(tmp_path, company(vendors=(foreign,))) as one:
        order = buys(
            one, line("BR-1", 1, 10, TaxRule=ZERO), Supplier="Elbe Steel", CurrencyRate=D("1.36")
        )
        billed(one, order, "U-1")
        await settle(one)
        held = [row for row in await one.holds() if row.kind in DOCUMENT_KINDS]
        texts = [r.hold.text for r in held if r.hold.code is HoldCode.FOREIGN_CURRENCY]
        assert len(texts) == 2
        assert all("USD at 1.36" in text and "CAD" in text for text in texts)
        assert wrote(one) == []


async def test_a_rule_without_a_counterpart_is_named_and_released_by_its_code(
    tmp_path: Path,
) -> None:
    async with abroad(tmp_path) as one:
        part = {
            "Name": "PST BC",
            "Percent": "7",
            "AccountCode": "Q90",
            "ComponentOrder": "1",
            "ID": "P-1",
        }
        rule = {"Name": "PST BC", "Account": "Q90", "IsTaxForSale": True, "IsTaxForPurchase": True}
        in_dear(one, "tax", create={**rule, "IsActive": True, "Components": [part]})
        in_dear(one, "tax", name="PST BC", set={"TaxPercent": D(7)})
        one.clock.advance(7 * 3600)  # tax rules are read every few hours
        number = sold(one, line("BR-1", 1, 100, TaxRule="PST BC"))
        await settle(one)
        text = await hold_of(one, HoldCode.MISSING_REFERENCE)
        assert "PST BC" in text
        assert "line 1" in text.lower()
        assert qbo_rows(one, "invoice") == []
        rates = [
            {"TaxRateName": f"PST {side}", "RateValue": "7", "TaxAgencyId": "2"}
            | {"TaxApplicableOn": side}
            for side in ("Sales", "Purchase")
        ]
        in_qbo(one, "tax_code", create={"TaxCode": "PST BC", "TaxRateDetails": rates})
        one.clock.advance(7 * 3600)
        await settle(one)
        row = posted(one, "invoice", number)
        assert (codes_of(one, row), total(row)) == (["PST BC"], D(107))
        assert await codes(one) == []


async def test_british_vat_at_three_rates(tmp_path: Path) -> None:
    async with abroad(tmp_path, country="GB") as one:
        names = ("20.0% S", "5.0% R", "0.0% Z", "Exempt")
        lines = [line(f"BR-{1 + n % 3}", 1, "9.99", TaxRule=name) for n, name in enumerate(names)]
        order = buys(one, *lines)
        bill = billed(one, order, "V-1")
        number = sold(one, *lines)
        await settle(one)
        for kind, wanted in (("purchaseorder", order), ("bill", "V-1"), ("invoice", number)):
            row = posted(one, kind, wanted)
            assert row["CurrencyRef"]["value"] == "GBP"
            assert codes_of(one, row) == list(names)
            assert (tax(row), total(row)) == (D("2.5"), D("42.46"))
        assert bill["Total"] == D("42.46")
        assert await codes(one) == []


async def test_a_company_without_tax_posts_documents_to_which_none_applies(
    tmp_path: Path,
) -> None:
    async with abroad(tmp_path, qbo=QboSwitches(sales_tax="off")) as one:
        number = sold(one, line("BR-1", 1, 100, TaxRule=EXEMPT))
        taxed = buys(one, line("BR-1", 1, 100, TaxRule=GST))
        await settle(one)
        row = posted(one, "invoice", number)
        assert (row["GlobalTaxCalculation"], total(row)) == ("NotApplicable", D(100))
        assert "TaxCodeRef" not in detail(lines_of(row)[0])
        assert "105" in await hold_of(one, HoldCode.TOTALS_DIFFER)
        assert taxed not in numbers(one, "purchaseorder")
