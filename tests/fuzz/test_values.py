"""Values from one system to the other and back: what is written is what is shown again.

Any value that a system may show is rendered for the other one, put on its wire, and read from
there as its next answer would be. What comes back is what the plan said, or it was refused by name.
"""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.connectors.dear.capabilities import capabilities as dear_capabilities
from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.connectors.dear.mapping.fields import Unfit
from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.capabilities import capabilities as qbo_capabilities
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.table import encode, to_raw, understand
from daemon.connectors.qbo.mapping.wire import Setting, Unwritable
from daemon.reconcile.mapping import render, same
from ledger.model.encoding import comparable_bytes, decode_record
from ledger.model.encoding import encode as stored
from ledger.model.facts import Observation
from ledger.model.ids import Kind, OperationId
from ledger.model.money import exact
from ledger.model.outcomes import Write
from ledger.model.plans import Action
from ledger.model.records import Item, Vendor
from ledger.model.values import Address, Value
from tests.daemon.connectors.dear.rows import config as dear_config
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import NUMBERS, TEXTS

TEXT = st.one_of(
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.builds(
        lambda one, count: one * count,
        st.sampled_from(["ä", "a\u0308", "x:", " ", "\U0001f600"]),
        st.integers(1, 10_000),
    ),
)


def _exact(text: str) -> Decimal | None:
    try:
        return exact(text)
    except ValueError:
        return None


AMOUNTS = st.one_of(
    st.sampled_from([found for one in NUMBERS if (found := _exact(one)) is not None]),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
    ),
)
ADDRESSES = st.builds(
    Address,
    lines=st.lists(TEXT, max_size=6).map(tuple),
    city=TEXT,
    region=TEXT,
    postal_code=TEXT,
    country=TEXT,
)
FIELDS: dict[Kind, dict[str, st.SearchStrategy[Value]]] = {
    Kind.VENDOR: {
        **dict.fromkeys(("name", "email", "phone", "website", "notes"), TEXT),
        "billing_address": ADDRESSES,
    },
    Kind.ITEM: {
        **dict.fromkeys(("name", "sku", "description"), TEXT),
        "sales_price": AMOUNTS,
        "purchase_cost": AMOUNTS,
    },
}
QBO = QboConfig.model_validate(
    {
        "environment": "sandbox",
        "realm_id": "1",
        "client_id": {"env": "UNSET"},
        "client_secret": {"env": "UNSET"},
    }
)
DEAR = dear_config(home_country=["USA"])
RULES = {"qbo": qbo_capabilities(QBO, Features()), "dear": dear_capabilities(DEAR)}


def rendered(system: str, kind: Kind, given: dict[str, Value]) -> dict[str, Value]:
    """What a plan would say: every field as the system would show it, and rendering it again
    changes nothing."""
    found: dict[str, Value] = {}
    for field, value in given.items():
        rule = RULES[system].rule(kind, field)
        if rule is None or rule.access != "write":
            continue
        once = render(value, rule=rule, values=given).value
        again = render(once, rule=rule, values=given).value
        assert same(again, once), (field, once, again)
        if once is not None:
            found[field] = once
    return found


def shown_by_qbo(kind: Kind, fields: dict[str, Value]) -> Any:
    """What QuickBooks shows of a create that it took as it was sent; None where it is refused."""
    write = Write(
        b_id="b1",
        operation=OperationId("op"),
        kind=kind,
        action=Action.CREATE,
        ref=None,
        version="",
        fields=fields,
        before={},
    )
    try:
        wire = to_raw(write, Setting())
    except Unwritable as refusal:
        return bool(refusal.field and refusal.cure)
    body = encode({"Id": "1", "SyncToken": "0", **wire})
    seen, _ = understand(kind, body, Setting())
    assert isinstance(seen, Observation)
    return seen.record


def shown_by_dear(kind: Kind, fields: dict[str, Value]) -> Any:
    """The same of DEAR."""
    family = FAMILIES[kind]
    try:
        wire = family.to_raw(
            {"type": "stock", **fields} if kind is Kind.ITEM else fields, None, DEAR
        )
    except Unfit as refusal:
        return bool(refusal.field and refusal.cure)
    return family.to_record(decode(stored({"ID": "1", **wire})), DEAR)


@pytest.mark.parametrize("kind", FIELDS, ids=str)
@pytest.mark.parametrize("system", ["qbo", "dear"])
@effort(60)
@given(data=st.data())
def test_what_is_written_is_what_is_shown_again(
    data: st.DataObject, kind: Kind, system: str
) -> None:
    given = data.draw(st.fixed_dictionaries({}, optional=FIELDS[kind]))
    fields = {"name": "Bolt", **rendered(system, kind, given)}
    if kind is Kind.ITEM:
        fields.setdefault("sku", "B-1")
    shown = (shown_by_qbo if system == "qbo" else shown_by_dear)(kind, fields)
    if shown is True:
        return  # refused, and the field is named
    assert isinstance(shown, Item | Vendor)
    for field, value in fields.items():
        assert same(getattr(shown, field), value), field
    assert decode_record(stored(shown)) == shown
    assert comparable_bytes(decode_record(stored(shown))) == comparable_bytes(shown)


@effort(200)
@given(st.sampled_from(NUMBERS) | st.decimals().map(str) | st.text(max_size=8))
def test_any_number_is_exact_or_no_number(text: str) -> None:
    found = _exact(text)
    if found is None:
        return
    body = msgspec.json.Encoder(decimal_format="number").encode({"UnitPrice": found})
    again = decode(body)["UnitPrice"]
    assert Decimal(again) == found
    assert len(body) < len(text) + 100
