"""Headers and lines that all documents share: numbers, dates, addresses, what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    PUMP,
    bill,
    customer,
    delete,
    expense,
    goods,
    invoice,
    order,
    ref,
    sale,
    settles,
    vendor,
)

HOME = {"Line1": "1 Main St", "City": "Tucson"}


async def test_lines_keep_their_ids_and_new_ones_go_on(client: Client) -> None:
    buyer = await customer(client)
    made = await invoice(client, buyer, sale("7", 1), sale("7", 2), sale("7", 3))
    kept = [line for line in made["Line"] if line.get("Id") in ("1", "3")]
    stranger = {**sale("7", 5), "Id": "77"}
    lines = [kept[1], sale("7", 4), kept[0], stranger]
    changed = (await client.sparse("Invoice", made, Line=lines)).body["Invoice"]
    rows = [(x.get("Id"), x.get("LineNum"), x["Amount"]) for x in changed["Line"]]
    assert rows == [("3", 1, 3), ("4", 2, 4), ("1", 3, 1), ("5", 4, 5), (None, None, 13)]


async def test_shapes_of_lines(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    note = {"DetailType": "DescriptionOnly", "Description": "Thank you"}
    made = await invoice(client, buyer, sale("7", 5), note)
    assert made["Line"][1] == {
        "Id": "2",
        "LineNum": 2,
        "Description": "Thank you",
        "DetailType": "DescriptionOnly",
        "CustomExtensions": [],
    }
    assert (await client.post("invoice", made)).body["Invoice"]["SyncToken"] == "0"
    half_up = await invoice(client, buyer, sale("7", Qty=1, UnitPrice=0.125))
    assert float(half_up["TotalAmt"]) == 0.13
    qty_only = await invoice(client, buyer, sale("7", 5, Qty=2))
    assert qty_only["Line"][0]["SalesItemLineDetail"]["Qty"] == 2
    price = {"ItemRef": ref("7"), "TaxInclusiveAmt": 5}
    group = {"DetailType": "GroupLineDetail", "GroupLineDetail": {}}
    long = {**sale("7", 5), "Description": "x" * 4001}
    cases: list[tuple[list[Any], str]] = [
        ([{**sale("7", 5), "SalesItemLineDetail": price}], "500"),
        ([group], "500"),
        ([sale("SHIPPING_ITEM_ID", 5)], "500"),
        ([long], "2050"),
        ([{**note, "Amount": 5}], "6000"),
        ([sale("7", "abc")], "2090"),
        ([sale("7", 5, ServiceDate="soon")], "2060"),
        ([sale("7", -5)], "6000"),
        ([sale("7", 5, DiscountRate=5)], "500"),
        ([goods("7", 1, 1)], "500"),
    ]
    for lines, code in cases:
        answer = await client.post("invoice", {"CustomerRef": buyer, "Line": lines})
        assert answer.code == code, lines
    for line, code in (
        (expense("33", 5), "6000"),
        (expense("84", 5), "6000"),
        (expense("7", 5, BillableStatus="Billable"), "6000"),
        (expense("7", 5, BillableStatus="Perhaps"), "2170"),
        (expense("7", 5, BillableStatus="HasBeenBilled"), "2170"),
        (expense("7", 5, ClassRef=ref("9999")), "2500"),
        ({**expense("7", 5), "LinkedTxn": "x"}, "2010"),
    ):
        answer = await client.post("bill", {"VendorRef": seller, "Line": [line]})
        assert answer.code == code, line


async def test_what_a_bookkeeper_sets_on_lines_is_kept(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    tracked = await client.create("Class", Name="North")
    marks = {"ClassRef": ref(tracked["Id"]), "CustomerRef": buyer, "BillableStatus": "Billable"}
    made = await bill(client, seller, expense("7", 5, **marks), goods(PUMP, 1, 2, **marks))
    for line in made["Line"]:
        detail = line[line["DetailType"]]
        assert (detail["ClassRef"]["name"], detail["CustomerRef"]["name"]) == ("North", "Buyer")
        assert detail["BillableStatus"] == "Billable"
    await client.sparse("Class", tracked, Active=False)
    assert (await client.post("bill", made)).body["Bill"]["SyncToken"] == "0"
    fresh = {"VendorRef": seller, "Line": [expense("7", 5, ClassRef=ref(tracked["Id"]))]}
    assert (await client.post("bill", fresh)).code == "2500"


async def test_numbers_per_type(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    await invoice(client, buyer, sale("7", 1), DocNumber="1039")
    numbers = [(await invoice(client, buyer, sale("7", 1)))["DocNumber"] for _ in range(2)]
    assert numbers == ["1038", "1040"]
    assert (await order(client, seller, expense("7", 1)))["DocNumber"] == "1001"
    assert "DocNumber" not in await bill(client, seller, expense("7", 1))
    long = {"VendorRef": seller, "Line": [expense("7", 1)], "DocNumber": "x" * 22}
    assert (await client.post("bill", long)).code == "2050"
    client.twin.switches.custom_txn_numbers = True
    assert "DocNumber" not in await invoice(client, buyer, sale("7", 1))
    await order(client, seller, expense("7", 1), DocNumber="1040")
    body = {"VendorRef": seller, "APAccountRef": ref("33"), "Line": [expense("7", 1)]}
    answer = await client.post("purchaseorder", {**body, "DocNumber": "1040"})
    assert answer.code == "6140"
    assert "TxnType=Purchase Order" in answer.error["Detail"]


async def test_a_number_is_free_again_when_its_document_goes(client: Client) -> None:
    client.twin.switches.custom_txn_numbers = True
    buyer = await customer(client)
    first = await invoice(client, buyer, sale("7", 1), DocNumber="A")
    await delete(client, "Invoice", first)
    second = await invoice(client, buyer, sale("7", 1), DocNumber="A")
    await client.sparse("Invoice", second, DocNumber="B")
    assert (await invoice(client, buyer, sale("7", 1), DocNumber="A"))["DocNumber"] == "A"


@pytest.mark.parametrize("warns", [True, False])
async def test_bill_numbers_of_one_vendor(client: Client, warns: bool) -> None:
    client.twin.switches.warn_duplicate_bill = warns
    seller, other = await vendor(client), await vendor(client, "Other")
    await bill(client, seller, expense("7", 1), DocNumber="R-1")
    await bill(client, other, expense("7", 1), DocNumber="R-1")
    body = {"VendorRef": seller, "Line": [expense("7", 1)], "DocNumber": "R-1"}
    answer = await client.post("bill", body)
    assert answer.status == (400 if warns else 200)
    allowed = await client.post("bill", body, include="allowduplicatedocnum")
    assert allowed.status == 200


async def test_due_dates_follow_terms(client: Client) -> None:
    seller = await vendor(client, TermRef=ref("3"))
    on = {"TxnDate": "2026-01-20"}
    assert (await bill(client, seller, expense("7", 1), **on))["DueDate"] == "2026-01-20"
    terms = {"SalesTermRef": ref("3")}
    made = await bill(client, seller, expense("7", 1), **on, **terms)
    assert (made["DueDate"], made["SalesTermRef"]["name"]) == ("2026-02-19", "Net 30")
    own = await bill(client, seller, expense("7", 1), **on, **terms, DueDate="2026-01-25")
    assert own["DueDate"] == "2026-01-25"
    end = await client.create("Term", Name="End", DayOfMonthDue=31, DueNextMonthDays=5)
    for day, due in (("2026-01-20", "2026-01-31"), ("2026-01-28", "2026-02-28")):
        dated = await bill(
            client, seller, expense("7", 1), TxnDate=day, SalesTermRef=ref(end["Id"])
        )
        assert dated["DueDate"] == due
    client.twin.switches.party_terms = True
    assert (await bill(client, seller, expense("7", 1), **on))["DueDate"] == "2026-02-19"


async def test_addresses_come_from_the_party(client: Client) -> None:
    buyer = await customer(client, BillAddr=HOME, ShipAddr={"Line1": "Yard"})
    seller = await vendor(client, BillAddr=HOME)
    sold = await invoice(client, buyer, sale("7", 1))
    assert (sold["BillAddr"]["City"], sold["ShipAddr"]["Line1"]) == ("Tucson", "Yard")
    assert sold["ShipFromAddr"]["City"] == "San Pablo"
    bought = await bill(client, seller, expense("7", 1))
    assert bought["VendorAddr"]["Line1"] == "1 Main St"
    own = await order(client, seller, expense("7", 1), ShipAddr={"Line1": "Dock 4"})
    assert (own["ShipAddr"]["Line1"], own["VendorAddr"]["City"]) == ("Dock 4", "Tucson")
    dropped = await order(client, seller, expense("7", 1), ShipTo=buyer)
    assert dropped["ShipAddr"]["Line1"] == "Yard"
    assert (await client.post("invoice", sold)).body["Invoice"]["SyncToken"] == "0"


async def test_messages_and_mail(client: Client) -> None:
    buyer = await customer(client)
    made = await invoice(client, buyer, sale("7", 1), CustomerMemo={"value": "Hello"})
    assert made["CustomerMemo"] == {"value": "Hello"}
    assert (made["PrintStatus"], made["EmailStatus"]) == ("NeedToPrint", "NotSet")
    cleared = (await client.sparse("Invoice", made, CustomerMemo={"value": ""})).body["Invoice"]
    assert "CustomerMemo" not in cleared
    base = {"CustomerRef": buyer, "Line": [sale("7", 1)]}
    for extra, code in (
        ({"CustomerMemo": {"value": "x" * 1001}}, "2050"),
        ({"CustomerMemo": "x"}, "2010"),
        ({"EmailStatus": "NeedToSend"}, "6420"),
        ({"EmailStatus": "Flying"}, "2170"),
        ({"PrivateNote": "x" * 4001}, "2050"),
    ):
        assert (await client.post("invoice", {**base, **extra})).code == code, extra


async def test_custom_fields(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    field = {"DefinitionId": "1", "StringValue": "A1"}
    body = {"CustomerRef": buyer, "Line": [sale("7", 1)], "CustomField": [field]}
    assert (await client.post("invoice", body)).code == "3000"
    client.twin.switches.sales_custom_fields = ("Crew #", "Site")
    client.twin.switches.order_custom_fields = ("Gate",)
    made = (await client.post("invoice", body)).body["Invoice"]
    assert made["CustomField"] == [
        {"DefinitionId": "1", "Name": "Crew #", "Type": "StringType", "StringValue": "A1"},
        {"DefinitionId": "2", "Name": "Site", "Type": "StringType"},
    ]
    assert (await client.post("invoice", made)).body["Invoice"]["SyncToken"] == "0"
    second = [{"DefinitionId": "2", "StringValue": "B"}]
    more = (await client.sparse("Invoice", made, CustomField=second)).body["Invoice"]
    assert [row.get("StringValue") for row in more["CustomField"]] == ["A1", "B"]
    long = [{"DefinitionId": "1", "StringValue": "x" * 32}]
    assert (await client.post("invoice", {**body, "CustomField": long})).code == "2050"
    ordered = await order(client, seller, expense("7", 1), CustomField=[field])
    assert ordered["CustomField"][0]["Name"] == "Gate"
    prefs = (await client.get("preferences")).body["Preferences"]
    uses, names = prefs["SalesFormsPrefs"]["CustomField"]
    assert uses["CustomField"][1]["Name"] == "SalesFormsPrefs.UseSalesCustom2"
    assert names["CustomField"][0]["StringValue"] == "Crew #"


async def test_what_is_not_simulated_on_documents(client: Client) -> None:
    buyer = await customer(client)
    base = {"CustomerRef": buyer, "Line": [sale("7", 1)]}
    for extra in (
        {"CurrencyRef": ref("EUR")},
        {"ExchangeRate": 1.1},
        {"GlobalTaxCalculation": "TaxInclusive"},
        {"DepartmentRef": ref("1")},
        {"Deposit": 5},
    ):
        answer = await client.post("invoice", {**base, **extra})
        assert "not simulated" in answer.error["Detail"], extra
    harmless = {
        "CurrencyRef": ref("USD"),
        "ExchangeRate": 1,
        "GlobalTaxCalculation": "TaxExcluded",
        "Deposit": 0,
    }
    made = await client.create("Invoice", **base, **harmless)
    assert made["CurrencyRef"]["value"] == "USD"
    assert "ExchangeRate" not in made


@pytest.mark.parametrize("needed", [True, False])
async def test_F87_a_sparse_bill_names_its_vendor(client: Client, needed: bool) -> None:
    client.twin.switches.sparse_bill_needs_vendor = needed
    made = await bill(client, await vendor(client), expense("7", 1))
    answer = await client.sparse("Bill", made, PrivateNote="x")
    assert answer.status == (400 if needed else 200)
    if needed:
        assert (answer.code, answer.error["element"]) == ("2020", "VendorRef")


async def test_closed_books_with_a_password_and_orders(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    company = client.twin.state.company
    client.twin.state.company = replace(company, closed_until="2026-04-30")
    body: dict[str, Any] = {"CustomerRef": buyer, "TotalAmt": 5, "TxnDate": "2026-04-30"}
    assert (await client.post("payment", body)).code == "6200"
    client.twin.switches.closing_password = True
    assert (await client.post("payment", body)).code == "6210"
    early: dict[str, Any] = {
        "VendorRef": seller,
        "APAccountRef": ref("33"),
        "TxnDate": "2026-04-30",
    }
    early["Line"] = [expense("7", 1)]
    assert (await client.post("purchaseorder", early)).code == "6210"
    client.twin.switches.closed_orders = "accept"
    assert (await client.post("purchaseorder", early)).status == 200
    old = await client.control("edit", {"kind": "payment", "create": body})
    assert old.status == 200
    record = old.body["record"]
    refused = await client.sparse("Payment", record, PrivateNote="x")
    assert refused.code == "6210"


@pytest.mark.parametrize("entity", ["Payment", "CreditMemo", "VendorCredit"])
async def test_answers_without_a_total(client: Client, entity: str) -> None:
    buyer, seller = await customer(client), await vendor(client)
    fields: dict[str, dict[str, Any]] = {
        "Payment": {"CustomerRef": buyer, "TotalAmt": 5},
        "CreditMemo": {"CustomerRef": buyer, "Line": [sale("7", 5)]},
        "VendorCredit": {"VendorRef": seller, "Line": [expense("7", 5)]},
    }
    made = await client.create(entity, **fields[entity])
    found = await client.query(f"select * from {entity} where TotalAmt = '5'")
    assert "totalCount" not in found
    assert [row["Id"] for row in found[entity]] == [made["Id"]]
    stale = await client.post(entity.lower(), {**made, "SyncToken": "7"})
    assert stale.code == "5010"
    await delete(client, entity, made)
    (group,) = await client.cdc(entity, "2026-05-05T02:14:00-07:00")
    assert (group[entity][0]["status"], "startPosition" in group) == ("Deleted", False)


async def test_newest_change_first(client: Client) -> None:
    buyer = await customer(client)
    made = []
    for _ in range(3):
        client.clock.advance(5)
        made.append(await invoice(client, buyer, sale("7", 10)))
    client.clock.advance(5)
    await client.create(
        "Payment", CustomerRef=buyer, TotalAmt=5, Line=[settles(5, made[0], "Invoice")]
    )
    found = (await client.query("select * from Invoice"))["Invoice"]
    assert [row["Id"] for row in found] == [made[0]["Id"], made[2]["Id"], made[1]["Id"]]
    asked = await client.query("select * from Invoice where Balance < '10'")
    assert [row["Id"] for row in asked["Invoice"]] == [made[0]["Id"]]
    answer = await client.get("query", query="select * from Invoice where DepartmentRef = '1'")
    assert answer.error["Detail"].endswith("property 'DepartmentRef' is not queryable")


async def test_documents_in_a_batch(client: Client) -> None:
    seller = await vendor(client)
    body = {"VendorRef": seller, "APAccountRef": ref("33"), "Line": [expense("7", 1)]}
    items = [
        {"bId": "a", "operation": "create", "PurchaseOrder": body},
        {"bId": "b", "operation": "create", "PurchaseOrder": {**body, "VendorRef": ref("9999")}},
        {"bId": "c", "Query": "select * from PurchaseOrder"},
    ]
    answers = (await client.post("batch", {"BatchItemRequest": items})).body["BatchItemResponse"]
    assert answers[0]["PurchaseOrder"]["POStatus"] == "Open"
    assert answers[1]["Fault"]["Error"][0]["code"] == "2500"
    assert answers[2]["QueryResponse"]["totalCount"] == 1
