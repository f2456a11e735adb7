"""What both systems' documents come to, and why that differs. Pure.

Every document is counted in each system under what *that* system shows of it, so that a figure here
can be found again in that system's own reports. A difference (books less source) is given to
reasons, document by document; what no reason is known for is ``unexplained`` and never hidden.
Currencies are never added up together.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.store.rows import DocumentHold, DocumentRow, DocumentSide

STANDING = ("open", "closed")
NOTHING = Decimal()
NO_DATE = "no date"
ELSEWHERE = "another"
"""Beginning of the key of a party that no record is known for."""
SUM_FIELDS = ("", "lines", "total", "tax_total", "status", "currency", "number")
"""Fields whose hold says more about a difference of sums than a pending change does."""


class By(StrEnum):
    """What one row of the report is about, beside kind and currency."""

    KIND = ""
    MONTH = "month"
    PARTY = "party"


class Reason(StrEnum):
    """Why a document counts differently on both sides."""

    VARIANCE = "variance"
    """The tax of both differs by no more than is let pass."""
    ACCEPTED = "accepted"
    """A person, or the configuration, let the books keep what they show."""
    SKIPPED = "skipped"
    """A person set it aside; it stays a difference."""
    HELD = "held"
    WAITING = "waiting"
    """A change that would bring both together is planned, waits, or is being sent."""
    FOREIGN_CURRENCY = "foreign_currency"
    BEFORE_SINCE = "before_since"
    """One of the two systems dates it before the first day of its kind."""
    ONLY_IN_BOOKS = "only_in_books"
    OUT_OF_SCOPE = "out_of_scope"
    OFF = "off"
    """The kind is switched off."""
    UNEXPLAINED = "unexplained"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What counts, and how far apart two taxes may be."""

    books: SystemName
    home_currency: str
    since: Mapping[Kind, str]
    """First day of each kind; kinds without one are off."""
    off: frozenset[Kind] = frozenset()
    tolerance: Mapping[Kind, Decimal] = msgspec.field(default_factory=dict)
    first: str = ""
    """First day of the documents that count, ``YYYY-MM-DD``; ``""`` for all."""
    last: str = ""
    """Last day."""

    def covers(self, date: str) -> bool:
        """Whether a document of that date counts; without a date only where all do."""
        return not self.first or self.first <= date <= self.last


