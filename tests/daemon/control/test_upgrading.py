"""Before a ledger is upgraded there is a proved copy that the version before can read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.control.upgrading import copy_before_upgrade, told_progress
from ledger.store.errors import LedgerUnavailable
from ledger.store.ledger import Ledger
from tests.ledger.store.old_format import made_old
from tests.ledger.store.support import BEGIN, KEY, Ticking
from tests.ledger.store.test_upgrade import version_of
from tests.ledger.store.test_verify import told

__all__ = ["told"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new.db"


@pytest.fixture
def old(told: Path, tmp_path: Path) -> Path:
    path = tmp_path / "state" / "ledger.db"
    path.parent.mkdir()
    made_old(told, path, 2, key=KEY)
    return path


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_an_old_ledger_is_copied_first(old: Path, tmp_path: Path, elsewhere: bool) -> None:
    folder = tmp_path / "copies" if elsewhere else None
    copy = await copy_before_upgrade(old, key=KEY, now=BEGIN, folder=folder)
    assert copy is not None
    assert copy == (folder or old.parent) / "ledger.format-2-20250301T093000Z.backup"
    assert version_of(copy) == 2
    ledger = await Ledger.open(old, now=Ticking(), key=KEY, progress=told_progress())
    await ledger.close()
    assert await copy_before_upgrade(old, key=KEY, now=BEGIN, folder=folder) is None


async def test_nothing_is_copied_where_nothing_is_changed(told: Path, tmp_path: Path) -> None:
    assert await copy_before_upgrade(told, key=KEY, now=BEGIN, folder=None) is None
    nowhere = tmp_path / "nowhere.db"
    assert await copy_before_upgrade(nowhere, key=KEY, now=BEGIN, folder=None) is None


@contextmanager
def a_file_in_the_way(folder: Path) -> Iterator[None]:
    folder.write_text("no folder")
    yield
    folder.unlink()


async def test_without_a_copy_nothing_is_upgraded(old: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    with a_file_in_the_way(folder), pytest.raises(LedgerUnavailable) as refused:
        await copy_before_upgrade(old, key=KEY, now=BEGIN, folder=folder)
    assert "ledger.backup.folder" in refused.value.cure
    assert version_of(old) == 2
