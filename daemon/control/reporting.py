"""Gathers the reconciliation report: reads the ledger once, as it was at one moment.

What is counted and why is decided in ``reconciliation``; this module asks, adds names and writes
the lines of the stream. Works with and without a daemon. Must not hold anything whose size follows
the number of documents.
"""

import tempfile
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import msgspec

from daemon.control.finding import the_kind
from daemon.control.periods import Period, parse_period
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_report import (
    MasterShown,
    ReportRequest,
    ReportSummary,
    SystemNamed,
)
from daemon.control.reconciliation import OPEN, Item, Reconciliation, Section
from daemon.control.report_shapes import (
    counted,
    shown_ages,
    shown_master,
    shown_record,
    shown_statements,
)
from daemon.control.showing import name_of
from daemon.control.tallying import PageReader, State, rules_of, state_of
from daemon.control.totals import Rules
from daemon.reconcile.policy import Policy
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId, SystemName
from ledger.store.instants import instant
from ledger.store.ledger import Ledger
from ledger.store.rows import DocumentRow
from ledger.store.views import Views

PAGE = 100
"""Documents read in one go: about ten milliseconds, so that the daemon's loop is never held up."""
CHUNK = 64 * 1024


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes the report, of whom, and when."""

    company: str
    instance: str
    version: str
    made_by: str
    timezone: str
    as_of: datetime


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, understood."""

    period: Period
    documents: tuple[Kind, ...]
    masters: tuple[Kind, ...]
    agreed: bool


async def report(
    ledger: Ledger, policy: Policy, request: ReportRequest, origin: Origin
) -> AsyncGenerator[bytes, None]:
    """The stream: the summary's line, then one for each record.

    Goes through a file, so that neither a year of documents nor a slow reader costs memory, and
    the ledger is let go of before the first byte leaves. Raises ``Declined`` for a period or kind
    that does not exist.
    """
    gathering = Gathering(policy, understood(request), origin)
    with _spool(ledger.path.parent) as spool:
        async with aclosing(ledger.walk(gathering.lines)) as pages:
            async for lines in pages:
                _put(spool, lines)
        spool.seek(0)
        yield msgspec.json.encode(gathering.summary()) + b"\n"
        while chunk := spool.read(CHUNK):
            yield chunk


def _spool(folder: Path) -> IO[bytes]:
    """A file without a name, beside the ledger; elsewhere for who may only read there."""
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError:
        return tempfile.TemporaryFile()


def _put(spool: IO[bytes], lines: bytes) -> None:
    try:
        spool.write(lines)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Declined(
            Code.IO, f"the report cannot be put together: {reason}", cure="free some disk space"
        ) from error


def understood(request: ReportRequest) -> Asked:
    try:
        period = parse_period(request.period)
    except ValueError as error:
        raise Declined(Code.BAD_REQUEST, str(error)) from error
    kinds = tuple(dict.fromkeys(map(the_kind, request.kinds))) or tuple(Kind)
    return Asked(
        period=period,
        documents=tuple(kind for kind in DOCUMENT_KINDS if kind in kinds),
        masters=tuple(kind for kind in kinds if kind not in DOCUMENT_KINDS),
        agreed=request.agreed,
    )


