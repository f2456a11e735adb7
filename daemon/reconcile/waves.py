"""The order of operations: what must be there first goes first, what is put to rest goes last.

Only order. No request assumes any order inside itself, so every "before" becomes a lower wave.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from ledger.model.ids import DOCUMENT_KINDS, RecordId, SystemName
from ledger.model.keys import fold
from ledger.model.plans import REMOVALS, Action, Operation
from ledger.model.values import Lines, RecordRef, Value

from .lines import pointers
from .names import frees
from .world import World

RESTING = frozenset({Action.INACTIVATE, *REMOVALS})
"""What puts a record to rest: goes last, and what points to others goes before them."""


def in_waves(operations: Sequence[Operation], world: World) -> tuple[Operation, ...]:
    """The same operations with their waves, sorted by wave, system, kind and id."""
    ordered = sorted(operations, key=_rank)
    before = _predecessors(ordered, world)
    waves: dict[str, int] = {}
    taken: dict[RecordId, set[int]] = defaultdict(set)
    resting = [o for o in ordered if o.action in RESTING]
    moving = [o for o in ordered if o.action not in RESTING]
    _place(moving, before, waves, taken, lowest=0)
    last = max(waves.values(), default=-1)
    _place(resting, before, waves, taken, lowest=last + 1)
    done = [msgspec.structs.replace(o, wave=waves[o.id]) for o in ordered]
    return tuple(sorted(done, key=lambda o: (o.wave, o.system, o.kind, o.id)))


def _rank(operation: Operation) -> tuple[str, str, str, str]:
    return (operation.system, operation.kind, operation.record, operation.id)


def _place(
    operations: Sequence[Operation],
    before: dict[str, set[str]],
    waves: dict[str, int],
    taken: dict[RecordId, set[int]],
    *,
    lowest: int,
) -> None:
    """Each operation goes into the first wave after all that precede it, one per record and wave.

    Every round places at least one operation, or breaks a circle by placing the first one left.
    """
    left = list(operations)
    while left:
        names = {o.id for o in left}
        free = [o for o in left if not before[o.id] & names] or left[:1]
        for operation in free:
            earlier = [waves[name] for name in before[operation.id] if name in waves]
            wave = max([lowest - 1, *earlier]) + 1
            while wave in taken[operation.record]:
                wave += 1
            waves[operation.id] = wave
            taken[operation.record].add(wave)
        placed = {o.id for o in free}
        left = [o for o in left if o.id not in placed]


def _predecessors(operations: Sequence[Operation], world: World) -> dict[str, set[str]]:
    """Operation id -> ids of those that have to be done before it."""
    raising: dict[tuple[SystemName, RecordId], str] = {
        (o.system, o.record): o.id
        for o in operations
        if o.action in {Action.CREATE, Action.REACTIVATE}
    }
    resting = {(o.system, o.record): o.id for o in operations if o.action in RESTING}
    before: dict[str, set[str]] = {o.id: set() for o in operations}
    for operation in operations:
        for record in {*operation.needs, *pointed_to(operation)}:
            _note(before, operation, raising.get((operation.system, record)))
        if operation.action in RESTING:
            # What is pointed to rests after everything that points to it.
            for record in _points_to(operation, world):
                name = resting.get((operation.system, record))
                if name is not None and name != operation.id:
                    before[name].add(operation.id)
    for giver, takers in _name_passes(operations, world):
        for taker in takers:
            _note(before, taker, giver.id)
    return before


def _note(before: dict[str, set[str]], operation: Operation, name: str | None) -> None:
    if name is not None and name != operation.id:
        before[operation.id].add(name)


def pointed_to(operation: Operation) -> Iterable[RecordId]:
    """The records that the values of its changes point to."""
    return (record for c in operation.changes for record in records_in(c.after))


def _points_to(operation: Operation, world: World) -> list[RecordId]:
    """What a record points to where it is about to rest. The books may not show which order a
    bill belongs to any more; its owner still does."""
    view = world.view(operation.record)
    parties = world.parties(view) if view else ()
    is_document = operation.kind in DOCUMENT_KINDS
    return [
        record
        for party in parties
        if is_document or party.system == operation.system
        for value in party.values.values()
        for record in records_in(value)
    ]


def records_in(value: Value) -> Iterable[RecordId]:
    """The records that a value points to: a pointer itself, or those of document lines."""
    if isinstance(value, RecordRef):
        yield value.record
    elif isinstance(value, Lines):
        for _, _, pointer in pointers(value):
            if isinstance(pointer, RecordRef):
                yield pointer.record


def _name_passes(
    operations: Sequence[Operation], world: World
) -> list[tuple[Operation, list[Operation]]]:
    """Renames that free a name, each with the operations that take it."""
    takers: dict[tuple[SystemName, str, str], list[Operation]] = defaultdict(list)
    for operation, _, key in name_takers(operations, world):
        takers[key].append(operation)
    passes = []
    for operation in operations:
        spaces = world.policy.unique_fields(operation.system, operation.kind)
        for change in operation.changes:
            space, old = spaces.get(change.field), change.before
            if space is None or not isinstance(old, str):
                continue
            if frees(operation, operation.system, change.field, old):
                key = (operation.system, space, folded(old))
                passes.append((operation, takers.get(key, [])))
    return passes


def name_takers(
    operations: Iterable[Operation], world: World
) -> list[tuple[Operation, str, tuple[SystemName, str, str]]]:
    """Every unique name that the plan would give: (operation, field, (system, space, name))."""
    found = []
    for operation in operations:
        spaces = world.policy.unique_fields(operation.system, operation.kind)
        for change in operation.changes:
            space = spaces.get(change.field)
            if space is not None and isinstance(change.after, str):
                key = (operation.system, space, folded(change.after))
                found.append((operation, change.field, key))
    return found


def folded(name: str) -> str:
    return fold(name.strip())
