"""Appending observations: chain, triggers and folded tables against the same rows without them.

Page by page, three ways by turns over the same data: the ledger's own ``append`` (drafting told
apart); ``executemany`` of the very rows that it wrote, into the same tables and indexes without
chain and triggers; and into one bare table. With many entries each 100,000 of them are told when
they are done: rate, memory, what was written, size of the file. ``--alone`` leaves the other ways
out; ``--together`` says how many entries share a transaction.

    python -m bench.ledger_append --entries 20000 --runs 3
    python -m bench.ledger_append --entries 1000000 --runs 1 --alone
    python -m bench.ledger_append --entries 200000 --runs 1 --alone --together 5000
"""

import asyncio
import cProfile
import pstats
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from bench.figures import (
    Spent,
    arguments,
    measure,
    median,
    rate,
    ratio,
    resident_mb,
    seconds,
    table,
    verdict,
    watched,
    written,
)
from bench.sample import DEAR, KEY, PAGE, QBO, Ticking, observation, observe
from ledger.store.engine import inline, reading, threaded, writing
from ledger.store.ledger import Draft, Ledger
from ledger.store.migrate import migrations, statements

ROWS = {
    "payload": "SELECT p.* FROM head AS h JOIN payload AS p ON p.digest = h.payload"
    " WHERE h.object BETWEEN ? AND ?",
    "journal": "SELECT * FROM journal WHERE seq BETWEEN ? AND ?",
    "object": "SELECT * FROM object WHERE id BETWEEN ? AND ?",
    "head": "SELECT * FROM head WHERE object BETWEEN ? AND ?",
    "link": "SELECT * FROM link WHERE object BETWEEN ? AND ?",
    "key": "SELECT * FROM key WHERE object BETWEEN ? AND ?",
    "object_entry": "SELECT * FROM object_entry WHERE object BETWEEN ? AND ?",
    "dirty": "SELECT d.* FROM link AS l JOIN dirty AS d ON d.record = l.record"
    " WHERE l.object BETWEEN ? AND ?",
}
"""What observations write to, each a new reference, so that entries and references have the same
numbers; the few rows of ``tally`` do not count."""
WAYS = ("draft + append", "append alone", "executemany", "bare")
STRETCH = 100_000
LEAST = 0.6


