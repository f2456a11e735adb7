"""The ledger as a timeline: entries newest first, each in a sentence and with what it is about.

Reads one transaction; works with and without a daemon. What no index answers looks through so many
entries at most in one question, and says where to go on.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import get_args

import msgspec

from daemon.control.filters import Filter, Operator, Term, choice, parse, text, word
from daemon.control.finding import the_record
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import TimelineAnswer, TimelineQuery, TimelineRow
from daemon.control.shapes import shown_history
from daemon.control.words import entry_text
from ledger.model import entries
from ledger.model.entries import Entry
from ledger.model.ids import ExternalRef, RecordId, SystemName
from ledger.model.keys import fold
from ledger.store.rows import HistoryRow
from ledger.store.views import Views
from ledger.store.views_timeline import Span, entry_of

MOST_LOOKED_AT = 5_000
"""Entries that one question looks through for words; the next one goes on from there."""
CHUNK = 500
DAEMON = "daemon"
TYPES = tuple(sorted(one.__name__ for one in get_args(Entry)))
_BY_WORD = {name.lower(): name for name in TYPES}
COLUMNS = (text("actor"), choice("entry", _BY_WORD), word("record"))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a query comes to: what an index answers, and what is left to look at."""

    span: Span
    limit: int
    entry: str = ""
    actor: str = ""
    record: RecordId | None = None
    rest: Filter = ()
    """Terms that every entry is held against."""
    needs_text: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    rows: Sequence[HistoryRow]
    """With their bodies."""
    next_before: int


def the_timeline(
    views: Views, query: TimelineQuery, *, as_of: datetime, systems: tuple[SystemName, ...]
) -> TimelineAnswer:
    """One page; ``Declined`` for a filter or an instant that says nothing."""
    head, head_hash = views.head()
    asked = _asked(views, query, systems, head)
    found = _found(views, asked) if asked is not None else Found(rows=(), next_before=0)
    about = _about(views, [row.entry for row in found.rows])
    labels = views.labels(record for record in about if record)
    return TimelineAnswer(
        as_of=as_of,
        head=head,
        head_hash=head_hash,
        rows=tuple(
            _shown(row, record, labels.get(record, ""))
            for row, record in zip(found.rows, about, strict=True)
        ),
        next_before=found.next_before,
    )


def _asked(
    views: Views, query: TimelineQuery, systems: tuple[SystemName, ...], head: int
) -> Asked | None:
    """None when no entry can be meant."""
    terms = parse(query.filter, COLUMNS)
    after, before = query.after, query.before or head + 1
    if query.since:
        after = max(after, views.first_entry_since(_instant("since", query.since)) - 1)
    if query.until:
        before = min(before, views.first_entry_since(_instant("until", query.until)))
    if before <= after + 1:
        return None
    entry = actor = ""
    record: RecordId | None = None
    rest: list[Term] = []
    for term in terms:
        single = len(term.values) == 1 and not term.negated
        if term.column == "record":
            ids = tuple(the_record(views, str(v), systems=systems).record for v in term.values)
            term = msgspec.structs.replace(term, values=ids)
        match term.column:
            case "record" if single and record is None:
                record = RecordId(str(term.values[0]))
            case "entry" if single and not entry:
                entry = _BY_WORD[str(term.values[0])]
            case "actor" if single and not actor and (whole := _person(views, term)):
                actor = whole
                rest.append(term)
            case _:
                rest.append(term)
    if record is not None and entry:
        rest.append(Term(column="entry", operator=Operator.IS, values=(entry.lower(),)))
    return Asked(
        span=Span(after=after, before=before, limit=0),
        limit=query.limit,
        entry=entry,
        actor=actor,
        record=record,
        rest=tuple(rest),
        needs_text=any(not term.column for term in rest),
    )


def _person(views: Views, term: Term) -> str:
    """The one person whom the words mean, if they mean one and not the daemon."""
    words = str(term.values[0])
    if words in DAEMON:
        return ""
    meant = [actor for actor in views.people() if words in fold(actor)]
    return meant[0] if len(meant) == 1 else ""


def _instant(name: str, said: str) -> datetime:
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        raise _no_instant(name, said) from error
    if at.tzinfo is None:
        raise _no_instant(name, said)
    return at


def _no_instant(name: str, said: str) -> Declined:
    return Declined(
        Code.BAD_REQUEST,
        f"{name}: {said!r} is no instant",
        cure="write 2026-08-01T09:30:00Z, or with an offset: 2026-08-01T09:30:00-05:00",
    )


def _found(views: Views, asked: Asked) -> Found:
    """The newest entries of the span that everything holds of, and where to go on."""
    kept: list[HistoryRow] = []
    before = asked.span.before
    looked_at = 0
    while True:
        size = min(CHUNK, MOST_LOOKED_AT - looked_at) if asked.rest else asked.limit + 1
        span = Span(after=asked.span.after, before=before, limit=size)
        rows = views.timeline(span, entry=asked.entry, actor=asked.actor, record=asked.record)
        looked_at += len(rows)
        for row in rows:
            if len(kept) == asked.limit:
                return Found(rows=kept, next_before=kept[-1].seq if kept else before)
            if not asked.needs_text and not _holds(row, asked.rest, "", views):
                continue
            whole = views.with_body(row)
            if not asked.needs_text or _holds(row, asked.rest, _sentence(whole), views):
                kept.append(whole)
        if len(rows) < size:
            return Found(rows=kept, next_before=0)
        before = rows[-1].seq
        if looked_at >= MOST_LOOKED_AT:
            return Found(rows=kept, next_before=before)


def _sentence(row: HistoryRow) -> str:
    return fold(entry_text(row.entry, row.body))


def _holds(row: HistoryRow, terms: Iterable[Term], sentence: str, views: Views) -> bool:
    return all(_holds_one(row, term, sentence, views) is not term.negated for term in terms)


def _holds_one(row: HistoryRow, term: Term, sentence: str, views: Views) -> bool:
    match term.column:
        case "actor":
            return any(str(value) in fold(row.actor) for value in term.values)
        case "entry":
            return entry_of(row).lower() in term.values
        case "record":
            return any(record in term.values for record in _about(views, [row.entry]) if record)
        case _:
            return any(str(value) in sentence for value in term.values)


def _about(views: Views, said: Sequence[Entry]) -> list[RecordId]:
    """The record that each entry is about; ``""`` where it is about none, or about several."""
    refs = {ref for entry in said if (ref := _ref(entry)) is not None}
    owners = views.owners(refs) if refs else {}
    return [_record(entry, owners) for entry in said]


def _ref(entry: Entry) -> ExternalRef | None:
    match entry:
        case (
            entries.Observed(ref=ref)
            | entries.VersionMoved(ref=ref)
            | entries.Tombstoned(ref=ref)
            | entries.Quarantined(ref=ref)
        ):
            return ref
        case _:
            return None


def _record(entry: Entry, owners: dict[ExternalRef, RecordId]) -> RecordId:
    nothing = RecordId("")
    ref = _ref(entry)
    if ref is not None:
        return owners.get(ref, nothing)
    if isinstance(entry, entries.Intended):
        records = {item.record for item in entry.items}
        return records.pop() if len(records) == 1 else nothing
    record = getattr(entry, "record", None)
    return RecordId(record) if isinstance(record, str) else nothing


def _shown(row: HistoryRow, record: RecordId, label: str) -> TimelineRow:
    shown = shown_history(row)
    return TimelineRow(**msgspec.structs.asdict(shown), record=record, label=label)
