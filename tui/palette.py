"""The command palette: everything by name, each with its twin on the command line."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from tui.keys import ALWAYS
from tui.views import VIEWS
from tui.work import later

if TYPE_CHECKING:
    from tui.app import TrueupApp


def commands(front: "TrueupApp") -> Iterator[SystemCommand]:
    """Views, the keys of the one that is shown, and the keys of everywhere."""
    for view in VIEWS:
        cli = f"on the command line: {view.cli}" if view.cli else "opens the view"
        yield SystemCommand(view.title, cli, partial(_go, front, view.name))
    here = front.current
    for key in here.KEYS if here is not None else ():
        told = f"on the command line: {key.cli}" if key.cli else key.help or key.label
        press = partial(_press, front, key.key)
        yield SystemCommand(f"{key.label} ({key.shown})", told, press)
    for key in ALWAYS:
        if key.key != "ctrl+p":
            told = key.help or key.label
            always = partial(front.action_always, key.run)
            yield SystemCommand(f"{key.label} ({key.shown})", told, always)


def _go(front: "TrueupApp", view: str) -> None:
    address = front.view(view).address()
    front.run_worker(later(front.go, address), exit_on_error=False)


def _press(front: "TrueupApp", key: str) -> None:
    if front.current is not None:
        front.current.action_press(key)
