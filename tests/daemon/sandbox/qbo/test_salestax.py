"""Sales tax of the United States on invoices; no tax on purchases."""

from decimal import Decimal
from typing import Any

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    bill,
    customer,
    expense,
    invoice,
    postings,
    ref,
    sale,
    vendor,
)

TAX, NON = ref("TAX"), ref("NON")


def taxed(amount: Any, word: dict[str, str] = TAX) -> dict[str, Any]:
    return sale("7", amount, TaxCodeRef=word)


def detail(code: str, **more: Any) -> dict[str, Any]:
    return {"TxnTaxDetail": {"TxnTaxCodeRef": ref(code), **more}}


async def test_tax_of_a_group_per_rate(client: Client) -> None:
    buyer = await customer(client)
    made = await invoice(client, buyer, taxed(100), taxed(50.55), taxed(10, NON), **detail("3"))
    tax = made["TxnTaxDetail"]
    assert tax["TxnTaxCodeRef"] == {"value": "3"}
    assert [row["Amount"] for row in tax["TaxLine"]] == [Decimal("10.69"), Decimal("3.01")]
    first = tax["TaxLine"][0]["TaxLineDetail"]
    assert (first["TaxPercent"], first["NetAmountTaxable"]) == (Decimal("7.1"), Decimal("150.55"))
    assert (tax["TotalTax"], made["TotalAmt"]) == (Decimal("13.70"), Decimal("174.25"))
    assert made["Line"][-1]["Amount"] == Decimal("160.55")
    posted = (await postings(client))[made["Id"]]
    assert (posted["89"], posted["84"]) == (Decimal("-13.70"), Decimal("174.25"))
    assert (await client.post("invoice", made)).body["Invoice"] == made


async def test_F60_a_total_of_the_client_is_honoured(client: Client) -> None:
    buyer = await customer(client)
    made = await invoice(client, buyer, taxed(100), **detail("2", TotalTax=8.01))
    assert made["TxnTaxDetail"]["TotalTax"] == made["TotalAmt"] - 100 == Decimal("8.01")
    line = {**taxed(200), "Id": "1"}
    more = (await client.sparse("Invoice", made, Line=[line])).body["Invoice"]
    assert more["TxnTaxDetail"]["TotalTax"] == Decimal("8.01")
    again = (await client.sparse("Invoice", more, **detail("2"))).body["Invoice"]
    assert again["TxnTaxDetail"]["TotalTax"] == 16
    bare = await invoice(client, buyer, taxed(100), TxnTaxDetail={"TotalTax": 5})
    assert (bare["TotalAmt"], "TaxLine" in bare["TxnTaxDetail"]) == (105, False)


async def test_words_on_lines(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    plain = await invoice(client, buyer, sale("7", 5))
    assert plain["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == NON
    answer = await client.post("invoice", {"CustomerRef": buyer, "Line": [taxed(5, ref("2"))]})
    assert (answer.code, answer.error["element"]) == ("6100", "Line.TaxCodeRef")
    body = {"VendorRef": seller, "Line": [expense("7", 5, TaxCodeRef=TAX)]}
    assert (await client.post("bill", body)).code == "6100"
    made = await bill(client, seller, expense("7", 5, TaxCodeRef=NON), TxnTaxDetail={"TotalTax": 0})
    assert "TxnTaxDetail" not in made
    refused = {**body, "Line": [expense("7", 5)], "TxnTaxDetail": {"TotalTax": 1}}
    assert "not simulated" in (await client.post("bill", refused)).error["Detail"]


async def test_groups_that_cannot_be_used(client: Client) -> None:
    buyer = await customer(client)
    for code, fault in (("999", "2500"), ("TAX", "2500"), ("CustomSalesTax", "6160")):
        body = {"CustomerRef": buyer, "Line": [taxed(5)], **detail(code)}
        assert (await client.post("invoice", body)).code == fault
    body = {"CustomerRef": buyer, "Line": [taxed(5)], "TxnTaxDetail": {"Rate": 5}}
    assert (await client.post("invoice", body)).code == "2010"


async def test_a_customer_that_pays_no_tax(client: Client) -> None:
    buyer = await customer(client, Taxable=False)
    made = await invoice(client, buyer, taxed(100), **detail("2"))
    assert made["TxnTaxDetail"]["TotalTax"] == 0


async def test_a_discount_before_or_after_tax(client: Client) -> None:
    buyer = await customer(client)
    discount = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
    }
    lines = [taxed(100), taxed(100, NON), discount]
    after = await invoice(client, buyer, *lines, **detail("2"))
    assert (after["TxnTaxDetail"]["TotalTax"], after["TotalAmt"]) == (8, 188)
    before = await invoice(client, buyer, *lines, ApplyTaxAfterDiscount=True, **detail("2"))
    assert before["TxnTaxDetail"]["TotalTax"] == Decimal("7.2")
    kinds = [line["DetailType"] for line in before["Line"]]
    assert kinds[-2:] == ["SubTotalLineDetail", "DiscountLineDetail"]
    assert before["Line"][-2]["Amount"] == 200
    assert before["Line"][-1]["DiscountLineDetail"]["DiscountAccountRef"]["name"] == (
        "Discounts given"
    )
    assert (await postings(client))[before["Id"]]["86"] == 20
    assert (await client.post("invoice", before)).body["Invoice"] == before
    fixed = {"Amount": 15, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}}
    plain = await invoice(client, buyer, taxed(100, NON), fixed)
    assert plain["TotalAmt"] == 85
    client.twin.switches.allow_discount = False
    answer = await client.post("invoice", {"CustomerRef": buyer, "Line": [taxed(5), fixed]})
    assert answer.code == "6090"


async def test_automated_sales_tax_picks_the_group(client: Client) -> None:
    client.twin.switches.sales_tax = "automated"
    prefs = (await client.get("preferences")).body["Preferences"]["TaxPrefs"]
    assert prefs["PartnerTaxEnabled"] is True
    buyer = await customer(client)
    item = await client.create("Item", Name="T", IncomeAccountRef=ref("79"), Taxable=True)
    made = await invoice(client, buyer, sale(item["Id"], 100), **detail("3"))
    assert made["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == TAX
    assert made["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": "2"}
    assert made["TxnTaxDetail"]["TotalTax"] == 8
    exempt = await customer(client, "Exempt", Taxable=False)
    free = await invoice(client, exempt, sale(item["Id"], 100))
    assert free["TxnTaxDetail"] == {"TotalTax": 0}
    code = {"TaxCode": "X", "TaxRateDetails": [{"TaxRateId": "3"}]}
    assert (await client.post("taxservice/taxcode", code)).code == "500"
