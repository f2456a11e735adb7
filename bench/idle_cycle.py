"""An idle cycle, in which nothing has changed anywhere: its cost must not follow its size.

By default two silent connectors stand in for the wire, so that only our own work is measured. With
``--twins`` the simulators run in a process of their own, and the calls of a cycle are counted.

    python -m bench.idle_cycle --pairs 1000 10000 100000
    python -m bench.idle_cycle --twins
"""

import asyncio
import cProfile
import pstats
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from bench.figures import Spent, arguments, median, ratio, seconds, table, watched
from bench.sample import DEAR, KEY, QBO, Ticking, fill
from bench.twins import Twins, calls, clock_of, connectors_of, policy_of, served
from daemon.clock import SystemClock
from daemon.connectors.base import Budget, Health
from daemon.cycle.company import Company
from daemon.cycle.schedule import Scheduler
from ledger.model.capabilities import Capabilities
from ledger.model.entries import FirstPlanApproved
from ledger.model.facts import Cursor, Observation, Page, Tombstone
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.outcomes import Outcome, WriteRequest
from ledger.store.ledger import Ledger


class Silent:
    """A connected system in which nothing ever changes."""

    def __init__(self, name: SystemName, capabilities: Capabilities) -> None:
        self.name = name
        self.capabilities = capabilities
        self.budget = Budget(calls=0, metered_reads=0, throttled=0)

    async def check(self) -> Health:
        return Health(
            company_id="1", company_name="Bench", home_currency="USD", environment="sandbox"
        )

    async def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        for _ in ():
            yield Page(system=self.name, kind=Kind.ITEM)

    async def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        raise NotImplementedError
        yield

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        raise NotImplementedError

    async def find(self, kind: Kind, key: str, value: str) -> Sequence[Observation]:
        raise NotImplementedError

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        raise NotImplementedError

    def stop(self) -> None: ...

    async def close(self) -> None:
        return None


async def silent(path: Path, cycles: int, profile: cProfile.Profile | None) -> list[Spent]:
    """Idle cycles over a filled ledger, after two that bring it to rest."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        able = {name: c.capabilities for name, c in connectors_of(None, path.parent).items()}
        connectors = {name: Silent(name, able[name]) for name in (QBO, DEAR)}
        company = Company(
            ledger=ledger, connectors=connectors, policy=policy_of(able), clock=SystemClock()
        )
        scheduler = Scheduler(company, poll_s=60)
        draft = ledger.draft()
        draft.add(FirstPlanApproved(by="bench"))
        await ledger.append(draft)
        for _ in range(2):
            await scheduler.run_now("rest")
        return await _idle(scheduler, cycles, profile)
    finally:
        await ledger.close()


async def _idle(
    scheduler: Scheduler, cycles: int, profile: cProfile.Profile | None = None
) -> list[Spent]:
    spent = []
    if profile is not None:
        profile.enable()
    for _ in range(cycles):
        with watched() as watch:
            report = await scheduler.run_now("bench")
        assert report.learned_nothing, report
        assert report.complete, report
        spent.append(watch.spent)
    if profile is not None:
        profile.disable()
    return spent


async def with_twins(cycles: int, size: str) -> None:
    async with served(size) as twins:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            await _with_twins(twins, Path(name), cycles)


async def _with_twins(twins: Twins, folder: Path, cycles: int) -> None:
    clock = clock_of(twins)
    ledger = await Ledger.open(folder / "ledger.db", now=clock.now, key=KEY)
    connectors = connectors_of(twins, folder, clock)
    try:
        policy = policy_of({name: c.capabilities for name, c in connectors.items()})
        company = Company(ledger=ledger, connectors=connectors, policy=policy, clock=clock)
        scheduler = Scheduler(company, poll_s=60)
        for _ in range(3):
            await scheduler.run_now("rest")
        before = calls(connectors)
        spent = median(await _idle(scheduler, cycles))
        after = calls(connectors)
        table(
            f"Idle cycle against the simulators, median of {cycles}",
            ["system", "calls a cycle", "wall", "CPU of ours"],
            [
                [name, f"{(after[name] - before[name]) / cycles:.2f}", *map(seconds, spent)]
                for name in connectors
            ],
        )
    finally:
        for connector in connectors.values():
            await connector.close()
        await ledger.close()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--twins", action="store_true")
    parser.add_argument("--size", default="medium", choices=["small", "medium", "large"])
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.twins:
        asyncio.run(with_twins(options.cycles, options.size))
        return
    found: dict[int, Spent] = {}
    for pairs in options.pairs:
        profile = cProfile.Profile() if options.profile else None
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            path = Path(name) / "ledger.db"
            asyncio.run(fill(path, pairs))
            found[pairs] = median(asyncio.run(silent(path, options.cycles, profile)))
        if profile is not None:
            pstats.Stats(profile).sort_stats("cumtime").print_stats(40)
    first = found[options.pairs[0]]
    table(
        f"Idle cycle, silent systems, median of {options.cycles}",
        ["linked pairs", "wall", "CPU", "CPU vs the first"],
        [
            [f"{pairs:,}", seconds(spent.wall), seconds(spent.cpu), ratio(spent.cpu, first.cpu)]
            for pairs, spent in found.items()
        ],
    )


if __name__ == "__main__":
    main()
