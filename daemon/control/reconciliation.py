"""The month-end reconciliation: every document in one line, every line with its records. Pure.

Counting and reasons are those of ``totals``; here they become the lines of a statement in which
source total + differences = books total, per kind and currency. What nothing explains is a line
of its own and can be in no other.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from daemon.control.totals import (
    NOTHING,
    STANDING,
    By,
    Cell,
    Differing,
    Figure,
    Further,
    Line,
    Reason,
    Rules,
    Seen,
    Tally,
    look,
)
from ledger.model.facts import HoldCode
from ledger.store.rows import DocumentRow, DocumentSide


class Section(StrEnum):
    """Lines of a statement, in their order."""

    AGREED = "agreed"
    TIMING = "timing"
    """Dated in the period by one system and outside by the other, and the ledger knows why."""
    PENDING = "pending"
    HELD = "held"
    DISCREPANT = "discrepant"
    """Posted, and the books show another total than was sent."""
    SKIPPED = "skipped"
    VARIANCE = "variance"
    ACCEPTED = "accepted"
    ONLY_IN_BOOKS = "only_in_books"
    FOREIGN_CURRENCY = "foreign_currency"
    BEFORE_SINCE = "before_since"
    OUT_OF_SCOPE = "out_of_scope"
    OFF = "off"
    UNEXPLAINED = "unexplained"
    EARLY = "early"
    """Dated before the first day by each system that counts it: no part of the equation."""
    NOT_COUNTED = "not_counted"
    """Cannot be counted: unreadable, or without a date."""


OPEN = (Section.TIMING, Section.PENDING, Section.HELD, Section.DISCREPANT, Section.UNEXPLAINED)
APART = (Section.EARLY, Section.NOT_COUNTED)
BUCKETS = ((7, "0-7"), (30, "8-30"), (60, "31-60"), (90, "61-90"))
OLDER, UNKNOWN = "90+", "unknown"

_OF_REASON = {
    Reason.WAITING: Section.PENDING,
    Reason.HELD: Section.HELD,
    Reason.SKIPPED: Section.SKIPPED,
    Reason.VARIANCE: Section.VARIANCE,
    Reason.ACCEPTED: Section.ACCEPTED,
    Reason.ONLY_IN_BOOKS: Section.ONLY_IN_BOOKS,
    Reason.FOREIGN_CURRENCY: Section.FOREIGN_CURRENCY,
    Reason.BEFORE_SINCE: Section.BEFORE_SINCE,
    Reason.OUT_OF_SCOPE: Section.OUT_OF_SCOPE,
    Reason.OFF: Section.OFF,
    Reason.UNEXPLAINED: Section.UNEXPLAINED,
}


class Key(msgspec.Struct, frozen=True, order=True):
    """What tells one line of a statement from the others."""

    section: Section
    detail: str = ""
    reason: str = ""


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """The entry that tells a reason."""

    since: str = ""
    seq: int = 0
    reason: str = ""
    by: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One document in one cell."""

    cell: Cell
    key: Key
    row: DocumentRow
    source: DocumentSide | None
    books: DocumentSide | None
    source_total: Decimal | None
    """None where the source does not count it in this cell."""
    books_total: Decimal | None
    text: str = ""
    behind: Behind = Behind()
    late: str = ""
    open_besides: str = ""

    @property
    def difference(self) -> Decimal:
        return (self.books_total or NOTHING) - (self.source_total or NOTHING)


class Sums(msgspec.Struct):
    """One line of a statement, added up."""

    count: int = 0
    source: Decimal = NOTHING
    books: Decimal = NOTHING
    oldest: str = ""

    def add(self, item: Item) -> None:
        self.count += 1
        self.source += item.source_total or NOTHING
        self.books += item.books_total or NOTHING
        since = item.behind.since
        if since and (not self.oldest or since < self.oldest):
            self.oldest = since

    @property
    def difference(self) -> Decimal:
        return self.books - self.source


class Statement(msgspec.Struct):
    """One kind in one currency."""

    totals: Line
    lines: dict[Key, Sums] = msgspec.field(default_factory=dict)
    open_besides: int = 0
    late: Figure = msgspec.field(default_factory=Figure)

    @property
    def agreed(self) -> Sums:
        return self.lines.get(Key(Section.AGREED), Sums())


