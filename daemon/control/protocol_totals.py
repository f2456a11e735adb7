"""The part of the control protocol that is about totals: both sides' sums and why they differ."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.control.frame import Answer, Part, Request

MOST_DIFFERENCES = 5_000
MONTH = r"^(\d{4}-(0[1-9]|1[0-2]))?$"


class TotalsRequest(Request, frozen=True, kw_only=True):
    """Which documents to count, and what one row is about."""

    kind: Annotated[str, Meta(max_length=40)] = ""
    """Empty: all kinds of documents."""
    by: Literal["", "month", "party"] = ""
    month: Annotated[str, Meta(pattern=MONTH)] = ""
    """``YYYY-MM``: documents of that month alone."""
    differences: bool = False
    """Whether to list every document that counts differently."""
    limit: Annotated[int, Meta(ge=1, le=MOST_DIFFERENCES)] = 500
    """Differences listed at most."""


class PartShown(Part, frozen=True, kw_only=True):
    """What one reason explains of a difference."""

    reason: str
    """``variance``, ``accepted``, ``held``, ``waiting`` ..., ``unexplained``"""
    detail: str = ""
    """Of ``held`` the code of the hold, of ``waiting`` the state of the change."""
    count: int
    amount: str


class TotalsRowShown(Part, frozen=True, kw_only=True):
    """Documents of one kind and currency (and month or party), as both systems count them."""

    kind: str
    currency: str
    group: str = ""
    """Month ``YYYY-MM``, or the record of the party."""
    label: str = ""
    """The month, or the name of the party."""
    source_count: int
    source_total: str
    books_count: int
    books_total: str
    difference: str
    """Books less source; the amounts of ``parts`` add up to it exactly."""
    parts: tuple[PartShown, ...] = ()
    unexplained: str


class EarlyShown(Part, frozen=True, kw_only=True):
    """Documents dated before the first day of their kind; they are matched and never written."""

    kind: str
    currency: str
    since: str
    source_count: int
    source_total: str
    books_count: int
    books_total: str


class DifferenceShown(Part, frozen=True, kw_only=True):
    """One document that counts differently, and why."""

    record: str
    kind: str
    number: str
    party: str
    currency: str
    source_date: str
    books_date: str
    source_total: str | None
    """``None`` where the source does not count it."""
    books_total: str | None
    difference: str
    reason: str
    detail: str
    text: str


class TotalsAnswer(Answer, frozen=True, kw_only=True):
    """Both sides' totals, and every difference explained."""

    head: int
    source: str
    """Name of the system that owns documents."""
    books: str
    complete: bool
    """Both systems were read to the end, and everything seen was looked at."""
    by: str
    month: str
    rows: tuple[TotalsRowShown, ...]
    sums: tuple[TotalsRowShown, ...]
    """Per kind and currency; the same as ``rows`` where they are not broken down."""
    early: tuple[EarlyShown, ...]
    differing: int
    """Documents that count differently, whether or not they are listed."""
    unexplained: int
    differences: tuple[DifferenceShown, ...] = ()
    more: bool = False
