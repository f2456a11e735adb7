"""Nobody sleeps who should have been woken: planning everything anew says what already stands."""

from daemon.cycle.planning import CONFLICT_SUBJECT, Slice
from ledger.model.ids import RecordId
from ledger.store.views import Views
from tests.simulation.evidence import Evidence

_BY_THE_WAY = "discrepant:qbo:order"
"""A bill that stands in the books without its order says so when it is next looked at: an order
that is posted, or opened, long after it wakes nobody."""


async def check(evidence: Evidence) -> list[str]:
    company = evidence.one.scheduler.company
    records = sorted(set(evidence.records.values()))

    def ask(views: Views) -> list[str]:
        return _differences(Slice(views, company, records))

    return await evidence.one.ledger.read(ask)


def _differences(part: Slice) -> list[str]:
    plan = part.plan
    problems = [f"{link.record} should be linked: {link}" for link in plan.links]
    for agreement in plan.agreements:
        problems.append(f"{agreement.record} should be agreed: {agreement.images}")
    wanted: set[tuple[RecordId, str]] = {(h.record, h.subject) for h in plan.holds}
    wanted |= {(c.record, CONFLICT_SUBJECT) for c in plan.conflicts}
    standing = part.holds.keys()
    late = {(r, s) for r, s in wanted if s == _BY_THE_WAY}
    problems += [f"{r} should be held for {s}" for r, s in sorted(wanted - standing - late)]
    problems += [f"{r} is held for {s} for no reason" for r, s in sorted(standing - wanted)]
    planned = {o.id: o for o in plan.operations}
    pending = {r.operation.id: r for rows in part.operations.values() for r in rows}
    problems += [
        f"{planned[o].record} should be planned: {planned[o]}" for o in planned.keys() - pending
    ]
    problems += [f"{pending[o]} is planned for no reason" for o in pending.keys() - planned]
    return problems
