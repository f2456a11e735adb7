"""What follows when one system no longer has a record, or keeps it only at rest.

Deleted (a tombstone), inactive (under ``NAME (deleted)`` or under its own name) and merged away are
told apart by their evidence, and policy says what is proposed. Nothing is done on one side's word:
what another side is to do goes through the gate, which asks. Where a record of the same key, or the
survivor of a merge, is there to be linked in its place, that question goes before any policy but
``ignore``.

``recreate`` creates nothing here: while the old reference is linked, a create would give the record
two parts in one system. It asks for the link to be taken off (one by one, or all at once by the
catalogue job); then the ordinary ladder, name checks and gate stand before the new record. Must not
look at documents themselves; ``documents.ending`` does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ledger.model.capabilities import Access
from ledger.model.facts import Candidate, Hold, HoldCode, RecordView
from ledger.model.ids import REFERENCE_KINDS, RecordId, SystemName
from ledger.model.plans import Action, FieldChange, Operation

from .explain import activity, noun, thing
from .operations import make_operation, refused
from .pointers import Decision
from .relink import Relinks, relinks
from .world import Party, World

ACTIVE = "active"


def removed(view: RecordView, gone: Sequence[tuple[SystemName, str]], world: World) -> Decision:
    """What follows from tombstones; ``gone`` are systems and their evidence."""
    others = _others(view, world)
    holds: list[Hold] = []
    operations: list[Operation] = []
    for system, evidence in gone if others.alive else ():
        policy = world.policy.removed(view.kind, system)
        if policy == "ignore" or world.meant(system, view.record) is not None:
            continue
        how = f"was removed in {world.policy.title(system)} ({evidence})"
        found = relinks(view, system, world)
        if policy == "follow" and not others.edited and not found.candidates:
            made, held = _followed(view, system, how, others, world)
            operations += made
            holds += held
        else:
            holds.append(_asked(view, system, how, others, found, world))
    return Decision(operations=tuple(operations), holds=tuple(holds))


class AtRest(msgspec.Struct, frozen=True, kw_only=True):
    """What follows when a system made its record inactive and the others keep theirs active."""

    is_proposed: bool = False
    """Whether it is proposed to make the others inactive as well."""
    remark: str = ""
    hold: Hold | None = None


def at_rest(view: RecordView, source: Party, world: World) -> AtRest:
    policy = world.policy.removed(view.kind, source.system)
    if policy == "ignore" or world.meant(source.system, view.record) is not None:
        return AtRest()
    title = world.policy.title(source.system)
    shown = getattr(view.sides[source.system].record, "name", None)
    renamed = isinstance(shown, str) and shown != source.values.get("name")
    called = f'it is called "{shown}" there now' if renamed else "it keeps its name there"
    found = relinks(view, source.system, world, sure=True)
    if not found.candidates and policy != "recreate":
        books = source.system == world.policy.books
        is_so = f'is called "{shown}" now' if renamed else "keeps its name"
        remark = f"In {title} it {is_so}: inactive, not deleted." if books else ""
        return AtRest(is_proposed=True, remark=remark)
    how = f"was made inactive in {title} ({called})"
    others = _others(view, world, source)
    return AtRest(hold=_asked(view, source.system, how, others, found, world))


class _Others(NamedTuple):
    """The systems that still have the record active, and those of them that show something new."""

    alive: tuple[Party, ...]
    edited: tuple[Party, ...]


def _others(view: RecordView, world: World, resting: Party | None = None) -> _Others:
    """What the resting side shows as well, in its own way, is agreed and not edited."""

    def is_edited(party: Party, field: str) -> bool:
        if not party.has_moved(field):
            return False
        if resting is None or field not in resting.values:
            return True
        return not (resting.agrees_with(party, field) or party.agrees_with(resting, field))

    alive = tuple(party for party in world.parties(view) if party.is_active)
    edited = tuple(p for p in alive if any(is_edited(p, field) for field in p.values))
    return _Others(alive, edited)


def _followed(
    view: RecordView, system: SystemName, how: str, others: _Others, world: World
) -> tuple[list[Operation], list[Hold]]:
    """By policy the others are made inactive; they are asked to be, like any inactivation."""
    operations: list[Operation] = []
    holds: list[Hold] = []
    key = f"kinds.{view.kind.value}.on_removed.{system}"
    for party in others.alive:
        rule = party.rule.fields.get(ACTIVE)
        can = party.rule.can_update and not party.rule.disabled
        if rule is None or rule.access is not Access.WRITE or not can or ACTIVE not in party.values:
            holds.append(_asked(view, system, how, others, Relinks(), world))
            continue
        change = FieldChange(
            field=ACTIVE, before=party.values[ACTIVE], after=False, trace=f"config {key}"
        )
        here, there = world.policy.title(party.system), world.policy.title(system)
        told = activity(Action.INACTIVATE, view.kind, view.label, there, here)
        why = f"{thing(view.kind, view.label)} {how}, and {key} says follow. {told}"
        operation = make_operation(
            view, party.system, Action.INACTIVATE, (change,), why=why, world=world
        )
        refusal = refused(view, operation, world)
        if refusal is None:
            operations.append(operation)
        else:
            holds.append(refusal)
    return operations, holds


def _asked(
    view: RecordView,
    system: SystemName,
    how: str,
    others: _Others,
    found: Relinks,
    world: World,
) -> Hold:
    """A person chooses between following it, undoing it and saying what took its place."""
    title, edited = world.policy.title, others.edited
    where = " and ".join(title(party.system) for party in others.alive)
    also = f" and is still active in {where}"
    if edited:
        also = f" and has been edited in {' and '.join(title(party.system) for party in edited)}"
    text = f"{thing(view.kind, view.label)} {how}{also}"
    if found.remark:
        text += f"; {found.remark}"
    return Hold(
        record=view.record,
        code=HoldCode.EDITED_AND_REMOVED if edited else HoldCode.REMOVED,
        text=f"{text}; nothing is passed on.",
        cure=_cure(view, system, where, found, world),
        system=system,
        candidates=found.candidates,
        waits_for=found.waits_for,
        waits_for_keys=found.waits_for_keys,
    )


def _cure(view: RecordView, system: SystemName, others: str, found: Relinks, world: World) -> str:
    here = world.policy.title(system)
    side = view.sides[system]
    undo = f"restore it in {here}" if side.tombstone else f"make it active again in {here}"
    choices = [f"make it inactive in {others} too", undo]
    if found.is_merged:
        choices.insert(0, _take_over(view.record, found.candidates[0], found, others))
        return _one_of(choices)
    if view.kind in REFERENCE_KINDS:
        goes = f"trueup remap {view.record} NEW --reason TEXT"
        choices.append(f"say where what points to it goes ({goes})")
    key = f"kinds.{view.kind.value}.on_removed.{system}"
    unlink = (
        f"unlink it so that it is created in {here} anew (trueup link {view.record} {side.ref} "
        "--unlink)"
    )
    if world.policy.create_policy(view.kind, system) == "never":
        pass  # unlinked, it would stay what the others have and this system lacks
    elif world.policy.removed(view.kind, system) == "recreate":
        bulk = "" if view.kind.value != "item" else "; items all at once: trueup catalogue plan"
        choices.insert(0, f"{unlink}, as {key} says{bulk}")
    else:
        choices.append(unlink)
    if found.candidates:
        first = found.candidates[0]
        choices.insert(
            0, f"link the one that took its place (trueup link {view.record} {first.ref})"
        )
    else:
        choices.append(f"link another {noun(view.kind)} of {here} to it")
    return _one_of(choices)


def _take_over(record: RecordId, first: Candidate, found: Relinks, others: str) -> str:
    if found.is_taken:
        return (
            f"say that pointers to it mean {first.label} (trueup remap {record} {first.ref} "
            f"--reason TEXT), or merge the two in {others} as well"
        )
    return f"link the survivor (trueup link {record} {first.ref})"


def _one_of(choices: Sequence[str]) -> str:
    text = f"{', or '.join(choices)}."
    return f"{text[:1].upper()}{text[1:]}"
