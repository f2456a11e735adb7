"""Opening: one writer, readers beside it, the right key, the known format, an undamaged tail."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.model.errors import ConfigProblem
from ledger.store.engine import inline, threaded, writing
from ledger.store.errors import (
    LedgerDamaged,
    LedgerLocked,
    LedgerMissing,
    LedgerTooNew,
    LedgerTooOld,
    LedgerUnavailable,
    WrongKey,
)
from ledger.store.key import key_id, load_or_create
from ledger.store.ledger import Ledger
from ledger.store.lock import lock_path
from ledger.store.migrate import file_version, known_version, migrate, migrations, statements
from ledger.store.views import Views
from tests.ledger.store.support import BEGIN, KEY, QBO, Ticking, item_ref, see

OTHER_PROCESS = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.store.ledger import Ledger

async def main():
    ledger = await Ledger.open(
        Path(sys.argv[1]), now=lambda: datetime(2025, 3, 1, tzinfo=UTC), key=bytes(range(32)))
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await ledger.close()

asyncio.run(main())
"""


async def fill(path: Path, count: int = 3) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    draft = ledger.draft()
    for number in range(count):
        see(draft, ledger, item_ref(QBO, number))
    await ledger.append(draft)
    await ledger.close()


async def test_F06_a_second_writer_is_refused_and_told_who_writes(
    ledger: Ledger, path: Path
) -> None:
    with pytest.raises(LedgerLocked, match=f"process {os.getpid()} on ") as refused:
        await Ledger.open(path, now=Ticking(), key=KEY)
    assert "stop it first" in refused.value.cure
    holder = json.loads(lock_path(path).read_bytes())
    assert set(holder) == {"pid", "host", "started"}
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    assert await ledger.append(draft) == (1,)


async def test_F06_another_process_holds_the_lock_until_it_dies(path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OTHER_PROCESS, str(path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"open\n"
        with pytest.raises(LedgerLocked, match=f"process {process.pid} on "):
            await Ledger.open(path, now=Ticking(), key=KEY)
    finally:
        process.kill()
        await process.communicate()
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)  # the file alone locks nobody out
    await ledger.close()


async def test_a_reader_works_beside_the_writer(ledger: Ledger, path: Path) -> None:
    reader = await Ledger.open(path, now=Ticking(), key=KEY, read_only=True)
    try:
        draft = ledger.draft()
        see(draft, ledger, item_ref(QBO, 1))
        await ledger.append(draft)
        assert (await reader.read(Views.head))[0] == 1
        with pytest.raises(LedgerUnavailable, match="not open for writing"):
            await reader.append(reader.draft())
    finally:
        await reader.close()


async def test_only_the_owner_may_read_the_files(
    ledger: Ledger, path: Path, tmp_path: Path
) -> None:
    await ledger.backup(tmp_path / "copy.db")
    for file in (path, Path(f"{path}-wal"), lock_path(path), tmp_path / "copy.db"):
        assert file.stat().st_mode & 0o777 == 0o600, file


async def test_a_reader_needs_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing, match=r"no ledger at .*nowhere\.db"):
        await Ledger.open(tmp_path / "nowhere.db", now=Ticking(), key=KEY, read_only=True)


@pytest.mark.parametrize("read_only", [False, True])
async def test_another_key_is_told_apart_from_damage(path: Path, read_only: bool) -> None:
    await fill(path)
    other = bytes(32)
    with pytest.raises(WrongKey, match=key_id(KEY)):
        await Ledger.open(path, now=Ticking(), key=other, read_only=read_only)
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    await ledger.close()


