"""What views answer after the entries that lead there."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import (
    Approved,
    BaselineAdvanced,
    Confirmed,
    ConflictResolved,
    FirstPlanApproved,
    Held,
    Observed,
    OutcomeUnknown,
    Pinned,
    Quarantined,
    Rejected,
    Restored,
    Retried,
    Tombstoned,
    Unlinked,
    VersionMoved,
    Withdrawn,
)
from ledger.model.facts import (
    Baseline,
    ConfirmedChange,
    Cursor,
    HoldCode,
    Observation,
    Problem,
    Rejection,
    Resolution,
)
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, RequestId, record_id
from ledger.model.outcomes import RefusalKind
from ledger.model.plans import Action, Conflict, FieldConflict, Operation
from ledger.model.records import Account, Vendor
from ledger.model.values import Reference, Value
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack, unpack
from ledger.store.views import KindCount, Views
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
    vendor_ref,
)

ALL_STATES = ("planned", "waiting", "approved", "intended", "confirmed", "rejected", "withdrawn")


async def state_of(ledger: Ledger, of: Operation) -> tuple[str, str]:
    row = await ledger.read(lambda views: views.operation(of.id))
    assert row is not None
    assert row.operation == of
    return row.state, row.reason


def reject(
    draft: Draft, done: Operation, refusal: RefusalKind, *, request: str = "r1", code: str = "6240"
) -> None:
    draft.add(
        Rejected(
            request=RequestId(request),
            operation=done.id,
            record=done.record,
            refusal=refusal,
            code=code,
            message="the name is taken",
            field="name",
            cure="rename it",
        )
    )


async def test_heads_tell_content_versions_removals_and_problems(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(QBO, 1), item("Bolt"))
    see(draft, ledger, item_ref(QBO, 2))
    problem = Problem(code="malformed", message="no name", field="Name", cure="name it")
    draft.add(Quarantined(ref=item_ref(QBO, 3), problem=problem, payload=draft.body(b"<html>")))
    await ledger.append(draft)
    refs = [item_ref(QBO, number) for number in (1, 2, 3, 4)]
    heads = await ledger.read(lambda views: views.heads(refs))
    assert list(heads) == refs[:3]
    bolt = heads[refs[0]]
    assert (bolt.record, bolt.version, bolt.seq) == (record, "1", 1)
    assert bolt.comparable == ledger.digest(comparable_bytes(item("Bolt")))
    assert heads[refs[2]].problem == problem
    assert heads[refs[2]].comparable == ""

    draft = ledger.draft()
    shown = Observation(ref=refs[0], version="2", record=item("Bolt"), raw=b'{"Id":"1","n":2}')
    draft.add(VersionMoved(ref=refs[0], version="2", payload=draft.body(pack(shown))))
    draft.add(Tombstoned(ref=refs[1], evidence="read answered 610"))
    see(draft, ledger, refs[2])
    await ledger.append(draft)
    heads = await ledger.read(lambda views: views.heads(refs))
    moved = heads[refs[0]]
    assert (moved.version, moved.seq, moved.comparable) == ("2", 1, bolt.comparable)
    assert moved.payload == ledger.digest(pack(shown))
    assert heads[refs[1]].tombstone == "read answered 610"
    assert heads[refs[2]].problem is None
    body = await ledger.read(lambda views: views.body(moved.payload))
    assert body is not None
    assert unpack(body).raw == b'{"Id":"1","n":2}'


async def test_a_removed_record_that_shows_again_is_alive(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(QBO, 1))
    draft.add(Tombstoned(ref=item_ref(QBO, 1), evidence="cdc stub"))
    await ledger.append(draft)
    view = await ledger.read(lambda views: views.view(record))
    assert view is not None
    assert not view.sides[QBO].is_live
    assert view.sides[QBO].record is not None
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)
    view = await ledger.read(lambda views: views.view(record))
    assert view is not None
    assert view.sides[QBO].is_live


async def test_a_view_gathers_sides_baselines_intents_refusals_and_answers(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, "a"), item("Bolt", price="1.50"))
    see(draft, ledger, item_ref(QBO, 7), item("Bolt", price="1.5"))
    join(draft, record, item_ref(QBO, 7))
    image: dict[str, Value] = {
        "name": "Bolt",
        "sales_price": Decimal("1.50"),
        "active": True,
        "parent": Reference(kind=Kind.ITEM, id="9"),
        "unit": None,
    }
    images = {DEAR: draft.body(encode(image))}
    draft.add(BaselineAdvanced(record=record, images=images, mapping_version=3))
    refused, open_one = operation(record, "op-1"), operation(record, "op-2")
    plan(draft, refused)
    intend(draft, "r1", [refused])
    reject(draft, refused, RefusalKind.INVALID)
    plan(draft, open_one)
    intend(draft, "r2", [open_one])
    for take in (QBO, DEAR):
        draft.add(
            ConflictResolved(
                record=record,
                field="name",
                take=take,
                value_digest=Digest("v"),
                by="ann",
                reason="",
            )
        )
    await ledger.append(draft)
    (view,) = await ledger.read(lambda views: views.views([record, RecordId("item-none")]))
    assert set(view.sides) == {QBO, DEAR}
    assert view.sides[DEAR].record == item("Bolt", price="1.50")
    assert str(view.sides[QBO].record.sales_price) == "1.5"  # type: ignore[union-attr]
    assert view.baselines == {DEAR: Baseline(system=DEAR, fields=image, seq=4, mapping_version=3)}
    assert view.open_intent == "r2"
    assert view.rejections == (
        Rejection(
            operation_digest=refused.digest,
            system=QBO,
            code="6240",
            message="the name is taken",
            field="name",
            cure="rename it",
        ),
    )
    assert view.resolutions == (Resolution(field="name", take=DEAR, value_digest=Digest("v")),)

    draft = ledger.draft()
    draft.add(Retried(record=record, by="ann", reason="renamed it"))
    await ledger.append(draft)
    again = await ledger.read(lambda views: views.view(record))
    assert again is not None
    assert again.rejections == ()


async def test_unlinking_gives_a_reference_a_record_of_its_own(ledger: Ledger) -> None:
    draft = ledger.draft()
    dear = see(draft, ledger, item_ref(DEAR, 1))
    qbo = see(draft, ledger, item_ref(QBO, 1))
    join(draft, dear, item_ref(QBO, 1))
    images = {DEAR: draft.body(b"{}"), QBO: draft.body(b"{}")}
    draft.add(BaselineAdvanced(record=dear, images=images, mapping_version=1))
    draft.add(Unlinked(record=dear, ref=item_ref(DEAR, 1), reason="mistake", by="ann"))
    await ledger.append(draft)
    # The QBO reference still holds the record that was named after DEAR's, so DEAR gets another.
    other = await ledger.read(lambda views: views.record_of(item_ref(DEAR, 1)))
    assert other is not None
    assert other not in {dear, qbo}
    assert await ledger.read(lambda views: views.record_of(item_ref(QBO, 1))) == dear
    views = await ledger.read(lambda views: views.views([dear, other]))
    assert [view.baselines for view in views] == [{}, {}]


async def test_keys_find_what_is_there_and_not_what_is_gone(ledger: Ledger) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1), item("Straße"))
    see(draft, ledger, item_ref(QBO, 2), item("STRASSE", active=False))
    see(draft, ledger, item_ref(QBO, 3), item("strasse"))
    draft.add(Tombstoned(ref=item_ref(QBO, 3), evidence="cdc stub"))
    see(draft, ledger, item_ref(DEAR, 1), item("strasse"))
    see(draft, ledger, vendor_ref(QBO, 1), Vendor(name="  O’Hara  ", email="A@B.example "))
    await ledger.append(draft)

    def find(views: Views) -> list[tuple[ExternalRef, ...]]:
        return [
            views.find(QBO, Kind.ITEM, "name", "STRASSE"),
            views.find(QBO, Kind.ITEM, "sku", " strasse "),
            views.find(QBO, Kind.VENDOR, "email", "a@b.example"),
            views.find(QBO, Kind.VENDOR, "normal_name", "o'hara"),
            views.find(QBO, Kind.VENDOR, "name", "o'hara"),
        ]

    both = (item_ref(QBO, 1), item_ref(QBO, 2))
    vendor = (vendor_ref(QBO, 1),)
    assert await ledger.read(find) == [both, both, vendor, vendor, ()]

    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1), item("Renamed"))
    await ledger.append(draft)
    assert (await ledger.read(find))[0] == (item_ref(QBO, 2),)


async def test_pointers_are_resolved_by_id_code_and_name(ledger: Ledger) -> None:
    def account(number: int, name: str, code: str, *, active: bool = True) -> ExternalRef:
        ref = ExternalRef(DEAR, Kind.ACCOUNT, str(number))
        see(draft, ledger, ref, Account(name=name, code=code, active=active))
        return ref

    draft = ledger.draft()
    sales = account(1, "Sales", "400")
    account(2, "400", "500")
    account(3, "Freight", "600")
    account(4, "Freight", "601")
    old = account(5, "Rent", "700", active=False)
    new = account(6, "Rent", "701")
    draft.add(
        Observed(
            ref=ExternalRef(DEAR, Kind.ACCOUNT, "7"),
            version="",
            comparable=ledger.digest(b""),
            payload=draft.body(
                pack(Observation(ref=sales, version="", record=Account(name="Sales")))
            ),
            via="sweep",
            out_of_scope="header",
        )
    )
    await ledger.append(draft)

    async def resolve(**how: str) -> RecordId | None:
        reference = Reference(kind=Kind.ACCOUNT, **how)
        return await ledger.read(lambda views: views.resolve(DEAR, reference))

    assert await resolve(id="1") == record_id(sales)
    assert await resolve(id="9") is None
    assert await resolve(key="400") == record_id(sales)  # a code goes before a name
    assert await resolve(key="SALES") == record_id(sales)  # out of scope means nothing
    assert await resolve(key="freight") is None  # ambiguous
    assert await resolve(key="rent") == record_id(new)  # the active one
    assert await resolve(key="700") == record_id(old)


async def test_unseen_are_the_references_that_a_sweep_did_not_show(ledger: Ledger) -> None:
    draft = ledger.draft()
    refs = [item_ref(QBO, number) for number in range(5)]
    for ref in refs:
        see(draft, ledger, ref)
    see(draft, ledger, vendor_ref(QBO, 1))
    draft.add(Tombstoned(ref=refs[4], evidence="cdc stub"))
    draft.seen("sweep-1", [refs[0], item_ref(QBO, "never observed")])
    await ledger.append(draft)
    later = ledger.draft()
    later.seen("sweep-2", [refs[1]])
    await ledger.append(later)

    def ask(views: Views) -> list[list[ExternalRef]]:
        return [
            views.unseen("sweep-1", QBO, Kind.ITEM, 10),
            views.unseen("sweep-2", QBO, Kind.ITEM, 10),
            views.unseen("sweep-1", QBO, Kind.ITEM, 1),
        ]

    first, second, one = await ledger.read(ask)
    assert set(first) == set(refs[1:4])
    assert set(second) == {refs[0], refs[2], refs[3]}
    assert len(one) == 1


async def test_a_cursor_is_kept_with_the_page_it_belongs_to(ledger: Ledger) -> None:
    draft = ledger.draft()
    for token in ("t1", "t2"):
        draft.cursor(Cursor(system=QBO, kind=Kind.ITEM, token=token))
    draft.cursor(Cursor(system=DEAR, kind=Kind.ITEM, token="p4", complete=True))
    await ledger.append(draft)
    assert await ledger.read(lambda views: views.cursors(QBO)) == {
        Kind.ITEM: Cursor(system=QBO, kind=Kind.ITEM, token="t2")
    }
    cursor = await ledger.read(lambda views: views.cursor(DEAR, Kind.ITEM))
    assert cursor == Cursor(system=DEAR, kind=Kind.ITEM, token="p4", complete=True)
    assert await ledger.read(lambda views: views.cursor(DEAR, Kind.VENDOR)) is None


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


async def test_counts_put_every_reference_in_one_column(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    for number in range(1, 6):
        see(draft, ledger, item_ref(QBO, number), item(f"n{number}", active=number != 2))
    join(draft, record, item_ref(QBO, 1))
    draft.add(Tombstoned(ref=item_ref(QBO, 3), evidence="gone"))
    draft.add(
        Quarantined(ref=item_ref(QBO, 4), problem=Problem(code="malformed", message="no name"))
    )
    draft.add(
        Observed(
            ref=item_ref(QBO, 6),
            version="",
            comparable=ledger.digest(b""),
            payload=draft.body(
                pack(Observation(ref=item_ref(QBO, 6), version="", record=item("cat")))
            ),
            via="sweep",
            out_of_scope="category",
        )
    )
    await ledger.append(draft)
    assert await ledger.read(Views.counts) == [
        KindCount(
            system=DEAR,
            kind=Kind.ITEM,
            live=1,
            inactive=0,
            removed=0,
            unreadable=0,
            out_of_scope=0,
            linked=1,
        ),
        KindCount(
            system=QBO,
            kind=Kind.ITEM,
            live=2,
            inactive=1,
            removed=1,
            unreadable=1,
            out_of_scope=1,
            linked=1,
        ),
    ]


async def test_history_is_the_life_of_a_record_across_its_references(ledger: Ledger) -> None:
    draft = ledger.draft(actor="daemon", cycle="c7")
    record = see(draft, ledger, item_ref(DEAR, 1))
    see(draft, ledger, item_ref(QBO, 1))
    see(draft, ledger, item_ref(QBO, 2))
    join(draft, record, item_ref(QBO, 1))
    todo = operation(record)
    plan(draft, todo)
    gate(draft, todo)
    draft.add(Approved(digests=(todo.digest,), by="ann", expires_at="2025-04-01T00:00:00Z"))
    intend(draft, "r1", [todo])
    draft.add(OutcomeUnknown(request=RequestId("r1"), reason="lost"))
    confirm(draft, ledger, "r1", todo, item_ref(QBO, 1), item("Widget 1"))
    await ledger.append(draft)
    history = await ledger.read(lambda views: views.history(record))
    assert [type(row.entry).__name__ for row in history] == [
        "Observed",
        "Observed",
        "Linked",
        "Planned",
        "GateHeld",
        "Approved",
        "Intended",
        "OutcomeUnknown",
        "Confirmed",
    ]
    assert {row.cycle for row in history} == {"c7"}
    assert history[3].body == encode(todo)
    assert history[4].body is None
    of_ref = await ledger.read(lambda views: views.history(item_ref(QBO, 1)))
    assert [row.seq for row in of_ref] == [2, 4, 10]
    assert len(await ledger.read(lambda views: views.history(record, limit=2))) == 2


async def test_standing_facts(ledger: Ledger) -> None:
    assert await ledger.read(Views.first_plan_approved) is False
    assert await ledger.read(Views.mapping_version) == 0
    assert await ledger.read(Views.config) is None
    draft = ledger.draft()
    pin = Pinned(system=QBO, fingerprint=Digest("f"), environment="sandbox")
    draft.add(pin)
    draft.add(FirstPlanApproved(by="ann"))
    draft.cursor(Cursor(system=QBO, kind=Kind.ITEM, token="t", complete=True))
    await ledger.append(draft)
    assert await ledger.read(Views.pins) == {QBO: pin}
    assert await ledger.read(Views.first_plan_approved) is True

    draft = ledger.draft()
    draft.add(Restored(backup_seq=1, backup_hash="00", by="ann"))
    await ledger.append(draft)
    assert await ledger.read(Views.first_plan_approved) is False
    assert await ledger.read(lambda views: views.cursors(QBO)) == {}
    draft = ledger.draft()
    draft.add(FirstPlanApproved(by="ann"))
    await ledger.append(draft)
    assert await ledger.read(Views.first_plan_approved) is True
