"""A person at DEAR's screens changes documents through the control plane."""

from decimal import Decimal
from typing import Any

import pytest

from tests.daemon.sandbox.dear.client import Dear
from tests.daemon.sandbox.dear.papers import HEADS, PUMP, bought, done, paid


async def act(dear: Dear, kind: str, number: str, what: str, **more: Any) -> Any:
    reply = await dear.edit({"kind": kind, "number": number, "do": what, **more})
    assert reply.status == 200, reply.text
    return reply.json


async def made(dear: Dear, kind: str, **more: Any) -> Any:
    party = "supplier" if kind == "purchase" else "customer"
    names = [row["Name"] for row in await dear.rows(party, Limit="1")]
    lines = [{"SKU": PUMP, "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"}]
    given = {party.capitalize(): names[0], "Lines": lines, **more}
    reply = await dear.edit({"kind": kind, "create": given})
    assert reply.status == 200, reply.text
    return reply.json


async def test_from_order_to_payment_of_a_purchase(dear: Dear) -> None:
    seen = await made(dear, "purchase")
    assert (seen["OrderNumber"], seen["Status"], seen["Order"]["Total"]) == (
        "PO-00001",
        "ORDERING",
        40,
    )
    number = seen["OrderNumber"]
    assert (await act(dear, "purchase", number, "authorise"))["Status"] == "ORDERED"
    half = [{"SKU": PUMP, "Quantity": 1, "Price": 10}]
    seen = await act(dear, "purchase", number, "invoice", **{"with": {"Lines": half}})
    assert seen["Status"] == "PARTIALLY INVOICED"
    seen = await act(dear, "purchase", number, "receive")
    assert (seen["Status"], seen["PutAway"][0]["Lines"][0]["Quantity"]) == ("RECEIVED", 4)
    assert seen["StockReceived"][0]["Status"] == "NOT AVAILABLE"
    seen = await act(dear, "purchase", number, "invoice")
    assert [part["Total"] for part in seen["Invoice"]] == [10, 30]
    await act(dear, "purchase", number, "pay")
    assert (await act(dear, "purchase", number, "pay"))["Status"] == "COMPLETED"


async def test_a_purchase_from_a_supplier_whose_contact_was_entered_by_its_name_alone(
    dear: Dear,
) -> None:
    name = (await dear.rows("supplier", Limit="1"))[0]["Name"]
    contact = {"Name": "Office", "Default": True}
    reply = await dear.edit({"kind": "vendor", "name": name, "set": {"Contacts": [contact]}})
    assert reply.status == 200, reply.text
    assert (await made(dear, "purchase"))["Phone"] is None
    (shown,) = (await dear.rows("supplier", Limit="1"))[0]["Contacts"]
    assert shown["Name"] == "Office"
    assert shown["Email"] is None


async def test_a_price_is_edited_after_the_bill_went_out(dear: Dear) -> None:
    await made(dear, "purchase")
    await act(dear, "purchase", "PO-00001", "authorise")
    seen = await act(dear, "purchase", "PO-00001", "invoice")
    before, task = seen["LastUpdatedDate"], seen["Invoice"][0]["TaskID"]
    dear.clock.advance(60)
    seen = await act(dear, "purchase", "PO-00001", "reprice", sku=PUMP, price=Decimal("9.5"))
    bill = seen["Invoice"][0]
    assert (bill["TaskID"], bill["InvoiceNumber"], bill["Status"], bill["Total"]) == (
        task,
        "INV-00001",
        "AUTHORISED",
        38,
    )
    assert seen["Order"]["Total"] == 40
    assert seen["LastUpdatedDate"] > before
    assert [row["Amount"] for row in await dear.rows("transactions")] == [38]


async def test_a_price_of_the_order(dear: Dear) -> None:
    await made(dear, "purchase")
    await act(dear, "purchase", "PO-00001", "authorise")
    order = {"sku": PUMP, "price": 11, "part": "order"}
    seen = await act(dear, "purchase", "PO-00001", "reprice", **order)
    assert (seen["Order"]["Total"], seen["Order"]["Status"]) == (44, "AUTHORISED")
    await act(dear, "purchase", "PO-00001", "invoice")
    reply = await dear.edit({"kind": "purchase", "number": "PO-00001", "do": "reprice", **order})
    assert "undo them first" in reply.json["error"]


