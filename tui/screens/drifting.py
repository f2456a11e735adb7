"""What the drift list says of a row, of all rows, and of none. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec

from daemon.control.protocol_drift import AmountShown, DriftAnswer, DriftRow, DriftSort
from daemon.control.slugs import field_words, hold_words, noun, side_words, wait_words
from daemon.control.text import cell, plural
from tui.screens.asides import end_text
from tui.state import Connection, State, fine
from tui.times import age, since
from tui.widgets.columns import Cell, Column
from tui.widgets.diff import BOOKS

GLYPHS = {
    "conflict": "!",
    "held": "?",
    "gone": "x",
    "missing": "+",
    "changed": "~",
    "skipped": "=",
}
STYLES = {"conflict": "bold red", "held": "yellow", "gone": "red", "missing": "green"}
SORTS = {
    DriftSort.OLDEST: "oldest first",
    DriftSort.NEWEST: "newest first",
    DriftSort.CLASS: "by class",
    DriftSort.KIND: "by kind",
    DriftSort.LABEL: "by label",
    DriftSort.AMOUNT: "largest difference first",
}
SHORT_KINDS = {
    "purchase_order": "po",
    "vendor_credit": "v credit",
    "bill_payment": "bill pay",
    "sales_order": "so",
    "credit_memo": "c memo",
    "journal_entry": "journal",
    "payment_method": "pay meth",
    "inventory_adjustment": "stock",
    "time_activity": "time",
}
"""Kinds whose name is longer than the column; the filter takes the whole name."""
TITLES = {BOOKS: "QUICKBOOKS"}
CSV = (
    *("class", "kind", "label", "title", "party"),
    *("difference", "currency", "fields", "age_s", "since", "state", "reason", "text", "targets"),
    *("record", "digests"),
)


class Looks(msgspec.Struct, frozen=True):
    """How the list is laid out."""

    systems: tuple[str, ...] = ()
    currency: str = ""
    """The one that all amounts are in, and that needs no saying; empty: there are several."""


def looks(answer: DriftAnswer) -> Looks:
    first = answer.rows[0].sides if answer.rows else {}
    currencies = {row.amount.currency for row in answer.rows if row.amount is not None}
    currencies |= {amount.currency for amount in answer.amounts}
    only = next(iter(currencies)) if len(currencies) == 1 else ""
    return Looks(tuple(sorted(first, key=lambda name: (name == BOOKS, name))), only)


def columns(looked: Looks) -> tuple[Column[DriftRow], ...]:
    """At 80 columns the systems and the fields go, so that party and difference stay."""
    sides = [
        Column(TITLES.get(name, name.upper()), _side(name), width=10, drop=9 - min(place, 1))
        for place, name in enumerate(looked.systems)
    ]
    return (
        Column("CLASS", class_cell, width=10),
        Column("KIND", lambda row: SHORT_KINDS.get(row.kind, noun(row.kind)), width=8, drop=5),
        Column("REF", lambda row: row.label, width=16, flex=1),
        Column("PARTY, NAME", party_text, width=11, flex=2, drop=6),
        *sides,
        Column(
            "DELTA", lambda row: delta_text(row.amount, looked.currency), width=11, align="right"
        ),
        Column("FIELDS", fields_text, width=12, flex=1, drop=7),
        Column("AGE", lambda row: age(row.age_s), width=4, align="right"),
        Column("PLAN", plan_text, width=8),
    )


def _side(name: str) -> Callable[[DriftRow], str]:
    return lambda row: side_words(row.kind, row.fields, row.sides.get(name, "(none)"))


def class_cell(row: DriftRow) -> Cell:
    return Cell(f"{GLYPHS.get(row.class_, ' ')} {row.class_}", STYLES.get(row.class_, ""))


def party_text(row: DriftRow) -> str:
    """Whom a document is about; of a code or SKU, what it stands for."""
    if row.party or not row.title.startswith(row.label):
        return row.party
    return row.title[len(row.label) :].strip(" ,")


def delta_text(amount: AmountShown | None, silent: str = "") -> str:
    """``+15.00``; the currency is named unless it is ``silent``."""
    if amount is None:
        return "-"
    number = decimal(amount)
    told = f"{number:+,}" if number else f"{number:,}"
    return told if amount.currency == silent else f"{told} {amount.currency}"


def decimal(amount: AmountShown) -> Decimal:
    try:
        return Decimal(amount.amount)
    except InvalidOperation:
        return Decimal()


def fields_text(row: DriftRow) -> str:
    return ", ".join(map(field_words, row.fields)) or "whole record"


def plan_text(row: DriftRow) -> str:
    """Where it goes, or who is waited for."""
    if row.state == "skipped":
        return "none"
    if row.class_ == "conflict":
        return "human"
    if row.state in {"held", ""}:
        return "waits"
    if row.state in {"approved", "sending"}:
        return row.state
    return f"-> {', '.join(row.targets)}" if row.targets else "none"


def state_text(row: DriftRow) -> str:
    """Why it stands as it does, in a sentence."""
    if row.state == "held":
        return f"held, {hold_words(row.reason)}: {row.text}"
    reason = f" ({wait_words(row.reason)})" if row.reason else ""
    reason += end_text(row.until)
    return f"{row.state}{reason}{f': {row.text}' if row.text else ''}"


def head_text(
    answer: DriftAnswer | None, sort: DriftSort, at: str, *, wide: bool, away: str = ""
) -> str:
    """How much differs, in which order it is shown, and of when it is."""
    if answer is None:
        return f"reading ...   sort {SORTS[sort]}"
    aside = answer.by_class.get("skipped", 0)
    told = [f"{plural(answer.everything, 'record')}, {aside:,} set aside"]
    if away:
        told.append(away)
    if not answer.complete:
        told.append("more may follow" if wide else "not all read")
    told.append(f"sort {SORTS[sort]}" if wide else f"sort {sort.value}")
    if wide and answer.amounts:
        told.append(sums_text(answer.amounts))
    told.append(f"as of {at}")
    return "   ".join(told)


def sums_text(amounts: Sequence[AmountShown]) -> str:
    return "planned " + ", ".join(f"{decimal(one):,} {one.currency}" for one in amounts)


def away_text(state: State, now: datetime) -> str:
    """Systems that cannot be compared now, and since when."""
    told = []
    for system in state.status.systems if state.status is not None else ():
        if not fine(system.link):
            link = system.link.replace("_", " ")
            told.append(f"{system.system} {link} {since(system.since, now).removesuffix(' ago')}")
    return ", ".join(told)


def why_empty(state: State, answer: DriftAnswer | None, filter_text: str, now: datetime) -> str:
    """Nothing to do, not compared yet, out of reach, and hidden are four different things."""
    if answer is not None and answer.everything and filter_text:
        hidden = plural(answer.everything, "record")
        return f"The filter {filter_text} hides {hidden}: esc clears it."
    if state.connection is not Connection.LIVE or state.status is None:
        return "Not connected: what differs is not known."
    away = [system for system in state.status.systems if not fine(system.link)]
    if away:
        one = away[0]
        since_ = f" since {one.since[:19]}Z" if one.since else ""
        cure = f" {one.cure}" if one.cure else ""
        why = one.text or one.link.replace("_", " ")
        return f"Not compared: {one.system} is out of reach{since_}: {why}.{cure}"
    cycle = state.status.last_cycle
    if cycle is None or (answer is not None and not answer.complete):
        return "Not compared yet: the first look at both systems is not finished."
    return f"Nothing to do: the systems agree, compared {since(cycle.ended_at, now)}."


def csv_titles(systems: Sequence[str]) -> list[str]:
    return [*CSV, *(cell(name) for name in systems)]


def csv_row(row: DriftRow, systems: Sequence[str]) -> list[str]:
    """One row for a spreadsheet: foreign text guarded, amounts as they are."""
    return [
        row.class_,
        row.kind,
        *map(cell, (row.label, row.title, row.party)),
        format(decimal(row.amount), "f") if row.amount is not None else "",
        cell(row.amount.currency) if row.amount is not None else "",
        " ".join(row.fields),
        str(row.age_s),
        row.since,
        row.state,
        row.reason,
        cell(row.text),
        " ".join(row.targets),
        row.record,
        " ".join(row.digests),
        *(cell(row.sides.get(name, "")) for name in systems),
    ]
