"""Invoices and bills: totals, numbers, clocks of what they touch, delete and void."""

from typing import Any

from tests.daemon.sandbox.qbo.client import Client


def sale(item: str, amount: Any = None, **detail: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, **detail},
    }
    return line if amount is None else {**line, "Amount": amount}


def expense(account: str, amount: Any) -> dict[str, Any]:
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}},
    }


async def test_invoice_totals_number_and_lines(client: Client) -> None:
    customer = await client.create("Customer", DisplayName="Buyer")
    invoice = await client.create(
        "Invoice",
        CustomerRef={"value": customer["Id"]},
        SalesTermRef={"value": "3"},
        TxnDate="2026-05-05",
        Line=[sale("5", Qty=2, UnitPrice=275), sale("7", 12.5)],
    )
    assert invoice["TotalAmt"] == invoice["Balance"] == 562.5
    assert invoice["DocNumber"] == "1038"
    assert invoice["DueDate"] == "2026-06-04"
    assert [line["DetailType"] for line in invoice["Line"]] == [
        "SalesItemLineDetail",
        "SalesItemLineDetail",
        "SubTotalLineDetail",
    ]
    assert [line.get("Id") for line in invoice["Line"]] == ["1", "2", None]
    assert invoice["LinkedTxn"] == []
    found = await client.query("select * from Invoice where DocNumber = '1038'")
    assert found["totalCount"] == 1


async def test_amount_must_match_quantity_times_price(client: Client) -> None:
    customer = await client.create("Customer", DisplayName="Buyer")
    answer = await client.post(
        "invoice",
        {"CustomerRef": {"value": customer["Id"]}, "Line": [sale("5", 10, Qty=3, UnitPrice=3.335)]},
    )
    assert (answer.code, answer.error["element"]) == ("6070", "Line.Amount")
    rounded = await client.create(
        "Invoice",
        CustomerRef={"value": customer["Id"]},
        Line=[sale("5", 10.01, Qty=3, UnitPrice=3.335)],
    )
    assert float(rounded["TotalAmt"]) == 10.01


async def test_posting_moves_the_clock_of_what_it_touches_but_no_version(client: Client) -> None:
    customer = await client.create("Customer", DisplayName="Buyer")
    pump, receivable = await client.read("Item", "11"), await client.read("Account", "84")
    client.clock.advance(10)
    await client.create(
        "Invoice", CustomerRef={"value": customer["Id"]}, Line=[sale("11", Qty=2, UnitPrice=15)]
    )
    moment = "2026-05-05T02:14:10-07:00"
    buyer = await client.read("Customer", customer["Id"])
    assert (buyer["Balance"], buyer["SyncToken"]) == (30, "0")
    assert buyer["MetaData"]["LastUpdatedTime"] == moment
    after = await client.read("Item", "11")
    assert after["QtyOnHand"] == pump["QtyOnHand"] - 2
    assert after["SyncToken"] == pump["SyncToken"]
    assert after["MetaData"]["LastUpdatedTime"] == moment
    control = await client.read("Account", "84")
    assert control["CurrentBalance"] == receivable["CurrentBalance"] + 30
    assert control["SyncToken"] == receivable["SyncToken"]


async def test_memo_edit_leaves_the_item_alone(client: Client) -> None:
    customer = await client.create("Customer", DisplayName="Buyer")
    invoice = await client.create(
        "Invoice", CustomerRef={"value": customer["Id"]}, Line=[sale("11", Qty=1, UnitPrice=15)]
    )
    before = await client.read("Item", "11")
    client.clock.advance(10)
    edited = (await client.sparse("Invoice", invoice, PrivateNote="memo")).body["Invoice"]
    assert edited["SyncToken"] == "1"
    assert edited["Line"] == invoice["Line"]
    assert await client.read("Item", "11") == before
    same = (await client.post("invoice", edited)).body["Invoice"]
    assert same["SyncToken"] == "1"


