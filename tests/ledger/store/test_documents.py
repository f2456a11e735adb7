"""Documents in the ledger: found by number, at rest when voided, woken by a mere new version, and
shown in pages for reports."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from ledger.model.entries import (
    Confirmed,
    Quarantined,
    Rejected,
    Tombstoned,
    VersionMoved,
    Withdrawn,
)
from ledger.model.facts import Hold, HoldCode, Observation, Problem
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, RequestId, SystemName
from ledger.model.outcomes import RefusalKind
from ledger.model.plans import Action, FieldChange, Operation
from ledger.model.records import Bill, Invoice, PurchaseOrder, Record, Vendor
from ledger.model.values import Line, Lines, Reference
from ledger.store.fold.runs import FEWEST
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack
from ledger.store.rebuild import rebuild
from ledger.store.views import DocumentSide, Views
from tests.ledger.store.support import (
    DEAR,
    QBO,
    Ticking,
    confirm,
    gate,
    hold,
    intend,
    item,
    item_ref,
    join,
    operation,
    plan,
    see,
    vendor_ref,
)


def bill_ref(system: SystemName, number: int | str) -> ExternalRef:
    return ExternalRef(system, Kind.BILL, str(number))


def bill(
    number: str = "B-1",
    *,
    total: str = "119.00",
    vendor: Reference | None = None,
    status: str = "open",
    balance: str = "119.00",
) -> Bill:
    line = Line(item=Reference(kind=Kind.ITEM, id="7"), quantity=Decimal(2), amount=Decimal(100))
    return Bill(
        number=number,
        date="2026-03-31",
        currency="USD",
        vendor=vendor or Reference(kind=Kind.VENDOR, id="1"),
        lines=Lines((line,)),
        total=Decimal(total),
        tax_total=Decimal("19.00"),
        status=status,
        balance=Decimal(balance),
    )


def settled(record: RecordId, *refs: ExternalRef) -> Hold:
    return Hold(
        record=record,
        code=HoldCode.SETTLED,
        text="Payments stand against it.",
        cure="Take the payments off.",
        waits_for_keys=tuple((ref.system, ref.kind.value, "moved", ref.id) for ref in refs),
    )


def move(draft: Draft, ref: ExternalRef, record: Record, version: str = "9") -> None:
    body = draft.body(pack(Observation(ref=ref, version=version, record=record)))
    draft.add(VersionMoved(ref=ref, version=version, payload=body))


async def dirty(ledger: Ledger) -> set[RecordId]:
    return set(await ledger.read(lambda views: views.dirty(1000)))


async def settle(ledger: Ledger) -> None:
    head, _ = await ledger.read(Views.head)
    draft = ledger.draft()
    draft.decided(await dirty(ledger), as_of=head)
    await ledger.append(draft)
    assert await dirty(ledger) == set()


# -- who must be there first ---------------------------------------------------------------------


@pytest.mark.parametrize("end", ["refused", "withdrawn", "done"])
async def test_what_needs_another_record_gets_a_look_when_that_one_moves(
    ledger: Ledger, end: str
) -> None:
    draft = ledger.draft()
    order = see(draft, ledger, ExternalRef(DEAR, Kind.PURCHASE_ORDER, "o1"), PurchaseOrder())
    billed = see(draft, ledger, bill_ref(DEAR, 1), bill())
    first = operation(order, "op-order", action=Action.CREATE)
    then = operation(billed, "op-bill", action=Action.CREATE)
    plan(draft, first)
    plan(draft, msgspec.structs.replace(then, needs=(order,)))
    await ledger.append(draft)
    await settle(ledger)

    draft = ledger.draft()
    intend(draft, "r1", [first])
    await ledger.append(draft)
    assert await dirty(ledger) == set()
    draft = ledger.draft()
    match end:
        case "refused":
            draft.add(_refusal(first))
        case "withdrawn":
            draft.add(Withdrawn(operation=first.id, record=order, reason="moved on"))
        case _:
            where = ExternalRef(QBO, Kind.PURCHASE_ORDER, "9")
            confirm(draft, ledger, "r1", first, where, PurchaseOrder())
    await ledger.append(draft)
    assert billed in await dirty(ledger)

    await settle(ledger)
    draft = ledger.draft()
    draft.add(Withdrawn(operation=then.id, record=billed, reason="done with it"))
    await ledger.append(draft)
    await settle(ledger)
    draft = ledger.draft()
    see(draft, ledger, ExternalRef(DEAR, Kind.PURCHASE_ORDER, "o1"), PurchaseOrder(number="2"))
    await ledger.append(draft)
    assert await dirty(ledger) == {order}


def _refusal(planned: Operation) -> Rejected:
    return Rejected(
        request=RequestId("r1"),
        operation=planned.id,
        record=planned.record,
        refusal=RefusalKind.INVALID,
        code="2500",
        message="inactive",
    )


# -- a new version wakes who waits for it -------------------------------------------------------


async def test_a_new_balance_wakes_the_hold_that_waits_for_it_and_nothing_else(
    ledger: Ledger,
) -> None:
    draft = ledger.draft()
    paid, other = (see(draft, ledger, bill_ref(QBO, n), bill(f"B-{n}")) for n in (1, 2))
    hold(draft, settled(paid, bill_ref(QBO, 1)))
    await ledger.append(draft)
    await settle(ledger)

    draft = ledger.draft()
    move(draft, bill_ref(QBO, 2), bill("B-2", balance="0"))
    await ledger.append(draft)
    assert await dirty(ledger) == set(), other

    draft = ledger.draft()
    move(draft, bill_ref(QBO, 1), bill("B-1", balance="119.00"))
    await ledger.append(draft)
    assert await dirty(ledger) == {paid}


async def test_many_new_versions_in_one_draft_wake_as_single_ones_do(ledger: Ledger) -> None:
    draft = ledger.draft()
    numbers = range(FEWEST + 2)
    records = [see(draft, ledger, bill_ref(QBO, n), bill(f"B-{n}")) for n in numbers]
    hold(draft, settled(records[3], bill_ref(QBO, 3)))
    hold(draft, settled(records[0], bill_ref(QBO, 4), bill_ref(QBO, 5)))
    await ledger.append(draft)
    await settle(ledger)

    draft = ledger.draft()
    for n in numbers:
        move(draft, bill_ref(QBO, n), bill(f"B-{n}", balance="1"))
    await ledger.append(draft)

    assert await dirty(ledger) == {records[0], records[3]}


async def test_an_id_that_is_a_name_elsewhere_wakes_nobody(ledger: Ledger) -> None:
    draft = ledger.draft()
    waiting = see(draft, ledger, bill_ref(QBO, 1), bill())
    see(draft, ledger, item_ref(QBO, 1), item())
    see(draft, ledger, bill_ref(DEAR, 1), bill())
    hold(draft, settled(waiting, bill_ref(QBO, 1)))
    await ledger.append(draft)
    await settle(ledger)

    draft = ledger.draft()
    move(draft, item_ref(QBO, 1), item())
    move(draft, bill_ref(DEAR, 1), bill())
    await ledger.append(draft)

    assert await dirty(ledger) == set()


# -- found, counted, at rest --------------------------------------------------------------------


async def test_pointers_mean_items_by_name_and_documents_by_number(ledger: Ledger) -> None:
    draft = ledger.draft()
    bolt = see(draft, ledger, item_ref(DEAR, 1), item("Bolt"))
    order_ref = ExternalRef(DEAR, Kind.PURCHASE_ORDER, "p1")
    order = see(draft, ledger, order_ref, PurchaseOrder(number="PO-7 ", status="open"))
    for n in (1, 2):
        see(draft, ledger, bill_ref(DEAR, n), bill("TWICE"))
    await ledger.append(draft)

    async def meant(kind: Kind, key: str) -> RecordId | None:
        return await ledger.read(lambda views: views.resolve(DEAR, Reference(kind=kind, key=key)))

    assert await meant(Kind.ITEM, "bolt") == bolt
    assert await meant(Kind.PURCHASE_ORDER, "po-7") == order
    assert await meant(Kind.BILL, "TWICE") is None

    draft = ledger.draft()
    see(draft, ledger, bill_ref(DEAR, 2), bill("TWICE", status="voided"))
    await ledger.append(draft)
    assert await meant(Kind.BILL, "TWICE") is not None, "the voided one steps back"


async def test_documents_are_found_by_their_day_and_sum_and_by_the_order_they_bill(
    ledger: Ledger,
) -> None:
    draft = ledger.draft()
    see(
        draft,
        ledger,
        bill_ref(QBO, 1),
        Bill(
            date="2026-03-31",
            total=Decimal("119"),
            order=Reference(kind=Kind.PURCHASE_ORDER, id="45"),
        ),
    )
    await ledger.append(draft)

    def found(views: Views) -> list[tuple[ExternalRef, ...]]:
        keys = {"dated_total": "2026-03-31|119", "order": "45"}
        return [views.find(QBO, Kind.BILL, key, value) for key, value in keys.items()]

    assert await ledger.read(found) == [(bill_ref(QBO, 1),)] * 2


async def test_a_voided_document_counts_as_inactive_and_strangers_need_no_name(
    ledger: Ledger,
) -> None:
    draft = ledger.draft()
    see(draft, ledger, bill_ref(QBO, 1), bill())
    see(draft, ledger, bill_ref(QBO, 2), Bill(status="open"))
    await ledger.append(draft)

    async def told() -> tuple[int, int, int]:
        (one,) = await ledger.read(Views.counts)
        return one.live, one.inactive, one.removed

    assert await told() == (2, 0, 0)
    draft = ledger.draft()
    see(draft, ledger, bill_ref(QBO, 1), bill(status="voided"))
    draft.add(Tombstoned(ref=bill_ref(QBO, 2), evidence="read answered 610"))
    await ledger.append(draft)
    assert await told() == (0, 1, 1)

    since = "2025-01-01T00:00:00.000000Z"
    strangers = await ledger.read(lambda views: views.strangers(QBO, Kind.BILL, since, 5))
    assert strangers == [bill_ref(QBO, 1)]


async def test_a_ledger_of_documents_verifies_and_rebuilds_without_differences(
    ledger: Ledger, path: Path
) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, bill_ref(DEAR, 1), bill(balance="0"))
    for n in range(FEWEST + 1):
        see(draft, ledger, bill_ref(QBO, n), bill(f"B-{n}", status=("open", "voided")[n % 2]))
    join(draft, record, bill_ref(QBO, 0))
    hold(draft, settled(record, bill_ref(QBO, 0)))
    move(draft, bill_ref(QBO, 0), bill("B-0", balance="1"))
    await ledger.append(draft)
    assert (await ledger.verify()).problems == ()

    waits = await ledger.read(lambda views: views.holds(record=record))
    await ledger.close()
    assert rebuild(path, key=bytes(range(32)), now=Ticking()).differences == ()

    again = await Ledger.open(path, now=Ticking(), key=bytes(range(32)))
    try:
        assert await again.read(lambda views: views.holds(record=record)) == waits
        await settle(again)
        draft = again.draft()
        move(draft, bill_ref(QBO, 0), bill("B-0", balance="2"), version="10")
        await again.append(draft)
        assert await dirty(again) == {record}, "a rebuilt ledger still knows who waits"
    finally:
        await again.close()


# -- pages for reports --------------------------------------------------------------------------


async def shown(ledger: Ledger, record: RecordId) -> dict[SystemName, DocumentSide]:
    rows = await ledger.read(lambda views: views.documents(Kind.BILL, limit=500))
    (row,) = [row for row in rows if row.record == record]
    return row.sides


async def test_a_page_shows_both_sides_of_each_document(ledger: Ledger) -> None:
    draft = ledger.draft()
    vendor = see(draft, ledger, vendor_ref(DEAR, "v"), Vendor(name="Acme", active=True))
    see(draft, ledger, vendor_ref(QBO, 1), Vendor(name="ACME Inc", active=True))
    join(draft, vendor, vendor_ref(QBO, 1))
    by_name = Reference(kind=Kind.VENDOR, key="acme")
    record = see(draft, ledger, bill_ref(DEAR, 1), bill(total="119.004", vendor=by_name))
    see(draft, ledger, bill_ref(QBO, 1), bill())
    join(draft, record, bill_ref(QBO, 1))
    await ledger.append(draft)

    sides = await shown(ledger, record)

    assert sides[QBO] == DocumentSide(
        ref=bill_ref(QBO, 1),
        number="B-1",
        party=Reference(kind=Kind.VENDOR, id="1"),
        party_record=vendor,
        date="2026-03-31",
        currency="USD",
        total=Decimal("119.00"),
        tax_total=Decimal("19.00"),
        status="open",
        balance=Decimal("119.00"),
        seq=sides[QBO].seq,
    )
    assert 0 < sides[DEAR].seq < sides[QBO].seq
    assert sides[DEAR].party_record == vendor
    assert str(sides[DEAR].total) == "119.004", "to the last digit that was sent"


async def test_a_page_says_why_sides_differ(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, bill_ref(DEAR, 1), bill())
    other = see(draft, ledger, bill_ref(DEAR, 2), Bill())
    hold(draft, settled(record))
    todo = operation(record, "op-1", action=Action.DELETE)
    plan(draft, todo)
    gate(draft, todo, "removes")
    done = operation(other, "op-2")
    plan(draft, done)
    intend(draft, "r1", [done])
    confirm(draft, ledger, "r1", done, bill_ref(QBO, 2), bill("B-2"))
    await ledger.append(draft)

    rows = await ledger.read(lambda views: views.documents(Kind.BILL))
    told = {row.record: row for row in rows}

    (why,) = told[record].holds
    assert (why.code, why.text) == (HoldCode.SETTLED, "Payments stand against it.")
    assert why.since
    (work,) = told[record].work
    assert (work.action, work.system, work.state) == (Action.DELETE, QBO, "waiting")
    assert (work.reason, work.text) == ("removes", "40 of 100 change")
    assert (told[other].holds, told[other].work) == ((), ())
    side = told[other].sides[DEAR]
    assert side == DocumentSide(ref=bill_ref(DEAR, 2), seq=side.seq)


async def test_a_page_shows_what_is_gone_and_what_cannot_be_read(ledger: Ledger) -> None:
    draft = ledger.draft()
    gone = see(draft, ledger, bill_ref(QBO, 1), bill())
    odd = see(draft, ledger, bill_ref(QBO, 2), bill("B-2"))
    draft.add(Tombstoned(ref=bill_ref(QBO, 1), evidence="cdc stub"))
    problem = Problem(code="malformed", message="TotalAmt is not a number", field="total")
    draft.add(Quarantined(ref=bill_ref(QBO, 2), problem=problem))
    await ledger.append(draft)

    assert (await shown(ledger, gone))[QBO].tombstone == "cdc stub"
    assert (await shown(ledger, odd))[QBO].problem == "TotalAmt is not a number"


async def test_pages_follow_each_other_and_hold_one_kind_only(ledger: Ledger) -> None:
    draft = ledger.draft()
    bills = {see(draft, ledger, bill_ref(QBO, n), bill(f"B-{n}")) for n in range(7)}
    invoice = see(draft, ledger, ExternalRef(QBO, Kind.INVOICE, "1"), Invoice(number="I-1"))
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)

    seen: list[RecordId] = []
    after = RecordId("")
    while page := await ledger.read(lambda views: views.documents(Kind.BILL, after=after, limit=3)):  # noqa: B023
        seen += [row.record for row in page]
        after = page[-1].record
    assert len(seen) == 7
    assert set(seen) == bills
    assert seen == sorted(seen)
    (row,) = await ledger.read(lambda views: views.documents(Kind.INVOICE))
    assert (row.record, row.kind) == (invoice, Kind.INVOICE)
    assert await ledger.read(lambda views: views.documents(Kind.PURCHASE_ORDER)) == []


async def test_a_removal_confirmed_by_a_tombstone_ends_its_operation(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, bill_ref(QBO, 1), bill())
    todo: Operation = operation(record, action=Action.DELETE, ref=bill_ref(QBO, 1))
    plan(draft, todo)
    intend(draft, "r1", [todo])
    draft.add(Tombstoned(ref=bill_ref(QBO, 1), evidence="deleted"))
    draft.add(
        Confirmed(
            request=RequestId("r1"),
            operation=todo.id,
            record=record,
            ref=bill_ref(QBO, 1),
            version="",
            comparable=Digest(""),
            payload=Digest(""),
        )
    )
    await ledger.append(draft)
    row = await ledger.read(lambda views: views.operation(todo.id))
    assert row is not None
    assert row.state == "confirmed"
    assert await ledger.read(lambda views: views.open_intents()) == []
    assert (await shown(ledger, record))[QBO].tombstone == "deleted"
    assert (await ledger.verify()).problems == ()


@pytest.mark.parametrize("status", ["draft", "open", "closed"])
async def test_a_document_that_stands_is_live(ledger: Ledger, status: str) -> None:
    draft = ledger.draft()
    see(draft, ledger, bill_ref(QBO, 1), bill(status=status))
    await ledger.append(draft)
    (one,) = await ledger.read(Views.counts)
    assert (one.live, one.inactive) == (1, 0)


# -- operations in brief ------------------------------------------------------------------------


async def test_operations_in_brief_tell_what_would_be_done_without_the_lines(
    ledger: Ledger,
) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, bill_ref(DEAR, 1), bill())
    there = bill().lines
    assert isinstance(there, Lines)
    changes = (
        FieldChange(field="lines", before=None, after=there, trace="dear.lines"),
        FieldChange(field="number", before="B-1", after="B-2", trace="dear.number"),
        FieldChange(field="total", before=Decimal("1.50"), after=None, trace="dear.total"),
    )
    heavy = {"changes": changes, "needs": (record,), "why": "because", "kind": Kind.BILL}
    create, update, delete = (
        msgspec.structs.replace(operation(record, action.value, action=action), **heavy)
        for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
    )
    for one in (create, update, delete):
        plan(draft, one)
    gate(draft, update)
    await ledger.append(draft)
    states = ("planned", "waiting")

    whole = await ledger.read(lambda views: views.operations(states=states))
    brief = await ledger.read(lambda views: views.brief_operations(states=states))

    assert [row.operation for row in whole] == [create, delete, update]
    assert [msgspec.structs.replace(row, operation=create) for row in brief] == [
        msgspec.structs.replace(row, operation=create) for row in whole
    ]
    emptied = msgspec.structs.replace(changes[0], before=Lines(), after=Lines())
    light = {"needs": (), "why": ""}
    assert [row.operation for row in brief] == [
        msgspec.structs.replace(create, changes=(), **light),
        msgspec.structs.replace(delete, changes=(emptied, *changes[1:]), **light),
        msgspec.structs.replace(update, changes=(emptied, *changes[1:]), **light),
    ]
    (second,) = await ledger.read(
        lambda views: views.brief_operations(states=states, limit=1, offset=1)
    )
    assert second.operation.id == delete.id