class Reconciliation:
    """Adds documents up. ``statements`` holds sums only, whatever the number of documents."""

    def __init__(self, rules: Rules, *, as_of: datetime) -> None:
        self.rules = rules
        self.as_of = as_of
        self.tally = Tally(rules, By.KIND)
        self.ages: dict[tuple[str, str], Figure] = {}
        """What is open, by currency and bucket."""
        self._statements: dict[Cell, Statement] = {}

    def add(
        self, row: DocumentRow, further: Further | None = None, *, late: str = ""
    ) -> tuple[Item, ...]:
        """Count one document: one item for each cell in which it counts, or none."""
        seen = look(row, self.rules)
        found = self.tally.add(row, further)
        items = tuple(self._items(seen, found, late))
        for item in items:
            self._count(item)
        return items

    @property
    def statements(self) -> dict[Cell, Statement]:
        for cell, line in self.tally.lines.items():
            self._statement(cell).totals = line
        return self._statements

    def _statement(self, cell: Cell) -> Statement:
        return self._statements.setdefault(cell, Statement(Line()))

    def _items(self, seen: Seen, found: Differing | None, late: str) -> Iterator[Item]:
        source, books = self.tally.cells(seen)
        if source is None and books is None:
            yield from self._apart(seen)
            return
        if found is None:
            key, text, behind = Key(Section.AGREED), "", Behind()
        else:
            key, text, behind = classify(seen, found, self.rules)
        besides = _besides(seen.row) if found is None else ""
        for cell in sorted({cell for cell in (source, books) if cell is not None}):
            yield Item(
                cell=cell,
                key=key,
                row=seen.row,
                source=seen.source,
                books=seen.books,
                source_total=_amount(seen.source) if cell == source else None,
                books_total=_amount(seen.books) if cell == books else None,
                text=text,
                behind=behind,
                late=late if cell == books else "",
                open_besides=besides,
            )

    def _apart(self, seen: Seen) -> Iterator[Item]:
        """A document that is no part of the equation and that nobody may overlook."""
        sides = [side for side in (seen.source, seen.books) if side is not None]
        why = _why_not_counted(sides, self.rules)
        early = [
            side
            for side, is_early in (
                (seen.source, seen.source_is_early),
                (seen.books, seen.books_are_early),
            )
            if is_early and side is not None and self.rules.covers(side.date)
        ]
        if not early and not why:
            return
        section = Section.EARLY if early else Section.NOT_COUNTED
        shown = early or sides
        currency = shown[0].currency or self.rules.home_currency
        yield Item(
            cell=Cell(seen.row.kind, currency, ""),
            key=Key(section),
            row=seen.row,
            source=seen.source,
            books=seen.books,
            source_total=_amount(seen.source) if seen.source in early else None,
            books_total=_amount(seen.books) if seen.books in early else None,
            text="dated before the first day" if early else why,
        )

    def _count(self, item: Item) -> None:
        statement = self._statement(item.cell)
        statement.lines.setdefault(item.key, Sums()).add(item)
        statement.open_besides += bool(item.open_besides)
        if item.late:
            statement.late.add(item.books_total or NOTHING)
        if item.key.section in OPEN:
            bucket = age(item.behind.since, self.as_of)
            place = (item.cell.currency, bucket)
            self.ages.setdefault(place, Figure()).add(abs(item.difference))


def classify(seen: Seen, found: Differing, rules: Rules) -> tuple[Key, str, Behind]:
    """The line that a difference belongs to, a sentence for it, and the entry that tells it."""
    why = found.why
    behind = _behind(seen.row, why.reason, why.detail)
    if why.reason is Reason.UNEXPLAINED:
        return Key(Section.UNEXPLAINED), _unexplained_text(seen, rules, found.text), behind
    if _is_timing(seen, rules):
        dates = f"dated {_date(seen.source)} in the source and {_date(seen.books)} in the books"
        key = Key(Section.TIMING, why.reason.value, why.detail)
        return key, f"{dates}; {found.text}", behind
    if why.reason is Reason.HELD and why.detail == HoldCode.DISCREPANT.value:
        return Key(Section.DISCREPANT), found.text, behind
    return Key(_OF_REASON[why.reason], why.detail, behind.reason), found.text, behind


def _is_timing(seen: Seen, rules: Rules) -> bool:
    """Whether both systems count the document and one of them does so outside the period."""
    if not (seen.source_counts and seen.books_count) or seen.source is None or seen.books is None:
        return False
    return rules.covers(seen.source.date) != rules.covers(seen.books.date)


def _unexplained_text(seen: Seen, rules: Rules, text: str) -> str:
    if _is_timing(seen, rules):
        dates = f"dated {_date(seen.source)} in the source and {_date(seen.books)} in the books"
        return f"{dates}; {text}"
    return text


def _date(side: DocumentSide | None) -> str:
    return (side.date if side is not None else "") or "on no day"


def _behind(row: DocumentRow, reason: Reason, detail: str) -> Behind:
    if reason is Reason.SKIPPED:
        return Behind(since=row.skipped_since, by=row.skipped_by)
    if reason is Reason.WAITING and row.work:
        work = row.work[0]
        return Behind(since=work.since, seq=work.seq, reason=work.reason)
    if reason in (Reason.HELD, Reason.FOREIGN_CURRENCY):
        wanted = detail or HoldCode.FOREIGN_CURRENCY.value
        hold = next((hold for hold in row.holds if hold.code.value == wanted), None)
        if hold is not None:
            return Behind(since=hold.since, seq=hold.seq)
    return Behind()


def _besides(row: DocumentRow) -> str:
    """What is open about a document whose totals agree."""
    if row.skipped:
        return f"skipped: {row.skipped}"
    if row.holds:
        return f"held: {row.holds[0].text}"
    return f"pending: {row.work[0].action.value} {row.work[0].state}" if row.work else ""


def _why_not_counted(sides: Iterable[DocumentSide], rules: Rules) -> str:
    """Why a document that may belong to the period counts nowhere; ``""`` for what does not."""
    for side in sides:
        if side.tombstone or side.out_of_scope:
            continue
        if side.problem:
            return f"{side.ref} cannot be read: {side.problem}"
        if side.status in STANDING and not side.date and rules.first:
            return f"{side.ref} has no date"
    return ""


def _amount(side: DocumentSide | None) -> Decimal:
    return NOTHING if side is None or side.total is None else side.total


def age(since: str, as_of: datetime) -> str:
    """The bucket of something that has waited since an RFC 3339 instant."""
    if not since:
        return UNKNOWN
    days = (as_of - datetime.fromisoformat(since)).days
    return next((name for most, name in BUCKETS if days <= most), OLDER)


def in_order(lines: dict[Key, Sums]) -> list[tuple[Key, Sums]]:
    """Lines in the order of the sections, the largest reasons of each first."""
    places = {section: place for place, section in enumerate(Section)}
    return sorted(
        lines.items(),
        key=lambda pair: (places[pair[0].section], -pair[1].count, pair[0].detail, pair[0].reason),
    )
