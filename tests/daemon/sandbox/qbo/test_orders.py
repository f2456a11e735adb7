"""Purchase orders, and bills that take their lines over."""

from typing import Any

import pytest

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    PAYABLE,
    PUMP,
    bill,
    delete,
    expense,
    goods,
    linked,
    order,
    postings,
    ref,
    vendor,
)


async def test_order_as_recorded(client: Client) -> None:
    seller = await vendor(client)
    made = await order(
        client,
        seller,
        {**expense("69", 150), "Description": "Office supplies"},
        goods(PUMP, 10, 9.5),
        Memo="Test purchase order",
        PrivateNote="inside",
        ExpectedDate="2026-06-01",
    )
    assert (made["POStatus"], made["EmailStatus"], made["LinkedTxn"]) == ("Open", "NotSet", [])
    assert (made["DocNumber"], made["TotalAmt"], made["SyncToken"]) == ("1001", 245, "0")
    first, second = made["Line"]
    assert first["AccountBasedExpenseLineDetail"] == {
        "AccountRef": {"value": "69", "name": "Legal & Professional Fees:Accounting"},
        "BillableStatus": "NotBillable",
        "TaxCodeRef": {"value": "NON"},
    }
    assert "Received" not in first
    assert (second["Received"], second["Amount"], second["Id"]) == (0, 95, "2")
    found = (await client.query("select * from PurchaseOrder"))["PurchaseOrder"]
    assert "Received" not in found[0]["Line"][1]
    assert await postings(client) == {}
    assert (await client.read("Account", "33"))["CurrentBalance"] == 0


async def test_order_needs_a_payable_account_unless_the_company_defaults_it(client: Client) -> None:
    seller = await vendor(client)
    body: dict[str, Any] = {"VendorRef": seller, "Line": [expense("69", 1)]}
    answer = await client.post("purchaseorder", body)
    assert (answer.code, answer.error["element"]) == ("2020", "APAccountRef")
    wrong = await client.post("purchaseorder", {**body, "APAccountRef": ref("35")})
    assert wrong.code == "6000"
    client.twin.switches.order_payable_account = "default"
    made = (await client.post("purchaseorder", body)).body["PurchaseOrder"]
    assert made["APAccountRef"]["value"] == "33"


async def test_order_needs_plus(client: Client) -> None:
    seller = await vendor(client)
    client.twin.switches.offering = "QuickBooks Online Essentials"
    body = {"VendorRef": seller, "APAccountRef": PAYABLE, "Line": [expense("69", 1)]}
    assert (await client.post("purchaseorder", body)).code == "5030"


async def test_items_that_cannot_be_ordered(client: Client) -> None:
    seller = await vendor(client)
    sold = await client.create("Item", Name="Sold only", IncomeAccountRef=ref("79"))
    gone = await client.create("Item", Name="Gone", ExpenseAccountRef=ref("20"))
    await client.sparse("Item", gone, Active=False)
    category = await client.create("Item", Name="Group", Type="Category")
    cases = [(sold["Id"], "6000"), (gone["Id"], "2500"), (category["Id"], "2500")]
    for item, code in [*cases, ("99999", "2500")]:
        body = {"VendorRef": seller, "APAccountRef": PAYABLE, "Line": [goods(item, 1, 1)]}
        assert (await client.post("purchaseorder", body)).code == code, item
    client.twin.switches.inactive_reference = "610"
    body = {"VendorRef": seller, "APAccountRef": PAYABLE, "Line": [goods(gone["Id"], 1, 1)]}
    assert (await client.post("purchaseorder", body)).code == "610"


async def test_an_order_moves_the_clock_of_its_tracked_items_only(client: Client) -> None:
    seller = await vendor(client)
    before = await client.read("Item", PUMP)
    client.clock.advance(10)
    made = await order(client, seller, goods(PUMP, 3, 2))
    after = await client.read("Item", PUMP)
    moment = made["MetaData"]["LastUpdatedTime"]
    assert after["MetaData"]["LastUpdatedTime"] == moment != before["MetaData"]["LastUpdatedTime"]
    assert (after["SyncToken"], after["QtyOnHand"]) == (before["SyncToken"], before["QtyOnHand"])
    seen = await client.read("Vendor", seller["value"])
    assert seen["MetaData"]["LastUpdatedTime"] < moment
    client.clock.advance(10)
    await client.sparse("PurchaseOrder", made, Memo="other")
    assert (await client.read("Item", PUMP))["MetaData"]["LastUpdatedTime"] == moment


