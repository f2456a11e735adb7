"""Somebody sets the clock of our machine, summer begins, a year has a day more: work goes on."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.config.load import parse
from daemon.config.policy import make_calendar
from daemon.control.periods import parse_period
from daemon.cycle.schedule import LAST_FULL_KEY, Scheduler
from tests.scenarios.papers import bill_of, line, nothing_twice, numbers, office, settle, sold
from tests.scenarios.support import nothing_doubled, require_sound
from tests.scenarios.village import books, settled
from tests.town import Town

DAY = 86_400.0


@pytest.mark.parametrize("seconds", [-40 * DAY, -DAY, -3600, 3600, DAY, 20 * DAY])
async def test_37_a_clock_that_is_set_loses_nothing_and_doubles_nothing(
    tmp_path: Path, seconds: float
) -> None:
    async with settled(tmp_path) as one:
        one.set_our_clock(seconds)
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
        first = await one.cycle("after the clock was set")
        assert first.complete
        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal("12.50")
        one.set_our_clock(-seconds)
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 13.5}})
        second = await one.cycle("after it was put right")
        assert second.complete
        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal("13.50")
        await one.settle()
        nothing_doubled(one)
        await require_sound(one)


async def test_37_documents_go_on_while_the_clock_is_wrong(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        one.set_our_clock(-2 * DAY)
        await settle(one)
        one.set_our_clock(3 * DAY)
        sale = sold(one, line("BR-1", 2, "8.5"))
        await settle(one)
        one.set_our_clock(-DAY)
        await settle(one)
        assert numbers(one, "purchaseorder") == [order]
        assert [numbers(one, kind) for kind in ("bill", "invoice")] == [["V-1"], [sale]]
        nothing_twice(one)


async def _full_looks(one: Town, scheduler: Scheduler, hours: int) -> list[datetime]:
    """When, within so many hours from now, everything was looked at whole."""
    found = []
    for _ in range(hours):
        one.clock.advance(3600.0)
        before = await one.ledger.read(lambda views: views.runtime(LAST_FULL_KEY))
        await scheduler.run_now("hourly")
        if await one.ledger.read(lambda views: views.runtime(LAST_FULL_KEY)) != before:
            found.append(one.clock.now())
    return found


async def test_37_one_full_look_a_day_also_when_the_clocks_change_and_after_a_wrong_date(
    tmp_path: Path,
) -> None:
    zone = ZoneInfo("America/Chicago")
    async with settled(tmp_path) as one:
        scheduler = Scheduler(
            one.scheduler.company, poll_s=3600, full_at=time(2, 30), timezone=zone
        )
        to_saturday = datetime(2026, 3, 7, 12, tzinfo=UTC) - one.clock.now()
        one.clock.advance(to_saturday.total_seconds())
        await scheduler.run_now("the day before")
        # 02:30 does not exist on 2026-03-08 in Chicago.
        looks = await _full_looks(one, scheduler, 48)
        days = [at.astimezone(zone).date().isoformat() for at in looks]
        assert days == ["2026-03-08", "2026-03-09"]

        one.set_our_clock(20 * DAY)
        await scheduler.run_now("with a wrong date")
        one.set_our_clock(-20 * DAY)
        assert len(await _full_looks(one, scheduler, 26)) == 2, "one at once, then the daily one"


def test_37_the_29th_of_february_is_a_day_like_any_other() -> None:
    text = (Path(__file__).parents[1] / "daemon/config/files/good/smallest.yaml").read_text()
    freeze = 'schedule: {freeze: [{from: 2028-02-29, to: 2028-02-29, reason: "stocktaking"}]}\n'
    calendar = make_calendar(parse((text + freeze).encode(), name="c", folder=Path("/")))
    noon = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert calendar.shut(noon) is not None
    assert calendar.shut(noon + timedelta(days=1)) is None
    assert calendar.shut(noon - timedelta(days=1)) is None
    assert parse_period("2028-02").last.isoformat() == "2028-02-29"
    assert parse_period("2027-02").last.isoformat() == "2027-02-28"
    with pytest.raises(ValueError, match="2027-02-29"):
        parse_period("2027-02-29..2027-03-01")
