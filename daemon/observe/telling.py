"""When one receiver is told what. Pure: from what it knows and what stands to the next message.

Told is a change of what stands, grouped: never a record, and never the same thing twice. A message
is settled on before it leaves and kept until it is known to have arrived, so that a restart loses
none; one that was under way when the process was killed goes again under the same id.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from daemon.observe.matters import Matter

SETTLE = timedelta(seconds=30)
"""Something that is over sooner is not told at all, and what comes together goes together."""
OVER = "nothing needs you any more"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How one receiver wants to be told."""

    id: str
    """Stable: another receiver or other matters have another."""
    instance: str
    on: frozenset[str]
    group: timedelta
    quiet: tuple[time, time] | None
    zone: ZoneInfo


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One matter in a message."""

    matter: str
    state: str
    """``new``, ``more``, ``stands``, ``over`` or ``passed`` (came and went in quiet hours)."""
    count: int
    words: str
    command: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver gets, as JSON."""

    schema: str = "trueup.notice/1"
    id: str
    """The same when it is sent again: whoever keeps it can tell."""
    instance: str
    at: str
    resolved: bool
    """Nothing stands any more."""
    summary: bool
    """Of quiet hours."""
    text: str
    matters: tuple[Line, ...]


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What one receiver knows; kept across restarts."""

    told: dict[str, int] = msgspec.field(default_factory=dict)
    """Matters that stand as far as it knows, with the count that it was told."""
    number: int = 0
    sent_at: datetime | None = None
    changed_at: datetime | None = None
    """Since when there is something to tell."""
    quiet: dict[str, int] = msgspec.field(default_factory=dict)
    """What came up in quiet hours, with its largest count."""
    pending: Message | None = None
    """Settled on, and not known to have arrived."""
    pending_told: dict[str, int] = msgspec.field(default_factory=dict)


def step(
    before: Position, standing: Mapping[str, Matter], rule: Rule, now: datetime, *, heard: bool
) -> Position:
    """The position after a look. ``heard``: what is not standing is known to be over."""
    if before.pending is not None:
        return before
    current = {name: one for name, one in standing.items() if name in rule.on}
    told = {
        name: min(count, current[name].count) if name in current else count
        for name, count in before.told.items()
        if name in rule.on
    }
    after = msgspec.structs.replace(before, told=told)
    if is_quiet(rule, now):
        return _remembered(after, current)
    if not _news(after, current, heard=heard):
        return msgspec.structs.replace(after, changed_at=None)
    changed_at = after.changed_at or now
    due = changed_at + SETTLE
    if after.sent_at is not None:
        due = max(due, after.sent_at + rule.group)
    after = msgspec.structs.replace(after, changed_at=changed_at)
    return after if now < due else _settled(after, current, rule, now, heard=heard)


def delivered(before: Position, now: datetime) -> Position:
    """The pending message has arrived."""
    return msgspec.structs.replace(
        before, told=before.pending_told, sent_at=now, pending=None, pending_told={}
    )


def is_quiet(rule: Rule, now: datetime) -> bool:
    """Whether it is one of the hours without messages."""
    if rule.quiet is None:
        return False
    begin, end = rule.quiet
    local = now.astimezone(rule.zone).time()
    if begin < end:
        return begin <= local < end
    return local >= begin or local < end


def _remembered(position: Position, current: Mapping[str, Matter]) -> Position:
    quiet = dict(position.quiet)
    for name, one in current.items():
        if one.count > position.told.get(name, 0):
            quiet[name] = max(quiet.get(name, 0), one.count)
    return msgspec.structs.replace(position, quiet=quiet, changed_at=None)


def _news(position: Position, current: Mapping[str, Matter], *, heard: bool) -> bool:
    rises = any(one.count > position.told.get(name, 0) for name, one in current.items())
    over = heard and any(name not in current for name in position.told)
    return rises or over or bool(position.quiet)


def _settled(
    position: Position, current: Mapping[str, Matter], rule: Rule, now: datetime, *, heard: bool
) -> Position:
    """The message that says what stands now, and what became of the rest."""
    told = position.told
    kept = {} if heard else {name: n for name, n in told.items() if name not in current}
    lines = [
        Line(
            matter=name,
            state=_state(one.count, told.get(name, 0)),
            count=one.count,
            words=one.words,
            command=one.command,
        )
        for name, one in current.items()
    ]
    gone = [name for name in told if name not in current and name not in kept]
    passed = [name for name in position.quiet if name not in current and name not in told]
    lines += [_ended(name, "over", told[name]) for name in gone]
    lines += [_ended(name, "passed", position.quiet[name]) for name in passed]
    resolved = not current and not kept
    number = position.number + 1
    message = Message(
        id=f"{rule.instance}-{rule.id}-{number}",
        instance=rule.instance,
        at=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        resolved=resolved,
        summary=bool(position.quiet),
        text=_text(rule.instance, lines, resolved=resolved, summary=bool(position.quiet)),
        matters=tuple(lines),
    )
    counts = {name: one.count for name, one in current.items()}
    return msgspec.structs.replace(
        position,
        number=number,
        changed_at=None,
        quiet={},
        pending=message,
        pending_told={**kept, **counts},
    )


def _state(count: int, told: int) -> str:
    if not told:
        return "new"
    return "more" if count > told else "stands"


def _ended(name: str, state: str, count: int) -> Line:
    words = name.replace("_", " ")
    told = "came and went in quiet hours" if state == "passed" else "is over"
    return Line(matter=name, state=state, count=count, words=f"{words} {told}", command="")


def _text(instance: str, lines: list[Line], *, resolved: bool, summary: bool) -> str:
    """A few lines for people."""
    head = f"trueup {instance}"
    if summary:
        head += ", after quiet hours"
    told = [f"- {line.words}{f': {line.command}' if line.command else ''}" for line in lines]
    if resolved:
        told.append(OVER)
    return "\n".join((f"{head}:", *told))
