"""What is asked about one record, which answers there are, and what each of them does. Pure.

A question about values is answered field by field with the value of one system; the others (is it
the same thing, shall it be tried again) by an ``Answer``. Computes sentences only: the daemon
decides what follows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from daemon.control.frame import Json
from daemon.control.protocol import HoldShown
from daemon.control.protocol_drift import FieldShown, RecordAnswer
from daemon.control.slugs import noun, nouns
from daemon.control.text import plural
from tui.widgets.diff import now_text, shown_text

BOTH = "both"
FIGURES = ("price", "cost", "total", "amount", "quantity", "rate", "lines")
"""Parts of the names of fields that are figures: a code of digits alone is none."""
BOOKS = "qbo"
BY_VALUE = frozenset({"foreign_edit", "discrepant"})
"""Holds about the value of one field, which they name themselves."""
MATCHES = frozenset({"proposed_match", "ambiguous_match"})
PARTED = frozenset({"edited_and_removed", "removed", "voided"})
"""Holds that unlinking releases: what is left is made anew on the other side."""
REFUSED = frozenset({"rejected", "lost_update"})


class Own(msgspec.Struct, frozen=True):
    """A value of a person's own."""

    text: str
    """As it was typed."""
    becomes: Mapping[str, Json]
    """What each system will show, as the daemon says."""


