"""The token server and what the gateway says about tokens."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.daemon.sandbox.qbo.client import Answer, Client

DEAD = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}


async def token(client: Client, *, secret: str = "", **form: str) -> Answer:
    credentials = client.twin.credentials
    auth = aiohttp.encode_basic_auth(
        credentials["client_id"], secret or credentials["client_secret"]
    )
    url = client.twin.addresses(client.url)["token_url"]
    headers = {"Authorization": auth}
    async with client.session.post(url, data=form, headers=headers) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def refresh(client: Client, value: str) -> Answer:
    return await token(client, grant_type="refresh_token", refresh_token=value)


async def test_discovery_points_at_the_simulator(client: Client) -> None:
    url = client.twin.addresses(client.url)["discovery_url"]
    document = (await client.send("GET", url)).body
    assert document["token_endpoint"] == client.twin.addresses(client.url)["token_url"]
    assert document["issuer"] == "https://oauth.platform.intuit.com/op/v1"
    other = (await client.send("GET", f"{client.url}/.well-known/openid_configuration/")).body
    assert other == document


BACK = "http://localhost:8047/callback"


async def test_consent_code_and_first_use_only(client: Client) -> None:
    client.twin.switches.consent = "given"
    back = BACK
    answer = await client.send(
        "GET",
        f"{client.url}/connect/oauth2",
        client_id=client.twin.credentials["client_id"],
        response_type="code",
        scope="com.intuit.quickbooks.accounting",
        redirect_uri=back,
        state="s-1",
    )
    assert answer.status == 302
    query = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert query["state"] == "s-1"
    assert query["realmId"] == client.twin.credentials["realm_id"]
    form = {"grant_type": "authorization_code", "code": query["code"], "redirect_uri": back}
    first = (await token(client, **form)).body
    assert first["token_type"] == "bearer"
    assert first["expires_in"] == 3600
    assert first["x_refresh_token_expires_in"] == 8_726_400
    used = await token(client, **form)
    assert (used.status, used.body["error"]) == (400, "invalid_grant")
    client.headers["Authorization"] = f"Bearer {first['access_token']}"
    assert (await client.get("preferences")).status == 200


async def test_refresh_token_changes_after_a_day_only(client: Client) -> None:
    start = client.twin.credentials["refresh_token"]
    first = (await refresh(client, start)).body
    assert first["refresh_token"] == start
    client.clock.advance(24 * 3600)
    second = (await refresh(client, start)).body
    assert second["refresh_token"] != start
    dead = await refresh(client, start)
    assert (dead.status, dead.body) == (400, DEAD)
    assert (await refresh(client, second["refresh_token"])).status == 200


async def test_F79_former_refresh_token_after_a_lost_reply(client: Client) -> None:
    client.twin.switches.refresh_rotation = "always"
    client.twin.switches.previous_refresh_token = "grace"
    start = client.twin.credentials["refresh_token"]
    client.twin.faults.extend([{"system": "qbo", "kind": "lost_reply", "path": "/oauth2/*"}])
    with pytest.raises(aiohttp.ClientError):
        await refresh(client, start)
    again = await refresh(client, start)
    assert again.status == 200
    client.twin.switches.previous_refresh_token = "dead"
    assert (await refresh(client, start)).body == DEAD
    assert (await refresh(client, again.body["refresh_token"])).status == 200


async def test_unused_refresh_token_dies(client: Client) -> None:
    client.clock.advance(8_726_401)
    assert (await refresh(client, client.twin.credentials["refresh_token"])).body == DEAD


async def test_wrong_client_and_wrong_form(client: Client) -> None:
    start = client.twin.credentials["refresh_token"]
    wrong = await token(client, secret="guess", grant_type="refresh_token", refresh_token=start)
    assert (wrong.status, wrong.body) == (401, {"error": "invalid_client"})
    odd = await token(client, grant_type="password")
    assert (odd.status, odd.body) == (400, {"error": "unsupported_grant_type"})


async def test_expired_access_token_is_a_gateway_fault(client: Client) -> None:
    client.clock.advance(3600)
    answer = await client.get("preferences")
    assert answer.status == 401
    fault: dict[str, Any] = answer.body["fault"]
    assert fault["type"] == "AUTHENTICATION"
    (error,) = fault["error"]
    assert error["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert error["detail"].startswith("Token expired: ")
    assert error["code"] == "3200"
    assert answer.body["queryResponse"] is None
    assert isinstance(answer.body["time"], int)


@pytest.mark.parametrize("value", ["", "Bearer x", "Basic abc", "Bearer " + "x" * 5000])
async def test_malformed_tokens(client: Client, value: str) -> None:
    client.headers["Authorization"] = value
    answer = await client.get("preferences")
    assert answer.status == 401
    detail = answer.body["fault"]["error"][0]["detail"]
    assert detail == "Malformed bearer token: too short or too long"


async def test_F31_wrong_realm_is_403(client: Client) -> None:
    answer = await client.send("GET", f"{client.url}/v3/company/1234/preferences")
    assert answer.status == 403
    assert answer.body["fault"]["error"][0]["code"] == "3100"
    assert answer.body["fault"]["type"] == "AUTHORIZATION"


async def test_F82_revoking_either_token_ends_the_connection(client: Client) -> None:
    credentials = client.twin.credentials
    auth = aiohttp.encode_basic_auth(credentials["client_id"], credentials["client_secret"])
    client.headers["Authorization"] = auth
    url = f"{client.url}/v2/oauth2/tokens/revoke"
    done = await client.send("POST", url, {"token": credentials["access_token"]})
    assert (done.status, done.raw) == (200, b"")
    assert (await refresh(client, credentials["refresh_token"])).body == DEAD
    del client.headers["Authorization"]
    answer = await client.get("preferences")
    assert answer.body["fault"]["error"][0]["detail"] == "Token revoked"


async def test_user_info_needs_a_token(client: Client) -> None:
    url = f"{client.url}/v1/openid_connect/userinfo"
    assert (await client.send("GET", url)).body["sub"] == "sandbox-user"
    client.headers["Authorization"] = "Bearer nothing-of-ours-at-all"
    assert (await client.send("GET", url)).status == 401


async def test_hard_expiry_on_request(client: Client) -> None:
    credentials = client.twin.credentials
    auth = aiohttp.encode_basic_auth(credentials["client_id"], credentials["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": credentials["refresh_token"]}
    headers = {
        "Authorization": auth,
        "x-include-refresh-token-hard-expires-in": "true",
    }
    url = client.twin.addresses(client.url)["token_url"]
    async with client.session.post(url, data=form, headers=headers) as answer:
        assert (await answer.json())["x_refresh_token_hard_expires_in"] == 156_032_154


async def test_credentials_stay_out_of_the_log(client: Client) -> None:
    await refresh(client, client.twin.credentials["refresh_token"])
    text = str(client.twin.log.rows)
    for secret in ("refresh_token", "access_token", "client_secret"):
        assert client.twin.credentials[secret] not in text
