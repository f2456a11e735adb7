"""Several write requests under way at once: who waits for whom, and what an end in between leaves.

Time is virtual and stands still while anything can go on, so "at once" is what really overlaps.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.requestlog import Exchange, LogRow
from ledger.model.entries import Intended, Paused, Resumed
from ledger.model.ids import Kind
from ledger.store.engine import inline
from tests.daemon.catalogue.support import active, catalogue
from tests.scenarios.support import killed, nothing_doubled, require_sound, sent, village
from tests.town import QBO, Town
from tests.virtualtime import LoopClock, run

ITEMS = 20
BATCH = 2
ANSWER_S = 6.0
AT_ONCE = 4
"""Of the six that may be in flight, two are for reads."""


class Watch:
    """How many batches a sandbox has in hand, and how many at most."""

    def __init__(self, one: Town) -> None:
        self.now = self.most = 0
        self.came = 0
        self.at: dict[int, Callable[[], None]] = {}
        """What happens when the n-th batch arrives."""
        one.faults.on_request = self._arrives
        self._add = one.log.add
        one.log.add = self._left  # type: ignore[method-assign]

    def _arrives(self, system: str, method: str, path: str) -> None:
        if path.endswith("/batch"):
            self.came += 1
            self.now += 1
            self.most = max(self.most, self.now)
            self.at.pop(self.came, lambda: None)()

    def _left(self, seen: Exchange) -> LogRow:
        self.now -= seen.path.endswith("/batch")
        return self._add(seen)


def play(folder: Path, story: Callable[[Town], Coroutine[Any, Any, None]], **rates: int) -> None:
    """A story over a company with items that QuickBooks lacks, approved and ready to go."""

    async def told() -> None:
        async with village(
            folder,
            catalogue(ITEMS, qbo=False),
            clock=LoopClock(),
            executor=inline,
            in_memory=True,
            qbo_settings={"batch_size": BATCH, "rates": rates},
        ) as one:
            await one.cycle("first load")
            await one.approve_all()
            one.fail(slow())
            await story(one)
            assert len(active(one)) == ITEMS
            nothing_doubled(one)
            await require_sound(one)

    run(told())


def slow(**rule: Any) -> dict[str, Any]:
    """QuickBooks takes its time for a batch."""
    every = {"system": "qbo", "kind": "slow", "path": "*/batch", "seconds": ANSWER_S, "times": 0}
    return every | rule


async def intended(one: Town) -> int:
    return sum(isinstance(entry, Intended) for entry in await one.entries())


def test_batches_of_items_are_under_way_at_once_but_leave_room_for_reads(tmp_path: Path) -> None:
    async def story(one: Town) -> None:
        watch = Watch(one)
        began = one.clock.monotonic()
        await one.cycle(after_s=0)
        assert watch.most == AT_ONCE
        assert len(sent(one, "qbo", "POST", "batch")) == ITEMS / BATCH
        assert one.clock.monotonic() - began < 4 * ANSWER_S, "ten batches, four by four"
        await one.settle()

    play(tmp_path, story)


def test_F93_a_pause_holds_back_the_very_next_request(tmp_path: Path) -> None:
    """Two batches a minute: the third waits for its place when the pause comes, and no intent of
    it is in the journal."""

    async def story(one: Town) -> None:
        watch = Watch(one)

        async def pause() -> None:
            await one.clock.sleep(30)
            draft = one.ledger.draft(actor="test")
            draft.add(Paused(system=QBO, kind=Kind.ITEM, reason="looks odd", by="mira"))
            await one.ledger.append(draft)

        await _beside(one, pause())
        assert watch.came == 2
        assert await intended(one) == 2
        draft = one.ledger.draft(actor="test")
        draft.add(Resumed(system=QBO, kind=Kind.ITEM, reason="it was right", by="mira"))
        await one.ledger.append(draft)
        await one.settle()

    play(tmp_path, story, batches_per_minute=2)


async def _beside(one: Town, other: Coroutine[Any, Any, None]) -> None:
    """One cycle, and something else while it runs."""
    async with asyncio.TaskGroup() as group:
        group.create_task(one.cycle(after_s=0))
        group.create_task(other)


def test_F93_a_stop_begins_none_and_lets_those_under_way_end(tmp_path: Path) -> None:
    async def story(one: Town) -> None:
        watch = Watch(one)
        watch.at[AT_ONCE] = one.scheduler.stop
        report = await one.cycle(after_s=0)
        assert watch.came == AT_ONCE
        assert report.confirmed == AT_ONCE * BATCH
        assert await one.ledger.read(lambda views: views.open_intents()) == []
        await one.restart()
        await one.settle()

    play(tmp_path, story)


def test_F83_after_a_refusal_for_haste_none_begins_and_the_others_end(tmp_path: Path) -> None:
    async def story(one: Town) -> None:
        one.faults.clear()
        one.fail({"system": "qbo", "kind": "throttle", "path": "*/batch", "after": 1}, slow())
        watch = Watch(one)
        report = await one.cycle(after_s=0)
        assert watch.came <= AT_ONCE
        assert report.confirmed == (watch.came - 1) * BATCH
        assert await one.ledger.read(lambda views: views.open_intents()) == []
        assert [problem.code for problem in report.problems] == ["throttled"]
        await one.settle()

    play(tmp_path, story)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_F01_a_lost_reply_among_others_leaves_one_open_end(tmp_path: Path, number: int) -> None:
    async def story(one: Town) -> None:
        one.faults.clear()
        one.fail(
            {"system": "qbo", "kind": "lost_reply", "path": "*/batch", "after": number - 1}, slow()
        )
        await one.cycle(after_s=0)
        (intent,) = await one.ledger.read(lambda views: views.open_intents())
        assert len(intent.items) == BATCH
        await one.settle()

    play(tmp_path, story)


@pytest.mark.parametrize("number", range(1, 11))
def test_F02_a_kill_with_several_under_way_loses_and_doubles_nothing(
    tmp_path: Path, number: int
) -> None:
    async def story(one: Town) -> None:
        async def life() -> None:
            await one.cycle(after_s=0)

        assert await killed(one, life(), lambda axe: axe.after_answer(number + 1))
        while await one.ledger.read(lambda views: views.open_intents()):
            await one.cycle(after_s=131)
        await one.settle()

    play(tmp_path, story)
