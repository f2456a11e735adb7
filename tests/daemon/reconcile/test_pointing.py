"""Fields that point to another record: what they wait for, and what is made first."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from daemon.reconcile.decide import Decider
from daemon.reconcile.plan import plan
from daemon.reconcile.pointers import Place, point
from daemon.reconcile.world import World
from ledger.model.capabilities import Access
from ledger.model.ids import ExternalRef, Kind, RecordId, record_id
from ledger.model.records import Account, Term
from ledger.model.values import RecordRef, Reference
from tests.daemon.reconcile.alphabet import (
    TO_NET45,
    TO_RENT,
    TO_SALES,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import (
    DEAR,
    QBO,
    Ledger,
    change_rule,
    codes,
    policy,
    until_quiet,
    with_books,
)


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
