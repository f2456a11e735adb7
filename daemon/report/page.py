"""The report as one HTML page: nothing is fetched, nothing runs, it prints on A4. Pure.

The statement of each kind is a table in which every figure stands beside its drawing; the records
behind each line follow. Every text goes through ``markup``.
"""

import base64
import hashlib
from collections.abc import Iterator
from decimal import Decimal

from daemon.control.protocol_report import (
    AgeShown,
    LineShown,
    MasterShown,
    ReportSummary,
    StatementShown,
)
from daemon.control.slugs import nouns
from daemon.control.text import plural
from daemon.report.charts import Steps, bar
from daemon.report.collect import Collected
from daemon.report.figures import long_day, moment
from daemon.report.listing import amount, anchor, records_of
from daemon.report.markup import Markup, constant, foreign, join, tag, text
from daemon.report.style import STYLE
from daemon.report.terminal import cautions, verdict, without_documents
from daemon.report.words import MEANINGS, TITLES, bucket_words, line_title


def page(report: Collected) -> Iterator[str]:
    """The page in parts, so that a long one need not be held whole."""
    summary = report.summary
    title = f"Reconciliation, {summary.period_title}, {summary.company}"
    yield "<!DOCTYPE html>\n"
    yield '<html lang="en">'
    yield tag("head", *_head(title))
    yield "<body><main>"
    yield _top(summary)
    yield from _overview(summary)
    for statement in summary.statements:
        yield _statement(statement, summary)
        for line in (*statement.lines, *statement.apart):
            yield from records_of(report, statement, line)
    if summary.masters:
        yield _masters(summary)
    yield _signatures()
    yield _footer(summary)
    yield "</main></body></html>\n"


