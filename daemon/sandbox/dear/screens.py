"""Orders of the control plane that concern documents, carried out at the desk."""

from collections.abc import Mapping
from typing import Any, Final

from daemon.sandbox.dear.desk import Desk
from daemon.sandbox.dear.documents import PURCHASE, SALE, Side
from daemon.sandbox.dear.errors import DearRefusal
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.purchases import update_purchase
from daemon.sandbox.dear.sales import update_sale
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.switches import DearSwitches

SIDES: Final[Mapping[str, Side]] = {
    "purchase": PURCHASE,
    "purchase_order": PURCHASE,
    "bill": PURCHASE,
    "sale": SALE,
    "sales_order": SALE,
    "invoice": SALE,
}
"""What documents may be called here."""

ACTS: Final = (
    "order",
    "authorise",
    "receive",
    "invoice",
    "credit",
    "ship",
    "pay",
    "reprice",
    "undo",
    "void",
)


class ActRefused(Exception):
    """The order makes no sense, or DEAR refuses it; the text says why."""


def act(state: DearState, switches: DearSwitches, order: Mapping[str, Any]) -> Fields:
    """Do one thing to a document; the whole document as the API shows it then.

    ``{"kind": "purchase", "create": {...}}`` with API field names, ``Lines`` being the order's;
    ``{"kind", "number"|"id", "do": ..., "with": {...}}`` where ``do`` is one of ``ACTS``;
    ``{"kind", "number"|"id", "set": {...}}`` changes header fields. ``undo`` and ``void`` take
    ``part`` and ``part_number``; ``reprice`` takes ``sku``, ``price`` and ``part``; ``with`` of
    the others is laid over what a person would usually enter there.
    """
    side = SIDES[str(order["kind"])]
    desk = Desk(state, switches)
    try:
        if "create" in order:
            row = desk.create(side, _object(order["create"]))
        else:
            row = _find(state, side, order)
            if "set" in order:
                _set(desk, side, row, _object(order["set"]))
            else:
                _do(desk, side, row, order)
        return dict(_mapping(desk.show(side, row)))
    except DearRefusal as error:
        raise ActRefused(str(error)) from error


def _mapping(answer: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = answer
    return found


def _object(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ActRefused("an object is expected")
    return given


def _find(state: DearState, side: Side, order: Mapping[str, Any]) -> Row:
    if given_id := order.get("id"):
        row = state.document_of(side.kind, str(given_id).lower())
    else:
        row = state[side.kind].one("OrderNumber", str(order.get("number") or ""))
    if row is None:
        raise ActRefused(f"no {side.kind} answers to that: name it by 'number' or 'id'")
    return row


def _set(desk: Desk, side: Side, row: Row, given: Mapping[str, Any]) -> None:
    unknown = [name for name in given if name not in row.fields and name != "TaxInclusive"]
    if unknown or not given:
        raise ActRefused(f"no such field: {', '.join(unknown) or '(none given)'}")
    change = update_purchase if side is PURCHASE else update_sale
    change(desk.call({"ID": row.id, **given}))


def _do(desk: Desk, side: Side, row: Row, order: Mapping[str, Any]) -> None:
    what, given = order.get("do"), _object(order.get("with") or {})
    if what not in ACTS or (what == "receive" and side is SALE):
        raise ActRefused(f"'do' is one of {', '.join(ACTS)}")
    if what == "ship" and side is PURCHASE:
        raise ActRefused("purchases are received, not shipped")
    match what:
        case "order":
            desk.order(side, row, given)
        case "authorise":
            desk.authorise(side, row)
        case "receive":
            desk.receive(row, given)
        case "invoice":
            desk.invoice(side, row, given)
        case "credit":
            desk.credit(side, row, given)
        case "ship":
            desk.ship(row, given)
        case "pay":
            desk.pay(side, row, given)
        case "reprice":
            desk.reprice(side, row, {**order, **given})
        case _:
            called, number = str(order.get("part") or ""), str(order.get("part_number") or "")
            desk.end(side, row, void=what == "void", called=called, number=number)
