"""The adopt-before-create ladder, and its symmetry."""

from typing import Any

import msgspec
import pytest

from daemon.reconcile.match import NOT_THE_SAME
from daemon.reconcile.plan import plan
from daemon.reconcile.successors import replaced_by
from ledger.model.facts import Hold, Problem, Resolution
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, record_id
from ledger.model.plans import Plan
from ledger.model.records import Account, Record, Term
from tests.daemon.reconcile.alphabet import SALES, customer, dear_item, qbo_item, vendor
from tests.daemon.reconcile.worlds import (
    DEAR,
    ION,
    QBO,
    Ledger,
    codes,
    operations,
    policy,
    until_quiet,
    with_books,
)


def seen(qbo: list[Record], dear: list[Record]) -> Ledger:
    ledger = with_books()
    for number, record in enumerate(qbo):
        ledger.show(QBO, f"q{number}", record)
    for number, record in enumerate(dear):
        ledger.show(DEAR, f"d{number}", record)
    return ledger


def linked(made: Plan) -> list[str]:
    return [f"{link.how}: {link.ref}" for link in made.links]


def account(**changes: Any) -> Account:
    return msgspec.structs.replace(SALES, **changes)


@pytest.mark.parametrize(
    ("case", "qbo", "dear", "how"),
    [
        ("items by SKU", qbo_item(name="Other"), dear_item(), "sku"),
        ("SKU ignores case and blanks", qbo_item(sku=" w-7"), dear_item(), "sku"),
        ("accounts by code", account(code="1", name="A"), account(code="1", name="B"), "code"),
        ("accounts by name", account(code=None, name="A"), account(code="Q9", name="A"), "name"),
        ("vendors by code", vendor("A", code="V1"), vendor("B", code="v1"), "code"),
        ("vendors by name", vendor("Acme"), vendor("ACME"), "name"),
        ("customers by name", customer(), customer(), "name"),
        ("terms by name", Term(name="Net 9", active=True), Term(name="net 9", active=True), "name"),
        ("a name that was sanitised", vendor("A-B Ltd"), vendor("A:B Ltd"), "name"),
        ("inactive by exact key", qbo_item(active=False), dear_item(), "sku"),
        ("both inactive", qbo_item(active=False), dear_item(active=False), "sku"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_exact_keys_link(case: str, qbo: Record, dear: Record, how: str) -> None:
    ledger = seen([qbo], [dear])
    made = ledger.plan(policy())
    assert linked(made) == [f"{how}: qbo/{qbo.KIND.value}/q0"], case
    assert made.links[0].record == record_id(ExternalRef(DEAR, dear.KIND, "d0"))
    assert not made.operations
    assert made.links[0].record not in made.decided


@pytest.mark.parametrize(
    ("case", "qbo", "dear", "code"),
    [
        ("item by name only", qbo_item(sku="X"), dear_item(), "proposed_match"),
        ("item without SKU", qbo_item(sku=None), dear_item(), "proposed_match"),
        ("item by a similar name", qbo_item(sku="X", name="wid  get"), dear_item(name="Wid get"),
         "proposed_match"),
        ("vendor by e-mail", vendor("Acme"), vendor("Zenith"), "proposed_match"),
        ("customer by a similar name", customer("O’Neil"), customer("O'Neil"), "proposed_match"),
        ("vendor with a blank at the end", vendor("A"), vendor("A "), "proposed_match"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_weak_keys_only_propose_and_create_nothing(
    case: str, qbo: Record, dear: Record, code: str
) -> None:
    made = seen([qbo], [dear]).plan(policy())
    assert codes(made) == [code, code], case
    assert not made.links
    assert not made.operations
    assert {str(c.ref) for h in made.holds for c in h.candidates} == {
        f"qbo/{qbo.KIND.value}/q0",
        f"dear/{dear.KIND.value}/d0",
    }


def test_two_records_with_the_key_are_ambiguous_from_either_side() -> None:
    ledger = seen([qbo_item(name="A"), qbo_item(name="B")], [dear_item()])
    made = ledger.plan(policy())
    assert codes(made) == ["ambiguous_match"] * 3
    assert not made.links
    assert not made.operations
    texts = {h.text for h in made.holds}
    assert '2 records in QuickBooks could be item "W-7"; the best shows SKU "W-7".' in texts
    assert (
        'Several records show SKU "W-7", so it is not certain which of them is item "W-7".' in texts
    )


def test_a_candidate_that_is_linked_elsewhere_is_ambiguous() -> None:
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    new = ledger.show(DEAR, "d9", dear_item(name="Widget again"))
    made = ledger.plan(policy())
    assert codes(made, new) == ["ambiguous_match"]
    (hold,) = made.holds
    assert hold.candidates[0].evidence == 'same SKU "W-7", already linked'
    assert "already linked to another record" in hold.text


def test_an_active_candidate_is_preferred_to_a_retired_one() -> None:
    made = seen([qbo_item(name="Old", active=False), qbo_item(name="New")], [dear_item()])
    assert linked(made.plan(policy())) == ["sku: qbo/item/q1"]


def test_an_inactive_record_is_no_trouble_when_its_key_is_ambiguous() -> None:
    ledger = seen([qbo_item(name="A"), qbo_item(name="B")], [dear_item(active=False)])
    made = ledger.plan(policy())
    assert record_id(ExternalRef(DEAR, Kind.ITEM, "d0")) not in {h.record for h in made.holds}


def test_rungs_that_contradict_each_other_link_nothing() -> None:
    ledger = seen(
        [account(code="5", name="Fuel"), account(code="7", name="Tools")],
        [account(code="5", name="Tools")],
    )
    made = ledger.plan(policy())
    assert not made.links
    hold = next(h for h in made.holds if h.system == QBO)
    assert [str(c.ref) for c in hold.candidates] == ["qbo/account/q0", "qbo/account/q1"]


@pytest.mark.parametrize("how", ["tombstone", "out_of_scope"])
def test_what_is_gone_or_out_of_scope_is_no_candidate(how: str) -> None:
    ledger = with_books()
    ledger.show(QBO, "q0", qbo_item(name="Unlike"), **{how: "category"})
    item = ledger.show(DEAR, "d0", dear_item())
    assert [o.split()[:2] for o in operations(ledger.plan(policy()), item)] == [["qbo", "create"]]


def test_what_cannot_be_read_stands_in_the_way() -> None:
    ledger = with_books()
    broken = Problem(code="malformed", message="no type")
    ledger.show(QBO, "q0", qbo_item(name="Unlike"), problem=broken)
    item = ledger.show(DEAR, "d0", dear_item())
    made = ledger.plan(policy())
    assert codes(made, item) == ["ambiguous_match"]
    assert not operations(made, item)


def test_an_unreadable_record_of_the_same_name_stands_in_the_way_too() -> None:
    ledger = with_books()
    ledger.show(QBO, "q0", customer(), problem=Problem(code="malformed", message="?"))
    new = ledger.show(DEAR, "d0", customer())
    assert codes(ledger.plan(policy()), new) == ["ambiguous_match"]


def test_a_lower_rung_does_not_contradict_with_what_is_linked_elsewhere() -> None:
    ledger = with_books()  # an account of the name "Rent" is linked
    ledger.show(QBO, "q0", account(code="5", name="Fuel"))
    ledger.show(DEAR, "d0", account(code="5", name="Rent"))
    assert linked(ledger.plan(policy())) == ["code: qbo/account/q0"]


def test_a_candidate_that_is_about_to_be_linked_to_its_own_twin_is_not_proposed() -> None:
    ledger = seen(
        [vendor("Acme"), vendor("Acme East")],
        [vendor("Acme")],
    )  # all share one e-mail address
    made = ledger.plan(policy())
    assert linked(made) == ["name: qbo/vendor/q0"]
    assert not made.holds


@pytest.mark.parametrize("on", ["dear", "qbo"])
def test_a_person_can_say_that_two_records_are_different_things(on: str) -> None:
    ledger = seen([vendor("Acme")], [vendor("Zenith")])
    refs = {
        "qbo": ExternalRef(QBO, Kind.VENDOR, "q0"),
        "dear": ExternalRef(DEAR, Kind.VENDOR, "d0"),
    }
    other = refs["dear" if on == "qbo" else "qbo"]
    said = Resolution(field=f"{NOT_THE_SAME}{other}", take=QBO, value_digest=Digest(""))
    ledger.resolutions[record_id(refs[on])] = (said,)
    made = ledger.plan(policy())
    assert not made.holds
    assert sorted(o.split()[0] for o in operations(made)) == ["dear", "qbo"]


def test_an_item_that_was_replaced_is_not_taken_by_a_new_product_with_its_sku() -> None:
    ledger = seen([qbo_item()], [dear_item()])
    old = record_id(ExternalRef(QBO, Kind.ITEM, "q0"))
    assert linked(ledger.plan(policy()))
    ledger.resolutions[old] = (replaced_by(RecordId("item-other"), QBO),)
    made = ledger.plan(policy())
    assert linked(made) == []
    assert not [o for o in operations(made) if "create" in o]
    held = [h for h in made.holds if h.code == "ambiguous_match"]
    assert held
    assert all("was replaced in a re-export" in h.text for h in held)


def test_a_proposal_tells_all_that_agrees() -> None:
    ledger = seen([vendor("Acme  Ltd"), vendor("Zenith")], [vendor("Acme Ltd")])
    hold = next(h for h in ledger.plan(policy()).holds if h.system == QBO)
    assert hold.text == (
        'QuickBooks has 2 unlinked vendors that may be vendor "Acme Ltd", but no exact key says so.'
    )
    assert [c.evidence for c in hold.candidates] == [
        'same e-mail address "ap@acme.test" and similar name "Acme Ltd"',
        'same e-mail address "ap@acme.test"',
    ]


def test_links_join_the_books_to_the_source_whichever_was_seen_first() -> None:
    one = seen([vendor()], [vendor()])
    other = with_books()
    other.show(DEAR, "d0", vendor())
    other.show(QBO, "q0", vendor())
    assert one.plan(policy()).links == other.plan(policy()).links


def test_a_link_is_told_in_the_spelling_of_the_record_that_stays() -> None:
    ledger = seen([vendor("ACME")], [vendor("Acme")])
    rules = policy()
    told = {
        link.evidence
        for record in ledger.records.values()
        if (view := ledger.view(record)) is not None
        for link in plan([view], ledger, rules).links
    }
    assert told == {'both show name "Acme"'}


def test_three_systems_are_linked_one_pair_at_a_time() -> None:
    rules = policy(systems=(QBO, DEAR, ION))
    ledger = Ledger()
    records = {s: ledger.show(s, "1", customer()) for s in (QBO, DEAR, ION)}
    first = ledger.plan(rules)
    assert len(first.links) == 1
    until_quiet(ledger, rules)
    (record,) = {ledger.records[ExternalRef(s, Kind.CUSTOMER, "1")] for s in records}
    assert record in records.values()


def test_a_hold_names_the_records_that_wake_it() -> None:
    ledger = seen([vendor("Acme")], [vendor("Zenith")])
    holds: dict[RecordId, Hold] = {h.record: h for h in ledger.plan(policy()).holds}
    one, other = sorted(holds)
    assert holds[one].waits_for == (other,)
    assert holds[other].waits_for == (one,)
