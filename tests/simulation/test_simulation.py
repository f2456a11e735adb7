"""Seeded lives of small companies: of their lists, and of their documents as well.

``SIM_SEEDS=500`` runs more of them, ``SIM_SEED=7`` that one of all sorts, ``SIM_CAST=papers`` (or
another of ``USUAL``) one sort only. A life that goes wrong is lived again with fewer and fewer
steps until only those are left that it takes, ``SIM_TRIES`` times at most; then the story is told
and the command that repeats it.
"""

import os
from typing import Final

import pytest

from tests.simulation.casts import CASTS
from tests.simulation.life import Step, Story, live, steps_of

SEEDS = int(os.environ.get("SIM_SEEDS", "0"))
FIRST = int(os.environ.get("SIM_FIRST", "1"))
ONE = os.environ.get("SIM_SEED", "")
CAST = os.environ.get("SIM_CAST", "")
TRIES = int(os.environ.get("SIM_TRIES", "60"))
"""Lives that shrinking may take."""
USUAL: Final = {
    "lists": 70,
    "papers": 50,
    "valves": 40,
    "paper_valves": 30,
    "answers": 20,
    "paper_answers": 10,
    "links": 20,
    "paper_links": 10,
}
"""Sorts of lives, and how many of each the suite runs."""
ON_SOCKETS: Final = 10
"""Each seed that this divides is lived over real loopback sockets; the others in memory."""


def lives() -> list[tuple[str, int]]:
    found = []
    for name, usual in USUAL.items():
        if CAST in ("", name):
            seeds = [int(ONE)] if ONE else range(FIRST, FIRST + (SEEDS or usual))
            found += [(name, seed) for seed in seeds]
    return found


@pytest.mark.parametrize(("name", "seed"), lives())
async def test_life(name: str, seed: int) -> None:
    cast = CASTS[name]
    steps = steps_of(seed, cast)
    story = await live(seed, steps, cast, in_memory=seed % ON_SOCKETS != 0)
    if story.problems:
        pytest.fail(await shrunk(name, seed, steps, story), pytrace=False)


async def shrunk(name: str, seed: int, steps: tuple[Step, ...], story: Story) -> str:
    """The shortest story found that goes wrong in the same way, and how to see it again."""
    sort = story.problems[0].split(":")[0]
    cast = CASTS[name]
    tries = TRIES
    for width in (8, 4, 2, 1):
        at = len(steps) - width
        while at >= 0 and tries:
            tries -= 1
            fewer = steps[:at] + steps[at + width :]
            told = await live(seed, fewer, cast)
            if any(problem.startswith(sort) for problem in told.problems):
                steps, story = fewer, told
                at = min(at, len(steps) - width)
            else:
                at -= width
    return "\n".join(
        (
            f"seed {seed} goes wrong; again: SIM_CAST={name} SIM_SEED={seed} make sim",
            *(f"  {problem}" for problem in story.problems),
            f"with these steps: {[(step.what, step.salt) for step in steps]}",
            *(f"  {line}" for line in story.told),
        )
    )
