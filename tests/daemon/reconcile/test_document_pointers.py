"""Pointers inside document lines: resolved in what sides show, in order in the waves of a plan."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.reconcile.policy import Policy
from daemon.reconcile.waves import in_waves
from daemon.reconcile.world import World, reference_kind
from ledger.model.capabilities import FieldRule, KindRule, LineRule
from ledger.model.ids import Digest, ExternalRef, Kind, OperationId, RecordId, SystemName
from ledger.model.plans import Action, FieldChange, Operation
from ledger.model.records import Bill, Item, PurchaseOrder, Vendor
from ledger.model.values import Line, Lines, RecordRef, Reference, Value
from tests.daemon.reconcile.worlds import DEAR, QBO, Ledger, policy

DOCUMENT = KindRule(
    fields={name: FieldRule() for name in ("number", "vendor", "order", "lines")}, lines=LineRule()
)


def rules() -> Policy:
    """Both systems keep orders and bills."""
    base = policy()
    more = {Kind.PURCHASE_ORDER: DOCUMENT, Kind.BILL: DOCUMENT}
    can = {
        name: msgspec.structs.replace(one, kinds=one.kinds | more)
        for name, one in base.capabilities.items()
    }
    return msgspec.structs.replace(base, capabilities=can)


def line(**more: Any) -> Line:
    return Line(quantity=Decimal(2), amount=Decimal(10), **more)


def lines(*found: Line) -> Lines:
    return Lines(tuple(found))


def ref(kind: Kind, id: str) -> Reference:  # noqa: A002
    return Reference(kind=kind, id=id)


def world(ledger: Ledger) -> World:
    return World([], ledger, rules())


def values(ledger: Ledger, record: RecordId, system: SystemName) -> dict[str, Value]:
    one = world(ledger)
    view = one.view(record)
    assert view is not None
    party = one.party(view, system)
    assert party is not None
    return party.values


def base(ledger: Ledger, record: RecordId, system: SystemName) -> dict[str, Value]:
    one = world(ledger)
    view = one.view(record)
    assert view is not None
    party = one.party(view, system)
    assert party is not None
    return party.base


# -- what sides show ----------------------------------------------------------------------------


def test_lines_point_to_records_where_the_ledger_knows_them() -> None:
    ledger = Ledger()
    item = ledger.show(QBO, "7", Item(name="Widget"))
    order = ledger.show(QBO, "45", PurchaseOrder(number="PO-1", status="open"))
    shown = lines(
        line(id="1", item=ref(Kind.ITEM, "7"), order=ref(Kind.PURCHASE_ORDER, "45")),
        line(id="2", item=ref(Kind.ITEM, "8"), tax_code=ref(Kind.TAX_CODE, "NON")),
        line(id="3", item=Reference(kind=Kind.ITEM, key="Widget")),
    )
    record = ledger.show(QBO, "9", Bill(number="B-1", lines=shown))

    assert values(ledger, record, QBO)["lines"] == lines(
        line(id="1", item=RecordRef(item), order=RecordRef(order)),
        line(id="2", item=ref(Kind.ITEM, "8"), tax_code=ref(Kind.TAX_CODE, "NON")),
        line(id="3", item=RecordRef(item)),
    )


def test_agreed_lines_stay_when_what_they_point_to_was_joined_to_something_else() -> None:
    ledger = Ledger()
    item = ledger.show(DEAR, "w", Item(name="Widget"))
    ledger.show(QBO, "7", Item(name="Widget"))
    former = RecordId("item-gone")
    shown = lines(line(id="1", item=ref(Kind.ITEM, "7")), line(id="2", description="Freight"))
    record = ledger.show(QBO, "9", Bill(number="B-1", lines=shown))
    ledger.records[ExternalRef(QBO, Kind.ITEM, "7")] = item
    agreed = lines(
        line(id="1", number=1, item=RecordRef(former)),
        line(id="2", number=2, description="Freight"),
        line(id="5", number=3, item=RecordRef(former)),
    )
    ledger.remember(record, QBO, {"lines": agreed})

    assert base(ledger, record, QBO)["lines"] == lines(
        line(id="1", number=1, item=RecordRef(item)),
        line(id="2", number=2, description="Freight"),
        line(id="5", number=3, item=RecordRef(former)),  # nobody shows that line any more
    )


def test_agreed_lines_without_ids_are_told_apart_by_what_they_say() -> None:
    ledger = Ledger()
    item = ledger.show(DEAR, "w", Item(name="Widget"))
    former = RecordRef(RecordId("item-gone"))
    shown = lines(
        line(description="one", item=ref(Kind.ITEM, "w")),
        line(description="twin", item=ref(Kind.ITEM, "w")),
        line(description="twin", item=ref(Kind.ITEM, "w")),
    )
    record = ledger.show(DEAR, "b", Bill(number="B-1", lines=shown))
    agreed = lines(
        line(description="one", number=1, item=former),
        line(description="twin", number=2, item=former),
    )
    ledger.remember(record, DEAR, {"lines": agreed})

    assert base(ledger, record, DEAR)["lines"] == lines(
        line(description="one", number=1, item=RecordRef(item)),
        line(description="twin", number=2, item=former),
    )


def test_agreed_pointers_to_records_that_stand_are_left_alone() -> None:
    ledger = Ledger()
    old = ledger.show(QBO, "7", Item(name="Widget"))
    ledger.show(QBO, "8", Item(name="Bolt"))
    record = ledger.show(QBO, "9", Bill(lines=lines(line(id="1", item=ref(Kind.ITEM, "8")))))
    agreed = lines(line(id="1", number=1, item=RecordRef(old)))
    ledger.remember(record, QBO, {"lines": agreed})

    assert base(ledger, record, QBO)["lines"] == agreed, "somebody chose another item: a change"


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("vendor", Kind.VENDOR),
        ("customer", Kind.CUSTOMER),
        ("order", Kind.PURCHASE_ORDER),
        ("item", Kind.ITEM),
        ("account", Kind.ACCOUNT),
        ("payable_account", Kind.ACCOUNT),
        ("reporting_class", Kind.CLASS),
        ("number", None),
        ("lines", None),
    ],
)
def test_the_kind_that_a_field_of_a_document_points_to(field: str, kind: Kind | None) -> None:
    assert reference_kind(Kind.BILL, field) is kind


# -- waves --------------------------------------------------------------------------------------


def operation(
    record: RecordId, kind: Kind, action: Action = Action.CREATE, **fields: Value
) -> Operation:
    return Operation(
        id=OperationId(f"{action.value} {record}"),
        digest=Digest(f"{action.value} {record}"),
        record=record,
        kind=kind,
        label=record,
        system=QBO,
        action=action,
        ref=None,
        changes=tuple(
            FieldChange(field=field, before=None, after=after, trace="")
            for field, after in fields.items()
        ),
        wave=0,
    )


def waves(ledger: Ledger, *operations: Operation) -> dict[str, int]:
    return {o.record: o.wave for o in in_waves(operations, world(ledger))}


def test_what_lines_point_to_is_created_first() -> None:
    ledger = Ledger()
    vendor = ledger.show(DEAR, "v", Vendor(name="Acme"))
    item = ledger.show(DEAR, "w", Item(name="Widget"))
    order = ledger.show(DEAR, "o", PurchaseOrder(number="PO-1"))
    bill = ledger.show(DEAR, "b", Bill(number="B-1"))
    ordered = lines(line(item=RecordRef(item)))
    billed = lines(line(item=RecordRef(item), order=RecordRef(order), order_number=1))

    found = waves(
        ledger,
        operation(bill, Kind.BILL, vendor=RecordRef(vendor), lines=billed),
        operation(order, Kind.PURCHASE_ORDER, vendor=RecordRef(vendor), lines=ordered),
        operation(vendor, Kind.VENDOR),
        operation(item, Kind.ITEM),
    )

    assert found == {vendor: 0, item: 0, order: 1, bill: 2}


@pytest.mark.parametrize("end", [Action.CLOSE, Action.DELETE])
@pytest.mark.parametrize("linked_in", [QBO, DEAR])
def test_a_bill_ends_before_its_order_and_both_after_everything_else(
    end: Action, linked_in: SystemName
) -> None:
    """Also where the books do not show the link any more: the owner of the bill still does."""
    ledger = Ledger()
    order = ledger.show(DEAR, "o", PurchaseOrder(number="PO-1", status="voided"))
    ledger.show(QBO, "45", PurchaseOrder(number="PO-1", status="open"))
    ledger.records[ExternalRef(QBO, Kind.PURCHASE_ORDER, "45")] = order
    pointers = {QBO: ref(Kind.PURCHASE_ORDER, "45"), DEAR: ref(Kind.PURCHASE_ORDER, "o")}
    bill = ledger.show(DEAR, "b", Bill(number="B-1", status="voided"))
    ledger.show(QBO, "9", Bill(number="B-1", status="open"))
    ledger.records[ExternalRef(QBO, Kind.BILL, "9")] = bill
    linked = lines(line(id="1", order=pointers[linked_in]))
    ledger.edit(linked_in, Kind.BILL, {QBO: "9", DEAR: "b"}[linked_in], lines=linked)
    other = ledger.show(DEAR, "c", Bill(number="B-2"))

    found = waves(
        ledger,
        operation(order, Kind.PURCHASE_ORDER, end),
        operation(bill, Kind.BILL, Action.DELETE),
        operation(other, Kind.BILL),
    )

    assert found[other] < found[bill] < found[order]
