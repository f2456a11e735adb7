"""Every command that answers can answer as one object that names its schema and its time."""

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import click
import pytest

from daemon.cli.root import COMMANDS, root
from tests.daemon.cli.conftest import Office, Said, call

Ask = Callable[..., Awaitable[Said]]
NOT_ANSWERS = {
    "config schema": "is JSON as it is",
    "completion": "is a script",
    "man": "is a page",
    "ledger export": "is JSON lines as it is",
    "sandbox": "prints one JSON line when it is ready",
    "demo": "is a story",
    "tui": "is a screen",
    "config init": "writes a file and says where",
    "vault rotate-key": "turns a key and says so",
    "report reconciliation": "chooses its form with an option of its own",
}
ANSWERS: dict[str, tuple[str, ...]] = {
    "version": (),
    "status": (),
    "plan": (),
    "plan -o": ("plan.json",),
    "approve": ("--all", "--expect-count", "1", "--dry-run"),
    "drift list": (),
    "drift show": ("W-7",),
    "drift history": (),
    "queue list": (),
    "queue show": ("DIGEST",),
    "withdraw": ("APPROVED", "--dry-run"),
    "apply": ("--dry-run",),
    "send": ("vendor", "Bolts 1", "--dry-run"),
    "conflict list": (),
    "conflict show": ("W-7",),
    "conflict resolve": (
        *("W-7", "--field", "sales_price", "--take", "qbo", "--reason", "x", "--dry-run"),
    ),
    "link": ("W-7", "dear/item/d7", "--unlink", "--dry-run"),
    "desk": (),
    "retry": ("--pattern", "conflict", "--expect-count", "1", "--dry-run"),
    "skip": ("W-7", "--reason", "x", "--dry-run"),
    "pause": ("--reason", "x", "--dry-run"),
    "remap": ("--list",),
    "accept-absence": ("qbo", "item", "--most", "1", "--reason", "x", "--dry-run"),
    "totals": (),
    "ledger list": (),
    "ledger show": ("1",),
    "ledger verify": (),
    "ledger history": ("W-7",),
    "ledger writes": ("W-7",),
    "ledger backup": ("copy.backup",),
    "support-bundle": ("--list",),
    "config check": (),
    "config show": (),
}
ELSEWHERE = {
    "run": "test_process",
    "resume": "test_valves",
    "reload": "test_process",
    "service": "test_service",
    "connect": "test_connect",
    "disconnect": "test_connect",
    "doctor": "tests of the doctor",
    "config diff": "test_config",
    "ledger rebuild": "test_ledger",
    "ledger restore": "test_ledger",
    "ledger destroy-key": "test_destroying",
    "catalogue": "tests of the catalogue",
}
"""Commands that need more than this office; their JSON is looked at there."""


def leaves() -> Iterator[tuple[str, click.Command]]:
    context = root.make_context("trueup", ["version"], resilient_parsing=True)
    for name in COMMANDS:
        if name in {"sandbox", "demo", "tui"}:
            continue
        command = root.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                leaf = command.get_command(context, sub)
                assert leaf is not None
                yield f"{name} {sub}", leaf
        else:
            yield name, command


def test_every_command_knows_json_or_says_why_not() -> None:
    without = {
        name
        for name, command in leaves()
        if not any("--json" in option.opts for option in command.params)
    }
    assert without <= set(NOT_ANSWERS)


def test_every_command_is_tried_here_or_elsewhere() -> None:
    names = {name for name, _ in leaves()} - set(NOT_ANSWERS)
    tried = set(ANSWERS) | set(ELSEWHERE)
    assert {n for n in names if n not in tried and n.split()[0] not in tried} == set()


@pytest.fixture
async def settled(office: Office) -> Office:
    await office.renamed_vendor()
    await office.two_prices()
    await office.plan()
    return office


@pytest.mark.parametrize("command", ANSWERS)
async def test_one_object_with_schema_and_time(
    command: str,
    settled: Office,
    ask_daemon: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    args = list(ANSWERS[command])
    if {"DIGEST", "APPROVED"} & set(args):
        if "APPROVED" in args:
            await ask_daemon("approve", "--all", "--expect-count", "1")
        rows = json.loads((await ask_daemon("queue", "--json")).out)["rows"]
        args = [rows[0]["digest"] if arg in {"DIGEST", "APPROVED"} else arg for arg in args]
    said = await ask_daemon(*command.split(), *args, "--json")
    assert said.code == 0, said.err
    shown = json.loads(said.out)
    assert shown["schema"].startswith("trueup."), shown
    assert shown["as_of"][:4].isdigit()
    assert shown["as_of"].endswith(("Z", "+00:00")), "times carry their zone"


def test_a_refusal_leaves_stdout_empty(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nobody.sock")
    for command in ("status", "plan", "drift", "queue", "desk"):
        said = call(command, "--json", "--socket", nowhere)
        assert (said.code, said.out) == (3, ""), command
        assert "trueup run" in said.err
