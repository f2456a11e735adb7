"""The first load of a company from the simulators, which run in a process of their own.

Calls against the floor that the systems' page sizes impose, and the daemon's CPU against the mere
parsing, hashing and inserting of the same bytes. Beside it stands what no ledger of these tables
can do without: every row that the load left put into the same tables by SQL alone, without a
trigger, with nothing worked out and nothing sealed.

    python -m bench.first_load --size large
    python -m bench.first_load --scale 6.5
"""

import asyncio
import cProfile
import hashlib
import math
import pstats
import tempfile
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.figures import Spent, arguments, measure, ratio, seconds, table, verdict, watched
from bench.sample import KEY
from bench.twins import Twins, calls, clock_of, connectors_of, policy_of, served
from daemon.connectors.base import Connector
from daemon.cycle.company import Company
from daemon.cycle.cycle import Cycle
from daemon.cycle.observe import observe
from daemon.cycle.planning import pass_gate, plan_dirty
from daemon.cycle.report import CycleReport, Seen
from ledger.model.ids import DOCUMENT_KINDS, SystemName
from ledger.store.engine import inline, reading, threaded, writing
from ledger.store.ledger import Ledger
from ledger.store.payloads import unpack

PAGE = 1000
BESIDE = 8
"""Calls a load may take beside pages and counts: login, company, settings, currencies ..."""
TIMES = 2.0
ROWS = "its rows put into tables by SQL alone"


class Load:
    """What one first load cost, part by part."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self.calls: dict[SystemName, int] = {}
        self.records: Counter[tuple[str, str]] = Counter()
        self.report = CycleReport(cycle="load", reason="bench", started_at="")


async def load(twins: Twins, folder: Path, profile: cProfile.Profile | None) -> Load:
    clock = clock_of(twins)
    executor = threaded if profile is None else inline  # a profile sees one thread only
    ledger = await Ledger.open(folder / "ledger.db", now=clock.now, key=KEY, executor=executor)
    connectors = connectors_of(twins, folder, clock)
    found = Load()
    try:
        policy = policy_of({name: c.capabilities for name, c in connectors.items()})
        company = Company(ledger=ledger, connectors=connectors, policy=policy, clock=clock)
        cycle = Cycle(company)
        if profile is not None:
            profile.enable()
        with watched() as total:
            with watched() as part:
                for name, connector in connectors.items():
                    await connector.check()
                    await observe(company, name, Seen(), cycle="load")
            found.spent["observe"] = part.spent
            with watched() as part:
                await cycle._note_rules(found.report)
                await plan_dirty(company, found.report)
            found.spent["plan"] = part.spent
            with watched() as part:
                await pass_gate(company, found.report)
            found.spent["gate"] = part.spent
        found.spent["all"] = total.spent
        if profile is not None:
            profile.disable()
        found.calls = calls(connectors)
        for count in await ledger.read(lambda views: views.counts()):
            known = count.live + count.inactive + count.unreadable + count.out_of_scope
            found.records[count.system, count.kind.value] = known
    finally:
        for connector in connectors.values():
            await connector.close()
        await ledger.close()
    return found


class Least(NamedTuple):
    """What one system's page size imposes."""

    pages: int
    kinds: int

    @property
    def allowed(self) -> int:
        """Pages, one count of every kind, and ``BESIDE``."""
        return self.pages + self.kinds + BESIDE


def floor(found: Load, connectors: dict[SystemName, Connector]) -> dict[SystemName, Least]:
    """Of the kinds that were read: documents are off here."""
    least: dict[SystemName, Least] = {}
    for name, connector in connectors.items():
        kinds = [kind for kind in connector.capabilities.kinds if kind not in DOCUMENT_KINDS]
        pages = sum(math.ceil(max(1, found.records[name, kind.value]) / PAGE) for kind in kinds)
        least[name] = Least(pages, len(kinds))
    return least


def bare(source: Path, target: Path) -> Spent:
    """Parse, hash and insert the bytes that the systems sent, and nothing else."""
    with closing(reading(source, key=KEY)()) as db:
        bodies = db.execute(
            "SELECT unsealed(p.digest, p.body) FROM head AS h"
            " JOIN payload AS p ON p.digest = h.payload"
        )
        raws = [unpack(body).raw for (body,) in bodies]
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)

    def work() -> None:
        for first in range(0, len(raws), PAGE):
            rows = []
            for raw in raws[first : first + PAGE]:
                decoder.decode(raw)
                rows.append((hashlib.sha256(raw).digest(), raw))
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR IGNORE INTO raw VALUES (?, ?)", rows)
            db.execute("COMMIT")

    with closing(writing(target)()) as db:
        db.execute("CREATE TABLE raw (hash BLOB PRIMARY KEY, raw BLOB)")
        return measure(work)


def stored(source: Path, target: Path) -> Spent:
    """Copy every row that the load left into the same tables and indexes, by SQL alone."""
    with closing(writing(target)()) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("ATTACH ? AS loaded", (str(source),))
        made = db.execute(
            "SELECT type, name, sql FROM loaded.sqlite_master WHERE sql IS NOT NULL"
            " AND type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"
        ).fetchall()
        for _, _, sql in made:
            db.execute(sql)

        def work() -> None:
            db.execute("BEGIN IMMEDIATE")
            for sort, name, _ in made:
                if sort == "table":
                    db.execute(f"INSERT INTO main.{name} SELECT * FROM loaded.{name}")
            db.execute("COMMIT")

        return measure(work)


async def run(size: str, scale: float, profile: cProfile.Profile | None) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with served(size, scale=scale) as twins:
            found = await load(twins, folder, profile)
        least = floor(found, connectors_of(None, folder))
        base = bare(folder / "ledger.db", folder / "bare.db")
        rows = stored(folder / "ledger.db", folder / "rows.db")
    records = found.records.total()
    table(
        f"First load of {records:,} records",
        ["system", "records", "calls", "pages at least", "kinds"],
        [
            [
                system,
                f"{sum(n for (s, _), n in found.records.items() if s == system):,}",
                str(made),
                str(least[system].pages),
                str(least[system].kinds),
            ]
            for system, made in found.calls.items()
        ],
    )
    for system, made in found.calls.items():
        verdict(
            f"calls of the first load, {system}",
            f"pages + one count a kind + {BESIDE} = {least[system].allowed}",
            str(made),
            met=made <= least[system].allowed,
        )
    report = found.report
    table(
        f"CPU of our process; linked {report.linked:,}, planned {report.planned:,}, "
        f"held {report.held:,}, agreed {report.agreed:,}",
        ["part", "wall", "CPU", "CPU a record", "CPU vs bare"],
        [
            [
                part,
                seconds(spent.wall),
                seconds(spent.cpu),
                seconds(spent.cpu / records),
                ratio(spent.cpu, base.cpu),
            ]
            for part, spent in {**found.spent, "parse + hash + insert": base, ROWS: rows}.items()
        ],
    )
    times = found.spent["all"].cpu / base.cpu
    verdict(
        f"CPU of the first load of {records:,} records, against parse + hash + insert",
        f"<= {TIMES}",
        f"{times:.1f} times",
        met=times <= TIMES,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", default="large", choices=["small", "medium", "large"])
    parser.add_argument("--profile", action="store_true")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="6.5 times large are 100,000 records"
    )
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    asyncio.run(run(options.size, options.scale, profile))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
