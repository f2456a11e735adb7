"""How commands speak: data on stdout, words on stderr, colour only for a terminal.

Everything shown has gone through ``daemon.cli.text``; nothing here interprets markup.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from daemon.cli.settings import settings
from daemon.cli.text import clean, columns

if TYPE_CHECKING:
    from pydantic import BaseModel

Row = tuple[str, ...]


def say(line: str = "") -> None:
    """One line of the answer. Cleaned again here, should a caller have forgotten."""
    click.echo(clean(line))


def note(line: str) -> None:
    """One line about the answer: never part of the data."""
    click.echo(clean(line), err=True)


def answer(model: "BaseModel") -> None:
    """An answer of the daemon as one JSON object, exactly as it came."""
    click.echo(model.model_dump_json(by_alias=True, indent=2))


def answer_values(schema: str, **values: Any) -> None:
    """An answer that the command made itself, as one JSON object."""
    click.echo(json.dumps({"schema": schema, **values}, indent=2, ensure_ascii=False))


def is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def wants_colour(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal that may be painted."""
    if settings().no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def may_ask() -> bool:
    """Whether there is a person to ask."""
    return not settings().no_input and is_terminal(sys.stdin) and is_terminal(sys.stderr)


def heading(text: str) -> None:
    if wants_colour(sys.stdout):
        click.secho(clean(text), bold=True)
    else:
        say(text)


def table(headers: Row, rows: Sequence[Row]) -> None:
    """Aligned columns; drawn by rich for a terminal, plain text otherwise."""
    if not rows:
        return
    if wants_colour(sys.stdout):
        _rich_table(headers, rows)
        return
    for line in columns([headers, *rows]):
        say(f"  {line}")


def _rich_table(headers: Row, rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=True, header_style="dim")
    for header in headers:
        drawn.add_column(Text(header))
    for row in rows:
        drawn.add_row(*(Text(clean(cell)) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(drawn)
