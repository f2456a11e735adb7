"""Measuring and printing: medians of several runs, and ratios taken within one run.

The machine may be shared and slow: compare ratios, never absolute rates of different days.
"""

import argparse
import gc
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple


class Spent(NamedTuple):
    """Seconds that something took."""

    wall: float
    cpu: float
    """Of all threads of this process."""


class Watch:
    """Filled when its ``with`` ends."""

    spent = Spent(0.0, 0.0)


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
