"""Lines in comparable form, and as a target holds them, case by case and in general."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.lines import (
    comparable,
    is_remark,
    map_pointers,
    named,
    owned,
    pointers,
    render_lines,
    same_lines,
    subject,
    subtotal,
)
from ledger.model.capabilities import LineRule, LineTax
from ledger.model.ids import Kind
from ledger.model.money import quantise
from ledger.model.values import Line, LinePointer, Lines, Reference
from tests.daemon.reconcile.lines_alphabet import (
    BOLT,
    EAST,
    FREIGHT,
    NO_TAX,
    NUT,
    ORDER,
    TAX,
    any_lines,
    changed,
    freight,
    item_line,
    of,
    small_documents,
    text,
)

D = Decimal
NON = Reference(kind=Kind.TAX_CODE, id="NON")
TAXED = LineRule(tax=LineTax.TAXED, untaxed=NON)


def render(line: Line, rule: LineRule | None = None, *, free: bool = False) -> tuple[Line, str]:
    rendered = render_lines(
        of(line), rule or LineRule(), untaxed=NO_TAX, is_untaxed=lambda line: free
    )
    return rendered.lines.lines[0], ", ".join(rendered.mappings)


# --- what the owner decides


@pytest.mark.parametrize(
    ("case", "one", "other", "equal"),
    [
        ("trailing zeros", item_line(amount=D("12.40")), item_line(amount=D("12.4")), True),
        ("a cent", item_line(amount=D("12.40")), item_line(amount=D("12.41")), False),
        ("blanks round the text", item_line(description=" M8\r\n"), item_line(description="M8"), 1),
        ("another text", item_line(description="M8"), item_line(description="M10"), False),
        ("digits of the price", item_line(), item_line(unit_price=D("10.004")), True),
        ("an account beside the item", item_line(account=FREIGHT), item_line(), True),
        ("another item", item_line(BOLT), item_line(NUT), False),
        ("another tax code", item_line(tax_code=TAX), item_line(tax_code=NO_TAX), False),
        ("another quantity", item_line(quantity="2", price="5"), item_line(), False),
        ("none and no quantity", freight(quantity=D(0)), freight(), True),
        ("another amount to an account", freight("1"), freight("2"), False),
        (
            "what the bookkeeper set",
            item_line(reporting_class=EAST, billable="Billable"),
            item_line(),
            1,
        ),
        ("ids and numbers", item_line(id="7", number=3, order_line="2"), item_line(), True),
        ("another sort", changed(freight(), sort="other"), freight(), False),
    ],
)
def test_owned(case: str, one: Line, other: Line, equal: bool) -> None:
    assert (owned(one) == owned(other)) is bool(equal)
    assert (hash(owned(one)) == hash(owned(other))) is bool(equal)
    assert same_lines(of(one), of(other)) is bool(equal)


def test_a_pointer_with_an_id_is_its_id() -> None:
    by_id = Reference(kind=Kind.ITEM, id="5")
    renamed = Reference(kind=Kind.ITEM, id="5", key="Bolt M8")
    by_name = Reference(kind=Kind.ITEM, key="Bolt M8")
    assert owned(item_line(by_id)) == owned(item_line(renamed))
    assert owned(item_line(by_id)) != owned(item_line(by_name))
    assert subject(item_line(renamed)) == by_id
    assert subject(freight()) == FREIGHT


def test_what_nobody_minds() -> None:
    bill = of(item_line(), freight())
    assert same_lines(bill, of(text(), *bill.lines, text("", amount=D(0))))
    assert not same_lines(bill, of(*bill.lines, text(amount=D(1))))
    assert not same_lines(bill, of(*bill.lines, Line(sort="other", amount=D(-1))))
    assert is_remark(text())
    assert not is_remark(freight("0"))


def test_equal_lines_are_counted() -> None:
    twin, other = item_line(), item_line(NUT)
    assert not same_lines(of(twin, twin, other), of(twin, other, other))
    assert not same_lines(of(twin, twin), of(twin))


@given(small_documents, st.randoms())
def test_order_does_not_count(lines: Lines, random: Any) -> None:
    mixed = list(lines.lines)
    random.shuffle(mixed)
    assert same_lines(lines, of(*mixed))
    assert same_lines(of(*mixed), lines)


@given(small_documents, small_documents)
def test_equality_goes_both_ways(one: Lines, other: Lines) -> None:
    assert same_lines(one, other) == same_lines(other, one)
    if same_lines(one, other):
        assert subtotal(one) == subtotal(other)


# --- under automated sales tax only "taxed or not" counts


@pytest.mark.parametrize(
    ("code", "like"),
    [(NON, None), (NO_TAX, None), (TAX, Reference(kind=Kind.TAX_CODE, id="TAX")), (TAX, BOLT)],
)
def test_taxed_or_not(code: LinePointer, like: LinePointer) -> None:
    one, other = of(item_line(tax_code=code)), of(item_line(tax_code=like))
    assert same_lines(
        comparable(one, TAXED, untaxed=NO_TAX), comparable(other, TAXED, untaxed=NO_TAX)
    )


def test_taxed_is_not_untaxed() -> None:
    one, other = of(item_line(tax_code=TAX)), of(item_line(tax_code=NON))
    assert not same_lines(comparable(one, TAXED), comparable(other, TAXED))


def test_elsewhere_the_code_itself_counts() -> None:
    lines = of(item_line(tax_code=TAX))
    assert comparable(lines, LineRule(tax=LineTax.EACH)) is lines


def test_remarks_are_neither_taxed_nor_not() -> None:
    assert comparable(of(text()), TAXED) == of(text())


# --- rendering


@pytest.mark.parametrize(
    ("case", "line", "rule", "quantity", "price", "amount", "mappings"),
    [
        ("as it is", item_line(quantity="3", price="4.5"), {}, "3", "4.5", "13.50", ""),
        ("seven digits of price", item_line(price="1.1234567"), {}, "1", "1.1234567", "1.12", ""),
        ("an eighth digit", item_line(price="1.12345678"), {}, "1", "1.1234568", "1.12", "round"),
        (
            "the rounded price gives another amount",
            item_line(quantity="1000", price="1.125"),
            {"price_places": 2},
            "1000",
            None,
            "1125.00",
            "amount_only",
        ),
        (
            "half a cent up",
            item_line(amount=D("10.005")),
            {},
            "1",
            None,
            "10.01",
            "amount_only, round",
        ),
        (
            "half a cent down",
            item_line(amount=D("-10.005")),
            {},
            "1",
            None,
            "-10.01",
            "amount_only, round",
        ),
        ("the amount wins", item_line(amount=D("9.99")), {}, "1", None, "9.99", "amount_only"),
        (
            "no amount: quantity times price",
            item_line(quantity="3", price="3.335", amount=None),
            {},
            "3",
            "3.335",
            "10.01",
            "",
        ),
        (
            "no amount, a discount",
            item_line(quantity="2", price="10", amount=None, discount_percent=D("12.5")),
            {},
            "2",
            "8.75",
            "17.50",
            "net_price",
        ),
        ("no price", item_line(unit_price=None), {}, "1", None, "10.00", ""),
        ("no price, no amount", item_line(unit_price=None, amount=None), {}, "1", None, None, ""),
        (
            "no quantity",
            changed(item_line(), quantity=None),
            {},
            None,
            None,
            "10.00",
            "amount_only",
        ),
        ("a quantity of zero", item_line(quantity="0"), {}, None, None, "0.00", "amount_only"),
        ("a discount of nothing", item_line(discount_percent=D(0)), {}, "1", "10", "10.00", ""),
        (
            "a net price",
            item_line(price="12.50", amount=D("11.25"), discount_percent=D("10.00")),
            {},
            "1",
            "11.25",
            "11.25",
            "net_price",
        ),
        (
            "a net price with more digits than fit",
            item_line(
                price="0.0333", quantity="100", amount=D("2.91"), discount_percent=D("12.75")
            ),
            {"price_places": 4},
            "100",
            None,
            "2.91",
            "amount_only",
        ),
        (
            "a discounted amount that is not the net price's",
            item_line(price="12.50", amount=D("11.24"), discount_percent=D(10)),
            {},
            "1",
            None,
            "11.24",
            "amount_only",
        ),
        (
            "all of it off",
            item_line(amount=D(0), discount_percent=D(100)),
            {},
            "1",
            "0",
            "0",
            "net_price",
        ),
        (
            "to an account: an amount",
            freight("5", quantity=D(2), unit_price=D("2.5")),
            {},
            None,
            None,
            "5",
            "amount_only",
        ),
        (
            "amounts in whole units",
            item_line(price="10.5"),
            {"amount_places": 0},
            "1",
            "10.5",
            "11",
            "round",
        ),
    ],
)
def test_figures(
    case: str,
    line: Line,
    rule: dict[str, Any],
    quantity: str | None,
    price: str | None,
    amount: str | None,
    mappings: str,
) -> None:
    shown, used = render(line, LineRule(**rule))
    wanted = [None if figure is None else D(figure) for figure in (quantity, price, amount)]
    assert [shown.quantity, shown.unit_price, shown.amount] == wanted
    assert shown.discount_percent is None
    assert used == mappings


def test_digits_stay_as_entered_where_nothing_is_rounded() -> None:
    shown, _ = render(item_line(price="12.4", amount=D("12.4")))
    assert str(shown.amount) == str(shown.unit_price) == "12.4"


@pytest.mark.parametrize(
    ("amount", "price", "discount"), [("9.00", D(10), D(10)), ("9.01", None, None)]
)
def test_a_target_that_keeps_discounts(
    amount: str, price: Decimal | None, discount: Decimal | None
) -> None:
    line = item_line(amount=D(amount), discount_percent=D(10))
    shown, used = render(line, LineRule(discounts=True))
    assert (shown.unit_price, shown.discount_percent) == (price, discount)
    assert used == ("" if price else "amount_only")


@pytest.mark.parametrize(
    ("case", "code", "tax", "free", "shown", "mappings"),
    [
        ("its own", TAX, LineTax.EACH, False, TAX, ""),
        ("without tax", TAX, LineTax.EACH, True, NO_TAX, "untaxed"),
        ("so already", NO_TAX, LineTax.ONE, True, NO_TAX, ""),
        ("no code yet", None, LineTax.ONE, True, NO_TAX, ""),
        ("its own where the rate is found", TAX, LineTax.TAXED, False, TAX, ""),
        ("documents without tax", TAX, LineTax.NONE, False, NO_TAX, "untaxed"),
        ("documents without tax, no code", None, LineTax.NONE, False, NO_TAX, ""),
    ],
)
def test_tax_codes(
    case: str, code: LinePointer, tax: LineTax, free: bool, shown: LinePointer, mappings: str
) -> None:
    line, used = render(item_line(tax_code=code), LineRule(tax=tax), free=free)
    assert line.tax_code == shown
    assert used == mappings


def test_where_no_code_says_untaxed_the_line_keeps_its_own() -> None:
    lines = of(item_line(tax_code=TAX))
    shown = render_lines(lines, LineRule(), untaxed=None, is_untaxed=lambda line: True)
    assert shown.lines.lines[0].tax_code == TAX
    assert not shown.mappings


def test_only_what_is_owned_and_the_link_to_the_order_travels() -> None:
    line = item_line(
        id="4",
        number=2,
        account=FREIGHT,
        tax_code=TAX,
        tax=D("0.80"),
        order=ORDER,
        order_line="9",
        order_number=5,
        reporting_class=EAST,
        customer=NUT,
        billable="Billable",
    )
    shown, _ = render(line)
    assert shown == item_line(number=2, tax_code=TAX, order=ORDER, order_number=5)


@pytest.mark.parametrize(
    ("case", "line", "sort"),
    [
        ("an item called an account", item_line(sort="account"), "item"),
        ("an account called an item", freight(), "account"),
        ("neither", Line(sort="item", amount=D(1)), "item"),
    ],
)
def test_sorts(case: str, line: Line, sort: str) -> None:
    assert render(line)[0].sort == sort


def test_an_account_line_stays_one_where_there_are_none() -> None:
    shown, _ = render(freight(), LineRule(accounts=False))
    assert (shown.sort, shown.account) == ("account", FREIGHT)


def test_long_texts_are_cut() -> None:
    shown, used = render(item_line(description="Bolt M8 steel"), LineRule(description_length=8))
    assert shown.description == "Bolt M8"
    assert used == "shorten"


def test_texts_and_others_keep_their_words_and_figures() -> None:
    remark, other = text(number=0), Line(sort="other", amount=D("-1.005"), number=4)
    shown = render_lines(
        of(remark, other), LineRule(), untaxed=NO_TAX, is_untaxed=lambda line: True
    )
    assert shown.lines == of(remark, changed(other, amount=D("-1.01")))
    assert shown.mappings == ("round",)


def test_mappings_come_in_one_order_whatever_the_lines_order() -> None:
    cut, net = item_line(description="123456"), item_line(amount=D(9), discount_percent=D(10))
    rule = LineRule(description_length=3)
    both = [
        render_lines(lines, rule, untaxed=None, is_untaxed=lambda line: False).mappings
        for lines in (of(cut, net), of(net, cut))
    ]
    assert both == [("net_price", "shorten")] * 2


@given(st.lists(any_lines(), max_size=6), st.sampled_from(LineTax), st.booleans())
def test_rendering_keeps_every_amount(lines: list[Line], tax: LineTax, discounts: bool) -> None:
    rule = LineRule(tax=tax, discounts=discounts)
    once = render_lines(
        of(*lines), rule, untaxed=NO_TAX, is_untaxed=lambda line: line.tax_code == NO_TAX
    ).lines
    assert subtotal(once) == subtotal(of(*lines))
    for line in once.lines:
        if line.unit_price is not None:
            assert line.quantity
            off = (100 - (line.discount_percent or D(0))) / 100
            assert quantise(line.quantity * line.unit_price * off, 2) == line.amount
            assert quantise(line.unit_price, rule.price_places) == line.unit_price
        assert discounts or line.discount_percent is None
    again = render_lines(
        once, rule, untaxed=NO_TAX, is_untaxed=lambda line: line.tax_code == NO_TAX
    )
    assert again.lines == once


# --- pointers


def test_pointers_are_named_with_their_line() -> None:
    lines = of(item_line(tax_code=TAX, order=ORDER), text(), freight(customer=NUT))
    assert list(pointers(lines)) == [
        (0, "item", BOLT),
        (0, "tax_code", TAX),
        (0, "order", ORDER),
        (2, "account", FREIGHT),
        (2, "customer", NUT),
    ]


def test_pointers_change_together() -> None:
    lines = of(item_line(tax_code=TAX), text(), freight())
    assert map_pointers(lines, lambda value: value) is lines
    swapped = map_pointers(lines, lambda value: NUT if value == BOLT else value)
    assert swapped == of(item_line(NUT, tax_code=TAX), text(), freight())
    assert swapped.lines[2] is lines.lines[2]


def test_a_line_in_a_sentence() -> None:
    assert named(2, item_line(description=" M8\n bolt ")) == 'Line 2 ("M8 bolt")'
    assert named(3, item_line()) == "Line 3"
    assert named(1, item_line(description="x" * 50)) == f'Line 1 ("{"x" * 39}…")'
