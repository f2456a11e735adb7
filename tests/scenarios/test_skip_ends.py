"""What is set aside until an instant is told with that end, and taken up then by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from daemon.control import skipping, valves
from daemon.control.desk import Desk
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import DriftQuery, QueueQuery, TimelineQuery
from daemon.control.protocol_valves import PauseRequest, ResumeRequest, SkipRequest
from daemon.cycle.report import CycleReport
from ledger.model.entries import SkipEnded, Skipped
from ledger.model.facts import HoldCode
from tests.scenarios.support import require_sound
from tests.scenarios.test_valves import price, refused, shown_price
from tests.scenarios.village import BOOKKEEPER, desk, held, pending, settled
from tests.town import Town

CHICAGO = "America/Chicago"
TOMORROW = "2026-03-03"
"""The village's clock begins on 2 March 2026, 15:00 UTC: nine in the morning in Chicago."""
ENDS = "2026-03-03T06:00:00.000000Z"


def office(one: Town) -> Desk:
    """The desk of a company in Chicago."""
    found = desk(one)
    found.facts = msgspec.structs.replace(found.facts, timezone=CHICAGO)
    return found


async def aside(one: Town, record: str, until: str, reason: str = "stocktaking") -> str:
    request = SkipRequest(record=record, reason=reason, until=until)
    return (await skipping.skip(office(one), BOOKKEEPER, request)).text


@asynccontextmanager
async def changed(folder: Path) -> AsyncIterator[Town]:
    """A bolt costs more in DEAR, and the change was planned and not sent."""
    async with settled(folder) as one:
        await valves.pause(desk(one), BOOKKEEPER, PauseRequest(reason="wait"))
        await price(one, "BOLT", 12)
        await one.cycle()
        yield one


async def resume(one: Town) -> None:
    await valves.resume(desk(one), BOOKKEEPER, ResumeRequest(reason="go on"))


async def pass_to(one: Town, instant: str) -> None:
    one.clock.advance((datetime.fromisoformat(instant) - one.clock.now()).total_seconds())


async def test_an_end_is_a_day_of_the_company_and_everywhere_told(tmp_path: Path) -> None:
    async with changed(tmp_path) as one:
        text = await aside(one, "BOLT", TOMORROW)
        await resume(one)
        await one.cycle()

        assert text.endswith("until it changes or 2026-03-03 00:00 -06:00")
        (shown,) = (await office(one).skips(limit=10)).skips
        assert shown.until == ENDS
        (row,) = (await office(one).queue(QueueQuery())).rows
        assert (row.skipped, row.until) == (True, ENDS)
        (differs,) = (await office(one).drift(DriftQuery(filter="class:skipped"))).rows
        assert (differs.state, differs.until) == ("skipped", ENDS)
        (planned,) = (await office(one).record("BOLT")).operations
        assert "2026-03-03T06:00:00Z" in planned.text
        (said,) = (await office(one).timeline(TimelineQuery(filter="entry:skipped"))).rows
        assert "until 2026-03-03T06:00:00Z" in said.text


async def test_it_is_taken_up_at_that_instant_and_not_before(tmp_path: Path) -> None:
    async with changed(tmp_path) as one:
        await aside(one, "BOLT", TOMORROW)
        await resume(one)
        await pass_to(one, "2026-03-03T05:59:59Z")
        await one.cycle(after_s=0)
        assert shown_price(one, "Bolt") == 10

        await one.cycle(after_s=1)

        assert shown_price(one, "Bolt") == 12
        assert (await office(one).skips(limit=10)).skips == ()
        assert [e.until for e in await one.entries() if isinstance(e, SkipEnded)] == [ENDS]
        (told,) = (await office(one).timeline(TimelineQuery(filter="entry:skipended"))).rows
        assert (told.label, told.actor) == ("BOLT", "daemon")
        assert "taken up again" in told.text
        await require_sound(one)


async def test_the_daemon_wakes_for_it(tmp_path: Path) -> None:
    """The next look is at the instant itself, however long the interval."""
    async with changed(tmp_path) as one:
        await aside(one, "BOLT", TOMORROW)
        await resume(one)
        one.scheduler.reschedule(
            poll_s=timedelta(days=30).total_seconds(),
            full_at=None,
            calendar=one.scheduler.company.calendar,
        )
        looked: list[str] = []
        done = asyncio.Event()

        def watch(report: CycleReport) -> None:
            looked.append(report.started_at)
            if report.started_at > TOMORROW:
                done.set()

        one.scheduler.watchers.append(watch)
        running = asyncio.ensure_future(one.scheduler.run())
        try:
            await done.wait()
        finally:
            one.scheduler.stop()
            await running

        assert looked[-1].startswith("2026-03-03T06:00:00")
        assert shown_price(one, "Bolt") == 12


async def test_a_refusal_is_a_question_again_and_is_not_sent_by_itself(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await refused(one, "Grove Lumber")
        await one.settle()
        await aside(one, "Grove Lumber", TOMORROW)
        assert "rejected" not in (await office(one).status()).open_holds
        (trouble,) = (await office(one).troubles(pattern="rejected", limit=9, offset=0)).rows
        assert (trouble.skipped, trouble.until) == (True, ENDS)
        await pass_to(one, ENDS)
        last = one.log.last

        await one.cycle(after_s=0)

        assert (await office(one).status()).open_holds["rejected"] == 1
        assert len(await held(one, HoldCode.REJECTED)) == 1
        assert [row for row in one.writes("qbo") if row["n"] > last] == []


async def test_another_end_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async with changed(tmp_path) as one:
        await aside(one, "BOLT", TOMORROW)
        await aside(one, "BOLT", "2026-03-04T09:30")
        await resume(one)
        with pytest.raises(Declined) as caught:
            await aside(one, "BOLT", "2026-03-04T09:30")
        assert caught.value.code is Code.STALE
        await pass_to(one, ENDS)
        await one.cycle(after_s=0)
        assert shown_price(one, "Bolt") == 10
        assert not [e for e in await one.entries() if isinstance(e, SkipEnded)]
        (shown,) = (await office(one).skips(limit=10)).skips
        assert shown.until == "2026-03-04T15:30:00.000000Z"


async def test_an_end_that_is_over_or_no_instant_is_refused(tmp_path: Path) -> None:
    async with changed(tmp_path) as one:
        for until, why in (
            ("2026-03-02", "is over"),
            ("2026-03-02T15:00Z", "is over"),
            ("next week", "no instant"),
            ("9999-12-31", "no instant"),
        ):
            with pytest.raises(Declined, match=why) as caught:
                await aside(one, "BOLT", until)
            assert "until" in str(caught.value)
            assert caught.value.cure
        assert not [e for e in await one.entries() if isinstance(e, Skipped)]
        assert (await pending(one))[0].reason == "paused"


async def test_it_ends_in_a_cycle_that_hears_nobody(tmp_path: Path) -> None:
    async with changed(tmp_path) as one:
        await aside(one, "BOLT", TOMORROW)
        await pass_to(one, ENDS)
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 0})
        await one.cycle(after_s=0)
        assert (await office(one).skips(limit=10)).skips == ()
