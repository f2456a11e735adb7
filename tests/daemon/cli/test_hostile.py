"""What reaches a terminal: the bytes of real processes under a pty, with names that would act."""

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from dataclasses import dataclass

import pytest

from ledger.model.records import Item, Vendor
from tests.daemon.cli.conftest import Office
from tests.daemon.control.conftest import DEAR, QBO

NAMES = (
    "[@click=app.approve_all]x[/]",
    "820412-001 [REV B]",
    "A[/]B",
    "unterminated [x",
    "osc52 \x1b]52;c;cm0gLXJmIH4=\x07 end",
    "title \x1b]0;owned\x1b\\ end",
    "red \x1b[31mtext\x1b[0m",
    "c1 \x9b31m and \x90q\x9c",
    "bidi \u202eevil\u2066",
    "two\nlines\rover",
    "zero\u200bwidth \ufeff",
    "long " + "x" * 10_000,
    "\u0645\u0631\u062d\u0628\u0627 e\u0301 \u65e5\u672c\u8a9e",
)
LISTS = (
    ("status",),
    ("plan",),
    ("drift",),
    ("drift", "show", "qbo/item/7"),
    ("drift", "show", "qbo/item/7", "--side-by-side", "--all"),
    ("queue",),
    ("desk",),
    ("desk", "conflict"),
    ("conflict", "list"),
    ("ledger", "list", "--limit", "200"),
    ("ledger", "history", "qbo/item/7"),
    ("skip", "--list"),
    ("remap",),
    ("totals",),
)


@dataclass(frozen=True)
class Shown:
    code: int
    data: bytes


async def under_a_pty(*args: str, columns: int = 80) -> Shown:
    """Run the command with a terminal of its own; every byte that it sent there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)},
    )
    os.close(theirs)
    data = await asyncio.to_thread(_drained, ours)
    code = await asyncio.wait_for(running.wait(), 60)
    return Shown(code, data)


def _drained(ours: int) -> bytes:
    data = bytearray()
    try:
        while chunk := os.read(ours, 65_536):
            data += chunk
    except OSError:  # Linux says so when the last one at the other end is gone
        pass
    finally:
        os.close(ours)
    return bytes(data)


def foreign(data: bytes) -> list[str]:
    """Characters that act, ours left out: colours (SGR) and ends of lines."""
    text = data.decode()
    rest, kept = text, []
    while "\x1b[" in rest:
        before, _, rest = rest.partition("\x1b[")
        kept.append(before)
        code, m, after = rest.partition("m")
        if m and all(part.isdigit() or not part for part in code.split(";")):
            rest = after
        else:
            kept.append("\x1b")
    kept.append(rest)
    shown = "".join(kept).replace("\r\n", "")
    return [char for char in shown if not char.isprintable() and char not in "\u0301"]


@pytest.fixture
async def hostile(office: Office) -> Office:
    """Every name on an item that both sides changed, and on a vendor that is to be created."""
    for number, name in enumerate(NAMES):
        old = Item(name=name, sku=f"{name[:40]}{number}", description=name, active=True)
        place = "7" if number == 0 else f"i{number}"
        qbo = await office.show(QBO, place, old)
        dear = await office.show(DEAR, f"d{number}", old)
        await office.agree(qbo, dear, old, old)
        for system, ref in ((QBO, place), (DEAR, f"d{number}")):
            new = Item(name=name, sku=old.sku, description=f"{system} {name}", active=True)
            await office.show(system, ref, new)
        await office.show(DEAR, f"v{number}", Vendor(name=f"{name} {number}", active=True))
    await office.plan()
    return office


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
async def test_nothing_from_data_acts(hostile: Office, command: tuple[str, ...]) -> None:
    shown = await under_a_pty(*command, "--config", str(hostile.config))
    assert shown.code == 0, shown.data.decode()
    assert foreign(shown.data) == []


async def test_brackets_are_shown_as_they_are(hostile: Office) -> None:
    shown = await under_a_pty("plan", "--limit", "5000", "--config", str(hostile.config))
    for name in ("[@click=app.approve_all]x[/]", "[REV B]", "A[/]B", "unterminated [x"):
        assert name.encode() in shown.data, name
    assert b"\\e]52;c;cm0gLXJmIH4=\\x07" in shown.data


async def test_no_colour_on_request(hostile: Office) -> None:
    for option in ("--plain", "--no-color"):
        shown = await under_a_pty("drift", option, "--config", str(hostile.config))
        assert b"\x1b" not in shown.data


async def test_at_80_columns_no_row_of_a_list_wraps(hostile: Office) -> None:
    for command in (("drift", "list"), ("queue", "list"), ("status",)):
        shown = await under_a_pty(*command, "--plain", "--config", str(hostile.config))
        wide = [line for line in shown.data.decode().split("\r\n") if len(line) > 80]
        assert [line for line in wide if not line.lstrip().startswith("trueup ")] == []
