"""``trueup apply`` and ``trueup send``: have the daemon run a cycle now, and tell what it did."""

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer, note, say, wants_colour
from daemon.cli.plan import holds_lines
from daemon.cli.settings import ask, json_option, shared_options
from daemon.control.text import clean, plural
from daemon.clock import SystemClock

if TYPE_CHECKING:
    from daemon.control.client import ControlClient
    from daemon.control.protocol import CycleAnswer, CycleShown

LOOK_EVERY_S = 0.5
MOST_SHOWN = 50
GOES_ON = "the daemon finishes this cycle by itself: trueup status shows how far it is"

Wanted = Callable[["ControlClient"], Awaitable["CycleAnswer"]]


@click.command("apply")
@json_option
@shared_options
def apply_now(*, as_json: bool) -> int:
    """Run a cycle now: look at both systems, plan, send what is approved or needs no approval."""
    return _run(lambda daemon: daemon.cycle("apply"), as_json)


@click.command()
@click.argument("kind")
@click.argument("ref")
@json_option
@shared_options
def send(*, kind: str, ref: str, as_json: bool) -> int:
    """Send one record through the same gate as ever, a manual flow included.

    KIND is a kind of record (vendor, purchase_order ...); REF a record id, system/id or
    system/kind/id, or the SKU, code, name or number of exactly one record.
    """
    return _run(lambda daemon: daemon.send(kind, ref), as_json, sent=ref)


def _run(wanted: Wanted, as_json: bool, *, sent: str = "") -> int:
    shown = ask(lambda daemon: _with_progress(daemon, wanted))
    if as_json:
        answer(shown)
        return cycle_exit(shown.report)
    for line in cycle_lines(shown.report):
        say(line)
    if sent and not shown.report.sent:
        note(f"nothing was sent; trueup plan {shlex.quote(sent)} shows why, if anything is open")
    if shown.report.rejected:
        _say_refused()
    return cycle_exit(shown.report)


def _say_refused() -> None:
    """What stands refused now: refusals that the daemon settled by itself are gone again."""
    refused = ask(lambda daemon: daemon.plan(limit=MOST_SHOWN, code="rejected"))
    for line in holds_lines(refused.holds):
        say(line)
    if refused.more:
        note("there are more: trueup plan shows them all")


def cycle_exit(report: "CycleShown") -> Exit:
    """How a command that ran this cycle ends."""
    if report.rejected or report.unknown:
        return Exit.PARTLY
    return Exit.DONE if report.complete else Exit.UNAVAILABLE


def cycle_lines(report: "CycleShown") -> Iterator[str]:
    """What one cycle did."""
    for seen in report.seen:
        changed = f"{seen.observed:,} new or changed"
        extra = f", {seen.tombstoned:,} gone" if seen.tombstoned else ""
        bad = f", {seen.unreadable:,} unreadable" if seen.unreadable else ""
        yield f"{seen.system}: {changed}{extra}{bad}"
    news = (
        (report.linked, "found on both sides"),
        (report.agreed, "in agreement now"),
        (report.planned, "newly planned"),
    )
    told = [f"{count:,} {what}" for count, what in news if count]
    if told:
        yield f"records: {', '.join(told)}"
    yield _sent(report)
    if report.waiting:
        halted = f", {report.halted:,} of them stopped by a limit" if report.halted else ""
        yield f"{plural(report.waiting, 'change')} waiting for approval{halted}: trueup plan"
    if report.held:
        yield f"{plural(report.held, 'record')} newly held: trueup plan"
    for problem in report.problems:
        yield clean(problem.message)
        if problem.cure:
            yield f"  -> {clean(problem.cure)}"
    if not report.complete:
        rest = "what is left waits" if report.sent else "nothing was written"
        yield f"not complete: a system was not heard to the end, so {rest}"


def _sent(report: "CycleShown") -> str:
    if not report.sent:
        return "nothing was sent"
    ends = (
        (report.confirmed, "confirmed"),
        (report.rejected, "refused"),
        (report.unknown, "without an answer"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in ends if count)
    return f"{plural(report.sent, 'change')} sent: {told}"


async def _with_progress(daemon: "ControlClient", wanted: Wanted) -> "CycleAnswer":
    """Wait for the cycle; on a terminal, with a bar of the work that is left."""
    if not wants_colour(sys.stderr):
        return await wanted(daemon)
    task = asyncio.ensure_future(wanted(daemon))
    try:
        await _draw(daemon, task)
        return await task
    except asyncio.CancelledError:
        note(GOES_ON)
        raise
    finally:
        task.cancel()


async def _draw(daemon: "ControlClient", task: "asyncio.Future[CycleAnswer]") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    clock = SystemClock()
    with bar:
        line = bar.add_task("looking", total=None)
        most = 0
        while not task.done():
            left, what = await _left(daemon)
            most = max(most, left)
            bar.update(line, total=most or None, completed=most - left, description=what)
            nap = asyncio.ensure_future(clock.sleep(LOOK_EVERY_S))
            both: set[asyncio.Future[Any]] = {task, nap}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            nap.cancel()


async def _left(daemon: "ControlClient") -> tuple[int, str]:
    shown = await daemon.status(counts=False)
    moving = sum(shown.operations.get(state, 0) for state in ("approved", "intended"))
    if moving:
        return moving, f"sending: {plural(moving, 'change')} left"
    if shown.dirty:
        return shown.dirty, f"planning: {plural(shown.dirty, 'record')} left"
    return 0, "looking at both systems"
