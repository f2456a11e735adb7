"""What a person waits for before a command says anything: whole processes, medians, one run.

``python -m bench.cli`` starts each command ``--rounds`` times, in turn, so that the load of the
machine falls on all of them alike. Times on the clock are medians; CPU is the least of all rounds,
for beside other work the same instructions take longer. A ratio is of two figures of that run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import as_installed
from daemon.cli.demo_stage import Demo

SCALE = 200.0
CLIENT = "import click, asyncio, msgspec; from daemon.control import protocol, protocol_live"
"""What a light client of the socket needs: click, a loop, JSON, and the protocol's words."""


def commands(config: Path) -> dict[str, list[str]]:
    run = [sys.executable, "-m", "daemon"]
    at = ["--config", str(config)]
    return {
        "python": [sys.executable, "-c", "pass"],
        "import of the client": [sys.executable, "-c", CLIENT],
        "trueup --help": [*run, "--help"],
        "trueup status": [*run, "status", *at],
        "trueup drift": [*run, "drift", *at],
        "completion of a record": [*run, *at],
    }


def once(argv: list[str], extra: dict[str, str]) -> tuple[float, float]:
    """Seconds on the clock, and of our CPU: the first are those of a busy machine."""
    begun = time.perf_counter()
    running = subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **extra},
    )
    _, status, used = os.wait4(running.pid, 0)
    taken = time.perf_counter() - begun
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, argv
    return taken, used.ru_utime + used.ru_stime


@contextmanager
def company() -> Iterator[Path]:
    """Both simulators and a daemon that has looked at them once."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder), 11, "small", SCALE)
        with demo.sandbox(), demo.daemon():
            demo.wait_for_first_cycle()
            yield Path(folder) / "demo.yaml"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    as_installed()
    with company() as config:
        todo = commands(config)
        line = f"trueup --config {config} drift show D"
        completing = {
            "_TRUEUP_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split()) - 1),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in todo}
        for number in range(rounds + 1):
            for name, argv in todo.items():
                extra = completing if name.startswith("completion") else {}
                spent = once(argv, extra)
                if number:  # from the second round on everything is compiled
                    times[name].append(spent)
    clock = {name: statistics.median(t for t, _ in taken) for name, taken in times.items()}
    cpu = {name: min(c for _, c in taken) for name, taken in times.items()}
    for name, taken in times.items():
        fastest = min(t for t, _ in taken)
        told = f"{clock[name] * 1000:7.0f} ms (fastest {fastest * 1000:.0f})"
        print(f"{name:<24} {told:<28} CPU {cpu[name] * 1000:5.0f} ms")
    for name in ("trueup status", "trueup drift"):
        ratio, of_cpu = (m[name] / m["import of the client"] for m in (clock, cpu))
        print(f"{name} against the import of the client: {ratio:.2f} (CPU {of_cpu:.2f})")


if __name__ == "__main__":
    main()
