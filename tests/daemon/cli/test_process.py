"""The command as a process: exit codes, clean stdout, and what is not loaded."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.daemon.cli.conftest import Office, Said, process
from tests.nobody import CONFIG

HEAVY = (
    *("textual", "rich", "ledger.store", "daemon.app", "daemon.cycle"),
    *("aiohttp", "pydantic", "ruamel"),
)
"""What nobody should wait for who only asks the daemon something."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


async def modules_after(*args: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr))\n"
        f"from daemon.cli import main\nmain({list(args)!r})\n"
    )
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(running.communicate(), 60)
    return set(err.decode().split())


@pytest.mark.parametrize("args", [("--help",), ("status", "--help"), ("version",)])
async def test_help_loads_little(args: tuple[str, ...]) -> None:
    loaded = await modules_after(*args)
    assert "click" in loaded
    assert [name for name in HEAVY if name in loaded] == []


async def test_what_a_shell_waits_for_loads_little(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.plan()
    line = f"trueup --config {office.config} drift show W"
    monkeypatch.setenv("_TRUEUP_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", "4")
    loaded = await modules_after()
    assert "daemon.cli.completing" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize("command", [("status",), ("drift",), ("queue",), ("plan",)])
async def test_asking_the_daemon_loads_what_speaks_to_it_and_no_more(
    command: tuple[str, ...], office: Office
) -> None:
    loaded = await modules_after(*command, "--config", str(office.config))
    assert "daemon.control.client" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize(
    "args",
    [(), ("statsu",), ("status", "--jsno"), ("approve",), ("approve", "--all"), ("send", "item")],
)
async def test_a_typing_mistake_exits_64_and_never_2(args: tuple[str, ...]) -> None:
    said = await process(*args)
    assert said.code == 64
    assert said.out == ""


async def test_the_nearest_command_is_named() -> None:
    assert "status" in (await process("statsu")).err


async def test_no_daemon_exits_3(config: Path) -> None:
    said = await process("status", "--json", "--config", str(config))
    assert (said.code, said.out) == (3, "")
    assert "trueup run" in said.err


async def test_a_bad_configuration_exits_78_with_every_place(config: Path) -> None:
    config.write_text(CONFIG + "names: hld\nshedule: {}\n")
    said = await process("run", "--config", str(config))
    assert said.code == 78
    assert f"{config}:19:1: names: must be one of" in said.err
    assert f"{config}:20:1: shedule: unknown key; did you mean schedule?" in said.err


async def test_one_cycle_with_nobody_there_exits_69_and_writes_json(config: Path) -> None:
    args = ("run", "--once", "--json", "--config", str(config))
    said = await process(*args, TRUEUP_TEST_SECRET="hush-hush")
    assert said.code == 69
    report = json.loads(said.out)
    assert report["schema"] == "trueup.cycle/1"
    assert {problem["code"] for problem in report["report"]["problems"]} == {"down"}
    assert "hush-hush" not in said.out + said.err
    state = config.with_name("state")
    assert (state.stat().st_mode & 0o777, (state / "ledger.db").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


async def started(config: Path) -> asyncio.subprocess.Process:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        "run",
        "--config",
        str(config),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TRUEUP_TEST_SECRET": "hush-hush"},
    )
    assert running.stderr is not None
    said = b""
    while b"ready" not in said:
        line = await asyncio.wait_for(running.stderr.readline(), 60)
        assert line, said
        said += line
    return running


async def test_the_daemon_serves_refuses_a_second_one_and_stops_cleanly(config: Path) -> None:
    running = await started(config)
    try:
        said = await process("status", "--json", "--config", str(config))
        assert said.code == 0
        assert json.loads(said.out)["instance"] == "acme"
        second = await process("run", "--config", str(config), TRUEUP_TEST_SECRET="x")
        assert second.code == 75
        assert f"process {running.pid}" in second.err
    finally:
        running.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0
    assert not config.with_name("state").joinpath("control.sock").exists()
    assert b"hush-hush" not in err
    again: Said = await process("ledger", "verify", "--config", str(config))
    assert again.code == 0


async def test_killed_outright_it_starts_again(config: Path) -> None:
    first = await started(config)
    first.kill()
    await first.communicate()
    assert config.with_name("state").joinpath("control.sock").exists()
    second = await started(config)
    second.send_signal(signal.SIGINT)
    await asyncio.wait_for(second.communicate(), 60)
    assert second.returncode == 0


async def test_a_changed_file_is_taken_or_told(config: Path) -> None:
    running = await started(config)
    assert running.stderr is not None

    async def until(words: bytes) -> None:
        assert running.stderr is not None
        while words not in await running.stderr.readline():
            assert running.returncode is None

    try:
        more = "names: hold\nschedule: {poll: 2h}\nledger: {backup: {keep: 5}}\n"
        config.write_text(CONFIG + more)
        await asyncio.wait_for(until(b'live="schedule names" later=ledger'), 60)
        config.write_text(CONFIG + "names: hld\n")
        await asyncio.wait_for(until(b"configuration refused"), 60)
        said = await process(
            "status", "--json", "--socket", str(config.parent / "state/control.sock")
        )
        assert "did you mean hold?" in json.loads(said.out)["config_problems"][0]
    finally:
        running.send_signal(signal.SIGTERM)
        await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0


async def test_reload_says_what_became_of_the_file(config: Path) -> None:
    text = CONFIG + "reload: {watch: false}\n"
    config.write_text(text)
    running = await started(config)
    try:
        args = ("--config", str(config))
        assert "nothing changed" in (await process("reload", *args)).out
        config.write_text(text + "names: hold\nledger: {backup: {keep: 5}}\n")
        said = await process("reload", "--dry-run", *args)
        assert "names: would be in force between two cycles" in said.out
        said = await process("reload", "--wait", "--json", *args)
        told = json.loads(said.out)
        assert (told["ok"], told["applied"], told["in_force"]) == (True, ["names"], True)
        said = await process("reload", *args)
        assert said.out.splitlines() == ["ledger.backup.keep: needs a restart"]
        config.write_text(text + "names: hld\n")
        said = await process("reload", *args)
        assert (said.code, said.out) == (78, "")
        assert f"{config}:20:1: names: must be one of" in said.err
        assert "the former configuration stays in force" in said.err
        config.write_text(text)
        running.send_signal(signal.SIGHUP)
        assert running.stderr is not None
        while b"by=signal" not in await asyncio.wait_for(running.stderr.readline(), 60):
            assert running.returncode is None
    finally:
        running.send_signal(signal.SIGTERM)
        await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0


async def test_a_reader_that_leaves_early_is_no_error(office: Office) -> None:
    for number in range(40):
        await office.renamed_vendor(number)
    await office.plan()
    command = f"{sys.executable} -m daemon plan --config {office.config} | head -1"
    running = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f"set -o pipefail; {command}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(running.communicate(), 60)
    assert (running.returncode, err) == (0, b"")
    assert out.startswith(b"as of 2026-08-01")


async def test_a_closed_stdout_is_no_bug(office: Office) -> None:
    running = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f"{sys.executable} -m daemon plan --config {office.config} >&-",
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(running.communicate(), 60)
    assert (running.returncode, err) == (0, b"")
