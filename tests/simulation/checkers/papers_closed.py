"""Nothing is written into a closed period.

Orders post nothing: a QuickBooks that takes them there may get them, until the daemon hears of the
closing date.
"""

from tests.simulation.evidence import Evidence
from tests.simulation.filing import file


async def check(evidence: Evidence) -> list[str]:
    file(evidence)
    problems = []
    takes_orders = evidence.one.qbo.switches.closed_orders == "accept"
    for event in evidence.witness.trail.by_daemon():
        if takes_orders and event.label.startswith("qbo/purchase_order/"):
            continue
        dates = [paper.date for paper in (event.before, event.after) if paper is not None]
        if event.direct and event.closed_until and min(dates) <= event.closed_until:
            problems.append(f"the books were closed up to {event.closed_until}: {event}")
    return problems
