"""Three-way merge, field by field: a table of what each side showed and shows."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.reconcile.merge import values_digest
from ledger.model.facts import Resolution
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import Plan
from ledger.model.values import UNSET, RecordRef, Reference
from tests.daemon.reconcile.alphabet import (
    AWAY,
    HOME,
    TO_NET30,
    TO_NET45,
    TO_RENT,
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
    codes,
    is_quiet,
    policy,
    value,
    with_books,
    written,
)

P1, P2, P3 = Decimal("12.40"), Decimal("12.95"), Decimal("13.10")
NEVER = object()
"""Stands for "no baseline of this field"."""


def met(field: str, base: tuple[Any, Any], now: tuple[Any, Any], **rules: Any) -> Plan:
    """An item whose ``field`` was ``base`` in (qbo, dear) at the last agreement and is ``now``."""
    ledger, record = world(field, base, now)
    made = ledger.plan(policy(**rules))
    assert record in made.decided
    return made


def world(field: str, base: tuple[Any, Any], now: tuple[Any, Any]) -> tuple[Ledger, RecordId]:
    ledger = with_books()
    record = ledger.pair(qbo_item(), dear_item())
    for system, was in ((QBO, base[0]), (DEAR, base[1])):
        image = dict(ledger.baselines[record][system].fields)
        if was is NEVER:
            image.pop(field, None)
        else:
            image[field] = ledger.pointed(system, was)
        ledger.remember(record, system, image)
    ledger.edit(QBO, Kind.ITEM, "1", **{field: now[0]})
    ledger.edit(DEAR, Kind.ITEM, "1", **{field: now[1]})
    return ledger, record


SHARED = [
    ("nothing moved", (P1, P1), (P1, P1), {}),
    ("the source changed it", (P1, P1), (P1, P2), {QBO: P2}),
    ("the books changed it", (P1, P1), (P2, P1), {DEAR: P2}),
    ("both to the same", (P1, P1), (P2, P2), {}),
    ("both, differently", (P1, P1), (P2, P3), "conflict"),
    ("the source emptied it", (P1, P1), (P1, None), {QBO: None}),
    ("one emptied, one changed", (P1, P1), (None, P2), "conflict"),
    ("first sight, equal", (NEVER, NEVER), (P1, P1), {}),
    ("first sight, different", (NEVER, NEVER), (P1, P2), "conflict"),
    ("first sight, one empty", (NEVER, NEVER), (None, P2), {QBO: P2}),
    ("first sight, other empty", (NEVER, NEVER), (P1, None), {DEAR: P1}),
    ("first sight, both empty", (NEVER, NEVER), (None, None), {}),
    ("one side never agreed, equal", (P1, NEVER), (P1, P1), {}),
    ("one side never agreed, different", (P1, NEVER), (P1, P2), "conflict"),
    ("agreed to differ", (P1, P2), (P1, P2), {}),
    ("agreed to differ, then moved", (P1, P2), (P1, P3), {QBO: P3}),
    ("digits do not count", (P1, P1), (Decimal("12.4"), Decimal("12.400")), {}),
    ("a field one side does not show", (P1, P1), (UNSET, P2), {}),
]


@pytest.mark.parametrize(("case", "base", "now", "leads_to"), SHARED, ids=[c[0] for c in SHARED])
def test_a_shared_field(case: str, base: Any, now: Any, leads_to: Any) -> None:
    made = met("sales_price", base, now)
    if leads_to == "conflict":
        assert [f.field for c in made.conflicts for f in c.fields] == ["sales_price"], case
        assert not made.operations
    else:
        assert not made.conflicts, case
        assert written(made.operations) == {(s, "sales_price"): v for s, v in leads_to.items()}
    assert not made.holds


OWNED = [
    # income_account: the books own it; RENT is what they say, SALES what was agreed
    ("nothing moved", (TO_SALES, TO_SALES), (TO_SALES, TO_SALES), None, {}),
    ("the owner changed it", (TO_SALES, TO_SALES), (TO_RENT, TO_SALES), None, {DEAR: TO_RENT}),
    ("edited elsewhere", (TO_SALES, TO_SALES), (TO_SALES, TO_RENT), None, {DEAR: TO_SALES}),
    ("edited elsewhere, hold", (TO_SALES, TO_SALES), (TO_SALES, TO_RENT), "hold", "hold"),
    ("edited elsewhere, accept", (TO_SALES, TO_SALES), (TO_SALES, TO_RENT), "accept", {}),
    ("both changed", (TO_SALES, TO_SALES), (TO_RENT, None), None, {DEAR: TO_RENT}),
    ("both changed, hold", (TO_SALES, TO_SALES), (TO_RENT, None), "hold", "hold"),
    ("both changed, accept", (TO_SALES, TO_SALES), (TO_RENT, None), "accept", {DEAR: TO_RENT}),
    ("both changed alike", (TO_SALES, TO_SALES), (TO_RENT, TO_RENT), None, {}),
    ("first sight, different", (NEVER, NEVER), (TO_RENT, TO_SALES), None, {DEAR: TO_RENT}),
    ("first sight, owner silent", (NEVER, NEVER), (None, TO_SALES), None, {}),
    ("first sight, other empty", (NEVER, NEVER), (TO_RENT, None), None, {DEAR: TO_RENT}),
    ("the owner emptied it", (TO_SALES, TO_SALES), (None, TO_SALES), None, {DEAR: None}),
    ("agreed to differ", (TO_SALES, TO_RENT), (TO_SALES, TO_RENT), None, {}),
    ("agreed to differ, owner moved", (TO_SALES, TO_RENT), (None, TO_RENT), None, {DEAR: None}),
]


@pytest.mark.parametrize(("case", "base", "now", "edit", "leads_to"), OWNED)
def test_an_owned_field(case: str, base: Any, now: Any, edit: Any, leads_to: Any) -> None:
    rules: dict[str, Any] = {}
    if edit:
        rules["on_foreign_edit"] = {Kind.ITEM: {"income_account": edit}}
    ledger, _ = world("income_account", base, now)
    made = ledger.plan(policy(**rules))
    if leads_to == "hold":
        assert codes(made) == ["foreign_edit"], case
        assert not made.operations
    else:
        assert codes(made) == [], case
        wanted = {(s, "income_account"): ledger.pointed(QBO, v) for s, v in leads_to.items()}
        assert written(made.operations) == wanted
    assert not made.conflicts


def test_an_accepted_edit_is_remembered_and_not_mentioned_again() -> None:
    rules = policy(on_foreign_edit={Kind.ITEM: {"*": "accept"}})
    ledger, record = world("income_account", (TO_SALES, TO_SALES), (TO_SALES, TO_RENT))
    made = ledger.plan(rules)
    image = made.agreements[0].images
    assert image[QBO]["income_account"] != image[DEAR]["income_account"]
    ledger.carry_out(made, rules)
    again = ledger.plan(rules)
    assert is_quiet(again)
    ledger.edit(QBO, Kind.ITEM, "1", income_account=None)
    assert written(ledger.plan(rules).operations) == {(DEAR, "income_account"): None}
    assert record in again.decided


def test_a_field_that_belongs_to_nobody_is_left_alone() -> None:
    rules: dict[str, Any] = {"authority": {Kind.ITEM: {"sales_price": "none"}}}
    made = met("sales_price", (P1, P1), (P2, P3), **rules)
    assert is_quiet(made)
    assert not made.agreements


def test_a_field_whose_owner_does_not_show_it_is_left_alone() -> None:
    rules: dict[str, Any] = {"authority": {Kind.ITEM: {"sales_price": "ion"}}}
    made = met("sales_price", (P1, P1), (P2, P3), **rules)
    assert not made.operations
    assert not made.conflicts


def test_shared_with_a_side_that_takes_no_writes_means_that_side_is_right() -> None:
    # purchase_cost is shared by default, and this DEAR shows it without taking it
    made = met("purchase_cost", (P1, P1), (P1, P2))
    assert written(made.operations) == {(QBO, "purchase_cost"): P2}
    made = met("purchase_cost", (P1, P1), (P2, P1))
    assert not made.operations
    assert not made.holds
    image = made.agreements[0].images
    assert (image[QBO]["purchase_cost"], image[DEAR]["purchase_cost"]) == (P2, P1)
    made = met("purchase_cost", (P2, P1), (P2, P3))
    assert written(made.operations) == {(QBO, "purchase_cost"): P3}


def test_an_agreement_is_the_whole_new_image() -> None:
    ledger, record = world("sales_price", (NEVER, NEVER), (P1, P1))
    (agreement,) = ledger.plan(policy()).agreements
    assert agreement.record == record
    assert agreement.images[QBO] == ledger.baselines[record][QBO].fields | {"sales_price": P1}
    assert "category" not in agreement.images[QBO]


def test_an_address_is_one_value() -> None:
    ledger = with_books()
    ledger.pair(vendor(billing_address=HOME), vendor(billing_address=HOME))
    ledger.edit(DEAR, Kind.VENDOR, "1", billing_address=AWAY)
    assert written(ledger.plan(policy()).operations) == {(QBO, "billing_address"): AWAY}


def test_a_sanitised_name_never_comes_back_as_an_edit() -> None:
    ledger = with_books()
    ledger.pair(vendor("A-B Ltd"), vendor("A:B Ltd"))
    assert not ledger.plan(policy()).operations
    record = ledger.pair(qbo_item(name="A-B"), dear_item(name="A:B"), id="2")
    ledger.baselines.pop(record)  # even without any memory
    made = ledger.plan(policy())
    assert not made.operations
    assert not made.conflicts


def test_a_pointer_is_compared_as_the_record_it_means() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(terms=TO_NET30), vendor(terms=TO_NET30))
    ledger.edit(QBO, Kind.TERM, "b2", name="Net thirty")
    ledger.edit(QBO, Kind.VENDOR, "1", terms=Reference(kind=Kind.TERM, id="b2"))
    made = ledger.plan(policy())
    assert [o.record for o in made.operations] != [record]
    assert written(made.operations) == {(DEAR, "name"): "Net thirty"}


def test_a_pointer_to_a_record_that_was_joined_to_another_was_never_agreed() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(terms=TO_NET30), vendor(terms=TO_NET30))
    ghost = RecordRef(RecordId("term-long-gone"))
    for system in (QBO, DEAR):
        image = ledger.baselines[record][system].fields | {"terms": ghost}
        ledger.remember(record, system, image)
    made = ledger.plan(policy())
    assert not made.operations
    assert made.agreements[0].images[QBO]["terms"] != ghost
    ledger.edit(DEAR, Kind.VENDOR, "1", terms=TO_NET45)
    assert [o.system for o in ledger.plan(policy()).operations] == [DEAR]


@pytest.mark.parametrize("how", ["off", "disabled", "not kept"])
def test_a_pointer_to_a_kind_out_of_use_is_not_compared(how: str) -> None:
    ledger = with_books()
    ledger.pair(vendor(terms=TO_NET30), vendor(terms=TO_NET30))
    ledger.edit(QBO, Kind.VENDOR, "1", terms=TO_NET45)
    rules = policy(flows={Kind.TERM: "off"} if how == "off" else {})
    if how == "disabled":
        rules = change_kind(rules, QBO, Kind.TERM, disabled="no terms in this plan")
    if how == "not kept":
        del rules.capabilities[DEAR].kinds[Kind.TERM]
    assert not ledger.plan(rules).operations


# -- a person's answer ----------------------------------------------------------------------------


@pytest.mark.parametrize(("take", "target", "price"), [(QBO, DEAR, P2), (DEAR, QBO, P3)])
def test_a_resolution_settles_the_conflict_it_was_given_for(
    take: Any, target: Any, price: Decimal
) -> None:
    ledger, record = world("sales_price", (P1, P1), (P2, P3))
    (conflict,) = ledger.plan(policy()).conflicts
    digest = values_digest("sales_price", conflict.fields[0].values)
    said = Resolution(field="sales_price", take=take, value_digest=digest)
    ledger.resolutions[record] = (said,)
    made = ledger.plan(policy())
    assert written(made.operations) == {(target, "sales_price"): price}
    assert not made.conflicts
    assert "a person chose" in made.operations[0].why.lower()
    ledger.edit(QBO, Kind.ITEM, "1", sales_price=Decimal("14"))
    assert ledger.plan(policy()).conflicts, "the answer was for other values"


def test_a_resolution_settles_a_foreign_edit_too() -> None:
    rules = policy(on_foreign_edit={Kind.ITEM: {"income_account": "hold"}})
    ledger, record = world("income_account", (TO_SALES, TO_SALES), (TO_SALES, TO_RENT))
    values = {
        system: ledger.pointed(system, value(ledger, record, system, "income_account"))
        for system in (DEAR, QBO)
    }
    digest = values_digest("income_account", values)
    said = Resolution(field="income_account", take=DEAR, value_digest=digest)
    ledger.resolutions[record] = (said,)
    made = ledger.plan(rules)
    assert list(written(made.operations)) == [(QBO, "income_account")]
    assert not made.holds


def test_a_resolution_for_a_system_that_shows_nothing_settles_nothing() -> None:
    ledger, record = world("sales_price", (P1, P1), (P2, P3))
    digest = values_digest("sales_price", {QBO: P2, DEAR: P3})
    ledger.resolutions[record] = (Resolution(field="sales_price", take=ION, value_digest=digest),)
    assert ledger.plan(policy()).conflicts


def test_the_digest_of_values_ignores_digits_nobody_entered_but_not_the_field() -> None:
    one = values_digest("a", {QBO: P1, DEAR: None})
    assert one == values_digest("a", {DEAR: "", QBO: Decimal("12.400")})
    assert one != values_digest("b", {QBO: P1, DEAR: None})
    assert one != values_digest("a", {QBO: None, DEAR: P1})


# -- three systems --------------------------------------------------------------------------------


def trio(**now: Any) -> Plan:
    ledger = Ledger()
    rules = policy(systems=(ION, QBO, DEAR))
    record = ledger.pair(customer(email="a@x.test"), customer(email="a@x.test"))
    ledger.show(ION, "1", customer(email="a@x.test"))
    ledger.link(record, ExternalRef(ION, Kind.CUSTOMER, "1"))
    ledger.agree(record)
    for system, email in now.items():
        ledger.edit(SystemName(system), Kind.CUSTOMER, "1", email=email)
    return ledger.plan(rules)


def test_three_systems_one_change_goes_to_both_others() -> None:
    made = trio(ion="b@x.test")
    assert written(made.operations) == {(QBO, "email"): "b@x.test", (DEAR, "email"): "b@x.test"}
    assert {o.wave for o in made.operations} == {0, 1}, "a record once in a wave"


def test_three_systems_two_agree_and_the_third_follows() -> None:
    made = trio(ion="b@x.test", qbo="b@x.test")
    assert written(made.operations) == {(DEAR, "email"): "b@x.test"}


def test_three_systems_one_does_not_show_the_field() -> None:
    made = trio(ion=UNSET, qbo="b@x.test", dear="b@x.test")
    (agreement,) = made.agreements
    assert agreement.images[QBO]["email"] == "b@x.test"
    assert agreement.images[ION]["email"] == "a@x.test", "the last it showed"


def test_three_systems_two_differ() -> None:
    made = trio(ion="b@x.test", qbo="c@x.test")
    assert not made.operations
    assert set(made.conflicts[0].fields[0].values) == {QBO, DEAR, ION}
