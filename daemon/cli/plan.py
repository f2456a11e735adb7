"""``trueup plan``: what would be written, what waits for a person, and why."""

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.completing import codes, digests, records
from daemon.cli.exits import Exit
from daemon.cli.lines import MOST, is_lines, line_rows, lines_text, money
from daemon.cli.lists import DEFAULT_PAGE, MAX_PAGE
from daemon.cli.out import answer, answer_values, heading, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.words import BOOKS, BREAKERS, hold_words, noun, wait_words
from daemon.control.text import clean, columns, plural, value_text

if TYPE_CHECKING:
    from daemon.control.frame import Json
    from daemon.control.protocol import HoldShown, OperationShown, PlanAnswer

SHORT = 12
"""Digits of a digest that are shown; ``approve`` takes any unique beginning."""
STATES = {"waiting": "waiting for approval"}


@click.command()
@click.argument("record", default="", shell_complete=records)
@click.option(
    "--show",
    "digest",
    default="",
    metavar="DIGEST",
    shell_complete=digests,
    help="One change, whole.",
)
@click.option(
    "--held",
    "code",
    default="",
    metavar="CODE",
    shell_complete=codes,
    help="Only what is held for CODE.",
)
@json_option
@click.option("--exit-code", is_flag=True, help="2 if anything would be written or is held.")
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_PAGE),
    default=DEFAULT_PAGE,
    show_default=True,
    help="Changes and reasons to hold shown at most, each.",
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many of each.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the digests to this file, for trueup apply FILE.",
)
@shared_options
def plan(
    *,
    record: str,
    digest: str,
    code: str,
    output: Path | None,
    as_json: bool,
    exit_code: bool,
    limit: int,
    offset: int,
) -> int:
    """What would be written, what waits for a person, and why. Writes nothing.

    With RECORD (a record id, system/kind/id, SKU, code, name or number) only what concerns that
    one. CODE is a reason to hold as the JSON answer spells it: discrepant, missing_reference ...
    """
    if sum(map(bool, (record, digest, code, output))) > 1:
        raise click.UsageError("RECORD, --show, --held and --output exclude each other")
    if output is not None:
        return _to_file(output, as_json)
    shown = ask(
        lambda daemon: daemon.plan(
            limit=limit, offset=offset, record=record, digest=digest, code=code
        )
    )
    if as_json:
        answer(shown)
    else:
        _print(shown, record or digest or code, whole=bool(record or digest))
    if shown.more:
        note(f"there is more: use --offset {offset + limit}, or a larger --limit")
    drift = shown.totals.operations or shown.totals.holds
    return Exit.DRIFT if exit_code and drift else Exit.DONE


def _to_file(path: Path, as_json: bool) -> int:
    from daemon.cli import planfile

    made = ask(planfile.made)
    planfile.write(made, path)
    count = len(made.operations)
    if as_json:
        answer_values(
            planfile.SCHEMA, as_of=made.as_of, head=made.head, file=str(path), operations=count
        )
    else:
        say(f"{path}: {plural(count, 'change')} as of {made.as_of[:19]}Z, entry {made.head}")
    note(f"next: trueup apply {shlex.quote(str(path))} --reason TEXT  # approves exactly these")
    return Exit.DONE


def _print(shown: "PlanAnswer", part: str, *, whole: bool) -> None:
    if not part:
        for line in _summary(shown):
            say(line)
    if shown.operations:
        _gap(part)
        heading(f"Changes{_part(shown, len(shown.operations), shown.totals.operations)}")
        for operation in shown.operations:
            for line in operation_lines(operation, whole=whole):
                say(line)
    if shown.holds:
        _gap(part and not shown.operations)
        heading(f"Held{_part(shown, len(shown.holds), _of(shown, part))}")
        for line in holds_lines(shown.holds):
            say(line)
    if not part:
        for line in _next(shown):
            say(line)
    elif not (shown.operations or shown.holds):
        say(f"nothing is planned for {clean(part)}, and nothing is held")


def _of(shown: "PlanAnswer", part: str) -> int:
    """How many reasons to hold there are in all, of those that were asked for."""
    return shown.totals.by_code.get(part, shown.totals.holds)


def _gap(first: object) -> None:
    if not first:
        say()


