"""An old item that a new one has replaced: documents that keep the old one go on as before.

A re-export unlinks the old item of the books and creates another. What was posted, ordered or
billed keeps the old one; nobody edited it. The answer stands in the ledger as a resolution of the
old item's own record, ``replaced_by:RECORD``: where a document of the books shows the old item, it
means the product, and a line that stands keeps the item that it has. Must not choose a successor.
"""

import hashlib

import msgspec

from ledger.model.encoding import encode
from ledger.model.facts import RecordView, Resolution
from ledger.model.ids import Digest, Kind, RecordId, SystemName
from ledger.model.values import Line, LinePointer, Lines, RecordRef, Reference

from .world import World, replaced_by_field


def replaced_by(product: RecordId, books: SystemName) -> Resolution:
    """The answer, for the record that the old item has by itself."""
    field = replaced_by_field(product)
    return Resolution(
        field=field, take=books, value_digest=Digest(hashlib.sha256(encode([field])).hexdigest())
    )


def with_own_items(lines: Lines, view: RecordView, world: World) -> Lines:
    """Lines on their way into the books, each that stands with the item that it has there, where
    that was replaced by the one that it is to have."""
    side = view.sides.get(world.policy.books)
    shown = getattr(side.record, "lines", None) if side is not None else None
    if not isinstance(shown, Lines):
        return lines
    items = {line.id: line.item for line in shown.lines if line.id}

    def kept(line: Line) -> Line:
        own = _record(items.get(line.id), world) if line.id else None
        if own is None or not isinstance(line.item, RecordRef) or own == line.item.record:
            return line
        if world.stands_for(own) != line.item.record:
            return line
        return msgspec.structs.replace(line, item=RecordRef(own))

    return Lines(tuple(kept(line) for line in lines.lines))


def _record(pointer: LinePointer, world: World) -> RecordId | None:
    if not isinstance(pointer, Reference) or pointer.kind is not Kind.ITEM:
        return None
    return world.resolve(world.policy.books, pointer)
