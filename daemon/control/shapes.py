"""Values of the ledger and of the cycle in the words of the protocol. Pure; decides nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from daemon.control.frame import Json
from daemon.control.pointing import records_in
from daemon.control.protocol import (
    CandidateShown,
    ChangeShown,
    CountShown,
    CycleShown,
    FieldConflictShown,
    HistoryRowShown,
    HoldShown,
    OperationShown,
    ProblemShown,
    SeenShown,
    SystemShown,
)
from daemon.control.protocol_valves import ClosedShown, PauseShown
from daemon.control.words import entry_text
from daemon.cycle.calendar import Calendar
from daemon.cycle.report import CycleReport, SystemStatus
from ledger.model.facts import Problem
from ledger.model.ids import RecordId, SystemName
from ledger.model.values import Address, Line, Lines, RecordRef, Reference, Texts, Value
from ledger.store.rows import HeldRow, HistoryRow, KindCount, OperationRow
from ledger.store.views_valves import PauseRow, SkipRow


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """What records are called."""

    titles: Mapping[RecordId, str] = msgspec.field(default_factory=dict)
    """With the name beside a code, the party beside a number."""
    items: Mapping[RecordId, str] = msgspec.field(default_factory=dict)
    """SKUs, for lines, where there is no room for more."""

    def title(self, record: RecordId, otherwise: str = "") -> str:
        return self.titles.get(record, otherwise or record)


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What a document comes to in the system that an operation writes to."""

    currency: str = ""
    before: Decimal | None = None
    after: Decimal | None = None


NO_MONEY = Money()


def pointed(operations: Iterable[OperationRow], holds: Iterable[HeldRow]) -> set[RecordId]:
    """Records that values point to: their labels are wanted."""
    values: list[Value] = []
    for row in operations:
        for change in row.operation.changes:
            values += [change.before, change.after]
    for held in holds:
        for field in held.conflict.fields if held.conflict else ():
            values += [*field.base.values(), *field.values.values()]
    return {record for value in values for record in records_in(value)}


def shown_value(value: Value, labels: Labels) -> Json:
    """A field's value as JSON; amounts as text with the digits that they came with."""
    match value:
        case None | bool() | str():
            return value
        case Decimal():
            return format(value, "f")
        case RecordRef(record=record):
            return {"type": "record", "record": record, "label": labels.title(record)}
        case Reference(kind=kind, id=external_id, key=key):
            return {"type": "ref", "kind": kind.value, "id": external_id, "key": key}
        case Address(lines=lines):
            return {
                "type": "address",
                "lines": list(lines),
                "city": value.city,
                "region": value.region,
                "postal_code": value.postal_code,
                "country": value.country,
            }
        case Lines(lines=lines):
            return {"type": "lines", "lines": [_shown_line(line, labels) for line in lines]}
        case Texts(entries=entries):
            return {"type": "texts", "entries": [[name, text] for name, text in entries]}


def _shown_line(line: Line, labels: Labels) -> Json:
    """What one line says; what it leaves open is absent. Field names are the model's."""
    values = msgspec.structs.asdict(line)
    shown: dict[str, Json] = {"sort": line.sort}
    for name, value in values.items():
        if isinstance(value, int):
            if value:
                shown[name] = value
        elif value not in (None, ""):
            shown[name] = shown_value(value, labels)
    if isinstance(line.item, RecordRef):
        called = labels.items.get(line.item.record) or labels.title(line.item.record)
        shown["item"] = {"type": "record", "record": line.item.record, "label": called}
    return shown


