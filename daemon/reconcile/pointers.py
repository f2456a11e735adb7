"""Pointers to other records: is the thing that a field names there, on its way, or missing?

Must not write and must not create: it only tells what an operation has to wait for.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from ledger.model.facts import Hold, HoldCode, RecordView, Side
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, RecordId, SystemName, record_id
from ledger.model.keys import fold, keys
from ledger.model.plans import Action, Conflict, FieldChange, LinkProposal, Operation
from ledger.model.plans import Agreement as AgreementMade
from ledger.model.values import Lines, RecordRef, Reference

from .explain import field_name, noun, shorten, thing
from .lines import pointers
from .world import Remap, World


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that follows from one look at one record."""

    operations: tuple[Operation, ...] = ()
    agreement: AgreementMade | None = None
    links: tuple[LinkProposal, ...] = ()
    holds: tuple[Hold, ...] = ()
    conflict: Conflict | None = None
    awaits_links: bool = False
    """Something that it points to is being linked: look again when that is done."""
    in_step: bool = False
    """Nothing follows, and that stands until something of its own moves (``instep``)."""


Ask: TypeAlias = Callable[[RecordId], Decision | None]
"""The decision on another record; None when it is being decided right now (a circle)."""


class Pointed(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer becomes in the target, or why it cannot be written."""

    value: RecordRef | None = None
    remap: Remap | None = None
    """The standing answer by which it became another record than the source points to."""
    needs: tuple[RecordId, ...] = ()
    """The record itself, when it will be created in the target first."""
    awaits_link: bool = False
    hold: Hold | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The field that holds a pointer, and where it is read and written."""

    view: RecordView
    field: str
    source: SystemName
    target: SystemName


def point(value: RecordRef | Reference, place: Place, world: World, ask: Ask) -> Pointed:
    """Follow a pointer of the source into the target, by standing answers where there are any.

    A record at rest in the books is pointed to all the same, and held: the books take no new
    pointer to it.
    """
    if isinstance(value, Reference):
        return Pointed(hold=_unknown(value, place, world))
    remap = world.meant(place.target, value.record)
    if remap is None:
        return _followed(value, place, world, ask)
    if remap.problem:
        return Pointed(hold=_circle(value.record, remap, place, world))
    pointed = _followed(RecordRef(remap.record), place, world, ask)
    return msgspec.structs.replace(pointed, remap=remap)


def _followed(value: RecordRef, place: Place, world: World, ask: Ask) -> Pointed:
    pointed = world.view(value.record)
    if pointed is None:
        return Pointed(hold=_missing(value.record, None, "", place, world))
    side = pointed.sides.get(place.target)
    if side is not None:
        if side.tombstone:
            return Pointed(hold=_gone(pointed, side, place, world))
        resting = getattr(side.record, "active", True) is False
        if resting and place.target == world.policy.books:
            return Pointed(value=value, hold=_gone(pointed, side, place, world))
        return Pointed(value=value)
    decision = ask(value.record)
    if decision is None:
        why = "the two point at each other in a circle"
        return Pointed(hold=_missing(value.record, pointed, why, place, world))
    if decision.links or decision.awaits_links:
        return Pointed(value=value, awaits_link=True)
    if any(o.action is Action.CREATE and o.system == place.target for o in decision.operations):
        return Pointed(value=value, needs=(value.record,))
    held = next((h for h in decision.holds if h.system in ("", place.target)), None)
    missing = _missing(value.record, pointed, held.text if held else "", place, world)
    if held is not None and held.cure and pointed.kind in DOCUMENT_KINDS:
        # Nobody enters by hand what is to come over: what holds it is what has to be answered.
        cure = released(pointed, held, place.view)
        missing = msgspec.structs.replace(missing, cure=cure)
    return Pointed(hold=missing)


def released(pointed: RecordView, held: Hold, view: RecordView) -> str:
    """The cure of a record that waits for another one: the cure of that one's own hold."""
    return (
        f"Release {thing(pointed.kind, pointed.label)} first (trueup plan {pointed.record}): "
        f"{held.cure.rstrip('.')}. The {noun(view.kind)} follows by itself."
    )


def _unknown(reference: Reference, place: Place, world: World) -> Hold:
    """The source itself points to something that it has not shown, or shows more than once."""
    title = world.policy.title(place.source)
    what = f'{noun(reference.kind)} "{shorten(str(reference))}"'
    why = f"{title} shows no such {noun(reference.kind)}, or several"
    cure = f"Check the {noun(reference.kind)} in {title}, or choose another one."
    if reference.shared:
        why = f"several of {title} were called so when it showed the {noun(place.view.kind)}"
        cure = (
            f"Give each a name of its own in {title}, and save the {noun(place.view.kind)} there."
        )
    waits: tuple[RecordId, ...] = ()
    if reference.id:
        waits = (record_id(ExternalRef(place.source, reference.kind, reference.id)),)
    return Hold(
        record=place.view.record,
        code=HoldCode.MISSING_REFERENCE,
        text=(
            f"{field_name(place.field)} of {thing(place.view.kind, place.view.label)} is {what} "
            f"in {title}, and {why}."
        ),
        cure=cure,
        field=place.field,
        system=place.target,
        waits_for=waits,
        waits_for_keys=tuple(
            (place.source, reference.kind.value, key, fold(reference.key.strip()))
            for key in key_names(reference.kind)
            if reference.key
        ),
    )


def _missing(
    record: RecordId, pointed: RecordView | None, why: str, place: Place, world: World
) -> Hold:
    title = world.policy.title
    kind = pointed.kind if pointed else place.view.kind
    label = pointed.label if pointed else record
    where = " and ".join(title(s) for s in sorted(pointed.sides)) if pointed else "no system"
    said = f"{thing(kind, label)} exists in {where}, not in {title(place.target)}"
    text = f"{field_name(place.field)} of {thing(place.view.kind, place.view.label)}: {said}"
    why = why.removeprefix(said).removeprefix(", and ")
    return Hold(
        record=place.view.record,
        code=HoldCode.MISSING_REFERENCE,
        text=f"{text} ({why.rstrip('.')})." if why else f"{text}.",
        cure=(
            f"Create or link the {noun(kind)} in {title(place.target)}, or choose another one in "
            f"{title(place.source)}."
        ),
        field=place.field,
        system=place.target,
        waits_for=(record,),
        waits_for_keys=_keys_in_target(pointed, place.target) if pointed else (),
    )


def group_of(record: RecordId, kind: Kind) -> str:
    """The group of all holds that ask where pointers to one record are to go."""
    return f"{kind.value}:{record}"


def _gone(pointed: RecordView, side: Side, place: Place, world: World) -> Hold:
    """The target had the record and has it no more, or only at rest: one question for all that
    point to it."""
    here, there = world.policy.title(place.target), world.policy.title(place.source)
    what = thing(pointed.kind, pointed.label)
    kind = noun(pointed.kind)
    if side.tombstone:
        code, how = HoldCode.MISSING_REFERENCE, f"and it was removed in {here} ({side.tombstone})"
        back = f"restore it in {here}"
    else:
        code, how = HoldCode.INACTIVE_REFERENCE, f"which is inactive in {here}"
        back = f"make the {kind} active again in {here}"
    return Hold(
        record=place.view.record,
        code=code,
        text=(
            f"{field_name(place.field)} of {thing(place.view.kind, place.view.label)} is {what}, "
            f"{how}."
        ),
        cure=(
            f"Say once where everything that points to {what} goes: trueup remap {pointed.record} "
            f"NEW --reason TEXT; or {back}, or choose another one in {there}."
        ),
        field=place.field,
        system=place.target,
        waits_for=(pointed.record,),
        waits_for_keys=_keys_in_target(pointed, place.target) if side.tombstone else (),
        group=group_of(pointed.record, pointed.kind),
    )


def _circle(record: RecordId, remap: Remap, place: Place, world: World) -> Hold:
    kind = place.view.kind if (view := world.view(record)) is None else view.kind
    return Hold(
        record=place.view.record,
        code=HoldCode.MISSING_REFERENCE,
        text=(
            f"{field_name(place.field)} of {thing(place.view.kind, place.view.label)} is "
            f"{remap.said}, and {remap.problem}."
        ),
        cure="Take one of these remaps back (trueup remap OLD --undo --reason TEXT).",
        field=place.field,
        system=place.target,
        waits_for=(record,),
        group=group_of(record, kind),
    )


def _keys_in_target(
    pointed: RecordView, target: SystemName
) -> tuple[tuple[str, str, str, str], ...]:
    """Keys under which the missing record would show up in the target."""
    wanted = key_names(pointed.kind)
    found = {
        (target, pointed.kind.value, key, value)
        for side in pointed.sides.values()
        if side.record is not None
        for key, value in keys(side.record)
        if key in wanted
    }
    return tuple(sorted(found))


def key_names(kind: Kind) -> tuple[str, ...]:
    """Keys by which other records point to a record of this kind."""
    return ("code", "name") if kind is Kind.ACCOUNT else ("name",)


def not_coming(operation: Operation, need: RecordId, world: World) -> Hold:
    """A record that was to be created first is held itself, so what points to it waits."""
    view = world.view(operation.record)
    pointed = world.view(need)
    assert view is not None, "the operation was made from this view"
    field = next((f for c in operation.changes for f in _pointing(c, need)), "")
    place = Place(view=view, field=field, source=operation.system, target=operation.system)
    return _missing(need, pointed, "it is held itself", place, world)


def _pointing(change: FieldChange, need: RecordId) -> Iterator[str]:
    """The fields of a change that point to a record, lines by their place."""
    if change.after == RecordRef(need):
        yield change.field
    if isinstance(change.after, Lines):
        for index, part, pointer in pointers(change.after):
            if pointer == RecordRef(need):
                yield f"lines[{index + 1}].{part}"
