"""Giving access, looking and ending, over a whole company: ledger, both simulators, connectors."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from daemon.connectors.consent import Why
from daemon.control.connecting import CODES, Connecting
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_connect import (
    ConnectFinishRequest,
    ConnectRequest,
    DisconnectRequest,
)
from daemon.control.protocol_live import Role
from daemon.control.roles import ADDRESSES, LEAST
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Connected, Disconnected, Pinned
from tests.browser import press
from tests.town import DEAR, QBO, Town, town

AGAIN = ConnectRequest(reconnect=True)


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Town]:
    essentials = QboSwitches(offering="QuickBooks Online Essentials")
    nobody = {"refresh_token": None}
    async with town(tmp_path, qbo=essentials, qbo_settings=nobody) as found:
        yield found


def connecting(one: Town, nudges: list[str] | None = None) -> Connecting:
    told = [] if nudges is None else nudges
    return Connecting(one.scheduler.company, told.append)


async def answered(one: Town, desk: Connecting, request: ConnectRequest) -> ConnectFinishRequest:
    return ConnectFinishRequest(answer=await press((await desk.begin(request)).url))


async def test_what_is_found_is_told_pinned_and_signed(one: Town) -> None:
    nudges: list[str] = []
    desk = connecting(one, nudges)
    found = await desk.finish("maria (uid 7)", await answered(one, desk, ConnectRequest()))
    (qbo,) = found.systems
    assert (qbo.connected, qbo.environment, qbo.home_currency) == (True, "sandbox", "USD")
    assert qbo.plan == "QuickBooks Online Essentials"
    missing = [w.message.split(":")[0] for w in qbo.warnings if w.code == "feature_missing"]
    assert missing == ["class", "purchase_order"], "by name"
    realm = one.qbo.credentials["realm_id"]
    assert qbo.company_id == f"...{realm[-4:]}"
    assert realm not in msgspec.json.encode(found).decode()
    assert nudges == ["connected"]
    entries = await one.entries()
    assert entries[0] == Connected(system=QBO, by="maria (uid 7)")
    (pin,) = [entry for entry in entries if isinstance(entry, Pinned)]
    assert realm not in pin.fingerprint, "a keyed fingerprint"


async def test_a_login_in_force_is_not_replaced_by_accident(one: Town) -> None:
    desk = connecting(one)
    await desk.finish("maria", await answered(one, desk, ConnectRequest()))
    with pytest.raises(Declined, match="is connected") as refused:
        await desk.begin(ConnectRequest())
    assert refused.value.code is Code.GUARDED
    assert "--reconnect" in refused.value.cure
    again = await desk.finish("maria", await answered(one, desk, AGAIN))
    assert again.systems[0].connected


async def test_a_login_that_cannot_be_opened_any_more_is_replaced(one: Town) -> None:
    desk = connecting(one)
    await desk.finish("maria", await answered(one, desk, ConnectRequest()))
    key = one.folder / "vault" / "vault.key"
    key.unlink()
    await one.restart()
    desk = connecting(one)
    report = await one.cycle()
    (problem,) = report.problems
    assert "made with another key" in problem.message
    assert "trueup connect" in problem.cure
    with pytest.raises(Declined, match="made with another key"):
        await desk.disconnect("maria", DisconnectRequest(reason="test"))
    found = await desk.finish("maria", await answered(one, desk, ConnectRequest()))
    assert found.systems[0].connected
    await desk.disconnect("maria", DisconnectRequest(reason="test", force=True))


async def test_the_secret_of_the_app_is_asked_for_by_name(one: Town) -> None:
    desk = connecting(one)
    answer = await answered(one, desk, ConnectRequest())
    (one.folder / "secrets" / "client_secret").write_text("wrong")
    with pytest.raises(Declined, match="invalid_client") as refused:
        await desk.finish("maria", answer)
    assert refused.value.code is Code.GUARDED
    assert "client_id and client_secret" in refused.value.cure
    (one.folder / "secrets" / "client_id").unlink()
    with pytest.raises(Declined, match="client_id") as refused:
        await desk.begin(ConnectRequest())
    assert "qbo.client_id" in refused.value.cure


async def test_F31_a_ledger_of_another_company_is_not_connected(one: Town) -> None:
    desk = connecting(one)
    await desk.finish("maria", await answered(one, desk, ConnectRequest()))
    last = one.log.last
    one.qbo_settings["realm_id"] = "123456789"
    await one.restart()
    with pytest.raises(Declined, match="another company") as refused:
        await connecting(one).begin(AGAIN)
    assert refused.value.code is Code.GUARDED
    assert "123456789" not in str(refused.value)
    assert one.log.since(last) == [], "nothing was asked"


async def test_another_currency_is_told_at_once(one: Town) -> None:
    one.scheduler.company.home_currency = "EUR"
    desk = connecting(one)
    found = await desk.finish("maria", await answered(one, desk, ConnectRequest()))
    assert found.systems[0].connected
    assert "USD" in found.systems[0].problem
    assert "company.home_currency says EUR" in found.systems[0].problem


async def test_both_sides_are_asked_and_the_one_that_fails_is_named(one: Town) -> None:
    found = await connecting(one).look()
    told = {shown.system: shown for shown in found.systems}
    assert told["dear"].connected
    assert told["dear"].home_currency == "USD"
    assert not told["qbo"].connected
    assert "trueup connect" in told["qbo"].cure
    (one.folder / "secrets" / "application_key").write_text("wrong")
    dear = {shown.system: shown for shown in (await connecting(one).look()).systems}["dear"]
    assert not dear.connected
    assert dear.cure


@pytest.mark.parametrize(("name", "code"), [("dear", Code.BAD_REQUEST), ("ion", Code.NOT_FOUND)])
async def test_systems_without_a_login_in_a_browser(one: Town, name: str, code: Code) -> None:
    with pytest.raises(Declined) as refused:
        await connecting(one).begin(ConnectRequest(system=name))
    assert refused.value.code is code
    assert refused.value.cure
    if name == "dear":
        assert "dear.application_key" in str(refused.value)
        assert "--check" in refused.value.cure


async def test_the_end_is_signed_and_the_ledger_goes_on(one: Town) -> None:
    nudges: list[str] = []
    desk = connecting(one, nudges)
    await desk.finish("maria", await answered(one, desk, ConnectRequest()))
    request = DisconnectRequest(reason="audit", dry_run=True)
    head = one.ledger.head
    preview = await desk.disconnect("maria", request)
    assert (preview.dry_run, one.ledger.head) == (True, head)
    assert one.scheduler.company.connectors[QBO]
    done = await desk.disconnect("omar", msgspec.structs.replace(request, dry_run=False))
    assert "revoked there" in done.text
    assert nudges == ["connected", "disconnected"]
    entries = await one.entries()
    assert entries[-1] == Disconnected(system=QBO, reason="audit", by="omar")
    report = await one.cycle()
    assert [problem.code for problem in report.problems] == ["disconnected"]
    assert report.seen[DEAR].pages > 0, "the other side is read"


def test_it_is_for_administrators() -> None:
    acts = {path: ADDRESSES[path] for path in ADDRESSES if "connect" in path}
    least = {path: LEAST[act] for path, act in acts.items()}
    assert least == {
        "/v1/connect": Role.ADMIN,
        "/v1/connect/finish": Role.ADMIN,
        "/v1/connect/check": Role.OPERATOR,
        "/v1/disconnect": Role.ADMIN,
    }


def test_every_refusal_has_an_exit_code() -> None:
    assert set(CODES) == set(Why)
