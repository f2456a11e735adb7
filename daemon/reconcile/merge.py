"""Field by field: who changed what since the sides agreed, and what follows from it.

Each side is compared with its *own* image of the last agreement; equality between sides goes
through the mapping. Nothing here knows clocks: "newest wins" is not a rule. Must not look at
whether a value can be written; ``changes`` does.
"""

import hashlib
from enum import StrEnum
from typing import TypeAlias

import msgspec

from ledger.model.capabilities import Access
from ledger.model.encoding import comparable_form, encode
from ledger.model.facts import RecordView, Resolution
from ledger.model.ids import Digest, Kind, SystemName
from ledger.model.plans import FieldConflict
from ledger.model.records import comparable_fields
from ledger.model.values import Value

from .answering import answered
from .authority import BOTH, NONE, owner
from .mapping import CODE_FROM_ID, tidy
from .policy import Policy
from .world import Party, reference_kind


class Reason(StrEnum):
    """Why one side's value is taken."""

    CHANGED = "changed"
    """It changed there, and nowhere else."""
    OWNER_CHANGED = "owner_changed"
    OWNER_DIFFERS = "owner_differs"
    """Never agreed before, and the owner shows something else."""
    RESTORE = "restore"
    """Edited where it is not owned."""
    FILL = "fill"
    """Never agreed before, and the other side is empty."""
    RESOLVED = "resolved"
    """A person said so."""


class Agreed(msgspec.Struct, frozen=True):
    """All sides show the same (or differ in a way that was accepted): remember what they show."""

    field: str


class Take(msgspec.Struct, frozen=True):
    """The source's value belongs into the targets."""

    field: str
    source: Party
    targets: tuple[Party, ...]
    reason: Reason
    owner: str


class Foreign(msgspec.Struct, frozen=True):
    """Edited in ``edited``, which does not own the field; a person decides."""

    field: str
    owner: Party
    edited: Party


class Left(msgspec.Struct, frozen=True):
    """Different, and rightly so: nothing to write, nothing to remember."""

    field: str


FieldMerge: TypeAlias = Agreed | Take | Foreign | Left | FieldConflict


def merge(view: RecordView, parties: tuple[Party, ...], policy: Policy) -> tuple[FieldMerge, ...]:
    """What follows for each field that at least two sides show, in declared order."""
    if len(parties) < 2:
        return ()
    merged: list[FieldMerge] = []
    resolutions = {r.field: r for r in view.resolutions}
    for field, said in _fields(view.kind, parties, policy):
        showing = tuple([p for p in parties if field in p.values and field in p.rule.fields])
        if len(showing) < 2 or not in_use(view.kind, field, showing, policy):
            continue
        merged.append(_merge_field(view, field, showing, said, resolutions.get(field), policy))
    return tuple(merged)


def _fields(kind: Kind, parties: tuple[Party, ...], policy: Policy) -> tuple[tuple[str, str], ...]:
    """Fields that somebody owns and two of these systems can carry, with the word of the owner."""
    among = (kind, tuple([p.system for p in parties]))
    known = policy.merged_fields.get(among)
    if known is None:
        known = policy.merged_fields[among] = tuple(
            (field, said)
            for field in comparable_fields(kind)
            if (said := owner(kind, field, policy)) != NONE
            and sum(field in p.rule.fields for p in parties) > 1
        )
    return known


def in_use(kind: Kind, field: str, parties: tuple[Party, ...], policy: Policy) -> bool:
    """A pointer to a kind that is switched off, or out of service somewhere, is left alone."""
    pointed = reference_kind(kind, field)
    if pointed is None:
        return True
    rules = [policy.rule(p.system, pointed) for p in parties]
    in_service = all(rule is not None and not rule.disabled for rule in rules)
    return in_service and policy.flow(pointed) != "off"


def values_digest(field: str, values: dict[SystemName, Value]) -> Digest:
    """What a person's answer to a conflict is bound to: the values that were on the screen."""
    shown = {system: comparable_form(tidy(value)) for system, value in values.items()}
    return Digest(hashlib.sha256(encode([field, shown])).hexdigest())


def _merge_field(
    view: RecordView,
    field: str,
    parties: tuple[Party, ...],
    said: str,
    resolution: Resolution | None,
    policy: Policy,
) -> FieldMerge:
    fixed = [p for p in parties if _is_fixed(p, field)] if said == BOTH else []
    if len(fixed) == 1:
        # Shared on paper, but one side takes no writes: only that side's value can be everyone's,
        # and an edit elsewhere stays where it was made.
        outcome = _owned(field, parties, fixed[0], "accept")
    elif said == BOTH:
        outcome = _shared(field, parties)
    else:
        holder = next((p for p in parties if p.system == said), None)
        if holder is None:
            return Left(field)
        outcome = _owned(field, parties, holder, policy.foreign_edit(view.kind, field))
    if isinstance(outcome, Agreed) or resolution is None:
        return outcome
    if resolution.own is not None:
        return _own(field, parties, view, resolution) or outcome
    if isinstance(outcome, Take) and _is_of_the_past(view, field):
        return outcome
    return _resolved(field, parties, resolution) or outcome


