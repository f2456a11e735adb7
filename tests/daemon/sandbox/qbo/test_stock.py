"""What bills and invoices do to stock, its cost, and the general ledger."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import (
    FOUNTAIN,
    balance,
    bill,
    customer,
    delete,
    expense,
    goods,
    invoice,
    postings,
    ref,
    sale,
    vendor,
)

ASSET, COGS, INCOME, PAYABLE, RECEIVABLE = "81", "80", "79", "33", "84"


async def tracked(client: Client, quantity: Any = 0, cost: Any = 0) -> str:
    item = await client.create(
        "Item",
        Name="Widget",
        Type="Inventory",
        TrackQtyOnHand=True,
        QtyOnHand=quantity,
        InvStartDate="2026-01-01",
        PurchaseCost=cost,
        IncomeAccountRef=ref(INCOME),
        ExpenseAccountRef=ref(COGS),
        AssetAccountRef=ref(ASSET),
    )
    return str(item["Id"])


async def on_hand(client: Client, item: str) -> Any:
    return (await client.read("Item", item))["QtyOnHand"]


async def test_first_stock_is_posted_against_opening_equity(client: Client) -> None:
    item = await tracked(client, 10, 2.5)
    assert await postings(client) == {item: {ASSET: 25, "34": -25}}
    assert (await balance(client, ASSET), await balance(client, "34")) == (25, -25)


async def test_first_in_first_out(client: Client) -> None:
    item = await tracked(client)
    seller, buyer = await vendor(client), await customer(client)
    await bill(client, seller, goods(item, 10, 2), TxnDate="2026-02-01")
    await bill(client, seller, goods(item, 10, 3), TxnDate="2026-02-02")
    sold = await invoice(client, buyer, sale(item, Qty=12, UnitPrice=5), TxnDate="2026-02-03")
    posted = (await postings(client))[sold["Id"]]
    assert posted == {RECEIVABLE: 60, INCOME: -60, COGS: 26, ASSET: -26}
    assert await on_hand(client, item) == 8
    assert await balance(client, ASSET) == 24
    assert await balance(client, PAYABLE) == -50
    assert (await client.read("Account", COGS))["CurrentBalance"] == 0
    client.twin.switches.income_balances = "shown"
    client.twin.switches.liability_balances = "positive"
    assert await balance(client, COGS) == 26
    assert await balance(client, INCOME) == 60
    assert await balance(client, PAYABLE) == 50


async def test_selling_before_buying_is_costed_again(client: Client) -> None:
    item = await tracked(client, 0, 1)
    seller, buyer = await vendor(client), await customer(client)
    sold = await invoice(client, buyer, sale(item, Qty=5, UnitPrice=9), TxnDate="2026-02-03")
    assert await on_hand(client, item) == -5
    assert (await postings(client))[sold["Id"]][COGS] == 5
    asset = (await client.read("Account", ASSET))["SyncToken"]
    client.clock.advance(9)
    bought = await bill(client, seller, goods(item, 8, 2), TxnDate="2026-02-10")
    assert (await postings(client))[sold["Id"]][COGS] == 10
    assert (await on_hand(client, item), await balance(client, ASSET)) == (3, 6)
    seen = await client.read("Invoice", sold["Id"])
    assert (seen["SyncToken"], seen["MetaData"]) == ("0", sold["MetaData"])
    assert (await client.read("Account", ASSET))["SyncToken"] == asset
    await delete(client, "Bill", bought)
    assert (await postings(client))[sold["Id"]][COGS] == 5
    assert await balance(client, ASSET) == -5


async def test_an_earlier_bill_changes_the_cost_of_later_sales(client: Client) -> None:
    item = await tracked(client)
    seller, buyer = await vendor(client), await customer(client)
    await bill(client, seller, goods(item, 5, 4), TxnDate="2026-03-01")
    sold = await invoice(client, buyer, sale(item, Qty=5, UnitPrice=9), TxnDate="2026-04-01")
    assert (await postings(client))[sold["Id"]][COGS] == 20
    early = await bill(client, seller, goods(item, 5, 1), TxnDate="2026-02-01")
    assert (await postings(client))[sold["Id"]][COGS] == 5
    line = {**goods(item, 5, 2), "Id": "1"}
    await client.sparse("Bill", early, VendorRef=seller, Line=[line])
    assert (await postings(client))[sold["Id"]][COGS] == 10


async def test_cents_are_never_lost(client: Client) -> None:
    item = await tracked(client)
    seller, buyer = await vendor(client), await customer(client)
    line = {**goods(item, 3, 0), "Amount": 10}
    line["ItemBasedExpenseLineDetail"] = {"ItemRef": ref(item), "Qty": 3}
    await bill(client, seller, line, TxnDate="2026-02-01")
    costs: list[Decimal] = []
    for _ in range(3):
        sold = await invoice(client, buyer, sale(item, Qty=1, UnitPrice=5), TxnDate="2026-02-02")
        costs.append((await postings(client))[sold["Id"]][COGS])
    assert costs == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]
    assert await balance(client, ASSET) == 0


async def test_credit_memo_and_vendor_credit_go_the_other_way(client: Client) -> None:
    item = await tracked(client)
    seller, buyer = await vendor(client), await customer(client)
    await bill(client, seller, goods(item, 10, 2), TxnDate="2026-02-01")
    memo = await client.create(
        "CreditMemo", CustomerRef=buyer, Line=[sale(item, Qty=1, UnitPrice=5)]
    )
    assert (memo["DocNumber"], memo["RemainingCredit"], memo["Balance"]) == ("1001", 5, 5)
    assert "DueDate" not in memo
    back = await client.create("VendorCredit", VendorRef=seller, Line=[goods(item, 2, 2.5)])
    assert (back["Balance"], "DueDate" in back, "DocNumber" in back) == (5, False, False)
    posted = await postings(client)
    assert posted[memo["Id"]] == {RECEIVABLE: -5, INCOME: 5, ASSET: 2, COGS: -2}
    assert posted[back["Id"]] == {PAYABLE: 5, ASSET: -4, COGS: -1}
    assert await on_hand(client, item) == 9
    assert (await client.read("Customer", buyer["value"]))["Balance"] == -5
    assert (await client.read("Vendor", seller["value"]))["Balance"] == 15


async def test_void_and_delete_take_everything_back(client: Client) -> None:
    item = await tracked(client, 10, 2)
    buyer = await customer(client)
    start = await postings(client)
    first = await invoice(client, buyer, sale(item, Qty=4, UnitPrice=5))
    second = await invoice(client, buyer, sale(item, Qty=4, UnitPrice=5))
    body = {"Id": first["Id"], "SyncToken": "0"}
    voided = (await client.post("invoice", body, operation="void")).body["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided")
    assert voided["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
    assert (voided["SyncToken"], voided["DocNumber"]) == ("1", first["DocNumber"])
    body["SyncToken"] = "1"
    again = (await client.post("invoice", body, operation="void")).body["Invoice"]
    assert again["SyncToken"] == "1"
    assert (await client.post("invoice", voided)).body["Invoice"] == voided
    await delete(client, "Invoice", second)
    assert await postings(client) == start
    assert await on_hand(client, item) == 10
    assert (await client.read("Customer", buyer["value"]))["Balance"] == 0


async def test_a_line_without_quantity_moves_no_stock(client: Client) -> None:
    item = await tracked(client, 10, 2)
    seller = await vendor(client)
    line = goods(item, 0, 0) | {"Amount": 7}
    made = await bill(client, seller, line)
    assert (await postings(client))[made["Id"]] == {PAYABLE: -7, COGS: 7}
    assert await on_hand(client, item) == 10
    client.twin.switches.tracked_without_quantity = "refuse"
    answer = await client.post("bill", {"VendorRef": seller, "Line": [line]})
    assert answer.code == "6520"


async def test_accounts_of_an_item_changed_later_move_no_past_posting(client: Client) -> None:
    item = await tracked(client, 10, 2)
    buyer = await customer(client)
    sold = await invoice(client, buyer, sale(item, Qty=1, UnitPrice=5))
    before = (await postings(client))[sold["Id"]]
    other = await client.create(
        "Account", Name="Other cost", AccountType="Cost of Goods Sold",
        AccountSubType="SuppliesMaterialsCogs",
    )  # fmt: skip
    record = await client.read("Item", item)
    assert (await client.sparse("Item", record, ExpenseAccountRef=ref(other["Id"]))).status == 200
    await client.sparse("Invoice", sold, TxnDate="2026-05-04")
    assert (await postings(client))[sold["Id"]] == before


async def test_accounts_and_party_move_their_clock_but_a_memo_moves_none(client: Client) -> None:
    seller = await vendor(client)
    made = await bill(client, seller, expense("7", 5))
    client.clock.advance(10)
    await client.sparse("Bill", made, VendorRef=seller, PrivateNote="memo")
    for entity, record in (("Vendor", seller["value"]), ("Account", "33"), ("Account", "7")):
        seen = await client.read(entity, record)
        assert seen["MetaData"]["LastUpdatedTime"] == made["MetaData"]["LastUpdatedTime"]


@pytest.mark.parametrize("entity", ["invoice", "bill", "creditmemo", "vendorcredit"])
async def test_no_document_before_the_start_of_stock(client: Client, entity: str) -> None:
    parties = {"VendorRef": await vendor(client), "CustomerRef": await customer(client)}
    sales = entity in ("invoice", "creditmemo")
    party = "CustomerRef" if sales else "VendorRef"
    line = sale(FOUNTAIN, Qty=1, UnitPrice=1) if sales else goods(FOUNTAIN, 1, 1)
    body = {party: parties[party], "Line": [line], "TxnDate": "2014-01-01"}
    assert (await client.post(entity, body)).code == "6270"
