"""One record: what blocks it, what is changed of it, what is switched on and off."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.reconcile.decide import Decider
from daemon.reconcile.merge import values_digest
from daemon.reconcile.world import World
from ledger.model.facts import ConfirmedChange, Problem, Rejection, Resolution
from ledger.model.ids import Kind, RecordId
from ledger.model.records import Class, TaxCode
from tests.daemon.reconcile.alphabet import (
    RENT,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import (
    DEAR,
    QBO,
    Ledger,
    change_kind,
    change_rule,
    codes,
    is_quiet,
    operations,
    policy,
    until_quiet,
    value,
    with_books,
    written,
)

# -- what blocks a record --------------------------------------------------------------------------


def test_a_kind_that_is_off_is_left_alone() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor())
    record = ledger.pair(vendor("B", email=None), vendor("C", email=None), id="2")
    made = ledger.plan(policy(flows={Kind.VENDOR: "off"}))
    assert is_quiet(made)
    assert record in made.decided


def test_a_record_with_an_open_intent_is_not_touched() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", email="new@acme.test")
    ledger.intents[record] = "request-1"
    made = ledger.plan(policy())
    assert codes(made) == ["open_intent"]
    assert not made.operations


def test_a_record_that_cannot_be_read_is_held_with_its_problem() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(), vendor())
    problem = Problem(code="malformed", message="no currency", field="currency", cure="Set one.")
    ledger.show(QBO, "1", vendor(email="new@acme.test"), problem=problem)
    made = ledger.plan(policy())
    (hold,) = made.holds
    assert (hold.record, hold.code, hold.field, hold.cure) == (
        record,
        "unreadable",
        "currency",
        "Set one.",
    )
    assert "no currency" in hold.text
    assert not made.operations
    ledger.show(QBO, "1", vendor(), problem=Problem(code="malformed", message="?"))
    assert ledger.plan(policy()).holds[0].cure == "Correct the record in QuickBooks."


def test_a_record_out_of_scope_is_watched_only() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    ledger.show(QBO, "1", qbo_item(name="Category"), out_of_scope="category")
    ledger.show(QBO, "2", qbo_item(name="Other", sku="O"), out_of_scope="category")
    assert is_quiet(ledger.plan(policy()))


def test_removal_on_both_sides_needs_nobody() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.remove(QBO, Kind.VENDOR, "1")
    ledger.remove(DEAR, Kind.VENDOR, "1")
    assert is_quiet(ledger.plan(policy()))


def test_removal_of_what_rests_elsewhere_needs_nobody() -> None:
    ledger = with_books()
    ledger.pair(vendor(active=False), vendor(active=False))
    ledger.remove(QBO, Kind.VENDOR, "1")
    assert is_quiet(ledger.plan(policy()))


def test_a_removed_record_that_was_never_linked_is_nothing() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor(), tombstone="absent")
    assert is_quiet(ledger.plan(policy()))


def test_a_record_that_nobody_knows_cannot_be_decided() -> None:
    decider = Decider(World([], Ledger(), policy()))
    assert decider(RecordId("nobody")) is None


def test_a_kind_that_only_one_system_keeps_goes_nowhere() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", Class(name="East", active=True))
    assert is_quiet(ledger.plan(policy()))


# -- updating --------------------------------------------------------------------------------------


def test_update_and_inactivation_are_two_operations_and_the_latter_is_last() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(QBO, Kind.VENDOR, "1", active=False, phone="555")
    made = ledger.plan(policy())
    assert operations(made) == ["dear update phone=555", "dear inactivate active=False"]
    assert [o.wave for o in made.operations] == [0, 1]
    until_quiet(ledger, policy())


def test_reactivation_takes_everything_along_and_gives_the_name_back() -> None:
    ledger = with_books()
    record = ledger.pair(vendor("Acme (deleted)", active=False), vendor(active=False))
    ledger.edit(DEAR, Kind.VENDOR, "1", active=True, phone="555")
    made = ledger.plan(policy())
    assert operations(made) == ["qbo reactivate active=True, phone=555, name=Acme"]
    assert made.operations[0].changes[2].before == "Acme (deleted)"
    until_quiet(ledger, policy())
    assert value(ledger, record, QBO, "name") == "Acme"
    assert is_quiet(ledger.plan(policy()))


def test_reactivation_with_a_new_name_needs_no_old_one() -> None:
    ledger = with_books()
    ledger.pair(vendor("Acme (deleted)", active=False), vendor(active=False))
    ledger.edit(DEAR, Kind.VENDOR, "1", active=True, name="Acme Ltd")
    assert operations(ledger.plan(policy())) == ["qbo reactivate active=True, name=Acme Ltd"]


def test_reactivation_leaves_a_name_that_is_open_alone() -> None:
    ledger = with_books()
    record = ledger.pair(vendor("Acme Works (deleted)", active=False), vendor(active=False))
    for system in (QBO, DEAR):
        agreed = ledger.baselines[record][system].fields
        ledger.remember(record, system, {f: v for f, v in agreed.items() if f != "name"})
    ledger.edit(DEAR, Kind.VENDOR, "1", active=True)
    made = ledger.plan(policy())
    assert operations(made) == ["qbo reactivate active=True"]
    assert [f.field for c in made.conflicts for f in c.fields] == ["name"]


def test_nobody_tends_a_record_at_rest() -> None:
    ledger = with_books()
    ledger.pair(vendor(active=False), vendor(active=False))
    ledger.edit(DEAR, Kind.VENDOR, "1", phone="555")
    ledger.edit(QBO, Kind.VENDOR, "1", email="x@x.test")
    assert is_quiet(ledger.plan(policy()))
    ledger.edit(DEAR, Kind.VENDOR, "1", email="y@y.test")
    assert is_quiet(ledger.plan(policy())), "not even conflicts"


def test_activity_that_was_never_agreed_is_a_conflict() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor())
    ledger.show(QBO, "1", vendor(active=False))
    ledger.carry_out(ledger.plan(policy()), policy())
    made = ledger.plan(policy())
    assert [f.field for f in made.conflicts[0].fields] == ["active"]
    assert not made.operations


def test_what_matters_and_cannot_be_written_is_told() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(type="inventory"), dear_item())
    ledger.baselines.clear()
    (hold,) = ledger.plan(policy()).holds
    assert (hold.code, hold.field) == ("not_representable", "type")
    assert hold.text == (
        'Type of item "W-7" is "inventory" in QuickBooks and "stock" in DEAR, which QuickBooks '
        'would show as "non_inventory"; QuickBooks does not let it be changed.'
    )


def test_what_does_not_matter_and_cannot_be_written_is_passed_over() -> None:
    ledger = with_books()
    ledger.pair(RENT, RENT, id="9")
    ledger.edit(QBO, Kind.ACCOUNT, "9", account_type="Other Expense")
    assert not ledger.plan(policy()).operations
    assert not ledger.plan(policy()).holds


@pytest.mark.parametrize("rule", [{"clearable": False}, {"required": True}])
def test_a_field_that_cannot_be_emptied_stays(rule: dict[str, Any]) -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", email=None)
    assert written(ledger.plan(policy()).operations) == {(QBO, "email"): None}
    rules = change_rule(policy(), QBO, Kind.VENDOR, "email", **rule)
    assert is_quiet(ledger.plan(rules))


def test_an_account_that_lost_its_code_keeps_it_elsewhere() -> None:
    ledger = with_books()
    ledger.edit(QBO, Kind.ACCOUNT, "b0", code=None)
    assert not ledger.plan(policy()).operations


def test_a_system_that_takes_no_changes_from_programs_gets_them_by_hand() -> None:
    rules = policy(authority={Kind.TAX_CODE: {"rate": "dear"}})
    ledger = Ledger()
    tax = TaxCode(name="GST", rate=Decimal(5), active=True)
    ledger.pair(tax, tax)
    ledger.edit(DEAR, Kind.TAX_CODE, "1", rate=Decimal(6))
    (hold,) = ledger.plan(rules).holds
    assert hold.code == "not_automatic"
    assert "QuickBooks has to be changed by hand to 6." in hold.text


def test_a_kind_out_of_service_gets_no_updates() -> None:
    rules = change_kind(policy(), QBO, Kind.VENDOR, disabled="no vendors in this plan")
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", email="n@x.test", phone="5")
    made = ledger.plan(rules)
    assert codes(made) == ["disabled"]
    assert not made.operations


@pytest.mark.parametrize("where", ["create", "update"])
def test_names_that_must_not_be_rewritten_are_held(where: str) -> None:
    rules = policy(names="hold")
    ledger = with_books()
    if where == "update":
        ledger.pair(vendor(), vendor())
        ledger.edit(DEAR, Kind.VENDOR, "1", name="A:B")
    else:
        ledger.show(DEAR, "1", vendor("A:B"))
    made = ledger.plan(rules)
    assert [(h.code.value, h.field) for h in made.holds] == [("not_representable", "name")]
    assert '"A-B"' in made.holds[0].text
    assert not made.operations
    ledger.edit(DEAR, Kind.VENDOR, "1", name="A B")
    assert not ledger.plan(rules).holds


def test_a_choice_that_cannot_be_carried_out_is_said() -> None:
    rules = change_rule(policy(), QBO, Kind.VENDOR, "email", required=True)
    ledger = with_books()
    record = ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", email=None)
    ledger.edit(QBO, Kind.VENDOR, "1", email="q@x.test")
    digest = values_digest("email", {QBO: "q@x.test", DEAR: None})
    said = Resolution(field="email", take=DEAR, value_digest=digest)
    ledger.resolutions[record] = (said,)
    assert codes(ledger.plan(rules)) == ["not_representable"]


def test_a_refused_operation_waits_until_it_would_be_another_one() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", phone="x")
    (operation,) = ledger.plan(policy()).operations
    ledger.rejections[record] = (
        Rejection(
            operation_digest=operation.digest,
            system=QBO,
            code="2050",
            message="Phone is wrong.",
            field="phone",
        ),
    )
    (hold,) = ledger.plan(policy()).holds
    assert (hold.code, hold.field, hold.system) == ("rejected", "phone", QBO)
    assert hold.text == ('QuickBooks refused to update vendor "Acme": Phone is wrong. (code 2050)')
    ledger.edit(DEAR, Kind.VENDOR, "1", phone="555")
    assert operations(ledger.plan(policy())) == ["qbo update phone=555"]


def test_only_the_very_field_that_oscillates_is_frozen() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(), vendor())
    ledger.edit(DEAR, Kind.VENDOR, "1", phone="1", email="n@x.test")
    ledger.changes[record] = [
        ConfirmedChange(system=QBO, field=f, before=None, after=a, at="")
        for f, a in [("phone", "1")] * 3 + [("phone", "2"), ("email", "n@x.test")] * 2
    ]
    made = ledger.plan(policy())
    assert codes(made) == ["oscillation"]
    assert made.holds[0].field == "phone"
    assert operations(made) == ["qbo update email=n@x.test"]
