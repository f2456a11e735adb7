"""A disk that is full or read-only, for real: nothing is sent, it is said, and nothing is lost.

F92. Needs root, which may mount a small file system in memory; elsewhere the ledger's own refusal
to grow stands in (``test_platform``).
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.model.ids import Kind
from ledger.store.errors import LedgerUnavailable
from tests.scenarios.test_identity import new_supplier
from tests.scenarios.village import settled
from tests.town import QBO, Town

ROOM = 48 * 1024 * 1024
"""For a ledger with its log, and a little to spare."""


def _mount(*words: str) -> bool:
    done = subprocess.run(["mount", *words], capture_output=True, check=False)
    return done.returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def disk_of(folder: Path, size: int) -> Iterator[Path]:
    """A real file system of so many bytes at ``folder``; skips where none may be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder.mkdir(parents=True)
    if not _mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "small", str(folder)):
        pytest.skip("this machine's root may not mount a file system")
    try:
        yield folder
    finally:
        _unmount(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk_of(tmp_path / "disk", ROOM) as folder:
        yield folder


def fill_up(folder: Path, *, leave: int = 0) -> Path:
    """Use up the disk, to the last byte or but for ``leave`` bytes."""
    hog = folder / "hog"
    disk = os.statvfs(folder)
    with hog.open("wb", buffering=0) as file:
        left = disk.f_bavail * disk.f_frsize - leave
        try:
            while left > 0:
                left -= file.write(b"\0" * min(left, 65_536))
        except OSError:
            pass  # there is no more
    return hog


async def thirty_new_vendors(one: Town) -> None:
    """Thirty suppliers in DEAR that a person has just allowed in the books."""
    for n in range(30):
        await new_supplier(one, f"Grove Lumber {n}")
    await one.cycle()
    await one.approve_all()


def vendors(one: Town) -> list[str]:
    return sorted(stored.name for stored in one.qbo.state.all("Vendor"))


async def refused(one: Town) -> str:
    """What a cycle says that could not write the ledger."""
    report = await one.cycle()
    assert not report.complete
    (problem,) = [p for p in report.problems if p.code == "ledger"]
    assert problem.cure
    return problem.message


async def assert_all_is_made_good(one: Town, before: int) -> None:
    await one.settle()
    names = vendors(one)
    assert len(names) == len(set(names)) == 33
    assert len(one.writes("qbo")) > before
    assert await one.ledger.read(lambda views: views.open_intents()) == []
    assert (await one.ledger.verify()).is_sound


async def test_F92_nothing_is_sent_while_the_disk_is_full_to_the_last_byte(
    small_disk: Path,
) -> None:
    async with settled(small_disk, create={Kind.VENDOR: {QBO: "ask"}}) as one:
        await thirty_new_vendors(one)
        before = len(one.writes("qbo"))
        hog = fill_up(small_disk)

        for _ in range(3):
            assert "could not be written" in await refused(one)
        assert len(one.writes("qbo")) == before

        hog.unlink()
        await assert_all_is_made_good(one, before)


async def test_F92_nothing_is_sent_below_the_room_that_answers_need(small_disk: Path) -> None:
    async with settled(small_disk, create={Kind.VENDOR: {QBO: "ask"}}) as one:
        one.scheduler.company.min_free = 16 * 1024 * 1024
        await thirty_new_vendors(one)
        before = len(one.writes("qbo"))
        hog = fill_up(small_disk, leave=8 * 1024 * 1024)

        message = await refused(one)

        assert "ledger.min_free is 16 MiB" in message
        assert len(one.writes("qbo")) == before
        assert await one.ledger.read(lambda views: views.open_intents()) == []

        hog.unlink()
        await assert_all_is_made_good(one, before)


async def test_F92_nothing_is_sent_while_the_disk_is_read_only(small_disk: Path) -> None:
    """As it looks after the system has made a disk with errors read-only."""
    async with settled(small_disk, create={Kind.VENDOR: {QBO: "ask"}}) as one:
        one.scheduler.company.min_free = 1024 * 1024
        await thirty_new_vendors(one)
        before = len(one.writes("qbo"))
        assert _mount("--bind", str(small_disk), str(small_disk))
        try:
            assert _mount("-o", "remount,bind,ro", str(small_disk))
            assert "mounted read-only" in await refused(one)
            assert len(one.writes("qbo")) == before
        finally:
            _unmount(small_disk)
        await assert_all_is_made_good(one, before)


async def test_a_backup_that_finds_no_room_leaves_nothing_and_says_where(
    small_disk: Path, tmp_path: Path
) -> None:
    async with settled(tmp_path / "state") as one:
        hog = fill_up(small_disk, leave=200_000)
        with pytest.raises(LedgerUnavailable, match="has no room for the copy") as refused:
            await one.ledger.backup(small_disk / "one.backup")
        assert "ledger.backup.folder" in refused.value.cure
        assert list(small_disk.iterdir()) == [hog]
        hog.unlink()
        assert (await one.ledger.backup(small_disk / "one.backup")).proved
