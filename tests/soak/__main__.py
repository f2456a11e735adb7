"""``make soak``: ``python -m tests.soak --kills 200 --minutes 25 --seed 1``.

Tells what happens line by line. When something is wrong it says what, and keeps the state.
"""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tests.soak.story import Outcome, Plan, Soak, soak
from tests.soak.vitals import growth


@click.command()
@click.option("--kills", type=click.IntRange(1), default=200, show_default=True)
@click.option("--minutes", type=click.FloatRange(0.1), default=25.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--scale",
    type=click.FloatRange(2, 200),
    default=60.0,
    show_default=True,
    help="How much faster time passes, for the daemon and the simulators alike.",
)
@click.option("--rest-every", type=click.IntRange(1), default=40, show_default=True)
@click.option(
    "--calm",
    type=click.FloatRange(0),
    default=0.0,
    help="Minutes of each life that nobody kills: what it holds is looked at [default: a share].",
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=None)
def main(folder: Path | None, seed: int, **asked: Any) -> None:
    """Kill a real daemon again and again, and look what became of the books."""
    place = folder or Path(tempfile.mkdtemp(prefix="trueup-soak-"))
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan = Plan(seed=seed, **asked)
    started = time.perf_counter()
    with (place / "story.log").open("w", encoding="utf-8") as log:

        def say(line: str) -> None:
            click.echo(line)
            log.write(line + "\n")
            log.flush()

        try:
            run, outcome = asyncio.run(soak(plan, place, say))
        except BaseException:
            click.echo(f"ended in the middle, seed {seed}; what there is lies in {place}", err=True)
            raise
        told(run, outcome, time.perf_counter() - started, say)
    if outcome.problems:
        click.echo(f"WRONG with seed {seed}; ledger, logs and story are kept in {place}", err=True)
        raise SystemExit(1)
    if folder is None:
        shutil.rmtree(place)


def told(run: Soak, outcome: Outcome, spent: float, say: Callable[[str], None]) -> None:
    """The figures, for people."""
    traffic = run.traffic
    scaled = spent * run.plan.scale / 3600
    say("")
    say(f"{sum(outcome.kills.values())} kills in {spent / 60:.1f} min ({scaled:.1f} h scaled)")
    say(f"  killed: {_in_order(outcome.kills)}; ended when asked to: {len(outcome.calm)}")
    say(f"  done meanwhile: {_in_order(outcome.done)}")
    say(
        f"  {traffic.requests} requests, {traffic.unanswered} without an answer, "
        f"{traffic.throttled} throttled, {traffic.renewals} logins renewed"
    )
    say(f"  {outcome.events} changes of lists; in the ledger: {_in_order(outcome.entries)}")
    ready = sorted(life.ready_s for life in run.daemon.lives if life.ready_s is not None)
    if ready:
        say(f"  ready after {ready[len(ready) // 2]:.1f} s (median), {ready[-1]:.1f} s at most")
    peak = max((v.rss for life in run.daemon.lives for v in life.vitals), default=0)
    say(f"  most memory of any life: {peak / 2**20:.1f} MiB")
    for life in outcome.calm:
        grown = growth(life)
        say(f"  {grown}" if grown is not None else f"  life {life.number}: too short to say")
    say(f"  {len(outcome.problems)} problems")


def _in_order(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counted.most_common())


if __name__ == "__main__":
    main()
