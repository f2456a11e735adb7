"""The reading statements are answered from indexes: their cost follows the answer, not the size."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.engine import writing
from ledger.store.migrate import migrate
from ledger.store.statements import queries
from tests.ledger.store.support import BEGIN

LOOKS_AT_EVERYTHING = {
    "counts": "six rows per system and kind",
    "entry_types": "the index of all entries: for a support bundle",
    "pins": "one row per system",
    "dirty_count": "the index of the dirty set alone",
    "holds_count": "the index of the holds alone",
    "operations_count": "the index of the operations alone",
    "standings": "every record of one kind, by indexes: for a report",
}
LISTS = {"refs", "records", "states", "digests", "operations", "seqs", "keys"}
LIST_FUNCTION = re.compile(r"SCAN (wanted|json_each) VIRTUAL TABLE")
SMALL_SCANS = {
    "SCAN mine",  # the entries of one record
    "SCAN page",  # at most one page
    "SCAN t USING INDEX intent_open",  # a partial index: open requests only
    "SCAN drift_tally",  # one row for each class, kind and currency
    "SCAN tally",  # six rows per system and kind
    "SCAN known",  # systems that have vendors or customers
    "SCAN pause",  # a handful, typed by people; these four too
    "SCAN remap",
    "SCAN absence",
    "SCAN skip USING COVERING INDEX skip_by_digest",
    "SCAN j USING INDEX job_by_seq",  # in its order, up to the limit
    "SCAN s",
    "SCAN refusal",  # refusals that stand: a person sees to each
    "SCAN person",  # whoever wrote an entry beside the daemon, one step for each
}
ORDERED_BY_INDEX = {"last", "drift_hours", "holds", "entries"}
"""Walk an index in its order and stop at the limit."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writing(tmp_path / "ledger.db")()) as db:
        migrate(db, now=BEGIN)
        yield db


def plan(db: sqlite3.Connection, sql: str) -> list[str]:
    names = set(re.findall(r":(\w+)", sql))
    values = {name: "[]" if name in LISTS else 1 for name in names}
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("name", sorted(set(queries()) - set(LOOKS_AT_EVERYTHING)))
def test_a_statement_scans_no_table(db: sqlite3.Connection, name: str) -> None:
    steps = plan(db, queries()[name])
    assert steps
    scans = [step for step in steps if step.startswith("SCAN") and not LIST_FUNCTION.match(step)]
    if name in ORDERED_BY_INDEX:
        assert len(scans) <= 1
        assert "USE TEMP B-TREE FOR ORDER BY" not in steps
        return
    assert set(scans) <= SMALL_SCANS
    assert not any("AUTOMATIC" in step for step in steps)


@pytest.mark.parametrize("name", sorted(LOOKS_AT_EVERYTHING))
def test_the_exceptions_are_still_there(name: str) -> None:
    assert name in queries()


def test_an_unseen_record_is_looked_for_among_its_kind_only(db: sqlite3.Connection) -> None:
    steps = plan(db, queries()["unseen"])
    assert any("SEARCH o USING" in step and "system=? AND kind=?" in step for step in steps)
    assert any(step.startswith("SEARCH s USING INTEGER PRIMARY KEY") for step in steps)


def test_what_was_confirmed_is_looked_up_by_record(db: sqlite3.Connection) -> None:
    steps = plan(db, queries()["confirmed_changes"])
    assert "SEARCH n USING INDEX operation_by_record (record=? AND state=?)" in steps


def test_every_statement_has_one_name() -> None:
    assert all(";" not in sql for sql in queries().values())
    assert len(queries()) > 30
