"""A record that one system lacks: may it be created there, with which values, and if not, why.

Every value comes from a side that shows it or from a configuration key. Must not look for
candidates to adopt; ``match`` has done that and found none.
"""

import msgspec

from ledger.model.capabilities import Access, FieldRule, KindRule
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import Action, FieldChange, FieldConflict, Operation
from ledger.model.records import comparable_fields
from ledger.model.values import RecordRef, Reference

from .authority import NONE, owner
from .changes import Drafted, draft_field
from .explain import a_field, created, noun, thing
from .mapping import render, tidy
from .merge import FieldMerge, Take, in_use
from .names import taken
from .operations import make_operation
from .pointers import Ask
from .policy import FieldCreated, Policy
from .world import Party, World, reference_kind

NOTHING = Drafted()
"""A field that a new record does without."""


class Created(msgspec.Struct, frozen=True, kw_only=True):
    operation: Operation | None = None
    holds: tuple[Hold, ...] = ()
    awaits_link: bool = False


def create(
    view: RecordView,
    system: SystemName,
    sources: tuple[Party, ...],
    merged: tuple[FieldMerge, ...],
    world: World,
    ask: Ask,
) -> Created:
    """The create of a record in ``system``, or everything that stands in its way at once."""
    forbidden = _forbidden(view, system, world)
    if forbidden is not None:
        return Created(holds=(forbidden,))
    rule = world.policy.rule(system, view.kind)
    assert rule is not None, "only systems that keep the kind are asked"
    target = Party(
        system=system,
        ref=ExternalRef(system, view.kind, ""),
        values={},
        base={},
        rule=rule,
        remaps=world.remaps(system),
    )
    open_fields = {m.field for m in merged if isinstance(m, FieldConflict)}
    takes = {m.field: m for m in merged if isinstance(m, Take)}
    changes: list[FieldChange] = []
    holds: list[Hold] = []
    needs: list[RecordId] = []
    awaits_link = False
    only = sources[0] if len(sources) == 1 else None
    for known in _fields(view.kind, system, sources, rule, world.policy):
        field = known.field
        if only is not None:  # nobody to merge with, nothing to choose
            source = only if field in only.values and field in only.rule.fields else None
        else:
            source = _source(view, field, sources, takes.get(field), world)
        if field in open_fields:
            source = None  # undecided: nothing is written, not even into a new record
        if source is None and known.is_optional:
            continue
        change = plain_change(source, known) if source is not None else None
        if change is None:
            drafted = _draft(view, source, target, known, world, ask)
            change = drafted.change
            if drafted.hold is not None:
                holds.append(drafted.hold)
            if drafted.needs:
                needs += drafted.needs
            awaits_link = awaits_link or drafted.awaits_link
        if change is not None:
            changes.append(change)
            if known.is_unique:
                clash = taken(view, system, field, change.after, world, ask)
                holds += [clash] if clash else []
    if holds:
        return Created(holds=tuple(holds))
    titles = [world.policy.title(p.system) for p in sources]
    why = created(view.kind, view.label, titles, world.policy.title(system), changes)
    operation = make_operation(
        view, system, Action.CREATE, changes, needs=needs, why=why, world=world
    )
    return Created(operation=operation, awaits_link=awaits_link)


def _fields(
    kind: Kind, system: SystemName, sources: tuple[Party, ...], rule: KindRule, policy: Policy
) -> tuple[FieldCreated, ...]:
    """The fields that a new record may get from these sources, in declared order; the same for
    every record."""
    among = (kind, system, tuple([p.system for p in sources]))
    found = policy.fields_created.get(among)
    if found is None:
        found = policy.fields_created[among] = tuple(
            FieldCreated(
                field=field,
                rule=field_rule,
                owner=owner(kind, field, policy),
                is_optional=not field_rule.required and field_rule.default is None,
                is_pointer=reference_kind(kind, field) is not None,
                is_unique=bool(field_rule.namespace),
                is_plain=reference_kind(kind, field) is None
                and owner(kind, field, policy) != NONE
                and not (field == "name" and policy.names == "hold"),
            )
            for field in comparable_fields(kind)
            if (field_rule := rule.fields.get(field)) is not None
            and field_rule.access is not Access.READ
            and (
                field_rule.required
                or field_rule.default is not None
                or any(field in source.rule.fields for source in sources)
            )
        )
    return found


def _source(
    view: RecordView, field: str, sources: tuple[Party, ...], take: Take | None, world: World
) -> Party | None:
    """Whose value a new record gets: the merge's choice, else the owner's, else who shows one."""
    if take is not None:
        return take.source
    showing = [p for p in sources if field in p.values and field in p.rule.fields]
    if len(showing) < 2:
        return showing[0] if showing else None
    holder = owner(view.kind, field, world.policy)
    filled = [p for p in showing if tidy(p.values[field]) is not None]
    by_owner = [p for p in showing if p.system == holder]
    return next(iter([*by_owner, *filled, *showing]), None)


