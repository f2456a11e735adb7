"""Small companies in which something goes away, and answers as an operator gives them."""

from collections.abc import Sequence
from typing import Any

from daemon.control.deciding import link
from daemon.control.protocol import LinkRequest
from daemon.control.protocol_valves import RemapRequest
from daemon.control.valves import remap as answer_remap
from daemon.reconcile.policy import DocumentPolicy
from daemon.sandbox.world import World
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId
from ledger.store.rows import HeldRow
from tests.scenarios.support import Goods, dear_row, qbo_row, tiny
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, Town

SINCE = {kind: DocumentPolicy(since="2026-01-01") for kind in DOCUMENT_KINDS}


def trading(*vendors: str, skus: Sequence[str] = ("BR-1", "BR-2")) -> World:
    goods = Goods()
    return tiny(
        vendors=tuple(goods.vendor(name) for name in vendors),
        products=tuple(goods.item(sku) for sku in skus),
    )


async def record(one: Town, kind: Kind, name: str) -> RecordId:
    return await one.record_of(DEAR, kind, dear_row(one, kind.value, name)["_id"])


async def hold_of(one: Town, kind: Kind, record_id: RecordId) -> HeldRow:
    found = [row for row in await one.holds(kind) if row.record == record_id]
    assert len(found) == 1, [(r.label, r.hold.text) for r in await one.holds(kind)]
    return found[0]


async def answer(one: Town, record_id: RecordId, ref: str, action: Any = "link") -> None:
    request = LinkRequest(record=record_id, ref=ref, action=action, reason="looked at it")
    await link(desk(one), BOOKKEEPER, request)


async def remap(one: Town, old: RecordId, new: RecordId | None) -> None:
    """``new`` None takes the answer back."""
    request = RemapRequest(old=old, new=new or "", undo=new is None, reason="renumbered")
    await answer_remap(desk(one), BOOKKEEPER, request)


async def merge(one: Town, kind: str, loser: str, winner: str) -> None:
    into = qbo_row(one, kind, winner)["Id"]
    await one.edit("qbo", {"kind": kind, "id": qbo_row(one, kind, loser)["Id"], "merge": into})


async def buy(one: Town, supplier: str, *skus: str) -> str:
    """A purchase in DEAR, ordered and invoiced; its number."""
    lines = [{"SKU": s, "Quantity": 4, "Price": 10, "TaxRule": "Tax Exempt"} for s in skus]
    made = await one.edit(
        "dear", {"kind": "purchase", "create": {"Supplier": supplier, "Lines": lines}}
    )
    number = str(made["OrderNumber"])
    for what in ("authorise", "invoice"):
        await one.edit("dear", {"kind": "purchase", "number": number, "do": what})
    return number


def active(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("Active") is True]
