"""Tax outside the United States: a code on every line, rates for sales and for purchases."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.abroad import COUNTRIES
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.txnentities import SPECS
from daemon.sandbox.server import serve
from daemon.sandbox.world import World, make_world
from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    bill,
    customer,
    expense,
    goods,
    invoice,
    linked,
    order,
    postings,
    ref,
    sale,
    vendor,
)
from tests.jumpclock import JumpClock

D = Decimal
EXEMPT, ZERO, GST, HST, BOTH, QST = (ref(n) for n in ("2", "3", "5", "6", "7", "8"))
REVENU, RECEIVER = "89", "90"


@pytest.fixture(scope="module")
def canada() -> World:
    return make_world(11, "small", country="CA")


@pytest.fixture
async def client(canada: World, clock: JumpClock) -> AsyncIterator[Client]:
    twin = QboTwin(canada, clock=clock, switches=QboSwitches(throttling=False))
    async with serve(twin.app) as url, aiohttp.ClientSession() as session:
        yield Client(twin, url, session, clock)


def sold(amount: Any, code: dict[str, str], **more: Any) -> dict[str, Any]:
    return sale("7", amount, TaxCodeRef=code, **more)


def taxes(record: dict[str, Any]) -> dict[str, tuple[Any, Any, Any]]:
    """Percent, taxable sum and tax of each rate."""
    found = {}
    for row in record["TxnTaxDetail"].get("TaxLine", []):
        detail = row["TaxLineDetail"]
        assert (row["DetailType"], detail["PercentBased"]) == ("TaxLineDetail", True)
        shown = (detail["TaxPercent"], detail["NetAmountTaxable"], row["Amount"])
        found[detail["TaxRateRef"]["value"]] = shown
    return found


async def test_the_company_says_where_it_is(client: Client) -> None:
    info = (await client.query("SELECT * FROM CompanyInfo"))["CompanyInfo"][0]
    assert (info["Country"], info["CompanyAddr"]["Country"]) == ("CA", "Canada")
    prefs = (await client.get("preferences")).body["Preferences"]
    assert prefs["TaxPrefs"] == {"UsingSalesTax": True}
    assert prefs["CurrencyPrefs"]["HomeCurrency"] == {"value": "CAD"}
    codes = (await client.query("SELECT * FROM TaxCode"))["TaxCode"]
    by_name = {code["Name"]: code for code in codes}
    assert not {"TAX", "NON"} & {code["Id"] for code in codes}
    both = by_name["GST/QST QC"]
    for side, wanted in (("Sales", ["5", "9"]), ("Purchase", ["6", "10"])):
        rows = both[f"{side}TaxRateList"]["TaxRateDetail"]
        assert [row["TaxRateRef"]["value"] for row in rows] == wanted
    exempt = by_name["Exempt"]
    assert exempt["Taxable"] is False
    assert exempt["SalesTaxRateList"]["TaxRateDetail"] == []
    accounts = {"Revenu Quebec Payable", "Receiver General Payable"}
    found = (await client.query("SELECT * FROM Account"))["Account"]
    assert {"CAD"} == {account["CurrencyRef"]["value"] for account in found}
    assert accounts <= {account["Name"] for account in found}


async def test_two_codes_in_one_invoice_and_one_code_with_two_rates(client: Client) -> None:
    buyer = await customer(client)
    lines = [sold(100, GST), sold(D("50.55"), BOTH), sold(10, ZERO), sold(7, EXEMPT)]
    made = await invoice(client, buyer, *lines)
    assert made["GlobalTaxCalculation"] == "TaxExcluded"
    assert made["CurrencyRef"] == {"value": "CAD", "name": "Canadian Dollar"}
    assert taxes(made) == {
        "5": (5, D("150.55"), D("7.53")),
        "9": (D("9.975"), D("50.55"), D("5.04")),
        "3": (0, 10, 0),
    }
    assert made["TxnTaxDetail"]["TotalTax"] == D("12.57")
    assert (made["TotalAmt"], made["Balance"]) == (D("180.12"), D("180.12"))
    assert [line["Amount"] for line in made["Line"]] == [100, D("50.55"), 10, 7, D("167.55")]
    assert made["Line"][1]["SalesItemLineDetail"]["TaxCodeRef"] == BOTH
    posted = (await postings(client))[made["Id"]]
    assert (posted[RECEIVER], posted[REVENU]) == (D("-7.53"), D("-5.04"))
    assert posted["84"] == D("180.12")
    assert (await client.post("invoice", made)).body["Invoice"] == made


async def test_tax_line_by_line_where_the_switch_says_so(client: Client) -> None:
    buyer = await customer(client)
    lines = [sold(D("0.30"), GST) for _ in range(3)]
    whole = await invoice(client, buyer, *lines)
    assert whole["TxnTaxDetail"]["TotalTax"] == D("0.05")
    client.twin.switches.tax_rounding = "line"
    each = await invoice(client, buyer, *lines)
    assert each["TxnTaxDetail"]["TotalTax"] == D("0.06")


async def test_tax_of_a_bill_is_posted_and_stands_in_its_total(client: Client) -> None:
    seller = await vendor(client)
    item = await client.create(
        "Item", Name="Paint", Type="NonInventory", ExpenseAccountRef=ref("80")
    )
    placed = await order(client, seller, goods(item["Id"], 4, 25, TaxCodeRef=BOTH))
    assert taxes(placed) == {"6": (5, 100, 5), "10": (D("9.975"), 100, D("9.98"))}
    assert placed["TotalAmt"] == D("114.98")
    taken = linked(goods(item["Id"], 4, 25, TaxCodeRef=BOTH), placed, "1")
    made = await bill(client, seller, taken, expense("7", 20, TaxCodeRef=ZERO))
    assert (made["TotalAmt"], made["Balance"]) == (D("134.98"), D("134.98"))
    assert made["TxnTaxDetail"]["TotalTax"] == D("14.98")
    posted = await postings(client)
    assert placed["Id"] not in posted
    assert posted[made["Id"]] == {
        "80": 100,
        "7": 20,
        RECEIVER: 5,
        REVENU: D("9.98"),
        "33": D("-134.98"),
    }
    assert (await client.read("PurchaseOrder", placed["Id"]))["POStatus"] == "Closed"
    again = {**made["Line"][0], "Amount": 50}
    again["ItemBasedExpenseLineDetail"] = {**again["ItemBasedExpenseLineDetail"], "Qty": 2}
    less = (await client.sparse("Bill", made, VendorRef=seller, Line=[again])).body["Bill"]
    assert (less["TxnTaxDetail"]["TotalTax"], less["TotalAmt"]) == (D("7.49"), D("57.49"))
    credit = await client.create(
        "VendorCredit", VendorRef=seller, Line=[expense("7", 20, TaxCodeRef=GST)]
    )
    assert credit["TotalAmt"] == 21
    assert (await postings(client))[credit["Id"]][RECEIVER] == -1


@pytest.mark.parametrize("fault", ["6000", "6100"])
async def test_every_line_needs_a_real_code(client: Client, fault: str) -> None:
    client.twin.switches.missing_tax_code = fault  # type: ignore[assignment]
    buyer, seller = await customer(client), await vendor(client)
    for path, body in (
        ("invoice", {"CustomerRef": buyer, "Line": [sold(5, GST), sale("7", 5)]}),
        ("bill", {"VendorRef": seller, "Line": [expense("7", 5)]}),
    ):
        assert (await client.post(path, body)).code == fault
    for code, wanted in ((ref("TAX"), "2500"), (ref("NON"), "2500"), (ref("99"), "2500")):
        body = {"CustomerRef": buyer, "Line": [sold(5, code)]}
        assert (await client.post("invoice", body)).code == wanted


async def test_a_code_for_the_other_side_or_out_of_use(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    rate = {"TaxRateName": "Fee", "RateValue": "2", "TaxAgencyId": "2"}
    created = await client.post("taxservice/taxcode", {"TaxCode": "Fee", "TaxRateDetails": [rate]})
    fee = ref(created.body["TaxCodeId"])
    assert (await invoice(client, buyer, sold(100, fee)))["TotalAmt"] == 102
    body = {"VendorRef": seller, "Line": [expense("7", 5, TaxCodeRef=fee)]}
    answer = await client.post("bill", body)
    assert (answer.code, "not for purchases" in answer.error["Detail"]) == ("6000", True)
    edit = {"kind": "tax_code", "id": fee["value"], "set": {"Active": False}}
    assert (await client.control("edit", edit)).status == 200
    answer = await client.post("invoice", {"CustomerRef": buyer, "Line": [sold(5, fee)]})
    assert answer.code == "2500"


async def test_a_document_to_which_no_tax_applies(client: Client) -> None:
    buyer = await customer(client)
    free = {"CustomerRef": buyer, "GlobalTaxCalculation": "NotApplicable"}
    made = await invoice(client, buyer, sale("7", 100), GlobalTaxCalculation="NotApplicable")
    assert (made["TotalAmt"], "TxnTaxDetail" in made) == (100, False)
    assert "TaxCodeRef" not in made["Line"][0]["SalesItemLineDetail"]
    assert (await client.post("invoice", made)).body["Invoice"] == made
    body = {**free, "Line": [sale("7", 100)], "TxnTaxDetail": {"TotalTax": 0}}
    assert (await client.post("invoice", body)).code == "6170"
    # A document that is taxed from now on needs codes; one that is not any more loses them.
    answer = await client.sparse("Invoice", made, GlobalTaxCalculation="TaxExcluded")
    assert answer.code == "6000"
    line = {**sold(100, GST), "Id": "1"}
    answer = await client.sparse("Invoice", made, GlobalTaxCalculation="TaxExcluded", Line=[line])
    taxed = answer.body["Invoice"]
    assert taxed["TotalAmt"] == 105
    answer = await client.sparse("Invoice", taxed, GlobalTaxCalculation="NotApplicable")
    assert answer.body["Invoice"]["TotalAmt"] == 100


async def test_a_company_that_has_not_turned_tax_on(client: Client) -> None:
    client.twin.switches.sales_tax = "off"
    prefs = (await client.get("preferences")).body["Preferences"]["TaxPrefs"]
    assert prefs == {"UsingSalesTax": False}
    buyer = await customer(client)
    made = await invoice(client, buyer, sale("7", 100))
    assert (made["GlobalTaxCalculation"], made["TotalAmt"]) == ("NotApplicable", 100)
    body = {"CustomerRef": buyer, "Line": [sold(5, GST)], "GlobalTaxCalculation": "TaxExcluded"}
    assert (await client.post("invoice", body)).code == "6000"


async def test_inclusive_prices_are_kept_net_with_the_gross_beside(client: Client) -> None:
    """The figures of a recorded Australian invoice: 450 pieces for 450.00, tax of 10 % inside."""
    buyer = await customer(client)
    rate = {"TaxRateName": "AU", "RateValue": "10", "TaxAgencyId": "2"}
    created = await client.post("taxservice/taxcode", {"TaxCode": "AU", "TaxRateDetails": [rate]})
    ten = ref(created.body["TaxCodeId"])
    figures = {"Qty": 450, "UnitPrice": D("0.9090889"), "TaxInclusiveAmt": 450}
    line = sale("7", D("409.09"), TaxCodeRef=ten, **figures)
    made = await invoice(client, buyer, line, GlobalTaxCalculation="TaxInclusive")
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (450, D("40.91"))
    assert made["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == 450
    assert made["Line"][-1]["Amount"] == D("409.09")
    assert next(iter(taxes(made).values())) == (10, D("409.09"), D("40.91"))
    await postings(client)
    wrong = {**line, "SalesItemLineDetail": {**line["SalesItemLineDetail"], "TaxInclusiveAmt": 460}}
    body = {"CustomerRef": buyer, "GlobalTaxCalculation": "TaxInclusive", "Line": [wrong]}
    assert (await client.post("invoice", body)).code == "6000"
    assert (await client.post("invoice", {**body, "Line": [sold(5, ten)]})).code == "2020"
    voided = await client.post("invoice", made, operation="void")
    assert voided.body["Invoice"]["TotalAmt"] == 0


async def test_what_a_person_enters_with_tax_inside(client: Client) -> None:
    seller = await vendor(client, "Ink and Paper")
    given = {
        "party": "Ink and Paper",
        "number": "I-1",
        "inclusive": True,
        "tax": "GST/QST QC",
        "lines": [{"account": "Supplies", "amount": D("114.98")}],
    }
    made = (await client.control("edit", {"kind": "bill", "enter": given})).body["record"]
    assert made["VendorRef"]["value"] == seller["value"]
    assert (made["GlobalTaxCalculation"], made["TotalAmt"]) == ("TaxInclusive", D("114.98"))
    assert made["Line"][0]["Amount"] == 100
    assert {rate: row[2] for rate, row in taxes(made).items()} == {"6": 5, "10": D("9.98")}
    given = {"party": "Ink and Paper", "lines": [{"account": "Supplies", "amount": 5}]}
    answer = await client.control("edit", {"kind": "bill", "enter": given})
    assert "tax rate" in answer.raw.decode()


async def test_a_cent_may_be_corrected_by_rate(client: Client) -> None:
    """9.975 % of 4 495.16: 448.39 here, 448.40 on the vendor's paper."""
    seller = await vendor(client)
    line = expense("20", D("4495.16"), TaxCodeRef=QST)
    made = await bill(client, seller, line)
    assert (made["TxnTaxDetail"]["TotalTax"], made["TotalAmt"]) == (D("448.39"), D("4943.55"))

    def corrected(amount: Any) -> dict[str, Any]:
        detail = {"TaxRateRef": ref("10"), "NetAmountTaxable": D("4495.16")}
        row = {"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
        return {"TotalTax": amount, "TaxLine": [row]}

    body = {"VendorRef": seller, "TxnTaxDetail": corrected(D("448.40"))}
    more = (await client.sparse("Bill", made, **body)).body["Bill"]
    assert more["TotalAmt"] == D("4943.56")
    assert (await client.post("bill", more)).body["Bill"] == more
    assert (await postings(client))[made["Id"]][REVENU] == D("448.40")
    kept = (await client.sparse("Bill", more, VendorRef=seller, PrivateNote="x")).body["Bill"]
    assert kept["TotalAmt"] == D("4943.56")
    # With other lines the tax is worked out anew, even when the old rows come along.
    other = {**kept, "Line": [{**kept["Line"][0], "Amount": 100}]}
    assert (await client.post("bill", other)).body["Bill"]["TotalAmt"] == D("109.98")
    far = {"VendorRef": seller, "Line": [line], "TxnTaxDetail": corrected(450)}
    assert "not simulated" in (await client.post("bill", far)).error["Detail"]
    bare = {**far, "TxnTaxDetail": {"TotalTax": 450}}
    assert "not simulated" in (await client.post("bill", bare)).error["Detail"]
    by_hand = {
        "kind": "bill",
        "id": made["Id"],
        "set": {"Line": [line], **{"TxnTaxDetail": corrected(450)}},
    }
    assert (await client.control("edit", by_hand)).body["record"]["TotalAmt"] == D("4945.16")
    stands = await client.read("Bill", made["Id"])
    noted = await client.sparse("Bill", stands, VendorRef=seller, PrivateNote="by hand")
    assert noted.body["Bill"]["TotalAmt"] == D("4945.16")


async def test_what_is_not_known_abroad_is_refused_by_name(client: Client) -> None:
    buyer = await customer(client)
    discount = {"Amount": 1, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}}
    body = {"CustomerRef": buyer, "Line": [sold(5, GST)]}
    for more in (
        {"Line": [sold(5, GST), discount]},
        {"TxnTaxDetail": {"TxnTaxCodeRef": GST}},
        {"CurrencyRef": ref("USD")},
        {"ExchangeRate": D("1.3")},
    ):
        answer = await client.post("invoice", {**body, **more})
        assert "not simulated" in answer.error["Detail"], more
    assert (await client.post("invoice", {**body, "TxnTaxDetail": {"Rate": 5}})).code == "2010"


