"""Nothing that the daemon writes lets go of money: what payments settle of a document before, they
settle after it, be it what was written or what shares a payment with that."""

from decimal import Decimal

from tests.simulation.evidence import Evidence
from tests.simulation.papers import Paper


async def check(evidence: Evidence) -> list[str]:
    trail = evidence.witness.trail
    trail.catch_up()
    return [
        f"{_paid(event.before)} was paid, and {_paid(event.after)} is left of it: {event}"
        for event in trail.by_daemon()
        if _paid(event.after) < _paid(event.before)
    ]


def _paid(paper: Paper | None) -> Decimal:
    return sum((amount for _, amount in paper.settled), Decimal()) if paper else Decimal()
