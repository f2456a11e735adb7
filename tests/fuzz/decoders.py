"""What holds for every decoder, whatever the bytes: properties that examples and guided runs share.

Each takes one body and returns; an error that a decoder may raise is no failure, any other is.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.connectors.dear.client import listing
from daemon.connectors.dear.documents.lists import DocumentList
from daemon.connectors.dear.documents.observing import detail, seen_in
from daemon.connectors.dear.mapping.family import Family
from daemon.connectors.dear.observing import label, observation_of, unknown_words
from daemon.connectors.dear.wire import LONGEST_PAUSE_S, Busy, Good, classify
from daemon.connectors.http import Reply
from daemon.connectors.qbo.faults import MOST_WAIT_S, error_of, fault_of
from daemon.connectors.qbo.mapping.table import understand
from daemon.connectors.qbo.mapping.wire import Setting
from ledger.model.encoding import comparable_bytes, encode
from ledger.model.errors import TrueupError
from ledger.model.facts import Observation, Tombstone, Unreadable
from ledger.model.ids import Kind
from ledger.store.payloads import pack, unpack
from tests.daemon.connectors.dear.rows import config

LONGEST_BODY = 64 * 1024
"""A stored body is about as long as what it was made from: a number is not written out."""
DEAR_CONFIG = config(
    supplier_code_attribute=1,
    supplier_attribute_set="Parties",
    purchase_cost="suppliers_cost",
    zero_price="empty",
    documents={"custom_fields": {"bill": {"Crew": "Note"}, "invoice": {"Crew": "ShippingNotes"}}},
)
SETTINGS = (Setting(), Setting(taxes_by_code=False))


def keeps(shown: Observation | Tombstone | Unreadable, size: int) -> None:
    """What was understood can be stored, and is the same when it comes back."""
    if isinstance(shown, Observation):
        body = pack(shown)
        assert unpack(body).record == shown.record
        assert unpack(body).raw == shown.raw
        assert len(body) <= 10 * size + LONGEST_BODY
        assert len(comparable_bytes(shown.record)) <= 10 * size + LONGEST_BODY
    elif isinstance(shown, Unreadable):
        assert shown.problem.message
        assert shown.problem.cure
        assert encode(shown.problem)
    assert shown.ref.id


def dear_page(listed: Family | DocumentList, body: bytes) -> int | None:
    """How many rows were understood or reported; None where the whole page was refused."""
    if not isinstance(classify(Reply(200, {}, body)), Good):
        return None
    try:
        page = listing(listed, body)
    except ValueError:
        return None
    for row in page.rows:
        assert row.id
        if isinstance(listed, DocumentList):
            continue
        assert label(listed, row)
        seen = observation_of(listed, row, DEAR_CONFIG)
        keeps(seen, len(row.raw))
        if isinstance(seen, Observation):
            unknown_words(listed, row, seen)
    return len(page.rows)


def dear_detail(listed: DocumentList, row_id: str, body: bytes) -> Sequence[Any] | None:
    """Everything that was said of a purchase or sale; None where it was refused as a whole."""
    if not isinstance(classify(Reply(200, {}, body)), Good):
        return None
    try:
        one = detail(row_id, body)
    except ValueError:
        return None
    seen = seen_in(listed, one, DEAR_CONFIG)
    said: list[Any] = [*seen.observations, *seen.unreadable, *seen.tombstones]
    for shown in said:
        keeps(shown, len(body))
    assert len({shown.ref for shown in said}) == len(said), "nothing is said twice"
    return said


def dear_answer(status: int, headers: dict[str, str], body: bytes) -> None:
    """Any answer has one of six meanings, and none makes a client wait for ever."""
    meaning = classify(Reply(status, headers, body))
    assert msgspec.json.encode(meaning)
    if isinstance(meaning, Busy):
        assert 0 <= meaning.seconds <= LONGEST_PAUSE_S


def qbo_object(kind: Kind, body: bytes) -> None:
    """Whatever an object says, exactly one thing is said of it."""
    for setting in SETTINGS:
        shown, strangers = understand(kind, body, setting)
        keeps(shown, len(body))
        assert all(isinstance(one, str) for one in strangers)


def qbo_answer(status: int, headers: dict[str, str], body: bytes) -> None:
    """Any answer is a fault with a next step, or says yes."""
    fault = fault_of(Reply(status, headers, body))
    if fault is None:
        assert status == 200
        return
    assert 0 <= fault.retry_after <= MOST_WAIT_S
    error = error_of(fault)
    assert isinstance(error, TrueupError)
    assert str(error)
    assert len(str(error)) < 2_000