ABROAD = QboTwin(make_world(2, "small", country="CA"), clock=JumpClock())
SELLER = next(one.id for one in ABROAD.state.all("Vendor") if one.active)
ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just({"value": "5"})
CODES = st.sampled_from(["2", "3", "5", "6", "7", "8"])
TAX_ROWS = st.fixed_dictionaries(
    {},
    optional={
        "Amount": ODD,
        "DetailType": st.just("TaxLineDetail"),
        "TaxLineDetail": ODD
        | st.fixed_dictionaries(
            {}, optional={"TaxRateRef": ODD, "NetAmountTaxable": ODD, "PercentBased": ODD}
        ),
    },
)
TAX_DETAILS = ODD | st.fixed_dictionaries(
    {}, optional={"TotalTax": ODD, "TaxLine": ODD | st.lists(ODD | TAX_ROWS, max_size=2)}
)


@given(
    how=st.sampled_from(["TaxExcluded", "TaxInclusive", "NotApplicable", "Never", None]),
    detail=st.fixed_dictionaries({}, optional={"TaxCodeRef": ODD, "TaxInclusiveAmt": ODD}),
    taxes=TAX_DETAILS,
)
@settings(max_examples=150, deadline=None)
def test_any_tax_is_answered_by_a_record_or_a_fault(how: Any, detail: Any, taxes: Any) -> None:
    body = {
        "VendorRef": ref(SELLER),
        "GlobalTaxCalculation": how,
        "TxnTaxDetail": taxes,
        "Line": [expense("20", 10, **detail)],
    }
    books = ABROAD.state
    try:
        made = write(books, SPECS["Bill"], body, Options()).shown(books)
    except QboFault:
        return
    assert made["TotalAmt"] == 10 + made.get("TxnTaxDetail", {}).get("TotalTax", 0)


