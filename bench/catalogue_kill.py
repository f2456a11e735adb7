"""A re-export of the whole catalogue, killed with -9 at random points of its run.

Both simulators run in this process, the daemon's parts in another one, which is killed after a
random number of its requests and started again over what it left on disk. At the end the
simulators' own state and request log must say: exactly one active, linked item for every product,
no second one, and every request that went again carried its first id.

    python -m bench.catalogue_kill --items 10000 --kills 50
    python -m bench.catalogue_kill --items 600 --kills 10 --clashes rename
"""

import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from bench.catalogue_life import SharedClock
from bench.figures import arguments, seconds, table
from bench.sample import KEY
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo import control
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.requestlog import Exchange, LogRow, RequestLog
from daemon.sandbox.server import serve
from ledger.model.entries import Confirmed, Intended, Rejected
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.plans import Action
from ledger.store.ledger import Ledger
from tests.scenarios.support import Goods, tiny

QBO = SystemName("qbo")
BATCH = 30
STEP = 300
PER_STEP = 14
"""Requests of one chunk of the job: its batches, and the look at both systems around them."""
LATEST_S = 0.08
"""A kill falls up to so long after the request was answered: between appends as well."""


class Bench:
    """The simulators, and the process over them."""

    def __init__(self, folder: Path, options: Any) -> None:
        self.folder = folder
        self.options = options
        self.random = random.Random(options.seed)
        self.clock = SharedClock(time.time(), options.scale)
        goods = Goods()
        products = tuple(goods.item(f"BR-{n:05d}") for n in range(options.items))
        world = tiny(products=products)
        self.log = RequestLog(self.clock)
        self.faults = FaultScript()
        self.qbo = QboTwin(world, clock=self.clock, faults=self.faults, log=self.log)
        self.dear = DearTwin(world, clock=self.clock, faults=self.faults, log=self.log)
        self.kills = 0
        self._left = 0
        self._process: asyncio.subprocess.Process | None = None

    async def serve(self, stack: AsyncExitStack) -> Path:
        """Start both; the file that tells a life where they are."""
        qbo_url = await stack.enter_async_context(serve(self.qbo.app))
        dear_url = await stack.enter_async_context(serve(self.dear.app))
        told = {
            "zero": self.clock._zero,
            "clock_scale": self.options.scale,
            "clashes": self.options.clashes,
            "qbo": {**self.qbo.addresses(qbo_url), **self.qbo.credentials},
            "dear": {
                "base_url": dear_url + self.dear.path.rstrip("/"),
                **self.dear.credentials,
            },
        }
        config = self.folder / "life.json"
        config.write_text(json.dumps(told), encoding="utf-8")
        add = self.log.add

        def counted(seen: Exchange) -> LogRow:
            self._left -= 1
            if self._left == 0:
                delay = self.random.uniform(0, LATEST_S)
                asyncio.get_running_loop().call_later(delay, self._kill)
            return add(seen)

        self.log.add = counted  # type: ignore[method-assign]
        return config

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def life(self, config: Path, what: str, *, kill_after: int = 0) -> int:
        """One life; its exit code, -9 when it was killed."""
        self._left = kill_after
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.catalogue_life", str(config), what
        )
        code = await self._process.wait()
        if code not in (0, -signal.SIGKILL):
            raise SystemExit(f"a life ended with {code}")
        self.kills += code != 0
        return code

    def lose_some(self) -> None:
        """Requests that never arrive, and answers that are never read, spread over the run."""
        batches = max(1, self.options.items // BATCH)
        self.faults.extend(
            {
                "system": "qbo",
                "kind": self.random.choice(("lost_request", "lost_reply")),
                "method": "POST",
                "path": "*/batch",
                "after": self.random.randrange(batches),
            }
            for _ in range(self.options.lost)
        )

    def delete_everything(self) -> None:
        """A person deletes every product on QuickBooks' screen; where names are to clash, another
        program makes them inactive, and they keep their names."""
        for stored in list(self.qbo.state.all("Item")):
            if not stored.active or not stored.fields.get("Sku"):
                continue
            if self.options.clashes:
                self.qbo.state.change(stored, {**stored.fields, "Active": False})
            else:
                control.edit(self.qbo.state, {"kind": "item", "id": stored.id, "delete": True})

    def active(self) -> list[Any]:
        return [s for s in self.qbo.state.all("Item") if s.active and s.fields.get("Sku")]


async def run(options: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name), options)
        async with AsyncExitStack() as stack:
            config = await bench.serve(stack)
            started = time.perf_counter()
            await bench.life(config, "agree")
            before = {s.id for s in bench.active()}
            assert len(before) == options.items, len(before)
            bench.delete_everything()
            bench.lose_some()
            mark = bench.log.last
            print(f"agreed after {seconds(time.perf_counter() - started)}; all items deleted")
            expected = PER_STEP * (1 + options.items // STEP)
            gap = max(2, 2 * expected // max(1, options.kills))
            started = time.perf_counter()
            while bench.kills < options.kills:
                if not await bench.life(config, "export", kill_after=bench.random.randint(1, gap)):
                    break
            else:
                await bench.life(config, "export")
            spent = time.perf_counter() - started
        await judge(bench, before, mark, spent)


async def judge(bench: Bench, before: set[str], mark: int, spent: float) -> None:
    """The simulators' own state and log against the ledger; raises where they do not fit."""
    items = bench.active()
    skus = Counter(s.fields["Sku"] for s in items)
    assert len(skus) == bench.options.items, f"{len(skus)} products have an active item"
    assert set(skus.values()) == {1}, "a product has a second active item"
    assert not {s.id for s in items} & before, "an old item is active"
    total = sum(1 for s in bench.qbo.state.all("Item") if s.fields.get("Sku"))
    assert total == 2 * bench.options.items, f"{total} items, old ones included"
    ledger = await Ledger.open(bench.folder / "ledger.db", now=bench.clock.now, key=KEY)
    try:
        rows = await ledger.read(lambda views: views.entries(0, 10_000_000))
        unlinked = 0
        for first in range(0, len(items), 1000):
            refs = [ExternalRef(QBO, Kind.ITEM, s.id) for s in items[first : first + 1000]]
            heads = await ledger.read(lambda views, r=refs: views.heads(r))  # type: ignore[misc]
            records = [head.record for head in heads.values()]
            found = await ledger.read(lambda views, r=records: views.views(r))  # type: ignore[misc]
            unlinked += len(refs) - sum(1 for view in found if len(view.sides) == 2)
        assert not unlinked, f"{unlinked} new items are not linked"
    finally:
        await ledger.close()
    posts = [
        request
        for row in bench.log.rows
        if row["n"] > mark and row["system"] == "qbo" and row["method"] == "POST"
        for request in parse_qs(row["query"]).get("requestid", [])
    ]
    sent = Counter(posts)
    again = replayed_under_other_ids([row.entry for row in rows], set(sent))
    assert not again, f"{len(again)} operations went again under another id"
    table(
        f"re-export of {bench.options.items:,} items, killed {bench.kills} times",
        ["what", "value"],
        [
            ["kills with -9", str(bench.kills)],
            ["requests or answers lost beside that", str(bench.options.lost)],
            ["active, linked items", f"{len(items):,}"],
            ["second items", "0"],
            ["write requests", f"{len(posts):,}"],
            ["of them sent again, under their first id", f"{len(posts) - len(sent):,}"],
            ["sent under another id with an unclear end", "0"],
            ["wall", seconds(spent)],
        ],
    )


def replayed_under_other_ids(entries: list[Any], sent: set[str]) -> list[str]:
    """Creates that left under a second request id though the first had no definite end."""
    ids: dict[str, list[str]] = {}
    ended: set[tuple[str, str]] = set()
    for entry in entries:
        match entry:
            case Intended(request=request, items=items) if request in sent:
                for item in items:
                    if item.action is Action.CREATE:
                        known = ids.setdefault(item.operation, [])
                        if request not in known:
                            known.append(request)
            case (
                Confirmed(request=request, operation=operation)
                | Rejected(request=request, operation=operation)
            ):
                ended.add((request, operation))
            case _:
                pass
    return [
        operation
        for operation, requests in ids.items()
        if any((request, operation) not in ended for request in requests[:-1])
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--lost", type=int, default=10, help="requests or answers that get lost")
    parser.add_argument(
        "--clashes", choices=("", "rename", "suffix"), default="", help="the old items keep names"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=60.0, help="how much faster time passes")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
