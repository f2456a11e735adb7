"""``trueup link`` and ``trueup retry``: what belongs together, and what to try again."""

from typing import TYPE_CHECKING

import click

from daemon.cli.completing import records
from daemon.cli.exits import Exit
from daemon.cli.out import answer, may_ask, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.control.protocol import DoneAnswer


reason_option = click.option(
    "--reason", required=True, help="Kept with the decision in the ledger."
)
count_option = click.option(
    "--expect-count",
    type=click.IntRange(0),
    help="With --pattern: how many they are; else refused.",
)
seen_option = click.option(
    "--seen",
    type=click.IntRange(0),
    default=0,
    metavar="SEQ",
    help="The entry up to which you looked; refused (6) if it moved on since.",
)


@click.command()
@click.argument("record", shell_complete=records)
@click.argument("ref")
@click.option("--apart", is_flag=True, help="They are different things: never propose it again.")
@click.option("--unlink", is_flag=True, help="They were joined by mistake: part them.")
@click.option("--reason", default="", help="Kept with the decision in the ledger.")
@seen_option
@click.option("--dry-run", is_flag=True, help="Only say what would be noted.")
@json_option
@shared_options
def link(
    *,
    record: str,
    ref: str,
    apart: bool,
    unlink: bool,
    reason: str,
    seen: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Say that REF (system/kind/id) is RECORD, or with --apart or --unlink that it is not."""
    if apart and unlink:
        raise click.UsageError("--apart and --unlink exclude each other")
    from daemon.control.protocol import LinkRequest

    request = LinkRequest(
        record=record,
        ref=ref,
        action="apart" if apart else "unlink" if unlink else "link",
        reason=reason,
        seen=seen,
        dry_run=dry_run,
    )
    return decided(ask(lambda daemon: daemon.link(request)), as_json)


@click.command()
@click.argument("record", default="", shell_complete=records)
@click.option("--pattern", default="", help="All that is held for this (trueup desk shows them).")
@click.option("--reason", default="", help="Kept with the decision in the ledger.")
@count_option
@seen_option
@click.option("--dry-run", is_flag=True, help="Only say what would be tried.")
@json_option
@shared_options
def retry(
    *,
    record: str,
    pattern: str,
    reason: str,
    expect_count: int | None,
    seen: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send once more what a system refused for RECORD, or what was set aside of it."""
    from daemon.control.protocol import RetryRequest
    from daemon.control.protocol_valves import RetryPatternRequest

    if bool(record) == bool(pattern):
        raise click.UsageError("name a RECORD, or give --pattern, and not both")
    if not pattern:
        request = RetryRequest(record=record, reason=reason, seen=seen, dry_run=dry_run)
        return decided(ask(lambda daemon: daemon.retry(request)), as_json)
    if expect_count is None:
        expect_count = confirmed_count(pattern, "Try again", skipped=True)
    many = RetryPatternRequest(
        pattern=pattern, reason=reason, expect_count=expect_count, dry_run=dry_run
    )
    return decided(ask(lambda daemon: daemon.retry_pattern(many)), as_json)


def confirmed_count(pattern: str, verb: str, *, skipped: bool) -> int:
    """Ask a person at a terminal about all of a pattern; without one the count has to be given."""
    if not may_ask():
        raise click.UsageError("--pattern needs --expect-count N (trueup desk tells the number)")
    shown = ask(lambda daemon: daemon.desk(pattern=pattern, limit=1))
    count = sum(one.records - (0 if skipped else one.skipped) for one in shown.patterns)
    for one in shown.patterns:
        note(f"  {plural(one.records, 'record')}: {clean(one.text)}")
    click.confirm(f"{verb}: {plural(count, 'record')}?", abort=True, err=True)
    return count


def decided(shown: "DoneAnswer", as_json: bool) -> int:
    """Say what a decision did, where it is noted, and what takes it back."""
    if as_json:
        answer(shown)
        return Exit.DONE
    say(f"{'would be noted: ' if shown.dry_run else ''}{clean(shown.text)}")
    if shown.seq:
        say(f"ledger entry {shown.seq}")
        if shown.back:
            note(f"back: {shown.back}")
        note(f"next: {shown.next}")
    return Exit.DONE
