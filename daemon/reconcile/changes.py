"""From "this value belongs there" to a field change, or to the hold that says why not.

Every change carries the trace of its value. Must not compare sides; ``merge`` has done that.
"""

import msgspec

from ledger.model.capabilities import Access
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.plans import FieldChange
from ledger.model.values import RecordRef, Reference, Value

from .explain import field_name, show, taken, thing, unmarked
from .mapping import CODE_FROM_ID, SANITISE, SHORTEN, Rendered, same
from .merge import Reason, Take
from .names import taken as name_taken
from .pointers import Ask, Place, point
from .world import Party, World

MATTERS = frozenset({(Kind.ITEM, "type"), (Kind.VENDOR, "currency"), (Kind.CUSTOMER, "currency")})
"""Fields that decide how amounts post: where they differ and cannot be written, a person must
know. Any other field that a system does not let us write is left as it is."""

UNMARKED = "the name that was agreed"
"""Trace of a name that loses the mark of inactivation."""

_POINTER = (RecordRef, Reference)


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """One field on its way into one system."""

    change: FieldChange | None = None
    why: str = ""
    needs: tuple[RecordId, ...] = ()
    awaits_link: bool = False
    hold: Hold | None = None


def draft_update(view: RecordView, take: Take, target: Party, world: World, ask: Ask) -> Drafted:
    """The change of one field of a record that the target already shows."""
    refusal = _not_writable(view, take, target, world)
    if refusal is not None:
        return refusal
    rendered = take.source.render_for(target, take.field)
    before = target.values[take.field]
    drafted = draft_field(view, take.source, target, take.field, before, world=world, ask=ask)
    if drafted.change is None:
        return drafted
    after = drafted.change.after
    hold = oscillates(view, take, target, after, world)
    if hold is None:
        hold = name_taken(view, target.system, take.field, after, world, ask)
    if hold is not None:
        return Drafted(hold=hold)
    why = taken(take, target, rendered.value, world)
    return msgspec.structs.replace(drafted, why=why)


def draft_unmarked(view: RecordView, target: Party, world: World, ask: Ask) -> Drafted:
    """The agreed name for a record that was made active again under the mark of inactivation."""
    rule, name = target.field_rule("name"), target.values["name"]
    if rule.access is not Access.WRITE or not target.rule.can_update or target.rule.disabled:
        return Drafted()
    hold = name_taken(view, target.system, "name", name, world, ask)
    if hold is not None:
        return Drafted(hold=hold)
    change = FieldChange(field="name", before=target.marked, after=name, trace=UNMARKED)
    return Drafted(change=change, why=unmarked(target, world))


def draft_field(
    view: RecordView,
    source: Party,
    target: Party,
    field: str,
    before: Value,
    *,
    world: World,
    ask: Ask,
) -> Drafted:
    """The source's value as the target will get it, pointers followed."""
    rendered = source.render_for(target, field)
    if field == "name" and world.policy.names == "hold":
        hold = _refuses_name(view, source, target, rendered, world)
        if hold is not None:
            return Drafted(hold=hold)
    value, trace = rendered.value, rendered.trace(f"{source.system}.{field}")
    if not isinstance(value, _POINTER):
        return Drafted(change=FieldChange(field=field, before=before, after=value, trace=trace))
    place = Place(view=view, field=field, source=source.system, target=target.system)
    pointed = point(value, place, world, ask)
    if pointed.hold is not None:
        return Drafted(hold=pointed.hold)
    return Drafted(
        change=FieldChange(field=field, before=before, after=pointed.value, trace=trace),
        needs=pointed.needs,
        awaits_link=pointed.awaits_link,
    )


def _not_writable(view: RecordView, take: Take, target: Party, world: World) -> Drafted | None:
    """None when the field can be written; otherwise nothing, or the hold that it deserves."""
    field = take.field
    rule = target.field_rule(field)
    rendered = take.source.render_for(target, field)
    if target.rule.disabled:
        return Drafted(hold=disabled(view, target.system, target.rule.disabled, world))
    # What cannot be written is passed over without a word, unless it matters how amounts post or a
    # person has just asked for it.
    loud = (view.kind, field) in MATTERS or take.reason is Reason.RESOLVED
    made_up = CODE_FROM_ID in rendered.mappings  # is for new records: nobody's code is overwritten
    stays_filled = rendered.value is None and (rule.required or not rule.clearable)
    if rule.access is not Access.WRITE or made_up or stays_filled:
        if not loud:
            return Drafted()
        return Drafted(hold=_not_representable(view, take, target, rendered.value, world))
    if not target.rule.can_update:
        return Drafted(hold=_by_hand(view, take, target, rendered.value, world))
    return None