class Race:
    """The three ways, each with a file of its own."""

    def __init__(self, ledger: Ledger, together: int, *others: sqlite3.Connection) -> None:
        self.ledger = ledger
        self.together = together
        self.rows, self.plain, self.bare = others
        self.profile: cProfile.Profile | None = None

    async def page(self, first: int, *, alone: bool) -> dict[str, Spent]:
        """One page of observations in each way, or in the ledger's alone."""
        numbers = range(first, first + self.together)
        shown = [observation((QBO, DEAR)[n % 2], n // 2) for n in numbers]
        draft = self.ledger.draft(cycle="bench")
        with watched() as drafting:
            for one in shown:
                observe(draft, self.ledger, one)
        appending = await self._append(draft)
        both = {"draft + append": total((drafting.spent, appending)), "append alone": appending}
        if alone:
            return both
        rows = {
            name: self.rows.execute(query, (first + 1, first + self.together)).fetchall()
            for name, query in ROWS.items()
        }
        entries = [
            (*entry, body)
            for entry, (_, _, body) in zip(rows["journal"], rows["payload"], strict=True)
        ]
        return {
            **both,
            "executemany": measure(lambda: _insert(self.plain, rows)),
            "bare": measure(lambda: _insert(self.bare, {"bare": entries})),
        }

    async def _append(self, draft: Draft) -> Spent:
        with watched() as watch:
            if self.profile is not None:
                self.profile.enable()
            await self.ledger.append(draft)
            if self.profile is not None:
                self.profile.disable()
        return watch.spent


def _insert(db: sqlite3.Connection, tables: dict[str, list[Any]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    for name, rows in tables.items():
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    db.execute("COMMIT")


def total(spent: Sequence[Spent]) -> Spent:
    return Spent(sum(one.wall for one in spent), sum(one.cpu for one in spent))


@asynccontextmanager
async def race(
    folder: Path, profile: cProfile.Profile | None, together: int
) -> AsyncIterator[Race]:
    executor = threaded if profile is None else inline  # a profile sees one thread only
    ledger = await Ledger.open(folder / "ledger.db", now=Ticking(), key=KEY, executor=executor)
    try:
        with (
            closing(reading(folder / "ledger.db")()) as rows,
            closing(writing(folder / "plain.db")()) as plain,
            closing(writing(folder / "bare.db")()) as bare,
        ):
            for step in migrations():
                for statement in statements(step.sql):
                    if "CREATE TRIGGER" not in statement:
                        plain.execute(statement)
            bare.execute(
                "CREATE TABLE bare (seq INTEGER PRIMARY KEY, at, actor, cycle, type, entry, prev,"
                " hash, body)"
            )
            racing = Race(ledger, together, rows, plain, bare)
            racing.profile = profile
            yield racing
    finally:
        await ledger.close()


async def run(
    entries: int, profile: cProfile.Profile | None, *, alone: bool, together: int
) -> list[dict[str, Spent]]:
    """What each page took."""
    pages: list[dict[str, Spent]] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        async with race(Path(name), profile, together) as racing:
            before = written()
            for first in range(0, entries, together):
                pages.append(await racing.page(first, alone=alone))
                if entries > STRETCH and (first + together) % STRETCH == 0:
                    stretch = pages[-STRETCH // together :]
                    _told(stretch, racing.ledger.path, written() - before)
                    before = written()
    return pages


def _told(pages: list[dict[str, Spent]], path: Path, wrote: int) -> None:
    """The last stretch, at once: a million take a while."""
    spent = total([page["append alone"] for page in pages])
    print(
        f"{STRETCH:,} more: {rate(STRETCH, spent.wall)}, {spent.cpu / STRETCH * 1e6:.1f} us of CPU "
        f"and {wrote / STRETCH / 1e3:.0f} KB written each, {resident_mb():.0f} MB in use, "
        f"file {path.stat().st_size / 1e6:,.0f} MB",
        flush=True,
    )


def stretches(pages: list[dict[str, Spent]], together: int) -> None:
    """How the rates hold up against each other while the ledger grows."""
    many = STRETCH // together
    rows = []
    for first in range(0, len(pages), many):
        part = pages[first : first + many]
        spent = {way: total([page[way] for page in part]) for way in WAYS}
        base = spent["executemany"]
        rows.append(
            [
                f"{first * together:,}",
                *(rate(len(part) * together, spent[way].wall) for way in WAYS),
                *(ratio(base.wall, spent[way].wall) for way in WAYS[:2]),
                *(ratio(spent[way].cpu, base.cpu) for way in WAYS[:2]),
            ]
        )
    heads = ["from entry", *WAYS, "rate 1", "rate 2", "CPU 1", "CPU 2"]
    table("Rates while it grows; 1: draft + append, 2: append alone, vs executemany", heads, rows)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where append spends its time")
    parser.add_argument("--alone", action="store_true", help="append only, nothing beside it")
    parser.add_argument("--together", type=int, default=PAGE, help="entries in a transaction")
    options = parser.parse_args()
    spent: dict[str, list[Spent]] = defaultdict(list)
    profile = cProfile.Profile() if options.profile else None
    for _ in range(options.runs):
        pages = asyncio.run(
            run(options.entries, profile, alone=options.alone, together=options.together)
        )
        for way in pages[0]:
            spent[way].append(total([page[way] for page in pages]))
        if options.entries > STRETCH and not options.alone:
            stretches(pages, options.together)
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    against = "append alone" if options.alone else "executemany"
    base = median(spent[against])
    table(
        f"Append of {options.entries:,} observations, {options.together:,} to a transaction, "
        f"median of {options.runs}",
        ["way", "wall", "CPU", "rate", *(f"{what} vs {against}" for what in ("rate", "CPU"))],
        [
            [
                name,
                seconds(median(values).wall),
                seconds(median(values).cpu),
                rate(options.entries, median(values).wall),
                ratio(base.wall, median(values).wall),
                ratio(median(values).cpu, base.cpu),
            ]
            for name, values in spent.items()
        ],
    )
    for way in () if options.alone else WAYS[:2]:
        found = base.wall / median(spent[way]).wall
        verdict(
            f"{way}, rate against executemany without chain and triggers",
            f">= {LEAST}",
            f"{found:.2f}",
            met=found >= LEAST,
        )


if __name__ == "__main__":
    main()
