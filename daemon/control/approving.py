"""A person's yes: to exactly the digests named, for a limited time. Nothing is sent from here."""

from typing import TYPE_CHECKING

import msgspec

from daemon.control.protocol import (
    MAX_DIGESTS,
    STOPPED,
    ApproveAnswer,
    ApproveRequest,
    Code,
    Declined,
    DoneAnswer,
    WithdrawRequest,
)
from ledger.model.entries import Approved, Entry, FirstPlanApproved
from ledger.model.ids import Digest
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Actor, Desk

PENDING = ("planned", "waiting", "approved")
PAGE = 2_000
PER_ENTRY = 5_000
"""Digests in one entry: larger sets become several entries of one transaction."""
SHORTEST_PREFIX = 8
MOST_NAMED = 5


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What could be approved at one moment."""

    pending: dict[Digest, str]
    """Digest -> state of every operation that is not sent yet."""
    first_plan_approved: bool
    dirty: int
    skipped: frozenset[Digest] = frozenset()
    stopped: frozenset[Digest] = frozenset()
    """What a pause, the hours of writing or a question holds back, whatever is approved."""

    @property
    def unapproved(self) -> set[Digest]:
        """What was set aside waits for nobody's yes."""
        return {
            digest
            for digest, state in self.pending.items()
            if state != "approved" and digest not in self.skipped
        }


async def approve(desk: "Desk", actor: "Actor", request: ApproveRequest) -> ApproveAnswer:
    """Append the approval. ``Declined`` when what is asked for is not what waits now."""
    if request.all == bool(request.digests):
        raise Declined(Code.BAD_REQUEST, "name digests, or ask for all, and not both")
    if request.all and request.expect_count is None:
        raise Declined(
            Code.BAD_REQUEST,
            "all needs the count that you expect",
            cure="trueup plan tells it: trueup approve --all --expect-count N",
        )
    standing = await desk.ledger.ask(_standing)
    digests = sorted(standing.unapproved) if request.all else _named(standing, request.digests)
    stopped = len(standing.stopped.intersection(digests))
    _check_count(len(digests), request.expect_count, stopped=stopped)
    is_first = not standing.first_plan_approved and standing.unapproved <= set(digests)
    if is_first:
        _check_ready(desk, standing)
    expires = desk.now() + desk.facts.approvals_expire_after
    expires_at = expires.isoformat(timespec="seconds").replace("+00:00", "Z")
    entries: list[Entry] = [
        Approved(
            digests=tuple(digests[start : start + PER_ENTRY]),
            by=str(actor),
            expires_at=expires_at,
            note=request.note,
        )
        for start in range(0, len(digests), PER_ENTRY)
    ]
    if is_first:
        entries.append(FirstPlanApproved(by=str(actor)))
    seq = 0
    if entries and not request.dry_run:
        seq = await desk.note(actor, entries, reason="approved")
    return ApproveAnswer(
        as_of=desk.now(),
        digests=tuple(digests),
        approved=len(digests),
        expires_at=expires_at,
        first_plan_approved=standing.first_plan_approved or is_first,
        by=str(actor),
        seq=seq,
        dry_run=request.dry_run,
    )


