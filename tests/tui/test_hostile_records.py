"""Names and texts from other systems are literal on the drift list and on a record's screen."""

import unicodedata
from functools import partial
from pathlib import Path

import pytest

from daemon.control.protocol_drift import DriftRow
from tests.scenarios.support import tiny
from tests.tui.conftest import SIZES, Front, Living, fronting, living
from tests.tui.test_drift import calm
from tui.dialogs import ConfirmDialog, TextDialog
from tui.screens.drift import DriftScreen
from tui.screens.record import RecordScreen
from tui.widgets.sheet import Sheet

LITERAL = {
    "revision": "820412-001 [REV B]",
    "closing": "A[/]B Partners",
    "action": "[@click=app.quit]Acme[/]",
    "unterminated": "[x Unfinished",
    "escape": "Red \x1b[31mLine",
    "clipboard": "Copy \x1b]52;c;aGVsbG8=\x07 me",
    "c1": "Eight \x9b31m bits",
    "direction": "Safe\u202egpj.exe",
    "newline": "Two\nLines",
    "wide": "工具工具工具",
}
SHOWN = {
    "revision": "820412-001 [REV B]",
    "closing": "A[/]B Partners",
    "action": "[@click=app.quit]Acme[/]",
    "unterminated": "[x Unfinished",
    "escape": "Red \\e[31mLine",
    "clipboard": "Copy \\e]52;c;aGVsbG8=\\x07 me",
    "c1": "Eight \\x9b31m bits",
    "direction": "Safe\\u202egpj.exe",
    "newline": "Two\\nLines",
    "wide": "工具工具工具",
}
LONG = "L" + "o" * 9_998 + "g"


def acting(front: Front) -> set[str]:
    """Characters on the screen that do something instead of showing."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for line in front.lines() for c in line if unicodedata.category(c) in hidden}


def under(drift: DriftScreen, row: DriftRow) -> bool:
    return drift.rows.selected() == row


async def hostile(live: Living) -> None:
    """Vendors of these names come into DEAR."""
    for name in LITERAL.values():
        await live.edit("dear", {"kind": "supplier", "create": {"Name": name}})
    await live.cycle()


@pytest.mark.parametrize("size", SIZES)
async def test_names_are_shown_and_never_acted_upon(tmp_path: Path, size: tuple[int, int]) -> None:
    async with living(tmp_path, world=tiny()) as live:
        await live.agree()
        await hostile(live)
        async with fronting(live.socket, size=size, start="drift?sort=label") as front:
            drift = front.view
            assert isinstance(drift, DriftScreen)
            await front.until(lambda: drift.rows.total >= len(LITERAL), "rows")
            assert {row.label for row in await drift.collect()} >= set(LITERAL.values())
            for name, text in LITERAL.items():
                row = next(row for row in await drift.collect() if row.label == text)
                await front.app.go("drift?sort=label")
                drift.rows.seek(row.record)
                await front.until(partial(under, drift, row), name)
                await front.shows(SHOWN[name][:8])
                assert not acting(front)
                await front.press("enter")
                await front.until(lambda: isinstance(front.view, RecordScreen), "opened")
                await front.shows(f"vendor {SHOWN[name]}"[: size[0] - 10])
                assert not acting(front)
                await front.press("s")
                await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asks")
                await front.shows(SHOWN[name])
                assert not acting(front)
                await front.press("escape")
                await front.until(lambda: front.app.screen is front.view, "no dialog")
                await front.app.go("drift?sort=label")
            assert front.app.is_running
            assert front.app.return_code is None


async def test_a_very_long_text_is_cut_in_the_list_and_whole_when_it_is_opened(
    tmp_path: Path,
) -> None:
    async with calm(tmp_path) as live:
        await live.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"Description": LONG}})
        await live.cycle()
        async with fronting(live.socket, start="drift?filter=kind:item") as front:
            drift = front.view
            assert isinstance(drift, DriftScreen)
            await front.until(lambda: drift.rows.total == 1, "the item")
            await front.shows("Preview BOLT", "Loooo")
            await front.press("enter")
            await front.until(lambda: isinstance(front.view, RecordScreen), "opened")
            await front.shows("Looooooooo")
            for _ in range(9):
                if "description" in front.view.query_one(Sheet).stop:
                    break
                await front.press("j")
            await front.press("enter")
            await front.until(lambda: isinstance(front.app.screen, TextDialog), "all of it")
            dialog = front.app.screen
            assert isinstance(dialog, TextDialog)
            assert LONG in "".join(line.strip() for line in dialog.lines)
