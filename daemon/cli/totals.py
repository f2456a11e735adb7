"""``trueup totals``: what both systems' documents come to, and why that differs."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from daemon.cli.completing import kinds
from daemon.cli.exits import Exit
from daemon.cli.lines import money
from daemon.cli.offline import told_by_daemon, totals_of
from daemon.cli.out import Row, answer, heading, note, say, screen_width, table
from daemon.cli.settings import json_option, shared_options
from daemon.cli.words import hold_words, noun, nouns
from daemon.control.protocol_totals import MONTH, MOST_DIFFERENCES, TotalsRequest
from daemon.control.text import cells, clean, columns, plural

if TYPE_CHECKING:
    from daemon.control.protocol_totals import (
        DifferenceShown,
        PartShown,
        TotalsAnswer,
        TotalsRowShown,
    )

REASONS = {
    "variance": "tax variance",
    "accepted": "accepted",
    "held": "held",
    "waiting": "waiting",
    "skipped": "set aside",
    "foreign_currency": "foreign currency",
    "before_since": "before since",
    "only_in_books": "only in books",
    "out_of_scope": "out of scope",
    "off": "switched off",
}
"""Columns in their order; ``unexplained`` follows them and always stands there."""
STATES = {"waiting": "for an approval", "intended": "being sent", "not_planned": "not planned"}


def _month(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.match(MONTH, value):
        raise click.BadParameter(f"{value!r} is not a month: write it as 2026-03")
    return value


@click.command()
@click.option(
    "--kind",
    default="",
    metavar="KIND",
    shell_complete=kinds,
    help="purchase_order, bill or invoice.",
)
@click.option("--by", type=click.Choice(["month", "party"]), default=None, help="Break down.")
@click.option(
    "--month", callback=_month, default="", metavar="YYYY-MM", help="Only documents of that month."
)
@click.option("--differences", is_flag=True, help="List each document that counts differently.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_DIFFERENCES),
    default=500,
    show_default=True,
    help="Differences listed at most.",
)
@click.option("--exit-code", is_flag=True, help="2 if a difference is not explained.")
@json_option
@shared_options
def totals(
    *,
    kind: str,
    by: str | None,
    month: str,
    differences: bool,
    limit: int,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Both sides' totals of documents, and every difference explained.

    A document counts in each system under the date and party that this system shows. The parts of a
    difference (books less source) add up to it to the cent; what has no known reason is in the
    column "unexplained". Works with and without a daemon.
    """
    request = TotalsRequest(
        kind=kind,
        by=by or "",  # type: ignore[arg-type]  # click has checked the choice
        month=month,
        differences=differences,
        limit=limit,
    )
    shown = told_by_daemon(lambda daemon: daemon.totals(request)) or totals_of(request)
    if as_json:
        answer(shown)
    else:
        _print(shown, listed=differences)
    if shown.more:
        note("there are more differences: use a larger --limit, --kind or --month")
    return Exit.DRIFT if exit_code and shown.unexplained else Exit.DONE


def _print(shown: "TotalsAnswer", *, listed: bool) -> None:
    say(f"as of {shown.as_of.isoformat(timespec='seconds')}, ledger entry {shown.head}")
    if not shown.complete:
        say("not everything is read and planned yet: these totals are not the last word")
    if not (shown.rows or shown.early):
        say("no documents yet: set kinds.<kind>.since in the configuration")
        return
    if shown.by:
        heading(f"By {shown.by}")
        _table(shown, shown.rows)
        say()
        heading("In all")
    _table(shown, shown.sums)
    for line in _reasons(shown.sums):
        say(f"  {line}")
    for line in _early(shown):
        say(line)
    if listed:
        say()
        heading(f"Differences ({shown.differing:,})")
        for one in shown.differences:
            for line in difference_lines(one, shown):
                say(f"  {line}")
    for line in _verdict(shown, listed=listed):
        say(line)


def _table(shown: "TotalsAnswer", rows: "Sequence[TotalsRowShown]") -> None:
    used = {part.reason for row in rows for part in row.parts}
    reasons = [reason for reason in REASONS if reason in used]
    group = [shown.by] if any(row.group or row.label for row in rows) else []
    headers = (
        "kind",
        *group,
        "currency",
        "count",
        f"total in {shown.source}",
        "count",
        f"total in {shown.books}",
        "difference",
        *(REASONS[reason] for reason in reasons),
        "unexplained",
    )
    figures = frozenset(range(2 + len(group), len(headers)))
    cut = [_row(row, bool(group), reasons) for row in rows]
    if _width(headers, cut) <= screen_width():
        table(headers, cut, right=figures)
        return
    for one in cut:
        for line in _upright(headers, one, 2 + len(group)):
            say(line)


