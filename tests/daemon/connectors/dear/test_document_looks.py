"""What a look at purchases and sales costs, and how a first reading goes on where it was left."""

from datetime import timedelta

import pytest

from daemon.connectors.dear.documents import reader
from daemon.connectors.dear.documents.positions import read
from ledger.model.errors import Throttled, Transient
from ledger.model.facts import Cursor, Page
from ledger.model.ids import Kind
from tests.daemon.connectors.dear.bench import Bench, ids, open_bench
from tests.daemon.connectors.dear.document_bench import (
    b,
    begun,
    bill,
    bill_in,
    buy,
    cursors,
    gather,
    look,
    order_in,
    settled,
    shown,
    the_lines,
)

__all__ = ["b"]

PURCHASES, SALES = "/purchaseList", "/saleList"
PURCHASE, SALE = "/advanced-purchase", "/sale"


class TestWhatALookCosts:
    async def test_an_idle_look_is_one_call_a_list(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, history=6) as b:
            at = await settled(b)
            for _ in range(3):
                b.clock.advance(300)
                assert await look(b, at) == []
            assert [row["path"].rpartition("/")[2] for row in b.calls()] == [
                "purchaseList",
                "saleList",
            ] * 3

    async def test_only_what_has_a_cursor_is_listed(self, b: Bench) -> None:
        at = await settled(b)
        assert await b.changes() == []
        assert await b.changes(at[Kind.INVOICE]) == []
        assert (b.asked(PURCHASES), b.asked(SALES)) == (0, 1)

    async def test_a_change_is_one_more_call_and_then_nothing(self, b: Bench) -> None:
        made = buy(b)
        at = await settled(b)
        b.clock.advance(300)
        ref_id = bill(b, made)
        pages = await look(b, at)
        assert set(ids(pages)) == {made, ref_id}
        assert [page.kind for page in pages] == [Kind.BILL, Kind.PURCHASE_ORDER]
        for _ in range(4):
            b.clock.advance(290)
            await look(b, at)
        # Once more, because it may have been changed again under the very stamp it was seen with.
        assert b.asked(PURCHASE) == 2
        assert await look(b, at) == []

    async def test_an_edit_within_the_same_tick_is_not_lost(self, b: Bench) -> None:
        made = buy(b)
        at = await settled(b)
        ref_id = bill(b, made)
        await look(b, at)
        # Neither the stamp nor the row of the list tells of it.
        line = b.twin.state["purchase"].rows[made].fields["Invoice"][0]["Lines"][0]
        line["Comment"] = "as agreed"
        b.clock.advance(60)
        first = the_lines(bill_in(await look(b, at), ref_id))[0]
        assert first.description == "as agreed"
        b.clock.advance(60)
        assert await look(b, at) == []
        assert b.asked(PURCHASE) == 2

    async def test_what_is_opened_again_and_says_nothing_new_is_not_shown(self, b: Bench) -> None:
        buy(b, PurchaseType="Simple")
        at = await begun(b)
        assert await look(b, at) == []
        assert b.asked(PURCHASE) == 1

    async def test_what_was_listed_long_before_it_was_opened_is_not_opened_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, history=40) as b:
            for row in (*b.twin.state["purchase"], *b.twin.state["sale"]):
                row.modified = b.clock.now()
            at = await begun(b)
            b.clock.advance(60)
            await look(b, at)
            # All have one stamp; only those opened at once might have changed under it unseen.
            assert 0 < b.asked(PURCHASE) + b.asked(SALE) < 30

    async def test_an_overlap_is_looked_over_before_it_is_trusted(self, b: Bench) -> None:
        """A purchase that becomes visible late, stamped before another one that was seen."""
        at = await settled(b)
        b.clock.advance(100)
        before = b.clock.now()
        b.clock.advance(100)
        seen = buy(b)
        assert ids(await look(b, at)) == [seen]
        b.clock.advance(3600)
        late = buy(b)
        b.twin.state["purchase"].rows[late].modified = before
        assert ids(await look(b, at)) == [late]

    async def test_a_restart_opens_what_is_in_the_overlap_again(self, b: Bench) -> None:
        at = await settled(b)
        made = buy(b)
        await look(b, at)
        b.clock.advance(3600)
        b.connector = b.reopen()
        assert ids(await look(b, at)) == [made]
        assert await look(b, at) == []


