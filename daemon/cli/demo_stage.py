"""A demo as it runs: a folder, two processes, and a voice that shows what commands say.

Nothing here reaches into the daemon: it starts ``trueup sandbox`` and ``trueup run``, edits both
systems the way their users would, and runs the ordinary commands. What it says itself it reads
from the simulators at that moment, and it fails when that is not so. Knows no story.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from daemon.cli.rehearsal import first_day, write_config
from daemon.control.text import cells, clean, columns

WIDTH = 100
"""Columns where there is no terminal that says its own."""
NARROWEST = 60
WIDEST = 22
"""Columns of one cell in the demo's own tables."""
START_LIMIT_S = 60
FIRST_CYCLE_LIMIT_S = 120
_encode = msgspec.json.Encoder(decimal_format="number").encode

Rows = Sequence[tuple[str, ...]]


class Demo:
    """One run: a folder, two processes, and a voice."""

    def __init__(self, folder: Path, seed: int, size: str, scale: float) -> None:
        self.folder = folder
        self.config = folder / "demo.yaml"
        self._seed = seed
        self._size = size
        self._scale = scale
        self.twins: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """Tell what happens next."""
        click.echo()
        for line in folded(f"== {text}", indent="   "):
            click.secho(line, bold=True)

    def note(self, text: str) -> None:
        """A quieter line."""
        for line in folded(f"   {clean(text)}", indent="   "):
            click.echo(line)

    def table(self, rows: Rows, *, right: frozenset[int] = frozenset()) -> None:
        """Aligned rows; the columns in ``right`` (from 0) are figures."""
        for line in columns(rows, widest=WIDEST, right=right):
            click.echo(f"     {line}")

    def require(self, claim: str, is_true: bool) -> None:
        """The demo ends when what it just read from the simulators is not so."""
        if not is_true:
            raise click.ClickException(f"the story did not come true: {claim}")

    def show(self, claim: str, is_true: bool) -> None:
        """As ``require``, and say it."""
        self.require(claim, is_true)
        self.note(claim)

    @contextmanager
    def sandbox(self) -> Iterator[None]:
        """Both sandboxes in a process of their own, ready to answer."""
        argv = ["sandbox", "--seed", str(self._seed), "--size", self._size]
        argv += ["--clock-scale", str(self._scale), "--log", str(self.folder / "requests.jsonl")]
        with self._process(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise click.ClickException("the sandbox did not start; see the lines above")
            self.twins = json.loads(line)
            self._write_config()
            yield

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The daemon in a process of its own, its first cycle under way."""
        log = self.folder / "daemon.log"
        argv = ["run", "--config", str(self.config), "--clock-scale", str(self._scale)]
        with log.open("wb") as stream, self._process(argv, stderr=stream) as process:
            self._wait_for_socket(process, log)
            yield

    @contextmanager
    def _process(self, argv: list[str], **streams: Any) -> Iterator["subprocess.Popen[bytes]"]:
        process = subprocess.Popen([sys.executable, "-m", "daemon", *argv], **streams)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _write_config(self) -> None:
        write_config(self.config, self.twins, instance="demo", since=first_day(), poll="2h")

    def _wait_for_socket(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        for _ in range(START_LIMIT_S * 5):
            if process.poll() is not None:
                tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise click.ClickException(f"the daemon ended at once:\n{tail}")
            if self.run("status", "--json", quiet=True).returncode == 0:
                return
            signal.sigtimedwait([], 0.2)
        raise click.ClickException(f"the daemon did not open its socket; see {log}")

    def wait_for_first_cycle(self) -> None:
        """Until the daemon has read both systems once."""
        for _ in range(FIRST_CYCLE_LIMIT_S * 5):
            if self.ask("status")["last_cycle"] is not None:
                return
            signal.sigtimedwait([], 0.2)
        raise click.ClickException("the first cycle did not end; see the daemon's log")

    def wait_for(self, claim: str, is_true: Callable[[], bool]) -> None:
        """Until the simulators show it; the demo ends when they never do."""
        for _ in range(START_LIMIT_S * 5):
            if is_true():
                return
            signal.sigtimedwait([], 0.2)
        self.require(claim, False)

    def run(
        self, *argv: str, quiet: bool = False, until: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run an ordinary command the way an operator would, and show what it says.

        What follows a line that begins with ``until`` is only counted.
        """
        command = [sys.executable, "-m", "daemon", *argv, "--config", str(self.config)]
        env = {**os.environ, "COLUMNS": str(width())}
        if not quiet:
            click.secho(f"\n$ trueup {shlex.join(argv)}", fg="cyan")
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", env=env, check=False
        )
        if not quiet:
            shown = done.stdout.rstrip().splitlines()
            ends = [n for n, line in enumerate(shown) if until and line.startswith(until)]
            most = ends[0] if ends else len(shown)
            for line in shown[:most]:
                for part in folded(line):
                    click.echo(part)
            if len(shown) > most:
                self.note(f"... {len(shown) - most} more lines: each change, each question")
            elif done.stderr.strip():
                click.echo(done.stderr.rstrip(), err=True)
        return done

    def browse(self) -> None:
        """The terminal front end on the live company, until the person leaves it."""
        click.secho("\n$ trueup tui", fg="cyan")
        command = [sys.executable, "-m", "daemon", "tui", "--config", str(self.config)]
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            raise click.ClickException(f"`trueup tui` ended with {done.returncode}")

    def must(self, *argv: str, until: str = "") -> str:
        """As ``run``, but the demo ends when the command fails."""
        done = self.run(*argv, until=until)
        if done.returncode != 0:
            raise click.ClickException(f"`trueup {' '.join(argv)}` ended with {done.returncode}")
        return done.stdout

    def ask(self, *argv: str) -> Any:
        """The JSON answer of a command, not shown."""
        done = self.run(*argv, "--json", quiet=True)
        if done.returncode != 0:
            raise click.ClickException(done.stderr or f"trueup {' '.join(argv)} failed")
        return json.loads(done.stdout)

    def edit(self, system: str, body: Mapping[str, Any]) -> Any:
        """Change a record as a user of that system would in its own screens."""
        return self._control(system, "edit", body)

    def switch(self, **switches: Any) -> None:
        """Set switches of the DEAR simulator: habits in which real companies differ."""
        self._control("dear", "switches", switches)

    def dump(self, system: str, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind as the sandbox holds it."""
        data = self._control(system, f"state/{kind}")
        rows: list[dict[str, Any]] = data if isinstance(data, list) else next(iter(data.values()))
        return rows

    def _control(self, system: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.twins[system]['control_url']}/_sandbox/{what}",
            data=None if body is None else _encode(body),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer, parse_float=Decimal, parse_int=Decimal)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise click.ClickException(f"the {system} simulator refused: {said}") from error


def width() -> int:
    """Columns that there are to write in."""
    return max(NARROWEST, shutil.get_terminal_size((WIDTH, 30)).columns)


def folded(line: str, indent: str = "") -> list[str]:
    """A line in as many as fit; a command that somebody may copy stays whole."""
    room = width()
    if cells(line) <= room or line.lstrip().startswith("trueup "):
        return [line]
    hanging = indent or " " * (len(line) - len(line.lstrip()) + 4)
    fold = textwrap.TextWrapper(
        room, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
    return fold.wrap(line)
