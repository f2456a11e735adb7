"""Who owns which field."""

import pytest

from daemon.reconcile.authority import BOTH, DEFAULT_AUTHORITY, NONE, owner
from ledger.model.ids import REFERENCE_KINDS, Kind
from ledger.model.records import RECORD_TYPES, comparable_fields
from tests.daemon.reconcile.worlds import DEAR, ION, QBO, policy


@pytest.mark.parametrize("kind", list(RECORD_TYPES))
def test_the_table_names_only_fields_that_exist(kind: Kind) -> None:
    assert set(DEFAULT_AUTHORITY[kind]) <= set(comparable_fields(kind))


@pytest.mark.parametrize("kind", REFERENCE_KINDS)
def test_the_books_own_reference_data_whole(kind: Kind) -> None:
    owners = {owner(kind, field, policy()) for field in comparable_fields(kind)}
    assert owners == {QBO}


@pytest.mark.parametrize(
    ("kind", "field", "who"),
    [
        (Kind.VENDOR, "terms", QBO),
        (Kind.VENDOR, "code", DEAR),
        (Kind.VENDOR, "name", BOTH),
        (Kind.VENDOR, "notes", NONE),
        (Kind.CUSTOMER, "price_tier", DEAR),
        (Kind.CUSTOMER, "email", BOTH),
        (Kind.ITEM, "income_account", QBO),
        (Kind.ITEM, "sku", DEAR),
        (Kind.ITEM, "sales_price", BOTH),
        (Kind.ITEM, "no_such_field", NONE),
        (Kind.BILL, "name", NONE),
    ],
)
def test_the_default_table(kind: Kind, field: str, who: str) -> None:
    assert owner(kind, field, policy()) == who


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("qbo", QBO),
        ("dear", DEAR),
        ("both", BOTH),
        ("none", NONE),
        ("books", QBO),
        ("source", DEAR),
    ],
)
def test_the_configuration_has_the_last_word(said: str, who: str) -> None:
    rules = policy(authority={Kind.ITEM: {"sales_price": said}})
    assert owner(Kind.ITEM, "sales_price", rules) == who
    assert owner(Kind.ITEM, "name", rules) == BOTH


def test_of_several_sources_the_first_that_carries_the_field_owns_it() -> None:
    rules = policy(systems=(ION, QBO, DEAR))
    assert owner(Kind.ITEM, "sku", rules) == DEAR
    assert owner(Kind.ITEM, "revision", rules) == DEAR  # nobody carries it: any answer will do


def test_a_company_without_a_source_leaves_its_fields_alone() -> None:
    assert owner(Kind.ITEM, "sku", policy(systems=(QBO,))) == NONE
