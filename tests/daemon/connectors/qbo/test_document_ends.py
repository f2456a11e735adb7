"""Voided, deleted, closed: the end of a document in the books."""

import pytest

from ledger.model.facts import Tombstone
from ledger.model.ids import Kind
from ledger.model.outcomes import Confirmed, RefusalKind, Rejected
from ledger.model.plans import Action
from tests.daemon.connectors.contract import request, shown, value, write
from tests.daemon.connectors.qbo.document_office import (
    ALL,
    BILL,
    INVOICE,
    ORDER,
    an_order,
    bench,
    office,
    party,
    refused,
)
from tests.daemon.connectors.qbo.papers import (
    FOUNTAIN,
    PUMP,
    Office,
    billed,
    code,
    fields,
    goods,
    lines,
)

__all__ = ["bench", "office"]


async def test_a_voided_invoice_stays_with_its_number_and_lines(office: Office) -> None:
    row = goods(FOUNTAIN, "1", "100", "100", tax_code=code("2"))
    first = await office.create(INVOICE, await office.customer(), row, number="I-1", note="Ours")
    gone = shown(await office.attempt(Action.VOID, INVOICE, {}, of=first))
    assert gone.ref == first.ref
    assert value(gone, "status") == "voided"
    assert value(gone, "number") == "I-1"
    assert (value(gone, "total"), value(gone, "tax_total")) == (0, 0)
    assert [line.id for line in lines(gone)] == ["1"]
    again = shown(await office.attempt(Action.VOID, INVOICE, {}, of=gone))
    assert again.version == gone.version


async def test_a_note_alone_voids_nothing(office: Office) -> None:
    row = goods(FOUNTAIN, "1", "100", "100")
    first = await office.create(INVOICE, await office.customer(), row, note="Voided the old one")
    assert value(first, "status") == "open"


@pytest.mark.parametrize("kind", ALL)
async def test_a_deleted_document_leaves_a_tombstone(office: Office, kind: Kind) -> None:
    first = await office.create(kind, await party(office, kind), goods(PUMP, "1", "10", "10"))
    outcome = await office.attempt(Action.DELETE, kind, {}, of=first)
    assert isinstance(outcome, Confirmed)
    assert isinstance(outcome.shown, Tombstone)
    assert outcome.shown.ref == first.ref
    assert isinstance(await office.connector.read(first.ref), Tombstone)
    again = await office.attempt(Action.DELETE, kind, {}, of=first)
    assert isinstance(again, Confirmed), "gone is what was asked for"
    assert isinstance(again.shown, Tombstone)


async def test_deleting_a_bill_opens_its_order_again(office: Office) -> None:
    vendor = await office.vendor()
    order = await an_order(office, vendor)
    rows = (
        billed(goods(PUMP, "10", "3", "30"), order, 0),
        billed(goods(FOUNTAIN, "2", "50", "100"), order, 1),
    )
    bill = await office.create(BILL, vendor, *rows)
    assert value(await office.read(order), "status") == "closed"
    await office.attempt(Action.DELETE, BILL, {}, of=bill)
    assert value(await office.read(order), "status") == "open"


async def test_a_closed_order_stays_as_it_was(office: Office) -> None:
    order = await an_order(office, await office.vendor())
    closed = shown(await office.attempt(Action.CLOSE, ORDER, {}, of=order))
    assert value(closed, "status") == "closed"
    assert lines(closed) == lines(order)
    assert value(closed, "total") == value(order, "total")


@pytest.mark.parametrize(
    ("action", "kind"), [(Action.VOID, BILL), (Action.VOID, ORDER), (Action.CLOSE, INVOICE)]
)
async def test_an_end_that_a_kind_does_not_know_is_never_sent(
    office: Office, action: Action, kind: Kind
) -> None:
    first = await office.create(kind, await party(office, kind), goods(PUMP, "1", "10", "10"))
    before = office.connector.budget.calls
    outcome = refused(await office.attempt(action, kind, {}, of=first))
    assert outcome.refusal is RefusalKind.INVALID
    assert office.connector.budget.calls == before


async def test_ends_of_all_sorts_in_one_request(office: Office) -> None:
    vendor, customer = await office.vendor(), await office.customer()
    row = goods(PUMP, "1", "10", "10")
    order = await office.create(ORDER, vendor, row)
    bill = await office.create(BILL, vendor, row)
    changed = await office.create(BILL, vendor, row)
    invoices = [await office.create(INVOICE, customer, row) for _ in range(2)]
    writes = [
        write(Action.VOID, INVOICE, {}, of=invoices[0], b_id="b0"),
        write(Action.CLOSE, ORDER, {}, of=order, b_id="b1"),
        write(Action.DELETE, BILL, {}, of=bill, b_id="b2"),
        write(Action.UPDATE, BILL, {"due_date": "2026-07-01"}, of=changed, b_id="b3"),
        write(Action.VOID, INVOICE, {}, of=invoices[1], b_id="b4"),
        write(Action.CREATE, BILL, fields(vendor, row, kind=BILL), b_id="b5"),
    ]
    outcomes = await office.connector.write(request(office.connector, *writes, number=90))
    assert all(isinstance(outcome, Confirmed) for outcome in outcomes), outcomes
    assert value(shown(outcomes[0]), "status") == "voided"
    assert value(shown(outcomes[1]), "status") == "closed"
    assert isinstance(outcomes[2], Confirmed)
    assert isinstance(outcomes[2].shown, Tombstone)
    assert value(shown(outcomes[3]), "due_date") == "2026-07-01"
    assert value(shown(outcomes[4]), "status") == "voided"
    posts = [r for r in office.bench.rows() if r["request_id"].startswith("req-0090")]
    assert [r["request_id"] for r in posts] == ["req-0090", "req-0090-b0", "req-0090-b4"]
    # The whole request again does nothing a second time.
    again = await office.connector.write(request(office.connector, *writes, number=90))
    assert [type(o) for o in again] == [Confirmed] * 6
    assert len(list(office.bench.twin.state.all("Bill"))) == 2


async def test_a_void_that_is_throttled_after_the_batch_was_not_sent(office: Office) -> None:
    vendor, customer = await office.vendor(), await office.customer()
    row = goods(PUMP, "1", "10", "10")
    invoice = await office.create(INVOICE, customer, row)
    writes = [
        write(Action.CREATE, BILL, fields(vendor, row, kind=BILL), b_id="b0"),
        write(Action.VOID, INVOICE, {}, of=invoice, b_id="b1"),
    ]
    office.bench.fault("throttle", method="POST", path="*/invoice")
    first, second = await office.connector.write(request(office.connector, *writes, number=91))
    assert isinstance(first, Confirmed)
    assert isinstance(second, Rejected)
    assert second.refusal is RefusalKind.NOT_SENT
