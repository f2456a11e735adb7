"""The daemon as a process: what it never loads, and what it never leaves behind."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.anchor import compare_file, noted_in
from ledger.store.key import load_or_create
from ledger.store.ledger import Ledger
from ledger.store.verify import verify_file
from tests.ledger.store.old_format import made_old
from tests.ledger.store.support import QBO, Ticking, item_ref, see
from tests.ledger.store.test_upgrade import version_of
from tests.nobody import CONFIG

SCREENS = ("textual", "rich", "tui", "daemon.sandbox")
WITH_MODULES_TOLD = """
import atexit, sys
atexit.register(lambda: print("\\nloaded:", *sys.modules, file=sys.stderr))
from daemon.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(
        CONFIG + "ledger: {backup: {folder: copies}, anchor: [{file: anchors}, {journal: true}]}\n"
    )
    return path


async def until(err: asyncio.StreamReader, word: bytes) -> bytes:
    """What is said up to the line that has ``word``."""
    said = b""
    async with asyncio.timeout(60):
        while line := await err.readline():
            said += line
            if word in line:
                return said
    raise AssertionError(f"{word!r} was never said: {said.decode()}")


async def started(config: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WITH_MODULES_TOLD,
        "run",
        "--config",
        str(config),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TRUEUP_TEST_SECRET": "s"},
    )


async def test_the_daemon_loads_no_screen_and_dumps_no_core(config: Path) -> None:
    running = await started(config)
    assert running.stderr is not None
    said = await until(running.stderr, b"ready")
    limits = Path(f"/proc/{running.pid}/limits").read_text().splitlines()
    (core,) = [line.split() for line in limits if line.startswith("Max core file size")]
    running.send_signal(signal.SIGTERM)
    said += await asyncio.wait_for(running.stderr.read(), 60)
    assert await running.wait() == 0
    loaded = said.decode().rpartition("loaded:")[2].split()
    assert "daemon.control.server" in loaded
    assert [name for name in SCREENS if name in loaded] == []
    assert core[4:6] == ["0", "0"]


async def test_a_stop_leaves_one_short_file_with_its_head_noted(config: Path) -> None:
    """No log beside the ledger, a copy with mode 0600, and the newest head where it shall be."""
    state = config.parent / "state"
    state.mkdir(mode=0o700)
    key = load_or_create(state / "ledger.key")
    ledger = await Ledger.open(state / "ledger.db", now=Ticking(), key=key)
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)
    await ledger.close()
    running = await started(config)
    assert running.stderr is not None
    said = await until(running.stderr, b"backup made")
    running.send_signal(signal.SIGTERM)
    said += await asyncio.wait_for(running.stderr.read(), 60)
    assert await running.wait() == 0
    assert sorted(one.name for one in state.glob("ledger.db*")) == ["ledger.db", "ledger.db.lock"]
    copies = sorted((config.parent / "copies").iterdir())
    assert [one.suffixes[-1] for one in copies] == [".backup", ".json"]
    assert {one.stat().st_mode & 0o777 for one in copies} == {0o600}
    assert b"ledger head" in said
    anchors = noted_in(config.parent / "anchors", instance="acme")
    report = compare_file(state / "ledger.db", anchors)
    with closing(sqlite3.connect(state / "ledger.db")) as db:
        (last,) = db.execute("SELECT max(seq) FROM journal").fetchone()
    assert (report.problems, report.agreed) == ((), last)


async def test_an_old_ledger_is_copied_and_upgraded_before_the_daemon_is_ready(
    config: Path, tmp_path: Path
) -> None:
    state = config.parent / "state"
    state.mkdir(mode=0o700)
    key = load_or_create(state / "ledger.key")
    ledger = await Ledger.open(tmp_path / "new.db", now=Ticking(), key=key)
    draft = ledger.draft()
    for number in range(20):
        see(draft, ledger, item_ref(QBO, number))
    await ledger.append(draft)
    await ledger.close()
    made_old(tmp_path / "new.db", state / "ledger.db", 2, key=key)

    running = await started(config)
    assert running.stderr is not None
    said = await until(running.stderr, b"ready")
    running.send_signal(signal.SIGTERM)
    await asyncio.wait_for(running.stderr.read(), 60)
    assert await running.wait() == 0

    assert b"copied before upgrade" in said
    assert verify_file(state / "ledger.db", key=key).is_sound
    (copy,) = (config.parent / "copies").glob("ledger.format-2-*.backup")
    assert version_of(copy) == 2
