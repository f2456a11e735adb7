"""The part of the control protocol that is about the reconciliation report.

The answer is a stream of JSON lines: one ``ReportSummary``, then one ``RecordShown`` for each
record that a figure of it consists of. Amounts are text, so that no reader makes floats of them.
"""

from typing import Annotated

from msgspec import Meta

from daemon.control.frame import Answer, Part, Request

REPORT_SCHEMA = "trueup.reconciliation/1"


class ReportRequest(Request, frozen=True, kw_only=True):
    """Which documents the report is about."""

    period: Annotated[str, Meta(min_length=4, max_length=40)]
    """``2026-10``, ``2026-Q3``, ``2026`` or ``2026-10-01..2026-10-15``."""
    kinds: Annotated[tuple[str, ...], Meta(max_length=40)] = ()
    """Empty: everything that is in sync."""
    agreed: bool = True
    """Whether records that agree are listed too; they are counted in any case."""


class LineShown(Part, frozen=True, kw_only=True):
    """What one reason explains of the difference of one kind and currency."""

    section: str
    """``timing``, ``pending``, ``held``, ``discrepant``, ``skipped``, ``variance``, ``accepted``,
    ``only_in_books``, ``foreign_currency``, ``before_since``, ``out_of_scope``, ``off``,
    ``unexplained``; also ``agreed``, ``early`` and ``not_counted``, which explain nothing."""
    detail: str = ""
    """Of ``held`` the code of the hold, of ``pending`` the state of the change."""
    reason: str = ""
    """Of ``pending`` why it waits; of ``timing`` what is known of the other date."""
    count: int
    source_total: str
    books_total: str
    difference: str
    """Books less source."""
    oldest: str = ""
    """RFC 3339 instant since when the oldest of them has waited."""


class StatementShown(Part, frozen=True, kw_only=True):
    """Documents of one kind and currency: source total + differences = books total."""

    kind: str
    currency: str
    since: str
    """First day of the kind; earlier documents are not part of the equation."""
    source_count: int
    source_total: str
    books_count: int
    books_total: str
    difference: str
    agreed: LineShown
    lines: tuple[LineShown, ...]
    """Their differences add up to ``difference`` exactly; ``unexplained`` is always the last."""
    apart: tuple[LineShown, ...] = ()
    """Documents that count on neither side: dated before the first day, or unreadable."""
    open_besides: int = 0
    """Documents that agree in their total while something else about them is held or pending."""
    late_count: int = 0
    """Documents whose last write to the books was confirmed after the end of the period."""
    late_total: str = "0.00"


class MasterShown(Part, frozen=True, kw_only=True):
    """Records of one kind that are no documents, counted as they are now."""

    kind: str
    source_count: int
    books_count: int
    in_both: int
    agreed: int
    """Of those in both systems: nothing is held or pending."""
    held: int
    pending: int
    only_in_source: int
    only_in_books: int
    removed: int
    out_of_scope: int
    unreadable: int


class AgeShown(Part, frozen=True, kw_only=True):
    """Open records of one currency by the days for which they have been open."""

    currency: str
    bucket: str
    """``0-7``, ``8-30``, ``31-60``, ``61-90``, ``90+``, or ``unknown``."""
    count: int
    amount: str
    """Sum of what each differs by, signs left out."""


class SystemNamed(Part, frozen=True, kw_only=True):
    name: str
    title: str
    environment: str = ""


class ReportSummary(Answer, frozen=True, kw_only=True):
    """Everything of the report but its records, and what it was made from."""

    report: str = REPORT_SCHEMA
    company: str
    instance: str
    version: str
    made_by: str
    period: str
    period_title: str
    first: str
    last: str
    timezone: str
    home_currency: str
    source: SystemNamed
    books: SystemNamed
    head: int
    """Newest ledger entry that the report knows of."""
    head_hash: str
    config: str
    """Digest of the configuration in force; keyed, so that it tells only whether it is the same."""
    mapping_version: int
    complete: bool
    """Both systems were read to the end, and everything seen was looked at."""
    dirty: int
    """Records that changed and were not looked at yet."""
    is_over: bool
    """The period had ended when the report was made."""
    kinds: tuple[str, ...]
    """Kinds of documents that were asked for; those without a statement have none in the period."""
    statements: tuple[StatementShown, ...]
    masters: tuple[MasterShown, ...]
    ages: tuple[AgeShown, ...]
    unexplained: int
    """Documents whose difference nothing explains."""
    open: int
    """Documents that are pending, held or discrepant."""
    records: int
    """Lines of the stream that follow."""
    list_agreed: bool


class RecordShown(Part, frozen=True, kw_only=True):
    """One document in one currency: the part of a figure that can be looked up."""

    kind: str
    currency: str
    section: str
    detail: str = ""
    reason: str = ""
    record: str
    number: str = ""
    party: str = ""
    source_ref: str = ""
    books_ref: str = ""
    source_date: str = ""
    books_date: str = ""
    source_total: str | None = None
    """``None`` where the source does not count it here."""
    books_total: str | None = None
    difference: str
    text: str = ""
    """Why, in a sentence."""
    by: str = ""
    """Who set it aside."""
    since: str = ""
    """RFC 3339 instant since when it has waited."""
    late: str = ""
    """Instant of its last write to the books, when that was after the end of the period."""
    open_besides: str = ""
    """Of a document that agrees in its total: what else is held or pending."""
    source_seq: int = 0
    """Ledger entry that showed the source's side."""
    books_seq: int = 0
    seq: int = 0
    """Ledger entry of the reason."""
