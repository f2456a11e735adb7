"""Queries and change data find by index exactly what a look at every record would find."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.qbo import cdc, query
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.txnentities import BY_PATH
from daemon.sandbox.world import make_world
from tests.jumpclock import JumpClock

WORLD = make_world(11, "small")
INVOICE = BY_PATH["invoice"]
NUMBERS = ("A-1", "a-1", "B-2", "")


def make_books(**switches: Any) -> tuple[Books, JumpClock]:
    clock = JumpClock(datetime(2026, 5, 5, 9, tzinfo=UTC))
    return QboTwin(WORLD, clock=clock, switches=QboSwitches(**switches)).state, clock


def body(number: str) -> dict[str, Any]:
    line = {
        "Amount": 5,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "7"}},
    }
    customer = next(iter(WORLD.customers)).qbo
    assert customer is not None
    made: dict[str, Any] = {"CustomerRef": {"value": customer.id}, "Line": [line]}
    return {**made, "DocNumber": number} if number else made


def live(books: Books, steps: list[tuple[str, int]], clock: JumpClock) -> None:
    """Create, edit, delete and void invoices, a second apart from time to time."""
    for step, value in steps:
        clock.advance(value % 3)
        rows = list(books.all("Invoice"))
        if step == "create" or not rows:
            write(books, INVOICE, body(NUMBERS[value % 4]), Options(by_user=True))
            continue
        one = rows[value % len(rows)]
        changes: dict[str, Any] = {"Id": one.id, "sparse": True}
        if step == "number":
            changes["DocNumber"] = NUMBERS[value % 3]
        operation = step if step in ("delete", "void") else ""
        write(books, INVOICE, changes, Options(operation=operation, by_user=True))


steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "number", "delete", "void", "nothing"]),
        st.integers(0, 11),
    ),
    min_size=3,
    max_size=25,
)


def ids(books: Books, statement: str) -> list[str]:
    _, found = query.run(books, statement)
    return [row["Id"] for row in found.get("Invoice", [])]


def kept(books: Books, wanted: Callable[[Stored], bool]) -> list[str]:
    return [row.id for row in sorted(books.all("Invoice"), key=lambda r: int(r.id)) if wanted(row)]


@settings(max_examples=40, deadline=None)
@given(steps)
def test_every_way_in_finds_what_a_whole_look_finds(found: list[tuple[str, int]]) -> None:
    books, clock = make_books()
    start = clock.now()
    live(books, found, clock)
    everything = kept(books, lambda _: True)
    assert ids(books, "select * from Invoice orderby Id") == everything
    assert (
        ids(books, "select * from Invoice orderby Id startposition 2 maxresults 3")
        == (everything[1:4])
    )
    middle = everything[len(everything) // 2] if everything else "145"
    above = kept(books, lambda row: int(row.id) > int(middle))
    assert ids(books, f"select * from Invoice where Id > '{middle}' orderby Id") == above
    listed = f"select * from Invoice where Id in ('{middle}', '1', '0{middle}')"
    assert ids(books, listed) == kept(books, lambda row: row.id == middle)
    numbered = ids(books, "select * from Invoice where DocNumber in ('a-1', 'none')")
    expected = kept(books, lambda row: str(row.fields.get("DocNumber", "")).lower() == "a-1")
    assert sorted(numbered, key=int) == expected
    for second in range(0, 30, 7):
        at = datetime.fromtimestamp(start.timestamp() + second, UTC)
        where = f"where MetaData.LastUpdatedTime >= '{at.isoformat()}' orderby Id desc"
        later = kept(books, lambda row, at=at: bool(row.updated >= at))  # type: ignore[misc]
        assert ids(books, f"select * from Invoice {where}") == later[::-1]
        (group,) = cdc.run(books, "Invoice", at.isoformat())["CDCResponse"][0]["QueryResponse"]
        rows = group.get("Invoice", [])
        assert {row["Id"] for row in rows if row.get("status") != "Deleted"} == set(later)
        gone = {stub.id for stub in books.stubs if stub.at >= at}
        assert {row["Id"] for row in rows if row.get("status") == "Deleted"} == gone
    assert query.run(books, "select count(*) from Invoice")[1] == {"totalCount": len(everything)}


def test_ids_that_are_words_and_ids_compared_as_text() -> None:
    books, _ = make_books()
    _, codes = query.run(books, "select * from TaxCode orderby Id")
    assert [row["Id"] for row in codes["TaxCode"]] == ["2", "3", "CustomSalesTax", "NON", "TAX"]
    _, one = query.run(books, "select * from TaxCode where Id = 'NON'")
    assert [row["Id"] for row in one["TaxCode"]] == ["NON"]
    as_text, _ = make_books(id_order="text")
    _, found = query.run(as_text, "select * from Account where Id > '8' orderby Id")
    assert all(row["Id"] > "8" for row in found["Account"])
    assert "10" not in {row["Id"] for row in found["Account"]}
    shown = [row["Id"] for row in found["Account"]]
    assert shown == sorted(shown)


@pytest.mark.parametrize("down", ["", " desc"])
def test_rows_that_lack_what_is_sorted_by(down: str) -> None:
    books, _ = make_books()
    _, found = query.run(books, f"select * from Account orderby Description{down}")
    texts = [row.get("Description", "") for row in found["Account"]]
    assert texts == sorted(texts, reverse=bool(down))
    same = [row["Id"] for row in found["Account"] if "Description" not in row]
    assert same == sorted(same, key=int)


def test_cost_of_an_idle_look_does_not_follow_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    books, clock = make_books()
    for _ in range(600):
        write(books, INVOICE, body(""), Options(by_user=True))
    clock.advance(60)
    newest = list(books.all("Invoice"))[-1]
    monkeypatch.setattr(Books, "all", lambda *_: pytest.fail("a look at every record"))
    entities = "Invoice,Customer,Bill,PurchaseOrder,Vendor,Item"
    answer = cdc.run(books, entities, clock.now().isoformat())
    assert not any(answer["CDCResponse"][0]["QueryResponse"])
    above = f"select * from Invoice where Id > '{int(newest.id) - 1}' orderby Id"
    assert ids(books, above) == [newest.id]
    assert ids(books, f"select * from Invoice where DocNumber = '{newest.number}'") == [newest.id]
