"""``trueup conflict``: what both sides changed, and a person's decision."""

from typing import TYPE_CHECKING

import click
import msgspec

from daemon.cli.completing import records, systems
from daemon.cli.decide import confirmed_count, count_option, decided, seen_option
from daemon.cli.exits import Exit
from daemon.cli.lists import MAX_PAGE, ListGroup
from daemon.cli.out import answer, answer_values, note, say
from daemon.cli.plan import holds_lines
from daemon.cli.settings import ask, json_option, shared_options
from daemon.control.text import clean

if TYPE_CHECKING:
    from daemon.control.protocol import HoldShown, PlanAnswer

DECIDED_BY_VALUE = ("conflict", "foreign_edit", "discrepant")


@click.group(cls=ListGroup)
@shared_options
def conflict() -> None:
    """List and decide conflicts: fields that both sides changed since they agreed."""


@conflict.command("list")
@click.option("--limit", type=click.IntRange(1, MAX_PAGE), default=500, show_default=True)
@json_option
@shared_options
def list_conflicts(*, limit: int, as_json: bool) -> int:
    """Every conflict, with what each side showed when they agreed and what it shows now."""
    pages = _pages(limit)
    found = [hold for page in pages for hold in page.holds]
    more = any(page.more for page in pages)
    if as_json:
        answer_values(
            "trueup.conflicts/1",
            as_of=pages[0].as_of.isoformat(),
            head=pages[0].head,
            conflicts=[msgspec.to_builtins(hold) for hold in found],
            more=more,
        )
        return Exit.DONE
    _print(found)
    if not found:
        say("no conflicts")
    if more:
        note("there are more: use a larger --limit")
    return Exit.DONE


@conflict.command()
@click.argument("record", shell_complete=records)
@json_option
@shared_options
def show(*, record: str, as_json: bool) -> int:
    """The conflicts of one RECORD: a record id, system/kind/id, SKU, code, name or number."""
    shown = ask(lambda daemon: daemon.plan(record=record))
    found = [hold for hold in shown.holds if hold.code in DECIDED_BY_VALUE]
    if as_json:
        answer_values(
            "trueup.conflicts/1",
            as_of=shown.as_of.isoformat(),
            head=shown.head,
            conflicts=[msgspec.to_builtins(hold) for hold in found],
            more=False,
        )
        return Exit.DONE if found else Exit.NOT_FOUND
    _print(found)
    if found:
        note(f"as of entry {shown.head}: --seen {shown.head} refuses an answer if it moved since")
    else:
        note(f"no conflict of {clean(record)}: trueup conflict list shows all")
    return Exit.DONE if found else Exit.NOT_FOUND


def _pages(limit: int) -> "list[PlanAnswer]":
    return [
        ask(lambda daemon, code=code: daemon.plan(limit=limit, code=code))  # type: ignore[misc]
        for code in DECIDED_BY_VALUE
    ]


def _print(holds: "list[HoldShown]") -> None:
    for line in holds_lines(holds):
        say(line)


@conflict.command()
@click.argument("record", default="", shell_complete=records)
@click.option("--pattern", default="", help="All that is held for this (trueup desk shows them).")
@click.option("--field", required=True, help="The field that is in conflict.")
@click.option(
    "--take", default="", metavar="SYSTEM", shell_complete=systems, help="Whose value is right."
)
@click.option("--value", help="In its place: a value of your own, for both sides.")
@click.option("--reason", required=True, help="Kept with the decision in the ledger.")
@count_option
@seen_option
@click.option("--dry-run", is_flag=True, help="Only say what would be decided.")
@json_option
@shared_options
def resolve(
    *,
    record: str,
    pattern: str,
    field: str,
    take: str,
    value: str | None,
    reason: str,
    expect_count: int | None,
    seen: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Decide which value of one field of RECORD is right: a side's, or one of your own.

    The decision is for the values shown now: it is void when either side changes again. A value
    of your own is written as its field is (12.95, yes, the name of what is pointed to, an address
    as JSON; empty clears), tried on each side, and refused where one could not hold it. With
    --pattern one side is right in every record that is held for it.
    """
    if bool(take) == (value is not None):
        raise click.UsageError("give --take SYSTEM or --value VALUE, and not both")
    if bool(record) == bool(pattern):
        raise click.UsageError("name a RECORD, or give --pattern, and not both")
    if pattern and not take:
        raise click.UsageError("a value of your own is for one RECORD: with --pattern give --take")
    from daemon.control.protocol import ResolveRequest
    from daemon.control.protocol_valves import ResolvePatternRequest

    if pattern:
        if expect_count is None:
            expect_count = confirmed_count(pattern, f"{take} is right", skipped=False)
        many = ResolvePatternRequest(
            pattern=pattern,
            field=field,
            take=take,
            reason=reason,
            expect_count=expect_count,
            dry_run=dry_run,
        )
        return decided(ask(lambda daemon: daemon.resolve_pattern(many)), as_json)
    request = ResolveRequest(
        record=record,
        field=field,
        take=take,
        value=value,
        reason=reason,
        seen=seen,
        dry_run=dry_run,
    )
    shown = ask(lambda daemon: daemon.resolve(request))
    if as_json:
        answer(shown)
        return Exit.DONE
    say(f"{'would be decided: ' if dry_run else ''}{clean(shown.text)}")
    if shown.seq:
        say(f"ledger entry {shown.seq}")
        note(f"next: {shown.next}")
    return Exit.DONE
