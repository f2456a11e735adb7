"""Pairs that the configuration declares: above every other rung, and never half."""

import pytest

from daemon.reconcile.match import NOT_THE_SAME
from ledger.model.facts import Resolution
from ledger.model.ids import Digest, ExternalRef, Kind, record_id
from ledger.model.plans import Plan
from ledger.model.records import Account
from tests.daemon.reconcile.test_match import account, linked, seen
from tests.daemon.reconcile.worlds import DEAR, QBO, Ledger, operations, policy, until_quiet

PAIR = {Kind.ACCOUNT: {"200": "Sales of Things"}}
HALF = ExternalRef(DEAR, Kind.ACCOUNT, "d0")


def there(name: str, code: str | None = None) -> Account:
    return account(name=name, code=code)


def planned(ledger: Ledger, mapping: dict[Kind, dict[str, str]] = PAIR) -> Plan:
    return ledger.plan(policy(mapping=mapping))


def texts(made: Plan) -> list[str]:
    return [hold.text for hold in made.holds]


@pytest.mark.parametrize(
    "mapping",
    [{"200": "Sales of Things"}, {"Turnover": "sales of things"}, {" 200 ": "Sales of Things"}],
    ids=["by code", "by name, whatever the case", "blanks"],
)
def test_a_declared_pair_is_linked_and_the_link_names_the_key(mapping: dict[str, str]) -> None:
    ledger = seen([there("Sales of Things")], [there("Turnover", "200")])
    assert not ledger.plan(policy()).links  # by itself nothing says so
    made = planned(ledger, {Kind.ACCOUNT: mapping})
    assert linked(made) == ["config: qbo/account/q0"]
    assert made.links[0].record == record_id(HALF)
    (key,) = mapping
    assert made.links[0].evidence == (
        f'mapping.accounts."{key}" says "{mapping[key]}" in QuickBooks'
    )


def test_a_pair_comes_to_rest_like_any_other() -> None:
    ledger = seen([there("Sales of Things")], [there("Turnover", "200")])
    rules = policy(mapping=PAIR)
    made = until_quiet(ledger, rules)
    assert not made.holds


def test_a_pair_stands_above_an_equal_code() -> None:
    """The code leads to Other; the configuration knows better, and Other is free for its own."""
    ledger = seen(
        [there("Other", "200"), there("Sales of Things", "9")], [there("Turnover", "200")]
    )
    made = planned(ledger)
    assert "config: qbo/account/q1" in linked(made)
    assert not any("qbo/account/q0" in link for link in linked(made))


def test_nobody_else_is_matched_with_a_half() -> None:
    ledger = seen([there("Sales of Things")], [there("Sales of Things", "7")])
    assert linked(ledger.plan(policy())) == ["name: qbo/account/q0"]
    assert planned(ledger).links == ()


def test_a_half_that_is_not_there_waits_and_nothing_is_created() -> None:
    ledger = seen([], [there("Turnover", "200")])
    made = planned(ledger)
    assert texts(made) == [
        'The configuration (mapping.accounts."200") says that account "200" is "Sales of Things" '
        "in QuickBooks, but QuickBooks has no such account."
    ]
    assert not operations(made, record_id(HALF))
    (hold,) = made.holds
    assert (QBO, "account", "name", "sales of things") in hold.waits_for_keys
    ledger.show(QBO, "q0", there("Sales of Things"))
    assert linked(planned(ledger)) == ["config: qbo/account/q0"]


def test_the_half_in_the_books_is_not_created_in_the_source() -> None:
    made = planned(seen([there("Sales of Things")], []))
    assert not made.operations
    assert "but DEAR has no such account" in texts(made)[0]


def test_two_that_are_called_so_hold() -> None:
    ledger = seen(
        [there("Sales of Things", "1"), there("Sales of Things", "2")], [there("Turnover", "200")]
    )
    made = planned(ledger)
    assert not made.links
    assert any("but 2 are called that" in text for text in texts(made))


def test_a_person_who_said_that_they_differ_is_not_overruled() -> None:
    ledger = seen([there("Sales of Things")], [there("Turnover", "200")])
    field = f"{NOT_THE_SAME}{ExternalRef(QBO, Kind.ACCOUNT, 'q0')}"
    said = Resolution(field=field, take=QBO, value_digest=Digest(""))
    ledger.resolutions[record_id(HALF)] = (said,)
    made = planned(ledger)
    assert not made.links
    assert all("a person said that they are different things" in text for text in texts(made))
    assert len(made.holds) == 2
