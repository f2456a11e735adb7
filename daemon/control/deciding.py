"""A person's answers: which value is right, what belongs together, what to try again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.catalogue.settling import replacement
from daemon.control.answering import Own, own_answer
from daemon.control.finding import the_record, the_ref
from daemon.control.protocol import (
    Code,
    Declined,
    DoneAnswer,
    LinkRequest,
    ResolveRequest,
    RetryRequest,
)
from daemon.control.protocol_valves import ResolvePatternRequest
from daemon.control.seeing import require_unmoved, require_unmoved_field
from daemon.control.skipping import checked_count
from daemon.control.trouble import ANSWERABLE, of_pattern
from daemon.control.valves import done
from daemon.cycle.lookups import LedgerLookups
from daemon.reconcile.match import NOT_THE_SAME
from daemon.reconcile.merge import values_digest
from daemon.reconcile.policy import Policy
from daemon.reconcile.world import Party, World
from ledger.model.encoding import encode
from ledger.model.entries import ConflictResolved, Entry, Linked, Retried, Unlinked
from ledger.model.facts import HoldCode, RecordView
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.values import Value
from ledger.store.errors import LinkRefused
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Actor, Desk

RETRIED = frozenset({HoldCode.REJECTED, HoldCode.OSCILLATION})
"""What a retry ends beside a skip: what was refused, and the count of what is set back."""
LINKS = "order"
"""The field of a bill that the books show without its order: there it counts as empty."""


async def resolve(desk: "Desk", actor: "Actor", request: ResolveRequest) -> DoneAnswer:
    """One side's value of one field is right, or one of the person's own. Void as soon as either
    side shows another one."""
    if bool(request.take) == (request.value is not None):
        raise Declined(
            Code.BAD_REQUEST,
            "name the system whose value is right, or give a value of your own, and not both",
            cure="--take SYSTEM or --value VALUE",
        )
    view, entry, own = await desk.ledger.ask(
        lambda views: _answer(views, desk, request, str(actor))
    )
    what = f"{entry.field} of {view.label!r}"
    if own is None:
        text = f"{what}: the value of {entry.take} is right"
        return await _done(desk, actor, view, [entry], text=text, dry_run=request.dry_run)
    body = encode(own.body)
    entry = msgspec.structs.replace(entry, payload=desk.ledger.digest(body))
    text, dry_run = f"{what}: {own.text}", request.dry_run
    noted = await _done(desk, actor, view, [entry], text=text, dry_run=dry_run, bodies=[body])
    return msgspec.structs.replace(noted, becomes=own.becomes)


async def resolve_pattern(
    desk: "Desk", actor: "Actor", request: ResolvePatternRequest
) -> DoneAnswer:
    """One side is right about one field of every record that is held for a pattern and not set
    aside: each is answered as by itself, or none at all."""

    def ask(views: Views) -> list[Entry]:
        found = [trouble for trouble in of_pattern(views, request.pattern) if not trouble.skipped]
        checked_count(found, request.expect_count, request.pattern)
        each = dict.fromkeys(trouble.row.record for trouble in found)
        return [_answer(views, desk, _of_one(request, record), str(actor))[1] for record in each]

    entries = await desk.ledger.ask(ask)
    text = f"{request.field} of {len(entries)} records: the value of {request.take} is right"
    return await done(desk, actor, entries, text=text, back="", dry_run=request.dry_run)


def _of_one(request: ResolvePatternRequest, record: RecordId) -> ResolveRequest:
    return ResolveRequest(
        record=record, field=request.field, take=request.take, reason=request.reason
    )


def _answer(
    views: Views, desk: "Desk", request: ResolveRequest, by: str
) -> tuple[RecordView, ConflictResolved, Own | None]:
    """The answer, bound to what every side shows of the field now."""
    view = the_record(views, request.record, systems=desk.systems)
    field = request.field
    require_unmoved_field(views, view, field, request.seen)
    codes = _held_for(views, view, request)
    policy = desk.scheduler.company.rules()
    world = World([view], LedgerLookups(views, recent_since=desk.now()), policy)
    parties = [p for p in world.parties(view) if field in p.values and field in p.rule.fields]
    values = {party.system: party.values[field] for party in parties}
    own = None
    if HoldCode.DISCREPANT in codes:
        _check_accepts(view, request, policy)
        values = _posted(world.parties(view), field, policy.books)
    elif request.value is not None:
        own = own_answer(views, view, field, request.value, world=world, parties=parties)
    if own is None and request.take not in values:
        sides = ", ".join(values) or "none"
        raise Declined(
            Code.BAD_REQUEST,
            f"{request.take!r} shows no {field} of {view.label!r}",
            cure=f"take one of: {sides}",
        )
    entry = ConflictResolved(
        record=view.record,
        field=field,
        take=SystemName(request.take),
        value_digest=values_digest(field, values),
        by=by,
        reason=request.reason,
    )
    return view, entry, own


def _held_for(views: Views, view: RecordView, request: ResolveRequest) -> set[HoldCode]:
    """Why the field waits for an answer; ``Declined`` when it does not."""
    fields: dict[str, set[HoldCode]] = {}
    for row in views.holds(record=view.record):
        if row.conflict is not None:
            for field in row.conflict.fields:
                fields.setdefault(field.field, set()).add(row.hold.code)
        elif row.hold.code in ANSWERABLE:
            fields.setdefault(row.hold.field, set()).add(row.hold.code)
    if request.field not in fields:
        cure = f"in conflict there: {', '.join(sorted(fields))}" if fields else ""
        raise Declined(
            Code.STALE,
            f"{request.field} of {view.label!r} is not in conflict (any more)",
            cure=cure or "look again with trueup conflict list",
        )
    return fields[request.field]


def _check_accepts(view: RecordView, request: ResolveRequest, policy: Policy) -> None:
    """What is posted can only be accepted: the source's figure cannot be written over it."""
    if request.take == policy.books:
        return
    raise Declined(
        Code.BAD_REQUEST,
        f"the {request.field} of {view.label!r} is what {policy.title(policy.books)} made of it",
        cure=f"accept it with --take {policy.books}, or correct or void the document at its "
        "source: the change follows by itself",
    )


