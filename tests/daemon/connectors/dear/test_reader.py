"""Sweeps, changes, direct reads and look-ups over real HTTP, with everything that goes wrong."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from daemon.connectors.dear import client as client_module
from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.server import serve
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.facts import Cursor, Observation, Page, Tombstone
from ledger.model.ids import ExternalRef, Kind
from ledger.model.records import Account, Item, Vendor
from tests.daemon.connectors.clocks import FastClock
from tests.daemon.connectors.dear.bench import Bench, ids, open_bench
from tests.daemon.connectors.dear.rows import GUID, PRODUCT, TAX, config

MASTERS = (Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM)
THROTTLES = ("429_text", "429_bare", "503_bare", "400_model")


@asynccontextmanager
async def fixed(
    answers: Mapping[str, object],
) -> AsyncIterator[tuple[DearConnector, list[Mapping[str, str]]]]:
    """A server that gives fixed answers, whatever is asked of a path, and the headers it saw."""
    seen: list[Mapping[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers)
        path = request.match_info["path"]
        if path == "me":
            return web.json_response({"Company": "Potters", "Currency": "USD"})
        if path not in answers:
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.json_response(answers[path])

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TRUEUP_TEST_DEAR_KEY", "not a secret")
        async with serve(app) as url:
            connector = DearConnector.open(config(base_url=url), clock=FastClock())
            try:
                yield connector, seen
            finally:
                await connector.close()


async def gather(source: AsyncIterator[Page], pages: list[Page]) -> None:
    """Everything that came before ``source`` failed, if it does, stays in ``pages``."""
    async for page in source:
        pages.append(page)


def last_cursor(pages: list[Page]) -> Cursor:
    cursor = pages[-1].cursor
    assert cursor is not None
    return cursor


def first_item(b: Bench) -> ExternalRef:
    row = next(iter(b.twin.state["product"]))
    return ExternalRef(b.connector.name, Kind.ITEM, row.id)


class TestCheck:
    async def test_the_company(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            b.twin.state.me["LockDate"] = "2026-03-31T00:00:00"
            health = await b.connector.check()
            assert health.company_id == b.twin.credentials["account_id"]
            assert health.company_name == b.twin.state.me["Company"]
            assert (health.home_currency, health.environment) == ("USD", "sandbox")
            assert health.closed_until == "2026-03-31"
            assert health.warnings == ()

    async def test_it_is_remembered_for_hours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, check_every_hours=2) as b:
            await b.connector.check()
            await b.connector.check()
            assert len(b.calls()) == 1
            b.clock.advance(3 * 3600)
            await b.connector.check()
            assert len(b.calls()) == 2

    async def test_a_native_link_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, native_link="connected") as b:
            (warning,) = (await b.connector.check()).warnings
            assert warning.code == "native_link"
            rule = b.connector.capabilities.kinds[Kind.ACCOUNT]
            assert (rule.can_create, rule.can_update) == (False, False)
            assert b.connector.capabilities.kinds[Kind.TERM].can_create

    async def test_a_lock_date_in_another_format_is_told_and_not_guessed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.twin.state.me["LockDate"] = "31/03/2026"
            health = await b.connector.check()
            assert health.closed_until == ""
            assert [w.code for w in health.warnings] == ["lock_date"]

    async def test_five_mistakes_in_the_defaults_are_five_problems(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defaults = {
            "supplier": {"payment_term": "Net 31", "account_payable": "Q33"},
            "customer": {"price_tier": "Tier 99", "tax_rule": "Californa"},
            "product": {"category": "garden", "unit": "Furlong"},
            "tax": {"account": "Q9"},
        }
        async with open_bench(monkeypatch, defaults=defaults) as b:
            warnings = (await b.connector.check()).warnings
            assert {w.code for w in warnings} == {"default_missing"}
            assert sorted(w.field for w in warnings) == [
                "dear.defaults.customer.price_tier",
                "dear.defaults.customer.tax_rule",
                "dear.defaults.product.unit",
                "dear.defaults.supplier.payment_term",
                "dear.defaults.tax.account",
            ]
            assert all(w.field in w.cure for w in warnings)
            assert len(b.calls()) == 7

    async def test_a_default_that_is_there_for_another_use_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defaults = {"supplier": {"tax_rule": "California"}}
        async with open_bench(monkeypatch, defaults=defaults) as b:
            b.row(Kind.TAX_CODE, "Name", "California").fields["IsTaxForPurchase"] = False
            (warning,) = (await b.connector.check()).warnings
            assert "IsTaxForPurchase is off" in warning.message

    @pytest.mark.parametrize("what", ["account_id", "key"])
    async def test_f82_wrong_credentials_are_a_state(
        self, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        wrong = "11111111-2222-3333-4444-555555555555"
        settings: dict[str, Any] = {"account_id": wrong} if what == "account_id" else {}
        async with open_bench(monkeypatch, **settings) as b:
            if what == "key":
                monkeypatch.setenv("TRUEUP_TEST_DEAR_KEY", wrong)
            with pytest.raises(Unauthorised) as error:
                await b.connector.check()
            assert error.value.state == "bad_credentials"
            assert len(b.calls()) == 1
            assert wrong not in str(error.value) + error.value.cure

    async def test_a_key_that_is_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            monkeypatch.delenv("TRUEUP_TEST_DEAR_KEY")
            with pytest.raises(Unauthorised) as error:
                await b.connector.check()
            assert error.value.state == "bad_credentials"
            assert b.calls() == []


class TestAnswers:
    @pytest.mark.parametrize("flavour", THROTTLES)
    async def test_f83_every_flavour_of_too_many_calls_is_waited_for(
        self, monkeypatch: pytest.MonkeyPatch, flavour: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("throttle", flavour=flavour, times=2)
            before = b.clock.monotonic()
            pages = await b.sweep(Kind.TERM)
            assert pages[-1].sweep_done
            assert b.connector.budget.throttled == 2
            waited = b.clock.monotonic() - before
            assert waited >= (120 if flavour == "429_text" else 30)

    async def test_f83_patience_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("throttle", times=0)
            with pytest.raises(Throttled) as error:
                await b.sweep(Kind.TERM)
            assert error.value.retry_after == 60
            assert len(b.calls()) == client_module.BUSY_TRIES

    async def test_f83_a_long_pause_is_left_to_the_caller(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=429, headers={"Retry-After": "900 Seconds"})
            with pytest.raises(Throttled) as error:
                await b.sweep(Kind.TERM)
            assert error.value.retry_after == 900
            assert len(b.calls()) == 1

    async def test_the_pace_keeps_below_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        switches = DearSwitches(calls_per_minute=50)
        async with open_bench(monkeypatch, switches=switches, page_size=1) as b:
            pages = await b.sweep(Kind.ITEM)
            assert pages[-1].sweep_done
            assert len(b.calls()) > 20
            assert b.connector.budget.throttled == 0

    @pytest.mark.parametrize("fault", ["html_200", "fault_200"])
    async def test_f23_a_page_or_an_error_with_200_is_never_an_empty_list(
        self, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(fault, times=0)
            with pytest.raises((Refused, Transient)) as error:
                await b.sweep(Kind.ITEM)
            if fault == "html_200":
                assert "dear.base_url" in error.value.cure

    @pytest.mark.parametrize("path", ["direct", "redirect"])
    async def test_a_wrong_address_is_named_and_not_followed(
        self, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        switches = DearSwitches(unknown_path=path)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            wrong = b.url.replace("/v2/", "/v3/")
            settings = config(account_id=b.twin.credentials["account_id"], base_url=wrong)
            lost = DearConnector.open(settings, clock=b.clock)
            try:
                with pytest.raises(Transient) as error:
                    await lost.check()
                assert "dear.base_url" in error.value.cure
                assert len(b.calls()) == 1
            finally:
                await lost.close()

    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_f89_an_outage_is_transient(
        self, monkeypatch: pytest.MonkeyPatch, status: int
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=status, times=0)
            with pytest.raises(Transient):
                await b.sweep(Kind.ITEM)

    @pytest.mark.parametrize("kind", ["lost_request", "lost_reply", "truncated_body"])
    async def test_a_broken_answer_is_read_again(
        self, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(kind)
            pages = await b.sweep(Kind.VENDOR)
            assert pages[-1].sweep_done
            assert len(ids(pages)) == len(b.twin.state["supplier"].rows)

    @pytest.mark.parametrize("body", ["", "{}", "[]", '{"Total":0}', '{"Products":{}}', "null"])
    async def test_f23_an_answer_that_is_no_list_is_no_observation(
        self, monkeypatch: pytest.MonkeyPatch, body: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=200, body=body, times=0)
            with pytest.raises((Transient, Refused)):
                await b.sweep(Kind.ITEM)


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


class TestRead:
    @pytest.mark.parametrize("kind", list(FAMILIES))
    async def test_one_record(self, monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
        async with open_bench(monkeypatch) as b:
            swept = [o for page in await b.sweep(kind) for o in page.observations]
            assert await b.connector.read(swept[-1].ref) == swept[-1]

    async def test_a_deprecated_one_is_still_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            ref = first_item(b)
            b.twin.state["product"].rows[ref.id].fields["Status"] = "Deprecated"
            seen = await b.connector.read(ref)
            assert isinstance(seen, Observation)
            assert isinstance(seen.record, Item)
            assert seen.record.active is False

    @pytest.mark.parametrize("unknown_id", ["empty", "refuse"])
    @pytest.mark.parametrize("kind", list(FAMILIES))
    async def test_gone_is_proved_by_a_complete_list(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind, unknown_id: str
    ) -> None:
        switches = DearSwitches(unknown_id=unknown_id)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            gone = "Q99999" if kind is Kind.ACCOUNT else "0e000000-0000-4000-8000-000000000000"
            ref = ExternalRef(b.connector.name, kind, gone)
            answer = await b.connector.read(ref)
            assert isinstance(answer, Tombstone)
            assert answer.evidence

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"kind": "html_200"}, Transient),
            ({"kind": "fault_200"}, Refused),
            ({"kind": "status", "status": 500}, Transient),
            ({"kind": "status", "status": 403}, Unauthorised),
            ({"kind": "status", "status": 200, "body": ""}, Transient),
            ({"kind": "throttle"}, Throttled),
            ({"kind": "drop_page"}, Transient),
            ({"kind": "lost_request"}, Transient),
        ],
    )
    async def test_f23_an_error_is_never_absence(
        self,
        monkeypatch: pytest.MonkeyPatch,
        fault: dict[str, object],
        error: type[Exception],
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(**fault, times=0)  # type: ignore[arg-type]
            with pytest.raises(error):
                await b.connector.read(first_item(b))

    async def test_an_unreadable_record_is_not_absent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            ref = first_item(b)
            b.twin.state["product"].rows[ref.id].fields["Name"] = None
            with pytest.raises(Refused) as error:
                await b.connector.read(ref)
            assert error.value.field == "Name"


class TestFind:
    @pytest.mark.parametrize("reading", ["containing", "starting"])
    async def test_only_the_equal_one_is_found(
        self, monkeypatch: pytest.MonkeyPatch, reading: str
    ) -> None:
        switches = DearSwitches(product_filter=reading)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            one, other, third = list(b.twin.state["product"])[:3]
            one.fields["SKU"], other.fields["SKU"] = "AB-1", "AB-10"
            third.fields["SKU"] = "XAB-1"
            found = await b.connector.find(Kind.ITEM, "sku", "ab-1 ")
            assert [o.ref.id for o in found] == [one.id]

    async def test_inactive_ones_are_found_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(iter(b.twin.state["supplier"]))
            row.fields["Status"] = "Deprecated"
            (found,) = await b.connector.find(Kind.VENDOR, "name", str(row.fields["Name"]))
            assert isinstance(found.record, Vendor)
            assert found.record.active is False

    async def test_names_with_every_sign_survive_the_query(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(iter(b.twin.state["customer"]))
            row.fields["Name"] = "O'Neil & Söhne + 100% \\ #1?"
            (found,) = await b.connector.find(Kind.CUSTOMER, "name", "O'Neil & Söhne + 100% \\ #1?")
            assert found.ref.id == row.id

    async def test_accounts_by_code_and_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            assert await b.connector.find(Kind.ACCOUNT, "code", "none such") == []
            (found,) = await b.connector.find(Kind.ACCOUNT, "code", "q79")
            assert isinstance(found.record, Account)
            name = str(found.record.name)
            assert found in await b.connector.find(Kind.ACCOUNT, "name", name)

    async def test_a_key_that_dear_cannot_filter_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(row for row in b.twin.state["supplier"] if row.fields["Contacts"])
            row.fields["Contacts"][0]["Email"] = "only@this.example"
            found = await b.connector.find(Kind.VENDOR, "email", "ONLY@this.example")
            assert [o.ref.id for o in found] == [row.id]

    async def test_an_unreadable_one_is_not_passed_over(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(iter(b.twin.state["product"]))
            row.fields["PriceTier1"] = "twelve"
            with pytest.raises(Refused) as error:
                await b.connector.find(Kind.ITEM, "sku", str(row.fields["SKU"]))
            assert error.value.field == "PriceTier1"

    async def test_kinds_that_dear_has_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            assert await b.connector.find(Kind.CLASS, "name", "x") == []
            assert await b.connector.find(Kind.ITEM, "sku", "  ") == []
            assert b.calls() == []


async def test_every_call_carries_both_headers_and_the_type() -> None:
    async with fixed({"ref/tax": {"Total": 1, "Page": 1, "TaxRuleList": [TAX]}}) as (dear, seen):
        assert len([page async for page in dear.sweep(Kind.TAX_CODE, None)]) == 2
        (headers,) = seen
        assert headers["api-auth-accountid"] == f"{GUID}a"
        assert headers["api-auth-applicationkey"] == "not a secret"
        assert headers["Content-Type"] == "application/json"


async def test_a_redirect_is_never_followed() -> None:
    async with fixed({}) as (dear, seen):
        with pytest.raises(Transient, match="302"):
            await dear.find(Kind.VENDOR, "name", "x")
        assert len(seen) == 1
