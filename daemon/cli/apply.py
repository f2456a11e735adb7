"""``trueup apply`` and ``trueup send``: have the daemon run a cycle now, and tell what it did."""

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from daemon.cli.completing import kinds, records
from daemon.cli.decide import seen_option
from daemon.cli.exits import Exit
from daemon.cli.lists import MAX_PAGE
from daemon.cli.out import answer, answer_values, note, say, wants_colour
from daemon.cli.plan import holds_lines, operation_lines
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.words import noun
from daemon.clock import SystemClock
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.cli.planfile import Moved
    from daemon.control.client import ControlClient
    from daemon.control.protocol import CycleAnswer, CycleShown

LOOK_EVERY_S = 0.5
MOST_SHOWN = 50
LONGEST_REASON = 180
MANUAL = "manual_flow"
"""Why a change waits that only ``send`` lets go."""
GOES_ON = "the daemon finishes this cycle by itself: trueup status shows how far it is"

Wanted = Callable[["ControlClient"], Awaitable["CycleAnswer"]]


@click.command("apply")
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False
)
@click.option("--reason", default="", help="Kept with the approval, and with the cycle.")
@click.option("--wait", is_flag=True, help="With FILE: wait for the cycle and tell what it did.")
@click.option("--dry-run", is_flag=True, help="Only say what would be approved and sent.")
@json_option
@shared_options
def apply_now(*, file: Path | None, reason: str, wait: bool, dry_run: bool, as_json: bool) -> int:
    """Run a cycle now: look at both systems, plan, send what is approved or needs no approval.

    With FILE (made by trueup plan -o FILE) approve exactly the changes in it and send them. If
    one of them is no longer what waits, nothing is approved, and the exit code is 6.
    """
    if file is not None:
        return _apply_file(file, reason, wait=wait, dry_run=dry_run, as_json=as_json)
    if dry_run:
        return _would_send(as_json)
    asked = f"apply: {reason}"[:LONGEST_REASON] if reason else "apply"
    return _run(lambda daemon: daemon.cycle(asked), as_json)


def _apply_file(file: Path, reason: str, *, wait: bool, dry_run: bool, as_json: bool) -> int:
    from daemon.cli import planfile

    plan = planfile.read(file)
    digests = [entry.digest for entry in plan.operations]
    stale = ask(lambda daemon: planfile.moved(daemon, plan))
    if stale:
        _tell_stale(stale, len(digests), as_json)
        return Exit.STALE
    if not digests:
        note("nothing in this plan waits for approval")
    else:
        shown = ask(lambda daemon: daemon.approve(digests, note=reason, dry_run=dry_run))
        done = "would be approved" if dry_run else "approved"
        if as_json and (dry_run or not wait):
            answer(shown)
        else:
            tell = note if as_json else say
            tell(f"{plural(shown.approved, 'change')} {done} by {shown.by}")
            if shown.seq:
                tell(f"ledger entry {shown.seq}")
    if dry_run:
        return Exit.DONE
    if not wait and digests:
        note("the daemon sends them now; trueup queue shows how far it is (--wait waits for it)")
        return Exit.DONE
    return _run(lambda daemon: daemon.cycle(f"apply {file.name}"[:LONGEST_REASON]), as_json)


def _tell_stale(stale: "list[Moved]", of: int, as_json: bool) -> None:
    from daemon.cli.planfile import moved_lines

    if as_json:
        answer_values(
            "trueup.plan-stale/1",
            as_of=SystemClock().now().isoformat(),
            approved=0,
            stale=[
                {
                    "digest": one.entry.digest,
                    "record": one.entry.record,
                    "label": one.entry.label,
                    "now": one.now,
                }
                for one in stale
            ],
        )
    else:
        for line in moved_lines(stale, of):
            say(line)
    note("nothing was approved")
    note("next: trueup plan, then make the file anew with trueup plan -o FILE")


def _would_send(as_json: bool, *, record: str = "", kind: str = "") -> int:
    """A cycle's writes as they are decided now, without a cycle: it only asks for the plan."""
    shown = ask(lambda daemon: daemon.plan(limit=MAX_PAGE, record=record))
    _check_kind(
        kind,
        record,
        {
            *(one.kind for one in shown.operations),
            *(one.kind for one in shown.holds),
        },
    )
    passing = [
        one
        for one in shown.operations
        if one.state in ("approved", "planned") or (record and one.reason == MANUAL)
    ]
    held = [hold for hold in shown.holds if record]
    if as_json:
        answer_values(
            "trueup.dry-run/1",
            as_of=shown.as_of.isoformat(),
            head=shown.head,
            dry_run=True,
            operations=[msgspec.to_builtins(one) for one in passing],
            holds=[msgspec.to_builtins(hold) for hold in held],
            more=shown.more,
        )
        return Exit.DONE
    say(f"{plural(len(passing), 'change')} would be sent, as far as it is planned")
    for one in passing:
        for line in operation_lines(one, whole=bool(record)):
            say(line)
    for line in holds_lines(held):
        say(line)
    waiting = len(shown.operations) - len(passing)
    if waiting:
        note(f"{plural(waiting, 'change')} would go on waiting: trueup plan")
    note("a cycle first reads both systems, and may plan more")
    return Exit.DONE


def _check_kind(kind: str, record: str, found: set[str]) -> None:
    from daemon.control.protocol import Code, Declined

    if kind and found and kind.replace("-", "_") not in found:
        raise Declined(
            Code.NOT_FOUND,
            f"{record} is no {noun(kind)}",
            cure=f"it is: {', '.join(sorted(map(noun, found)))}",
        )


@click.command()
@click.argument("kind", shell_complete=kinds)
@click.argument("ref", shell_complete=records)
@click.option("--reason", default="", help="Told with the cycle that sends it.")
@seen_option
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@json_option
@shared_options
def send(*, kind: str, ref: str, reason: str, seen: int, dry_run: bool, as_json: bool) -> int:
    """Send one record through the same gate as ever, a manual flow included.

    KIND is a kind of record (vendor, purchase_order ...); REF a record id, system/id or
    system/kind/id, or the SKU, code, name or number of exactly one record.
    """
    if dry_run:
        return _would_send(as_json, record=ref, kind=kind)
    return _run(lambda daemon: daemon.send(kind, ref, reason, seen), as_json, sent=ref)


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
        yield f"{plural(report.waiting, 'change')} waiting{halted}: trueup plan says for what"
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
