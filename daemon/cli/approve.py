"""``trueup approve`` and ``withdraw``: a person's yes to exactly the changes named, taken back."""

import click

from daemon.cli.completing import digests
from daemon.cli.decide import decided
from daemon.cli.exits import Exit
from daemon.cli.out import answer, may_ask, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.control.text import plural


@click.command()
@click.argument("digests", nargs=-1, metavar="[DIGEST]...", shell_complete=digests)
@click.option("--all", "everything", is_flag=True, help="Every change that waits.")
@click.option("--expect-count", type=click.IntRange(0), help="How many they are; else refused.")
@click.option(
    "--reason", "--note", "remark", default="", help="Kept with the approval in the ledger."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be approved.")
@json_option
@shared_options
def approve(
    *,
    digests: tuple[str, ...],
    everything: bool,
    expect_count: int | None,
    remark: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Approve changes by DIGEST (any unique beginning), or --all of them.

    An approval is a ceiling: it covers exactly these changes until it expires. A change that
    differs afterwards waits again. Approving the whole first plan ends observe-only.
    """
    if everything == bool(digests):
        raise click.UsageError("name digests, or give --all, and not both (trueup plan shows them)")
    if everything and expect_count is None:
        expect_count = _confirmed_count()
    shown = ask(
        lambda daemon: daemon.approve(
            digests,
            everything=everything,
            expect_count=expect_count,
            note=remark,
            dry_run=dry_run,
        )
    )
    if as_json:
        answer(shown)
        return Exit.DONE
    done = "would be approved" if dry_run else "approved"
    say(f"{plural(shown.approved, 'change')} {done} by {shown.by}, valid until {shown.expires_at}")
    if shown.seq:
        say(f"ledger entry {shown.seq}")
    if not dry_run:
        note("back: trueup withdraw DIGEST, or trueup pause --reason TEXT for everything")
        note("the daemon sends them now; trueup status shows how far it is")
    return Exit.DONE


@click.command()
@click.argument("digests", nargs=-1, required=True, metavar="DIGEST...", shell_complete=digests)
@click.option("--reason", default="", help="Kept with it in the ledger.")
@click.option("--expect-count", type=click.IntRange(0), help="How many they are; else refused.")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken back.")
@json_option
@shared_options
def withdraw(
    *,
    digests: tuple[str, ...],
    reason: str,
    expect_count: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take back the approval of changes that are not sent yet, by DIGEST.

    What is on its way to a system cannot be stopped, and what needs no approval goes on: trueup
    pause stops both.
    """
    from daemon.control.protocol import WithdrawRequest

    request = WithdrawRequest(
        digests=digests, reason=reason, expect_count=expect_count, dry_run=dry_run
    )
    return decided(ask(lambda daemon: daemon.withdraw(request)), as_json)


def _confirmed_count() -> int:
    """Ask a person at a terminal; without one the count has to be given."""
    if not may_ask():
        raise click.UsageError("--all needs --expect-count N (trueup plan tells the number)")
    totals = ask(lambda daemon: daemon.plan(limit=1)).totals
    approved = totals.by_state.get("approved", 0)
    waiting = totals.operations - approved - totals.skipped_operations
    if not waiting:
        note("nothing waits for approval")
        raise click.exceptions.Exit(Exit.DONE)
    for what, count in totals.by_action.items():
        note(f"  {count:>6,}  {what.replace('_', ' ')}")
    if approved:
        note(f"  {approved:,} of these are approved already")
    note("trueup plan shows each of them, field by field")
    click.confirm(f"Approve {plural(waiting, 'change')}?", abort=True, err=True)
    return waiting
