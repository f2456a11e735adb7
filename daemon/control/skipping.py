"""Setting aside and taking up again: one record, or all that are held for one pattern.

A skip hides nothing: it ends when what was skipped is no longer what it was, and until then it
stays a difference in every report. One that was given an end ends then by itself as well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from daemon.control.finding import the_record
from daemon.control.listing import PENDING
from daemon.control.moments import moment, told
from daemon.control.protocol import Code, Declined, DoneAnswer
from daemon.control.protocol_valves import RetryPatternRequest, SkipRequest
from daemon.control.seeing import require_unmoved
from daemon.control.trouble import Trouble, of_pattern
from daemon.control.valves import done
from ledger.model.aside import aside_key, operation_subject
from ledger.model.entries import Entry, Retried, Skipped
from ledger.model.ids import Digest, RecordId
from ledger.store.instants import instant
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Actor, Desk


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of all that they set aside together."""

    by: str
    reason: str
    until: str

    def skip(self, record: RecordId, subject: str, digest: Digest) -> Skipped:
        return Skipped(
            record=record,
            subject=subject,
            digest=digest,
            reason=self.reason,
            by=self.by,
            until=self.until,
        )


async def skip(desk: "Desk", actor: "Actor", request: SkipRequest) -> DoneAnswer:
    """Set aside what is planned for a record and what holds it, or all holds of a pattern."""
    if bool(request.record) == bool(request.pattern):
        raise Declined(Code.BAD_REQUEST, "name a record or a pattern, and not both")
    said = await _said(desk, actor, request)
    until = f" or {_end(desk, said)}" if said.until else ""
    if request.record:
        label, entries = await desk.ledger.ask(lambda views: _of_record(views, desk, request, said))
        text = f"{label!r} is set aside; it stays a difference until it changes{until}"
        back = f"trueup retry {entries[0].record} --reason TEXT"
    else:
        found = await desk.ledger.ask(lambda views: of_pattern(views, request.pattern))
        found = [trouble for trouble in found if not trouble.skipped]
        count = checked_count(found, request.expect_count, request.pattern)
        entries = [_skip(trouble, said) for trouble in found]
        text = f"{count} records are set aside; they stay differences until they change{until}"
        back = f"trueup retry --pattern {request.pattern} --expect-count {count} --reason TEXT"
    return await done(desk, actor, entries, text=text, back=back, dry_run=request.dry_run)


async def _said(desk: "Desk", actor: "Actor", request: SkipRequest) -> _Said:
    """Who sets aside, why, and until when; ``Declined`` for an end that is no instant to come."""
    until = ""
    if request.until:
        zone = ZoneInfo(desk.facts.timezone)
        end = moment(request.until, zone, what="until")
        if end <= desk.now():
            raise Declined(
                Code.BAD_REQUEST,
                f"until: {told(end, zone)} is over: it is {told(desk.now(), zone)}",
                cure="give an instant to come, or none: it then ends by a change or a retry",
            )
        until = instant(end)
    return _Said(by=str(actor), reason=request.reason, until=until)


def _end(desk: "Desk", said: _Said) -> str:
    return told(datetime.fromisoformat(said.until), ZoneInfo(desk.facts.timezone))


def _of_record(
    views: Views, desk: "Desk", request: SkipRequest, said: _Said
) -> tuple[str, list[Skipped]]:
    view = the_record(views, request.record, systems=desk.systems)
    require_unmoved(views, view, request.seen)
    skipped = views.skips_of([view.record]).get(view.record, [])
    standing = {(*aside_key(row.subject, row.digest), row.until) for row in skipped}
    subjects = [(row.subject, row.payload) for row in views.holds(record=view.record)]
    subjects += [
        (operation_subject(row.operation), row.operation.digest)
        for row in views.operations_of([view.record], PENDING).get(view.record, [])
    ]
    entries = [
        said.skip(view.record, subject, Digest(digest))
        for subject, digest in subjects
        if (*aside_key(subject, digest), said.until) not in standing
    ]
    if not entries:
        what = "set aside already" if subjects else "neither planned nor held"
        raise Declined(
            Code.STALE, f"{view.label!r} is {what}", cure="trueup skip --list shows what is"
        )
    return view.label, entries


def _skip(trouble: Trouble, said: _Said) -> Skipped:
    row = trouble.row
    return said.skip(row.record, row.subject, row.payload)


async def retry_pattern(desk: "Desk", actor: "Actor", request: RetryPatternRequest) -> DoneAnswer:
    """Take up every record of a pattern again: refusals and skips of it are forgotten."""
    found = await desk.ledger.ask(lambda views: of_pattern(views, request.pattern))
    count = checked_count(found, request.expect_count, request.pattern)
    records = dict.fromkeys(trouble.row.record for trouble in found)
    reason = request.reason or f"all of {request.pattern}"
    entries: list[Entry] = [
        Retried(record=record, by=str(actor), reason=reason) for record in records
    ]
    text = f"{count} records will be tried again"
    back = f"trueup skip --pattern {request.pattern} --expect-count {count} --reason TEXT"
    return await done(desk, actor, entries, text=text, back=back, dry_run=request.dry_run)


def checked_count(found: Sequence[Trouble], expected: int | None, pattern: str) -> int:
    """How many records these are; ``Declined`` where a person expected another number."""
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
