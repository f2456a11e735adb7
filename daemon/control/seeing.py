"""Whether a record is still as a person saw it: an answer to what has moved on is refused.

A front end sends the number of the entry up to which it had looked (``head`` of what it showed).
What happened since stands in the ledger, so the refusal can say what it was. Reads only.
"""

from collections.abc import Sequence

from daemon.control.pointing import Pointing
from daemon.control.protocol import Code, Declined
from daemon.control.words import brief, entry_text
from daemon.reconcile.mapping import same
from ledger.model.entries import (
    Confirmed,
    ConflictResolved,
    Held,
    Intended,
    Linked,
    Observed,
    OutcomeUnknown,
    Planned,
    Quarantined,
    Rejected,
    Released,
    Retried,
    SkipEnded,
    Skipped,
    Tombstoned,
    Unlinked,
    VersionMoved,
    Withdrawn,
)
from ledger.model.facts import RecordView, Side
from ledger.model.records import Record
from ledger.model.values import UNSET, UnsetType, Value
from ledger.store.payloads import record_in
from ledger.store.rows import HistoryRow
from ledger.store.views import Views

MATTERS = (
    *(Observed, Tombstoned, Quarantined, Linked, Unlinked, Planned, Withdrawn, Held, Released),
    *(Intended, Confirmed, Rejected, OutcomeUnknown, Skipped, SkipEnded, Retried, ConflictResolved),
)
"""What changes what a person decides about; a new version of the same content does not."""
SHOWING = (Observed, VersionMoved, Confirmed)
MOST_TOLD = 3


def require_unmoved(views: Views, view: RecordView, seen: int) -> None:
    """``Declined`` when something about the record happened after entry ``seen``; 0: unsaid."""
    _require_known(views, seen)
    since = [row for row in _since(views, view, seen) if isinstance(row.entry, MATTERS)]
    if since:
        told = [f"{row.at[:19]}Z {entry_text(row.entry, row.body)}" for row in since[-MOST_TOLD:]]
        more = f"; and {len(since) - MOST_TOLD} more before" if len(since) > MOST_TOLD else ""
        raise _moved(view, repr(view.label), seen, f"{'; '.join(told)}{more}")


def require_unmoved_field(views: Views, view: RecordView, field: str, seen: int) -> None:
    """The same of one field alone: what each system shows of it, and what was answered."""
    _require_known(views, seen)
    if not seen:
        return
    pointing = Pointing(views)
    told = [
        f"{system} {was} -> {now}"
        for system, side in sorted(view.sides.items())
        if side.seq > seen
        for was, now in _moves(views, side, field, seen, pointing)
    ]
    told += [
        f"{row.at[:19]}Z {entry_text(row.entry, row.body)}"
        for row in _since(views, view, seen)
        if isinstance(row.entry, ConflictResolved) and row.entry.field == field
    ]
    if told:
        raise _moved(view, f"{field} of {view.label!r}", seen, "; ".join(told))


def _require_known(views: Views, seen: int) -> None:
    head = views.head()[0]
    if seen > head:
        raise Declined(
            Code.STALE,
            f"you looked at entry {seen}, and the ledger ends at {head}: it is not the same one",
            cure="look again, and give the number shown there",
        )


def _since(views: Views, view: RecordView, seen: int) -> Sequence[HistoryRow]:
    if not seen:
        return ()
    return [row for row in views.history(view.record) if row.seq > seen]


def _moves(
    views: Views, side: Side, field: str, seen: int, pointing: Pointing
) -> Sequence[tuple[str, str]]:
    """What the side showed of the field then and now, where the two differ."""
    system = side.ref.system
    now = _value(side.record if side.is_live else None, field)
    before = [row for row in views.history(side.ref) if row.seq <= seen]
    body = next((row.body for row in reversed(before) if isinstance(row.entry, SHOWING)), None)
    was = _value(record_in(body), field) if body is not None else UNSET
    settled = [UNSET if v is UNSET else pointing.settled(system, v) for v in (was, now)]
    if settled[0] is not UNSET and settled[1] is not UNSET and same(settled[0], settled[1]):
        return ()
    return [(_text(settled[0]), _text(settled[1]))]


def _value(record: Record | None, field: str) -> Value | UnsetType:
    found: Value | UnsetType = getattr(record, field, UNSET)
    return found


def _text(value: Value | UnsetType) -> str:
    return "(not shown)" if value is UNSET else brief(value)


def _moved(view: RecordView, what: str, seen: int, told: str) -> Declined:
    return Declined(
        Code.STALE,
        f"{what} moved on since you looked (entry {seen}), and nothing was done: {told}",
        cure=f"look again: trueup drift show {view.record}",
    )
