"""A short soak, so that the long one cannot rot; and its own instruments."""

from datetime import timedelta
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.sandbox.requestlog import Exchange, RequestLog
from tests.soak.company import BEGIN, SoakClock
from tests.soak.story import Plan, soak
from tests.soak.traffic import Traffic
from tests.soak.vitals import slope
from tests.town import Wire

KILLS = 5


async def test_a_daemon_that_is_killed_again_and_again_keeps_its_promises(tmp_path: Path) -> None:
    told: list[str] = []
    plan = Plan(seed=4, kills=KILLS, minutes=0.2, scale=60.0, rest_every=KILLS)
    run, outcome = await soak(plan, tmp_path, told.append)
    assert not outcome.problems, "\n".join(told)
    assert sum(outcome.kills.values()) == KILLS
    assert [life.process.returncode for life in run.daemon.lives].count(-9) == KILLS
    assert run.traffic.requests, "no daemon ever asked anything"
    assert outcome.entries["Intended"], "nothing was ever to be written"
    assert any(life.vitals for life in outcome.calm), "nobody looked at the process"


def test_processes_that_are_told_one_start_agree_on_the_time() -> None:
    clock = SoakClock(40.0)
    other = SystemClock(40.0, clock.start)
    assert abs(clock.now() - BEGIN) < timedelta(minutes=5)
    assert abs(clock.now() - other.now()) < timedelta(seconds=5)
    clock.advance(7200)
    assert clock.now() - other.now() > timedelta(hours=1, minutes=59)
    assert abs(clock.now() - SystemClock(40.0, clock.start).now()) < timedelta(seconds=5)


def test_a_slope_is_that_of_the_line_through_the_values() -> None:
    assert slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)
    assert slope([0, 1, 2], [4, 4, 4]) == 0
    assert slope([1, 1], [3, 9]) == 0


def test_nobody_edits_dear_between_the_daemons_look_and_its_write() -> None:
    wire, log = Wire(), RequestLog(SystemClock())
    traffic = Traffic(wire, log)

    def ask(method: str, *, answered: bool = True) -> bool:
        wire.take("dear", method, "/ExternalApi/v2/product")
        if answered:
            path = "/ExternalApi/v2/product"
            log.add(Exchange(system="dear", method=method, path=path, status=200, query="ID=7"))
        return traffic.may_edit_dear

    assert ask("GET", answered=False)
    assert not ask("GET")
    assert not ask("PUT", answered=False)
    log.add(Exchange(system="dear", method="PUT", path="/product", status=200))
    assert traffic.may_edit_dear
    assert ask("GET"), "the look right after the write is the last one"
    assert not ask("GET")
    traffic.died()
    assert traffic.may_edit_dear
