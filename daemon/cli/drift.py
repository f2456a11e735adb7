"""``trueup drift``: the records on which the systems differ, one of them whole, and over time."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from daemon.cli.completing import records
from daemon.cli.exits import Exit
from daemon.cli.lines import money
from daemon.cli.lists import (
    ListGroup,
    answer_page,
    fields_option,
    page_options,
    show_rows,
    told_rest,
)
from daemon.cli.looking_back import at_option, looked_back, say_when
from daemon.cli.out import answer, note, say, screen_width, table
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.words import age_text, field_words, hold_words, noun, side_words, wait_words
from daemon.control.text import cells, plural

if TYPE_CHECKING:
    from daemon.control.protocol_drift import AmountShown, DriftAnswer, DriftQuery, DriftRow

GLYPHS = {
    "conflict": "!",
    "held": "?",
    "gone": "x",
    "missing": "+",
    "changed": "~",
    "skipped": "=",
}
SORTS = ("oldest", "newest", "class", "kind", "label", "amount")
COLUMNS = ("class", "kind", "label", "party", "sides", "amount", "fields", "age", "plan")
JSON_FIELDS = (
    *("record", "kind", "class", "label", "title", "party", "sides", "fields", "amount"),
    *("targets", "state", "reason", "text", "digests", "since", "age_s", "until"),
)
MOST_FIELDS = 3
BAR = 40


@click.group(cls=ListGroup)
@shared_options
def drift() -> None:
    """The records on which the systems differ. Without a command: the list."""


@drift.command("list")
@page_options
@click.option("--sort", type=click.Choice(SORTS), default="oldest", show_default=True)
@fields_option(*dict.fromkeys((*COLUMNS, *JSON_FIELDS)))
@click.option("--exit-code", is_flag=True, help="2 if the list is not empty.")
@at_option
@click.option("--sum", "as_sum", is_flag=True, help="Only the numbers: by class, kind, currency.")
@json_option
@shared_options
def list_drift(
    *,
    wanted: str,
    limit: int,
    offset: int,
    sort: str,
    fields: tuple[str, ...],
    exit_code: bool,
    at: str,
    as_sum: bool,
    as_json: bool,
) -> int:
    """Every record on which the systems differ, a page at a time.

    FILTER is words that all have to fit: kind:bill, class:conflict, to:qbo, state:waiting,
    reason:mass_change, amount>100, age>2d, or text that occurs in the label or the party; a - or
    ! before a word turns it round, and "two words" are one text.
    """
    from daemon.control.protocol_drift import DriftQuery, DriftSort

    query = DriftQuery(
        filter=wanted, limit=0 if as_sum else limit, offset=offset, sort=DriftSort(sort)
    )
    shown = _then(query, at, as_json) if at else ask(lambda daemon: daemon.drift(query))
    if as_json:
        answer_page(shown, [field for field in fields if field in JSON_FIELDS])
    else:
        _print(shown, fields, wanted, as_sum=as_sum)
    if not as_sum:
        told_rest(len(shown.rows), offset, shown.total)
    return Exit.DRIFT if exit_code and shown.total else Exit.DONE


def _then(query: "DriftQuery", at: str, as_json: bool) -> "DriftAnswer":
    from daemon.control.protocol_past import PastRequest

    back = looked_back(PastRequest(at=at, drift=query))
    assert back.drift is not None, "it was asked for"
    if not as_json:
        say_when(back)
    return back.drift


def _print(shown: "DriftAnswer", fields: tuple[str, ...], wanted: str, *, as_sum: bool) -> None:
    for line in summary_lines(shown, wanted):
        say(line)
    if as_sum:
        for name, counts in (("class", shown.by_class), ("kind", shown.by_kind)):
            if counts:
                say(f"by {name}")
            for what, count in counts.items():
                say(f"  {count:>9,}  {noun(what)}")
        return
    if shown.rows:
        say()
        rows = list(shown.rows)
        show_rows(CELLS, rows, fields or _fitting(rows), right=frozenset({"amount", "age"}))
        if not fields:
            note("next: trueup drift show RECORD, or trueup plan for what would be written")


def summary_lines(shown: "DriftAnswer", wanted: str) -> Iterator[str]:
    """How much differs, of what, and what it comes to."""
    yield f"as of {shown.as_of.isoformat(timespec='seconds')}, ledger entry {shown.head}"
    if not shown.complete:
        yield "not everything is read and planned yet: more may follow"
    if not shown.everything:
        yield "nothing differs" + ("" if shown.complete else " so far")
        return
    if wanted:
        hidden = shown.everything - shown.total
        rest = f"; the filter leaves out {hidden:,}" if hidden else ""
        yield f"{shown.total:,} of {plural(shown.everything, 'record')} differ{rest}"
    else:
        differ = "differs" if shown.everything == 1 else "differ"
        told = ", ".join(f"{count:,} {name}" for name, count in shown.by_class.items() if count)
        yield f"{plural(shown.everything, 'record')} {differ}: {told}"
    if shown.amounts:
        told = ", ".join(f"{money(one.amount)} {one.currency}" for one in shown.amounts)
        yield f"what is planned changes totals by {told}; trueup totals has what is held as well"


def _fitting(rows: "list[DriftRow]") -> tuple[str, ...]:
    """The columns for which there is room: the least needed go first."""
    columns = [c for c in COLUMNS if any(CELLS[c](row) not in ("", "-") for row in rows)]
    for spare in ("party", "sides", "fields", "amount"):
        widths = [max([len(c), *(cells(CELLS[c](row)) for row in rows)]) + 2 for c in columns]
        if sum(widths) <= screen_width():
            break
        if spare in columns:
            columns.remove(spare)
    return tuple(columns)


def amount_text(one: "AmountShown | None") -> str:
    if one is None:
        return "-"
    sign = "" if one.amount.startswith("-") else "+"
    return f"{sign}{money(one.amount)} {one.currency}".rstrip()


def _fields(row: "DriftRow") -> str:
    if not row.fields:
        return "whole record"
    more = len(row.fields) - MOST_FIELDS
    told = ", ".join(map(field_words, row.fields[:MOST_FIELDS]))
    return f"{told} +{more}" if more > 0 else told


def _plan(row: "DriftRow") -> str:
    if row.state in ("held", ""):
        return hold_words(row.reason) if row.reason else "held"
    if row.until:
        return f"set aside until {row.until[:16]}Z"
    where = f"-> {', '.join(row.targets)}" if row.targets else ""
    why = wait_words(row.reason) if row.reason else row.state
    return f"{where} {why}".strip()


CELLS: "dict[str, Callable[[DriftRow], str]]" = {
    "record": lambda row: row.record,
    "kind": lambda row: noun(row.kind),
    "class": lambda row: f"{GLYPHS.get(row.class_, ' ')} {row.class_}",
    "label": lambda row: row.label,
    "title": lambda row: row.title,
    "party": lambda row: row.party,
    "sides": lambda row: ", ".join(
        f"{system} {side_words(row.kind, row.fields, text)}" for system, text in row.sides.items()
    ),
    "fields": _fields,
    "amount": lambda row: amount_text(row.amount),
    "targets": lambda row: ", ".join(row.targets),
    "state": lambda row: row.state,
    "reason": lambda row: row.reason,
    "text": lambda row: row.text,
    "digests": lambda row: ", ".join(digest[:12] for digest in row.digests),
    "since": lambda row: row.since,
    "until": lambda row: row.until,
    "age": lambda row: age_text(row.age_s),
    "age_s": lambda row: str(row.age_s),
    "plan": _plan,
}


@drift.command()
@click.argument("record", shell_complete=records)
@click.option("--all", "everything", is_flag=True, help="Also the fields that are the same.")
@click.option("--side-by-side", is_flag=True, help="One row a field, a column for each system.")
@at_option
@json_option
@shared_options
def show(*, record: str, everything: bool, side_by_side: bool, at: str, as_json: bool) -> int:
    """RECORD whole: when both sides last agreed, what each shows now, and what will be written.

    RECORD is a record id, system/kind/id, SKU, code, name or number.
    """
    if at:
        return show_then(record, at, as_json, everything=everything, side_by_side=side_by_side)
    shown = ask(lambda daemon: daemon.record(record))
    if as_json:
        answer(shown)
        return Exit.DONE
    from daemon.cli.threeway import print_record

    print_record(shown, everything=everything, side_by_side=side_by_side)
    if shown.holds or shown.operations:
        note(f"as of entry {shown.head}: --seen {shown.head} refuses an answer if it moved since")
    return Exit.DONE


def show_then(
    record: str, at: str, as_json: bool, *, everything: bool = False, side_by_side: bool = False
) -> int:
    """One record whole, as it stood."""
    from daemon.cli.threeway import print_record
    from daemon.control.protocol_past import PastRequest

    back = looked_back(PastRequest(at=at, record=record))
    assert back.record is not None, "it was asked for"
    if as_json:
        answer(back)
    else:
        say_when(back)
        print_record(back.record, everything=everything, side_by_side=side_by_side)
    return Exit.DONE


@drift.command()
@json_option
@shared_options
def history(*, as_json: bool) -> int:
    """How many records differed over time: one line for each hour in which that changed."""
    shown = ask(lambda daemon: daemon.drift_history())
    if as_json:
        answer(shown)
        return Exit.DONE
    if not shown.points:
        say("nothing is known yet")
        return Exit.DONE
    most = max(point.records for point in shown.points) or 1
    rows = [
        (
            point.at,
            f"{point.records:,}",
            f"{point.conflicts:,}",
            "#" * (-(-point.records * BAR // most)),
        )
        for point in shown.points
    ]
    table(("at", "records", "conflicts", ""), rows, right=frozenset({1, 2}))
    return Exit.DONE