class TestFirstReading:
    async def test_it_goes_on_where_it_was_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        documents = {"details_per_page": 4}
        async with open_bench(monkeypatch, history=15, documents=documents) as b:
            pages: list[Page] = []
            b.fault("throttle", path="*/advanced-purchase", after=9)
            with pytest.raises(Throttled):
                await gather(b.connector.sweep(Kind.PURCHASE_ORDER, None), pages)
            assert not any(page.sweep_done for page in pages)
            cursor = cursors(pages)[Kind.PURCHASE_ORDER]
            assert not cursor.complete
            b.clear_faults()
            b.clock.advance(600)
            b.forget_calls()
            b.connector = b.reopen()
            rest = await b.sweep(Kind.PURCHASE_ORDER, cursor)
            assert {page.sweep for page in rest} == {pages[0].sweep}
            assert b.asked(PURCHASE) == 15 - 9
            expected = b.names(Kind.PURCHASE_ORDER).keys() | b.names(Kind.BILL).keys()
            assert sorted(ids(pages + rest)) == sorted(expected)
            done = {page.kind: page.cursor for page in rest if page.sweep_done}
            assert all(cursor is not None and cursor.complete for cursor in done.values())

    async def test_it_comes_in_portions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        documents = {"details_per_page": 3, "details_per_cycle": 6}
        async with open_bench(monkeypatch, history=15, documents=documents) as b:
            cursor: Cursor | None = None
            pages: list[Page] = []
            rounds = 0
            while cursor is None or not cursor.complete:
                b.forget_calls()
                pages += await b.sweep(Kind.PURCHASE_ORDER, cursor)
                cursor = cursors(pages)[Kind.PURCHASE_ORDER]
                rounds += 1
                assert b.asked(PURCHASE) <= 6
            assert rounds == 3
            expected = b.names(Kind.PURCHASE_ORDER).keys() | b.names(Kind.BILL).keys()
            assert sorted(ids(pages)) == sorted(expected)
            assert len({page.sweep for page in pages}) == 1

    async def test_what_changes_meanwhile_is_seen_afterwards(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(
            monkeypatch, history=6, documents={"details_per_cycle": 100, "details_per_page": 2}
        ) as b:
            first = next(iter(b.twin.state["purchase"]))
            pages: list[Page] = []
            late = ""
            async for page in b.connector.sweep(Kind.PURCHASE_ORDER, None):
                if not pages:
                    b.clock.advance(60)
                    late = buy(b)
                    b.twin.state.change("purchase", first, {"Note": "Ring before delivery"})
                pages.append(page)
            assert late not in ids(pages)
            at = cursors(pages)
            news = await look(b, at)
            assert "Ring before delivery" in [
                order_in([page], first.id).note
                for page in pages + news
                if first.id in shown([page], Kind.PURCHASE_ORDER)
            ]
            assert late in ids(news)

    async def test_a_list_that_lies_is_never_complete(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, history=8, page_size=3) as b:
            for fault in ("drop_page", "shift_page"):
                b.fault(fault)
                pages: list[Page] = []
                with pytest.raises(Transient):
                    await gather(b.connector.sweep(Kind.INVOICE, None), pages)
                assert not any(page.sweep_done for page in pages)
                b.clear_faults()

    async def test_documents_before_the_first_day_are_not_opened(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        documents = {"read_from": "2026-03-01"}
        async with open_bench(monkeypatch, documents=documents) as b:
            old = [buy(b, OrderDate="2026-02-01", PurchaseType=t) for t in ("Simple", "Advanced")]
            for one in old:
                bill(b, one, InvoiceDate="2026-02-03")
            kept = buy(b, OrderDate="2026-02-01", PurchaseType="Simple")
            bill(b, kept, InvoiceDate="2026-03-01")
            unbilled = buy(b, OrderDate="2026-02-01")
            # The advanced one was touched since and may have another invoice.
            opened = {kept, unbilled, old[1]}
            assert shown(await b.sweep(Kind.PURCHASE_ORDER), Kind.PURCHASE_ORDER).keys() == opened
            for row in b.twin.state["purchase"]:
                row.modified -= timedelta(days=90)
            opened = {kept, unbilled}
            assert shown(await b.sweep(Kind.PURCHASE_ORDER), Kind.PURCHASE_ORDER).keys() == opened

    async def test_an_earlier_first_day_opens_the_rest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, documents={"read_from": "2026-03-01"}) as b:
            old = buy(b, OrderDate="2026-02-01", PurchaseType="Simple")
            bill(b, old, InvoiceDate="2026-02-03")
            at = await settled(b)
            b.configure(documents={})
            pages = await look(b, at)
            assert shown(pages, Kind.PURCHASE_ORDER).keys() == {old}
            assert not any(page.sweep_done for page in pages)
            assert read(at[Kind.PURCHASE_ORDER]).redo is None

    async def test_other_settings_open_everything_again_in_portions(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "REDO_DETAILS", 4)
        async with open_bench(monkeypatch, history=10) as b:
            at = await settled(b)
            custom = {"purchase_order": {"Ordered from": "Supplier"}}
            b.configure(documents={"custom_fields": custom, "details_per_page": 3})
            b.clock.advance(60)
            fresh = buy(b)
            seen: list[str] = []
            for number in range(4):
                pages = await look(b, at)
                found = shown(pages, Kind.PURCHASE_ORDER)
                assert fresh in found if number == 0 else True
                seen += [i for i in found if getattr(found[i].record, "custom_fields", None)]
                b.clock.advance(60)
            assert set(seen) == b.names(Kind.PURCHASE_ORDER).keys()
            assert read(at[Kind.PURCHASE_ORDER]).redo is None
            b.clock.advance(700)
            await look(b, at)
            assert await look(b, at) == []
