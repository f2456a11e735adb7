"""What is the bookkeeper's stays: classes, customers and notes, payments, and whole documents."""

from decimal import Decimal

from tests.simulation.evidence import Evidence
from tests.simulation.filing import file
from tests.simulation.trail import PaperEvent


async def check(evidence: Evidence) -> list[str]:
    filing = file(evidence)
    trail = evidence.witness.trail
    problems = [f"the daemon wrote to {label}" for label in trail.daemon_on_payments]
    for event in trail.by_daemon():
        if event.label not in filing.born and not filing.partners(event.label, "dear"):
            problems.append(f"only QuickBooks has this, and it was touched: {event}")
        if event.direct:
            problems += _lost(event)
    return problems


def _lost(event: PaperEvent) -> list[str]:
    before, after = event.before, event.after
    if before is None or after is None or after.status == "voided":
        return []
    problems = []
    lines = {line.id: line for line in after.lines}
    for line in before.lines:
        kept = lines.get(line.id)
        if kept is not None and kept.own != line.own:
            problems.append(f"line {line.id} was {line.own}, is {kept.own}: {event}")
    if before.note != after.note:
        problems.append(f"the note {before.note!r} became {after.note!r}: {event}")
    applied = sum((amount for _, amount in before.settled), Decimal(0))
    if before.settled != after.settled and after.total >= applied:
        problems.append(f"{before.settled} became {after.settled}: {event}")
    return problems
