"""The report as text for a terminal of any width from 60 columns on. Pure."""

import textwrap
from collections.abc import Iterator

from daemon.control.protocol_report import (
    LineShown,
    MasterShown,
    RecordShown,
    ReportSummary,
    StatementShown,
)
from daemon.control.slugs import nouns
from daemon.control.text import cells, clean, clip, pad, pad_left, plural
from daemon.report.collect import Collected
from daemon.report.figures import day, long_day, moment, since
from daemon.report.figures import money as money_in
from daemon.report.figures import signed as signed_in
from daemon.report.words import bucket_words, line_title

NARROWEST = 60
WIDE = 110
"""From here on a record's reason stands beside its figures."""
AMOUNT, COUNT = 17, 9


def money(text: str) -> str:
    return money_in(text, minus="-")


def signed(text: str) -> str:
    return signed_in(text, minus="-")


def lines(report: Collected, *, width: int, listed: bool = True) -> Iterator[str]:
    """The whole report; every line fits ``width`` columns."""
    width = max(NARROWEST, min(width, 120))
    summary = report.summary
    yield from _heading(summary, width)
    for statement in summary.statements:
        yield ""
        yield from _statement(statement, summary, width)
    if none := without_documents(summary):
        yield ""
        yield from textwrap.wrap(none, width)
    if summary.masters:
        yield ""
        yield from _masters(summary.masters, summary, width)
    if summary.ages:
        yield ""
        yield from _ages(summary, width)
    if listed:
        for statement in summary.statements:
            for line in (*statement.lines, *statement.apart):
                yield from _records(report, statement, line, width)
    yield ""
    for sentence in verdict(summary):
        yield from textwrap.wrap(sentence, width)


def _heading(summary: ReportSummary, width: int) -> Iterator[str]:
    source, books = summary.source, summary.books
    sides = " and ".join(
        f"{clean(one.title)}{f' ({clean(one.environment)})' if one.environment else ''}"
        for one in (source, books)
    )
    rows = (
        f"Reconciliation of {sides}",
        f"{clean(summary.company)}, {summary.period_title}",
        f"{long_day(summary.first)} to {long_day(summary.last)} ({summary.timezone})",
        f"as of {moment(summary.as_of)}, made by {clean(summary.made_by)}",
        f"ledger entry {summary.head:,}, {summary.head_hash[:16]}; configuration "
        f"{summary.config[:16] or 'not recorded'}",
    )
    for row in rows:
        yield clip(row, width)
    for line in cautions(summary):
        yield from textwrap.wrap(line, width)


def cautions(summary: ReportSummary) -> Iterator[str]:
    """What a reader must know before trusting the figures."""
    if not summary.is_over:
        yield "The period is not over: these figures will change."
    if not summary.complete:
        behind = f", {plural(summary.dirty, 'record')} to look at" if summary.dirty else ""
        yield f"Not everything is read and planned yet{behind}: make it again before you sign."


def without_documents(summary: ReportSummary) -> str:
    """The kinds that were looked for and of which the period has nothing, in a sentence."""
    found = {one.kind for one in summary.statements}
    missing = [nouns(kind) for kind in summary.kinds if kind not in found]
    return f"In neither system in this period: {', '.join(missing)}." if missing else ""


def verdict(summary: ReportSummary) -> Iterator[str]:
    """The conclusion, in one or two sentences."""
    if summary.unexplained:
        yield (
            f"UNEXPLAINED: {plural(summary.unexplained, 'document')}. Look at each before you sign."
        )
    else:
        yield "Unexplained: none. Source total + differences = books total, to the cent."
    if summary.open - summary.unexplained:
        count = summary.open - summary.unexplained
        yield f"{plural(count, 'document')} still open, each with its reason."


def _figure_row(title: str, count: str, amount: str, width: int, indent: int) -> str:
    room = width - AMOUNT - COUNT - indent
    return (
        " " * indent
        + pad(clip(title, room - 1), room)
        + pad_left(count, COUNT)
        + pad_left(amount, AMOUNT)
    )


