"""One record, from all that is known of it to everything that follows: the order of the questions.

Blocked? Is it there already, unlinked? What moved? What must be written, created, held? Must not
order operations or rule on them; ``plan`` and ``gate`` do.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import DOCUMENT_KINDS, RecordId, SystemName
from ledger.model.plans import (
    Action,
    Agreement,
    Conflict,
    FieldChange,
    FieldConflict,
    LinkProposal,
    Operation,
)
from ledger.model.values import Value

from .changes import Drafted, disabled, draft_unmarked, draft_update
from .create import create
from .documents.decide import decide_document
from .explain import activity, conflict, foreign, thing, updated
from .instep import is_in_step
from .mapping import same
from .match import incomplete, is_active, keys_in, match
from .merge import Agreed, FieldMerge, Foreign, Take, merge
from .operations import make_operation, refused
from .pointers import Decision
from .removal import ACTIVE, at_rest, removed
from .unmoved import is_unmoved
from .world import Party, World

IN_STEP: Final = Decision(in_step=True)
DEEPEST = 50
"""Longest chain of records pointing at records that is followed."""


class Decider:
    """Decides records on demand and remembers: a record may be asked about by those that use it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.decisions: dict[RecordId, Decision] = {}
        self._deciding: set[RecordId] = set()

    def __call__(self, record: RecordId) -> Decision | None:
        """The decision, or None while it is being made (a circle) or for an unknown record."""
        if record in self.decisions:
            return self.decisions[record]
        view = self.world.view(record)
        if view is None or record in self._deciding or len(self._deciding) >= DEEPEST:
            return None
        self._deciding.add(record)
        try:
            decision = self._decide(view)
        finally:
            self._deciding.discard(record)
        self.decisions[record] = decision
        return decision

    def _decide(self, view: RecordView) -> Decision:
        return IN_STEP if is_unmoved(view, self.world) else self.at_length(view)

    def at_length(self, view: RecordView) -> Decision:
        """The decision on a record, field by field, whether or not anything has moved."""
        if view.kind in DOCUMENT_KINDS:
            return self._document(view)
        found = _search(view, self.world)
        if isinstance(found, Decision):
            return found
        absent, holds = found
        return self._settle(view, self.world.parties(view), absent, holds)

    def _document(self, view: RecordView) -> Decision:
        if self.world.policy.flow(view.kind) == "off":
            return Decision()
        blocked = _unreadable(view, self.world)
        decision = decide_document(view, self.world, self) if blocked is None else blocked
        return msgspec.structs.replace(decision, holds=_distinct(decision.holds))

    def _settle(
        self,
        view: RecordView,
        parties: tuple[Party, ...],
        absent: Sequence[SystemName],
        holds: list[Hold],
    ) -> Decision:
        """Writes into the sides that exist, creates where one is lacking, and what was agreed."""
        world = self.world
        merged = merge(view, parties, world.policy)
        operations: list[Operation] = []
        awaits = False
        for target in parties if merged else ():
            made, held, waiting = self._updates(view, target, merged)
            operations += made
            holds += held
            awaits = awaits or waiting
        for system in absent:
            new = create(view, system, parties, merged, world, self)
            operations += [new.operation] if new.operation else []
            if new.holds:
                holds += _until_it_appears(view, system, new.holds, world)
            awaits = awaits or new.awaits_link
        sent: list[Operation] = []
        for operation in operations:
            refusal = refused(view, operation, world)
            if refusal is None:
                sent.append(operation)
            elif operation.action is Action.CREATE:
                holds += _until_it_appears(view, operation.system, [refusal], world)
            else:
                holds.append(refusal)
        open_conflict, edits = _undecided(view, parties, merged, world)
        return Decision(
            operations=() if awaits else tuple(sent),
            agreement=_agreement(view, parties, merged, world),
            holds=_distinct([*holds, *edits]),
            conflict=open_conflict,
            awaits_links=awaits,
            in_step=is_in_step(view, parties, merged, world.policy),
        )

    def _updates(
        self, view: RecordView, target: Party, merged: tuple[FieldMerge, ...]
    ) -> tuple[list[Operation], list[Hold], bool]:
        takes = [m for m in merged if isinstance(m, Take) and target in m.targets]
        if not takes and not target.marked:
            return [], [], False
        rises = any(t.field == ACTIVE and t.source.is_active for t in takes)
        if not target.is_active and not rises:
            takes = [t for t in takes if t.field == ACTIVE]  # nobody tends a record at rest
        drafts = [draft_update(view, take, target, self.world, self) for take in takes]
        if target.marked and all(take.field != "name" for take in takes):
            drafts.append(draft_unmarked(view, target, self.world, self))
        holds = [d.hold for d in drafts if d.hold is not None]
        awaits = any(d.awaits_link for d in drafts)
        operations, asked = _to_operations(view, target, takes, drafts, self.world)
        return operations, [*holds, *asked], awaits


