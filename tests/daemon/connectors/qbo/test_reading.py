"""Full reads, changes and their limits, against the twin."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from daemon.connectors.qbo.cursors import Mark, Sweeping, cursor_of, mark_of, step
from daemon.connectors.qbo.mapping.table import QBO
from daemon.connectors.qbo.statements import escape
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.facts import Cursor, Observation, Page
from ledger.model.ids import ExternalRef, Kind
from ledger.model.records import Item
from tests.daemon.connectors.contract import (
    changed,
    last_cursor,
    observations,
    swept,
    value,
)
from tests.daemon.connectors.qbo.bench import QboBench, open_bench

FEED = (Kind.ACCOUNT, Kind.TERM, Kind.CLASS, Kind.PAYMENT_METHOD, Kind.VENDOR, Kind.CUSTOMER)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[QboBench]:
    async with open_bench(tmp_path) as found:
        yield found


async def cursors_of(bench: QboBench, *kinds: Kind) -> dict[Kind, Cursor]:
    return {kind: last_cursor(await swept(bench.connector, kind)) for kind in kinds}


def statements(bench: QboBench) -> list[str]:
    return [
        parse_qs(row["query"].replace("+", "%2B"))["query"][0]
        for row in bench.rows("query")
        if "query=" in row["query"]
    ]


async def test_an_idle_look_is_one_call_and_stores_nothing(bench: QboBench) -> None:
    cursors = await cursors_of(bench, *FEED, Kind.ITEM, Kind.TAX_CODE)
    before = bench.connector.budget
    bench.clock.advance(60)
    assert await changed(bench.connector, cursors) == []
    after = bench.connector.budget
    assert after.metered_reads - before.metered_reads == 1
    assert len(bench.rows("cdc")) == 1


async def test_what_is_edited_in_the_second_of_a_read_is_seen_by_the_next_look(
    bench: QboBench,
) -> None:
    cursors = await cursors_of(bench, Kind.VENDOR)
    first = await bench.add(Kind.VENDOR, "Right after the sweep")
    pages = await changed(bench.connector, cursors)
    assert first in observations(pages)
    second = await bench.add(Kind.VENDOR, "Right after the look")
    bench.clock.advance(60)
    assert second in observations(await changed(bench.connector, {Kind.VENDOR: last_cursor(pages)}))


async def test_cursors_of_quiet_kinds_move_now_and_then(bench: QboBench) -> None:
    cursors = await cursors_of(bench, *FEED)
    bench.clock.advance(15 * 60)
    pages = await changed(bench.connector, cursors)
    assert {page.kind for page in pages} == set(FEED)
    assert all(not page.observations and page.cursor for page in pages)


async def test_tax_codes_are_read_whole_every_few_hours_with_their_rates(bench: QboBench) -> None:
    cursors = await cursors_of(bench, Kind.TAX_CODE)
    bench.clock.advance(3600)
    assert await changed(bench.connector, cursors) == []
    bench.clock.advance(4 * 3600)
    (page,) = await changed(bench.connector, cursors)
    assert page.sweep_done
    rates = {value(o, "name"): value(o, "rate") for o in page.observations if not o.out_of_scope}
    assert rates
    assert all(rate is not None for rate in rates.values())
    pseudo = {o.ref.id for o in page.observations if o.out_of_scope}
    assert pseudo == {"TAX", "NON", "CustomSalesTax"}


async def test_changes_older_than_the_feed_reaches_are_read_whole(bench: QboBench) -> None:
    cursors = await cursors_of(bench, Kind.VENDOR)
    bench.clock.advance(31 * 86400)
    added = await bench.add(Kind.VENDOR, "Much later")
    pages = await changed(bench.connector, cursors)
    assert pages[-1].sweep_done
    assert added in observations(pages)
    assert bench.rows("cdc") == []


async def test_a_feed_that_does_not_reach_back_is_replaced_by_a_full_read(
    bench: QboBench,
) -> None:
    cursors = await cursors_of(bench, Kind.VENDOR)
    body = {
        "Fault": {
            "Error": [
                {
                    "Message": "Unsupported Operation",
                    "Detail": "Operation cdc with changedSince date 2026-04-01 which is older "
                    "than fixed days is not supported.",
                    "code": "500",
                }
            ],
            "type": "ValidationFault",
        }
    }
    bench.fault("status", status=400, body=body, path="*/cdc")
    pages = await changed(bench.connector, cursors)
    assert pages[-1].sweep_done
    assert len(observations(pages)) == len(bench.names(Kind.VENDOR))


async def test_F17_an_inactivated_record_is_seen_as_inactive(tmp_path: Path) -> None:
    for style in ("full", "deleted"):
        switches = QboSwitches(cdc_inactive=style)
        folder = tmp_path / style
        folder.mkdir()
        async with open_bench(folder, switches=switches) as bench:
            cursors = await cursors_of(bench, Kind.ITEM)
            chosen = await bench.add(Kind.VENDOR, "Soon gone")
            cursors = await cursors_of(bench, Kind.VENDOR)
            bench.clock.advance(60)
            await bench.edit({"kind": "vendor", "id": chosen, "inactivate": True})
            bench.clock.advance(60)
            pages = await changed(bench.connector, cursors)
            assert not any(page.tombstones for page in pages)
            seen = observations(pages)[chosen]
            assert value(seen, "active") is False
            assert value(seen, "name") == "Soon gone (deleted)"


async def test_a_record_that_is_really_gone_leaves_a_tombstone_with_its_evidence(
    bench: QboBench,
) -> None:
    cursors = await cursors_of(bench, Kind.VENDOR)
    stub = {
        "CDCResponse": [
            {
                "QueryResponse": [
                    {
                        "Vendor": [
                            {
                                "domain": "QBO",
                                "status": "Deleted",
                                "Id": "65",
                                "MetaData": {"LastUpdatedTime": "2026-05-05T03:14:55-07:00"},
                            }
                        ],
                        "maxResults": 1,
                        "totalCount": 1,
                    }
                ]
            }
        ],
        "time": "2026-05-05T05:20:00.123-07:00",
    }
    bench.fault("status", status=200, body=stub, path="*/cdc")
    (page,) = await changed(bench.connector, cursors)
    (tombstone,) = page.tombstones
    assert tombstone.ref == ExternalRef(bench.connector.name, Kind.VENDOR, "65")
    assert "deleted" in tombstone.evidence
    assert "610" in tombstone.evidence


async def test_groups_of_the_feed_are_told_apart_by_name_not_by_place(bench: QboBench) -> None:
    cursors = await cursors_of(bench, Kind.VENDOR, Kind.ITEM)
    body = {
        "CDCResponse": [{"QueryResponse": [{}, {"Item": [{"Id": "1", "SyncToken": "0"}]}]}],
        "time": "2026-05-05T05:20:00.123-07:00",
    }
    bench.fault("status", status=200, body=body, path="*/cdc")
    pages = await changed(bench.connector, cursors)
    assert [page.kind for page in pages if page.observations] == [Kind.ITEM]


async def test_F86_what_nobody_knows_is_kept_not_compared_and_reported_once(
    bench: QboBench,
) -> None:
    stored = next(iter(bench.twin.state.all("Item")))
    before = await bench.connector.read(ExternalRef(bench.connector.name, Kind.ITEM, stored.id))
    assert isinstance(before, Observation)
    body = {
        "Item": {
            "Id": stored.id,
            "SyncToken": "7",
            "Name": "Odd",
            "Type": "Hologram",
            "Brightness": 9.50,
        },
        "time": "2026-05-05T05:20:00.123-07:00",
    }
    bench.fault("status", status=200, body=body, path="*/item/*", times=2)
    await bench.connector.read(before.ref)
    seen = await bench.connector.read(before.ref)
    assert isinstance(seen, Observation)
    assert isinstance(seen.record, Item)
    assert seen.record.type == "hologram"
    assert seen.out_of_scope == ""
    assert b"Brightness" in seen.raw
    health = await bench.connector.check()
    (warning,) = [w for w in health.warnings if w.code == "unknown_property"]
    assert "Item.Brightness" in warning.message
    assert "Item.Type = Hologram" in warning.message


async def test_one_malformed_record_does_not_stop_its_page(bench: QboBench) -> None:
    cursors = await cursors_of(bench, Kind.ITEM)
    good = {"Id": "1", "SyncToken": "0", "Name": "Good", "Type": "Service"}
    bad = [
        good | {"Id": "2", "UnitPrice": "a lot"},
        good | {"Id": "3", "Name": ["list"]},
        good | {"Id": 4},
        good | {"Id": "5", "SyncToken": None},
        good | {"Id": "6", "MetaData": {"LastUpdatedTime": "yesterday"}},
        good | {"Id": "7", "IncomeAccountRef": "79"},
    ]
    body = {
        "CDCResponse": [{"QueryResponse": [{"Item": [*bad, good]}]}],
        "time": "2026-05-05T05:20:00.123-07:00",
    }
    bench.fault("status", status=200, body=body, path="*/cdc")
    (page,) = await changed(bench.connector, cursors)
    assert [o.ref.id for o in page.observations] == ["1"]
    named = {u.ref.id: u.problem.field for u in page.unreadable}
    assert {"2": "UnitPrice", "3": "Name", "5": "SyncToken"}.items() <= named.items()
    assert {"6": "MetaData", "7": "IncomeAccountRef"}.items() <= named.items()
    assert sorted(named)[-1].startswith("unknown-")
    assert all(u.problem.cure and u.raw for u in page.unreadable)


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{", '{"QueryResponse": 7}', '{"QueryResponse": {"Vendor": {}}}', "{}"],
)
async def test_an_answer_of_another_shape_is_no_answer(bench: QboBench, body: str) -> None:
    bench.fault("status", status=200, body=body, times=0)
    with pytest.raises(Transient):
        await bench.connector.find(Kind.VENDOR, "name", "Amy")


async def test_F79_an_expired_access_token_is_renewed_once_and_nobody_notices(
    bench: QboBench,
) -> None:
    await bench.connector.check()
    bench.fault("expire_token")
    assert await bench.connector.find(Kind.VENDOR, "name", "Nobody") == []
    assert bench.twin.faults.pending == 0


async def test_F82_another_company_is_not_open_to_this_login(bench: QboBench) -> None:
    other = bench.reopen(realm_id="123")
    with pytest.raises(Unauthorised) as caught:
        await other.check()
    assert caught.value.state == "access_revoked"
    assert "realm_id" in caught.value.cure


async def test_F84_the_monthly_reads_are_spent_and_writes_go_on(bench: QboBench) -> None:
    thrifty = bench.reopen(rates={"metered_reads_per_month": 3})
    await thrifty.check()
    with pytest.raises(Throttled, match="3 metered reads"):
        await thrifty.find(Kind.VENDOR, "name", "Amy")
    again = bench.reopen(rates={"metered_reads_per_month": 3})
    again.import_meter(thrifty.export_meter())
    assert again.budget.metered_left == 0
    again.import_meter(b"nonsense")
    assert again.budget.metered_left == 0


async def test_a_long_statement_is_posted(bench: QboBench) -> None:
    name = "Long " + "ü" * 480
    added = await bench.add(Kind.VENDOR, name)
    found = await bench.connector.find(Kind.VENDOR, "name", name)
    assert [o.ref.id for o in found] == [added]
    assert bench.rows("query")[-1]["method"] == "POST"


async def test_a_key_that_cannot_be_queried_is_refused_by_name(bench: QboBench) -> None:
    with pytest.raises(Refused, match="by email"):
        await bench.connector.find(Kind.VENDOR, "email", "a@b.example")


async def test_items_are_found_by_sku(bench: QboBench) -> None:
    observation = next(
        o for o in observations(await swept(bench.connector, Kind.ITEM)).values() if value(o, "sku")
    )
    sku = value(observation, "sku")
    assert isinstance(sku, str)
    found = await bench.connector.find(Kind.ITEM, "sku", sku.lower())
    assert observation.ref in [o.ref for o in found]


async def test_F15_an_inactive_record_that_a_read_refuses_is_asked_for_in_a_query(
    bench: QboBench,
) -> None:
    added = await bench.add(Kind.VENDOR, "Hidden")
    await bench.edit({"kind": "vendor", "id": added, "inactivate": True})
    body = {
        "Fault": {
            "Error": [
                {
                    "Message": "Object Not Found",
                    "Detail": "Object Not Found : Something you're trying to use has been made "
                    "inactive. Check the fields with accounts, customers, items, vendors or "
                    "employees.",
                    "code": "610",
                    "element": "",
                }
            ],
            "type": "ValidationFault",
        }
    }
    bench.fault("status", status=400, body=body, path="*/vendor/*")
    seen = await bench.connector.read(ExternalRef(bench.connector.name, Kind.VENDOR, added))
    assert isinstance(seen, Observation)
    assert value(seen, "active") is False


class TestManyRecords:
    """Pages beyond the first, and more changes than the feed can tell."""

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[QboBench]:
        async with open_bench(tmp_path) as found:
            books = found.twin.state
            model = next(books.all("Item"))
            for number in range(2600):
                fields = {**model.fields, "Name": f"Part {number}", "Active": number % 9 != 0}
                long_ago = found.clock.now() - timedelta(days=100)
                books.insert(model.spec, books.new_id("Item"), fields, long_ago)
            yield found

    def touch(self, bench: QboBench, entity: str, count: int, *, seconds: int = 0) -> set[str]:
        """Edit that many records as somebody's bulk import would; ``seconds``: pass after each
        hundred."""
        chosen = list(bench.twin.state.all(entity))[:count]
        assert len(chosen) == count
        for number, stored in enumerate(chosen):
            field = "Description" if entity == "Item" else "Notes"
            bench.twin.state.change(stored, {**stored.fields, field: f"bulk {number}"})
            if number % 100 == 0:
                bench.clock.advance(seconds)
        return {stored.id for stored in chosen}

    async def test_a_sweep_over_many_pages_is_whole(self, bench: QboBench) -> None:
        for options in ({}, {"ids_compare_as_numbers": True}):
            connector = bench.reopen(**options)
            pages = await swept(connector, Kind.ITEM)
            assert len(pages) == 3
            assert observations(pages).keys() == bench.names(Kind.ITEM).keys()
            assert pages[-1].sweep_done

    async def test_a_sweep_goes_on_after_a_crash_where_it_was(self, bench: QboBench) -> None:
        first: list[Page] = []
        async for page in bench.connector.sweep(Kind.ITEM, None):
            first.append(page)
            if len(first) == 2:
                break
        before = len(bench.rows("query Item"))
        rest = await swept(bench.reopen(), Kind.ITEM, last_cursor(first))
        assert rest[0].sweep == first[0].sweep
        assert rest[-1].sweep_done
        assert (observations(first) | observations(rest)).keys() == bench.names(Kind.ITEM).keys()
        assert len(bench.rows("query Item")) - before < len(first) + len(rest)

    async def test_F27_a_lie_on_a_later_page_is_noticed_and_the_read_begins_anew(
        self, bench: QboBench
    ) -> None:
        pages: list[Page] = []
        for fault in ("drop_page", "repeat_page", "shift_page"):
            bench.fault(fault, after=1)
            pages = []
            with pytest.raises(Transient):
                await swept_until_error(bench, pages)
            assert not any(page.sweep_done for page in pages), fault
            assert mark_of(last_cursor(pages)).sweep is None
        again = await swept(bench.connector, Kind.ITEM, last_cursor(pages))
        assert again[-1].sweep_done
        assert observations(again).keys() == bench.names(Kind.ITEM).keys()

    async def test_a_record_made_during_a_sweep_does_not_spoil_it(self, bench: QboBench) -> None:
        seen: list[Page] = []
        added = ""
        async for page in bench.connector.sweep(Kind.ITEM, None):
            if not seen:
                added = str((await bench.edit(new_item("Meanwhile")))["id"])
            seen.append(page)
        assert seen[-1].sweep_done
        assert added in observations(seen)

    async def test_F46_a_sum_over_the_cap_is_split_by_kind(self, bench: QboBench) -> None:
        cursors = await cursors_of(bench, *FEED, Kind.ITEM)
        bench.clock.advance(60)
        items = self.touch(bench, "Item", 900)
        vendors = self.touch(bench, "Vendor", 10)
        accounts = self.touch(bench, "Account", 70)
        terms = self.touch(bench, "Customer", 9) | self.touch(bench, "Term", 6)
        await bench.edit({"kind": "class", "create": {"Name": "One more"}})
        for number in range(10):
            await bench.add(Kind.VENDOR, f"Imported {number}")
        bench.clock.advance(60)
        pages = await changed(bench.connector, cursors)
        seen = observations(pages).keys()
        assert items | vendors | accounts | terms <= seen
        assert not any(page.sweep for page in pages)
        assert 1 < len(bench.rows("cdc")) <= 7

    @pytest.mark.parametrize("seconds", [0, 5])
    async def test_F46_one_kind_over_the_cap_is_read_by_time_and_then_whole(
        self, bench: QboBench, seconds: int
    ) -> None:
        cursors = await cursors_of(bench, Kind.ITEM)
        bench.clock.advance(60)
        touched = self.touch(bench, "Item", 2500, seconds=seconds)
        bench.clock.advance(60)
        pages = await changed(bench.connector, cursors)
        by_time = [page for page in pages if not page.sweep]
        assert touched <= observations(by_time).keys()
        assert pages[-1].sweep_done
        assert not mark_of(last_cursor(pages)).owed

    async def test_F46_a_catch_up_that_is_broken_off_never_passes_unseen_data(
        self, bench: QboBench
    ) -> None:
        cursors = await cursors_of(bench, Kind.ITEM)
        bench.clock.advance(60)
        touched = self.touch(bench, "Item", 2500, seconds=5)
        bench.clock.advance(60)
        seen: dict[str, Observation] = {}
        for stop_after in (1, 2, 100):
            pages: list[Page] = []
            async for page in bench.reopen().changes(cursors):
                pages.append(page)
                if len(pages) == stop_after:
                    break
            seen |= observations(pages)
            cursors = {Kind.ITEM: last_cursor(pages)}
            bench.clock.advance(60)  # each start has a pace of its own
        assert touched <= seen.keys()
        assert not mark_of(cursors[Kind.ITEM]).owed

    async def test_F46_what_was_caught_up_by_time_is_still_read_whole_after_a_crash(
        self, bench: QboBench
    ) -> None:
        cursors = await cursors_of(bench, Kind.ITEM)
        bench.clock.advance(60)
        self.touch(bench, "Item", 1500, seconds=5)
        bench.clock.advance(60)
        pages: list[Page] = []
        async for page in bench.connector.changes(cursors):
            if page.sweep:
                break
            pages.append(page)
        bench.clock.advance(600)
        cursors = {Kind.ITEM: last_cursor(pages)}
        rest = await changed(bench.reopen(), cursors)
        assert rest[-1].sweep_done
        assert observations(rest).keys() == bench.names(Kind.ITEM).keys()

    async def test_F27_a_resumed_read_that_cannot_be_proved_begins_anew(
        self, bench: QboBench
    ) -> None:
        first: list[Page] = []
        async for page in bench.connector.sweep(Kind.ITEM, None):
            first.append(page)
            break
        bench.fault("shift_page")
        rest: list[Page] = []
        with pytest.raises(Transient):
            await swept_until_error(bench, rest, last_cursor(first))
        assert mark_of(last_cursor(rest)).sweep is None
        again = await swept(bench.connector, Kind.ITEM, last_cursor(rest))
        assert again[0].sweep != first[0].sweep
        assert again[-1].sweep_done

    async def test_the_pace_stays_below_the_limits_of_the_system(self, bench: QboBench) -> None:
        await swept(bench.connector, Kind.ITEM)
        assert bench.connector.budget.throttled == 0


def new_item(name: str) -> dict[str, object]:
    fields = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": "79"}}
    return {"kind": "item", "create": fields}


async def swept_until_error(
    bench: QboBench, pages: list[Page], cursor: Cursor | None = None
) -> None:
    async for page in bench.connector.sweep(Kind.ITEM, cursor):
        pages.append(page)


def test_order_of_ids_is_judged_in_both_ways() -> None:
    sweep = Sweeping(id="s", started="2026-05-05T00:00:00+00:00", expected=3)
    as_numbers = step(sweep, ["2", "9", "10"])
    assert (as_numbers.ascends_as_numbers, as_numbers.ascends_as_text) == (True, False)
    as_text = step(sweep, ["10", "2", "NON"])
    assert (as_text.ascends_as_numbers, as_text.ascends_as_text) == (False, True)
    assert not step(as_numbers, ["10"]).is_ordered, "a page that comes again"
    assert step(step(sweep, ["1", "2"]), ["3"]) == step(sweep, ["1", "2", "3"])


@pytest.mark.parametrize("token", ["", "nonsense", "{", '{"since":"yesterday"}', '{"sweep":{}}'])
def test_a_token_that_cannot_be_read_means_from_the_start(token: str) -> None:
    cursor = Cursor(system=QBO, kind=Kind.ITEM, token=token, complete=True)
    assert mark_of(cursor) == Mark()


def test_tokens_round_trip() -> None:
    mark = Mark(since="2026-05-05T00:00:00-07:00", owed=True)
    assert mark_of(cursor_of(Kind.ITEM, mark, complete=False)) == mark


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("O'Neil", "O\\'Neil"), ("a\\b", "a\\\\b"), ("\\'", "\\\\\\'"), ("100%", "100%")],
)
def test_quotes_and_backslashes_in_queries(text: str, quoted: str) -> None:
    assert escape(text) == quoted
