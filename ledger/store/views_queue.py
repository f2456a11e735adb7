"""Views of the queue: every operation there ever was, by state, a page at a time.

Open operations are walked in the order in which they came to their state, finished ones backwards;
both by index, so that a page costs what it shows. Must not decide anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from ledger.model.encoding import decode
from ledger.model.ids import Digest, OperationId, RecordId
from ledger.model.plans import Operation
from ledger.store.asking import json_list
from ledger.store.conditions import Expression, Filter, condition
from ledger.store.rows import OperationRow
from ledger.store.views_timeline import TimelineViews

UNKNOWN = "outcome unknown: "
"""Beginning of the reason of an operation whose reply was lost."""
OPEN = ("waiting", "planned", "approved", "sending", "unknown")
FINISHED = ("confirmed", "rejected", "withdrawn")

_INDEXED_OPEN = ("planned", "waiting", "approved", "intended")
_LAST = "\x7f"
"""Behind every character of a digest."""
_STATE = f"""CASE WHEN o.state <> 'intended' THEN o.state
WHEN o.reason GLOB '{UNKNOWN}*' THEN 'unknown' ELSE 'sending' END"""
_AMOUNT = "(SELECT d.amount FROM drift AS d WHERE d.record = o.record)"
COLUMNS: Mapping[str, Expression] = {
    "": Expression(sql="o.label"),
    "kind": Expression(sql="o.record", is_begun=True),
    "to": Expression(sql="o.system"),
    "state": Expression(sql=_STATE),
    "action": Expression(sql="o.action"),
    "reason": Expression(sql="o.reason"),
    "text": Expression(sql="lower(o.text)"),
    "digest": Expression(sql="o.digest"),
    "amount": Expression(
        sql=_AMOUNT,
        given=f"{_AMOUNT} IS NOT NULL",
    ),
}
"""What the queue may be narrowed by."""


class QueuedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One operation, how far it has come, and what came of trying."""

    id: OperationId
    record: RecordId
    digest: Digest
    system: str
    action: str
    state: str
    """``waiting`` | ``planned`` | ``approved`` | ``sending`` | ``unknown`` | ``confirmed`` |
    ``rejected`` | ``withdrawn``"""
    reason: str
    text: str
    seq: int
    at: str
    row: OperationRow | None
    """None when retention has erased what it was."""
    attempts: int
    request: str
    by: str
    """Who approved it, as the kernel named them; ``""`` when nobody had to."""
    refusal: tuple[str, str]
    """Code and message of a refusal that still stands."""
    skipped: bool
    until: str = ""
    """Instant at which that ends by itself; ``""``: not by itself."""


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Of one system: how writes go."""

    confirmed: int = 0
    """Since the instant that was asked for."""
    in_flight: int = 0
    """Requests whose reply is still expected."""
    left: int = 0
    """Operations that may go at the next round."""


class QueueViews(TimelineViews):
    """Questions about operations of all states."""

    def queue_counts(self) -> dict[str, int]:
        """How many operations are in each state; states without any are absent."""
        counts = {
            state: int(self._value("state_count", {"state": state}))
            for state in ("waiting", "planned", "approved", "intended", *FINISHED)
        }
        counts["unknown"] = int(self._value("unknown_count"))
        counts["sending"] = counts.pop("intended") - counts["unknown"]
        return {state: counts[state] for state in (*OPEN, *FINISHED) if counts[state]}

    def queue_size(self, states: Iterable[str], terms: Filter) -> int:
        """How many operations in these states the terms leave."""
        sql, values = _matching(set(states), terms)
        if not sql:
            return 0
        (count,) = self._db.execute(f"SELECT count(*) FROM ({sql})", values).fetchone()
        return int(count)

    def queue(
        self, states: Iterable[str], terms: Filter, *, limit: int, offset: int
    ) -> list[QueuedRow]:
        """A page: open operations first, the oldest first; then finished ones, the newest first."""
        wanted = set(states)
        unfinished = wanted & set(OPEN)
        found = self._page(unfinished, terms, "ASC", (limit, offset))
        if len(found) < limit and wanted & set(FINISHED):
            before = self.queue_size(unfinished, terms) if unfinished else 0
            rest = (limit - len(found), max(0, offset - before))
            found += self._page(wanted & set(FINISHED), terms, "DESC", rest)
        return self._queued(found)

    def _page(
        self, states: set[str], terms: Filter, order: str, page: tuple[int, int]
    ) -> list[OperationId]:
        sql, values = _matching(states, terms)
        if not sql:
            return []
        # Arms that are each in the order of their index are merged, not sorted.
        sql = f"{sql} ORDER BY 2 {order}, 1 {order} LIMIT ? OFFSET ?"
        return [OperationId(row[0]) for row in self._db.execute(sql, [*values, *page])]

    def _queued(self, operations: Sequence[OperationId]) -> list[QueuedRow]:
        rows = {
            row[0]: row for row in self._rows("queue_rows", {"operations": json_list(operations)})
        }
        return [_queued(rows[operation]) for operation in operations]

    def traffic(self, since: datetime) -> dict[str, Traffic]:
        """How writes go to each system; systems with nothing to say are absent."""
        first = self.first_entry_since(since)
        confirmed = dict(self._rows("confirmed_since", {"seq": first}))
        flying = dict(self._rows("in_flight"))
        left = dict(self._rows("left_by_system"))
        return {
            system: Traffic(
                confirmed=confirmed.get(system, 0),
                in_flight=flying.get(system, 0),
                left=left.get(system, 0),
            )
            for system in sorted({*confirmed, *flying, *left})
        }


def _matching(states: set[str], terms: Filter) -> tuple[str, list[str | int]]:
    """Ids and sequences of the operations in some states; one arm of a union per stored state."""
    digest, terms = _digest(terms)
    narrowed, given = condition(terms, COLUMNS)
    arms: list[str] = []
    values: list[str | int] = []
    for stored, also in _stored(states):
        index = "operation_by_state"
        if digest:
            index, also = "operation_by_digest", f"{also} AND o.digest >= ? AND o.digest < ?"
            values += [digest, f"{digest}{_LAST}"]
        elif stored in _INDEXED_OPEN:
            # Said once more, for that is how SQLite knows that the index holds all of them.
            index, also = "operation_open", f"{also} AND o.state IN {_INDEXED_OPEN}"
        arms.append(
            f"SELECT o.operation, o.seq FROM operation AS o INDEXED BY {index}"
            f" WHERE o.state = '{stored}' AND {also} AND {narrowed}"
        )
        values += given
    return " UNION ALL ".join(arms), values


def _digest(terms: Filter) -> tuple[str, Filter]:
    """The beginning of the one digest that is asked for, and the other terms."""
    said = [t for t in terms if t.column == "digest" and not t.negated and len(t.values) == 1]
    if len(said) != 1:
        return "", terms
    return str(said[0].values[0]), tuple(term for term in terms if term is not said[0])


def _stored(states: set[str]) -> list[tuple[str, str]]:
    """The states as the table has them, each with the condition that tells them apart."""
    found = [(s, "true") for s in (*OPEN, *FINISHED) if s in states - {"sending", "unknown"}]
    match "sending" in states, "unknown" in states:
        case True, True:
            found.append(("intended", "true"))
        case True, False:
            found.append(("intended", f"o.reason NOT GLOB '{UNKNOWN}*'"))
        case False, True:
            found.append(("intended", f"o.reason GLOB '{UNKNOWN}*'"))
        case _:
            pass
    return found


def _queued(row: tuple[object, ...]) -> QueuedRow:
    (id_, record, digest, system, action, state, reason, text, seq, at, breaker, body) = row[:12]
    attempts, request, by, code, message, until = row[12:]
    told = str(reason)
    word = str(state)
    if word == "intended":
        word = "unknown" if told.startswith(UNKNOWN) else "sending"
    operation: Operation | None = None
    if isinstance(body, bytes):
        operation = decode(body, Operation)
    return QueuedRow(
        id=OperationId(str(id_)),
        record=RecordId(str(record)),
        digest=Digest(str(digest)),
        system=str(system),
        action=str(action),
        state=word,
        reason=told,
        text=str(text),
        seq=_number(seq),
        at=str(at),
        row=None
        if operation is None
        else OperationRow(
            operation=operation,
            state=word,
            reason=told,
            text=str(text),
            seq=_number(seq),
            at=str(at),
            breaker=str(breaker),
        ),
        attempts=_number(attempts),
        request=str(request or ""),
        by=str(by or ""),
        refusal=(str(code or ""), str(message or "")),
        skipped=until is not None,
        until=str(until or ""),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
