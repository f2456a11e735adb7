"""Seeded lives of small companies. ``SIM_SEEDS=500`` runs more of them, ``SIM_SEED=7`` that one.

A life that goes wrong is lived again with fewer and fewer steps until only those are left that it
takes; then the story is told and the command that repeats it.
"""

import os

import pytest

from tests.simulation.life import Step, Story, live, steps_of

SEEDS = int(os.environ.get("SIM_SEEDS", "25"))
FIRST = int(os.environ.get("SIM_FIRST", "1"))
ONE = os.environ.get("SIM_SEED", "")
TRIES = int(os.environ.get("SIM_TRIES", "60"))
"""Lives that shrinking may take."""


def seeds() -> list[int]:
    return [int(ONE)] if ONE else list(range(FIRST, FIRST + SEEDS))


@pytest.mark.parametrize("seed", seeds())
async def test_life(seed: int) -> None:
    steps = steps_of(seed)
    story = await live(seed, steps)
    if story.problems:
        pytest.fail(await shrunk(seed, steps, story), pytrace=False)


async def shrunk(seed: int, steps: tuple[Step, ...], story: Story) -> str:
    """The shortest story found that goes wrong in the same way, and how to see it again."""
    sort = story.problems[0].split(":")[0]
    tries = TRIES
    for width in (8, 4, 2, 1):
        at = len(steps) - width
        while at >= 0 and tries:
            tries -= 1
            fewer = steps[:at] + steps[at + width :]
            told = await live(seed, fewer)
            if any(problem.startswith(sort) for problem in told.problems):
                steps, story = fewer, told
                at = min(at, len(steps) - width)
            else:
                at -= width
    return "\n".join(
        (
            f"seed {seed} goes wrong; again: SIM_SEED={seed} make sim",
            *(f"  {problem}" for problem in story.problems),
            f"with these steps: {[(step.what, step.salt) for step in steps]}",
            *(f"  {line}" for line in story.told),
        )
    )
