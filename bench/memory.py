"""Memory and open files over a thousand idle cycles: does anything grow that never shrinks?

Real connectors speak to the simulators, which run in a process of their own. After a part that
fills pools and caches, a line is laid through the samples of the rest: its slope is the result.

    python -m bench.memory --cycles 1000
"""

import asyncio
import gc
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.figures import arguments, descriptors, resident_mb, table, verdict
from bench.sample import KEY
from bench.twins import Twins, clock_of, connectors_of, policy_of, served
from daemon.cycle.company import Company
from daemon.cycle.schedule import Scheduler
from ledger.store.ledger import Ledger

SAMPLES = 40
WARM = 0.25
"""Part of the cycles that is not counted."""
LIMIT_MB = 1.0
"""Per thousand cycles: a day of looks every five minutes is 288 of them."""


class Sample(NamedTuple):
    cycle: int
    memory_mb: float
    open_files: int


async def live(twins: Twins, folder: Path, cycles: int) -> list[Sample]:
    """Idle cycles with the calls that belong to them."""
    clock = clock_of(twins)
    ledger = await Ledger.open(folder / "ledger.db", now=clock.now, key=KEY)
    connectors = connectors_of(twins, folder, clock)
    found: list[Sample] = []
    try:
        policy = policy_of({name: c.capabilities for name, c in connectors.items()})
        company = Company(ledger=ledger, connectors=connectors, policy=policy, clock=clock)
        scheduler = Scheduler(company, poll_s=60)
        for _ in range(3):
            await scheduler.run_now("rest")
        for cycle in range(cycles):
            report = await scheduler.run_now("bench")
            assert report.learned_nothing, report
            if cycle % max(1, cycles // SAMPLES) == 0:
                gc.collect()
                found.append(Sample(cycle, resident_mb(), descriptors()))
    finally:
        for connector in connectors.values():
            await connector.close()
        await ledger.close()
    return found


def slope(samples: list[Sample], what: str) -> float:
    """Growth per thousand cycles."""
    points = [(sample.cycle, float(getattr(sample, what))) for sample in samples]
    line = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    return line.slope * 1000


async def run(cycles: int, size: str) -> None:
    async with served(size) as twins:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            found = await live(twins, Path(name), cycles)
    warm = [sample for sample in found if sample.cycle >= cycles * WARM]
    shown = [found[0], warm[0], warm[len(warm) // 2], warm[-1]]
    table(
        f"{cycles:,} idle cycles against the simulators",
        ["after cycle", "memory", "open files"],
        [[f"{s.cycle:,}", f"{s.memory_mb:.1f} MB", f"{s.open_files}"] for s in shown],
    )
    grown = slope(warm, "memory_mb")
    verdict(
        "memory that a thousand idle cycles add",
        f"< {LIMIT_MB:.0f} MB",
        f"{grown:+.2f} MB",
        met=grown < LIMIT_MB,
    )
    files = slope(warm, "open_files")
    verdict("open files that they add", "0", f"{files:+.2f}", met=files < 1)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--size", default="small", choices=["small", "medium", "large"])
    options = parser.parse_args()
    asyncio.run(run(options.cycles, options.size))


if __name__ == "__main__":
    main()