@pytest.mark.parametrize("kind", ["Simple", "Advanced"])
async def test_parts_are_undone_and_voided_even_of_simple_documents(dear: Dear, kind: str) -> None:
    await made(dear, "purchase", PurchaseType=kind)
    await act(dear, "purchase", "PO-00001", "authorise")
    await act(dear, "purchase", "PO-00001", "invoice")
    seen = await act(dear, "purchase", "PO-00001", "undo", part="invoice")
    assert seen["Invoice"][0]["Status"] == "DRAFT"
    assert (await act(dear, "purchase", "PO-00001", "void"))["Status"] == "VOIDED"
    await made(dear, "sale", SaleType=kind)
    await act(dear, "sale", "SO-00001", "authorise")
    await act(dear, "sale", "SO-00001", "ship")
    seen = await act(dear, "sale", "SO-00001", "undo", part="shipment")
    assert (seen["COGSAmount"], seen["CombinedShippingStatus"]) == (0, "NOT SHIPPED")
    await act(dear, "sale", "SO-00001", "ship")
    await act(dear, "sale", "SO-00001", "invoice")
    seen = await act(dear, "sale", "SO-00001", "void", part="invoice", part_number="INV-00001")
    assert seen["Invoices"][0]["Status"] == "VOIDED"


async def test_a_sale_from_quote_to_credit(dear: Dear) -> None:
    await made(dear, "sale", SkipQuote=False, Lines=[])
    lines = [{"SKU": HEADS, "Quantity": 2, "Price": 3}]
    desk = dear.twin.state["sale"].one("OrderNumber", "SO-00001")
    assert desk is not None
    body = {"SaleID": desk.id, "Status": "DRAFT", "Lines": []}
    done(await dear.post("sale/quote", body))
    refused = await dear.edit({"kind": "sale", "number": "SO-00001", "do": "authorise"})
    assert "cannot be empty" in refused.json["error"]
    other = await made(dear, "sale", Lines=lines)
    number = other["Order"]["SaleOrderNumber"]
    await act(dear, "sale", number, "authorise")
    await act(dear, "sale", number, "ship", **{"with": {"TrackingNumber": "1Z"}})
    seen = await act(dear, "sale", number, "invoice")
    assert (seen["Status"], seen["CombinedTrackingNumbers"]) == ("INVOICED", "1Z")
    seen = await act(dear, "sale", number, "credit")
    assert seen["CreditNotes"][0]["CreditNoteNumber"] == "CR-00002"
    assert seen["CombinedPaymentStatus"] == "PAID"


async def test_header_fields_are_set_and_refusals_say_why(dear: Dear) -> None:
    seen = await made(dear, "purchase")
    order = {"kind": "bill", "number": "PO-00001", "set": {"Note": "gate 2", "Terms": "Net 60"}}
    shown = (await dear.edit(order)).json
    assert (shown["Note"], shown["Terms"]) == ("gate 2", "Net 60")
    for wrong, text in (
        ({"do": "receive"}, "must be authorised"),
        ({"do": "dance"}, "'do' is one of"),
        ({"do": "ship"}, "received, not shipped"),
        ({"set": {"Colour": "red"}}, "no such field: Colour"),
        ({"do": "undo", "part": "invoice"}, "no such part"),
        ({"number": "PO-9", "do": "void"}, "no purchase answers"),
        ({"do": "reprice", "sku": "nope", "price": 1}, "was not found"),
        ({"do": "pay", "with": 5}, "an object is expected"),
    ):
        reply = await dear.edit({"kind": "purchase", "number": "PO-00001", **wrong})
        assert reply.status == 400
        assert text in reply.json["error"], reply.json
    assert (await bought(dear, seen["ID"]))["Status"] == "ORDERING"
    dumped = (await dear.get("/_sandbox/state/purchase")).json
    assert [row["OrderNumber"] for row in dumped] == ["PO-00001"]


async def test_a_paid_bill_keeps_its_price(dear: Dear) -> None:
    await made(dear, "purchase")
    await act(dear, "purchase", "PO-00001", "authorise")
    seen = await act(dear, "purchase", "PO-00001", "invoice")
    await paid(dear, "advanced-purchase/payment", seen["Invoice"][0]["TaskID"], "1")
    order = {"kind": "purchase", "number": "PO-00001", "do": "reprice", "sku": PUMP, "price": 1}
    assert "payments first" in (await dear.edit(order)).json["error"]
