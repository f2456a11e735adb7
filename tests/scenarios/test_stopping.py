"""SIGTERM while the daemon works: no request begins any more, no wait for the pace is sat out, and
what was under way is settled at the next start."""

import asyncio
from pathlib import Path

import pytest

from daemon.cycle.report import Link
from tests.daemon.catalogue.support import active, catalogue, sku
from tests.scenarios.support import (
    dear_rows,
    nothing_doubled,
    qbo_rows,
    require_sound,
    save_in_qbo,
    village,
)
from tests.scenarios.test_identity import new_supplier
from tests.town import DEAR, QBO, Town

PRODUCTS = 8


class StopAt:
    """Tells the scheduler to stop while the n-th request of a sort is under way, and writes down
    what still comes after it."""

    def __init__(self, one: Town, number: int, *, system: str, method: str) -> None:
        self._one = one
        self._left = number
        self._wanted = (system, method)
        self.at: float | None = None
        self.later: list[str] = []
        one.faults.on_request = self.seen

    def seen(self, system: str, method: str, path: str) -> None:
        if self.at is not None:
            self.later.append(f"{system} {method} {path}")
            return
        self._left -= (system, method) == self._wanted
        if self._left == 0:
            self.at = self._one.clock.monotonic()
            self._one.scheduler.stop()


def prices(one: Town) -> list[int]:
    return sorted(int(row["PriceTier1"]) for row in dear_rows(one, "item"))


@pytest.mark.parametrize("number", [1, 3])
async def test_F93_a_stop_begins_no_request_and_sits_out_no_pace(
    tmp_path: Path, number: int
) -> None:
    """DEAR takes four calls a minute here, so that every write waits for the next minute."""
    async with village(tmp_path, catalogue(PRODUCTS)) as one:
        await one.agree()
        one.dear_settings = {"rate": {"per_minute": 4, "burst": 4}}
        await one.restart()
        for n in range(PRODUCTS):
            save_in_qbo(one, "item", sku(n), UnitPrice=100 + n)
        stop = StopAt(one, number, system="dear", method="PUT")
        report = await one.cycle()
        assert stop.at is not None, "it was stopped while it wrote to DEAR"
        assert stop.later == []
        assert one.clock.monotonic() == stop.at, "nobody slept through a limit"
        assert report.sent == number
        assert report.problems == []
        links = {name: status.link for name, status in one.scheduler.health.items()}
        assert links == {QBO: Link.CONNECTED, DEAR: Link.CONNECTED}, "no system is to blame"

        one.faults.on_request = None
        one.dear_settings = {}
        await one.restart()
        one.clock.advance(3600)
        await one.settle()
        assert prices(one) == [100 + n for n in range(PRODUCTS)]
        assert len(one.writes("dear")) == PRODUCTS
        await require_sound(one)


async def test_a_stop_while_reading_asks_for_no_further_page(tmp_path: Path) -> None:
    async with village(tmp_path, catalogue(PRODUCTS)) as one:
        await one.agree()
        stop = StopAt(one, 1, system="qbo", method="GET")
        report = await one.scheduler.run_now("full", full=True)
        assert stop.at is not None
        assert not report.complete
        assert report.problems == []
        assert len(stop.later) <= 1, "one of the other system may have been on its way"
        one.faults.on_request = None
        await one.restart()
        assert (await one.scheduler.run_now("full", full=True)).complete
        await require_sound(one)


async def test_a_request_that_is_cut_off_is_looked_up_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    """One that does not end in time is cancelled by the supervisor; its intent stays open."""
    async with village(tmp_path, catalogue(2)) as one:
        await one.agree()
        await new_supplier(one, "Cut Off Works")
        running: list[asyncio.Task[object]] = []

        def cut_off(system: str, method: str, path: str) -> None:
            if system == "qbo" and method == "POST":
                one.scheduler.stop()
                running[0].cancel()

        one.faults.on_request = cut_off
        running.append(asyncio.ensure_future(one.cycle()))
        with pytest.raises(asyncio.CancelledError):
            await running[0]
        one.faults.on_request = None
        (intent,) = await one.ledger.read(lambda views: views.open_intents(QBO))
        assert len(intent.items) == 1

        await one.restart()
        one.clock.advance(3600)
        await one.settle()
        assert await one.ledger.read(lambda views: views.open_intents(QBO)) == []
        made = [row for row in qbo_rows(one, "vendor") if row["DisplayName"] == "Cut Off Works"]
        assert len(made) == 1
        assert len(active(one)) == 2
        nothing_doubled(one)
        await require_sound(one)
