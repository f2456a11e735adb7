"""What a user does to documents in the user interface."""

from decimal import Decimal
from typing import Any

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    PUMP,
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


async def edit(client: Client, kind: str, record: Any, **action: Any) -> Any:
    answer = await client.control("edit", {"kind": kind, "id": record["Id"], **action})
    assert answer.status == 200, answer.raw
    return answer.body["record"]


async def test_F76_reordered_lines_keep_ids_links_and_clocks_of_items(client: Client) -> None:
    seller = await vendor(client)
    ordered = await order(client, seller, goods(PUMP, 2, 5))
    made = await bill(client, seller, linked(goods(PUMP, 2, 5), ordered, "1"), expense("7", 9))
    item = await client.read("Item", PUMP)
    client.clock.advance(10)
    seen = await edit(client, "bill", made, reorder=["2", "1"])
    assert [(line["Id"], line["LineNum"]) for line in seen["Line"]] == [("2", 1), ("1", 2)]
    assert (seen["SyncToken"], seen["Line"][1]["LinkedTxn"][0]["TxnId"]) == ("1", ordered["Id"])
    assert (await client.read("PurchaseOrder", ordered["Id"]))["SyncToken"] == "1"
    after = await client.read("Item", PUMP)
    assert after["QtyOnHand"] == item["QtyOnHand"]


async def test_a_class_on_a_line(client: Client) -> None:
    buyer = await customer(client)
    tracked = await client.create("Class", Name="North")
    made = await invoice(client, buyer, sale("7", Qty=2, UnitPrice=5), sale("7", 3))
    line = {"Id": "1", "ClassRef": ref(tracked["Id"])}
    seen = await edit(client, "invoice", made, line=line)
    assert seen["Line"][0]["SalesItemLineDetail"]["ClassRef"]["name"] == "North"
    seen = await edit(client, "invoice", made, line={"Id": "1", "Qty": 3, "Description": "More"})
    assert (seen["Line"][0]["Amount"], seen["TotalAmt"]) == (15, 18)
    assert seen["Line"][0]["SalesItemLineDetail"]["ClassRef"]["name"] == "North"


async def test_pay_void_and_delete(client: Client) -> None:
    buyer, seller = await customer(client), await vendor(client)
    bought = await bill(client, seller, expense("7", 9))
    paid = await edit(client, "bill", bought, pay=True)
    assert (paid["TotalAmt"], paid["CheckPayment"]["BankAccountRef"]["value"]) == (9, "35")
    assert (await client.read("Bill", bought["Id"]))["Balance"] == 0
    sold = await invoice(client, buyer, sale("7", 30))
    got = await edit(client, "invoice", sold, pay={"amount": 10, "account": "36"})
    assert (await postings(client))[got["Id"]] == {"36": 10, "84": -10}
    assert (await edit(client, "payment", got, void=True))["TotalAmt"] == 0
    assert (await edit(client, "invoice", sold, void=True))["PrivateNote"] == "Voided"
    assert (await edit(client, "bill_payment", paid, delete=True))["status"] == "Deleted"
    assert (await client.read("Bill", bought["Id"]))["Balance"] == 9


async def test_edits_that_make_no_sense(client: Client) -> None:
    buyer = await customer(client)
    made = await invoice(client, buyer, sale("7", 3))
    record = {"kind": "invoice", "id": made["Id"]}
    memo = await client.create("CreditMemo", CustomerRef=buyer, Line=[sale("7", 1)])
    orders: list[dict[str, Any]] = [
        {**record, "reorder": ["1", "2"]},
        {**record, "line": {"Id": "9"}},
        {**record, "pay": {"colour": "red"}},
        {**record, "inactivate": True},
        {**record, "set": []},
        {**record, "void": True, "delete": True},
        {"kind": "credit_memo", "id": memo["Id"], "pay": True},
        {"kind": "item", "id": PUMP, "void": True},
    ]
    for asked in orders:
        answer = await client.control("edit", asked)
        assert (answer.status, "error" in answer.body) == (400, True), asked
    refused = await client.control("edit", {"kind": "credit_memo", "id": memo["Id"], "void": True})
    assert refused.code == "500"


async def enter(client: Client, kind: str, **document: Any) -> Any:
    answer = await client.control("edit", {"kind": kind, "enter": document})
    assert answer.status == 200, answer.raw
    return answer.body["record"]


