"""Documents that QuickBooks refuses, each with its cure, and replies that were lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.facts import Observation
from ledger.model.ids import Kind
from ledger.model.outcomes import Confirmed, RefusalKind, Rejected, Unknown
from ledger.model.plans import Action
from ledger.model.values import Value
from tests.daemon.connectors.contract import one, shown, write
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.qbo.document_office import (
    ALL,
    BILL,
    INVOICE,
    ORDER,
    bench,
    office,
    party,
    refused,
)
from tests.daemon.connectors.qbo.papers import (
    DAY,
    FOUNTAIN,
    PUMP,
    Office,
    expense,
    fields,
    goods,
    raw,
)

__all__ = ["bench", "office"]

# Refusals


async def test_F38_a_document_that_moved_is_not_overwritten(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "1", "10", "10"))
    now = await office.edit(first, set={"PrivateNote": "Mine"})
    attempts: list[tuple[Action, dict[str, Value]]] = [
        (Action.UPDATE, {"due_date": "2026-07-01"}),
        (Action.DELETE, {}),
    ]
    for action, said in attempts:
        outcome = await office.attempt(action, BILL, said, of=first)
        assert isinstance(outcome, Rejected)
        assert (outcome.refusal, outcome.code) == (RefusalKind.STALE, "5010")
        assert outcome.shown is not None
        assert outcome.shown.version == now.version


async def test_a_number_that_is_taken_shows_who_has_it(tmp_path: Path) -> None:
    switches = QboSwitches(custom_txn_numbers=True, warn_duplicate_bill=True)
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        row = goods(PUMP, "1", "10", "10")
        vendor = await office.vendor()
        for kind, party_id in ((ORDER, vendor), (BILL, vendor), (INVOICE, await office.customer())):
            first = await office.create(kind, party_id, row, number="N-1")
            said = fields(party_id, row, kind=kind, number="N-1")
            outcome = refused(await office.attempt(Action.CREATE, kind, said))
            assert (outcome.refusal, outcome.code) == (RefusalKind.DUPLICATE, "6140")
            assert outcome.field == "number"
            assert outcome.shown is not None
            assert outcome.shown.ref == first.ref
        other = await office.vendor("Another seller")
        second = await office.create(BILL, other, row, number="N-1")
        found = await office.connector.find(BILL, "number", "N-1")
        assert len(found) == 2, "the number of a bill is its vendor's"
        said = fields(other, row, kind=BILL, number="N-1")
        outcome = refused(await office.attempt(Action.CREATE, BILL, said))
        assert outcome.shown is not None
        assert outcome.shown.ref == second.ref


@pytest.mark.parametrize(("password", "expected"), [(False, "6200"), (True, "6210")])
async def test_F65_a_closed_period_is_named_with_its_cure(
    tmp_path: Path, password: bool, expected: str
) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(closing_password=password)) as bench:
        office = Office(bench)
        row = goods(PUMP, "1", "10", "10")
        bill = await office.create(BILL, await office.vendor(), row)
        invoice = await office.create(INVOICE, await office.customer(), row)
        close_books(bench, DAY)
        attempts: list[tuple[Action, Observation, dict[str, Value]]] = [
            (Action.UPDATE, bill, {"date": "2026-06-01"}),
            (Action.DELETE, bill, {}),
            (Action.VOID, invoice, {}),
        ]
        for action, of, said in attempts:
            outcome = refused(await office.attempt(action, of.ref.kind, said, of=of))
            assert (outcome.code, outcome.field) == (expected, "date")
            assert outcome.refusal is RefusalKind.INVALID
            assert "closing date" in outcome.cure


def close_books(bench: QboBench, day: str) -> None:
    bench.twin.state.company = replace(bench.twin.state.company, closed_until=day)


async def test_F67_a_date_before_the_stock_begins_is_named_with_its_cure(office: Office) -> None:
    said = fields(await office.vendor(), goods(PUMP, "1", "10", "10"), kind=ORDER)
    outcome = refused(await office.attempt(Action.CREATE, ORDER, said | {"date": "2014-10-31"}))
    assert (outcome.code, outcome.field) == ("6270", "date")
    assert "start date" in outcome.cure


@pytest.mark.parametrize("style", ["2500", "610"])
async def test_F64_an_inactive_reference_is_named_with_its_cure(tmp_path: Path, style: str) -> None:
    switches = QboSwitches(inactive_reference=style)  # type: ignore[arg-type]
    async with open_bench(tmp_path, switches=switches) as bench:
        office = Office(bench)
        gone, vendor = await office.vendor("Gone & Co"), await office.vendor()
        await bench.edit({"kind": "vendor", "id": gone, "inactivate": True})
        await bench.edit({"kind": "item", "id": FOUNTAIN, "inactivate": True})
        row, bad = goods(PUMP, "1", "10", "10"), goods(FOUNTAIN, "1", "10", "10")
        for said, field, words in (
            (fields(gone, row, kind=BILL), "vendor", 'vendor "Gone & Co" is inactive'),
            (fields(vendor, row, bad, kind=BILL), "lines", 'line 2: item "Rock Fountain" is'),
        ):
            outcome = refused(await office.attempt(Action.CREATE, BILL, said))
            assert (outcome.refusal, outcome.code) == (RefusalKind.INVALID, style)
            assert outcome.field == field
            assert words in outcome.message
            assert "intuit_tid" in outcome.message
            assert "reactivate" in outcome.cure
        bench.fault("status", status=500, path="*/query", times=0)
        said = fields(gone, row, kind=BILL)
        outcome = await office.attempt(Action.CREATE, BILL, said)
        assert isinstance(outcome, Rejected), "the refusal stands without the look-up"
        assert outcome.code == style


async def test_a_pointer_to_nothing_names_the_part_of_the_document(office: Office) -> None:
    vendor = await office.vendor()
    row = goods(PUMP, "1", "10", "10")
    for said, field in (
        (fields("999", row, kind=BILL), "vendor"),
        (fields(vendor, goods("999", "1", "10", "10"), kind=BILL), "lines"),
        (fields(vendor, expense("999", "10"), kind=BILL), "lines"),
    ):
        outcome = refused(await office.attempt(Action.CREATE, BILL, said))
        assert (outcome.code, outcome.field) == ("2500", field)


async def test_a_paid_invoice_that_cannot_be_voided_says_why(office: Office) -> None:
    first = await office.create(INVOICE, await office.customer(), goods(PUMP, "1", "10", "10"))
    for number, text in (("6540", "deposit"), ("6480", "bank"), ("6450", "payment")):
        error = {"Message": "No", "Detail": "Because", "code": number}
        body = {"Fault": {"Error": [error], "type": "ValidationFault"}}
        office.bench.fault("status", status=400, body=body, method="POST")
        outcome = await office.attempt(Action.VOID, INVOICE, {}, of=first)
        assert isinstance(outcome, Rejected)
        assert outcome.refusal is RefusalKind.INVALID
        assert text in outcome.cure


# Unclear ends


@pytest.mark.parametrize("kind", ALL)
async def test_F01_a_lost_reply_is_found_by_its_number_and_never_doubles(
    office: Office, kind: Kind
) -> None:
    said = fields(await party(office, kind), goods(PUMP, "1", "10", "10"), kind=kind, number="L-1")
    await office.connector.check()
    single = write(Action.CREATE, kind, said)
    office.bench.fault("lost_reply", method="POST")
    assert isinstance(await one(office.connector, single, number=7), Unknown)
    (found,) = await office.connector.find(kind, "number", "l-1")
    again = shown(await one(office.connector, single, number=7))
    assert again.ref == found.ref
    assert [n for n in office.bench.names(kind).values() if n == "L-1"] == ["L-1"]


@pytest.mark.parametrize("action", [Action.VOID, Action.DELETE])
async def test_F01_a_lost_end_is_replayed_and_does_nothing_twice(
    office: Office, action: Action
) -> None:
    first = await office.create(INVOICE, await office.customer(), goods(PUMP, "1", "10", "10"))
    single = write(action, INVOICE, {}, of=first)
    office.bench.fault("lost_reply", method="POST")
    assert isinstance(await one(office.connector, single, number=70), Unknown)
    assert isinstance(await one(office.connector, single, number=70), Confirmed)


async def test_an_answer_that_does_not_say_deleted_leaves_the_end_unknown(office: Office) -> None:
    first = await office.create(BILL, await office.vendor(), goods(PUMP, "1", "10", "10"))
    body = {"Bill": raw(first) | {"TotalAmt": 10, "Line": []}}
    office.bench.fault("status", status=200, body=body, method="POST")
    outcome = await office.attempt(Action.DELETE, BILL, {}, of=first)
    assert isinstance(outcome, Unknown)
