"""Names that a system allows only once: predict the clash, explain it, and find a way around.

A name is never made unique by adding something to it; a person chooses.
"""

from ledger.model.facts import Candidate, Hold, HoldCode, RecordView
from ledger.model.ids import ExternalRef, RecordId, SystemName
from ledger.model.keys import fold
from ledger.model.plans import Operation
from ledger.model.values import Value

from .explain import field_name, noun, shorten, thing
from .pointers import Ask
from .world import World


def taken(
    view: RecordView, system: SystemName, field: str, value: Value, world: World, ask: Ask
) -> Hold | None:
    """A hold when another record of the system has the name and is not about to give it up."""
    if not isinstance(value, str):
        return None
    space = world.policy.unique_fields(system, view.kind).get(field)
    if space is None:
        return None
    holders = []
    for ref, holding_field in _holders(system, space, value, world):
        holder = world.view_of(ref)
        if holder is None or holder.record == view.record:
            continue
        if not _will_free(holder, system, holding_field, value, ask):
            holders.append((ref, holder))
    return _hold(view, system, field, value, holders, world) if holders else None


def _holders(
    system: SystemName, space: str, value: str, world: World
) -> list[tuple[ExternalRef, str]]:
    folded = fold(value.strip())
    return [
        (ref, field)
        for kind, field in world.policy.sharing(system, space)
        for ref in world.find(system, kind, field, folded)
    ]


def keys_of(operation: Operation, world: World) -> tuple[tuple[str, str, str, str], ...]:
    """The unique names an operation would give, as keys of whoever could hold them."""
    spaces = world.policy.unique_fields(operation.system, operation.kind)
    wanted = {
        (spaces[change.field], fold(change.after.strip()))
        for change in operation.changes
        if change.field in spaces and isinstance(change.after, str)
    }
    return tuple(
        (operation.system, kind.value, field, name)
        for space, name in sorted(wanted)
        for kind, field in world.policy.sharing(operation.system, space)
    )


def givers(operation: Operation, world: World) -> frozenset[RecordId]:
    """Who has a unique name that an operation would give: it relies on their giving it up."""
    spaces = world.policy.unique_fields(operation.system, operation.kind)
    shown = (
        world.view_of(ref)
        for change in operation.changes
        if change.field in spaces and isinstance(change.after, str)
        for ref, _ in _holders(operation.system, spaces[change.field], change.after, world)
    )
    return frozenset(one.record for one in shown if one is not None) - {operation.record}


def _will_free(holder: RecordView, system: SystemName, field: str, value: str, ask: Ask) -> bool:
    decision = ask(holder.record)
    return decision is not None and any(
        frees(operation, system, field, value) for operation in decision.operations
    )


def frees(operation: Operation, system: SystemName, field: str, value: str) -> bool:
    """Whether the operation renames a record of ``system`` away from ``value``."""
    return operation.system == system and any(
        change.field == field
        and isinstance(change.before, str)
        and fold(change.before.strip()) == fold(value.strip())
        and isinstance(change.after, str)
        and fold(change.after.strip()) != fold(value.strip())
        for change in operation.changes
    )


def _hold(
    view: RecordView,
    system: SystemName,
    field: str,
    value: str,
    holders: list[tuple[ExternalRef, RecordView]],
    world: World,
) -> Hold:
    ref, holder = holders[0]
    title = world.policy.title(system)
    party = world.party(holder, system)
    inactive = party is not None and not party.is_active
    owner = f"{'inactive ' if inactive else ''}{noun(ref.kind)}"
    what = thing(view.kind, view.label)
    if field == "name":
        choices = f"Rename {what}, or rename the {owner} in {title}"
    else:
        choices = f"Change the {field_name(field)} of {what}, or that of the {owner} in {title}"
    if ref.kind is view.kind and inactive:
        choices = _reuse(view, ref, owner, title, choices, is_free=len(holder.sides) == 1)
    elif ref.kind is view.kind:
        choices += ", or link the two"
    else:
        choices += f": {title} keeps one list of names for {noun(view.kind)}s and {noun(ref.kind)}s"
    return Hold(
        record=view.record,
        code=HoldCode.NAME_TAKEN,
        text=(
            f'{field_name(field)} "{shorten(value)}" of {what} is already '
            f"taken in {title} by the {owner} with id {ref.id}."
        ),
        cure=f"{choices}.",
        field=field,
        system=system,
        candidates=tuple(
            Candidate(ref=r, label=h.label, evidence=f"has this {field_name(field)}")
            for r, h in holders
        ),
        waits_for=tuple(sorted(h.record for _, h in holders)),
    )


def _reuse(
    view: RecordView, ref: ExternalRef, owner: str, title: str, rename: str, *, is_free: bool
) -> str:
    """Three ways around a name that a record at rest still has: reactivate, adopt, rename."""
    again = f"Link the two after making it active again in {title}"
    adopt = f" (trueup link {view.record} {ref}), or link it as it is" if is_free else ""
    new = owner.removeprefix("inactive ")
    return f"{again}{adopt}; or {rename[:1].lower()}{rename[1:]}, so that a new {new} is created"


def taken_in_plan(operation: Operation, other: Operation, field: str, world: World) -> Hold:
    """Two records of one plan want the same name in the same system; ``other`` gets it."""
    title = world.policy.title(operation.system)
    return Hold(
        record=operation.record,
        code=HoldCode.NAME_TAKEN,
        text=(
            f"{thing(operation.kind, operation.label)} and {thing(other.kind, other.label)} would "
            f"get the same {field_name(field)} in {title}, which allows it once."
        ),
        cure=f"Rename one of the two, or link them if they are the same {noun(operation.kind)}.",
        field=field,
        system=operation.system,
        waits_for=(other.record,),
    )
