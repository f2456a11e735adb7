"""Proof, copies and export while the daemon runs."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.control.client import ControlClient
from daemon.control.keeping import Interrupted
from daemon.control.protocol import Code, Declined
from ledger.store.backup import manifest_path
from ledger.store.errors import LedgerDamaged
from ledger.store.verify import verify_file
from tests.daemon.control.conftest import KEY, Office


async def test_verify_through_the_socket(office: Office, daemon: ControlClient) -> None:
    await office.two_prices()
    verdict = await daemon.verify()
    assert verdict.ok
    assert verdict.entries == office.ledger.head


async def test_a_copy_made_through_the_socket_verifies(
    office: Office, daemon: ControlClient, tmp_path: Path
) -> None:
    await office.two_prices()
    made = await daemon.backup(str(tmp_path / "by hand.backup"))
    report = verify_file(Path(made.path), key=KEY)
    assert report.is_sound
    assert report.entries == made.entries == office.ledger.head


async def test_a_copy_never_overwrites_and_needs_a_whole_path(
    daemon: ControlClient, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    with pytest.raises(Declined) as taken:
        await daemon.backup(str(target))
    assert taken.value.code is Code.GUARDED
    assert target.read_text() == "precious"
    with pytest.raises(Declined) as relative:
        await daemon.backup("somewhere")
    assert relative.value.code is Code.BAD_REQUEST


async def test_only_the_newest_copies_stay(office: Office) -> None:
    keeper = office.desk.keeper
    folder = keeper.backups
    assert folder is not None
    made = []
    for _ in range(3):
        made.append((await keeper.backup()).path)
        office.clock.at += timedelta(hours=24)
    keeper.prune()
    assert [str(path) for path in sorted(folder.glob("*.backup"))] == made[1:]
    assert len(list(folder.iterdir())) == 4  # each copy has its manifest


async def test_a_long_look_ends_when_the_daemon_stops(office: Office) -> None:
    await office.two_prices()
    office.desk.keeper.stop()
    with pytest.raises(Interrupted):
        await office.desk.keeper.backup()
    assert office.desk.keeper.backups is not None
    assert list(office.desk.keeper.backups.iterdir()) == []


async def test_the_export_is_json_lines_from_header_to_footer(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    data = b"".join([chunk async for chunk in daemon.export()])
    lines = [json.loads(line) for line in data.splitlines()]
    assert lines[0]["schema"] == "trueup.ledger.export/1"
    assert [line["seq"] for line in lines[1:-1]] == list(range(1, office.ledger.head + 1))
    assert lines[-1]["footer"]["entries"] == office.ledger.head
    assert b"Widget" not in data


async def test_the_export_with_bodies_carries_the_records(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    data = b"".join([chunk async for chunk in daemon.export(bodies=True)])
    assert b"Widget" in data


async def test_copies_go_by_age_as_well_but_never_the_newest(office: Office) -> None:
    keeper = office.desk.keeper
    keeper.keep, keeper.keep_for = 10, timedelta(days=3)
    made = []
    for day in range(5):
        made.append(Path((await keeper.backup()).path))
        at = (office.clock.now() + timedelta(seconds=day)).timestamp()
        os.utime(made[-1], (at, at))
        office.clock.at += timedelta(days=1)
    keeper.prune()
    assert [path for path in made if path.exists()] == made[2:]
    office.clock.at += timedelta(days=30)
    keeper.prune()
    assert [path for path in made if path.exists()] == made[4:]


async def test_what_a_killed_backup_left_is_cleared_away_once_it_is_old(office: Office) -> None:
    keeper = office.desk.keeper
    assert keeper.backups is not None
    good = Path((await keeper.backup()).path)
    left = [
        good.with_name("ledger-20200101T000000Z.backup.part"),
        good.with_name("ledger-20200101T000000Z.backup.part-journal"),
        good.with_name("ledger-20200101T000000Z.backup.manifest.json"),
    ]
    fresh = good.with_name("ledger-20300101T000000Z.backup.part")
    somebodys = good.with_name("notes.part")
    for path in (*left, fresh, somebodys):
        path.write_text("half")
    now = office.clock.now().timestamp()
    for path in left:
        os.utime(path, (now - 86_400, now - 86_400))
    for path in (fresh, somebodys):
        os.utime(path, (now, now))
    keeper.prune()
    assert [path for path in left if path.exists()] == []
    assert fresh.exists()
    assert somebodys.exists()
    assert good.exists()
    assert manifest_path(good).exists()


async def test_a_backup_that_fails_is_seen_and_the_next_one_clears_it(office: Office) -> None:
    keeper = office.desk.keeper
    folder = keeper.backups
    assert folder is not None
    folder.write_text("a file in the way")
    assert not await keeper.make_one()
    assert "cannot be written" in keeper.backup_problem
    folder.unlink()
    assert await keeper.make_one()
    assert keeper.backup_problem == ""


async def test_a_copy_of_a_damaged_chain_is_not_kept(office: Office) -> None:
    await office.two_prices()
    with closing(sqlite3.connect(office.ledger.path)) as db:
        db.execute("DROP TRIGGER journal_is_not_updated")
        db.execute("UPDATE journal SET actor = 'nobody' WHERE seq = 2")
        db.commit()
    keeper = office.desk.keeper
    assert keeper.backups is not None
    with pytest.raises(LedgerDamaged, match="entry 2 was changed"):
        await keeper.backup()
    assert list(keeper.backups.iterdir()) == []
    assert not await keeper.make_one()
    assert "entry 2 was changed" in keeper.backup_problem


async def test_copies_and_what_describes_them_are_private(office: Office) -> None:
    made = Path((await office.desk.keeper.backup()).path)
    modes = {path.stat().st_mode & 0o777 for path in (made, manifest_path(made))}
    assert modes == {0o600}
    assert made.parent.stat().st_mode & 0o777 == 0o700


async def test_the_log_is_short_after_a_backup(office: Office) -> None:
    await office.two_prices()
    log = office.ledger.path.with_name(office.ledger.path.name + "-wal")
    assert log.stat().st_size > 0
    await office.desk.keeper.backup()
    assert log.stat().st_size == 0
