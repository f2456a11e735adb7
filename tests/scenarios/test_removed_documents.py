"""Documents that are deleted, voided or cancelled on one side."""

from pathlib import Path
from typing import Any

from daemon.sandbox.world import World
from ledger.model.entries import Tombstoned
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from ledger.model.plans import Action
from tests.scenarios.removing import SINCE, answer, buy, hold_of
from tests.scenarios.support import Goods, qbo_rows, tiny, village
from tests.town import QBO, Town


async def sell(one: Town, customer: str, *skus: str) -> str:
    """A sale in DEAR, ordered and invoiced; its number."""
    lines = [{"SKU": s, "Quantity": 2, "Price": 10, "TaxRule": "Tax Exempt"} for s in skus]
    made = await one.edit(
        "dear", {"kind": "sale", "create": {"Customer": customer, "Lines": lines}}
    )
    number = str(made["Order"]["SaleOrderNumber"])
    for what in ("authorise", "invoice"):
        await one.edit("dear", {"kind": "sale", "number": number, "do": what})
    return number


async def act(one: Town, number: str, what: str, **more: Any) -> None:
    kind = "purchase" if number.startswith("PO") else "sale"
    await one.edit("dear", {"kind": kind, "number": number, "do": what, **more})


def shop() -> World:
    goods = Goods()
    return tiny(
        vendors=(goods.vendor("Amber Works"),),
        customers=(goods.customer("Birch Gardens"),),
        products=(goods.item("BR-1"),),
    )


async def test_F18_a_purchase_order_edited_in_dear_and_deleted_in_qbo(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        lines = [{"SKU": "BR-1", "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"}]
        new = {"Supplier": "Amber Works", "Lines": lines}
        made = await one.edit("dear", {"kind": "purchase", "create": new})
        number = str(made["OrderNumber"])
        await act(one, number, "authorise")
        await one.settle()
        (order,) = qbo_rows(one, "purchase_order")
        written = len(one.writes("qbo"))

        await one.edit("qbo", {"kind": "purchase_order", "id": order["Id"], "delete": True})
        await act(one, number, "reprice", sku="BR-1", price=12, part="order")
        await one.settle()
        (row,) = await one.holds(Kind.PURCHASE_ORDER)
        assert row.hold.code is HoldCode.EDITED_AND_REMOVED
        assert "deleted in QuickBooks" in row.hold.text
        assert "edited in DEAR" in row.hold.text
        assert qbo_rows(one, "purchase_order") == []
        assert len(one.writes("qbo")) == written


async def test_F19_a_void_waits_while_the_payment_stands(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        till = {"Name": "Till", "AccountType": "Bank"}
        await one.edit("qbo", {"kind": "account", "create": till})
        await one.agree()
        number = await sell(one, "Birch Gardens", "BR-1")
        await one.settle()
        (invoice,) = qbo_rows(one, "invoice")
        paid = await one.edit("qbo", {"kind": "invoice", "id": invoice["Id"], "pay": True})
        await one.settle()
        written = len(one.writes("qbo"))
        await act(one, number, "void", part="invoice")
        await one.settle()

        (row,) = await one.holds(Kind.INVOICE)
        assert row.hold.code is HoldCode.SETTLED
        assert "payment" in row.hold.cure
        assert len(one.writes("qbo")) == written, "held before the call"

        await one.edit("qbo", {"kind": "payment", "id": paid["id"], "delete": True})
        await one.settle()
        await one.approve_all()
        await one.settle()
        (invoice,) = qbo_rows(one, "invoice")
        assert invoice["TotalAmt"] == 0
        assert await one.holds(Kind.INVOICE) == []


async def test_F20_voided_in_qbo_is_no_deletion_and_no_edit(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        await sell(one, "Birch Gardens", "BR-1")
        await one.settle()
        (invoice,) = qbo_rows(one, "invoice")
        written = len(one.writes("qbo"))
        await one.edit("qbo", {"kind": "invoice", "id": invoice["Id"], "void": True})
        await one.settle()

        (row,) = await one.holds(Kind.INVOICE)
        assert row.hold.code is HoldCode.VOIDED
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        assert len(one.writes("qbo")) == written
        assert one.writes("dear") == []


async def test_F22_an_order_cancelled_in_dear_is_closed_and_not_forgotten(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        lines = [{"SKU": "BR-1", "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"}]
        new = {"Supplier": "Amber Works", "Lines": lines}
        made = await one.edit("dear", {"kind": "purchase", "create": new})
        await act(one, str(made["OrderNumber"]), "authorise")
        await one.settle()
        await act(one, str(made["OrderNumber"]), "void")
        await one.settle()
        (row,) = await one.operations("waiting")
        assert (row.operation.action, row.reason) == (Action.CLOSE, "removes")
        assert qbo_rows(one, "purchase_order")[0]["POStatus"] == "Open"

        await one.approve_all()
        await one.settle()
        assert qbo_rows(one, "purchase_order")[0]["POStatus"] == "Closed"


async def test_a_bill_deleted_and_entered_again_is_a_relink(tmp_path: Path) -> None:
    async with village(tmp_path, shop(), documents=SINCE) as one:
        await one.agree()
        await buy(one, "Amber Works", "BR-1")
        await one.settle()
        (bill,) = qbo_rows(one, "bill")
        mine = await one.record_of(QBO, Kind.BILL, bill["Id"])
        written = len(one.writes("qbo"))
        await one.edit("qbo", {"kind": "bill", "id": bill["Id"], "delete": True})
        again = {
            "party": "Amber Works",
            "number": bill["DocNumber"],
            "date": bill["TxnDate"],
            "due": bill["DueDate"],
            "terms": "Net 30",
            "lines": [{"item": "BR-1", "quantity": 4, "price": 10, "description": "Bracket BR-1"}],
        }
        made = await one.edit("qbo", {"kind": "bill", "enter": again})
        await one.settle()
        row = await hold_of(one, Kind.BILL, mine)
        assert [str(c.ref) for c in row.hold.candidates] == [f"qbo/bill/{made['id']}"]

        await answer(one, mine, f"qbo/bill/{made['id']}")
        await one.settle()
        assert await one.record_of(QBO, Kind.BILL, made["id"]) == mine
        assert [b["Id"] for b in qbo_rows(one, "bill")] == [made["id"]], "and none is posted again"
        assert HoldCode.REMOVED not in {h.hold.code for h in await one.holds(Kind.BILL)}
        assert len(one.writes("qbo")) == written