def policy() -> str:
    """What a browser may do with the page: show it with this one style sheet, nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _head(title: str) -> Iterator[Markup]:
    yield tag("meta", charset="utf-8")
    yield tag("meta", http_equiv="Content-Security-Policy", content=policy())
    yield tag("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield tag("meta", name="referrer", content="no-referrer")
    yield tag("meta", name="generator", content="trueup")
    yield tag("title", title)
    yield tag("style", constant(STYLE))


def _top(summary: ReportSummary) -> Markup:
    source, books = summary.source, summary.books
    states = [tag("p", line, class_="caution") for line in cautions(summary)]
    first, *rest = verdict(summary)
    look = "verdict bad" if summary.unexplained else "verdict"
    return tag(
        "header",
        tag("p", foreign(summary.company), class_="who"),
        tag("h1", f"Reconciliation, {summary.period_title}"),
        tag("p", f"{long_day(summary.first)} to {long_day(summary.last)}", class_="soft"),
        tag("div", tag("p", tag("strong", first)), *(tag("p", r) for r in rest), class_=look),
        *states,
        tag(
            "dl",
            *_fact("Source", join(foreign(source.title), _environment(source.environment))),
            *_fact("Books", join(foreign(books.title), _environment(books.environment))),
            *_fact("As of", moment(summary.as_of)),
            *_fact("Made by", foreign(summary.made_by)),
            *_fact(
                "Days", f"dates as each system shows them; the period ends in {summary.timezone}"
            ),
            *_fact("Ledger", join(f"entry {summary.head:,}, ", tag("code", summary.head_hash))),
            *_fact("Configuration", tag("code", summary.config or "not recorded yet")),
            *_fact("trueup", f"{summary.version}, mapping {summary.mapping_version}"),
        ),
    )


def _environment(name: str) -> Markup:
    return join(" (", text(name), ")") if name else Markup()


def _fact(name: str, value: str) -> tuple[Markup, Markup]:
    return tag("dt", name), tag("dd", value)


def _overview(summary: ReportSummary) -> Iterator[Markup]:
    """Both sides of every kind as bars, currency by currency, and the age of what is open."""
    yield tag("h2", "Overview")
    for currency in dict.fromkeys(one.currency for one in summary.statements):
        rows = [one for one in summary.statements if one.currency == currency]
        yield _bars(rows, currency, summary)
    if none := without_documents(summary):
        yield tag("p", none, class_="note")
    if summary.ages:
        yield _ages(summary.ages)


def _bars(rows: list[StatementShown], currency: str, summary: ReportSummary) -> Markup:
    most = max(abs(Decimal(total)) for one in rows for total in (one.source_total, one.books_total))
    source, books = summary.source.title, summary.books.title
    heads = ("Kind", source, "", books, "Difference", "Unexplained")
    body = []
    for one in rows:
        drawn = join(
            bar(Decimal(one.source_total), most, look="source"),
            bar(Decimal(one.books_total), most, look="books"),
        )
        unexplained = one.lines[-1]
        body.append(
            tag(
                "tr",
                tag("th", nouns(one.kind).capitalize(), scope="row", role="rowheader"),
                _cell(amount(one.source_total), source),
                tag("td", drawn, class_="draw", role="cell"),
                _cell(amount(one.books_total), books),
                _cell(amount(one.difference, plus=True), "Difference"),
                _cell(_unexplained(unexplained), "Unexplained"),
                role="row",
                class_="alarm" if unexplained.count else "",
            )
        )
    caption = join(
        "Totals in ",
        foreign(currency),
        ". Upper bar: ",
        foreign(source),
        "; lower bar: ",
        foreign(books),
        ".",
    )
    return _table(caption, heads, body, look="wide", figures=(1, 3, 4, 5))


def _unexplained(line: LineShown) -> Markup:
    if not line.count:
        return amount(line.difference)
    return join(amount(line.difference, plus=True), f" ({line.count:,})")


def _statement(one: StatementShown, summary: ReportSummary) -> Markup:
    steps = Steps([Decimal(line.difference) for line in one.lines])
    source, books = summary.source.title, summary.books.title
    rows = [
        _row(
            f"Total in {source}", one.source_count, amount(one.source_total), steps.total(), "total"
        )
    ]
    for line in one.lines:
        is_open = line.section == "unexplained"
        step = Decimal(line.difference)
        drawn = steps.step(step, look="unknown" if is_open else "more" if step > 0 else "less")
        look = "step alarm" if is_open and line.count else "step"
        title = (
            tag("a", line_title(line), href=f"#{anchor(one, line)}")
            if line.count
            else line_title(line)
        )
        rows.append(_row(title, line.count, amount(line.difference, plus=True), drawn, look))
    rows.append(
        _row(
            f"Total in {books}",
            one.books_count,
            amount(one.books_total),
            steps.total(),
            "total last",
        )
    )
    rows += _memos(one)
    since = f" Documents dated from {long_day(one.since)} on." if one.since else ""
    caption = join(
        f"From the total in {source} to the total in {books}, in ",
        foreign(one.currency),
        ".",
        since,
    )
    heads = ("Line", "Documents", "Amount", "")
    return tag(
        "section",
        tag("h2", nouns(one.kind).capitalize(), ", ", foreign(one.currency)),
        _table(caption, heads, rows, look="statement", figures=(1, 2)),
    )


def _memos(one: StatementShown) -> Iterator[Markup]:
    """Figures below the line: they explain nothing and are part of no total above."""
    agreed = one.agreed
    yield _row(
        "Of both totals, agreed", agreed.count, amount(agreed.source_total), Markup(), "memo"
    )
    if one.open_besides:
        title = "Agreed in total, something else is open"
        yield _row(title, one.open_besides, Markup(), Markup(), "memo")
    if one.late_count:
        title = "Written to the books after the period’s end"
        yield _row(title, one.late_count, amount(one.late_total), Markup(), "memo")
    for line in one.apart:
        both = join(amount(line.source_total), " / ", amount(line.books_total))
        yield _row(f"Apart: {line_title(line).lower()}", line.count, both, Markup(), "memo")


def _row(title: str, count: int, figure: Markup, drawn: Markup, look: str) -> Markup:
    return tag(
        "tr",
        tag("th", title, scope="row"),
        tag("td", f"{count:,}", class_="n"),
        tag("td", figure, class_="n"),
        tag("td", drawn, class_="draw"),
        class_=look,
    )


def _cell(figure: Markup, label: str) -> Markup:
    return tag("td", figure, class_="n", role="cell", data_label=label)


def _table(
    caption: Markup,
    heads: tuple[str, ...],
    rows: list[Markup],
    *,
    look: str,
    figures: tuple[int, ...],
) -> Markup:
    cells = [
        tag("th", head, scope="col", role="columnheader", class_="n" if place in figures else "")
        if head
        else tag("td", class_="draw", role="cell")
        for place, head in enumerate(heads)
    ]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *cells, role="row"), role="rowgroup"),
        tag("tbody", *rows, role="rowgroup"),
        class_=look,
        role="table",
    )


def _ages(ages: tuple[AgeShown, ...]) -> Markup:
    most = max(Decimal(age.count) for age in ages)
    rows = [
        _row(
            join(bucket_words(age.bucket), ", ", foreign(age.currency)),
            age.count,
            amount(age.amount),
            bar(Decimal(age.count), most, look="books"),
            "",
        )
        for age in ages
    ]
    caption = Markup("How long open documents have been waiting; amounts without their signs.")
    return join(
        tag("h3", "Age of what is open"),
        _table(
            caption,
            ("Open for", "Documents", "Differing by", ""),
            rows,
            look="ages",
            figures=(1, 2),
        ),
    )


def _masters(summary: ReportSummary) -> Markup:
    heads = (
        "Kind",
        "In both",
        "Agreed",
        "Pending",
        "Held",
        f"Only in {summary.source.title}",
        f"Only in {summary.books.title}",
    )
    rows = [tag("tr", *_master(one, heads), role="row") for one in summary.masters]
    caption = Markup("Active and inactive records, counted as they are now, whatever the period.")
    return tag(
        "section",
        tag("h2", "Records that are no documents"),
        _table(caption, heads, rows, look="wide", figures=(1, 2, 3, 4, 5, 6)),
    )


def _master(one: MasterShown, heads: tuple[str, ...]) -> Iterator[Markup]:
    yield tag("th", nouns(one.kind).capitalize(), scope="row", role="rowheader")
    counts = (
        one.in_both,
        one.agreed,
        one.pending,
        one.held,
        one.only_in_source,
        one.only_in_books,
    )
    for head, count in zip(heads[1:], counts, strict=True):
        yield _cell(tag("data", f"{count:,}", value=str(count)), head)


def _signatures() -> Markup:
    return tag(
        "section",
        *(
            tag("p", role)
            for role in ("Prepared by, date", "Reviewed by, date", "Approved by, date")
        ),
        class_="sign",
        aria_label="Signatures",
    )


def _footer(summary: ReportSummary) -> Markup:
    used = {line.section for one in summary.statements for line in (*one.lines, *one.apart)}
    kept = plural(summary.open, "open document")
    return tag(
        "footer",
        tag("p", f"Amounts are exact. A difference is books less source. {kept} in all."),
        *(
            tag("p", tag("b", f"{TITLES[name]}. "), MEANINGS[name])
            for name in MEANINGS
            if name in used
        ),
        tag(
            "p",
            "The same report as CSV lists every record, the agreed ones too. To see that the "
            "ledger still is the one named above: trueup ledger verify.",
        ),
    )
