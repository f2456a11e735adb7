"""One record whole: the three-way diff, which line is which, and what is said around it."""

from decimal import Decimal

import msgspec

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, RetryRequest
from daemon.control.protocol_drift import FieldShown, RecordAnswer
from daemon.control.protocol_valves import SkipRequest
from ledger.model.ids import RecordId
from ledger.model.records import Bill, Item, Vendor
from ledger.model.values import Line, Lines
from tests.daemon.control.conftest import DEAR, QBO, Office
from tests.daemon.control.papers import agreed_bill, bill, furnish, line
from tests.daemon.control.test_papers import answer_for, declined


def fields_of(shown: RecordAnswer, group: str = "") -> dict[str, FieldShown]:
    return {one.field: one for one in shown.fields if one.group == group}


def groups_of(shown: RecordAnswer) -> list[str]:
    return list(dict.fromkeys(one.group for one in shown.fields if one.group))


def group_about(shown: RecordAnswer, what: str) -> dict[str, FieldShown]:
    """The line whose heading names ``what``."""
    (group,) = [one for one in groups_of(shown) if what in one]
    return fields_of(shown, group)


async def show_bill(office: Office, *lines: Line, in_qbo: bool) -> None:
    shown = bill(in_qbo=in_qbo)
    total = sum((one.amount for one in lines if one.amount is not None), Decimal())
    new = msgspec.structs.replace(shown, lines=Lines(lines), total=total)
    await office.show(QBO if in_qbo else DEAR, "b1" if in_qbo else "db1", new)


