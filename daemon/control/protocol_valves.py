"""The part of the control protocol that stops, sets aside and answers: pauses, skips, the error
desk, remaps, accepted absence."""

from typing import Annotated

from msgspec import Meta

from daemon.control.frame import Answer, Part, Request, Seen

Reason = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]
Named = Annotated[str, Meta(min_length=1, max_length=500)]
MAX_ROWS = 5_000


class PauseRequest(Request, frozen=True, kw_only=True):
    """Write nothing of this scope until it is resumed. Reading and planning go on."""

    system: Annotated[str, Meta(max_length=100)] = ""
    """Empty: every system."""
    kind: Annotated[str, Meta(max_length=40)] = ""
    """Empty: every kind."""
    reason: Reason
    dry_run: bool = False


class ResumeRequest(PauseRequest, frozen=True, kw_only=True):
    """Lift the pause of exactly this scope."""


class PauseShown(Part, frozen=True, kw_only=True):
    system: str
    kind: str
    reason: str
    by: str
    since: str
    job: str = ""
    """The job that froze the scope for itself."""
    seq: int = 0


class ClosedShown(Part, frozen=True, kw_only=True):
    """The calendar lets nothing be written now."""

    reason: str
    """``frozen`` or ``window``"""
    text: str
    opens_at: str = ""
    """Empty: never, as things are configured."""


class SkipRequest(Request, frozen=True, kw_only=True):
    """Set aside what is planned for one record and what holds it, or every hold of a pattern."""

    record: Annotated[str, Meta(max_length=500)] = ""
    pattern: Annotated[str, Meta(max_length=100)] = ""
    reason: Reason
    expect_count: Annotated[int, Meta(ge=0)] | None = None
    """Required with a pattern: how many records you expect."""
    until: Annotated[str, Meta(max_length=60)] = ""
    """A day or an instant, in the company's zone unless it names another, at which it is taken
    up again; empty: it ends by a change or a retry alone."""
    seen: Seen = 0
    """With a record."""
    dry_run: bool = False


class RetryPatternRequest(Request, frozen=True, kw_only=True):
    """Take up again every record that is held for one pattern."""

    pattern: Annotated[str, Meta(min_length=1, max_length=100)]
    reason: Annotated[str, Meta(max_length=1000)] = ""
    expect_count: Annotated[int, Meta(ge=0)]
    dry_run: bool = False


class ResolvePatternRequest(Request, frozen=True, kw_only=True):
    """The value of that system is right, in every record that is held for one pattern."""

    pattern: Annotated[str, Meta(min_length=1, max_length=100)]
    field: Annotated[str, Meta(min_length=1, max_length=100)]
    take: Annotated[str, Meta(min_length=1, max_length=100)]
    reason: Reason
    expect_count: Annotated[int, Meta(ge=0)]
    dry_run: bool = False


class SkipShown(Part, frozen=True, kw_only=True):
    """Something set aside that is still as it was then."""

    record: str
    kind: str
    label: str
    subject: str
    what: str
    """What is not done, in a sentence."""
    reason: str
    by: str
    since: str
    seq: int
    until: str = ""
    """Instant at which that ends by itself; empty: by a change or a retry alone."""


class SkipsAnswer(Answer, frozen=True, kw_only=True):
    skips: tuple[SkipShown, ...]
    more: bool = False


class TroubleShown(Part, frozen=True, kw_only=True):
    """One reason why one record does not flow."""

    record: str
    kind: str
    label: str
    code: str
    pattern: str
    text: str
    """The cause."""
    cure: str
    field: str = ""
    system: str = ""
    since: str
    age_s: int
    next_try: str
    """What makes it be tried again."""
    skipped: bool = False
    until: str = ""
    """Instant at which that ends by itself; empty: by a change or a retry alone."""


class PatternShown(Part, frozen=True, kw_only=True):
    """Troubles that say the same of different records."""

    pattern: str
    code: str
    text: str
    """What they have in common."""
    cure: str
    records: int
    skipped: int = 0
    oldest: str
    sample: tuple[str, ...]
    fields: tuple[str, ...] = ()
    """Those that a person may choose a side of, for all of them at once."""


class DeskAnswer(Answer, frozen=True, kw_only=True):
    """Everything that does not flow, by what is the matter with it."""

    patterns: tuple[PatternShown, ...]
    rows: tuple[TroubleShown, ...]
    records: int
    """Held records in all, whichever page is shown."""
    skipped: int
    limit: int
    offset: int
    more: bool


class AcceptAbsenceRequest(Request, frozen=True, kw_only=True):
    """So many records are really gone: the next proved look at them may find them missing."""

    system: Annotated[str, Meta(max_length=100)]
    kind: Annotated[str, Meta(max_length=40)]
    most: Annotated[int, Meta(ge=1)]
    reason: Reason
    dry_run: bool = False


class RemapRequest(Request, frozen=True, kw_only=True):
    """In ``system``, ``new`` is meant where ``old`` is said; ``undo`` takes that back."""

    old: Named
    new: Annotated[str, Meta(max_length=500)] = ""
    system: Annotated[str, Meta(max_length=100)] = ""
    """Empty: the books."""
    undo: bool = False
    reason: Reason
    dry_run: bool = False


class RemapShown(Part, frozen=True, kw_only=True):
    system: str
    old: str
    old_label: str
    new: str
    new_label: str
    reason: str
    by: str
    since: str
    seq: int


class QuestionShown(Part, frozen=True, kw_only=True):
    """Records that wait for one and the same answer."""

    group: str
    target: str
    """The record that all of them point to."""
    target_label: str
    text: str
    cure: str
    records: int
    sample: tuple[str, ...]


class RemapsAnswer(Answer, frozen=True, kw_only=True):
    remaps: tuple[RemapShown, ...]
    questions: tuple[QuestionShown, ...]
