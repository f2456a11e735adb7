"""The plan in the order in which a person reads it, one page at a time, with its totals.

Sorted here and not by the ledger: what matters first is a question of reading, not of storing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from daemon.control.protocol import Code, CureShown, Declined, PlanTotals
from ledger.model.aside import is_operation
from ledger.model.drift import DECISIONS, URGENCY
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, OperationId, RecordId
from ledger.model.plans import Operation, Verdict
from ledger.store.rows import HeldRow, OperationRow
from ledger.store.views import Views

PENDING = ("planned", "waiting", "approved")
PAGE = 5_000
MOST_SORTED = 50_000
"""Beyond so many operations or holds they come in the order in which the ledger got them, and what
stops them is told with the numbers of the moment at which it did."""
MOST_CURES = 10
MOST_STOPS = 20
STOPS = frozenset(
    {
        *("mass_change", "too_many", "too_much_money", "rules_changed"),
        *("paused", "frozen", "window"),
    }
)
"""Reasons whose sentence is the same for many changes, and told once above them."""

STATES = ("waiting", "planned", "approved")
"""What a person can still decide comes before what is decided."""
_KINDS = {kind: number for number, kind in enumerate(Kind)}
_Key = tuple[int | str, ...]
Rule: TypeAlias = Callable[[], Mapping[OperationId, Verdict]]
"""What the gate says of everything that is pending, as it stands now."""
_Stopped: TypeAlias = tuple[OperationId, str, str]
"""An operation, the reason why it is stopped, and the sentence that was told of it then."""


class Listing(msgspec.Struct, frozen=True):
    """One page of the plan."""

    operations: list[OperationRow]
    holds: list[HeldRow]
    more: bool
    totals: PlanTotals


def the_plan(
    views: Views, *, limit: int, offset: int, code: HoldCode | None, rule: Rule
) -> Listing:
    """A page of every operation that is not sent yet and of every hold; with ``code``, of the
    holds for that reason alone. The totals are of everything in any case."""
    operations, by_action, stops = _operations(views, rule, limit=limit + 1, offset=offset)
    held, cures, records = _holds(views, code, limit=limit + 1, offset=offset)
    if code is not None:
        operations = []
    totals = msgspec.structs.replace(
        _totals(views, by_action, cures, records),
        by_reason=views.waiting_by_reason(),
        stops=stops[:MOST_STOPS],
    )
    more = len(operations) > limit or len(held) > limit
    return Listing(operations[:limit], held[:limit], more, totals)


def of_record(views: Views, record: RecordId) -> Listing:
    """What is planned for one record and what holds it, whole."""
    operations = views.operations_of([record], PENDING).get(record, [])
    return _whole(operations, views.holds(record=record))


def of_digest(views: Views, beginning: str) -> Listing:
    """The one operation whose digest or id begins so."""
    found: list[OperationRow] = []
    start = 0
    while rows := views.operations(states=PENDING, limit=PAGE, offset=start):
        start += len(rows)
        found += [r for r in rows if beginning in _beginnings(r.operation, len(beginning))]
    if len(found) != 1:
        raise Declined(
            Code.AMBIGUOUS if found else Code.STALE,
            f"{len(found) or 'no'} changes that wait begin with {beginning}",
            cure="give more of its digits" if found else "look again with trueup plan",
        )
    return _whole(found, [])


def _beginnings(operation: Operation, length: int) -> tuple[str, str]:
    return operation.digest[:length], operation.id[:length]


def _whole(operations: list[OperationRow], held: list[HeldRow]) -> Listing:
    return Listing(
        sorted(operations, key=_operation_key),
        sorted(held, key=_hold_key),
        False,
        PlanTotals(
            operations=len(operations),
            by_state=dict(Counter(row.state for row in operations)),
            by_action=_by_action(operations),
            holds=len(held),
            by_code=dict(Counter(row.hold.code.value for row in held)),
            held_records=1 if held else 0,
        ),
    )


def _operations(
    views: Views, rule: Rule, *, limit: int, offset: int
) -> tuple[list[OperationRow], dict[str, int], tuple[str, ...]]:
    """A page of operations; of all of them, what is done how often, and what stops many."""
    counts = views.operations_count()
    if sum(counts.get(state, 0) for state in PENDING) > MOST_SORTED:
        page = views.operations(states=PENDING, limit=limit, offset=offset)
        return page, _by_action(page), _stops(_stopped(page), dict)
    keys: list[tuple[_Key, RecordId]] = []
    actions: Counter[_Key] = Counter()
    stopped: list[_Stopped] = []
    start = 0
    while rows := views.operations(states=PENDING, limit=PAGE, offset=start):
        start += len(rows)
        keys += [(_operation_key(row), row.operation.record) for row in rows]
        actions.update(_action_key(row) for row in rows)
        stopped += _stopped(rows)
    keys.sort()
    wanted = keys[offset : offset + limit]
    found = views.operations_of({record for _, record in wanted}, PENDING)
    by_key = {_operation_key(row): row for rows in found.values() for row in rows}
    named = {_action_name(key): actions[key] for key in sorted(actions)}
    return [by_key[key] for key, _ in wanted], named, _stops(stopped, rule)


def _stopped(rows: Iterable[OperationRow]) -> list[_Stopped]:
    return [
        (row.operation.id, row.reason, row.text) for row in rows if row.reason in STOPS and row.text
    ]


def _stops(stopped: Sequence[_Stopped], rule: Rule) -> tuple[str, ...]:
    """What stops many, a sentence each. The journal has the numbers of the moment at which each was
    stopped; more may have come since, or less be left: what is told are the numbers of now."""
    verdicts = rule() if stopped else {}
    told: dict[str, None] = {}
    for operation, reason, text in stopped:
        now = verdicts.get(operation)
        told[now.text if now is not None and now.reason == reason else text] = None
    return tuple(told)


def _by_action(rows: Iterable[OperationRow]) -> dict[str, int]:
    actions = Counter(_action_key(row) for row in rows)
    return {_action_name(key): actions[key] for key in sorted(actions)}


def _action_key(row: OperationRow) -> _Key:
    operation = row.operation
    kind = operation.kind
    return (_KINDS[kind], operation.action.value, kind.value, operation.system)


def _action_name(key: _Key) -> str:
    _, action, kind, system = key
    return f"{action} {kind} in {system}"


def _operation_key(row: OperationRow) -> _Key:
    operation = row.operation
    return (
        STATES.index(row.state) if row.state in STATES else len(STATES),
        _KINDS[operation.kind],
        operation.action.value,
        operation.system,
        operation.label.casefold(),
        operation.id,
    )


def _holds(
    views: Views, code: HoldCode | None, *, limit: int, offset: int
) -> tuple[list[HeldRow], Counter[tuple[str, str]], int]:
    """A page of holds, how many holds each cure would release, and how many records are held."""
    if sum(views.holds_count().values()) > MOST_SORTED:
        page = views.holds(code=code, limit=limit, offset=offset)
        return page, _cures(page), len({row.record for row in page})
    heads: dict[RecordId, _Key] = {}
    keys: list[tuple[RecordId, _Key]] = []
    cures: Counter[tuple[str, str]] = Counter()
    start = 0
    while rows := views.holds(limit=PAGE, offset=start):
        start += len(rows)
        cures.update(_cures(rows))
        for row in rows:
            key = _hold_key(row)
            heads[row.record] = min(heads.get(row.record, key), key)
            if code is None or row.hold.code is code:
                keys.append((row.record, key))
    # A record with several holds stands together, at the place of its most pressing one.
    keys.sort(key=lambda pair: (heads[pair[0]], pair[0], pair[1]))
    wanted = keys[offset : offset + limit]
    found = views.holds_of({record for record, _ in wanted})
    by_key = {(row.record, _hold_key(row)): row for rows in found.values() for row in rows}
    return [by_key[pair] for pair in wanted], cures, len(heads)


def _hold_key(row: HeldRow) -> _Key:
    return (URGENCY[row.hold.code], _KINDS[row.kind], row.label.casefold(), row.subject)


def _cures(rows: Sequence[HeldRow]) -> Counter[tuple[str, str]]:
    """Decisions are about one record each; what others share is worth naming once."""
    shared = (row.hold for row in rows if row.hold.cure and row.hold.code not in DECISIONS)
    return Counter((hold.code.value, hold.cure) for hold in shared)


def _totals(
    views: Views, by_action: Mapping[str, int], cures: Counter[tuple[str, str]], records: int
) -> PlanTotals:
    by_state = {s: n for s, n in views.operations_count().items() if s in PENDING and n}
    counts = views.holds_count()
    by_code = {code.value: counts[code] for code in sorted(counts, key=URGENCY.__getitem__)}
    skips = views.standing_skips()
    ranked = sorted(cures.items(), key=lambda pair: (-pair[1], pair[0]))
    return PlanTotals(
        operations=sum(by_state.values()),
        by_state=by_state,
        by_action=dict(by_action),
        holds=sum(by_code.values()),
        by_code=by_code,
        held_records=records,
        skipped=len(skips),
        skipped_operations=sum(1 for row in skips if is_operation(row.subject)),
        cures=tuple(
            CureShown(code=code, cure=cure, holds=count)
            for (code, cure), count in ranked[:MOST_CURES]
            if count > 1
        ),
    )
