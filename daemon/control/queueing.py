"""The queue of operations: a page of it in the words of the protocol, and how fast writes go.

Reads one transaction of the ledger; works with and without a daemon, which alone knows the pace.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from daemon.connectors.base import Connector, Limit, Watched
from daemon.control.filters import amount, choice, parse, text, word
from daemon.control.pointing import Pointing
from daemon.control.protocol_drift import (
    AmountShown,
    PaceShown,
    QueueAnswer,
    QueueQuery,
    QueueRow,
    QueueState,
)
from daemon.control.showing import document_money, titles
from ledger.model.facts import RecordView
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.plans import Action
from ledger.store.views import QueuedRow, Views
from ledger.store.views_queue import FINISHED, UNKNOWN

COLUMNS = (
    choice("kind", Kind),
    word("to"),
    choice("state", QueueState),
    choice("action", Action),
    word("reason"),
    text("text"),
    text("digest"),
    amount("amount"),
)
PACE_S = 60


def the_queue(
    views: Views,
    query: QueueQuery,
    *,
    as_of: datetime,
    home_currency: str,
    connectors: Mapping[SystemName, Connector],
) -> QueueAnswer:
    """One page. ``Declined`` for a filter that says nothing; no ``connectors``: no limits known."""
    terms = parse(query.filter, COLUMNS)
    states = [state.value for state in query.states]
    rows = views.queue(states, terms, limit=query.limit, offset=query.offset)
    records = {v.record: v for v in views.views({row.record for row in rows}, agreed=False)}
    called = titles(views, records.values(), Pointing(views))
    by_state = views.queue_counts()
    everything = sum(by_state.get(state, 0) for state in states)
    return QueueAnswer(
        as_of=as_of,
        head=views.head()[0],
        rows=tuple(_shown(row, records, called, home_currency) for row in rows),
        offset=query.offset,
        total=views.queue_size(states, terms) if terms else everything,
        everything=everything,
        by_state=by_state,
        pace=_pace(views, as_of, connectors),
    )


def _shown(
    row: QueuedRow,
    records: Mapping[RecordId, RecordView],
    called: Mapping[RecordId, str],
    home_currency: str,
) -> QueueRow:
    operation = row.row.operation if row.row is not None else None
    view = records.get(row.record)
    label = operation.label if operation is not None else view.label if view else row.record
    reason, result = _words(row)
    return QueueRow(
        operation=row.id,
        digest=row.digest,
        record=row.record,
        kind=row.record.partition("-")[0],
        label=label,
        title=called.get(row.record, label),
        system=row.system,
        action=row.action,
        state=row.state,
        reason=reason,
        text=row.text,
        skipped=row.skipped,
        until=row.until,
        amount=_amount(row, records, home_currency),
        since=row.at,
        attempts=row.attempts,
        request=row.request,
        result=result,
        by=row.by,
        seq=row.seq,
    )


def _words(row: QueuedRow) -> tuple[str, str]:
    """Why it waits, and what came of the last attempt."""
    code, message = row.refusal
    refused = f"{code}: {message}" if code and message else message or code
    match row.state:
        case "waiting":
            return row.reason, refused
        case "unknown":
            return "", f"unknown: {row.reason.removeprefix(UNKNOWN)}"
        case "confirmed":
            return "", f"confirmed ({row.reason})" if row.reason else "confirmed"
        case "rejected":
            return "", refused or row.reason
        case "withdrawn":
            return row.reason, refused
        case "planned":
            return "", refused or row.reason
        case _:
            return "", refused


def _amount(
    row: QueuedRow, records: Mapping[RecordId, RecordView], home_currency: str
) -> AmountShown | None:
    """By how much a document's total there rises; of what is over, nothing is left to rise."""
    if row.row is None or row.state in FINISHED:
        return None
    money = document_money(row.row, records, home_currency=home_currency)
    if money.before is None and money.after is None:
        return None
    rise = (money.after or Decimal()) - (money.before or Decimal())
    return AmountShown(currency=money.currency, amount=format(rise, "f"))


def _pace(
    views: Views, now: datetime, connectors: Mapping[SystemName, Connector]
) -> tuple[PaceShown, ...]:
    traffic = views.traffic(now - timedelta(seconds=PACE_S))
    shown = []
    for system in sorted({*traffic, *connectors}):
        one = traffic.get(system)
        confirmed, left = (one.confirmed, one.left) if one is not None else (0, 0)
        limits = _limits(connectors.get(SystemName(system)))
        eta = -(-left * PACE_S // confirmed) if confirmed else None
        flying = one.in_flight if one is not None else 0
        shown.append(
            PaceShown(
                system=system,
                in_flight=flying,
                per_minute=confirmed,
                limit_per_minute=_limit(limits, "per minute"),
                left=left,
                eta_s=0 if not left else eta,
            )
        )
    return tuple(shown)


def _limits(connector: Connector | None) -> Sequence[Limit]:
    return connector.limits if isinstance(connector, Watched) else ()


def _limit(limits: Sequence[Limit], name: str) -> int:
    return next((one.limit for one in limits if one.name == name), 0)
