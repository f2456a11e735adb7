"""What a chunk of the plan still needs, from what the ledger shows now; and what goes back at an
abort. Reads only, so that a death at any point is followed by the same answer.
"""

from collections.abc import Mapping, Sequence

import msgspec

from daemon.catalogue.plan import stays_active
from daemon.catalogue.retiring import freeing, keeps_its_name, resting, retirement, shown_name
from daemon.catalogue.settling import unlink
from daemon.catalogue.sort import Standing, classify
from daemon.catalogue.survey import source_of
from daemon.catalogue.words import ANEW, Act, Row
from daemon.cycle.lookups import LedgerLookups
from daemon.reconcile.calling import NOT_SAID
from daemon.reconcile.gate import DENIED
from daemon.reconcile.policy import Policy
from daemon.reconcile.successors import replaced_by
from ledger.model.entries import ConflictResolved, Entry, Linked
from ledger.model.facts import CATALOGUE_JOB, RecordView, Resolution
from ledger.model.ids import Digest, RecordId
from ledger.model.keys import fold
from ledger.model.plans import Operation
from ledger.store.views import Views

DUE = frozenset({*ANEW, Act.REACTIVATE, Act.ADOPT})
"""What a product needs something done for."""
_SENDABLE = ("planned", "approved", "intended", "waiting")


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one chunk needs now."""

    entries: tuple[Entry, ...] = ()
    retire: tuple[Operation, ...] = ()
    """Writes to old items, which the job plans itself."""
    pending: int = 0
    """Products whose write may still go out by itself."""
    stopped: str = ""
    """Why the gate lets none of them go: a pause, a window that is closed."""
    unapproved: int = 0
    """Products whose approval has expired."""


def due(
    views: Views,
    rows: Sequence[Row],
    policy: Policy,
    lookups: LedgerLookups,
    approved: frozenset[Digest],
) -> Work:
    """What is still to be done for the rows of one chunk, from what the ledger shows now."""
    wanted = [row for row in rows if row.act in DUE]
    found = {view.record: view for view in views.views(row.record for row in wanted)}
    standing = views.operations_of(found, _SENDABLE)
    entries: list[Entry] = _replaced(views, wanted, found, policy)
    retire: list[Operation] = []
    pending = unapproved = 0
    stopped = ""
    for row in wanted:
        view = found.get(row.record)
        if view is None:
            continue
        if view.open_intent:
            pending += 1
            continue
        mine = set(row.digests)
        if any(no.operation_digest in mine for no in view.rejections):
            continue  # it is not tried again and again; the report says why
        planned = [o for o in standing.get(row.record, ()) if o.operation.digest in mine]
        stopped = next((o.text for o in planned if o.reason in DENIED), stopped)
        how = classify(view, source=source_of(policy), books=policy.books)
        made = _next(row, view, how, policy, lookups)
        entries += made.entries
        if made.retire and not planned:
            retire += made.retire
        is_pending = bool(planned or made.retire)
        pending += is_pending
        unapproved += bool(is_pending or made.entries) and not mine <= approved
    return Work(
        entries=tuple(entries),
        retire=tuple(retire),
        pending=pending,
        stopped=stopped,
        unapproved=unapproved,
    )


def _replaced(
    views: Views, rows: Sequence[Row], found: Mapping[RecordId, RecordView], policy: Policy
) -> list[Entry]:
    """For each old item that stands alone now: which product its documents mean by it."""
    owners: dict[RecordId, RecordId] = {}
    for row in rows:
        view = found.get(row.record)
        side = view.sides.get(policy.books) if view is not None else None
        if view is None or row.old is None or (side is not None and side.ref == row.old):
            continue
        owner = views.record_of(row.old)
        if owner is not None:
            owners[owner] = row.record
    said: list[Entry] = []
    for old in views.views(owners):
        answer = replaced_by(owners[old.record], policy.books)
        if len(old.sides) == 1 and answer not in old.resolutions:
            said.append(answer_entry(old.record, answer, "a new item takes its place"))
    return said


def _next(
    row: Row, view: RecordView, how: Standing, policy: Policy, lookups: LedgerLookups
) -> Work:
    """The next thing for one product: nothing, an answer, a retirement, or the unlinking."""
    side = view.sides.get(policy.books)
    if side is None or row.old is None or side.ref != row.old:
        # Unlinked already, or never linked.
        said = _said(row, view) if side is None else ()
        return Work(entries=said)
    match row.act:
        case Act.REACTIVATE:
            return _risen(view, how, policy, lookups)
        case Act.RETIRE if how is Standing.ALIVE:
            operation = retirement(view, lookups, policy)
            return Work(retire=(operation,)) if operation.digest == row.retire else Work()
        case Act.RENAME if (work := _freed(row, view, how, policy, lookups)) is not None:
            return work
    if how in (Standing.INACTIVE, Standing.GONE):
        reason = "catalogue job: a new item takes its place"
        parted = unlink(row.record, row.old, reason, CATALOGUE_JOB)
        return Work(entries=(*parted, *_said(row, view)))
    return Work()


def _said(row: Row, view: RecordView) -> tuple[Entry, ...]:
    """The answer that gives the new item another name, unless it stands."""
    if row.called is None or row.called in view.resolutions:
        return ()
    return (answer_entry(row.record, row.called, f'the new item is called "{row.name}"'),)


def _risen(view: RecordView, how: Standing, policy: Policy, lookups: LedgerLookups) -> Work:
    if how is not Standing.INACTIVE:
        return Work()
    answer = stays_active(view, lookups, policy)
    if answer in view.resolutions:
        return Work()
    said = answer_entry(view.record, answer, "the old item is made active again")
    return Work(entries=(said,))


def _freed(
    row: Row, view: RecordView, how: Standing, policy: Policy, lookups: LedgerLookups
) -> Work | None:
    """The next of the two writes that take the name from the old item; None when it is free."""
    name = fold(shown_name(view, policy.books).strip())
    if how is Standing.ALIVE:
        if name != fold(row.marked):
            return Work()  # somebody else woke it: nothing of ours is under way
        return Work(retire=(resting(view, row.seen, lookups, policy),))
    if how is not Standing.INACTIVE or name != fold(row.name.strip()):
        return None
    operation = freeing(view, row.marked, lookups, policy)
    if operation.digest != row.free:
        return Work()
    answer = keeps_its_name(view, row.marked, lookups, policy)
    if answer is None or answer in view.resolutions:
        return Work(retire=(operation,))
    said = answer_entry(row.record, answer, "the marked name of an old item is no rename")
    return Work(entries=(said,), retire=(operation,))


def answer_entry(record: RecordId, answer: Resolution, reason: str) -> ConflictResolved:
    """An answer that the job gives by its approved plan."""
    return ConflictResolved(
        record=record,
        field=answer.field,
        take=answer.take,
        value_digest=answer.value_digest,
        by=CATALOGUE_JOB,
        reason=reason,
    )


def done(views: Views, rows: Sequence[Row], policy: Policy) -> int:
    """How many of these have an active item of the books that is not the old one, or is the old
    one reactivated."""
    found = {view.record: view for view in views.views(row.record for row in rows)}
    count = 0
    for row in rows:
        view = found.get(row.record)
        side = view.sides.get(policy.books) if view is not None else None
        if side is None or not side.is_live or getattr(side.record, "active", None) is False:
            continue
        count += side.ref != row.old or row.act is Act.REACTIVATE
    return count


def relinks(views: Views, rows: Sequence[Row], policy: Policy, by: str) -> list[Entry]:
    """Old items go back to products that got no new one, and names that were to be given are
    taken back."""
    found = {view.record: view for view in views.views(row.record for row in rows)}
    back: list[Entry] = []
    for row in rows:
        view = found.get(row.record)
        if view is None or policy.books in view.sides or view.open_intent:
            continue
        if row.called is not None and row.called in view.resolutions:
            unsaid = msgspec.structs.replace(row.called, value_digest=NOT_SAID)
            back.append(answer_entry(row.record, unsaid, "the job was aborted"))
        owner = views.record_of(row.old) if row.old is not None else None
        alone = views.view(owner) if owner is not None else None
        if row.old is None or alone is None or len(alone.sides) > 1:
            continue
        meant = replaced_by(row.record, policy.books)
        if meant in alone.resolutions:
            unsaid = msgspec.structs.replace(meant, value_digest=NOT_SAID)
            back.append(answer_entry(alone.record, unsaid, "the job was aborted"))
        back.append(
            Linked(
                record=row.record,
                ref=row.old,
                how="operator",
                evidence="catalogue job aborted: back to the old item",
                by=by,
            )
        )
    return back
