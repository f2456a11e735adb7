"""How commands speak: data on stdout, words on stderr, colour only for a terminal.

Everything shown has gone through ``daemon.control.text``; nothing here interprets markup.
"""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from daemon.cli.settings import settings
from daemon.control.text import cells, clean, columns

if TYPE_CHECKING:
    import msgspec

Row = tuple[str, ...]
NO_LIMIT = 10_000
"""Columns where nobody looks at a screen."""


def say(line: str = "") -> None:
    """One line of the answer. Cleaned again here, should a caller have forgotten."""
    for part in folded(clean(line), sys.stdout):
        click.echo(part)


def note(line: str) -> None:
    """One line about the answer: never part of the data."""
    for part in folded(clean(line), sys.stderr):
        click.echo(part, err=True)


def folded(line: str, stream: TextIO | None) -> list[str]:
    """A long sentence in lines that fit the terminal; whole where a program reads it, and where
    it is a command that somebody may copy."""
    if not is_terminal(stream) or line.lstrip().startswith("trueup "):
        return [line]
    width = max(40, shutil.get_terminal_size().columns)
    if cells(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    fold = textwrap.TextWrapper(
        width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return fold.wrap(line)


def answer(model: "msgspec.Struct") -> None:
    """An answer of the daemon as one JSON object, exactly as it came."""
    import msgspec  # most commands show no JSON

    click.echo(msgspec.json.format(msgspec.json.encode(model), indent=2).decode())


def answer_values(schema: str, **values: Any) -> None:
    """An answer that the command made itself, as one JSON object."""
    click.echo(json.dumps({"schema": schema, **values}, indent=2, ensure_ascii=False))


def is_terminal(stream: TextIO | None) -> bool:
    """False also for a stream that is closed, or was never open (``trueup plan >&-``)."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def screen_width(stream: TextIO | None = None) -> int:
    """Columns that there are: those of the terminal, or as many as one likes."""
    if not is_terminal(stream or sys.stdout):
        return NO_LIMIT
    return shutil.get_terminal_size().columns


def wants_colour(stream: TextIO | None) -> bool:
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


def table(headers: Row, rows: Sequence[Row], *, right: frozenset[int] = frozenset()) -> None:
    """Aligned columns; drawn by rich for a terminal, plain text otherwise. Columns in ``right``
    (from 0) are figures."""
    if not rows:
        return
    if wants_colour(sys.stdout):
        _rich_table(headers, rows, right)
        return
    for line in columns([headers, *rows], right=right):
        say(f"  {line}")


def _rich_table(headers: Row, rows: Sequence[Row], right: frozenset[int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=True, header_style="dim")
    for place, header in enumerate(headers):
        drawn.add_column(Text(header), justify="right" if place in right else "left")
    for row in rows:
        drawn.add_row(*(Text(clean(cell)) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(drawn)
