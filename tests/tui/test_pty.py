"""The real process in a real terminal: what it sends, and what is left when it ends.

Everything is judged by the bytes at the pseudo terminal. Data that acts is refused by the
``Screen`` itself: it knows the few sequences that the front end may send and fails on others.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from daemon.cli.demo_stage import Demo
from daemon.control.client import ControlClient
from daemon.control.protocol_valves import PauseRequest
from tests.scenarios.support import Goods, qbo_row, tiny
from tests.tui.conftest import SIZES, Living, living
from tests.tui.terminal import Terminal, terminal
from tests.tui.test_drift import BY_HAND, calm, reprice

VIEWS = ("Overview", "Drift", "Queue", "Conflicts", "Catalogue", "Ledger", "Health")
SAYINGS = {
    "action": "[@click=app.quit]Quit[/]",
    "revision": "820412 [REV B]",
    "closing": "A[/]B",
    "unterminated": "Bracket [x",
    "colour": "Red \x1b[38;5;201mtext",
    "clipboard": "Copy\x1b]52;c;aGVsbG8=\x07me",
    "title": "Title\x1b]0;owned\x07me",
    "eight bits": "Eight\x9b38;5;201mbits",
    "direction": "Safe\u202egpj.exe\u2066x",
    "lines": "Two\nLines\rOver",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "combining": "Ze\u0301ro\u0308\u0323",
    "wide": "\u5de5\u5177",
    "long": "L" + "o" * 9_998 + "g",
}
"""What other systems may call things."""
SHOWN = {
    "action": "[@click=app.quit]Quit[/]",
    "revision": "820412 [REV B]",
    "closing": "A[/]B",
    "unterminated": "Bracket [x",
    "colour": r"Red \e[38;5;201mtext",
    "clipboard": r"Copy\e]52;c;aGVsbG8=\x07me",
    "title": r"Title\e]0;owned\x07me",
    "eight bits": r"Eight\x9b38;5;201mbits",
    "direction": r"Safe\u202egpj.exe\u2066x",
    "lines": r"Two\nLines\rOver",
    "wide": "\u5de5\u5177",
}
"""The same as a person must see it."""
OURS = b"201m"
"""In no colour of ours: a data's colour that was obeyed."""
WHOLE = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l")
"""The other screen left, the cursor shown, the mouse given back."""
KEYS = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B"}


@asynccontextmanager
async def hostile(folder: Path) -> AsyncIterator[Living]:
    """A company in which everything that has a name is called something of ``SAYINGS``."""
    goods = Goods()
    world = tiny(products=tuple(goods.item(f"ITEM-{n}") for n in range(3)))
    name = SAYINGS["action"] + SAYINGS["clipboard"]
    world = replace(world, company=replace(world.company, name=name))
    async with living(folder, world=world, **BY_HAND) as live:
        live.desk.facts = msgspec.structs.replace(live.desk.facts, company=name)
        await live.agree()
        for saying in SAYINGS.values():
            await live.edit("dear", {"kind": "supplier", "create": {"Name": saying}})
        for sku, text in (("ITEM-0", "clipboard"), ("ITEM-1", "direction")):
            said = {"Description": SAYINGS[text]}
            await live.edit("dear", {"kind": "item", "sku": sku, "set": said})
        said = {"Description": SAYINGS["action"]}
        item = qbo_row(live.town, "item", "ITEM-1")["Id"]
        await live.edit("qbo", {"kind": "item", "id": item, "set": said})
        await live.cycle()
        async with ControlClient(live.socket) as daemon:
            await daemon.pause(PauseRequest(kind="bill", reason=SAYINGS["title"]))
        yield live


async def view(front: Terminal, number: int) -> None:
    front.type(str(number))
    await front.shows(f"[{number} {VIEWS[number - 1]}")


