"""Setting aside and taking up again: one record, or all that are held for one pattern.

A skip hides nothing: it ends when what was skipped is no longer what it was, and until then it
stays a difference in every report.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daemon.control.finding import the_record
from daemon.control.listing import OPERATION, PENDING
from daemon.control.protocol import Code, Declined, DoneAnswer
from daemon.control.protocol_valves import RetryPatternRequest, SkipRequest
from daemon.control.trouble import Trouble, of_pattern
from daemon.control.valves import done
from ledger.model.entries import Entry, Retried, Skipped
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Actor, Desk


async def skip(desk: "Desk", actor: "Actor", request: SkipRequest) -> DoneAnswer:
    """Set aside what is planned for a record and what holds it, or all holds of a pattern."""
    if bool(request.record) == bool(request.pattern):
        raise Declined(Code.BAD_REQUEST, "name a record or a pattern, and not both")
    by, reason = str(actor), request.reason
    if request.record:
        label, entries = await desk.ledger.ask(
            lambda views: _of_record(views, desk, request.record, by, reason)
        )
        text = f"{label!r} is set aside; it stays a difference until it changes"
        back = f"trueup retry {entries[0].record} --reason TEXT"
    else:
        found = await desk.ledger.ask(lambda views: of_pattern(views, request.pattern))
        found = [trouble for trouble in found if not trouble.skipped]
        count = _checked_count(found, request.expect_count, request.pattern)
        entries = [_skip(trouble, by, reason) for trouble in found]
        text = f"{count} records are set aside; they stay differences until they change"
        back = f"trueup retry --pattern {request.pattern} --expect-count {count} --reason TEXT"
    return await done(desk, actor, entries, text=text, back=back, dry_run=request.dry_run)


def _of_record(
    views: Views, desk: "Desk", text: str, by: str, reason: str
) -> tuple[str, list[Skipped]]:
    view = the_record(views, text, systems=desk.systems)
    skipped = views.skips_of([view.record]).get(view.record, [])
    standing = {(row.subject, row.digest) for row in skipped}
    subjects = [(row.subject, row.payload) for row in views.holds(record=view.record)]
    subjects += [
        (f"{OPERATION}{row.operation.system}", row.operation.digest)
        for row in views.operations_of([view.record], PENDING).get(view.record, [])
    ]
    entries = [
        Skipped(record=view.record, subject=subject, digest=digest, reason=reason, by=by)
        for subject, digest in subjects
        if (subject, digest) not in standing
    ]
    if not entries:
        what = "set aside already" if subjects else "neither planned nor held"
        raise Declined(
            Code.STALE, f"{view.label!r} is {what}", cure="trueup skip --list shows what is"
        )
    return view.label, entries


def _skip(trouble: Trouble, by: str, reason: str) -> Skipped:
    row = trouble.row
    return Skipped(record=row.record, subject=row.subject, digest=row.payload, reason=reason, by=by)


async def retry_pattern(desk: "Desk", actor: "Actor", request: RetryPatternRequest) -> DoneAnswer:
    """Take up every record of a pattern again: refusals and skips of it are forgotten."""
    found = await desk.ledger.ask(lambda views: of_pattern(views, request.pattern))
    count = _checked_count(found, request.expect_count, request.pattern)
    records = dict.fromkeys(trouble.row.record for trouble in found)
    reason = request.reason or f"all of {request.pattern}"
    entries: list[Entry] = [
        Retried(record=record, by=str(actor), reason=reason) for record in records
    ]
    text = f"{count} records will be tried again"
    back = f"trueup skip --pattern {request.pattern} --expect-count {count} --reason TEXT"
    return await done(desk, actor, entries, text=text, back=back, dry_run=request.dry_run)


def _checked_count(found: Sequence[Trouble], expected: int | None, pattern: str) -> int:
    count = len({trouble.row.record for trouble in found})
    if expected is None:
        raise Declined(
            Code.BAD_REQUEST,
            "a pattern needs the count that you expect",
            cure=f"{count} records are held for it: give --expect-count {count}",
        )
    if count != expected:
        raise Declined(
            Code.STALE,
            f"{count} records are held for {pattern}, not {expected}; nothing was done",
            cure="look again with trueup desk, then give the new count",
        )
    if count == 0:
        raise Declined(
            Code.STALE,
            f"nothing that is not set aside is held for {pattern}",
            cure="trueup desk shows the patterns there are",
        )
    return count
