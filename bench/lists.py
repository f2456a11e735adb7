"""How long a page of the queue and a page of the timeline take to answer.

Fills a ledger with pairs of records, an operation for each, and entries behind them; then asks as
the control interface does, in one read transaction each time. Nothing here is asserted.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

import msgspec

from bench import sample
from bench.figures import arguments, seconds, table
from daemon.control.protocol_drift import QueueQuery, QueueState, TimelineQuery
from daemon.control.queueing import the_queue
from daemon.control.timelines import the_timeline
from ledger.model.encoding import encode
from ledger.model.entries import Planned, Retried
from ledger.model.ids import Digest, Kind, OperationId, RecordId, SystemName, derive
from ledger.model.plans import Action, FieldChange, Operation
from ledger.store.ledger import Ledger
from ledger.store.views import Views

QBO, DEAR = SystemName("qbo"), SystemName("dear")
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
PAGE = 1_000
RUNS = 7
PERSON = "mira (uid 1004)"
ALL = tuple(QueueState)
QUEUES = {
    "queue, first 100": QueueQuery(limit=100),
    "queue, 100 from the middle": QueueQuery(limit=100, offset=50_000),
    "queue, the last 100": QueueQuery(limit=100, offset=99_900),
    "queue, all states": QueueQuery(limit=100, states=ALL),
    "queue, to:dear": QueueQuery(limit=100, filter="to:dear"),
    "queue, a word": QueueQuery(limit=100, filter="00077"),
    "queue, digest": QueueQuery(limit=2, filter="digest:abcdefg", states=ALL),
}
TIMELINES = {
    "timeline, newest 100": TimelineQuery(limit=100),
    "timeline, 100 from the middle": TimelineQuery(limit=100, before=500_000),
    "timeline, entry:planned": TimelineQuery(limit=100, filter="entry:planned"),
    "timeline, actor:mira": TimelineQuery(limit=100, filter="actor:mira"),
    "timeline, of one record": TimelineQuery(limit=100, filter="record:SKU"),
    "timeline, words that occur": TimelineQuery(limit=100, filter="again"),
    "timeline, words that do not": TimelineQuery(limit=100, filter="nowhere"),
    "timeline, since": TimelineQuery(limit=100, since="2020-01-01T00:00:00Z"),
}


async def fill(ledger: Ledger, entries: int) -> str:
    """An operation for every item, and entries that move little. Returns a SKU."""
    records = await ledger.read(lambda views: views.records(Kind.ITEM, limit=1_000_000))
    for first in range(0, len(records), PAGE):
        draft = ledger.draft(actor="daemon")
        for number, record in enumerate(records[first : first + PAGE], first):
            operation = update(number, record)
            draft.add(
                Planned(
                    operation=operation.id,
                    record=record,
                    digest=operation.digest,
                    payload=draft.body(encode(operation)),
                )
            )
        await ledger.append(draft)
    head = await ledger.read(lambda views: views.head()[0])
    for first in range(head, entries, PAGE):
        draft = ledger.draft(actor=PERSON if first // PAGE % 100 == 0 else "daemon")
        for number in range(first, min(first + PAGE, entries)):
            record = records[number % len(records)]
            draft.add(Retried(record=record, by="test", reason=f"again {number}"))
        await ledger.append(draft)
    return await ledger.read(lambda views: views.labels(records[:1])[records[0]])


def update(number: int, record: RecordId) -> Operation:
    change = FieldChange(
        field="sales_price",
        before=Decimal("12.40"),
        after=Decimal("12.95"),
        trace="dear.sales_price",
    )
    return Operation(
        id=OperationId(derive("operation", str(number))),
        digest=Digest(derive("digest", str(number), length=32)),
        record=record,
        kind=Kind.ITEM,
        label=f"W-{number:06}",
        system=QBO if number % 5 else DEAR,
        action=Action.UPDATE,
        ref=None,
        changes=(change,),
        wave=1,
    )


async def run(count: int, entries: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path = Path(name) / "ledger.db"
        await sample.fill(path, count)
        ledger = await Ledger.open(path, now=lambda: NOW, key=sample.KEY)
        try:
            sku = await fill(ledger, entries)
            head = await ledger.read(lambda views: views.head()[0])
            rows = [await asked(ledger, name, queue(query)) for name, query in QUEUES.items()]
            for name, query in TIMELINES.items():
                said = msgspec.structs.replace(query, filter=query.filter.replace("SKU", sku))
                rows.append(await asked(ledger, name, timeline(said)))
        finally:
            await ledger.close()
    title = f"{count:,} pairs, {head:,} entries, median of {RUNS}"
    table(title, ["question", "wall", "CPU", "rows", "of"], rows)


def queue(query: QueueQuery) -> Callable[[Views], tuple[int, int]]:
    def ask(views: Views) -> tuple[int, int]:
        shown = the_queue(views, query, as_of=NOW, home_currency="USD", connectors={})
        return len(shown.rows), shown.total

    return ask


def timeline(query: TimelineQuery) -> Callable[[Views], tuple[int, int]]:
    def ask(views: Views) -> tuple[int, int]:
        shown = the_timeline(views, query, as_of=NOW, systems=(DEAR, QBO))
        return len(shown.rows), shown.head

    return ask


async def asked(
    ledger: Ledger, name: str, question: Callable[[Views], tuple[int, int]]
) -> Sequence[str]:
    wall: list[float] = []
    cpu: list[float] = []
    found = (0, 0)

    def timed(views: Views) -> tuple[int, int]:
        began = time.thread_time()
        answer = question(views)
        cpu.append(time.thread_time() - began)
        return answer

    for _ in range(RUNS):
        began = time.perf_counter()
        found = await ledger.read(timed)
        wall.append(time.perf_counter() - began)
    return [name, seconds(median(wall)), seconds(median(cpu)), f"{found[0]:,}", f"{found[1]:,}"]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    asyncio.run(run(options.pairs, options.entries))


if __name__ == "__main__":
    main()
