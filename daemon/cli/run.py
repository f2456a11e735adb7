"""``trueup run``: the daemon itself, or one cycle of it."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from daemon.cli.exits import Exit
from daemon.cli.loading import all_at_once
from daemon.cli.out import answer_values, say
from daemon.cli.settings import json_option, settings, shared_options

if TYPE_CHECKING:
    from daemon.cycle.report import CycleReport


@click.command()
@click.option("--once", is_flag=True, help="Run one cycle and exit.")
@click.option(
    "--clock-scale",
    type=click.FloatRange(0.001, 10_000),
    default=1.0,
    hidden=True,
    help="Let time pass so many times faster (demonstrations only).",
)
@click.option(
    "--clock-start",
    default="",
    hidden=True,
    help="Instant at which that clock and the real one are the same (default: now).",
)
@click.option("--instance", default="", help="Refuse the configuration of any other instance.")
@json_option
@shared_options
def run(*, once: bool, clock_scale: float, clock_start: str, instance: str, as_json: bool) -> int:
    """Run the daemon until it is stopped with SIGTERM or ctrl-C.

    It only observes until the first plan is approved (trueup plan, trueup approve).
    """
    with all_at_once():
        from daemon.app import run as run_app
        from daemon.clock import SystemClock

    path = settings().config_path()
    start = datetime.fromisoformat(clock_start) if clock_start else None
    clock = SystemClock(clock_scale, start)
    report = asyncio.run(run_app(path, once=once, clock=clock, instance=instance))
    if report is None:
        return Exit.DONE
    return _told(report, as_json)


def _told(report: "CycleReport", as_json: bool) -> int:
    from daemon.cli.apply import cycle_exit, cycle_lines
    from daemon.control.shapes import shown_cycle

    shown = shown_cycle(report)
    if as_json:
        answer_values("trueup.cycle/1", as_of=report.ended_at, report=msgspec.to_builtins(shown))
    else:
        for line in cycle_lines(shown):
            say(line)
    return cycle_exit(shown)
