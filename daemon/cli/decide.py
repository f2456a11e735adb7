"""``trueup link`` and ``trueup retry``: what belongs together, and what to try again."""

from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.text import clean
from daemon.control.protocol import LinkRequest, RetryRequest

if TYPE_CHECKING:
    from daemon.control.protocol import DoneAnswer


@click.command()
@click.argument("record")
@click.argument("ref")
@click.option("--apart", is_flag=True, help="They are different things: never propose it again.")
@click.option("--unlink", is_flag=True, help="They were joined by mistake: part them.")
@click.option("--reason", default="", help="Kept with the decision in the ledger.")
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
    dry_run: bool,
    as_json: bool,
) -> int:
    """Say that REF (system/kind/id) is RECORD, or with --apart or --unlink that it is not."""
    if apart and unlink:
        raise click.UsageError("--apart and --unlink exclude each other")
    request = LinkRequest(
        record=record,
        ref=ref,
        action="apart" if apart else "unlink" if unlink else "link",
        reason=reason,
        dry_run=dry_run,
    )
    return _done(ask(lambda daemon: daemon.link(request)), as_json)


@click.command()
@click.argument("record")
@click.option("--reason", default="", help="Kept with the decision in the ledger.")
@click.option("--dry-run", is_flag=True, help="Only say what would be tried.")
@json_option
@shared_options
def retry(*, record: str, reason: str, dry_run: bool, as_json: bool) -> int:
    """Send once more what a system refused for RECORD."""
    request = RetryRequest(record=record, reason=reason, dry_run=dry_run)
    return _done(ask(lambda daemon: daemon.retry(request)), as_json)


def _done(shown: "DoneAnswer", as_json: bool) -> int:
    if as_json:
        answer(shown)
        return Exit.DONE
    say(f"{'would be noted: ' if shown.dry_run else ''}{clean(shown.text)}")
    if shown.seq:
        say(f"ledger entry {shown.seq}")
        note(f"next: {shown.next}")
    return Exit.DONE
