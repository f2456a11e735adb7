"""Proof, copies and export while the daemon runs."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.control.client import ControlClient
from daemon.control.keeping import Interrupted
from daemon.control.protocol import Code, Declined
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