def _to_operations(
    view: RecordView,
    target: Party,
    takes: Sequence[Take],
    drafts: Sequence[Drafted],
    world: World,
) -> tuple[list[Operation], list[Hold]]:
    """Inactivation goes alone, so that it can be approved alone; reactivation takes all along."""
    plain = [d for d in drafts if d.change is not None and d.change.field != ACTIVE]
    switch = next((d for d in drafts if d.change is not None and d.change.field == ACTIVE), None)
    take = next((t for t in takes if t.field == ACTIVE), None)
    operations: list[Operation] = []
    holds: list[Hold] = []
    why = updated([d.why for d in plain])
    if switch is not None and switch.change is not None and take is not None:
        moved = _mover(view, take, world)
        source, here = world.policy.title(moved.system), world.policy.title(target.system)
        if switch.change.after is True:
            changes = [switch.change, *_changes(plain), *_name_regained(view, target, take, plain)]
            why = f"{activity(Action.REACTIVATE, view.kind, view.label, source, here)} {why}"
            rising = _operation(view, target, Action.REACTIVATE, changes, plain, why.strip(), world)
            return [rising], []
        rest = at_rest(view, moved, world)
        holds += [rest.hold] if rest.hold is not None else []
        if rest.is_proposed:
            text = activity(Action.INACTIVATE, view.kind, view.label, source, here)
            text = f"{text} {rest.remark}".strip()
            operations.append(
                _operation(view, target, Action.INACTIVATE, [switch.change], [], text, world)
            )
    if plain:
        operations.append(
            _operation(view, target, Action.UPDATE, _changes(plain), plain, why, world)
        )
    return operations, holds


def _mover(view: RecordView, take: Take, world: World) -> Party:
    """The side that is as the others shall be. Active or not: a person's own answer is a side's."""
    sides = [p for p in world.parties(view) if p.values.get(ACTIVE) is take.source.values[ACTIVE]]
    return sides[0] if take.source.system not in view.sides and sides else take.source


def _changes(drafts: Sequence[Drafted]) -> list[FieldChange]:
    return [d.change for d in drafts if d.change is not None]


def _name_regained(
    view: RecordView, target: Party, take: Take, plain: Sequence[Drafted]
) -> list[FieldChange]:
    """A record that was renamed when it was made inactive gets its name back with its activity."""
    record = view.sides[target.system].record
    shown: Value = getattr(record, "name", None)
    named = any(d.change is not None and d.change.field == "name" for d in plain)
    own = target.values.get("name")
    if named or same(shown, own) or "name" not in take.source.values:
        return []
    rendered = take.source.render_for(target, "name")
    if not same(rendered.value, own):
        return []  # which name it gets is open: it comes back under its own
    trace = rendered.trace(f"{take.source.system}.name")
    return [FieldChange(field="name", before=shown, after=rendered.value, trace=trace)]


def _operation(
    view: RecordView,
    target: Party,
    action: Action,
    changes: Sequence[FieldChange],
    drafts: Sequence[Drafted],
    why: str,
    world: World,
) -> Operation:
    needs = [record for draft in drafts for record in draft.needs]
    return make_operation(view, target.system, action, changes, needs=needs, why=why, world=world)


def _blocked(view: RecordView, world: World) -> Decision | None:
    """What ends all thinking about a record: what cannot be read, and a removal."""
    unreadable = _unreadable(view, world)
    if unreadable is not None:
        return unreadable
    gone = [
        (s, side.tombstone)
        for s, side in view.sides.items()
        if side.tombstone and s in world.policy.systems
    ]
    return removed(view, sorted(gone), world) if gone else None


