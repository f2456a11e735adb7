"""Documents from the source to the books, decided case by case."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.reconcile.merge import values_digest
from daemon.reconcile.policy import Policy
from ledger.model.capabilities import LineTax
from ledger.model.facts import ConfirmedChange, HoldCode, Resolution
from ledger.model.ids import ExternalRef, Kind, RecordId
from ledger.model.plans import Action, Operation, Plan
from ledger.model.records import Class, Document, Item, TaxCode
from ledger.model.values import Line, Lines, Reference, Texts
from tests.daemon.reconcile.paper import (
    TAXED_8,
    Desk,
    bill,
    books_kind,
    freight,
    invoice,
    line,
    line_rule,
    order,
    rules,
    to,
    with_document,
)
from tests.daemon.reconcile.worlds import DEAR, QBO, change_kind, codes, until_quiet

D = Decimal
TAX = to(Kind.TAX_CODE, TAXED_8)


def ops(made: Plan, record: RecordId | None = None) -> list[Operation]:
    return [o for o in made.operations if record in (None, o.record)]


def actions(made: Plan) -> list[tuple[Kind, Action]]:
    return [(o.kind, o.action) for o in made.operations]


def only_hold(made: Plan, code: HoldCode) -> str:
    [found] = made.holds
    assert found.code is code, found
    return found.text


def taxed(quantity: str = "1", price: str = "100", tax: str = "8", **changes: Any) -> Line:
    return line(quantity=quantity, price=price, tax_code=TAX, tax=D(tax), **changes)


# -- posting -------------------------------------------------------------------------------------


def test_an_order_its_bills_and_an_invoice_are_posted_and_agreed() -> None:
    desk, policy = Desk(), rules()
    po = desk.show(DEAR, "o1", order(line("1", "10", "3"), line("2", "4", "5.5")))
    first = desk.show(DEAR, "b1", bill(line("1", "6", "3"), freight()))
    sale = desk.show(DEAR, "s1", invoice(taxed(), line("2", "1", "7")))
    until_quiet(desk, policy)
    second = desk.show(
        DEAR,
        "b2",
        bill(line("1", "4", "3"), line("2", "4", "5.5"), number="A-78", date="2026-04-01"),
    )
    until_quiet(desk, policy)
    assert desk.posted(po).number == "PO-1"
    assert desk.posted(sale).total == D(115)
    posted = [desk.posted(one).lines.lines for one in (first, second)]
    assert [[row.order_line for row in rows] for rows in posted] == [["1", ""], ["1", "2"]]
    assert desk.posted(first).total == D(33)
    assert not desk.plan(policy).holds


def test_an_order_goes_before_its_bill() -> None:
    desk = Desk()
    desk.show(DEAR, "o1", order())
    desk.show(DEAR, "b1", bill())
    made = desk.plan(rules())
    waves = {o.kind: o.wave for o in made.operations}
    assert waves[Kind.PURCHASE_ORDER] < waves[Kind.BILL]


def test_what_is_not_authorised_is_not_posted() -> None:
    desk = Desk()
    for status in ("draft", "voided"):
        desk.show(DEAR, f"o-{status}", order(status=status, number=status))
    assert not desk.plan(rules()).operations
    assert not desk.plan(rules()).holds


def test_before_the_first_day_documents_are_matched_and_never_written() -> None:
    desk, policy = Desk(), rules()
    early = {"date": "2025-12-31"}
    mine = desk.show(DEAR, "s1", invoice(**early))
    desk.show(DEAR, "s2", invoice(number="INV-2", **early))
    desk.show(QBO, "7", _in_books(invoice(**early)))
    until_quiet(desk, policy)
    assert desk.ref_of(mine, QBO) == ExternalRef(QBO, Kind.INVOICE, "7")
    desk.edit(DEAR, Kind.INVOICE, "s1", lines=Lines((line(price="11"),)), total=D(22))
    made = desk.plan(policy)
    assert not made.operations
    assert not made.holds


def test_a_kind_without_a_first_day_is_left_alone() -> None:
    desk = Desk()
    desk.show(DEAR, "s1", invoice())
    made = desk.plan(with_document(rules(), Kind.INVOICE, since=""))
    assert not made.operations
    assert not made.holds


def test_a_missing_item_is_created_first_or_named() -> None:
    desk, policy = Desk(), rules()
    new = Item(name="Item 9", sku="I-9", type="stock", active=True)
    desk.show(DEAR, "9", new)
    desk.show(DEAR, "o1", order(line("9")))
    made = desk.plan(policy)
    assert (Kind.ITEM, Action.CREATE) in actions(made)
    assert (Kind.PURCHASE_ORDER, Action.CREATE) in actions(made)
    never = msgspec.structs.replace(policy, create={Kind.ITEM: {QBO: "never"}})
    made = desk.plan(never)
    assert (Kind.PURCHASE_ORDER, Action.CREATE) not in actions(made)
    [held] = [h for h in made.holds if h.code is HoldCode.MISSING_REFERENCE]
    assert "I-9" in held.text
    assert held.field == "lines[1].item"


def test_an_expense_code_that_the_books_lack_is_named() -> None:
    desk = Desk()
    desk.show(DEAR, "o1", order(line(), freight(account="7777")))
    text = only_hold(desk.plan(rules()), HoldCode.MISSING_REFERENCE)
    assert "7777" in text
    assert "line 2" in text


def test_an_inactive_item_is_found_and_named() -> None:
    desk, policy = Desk(), rules()
    until_quiet(desk, policy)
    desk.edit(QBO, Kind.ITEM, "2", active=False)
    desk.edit(DEAR, Kind.ITEM, "2", active=False)
    desk.show(DEAR, "o1", order(line("1"), line("2")))
    text = [h.text for h in desk.plan(policy).holds if h.code is HoldCode.INACTIVE_REFERENCE]
    assert len(text) == 1
    assert "I-2" in text[0]


def test_an_inactive_vendor_is_named_and_its_bill_waits_for_the_order() -> None:
    desk, policy = Desk(), rules()
    until_quiet(desk, policy)
    desk.edit(QBO, Kind.VENDOR, "v1", active=False)
    desk.edit(DEAR, Kind.VENDOR, "v1", active=False)
    desk.show(DEAR, "o1", order())
    desk.show(DEAR, "b1", bill())
    made = desk.plan(policy)
    assert not [o for o in made.operations if o.kind is not Kind.VENDOR]
    named = [h for h in made.holds if h.code is HoldCode.INACTIVE_REFERENCE]
    assert len(named) == 2
    assert all("Acme" in h.text and h.field == "vendor" for h in named)


def test_what_is_held_waits_for_everything_that_it_points_to() -> None:
    desk, policy = Desk(), rules(closed_until={QBO: "2026-12-31"})
    until_quiet(desk, rules())
    desk.show(DEAR, "o1", order(line("1"), line("2")))
    sale = desk.show(DEAR, "s1", invoice(line("1")))
    desk.show(DEAR, "b1", bill(line("1")))
    for held in desk.plan(policy).holds:
        assert held.code is HoldCode.CLOSED_PERIOD or held.field == "order"
        items = {one for one in held.waits_for if one.startswith("item-")}
        assert len(items) == (2 if held.record.startswith("purchase_order") else 1)
        assert any(one.startswith(("vendor-", "customer-")) for one in held.waits_for)
        if held.record.startswith("bill"):
            assert any(one.startswith("purchase_order-") for one in held.waits_for)
    assert any(held.record == sale for held in desk.plan(policy).holds)


@pytest.mark.parametrize("number", ["A-77", "INVOICE-00000001-PART-SHIPMENT"])
@pytest.mark.parametrize("ids", [("b1", "b2"), ("b2", "b1")])
def test_the_bill_that_was_seen_first_keeps_its_number(ids: tuple[str, str], number: str) -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "o1", order(line("1"), line("2")))
    until_quiet(desk, policy)
    first = desk.show(DEAR, ids[0], bill(line("1"), number=number))
    second = desk.show(DEAR, ids[1], bill(line("2"), number=number))
    # The first may be planned and not sent yet: the other one alone is what is looked at now.
    made = desk.plan(policy)
    assert [o.record for o in made.operations] == [first]
    assert [(h.record, h.code) for h in made.holds] == [(second, HoldCode.NAME_TAKEN)]


# -- sums ----------------------------------------------------------------------------------------


def test_a_sum_that_the_books_would_not_reach_is_held_before_the_call() -> None:
    desk = Desk()
    odd = line(quantity="3", price="3.3333", amount=D("9.9999"))
    desk.show(DEAR, "s1", invoice(odd, line(price="10"), total=D("30.01")))
    text = only_hold(desk.plan(rules()), HoldCode.TOTALS_DIFFER)
    assert "30.01" in text
    assert "30.00" in text


def test_F60_a_cent_of_tax_is_a_variance_and_noted_once() -> None:
    desk, policy = Desk(), rules()
    sale = desk.show(DEAR, "s1", invoice(taxed(price="4495.16", tax="359.60")))
    until_quiet(desk, policy)
    assert desk.posted(sale).tax_total == D("359.61")
    image = desk.baselines[sale]
    assert (image[DEAR].fields["total"], image[QBO].fields["total"]) == (D("4854.76"), D("4854.77"))
    again = desk.plan(policy)
    assert not again.agreements
    assert not again.holds
    assert not again.operations


def test_tax_on_purchases_that_the_books_do_not_keep_is_held() -> None:
    desk = Desk()
    desk.show(DEAR, "o1", order(taxed()))
    held = only_hold(desk.plan(rules()), HoldCode.TOTALS_DIFFER)
    assert "108" in held


def test_what_the_books_made_of_it_is_discrepant_until_a_person_accepts() -> None:
    desk, policy = Desk(), rules()
    desk.tax_off = D("0.50")
    sale = desk.show(DEAR, "s1", invoice(taxed()))
    for _ in range(4):
        desk.carry_out(desk.plan(policy), policy)
    made = desk.plan(policy)
    assert "+0.50" in only_hold(made, HoldCode.DISCREPANT)
    assert not made.operations
    digest = values_digest("total", {DEAR: D(108), QBO: D("108.50")})
    desk.resolutions[sale] = (Resolution(field="total", take=QBO, value_digest=digest),)
    assert not desk.plan(policy).holds


def test_a_discrepant_order_blocks_its_bills() -> None:
    desk, policy = Desk(), rules()
    desk.tax_off = D("0.50")
    desk.show(DEAR, "o1", order())
    for _ in range(4):
        desk.carry_out(desk.plan(policy), policy)
    desk.show(DEAR, "b1", bill())
    made = desk.plan(policy)
    assert not made.operations
    assert set(codes(made)) == {"discrepant", "missing_reference"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "EUR", "exchange_rate": D("1.1")}, HoldCode.FOREIGN_CURRENCY),
        ({"tax_calculation": "inclusive", "tax_total": D("1.48")}, HoldCode.TAX_INCLUSIVE),
    ],
)
def test_other_money_is_read_and_held(changes: dict[str, object], code: HoldCode) -> None:
    desk = Desk()
    desk.show(DEAR, "s1", invoice(**changes))
    assert only_hold(desk.plan(rules()), code)


def test_lines_under_two_tax_codes_do_not_fit_one_document() -> None:
    desk = Desk()
    desk.pair(_tax("Other tax"), _tax("Other tax"), id="t9")
    other = line(price="50", tax_code=to(Kind.TAX_CODE, "Other tax"), tax=D(9))
    desk.show(DEAR, "s1", invoice(taxed(), other))
    assert "2 different tax codes" in only_hold(desk.plan(rules()), HoldCode.NOT_REPRESENTABLE)


def test_with_automated_tax_the_tax_itself_is_sent() -> None:
    desk, policy = Desk(), _automated(rules())
    desk.show(DEAR, "s1", invoice(taxed(tax="7.77"), total=D("107.77")))
    [create] = desk.plan(policy).operations
    assert {c.field: c.after for c in create.changes}["tax_total"] == D("7.77")


def test_a_discounted_line_goes_out_at_its_net_price() -> None:
    desk, policy = Desk(), rules()
    po = desk.show(DEAR, "o1", order(line(quantity="3", price="20", discount_percent=D(10))))
    until_quiet(desk, policy)
    [row] = desk.posted(po).lines.lines
    assert (row.unit_price, row.amount) == (D(18), D(54))


# -- periods and dates ---------------------------------------------------------------------------


def test_F65_closed_books_are_known_before_the_call() -> None:
    desk = Desk()
    desk.show(DEAR, "s1", invoice(date="2026-03-28"))
    closed = rules(closed_until={QBO: "2026-03-31"})
    assert "2026-03-31" in only_hold(desk.plan(closed), HoldCode.CLOSED_PERIOD)
    assert actions(desk.plan(rules(closed_until={QBO: "2026-03-27"})))


def test_an_item_tracked_from_a_later_day_is_named() -> None:
    desk = Desk()
    desk.edit(QBO, Kind.ITEM, "1", inventory_start="2026-06-01")
    desk.show(DEAR, "s1", invoice())
    made = desk.plan(rules())
    assert "2026-06-01" in only_hold(made, HoldCode.BEFORE_START)
    assert (QBO, "item", "moved", "1") in made.holds[0].waits_for_keys


def test_F72_a_bill_dated_before_its_order() -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "o1", order(date="2026-03-10"))
    until_quiet(desk, policy)
    one = desk.show(DEAR, "b1", bill(date="2026-03-05"))
    assert only_hold(desk.plan(policy), HoldCode.BEFORE_ORDER)
    unlinked = with_document(policy, Kind.BILL, before_order="unlinked")
    until_quiet(desk, unlinked)
    assert desk.posted(one).lines.lines[0].order is None
    assert not desk.plan(unlinked).holds, "nobody is told that the link is missing"


# -- edits ---------------------------------------------------------------------------------------


def _posted_order(desk: Desk, policy: Policy) -> RecordId:
    po = desk.show(DEAR, "o1", order(line("1", "10", "3"), line("2", "4", "5.5")))
    until_quiet(desk, policy)
    return po


def test_an_edited_price_travels_and_the_bookkeepers_class_stays() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    shown = desk.posted(po).lines.lines
    east = Reference(kind=Kind.CLASS, id="5")
    marked = Lines((msgspec.structs.replace(shown[0], reporting_class=east), shown[1]))
    desk.edit(QBO, Kind.PURCHASE_ORDER, desk.ref_of(po, QBO).id, lines=marked)  # type: ignore[union-attr]
    until_quiet(desk, policy)
    now = (line("1", "10", "3.2"), line("2", "4", "5.5"))
    desk.show(DEAR, "o1", order(*now))
    [update] = desk.plan(policy).operations
    assert [c.field for c in update.changes] == ["lines"]
    until_quiet(desk, policy)
    rows = desk.posted(po).lines.lines
    assert [(r.id, r.amount) for r in rows] == [("1", D(32)), ("2", D(22))]
    assert rows[0].reporting_class == east


def test_F76_reordered_lines_are_not_rewritten() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    rows = desk.posted(po).lines.lines
    desk.edit(QBO, Kind.PURCHASE_ORDER, desk.ref_of(po, QBO).id, lines=Lines(rows[::-1]))  # type: ignore[union-attr]
    desk.edit(
        DEAR, Kind.PURCHASE_ORDER, "o1", lines=Lines((line("2", "4", "5.5"), line("1", "10", "3")))
    )
    made = desk.plan(policy)
    assert not made.operations
    assert not made.holds


def test_an_amount_that_a_bookkeeper_changed_is_held_and_can_be_put_back_or_accepted() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    rows = desk.posted(po).lines.lines
    more = msgspec.structs.replace(rows[0], quantity=D(11), amount=D(33))
    where = desk.ref_of(po, QBO)
    assert where is not None
    desk.edit(QBO, Kind.PURCHASE_ORDER, where.id, lines=Lines((more, rows[1])), total=D(55))
    assert only_hold(desk.plan(policy), HoldCode.FOREIGN_EDIT)
    (held,) = desk.plan(policy).holds
    assert {one.partition("-")[0] for one in held.waits_for} >= {"item", "vendor"}, "they may move"
    restore = msgspec.structs.replace(
        policy, on_foreign_edit={Kind.PURCHASE_ORDER: {"lines": "restore"}}
    )
    [back] = desk.plan(restore).operations
    assert back.action is Action.UPDATE
    view = desk.view(po)
    assert view is not None
    accept = msgspec.structs.replace(
        policy, on_foreign_edit={Kind.PURCHASE_ORDER: {"lines": "accept"}}
    )
    desk.carry_out(desk.plan(accept), accept)
    assert not desk.plan(accept).operations


def test_an_added_and_a_removed_line() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    desk.show(DEAR, "o1", order(line("2", "4", "5.5"), line("3", "1", "9")))
    until_quiet(desk, policy)
    rows = desk.posted(po).lines.lines
    assert [(r.id, r.item.id) for r in rows] == [("2", "2"), ("3", "3")]


# -- ends ----------------------------------------------------------------------------------------


def test_F22_a_voided_order_is_closed_in_the_books() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    desk.edit(DEAR, Kind.PURCHASE_ORDER, "o1", status="voided", lines=Lines(), total=D(0))
    [close] = desk.plan(policy).operations
    assert close.action is Action.CLOSE
    desk.carry_out(desk.plan(policy), policy)
    assert desk.posted(po).status == "closed"
    assert not desk.plan(policy).operations


def test_a_voided_bill_is_deleted_and_a_voided_invoice_is_voided() -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "o1", order())
    desk.show(DEAR, "b1", bill())
    sale = desk.show(DEAR, "s1", invoice())
    until_quiet(desk, policy)
    for kind, name in ((Kind.BILL, "b1"), (Kind.INVOICE, "s1")):
        desk.edit(DEAR, kind, name, status="voided", lines=Lines(), total=D(0))
    assert {(o.kind, o.action) for o in desk.plan(policy).operations} == {
        (Kind.BILL, Action.DELETE),
        (Kind.INVOICE, Action.VOID),
    }
    desk.carry_out(desk.plan(policy), policy)
    assert desk.posted(sale).status == "voided"
    made = desk.plan(policy)
    assert not made.operations
    assert not made.holds


def test_what_does_not_stay_ended_is_not_ended_for_ever() -> None:
    desk, policy = Desk(), rules()
    sale = desk.show(DEAR, "s1", invoice())
    until_quiet(desk, policy)
    desk.edit(DEAR, Kind.INVOICE, "s1", status="voided", lines=Lines(), total=D(0))
    ended = ConfirmedChange(system=QBO, field="status", before=None, after="voided", at="")
    desk.changes[sale] = [ended] * 2
    assert [o.action for o in desk.plan(policy).operations] == [Action.VOID]
    desk.changes[sale] = [ended] * 3
    made = desk.plan(policy)
    assert not made.operations
    assert "was voided in QuickBooks 3 times" in only_hold(made, HoldCode.OSCILLATION)


def test_F19_a_void_with_a_payment_applied_is_held_and_names_it() -> None:
    desk, policy = Desk(), rules()
    sale = desk.show(DEAR, "s1", invoice())
    until_quiet(desk, policy)
    where = desk.ref_of(sale, QBO)
    assert where is not None
    desk.edit(QBO, Kind.INVOICE, where.id, balance=D(0), settlements="Payment 145")
    desk.edit(DEAR, Kind.INVOICE, "s1", status="voided", lines=Lines(), total=D(0))
    made = desk.plan(policy)
    assert "Payment 145" in only_hold(made, HoldCode.SETTLED)
    assert (QBO, "invoice", "moved", where.id) in made.holds[0].waits_for_keys


def test_an_undone_document_is_reopened_and_goes_on_when_it_is_authorised_again() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    desk.edit(DEAR, Kind.PURCHASE_ORDER, "o1", status="draft")
    assert only_hold(desk.plan(policy), HoldCode.REOPENED)
    desk.show(DEAR, "o1", order(line("1", "12", "3"), line("2", "4", "5.5")))
    until_quiet(desk, policy)
    assert desk.posted(po).total == D(58)


def test_F20_voided_in_the_books_is_a_void_and_nothing_else() -> None:
    desk, policy = Desk(), rules()
    sale = desk.show(DEAR, "s1", invoice())
    until_quiet(desk, policy)
    where = desk.ref_of(sale, QBO)
    assert where is not None
    desk.edit(QBO, Kind.INVOICE, where.id, status="voided", total=D(0), lines=Lines())
    assert "voided" in only_hold(desk.plan(policy), HoldCode.VOIDED)


def test_F18_deleted_in_the_books_and_edited_in_the_source() -> None:
    desk, policy = Desk(), rules()
    po = _posted_order(desk, policy)
    where = desk.ref_of(po, QBO)
    assert where is not None
    desk.remove(QBO, Kind.PURCHASE_ORDER, where.id)
    assert codes(desk.plan(policy)) == ["removed"]
    desk.show(DEAR, "o1", order(line("1", "12", "3")))
    assert codes(desk.plan(policy)) == ["edited_and_removed"]


# -- already there -------------------------------------------------------------------------------


def test_what_another_integration_posted_is_adopted() -> None:
    desk, policy = Desk(), rules()
    mine = desk.show(DEAR, "s1", invoice())
    desk.show(QBO, "7", _in_books(invoice()))
    until_quiet(desk, policy)
    assert desk.ref_of(mine, QBO) == ExternalRef(QBO, Kind.INVOICE, "7")
    assert not desk.plan(policy).holds


@pytest.mark.parametrize(
    "changes",
    [{"total": D(21)}, {"date": "2026-03-02"}, {"number": "1001"}],
    ids=["another total", "another date", "another number"],
)
def test_what_looks_like_it_is_shown_before_anything_is_created(changes: dict[str, object]) -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "s1", invoice())
    desk.show(QBO, "7", _in_books(invoice(**changes)))
    made = desk.plan(policy)
    assert not made.operations
    assert only_hold(made, HoldCode.PROPOSED_MATCH)
    assert made.holds[0].candidates


def test_one_vendor_number_twice_is_posted_once() -> None:
    desk, policy = Desk(), rules()
    desk.show(DEAR, "o1", order())
    desk.show(DEAR, "b1", bill(line(quantity="1")))
    desk.show(DEAR, "b2", bill(line(quantity="1"), date="2026-03-09"))
    made = desk.plan(policy)
    assert len([o for o in made.operations if o.kind is Kind.BILL]) == 1
    assert codes(made) == ["name_taken"]


def test_a_link_that_the_books_dropped_is_noticed() -> None:
    desk, policy = Desk(), rules()
    _posted_order(desk, policy)
    desk.drops_links = True
    desk.show(DEAR, "b1", bill(line("1", "4", "3")))
    for _ in range(4):
        desk.carry_out(desk.plan(policy), policy)
    assert "without its link" in only_hold(desk.plan(policy), HoldCode.DISCREPANT)


def test_a_prefix_and_a_derived_number() -> None:
    desk = Desk()
    policy = with_document(rules(), Kind.BILL, number_prefix="D-")
    desk.show(DEAR, "o1", order())
    one = desk.show(DEAR, "b1", bill(line(quantity="1")))
    two = desk.show(DEAR, "b2", bill(line(quantity="1"), number=None))
    until_quiet(desk, policy)
    assert desk.posted(one).number == "D-A-77"
    assert desk.posted(two).number.startswith("D-PO-1-")


def test_classes_are_given_to_new_lines_by_location() -> None:
    desk, policy = Desk(), rules()
    desk.show(QBO, "5", Class(name="East", active=True))
    east = Reference(kind=Kind.CLASS, key="East")
    lines = line_rule(Kind.INVOICE, classes={"Main": east}, classes_key="qbo.documents.class")
    policy = change_kind(policy, QBO, Kind.INVOICE, lines=lines)
    sale = desk.show(DEAR, "s1", invoice(location="Main"))
    until_quiet(desk, policy)
    [row] = desk.posted(sale).lines.lines
    assert row.reporting_class == Reference(kind=Kind.CLASS, id="5")


def test_custom_fields_that_the_source_does_not_know_are_the_bookkeepers() -> None:
    desk, policy = Desk(), rules()
    mine = Texts((("Job", "A1"),))
    sale = desk.show(DEAR, "s1", invoice(custom_fields=mine))
    until_quiet(desk, policy)
    where = desk.ref_of(sale, QBO)
    assert where is not None
    both = Texts((("Crew", "7"), ("Job", "A1")))
    desk.edit(QBO, Kind.INVOICE, where.id, custom_fields=both)
    until_quiet(desk, policy)
    assert not desk.plan(policy).holds
    desk.edit(DEAR, Kind.INVOICE, "s1", custom_fields=Texts((("Job", "A2"),)))
    [update] = desk.plan(policy).operations
    assert [c.after for c in update.changes] == [Texts((("Job", "A2"),))]


def test_a_class_that_the_books_lack_holds_and_names_its_setting() -> None:
    desk, policy = Desk(), rules()
    south = Reference(kind=Kind.CLASS, key="South")
    lines = line_rule(Kind.INVOICE, classes={"": south}, default_class_key="qbo.default_class")
    policy = change_kind(policy, QBO, Kind.INVOICE, lines=lines)
    sale = desk.show(DEAR, "s1", invoice(location="Main"))
    made = desk.plan(policy)
    assert "qbo.default_class" in only_hold(made, HoldCode.MISSING_REFERENCE)
    assert (QBO, "class", "name", "south") in made.holds[0].waits_for_keys
    desk.show(QBO, "5", Class(name="South", active=True))
    [create] = [o for o in desk.plan(policy).operations if o.record == sale]
    [trace] = [c.trace for c in create.changes if c.field == "lines"]
    assert trace.endswith("class from config qbo.default_class")


# -- small words ---------------------------------------------------------------------------------


def _tax(name: str) -> TaxCode:
    return TaxCode(name=name, rate=D(18), active=True)


def _automated(policy: Policy) -> Policy:
    kind = books_kind(Kind.INVOICE, lines=line_rule(Kind.INVOICE, tax=LineTax.TAXED))
    fields = kind.fields | {"tax_total": kind.fields["lines"]}
    return change_kind(policy, QBO, Kind.INVOICE, lines=kind.lines, fields=fields)


def _in_books(document: Document) -> Document:
    """The same document as the books would show it."""
    assert isinstance(document.lines, Lines)
    rows = tuple(
        msgspec.structs.replace(
            row, id=str(n), tax_code=Reference(kind=Kind.TAX_CODE, id="NON"), tax=None
        )
        for n, row in enumerate(document.lines.lines, 1)
    )
    return msgspec.structs.replace(document, lines=Lines(rows))
