"""What a user does to documents in the user interface."""

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
