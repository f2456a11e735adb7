"""What a list is narrowed to, as values, and as the condition of a statement. Pure.

A person's words become terms above the store (``daemon.control.filters``); which columns a list has
and what they are in SQL is said by each list's own views.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec


class Operator(StrEnum):
    IS = "is"
    """One of the values, exactly."""
    HAS = "has"
    """One of the values occurs in it."""
    OVER = "over"
    UNDER = "under"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One narrowing; all terms of a filter hold together."""

    column: str
    """Name of the column; ``""``: text that occurs in whatever the list says it looks through."""
    operator: Operator
    values: tuple[str | int, ...]
    """Any of them will do; one only where the operator compares. Text is case-folded. Amounts are
    in ten-thousandths, ages in seconds."""
    negated: bool = False


Filter: TypeAlias = tuple[Term, ...]


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a list in SQL."""

    sql: str
    is_list: bool = False
    """The column holds words with spaces around each: `` dear qbo ``."""
    is_begun: bool = False
    """The column begins with the word and a hyphen: ``item-k3v7…``. A range costs a third of taking
    the word out of it."""
    given: str = ""
    """Condition without which the column says nothing: ``amount IS NOT NULL``."""


_COMPARED = {
    Operator.OVER: ">",
    Operator.UNDER: "<",
    Operator.AT_LEAST: ">=",
    Operator.AT_MOST: "<=",
}


def condition(
    terms: Sequence[Term], columns: Mapping[str, Expression]
) -> tuple[str, list[str | int]]:
    """The terms as one SQL condition with ``?`` for its values; ``"true"`` without terms."""
    parts: list[str] = []
    values: list[str | int] = []
    for term in terms:
        expression = columns[term.column]
        one = _one(term, expression)
        if expression.given:
            one = f"({expression.given} AND {one})"
        parts.append(f"NOT coalesce({one}, false)" if term.negated else one)
        values += [asked for value in term.values for asked in _asked(value, term, expression)]
    return " AND ".join(parts) or "true", values


def _one(term: Term, expression: Expression) -> str:
    if term.operator in _COMPARED:
        return f"{expression.sql} {_COMPARED[term.operator]} ?"
    if expression.is_begun:
        return "(" + " OR ".join([f"{expression.sql} BETWEEN ? AND ?"] * len(term.values)) + ")"
    if term.operator is Operator.HAS or expression.is_list:
        return "(" + " OR ".join([f"instr({expression.sql}, ?) > 0"] * len(term.values)) + ")"
    return f"{expression.sql} IN ({', '.join('?' * len(term.values))})"


def _asked(value: str | int, term: Term, expression: Expression) -> tuple[str | int, ...]:
    if expression.is_begun:
        return f"{value}-", f"{value}."  # what follows the hyphen
    return (f" {value} " if expression.is_list and term.operator is Operator.IS else value,)
