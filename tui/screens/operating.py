"""One operation as a text: what will be sent, why it waits, and what came of it so far. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from daemon.control.protocol import ChangeShown, HistoryRowShown, OperationShown
from daemon.control.protocol_drift import QueueRow, RequestAnswer
from daemon.control.slugs import noun, wait_words
from tui.screens.queueing import FINISHED, LOST, needs_text
from tui.widgets.diff import chunks, shown_text

NO_UNDO = {
    "confirmed": "It is written: trueup cannot take it back. Correct the record in its source.",
    "sending": "It is on its way: nothing calls it back.",
}


def operation_lines(
    row: QueueRow,
    operation: OperationShown | None,
    request: RequestAnswer | None,
    history: Sequence[HistoryRowShown],
    when: Callable[[str], str],
) -> list[str]:
    """Everything known of it, the most wanted first."""
    return [
        *_standing(row, when),
        "",
        *_changes(row, operation),
        "",
        *_request(request),
        "History",
        *(f"  {when(one.at)}  {one.text}  ({one.actor})" for one in about(row, history)),
    ]


def _standing(row: QueueRow, when: Callable[[str], str]) -> Iterator[str]:
    reason = f" ({wait_words(row.reason)})" if row.state == "waiting" and row.reason else ""
    facts = (
        ("State", f"{row.state}{reason} since {when(row.since)}"),
        ("Needs", needs_text(row) if row.state not in FINISHED or row.state == "rejected" else ""),
        ("Why", row.text),
        ("Unknown", LOST if row.state == "unknown" else ""),
        ("Approved", f"by {row.by}" if row.by else ""),
        ("Tries", f"{row.attempts:,}" if row.attempts else ""),
        ("Result", row.result),
        ("Request", row.request),
        ("Undo", NO_UNDO.get(row.state, "")),
        ("Digest", row.digest),
        ("Record", row.record),
    )
    return (f"{name:<9} {text}" for name, text in facts if text)


def _changes(row: QueueRow, operation: OperationShown | None) -> Iterator[str]:
    if operation is None:
        yield "What was sent stands in the history below."
        return
    where = f" ({operation.ref})" if operation.ref else ""
    yield f"{operation.action} {noun(operation.kind)} in {operation.system}{where}"
    for change in operation.changes:
        yield from _change(change, is_new=operation.action == "create")
    if operation.total_after is not None:
        before = "" if operation.total_before is None else f"{operation.total_before} -> "
        yield f"  total  {before}{operation.total_after} {operation.currency}"
    if operation.why:
        yield f"  {operation.why}"
    if row.state == "waiting" and operation.needs:
        yield f"  after: {', '.join(operation.needs)}"


def _change(change: ChangeShown, *, is_new: bool) -> Iterator[str]:
    after = shown_text(change.after)
    told = after if is_new else f"{shown_text(change.before)} -> {after}"
    trace = f"   from {change.trace}" if change.trace else ""
    yield f"  {noun(change.field)}  {told}{trace}"


def _request(request: RequestAnswer | None) -> Iterator[str]:
    if request is None:
        return
    yield "What will be sent"
    if request.text:
        yield f"  {request.text}"
    if request.method:
        shared = "   (may leave in a batch with others)" if request.batched else ""
        yield f"  {request.method} {request.path}{shared}"
    if request.body:
        for line in pretty(request.body):
            yield from chunks(line)
    yield ""


def pretty(body: str) -> list[str]:
    """JSON on several lines; numbers keep the digits that they are sent with."""
    try:
        value = json.loads(body, parse_float=_Exactly, parse_int=_Exactly)
    except ValueError:
        return [body]
    return list(_laid_out(value, ""))


class _Exactly(str):
    """A number as it is written."""

    __slots__ = ()


def _laid_out(value: object, indent: str, before: str = "", after: str = "") -> Iterator[str]:
    inner = f"{indent}  "
    if isinstance(value, dict) and value:
        yield f"{indent}{before}{{"
        parts = [(f"{json.dumps(key, ensure_ascii=False)}: ", part) for key, part in value.items()]
        yield from _parts(parts, inner)
        yield f"{indent}}}{after}"
    elif isinstance(value, list) and value:
        yield f"{indent}{before}["
        yield from _parts([("", part) for part in value], inner)
        yield f"{indent}]{after}"
    elif isinstance(value, _Exactly):
        yield f"{indent}{before}{value}{after}"
    else:
        yield f"{indent}{before}{json.dumps(value, ensure_ascii=False)}{after}"


def _parts(parts: Sequence[tuple[str, object]], indent: str) -> Iterator[str]:
    for place, (before, part) in enumerate(parts, start=1):
        yield from _laid_out(part, indent, before, "," if place < len(parts) else "")


def about(row: QueueRow, history: Iterable[HistoryRowShown]) -> list[HistoryRowShown]:
    """Of the record's life, newest first, what is about this operation."""
    return [one for one in history if _names(one, row)]


def _names(one: HistoryRowShown, row: QueueRow) -> bool:
    details = one.details
    if details.get("operation") == row.operation or details.get("digest") == row.digest:
        return True
    if row.request and details.get("request") == row.request:
        return True
    digests, items = details.get("digests"), details.get("items")
    if isinstance(digests, list) and row.digest in digests:
        return True
    return isinstance(items, list) and any(
        isinstance(item, dict) and item.get("operation") == row.operation for item in items
    )
