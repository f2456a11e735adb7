"""Sweeps and changes over real HTTP: everything once, nothing lost, and no cursor too early."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Transient
from ledger.model.facts import Cursor, Page
from ledger.model.ids import Kind
from tests.daemon.connectors.dear.bench import ids, open_bench
from tests.daemon.connectors.dear.reading import fixed
from tests.daemon.connectors.dear.rows import GUID, PRODUCT

MASTERS = (Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM)


async def gather(source: AsyncIterator[Page], pages: list[Page]) -> None:
    """Everything that came before ``source`` failed, if it does, stays in ``pages``."""
    async for page in source:
        pages.append(page)


def last_cursor(pages: list[Page]) -> Cursor:
    cursor = pages[-1].cursor
    assert cursor is not None
    return cursor


class TestSweep:
    @pytest.mark.parametrize("kind", list(FAMILIES))
    @pytest.mark.parametrize("order", ["key", "created"])
    async def test_everything_once_deprecated_records_included(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind, order: str
    ) -> None:
        switches = DearSwitches(order=order)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches, page_size=5) as b:
            pages = await b.sweep(kind)
            table = {
                Kind.ACCOUNT: "account",
                Kind.TAX_CODE: "tax",
                Kind.TERM: "paymentterm",
                Kind.VENDOR: "supplier",
                Kind.CUSTOMER: "customer",
                Kind.ITEM: "product",
            }[kind]
            assert sorted(ids(pages)) == sorted(row.id for row in b.twin.state[table])
            assert [p.sweep_done for p in pages] == [False] * (len(pages) - 1) + [True]
            assert len({p.sweep for p in pages}) == 1
            assert last_cursor(pages).complete
            assert not any(p.cursor.complete for p in pages[:-1] if p.cursor)

    async def test_two_sweeps_have_two_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            names = {(await b.sweep(kind))[0].sweep for kind in (Kind.TERM, Kind.TERM, Kind.ITEM)}
            assert len(names) == 3

    async def test_smaller_pages_than_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, switches=DearSwitches(page_cap=4), page_size=500) as b:
            pages = await b.sweep(Kind.ITEM)
            assert len(ids(pages)) == len(b.twin.state["product"].rows)

    async def test_lists_without_a_total(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, switches=DearSwitches(totals=False), page_size=10) as b:
            pages = await b.sweep(Kind.ITEM)
            assert pages[-1].sweep_done
            assert set(ids(pages)) == {row.id for row in b.twin.state["product"]}

    async def test_it_goes_on_where_it_was_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, page_size=5) as b:
            first: list[Page] = []
            async for page in b.connector.sweep(Kind.ITEM, None):
                first.append(page)
                if len(first) == 3:
                    break
            seen_calls = len(b.calls())
            rest = await b.sweep(Kind.ITEM, last_cursor(first))
            assert "Page=4&" in b.calls()[seen_calls]["query"]
            assert {p.sweep for p in rest} == {first[0].sweep}
            assert rest[-1].sweep_done
            assert set(ids(rest)) == {row.id for row in b.twin.state["product"]}

    async def test_f27_a_page_that_repeats(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, page_size=5) as b:
            b.fault("repeat_page", query="*page=3&*")
            pages: list[Page] = []
            with pytest.raises(Transient, match="page 3 repeated page 2"):
                await gather(b.connector.sweep(Kind.ITEM, None), pages)
            assert not any(p.sweep_done for p in pages)

    async def test_f27_an_empty_page_is_read_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, page_size=5) as b:
            b.fault("drop_page", query="*page=2&*", times=1)
            pages = await b.sweep(Kind.ITEM)
            assert pages[-1].sweep_done
            assert set(ids(pages)) == {row.id for row in b.twin.state["product"]}

    async def test_f27_an_empty_page_for_good_proves_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, page_size=5) as b:
            b.fault("drop_page", query="*page=2&*", times=0)
            with pytest.raises(Transient, match="would not stand still"):
                await b.sweep(Kind.ITEM)

    async def test_a_shifted_page_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, page_size=5) as b:
            b.fault("shift_page", query="*page=2&*", times=1)
            pages = await b.sweep(Kind.ITEM)
            assert pages[-1].sweep_done
            assert set(ids(pages)) == {row.id for row in b.twin.state["product"]}

    async def test_f26_an_empty_company_is_told_as_it_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.twin.state["product"].rows.clear()
            pages = await b.sweep(Kind.ITEM)
            assert pages[-1].sweep_done
            assert ids(pages) == []

    async def test_one_bad_row_never_stops_the_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            bad = next(iter(b.twin.state["product"]))
            bad.fields["PriceTier1"] = "twelve"
            pages = await b.sweep(Kind.ITEM)
            (unreadable,) = [u for page in pages for u in page.unreadable]
            assert unreadable.ref.id == bad.id
            assert unreadable.problem.field == "PriceTier1"
            assert b"twelve" in unreadable.raw
            assert len(ids(pages)) == len(b.twin.state["product"].rows)

    async def test_f86_a_new_word_is_told_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, switches=DearSwitches(account_types="open")) as b:
            for row in list(b.twin.state["account"])[:2]:
                row.fields["Type"] = "CRYPTO"
            pages = await b.sweep(Kind.ACCOUNT)
            await b.sweep(Kind.ACCOUNT)
            assert not any(page.unreadable for page in pages)
            (warning,) = (await b.connector.check()).warnings
            assert warning.code == "unknown_word"
            assert "CRYPTO" in warning.message


class TestChanges:
    @pytest.mark.parametrize("kind", MASTERS)
    async def test_a_change_is_seen_and_quiet_costs_one_call(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind
    ) -> None:
        async with open_bench(monkeypatch) as b:
            cursor = last_cursor(await b.sweep(kind))
            for page in await b.changes(cursor):
                cursor = page.cursor or cursor
            table = FAMILIES[kind].path.strip("/")
            row = next(iter(b.twin.state[table]))
            b.twin.state.change(table, row, {"Name": "Something Else"})
            pages = await b.changes(cursor)
            assert row.id in ids(pages)
            moved = last_cursor(pages)
            b.clock.advance(60 * 11)
            calls = len(b.calls())
            assert await b.changes(moved) == []
            assert len(b.calls()) == calls + 1

    async def test_a_late_visible_change_lies_inside_the_overlap(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            cursor = last_cursor(await b.sweep(Kind.ITEM))
            one, other = list(b.twin.state["product"])[:2]
            b.twin.state.change("product", one, {"Name": "Seen at once"})
            cursor = last_cursor(await b.changes(cursor))
            # Committed late: stamped five minutes before the change that was already seen.
            other.fields["Name"] = "Seen late"
            other.modified = one.modified - timedelta(minutes=5)
            assert other.id in ids(await b.changes(cursor))

    async def test_a_change_during_the_first_sweep_is_not_lost(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, page_size=5, overlap_minutes=1) as b:
            by_sku = sorted(b.twin.state["product"], key=lambda row: str(row.fields["SKU"]))
            first, last = by_sku[0], by_sku[-1]
            pages: list[Page] = []
            async for page in b.connector.sweep(Kind.ITEM, None):
                if not pages:
                    b.twin.state.change("product", first, {"Description": "behind the reader"})
                    # The sweep will still see this one, and its stamp is far later.
                    last.modified = b.twin.state.now() + timedelta(hours=2)
                pages.append(page)
            assert last.id in ids(pages)
            b.clock.advance(3 * 3600)
            assert first.id in ids(await b.changes(last_cursor(pages)))

    @pytest.mark.parametrize("ahead", [timedelta(minutes=7), timedelta(minutes=-45)])
    async def test_f49_clocks_that_disagree(
        self, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
    ) -> None:
        async with open_bench(monkeypatch, twin_ahead=ahead) as b:
            cursor = last_cursor(await b.sweep(Kind.ITEM))
            rows = list(b.twin.state["product"])
            for number, row in enumerate(rows[:4]):
                b.clock.advance(1)
                b.twin.state.change("product", row, {"Name": f"Number {number}"})
                pages = await b.changes(cursor)
                assert row.id in ids(pages)
                cursor = last_cursor(pages)
                b.clock.advance(60 * 11 * number)

    @pytest.mark.parametrize("stamps", ["bare", "mixed"])
    @pytest.mark.parametrize("since", ["after", "inclusive"])
    async def test_every_reading_of_the_stamps(
        self, monkeypatch: pytest.MonkeyPatch, stamps: str, since: str
    ) -> None:
        switches = DearSwitches(stamps=stamps, modified_since=since)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            cursor = last_cursor(await b.sweep(Kind.CUSTOMER))
            row = next(iter(b.twin.state["customer"]))
            b.twin.state.change("customer", row, {"Name": "Something Else"})
            assert row.id in ids(await b.changes(cursor))

    async def test_a_filter_that_is_not_heeded_is_noticed(self) -> None:
        rows = [
            {**PRODUCT, "ID": f"{GUID}{n}", "LastModifiedOn": f"2026-03-0{n}T00:00:00Z"}
            for n in range(1, 6)
        ]
        async with fixed({"product": {"Total": 5, "Page": 1, "Products": rows}}) as (dear, _):
            token = '{"v":1,"since":"2026-03-04T00:00:00+00:00"}'
            cursor = Cursor(system=DEAR, kind=Kind.ITEM, token=token, complete=True)
            pages = [page async for page in dear.changes({Kind.ITEM: cursor})]
            assert ids(pages) == [f"{GUID}4", f"{GUID}5"]
            assert [w.code for w in (await dear.check()).warnings] == ["filter_ignored"]

    async def test_kinds_without_a_finished_sweep_are_left_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, page_size=5) as b:
            async for page in b.connector.sweep(Kind.ITEM, None):
                assert await b.changes(page.cursor) == []
                break
            assert await b.changes() == []

    async def test_no_cursor_moves_before_the_list_is_proved(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, page_size=3) as b:
            cursor = last_cursor(await b.sweep(Kind.ITEM))
            for row in list(b.twin.state["product"])[:8]:
                b.twin.state.change("product", row, {"Name": f"New {row.id}"})
            b.fault("repeat_page", query="*page=3&*")
            pages: list[Page] = []
            with pytest.raises(Transient, match="page 3 repeated page 2"):
                await gather(b.connector.changes({Kind.ITEM: cursor}), pages)
            assert not any(page.cursor for page in pages)

    async def test_books_are_read_every_few_hours_and_told_when_they_changed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, books_every_hours=4) as b:
            cursor = last_cursor(await b.sweep(Kind.TERM))
            assert await b.changes(cursor) == []
            b.clock.advance(5 * 3600)
            (page,) = await b.changes(cursor)
            assert (ids([page]), page.sweep, page.sweep_done) == ([], "", False)
            cursor = page.cursor or cursor
            assert await b.changes(cursor) == []
            row = next(iter(b.twin.state["paymentterm"]))
            row.fields["Duration"] = 77
            b.clock.advance(5 * 3600)
            pages = await b.changes(cursor)
            assert row.id in ids(pages)
            assert pages[-1].sweep_done
