"""``trueup remap`` and ``trueup accept-absence``: answers to what went missing on one side."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from daemon.cli.completing import kinds, systems
from daemon.cli.decide import decided, reason_option
from daemon.cli.exits import Exit
from daemon.cli.out import answer, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.control.protocol_valves import RemapsAnswer


@click.command()
@click.argument("old", default="")
@click.argument("new", default="")
@click.option("--system", default="", help="Where the answer counts [default: the books].")
@click.option("--undo", "--remove", "undo", is_flag=True, help="OLD means itself again.")
@click.option("--list", "is_list", is_flag=True, help="Standing answers, and what waits for one.")
@click.option("--reason", default="", help="Kept with the decision in the ledger; required.")
@click.option("--dry-run", is_flag=True, help="Only say what would be noted.")
@json_option
@shared_options
def remap(
    *,
    old: str,
    new: str,
    system: str,
    undo: bool,
    is_list: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """From now on NEW is meant in the books where OLD is said: for accounts that were renumbered,
    merged or removed, and everything that points to them.

    Without arguments, or with --list: what stands, and the questions that wait for an answer.
    """
    if is_list or not old:
        return _list(as_json)
    if undo == bool(new):
        raise click.UsageError("name OLD and NEW, or OLD with --undo")
    if not reason.strip():
        raise click.UsageError("--reason TEXT is required: it is kept with the decision")
    from daemon.control.protocol_valves import RemapRequest

    request = RemapRequest(
        old=old, new=new, system=system, undo=undo, reason=reason, dry_run=dry_run
    )
    return decided(ask(lambda daemon: daemon.remap(request)), as_json)


def _list(as_json: bool) -> int:
    shown = ask(lambda daemon: daemon.remaps())
    if as_json:
        answer(shown)
        return Exit.DONE
    for line in remaps_lines(shown):
        say(line)
    return Exit.DONE


def remaps_lines(shown: "RemapsAnswer") -> Iterator[str]:
    """Standing answers, then what waits for one."""
    for row in shown.remaps:
        old, new = clean(row.old_label), clean(row.new_label)
        yield f"  in {row.system}, {old} ({row.old}) is {new} ({row.new})"
        yield f"      since {row.since[:19]}Z by {clean(row.by)}: {clean(row.reason)}"
        yield f"      trueup remap {row.old} --undo --reason TEXT"
    if not shown.remaps:
        yield "no answer stands"
    for one in shown.questions:
        what = plural(one.records, "record")
        waits = "waits" if one.records == 1 else "wait"
        yield f"  {what} {waits} for one answer: where does {clean(one.target_label)} go?"
        yield f"      such as: {', '.join(clean(label) for label in one.sample)}"
        yield f"      {clean(one.text)}"
        yield f"      trueup remap {one.target} NEW --reason TEXT"
    if not shown.questions:
        yield "nothing waits for one"


@click.command("accept-absence")
@click.argument("system", shell_complete=systems)
@click.argument("kind", shell_complete=kinds)
@click.option(
    "--most", type=click.IntRange(1), required=True, help="How many are really gone, at most."
)
@reason_option
@click.option("--dry-run", is_flag=True, help="Only say what would be noted.")
@json_option
@shared_options
def accept_absence(
    *, system: str, kind: str, most: int, reason: str, dry_run: bool, as_json: bool
) -> int:
    """Say that records of KIND are really gone from SYSTEM, which stopped at finding them missing.

    Good for one full look. Each record is asked for before it counts as gone, and what follows
    from that goes through the gate like anything else.
    """
    from daemon.control.protocol_valves import AcceptAbsenceRequest

    request = AcceptAbsenceRequest(
        system=system, kind=kind, most=most, reason=reason, dry_run=dry_run
    )
    return decided(ask(lambda daemon: daemon.accept_absence(request)), as_json)
