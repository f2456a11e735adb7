"""The words with which a person narrows a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.filters import (
    MOST_TERMS,
    Filter,
    Operator,
    Term,
    age,
    amount,
    choice,
    number,
    parse,
    text,
    word,
)
from daemon.control.protocol import Code, Declined
from ledger.model.ids import Kind

COLUMNS = (
    choice("class", ("conflict", "held", "gone")),
    choice("kind", Kind),
    word("to"),
    amount("amount"),
    number("attempts"),
    age("age"),
    text("label"),
)


def term(column: str, operator: Operator, *values: str | int, negated: bool = False) -> Filter:
    return (Term(column=column, operator=operator, values=values, negated=negated),)


@pytest.mark.parametrize(
    ("said", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("-", ()),
        ('""', ()),
        ("kind:bill", term("kind", Operator.IS, "bill")),
        ("KIND=Purchase-Order", term("kind", Operator.IS, "purchase_order")),
        ("class:held,gone", term("class", Operator.IS, "held", "gone")),
        ("-to:QBO", term("to", Operator.IS, "qbo", negated=True)),
        ("!to:qbo", term("to", Operator.IS, "qbo", negated=True)),
        ("amount>100.5", term("amount", Operator.OVER, 1_005_000)),
        ("amount<=-0.01", term("amount", Operator.AT_MOST, -100)),
        ("amount:12", term("amount", Operator.IS, 120_000)),
        ("attempts>=3", term("attempts", Operator.AT_LEAST, 3)),
        ("age>2d", term("age", Operator.OVER, 172_800)),
        ("age<1.5h", term("age", Operator.UNDER, 5_400)),
        ("label:Straße", term("label", Operator.HAS, "strasse")),
        ('label:"two words"', term("label", Operator.HAS, "two words")),
        ('label:"a,b"', term("label", Operator.HAS, "a,b")),
        ("Açme", term("", Operator.HAS, "açme")),
        ("PO-0012", term("", Operator.HAS, "po-0012")),
        ('-"two words"', term("", Operator.HAS, "two words", negated=True)),
        ('"kind:bill"', term("", Operator.HAS, "kind:bill")),
        ('"not closed', term("", Operator.HAS, "not closed")),
        ("3:4", term("", Operator.HAS, "3:4")),
    ],
)
def test_a_word_means(said: str, terms: Filter) -> None:
    assert parse(said, COLUMNS) == terms


def test_all_words_hold_in_their_order() -> None:
    found = parse('kind:bill  -class:held "two words" amount>1', COLUMNS)
    assert [(one.column, one.negated) for one in found] == [
        ("kind", False),
        ("class", True),
        ("", False),
        ("amount", False),
    ]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("clas:held", "this list has no column 'clas', perhaps class"),
        ("zebra:1", "this list has no column 'zebra'"),
        ("class:hold", "'hold' is no class, perhaps held"),
        ("kind:wheel", "'wheel' is no kind"),
        ("amount>much", "'amount>much' has 'much' where a number is needed"),
        ("amount>NaN", "'amount>NaN' has 'NaN' where a number is needed"),
        ("amount>1e400", "'amount>1e400' has '1e400' where a number is needed"),
        ("amount>0.00001", "'amount>0.00001' has '0.00001', which no column is as exact or"),
        ("attempts>1.5", "'attempts>1.5' has '1.5', which no column is as exact or large as"),
        ("age>2", "'age>2' is no age: write 30m, 12h, 2d or 1w"),
        ("age>d", "'age>d' has '' where a number is needed"),
        ("to>qbo", "'to>qbo' compares to, which is no number"),
        ("amount>1,2", "'amount>1,2' compares with more than one value"),
        ("class:", "'class:' says nothing behind class"),
        ("x " * (MOST_TERMS + 1), "a filter has at most 50 words"),
    ],
)
def test_a_word_that_means_nothing_is_named_with_the_columns(said: str, message: str) -> None:
    with pytest.raises(Declined) as caught:
        parse(said, COLUMNS)
    assert str(caught.value).startswith(message)
    assert caught.value.code is Code.BAD_REQUEST
    assert "columns: class, kind, to, amount, attempts, age, label" in caught.value.cure


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read_or_refused(said: str) -> None:
    try:
        found = parse(said, COLUMNS)
    except Declined:
        return
    assert all(one.values for one in found)
