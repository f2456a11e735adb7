"""Proving and rebuilding a whole ledger, against copying the same file and syncing the copy.

A rebuild proves all that ``verify`` proves, so one reading does for both; the two, one after the
other, are told as well. The floor is what no way of folding can do without: every line of the chain
hashed in a bare loop, every body opened, and the rows of the folded tables put by SQL alone into
twins that have the same keys, sorted already and worked out by nobody.

python -m bench.verify_rebuild --pairs 10000 --runs 3
"""

import asyncio
import cProfile
import os
import pstats
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
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
from ledger.store.engine import reading
from ledger.store.journal import GENESIS, LINE, line_hash
from ledger.store.rebuild import rebuild
from ledger.store.sealing import seal_of
from ledger.store.shadow import FOLDED, WAITS, shadow
from ledger.store.verify import verify_file

MOST = 2.0
COPY, REBUILD = "copy + fsync", "rebuild, which proves as much"


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


def bare_chain(path: Path) -> None:
    db = reading(path)()
    try:
        prev = GENESIS
        for row in db.execute(f"SELECT {LINE} FROM journal ORDER BY seq"):
            prev = line_hash(prev, row[:5], row[5])
        assert prev == row[7]
    finally:
        db.close()


def bare_bodies(path: Path) -> None:
    db, seal = reading(path)(), seal_of(KEY)
    try:
        for digest, body in db.execute("SELECT digest, body FROM payload ORDER BY rowid"):
            seal.open(digest, body)
    finally:
        db.close()


def bare_tables(path: Path) -> None:
    db = reading(path)()
    try:
        db.execute("BEGIN")
        shadow(db)
        for name in (*FOLDED, *WAITS):
            db.execute(f"INSERT INTO temp.{name} SELECT * FROM main.{name}")
        db.execute("ROLLBACK")
    finally:
        db.close()


WORK: dict[str, Callable[[Path], object]] = {
    COPY: copy_and_sync,
    "verify": prove,
    REBUILD: build_again,
    "floor: the chain hashed": bare_chain,
    "floor: the bodies opened": bare_bodies,
    "floor: rows put into tables": bare_tables,
}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=10_000, help="linked pairs; 4 entries each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where verify spends its time")
    options = parser.parse_args()
    spent: dict[str, list[Spent]] = {name: [] for name in WORK}
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
            for name, work in WORK.items():
                spent[name].append(measure(partial(work, path)))
    base = median(spent[COPY]).wall
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
    walls = {name: median(values).wall for name, values in spent.items()}
    floor = sum(wall for name, wall in walls.items() if name.startswith("floor"))
    print(f"the floor, together: {floor / base:.1f} times copy + fsync")
    print(f"verify, then rebuild: {(walls['verify'] + walls[REBUILD]) / base:.1f} times")
    verdict(
        f"rebuild + verify of {entries:,} entries in one, against copy + fsync of the file",
        f"<= {MOST}",
        f"{walls[REBUILD] / base:.1f} times",
        met=walls[REBUILD] <= MOST * base,
    )


if __name__ == "__main__":
    main()
