"""How far may the write-ahead log grow before it is folded into the file? Appending at several
limits in one run, with the largest log that lay beside the ledger.

    python -m bench.checkpoints --pages 1000 2000 4000 16000 --entries 20000 --runs 3
"""

import asyncio
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.figures import Spent, arguments, median, rate, ratio, seconds, table, watched
from bench.sample import DEAR, KEY, PAGE, QBO, Ticking, observation, observe
from ledger.model.facts import Observation
from ledger.store import engine
from ledger.store.ledger import Ledger


async def append(path: Path, shown: list[Observation]) -> tuple[Spent, int]:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    log = path.with_name(path.name + "-wal")
    largest = 0
    try:
        with watched() as watch:
            for first in range(0, len(shown), PAGE):
                draft = ledger.draft(cycle="bench")
                for one in shown[first : first + PAGE]:
                    observe(draft, ledger, one)
                await ledger.append(draft)
                largest = max(largest, log.stat().st_size)
        return watch.spent, largest
    finally:
        await ledger.close()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 2_000, 4_000, 16_000])
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    shown = [observation((QBO, DEAR)[n % 2], n // 2) for n in range(options.entries)]
    spent: dict[int, list[Spent]] = defaultdict(list)
    largest: dict[int, int] = {}
    for _ in range(options.runs):
        for pages in options.pages:
            engine.CHECKPOINT_PAGES = pages
            with tempfile.TemporaryDirectory(prefix="bench-") as name:
                took, log = asyncio.run(append(Path(name) / "ledger.db", shown))
            spent[pages].append(took)
            largest[pages] = max(largest.get(pages, 0), log)
    base = median(spent[max(options.pages)]).wall
    table(
        f"Append of {options.entries:,} observations, {PAGE} to a transaction, "
        f"median of {options.runs}",
        ["pages", "wall", "CPU", "rate", "times the last", "largest log"],
        [
            [
                f"{pages:,}",
                seconds(median(values).wall),
                seconds(median(values).cpu),
                rate(options.entries, median(values).wall),
                ratio(median(values).wall, base),
                f"{largest[pages] / 1e6:.0f} MB",
            ]
            for pages, values in spent.items()
        ],
    )


if __name__ == "__main__":
    main()
