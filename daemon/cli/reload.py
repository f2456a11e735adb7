"""``trueup reload``: let the daemon read its configuration again, and say what became of it."""

from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer, note, say
from daemon.cli.settings import ask, json_option, shared_options

if TYPE_CHECKING:
    from daemon.control.protocol_reload import ReloadAnswer


@click.command()
@click.option("--wait", is_flag=True, help="Answer when it is in force (20 seconds at most).")
@click.option("--dry-run", is_flag=True, help="Only say what would become of it.")
@json_option
@shared_options
def reload(*, wait: bool, dry_run: bool, as_json: bool) -> int:
    """Read the configuration again and put in force, between two cycles, what can be.

    Says which keys are in force, which need a restart, and which approvals became void. A file
    with problems changes nothing: the former configuration stays, and this exits 78.
    """
    told = ask(lambda daemon: daemon.reload(wait=wait, dry_run=dry_run))
    if as_json:
        answer(told)
    elif told.ok:
        _show(told)
    else:
        for problem in told.problems:
            note(problem)
        note("refused: the former configuration stays in force")
    return Exit.DONE if told.ok else Exit.CONFIG


def _show(told: "ReloadAnswer") -> None:
    if not told.applied and not told.restart:
        say(f"{told.file}: nothing changed")
        return
    when = "in force" if told.in_force else "in force once the cycle under way is over"
    if told.dry_run:
        when = "would be in force between two cycles"
    for key in told.applied:
        say(f"{key}: {when}")
    for key in told.restart:
        say(f"{key}: needs a restart")
    if told.approved:
        _show_void(told)


def _show_void(told: "ReloadAnswer") -> None:
    if told.void_count is None:
        note(
            f"approved changes to be planned anew: {told.approved}; what comes out otherwise waits "
            "again: trueup plan"
        )
        return
    say(f"approvals void: {told.void_count} of {told.approved}")
    for label in told.void:
        say(f"  {label}")
    if told.void_count:
        note("approve them as they are now: trueup plan")
