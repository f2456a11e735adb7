"""Odd answers about purchases and sales, what is remembered, and reading a single one."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.dear.documents import memo, positions
from daemon.connectors.dear.documents.positions import Position, read
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Refused, Transient
from ledger.model.facts import Cursor, Page, Tombstone
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from tests.daemon.connectors.dear import papers
from tests.daemon.connectors.dear.bench import Bench, ids, open_bench
from tests.daemon.connectors.dear.document_bench import (
    b,
    bill,
    buy,
    cursors,
    gather,
    invoice,
    invoice_in,
    part_of,
    sell,
    shown,
)
from tests.daemon.connectors.dear.reading import fixed
from tests.daemon.connectors.dear.rows import GUID

__all__ = ["b"]

SALE_ROW = {
    "SaleID": papers.SALE_ID.upper(),
    "OrderNumber": "SO-00007",
    "OrderDate": "2026-04-01T00:00:00",
    "InvoiceDate": "2026-04-03T00:00:00",
    "Type": "Simple Sale",
    "Updated": "2026-04-12T09:30:11",
}


def sale_list(*rows: object) -> dict[str, object]:
    return {"Total": len(rows), "Page": 1, "SaleList": list(rows)}


class TestOddAnswers:
    """What the twin never says: a server with fixed answers."""

    async def _sweep(self, connector: DearConnector) -> list[Page]:
        return [page async for page in connector.sweep(Kind.INVOICE, None)]

    async def test_numbers_come_through_exactly(self) -> None:
        async with fixed({"saleList": sale_list(SALE_ROW), "sale": papers.SALE}) as (c, _):
            record = invoice_in(await self._sweep(c), f"{papers.SALE_ID}/{papers.SALE_ID}")
            assert record.total == Decimal("85.36")

    async def test_a_filter_that_is_ignored_opens_nothing_and_is_told(self) -> None:
        async with fixed({"saleList": sale_list(SALE_ROW), "sale": papers.SALE}) as (c, seen):
            cursor = cursors(await self._sweep(c))[Kind.INVOICE]
            since = "2026-05-01T00:00:00.000000+00:00"
            later = positions.text(replace(read(cursor), since=since))
            before = len(seen)
            at = {Kind.INVOICE: replace(cursor, token=later)}
            assert [page async for page in c.changes(at)] == []
            assert len(seen) == before + 1
            assert [w.code for w in (await c.check()).warnings] == ["filter_ignored"]

    async def test_a_row_without_an_id_is_told_and_the_others_are_read(self) -> None:
        rows = sale_list({**SALE_ROW, "SaleID": ""}, SALE_ROW)
        async with fixed({"saleList": rows, "sale": papers.SALE}) as (c, _):
            pages = await self._sweep(c)
            (bad,) = [u for page in pages for u in page.unreadable]
            assert (bad.problem.code, bad.problem.field) == ("malformed", "SaleID")
            assert len(shown(pages, Kind.INVOICE)) == 1
            assert pages[-1].sweep_done

    @pytest.mark.parametrize("stamp", [None, "", "yesterday", 5, ...])
    async def test_a_row_without_a_stamp_is_read_all_the_same(self, stamp: Any) -> None:
        row = papers.with_parts(SALE_ROW, ("Updated", stamp))
        async with fixed({"saleList": sale_list(row), "sale": papers.SALE}) as (c, seen):
            at = cursors(pages := await self._sweep(c))
            assert len(shown(pages, Kind.INVOICE)) == 1
            for calls in (2, 1, 1):  # once more, as after every first time
                before = len(seen)
                assert [page async for page in c.changes(at)] == []
                assert len(seen) == before + calls

    async def test_an_answer_about_another_document_is_not_believed(self) -> None:
        row = {**SALE_ROW, "SaleID": f"{GUID}9"}
        async with fixed({"saleList": sale_list(row), "sale": papers.SALE}) as (c, _):
            pages: list[Page] = []
            with pytest.raises(Transient, match="would not show 1"):
                await gather(c.sweep(Kind.INVOICE, None), pages)
            assert ids(pages) == []
            assert read(cursors(pages)[Kind.INVOICE]).owed == (f"{GUID}9",)
            with pytest.raises(Transient, match="another document"):
                await c.read(ExternalRef(DEAR, Kind.INVOICE, f"{GUID}9/{GUID}9"))

    async def test_a_list_without_a_total_is_read_twice(self) -> None:
        rows = {"Page": 1, "SaleList": [SALE_ROW]}
        async with fixed({"saleList": rows, "sale": papers.SALE}) as (c, _):
            with pytest.raises(Transient, match="repeated page"):
                await self._sweep(c)  # the same page for every number proves nothing

    async def test_a_cursor_of_another_make_begins_anew(self) -> None:
        async with fixed({"saleList": sale_list(SALE_ROW), "sale": papers.SALE}) as (c, _):
            odd = Cursor(system=DEAR, kind=Kind.INVOICE, token='{"v": 99}')
            pages = [page async for page in c.sweep(Kind.INVOICE, odd)]
            assert len(shown(pages, Kind.INVOICE)) == 1
            assert read(replace(odd, token="not json")) == Position()


class TestMemo:
    def test_it_forgets_the_oldest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memo, "MOST", 2)
        kept = memo.Memo()
        for name in ("a", "b", "a", "c"):
            kept.note(name, memo.Opened(row=1, body=1, again=False, invoices=frozenset()))
        due = {name: kept.is_due(memo.Stub(name, "", 1)) for name in ("a", "b", "c")}
        assert due == {"a": False, "b": True, "c": False}
        assert kept.is_due(memo.Stub("a", "", 2))


class TestSingleDocuments:
    async def test_each_is_read_in_one_call(self, b: Bench) -> None:
        made, sold = buy(b), sell(b)
        first, second = bill(b, made, **part_of(b, 4)), bill(b, made, **part_of(b, 6))
        ours = invoice(b, sold)
        pages = await b.sweep(Kind.PURCHASE_ORDER) + await b.sweep(Kind.INVOICE)
        for kind, ref_id in (
            (Kind.PURCHASE_ORDER, made),
            (Kind.BILL, first),
            (Kind.BILL, second),
            (Kind.INVOICE, ours),
        ):
            b.forget_calls()
            assert (
                await b.connector.read(ExternalRef(DEAR, kind, ref_id))
                == (shown(pages, kind)[ref_id])
            )
            assert len(b.calls()) == 1

    @pytest.mark.parametrize("status", [400, 404, 200])
    async def test_one_that_is_not_there_is_gone_only_with_proof(
        self, monkeypatch: pytest.MonkeyPatch, status: Any
    ) -> None:
        switches = DearSwitches(unknown_document=status)
        async with open_bench(monkeypatch, switches=switches) as b:
            made = buy(b)
            unknown = f"{GUID}9"
            for kind in DOCUMENT_KINDS:
                found = await b.connector.read(ExternalRef(DEAR, kind, unknown))
                assert isinstance(found, Tombstone)
                assert "complete list" in found.evidence
            ref = ExternalRef(DEAR, Kind.BILL, f"{made}/{unknown}")
            found = await b.connector.read(ref)
            assert isinstance(found, Tombstone)
            assert "read directly" in found.evidence

    async def test_a_listed_one_that_dear_will_not_show_is_not_gone(self, b: Bench) -> None:
        made = buy(b)
        body = [{"ErrorCode": 404, "Exception": "Purchase not found"}]
        b.fault("status", status=404, body=body, times=0, path="*/advanced-purchase")
        with pytest.raises((Refused, Transient)):
            await b.connector.read(ExternalRef(DEAR, Kind.PURCHASE_ORDER, made))

    async def test_they_are_found_by_number(self, b: Bench) -> None:
        made, sold = buy(b), sell(b)
        ref_id = bill(b, made, InvoiceNumber="A-77", **part_of(b, 4))
        other = bill(b, made, InvoiceNumber="A-770", **part_of(b, 6))
        ours = invoice(b, sold)
        order = b.twin.state["purchase"].rows[made].fields["OrderNumber"]
        number = b.twin.state["sale"].rows[sold].fields["Invoices"][0]["InvoiceNumber"]
        for kind, key, value, expected in (
            (Kind.PURCHASE_ORDER, "number", order.lower(), {made}),
            (Kind.BILL, "number", " a-77 ", {ref_id}),
            (Kind.BILL, "order_number", order, {ref_id, other}),
            (Kind.INVOICE, "number", number, {ours}),
            (Kind.BILL, "number", "A-7", set()),
            (Kind.BILL, "number", "  ", set()),
        ):
            found = await b.connector.find(kind, key, value)
            assert {one.ref.id for one in found} == expected, (kind, value)
        with pytest.raises(Refused, match="by number only"):
            await b.connector.find(Kind.BILL, "date", "2026-05-05")
