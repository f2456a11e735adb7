"""Connection, limits, platform: a side that is away, slow, poor or closed, and a full disk."""

import asyncio
import io
import logging
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from daemon import log
from daemon.control.connecting import Connecting
from daemon.control.protocol_connect import ConnectFinishRequest, ConnectRequest
from daemon.cycle.report import Link, SystemStatus
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.render import show
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.times import envelope_stamp
from ledger.model.entries import Intended, Tombstoned
from ledger.model.facts import Problem
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.store.errors import LedgerUnavailable
from tests.browser import press
from tests.scenarios.test_identity import new_supplier
from tests.scenarios.village import (
    books,
    desk,
    pending,
    problem,
    settled,
    source,
    summaries,
    village,
    written,
)
from tests.town import DEAR, QBO, Town

HOUR_S = 3600.0


def health(one: Town, system: SystemName) -> SystemStatus:
    return one.scheduler.health[system]


def refreshes(one: Town, since: int = 0) -> int:
    """Requests to Intuit's token server."""
    return sum(row["path"] == TOKEN_PATH for row in one.log.since(since))


async def raise_price(one: Town, sku: str = "BOLT", price: float = 12.5) -> None:
    await one.edit("dear", {"kind": "item", "sku": sku, "set": {"PriceTier1": price}})


async def raise_price_in_books(one: Town, name: str = "Bolt", price: float = 12.5) -> None:
    item = books(one, "Item", name)["Id"]
    await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": price}})


def price(one: Town, name: str = "Bolt") -> Decimal:
    found: Decimal = books(one, "Item", name)["UnitPrice"]
    return found


# -- the login ------------------------------------------------------------------------------


async def test_F79_a_lost_refresh_reply_is_asked_for_again_with_the_former_token(
    tmp_path: Path,
) -> None:
    rotating = QboSwitches(refresh_rotation="always", previous_refresh_token="grace")
    async with settled(tmp_path, qbo=rotating) as one:
        one.clock.advance(2 * HOUR_S)
        await raise_price(one)
        last = one.log.last
        one.fail({"system": "qbo", "kind": "lost_reply", "path": TOKEN_PATH})

        report = await one.cycle()

        assert report.complete
        assert report.problems == []
        assert refreshes(one, last) == 2
        assert price(one) == Decimal("12.5")


async def test_F79_a_refused_login_stops_writes_and_reads_of_the_ledger_go_on(
    tmp_path: Path,
) -> None:
    rotating = QboSwitches(refresh_rotation="always", previous_refresh_token="dead")
    async with settled(tmp_path, qbo=rotating) as one:
        one.clock.advance(2 * HOUR_S)
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.fail({"system": "qbo", "kind": "lost_reply", "path": TOKEN_PATH})
        last = one.log.last

        report = await one.cycle()

        assert "refused" in problem(report, "reauth_needed")
        assert health(one, QBO).link is Link.REAUTH_NEEDED
        assert "trueup connect --reconnect" in health(one, QBO).cure
        assert written(one, last) == []
        status = await desk(one).status()
        assert {s.system: s.link for s in status.systems} == {
            "qbo": "reauth_needed",
            "dear": "connected",
        }
        assert (await desk(one).plan(limit=10, offset=0)).operations, "the price waits"

        asked = refreshes(one)
        for _ in range(3):
            await one.cycle(after_s=600)
        assert refreshes(one) == asked, "a refused token is not tried again"

        await new_supplier(one, "Grove Lumber")
        report = await one.cycle()
        assert report.planned > 0, "the other side is read, and what it shows is planned"
        assert written(one, last) == []

        await _authorise_again(one)
        await one.settle()
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99


