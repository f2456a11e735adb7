"""A conflict that neither side's value settles: a person's own goes to both, and stays there."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.control.protocol import Code, Declined, ResolveRequest
from ledger.model.facts import HoldCode
from ledger.model.ids import RecordId
from tests.scenarios.support import Goods, save_in_qbo, tiny
from tests.scenarios.village import (
    BOOKKEEPER,
    books,
    desk,
    held,
    settled,
    source,
    the_hold,
    written,
)
from tests.town import Town, town


async def torn(one: Town) -> RecordId:
    """The bolt costs 10 as agreed, 12.50 in DEAR and 13 in QuickBooks."""
    item = books(one, "Item", "Bolt")["Id"]
    await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
    await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 13}})
    await one.settle()
    return (await the_hold(one, HoldCode.CONFLICT)).record


async def answer(one: Town, record: RecordId, value: str, *, seen: int = 0) -> None:
    await desk(one).resolve(
        BOOKKEEPER,
        ResolveRequest(
            record=record, field="sales_price", value=value, reason="new list", seen=seen
        ),
    )


def prices(one: Town) -> tuple[Decimal, Decimal]:
    """In QuickBooks, in DEAR."""
    there, here = books(one, "Item", "Bolt")["UnitPrice"], source(one, "product", "Bolt")
    return Decimal(str(there)), Decimal(str(here["PriceTier1"]))


@pytest.mark.parametrize("value", ["12.75", "10"])
async def test_it_is_written_to_both_and_agreed(tmp_path: Path, value: str) -> None:
    async with settled(tmp_path) as one:
        record = await torn(one)
        last = one.log.last
        await answer(one, record, value)
        await one.settle()

        assert prices(one) == (Decimal(value), Decimal(value))
        assert sorted(row["system"] for row in written(one, last)) == ["dear", "qbo"]
        assert not await held(one, HoldCode.CONFLICT)
        view = await one.ledger.read(lambda views: views.view(record))
        assert view is not None
        agreed = {b.fields["sales_price"] for b in view.baselines.values()}
        assert agreed == {Decimal(value)}

        last = one.log.last
        await one.settle()
        assert written(one, last) == [], "what agrees is not written again"
        assert (await one.ledger.verify()).problems == ()


@pytest.mark.parametrize("value", ["12.75", "10"])
async def test_it_outlives_a_refusal_on_one_side(tmp_path: Path, value: str) -> None:
    """QuickBooks has it, DEAR fails: the answer still stands for DEAR, a day later as well."""
    async with settled(tmp_path) as one:
        record = await torn(one)
        one.faults.extend(
            [{"system": "dear", "kind": "status", "method": "PUT", "status": 503, "times": 1}]
        )
        await answer(one, record, value)
        await one.cycle()
        assert prices(one) == (Decimal(value), Decimal("12.5")), "the half of it"
        await one.restart()
        await one.settle()
        assert prices(one) == (Decimal(value), Decimal(value))
        assert not await held(one, HoldCode.CONFLICT)


async def test_an_edit_after_it_goes_its_way(tmp_path: Path) -> None:
    """Even to the very value that was not chosen then."""
    async with settled(tmp_path) as one:
        record = await torn(one)
        await answer(one, record, "12.75")
        await one.settle()
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
        await one.settle()
        assert prices(one) == (Decimal("12.5"), Decimal("12.5"))


async def test_it_is_refused_once_a_side_moved_after_the_look(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        record = await torn(one)
        seen = (await desk(one).record(record)).head
        item = books(one, "Item", "Bolt")["Id"]
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 99}})
        await one.cycle()
        last = one.log.last
        with pytest.raises(Declined) as caught:
            await answer(one, record, "12.75", seen=seen)
        assert caught.value.code is Code.STALE
        assert "qbo 13 -> 99" in str(caught.value)
        await one.settle()
        assert written(one, last) == []


@pytest.mark.parametrize(("value", "is_active"), [("no", False), ("yes", True)])
async def test_whether_it_is_active_may_be_answered_so_too(
    tmp_path: Path, value: str, is_active: bool
) -> None:
    """``answers`` 35: the side that rests was looked for among the systems, and was the person."""
    goods = Goods()
    bolt = goods.item("BOLT")
    async with town(tmp_path, world=tiny(products=(bolt,))) as one:
        save_in_qbo(one, "item", "BOLT", Active=False)
        await one.agree()
        row = await the_hold(one, HoldCode.CONFLICT)
        assert row.conflict is not None
        assert [asked.field for asked in row.conflict.fields] == ["active"]

        request = ResolveRequest(record=row.record, field="active", value=value, reason="asked")
        await desk(one).resolve(BOOKKEEPER, request)
        await one.settle()
        await one.approve_all()
        await one.settle()

        assert not await held(one, HoldCode.CONFLICT)
        (item,) = one.qbo.state.all("Item")
        (product,) = one.dear.state["product"]
        assert item.active is is_active
        assert (product.fields["Status"] == "Active") is is_active
