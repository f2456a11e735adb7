"""The drift list says what follows from operations, holds and skips, whatever happened before."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from ledger.model.drift import DECISIONS, URGENCY, DriftClass
from ledger.model.encoding import encode
from ledger.model.entries import Skipped, Unlinked
from ledger.model.facts import Hold, HoldCode
from ledger.model.ids import ExternalRef, Kind, RecordId
from ledger.model.plans import Action
from ledger.model.records import Bill, Vendor
from ledger.model.values import Reference
from ledger.store import views_drift
from ledger.store.conditions import Operator, Term
from ledger.store.engine import reading
from ledger.store.ledger import Ledger
from ledger.store.rebuild import rebuild
from ledger.store.verify import verify_file
from ledger.store.views import DriftEntry, Views
from ledger.store.views_drift import LOOK_UP, DriftOrder, DriftPage, DriftViews
from tests.ledger.store.stories import Step, play, stories
from tests.ledger.store.support import (
    BEGIN,
    DEAR,
    KEY,
    QBO,
    Ticking,
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

OPEN = ("planned", "waiting", "approved", "intended")
ENDS = {Action.INACTIVATE, Action.VOID, Action.DELETE, Action.CLOSE}


def meant(views: Views) -> dict[RecordId, tuple[Any, ...]]:
    """Class, state, reason, targets and counts of every record, from what is open alone."""
    records = [record for kind in Kind for record in views.records(kind, limit=10_000)]
    work, holds = views.operations_of(records, OPEN), views.holds_of(records)
    skips = {
        (skip.record, skip.digest) for rows in views.skips_of(records).values() for skip in rows
    }
    found: dict[RecordId, tuple[Any, ...]] = {}
    for record in sorted(work.keys() | holds.keys()):
        mine, held = work.get(record, []), holds.get(record, [])
        todo = [row for row in mine if (record, row.operation.digest) not in skips]
        asks = [row for row in held if (record, row.payload) not in skips]
        reasons = sorted((URGENCY[row.hold.code], row.hold.code) for row in asks or held)
        states = sorted((OPEN_ORDER[row.state], row.operation.id, row) for row in todo or mine)
        if asks:
            is_asked = reasons[0][1] in DECISIONS
            drift = DriftClass.CONFLICT if is_asked else DriftClass.HELD
            state, reason = "held", reasons[0][1].value
        elif todo:
            actions = {row.operation.action for row in todo}
            drift = DriftClass.CHANGED
            if Action.CREATE in actions:
                drift = DriftClass.MISSING
            if actions & ENDS:
                drift = DriftClass.GONE
            first = states[0][2]
            state = "sending" if first.state == "intended" else first.state
            reason = first.reason
        else:
            drift, state = DriftClass.SKIPPED, "skipped"
            reason = reasons[0][1].value if held else states[0][2].reason
        targets = tuple(sorted({row.operation.system for row in mine}))
        found[record] = (drift, state, reason, targets, len(mine), len(held))
    return found


OPEN_ORDER = {"waiting": 0, "planned": 1, "approved": 2, "intended": 3}


def listed(views: Views) -> dict[RecordId, tuple[Any, ...]]:
    page = views.drift_page(limit=10_000)
    return {
        row.record: (row.drift, row.state, row.reason, row.targets, row.operations, row.holds)
        for row in page.rows
    }


@settings(max_examples=40, deadline=None)
@given(story=stories)
async def test_the_list_follows_from_what_is_open(
    story: list[list[Step]], tmp_path_factory: Any
) -> None:
    path: Path = tmp_path_factory.mktemp("drift") / "ledger.db"
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    for chapter in story:
        await play(ledger, [chapter])
        expected = await ledger.read(meant)
        assert await ledger.read(listed) == expected
        counts = await ledger.read(DriftViews.drift_counts)
        assert counts.records == len(expected)
        assert counts.by_class == Counter(row[0] for row in expected.values())
        hours = await ledger.read(DriftViews.drift_history)
        if hours:
            assert hours[-1].records == counts.records
            assert hours[-1].conflicts == counts.by_class.get(DriftClass.CONFLICT, 0)
    labels = await ledger.read(_labels)
    await ledger.close()
    assert verify_file(path, key=KEY).is_sound
    assert rebuild(path, key=KEY, now=lambda: BEGIN).differences == ()
    with closing(reading(path)()) as db:
        kept = dict(db.execute("SELECT record, label FROM drift"))
    assert kept == labels


def _labels(views: Views) -> dict[str, str]:
    return {v.record: v.label.casefold() for v in views.views(meant(views))}


async def _page(ledger: Ledger, order: DriftOrder, **asked: Any) -> DriftPage:
    return await ledger.read(lambda views: views.drift_page(order=order, **asked))


async def test_a_page_of_any_order_is_the_same_from_either_end(ledger: Ledger) -> None:
    draft = ledger.draft()
    labels = {}
    for number in range(23):
        label = f"Part {number * 7 % 23}"
        record = see(draft, ledger, item_ref(DEAR, number), item(label))
        labels[record] = label.casefold()
        action = (Action.CREATE, Action.UPDATE, Action.INACTIVATE)[number % 3]
        plan(draft, operation(record, f"op-{number}", action=action))
        if number % 4 == 0:
            hold(draft, missing(record))
    await ledger.append(draft)

    for order in DriftOrder:
        every = (await _page(ledger, order, limit=100)).rows
        assert len({row.record for row in every}) == 23
        for offset in range(0, 25, 5):
            page = await _page(ledger, order, limit=5, offset=offset)
            assert page.rows == every[offset : offset + 5]
            assert page.total == 23
        assert every == sorted(every, key=partial(_key, order, labels))


def _key(order: DriftOrder, labels: dict[RecordId, str], row: DriftEntry) -> Any:
    """All were planned at one instant, and none has an amount."""
    match order:
        case DriftOrder.LABEL | DriftOrder.KIND:
            return (labels[row.record], row.record)
        case DriftOrder.CLASS:
            return (tuple(DriftClass).index(row.drift), row.record)
        case DriftOrder.OLDEST:
            return row.record
        case DriftOrder.NEWEST | DriftOrder.AMOUNT:
            return tuple(-ord(char) for char in row.record)


def bill(number: str, total: str, *, status: str = "open", vendor: str = "1") -> Bill:
    return Bill(
        number=number,
        vendor=Reference(kind=Kind.VENDOR, id=vendor),
        date="2026-03-31",
        currency="EUR" if number == "B-3" else "USD",
        total=Decimal(total),
        status=status,
    )


def bill_ref(system: Any, number: int) -> ExternalRef:
    return ExternalRef(system, Kind.BILL, str(number))


def _bill_work(record: RecordId, name: str, action: Action) -> Any:
    return msgspec.structs.replace(operation(record, name, action=action), kind=Kind.BILL)


@pytest.fixture
async def bills(ledger: Ledger) -> list[RecordId]:
    """One to be created, one to be changed, one to be deleted, one that is held."""
    draft = ledger.draft()
    see(draft, ledger, vendor_ref(DEAR, 1), Vendor(name="Açme Fasteners", active=True))
    see(draft, ledger, vendor_ref(DEAR, 2), Vendor(name="Bolts Ltd", active=True))
    records = []
    for number, total in enumerate(("119.00", "250.50", "80.10", "7.00"), 1):
        vendor = "2" if number == 4 else "1"
        shown = bill(f"B-{number}", total, vendor=vendor)
        records.append(see(draft, ledger, bill_ref(DEAR, number), shown))
    for number, total in ((2, "300.00"), (3, "80.10")):
        see(draft, ledger, bill_ref(QBO, number), bill(f"B-{number}", total))
        join(draft, records[number - 1], bill_ref(QBO, number))
    plan(draft, _bill_work(records[0], "op-1", Action.CREATE))
    plan(draft, _bill_work(records[1], "op-2", Action.UPDATE))
    plan(draft, _bill_work(records[2], "op-3", Action.DELETE))
    hold(draft, missing(records[3]))
    await ledger.append(draft)
    return records


async def test_a_document_says_by_how_much_the_books_rise(
    ledger: Ledger, bills: list[RecordId]
) -> None:
    page = await ledger.read(lambda views: views.drift_page(order=DriftOrder.AMOUNT))
    told = [(row.record, row.amount, row.currency) for row in page.rows]
    assert told == [
        (bills[0], Decimal("119.00"), "USD"),
        (bills[2], Decimal("-80.10"), "EUR"),
        (bills[1], Decimal("-49.50"), "USD"),
        (bills[3], None, ""),
    ]
    assert page.amounts == {"USD": Decimal("168.50"), "EUR": Decimal("80.10")}


@pytest.mark.parametrize(
    ("term", "numbers"),
    [
        (Term(column="", operator=Operator.HAS, values=("açme",)), [1, 2, 3]),
        (Term(column="", operator=Operator.HAS, values=("açme",), negated=True), [4]),
        (Term(column="party", operator=Operator.HAS, values=("bolts",)), [4]),
        (Term(column="party", operator=Operator.HAS, values=("b-1",)), []),
        (Term(column="", operator=Operator.HAS, values=("b-2", "bolts")), [2, 4]),
        (Term(column="label", operator=Operator.HAS, values=("-3",)), [3]),
        (Term(column="class", operator=Operator.IS, values=("gone", "held")), [3, 4]),
        (Term(column="kind", operator=Operator.IS, values=("item",)), []),
        (Term(column="kind", operator=Operator.IS, values=("item",), negated=True), [1, 2, 3, 4]),
        (Term(column="to", operator=Operator.IS, values=("qbo",)), [1, 2, 3]),
        (Term(column="to", operator=Operator.IS, values=("q",)), []),
        (Term(column="state", operator=Operator.IS, values=("held",)), [4]),
        (Term(column="reason", operator=Operator.IS, values=("missing_reference",)), [4]),
        (Term(column="amount", operator=Operator.OVER, values=(800_000,)), [1, 3]),
        (Term(column="amount", operator=Operator.AT_MOST, values=(800_000,)), [2]),
        (Term(column="amount", operator=Operator.OVER, values=(0,), negated=True), [4]),
        (Term(column="age", operator=Operator.OVER, values=(3600,)), []),
        (Term(column="age", operator=Operator.UNDER, values=(3600,)), [1, 2, 3, 4]),
    ],
)
async def test_a_filter_leaves_what_it_says(
    ledger: Ledger, bills: list[RecordId], term: Term, numbers: list[int]
) -> None:
    now = BEGIN + timedelta(minutes=30)
    for order in DriftOrder:
        page = await _page(ledger, order, terms=(term,), now=now)
        assert sorted(row.record for row in page.rows) == sorted(bills[n - 1] for n in numbers)
        assert page.total == len(numbers)
        sized = (abs(row.amount) for row in page.rows if row.amount is not None)
        assert sum(page.amounts.values(), Decimal(0)) == sum(sized, Decimal(0))


async def test_a_walk_that_looks_rows_up_finds_the_same_page(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_drift, "FEW", 0)  # of few all are taken at once
    draft = ledger.draft()
    for number in range(20 * LOOK_UP):
        record = see(draft, ledger, item_ref(DEAR, number))
        plan(draft, operation(record, f"op-{number}"))
        if number % 9 == 0:
            gate(draft, operation(record, f"op-{number}"))
    await ledger.append(draft)
    terms = (Term(column="state", operator=Operator.IS, values=("planned",)),)
    for order in DriftOrder:
        every = (await _page(ledger, order, terms=terms, limit=1000)).rows
        assert len(every) == 20 * LOOK_UP - -(-20 * LOOK_UP // 9)
        for offset in (0, 3, len(every) - 5, len(every) - 2):
            page = await _page(ledger, order, terms=terms, limit=3, offset=offset)
            assert page.rows == every[offset : offset + 3]


async def test_a_plan_that_replaces_another_keeps_its_age(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    plan(draft, operation(record, "op-1"))
    await ledger.append(draft)
    since = await _since(ledger, record)

    draft = ledger.draft()
    plan(draft, operation(record, "op-2"))
    await ledger.append(draft)
    assert await _since(ledger, record) == since

    draft = ledger.draft()
    for name in ("op-1", "op-2"):
        intend(draft, f"r-{name}", [operation(record, name)])
        confirm(draft, ledger, f"r-{name}", operation(record, name), item_ref(QBO, 1), item())
    await ledger.append(draft)
    assert await ledger.read(lambda views: views.drift_of(record)) is None

    draft = ledger.draft()
    plan(draft, operation(record, "op-3"))
    await ledger.append(draft)
    assert await _since(ledger, record) > since


async def _since(ledger: Ledger, record: RecordId) -> str:
    row = await ledger.read(lambda views: views.drift_of(record))
    assert row is not None
    return row.since


async def test_a_record_that_is_joined_leaves_the_list_and_comes_back_with_its_side(
    ledger: Ledger,
) -> None:
    draft = ledger.draft()
    one, other = (see(draft, ledger, item_ref(system, 1)) for system in (DEAR, QBO))
    hold(draft, missing(other))
    plan(draft, operation(one))
    await ledger.append(draft)
    assert set(await ledger.read(listed)) == {one, other}

    draft = ledger.draft()
    join(draft, one, item_ref(QBO, 1))
    await ledger.append(draft)
    assert set(await ledger.read(listed)) == {one}

    draft = ledger.draft()
    draft.add(Unlinked(record=one, ref=item_ref(QBO, 1), reason="wrong"))
    hold(draft, missing(other))
    await ledger.append(draft)
    assert set(await ledger.read(listed)) == {one, other}


async def test_a_new_name_is_found_at_once(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1), item("Bolt"))
    plan(draft, operation(record))
    await ledger.append(draft)
    draft = ledger.draft()
    see(draft, ledger, item_ref(DEAR, 1), item("Straße"))
    await ledger.append(draft)

    async def found(text: str) -> Sequence[RecordId]:
        term = Term(column="", operator=Operator.HAS, values=(text,))
        page = await ledger.read(lambda views: views.drift_page((term,)))
        return [row.record for row in page.rows]

    assert await found("strasse") == [record]
    assert await found("bolt") == []


async def test_a_skip_ends_when_what_was_skipped_is_another(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    held = Hold(record=record, code=HoldCode.NAME_TAKEN, text="taken", cure="rename")
    hold(draft, held)
    digest = ledger.digest(encode(held))
    draft.add(Skipped(record=record, subject=held.subject, digest=digest, reason="later", by="ann"))
    await ledger.append(draft)
    row = await ledger.read(lambda views: views.drift_of(record))
    assert row is not None
    assert (row.drift, row.state, row.reason) == (DriftClass.SKIPPED, "skipped", "name_taken")

    draft = ledger.draft()
    hold(draft, msgspec.structs.replace(held, text="taken by two"))
    await ledger.append(draft)
    row = await ledger.read(lambda views: views.drift_of(record))
    assert row is not None
    assert (row.drift, row.state) == (DriftClass.CONFLICT, "held")


async def test_each_hour_ends_with_its_numbers(path: Path) -> None:
    clock = Ticking()
    ledger = await Ledger.open(path, now=clock, key=KEY)
    draft = ledger.draft()
    records = [see(draft, ledger, item_ref(DEAR, number)) for number in range(3)]
    await ledger.append(draft)
    for hour, record in enumerate(records):
        clock.at = BEGIN + timedelta(hours=hour)
        draft = ledger.draft()
        plan(draft, operation(record, f"op-{hour}"))
        gate(draft, operation(record, f"op-{hour}"))
        if hour == 1:
            hold(draft, Hold(record=record, code=HoldCode.FOREIGN_EDIT, text="", cure=""))
        await ledger.append(draft)
    hours = await ledger.read(lambda views: views.drift_history())
    await ledger.close()
    told = [(row.hour, row.records, row.conflicts) for row in hours]
    assert told == [("2025-03-01T09", 1, 0), ("2025-03-01T10", 2, 1), ("2025-03-01T11", 3, 1)]
    assert rebuild(path, key=KEY, now=lambda: BEGIN).differences == ()
