"""Tiny document lines that tests spell their cases with, and the strategies that make them up."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from ledger.model.ids import Kind, RecordId
from ledger.model.money import quantise
from ledger.model.values import Line, LinePointer, Lines, RecordRef, Reference

BOLT = RecordRef(RecordId("item-bolt"))
NUT = RecordRef(RecordId("item-nut"))
FREIGHT = RecordRef(RecordId("account-freight"))
TAX = RecordRef(RecordId("tax_code-tax"))
NO_TAX = RecordRef(RecordId("tax_code-non"))
ORDER = RecordRef(RecordId("purchase_order-1"))
EAST = Reference(kind=Kind.CLASS, id="East")


def item_line(
    item: LinePointer = BOLT, quantity: str = "1", price: str = "10", **more: Any
) -> Line:
    """An item line whose amount is quantity times price, to the cent."""
    amount = quantise(Decimal(quantity) * Decimal(price), 2)
    figures = {"quantity": Decimal(quantity), "unit_price": Decimal(price), "amount": amount}
    return Line(**({"item": item, **figures} | more))


def freight(amount: str = "12.50", **more: Any) -> Line:
    return Line(sort="account", account=FREIGHT, amount=Decimal(amount), **more)


def text(words: str = "Deliver to gate 3", **more: Any) -> Line:
    return Line(sort="text", description=words, **more)


def of(*lines: Line) -> Lines:
    return Lines(lines)


def changed(line: Line, **fields: Any) -> Line:
    return msgspec.structs.replace(line, **fields)


def numbers(lines: Lines) -> list[int]:
    return [line.number for line in lines.lines]


def ids(lines: Lines) -> list[str]:
    return [line.id for line in lines.lines]


amounts = st.decimals(min_value=-99999, max_value=99999, places=2)
prices = st.decimals(min_value=0, max_value=9999, places=4)
few_quantities = st.sampled_from([Decimal(q) for q in ("0", "1", "2", "2.5", "10")])
few_prices = st.sampled_from([Decimal(p) for p in ("0", "4.95", "10", "12.3456")])
few_subjects = st.sampled_from([BOLT, NUT, FREIGHT])
few_texts = st.sampled_from(["", "M8", "M10"])


@st.composite
def small_lines(draw: st.DrawFn) -> Line:
    """Lines from so few words that twins and near twins are frequent."""
    about = draw(few_subjects)
    quantity, price = draw(few_quantities), draw(few_prices)
    amount = quantise(quantity * price, 2)
    words, code = draw(few_texts), draw(st.sampled_from([TAX, NO_TAX]))
    if about == FREIGHT:
        return freight(str(amount), description=words, tax_code=code)
    return item_line(about, str(quantity), str(price), description=words, tax_code=code)


@st.composite
def any_lines(draw: st.DrawFn) -> Line:
    """Lines whose figures need not fit together: discounts, missing prices, odd amounts."""
    return Line(
        item=draw(st.sampled_from([BOLT, NUT, None])),
        account=draw(st.sampled_from([FREIGHT, None])),
        description=draw(st.text(max_size=12)),
        quantity=draw(st.none() | few_quantities | prices),
        unit_price=draw(st.none() | few_prices | prices),
        discount_percent=draw(st.none() | st.decimals(min_value=0, max_value=100, places=2)),
        amount=draw(amounts),
        tax_code=draw(st.sampled_from([TAX, NO_TAX, None])),
        order=draw(st.sampled_from([ORDER, None])),
        order_number=draw(st.integers(min_value=0, max_value=3)),
    )


small_documents = st.lists(small_lines() | st.builds(text, few_texts), max_size=7).map(
    lambda lines: Lines(tuple(lines))
)
