"""What the front end knows of the daemon: a pure fold of what was heard. No I/O, no Textual.

``fold(state, heard)`` gives the next state. Everything that a widget shows of the daemon at large
(header, counts, banner, whether an act is allowed and if not why) is derived here, so that it can
be tested by plain asserts and is the same on every screen.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from daemon.control.protocol import StatusAnswer
from daemon.control.protocol_live import CycleEvent, Event, PulseEvent, ResyncEvent, WhoAnswer
from tui.times import age, instant

POLL_S = 5.0
"""The daemon says at least this often that it is there."""
STALE_S = 2 * POLL_S
"""A view older than two of these decides nothing."""
FINE = ("connected", "untried", "throttled")
NEEDS_OPEN_SYSTEMS = frozenset({"send"})
"""Acts that write at once: a pause of everything, or the calendar, forbids them."""


class Connection(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"


class Then(msgspec.Struct, frozen=True):
    """A moment of the past that is looked at."""

    seq: int
    """The newest entry of that time."""
    asked: str
    """The moment, with the company's offset."""


class State(msgspec.Struct, frozen=True):
    """What is known of the daemon now. ``changes`` rises whenever lists may have become old."""

    connection: Connection = Connection.CONNECTING
    read_only: bool = False
    heard_at: datetime | None = None
    """When the daemon last said anything, by our clock."""
    ahead: timedelta = timedelta(0)
    """How far the daemon's clock is before ours: ages of what it told are by its own."""
    lost_since: datetime | None = None
    trouble: str = ""
    """Why there is no connection."""
    cure: str = ""
    who: WhoAnswer | None = None
    status: StatusAnswer | None = None
    pulse: PulseEvent | None = None
    then: Then | None = None
    """Everything is shown as it stood then; ``None``: now."""
    changes: int = 0


class StatusRead(msgspec.Struct, frozen=True):
    status: StatusAnswer
    at: datetime


class WhoRead(msgspec.Struct, frozen=True):
    who: WhoAnswer


class EventHeard(msgspec.Struct, frozen=True):
    event: Event
    at: datetime


class ThenFound(msgspec.Struct, frozen=True):
    then: Then


class LinkLost(msgspec.Struct, frozen=True):
    at: datetime
    trouble: str
    cure: str = ""


Heard = StatusRead | WhoRead | ThenFound | EventHeard | LinkLost


def fold(state: State, heard: Heard) -> State:
    """The state after ``heard``."""
    match heard:
        case WhoRead(who=who):
            return msgspec.structs.replace(state, who=who)
        case ThenFound(then=then):
            return msgspec.structs.replace(state, then=then)
        case StatusRead(status=status, at=at):
            moved = state.status is None or _moved(state.status, status)
            told = {"status": status, "changes": state.changes + moved}
            return _live(state, at, ahead=status.as_of - at, **told)
        case EventHeard(event=event, at=at):
            return _heard(state, event, at)
        case LinkLost(at=at, trouble=trouble, cure=cure):
            since = state.lost_since or at
            return msgspec.structs.replace(
                state,
                connection=Connection.LOST if state.status else Connection.CONNECTING,
                lost_since=since,
                trouble=trouble,
                cure=cure,
            )


def _heard(state: State, event: Event, at: datetime) -> State:
    there = instant(event.at)
    if there is not None:
        state = msgspec.structs.replace(state, ahead=there - at)
    if isinstance(event, PulseEvent):
        moved = _pulse_moved(state, event)
        return _live(state, at, pulse=event, changes=state.changes + moved)
    if isinstance(event, ResyncEvent | CycleEvent):
        return _live(state, at, changes=state.changes + 1)
    return _live(state, at)


def _pulse_moved(state: State, event: PulseEvent) -> bool:
    """The first pulse says the same as the status that was read before it, or more."""
    before = state.pulse
    if before is not None:
        return before.head != event.head or before.paused != event.paused
    return state.status is None or state.status.head != event.head


def _live(state: State, at: datetime, **changes: object) -> State:
    if state.lost_since is not None:
        # What happened meanwhile is not known: every view reads itself anew.
        changes["changes"] = state.changes + 1
    return msgspec.structs.replace(
        state,
        connection=Connection.LIVE,
        heard_at=at,
        lost_since=None,
        trouble="",
        cure="",
        **changes,
    )


def _moved(before: StatusAnswer, after: StatusAnswer) -> bool:
    return (before.head, before.dirty, before.pauses) != (after.head, after.dirty, after.pauses)


def there(state: State, now: datetime) -> datetime:
    """What the daemon's clock says when ours says ``now``."""
    return now + state.ahead


class Counts(msgspec.Struct, frozen=True):
    """Numbers for the tab strip; ``None`` where not known."""

    drift: int | None = None
    queue: int | None = None
    conflicts: int | None = None


def counts(state: State) -> Counts:
    """From the pulse, else as much as the status tells."""
    queue = sum(state.status.operations.values()) if state.status is not None else None
    if state.pulse is not None:
        return Counts(drift=state.pulse.drift, queue=queue, conflicts=state.pulse.conflicts)
    if state.status is None:
        return Counts()
    if state.then is not None:
        conflicts = state.status.drift_by_class.get("conflict", 0)
        return Counts(drift=state.status.drift, queue=queue, conflicts=conflicts)
    return Counts(queue=queue, conflicts=state.status.questions)


class Header(msgspec.Struct, frozen=True):
    """The words of the header, unpadded and not yet made safe."""

    company: str
    environment: str
    """``*PRODUCTION*``, ``SANDBOX``, or empty while unknown."""
    mode: str
    """``RO`` or ``RW``"""
    user: str
    age: str
    badge: str = ""
    """Colour of the company; empty: none."""