async def test_a_bill_takes_lines_over_in_parts(client: Client) -> None:
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 10, 9.5), expense("69", 100))
    client.clock.advance(5)
    first = await bill(client, seller, linked(goods(PUMP, 4, 9.5), made, "1"))
    assert first["Line"][0]["LinkedTxn"] == [
        {"TxnId": made["Id"], "TxnType": "PurchaseOrder", "TxnLineId": "1"}
    ]
    assert first["LinkedTxn"] == []
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["POStatus"], seen["SyncToken"]) == ("Open", "1")
    assert seen["MetaData"]["LastUpdatedTime"] == first["MetaData"]["LastUpdatedTime"]
    assert seen["LinkedTxn"] == [{"TxnId": first["Id"], "TxnType": "Bill"}]
    assert seen["Line"][0]["Received"] == 4
    rest = linked(goods(PUMP, 6, 9.75), made, "1")
    second = await bill(client, seller, rest, linked(expense("69", 100), made, "2"))
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["POStatus"], seen["SyncToken"], seen["Line"][0]["Received"]) == ("Closed", "2", 10)
    assert [link["TxnId"] for link in seen["LinkedTxn"]] == [first["Id"], second["Id"]]
    assert (await delete(client, "Bill", first)).status == 200
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["POStatus"], seen["SyncToken"], seen["Line"][0]["Received"]) == ("Open", "3", 6)


async def test_more_can_be_billed_than_was_ordered(client: Client) -> None:
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 2, 10))
    await bill(client, seller, linked(goods(PUMP, 5, 10), made, "1"))
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["POStatus"], seen["Line"][0]["Received"]) == ("Closed", 5)


@pytest.mark.parametrize("mode", ["drop", "refuse"])
async def test_links_that_do_not_hold(client: Client, mode: Any) -> None:
    client.twin.switches.invalid_link = mode
    seller, other = await vendor(client), await vendor(client, "Other")
    made = await order(client, seller, goods(PUMP, 2, 10))
    link = {"TxnId": made["Id"], "TxnType": "PurchaseOrder", "TxnLineId": "1"}
    cases: list[tuple[dict[str, str], list[dict[str, str]]]] = [
        (seller, [{**link, "TxnLineId": "7"}]),
        (seller, [{**link, "TxnId": "99999"}]),
        (seller, [{**link, "TxnType": "Estimate"}]),
        (seller, [{"TxnId": made["Id"], "TxnType": "PurchaseOrder"}]),
        (seller, [link, link]),
        (other, [link]),
    ]
    for party, links in cases:
        line = {**goods(PUMP, 1, 10), "LinkedTxn": links}
        answer = await client.post("bill", {"VendorRef": party, "Line": [line]})
        if mode == "refuse":
            assert answer.code == "620", links
        else:
            assert "LinkedTxn" not in answer.body["Bill"]["Line"][0], links
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["SyncToken"], seen["LinkedTxn"]) == ("0", [])
    unknown = {**goods(PUMP, 1, 10), "LinkedTxn": [{**link, "Colour": "red"}]}
    assert (await client.post("bill", {"VendorRef": seller, "Line": [unknown]})).code == "2010"


@pytest.mark.parametrize("mode", ["drop", "accept"])
async def test_closed_orders(client: Client, mode: Any) -> None:
    client.twin.switches.closed_order_link = mode
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 2, 10))
    closed = (await client.sparse("PurchaseOrder", made, POStatus="Closed")).body["PurchaseOrder"]
    assert (closed["POStatus"], closed["SyncToken"]) == ("Closed", "1")
    again = (await client.post("purchaseorder", closed)).body["PurchaseOrder"]
    assert again["SyncToken"] == "1"
    made = await bill(client, seller, linked(goods(PUMP, 1, 10), made, "1"))
    assert ("LinkedTxn" in made["Line"][0]) is (mode == "accept")
    reopened = await client.sparse(
        "PurchaseOrder", await client.read("PurchaseOrder", closed["Id"]), POStatus="Open"
    )
    assert reopened.body["PurchaseOrder"]["POStatus"] == "Open"


async def test_a_link_is_made_by_a_new_line_only(client: Client) -> None:
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 2, 10))
    plain = await bill(client, seller, goods(PUMP, 2, 10))
    later = linked({**goods(PUMP, 2, 10), "Id": "1"}, made, "1")
    answer = await client.sparse("Bill", plain, VendorRef=seller, Line=[later])
    assert answer.body["Bill"]["SyncToken"] == "0"
    assert (await client.read("PurchaseOrder", made["Id"]))["POStatus"] == "Open"
    fresh = linked(goods(PUMP, 2, 10), made, "1")
    changed = (await client.sparse("Bill", plain, VendorRef=seller, Line=[fresh])).body["Bill"]
    assert [line["Id"] for line in changed["Line"]] == ["2"]
    assert (await client.read("PurchaseOrder", made["Id"]))["POStatus"] == "Closed"


@pytest.mark.parametrize(("mode", "status"), [("drop", "Open"), ("keep", "Closed")])
async def test_a_line_sent_again_without_its_link(client: Client, mode: Any, status: str) -> None:
    client.twin.switches.line_link_omitted = mode
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 2, 10))
    first = await bill(client, seller, linked(goods(PUMP, 2, 10), made, "1"))
    line = {**goods(PUMP, 2, 10), "Id": "1"}
    await client.sparse("Bill", first, VendorRef=seller, Line=[line])
    seen = await client.read("PurchaseOrder", made["Id"])
    assert seen["POStatus"] == status
    memo = await client.read("Bill", first["Id"])
    await client.sparse("Bill", memo, VendorRef=seller, PrivateNote="note")
    again = await client.read("PurchaseOrder", made["Id"])
    assert again["SyncToken"] == seen["SyncToken"]


