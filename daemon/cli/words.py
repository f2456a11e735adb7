"""Slugs of the daemon in the words of a person; kept in ``daemon.control.slugs`` for all front
ends. Here is what only lines of text need."""

from collections.abc import Iterable

from daemon.control.slugs import (
    HOLDS,
    WAITS,
    field_words,
    hold_words,
    is_document,
    noun,
    nouns,
    side_words,
    wait_words,
)

__all__ = [
    "BOOKS",
    "BREAKERS",
    "HOLDS",
    "WAITS",
    "age_text",
    "field_words",
    "hold_words",
    "is_document",
    "noun",
    "nouns",
    "short",
    "side_words",
    "wait_words",
]

BOOKS = "qbo"
"""The system that keeps the books."""
BREAKERS = ("mass_change", "too_many", "too_much_money")
"""Why a change waits that a limit stopped."""
DAY_S = 86_400
HOUR_S = 3_600
MINUTE_S = 60


def short(text: str, refs: Iterable[str]) -> str:
    """``text`` with the system alone where it names one of ``refs``: the heading has the ids."""
    for ref in refs:
        text = text.replace(ref, ref.partition("/")[0])
    return text


def age_text(seconds: int) -> str:
    """``3 d``, ``5 h``, ``12 min``: the largest unit that fits."""
    for size, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