async def _consent(one: Town) -> dict[str, Any]:
    """A person gives consent once more: the tokens of a new grant."""
    url, back = one.urls["qbo"], "http://localhost:8047/callback"
    asked = {
        "client_id": one.qbo.credentials["client_id"],
        "response_type": "code",
        "redirect_uri": back,
        "scope": "com.intuit.quickbooks.accounting",
    }
    location = URL(await press(str(URL(f"{url}/connect/oauth2").with_query(asked))))
    form = {
        "grant_type": "authorization_code",
        "code": location.query["code"],
        "redirect_uri": back,
    }
    client = aiohttp.encode_basic_auth(asked["client_id"], one.qbo.credentials["client_secret"])
    headers = {"Authorization": client}
    async with one.http.post(url + TOKEN_PATH, data=form, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        tokens: dict[str, Any] = await answer.json()
        return tokens


async def _authorise_again(one: Town) -> None:
    """A person connects again; the daemon is not started anew."""
    connecting = Connecting(one.scheduler.company, one.scheduler.nudge)
    asked = await connecting.begin(ConnectRequest())
    answer = await press(asked.url)
    found = await connecting.finish("maria", ConnectFinishRequest(answer=answer))
    assert [one.connected for one in found.systems] == [True]


async def test_F80_many_callers_make_one_refresh(tmp_path: Path) -> None:
    async with settled(tmp_path, qbo=QboSwitches(refresh_rotation="always")) as one:
        one.clock.advance(2 * HOUR_S)
        last = one.log.last
        connector = one.scheduler.company.connectors[QBO]
        refs = [ExternalRef(QBO, Kind.ITEM, s.id) for s in one.qbo.state.all("Item")]

        await asyncio.gather(*(connector.read(ref) for ref in refs), one.scheduler.run_now("now"))

        assert refreshes(one, last) == 1
        assert health(one, QBO).link is Link.CONNECTED


async def test_F80_a_token_that_ends_early_is_renewed_once_and_the_write_is_done_once(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        await raise_price(one)
        one.qbo.tokens.expire_access_tokens()
        last = one.log.last

        report = await one.cycle()

        assert report.confirmed == 1
        assert refreshes(one, last) == 1
        assert len(written(one, last)) == 1


REVOKED = {
    "fault": {
        "error": [
            {
                "message": "message=ApplicationAuthorizationFailed; errorCode=003100; "
                "statusCode=403",
                "detail": "",
                "code": "3100",
            }
        ],
        "type": "AUTHORIZATION",
    }
}


async def test_F82_revoked_access_is_named_not_retried_and_nothing_is_inferred(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.fail({"system": "qbo", "kind": "status", "status": 403, "body": REVOKED, "times": 0})
        last = one.log.last

        report = await one.cycle()

        assert problem(report, "access_revoked")
        assert health(one, QBO).link is Link.ACCESS_REVOKED
        assert "realm_id" in health(one, QBO).cure
        assert len(one.log.since(last, system="qbo")) == 1
        assert written(one, last) == []
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]

        one.faults.clear()
        await one.settle()
        assert health(one, QBO).link is Link.CONNECTED
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99


# -- too many calls -------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["429_text", "429_bare", "503_bare", "400_model"])
async def test_F83_a_storm_of_refusals_in_dear_loses_and_doubles_nothing(
    tmp_path: Path, flavour: Any
) -> None:
    async with settled(tmp_path, dear=DearSwitches(throttle=flavour)) as one:
        names = [f"Grove Lumber {n}" for n in range(3)]
        for name in names:
            await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": name}})
        since = one.clock.monotonic()
        storm = {"system": "dear", "kind": "throttle", "flavour": flavour}
        one.fail(
            {**storm, "method": "GET", "times": 4},
            {**storm, "method": "POST", "after": 1, "times": 3},
        )

        for _ in range(10):
            await one.cycle()
        await one.settle()

        assert one.faults.pending == 0, "the storm was met"
        assert [name for name in names if source(one, "supplier", name)] == names
        assert len(one.dear.state.dump("supplier")) == 6
        created = [ref for row in one.log.rows for ref in row["created"]]
        assert len(created) == len(set(created)) == 3
        assert one.clock.monotonic() - since > 60, "it was left alone for a while"


@pytest.mark.parametrize("flavour", ["", "gateway", "403", "html"])
async def test_F83_a_storm_of_refusals_in_quickbooks_keeps_the_order(
    tmp_path: Path, flavour: str
) -> None:
    async with settled(tmp_path) as one:
        bolt, clamp = books(one, "Item", "Bolt")["Id"], books(one, "Item", "Clamp")["Id"]
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"Name": "Screw"}})
        await one.edit("dear", {"kind": "item", "sku": "CLAMP", "set": {"Name": "Bolt"}})
        await new_supplier(one, "Grove Lumber")
        storm = {"system": "qbo", "kind": "throttle", "flavour": flavour}
        one.fail(
            {**storm, "method": "GET", "times": 2},
            {**storm, "method": "POST", "path": "/v3/*", "times": 2},
        )
        links = []

        for _ in range(8):
            report = await one.cycle()
            links.append([p.code for p in report.problems])
        await one.settle()

        assert one.faults.pending == 0, "the storm was met"
        assert ["throttled"] in links
        assert books(one, "Item", "Screw")["Id"] == bolt
        assert books(one, "Item", "Bolt")["Id"] == clamp
        assert len(list(one.qbo.state.all("Vendor"))) == 4
        assert health(one, QBO).throttled >= 2


