"""Lines that tell their product by a name: what they are about while names move from one product to
another. The name gets its product when it is shown (``cycle.naming``); what it had none for then,
and what a ledger has from before names were looked up, goes by what was agreed."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId
from ledger.model.values import Line, Lines, Reference
from tests.daemon.reconcile.paper import Desk, bill, invoice, line, order, rules, to
from tests.daemon.reconcile.worlds import DEAR, QBO, until_quiet

CALLED = "Item 2"


def charge(name: str = CALLED, **found: Any) -> Line:
    """A charge of 20.00 as DEAR shows it, with what was found under its name."""
    item = Reference(kind=Kind.ITEM, key=name, **found)
    account = to(Kind.ACCOUNT, "6000")
    return replace(line(), item=item, title=name, description="", account=account)


def billed(desk: Desk, *lines: Line) -> RecordId:
    desk.show(DEAR, "o1", order(line("1")))
    return desk.show(DEAR, "b1", bill(*lines))


def subjects(desk: Desk, record: RecordId) -> list[Any]:
    """What each line is about in the books: an item by its id, or None."""
    items = [row.item for row in desk.posted(record).lines.lines]
    return [item and item.id for item in items]


def moves_over(desk: Desk, name: str = CALLED) -> None:
    """The product gets another name in both systems, and another product takes that name."""
    for system in (DEAR, QBO):
        desk.edit(system, Kind.ITEM, "2", name="Carriage")
    for system in (DEAR, QBO):
        desk.edit(system, Kind.ITEM, "3", name=name)


def test_a_name_that_was_looked_up_means_its_product_whoever_is_called_so_now() -> None:
    desk, policy = Desk(), rules()
    record = billed(desk, line("1"), charge(id="2"))
    moves_over(desk)
    until_quiet(desk, policy)
    assert subjects(desk, record) == ["1", "2"]
    assert not desk.plan(policy).holds


def test_a_name_that_was_never_looked_up_means_what_was_agreed() -> None:
    desk, policy = Desk(), rules()
    record = billed(desk, line("1"), charge())
    until_quiet(desk, policy)
    assert subjects(desk, record) == ["1", "2"]
    moves_over(desk)
    made = desk.plan(policy)
    assert not made.operations
    assert record not in {one.record for one in made.agreements}
    assert not made.holds
    desk.edit(DEAR, Kind.BILL, "b1", number="A-78")
    until_quiet(desk, policy)
    assert desk.posted(record).number == "A-78"
    assert subjects(desk, record) == ["1", "2"]


def test_a_name_that_nobody_has_is_asked_about_and_waits_for_who_gets_it() -> None:
    desk, policy = Desk(), rules()
    record = billed(desk, line("1"), charge("Carriage"))
    until_quiet(desk, policy)
    [held] = desk.plan(policy).holds
    assert held.code is HoldCode.MISSING_REFERENCE
    assert held.field == "lines[2].item"
    assert "Carriage" in held.text
    assert (DEAR, "item", "name", "carriage") in held.waits_for_keys
    moves_over(desk)
    until_quiet(desk, policy)
    assert subjects(desk, record) == ["1", "2"]


def test_a_product_that_nobody_has_shown_is_no_amount_without_a_product() -> None:
    desk, policy = Desk(), rules()
    billed(desk, line("1"), line("9", account=to(Kind.ACCOUNT, "6000")))
    until_quiet(desk, policy)
    [held] = desk.plan(policy).holds
    assert held.code is HoldCode.MISSING_REFERENCE
    assert held.field == "lines[2].item"


def test_a_name_that_two_have_goes_to_its_account_and_stays_there() -> None:
    desk, policy = Desk(), rules()
    for system in (DEAR, QBO):
        desk.edit(system, Kind.ITEM, "3", name=CALLED)
    record = billed(desk, line("1"), charge())
    made = desk.plan(policy)
    [why] = [one.why for one in made.operations if one.kind is Kind.BILL]
    assert f'2 active products of DEAR are called "{CALLED}".' in why
    until_quiet(desk, policy)
    assert subjects(desk, record) == ["1", None]
    assert not desk.plan(policy).agreements, "the numbers of its lines stay"

    for system in (DEAR, QBO):
        desk.edit(system, Kind.ITEM, "2", name="Carriage")
    made = desk.plan(policy)
    assert not made.operations
    assert not made.holds
    for system in (DEAR, QBO):
        desk.edit(system, Kind.ITEM, "3", name="Haulage")
    until_quiet(desk, policy)
    desk.edit(DEAR, Kind.BILL, "b1", number="A-78")
    until_quiet(desk, policy)
    assert desk.posted(record).number == "A-78"
    assert subjects(desk, record) == ["1", None]


def test_a_name_that_two_had_when_it_was_shown_is_not_taken_for_the_one_that_still_has_it() -> None:
    desk, policy = Desk(), rules()
    record = billed(desk, line("1"), charge(shared=True))
    [why] = [one.why for one in desk.plan(policy).operations if one.kind is Kind.BILL]
    assert f'several products of DEAR were called "{CALLED}".' in why
    until_quiet(desk, policy)
    assert subjects(desk, record) == ["1", None]
    assert not desk.plan(policy).agreements


def test_an_invoice_takes_no_charge_that_may_be_one_of_several() -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "s1", invoice(charge(shared=True)))
    until_quiet(desk, policy)
    [held] = desk.plan(policy).holds
    assert held.code is HoldCode.MISSING_REFERENCE
    assert "several of DEAR were called so" in held.text
    assert "save the invoice there" in held.cure
    desk.edit(DEAR, Kind.INVOICE, "s1", lines=Lines((charge(id="2"),)))
    until_quiet(desk, policy)
    assert not desk.plan(policy).holds


def test_an_invoice_takes_no_charge_without_a_product() -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "s1", invoice(charge("Carriage"), total=Decimal(20)))
    until_quiet(desk, policy)
    [held] = desk.plan(policy).holds
    assert held.code is HoldCode.MISSING_REFERENCE
