"""Measuring and printing: medians of several runs, and ratios taken within one run.

The machine may be shared and slow: compare ratios, never absolute rates of different days.
"""

import argparse
import gc
import json
import os
import platform
import resource
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

RESULTS = "TRUEUP_BENCH_RESULTS"
"""Names a file in the environment: every table and verdict is appended to it as a line of JSON."""


class Spent(NamedTuple):
    """Seconds that something took."""

    wall: float
    cpu: float
    """Of all threads of this process."""


class Watch:
    """Filled when its ``with`` ends."""

    spent = Spent(0.0, 0.0)


def as_installed() -> None:
    """Whole processes are measured as they run when they are installed, with their modules
    compiled: an environment that forbids to keep what was compiled would measure the compiler."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path("build/bench/compiled").absolute())


@contextmanager
def watched() -> Iterator[Watch]:
    """Measure a block, without the garbage of what came before."""
    gc.collect()
    watch = Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield watch
    finally:
        watch.spent = Spent(time.perf_counter() - wall, time.process_time() - cpu)


def measure(work: Callable[[], object]) -> Spent:
    with watched() as watch:
        work()
    return watch.spent


def median(spent: Sequence[Spent]) -> Spent:
    return Spent(statistics.median(s.wall for s in spent), statistics.median(s.cpu for s in spent))


def arguments(text: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the module's own docstring."""
    return argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A small table on standard output, with the machine above it."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (cell.ljust(w) for cell, w in zip(cells, widths, strict=True))
        numbers = (cell.strip().rjust(w) for cell, w in zip(rest, widths[1:], strict=True))
        return "  ".join((first, *numbers))

    print(f"\n{title}")
    print(f"({machine()})")
    print(line(heads))
    print("  ".join("-" * width for width in widths))
    for row in rows:
        print(line(row))
    _keep({"table": title, "heads": list(heads), "rows": [list(row) for row in rows]})


def verdict(question: str, goal: str, figure: str, *, met: bool) -> None:
    """One line for a goal that was set, and whether this run met it."""
    print(f"{'met    ' if met else 'NOT MET'}  {question}: {figure} (goal: {goal})")
    _keep({"question": question, "goal": goal, "figure": figure, "met": met})


def _keep(found: dict[str, object]) -> None:
    path = os.environ.get(RESULTS)
    if path:
        stamp = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(stamp | found, ensure_ascii=False) + "\n")


def resident_mb() -> float:
    """Memory that this process has in use now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def peak_mb() -> float:
    """The most that this program ever had in use; ``getrusage`` counts what started it as well."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def written() -> int:
    """Bytes that this process has handed to the system to write, to files and elsewhere."""
    told = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in told if line.startswith("wchar:"))


def descriptors() -> int:
    """Files and sockets that this process has open."""
    return len(os.listdir("/proc/self/fd"))


def machine() -> str:
    return (
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def seconds(value: float) -> str:
    """Time in the unit that reads best."""
    if value < 0.001:
        return f"{value * 1e6:.0f} us"
    return f"{value * 1e3:.2f} ms" if value < 1 else f"{value:.2f} s"


def rate(count: int, value: float) -> str:
    return f"{count / value:,.0f}/s"


def ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}" if other else "-"