@pytest.mark.parametrize("size", SIZES)
async def test_no_view_lets_a_name_act_upon_the_terminal(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with hostile(tmp_path) as live, terminal(live.socket, size=size) as front:
        await front.shows("[@click=app", r"Title\e]0;owned\x07me")
        for number in (2, 3, 4, 5, 6, 7):
            await view(front, number)
            front.type("j", "j", "G", "g")
        await view(front, 2)
        await front.shows("17 of 17", "Tax Exempt")
        front.type(":", "view\u202e[@click=app.quit]x[/]", KEYS["enter"])
        await front.shows("no view is called")
        assert OURS not in front.seen.replace(rb"\e[38;5;201m", b"").replace(rb"\x9b38;5;201m", b"")
        assert front.running.poll() is None


async def test_each_of_them_is_shown_literally_in_list_title_and_question(tmp_path: Path) -> None:
    async with hostile(tmp_path) as live:
        for name, text in SHOWN.items():
            filtered = quote(f"kind:vendor {SAYINGS[name].split()[0][:6]}")
            async with terminal(live.socket, f"drift?filter={filtered}", size=(120, 36)) as front:
                await front.shows("1 of ", text)
                front.type(KEYS["enter"])
                await front.shows(f"vendor {text}", "History")
                front.type("s")
                await front.shows("[ Cancel ]", text)


async def test_another_size_keeps_the_cursor_and_the_marks(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        for n, sku in enumerate(("ANVIL", "BOLT", "CLAMP", "DRILL")):
            await reprice(live, sku, 20 + n)
        await live.cycle()
        async with terminal(live.socket, "drift?sort=label") as front:
            await front.shows("4 of 4", "DRILL")
            front.type(" ", " ")
            await front.shows("marked 2")
            kept = under_cursor(front), marked(front)
            assert kept == ("CLAMP", ["ANVIL", "BOLT"])
            for size in ((120, 36), (80, 24), (200, 50), (80, 24)):
                front.resize(*size)
                await front.shows("marked 2", "q Quit" if size[0] > 80 else "? Help")
                await front.until(
                    lambda: (under_cursor(front), marked(front)) == kept, f"kept at {size}"
                )


def under_cursor(front: Terminal) -> str:
    """The SKU of the line with the cursor's glyph."""
    return next((sku(line) for line in front.screen.lines() if line.startswith(">")), "")


def marked(front: Terminal) -> list[str]:
    return [sku(line) for line in front.screen.lines() if line[1:4] == " * "]


def sku(line: str) -> str:
    return next((word for word in line.split() if word in ("ANVIL", "BOLT", "CLAMP", "DRILL")), "")


async def test_what_is_typed_in_one_go_reaches_no_list(tmp_path: Path) -> None:
    """As over a slow line, where several keys arrive at once."""
    async with calm(tmp_path) as live:
        await reprice(live, "ANVIL", 20)
        await live.cycle()
        async with terminal(live.socket) as front:
            await front.shows("[1 Overview", "State ")
            front.type(":drift kind:item" + KEYS["enter"])
            await front.shows("[2 Drift", "filter kind:item", "ANVIL")
            front.type("/ANVIL -sap qR" + KEYS["enter"])
            await front.shows("filter ANVIL -sap qR", "hides 1 record")
            front.type("/\x1b[200~x\x9b5mPASTED\x1b[201~" + KEYS["enter"])
            await front.shows("PASTED")
            assert front.running.poll() is None


async def test_idle_it_sends_nothing_but_the_line_of_the_header(tmp_path: Path) -> None:
    async with calm(tmp_path) as live, asyncio.TaskGroup() as group:
        for number, name in enumerate(VIEWS, 1):
            group.create_task(idle(live, number, name))


async def idle(live: Living, number: int, name: str) -> None:
    """Over one sign of life of the daemon, which changes nothing but how old it is."""
    async with terminal(live.socket, name.lower()) as front:
        await front.shows(f"[{number} {name}", "live, 3s ago")
        await front.shows("live, 0s ago")
        front.screen.touched.clear()
        await front.shows("live, 3s ago")
        await front.shows("live, 0s ago")
        await front.shows("live, 1s ago")
        assert front.screen.touched == {0}, front.screen.text()


async def test_ascii_means_ascii(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "ANVIL", 20)
        await live.cycle()
        async with terminal(live.socket, "--ascii") as front:
            await front.shows("[1 Overview", "State ")
            for number in range(1, 8):
                await view(front, number)
            await view(front, 2)
            await front.shows("ANVIL")
            front.type("a")
            await front.shows("[ Cancel ]")
            front.type(KEYS["escape"])
            await front.shows_not("[ Cancel ]")
            front.type(KEYS["enter"])
            await front.shows("item ANVIL")
            front.type("?")
            await front.shows("Keys: Record")
            strange = sorted({char for char in front.seen.decode() if not char.isascii()})
            assert not strange, strange


async def test_without_colours_none_is_sent(tmp_path: Path) -> None:
    async with calm(tmp_path) as live:
        await reprice(live, "ANVIL", 20)
        await live.cycle()
        async with terminal(live.socket, NO_COLOR="1") as front:
            await front.shows("[1 Overview", "State ")
            for number in range(1, 8):
                await view(front, number)
            assert not front.screen.colours


async def test_a_dumb_terminal_is_refused_with_a_hint(tmp_path: Path) -> None:
    async with terminal(tmp_path / "none.sock", TERM="dumb") as front:
        assert await front.end() == 64
        assert b"TERM=dumb" in front.seen
        assert b"trueup status" in front.seen
        assert b"\x1b" not in front.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_kill_gives_the_terminal_back(tmp_path: Path, number: signal.Signals) -> None:
    async with terminal(tmp_path / "none.sock") as front:
        await front.shows("NO DAEMON")
        assert "1049" in front.screen.modes
        front.running.send_signal(number)
        await front.end()
        given_back(front)


CRASHING = """
from pathlib import Path
from daemon.clock import SystemClock
from tui import app
from tui.app import TrueupApp

class Broken(TrueupApp):
    CSS_PATH = Path(app.__file__).with_name("theme.tcss")

    def action_number(self, number):
        vendor = "Wile E. Secret"
        raise RuntimeError(f"no {vendor}")

broken = Broken(Path("none.sock"), SystemClock())
broken.run()
raise SystemExit(broken.return_code)
"""


async def test_a_crash_gives_the_terminal_back_and_quotes_nothing(tmp_path: Path) -> None:
    program = tmp_path / "crashing.py"
    program.write_text(CRASHING, encoding="utf-8")
    async with terminal(tmp_path / "none.sock", program=(str(program),)) as front:
        await front.shows("NO DAEMON")
        front.type("2")
        assert await front.end() == 1
        given_back(front)
        assert b"RuntimeError" in front.seen
        assert b"Secret" not in front.seen


def given_back(front: Terminal) -> None:
    assert "1049" not in front.screen.modes, "the other screen is still there"
    assert "25" in front.screen.modes, "the cursor is hidden"
    assert not front.screen.modes & {"1000", "1002", "1003", "1006", "2004"}, front.screen.modes
    assert all(sequence in front.seen for sequence in WHOLE)


class Killable:
    """A real daemon over real simulators, in processes of their own."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.socket = demo.folder / "state" / "control.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = ["run", "--config", str(self.demo.config), "--clock-scale", "200"]
        with (self.demo.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "daemon", *argv], stderr=log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@contextmanager
def killable(folder: Path) -> Iterator[Killable]:
    demo = Demo(folder, 11, "small", 200.0)
    with demo.sandbox():
        one = Killable(demo)
        one.start()
        try:
            yield one
        finally:
            one.kill()


async def test_a_killed_daemon_is_said_so_and_found_again(tmp_path: Path) -> None:
    with killable(tmp_path) as one:
        async with terminal(one.socket, size=(120, 36)) as front:
            await front.shows("SANDBOX", "complete")
            await view(front, 2)
            await front.shows("144 of 144")
            front.type("/kind:item" + KEYS["enter"])
            await front.shows("filter kind:item", " hidden")
            front.type(" ", "j", " ")
            await front.shows("marked 2")
            await front.until(lambda: marked_here(front), "both are marked, the cursor went on")
            kept = standing(front)
            one.kill()
            await front.shows("! DAEMON LOST", "LOST ")
            front.type("a")
            await front.shows("the daemon is gone: nothing can be decided until it is back")
            await front.until(lambda: standing(front) == kept, "as it was")
            one.start()
            await front.shows_not("DAEMON LOST")
            await front.shows("live, ", "marked 2", "filter kind:item")
            await front.until(lambda: standing(front) == kept, "as it was")


def marked_here(front: Terminal) -> bool:
    """Two marks with a row between them, and the cursor below."""
    return [line[:4].strip() for line in standing(front)] == ["*", "*", ">"]


def standing(front: Terminal) -> list[str]:
    """The lines with a mark or the cursor, but for what time changes in them."""
    return [line[:60] for line in front.screen.lines() if line[:4].strip() in (">", "*", "> *")]
