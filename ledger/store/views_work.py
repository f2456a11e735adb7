"""Views of what is under way: operations, intents, holds, approvals."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec

from ledger.model.encoding import decode
from ledger.model.entries import Intended, Rejected
from ledger.model.facts import ConfirmedChange, Hold, HoldCode
from ledger.model.ids import (
    Digest,
    ExternalRef,
    Kind,
    OperationId,
    RecordId,
    RequestId,
    SystemName,
)
from ledger.model.outcomes import PERHAPS_RENAMED, Intent
from ledger.model.plans import ENDS, Action, Conflict, FieldChange, Operation
from ledger.model.values import Lines
from ledger.store.asking import hex_digest, json_list
from ledger.store.instants import instant
from ledger.store.journal import decode_entry
from ledger.store.rows import HeldRow, LostCreate, OperationRow
from ledger.store.views_history import body_of
from ledger.store.views_records import RecordViews

_ERASED = "(the reason was erased by retention)"


class WorkViews(RecordViews):
    """Questions about work in progress."""

    def holds(
        self,
        *,
        record: RecordId | None = None,
        code: HoldCode | None = None,
        limit: int = 500,
        offset: int = 0,
    ) -> list[HeldRow]:
        """What waits, oldest first; of one record, of one code, or all."""
        page = {"limit": limit, "offset": offset}
        if record is not None:
            rows = [
                row
                for row in self._rows("holds_of", {"records": json_list([record])})
                if code is None or row[2] == code.value
            ][offset : offset + limit]
        elif code is not None:
            rows = self._rows("holds_by_code", {"code": code.value, **page})
        else:
            rows = self._rows("holds", page)
        return self._held(rows)

    def holds_of(self, records: Iterable[RecordId]) -> dict[RecordId, list[HeldRow]]:
        """Everything that some records wait for; records that wait for nothing are absent."""
        found: dict[RecordId, list[HeldRow]] = {}
        for row in self._held(self._rows("holds_of", {"records": json_list(set(records))})):
            found.setdefault(row.record, []).append(row)
        return found

    def standing_holds(self, records: Iterable[RecordId]) -> dict[tuple[RecordId, str], Digest]:
        """The same by record and subject, and of each no more than the digest of its body."""
        rows = self._rows("standing_holds", {"records": json_list(set(records))})
        return {(RecordId(record), subject): hex_digest(body) for record, subject, body in rows}

    def waiting_for_keys(self, asked: Iterable[tuple[str, str, str, str]]) -> set[RecordId]:
        """Records with an operation on its way that watches one of these keys (system, kind, key
        name, folded value)."""
        rows = self._rows("waiting_for_keys", {"keys": json_list(asked)})
        return {RecordId(record) for (record,) in rows}

    def holds_count(self) -> dict[HoldCode, int]:
        return {HoldCode(code): count for code, count in self._rows("holds_count")}

    def operations(
        self, *, states: Collection[str], limit: int = 500, offset: int = 0
    ) -> list[OperationRow]:
        """Operations in any of some states, in the order in which they came there."""
        return _operations(self._operation_rows(states, limit, offset))

    def brief_operations(
        self, *, states: Collection[str], limit: int = 500, offset: int = 0
    ) -> list[OperationRow]:
        """The same with what tells operations apart and no more, so that a hundred thousand of
        them can be looked at together: a create comes without its changes, document lines are
        empty, and ``needs``, ``computed_from`` and ``why`` are left out."""
        return _operations(self._operation_rows(states, limit, offset), read=_brief_operation)

    def _operation_rows(self, states: Collection[str], limit: int, offset: int) -> list[Any]:
        values = {"states": json_list(set(states)), "limit": limit, "offset": offset}
        return self._rows("operations", values)

    def operations_of(
        self, records: Iterable[RecordId], states: Collection[str]
    ) -> dict[RecordId, list[OperationRow]]:
        """Operations of some records in any of some states; records without are absent."""
        values = {"records": json_list(set(records)), "states": json_list(set(states))}
        found: dict[RecordId, list[OperationRow]] = {}
        for row in _operations(self._rows("operations_of", values)):
            found.setdefault(row.operation.record, []).append(row)
        return found

    def operation(self, operation: OperationId) -> OperationRow | None:
        rows = _operations(self._rows("operation", {"operation": operation}))
        return rows[0] if rows else None

    def operations_count(self) -> dict[str, int]:
        """How many operations are in each state; states without any are absent."""
        return dict(self._rows("operations_count"))

    def waiting_by_reason(self) -> dict[str, int]:
        """How many operations wait for which rule of the gate."""
        return dict(self._rows("waiting_by_reason"))

    def approvals(self, now: datetime) -> frozenset[Digest]:
        """Digests that a person has approved and whose approval has not expired."""
        rows = self._rows("approvals", {"now": instant(now)})
        return frozenset(Digest(digest) for (digest,) in rows)

    def approvals_ended(
        self, since: datetime, now: datetime, *, among: Collection[Digest]
    ) -> frozenset[Digest]:
        """Digests whose approval was in force then and is not now."""
        values = {"since": instant(since), "now": instant(now), "digests": json_list(among)}
        rows = self._rows("approvals_ended", values)
        return frozenset(Digest(digest) for (digest,) in rows)

    def approvals_of(self, job: str, now: datetime) -> frozenset[Digest]:
        """Digests that were approved as part of a job's plan and have not expired."""
        return self.approvals_of_jobs(now).get(job, frozenset())

    def approvals_of_jobs(
        self, now: datetime, *, among: Collection[Digest] | None = None
    ) -> dict[str, frozenset[Digest]]:
        """The same of every job that has any; ``among`` some digests, or of all."""
        values = {"now": instant(now)}
        if among is None:
            rows = self._rows("approvals_of_jobs", values)
        else:
            rows = self._rows("approvals_of_jobs_among", {**values, "digests": json_list(among)})
        found: dict[str, set[Digest]] = {}
        for job, digest in rows:
            found.setdefault(job, set()).add(Digest(digest))
        return {job: frozenset(digests) for job, digests in found.items()}

    def open_intents(self, system: SystemName | None = None) -> list[Intent]:
        """Requests whose end is not known, oldest first, each with its unsettled items only, of
        the records that they concern now."""
        found = []
        for request, of_system, at, first_at, attempts, body in self._rows("open_intents"):
            if system is not None and of_system != system:
                continue
            entry = decode_entry(body)
            assert isinstance(entry, Intended)  # the fold stores the seq of nothing else
            rows = self._rows("open_operations", {"request": request})
            now = {operation: RecordId(record) for operation, record in rows}
            found.append(
                Intent(
                    id=RequestId(request),
                    system=entry.system,
                    generation=entry.generation,
                    items=tuple(
                        msgspec.structs.replace(item, record=now[item.operation])
                        for item in entry.items
                        if item.operation in now
                    ),
                    request=body_of(self._db, entry.payload) or b"",
                    at=at,
                    first_at=first_at,
                    attempts=attempts,
                )
            )
        return found

    def lost_creates(self) -> list[LostCreate]:
        """Creates that may have been carried out under another name: a person is asked."""
        found = []
        for record, system, seq, body in self._rows(
            "rejections_of_code", {"code": PERHAPS_RENAMED}
        ):
            entry = decode_entry(body)
            assert isinstance(entry, Rejected), "what refused it"
            since = self._value("first_left", {"request": entry.request})
            found.append(LostCreate(record=record, system=system, since=since or "", seq=seq))
        return found

    def generation(self, operation: OperationId) -> int:
        """How many definite answers an operation has had."""
        return int(self._value("generation", {"operation": operation}) or 0)

    def confirmed_changes(self, record: RecordId, since: datetime) -> list[ConfirmedChange]:
        """Fields of a record that we wrote and that were confirmed, oldest first; where a document
        was ended, its status. Nothing from before a person said to try it again."""
        values = {"record": record, "since": instant(since)}
        return [
            ConfirmedChange(
                system=operation.system,
                field=change.field,
                before=change.before,
                after=change.after,
                at=at,
            )
            for at, body in self._rows("confirmed_changes", values)
            for operation in [_operation(body)]
            for change in (*operation.changes, *_ending(operation))
        ]

    def _held(self, rows: list[Any]) -> list[HeldRow]:
        views = {view.record: view for view in self.views(RecordId(row[0]) for row in rows)}
        held = []
        for record, subject, code, payload, body, since, seq in rows:
            view = views.get(RecordId(record))
            if view is None:
                continue
            hold, conflict = hold_in(RecordId(record), HoldCode(code), body)
            held.append(
                HeldRow(
                    record=view.record,
                    subject=subject,
                    kind=view.kind,
                    label=view.label,
                    hold=hold,
                    since=since,
                    seq=seq,
                    payload=hex_digest(payload),
                    conflict=conflict,
                )
            )
        return held


