"""A company that writes: its secrets are encrypted credentials, its systems the simulators."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.rehearsal import CONFIG
from tests.deploy.conftest import Company
from tests.deploy.machine import Machine, until

SLOW = [
    {"system": system, "kind": "slow", "method": method, "path": path, "seconds": 100, "times": 3}
    for system, method, path in (
        ("qbo", "POST", "*/batch"),
        ("dear", "POST", "*"),
        ("dear", "PUT", "*"),
    )
]
"""The first writes take their time, so that a stop meets one."""
SCALE = "50"
"""Times faster, for the daemon and the simulators alike: DEAR allows one call a second."""
FAST = f"""\
ExecStart=
ExecStart=/opt/trueup/bin/trueup run --config /etc/trueup/%i.yaml --instance %i \
--clock-scale {SCALE}
"""


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Both simulators, on loopback, and how to reach them."""
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps(SLOW))
    log = tmp_path / "requests.jsonl"
    world = ("--seed", "11", "--size", "small", "--clock-scale", SCALE)
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "daemon",
            "sandbox",
            *world,
            "--faults",
            str(faults),
            "--log",
            str(log),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        yield {**json.loads(running.stdout.readline()), "log": log}
        running.terminate()


@pytest.fixture
def demo(machine: Machine, systems: dict[str, Any]) -> Iterator[Company]:
    """The company of the simulators; nothing in its configuration is a secret."""
    one = Company(machine, "demo", drop_in=FAST)
    text = CONFIG.format(
        instance="demo",
        state="/var/lib/trueup/demo",
        secrets="SECRETS",
        since="2026-01-01",
        poll="2h",
        **systems,
    )
    text = re.sub(r'\{file: "SECRETS/([a-z-]+)"\}', r"{credential: \1}", text)
    machine.write(one.file, f"{text}control: {{socket: /run/trueup/demo.sock}}\n")
    given = {
        "qbo-client-id": systems["qbo"]["client_id"],
        "qbo-client-secret": systems["qbo"]["client_secret"],
        "qbo-refresh-token": systems["qbo"]["refresh_token"],
        "dear-application-key": systems["dear"]["application_key"],
    }
    machine.path("/etc/credstore.encrypted").mkdir(mode=0o700, exist_ok=True)
    for name, secret in given.items():
        target = f"/etc/credstore.encrypted/{name}-demo"
        seal = ("systemd-creds", "encrypt", "--with-key=host", f"--name={name}-demo", "-", target)
        machine.run(*seal, stdin=secret, ok=True)
        assert secret not in machine.path(target).read_text()
    yield one.start()
    one.end()


def told(company: Company, *args: str) -> dict[str, Any]:
    done = company.ask(*args, "--json", uid=company.machine.uid_of("trueup"))
    assert done.returncode in {0, 4}, (args, done.stdout, done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_32_stopped_in_the_middle_of_writing_it_ends_in_time_and_goes_on_cleanly(
    demo: Company, systems: dict[str, Any]
) -> None:
    until(lambda: (told(demo, "status")["last_cycle"] or {}).get("complete"), "the first look")
    links = {one["system"]: one["link"] for one in told(demo, "status")["systems"]}
    assert links == {"qbo": "connected", "dear": "connected"}, "the credentials were read"
    waiting = told(demo, "plan", "--limit", "1")["totals"]["operations"]
    assert waiting > 20
    told(demo, "approve", "--all", "--expect-count", str(waiting))
    until(lambda: told(demo, "status")["open_intents"], "a request is under way")

    demo.machine.systemctl("stop", "--no-block", "trueup@demo.socket")
    until(lambda: demo.shown("ActiveState") == "inactive", "it has stopped")
    assert (demo.shown("Result"), demo.shown("ExecMainStatus")) == ("success", "0")

    demo.start()
    until(lambda: _is_settled(demo), "what was approved is done", 60.0)
    assert told(demo, "ledger", "verify")["ok"] is True
    assert _names_taken_twice(systems["dear"]["control_url"], "product", "SKU") == []
    assert _names_taken_twice(systems["qbo"]["control_url"], "item", "Name") == []


def _is_settled(company: Company) -> bool:
    status = told(company, "status")
    last = status["last_cycle"] or {}
    pending = [status["operations"].get(state) for state in ("approved", "intended", "planned")]
    return bool(last.get("complete")) and not status["open_intents"] and not any(pending)


def _names_taken_twice(base: str, kind: str, field: str) -> list[str]:
    """Names that more than one record of that kind has in a simulator."""
    with urllib.request.urlopen(f"{base}/_sandbox/state/{kind}") as answer:
        data = json.load(answer)
    rows = data if isinstance(data, list) else next(iter(data.values()))
    names = [row[field] for row in rows]
    return sorted({one for one in names if names.count(one) > 1})
