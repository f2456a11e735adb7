"""A side that changes its words or its plan, a full disk, and logs that tell no secret."""

import asyncio
import io
import random
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.render import show
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.times import envelope_stamp
from ledger.model.facts import Problem
from ledger.model.ids import ExternalRef, Kind
from ledger.store.errors import LedgerUnavailable
from tests.browser import press
from tests.scenarios.connection import HOUR_S, REVOKED, health, price, raise_price
from tests.scenarios.test_identity import new_supplier
from tests.scenarios.village import books, desk, settled, source, summaries, village, written
from tests.town import DEAR, QBO, Town


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
