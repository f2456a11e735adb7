"""The records behind one line of a statement, as a table of the page. Pure."""

from collections.abc import Iterator

from daemon.control.protocol_report import LineShown, RecordShown, ReportSummary, StatementShown
from daemon.control.slugs import nouns
from daemon.report.collect import Collected
from daemon.report.figures import day, money, signed, since
from daemon.report.markup import Markup, foreign, join, tag
from daemon.report.words import MEANINGS, line_title


def anchor(one: StatementShown, line: LineShown) -> str:
    """The place of a line's records in the page."""
    parts = (one.kind, one.currency, line.section, line.detail, line.reason)
    return "-".join("".join(c if c.isalnum() else "_" for c in part) for part in parts if part)


def amount(value: str | None, *, plus: bool = False) -> Markup:
    """A figure that programs can read too: ``<data value="-1.20">``."""
    if value is None:
        return tag("span", "not counted", class_="soft")
    return tag("data", signed(value) if plus else money(value), value=value)


def records_of(report: Collected, one: StatementShown, line: LineShown) -> Iterator[Markup]:
    """A heading, a table, and what is left out of it; nothing for a line without records."""
    kept = report.kept(one, line)
    if not kept:
        return
    summary = report.summary
    yield tag("h3", line_title(line), id=anchor(one, line))
    heads = (
        ("Document", "doc"),
        ("Dated", "day"),
        (summary.source.title, "n"),
        (summary.books.title, "n"),
        ("Difference", "n"),
        ("Reason", "reason"),
    )
    titles = (
        tag("th", head, scope="col", role="columnheader", class_=look) for head, look in heads
    )
    what = join(nouns(one.kind).capitalize(), " in ", foreign(one.currency), ". ")
    yield tag(
        "table",
        tag("caption", what, MEANINGS[line.section]),
        tag("thead", tag("tr", *titles, role="row"), role="rowgroup"),
        tag("tbody", *(_record(record, summary) for record in kept), role="rowgroup"),
        class_="records",
        role="table",
    )
    if len(kept) < line.count:
        yield tag(
            "p",
            f"{line.count - len(kept):,} more, each with a smaller difference or as large: the CSV "
            "file of this report lists every one.",
            class_="note",
        )


def _record(one: RecordShown, summary: ReportSummary) -> Markup:
    party = foreign(one.party or "nobody named")
    number = foreign(one.number or "no number")
    trace = tag("span", one.record, class_="trace")
    return tag(
        "tr",
        tag(
            "th",
            tag("b", number),
            tag("br"),
            party,
            trace,
            scope="row",
            role="rowheader",
            class_="doc",
        ),
        tag("td", *_dates(one), role="cell", class_="day", data_label="Dated"),
        _figure(amount(one.source_total), summary.source.title),
        _figure(amount(one.books_total), summary.books.title),
        _figure(amount(one.difference, plus=True), "Difference"),
        tag("td", *_why(one), role="cell", class_="reason"),
        role="row",
        class_="alarm" if one.section == "unexplained" else "",
    )


def _figure(figure: Markup, label: str) -> Markup:
    return tag("td", figure, role="cell", class_="n", data_label=label)


def _dates(one: RecordShown) -> Iterator[Markup]:
    """One date, or both where the systems differ, the source's first."""
    shown = list(dict.fromkeys(date for date in (one.source_date, one.books_date) if date))
    for place, date in enumerate(shown):
        yield join(tag("br") if place else Markup(), tag("time", day(date), datetime=date))


def _why(one: RecordShown) -> Iterator[Markup]:
    yield join(foreign(one.text), "" if one.text.endswith((".", "!", "?")) else ".")
    if one.by:
        yield join(" Set aside by ", foreign(one.by), ".")
    if one.since:
        yield join(" Since ", since(one.since), ".")
    refs = [ref for ref in (one.source_ref, one.books_ref) if ref]
    entries = ", ".join(f"{seq:,}" for seq in (one.source_seq, one.books_seq, one.seq) if seq)
    parts = [tag("bdi", ref) for ref in refs]
    told = join(*(join(part, ", ") for part in parts), f"ledger {entries}")
    yield tag("span", told, class_="trace")
