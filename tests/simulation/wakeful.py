"""For scenarios: planning everything anew says what already stands."""

from tests.simulation.checkers import woken
from tests.simulation.evidence import gather
from tests.simulation.witness import Witness
from tests.town import Town


async def nobody_oversleeps(one: Town) -> None:
    witness = Witness(one)
    evidence = await gather(one, witness, [one.scheduler.company.policy])
    assert await woken.check(evidence) == []
