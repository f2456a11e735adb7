"""Whatever comes: an answer that is known, and no work without a good signature."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.webhooks.notices import NotUnderstood, read_dear, read_qbo
from daemon.webhooks.signing import shared_with, signed_by

from .support import (
    FOLLOWED,
    NEW,
    OLD,
    REALM,
    SECRET,
    cloud_events,
    notification,
    ringing,
    signature,
)

LEAVES: Any = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = st.sampled_from(
    [
        "eventNotifications",
        "realmId",
        "dataChangeEvent",
        "entities",
        "name",
        "specversion",
        "type",
        "intuitaccountid",
        "SupplierDetailsList",
        "SaleID",
    ]
)
WORDS = st.sampled_from([REALM, "Customer", "qbo.item.created.v1", "1.0", "qbo..v1", "..."])
JSON: Any = st.recursive(
    LEAVES | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=5)
    ),
    max_leaves=20,
)
BODIES = st.binary(max_size=200) | st.sampled_from(
    [notification("Customer"), cloud_events("item"), cloud_events("item", realm="1"), b"[]", b""]
)
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=80)
QUIET = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check_reading(body: bytes) -> None:
    with suppress(NotUnderstood):
        assert read_qbo(body, REALM, FOLLOWED).kinds <= FOLLOWED
    with suppress(NotUnderstood):
        assert read_dear(body, FOLLOWED).kinds <= FOLLOWED


@given(JSON)
def test_any_json_is_read_or_not_understood(value: Any) -> None:
    body = msgspec.json.encode(value)
    check_reading(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_not_understood(body: bytes) -> None:
    check_reading(body)


@given(st.binary(max_size=100), st.text(max_size=100))
def test_no_text_is_a_signature_but_the_right_one(body: bytes, given_text: str) -> None:
    right = signature(body)
    assert signed_by(body, right, (OLD, NEW)) == 1
    if given_text.strip() not in (right, signature(body, OLD)):
        assert signed_by(body, given_text, (NEW, OLD)) is None
    if given_text.strip().removeprefix("Bearer ") != SECRET.decode():
        assert shared_with(given_text, (SECRET,)) is None


@QUIET
@given(
    st.lists(
        st.tuples(
            BODIES,
            st.sampled_from(["/qbo", "/dear", "/", "/qbo%20"]),
            st.dictionaries(
                st.sampled_from(
                    ["intuit-signature", "X-Trueup-Secret", "Content-Type", "Expect", "X-Odd"]
                ),
                PRINTABLE,
                max_size=4,
            ),
        ),
        min_size=1,
        max_size=10,
    )
)
async def test_no_request_breaks_it_and_none_rings_unsigned(
    requests: list[tuple[bytes, str, dict[str, str]]],
) -> None:
    async with ringing() as bell:
        for body, path, headers in requests:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}"
            whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            answer = await bell.head_of(whole)
            status = int(answer.split(b" ", 2)[1])
            assert 400 <= status < 500, answer
        assert bell.rung == []
        assert bell.tally().good == 0
        assert await bell.ring(notification("Item")) == 200, "and it still listens"
        assert len(bell.rung) == 1


@QUIET
@given(st.lists(BODIES, min_size=1, max_size=10))
async def test_what_is_signed_is_always_answered_well(bodies: list[bytes]) -> None:
    async with ringing() as bell:
        for body in bodies:
            assert await bell.ring(body) == 200
        assert bell.tally().good == len(bodies)


@QUIET
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
async def test_what_is_no_http_is_not_its_end(pieces: list[bytes]) -> None:
    async with ringing() as bell:
        for piece in pieces:
            answer = await bell.send_raw(piece + b"\r\n\r\n")
            assert b" 500 " not in answer.split(b"\r\n", 1)[0]
            assert b" 200 " not in answer.split(b"\r\n", 1)[0]
        assert bell.rung == []
        assert await bell.ring(notification("Item")) == 200