async def test_lines_sent_replace_all_lines_and_known_ids_stay(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Seller")
    bill = await client.create(
        "Bill", VendorRef={"value": vendor["Id"]}, Line=[expense("7", 5), expense("8", 6)]
    )
    kept = {**expense("8", 7), "Id": "2"}
    changed = (
        await client.sparse("Bill", bill, VendorRef=bill["VendorRef"], Line=[kept, expense("9", 1)])
    ).body["Bill"]
    assert [(line["Id"], line["Amount"]) for line in changed["Line"]] == [("2", 7), ("3", 1)]
    assert (await client.read("Vendor", vendor["Id"]))["Balance"] == 8


async def test_F03_deleted_bill_leaves_a_stub_and_reads_as_610(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Seller")
    bill = await client.create("Bill", VendorRef={"value": vendor["Id"]}, Line=[expense("7", 5)])
    body = {"Id": bill["Id"], "SyncToken": bill["SyncToken"]}
    answer = await client.post("bill", body, operation="delete")
    assert answer.body["Bill"] == {"Id": bill["Id"], "domain": "QBO", "status": "Deleted"}
    gone = await client.get(f"bill/{bill['Id']}")
    assert gone.code == "610"
    assert gone.error["Detail"].endswith("Another user has deleted this transaction.")
    assert await client.query("select * from Bill") == {}
    assert (await client.read("Vendor", vendor["Id"]))["Balance"] == 0
    again = await client.post("bill", body, operation="delete")
    assert again.code == "610"


async def test_F20_void_zeroes_and_keeps(client: Client) -> None:
    customer = await client.create("Customer", DisplayName="Buyer")
    invoice = await client.create(
        "Invoice", CustomerRef={"value": customer["Id"]}, Line=[sale("11", Qty=1, UnitPrice=15)]
    )
    body = {"Id": invoice["Id"], "SyncToken": "0"}
    voided = (await client.post("invoice", body, operation="void")).body["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["SyncToken"]) == (0, 0, "1")
    assert voided["PrivateNote"] == "Voided"
    assert voided["DocNumber"] == invoice["DocNumber"]
    assert voided["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
    assert (await client.read("Customer", customer["Id"]))["Balance"] == 0
    bill = await client.post("bill", body, operation="void")
    assert bill.code == "500"


async def test_refused_lines(client: Client) -> None:
    customer = {"value": (await client.create("Customer", DisplayName="Buyer"))["Id"]}
    category = await client.create("Item", Name="Shelf", Type="Category")
    cases: list[tuple[list[dict[str, Any]], str]] = [
        ([], "2020"),
        ([{"Amount": 1}], "2020"),
        ([sale("99999", 1)], "2500"),
        ([sale(category["Id"], 1)], "2500"),
        ([sale("5", 1, Colour="red")], "2010"),
        ([expense("7", 1)], "500"),
        ([sale("5", Qty=1)], "2020"),
    ]
    for lines, code in cases:
        answer = await client.post("invoice", {"CustomerRef": customer, "Line": lines})
        assert answer.code == code, lines


async def test_own_numbers_must_differ_when_the_company_numbers_itself(client: Client) -> None:
    client.twin.switches.custom_txn_numbers = True
    customer = {"value": (await client.create("Customer", DisplayName="Buyer"))["Id"]}
    body = {"CustomerRef": customer, "DocNumber": "77", "Line": [sale("5", 1)]}
    first = (await client.post("invoice", body)).body["Invoice"]
    answer = await client.post("invoice", body)
    assert answer.code == "6140"
    assert answer.error["Detail"].endswith(
        f"DocNumber=77 is assigned to TxnType=Invoice with TxnId={first['Id']}"
    )
    allowed = await client.post("invoice", body, include="allowduplicatedocnum")
    assert allowed.status == 200


async def test_before_the_start_of_stock(client: Client) -> None:
    customer = {"value": (await client.create("Customer", DisplayName="Buyer"))["Id"]}
    body = {"CustomerRef": customer, "TxnDate": "2014-01-01", "Line": [sale("11", 1)]}
    assert (await client.post("invoice", body)).code == "6270"
