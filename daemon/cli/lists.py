"""What the commands that list have in common: filter, page, columns, and the default command."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from daemon.cli.completing import filters
from daemon.cli.out import answer, answer_values, note, table
from daemon.cli.settings import FLAGS, VALUES
from daemon.control.text import plural

if TYPE_CHECKING:
    import msgspec

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_PAGE = 5_000
DEFAULT_PAGE = 500
HELP = ("-h", "--help")

filter_option = click.option(
    "-f",
    "--filter",
    "wanted",
    default="",
    metavar="FILTER",
    shell_complete=filters,
    help="Words that all have to fit: kind:bill, class:conflict, amount>100, -kind:item, text.",
)
limit_option = click.option(
    "--limit",
    type=click.IntRange(1, MAX_PAGE),
    default=DEFAULT_PAGE,
    show_default=True,
    help="Rows at most.",
)
offset_option = click.option(
    "--offset", type=click.IntRange(0), default=0, help="Leave out so many rows."
)


def page_options(command: Command) -> Command:
    """``--filter``, ``--limit`` and ``--offset``."""
    return filter_option(limit_option(offset_option(command)))


class ListGroup(click.Group):
    """A group whose ``list`` is what it does when no command of it is named."""

    usual = "list"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = _after_shared(args)
        if place == len(args) or (args[place].startswith("-") and args[place] not in HELP):
            args = [*args[:place], self.usual, *args[place:]]
        return super().parse_args(ctx, args)


class StandingGroup(ListGroup):
    """A group that tells how its thing stands when no command of it is named."""

    usual = "status"


def _after_shared(args: Sequence[str]) -> int:
    """Where the options end that every command takes."""
    place = 0
    while place < len(args):
        name, equals, _ = args[place].partition("=")
        if name in FLAGS or (name in VALUES and equals):
            place += 1
        elif name in VALUES:
            place = min(place + 2, len(args))
        else:
            break
    return place


def fields_option(*names: str) -> Callable[[Command], Command]:
    """``--fields a,b``: which columns, in which order."""

    def chosen(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
        fields = tuple(field.strip() for field in value.split(",") if field.strip())
        for field in fields:
            if field not in names:
                raise click.BadParameter(f"{field!r} is none of: {', '.join(names)}")
        return fields

    return click.option(
        "--fields",
        callback=chosen,
        default="",
        metavar="A,B",
        help=f"Only these, in this order: {', '.join(names)}.",
    )


def answer_page(shown: "msgspec.Struct", fields: Sequence[str], *, rows: str = "rows") -> None:
    """The page as it came; with ``fields`` its rows carry only those."""
    import msgspec

    if not fields:
        answer(shown)
        return
    values = msgspec.to_builtins(shown)
    values[rows] = [{field: row[field] for field in fields} for row in values[rows]]
    answer_values(values.pop("schema"), **values)


def show_rows(
    cells: Mapping[str, Callable[[Any], str]],
    rows: Sequence[Any],
    fields: Sequence[str],
    *,
    right: frozenset[str] = frozenset(),
) -> None:
    """Rows as a table of ``fields``; ``cells`` says how each is written."""
    places = frozenset(place for place, field in enumerate(fields) if field in right)
    table(
        tuple(field.replace("_", " ") for field in fields),
        [tuple(cells[field](row) for field in fields) for row in rows],
        right=places,
    )


def told_rest(shown: int, offset: int, total: int) -> None:
    """Say on stderr what the page leaves out."""
    left = total - offset - shown
    if left > 0 and shown:
        note(
            f"rows {offset + 1:,} to {offset + shown:,} of {total:,}: {plural(left, 'row')} more "
            f"with --offset {offset + shown}, or a larger --limit"
        )