@given(
    st.lists(
        st.tuples(st.decimals(min_value=0, max_value=9_999, places=2), CODES),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["rate", "line"]),
)
@settings(max_examples=60, deadline=None)
def test_tax_is_posted_as_it_is_shown_and_sent_back_it_changes_nothing(
    lines: list[tuple[Decimal, str]], rounding: Any
) -> None:
    books = ABROAD.state
    books.switches.tax_rounding = rounding
    body = {
        "VendorRef": ref(SELLER),
        "Line": [expense("20", amount, TaxCodeRef=ref(code)) for amount, code in lines],
    }
    written = write(books, SPECS["Bill"], body, Options())
    made = written.shown(books)
    tax = made["TxnTaxDetail"]["TotalTax"]
    assert tax == sum(row[2] for row in taxes(made).values())
    assert made["TotalAmt"] == sum(amount for amount, _ in lines) + tax
    entries = books.postings.get(made["Id"], ())
    assert sum(entry.amount for entry in entries) == 0
    owed = sum(entry.amount for entry in entries if entry.account in (REVENU, RECEIVER))
    assert owed == tax
    exact = sum((D(row[0]) * row[1] / 100 for row in taxes(made).values()), D(0))
    assert abs(exact - tax) <= D("0.005") * 2 * max(len(lines), len(taxes(made)))
    assert write(books, SPECS["Bill"], made, Options()).changed is False


@pytest.mark.parametrize("country", COUNTRIES)
def test_worlds_abroad_have_the_same_codes_on_both_sides(country: str) -> None:
    world = make_world(3, "small", country=country)
    assert world == make_world(3, "small", country=country)
    shared = [thing for thing in world.tax_codes if thing.in_both]
    assert len(shared) == len(COUNTRIES[country].codes)
    ids = []
    for thing in shared:
        assert thing.qbo is not None
        assert thing.dear is not None
        assert (thing.qbo.name, thing.qbo.rate) == (thing.dear.name, thing.dear.rate)
        ids.append(thing.qbo.id)
        agencies = {part.agency for part in (*thing.qbo.parts, *thing.qbo.purchase_parts)}
        assert agencies <= {agency for agency, _ in world.tax_agencies}
    assert len(ids) == len(set(ids))
    parties = [*world.vendors, *world.customers]
    faces = [face for thing in parties for face in (thing.qbo, thing.dear) if face is not None]
    assert {face.currency for face in faces} == {COUNTRIES[country].currency}
    with pytest.raises(ValueError, match="unknown country 'XX'"):
        make_world(3, "small", country="XX")
