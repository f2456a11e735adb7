"""The drift list over the real socket: rows, order, filter, counts, and its history."""

from datetime import timedelta
from decimal import Decimal

import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import DriftClass, DriftQuery, DriftSort
from daemon.control.protocol_valves import SkipRequest
from ledger.model.encoding import encode
from ledger.model.entries import Linked, Planned
from ledger.model.ids import Digest, Kind, OperationId, RecordId, record_id
from ledger.model.plans import Action, Operation
from ledger.model.records import Bill, Vendor
from ledger.model.values import Reference
from tests.daemon.control.conftest import DEAR, QBO, Office


async def test_nothing_is_in_drift_in_an_empty_ledger(daemon: ControlClient) -> None:
    answer = await daemon.drift(DriftQuery())
    assert (answer.rows, answer.total, answer.everything, answer.amounts) == ((), 0, 0, ())
    assert (answer.by_class, answer.by_kind, answer.complete) == ({}, {}, False)
    assert (await daemon.drift_history()).points == ()
    assert (await daemon.status()).drift == 0


async def test_a_conflict_and_a_change_are_two_rows(office: Office, daemon: ControlClient) -> None:
    vendor = await office.renamed_vendor()
    product = await office.two_prices()
    await office.plan()
    office.clock.at += timedelta(hours=2)

    answer = await daemon.drift(DriftQuery(sort=DriftSort.CLASS))
    conflict, changed = answer.rows
    assert (conflict.record, conflict.class_, conflict.state) == (product, "conflict", "held")
    assert (conflict.label, conflict.kind, conflict.fields) == ("W-7", "item", ("sales_price",))
    assert conflict.sides == {"qbo": "13.00", "dear": "12.95"}
    assert (conflict.reason, conflict.targets, conflict.digests) == ("conflict", (), ())
    assert conflict.text
    assert (changed.record, changed.class_, changed.state) == (vendor, "changed", "waiting")
    assert changed.fields == ("email",)
    assert changed.sides == {"qbo": "a@bolts.example", "dear": "b@bolts.example"}
    assert (changed.reason, changed.targets, changed.amount) == ("first_plan", ("qbo",), None)
    assert changed.age_s == 7200

    plan = await daemon.plan()
    assert changed.digests == (plan.operations[0].digest,)
    assert changed.text == plan.operations[0].text
    assert (answer.total, answer.everything, answer.complete) == (2, 2, True)
    assert answer.by_class == {"conflict": 1, "changed": 1}
    assert answer.by_kind == {"item": 1, "vendor": 1}
    status = await daemon.status()
    assert (status.drift, status.drift_by_class) == (2, answer.by_class)
    (point,) = (await daemon.drift_history()).points
    assert (point.at, point.records, point.conflicts) == ("2026-08-01T12:00:00Z", 2, 1)


async def test_pages_are_parts_of_one_order(office: Office, daemon: ControlClient) -> None:
    for number in range(7):
        await office.renamed_vendor(number)
    await office.plan()
    whole = await daemon.drift(DriftQuery(sort=DriftSort.LABEL))
    assert [row.label for row in whole.rows] == [f"Bolts {number}" for number in range(7)]
    for offset in range(0, 9, 3):
        page = await daemon.drift(DriftQuery(sort=DriftSort.LABEL, limit=3, offset=offset))
        assert page.rows == whole.rows[offset : offset + 3]
        assert (page.total, page.offset) == (7, offset)
    counted = await daemon.drift(DriftQuery(limit=0, filter="bolts -label:3"))
    assert (counted.rows, counted.total, counted.everything) == ((), 6, 7)


async def test_what_is_set_aside_stays_a_difference(office: Office, daemon: ControlClient) -> None:
    product = await office.two_prices()
    await office.plan()
    await daemon.skip(SkipRequest(record=product, reason="next week"))
    answer = await daemon.drift(DriftQuery(filter="class:skipped"))
    (row,) = answer.rows
    assert (row.record, row.state, row.reason) == (product, "skipped", "conflict")
    assert row.text
    assert answer.by_class == {DriftClass.SKIPPED: 1}


async def test_a_bill_tells_its_party_both_totals_and_the_rise(
    office: Office, daemon: ControlClient
) -> None:
    await _vendor(office)
    record = await _bill(office, "119.00", "100.00", Action.UPDATE)
    missing = await _bill(office, "20.50", "", Action.CREATE)
    await _bill(office, "7.25", "7.25", Action.DELETE)

    answer = await daemon.drift(DriftQuery(sort=DriftSort.AMOUNT, filter="kind:bill acme"))
    first, second, third = answer.rows
    assert (first.record, first.class_, first.party) == (missing, "missing", "Acme Fasteners")
    assert first.sides == {"qbo": "(none)", "dear": "20.50"}
    assert second.record == record
    assert second.title == "B-119.00, Acme Fasteners"
    assert second.sides == {"qbo": "100.00", "dear": "119.00"}
    amounts = [row.amount and (row.amount.currency, row.amount.amount) for row in answer.rows]
    assert amounts == [("USD", "20.50"), ("USD", "19.00"), ("USD", "-7.25")]
    assert [(a.currency, a.amount) for a in answer.amounts] == [("USD", "46.75")]
    assert third.class_ == "gone"
    larger = await daemon.drift(DriftQuery(filter="amount>19.00"))
    assert [row.record for row in larger.rows] == [missing]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("clas:held", "perhaps class"),
        ("class:help", "'help' is no class, perhaps held"),
        ("amount>ten", "'ten' where a number is needed"),
    ],
)
async def test_a_filter_that_says_nothing_is_refused(
    daemon: ControlClient, said: str, message: str
) -> None:
    with pytest.raises(Declined) as caught:
        await daemon.drift(DriftQuery(filter=said))
    assert caught.value.code is Code.BAD_REQUEST
    assert message in str(caught.value)
    assert "class, kind, to, state, reason, amount, age, label, party" in caught.value.cure


async def _vendor(office: Office) -> None:
    await office.show(DEAR, "v1", Vendor(name="Acme Fasteners", active=True))
    await office.show(QBO, "91", Vendor(name="Acme Fasteners", active=True))


async def _bill(office: Office, dear: str, qbo: str, action: Action) -> RecordId:
    """A bill that DEAR shows with one total and QBO with another, and an operation on it."""
    number = f"B-{dear}"
    shown = Bill(
        number=number,
        vendor=Reference(kind=Kind.VENDOR, id="v1"),
        date="2026-07-01",
        total=Decimal(dear),
        status="open",
    )
    record = record_id(await office.show(DEAR, number, shown))
    draft = office.ledger.draft()
    if qbo:
        there = Bill(number=number, date="2026-07-01", total=Decimal(qbo), status="open")
        ref = await office.show(QBO, number, there)
        draft.add(Linked(record=record, ref=ref, how="number", evidence="same number"))
    operation = Operation(
        id=OperationId(f"op-{number}"),
        digest=Digest(f"digest of {number}"),
        record=record,
        kind=Kind.BILL,
        label=number,
        system=QBO,
        action=action,
        ref=None,
        changes=(),
        wave=1,
    )
    draft.add(
        Planned(
            operation=operation.id,
            record=record,
            digest=operation.digest,
            payload=draft.body(encode(operation)),
        )
    )
    await office.ledger.append(draft)
    return record