def shown_operation(row: OperationRow, labels: Labels, money: Money = NO_MONEY) -> OperationShown:
    operation = row.operation
    changes = tuple(
        ChangeShown(
            field=change.field,
            before=shown_value(change.before, labels),
            after=shown_value(change.after, labels),
            trace=change.trace,
        )
        for change in operation.changes
    )
    return OperationShown(
        digest=operation.digest,
        operation=operation.id,
        record=operation.record,
        kind=operation.kind.value,
        label=operation.label,
        title=labels.title(operation.record, operation.label),
        system=operation.system,
        action=operation.action.value,
        ref="" if operation.ref is None else str(operation.ref),
        state=row.state,
        reason=row.reason,
        text=row.text,
        wave=operation.wave,
        changes=changes,
        currency=money.currency,
        total_before=None if money.before is None else format(money.before, "f"),
        total_after=None if money.after is None else format(money.after, "f"),
        needs=operation.needs,
        why=operation.why,
        at=row.at,
        seq=row.seq,
    )


def shown_hold(
    row: HeldRow,
    labels: Labels,
    sides: Mapping[SystemName, Value] | None = None,
    *,
    aside: SkipRow | None = None,
) -> HoldShown:
    """``sides``: what each system shows of the field, where that helps a person decide;
    ``aside``: a person set it aside."""
    hold = row.hold
    conflict = tuple(
        FieldConflictShown(
            field=field.field,
            base={system: shown_value(value, labels) for system, value in field.base.items()},
            values={system: shown_value(value, labels) for system, value in field.values.items()},
        )
        for field in (row.conflict.fields if row.conflict else ())
    )
    candidates = tuple(
        CandidateShown(ref=str(c.ref), label=c.label, evidence=c.evidence, is_linked=c.is_linked)
        for c in hold.candidates
    )
    return HoldShown(
        record=row.record,
        kind=row.kind.value,
        label=row.label,
        title=labels.title(row.record, row.label),
        code=hold.code.value,
        text=hold.text,
        cure=hold.cure,
        field=hold.field,
        system=hold.system,
        since=row.since,
        seq=row.seq,
        candidates=candidates,
        conflict=conflict,
        skipped=aside.reason if aside is not None else "",
        until=aside.until if aside is not None else "",
        sides={system: shown_value(value, labels) for system, value in (sides or {}).items()},
    )


def shown_problem(problem: Problem) -> ProblemShown:
    return ProblemShown(
        code=problem.code, message=problem.message, field=problem.field, cure=problem.cure
    )


def shown_system(status: SystemStatus) -> SystemShown:
    values = msgspec.structs.asdict(status)
    values["link"] = status.link.value
    values["warnings"] = tuple(map(shown_problem, status.warnings))
    return msgspec.convert(values, SystemShown)


def shown_pause(row: PauseRow) -> PauseShown:
    return msgspec.convert(row, PauseShown, from_attributes=True)


def shown_closed(calendar: Calendar, now: datetime) -> ClosedShown | None:
    shut = calendar.shut(now)
    if shut is None:
        return None
    opens = calendar.opens_at(now)
    at = "" if opens is None else opens.isoformat(timespec="seconds").replace("+00:00", "Z")
    return ClosedShown(reason=shut.reason, text=shut.text, opens_at=at)


def shown_count(count: KindCount) -> CountShown:
    values = msgspec.structs.asdict(count)
    values["kind"] = count.kind.value
    return msgspec.convert(values, CountShown)


def shown_cycle(report: CycleReport) -> CycleShown:
    values = msgspec.structs.asdict(report)
    values["seen"] = tuple(
        SeenShown(
            system=system,
            pages=seen.pages,
            observed=seen.observed,
            moved=seen.moved,
            tombstoned=seen.tombstoned,
            unreadable=seen.unreadable,
        )
        for system, seen in report.seen.items()
    )
    values["problems"] = tuple(map(shown_problem, report.problems))
    return msgspec.convert(values, CycleShown)


def shown_history(row: HistoryRow) -> HistoryRowShown:
    details: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(row.entry))
    details.pop("entry", None)
    return HistoryRowShown(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        cycle=row.cycle,
        entry=type(row.entry).__name__,
        text=entry_text(row.entry, row.body),
        details=details,
    )
