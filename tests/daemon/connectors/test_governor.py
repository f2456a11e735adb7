"""The pace of one connection, on a clock that passes only by sleeping."""

import asyncio
import random
from datetime import UTC, datetime

import pytest

from daemon.clock import SystemClock
from daemon.connectors.governor import MARGIN_S, Governor, Meter
from daemon.sandbox.qbo.limits import Limits
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.errors import Stopping, Throttled
from tests.daemon.connectors.clocks import FastClock

MINUTE = 60 + MARGIN_S
"""When what started at the beginning has left its window."""


def governor(clock: FastClock, **limits: object) -> Governor:
    settings: dict[str, object] = {"per_second": 8, "per_minute": 450, "in_flight": 6}
    return Governor(clock, **(settings | limits))  # type: ignore[arg-type]


async def starts(clock: FastClock, paced: Governor, count: int, lane: str = "") -> list[float]:
    times: list[float] = []

    async def call() -> None:
        async with paced.slot(lane):
            times.append(clock.monotonic())

    for _ in range(count):
        await call()
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(1 for t in times if start <= t < start + seconds) for start in times)


async def test_no_second_and_no_minute_ever_holds_more_starts_than_allowed() -> None:
    clock = FastClock()
    times = await starts(clock, governor(clock, per_minute=100), 250)
    assert most_within(times, 0.999) == 8
    assert most_within(times, 59.999) == 100
    assert times[-1] < 140, "and the pace is used up to its limit"


async def test_less_than_one_call_a_second_is_spaced_evenly() -> None:
    clock = FastClock()
    times = await starts(clock, governor(clock, per_second=0.5), 4)
    assert times == pytest.approx([n * (2 + MARGIN_S) for n in range(4)])


async def test_no_call_is_refused_however_unevenly_they_travel() -> None:
    """``papers`` 100021: a full second's calls a whole second after the last ones came within one
    second of the other side's clock."""
    clock, there = FastClock(), FastClock()
    limits = Limits(there, QboSwitches())
    travel = random.Random("travel")
    sent = await starts(clock, governor(clock), 2_000)
    for arrived in sorted(at + travel.uniform(0, MARGIN_S) for at in sent):
        there.advance(arrived - there.monotonic())
        limits.admit()
    assert limits.throttled == 0


async def test_a_lane_has_its_own_limit_and_does_not_stop_the_others() -> None:
    clock = FastClock()
    paced = governor(clock, lanes={"batch": 2})
    async with paced.slot("batch"), paced.slot("batch"):
        pass
    third = asyncio.ensure_future(starts(clock, paced, 1, "batch"))
    others = await starts(clock, paced, 3)
    assert others[-1] < 1
    assert await third >= [60.0]


async def test_calls_in_flight_are_capped_and_served_in_order() -> None:
    clock = FastClock()
    paced = governor(clock, in_flight=2, per_second=100)
    order: list[int] = []
    running = 0
    most = 0
    doors = [asyncio.Event() for _ in range(6)]

    async def call(number: int) -> None:
        nonlocal running, most
        async with paced.slot():
            order.append(number)
            running += 1
            most = max(most, running)
            await doors[number].wait()
            running -= 1

    calls = [asyncio.ensure_future(call(n)) for n in range(6)]
    for door in doors:
        await asyncio.sleep(0)
        door.set()
    await asyncio.gather(*calls)
    assert order == [0, 1, 2, 3, 4, 5]
    assert most == 2


async def test_F83_a_pause_is_shared_and_ends_with_jitter() -> None:
    clock = FastClock()
    paced = governor(clock)
    paced.pause(60)
    paced.pause(5)
    times = await starts(clock, paced, 2)
    assert 60 <= times[0] <= 66
    assert paced.budget.throttled == 2


