"""What follows from removals: evidence and policy, and what may have taken a record's place."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.reconcile.gate import GateFacts, gate
from daemon.reconcile.policy import Policy
from ledger.model.facts import Hold
from ledger.model.ids import ExternalRef, Kind, RecordId
from ledger.model.plans import Operation, Plan, Ruling
from tests.daemon.reconcile.alphabet import dear_item, qbo_item, vendor
from tests.daemon.reconcile.paper import Desk, bill, invoice, line, order, rules
from tests.daemon.reconcile.worlds import (
    DEAR,
    QBO,
    Ledger,
    codes,
    is_quiet,
    operations,
    policy,
    until_quiet,
    with_books,
)

ITEM = ExternalRef(QBO, Kind.ITEM, "1")


def removing(kind: Kind, **modes: Any) -> Policy:
    return policy(on_removed={kind: modes})


def one_hold(made: Plan) -> Hold:
    (hold,) = made.holds
    return hold


def refs(hold: Hold) -> list[str]:
    return [str(candidate.ref) for candidate in hold.candidates]


def asks(operation: Operation, rules: Policy) -> bool:
    facts = GateFacts(first_plan_approved=True, approved=frozenset(), live_counts={})
    return gate([operation], facts, rules)[operation.id].ruling is Ruling.APPROVAL


# -- policy --------------------------------------------------------------------------------------


def pair(**qbo: Any) -> tuple[Ledger, RecordId]:
    ledger = with_books()
    return ledger, ledger.pair(qbo_item(**qbo), dear_item())


def test_a_deleted_record_is_asked_about_by_default() -> None:
    ledger, _ = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    made = ledger.plan(policy())
    assert codes(made) == ["removed"]
    assert operations(made) == []


def test_follow_makes_the_other_side_inactive_and_asks() -> None:
    ledger, _ = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    wishes = removing(Kind.ITEM, qbo="follow")
    made = ledger.plan(wishes)
    (operation,) = made.operations
    assert operations(made) == ["dear inactivate active=False"]
    assert asks(operation, wishes)
    assert "cdc stub" in operation.why
    assert "kinds.item.on_removed.qbo says follow" in operation.why
    (change,) = operation.changes
    assert change.trace == "config kinds.item.on_removed.qbo"
    ledger.carry_out(made, wishes)
    assert is_quiet(ledger.plan(wishes))


def test_follow_does_not_go_over_an_edit() -> None:
    ledger, _ = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    ledger.edit(DEAR, Kind.ITEM, "1", sales_price=Decimal(99))
    made = ledger.plan(removing(Kind.ITEM, qbo="follow"))
    assert codes(made) == ["edited_and_removed"]
    assert operations(made) == []


def test_follow_where_programs_may_not_switch_it_off_is_a_question() -> None:
    ledger = with_books()
    wishes = removing(Kind.TERM, dear="follow")
    books = wishes.capabilities[QBO]
    term = msgspec.structs.replace(books.kinds[Kind.TERM], can_update=False)
    books = msgspec.structs.replace(books, kinds=books.kinds | {Kind.TERM: term})
    wishes = msgspec.structs.replace(wishes, capabilities=wishes.capabilities | {QBO: books})
    ledger.remove(DEAR, Kind.TERM, "b3")
    assert codes(ledger.plan(wishes)) == ["removed"]


@pytest.mark.parametrize("how", ["deleted", "inactive"])
def test_ignore_leaves_the_other_side_alone(how: str) -> None:
    ledger, _ = pair()
    if how == "deleted":
        ledger.remove(QBO, Kind.ITEM, "1")
    else:
        ledger.edit(QBO, Kind.ITEM, "1", active=False)
    assert is_quiet(ledger.plan(removing(Kind.ITEM, qbo="ignore")))
    assert not is_quiet(ledger.plan(removing(Kind.ITEM, dear="ignore"))), "of that system only"


@pytest.mark.parametrize("how", ["deleted", "inactive"])
def test_recreate_never_creates_while_the_old_reference_is_linked(how: str) -> None:
    ledger, record = pair()
    if how == "deleted":
        ledger.remove(QBO, Kind.ITEM, "1")
    else:
        ledger.edit(QBO, Kind.ITEM, "1", name="Widget (deleted)", active=False)
    wishes = removing(Kind.ITEM, qbo="recreate")
    made = ledger.plan(wishes)
    assert operations(made) == []
    hold = one_hold(made)
    assert f"trueup link {record} qbo/item/1 --unlink" in hold.cure
    assert "kinds.item.on_removed.qbo" in hold.cure
    assert "trueup catalogue" in hold.cure


def test_what_both_sides_show_alike_is_no_edit_of_the_one_that_stays() -> None:
    ledger, _ = pair()
    ledger.edit(QBO, Kind.ITEM, "1", description="Blue", active=False)
    ledger.edit(DEAR, Kind.ITEM, "1", description="Blue")
    wishes = removing(Kind.ITEM, qbo="recreate")
    assert one_hold(ledger.plan(wishes)).code == "removed"
    ledger.edit(DEAR, Kind.ITEM, "1", description="Green")
    assert one_hold(ledger.plan(wishes)).code == "edited_and_removed"


# -- the five ways of not being there ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [("Widget (deleted)", 'called "Widget (deleted)" now'), ("Widget", "keeps its name")],
)
def test_both_ways_of_making_inactive_say_that_it_is_not_deleted(name: str, words: str) -> None:
    ledger, _ = pair()
    ledger.edit(QBO, Kind.ITEM, "1", name=name, active=False)
    (operation,) = ledger.plan(policy()).operations
    assert words in operation.why
    assert "inactive, not deleted" in operation.why


@pytest.mark.parametrize(
    "name",
    [
        "Widget (deleted)",
        "Widget (Deleted)",
        "Widget (deleted-3)",
        "Widget (deleted) (deleted) ",
    ],
)
def test_nobody_meant_a_rename(name: str) -> None:
    ledger, _ = pair()
    ledger.edit(QBO, Kind.ITEM, "1", name=name, active=False)
    assert operations(ledger.plan(policy())) == ["dear inactivate active=False"]


def test_a_tombstone_says_deleted_with_its_evidence() -> None:
    ledger, _ = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    hold = one_hold(ledger.plan(policy()))
    assert "was removed in QuickBooks (cdc stub)" in hold.text


def test_a_lost_account_offers_a_remap_and_no_new_account() -> None:
    ledger = with_books()
    ledger.remove(QBO, Kind.ACCOUNT, "b0")
    hold = one_hold(ledger.plan(removing(Kind.ACCOUNT, qbo="recreate")))
    assert f"trueup remap {hold.record} NEW" in hold.cure
    assert "--unlink" not in hold.cure, "accounts are not created in the books"


def test_out_of_scope_is_neither() -> None:
    ledger, _ = pair()
    ledger.show(QBO, "1", qbo_item(), out_of_scope="category")
    assert is_quiet(ledger.plan(policy()))


# -- made anew by hand ---------------------------------------------------------------------------


def test_a_record_made_anew_by_hand_is_offered_and_not_taken() -> None:
    ledger, record = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    ledger.show(QBO, "2", qbo_item())
    made = ledger.plan(policy())
    holds = {hold.record: hold for hold in made.holds}
    hold = holds[record]
    assert refs(hold) == ["qbo/item/2"]
    assert 'same SKU "W-7"' in hold.candidates[0].evidence
    assert f"trueup link {record} qbo/item/2" in hold.cure
    other = next(h for r, h in holds.items() if r != record)
    assert "may be what took its place" in other.text
    assert f"trueup link {record} qbo/item/2" in other.cure
    assert operations(made) == []
    assert made.links == ()


def test_the_hold_waits_for_one_to_appear() -> None:
    ledger, _ = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    hold = one_hold(ledger.plan(policy()))
    assert ("qbo", "item", "sku", "w-7") in hold.waits_for_keys
    assert ("qbo", "item", "name", "widget") in hold.waits_for_keys


def test_relinked_it_is_one_record_again_and_nothing_is_created() -> None:
    ledger, record = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    ledger.show(QBO, "2", qbo_item())
    gone = ledger.records[ITEM] = RecordId("item-gone")
    ledger.baselines.pop(record)
    ledger.link(record, ExternalRef(QBO, Kind.ITEM, "2"))
    until_quiet(ledger, policy())
    assert ledger.ref_of(record, QBO) == ExternalRef(QBO, Kind.ITEM, "2")
    assert ledger.ref_of(gone, DEAR) is None


@pytest.mark.parametrize("mode", ["follow", "recreate"])
def test_a_candidate_comes_before_policy(mode: str) -> None:
    ledger, _ = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    ledger.show(QBO, "2", qbo_item())
    made = ledger.plan(removing(Kind.ITEM, qbo=mode))
    assert operations(made) == []
    assert "removed" in codes(made)


def test_one_made_anew_beside_an_inactive_one_is_offered_in_place_of_an_inactivation() -> None:
    ledger, record = pair()
    ledger.edit(QBO, Kind.ITEM, "1", name="Widget (deleted)", active=False)
    ledger.show(QBO, "2", qbo_item())
    made = ledger.plan(policy())
    assert operations(made) == []
    hold = next(h for h in made.holds if h.record == record)
    assert refs(hold) == ["qbo/item/2"]
    assert 'it is called "Widget (deleted)" there now' in hold.text


@pytest.mark.parametrize("case", ["linked", "removed", "other", "told apart"])
def test_who_is_no_candidate(case: str) -> None:
    ledger, record = pair()
    ledger.remove(QBO, Kind.ITEM, "1")
    match case:
        case "linked":
            ledger.pair(qbo_item(name="Widget"), dear_item(sku="W-8"), id="2")
        case "removed":
            ledger.show(QBO, "2", qbo_item(), tombstone="cdc stub")
        case "other":
            ledger.show(QBO, "2", qbo_item(name="Gadget", sku="G-1"), out_of_scope="category")
        case _:
            from daemon.reconcile.match import NOT_THE_SAME
            from ledger.model.facts import Resolution
            from ledger.model.ids import Digest

            ledger.show(QBO, "2", qbo_item())
            apart = Resolution(field=f"{NOT_THE_SAME}qbo/item/2", take=QBO, value_digest=Digest(""))
            ledger.resolutions[record] = (apart,)
    hold = next(h for h in ledger.plan(policy()).holds if h.record == record)
    assert hold.candidates == ()


# -- merged --------------------------------------------------------------------------------------


def merged(*, twice: bool = False, rests: bool = False) -> tuple[Desk, Policy, RecordId]:
    """Vendor Acme, with two posted orders, was merged into Beta in QuickBooks."""
    desk, wishes = Desk(), rules()
    desk.show(DEAR, "o1", order(line()))
    desk.show(DEAR, "o2", order(line(), number="PO-2"))
    if twice:
        desk.pair(vendor("Beta", email=None), vendor("Beta", email=None), id="v2")
    until_quiet(desk, wishes)
    if not twice:
        desk.show(QBO, "v2", vendor("Beta", email=None))
    loser = desk.records[ExternalRef(QBO, Kind.VENDOR, "v1")]
    if rests:
        desk.edit(QBO, Kind.VENDOR, "v1", name="Acme (deleted)", active=False)
    else:
        desk.remove(QBO, Kind.VENDOR, "v1")
    for ref in list(desk.shown):
        if (ref.system, ref.kind) == (QBO, Kind.PURCHASE_ORDER):
            winner = msgspec.structs.replace(_vendor(desk, ref), id="v2", key="")
            desk.edit(QBO, ref.kind, ref.id, vendor=winner)
    return desk, wishes, loser


def _vendor(desk: Desk, ref: ExternalRef) -> Any:
    record: Any = desk.shown[ref].record
    return record.vendor


def test_F15_the_survivor_of_a_merge_is_told_by_the_documents() -> None:
    desk, wishes, loser = merged()
    hold = next(h for h in desk.plan(wishes).holds if h.record == loser)
    assert refs(hold) == ["qbo/vendor/v2"]
    assert '2 purchase orders that were this vendor\'s now show vendor "Beta"' in hold.text
    assert "it looks merged" in hold.text
    assert f"ink the survivor (trueup link {loser} qbo/vendor/v2)" in hold.cure
    assert "anew" not in hold.cure, "the loser is never created again"


def test_F15_a_survivor_that_is_linked_already_is_meant_in_its_place() -> None:
    desk, wishes, loser = merged(twice=True)
    hold = next(h for h in desk.plan(wishes).holds if h.record == loser)
    assert "already linked" in hold.candidates[0].evidence
    assert f"trueup remap {loser} qbo/vendor/v2" in hold.cure
    survivor = desk.records[ExternalRef(QBO, Kind.VENDOR, "v2")]
    desk.remaps[QBO, loser] = survivor
    made = desk.plan(wishes)
    assert made.holds == (), "answered: the orders agree, and the loser is explained"
    assert operations(made) == []


def test_one_document_that_a_person_moved_is_no_merge() -> None:
    desk, wishes, loser = merged()
    (first, *_) = [r for r in desk.shown if (r.system, r.kind) == (QBO, Kind.PURCHASE_ORDER)]
    back = msgspec.structs.replace(_vendor(desk, first), id="v1")
    desk.edit(QBO, first.kind, first.id, vendor=back)
    hold = next(h for h in desk.plan(wishes).holds if h.record == loser)
    assert hold.candidates == ()
    assert "merged" not in hold.text
    assert desk.records[first] in hold.waits_for, "looked at again when that one moves too"


def test_F15_edits_that_the_merge_made_are_one_group() -> None:
    desk, wishes, loser = merged(rests=True)
    made = desk.plan(wishes)
    assert operations(made, loser) == [], "it is not made inactive in the source either"
    assert [refs(h) for h in made.holds if h.record == loser] == [["qbo/vendor/v2"]]
    groups = [h.group for h in made.holds if h.code == "foreign_edit"]
    assert groups == [f"vendor:{loser}", f"vendor:{loser}"]


@pytest.mark.parametrize("mode", ["ask", "follow", "recreate"])
def test_F15_the_loser_is_never_created_again_even_without_documents(mode: str) -> None:
    ledger = with_books()
    ledger.pair(vendor("Acme", email=None), vendor("Acme", email=None))
    ledger.show(QBO, "2", vendor("Beta", email=None))
    ledger.remove(QBO, Kind.VENDOR, "1")
    made = ledger.plan(removing(Kind.VENDOR, qbo=mode))
    assert [o for o in operations(made) if o.startswith("qbo create")] == []


# -- documents -----------------------------------------------------------------------------------


def test_a_deleted_document_that_was_entered_again_is_offered() -> None:
    desk, wishes = Desk(), rules()
    sale = desk.show(DEAR, "s1", invoice())
    until_quiet(desk, wishes)
    where = desk.ref_of(sale, QBO)
    assert where is not None
    posted = desk.posted(sale)
    desk.remove(QBO, Kind.INVOICE, where.id)
    desk.show(QBO, "again", posted)
    made = desk.plan(wishes)
    hold = next(h for h in made.holds if h.record == sale)
    assert hold.code == "removed"
    assert refs(hold) == ["qbo/invoice/again"]
    assert f"trueup link {sale} qbo/invoice/again" in hold.cure
    assert operations(made) == []
    assert made.links == ()


def test_a_deleted_document_waits_for_one_under_its_number() -> None:
    desk, wishes = Desk(), rules()
    desk.show(DEAR, "o1", order(line()))
    paper = desk.show(DEAR, "b1", bill())
    until_quiet(desk, wishes)
    where = desk.ref_of(paper, QBO)
    assert where is not None
    desk.remove(QBO, Kind.BILL, where.id)
    hold = next(h for h in desk.plan(wishes).holds if h.record == paper)
    assert hold.candidates == ()
    assert ("qbo", "bill", "number", "a-77") in hold.waits_for_keys
