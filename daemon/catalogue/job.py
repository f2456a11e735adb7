"""The job as the ledger knows it: read it back, take it one state further, keep its rows.

The state machine over ``JobAdvanced``. Every step is one draft, so that a state and what comes with
it (a freeze, an approval, a thaw) are durable together or not at all. Must not talk to a system.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from daemon.catalogue.words import (
    OVER,
    PLAN,
    WHAT,
    Finished,
    JobRefused,
    Keeping,
    Memo,
    Row,
    State,
)
from daemon.reconcile.policy import Policy
from ledger.model.encoding import decode, encode
from ledger.model.entries import Entry, JobAdvanced, Paused, Resumed
from ledger.model.ids import Digest, Kind, SystemName
from ledger.store.ledger import Ledger
from ledger.store.views import JobRow, Views

T = TypeVar("T")
MOST_JOBS = 200

_PLANNING = frozenset(
    {State.READ, State.SORTED, State.SETTLED, State.PLANNED, State.APPROVED, State.ABORTED}
)
_NEXT: dict[State, frozenset[State]] = {
    State.OPENED: frozenset({State.FROZEN, State.ABORTED}),
    State.FROZEN: frozenset({State.READ, State.ABORTED}),
    State.READ: _PLANNING - {State.APPROVED},
    State.SORTED: _PLANNING - {State.APPROVED},
    State.SETTLED: _PLANNING - {State.APPROVED},
    State.PLANNED: _PLANNING,
    State.APPROVED: _PLANNING | {State.RUNNING},
    State.RUNNING: frozenset({State.RUNNING, State.PAUSED, State.VERIFYING, State.ABORTED}),
    State.PAUSED: frozenset({State.PAUSED, State.RUNNING, State.ABORTED}),
    State.VERIFYING: frozenset({State.VERIFYING, State.DONE, State.ABORTED}),
    State.DONE: frozenset(),
    State.ABORTED: frozenset(),
}
"""Where a job may go from where it is."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job at its latest state."""

    state: State
    memo: Memo
    since: str
    seq: int

    @property
    def id(self) -> str:
        return self.memo.job

    @property
    def is_over(self) -> bool:
        return self.state in OVER


def latest(views: Views) -> Job | None:
    """The newest catalogue job; None before the first."""
    row = next((row for row in views.jobs(limit=MOST_JOBS) if row.what == WHAT), None)
    return None if row is None else _job(row)


def count(views: Views) -> int:
    """How many catalogue jobs there ever were."""
    return sum(1 for row in views.jobs(limit=MOST_JOBS) if row.what == WHAT)


def _job(row: JobRow) -> Job:
    if row.body is None:
        raise JobRefused(
            f"what {row.job} knew was erased by retention", cure="open a new job: its plan is gone"
        )
    memo: Memo = decode(row.body, Memo)
    return Job(state=State(row.state), memo=memo, since=row.at, seq=row.seq)


async def advance(
    ledger: Ledger,
    job: Job | None,
    state: State,
    memo: Memo,
    *,
    by: str,
    entries: Sequence[Entry] = (),
) -> Job:
    """Append the next state with what belongs to it. ``JobRefused`` (stale) when the job has moved
    on since ``job`` was read, or cannot go there."""
    now = await ledger.read(latest)
    is_new = job is None and (now is None or now.is_over)
    if not is_new and (now is None or job is None or now.seq != job.seq):
        where = f"{now.id} is {now.state.value} now" if now is not None else "the job is gone"
        raise JobRefused(where, cure="look again: trueup catalogue status", sort="stale")
    if job is not None and state not in _NEXT[job.state]:
        raise JobRefused(
            f"{job.id} is {job.state.value}: it cannot become {state.value}",
            cure="trueup catalogue status says what it waits for",
        )
    draft = ledger.draft(actor=by)
    body = draft.body(encode(memo))
    if job is None:
        draft.add(_advanced(memo, State.OPENED, body, by))
    for entry in entries:
        draft.add(entry)
    draft.add(_advanced(memo, state, body, by))
    seqs = await ledger.append(draft)
    return Job(state=state, memo=memo, since="", seq=seqs[-1])


def _advanced(memo: Memo, state: State, body: Digest, by: str) -> JobAdvanced:
    return JobAdvanced(job=memo.job, what=WHAT, state=state.value, payload=body, by=by)


_SORTS: dict[type, str] = {Row: "rows", Keeping: "documents", Finished: "outcomes"}


async def keep(
    ledger: Ledger, job: str, rows: Sequence[Row] | Sequence[Keeping] | Sequence[Finished], by: str
) -> Digest:
    """Keep a chunk of a plan or of a report; where it is found again."""
    draft = ledger.draft(actor=by)
    digest = draft.body(encode(list(rows)))
    sort = _SORTS[type(rows[0])] if rows else "rows"
    draft.add(JobAdvanced(job=f"{job}.plan", what=PLAN, state=sort, payload=digest, by=by))
    await ledger.append(draft)
    return digest


async def load(ledger: Ledger, digest: Digest, of: type[T]) -> list[T]:
    """A chunk that was kept."""
    body = await ledger.read(lambda views: views.body(digest))
    if body is None:
        raise JobRefused("rows of the plan were erased by retention", cure="plan again")
    rows: list[T] = decode(body, list[of])  # type: ignore[valid-type]
    return rows


def freeze(job: str, policy: Policy, by: str, reason: str) -> list[Entry]:
    """Nothing of items is written but the job's own plan, and that not before ``run``."""
    paused: list[Entry] = [
        Paused(system=system, kind=Kind.ITEM.value, reason=reason, by=by, job=job)
        for system in sorted(policy.systems)
    ]
    return [*paused, brake(job, policy.books, by, reason)]


def brake(job: str, books: SystemName, by: str, reason: str) -> Paused:
    """Stops the job's own writes too: before it runs, and while it is paused."""
    return Paused(system=books, kind=Kind.ITEM.value, reason=reason, by=by, job=f"{job}.pause")


def release(job: str, books: SystemName, by: str, reason: str) -> Resumed:
    """Takes the brake off; the freeze stays."""
    return Resumed(system=books, kind=Kind.ITEM.value, reason=reason, by=by, job=f"{job}.pause")


def thaw(job: str, policy: Policy, by: str, reason: str) -> list[Entry]:
    """Item sync goes on as before."""
    resumed: list[Entry] = [
        Resumed(system=system, kind=Kind.ITEM.value, reason=reason, by=by, job=job)
        for system in sorted(policy.systems)
    ]
    return [*resumed, release(job, policy.books, by, reason)]
