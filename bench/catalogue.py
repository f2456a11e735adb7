"""Planning a re-export of the whole catalogue: CPU and memory of one look over every item.

A ledger with that many linked items, all of them inactive in QuickBooks, is planned as
``trueup catalogue plan`` does after both catalogues were read; the peak of memory is that of a
process which does nothing else.

    python -m bench.catalogue --items 100000
"""

import asyncio
import gc
import json
import multiprocessing
import resource
import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from bench.figures import arguments, rate, seconds, table, verdict, watched
from bench.sample import DEAR, KEY, PAGE, QBO, Ticking, link, observe
from bench.twins import connectors_of, policy_of
from daemon.catalogue import job as jobs
from daemon.catalogue.survey import Survey
from daemon.catalogue.words import Keeping, Memo, Options, Row, State, Summary
from daemon.clock import SystemClock
from daemon.cycle.company import Company
from ledger.model.encoding import encode
from ledger.model.entries import BaselineAdvanced
from ledger.model.facts import Cursor, Observation
from ledger.model.ids import Digest, ExternalRef, Kind, SystemName, derive, record_id
from ledger.model.records import Account, Item, Record, comparable_values
from ledger.model.values import Reference
from ledger.store.ledger import Draft, Ledger

ACCOUNTS = ("Sales of Product Income", "Cost of Goods Sold")
TARGET_S = 20.0
TARGET_MB = 300


def shown(system: SystemName, record: Record, own_id: str) -> Observation:
    raw = encode({"Id": own_id, "Shown": record, "Note": derive("note", own_id, length=52) * 8})
    ref = ExternalRef(system, record.KIND, own_id)
    return Observation(ref=ref, version="3", record=record, raw=raw)


def pair(number: int, *, active: bool) -> tuple[Observation, Observation]:
    """The ``number``-th product and its item; inactive ones are renamed by QuickBooks."""
    name = f"Weatherproof fitting {number} for modular manifolds"
    common: dict[str, Any] = {
        "sku": f"WF-{number:07d}",
        "description": f"Fitting number {number}, brass, with two gaskets and a locking ring",
        "sales_price": Decimal(number % 9973) / 100 + Decimal("0.35"),
    }
    item = Item(
        name=name if active else f"{name} (deleted)",
        type="non_inventory",
        income_account=Reference(kind=Kind.ACCOUNT, id="1"),
        active=active,
        **common,
    )
    product = Item(name=name, type="stock", unit="Item", category="Other", active=True, **common)
    guid = derive("guid", str(number), length=32)
    return shown(QBO, item, str(number + 100)), shown(DEAR, product, guid)


def agree(draft: Draft, number: int) -> None:
    qbo, dear = pair(number, active=True)
    images = {s.ref.system: comparable_values(s.record) for s in (qbo, dear)}
    draft.add(
        BaselineAdvanced(
            record=record_id(dear.ref),
            images={system: draft.body(encode(fields)) for system, fields in images.items()},
            mapping_version=1,
        )
    )


def pages(count: int) -> Iterator[range]:
    for first in range(0, count, PAGE):
        yield range(first, min(first + PAGE, count))


