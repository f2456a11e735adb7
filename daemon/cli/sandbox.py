"""``trueup sandbox``: both simulators, served until stopped. Prints one JSON line when ready.

With ``demo`` the only importer of the simulators; standard output carries the JSON line alone.
"""

import asyncio
import errno
import json
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

import click

from daemon.cli.exits import Exit
from daemon.cli.out import note
from daemon.clock import SystemClock

SCHEMA: Final = "trueup.sandbox/1"


class _Unavailable(click.ClickException):
    exit_code = Exit.UNAVAILABLE


@dataclass(frozen=True)
class _Options:
    seed: int
    size: Literal["small", "medium", "large", "maker"]
    country: Literal["US", "CA", "GB"]
    qbo_port: int
    dear_port: int
    faults: Path | None
    clock_scale: float
    log_file: Path | None
    folder: Path | None
    history: Literal["none", "month", "year"]
    purchases: int | None
    sales: int | None

    @property
    def days(self) -> int:
        """Over how many days documents lie; 0 = there are none."""
        if self.history == "none" and (self.purchases or self.sales):
            return _DAYS["year"]
        return _DAYS[self.history]

    def count(self, given: int | None, a_year: int) -> int:
        """How many documents: as given, or what such a company has in that time."""
        if given is not None:
            return given
        if self.history == "none":
            return 0
        return max(1, a_year * self.days * _SHARE[self.size] // (_DAYS["year"] * 100))


_DAYS: Final = {"none": 0, "month": 30, "year": 365}
_SHARE: Final = {"small": 1, "medium": 5, "large": 100, "maker": 100}
"""Percent of the trade of a mid-size manufacturer."""
_PURCHASES, _SALES = 21_400, 41_400
"""Of a mid-size manufacturer in a year: 20 thousand authorised orders, 30 thousand bills, 40
thousand invoices."""


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Which world to serve.")
@click.option(
    "--size",
    type=click.Choice(["small", "medium", "large", "maker"]),
    default="medium",
    show_default=True,
    help="How many products and parties it holds.",
)
@click.option(
    "--country",
    type=click.Choice(["US", "CA", "GB"]),
    default="US",
    show_default=True,
    help="Where the company is: its currency and its taxes.",
)
@click.option(
    "--history",
    type=click.Choice(["none", "month", "year"]),
    default="none",
    show_default=True,
    help="Purchases and sales that DEAR holds already, up to today.",
)
@click.option("--purchases", type=click.IntRange(0, 100_000), help="So many, whatever the size.")
@click.option("--sales", type=click.IntRange(0, 100_000), help="So many, whatever the size.")
@click.option("--qbo-port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--dear-port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option(
    "--faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file with a list of faults to play.",
)
@click.option(
    "--clock-scale",
    type=click.FloatRange(min=0.01, max=10_000),
    default=1.0,
    show_default=True,
    help="How many times faster the simulators' time passes.",
)
@click.option(
    "--log",
    "log_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append every request to this file, as JSON lines.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Put a configuration for it there, with its secrets: then `trueup run` rehearses.",
)
def sandbox(**options: Any) -> None:
    """Serve simulators of QuickBooks Online and DEAR until interrupted.

    Prints one line of JSON with their addresses and credentials once they are ready. They listen
    on this machine only and forget everything when they stop.
    """
    asyncio.run(_serve(_Options(**options)))


async def _serve(options: _Options) -> None:
    from daemon.sandbox.dear.app import DearTwin
    from daemon.sandbox.faults import FaultScript
    from daemon.sandbox.qbo.app import QboTwin
    from daemon.sandbox.requestlog import RequestLog
    from daemon.sandbox.world import make_trading_world, make_world

    config = _place(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        script = FaultScript.load(options.faults) if options.faults else FaultScript()
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from error
    clock = SystemClock(options.clock_scale)
    log = _open_log(RequestLog, clock, options.log_file)
    try:
        trades = options.days > 0
        if trades and options.country != "US":
            reason = "documents are played for a company in the US alone"
            raise click.BadParameter(reason, param_hint="--country")
        if trades:
            world = make_trading_world(options.seed, options.size)
        else:
            world = make_world(options.seed, options.size, country=options.country)
        qbo = QboTwin(world, clock=clock, faults=script, log=log)
        dear = DearTwin(world, clock=clock, faults=script, log=log)
        played = _play(dear, options) if trades else None
        async with AsyncExitStack() as stack:
            qbo_url = await _start(stack, qbo.app, options.qbo_port, "--qbo-port")
            dear_url = await _start(stack, dear.app, options.dear_port, "--dear-port")
            ready = {
                "schema": SCHEMA,
                "pid": os.getpid(),
                "seed": world.seed,
                "size": world.size,
                "clock_scale": options.clock_scale,
                "company": world.company.name,
                "documents": _counted(options, played),
                "config": None if config is None else str(config),
                "qbo": {**qbo.addresses(qbo_url), **qbo.credentials},
                "dear": {
                    "base_url": dear_url + dear.path.rstrip("/"),
                    "control_url": dear_url,
                    **dear.credentials,
                },
            }
            if config is not None:
                _write(config, ready)
            click.echo(json.dumps(ready))
            await stop.wait()
    finally:
        log.close()


def _place(options: _Options) -> Path | None:
    """Where the configuration will lie. A sandbox is a new company: it never follows another."""
    if options.folder is None:
        return None
    if options.country != "US":
        reason = "the configuration that is written fits a company in the US alone"
        raise click.BadParameter(reason, param_hint="--folder")
    folder = options.folder.absolute()
    if folder.exists() and any(folder.iterdir()):
        reason = f"{folder} is not empty, and every sandbox is a new company: name another"
        raise click.BadParameter(reason, param_hint="--folder")
    return folder / "trueup.yaml"


def _write(config: Path, ready: dict[str, Any]) -> None:
    from daemon.cli.rehearsal import first_day, write_config

    config.parent.mkdir(parents=True, exist_ok=True)
    since = ready["documents"]["since"] or first_day()
    write_config(config, ready, instance="rehearsal", since=since, poll="20s")
    scale = ready["clock_scale"]
    pace = "" if scale == 1 else f" --clock-scale {scale:g}"
    note(f"next, beside it: trueup run --config {config}{pace}")


def _play(dear: Any, options: _Options) -> Any:
    """The documents of the days up to today, in DEAR alone."""
    from daemon.sandbox.dear.history import play

    return play(
        dear.state,
        options.seed,
        purchases=options.count(options.purchases, _PURCHASES),
        sales=options.count(options.sales, _SALES),
        start=dear.state.now().date() - timedelta(days=options.days - 1),
        days=options.days,
        switches=dear.switches,
    )


def _counted(options: _Options, played: Any) -> dict[str, Any]:
    """What was played, and the ``since`` with which all of it would flow."""
    if played is None:
        return {"purchases": 0, "sales": 0, "since": None}
    return {
        "purchases": len(played.purchases),
        "sales": len(played.sales),
        "since": played.start.isoformat(),
    }


def _open_log(log_type: Any, clock: SystemClock, path: Path | None) -> Any:
    try:
        return log_type(clock, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.BadParameter(f"cannot write {path}: {reason}", param_hint="--log") from error


async def _start(stack: AsyncExitStack, app: Any, port: int, option: str) -> str:
    from daemon.sandbox.server import serve

    try:
        return await stack.enter_async_context(serve(app, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        message = f"port {port} is already in use; choose another with {option}, or 0 for any"
        raise _Unavailable(message) from error