class Gathering:
    """One report in the making. ``lines`` runs first, in the reader's thread; then ``summary``."""

    def __init__(self, policy: Policy, asked: Asked, origin: Origin) -> None:
        self.policy = policy
        self.asked = asked
        self.origin = origin
        first, last = asked.period.first.isoformat(), asked.period.last.isoformat()
        self.rules: Rules = rules_of(policy, first=first, last=last)
        self.found = Reconciliation(self.rules, as_of=origin.as_of)
        self.end = _end(asked.period, origin.timezone)
        self.records = 0
        self._names: dict[str, str] = {}
        self._facts: _Facts | None = None

    def lines(self, views: Views) -> Iterator[bytes]:
        """The records' lines, some hundred at a time."""
        self._facts = facts = _facts(views, self.policy, self.asked, self.origin)
        reader = PageReader(views, self.rules, self.policy, facts.state.dirty)
        for kind in self.asked.documents:
            after: str | None = ""
            while after is not None:
                page = reader.page(kind, after=after, limit=PAGE)
                rows = [row for row, _ in page]
                late = self._late(views, rows)
                items = [
                    item
                    for row, further in page
                    for item in self.found.add(row, further, late=late.get(row.record, ""))
                    if self.asked.agreed or item.key.section is not Section.AGREED
                ]
                yield self._shown(views, items)
                after = rows[-1].record if len(rows) == PAGE else None

    def _late(self, views: Views, rows: Sequence[DocumentRow]) -> dict[RecordId, str]:
        """When documents were last written, of those written after the end of the period."""
        if not self.is_over:
            return {}
        books = self.policy.books
        wanted = [
            row.record
            for row in rows
            if (side := row.sides.get(books)) is not None and self.rules.covers(side.date)
        ]
        end = instant(self.end)
        return {record: at for record, at in views.last_written(wanted).items() if at >= end}

    @property
    def is_over(self) -> bool:
        return self.origin.as_of >= self.end

    def _shown(self, views: Views, items: Sequence[Item]) -> bytes:
        self._learn_names(views, items)
        self.records += len(items)
        return b"".join(
            msgspec.json.encode(shown_record(item, self._names)) + b"\n" for item in items
        )

    def _learn_names(self, views: Views, items: Iterable[Item]) -> None:
        """What the parties are called; each is asked for once."""
        records = {
            side.party_record
            for item in items
            if (side := item.source or item.books) is not None and side.party_record is not None
        }
        new = [record for record in records if record not in self._names]
        if new:
            self._names |= {view.record: name_of(view) for view in views.views(new)}

    def summary(self) -> ReportSummary:
        facts = self._facts
        assert facts is not None, "the ledger is read first"
        origin, period, policy = self.origin, self.asked.period, self.policy
        return ReportSummary(
            as_of=origin.as_of,
            company=origin.company,
            instance=origin.instance,
            version=origin.version,
            made_by=origin.made_by,
            period=period.text,
            period_title=period.title,
            first=period.first.isoformat(),
            last=period.last.isoformat(),
            timezone=origin.timezone,
            home_currency=policy.home_currency,
            source=facts.source,
            books=facts.books,
            head=facts.head,
            head_hash=facts.head_hash,
            config=facts.config,
            mapping_version=facts.mapping_version,
            complete=facts.state.complete,
            dirty=len(facts.state.dirty),
            is_over=self.is_over,
            kinds=tuple(kind.value for kind in self.asked.documents),
            statements=shown_statements(self.found),
            masters=facts.masters,
            ages=tuple(shown_ages(self.found)),
            unexplained=counted(self.found, (Section.UNEXPLAINED,)),
            open=counted(self.found, OPEN),
            records=self.records,
            list_agreed=self.asked.agreed,
        )


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked once, in the same read as everything else."""

    state: State
    head: int
    head_hash: str
    config: str
    mapping_version: int
    source: SystemNamed
    books: SystemNamed
    masters: tuple[MasterShown, ...]


def _facts(views: Views, policy: Policy, asked: Asked, origin: Origin) -> _Facts:
    head, head_hash = views.head()
    pins = views.pins()

    def named(system: SystemName) -> SystemNamed:
        pin = pins.get(system)
        environment = pin.environment if pin is not None else ""
        return SystemNamed(name=system, title=policy.title(system), environment=environment)

    source = next(s for s in sorted(policy.systems) if s != policy.books)
    in_use = {count.kind for count in views.counts()}
    return _Facts(
        state=state_of(origin.as_of, policy, asked.documents, views),
        head=head,
        head_hash=head_hash,
        config=views.config() or "",
        mapping_version=views.mapping_version(),
        source=named(source),
        books=named(policy.books),
        masters=tuple(
            shown_master(kind, views.standings(kind, policy.books))
            for kind in asked.masters
            if kind in in_use
        ),
    )


def _end(period: Period, timezone: str) -> datetime:
    """First instant behind the period."""
    after = period.last + timedelta(days=1)
    return datetime.combine(after, time_of_day(), ZoneInfo(timezone))
