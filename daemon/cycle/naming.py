"""What the names on a document mean: found out when it is shown, and kept in what was shown.

An additional charge of DEAR tells its product by name alone, and names move: the product gets
another one, another product takes it over. So the pointer gets the id of the product that has the
name at that moment, and means that product from then on, whatever either is called later. Nothing
else of an observation may change here.
"""

from collections.abc import Mapping, Sequence

import msgspec

from daemon.reconcile.lines import map_pointers
from ledger.model.facts import Observation
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.records import Record
from ledger.model.values import LinePointer, Lines, Reference
from ledger.store.ledger import Ledger
from ledger.store.payloads import record_in
from ledger.store.views import Head, Views


async def named(
    ledger: Ledger, shown: Sequence[Observation], heads: Mapping[ExternalRef, Head]
) -> Sequence[Observation]:
    """The observations with the products that their lines name, as far as that can be told."""
    if not any(_names_alone(one.record) for one in shown):
        return shown
    return await ledger.read(lambda views: [_named(one, heads, views) for one in shown])


def _named(shown: Observation, heads: Mapping[ExternalRef, Head], views: Views) -> Observation:
    if not _names_alone(shown.record):
        return shown
    known = _known(heads.get(shown.ref), views)

    def meant(pointer: LinePointer) -> LinePointer:
        if not isinstance(pointer, Reference) or not _is_name(pointer):
            return pointer
        if pointer.key in known:
            return msgspec.structs.replace(pointer, id=known[pointer.key])
        return _looked_up(shown.ref.system, pointer, views)

    lines = map_pointers(_lines(shown.record), meant)
    record = msgspec.structs.replace(shown.record, lines=lines)
    return msgspec.structs.replace(shown, record=record)


def _known(head: Head | None, views: Views) -> dict[str, str]:
    """What the document's names meant when it showed them before: they mean that as long as it
    goes on showing them."""
    body = views.body(head.payload) if head is not None and head.payload else None
    if body is None:
        return {}
    items = (line.item for line in _lines(record_in(body)).lines)
    return {one.key: one.id for one in items if isinstance(one, Reference) and one.key and one.id}


def _looked_up(system: SystemName, pointer: Reference, views: Views) -> Reference:
    """The pointer with the id of the product that has the name now, as it is when none has it, and
    marked when several have it."""
    record = views.resolve(system, pointer)
    ref = views.ref_of(record, system) if record is not None else None
    if ref is not None:
        return msgspec.structs.replace(pointer, id=ref.id)
    alike = views.find(system, pointer.kind, "name", pointer.key)
    return msgspec.structs.replace(pointer, shared=len(alike) > 1)


def _names_alone(record: Record) -> bool:
    """Whether a line of the record tells its product by nothing but a name."""
    lines = getattr(record, "lines", None)
    return isinstance(lines, Lines) and any(
        isinstance(line.item, Reference) and _is_name(line.item) for line in lines.lines
    )


def _is_name(pointer: Reference) -> bool:
    return pointer.kind is Kind.ITEM and not pointer.id


def _lines(record: Record) -> Lines:
    lines = getattr(record, "lines", None)
    return lines if isinstance(lines, Lines) else Lines()
