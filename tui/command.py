"""``trueup tui``: the command that opens the front end. Found through an entry point.

Loads Textual only when it really opens, so that help and refusals stay light.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Protocol, cast

import click

USAGE = 64
TWINS = "trueup status, trueup plan, trueup desk and the other commands say the same as text"


class Settings(Protocol):
    """What the command line knows of the installation that is meant."""

    no_color: bool

    def socket_path(self) -> Path: ...


@click.command("tui")
@click.argument("address", required=False, default="overview", metavar="[ADDRESS]")
@click.option("--read-only", is_flag=True, help="Look only: no key decides anything.")
@click.option(
    "--at",
    default="",
    metavar="WHEN",
    help="How it stood: a day, an instant (the company's zone), or an entry. Decides nothing.",
)
@click.option("--ascii", "plain", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal's own selection.")
@click.pass_context
def tui(
    context: click.Context,
    address: str,
    *,
    read_only: bool,
    at: str,
    plain: bool,
    no_mouse: bool,
) -> int:
    """Look at drift, queue and conflicts on the whole screen, and decide.

    ADDRESS is the view to open: overview, queue, record/SKU, 'drift?filter=kind:bill'.
    """
    _need_terminal()
    settings = cast(Settings, context.obj)
    socket = settings.socket_path()
    no_color = settings.no_color or bool("NO_COLOR" in os.environ)
    if no_color:
        os.environ["NO_COLOR"] = "1"
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

    gc.disable()  # until the first paint: the application switches it on again
    from tui.address import parse_address
    from tui.ahead import ask_ahead

    start = parse_address(address)
    # The daemon answers while the rest is being loaded.
    ahead = None if at else ask_ahead(socket, start)

    from daemon.clock import SystemClock
    from tui.app import TrueupApp

    app = TrueupApp(
        socket,
        SystemClock(),
        start=start,
        ahead=ahead,
        read_only=read_only,
        plain=plain,
        no_color=no_color,
        at=at.strip(),
    )
    app.run(mouse=not no_mouse)
    return app.return_code or 0


def _need_terminal() -> None:
    if os.environ.get("TERM", "dumb") in {"", "dumb"}:
        raise click.UsageError(f"this terminal (TERM=dumb) cannot draw a screen: {TWINS}")
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise click.UsageError(f"trueup tui needs a terminal, and this is none: {TWINS}")
