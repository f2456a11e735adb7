"""``trueup version``: which program this is."""

import platform
from importlib.metadata import version

import click

from daemon.cli.out import answer_values, say
from daemon.cli.settings import json_option, shared_options
from daemon.clock import SystemClock


@click.command("version")
@json_option
@shared_options
def show_version(*, as_json: bool) -> None:
    """Show the version of trueup and of what it runs on."""
    own = version("trueup")
    python = platform.python_version()
    if as_json:
        answer_values(
            "trueup.version/1",
            as_of=SystemClock().now().isoformat(),
            trueup=own,
            python=python,
            control="trueup.control/1",
            config=1,
        )
    else:
        say(f"trueup {own} (Python {python})")
