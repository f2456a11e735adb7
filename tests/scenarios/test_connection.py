"""A login that is lost, refused, ended or revoked: nothing is inferred, nothing done twice."""

import asyncio
from decimal import Decimal
from pathlib import Path

from daemon.control.connecting import Connecting
from daemon.control.protocol_connect import ConnectFinishRequest, ConnectRequest
from daemon.cycle.report import Link
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Tombstoned
from ledger.model.ids import ExternalRef, Kind
from tests.browser import press
from tests.scenarios.connection import (
    HOUR_S,
    REVOKED,
    health,
    price,
    raise_price,
    raise_price_in_books,
)
from tests.scenarios.test_identity import new_supplier
from tests.scenarios.village import desk, problem, settled, source, written
from tests.town import QBO, Town


def refreshes(one: Town, since: int = 0) -> int:
    """Requests to Intuit's token server."""
    return sum(row["path"] == TOKEN_PATH for row in one.log.since(since))


async def test_F79_a_lost_refresh_reply_is_asked_for_again_with_the_former_token(
    tmp_path: Path,
) -> None:
    rotating = QboSwitches(refresh_rotation="always", previous_refresh_token="grace")
    async with settled(tmp_path, qbo=rotating) as one:
        one.clock.advance(2 * HOUR_S)
        await raise_price(one)
        last = one.log.last
        one.fail({"system": "qbo", "kind": "lost_reply", "path": TOKEN_PATH})

        report = await one.cycle()

        assert report.complete
        assert report.problems == []
        assert refreshes(one, last) == 2
        assert price(one) == Decimal("12.5")


async def test_F79_a_refused_login_stops_writes_and_reads_of_the_ledger_go_on(
    tmp_path: Path,
) -> None:
    rotating = QboSwitches(refresh_rotation="always", previous_refresh_token="dead")
    async with settled(tmp_path, qbo=rotating) as one:
        one.clock.advance(2 * HOUR_S)
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.fail({"system": "qbo", "kind": "lost_reply", "path": TOKEN_PATH})
        last = one.log.last

        report = await one.cycle()

        assert "refused" in problem(report, "reauth_needed")
        assert health(one, QBO).link is Link.REAUTH_NEEDED
        assert "trueup connect --reconnect" in health(one, QBO).cure
        assert written(one, last) == []
        status = await desk(one).status()
        assert {s.system: s.link for s in status.systems} == {
            "qbo": "reauth_needed",
            "dear": "connected",
        }
        assert (await desk(one).plan(limit=10, offset=0)).operations, "the price waits"

        asked = refreshes(one)
        for _ in range(3):
            await one.cycle(after_s=600)
        assert refreshes(one) == asked, "a refused token is not tried again"

        await new_supplier(one, "Grove Lumber")
        report = await one.cycle()
        assert report.planned > 0, "the other side is read, and what it shows is planned"
        assert written(one, last) == []

        await _authorise_again(one)
        await one.settle()
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99


async def _authorise_again(one: Town) -> None:
    """A person connects again; the daemon is not started anew."""
    connecting = Connecting(one.scheduler.company, one.scheduler.nudge)
    asked = await connecting.begin(ConnectRequest())
    answer = await press(asked.url)
    found = await connecting.finish("maria", ConnectFinishRequest(answer=answer))
    assert [one.connected for one in found.systems] == [True]


async def test_F80_many_callers_make_one_refresh(tmp_path: Path) -> None:
    async with settled(tmp_path, qbo=QboSwitches(refresh_rotation="always")) as one:
        one.clock.advance(2 * HOUR_S)
        last = one.log.last
        connector = one.scheduler.company.connectors[QBO]
        refs = [ExternalRef(QBO, Kind.ITEM, s.id) for s in one.qbo.state.all("Item")]

        await asyncio.gather(*(connector.read(ref) for ref in refs), one.scheduler.run_now("now"))

        assert refreshes(one, last) == 1
        assert health(one, QBO).link is Link.CONNECTED


async def test_F80_a_token_that_ends_early_is_renewed_once_and_the_write_is_done_once(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        await raise_price(one)
        one.qbo.tokens.expire_access_tokens()
        last = one.log.last

        report = await one.cycle()

        assert report.confirmed == 1
        assert refreshes(one, last) == 1
        assert len(written(one, last)) == 1


async def test_F82_revoked_access_is_named_not_retried_and_nothing_is_inferred(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.fail({"system": "qbo", "kind": "status", "status": 403, "body": REVOKED, "times": 0})
        last = one.log.last

        report = await one.cycle()

        assert problem(report, "access_revoked")
        assert health(one, QBO).link is Link.ACCESS_REVOKED
        assert "realm_id" in health(one, QBO).cure
        assert len(one.log.since(last, system="qbo")) == 1
        assert written(one, last) == []
        assert not [e for e in await one.entries() if isinstance(e, Tombstoned)]

        one.faults.clear()
        await one.settle()
        assert health(one, QBO).link is Link.CONNECTED
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99
