"""A life is the same life again: in another process, with other hashes and other addresses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lived(name: str, seed: int, hashes: int) -> str:
    """The digests of journal, request log and story that one process came to."""
    command = [sys.executable, "-m", "tests.simulation.replay", name, str(seed)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hashes)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


@pytest.mark.parametrize(("name", "seed"), [("lists", 3), ("paper_valves", 5), ("answers", 4)])
def test_a_seed_is_the_same_life_in_every_process(name: str, seed: int) -> None:
    first = lived(name, seed, 1)
    assert len(first.split()) == 3
    assert lived(name, seed, 2) == first
    assert lived(name, seed + 1, 1) != first
