"""Which kinds are asked for together, and which are left alone."""

from typing import Any

from daemon.cycle.observe import reading_groups
from daemon.reconcile.policy import DocumentPolicy, Policy
from ledger.model.capabilities import Capabilities, KindRule
from ledger.model.ids import Kind, SystemName

DEAR = SystemName("dear")
FLOWS = DocumentPolicy(since="2026-01-01")


def rules(**kinds: dict[str, Any]) -> Capabilities:
    return Capabilities(
        system=DEAR,
        kinds={Kind(name): KindRule(fields={}, **more) for name, more in kinds.items()},
    )


def policy(*flowing: Kind, **more: Any) -> Policy:
    documents = dict.fromkeys(flowing, FLOWS)
    return Policy(systems=(DEAR,), capabilities={}, documents=documents, **more)


WHOLE = rules(item={}, purchase_order={}, bill={"read_with": Kind.PURCHASE_ORDER}, invoice={})


def test_kinds_that_come_along_are_not_asked_for_themselves() -> None:
    flowing = policy(Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE)
    assert reading_groups(WHOLE, flowing) == {
        Kind.ITEM: (Kind.ITEM,),
        Kind.PURCHASE_ORDER: (Kind.PURCHASE_ORDER, Kind.BILL),
        Kind.INVOICE: (Kind.INVOICE,),
    }


def test_documents_are_not_read_before_somebody_says_from_which_day() -> None:
    assert reading_groups(WHOLE, policy()) == {Kind.ITEM: (Kind.ITEM,)}
    switched_off = policy(Kind.INVOICE, flows={Kind.INVOICE: "off"})
    assert reading_groups(WHOLE, switched_off) == {Kind.ITEM: (Kind.ITEM,)}
    by_hand = policy(Kind.INVOICE, flows={Kind.INVOICE: "manual"})
    assert Kind.INVOICE in reading_groups(WHOLE, by_hand)


def test_bills_bring_their_orders_along_where_the_system_keeps_them_together() -> None:
    assert reading_groups(WHOLE, policy(Kind.BILL)) == {
        Kind.ITEM: (Kind.ITEM,),
        Kind.PURCHASE_ORDER: (Kind.PURCHASE_ORDER, Kind.BILL),
    }
    apart = rules(purchase_order={}, bill={})
    assert reading_groups(apart, policy(Kind.BILL)) == {Kind.BILL: (Kind.BILL,)}


def test_master_data_whose_flow_is_off_are_still_watched() -> None:
    assert reading_groups(WHOLE, policy(flows={Kind.ITEM: "off"})) == {Kind.ITEM: (Kind.ITEM,)}


def test_kinds_out_of_service_are_not_read_and_bring_nothing() -> None:
    flowing = policy(Kind.PURCHASE_ORDER, Kind.BILL)
    no_bills = rules(
        purchase_order={}, bill={"read_with": Kind.PURCHASE_ORDER, "disabled": "not in this plan"}
    )
    assert reading_groups(no_bills, flowing) == {Kind.PURCHASE_ORDER: (Kind.PURCHASE_ORDER,)}
    nothing = rules(
        purchase_order={"disabled": "not in this plan"}, bill={"read_with": Kind.PURCHASE_ORDER}
    )
    assert reading_groups(nothing, flowing) == {}
