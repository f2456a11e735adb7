"""``trueup sandbox`` as a process of its own."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.clock import SystemClock

COMMAND = "import sys; from daemon.cli.sandbox import sandbox; sandbox(sys.argv[1:])"


def start(*argv: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


@contextmanager
def running(*argv: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    process = start(*argv)
    try:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], 60)
        line = process.stdout.readline() if readable else ""
        assert line, process.communicate(timeout=60)
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate(timeout=60)


def get(url: str, **headers: str) -> Any:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_one_json_line_then_serves_until_stopped(tmp_path: Path, how: signal.Signals) -> None:
    log = tmp_path / "requests.jsonl"
    with running("--seed", "3", "--size", "small", "--log", str(log)) as (process, ready):
        assert ready["schema"] == "trueup.sandbox/1"
        assert ready["pid"] == process.pid
        qbo, dear = ready["qbo"], ready["dear"]
        document = get(qbo["discovery_url"])
        assert document["token_endpoint"] == qbo["token_url"]
        info = get(
            f"{qbo['base_url']}/v3/company/{qbo['realm_id']}/companyinfo/{qbo['realm_id']}",
            Authorization=f"Bearer {qbo['access_token']}",
            Accept="application/json",
        )
        assert info["CompanyInfo"]["CompanyName"] == ready["company"]
        me = get(
            f"{dear['base_url']}/me",
            **{
                "api-auth-accountid": dear["account_id"],
                "api-auth-applicationkey": dear["application_key"],
            },
        )
        assert me["Currency"] == "USD"
        rows = get(f"{qbo['control_url']}/_sandbox/log")
        assert {row["system"] for row in rows} == {"qbo", "dear"}
        process.send_signal(how)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert len(log.read_text(encoding="utf-8").splitlines()) == len(rows)


@pytest.mark.parametrize(
    ("argv", "counts", "days"),
    [
        ((), (0, 0), None),
        (("--history", "month"), (17, 34), 29),
        (("--purchases", "5"), (5, 0), 364),
        (("--history", "month", "--purchases", "3", "--sales", "4"), (3, 4), 29),
    ],
)
def test_a_company_with_documents(
    argv: tuple[str, ...], counts: tuple[int, int], days: int | None
) -> None:
    with running("--size", "small", *argv) as (_, ready):
        documents, dear = ready["documents"], ready["dear"]
        keys = {
            "api-auth-accountid": dear["account_id"],
            "api-auth-applicationkey": dear["application_key"],
        }
        lists = [("purchaseList", "OrderDate"), ("saleList", "OrderDate")]
        pages = [get(f"{dear['base_url']}/{name}?Limit=1000", **keys) for name, _ in lists]
        assert (documents["purchases"], documents["sales"]) == counts
        assert tuple(page["Total"] for page in pages) == counts
        assert (documents["since"] is None) is (days is None)
        dates = [
            row[key][:10]
            for page, (name, key) in zip(pages, lists, strict=True)
            for row in page[f"{name[0].upper()}{name[1:]}"]
        ]
        if days is not None:
            since = date.fromisoformat(documents["since"])
            assert min(dates) >= since.isoformat()
            assert max(dates) <= (since + timedelta(days=days)).isoformat()
            assert abs((SystemClock().now().date() - since).days - days) <= 1


def test_a_company_in_another_country() -> None:
    with running("--seed", "3", "--size", "small", "--country", "GB") as (_, ready):
        dear = ready["dear"]
        me = get(
            f"{dear['base_url']}/me",
            **{
                "api-auth-accountid": dear["account_id"],
                "api-auth-applicationkey": dear["application_key"],
            },
        )
        codes = get(f"{ready['qbo']['control_url']}/_sandbox/state/tax_code")
    assert me["Currency"] == "GBP"
    assert "20.0% S" in {code["Name"] for code in codes}
    process = start("--country", "CA", "--history", "month")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--country" in errors


def test_port_in_use_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = start("--size", "small", "--dear-port", port)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 69
    assert out == ""
    assert f"port {port} is already in use" in errors
    assert "--dear-port" in errors


def test_bad_fault_file_names_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[{"system": "qbo", "kind": "x"}, {"kind": "stale"}]', encoding="utf-8")
    process = start("--size", "small", "--faults", str(path))
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert "rule 0: unknown kind 'x'" in " ".join(errors.split())
    assert "rule 1: system is missing" in " ".join(errors.split())


def test_a_folder_gets_a_configuration_with_which_a_daemon_runs(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    with running("--seed", "3", "--size", "small", "--folder", str(folder)) as (_, ready):
        config = folder / "trueup.yaml"
        assert ready["config"] == str(config)
        secrets = [*(folder / "secrets").iterdir()]
        assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
        for command in (("config", "check", "--secrets"), ("run", "--once")):
            done = subprocess.run(
                [sys.executable, "-m", "daemon", *command],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        again = start("--folder", str(folder))
        _, errors = again.communicate(timeout=60)
    assert again.returncode != 0
    assert "is not empty" in errors
