"""The journal verifies, and every view is what a fold from nothing gives."""

from tests.simulation.evidence import Evidence


async def check(evidence: Evidence) -> list[str]:
    report = await evidence.one.ledger.verify()
    return [str(problem) for problem in report.problems]
