"""From operations on documents to requests: pointers in lines, order lines, slices, batches."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.cycle.company import Company
from daemon.cycle.execute import SLICE_BATCHES, batches_of
from daemon.cycle.planning import GATE_PAGE, pass_gate
from daemon.cycle.prepare import Ready, cut, make_ready
from daemon.cycle.report import CycleReport
from daemon.reconcile.policy import Policy
from ledger.model.ids import Digest, ExternalRef, Kind, OperationId, RecordId
from ledger.model.plans import REMOVALS, Action, Operation
from ledger.model.records import Bill, Vendor
from ledger.model.values import Line, Lines, RecordRef, Reference, Value
from tests.daemon.cycle.books import (
    Shelf,
    bill,
    capabilities,
    line,
    lines,
    order,
    shelf,
    vendor,
    widget,
)
from tests.jumpclock import JumpClock
from tests.ledger.store.support import DEAR, QBO, intend, join, plan


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with shelf(tmp_path) as opened:
        yield opened


async def ready(one: Shelf, *operations: Operation) -> list[Ready]:
    return await one.ledger.read(lambda views: make_ready(views, operations))


async def fields(one: Shelf, operation: Operation) -> dict[str, Value] | None:
    found = await ready(one, operation)
    return found[0].write.fields if found else None


async def test_pointers_in_lines_become_ids_of_the_target(books: Shelf) -> None:
    acme = await books.pair(Kind.VENDOR, "12", vendor(code="V-9"))
    item = await books.pair(Kind.ITEM, "7", widget())
    code = Reference(kind=Kind.TAX_CODE, id="NON")
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    wanted = lines(
        line(RecordRef(item), number=1, tax_code=code, description="Steel"),
        Line(sort="text", id="4", number=2, description="as agreed"),
    )

    found = await fields(
        books,
        await books.operation(
            record, Action.CREATE, number="B-1", vendor=RecordRef(acme), lines=wanted
        ),
    )

    assert found == {
        "number": "B-1",
        "vendor": Reference(kind=Kind.VENDOR, id="12", key="V-9"),
        "lines": lines(
            line(
                Reference(kind=Kind.ITEM, id="7", key="Widget"),
                tax_code=code,
                description="Steel",
            ),
            Line(sort="text", id="4", description="as agreed"),
        ),
    }


async def test_nothing_goes_without_what_its_head_points_to(books: Shelf) -> None:
    """A bill without its vendor, or a vendor without its terms, is not what was planned."""
    vendor = await books.show(DEAR, Kind.VENDOR, "v1", Vendor(name="Acme"))
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    operation = await books.operation(record, Action.CREATE, number="B-1", vendor=RecordRef(vendor))
    assert await ready(books, operation) == []

    await books.show(QBO, Kind.VENDOR, "7", Vendor(name="Acme"))
    draft = books.ledger.draft()
    join(draft, vendor, ExternalRef(QBO, Kind.VENDOR, "7"))
    await books.ledger.append(draft)

    (one,) = await ready(books, operation)
    assert one.write.fields["vendor"] == Reference(kind=Kind.VENDOR, id="7", key="Acme")


async def test_a_line_waits_for_the_record_that_it_points_to(books: Shelf) -> None:
    item = await books.show(DEAR, Kind.ITEM, "i1", widget())
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    operation = await books.operation(record, Action.CREATE, lines=lines(line(RecordRef(item))))
    assert await ready(books, operation) == []

    await books.show(QBO, Kind.ITEM, "7", widget())
    draft = books.ledger.draft()
    join(draft, item, ExternalRef(QBO, Kind.ITEM, "7"))
    await books.ledger.append(draft)

    assert len(await ready(books, operation)) == 1


async def ordered(one: Shelf) -> RecordId:
    """An order of two lines in both systems, not agreed yet."""
    return await one.pair(
        Kind.PURCHASE_ORDER,
        "45",
        order(shown=[line(), line(amount="7")]),
        in_books=order(shown=[line(id="1"), line(amount="7", id="2")]),
    )


def billing(order: RecordId, number: int) -> Lines:
    return lines(line(amount="7", number=1, order=RecordRef(order), order_number=number))


async def test_a_bill_names_the_line_of_its_order_once_the_order_is_agreed(books: Shelf) -> None:
    po = await ordered(books)
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    operation = await books.operation(record, Action.CREATE, lines=billing(po, 2))
    assert await ready(books, operation) == [], "which line it is is not agreed yet"

    image: dict[str, Value] = {
        "lines": lines(line(id="1", number=1), line(amount="7", id="2", number=2))
    }
    source: dict[str, Value] = {"lines": lines(line(number=1), line(amount="7", number=2))}
    await books.agree(po, qbo=image, dear=source)

    assert await fields(books, operation) == {
        "lines": lines(
            line(
                amount="7",
                order=Reference(kind=Kind.PURCHASE_ORDER, id="45", key="PO-1"),
                order_line="2",
            )
        )
    }
    no_such_line = await books.operation(record, Action.CREATE, lines=billing(po, 3))
    assert await ready(books, no_such_line) == []


async def test_an_order_billed_as_a_whole_needs_no_line_of_it(books: Shelf) -> None:
    po = await ordered(books)
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    operation = await books.operation(record, Action.CREATE, lines=billing(po, 0))

    found = await fields(books, operation)

    assert found is not None
    pointer = Reference(kind=Kind.PURCHASE_ORDER, id="45", key="PO-1")
    assert found["lines"] == lines(line(amount="7", order=pointer))


async def test_a_line_that_names_its_order_line_itself_keeps_it(books: Shelf) -> None:
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    linked = line(order=Reference(kind=Kind.PURCHASE_ORDER, id="9"), order_line="3", number=4)
    found = await fields(books, await books.operation(record, Action.CREATE, lines=lines(linked)))
    assert found is not None
    kept = line(order=Reference(kind=Kind.PURCHASE_ORDER, id="9"), order_line="3")
    assert found["lines"] == lines(kept)


@pytest.mark.parametrize("action", sorted(REMOVALS))
async def test_a_removal_carries_the_version_and_no_fields(books: Shelf, action: Action) -> None:
    record = await books.pair(Kind.BILL, "3", bill())

    (one,) = await ready(books, await books.operation(record, action))

    assert (one.write.fields, one.write.before) == ({}, {})
    assert (one.write.ref, one.write.version) == (ExternalRef(QBO, Kind.BILL, "3"), "1")
    assert one.write.raw == b'{"Id": "3"}'


async def test_an_update_tells_what_the_target_showed_for_its_lines(books: Shelf) -> None:
    there = lines(line(Reference(kind=Kind.ITEM, id="7"), id="1"))
    record = await books.pair(Kind.BILL, "3", bill(), in_books=bill(shown=there.lines))

    (one,) = await ready(books, await books.operation(record, Action.UPDATE, lines=lines(line())))

    assert one.write.before == {"lines": there}


@pytest.mark.parametrize("action", [Action.VOID, Action.DELETE])
@pytest.mark.parametrize("paid", [{"balance": Decimal(4)}, {"settlements": "Payment 9"}])
async def test_an_end_does_not_go_over_a_payment_that_came_since(
    books: Shelf, action: Action, paid: dict[str, Any]
) -> None:
    """Derived figures are in no digest; an update lets the payment stand and goes on."""
    owed: dict[str, Any] = {"total": Decimal(5), "balance": Decimal(5)}
    record = await books.pair(Kind.BILL, "3", bill(**owed))
    end = await books.operation(record, action)
    update = await books.operation(record, Action.UPDATE, number="B-2")
    assert [one.operation for one in await ready(books, end, update)] == [end, update]
    await books.show(QBO, Kind.BILL, "3", bill(**{**owed, **paid}))
    assert [one.operation for one in await ready(books, end, update)] == [update]


async def test_what_moved_since_it_was_planned_is_passed_over(books: Shelf) -> None:
    record = await books.pair(Kind.BILL, "3", bill())
    operation = await books.operation(record, Action.DELETE)
    await books.show(QBO, Kind.BILL, "3", bill(total=Decimal(5)))
    assert await ready(books, operation) == []


async def test_a_record_whose_last_write_has_no_end_yet_is_passed_over(books: Shelf) -> None:
    record = await books.pair(Kind.BILL, "3", bill())
    operation = await books.operation(record, Action.DELETE)
    assert len(await ready(books, operation)) == 1
    draft = books.ledger.draft()
    intend(draft, "r1", [operation])
    await books.ledger.append(draft)
    assert await ready(books, operation) == []


# -- batches ------------------------------------------------------------------------------------


async def creates(one: Shelf, *numbers: str | None) -> list[Ready]:
    operations = []
    for place, number in enumerate(numbers):
        record = await one.show(DEAR, Kind.BILL, f"b{place}", Bill(number=number))
        operations.append(await one.operation(record, Action.CREATE, number=number))
    return await ready(one, *operations)


def sizes(found: Sequence[Sequence[Ready]]) -> list[int]:
    return [len(batch) for batch in found]


async def test_a_create_without_a_number_goes_alone(books: Shelf) -> None:
    found = cut(await creates(books, "1", None, "2", " ", "3", "4"), capabilities())

    assert sorted(sizes(found)) == [1, 1, 1, 3]
    assert sizes(found)[-1] == 1, "only the last batch is short"
    alone = [one.write.fields["number"] for batch in found[:-1] if len(batch) == 1 for one in batch]
    assert alone == [None, " "]


async def test_kinds_share_a_batch_and_voids_go_alone(books: Shelf) -> None:
    pairs = [
        (Kind.INVOICE, "1", Action.VOID),
        (Kind.BILL, "2", Action.DELETE),
        (Kind.INVOICE, "3", Action.UPDATE),
        (Kind.PURCHASE_ORDER, "4", Action.CLOSE),
    ]
    operations = []
    for kind, number, action in pairs:
        record = await books.pair(
            kind, number, bill(number) if kind is Kind.BILL else order(number)
        )
        operations.append(await books.operation(record, action, kind=kind))

    found = cut(await ready(books, *operations), capabilities())

    told = [[(one.write.kind, one.write.action) for one in batch] for batch in found]
    assert told == [
        [(Kind.INVOICE, Action.VOID)],
        [
            (Kind.BILL, Action.DELETE),
            (Kind.INVOICE, Action.UPDATE),
            (Kind.PURCHASE_ORDER, Action.CLOSE),
        ],
    ]


async def test_slices_are_made_ready_one_by_one_and_batches_go_across_them(books: Shelf) -> None:
    can = capabilities(max_batch=3)
    slices = 2
    operations = []
    for place in range(slices * SLICE_BATCHES * can.max_batch + 4):
        record = await books.show(DEAR, Kind.BILL, f"b{place}", Bill(number=f"B-{place}"))
        todo = await books.operation(record, Action.CREATE, number=f"B-{place}")
        draft = books.ledger.draft()
        plan(draft, todo)
        await books.ledger.append(draft)
        operations.append(msgspec.structs.replace(todo, changes=(), computed_from={}))  # in brief
    await books.show(DEAR, Kind.BILL, "b1", Bill(number="moved on"))  # one of the first slice

    async with aclosing(batches_of(books.ledger, can, operations)) as batches:
        found = [batch async for batch in batches]

    assert set(sizes(found)[:-1]) == {3}
    went = [one.operation.id for batch in found for one in batch]
    assert went == [o.id for place, o in enumerate(operations) if place != 1]


async def test_a_first_plan_larger_than_a_draft_waits_whole(books: Shelf) -> None:
    record = await books.show(DEAR, Kind.BILL, "b1", bill())
    todo = await books.operation(record, Action.CREATE, number="B-1")
    count = GATE_PAGE + 5
    draft = books.ledger.draft()
    for place in range(count):
        name = f"op-{place}"
        plan(draft, msgspec.structs.replace(todo, id=OperationId(name), digest=Digest(name)))
    await books.ledger.append(draft)
    policy = Policy(systems=(DEAR, QBO), capabilities={})
    company = Company(ledger=books.ledger, connectors={}, policy=policy, clock=JumpClock())
    report = CycleReport(cycle="1", reason="test", started_at="")

    assert await pass_gate(company, report) == []
    assert (report.waiting, report.halted) == (count, 0)
    states = await books.ledger.read(lambda views: views.operations_count())
    assert states == {"waiting": count}

    head = books.ledger.head
    await pass_gate(company, report)
    assert books.ledger.head == head, "what waits already is not said again"
