"""Sentences that a bookkeeper understands."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.reconcile.explain import field_name, shorten, show, updated
from daemon.reconcile.policy import Policy
from daemon.reconcile.world import World
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.values import Address, RecordRef, Reference, Value
from tests.daemon.reconcile.alphabet import (
    HOME,
    TO_RENT,
    TO_SALES,
    customer,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import DEAR, QBO, Ledger, policy, with_books

P1, P2 = Decimal("12.40"), Decimal("12.95")


def paired() -> Ledger:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    return ledger


def why(ledger: Ledger, rules: Policy | None = None) -> str:
    (operation,) = ledger.plan(rules or policy()).operations
    return operation.why


def test_a_change_on_one_side() -> None:
    ledger = paired()
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=P2)
    assert why(ledger) == (
        "QuickBooks still shows sales price 12.40, DEAR now says 12.95 (it was 12.40 when both "
        "agreed), and nobody else changed it, so QuickBooks will be changed to 12.95."
    )


def test_a_change_by_the_owner() -> None:
    ledger = paired()
    ledger.edit(QBO, Kind.ITEM, "1", income_account=TO_RENT)
    assert why(ledger) == (
        'DEAR still shows income account "4000", QuickBooks now says "6000" (it was "4000" when '
        "both agreed), and QuickBooks owns the income account here, so DEAR will be changed to "
        '"6000".'
    )


def test_an_edit_where_the_field_is_not_owned() -> None:
    ledger = paired()
    ledger.edit(DEAR, Kind.ITEM, "1", income_account=TO_RENT)
    assert why(ledger) == (
        'Income account was changed to "6000" in DEAR, but QuickBooks owns it and says "4000", '
        'so DEAR will be changed to "4000".'
    )
    rules = policy(on_foreign_edit={Kind.ITEM: {"income_account": "hold"}})
    (hold,) = ledger.plan(rules).holds
    assert hold.text == (
        'Income account of item "W-7" was changed to "6000" in DEAR, but QuickBooks owns it and '
        'says "4000".'
    )


def test_differences_at_first_sight() -> None:
    ledger = paired()
    ledger.baselines.clear()
    ledger.edit(DEAR, Kind.ITEM, "1", income_account=TO_RENT)
    assert why(ledger) == (
        'DEAR shows income account "6000", QuickBooks says "4000", and QuickBooks owns it, so '
        'DEAR will be changed to "4000".'
    )
    ledger.edit(DEAR, Kind.ITEM, "1", income_account=TO_SALES, description=None)
    assert why(ledger) == (
        'DEAR shows no description and QuickBooks says "A widget", so DEAR will be changed to '
        '"A widget".'
    )


def test_systems_are_called_what_people_call_them() -> None:
    ledger = paired()
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=P2)
    rules = policy(titles={DEAR: "Cin7 Core", QBO: "the books"})
    assert why(ledger, rules).startswith("The books still shows sales price 12.40, Cin7 Core now")
    assert rules.title(SystemName("ion")) == "ion"


def test_a_conflict_tells_the_past_and_both_values() -> None:
    ledger = paired()
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=P2)
    ledger.edit(QBO, Kind.ITEM, "1", sales_price=Decimal("13.10"))
    (conflict,) = ledger.plan(policy()).conflicts
    assert conflict.text == (
        'Item "W-7": sales price: DEAR says 12.95, QuickBooks says 13.10; both changed since they '
        "agreed on 12.40. Choose one."
    )


def test_a_conflict_without_a_past_says_so_and_many_fields_stay_readable() -> None:
    ledger = with_books()
    ledger.pair(vendor(phone="1"), vendor(phone="2"))
    ledger.baselines.clear()
    (conflict,) = ledger.plan(policy()).conflicts
    assert conflict.text.endswith("they never agreed before. Choose one.")
    changes: dict[str, Any] = {"email": "x", "name": "y", "active": False}
    ledger.edit(DEAR, Kind.VENDOR, "1", **changes)
    (conflict,) = ledger.plan(policy()).conflicts
    assert "1 more fields differ likewise." in conflict.text


def test_many_changes_are_summed_up() -> None:
    assert updated(["A.", "B."]) == "A. B."
    assert updated(list("ABCDE")) == "A B C 2 more fields follow likewise."


def test_creates_name_what_comes_from_the_configuration() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", customer())
    assert why(ledger) == (
        'Customer "Black" exists in DEAR and not in QuickBooks, so it will be created in '
        "QuickBooks."
    )


def test_activity() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(QBO, Kind.VENDOR, "1", active=False)
    assert why(ledger) == (
        'QuickBooks made vendor "Acme" inactive, so it will be made inactive in DEAR too. '
        "In QuickBooks it keeps its name: inactive, not deleted."
    )
    ledger = with_books()
    ledger.pair(vendor(active=False), vendor(active=False))
    ledger.edit(QBO, Kind.VENDOR, "1", active=True)
    assert why(ledger) == (
        'QuickBooks made vendor "Acme" active again, so it will be made active in DEAR too.'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ("", "nothing"),
        (True, "yes"),
        (False, "no"),
        (Decimal("1E+2"), "100"),
        (Decimal("12.40"), "12.40"),
        (HOME, '"1 Mill Lane, Dayton, OH, 45402"'),
        (Address(), "nothing"),
        (RecordRef(RecordId("gone")), '"gone"'),
        (Reference(kind=Kind.TERM, key="Net 9"), '"Net 9"'),
        (Reference(kind=Kind.TERM, id="7"), '"#7"'),
        ("Acme", '"Acme"'),
    ],
)
def test_values_as_a_person_would_write_them(value: Value, text: str) -> None:
    assert show(value, World([], Ledger(), policy())) == text


def test_long_texts_are_cut_and_fields_have_names() -> None:
    assert len(shorten("x" * 500)) == 80
    assert shorten("x") == "x"
    assert field_name("sku") == "SKU"
    assert field_name("billing_address") == "billing address"