def disabled(view: RecordView, system: SystemName, reason: str, world: World) -> Hold:
    """One sentence per system and kind, the same on every record, so that it reads as one alarm."""
    title = world.policy.title(system)
    return Hold(
        record=view.record,
        code=HoldCode.DISABLED,
        text=f"{title} is not available for this kind of record: {reason}.",
        cure=f"Turn the feature on in {title}, or switch kinds.{view.kind.value}.flow off.",
        system=system,
    )


def _not_representable(
    view: RecordView, take: Take, target: Party, value: Value, world: World
) -> Hold:
    title = world.policy.title
    there, here = title(take.source.system), title(target.system)
    name = field_name(take.field)
    return Hold(
        record=view.record,
        code=HoldCode.NOT_REPRESENTABLE,
        text=(
            f"{name} of {thing(view.kind, view.label)} is "
            f"{show(target.values[take.field], world)} in {here} and "
            f"{show(take.source.values[take.field], world)} in {there}, which {here} would show as "
            f"{show(value, world)}; {here} does not let it be changed."
        ),
        cure=_replace(view, take, target, world),
        field=take.field,
        system=target.system,
    )


def _replace(view: RecordView, take: Take, target: Party, world: World) -> str:
    here, name = world.policy.title(target.system), field_name(take.field)
    cure = f"Replace the record in {here} by one with the right {name}, or unlink it."
    tracked = target.values[take.field] == "inventory" and target.system == world.policy.books
    if view.kind is not Kind.ITEM or take.field != "type" or not tracked:
        return cure
    # Stock and its cost posted by both systems is the same cost twice.
    return (
        f"{here} tracks its quantity, which cannot be switched off in place: retire it and create "
        "one without tracking under the same name (trueup catalogue plan --as-type NonInventory "
        f'--only "{view.label}"), or unlink it.'
    )


def _by_hand(view: RecordView, take: Take, target: Party, value: Value, world: World) -> Hold:
    title = world.policy.title(target.system)
    return Hold(
        record=view.record,
        code=HoldCode.NOT_AUTOMATIC,
        text=taken(take, target, value, world).replace(
            "will be changed", "has to be changed by hand"
        ),
        cure=f"Change it in {title} yourself: {title} takes no changes of this kind from programs.",
        field=take.field,
        system=target.system,
    )


def _refuses_name(
    view: RecordView, source: Party, target: Party, rendered: Rendered, world: World
) -> Hold | None:
    if SANITISE not in rendered.mappings and SHORTEN not in rendered.mappings:
        return None
    here = world.policy.title(target.system)
    return Hold(
        record=view.record,
        code=HoldCode.NOT_REPRESENTABLE,
        text=(
            f"The name of {thing(view.kind, view.label)} cannot be kept in {here}; the nearest "
            f"that {here} takes is {show(rendered.value, world)}."
        ),
        cure=(
            f"Rename it in {world.policy.title(source.system)}, or set names to sanitise in the "
            "configuration."
        ),
        field="name",
        system=target.system,
    )


def oscillates(
    view: RecordView, take: Take, target: Party, after: Value, world: World
) -> Hold | None:
    """A hold when this very value was written here again and again: somebody sets it back."""
    field, system = take.field, target.system
    times = sum(
        1
        for change in world.confirmed_changes(view.record)
        if change.system == system and change.field == field and same(change.after, after)
    )
    if times < world.policy.limits.oscillation_repeats:
        return None
    title = world.policy.title(system)
    # Where our own last value is still shown, it is the other side that goes to and fro.
    where = title if target.has_moved(field) else world.policy.title(take.source.system)
    return Hold(
        record=view.record,
        code=HoldCode.OSCILLATION,
        text=(
            f"{field_name(field)} of {thing(view.kind, view.label)} was set to "
            f"{show(after, world)} in {title} {times} times, and another person or program in "
            f"{where} keeps setting it back to {show(target.values[field], world)}."
        ),
        cure=(
            f"Find who else writes this field in {where} (its audit log names the program) and "
            f"stop one of the two, then trueup retry {view.record}; or give one system the "
            "authority over the field."
        ),
        field=field,
        system=system,
    )