async def test_what_a_bookkeeper_sets_on_a_bill(client: Client) -> None:
    seller, buyer = await vendor(client), await customer(client)
    tracked = await client.create("Class", Name="North")
    made = await bill(client, seller, goods(PUMP, 2, 5), expense("7", 9))
    line = {"Id": "1", "ClassRef": ref(tracked["Id"]), "CustomerRef": buyer}
    await edit(client, "bill", made, line={**line, "BillableStatus": "Billable"})
    seen = await edit(client, "bill", made, line={"Id": "2", "Amount": 12})
    detail = seen["Line"][0]["ItemBasedExpenseLineDetail"]
    assert (detail["ClassRef"]["name"], detail["BillableStatus"]) == ("North", "Billable")
    assert detail["CustomerRef"]["value"] == buyer["value"]
    assert (seen["Line"][1]["Amount"], seen["TotalAmt"]) == (12, 22)
    seen = await edit(client, "bill", made, set={"PrivateNote": "checked"})
    assert (seen["PrivateNote"], seen["SyncToken"]) == ("checked", "3")


async def test_a_document_is_found_by_its_number(client: Client) -> None:
    seller = await vendor(client)
    await bill(client, seller, expense("7", 9), DocNumber="INV-7")
    order = {"kind": "bill", "number": "inv-7", "set": {"PrivateNote": "seen"}}
    assert (await client.control("edit", order)).body["record"]["PrivateNote"] == "seen"
    await bill(client, await vendor(client, "Other"), expense("7", 9), DocNumber="INV-7")
    several = await client.control("edit", order)
    assert (several.status, several.body["error"]) == (
        400,
        "2 of Bill have the number 'inv-7': use id",
    )


async def test_documents_as_another_integration_enters_them(client: Client) -> None:
    seller, buyer = await vendor(client), await customer(client)
    goods_of = {"item": "Pump", "quantity": 3, "price": 10}
    ordered = await enter(
        client, "purchase_order", party="seller", number="PO-1", lines=[goods_of], note="by hand"
    )
    assert (ordered["DocNumber"], ordered["TotalAmt"], ordered["POStatus"]) == ("PO-1", 30, "Open")
    billed = await enter(
        client,
        "bill",
        party="Seller",
        number="77",
        date="2026-04-30",
        terms="Net 30",
        order="PO-1",
        lines=[
            {"item": "pump", "quantity": 2, "price": 10, "line": 1, "customer": "Buyer"},
            {"account": "Advertising", "amount": 4, "description": "leaflet"},
        ],
    )
    assert (billed["VendorRef"], billed["DueDate"]) == ({**seller, "name": "Seller"}, "2026-05-30")
    assert billed["Line"][0]["LinkedTxn"][0]["TxnId"] == ordered["Id"]
    assert (await client.read("PurchaseOrder", ordered["Id"]))["LinkedTxn"][0]["TxnId"] == (
        billed["Id"]
    )
    sold = await enter(
        client,
        "invoice",
        party="Buyer",
        number="S-1",
        memo="Thank you",
        tax="California",
        lines=[{**goods_of, "taxed": True}, {"item": "Design", "amount": 75, "taxed": False}],
    )
    assert sold["CustomerRef"]["value"] == buyer["value"]
    assert sold["CustomerMemo"] == {"value": "Thank you"}
    assert sold["TxnTaxDetail"]["TotalTax"] == Decimal("2.4")
    assert sold["TotalAmt"] == Decimal("107.4")


async def test_documents_that_cannot_be_entered(client: Client) -> None:
    await vendor(client)
    line = {"item": "Pump", "amount": 1}
    wrong: list[tuple[str, Any, str]] = [
        ("payment", {"lines": [line]}, "enter is for"),
        ("bill", {"party": "Seller"}, "takes lines"),
        ("bill", {"party": "Nobody", "lines": [line]}, "0 of Vendor are called 'Nobody'"),
        ("bill", {"party": "Seller", "lines": [{"amount": 1}]}, "a line takes item, or account"),
        ("bill", {"party": "Seller", "lines": [{**line, "colour": 1}]}, "a line takes account"),
        ("bill", {"party": "Seller", "lines": [{**line, "line": 1}]}, "of the document's order"),
        ("bill", {"party": "Seller", "order": "PO-9", "lines": [line]}, "0 of PurchaseOrder"),
        ("bill", [], "a document takes date"),
    ]
    for kind, document, text in wrong:
        answer = await client.control("edit", {"kind": kind, "enter": document})
        assert answer.status == 400
        assert text in answer.body["error"], (document, answer.body)
