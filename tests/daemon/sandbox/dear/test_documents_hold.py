"""Whatever people do to documents, in whatever order, what is derived from them is right."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.dear.app import ROUTES, DearTwin
from daemon.sandbox.dear.desk import Desk
from daemon.sandbox.dear.documents import PURCHASE, SALE, Side
from daemon.sandbox.dear.errors import DearRefusal
from daemon.sandbox.dear.history import play
from daemon.sandbox.dear.paging import Call, Query
from daemon.sandbox.dear.state import Row
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.dear.wire import encode
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.world import make_world
from tests.daemon.sandbox.dear.recount import check_all, get, opening
from tests.jumpclock import JumpClock

WORLD = make_world(7, "small")
SKUS = ("SAMPLE-11", "SAMPLE-16")


def make_twin(**switches: Any) -> DearTwin:
    clock = JumpClock()
    return DearTwin(
        WORLD,
        clock=clock,
        faults=FaultScript(),
        log=RequestLog(clock),
        switches=DearSwitches(**switches),
    )


def snapshot(twin: DearTwin) -> bytes:
    """Everything that documents could have changed."""
    state: list[Any] = [twin.state.dump(kind) for kind in ("purchase", "sale")]
    state += [(row.id, row.modified, row.fields["AverageCost"]) for row in twin.state["product"]]
    books = get(twin, "transactions", Limit="1000")["Transactions"]
    stock = get(twin, "ref/productavailability", Limit="1000")["ProductAvailabilityList"]
    return encode([state, books, stock])


lines = st.lists(
    st.fixed_dictionaries(
        {
            "SKU": st.sampled_from(SKUS),
            "Quantity": st.integers(1, 40),
            "Price": st.decimals(Decimal("0.01"), 50, places=4),
            "Discount": st.sampled_from([0, 0, 15]),
            "TaxRule": st.sampled_from(["California", "Tax Exempt", "Import Duty"]),
        }
    ),
    min_size=1,
    max_size=3,
)
kinds = st.sampled_from(["Simple", "Advanced"])
PURCHASE_ACTS = ("authorise", "receive", "invoice", "credit", "pay", "undo", "void", "reprice")
SALE_ACTS = ("authorise", "ship", "invoice", "credit", "pay", "undo", "void", "reprice")
step = st.tuples(
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from(range(8)),
    st.sampled_from(["", "invoice", "credit", "receipt", "put_away", "shipment"]),
    lines,
)


def do(desk: Desk, side: Side, row: Row, act: str, part: str, given_lines: Any) -> None:
    few = {"Lines": given_lines}
    some = few if part else {}
    received = [{"SKU": one["SKU"], "Quantity": one["Quantity"]} for one in given_lines[:1]]
    acts: dict[str, Callable[[], object]] = {
        "authorise": lambda: desk.authorise(side, row),
        "receive": lambda: desk.receive(row, {"Lines": received} if part else {}),
        "ship": lambda: desk.ship(row, {"Lines": received} if part else {}),
        "invoice": lambda: desk.invoice(side, row, some),
        "credit": lambda: desk.credit(
            side, row, {**some, "Restock": received if part else [], "Unstock": _cards(row)}
        ),
        "pay": lambda: desk.pay(side, row, {"Amount": 7} if part else {}),
        "undo": lambda: desk.end(side, row, void=False, called=part),
        "void": lambda: desk.end(side, row, void=True, called=part),
        "reprice": lambda: desk.reprice(
            side, row, {"sku": SKUS[0], "price": 3, "part": part or "order"}
        ),
    }
    acts[act]()


def _cards(row: Row) -> list[dict[str, Any]]:
    parts = [*row.fields.get("PutAway", ()), *row.fields.get("StockReceived", ())]
    return [
        {"CardID": one["CardID"], "Quantity": 1}
        for part in parts
        for one in part["Lines"]
        if one["CardID"]
    ][:1]


@settings(max_examples=30, deadline=None)
@given(
    headers=st.lists(
        st.tuples(kinds, st.sampled_from(["INVOICE", "STOCK"]), lines), min_size=3, max_size=3
    ),
    steps=st.lists(step, min_size=4, max_size=30),
    method=st.sampled_from(["Row Total", "Total"]),
)
def test_everything_derived_equals_a_recount(headers: Any, steps: Any, method: str) -> None:
    twin = make_twin()
    twin.state.me["TaxCalculationMethod"] = method
    before = opening(twin)
    desk = Desk(twin.state, twin.switches)
    rows: dict[str, list[Row]] = {"purchase": [], "sale": []}
    for kind, approach, given_lines in headers:
        for side in (PURCHASE, SALE):
            party = next(iter(twin.state[side.party]))
            head = {side.party_key: party.id, "Lines": given_lines, "Approach": approach}
            head |= {"PurchaseType": kind, "SaleType": kind}
            rows[side.kind].append(desk.create(side, head))
            desk.authorise(side, rows[side.kind][-1])
    for buying, which, number, part, given_lines in steps:
        side = PURCHASE if buying else SALE
        act = (PURCHASE_ACTS if buying else SALE_ACTS)[number]
        whole = act in ("reprice", "ship")  # several steps of a person, each whole in itself
        held = b"" if whole else snapshot(twin)
        try:
            do(desk, side, rows[side.kind][which], act, part, given_lines)
        except DearRefusal:
            assert whole or snapshot(twin) == held, f"a refused {act} left something"
    check_all(twin, before)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_played_history_holds(seed: int) -> None:
    twin = make_twin()
    before = opening(twin)
    played = play(twin.state, seed, purchases=60, sales=60, start=date(2025, 6, 1))
    assert len(played.purchases) == len(played.sales) == 60
    assert played.refused < 60
    check_all(twin, before)
    words = {row["Status"] for row in get(twin, "purchaselist", Limit="1000")["PurchaseList"]}
    words |= {row["Status"] for row in get(twin, "salelist", Limit="1000")["SaleList"]}
    assert {"COMPLETED", "INVOICED", "RECEIVED", "ORDERING"} <= words


def test_the_same_history_twice() -> None:
    def played(seed: int) -> bytes:
        twin = make_twin()
        play(twin.state, seed, purchases=15, sales=15, start=date(2025, 6, 1))
        return snapshot(twin)

    assert played(5) == played(5)
    assert played(5) != played(6)


def test_a_history_under_other_readings() -> None:
    twin = make_twin(undo_paid="drop", undone_entries="reversed", rounding="half_even")
    before = opening(twin)
    played = play(
        twin.state, 4, purchases=50, sales=50, start=date(2025, 6, 1), switches=twin.switches
    )
    assert len(played.sales) == 50
    rows = get(twin, "transactions", Limit="1000")["Transactions"]
    assert rows
    for row in get(twin, "ref/productavailability", Limit="1000")["ProductAvailabilityList"]:
        assert row["OnHand"] >= 0
    assert before


PATHS = ("purchase", "advanced-purchase", "sale", "transactions")
ENDS = sorted(
    (path, verb) for path, verbs in ROUTES.items() for verb in verbs if path.startswith(PATHS)
)
FIELDS = [
    "ID",
    "TaskID",
    "PurchaseID",
    "SaleID",
    "SupplierID",
    "CustomerID",
    "Supplier",
    "Approach",
    "Location",
    "Status",
    "Lines",
    "AdditionalCharges",
    "Unstock",
    "Restock",
    "CardID",
    "SKU",
    "Quantity",
    "Price",
    "Tax",
    "TaxRule",
    "Total",
    "Discount",
    "Account",
    "Amount",
    "DatePaid",
    "Type",
    "CurrencyRate",
    "InvoiceDate",
    "CreditNoteDate",
    "CreditNoteNumber",
    "Date",
    "Terms",
    "CreditNoteInvoiceNumber",
    "AutoPickMode",
    "AutoPickPackShipMode",
    "CombineAdditionalCharges",
]


def example_values(twin: DearTwin) -> list[Any]:
    """Ids and words that documents of a played company really carry."""
    found: list[Any] = ["", "AUTHORISED", "DRAFT", "PAYMENT", "REFUND", "Q35", "STOCK", "AUTOPICK"]
    found += ["Main Warehouse", "2026-03-01", "0001-01-01", "SAMPLE-11", "California", 1, 0, -1]
    found += [Decimal("0.5"), Decimal("9" * 18), None, True, "1e999", [], {}]
    for kind in ("purchase", "sale"):
        for row in list(twin.state[kind])[:6]:
            found.append(row.id)
            arrays = [value for value in row.fields.values() if isinstance(value, list)]
            found += [part["TaskID"] for array in arrays for part in array]
    found += list(twin.state.holdings.lots)[:5]
    return found


def played_twin() -> DearTwin:
    twin = make_twin(bare_lines="compute")
    play(twin.state, 9, purchases=8, sales=8, start=date(2026, 1, 1))
    return twin


VALUES = example_values(played_twin())
plain = st.sampled_from(VALUES)
rows = st.lists(st.dictionaries(st.sampled_from(FIELDS), plain, max_size=5), max_size=2)
bodies = st.dictionaries(st.sampled_from(FIELDS), st.one_of(plain, rows), max_size=9)
queries = st.dictionaries(
    st.sampled_from(["ID", "TaskID", "SaleID", "PurchaseID", "Void", "Search", "UpdatedSince"]),
    st.sampled_from([str(value) for value in VALUES]),
    max_size=3,
)


@settings(max_examples=15, deadline=None)
@given(calls=st.lists(st.tuples(st.sampled_from(ENDS), bodies, queries), min_size=6, max_size=12))
def test_any_call_is_done_whole_or_refused(calls: Any) -> None:
    twin = played_twin()
    held = snapshot(twin)
    for (path, verb), body, query in calls:
        call = Call(state=twin.state, switches=twin.switches, query=Query(query), body=dict(body))
        refused = False
        try:
            assert encode(ROUTES[path][verb](call))
        except DearRefusal:
            refused = True
        now = snapshot(twin)
        assert now == held or not (refused or verb == "GET"), f"{verb} {path} left something"
        held = now
