"""A plan as a file: it approves exactly what was looked at, or nothing."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ledger.model.records import Vendor
from tests.daemon.cli.conftest import Office, Said
from tests.daemon.control.conftest import DEAR

Ask = Callable[..., Awaitable[Said]]


@pytest.fixture
async def planned(office: Office, ask_daemon: Ask, tmp_path: Path) -> Path:
    """The file of a plan with two changes."""
    for number in range(2):
        await office.renamed_vendor(number)
    await office.plan()
    path = tmp_path / "plan.json"
    said = await ask_daemon("plan", "-o", str(path))
    assert said.code == 0
    assert "2 changes" in said.out
    return path


async def test_the_file_says_which_company_when_and_what(planned: Path, office: Office) -> None:
    plan = json.loads(planned.read_text())
    assert plan["schema"] == "trueup.plan/1"
    assert plan["company"] == "Acme \x1b[31mFasteners"
    assert plan["head"] == office.ledger.head
    assert [row["label"] for row in plan["operations"]] == ["Bolts 0", "Bolts 1"]
    assert planned.stat().st_mode & 0o777 == 0o600


async def test_exactly_these_are_approved(planned: Path, office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor(2)  # came later: it is not in the file
    await office.plan()
    before = office.ledger.head
    dry = await ask_daemon("apply", str(planned), "--dry-run")
    assert (dry.code, office.ledger.head) == (0, before)
    assert "2 changes would be approved" in dry.out
    said = await ask_daemon("apply", str(planned), "--reason", "looked at each")
    assert said.code == 0
    rows = json.loads((await ask_daemon("queue", "--json")).out)["rows"]
    states = {row["label"]: row["state"] for row in rows}
    assert states == {"Bolts 0": "approved", "Bolts 1": "approved", "Bolts 2": "waiting"}
    approval = await ask_daemon("ledger", "list", "--entry", "Approved")
    assert "looked at each" in approval.out


async def test_a_later_edit_makes_it_stale_and_nothing_is_approved(
    planned: Path, office: Office, ask_daemon: Ask
) -> None:
    await office.show(DEAR, "dv1", Vendor(name="Bolts 1", email="c@bolts.example", active=True))
    await office.show(DEAR, "dv0", Vendor(name="Bolts 0", email="a@bolts.example", active=True))
    await office.plan()
    before = office.ledger.head
    said = await ask_daemon("apply", str(planned))
    assert said.code == 6
    assert "2 of 2 changes of the plan are no longer what waits" in said.out
    assert "update vendor Bolts 1 in qbo" in said.out
    assert "another change now" in said.out
    assert "gone: sent, held or settled" in said.out
    assert "nothing was approved" in said.err
    assert office.ledger.head == before
    told = await ask_daemon("apply", str(planned), "--json")
    stale = json.loads(told.out)
    assert told.code == 6
    assert (stale["approved"], len(stale["stale"])) == (0, 2)


async def test_a_file_of_another_company_is_refused(
    planned: Path, office: Office, ask_daemon: Ask
) -> None:
    plan = json.loads(planned.read_text())
    planned.write_text(json.dumps({**plan, "instance": "borealis"}))
    said = await ask_daemon("apply", str(planned))
    assert said.code == 65
    assert "borealis" in said.err


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "trueup.plan/1"}', "\x00"])
async def test_what_is_no_plan_is_refused(
    text: str, office: Office, ask_daemon: Ask, tmp_path: Path
) -> None:
    path = tmp_path / "other.json"
    await asyncio.to_thread(path.write_text, text)
    said = await ask_daemon("apply", str(path))
    assert said.code == 65
    assert "trueup plan -o other.json" in said.err


async def test_a_plan_of_another_version_is_refused(
    planned: Path, office: Office, ask_daemon: Ask
) -> None:
    plan = json.loads(planned.read_text())
    planned.write_text(json.dumps({**plan, "schema": "trueup.plan/9"}))
    assert (await ask_daemon("apply", str(planned))).code == 65
