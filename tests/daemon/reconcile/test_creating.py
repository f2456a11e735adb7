"""A record that one system lacks: what it is made of there, and what keeps it from being made."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ledger.model.ids import ExternalRef, Kind, record_id
from ledger.model.plans import Action
from ledger.model.records import Account, Term
from ledger.model.values import Reference
from tests.daemon.reconcile.alphabet import (
    RENT,
    TO_NET45,
    TO_SALES,
    customer,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import (
    DEAR,
    ION,
    QBO,
    Ledger,
    change_kind,
    change_rule,
    codes,
    is_quiet,
    policy,
    until_quiet,
    value,
    with_books,
    written,
)


def test_a_new_record_gets_what_the_source_shows_and_what_is_configured() -> None:
    ledger = with_books()
    record = ledger.show(QBO, "1", qbo_item(type="inventory"))
    made = ledger.plan(policy())
    (operation,) = made.operations
    assert (operation.action, operation.system, operation.ref) == (Action.CREATE, DEAR, None)
    assert {c.field: (str(c.after), c.trace) for c in operation.changes if c.field != "name"} == {
        "sku": ("W-7", "qbo.sku"),
        "type": ("stock", "qbo.type via words"),
        "description": ("A widget", "qbo.description"),
        "unit": ("pcs", "config dear.defaults.product.unit"),
        "category": ("Other", "config dear.defaults.product.category"),
        "sales_price": ("12.40", "qbo.sales_price"),
        "income_account": (str(ledger.pointed(QBO, TO_SALES)), "qbo.income_account"),
        "active": ("True", "qbo.active"),
    }
    assert operation.why == (
        'Item "W-7" exists in QuickBooks and not in DEAR, so it will be created in DEAR '
        "(unit, category from the configuration)."
    )
    until_quiet(ledger, policy())
    assert ledger.ref_of(record, DEAR) is not None


def test_a_required_value_that_nobody_has_names_the_configuration_key() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", qbo_item())
    rules = change_rule(policy(), DEAR, Kind.ITEM, "unit", default=None)
    (hold,) = ledger.plan(rules).holds
    assert (hold.code, hold.field, hold.system) == ("missing_value", "unit", DEAR)
    assert hold.text == ('DEAR demands a unit for item "W-7", and the other side shows none.')
    assert hold.cure.startswith("Set dear.defaults.product.unit in the configuration, or ")


def test_a_required_value_that_the_source_left_empty_can_be_entered_there() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", qbo_item(sku=None))
    (hold,) = ledger.plan(policy()).holds
    assert (hold.field, hold.cure) == ("sku", "Enter it in QuickBooks.")


def test_all_causes_of_a_held_create_are_told_at_once() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", qbo_item(sku=None, income_account=Reference(kind=Kind.ACCOUNT, id="9")))
    made = ledger.plan(policy())
    assert [(h.code.value, h.field) for h in made.holds] == [
        ("missing_value", "sku"),
        ("missing_reference", "income_account"),
    ]
    assert not made.operations


@pytest.mark.parametrize("kind", ["account", "term"])
def test_reference_data_is_not_created_in_the_books_unless_configured(kind: str) -> None:
    ledger = with_books()
    new = Account(name="Fuel", code="6100", account_type="Expense", active=True)
    ledger.show(DEAR, "1", new if kind == "account" else Term(name="Net 9", active=True))
    (hold,) = ledger.plan(policy()).holds
    assert hold.code == "create_policy"
    assert f"kinds.{kind}.create.qbo" in hold.cure
    rules = policy(create={Kind(kind): {QBO: "auto"}})
    assert [o.action for o in ledger.plan(rules).operations] == [Action.CREATE]


def test_what_a_system_does_not_let_programs_create_is_asked_for_by_hand() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor())
    made = ledger.plan(change_kind(policy(), QBO, Kind.VENDOR, can_create=False))
    assert codes(made) == ["not_automatic"]
    assert "by hand" in made.holds[0].cure


def test_inactive_records_are_not_created_elsewhere() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor("A", email=None, active=False))
    ledger.show(QBO, "2", vendor("B (deleted)", email=None, active=False))
    assert is_quiet(ledger.plan(policy()))


@pytest.mark.parametrize("missing", [QBO, DEAR])
def test_nothing_is_linked_or_created_before_both_catalogues_are_complete(missing: Any) -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor())
    ledger.show(QBO, "1", vendor())
    ledger.show(DEAR, "2", vendor("Resting", active=False))
    ledger.incomplete.add((missing, Kind.VENDOR))
    made = ledger.plan(policy())
    assert codes(made) == ["catalogue_incomplete"] * 2
    assert not made.links
    assert not made.operations
    ledger.incomplete.clear()
    assert ledger.plan(policy()).links


def test_a_code_is_made_from_the_id_only_for_new_records() -> None:
    ledger = Ledger()
    new = Account(name="Fuel", code=None, account_type="Expense", active=True)
    record = ledger.show(QBO, "79", new)
    made = ledger.plan(policy())
    (code,) = [c for c in made.operations[0].changes if c.field == "code"]
    assert (code.after, code.trace) == ("Q79", "qbo.code via code_from_id")
    until_quiet(ledger, policy())
    assert value(ledger, record, DEAR, "code") == "Q79"
    old = Account(name="Rent", code=None, account_type="Expense", active=True)
    ledger.show(QBO, "80", old)
    ledger.show(DEAR, "80", msgspec.structs.replace(RENT, code="6000"))
    until_quiet(ledger, policy())
    assert value(ledger, record_id(ExternalRef(DEAR, Kind.ACCOUNT, "80")), DEAR, "code") == "6000"


def test_the_owner_of_a_field_may_start_without_it() -> None:
    ledger = with_books()
    unknown = Reference(kind=Kind.ACCOUNT, key="9999")
    ledger.show(DEAR, "1", dear_item(asset_account=unknown))
    made = ledger.plan(policy())
    assert not made.holds
    assert "asset_account" not in {c.field for c in made.operations[0].changes}


def test_a_shown_account_that_is_missing_is_not_replaced_by_the_default() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", dear_item(income_account=Reference(kind=Kind.ACCOUNT, key="9999")))
    assert codes(ledger.plan(policy())) == ["missing_reference"]


def test_a_default_that_names_a_record_is_resolved_in_the_target() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", dear_item(income_account=None))
    made = ledger.plan(policy())
    (change,) = [c for c in made.operations[0].changes if c.field == "income_account"]
    assert change.trace == "config qbo.accounts.income"
    assert change.after == ledger.pointed(DEAR, TO_SALES)


def test_a_default_that_names_nothing_is_a_named_problem() -> None:
    ledger = Ledger()
    ledger.show(DEAR, "1", dear_item(income_account=None))
    (hold,) = ledger.plan(policy()).holds
    assert (hold.code, hold.field) == ("missing_reference", "income_account")
    assert 'The setting qbo.accounts.income names the account "Sales"' in hold.text


def test_a_required_pointer_to_a_kind_out_of_use_takes_the_default() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", vendor(terms=TO_NET45))
    made = ledger.plan(policy(flows={Kind.TERM: "off"}))
    (change,) = [c for c in made.operations[0].changes if c.field == "terms"]
    assert change.trace.startswith("config ")


def test_fields_of_nobody_and_fields_that_are_read_only_are_not_created() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", qbo_item(purchase_cost=Decimal(3)))
    ledger.show(DEAR, "2", vendor("Noted", notes="hm", email=None))
    made = ledger.plan(policy())
    assert not {"purchase_cost", "notes"} & {c.field for o in made.operations for c in o.changes}


def test_a_conflicted_field_is_not_written_into_a_new_record_either() -> None:
    rules = policy(systems=(QBO, DEAR, ION))
    ledger = with_books()
    record = ledger.pair(customer(email="a@x.test"), customer(email="a@x.test"))
    ledger.edit(QBO, Kind.CUSTOMER, "1", email="b@x.test")
    ledger.edit(DEAR, Kind.CUSTOMER, "1", email="c@x.test", phone="1")
    made = ledger.plan(rules)
    (new,) = [o for o in made.operations if (o.system, o.record) == (ION, record)]
    assert {c.field for c in new.changes} == {"name", "phone", "currency", "active"}
    assert made.conflicts[0].record == record
    assert (DEAR, "email") not in written(made.operations)
