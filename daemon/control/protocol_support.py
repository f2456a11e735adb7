"""The part of the control protocol that a support bundle asks for: numbers and our own words.

Nothing in it comes from a record: no name, amount, number, text or id of either system.
"""

import msgspec

from daemon.control.frame import Answer, Part


class LineShown(Part, frozen=True, kw_only=True):
    """One line of the log, as far as its fields are our own words and numbers."""

    at: str
    level: str
    logger: str
    event: str
    """Empty for a line of a library."""
    fields: dict[str, str | int | bool | None] = msgspec.field(default_factory=dict)


class ErrorShown(Part, frozen=True, kw_only=True):
    """Reasons to hold that say the same of different records, without what they say."""

    pattern: str
    """The same as ``trueup desk`` tells: its owner can look it up."""
    code: str
    system: str = ""
    field: str = ""
    refusal: str = ""
    """The code that the system refused with."""
    records: int
    skipped: int = 0
    oldest: str


class StoreShown(Part, frozen=True, kw_only=True):
    """The ledger as a file format, and how much there is of what."""

    schema_version: int
    fold_version: int
    head: int
    entries: dict[str, int]
    """Journal entries by their type."""


class WorkedShown(Part, frozen=True, kw_only=True):
    """One cycle, counted."""

    started_at: str
    ended_at: str
    complete: bool
    counts: dict[str, int]
    problems: tuple[str, ...] = ()
    """Their codes."""


class SupportAnswer(Answer, frozen=True, kw_only=True):
    errors: tuple[ErrorShown, ...]
    store: StoreShown
    cycles: tuple[WorkedShown, ...] = ()
    """The newest that did something, oldest first."""
    log: tuple[LineShown, ...] = ()
    metrics: str = ""
    """As a scrape shows them, without the label of the company."""
