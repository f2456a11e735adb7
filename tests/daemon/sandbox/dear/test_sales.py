"""Sales over HTTP: quote, order, fulfilment, invoices, credit notes, payments, stock and COGS."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.dear.client import CUSTOMER, PRODUCT, Dear
from tests.daemon.sandbox.dear.conftest import Serve
from tests.daemon.sandbox.dear.papers import (
    HEADS,
    PLACE,
    PUMP,
    bill,
    done,
    freight,
    invoice,
    line,
    order,
    paid,
    purchase,
    receive,
    refused,
    sale,
    sell,
    shipped,
    sold,
    stock,
)

NEW = {
    **PRODUCT,
    "COGSAccount": "Q80",
    "InventoryAccount": "Q81",
    "RevenueAccount": "Q79",
}


async def words(dear: Dear, task: str) -> tuple[str, str, str, str]:
    seen = await sold(dear, task)
    return (
        seen["Status"],
        seen["CombinedShippingStatus"],
        seen["CombinedInvoiceStatus"],
        seen["CombinedPaymentStatus"],
    )


async def booked(dear: Dear, account: str) -> Decimal:
    """What an account was debited less what it was credited."""
    rows = await dear.rows("transactions", Account=account, Limit="1000")
    return sum(
        (row["Amount"] if row["DebitAccountCode"] == account else -row["Amount"] for row in rows),
        Decimal(0),
    )


async def test_header_takes_text_for_flags_and_numbers(dear: Dear) -> None:
    task = await sale(dear, SkipQuote="false", CurrencyRate="1", TaxInclusive="1", ExternalID="E-1")
    seen = await sold(dear, task)
    assert (seen["SkipQuote"], seen["TaxCalculation"], seen["Type"]) == (
        False,
        "Inclusive",
        "Simple Sale",
    )
    assert (seen["Status"], seen["Order"]["SaleOrderNumber"]) == ("DRAFT", "SO-00001")
    await sale(dear, ExternalID="E-2")
    assert [row["SaleID"] for row in await dear.rows("saleList", ExternalID="e-1")] == [task]


async def test_quote_comes_before_the_order_unless_skipped(dear: Dear) -> None:
    task = await sale(dear, SkipQuote=False)
    body = {"SaleID": task, "Status": "AUTHORISED", "Lines": [line(PUMP, 1, 15, rate=8)]}
    await refused(await dear.post("sale/order", body), "Quote must be authorised")
    done(await dear.post("sale/quote", {**body, "Status": "DRAFT"}))
    assert (await words(dear, task))[0] == "ESTIMATING"
    quote = done(await dear.post("sale/quote", body))
    assert (quote["Total"], (await words(dear, task))[0]) == (Decimal("16.2"), "ESTIMATED")
    early = {"TaskID": task, "Type": "Prepayment", "Amount": 5, "Account": "Q35"}
    done(await dear.post("sale/payment", {**early, "DatePaid": "2026-03-02"}))
    await sell(dear, task, line(PUMP, 1, 15, rate=8))
    made = (await invoice(dear, task, line(PUMP, 1, 15, rate=8)))[0]
    assert "Payments" not in made
    assert "Total" not in made
    whole = (await sold(dear, task))["Invoices"][0]
    assert (whole["Paid"], whole["Total"], whole["Status"]) == (5, Decimal("16.2"), "AUTHORISED")
    skipped = {**body, "SaleID": await sale(dear)}
    await refused(await dear.post("sale/quote", skipped), "skipped")


async def test_a_simple_sale_to_its_end(dear: Dear) -> None:
    before = await stock(dear, PUMP)
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 4, 15, rate=8))
    assert (await stock(dear, PUMP))["Allocated"] == 4
    assert (await words(dear, task))[0] == "ORDERED"
    made = await shipped(dear, task)
    assert made["Fulfilments"][0]["TaskID"] == task
    assert (await words(dear, task))[:2] == ("SHIPPING", "SHIPPED")
    after = await stock(dear, PUMP)
    assert (before["OnHand"] - after["OnHand"], after["Allocated"]) == (4, 0)
    billed = (await invoice(dear, task, line(PUMP, 4, 15, rate=8)))[0]
    assert (billed["TaskID"], billed["InvoiceNumber"]) == (task, "INV-00001")
    assert billed["Lines"][0]["AverageCost"] == 10
    assert (await words(dear, task))[0] == "INVOICED"
    await paid(dear, "sale/payment", task, "64.80")
    assert await words(dear, task) == ("COMPLETED", "SHIPPED", "INVOICED", "PAID")
    seen = await sold(dear, task, IncludeTransactions="true")
    assert seen["COGSAmount"] == 40
    assert [move["COGS"] for move in seen["InventoryMovements"]] == [40]
    assert {(row["Debit"], row["Credit"], row["Amount"]) for row in seen["Transactions"]} == {
        ("Q80", "Q81", 40),
        ("Q84", "Q79", 60),
        ("Q84", "Q90", Decimal("4.8")),
        ("Q35", "Q84", Decimal("64.8")),
    }
    hidden = await sold(dear, task, HideInventoryMovements="true")
    assert (hidden["InventoryMovements"], "Transactions" in hidden) == ([], False)


async def test_what_is_short_is_backordered_and_given_when_it_comes(dear: Dear) -> None:
    await dear.made("product", NEW)
    task = await sale(dear, SaleType="Advanced")
    answered = await sell(dear, task, line("TST-1", 5, 12))
    assert answered["Lines"][0]["BackorderQuantity"] == 5
    assert (await words(dear, task))[0] == "BACKORDERED"
    made = done(await dear.post("sale/fulfilment", {"SaleID": task}))["Fulfilments"][0]
    pick = {"TaskID": made["TaskID"], "Status": "AUTHORISED", "AutoPickMode": "AUTOPICK"}
    await refused(await dear.post("sale/fulfilment/pick", pick), "Nothing to pick")
    source = await purchase(dear, Approach="STOCK")
    await order(dear, source, line("TST-1", 3, 4))
    await receive(dear, source, ("TST-1", 3))
    assert (await sold(dear, task))["Order"]["Lines"][0]["BackorderQuantity"] == 2
    rows = [{"SKU": "TST-1", "Quantity": 4}]
    many = {**pick, "AutoPickMode": "", "Lines": rows}
    await refused(await dear.post("sale/fulfilment/pick", many), "Not enough stock")
    done(await dear.post("sale/fulfilment/pick", pick))
    ship = {"TaskID": made["TaskID"], "Status": "AUTHORISED"}
    await refused(await dear.post("sale/fulfilment/ship", ship), "Pack must be authorised")
    done(await dear.post("sale/fulfilment/pack", ship))
    done(await dear.post("sale/fulfilment/ship", {**ship, "Lines": [{"TrackingNumber": "T9"}]}))
    row = (await dear.rows("saleList"))[0]
    assert (row["CombinedShippingStatus"], row["CombinedTrackingNumbers"]) == (
        "PARTIALLY SHIPPED",
        "T9",
    )
    assert (await stock(dear, "TST-1"))["OnHand"] == 0


async def test_cost_arrives_with_the_bill_and_moves_with_it(dear: Dear) -> None:
    await dear.made("product", NEW)
    source = await purchase(dear, Approach="STOCK")
    await order(dear, source, line("TST-1", 5, 4))
    await receive(dear, source, ("TST-1", 5))
    task = await sale(dear)
    await sell(dear, task, line("TST-1", 3, 12))
    await shipped(dear, task)
    assert (await sold(dear, task))["COGSAmount"] == 0  # nobody has said what it cost
    made = (await bill(dear, source, line("TST-1", 5, 4)))[0]
    assert (await sold(dear, task))["COGSAmount"] == 12
    await dear.delete("advanced-purchase/invoice", TaskID=made["TaskID"])
    assert (await sold(dear, task))["COGSAmount"] == 0
    await bill(dear, source, line("TST-1", 5, "4.5"), TaskID=made["TaskID"])
    assert (await sold(dear, task))["COGSAmount"] == Decimal("13.5")
    assert await booked(dear, "Q80") == Decimal("13.5")
    left = await stock(dear, "TST-1")
    assert (left["OnHand"], left["StockOnHand"]) == (2, 9)


async def test_oldest_goods_are_sold_first(dear: Dear) -> None:
    await dear.made("product", NEW)
    for day, price in (("2026-02-02", 7), ("2026-02-01", 3)):
        source = await purchase(dear)
        await order(dear, source, line("TST-1", 2, price))
        await bill(dear, source, line("TST-1", 2, price))
        row = {"SKU": "TST-1", "Quantity": 2, "Location": PLACE, "Date": day}
        body = {"PurchaseID": source, "Status": "AUTHORISED", "Lines": [row]}
        done(await dear.post("advanced-purchase/put-away", body))
    task = await sale(dear)
    await sell(dear, task, line("TST-1", 3, 12))
    await shipped(dear, task)
    assert (await sold(dear, task))["COGSAmount"] == 13
    shown = (await dear.rows("product", Sku="TST-1", IncludeMovements="true"))[0]
    assert sum(move["Quantity"] for move in shown["Movements"]) == 1
    assert sum(move["Amount"] for move in shown["Movements"]) == 7
    assert shown["AverageCost"] == 7


async def test_one_call_may_pick_pack_and_ship(dear: Dear) -> None:
    task = await sale(dear)
    mode = {"AutoPickPackShipMode": "AUTOPICKPACKSHIP"}
    body = {"SaleID": task, "Status": "AUTHORISED", **mode}
    short = await dear.post("sale/order", {**body, "Lines": [line(PUMP, 9999, 1)]})
    await refused(short, "Not enough stock")
    assert (await words(dear, task))[0] == "DRAFT"
    await sell(dear, task, line(PUMP, 1, 15), **mode)
    assert (await words(dear, task))[:2] == ("SHIPPING", "SHIPPED")


async def test_a_second_fulfilment_makes_the_sale_advanced(dear: Dear) -> None:
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 4, 15))
    made = done(await dear.post("sale/fulfilment", {"SaleID": task}))["Fulfilments"][0]
    again = await dear.post("sale/fulfilment", {"SaleID": task})
    await refused(again, "not picked yet")
    rows = [{"SKU": PUMP, "Quantity": 1}]
    pick = {"TaskID": made["TaskID"], "Status": "AUTHORISED", "Lines": rows}
    done(await dear.post("sale/fulfilment/pick", pick))
    second = done(await dear.post("sale/fulfilment", {"SaleID": task}))["Fulfilments"][1]
    seen = await sold(dear, task)
    assert (seen["Type"], seen["CombinedPickingStatus"]) == ("Advanced Sale", "PARTIALLY PICKED")
    assert second["TaskID"] != task
    gone = done(await dear.delete("sale/fulfilment", TaskID=second["TaskID"], Void="true"))
    assert gone["Fulfilments"][1]["Pick"]["Status"] == "VOIDED"


async def test_several_invoices_of_an_advanced_sale(dear: Dear) -> None:
    task = await sale(dear, SaleType="Advanced", Terms="Net 15")
    await sell(dear, task, line(PUMP, 4, 15), line(HEADS, 2, 3))
    first = await invoice(
        dear, task, line(PUMP, 4, 15), TaskID="00000000-0000-0000-0000-0" + "0" * 11
    )
    assert (await words(dear, task))[::2] == ("INVOICING", "PARTIALLY INVOICED")
    both = await invoice(dear, task, line(HEADS, 2, 3), InvoiceDate="2026-03-10")
    assert [one["InvoiceNumber"] for one in both] == ["INV-00001", "INV-00001/2"]
    assert both[1]["InvoiceDueDate"] == "2026-03-25T00:00:00"
    assert (await words(dear, task))[0] == "INVOICED"
    undone = done(await dear.delete("sale/invoice", TaskID=first[0]["TaskID"]))["Invoices"][0]
    assert (undone["Status"], len(undone["Lines"])) == ("DRAFT", 1)
    voided = done(await dear.delete("sale/invoice", TaskID=first[0]["TaskID"], Void="1"))
    assert (voided["Invoices"][0]["Status"], voided["Invoices"][0]["Lines"]) == ("VOIDED", [])
    row = (await dear.rows("saleList"))[0]
    assert (row["InvoiceAmount"], row["CombinedInvoiceStatus"]) == (6, "PARTIALLY INVOICED")


async def test_put_keeps_what_it_leaves_out_and_empties_what_is_empty(dear: Dear) -> None:
    name = await freight(dear)
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 4, 15))
    charge = line("", 1, 9, Description=name)
    await invoice(dear, task, line(PUMP, 4, 15), status="DRAFT", AdditionalCharges=[charge])
    body: dict[str, Any] = {"SaleID": task, "Memo": "thanks", "Status": "DRAFT"}
    kept = done(await dear.put("sale/invoice", body))["Invoices"][0]
    assert (len(kept["Lines"]), len(kept["AdditionalCharges"]), kept["Memo"]) == (1, 1, "thanks")
    body = {"SaleID": task, "Status": "AUTHORISED", "AdditionalCharges": []}
    done(await dear.put("sale/invoice", body))
    whole = (await sold(dear, task))["Invoices"][0]
    assert (whole["Total"], whole["Status"], whole["Memo"]) == (60, "AUTHORISED", "thanks")
    await refused(await dear.put("sale/invoice", body), "must be DRAFT")
    await refused(await dear.delete("sale/invoice", TaskID=task), "simple sale")


async def test_service_sale(dear: Dear) -> None:
    name = await freight(dear)
    task = await sale(dear, ServiceOnly=True)
    body = {"SaleID": task, "Lines": [line(PUMP, 1, 1)]}
    await refused(await dear.post("sale/order", body), "no order")
    await refused(await dear.post("sale/fulfilment", {"SaleID": task}), "no fulfilment")
    made = await invoice(dear, task, AdditionalCharges=[line("", 2, 40, Description=name)])
    assert made[0]["TaskID"] == task
    await paid(dear, "sale/payment", task, "80")
    assert await words(dear, task) == ("COMPLETED", "NOT AVAILABLE", "INVOICED", "PAID")


async def test_credit_note_restocks_at_cost(dear: Dear) -> None:
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 4, 15, rate=8))
    await shipped(dear, task)
    body = {"SaleID": task, "Status": "AUTHORISED", "Lines": [line(PUMP, 1, 15, rate=8)]}
    await refused(await dear.post("sale/creditnote", body), "Invoice must be authorised")
    await invoice(dear, task, line(PUMP, 4, 15, rate=8))
    many = {**body, "Restock": [{"SKU": PUMP, "Quantity": 5}]}
    await refused(await dear.post("sale/creditnote", many), "up to what was shipped")
    before = await stock(dear, PUMP)
    body["Restock"] = [{"SKU": PUMP, "Quantity": 1, "RestockDate": "2026-03-04"}]
    made = done(await dear.post("sale/creditnote", body))["CreditNotes"][0]
    assert made["CreditNoteNumber"] == "CR-00001"
    after = await stock(dear, PUMP)
    assert after["OnHand"] - before["OnHand"] == 1
    assert after["StockOnHand"] - before["StockOnHand"] == 10
    assert await words(dear, task) == (
        "CREDITED",
        "SHIPPED",
        "INVOICED / CREDITED",
        "PARTIALLY PAID",
    )
    assert await booked(dear, "Q80") == 30
    refund = {"TaskID": task, "Type": "REFUND", "Amount": Decimal("16.20"), "Account": "Q35"}
    done(await dear.post("sale/payment", {**refund, "DatePaid": "2026-03-05"}))
    shown = done(await dear.get("sale/creditnote", SaleID=task, IncludePaymentInfo="true"))
    assert shown["CreditNotes"][0]["CreditNoteBalance"] == 0
    assert [
        row["SaleOrderNumber"] for row in done(await dear.get("sale/payment", SaleID=task))
    ] == ["SO-00001"]
    assert [row["SaleID"] for row in await dear.rows("saleCreditNoteList")] == [task]


async def test_undo_and_void_of_a_sale(dear: Dear) -> None:
    before = await stock(dear, PUMP)
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 4, 15))
    await shipped(dear, task)
    await invoice(dear, task, line(PUMP, 4, 15))
    undone = done(await dear.delete("sale", ID=task))
    assert (undone["Status"], undone["Order"]["Status"]) == ("DRAFT", "DRAFT")
    assert (undone["Invoices"][0]["Status"], undone["Invoices"][0]["Total"]) == ("DRAFT", 60)
    assert undone["Fulfilments"][0]["Ship"]["Status"] == "DRAFT"
    assert await stock(dear, PUMP) == before
    assert await dear.rows("transactions") == []
    voided = done(await dear.delete("sale", ID=task, Void="true"))
    assert (voided["Status"], voided["Order"]["Lines"], voided["Invoices"][0]["Total"]) == (
        "VOIDED",
        [],
        0,
    )
    await refused(await dear.delete("sale", ID=task, Void="true"), "voided already")


async def test_payments_of_a_sale_change_and_go(dear: Dear) -> None:
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 4, 15))
    await invoice(dear, task, line(PUMP, 4, 15))
    one = await paid(dear, "sale/payment", task, "60", Reference="R1")
    assert one["InvoiceNumber"] == "INV-00001"
    await refused(await dear.delete("sale", ID=task), "delete the payments first")
    done(await dear.put("sale/payment", {"ID": one["ID"], "Amount": 20}))
    assert await booked(dear, "Q84") == 40
    assert done(await dear.delete("sale/payment", ID=one["ID"])) == {"Success": True}
    assert (await words(dear, task))[3] == "UNPAID"
    await refused(await dear.delete("sale/payment", ID=one["ID"]), "not found")


async def test_foreign_sale_with_a_rate_of_its_own_per_invoice(dear: Dear) -> None:
    made = await dear.made("customer", {**CUSTOMER, "Name": "Lyon SA", "Currency": "EUR"})
    header = {"CustomerID": made["ID"], "Location": PLACE, "SkipQuote": True}
    await refused(await dear.post("sale", header), "'CurrencyRate' not provided")
    task = await sale(dear, **header, CurrencyRate=Decimal("1.1"))
    await sell(dear, task, line(PUMP, 1, 100))
    await invoice(dear, task, line(PUMP, 1, 100), CurrencyConversionRate=Decimal("1.25"))
    assert await booked(dear, "Q84") == 125
    await paid(dear, "sale/payment", task, "100", CurrencyRate=Decimal("1.2"))
    assert await booked(dear, "Q84") == 0
    assert await booked(dear, "Q35") == 120
    assert await booked(dear, "860") == 5  # no account for currency gains in this company


async def test_locked_period_holds_for_shipments(dear: Dear) -> None:
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 1, 15))
    await dear.edit({"kind": "me", "set": {"LockDate": "2026-03-31T00:00:00"}})
    made = done(await dear.post("sale/fulfilment", {"SaleID": task}))["Fulfilments"][0]
    body = {"TaskID": made["TaskID"], "Status": "AUTHORISED", "AutoPickMode": "AUTOPICK"}
    done(await dear.post("sale/fulfilment/pick", body))
    done(await dear.post("sale/fulfilment/pack", body))
    await refused(await dear.post("sale/fulfilment/ship", body), "locked period")
    bad = {"SaleID": task, "Status": "AUTHORISED", "Lines": [line(PUMP, 1, 15)]}
    await refused(await dear.post("sale/invoice", bad), "locked period")


async def test_lists_of_sales(dear: Dear) -> None:
    first = await sale(dear, CustomerReference="REF 9")
    dear.clock.advance(60)
    second = await sale(dear)
    await sell(dear, second, line(PUMP, 1, 15))

    async def ids(**query: str) -> list[str]:
        return [row["SaleID"] for row in await dear.rows("saleList", **query)]

    assert await ids() == [first, second]
    assert await ids(UpdatedSince="2026-03-02T15:00:00Z") == [second]
    assert await ids(CreatedSince="2026-03-02T15:00:30Z") == [second]
    assert await ids(Search="ref 9") == [first]
    assert await ids(OrderStatus="AUTHORISED") == [second]
    assert await ids(CombinedPickStatus="NOT PICKED") == [second]


async def test_transactions_by_date_and_account(dear: Dear) -> None:
    task = await sale(dear)
    await sell(dear, task, line(PUMP, 1, 15, rate=8))
    await invoice(dear, task, line(PUMP, 1, 15, rate=8), InvoiceDate="2026-01-31")
    for query, count in (
        ({"FromDate": "2026-01-31", "ToDate": "2026-01-31"}, 2),
        ({"FromDate": "2026-02-01"}, 0),
        ({"ToDate": "2026-01-30"}, 0),
        ({"Account": "Q90"}, 1),
    ):
        assert len(await dear.rows("transactions", **query)) == count
    row = (await dear.rows("transactions", Account="Q90"))[0]
    assert (row["Type"], row["Reference"], row["Amount"]) == ("Sale", "INV-00001", Decimal("1.2"))
    customer = (await sold(dear, task))["Customer"]
    assert row["Transaction"] == f"{customer}: INV-00001"


@pytest.mark.parametrize("stamps", [True, False])
async def test_recosting_may_move_the_sales_stamp(twin: Serve, stamps: bool) -> None:
    dear = await twin(recost_stamps=stamps, stock_stamps=stamps)
    made = await dear.made("product", NEW)
    source = await purchase(dear, Approach="STOCK")
    await order(dear, source, line("TST-1", 5, 4))
    await receive(dear, source, ("TST-1", 5))
    task = await sale(dear)
    await sell(dear, task, line("TST-1", 3, 12))
    await shipped(dear, task)
    before = (await sold(dear, task))["LastModifiedOn"]
    dear.clock.advance(9)
    await bill(dear, source, line("TST-1", 5, 4))
    assert ((await sold(dear, task))["LastModifiedOn"] != before) is stamps
    since = {"ModifiedSince": made["LastModifiedOn"]}
    assert bool(await dear.rows("product", Sku="TST-1", **since)) is stamps