def _is_fixed(party: Party, field: str) -> bool:
    return not party.rule.can_update or party.field_rule(field).access is not Access.WRITE


def _resolved(field: str, parties: tuple[Party, ...], resolution: Resolution) -> Take | None:
    values = {p.system: p.values[field] for p in parties}
    source = next((p for p in parties if p.system == resolution.take), None)
    if source is None or resolution.value_digest != values_digest(field, values):
        return None
    return Take(field, source, _unequal(source, parties, field), Reason.RESOLVED, source.system)


def _own(
    field: str, parties: tuple[Party, ...], view: RecordView, said: Resolution
) -> Take | FieldConflict | None:
    found = answered(field, parties, view, said)
    if found is None:
        return None
    if found.is_doubtful:
        return _differing(field, parties)
    return Take(field, found.source, found.targets, Reason.RESOLVED, found.source.system)


def _is_of_the_past(view: RecordView, field: str) -> bool:
    """Whether the sides have agreed since somebody answered: what shows the same values again is
    an edit of its own. An agreement without the field, as after a parting, says nothing of it."""
    answered = view.answered.get(field)
    agreed = max((b.seq for b in view.baselines.values() if field in b.fields), default=0)
    return answered is not None and agreed > answered


def _differing(field: str, parties: tuple[Party, ...]) -> FieldConflict:
    return FieldConflict(
        field=field,
        base={p.system: p.base[field] for p in parties if field in p.base},
        values={p.system: p.values[field] for p in parties},
    )


def _unequal(source: Party, parties: tuple[Party, ...], field: str) -> tuple[Party, ...]:
    return tuple(p for p in parties if p is not source and not source.agrees_with(p, field))


def _consensus(parties: tuple[Party, ...], field: str) -> Party | None:
    """The first party whose value, mapped, is what all the others show; None if they differ."""
    return next((p for p in parties if not _unequal(p, parties, field)), None)


def _shared(field: str, parties: tuple[Party, ...]) -> FieldMerge:
    """Both ways: whoever changed it since the agreement; two different changes are a conflict."""
    if _consensus(parties, field) is not None:
        return Agreed(field)
    moved = tuple(p for p in parties if p.has_moved(field))
    never = any(field not in p.base for p in parties)
    if never:
        # No common past for some side: every value shown has a say, emptiness alone has none.
        voters = tuple(p for p in parties if p in moved or tidy(p.values[field]) is not None)
    else:
        voters = moved
    if not voters:
        return Left(field)
    source = _consensus(voters, field)
    if source is None:
        return _differing(field, parties)
    reason = Reason.CHANGED if source in moved else Reason.FILL
    return Take(field, source, _unequal(source, parties, field), reason, BOTH)


def _owned(
    field: str, parties: tuple[Party, ...], holder: Party, on_foreign_edit: str
) -> FieldMerge:
    """One owner: its value goes everywhere, unless the other side never had to agree to it."""
    different = _unequal(holder, parties, field)
    if not different:
        return Agreed(field)
    writes: list[tuple[Party, Reason]] = []
    accepted = 0
    for party in different:
        verdict = _owner_against(field, holder, party)
        if verdict is Reason.RESTORE or (
            verdict is Reason.OWNER_CHANGED and party.has_moved(field)
        ):
            if on_foreign_edit == "hold":
                return Foreign(field, holder, party)
            if on_foreign_edit == "accept" and verdict is Reason.RESTORE:
                accepted += 1
                continue
        if verdict is not None:
            writes.append((party, verdict))
    if writes:
        targets = tuple(party for party, _ in writes)
        return Take(field, holder, targets, writes[0][1], holder.system)
    return Agreed(field) if accepted == len(different) else Left(field)


def _owner_against(field: str, holder: Party, party: Party) -> Reason | None:
    """Why the owner's value goes to ``party``, which shows another; None if it does not."""
    if field not in holder.base or field not in party.base:
        # At first sight an owner who says nothing does not wipe what the other side knows.
        rendered = holder.render_for(party, field)
        silent = rendered.value is None or CODE_FROM_ID in rendered.mappings
        return None if silent else Reason.OWNER_DIFFERS
    if holder.has_moved(field):
        return Reason.OWNER_CHANGED
    return Reason.RESTORE if party.has_moved(field) else None