def _unreadable(view: RecordView, world: World) -> Decision | None:
    """An unsettled write, no scope, or no sense: nothing more can be said."""
    if view.open_intent:
        what = thing(view.kind, view.label)
        hold = Hold(
            record=view.record,
            code=HoldCode.OPEN_INTENT,
            text=f"A write to {what} was sent and its end is not known yet.",
            cure="Nothing to do: it is looked up before anything else is sent.",
        )
        return Decision(holds=(hold,))
    systems = world.policy.systems
    is_readable = True
    for system, side in view.sides.items():
        if system in systems:
            if side.out_of_scope:
                return Decision()
            is_readable = is_readable and side.problem is None
    if is_readable:
        return None
    what = thing(view.kind, view.label)
    unreadable = [
        Hold(
            record=view.record,
            code=HoldCode.UNREADABLE,
            text=f"{world.policy.title(s)} shows {what} in a way that cannot be understood: "
            f"{side.problem.message}",
            cure=side.problem.cure or f"Correct the record in {world.policy.title(s)}.",
            field=side.problem.field,
            system=s,
        )
        for s, side in view.sides.items()
        if s in systems and side.problem is not None
    ]
    return Decision(holds=tuple(unreadable))


def links_of(view: RecordView, world: World) -> tuple[LinkProposal, ...]:
    """The links that deciding the record would begin with, and nothing else of the decision."""
    found = _search(view, world)
    return found.links if isinstance(found, Decision) else ()


def _search(view: RecordView, world: World) -> Decision | tuple[list[SystemName], list[Hold]]:
    """Where the record is lacking and what holds it there; a decision when that ends the matter."""
    if world.policy.flow(view.kind) == "off":
        return Decision()
    blocked = _blocked(view, world)
    if blocked is not None:
        return blocked
    parties = world.parties(view)
    holds: list[Hold] = []
    absent: list[SystemName] = []
    for system in world.policy.keepers(view.kind):
        if system in view.sides or not parties:
            continue
        found = _look_for(view, system, parties, world)
        if isinstance(found, Decision):
            return found
        if isinstance(found, Hold):
            holds.append(found)
        elif found:
            absent.append(system)
    return absent, holds


def _look_for(
    view: RecordView, system: SystemName, parties: tuple[Party, ...], world: World
) -> Decision | Hold | bool:
    """Links to make first, a hold, or whether the record may be created in ``system``."""
    rule = world.policy.rule(system, view.kind)
    active = is_active(parties)
    if rule is not None and rule.disabled:
        return disabled(view, system, rule.disabled, world) if active else False
    half_read = world.half_read(view.kind)
    if half_read:
        return incomplete(view, system, half_read, world) if active else False
    found = match(view, system, world)
    if isinstance(found, tuple):
        return Decision(links=found)
    return found if found is not None else active


def _until_it_appears(
    view: RecordView, system: SystemName, holds: Sequence[Hold], world: World
) -> list[Hold]:
    """What stands in the way of a create is moot when the record turns up there by itself."""
    keys = keys_in(view, system, world) if holds else ()
    return [hold.also_waiting_for(keys) for hold in holds]


def _undecided(
    view: RecordView, parties: tuple[Party, ...], merged: tuple[FieldMerge, ...], world: World
) -> tuple[Conflict | None, list[Hold]]:
    """Conflicts and foreign edits, unless the record rests in every system."""
    if not merged or not is_active(parties):
        return None, []
    fields = tuple(m for m in merged if isinstance(m, FieldConflict))
    open_conflict = None
    if fields:
        text = conflict(view.kind, view.label, fields, world)
        open_conflict = Conflict(
            record=view.record, kind=view.kind, label=view.label, fields=fields, text=text
        )
    edits = [
        Hold(
            record=view.record,
            code=HoldCode.FOREIGN_EDIT,
            text=foreign(m, view.kind, view.label, world),
            cure="Take one of the two values, or change who owns the field.",
            field=m.field,
            system=m.edited.system,
        )
        for m in merged
        if isinstance(m, Foreign)
    ]
    return open_conflict, edits


def _agreement(
    view: RecordView, parties: tuple[Party, ...], merged: tuple[FieldMerge, ...], world: World
) -> Agreement | None:
    """The complete new images, when any field is agreed on that was not remembered just so."""
    agreed = [m.field for m in merged if isinstance(m, Agreed)] if merged else ()
    if not agreed:
        return None
    images: dict[SystemName, dict[str, Value]] = {}
    news = False
    for party in parties:
        old = view.baselines.get(party.system)
        image = dict(old.fields) if old else {}
        for field in agreed:
            if field not in party.values or field not in party.rule.fields:
                continue
            value = party.values[field]
            news = news or field not in image or not same(image[field], value)
            image[field] = value
        news = news or old is None or old.mapping_version != world.policy.mapping_version
        images[party.system] = image
    return Agreement(record=view.record, images=images) if news else None


def _distinct(holds: Sequence[Hold]) -> tuple[Hold, ...]:
    if len(holds) < 2:
        return tuple(holds)
    return tuple({hold.subject: hold for hold in reversed(holds)}.values())[::-1]