def _statement(one: StatementShown, summary: ReportSummary, width: int) -> Iterator[str]:
    title = f"{nouns(one.kind).capitalize()}, {clean(one.currency) or '?'}"
    yield _figure_row(title, "documents", "amount", width, 0)
    yield "-" * width
    source, books = clean(summary.source.title), clean(summary.books.title)
    yield _figure_row(
        f"Total in {source}", f"{one.source_count:,}", money(one.source_total), width, 2
    )
    for line in one.lines:
        mark = "!! " if line.section == "unexplained" and line.count else ""
        amount = f"{mark}{signed(line.difference)}"
        yield _figure_row(line_title(line), f"{line.count:,}", amount, width, 4)
    yield _figure_row(f"Total in {books}", f"{one.books_count:,}", money(one.books_total), width, 2)
    agreed = one.agreed
    yield _figure_row("of these agreed", f"{agreed.count:,}", money(agreed.source_total), width, 4)
    for line in one.apart:
        title = f"Apart: {line_title(line).lower()}"
        amount = f"{money(line.source_total)} / {money(line.books_total)}"
        yield clip(f"  {title}: {line.count:,}, {amount}", width)
    if one.late_count:
        late = plural(one.late_count, "document")
        yield clip(f"  Written after the period: {late}, {money(one.late_total)}", width)
    if one.open_besides:
        also = plural(one.open_besides, "document")
        yield clip(f"  Agreed in total and open otherwise: {also}", width)


MASTER_HEADS = ("in both", "agreed", "pending", "held")


def _masters(rows: tuple[MasterShown, ...], summary: ReportSummary, width: int) -> Iterator[str]:
    only = tuple(f"only {one.title}" for one in (summary.source, summary.books))
    heads = (*MASTER_HEADS, *only)
    room = min(16, (width - 18) // len(heads))
    first = width - room * len(heads)
    shown = "".join(pad_left(clip(head, room - 1), room) for head in heads)
    yield pad("Records as of now", first) + shown
    yield "-" * width
    for one in rows:
        figures = (
            one.in_both,
            one.agreed,
            one.pending,
            one.held,
            one.only_in_source,
            one.only_in_books,
        )
        title = clip(f"  {nouns(one.kind)}", first - 1)
        yield pad(title, first) + "".join(pad_left(f"{n:,}", room) for n in figures)


def _ages(summary: ReportSummary, width: int) -> Iterator[str]:
    yield _figure_row("Open for", "documents", "differing by", width, 0)
    yield "-" * width
    for age in summary.ages:
        title = f"{bucket_words(age.bucket)}, {clean(age.currency)}"
        yield _figure_row(title, f"{age.count:,}", money(age.amount), width, 2)


def _records(
    report: Collected, statement: StatementShown, line: LineShown, width: int
) -> Iterator[str]:
    kept = report.kept(statement, line)
    if not kept:
        return
    yield ""
    title = f"{nouns(statement.kind).capitalize()}, {clean(statement.currency)}: {line_title(line)}"
    yield clip(f"{title} ({line.count:,})", width)
    yield "-" * width
    for record in kept:
        yield from _record(record, report.summary, width)
    if len(kept) < line.count:
        yield f"  ... {line.count - len(kept):,} smaller ones: --format csv lists every record"


def _record(one: RecordShown, summary: ReportSummary, width: int) -> Iterator[str]:
    dates = " / ".join(dict.fromkeys(filter(None, (day(one.source_date), day(one.books_date)))))
    what = f"{clean(one.number) or '(no number)'}, {clean(one.party) or '(nobody)'}"
    figures = (
        f"{clean(summary.source.title)} {_shown(one.source_total)}, "
        f"{clean(summary.books.title)} {_shown(one.books_total)}"
    )
    room = width - AMOUNT - 2
    yield (
        "  "
        + pad(clip(f"{what}, {clean(dates)}", room - 1), room)
        + pad_left(signed(one.difference), AMOUNT)
    )
    why = clean(one.text) + (f" (by {clean(one.by)})" if one.by else "")
    open_since = f", since {since(one.since)}" if one.since else ""
    entries = ", ".join(f"{seq:,}" for seq in (one.source_seq, one.books_seq, one.seq) if seq)
    trace = f"{one.record}; entries {entries}"
    if width >= WIDE and cells(why) < width // 2:
        yield clip(f"      {figures}: {why}{open_since}", width)
    else:
        yield clip(f"      {figures}{open_since}", width)
        yield clip(f"      {why}", width)
    yield clip(f"      {trace}", width)


def _shown(total: str | None) -> str:
    return "does not count it" if total is None else money(total)
