"""``trueup ledger list`` and ``show``: what happened when, by whom; one entry whole.

They ask the daemon and, where none runs, read the file.
"""

import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from daemon.cli.completing import records
from daemon.cli.exits import Exit
from daemon.cli.lists import answer_page, fields_option, filter_option, limit_option, show_rows
from daemon.cli.looking_back import at_option
from daemon.cli.offline import entries_of, told_by_daemon
from daemon.cli.out import note, say
from daemon.cli.settings import json_option, shared_options
from daemon.control.text import clean

if TYPE_CHECKING:
    from daemon.control.protocol_drift import TimelineAnswer, TimelineQuery, TimelineRow

COLUMNS = ("seq", "at", "actor", "entry", "label", "text")
JSON_FIELDS = ("seq", "at", "actor", "cycle", "entry", "text", "details", "record", "label")


@click.command("list")
@click.option("--actor", default="", help="Only what this person, or the daemon, did.")
@click.option("--entry", default="", metavar="TYPE", help="Only entries such as Approved.")
@click.option(
    "--record",
    default="",
    shell_complete=records,
    help="Only of this record: an id, SKU, name or number.",
)
@filter_option
@click.option("--since", default="", metavar="TIME", help="From this instant on (RFC 3339).")
@click.option("--until", default="", metavar="TIME", help="Before this instant (RFC 3339).")
@click.option("--before", type=click.IntRange(0), default=0, help="Only entries before this one.")
@limit_option
@fields_option(*dict.fromkeys((*COLUMNS, *JSON_FIELDS)))
@json_option
@shared_options
def list_entries(
    *,
    actor: str,
    entry: str,
    record: str,
    wanted: str,
    since: str,
    until: str,
    before: int,
    limit: int,
    fields: tuple[str, ...],
    as_json: bool,
) -> int:
    """Entries of the ledger, newest first; with and without a daemon."""
    from daemon.control.protocol_drift import TimelineQuery

    named = (("actor", actor), ("entry", entry), ("record", record))
    words = [wanted, *(_word(name, text) for name, text in named if text)]
    query = TimelineQuery(
        filter=" ".join(filter(None, words)),
        limit=limit,
        before=before,
        since=since,
        until=until,
    )
    shown = _ask(query)
    if as_json:
        answer_page(shown, fields)
    else:
        _print(shown, fields)
    if shown.next_before:
        note(f"there are older ones: --before {shown.next_before}, or a larger --limit")
    return Exit.DONE


def _word(name: str, text: str) -> str:
    """``actor:jane``, or ``actor:"jane doe"`` where the text has a space."""
    bare = text.replace('"', "")
    return f'{name}:"{bare}"' if " " in bare else f"{name}:{bare}"


def _ask(query: "TimelineQuery") -> "TimelineAnswer":
    return told_by_daemon(lambda daemon: daemon.timeline(query)) or entries_of(query)


def _print(shown: "TimelineAnswer", fields: tuple[str, ...]) -> None:
    say(f"as of {shown.as_of.isoformat(timespec='seconds')}, ledger entry {shown.head}")
    if not shown.rows:
        say("no entry fits")
        return
    if fields:
        show_rows(CELLS, list(shown.rows), fields, right=frozenset({"seq"}))
        return
    for row in shown.rows:
        label = f"{clean(row.label)}: " if row.label else ""
        say(f"{row.seq:>8}  {row.at[:19]}Z  {clean(row.actor)}  {label}{clean(row.text)}")


CELLS: "dict[str, Callable[[TimelineRow], str]]" = {
    "seq": lambda row: str(row.seq),
    "at": lambda row: row.at,
    "actor": lambda row: row.actor,
    "cycle": lambda row: row.cycle,
    "entry": lambda row: row.entry,
    "text": lambda row: row.text,
    "details": lambda row: json.dumps(row.details, ensure_ascii=False),
    "record": lambda row: row.record,
    "label": lambda row: row.label,
}


@click.command("show")
@click.argument("what", metavar="SEQ|RECORD")
@at_option
@json_option
@shared_options
def show_entry(*, what: str, at: str, as_json: bool) -> int:
    """Entry number SEQ whole, or with --at RECORD as it stood then: what each system showed, what
    was agreed, planned and held."""
    if at:
        from daemon.cli.drift import show_then

        return show_then(what, at, as_json)
    if not (what.isascii() and what.isdigit()) or len(what) > 12 or int(what) < 1:
        raise click.UsageError(
            f"{what!r} is no number of an entry: give one, or --at WHEN for a record as it stood"
        )
    seq = int(what)
    from daemon.control.protocol_drift import TimelineQuery

    shown = _ask(TimelineQuery(before=seq + 1, after=seq - 1, limit=1))
    if not shown.rows:
        note(f"error: there is no entry {seq}: the newest is {shown.head}")
        return Exit.NOT_FOUND
    (row,) = shown.rows
    if as_json:
        answer_page(shown, ())
        return Exit.DONE
    say(f"entry {row.seq}: {row.entry}")
    told = (
        ("at", row.at),
        ("by", row.actor),
        ("cycle", row.cycle),
        ("about", f"{row.label}  {row.record}".strip()),
        ("says", row.text),
    )
    for name, text in told:
        if text:
            say(f"  {name}: {clean(text)}")
    for name, value in row.details.items():
        say(f"  {name} = {clean(json.dumps(value, ensure_ascii=False))}")
    if row.record:
        note(f"next: trueup ledger history {shlex.quote(row.record)}")
    return Exit.DONE
