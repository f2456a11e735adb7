"""``trueup tui`` as a command: found by name, light, and polite where there is no terminal."""

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.daemon.cli.conftest import process
from tests.daemon.cli.test_process import modules_after


async def test_it_is_listed_and_found_by_its_name() -> None:
    listed = await process("--help")
    assert "tui" in {line.split()[0] for line in listed.out.splitlines() if line.strip()}
    helped = await process("tui", "--help")
    assert helped.code == 0
    for option in ("--read-only", "--ascii", "--no-mouse", "--socket", "--config"):
        assert option in helped.out
    assert "Did you mean 'tui'" in (await process("tuii")).err


@pytest.mark.parametrize("args", [("--help",), ("tui", "--help"), ("tui",), ("status", "--help")])
async def test_nothing_but_the_open_screen_loads_textual(args: tuple[str, ...]) -> None:
    loaded = await modules_after(*args)
    assert [name for name in ("textual", "rich", "tui.app") if name in loaded] == []


async def test_other_commands_do_not_even_look_for_it() -> None:
    assert "tui" not in await modules_after("version")
    assert "tui.command" not in await modules_after("status", "--help")


async def test_without_a_terminal_it_names_the_commands_that_say_the_same() -> None:
    for env in ({"TERM": "dumb"}, {"TERM": "xterm"}):
        said = await process("tui", "--socket", "/nonexistent/control.sock", **env)
        assert (said.code, said.out) == (64, "")
        assert "trueup status, trueup plan" in said.err


class Terminal:
    """The command in a pseudo terminal of its own."""

    def __init__(self, *args: str, **env: str) -> None:
        self.master, slave = pty.openpty()
        self.running = subprocess.Popen(
            [sys.executable, "-m", "daemon", "tui", *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **env},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = b""

    def until(self, text: bytes, patience_s: float = 60.0) -> None:
        deadline = time.monotonic() + patience_s
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen[-2000:]
            self._read(0.1)

    def end(self) -> int:
        """Wait for its end, reading what it still says."""
        deadline = time.monotonic() + 60
        while self.running.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self._read(0.1)
        self._read(0.0)
        os.close(self.master)
        return self.running.returncode

    def _read(self, wait_s: float) -> None:
        while select.select([self.master], [], [], wait_s)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return  # the other end is closed
            if not data:
                return
            self.seen += data

    def type(self, text: bytes) -> None:
        os.write(self.master, text)


LEAVES_SCREEN = b"\x1b[?1049l"


def test_q_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    terminal = Terminal("--socket", str(tmp_path / "none.sock"))
    terminal.until(b"NO DAEMON")
    terminal.type(b"q")
    assert terminal.end() == 0
    assert LEAVES_SCREEN in terminal.seen


def test_a_kill_restores_the_terminal(tmp_path: Path) -> None:
    terminal = Terminal("--socket", str(tmp_path / "none.sock"), NO_COLOR="1")
    terminal.until(b"NO DAEMON")
    assert b"\x1b[38;2;" not in terminal.seen, "colours although NO_COLOR is set"
    terminal.running.send_signal(signal.SIGTERM)
    assert terminal.end() == 0
    assert LEAVES_SCREEN in terminal.seen


async def test_the_open_view_loads_what_it_needs_and_no_more() -> None:
    code = "import sys, tui.app, tui.screens.drift; print('\\n'.join(sys.modules))"
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(running.communicate(), 60)
    loaded = set(out.decode().split())
    assert "tui.screens.drift" in loaded
    others = ("queue", "conflicts", "catalogue", "ledger", "health", "record", "overview")
    heavy = ("aiohttp", "pydantic", "ruamel", "ledger.store", *(f"tui.screens.{o}" for o in others))
    assert [name for name in heavy if name in loaded] == []
