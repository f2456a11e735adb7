"""``trueup demo``: the whole path on two sandboxes, with the ordinary commands and real processes.

Only the options and the folder. How a demo runs is in ``demo_stage``, what it tells in
``demo_story``.
"""

import shutil
import sys
from pathlib import Path

import click

CLOCK_SCALE = 40.0
MARK = ".trueup-demo"


def has_terminal() -> bool:
    """Somebody looks, and may press keys."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


@click.command()
@click.option("--seed", type=int, default=7, show_default=True, help="Which world to show.")
@click.option(
    "--size",
    type=click.Choice(["small", "medium"]),
    default="small",
    show_default=True,
    help="How many products and parties it holds.",
)
@click.option(
    "--clock-scale",
    type=click.FloatRange(1, 1000),
    default=CLOCK_SCALE,
    show_default=True,
    help="How many times faster time passes; the vendors' limits are kept on that clock.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-state"),
    show_default=True,
    help="Where the demo keeps its files; emptied at the start.",
)
@click.option(
    "--tui/--no-tui",
    "browse",
    default=None,
    help="End in the terminal front end (default: where there is a terminal).",
)
def demo(seed: int, size: str, clock_scale: float, folder: Path, browse: bool | None) -> int:
    """See the whole path on two simulators: a first plan, edits on both sides, and documents.

    A purchase from its order to two bills, a price corrected after export, invoices, one held for a
    cent, one voided, and the totals of both sides. On a terminal it ends in ``trueup tui``.
    """
    from daemon.cli.demo_stage import Demo
    from daemon.cli.demo_story import leave_open_ends, tell

    folder = folder.absolute()
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder} is not empty and not a demo's", param_hint="--folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    show = Demo(folder, seed, size, clock_scale)
    show.say("trueup demo: two simulators, one daemon, the ordinary commands")
    show.note(
        f"Time passes {clock_scale:g} times faster than outside, so clock times below run ahead;"
    )
    show.note("the limits that QuickBooks and DEAR set on calls are kept on that clock.")
    show.note("Starting the simulators and the daemon, and reading both for the first time ...")
    with show.sandbox(), show.daemon():
        show.wait_for_first_cycle()
        tell(show)
        if browse if browse is not None else has_terminal():
            leave_open_ends(show)
            show.browse()
    show.say("Done.")
    show.note(f"ledger, configuration and logs are kept in {folder}")
    return 0
