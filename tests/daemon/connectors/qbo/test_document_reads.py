"""Documents found again: full reads with their proof, changes, removals, look-ups."""

from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.txnentities import SPECS
from ledger.model.encoding import comparable_bytes
from ledger.model.errors import Refused, Transient
from ledger.model.facts import Cursor, Observation, Tombstone
from ledger.model.ids import Kind
from tests.daemon.connectors.contract import changed, last_cursor, observations, swept, value
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.qbo.document_office import ALL, BILL, INVOICE, ORDER, bench, office
from tests.daemon.connectors.qbo.papers import DAY, OFFICE, PUMP, Office, goods, lines

__all__ = ["bench", "office"]


async def cursors_of(bench: QboBench, *kinds: Kind) -> dict[Kind, Cursor]:
    return {kind: last_cursor(await swept(bench.connector, kind)) for kind in kinds}


def fill(bench: QboBench, vendor: str, count: int) -> list[str]:
    """Bills as other people entered them; their ids."""
    detail = {"AccountRef": {"value": OFFICE}}
    line = {
        "Amount": Decimal("1.5"),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    body = {"VendorRef": {"value": vendor}, "TxnDate": DAY, "Line": [line]}
    found = []
    for number in range(count):
        numbered = body | {"DocNumber": f"B-{number}"}
        written = write(bench.twin.state, SPECS["Bill"], numbered, Options(by_user=True))
        found.append(written.stored.id)
    return found


def statements(bench: QboBench) -> list[str]:
    return [
        parse_qs(row["query"].replace("+", "%2B"))["query"][0]
        for row in bench.rows("query")
        if "query=" in row["query"]
    ]


@pytest.mark.parametrize("as_numbers", [False, True])
async def test_2500_transactions_are_read_once_each_and_proved(
    office: Office, as_numbers: bool
) -> None:
    expected = fill(office.bench, await office.vendor(), 2500)
    connector = office.bench.reopen(ids_compare_as_numbers=as_numbers)
    pages = await swept(connector, BILL)
    assert [len(page.observations) for page in pages] == [1000, 1000, 500]
    assert [o.ref.id for page in pages for o in page.observations] == expected
    assert pages[-1].sweep_done
    asked = [one for one in statements(office.bench) if "Bill" in one]
    assert len(asked) == 5, "a count, three pages, a count"
    assert not any("Active" in one for one in asked)
    assert all("ORDERBY Id" in one for one in asked if "COUNT" not in one)


async def test_F27_a_page_of_transactions_that_was_left_out_is_noticed(office: Office) -> None:
    fill(office.bench, await office.vendor(), 3)
    office.bench.fault("shift_page")
    with pytest.raises(Transient, match="full read"):
        await swept(office.connector, BILL)
    assert (await swept(office.connector, BILL))[-1].sweep_done


async def test_an_idle_look_at_all_kinds_is_one_call(bench: QboBench) -> None:
    kinds = bench.connector.capabilities.kinds
    await bench.connector.check()
    cursors = await cursors_of(bench, *kinds)
    before = bench.connector.budget
    bench.clock.advance(60)
    assert await changed(bench.connector, cursors) == []
    assert bench.connector.budget.metered_reads - before.metered_reads == 1
    (row,) = bench.rows("cdc")
    assert "PurchaseOrder" in row["query"]


@pytest.mark.parametrize("kind", ALL)
async def test_F18_a_deleted_transaction_is_a_stub_then_a_proof(office: Office, kind: Kind) -> None:
    party = await (office.customer() if kind is INVOICE else office.vendor())
    kept = await office.create(kind, party, goods(PUMP, "1", "10", "10"))
    gone = await office.create(kind, party, goods(PUMP, "1", "10", "10"))
    cursors = await cursors_of(office.bench, kind)
    office.bench.clock.advance(60)
    await office.bench.edit({"kind": kind.value, "id": gone.ref.id, "delete": True})
    office.bench.clock.advance(60)
    pages = await changed(office.connector, cursors)
    (tombstone,) = [t for page in pages for t in page.tombstones]
    assert tombstone.ref == gone.ref
    assert "shows it as deleted" in tombstone.evidence
    assert "610" in tombstone.evidence
    assert isinstance(await office.connector.read(gone.ref), Tombstone)
    assert isinstance(await office.connector.read(kept.ref), Observation)


async def test_a_voided_invoice_is_an_ordinary_change(office: Office) -> None:
    first = await office.create(INVOICE, await office.customer(), goods(PUMP, "1", "10", "10"))
    cursors = await cursors_of(office.bench, INVOICE)
    office.bench.clock.advance(60)
    await office.bench.edit({"kind": "invoice", "id": first.ref.id, "void": True})
    office.bench.clock.advance(60)
    pages = await changed(office.connector, cursors)
    seen = observations(pages)[first.ref.id]
    assert value(seen, "status") == "voided"
    assert not any(page.tombstones for page in pages)


async def test_a_payment_moves_the_version_and_nothing_that_is_compared(office: Office) -> None:
    bill = await office.create(BILL, await office.vendor(), goods(PUMP, "1", "10", "10"))
    cursors = await cursors_of(office.bench, BILL)
    office.bench.clock.advance(60)
    paid = await office.bench.edit({"kind": "bill", "id": bill.ref.id, "pay": {"amount": 4}})
    office.bench.clock.advance(60)
    seen = observations(await changed(office.connector, cursors))[bill.ref.id]
    assert seen.version != bill.version
    assert comparable_bytes(seen.record) == comparable_bytes(bill.record)
    assert value(seen, "balance") == Decimal(6)
    assert value(seen, "settlements") == f"BillPaymentCheck {paid['id']}"


async def test_an_edit_by_a_bookkeeper_is_seen_on_its_line(office: Office) -> None:
    bill = await office.create(BILL, await office.vendor(), goods(PUMP, "2", "10", "20"))
    cursors = await cursors_of(office.bench, BILL)
    office.bench.clock.advance(60)
    await office.edit(bill, line={"Id": "1", "UnitPrice": 12})
    office.bench.clock.advance(60)
    seen = observations(await changed(office.connector, cursors))[bill.ref.id]
    assert lines(seen)[0].amount == Decimal(24)
    assert comparable_bytes(seen.record) != comparable_bytes(bill.record)


async def test_more_changes_than_the_feed_tells_are_read_by_time_and_then_whole(
    office: Office,
) -> None:
    cursors = await cursors_of(office.bench, BILL)
    office.bench.clock.advance(60)
    expected = fill(office.bench, await office.vendor(), 1100)
    pages = await changed(office.connector, cursors)
    assert observations(pages).keys() == set(expected)
    assert pages[-1].sweep_done


async def test_documents_are_found_by_their_whole_number(office: Office) -> None:
    vendor, other = await office.vendor(), await office.vendor("Another seller")
    row = goods(PUMP, "1", "10", "10")
    first = await office.create(BILL, vendor, row, number="SI-1/o'neil")
    second = await office.create(BILL, other, row, number="SI-1/o'neil")
    await office.create(BILL, other, row, number="SI-1")
    found = await office.connector.find(BILL, "number", "SI-1/O'Neil")
    assert {o.ref for o in found} == {first.ref, second.ref}
    assert await office.connector.find(BILL, "number", "SI") == []
    assert await office.connector.find(ORDER, "number", "SI-1") == []
    with pytest.raises(Refused, match="cannot be searched"):
        await office.connector.find(BILL, "memo", "x")


async def test_the_tax_of_lines_is_understood_even_before_a_check(tmp_path: Path) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(sales_tax="automated")) as bench:
        office = Office(bench)
        line = {
            "Amount": 100,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": PUMP}, "TaxCodeRef": {"value": "TAX"}},
        }
        body = {"CustomerRef": {"value": await office.customer()}, "Line": [line]}
        made = await bench.edit({"kind": "invoice", "create": body})
        seen = observations(await swept(bench.connector, INVOICE))[made["id"]]
        (shown,) = lines(seen)
        assert shown.tax_code is not None
        assert str(shown.tax_code) == "#TAX"
        assert len(bench.rows("read preferences")) == 1


async def test_F86_unknown_parts_of_a_document_are_kept_and_reported(office: Office) -> None:
    bill = await office.create(BILL, await office.vendor(), goods(PUMP, "2", "10", "20"))
    shown = bill.raw.decode()
    odd = shown.replace('"DocNumber"', '"X"').replace('"TotalAmt"', '"Sparkle":1,"TotalAmt"')
    odd = odd.replace('"UnitPrice"', '"Colour":"red","UnitPrice"').replace(
        '"LineNum"', '"Flavour":1,"LineNum"'
    )
    office.bench.fault("status", status=200, body=f'{{"Bill":{odd}}}', path="*/bill/*")
    seen = await office.read(bill)
    assert comparable_bytes(seen.record) == comparable_bytes(bill.record)
    assert b"Sparkle" in seen.raw
    (alarm,) = [
        w for w in (await office.connector.check()).warnings if w.code == "unknown_property"
    ]
    for name in (
        "Bill.Sparkle",
        "Bill.Line.Flavour",
        "Bill.Line.ItemBasedExpenseLineDetail.Colour",
    ):
        assert name in alarm.message
