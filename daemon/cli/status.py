"""``trueup status``: is it running, is it equal, what needs me."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from daemon.cli.companies import SOCKETS, all_companies
from daemon.cli.exits import Exit
from daemon.cli.looking_back import at_option, looked_back, print_standing
from daemon.cli.out import Row, answer, answer_values, heading, say, table
from daemon.cli.settings import ask, json_option, shared_options
from daemon.cli.standing import Standing, State, away, exit_of, needs_lines, standing, state_of
from daemon.cli.stopped import stops_lines, why_stopped
from daemon.cli.words import BREAKERS, hold_words, is_document, noun, nouns
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.control.protocol import StatusAnswer, SystemShown


@click.command()
@json_option
@click.option(
    "--exit-code", is_flag=True, help="4 if something waits for a person, 2 on drift, 69 if down."
)
@click.option("--watch", is_flag=True, help="Then one line whenever something changes.")
@click.option(
    "--all", "everyone", is_flag=True, help="All companies of this machine, one line each."
)
@click.option(
    "--sockets",
    type=click.Path(file_okay=False, path_type=Path),
    default=SOCKETS,
    show_default=True,
    help="With --all: the folder of the control sockets.",
)
@at_option
@shared_options
def status(
    *, as_json: bool, exit_code: bool, watch: bool, everyone: bool, sockets: Path, at: str
) -> int:
    """Is it running, since when, is it equal, and what needs a person with its next command."""
    if everyone:
        if watch or at:
            raise click.UsageError("--all takes neither --watch nor --at")
        return all_companies(sockets, as_json=as_json, exit_code=exit_code)
    if at:
        if watch or exit_code:
            raise click.UsageError("--at looks back: it takes neither --watch nor --exit-code")
        return _then(at, as_json)
    if watch:
        from daemon.cli.watching import watch as follow

        return follow(as_json=as_json)
    found = ask(standing)
    shown = found.status
    if as_json:
        told = msgspec.to_builtins(shown)
        answer_values(
            told.pop("schema"),
            **told,
            state=state_of(shown).value,
            since=found.since,
            who=msgspec.to_builtins(found.who) if found.who is not None else None,
        )
    else:
        _print(found)
    return exit_of(shown) if exit_code else Exit.DONE


def _then(at: str, as_json: bool) -> int:
    from daemon.control.protocol_past import PastRequest

    back = looked_back(PastRequest(at=at))
    if as_json:
        answer(back)
    else:
        print_standing(back)
    return Exit.DONE


def _print(found: Standing) -> None:
    shown = found.status
    as_of = shown.as_of.isoformat(timespec="seconds")
    heading(f"{shown.instance}: {clean(shown.company)}")
    say(f"  {_verdict(shown)}")
    if found.since:
        say(f"  since {found.since[:19]}Z")
    say(f"  as of {as_of}, ledger entry {shown.head}, trueup {shown.version}")
    if found.who is not None:
        say(f"  you are {clean(found.who.name)} (uid {found.who.uid}), {found.who.role.value}")
    if shown.single_user:
        say("  single-user: whoever owns the control socket may do everything")
    needs = list(needs_lines(shown))
    if needs:
        say()
        heading("Needs a person")
        for line in needs:
            say(f"  {line}")
    say()
    heading("Systems")
    table(("system", "state", "last look", "calls", "company"), [*map(_system, shown.systems)])
    for line in _complaints(shown):
        say(f"  {line}")
    if shown.config_problems:
        say()
        heading("Configuration on disk, not in force")
        for problem in shown.config_problems:
            say(f"  {clean(problem)}")
    if shown.documents:
        say()
        heading("Documents")
        for line in _documents(shown):
            say(f"  {line}")
    if shown.counts:
        say()
        heading("Records")
        systems = sorted({count.system for count in shown.counts})
        headers = ("kind", *systems, "linked", "inactive", "removed", "unreadable")
        table(headers, list(_counts(shown, systems)))
    say()
    heading("Work")
    for line in _work(shown):
        say(f"  {line}")


def _verdict(shown: "StatusAnswer") -> str:
    """The answer in one line: is it equal, and if not, what is in the way."""
    state = state_of(shown)
    told: dict[State, Callable[[], str]] = {
        State.NOT_COMPARED: lambda: ", ".join(
            f"{s.system} is {s.link.replace('_', ' ')}" for s in away(shown)
        ),
        State.STARTING: lambda: "the first look at both systems is not finished",
        State.NEEDS_PERSON: lambda: _asked(shown),
        State.STOPPED: lambda: f"{plural(shown.stopped, 'change')} ({why_stopped(shown)})",
        State.NOT_EQUAL: lambda: f"{plural(shown.skipped_holds, 'question')} set aside",
        State.WORKING: lambda: "not everything is planned and sent yet",
        State.IN_AGREEMENT: lambda: "nothing to change, nothing held",
    }
    return f"{state.value.replace('_', ' ').upper()}: {told[state]()}"


def _asked(shown: "StatusAnswer") -> str:
    told = []
    if shown.to_approve:
        told.append(f"{plural(shown.to_approve, 'change')} to approve")
    if shown.questions:
        told.append(f"{plural(shown.questions, 'question')} held")
    return ", ".join(told)


def _system(system: "SystemShown") -> Row:
    company = [system.company_name, system.environment, system.home_currency]
    state = system.link.replace("_", " ")
    last = f"{system.last_observed[:19]}Z" if system.last_observed else "never"
    return (system.system, state, last, _budget(system), ", ".join(filter(None, company)))


def _budget(system: "SystemShown") -> str:
    """Calls since the daemon started, and what is left of a metered month."""
    told = f"{system.calls:,}"
    if system.throttled:
        told += f", throttled {system.throttled:,} times"
    if system.metered_left is not None:
        told += f", {system.metered_left:,} metered reads left this month"
    return told


def _complaints(shown: "StatusAnswer") -> Iterator[str]:
    for system in shown.systems:
        if system.text:
            since = f" (since {system.since[:19]}Z)" if system.since else ""
            yield f"{system.system}: {clean(system.text)}{since}"
            if system.cure:
                yield f"  -> {clean(system.cure)}"
        if system.login_until:
            always = f", on {system.consent_until} in any case" if system.consent_until else ""
            yield f"{system.system}: the login ends on {system.login_until} if unused{always}"
        for warning in system.warnings:
            yield f"{system.system}: {clean(warning.message)}"
            if warning.cure:
                yield f"  -> {clean(warning.cure)}"


def _counts(shown: "StatusAnswer", systems: list[str]) -> Iterator[Row]:
    """One line a kind: live records of each side, how many are joined, and what is odd."""
    for kind in sorted({count.kind for count in shown.counts}):
        mine = {count.system: count for count in shown.counts if count.kind == kind}
        live = [f"{mine[s].live:,}" if s in mine else "-" for s in systems]
        linked = max(count.linked for count in mine.values())
        resting, removed, unreadable = (
            sum(getattr(count, name) for count in mine.values())
            for name in ("inactive", "removed", "unreadable")
        )
        rest = f"{resting:,} voided" if resting and is_document(kind) else f"{resting:,}"
        yield (noun(kind), *live, f"{linked:,}", rest, f"{removed:,}", f"{unreadable:,}")


def _documents(shown: "StatusAnswer") -> Iterator[str]:
    """From which day each kind flows; those that do not are named in one line."""
    for one in shown.documents:
        if one.since and one.flow == "off":
            yield f"{nouns(one.kind)}: off (kinds.{one.kind}.flow)"
        elif one.since:
            flow = "sent by hand" if one.flow == "manual" else "sent"
            later = ", a day still to come" if one.starts_later else ""
            yield f"{nouns(one.kind)}: {flow}, those from {one.since} on{later}"
    off = [nouns(one.kind) for one in shown.documents if not one.since]
    if off:
        yield f"{', '.join(off)}: off, for no first day is set (kinds.<kind>.since)"


def _work(shown: "StatusAnswer") -> Iterator[str]:
    if not shown.first_plan_approved:
        yield "observing only: nothing is written before the first plan is approved"
    yield from stops_lines(shown)
    states = [f"{count:,} {state}" for state, count in shown.operations.items() if count]
    yield f"operations: {', '.join(states) or 'none'}"
    if shown.stopped:
        yield f"of these no approval lets go: {shown.stopped:,} ({why_stopped(shown)})"
    held = [f"{count:,} {hold_words(code)}" for code, count in shown.open_holds.items()]
    yield f"held: {', '.join(held) or 'none'}"
    skipped = shown.skipped_holds + shown.waiting.get("skipped", 0)
    if skipped:
        yield f"set aside, and still different: {skipped:,} (trueup skip --list)"
    if shown.open_intents:
        yield f"checking the end of {plural(shown.open_intents, 'request')}"
    if shown.dirty:
        yield f"{plural(shown.dirty, 'changed record')} not looked at yet"
    cycle = shown.last_cycle
    if cycle is not None:
        end = "complete" if cycle.complete else "not complete"
        ended = f"{cycle.ended_at[:19]}Z"
        yield f"last cycle: {ended}, {end}, sent {cycle.sent}, confirmed {cycle.confirmed}"
        for problem in cycle.problems:
            yield f"  {clean(problem.message)}"
    if shown.to_approve:
        waiting = shown.operations.get("waiting", 0) - shown.waiting.get("skipped", 0)
        halted = sum(shown.waiting.get(reason, 0) for reason in BREAKERS)
        if halted:
            what = f"the cause of what a limit stopped ({halted:,}), before anything is approved"
            yield f"next: trueup plan shows {what}"
        else:
            yield f"next: trueup plan, then trueup approve --all --expect-count {waiting}"
    elif shown.holds:
        yield "next: trueup plan shows what is held, why, and what releases it"
    elif not shown.first_plan_approved and cycle is not None and cycle.complete:
        yield "next: trueup approve --all --expect-count 0, for there is nothing to write yet"
