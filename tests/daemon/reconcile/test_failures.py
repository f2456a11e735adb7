"""The failure catalogue, as far as the core decides it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.reconcile.gate import GateFacts, gate
from ledger.model.facts import ConfirmedChange, Rejection
from ledger.model.ids import ExternalRef, Kind, record_id
from ledger.model.plans import Operation, Ruling
from ledger.model.records import Account, Term
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


def test_F05_two_records_need_the_same_new_term_and_it_is_created_once() -> None:
    ledger = with_books()
    net9 = Term(name="Net 9", method="days", due=Decimal(9), active=True)
    term = ledger.show(QBO, "9", net9)
    for number, name in enumerate(("A", "B")):
        pointed = vendor(name, email=None, terms=Reference(kind=Kind.TERM, id="9"))
        ledger.show(QBO, str(number), pointed)
    made = ledger.plan(policy())
    assert [o.kind.value for o in made.operations] == ["term", "vendor", "vendor"]
    assert [o.needs for o in made.operations[1:]] == [(term,), (term,)]


def test_F10_an_update_that_took_effect_unseen_is_agreement_and_not_a_second_write() -> None:
    ledger = with_books()
    record = ledger.pair(qbo_item(), dear_item())
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=Decimal("12.95"))
    assert operations(ledger.plan(policy())) == ["qbo update sales_price=12.95"]
    ledger.edit(QBO, Kind.ITEM, "1", sales_price=Decimal("12.95"))  # the reply was lost
    made = ledger.plan(policy())
    assert not made.operations
    assert made.agreements[0].images[QBO]["sales_price"] == Decimal("12.95")
    assert made.agreements[0].record == record


def test_F11_a_product_deleted_in_the_books_leaves_the_source_alone() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    ledger.edit(QBO, Kind.ITEM, "1", name="Widget (deleted)", active=False)
    made = ledger.plan(policy())
    assert operations(made) == ["dear inactivate active=False"], "the new name is not an edit"
    facts = GateFacts(first_plan_approved=True, approved=frozenset(), live_counts={})
    (verdict,) = gate(made.operations, facts, policy()).values()
    assert (verdict.ruling, verdict.reason) == (Ruling.APPROVAL, "inactivates")


def test_F11_a_record_removed_in_the_books_offers_what_can_be_done() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    ledger.remove(QBO, Kind.ITEM, "1")
    made = ledger.plan(policy())
    (hold,) = made.holds
    assert (hold.code, hold.system) == ("removed", QBO)
    assert "cdc stub" in hold.text
    for choice in ("inactive", "restore", "unlink", "link another"):
        assert choice in hold.cure
    assert not made.operations


@pytest.mark.parametrize("kind", ["other kind", "same kind"])
def test_F13_the_old_name_is_still_held_by_the_inactive_record(kind: str) -> None:
    ledger = with_books()
    if kind == "other kind":
        ledger.show(QBO, "9", vendor("Black", email=None, active=False))
        new = ledger.show(DEAR, "1", customer("black"))
    else:
        gone = ledger.pair(vendor("Black", email=None), vendor("White", email=None), id="9")
        ledger.edit(QBO, Kind.VENDOR, "9", active=False)
        ledger.edit(DEAR, Kind.VENDOR, "9", active=False)
        ledger.agree(gone)
        new = ledger.show(DEAR, "1", customer("Black"))
    made = ledger.plan(policy())
    (hold,) = [h for h in made.holds if h.record == new]
    assert hold.code == "name_taken"
    assert "inactive vendor with id 9" in hold.text
    assert [str(c.ref) for c in hold.candidates] == ["qbo/vendor/9"]
    assert not operations(made, new)


def test_F13_an_item_name_held_by_a_linked_inactive_item() -> None:
    ledger = with_books()
    old = ledger.pair(qbo_item(active=False), dear_item(active=False), id="9")
    ledger.show(DEAR, "1", dear_item(sku="W-8"))
    (hold,) = ledger.plan(policy()).holds
    assert hold.code == "name_taken"
    assert "Link the two after making it active again" in hold.cure
    assert hold.waits_for == (old,)


def test_F17_inactive_is_not_deleted() -> None:
    ledger = with_books()
    record = ledger.pair(vendor(terms=TO_NET45), vendor(terms=TO_NET45))
    ledger.edit(QBO, Kind.TERM, "b3", active=False)
    made = ledger.plan(policy())
    assert operations(made) == ["dear inactivate active=False"]
    assert not made.holds
    until_quiet(ledger, policy())
    assert is_quiet(ledger.plan(policy())), "and those that point to it still do"
    assert ledger.ref_of(record_id(ExternalRef(DEAR, Kind.TERM, "b3")), QBO) is not None
    assert value(ledger, record, QBO, "terms") == TO_NET45


def test_F18_removed_here_and_edited_there_is_a_conflict() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    ledger.remove(QBO, Kind.ITEM, "1")
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=Decimal(99))
    made = ledger.plan(policy())
    (hold,) = made.holds
    assert hold.code == "edited_and_removed"
    assert "removed in QuickBooks" in hold.text
    assert "edited in DEAR" in hold.text
    assert not made.operations


def test_F25_an_equal_pair_is_remembered_so_that_a_removal_is_one() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", qbo_item())
    item = ledger.show(DEAR, "1", dear_item())
    until_quiet(ledger, policy())
    assert ledger.baselines[item][QBO].fields["sku"] == "W-7"
    ledger.remove(QBO, Kind.ITEM, "1")
    assert codes(ledger.plan(policy())) == ["removed"]
    assert not ledger.plan(policy()).operations, "it is not created anew"


def test_F28_a_change_of_many_stops_with_the_numbers_and_the_cause() -> None:
    ledger = with_books()
    for number in range(40):
        item: dict[str, Any] = {
            "name": f"Widget {number}",
            "sku": f"W-{number}",
            "sales_price": Decimal(100 + number),
        }
        ledger.pair(qbo_item(**item), dear_item(**item), id=str(number))
        price = item["sales_price"] * Decimal("1.1")
        ledger.edit(DEAR, Kind.ITEM, str(number), sales_price=price)
    rules = policy()
    made = ledger.plan(rules)
    facts = GateFacts(
        first_plan_approved=True, approved=frozenset(), live_counts={(QBO, Kind.ITEM): 100}
    )
    verdicts = gate(made.operations, facts, rules)
    assert {(v.ruling, v.reason) for v in verdicts.values()} == {(Ruling.HALTED, "mass_change")}
    (text,) = {v.text for v in verdicts.values()}
    assert text.startswith("40 updates of items in QuickBooks at once, where 100 are live;")
    assert "All change sales price by x1.1." in text
    approved = msgspec.structs.replace(facts, approved=frozenset(o.digest for o in made.operations))
    assert {v.ruling for v in gate(made.operations, approved, rules).values()} == {Ruling.AUTO}
    ledger.edit(DEAR, Kind.ITEM, "0", sales_price=Decimal(7))  # the approval was not for this
    verdicts = gate(ledger.plan(rules).operations, approved, rules)
    assert [v.reason for v in verdicts.values()].count("approved") == 39


def test_F35_without_a_past_nothing_is_wiped_and_differences_are_asked() -> None:
    ledger = with_books()
    ledger.pair(vendor("A", email=None), vendor("A", email="a@x.test"), id="1")
    ledger.pair(vendor("B", email=None, terms=None), vendor("B", email=None), id="2")
    differ = ledger.pair(vendor("C", email="c@x.test"), vendor("C", email="d@x.test"), id="3")
    ledger.baselines.clear()
    made = ledger.plan(policy())
    assert written(made.operations) == {(QBO, "email"): "a@x.test"}
    assert [c.record for c in made.conflicts] == [differ]
    assert made.conflicts[0].fields[0].base == {}


def test_F42_a_third_writer_is_named_and_the_fight_ends() -> None:
    ledger = with_books()
    rules = policy(authority={Kind.ITEM: {"sales_price": "dear"}})
    record = ledger.pair(qbo_item(), dear_item())
    fought: list[Operation] = []
    for _ in range(10):
        ledger.edit(QBO, Kind.ITEM, "1", sales_price=Decimal("9.99"))
        made = ledger.plan(rules)
        fought += made.operations
        for operation in made.operations:
            ledger.changes.setdefault(record, []).append(
                ConfirmedChange(
                    system=QBO,
                    field="sales_price",
                    before=Decimal("9.99"),
                    after=operation.changes[0].after,
                    at=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
                )
            )
        ledger.carry_out(made, rules)
    assert len(fought) == 3
    (hold,) = ledger.plan(rules).holds
    assert (hold.code, hold.field, hold.system) == ("oscillation", "sales_price", QBO)
    assert hold.text == (
        'Sales price of item "W-7" was set to 12.40 in QuickBooks 3 times, and another person or '
        "program in QuickBooks keeps setting it back to 9.99."
    )


def test_F42_a_fight_in_the_source_is_told_from_one_in_the_books() -> None:
    ledger = with_books()
    record = ledger.pair(qbo_item(), dear_item())
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=Decimal(13))
    ledger.changes[record] = [
        ConfirmedChange(system=QBO, field="sales_price", before=None, after=Decimal(13), at="")
    ] * 3
    (hold,) = ledger.plan(policy()).holds
    assert "program in DEAR keeps setting it back to 12.40" in hold.text


def test_F49_clocks_do_not_decide() -> None:
    # The core is given no instants: the later seen of two edits is not the better one.
    seen = []
    for first, second in ((QBO, DEAR), (DEAR, QBO)):
        ledger = with_books()
        ledger.pair(vendor(), vendor())
        emails = {QBO: "q@x.test", DEAR: "d@x.test"}
        for system in (first, second):
            ledger.edit(system, Kind.VENDOR, "1", email=emails[system])
        made = ledger.plan(policy())
        assert not made.operations
        seen.append(made.conflicts)
    assert seen[0] == seen[1]


def test_F51_a_refusal_is_forgotten_as_soon_as_its_cause_changes() -> None:
    ledger = with_books()
    record = ledger.show(DEAR, "1", dear_item())
    (operation,) = ledger.plan(policy()).operations
    ledger.rejections[record] = (
        Rejection(operation_digest=operation.digest, system=QBO, code="", message="No."),
    )
    made = ledger.plan(policy())
    assert codes(made) == ["rejected"]
    assert not made.operations
    assert 'refused to create item "W-7": No.' in made.holds[0].text
    assert "tried again as soon as it changes" in made.holds[0].cure
    ledger.edit(DEAR, Kind.ITEM, "1", description="better")
    assert len(ledger.plan(policy()).operations) == 1


def test_F52_a_customer_with_the_name_of_a_vendor_is_predicted_and_not_renamed() -> None:
    ledger = with_books()
    ledger.pair(vendor("Black", email=None), vendor("Black", email=None), id="31")
    new = ledger.show(DEAR, "1", customer("Black"))
    made = ledger.plan(policy())
    (hold,) = made.holds
    assert (hold.record, hold.code, hold.field, hold.system) == (new, "name_taken", "name", QBO)
    assert hold.text == (
        'Name "Black" of customer "Black" is already taken in QuickBooks by the vendor with id 31.'
    )
    assert hold.cure == (
        'Rename customer "Black", or rename the vendor in QuickBooks: QuickBooks keeps one list of '
        "names for customers and vendors."
    )
    assert not made.operations
    ledger.edit(DEAR, Kind.CUSTOMER, "1", name="Black & Sons")
    assert [o.record for o in ledger.plan(policy()).operations] == [new]


def test_F52_a_rename_into_a_taken_name_is_predicted_too() -> None:
    ledger = with_books()
    ledger.pair(vendor("Black", email=None), vendor("Black", email=None), id="31")
    ledger.pair(customer("White"), customer("White"))
    ledger.edit(DEAR, Kind.CUSTOMER, "1", name="BLACK", email="w@x.test")
    made = ledger.plan(policy())
    assert codes(made) == ["name_taken"]
    assert operations(made) == ["qbo update email=w@x.test"]


def test_F54_names_equal_but_for_blanks_and_apostrophes_are_proposed() -> None:
    ledger = with_books()
    ledger.show(QBO, "1", vendor("O’Neil", email=None))
    ledger.show(DEAR, "1", vendor("O'Neil ", email=None))
    made = ledger.plan(policy())
    assert codes(made) == ["proposed_match", "proposed_match"]
    assert not made.links
    assert not made.operations
    assert {c.evidence for h in made.holds for c in h.candidates} == {
        'same similar name "O\'Neil"',
        'same similar name "O’Neil"',
    }


def test_F56_an_item_moved_under_a_category_is_the_same_item() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(full_name="Widget"), dear_item())
    ledger.edit(QBO, Kind.ITEM, "1", full_name="Parts:Widget")
    assert is_quiet(ledger.plan(policy()))


def test_F58_what_points_to_a_record_that_is_not_to_be_created_names_it_first() -> None:
    ledger = with_books()
    ledger.show(QBO, "9", Term(name="Net 9", method="days", due=Decimal(9), active=True))
    ledger.show(QBO, "1", vendor(terms=Reference(kind=Kind.TERM, id="9")))
    rules = policy(create={Kind.TERM: {DEAR: "never"}})
    made = ledger.plan(rules)
    hold = next(h for h in made.holds if h.code == "missing_reference")
    assert hold.text == (
        'Terms of vendor "Acme": term "Net 9" exists in QuickBooks, not in DEAR (terms are not '
        "created there by policy)."
    )
    assert not made.operations


def test_F59_a_second_record_does_not_claim_a_link() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    ledger.show(DEAR, "2", dear_item(name="Widget copy"))
    made = ledger.plan(policy())
    assert codes(made) == ["ambiguous_match"]
    assert not made.links
    assert not made.operations


def test_F90_a_kind_that_the_plan_of_the_books_lost_is_one_alarm_and_dependants_hold() -> None:
    rules = change_kind(policy(), QBO, Kind.VENDOR, disabled="this plan has no vendors")
    ledger = with_books()
    ledger.incomplete.add((QBO, Kind.VENDOR))
    for number in range(3):
        ledger.show(DEAR, str(number), vendor(f"V{number}", email=None))
    ledger.show(DEAR, "9", vendor("Resting", email=None, active=False))
    made = ledger.plan(rules)
    assert codes(made) == ["disabled"] * 3
    assert len({(h.text, h.cure) for h in made.holds}) == 1
    assert not made.operations


def test_a_code_made_from_an_id_that_somebody_uses_already_is_predicted() -> None:
    rules = change_rule(policy(), DEAR, Kind.ACCOUNT, "code", namespace="account_code")
    ledger = with_books()
    new = Account(name="Fuel", code=None, account_type="Expense", active=True)
    ledger.show(QBO, "7", new)
    ledger.show(DEAR, "1", msgspec.structs.replace(new, name="Quarry", code="Q7"))
    hold = next(h for h in ledger.plan(rules).holds if h.code == "name_taken")
    assert hold.text == (
        'Code "Q7" of account "Fuel" is already taken in DEAR by the account with id 1.'
    )
    assert hold.cure.startswith('Change the code of account "Fuel", or that of the account in DEAR')