class Further(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked up only for documents that nothing else explains."""

    is_accepted: bool = False
    is_under_way: bool = False


class Cell(msgspec.Struct, frozen=True, order=True):
    """Where a document is counted."""

    kind: Kind
    currency: str
    group: str
    """Month, party key, or ``""``."""


class Why(msgspec.Struct, frozen=True, order=True):
    """A reason with the word that tells it from others of its sort: hold code, state."""

    reason: Reason
    detail: str = ""


class Figure(msgspec.Struct):
    """A number of documents and what they come to."""

    count: int = 0
    amount: Decimal = NOTHING

    def add(self, amount: Decimal) -> None:
        self.count += 1
        self.amount += amount


class Line(msgspec.Struct):
    """One cell of the report; ``parts`` add up to ``difference`` exactly."""

    source: Figure = msgspec.field(default_factory=Figure)
    books: Figure = msgspec.field(default_factory=Figure)
    parts: dict[Why, Figure] = msgspec.field(default_factory=dict)

    @property
    def difference(self) -> Decimal:
        return self.books.amount - self.source.amount


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """One document that counts differently, with the reason."""

    row: DocumentRow
    source: DocumentSide | None
    books: DocumentSide | None
    source_total: Decimal | None
    """None where the source does not count it."""
    books_total: Decimal | None
    why: Why
    text: str

    @property
    def difference(self) -> Decimal:
        return (self.books_total or NOTHING) - (self.source_total or NOTHING)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One document as the report reads it."""

    row: DocumentRow
    source: DocumentSide | None
    books: DocumentSide | None
    source_counts: bool
    books_count: bool
    source_is_early: bool
    books_are_early: bool


class Tally:
    """Adds documents up, cell by cell. ``differing`` lists those that count differently."""

    def __init__(self, rules: Rules, by: By) -> None:
        self.rules = rules
        self.by = by
        self.lines: dict[Cell, Line] = {}
        self.early: dict[Cell, Line] = {}
        """Documents dated before the first day of their kind, apart; not explained."""

    def add(self, row: DocumentRow, further: Further | None = None) -> Differing | None:
        """Count one document; what it is told apart by, when both sides do not count the same."""
        seen = look(row, self.rules)
        source, books = self.cells(seen)
        self._add_early(seen)
        if source is None and books is None:
            return None
        mine, theirs = _amount(seen.source), _amount(seen.books)
        if source is not None:
            self._line(source).source.add(mine)
        if books is not None:
            self._line(books).books.add(theirs)
        if source == books and mine == theirs:
            return None
        why, text = explain(seen, is_same_cell=source == books, rules=self.rules, further=further)
        for cell in {cell for cell in (source, books) if cell is not None}:
            here = theirs if cell == books else NOTHING
            there = mine if cell == source else NOTHING
            self._line(cell).parts.setdefault(why, Figure()).add(here - there)
        return Differing(
            row=row,
            source=seen.source,
            books=seen.books,
            source_total=None if source is None else mine,
            books_total=None if books is None else theirs,
            why=why,
            text=text,
        )

    def cells(self, seen: Seen) -> tuple[Cell | None, Cell | None]:
        """Where the source's and the books' side are counted; None where one is not."""
        source = self._cell(seen.source) if seen.source_counts else None
        books = self._cell(seen.books) if seen.books_count else None
        return source, books

    def _line(self, cell: Cell) -> Line:
        return self.lines.setdefault(cell, Line())

    def _add_early(self, seen: Seen) -> None:
        for side, is_early in (
            (seen.source, seen.source_is_early),
            (seen.books, seen.books_are_early),
        ):
            cell = self._cell(side) if is_early else None
            if side is None or cell is None:
                continue
            line = self.early.setdefault(Cell(cell.kind, cell.currency, ""), Line())
            figure = line.books if side is seen.books else line.source
            figure.add(_amount(side))

    def _cell(self, side: DocumentSide | None) -> Cell | None:
        """Where a side is counted; None when another period is asked for."""
        if side is None or not self.rules.covers(side.date):
            return None
        currency = side.currency or self.rules.home_currency
        return Cell(side.ref.kind, currency, _group(side, self.by))


def _group(side: DocumentSide, by: By) -> str:
    match by:
        case By.KIND:
            return ""
        case By.MONTH:
            return side.date[:7] or NO_DATE
        case By.PARTY:
            return party_key(side)


def party_key(side: DocumentSide) -> str:
    """The record of the party, else how its system writes it down, else ``""``."""
    if side.party_record is not None:
        return side.party_record
    return "" if side.party is None else f"{ELSEWHERE} {side.ref.system}: {side.party}"


def look(row: DocumentRow, rules: Rules) -> Seen:
    """Which sides of a document count, and which are dated too early to count."""
    books = row.sides.get(rules.books)
    source = next((side for name, side in sorted(row.sides.items()) if name != rules.books), None)
    since = rules.since.get(row.kind, "")
    mine = source is not None and _stands(source) and not source.out_of_scope
    theirs = books is not None and _stands(books)
    mine_early = mine and source is not None and _is_early(source, since)
    theirs_early = theirs and books is not None and _is_early(books, since)
    return Seen(
        row=row,
        source=source,
        books=books,
        source_counts=mine and not mine_early,
        books_count=theirs and not theirs_early,
        source_is_early=mine_early,
        books_are_early=theirs_early,
    )


def _stands(side: DocumentSide) -> bool:
    return side.status in STANDING and not side.tombstone and not side.problem


def _is_early(side: DocumentSide, since: str) -> bool:
    """Without a first day nothing flows, so that everything is before it."""
    return not since or (bool(side.date) and side.date < since)


def _amount(side: DocumentSide | None) -> Decimal:
    return NOTHING if side is None or side.total is None else side.total


def needs_more(row: DocumentRow, rules: Rules) -> bool:
    """Whether only a closer look (``Further``) may explain why both sides differ."""
    seen = look(row, rules)
    if not (seen.source_counts or seen.books_count):
        return False
    both = seen.source_counts and seen.books_count
    same_place = both and _place(seen.source, rules) == _place(seen.books, rules)
    if same_place and _amount(seen.source) == _amount(seen.books):
        return False
    why, _ = explain(seen, is_same_cell=same_place, rules=rules, further=None)
    return why.reason is Reason.UNEXPLAINED


def _place(side: DocumentSide | None, rules: Rules) -> tuple[str, bool, str, str]:
    """Where a side counts in every cut of the report."""
    if side is None:
        return ("", False, "", "")
    return (side.date[:7], rules.covers(side.date), side.currency, party_key(side))


def explain(
    seen: Seen, *, is_same_cell: bool, rules: Rules, further: Further | None
) -> tuple[Why, str]:
    """The reason why a document counts differently, and a sentence for it."""
    return _plainly(seen, is_same_cell, rules) or _by_state(seen, rules) or _further(further)


def _plainly(seen: Seen, is_same_cell: bool, rules: Rules) -> tuple[Why, str] | None:
    """Reasons that the figures themselves tell."""
    unreadable = next((s for s in (seen.source, seen.books) if s is not None and s.problem), None)
    if unreadable is not None:
        return Why(Reason.HELD, HoldCode.UNREADABLE.value), unreadable.problem
    if is_same_cell and _is_variance(seen, rules):
        return Why(Reason.VARIANCE), "the tax differs by no more than is let pass"
    if seen.source_is_early or seen.books_are_early:
        since = rules.since.get(seen.row.kind, "")
        return Why(Reason.BEFORE_SINCE), f"one of the systems dates it before {since}"
    return None


def _by_state(seen: Seen, rules: Rules) -> tuple[Why, str] | None:
    """Reasons that the ledger knows: skips, holds, work under way, what is switched off."""
    if seen.row.skipped:
        return Why(Reason.SKIPPED), seen.row.skipped
    holds = seen.row.holds
    foreign = next((hold for hold in holds if hold.code is HoldCode.FOREIGN_CURRENCY), None)
    if foreign is not None:
        return Why(Reason.FOREIGN_CURRENCY), foreign.text
    on_sums = next((hold for hold in holds if _is_about_sums(hold)), None)
    if on_sums is not None:
        return Why(Reason.HELD, on_sums.code.value), on_sums.text
    if seen.row.work:
        work = seen.row.work[0]
        return Why(Reason.WAITING, work.state), work.text or f"{work.action.value} {work.state}"
    if holds:
        return Why(Reason.HELD, holds[0].code.value), holds[0].text
    if seen.source is None:
        return Why(Reason.ONLY_IN_BOOKS), "entered in the books and nowhere else"
    if seen.source.out_of_scope:
        return Why(Reason.OUT_OF_SCOPE), seen.source.out_of_scope
    if seen.row.kind in rules.off:
        return Why(Reason.OFF), "the kind is switched off"
    return None


def _further(further: Further | None) -> tuple[Why, str]:
    if further is not None and further.is_accepted:
        return Why(Reason.ACCEPTED), "the books may keep what they show"
    if further is not None and further.is_under_way:
        return Why(Reason.WAITING, "not_planned"), "it changed and was not looked at yet"
    return Why(Reason.UNEXPLAINED), "nothing that the ledger knows explains it"


def _is_variance(seen: Seen, rules: Rules) -> bool:
    source, books = seen.source, seen.books
    if source is None or books is None or source.total is None or books.total is None:
        return False
    mine, theirs = source.tax_total or NOTHING, books.tax_total or NOTHING
    difference = books.total - source.total
    tolerance = rules.tolerance.get(seen.row.kind, NOTHING)
    return difference == theirs - mine and abs(difference) <= tolerance


def _is_about_sums(hold: DocumentHold) -> bool:
    return hold.field.partition("[")[0] in SUM_FIELDS


def in_order(lines: Mapping[Cell, Line]) -> Iterator[tuple[Cell, Line]]:
    """Cells by kind in the order of the kinds, then currency, then group."""
    kinds = {kind: number for number, kind in enumerate(Kind)}
    yield from sorted(
        lines.items(), key=lambda pair: (kinds[pair[0].kind], pair[0].currency, pair[0].group)
    )


def by_importance(differing: Differing) -> tuple[bool, str, str, str, RecordId]:
    """Sort key: what nothing explains first, then by kind, date and number."""
    shown = differing.source or differing.books
    explained = differing.why.reason is not Reason.UNEXPLAINED
    row = differing.row
    if shown is None:
        return (explained, row.kind.value, "", "", row.record)
    return (explained, row.kind.value, shown.date, shown.number, row.record)