def plain_change(source: Party, known: FieldCreated) -> FieldChange | None:
    """What most fields come to: a shown value that nothing but the mapping has a say in. None for
    all else, and for what the mapping leaves nothing of: that is drafted at length."""
    field = known.field
    value = source.values[field]
    if value is None or not known.is_plain or (field == "name" and source.suffixes):
        return None
    rendered = render(value, rule=known.rule, values=source.values)
    if rendered.value is None:
        return None
    trace = f"{source.system}.{field}"
    if rendered.mappings:
        trace = rendered.trace(trace)
    return FieldChange(field=field, before=None, after=rendered.value, trace=trace)


def _draft(
    view: RecordView,
    source: Party | None,
    target: Party,
    known: FieldCreated,
    world: World,
    ask: Ask,
) -> Drafted:
    rule, field, holder = known.rule, known.field, known.owner
    wanted = holder != NONE and (
        source is None
        or not known.is_pointer
        or in_use(view.kind, field, (source, target), world.policy)
    )
    if not wanted and not rule.required:
        return NOTHING
    is_shown = source is not None and (source.values[field] is not None or rule.code_from_id)
    if source is not None and wanted and is_shown:
        drafted = draft_field(view, source, target, field, None, world=world, ask=ask)
        if drafted.change is not None and drafted.change.after is not None:
            return drafted
        # What the target owns and can do without may start empty; all else waits for its value.
        optional = holder == target.system and not rule.required
        if drafted.hold is not None and not optional:
            return drafted
    if rule.default is not None:
        return _default(view, target, field, rule, world)
    if rule.required:
        return Drafted(hold=_missing_value(view, source, target, field, rule, world))
    return NOTHING


def _default(view: RecordView, target: Party, field: str, rule: FieldRule, world: World) -> Drafted:
    """The configured value, the same for every record that gets one."""
    place = (target.system, view.kind, field)
    known = world.configured.get(place)
    if known is not None:
        return Drafted(change=known)
    value = rule.default
    if isinstance(value, Reference):
        record = world.resolve(target.system, value)
        if record is None:
            return Drafted(hold=_unknown_default(view, target, field, rule, world))
        value = RecordRef(record)
    change = FieldChange(field=field, before=None, after=value, trace=f"config {rule.default_key}")
    world.configured[place] = change
    return Drafted(change=change)


def _unknown_default(
    view: RecordView, target: Party, field: str, rule: FieldRule, world: World
) -> Hold:
    title = world.policy.title(target.system)
    assert isinstance(rule.default, Reference), "the caller has looked"
    return Hold(
        record=view.record,
        code=HoldCode.MISSING_REFERENCE,
        text=(
            f"the setting {rule.default_key} names the {noun(rule.default.kind)} "
            f'"{rule.default}", and {title} shows none, or several, of that name.'
        ),
        cure=f"Correct {rule.default_key} in the configuration, or create it in {title}.",
        field=field,
        system=target.system,
    )


def _missing_value(
    view: RecordView,
    source: Party | None,
    target: Party,
    field: str,
    rule: FieldRule,
    world: World,
) -> Hold:
    title = world.policy.title
    where = title(source.system) if source else "the other side"
    cure = f"Enter it in {where}" if source else f"Create the record in {title(target.system)}"
    if rule.default_key:
        cure = f"Set {rule.default_key} in the configuration, or {cure[0].lower()}{cure[1:]}"
    return Hold(
        record=view.record,
        code=HoldCode.MISSING_VALUE,
        text=(
            f"{title(target.system)} demands {a_field(field)} for "
            f"{thing(view.kind, view.label)}, and {where} shows none."
        ),
        cure=f"{cure}.",
        field=field,
        system=target.system,
    )


def _forbidden(view: RecordView, system: SystemName, world: World) -> Hold | None:
    policy = world.policy
    rule = policy.rule(system, view.kind)
    can_create = rule is None or rule.can_create
    if can_create and policy.create_policy(view.kind, system) != "never":
        return None
    title = policy.title(system)
    where = " and ".join(policy.title(s) for s in sorted(view.sides))
    text = f"{thing(view.kind, view.label)} exists in {where}, not in {title}"
    if rule is not None and not rule.can_create:
        return Hold(
            record=view.record,
            code=HoldCode.NOT_AUTOMATIC,
            text=f"{text}, and {title} does not let programs create it.",
            cure=f"Create it in {title} by hand, or make it inactive in {where}.",
            system=system,
        )
    key = f"kinds.{view.kind.value}.create.{system}"
    return Hold(
        record=view.record,
        code=HoldCode.CREATE_POLICY,
        text=f"{text}, and {noun(view.kind)}s are not created there by policy.",
        cure=f"Create it in {title} by hand, link it, or set {key} to ask or auto.",
        system=system,
    )
