"""A catalogue that QuickBooks lacks, sent there without faults: calls, and minutes of its limits.

Both simulators run in this process in virtual time (``tests.virtualtime``), strict about every
limit, so a minute here is a minute of QuickBooks' own, whatever this machine does. ``--answer-s``
is how long QuickBooks takes to answer a batch; a single write takes a tenth of that. Beside what
the daemon does stands what the limits alone would allow: batches only, singles only, and both.

    python -m bench.export --items 10000 --answer-s 0 3 6
"""

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench.figures import arguments, seconds, table, verdict, watched
from daemon.sandbox.requestlog import LogRow
from daemon.sandbox.world import World
from ledger.model.entries import Approved, FirstPlanApproved
from ledger.store.engine import inline
from ledger.store.views import Views
from tests.scenarios.support import Goods, tiny
from tests.town import Town, town
from tests.virtualtime import LoopClock, run

BATCH = 30
PER_SECOND, PER_MINUTE, BATCHES = 10, 500, 40
"""Intuit's limits for one company and app."""
SPARE = 1.01
"""Requests that may be needed for each that full batches would take."""
PART = 20_000
SINGLE_TAKES = 0.1
"""Of the time of a batch."""


class Sent(NamedTuple):
    """One export as the simulator's log tells it."""

    answer_s: float
    batches: int
    singles: int
    others: int
    """Calls of the same cycles that were not writes."""
    refused: int
    """Answers that said "too many"."""
    minutes: float
    """From the first write to the answer of the last."""
    cpu: float
    """Of the whole process, both simulators with it."""
    there: int
    """Items in QuickBooks at the end."""


def lacking(items: int) -> World:
    """A company with so many products, none of which QuickBooks has."""
    goods = Goods()
    return tiny(products=tuple(goods.item(f"BR-{n:06d}", qbo=False) for n in range(items)))


