"""A quiet world stays quiet: further cycles, whole ones too, append nothing and write nothing."""

from tests.simulation.evidence import Evidence


async def check(evidence: Evidence) -> list[str]:
    one = evidence.one
    before = one.ledger.head
    events = len(evidence.witness.events)
    for full in (False, True):
        one.clock.advance(120.0)
        report = await one.scheduler.run_now("quiet", full=full)
        if not report.complete:
            return [f"a quiet cycle did not complete: {report.problems}"]
    problems = []
    if one.ledger.head != before:
        rows = await one.ledger.read(lambda views: views.entries(before, 20))
        problems.append(f"a quiet world appended {[row.entry for row in rows]}")
    if len(evidence.witness.events) != events:
        problems.append(f"a quiet world wrote {evidence.witness.events[events:]}")
    return problems
