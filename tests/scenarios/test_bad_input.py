"""Bad input, line by line of the requirement: each a named problem, and the rest goes on."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.control.protocol import HoldShown, RetryRequest
from daemon.cycle.report import Link
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.qbo.render import show
from daemon.sandbox.qbo.times import envelope_stamp
from ledger.model.entries import Observed, Quarantined, Tombstoned
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from tests.scenarios.connection import health, price, raise_price, raise_price_in_books
from tests.scenarios.test_identity import NEW_PRODUCT, NEW_SUPPLIER, new_supplier
from tests.scenarios.village import (
    BOOKKEEPER,
    books,
    desk,
    held,
    pending,
    problem,
    settled,
    source,
    the_hold,
    village,
    written,
)
from tests.town import DEAR, QBO, Town, town

BROKEN: dict[str, dict[str, Any]] = {
    "not JSON": {"kind": "status", "status": 200, "body": "So sorry, come back later"},
    "half a JSON": {"kind": "status", "status": 200, "body": '{"Total": 4, "Page": 1, "Prod'},
    "another JSON": {"kind": "status", "status": 200, "body": [1, 2, 3]},
    "an empty body": {"kind": "status", "status": 200, "body": ""},
    "a cut connection": {"kind": "truncated_body"},
    "a web page": {"kind": "html_200"},
    "an error with 200": {"kind": "fault_200"},
}
LISTS = {"qbo": "*/cdc", "dear": "*/product"}


async def shown_holds(one: Town, code: HoldCode) -> list[HoldShown]:
    """The holds of this kind as ``trueup plan`` and ``status`` show them."""
    rows = (await desk(one).plan(limit=100, offset=0)).holds
    found = [row for row in rows if row.code == code.value]
    assert (await desk(one).status()).holds.get(code.value, 0) == len(found)
    return found


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("system", ["qbo", "dear"])
async def test_a_broken_answer_is_a_state_of_the_system_and_nothing_is_inferred(
    tmp_path: Path, system: str, what: str
) -> None:
    async with settled(tmp_path) as one:
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.fail({"system": system, "path": LISTS[system], "times": 0, **BROKEN[what]})
        last = one.log.last

        report = await one.cycle()

        assert not report.complete
        assert system in problem(report, "down").lower()
        assert (health(one, QBO).link, health(one, DEAR).link) == (
            (Link.DOWN, Link.CONNECTED) if system == "qbo" else (Link.CONNECTED, Link.DOWN)
        )
        assert written(one, last) == []
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned | Quarantined)]
        one.faults.clear()
        await one.settle()
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("system", ["qbo", "dear"])
async def test_a_broken_answer_to_a_write_is_settled_by_looking(
    tmp_path: Path, system: str, what: str
) -> None:
    async with settled(tmp_path) as one:
        if system == "qbo":
            await new_supplier(one, "Grove Lumber")
        else:
            await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": "Grove Lumber"}})
        path = "/v3/*" if system == "qbo" else "*/supplier"
        one.fail({"system": system, "path": path, "method": "POST", **BROKEN[what]})

        for _ in range(3):
            await one.cycle(after_s=200)
        for row in await held(one, HoldCode.REJECTED):
            # DEAR says no with 200: a definite answer, for a person to look at.
            assert (system, what) == ("dear", "an error with 200")
            await desk(one).retry(BOOKKEEPER, RetryRequest(record=row.record, reason="again"))
        await one.settle()

        assert books(one, "Vendor", "Grove Lumber")
        assert source(one, "supplier", "Grove Lumber")
        assert await one.ledger.read(lambda views: views.open_intents()) == []


async def test_a_wrong_type_in_one_dear_record_is_quarantined_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        item = source(one, "product", "Bolt")["_id"]
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"PriceTier1": "a lot"}})
        await raise_price(one, "ANVIL", 99)

        report = await one.cycle()

        assert report.complete
        assert report.seen[DEAR].unreadable == 1
        assert price(one, "Anvil") == 99
        assert price(one, "Bolt") == 10
        (entry,) = [e for e in await one.entries() if isinstance(e, Quarantined)]
        assert entry.ref == ExternalRef(DEAR, Kind.ITEM, item)
        assert entry.problem.field == "PriceTier1"
        (hold,) = await shown_holds(one, HoldCode.UNREADABLE)
        assert hold.label == "BOLT"
        assert "PriceTier1" in hold.text + hold.field
        assert hold.cure
        counts = await one.ledger.read(lambda views: views.counts())
        assert sum(c.unreadable for c in counts if c.kind is Kind.ITEM) == 1
        # Neither side is written while one of them cannot be read.
        last = one.log.last
        await raise_price_in_books(one, "Bolt", 77)
        await one.cycle()
        assert written(one, last) == []

        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"PriceTier1": 10}})
        await one.settle()

        assert await held(one, HoldCode.UNREADABLE) == []
        assert source(one, "product", "Bolt")["PriceTier1"] == 77


async def test_a_wrong_type_in_one_record_of_the_books_is_quarantined_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        await raise_price_in_books(one, "Anvil", 99)
        items = {stored.name: stored for stored in one.qbo.state.all("Item")}
        rows = [_plain(show(one.qbo.state, items[name])) for name in ("Bolt", "Anvil")]
        rows[0]["UnitPrice"] = {"amount": "ten"}
        body = {
            "CDCResponse": [{"QueryResponse": [{"Item": rows}]}],
            "time": envelope_stamp(one.clock.now()),
        }
        one.fail({"system": "qbo", "kind": "status", "status": 200, "body": body, "path": "*/cdc"})

        report = await one.cycle()

        assert report.complete
        assert source(one, "product", "Anvil")["PriceTier1"] == 99
        (hold,) = await shown_holds(one, HoldCode.UNREADABLE)
        assert hold.label == "BOLT"
        assert "UnitPrice" in hold.text + hold.field
        assert hold.cure

        await raise_price_in_books(one, "Bolt", 11)
        await one.settle()
        assert await held(one, HoldCode.UNREADABLE) == []
        assert source(one, "product", "Bolt")["PriceTier1"] == 11


def _plain(shown: dict[str, Any]) -> dict[str, Any]:
    return {k: float(v) if isinstance(v, Decimal) else v for k, v in shown.items()}


async def test_an_unreadable_record_at_the_first_look_stops_nothing(tmp_path: Path) -> None:
    async with town(tmp_path, world=village()) as one:
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"PriceTier1": "a lot"}})

        await one.agree()

        (hold,) = await shown_holds(one, HoldCode.UNREADABLE)
        assert hold.text
        assert hold.cure
        assert len(list(one.qbo.state.all("Item"))) == 4, "its counterpart was not taken for new"
        assert len(one.dear.state.dump("product")) == 4
        counts = await one.ledger.read(lambda views: views.counts())
        assert {c.linked for c in counts if c.kind is Kind.VENDOR} == {3}


# -- credentials and companies --------------------------------------------------------------


async def test_a_wrong_key_for_dear_is_named_and_cured_without_a_restart(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        secret = one.folder / "secrets" / "application_key"
        right = secret.read_text()
        secret.write_text("00000000-0000-0000-0000-000000000000")
        await raise_price(one)
        last = one.log.last

        report = await one.cycle()

        assert problem(report, "bad_credentials")
        assert health(one, DEAR).link is Link.BAD_CREDENTIALS
        assert "application_key" in health(one, DEAR).cure
        assert len(one.log.since(last, system="dear")) == 1, "not tried again and again"
        assert written(one, last) == []

        secret.write_text(right)
        await one.settle()
        assert health(one, DEAR).link is Link.CONNECTED
        assert price(one) == Decimal("12.5")


async def test_a_wrong_secret_for_quickbooks_is_named(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        secret = one.folder / "secrets" / "client_secret"
        right = secret.read_text()
        secret.write_text("not it")
        one.clock.advance(2 * 3600)
        await raise_price(one)
        last = one.log.last

        report = await one.cycle()

        assert problem(report, "bad_credentials")
        assert "client_secret" in health(one, QBO).cure
        assert written(one, last) == []

        secret.write_text(right)
        await one.settle()
        assert price(one) == Decimal("12.5")


async def test_a_realm_that_the_login_does_not_open_is_named(tmp_path: Path) -> None:
    async with town(tmp_path, world=village()) as one:
        one.qbo_settings = {"realm_id": "123146000000000"}
        await one.restart()

        report = await one.cycle()

        assert problem(report, "access_revoked")
        assert "realm_id" in health(one, QBO).cure
        assert await one.ledger.read(lambda views: views.pins()) != {}, "DEAR is known"
        assert QBO not in await one.ledger.read(lambda views: views.pins())


async def test_F31_another_company_is_refused_and_the_base_is_untouched(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        right = one.qbo.state.company
        counts = await one.ledger.read(lambda views: views.counts())
        head = await one.ledger.read(lambda views: views.head())
        one.qbo.state.company = replace(right, realm_id="123146000000000", name="Another Ltd")
        await one.restart()
        last = one.log.last
        await raise_price(one)

        report = await one.cycle()

        assert "another company" in problem(report, "wrong_company")
        assert "separate instance" in health(one, QBO).cure
        assert written(one, last) == []
        assert await one.ledger.read(lambda views: views.counts()) == counts
        rows = await one.ledger.read(lambda views: views.entries(head[0], 100))
        assert not [
            r for r in rows if isinstance(r.entry, Observed) and r.entry.ref.system == "qbo"
        ]
        status = await desk(one).status()
        assert {s.system: s.link for s in status.systems}["qbo"] == "wrong_company"

        one.qbo.state.company = right
        await one.restart()
        await one.settle()
        assert price(one) == Decimal("12.5")


async def test_F31_another_dear_company_is_refused(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        one.dear._account = "11111111-2222-3333-4444-555555555555"
        await one.restart()
        await raise_price_in_books(one)
        last = one.log.last

        report = await one.cycle()

        assert "another company" in problem(report, "wrong_company")
        assert written(one, last) == []


async def test_F32_keys_of_another_environment_are_refused(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        one.qbo_settings = {"environment": "production"}
        with pytest.raises(ValueError, match="environment: production"):
            one._open_qbo()


# -- pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["repeat_page", "drop_page", "shift_page"])
async def test_F27_a_page_that_repeats_or_is_missing_proves_nothing(
    tmp_path: Path, kind: str
) -> None:
    async with settled(tmp_path, dear=DearSwitches(page_cap=2)) as one:
        await raise_price_in_books(one)
        last = one.log.last
        one.fail({"system": "dear", "kind": kind, "path": "*/product", "after": 1, "times": 0})

        report = await one.scheduler.run_now("full look", full=True)

        assert not report.complete
        assert "nothing is inferred" in problem(report, "down")
        assert written(one, last) == []
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        one.faults.clear()
        assert (await one.scheduler.run_now("full look", full=True)).complete
        await one.settle()
        assert source(one, "product", "Bolt")["PriceTier1"] == Decimal("12.5")


async def test_F26_an_emptied_list_is_an_accident_until_a_person_says_otherwise(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        empty = {"Total": 0, "Page": 1, "Products": []}
        rule = {"system": "dear", "kind": "status", "status": 200, "body": empty, "times": 0}
        one.fail({**rule, "path": "*/product"})
        last = one.log.last

        report = await one.scheduler.run_now("full look", full=True)

        assert "4" in problem(report, "unsafe")
        assert health(one, DEAR).link is Link.UNSAFE
        assert written(one, last) == []
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]
        counts = await one.ledger.read(lambda views: views.counts())
        assert {c.live for c in counts if c.kind is Kind.ITEM} == {4}


# -- records that lack something ------------------------------------------------------------


async def test_a_product_that_points_to_an_account_the_books_lack_is_held(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        body = {**NEW_PRODUCT, "Name": "Crate", "SKU": "CRATE", "RevenueAccount": "590"}
        await one.edit("dear", {"kind": "item", "create": body})
        await raise_price(one)
        last = one.log.last

        await one.settle()

        assert price(one) == Decimal("12.5"), "the rest goes on"
        rows = [row for row in await one.holds(Kind.ITEM) if row.label == "CRATE"]
        assert [(r.hold.code, r.hold.field) for r in rows] == [
            (HoldCode.MISSING_REFERENCE, "income_account")
        ]
        assert "590" in rows[0].hold.text
        assert rows[0].hold.cure
        assert not any("create" in row["summary"] for row in one.log.since(last, system="qbo"))
        order = {"kind": "item", "sku": "CRATE", "set": {"RevenueAccount": "Q79"}}
        await one.edit("dear", order)
        await one.settle()
        assert books(one, "Item", "Crate")["IncomeAccountRef"]["value"] == "79"


async def test_a_term_that_the_books_lack_is_neither_invented_nor_taken_away(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        body = {**NEW_SUPPLIER, "Name": "Month End Packaging", "PaymentTerm": "30 EOM"}
        await one.edit("dear", {"kind": "supplier", "create": body})

        await one.settle()

        # Terms are the books' own: the vendor is made without one, never with another one.
        vendor = books(one, "Vendor", "Month End Packaging")
        assert "TermRef" not in vendor
        assert source(one, "supplier", "Month End Packaging")["PaymentTerm"] == "30 EOM"
        term = {"TermRef": {"value": "4"}}
        await one.edit("qbo", {"kind": "vendor", "id": vendor["Id"], "set": term})
        await one.settle()
        assert source(one, "supplier", "Month End Packaging")["PaymentTerm"] == "Net 60"


async def test_an_item_without_a_sku_is_held_and_goes_once_it_has_one(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        body = {"Name": "Delivery", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
        made = await one.edit("qbo", {"kind": "item", "create": body})

        await one.settle()

        row = await the_hold(one, HoldCode.MISSING_VALUE)
        assert (row.hold.field, row.label) == ("sku", "Delivery")
        assert "SKU" in row.hold.text
        await one.edit("qbo", {"kind": "item", "id": made["id"], "set": {"Sku": "DELIVERY"}})
        await one.settle()
        product = source(one, "product", "Delivery")
        assert (product["SKU"], product["Type"]) == ("DELIVERY", "Service")
        assert await held(one, HoldCode.MISSING_VALUE) == []


async def test_a_tax_rule_that_the_books_lack_is_named_and_no_other_is_taken(
    tmp_path: Path,
) -> None:
    async with town(tmp_path, world=village()) as one:
        rule = {"Name": "Import Duty", "IsActive": True, "IsTaxForSale": True}
        await one.edit("dear", {"kind": "tax_code", "create": rule})
        body = {**NEW_PRODUCT, "Name": "Tile", "SKU": "TILE", "SaleTaxRule": "Import Duty"}
        await one.edit("dear", {"kind": "item", "create": body})
        await one.agree()

        rows = [r for r in await shown_holds(one, HoldCode.NOT_AUTOMATIC) if "Import" in r.label]
        assert [(r.kind, r.system) for r in rows] == [("tax_code", "qbo")]
        assert "by hand" in rows[0].cure
        items = [s for s in one.qbo.state.all("Item") if s.name == "Tile"]
        codes = [s.fields.get("SalesTaxCodeRef") for s in items]
        assert codes == [None], "no tax code that nobody entered"
        assert source(one, "product", "Tile")["SaleTaxRule"] == "Import Duty"


async def test_a_refused_email_address_is_one_hold_and_goes_once_corrected(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        contact = {"Name": "Desk", "Email": "nobody at example", "Default": True}
        body = {**NEW_SUPPLIER, "Name": "Grove Lumber", "Contacts": [contact]}
        await one.edit("dear", {"kind": "supplier", "create": body})
        await new_supplier(one, "Heath Stone")

        await one.settle()

        assert books(one, "Vendor", "Heath Stone")
        row = await the_hold(one, HoldCode.REJECTED)
        assert (row.label, row.hold.field) == ("Grove Lumber", "email")
        assert "e-mail" in row.hold.cure
        last = one.log.last
        await one.cycle()
        assert written(one, last) == []
        assert [r for r in one.writes("qbo") if r["n"] > last] == [], "a no is not asked again"
        order = {"Contacts": [{**contact, "Email": "desk@grove.example"}]}
        await one.edit("dear", {"kind": "supplier", "name": "Grove Lumber", "set": order})
        await one.settle()
        assert books(one, "Vendor", "Grove Lumber")["PrimaryEmailAddr"] == {
            "Address": "desk@grove.example"
        }
        assert await held(one, HoldCode.REJECTED) == []


async def test_everything_at_once_is_shown_and_the_good_records_agree(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"PriceTier1": "a lot"}})
        body = {"Name": "Delivery", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
        await one.edit("qbo", {"kind": "item", "create": body})
        crate = {**NEW_PRODUCT, "Name": "Crate", "SKU": "CRATE", "RevenueAccount": "590"}
        await one.edit("dear", {"kind": "item", "create": crate})
        customer = {"DisplayName": "Grove Lumber"}
        await one.edit("qbo", {"kind": "customer", "create": customer})
        await new_supplier(one, "grove lumber")
        await raise_price(one, "CLAMP", 42)

        await one.settle()

        codes = {row.hold.code for row in await one.holds()} - {HoldCode.NOT_AUTOMATIC}
        assert codes == {
            HoldCode.UNREADABLE,
            HoldCode.MISSING_VALUE,
            HoldCode.MISSING_REFERENCE,
            HoldCode.NAME_TAKEN,
        }
        plan = await desk(one).plan(limit=100, offset=0)
        assert all(h.text and h.cure and h.label for h in plan.holds)
        assert price(one, "Clamp") == 42
        assert source(one, "customer", "Grove Lumber")
        assert await pending(one) == []
