"""``--at``: how things stood at a moment, asked of the daemon, or folded from the file without one.

Reads only; says which moment it is of, with the offset of the company's zone.
"""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from daemon.cli.out import note, say, table
from daemon.cli.settings import settings
from daemon.cli.words import hold_words, noun, wait_words
from daemon.control.text import plural

if TYPE_CHECKING:
    from daemon.control.protocol_past import PastAnswer, PastRequest, StandingShown

at_option = click.option(
    "--at",
    default="",
    metavar="WHEN",
    help="As it stood then: a day, an instant (the company's zone), or an entry of the ledger.",
)


def looked_back(request: "PastRequest") -> "PastAnswer":
    """What was asked, as it stood."""
    from daemon.cli.offline import told_by_daemon  # not for commands that look at today

    shown = told_by_daemon(lambda daemon: daemon.past(request))
    return shown if shown is not None else asyncio.run(_of_the_file(request))


async def _of_the_file(request: "PastRequest") -> "PastAnswer":
    from daemon.cli.offline import reading
    from daemon.cli.progress import bar
    from daemon.clock import SystemClock
    from daemon.config.load import load
    from daemon.config.policy import make_policy
    from daemon.control import past

    config = load(settings().config_path()).config
    policy = make_policy(config)
    rules = past.Rules(policy=policy, systems=policy.systems, timezone=config.company.timezone)
    async with reading() as ledger:
        with bar("looking back") as progress:
            return await past.looked_back(
                ledger, rules, request, now=SystemClock().now(), progress=progress
            )


def say_when(shown: "PastAnswer") -> None:
    """Which moment this is of."""
    say(f"as it stood at {shown.asked} ({shown.timezone})")
    say(f"the newest entry then: {shown.seq:,}, of {shown.at}")
    note("what each system would be written is told by the rules of today")


def print_standing(shown: "PastAnswer") -> None:
    """The numbers of ``trueup status`` as they were then."""
    say_when(shown)
    for line in standing_lines(shown.standing):
        say(line)
    systems = sorted({count.system for count in shown.standing.counts})
    kinds = list(dict.fromkeys(count.kind for count in shown.standing.counts))
    live = {(one.kind, one.system): one.live for one in shown.standing.counts}
    rows = [
        (noun(kind), *(f"{live.get((kind, system), 0):,}" for system in systems)) for kind in kinds
    ]
    table(("kind", *systems), rows, right=frozenset(range(1, len(systems) + 1)))


def standing_lines(stood: "StandingShown") -> Iterator[str]:
    """What differed, waited and was held."""
    classes = ", ".join(f"{count:,} {name}" for name, count in stood.drift_by_class.items())
    differed = f"{plural(stood.drift, 'record')} differed"
    yield f"{differed}: {classes}" if stood.drift else "nothing differed"
    for state, count in stood.operations.items():
        yield f"  {count:,} {noun(state)}"
    for reason, count in stood.waiting.items():
        yield f"    of those waiting, {count:,}: {wait_words(reason)}"
    for code, count in stood.holds.items():
        yield f"  {count:,} held: {hold_words(code)}"
    if stood.skipped_holds:
        yield f"  {stood.skipped_holds:,} of those set aside"
    for pause in stood.pauses:
        what = " ".join(filter(None, (pause.system, pause.kind))) or "everything"
        yield f"  paused ({what}) since {pause.since[:19]}Z by {pause.by}: {pause.reason}"
    if stood.open_intents:
        yield f"  {plural(stood.open_intents, 'request')} under way"
    if not stood.first_plan_approved:
        yield "  the first plan was not approved yet"