def _posted(parties: Sequence[Party], field: str, books: SystemName) -> dict[SystemName, Value]:
    """Both sides' figures that an acceptance is bound to."""
    return {
        party.system: None if field == LINKS and party.system == books else party.values.get(field)
        for party in parties
    }


async def retry(desk: "Desk", actor: "Actor", request: RetryRequest) -> DoneAnswer:
    """Forget once what a system refused, and what a person set aside, so that it is sent."""

    def ask(views: Views) -> RecordView:
        view = the_record(views, request.record, systems=desk.systems)
        require_unmoved(views, view, request.seen)
        held = {row.hold.code for row in views.holds(record=view.record)}
        is_skipped = bool(views.skips_of([view.record]))
        if not view.rejections and not held & RETRIED and not is_skipped:
            raise Declined(
                Code.STALE,
                f"nothing of {view.label!r} was refused or set aside",
                cure="trueup ledger history shows what happened to it",
            )
        return view

    view = await desk.ledger.ask(ask)
    entry = Retried(record=view.record, by=str(actor), reason=request.reason)
    text = f"{view.label!r} will be tried again"
    return await _done(desk, actor, view, [entry], text=text, dry_run=request.dry_run)


async def link(desk: "Desk", actor: "Actor", request: LinkRequest) -> DoneAnswer:
    """Join, part, or tell apart a record and a reference."""

    def ask(views: Views) -> tuple[RecordView, ExternalRef, RecordView]:
        view = the_record(views, request.record, systems=desk.systems)
        require_unmoved(views, view, request.seen)
        ref = the_ref(request.ref, view.kind)
        if ref is None:
            raise Declined(
                Code.BAD_REQUEST,
                f"{request.ref!r} is not a reference",
                cure="give it as system/kind/id, the way trueup plan shows it",
            )
        return view, ref, the_record(views, str(ref), systems=desk.systems)

    view, ref, other = await desk.ledger.ask(ask)
    if ref.kind is not view.kind:
        raise Declined(Code.BAD_REQUEST, f"{ref} is not a {view.kind.value} like {view.label!r}")
    entries, text = _link_entries(view, ref, other, request, str(actor))
    gone = [one.ref for one in entries if isinstance(one, Unlinked) and one.ref != ref]
    if gone and view.kind is Kind.ITEM:
        policy = desk.scheduler.company.rules()
        entries += await desk.ledger.ask(
            lambda views: [
                replacement(views, one, view.record, policy, str(actor))
                for one in gone
                if one.system == policy.books
            ]
        )
    undo = " --unlink" if request.action == "link" else ""
    back = f"trueup link {view.record} {ref}{undo}"
    try:
        noted = await _done(desk, actor, view, entries, text=text, dry_run=request.dry_run)
        return msgspec.structs.replace(noted, back=back)
    except LinkRefused as error:
        raise Declined(Code.GUARDED, str(error), cure=error.cure) from error


