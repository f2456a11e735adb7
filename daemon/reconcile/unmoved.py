"""The short way round ``merge``: a record that every system still shows as it was when all agreed.

Where no side has moved since, the walk through the mapping ends in *agreed* or in *left as it is*,
field by field, whatever the mapping says: both write nothing, hold nothing and remember nothing
new. So it need not be walked. What was never agreed, what a person has answered, and whatever is
not plainly alive on all sides goes the long way. Must not decide; a property test compares the two.
"""

from collections.abc import Collection, Sequence
from operator import attrgetter, itemgetter

from msgspec import UNSET

from ledger.model.facts import RecordView
from ledger.model.ids import DOCUMENT_KINDS, Kind
from ledger.model.records import comparable_fields
from ledger.model.values import Reference

from .authority import NONE, owner
from .policy import Compared, Policy, Shape
from .world import World, reference_kind


def is_unmoved(view: RecordView, world: World) -> bool:
    """Whether every keeper of the kind shows the record, and just as it did when they agreed."""
    policy, sides, baselines = world.policy, view.sides, view.baselines
    if len(baselines) != len(sides) or view.resolutions or view.open_intent:
        return False
    compared = policy.compared.get(view.kind)
    if compared is None:
        compared = policy.compared[view.kind] = _compared(view.kind, policy)
    if len(compared) != len(sides):
        return False
    for system, names, shapes in compared:
        side, baseline = sides.get(system), baselines.get(system)
        if side is None or baseline is None or baseline.mapping_version != policy.mapping_version:
            return False
        record, image = side.record, baseline.fields
        if record is None or side.tombstone or side.problem is not None or side.out_of_scope:
            return False
        if record.active is False:  # type: ignore[union-attr]  # documents are not asked about
            return False  # its name may bear a mark that nobody typed
        shape = shapes.get(agreed := tuple(image))
        if shape is None:
            shape = shapes[agreed] = _shape(view.kind, names, agreed)
        if shape.shown(record) != shape.agreed(image) or shape.others(record) != shape.unset:
            return False
        for name in shape.pointers:
            shown = getattr(record, name)
            meant = world.pointed(system, shown) if type(shown) is Reference else shown
            if meant != image[name]:
                return False
    return True


def _compared(kind: Kind, policy: Policy) -> tuple[Compared, ...]:
    """By what ``merge`` looks at in each system. Nothing for kinds that are never quiet by
    themselves: switched off, kept by one system alone, or documents, which follow from others."""
    rules = {system: policy.rule(system, kind) for system in policy.keepers(kind)}
    if len(rules) < 2 or kind in DOCUMENT_KINDS or policy.flow(kind) == "off":
        return ()
    carried = {s: rule.fields.keys() for s, rule in rules.items() if rule is not None}
    merged = [
        field
        for field in comparable_fields(kind)
        if owner(kind, field, policy) != NONE
        and sum(field in fields for fields in carried.values()) > 1
    ]
    return tuple(
        Compared(system, tuple([field for field in merged if field in fields]), {})
        for system, fields in carried.items()
    )


def _shape(kind: Kind, names: Sequence[str], agreed: Collection[str]) -> Shape:
    known = [name for name in names if name in agreed]
    plain = [name for name in known if reference_kind(kind, name) is None]
    others = [name for name in names if name not in agreed]
    return Shape(
        shown=attrgetter(*plain) if plain else _nothing,
        agreed=itemgetter(*plain) if plain else _nothing,
        pointers=tuple(name for name in known if name not in plain),
        others=attrgetter(*others) if others else _nothing,
        unset=(UNSET,) * len(others) if len(others) > 1 else UNSET if others else None,
    )


def _nothing(_: object) -> None:
    return None
