"""Throttling, metering, and scripted faults over the wire."""

import aiohttp
import pytest

from tests.daemon.sandbox.qbo.client import Client

TERMS = "select * from Term"


async def test_F83_ten_a_second(client: Client) -> None:
    client.twin.switches.throttling = True
    for _ in range(10):
        assert (await client.get("preferences")).status == 200
    refused = await client.get("preferences")
    assert refused.status == 429
    assert refused.code == "3001"
    assert refused.error["Message"] == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    assert refused.error["Detail"] == "The request limit was reached.  Try again later"
    assert refused.body["Fault"]["type"] == "SERVICE"
    client.clock.advance(1)
    assert (await client.get("preferences")).status == 200


async def test_F83_a_minute_and_its_batches(client: Client) -> None:
    client.twin.switches.throttling = True
    client.twin.switches.per_minute = 30
    client.twin.switches.batches_per_minute = 2
    body = {"BatchItemRequest": [{"bId": "1", "Query": TERMS}]}
    statuses = [(await client.post("batch", body)).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    seen = 2
    for _ in range(40):
        client.clock.advance(0.5)
        seen += (await client.get("preferences")).status == 200
    assert seen == 30
    client.clock.advance(60)
    assert (await client.post("batch", body)).status == 200


async def test_F84_reads_are_metered_writes_are_not_and_the_month_can_be_spent(
    client: Client,
) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    assert client.twin.limits.metered == 0
    await client.query(TERMS)
    await client.read("Vendor", vendor["Id"])
    await client.cdc("Item,Vendor", "2026-05-05T00:00:00Z")
    queries = [{"bId": str(n), "Query": TERMS} for n in range(3)]
    await client.post("batch", {"BatchItemRequest": queries})
    assert client.twin.limits.metered == 6
    client.twin.switches.core_plus_limit = 6
    assert (await client.get("query", query=TERMS)).status == 429
    assert (await client.sparse("Vendor", vendor, AcctNum="1")).status == 200
    client.clock.advance(31 * 24 * 3600)
    client.twin.tokens.expire_access_tokens()
    assert (await client.get("preferences")).status == 401


@pytest.mark.parametrize(
    ("flavour", "status", "marker"),
    [
        ("", 429, b'"Fault"'),
        ("gateway", 429, b'"fault"'),
        ("403", 403, b"statusCode=403"),
        ("html", 429, b"<html>"),
    ],
)
async def test_flavours_of_throttling(
    client: Client, flavour: str, status: int, marker: bytes
) -> None:
    client.twin.faults.extend([{"system": "qbo", "kind": "throttle", "flavour": flavour}])
    answer = await client.get("preferences")
    assert answer.status == status
    assert marker in answer.raw
    assert client.twin.log.rows[-1]["fault"] == "throttle"


async def test_lost_request_does_nothing_and_lost_reply_commits(client: Client) -> None:
    client.twin.faults.extend(
        [
            {"system": "qbo", "kind": "lost_request", "method": "POST"},
            {"system": "qbo", "kind": "lost_reply", "method": "POST", "after": 1},
        ]
    )
    for name in ("Never", "Done"):
        with pytest.raises(aiohttp.ClientError):
            await client.post("vendor", {"DisplayName": name}, requestid=name)
    assert await client.query("select * from Vendor where DisplayName = 'Never'") == {}
    done = await client.query("select * from Vendor where DisplayName = 'Done'")
    replayed = await client.post("vendor", {"DisplayName": "Done"}, requestid="Done")
    assert replayed.body["Vendor"]["Id"] == done["Vendor"][0]["Id"]
    rows = [r for r in client.twin.log.rows if r["method"] == "POST"]
    assert [(r["status"], bool(r["created"])) for r in rows] == [
        (0, False),
        (0, True),
        (200, False),
    ]


async def test_truncated_answer(client: Client) -> None:
    client.twin.faults.extend([{"system": "qbo", "kind": "truncated_body"}])
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.get("query", query="select * from Account maxresults 1000")


async def test_answers_of_other_faults(client: Client) -> None:
    vendor = await client.create("Vendor", DisplayName="Probe")
    client.twin.faults.extend(
        [
            {"system": "qbo", "kind": "stale"},
            {"system": "qbo", "kind": "fault_200"},
            {"system": "qbo", "kind": "html_200"},
            {"system": "qbo", "kind": "expire_token"},
            {"system": "qbo", "kind": "status", "status": 503, "headers": {"Retry-After": "7"}},
            {"system": "qbo", "kind": "slow", "seconds": 90},
        ]
    )
    assert (await client.sparse("Vendor", vendor, AcctNum="1")).code == "5010"
    fine_but_fault = await client.get("preferences")
    assert (fine_but_fault.status, fine_but_fault.code) == (200, "10000")
    html = await client.get("preferences")
    assert (html.status, html.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (await client.get("preferences")).status == 401
    down = await client.get("preferences")
    assert (down.status, down.headers["Retry-After"], down.raw) == (503, "7", b"")
    before = client.clock.monotonic()
    assert (await client.get("preferences")).status == 200
    assert client.clock.monotonic() == before + 90
    assert (await client.read("Vendor", vendor["Id"]))["SyncToken"] == "0"


async def test_spoiled_pages(client: Client) -> None:
    text = "select Id from Account orderby Id startposition {} maxresults 10"
    whole = [a["Id"] for a in (await client.query(text.format(1)))["Account"]]
    for kind in ("drop_page", "repeat_page", "shift_page"):
        rule = {"system": "qbo", "kind": kind, "query": "*startposition 11*"}
        client.twin.faults.extend([rule])
    right = [a["Id"] for a in (await client.query(text.format(21)))["Account"]]
    assert await client.query(text.format(11)) == {}
    assert [a["Id"] for a in (await client.query(text.format(11)))["Account"]] == whole
    shifted = [a["Id"] for a in (await client.query(text.format(11)))["Account"]]
    sound = [a["Id"] for a in (await client.query(text.format(11)))["Account"]]
    assert shifted == [*sound[1:], right[0]]