async def test_F83_what_was_read_before_the_storm_is_kept(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await new_supplier(one, "Grove Lumber")
        await raise_price(one)
        # Suppliers are read, then products meet the limit for longer than a read waits.
        storm = {"system": "dear", "kind": "throttle", "path": "*/product", "times": 3}
        one.fail(storm)

        report = await one.cycle()

        assert problem(report, "throttled")
        seen = await one.ledger.read(lambda views: views.counts())
        vendors = {c.system: c.live for c in seen if c.kind is Kind.VENDOR}
        assert vendors[DEAR] == 4
        assert [s for s in one.qbo.state.all("Vendor") if s.name == "Grove Lumber"] == []
        await one.settle()
        assert books(one, "Vendor", "Grove Lumber")
        assert price(one) == Decimal("12.5")


async def test_F84_looks_become_rarer_so_that_the_month_s_reads_last(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        assert one.scheduler.interval_s == 60, "nothing is metered: as configured"
        one.qbo_settings = {"rates": {"metered_reads_per_month": 1_000_000}}
        await one.restart()
        await one.cycle()
        assert one.scheduler.interval_s == 60, "plenty is left"

        one.qbo_settings = {"rates": {"metered_reads_per_month": 10_000}}
        await one.restart()
        await one.cycle()

        left = health(one, QBO).metered_left
        assert left is not None
        month_s = (datetime(2026, 4, 1, tzinfo=UTC) - one.clock.now()).total_seconds()
        assert one.scheduler.interval_s == pytest.approx(month_s / left)
        assert one.scheduler.interval_s > 240


async def test_F84_spent_reads_are_a_named_state_and_writing_goes_on_next_month(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        one.qbo_settings = {"rates": {"metered_reads_per_month": 12}}
        await one.restart()
        left: list[int | None] = []
        for _ in range(12):
            await one.cycle(after_s=600)
            left.append(health(one, QBO).metered_left)
            if health(one, QBO).link is not Link.CONNECTED:
                break

        assert left[0] is not None
        assert left == sorted(left, key=lambda n: -(n or 0)), "what is left is shown, and shrinks"
        assert health(one, QBO).link is Link.THROTTLED
        assert "metered reads of this month" in health(one, QBO).text
        assert "first of the month" in health(one, QBO).cure
        assert health(one, QBO).metered_left == 0
        shown = {s.system: s for s in (await desk(one).status()).systems}["qbo"]
        assert (shown.metered_left, shown.link) == (0, "throttled")
        last = one.log.last
        await raise_price(one)
        for _ in range(3):
            await one.cycle(after_s=600)
        assert one.log.since(last, system="qbo") == []

        # A restart forgets nothing of what was spent.
        await one.restart()
        await one.cycle()
        assert health(one, QBO).metered_left == 0
        assert [r for r in one.log.since(last, system="qbo") if "/company/" in r["path"]] == []

        one.clock.advance(31 * 24 * HOUR_S)
        one.qbo_settings = {}
        await one.restart()
        await one.settle()
        assert price(one) == Decimal("12.5")


# -- away -----------------------------------------------------------------------------------


async def test_F85_a_maintenance_window_is_one_problem_and_is_caught_up_after(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 0})
        await one.cycle()
        since = health(one, QBO).since
        head = await one.ledger.read(lambda views: views.head())

        for _ in range(12):
            report = await one.cycle(after_s=600)
            assert problem(report, "down")
            assert not report.complete

        assert (health(one, QBO).link, health(one, QBO).since) == (Link.DOWN, since)
        assert await one.ledger.read(lambda views: views.head()) == head, "no errors per record"
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.faults.clear()
        await one.settle()
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_F89_with_dear_down_quickbooks_is_observed_and_everything_queues(
    tmp_path: Path, status: int
) -> None:
    async with settled(tmp_path) as one:
        rule = {"system": "dear", "kind": "status", "status": status, "times": 0}
        one.fail({**rule, "path": "/ExternalApi/*"})
        await raise_price_in_books(one)
        await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": "Grove Lumber"}})
        await raise_price(one, "ANVIL", 99)
        last = one.log.last
        head = await one.ledger.read(lambda views: views.head())

        for _ in range(6):
            report = await one.cycle(after_s=600)
            assert problem(report, "down")

        labels = {row.operation.label for row in await pending(one)}
        assert labels == {"BOLT", "Grove Lumber"}
        assert written(one, last) == []
        rows = await one.ledger.read(lambda views: views.entries(head[0], 10_000))
        assert rows, "the books were observed"
        assert not [row for row in rows if isinstance(row.entry, Tombstoned | Intended)]
        counts = await one.ledger.read(lambda views: views.counts())
        assert sum(c.removed for c in counts) == 0

        one.faults.clear()
        await one.settle()
        assert source(one, "product", "Bolt")["PriceTier1"] == Decimal("12.5")
        assert source(one, "supplier", "Grove Lumber")
        assert price(one, "Anvil") == 99


# -- the platform moves ---------------------------------------------------------------------


def cdc_body(one: Town, name: str, **extra: Any) -> dict[str, Any]:
    """A change answer with one item as QuickBooks shows it, and something more."""
    (stored,) = [s for s in one.qbo.state.all("Item") if s.name == name]
    shown = {k: _plain(v) for k, v in show(one.qbo.state, stored).items()} | extra
    return {
        "CDCResponse": [{"QueryResponse": [{"Item": [shown]}]}],
        "time": envelope_stamp(one.clock.now()),
    }


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


async def test_F86_an_unknown_property_is_kept_raw_and_ignored_and_told_once(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]
        last = one.log.last
        body = cdc_body(one, "Bolt", CarbonFootprint="4.2 kg")
        one.fail({"system": "qbo", "kind": "status", "status": 200, "body": body, "path": "*/cdc"})

        report = await one.cycle()

        assert (report.planned, report.problems) == (0, [])
        assert sum(s.observed for s in report.seen.values()) == 0
        ref = ExternalRef(QBO, Kind.ITEM, item)
        heads = await one.ledger.read(lambda views: views.heads([ref]))
        kept = await one.ledger.read(lambda views: views.body(heads[ref].payload))
        assert kept is not None
        assert b"CarbonFootprint" in kept
        await one.cycle()
        told = [w for w in health(one, QBO).warnings if "CarbonFootprint" in w.message]
        assert len(told) == 1
        await one.cycle()
        assert written(one, last) == []


async def test_F86_an_unknown_word_in_dear_is_left_alone(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        last = one.log.last
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"Type": "Hologram"}})

        await one.settle()

        assert written(one, last) == []
        warnings = [w for w in health(one, DEAR).warnings if "Hologram" in w.message]
        assert len(warnings) == 1
        # The record is not lost for everything else.
        await raise_price(one)
        await one.settle()
        assert price(one) == Decimal("12.5")


