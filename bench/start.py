"""How long is the way from starting the process to READY, on ledgers of growing size?

A real ``trueup run``, told by a socket of ours as systemd would be; its systems are away, for READY
means that it serves, not that it has heard anybody. Against the imports alone.

    python -m bench.start --pairs 5000 500000 --runs 3
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import Spent, arguments, as_installed, measure, median, ratio, seconds, table
from bench.sample import KEY, fill

CONFIG = """
version: 1
instance: bench
company: {{display_name: Bench, timezone: UTC, home_currency: USD}}
state_dir: {state}
qbo:
  environment: sandbox
  base_url: http://127.0.0.1:9
  token_url: http://127.0.0.1:9/token
  realm_id: "1"
  client_id: {{env: TRUEUP_BENCH_SECRET}}
  client_secret: {{env: TRUEUP_BENCH_SECRET}}
  refresh_token: {{env: TRUEUP_BENCH_SECRET}}
dear:
  account_id: "1"
  application_key: {{env: TRUEUP_BENCH_SECRET}}
  base_url: http://127.0.0.1:9
  native_link: none
"""


def state_of(folder: Path, pairs: int) -> Path:
    """A state directory with a ledger of so many pairs; one that is there is used again."""
    state = folder / f"state-{pairs}"
    if not (state / "complete").exists():
        state.mkdir(mode=0o700, parents=True)
        key = state / "ledger.key"
        key.touch(mode=0o600)
        key.write_bytes(KEY)
        key.chmod(0o400)
        asyncio.run(fill(state / "ledger.db", pairs))
        (state / "complete").touch()
    return state


def start_and_stop(folder: Path, state: Path) -> Spent:
    """Seconds until READY; stopping is not counted."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(state=state))
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    address = folder / "notify"
    address.unlink(missing_ok=True)
    listening.bind(str(address))
    listening.settimeout(600)
    env = {**os.environ, "NOTIFY_SOCKET": str(address), "TRUEUP_BENCH_SECRET": "s"}
    words = [sys.executable, "-m", "daemon", "run", "--config", str(config)]
    running: list[subprocess.Popen[bytes]] = []

    def ready() -> None:
        running.append(
            subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        while b"READY=1" not in listening.recv(4096):
            pass

    try:
        return measure(ready)
    finally:
        running[0].send_signal(signal.SIGTERM)
        running[0].wait()
        listening.close()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[5_000, 500_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the ledgers here for another time")
    options = parser.parse_args()
    as_installed()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = (options.folder or Path(name)).absolute()
        words = [sys.executable, "-c", "import daemon.app"]
        imports = median(
            [measure(lambda: subprocess.run(words, check=True)) for _ in range(options.runs)]
        )
        base = imports.wall
        rows = [["the imports alone", "", seconds(base), ratio(base, base)]]
        for pairs in (0, *options.pairs):
            state = state_of(folder, pairs)
            spent = median([start_and_stop(Path(name), state) for _ in range(options.runs)])
            size = (state / "ledger.db").stat().st_size
            rows.append(
                [
                    f"{2 * pairs:,} records",
                    f"{size / 1e6:,.0f} MB",
                    seconds(spent.wall),
                    ratio(spent.wall, base),
                ]
            )
        table(
            f"Start to READY, median of {options.runs}",
            ["ledger", "size", "wall", "times imports"],
            rows,
        )


if __name__ == "__main__":
    main()