def _part(shown: "PlanAnswer", here: int, of: int) -> str:
    return (
        f" ({of:,})"
        if here == of
        else f" ({shown.offset + 1:,} to {shown.offset + here:,} of {of:,})"
    )


def operation_lines(operation: "OperationShown", *, whole: bool = True) -> Iterator[str]:
    """One operation as a person reads it; of a document's lines, a list shows the first ones."""
    reason = wait_words(operation.reason)
    state = f"{operation.state}: {reason}" if reason else operation.state
    label = clean(operation.title or operation.label)
    what = f"{operation.action} {noun(operation.kind)} {label} in {operation.system}"
    yield f"  {operation.digest[:SHORT]}  {what}  [{state}]"
    rows = []
    for change in operation.changes:
        if is_lines(change.after) or is_lines(change.before):
            continue
        before, after = value_text(change.before), value_text(change.after)
        told = after if operation.action == "create" else f"{before} -> {after}"
        rows.append((change.field, told, f"from {change.trace}" if change.trace else ""))
    for line in columns(rows):
        yield f"      {line}"
    yield from _document(operation, whole=whole)
    if operation.why:
        yield f"      {clean(operation.why)}"
    if operation.reason == "asked_about":
        yield f"      {clean(operation.text)}"
    if operation.reason == "inactivates" and operation.state == "waiting":
        yield f"      if it shall not: trueup skip {operation.record} --reason TEXT"
        if operation.kind == "item" and operation.system != BOOKS:
            label = shlex.quote(clean(operation.label))
            yield f"      to create it anew: trueup catalogue plan --only {label}"


def _document(operation: "OperationShown", *, whole: bool) -> Iterator[str]:
    """The lines of a document, and what it comes to before and after."""
    for change in operation.changes:
        if is_lines(change.after) or is_lines(change.before):
            trace = f"  from {clean(change.trace)}" if change.trace else ""
            yield f"      {change.field}{trace}"
            for row in line_rows(change.before, change.after, most=None if whole else MOST):
                yield f"        {row}"
    before, after = operation.total_before, operation.total_after
    if after is None:
        return
    unit = f" {clean(operation.currency)}".rstrip()
    told = money(after) if before is None else f"{money(before)} -> {money(after)}"
    if before is not None and money(before) == money(after):
        told = f"{money(after)}{unit}, as it is"
    else:
        told += unit
    yield f"      total  {told}"


def holds_lines(holds: "Sequence[HoldShown]") -> Iterator[str]:
    """Held records, each named once with everything that holds it."""
    for _, group in groupby(holds, key=lambda hold: (hold.record, hold.code)):
        first, *others = group
        yield from hold_lines(first)
        for other in others:
            yield from _because(other)


def hold_lines(hold: "HoldShown") -> Iterator[str]:
    """One held record: why, both sides, and what releases it."""
    label = clean(hold.title or hold.label)
    yield f"  {noun(hold.kind)} {label}  [{hold_words(hold.code)}]  {hold.record}"
    yield from _because(hold)


def _because(hold: "HoldShown") -> Iterator[str]:
    if hold.skipped:
        until = f" until {hold.until[:19]}Z" if hold.until else ""
        yield f"      set aside{until}: {clean(hold.skipped)}"
    if not hold.conflict:  # the values below say the same, and say it better
        yield f"      {clean(hold.text)}"
    for conflict in hold.conflict:
        yield f"      {conflict.field}"
        for line in columns(_sides(conflict.base, conflict.values)):
            yield f"        {line}"
        command = _resolve(hold.record, conflict.field, list(conflict.values))
        yield f"        {command}, or --value VALUE"
    yield from _both_sides(hold)
    if hold.code == "foreign_edit" and not hold.conflict:
        yield f"        {_resolve(hold.record, hold.field, list(hold.sides) or ['SYSTEM'])}"
    if hold.code == "discrepant" and hold.system and hold.field:
        yield f"        to accept it: {_resolve(hold.record, hold.field, [hold.system])}"
    for candidate in hold.candidates:
        yield f"      {candidate.ref}  {clean(candidate.label)}  ({clean(candidate.evidence)})"
        # A vendor may have the name of a customer; what is linked is not linked a second time.
        if candidate.ref.split("/")[1] == hold.kind and not candidate.is_linked:
            command = f"trueup link {hold.record} {shlex.quote(candidate.ref)}"
            yield f"        {command}  # or with --apart: another one"
    if hold.cure and not hold.conflict:
        yield f"      -> {clean(hold.cure)}"
    if hold.code == "rejected":
        yield f"        then: trueup retry {hold.record}"


