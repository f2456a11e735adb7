"""A year of documents, from nothing to nothing left to do, and both sides' totals to the cent.

Plays the year of a mid-size manufacturer in DEAR's simulator (at scale 1: 20 thousand orders, 30
thousand bills, 40 thousand invoices over 5 thousand products), starts the daemon's parts with
``since`` on the first of January, approves what waits, and goes on until nothing moves. Then both
simulators' own totals per kind, party and month are compared: every difference must be a held
record with a reason, or it fails.

    python -m bench.year --scale 0.02
"""

import asyncio
import cProfile
import gc
import math
import pstats
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.figures import Spent, arguments, seconds, table, watched
from bench.year_sides import ENTITIES, MOST, PART, Comparison, compare
from daemon.cycle.report import CycleReport
from daemon.reconcile.policy import DocumentPolicy
from daemon.sandbox.dear.history import Played, play
from daemon.sandbox.requestlog import Exchange, LogRow
from daemon.sandbox.world import make_trading_world
from ledger.model.entries import Approved, FirstPlanApproved
from ledger.model.ids import Digest, Kind
from ledger.store.engine import inline, threaded
from ledger.store.views import Views
from tests.town import Town, town

START = date(2025, 1, 1)
DAYS = 365
PURCHASES, SALES = 21_400, 41_400
"""Some of them stay drafts, are voided, or are never billed."""
SPREAD = 1.05
"""Requests that may be needed for each that full batches would take."""
FEW = 1500
"""Documents of a kind below which a batch here and there decides about the ratio."""
BATCH = 30


class Tally:
    """Requests as the simulators' log tells them."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.creating: Counter[str] = Counter()
        """Requests that made documents of a kind."""
        self.created: Counter[str] = Counter()
        self.changing: Counter[str] = Counter()

    def watch(self, one: Town) -> None:
        add = one.log.add

        def counted(seen: Exchange) -> LogRow:
            row = add(seen)
            self.note(row)
            return row

        one.log.add = counted  # type: ignore[method-assign]

    def note(self, row: LogRow) -> None:
        words = row["summary"].split(" ")
        self.calls[row["system"], " ".join(words[:1] if words[0] == "batch" else words[:2])] += 1
        made = Counter(name.partition("/")[0] for name in row["created"])
        if row["system"] == "qbo":
            self.created.update(made)
            self.creating.update(made.keys())
            self.changing.update({name.partition("/")[0] for name in row["changed"]})


class Year:
    """One run, phase by phase."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self.tally = Tally()
        self.cycles = 0
        self.approvals = 0
        self.virtual_s = 0.0
        self.last: CycleReport | None = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        with watched() as part:
            yield
        self.spent[name] = part.spent


async def run(options: Any, profile: cProfile.Profile | None) -> int:
    year = Year()
    since = START.isoformat()
    policy = {kind: DocumentPolicy(since=since, removals="auto") for kind in ENTITIES}
    with year.phase("world"):
        world = make_trading_world(options.seed, scale=options.scale)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(options.folder or name)
        async with town(
            folder,
            world=world,
            executor=inline if profile is not None else threaded,
            documents=policy,
        ) as one:
            one.dear.state.me["TaxCalculationMethod"] = options.tax
            year.tally.watch(one)
            with year.phase("play the year"):
                played = _play(one, options)
            gc.collect()
            gc.freeze()
            if profile is not None:
                profile.enable()
            before = one.clock.monotonic()
            try:
                await _live(one, year, options)
            finally:
                year.virtual_s = one.clock.monotonic() - before
                if profile is not None:
                    profile.disable()
            with year.phase("compare"):
                found = await compare(one.dear, one.qbo, one.ledger, START.isoformat())
            size = _size(folder)
    _print(year, played, found, size)
    return _verdict(year, found, options)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("ledger.db*"))


def _play(one: Town, options: Any) -> Played:
    return play(
        one.dear.state,
        options.seed,
        purchases=max(1, round(PURCHASES * options.scale)),
        sales=max(1, round(SALES * options.scale)),
        start=START,
        days=DAYS,
        switches=one.dear.switches,
    )


async def _live(one: Town, year: Year, options: Any) -> None:
    """Cycles until one learns nothing and nothing waits; a person approves in between."""
    with year.phase("read and plan"):
        for _ in range(options.cycles):
            report = await _cycle(one, year)
            if report.complete or report.waiting:
                break
    with year.phase("post"):
        for _ in range(options.cycles):
            if await _approve(one):
                year.approvals += 1
            report = await _cycle(one, year)
            if report.complete and report.learned_nothing and not report.waiting:
                return
    print(f"still moving after {year.cycles} cycles: {year.last}", file=sys.stderr)


async def _cycle(one: Town, year: Year) -> CycleReport:
    report = year.last = await one.cycle("bench")
    year.cycles += 1
    problems = "; ".join(f"{p.code}: {p.message}" for p in report.problems[:3])
    seen = sum(s.observed for s in report.seen.values())
    print(
        f"  cycle {year.cycles}: seen {seen:,} linked {report.linked:,} planned {report.planned:,} "
        f"held {report.held:,} waiting {report.waiting:,} sent {report.sent:,} "
        f"confirmed {report.confirmed:,} rejected {report.rejected:,} {problems}",
        file=sys.stderr,
    )
    return report


