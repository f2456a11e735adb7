"""What the queue says of an operation, of all of them, and of how fast they go. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from daemon.control.protocol import STOPPED
from daemon.control.protocol_drift import PaceShown, QueueAnswer, QueueRow, QueueState
from daemon.control.protocol_live import PulseEvent
from daemon.control.slugs import noun, wait_words
from daemon.control.text import cell, plural
from tui.screens.approval import REMOVING, Chosen
from tui.screens.asides import end_text
from tui.screens.drifting import SHORT_KINDS, decimal, delta_text
from tui.state import Connection, State
from tui.times import age, instant
from tui.widgets.columns import Cell, Column

S = QueueState
VIEWS: Mapping[str, tuple[QueueState, ...]] = {
    "open": (S.WAITING, S.PLANNED, S.APPROVED, S.SENDING, S.UNKNOWN),
    "waiting": (S.WAITING,),
    "sending": (S.PLANNED, S.APPROVED, S.SENDING, S.UNKNOWN),
    "failed": (S.UNKNOWN, S.REJECTED),
    "done": (S.CONFIRMED, S.WITHDRAWN),
}
"""Names of the views, in the order of the key, and the states that each shows."""
GLYPHS = {
    S.WAITING: "?",
    S.PLANNED: ".",
    S.APPROVED: "+",
    S.SENDING: "~",
    S.UNKNOWN: "!",
    S.CONFIRMED: "=",
    S.REJECTED: "x",
    S.WITHDRAWN: "-",
}
STYLES = {
    S.WAITING: "yellow",
    S.SENDING: "bold",
    S.UNKNOWN: "bold magenta",
    S.REJECTED: "bold red",
    S.CONFIRMED: "green",
    S.WITHDRAWN: "dim",
}
UNSENT = frozenset({"waiting", "planned", "approved"})
FINISHED = frozenset({"confirmed", "rejected", "withdrawn"})
LOST = "reply lost: looked up before anything is sent again"
STOPS = {
    "window": "the hours",
    "frozen": "end of freeze",
    "paused": "end of pause",
    "skipped": "set aside",
    "asked_about": "an answer",
}
"""What an operation needs that no approval lets go."""
NEEDS = {
    "planned": "next cycle",
    "approved": "next cycle",
    "sending": "the reply",
    "unknown": "lookup",
    "rejected": "decision",
}
CSV = (
    *("state", "since", "action", "kind", "system", "label", "title", "amount", "currency"),
    *("needs", "reason", "text", "by", "attempts", "result", "request"),
    *("record", "operation", "digest"),
)
MINUTE_S = 60


def columns(now: Callable[[], datetime], currency: str) -> tuple[Column[QueueRow], ...]:
    """At 80 columns what stays is what it is, how it stands and what it waits for. ``currency``:
    the one that all amounts are in; empty: each names its own."""
    return (
        Column("STATE", lambda row: state_cell(row, now()), width=15),
        Column("ACTION", action_text, width=16),
        Column("TO", lambda row: row.system, width=5, drop=6),
        Column("REF", lambda row: row.title or row.label, width=12, flex=4),
        Column(
            f"AMOUNT {currency}".rstrip(),
            lambda row: delta_text(row.amount, currency),
            width=12,
            align="right",
        ),
        Column("NEEDS", needs_text, width=13),
        Column("BY", by_text, width=9, drop=7),
        Column("TRY", lambda row: f"{row.attempts:,}" if row.attempts else "-", width=3, drop=8),
        Column("LAST RESULT", result_text, width=15, flex=2, drop=9),
    )


def state_cell(row: QueueRow, now: datetime) -> Cell:
    """``? waiting 4h``"""
    state = QueueState(row.state) if row.state in set(QueueState) else None
    glyph = GLYPHS[state] if state is not None else " "
    since = instant(row.since)
    told = f" {age((now - since).total_seconds())}" if since is not None else ""
    return Cell(f"{glyph} {row.state}{told}", STYLES.get(state, "") if state is not None else "")


def action_text(row: QueueRow) -> str:
    return f"{row.action} {SHORT_KINDS.get(row.kind, noun(row.kind))}"


def by_text(row: QueueRow) -> str:
    """The name alone: the list says who, the operation says as which user."""
    return row.by.partition(" (uid")[0] or "-"


def needs_text(row: QueueRow) -> str:
    """What has to happen next for it to go on."""
    if row.skipped:
        return f"set aside{end_text(row.until)}"
    if row.state == "waiting":
        return STOPS.get(row.reason, "1 approval")
    return NEEDS.get(row.state, "-")


def result_text(row: QueueRow) -> str:
    if row.state == "unknown":
        return "reply lost"
    if row.result:
        return row.result
    if row.state == "waiting":
        return wait_words(row.reason)
    return row.text or "-"


def about_text(row: QueueRow | None) -> str:
    """The row under the cursor in a sentence: there is no room for it in its columns."""
    if row is None:
        return ""
    if row.state == "unknown":
        return f"{row.label}: {LOST}"
    told = {"rejected": row.result, "confirmed": row.result}.get(row.state) or row.text
    reason = f" ({wait_words(row.reason)})" if row.state == "waiting" and row.reason else ""
    return f"{row.label}: {row.state}{reason}{f': {told}' if told else ''}"


def looked_at(answer: QueueAnswer | None, chosen: str) -> str:
    """The views with how many each shows, the one in force in brackets."""
    counts = answer.by_state if answer is not None else {}
    told = []
    for name, states in VIEWS.items():
        words = f"all open {_sum(counts, states):,}" if name == "open" else ""
        words = words or f"{name} {_sum(counts, states):,}"
        told.append(f"[{words}]" if name == chosen else words)
    return f"view v: {'  '.join(told)}"


def _sum(counts: Mapping[str, int], states: Sequence[QueueState]) -> int:
    return sum(counts.get(state.value, 0) for state in states)


def pace_text(answer: QueueAnswer | None, pulse: PulseEvent | None, *, wide: bool) -> str:
    """How fast writes go, and what the daemon is at: ``qbo 2 in flight, 38 of 450 a minute``."""
    if answer is None:
        return "reading ..."
    busy = [one for one in answer.pace if one.in_flight or one.per_minute or one.left]
    told = [_pace(one, wide=wide) for one in (answer.pace if wide else busy)]
    if not told:
        told = ["nothing is on its way"]
    if pulse is not None and pulse.work.step != "idle":
        work = pulse.work
        told.insert(0, f"{work.step} {work.done:,} of {work.of:,}" if work.of else work.step)
    return "   ".join(told)


def _pace(one: PaceShown, *, wide: bool) -> str:
    limit = f" of {one.limit_per_minute:,}" if one.limit_per_minute else ""
    eta = eta_text(one)
    if not wide:
        rate = f"{one.per_minute:,}{limit}/min"
        return f"{one.system} {one.in_flight:,} out, {rate}, {one.left:,} left{eta}"
    if not (one.in_flight or one.per_minute or one.left):
        return f"{one.system}: idle, 0{limit} a minute"
    rate = f"{one.per_minute:,}{limit} a minute"
    return f"{one.system}: {one.in_flight:,} in flight, {rate}, {one.left:,} left{eta}"


def eta_text(one: PaceShown) -> str:
    """When the last of what may go has gone, at the pace of the last minute."""
    if not one.left:
        return ""
    if one.eta_s is None:
        return ", eta not known"
    return f", eta {age(max(MINUTE_S, one.eta_s))}"


def why_empty(state: State, answer: QueueAnswer | None, filter_text: str, view: str) -> str:
    """Nothing waits, nothing fits and nothing is known are three things."""
    if answer is not None and filter_text and answer.everything:
        hidden = plural(answer.everything, "operation")
        return f"The filter {filter_text} hides {hidden}: esc clears it."
    if state.connection is not Connection.LIVE or state.status is None:
        return "Not connected: what is queued is not known."
    if state.status.last_cycle is None:
        return "Nothing is planned yet: the first look at both systems is not finished."
    other = "." if view == "open" else ": v shows the others."
    return {
        "open": "Nothing to do and nothing on its way",
        "waiting": "Nothing waits for a person, the calendar or a pause",
        "sending": "Nothing is about to be sent",
        "failed": "Nothing was refused, and no reply was lost",
        "done": "Nothing has been sent yet",
    }[view] + other


# -- what a person may do with a row ---------------------------------------------------------


def to_approve(row: QueueRow) -> bool:
    return row.state == "waiting" and not row.skipped and row.reason != "skipped"


def to_skip(row: QueueRow) -> bool:
    return row.state in UNSENT and not row.skipped


def to_retry(row: QueueRow) -> bool:
    return row.state == "rejected" or row.skipped


def to_withdraw(row: QueueRow) -> bool:
    """Approved by a person and not sent: also when a pause holds it back."""
    return row.state in UNSENT and bool(row.by)


def no_retry(rows: Sequence[QueueRow]) -> str:
    """Why none of these may be tried again by hand; empty: some may."""
    if any(map(to_retry, rows)):
        return ""
    if any(row.state == "unknown" for row in rows):
        return f"{LOST} (c looks now)"
    return "nothing chosen was refused or set aside"


def no_withdrawal(rows: Sequence[QueueRow]) -> str:
    if any(map(to_withdraw, rows)):
        return ""
    if any(row.state in {"sending", "unknown"} for row in rows):
        return "it is on its way: nothing calls it back, a correction is a change of its own"
    if any(row.state == "confirmed" for row in rows):
        return "it is written: correct the record in its source, the change follows by itself"
    return "nothing chosen was approved by a person"


def of_rows(rows: Sequence[QueueRow], sums: str) -> Chosen:
    """What a yes to these would cover."""
    waiting = [row for row in rows if to_approve(row)]
    acts: dict[str, int] = {}
    targets: dict[str, int] = {}
    for row in waiting:
        act = f"{noun(row.action)} {noun(row.kind)} in {row.system}"
        acts[act] = acts.get(act, 0) + 1
        targets[row.system] = targets.get(row.system, 0) + 1
    records = {row.record: row for row in waiting}
    return Chosen(
        records=len(records),
        left_out=len({row.record for row in rows} - set(records)),
        digests=tuple(dict.fromkeys(row.digest for row in waiting)),
        acts=acts,
        targets=targets,
        removals=sum(row.action in REMOVING for row in waiting),
        sums=sums,
        reasons=frozenset(row.reason for row in waiting),
        about=waiting[0].title if len(records) == 1 else "",
    )


def stopped(row: QueueRow) -> bool:
    return row.state == "waiting" and row.reason in STOPPED


def csv_row(row: QueueRow) -> list[str]:
    """One operation for a spreadsheet: foreign text guarded, amounts as they are."""
    amount = row.amount
    return [
        row.state,
        row.since,
        row.action,
        row.kind,
        row.system,
        *map(cell, (row.label, row.title)),
        format(money(row) or Decimal(), "f") if amount is not None else "",
        cell(amount.currency) if amount is not None else "",
        needs_text(row),
        row.reason,
        *map(cell, (row.text, row.by)),
        str(row.attempts),
        *map(cell, (row.result, row.request)),
        row.record,
        row.operation,
        row.digest,
    ]


def money(row: QueueRow) -> Decimal | None:
    return decimal(row.amount) if row.amount is not None else None
