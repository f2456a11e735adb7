"""Purchase orders and the bills that take their lines over: links, ``Received``, ``POStatus``."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

_ZERO: Final = Decimal(0)
_LINK_KEYS: Final = frozenset({"TxnId", "TxnType", "TxnLineId"})


def check_link(
    books: Books, header: Wire, entity: str, line: Wire, *, old: Wire | None, txn_id: str
) -> list[Wire]:
    """The links that a line keeps.

    A link is made by a new line only, to an open order of the same vendor; any other is dropped
    without a word (or refused with 620, see the switches).
    """
    sent = line.get("LinkedTxn")
    if entity == "PurchaseOrder":
        return []
    if not sent:
        keeps = books.switches.line_link_omitted == "keep" and "LinkedTxn" not in line
        return list(old.get("LinkedTxn", [])) if old is not None and keeps else []
    if entity != "Bill":
        raise faultbodies.not_simulated(f"linked transactions on lines of {entity}")
    if not isinstance(sent, list) or not all(isinstance(link, dict) for link in sent):
        raise faultbodies.unknown_property("LinkedTxn")
    for link in sent:
        for key in link:
            if key not in _LINK_KEYS:
                raise faultbodies.unknown_property(key)
    link = {key: str(sent[0].get(key) or "") for key in ("TxnId", "TxnType", "TxnLineId")}
    reason = _mistake(books, header, sent, link, old=old, txn_id=txn_id)
    if not reason:
        return [link]
    if books.switches.invalid_link == "refuse":
        raise faultbodies.cannot_link(link["TxnId"], reason)
    return []


def _mistake(
    books: Books, header: Wire, sent: Sequence[Any], link: Wire, *, old: Wire | None, txn_id: str
) -> str:
    """Why a link does not hold, or ``""``."""
    if len(sent) > 1 or not all(link.values()):
        return "one link with TxnId, TxnType and TxnLineId is wanted"
    if link["TxnType"] != "PurchaseOrder":
        return f"a bill line cannot be linked to a {link['TxnType']}"
    order = books.get("PurchaseOrder", link["TxnId"])
    if order is None or link["TxnLineId"] not in {row["Id"] for row in order.derived["Line"]}:
        return "no such line of a purchase order"
    if order.fields["VendorRef"]["value"] != header.get("VendorRef", {}).get("value"):
        return "the purchase order has another vendor"
    if old is not None:
        return "" if link in old.get("LinkedTxn", []) else "only a new line can be linked"
    taken_here = txn_id in order.derived["Taken"]
    closed = status(books, order) == "Closed" and not taken_here
    return "the order is closed" if closed and not _accepts_closed(books) else ""


def _accepts_closed(books: Books) -> bool:
    return books.switches.closed_order_link == "accept"


def status(books: Books, order: Stored) -> str:
    """``Closed`` by hand, or once every line is fully taken; else ``Open``."""
    if order.derived.get("ClosedByHand"):
        return "Closed"
    open_lines = [
        line for line in order.derived["Line"] if _taken(books, order, line) < _ordered(books, line)
    ]
    return "Open" if open_lines or not order.derived["Taken"] else "Closed"


def received(books: Books, order: Stored, line: Wire) -> Decimal | None:
    """``Received`` of an item line; account lines show none."""
    if line["DetailType"] != "ItemBasedExpenseLineDetail":
        return None
    return _taken(books, order, line)


def _by_quantity(books: Books, line: Wire) -> bool:
    detail = line[line["DetailType"]]
    return books.switches.received_unit == "quantity" and bool(detail.get("Qty"))


def _ordered(books: Books, line: Wire) -> Decimal:
    quantity: Decimal = line[line["DetailType"]].get("Qty", _ZERO)
    amount: Decimal = line["Amount"]
    return quantity if _by_quantity(books, line) else amount


def _taken(books: Books, order: Stored, line: Wire) -> Decimal:
    which = 0 if _by_quantity(books, line) else 1
    parts = (rows.get(line["Id"]) for rows in order.derived["Taken"].values())
    return sum((part[which] for part in parts if part is not None), _ZERO)


def set_status(books: Books, before: Stored | None, fields: Wire) -> bool:
    """Take ``POStatus`` out of ``fields``; whether the order is closed by hand from now on.

    Sending back what was shown changes nothing.
    """
    sent = fields.pop("POStatus", None)
    by_hand = bool(before.derived.get("ClosedByHand")) if before is not None else False
    shown = status(books, before) if before is not None else "Open"
    return by_hand if sent in (None, shown) else sent == "Closed"


Takes = Mapping[str, Mapping[str, tuple[Decimal, Decimal]]]


def _takes(lines: Sequence[Wire]) -> Takes:
    """By order and order line: quantity and amount that these bill lines take over."""
    found: dict[str, dict[str, tuple[Decimal, Decimal]]] = {}
    for line in lines:
        for link in line.get("LinkedTxn", []):
            rows = found.setdefault(link["TxnId"], {})
            quantity, amount = rows.get(link["TxnLineId"], (_ZERO, _ZERO))
            quantity += line[line["DetailType"]].get("Qty", _ZERO)
            rows[link["TxnLineId"]] = (quantity, amount + line["Amount"])
    return found


def bill_changed(books: Books, bill_id: str, old: Sequence[Wire], new: Sequence[Wire]) -> None:
    """Tell the orders what a bill takes over; an order that hears news gets a new version."""
    before, after = _takes(old), _takes(new)
    for order_id in sorted(before.keys() | after.keys(), key=int):
        order = books.get("PurchaseOrder", order_id)
        if order is None or before.get(order_id) == after.get(order_id):
            continue
        taken = dict(order.derived["Taken"])
        taken.pop(bill_id, None)
        if order_id in after:
            taken[bill_id] = after[order_id]
        order.derived = {**order.derived, "Taken": taken}
        books.bump(order)


def check_order(books: Books, fields: Wire, before: Stored | None) -> None:
    """Raise when an order with bills would get another vendor."""
    if before is None or not before.derived["Taken"]:
        return
    if fields["VendorRef"]["value"] != before.fields["VendorRef"]["value"]:
        raise faultbodies.business("The vendor of an order with bills cannot be changed")


def check_delete(books: Books, order: Stored) -> None:
    """Raise when the switches forbid to delete an order that has bills."""
    if order.derived["Taken"] and books.switches.linked_order_delete == "refuse":
        raise QboFault(faultbodies.cannot_link(order.id, "the order has bills").errors)


def lines_gone(books: Books, order: Stored, gone: set[str]) -> None:
    """Cut the links of bill lines to order lines that are no longer there."""
    taken = dict(order.derived["Taken"])
    for bill_id, rows in list(taken.items()):
        bill = books.get("Bill", bill_id)
        if bill is None or not gone & rows.keys():
            continue
        lines = [_without_link(line, order.id, gone) for line in bill.derived["Line"]]
        bill.derived = {**bill.derived, "Line": lines}
        books.bump(bill)
        left = {line_id: row for line_id, row in rows.items() if line_id not in gone}
        taken.pop(bill_id)
        if left:
            taken[bill_id] = left
    order.derived = {**order.derived, "Taken": taken}


def _without_link(line: Wire, order_id: str, gone: set[str]) -> Wire:
    cut = any(
        link["TxnId"] == order_id and link["TxnLineId"] in gone
        for link in line.get("LinkedTxn", [])
    )
    return {key: value for key, value in line.items() if key != "LinkedTxn"} if cut else line
