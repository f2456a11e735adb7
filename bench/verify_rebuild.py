"""Proving and rebuilding a whole ledger, against copying the same file and syncing the copy.

python -m bench.verify_rebuild --pairs 10000 --runs 3
"""

import asyncio
import cProfile
import os
import pstats
import shutil
import tempfile
from pathlib import Path

from bench.figures import (
    Spent,
    arguments,
    measure,
    median,
    rate,
    ratio,
    seconds,
    table,
    verdict,
)
from bench.sample import KEY, Ticking, fill
from ledger.store.rebuild import rebuild
from ledger.store.verify import verify_file

MOST = 2.0


def copy_and_sync(path: Path) -> None:
    target = path.with_name("copy.db")
    shutil.copyfile(path, target)
    handle = os.open(target, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    target.unlink()


def prove(path: Path) -> int:
    report = verify_file(path, key=KEY)
    assert report.is_sound, report.problems
    return report.entries


def build_again(path: Path) -> None:
    report = rebuild(path, key=KEY, now=Ticking())
    assert not report.differences, report.differences


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=10_000, help="linked pairs; 4 entries each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where verify spends its time")
    options = parser.parse_args()
    spent: dict[str, list[Spent]] = {"copy + fsync": [], "verify": [], "rebuild": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path = Path(name) / "ledger.db"
        asyncio.run(fill(path, options.pairs))
        size = path.stat().st_size
        entries = prove(path)
        if options.profile:
            with cProfile.Profile() as profile:
                prove(path)
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        for _ in range(options.runs):
            spent["copy + fsync"].append(measure(lambda: copy_and_sync(path)))
            spent["verify"].append(measure(lambda: prove(path)))
            spent["rebuild"].append(measure(lambda: build_again(path)))
    base = median(spent["copy + fsync"]).wall
    table(
        f"{entries:,} entries, {size / 1e6:.0f} MB, median of {options.runs}",
        ["what", "wall", "CPU", "rate", "times copy + fsync"],
        [
            [
                name,
                seconds(median(values).wall),
                seconds(median(values).cpu),
                rate(entries, median(values).wall),
                ratio(median(values).wall, base),
            ]
            for name, values in spent.items()
        ],
    )
    both = median(spent["verify"]).wall + median(spent["rebuild"]).wall
    verdict(
        f"verify + rebuild of {entries:,} entries, against copy + fsync of the file",
        f"<= {MOST}",
        f"{both / base:.1f} times",
        met=both <= MOST * base,
    )


if __name__ == "__main__":
    main()
