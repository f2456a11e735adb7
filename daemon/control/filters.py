"""The words with which a person narrows a list, read into terms. Pure; knows no list.

Words have a space between; all must hold. ``column:value`` (also ``column=value``) is equality, or
occurrence in a column of text; ``column>value``, ``<``, ``>=`` and ``<=`` compare numbers and ages;
``a,b`` is either; ``-`` or ``!`` before a word turns it round; a word without a column is text that
occurs in whatever the list looks through; ``"two words"`` are one text, also behind a column.

Each list declares its columns: ``COLUMNS = (choice("class", DriftClass), amount("amount"), ...)``,
reads with ``parse(query.filter, COLUMNS)`` and hands the terms to its views, which turn them into
SQL with ``ledger.store.conditions.condition``. Values of text arrive case-folded, amounts as
ten-thousandths, ages as seconds: ``age>2d`` is ``Term(column="age", OVER, (172800,))``.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from daemon.control.protocol import Code, Declined
from ledger.model.keys import fold
from ledger.model.money import exact
from ledger.store.conditions import Filter, Operator, Term

__all__ = [
    "Column",
    "Filter",
    "Operator",
    "Sort",
    "Term",
    "age",
    "amount",
    "choice",
    "number",
    "parse",
    "text",
    "word",
]

SCALE = 10_000
"""Amounts are compared as whole ten-thousandths."""
MOST_TERMS = 50
_LARGEST = 2**63 - 1
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_OPERATORS = {
    ":": Operator.IS,
    "=": Operator.IS,
    ">": Operator.OVER,
    "<": Operator.UNDER,
    ">=": Operator.AT_LEAST,
    "<=": Operator.AT_MOST,
}
_WORD = re.compile(
    r"""\s*(?P<turned>[-!]?)
    (?:(?P<column>[^\W\d]\w*)(?P<operator>[<>]=?|[:=]))?
    (?:"(?P<quoted>[^"]*)"?|(?P<bare>\S*))""",
    re.VERBOSE,
)


class Sort(StrEnum):
    """What a column holds."""

    CHOICE = "choice"
    """One of a few known words."""
    WORD = "word"
    """A word, compared whole: a name of a system, an id."""
    TEXT = "text"
    """Text in which a value may occur."""
    NUMBER = "number"
    AMOUNT = "amount"
    AGE = "age"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column that a list may be narrowed by."""

    name: str
    sort: Sort
    choices: tuple[str, ...] = ()


class _Word(NamedTuple):
    said: str
    """The word as it was typed, for refusals."""
    operator: str
    value: str
    quoted: bool
    negated: bool


def choice(name: str, choices: Iterable[str]) -> Column:
    return Column(name=name, sort=Sort.CHOICE, choices=tuple(str(one) for one in choices))


def word(name: str) -> Column:
    return Column(name=name, sort=Sort.WORD)


def text(name: str) -> Column:
    return Column(name=name, sort=Sort.TEXT)


def number(name: str) -> Column:
    return Column(name=name, sort=Sort.NUMBER)


def amount(name: str) -> Column:
    return Column(name=name, sort=Sort.AMOUNT)


def age(name: str) -> Column:
    return Column(name=name, sort=Sort.AGE)


def parse(said: str, columns: Sequence[Column]) -> Filter:
    """The terms that ``said`` means. ``Declined`` (bad request) names the word that means nothing,
    and the columns there are."""
    terms: list[Term] = []
    place = 0
    said = said.strip()
    while place < len(said):
        found = _WORD.match(said, place)
        assert found is not None  # every part of it may be empty
        place = max(found.end(), place + 1)
        read = _Word(
            said=found[0].strip(),
            operator=found["operator"] or "",
            value=found["bare"] if found["quoted"] is None else found["quoted"],
            quoted=found["quoted"] is not None,
            negated=bool(found["turned"]),
        )
        if not read.value and not read.operator:
            continue  # a lone hyphen, or empty quotes
        terms.append(_term(read, found["column"] or "", columns))
        if len(terms) > MOST_TERMS:
            raise Declined(
                Code.BAD_REQUEST, f"a filter has at most {MOST_TERMS} words", cure=_known(columns)
            )
    return tuple(terms)


def _term(read: _Word, name: str, columns: Sequence[Column]) -> Term:
    if not name:
        return Term(
            column="", operator=Operator.HAS, values=(fold(read.value),), negated=read.negated
        )
    column = next((one for one in columns if one.name == name.lower()), None)
    if column is None:
        names = [one.name for one in columns]
        near = difflib.get_close_matches(name.lower(), names, n=1)
        meant = f", perhaps {near[0]}" if near else ""
        raise Declined(
            Code.BAD_REQUEST, f"this list has no column {name!r}{meant}", cure=_known(columns)
        )
    operator = _OPERATORS[read.operator]
    values = (read.value,) if read.quoted else tuple(filter(None, read.value.split(",")))
    if not values:
        raise _refused(read, f"says nothing behind {name}", columns)
    if column.sort not in {Sort.NUMBER, Sort.AMOUNT, Sort.AGE}:
        if operator is not Operator.IS:
            raise _refused(read, f"compares {name}, which is no number", columns)
        operator = Operator.HAS if column.sort is Sort.TEXT else Operator.IS
    elif operator is not Operator.IS and len(values) > 1:
        raise _refused(read, "compares with more than one value", columns)
    return Term(
        column=column.name,
        operator=operator,
        values=tuple(_value(value, read, column, columns) for value in values),
        negated=read.negated,
    )


def _value(value: str, read: _Word, column: Column, columns: Sequence[Column]) -> str | int:
    match column.sort:
        case Sort.TEXT | Sort.WORD:
            return fold(value)
        case Sort.CHOICE:
            return _chosen(value, column, columns)
        case Sort.AGE:
            return _seconds(value, read, columns)
        case Sort.NUMBER:
            return _whole(value, 1, read, columns)
        case Sort.AMOUNT:
            return _whole(value, SCALE, read, columns)


def _chosen(value: str, column: Column, columns: Sequence[Column]) -> str:
    asked = value.lower().replace("-", "_")
    if asked in column.choices:
        return asked
    near = difflib.get_close_matches(asked, column.choices, n=1)
    meant = f", perhaps {near[0]}" if near else ""
    raise Declined(
        Code.BAD_REQUEST,
        f"{value!r} is no {column.name}{meant}",
        cure=f"{column.name} is one of {', '.join(column.choices)}; {_known(columns)}",
    )


def _seconds(value: str, read: _Word, columns: Sequence[Column]) -> int:
    unit = _UNITS.get(value[-1:].lower())
    if unit is None:
        raise _refused(read, "is no age: write 30m, 12h, 2d or 1w", columns)
    return _whole(value[:-1], unit, read, columns)


def _whole(value: str, scale: int, read: _Word, columns: Sequence[Column]) -> int:
    try:
        scaled = exact(value) * Decimal(scale)
        whole = int(scaled)
    except ValueError as error:
        raise _refused(read, f"has {value!r} where a number is needed", columns) from error
    if whole != scaled or abs(whole) > _LARGEST:
        raise _refused(read, f"has {value!r}, which no column is as exact or large as", columns)
    return whole


def _refused(read: _Word, why: str, columns: Sequence[Column]) -> Declined:
    return Declined(Code.BAD_REQUEST, f"{read.said!r} {why}", cure=_known(columns))


def _known(columns: Sequence[Column]) -> str:
    names = ", ".join(column.name for column in columns)
    return f"columns: {names}; text with a colon goes in quotes"
