"""One record as text: last agreed, each system now, what will be, under the headings it has.

A change is never shown without the heading it belongs to; what is the same is only counted.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from daemon.cli.lines import is_lines, lines_text
from daemon.cli.out import heading, note, say, screen_width
from daemon.cli.plan import holds_lines, operation_lines
from daemon.cli.words import is_document, noun, nouns, short
from daemon.control.text import cells, clean, columns, plural, value_text

if TYPE_CHECKING:
    from daemon.control.frame import Json
    from daemon.control.protocol_drift import FieldShown, RecordAnswer

MARKS = {"same": " ", "changed": "~", "conflict": "!", "new": "+", "gone": "x"}
MOST_HISTORY = 10
WIDEST = 32


def print_record(shown: "RecordAnswer", *, everything: bool, side_by_side: bool) -> None:
    """All of it, in the order in which a person asks."""
    for line in _head(shown):
        say(line)
    say()
    differing = [field for field in shown.fields if field.status != "same"]
    same = len(shown.fields) - len(differing)
    hint = "" if everything or not same else " (--all shows them)"
    verb = "differs" if len(differing) == 1 else "differ"
    say(f"{plural(len(differing), 'field')} {verb}, {same:,} the same{hint}")
    wanted = shown.fields if everything else differing
    for line in _fields(shown, wanted, side_by_side=side_by_side):
        say(line)
    if shown.operations:
        say()
        heading("What will be written")
        for operation in shown.operations:
            for line in operation_lines(operation):
                say(line)
    if shown.holds:
        say()
        heading("Held")
        for line in holds_lines(shown.holds):
            say(line)
    if shown.uses:
        told = ", ".join(
            f"{one.count:,} {noun(one.kind) if one.count == 1 else nouns(one.kind)}"
            for one in shown.uses
        )
        say()
        say(f"used by {told}")
    _history(shown)


def _head(shown: "RecordAnswer") -> Iterator[str]:
    yield f"{noun(shown.kind)} {clean(shown.title or shown.label)}  {shown.record}"
    rows = [
        (side.system, side.ref, _state(shown.kind, side.state), f"seen {side.seen_at[:19]}Z")
        for side in shown.sides
    ]
    for line in columns(rows):
        yield f"  {line}"
    for side in shown.sides:
        if side.text:
            yield f"  {side.system}: {clean(side.text)}"
    agreed = f"{shown.agreed_at[:19]}Z, entry {shown.agreed_seq}" if shown.agreed_at else "never"
    yield f"  last agreed: {agreed}; as of {shown.as_of.isoformat(timespec='seconds')}"


def _state(kind: str, state: str) -> str:
    return "voided" if state == "inactive" and is_document(kind) else noun(state)


def _fields(
    shown: "RecordAnswer", wanted: "Sequence[FieldShown]", *, side_by_side: bool
) -> Iterator[str]:
    systems = [side.system for side in shown.sides]
    for field in wanted:
        systems += [name for name in (*field.now, *field.will_be) if name not in systems]
    if side_by_side:
        lines = list(_beside(wanted, systems))
        if all(cells(line) <= screen_width() for line in lines):
            yield from lines
            return
        note(f"side by side does not fit {screen_width()} columns: one below the other instead")
    for group, fields in groupby(wanted, key=lambda field: field.group):
        yield f"  {_group(group)}"
        for field in fields:
            yield from _unified(field, systems)


def _group(group: str) -> str:
    return f"-- {clean(group) or 'header'} --"


def _beside(wanted: "Sequence[FieldShown]", systems: list[str]) -> Iterator[str]:
    writes = any(field.will_be for field in wanted)
    head = ("", "field", "last agreed", *systems, *(("will be",) if writes else ()))
    rows: list[tuple[str, ...]] = [head]
    places: list[str | None] = [None]
    for field in wanted:
        rows.append(
            (
                MARKS[field.status],
                noun(field.field),
                _agreed(field, systems),
                *(_now(field, system) for system in systems),
                *((_will(field),) if writes else ()),
            )
        )
        places.append(field.group)
    last: str | None = None
    for line, group in zip(columns(rows, widest=WIDEST), places, strict=True):
        if group is not None and group != last:
            yield f"  {_group(group)}"
            last = group
        yield f"  {line}"


def _unified(field: "FieldShown", systems: list[str]) -> Iterator[str]:
    owner = f"  ({_owner(field.owner)})" if field.owner else ""
    yield f"  {MARKS[field.status]} {noun(field.field)}{owner}"
    if not field.agreed and not field.will_be and len(systems) == 1:
        yield f"      {_now(field, systems[0])}"
        return
    rows = [("agreed", _agreed(field, systems), "")]
    for system in systems:
        will = f"-> {_text(field.will_be[system])}" if system in field.will_be else ""
        changed = "> " if system in field.changed_in else ""
        rows.append((f"{changed}{system}", _now(field, system), will))
    if field.status == "same":
        rows = rows[1:2]
    for line in columns(rows):
        yield f"      {line}"


def _owner(owner: str) -> str:
    return "both may change it" if owner == "both" else f"{owner} decides"


def _agreed(field: "FieldShown", systems: list[str]) -> str:
    """One value where all systems showed the same when they agreed."""
    if not field.agreed:
        return "(never agreed)"
    told = {name: _text(field.agreed[name]) for name in systems if name in field.agreed}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{name}: {text}" for name, text in told.items())


def _now(field: "FieldShown", system: str) -> str:
    return _text(field.now[system]) if system in field.now else "(none)"


def _will(field: "FieldShown") -> str:
    return ", ".join(f"{name}: {_text(value)}" for name, value in field.will_be.items())


def _text(value: "Json") -> str:
    return lines_text(value) if is_lines(value) else value_text(value)


def _history(shown: "RecordAnswer") -> None:
    if not shown.history:
        return
    say()
    heading("History, newest first")
    refs = [side.ref for side in shown.sides]
    for row in shown.history[:MOST_HISTORY]:
        say(f"  {row.seq:>8}  {row.at[:19]}Z  {clean(row.actor)}  {clean(short(row.text, refs))}")
    if len(shown.history) > MOST_HISTORY:
        note(f"trueup ledger history {shown.record} shows its whole life")
