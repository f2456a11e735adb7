"""Paths, credentials, verbs, bodies, errors and the call limit of the DEAR twin."""

import pytest

from tests.daemon.sandbox.dear.client import CUSTOMER, PRODUCT, Dear
from tests.daemon.sandbox.dear.conftest import Serve


async def test_paths_and_parameter_names_ignore_case(dear: Dear) -> None:
    plain = await dear.get("product", Page="2", Limit="3")
    odd = await dear.get("/externalAPI/V2/PrOdUcT", pAGE="2", limit="3")
    assert plain.status == odd.status == 200
    assert plain.json == odd.json
    assert len(plain.json["Products"]) == 3


@pytest.mark.parametrize("header", ["api-auth-accountid", "api-auth-applicationkey"])
async def test_wrong_credentials_are_403_with_an_error_array(dear: Dear, header: str) -> None:
    headers = {**dear.headers, header: "00000000-0000-0000-0000-000000000000"}
    for broken in (headers, {}):
        reply = await dear.send("GET", "me", headers=broken)
        assert reply.status == 403
        assert reply.json == [{"ErrorCode": 403, "Exception": "Incorrect credentials!"}]


async def test_unknown_path_is_a_page_for_people_with_200(dear: Dear) -> None:
    for path in ("products", "/nowhere", "/ExternalApi/v1/product"):
        reply = await dear.get(path)
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("text/html")
        assert "Page not found" in reply.text


async def test_unknown_path_by_redirect(twin: Serve) -> None:
    dear = await twin(unknown_path="redirect")
    reply = await dear.get("products")
    assert reply.status == 302
    page = await dear.get(reply.headers["Location"])
    assert page.status == 200
    assert "Page not found" in page.text
    put = await dear.put("products", {})
    assert put.status == 302
    assert put.headers["Location"] == "/ExternalApi/v2/products"  # in circles


async def test_wrong_verb_is_405(dear: Dear) -> None:
    for method, path in (("DELETE", "product"), ("DELETE", "supplier"), ("POST", "me")):
        reply = await dear.send(method, path, {} if method == "POST" else None)
        assert reply.status == 405
        assert reply.json[0]["ErrorCode"] == 405


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"Name": NaN}', b"\xff"])
async def test_body_that_is_no_object_is_500(dear: Dear, raw: bytes) -> None:
    reply = await dear.send("POST", "ref/category", raw=raw)
    assert reply.status == 500
    assert reply.json[0]["ErrorCode"] == 500
    assert len(await dear.rows("ref/category")) == 6


async def test_documents_are_refused_by_name(dear: Dear) -> None:
    for path in ("journal", "stockadjustment", "moneyTaskList", "production/orderList", "webhooks"):
        reply = await dear.get(path)
        assert reply.status == 501
        assert "Not simulated" in reply.errors[0]
        assert path in reply.errors[0]


async def test_unknown_parameters_are_ignored(dear: Dear) -> None:
    everything = await dear.get("supplier")
    searched = await dear.get("supplier", Search="nobody")
    assert searched.json == everything.json
    assert searched.json["Total"] > 0


async def test_me_tells_the_company(dear: Dear) -> None:
    me = (await dear.get("me")).json
    assert me["Currency"] == "USD"
    assert me["TimeZone"] == "America/Los_Angeles"
    assert me["LockDate"] is None
    assert me["TaxCalculationMethod"] in ("Row Total", "Total")
    assert me["DefaultSaleTaxRuleName"] == "California"
    rule = await dear.rows("ref/tax", ID=me["DefaultSaleTaxRuleId"])
    assert rule[0]["Name"] == "California"
    await dear.edit({"kind": "me", "set": {"LockDate": "2026-01-01T00:00:00"}})
    assert (await dear.get("me")).json["LockDate"] == "2026-01-01T00:00:00"


async def test_refusal_is_an_array_that_names_several_problems(dear: Dear) -> None:
    reply = await dear.post("product", {"SKU": "X"})
    assert reply.status == 400
    assert "Required attribute 'Name' not provided" in reply.errors
    assert "Required attribute 'Category' not provided" in reply.errors
    assert len(reply.errors) == 5  # there are more; they show when these are cured


async def test_refusal_as_a_single_object_with_200(twin: Serve) -> None:
    dear = await twin(error_shape="object", refusal_status=200)
    reply = await dear.post("customer", {**CUSTOMER, "Name": ""})
    assert reply.status == 200
    assert reply.json == {
        "ErrorCode": 400,
        "Exception": "Required attribute 'Name' not provided",
    }


async def test_error_code_differs_from_status(twin: Serve) -> None:
    body = {**PRODUCT, "Category": "No such"}
    reply = await (await twin()).post("product", body)
    assert (reply.status, reply.json) == (
        400,
        [{"ErrorCode": 404, "Exception": "Category not found."}],
    )
    reply = await (await twin(error_code="same")).post("product", body)
    assert reply.json[0]["ErrorCode"] == 400


async def test_sixty_calls_in_sixty_seconds(twin: Serve) -> None:
    dear = await twin(calls_per_minute=60)
    for _ in range(60):
        assert (await dear.get("me")).status == 200
    refused = await dear.get("me")
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "60 Seconds"
    assert "60 calls per 60 seconds" in refused.errors[0]
    dear.clock.advance(59)
    assert (await dear.get("me")).status == 429
    dear.clock.advance(1)
    assert (await dear.get("me")).status == 200


async def test_a_throttled_write_does_nothing(twin: Serve) -> None:
    dear = await twin(calls_per_minute=1)
    await dear.get("me")
    assert (await dear.post("ref/brand", {"Name": "New"})).status == 429
    assert dear.twin.state["brand"].one("Name", "New") is None


@pytest.mark.parametrize(("flavour", "status"), [("429_bare", 429), ("503_bare", 503)])
async def test_bare_throttling(twin: Serve, flavour: str, status: int) -> None:
    dear = await twin(throttle=flavour, calls_per_minute=1)
    await dear.get("me")
    reply = await dear.get("me")
    assert (reply.status, reply.text) == (status, "")
    assert "Retry-After" not in reply.headers


async def test_throttling_as_an_ordinary_refusal(twin: Serve) -> None:
    dear = await twin(throttle="400_model", calls_per_minute=1)
    await dear.get("me")
    reply = await dear.get("me")
    assert reply.status == 400
    assert "60 calls per 60 seconds" in reply.errors[0]


async def test_limits_count_per_application(twin: Serve) -> None:
    dear = await twin(calls_per_minute=1)
    other = {**dear.headers, "api-auth-applicationkey": dear.twin.add_application()}
    assert (await dear.get("me")).status == 200
    assert (await dear.send("GET", "me", headers=other)).status == 200
    assert (await dear.send("GET", "me", headers=other)).status == 429


async def test_limits_may_count_per_account(twin: Serve) -> None:
    dear = await twin(calls_per_minute=1, limit_per="account")
    other = {**dear.headers, "api-auth-applicationkey": dear.twin.add_application()}
    assert (await dear.get("me")).status == 200
    assert (await dear.send("GET", "me", headers=other)).status == 429


async def test_company_dates_in_the_tenants_format(twin: Serve) -> None:
    dear = await twin(dates="tenant")
    await dear.edit({"kind": "me", "set": {"LockDate": "2026-01-31T00:00:00"}})
    me = (await dear.get("me")).json
    assert (me["LockDate"], me["OpeningBalanceDate"]) == ("31/01/2026", "31/07/2021")
