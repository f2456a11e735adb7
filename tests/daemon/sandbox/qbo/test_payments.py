"""Payments of invoices and bills, credits, and what happens when either side changes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    bill,
    customer,
    delete,
    expense,
    invoice,
    postings,
    ref,
    sale,
    settles,
    vendor,
)

CHECK = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref("35")}}


async def pay(client: Client, buyer: dict[str, str], total: Any, *lines: Any, **more: Any) -> Any:
    return await client.create(
        "Payment", CustomerRef=buyer, TotalAmt=total, Line=list(lines), **more
    )


async def pay_bills(client: Client, seller: dict[str, str], total: Any, *lines: Any) -> Any:
    return await client.create(
        "BillPayment", VendorRef=seller, TotalAmt=total, Line=list(lines), **CHECK
    )


async def test_a_payment_settles_an_invoice_in_part(client: Client) -> None:
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale("7", 100))
    client.clock.advance(10)
    paid = await pay(client, buyer, 60, settles(40, sold, "Invoice"))
    assert (paid["UnappliedAmt"], paid["TotalAmt"], paid["ProcessPayment"]) == (20, 60, False)
    assert paid["DepositToAccountRef"]["name"] == "Undeposited Funds"
    pairs = {p["value"]["Name"]: p["value"]["Value"] for p in paid["Line"][0]["LineEx"]["any"]}
    assert pairs == {
        "txnId": sold["Id"],
        "txnOpenBalance": "100.00",
        "txnReferenceNumber": sold["DocNumber"],
    }
    seen = await client.read("Invoice", sold["Id"])
    assert (seen["Balance"], seen["TotalAmt"], seen["SyncToken"]) == (60, 100, "1")
    assert seen["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
    assert seen["MetaData"]["LastUpdatedTime"] == paid["MetaData"]["LastUpdatedTime"]
    assert (await postings(client))[paid["Id"]] == {"4": 60, "84": -60}
    assert (await client.read("Customer", buyer["value"]))["Balance"] == 40
    again = (await client.post("payment", paid)).body["Payment"]
    assert again == paid


async def test_omitted_lines_unapply_in_a_full_update_only(client: Client) -> None:
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale("7", 100))
    paid = await pay(client, buyer, 40, settles(40, sold, "Invoice"))
    noted = (await client.sparse("Payment", paid, PrivateNote="x")).body["Payment"]
    assert noted["UnappliedAmt"] == 0
    assert (await client.read("Invoice", sold["Id"]))["SyncToken"] == "1"
    full = {"Id": paid["Id"], "SyncToken": "1", "CustomerRef": buyer, "TotalAmt": 40}
    loose = (await client.post("payment", full)).body["Payment"]
    assert (loose["UnappliedAmt"], loose["Line"]) == (40, [])
    seen = await client.read("Invoice", sold["Id"])
    assert (seen["Balance"], seen["SyncToken"], seen["LinkedTxn"]) == (100, "2", [])


async def test_deleting_or_voiding_a_payment_opens_its_invoices(client: Client) -> None:
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale("7", 100))
    first = await pay(client, buyer, 40, settles(40, sold, "Invoice"))
    second = await pay(client, buyer, 60, settles(60, sold, "Invoice"))
    assert (await client.read("Invoice", sold["Id"]))["Balance"] == 0
    await delete(client, "Payment", first)
    assert (await client.read("Invoice", sold["Id"]))["Balance"] == 40
    body = {"Id": second["Id"], "SyncToken": "0", "sparse": True}
    assert (await client.post("payment", body, operation="void")).code == "500"
    answer = await client.post("payment", body, operation="update", include="void")
    voided = answer.body["Payment"]
    assert (voided["TotalAmt"], voided["UnappliedAmt"], voided["Line"]) == (0, 0, [])
    assert (voided["PrivateNote"], voided["SyncToken"]) == ("Voided", "1")
    assert (await client.read("Invoice", sold["Id"]))["Balance"] == 100
    assert list(await postings(client)) == [sold["Id"]]


@pytest.mark.parametrize("how", ["delete", "void", "reduce"])
async def test_payments_let_go_of_an_invoice_that_goes(client: Client, how: str) -> None:
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale("7", 100))
    paid = await pay(client, buyer, 80, settles(80, sold, "Invoice"))
    current = await client.read("Invoice", sold["Id"])
    body = {"Id": sold["Id"], "SyncToken": current["SyncToken"]}
    left: Any = 0
    if how == "reduce":
        left = 30
        line = {**sale("7", 30), "Id": "1"}
        answer = await client.sparse("Invoice", current, Line=[line])
        assert answer.body["Invoice"]["Balance"] == 0
    else:
        assert (await client.post("invoice", body, operation=how)).status == 200
    seen = await client.read("Payment", paid["Id"])
    assert (seen["UnappliedAmt"], seen["SyncToken"]) == (80 - left, "1")
    assert sum(line["Amount"] for line in seen["Line"]) == left


async def test_a_credit_memo_pays_an_invoice(client: Client) -> None:
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale("7", 100))
    memo = await client.create("CreditMemo", CustomerRef=buyer, Line=[sale("7", 30)])
    paid = await pay(
        client, buyer, 0, settles(30, sold, "Invoice"), settles(30, memo, "CreditMemo")
    )
    assert paid["UnappliedAmt"] == 0
    seen = await client.read("CreditMemo", memo["Id"])
    assert (seen["RemainingCredit"], seen["Balance"], seen["SyncToken"]) == (0, 0, "1")
    assert (await client.read("Invoice", sold["Id"]))["Balance"] == 70
    assert paid["Id"] not in await postings(client)
    await delete(client, "CreditMemo", memo)
    assert (await client.read("Invoice", sold["Id"]))["Balance"] == 100
    assert (await client.read("Payment", paid["Id"]))["Line"] == []
    answer = await client.post("creditmemo", {"Id": memo["Id"]}, operation="void")
    assert answer.code == "500"


async def test_a_bill_payment_uses_a_vendor_credit(client: Client) -> None:
    seller = await vendor(client)
    made = await bill(client, seller, expense("7", 100))
    credit = await client.create("VendorCredit", VendorRef=seller, Line=[expense("7", 30)])
    client.clock.advance(10)
    lines = [settles(100, made, "Bill"), settles(30, credit, "VendorCredit")]
    paid = await pay_bills(client, seller, 70, *lines)
    assert paid["CheckPayment"]["BankAccountRef"] == {"value": "35", "name": "Checking"}
    for entity, record in (("Bill", made), ("VendorCredit", credit)):
        seen = await client.read(entity, record["Id"])
        assert (seen["Balance"], seen["SyncToken"]) == (0, "1")
        assert seen["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "BillPaymentCheck"}]
        assert seen["MetaData"]["LastUpdatedTime"] == paid["MetaData"]["LastUpdatedTime"]
    assert (await postings(client))[paid["Id"]] == {"33": 70, "35": -70}
    assert (await client.read("Vendor", seller["value"]))["Balance"] == 0
    assert (await client.query("select * from BillPayment"))["totalCount"] == 1
    body = {"Id": paid["Id"], "SyncToken": "0", "sparse": True}
    answer = await client.post("billpayment", body, operation="update", include="void")
    assert answer.body["BillPayment"]["TotalAmt"] == 0
    assert (await client.read("Bill", made["Id"]))["Balance"] == 100


async def test_a_card_payment_points_back_as_a_check_does(client: Client) -> None:
    seller = await vendor(client)
    made = await bill(client, seller, expense("7", 100))
    paid = await client.create(
        "BillPayment",
        VendorRef=seller,
        TotalAmt=100,
        PayType="CreditCard",
        CreditCardPayment={"CCAccountRef": ref("41")},
        Line=[settles(100, made, "Bill")],
    )
    seen = await client.read("Bill", made["Id"])
    assert seen["LinkedTxn"][0]["TxnType"] == "BillPaymentCheck"
    assert (await client.read("Account", "41"))["CurrentBalance"] == 100
    assert (await client.post("billpayment", paid)).body["BillPayment"]["SyncToken"] == "0"


async def test_refused_payments(client: Client) -> None:
    buyer, other = await customer(client), await customer(client, "Other")
    seller = await vendor(client)
    sold = await invoice(client, buyer, sale("7", 100))
    made = await bill(client, seller, expense("7", 100))
    good, missing = settles(50, sold, "Invoice"), {"Id": "1"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"TotalAmt": 50, "Line": [good]}, "2020"),
        ({"CustomerRef": buyer, "Line": [good]}, "2020"),
        ({"CustomerRef": other, "TotalAmt": 50, "Line": [good]}, "620"),
        ({"CustomerRef": buyer, "TotalAmt": 50, "Line": [settles(50, made, "Bill")]}, "620"),
        (
            {"CustomerRef": buyer, "TotalAmt": 9, "Line": [settles(9, missing, "Invoice")]},
            "620",
        ),
        ({"CustomerRef": buyer, "TotalAmt": 9, "Line": [settles(9, sold, "JournalEntry")]}, "500"),
        ({"CustomerRef": buyer, "TotalAmt": 40, "Line": [good]}, "6000"),
        ({"CustomerRef": buyer, "TotalAmt": 200, "Line": [settles(120, sold, "Invoice")]}, "6000"),
        ({"CustomerRef": buyer, "TotalAmt": 100, "Line": [good, good]}, "6000"),
        ({"CustomerRef": buyer, "TotalAmt": -5}, "2290"),
        ({"CustomerRef": buyer, "TotalAmt": 50, "Line": [{**good, "Amount": -50}]}, "2290"),
        ({"CustomerRef": buyer, "TotalAmt": 50, "Line": [{"Amount": 50}]}, "2020"),
        ({"CustomerRef": buyer, "TotalAmt": 50, "Line": [{**good, "Colour": "red"}]}, "2010"),
        ({"CustomerRef": buyer, "TotalAmt": 50, "ProcessPayment": True}, "500"),
        ({"CustomerRef": buyer, "TotalAmt": 50, "DepositToAccountRef": ref("79")}, "6000"),
    ]
    for body, code in cases:
        assert (await client.post("payment", body)).code == code, body
    assert (await client.read("Invoice", sold["Id"]))["SyncToken"] == "0"
    paying: dict[str, Any] = {"VendorRef": seller, "TotalAmt": 100, **CHECK}
    paying["Line"] = [settles(100, made, "Bill")]
    bad_bank = {"CheckPayment": {"BankAccountRef": ref("41")}}
    for change, code in (
        ({"TotalAmt": 120}, "6000"),
        ({"PayType": "Cash"}, "2170"),
        ({"PayType": "CreditCard"}, "6000"),
        ({"CheckPayment": None}, "2020"),
        (bad_bank, "6000"),
    ):
        assert (await client.post("billpayment", {**paying, **change})).code == code, change


async def test_paying_more_than_is_open(client: Client) -> None:
    client.twin.switches.overapplied = "cap"
    client.twin.switches.bill_payment_excess = "credit"
    buyer, seller = await customer(client), await vendor(client)
    sold = await invoice(client, buyer, sale("7", 100))
    paid = await pay(client, buyer, 120, settles(120, sold, "Invoice"))
    assert (paid["Line"][0]["Amount"], paid["UnappliedAmt"]) == (100, 20)
    made = await bill(client, seller, expense("7", 100))
    await pay_bills(client, seller, 130, settles(100, made, "Bill"))
    assert (await client.read("Vendor", seller["value"]))["Balance"] == -30


async def test_a_parent_may_pay_for_its_job(client: Client) -> None:
    parent = await customer(client)
    job = await customer(client, "Job", ParentRef=parent)
    sold = await invoice(client, job, sale("7", 10))
    paid = await pay(client, parent, 10, settles(10, sold, "Invoice"))
    assert paid["UnappliedAmt"] == 0
    assert (await client.read("Customer", parent["value"]))["BalanceWithJobs"] == Decimal(0)


async def test_the_name_on_a_paid_invoice_stays(client: Client) -> None:
    buyer, other = await customer(client), await customer(client, "Other")
    sold = await invoice(client, buyer, sale("7", 10))
    await pay(client, buyer, 10, settles(10, sold, "Invoice"))
    current = await client.read("Invoice", sold["Id"])
    assert (await client.sparse("Invoice", current, CustomerRef=other)).code == "6000"


async def test_voids_in_a_batch(client: Client) -> None:
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale("7", 10))
    paid = await pay(client, buyer, 10)
    void = {"Id": paid["Id"], "SyncToken": "0", "sparse": True}
    items: list[dict[str, Any]] = [
        {"bId": "1", "operation": "update", "optionsData": "void", "Payment": void},
        {"bId": "2", "operation": "void", "Invoice": {"Id": sold["Id"], "SyncToken": "0"}},
        {"bId": "3", "operation": "delete", "optionsData": "void", "Payment": void},
        {"bId": "4", "operation": "void", "Payment": void},
    ]
    answer = await client.post("batch", {"BatchItemRequest": items})
    one, two, three, four = answer.body["BatchItemResponse"]
    assert (one["Payment"]["TotalAmt"], two["Invoice"]["TotalAmt"]) == (0, 0)
    assert three["Fault"]["Error"][0]["code"] == four["Fault"]["Error"][0]["code"] == "500"
