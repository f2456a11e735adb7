"""What views answer of holds, operations and intents after the entries that lead there."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.model.encoding import encode
from ledger.model.entries import (
    Approved,
    Confirmed,
    Held,
    Linked,
    OutcomeUnknown,
    Tombstoned,
    Withdrawn,
)
from ledger.model.facts import ConfirmedChange, HoldCode
from ledger.model.ids import Digest, Kind, RequestId
from ledger.model.outcomes import RefusalKind
from ledger.model.plans import Action, Conflict, FieldConflict, Operation
from ledger.store.ledger import Ledger
from ledger.store.views import Views
from tests.ledger.store.support import (
    BEGIN,
    DEAR,
    QBO,
    confirm,
    gate,
    hold,
    intend,
    item,
    item_ref,
    join,
    missing,
    operation,
    plan,
    see,
)
from tests.ledger.store.view_support import reject

ALL_STATES = ("planned", "waiting", "approved", "intended", "confirmed", "rejected", "withdrawn")


async def state_of(ledger: Ledger, of: Operation) -> tuple[str, str]:
    row = await ledger.read(lambda views: views.operation(of.id))
    assert row is not None
    assert row.operation == of
    return row.state, row.reason


async def test_holds_tell_since_when_and_carry_their_conflict(ledger: Ledger) -> None:
    draft = ledger.draft()
    first = see(draft, ledger, item_ref(QBO, 1), item("Bolt"))
    second = see(draft, ledger, item_ref(QBO, 2), item("Nut"))
    hold(draft, missing(first))
    conflict = Conflict(
        record=second,
        kind=Kind.ITEM,
        label="NUT",
        fields=(
            FieldConflict(
                field="sales_price",
                base={QBO: Decimal("1.00")},
                values={QBO: Decimal("1.10"), DEAR: Decimal("1.20")},
            ),
        ),
        text="Both sides changed the price.",
    )
    payload = draft.body(encode(conflict))
    draft.add(Held(record=second, subject="conflict::", code=HoldCode.CONFLICT, payload=payload))
    await ledger.append(draft)
    began = await ledger.read(lambda views: {row.record: row.since for row in views.holds()})
    draft = ledger.draft()
    hold(draft, missing(first, waits_for=[second]))
    await ledger.append(draft)

    rows = await ledger.read(lambda views: views.holds())
    assert [row.label for row in rows] == ["NUT", "BOLT"]
    assert {row.record: row.since for row in rows} == began
    assert rows[0].conflict == conflict
    assert rows[0].hold.text == "Both sides changed the price."
    assert rows[0].payload == payload
    assert rows[1].hold == missing(first, waits_for=[second])
    assert rows[1].subject == missing(first).subject
    code = HoldCode.MISSING_REFERENCE
    assert await ledger.read(lambda views: views.holds(code=code)) == [rows[1]]
    assert await ledger.read(lambda views: views.holds(record=second)) == [rows[0]]
    assert await ledger.read(lambda views: views.holds(record=second, code=code)) == []
    assert await ledger.read(lambda views: views.holds(limit=1, offset=1)) == [rows[1]]
    assert await ledger.read(lambda views: views.holds_of([first])) == {first: [rows[1]]}
    assert await ledger.read(Views.holds_count) == {code: 1, HoldCode.CONFLICT: 1}


async def test_an_operation_goes_from_planned_to_confirmed(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    todo = operation(record, action=Action.CREATE)
    plan(draft, todo)
    await ledger.append(draft)
    assert await state_of(ledger, todo) == ("planned", "")

    draft = ledger.draft()
    gate(draft, todo)
    await ledger.append(draft)
    assert await state_of(ledger, todo) == ("waiting", "mass_change")
    (waiting,) = await ledger.read(lambda views: views.operations(states=["waiting"]))
    assert waiting.text == "40 of 100 change"

    draft = ledger.draft()
    draft.add(Approved(digests=(todo.digest,), by="ann", expires_at="2025-03-02T00:00:00+01:00"))
    await ledger.append(draft)
    assert await state_of(ledger, todo) == ("approved", "by ann")
    expiry = datetime(2025, 3, 1, 23, tzinfo=UTC)
    before, after = expiry - timedelta(seconds=1), expiry
    assert await ledger.read(lambda views: views.approvals(before)) == {todo.digest}
    assert await ledger.read(lambda views: views.approvals(after)) == set()

    draft = ledger.draft()
    intend(draft, "r1", [todo])
    draft.add(OutcomeUnknown(request=RequestId("r1"), reason="no reply"))
    await ledger.append(draft)
    assert await state_of(ledger, todo) == ("intended", "outcome unknown: no reply")
    (intent,) = await ledger.read(lambda views: views.open_intents(QBO))
    assert intent.request == b'{"request": "r1"}'
    assert [entry.operation for entry in intent.items] == [todo.id]
    assert datetime.fromisoformat(intent.at) > BEGIN
    assert await ledger.read(lambda views: views.open_intents(DEAR)) == []
    assert await ledger.read(lambda views: views.generation(todo.id)) == 0

    draft = ledger.draft()
    confirm(draft, ledger, "r1", todo, item_ref(QBO, 9), item("Widget 1"))
    await ledger.append(draft)
    assert await state_of(ledger, todo) == ("confirmed", "reply")
    assert await ledger.read(Views.open_intents) == []
    assert await ledger.read(lambda views: views.generation(todo.id)) == 1
    assert await ledger.read(lambda views: views.record_of(item_ref(QBO, 9))) == record
    view = await ledger.read(lambda views: views.view(record))
    assert view is not None
    assert set(view.sides) == {QBO, DEAR}
    assert view.open_intent == ""
    (change,) = await ledger.read(lambda views: views.confirmed_changes(record, BEGIN))
    row = await ledger.read(lambda views: views.operation(todo.id))
    assert row is not None
    assert change == ConfirmedChange(
        system=QBO,
        field="sales_price",
        before=Decimal("12.40"),
        after=Decimal("12.95"),
        at=row.at,
    )
    future = BEGIN + timedelta(days=1)
    assert await ledger.read(lambda views: views.confirmed_changes(record, future)) == []
    found = await ledger.read(lambda views: views.operations_of([record], ALL_STATES))
    assert found == {record: [row]}
    assert await ledger.read(Views.operations_count) == {"confirmed": 1}


async def test_what_was_not_sent_for_a_record_that_was_joined_waits_no_longer(
    ledger: Ledger,
) -> None:
    """``valves`` 120239: its own record is gone, so nobody would plan it again or take it back."""
    draft = ledger.draft()
    todo = operation(see(draft, ledger, item_ref(DEAR, 1)), "op-1")
    other = see(draft, ledger, item_ref(QBO, 5))
    plan(draft, todo)
    intend(draft, "r1", [todo])
    draft.add(Linked(record=other, ref=item_ref(DEAR, 1), how="name", evidence="one name"))
    await ledger.append(draft)

    draft = ledger.draft()
    reject(draft, todo, RefusalKind.NOT_SENT)
    await ledger.append(draft)

    assert await ledger.read(Views.open_intents) == []
    assert await state_of(ledger, todo) == ("withdrawn", f"joined {other}")


async def test_each_item_of_an_intent_is_settled_for_itself(ledger: Ledger) -> None:
    draft = ledger.draft()
    todo = [
        operation(see(draft, ledger, item_ref(DEAR, number)), f"op-{number}") for number in (1, 2)
    ]
    for one in todo:
        plan(draft, one)
    intend(draft, "r1", todo)
    confirm(draft, ledger, "r1", todo[0], item_ref(QBO, 1), item("one"))
    await ledger.append(draft)
    (intent,) = await ledger.read(Views.open_intents)
    assert [one.operation for one in intent.items] == [todo[1].id]

    draft = ledger.draft()
    reject(draft, todo[1], RefusalKind.NOT_SENT)
    reject(draft, todo[1], RefusalKind.NOT_SENT)  # said twice, counted once
    intend(draft, "r2", [todo[1]])
    reject(draft, todo[1], RefusalKind.STALE, request="r2")
    await ledger.append(draft)
    assert await ledger.read(Views.open_intents) == []
    assert await state_of(ledger, todo[1]) == ("planned", "the name is taken")
    assert await ledger.read(lambda views: views.generation(todo[1].id)) == 2
    view = await ledger.read(lambda views: views.view(todo[1].record))
    assert view is not None
    assert view.rejections == ()


async def test_a_request_sent_again_is_the_same_intent(ledger: Ledger) -> None:
    draft = ledger.draft()
    todo = operation(see(draft, ledger, item_ref(DEAR, 1)))
    plan(draft, todo)
    intend(draft, "r1", [todo])
    await ledger.append(draft)
    (first,) = await ledger.read(Views.open_intents)
    draft = ledger.draft()
    intend(draft, "r1", [todo])
    await ledger.append(draft)
    (second,) = await ledger.read(Views.open_intents)
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.at > first.at


@pytest.mark.parametrize("place", ["free", "taken"])
async def test_a_confirmed_create_joins_its_record_where_the_place_is_free(
    ledger: Ledger, place: str
) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    create = operation(record, action=Action.CREATE)
    plan(draft, create)
    intend(draft, "r1", [create])
    own = see(draft, ledger, item_ref(QBO, 5))  # the change feed was faster than the reply
    if place == "taken":
        see(draft, ledger, item_ref(QBO, 6))
        join(draft, record, item_ref(QBO, 6))
    confirm(draft, ledger, "r1", create, item_ref(QBO, 5), item("made"))
    await ledger.append(draft)
    expected = record if place == "free" else own
    assert await ledger.read(lambda views: views.record_of(item_ref(QBO, 5))) == expected
    assert await state_of(ledger, create) == ("confirmed", "reply")


async def test_a_write_confirmed_by_a_removal_has_no_body(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(QBO, 1))
    todo = operation(record, ref=item_ref(QBO, 1), action=Action.INACTIVATE)
    plan(draft, todo)
    intend(draft, "r1", [todo])
    draft.add(Tombstoned(ref=item_ref(QBO, 1), evidence="the reply says so"))
    draft.add(
        Confirmed(
            request=RequestId("r1"),
            operation=todo.id,
            record=record,
            ref=item_ref(QBO, 1),
            version="",
            comparable=Digest(""),
            payload=Digest(""),
        )
    )
    await ledger.append(draft)
    assert await ledger.read(Views.open_intents) == []
    heads = await ledger.read(lambda views: views.heads([item_ref(QBO, 1)]))
    assert heads[item_ref(QBO, 1)].tombstone == "the reply says so"


async def test_what_has_left_is_not_withdrawn(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    left, stayed = operation(record, "left"), operation(record, "stayed")
    for one in (left, stayed):
        plan(draft, one)
    intend(draft, "r1", [left])
    for one in (left, stayed):
        draft.add(Withdrawn(operation=one.id, record=record, reason="moved on"))
    await ledger.append(draft)
    assert await state_of(ledger, left) == ("intended", "")
    assert await state_of(ledger, stayed) == ("withdrawn", "moved on")


async def test_work_in_the_name_of_an_emptied_record_goes_with_it(ledger: Ledger) -> None:
    draft = ledger.draft()
    stays = see(draft, ledger, item_ref(DEAR, 1))
    emptied = see(draft, ledger, item_ref(QBO, 1))
    planned, left = operation(emptied, "planned"), operation(emptied, "left")
    for one in (planned, left):
        plan(draft, one)
    hold(draft, missing(emptied))
    intend(draft, "r1", [left])
    join(draft, stays, item_ref(QBO, 1))
    await ledger.append(draft)
    assert await state_of(ledger, planned) == ("withdrawn", f"joined {stays}")
    assert await ledger.read(lambda views: views.holds()) == []
    view = await ledger.read(lambda views: views.view(stays))
    assert view is not None
    assert view.open_intent == "r1"
