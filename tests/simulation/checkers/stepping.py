"""What the ledger would pass over as in step is decided as it was: planning has nothing to say."""

from tests.daemon.cycle.stepping import judged
from tests.simulation.evidence import Evidence


async def check(evidence: Evidence) -> list[str]:
    one = evidence.one
    _, news = judged(one.ledger.path, one.scheduler.company, one.key)
    return [f"{text}, and the ledger says it is in step" for text in news]
