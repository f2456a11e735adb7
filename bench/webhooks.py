"""Five hundred notices in one second, beside an idle daemon and while it reads and plans.

Simulators, daemon and sender are three processes. The notices leave at their own pace, whether
answers come or not; a wait is counted from the moment at which a notice should have left. Then
every look for changes is counted until the daemon rests.

    python -m bench.webhooks --size medium
"""

import asyncio
import hashlib
import hmac
import json
import socket
import statistics
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.figures import arguments, table
from daemon.cli.demo_stage import Demo
from daemon.clock import SystemClock
from daemon.control.client import ControlClient
from daemon.control.protocol_live import PulseEvent

NOTICES = 500
WITHIN_S = 1.0
QUIET_S = 6.0
"""Longer than a notice takes to become a look."""
TOKEN = "sandbox-verifier-token"
SECTION = """
webhooks:
  listen: "127.0.0.1:{port}"
  qbo: {{verifier_tokens: [{{file: "{token}"}}]}}
"""


class Ringing(Demo):
    """Simulators and a daemon at the true pace of time, with a doorbell."""

    def __init__(self, folder: Path, size: str) -> None:
        super().__init__(folder, 7, size, 1.0)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    def _write_config(self) -> None:
        super()._write_config()
        token = self.folder / "secrets" / "verifier"
        token.touch(mode=0o600)
        token.write_text(TOKEN, encoding="utf-8")
        with self.config.open("a", encoding="utf-8") as stream:
            stream.write(SECTION.format(port=self.port, token=token))

    @property
    def looks(self) -> int:
        """Looks for changes at QuickBooks so far, by the simulator's own log."""
        lines = (self.folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()
        return sum(json.loads(line)["summary"].startswith("cdc") for line in lines)


@dataclass(frozen=True)
class Burst:
    """What became of one burst."""

    name: str
    waits: Sequence[float]
    answered: int
    took_s: float
    steps: frozenset[str]
    """What the daemon was doing meanwhile."""
    looks: int
    """Looks that followed."""

    @property
    def row(self) -> Sequence[str]:
        told = sorted(self.waits)
        return (
            self.name,
            f"{self.answered} of {NOTICES} in {self.took_s:.2f} s",
            f"{statistics.median(told) * 1000:.0f} ms",
            f"{told[int(len(told) * 0.99)] * 1000:.0f} ms",
            f"{told[-1] * 1000:.0f} ms",
            ", ".join(sorted(self.steps)),
            str(self.looks),
        )


def notice(realm: str, number: int) -> bytes:
    """A cloud event, as Intuit writes it."""
    event = {
        "specversion": "1.0",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "source": "intuit.dsnfkjqdhsjkqsdhkqsj",
        "type": "qbo.customer.updated.v1",
        "datacontenttype": "application/json",
        "time": "2026-08-14T09:00:00.123456789Z",
        "intuitentityid": str(number),
        "intuitaccountid": realm,
        "data": {},
    }
    return json.dumps([event]).encode()


async def ring(http: aiohttp.ClientSession, url: str, body: bytes, at: float) -> tuple[float, bool]:
    """Send one notice when it is due; its wait, and whether it was answered well."""
    clock = SystemClock()
    loop = asyncio.get_running_loop()
    await clock.sleep(at - loop.time())
    mark = b64encode(hmac.digest(TOKEN.encode(), body, hashlib.sha256)).decode()
    headers = {"Content-Type": "application/json", "intuit-signature": mark}
    async with http.post(url, data=body, headers=headers) as answer:
        return loop.time() - at, answer.status == 200


async def burst(show: Ringing, name: str, first: int, during: str) -> Burst:
    """Wait for the step, ring, and wait until all that follows is over."""
    realm = str(show.twins["qbo"]["realm_id"])
    steps: set[str] = set()
    async with (
        ControlClient(show.folder / "state" / "control.sock") as daemon,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        following = asyncio.ensure_future(follow(daemon, steps))
        while during not in steps:
            await SystemClock().sleep(0.05)
        before = show.looks
        steps.clear()
        start = asyncio.get_running_loop().time() + 0.05
        url = f"http://127.0.0.1:{show.port}/qbo"
        results = await asyncio.gather(
            *(
                ring(http, url, notice(realm, first + n), start + n * WITHIN_S / NOTICES)
                for n in range(NOTICES)
            )
        )
        took = asyncio.get_running_loop().time() - start
        meanwhile = frozenset(steps or {during})
        rest = SystemClock()
        quiet_since = rest.monotonic()
        while rest.monotonic() - quiet_since < QUIET_S:
            steps.clear()
            await rest.sleep(1.0)
            if steps - {"idle"} or (await daemon.status(counts=False)).dirty:
                quiet_since = rest.monotonic()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    waits = [wait for wait, _ in results]
    return Burst(
        name, waits, sum(good for _, good in results), took, meanwhile, show.looks - before
    )


async def follow(daemon: ControlClient, steps: set[str]) -> None:
    """Note every step that the daemon tells."""
    async for event in daemon.events():
        if isinstance(event, PulseEvent):
            steps.add(event.work.step)


async def run(size: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        show = Ringing(Path(folder), size)
        with show.sandbox(), show.daemon():
            bursts = [
                await burst(show, "during the first load", 0, "planning"),
                await burst(show, "beside an idle daemon", 10_000, "idle"),
            ]
    table(
        f"{NOTICES} notices in {WITHIN_S:.0f} s, {size} world",
        ["burst", "answered well", "median", "99 %", "slowest", "meanwhile", "looks that followed"],
        [one.row for one in bursts],
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", default="medium", choices=["small", "medium"])
    asyncio.run(run(parser.parse_args().size))


if __name__ == "__main__":
    main()