async def withdraw(desk: "Desk", actor: "Actor", request: WithdrawRequest) -> DoneAnswer:
    """Take back the yes to exactly these. ``Declined`` when one of them is not approved now."""
    standing = await desk.ledger.ask(_standing)
    digests = _named(standing, request.digests)
    _check_count(len(digests), request.expect_count)
    # By the approval and not by the state: what is paused beside it waits, and is approved still.
    approved = await desk.ledger.ask(lambda views: views.approvals(desk.now()))
    open_ones = [digest for digest in digests if digest not in approved]
    if open_ones:
        named = ", ".join(digest[:12] for digest in open_ones[:MOST_NAMED])
        raise Declined(
            Code.STALE,
            f"{len(open_ones)} of {len(digests)} are not approved: {named}; nothing was done",
            cure="trueup queue list --state approved shows those that are",
        )
    now = desk.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    entries: list[Entry] = [
        Approved(
            digests=tuple(digests[start : start + PER_ENTRY]),
            by=str(actor),
            expires_at=now,
            note=request.reason,
            withdrawn=True,
        )
        for start in range(0, len(digests), PER_ENTRY)
    ]
    seq = 0 if request.dry_run else await desk.note(actor, entries, reason="withdrawn")
    text = f"the approval of {len(digests)} changes is taken back; what needs none goes on"
    return DoneAnswer(
        as_of=desk.now(),
        seq=seq,
        text=text,
        next="trueup queue",
        back=f"trueup approve {' '.join(digest[:12] for digest in digests[:MOST_NAMED])}",
        dry_run=request.dry_run,
    )


def _standing(views: Views) -> Standing:
    pending: dict[Digest, str] = {}
    stopped: set[Digest] = set()
    offset = 0
    while page := views.operations(states=PENDING, limit=PAGE, offset=offset):
        pending |= {row.operation.digest: row.state for row in page}
        stopped |= {row.operation.digest for row in page if row.reason in STOPPED}
        offset += len(page)
        if len(pending) > MAX_DIGESTS:
            raise Declined(
                Code.TOO_LARGE,
                f"more than {MAX_DIGESTS} changes wait at once",
                cure="switch kinds to flow: manual or off in the configuration and go kind by kind",
            )
    return Standing(
        pending=pending,
        first_plan_approved=views.first_plan_approved(),
        dirty=views.dirty_count(),
        skipped=views.skipped_digests(),
        stopped=frozenset(stopped),
    )


def _named(standing: Standing, wanted: tuple[str, ...]) -> list[Digest]:
    """The full digests that are meant; any unique beginning of one will do."""
    found: set[Digest] = set()
    stale: list[str] = []
    for text in dict.fromkeys(wanted):
        meant = _meant(standing, text.lower())
        if len(meant) > 1:
            raise Declined(
                Code.AMBIGUOUS,
                f"{text} begins {len(meant)} digests",
                cure="give more of its digits: trueup plan --json shows them all",
            )
        if not meant:
            stale.append(text)
        found.update(meant)
    if stale:
        named = ", ".join(stale[:MOST_NAMED]) + (" ..." if len(stale) > MOST_NAMED else "")
        raise Declined(
            Code.STALE,
            f"{len(stale)} of {len(wanted)} digests wait no longer: {named}; nothing was approved",
            cure="the record moved on, or it was sent: look again with trueup plan",
        )
    return sorted(found)


def _meant(standing: Standing, text: str) -> list[Digest]:
    if text in standing.pending:
        return [Digest(text)]
    if len(text) < SHORTEST_PREFIX:
        raise Declined(
            Code.BAD_REQUEST, f"{text!r} is too short for a digest", cure="give 8 digits or more"
        )
    return [digest for digest in standing.pending if digest.startswith(text)]


def _check_count(count: int, expected: int | None, *, stopped: int = 0) -> None:
    if expected is not None and count != expected:
        # Status and plan count those apart, for a yes alone does not let them go.
        why = "a pause or the hours of writing, for example"
        but = f" ({stopped} of them stopped: {why})" if stopped else ""
        raise Declined(
            Code.STALE,
            f"{count} changes wait{but}, not {expected}; nothing was approved",
            cure="look at what changed with trueup plan, then approve with the new count",
        )


def _check_ready(desk: "Desk", standing: Standing) -> None:
    """The first plan ends observe-only for good, so it must be the whole plan."""
    last = desk.scheduler.last
    if last is None or not last.complete or standing.dirty:
        raise Declined(
            Code.NOT_READY,
            "the first plan is not complete: both systems must be read to the end once",
            cure="wait for the cycle to end (trueup status), then look again with trueup plan",
        )
