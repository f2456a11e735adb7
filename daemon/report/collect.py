"""Receives a report line by line, adds its records up again, and keeps the largest of each line.

The proof that a report is whole: what its records come to must be what its summary says. Memory
follows the limit, not the number of records; what nothing explains is kept to the last one.
"""

import heapq
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from daemon.control.frame import UNREADABLE
from daemon.control.protocol_report import LineShown, RecordShown, ReportSummary, StatementShown
from ledger.model.errors import TrueupError

DEFAULT_KEPT = 250


class ReportBroken(TrueupError):
    """The records do not come to what the summary says."""


class LineKey(NamedTuple):
    """Which line of which statement."""

    kind: str
    currency: str
    section: str
    detail: str
    reason: str


class Added(msgspec.Struct):
    """What the records of one line come to."""

    count: int = 0
    source: Decimal = Decimal()
    books: Decimal = Decimal()
    kept: list[tuple[Decimal, int, RecordShown]] = msgspec.field(default_factory=list)
    """A heap: the smallest difference first."""


class Collected:
    """A report as far as it has arrived; whole once ``close`` has returned."""

    def __init__(self, summary: ReportSummary, *, keep: int = DEFAULT_KEPT) -> None:
        self.summary = summary
        self.keep = keep
        self.records = 0
        self._added: dict[LineKey, Added] = {}

    def add(self, record: RecordShown) -> None:
        self.records += 1
        key = LineKey(record.kind, record.currency, record.section, record.detail, record.reason)
        added = self._added.setdefault(key, Added())
        added.count += 1
        added.source += Decimal(record.source_total or 0)
        added.books += Decimal(record.books_total or 0)
        if record.section == "agreed":
            return
        # Of equal ones the first that came stays; the number also keeps records from comparing.
        entry = (abs(Decimal(record.difference)), -self.records, record)
        if record.section == "unexplained" or len(added.kept) < self.keep:
            heapq.heappush(added.kept, entry)
        else:
            heapq.heappushpop(added.kept, entry)

    def close(self) -> None:
        """Raises ``ReportBroken`` unless every figure is what its records come to, and every
        statement balances."""
        if self.records != self.summary.records:
            raise ReportBroken(
                f"{self.summary.records:,} records were announced and {self.records:,} came",
                cure="make the report again",
            )
        for statement in self.summary.statements:
            self._prove(statement)

    def _prove(self, statement: StatementShown) -> None:
        where = f"{statement.kind} {statement.currency}"
        for line in (statement.agreed, *statement.lines, *statement.apart):
            if line.section == "agreed" and not self.summary.list_agreed:
                continue
            added = self._added.get(key_of(statement, line), Added())
            said = (line.count, Decimal(line.source_total), Decimal(line.books_total))
            if (added.count, added.source, added.books) != said:
                raise ReportBroken(
                    f"{where}, {line.section}: the records come to {added.count:,}, "
                    f"{added.source:f} and {added.books:f}, the summary says {said[0]:,}, "
                    f"{said[1]:f} and {said[2]:f}",
                    cure="make the report again; report this if it stays",
                )
        if residue(statement):
            raise ReportBroken(
                f"{where}: the lines leave {residue(statement):f} of the difference over",
                cure="report this",
            )

    def kept(self, statement: StatementShown, line: LineShown) -> list[RecordShown]:
        """The records of a line, the largest difference first."""
        added = self._added.get(key_of(statement, line))
        if added is None:
            return []
        return [
            record for *_, record in sorted(added.kept, key=lambda e: (e[0], e[1]), reverse=True)
        ]


def residue(statement: StatementShown) -> Decimal:
    """What is left of books total - source total - every line; zero, or the report is wrong."""
    difference = Decimal(statement.books_total) - Decimal(statement.source_total)
    return difference - sum((Decimal(line.difference) for line in statement.lines), Decimal())


def key_of(statement: StatementShown, line: LineShown) -> LineKey:
    return LineKey(statement.kind, statement.currency, line.section, line.detail, line.reason)


class Lines:
    """Cuts chunks that end anywhere into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        yield from whole

    @property
    def is_empty(self) -> bool:
        """Whether the last line was whole."""
        return not self._rest


def parse_summary(line: bytes) -> ReportSummary:
    try:
        return msgspec.json.decode(line, type=ReportSummary)
    except UNREADABLE as error:
        raise ReportBroken(
            "the daemon's report is in words that this version does not know",
            cure="use the same version of trueup for both (trueup version)",
        ) from error


def parse_record(line: bytes) -> RecordShown:
    try:
        return msgspec.json.decode(line, type=RecordShown)
    except UNREADABLE as error:
        raise ReportBroken(
            "a record of the report cannot be read", cure="make the report again"
        ) from error
