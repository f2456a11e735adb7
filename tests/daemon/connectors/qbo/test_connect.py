"""A person gives access to the company and takes it back, against the simulator's own pages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from daemon.connectors.consent import MOST_PENDING, NoConsent, Why
from daemon.connectors.loginserver import may_receive_secrets
from daemon.connectors.oauth import Phase
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault, Tokens
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.errors import Transient, Unauthorised
from tests.browser import press
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.servers import serving

BACK = "http://localhost:8047/callback"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[QboBench]:
    rotating = QboSwitches(refresh_rotation="always")
    async with open_bench(tmp_path, switches=rotating) as found:
        yield found


def fresh(bench: QboBench, **changes: Any) -> QboConnector:
    """As after the first start: no refresh token is configured."""
    return bench.reopen(**({"refresh_token": None} | changes))


async def connect(connector: QboConnector) -> None:
    await connector.take_answer(await press((await connector.ask_consent()).url))


def stored(bench: QboBench) -> Tokens | None:
    realm = bench.twin.credentials["realm_id"]
    return FileVault(bench.folder, system="qbo", realm=realm, key=b"k" * 32).load()


def standing(connector: QboConnector) -> Phase:
    return connector.login_phase()


def asked(bench: QboBench) -> int:
    """Requests to the token address."""
    return sum(row["path"] == TOKEN_PATH for row in bench.twin.log.rows)


async def test_the_question_is_what_intuit_expects(bench: QboBench) -> None:
    question = await fresh(bench).ask_consent()
    url = URL(question.url)
    assert str(url.with_query(None)) == f"{bench.url}/connect/oauth2", "by the discovery document"
    assert dict(url.query) == {
        "client_id": bench.twin.credentials["client_id"],
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": BACK,
        "state": question.state,
    }
    assert len(question.state) >= 43, "256 bits"
    assert (await fresh(bench).ask_consent()).state != question.state


async def test_from_nothing_to_a_login_that_renews_itself(bench: QboBench) -> None:
    connector = fresh(bench)
    assert standing(connector) is Phase.MISSING
    with pytest.raises(Unauthorised, match="nobody has authorised") as refused:
        await connector.check()
    assert refused.value.cure.endswith("trueup connect --reconnect")

    await connect(connector)

    assert standing(connector) is Phase.FRESH
    health = await connector.check()
    assert health.plan == "QuickBooks Online Plus"
    life = connector.login_life
    assert life is not None
    assert life.refresh_until is not None
    assert life.hard_until is not None, "asked for with the header of its own"
    bench.clock.advance(2 * 3600)
    assert (await fresh(bench).check(anew=True)).home_currency == "USD"
    assert asked(bench) == 2, "the code, and one renewal"


async def test_an_answer_is_taken_once_and_in_time(bench: QboBench) -> None:
    connector = fresh(bench)
    answer = await press((await connector.ask_consent()).url)
    await connector.take_answer(answer)
    for text in (answer, f"{answer}&state=x"):
        with pytest.raises(NoConsent, match="no question that is open") as again:
            await connector.take_answer(text)
        assert again.value.why is Why.STALE

    question = await connector.ask_consent()
    bench.clock.advance(1801)
    with pytest.raises(NoConsent, match="too late"):
        await connector.take_answer(await press(question.url))
    assert asked(bench) == 1


async def test_a_refused_answer_has_closed_its_question(bench: QboBench) -> None:
    connector = fresh(bench)
    url = (await connector.ask_consent()).url
    with pytest.raises(NoConsent, match="access_denied"):
        await connector.take_answer(await press(url, "Cancel"))
    with pytest.raises(NoConsent, match="no question"):
        await connector.take_answer(await press(url))


async def test_questions_do_not_pile_up(bench: QboBench) -> None:
    connector = fresh(bench)
    urls = [(await connector.ask_consent()).url for _ in range(MOST_PENDING + 1)]
    with pytest.raises(NoConsent, match="no question"):
        await connector.take_answer(await press(urls[0]))
    await connector.take_answer(await press(urls[1]))


async def test_F31_another_company_is_refused_by_its_last_digits(bench: QboBench) -> None:
    connector = fresh(bench)
    answer = await press((await connector.ask_consent()).url, "another company")
    with pytest.raises(NoConsent, match="nothing was stored") as refused:
        await connector.take_answer(answer)
    told = str(refused.value)
    for realm in (bench.twin.credentials["realm_id"], bench.twin.tokens.other_realm_id):
        assert f"...{realm[-4:]}" in told
        assert realm not in told
    assert stored(bench) is None
    assert asked(bench) == 0


async def test_connecting_again_outlasts_a_restart_and_the_token_in_the_configuration(
    bench: QboBench,
) -> None:
    await bench.connector.check()
    before = stored(bench)
    await connect(bench.connector)
    after = stored(bench)
    assert before is not None
    assert after is not None
    assert after.refresh_token not in {before.refresh_token, before.former_refresh_token}

    again = bench.reopen()
    assert standing(again) is Phase.FRESH, "the old file is still there, and overrules nothing"
    await again.check()
    known = stored(bench)
    assert known is not None
    assert known.refresh_token == after.refresh_token


async def test_a_renewal_under_way_does_not_overwrite_the_new_login(bench: QboBench) -> None:
    """Whichever answer comes first: the person's login is the one that stays."""
    connector = bench.connector
    for turn in range(2):
        await connector.check()
        bench.clock.advance(2 * 3600)
        answer = await press((await connector.ask_consent()).url)
        both = [connector.check(anew=True), connector.take_answer(answer)]
        if turn:
            both.reverse()
        await asyncio.gather(*both)
        kept = stored(bench)
        assert kept is not None
        newest = bench.twin.tokens._grants[-1]
        assert kept.refresh_token == newest.refresh_token