async def test_a_changed_quantity_on_the_bill_moves_the_order(client: Client) -> None:
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 4, 10))
    first = await bill(client, seller, linked(goods(PUMP, 4, 10), made, "1"))
    line = linked({**goods(PUMP, 3, 10), "Id": "1"}, made, "1")
    await client.sparse("Bill", first, VendorRef=seller, Line=[line])
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["POStatus"], seen["Line"][0]["Received"], seen["SyncToken"]) == ("Open", 3, "2")


async def test_received_as_an_amount(client: Client) -> None:
    client.twin.switches.received_unit = "amount"
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 4, 10))
    await bill(client, seller, linked(goods(PUMP, 4, 9), made, "1"))
    seen = await client.read("PurchaseOrder", made["Id"])
    assert (seen["POStatus"], seen["Line"][0]["Received"]) == ("Open", 36)


@pytest.mark.parametrize("mode", ["allow", "refuse"])
async def test_deleting_an_order_with_a_bill(client: Client, mode: Any) -> None:
    client.twin.switches.linked_order_delete = mode
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 4, 10))
    first = await bill(client, seller, linked(goods(PUMP, 4, 10), made, "1"))
    answer = await delete(client, "PurchaseOrder", made)
    seen = await client.read("Bill", first["Id"])
    if mode == "refuse":
        assert answer.code == "620"
        assert (seen["SyncToken"], "LinkedTxn" in seen["Line"][0]) == ("0", True)
    else:
        assert answer.body["PurchaseOrder"]["status"] == "Deleted"
        assert (seen["SyncToken"], "LinkedTxn" in seen["Line"][0]) == ("1", False)


async def test_an_order_line_that_goes_takes_the_link_along(client: Client) -> None:
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 4, 10), expense("69", 5))
    first = await bill(client, seller, linked(goods(PUMP, 1, 10), made, "1"))
    current = await client.read("PurchaseOrder", made["Id"])
    kept = [line for line in current["Line"] if line["Id"] == "2"]
    changed = (await client.sparse("PurchaseOrder", current, Line=kept)).body["PurchaseOrder"]
    assert (changed["LinkedTxn"], changed["POStatus"]) == ([], "Open")
    assert "LinkedTxn" not in (await client.read("Bill", first["Id"]))["Line"][0]
    other = await vendor(client, "Other")
    moved = await client.sparse("PurchaseOrder", changed, VendorRef=other)
    assert moved.body["PurchaseOrder"]["VendorRef"]["name"] == "Other"


async def test_the_vendor_of_a_billed_order_stays(client: Client) -> None:
    seller, other = await vendor(client), await vendor(client, "Other")
    made = await order(client, seller, goods(PUMP, 4, 10))
    first = await bill(client, seller, linked(goods(PUMP, 1, 10), made, "1"))
    current = await client.read("PurchaseOrder", made["Id"])
    assert (await client.sparse("PurchaseOrder", current, VendorRef=other)).code == "6000"
    moved = (await client.sparse("Bill", first, VendorRef=other)).body["Bill"]
    assert "LinkedTxn" not in moved["Line"][0]
    assert (await client.read("PurchaseOrder", made["Id"]))["LinkedTxn"] == []


async def test_full_update_blanks_the_number_and_no_op_changes_nothing(client: Client) -> None:
    seller = await vendor(client)
    made = await order(client, seller, goods(PUMP, 4, 10), DocNumber="PO-7")
    assert (await client.post("purchaseorder", made)).body["PurchaseOrder"] == made
    bare = {key: value for key, value in made.items() if key != "DocNumber"}
    changed = (await client.post("purchaseorder", bare)).body["PurchaseOrder"]
    assert ("DocNumber" in changed, changed["SyncToken"]) == (False, "1")


async def test_what_orders_can_be_asked(client: Client) -> None:
    seller = await vendor(client)
    await order(client, seller, expense("69", 5), DocNumber="PO-7")
    found = await client.query("select * from PurchaseOrder where DocNumber = 'PO-7'")
    assert (found["totalCount"], found["PurchaseOrder"][0]["DocNumber"]) == (1, "PO-7")
    dear = await client.query("select Id from PurchaseOrder where TotalAmt > '4'")
    assert len(dear["PurchaseOrder"]) == 1
    for name in ("VendorRef", "PrivateNote", "POStatus", "DueDate"):
        answer = await client.get("query", query=f"select * from PurchaseOrder where {name} = 'x'")
        assert answer.error["Detail"].endswith(f"property '{name}' is not queryable")
