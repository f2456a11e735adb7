"""What a script may rely on: one test a code, with real processes against a real daemon."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from daemon.control.roles import Access
from tests.daemon.cli.conftest import Office, Said, process
from tests.daemon.control.people import GROUPS, open_house


async def run(office: Office, *args: str) -> Said:
    return await process(*args, "--config", str(office.config))


async def test_0_whatever_differs(office: Office) -> None:
    await office.renamed_vendor()
    await office.plan()
    for command in ("status", "plan", "drift", "queue"):
        assert (await run(office, command)).code == 0


async def test_2_on_drift_only_when_asked(office: Office) -> None:
    await office.renamed_vendor()
    await office.plan()
    for command in (("drift",), ("plan",)):
        assert (await run(office, *command, "--exit-code")).code == 2


async def test_3_without_a_daemon(tmp_path: Path) -> None:
    for command in ("status", "drift", "queue", "plan"):
        said = await process(command, "--socket", str(tmp_path / "nobody.sock"))
        assert (said.code, said.out) == (3, "")
        assert "trueup run" in said.err


async def test_4_when_a_person_is_needed(office: Office) -> None:
    await office.two_prices()
    await office.plan()
    assert (await run(office, "status", "--exit-code")).code == 4


async def test_6_for_a_stale_plan_and_a_stale_digest(office: Office, tmp_path: Path) -> None:
    await office.renamed_vendor()
    await office.plan()
    path = tmp_path / "plan.json"
    assert (await run(office, "plan", "-o", str(path))).code == 0
    plan = json.loads(path.read_text())
    plan["operations"][0]["digest"] = "f" * 64
    path.write_text(json.dumps(plan))
    assert (await run(office, "apply", str(path))).code == 6
    assert (await run(office, "approve", "f" * 64)).code == 6
    assert (await run(office, "approve", "--all", "--expect-count", "9")).code == 6


async def test_64_for_whatever_is_typed_wrong(office: Office) -> None:
    for args in (
        ("drfit",),
        ("drift", "--exit-cod"),
        ("drift", "shwo"),
        ("drift", "show"),
        ("drift", "--limit", "none"),
        ("drift", "--fields", "nonsense"),
        ("queue", "--state", "nonsense"),
        ("plan", "-o", "x", "--held", "rejected"),
        ("approve", "--all"),
        ("skip", "--pattern", "conflict", "--reason", "x"),
        ("completion", "tcsh"),
        ("ledger", "show", "zero"),
    ):
        said = await run(office, *args)
        assert (said.code, said.out) == (64, ""), args


async def test_65_and_66_for_words_that_mean_nothing(office: Office) -> None:
    await office.plan()
    assert (await run(office, "drift", "-f", "amount>lots")).code == 65
    assert (await run(office, "drift", "show", "Nobody")).code == 66
    assert (await run(office, "ledger", "show", "99999")).code == 66


async def test_77_for_a_role_that_may_not(office: Office) -> None:
    await office.renamed_vendor()
    await office.plan()
    before = office.ledger.head
    rules = Access(owner=os.getuid(), groups=GROUPS, allow_root=False)
    async with open_house(office, rules) as server:
        socket = ("--socket", str(server.path))
        assert (await process("drift", *socket)).code == 0
        said = await process("approve", "--all", "--expect-count", "1", *socket)
        assert (said.code, said.out) == (77, "")
        assert "approve" in said.err
        assert "viewer" in (await process("status", *socket)).out
    notes = await office.ledger.read(lambda views: views.entries(before, 100))
    assert {type(row.entry).__name__ for row in notes} <= {"Refused"}


async def test_78_for_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("state_dir: [\n")
    said = await process("status", "--config", str(path))
    assert said.code == 78
    assert f"{path}:" in said.err


def _heeds_interrupts() -> None:
    """A suite that a shell runs in the background ignores them, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


async def test_130_when_it_is_interrupted_and_what_it_told_by_then(office: Office) -> None:
    watching = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "daemon", "status", "--watch", "--json"),
        *("--config", str(office.config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_heeds_interrupts,
    )
    assert watching.stdout is not None
    head = json.loads(await asyncio.wait_for(watching.stdout.readline(), 60))
    assert head["schema"] == "trueup.events/1"
    first = json.loads(await asyncio.wait_for(watching.stdout.readline(), 60))
    assert (first["event"], first["drift"]) == ("pulse", 0)
    await office.renamed_vendor()
    await office.plan()
    event = first
    while event.get("drift") != 1:
        event = json.loads(await asyncio.wait_for(watching.stdout.readline(), 60))
    watching.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(watching.communicate(), 60)
    assert (watching.returncode, err) == (130, b"interrupted\n")