def _link_entries(
    view: RecordView, ref: ExternalRef, other: RecordView, request: LinkRequest, by: str
) -> tuple[list[Entry], str]:
    joined = view.record == other.record
    reason = request.reason or "a person said so"
    match request.action:
        case "link" if joined:
            raise Declined(Code.STALE, f"{ref} is already part of {view.record}")
        case "link" if len(other.sides) > 1:
            raise Declined(
                Code.GUARDED,
                f"{ref} is linked already, as part of {other.record} ({other.label!r})",
                cure=f"if that is wrong: trueup link {other.record} {ref} --unlink",
            )
        case "link":
            linked = Linked(record=view.record, ref=ref, how="operator", evidence=reason, by=by)
            gone = _replaced(view, ref, reason, by)
            place = "".join(f", in the place of {one.ref}" for one in gone)
            return [*gone, linked], f"{ref} is {view.label!r} now{place}"
        case "apart" if joined:
            raise Declined(
                Code.STALE, f"{ref} is part of {view.record}", cure="part them with --unlink"
            )
        case "apart":
            # Noted on both records: each of them is to be looked at again.
            refs = [side.ref for side in view.sides.values()]
            others = [side.ref for side in other.sides.values()]
            told = _told_apart(view, others, by, reason) + _told_apart(other, refs, by, reason)
            return told, f"{ref} is another thing than {view.label!r}"
        case "unlink" if joined and len(view.sides) > 1:
            parted = Unlinked(record=view.record, ref=ref, reason=reason, by=by)
            # Without the second entry the next cycle would join them again, by the same key.
            told = _told_apart(view, [ref], by, reason)
            return [parted, *told], f"{ref} is a record of its own again, not {view.label!r}"
        case "unlink":
            raise Declined(Code.STALE, f"{ref} is not joined with {view.record}")


def _replaced(view: RecordView, ref: ExternalRef, reason: str, by: str) -> list[Unlinked]:
    """The part that gives way to ``ref``: one that was removed there, or made inactive. A live one
    never does: the ledger refuses a second link."""
    side = view.sides.get(ref.system)
    if side is None or len(view.sides) < 2:
        return []
    if not side.tombstone and getattr(side.record, "active", True) is not False:
        return []
    return [Unlinked(record=view.record, ref=side.ref, reason=reason, by=by)]


def _told_apart(
    view: RecordView, others: Sequence[ExternalRef], by: str, reason: str
) -> list[Entry]:
    return [
        ConflictResolved(
            record=view.record,
            field=f"{NOT_THE_SAME}{ref}",
            take=ref.system,
            value_digest=values_digest(NOT_THE_SAME, {}),
            by=by,
            reason=reason,
        )
        for ref in others
    ]


async def _done(
    desk: "Desk",
    actor: "Actor",
    view: RecordView,
    entries: Sequence[Entry],
    *,
    text: str,
    dry_run: bool,
    bodies: Sequence[bytes] = (),
) -> DoneAnswer:
    seq = 0 if dry_run else await desk.note(actor, entries, reason="decided", bodies=bodies)
    follows = f"trueup plan {view.record}"
    return DoneAnswer(as_of=desk.now(), seq=seq, text=text, next=follows, dry_run=dry_run)
