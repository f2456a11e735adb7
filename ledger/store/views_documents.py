"""Views of documents for reports: heads of both sides, and what explains their differences.

Pages, so that a report over a hundred thousand documents stays small; lines are never decoded.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ledger.model.facts import HoldCode, Problem
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.values import Reference
from ledger.store.asking import external_ref, json_list
from ledger.store.rows import DocumentHold, DocumentRow, DocumentSide, DocumentWork, Standing
from ledger.store.views_work import WorkViews, hold_in

IN_WORK = ("planned", "waiting", "approved", "intended")

_problems: msgspec.json.Decoder[Problem] = msgspec.json.Decoder(Problem)


class _Head(msgspec.Struct):
    """The part of a stored document that reports ask for; the rest is skipped unread."""

    number: str | None = None
    date: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    tax_total: Decimal | None = None
    status: str | None = None
    balance: Decimal | None = None
    vendor: Reference | None = None
    customer: Reference | None = None


class _Body(msgspec.Struct):
    record: _Head


_bodies: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)


class DocumentViews(WorkViews):
    """Questions of reports."""

    def documents(self, kind: Kind, *, after: str = "", limit: int = 500) -> list[DocumentRow]:
        """Documents of one kind in order of their record ids, behind the record ``after``."""
        first, end = f"{kind.value}-", f"{kind.value}."  # the full stop follows the hyphen
        values = {"after": max(after, first), "end": end, "limit": limit}
        records = [RecordId(record) for (record,) in self._rows("records_between", values)]
        wanted = json_list(records)
        sides: dict[RecordId, list[DocumentSide]] = {record: [] for record in records}
        for row in self._sides(wanted):
            sides[RecordId(row[0])].append(_side(row))
        parties = self._parties(one for shown in sides.values() for one in shown)
        holds = self._document_holds(wanted)
        work = self._document_work(records)
        return [
            DocumentRow(
                record=record,
                kind=kind,
                sides={one.ref.system: _with_party(one, parties) for one in sides[record]},
                holds=tuple(holds.get(record, ())),
                work=tuple(work.get(record, ())),
            )
            for record in records
        ]

    def last_written(self, records: Iterable[RecordId]) -> dict[RecordId, str]:
        """RFC 3339 instant at which the last write of each record was confirmed; records that were
        never written are absent."""
        rows = self._rows("last_written", {"records": json_list(records)})
        return {RecordId(record): at for record, at in rows}

    def standings(self, kind: Kind, books: SystemName) -> list[Standing]:
        """How the records of one kind stand on both sides, counted."""
        first, end = f"{kind.value}-", f"{kind.value}."
        values = {"books": books, "first": first, "end": end, "states": json_list(IN_WORK)}
        return [
            Standing(
                source=source,
                books=theirs,
                is_held=bool(held),
                is_planned=bool(planned),
                count=count,
            )
            for source, theirs, held, planned, count in self._rows("standings", values)
        ]

    def _parties(
        self, sides: Iterable[DocumentSide]
    ) -> dict[tuple[SystemName, Reference], RecordId | None]:
        """The records that vendors and customers mean: by id in one question, by name singly."""
        named = {(one.ref.system, one.party) for one in sides if one.party is not None}
        refs = {
            (system, party): ExternalRef(system, party.kind, party.id)
            for system, party in named
            if party.id
        }
        listed = json_list([ref.system, ref.kind.value, ref.id] for ref in refs.values())
        owners = {
            external_ref(*row[:3]): RecordId(row[3])
            for row in self._rows("owners", {"refs": listed})
        }
        by_id = {key: owners.get(ref) for key, ref in refs.items()}
        by_name = {key: self.resolve(*key) for key in named - refs.keys()}
        return by_id | by_name

    def _document_holds(self, records: str) -> dict[RecordId, list[DocumentHold]]:
        found: dict[RecordId, list[DocumentHold]] = {}
        for record, _, code, _, body, since, seq in self._rows("holds_of", {"records": records}):
            hold, _ = hold_in(RecordId(record), HoldCode(code), body)
            found.setdefault(RecordId(record), []).append(
                DocumentHold(code=hold.code, text=hold.text, field=hold.field, since=since, seq=seq)
            )
        return found

    def _document_work(self, records: list[RecordId]) -> dict[RecordId, list[DocumentWork]]:
        return {
            record: [
                DocumentWork(
                    action=row.operation.action,
                    system=row.operation.system,
                    state=row.state,
                    reason=row.reason,
                    text=row.text,
                    since=row.at,
                    seq=row.seq,
                )
                for row in rows
            ]
            for record, rows in self.operations_of(records, IN_WORK).items()
        }


def _side(row: Any) -> DocumentSide:
    shown = _Head() if row[6] is None else _bodies.decode(row[6]).record
    return DocumentSide(
        ref=external_ref(*row[1:4]),
        number=shown.number or "",
        party=shown.vendor or shown.customer,
        date=shown.date or "",
        currency=shown.currency or "",
        total=shown.total,
        tax_total=shown.tax_total,
        status=shown.status or "",
        balance=shown.balance,
        tombstone=row[8],
        problem="" if row[9] is None else _problems.decode(row[9]).message,
        out_of_scope=row[10],
        seq=row[7],
    )


def _with_party(
    side: DocumentSide, parties: Mapping[tuple[SystemName, Reference], RecordId | None]
) -> DocumentSide:
    if side.party is None:
        return side
    record = parties.get((side.ref.system, side.party))
    return msgspec.structs.replace(side, party_record=record)
