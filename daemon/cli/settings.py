"""What every command shares: which installation is meant, and how to speak to its daemon."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ledger.model.errors import ConfigProblem

if TYPE_CHECKING:
    from daemon.config.places import Places
    from daemon.control.client import ControlClient

CONFIG_ENV = "TRUEUP_CONFIG"
SOCKET_ENV = "TRUEUP_SOCKET"
USUAL_PLACES = (Path("trueup.yaml"), Path("config.yaml"), Path("/etc/trueup/config.yaml"))

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Settings:
    """Options given before or after the command's name."""

    config: Path | None = None
    socket: Path | None = None
    no_color: bool = False
    no_input: bool = False

    def config_path(self) -> Path:
        """The configuration meant; ``ConfigProblem`` when none is named and none is found."""
        if self.config is not None:
            return self.config
        named = os.environ.get(CONFIG_ENV, "")
        if named:
            return Path(named)
        for path in USUAL_PLACES:
            if path.exists():
                return path
        looked = ", ".join(map(str, USUAL_PLACES))
        raise ConfigProblem(
            [f"no configuration found (looked for {looked}): name it with --config FILE"]
        )

    def places(self) -> "Places":
        from daemon.config.places import locate

        return locate(self.config_path())

    def socket_path(self) -> Path:
        """The control socket meant."""
        if self.socket is not None:
            return self.socket
        named = os.environ.get(SOCKET_ENV, "")
        if named and self.config is None:
            return Path(named)
        return self.places().socket


def settings() -> Settings:
    """The settings of the command that is running."""
    return click.get_current_context().ensure_object(Settings)


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        setattr(context.ensure_object(Settings), str(parameter.name), value)


VALUES = ("--config", "--socket")
FLAGS = ("--no-color", "--plain", "--no-input")
"""Names of the options that every command takes."""


def shared_options(command: Command) -> Command:
    """The options that every command takes."""
    options = (
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            callback=_keep,
            expose_value=False,
            help=f"Configuration file [default: ${CONFIG_ENV}, then {USUAL_PLACES[0]}, ...].",
        ),
        click.option(
            "--socket",
            type=click.Path(path_type=Path),
            callback=_keep,
            expose_value=False,
            help=f"Control socket of the daemon [default: ${SOCKET_ENV}, else as configured].",
        ),
        click.option(
            "--no-color",
            "--plain",
            "no_color",
            is_flag=True,
            callback=_keep,
            expose_value=False,
            help="No colours and no drawing, as when the output goes to a file.",
        ),
        click.option(
            "--no-input", is_flag=True, callback=_keep, expose_value=False, help="Never ask."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


def ask(question: "Callable[[ControlClient], Awaitable[T]]") -> T:
    """Put one question to the daemon and return its answer."""
    from daemon.control.client import ControlClient

    path = settings().socket_path()

    async def exchange() -> T:
        async with ControlClient(path) as daemon:
            return await question(daemon)

    return asyncio.run(exchange())
