"""``trueup queue``: every operation and how far it has come."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import msgspec

from daemon.cli.completing import digests
from daemon.cli.drift import amount_text
from daemon.cli.exits import Exit
from daemon.cli.lists import (
    ListGroup,
    answer_page,
    fields_option,
    page_options,
    show_rows,
    told_rest,
)
from daemon.cli.out import answer_values, note, say, screen_width
from daemon.cli.plan import SHORT, operation_lines
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.words import noun, wait_words
from daemon.control.text import cells, clean, plural

if TYPE_CHECKING:
    from daemon.control.client import ControlClient
    from daemon.control.protocol import OperationShown
    from daemon.control.protocol_drift import PaceShown, QueueAnswer, QueueRow

OPEN = ("waiting", "planned", "approved", "sending", "unknown")
FINISHED = ("confirmed", "rejected", "withdrawn")
COLUMNS = ("digest", "state", "action", "label", "system", "amount", "by", "tries", "result")
JSON_FIELDS = (
    *("operation", "digest", "record", "kind", "label", "title", "system", "action", "state"),
    *("reason", "text", "skipped", "until", "amount", "since", "attempts", "request", "result"),
    *("by", "seq"),
)
MINUTE_S = 60


@click.group(cls=ListGroup)
@shared_options
def queue() -> None:
    """Operations: what waits, what is sent, what came of it. Without a command: the list."""


@queue.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([*OPEN, *FINISHED, "open", "finished", "all"]),
    help="Only these; repeat for more [default: open].",
)
@page_options
@fields_option(*dict.fromkeys((*COLUMNS, *JSON_FIELDS)))
@json_option
@shared_options
def list_queue(
    *,
    states: tuple[str, ...],
    wanted: str,
    limit: int,
    offset: int,
    fields: tuple[str, ...],
    as_json: bool,
) -> int:
    """Operations by state: open ones oldest first, finished ones newest first.

    FILTER as in `trueup drift`: kind:bill, to:qbo, reason:mass_change, amount>100, text.
    """
    from daemon.control.protocol_drift import QueueQuery, QueueState

    query = QueueQuery(
        filter=wanted,
        limit=limit,
        offset=offset,
        states=tuple(QueueState(state) for state in _states(states)),
    )
    shown = ask(lambda daemon: daemon.queue(query))
    if as_json:
        answer_page(shown, [field for field in fields if field in JSON_FIELDS])
    else:
        _print(shown, fields)
    told_rest(len(shown.rows), offset, shown.total)
    return Exit.DONE


def _states(states: tuple[str, ...]) -> list[str]:
    named: dict[str, tuple[str, ...]] = {
        "open": OPEN,
        "finished": FINISHED,
        "all": (*OPEN, *FINISHED),
    }
    meant = [one for state in states or ("open",) for one in named.get(state, (state,))]
    return list(dict.fromkeys(meant))


def _print(shown: "QueueAnswer", fields: tuple[str, ...]) -> None:
    say(f"as of {shown.as_of.isoformat(timespec='seconds')}, ledger entry {shown.head}")
    told = ", ".join(f"{count:,} {state}" for state, count in shown.by_state.items() if count)
    say(f"operations: {told or 'none'}")
    for one in shown.pace:
        if one.left or one.in_flight or one.per_minute:
            say(pace_line(one))
    if not shown.rows:
        say("no operation fits" if shown.everything else "nothing to do, nothing on its way")
        return
    say()
    rows = list(shown.rows)
    show_rows(CELLS, rows, fields or _fitting(rows), right=frozenset({"amount", "tries"}))
    if not fields:
        note("next: trueup queue show DIGEST, or trueup plan for the changes field by field")


def _fitting(rows: "list[QueueRow]") -> tuple[str, ...]:
    empty = ("", "-", "0")
    columns = [c for c in COLUMNS if any(CELLS[c](row) not in empty for row in rows)]
    for spare in ("by", "tries", "amount", "result"):
        widths = [max([len(c), *(cells(CELLS[c](row)) for row in rows)]) + 2 for c in columns]
        if sum(widths) <= screen_width():
            break
        if spare in columns:
            columns.remove(spare)
    return tuple(columns)


def pace_line(pace: "PaceShown") -> str:
    """``qbo: 12 left, 38 of 400 a minute, 2 in flight, about 1 minute``."""
    limit = f" of {pace.limit_per_minute:,}" if pace.limit_per_minute else ""
    told = f"{pace.system}: {pace.left:,} left, {pace.per_minute:,}{limit} a minute"
    if pace.in_flight:
        told += f", {pace.in_flight:,} in flight"
    if pace.eta_s is not None and pace.left:
        told += f", about {plural(max(1, -(-pace.eta_s // MINUTE_S)), 'minute')} to go"
    return told


def _state(row: "QueueRow") -> str:
    if row.skipped:
        return f"{row.state}: set aside{f' until {row.until[:16]}Z' if row.until else ''}"
    return f"{row.state}: {wait_words(row.reason)}" if row.reason else row.state


CELLS: "dict[str, Callable[[QueueRow], str]]" = {
    "operation": lambda row: row.operation,
    "digest": lambda row: row.digest[:SHORT],
    "record": lambda row: row.record,
    "kind": lambda row: noun(row.kind),
    "label": lambda row: row.label,
    "title": lambda row: row.title,
    "system": lambda row: row.system,
    "action": lambda row: f"{row.action} {noun(row.kind)}",
    "state": _state,
    "reason": lambda row: row.reason,
    "text": lambda row: row.text,
    "skipped": lambda row: "yes" if row.skipped else "no",
    "until": lambda row: row.until,
    "amount": lambda row: amount_text(row.amount),
    "since": lambda row: row.since,
    "tries": lambda row: f"{row.attempts:,}",
    "attempts": lambda row: f"{row.attempts:,}",
    "request": lambda row: row.request,
    "result": lambda row: row.result,
    "by": lambda row: row.by,
    "seq": lambda row: f"{row.seq}",
}


@queue.command()
@click.argument("digest", shell_complete=digests)
@json_option
@shared_options
def show(*, digest: str, as_json: bool) -> int:
    """One operation by DIGEST (any unique beginning), with what came of each attempt."""
    row, whole, head = ask(lambda daemon: _one(daemon, digest))
    if as_json:
        answer_values(
            "trueup.operation/1",
            as_of=head.as_of.isoformat(),
            head=head.head,
            row=msgspec.to_builtins(row),
            operation=msgspec.to_builtins(whole) if whole is not None else None,
        )
        return Exit.DONE
    say(f"{row.action} {noun(row.kind)} {clean(row.title or row.label)} in {row.system}")
    told = (
        ("state", _state(row)),
        ("since", f"{row.since[:19]}Z"),
        ("taken up by itself", f"{row.until[:19]}Z" if row.until else ""),
        ("why", row.text),
        ("approved by", row.by),
        ("attempts", f"{row.attempts:,}" if row.attempts else ""),
        ("request", row.request),
        ("result", row.result),
        ("digest", row.digest),
        ("record", row.record),
    )
    for name, text in told:
        if text:
            say(f"  {name}: {clean(text)}")
    if whole is not None:
        for line in operation_lines(whole):
            say(line)
    note(f"next: trueup drift show {row.record}, or trueup ledger history {row.record}")
    return Exit.DONE


async def _one(
    daemon: "ControlClient", digest: str
) -> "tuple[QueueRow, OperationShown | None, QueueAnswer]":
    from daemon.control.protocol import Code, Declined
    from daemon.control.protocol_drift import QueueQuery, QueueState

    query = QueueQuery(filter=f"digest:{digest.lower()}", limit=2, states=tuple(QueueState))
    shown = await daemon.queue(query)
    if len(shown.rows) != 1:
        raise Declined(
            Code.AMBIGUOUS if shown.rows else Code.NOT_FOUND,
            f"{'more than one' if shown.rows else 'no'} operation begins with {digest}",
            cure="give more of its digits" if shown.rows else "trueup queue list --state all",
        )
    (row,) = shown.rows
    if row.state in FINISHED or row.state in ("sending", "unknown"):
        return row, None, shown
    try:
        plan = await daemon.plan(digest=row.digest)
    except Declined:  # it was sent between the two questions
        return row, None, shown
    return row, plan.operations[0], shown
