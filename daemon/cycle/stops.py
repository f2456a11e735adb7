"""What stops writes at this moment, asked again before every request.

The gate rules once for a whole round, which may take hours to send: a pause, a skip, a closing
window, or the end of the yes that it went by holds back the very next request. Must not judge.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from daemon.cycle.company import Company
from daemon.cycle.report import Ruled
from daemon.reconcile.gate import Pause
from ledger.model.ids import Digest, Kind, OperationId, RecordId, SystemName
from ledger.model.plans import Operation
from ledger.store.views import Views


class Stops:
    """What a person and the calendar stopped, as of one read transaction.

    ``among``: only these digests will be asked for; a plan of a job may have a hundred thousand.
    """

    def __init__(
        self, views: Views, company: Company, *, among: Collection[Digest] | None = None
    ) -> None:
        now = company.clock.now()
        self.pauses = _pauses(views, now, among)
        self.skipped = views.skipped_digests(among=among)
        self.shut = company.calendar.shut(now)

    def holds_back(self, system: SystemName, kind: Kind, digest: Digest) -> bool:
        """Whether this operation may not leave now, approved or not."""
        return (
            self.shut is not None
            or digest in self.skipped
            or any(pause.covers(system, kind, digest) for pause in self.pauses)
        )


async def stops(company: Company, among: Iterable[Digest]) -> Stops:
    """What stops these operations now."""
    digests = list(among)
    return await company.ledger.read(lambda views: Stops(views, company, among=digests))


async def held_back(
    company: Company, operations: Sequence[Operation], ruled: Ruled | None
) -> frozenset[OperationId]:
    """Those of ``operations`` that wait at the next round's gate: something stops them now, or
    their ground moved since the gate ruled. A yes was taken back or ended, or somebody said
    something else of the record, or of one that it relies on: what is joined is not created."""
    digests = [operation.digest for operation in operations]
    relied = {o.id: {o.record, *o.needs, *o.relies_on} for o in operations}

    def ask(views: Views) -> frozenset[OperationId]:
        now = Stops(views, company, among=digests)
        answered: frozenset[RecordId] = frozenset()
        ended: frozenset[Digest] = frozenset()
        if ruled is not None:
            answered = views.answered_since(set().union(*relied.values()), ruled.seq)
            ended = views.approvals_ended(ruled.at, company.clock.now(), among=digests)
        return frozenset(
            one.id
            for one in operations
            if now.holds_back(one.system, one.kind, one.digest)
            or one.digest in ended
            or not answered.isdisjoint(relied[one.id])
        )

    return await company.ledger.read(ask)


def _pauses(views: Views, now: datetime, among: Collection[Digest] | None) -> tuple[Pause, ...]:
    """What is paused; a job's own freeze lets the plan of that job pass."""
    rows = views.pauses()
    jobs = any(row.job for row in rows)
    plans = views.approvals_of_jobs(now, among=among) if jobs else {}
    return tuple(
        Pause(
            system=row.system,
            kind=row.kind,
            reason=row.reason,
            by=row.by,
            since=row.since,
            job=row.job,
            passes=plans.get(row.job, frozenset()) if row.job else frozenset(),
        )
        for row in rows
    )