async def _approve(one: Town) -> int:
    """What waits, so many at a time; the first plan with it."""
    digests: list[Digest] = []
    for first in range(0, MOST, PART):
        rows = await one.ledger.read(partial(_waiting, first=first))
        digests += rows
        if len(rows) < PART:
            break
    expires = (one.clock.now() + timedelta(days=7)).isoformat()
    for first in range(0, len(digests), PART):
        draft = one.ledger.draft(actor="bench")
        some = tuple(digests[first : first + PART])
        draft.add(Approved(digests=some, by="bench", expires_at=expires))
        if first == 0:
            draft.add(FirstPlanApproved(by="bench"))
        await one.ledger.append(draft)
    return len(digests)


def _waiting(views: Views, first: int) -> list[Digest]:
    rows = views.operations(states=("waiting", "planned"), limit=PART, offset=first)
    return [row.operation.digest for row in rows]


def _print(year: Year, played: Played, found: Comparison, size: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    table(
        f"{len(played.purchases):,} purchases and {len(played.sales):,} sales; {year.cycles} "
        f"cycles, {year.approvals} approvals, {year.virtual_s / 3600:,.1f} h of the systems' time; "
        f"peak {peak:,} MB with both simulators, ledger {size / 1e6:,.0f} MB",
        ["phase", "wall", "CPU"],
        [[name, seconds(spent.wall), seconds(spent.cpu)] for name, spent in year.spent.items()],
    )
    table(
        "Requests",
        ["system and request", "number"],
        [[f"{s}: {what}", f"{n:,}"] for (s, what), n in sorted(year.tally.calls.items())],
    )
    table(
        "Write requests to QuickBooks for the documents that they created",
        ["kind", "created", "requests", "full batches", "ratio", "changing"],
        [_writes(year.tally, kind) for kind in ENTITIES],
    )
    table(
        f"Totals: {found.equal_cells:,} of {found.cells:,} cells (kind, party, month) are equal",
        ["kind", "DEAR", "DEAR total", "QuickBooks", "QuickBooks total", "difference"],
        [
            [kind.value, f"{a:,}", f"{b:,.2f}", f"{c:,}", f"{d:,.2f}", f"{d - b:,.2f}"]
            for kind, (a, b, c, d) in found.counts.items()
        ],
    )
    table(
        "Documents that differ, by reason",
        ["kind", "reason", "documents"],
        [
            [kind.value, reason or "NOT EXPLAINED", f"{count:,}"]
            for (kind, reason), count in sorted(found.reasons().items())
        ],
    )
    for finding in found.unexplained[:40]:
        print(
            f"NOT EXPLAINED {finding.kind.value} {finding.number} {finding.party} {finding.day}: "
            f"DEAR {finding.dear}, QuickBooks {finding.qbo}"
        )
    for (kind, party, month), dear, qbo in found.lopsided[:40]:
        print(f"NOT ACCOUNTED FOR {kind.value} {party} {month}: DEAR {dear}, QuickBooks {qbo}")
    samples = {finding.reason.partition(":")[0]: finding for finding in found.findings}
    for code, finding in sorted(samples.items()):
        if code not in ("", "variance"):
            print(f"for example {finding.kind.value} {finding.number}: {finding.reason}")


def _writes(tally: Tally, kind: Kind) -> list[str]:
    created, requests = tally.created[kind.value], tally.creating[kind.value]
    full = math.ceil(created / BATCH)
    ratio = f"{requests / full:.3f}" if full else "-"
    return [
        kind.value,
        f"{created:,}",
        f"{requests:,}",
        f"{full:,}",
        ratio,
        f"{tally.changing[kind.value]:,}",
    ]


def _verdict(year: Year, found: Comparison, options: Any) -> int:
    """0 when every difference has its reason and the batches were full."""
    wrong = []
    if found.unexplained:
        wrong.append(f"{len(found.unexplained)} documents differ and nothing says why")
    if found.lopsided:
        wrong.append(f"{len(found.lopsided)} cells differ by more than their documents explain")
    for kind in ENTITIES:
        created, requests = year.tally.created[kind.value], year.tally.creating[kind.value]
        most = math.ceil(created / BATCH) * SPREAD
        if created >= FEW and requests > most:
            wrong.append(f"{kind.value}: {requests} requests where {most:.0f} were to do")
        if not created and options.scale >= 0.001:
            wrong.append(f"{kind.value}: nothing was created at all")
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--scale", type=float, default=0.02, help="1.0 is the whole year")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--tax", default="Total", choices=["Total", "Row Total"], help="how DEAR rounds tax"
    )
    parser.add_argument("--cycles", type=int, default=400, help="cycles at most in each phase")
    parser.add_argument("--folder", help="keep the ledger there")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    code = asyncio.run(run(options, profile))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    sys.exit(code)


if __name__ == "__main__":
    main()
