"""The life of a record as sentences that say what changed, as far as the bodies tell it. Pure."""

from collections.abc import Iterable

import msgspec

from daemon.control.protocol import HistoryRowShown
from daemon.control.shapes import shown_history
from ledger.model.entries import Confirmed, Observed
from ledger.model.ids import ExternalRef
from ledger.model.records import comparable_values
from ledger.model.values import Value
from ledger.store.payloads import unpack
from ledger.store.rows import HistoryRow

MOST_FIELDS = 6


def lived(rows: Iterable[HistoryRow]) -> tuple[HistoryRowShown, ...]:
    """Rows in their order, oldest first. Where a system showed something new, the fields are
    named that differ from what it showed before; the first of ``rows`` has nothing before it."""
    shown: list[HistoryRowShown] = []
    last: dict[ExternalRef, dict[str, Value]] = {}
    for row in rows:
        told = shown_history(row)
        entry = row.entry
        if isinstance(entry, Observed | Confirmed):
            values = _values(row.body)
            before = last.get(entry.ref)
            if isinstance(entry, Observed) and values is not None and before is not None:
                fields = _differing(before, values)
                told = msgspec.structs.replace(told, text=f"{told.text}: {fields}")
            if values is not None:
                last[entry.ref] = values
        shown.append(told)
    return tuple(shown)


def _values(body: bytes | None) -> dict[str, Value] | None:
    if body is None:
        return None
    try:
        return comparable_values(unpack(body).record)
    except (msgspec.DecodeError, ValueError):
        return None


def _differing(before: dict[str, Value], after: dict[str, Value]) -> str:
    fields = [
        field
        for field in dict.fromkeys((*before, *after))
        if before.get(field) != after.get(field) or (field in before) != (field in after)
    ]
    if not fields:
        return "as before, in a form of its own"
    more = len(fields) - MOST_FIELDS
    told = ", ".join(field.replace("_", " ") for field in fields[:MOST_FIELDS])
    return f"{told} and {more} more" if more > 0 else told
