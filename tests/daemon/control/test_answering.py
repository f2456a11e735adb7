"""A value of one's own, and what a person had seen: over the real socket and a real ledger."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, Declined, LinkRequest, ResolveRequest, RetryRequest
from daemon.control.protocol_valves import ResolvePatternRequest, SkipRequest
from ledger.model.entries import ConflictResolved
from ledger.model.records import Item, Vendor
from tests.daemon.control.conftest import DEAR, QBO, Office


def price(take: str = "", value: str | None = None, *, seen: int = 0) -> ResolveRequest:
    return answer("W-7", "sales_price", take, value, seen=seen)


def answer(
    record: str, field: str, take: str = "", value: str | None = None, *, seen: int = 0
) -> ResolveRequest:
    return ResolveRequest(
        record=record, field=field, take=take, value=value, reason="the list of May", seen=seen
    )


async def declined(call: Any) -> Declined:
    with pytest.raises(Declined) as caught:
        await call
    return caught.value


def item(price: str, name: str = "Widget") -> Item:
    return Item(name=name, sku="W-7", sales_price=Decimal(price), active=True)


async def test_a_third_value_is_told_before_it_is_noted_and_planned_for_both_sides(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    head = (await daemon.status()).head
    dry = await daemon.resolve(msgspec.structs.replace(price(value="12.99"), dry_run=True))
    assert dry.text == (
        "sales_price of 'W-7': 12.99 is right: dear 12.95 -> 12.99 (+0.04), "
        "qbo 13.00 -> 12.99 (-0.01)"
    )
    assert dry.becomes == {"dear": "12.99", "qbo": "12.99"}
    assert (await daemon.status()).head == head

    done = await daemon.resolve(price(value=" 12.99 "))
    assert done.seq == head + 1
    await office.plan()
    plan = await daemon.plan()
    assert not plan.holds
    assert {(o.system, o.changes[0].before, o.changes[0].after) for o in plan.operations} == {
        ("dear", "12.95", "12.99"),
        ("qbo", "13.00", "12.99"),
    }
    history = await daemon.history("W-7")
    (said,) = [row for row in history.rows if row.entry == "ConflictResolved"]
    assert said.text.startswith("sales_price: 12.99 is right, says ")
    assert "12.99" not in str(said.details), "values lie beside the chain"


async def test_a_value_outlives_a_rebuild_and_the_journal_names_its_body(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.two_prices()
    await office.plan()
    await daemon.resolve(price(value="12.99"))
    entries = await office.ledger.read(lambda views: views.entries(0, 1000))
    (entry,) = [row.entry for row in entries if isinstance(row.entry, ConflictResolved)]
    assert entry.take == ""
    assert await office.ledger.read(lambda views: views.body(entry.payload)) is not None
    view = await office.ledger.read(lambda views: views.view(record))
    assert view is not None
    (said,) = view.resolutions
    assert said.own is not None
    assert (said.own.value, said.own.seen) == (
        Decimal("12.99"),
        {QBO: Decimal("13.00"), DEAR: Decimal("12.95")},
    )
    assert (await daemon.verify()).ok


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("12,99", "is no value of sales_price"),
        ("1e9999", "is no value of sales_price"),
        ("NaN", "is no value of sales_price"),
        ("", "does not let it be changed"),
    ],
)
async def test_what_a_field_cannot_hold_is_refused_before_it_is_noted(
    office: Office, daemon: ControlClient, value: str, told: str
) -> None:
    await office.two_prices()
    await office.plan()
    head = (await daemon.status()).head
    error = await declined(daemon.resolve(price(value=value)))
    assert error.code is Code.BAD_REQUEST
    assert told in str(error)
    assert error.cure
    assert (await daemon.status()).head == head


async def test_a_name_that_another_record_has_is_refused(
    office: Office, daemon: ControlClient
) -> None:
    old = item("1")
    record = await office.agree(
        await office.show(QBO, "7", old), await office.show(DEAR, "d7", old), old, old
    )
    await office.show(QBO, "7", item("1", "Widget B"))
    await office.show(DEAR, "d7", item("1", "Widget C"))
    await office.show(QBO, "8", Item(name="Gadget", sku="G-8", active=True))
    await office.plan()
    taken = await declined(daemon.resolve(answer(record, "name", value="gadget")))
    assert "taken in QuickBooks" in str(taken)
    control = await declined(daemon.resolve(answer(record, "name", value="a\x1b[2Jb")))
    assert "control characters" in control.cure
    done = await daemon.resolve(answer(record, "name", value="Widget: D"))
    assert done.becomes == {"dear": "Widget: D", "qbo": "Widget- D"}


async def test_a_side_or_a_value_and_not_both(office: Office, daemon: ControlClient) -> None:
    await office.two_prices()
    await office.plan()
    for request in (
        price(),
        price(take="qbo", value="1"),
    ):
        error = await declined(daemon.resolve(request))
        assert error.code is Code.BAD_REQUEST
        assert "--value" in error.cure


async def test_an_answer_to_what_moved_since_is_refused_and_told(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    seen = (await daemon.plan(record="W-7")).head
    await office.show(DEAR, "d7", item("12.97"))
    await office.plan()
    for said in (price("qbo", seen=seen), price(value="12.99", seen=seen)):
        error = await declined(daemon.resolve(said))
        assert error.code is Code.STALE
        assert "dear 12.95 -> 12.97" in str(error)
        assert "trueup drift show" in error.cure
    again = (await daemon.record("W-7")).head
    await daemon.resolve(price(take="qbo", seen=again))


async def test_another_field_that_moved_is_no_matter_and_another_persons_answer_is(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    seen = (await daemon.record("W-7")).head
    moved = Item(
        name="Widget", sku="W-7", description="New", sales_price=Decimal("12.95"), active=True
    )
    await office.show(DEAR, "d7", moved)
    await daemon.resolve(price(take="qbo", seen=seen))
    error = await declined(daemon.resolve(price(take="dear", seen=seen)))
    assert error.code is Code.STALE
    assert "sales_price: qbo is right" in str(error)


async def test_every_act_on_a_record_carries_what_was_seen(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    seen = (await daemon.record("W-7")).head
    await office.show(DEAR, "d7", item("12.97"))
    acts = [
        daemon.skip(SkipRequest(record="W-7", reason="x", seen=seen)),
        daemon.retry(RetryRequest(record="W-7", seen=seen)),
        daemon.link(LinkRequest(record="W-7", ref="dear/item/d7", action="unlink", seen=seen)),
    ]
    for act in acts:
        error = await declined(act)
        assert error.code is Code.STALE
        assert "dear/item/d7 showed new content" in str(error)
        assert f"entry {seen}" in str(error)


async def test_a_number_of_another_ledger_is_refused(office: Office, daemon: ControlClient) -> None:
    await office.two_prices()
    await office.plan()
    error = await declined(daemon.skip(SkipRequest(record="W-7", reason="x", seen=10**9)))
    assert error.code is Code.STALE
    assert "the ledger ends at" in str(error)


async def test_a_flag_of_a_party_is_said_in_words(office: Office, daemon: ControlClient) -> None:
    """Both sides hold e-mail addresses; empty text clears where both may be empty."""
    old = Vendor(name="Bolts", email="a@bolts.example", active=True)
    record = await office.agree(
        await office.show(QBO, "1", old), await office.show(DEAR, "d1", old), old, old
    )
    for system, ref, address in ((QBO, "1", "b@bolts.example"), (DEAR, "d1", "c@bolts.example")):
        await office.show(system, ref, Vendor(name="Bolts", email=address, active=True))
    await office.plan()
    done = await daemon.resolve(answer(record, "email", value="office@bolts.example"))
    assert done.becomes == {"dear": "office@bolts.example", "qbo": "office@bolts.example"}


async def test_one_side_is_right_in_all_records_of_a_pattern_but_those_set_aside(
    office: Office, daemon: ControlClient
) -> None:
    for number, name in ((7, "Widget"), (8, "Gadget"), (9, "Gizmo")):
        await office.two_prices(number, name)
    await office.plan()
    (pattern,) = (await daemon.desk()).patterns
    assert (pattern.records, pattern.fields) == (3, ("sales_price",))
    await daemon.skip(SkipRequest(record="W-9", reason="not now"))
    answer = ResolvePatternRequest(
        pattern=pattern.pattern, field="sales_price", take=DEAR, expect_count=3, reason="price list"
    )
    error = await declined(daemon.resolve_pattern(answer))
    assert (error.code, "2 records are held" in str(error)) == (Code.STALE, True)
    answer = msgspec.structs.replace(answer, expect_count=2)
    other = msgspec.structs.replace(answer, field="name")
    assert "in conflict there: sales_price" in (await declined(daemon.resolve_pattern(other))).cure
    nobody = msgspec.structs.replace(answer, take="sap")
    assert (await declined(daemon.resolve_pattern(nobody))).code is Code.BAD_REQUEST
    assert await said(office) == []
    tried = await daemon.resolve_pattern(msgspec.structs.replace(answer, dry_run=True))
    assert tried.text == "sales_price of 2 records: the value of dear is right"
    assert await said(office) == []

    await daemon.resolve_pattern(answer)
    assert [one.take for one in await said(office)] == [DEAR, DEAR]
    await office.plan()
    assert [row.label for row in (await daemon.desk()).rows] == ["W-9"]


async def said(office: Office) -> list[ConflictResolved]:
    rows = await office.ledger.read(lambda views: views.entries(0, 1000))
    return [row.entry for row in rows if isinstance(row.entry, ConflictResolved)]
