"""Three-way diffs as lines of text: last agreed, each system now, what will be. Pure.

A change never stands without the heading that it belongs to, what is the same is left out unless
asked for, and every status has a glyph of its own beside its colour. Values are foreign text and
are made safe here. Beside each other where there is room, else one below the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import groupby, zip_longest

import msgspec

from daemon.control.frame import Json
from daemon.control.protocol_drift import FieldShown
from daemon.control.slugs import noun
from daemon.control.text import ELLIPSIS, cells, clean, clip, pad, plural, value_text

MARKS = {"same": " ", "changed": "~", "conflict": "!", "new": "+", "gone": "x"}
STYLES = {"conflict": "bold red", "changed": "yellow", "new": "green", "gone": "red", "same": "dim"}
BOOKS = "qbo"
BESIDE = 100
"""Columns from which the systems stand beside each other."""
NAME = 20
MOST_LINES = 3
"""Lines that one value takes at most; enter shows all of it."""
NEVER = "(never agreed)"
NOTHING = "(none)"


class SheetLine(msgspec.Struct, frozen=True):
    """One line laid out for a width: clean text, a Rich style, and what the cursor stands on."""

    text: str
    style: str = ""
    stop: str = ""
    """Key of what this line is part of; empty: the cursor passes over it."""


def stop_of(field: FieldShown) -> str:
    return f"field:{field.group}\x1f{field.field}"


def diff_lines(
    fields: Sequence[FieldShown], systems: Sequence[str], width: int, *, everything: bool = False
) -> Iterator[SheetLine]:
    """The fields that differ, or all, under their headings."""
    wanted = [field for field in fields if everything or field.status != "same"]
    grouped = any(field.group for field in wanted)
    beside = width >= BESIDE
    columns = Columns(
        systems=tuple(systems),
        targets=tuple(dict.fromkeys(name for field in wanted for name in field.will_be)),
        agreed=any(field.agreed for field in wanted),
    )
    if beside and wanted:
        yield SheetLine(_row("", _titles(columns), width)[0], "bold")
    for group, members in groupby(wanted, key=lambda field: field.group):
        if grouped:
            yield SheetLine(rule(group or "header", width), "bold")
        for field in members:
            lines = _beside(field, columns, width) if beside else _below(field, systems, width)
            for line in lines:
                text = clip(line, width)
                yield SheetLine(text, STYLES[field.status], stop_of(field))


def rule(title: str, width: int, lead: str = "------") -> str:
    """A heading: ``------ line 2 of 5: 820412-001 -----``."""
    told = clip(f"{lead} {clean(title)} ", max(1, width - 1))
    return told + "-" * max(0, width - cells(told))


def differing(fields: Sequence[FieldShown]) -> int:
    return sum(1 for field in fields if field.status != "same")


def systems_of(fields: Sequence[FieldShown], first: Sequence[str] = ()) -> list[str]:
    """Every system that shows or will show something; the books are the last column."""
    named = [name for field in fields for name in (*field.now, *field.will_be, *field.agreed)]
    return sorted({*first, *named}, key=lambda name: (name == BOOKS, name))


def shown_text(value: Json) -> str:
    """A value in one clean line; lines of a document as their number and sum."""
    lines = value.get("lines") if isinstance(value, dict) else None
    if isinstance(value, dict) and value.get("type") == "lines" and isinstance(lines, list):
        amounts = [line.get("amount") for line in lines if isinstance(line, dict)]
        return f"{plural(len(lines), 'line')} of {_sum(amounts)} in all"
    return value_text(value)


def agreed_text(field: FieldShown) -> str:
    """One value where all systems showed the same when they agreed."""
    if not field.agreed:
        return NEVER
    told = {name: shown_text(value) for name, value in field.agreed.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{name}: {text}" for name, text in told.items())


def now_text(values: Mapping[str, Json], system: str) -> str:
    return shown_text(values[system]) if system in values else NOTHING


def will_text(field: FieldShown) -> str:
    """What will be written; the system is named where there are several."""
    told = {name: shown_text(value) for name, value in field.will_be.items()}
    return ", ".join(f"{name}: {text}" for name, text in told.items())


def whole_field(field: FieldShown, systems: Sequence[str]) -> list[str]:
    """Everything about one field, values in full, for reading at leisure."""
    owners = {"both": "both systems may change it", "": "nobody writes it"}
    told = [
        f"{MARKS[field.status]} {field.status}   {field.group or 'header'}",
        f"Whose     {owners.get(field.owner, f'{field.owner} decides')}",
        "",
        "Last agreed",
        *(_whole(name, value) for name, value in field.agreed.items()),
        *(() if field.agreed else (f"  {NEVER}",)),
        "",
        "Now",
    ]
    for name in systems:
        changed = "  (changed since)" if name in field.changed_in else ""
        told.append(f"  {name}{changed}")
        told += chunks(field.now[name]) if name in field.now else [f"    {NOTHING}"]
    if field.will_be:
        told += ["", "Will be", *(_whole(name, value) for name, value in field.will_be.items())]
    return told


CHUNK = 190
"""Characters of one line of a long value: escaped in full, it still is not cut."""


def chunks(value: Json) -> list[str]:
    """A value in full; a text keeps its line breaks."""
    if not isinstance(value, str) or not value:
        return [f"    {shown_text(value)}"]
    lines = value.split("\n")
    return [
        f"    {line[at : at + CHUNK]}" for line in lines for at in range(0, len(line) or 1, CHUNK)
    ]


def wrap(text: str, width: int, most: int = MOST_LINES) -> list[str]:
    """Clean text in lines of ``width`` columns, broken at spaces where there are any."""
    text = clean(text)
    found: list[str] = []
    while text and len(found) < most:
        if cells(text) <= width:
            found.append(text)
            break
        if len(found) == most - 1:
            found.append(clip(text, width))
            break
        head = clip(text, width + 1).removesuffix(ELLIPSIS) or text[0]
        space = head.rfind(" ")
        cut = space if space > width // 2 else len(head)
        found.append(head[:cut].rstrip())
        text = text[cut:].lstrip()
    return found or [""]


def _whole(name: str, value: Json) -> str:
    return f"  {name}: {shown_text(value)}"


class Columns(msgspec.Struct, frozen=True):
    """What stands beside the name of a field."""

    systems: tuple[str, ...]
    targets: tuple[str, ...]
    """Systems that will be written to."""
    agreed: bool
    """Anything was ever agreed."""


def _titles(columns: Columns) -> list[str]:
    one = f"will be ({columns.targets[0]})" if len(columns.targets) == 1 else "will be"
    agreed = ("last agreed",) if columns.agreed else ()
    return ["field", *agreed, *columns.systems, *((one,) if columns.targets else ())]


def _beside(field: FieldShown, columns: Columns, width: int) -> Iterator[str]:
    told = [noun(field.field), *((agreed_text(field),) if columns.agreed else ())]
    for name in columns.systems:
        changed = "> " if name in field.changed_in else ""
        told.append(f"{changed}{now_text(field.now, name)}")
    if len(columns.targets) == 1:
        told.append(shown_text(field.will_be[columns.targets[0]]) if field.will_be else "")
    elif columns.targets:
        told.append(will_text(field))
    yield from _row(MARKS[field.status], told, width)


def _row(mark: str, told: Sequence[str], width: int) -> list[str]:
    """Cells of equal width behind mark and name, wrapped where they are long."""
    room = max(8, (width - NAME - 3) // (len(told) - 1) - 1)
    columns = [wrap(told[0], NAME), *(wrap(text, room) for text in told[1:])]
    lines = []
    for place, parts in enumerate(zip_longest(*columns, fillvalue="")):
        head = f"{mark if place == 0 else '':<1} {pad(parts[0], NAME)}"
        lines.append(f"{head} {' '.join(pad(part, room) for part in parts[1:])}".rstrip())
    return lines


def _below(field: FieldShown, systems: Sequence[str], width: int) -> Iterator[str]:
    owners = {"both": "  (both may change it)", "": ""}
    owner = owners.get(field.owner, f"  ({clean(field.owner)} decides)")
    if field.status == "new" and not field.will_be and len(field.now) == 1:
        head = f"{MARKS[field.status]} {pad(noun(field.field), NAME)} "
        value = now_text(field.now, next(iter(field.now)))
        yield from _part(head, wrap(value, max(20, width - cells(head))))
        return
    yield f"{MARKS[field.status]} {noun(field.field)}{owner}"
    if field.status == "same":
        first = next((name for name in systems if name in field.now), "")
        yield f"      {now_text(field.now, first)}"
        return
    names = [clean(name) for name in systems]
    name_room = max(cells(name) for name in ("agreed", *names))
    room = max(20, width - name_room - 7)
    if field.agreed:
        yield from _part(f"      {pad('agreed', name_room)} ", wrap(agreed_text(field), room))
    for system, name in zip(systems, names, strict=True):
        sign = ">" if system in field.changed_in else " "
        told = now_text(field.now, system)
        if system in field.will_be:
            will = shown_text(field.will_be[system])
            if cells(told) + cells(will) + 4 <= room:
                told = f"{told} -> {will}"
            else:
                yield from _part(f"    {sign} {pad(name, name_room)} ", wrap(told, room))
                yield from _part(f"      {' ' * name_room} -> ", wrap(will, room - 3))
                continue
        elif field.status == "new" and system not in field.now:
            continue
        yield from _part(f"    {sign} {pad(name, name_room)} ", wrap(told, room))


def _part(head: str, lines: Sequence[str]) -> Iterator[str]:
    """Lines of one value; the later ones stand under the first."""
    yield f"{head}{lines[0]}"
    yield from (f"{' ' * cells(head)}{line}" for line in lines[1:])


def _sum(amounts: Sequence[Json]) -> str:
    total = Decimal()
    for amount in amounts:
        try:
            total += Decimal(str(amount)) if amount is not None else Decimal()
        except InvalidOperation:
            return "?"
    return f"{total:,.2f}" if total == round(total, 2) else f"{total:,f}"