async def test_two_edits_of_one_price_stand_beside_each_other(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.two_prices()
    await office.plan()
    shown = await daemon.record("W-7")
    assert (shown.record, shown.kind, shown.label) == (record, "item", "W-7")
    price = fields_of(shown)["sales_price"]
    assert price.status == "conflict"
    assert price.agreed == {"dear": "12.40", "qbo": "12.40"}
    assert price.now == {"dear": "12.95", "qbo": "13.00"}
    assert (set(price.changed_in), price.owner, price.will_be) == ({"dear", "qbo"}, "both", {})
    assert fields_of(shown)["name"].status == "same"
    assert [hold.code for hold in shown.holds] == ["conflict"]


async def test_an_edit_on_one_side_says_where_it_goes(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.renamed_vendor()
    office.clock.at = office.clock.at.replace(hour=13)
    await office.plan()
    shown = await daemon.record(record)
    email = fields_of(shown)["email"]
    assert (email.status, email.changed_in) == ("changed", ("dear",))
    assert email.agreed == {"dear": "a@bolts.example", "qbo": "a@bolts.example"}
    assert email.will_be == {"qbo": "b@bolts.example"}
    (operation,) = shown.operations
    assert (operation.action, operation.system) == ("update", "qbo")
    assert {one.status for one in shown.fields if one.field != "email"} == {"same"}
    assert shown.agreed_at.startswith("2026-08-01T12:00:00")
    assert shown.agreed_seq > 0


async def test_sides_tell_since_when_they_show_this(office: Office, daemon: ControlClient) -> None:
    record = await office.renamed_vendor()
    office.clock.at = office.clock.at.replace(hour=15)
    again = Vendor(name="Bolts 1", email="c@bolts.example", active=True)
    await office.show(DEAR, "dv1", again)
    shown = await daemon.record(record)
    seen = {side.system: (side.state, side.seen_at[:13], side.version) for side in shown.sides}
    assert seen == {
        "dear": ("live", "2026-08-01T15", "1"),
        "qbo": ("live", "2026-08-01T12", "1"),
    }
    assert [side.ref for side in shown.sides] == ["dear/vendor/dv1", "qbo/vendor/v1"]


async def test_a_new_item_is_new_in_every_owned_field(
    office: Office, daemon: ControlClient
) -> None:
    await office.show(DEAR, "d1", Item(name="Pump", sku="P-1", type="service", active=True))
    await office.plan()
    shown = await daemon.record("P-1")
    fields = fields_of(shown)
    assert (fields["name"].status, fields["sku"].status) == ("new", "new")
    assert fields["name"].now == {"dear": "Pump"}
    assert fields["name"].agreed == {}
    assert (shown.agreed_at, shown.agreed_seq) == ("", 0)


async def test_a_price_on_one_line_is_shown_under_that_line_alone(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    # The first line in DEAR is now the second: lines are never paired by their position.
    lines = (
        line(2, "12", "15.50", in_qbo=False),
        line(3, "100", "0.15", in_qbo=False),
    )
    await show_bill(office, *lines, in_qbo=False)
    await office.plan()
    shown = await daemon.record(record)
    assert groups_of(shown) == ["line 1 of 2: PUMP-40", "line 2 of 2: BOLT"]
    pump = group_about(shown, "PUMP-40")
    assert pump["unit_price"].status == "changed"
    assert pump["unit_price"].agreed == {"dear": "15.00", "qbo": "15.00"}
    assert pump["unit_price"].now == {"dear": "15.50", "qbo": "15.00"}
    assert pump["unit_price"].will_be == {"qbo": "15.50"}
    assert pump["amount"].will_be == {"qbo": "186.00"}
    assert pump["amount"].owner == "dear"
    assert pump["quantity"].status == "same"
    assert {one.status for one in group_about(shown, "BOLT").values()} == {"same"}
    header = fields_of(shown)
    assert (header["total"].status, header["total"].now) == (
        "changed",
        {"dear": "201.00", "qbo": "195.00"},
    )
    assert header["number"].status == "same"


async def test_amounts_keep_the_digits_that_they_came_with(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    await show_bill(
        office,
        line(3, "100.000", "0.1500", in_qbo=False),
        line(2, "12", "15.00", in_qbo=False),
        in_qbo=False,
    )
    bolt = group_about(await daemon.record(record), "BOLT")
    assert bolt["unit_price"].now == {"dear": "0.1500", "qbo": "0.15"}
    assert (bolt["quantity"].now["dear"], bolt["quantity"].status) == ("100.000", "same")


async def test_a_line_that_came_and_one_that_went(office: Office, daemon: ControlClient) -> None:
    record = await agreed_bill(office)
    await show_bill(
        office,
        line(2, "12", "15.00", in_qbo=False),
        Line(
            item=line(2, "1", "1", in_qbo=False).item,
            description="Freight",
            quantity=Decimal(1),
            unit_price=Decimal("9.00"),
            amount=Decimal("9.00"),
            tax_code=line(2, "1", "1", in_qbo=False).tax_code,
        ),
        in_qbo=False,
    )
    await office.plan()
    shown = await daemon.record(record)
    assert groups_of(shown) == [
        "line 1 of 2: PUMP-40",
        "line 2 of 2: PUMP-40, Freight",
        "line 1 in qbo only: BOLT",
    ]
    fresh = group_about(shown, "Freight")
    assert {one.status for one in fresh.values()} == {"new"}
    assert fresh["amount"].will_be == {"qbo": "9.00"}
    gone = group_about(shown, "BOLT")
    assert {one.status for one in gone.values()} == {"gone"}
    assert gone["amount"].now == {"qbo": "15.00"}
    assert gone["amount"].agreed == {"dear": "15.00", "qbo": "15.00"}
    assert gone["amount"].changed_in == ("dear",)


async def test_an_edit_in_the_books_is_a_question_about_that_line(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    await office.plan()
    shown = await daemon.record(record)
    pump = group_about(shown, "PUMP-40")
    assert (pump["amount"].status, pump["amount"].changed_in) == ("conflict", ("qbo",))
    assert pump["quantity"].status == "same"
    assert {one.status for one in group_about(shown, "BOLT").values()} == {"same"}
    await daemon.resolve(answer_for(record, "lines", "dear"))
    await office.plan()
    pump = group_about(await daemon.record(record), "PUMP-40")
    assert (pump["amount"].status, pump["amount"].will_be) == ("changed", {"qbo": "180.00"})


async def test_what_a_bookkeeper_adds_to_a_line_is_theirs(
    office: Office, daemon: ControlClient
) -> None:
    record = await agreed_bill(office)
    first, second = bill(in_qbo=True).lines.lines  # type: ignore[union-attr]
    await show_bill(office, msgspec.structs.replace(first, billable="yes"), second, in_qbo=True)
    bolt = group_about(await daemon.record(record), "BOLT")
    assert (bolt["billable"].status, bolt["billable"].owner) == ("changed", "qbo")
    assert bolt["billable"].now == {"qbo": "yes"}


async def test_a_bill_that_is_not_in_the_books_yet(office: Office, daemon: ControlClient) -> None:
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    shown = await daemon.record("INV-77")
    assert shown.title == "INV-77, Sierra Bolts"
    assert {one.status for one in fields_of(shown).values() if one.owner} == {"new"}
    pump = group_about(shown, "PUMP-40")
    assert pump["amount"].will_be == {"qbo": "180.00"}
    assert {one.status for one in pump.values()} == {"new"}
    vendor = fields_of(shown)["vendor"]
    assert vendor.now["dear"] == vendor.will_be["qbo"]
    assert vendor.will_be["qbo"]["label"] == "Sierra Bolts"  # type: ignore[index,call-overload]


async def test_a_bill_that_its_source_voided(office: Office, daemon: ControlClient) -> None:
    record = await agreed_bill(office)
    gone: Bill = msgspec.structs.replace(bill(in_qbo=False), status="voided")
    await office.show(DEAR, "db1", gone)
    await office.plan()
    shown = await daemon.record(record)
    assert fields_of(shown)["status"].status == "changed"
    assert [operation.action for operation in shown.operations] == ["delete"]
    assert {side.system: side.state for side in shown.sides} == {"dear": "inactive", "qbo": "live"}


async def test_a_vendor_tells_how_many_documents_name_it(
    office: Office, daemon: ControlClient
) -> None:
    await agreed_bill(office)
    await office.show(DEAR, "db2", bill("1.00", in_qbo=False, number="2"))
    shown = await daemon.record("Sierra Bolts")
    assert [(use.kind, use.count) for use in shown.uses] == [("bill", 2)]
    assert (await daemon.record("PUMP-40")).uses == ()


async def test_history_is_newest_first_and_cut(office: Office, daemon: ControlClient) -> None:
    record: RecordId = await office.renamed_vendor()
    for number in range(120):
        email = f"{number}@bolts.example"
        await office.show(DEAR, "dv1", Vendor(name="Bolts 1", email=email, active=True))
    shown = await daemon.record(record)
    seqs = [row.seq for row in shown.history]
    assert len(seqs) == 100
    assert seqs == sorted(seqs, reverse=True)
    assert seqs[0] == shown.head


async def test_a_record_that_nobody_knows(daemon: ControlClient) -> None:
    error = await declined(daemon.record("no such thing"))
    assert error.code is Code.NOT_FOUND


async def test_what_was_set_aside_is_told_as_such_before_the_next_cycle(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.renamed_vendor()
    await office.plan()
    (before,) = (await daemon.record(record)).operations
    await daemon.skip(SkipRequest(record=record, reason="next season"))
    (after,) = (await daemon.record(record)).operations
    assert before.reason != "skipped"
    assert (after.digest, after.state, after.reason) == (before.digest, "waiting", "skipped")
    await daemon.retry(RetryRequest(record=record))
    (again,) = (await daemon.record(record)).operations
    assert again.reason != "skipped"
