"""What a chunk of the plan still needs, from what the ledger shows now; and what goes back at an
abort. Reads only, so that a death at any point is followed by the same answer.
"""

from collections.abc import Sequence

import msgspec

from daemon.catalogue.plan import retirement, stays_active
from daemon.catalogue.settling import unlink
from daemon.catalogue.sort import Standing, classify
from daemon.catalogue.survey import source_of
from daemon.catalogue.words import Act, Row
from daemon.cycle.lookups import LedgerLookups
from daemon.reconcile.gate import DENIED
from daemon.reconcile.policy import Policy
from ledger.model.entries import ConflictResolved, Entry, Linked
from ledger.model.facts import RecordView
from ledger.model.ids import Digest
from ledger.model.plans import Operation
from ledger.store.views import Views

DUE = frozenset({Act.CREATE, Act.RETIRE, Act.REACTIVATE, Act.ADOPT})
"""What a product needs something done for."""
_SENDABLE = ("planned", "approved", "intended", "waiting")


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one chunk needs now."""

    entries: tuple[Entry, ...] = ()
    retire: tuple[Operation, ...] = ()
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
    entries: list[Entry] = []
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
        mine = {row.digest, row.retire} - {""}
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


def _next(
    row: Row, view: RecordView, how: Standing, policy: Policy, lookups: LedgerLookups
) -> Work:
    """The next thing for one product: nothing, an answer, a retirement, or the unlinking."""
    side = view.sides.get(policy.books)
    if side is None or row.old is None or side.ref != row.old:
        return Work()  # unlinked already, or never linked
    if row.act is Act.REACTIVATE:
        if how is not Standing.INACTIVE:
            return Work()
        answer = stays_active(view, lookups, policy)
        if answer in view.resolutions:
            return Work()
        entry = ConflictResolved(
            record=view.record,
            field=answer.field,
            take=answer.take,
            value_digest=answer.value_digest,
            by="catalogue job",
            reason="the old item is made active again",
        )
        return Work(entries=(entry,))
    if how is Standing.ALIVE and row.act is Act.RETIRE:
        operation = retirement(view, lookups, policy)
        return Work(retire=(operation,)) if operation.digest == row.retire else Work()
    if how in (Standing.INACTIVE, Standing.GONE):
        reason = "catalogue job: a new item takes its place"
        return Work(entries=tuple(unlink(row.record, row.old, reason, "catalogue job")))
    return Work()


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
    """Old items go back to products that got no new one."""
    found = {view.record: view for view in views.views(row.record for row in rows)}
    back: list[Entry] = []
    for row in rows:
        view = found.get(row.record)
        if row.old is None or view is None or policy.books in view.sides or view.open_intent:
            continue
        owner = views.record_of(row.old)
        alone = views.view(owner) if owner is not None else None
        if alone is None or len(alone.sides) > 1:
            continue
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
