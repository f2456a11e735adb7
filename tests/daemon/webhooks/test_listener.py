"""Who may ring: over real HTTP, refused before anything is done, and nothing given away."""

import asyncio
import gzip
import logging
import socket
from contextlib import suppress

import pytest

from daemon.webhooks import listener
from daemon.webhooks.doors import Settings
from daemon.webhooks.listener import Listener
from ledger.model.errors import ConfigProblem
from ledger.model.ids import Kind

from .support import (
    DEAR,
    OLD,
    QBO,
    SECRET,
    SECRET_HEADER,
    cloud_events,
    notification,
    ringing,
    signature,
)

PRIVATE = "Sierra Anodising"


async def test_both_formats_ring_for_the_kinds_that_they_name() -> None:
    async with ringing() as bell:
        assert await bell.ring(notification("Customer", "Vendor")) == 200
        assert await bell.ring(cloud_events("item", "bill")) == 200

        assert bell.rung == [
            ("qbo", frozenset({Kind.CUSTOMER, Kind.VENDOR})),
            ("qbo", frozenset({Kind.ITEM, Kind.BILL})),
        ]
        tally = bell.tally()
    assert bell.counted == {"accepted": 2}
    assert (tally.by_secret, tally.good, tally.refused) == ((2, 0), 2, 0)
    assert tally.last_at is not None


async def test_while_the_token_is_changed_both_are_good_and_counted_apart() -> None:
    async with ringing() as bell:
        assert await bell.ring(notification("Item")) == 200
        assert await bell.ring(notification("Vendor"), token=OLD) == 200
        assert bell.tally().by_secret == (1, 1)
    async with ringing(tokens=(OLD,)) as bell:
        assert await bell.ring(notification("Item")) == 401
        assert bell.tally().by_secret == (0,)
        assert bell.rung == []


async def test_without_a_good_signature_nothing_begins() -> None:
    """operators.md (v) 56."""
    body = notification("Customer")
    good = signature(body)
    bad = {
        "of another body": signature(body + b" "),
        "of another token": signature(body, b"guessed"),
        "truncated": good[:-4],
        "empty": " ",
        "not base64": "ß" * 8,
        "hex": "00" * 32,
        "twice": f"{good}, {good}",
    }
    async with ringing() as bell:
        for what, given in bad.items():
            assert await bell.post(body, intuit_signature=given) == 401, what
        assert await bell.post(body) == 401
        assert await bell.post(body, **{SECRET_HEADER: SECRET.decode()}) == 401
        assert bell.rung == []
    assert bell.counted == {"bad_signature": len(bad), "no_signature": 2}


async def test_a_body_of_ten_megabytes_is_refused_whatever_its_head_says() -> None:
    huge = b"[" + b" " * (10 * 1024 * 1024) + b"]"
    mark = signature(huge).encode()
    head = b"POST /qbo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nintuit-signature: "
    async with ringing() as bell:
        claimed = head + mark + b"\r\nContent-Length: 10485762\r\n\r\n"
        assert b" 413 " in await bell.head_of(claimed)
        chunk = b"100001\r\n" + b" " * 0x100001 + b"\r\n"
        chunked = head + mark + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
        assert b" 413 " in await bell.head_of(chunked)
        assert bell.rung == []
    assert bell.counted == {"too_large": 2}


async def test_what_is_no_notice_is_refused_by_its_head() -> None:
    body = notification("Item")
    mark = {"intuit-signature": signature(body)}
    async with ringing() as bell:
        assert await bell.post(body, intuit_signature=mark["intuit-signature"], path="/") == 404
        assert await bell.post(body, path="/qbo/", **{"intuit_signature": "x"}) == 404
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            async with bell.http.request(method, bell.url + "/qbo", headers=mark) as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "POST"), method
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
            headers = {**mark, "Content-Type": kind}
            async with bell.http.post(bell.url + "/qbo", data=body, headers=headers) as answer:
                assert answer.status == 415, kind
        packed = gzip.compress(body)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        headers["intuit-signature"] = signature(packed)
        async with bell.http.post(bell.url + "/qbo", data=packed, headers=headers) as answer:
            assert answer.status == 415
        assert bell.rung == []
    assert bell.counted == {"wrong_address": 2, "wrong_method": 7, "wrong_type": 5}


@pytest.mark.parametrize("form", ["cloudevents-batch+json", "cloudevents+json; charset=utf-8"])
async def test_cloud_events_may_have_a_content_type_of_their_own(form: str) -> None:
    body = cloud_events("item")
    headers = {"Content-Type": f"application/{form}", "intuit-signature": signature(body)}
    async with ringing() as bell:
        async with bell.http.post(bell.url + "/qbo", data=body, headers=headers) as answer:
            assert answer.status == 200
        assert len(bell.rung) == 1


async def test_a_body_that_breaks_off_is_no_notice() -> None:
    body = notification("Item")
    head = (
        "POST /qbo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"intuit-signature: {signature(body)}\r\nContent-Length: {len(body) + 10}\r\n\r\n"
    )
    async with ringing() as bell:
        await bell.send_raw(head.encode() + body)
        assert await bell.ring(notification("Vendor")) == 200, "and the next one is taken"
        assert bell.rung == [("qbo", frozenset({Kind.VENDOR}))]
    assert bell.counted == {"cut_short": 1, "accepted": 1}


async def test_events_of_other_companies_and_of_other_things_ring_for_nobody() -> None:
    async with ringing() as bell:
        assert await bell.ring(notification("Customer", realm="1")) == 200
        assert await bell.ring(cloud_events("employee", "budget")) == 200
        mixed = cloud_events("item")[:-1] + b"," + cloud_events("item", realm="7")[1:]
        assert await bell.ring(mixed) == 200
        assert bell.rung == [("qbo", frozenset({Kind.ITEM}))]
        tally = bell.tally()
    assert bell.counted == {"elsewhere": 1, "ignored": 1, "accepted": 1}
    assert (tally.ignored, tally.elsewhere) == (2, 2)