Pick = str | Own
"""A system, whose value is right, or a value that none of them shows."""
Picks = Mapping[str, Pick]
"""Field -> what is right."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One field on which a person's answer is wanted."""

    field: str
    code: str
    agreed: Mapping[str, Json]
    values: Mapping[str, Json]
    """What each system shows now."""
    may: tuple[str, ...]
    """Systems whose value can be taken."""
    owner: str = ""
    edited: str = ""
    """Of an edit where it has no say: the system in which it was made."""
    is_document: bool = False

    @property
    def seen(self) -> dict[str, Json]:
        return dict(self.values)

    @property
    def may_be_own(self) -> bool:
        """Whether a value of one's own is an answer: what a document says is its source's."""
        return self.code != "discrepant" and not self.is_document

    def takes(self, pick: Pick | None) -> bool:
        return isinstance(pick, Own) or pick in self.may

    def after(self, target: str, pick: Pick) -> Json:
        """What ``target`` will show."""
        return pick.becomes.get(target) if isinstance(pick, Own) else self.values.get(pick)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Another answer than a value."""

    act: Literal["link", "apart", "unlink", "retry"]
    ref: str = ""
    words: str
    effect: str

    @property
    def stop(self) -> str:
        return f"answer:{self.act}:{self.ref}"


def asked(shown: RecordAnswer) -> tuple[Asked, ...]:
    """The fields that wait for a value, in the order of the holds."""
    fields = {one.field: one for one in shown.fields if not one.group}
    found: dict[str, Asked] = {}
    for hold in shown.holds:
        for conflict in hold.conflict:
            known = fields.get(conflict.field)
            found[conflict.field] = Asked(
                field=conflict.field,
                code=hold.code,
                agreed=conflict.base,
                values=_in_order(conflict.values),
                may=tuple(_in_order(conflict.values)),
                owner=known.owner if known is not None else "",
            )
        if hold.code in BY_VALUE and hold.field and not hold.conflict:
            found[hold.field] = _by_value(hold, fields.get(hold.field))
    return tuple(found.values())


def _by_value(hold: HoldShown, field: FieldShown | None) -> Asked:
    values = _in_order(hold.sides or (field.now if field is not None else {}))
    return Asked(
        field=hold.field,
        code=hold.code,
        agreed=field.agreed if field is not None else {},
        values=values,
        # What is posted can be accepted only: the other figure is not written over it.
        may=(hold.system,) if hold.code == "discrepant" else tuple(values),
        owner=field.owner if field is not None else "",
        edited=hold.system if hold.code == "foreign_edit" else "",
        is_document=bool(hold.sides),
    )


def _in_order(values: Mapping[str, Json]) -> dict[str, Json]:
    """The source first and the books last, as the table reads from left to right."""
    return {name: values[name] for name in sorted(values, key=lambda n: (n == BOOKS, n))}


def answers(shown: RecordAnswer) -> tuple[Answer, ...]:
    """What else can be said of it; the values come first and are not among these."""
    found: dict[str, Answer] = {}
    for hold in shown.holds:
        for one in _answers(hold, shown):
            found.setdefault(one.stop, one)
    return tuple(found.values())


def _answers(hold: HoldShown, shown: RecordAnswer) -> Iterator[Answer]:
    what = noun(shown.kind)
    for candidate in hold.candidates:
        if candidate.ref.split("/")[1:2] != [shown.kind]:
            continue
        named = f"{candidate.ref} {candidate.label}".strip()
        if not candidate.is_linked:  # else it would be refused: the cure says what helps
            yield Answer(
                act="link",
                ref=candidate.ref,
                words=f"the same: {named}   {candidate.evidence}",
                effect="the two are one record from now on, and are compared at the next cycle",
            )
        if hold.code in MATCHES:
            yield Answer(
                act="apart",
                ref=candidate.ref,
                words=f"different: {named} is another {what}",
                effect=f"they are never proposed again; if nothing else matches, the {what} is "
                "created",
            )
    if hold.code in PARTED and len(shown.sides) > 1:
        for side in shown.sides:
            if side.system == hold.system:
                yield Answer(
                    act="unlink",
                    ref=side.ref,
                    words=f"unlink {side.ref}: it is a record of its own",
                    effect=f"the {what} of the other system is made in {side.system} anew",
                )
    if hold.code in REFUSED or hold.skipped:
        yield Answer(
            act="retry",
            words="try again: the cause is mended",
            effect="what was refused or set aside is planned and sent once more",
        )


def picked(fields: Iterable[Asked], picks: Picks) -> list[Asked]:
    """The fields that are decided."""
    return [one for one in fields if one.takes(picks.get(one.field))]


def turned(one: Asked, take: Pick | None, step: int) -> str | None:
    """The next pick of a field: its systems in their order, no further than the ends."""
    if not one.may:
        return None
    if isinstance(take, Own) or take not in one.may:
        return one.may[0] if step < 0 else one.may[-1]
    place = one.may.index(take) + step
    return one.may[max(0, min(place, len(one.may) - 1))]


def moved(before: Asked, after: Asked | None) -> bool:
    """Whether what a person looked at is no longer what is shown."""
    return after is None or before.seen != after.seen


def result_text(one: Asked, take: Pick | None) -> str:
    if isinstance(take, Own):
        shown = dict.fromkeys(map(shown_text, take.becomes.values()))
        return f"{' / '.join(shown)} (yours)"
    if take in one.may and take:
        return now_text(one.values, take)
    return "? choose a side, or e" if one.may_be_own else "? choose a side"


def writes(one: Asked, take: Pick) -> tuple[str, ...]:
    """Systems that will be given the value of ``take``."""
    if isinstance(take, Own):
        return tuple(name for name, value in one.values.items() if value != take.becomes.get(name))
    if one.code == "discrepant" or (one.is_document and take == one.edited):
        return ()
    return tuple(system for system, value in one.values.items() if value != one.values.get(take))


def targets(fields: Iterable[Asked], picks: Picks) -> tuple[str, ...]:
    """Every system that is written to by what is picked."""
    chosen = picked(fields, picks)
    return tuple(dict.fromkeys(t for one in chosen for t in writes(one, picks[one.field])))


def counted(fields: Iterable[Asked], picks: Picks) -> str:
    """``1 update to qbo and 1 to dear``; one update of a system takes all fields with it."""
    found = picked(fields, picks)
    if not found:
        return "nothing is picked yet"
    systems = targets(found, picks)
    if not systems:
        return "nothing is written: what stands there is accepted"
    first, *others = systems
    return " and ".join([f"1 update to {first}", *(f"1 to {other}" for other in others)])


def sentences(what: str, fields: Iterable[Asked], picks: Picks) -> Iterator[str]:
    """Exactly what follows from the picks, a sentence each."""
    for one in picked(fields, picks):
        take = picks[one.field]
        systems = writes(one, take)
        if not systems and isinstance(take, str):
            new = shown_text(one.values.get(take))
            yield f"{noun(one.field)}: {new} of {take} is accepted as it is; nothing is written"
        for target in systems:
            old, new = now_text(one.values, target), shown_text(one.after(target, take))
            yield (
                f"update {what} in {target}: {noun(one.field)} {old} -> {new}"
                f"{rise(one, target, take)}"
            )


def rise(one: Asked, target: str, take: Pick) -> str:
    """`` (+0.05)``: by how much a figure changes there."""
    if not any(part in one.field for part in FIGURES):
        return ""
    before, after = _figure(one.values.get(target)), _figure(one.after(target, take))
    return f" ({after - before:+,})" if before is not None and after is not None else ""


def _figure(value: Json) -> Decimal | None:
    """An amount; for lines of a document their sum."""
    if isinstance(value, dict):
        lines = value.get("lines")
        rows = lines if isinstance(lines, list) else []
        found = [_figure(row.get("amount")) for row in rows if isinstance(row, dict)]
        return sum((one for one in found if one is not None), Decimal()) if rows else None
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def policy_text(one: Asked) -> str:
    """What the rules say of the field."""
    if one.code == "discrepant":
        return "policy: the books' own figure can be accepted, not overwritten"
    if one.code == "foreign_edit":
        owner = one.owner or next((name for name in one.values if name != one.edited), "")
        return f"policy: {owner} decides; edited in {one.edited}"
    if one.owner == BOTH:
        return "policy: both may change it, so neither wins by itself"
    return f"policy: {one.owner} decides" if one.owner else ""


def uses_text(shown: RecordAnswer) -> str:
    """What else would follow the record; empty where nothing is known to point to it."""
    told = [plural(use.count, noun(use.kind), nouns(use.kind)) for use in shown.uses]
    return f"{', '.join(told)} point to it" if told else ""


def what_text(shown: RecordAnswer) -> str:
    return f"{noun(shown.kind)} {shown.title or shown.label}"


def spots(shown: RecordAnswer) -> dict[str, Asked | Answer]:
    """What the cursor may stand on, by the keys of the lines."""
    found: dict[str, Asked | Answer] = {stop_of(one): one for one in asked(shown)}
    return found | {one.stop: one for one in answers(shown)}


def typed_text(one: Asked, pick: Pick | None) -> str:
    """What a person begins with who types a value: the own one, else that of the first side."""
    if isinstance(pick, Own):
        return pick.text
    value = one.values.get(pick or "", next(iter(one.values.values()), None))
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case {"type": "record", "label": str(label)}:
            return label
        case dict():
            parts = {k: v for k, v in value.items() if k != "type" and v}
            return msgspec.json.encode(parts).decode()
        case _:
            return str(value)


def stop_of(one: Asked) -> str:
    return f"pick:{one.field}"


def still(before: Sequence[Asked], after: Sequence[Asked], picks: Picks) -> dict[str, Pick]:
    """The picks of fields that show what they showed when they were picked."""
    known = {one.field: one for one in after}
    kept = {one.field for one in before if not moved(one, known.get(one.field))}
    return {field: take for field, take in picks.items() if field in kept}
