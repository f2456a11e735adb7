"""The drift list: one page of the records on which the systems differ, and how many there were.

Order, filter and counts come from the ledger's own list; what a row says besides is put together
for that page alone. Reads one transaction of the ledger; works with and without a daemon.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from daemon.control.filters import age, amount, choice, parse, text, word
from daemon.control.frame import Json
from daemon.control.pointing import Pointing
from daemon.control.protocol_drift import (
    AmountShown,
    DriftAnswer,
    DriftClass,
    DriftHistoryAnswer,
    DriftPoint,
    DriftQuery,
    DriftRow,
)
from daemon.control.shapes import Labels, shown_value
from daemon.control.showing import parties_of, titles
from daemon.control.text import clip, value_text
from ledger.model.aside import aside_key
from ledger.model.drift import UNFINISHED, URGENCY
from ledger.model.facts import RecordView, Side
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId, SystemName
from ledger.model.plans import Action
from ledger.model.records import is_at_rest
from ledger.model.values import UNSET, Lines, Reference
from ledger.store.rows import HeldRow, OperationRow
from ledger.store.views import DriftEntry, Views
from ledger.store.views_drift import DriftOrder

STATES = ("waiting", "planned", "approved", "sending", "held", "skipped")
COLUMNS = (
    choice("class", DriftClass),
    choice("kind", Kind),
    word("to"),
    choice("state", STATES),
    word("reason"),
    amount("amount"),
    age("age"),
    text("label"),
    text("party"),
    word("record"),
)
MOST_POINTS = 20_000
WIDEST_SIDE = 24
"""Columns of what one side shows."""


def the_drift(
    views: Views,
    query: DriftQuery,
    *,
    as_of: datetime,
    systems: Sequence[SystemName],
    home_currency: str,
    complete: bool,
) -> DriftAnswer:
    """One page. ``Declined`` for a filter that says nothing."""
    page = views.drift_page(
        parse(query.filter, COLUMNS),
        order=DriftOrder(query.sort.value),
        limit=query.limit,
        offset=query.offset,
        now=as_of,
    )
    counts = views.drift_counts()
    return DriftAnswer(
        as_of=as_of,
        head=views.head()[0],
        rows=_Page(views, page.rows, systems, home_currency).rows(as_of),
        offset=query.offset,
        total=page.total,
        everything=counts.records,
        by_class={one.value: n for one, n in counts.by_class.items()},
        by_kind={kind.value: n for kind, n in counts.by_kind.items()},
        amounts=_amounts(page.amounts, home_currency),
        complete=complete,
    )


def drift_history(views: Views, *, as_of: datetime) -> DriftHistoryAnswer:
    """A point for each hour in which a number moved: what stayed as it was is left out."""
    points: list[DriftPoint] = []
    for hour in views.drift_history(limit=MOST_POINTS):
        last = points[-1] if points else None
        if last is None or (last.records, last.conflicts) != (hour.records, hour.conflicts):
            points.append(
                DriftPoint(at=f"{hour.hour}:00:00Z", records=hour.records, conflicts=hour.conflicts)
            )
    return DriftHistoryAnswer(as_of=as_of, points=tuple(points))


class _Page:
    """What the rows of one page have to be looked up for."""

    def __init__(
        self,
        views: Views,
        entries: Sequence[DriftEntry],
        systems: Sequence[SystemName],
        home_currency: str,
    ) -> None:
        self._entries = entries
        self._systems = systems
        self._home_currency = home_currency
        records = [entry.record for entry in entries]
        pointing = Pointing(views)
        self._views = {view.record: view for view in views.views(records, agreed=False)}
        self._titles = titles(views, self._views.values(), pointing)
        documents = [view for view in self._views.values() if view.kind in DOCUMENT_KINDS]
        self._parties = parties_of(views, documents, pointing)
        self._work = views.operations_of(records, UNFINISHED)
        self._holds = views.holds_of(records)
        self._skips = {
            (skip.record, *aside_key(skip.subject, skip.digest)): skip.until
            for skips in views.skips_of(records).values()
            for skip in skips
        }

    def rows(self, now: datetime) -> tuple[DriftRow, ...]:
        return tuple(self._row(entry, now) for entry in self._entries)

    def _row(self, entry: DriftEntry, now: datetime) -> DriftRow:
        record = entry.record
        work, holds = self._work.get(record, []), self._holds.get(record, [])
        view = self._views.get(record)
        fields = _fields(work, holds)
        since = datetime.fromisoformat(entry.since)
        return DriftRow(
            record=record,
            kind=entry.kind.value,
            class_=entry.drift,
            label=view.label if view is not None else record,
            title=self._titles.get(record, record),
            party=self._parties.get(record, ""),
            sides=self._sides(view, fields, work),
            fields=fields,
            amount=self._amount(entry),
            targets=entry.targets,
            state=entry.state,
            reason=entry.reason,
            text=self._text(entry, work, holds),
            digests=tuple(row.operation.digest for row in work if row.state == "waiting"),
            since=entry.since,
            age_s=max(0, int((now - since).total_seconds())),
            until=self._until(work, holds) if entry.state == "skipped" else "",
        )

    def _amount(self, entry: DriftEntry) -> AmountShown | None:
        if entry.amount is None:
            return None
        currency = entry.currency or self._home_currency
        return AmountShown(currency=currency, amount=format(entry.amount, "f"))

    def _sides(
        self, view: RecordView | None, fields: Sequence[str], work: Sequence[OperationRow]
    ) -> dict[str, str]:
        if view is None:
            return {}
        ends = any(row.operation.action not in _WRITES for row in work)
        field = "" if ends or not fields else fields[0]
        systems = dict.fromkeys((*self._systems, *sorted(view.sides)))
        return {system: _side_text(view.sides.get(system), field) for system in systems}

    def _text(
        self, entry: DriftEntry, work: Sequence[OperationRow], holds: Sequence[HeldRow]
    ) -> str:
        """Why it stands as it does: of what is not set aside where there is any."""
        kept = [h for h in holds if not self._is_skipped(h.record, h.subject, h.payload)] or holds
        open_work = [
            row for row in work if not self._is_skipped(*_subject(row))
        ] or work  # all of it is set aside, or none of it
        if entry.state == "held" or not open_work:
            first = min(kept, key=lambda row: (URGENCY[row.hold.code], row.subject), default=None)
            return first.hold.text if first is not None else ""
        order = {state: place for place, state in enumerate(UNFINISHED)}
        row = min(open_work, key=lambda row: (order[row.state], row.operation.system))
        return row.text or row.operation.why

    def _until(self, work: Sequence[OperationRow], holds: Sequence[HeldRow]) -> str:
        aside = [*map(_subject, work), *((h.record, h.subject, h.payload) for h in holds)]
        return min(filter(None, (self._skips.get(one, "") for one in aside)), default="")

    def _is_skipped(self, record: RecordId, subject: str, digest: str) -> bool:
        return (record, subject, digest) in self._skips


_WRITES = frozenset({Action.CREATE, Action.UPDATE})
"""All other actions are about whether the record still counts, not about a field of it."""


def _subject(row: OperationRow) -> tuple[RecordId, str, str]:
    """By what its skip is found: see ``aside_key``."""
    operation = row.operation
    return operation.record, "", operation.digest


def _fields(work: Iterable[OperationRow], holds: Iterable[HeldRow]) -> tuple[str, ...]:
    """What differs; a record that is to be made, or that ended, differs as a whole."""
    found: dict[str, None] = {}
    for row in work:
        if row.operation.action is Action.UPDATE:
            found.update(dict.fromkeys(change.field for change in row.operation.changes))
    for held in holds:
        if held.conflict is not None:
            found.update(dict.fromkeys(field.field for field in held.conflict.fields))
        elif held.hold.field:
            found[held.hold.field] = None
    return tuple(found)


def _side_text(side: Side | None, field: str) -> str:
    """What a system shows, in a few characters."""
    if side is None:
        return "(none)"
    record = side.record
    if side.tombstone:
        return "(gone)"
    if side.problem is not None:
        return "unreadable"
    if side.out_of_scope or record is None:
        return "out of scope" if side.out_of_scope else "(none)"
    value = getattr(record, field, UNSET) if field else UNSET
    if value is not UNSET and not isinstance(value, Lines | Reference | bool):
        return clip(value_text(_plain(value)), WIDEST_SIDE)
    total = getattr(record, "total", None)
    if is_at_rest(record):
        return "voided" if record.KIND in DOCUMENT_KINDS else "inactive"
    return format(total, "f") if isinstance(total, Decimal) else "active"


def _plain(value: object) -> Json:
    return shown_value(value, _NO_LABELS)  # type: ignore[arg-type]


_NO_LABELS = Labels()


def _amounts(sums: Mapping[str, Decimal], home_currency: str) -> tuple[AmountShown, ...]:
    found: dict[str, Decimal] = {}
    for currency, total in sums.items():
        name = currency or home_currency
        found[name] = found.get(name, Decimal(0)) + total
    return tuple(
        AmountShown(currency=currency, amount=format(total, "f"))
        for currency, total in sorted(found.items())
    )
