"""``trueup tui`` as a process in a pseudo terminal, and what a terminal makes of its bytes.

``Terminal`` runs the command and keeps every byte that it sent; ``Screen`` understands the few
sequences that it may send, and fails on any other one. Nothing here knows what is shown.
"""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.control.text import cells

PATIENCE_S = 60.0
_SEQUENCE = re.compile(
    r"\x1b\[(?P<mark>[?>=<]?)(?P<numbers>[0-9;:]*)(?P<between>[$ ]?)(?P<final>[A-Za-z])"
    r"|\x1b\](?P<command>[^\x07\x1b]*)(?:\x07|\x1b\\)"
)
_POINTER = "22;default"
"""Textual asks for the ordinary mouse pointer; the only such command that it may send."""
_COLOUR = re.compile(r"3[0-8]|4[0-8]|9[0-7]|10[0-7]")
_IGNORED = frozenset("hlupnqtcS")
"""Modes, keyboard protocol, questions about the terminal."""


class Screen:
    """The cells of a terminal. ``feed`` fails on what has no business there."""

    def __init__(self, columns: int, rows: int) -> None:
        self.modes: set[str] = set()
        """Private modes that are on: ``1049`` is the other screen, ``25`` the cursor."""
        self.touched: set[int] = set()
        """Lines, from 0, that something was written into."""
        self.colours: set[str] = set()
        """Parameters of colours that were asked for."""
        self._rest = ""
        self.resize(columns, rows)
        self.modes.add("25")

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.x = self.y = 0
        self._cells = [[" "] * columns for _ in range(rows)]

    def feed(self, text: str) -> None:
        text, self._rest = self._rest + text, ""
        place = 0
        while place < len(text):
            if text[place] != "\x1b":
                end = text.find("\x1b", place)
                end = len(text) if end < 0 else end
                self._write(text[place:end])
                place = end
                continue
            found = _SEQUENCE.match(text, place)
            if found is None:
                rest = text[place:]
                assert len(rest) < 40, f"no sequence of ours: {rest[:40]!r}"
                self._rest = rest
                return
            self._obey(found)
            place = found.end()

    def _obey(self, found: re.Match[str]) -> None:
        if found["command"] is not None:
            assert found["command"] == _POINTER, f"a command to the terminal: {found[0]!r}"
            return
        final, numbers = found["final"], found["numbers"]
        if found["mark"] == "?" and final in "hl":
            for mode in numbers.split(";"):
                (self.modes.add if final == "h" else self.modes.discard)(mode)
        elif final == "H":
            row, _, column = numbers.partition(";")
            self.y, self.x = int(row or 1) - 1, int(column or 1) - 1
        elif final == "m":
            self.colours |= {part for part in numbers.split(";") if _COLOUR.fullmatch(part)}
        elif final == "J":
            self._cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final == "K":
            if self.y < self.rows:
                self._cells[self.y][self.x :] = [" "] * (self.columns - self.x)
        else:
            assert final in _IGNORED, f"a sequence that does something else: {found[0]!r}"

    def _write(self, text: str) -> None:
        for char in text:
            if char == "\r":
                self.x = 0
            elif char == "\n":
                self.y = min(self.y + 1, self.rows - 1)
            else:
                acts = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
                assert not acts, f"a character that acts: {char!r} in {text!r}"
                self._put(char)

    def _put(self, char: str) -> None:
        wide = cells(char)
        if self.y >= self.rows or self.x >= self.columns:
            return
        if wide == 0:
            self._cells[self.y][max(0, self.x - 1)] += char
            return
        self.touched.add(self.y)
        self._cells[self.y][self.x] = char
        for more in range(self.x + 1, min(self.x + wide, self.columns)):
            self._cells[self.y][more] = ""
        self.x += wide

    def lines(self) -> list[str]:
        return ["".join(line) for line in self._cells]

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines())


class Terminal:
    """The command in a pseudo terminal of its own; see ``terminal``."""

    def __init__(self, argv: Sequence[str], size: tuple[int, int], env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.screen = Screen(*size)
        self.seen = b""
        self.painted_at = 0.0
        """When something below the header's line was drawn last."""
        self.error: AssertionError | None = None
        """What the screen would not take."""
        self._undecoded = b""
        self._set_size(*size)
        self.running = subprocess.Popen(
            [sys.executable, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            start_new_session=True,
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self._heard = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.master, self._read)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """As when a person drags the window."""
        self.screen.resize(columns, rows)
        self._set_size(columns, rows)
        self.running.send_signal(signal.SIGWINCH)

    def type(self, *texts: str) -> None:
        for text in texts:
            os.write(self.master, text.encode())

    async def until(self, condition: Callable[[], object], name: str) -> None:
        """Until ``condition`` holds after something was drawn; fails with the screen."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    if self.error is not None:
                        raise self.error
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            pytest.fail(f"{name}: never came true; on the screen:\n{self.screen.text()}")

    async def quiet(self, seconds: float) -> None:
        """Until nothing was sent for so long."""
        while True:
            self._heard.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._heard.wait()
            except TimeoutError:
                return

    async def shows(self, *texts: str) -> None:
        await self.until(
            lambda: all(text in self.screen.text() for text in texts), f"shows {texts}"
        )

    async def shows_not(self, text: str) -> None:
        await self.until(lambda: text not in self.screen.text(), f"shows no {text!r}")

    async def end(self) -> int:
        """Wait until it ended and everything that it said was read."""
        async with asyncio.timeout(PATIENCE_S):
            code = await asyncio.to_thread(self.running.wait)
        self._read()
        if self.error is not None:
            raise self.error
        return code

    def close(self) -> None:
        self._loop.remove_reader(self.master)
        if self.running.poll() is None:
            self.running.kill()
            self.running.wait()
        os.close(self.master)

    def _read(self) -> None:
        try:
            while data := os.read(self.master, 65_536):
                self._take(data)
        except BlockingIOError:
            pass
        except OSError:
            self._loop.remove_reader(self.master)  # the other end is closed
        self._heard.set()

    def _take(self, data: bytes) -> None:
        self.seen += data
        data = self._undecoded + data
        whole = len(data)
        while whole and whole > len(data) - 4 and not _is_text(data[:whole]):
            whole -= 1
        self._undecoded = data[whole:]
        touched, self.screen.touched = self.screen.touched, set()
        try:
            self.screen.feed(data[:whole].decode())
            if self.screen.touched - {0}:
                self.painted_at = time.perf_counter()
            self.screen.touched |= touched
        except AssertionError as error:
            self.error = self.error or error


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@asynccontextmanager
async def terminal(
    socket: Path | str,
    *argv: str,
    size: tuple[int, int] = (80, 24),
    program: Sequence[str] = (),
    **env: str,
) -> AsyncIterator[Terminal]:
    """``trueup tui --socket SOCKET`` in a terminal of this size, until the block ends.

    ``program``: arguments of Python that start something else there.
    """
    said = program or ("-m", "daemon", "tui", "--socket", str(socket), *argv)
    kept = {name: value for name, value in os.environ.items() if name not in _OF_TERMINALS}
    one = Terminal(said, size, {**kept, "TERM": "xterm-256color", **env})
    try:
        yield one
        if one.error is not None:
            raise one.error
    finally:
        one.close()


_OF_TERMINALS = frozenset({"NO_COLOR", "COLUMNS", "LINES", "COLORTERM", "TERM_PROGRAM", "TMUX"})