async def test_F79_a_person_ends_reauth_needed_without_a_restart(bench: QboBench) -> None:
    connector = bench.connector
    await connector.check()
    bench.twin.faults.extend([{"system": "qbo", "kind": "invalid_grant", "path": TOKEN_PATH}])
    bench.twin.faults.extend([{"system": "qbo", "kind": "invalid_grant", "path": TOKEN_PATH}])
    bench.clock.advance(5 * 3600)
    with pytest.raises(Unauthorised):
        await connector.check()
    assert standing(connector) is Phase.REAUTH_NEEDED

    await connect(connector)

    assert standing(connector) is Phase.FRESH
    assert (await connector.check()).company_name


async def test_F82_a_login_that_was_ended_stays_ended(bench: QboBench) -> None:
    connector = bench.connector
    await connector.check()
    known = stored(bench)
    assert known is not None

    assert await connector.end_login() is True

    left = stored(bench)
    assert left is not None
    assert (left.refresh_token, left.former_refresh_token, left.access_token) == ("", "", "")
    requests = len(bench.twin.log.rows)
    for one in (connector, bench.reopen()):  # the token of the configuration begins nothing anew
        assert standing(one) is Phase.DISCONNECTED
        with pytest.raises(Unauthorised, match="trueup disconnect") as refused:
            await one.check()
        assert refused.value.state == "disconnected"
    assert len(bench.twin.log.rows) == requests, "nothing is asked"
    assert await connector.end_login() is False, "there is nothing left to end"
    await connect(connector)
    assert standing(connector) is Phase.FRESH


async def test_a_login_that_could_not_be_revoked_is_kept_unless_one_insists(
    bench: QboBench,
) -> None:
    connector = bench.connector
    await connector.check()
    down = {"system": "qbo", "kind": "status", "status": 503, "path": "/v2/oauth2/*"}
    bench.twin.faults.extend([down, down])
    with pytest.raises(Transient):
        await connector.end_login()
    assert standing(connector) is Phase.FRESH
    assert await connector.end_login(even_unheard=True) is False
    assert standing(connector) is Phase.DISCONNECTED


def config(bench: QboBench, **changes: Any) -> QboConfig:
    return bench.config(refresh_token=None, **changes)


async def test_where_the_answer_goes(bench: QboBench) -> None:
    assert config(bench).answer_url == BACK
    https = "https://books.example/trueup"
    assert config(bench, redirect_uri=https).answer_url == https
    with pytest.raises(ValueError, match="https"):
        config(bench, redirect_uri="http://books.example/trueup")
    question = await fresh(bench).ask_consent(port=9123)
    assert question.redirect_uri == "http://localhost:9123/callback"
    with pytest.raises(NoConsent, match="not on this machine") as refused:
        await fresh(bench, redirect_uri=https).ask_consent(port=9123)
    assert "--paste" in refused.value.cure


async def test_production_needs_an_address_of_its_own(bench: QboBench) -> None:
    real = fresh(bench, environment="production", base_url=None)
    with pytest.raises(NoConsent, match=r"qbo\.redirect_uri is not set") as refused:
        await real.ask_consent()
    assert refused.value.why is Why.REDIRECT


def test_pages_are_those_of_the_login_service_that_is_configured(bench: QboBench) -> None:
    assert config(bench).pages_url == f"{bench.url}/.well-known/openid_sandbox_configuration"
    real = config(bench, environment="production", base_url=None, token_url=None)
    assert real.pages_url.endswith("/.well-known/openid_configuration")
    assert URL(real.pages_url).host == "developer.api.intuit.com"


async def test_pages_of_somebody_else_get_nothing(bench: QboBench) -> None:
    async def discovery(_request: web.Request) -> web.Response:
        return web.json_response(
            {"authorization_endpoint": "https://evil.example", "revocation_endpoint": "http://["}
        )

    async with serving(discovery) as url:
        connector = fresh(bench, token_url=f"{url}/tokens")
        with pytest.raises(Transient, match="authorization_endpoint"):
            await connector.ask_consent()
        with pytest.raises(Transient, match="revocation_endpoint"):
            await bench.reopen(token_url=f"{url}/tokens").end_login()


@pytest.mark.parametrize(
    ("found", "known", "may"),
    [
        ("https://appcenter.intuit.com/connect", "https://oauth.platform.intuit.com/t", True),
        ("http://appcenter.intuit.com/connect", "https://oauth.platform.intuit.com/t", False),
        ("https://intuit.com.evil.example/", "https://oauth.platform.intuit.com/t", False),
        ("https://evilintuit.com/", "https://oauth.platform.intuit.com/t", False),
        ("http://127.0.0.1:8801/x", "http://127.0.0.1:8801/t", True),
        ("http://127.0.0.1:8802/x", "http://127.0.0.1:8801/t", False),
        ("http://169.254.169.254/", "http://127.0.0.1:8801/t", False),
    ],
)
def test_which_addresses_may_be_sent_a_secret(found: str, known: str, may: bool) -> None:
    assert may_receive_secrets(found, known) is may