async def test_the_same_notice_again_is_answered_and_rings_no_more() -> None:
    async with ringing() as bell:
        for _ in range(3):
            assert await bell.ring(notification("Item")) == 200
        assert await bell.ring(notification("Item", at="2026-08-14T08:59:59Z")) == 200, "older"
        assert len(bell.rung) == 2
    assert bell.counted == {"accepted": 2, "duplicate": 2}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"eventNotifications": [{"realmId": 3}]}',
        b'[{"specversion": "1.0", "type": 7}]',
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
async def test_what_is_signed_and_not_understood_is_answered_and_counted(body: bytes) -> None:
    """A refusal would make Intuit send it for days, and switch the endpoint off."""
    async with ringing() as bell:
        assert await bell.ring(body) == 200
        assert bell.rung == []
    assert bell.counted == {"not_understood": 1}


async def test_an_empty_list_of_events_is_nothing() -> None:
    async with ringing() as bell:
        assert await bell.ring(b"[]") == 200
    assert bell.counted == {"ignored": 1}


async def test_dear_proves_itself_by_its_header() -> None:
    supplier = b'{"NumberOfSuppliers": 1, "SupplierDetailsList": [{"Supplier": {}}]}'
    purchase = b'{"NumberOfPurchase": 1, "CustomerDetailsList": [{}]}'
    async with ringing() as bell:
        good = {SECRET_HEADER: SECRET.decode()}
        assert await bell.post(supplier, path="/dear", **good) == 200
        assert await bell.post(purchase, path="/dear", **good) == 200
        assert await bell.post(b'[{"SKU": "A"}]', path="/dear", **good) == 200
        assert await bell.post(supplier, path="/dear", **good) == 200, "equal bytes, a new event"
        assert await bell.post(supplier, path="/dear") == 401
        assert await bell.post(supplier, path="/dear", **{SECRET_HEADER: "guessed"}) == 401
        assert await bell.post(supplier, path="/dear", intuit_signature=signature(supplier)) == 401
        assert bell.rung == [
            ("dear", frozenset({Kind.VENDOR})),
            ("dear", frozenset({Kind.BILL})),
            ("dear", frozenset({Kind.VENDOR})),
        ]
        assert bell.tally(DEAR).refused == 3
        assert bell.tally(QBO).good == 0


async def test_nothing_of_a_notice_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    body = notification(PRIVATE)
    with caplog.at_level(logging.DEBUG):
        async with ringing() as bell:
            await bell.post(body, intuit_signature=PRIVATE)
            await bell.ring(body)
            await bell.ring(PRIVATE.encode())
            await bell.post(body, path=f"/{PRIVATE.replace(' ', '-')}")
            await bell.send_raw(f"{PRIVATE}\r\n\r\n".encode())
            await bell.send_raw(f"POST /qbo HTTP/1.1\r\n{PRIVATE}\r\n\r\n".encode())
    told = [r for r in caplog.records if not r.name.startswith(("asyncio", "aiohttp.client"))]
    assert told, "that something was refused is told"
    for record in told:
        shown = f"{record.getMessage()} {record.__dict__.get('fields')} {record.exc_info}"
        assert PRIVATE.split()[0] not in shown


async def test_a_port_that_is_taken_is_named_with_its_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Listener(
            Settings(host="127.0.0.1", port=port, doors=()),
            now=lambda: pytest.fail("nobody rang"),
            ring=lambda _system, _kinds: None,
            follows=lambda _system: frozenset(),
        )
        with pytest.raises(ConfigProblem, match=f"webhooks.listen: 127.0.0.1:{port}.*choose"):
            await refused.start()


async def test_a_body_that_comes_too_slowly_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "BODY_S", 0.05)
    body = notification("Item")
    head = (
        "POST /qbo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"intuit-signature: {signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with ringing() as bell:
        assert b" 400 " in await bell.head_of(head.encode() + body[:10])
        assert bell.rung == []
    assert bell.counted == {"cut_short": 1}


async def test_too_much_at_once_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_HELD", -1)
    async with ringing() as bell:
        assert await bell.ring(notification("Item")) == 503
        assert bell.rung == []
    assert bell.counted == {"busy": 1}


async def test_one_connection_too_many_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 2)
    async with ringing() as bell:
        idle = [await asyncio.open_connection("127.0.0.1", bell.listener.port) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", bell.listener.port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        for _, one in [*idle, (reader, writer)]:
            one.close()
            with suppress(ConnectionError):
                await one.wait_closed()
        assert await bell.ring(notification("Item")) == 200


async def test_five_hundred_at_once_are_all_answered() -> None:
    async with ringing() as bell:
        bodies = [notification("Item", at=f"2026-08-14T09:{n:05}Z") for n in range(500)]
        statuses = await asyncio.gather(*map(bell.ring, bodies))
        assert statuses == [200] * 500
        assert len(bell.rung) == 500
    assert bell.counted == {"accepted": 500}


async def test_a_sender_may_ask_before_it_sends_the_body() -> None:
    body = notification("Item")
    head = (
        "POST /qbo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"intuit-signature: {signature(body)}\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    async with ringing() as bell:
        reader, writer = await asyncio.open_connection("127.0.0.1", bell.listener.port)
        writer.write(head.encode())
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(body)
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        refused = head.replace("/qbo", "/nowhere")
        assert b" 404 " in await bell.head_of(refused.encode())
    assert bell.counted == {"accepted": 1, "wrong_address": 1}
