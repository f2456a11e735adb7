"""One record: what blocks it, what is created for it, what is switched on and off."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from daemon.reconcile.decide import Decider
from daemon.reconcile.merge import values_digest
from daemon.reconcile.plan import plan
from daemon.reconcile.pointers import Place, point
from daemon.reconcile.world import World
from ledger.model.capabilities import Access
from ledger.model.facts import ConfirmedChange, Problem, Rejection, Resolution
from ledger.model.ids import ExternalRef, Kind, RecordId, record_id
from ledger.model.plans import Action
from ledger.model.records import Account, Class, TaxCode, Term
from ledger.model.values import RecordRef, Reference
from tests.daemon.reconcile.alphabet import (
    RENT,
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


# -- creating --------------------------------------------------------------------------------------


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
        del ledger.baselines[record][system].fields["name"]
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


# -- pointers --------------------------------------------------------------------------------------


def test_a_pointer_the_source_does_not_show_waits_for_it() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.edit(QBO, Kind.VENDOR, "1", terms=Reference(kind=Kind.TERM, id="77"))
    (hold,) = ledger.plan(policy()).holds
    assert hold.waits_for == (record_id(ExternalRef(QBO, Kind.TERM, "77")),)
    assert hold.waits_for_keys == ()
    ledger.edit(QBO, Kind.VENDOR, "1", terms=Reference(kind=Kind.TERM, key="Net 9 "))
    (hold,) = ledger.plan(policy()).holds
    assert hold.waits_for_keys == ((QBO, "term", "name", "net 9"),)
    assert hold.text == (
        'Terms of vendor "Acme" is term "Net 9 " in QuickBooks, and QuickBooks shows no such term, '
        "or several."
    )


def test_a_pointer_to_a_record_the_target_lacks_says_which_and_why() -> None:
    ledger = with_books()
    fuel = Account(name="Fuel", code="5000", account_type="Expense", active=True)
    ledger.show(DEAR, "1", fuel)
    ledger.show(DEAR, "2", dear_item(income_account=Reference(kind=Kind.ACCOUNT, key="5000")))
    made = ledger.plan(policy())
    hold = next(h for h in made.holds if h.code == "missing_reference")
    assert 'account "5000" exists in DEAR, not in QuickBooks' in hold.text
    assert hold.waits_for == (record_id(ExternalRef(DEAR, Kind.ACCOUNT, "1")),)
    assert set(hold.waits_for_keys) >= {
        (QBO, "account", "code", "5000"),
        (QBO, "account", "name", "fuel"),
    }


def test_a_pointer_to_a_record_that_nobody_knows_is_held() -> None:
    ledger = with_books()
    view = ledger.view(ledger.pair(vendor(), vendor()))
    assert view is not None
    world = World([view], ledger, policy())
    place = Place(view=view, field="terms", source=QBO, target=DEAR)
    pointed = point(RecordRef(RecordId("term-gone")), place, world, Decider(world))
    assert pointed.hold is not None
    assert pointed.hold.waits_for == (RecordId("term-gone"),)
    assert "exists in no system" in pointed.hold.text


def test_a_pointer_to_a_record_removed_from_the_target_is_held() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    ledger.remove(DEAR, Kind.TERM, "b3")
    ledger.edit(QBO, Kind.VENDOR, "1", terms=TO_NET45)
    made = ledger.plan(policy())
    (hold,) = [h for h in made.holds if h.code == "missing_reference"]
    assert "it was removed" in hold.text


def test_a_record_pointed_to_is_created_first() -> None:
    ledger = with_books()
    term = ledger.show(QBO, "9", Term(name="Net 9", due=Decimal(9), method="days", active=True))
    ledger.show(QBO, "1", vendor(terms=Reference(kind=Kind.TERM, id="9")))
    made = ledger.plan(policy())
    assert [(o.kind.value, o.wave) for o in made.operations] == [("term", 0), ("vendor", 1)]
    assert made.operations[1].needs == (term,)
    until_quiet(ledger, policy())


def test_an_update_waits_for_the_record_that_it_points_to() -> None:
    ledger = with_books()
    ledger.pair(vendor(), vendor())
    term = ledger.show(QBO, "9", Term(name="Net 9", due=Decimal(9), method="days", active=True))
    ledger.edit(QBO, Kind.VENDOR, "1", terms=Reference(kind=Kind.TERM, id="9"))
    made = ledger.plan(policy())
    assert [o.needs for o in made.operations] == [(), (term,)]
    until_quiet(ledger, policy())


def test_what_points_to_a_record_being_linked_is_looked_at_again_later() -> None:
    ledger = with_books()
    net9 = Term(name="Net 9", due=Decimal(9), method="days", active=True)
    ledger.show(QBO, "9", net9)
    ledger.show(DEAR, "9", net9)
    new = ledger.show(QBO, "1", vendor(terms=Reference(kind=Kind.TERM, id="9")))
    view = ledger.view(new)
    assert view is not None
    made = plan([view], ledger, policy())  # the terms are not even in this slice
    assert [str(link.ref) for link in made.links] == ["qbo/term/9"]
    assert not made.operations
    assert new not in made.decided
    until_quiet(ledger, policy())
    assert ledger.ref_of(new, DEAR) is not None


def parents(*names: str, of: dict[str, str]) -> Ledger:
    ledger = Ledger()
    for name in names:
        parent = Reference(kind=Kind.ACCOUNT, id=of[name]) if name in of else None
        account = Account(name=name, code=name, account_type="Expense", parent=parent, active=True)
        ledger.show(DEAR, name, account)
    return ledger


PARENTS: dict[str, Any] = {"create": {Kind.ACCOUNT: {QBO: "auto"}}}


def parent_rules() -> Any:
    return change_rule(policy(**PARENTS), DEAR, Kind.ACCOUNT, "parent", access=Access.WRITE)


def test_parents_are_created_before_their_children() -> None:
    rules = change_rule(parent_rules(), QBO, Kind.ACCOUNT, "parent", required=False)
    rules = msgspec.structs.replace(rules, authority={Kind.ACCOUNT: {"parent": "both"}})
    ledger = parents("a", "b", "c", of={"a": "b", "b": "c"})
    made = ledger.plan(rules)
    assert [o.label for o in made.operations] == ["c", "b", "a"]
    assert [o.wave for o in made.operations] == [0, 1, 2]
    until_quiet(ledger, rules)


@pytest.mark.parametrize("of", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "a"}])
def test_a_circle_of_parents_is_held(of: dict[str, str]) -> None:
    rules = msgspec.structs.replace(parent_rules(), authority={Kind.ACCOUNT: {"parent": "both"}})
    ledger = parents(*of, of=of)
    made = ledger.plan(rules)
    assert not made.operations
    assert codes(made) == ["missing_reference"] * len(of)
    assert any("circle" in h.text for h in made.holds)


def test_a_very_long_chain_of_parents_does_not_overrun_and_arrives_in_the_end() -> None:
    rules = msgspec.structs.replace(parent_rules(), authority={Kind.ACCOUNT: {"parent": "both"}})
    names = [f"n{number:03}" for number in range(120)]
    ledger = parents(*names, of=dict(pairwise(names)))
    until_quiet(ledger, rules)
    assert not ledger.plan(rules).holds


def test_accounts_that_only_the_target_owns_and_lacks_do_not_stop_a_create() -> None:
    ledger = with_books()
    ledger.show(DEAR, "1", vendor(terms=Reference(kind=Kind.TERM, key="none such")))
    made = ledger.plan(policy())
    assert not made.holds
    assert "terms" not in {c.field for o in made.operations for c in o.changes}


def test_references_by_code_and_by_name_mean_the_same_account() -> None:
    ledger = with_books()
    ledger.pair(
        qbo_item(income_account=Reference(kind=Kind.ACCOUNT, key="Sales")),
        dear_item(income_account=TO_SALES),
    )
    ledger.baselines[record_id(ExternalRef(DEAR, Kind.ITEM, "1"))] = {}
    made = ledger.plan(policy())
    assert not made.operations
    assert TO_RENT != TO_SALES
    assert TO_NET30 != TO_NET45
