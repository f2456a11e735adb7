"""What DEAR voided does not stand in the books, unless the ledger says what keeps it there."""

from tests.simulation.evidence import Evidence
from tests.simulation.filing import file


async def check(evidence: Evidence) -> list[str]:
    filing = file(evidence)
    problems = []
    for paper in filing.dear.values():
        if paper.status != "voided" or not filing.is_due(paper) or filing.is_held(paper):
            continue
        standing = [p for p in filing.counterparts(paper) if p.status == "open"]
        problems += [f"{paper} still stands in the books: {there}" for there in standing]
    return problems
