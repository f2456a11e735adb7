"""One record in all columns: what each system showed when they agreed, shows now, and will show.

Asks the pure core what it makes of the record (who moved, who owns, what conflicts) and puts it
beside the values; decides nothing itself. Lines of documents: ``comparing_lines``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from daemon.control.pointing import Pointing
from daemon.reconcile.authority import NONE, owner
from daemon.reconcile.mapping import same
from daemon.reconcile.merge import Agreed, FieldMerge, Foreign, Take
from daemon.reconcile.policy import Policy
from daemon.reconcile.world import World
from ledger.model.facts import HoldCode, RecordView
from ledger.model.ids import DOCUMENT_KINDS, SystemName
from ledger.model.plans import Action, FieldConflict, Operation
from ledger.model.records import RECORD_TYPES
from ledger.model.values import UNSET, Value
from ledger.store.rows import HeldRow

Status: TypeAlias = Literal["same", "changed", "conflict", "new", "gone"]
Values: TypeAlias = dict[SystemName, Value]

ASKING = frozenset(
    {
        HoldCode.CONFLICT,
        HoldCode.FOREIGN_EDIT,
        HoldCode.DISCREPANT,
        HoldCode.LOST_UPDATE,
        HoldCode.OSCILLATION,
    }
)
"""Holds whose field a person is asked to decide."""
_STANDING = ("open", "closed")
"""States between which the books move a document by themselves."""
_ENDS = {Action.VOID: ("status", "voided"), Action.CLOSE: ("status", "closed")}
_RESTS = {Action.INACTIVATE: False, Action.REACTIVATE: True}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One field in all columns, pointers as records where the ledger knows them."""

    group: str = ""
    field: str
    status: Status
    agreed: Values
    now: Values
    changed_in: tuple[str, ...] = ()
    owner: str = ""
    will_be: Values = msgspec.field(default_factory=dict)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What all fields of one record are looked at with."""

    view: RecordView
    now: dict[SystemName, dict[str, Value]]
    """What each live side shows, derived figures included."""
    base: dict[SystemName, dict[str, Value]]
    """What each side showed when they agreed, the removed ones too."""
    merged: Mapping[str, FieldMerge]
    asked: Collection[str]
    """Fields that a person is asked about."""
    will_be: dict[SystemName, dict[str, Value]]
    is_awaited: bool
    """Something is planned for it or holds it."""
    policy: Policy

    @property
    def is_alone(self) -> bool:
        """Only one system has ever had it, and another is to have it."""
        return self.is_awaited and len(self.view.sides) == 1

    @property
    def ended_in(self) -> tuple[SystemName, ...]:
        return tuple(s for s, side in sorted(self.view.sides.items()) if side.tombstone)

    def owner(self, field: str) -> str:
        if field in RECORD_TYPES[self.view.kind].DERIVED:
            return ""
        said = owner(self.view.kind, field, self.policy)
        return "" if said == NONE else said


def shown_now(
    view: RecordView, world: World, pointing: Pointing
) -> dict[SystemName, dict[str, Value]]:
    """Everything that live sides show, in the declared order of fields."""
    found: dict[SystemName, dict[str, Value]] = {}
    for system, side in sorted(view.sides.items()):
        if not side.is_live or side.record is None:
            continue
        compared = world.values(side)
        shown: dict[str, Value] = {}
        for field in RECORD_TYPES[view.kind].__struct_fields__:
            value = getattr(side.record, field)
            if field in compared:
                shown[field] = compared[field]
            elif value is not UNSET:
                shown[field] = pointing.settled(system, value)
        found[system] = shown
    return found


def shown_base(view: RecordView, world: World) -> dict[SystemName, dict[str, Value]]:
    """The images of the last agreement, as the core still reads them."""
    live = {party.system: party.base for party in world.parties(view)}
    kept = {system: dict(one.fields) for system, one in sorted(view.baselines.items())}
    return {system: live.get(system, fields) for system, fields in kept.items()}


def asked_fields(holds: Sequence[HeldRow]) -> frozenset[str]:
    """Fields that a person is asked to decide about."""
    asking = [row for row in holds if row.hold.code in ASKING]
    fields = {row.hold.field for row in asking if row.hold.field and row.conflict is None}
    fields |= {one.field for row in asking if row.conflict for one in row.conflict.fields}
    return frozenset(fields)


def planned_values(
    operations: Sequence[Operation], pointing: Pointing
) -> dict[SystemName, dict[str, Value]]:
    """Per system what fields will show when everything that is planned is done."""
    found: dict[SystemName, dict[str, Value]] = {}
    for operation in operations:
        values = found.setdefault(operation.system, {})
        if operation.action in _RESTS and operation.kind not in DOCUMENT_KINDS:
            values["active"] = _RESTS[operation.action]
        elif operation.action in _ENDS:
            field, word = _ENDS[operation.action]
            values[field] = word
        for change in operation.changes:
            values[change.field] = pointing.settled(operation.system, change.after)
    return found


def field_rows(known: Known) -> list[Row]:
    """Every field that anybody shows or showed, lines left out, in declared order."""
    rows = []
    for field in RECORD_TYPES[known.view.kind].__struct_fields__:
        if field == "lines":
            continue
        now = _of(known.now, field)
        agreed = _of(known.base, field)
        will_be = _of(known.will_be, field)
        if not (now or agreed or will_be):
            continue
        status, moved = _judged(field, now, agreed, will_be, known)
        rows.append(
            Row(
                field=field,
                status=status,
                agreed=agreed,
                now=now,
                changed_in=moved,
                owner=known.owner(field),
                will_be=will_be,
            )
        )
    return rows


def _of(values: Mapping[SystemName, Mapping[str, Value]], field: str) -> Values:
    return {system: shown[field] for system, shown in values.items() if field in shown}


def _judged(
    field: str, now: Values, agreed: Values, will_be: Values, known: Known
) -> tuple[Status, tuple[str, ...]]:
    outcome = known.merged.get(field)
    moved = tuple(s for s in agreed if s in now and not same(now[s], agreed[s]))
    settled = isinstance(outcome, Agreed | Take)
    if isinstance(outcome, FieldConflict | Foreign) or (field in known.asked and not settled):
        return "conflict", moved
    ended = tuple(s for s in known.ended_in if s in agreed)
    if ended:
        return "gone", (*moved, *ended)
    if known.is_alone:
        return ("new" if known.owner(field) or will_be else "same"), ()
    differs = _differs_unwritten(field, now)
    if isinstance(outcome, Take) or will_be or differs:
        return "changed", moved
    return ("changed" if moved and not isinstance(outcome, Agreed) else "same"), moved


def _differs_unwritten(field: str, now: Values) -> bool:
    """Of documents, what nobody writes and everybody looks at: the total, and how it stands."""
    shown: list[Value] = list(now.values())
    if field == "status":
        shown = [_STANDING[0] if value in _STANDING else value for value in shown]
    elif field != "total":
        return False
    return any(not same(one, shown[0]) for one in shown[1:])
