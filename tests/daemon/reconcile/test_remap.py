"""Standing answers: where a pointer goes when what it points to was merged, renumbered or lost."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.policy import Policy
from daemon.reconcile.world import MOST_REMAPS, World
from ledger.model.facts import Hold, HoldCode
from ledger.model.ids import ExternalRef, Kind, RecordId
from ledger.model.plans import Plan
from ledger.model.records import Account
from ledger.model.values import Lines, RecordRef, Reference
from tests.daemon.reconcile.alphabet import TO_RENT, dear_item, qbo_item, vendor
from tests.daemon.reconcile.paper import Desk, bill, freight, line, order, rules
from tests.daemon.reconcile.worlds import (
    DEAR,
    QBO,
    Ledger,
    is_quiet,
    operations,
    policy,
    until_quiet,
    with_books,
    written,
)

ITEM = Kind.ITEM
TRADE = Account(name="Trade", code="4010", account_type="Income", active=True)


def account(ledger: Ledger, id: str) -> RecordId:  # noqa: A002
    return ledger.records[ExternalRef(DEAR, Kind.ACCOUNT, id)]


def renumbered() -> tuple[Ledger, RecordId, RecordId]:
    """Account 4000 was deleted in QuickBooks; 4010 is there in both systems."""
    ledger = with_books()
    old = account(ledger, "b0")
    new = ledger.pair(TRADE, TRADE, id="b9")
    ledger.remove(QBO, Kind.ACCOUNT, "b0")
    return ledger, old, new


def new_items(ledger: Ledger, count: int) -> list[RecordId]:
    return [
        ledger.show(DEAR, f"n{n}", dear_item(sku=f"N-{n}", name=f"New {n}")) for n in range(count)
    ]


def waiting(made: Plan, group: str) -> Iterator[Hold]:
    return (hold for hold in made.holds if hold.group == group)


# -- one question --------------------------------------------------------------------------------


def test_F37_all_that_point_to_a_lost_account_are_one_group() -> None:
    ledger, old, _ = renumbered()
    items = new_items(ledger, 3)
    made = ledger.plan(policy())
    holds = list(waiting(made, f"account:{old}"))
    assert [h.record for h in sorted(holds, key=lambda h: h.record)] == sorted(items)
    for hold in holds:
        assert hold.code is HoldCode.MISSING_REFERENCE
        assert hold.waits_for == (old,)
        assert 'account "4000"' in hold.text
        assert "removed in QuickBooks (cdc stub)" in hold.text
        assert f"trueup remap {old}" in hold.cure
        assert 'everything that points to account "' in hold.cure, "a cure is read without its text"
    assert operations(made) == []


def test_F37_an_inactive_account_asks_the_same() -> None:
    ledger = with_books()
    old = account(ledger, "b0")
    ledger.edit(QBO, Kind.ACCOUNT, "b0", active=False)
    ledger.edit(DEAR, Kind.ACCOUNT, "b0", active=False)
    new_items(ledger, 2)
    holds = list(waiting(ledger.plan(policy()), f"account:{old}"))
    assert [h.code for h in holds] == [HoldCode.INACTIVE_REFERENCE] * 2


def test_the_source_may_be_pointed_to_what_rests_there() -> None:
    """What the books refuse is predicted for the books only."""
    ledger = with_books()
    ledger.pair(qbo_item(), dear_item())
    ledger.edit(DEAR, Kind.ACCOUNT, "b1", active=False)
    ledger.agree(account(ledger, "b1"))
    ledger.edit(QBO, Kind.ITEM, "1", income_account=TO_RENT)
    made = ledger.plan(policy())
    assert written(o for o in made.operations if o.kind is Kind.ITEM) == {
        (DEAR, "income_account"): RecordRef(account(ledger, "b1"))
    }


# -- one answer ----------------------------------------------------------------------------------


def test_F37_the_answer_is_written_in_the_place_of_the_lost_account_and_says_so() -> None:
    ledger, old, new = renumbered()
    (item,) = new_items(ledger, 1)
    ledger.remaps[QBO, old] = new
    made = ledger.plan(policy())
    assert list(waiting(made, f"account:{old}")) == []
    (operation,) = [o for o in made.operations if o.record == item]
    (change,) = [c for c in operation.changes if c.field == "income_account"]
    assert change.after == RecordRef(new)
    assert change.trace == "dear.income_account: account 4000 via remap to 4010"


def test_what_was_written_by_an_answer_agrees_and_stays() -> None:
    ledger, old, new = renumbered()
    (item,) = new_items(ledger, 1)
    ledger.remaps[QBO, old] = new
    until_quiet(ledger, policy())
    shown: Any = ledger.shown[ledger.ref_of(item, QBO)].record  # type: ignore[index]
    assert shown.income_account == Reference(kind=Kind.ACCOUNT, id="b9")
    mine: Any = ledger.shown[ExternalRef(DEAR, Kind.ITEM, "n0")].record
    assert mine.income_account == Reference(kind=Kind.ACCOUNT, key="4000"), "DEAR keeps its own"
    assert is_quiet(ledger.plan(policy()))


def test_an_answer_given_for_one_system_does_not_speak_for_another() -> None:
    ledger, old, new = renumbered()
    new_items(ledger, 1)
    ledger.remaps[DEAR, old] = new
    assert list(waiting(ledger.plan(policy()), f"account:{old}"))


def test_an_answered_removal_is_no_question_any_more() -> None:
    ledger, old, new = renumbered()
    assert [h.record for h in ledger.plan(policy()).holds] == [old]
    ledger.remaps[QBO, old] = new
    assert is_quiet(ledger.plan(policy()))


def test_answers_are_followed_to_the_end() -> None:
    ledger, old, new = renumbered()
    last = ledger.pair(
        msgspec.structs.replace(TRADE, name="Sales 2", code="4020"),
        msgspec.structs.replace(TRADE, name="Sales 2", code="4020"),
        id="b10",
    )
    (item,) = new_items(ledger, 1)
    ledger.remaps |= {(QBO, old): new, (QBO, new): last}
    made = ledger.plan(policy())
    (operation,) = [o for o in made.operations if o.record == item]
    assert written([operation])[QBO, "income_account"] == RecordRef(last)


def test_answers_in_a_circle_are_refused_and_named() -> None:
    ledger, old, new = renumbered()
    (item,) = new_items(ledger, 1)
    ledger.remaps |= {(QBO, old): new, (QBO, new): old}
    (hold,) = [h for h in ledger.plan(policy()).holds if h.record == item]
    assert "in a circle: 4000 -> 4010 -> 4000" in hold.text
    assert "Take one of these remaps back" in hold.cure


def test_too_many_answers_in_a_row_are_refused() -> None:
    ledger, old, _ = renumbered()
    (item,) = new_items(ledger, 1)
    chain = [old, *(RecordId(f"account-{n}") for n in range(MOST_REMAPS + 1))]
    ledger.remaps |= {(QBO, a): b for a, b in pairwise(chain)}
    (hold,) = [h for h in ledger.plan(policy()).holds if h.record == item]
    assert "more than 10 remaps" in hold.text
    longest = World([], ledger, policy()).meant(QBO, chain[1])
    assert longest is not None
    assert (longest.problem, longest.record) == ("", chain[-1])


def test_an_answer_that_is_gone_itself_is_a_question_again() -> None:
    ledger, old, new = renumbered()
    (item,) = new_items(ledger, 1)
    ledger.remaps[QBO, old] = new
    ledger.remove(QBO, Kind.ACCOUNT, "b9")
    (hold,) = [h for h in ledger.plan(policy()).holds if h.record == item]
    assert hold.group == f"account:{new}"
    assert hold.waits_for == (new,)
    assert 'account "4010"' in hold.text


def test_taken_back_the_question_is_asked_again() -> None:
    ledger, old, new = renumbered()
    new_items(ledger, 1)
    before = ledger.plan(policy())
    ledger.remaps[QBO, old] = new
    assert ledger.plan(policy()) != before
    del ledger.remaps[QBO, old]
    assert ledger.plan(policy()) == before


NUMBERS = ("b0", "b1", "b9", "b10")


@given(
    st.dictionaries(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)),
    st.sets(st.sampled_from(NUMBERS)),
    st.lists(st.sampled_from(("4000", "6000", "4010", "4020")), max_size=3),
)
def test_whatever_is_answered_it_comes_to_rest_and_nothing_points_to_what_is_gone(
    answers: dict[str, str], gone: set[str], posting: list[str]
) -> None:
    ledger = with_books()
    for number, code in (("b9", "4010"), ("b10", "4020")):
        made = msgspec.structs.replace(TRADE, name=f"Trade {code}", code=code)
        ledger.pair(made, made, id=number)
    for number in gone:
        ledger.remove(QBO, Kind.ACCOUNT, number)
    ledger.remaps = {(QBO, account(ledger, a)): account(ledger, b) for a, b in answers.items()}
    for n, code in enumerate(posting):
        points = Reference(kind=Kind.ACCOUNT, key=code)
        ledger.show(DEAR, f"n{n}", dear_item(sku=f"N-{n}", name=f"N {n}", income_account=points))
    made_last = until_quiet(ledger, policy())
    shown = [s.record for ref, s in ledger.shown.items() if (ref.system, ref.kind) == (QBO, ITEM)]
    pointed = {getattr(record, "income_account").id for record in shown}  # noqa: B009
    assert not pointed & (gone | {a for a, b in answers.items() if a != b})
    held = {hold.record for hold in made_last.holds}
    created = {ledger.records[ExternalRef(DEAR, ITEM, f"n{n}")] for n in range(len(posting))}
    assert len(shown) == len(created - held), "each is created or asked about, never both"


# -- merged accounts -----------------------------------------------------------------------------


def test_what_the_books_moved_themselves_agrees_by_the_answer() -> None:
    """Merged in QuickBooks: the item points to 4010 there, DEAR still says 4000."""
    ledger = with_books()
    item = ledger.pair(qbo_item(), dear_item())
    old = account(ledger, "b0")
    new = ledger.pair(TRADE, TRADE, id="b9")
    ledger.remove(QBO, Kind.ACCOUNT, "b0")
    moved = Reference(kind=Kind.ACCOUNT, id="b9")
    ledger.edit(QBO, Kind.ITEM, "1", income_account=moved)
    assert operations(ledger.plan(policy()), item) != [], "else DEAR would be changed"
    ledger.remaps[QBO, old] = new
    made = ledger.plan(policy())
    assert operations(made, item) == []
    until_quiet(ledger, policy())


# -- documents -----------------------------------------------------------------------------------


def posted_and_lost() -> tuple[Desk, Policy, RecordId, RecordId, RecordId]:
    """A bill with freight on account 6000 is posted; then 6000 is merged into 4010."""
    desk, wishes = Desk(), rules()
    desk.show(DEAR, "o1", order(line()))
    paper = desk.show(DEAR, "b1", bill(line(), freight()))
    new = desk.pair(TRADE, TRADE, id="b9")
    until_quiet(desk, wishes)
    old = account(desk, "b1")
    return desk, wishes, paper, old, new


def test_lines_are_compared_by_the_answer() -> None:
    desk, wishes, paper, old, new = posted_and_lost()
    where = desk.ref_of(paper, QBO)
    assert where is not None
    desk.edit(QBO, Kind.ACCOUNT, "b1", name="Rent (deleted)", active=False)
    posted = desk.posted(paper)
    moved = Reference(kind=Kind.ACCOUNT, id="b9")
    lines = tuple(
        msgspec.structs.replace(one, account=moved) if one.account is not None else one
        for one in posted.lines.lines
    )
    desk.edit(QBO, Kind.BILL, where.id, lines=Lines(lines))
    held = [h for h in desk.plan(wishes).holds if h.record == paper]
    assert [(h.code.value, h.group) for h in held] == [("foreign_edit", f"account:{old}")]
    desk.remaps[QBO, old] = new
    made = desk.plan(wishes)
    assert [h for h in made.holds if h.record == paper] == []
    assert operations(made, paper) == []
    until_quiet(desk, wishes)


def test_lines_are_written_by_the_answer_and_say_so() -> None:
    desk, wishes = Desk(), rules()
    new = desk.pair(TRADE, TRADE, id="b9")
    until_quiet(desk, wishes)
    old = account(desk, "b1")
    desk.remove(QBO, Kind.ACCOUNT, "b1")
    desk.show(DEAR, "o1", order(line()))
    paper = desk.show(DEAR, "b1", bill(line(), freight()))
    (hold,) = [h for h in desk.plan(wishes).holds if h.record == paper]
    assert (hold.field, hold.group) == ("lines[2].account", f"account:{old}")
    desk.remaps[QBO, old] = new
    until_quiet(desk, wishes)
    accounts = [one.account for one in desk.posted(paper).lines.lines]
    assert accounts == [None, Reference(kind=Kind.ACCOUNT, id="b9")]


def test_the_trace_of_lines_names_the_answer() -> None:
    desk, wishes = Desk(), rules()
    new = desk.pair(TRADE, TRADE, id="b9")
    until_quiet(desk, wishes)
    desk.remaps[QBO, account(desk, "b1")] = new
    desk.show(DEAR, "o1", order(line(), freight()))
    (operation,) = desk.plan(wishes).operations
    (trace,) = [c.trace for c in operation.changes if c.field == "lines"]
    assert trace.startswith("dear.lines: account 6000 via remap to 4010")


def test_posted_documents_are_not_posted_anew_because_of_an_answer() -> None:
    desk, wishes, _, old, new = posted_and_lost()
    desk.remaps[QBO, old] = new
    assert operations(desk.plan(wishes)) == []


@pytest.mark.parametrize("rests", [True, False])
def test_a_document_may_keep_a_party_that_rests_but_none_is_posted_for_it(rests: bool) -> None:
    desk, wishes = Desk(), rules()
    desk.show(DEAR, "o1", order(line()))
    until_quiet(desk, wishes)
    if rests:
        for system in (QBO, DEAR):
            desk.edit(system, Kind.VENDOR, "v1", active=False)
        desk.agree(desk.records[ExternalRef(DEAR, Kind.VENDOR, "v1")])
    desk.show(DEAR, "o1", order(line(quantity="3")))
    later = desk.show(DEAR, "o2", order(line(), number="PO-2"))
    made = desk.plan(wishes)
    actions = sorted(o.action.value for o in made.operations)
    assert actions == (["update"] if rests else ["create", "update"])
    held = [h.code for h in made.holds if h.record == later]
    assert held == ([HoldCode.INACTIVE_REFERENCE] if rests else [])


def test_a_bill_entered_for_the_one_that_is_meant_is_recognised() -> None:
    desk, wishes = Desk(), rules()
    beta = desk.pair(vendor("Beta", email=None), vendor("Beta", email=None), id="v2")
    desk.show(DEAR, "o1", order(line()))
    until_quiet(desk, wishes)
    desk.remaps[QBO, desk.records[ExternalRef(DEAR, Kind.VENDOR, "v1")]] = beta
    theirs = msgspec.structs.replace(
        bill(line(), of=""), vendor=Reference(kind=Kind.VENDOR, id="v2"), order=None
    )
    desk.show(QBO, "by-hand", theirs)
    desk.show(DEAR, "b1", bill(line()))
    made = desk.plan(wishes)
    assert [o for o in operations(made) if "create" in o] == []
    assert [str(proposal.ref) for proposal in made.links] == ["qbo/bill/by-hand"]
