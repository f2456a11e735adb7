"""What concerns several records at once: order, names, links, and ids that are derived."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.reconcile.plan import plan
from daemon.reconcile.waves import in_waves
from daemon.reconcile.world import World
from ledger.model.ids import ExternalRef, Kind, OperationId
from ledger.model.plans import FieldChange
from ledger.model.records import Term
from ledger.model.values import Reference
from tests.daemon.reconcile.alphabet import (
    TO_NET45,
    customer,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import (
    DEAR,
    QBO,
    change_rule,
    codes,
    is_quiet,
    operations,
    policy,
    until_quiet,
    with_books,
)


def test_a_quiet_world_plans_nothing_and_decides_everything() -> None:
    ledger = with_books()
    record = ledger.pair(qbo_item(), dear_item())
    made = ledger.plan(policy())
    assert is_quiet(made)
    assert record in made.decided
    assert len(made.decided) == 5


def test_the_first_sight_of_equal_records_is_remembered() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.baselines.clear()
    made = ledger.plan(policy())
    assert len(made.agreements) == 5
    assert not made.operations
    until_quiet(ledger, policy())


def test_a_new_mapping_version_is_noted_without_any_write() -> None:
    ledger = with_books()
    made = ledger.plan(policy(mapping_version=2))
    assert len(made.agreements) == 4
    assert not made.operations


# -- names ----------------------------------------------------------------------------------------


def test_a_name_that_is_given_up_in_the_same_plan_is_taken_one_wave_later() -> None:
    ledger = with_books()
    ledger.pair(vendor("Acme", email=None), vendor("Acme", email=None))
    ledger.edit(DEAR, Kind.VENDOR, "1", name="Acme East")
    ledger.show(DEAR, "2", customer("acme"))
    made = ledger.plan(policy())
    assert [(o.kind.value, o.wave) for o in made.operations] == [("vendor", 0), ("customer", 1)]
    until_quiet(ledger, policy())


def test_a_name_may_change_its_case() -> None:
    ledger = with_books()
    ledger.pair(vendor("Acme"), vendor("Acme"))
    ledger.edit(DEAR, Kind.VENDOR, "1", name="ACME")
    assert operations(ledger.plan(policy())) == ["qbo update name=ACME"]


def test_names_that_would_be_swapped_are_held() -> None:
    ledger = with_books()
    for number, name in (("1", "A"), ("2", "B")):
        ledger.pair(vendor(name, email=None), vendor(name, email=None), id=number)
    ledger.edit(DEAR, Kind.VENDOR, "1", name="B")
    ledger.edit(DEAR, Kind.VENDOR, "2", name="A")
    made = ledger.plan(policy())
    assert codes(made) == ["name_taken", "name_taken"]
    assert not made.operations


def test_of_two_new_records_with_one_name_the_literal_one_is_created() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", dear_item(sku="A", name="Bolt:M8"))
    plain = ledger.show(DEAR, "2", dear_item(sku="B", name="Bolt-M8"))
    made = ledger.plan(policy())
    assert [o.record for o in made.operations] == [plain]
    assert codes(made) == ["name_taken"]
    assert made.holds[0].waits_for == (plain,)
    assert made.holds[0].text == (
        'Item "A" and item "B" would get the same name in QuickBooks, which allows it once.'
    )


def test_what_points_to_a_record_that_lost_its_name_is_held_too() -> None:
    rules = change_rule(policy(), DEAR, Kind.TERM, "name", namespace="term")
    ledger = with_books()
    ledger.show(QBO, "8", Term(name="Net 9", method="days", due=Decimal(8), active=True))
    ledger.show(QBO, "9", Term(name="net 9", method="days", due=Decimal(9), active=True))
    for term in ("8", "9"):
        pointed = vendor(f"V{term}", email=None, terms=Reference(kind=Kind.TERM, id=term))
        ledger.show(QBO, term, pointed)
    made = ledger.plan(rules)
    assert sorted(o.split()[1] for o in operations(made)) == ["create", "create"]
    assert codes(made) == ["missing_reference", "name_taken"]
    orphan = next(h for h in made.holds if h.code == "missing_reference")
    assert orphan.field == "terms"
    assert "it is held itself" in orphan.text


def test_orphans_of_orphans_are_held_as_well() -> None:
    rules = policy(
        create={Kind.ACCOUNT: {QBO: "auto"}}, authority={Kind.ACCOUNT: {"parent": "both"}}
    )
    rules = change_rule(rules, DEAR, Kind.ACCOUNT, "parent")
    rules = change_rule(rules, QBO, Kind.ACCOUNT, "name", namespace="account")
    ledger = with_books()
    from ledger.model.records import Account

    def account(name: str, code: str, parent: str = "") -> Account:
        to = Reference(kind=Kind.ACCOUNT, key=parent) if parent else None
        return Account(name=name, code=code, account_type="Expense", parent=to, active=True)

    ledger.show(DEAR, "1", account("Fuel", "61"))
    ledger.show(DEAR, "2", account("Fu:el", "62"))
    ledger.show(DEAR, "3", account('Fu"el', "63"))
    ledger.show(DEAR, "4", account("Van", "64", parent="62"))
    ledger.show(DEAR, "5", account("Tyres", "65", parent="64"))
    ledger.show(DEAR, "6", account("Bus", "66", parent="63"))
    ledger.show(DEAR, "7", account("Seats", "67", parent="66"))
    made = ledger.plan(rules)
    assert codes(made).count("name_taken") == 1
    assert codes(made).count("missing_reference") == 2
    assert len(made.operations) == 4


# -- order ----------------------------------------------------------------------------------------


def test_what_is_pointed_to_rests_after_what_points_to_it() -> None:
    ledger = with_books()
    ledger.pair(vendor(terms=TO_NET45), vendor(terms=TO_NET45))
    ledger.edit(QBO, Kind.TERM, "b3", active=False)
    ledger.edit(QBO, Kind.VENDOR, "1", active=False)
    ledger.pair(vendor("B", email=None), vendor("B", email=None), id="2")
    ledger.edit(QBO, Kind.VENDOR, "2", phone="5")
    made = ledger.plan(policy())
    assert [(o.kind.value, o.action.value, o.wave) for o in made.operations] == [
        ("vendor", "update", 0),
        ("vendor", "inactivate", 1),
        ("term", "inactivate", 2),
    ]


def test_what_is_pointed_to_is_made_active_first() -> None:
    ledger = with_books()
    for system in (QBO, DEAR):
        ledger.edit(system, Kind.TERM, "b3", active=False)
    ledger.pair(vendor(), vendor())
    until_quiet(ledger, policy())
    ledger.agree(ledger.records[ExternalRef(QBO, Kind.TERM, "b3")])
    ledger.edit(QBO, Kind.TERM, "b3", active=True)
    ledger.edit(QBO, Kind.VENDOR, "1", terms=TO_NET45)
    made = ledger.plan(policy())
    assert [(o.kind.value, o.action.value, o.wave) for o in made.operations] == [
        ("term", "reactivate", 0),
        ("vendor", "update", 1),
    ]


def test_a_circle_in_the_order_is_broken_and_not_waited_for() -> None:
    ledger = with_books()
    ledger.pair(vendor("A", email=None), vendor("A", email=None), id="1")
    ledger.pair(vendor("B", email=None), vendor("B", email=None), id="2")
    ledger.edit(DEAR, Kind.VENDOR, "1", name="X")
    ledger.edit(DEAR, Kind.VENDOR, "2", name="Y")
    world = World(ledger.views(), ledger, policy())
    made = [
        msgspec.structs.replace(
            o,
            changes=(
                FieldChange(
                    field="name",
                    before=o.changes[0].before,
                    after="B" if o.changes[0].before == "A" else "A",
                    trace="",
                ),
            ),
        )
        for o in ledger.plan(policy()).operations
    ]
    assert [o.wave for o in in_waves(made, world)] == [0, 1]


def test_operations_are_sorted_by_wave_system_kind_and_id() -> None:
    ledger = with_books()
    for number in range(4):
        ledger.pair(
            vendor(f"V{number}", email=None), vendor(f"V{number}", email=None), id=str(number)
        )
        ledger.edit(DEAR if number % 2 else QBO, Kind.VENDOR, str(number), phone="5")
    made = ledger.plan(policy()).operations
    assert list(made) == sorted(made, key=lambda o: (o.wave, o.system, o.kind, o.id))
    assert [o.system for o in made] == [DEAR, DEAR, QBO, QBO]


def test_a_slice_links_what_its_records_point_to_and_waits_for_it() -> None:
    ledger = with_books()
    a = ledger.show(DEAR, "1", vendor("A", email=None))
    view = ledger.view(a)
    assert view is not None
    made = plan([view], ledger, policy())
    assert made.decided == (a,)
    assert operations(made) == operations(ledger.plan(policy()), a)


# -- ids ------------------------------------------------------------------------------------------


def one_operation(**edit: Any) -> tuple[OperationId, str]:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", **edit)
    (operation,) = ledger.plan(policy()).operations
    return operation.id, operation.digest


def test_ids_are_derived_and_never_drawn() -> None:
    assert one_operation(phone="5") == one_operation(phone="5")
    assert one_operation(phone="5")[0] != one_operation(phone="6")[0]
    assert one_operation(phone="5")[1] != one_operation(phone="6")[1]


def test_there_and_back_and_there_again_are_three_operations() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    seen = []
    for phone in ("1", "2", "1"):
        ledger.edit(DEAR, Kind.VENDOR, "1", phone=phone)
        (operation,) = ledger.plan(policy()).operations
        seen.append(operation)
        until_quiet(ledger, policy())
    assert len({o.id for o in seen}) == 3


def test_the_same_change_on_another_baseline_is_another_operation_for_the_same_approval() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", phone="5")
    (first,) = ledger.plan(policy()).operations
    image = ledger.baselines[record][QBO].fields
    ledger.remember(record, QBO, image)
    (second,) = ledger.plan(policy()).operations
    assert first.id != second.id
    assert first.digest == second.digest


def test_an_approval_is_void_when_either_side_shows_something_else() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", phone="5")
    (first,) = ledger.plan(policy()).operations
    ledger.edit(QBO, Kind.VENDOR, "1", notes="seen")
    (second,) = ledger.plan(policy()).operations
    assert first.changes == second.changes
    assert first.digest != second.digest
    rules = policy(mapping_version=2)
    assert ledger.plan(rules).operations[0].digest != second.digest


def test_the_digest_holds_no_ids_or_tokens_of_the_systems() -> None:
    digests = set()
    for number in ("1", "777"):
        ledger = with_books()
        record = ledger.pair(vendor(), vendor(), id="1")
        if number != "1":
            old = ExternalRef(QBO, Kind.VENDOR, "1")
            new = ExternalRef(QBO, Kind.VENDOR, number)
            ledger.shown[new] = ledger.shown.pop(old)
            ledger.records[new] = ledger.records.pop(old)
        ledger.edit(DEAR, Kind.VENDOR, "1", phone="5")
        (operation,) = ledger.plan(policy()).operations
        assert operation.record == record
        digests.add(operation.digest)
    assert len(digests) == 1


@pytest.mark.parametrize("kind", ["both", "new"])
def test_operations_carry_what_they_were_computed_from(kind: str) -> None:
    ledger = with_books()
    if kind == "both":
        record = ledger.pair(vendor(), vendor())
        ledger.edit(DEAR, Kind.VENDOR, "1", phone="5")
    else:
        record = ledger.show(DEAR, "1", vendor())
    view = ledger.view(record)
    assert view is not None
    (operation,) = ledger.plan(policy()).operations
    assert operation.computed_from == {s: side.comparable for s, side in view.sides.items()}
