"""The reconciliation of a whole year: seconds, memory, and how long the daemon's loop stands still.

Fills a ledger with documents that both systems show (a few in a hundred held, pending or different,
over 5 thousand vendors), serves it as the daemon does, and asks over the socket for the year and
for one month, in each format, from a process of its own, as the command line does.

    python -m bench.report --documents 100000
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.figures import arguments, seconds, table
from daemon.config.load import load
from daemon.config.policy import make_policy
from daemon.control.desk import Desk, Facts
from daemon.control.keeping import Keeper
from daemon.control.server import ControlServer
from daemon.cycle.company import Company
from daemon.cycle.schedule import Scheduler
from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import Held, Linked, Observed
from ledger.model.facts import Hold, HoldCode, Observation
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName, record_id
from ledger.model.records import Bill, Invoice, PurchaseOrder, Record, Vendor
from ledger.model.values import Line, Lines, Reference
from ledger.store.ledger import Ledger
from ledger.store.payloads import pack
from tests.daemon.control.conftest import CONFIG, KEY, SettableClock, make_connectors

QBO, DEAR = SystemName("qbo"), SystemName("dear")
KINDS = (PurchaseOrder, Bill, Bill, Invoice, Invoice)
START = date(2026, 1, 1)
GROUP = 500
TICK_S = 0.005
LINES = 3
REPORTS = (("2026", "csv"), ("2026", "html"), ("2026-10", "html"), ("2026", "json"))
MEASURED = """
import sys
from bench.report import peak
from daemon.cli import main
try:
    main(sys.argv[1:])
finally:
    print(peak())
"""
"""The command line, followed by the most memory that it took."""


async def fill(ledger: Ledger, documents: int, parties: int) -> None:
    """Both sides of everything, linked; every 50th differs and is held, every 70th is one-sided."""
    draft = ledger.draft()
    for number in range(parties):
        for system in (QBO, DEAR):
            await _show(ledger, draft, system, str(number), Vendor(name=f"Vendor {number}"))
        _link(draft, Kind.VENDOR, str(number))
        if number % GROUP == GROUP - 1:
            await ledger.append(draft)
            draft = ledger.draft()
    for number in range(documents):
        make = KINDS[number % len(KINDS)]
        reference = f"{parties + number}"
        for system in (DEAR,) if number % 70 == 0 else (QBO, DEAR):
            total = Decimal(number % 9000) + (Decimal("0.50") if system == QBO else 0) * (
                number % 50 == 0
            )
            shown = _document(make, system, number, total, parties)
            await _show(ledger, draft, system, reference, shown)
        if number % 70:
            _link(draft, make.KIND, reference)
        if number % 50 == 0 or number % 70 == 0:
            _hold(draft, make.KIND, reference, one_sided=number % 70 == 0)
        if number % GROUP == GROUP - 1:
            await ledger.append(draft)
            draft = ledger.draft()
    await ledger.append(draft)


def _document(
    make: Any, system: SystemName, number: int, total: Decimal, parties: int
) -> "PurchaseOrder | Bill | Invoice":
    party = "customer" if make is Invoice else "vendor"
    pointer = Reference(kind=Kind.VENDOR, id=str(number % parties))
    amount = (total / LINES).quantize(Decimal("0.01"))
    lines = tuple(
        Line(id=str(n), description=f"Part {n} of {number}", quantity=Decimal(1), amount=amount)
        for n in range(LINES)
    )
    made: PurchaseOrder | Bill | Invoice = make(
        number=f"D-{number}",
        date=(START + timedelta(days=number % 365)).isoformat(),
        currency="USD",
        lines=Lines(lines),
        tax_total=Decimal(0),
        total=total,
        status="open",
        **{party: pointer},
    )
    return made


async def _show(
    ledger: Ledger, draft: Any, system: SystemName, ref_id: str, record: Record
) -> None:
    ref = ExternalRef(system, record.KIND, ref_id)
    body = draft.body(pack(Observation(ref=ref, version="1", record=record)))
    comparable = ledger.digest(comparable_bytes(record))
    draft.add(Observed(ref=ref, version="1", comparable=comparable, payload=body, via="sweep"))


def _link(draft: Any, kind: Kind, ref_id: str) -> None:
    record = record_id(ExternalRef(QBO, kind, ref_id))
    dear = ExternalRef(DEAR, kind, ref_id)
    draft.add(Linked(record=record, ref=dear, how="key", evidence="bench"))


def _hold(draft: Any, kind: Kind, ref_id: str, *, one_sided: bool) -> None:
    record: RecordId = record_id(ExternalRef(DEAR if one_sided else QBO, kind, ref_id))
    code = HoldCode.MISSING_REFERENCE if one_sided else HoldCode.DISCREPANT
    hold = Hold(record=record, code=code, text="a reason to wait", cure="wait", field="total")
    draft.add(
        Held(subject=f"{code.value}:total", record=record, code=code, payload=_body(draft, hold))
    )


def _body(draft: Any, hold: Hold) -> Any:
    return draft.body(encode(hold))


@asynccontextmanager
async def served(folder: Path, documents: int, parties: int) -> AsyncIterator[Path]:
    """A daemon's socket over a ledger of so many documents."""
    (folder / "config.yaml").write_text(
        CONFIG.replace("bill: {since", "invoice: {since: 2026-01-01}\n  bill: {since")
    )
    config = load(folder / "config.yaml").config
    clock = SettableClock()
    clock.at = datetime(2027, 1, 5, tzinfo=UTC)
    ledger = await Ledger.open(folder / "ledger.db", now=clock.now, key=KEY)
    connectors = make_connectors(config, clock)
    company = Company(ledger=ledger, connectors=connectors, policy=make_policy(config), clock=clock)
    keeper = Keeper(ledger=ledger, key=KEY, clock=clock, backups=None, keep=2)
    facts = Facts(
        instance="bench",
        company="Bench",
        version="0",
        approvals_expire_after=timedelta(hours=24),
    )
    desk = Desk(keeper=keeper, scheduler=Scheduler(company, poll_s=60), clock=clock, facts=facts)
    server = ControlServer(desk, folder / "control.sock")
    try:
        await fill(ledger, documents, parties)
        await server.start()
        yield folder / "control.sock"
    finally:
        await server.close()
        for connector in connectors.values():
            await connector.close()
        await ledger.close()


