"""Bodies of webhooks, nearly as they should be: kinds that are followed, or not understood.

Bytes of chance, signatures and the listener itself are tried in ``tests/daemon/webhooks``.
"""

from contextlib import suppress

import pytest
from hypothesis import given

from daemon.webhooks.notices import NotUnderstood, read_dear, read_qbo
from ledger.model.ids import Kind
from tests.daemon.webhooks.support import FOLLOWED, REALM, cloud_events, notification
from tests.fuzz import spoiling
from tests.fuzz.effort import effort

DEAR = (
    b'{"SaleTaskID":"5b3a","SaleID":"5b3a","SaleOrderNumber":"SO-1","EventType":"Sale/X",'
    b'"CustomerDetailsList":[{"ID":"5b3a","Name":"Pots"}]}'
)
BODIES = {
    "older": notification("Customer"),
    "cloud events": cloud_events("item"),
    "dear": DEAR,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@effort(60)
@given(changes=spoiling.CHANGES, damages=spoiling.DAMAGES)
def test_a_spoiled_notice_names_followed_kinds_or_none(
    body: bytes, changes: list[spoiling.Change], damages: list[spoiling.Damage]
) -> None:
    for spoilt in (
        spoiling.written(spoiling.changed(body, changes)),
        spoiling.broken(body, damages),
    ):
        with suppress(NotUnderstood):
            heard = read_qbo(spoilt, REALM, FOLLOWED)
            assert heard.kinds <= FOLLOWED
            assert heard.ignored >= 0
        with suppress(NotUnderstood):
            assert read_dear(spoilt, FOLLOWED).kinds <= FOLLOWED


def test_an_event_of_another_company_moves_nothing() -> None:
    heard = read_qbo(notification("Customer"), f"{REALM}0", FOLLOWED)
    assert heard.kinds == frozenset[Kind]()
    assert heard.elsewhere == 1
