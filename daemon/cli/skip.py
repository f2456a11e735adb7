"""``trueup desk`` and ``trueup skip``: what does not flow and why, and what is set aside."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from daemon.cli.completing import codes, records
from daemon.cli.decide import confirmed_count, count_option, decided, seen_option
from daemon.cli.exits import Exit
from daemon.cli.lists import DEFAULT_PAGE, MAX_PAGE
from daemon.cli.out import answer, heading, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.words import age_text as age_text
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.control.protocol_valves import DeskAnswer, PatternShown, SkipsAnswer, TroubleShown


@click.command()
@click.argument("pattern", default="", shell_complete=codes)
@click.option("--limit", type=click.IntRange(1, MAX_PAGE), default=DEFAULT_PAGE, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out so many records.")
@json_option
@shared_options
def desk(*, pattern: str, limit: int, offset: int, as_json: bool) -> int:
    """Everything that does not flow, grouped by what is the matter with it.

    With PATTERN (or a code such as rejected) each record of it: cause, cure, age and what makes
    it be tried again.
    """
    shown = ask(lambda daemon: daemon.desk(pattern=pattern, limit=limit, offset=offset))
    if as_json:
        answer(shown)
        return Exit.DONE
    if pattern and not shown.records:
        say(f"nothing is held for {clean(pattern)}")
        note("trueup desk shows all that is held")
        return Exit.DONE
    for line in desk_lines(shown, in_full=bool(pattern)):
        say(line)
    if pattern and shown.more:
        note(f"there is more: use --offset {offset + limit}, or a larger --limit")
    return Exit.DONE


def desk_lines(shown: "DeskAnswer", *, in_full: bool) -> Iterator[str]:
    """Patterns, the most common first; ``in_full`` with every record."""
    if not shown.records:
        yield "nothing is held"
        return
    aside = f", {shown.skipped:,} of them set aside" if shown.skipped else ""
    causes = plural(len(shown.patterns), "cause")
    yield f"{plural(shown.records, 'record')} held for {causes}{aside}"
    for pattern in shown.patterns:
        yield ""
        yield from _pattern_lines(pattern)
    if in_full:
        yield ""
        for row in shown.rows:
            yield from _row_lines(row)


def _pattern_lines(one: "PatternShown") -> Iterator[str]:
    aside = f", {one.skipped:,} set aside" if one.skipped else ""
    yield f"  {one.pattern}  {plural(one.records, 'record')}{aside}, since {one.oldest[:19]}Z"
    yield f"      {clean(one.text)}"
    yield f"      such as: {', '.join(clean(label) for label in one.sample)}"
    if one.cure:
        yield f"      -> {clean(one.cure)}"
    yield f"      trueup desk {one.pattern}"
    left = one.records - one.skipped
    for field in one.fields if left else ():
        of = f"--pattern {one.pattern} --expect-count {left}"
        yield f"      trueup conflict resolve {of} --field {field} --take SYSTEM --reason TEXT"
    if not one.fields or one.skipped:
        everything = f"--pattern {one.pattern} --expect-count {one.records}"
        yield f"      trueup retry {everything} --reason TEXT"
    if left:
        yield f"      trueup skip --pattern {one.pattern} --expect-count {left} --reason TEXT"


def _row_lines(row: "TroubleShown") -> Iterator[str]:
    until = f" until {row.until[:19]}Z" if row.until else ""
    aside = f"  (set aside{until})" if row.skipped else ""
    kind = row.kind.replace("_", " ")
    yield f"  {kind} {clean(row.label)}  {row.record}  {age_text(row.age_s)}{aside}"
    yield f"      {clean(row.text)}"
    if row.cure:
        yield f"      -> {clean(row.cure)}"
    yield f"      tried again {clean(row.next_try)}"


@click.command()
@click.argument("record", default="", shell_complete=records)
@click.option("--pattern", default="", help="All that is held for this (trueup desk shows them).")
@click.option("--reason", default="", help="Kept with the decision in the ledger; required.")
@count_option
@click.option(
    "--until",
    default="",
    metavar="WHEN",
    help="Take it up again by itself then: a day, or an instant (the company's zone).",
)
@seen_option
@click.option("--list", "is_list", is_flag=True, help="Show what is set aside now.")
@click.option("--dry-run", is_flag=True, help="Only say what would be set aside.")
@json_option
@shared_options
def skip(
    *,
    record: str,
    pattern: str,
    reason: str,
    expect_count: int | None,
    until: str,
    seen: int,
    is_list: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Set RECORD aside as it is now: what is planned for it, and what holds it.

    It stays a difference: in the status, the plan, the totals and in --list. It ends by itself
    when the record changes, by trueup retry, and with --until at that instant: 2026-12-01 is the
    first moment of that day for the company, and 2026-12-01T14:30 a wall clock there.
    """
    if is_list:
        if record or pattern or reason or until:
            raise click.UsageError("--list shows all; it takes no record, pattern, reason or end")
        return _list(as_json)
    if bool(record) == bool(pattern):
        raise click.UsageError("name a RECORD, or give --pattern, and not both")
    if not reason.strip():
        raise click.UsageError("--reason TEXT is required: it is kept with the decision")
    from daemon.control.protocol_valves import SkipRequest

    if pattern and expect_count is None:
        expect_count = confirmed_count(pattern, "Set aside", skipped=False)
    request = SkipRequest(
        record=record,
        pattern=pattern,
        reason=reason,
        expect_count=expect_count,
        until=until,
        seen=seen,
        dry_run=dry_run,
    )
    return decided(ask(lambda daemon: daemon.skip(request)), as_json)


def _list(as_json: bool) -> int:
    shown = ask(lambda daemon: daemon.skips(limit=MAX_PAGE))
    if as_json:
        answer(shown)
        return Exit.DONE
    for line in skips_lines(shown):
        say(line)
    return Exit.DONE


def skips_lines(shown: "SkipsAnswer") -> Iterator[str]:
    """Everything that is set aside, with who said so and why."""
    if not shown.skips:
        yield "nothing is set aside"
        return
    heading(f"Set aside ({len(shown.skips):,}{' and more' if shown.more else ''})")
    for one in shown.skips:
        yield f"  {one.kind.replace('_', ' ')} {clean(one.label)}  {one.record}"
        yield f"      {clean(one.what)}"
        yield f"      since {one.since[:19]}Z by {clean(one.by)}: {clean(one.reason)}"
        if one.until:
            yield f"      until {one.until[:19]}Z, when it is taken up by itself"
        yield f"      trueup retry {one.record} --reason TEXT"