def peak() -> int:
    """Most memory of this process since its start or the last ``forget_peak``, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def forget_peak() -> int:
    """Begin to measure anew; what is taken now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


class Stalls:
    """How long the loop does not come round, in seconds.

    ``own`` is the part in which this process was computing: on a busy machine the rest is the wait
    for a processor, which no program can mend.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self.own = 0.0
        self.over = 0

    async def watch(self) -> None:
        while True:
            before, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK_S)
            late = time.perf_counter() - before - TICK_S
            own = min(late, time.process_time() - cpu)
            self.worst, self.own = max(self.worst, late), max(self.own, own)
            self.over += own > 0.05

    @property
    def shown(self) -> list[str]:
        return [f"{self.worst * 1000:.0f} ms", f"{self.own * 1000:.0f} ms", str(self.over)]


async def ask(folder: Path, period: str, form: str) -> list[str]:
    """One report from a process of its own, as an operator makes it."""
    out = folder / f"{period}.{form}"
    stalls = Stalls()
    taken = forget_peak()
    watching = asyncio.create_task(stalls.watch(), name="watch")
    before = time.perf_counter()
    cpu = time.process_time()
    arguments_ = ("report", "reconciliation", "--period", period, "--format", form)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        MEASURED,
        *arguments_,
        "--out",
        str(out),
        "--force",
        "--config",
        str(folder / "config.yaml"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ},
    )
    told, words = await process.communicate()
    wall = time.perf_counter() - before
    watching.cancel()
    if process.returncode:
        raise SystemExit(words.decode())
    return [
        f"{period} as {form}",
        seconds(wall),
        seconds(time.process_time() - cpu),
        *stalls.shown,
        f"+{peak() - taken:,} MB",
        f"{told.decode().split()[-1]} MB",
        f"{out.stat().st_size / 1e6:,.1f} MB",
    ]


async def idle() -> list[str]:
    """The same watch while nothing is asked: what the machine itself makes the loop wait."""
    stalls = Stalls()
    watching = asyncio.create_task(stalls.watch(), name="watch")
    await asyncio.sleep(5)
    watching.cancel()
    return ["(nothing, 5 s)", "-", "-", *stalls.shown, "-", "-", "-"]


async def run(options: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        before = time.perf_counter()
        async with served(folder, options.documents, options.parties):
            print(f"filled in {seconds(time.perf_counter() - before)}", file=sys.stderr)
            filled = forget_peak()
            rows = [await idle()]
            for period, form in REPORTS:
                rows.append(await ask(folder, period, form))
                print("  ".join(rows[-1]), file=sys.stderr)
    table(
        f"{options.documents:,} documents; {filled:,} MB in the daemon before the first report",
        [
            "report",
            "wall",
            "daemon CPU",
            "worst stall",
            "own",
            "own > 50 ms",
            "daemon",
            "command",
            "file",
        ],
        rows,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--parties", type=int, default=2_000)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
