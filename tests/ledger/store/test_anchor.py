"""Heads noted elsewhere find what the chain alone cannot: a cut, a rebuilt chain, another file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.model.errors import ConfigProblem
from ledger.store.anchor import Anchor, compare_file, note_in, noted_in
from ledger.store.backup import backup_file, restore
from ledger.store.instants import instant
from ledger.store.journal import GENESIS, line_hash
from ledger.store.ledger import Ledger
from ledger.store.rebuild import rebuild
from ledger.store.verify import verify_file
from ledger.store.views import Views
from tests.ledger.store.support import BEGIN, KEY, QBO, Ticking, item, item_ref, see

EVERY = 5


async def told(path: Path, anchors: Path, *, first: int = 0, count: int = 20) -> None:
    """A ledger of so many entries, every fifth of them anchored when it was the newest."""
    clock = Ticking()
    ledger = await Ledger.open(path, now=clock, key=KEY)
    for number in range(first, first + count):
        draft = ledger.draft()
        see(draft, ledger, item_ref(QBO, number), item(f"Widget {number}"))
        await ledger.append(draft)
        seq, head = await ledger.read(Views.head)
        if seq % EVERY == 0:
            note_in(anchors, Anchor(at=instant(clock.at), instance="acme", seq=seq, hash=head))
    await ledger.close()


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "acme.anchors"


@pytest.fixture
async def sound(path: Path, anchors: Path) -> Path:
    anchors.parent.mkdir()
    await told(path, anchors)
    return path


def rebuilt(path: Path, *statements: str) -> None:
    """What somebody does who knows the format: change entries, then give all of them hashes that
    fit, and make the tables again, so that the ledger is sound in itself."""
    with closing(sqlite3.connect(path)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        prev = GENESIS
        rows = db.execute("SELECT seq, at, actor, cycle, type, body FROM journal ORDER BY seq")
        for row in rows.fetchall():
            digest = line_hash(prev, row[:5], row[5])
            db.execute(
                "UPDATE journal SET prev = ?, hash = ? WHERE seq = ?", (prev, digest, row[0])
            )
            prev = digest
        for _, sql in kept:
            db.execute(sql)
        db.commit()
    rebuild(path, key=KEY, now=Ticking())
    assert verify_file(path, key=KEY).is_sound, "the chain alone does not tell"


def test_a_sound_ledger_agrees_with_all_its_anchors(sound: Path, anchors: Path) -> None:
    report = compare_file(sound, noted_in(anchors))
    assert (report.compared, report.agreed, report.problems, report.notes) == (4, 20, (), ())


def test_a_ledger_that_was_cut_short_is_found_with_the_first_entry_that_is_gone(
    sound: Path, anchors: Path
) -> None:
    rebuilt(sound, "DELETE FROM journal WHERE seq > 12")
    report = compare_file(sound, noted_in(anchors))
    assert report.agreed == 10
    assert len(report.problems) == 2
    assert report.problems[0].startswith(
        "entry 13 is missing: the ledger ends at entry 12, and entry 15 was anchored 2025-03-01T"
    )


def test_a_changed_entry_with_rebuilt_hashes_is_found_between_two_anchors(
    sound: Path, anchors: Path
) -> None:
    rebuilt(sound, "UPDATE journal SET actor = 'nobody' WHERE seq = 8")
    report = compare_file(sound, noted_in(anchors))
    assert report.agreed == 5
    assert len(report.problems) == 3
    assert "from one of entries 6 to 10 on the chain was rebuilt" in report.problems[0]


async def test_another_ledger_in_its_place_is_found_at_once(sound: Path, anchors: Path) -> None:
    sound.unlink()
    await told(sound, anchors.with_name("others"), first=100)
    report = compare_file(sound, noted_in(anchors))
    assert report.agreed == 0
    assert len(report.problems) == 4
    assert "from one of entries 1 to 5 on" in report.problems[0]


def test_an_entry_that_somebody_put_between_is_found(sound: Path, anchors: Path) -> None:
    rebuilt(
        sound,
        "UPDATE journal SET seq = -seq - 1 WHERE seq > 17",
        "UPDATE journal SET seq = -seq WHERE seq < 0",
        "INSERT INTO journal SELECT 18, at, actor, cycle, type, body, prev, x'00' FROM journal"
        " WHERE seq = 17",
    )
    report = compare_file(sound, noted_in(anchors))
    assert report.agreed == 15
    assert "from one of entries 16 to 20 on" in report.problems[0]


async def test_a_restore_is_a_note_and_what_was_anchored_since_counts(
    sound: Path, anchors: Path
) -> None:
    old = sound.with_name("old.backup")
    backup_file(sound, old, now=BEGIN, key=KEY)
    await told(sound, anchors, first=20, count=10)
    later = Ticking()
    later.at = BEGIN.replace(hour=12)
    restore(old, sound, key=KEY, by="ann", now=later)
    report = compare_file(sound, noted_in(anchors))
    assert report.problems == ()
    assert [note.split(",")[0] for note in report.notes] == ["entry 25", "entry 30"]
    late = Anchor(at=instant(BEGIN.replace(hour=13)), seq=21, hash="00" * 32)
    assert len(compare_file(sound, [*noted_in(anchors), late]).problems) == 1


def test_a_bare_hash_is_looked_for_in_the_whole_chain(sound: Path, anchors: Path) -> None:
    third = noted_in(anchors)[2]
    assert compare_file(sound, [], heads=[third.hash]).agreed == third.seq == 15
    (problem,) = compare_file(sound, [], heads=["ab" * 32]).problems
    assert "no entry of 1 to 20 has the hash abab" in problem
    with pytest.raises(ConfigProblem, match="not a hash"):
        compare_file(sound, [], heads=["abc"])


def test_a_line_cut_short_by_a_crash_costs_that_line_only(sound: Path, anchors: Path) -> None:
    anchors.write_bytes(anchors.read_bytes()[:-20])
    report = noted_in(anchors)
    assert [one.seq for one in report] == [5, 10, 15]
    note_in(anchors, report[0])
    assert [one.seq for one in noted_in(anchors)] == [5, 10, 15, 5]
    assert anchors.stat().st_mode & 0o777 == 0o600


def test_a_file_without_an_anchor_of_this_company_proves_nothing(anchors: Path) -> None:
    anchors.parent.mkdir()
    note_in(anchors, Anchor(at=instant(BEGIN), instance="other", seq=1, hash="00" * 32))
    with pytest.raises(ConfigProblem, match="no anchor of acme"):
        noted_in(anchors, instance="acme")
    with pytest.raises(ConfigProblem, match="cannot be read"):
        noted_in(anchors.with_name("nowhere"))
