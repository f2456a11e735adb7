"""Appending observations: chain, triggers and folded tables against the same rows without them.

Three ways in one run, alternating: the ledger's own ``append``; ``executemany`` of the very rows
that it wrote, into the same tables and indexes without chain and triggers; and into one bare table.

    python -m bench.ledger_append --entries 20000 --runs 3
"""

import asyncio
import cProfile
import pstats
import sqlite3
import tempfile
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.figures import Spent, arguments, measure, median, rate, ratio, seconds, table, watched
from bench.sample import DEAR, KEY, PAGE, QBO, Ticking, observation, observe
from ledger.model.facts import Observation
from ledger.store.engine import inline, threaded, writing
from ledger.store.ledger import Ledger
from ledger.store.migrate import migrations, statements

TABLES = (
    "payload",
    "journal",
    "object",
    "head",
    "link",
    "key",
    "object_entry",
    "dirty",
)
"""What an observation writes to; the few rows of ``tally`` do not count."""


async def append(path: Path, shown: list[Observation], profile: cProfile.Profile | None) -> Spent:
    executor = threaded if profile is None else inline  # a profile sees one thread only
    ledger = await Ledger.open(path, now=Ticking(), key=KEY, executor=executor)
    try:
        with watched() as watch:
            if profile is not None:
                profile.enable()
            for first in range(0, len(shown), PAGE):
                draft = ledger.draft(cycle="bench")
                for one in shown[first : first + PAGE]:
                    observe(draft, ledger, one)
                await ledger.append(draft)
            if profile is not None:
                profile.disable()
        return watch.spent
    finally:
        await ledger.close()


def rows_by_page(path: Path) -> list[dict[str, list[Any]]]:
    """The rows that the ledger wrote, by table, in the order and the portions of its commits."""
    with closing(sqlite3.connect(path)) as db:
        pages: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        of_object = dict(db.execute("SELECT object, seq FROM head"))
        of_payload = dict(db.execute("SELECT payload, seq FROM head"))
        for name in TABLES:
            for row in db.execute(f"SELECT * FROM {name}"):
                match name:
                    case "journal":
                        seq = row[0]
                    case "payload":
                        seq = of_payload[row[0]]
                    case "key":
                        seq = of_object[row[4]]
                    case "dirty":
                        seq = row[1]
                    case _:
                        seq = of_object[row[0]]
                pages[(seq - 1) // PAGE][name].append((seq, row))
    for page in pages.values():
        for name, rows in page.items():
            page[name] = [row for _, row in sorted(rows, key=lambda pair: pair[0])]
    return [pages[number] for number in sorted(pages)]


def executemany(path: Path, pages: list[dict[str, list[Any]]]) -> Spent:
    """The same rows into the same tables and indexes, without chain and triggers."""
    with closing(writing(path)()) as db:
        for step in migrations():
            for statement in statements(step.sql):
                if "CREATE TRIGGER" not in statement:
                    db.execute(statement)
        return measure(lambda: _insert(db, pages))


def _insert(db: sqlite3.Connection, pages: list[dict[str, list[Any]]]) -> None:
    for page in pages:
        db.execute("BEGIN IMMEDIATE")
        for name, rows in page.items():
            marks = ", ".join("?" * len(rows[0]))
            db.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
        db.execute("COMMIT")


def bare(path: Path, pages: list[dict[str, list[Any]]]) -> Spent:
    """Entry and body into one table without any index."""
    portions = [
        [(*entry, body) for entry, (_, _, body) in zip(p["journal"], p["payload"], strict=True)]
        for p in pages
    ]

    def insert() -> None:
        for portion in portions:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", portion)
            db.execute("COMMIT")

    with closing(writing(path)()) as db:
        db.execute(
            "CREATE TABLE bare (seq INTEGER PRIMARY KEY, at, actor, cycle, type, entry, prev,"
            " hash, body)"
        )
        return measure(insert)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where append spends its time")
    options = parser.parse_args()
    shown = [observation((QBO, DEAR)[n % 2], n // 2) for n in range(options.entries)]
    spent: dict[str, list[Spent]] = defaultdict(list)
    profile = cProfile.Profile() if options.profile else None
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            path = folder / "ledger.db"
            spent["append"].append(asyncio.run(append(path, shown, profile)))
            pages = rows_by_page(path)
            spent["executemany"].append(executemany(folder / "plain.db", pages))
            spent["bare"].append(bare(folder / "bare.db", pages))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    base = median(spent["executemany"])
    table(
        f"Append of {options.entries:,} observations, {PAGE} to a transaction, "
        f"median of {options.runs}",
        ["way", "wall", "CPU", "rate", "rate vs executemany", "CPU vs executemany"],
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


if __name__ == "__main__":
    main()