def _both_sides(hold: "HoldShown") -> Iterator[str]:
    """What each system shows of a document's field; of lines, where the two differ."""
    if not hold.sides:
        return
    if not all(map(is_lines, hold.sides.values())):
        for line in columns([(system, value_text(v)) for system, v in hold.sides.items()]):
            yield f"        {line}"
        return
    for system, value in hold.sides.items():
        yield f"        {system}: {lines_text(value)}"
    books = hold.system if hold.system in hold.sides else next(iter(hold.sides))
    for system, value in hold.sides.items():
        if system != books:
            yield f"        {system} says, beside what {books} shows:"
            for row in line_rows(hold.sides[books], value, most=MOST, of_two_systems=True):
                yield f"          {row}"


def _sides(base: "dict[str, Json]", now: "dict[str, Json]") -> list[tuple[str, ...]]:
    if not base:
        return [(system, value_text(value), "(they never agreed)") for system, value in now.items()]
    rows: list[tuple[str, ...]] = [("", "when they agreed", "now")]
    for system, value in now.items():
        then = value_text(base[system]) if system in base else "(never agreed)"
        rows.append((system, then, value_text(value)))
    return rows


def _resolve(record: str, field: str, systems: list[str]) -> str:
    first, *others = systems
    take = first + "".join(f"  # or --take {side}" for side in others)
    return f"trueup conflict resolve {record} --field {field} --reason TEXT --take {take}"


def _summary(shown: "PlanAnswer") -> Iterator[str]:
    """The whole plan in numbers, whichever page of it follows."""
    totals = shown.totals
    yield f"as of {shown.as_of.isoformat(timespec='seconds')}, ledger entry {shown.head}"
    if not shown.complete:
        yield "not everything is read and planned yet: more may follow"
    if not (totals.operations or totals.holds):
        if shown.complete:
            yield "nothing to change: both sides agree"
        return
    states = ", ".join(f"{n:,} {STATES.get(state, state)}" for state, n in totals.by_state.items())
    changes = plural(totals.operations, "change") if totals.operations else "no changes"
    yield f"{changes}{f': {states}' if states else ''}"
    for what, count in totals.by_action.items():
        yield f"  {count:>6,}  {what.replace('_', ' ')}"
    yield from (f"stopped: {clean(text)}" for text in totals.stops)
    if totals.skipped:
        yield f"{totals.skipped:,} of all this set aside: trueup skip --list"
    if not totals.holds:
        return
    yield f"{plural(totals.held_records, 'record')} held for {plural(totals.holds, 'reason')}"
    for code, count in totals.by_code.items():
        yield f"  {count:>6,}  {hold_words(code)}{_code_beside(code)}"
        told = [one for one in totals.cures if one.code == code]
        yield from (f"          {one.holds:,} x -> {clean(one.cure)}" for one in told)
        rest = count - sum(one.holds for one in told)
        if told and rest:
            yield f"          {rest:,} x -> another cure each: trueup desk {code}"


def _code_beside(code: str) -> str:
    """The code where the words do not give it away: it is what ``--held`` takes."""
    return "" if hold_words(code) == noun(code) else f" ({code})"


def _next(shown: "PlanAnswer") -> Iterator[str]:
    states = shown.totals.by_state
    waiting = states.get("waiting", 0) + states.get("planned", 0)
    waiting -= shown.totals.skipped_operations
    if shown.operations or shown.holds:
        yield ""
    if shown.totals.by_code.get("conflict"):
        yield "next: trueup conflict list shows the conflicts alone"
    if not shown.complete:
        yield "next: wait for the cycle to end (trueup status), then look at the plan again"
    elif waiting:
        if any(shown.totals.by_reason.get(reason) for reason in BREAKERS):
            yield "next: find the cause of what a limit stopped, before anything is approved"
        yield f"next: trueup approve --all --expect-count {waiting}  # or: approve DIGEST ..."
