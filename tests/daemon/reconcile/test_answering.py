"""A value of a person's own, among sides that show others: when it counts, and when no more."""

from decimal import Decimal

from daemon.reconcile.merge import values_digest
from ledger.model.facts import OwnValue, Resolution
from ledger.model.ids import Digest, Kind, RecordId, SystemName
from ledger.model.values import Value
from tests.daemon.reconcile.alphabet import dear_item, qbo_item
from tests.daemon.reconcile.worlds import DEAR, QBO, Ledger, policy, with_books, written

WAS, THERE, HERE, OWN = Decimal("12.40"), Decimal("12.95"), Decimal("13.10"), Decimal("12.75")
PRICE = "sales_price"


def torn(value: Value) -> tuple[Ledger, RecordId]:
    """An item with a conflict of prices, and somebody's answer that it is ``value``."""
    ledger = with_books()
    record = ledger.pair(qbo_item(**{PRICE: WAS}), dear_item(**{PRICE: WAS}))
    ledger.agree(record)
    edit(ledger, QBO, THERE)
    edit(ledger, DEAR, HERE)
    (conflict,) = ledger.plan(policy()).conflicts
    said(ledger, record, value, conflict.fields[0].values)
    return ledger, record


def edit(ledger: Ledger, system: SystemName, price: Decimal | None) -> None:
    ledger.edit(system, Kind.ITEM, "1", sales_price=price)


def said(ledger: Ledger, record: RecordId, value: Value, seen: dict[SystemName, Value]) -> None:
    base = {s: b.fields[PRICE] for s, b in ledger.baselines[record].items()}
    answer = Resolution(
        field=PRICE,
        take=SystemName(""),
        value_digest=values_digest(PRICE, seen),
        own=OwnValue(value=value, seen=seen, base=base),
        seq=ledger.tick(),
    )
    ledger.resolutions[record] = (answer,)


def test_it_is_written_to_both_sides_and_says_whose_it_is() -> None:
    ledger, _ = torn(OWN)
    made = ledger.plan(policy())
    assert written(made.operations) == {(QBO, PRICE): OWN, (DEAR, PRICE): OWN}
    assert not made.conflicts
    assert {c.trace for o in made.operations for c in o.changes} == {f"person.{PRICE}"}
    assert all("neither side is right but 12.75" in o.why for o in made.operations)


def test_it_outlives_the_first_of_its_writes_and_ends_in_agreement() -> None:
    ledger, record = torn(OWN)
    edit(ledger, QBO, OWN)
    made = ledger.plan(policy())
    assert written(made.operations) == {(DEAR, PRICE): OWN}
    edit(ledger, DEAR, OWN)
    made = ledger.plan(policy())
    assert not made.operations
    (agreed,) = made.agreements
    assert {image[PRICE] for image in agreed.images.values()} == {OWN}
    assert agreed.record == record


def test_it_is_void_when_a_side_moves_on() -> None:
    ledger, _ = torn(OWN)
    edit(ledger, DEAR, Decimal("14"))
    made = ledger.plan(policy())
    assert not made.operations
    assert made.conflicts


def test_it_does_not_come_back_when_a_side_shows_again_what_it_showed_then() -> None:
    ledger, record = torn(OWN)
    edit(ledger, QBO, OWN)
    edit(ledger, DEAR, OWN)
    ledger.agree(record)
    edit(ledger, DEAR, HERE)
    made = ledger.plan(policy())
    assert written(made.operations) == {(QBO, PRICE): HERE}, "an edit of today goes its way"


def test_the_value_of_old_may_be_the_answer_and_outlives_its_first_write_too() -> None:
    ledger, _ = torn(WAS)
    edit(ledger, QBO, WAS)
    made = ledger.plan(policy())
    assert written(made.operations) == {(DEAR, PRICE): WAS}, "not the edit that was set aside"


def test_whether_it_was_met_already_is_asked_where_nothing_tells() -> None:
    ledger, _ = torn(WAS)
    edit(ledger, QBO, WAS)
    edit(ledger, DEAR, WAS)
    edit(ledger, DEAR, HERE)
    made = ledger.plan(policy())
    assert not made.operations
    assert [one.field for one in made.conflicts[0].fields] == [PRICE]


def test_an_answer_whose_body_was_erased_is_none() -> None:
    ledger, record = torn(OWN)
    (answer,) = ledger.resolutions[record]
    ledger.resolutions[record] = (
        Resolution(field=PRICE, take=answer.take, value_digest=answer.value_digest),
    )
    assert ledger.plan(policy()).conflicts


def test_a_side_that_was_taken_does_not_win_over_an_edit_of_later() -> None:
    """Both sides show what they showed when somebody chose, but nobody asks any more."""
    ledger, record = torn(OWN)
    digest: Digest = values_digest(PRICE, {QBO: THERE, DEAR: HERE})
    ledger.resolutions[record] = (Resolution(field=PRICE, take=QBO, value_digest=digest),)
    ledger.answered[record] = {PRICE: ledger.tick()}
    assert written(ledger.plan(policy()).operations) == {(DEAR, PRICE): THERE}
    edit(ledger, DEAR, THERE)
    ledger.agree(record)
    edit(ledger, DEAR, HERE)
    assert written(ledger.plan(policy()).operations) == {(QBO, PRICE): HERE}


def test_a_side_that_was_taken_stays_so_when_the_sides_were_parted_and_agree_on_the_rest() -> None:
    """``answers`` 120276: what the other side says would have been filled in where emptiness was
    the answer, once the two had agreed on anything else."""
    ledger, record = torn(OWN)
    edit(ledger, DEAR, None)
    digest: Digest = values_digest(PRICE, {QBO: THERE, DEAR: None})
    ledger.resolutions[record] = (Resolution(field=PRICE, take=DEAR, value_digest=digest),)
    ledger.answered[record] = {PRICE: ledger.tick()}
    ledger.agree(record, "name")
    assert (DEAR, PRICE) not in written(ledger.plan(policy()).operations)
