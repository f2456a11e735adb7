"""Pointers inside values that are to be shown: which records they mean. Reads only."""

from collections.abc import Iterator

import msgspec

from ledger.model.ids import RecordId, SystemName
from ledger.model.values import Line, LinePointer, Lines, RecordRef, Reference, Value
from ledger.store.views import Views

POINTERS = ("item", "account", "tax_code", "order", "reporting_class", "customer")
"""Fields of a line that point to records."""


def records_in(value: Value) -> Iterator[RecordId]:
    """Records that a value points to, those of its lines included."""
    if isinstance(value, RecordRef):
        yield value.record
    elif isinstance(value, Lines):
        for line in value.lines:
            for name in POINTERS:
                pointer = getattr(line, name)
                if isinstance(pointer, RecordRef):
                    yield pointer.record


class Pointing:
    """One read transaction's answers to "which record does this system mean by that"."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._known: dict[tuple[SystemName, Reference], RecordId | None] = {}

    def settled(self, system: SystemName, value: Value) -> Value:
        """``value`` as ``system`` shows it, with records in the place of its own ids."""
        match value:
            case Reference():
                return self._pointer(system, value)
            case Lines(lines=lines):
                return Lines(tuple(self._line(system, line) for line in lines))
            case _:
                return value

    def _line(self, system: SystemName, line: Line) -> Line:
        pointers = {name: self._pointer(system, getattr(line, name)) for name in POINTERS}
        return msgspec.structs.replace(line, **pointers)

    def _pointer(self, system: SystemName, pointer: LinePointer) -> LinePointer:
        if not isinstance(pointer, Reference):
            return pointer
        record = self.record(system, pointer)
        return pointer if record is None else RecordRef(record)

    def record(self, system: SystemName, reference: Reference) -> RecordId | None:
        key = (system, reference)
        if key not in self._known:
            self._known[key] = self._views.resolve(system, reference)
        return self._known[key]