async def export(
    items: int,
    answer_s: float,
    settings: dict[str, Any],
    *,
    lost: int = 0,
    begun: Callable[[], None] = lambda: None,
) -> Sent:
    """All of them, until nothing moves. ``lost`` batches are carried out and never answered;
    ``begun`` is called when the first load is over."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        async with town(
            Path(name),
            world=lacking(items),
            executor=inline,
            in_memory=True,
            clock=LoopClock(),
            qbo_settings=settings,
        ) as one:
            await one.cycle("first load")
            await approve(one)
            one.fail(*slowly(answer_s), *losing(lost, items))
            mark = one.log.last
            begun()
            with watched() as watch:
                while not (await one.cycle("export")).learned_nothing or await is_open(one):
                    pass
            made = one.log.since(mark, system="qbo", limit=10_000_000)
            there = sum(1 for s in one.qbo.state.all("Item") if s.fields.get("Sku"))
            assert lost or there == items, f"{there} of {items} items are in QuickBooks"
    return told(made, answer_s, watch.spent.cpu, there)


async def is_open(one: Town) -> bool:
    """Whether the end of a request is not known yet."""
    return bool(await one.ledger.read(lambda views: views.open_intents()))


def losing(count: int, items: int) -> list[dict[str, object]]:
    """Answers that are never read, spread over the run."""
    rule = {"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"}
    batches = items // BATCH
    return [rule | {"after": number * batches // count} for number in range(count)]


def slowly(answer_s: float) -> list[dict[str, object]]:
    """Rules by which QuickBooks takes its time to answer a write."""
    if not answer_s:
        return []
    slow = {"system": "qbo", "kind": "slow", "method": "POST", "times": 0}
    return [
        slow | {"path": "*/batch", "seconds": answer_s},
        slow | {"path": "*/item", "seconds": answer_s * SINGLE_TAKES},
    ]


async def approve(one: Town) -> None:
    """A person approves everything that waits."""
    expires = (one.clock.now() + timedelta(days=7)).isoformat()
    for first in range(0, 10 * PART, PART):
        rows = await one.ledger.read(partial(_waiting, first=first))
        draft = one.ledger.draft(actor="bench")
        draft.add(
            Approved(
                digests=tuple(r.operation.digest for r in rows), by="bench", expires_at=expires
            )
        )
        draft.add(FirstPlanApproved(by="bench"))
        await one.ledger.append(draft)
        if len(rows) < PART:
            return


def _waiting(views: Views, first: int) -> Any:
    return views.brief_operations(states=("waiting", "planned"), limit=PART, offset=first)


def told(rows: Sequence[LogRow], answer_s: float, cpu: float, there: int) -> Sent:
    sorts = Counter(_sort(row) for row in rows)
    writes = [datetime.fromisoformat(row["time"]) for row in rows if _sort(row) != "other"]
    begun = min(writes) - timedelta(seconds=answer_s)
    return Sent(
        answer_s=answer_s,
        batches=sorts["batch"],
        singles=sorts["single"],
        others=sorts["other"],
        refused=sum(row["status"] == 429 for row in rows),
        minutes=(max(writes) - begun).total_seconds() / 60,
        cpu=cpu,
        there=there,
    )


def _sort(row: LogRow) -> str:
    if row["method"] != "POST" or row["path"].endswith("/query") or "/oauth2/" in row["path"]:
        return "other"
    return "batch" if row["path"].endswith("/batch") else "single"


class Pace:
    """Starts that a limit allows: at most so many in any window."""

    def __init__(self, *windows: tuple[int, float]) -> None:
        self._windows = windows
        self._starts: list[float] = []

    def next(self) -> float:
        """The earliest second of the next start."""
        at = self._starts[-1] if self._starts else 0.0
        for count, length in self._windows:
            if len(self._starts) >= count:
                at = max(at, self._starts[-count] + length)
        return at

    def take(self, at: float) -> None:
        self._starts.append(at)


def limits_alone(
    items: int, *, batches: int, per_minute: int, per_second: int
) -> tuple[int, float]:
    """Requests and minutes with answers that take no time: whenever a batch may go it goes, and
    singles fill what is left of the minute."""
    every = Pace((per_second, 1.0), (per_minute, 60.0))
    big = Pace((batches, 60.0)) if batches else None
    left, made, at = items, 0, 0.0
    while left > 0:
        at = every.next()
        can_batch = big is not None and big.next() <= at
        if not can_batch and per_minute <= batches and big is not None:
            at, can_batch = big.next(), True
        if can_batch and big is not None:
            big.take(at)
        left -= BATCH if can_batch else 1
        every.take(at)
        made += 1
    return made, at / 60


def floors(items: int) -> list[list[str]]:
    """What Intuit's limits impose on one company, by the mix of requests."""
    rows = []
    for name, batches, per_minute in (
        ("singles only", 0, PER_MINUTE),
        ("batches only", BATCHES, BATCHES),
        ("batches, singles beside them", BATCHES, PER_MINUTE),
    ):
        made, minutes = limits_alone(
            items, batches=batches, per_minute=per_minute, per_second=PER_SECOND
        )
        rows.append([name, f"{made:,}", f"{minutes:.1f}"])
    return rows


def show(items: int, found: Sequence[Sent]) -> None:
    table(
        f"{items:,} items to QuickBooks: what its limits impose ({BATCHES} batches, {PER_MINUTE} "
        f"requests a minute, {PER_SECOND} a second, answers at once)",
        ["mix", "write requests", "minutes"],
        floors(items),
    )
    table(
        "What the daemon does (38 batches and 450 requests a minute by default)",
        ["a batch takes", "batches", "singles", "other calls", "429", "minutes", "CPU"],
        [
            [
                seconds(one.answer_s) if one.answer_s else "no time",
                f"{one.batches:,}",
                f"{one.singles:,}",
                f"{one.others:,}",
                f"{one.refused}",
                f"{one.minutes:.1f}",
                seconds(one.cpu),
            ]
            for one in found
        ],
    )
    first = found[0]
    least = math.ceil(items / BATCH)
    made = first.batches + first.singles
    verdict(
        f"write requests for {items:,} items",
        f"ceil(n / {BATCH}) + 1 %",
        f"{made:,} for {least:,}",
        met=made <= least * SPARE,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--answer-s", type=float, nargs="+", default=[0.0, 3.0, 6.0])
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of qbo.rates, for example batches_per_minute=40",
    )
    options = parser.parse_args()
    rates = {key: int(value) for key, _, value in (one.partition("=") for one in options.set)}
    settings = {"rates": rates} if rates else {}
    show(options.items, [run(export(options.items, s, settings)) for s in options.answer_s])


if __name__ == "__main__":
    main()
