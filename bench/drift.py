"""The drift list at a million records: pages, filters and counts, and what keeping it costs.

Pages are taken at the start, in the middle and at the end of every order, against the same table
with nothing in it; while they are asked for through the ledger's own reader, a task that wants to
run every millisecond tells how long the loop stood still. Then a first plan is appended with and
without the list, back to back.

    python -m bench.drift --rows 1000000 --plan 10000 --runs 3
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from bench.figures import arguments, ratio, seconds, table, watched
from bench.sample import DEAR, KEY, QBO, Ticking, fill, observation
from daemon.control.drifting import COLUMNS
from daemon.control.filters import parse
from ledger.model.encoding import encode
from ledger.model.entries import GateHeld, Planned
from ledger.model.ids import Digest, OperationId, derive, record_id
from ledger.model.plans import Action, FieldChange, Operation
from ledger.store.engine import writing
from ledger.store.fold.drift import count_again
from ledger.store.ledger import Draft, Ledger
from ledger.store.views import DriftPage, Views
from ledger.store.views_drift import DriftOrder

PAGE = 200
NOW = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = ["item"] * 70 + ["bill"] * 12 + ["invoice"] * 12 + ["purchase_order"] * 6
FILTERS = (
    "class:conflict",
    "class:conflict kind:bill",
    "kind:bill",
    "-class:changed",
    "state:waiting",
    "amount>1000",
    "age>30d",
    "wf-00012",
    "fitting",
)
_TICK_S = 0.001
Ask = Callable[[Views], DriftPage]


def rows(count: int) -> Iterator[tuple[object, ...]]:
    """Rows as the fold writes them; one in eleven asks for a decision."""
    for number in range(count):
        kind = KINDS[number * 37 % 100]
        label = f"wf-{number * 7919 % 1_000_003:07d}"
        is_item = kind == "item"
        amount = None if is_item else (number * 104_729 % 2_000_000 - 800_000) * 100
        since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number * 7)
        yield (
            f"{kind}-{derive(str(number), length=12)}",
            kind,
            (0, 1, 1, 2, 3, 3, 3, 4, 4, 4, 5)[number * 7919 % 11],
            label,
            f"{label}\nweatherproof fitting {number} for modular manifolds",
            "" if is_item else f"dear/vendor/{number % 5000}",
            f"{since:%Y-%m-%dT%H:%M:%S.%f}Z",
            "waiting",
            "mass_change",
            " qbo ",
            amount,
            -1 if amount is None else abs(amount),
            "" if is_item else "USD",
            1,
            0,
        )


async def made(path: Path, count: int) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    await ledger.close()
    with closing(writing(path)()) as db:
        db.execute("BEGIN")
        marks = ", ".join("?" * 15)
        db.executemany(f"INSERT INTO drift VALUES ({marks})", rows(count))
        count_again(db)
        db.execute("COMMIT")


class Stalls:
    """How late a task was that wanted to run every millisecond."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        while True:
            due = time.perf_counter() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self.worst = max(self.worst, time.perf_counter() - due)


async def timed(ledger: Ledger, ask: Ask, runs: int) -> tuple[float, int]:
    """Median of seconds, the first look left out, and how many records the filter leaves."""
    total = (await ledger.read(ask)).total
    spent = []
    for _ in range(runs):
        started = time.perf_counter()
        await ledger.read(ask)
        spent.append(time.perf_counter() - started)
    return statistics.median(spent), total


def page(said: str, order: DriftOrder, offset: int) -> Ask:
    terms = parse(said, COLUMNS)
    return lambda views: views.drift_page(terms, order=order, limit=PAGE, offset=offset, now=NOW)


async def pages(folder: Path, count: int, runs: int) -> None:
    full, empty = folder / "full.db", folder / "empty.db"
    await made(full, count)
    await made(empty, 0)
    ledger = await Ledger.open(full, now=Ticking(), key=KEY)
    nothing = await Ledger.open(empty, now=Ticking(), key=KEY)
    stalls = Stalls()
    watching = asyncio.create_task(stalls.watch())
    shown = []
    for order in DriftOrder:
        cells = [order.value]
        for offset in (0, count // 4, count // 2, count - PAGE):
            cells.append(seconds((await timed(ledger, page("", order, offset), runs))[0]))
        cells.append(seconds((await timed(nothing, page("", order, 0), runs))[0]))
        shown.append(cells)
    table(
        f"{PAGE} of {count:,} rows; file {full.stat().st_size / 1e6:,.0f} MB",
        ["order", "first page", "a quarter in", "middle", "last page", "empty table"],
        shown,
    )
    shown = []
    for said in FILTERS:
        first, total = await timed(ledger, page(said, DriftOrder.OLDEST, 0), 1)
        middle, _ = await timed(ledger, page(said, DriftOrder.OLDEST, max(total // 2, 0)), 1)
        shown.append([said, f"{total:,}", seconds(first), seconds(middle)])
    watching.cancel()
    table("with a filter, oldest first", ["filter", "leaves", "first page", "middle"], shown)
    print(f"the loop stood still for at most {seconds(stalls.worst)}")
    for opened in (ledger, nothing):
        await opened.close()


def first_plan(ledger: Ledger, numbers: Sequence[int]) -> Draft:
    draft = ledger.draft()
    for number in numbers:
        record = record_id(observation(DEAR, number).ref)
        change = FieldChange(field="name", before="a" * 40, after="b" * 40, trace="dear.name")
        operation = Operation(
            id=OperationId(f"op-{number}"),
            digest=Digest(derive(str(number), length=52)),
            record=record,
            kind=observation(DEAR, number).ref.kind,
            label=f"WF-{number:07d}",
            system=QBO,
            action=Action.UPDATE,
            ref=None,
            changes=(change,),
            wave=1,
            why="The name changed in DEAR.",
        )
        payload = draft.body(encode(operation))
        draft.add(
            Planned(operation=operation.id, record=record, digest=operation.digest, payload=payload)
        )
        draft.add(
            GateHeld(
                operation=operation.id,
                record=record,
                digest=operation.digest,
                reason="first_plan",
                text="The first plan needs a yes.",
            )
        )
    return draft


def appended(folder: Path, count: int, *, is_kept: bool) -> float:
    """CPU of a first plan's append, drafting included."""
    path = folder / "plan.db"
    path.unlink(missing_ok=True)

    async def play() -> float:
        await fill(path, count)
        ledger = await Ledger.open(path, now=Ticking(), key=KEY)
        with watched() as watch:
            for first in range(0, count, 500):
                await ledger.append(first_plan(ledger, range(first, min(first + 500, count))))
        await ledger.close()
        return watch.spent.cpu

    if is_kept:
        return asyncio.run(play())
    with patch("ledger.store.journal.settle"):
        return asyncio.run(play())


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--plan", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(pages(folder, options.rows, options.runs))
        shown = []
        for _ in range(options.runs if options.plan else 0):
            without = appended(folder, options.plan, is_kept=False)
            with_list = appended(folder, options.plan, is_kept=True)
            added = (with_list - without) / options.plan
            shown.append(
                [seconds(without), seconds(with_list), ratio(with_list, without), seconds(added)]
            )
    if shown:
        table(
            f"append of a first plan of {options.plan:,} operations, CPU",
            ["without the list", "with", "with / without", "a record"],
            shown,
        )


if __name__ == "__main__":
    main()
