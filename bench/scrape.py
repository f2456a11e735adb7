"""What a scrape costs on a ledger with a long drift list and a long queue, alone and in a storm.

python -m bench.scrape --rows 1000000 --waiting 100000 --scrapes 1000
"""

import asyncio
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp

from bench.drift import made
from bench.figures import arguments, seconds, table
from bench.sample import KEY, Ticking
from daemon.observe.exposition import rendered
from daemon.observe.families import families
from daemon.observe.listener import Listener
from daemon.observe.seen import Books, Seen, books_of
from ledger.store.engine import writing
from ledger.store.ledger import Ledger
from tests.daemon.observe.support import a_look

LOOKS = 7


class Steady:
    """A watch whose ledger is the one that is measured."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.looks = 0

    async def look(self) -> Seen:
        self.looks += 1
        return a_look(books=await self._ledger.ask(books_of))


def queue(path: Path, waiting: int) -> None:
    """Operations that wait, as the fold writes them."""
    with closing(writing(path, key=KEY)()) as db:
        db.execute("BEGIN")
        db.execute("PRAGMA defer_foreign_keys = ON")
        body = b"{}"
        db.execute(
            "INSERT OR IGNORE INTO payload VALUES (zeroblob(32), '', sealed(zeroblob(32), ?))",
            (body,),
        )
        db.executemany(
            "INSERT INTO operation (operation, record, digest, payload, state, reason, text, seq,"
            " at) VALUES (?, ?, ?, zeroblob(32), 'waiting', 'mass_change', '', ?, ?)",
            (
                (f"o-{n}", f"item-{n}", f"d-{n}", n, "2026-01-01T00:00:00.000000Z")
                for n in range(waiting)
            ),
        )
        db.execute("COMMIT")


async def storm(ledger: Ledger, folder: Path, scrapes: int) -> tuple[float, int, int]:
    """Seconds for all, looks at the ledger, bytes of a page."""
    path = folder / "metrics.sock"
    watch = Steady(ledger)
    listener = Listener(path, watch, ledger=ledger, control=path)  # type: ignore[arg-type]
    await listener.start()
    connector = aiohttp.UnixConnector(str(path), limit=50)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def scrape() -> int:
            async with session.get("http://localhost/metrics") as answer:
                return len(await answer.read())

        started = time.perf_counter()
        sizes = await asyncio.gather(*(scrape() for _ in range(scrapes)))
        spent = time.perf_counter() - started
    await listener.close()
    return spent, watch.looks, sizes[0]


async def run(given: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await made(folder / "ledger.db", given.rows)
        queue(folder / "ledger.db", given.waiting)
        ledger = await Ledger.open(folder / "ledger.db", now=Ticking(), key=KEY)
        spent = []
        books = Books()
        for _ in range(LOOKS):
            started = time.perf_counter()
            books = await ledger.ask(books_of)
            spent.append(time.perf_counter() - started)
        seen = a_look(books=books)
        started = time.perf_counter()
        page = rendered(families(seen), {"company": "acme"})
        drawn = time.perf_counter() - started
        all_s, looks, size = await storm(ledger, folder, given.scrapes)
        await ledger.close()
    assert len(page) == size
    table(
        f"{given.rows:,} records in drift, {given.waiting:,} operations waiting",
        ["", "value"],
        [
            ["a look at the ledger, median", seconds(statistics.median(spent))],
            ["the page drawn", f"{seconds(drawn)}, {size:,} bytes"],
            [f"{given.scrapes:,} scrapes, 50 at once", f"{seconds(all_s)}, {looks} looks"],
        ],
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--scrapes", type=int, default=1000)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
