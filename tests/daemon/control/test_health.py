"""Health: what is told of connections, budgets, logins and the process - and what never is."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from daemon.connectors.base import Limit
from daemon.connectors.calls import KEPT, Call, CallLog, kind_of_thing
from daemon.control.client import ControlClient
from daemon.control.desk import Desk, Facts
from daemon.control.health import Lag, budget
from daemon.control.keeping import Keeper
from daemon.control.server import ControlServer
from tests.daemon.control.conftest import Office
from tests.town import KEY, Town, town

STARTED = "2026-03-02T15:00:00Z"


@asynccontextmanager
async def watched(one: Town) -> AsyncIterator[ControlClient]:
    """A client of the control socket over a town."""
    keeper = Keeper(ledger=one.ledger, key=KEY, clock=one.clock)
    facts = Facts(
        instance="acme",
        company="Acme",
        version="0",
        approvals_expire_after=timedelta(hours=1),
        started_at=STARTED,
        config_path="/etc/trueup.yaml",
    )
    desk = Desk(keeper=keeper, scheduler=one.scheduler, clock=one.clock, facts=facts)
    server = ControlServer(desk, one.folder / "control.sock")
    await server.start()
    try:
        async with ControlClient(server.path) as client:
            yield client
    finally:
        await server.close()


async def test_calls_are_told_without_anything_of_theirs(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as client:
        await one.cycle()
        await one.cycle()
        health = await client.health()
        assert {call.system for call in health.calls} == {"qbo", "dear"}
        kinds = {call.path for call in health.calls}
        assert {"login", "cdc", "query", "me"} <= kinds
        assert all(re.fullmatch(r"[A-Za-z-]+(/[A-Za-z-]+)?", kind) for kind in kinds)
        assert all(call.status == 200 and not call.note for call in health.calls[:1])
        assert all(call.tid for call in health.calls if call.path in {"cdc", "query"})
        assert [call.at for call in health.calls] == sorted(
            (call.at for call in health.calls), reverse=True
        )
        told = msgspec.json.encode(health).decode()
        secrets = (one.qbo.credentials | one.dear.credentials).values()
        assert not [secret for secret in secrets if str(secret) in told]


async def test_budgets_and_logins_are_told(tmp_path: Path) -> None:
    rates = {"rates": {"metered_reads_per_month": 400_000}}
    async with town(tmp_path, qbo_settings=rates) as one, watched(one) as client:
        await one.cycle()
        health = await client.health()
        budgets = {(b.system, b.name): b for b in health.budgets}
        assert {name for system, name in budgets if system == "dear"} == {"in flight", "per minute"}
        metered = budgets["qbo", "metered reads per month"]
        assert 0 < metered.used < metered.limit
        assert metered.forecast is not None
        assert metered.forecast > metered.used
        assert "by 2026-03-31" in metered.text
        assert ("qbo", "batches per minute") in budgets
        (login,) = health.tokens
        assert login.system == "qbo"
        now = one.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        assert now < login.access_until < login.refresh_until


async def test_before_the_first_call_nothing_is_claimed(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as client:
        health = await client.health()
        assert health.calls == ()
        (login,) = health.tokens
        assert (login.access_until, login.refresh_until) == ("", "")
        assert (health.started_at, health.config_path) == (STARTED, "/etc/trueup.yaml")
        assert health.rss_bytes > 0


async def test_a_lost_reply_and_a_refusal_are_told_apart(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as client:
        await one.agree()
        one.fail({"system": "qbo", "kind": "lost_reply", "path": "*/cdc"})
        one.fail({"system": "dear", "kind": "throttle"})
        await one.cycle()
        calls = (await client.health()).calls
    lost = [call for call in calls if call.status == 0]
    assert [(call.path, call.note) for call in lost] == [("cdc", "no whole answer")]
    busy = [call for call in calls if "too many calls" in call.note]
    assert [call.system for call in busy] == ["dear"]


async def test_care_of_the_ledger_is_remembered(office: Office, daemon: ControlClient) -> None:
    before = await daemon.health()
    assert (before.backup_at, before.verified_at) == ("", "")
    await office.two_prices()
    await daemon.verify()
    office.clock.at += timedelta(hours=1)
    await daemon.backup()
    after = await daemon.health()
    assert (after.verified_at[:16], after.backup_at[:16]) == (
        "2026-08-01T12:00",
        "2026-08-01T13:00",
    )
    assert after.ledger_entries == office.ledger.head
    assert after.ledger_bytes >= office.ledger.path.stat().st_size


@pytest.mark.parametrize(
    ("day", "used", "forecast", "told"),
    [
        (16, 1_000, 2_000, "2,000 of 10,000"),
        (16, 4_500, 9_000, "tight"),
        (16, 6_000, 12_000, "they will not last"),
        (1, 50, 1_500, "1,500 of 10,000"),  # two hours are no pace: taken as a day
    ],
)
def test_the_forecast_goes_by_the_pace_so_far(
    day: int, used: int, forecast: int, told: str
) -> None:
    limit = Limit(name="metered reads per month", used=used, limit=10_000, month="2026-06")
    hour = 0 if day > 1 else 2
    shown = budget("qbo", limit, datetime(2026, 6, day, hour, tzinfo=UTC))
    assert shown.forecast == forecast
    assert told in shown.text
    assert ("qbo.rates.metered_reads_per_month" in shown.text) == (forecast > 10_000)


async def test_the_loop_is_told_to_have_stood_still(daemon: ControlClient) -> None:
    class Late:
        """Wakes late by what is next in the list, then ends the sampler."""

        def __init__(self) -> None:
            self.at, self.late = 0.0, [0.0, 0.3, 0.05]

        def now(self) -> datetime:
            raise AssertionError("instants are not asked for")

        def monotonic(self) -> float:
            return self.at

        async def sleep(self, seconds: float) -> None:
            if not self.late:
                raise StopAsyncIteration
            self.at += seconds + self.late.pop(0)

    lag = Lag(Late())
    with pytest.raises((StopAsyncIteration, RuntimeError)):
        await lag.run()
    assert lag.worst_ms == 300.0
    assert (await daemon.health()).loop_lag_ms == 0.0


def test_only_the_last_calls_are_kept_and_can_be_remarked_on() -> None:
    log = CallLog()
    at = datetime(2026, 6, 1, tzinfo=UTC)
    numbers = [log.next_number() for _ in range(KEPT + 5)]
    for number in numbers:
        log.add(Call(number=number, at=at, method="GET", what="bill", status=200, ms=1))
    log.remark(numbers[0], "long gone")
    log.remark(numbers[-1], "refused: 5010")
    log.remark(numbers[-1], "again")
    assert len(log.calls) == KEPT
    assert log.calls[-1].note == "refused: 5010, again"
    assert {call.note for call in log.calls[:-1]} == {""}


@pytest.mark.parametrize(
    ("path", "words", "shown"),
    [
        ("/query", 1, "query"),
        ("/bill/1234", 2, "bill"),
        ("/companyinfo/4620816365", 2, "companyinfo"),
        ("/purchase/order", 2, "purchase/order"),
        ("/sale/0c9a1c4e-aaaa-bbbb-cccc-000000000000", 2, "sale"),
        ("/", 1, ""),
    ],
)
def test_of_an_address_only_the_words_are_kept(path: str, words: int, shown: str) -> None:
    assert kind_of_thing(path, words=words) == shown
