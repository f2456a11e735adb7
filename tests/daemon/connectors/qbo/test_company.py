"""Configuration, capabilities, and what a look at the company tells."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from daemon.connectors.qbo import company
from daemon.connectors.qbo.capabilities import capabilities
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.qbo.features import Features
from daemon.connectors.registry import connector_class
from daemon.connectors.vault import Tokens
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.capabilities import Access
from ledger.model.errors import ConfigProblem
from ledger.model.ids import Kind
from ledger.model.values import Reference
from tests.daemon.connectors.clocks import START
from tests.daemon.connectors.qbo.bench import QboBench, open_bench

GIVEN: dict[str, Any] = {
    "environment": "sandbox",
    "realm_id": "9341457021722202",
    "client_id": {"env": "ID"},
    "client_secret": {"env": "SECRET"},
}


def config(**changes: Any) -> QboConfig:
    return QboConfig.model_validate(GIVEN | changes)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[QboBench]:
    async with open_bench(tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"realm_id": 9341457021722202}, "quote it"),
        ({"realm_id": "93-41"}, "pattern"),
        ({"minor_version": 75}, "quote it"),
        ({"environment": "live"}, "sandbox"),
        ({"environment": "production", "base_url": "http://127.0.0.1:8"}, "production"),
        ({"base_url": "https://evil.example"}, "this machine"),
        ({"base_url": "http://127.0.0.1.evil.example"}, "this machine"),
        ({"token_url": "http://evil.example"}, "https"),
        ({"client_id": "plain text"}, "SecretRef"),
        ({"rates": {"per_minute": 501}}, "500"),
        ({"batch_size": 31}, "30"),
        ({"new_items": {"type": "Inventory"}}, "inventory_start"),
        ({"relm_id": "1"}, "Extra"),
    ],
)
def test_what_a_configuration_may_not_say(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        config(**changes)


def test_F32_the_environment_alone_chooses_the_address() -> None:
    assert config().api_url == "https://sandbox-quickbooks.api.intuit.com"
    assert config(environment="production").api_url == "https://quickbooks.api.intuit.com"
    assert "sandbox" in config().discovery_url
    assert config(token_url="https://login.example/t").discovery_url == ""


def test_every_key_is_described() -> None:
    def described(schema: dict[str, Any]) -> None:
        for name, node in schema.get("properties", {}).items():
            assert node.get("description"), name

    schema = QboConfig.model_json_schema()
    described(schema)
    for part in schema["$defs"].values():
        described(part)


def test_defaults_for_new_items_come_from_the_configuration_and_name_their_key() -> None:
    chosen = config(new_items={"income_account": "Sales", "type": "Service"})
    item = capabilities(chosen, Features()).kinds[Kind.ITEM]
    income = item.fields["income_account"]
    assert income.default == Reference(kind=Kind.ACCOUNT, key="Sales")
    assert income.default_key == "qbo.new_items.income_account"
    assert income.required
    assert item.fields["expense_account"].default is None
    assert item.fields["type"].words == {"stock": "service"}
    assert item.fields["asset_account"].access is Access.READ


def test_what_quickbooks_promises() -> None:
    found = capabilities(config(batch_size=10), Features())
    assert (found.max_batch, found.replays_requests, found.checks_versions) == (10, True, True)
    assert not found.kinds[Kind.TAX_CODE].can_create
    names = {kind: rule.fields["name"] for kind, rule in found.kinds.items() if not rule.lines}
    assert names[Kind.VENDOR].namespace == names[Kind.CUSTOMER].namespace == "party"
    assert ":" in names[Kind.ITEM].forbidden
    assert '"' in names[Kind.ACCOUNT].forbidden
    assert '"' not in names[Kind.ITEM].forbidden
    assert found.rule(Kind.ITEM, "unit") is None


async def test_what_the_company_says(bench: QboBench) -> None:
    health = await bench.connector.check()
    assert health.company_id == bench.twin.credentials["realm_id"]
    assert health.environment == "sandbox"
    assert health.home_currency == "USD"
    codes = {warning.code for warning in health.warnings}
    assert "tracked_quantities" in codes, "F68: two systems would post cost of goods sold"
    assert "consent_ends" not in codes
    currency = bench.connector.capabilities.rule(Kind.VENDOR, "currency")
    assert currency is not None
    assert currency.access is Access.READ, "one currency: nothing to choose"


async def test_the_look_is_repeated_after_some_hours(bench: QboBench) -> None:
    await bench.connector.check()
    calls = bench.connector.budget.calls
    bench.clock.advance(5 * 3600)
    await bench.connector.check()
    assert bench.connector.budget.calls > calls


@pytest.mark.parametrize("plan", ["QuickBooks Online Essentials", "QuickBooks Online Simple Start"])
async def test_F90_a_smaller_plan_puts_its_kinds_out_of_service(tmp_path: Path, plan: str) -> None:
    async with open_bench(tmp_path, switches=QboSwitches(offering=plan)) as bench:
        health = await bench.connector.check()
        rule = bench.connector.capabilities.kinds[Kind.CLASS]
        assert rule.disabled == f"the plan {plan} has no classes"
        alarms = [w for w in health.warnings if w.code == "feature_missing"]
        assert [w.message.split(":")[0] for w in alarms] == ["class", "purchase_order"]
        assert all(plan in alarm.message and alarm.cure for alarm in alarms)
        assert bench.connector.capabilities.kinds[Kind.PURCHASE_ORDER].disabled
        bills = bench.connector.capabilities.kinds[Kind.BILL]
        assert not bills.disabled
        assert bills.lines is not None
        assert not bills.lines.links_orders, "there is nothing to link to"
        assert not bench.connector.capabilities.kinds[Kind.VENDOR].disabled


@pytest.mark.parametrize(
    ("preferences", "currency", "closed"),
    [
        ({}, "", ""),
        ({"CurrencyPrefs": {"HomeCurrency": {"value": "CAD"}}}, "CAD", ""),
        ({"CurrencyPrefs": {"HomeCurrency": "EUR"}}, "EUR", ""),
        ({"AccountingInfoPrefs": {"BookCloseDate": "2026-03-31"}}, "", "2026-03-31"),
        ({"AccountingInfoPrefs": {"BookCloseDate": "2026-03-31T00:00:00-07:00"}}, "", "2026-03-31"),
        ({"AccountingInfoPrefs": None, "CurrencyPrefs": []}, "", ""),
    ],
)
def test_preferences(preferences: dict[str, Any], currency: str, closed: str) -> None:
    assert company.home_currency(preferences) == currency
    assert company.closed_until(preferences) == closed
    assert company.closing_warnings(preferences) == []


@pytest.mark.parametrize("shown", ["soon", "31/03/2026", "2026-02-30", 7, {"Day": 1}])
def test_a_closing_date_that_is_no_day_is_told_and_not_guessed_at(shown: Any) -> None:
    preferences = {"AccountingInfoPrefs": {"BookCloseDate": shown}}
    assert company.closed_until(preferences) == ""
    (warning,) = company.closing_warnings(preferences)
    assert (warning.code, warning.field) == ("closing_date", "BookCloseDate")
    assert warning.cure


def test_a_subscription_that_ended_is_an_alarm() -> None:
    info = {"NameValue": [{"Name": "SubscriptionStatus", "Value": "SUSPENDED"}]}
    (warning,) = company.plan_warnings(info, Features())
    assert "SUSPENDED" in warning.message
    assert (
        company.plan_warnings(
            {"NameValue": [{"Name": "SubscriptionStatus", "Value": "PAID"}]}, Features()
        )
        == []
    )


def test_tracked_items_need_a_plan_that_tracks() -> None:
    tracked = {
        "type": "Inventory",
        "asset_account": "Inventory Asset",
        "inventory_start": "2026-01-01",
    }
    small = company.features(
        {"NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Essentials"}]}, {}
    )
    (warning,) = company.document_warnings(small, config(new_items=tracked))
    assert (warning.code, warning.field) == ("feature_missing", "qbo.new_items.type")
    assert company.document_warnings(small, config()) == []
    assert company.document_warnings(Features(), config(new_items=tracked)) == []


def test_logins_that_end_soon_are_announced() -> None:
    tokens = Tokens(
        refresh_token="R",
        refresh_expires_at=START + timedelta(days=29),
        hard_expires_at=START + timedelta(days=44),
    )
    soon = company.login_warnings(tokens, START)
    assert [w.code for w in soon] == ["login_ends", "consent_ends"]
    assert "trueup connect --reconnect" in soon[1].cure
    assert " days)" not in soon[0].message
    assert company.login_warnings(tokens, START - timedelta(days=10)) == []
    now = company.login_warnings(tokens, START + timedelta(days=23))
    assert "(in 6 days)" in now[0].message
    assert company.login_warnings(None, START) == []


def test_connectors_are_found_by_name() -> None:
    assert connector_class("qbo") is QboConnector
    with pytest.raises(ConfigProblem, match="known are: dear, qbo"):
        connector_class("sap")