async def test_cancelling_a_waiter_lets_the_next_one_go() -> None:
    clock = FastClock()
    paced = governor(clock, in_flight=1)
    opened = asyncio.Event()

    async def hold() -> None:
        async with paced.slot():
            await opened.wait()

    holder = asyncio.ensure_future(hold())
    waiting = asyncio.ensure_future(starts(clock, paced, 1))
    after = asyncio.ensure_future(starts(clock, paced, 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    opened.set()
    await holder
    assert len(await after) == 1
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert paced.budget.calls == 2, "the cancelled one was never counted"


async def test_F84_metered_reads_end_with_the_month_and_begin_anew() -> None:
    clock = FastClock(datetime(2026, 5, 31, 23, 0, tzinfo=UTC))
    paced = governor(clock, metered_per_month=2)
    for _ in range(2):
        async with paced.slot(metered=True):
            pass
    async with paced.slot():
        pass
    with pytest.raises(Throttled, match="all 2 metered reads") as caught:
        async with paced.slot(metered=True):
            pass
    assert 0 < caught.value.retry_after <= 3600
    assert paced.budget.metered_left == 0
    clock.advance(3600)
    async with paced.slot(metered=True):
        pass
    assert paced.budget.metered_left == 1


async def test_F84_those_who_wait_together_do_not_overspend() -> None:
    clock = FastClock()
    paced = governor(clock, per_second=1, metered_per_month=2)

    async def read() -> bool:
        try:
            async with paced.slot(metered=True):
                return True
        except Throttled:
            return False

    assert sum(await asyncio.gather(*(read() for _ in range(4)))) == 2
    assert paced.budget.metered_reads == 2


async def test_the_meter_survives_a_restart_within_its_month() -> None:
    clock = FastClock()
    first = governor(clock, metered_per_month=10)
    async with first.slot(metered=True):
        pass
    second = governor(clock, metered_per_month=10)
    async with second.slot(metered=True):
        pass
    second.restore(first.meter)
    assert second.budget.metered_reads == 2
    second.restore(Meter(month="2026-04", spent=500))
    assert second.budget.metered_reads == 2


async def test_a_stop_ends_every_wait_at_once_and_lets_no_further_call_begin() -> None:
    clock = SystemClock()
    paced = Governor(clock, per_second=1000, per_minute=1, in_flight=2, lanes={"batch": 1})
    begun: list[str] = []

    async def call(lane: str = "") -> None:
        async with paced.slot(lane):
            begun.append(lane)

    async with paced.slot("batch"):  # this one is under way and goes on
        waiting = [asyncio.ensure_future(call(lane)) for lane in ("", "batch", "batch", "")]
        waiting.append(asyncio.ensure_future(paced.rest(3600)))
        await asyncio.sleep(0)
        paced.stop()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [Stopping] * 5
    with pytest.raises(Stopping):
        await call()
    assert begun == []


async def test_a_kept_place_is_used_at_once_whatever_comes_between() -> None:
    clock = FastClock()
    paced = governor(clock, per_minute=3, lanes={"batch": 2})
    times: list[float] = []
    async with paced.place("batch"), paced.place("batch"):
        assert await starts(clock, paced, 1) == [0.0]
        times += await starts(clock, paced, 2, "batch")
    assert times == [0.0, 0.0]
    assert await starts(clock, paced, 1, "batch") == [MINUTE], "each of them counts once"


async def test_a_place_counts_from_the_moment_in_which_it_is_used() -> None:
    clock = FastClock()
    paced = governor(clock, lanes={"batch": 1})
    async with paced.place("batch"):
        clock.advance(10)
        assert await starts(clock, paced, 1, "batch") == [10.0]
    assert await starts(clock, paced, 1, "batch") == [10 + MINUTE]


async def test_a_place_that_nobody_used_is_lost_and_no_later_call_gets_it() -> None:
    clock = FastClock()
    paced = governor(clock, lanes={"batch": 1})
    async with paced.place("batch"):
        pass
    assert await starts(clock, paced, 1, "batch") == [MINUTE]


async def test_reads_take_nobodys_place() -> None:
    clock = FastClock()
    paced = governor(clock, per_second=1)
    async with paced.place():
        async with paced.slot(metered=True):
            assert clock.monotonic() == 1 + MARGIN_S
        async with paced.slot():
            assert clock.monotonic() == 1 + MARGIN_S


async def test_a_pause_holds_back_even_who_has_a_place() -> None:
    clock = FastClock()
    paced = governor(clock)
    async with paced.place():
        paced.pause(30)
        (at,) = await starts(clock, paced, 1)
    assert at >= 30


async def test_a_stop_ends_the_wait_for_a_place_and_voids_those_that_are_kept() -> None:
    clock = SystemClock()
    paced = Governor(clock, per_second=1000, per_minute=1, in_flight=2)

    async def keep() -> None:
        async with paced.place():
            pass

    async with paced.place():
        waiting = asyncio.ensure_future(keep())
        await asyncio.sleep(0)
        paced.stop()
        with pytest.raises(Stopping):
            await waiting
        with pytest.raises(Stopping):
            async with paced.slot():
                pass
