"""What is about to leave is decided once more, where that was done in an earlier cycle: it may have
waited for hours, for a pause, an approval or a system.

What moves under a plan wakes it, as far as it is known what it stands on; that nothing is written
on old grounds does not rest on that alone. Must not rule on operations; ``gate`` does.
"""

from collections.abc import Callable, Collection, Iterable

from daemon.cycle.company import Company
from daemon.cycle.execute import turn_of
from daemon.cycle.planning import pass_gate, plan_again, plan_dirty
from daemon.cycle.report import CycleReport
from ledger.model.ids import RecordId
from ledger.model.plans import Operation

MOST = 5_000
"""Operations of earlier cycles that are decided anew, and sent, in one round."""


async def decided_now(
    company: Company,
    ready: list[Operation],
    report: CycleReport,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Operation]:
    """What may be sent of ``ready`` and was decided in this cycle; before that some of the others
    are decided anew, in the order in which they would go, and pass the gate again."""
    looked: set[RecordId] = set()
    while not stopping():
        older = await _older(company, ready, report.decided | looked)
        if not older:
            break
        records = {operation.record for operation in sorted(older, key=turn_of)[:MOST]}
        looked |= records
        await plan_again(company, sorted(records), report)
        await plan_dirty(company, report, stopping=stopping)
        ready = await pass_gate(company, report)
        if any(operation.record in report.decided for operation in ready):
            break
    waiting = {operation.id for operation in await _older(company, ready, report.decided)}
    return [operation for operation in ready if operation.id not in waiting]


async def _older(
    company: Company, ready: Iterable[Operation], decided: Collection[RecordId]
) -> list[Operation]:
    """Those that were decided in earlier cycles; a re-export derives its own at every step."""
    older = [operation for operation in ready if operation.record not in decided]
    if not older:
        return []
    now, among = company.clock.now(), [operation.digest for operation in older]
    of_jobs = await company.ledger.read(lambda views: views.approvals_of_jobs(now, among=among))
    known = frozenset().union(*of_jobs.values())
    return [operation for operation in older if operation.digest not in known]
