"""One name a figure: ``make bench`` lists them, ``make bench WHAT=idle`` runs one.

Each runs as a process of its own, one after the other, and what it prints in tables is appended to
a file as JSON as well, a line for each table and verdict. Nothing here measures.

    python -m bench idle export
    python -m bench all --results /tmp/figures.jsonl
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench.figures import RESULTS, arguments, machine

KEPT = Path("build/bench")
"""Ledgers that take long to make, and results; not part of the repository."""


class Figure(NamedTuple):
    """What one name stands for."""

    question: str
    command: str
    """Module and words; ``{folder}`` is where ledgers are kept for another time."""
    minutes: float
    """On two quiet processors."""


FIGURES = {
    "help": Figure("what --help, status and completion take", "cli --rounds 7", 1),
    "start": Figure("process start to READY", "start --pairs 5000 --runs 3 --folder {folder}", 1),
    "tui": Figure("the front end over a million rows", "tui --folder {folder}/tui", 4),
    "keys": Figure(
        "a key of the front end beside a re-export",
        "tui_reexport --size medium --scale 3 --presses 40",
        3,
    ),
    "calls": Figure("calls of an idle cycle", "idle_cycle --twins --cycles 20", 1),
    "idle": Figure(
        "CPU and memory of an idle cycle, 10,000 and 100,000 pairs",
        "idle_cycle --pairs 10000 100000 --folder {folder}",
        2,
    ),
    "memory": Figure("what a thousand idle cycles leave behind", "memory --cycles 1000", 2),
    "append": Figure("appending, against bare inserts", "ledger_append --entries 20000", 1),
    "verify": Figure("verify and rebuild, against copying", "verify_rebuild --pairs 10000", 2),
    "past": Figure("looking back, against a proof", "past --pairs 10000", 1),
    "plan": Figure("merge and decide, against a dict loop", "plan --pairs 5000 --runs 5", 1),
    "compare": Figure("all pairs compared, against a bare join", "compare --pairs 20000", 1),
    "load": Figure("first load of 17,000 records: calls and CPU", "first_load --size large", 1),
    "export": Figure("10,000 items to QuickBooks: calls, minutes", "export --items 10000", 3),
    "rivals": Figure("the same by other means", "rivals --items 600", 2),
    "catalogue": Figure("planning a re-export of 20,000", "catalogue --items 20000", 1),
    "lists": Figure("pages of queue and timeline", "lists --pairs 50000 --entries 200000", 2),
    "drift": Figure("pages of a million rows of drift", "drift --rows 1000000 --plan 0", 2),
    "report": Figure("the reconciliation report", "report --documents 20000", 2),
    "scrape": Figure("a scrape of the metrics", "scrape --rows 200000 --waiting 20000", 1),
    "webhooks": Figure("500 notices in a second", "webhooks --size medium", 1),
    "year": Figure("a year of documents, a fiftieth of it", "year --scale 0.02", 1),
}
"""In the order of ``all``."""
LONG = {
    "idle-million": Figure(
        "the idle cycle with 1,000,000 pairs; making them once takes some 20 minutes more",
        "idle_cycle --pairs 10000 100000 1000000 --folder {folder}",
        3,
    ),
    "start-million": Figure(
        "start to READY with 1,000,000 pairs, which idle-million makes",
        "start --pairs 1000000 --runs 3 --folder {folder}",
        1,
    ),
    "append-million": Figure(
        "a million entries in a row", "ledger_append --entries 1000000 --runs 1 --alone", 5
    ),
    "append-together": Figure(
        "entries in a row, 5,000 to a transaction",
        "ledger_append --entries 200000 --runs 1 --alone --together 5000",
        1,
    ),
    "compare-million": Figure(
        "a million pairs compared, which idle-million makes",
        "compare --pairs 1000000 --folder {folder}",
        15,
    ),
    "load-100k": Figure("the first load of 100,000 records", "first_load --scale 6.5", 5),
    "report-100k": Figure("the report of 100,000 documents", "report --documents 100000", 2),
    "catalogue-100k": Figure("planning a re-export of 100,000", "catalogue --items 100000", 2),
    "kills": Figure("a re-export killed fifty times", "catalogue_kill --items 10000 --kills 50", 6),
    "checkpoints": Figure("the write-ahead log", "checkpoints", 3),
    "year-whole": Figure("the whole year of documents", "year --scale 1.0", 35),
}
"""Not in ``all``."""


def told() -> None:
    print("make bench WHAT=<name>, several names with commas, or all:\n")
    for title, figures in (("all of these, one after the other", FIGURES), ("by name only", LONG)):
        print(f"  {title}: about {sum(f.minutes for f in figures.values()):.0f} minutes")
        for name, figure in figures.items():
            print(f"    {name:15} {figure.minutes:3.0f} min  {figure.question}")
        print()
    print(f"Results are appended to {KEPT / 'results.jsonl'}. Ledgers are kept in {KEPT}.")


def run(name: str, figure: Figure, folder: Path, results: Path) -> int:
    print(f"\n== {name}: {figure.question}", flush=True)
    began = time.perf_counter()
    words = figure.command.format(folder=folder).split()
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"begun": name, "command": figure.command}) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{words[0]}", *words[1:]],
        env={**os.environ, RESULTS: str(results.absolute())},
        check=False,
    )
    spent = time.perf_counter() - began
    end = "" if done.returncode == 0 else f", ended with {done.returncode}"
    print(f"-- {name}: {spent:.0f} s{end}", flush=True)
    return done.returncode


def summary(results: Path, mark: int) -> None:
    """The verdicts of this run, once more and together."""
    lines = results.read_text(encoding="utf-8").splitlines()[mark:]
    found = [row for row in map(json.loads, lines) if "question" in row]
    if found:
        print(f"\nGoals ({machine()})")
    for row in found:
        met = "met    " if row["met"] else "NOT MET"
        print(f"{met}  {row['question']}: {row['figure']} (goal: {row['goal']})")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("what", nargs="*", help="names, or all; none lists them")
    parser.add_argument("--folder", type=Path, default=KEPT)
    parser.add_argument("--results", type=Path, default=KEPT / "results.jsonl")
    options = parser.parse_args()
    asked = [name for word in options.what for name in word.split(",") if name]
    known = FIGURES | LONG
    if not asked:
        told()
        return
    if asked == ["all"]:
        asked = list(FIGURES)
    if strange := [name for name in asked if name not in known]:
        parser.error(f"there is no figure {', '.join(strange)}; say: make bench")
    options.folder.mkdir(parents=True, exist_ok=True)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.touch()
    mark = len(options.results.read_text(encoding="utf-8").splitlines())
    codes = [run(name, known[name], options.folder, options.results) for name in asked]
    summary(options.results, mark)
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()