async def test_F87_an_update_changes_its_field_and_nothing_else(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        before = {name: books(one, "Item", name) for name in ("Anvil", "Bolt")}
        customer = books(one, "Customer", "Delta Cafe")
        vendor = books(one, "Vendor", "Alder Paper")
        await raise_price(one)
        phone = {"Contacts": [{"Name": "Desk", "Phone": "555 1", "Default": True}]}
        for kind, name in (("customer", "Delta Cafe"), ("supplier", "Alder Paper")):
            email = source(one, kind, name)["Contacts"][0]["Email"]
            (contact,) = phone["Contacts"]
            order = {"Contacts": [{**contact, "Email": email}]}
            await one.edit("dear", {"kind": kind, "name": name, "set": order})

        await one.settle()

        assert books(one, "Item", "Anvil") == before["Anvil"]
        assert books(one, "Item", "Bolt") == {**before["Bolt"], "UnitPrice": Decimal("12.5")}
        new_phone = {"PrimaryPhone": {"FreeFormNumber": "555 1"}}
        assert books(one, "Customer", "Delta Cafe") == customer | new_phone
        assert books(one, "Vendor", "Alder Paper") == vendor | new_phone


async def test_F87_the_sandbox_would_refuse_anything_less(tmp_path: Path) -> None:
    """What makes the test above able to fail: without sparse, version or name QuickBooks says no,
    or forgets what was not sent."""
    async with settled(tmp_path) as one:
        stored = books(one, "Vendor", "Alder Paper")
        url = f"{one.urls['qbo']}/v3/company/{one.qbo.credentials['realm_id']}/vendor"
        access = (await _consent(one))["access_token"]
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        record = one.qbo.state.get("Vendor", stored["Id"])
        assert record is not None
        for body, code in (
            ({"Id": stored["Id"], "sparse": True, "Notes": "x"}, "2020"),
            ({"Id": stored["Id"], "SyncToken": "77", "sparse": True, "Notes": "x"}, "5010"),
        ):
            async with one.http.post(url, json=body, headers=headers) as answer:
                assert answer.status == 400
                assert (await answer.json())["Fault"]["Error"][0]["code"] == code
        whole = {"Id": stored["Id"], "SyncToken": str(record.token), "DisplayName": "Alder Paper"}
        async with one.http.post(url, json=whole, headers=headers) as answer:
            assert answer.status == 200
        assert "PrimaryPhone" not in books(one, "Vendor", "Alder Paper")


async def test_F90_a_smaller_plan_is_one_warning_for_each_kind_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        one.qbo.switches.offering = "QuickBooks Online Essentials"
        one.clock.advance(24 * HOUR_S)

        report = await one.cycle()

        assert report.complete
        assert report.problems == []
        missing = [w for w in health(one, QBO).warnings if w.code == "feature_missing"]
        assert [w.message.split(":")[0] for w in missing] == ["class", "purchase_order"]
        assert missing[0].cure
        assert one.scheduler.company.rules().capabilities[QBO].kinds[Kind.CLASS].disabled
        last = one.log.last
        await raise_price(one)
        await one.settle()
        assert price(one) == Decimal("12.5")
        assert not any("Class" in summary for summary in summaries(one, "qbo", last))
        shown = {s.system: s for s in (await desk(one).status()).systems}["qbo"]
        assert [w.code for w in shown.warnings].count("feature_missing") == 2


# -- this machine ---------------------------------------------------------------------------


async def test_F92_nothing_is_sent_that_cannot_be_journalled_first(tmp_path: Path) -> None:
    async with settled(tmp_path, create={Kind.VENDOR: {QBO: "ask"}}) as one:
        for n in range(30):
            await new_supplier(one, f"Grove Lumber {n}")
        await one.cycle()
        await one.approve_all()
        await _limit_pages(one, full=True)
        await _fill_slack(one)
        last = one.log.last

        error = await _cycle_fails(one)

        assert "Make room" in error.cure
        assert written(one, last) == []
        assert [row for row in one.writes("qbo") if row["n"] > last] == []
        assert (await desk(one).status()).operations, "the ledger can still be read"

        await _limit_pages(one, full=False)
        await one.settle()
        assert len(list(one.qbo.state.all("Vendor"))) == 33
        assert len(written(one, last)) == 1


async def test_F92_an_answer_that_found_no_room_is_settled_by_looking(tmp_path: Path) -> None:
    async with settled(tmp_path, create={Kind.VENDOR: {QBO: "ask"}}) as one:
        for n in range(30):
            await new_supplier(one, f"Grove Lumber {n}")
        await one.cycle()
        await one.approve_all()
        last = one.log.last
        filling: list[asyncio.Future[None]] = []

        def runs_full(_: str, method: str, path: str) -> None:
            if method == "POST" and path.endswith("/batch"):
                filling.append(asyncio.ensure_future(_limit_pages(one, full=True)))

        one.faults.on_request = runs_full

        error = await _cycle_fails(one)

        assert "Make room" in error.cure
        assert len(written(one, last)) == 1, "one request was out, and no other left after it"
        assert len(await one.ledger.read(lambda views: views.open_intents())) == 1

        one.faults.on_request = None
        await asyncio.gather(*filling)
        await _limit_pages(one, full=False)
        await one.settle()
        vendors = [stored.name for stored in one.qbo.state.all("Vendor")]
        assert len(vendors) == len(set(vendors)) == 33
        assert await one.ledger.read(lambda views: views.open_intents()) == []


async def _cycle_fails(one: Town) -> Problem:
    """A cycle that could not write the ledger: it says so and the daemon goes on."""
    report = await one.cycle()
    assert not report.complete
    (problem,) = [p for p in report.problems if p.code == "ledger"]
    return problem


async def _limit_pages(one: Town, *, full: bool) -> None:
    """Let SQLite itself say "database or disk is full", as on a volume without room."""

    def limit(db: sqlite3.Connection) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages if full else 4_000_000}")

    writer = one.ledger._writer
    assert writer is not None
    await writer.run(limit)