async def fill(path: Path, count: int) -> None:
    """Accounts, and ``count`` linked pairs whose items were all deleted in QuickBooks."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        draft = ledger.draft(cycle="first load")
        for number, name in enumerate(ACCOUNTS):
            kind = "Income" if number == 0 else "Cost of Goods Sold"
            account = Account(name=name, account_type=kind, active=True)
            observe(draft, ledger, shown(QBO, account, str(number + 1)))
        for system in (QBO, DEAR):
            for kind_ in Kind:
                draft.cursor(Cursor(system=system, kind=kind_, token="{}", complete=True))
        await ledger.append(draft)
        for page in pages(count):
            draft = ledger.draft(cycle="first load")
            couples = [pair(number, active=False) for number in page]
            for couple in couples:
                for one in couple:
                    observe(draft, ledger, one)
            for qbo, dear in couples:
                link(draft, qbo, dear)
            for number in page:
                agree(draft, number)
            await ledger.append(draft)
    finally:
        await ledger.close()


async def plan(path: Path, folder: Path) -> tuple[Summary, float, float]:
    """The plan, and the seconds of wall and CPU that it took."""
    clock = SystemClock()
    ledger = await Ledger.open(path, now=clock.now, key=KEY)
    try:
        connectors = connectors_of(None, folder)
        policy = policy_of({name: c.capabilities for name, c in connectors.items()})
        company = Company(ledger=ledger, connectors=connectors, policy=policy, clock=clock)
        opened = await jobs.advance(ledger, None, State.FROZEN, Memo(job="catalogue-1"), by="bench")

        async def keep(rows: Sequence[Row] | Sequence[Keeping]) -> Digest:
            return await jobs.keep(ledger, opened.id, rows, "bench")

        with watched() as watch:
            survey = Survey(company, Options(), {}, batches_per_minute=38)
            summary = await survey.run_with(keep)
            memo = msgspec.structs.replace(opened.memo, plan=summary)
            job = await jobs.advance(ledger, opened, State.READ, memo, by="bench")
            await jobs.advance(ledger, job, State.PLANNED, memo, by="bench")
        for connector in connectors.values():
            await connector.close()
        return summary, watch.spent.wall, watch.spent.cpu
    finally:
        await ledger.close()


def measured(path: str, folder: str, out: str) -> None:
    """In a process of its own, so that the peak of memory is the planning's."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gc.freeze()  # as `trueup run` does once everything is loaded
    summary, wall, cpu = asyncio.run(plan(Path(path), Path(folder)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {
        "wall": wall,
        "cpu": cpu,
        "before": before,
        "peak": peak,
        "acts": summary.acts,
        "skipped": summary.skipped,
        "calls": summary.calls,
        "minutes": summary.minutes,
    }
    Path(out).write_text(json.dumps(told), encoding="utf-8")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path, out = Path(name) / "ledger.db", Path(name) / "told.json"
        filler = multiprocessing.get_context("spawn").Process(
            target=_fill, args=(str(path), options.items)
        )
        filler.start()
        filler.join()
        child = multiprocessing.get_context("spawn").Process(
            target=measured, args=(str(path), name, str(out))
        )
        child.start()
        child.join()
        told = json.loads(out.read_text(encoding="utf-8"))
    print(f"plan: {told['acts']} {told['skipped'] or ''}")
    print(f"to send: {told['calls']:,} calls, about {told['minutes']:,} minutes")
    table(
        f"planning the re-export of {options.items:,} items",
        ["what", "value", "target for 100,000"],
        [
            ["CPU", seconds(told["cpu"]), seconds(TARGET_S)],
            ["CPU an item", seconds(told["cpu"] / options.items), seconds(TARGET_S / 100_000)],
            ["wall", seconds(told["wall"]), "-"],
            ["rate", rate(options.items, told["cpu"]), "-"],
            ["peak of memory", f"{told['peak']:.0f} MB", f"{TARGET_MB} MB"],
            ["of it before planning", f"{told['before']:.0f} MB", "-"],
        ],
    )
    share = TARGET_S * options.items / 100_000
    verdict(
        f"planning the re-export of {options.items:,} items, CPU",
        f"< {seconds(share)}, that is {seconds(TARGET_S)} for 100,000",
        seconds(told["cpu"]),
        met=told["cpu"] < share,
    )
    verdict(
        "the same, memory of the process",
        f"< {TARGET_MB} MB",
        f"{told['peak']:.0f} MB",
        met=told["peak"] < TARGET_MB,
    )


def _fill(path: str, count: int) -> None:
    asyncio.run(fill(Path(path), count))


if __name__ == "__main__":
    main()