def _ending(operation: Operation) -> tuple[FieldChange, ...]:
    """What an operation without fields did to a document."""
    ends = ENDS.get(operation.action)
    if ends is None:
        return ()
    return (FieldChange(field="status", before=None, after=ends, trace=""),)


def hold_in(record: RecordId, code: HoldCode, body: bytes | None) -> tuple[Hold, Conflict | None]:
    """The hold that a body says; a conflict is told as a hold too, and given beside it."""
    if body is None:
        return Hold(record=record, code=code, text=_ERASED, cure=""), None
    if code is not HoldCode.CONFLICT:
        hold: Hold = decode(body, Hold)
        return hold, None
    conflict: Conflict = decode(body, Conflict)
    fields = ", ".join(field.field for field in conflict.fields)
    cure = f"Say which value of {fields} counts, or make both systems show the same."
    return Hold(record=record, code=code, text=conflict.text, cure=cure, field=fields), conflict


class _Brief(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as stored, its changes left undecoded."""

    id: OperationId
    digest: Digest
    record: RecordId
    kind: Kind
    label: str
    system: SystemName
    action: Action
    ref: ExternalRef | None
    changes: msgspec.Raw
    wave: int


_briefs: msgspec.json.Decoder[_Brief] = msgspec.json.Decoder(_Brief)


def _operations(
    rows: list[Any], *, read: Callable[[bytes], Operation] | None = None
) -> list[OperationRow]:
    read = read or _operation
    return [
        OperationRow(
            operation=read(body),
            state=state,
            reason=reason,
            text=text,
            seq=seq,
            at=at,
            breaker=breaker,
        )
        for _, body, state, reason, text, seq, at, breaker in rows
        if body is not None
    ]


def _operation(body: bytes) -> Operation:
    operation: Operation = decode(body, Operation)
    return operation


def _brief_operation(body: bytes) -> Operation:
    brief = _briefs.decode(body)
    changes: tuple[FieldChange, ...] = ()
    if brief.action is not Action.CREATE:
        found: tuple[FieldChange, ...] = decode(bytes(brief.changes), tuple[FieldChange, ...])
        changes = tuple(_without_lines(change) for change in found)
    return Operation(
        id=brief.id,
        digest=brief.digest,
        record=brief.record,
        kind=brief.kind,
        label=brief.label,
        system=brief.system,
        action=brief.action,
        ref=brief.ref,
        changes=changes,
        wave=brief.wave,
    )


def _without_lines(change: FieldChange) -> FieldChange:
    if not isinstance(change.before, Lines) and not isinstance(change.after, Lines):
        return change
    return msgspec.structs.replace(change, before=Lines(), after=Lines())
