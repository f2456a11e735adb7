"""A full comparison of linked pairs in step, against the bare SQL join of the same tables.

A change of the configuration that concerns no pair marks every record for another look. Measured
are: the statement that tells which of them need none, page by page as a cycle asks it, beside a
join of the same tables that compares nothing; the whole pass over them, which also takes them out
of the dirty set; and, for the first time of all, planning that opens every record. The longest
stall is that of an event loop in which a task is due every five milliseconds meanwhile, beside the
longest one while nothing is asked.

    python -m bench.compare --pairs 1000000 --folder /var/tmp/bench

With ``--folder`` the ledger that the idle cycle is measured with is copied, and kept as it was.
"""

import asyncio
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bench.figures import (
    Spent,
    arguments,
    rate,
    ratio,
    resident_mb,
    seconds,
    table,
    verdict,
    watched,
)
from bench.sample import KEY, fill
from bench.start import state_of
from bench.twins import connectors_of, policy_of
from daemon.clock import SystemClock
from daemon.cycle.company import Company
from daemon.cycle.lookups import LedgerLookups
from daemon.cycle.passing import PAGE, pass_over, rules_in_force
from daemon.cycle.planning import plan_dirty
from daemon.cycle.report import CycleReport
from daemon.reconcile.instep import KINDS
from ledger.model.entries import ConfigApplied
from ledger.model.ids import REFERENCE_KINDS, Digest
from ledger.store.engine import reading
from ledger.store.ledger import Ledger
from ledger.store.views import Views

TARGET_RATIO = 1.5
TARGET_MB = 100
TARGET_STALL_S = 0.05
DUE_S = 0.005
IDLE_S = 2.0

BARE = """
SELECT count(*), sum(q.seq), sum(h.seq), sum(b.seq)
FROM dirty AS d JOIN in_step AS q ON q.record = d.record
JOIN link AS l ON l.record = d.record
JOIN head AS h ON h.object = l.object
JOIN baseline AS b ON b.record = l.record AND b.system = l.system"""


async def mark_everything(ledger: Ledger, company: Company, name: str) -> None:
    """Other rules apply from here on, which concern no item and no vendor."""
    draft = ledger.draft(actor="daemon")
    version = company.rules().mapping_version
    draft.add(ConfigApplied(config=Digest(name * 64), mapping_version=version))
    await ledger.append(draft)


def bare(path: Path) -> Spent:
    db = reading(path)()
    try:
        with watched() as watch:
            ((pairs, *_),) = db.execute(BARE).fetchall()
            assert pairs
        return watch.spent
    finally:
        db.close()


def told_apart(path: Path, company: Company) -> tuple[Spent, int]:
    """The comparison alone, over a connection of its own."""
    db = reading(path, key=KEY)()
    try:
        with watched() as watch:
            views, policy, found, after = Views(db), company.rules(), 0, ""
            ground = views.ground(policy.systems, REFERENCE_KINDS)
            assert ground is not None
            lookups = LedgerLookups(views, recent_since=company.clock.now())
            rules = rules_in_force(KINDS, lookups, policy).values()
            while page := views.dirty_in_step(rules, ground, after=after, limit=PAGE):
                found += len(page.in_step)
                after = page.last
        return watch.spent, found
    finally:
        db.close()


async def stalls(longest: list[float]) -> None:
    """Note by how much this task was ever late."""
    while True:
        due = time.perf_counter() + DUE_S
        await asyncio.sleep(DUE_S)
        longest[0] = max(longest[0], time.perf_counter() - due)


async def latest(work: Awaitable[None]) -> float:
    """The longest stall while ``work`` is done."""
    late = [0.0]
    watching = asyncio.get_running_loop().create_task(stalls(late))
    await work
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return late[0]