async def _fill_slack(one: Town) -> None:
    """Use up what still fits into the pages that there are, with bodies that nothing shortens."""
    noise = random.Random("noise")
    for size in (12_000, 3000, 700, 150, 40):
        for _ in range(100):
            draft = one.ledger.draft(actor="test")
            draft.runtime(f"filler {noise.random()}", draft.body(noise.randbytes(size)).encode())
            try:
                await one.ledger.append(draft)
            except LedgerUnavailable:
                break


@pytest.fixture
def debug_log() -> Iterator[io.StringIO]:
    """Everything this process logs, set up as the daemon does for ``level: debug``."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.setup("debug", "text", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_F94_debug_logs_hold_no_secret_and_no_company_data(
    tmp_path: Path, debug_log: io.StringIO
) -> None:
    async with settled(tmp_path, qbo=QboSwitches(refresh_rotation="always")) as one:
        secrets = {**one.qbo.credentials, **one.dear.credentials}
        one.clock.advance(2 * HOUR_S)
        await raise_price(one)
        vendor = books(one, "Vendor", "Alder Paper")["Id"]
        address = {"Line1": "7 New Quay", "City": "Tucson", "PostalCode": "85719"}
        await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": {"BillAddr": address}})
        await new_supplier(one, "Red \x1b[31mLine")
        await one.settle()
        one.fail({"system": "qbo", "kind": "status", "status": 403, "body": REVOKED})
        await one.cycle()
        await one.stop_daemon()
        await one.start_daemon()
        await one.settle()
        text = debug_log.getvalue()
        grants = one.qbo.tokens._grants
        access = {token for grant in grants for token in grant.access}

    assert text, "debug logging is on"
    assert len(access) > 1
    for name, secret in secrets.items():
        assert secret not in text, name
    for token in access:
        assert token not in text
    company = ("7 New Quay", "Alder Paper", "Delta Cafe", "alderpaper", "Bayshore", "Red ")
    assert [word for word in company if word in text] == []


async def test_a_closed_company_is_shown(tmp_path: Path) -> None:
    world = village()
    world = replace(world, company=replace(world.company, closed_until="2025-12-31"))
    async with settled(tmp_path, world=world) as one:
        assert health(one, QBO).closed_until == "2025-12-31"
        assert health(one, DEAR).closed_until == "2025-12-31"
