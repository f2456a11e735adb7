"""The list of conflicts: what asks for a decision about one record, most pressing reason first.

The daemon filters, orders and pages; a conflict is a row of the drift list of that class.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from daemon.control.protocol_drift import MAX_FILTER, DriftAnswer, DriftQuery, DriftRow
from daemon.control.slugs import hold_words, noun
from daemon.control.text import plural
from tui.export import csv_text
from tui.screens.conflict_acts import ConflictActs
from tui.screens.drifting import (
    SHORT_KINDS,
    csv_row,
    csv_titles,
    decimal,
    delta_text,
    fields_text,
    party_text,
    why_empty,
)
from tui.times import age
from tui.widgets.columns import Cell, Column

MOST_EXPORTED = 200_000


class ConflictList(ConflictActs):
    """The rows; which of them is shown, and how, is the screen's."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: DriftAnswer | None = None

    def columns(self) -> Sequence[Column[DriftRow]]:
        return (
            Column("ASKED", _asked_cell, width=20),
            Column("KIND", lambda row: SHORT_KINDS.get(row.kind, noun(row.kind)), width=8, drop=5),
            Column("REF", lambda row: row.label, width=13, flex=2),
            Column("PARTY, NAME", party_text, width=11, flex=1, drop=6),
            Column("FIELDS", fields_text, width=16, flex=2),
            Column("DELTA", lambda row: delta_text(row.amount), width=12, align="right", drop=7),
            Column("AGE", lambda row: age(row.age_s), width=4, align="right"),
        )

    def looked(self) -> int:
        return self.answer.head if self.answer is not None else 0

    def key_of(self, row: DriftRow) -> str:
        return row.record

    def money_of(self, row: DriftRow) -> tuple[str, Decimal] | None:
        return (row.amount.currency, decimal(row.amount)) if row.amount is not None else None

    async def page(self, offset: int, limit: int) -> tuple[Sequence[DriftRow], int]:
        terms = f"class:conflict {self.filter_text}".strip()
        query = DriftQuery(filter=terms[:MAX_FILTER], limit=limit, offset=offset)
        answer = await self.front.link.ask(lambda daemon: daemon.drift(query))
        self.answer, self.everything = answer, answer.by_class.get("conflict", 0)
        return answer.rows, answer.total

    def why_empty(self) -> str:
        if self.answer is not None and not self.everything and self.answer.everything:
            rest = plural(self.answer.everything, "record")
            return f"Nothing asks for a decision. {rest} differ for other reasons: 2 shows them."
        return why_empty(self.state, self.answer, self.filter_text, self.front.there())

    def extra(self) -> str:
        return "" if self.answer is None or self.answer.complete else "more may follow"

    async def export(self) -> None:
        rows = await self.collect(MOST_EXPORTED)
        systems = list(rows[0].sides) if rows else []
        text = await asyncio.to_thread(
            csv_text, csv_titles(systems), [csv_row(row, systems) for row in rows]
        )
        stamp = f"{self.front.clock.now():%Y%m%dT%H%M%SZ}"
        await self.front.save(f"trueup-conflicts-{stamp}.csv", text)


def _asked_cell(row: DriftRow) -> Cell:
    return Cell(f"! {hold_words(row.reason)}", "bold red")