def _width(headers: Row, rows: "Sequence[Row]") -> int:
    down = zip(headers, *rows, strict=True)
    return sum(max(map(cells, column)) + 2 for column in down)


def _upright(headers: Row, row: Row, names: int) -> Iterator[str]:
    """One row as lines, where the screen is too narrow for it; columns without a figure go."""
    yield f"  {'  '.join(row[:names])}"
    told = [pair for pair in zip(headers[names:], row[names:], strict=True) if pair[1] != "-"]
    for line in columns(told, right=frozenset({1})):
        yield f"      {line}"


def _row(row: "TotalsRowShown", has_group: bool, reasons: Sequence[str]) -> Row:
    group = (clean(row.label or row.group),) if has_group else ()
    by_reason = {reason: _sum(row.parts, reason) for reason in reasons}
    return (
        nouns(row.kind),
        *group,
        clean(row.currency) or "?",
        f"{row.source_count:,}",
        money(row.source_total),
        f"{row.books_count:,}",
        money(row.books_total),
        _signed(row.difference),
        *(_part(by_reason[reason]) for reason in reasons),
        _loud(row),
    )


def _sum(parts: "Sequence[PartShown]", reason: str) -> tuple[int, Decimal]:
    mine = [part for part in parts if part.reason == reason]
    return sum(part.count for part in mine), sum((Decimal(p.amount) for p in mine), Decimal())


def _part(part: tuple[int, Decimal]) -> str:
    count, amount = part
    return f"{_signed(amount)} ({count:,})" if count else "-"


def _loud(row: "TotalsRowShown") -> str:
    count, amount = _sum(row.parts, "unexplained")
    return f"!! {_signed(amount)} ({count:,})" if count else "0.00"


def _signed(amount: object) -> str:
    number = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return f"+{money(number)}" if number > 0 else money(number)


def _reasons(rows: "Sequence[TotalsRowShown]") -> Iterator[str]:
    """What is behind "held" and "waiting", by reason."""
    for row in rows:
        for part in row.parts:
            if part.detail:
                words = hold_words(part.detail)
                if part.reason == "waiting":
                    words = STATES.get(part.detail, part.detail)
                what = f"{nouns(row.kind)} {REASONS.get(part.reason, part.reason)}, {words}"
                yield f"{what}: {part.count:,}, {_signed(part.amount)} {clean(row.currency)}"


def _early(shown: "TotalsAnswer") -> Iterator[str]:
    if shown.early:
        yield ""
        yield "Before the first day (matched, never written, not counted above)"
    for one in shown.early:
        since = f"before {one.since}" if one.since else "no first day is set"
        yield (
            f"  {nouns(one.kind)}, {since}: {one.source_count:,} in {shown.source} "
            f"{money(one.source_total)}, {one.books_count:,} in {shown.books} "
            f"{money(one.books_total)} {clean(one.currency)}"
        )


def difference_lines(one: "DifferenceShown", shown: "TotalsAnswer") -> Iterator[str]:
    """One document that counts differently: which, by how much, and why."""
    dates = list(dict.fromkeys(filter(None, (one.source_date, one.books_date))))
    party = f", {clean(one.party)}" if one.party else ""
    number = clean(one.number) or "(no number)"
    yield f"{noun(one.kind)} {number}{party}, {' / '.join(map(clean, dates))}  {one.record}"
    mine, theirs = _shown(one.source_total), _shown(one.books_total)
    yield (
        f"    {shown.source} {mine}, {shown.books} {theirs}: {_signed(one.difference)} "
        f"{clean(one.currency)}"
    )
    why = REASONS.get(one.reason, "UNEXPLAINED")
    detail = f", {_detail(one)}" if one.detail else ""
    yield f"    {why}{detail}: {clean(one.text)}"


def _detail(one: "DifferenceShown") -> str:
    waits = one.reason == "waiting"
    return STATES.get(one.detail, one.detail) if waits else hold_words(one.detail)


def _shown(total: str | None) -> str:
    return "does not count it" if total is None else money(total)


def _verdict(shown: "TotalsAnswer", *, listed: bool) -> Iterator[str]:
    yield ""
    if shown.unexplained:
        yield (
            f"UNEXPLAINED: {plural(shown.unexplained, 'document')}; look at each before you rely "
            "on these totals"
        )
    elif shown.differing:
        yield f"{plural(shown.differing, 'document')} counted differently, each with its reason"
    else:
        yield "both systems come to the same totals"
    if shown.differing and not listed:
        yield "next: trueup totals --differences lists each document with its reason"