async def compared(path: Path, folder: Path) -> dict[str, float]:
    clock = SystemClock()
    connectors = connectors_of(None, folder)
    policy = policy_of({name: c.capabilities for name, c in connectors.items()})
    ledger = await Ledger.open(path, now=clock.now, key=KEY)
    company = Company(ledger=ledger, connectors=connectors, policy=policy, clock=clock)
    report = CycleReport(cycle="bench", reason="bench", started_at="")
    try:
        await mark_everything(ledger, company, "a")
        with watched() as opened:
            await plan_dirty(company, report)
        await mark_everything(ledger, company, "b")
        before = resident_mb()
        rounds = [(bare(path), told_apart(path, company)) for _ in range(3)]
        idle = await latest(asyncio.sleep(IDLE_S))
        with watched() as passed:
            late = await latest(pass_over(company, report, lambda: False))
        left = await ledger.read(lambda views: views.dirty_count())
        return {
            "opened": opened.spent.cpu,
            "bare": min(one.cpu for one, _ in rounds),
            "told": min(other.cpu for _, (other, _) in rounds),
            "found": rounds[0][1][1],
            "passed": passed.spent.cpu,
            "left": left,
            "late": late,
            "idle": idle,
            "more": resident_mb() - before,
        }
    finally:
        for connector in connectors.values():
            await connector.close()
        await ledger.close()


def measured(path: str, folder: str, out: str) -> None:
    """In a process of its own, so that the memory is the comparison's."""
    told = asyncio.run(compared(Path(path), Path(folder)))
    Path(out).write_text(json.dumps(told), encoding="utf-8")


def filled(path: str, count: int, kept: Path | None) -> None:
    if kept is None:
        asyncio.run(fill(Path(path), count))
    else:
        shutil.copyfile(state_of(kept, count) / "ledger.db", path)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the ledger here for another time")
    options = parser.parse_args()
    apart = multiprocessing.get_context("spawn")
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        path, out = Path(name) / "ledger.db", Path(name) / "told.json"
        steps: tuple[tuple[Callable[..., None], tuple[object, ...]], ...] = (
            (filled, (str(path), options.pairs, options.folder)),
            (measured, (str(path), name, str(out))),
        )
        for step, given in steps:
            process = apart.Process(target=step, args=given)
            process.start()
            process.join()
        told = json.loads(out.read_text(encoding="utf-8"))
    shown(told, options.pairs)


def shown(figures: dict[str, float], pairs: int) -> None:
    costs = {
        "bare join": figures["bare"],
        "which are in step": figures["told"],
        "passed over, dirty marks and all": figures["passed"],
        "planned, every record opened": figures["opened"],
    }
    print(f"in step: {figures['found']:,.0f} of {pairs:,}; left to plan: {figures['left']:,.0f}")
    table(
        f"{pairs:,} linked pairs compared (goal: {TARGET_RATIO} times the bare join)",
        ["what", "CPU", "CPU a pair", "rate", "of the bare join"],
        [
            [
                what,
                seconds(cpu),
                seconds(cpu / pairs),
                rate(pairs, cpu),
                ratio(cpu, costs["bare join"]),
            ]
            for what, cpu in costs.items()
        ],
    )
    cost, bare_cost = figures["told"], figures["bare"]
    verdict(
        f"comparing {pairs:,} linked pairs, CPU against the bare join",
        f"<= {TARGET_RATIO}",
        ratio(cost, bare_cost),
        met=cost <= TARGET_RATIO * bare_cost,
    )
    verdict(
        "more memory for it",
        f"< {TARGET_MB} MB",
        f"{figures['more']:.0f} MB",
        met=figures["more"] < TARGET_MB,
    )
    idle = seconds(figures["idle"])
    verdict(
        "longest stall of the loop meanwhile",
        f"< {seconds(TARGET_STALL_S)}",
        f"{seconds(figures['late'])}, and {idle} while nothing was asked",
        met=figures["late"] < TARGET_STALL_S,
    )


if __name__ == "__main__":
    main()
