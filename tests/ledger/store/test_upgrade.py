"""A ledger of an earlier version opens, becomes one of this version, and is what it would have been
had this version written it all along."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.backup import backup_file, manifest_path, restore
from ledger.store.errors import LedgerTooNew, LedgerTooOld
from ledger.store.ledger import Ledger
from ledger.store.migrate import file_version, known_version
from ledger.store.rebuild import rebuild
from ledger.store.verify import verify_file
from tests.ledger.store.old_format import FOLD_VERSIONS, made_old
from tests.ledger.store.support import BEGIN, KEY, Ticking
from tests.ledger.store.test_verify import everything, told

__all__ = ["told"]


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return file_version(db)


@pytest.fixture(params=sorted(FOLD_VERSIONS))
def old(request: pytest.FixtureRequest, told: Path, tmp_path: Path) -> Path:
    """A ledger of an earlier format with the same journal as ``told``."""
    path = tmp_path / "old" / "ledger.db"
    path.parent.mkdir()
    made_old(told, path, request.param, key=KEY)
    assert version_of(path) == request.param < known_version()
    return path


async def test_an_old_ledger_is_upgraded_when_it_is_opened(old: Path, told: Path) -> None:
    steps: list[tuple[int, int]] = []
    ledger = await Ledger.open(
        old, now=Ticking(), key=KEY, progress=lambda done, total: steps.append((done, total))
    )
    try:
        assert (await ledger.verify()).problems == ()
        upgraded = await ledger.read(everything)
    finally:
        await ledger.close()
    assert version_of(old) == known_version()
    assert rebuild(old, key=KEY, now=Ticking()).differences == ()
    assert verify_file(old, key=KEY).head == verify_file(told, key=KEY).head
    modern = await Ledger.open(told, now=Ticking(), key=KEY)
    try:
        assert await modern.read(everything) == upgraded
    finally:
        await modern.close()
    assert steps[-1] == (9, 9), "whoever waits is told how far it is"


async def test_readers_of_this_version_say_who_upgrades(old: Path) -> None:
    with pytest.raises(LedgerTooOld) as refused:
        verify_file(old, key=KEY)
    assert "Start the daemon once" in refused.value.cure


async def test_a_backup_of_an_old_ledger_is_proved_as_it_is_and_comes_back_upgraded(
    old: Path, told: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "before.backup"
    manifest = backup_file(old, copy, now=BEGIN, key=KEY)
    assert manifest.proved
    assert version_of(copy) == version_of(old)
    before = copy.read_bytes()
    restore(copy, told, key=KEY, by="ann", now=Ticking())
    assert copy.read_bytes() == before, "the backup stays one that the old version can read"
    report = verify_file(told, key=KEY)
    assert report.is_sound
    assert report.entries == manifest.entries + 1
    assert manifest_path(copy).exists()


async def test_an_older_program_refuses_what_this_one_wrote(told: Path) -> None:
    """The way back is its own backup: it knows one format less than the file has."""
    with closing(sqlite3.connect(told)) as db:
        db.execute("INSERT INTO migration VALUES (?, 'next', '2030')", (known_version() + 1,))
        db.commit()
    before = told.read_bytes()
    with pytest.raises(LedgerTooNew, match="has format") as refused:
        await Ledger.open(told, now=Ticking(), key=KEY)
    assert "Install the version" in refused.value.cure
    assert told.read_bytes() == before
