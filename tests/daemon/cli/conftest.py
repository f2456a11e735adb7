"""Commands called as a shell calls them, against a real daemon's socket where one is needed."""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from daemon.cli import main
from tests.daemon.control.conftest import Office, office

__all__ = ["Office", "office"]


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def call(*args: str, stdin: str = "") -> Said:
    """Run the command line in this process, its streams kept apart."""
    code = 0
    with CliRunner().isolation(input=stdin) as (out, err, _):
        try:
            main(list(args))
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        return Said(code, out.getvalue().decode(), err.getvalue().decode())


async def process(*args: str, **env: str) -> Said:
    """Run the command line as a process of its own."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **env},
    )
    out, err = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode is not None
    return Said(running.returncode, out.decode(), err.decode())


@pytest.fixture
def ask_daemon(office: Office) -> Callable[..., "asyncio.Future[Said]"]:
    """Call a command in a thread, while the daemon answers from this one's loop."""

    def ask(*args: str) -> "asyncio.Future[Said]":
        return asyncio.ensure_future(asyncio.to_thread(call, *args, "--config", str(office.config)))

    return ask
