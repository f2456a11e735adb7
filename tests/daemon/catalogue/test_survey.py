"""What a plan tells beside its rows: open documents that go on pointing to old items."""

from pathlib import Path

from daemon.catalogue.survey import keeping
from ledger.model.ids import ExternalRef, Kind
from ledger.model.records import Bill, Item, PurchaseOrder, Record
from ledger.model.values import Line, Lines, Reference
from ledger.store.ledger import Ledger
from tests.jumpclock import JumpClock
from tests.ledger.store.support import QBO, see

KEY = bytes(range(32))


def lines(*items: str) -> Lines:
    return Lines(tuple(Line(item=Reference(kind=Kind.ITEM, id=one)) for one in items))


async def test_open_documents_that_keep_an_old_item_are_listed(tmp_path: Path) -> None:
    shown: list[tuple[str, Record]] = [
        (
            "1",
            PurchaseOrder(number="PO-1", date="2026-01-05", status="open", lines=lines("7", "9")),
        ),
        ("2", PurchaseOrder(number="PO-2", date="2026-01-06", status="closed", lines=lines("7"))),
        ("3", PurchaseOrder(number="PO-3", date="2026-01-07", status="open", lines=lines("9"))),
        ("4", Bill(number="B-4", date="2026-01-08", status="open", lines=lines("8"))),
        ("5", Item(name="Bolt", sku="B-1")),
    ]
    ledger = await Ledger.open(tmp_path / "ledger.db", now=JumpClock().now, key=KEY)
    try:
        draft = ledger.draft()
        for number, record in shown:
            see(draft, ledger, ExternalRef(QBO, record.KIND, number), record)
        await ledger.append(draft)
        old = {"7": "SKU-7", "8": "SKU-8"}
        orders = await ledger.read(lambda views: keeping(views, Kind.PURCHASE_ORDER, "", old, QBO))
        bills = await ledger.read(lambda views: keeping(views, Kind.BILL, "", old, QBO))
    finally:
        await ledger.close()
    assert orders is not None
    assert [(d.number, d.date, d.items) for d in orders[1]] == [("PO-1", "2026-01-05", ("SKU-7",))]
    assert bills is not None
    assert [(d.number, d.items) for d in bills[1]] == [("B-4", ("SKU-8",))]
