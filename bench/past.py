"""Looking back: the ledger as it stood, folded up to an entry, against a whole proof of it.

python -m bench.past --pairs 25000
"""

import asyncio
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.figures import Spent, arguments, measure, rate, ratio, seconds, table
from bench.sample import KEY, fill
from ledger.store.engine import reading
from ledger.store.past import in_the_past
from ledger.store.verify import verify_file
from ledger.store.views import Views


def standing(views: Views) -> tuple[int, int]:
    page = views.drift_page(limit=200)
    return views.head()[0], page.total


def look_back(path: Path, seq: int) -> None:
    with closing(reading(path, key=KEY)()) as db:
        head, _ = in_the_past(db, key=KEY, seq=seq, query=standing)
    assert head == seq, head


def memory_mb(name: str) -> float:
    """``VmRSS``: now; ``VmHWM``: the most since ``forget_peak``."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=25_000, help="linked pairs; 4 entries each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path = Path(name) / "ledger.db"
        asyncio.run(fill(path, options.pairs))
        forget_peak()
        before = memory_mb("VmRSS")
        with closing(reading(path, key=KEY)()) as db:
            (entries,) = db.execute("SELECT max(seq) FROM journal").fetchone()
        spent: list[tuple[str, int, Spent]] = []
        for part in (10, 2, 1):
            seq = entries // part
            spent.append((f"at entry {seq:,}", seq, measure(partial(look_back, path, seq))))
        peak = memory_mb("VmHWM") - before
        verify = measure(lambda: verify_file(path, key=KEY))
    table(
        f"{entries:,} entries; looking back took {peak:.0f} MB at most",
        ["what", "wall", "CPU", "rate", "CPU, times a proof"],
        [
            [
                what,
                seconds(one.wall),
                seconds(one.cpu),
                rate(seq, one.cpu),
                ratio(one.cpu, verify.cpu),
            ]
            for what, seq, one in [*spent, ("a proof of it all", entries, verify)]
        ],
    )


if __name__ == "__main__":
    main()
