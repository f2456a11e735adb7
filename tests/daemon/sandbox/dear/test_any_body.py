"""Whatever a client sends, the twin does it or refuses it in DEAR's words; it never breaks."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.dear.app import ROUTES, DearTwin
from daemon.sandbox.dear.errors import DearRefusal
from daemon.sandbox.dear.paging import Answer, Call, Query
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.dear.wire import decode, encode
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.world import make_world
from tests.jumpclock import JumpClock

WORLD = make_world(7, "small")


def make_twin() -> DearTwin:
    clock = JumpClock()
    return DearTwin(WORLD, clock=clock, faults=FaultScript(), log=RequestLog(clock))


STATE = make_twin().state
NAMES = sorted(
    {name for kind in STATE.tables for row in STATE[kind] for name in row.fields}
    | {"ID", "PriceTiers", "SupplierID", "LocationID", "ProductCode", "Quantity", "Percent"}
)
KNOWN = [row.id for kind in STATE.tables for row in list(STATE[kind])[:2]]
ENDS = [(path, verb) for path, verbs in ROUTES.items() for verb in verbs]

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=4),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from([*KNOWN, "Active", "Net 30", "California", "Hardware", "Q33", "BANK"]),
)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)
queries = st.dictionaries(
    st.sampled_from(["ID", "Page", "Limit", "Name", "Sku", "ModifiedSince", "Code", "IsActive"]),
    st.one_of(st.text(max_size=4), st.sampled_from(KNOWN)),
    max_size=2,
)


def outcome(path: str, verb: str, call: Call) -> tuple[DearRefusal | None, Answer]:
    try:
        return None, ROUTES[path][verb](call)
    except DearRefusal as refusal:
        return refusal, {}


@settings(max_examples=200, deadline=None)
@given(
    end=st.sampled_from(ENDS),
    given_fields=bodies,
    query=queries,
    base=st.sampled_from(["supplier", "customer", "product", "tax", "account", ""]),
)
def test_a_request_is_done_or_refused(
    end: tuple[str, str], given_fields: dict[str, Any], query: dict[str, str], base: str
) -> None:
    state = make_twin().state
    path, verb = end
    body = dict(given_fields)
    if base:
        row = next(iter(state[base]))
        body = {**row.fields, "ID": row.id, **given_fields}
    call = Call(state=state, switches=DearSwitches(), query=Query(query), body=body)
    refusal, answered = outcome(path, verb, call)
    if refusal is None:
        assert decode(encode(answered))
        return
    assert refusal.flaws
    assert all(flaw.text for flaw in refusal.flaws)
    assert not call.created
    assert not call.changed
