"""A key in the front end beside a re-export of the whole catalogue, against the same beside none.

Real processes: both simulators in one, the daemon in another, ``trueup tui`` in a pseudo terminal.
The company is brought into agreement, every product is deleted in QuickBooks as a person would on
its screen, and the job that exports them anew is planned and approved. ``j`` and ``k`` are then
pressed in turn, one every tenth of a second, before the job runs and while it does; a key is
painted when the cursor of the list stands on its other line. ``--scale``: how many times faster
than Intuit allows the job goes, which is how much more often the view changes.

    python -m bench.tui_reexport --size large --presses 100
"""

import asyncio
import tempfile
import time
from pathlib import Path

from bench.figures import arguments, as_installed, ratio, table
from bench.tui import SIZE
from daemon.cli.demo_stage import Demo
from daemon.control.client import ControlClient
from daemon.control.protocol_catalogue import (
    CatalogueApproveRequest,
    CatalogueOptions,
    CataloguePlanRequest,
    CatalogueSettleAllRequest,
)
from daemon.control.protocol_valves import PauseRequest
from tests.tui.terminal import Terminal, terminal

GAP_S = 0.1
VIEWS = ("ledger", "drift")
MOST_CYCLES = 20


async def agree(daemon: ControlClient) -> None:
    """The first load of QuickBooks, until nothing is left to send. Nothing is written to DEAR: it
    takes records one by one, three calls each and a call a second, which is an hour of its time for
    a large company, and the job does not need it."""
    await daemon.pause(PauseRequest(system="dear", reason="the job writes to QuickBooks alone"))
    for _ in range(MOST_CYCLES):
        now = await daemon.status(counts=False)
        waiting = now.operations.get("waiting", 0) - now.waiting.get("skipped", 0)
        await daemon.approve(everything=True, expect_count=waiting)
        report = (await daemon.cycle()).report
        if not report.sent:
            return
    raise SystemExit("the first load did not end")


def delete_all(demo: Demo) -> int:
    """As a person on QuickBooks' own screen."""
    items = [item for item in demo.dump("qbo", "item") if item.get("Sku") and item.get("Active")]
    for item in items:
        demo.edit("qbo", {"kind": "item", "id": item["Id"], "delete": True})
    return len(items)


async def planned(daemon: ControlClient) -> int:
    """Plan and approve the job; how many items it will write."""
    ask = CataloguePlanRequest(options=CatalogueOptions(clashes="rename"))
    job = (await daemon.catalogue_plan(ask)).job
    assert job is not None, "a job is open"
    # What only QuickBooks has stays there; of many, a plan names and an answer takes a part.
    while job.plan is not None and job.plan.unknown:
        await daemon.catalogue_settle_all(
            CatalogueSettleAllRequest(what="keep", expect_count=job.plan.unknown)
        )
        job = (await daemon.catalogue_plan(ask)).job
        assert job is not None, "the job is still open"
    assert job.plan is not None, f"it is {job.state}: {job.note}"
    company = (await daemon.status(counts=False)).company
    request = CatalogueApproveRequest(company=company, plan=job.plan.id)
    await daemon.catalogue_approve(request)
    return sum(job.plan.acts.values())


def cursor(front: Terminal) -> int:
    """The line of the screen that the list's cursor stands on; -1: none is there."""
    for number, line in enumerate(front.screen.lines()):
        if line.startswith("> "):
            return number
    return -1


async def painted(front: Terminal, key: str) -> float:
    before = cursor(front)
    begun = time.perf_counter()
    front.type(key)
    await front.until(lambda: cursor(front) not in (-1, before), f"{key} moves the cursor")
    return time.perf_counter() - begun


async def pressed(front: Terminal, presses: int) -> list[float]:
    """Seconds from each key to its paint, least first."""
    taken = []
    for number in range(presses):
        taken.append(await painted(front, "jk"[number % 2]))
        await asyncio.sleep(max(0.0, GAP_S - taken[-1]))
    return sorted(taken)


def figures(name: str, taken: list[float], none: list[float]) -> list[str]:
    middle, late = len(taken) // 2, int(len(taken) * 0.95)
    return [
        name,
        *(f"{taken[place] * 1000:.0f} ms" for place in (middle, late, -1)),
        ratio(taken[middle], none[middle]),
        ratio(taken[late], none[late]),
    ]


async def beside(demo: Demo, socket: Path, presses: int, views: list[str]) -> None:
    async with ControlClient(socket) as daemon:
        await agree(daemon)
        count = delete_all(demo)
        await daemon.cycle()
        acts = await planned(daemon)
        before: dict[str, list[float]] = {}
        rows = []
        for view in views:
            async with terminal(socket, view, size=SIZE) as front:
                await front.until(lambda f=front: cursor(f) >= 0, "a list")  # type: ignore[misc]
                before[view] = await pressed(front, presses)
                rows.append(figures(f"{view}, no re-export", before[view], before[view]))
        await daemon.catalogue_act("run")
        first = (await daemon.status(counts=False)).head
        for view in views:
            async with terminal(socket, view, size=SIZE) as front:
                await front.until(lambda f=front: cursor(f) >= 0, "a list")  # type: ignore[misc]
                taken = await pressed(front, presses)
                job = (await daemon.catalogue()).job
                assert job is not None, "the job is there"
                told = f"{view}, beside it ({job.state})"
                rows.append(figures(told, taken, before[view]))
        head = (await daemon.status(counts=False)).head
        health = await daemon.health()
    heads = ["list", "median", "95 of 100", "slowest", "ratio", "ratio of 95"]
    title = f"a key to its paint, {presses} presses, {count:,} items deleted, {acts:,} acts"
    table(title, heads, rows)
    stall = f"the longest stall of the daemon's loop {health.loop_lag_ms:.0f} ms"
    print(f"entries appended meanwhile: {head - first:,}; {stall}")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--size", choices=("small", "medium", "large"), default="large")
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--scale", type=float, default=10.0)
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=["ledger"])
    options = parser.parse_args()
    as_installed()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        demo = Demo(Path(name), 11, options.size, options.scale)
        with demo.sandbox(), demo.daemon():
            demo.wait_for_first_cycle()
            socket = Path(name) / "state" / "control.sock"
            asyncio.run(beside(demo, socket, options.presses, options.views))


if __name__ == "__main__":
    main()
