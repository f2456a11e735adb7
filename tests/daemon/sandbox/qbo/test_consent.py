"""The page on which a person gives an app access, and the codes that come of it."""

from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from tests.browser import go, press
from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.test_oauth import BACK, DEAD, refresh, token

SPENT = {"error": "invalid_grant", "error_description": "Token invalid"}


def address(client: Client, **changes: str) -> str:
    asked = {
        "client_id": client.twin.credentials["client_id"],
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": BACK,
        "state": "s-1",
    }
    return f"{client.url}/connect/oauth2?{urlencode(asked | changes)}"


def told(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def code_of(client: Client) -> dict[str, str]:
    answer = told(await press(address(client)))
    return {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": BACK,
    }


async def test_a_person_chooses_and_the_browser_goes_back_with_the_answer(client: Client) -> None:
    location = await press(address(client, state="a b&c"))
    assert location.startswith(BACK + "?")
    answer = told(location)
    assert answer["state"] == "a b&c"
    assert answer["realmId"] == client.twin.credentials["realm_id"]


async def test_cancel_is_an_answer_too(client: Client) -> None:
    answer = told(await press(address(client), "Cancel"))
    assert answer == {"error": "access_denied", "state": "s-1"}


async def test_another_company_is_another_realm_and_its_tokens_open_nothing_here(
    client: Client,
) -> None:
    answer = told(await press(address(client), "another company"))
    assert answer["realmId"] != client.twin.credentials["realm_id"]
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": BACK}
    granted = (await token(client, **form)).body
    client.headers["Authorization"] = f"Bearer {granted['access_token']}"
    assert (await client.get("preferences")).status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": "http://127.0.0.1:8047/callback"},
        {"redirect_uri": "https://evil.example/callback"},
        {"client_id": "somebody"},
        {"response_type": "token"},
        {"scope": ""},
    ],
)
async def test_what_is_not_registered_is_refused_on_the_spot(
    client: Client, changes: dict[str, str]
) -> None:
    status, location, _ = await go(address(client, **changes))
    assert (status, location) == (400, "")


async def test_a_code_works_once_for_ten_minutes_at_its_own_address(client: Client) -> None:
    form = await code_of(client)
    other = await token(client, **{**form, "redirect_uri": BACK + "?x"})
    assert (other.status, other.body) == (400, SPENT)

    form = await code_of(client)
    client.clock.advance(601)
    late = await token(client, **form)
    assert (late.status, late.body) == (400, SPENT)

    form = await code_of(client)
    assert (await token(client, **form)).status == 200
    again = await token(client, **form)
    assert (again.status, again.body) == (400, SPENT)


async def test_the_client_may_name_itself_in_the_form(client: Client) -> None:
    given = client.twin.credentials
    form = await code_of(client)
    url = client.twin.addresses(client.url)["token_url"]
    names = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
    async with client.session.post(url, data={**form, **names, "client_secret": "x"}) as answer:
        assert (answer.status, await answer.json()) == (401, {"error": "invalid_client"})
    async with client.session.post(url, data={**form, **names}) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache, no-store"


async def test_the_end_of_one_consent_leaves_the_other(client: Client) -> None:
    mine = (await token(client, **await code_of(client))).body["refresh_token"]
    credentials = client.twin.credentials
    auth = aiohttp.encode_basic_auth(credentials["client_id"], credentials["client_secret"])
    url = f"{client.url}/v2/oauth2/tokens/revoke"
    headers = {"Authorization": auth}
    async with client.session.post(url, json={"token": mine}, headers=headers) as answer:
        assert answer.status == 200
    async with client.session.post(url, json={"token": mine}, headers=headers) as answer:
        assert answer.status == 400
    assert (await refresh(client, mine)).body == DEAD
    assert (await refresh(client, credentials["refresh_token"])).status == 200
