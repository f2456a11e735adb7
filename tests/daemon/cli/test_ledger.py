"""The ledger's care from the command line, with and without a daemon."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from ledger.store.anchor import Anchor, note_in
from tests.daemon.cli.conftest import Office, Said, call
from tests.daemon.control.conftest import KEY


async def run(office: Office, *args: str) -> Said:
    return await asyncio.to_thread(call, "ledger", *args, "--config", str(office.config))


@pytest.fixture
async def closed(office: Office) -> Office:
    """An installation whose daemon was stopped after some work."""
    await office.two_prices()
    await office.plan()
    await office.ledger.close()
    office.socket.unlink()
    return office


async def test_verify_beside_a_daemon(office: Office) -> None:
    await office.two_prices()
    said = await run(office, "verify", "--json")
    assert said.code == 0
    assert json.loads(said.out)["entries"] == office.ledger.head


async def test_history_without_a_daemon(closed: Office) -> None:
    said = await run(closed, "history", "W-7")
    assert said.code == 0
    assert "held, conflict: " in said.out
    assert "qbo/item/7" in said.out


async def test_export_without_a_daemon(closed: Office, tmp_path: Path) -> None:
    said = await run(closed, "export")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert lines[-1]["footer"]["entries"] == lines[-2]["seq"]
    target = tmp_path / "out.jsonl"
    written = await run(closed, "export", "--bodies", "-o", str(target))
    assert (written.code, written.out) == (0, "")
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"Widget" in target.read_bytes()
    again = await run(closed, "export", "-o", str(target))
    assert again.code != 0


async def test_backup_and_restore(closed: Office, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "one.backup"
    made = await run(closed, "backup", str(copy), "--json")
    assert made.code == 0
    entries = json.loads(made.out)["entries"]
    asked = await run(closed, "restore", str(copy))
    assert asked.code == 64
    said = await run(closed, "restore", str(copy), "--yes")
    assert said.code == 0
    assert "observes until the plan is approved" in said.err
    history = json.loads((await run(closed, "verify", "--json")).out)
    assert history["ok"]
    assert history["entries"] == entries + 1


async def test_a_backup_needs_a_place(office: Office) -> None:
    said = await run(office, "backup")
    assert said.code == 64
    assert "ledger.backup.folder" in said.err


async def test_rebuild_needs_the_daemon_to_be_stopped(office: Office) -> None:
    said = await run(office, "rebuild")
    assert said.code == 75
    assert "stop it first" in said.err


async def test_rebuild_finds_nothing_wrong(closed: Office) -> None:
    said = await run(closed, "rebuild")
    assert said.code == 0
    assert "0 differences" in said.out
    head = (await run(closed, "verify")).out.split("head ")[1].split()[0]
    assert f"head {head}" in said.out


async def test_a_changed_file_is_found(closed: Office) -> None:
    ledger = closed.ledger.path
    data = ledger.read_bytes()
    assert b"test" in data
    ledger.write_bytes(data.replace(b'"evidence":"test"', b'"evidence":"tost"'))
    said = await run(closed, "verify")
    assert said.code == 74
    assert "DAMAGED" in said.out


async def test_F36_the_newest_copies_are_offered_where_the_ledger_is_damaged(
    closed: Office, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    ledger = closed.ledger.path
    days = [f"{ledger.stem}-2026110{day}T060000Z.backup" for day in range(1, 6)]
    for name in days:
        (copies / name).write_bytes(ledger.read_bytes())
    with closed.config.open("a", encoding="utf-8") as stream:
        stream.write(f'ledger: {{backup: {{folder: "{copies}"}}}}\n')
    data = ledger.read_bytes()
    ledger.write_bytes(data.replace(b'"evidence":"test"', b'"evidence":"tost"'))
    said = await run(closed, "verify")
    assert said.code == 74
    offered = [line.strip() for line in said.err.splitlines() if "restore /" in line]
    assert offered == [f"trueup ledger restore {copies / name}" for name in reversed(days[2:])]
    assert (await run(closed, "restore", str(copies / days[4]), "--yes")).code == 0
    assert (await run(closed, "verify")).code == 0


async def test_without_its_key_nothing_is_read_and_none_is_made(closed: Office) -> None:
    key = closed.config.with_name("ledger.key")
    assert key.read_bytes() == KEY
    key.unlink()
    said = await run(closed, "verify")
    assert said.code == 78
    assert "put it back" in said.err
    assert not key.exists()


async def test_verify_compares_with_heads_noted_elsewhere(closed: Office, tmp_path: Path) -> None:
    sound = json.loads((await run(closed, "verify", "--json")).out)
    anchors = tmp_path / "anchors"
    at = "2026-08-01T11:00:00.000000Z"
    noted = Anchor(at=at, instance="", seq=sound["entries"], hash=sound["head_hash"])
    note_in(anchors, noted)
    said = await run(closed, "verify", "--anchor", str(anchors), "--head", sound["head_hash"])
    assert said.code == 0
    assert "2 heads noted elsewhere agree" in said.out

    note_in(anchors, msgspec.structs.replace(noted, seq=noted.seq + 9))
    cut = await run(closed, "verify", "--anchor", str(anchors), "--json")
    assert cut.code == 74
    told = json.loads(cut.out)
    assert told["ok"] is False
    assert told["problems"][0].startswith(f"entry {noted.seq + 1} is missing")
    assert "find out who could write it" in (await run(closed, "verify", "--head", "ab" * 32)).err

    assert (await run(closed, "verify", "--head", "abc")).code != 0
