"""Where a product and an item stand to each other, from one record alone."""

from decimal import Decimal

import pytest

from daemon.catalogue.sort import Standing, classify, is_chosen, is_tracked, quantity
from daemon.catalogue.words import Options
from ledger.model.facts import Problem, RecordView, Side
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName
from ledger.model.records import Item

QBO, DEAR = SystemName("qbo"), SystemName("dear")
REMOVED = "read answered 610"


def side(system: SystemName, *, active: bool = True, tombstone: str = "", **more: object) -> Side:
    fields = {"name": "Bolt", "sku": "B-1", "active": active}
    return Side(
        ref=ExternalRef(system, Kind.ITEM, "1"),
        version="1",
        comparable=Digest("c"),
        seq=1,
        record=Item(**{**fields, **{k: v for k, v in more.items() if k in _ITEM}}),  # type: ignore[arg-type]
        tombstone=tombstone,
        problem=more.get("problem"),  # type: ignore[arg-type]
        out_of_scope=str(more.get("out_of_scope", "")),
    )


_ITEM = {"type", "quantity_on_hand", "sku"}


def view(*sides: Side) -> RecordView:
    return RecordView(
        record=RecordId("item-1"),
        kind=Kind.ITEM,
        sides={one.ref.system: one for one in sides},
        baselines={},
    )


BAD = Problem(code="malformed", message="no")


@pytest.mark.parametrize(
    ("shown", "standing"),
    [
        ((side(QBO), side(DEAR)), Standing.ALIVE),
        ((side(QBO, active=False), side(DEAR)), Standing.INACTIVE),
        ((side(QBO, tombstone=REMOVED), side(DEAR)), Standing.GONE),
        ((side(DEAR),), Standing.MISSING),
        ((side(DEAR, active=False),), Standing.RESTING),
        ((side(QBO, active=False), side(DEAR, active=False)), Standing.RESTING),
        ((side(QBO), side(DEAR, tombstone=REMOVED)), Standing.RESTING),
        ((side(QBO),), Standing.UNKNOWN),
        ((side(QBO, active=False),), Standing.UNKNOWN_INACTIVE),
        ((side(QBO, tombstone=REMOVED),), Standing.RESTING),
        ((side(QBO, out_of_scope="category"),), Standing.OUT_OF_SCOPE),
        ((side(QBO, problem=BAD), side(DEAR)), Standing.UNREADABLE),
    ],
)
def test_every_item_has_one_standing(shown: tuple[Side, ...], standing: Standing) -> None:
    assert classify(view(*shown), source=DEAR, books=QBO) is standing


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (Options(), {Standing.INACTIVE, Standing.GONE, Standing.MISSING}),
        (Options(missing_only=True), {Standing.GONE, Standing.MISSING}),
        (Options(only=("b-1",)), {Standing.INACTIVE, Standing.GONE, Standing.MISSING}),
        (Options(only=("other",)), set()),
        (Options(as_type="NonInventory"), set()),
    ],
)
def test_the_options_choose(options: Options, chosen: set[Standing]) -> None:
    one = view(side(QBO, type="service"), side(DEAR))
    assert {s for s in Standing if is_chosen(one, s, options, books=QBO)} == chosen


def test_tracked_items_are_chosen_to_be_retired() -> None:
    one = view(side(QBO, type="inventory", quantity_on_hand=Decimal(7)), side(DEAR))
    assert is_tracked(one, books=QBO)
    assert quantity(one, books=QBO) == 7
    options = Options(as_type="NonInventory")
    chosen = {s for s in Standing if is_chosen(one, s, options, books=QBO)}
    assert chosen == {Standing.ALIVE, Standing.INACTIVE, Standing.GONE}
