"""What the daemon says it is doing, looked at from outside while it does it."""

from pathlib import Path

from daemon.cycle.report import IDLE, Activity
from ledger.model.entries import Intended
from tests.town import Town, town


def watched(one: Town) -> list[tuple[str, str, Activity]]:
    """Fills with system, method and activity at every request from now on."""
    seen: list[tuple[str, str, Activity]] = []

    def look(system: str, method: str, path: str) -> None:
        if "/oauth2/" not in path and "/_sandbox/" not in path:
            seen.append((system, method, one.scheduler.activity))

    one.faults.on_request = look
    return seen


async def test_reading_counts_pages_and_writing_counts_operations(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        assert one.scheduler.activity == IDLE
        seen = watched(one)
        first = await one.cycle("first load")
        reading = [activity for _, _, activity in seen]
        assert {activity.step for activity in reading} == {"reading"}
        assert {activity.cycle for activity in reading} == {first.cycle}
        assert {activity.reason for activity in reading} == {"first load"}
        pages = [activity.done for activity in reading]
        assert pages == sorted(pages)
        assert pages[-1] > 0

        approved = await one.approve_all()
        seen.clear()
        report = await one.cycle()
        assert report.sent > 0
        writing = [a for _, method, a in seen if a.step == "writing" and method == "POST"]
        assert writing
        assert max(activity.of for activity in writing) <= approved
        assert all(activity.done < activity.of for activity in writing)
        assert one.scheduler.activity == IDLE


async def test_an_open_end_is_told_as_settling(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.cycle("first load")
        await one.approve_all()
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"})
        await one.cycle()
        assert any(isinstance(entry, Intended) for entry in await one.entries())
        assert await one.ledger.read(lambda views: views.open_intents())
        seen = watched(one)
        await one.cycle()
        settling = [activity for _, _, activity in seen if activity.step == "settling"]
        assert settling
        assert all((activity.done, activity.of) == (0, 1) for activity in settling)


async def test_cycles_that_did_something_are_kept_and_others_are_not(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        scheduler = one.scheduler
        told, newest = scheduler.ended_count, scheduler.ended[-1]
        assert told == len(scheduler.ended)
        await one.cycle("nothing to do")
        assert (scheduler.ended_count, scheduler.ended[-1]) == (told, newest)
