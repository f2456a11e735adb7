"""Random lives of a few documents: they always come to rest, equal to the cent or held."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.reconcile.plan import plan
from daemon.reconcile.policy import Policy
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from ledger.model.plans import Plan
from ledger.model.records import Bill, Invoice, PurchaseOrder
from ledger.model.values import Line, Lines
from tests.daemon.reconcile.paper import (
    TAXED_8,
    Desk,
    bill,
    freight,
    invoice,
    line,
    order,
    rules,
    to,
)
from tests.daemon.reconcile.worlds import DEAR, QBO

D = Decimal
TAX = to(Kind.TAX_CODE, TAXED_8)
ROUNDS = 14

Move = Callable[[Desk], None]

item_lines = st.builds(
    line,
    st.sampled_from("123"),
    st.integers(1, 9).map(str),
    st.sampled_from(("3", "2.5", "10", "0.3333", "7.125")),
)
sale_lines = item_lines.flatmap(
    lambda one: st.sampled_from(
        (
            one,
            msgspec.structs.replace(
                one, tax_code=TAX, tax=((one.amount or D(0)) * 8 / 100).quantize(D("0.01"))
            ),
        )
    )
)
purchase_lines = st.lists(item_lines | st.just(freight()), min_size=1, max_size=4)
statuses = st.sampled_from(("open", "open", "open", "draft", "voided"))


def _status(said: str) -> dict[str, object]:
    if said != "voided":
        return {"status": said}
    return {"status": said, "lines": Lines(), "total": D(0), "tax_total": D(0)}


def _order(number: int, rows: Sequence[Line], said: str) -> Move:
    shown = order(*rows, number=f"PO-{number}", **_status(said))
    return lambda desk: _show(desk, f"o{number}", shown)


def _bill(number: int, of: int, rows: Sequence[Line], said: str) -> Move:
    shown = bill(*rows, of=f"o{of}", number=f"V-{number}", **_status(said))
    return lambda desk: _show(desk, f"b{number}", shown)


def _invoice(number: int, rows: Sequence[Line], said: str) -> Move:
    shown = invoice(*rows, number=f"INV-{number}", **_status(said))
    return lambda desk: _show(desk, f"s{number}", shown)


def _show(desk: Desk, name: str, shown: PurchaseOrder | Bill | Invoice) -> None:
    ref = ExternalRef(DEAR, shown.KIND, name)
    before = desk.shown[ref].record if ref in desk.shown else None
    if isinstance(before, PurchaseOrder | Bill | Invoice) and before.status == "voided":
        return  # DEAR never takes a void back
    desk.show(DEAR, name, shown)


def _class_of_everything(desk: Desk) -> None:
    """A bookkeeper's hand, where it may go: it must never move an amount."""
    for ref, shown in list(desk.shown.items()):
        record = shown.record
        if ref.system != QBO or not isinstance(record, PurchaseOrder | Bill | Invoice):
            continue
        if shown.tombstone or not isinstance(record.lines, Lines):
            continue
        rows = tuple(
            msgspec.structs.replace(row, billable="Billable") for row in record.lines.lines
        )
        desk.show(QBO, ref.id, msgspec.structs.replace(record, lines=Lines(rows[::-1])))


moves = st.one_of(
    st.builds(_order, st.integers(1, 2), purchase_lines, statuses),
    st.builds(_bill, st.integers(1, 3), st.integers(1, 2), purchase_lines, statuses),
    st.builds(_invoice, st.integers(1, 2), st.lists(sale_lines, min_size=1, max_size=3), statuses),
    st.just(_class_of_everything),
)


def settle(desk: Desk, policy: Policy) -> Plan:
    for _ in range(ROUNDS):
        made = desk.plan(policy)
        before = _picture(desk)
        desk.carry_out(made, policy)
        if not made.operations and not made.links and not made.agreements:
            return made
        stuck = _picture(desk) == before and not made.links and not made.agreements
        assert not stuck, f"planned and never sent: {made.operations}"
    raise AssertionError("the systems never came to rest")


def _picture(desk: Desk) -> dict[ExternalRef, object]:
    return {ref: (s.record, s.tombstone) for ref, s in desk.shown.items() if ref.system == QBO}


@given(st.lists(st.lists(moves, min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=120, deadline=None)
def test_documents_come_to_rest_equal_or_held(days: list[list[Move]]) -> None:
    desk, policy = Desk(), rules()
    made = Plan()
    for day in days:
        for move in day:
            move(desk)
        made = settle(desk, policy)
    held = {hold.record for hold in made.holds}
    for view in desk.views():
        if view.kind not in DOCUMENT_KINDS or DEAR not in view.sides:
            continue
        mine = view.sides[DEAR].record
        there = view.sides.get(QBO)
        assert isinstance(mine, PurchaseOrder | Bill | Invoice)
        if view.record in held:
            continue
        if mine.status != "open":
            # A closed order is how a voided one ends; a deleted bill and a voided invoice post 0.
            posted = there.record if there is not None and not there.tombstone else None
            assert posted is None or getattr(posted, "status", "") in ("closed", "voided")
            continue
        assert there is not None, f"{view.label} is neither posted nor held"
        posted = there.record
        assert isinstance(posted, PurchaseOrder | Bill | Invoice)
        assert isinstance(mine.total, Decimal)
        assert isinstance(posted.total, Decimal)
        assert abs(mine.total - posted.total) <= D("0.01"), view.label


@given(st.lists(moves, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_plan_of_documents_does_not_depend_on_the_order_of_looking(day: list[Move]) -> None:
    desk, policy = Desk(), rules()
    for move in day:
        move(desk)
    made = desk.plan(policy)
    again = plan(list(reversed(desk.views())), desk, policy)
    assert again.operations == made.operations
    assert sorted(h.subject for h in again.holds) == sorted(h.subject for h in made.holds)
