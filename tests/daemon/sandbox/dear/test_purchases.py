"""Purchases over HTTP: header, order, receipts, bills, credit notes, payments, undo and void."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.dear.client import SUPPLIER, Dear
from tests.daemon.sandbox.dear.conftest import Serve
from tests.daemon.sandbox.dear.papers import (
    HEADS,
    PLACE,
    PUMP,
    bill,
    bought,
    done,
    freight,
    line,
    order,
    paid,
    purchase,
    receive,
    refused,
    stock,
)

BILLS = "advanced-purchase/invoice"


async def words(dear: Dear, task: str) -> tuple[str, str, str, str]:
    seen = await bought(dear, task)
    return (
        seen["Status"],
        seen["CombinedReceivingStatus"],
        seen["CombinedInvoiceStatus"],
        seen["CombinedPaymentStatus"],
    )


async def test_fresh_purchase_shows_stubs_and_ignores_lines(dear: Dear) -> None:
    task = await purchase(dear, Lines=[line(PUMP, 1, 1)])
    seen = await bought(dear, task)
    assert (seen["Status"], seen["OrderNumber"]) == ("DRAFT", "PO-00001")
    assert seen["Type"] == "Advanced Purchase"
    assert seen["Order"]["Lines"] == []
    for name in ("StockReceived", "PutAway", "Invoice", "CreditNote", "ManualJournals"):
        assert [part["Status"] for part in seen[name]] == ["NOT AVAILABLE"]


async def test_stubs_may_be_absent(twin: Serve) -> None:
    dear = await twin(stub_parts=False)
    assert (await bought(dear, await purchase(dear)))["Invoice"] == []


@pytest.mark.parametrize("missing", ["Approach", "Location", "SupplierID"])
async def test_header_needs(dear: Dear, missing: str) -> None:
    rows = await dear.rows("supplier", Limit="1")
    given = {"SupplierID": rows[0]["ID"], "Approach": "STOCK", "Location": PLACE, missing: None}
    assert (await dear.post("advanced-purchase", given)).status == 400
    assert await dear.rows("purchaseList") == []


async def test_order_replaces_every_line_until_authorised(dear: Dear) -> None:
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 10), line(HEADS, 1, 3), status="DRAFT")
    assert (await words(dear, task))[0] == "ORDERING"
    answered = await order(dear, task, line(HEADS, 4, "0.3333"), Memo="second")
    assert [one["SKU"] for one in answered["Lines"]] == [HEADS]
    assert (answered["Total"], answered["Memo"]) == (Decimal("1.33"), "second")
    assert "ID" not in answered["Lines"][0]
    await refused(
        await dear.post("purchase/order", {"TaskID": task, "Status": "DRAFT", "Lines": []}),
        "DRAFT or NOT AVAILABLE",
    )
    assert (await dear.put("purchase/order", {"TaskID": task})).status == 405
    assert (await words(dear, task)) == ("ORDERED", "NOT RECEIVED", "NOT INVOICED", "UNPAID")


async def test_line_total_is_checked_and_the_expected_one_told(dear: Dear) -> None:
    task = await purchase(dear)
    wrong = {**line(PUMP, 3, "9.999"), "Total": Decimal("29.99")}
    reply = await dear.post("purchase/order", {"TaskID": task, "Lines": [wrong]})
    await refused(reply, "30.00 expected")
    wrong = {**line(PUMP, 3, 10, rate=8), "Tax": Decimal("2.50")}
    reply = await dear.post("purchase/order", {"TaskID": task, "Lines": [wrong]})
    await refused(reply, "Line Tax is invalid: 2.4000 expected")


async def test_line_total_with_tax_and_computed_lines(twin: Serve) -> None:
    dear = await twin(line_total="with_tax", bare_lines="compute")
    task = await purchase(dear)
    bare = {"SKU": PUMP, "Quantity": 3, "Price": 10, "TaxRule": "California"}
    answered = await order(dear, task, bare, {**bare, "Total": Decimal("32.40")})
    assert [one["Total"] for one in answered["Lines"]] == [Decimal("32.4"), Decimal("32.4")]
    assert (answered["TotalBeforeTax"], answered["Total"]) == (60, Decimal("64.8"))


async def test_a_bare_line_is_refused(dear: Dear) -> None:
    task = await purchase(dear)
    reply = await dear.post("purchase/order", {"TaskID": task, "Lines": [{"SKU": PUMP}]})
    await refused(reply, "'Lines.Quantity' not provided")
    await refused(reply, "'Lines.Total' not provided")


@pytest.mark.parametrize(("method", "tax"), [("Row Total", "0.12"), ("Total", "0.11")])
async def test_tax_is_rounded_by_row_or_by_document(dear: Dear, method: str, tax: str) -> None:
    await dear.edit({"kind": "me", "set": {"TaxCalculationMethod": method}})
    task = await purchase(dear)
    lines = [{**line(PUMP, 1, "0.4700", rate=8), "Tax": Decimal("0.04")} for _ in range(3)]
    for one in lines if method == "Total" else ():
        one["Tax"] = Decimal("0.0376")
    assert (await order(dear, task, *lines))["Tax"] == Decimal(tax)


async def test_inclusive_prices_hold_their_tax(dear: Dear) -> None:
    task = await purchase(dear, TaxCalculation="Inclusive")
    given = {**line(PUMP, 1, "10.80", rate=8), "Tax": Decimal("0.80")}
    answered = await order(dear, task, given)
    assert (answered["TotalBeforeTax"], answered["Tax"], answered["Total"]) == (
        10,
        Decimal("0.8"),
        Decimal("10.8"),
    )
    await bill(dear, task, given)
    rows = await dear.rows("transactions")
    assert {row["DebitAccountCode"]: row["Amount"] for row in rows} == {
        "Q81": 10,
        "Q90": Decimal("0.8"),
    }


async def test_discount_charges_and_combining(dear: Dear) -> None:
    name = await freight(dear)
    task = await purchase(dear)
    charge = line("", 1, "12.5", discount=10, Description=name)
    del charge["SKU"]
    goods = line(PUMP, 7, "3.1415", discount=15)
    answered = await order(dear, task, goods, AdditionalCharges=[charge])
    assert answered["Lines"][0]["Total"] == Decimal("18.69")
    assert answered["AdditionalCharges"][0]["Description"] == name
    assert answered["Total"] == Decimal("29.94")
    whole = await bought(dear, task, CombineAdditionalCharges="true")
    assert [one["SKU"] for one in whole["Order"]["Lines"]] == [PUMP, "FREIGHT"]
    assert whole["Order"]["AdditionalCharges"] == []
    other = await purchase(dear)
    both = [goods, {**charge, "SKU": "FREIGHT"}]
    reply = await dear.post("purchase/order", {"TaskID": other, "Lines": both})
    await refused(reply, "belongs in AdditionalCharges")
    merged = await order(dear, other, *both, CombineAdditionalCharges=True)
    assert len(merged["AdditionalCharges"]) == 1


@pytest.mark.parametrize(("how", "first"), [("reversed", HEADS), ("sku", PUMP), ("sent", PUMP)])
async def test_lines_come_back_in_an_order_of_their_own(twin: Serve, how: str, first: str) -> None:
    dear = await twin(line_order=how)
    task = await purchase(dear)
    answered = await order(dear, task, line(PUMP, 1, 1), line(HEADS, 1, 1))
    assert answered["Lines"][0]["SKU"] == first


async def test_bills_come_first_or_after_the_goods(dear: Dear) -> None:
    pump = line(PUMP, 5, 10)
    task = await purchase(dear)
    body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": [pump]}
    await refused(await dear.post(BILLS, body), "order must be authorised")
    await order(dear, task, pump)
    rows = [{"SKU": PUMP, "Quantity": 5, "Location": PLACE}]
    receipt = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": rows}
    await refused(await dear.post("advanced-purchase/stock", receipt), "Invoice must be")
    stocked = await purchase(dear, Approach="STOCK")
    await order(dear, stocked, pump)
    await refused(await dear.post(BILLS, {**body, "PurchaseID": stocked}), "Stock must be")
    await receive(dear, stocked, (PUMP, 5))
    await bill(dear, stocked, pump)
    assert (await words(dear, stocked))[:3] == ("INVOICED", "FULLY RECEIVED", "INVOICED")


async def test_an_order_in_two_bills_and_two_receipts(dear: Dear) -> None:
    before = await stock(dear, PUMP)
    task = await purchase(dear, Terms="Net 30")
    await order(dear, task, line(PUMP, 10, "9.99"))
    assert (await stock(dear, PUMP))["OnOrder"] == 10
    first = (await bill(dear, task, line(PUMP, 6, "9.99"), InvoiceDate="2026-03-01"))[0]
    assert (first["InvoiceNumber"], first["Total"]) == ("INV-00001", Decimal("59.94"))
    assert first["InvoiceDueDate"] == "2026-03-31T00:00:00"
    assert (await words(dear, task))[0] == "PARTIALLY INVOICED"
    await receive(dear, task, (PUMP, 6))
    assert (await words(dear, task)) == (
        "RECEIVING",
        "PARTIALLY RECEIVED",
        "PARTIALLY INVOICED",
        "UNPAID",
    )
    second = (await bill(dear, task, line(PUMP, 4, "9.99")))[1]
    assert second["InvoiceNumber"] == "INV-00001/2"
    assert second["TaskID"] not in (task, first["TaskID"])
    await receive(dear, task, (PUMP, 4))
    for one, amount in ((first, "59.94"), (second, "39.96")):
        await paid(dear, "advanced-purchase/payment", one["TaskID"], amount)
    assert (await words(dear, task)) == ("COMPLETED", "FULLY RECEIVED", "INVOICED", "PAID")
    after = await stock(dear, PUMP)
    assert (after["OnHand"] - before["OnHand"], after["OnOrder"]) == (10, 0)
    assert after["StockOnHand"] - before["StockOnHand"] == Decimal("99.9")
    whole = await bought(dear, task)
    assert [part["Status"] for part in whole["Invoice"]] == ["PAID", "PAID"]
    assert sum(move["COGS"] for move in whole["InventoryMovements"]) == Decimal("99.9")


async def test_a_simple_purchase_has_one_of_each_under_its_own_id(dear: Dear) -> None:
    task = await purchase(dear, PurchaseType="Simple")
    await order(dear, task, line(PUMP, 2, 5))
    assert [one["TaskID"] for one in await bill(dear, task, line(PUMP, 2, 5))] == [task]
    body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": [line(PUMP, 1, 5)]}
    await refused(await dear.post(BILLS, body), "must be DRAFT")
    await receive(dear, task, (PUMP, 2), to="stock")
    await refused(await dear.delete(BILLS, TaskID=task), "simple purchase")
    old = done(await dear.get("purchase", ID=task))
    assert (old["Invoice"]["InvocieNumber"], "InvoiceNumber" in old["Invoice"]) == (
        "INV-00001",
        False,
    )
    assert old["StockReceived"]["Status"] == "AUTHORISED"


@pytest.mark.parametrize("header", [{"PurchaseType": "Advanced"}, {"IsServiceOnly": "true"}])
async def test_the_old_endpoint_refuses_other_kinds(dear: Dear, header: dict[str, Any]) -> None:
    task = await purchase(dear, **header)
    await refused(await dear.get("purchase", ID=task), "AdvancedPurchase")
    assert (await dear.post("purchase", {})).status == 501


async def test_service_purchase_takes_charges_only(dear: Dear) -> None:
    name = await freight(dear)
    task = await purchase(dear, IsServiceOnly=True, Approach="STOCK")
    charge = line("", 1, 80, Description=name)
    wrong = {"TaskID": task, "Lines": [line(PUMP, 1, 1)]}
    await refused(await dear.post("purchase/order", wrong), "service only")
    await order(dear, task, AdditionalCharges=[charge])
    made = (await bill(dear, task, AdditionalCharges=[charge]))[0]
    await paid(dear, "advanced-purchase/payment", made["TaskID"], "80")
    assert (await words(dear, task)) == ("COMPLETED", "NOT AVAILABLE", "INVOICED", "PAID")


async def test_drafts_are_overwritten_and_authorised_later(dear: Dear) -> None:
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    draft = (await bill(dear, task, line(PUMP, 1, 5), status="DRAFT"))[0]
    assert await dear.rows("transactions") == []
    again = await bill(dear, task, line(PUMP, 2, 5), TaskID=draft["TaskID"], InvoiceNumber="S-7")
    assert [(one["InvoiceNumber"], one["Status"]) for one in again] == [("S-7", "AUTHORISED")]
    rows = [{"SKU": PUMP, "Quantity": 2, "Location": PLACE}]
    body = {"PurchaseID": task, "Status": "DRAFT", "Lines": rows}
    made = done(await dear.post("advanced-purchase/put-away", body))["PutAway"][0]
    assert (await words(dear, task))[0] == "RECEIVING"
    body = {"PurchaseID": task, "TaskID": made["TaskID"], "Status": "AUTHORISED", "Lines": []}
    done(await dear.post("advanced-purchase/put-away", body))
    assert (await words(dear, task))[0] == "RECEIVED"


async def test_receipts_check_their_lines(dear: Dear) -> None:
    task = await purchase(dear, Approach="STOCK")
    await order(dear, task, line(PUMP, 2, 5))
    row = {"SKU": PUMP, "Quantity": 1, "Location": PLACE}
    for rows, text in (
        ([row, row], "occurs twice"),
        ([{**row, "SKU": HEADS}], "not in the purchase order"),
        ([{**row, "Location": "Nowhere"}], "Location 'Nowhere' was not found"),
        ([{"SKU": PUMP, "Quantity": 1}], "'Lines.Location' not provided"),
        ([{**row, "Quantity": 0}], "above zero"),
    ):
        body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": rows}
        await refused(await dear.post("advanced-purchase/put-away", body), text)
    batches = [{**row, "BatchSN": "A"}, {**row, "BatchSN": "B"}]
    body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": batches}
    lines = done(await dear.post("advanced-purchase/put-away", body))["PutAway"][0]["Lines"]
    assert len({one["CardID"] for one in lines}) == 2


async def test_more_may_come_than_was_ordered(twin: Serve) -> None:
    for over, status in (("allow", 200), ("refuse", 400)):
        dear = await twin(over_receipt=over)
        task = await purchase(dear, Approach="STOCK")
        await order(dear, task, line(PUMP, 2, 5))
        rows = [{"SKU": PUMP, "Quantity": 3, "Location": PLACE}]
        body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": rows}
        assert (await dear.post("advanced-purchase/put-away", body)).status == status


async def test_undo_keeps_lines_and_void_empties_them(dear: Dear) -> None:
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    made = (await bill(dear, task, line(PUMP, 2, 5)))[0]
    undone = done(await dear.delete(BILLS, TaskID=made["TaskID"]))["Invoices"][0]
    assert (undone["Status"], undone["Total"]) == ("DRAFT", 10)
    assert await dear.rows("transactions") == []
    voided = done(await dear.delete(BILLS, TaskID=made["TaskID"], Void="true"))["Invoices"][0]
    assert (voided["Status"], voided["Lines"], voided["Total"]) == ("VOIDED", [], 0)
    assert (voided["InvoiceNumber"], voided["InvoiceDate"]) == ("INV-00001", made["InvoiceDate"])
    second = (await bill(dear, task, line(PUMP, 2, 5)))[1]
    assert second["InvoiceNumber"] == "INV-00001/2"


async def test_undo_and_void_of_the_whole(dear: Dear) -> None:
    before = await stock(dear, PUMP)
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    await bill(dear, task, line(PUMP, 2, 5))
    await receive(dear, task, (PUMP, 2))
    undone = done(await dear.delete("advanced-purchase", ID=task))
    assert (undone["Status"], undone["Order"]["Status"]) == ("DRAFT", "DRAFT")
    assert (undone["Invoice"][0]["Status"], undone["Invoice"][0]["Total"]) == ("DRAFT", 10)
    assert await stock(dear, PUMP) == before
    await order(dear, task, line(PUMP, 2, 6))
    assert (await words(dear, task))[0] == "RECEIVING"
    voided = done(await dear.delete("advanced-purchase", ID=task, Void="1"))
    assert (voided["Status"], voided["OrderNumber"], voided["Order"]["Total"]) == (
        "VOIDED",
        "PO-00001",
        0,
    )
    assert voided["CombinedPaymentStatus"] == voided["CombinedReceivingStatus"] == "VOIDED"
    await refused(await dear.delete("advanced-purchase", ID=task), "voided already")
    await refused(await dear.put("advanced-purchase", {"ID": task, "Note": "x"}), "Voided")


async def test_undone_words_and_kept_lines_of_a_void(twin: Serve) -> None:
    dear = await twin(undone="ordering", void_empties=False)
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    assert done(await dear.delete("advanced-purchase", ID=task))["Status"] == "ORDERING"
    voided = done(await dear.delete("advanced-purchase", ID=task, Void="1"))
    assert (voided["Status"], voided["Order"]["Total"]) == ("VOIDED", 10)


async def test_what_is_paid_is_not_undone(twin: Serve) -> None:
    for rule, status in (("refuse", 400), ("drop", 200)):
        dear = await twin(undo_paid=rule)
        task = await purchase(dear)
        await order(dear, task, line(PUMP, 2, 5))
        made = (await bill(dear, task, line(PUMP, 2, 5)))[0]
        await paid(dear, "advanced-purchase/payment", made["TaskID"], "4")
        assert (await dear.delete(BILLS, TaskID=made["TaskID"])).status == status
        assert len(await dear.rows("transactions")) == (2 if status == 400 else 0)


async def test_reversals_may_stay_in_the_books(twin: Serve) -> None:
    dear = await twin(undone_entries="reversed")
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    made = (await bill(dear, task, line(PUMP, 2, 5)))[0]
    await dear.delete(BILLS, TaskID=made["TaskID"])
    sides = [
        (row["DebitAccountCode"], row["CreditAccountCode"])
        for row in await dear.rows("transactions")
    ]
    assert sides == [("Q81", "Q33"), ("Q33", "Q81")]


async def test_credit_note_returns_goods_and_money(dear: Dear) -> None:
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 5, 10))
    await bill(dear, task, line(PUMP, 5, 10))
    received = await receive(dear, task, (PUMP, 5))
    card = received["PutAway"][0]["Lines"][0]["CardID"]
    before = (await stock(dear, PUMP))["OnHand"]
    note = {
        "PurchaseID": task,
        "CreditNoteNumber": "CN-1",
        "CreditNoteDate": "2026-03-02",
        "CreditNoteInvoiceNumber": "INV-00001",
        "Status": "AUTHORISED",
        "Lines": [line(PUMP, 2, 10)],
        "Unstock": [{"CardID": card, "Quantity": 2}],
    }
    await refused(
        await dear.post("advanced-purchase/creditnote", {**note, "CreditNoteNumber": ""}),
        "'CreditNoteNumber' not provided",
    )
    too_many = {**note, "Unstock": [{"CardID": card, "Quantity": 6}]}
    await refused(await dear.post("advanced-purchase/creditnote", too_many), "up to 5")
    made = done(await dear.post("advanced-purchase/creditnote", note))["CreditNotes"][0]
    assert (made["Total"], (await stock(dear, PUMP))["OnHand"]) == (20, before - 2)
    assert (await words(dear, task))[0] == "RECEIVED / CREDITED"
    assert (await words(dear, task))[2] == "INVOICED / CREDITED"
    listed = await dear.rows("purchaseCreditNoteList")
    assert [row["CreditNoteNumber"] for row in listed] == ["CN-1"]
    away = received["PutAway"][0]["TaskID"]
    await refused(await dear.delete("advanced-purchase/put-away", TaskID=away), "already used")
    body = {"TaskID": made["TaskID"], "Type": "Refund", "Amount": 20, "Account": "Q35"}
    done(await dear.post("advanced-purchase/payment", {**body, "DatePaid": "2026-03-03"}))
    refunds = (await bought(dear, task))["CreditNote"][0]["Refunds"]
    assert [row["Amount"] for row in refunds] == [20]
    payment_id = refunds[0]["ID"]
    assert done(await dear.delete("purchase/payment", ID=payment_id)) == {"Success": True}
    voided = done(await dear.delete("advanced-purchase/creditnote", TaskID=made["TaskID"]))
    assert voided["CreditNotes"][0]["Status"] == "VOIDED"
    assert (await stock(dear, PUMP))["OnHand"] == before


async def test_prepayments_wait_for_the_bill(dear: Dear) -> None:
    task = await purchase(dear)
    early = {"TaskID": task, "Type": "prepayment", "Amount": 4, "Account": "Q35"}
    early["DatePaid"] = "2026-03-02"
    await refused(await dear.post("advanced-purchase/payment", early), "Prepayment needs")
    await order(dear, task, line(PUMP, 2, 5))
    made = done(await dear.post("advanced-purchase/payment", early))
    assert (await words(dear, task))[3] == "PREPAID"
    await refused(await dear.put("advanced-purchase/payment", {"ID": made["ID"]}), "Prepayment")
    invoice = (await bill(dear, task, line(PUMP, 2, 5)))[0]
    assert (invoice["Paid"], invoice["Status"]) == (4, "AUTHORISED")
    gone = await dear.delete("purchase/payment", ID=made["ID"])
    await refused(gone, "DeleteAllocation")
    done(await dear.delete("purchase/payment", ID=made["ID"], DeleteAllocation="true"))
    assert (await words(dear, task))[3] == "UNPAID"


async def test_payments_are_checked_and_changed(dear: Dear) -> None:
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    made = (await bill(dear, task, line(PUMP, 2, 5)))[0]
    path = "advanced-purchase/payment"
    body = {"TaskID": made["TaskID"], "Type": "Payment", "Amount": 10, "Account": "Q35"}
    body["DatePaid"] = "2026-03-02"
    await refused(await dear.post(path, {**body, "Account": "Q20"}), "can not be used for payments")
    await refused(await dear.post(path, {**body, "Amount": Decimal("1.234")}), "2 decimal places")
    await refused(await dear.post(path, {**body, "TaskID": task}), "Invoice with specified ID")
    one = done(await dear.post(path, {**body, "Reference": "chq 7"}))
    assert (await words(dear, task))[3] == "PAID"
    done(await dear.put(path, {"ID": one["ID"], "Amount": 6}))
    assert (await words(dear, task))[3] == "PARTIALLY PAID"
    listed = done(await dear.get(path, PurchaseID=task))
    assert [(row["Amount"], row["Reference"], row["Type"]) for row in listed] == [
        (6, "chq 7", "Payment")
    ]
    amounts = [row["Amount"] for row in await dear.rows("transactions", Account="Q35")]
    assert amounts == [6]


async def test_overpaying(twin: Serve) -> None:
    for rule, status in (("allow", 200), ("refuse", 400)):
        dear = await twin(over_payment=rule)
        task = await purchase(dear)
        await order(dear, task, line(PUMP, 2, 5))
        made = (await bill(dear, task, line(PUMP, 2, 5)))[0]
        body = {"TaskID": made["TaskID"], "Type": "Payment", "Amount": 11, "Account": "Q35"}
        reply = await dear.post("advanced-purchase/payment", {**body, "DatePaid": "2026-03-02"})
        assert reply.status == status
        if status == 200:
            assert (await words(dear, task))[3] == "OVERPAID / CREDITED"


async def test_foreign_currency_posts_in_the_base_currency(dear: Dear) -> None:
    made = await dear.made("supplier", {**SUPPLIER, "Name": "Loire SARL", "Currency": "EUR"})
    header = {"SupplierID": made["ID"], "Approach": "INVOICE", "Location": PLACE}
    await refused(await dear.post("advanced-purchase", header), "'CurrencyRate' not provided")
    task = await purchase(dear, **header, CurrencyRate=Decimal("1.1234"))
    await order(dear, task, line(PUMP, 3, "3.33"))
    one = (await bill(dear, task, line(PUMP, 3, "3.33")))[0]
    assert one["Total"] == Decimal("9.99")
    assert [row["Amount"] for row in await dear.rows("transactions")] == [Decimal("11.22")]
    rate = {"CurrencyRate": Decimal("1.2")}
    await paid(dear, "advanced-purchase/payment", one["TaskID"], "9.99", **rate)
    owed = sum(
        row["Amount"] * (1 if row["CreditAccountCode"] == "Q33" else -1)
        for row in await dear.rows("transactions", Account="Q33")
    )
    assert owed == 0
    seen = await bought(dear, task)
    assert (seen["SupplierCurrency"], seen["BaseCurrency"], seen["CurrencyRate"]) == (
        "EUR",
        "USD",
        Decimal("1.1234"),
    )


@pytest.mark.parametrize(("day", "status"), [("closed", 400), ("open", 200)])
async def test_locked_periods(twin: Serve, day: str, status: int) -> None:
    dear = await twin(lock_day=day)
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    made = (await bill(dear, task, line(PUMP, 1, 5), InvoiceDate="2026-02-01"))[0]
    await dear.edit({"kind": "me", "set": {"LockDate": "2026-02-28T00:00:00"}})
    body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": [line(PUMP, 1, 5)]}
    early = await dear.post(BILLS, {**body, "InvoiceDate": "2026-02-27"})
    await refused(early, "locked period")
    await refused(await dear.delete(BILLS, TaskID=made["TaskID"], Void="1"), "locked period")
    assert (await dear.post(BILLS, {**body, "InvoiceDate": "2026-02-28"})).status == status


async def test_lists_filter_by_change_status_and_text(dear: Dear) -> None:
    first = await purchase(dear)
    stamp = (await bought(dear, first))["LastUpdatedDate"]
    dear.clock.advance(60)
    second = await purchase(dear)
    await order(dear, second, line(PUMP, 2, 5))
    await bill(dear, second, line(PUMP, 2, 5), InvoiceNumber="ACME-77")

    async def ids(**query: str) -> list[str]:
        return [row["ID"] for row in await dear.rows("purchaseList", **query)]

    assert await ids() == [first, second]
    assert await ids(UpdatedSince=stamp) == [second]
    assert await ids(UpdatedUntil="2026-03-02T15:00:30Z") == [first]
    assert await ids(Search="acme") == [second]
    assert await ids(Status="draft") == [first]
    assert await ids(OrderStatus="AUTHORISED", InvoiceStatus="AUTHORISED") == [second]
    assert await ids(InvoiceStatus="PAID") == []
    row = (await dear.rows("purchaseList"))[1]
    assert (row["InvoiceAmount"], row["PaidAmount"], row["InvoiceNumber"]) == (10, 0, "ACME-77")


@pytest.mark.parametrize("stamps", [True, False])
async def test_payments_may_move_the_stamp(twin: Serve, stamps: bool) -> None:
    dear = await twin(payment_stamps=stamps)
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 2, 5))
    made = (await bill(dear, task, line(PUMP, 2, 5)))[0]
    before = (await bought(dear, task))["LastUpdatedDate"]
    dear.clock.advance(5)
    await paid(dear, "advanced-purchase/payment", made["TaskID"], "10")
    assert ((await bought(dear, task))["LastUpdatedDate"] != before) is stamps


async def test_bill_numbers_may_have_to_be_unique(twin: Serve) -> None:
    for rule, status in (("free", 200), ("unique", 400)):
        dear = await twin(bill_numbers=rule)
        for expected in (200, status):
            task = await purchase(dear)
            await order(dear, task, line(PUMP, 1, 5))
            body = {"PurchaseID": task, "InvoiceNumber": "X", "Lines": [line(PUMP, 1, 5)]}
            assert (await dear.post(BILLS, body)).status == expected


@pytest.mark.parametrize("status", [400, 404, 200])
async def test_unknown_purchase(twin: Serve, status: int) -> None:
    dear = await twin(unknown_document=status)
    reply = await dear.get("advanced-purchase", ID="00000000-0000-0000-0000-0000000000aa")
    assert (reply.status, reply.errors) == (status, ["Purchase not found"])
    await refused(await dear.get("advanced-purchase"), "'ID' not provided")


async def test_header_edits_and_attributes(dear: Dear) -> None:
    task = await purchase(dear, AdditionalAttributes={"AdditionalAttribute3": "J-9"})
    await order(dear, task, line(PUMP, 1, 5))
    done(
        await dear.put(
            "advanced-purchase",
            {"ID": task, "Note": "gate 4", "AdditionalAttributes": {"AdditionalAttribute1": "A"}},
        )
    )
    seen = await bought(dear, task)
    kept = seen["AdditionalAttributes"]
    assert (seen["Note"], kept["AdditionalAttribute1"], kept["AdditionalAttribute3"]) == (
        "gate 4",
        "A",
        "J-9",
    )
    fixed = {"ID": task, "TaxCalculation": "Inclusive"}
    await refused(await dear.put("advanced-purchase", fixed), "undo the document first")


async def test_renames_reach_documents_and_named_records_stay(dear: Dear) -> None:
    task = await purchase(dear)
    await order(dear, task, line(PUMP, 1, 5))
    await bill(dear, task, line(PUMP, 1, 5))
    await dear.edit({"kind": "account", "code": "Q81", "set": {"Code": "1400"}})
    assert (await bought(dear, task))["Invoice"][0]["Lines"][0]["Account"] == "1400"
    assert (await dear.rows("transactions"))[0]["DebitAccountCode"] == "1400"
    pump = (await dear.rows("product", Sku=PUMP))[0]
    await dear.changed("product", {"ID": pump["ID"], "Name": "Big pump", "Status": "Deprecated"})
    assert (await bought(dear, task))["Order"]["Lines"][0]["Name"] == "Big pump"
    gone = await dear.edit({"kind": "product", "id": pump["ID"], "delete": True})
    assert "other records name this" in gone.json["error"]


async def test_line_totals_of_four_places(twin: Serve) -> None:
    dear = await twin(line_places=4)
    task = await purchase(dear)
    given = {**line(PUMP, 3, "0.3333"), "Total": Decimal("0.9999")}
    answered = await order(dear, task, given)
    assert (answered["Lines"][0]["Total"], answered["Total"]) == (Decimal("0.9999"), 1)


@pytest.mark.parametrize(("how", "total"), [("half_up", "0.13"), ("half_even", "0.12")])
async def test_halves_are_rounded_up_or_to_even(twin: Serve, how: str, total: str) -> None:
    dear = await twin(rounding=how)
    given = {**line(PUMP, 1, "0.125"), "Total": Decimal(total)}
    assert (await order(dear, await purchase(dear), given))["Total"] == Decimal(total)


async def test_a_cent_of_tax_may_be_kept_as_sent(twin: Serve) -> None:
    for rule, status in (("checked", 400), ("kept", 200)):
        dear = await twin(line_tax=rule)
        part = {"Name": "QST", "Percent": "9.975", "AccountCode": "Q90", "ComponentOrder": "1"}
        tax = {"Name": "QST", "Account": "Q90", "IsActive": True, "TaxInclusive": False}
        uses = {"IsTaxForSale": True, "IsTaxForPurchase": True}
        await dear.made("ref/tax", {**tax, **uses, "Components": [part]})
        task = await purchase(dear)
        given = {**line(PUMP, 1, "4495.16"), "TaxRule": "QST", "Tax": Decimal("448.41")}
        body = {"TaskID": task, "Status": "AUTHORISED", "Lines": [given]}
        reply = await dear.post("purchase/order", body)
        assert reply.status == status
        if status == 200:
            assert reply.json["Tax"] == Decimal("448.41")


async def test_the_old_endpoints_key_may_be_spelt_right(twin: Serve) -> None:
    dear = await twin(misspelt_invoice_key=False)
    task = await purchase(dear, PurchaseType="Simple")
    assert "InvoiceNumber" in done(await dear.get("purchase", ID=task))["Invoice"]
