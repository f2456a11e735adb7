"""``--dry-run`` of every command that changes something: nothing is noted, nothing is sent.

Proved by the ledger's head and by the request logs of both simulators, all real processes.
"""

import json
from collections.abc import Iterator
from typing import Any

import click
import pytest

from daemon.cli.demo_stage import Demo
from daemon.cli.root import COMMANDS, root

SCALE = 200.0
LOOKS_ONLY = {
    *("run", "status", "plan", "drift", "queue", "desk", "totals", "config", "completion"),
    *("version", "sandbox", "demo", "tui", "report", "doctor", "man", "support-bundle"),
    *("ledger list", "ledger show", "ledger verify", "ledger history", "ledger export"),
    "ledger writes",
    *("conflict list", "conflict show", "catalogue status", "catalogue report"),
}
OF_FILES = {"ledger backup", "ledger rebuild", "ledger restore"}
"""They change a file of this machine, and ask or need the daemon to be stopped."""
OF_A_PERSON = {"connect", "vault rotate-key"}
"""A login is given at Intuit by whoever may, and a key is turned: there is nothing to rehearse.
``connect --check`` looks only."""
BY_FILE = {"reload", "service install"}
"""They put into effect what stands in files, and those are the reason."""


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("dry"), 11, "small", SCALE)
    with demo.sandbox(), demo.daemon():
        demo.wait_for_first_cycle()
        yield demo


def written(show: Demo) -> list[str]:
    """Every request that could have changed something, log-ins and questions aside."""
    rows = map(json.loads, (show.folder / "requests.jsonl").read_text().splitlines())
    sent = [row for row in rows if row["method"] != "GET" and "/_sandbox/" not in row["path"]]
    return [
        row["path"]
        for row in sent
        if "oauth2" not in row["path"] and not row["path"].endswith("/query")
    ]


def decided(show: Demo) -> list[Any]:
    """Entries of people. The daemon's own cycles go on, and what they see is not the question."""
    rows = show.ask("ledger", "list", "--limit", "2000")["rows"]
    return [row["seq"] for row in rows if row["actor"] != "daemon"]


def rehearsals(show: Demo) -> dict[str, tuple[str, ...]]:
    """For each command arguments with which it would do something."""
    plan = show.ask("plan", "--limit", "5000")
    waiting = [one for one in plan["operations"] if one["state"] == "waiting"]
    held = plan["holds"]
    conflict = next(hold for hold in held if hold["code"] == "conflict" and hold["conflict"])
    proposed = next(hold for hold in held if hold["candidates"])
    field = conflict["conflict"][0]
    why = ("--reason", "a rehearsal")
    path = str(show.folder / "plan.json")
    show.must("plan", "-o", path)
    vendor = next(one for one in waiting if one["kind"] == "vendor")
    pattern = show.ask("desk")["patterns"][0]
    left = str(pattern["records"] - pattern["skipped"])
    return {
        "approve": ("--all", "--expect-count", str(len(waiting)), *why),
        "apply": (path, *why),
        "apply now": ("apply", *why),
        "send": ("vendor", vendor["record"], *why),
        "skip": (waiting[0]["record"], *why),
        "skip many": ("skip", "--pattern", pattern["pattern"], "--expect-count", left, *why),
        "retry": (
            *("--pattern", pattern["pattern"], "--expect-count", str(pattern["records"])),
            *why,
        ),
        "conflict resolve": (
            *(conflict["record"], "--field", field["field"], "--take", next(iter(field["values"]))),
            *why,
        ),
        "link": (proposed["record"], proposed["candidates"][0]["ref"], "--apart", *why),
        "pause": why,
        "remap": ("Checking", "Savings", *why),
        "accept-absence": ("dear", "item", "--most", "1", *why),
        "catalogue plan": why,
    }


def test_every_command_that_acts_rehearses_to_nothing(show: Demo) -> None:
    trials = rehearsals(show)
    before, sent = decided(show), written(show)
    assert sent == []
    for name, args in trials.items():
        command = name.split() if name in {"conflict resolve", "catalogue plan"} else []
        if name in {"apply now", "skip many"}:
            command, args = [], args
        elif not command:
            command = [name]
        done = show.run(*command, *args, "--dry-run", "--json", quiet=True)
        assert done.returncode == 0, (name, done.stderr)
        assert json.loads(done.stdout)["as_of"], name
    assert decided(show) == before
    assert written(show) == []


def test_a_pause_and_an_approval_are_rehearsed_backwards(show: Demo) -> None:
    show.must("pause", "--kind", "vendor", "--reason", "holds the approved one back")
    rows = show.ask("plan", "--limit", "5000")["operations"]
    digest = next(one["digest"] for one in rows if one["kind"] == "vendor")
    show.must("approve", digest)
    before = decided(show)
    back = ("--kind", "vendor", "--reason", "x", "--dry-run")
    assert show.run("resume", *back, quiet=True).returncode == 0
    assert show.run("withdraw", digest, "--dry-run", quiet=True).returncode == 0
    assert decided(show) == before
    assert show.ask("status")["pauses"] != []
    show.must("withdraw", digest)
    show.must("resume", *back[:-1])
    assert written(show) == []


def test_a_catalogue_job_is_rehearsed_step_by_step(show: Demo) -> None:
    show.must("pause", "--reason", "so that the approved plan is not sent")
    count = show.run("approve", "--all", "--expect-count", "0", quiet=True).stderr.split()[1]
    show.must("approve", "--all", "--expect-count", count)
    show.must("catalogue", "plan", "--clashes", "reactivate")
    standing = show.ask("catalogue", "status")["job"]
    before = decided(show)
    company = show.ask("status")["company"]
    steps: tuple[tuple[str, ...], ...] = (("abort",), ("approve", "--company", company))
    for step in steps:
        done = show.run("catalogue", *step, "--reason", "x", "--dry-run", quiet=True)
        if standing["state"] == "planned" or step == ("abort",):
            assert done.returncode == 0, done.stderr
            assert "nothing was done" in done.stdout
    for step in (("run",), ("pause",), ("resume",)):
        done = show.run("catalogue", *step, "--reason", "x", "--dry-run", quiet=True)
        assert done.returncode in (6, 7), "what could not be done is refused in a rehearsal too"
    assert decided(show) == before
    assert show.ask("catalogue", "status")["job"]["state"] == standing["state"]
    show.must("catalogue", "abort")
    assert written(show) == []


def _leaves() -> Iterator[tuple[str, click.Command]]:
    context = root.make_context("trueup", ["version"], resilient_parsing=True)
    for name in COMMANDS:
        if name in LOOKS_ONLY | OF_A_PERSON:
            continue
        command = root.get_command(context, name)
        assert command is not None
        if not isinstance(command, click.Group):
            yield name, command
            continue
        for sub in command.list_commands(context):
            leaf = command.get_command(context, sub)
            assert leaf is not None
            if f"{name} {sub}" not in LOOKS_ONLY | OF_FILES | OF_A_PERSON:
                yield f"{name} {sub}", leaf


@pytest.mark.parametrize(("name", "command"), list(_leaves()), ids=lambda v: str(v)[:20])
def test_every_command_that_acts_takes_a_reason_and_rehearses(
    name: str, command: click.Command
) -> None:
    options = {word for option in command.params for word in option.opts}
    wanted = {"--dry-run", "--reason", "--json", "--no-input"}
    assert wanted - ({"--reason"} if name in BY_FILE else set()) <= options, name
