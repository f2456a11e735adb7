"""Backups are proved before they count; a restore keeps what it replaces and asks for care."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ledger.model.entries import FirstPlanApproved, Restored
from ledger.model.facts import Cursor
from ledger.model.ids import Kind
from ledger.store.backup import Manifest, backup_file, manifest_path, restore
from ledger.store.errors import LedgerDamaged, LedgerLocked, LedgerMissing, WrongKey
from ledger.store.ledger import Ledger
from ledger.store.verify import verify_file
from ledger.store.views import Views
from tests.ledger.store.support import BEGIN, KEY, QBO, Ticking, item_ref, see


async def fill(ledger: Ledger, first: int = 0, count: int = 10) -> None:
    draft = ledger.draft()
    for number in range(first, first + count):
        see(draft, ledger, item_ref(QBO, number))
    await ledger.append(draft)


@pytest.fixture
async def saved(ledger: Ledger, tmp_path: Path) -> Path:
    """A backup of ten entries and an approved first plan, of a ledger that then went on."""
    await fill(ledger)
    draft = ledger.draft()
    draft.add(FirstPlanApproved(by="ann"))
    draft.cursor(Cursor(system=QBO, kind=Kind.ITEM, token="t1", complete=True))
    await ledger.append(draft)
    target = tmp_path / "saved" / "one.db"
    await ledger.backup(target)
    await fill(ledger, 10)
    return target


async def test_a_backup_is_one_file_that_verifies_with_its_manifest(
    ledger: Ledger, saved: Path
) -> None:
    assert sorted(path.name for path in saved.parent.iterdir()) == [
        "one.db",
        "one.db.manifest.json",
    ]
    manifest = msgspec.json.decode(manifest_path(saved).read_bytes(), type=Manifest)
    report = verify_file(saved, key=KEY)
    assert report.is_sound
    assert (manifest.entries, manifest.head) == (report.entries, report.head) == (11, report.head)
    assert manifest.bytes == saved.stat().st_size
    rows = await ledger.read(lambda views: views.entries(10, 1))
    assert rows[0].hash == manifest.head


async def test_appends_go_on_during_a_backup(ledger: Ledger, path: Path, tmp_path: Path) -> None:
    await fill(ledger, count=300)
    steps: list[tuple[int, int]] = []
    copying = asyncio.ensure_future(
        asyncio.to_thread(
            lambda: backup_file(
                path,
                tmp_path / "b.db",
                now=BEGIN,
                progress=lambda done, total: steps.append((done, total)),
            )
        )
    )
    number = 1000
    while not copying.done():
        await fill(ledger, number, count=5)
        number += 5
    manifest = await copying
    assert steps[-1][0] == steps[-1][1] > 0
    assert manifest.entries >= 300
    assert verify_file(tmp_path / "b.db", key=KEY).entries == manifest.entries


async def test_a_backup_never_overwrites_another(ledger: Ledger, saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(FileExistsError, match=r"one\.db exists"):
        await ledger.backup(saved)
    assert saved.read_bytes() == before


async def test_a_restore_goes_back_and_asks_for_care(
    ledger: Ledger, saved: Path, path: Path
) -> None:
    await ledger.close()
    before = verify_file(path, key=KEY)
    report = restore(saved, path, key=KEY, by="ann", now=Ticking())
    assert report.entries == 11
    assert verify_file(Path(report.replaced), key=KEY) == before
    again = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        assert (await again.verify()).problems == ()
        (last,) = await again.read(lambda views: views.entries(11, 10))
        assert last.entry == Restored(backup_seq=11, backup_hash=report.head, by="ann")
        assert last.actor == "ann"
        assert await again.read(Views.first_plan_approved) is False
        assert await again.read(lambda views: views.cursors(QBO)) == {}
        assert await again.read(Views.dirty_count) == 10
        await fill(again, 50)
    finally:
        await again.close()


async def test_two_restores_in_one_second_keep_both_former_ledgers(
    ledger: Ledger, saved: Path, path: Path
) -> None:
    await ledger.close()
    kept = {restore(saved, path, key=KEY, by="ann", now=lambda: BEGIN).replaced for _ in range(3)}
    assert len(kept) == 3
    assert all(Path(one).exists() for one in kept)


async def test_a_restore_to_an_empty_place_replaces_nothing(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "ledger.db"
    report = restore(saved, target, key=KEY, by="ann", now=Ticking())
    assert report.replaced == ""
    assert verify_file(target, key=KEY).entries == 12


async def test_a_ledger_in_use_is_not_replaced(ledger: Ledger, saved: Path, path: Path) -> None:
    with pytest.raises(LedgerLocked):
        restore(saved, path, key=KEY, by="ann", now=Ticking())
    await fill(ledger, 90)
    assert (await ledger.verify()).is_sound


async def test_a_damaged_ledger_can_be_replaced(ledger: Ledger, saved: Path, path: Path) -> None:
    await ledger.close()
    path.write_bytes(b"spilt coffee " * 1000)
    report = restore(saved, path, key=KEY, by="ann", now=Ticking())
    assert Path(report.replaced).read_bytes().startswith(b"spilt coffee")
    assert verify_file(path, key=KEY).is_sound


@pytest.mark.parametrize("harm", ["changed", "cut", "no manifest", "bad manifest", "other key"])
async def test_a_backup_that_does_not_verify_restores_nothing(
    ledger: Ledger, saved: Path, path: Path, harm: str
) -> None:
    await ledger.close()
    key = KEY
    match harm:
        case "changed" | "no manifest":
            with closing(sqlite3.connect(saved)) as db:
                db.execute("DROP TRIGGER journal_is_not_updated")
                db.execute("UPDATE journal SET actor = 'x' WHERE seq = 3")
                db.commit()
            if harm == "no manifest":
                manifest_path(saved).unlink()
        case "cut":
            saved.write_bytes(saved.read_bytes()[:-20_000])
        case "bad manifest":
            manifest_path(saved).write_bytes(b"{")
        case _:
            key = bytes(32)
    before = path.read_bytes()
    with pytest.raises((LedgerDamaged, WrongKey)) as refused:
        restore(saved, path, key=key, by="ann", now=Ticking())
    assert str(refused.value)
    assert path.read_bytes() == before
    leftovers = [one.name for one in path.parent.iterdir() if "restoring" in one.name]
    assert leftovers == []
    again = await Ledger.open(path, now=Ticking(), key=KEY)  # the lock was given back
    await again.close()


def test_a_backup_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing, match=r"no backup at .*nowhere\.db"):
        restore(tmp_path / "nowhere.db", tmp_path / "ledger.db", key=KEY, by="ann", now=Ticking())


async def test_the_manifest_is_plain_json(saved: Path) -> None:
    manifest = json.loads(manifest_path(saved).read_text())
    assert manifest["schema"] == "trueup.ledger.backup/1"
    assert set(manifest) == {"schema", "entries", "head", "bytes", "sha256", "made_at", "proved"}