def header(state: State, now: datetime) -> Header:
    status = state.status
    return Header(
        company=status.company if status else "(no daemon)",
        environment=environment(state),
        mode="PAST" if state.then else "RO" if _looks_only(state) else "RW",
        user=f"{state.who.name} ({state.who.role})" if state.who else "?",
        age=_age(state, now),
        badge=status.badge if status else "",
    )


def environment(state: State) -> str:
    """One system in production makes the company one that must not be played with."""
    if state.status is None:
        return ""
    named = {system.environment for system in state.status.systems}
    if "production" in named:
        return "*PRODUCTION*"
    return "SANDBOX" if "sandbox" in named else ""


def _looks_only(state: State) -> bool:
    return state.read_only or (state.who is not None and not state.who.may)


def _age(state: State, now: datetime) -> str:
    if state.connection is Connection.LIVE and state.then is not None:
        return f"AS OF {state.then.asked[:16].replace('T', ' ')}"
    if state.connection is Connection.LIVE and state.heard_at is not None:
        told = age((now - state.heard_at).total_seconds())
        return f"STALE, {told} ago" if stale(state, now) else f"live, {told} ago"
    if state.connection is Connection.LOST and state.lost_since is not None:
        return f"LOST {age((now - state.lost_since).total_seconds())}"
    return "connecting"


def stale(state: State, now: datetime) -> bool:
    """Whether what is shown is too old to decide by."""
    return state.heard_at is None or (now - state.heard_at).total_seconds() > STALE_S


class Seen(msgspec.Struct, frozen=True):
    """When a view read what it shows, and which ``State.changes`` it knew of then."""

    at: datetime
    changes: int


def refusal(state: State, act: str, now: datetime, seen: Seen | None = None) -> str:
    """Why ``act`` (a name of ``WhoAnswer.may``) is not allowed now; empty: it is.

    ``seen`` is about the view that the act would be decided on.
    """
    if state.connection is Connection.CONNECTING:
        return "not connected to the daemon yet"
    if state.connection is Connection.LOST:
        return "the daemon is gone: nothing can be decided until it is back"
    if state.then is not None:
        return "this is how it stood then, and nothing of it can be decided: :now comes back"
    if state.read_only:
        return "this session is read-only: start trueup tui without --read-only"
    if state.who is not None and act not in state.who.may:
        return f"your role ({state.who.role}) may not {act.replace('_', ' ')}: ask an admin"
    if stale(state, now):
        return "what is shown is too old to decide by: R reads it anew"
    if seen is not None and seen.changes != state.changes and _seconds(seen.at, now) > STALE_S:
        return "things have changed since this view was read: R reads it anew"
    return _shut(state) if act in NEEDS_OPEN_SYSTEMS else ""


def _seconds(at: datetime, now: datetime) -> float:
    return (now - at).total_seconds()


def _shut(state: State) -> str:
    status = state.status
    if status is None:
        return ""
    if any(not pause.system and not pause.kind for pause in status.pauses):
        return "everything is paused: p resumes"
    return f"nothing is written now: {status.closed.text}" if status.closed else ""


def banner(state: State, now: datetime) -> str:
    """The one line that must not be overlooked; empty: there is none. Not yet made safe."""
    if state.connection is not Connection.LIVE:
        if not state.trouble:
            return ""
        lost = state.lost_since or now
        what = "DAEMON LOST" if state.connection is Connection.LOST else "NO DAEMON"
        told = f"{what} {age(_seconds(lost, now))}: {state.trouble}"
        return f"{told}; {state.cure}" if state.cure else told
    status = state.status
    if status is None:
        return ""
    if state.then is not None:
        at = f"{state.then.asked[:19]}{state.then.asked[-6:]}"
        return f"THE PAST: {at}, entry {state.then.seq:,}: look only, :now leaves"
    if status.config_problems:
        return f"CONFIGURATION on disk is not in force: {status.config_problems[0]}"
    if status.pauses:
        first = status.pauses[0]
        scope = " ".join(filter(None, (first.system, first.kind))) or "everything"
        more = f" and {len(status.pauses) - 1} more" if len(status.pauses) > 1 else ""
        return f"PAUSED {scope}{more} by {first.by}: {first.reason}"
    if status.closed:
        return f"NOTHING IS WRITTEN NOW: {status.closed.text}"
    return ""


def verdict(state: State) -> str:
    """Is it equal, and if not, what is in the way; one word in capitals first."""
    status = state.status
    if status is None:
        return "UNKNOWN: nothing was heard of the daemon yet"
    away = [f"{s.system} is {s.link.replace('_', ' ')}" for s in status.systems if not fine(s.link)]
    if away:
        return f"NOT COMPARED: {', '.join(away)}"
    if status.last_cycle is None:
        return "STARTING: the first look at both systems is not finished"
    told = [
        f"{count:,} {words if count != 1 else word}"
        for count, word, words in (
            (status.to_approve, "change to approve", "changes to approve"),
            (status.questions, "question held", "questions held"),
        )
        if count
    ]
    if told:
        return f"NEEDS A PERSON: {', '.join(told)}"
    if status.stopped:
        return f"STOPPED: {status.stopped:,} changes wait for a pause or the calendar"
    if status.skipped_holds:
        return f"NOT EQUAL: {status.skipped_holds:,} set aside"
    if status.dirty or status.open_intents or any(status.operations.values()):
        return "WORKING: not everything is planned and sent yet"
    return "IN AGREEMENT: nothing to change, nothing held"


def fine(link: str) -> bool:
    return link in FINE
