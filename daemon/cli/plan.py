"""``trueup plan``: what would be written, what waits for a person, and why."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer, heading, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.text import clean, columns, plural, value_text
from daemon.control.protocol import DEFAULT_PAGE, MAX_PAGE

if TYPE_CHECKING:
    from daemon.control.protocol import HoldShown, OperationShown, PlanAnswer

SHORT = 12
"""Digits of a digest that are shown; ``approve`` takes any unique beginning."""


@click.command()
@json_option
@click.option("--exit-code", is_flag=True, help="2 if anything would be written or is held.")
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_PAGE),
    default=DEFAULT_PAGE,
    show_default=True,
    help="Operations and held records shown at most, each.",
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many of each.")
@shared_options
def plan(*, as_json: bool, exit_code: bool, limit: int, offset: int) -> int:
    """What would be written, what waits for a person, and why. Writes nothing."""
    shown = ask(lambda daemon: daemon.plan(limit=limit, offset=offset))
    if as_json:
        answer(shown)
    else:
        _print(shown)
    if shown.more:
        note(f"there is more: use --offset {offset + limit}, or a larger --limit")
    drift = shown.totals.operations or shown.totals.holds
    return Exit.DRIFT if exit_code and drift else Exit.DONE


def _print(shown: "PlanAnswer") -> None:
    if shown.operations:
        heading(f"Changes ({shown.totals.operations:,})")
        for operation in shown.operations:
            for line in operation_lines(operation):
                say(line)
        say()
    if shown.holds:
        heading(f"Held ({shown.totals.holds:,})")
        for hold in shown.holds:
            for line in hold_lines(hold):
                say(line)
        say()
    for line in _totals(shown):
        say(line)


def operation_lines(operation: "OperationShown") -> Iterator[str]:
    """One operation as a person reads it."""
    state = f"{operation.state}: {operation.reason}" if operation.reason else operation.state
    what = f"{operation.action} {operation.kind} {clean(operation.label)} in {operation.system}"
    yield f"  {operation.digest[:SHORT]}  {what}  [{state.replace('_', ' ')}]"
    rows = []
    for change in operation.changes:
        before, after = value_text(change.before), value_text(change.after)
        told = after if operation.action == "create" else f"{before} -> {after}"
        rows.append((change.field, told, f"from {change.trace}" if change.trace else ""))
    for line in columns(rows):
        yield f"      {line}"
    if operation.why:
        yield f"      {clean(operation.why)}"


def hold_lines(hold: "HoldShown") -> Iterator[str]:
    """One held record: why, both sides, and what releases it."""
    code = hold.code.replace("_", " ")
    yield f"  {hold.kind} {clean(hold.label)}  [{code}]  {hold.record}"
    yield f"      {clean(hold.text)}"
    for conflict in hold.conflict:
        rows = [
            ("", "when they agreed", "now"),
            *(
                (system, value_text(conflict.base[system]), value_text(value))
                if system in conflict.base
                else (system, "(never agreed)", value_text(value))
                for system, value in conflict.values.items()
            ),
        ]
        yield f"      {conflict.field}"
        for line in columns(rows):
            yield f"        {line}"
        first, *others = conflict.values
        alternative = "".join(f" (or --take {side})" for side in others)
        yield (
            f"        trueup conflict resolve {hold.record} --field {conflict.field} "
            f"--reason TEXT --take {first}{alternative}"
        )
    for candidate in hold.candidates:
        yield f"      {candidate.ref}  {clean(candidate.label)}  ({clean(candidate.evidence)})"
        if candidate.ref.split("/")[1] == hold.kind:  # a vendor may have the name of a customer
            yield f"        trueup link {hold.record} {shlex.quote(candidate.ref)}"
    if hold.cure:
        yield f"      -> {clean(hold.cure)}"


def _totals(shown: "PlanAnswer") -> Iterator[str]:
    totals = shown.totals
    yield f"as of {shown.as_of.isoformat(timespec='seconds')}, ledger entry {shown.head}"
    if not shown.complete:
        yield "not everything is read and planned yet: more may follow"
    if not (totals.operations or totals.holds):
        if shown.complete:
            yield "nothing to change: both sides agree"
        return
    states = ", ".join(f"{count:,} {state}" for state, count in totals.by_state.items())
    yield f"{plural(totals.operations, 'change')}{f' ({states})' if states else ''}"
    for what, count in totals.by_action.items():
        yield f"  {count:,} {what}"
    codes = ", ".join(f"{n:,} {code.replace('_', ' ')}" for code, n in totals.by_code.items())
    yield f"{plural(totals.holds, 'record')} held{f' ({codes})' if codes else ''}"
    waiting = totals.by_state.get("waiting", 0) + totals.by_state.get("planned", 0)
    if waiting:
        yield f"next: trueup approve --all --expect-count {waiting}"
