"""How an installation stands: one word of state, since when, who asks, and what needs a person."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from daemon.cli.exits import Exit
from daemon.cli.words import hold_words
from daemon.control.text import plural

if TYPE_CHECKING:
    from daemon.control.client import ControlClient
    from daemon.control.protocol import StatusAnswer, SystemShown
    from daemon.control.protocol_live import WhoAnswer

FINE = ("connected", "untried", "throttled")
MOST_CODES = 8

T = TypeVar("T")


class State(StrEnum):
    """The one word, the most pressing first."""

    NOT_COMPARED = "not_compared"
    STARTING = "starting"
    NEEDS_PERSON = "needs_a_person"
    STOPPED = "stopped"
    NOT_EQUAL = "not_equal"
    WORKING = "working"
    IN_AGREEMENT = "in_agreement"


@dataclass(frozen=True)
class Standing:
    """What ``trueup status`` tells."""

    status: "StatusAnswer"
    since: str = ""
    who: "WhoAnswer | None" = None


def away(shown: "StatusAnswer") -> "list[SystemShown]":
    """Systems that cannot be heard."""
    return [system for system in shown.systems if system.link not in FINE]


def state_of(shown: "StatusAnswer") -> State:
    if away(shown):
        return State.NOT_COMPARED
    if shown.last_cycle is None:
        return State.STARTING
    if shown.needs_person:
        return State.NEEDS_PERSON
    if shown.stopped:
        return State.STOPPED
    if shown.skipped_holds:
        return State.NOT_EQUAL
    if shown.dirty or shown.open_intents or any(shown.operations.values()):
        return State.WORKING
    return State.IN_AGREEMENT


def exit_of(shown: "StatusAnswer") -> Exit:
    """What ``--exit-code`` says of it."""
    if shown.needs_person:
        return Exit.NEEDS_PERSON
    if away(shown):
        return Exit.UNAVAILABLE
    pending = shown.dirty or shown.open_intents or any(shown.operations.values())
    pending = pending or shown.skipped_holds  # set aside is not equal
    return Exit.DRIFT if pending else Exit.DONE


async def standing(daemon: "ControlClient") -> Standing:
    """Asks a few small things at once."""
    status, who, since = await asyncio.gather(
        daemon.status(), _known(daemon.who()), _known(_since(daemon))
    )
    return Standing(status, _earliest(status, since or ""), who)


async def _known(question: Awaitable[T]) -> T | None:
    """The answer; None of a daemon that does not know the question yet."""
    from daemon.control.protocol import Declined

    try:
        return await question
    except Declined:
        return None


async def _since(daemon: "ControlClient") -> str:
    """Since when something differs; if nothing does, since when that is so."""
    from daemon.control.protocol_drift import DriftQuery

    oldest = await daemon.drift(DriftQuery(limit=1))
    if oldest.rows:
        return oldest.rows[0].since
    points = (await daemon.drift_history()).points
    return points[-1].at if points else ""


def _earliest(shown: "StatusAnswer", drift: str) -> str:
    state = state_of(shown)
    if state is State.NOT_COMPARED:
        return min((system.since for system in away(shown) if system.since), default="")
    if state is State.STOPPED and shown.pauses:
        return min(row.since for row in shown.pauses)
    if state in (State.STARTING, State.WORKING):
        return ""
    return drift


def needs_lines(shown: "StatusAnswer") -> Iterator[str]:
    """What waits for a person, each with the command that shows or answers it."""
    for system in away(shown):
        yield f"{system.system} is {system.link.replace('_', ' ')}: see Systems below"
    if shown.to_approve:
        yield f"{plural(shown.to_approve, 'change')} to approve: trueup plan"
    if not shown.questions:
        return
    codes = sorted(shown.open_holds.items(), key=lambda pair: -pair[1])
    for code, count in codes[:MOST_CODES]:
        yield f"{count:,} {hold_words(code)}: trueup plan --held {code}"
    if len(codes) > MOST_CODES:
        yield f"{plural(len(codes) - MOST_CODES, 'more cause')}: trueup desk"
    if shown.skipped_holds:
        yield f"{shown.skipped_holds:,} more set aside, and still different: trueup skip --list"