async def test_F36_a_broken_link_stops_writing_and_names_the_entry(path: Path) -> None:
    await fill(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER journal_is_not_updated")
        db.execute("UPDATE journal SET actor = 'mallory' WHERE seq = 2")
        db.commit()
    with pytest.raises(LedgerDamaged, match="entry 2 was changed") as damaged:
        await Ledger.open(path, now=Ticking(), key=KEY)
    assert "restore the last backup" in damaged.value.cure
    reader = await Ledger.open(path, now=Ticking(), key=KEY, read_only=True)
    try:
        assert len(await reader.read(lambda views: views.entries(0, 10))) == 3
    finally:
        await reader.close()


async def test_a_removed_entry_is_named(path: Path) -> None:
    await fill(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER journal_is_not_deleted")
        db.execute("DELETE FROM journal WHERE seq = 2")
        db.commit()
    with pytest.raises(LedgerDamaged, match="entry 2 is missing: entry 3 follows 1"):
        await Ledger.open(path, now=Ticking(), key=KEY)


async def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_bytes(b"not a database at all " * 100)
    with pytest.raises(LedgerDamaged, match="cannot be read"):
        await Ledger.open(path, now=Ticking(), key=KEY)
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
        db.commit()
    with pytest.raises(LedgerDamaged, match="some other program"):
        await Ledger.open(path, now=Ticking(), key=KEY)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_newer_file_is_refused_with_both_versions(path: Path, read_only: bool) -> None:
    await fill(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO migration VALUES (99, '0099_later.sql', '2030-01-01')")
        db.commit()
    with pytest.raises(LedgerTooNew, match=f"has format 99, .* up to {known_version()}"):
        await Ledger.open(path, now=Ticking(), key=KEY, read_only=read_only)


async def test_a_reader_does_not_upgrade(path: Path) -> None:
    with closing(writing(path)()) as db:
        migrate(db, now=BEGIN)
        db.execute("DELETE FROM migration")
    with pytest.raises(LedgerTooOld, match="has format 0"):
        await Ledger.open(path, now=Ticking(), key=KEY, read_only=True)


def test_migrations_make_a_ledger_from_nothing_and_are_recorded(path: Path) -> None:
    with closing(writing(path)()) as db:
        assert file_version(db) == 0
        migrate(db, now=BEGIN)
        migrate(db, now=BEGIN)
        assert file_version(db) == known_version()
        names = [name for (name,) in db.execute("SELECT name FROM migration ORDER BY version")]
    assert names == [step.name for step in migrations()]
    assert [step.version for step in migrations()] == list(range(1, known_version() + 1))


def test_a_migration_that_fails_leaves_nothing(path: Path, tmp_path: Path) -> None:
    with closing(writing(path)()) as db:
        db.execute("CREATE TABLE hold (x)")  # in the way of the first step
        db.execute("DROP TABLE hold")
        db.execute("PRAGMA max_page_count = 4")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            migrate(db, now=BEGIN)
        assert file_version(db) == 0


def test_a_script_is_cut_into_statements() -> None:
    script = "CREATE TABLE a (x); -- one; two\nCREATE TRIGGER t BEFORE INSERT ON a BEGIN\n"
    script += "  SELECT 1;\nEND;\n-- the end\n"
    assert [text.strip()[:14] for text in statements(script)] == [
        "CREATE TABLE a",
        "CREATE TRIGGER",
    ]
    with pytest.raises(ValueError, match="unfinished"):
        list(statements("CREATE TABLE a (x"))


async def test_the_same_story_gives_the_same_chain(tmp_path: Path) -> None:
    heads = []
    for name, executor in (("a.db", threaded), ("b.db", inline)):
        ledger = await Ledger.open(tmp_path / name, now=Ticking(), key=KEY, executor=executor)
        draft = ledger.draft()
        see(draft, ledger, item_ref(QBO, 1))
        await ledger.append(draft)
        heads.append(await ledger.read(Views.head))
        assert (await ledger.verify()).problems == ()
        await ledger.close()
    assert heads[0] == heads[1]


async def test_a_copy_taken_in_the_middle_opens_at_a_whole_transaction(
    ledger: Ledger, path: Path, tmp_path: Path
) -> None:
    """What a crash leaves on disk: the database and its log as they lie, nothing closed."""
    for number in range(1, 30):
        draft = ledger.draft()
        for part in range(3):
            see(draft, ledger, item_ref(QBO, f"{number}-{part}"))
        await ledger.append(draft)
        if number % 10:
            continue
        copy = tmp_path / f"crash-{number}.db"
        shutil.copyfile(path, copy)
        shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        again = await Ledger.open(copy, now=Ticking(), key=KEY)
        try:
            assert again.head == number * 3
            assert (await again.verify()).problems == ()
        finally:
            await again.close()


async def test_a_torn_log_loses_the_last_transaction_whole(path: Path, tmp_path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        for number in range(5):
            draft = ledger.draft()
            for part in range(3):
                see(draft, ledger, item_ref(QBO, f"{number}-{part}"))
            await ledger.append(draft)
        copy = tmp_path / "torn.db"
        shutil.copyfile(path, copy)
        log = Path(f"{path}-wal").read_bytes()
        Path(f"{copy}-wal").write_bytes(log[: len(log) - 20_000])
    finally:
        await ledger.close()
    again = await Ledger.open(copy, now=Ticking(), key=KEY)
    try:
        assert again.head == 12
        assert (await again.verify()).problems == ()
    finally:
        await again.close()


def test_the_key_file_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    key = load_or_create(path)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o400
    assert load_or_create(path) == key
    assert key_id(key) != key_id(KEY)
    path.chmod(0o444)
    with pytest.raises(ConfigProblem, match="chmod 0400"):
        load_or_create(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ConfigProblem, match="this file has 5"):
        load_or_create(path)
