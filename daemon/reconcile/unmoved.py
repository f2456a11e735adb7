"""The short way round ``merge``: a record that every system still shows as it was when all agreed.

Where no side has moved since, the walk through the mapping ends in *agreed* or in *left as it is*,
field by field, whatever the mapping says: both write nothing, hold nothing and remember nothing
new. So it need not be walked. What was never agreed, what a person has answered, and whatever is
not plainly alive on all sides goes the long way. Must not decide; a property test compares the two.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from sys import intern
from typing import Any

from msgspec.structs import astuple

from ledger.model.facts import RecordView
from ledger.model.ids import DOCUMENT_KINDS, Kind, SystemName
from ledger.model.images import Image
from ledger.model.records import RECORD_TYPES, comparable_fields
from ledger.model.values import Reference

from .authority import NONE, owner
from .policy import Compared, Policy
from .world import World, reference_kind


def is_unmoved(view: RecordView, world: World) -> bool:
    """Whether every keeper of the kind shows the record, and just as it did when they agreed."""
    policy, sides, baselines = world.policy, view.sides, view.baselines
    compared = policy.compared.get(view.kind)
    if compared is None:
        compared = policy.compared[view.kind] = _compared(view.kind, policy)
    if len(compared) != len(sides) or view.resolutions or view.open_intent:
        return False
    version = policy.mapping_version
    for system, in_record, in_image, plain in compared:
        side, baseline = sides.get(system), baselines.get(system)
        if side is None or baseline is None or baseline.mapping_version != version:
            return False
        record, image = side.record, baseline.image
        if record is None or side.tombstone or side.problem is not None or side.out_of_scope:
            return False
        if record.active is False:  # type: ignore[union-attr]  # documents are not asked about
            return False  # its name may bear a mark that nobody typed
        if type(image) is not tuple:
            return False
        shown, agreed = in_record(astuple(record)), in_image(image)
        # A field that was never agreed is unset in the image, and has to be so in the record.
        if shown != agreed and (
            shown[:plain] != agreed[:plain]
            or not _is_meant(shown[plain:], agreed[plain:], system, world)
        ):
            return False
    return True


def _is_meant(shown: Image, agreed: Image, system: SystemName, world: World) -> bool:
    """Whether pointers mean what was agreed."""
    return all(
        then == (world.pointed(system, now) if type(now) is Reference else now)
        for now, then in zip(shown, agreed, strict=True)
    )


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
        _part(kind, system, [field for field in merged if field in fields])
        for system, fields in carried.items()
    )


def _part(kind: Kind, system: SystemName, fields: Sequence[str]) -> Compared:
    plain = [field for field in fields if reference_kind(kind, field) is None]
    names = [*plain, *(field for field in fields if field not in plain)]
    of_record, of_image = RECORD_TYPES[kind].__struct_fields__, comparable_fields(kind)
    return (
        SystemName(intern(system)),  # the copy by which the ledger's views have it
        _taking([of_record.index(name) for name in names]),
        _taking([of_image.index(name) for name in names]),
        len(plain),
    )


def _taking(places: Sequence[int]) -> Callable[[tuple[Any, ...]], Image]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])
