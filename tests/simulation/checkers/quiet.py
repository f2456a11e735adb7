"""A quiet world stays quiet: further cycles, whole ones too, append nothing and write nothing."""

from ledger.model.entries import Confirmed, Entry, Observed, VersionMoved
from ledger.model.ids import DOCUMENT_KINDS
from tests.simulation.evidence import Evidence


def _is_other_name(entry: Entry, evidence: Evidence) -> bool:
    """QuickBooks writes the name of an item beside its id: once that is renamed, every document
    with it has other bytes under the same version, which a whole look shows."""
    return (
        isinstance(entry, VersionMoved)
        and entry.ref.kind in DOCUMENT_KINDS
        and any(
            isinstance(row.entry, Observed | VersionMoved | Confirmed)
            and row.entry.ref == entry.ref
            and row.entry.version == entry.version
            for row in evidence.journal
        )
    )


async def check(evidence: Evidence) -> list[str]:
    one = evidence.one
    before = one.ledger.head
    trail = evidence.witness.trail
    trail.catch_up()
    events, papers = len(evidence.witness.events), len(trail.events)
    for full in (False, True):
        one.clock.advance(120.0)
        report = await one.scheduler.run_now("quiet", full=full)
        if not report.complete:
            return [f"a quiet cycle did not complete: {report.problems}"]
    problems = []
    if one.ledger.head != before:
        rows = await one.ledger.read(lambda views: views.entries(before, 1_000))
        news = [row.entry for row in rows if not _is_other_name(row.entry, evidence)]
        problems += [f"a quiet world appended {news[:20]}"] if news else []
    if len(evidence.witness.events) != events:
        problems.append(f"a quiet world wrote {evidence.witness.events[events:]}")
    trail.catch_up()
    if len(trail.events) != papers:
        problems.append(f"a quiet world wrote {[str(e) for e in trail.events[papers:]]}")
    return problems
