"""What people stop, set aside and answer for: each becomes an entry with its author and reason.

Nothing is written to a system from here; the gate and the next cycle go by the entries.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daemon.control.finding import the_kind, the_record
from daemon.control.protocol import Code, Declined, DoneAnswer
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    PauseRequest,
    RemapRequest,
    RemapsAnswer,
    RemapShown,
    ResumeRequest,
)
from daemon.control.showing import name_of
from daemon.control.trouble import questions
from daemon.control.words import scope_text
from ledger.model.entries import AbsenceAccepted, Entry, Paused, Remapped, Resumed
from ledger.model.facts import RecordView
from ledger.model.ids import SystemName
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Actor, Desk


async def pause(desk: "Desk", actor: "Actor", request: PauseRequest) -> DoneAnswer:
    """Stop writing a scope. Reading and planning go on."""
    system, kind = _scope(desk, request)
    entry = Paused(system=system, kind=kind, reason=request.reason, by=str(actor))
    back = f"trueup resume{_options(system, kind)} --reason TEXT"
    to_all = f"nothing to {system or 'any system'}"
    what = f"nothing of {scope_text(kind, system)}" if kind else to_all
    text = f"{what} is written until it is resumed"
    return await done(desk, actor, [entry], text=text, back=back, dry_run=request.dry_run)


async def resume(desk: "Desk", actor: "Actor", request: ResumeRequest) -> DoneAnswer:
    """Lift the pause of exactly that scope; a job's own freeze is the job's to lift."""
    system, kind = _scope(desk, request)
    rows = await desk.ledger.ask(lambda views: views.pauses())
    same = [row for row in rows if (row.system, row.kind) == (system, kind)]
    if not any(not row.job for row in same):
        if same:
            job = same[0].job
            raise Declined(
                Code.GUARDED,
                f"{scope_text(kind, system)}: frozen by the job {job}, which lifts that itself",
                cure="let the job end, or abort it (trueup catalogue status)",
            )
        told = ", ".join(scope_text(row.kind, row.system) for row in rows) or "nothing"
        raise Declined(
            Code.STALE,
            f"{scope_text(kind, system)}: not paused",
            cure=f"paused now: {told}; name the scope as it was paused",
        )
    entry = Resumed(system=system, kind=kind, reason=request.reason, by=str(actor), job="")
    back = f"trueup pause{_options(system, kind)} --reason TEXT"
    text = f"{scope_text(kind, system)}: written again"
    return await done(desk, actor, [entry], text=text, back=back, dry_run=request.dry_run)


async def accept_absence(desk: "Desk", actor: "Actor", request: AcceptAbsenceRequest) -> DoneAnswer:
    """The next proved full look may find so many records missing. Each is still asked for."""
    system, kind = _system(desk, request.system), the_kind(request.kind)
    counts = await desk.ledger.ask(lambda views: views.counts())
    known = sum(c.live + c.inactive for c in counts if (c.system, c.kind) == (system, kind))
    if request.most > known:
        raise Declined(
            Code.BAD_REQUEST,
            f"only {known} {kind.value} records of {system} are known, not {request.most}",
            cure="give the number of records that were really removed there",
        )
    entry = AbsenceAccepted(
        system=system, kind=kind, most=request.most, reason=request.reason, by=str(actor)
    )
    text = (
        f"the next full look at {system} may find up to {request.most} of {known} {kind.value} "
        "records missing; each of them is asked for before it counts as gone"
    )
    back = f"trueup accept-absence {system} {kind.value} --most 1 --reason TEXT"
    return await done(desk, actor, [entry], text=text, back=back, dry_run=request.dry_run)


async def remap(desk: "Desk", actor: "Actor", request: RemapRequest) -> DoneAnswer:
    """One answer for all that points to a record that was renumbered, merged or removed."""
    if request.undo == bool(request.new):
        raise Declined(Code.BAD_REQUEST, "name the new record, or undo, and not both")
    books = desk.scheduler.company.policy.books
    system = _system(desk, request.system) if request.system else books

    def ask(views: Views) -> tuple[RecordView, RecordView | None]:
        old = the_record(views, request.old, systems=desk.systems)
        if request.undo:
            if not any((r.system, r.old) == (system, old.record) for r in views.remaps()):
                raise Declined(
                    Code.STALE,
                    f"no answer stands for {old.label!r} in {system}",
                    cure="trueup remap --list shows those that do",
                )
            return old, None
        new = the_record(views, request.new, systems=desk.systems, kind=old.kind)
        _check_target(views, old, new, system)
        return old, new

    old, new = await desk.ledger.ask(ask)
    entry = Remapped(
        system=system,
        old=old.record,
        new=new.record if new is not None else None,
        reason=request.reason,
        by=str(actor),
    )
    if new is None:
        text = f'in {system}, "{_titled(old)}" means itself again'
        back = f"trueup remap {old.record} NEW --reason TEXT"
    else:
        text = f'in {system}, "{_titled(new)}" is meant where "{_titled(old)}" is said'
        back = f"trueup remap {old.record} --undo --reason TEXT"
    return await done(desk, actor, [entry], text=text, back=back, dry_run=request.dry_run)


def _titled(view: RecordView) -> str:
    """``Q79 Sales of Product Income``: a code says little to a person."""
    name = name_of(view)
    return view.label if name == view.label else f"{view.label} {name}"


def _check_target(views: Views, old: RecordView, new: RecordView, system: SystemName) -> None:
    if old.record == new.record:
        raise Declined(Code.BAD_REQUEST, f"{old.label!r} already means itself")
    side = new.sides.get(system)
    if side is None or not side.is_live:
        raise Declined(
            Code.GUARDED,
            f"{system} has no live {new.kind.value} {new.label!r}",
            cure=f"choose one that {system} shows, or bring it there first",
        )
    meant = {row.old: row.new for row in views.remaps() if row.system == system}
    at = new.record
    while at in meant and at != old.record:  # ends: every step leaves one answer behind
        at = meant.pop(at)
    if at == old.record:
        raise Declined(
            Code.GUARDED,
            f"{new.label!r} already leads back to {old.label!r}",
            cure=f"take that answer back first: trueup remap {new.record} --undo --reason TEXT",
        )


async def remaps(desk: "Desk") -> RemapsAnswer:
    """The standing answers, and the questions that still wait for one."""

    def ask(views: Views) -> RemapsAnswer:
        rows = views.remaps()
        named = views.views({record for row in rows for record in (row.old, row.new)})
        labels = {view.record: _titled(view) for view in named}
        return RemapsAnswer(
            as_of=desk.now(),
            remaps=tuple(
                RemapShown(
                    system=row.system,
                    old=row.old,
                    old_label=labels.get(row.old, row.old),
                    new=row.new,
                    new_label=labels.get(row.new, row.new),
                    reason=row.reason,
                    by=row.by,
                    since=row.since,
                    seq=row.seq,
                )
                for row in rows
            ),
            questions=questions(views),
        )

    return await desk.ledger.ask(ask)


async def done(
    desk: "Desk",
    actor: "Actor",
    entries: Sequence[Entry],
    *,
    text: str,
    back: str,
    dry_run: bool,
) -> DoneAnswer:
    """Append the decision, and tell the way back."""
    seq = 0 if dry_run else await desk.note(actor, entries, reason="decided")
    return DoneAnswer(
        as_of=desk.now(), seq=seq, text=text, next="trueup status", back=back, dry_run=dry_run
    )


def _scope(desk: "Desk", request: PauseRequest) -> tuple[str, str]:
    system = _system(desk, request.system) if request.system else ""
    return system, the_kind(request.kind).value if request.kind else ""


def _system(desk: "Desk", text: str) -> SystemName:
    if text not in desk.systems:
        raise Declined(
            Code.BAD_REQUEST,
            f"{text!r} is no connected system",
            cure=f"connected: {', '.join(desk.systems)}",
        )
    return SystemName(text)


def _options(system: str, kind: str) -> str:
    return f"{f' --system {system}' if system else ''}{f' --kind {kind}' if kind else ''}"
