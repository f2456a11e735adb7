"""What the books will compute, and what a difference from the source is called."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.totals import Difference, Predicted, difference, is_variance, predict
from ledger.model.capabilities import LineRule, LineTax
from ledger.model.ids import Kind
from ledger.model.values import LinePointer, Lines, Reference
from tests.daemon.reconcile.lines_alphabet import BOLT, NO_TAX, TAX, freight, item_line, of, text

D = Decimal
NON = Reference(kind=Kind.TAX_CODE, id="NON")
GST = Reference(kind=Kind.TAX_CODE, id="8")
CENT = D("0.01")


def rate(code: LinePointer) -> Decimal | None:
    known = {TAX: D("9.975"), GST: D(5), NO_TAX: D(0)}
    return known.get(code) if code is not None else None


MIXED = of(
    item_line(price="100.10", tax_code=TAX),
    item_line(price="50", tax_code=GST),
    freight("12.50", tax_code=NON),
    text(),
)


@pytest.mark.parametrize(
    ("case", "tax", "lines", "sent", "expected"),
    [
        ("documents without tax", LineTax.NONE, MIXED, D(9), D(0)),
        ("the tax that is sent", LineTax.TAXED, MIXED, D("7.77"), D("7.77")),
        ("no tax is sent", LineTax.TAXED, MIXED, None, None),
        ("by code", LineTax.EACH, MIXED, None, D("9.98") + D("2.50")),
        ("taxed lines", LineTax.ONE, MIXED, None, D("9.98") + D("2.50")),
        ("nothing to tax", LineTax.EACH, of(text()), None, D(0)),
        ("an unknown rate", LineTax.EACH, of(item_line(tax_code=BOLT)), None, None),
        ("no code at all", LineTax.EACH, of(item_line()), None, None),
        ("half a cent up", LineTax.EACH, of(item_line(price="0.10", tax_code=GST)), None, CENT),
        (
            "on the sum, not by line",
            LineTax.EACH,
            of(*[item_line(price="0.10", tax_code=GST)] * 3),
            None,
            D("0.02"),
        ),
        (
            "one code by two names",
            LineTax.EACH,
            of(
                item_line(price="0.05", tax_code=GST),
                item_line(price="0.05", tax_code=Reference(kind=Kind.TAX_CODE, id="8", key="GST")),
            ),
            None,
            CENT,
        ),
        ("a credit", LineTax.EACH, of(freight("-0.10", tax_code=GST)), None, -CENT),
    ],
)
def test_prediction(
    case: str, tax: LineTax, lines: Lines, sent: Decimal | None, expected: Decimal | None
) -> None:
    predicted = predict(lines, LineRule(tax=tax, untaxed=NON), rate=rate, tax_sent=sent)
    if expected is None:
        assert predicted is None
    else:
        net = sum((line.amount for line in lines.lines if line.amount is not None), D(0))
        assert predicted == Predicted(subtotal=net, tax=expected, total=net + expected)


def test_untaxed_as_the_ledger_points_to_it() -> None:
    lines = of(item_line(tax_code=BOLT))
    rule = LineRule(tax=LineTax.ONE, untaxed=NON)
    assert predict(lines, rule, rate=rate) is None
    assert predict(lines, rule, rate=rate, untaxed=BOLT) == Predicted(D(10), D(0), D(10))


def test_F60_one_cent_of_tax() -> None:
    lines = of(item_line(price="4495.16", tax_code=TAX))
    predicted = predict(lines, LineRule(), rate=rate)
    assert predicted == Predicted(D("4495.16"), D("448.39"), D("4943.55"))
    # The books taxed by component and came to a cent more than the source says.
    shown = Predicted(D("4495.16"), D("448.40"), D("4943.56"))
    found = difference(shown, total=D("4943.55"), tax_total=D("448.39"))
    assert found == Difference(lines=D(0), tax=CENT, total=CENT)
    assert is_variance(found, CENT)
    assert not is_variance(found, D(0))
    assert not is_variance(difference(predicted, total=D("4943.55"), tax_total=D("448.39")), CENT)


@pytest.mark.parametrize(
    ("case", "total", "tax", "expected", "variance"),
    [
        ("equal", "105", "5", ("0", "0", "0"), False),
        ("equal to the cent", "105.004", "5.0049", ("0", "0", "0"), False),
        ("a cent of tax", "105.01", "5.01", ("0", "-0.01", "-0.01"), True),
        ("two cents of tax", "105.02", "5.02", ("0", "-0.02", "-0.02"), False),
        ("a cent in the lines", "104.99", "5", ("0.01", "0", "0.01"), False),
        ("a cent moved", "105", "5.01", ("0.01", "-0.01", "0"), False),
    ],
)
def test_difference(
    case: str, total: str, tax: str, expected: tuple[str, str, str], variance: bool
) -> None:
    found = difference(Predicted(D(100), D(5), D(105)), total=D(total), tax_total=D(tax))
    assert found == Difference(*(D(part) for part in expected))
    assert is_variance(found, CENT) is variance


cents = st.decimals(min_value=-10000, max_value=10000, places=2)


@given(cents, cents, cents, cents)
def test_the_parts_make_the_whole(net: Decimal, tax: Decimal, total: Decimal, due: Decimal) -> None:
    found = difference(Predicted(net, tax, net + tax), total=total, tax_total=due)
    assert found.lines + found.tax == found.total
    assert is_variance(found, D(10000)) == (not found.lines and 0 < abs(found.tax) <= 10000)
