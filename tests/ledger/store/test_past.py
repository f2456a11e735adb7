"""The ledger as it stood: after every entry, exactly what the daemon had folded by then."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ledger.store.engine import inline, reading
from ledger.store.errors import LedgerDamaged
from ledger.store.ledger import Ledger
from ledger.store.past import in_the_past
from ledger.store.shadow import FOLDED, WAITS
from ledger.store.verify import verify_file
from ledger.store.views import Views
from tests.ledger.store.stories import Step, play, stories
from tests.ledger.store.support import KEY, QBO, Ticking, item, item_ref, see

Tables = dict[str, list[Any]]


def tables(db: sqlite3.Connection) -> Tables:
    return {
        name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in (*FOLDED, *WAITS)
    }


def then(path: Path, seq: int) -> Tables:
    with closing(reading(path, key=KEY)()) as db:
        return in_the_past(db, key=KEY, seq=seq, query=lambda _: tables(db))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(story=stories)
async def test_any_story_can_be_looked_back_on(
    story: list[list[Step]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("past") / "ledger.db"
    ledger = await Ledger.open(path, now=Ticking(), key=KEY, executor=inline)
    stood: dict[int, Tables] = {}
    try:
        for chapter in story:
            await play(ledger, [chapter])
            with closing(reading(path, key=KEY)()) as db:
                stood[ledger.head] = tables(db)
        for seq, kept in stood.items():
            if seq:
                assert then(path, seq) == kept
    finally:
        await ledger.close()


async def first_three(ledger: Ledger) -> None:
    for number in range(3):
        draft = ledger.draft()
        see(draft, ledger, item_ref(QBO, number), item(f"Bolt {number}"))
        await ledger.append(draft)


async def test_views_see_nothing_that_came_later(ledger: Ledger) -> None:
    await first_three(ledger)

    def ask(views: Views) -> tuple[int, int, list[str]]:
        record = views.record_of(item_ref(QBO, 0))
        assert record is not None
        life = [type(row.entry).__name__ for row in views.history(record)]
        assert views.record_of(item_ref(QBO, 2)) is None
        return views.head()[0], sum(c.live for c in views.counts()), life

    assert await ledger.at(1, ask) == (1, 1, ["Observed"])
    assert (await ledger.read(lambda views: views.head()))[0] == 3


async def test_the_file_is_left_as_it_is(ledger: Ledger, path: Path) -> None:
    await first_three(ledger)
    before = path.read_bytes()
    await ledger.at(2, lambda views: views.head())
    assert path.read_bytes() == before
    await ledger.close()
    assert verify_file(path, key=KEY).is_sound


async def test_progress_is_of_what_is_folded(ledger: Ledger, path: Path) -> None:
    await first_three(ledger)
    seen: list[tuple[int, int]] = []
    with closing(reading(path, key=KEY)()) as db:
        in_the_past(db, key=KEY, seq=2, query=lambda _: None, progress=lambda *at: seen.append(at))
    assert seen[-1] == (2, 2)


async def test_a_journal_that_was_changed_is_no_ground(ledger: Ledger, path: Path) -> None:
    await first_three(ledger)
    await ledger.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER journal_is_not_updated")
        db.execute("UPDATE journal SET actor = 'nobody' WHERE seq = 2")
        db.commit()
    assert then(path, 1)
    with pytest.raises(LedgerDamaged, match="entry 2 was changed"):
        then(path, 3)
