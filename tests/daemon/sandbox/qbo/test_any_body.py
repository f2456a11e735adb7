"""Whatever a client sends is answered: by a record or by a fault, never by a crash."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.qbo import batch, cdc, control, query, taxservice
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.details import DETAILS as DETAIL_TABLES
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.txnentities import SPECS
from daemon.sandbox.qbo.wire import decode, encode
from daemon.sandbox.world import make_world
from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import expense, goods, ref, sale
from tests.jumpclock import JumpClock

TWIN = QboTwin(make_world(2, "small"), clock=JumpClock())
SELLER = next(vendor.id for vendor in TWIN.state.all("Vendor") if vendor.active)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.text(max_size=12)
    | st.sampled_from(["3", "79", "2026-05-05", "Inventory", {"value": "79"}, {"value": ""}])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "Line1", "Address", "Amount"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
DETAILS = sorted(DETAIL_TABLES)
DETAIL_KEYS = sorted(frozenset().union(*DETAIL_TABLES.values()))
LINES = st.fixed_dictionaries(
    {"DetailType": st.sampled_from([*DETAILS, "DescriptionOnly"])},
    optional={
        "Amount": LEAVES,
        "Id": LEAVES,
        "Description": LEAVES,
        "LinkedTxn": VALUES,
        **{detail: st.dictionaries(st.sampled_from(DETAIL_KEYS), VALUES) for detail in DETAILS},
    },
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, Any]:
    entity = draw(st.sampled_from(sorted(SPECS)))
    names = st.sampled_from([*SPECS[entity].fields, "Id", "SyncToken", "sparse"])
    body = draw(st.dictionaries(names, VALUES, max_size=6))
    if draw(st.booleans()):
        body |= {"Name": draw(st.text(max_size=6)), "IncomeAccountRef": {"value": "79"}}
    if SPECS[entity].transaction and draw(st.booleans()):
        body |= {"CustomerRef": {"value": "1"}, "VendorRef": ref(SELLER)}
        body |= {"APAccountRef": {"value": "33"}, "TotalAmt": draw(LEAVES)}
        body = {key: value for key, value in body.items() if key in SPECS[entity].fields}
        body["Line"] = draw(st.lists(LINES | VALUES, max_size=3))
    if draw(st.booleans()):
        body |= {"Id": "5", "SyncToken": "0", "sparse": True}
    return entity, body


def refused(act: Callable[[], object]) -> dict[str, Any] | None:
    """The fault that an action ends in, as it goes on the wire, or None when it succeeds."""
    try:
        act()
    except QboFault as fault:
        return dict(json.loads(encode(fault.fault())))
    except ValueError as error:  # an edit or a body that makes no sense
        return {"Error": [str(error)]}
    return None


def _sound(entity: str) -> dict[str, Any]:
    """A body of a document that is accepted as it is."""
    if entity == "Payment":
        return {"CustomerRef": ref("1"), "TotalAmt": 5}
    if entity == "BillPayment":
        check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref("35")}}
        return {"VendorRef": ref(SELLER), "TotalAmt": 0, "Line": [], **check}
    if entity in ("Invoice", "CreditMemo"):
        return {"CustomerRef": ref("1"), "Line": [sale("11", Qty=1, UnitPrice=5), sale("7", 5)]}
    line = [goods("11", 2, 5), expense("7", 5)]
    return {"VendorRef": ref(SELLER), "APAccountRef": ref("33"), "Line": line}


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, Any]:
    """A sound document with at most one value exchanged somewhere inside."""
    entity = draw(st.sampled_from(sorted(n for n, spec in SPECS.items() if spec.transaction)))
    body: Any = json.loads(encode(_sound(entity)))
    place, key = body, draw(st.sampled_from(sorted(SPECS[entity].fields)))
    for _ in range(draw(st.integers(0, 4))):
        inner = place.get(key) if isinstance(place, dict) else place[key]
        if not inner or not isinstance(inner, dict | list):
            break
        place = inner
        key = draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
    if draw(st.booleans()):
        place[key] = draw(VALUES)
    if draw(st.booleans()):
        body |= {"Id": str(draw(st.integers(145, 190))), "sparse": draw(st.booleans())}
    return entity, body


@settings(max_examples=250, deadline=None)
@given(bodies() | spoiled(), st.sampled_from(["", "update", "delete", "void"]), st.booleans())
def test_any_write_is_answered(case: tuple[str, Any], operation: str, by_user: bool) -> None:
    entity, body = case
    books, spec = TWIN.state, SPECS[entity]
    before = encode(control.dump(books, spec))
    refusal = refused(
        lambda: write(books, spec, body, Options(operation=operation, by_user=by_user))
    )
    if refusal is not None:
        assert encode(control.dump(books, spec)) == before
    assert decode(encode(control.dump(books, spec))) is not None


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60) | st.from_regex(r"select [*a-zA-Z, ]{1,9} from Item [a-z'=% 0-9]{0,30}")
)
def test_any_statement_is_answered(text: str) -> None:
    answer = refused(lambda: query.run(TWIN.state, text))
    assert answer is None or answer["Error"][0]["code"] in ("4000", "4001")


@settings(max_examples=100, deadline=None)
@given(VALUES, st.text(max_size=20))
def test_any_batch_tax_code_edit_and_instant_is_answered(value: Any, text: str) -> None:
    books = TWIN.state
    tax_code = {"TaxCode": text, "TaxRateDetails": [value]}
    order = {"kind": "item", "id": "5", "set": value}
    for act in (
        lambda: batch.items_of(value, short_ids=True),
        lambda: batch.items_of({"BatchItemRequest": value}, short_ids=False),
        lambda: taxservice.create(books, tax_code),
        lambda: control.edit(books, order),
        lambda: cdc.run(books, "Item", text),
    ):
        answer = refused(act)
        assert answer is None or answer["Error"]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "[" * 100_000,
        '{"DisplayName": "\\ud800"}',
        '{"\\ud800": 1}',
        '{"Balance": NaN}',
        '{"Balance": ' + "9" * 5000 + "}",
    ],
)
async def test_any_bytes_are_answered(client: Client, raw: str) -> None:
    answer = await client.send("POST", "vendor", raw)
    assert answer.status == 400
    assert json.loads(answer.raw)["Fault"]["Error"]
