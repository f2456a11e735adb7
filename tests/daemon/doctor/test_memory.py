"""The ledger as the doctor sees it: who holds it, when it was proved and copied."""

import asyncio
import dataclasses
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.config.places import Places, places
from daemon.control.keeping import BACKUP_KEY, DAMAGED_KEY, VERIFIED_KEY
from daemon.doctor.check import Check
from daemon.doctor.memory import check_holder, check_ledger
from ledger.store.key import load_or_create
from ledger.store.ledger import Ledger

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.store.lock import Lock
lock = Lock.take(Path(sys.argv[1]), now=datetime(2026, 5, 5, tzinfo=UTC))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def here(tmp_path: Path) -> Places:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return places(folder, backups=tmp_path / "copies")


async def noted(here: Places, **values: datetime) -> None:
    """A ledger in whose margin these instants stand."""
    ledger = await Ledger.open(here.ledger, now=lambda: NOW, key=load_or_create(here.key))
    draft = ledger.draft(actor="daemon")
    for key, at in values.items():
        draft.runtime(key, at.isoformat(timespec="seconds").encode())
    await ledger.append(draft)
    await ledger.close()


async def looked_at(here: Places) -> dict[str, Check]:
    return {c.name: c for c in await check_ledger(here, now=NOW, backup_every=DAY)}


async def test_a_ledger_in_good_care(here: Places) -> None:
    await noted(here, **{BACKUP_KEY: NOW - DAY, VERIFIED_KEY: NOW - 3 * DAY})
    checks = await looked_at(here)
    assert {c.state for c in checks.values()} == {"ok"}
    assert checks["backup"].found == "the newest is 24 h old"


async def test_a_backup_that_is_late_is_bad_and_a_newer_file_mends_it(here: Places) -> None:
    await noted(here, **{BACKUP_KEY: NOW - 3 * DAY, VERIFIED_KEY: NOW})
    assert (await looked_at(here))["backup"].state == "bad"
    assert here.backups is not None
    here.backups.mkdir()
    copy = here.backups / "ledger-20260505T110000Z.backup"
    copy.touch()
    os.utime(copy, ((NOW - DAY).timestamp(), (NOW - DAY).timestamp()))
    assert (await looked_at(here))["backup"].state == "ok"


async def test_never_proved_and_never_copied_are_told(here: Places) -> None:
    await noted(here)
    checks = await looked_at(here)
    assert checks["proof of the ledger"].cure == "trueup ledger verify"
    assert checks["backup"].state == "warn"
    assert checks["backup"].found == f"none lies in {here.backups}"


async def test_a_copy_elsewhere_is_not_taken_for_none(here: Places) -> None:
    await noted(here)
    checks = await looked_at(dataclasses.replace(here, backups=None))
    assert "ledger.backup.folder is not set" in checks["backup"].found
    assert "trueup ledger backup FILE" in checks["backup"].cure


async def test_a_damaged_journal_is_bad(here: Places) -> None:
    await noted(here, **{DAMAGED_KEY: NOW - DAY})
    assert (await looked_at(here))["proof of the ledger"].state == "bad"


async def test_a_file_that_is_no_ledger_is_told_and_left_alone(here: Places) -> None:
    await noted(here)
    here.ledger.write_bytes(b"something else entirely" * 100)
    before = here.ledger.read_bytes()
    check = (await looked_at(here))["ledger"]
    assert check.state == "bad"
    assert check.cure
    assert here.ledger.read_bytes() == before


async def test_looking_makes_no_key_and_no_ledger(here: Places) -> None:
    assert (await looked_at(here))["ledger"].state == "skipped"
    assert list(here.state_dir.iterdir()) == []


async def test_whoever_holds_the_ledger_is_named(here: Places) -> None:
    holding = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, str(here.ledger)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holding.stdout is not None
    assert await holding.stdout.readline() == b"held\n"
    silent = check_holder(here, instance="acme", answering=None)
    assert silent.state == "bad"
    assert f"process {holding.pid} on " in silent.found
    assert check_holder(here, instance="acme", answering="acme").state == "ok"
    other = check_holder(here, instance="acme", answering="zenith")
    assert (other.state, "is zenith" in other.found) == ("bad", True)
    await asyncio.wait_for(holding.communicate(b""), 60)
    assert check_holder(here, instance="acme", answering=None).state == "ok"
    # Whoever answers at the socket without holding this ledger has another one.
    assert check_holder(here, instance="acme", answering="acme").state == "bad"
