"""Views of the journal as a timeline: newest first, a page at a time, by sequence.

Instants are found by halving: entries are stamped in the order in which they are appended. A clock
that was set back makes that search land near the place, never outside the journal.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from ledger.model.entries import Entry
from ledger.model.ids import ExternalRef, RecordId, SystemName
from ledger.store.asking import external_ref, json_list
from ledger.store.instants import instant
from ledger.store.journal import decode_entry
from ledger.store.payloads import named_payloads
from ledger.store.rows import HistoryRow
from ledger.store.views_documents import DocumentViews
from ledger.store.views_history import HistoryViews


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Entries between two sequences, both exclusive, at most so many of the newest."""

    after: int
    before: int
    limit: int


class _Called(msgspec.Struct):
    """The part of a stored record that it is called by; the rest is skipped unread."""

    sku: str | None = None
    code: str | None = None
    name: str | None = None
    number: str | None = None
    order_number: str | None = None


class _Body(msgspec.Struct):
    record: _Called


_bodies: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)


class TimelineViews(DocumentViews, HistoryViews):
    """Questions about what happened, and when."""

    def timeline(
        self,
        span: Span,
        *,
        entry: str = "",
        actor: str = "",
        record: RecordId | None = None,
    ) -> list[HistoryRow]:
        """Entries of a span, newest first: all, or those of one record, of one type (its name), or
        of one person, whichever is given first in that order. Bodies are left out."""
        values: dict[str, object] = msgspec.structs.asdict(span)
        if record is not None:
            rows = self._rows("timeline_of_record", {**values, "record": record})
        elif entry:
            rows = self._rows("timeline_of_type", {**values, "type": entry})
        elif actor:
            rows = self._rows("timeline_of_person", {**values, "actor": actor})
        else:
            rows = self._rows("timeline", values)
        return [_row(row) for row in rows]

    def people(self) -> list[str]:
        """Everybody but the daemon who wrote an entry, as the kernel named them."""
        return [actor for (actor,) in self._rows("people")]

    def with_body(self, row: HistoryRow) -> HistoryRow:
        """The same with the first body that the entry names."""
        payloads = named_payloads(row.entry)
        body = self.body(payloads[0]) if payloads else None
        return row if body is None else msgspec.structs.replace(row, body=body)

    def first_entry_since(self, at: datetime) -> int:
        """The first sequence at or after an instant; one more than the head when there is none."""
        wanted = instant(at)
        low, high = 1, self.head()[0] + 1
        while low < high:
            middle = (low + high) // 2
            if self._value("instant_at", {"seq": middle}) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def instants(self, seqs: Iterable[int]) -> dict[int, str]:
        """When entries were appended, as RFC 3339 instants."""
        return dict(self._rows("instants", {"seqs": json_list(set(seqs))}))

    def labels(self, records: Iterable[RecordId]) -> dict[RecordId, str]:
        """What records are called, as ``RecordView.label`` says, without reading them whole."""
        found: dict[RecordId, str] = {}
        for row in self._sides(json_list(sorted(set(records)))):
            called = _called(row[6])
            if called:
                found.setdefault(RecordId(row[0]), called)
        return found

    def owners(self, refs: Iterable[ExternalRef]) -> dict[ExternalRef, RecordId]:
        """The record of each reference that was ever seen."""
        listed = json_list([ref.system, ref.kind.value, ref.id] for ref in set(refs))
        rows = self._rows("owners", {"refs": listed})
        return {external_ref(*row[:3]): RecordId(row[3]) for row in rows}

    def pointing_to(self, kind: str, key: str, named: Mapping[SystemName, str]) -> int:
        """How many live records of a kind show a key: ``named`` is its folded value by system."""
        keys = json_list(list(pair) for pair in named.items())
        return int(self._value("pointing_to", {"kind": kind, "name": key, "keys": keys}))


def entry_of(row: HistoryRow) -> str:
    """The name of an entry's type, as filters and answers say it."""
    return type(row.entry).__name__


def _row(row: Any) -> HistoryRow:
    seq, at, actor, cycle, body = row
    entry: Entry = decode_entry(body)
    return HistoryRow(seq=seq, at=at, actor=actor, cycle=cycle, entry=entry, body=None)


def _called(body: bytes | None) -> str:
    if body is None:
        return ""
    shown = _bodies.decode(body).record
    named = (shown.sku, shown.code, shown.name, shown.number, shown.order_number)
    return next((text for text in named if text), "")
