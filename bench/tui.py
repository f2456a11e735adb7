"""The terminal front end on a drift list of a million rows, measured at the pseudo terminal.

A real ``trueup run`` serves a real ledger (its systems are away), a real ``trueup tui`` shows it.
A paint ends with the last byte that changed anything below the header's line. First paints are of
whole processes, in turn, against an application of Textual that shows one word. ``--folder`` keeps
the ledger for the next time.

    python -m bench.tui --folder /tmp/bench-tui
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.drift import made
from bench.figures import arguments, as_installed, ratio, seconds, table
from bench.sample import KEY
from bench.start import CONFIG
from daemon.control.client import ControlClient
from ledger.model.errors import TrueupError
from ledger.store.fold.entry import FOLD_VERSION
from ledger.store.migrate import known_version
from tests.tui.terminal import Terminal, terminal

SIZE = (120, 36)
QUIET_S = 0.4
"""The preview under a list comes a fifth of a second after the cursor, so that holding a key down
asks nothing of the daemon."""
GAP_S = 0.02
"""A paint is over when nothing followed for so long."""
EMPTY = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("empty")

Empty().run()
"""


def state_of(folder: Path, count: int) -> Path:
    """A state directory whose ledger has so many rows of drift; one that is there is used.

    The rows are in no journal, so another way to fold would lose them.
    """
    state = folder / f"state-{count}-{known_version()}-{FOLD_VERSION}"
    if not (state / "complete").exists():
        state.mkdir(mode=0o700, parents=True)
        key = state / "ledger.key"
        key.touch(mode=0o600)
        key.write_bytes(KEY)
        key.chmod(0o400)
        asyncio.run(made(state / "ledger.db", count))
        (state / "complete").touch()
    return state


def start(folder: Path, state: Path) -> subprocess.Popen[bytes]:
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(state=state), encoding="utf-8")
    argv = [sys.executable, "-m", "daemon", "run", "--config", str(config)]
    env = {**os.environ, "TRUEUP_BENCH_SECRET": "s"}
    with (folder / "daemon.log").open("wb") as log:
        return subprocess.Popen(argv, stderr=log, env=env)


async def answering(socket: Path) -> None:
    while True:
        try:
            async with ControlClient(socket) as daemon:
                await daemon.status(counts=False)
                return
        except TrueupError:
            await asyncio.sleep(0.2)


async def first_paint(program: Sequence[str], word: str) -> float:
    """From starting the process until ``word`` stands on the screen."""
    begun = time.perf_counter()
    async with terminal("", size=SIZE, program=program) as one:
        await one.shows(word)
        return time.perf_counter() - begun


async def painted(front: Terminal, keys: str) -> float:
    """From the byte written to the last byte of what it changed, without what follows later."""
    await front.quiet(QUIET_S)
    front.painted_at = 0.0
    begun = time.perf_counter()
    front.type(keys)
    while not front.painted_at:
        await front.quiet(GAP_S)
    return front.painted_at - begun


def memory_mb(pid: int, what: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(what)]
    return int(line.split()[1]) / 1024


async def paints(folder: Path, socket: Path, rounds: int) -> None:
    empty = folder / "empty.py"
    empty.write_text(EMPTY, encoding="utf-8")
    tui = ["-m", "daemon", "tui", "drift", "--socket", str(socket)]
    programs: dict[str, tuple[Sequence[str], str]] = {
        "an empty Textual application": ([str(empty)], "empty"),
        "trueup tui: its frame": (tui, "1 Overview"),
        "trueup tui: the rows": (tui, "1,000,000 of 1,000,000"),
    }
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for program, word in programs.values():
        await first_paint(program, word)  # from here on everything is compiled
    for _ in range(rounds):
        for name, (program, word) in programs.items():
            taken[name].append(await first_paint(program, word))
    first = next(iter(programs))
    rows = [
        [
            name,
            seconds(statistics.median(spent)),
            seconds(min(spent)),
            ratio(statistics.median(spent), statistics.median(taken[first])),
            ratio(min(spent), min(taken[first])),
        ]
        for name, spent in taken.items()
    ]
    heads = ["first paint, whole process", "median", "fastest", "ratio", "ratio of fastest"]
    table(f"{rounds} rounds in turn", heads, rows)


async def keys(socket: Path, presses: int, idle_s: float) -> None:
    async with terminal(socket, "drift", size=SIZE) as front:
        await front.shows("1,000,000 of 1,000,000")
        await asyncio.sleep(2)
        down = sorted([await painted(front, "j") for _ in range(presses)])
        jumps = [(await painted(front, "G"), await painted(front, "g")) for _ in range(10)]
        pid = front.running.pid
        rows = [
            ["j to its paint, median", seconds(statistics.median(down))],
            ["j to its paint, 95th percentile", seconds(down[int(len(down) * 0.95)])],
            ["G to the last row, median", seconds(statistics.median(end for end, _ in jumps))],
            ["G to the last row, slowest", seconds(max(end for end, _ in jumps))],
            ["memory now", f"{memory_mb(pid, 'VmRSS'):.0f} MB"],
            ["memory at most", f"{memory_mb(pid, 'VmHWM'):.0f} MB"],
        ]
        await asyncio.sleep(2)  # the preview under the list follows the last key
        front.screen.touched.clear()
        before = len(front.seen)
        await asyncio.sleep(idle_s)
        sent = (len(front.seen) - before) * 60 / idle_s
        lines = sorted(line + 1 for line in front.screen.touched)
        rows.append(["bytes a minute when idle", f"{sent:,.0f}"])
        rows.append(["lines of the screen that they are in", str(lines)])
        async with ControlClient(socket) as daemon:
            lag = (await daemon.health()).loop_lag_ms
        rows.append(["longest stall of the daemon's loop, last minute", f"{lag:.0f} ms"])
        table(f"a list of 1,000,000 rows, {presses} presses of j", ["what", "is"], rows)


async def run(folder: Path, state: Path, rounds: int, presses: int, idle_s: float) -> None:
    running = start(folder, state)
    try:
        socket = state / "control.sock"
        await answering(socket)
        await keys(socket, presses, idle_s)
        await paints(folder, socket, rounds)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--idle", type=float, default=40.0)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    as_installed()
    folder = options.folder.absolute()  # a daemon reads paths from where its file lies
    folder.mkdir(parents=True, exist_ok=True)
    state = state_of(folder, options.rows)
    asyncio.run(run(folder, state, options.rounds, options.presses, options.idle))


if __name__ == "__main__":
    main()
