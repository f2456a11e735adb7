"""The index by last change: always what a look at every record would find."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox import recency
from daemon.sandbox.recency import Recency

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Row:
    order: int
    modified: datetime


steps = st.lists(
    st.tuples(st.sampled_from(["add", "move", "remove", "ask"]), st.integers(0, 9)), max_size=60
)


@given(steps)
def test_it_finds_what_a_look_at_every_record_finds(found: list[tuple[str, int]]) -> None:
    index = Recency[Row](order=attrgetter("order"), instant=attrgetter("modified"))
    rows: list[Row] = []
    for number, (step, value) in enumerate(found):
        at = START + timedelta(hours=value)
        if step == "add":
            rows.append(Row(number, at))
            index.moved(rows[-1])
        elif step == "move" and rows:
            row = rows[value % len(rows)]
            row.modified = at
            index.moved(row)
        elif step == "remove" and rows:
            index.gone(rows.pop(value % len(rows)))
        else:
            expected = {row.order for row in rows if row.modified >= at}
            assert {row.order for row in index.since(at)} == expected


def test_many_records_are_sorted_once_and_few_are_looked_at() -> None:
    looks: list[int] = []

    def instant(row: Row) -> datetime:
        looks.append(row.order)
        return row.modified

    index = Recency[Row](order=attrgetter("order"), instant=instant)
    rows = [Row(n, START + timedelta(minutes=n)) for n in range(recency.LATE + 1000)]
    for row in rows:
        index.moved(row)
    assert index.since(rows[-1].modified) == [rows[-1]]
    looks.clear()
    assert index.since(rows[-2].modified) == rows[-2:]
    assert looks == []
    rows[0].modified = rows[-1].modified
    index.moved(rows[0])
    assert index.since(rows[-1].modified) == [rows[-1], rows[0]]
    assert looks == [0]
