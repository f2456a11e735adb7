"""One conflict laid out: why it is asked, the fields with their picks, other answers, the effect.

Pure. Foreign text is made safe here, for it goes into a ``Sheet`` as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from daemon.control.frame import Json
from daemon.control.protocol import HistoryRowShown
from daemon.control.protocol_drift import FieldShown, RecordAnswer
from daemon.control.slugs import hold_words, noun, wait_words
from daemon.control.text import cells, clean, clip, pad
from tui.screens.approval import SHORT, act_text
from tui.screens.deciding import (
    BOTH,
    Asked,
    Pick,
    Picks,
    answers,
    asked,
    counted,
    policy_text,
    result_text,
    sentences,
    stop_of,
    targets,
    uses_text,
    what_text,
)
from tui.widgets.diff import (
    BESIDE,
    NEVER,
    SheetLine,
    diff_lines,
    now_text,
    rule,
    shown_text,
    systems_of,
    wrap,
)

TITLES = {"qbo": "QuickBooks", "dear": "DEAR"}
NAME = 18
MOST_LINES = 3
MOST_LIFE = 8
WHY_LINES = 4
BOTH_MAY = "policy: where nothing else is said both may change a field, and neither wins by itself"
AFTER = (
    "then the next cycle plans exactly this and passes it through the gate; the answer is void "
    "as soon as either side shows another value"
)
AFTERWARDS = frozenset({"Planned", "Released", "BaselineAdvanced"})
"""Entries by which a cycle shows that it has heard the answer."""
When = Callable[[str], str]


class Decided(msgspec.Struct, frozen=True):
    """What was answered in this session."""

    seq: int
    text: str
    takes: Mapping[str, tuple[Pick, Mapping[str, Json]]] = {}
    """Field -> what is right, and the values that this was said of."""

    def take(self, one: Asked) -> Pick:
        """What was answered of exactly these values; empty: nothing that still counts."""
        take, values = self.takes.get(one.field, ("", {}))
        return take if values == one.seen else ""


def sheet_lines(
    shown: RecordAnswer, picks: Picks, width: int, when: When, decided: Decided | None = None
) -> Iterator[SheetLine]:
    """Everything about one record that a person is asked about."""
    fields = asked(shown)
    if decided is not None:
        yield from _life(shown, decided, width, when)
    yield from _why(shown, width, when)
    if fields:
        yield SheetLine(rule("Decide: left and right pick, e edits, enter reviews", width), "bold")
        lay = _beside if width >= BESIDE else _below
        if width >= BESIDE:
            yield SheetLine(_titles(fields, width), "bold")
        for one in fields:
            said = decided.take(one) if decided is not None else ""
            take = picks.get(one.field)
            style = "" if one.takes(take) or said else "bold yellow"
            for line in lay(one, take or said, width, is_said=bool(said) and not take):
                yield SheetLine(clip(line, width), style, stop_of(one))
    if width >= BESIDE and any(one.owner == BOTH for one in fields):
        yield SheetLine(f"  {BOTH_MAY}", "dim")
    yield from _lines_of_document(shown, width)
    others = answers(shown)
    if others:
        title = "Other answers: enter reviews" if fields else "Answers: enter reviews"
        yield SheetLine(rule(title, width), "bold")
        for other in others:
            for line in wrap(f"- {other.words}", width, 3):
                yield SheetLine(line, "", other.stop)
    yield from _effect(shown, fields, picks, width)
    yield from _planned(shown, width)


def _why(shown: RecordAnswer, width: int, when: When) -> Iterator[SheetLine]:
    for hold in shown.holds:
        mark = "=" if hold.skipped else "!"
        since = f" since {when(hold.since)}" if hold.since else ""
        both = ""
        if hold.conflict:
            agreed = any(one.base for one in hold.conflict)
            both = ": both changed since they agreed" if agreed else ": they never agreed"
        told = f"{mark} {hold_words(hold.code)}{since}{both}"
        yield SheetLine(clip(told, width), "bold red")
        if not hold.conflict:  # else the table below says it all, and shorter
            yield from (SheetLine(f"  {line}") for line in wrap(hold.text, width - 2, WHY_LINES))
        if hold.cure and not hold.conflict:
            cure = wrap(f"What helps: {hold.cure}", width - 2, WHY_LINES)
            yield from (SheetLine(f"  {line}") for line in cure)
        if hold.skipped:
            yield SheetLine(clip(f"  set aside: {hold.skipped}", width), "dim")
    if not shown.holds:
        yield SheetLine(clip("= nothing is asked about this record now", width), "bold green")


def titled(system: str) -> str:
    return TITLES.get(system, clean(system))


def _systems(fields: Sequence[Asked]) -> list[str]:
    return list(dict.fromkeys(system for one in fields for system in one.values))


def _room(count: int, width: int) -> int:
    return max(8, (width - NAME - 3) // (count + 2) - 1)


def _titles(fields: Sequence[Asked], width: int) -> str:
    systems = _systems(fields)
    room = _room(len(systems), width)
    told = ["last agreed", *(f"    {titled(name)}" for name in systems), "result"]
    return f"  {pad('field', NAME)} {' '.join(pad(clip(one, room), room) for one in told)}"


def _beside(one: Asked, take: Pick, width: int, *, is_said: bool) -> Iterator[str]:
    """A field in a row of its own, its values beside each other."""
    systems = list(one.values)
    room = _room(len(systems), width)
    columns = [wrap(agreed_text(one), room, MOST_LINES)]
    for system in systems:
        parts = wrap(now_text(one.values, system), room - 4, MOST_LINES)
        columns.append(
            [f"{_radio(one, system, take)} {parts[0]}", *(f"    {p}" for p in parts[1:])]
        )
    columns.append(wrap(_result(one, take, is_said), room, MOST_LINES))
    names = wrap(noun(one.field), NAME)
    for place in range(max(len(names), *map(len, columns))):
        told = [column[place] if place < len(column) else "" for column in columns]
        mark = "!" if place == 0 else " "
        name = names[place] if place < len(names) else ""
        yield f"{mark} {pad(name, NAME)} {' '.join(pad(part, room) for part in told)}".rstrip()
    policy = policy_text(one)
    if policy and one.owner != BOTH:
        yield f"  {' ' * NAME} {policy}"


def _below(one: Asked, take: Pick, width: int, *, is_said: bool) -> Iterator[str]:
    """The same one below the other, for a narrow terminal."""
    policy = policy_text(one)
    yield f"! {noun(one.field)}{f'   {policy}' if policy else ''}"
    room = max(cells(name) for name in ("agreed", "result", *map(titled, one.values)))
    yield f"      {pad('agreed', room)} {agreed_text(one)}"
    for system in one.values:
        parts = wrap(now_text(one.values, system), width - room - 8, MOST_LINES)
        yield f"  {_radio(one, system, take)} {pad(titled(system), room)} {parts[0]}"
        yield from (f"      {' ' * room} {part}" for part in parts[1:])
    yield f"      {pad('result', room)} {_result(one, take, is_said)}"


def _result(one: Asked, take: Pick, is_said: bool) -> str:
    told = result_text(one, take)
    return f"{told} (decided)" if is_said else told


def _radio(one: Asked, system: str, take: Pick) -> str:
    if system not in one.may:
        return "   "
    return "(o)" if system == take else "( )"


def agreed_text(one: Asked) -> str:
    if not one.agreed:
        return NEVER
    told = {name: shown_text(value) for name, value in one.agreed.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{name}: {text}" for name, text in told.items())


def _lines_of_document(shown: RecordAnswer, width: int) -> Iterator[SheetLine]:
    """Which lines differ, where it is the lines that are asked about."""
    lines = [one for one in shown.fields if one.group and one.status != "same"]
    if not lines or not any(one.field == "lines" for one in asked(shown)):
        return
    yield SheetLine(rule("Lines that differ", width), "bold")
    first = [side.system for side in shown.sides]
    for line in diff_lines(lines, systems_of(lines, first), width):
        yield _passed_over(line)


def _passed_over(line: SheetLine) -> SheetLine:
    """The same line, which the cursor passes over: lines are decided as a whole."""
    return SheetLine(line.text, line.style)


def candidate_lines(
    shown: RecordAnswer, candidates: Mapping[str, RecordAnswer], width: int
) -> Iterator[SheetLine]:
    """The record beside each of those that may be it, field by field."""
    room = max(8, (width - NAME - 4) // 2)
    for ref, other in candidates.items():
        yield SheetLine(rule(f"Beside the candidate {ref}", width), "bold")
        head = f"  {pad('field', NAME)} {pad('this record', room)} candidate"
        yield SheetLine(clip(head, width), "bold")
        theirs = {one.field: _shown_value(one) for one in other.fields if not one.group}
        for field in shown.fields:
            mine, its = _shown_value(field), theirs.get(field.field, EMPTY)
            if field.group or {mine, its} <= {EMPTY}:
                continue
            mark, style = ("=", "dim") if mine == its else ("~", "")
            name = pad(clip(noun(field.field), NAME), NAME)
            told = f"{mark} {name} {pad(clip(mine, room), room)} {clip(its, room)}"
            yield SheetLine(clip(told, width), style)


EMPTY = shown_text(None)


def _shown_value(field: FieldShown) -> str:
    """Of a record that one system has: what that one shows."""
    values = [shown_text(value) for value in field.now.values()]
    return values[0] if values else EMPTY


def _effect(
    shown: RecordAnswer, fields: Sequence[Asked], picks: Picks, width: int
) -> Iterator[SheetLine]:
    uses = uses_text(shown)
    if not fields and not uses:
        return
    yield SheetLine(rule("Effect", width), "bold")
    if fields:
        yield SheetLine(clip(counted(fields, picks), width))
    for told in sentences(what_text(shown), fields, picks):
        yield from (SheetLine(f"  {line}") for line in wrap(told, width - 2, MOST_LINES))
    if uses:
        yield SheetLine(clip(uses, width))
    if targets(fields, picks):
        yield from (SheetLine(line) for line in wrap(AFTER, width, MOST_LINES))


def _planned(shown: RecordAnswer, width: int) -> Iterator[SheetLine]:
    """What is planned of it, with the digest that an approval would be about."""
    if not shown.operations:
        return
    yield SheetLine(rule("Planned", width), "bold")
    for one in shown.operations:
        reason = f" ({wait_words(one.reason)})" if one.reason else ""
        told = f"{one.digest[:SHORT]}  {act_text(one)}  {one.state}{reason}"
        yield SheetLine(clip(told, width))


def _life(shown: RecordAnswer, decided: Decided, width: int, when: When) -> Iterator[SheetLine]:
    """What was answered here and what has come of it."""
    yield SheetLine(rule("Decided", width), "bold")
    yield from (SheetLine(line, "bold green") for line in wrap(decided.text, width, MOST_LINES))
    since = [one for one in shown.history if one.seq >= decided.seq]
    if not shown.operations and not AFTERWARDS & {one.entry for one in since}:
        yield SheetLine(clip("the next cycle plans it; c runs one now", width))
    for one in reversed(since[:MOST_LIFE]):
        yield SheetLine(clip(_line(one, when), width))
    if applied(since):
        yield SheetLine(clip("= applied: the systems agree on it", width), "bold green")


def applied(since: Sequence[HistoryRowShown]) -> bool:
    """Whether the newest of what happened is that both sides agree again."""
    kinds = [one.entry for one in since]
    return "BaselineAdvanced" in kinds and "Planned" not in kinds[: kinds.index("BaselineAdvanced")]


def _line(one: HistoryRowShown, when: When) -> str:
    return f"  {when(one.at)}  {one.text}"
