"""How a page of the drift list is walked to: which indexes, and that each way tells the same."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest

from ledger.model.ids import RecordId
from ledger.store import views_drift
from ledger.store.asking import json_list
from ledger.store.conditions import Expression, Filter, Operator, Term, condition
from ledger.store.ledger import Ledger
from ledger.store.views import DriftPage, Views
from ledger.store.views_drift import DriftOrder
from tests.ledger.store.support import BEGIN
from tests.ledger.store.test_drift import bills

__all__ = ["bills"]
LATER = BEGIN + timedelta(minutes=30)
STATE = Term(column="state", operator=Operator.IS, values=("planned",))
REASON = Term(column="reason", operator=Operator.IS, values=("mass_change",), negated=True)
TO_QBO = Term(column="to", operator=Operator.IS, values=("qbo",))
LARGE = Term(column="amount", operator=Operator.OVER, values=(1_000,))
KIND = Term(column="kind", operator=Operator.IS, values=("bill",))
OLD = Term(column="age", operator=Operator.AT_LEAST, values=(0,))
TEXT = Term(column="", operator=Operator.HAS, values=("x",))
NARROW = ((STATE,), (REASON,), (TO_QBO,), (LARGE,), (OLD,), (KIND, STATE), (STATE, TO_QBO, LARGE))


def walked(views: Views, *, terms: Filter, order: DriftOrder) -> list[str]:
    """What the engine says of each statement that a page takes."""
    asked: list[str] = []
    db: sqlite3.Connection = views._db
    db.set_trace_callback(asked.append)
    try:
        views.drift_page(terms, order=order, limit=2, offset=0, now=LATER)
    finally:
        db.set_trace_callback(None)
    mine = [sql for sql in asked if "FROM drift " in sql]
    return [row[3] for sql in mine for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]


async def test_what_lists_are_narrowed_by_opens_no_row_and_sorts_nothing(
    ledger: Ledger, bills: list[RecordId]
) -> None:
    assert bills
    for order in (DriftOrder.OLDEST, DriftOrder.NEWEST, DriftOrder.CLASS):
        for terms in NARROW:
            steps = await ledger.read(partial(walked, terms=terms, order=order))
            assert len(steps) >= 2, "a count and a page"
            assert all("COVERING INDEX" in step for step in steps), (order, terms, steps)


async def test_text_reads_the_rows(ledger: Ledger, bills: list[RecordId]) -> None:
    assert bills
    steps = await ledger.read(partial(walked, terms=(TEXT,), order=DriftOrder.OLDEST))
    assert not any("COVERING INDEX" in step for step in steps), steps
    assert steps.count("SCAN drift") == 1, "few are counted, summed and sorted from one look"


@pytest.mark.parametrize("negated", [False, True])
def test_a_kind_is_how_a_record_begins_and_nothing_that_begins_like_it(negated: bool) -> None:
    records = ["bill", "bill-", "bill-a", "bill-\U0010ffff", "bill.a", "bill_payment-a", "item-a"]
    term = Term(column="kind", operator=Operator.IS, values=("bill", "item"), negated=negated)
    where, values = condition([term], {"kind": Expression(sql="value", is_begun=True)})
    with closing(sqlite3.connect(":memory:")) as db:
        asked = f"SELECT value FROM json_each(?) WHERE {where}"
        found = [value for (value,) in db.execute(asked, (json_list(records), *values))]
    of_kind = ["bill-", "bill-a", "bill-\U0010ffff", "item-a"]
    assert found == ([one for one in records if one not in of_kind] if negated else of_kind)


@pytest.mark.parametrize("terms", [*NARROW, (TEXT,), (KIND, TEXT)])
async def test_every_way_to_a_page_tells_the_same(
    ledger: Ledger, bills: list[RecordId], terms: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bills

    def pages(views: Views) -> list[DriftPage]:
        """All at once, then one row at a time."""
        found = []
        for order in DriftOrder:
            ask = partial(views.drift_page, terms, order=order, now=LATER)
            whole = ask(limit=1_000)
            parts = [row for at in range(whole.total) for row in ask(limit=1, offset=at).rows]
            assert parts == whole.rows
            found.append(whole)
        return found

    usual = await ledger.read(pages)
    monkeypatch.setattr(views_drift, "FEW", 0)  # sorted whole, as a long list is
    monkeypatch.setattr(views_drift, "LOOK_UP", 10**9)
    assert await ledger.read(pages) == usual
