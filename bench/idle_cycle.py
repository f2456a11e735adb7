"""An idle cycle, in which nothing has changed anywhere: its cost must not follow its size.

By default two silent connectors stand in for the wire, so that only our own work is measured, each
size in a process of its own, whose memory is told. With ``--folder`` the ledgers are kept for
another time: one of a million pairs takes half an hour to make. With ``--twins`` the simulators run
in a process of their own, and the calls of a cycle are counted.

    python -m bench.idle_cycle --pairs 10000 100000 1000000 --folder /var/tmp/bench
    python -m bench.idle_cycle --twins
"""

import argparse
import asyncio
import cProfile
import pstats
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.figures import (
    Spent,
    arguments,
    median,
    peak_mb,
    ratio,
    resident_mb,
    seconds,
    table,
    verdict,
    watched,
)
from bench.sample import DEAR, KEY, PAGE, QBO, Ticking
from bench.start import state_of
from bench.twins import Twins, calls, clock_of, connectors_of, policy_of, served
from daemon.clock import SystemClock
from daemon.connectors.base import Budget, Health
from daemon.cycle.company import Company, Told
from daemon.cycle.cycle import Cycle
from daemon.cycle.report import CycleReport
from daemon.cycle.schedule import Scheduler
from ledger.model.capabilities import Capabilities
from ledger.model.entries import FirstPlanApproved
from ledger.model.facts import Cursor, Observation, Page, Tombstone
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.outcomes import Outcome, WriteRequest
from ledger.store.ledger import Ledger

LIMIT_S, TIMES, PLUS_S = 0.020, 1.5, 0.001
LIMIT_MB = 250
CALLS = {QBO: 1, DEAR: 3}
"""One look for changes; the incremental lists of suppliers, customers and products."""


class Silent:
    """A connected system in which nothing ever changes."""

    def __init__(self, name: SystemName, capabilities: Capabilities) -> None:
        self.name = name
        self.capabilities = capabilities
        self.budget = Budget(calls=0, metered_reads=0, throttled=0)

    async def check(self, *, anew: bool = False) -> Health:
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


async def silent(
    path: Path, cycles: int, profile: cProfile.Profile | None
) -> tuple[list[Spent], int]:
    """Idle cycles over a filled ledger, after some that bring it to rest, and the entries that
    they appended.

    The first time that a ledger is used its rules are new to it, and every record would be looked
    at: that they agree is known from how they were made.
    """
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        able = {name: c.capabilities for name, c in connectors_of(None, path.parent).items()}
        connectors = {name: Silent(name, able[name]) for name in (QBO, DEAR)}
        company = Company(
            ledger=ledger, connectors=connectors, policy=policy_of(able), clock=SystemClock()
        )
        scheduler = Scheduler(company, poll_s=60)
        if not await ledger.read(lambda views: views.first_plan_approved()):
            draft = ledger.draft()
            draft.add(FirstPlanApproved(by="bench"))
            await ledger.append(draft)
        await _take_as_decided(company)
        while not (await scheduler.run_now("rest")).learned_nothing:
            pass
        before, _ = await ledger.read(lambda views: views.head())
        spent = await _idle(scheduler, cycles, profile)
        after, _ = await ledger.read(lambda views: views.head())
        return spent, after - before
    finally:
        await ledger.close()


async def _take_as_decided(company: Company) -> None:
    """Note the rules in force, and that every record was looked at under them."""
    ledger = company.ledger
    company.told = Told(home_currency="USD")
    await Cycle(company)._note_rules(CycleReport(cycle="rest", reason="bench", started_at=""))
    head, _ = await ledger.read(lambda views: views.head())
    while dirty := await ledger.read(lambda views: views.dirty(limit=PAGE)):
        draft = ledger.draft()
        draft.decided(dirty, as_of=head)
        await ledger.append(draft)


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
        each = {name: (after[name] - before[name]) / cycles for name in connectors}
        table(
            f"Idle cycle against the simulators, median of {cycles}",
            ["system", "calls a cycle", "wall", "CPU of ours"],
            [[name, f"{each[name]:.2f}", *map(seconds, spent)] for name in connectors],
        )
        told = ", ".join(f"{name} {count:.2f}" for name, count in each.items())
        goal = ", ".join(f"{name} {count}" for name, count in CALLS.items())
        met = all(each[name] <= count for name, count in CALLS.items())
        verdict("calls of an idle cycle", goal, told, met=met)
    finally:
        for connector in connectors.values():
            await connector.close()
        await ledger.close()


class Idle(msgspec.Struct):
    """What a process measured that does nothing but idle cycles over one ledger."""

    median: Spent
    slowest: Spent
    resident_mb: float
    peak_mb: float
    entries: int
    """That the measured cycles appended."""


async def _one(path: Path, cycles: int) -> Idle:
    spent, entries = await silent(path, cycles, None)
    return Idle(
        median=median(spent),
        slowest=max(spent, key=lambda one: one.cpu),
        resident_mb=resident_mb(),
        peak_mb=peak_mb(),
        entries=entries,
    )


def alone(path: Path, cycles: int) -> Idle:
    """Measured by a process that does nothing else."""
    words = [sys.executable, "-m", "bench.idle_cycle", "--one", str(path), "--cycles", str(cycles)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Idle)


def show(found: dict[int, Idle], cycles: int) -> None:
    first = next(iter(found.values()))
    table(
        f"Idle cycle, silent systems, median of {cycles}",
        ["linked pairs", "wall", "CPU", "slowest CPU", "CPU vs the first", "memory", "its peak"],
        [
            [
                f"{pairs:,}",
                seconds(one.median.wall),
                seconds(one.median.cpu),
                seconds(one.slowest.cpu),
                ratio(one.median.cpu, first.median.cpu),
                f"{one.resident_mb:.0f} MB",
                f"{one.peak_mb:.0f} MB",
            ]
            for pairs, one in found.items()
        ],
    )
    most, last = max(found), found[max(found)]
    limit = min(LIMIT_S, TIMES * first.median.cpu + PLUS_S)
    verdict(
        f"idle cycle over {most:,} pairs, median CPU",
        f"<= 20 ms and <= {TIMES} x that over {next(iter(found)):,} + 1 ms: {seconds(limit)}",
        seconds(last.median.cpu),
        met=last.median.cpu <= limit,
    )
    verdict(
        f"memory of a process that idles over {most:,} pairs",
        f"< {LIMIT_MB} MB",
        f"{last.resident_mb:.0f} MB",
        met=last.resident_mb < LIMIT_MB,
    )
    verdict("entries that idle cycles appended", "0", f"{last.entries}", met=not last.entries)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the ledgers here for another time")
    parser.add_argument("--twins", action="store_true")
    parser.add_argument("--size", default="medium", choices=["small", "medium", "large"])
    parser.add_argument("--profile", action="store_true", help="of the first size, in this process")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        found = asyncio.run(_one(options.one, options.cycles))
        sys.stdout.buffer.write(msgspec.json.encode(found))
        return
    if options.twins:
        asyncio.run(with_twins(options.cycles, options.size))
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = options.folder or Path(name)
        paths = {pairs: state_of(folder, pairs) / "ledger.db" for pairs in options.pairs}
        if options.profile:
            profile = cProfile.Profile()
            asyncio.run(silent(paths[options.pairs[0]], options.cycles, profile))
            pstats.Stats(profile).sort_stats("cumtime").print_stats(40)
            return
        show({pairs: alone(path, options.cycles) for pairs, path in paths.items()}, options.cycles)


if __name__ == "__main__":
    main()
