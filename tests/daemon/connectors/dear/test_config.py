"""What an operator may say about DEAR, and that every rule and default can be traced to it."""

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from daemon.connectors.dear.capabilities import capabilities
from daemon.connectors.dear.config import DearConfig
from ledger.model.capabilities import Access
from ledger.model.ids import DOCUMENT_KINDS, Kind
from ledger.model.values import Reference
from tests.daemon.connectors.dear.rows import config

DEFAULTS: dict[str, Any] = {
    "account": {"bank": "First", "bank_account_number": "1"},
    "tax": {"account": "820"},
    "supplier": {
        "tax_rule": "County",
        "payment_term": "Net 30",
        "account_payable": "800",
        "currency": "USD",
    },
    "customer": {
        "tax_rule": "County",
        "payment_term": "Net 30",
        "account_receivable": "610",
        "revenue_account": "200",
        "price_tier": "Tier 1",
        "currency": "USD",
    },
    "product": {"category": "Other", "unit": "Item", "type": "stock", "sales_price": "0.5"},
}


def models(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += models(field.annotation)
    return found


@pytest.mark.parametrize("model", models(DearConfig), ids=lambda model: model.__name__)
def test_every_setting_says_what_it_is(model: type[BaseModel]) -> None:
    if model.__module__ == DearConfig.__module__:
        assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    "url",
    [
        "http://inventory.example/ExternalApi/v2",
        "inventory.example",
        "ftp://inventory.example",
        "https://user:pass@inventory.example/",
        "https://inventory.example/?x=1",
    ],
)
def test_an_address_where_the_key_would_be_seen_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        config(base_url=url)


@pytest.mark.parametrize(
    "url", ["https://inventory.example/api/", "http://127.0.0.1:81/x", "http://[::1]:81/x"]
)
def test_other_addresses_are_taken(url: str) -> None:
    assert config(base_url=url).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"native_link": "maybe"},
        {"page_size": 1001},
        {"sales_price_tier": 11},
        {"unknown": 1},
        {"rate": {"per_minute": 61}},
        {"defaults": {"product": {"colour": "blue"}}},
        {"defaults": {"supplier": {"currency": "dollars"}}},
        {"account_id": ""},
    ],
)
def test_mistakes_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**wrong)


def test_the_native_link_has_to_be_declared() -> None:
    with pytest.raises(ValidationError, match="native_link"):
        DearConfig.model_validate({"account_id": "a", "application_key": {"env": "K"}})


def test_every_default_names_the_key_it_comes_from() -> None:
    settings = config(defaults=DEFAULTS)
    found = 0
    for rule in capabilities(settings).kinds.values():
        for field in rule.fields.values():
            if not field.default_key:
                continue
            value: Any = settings
            for part in field.default_key.removeprefix("dear.").split("."):
                value = getattr(value, part)
            default = field.default
            assert value == (default.key if isinstance(default, Reference) else default)
            found += 1
    assert found == 14


def test_without_defaults_nothing_is_made_up() -> None:
    for rule in capabilities(config()).kinds.values():
        assert all(field.default is None for field in rule.fields.values())


def test_what_the_native_link_owns_is_only_read() -> None:
    rules = capabilities(config(native_link="connected")).kinds
    for kind, rule in rules.items():
        owned = kind in (Kind.ACCOUNT, Kind.TAX_CODE, *DOCUMENT_KINDS)
        assert (rule.can_create, rule.can_update) == (not owned, not owned)
        if owned:
            assert {field.access for field in rule.fields.values()} == {Access.READ}


def test_documents_are_read_and_never_written() -> None:
    rules = capabilities(config()).kinds
    for kind in DOCUMENT_KINDS:
        rule = rules[kind]
        assert (rule.can_create, rule.can_update, rule.costly, rule.disabled) == (
            False,
            False,
            True,
            "",
        )
        assert {field.access for field in rule.fields.values()} == {Access.READ}
        assert "custom_fields" not in rule.fields
    assert [kind for kind, rule in rules.items() if rule.read_with] == [Kind.BILL]
    named = {"custom_fields": {"bill": {"Crew #": "AdditionalAttribute1"}}}
    rich = capabilities(config(documents=named)).kinds
    assert [kind for kind in DOCUMENT_KINDS if "custom_fields" in rich[kind].fields] == [Kind.BILL]


def test_documents_that_the_native_link_posts_are_out_of_service() -> None:
    rules = capabilities(config(native_link="connected")).kinds
    assert all("native_link" in rules[kind].disabled for kind in DOCUMENT_KINDS)


def test_fields_that_are_not_carried_have_no_rule() -> None:
    plain = capabilities(config())
    assert plain.rule(Kind.VENDOR, "code") is None
    assert plain.rule(Kind.ITEM, "purchase_cost") is None
    assert Kind.CLASS not in plain.kinds
    assert Kind.PAYMENT_METHOD not in plain.kinds
    rich = capabilities(config(customer_code_attribute=3, purchase_cost="suppliers_cost"))
    assert rich.rule(Kind.CUSTOMER, "code") is not None
    cost = rich.rule(Kind.ITEM, "purchase_cost")
    assert cost is not None
    assert cost.access is Access.READ


def test_what_dear_cannot_do() -> None:
    able = capabilities(config())
    assert (able.max_batch, able.replays_requests, able.checks_versions) == (1, False, False)
    keys = {kind: rule.recovery_key for kind, rule in able.kinds.items() if rule.can_create}
    assert keys == {
        Kind.ACCOUNT: "code",
        Kind.TAX_CODE: "name",
        Kind.TERM: "name",
        Kind.VENDOR: "name",
        Kind.CUSTOMER: "name",
        Kind.ITEM: "sku",
    }
    assert not any(rule.tombstones for rule in able.kinds.values())


def test_documents_are_read_from_the_beginning_unless_a_day_is_set() -> None:
    plain = config().documents
    assert (plain.read_from, plain.line_total) == (None, "without_tax")
    assert config(documents={"read_from": "2026-01-01"}).documents.read_from == date(2026, 1, 1)


@pytest.mark.parametrize(
    "documents",
    [
        {"read_from": "soon"},
        {"line_total": "maybe"},
        {"details_per_page": 0},
        {"details_per_cycle": 0},
        {"custom_fields": {"bill": {"Crew #": "Additional Attribute 1"}}},
        {"custom_fields": {"bill": {"": "Location"}}},
        {"custom_fields": {"estimate": {}}},
    ],
)
def test_mistakes_in_the_settings_of_documents(documents: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(documents=documents)
