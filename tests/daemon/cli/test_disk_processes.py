"""A full disk under real processes: the daemon as it runs, the simulators' own log as the judge.

F92. Needs root, which may mount a small file system in memory.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.cli.demo_stage import Demo
from tests.daemon.cli.test_end_to_end import SCALE, writes
from tests.scenarios.test_full_disk import disk_of, fill_up

MIB = 1024 * 1024


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Demo]:
    """Both simulators and a daemon whose state is on a disk of its own."""
    with disk_of(tmp_path / "state", 160 * MIB):
        demo = Demo(tmp_path, 11, "small", SCALE)
        with demo.sandbox(), demo.daemon():
            demo.wait_for_first_cycle()
            yield demo


def refused(show: Demo) -> str:
    """What ``trueup apply`` says when the ledger cannot take what is to come."""
    said: subprocess.CompletedProcess[str] = show.run("apply")
    assert said.returncode != 0
    return said.stdout + said.stderr


def test_F92_the_daemon_sends_nothing_on_a_full_disk_and_goes_on_by_itself(show: Demo) -> None:
    state = show.folder / "state"
    waiting = show.ask("plan", "--limit", "1")["totals"]["operations"]
    hog = fill_up(state, leave=8 * MIB)
    show.must("approve", "--all", "--expect-count", str(waiting))

    assert "ledger.min_free is 64 MiB" in refused(show)
    assert writes(show) == []
    hog.unlink()
    hog = fill_up(state)
    assert refused(show)
    assert writes(show) == []

    hog.unlink()
    assert show.ask("apply")["report"]["unknown"] == 0
    show.ask("apply")
    settled = len(writes(show))
    assert settled > 0
    assert show.ask("apply")["report"]["sent"] == 0
    assert len(writes(show)) == settled, "what agrees is not written again"
    for kind in ("vendor", "customer", "item"):
        names = [row.get("DisplayName", row.get("Name")) for row in show.dump("qbo", kind)]
        assert len(names) == len(set(names))
    assert json.loads(show.must("ledger", "verify", "--json"))["ok"] is True
