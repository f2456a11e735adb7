"""Pictures of the screens, byte by byte: nothing changes its looks unseen.

``make snapshots`` accepts what is drawn now. Some of the pictures are those of the README and of
docs/operations.md, so that these show the screens as they are. The company is the one of
``trueup demo``; the front end's clock stands still, and times of day are made alike.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from textual.pilot import Pilot

from daemon.clock import SystemClock
from daemon.sandbox.world import make_world
from ledger.model.ids import Kind
from tests.scenarios.support import qbo_row
from tests.tui.conftest import NARROW, WIDE, Front, Living, living
from tui.address import parse_address
from tui.app import TrueupApp
from tui.dialogs import ConfirmDialog, TextDialog
from tui.screens.base import BaseScreen
from tui.widgets.rows import Rows

ROOT = Path(__file__).parents[2]
SHOWN, KEPT = ROOT / "docs" / "screens", Path(__file__).parent / "snapshots"
ACCEPT = "TRUEUP_ACCEPT_SNAPSHOTS"
_ID = re.compile(r"terminal-\d+")
_TIME = re.compile(r"\b\d\d:\d\d:\d\d(?=Z?\b)")
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
LOWER = (120, 28)
"""Without the end of the history: which system was read first is another every time."""
COMPANY = "Sample Design and Landscaping Services"

Step = Callable[[Front], Awaitable[None]]


class StillClock(SystemClock):
    """The time stands; waiting goes on."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at = at

    def now(self) -> datetime:
        return self._at


async def company(live: Living) -> None:
    """Agreed, then worked in on both sides."""
    live.desk.facts = msgspec.structs.replace(live.desk.facts, company=COMPANY)
    await live.agree()
    for sku, price in (("WGF-00016", 75.33), ("WSG-00018", 12.4), ("ACS-00020", 88)):
        await live.edit("dear", {"kind": "item", "sku": sku, "set": {"PriceTier1": price}})
    words = {"Description": "Sold in boxes of twelve"}
    await live.edit("dear", {"kind": "item", "sku": "RPE-00017", "set": words})
    item = qbo_row(live.town, "item", "RPE-00017")["Id"]
    words = {"Description": "Sold in boxes of ten"}
    await live.edit("qbo", {"kind": "item", "id": item, "set": words})
    await live.cycle()


async def nothing(front: Front) -> None:
    """As it opens."""


async def first_record(front: Front) -> None:
    await front.shows("class:conflict", "RPE-00017")
    await front.press("enter")
    await front.shows("item RPE-00017", "History", "boxes of twelve")


async def first_conflict(front: Front) -> None:
    await front.press("enter")
    await front.shows("boxes of twelve")


async def approval(front: Front) -> None:
    await front.shows("WGF-00016")
    await front.press("space", "a")
    await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asks")


async def help_(front: Front) -> None:
    await front.press("question_mark")
    await front.until(lambda: isinstance(front.app.screen, TextDialog), "help")


Picture = tuple[Path, str, tuple[int, int], Step, dict[str, Any]]
CONFLICT = "filter=class:conflict%20RPE"
PICTURES: tuple[Picture, ...] = (
    (SHOWN / "overview.svg", "overview", WIDE, nothing, {}),
    (SHOWN / "drift.svg", "drift?filter=kind:item&sort=label", WIDE, nothing, {}),
    (SHOWN / "record.svg", f"drift?{CONFLICT}", LOWER, first_record, {}),
    (SHOWN / "approve.svg", "queue?filter=state:waiting%20WGF", WIDE, approval, {}),
    (KEPT / "overview-narrow.svg", "overview", NARROW, nothing, {}),
    (KEPT / "drift-narrow.svg", "drift?sort=label", NARROW, nothing, {}),
    (KEPT / "conflicts-narrow.svg", "conflicts?filter=RPE", NARROW, first_conflict, {}),
    (KEPT / "ledger-narrow.svg", "ledger?filter=entry:planned", NARROW, nothing, {}),
    (KEPT / "help-narrow.svg", "queue?filter=WGF", NARROW, help_, {}),
    (KEPT / "drift-ascii.svg", "drift?sort=label", NARROW, nothing, {"plain": True}),
)


READS_SHOW = frozenset({"record.svg"})
"""Pictures with a history: both systems are read side by side, in either order."""


def same(kept: str, drawn: str, *, order: bool) -> bool:
    """Byte for byte, or the same texts where only the order of two reads may be another."""
    if kept == drawn:
        return True
    told, now = (sorted(re.findall(r">([^<]*)</text>", one)) for one in (kept, drawn))
    return not order and told == now


async def test_every_screen_looks_as_it_did(tmp_path: Path) -> None:
    accept = bool(os.environ.get(ACCEPT))
    others = []
    options = {"world": make_world(7, "small"), "flows": {Kind.ITEM: "manual"}}
    async with living(tmp_path, **options) as live:
        await company(live)
        for path, start, size, step, given in PICTURES:
            drawn = await picture(live, start, size, step, given)
            if accept:
                await asyncio.to_thread(path.write_text, drawn, encoding="utf-8")
            elif not path.exists() or not same(
                path.read_text(encoding="utf-8"), drawn, order=path.name not in READS_SHOW
            ):
                (tmp_path / path.name).write_text(drawn, encoding="utf-8")
                others.append(f"{path.relative_to(ROOT)} (now: {tmp_path / path.name})")
    assert not others, f"look at them; if they are right: make snapshots. {others}"


async def picture(
    live: Living, start: str, size: tuple[int, int], step: Step, options: dict[str, Any]
) -> str:
    """What the screen shows after ``step``, when nothing moves any more."""
    clock = StillClock(live.town.clock.now())
    app = TrueupApp(live.socket, clock, start=parse_address(start), **options)
    async with app.run_test(size=size) as pilot:
        front = Front(app, pilot)
        await front.until(lambda: isinstance(app.screen, BaseScreen), "a view is shown")
        await front.until(lambda: front.view.seen is not None, "it is read")
        await front.until(lambda: all(r.loaded for r in front.view.query(Rows)), "rows are here")
        await step(front)
        return await settled(app, pilot)


async def settled(app: TrueupApp, pilot: Pilot[int]) -> str:
    """The same picture several times in a row."""
    drawn: list[str] = []
    while len(drawn) < 5 or len(set(drawn[-5:])) > 1:
        await pilot.pause(0.1)
        drawn.append(alike(app.export_screenshot(title="trueup", simplify=True)))
    return drawn[-1]


def alike(svg: str) -> str:
    """Without what is another every time, and without fonts from elsewhere."""
    svg = _FONTS.sub("", svg)
    return _TIME.sub("15:04:05", _ID.sub("terminal", svg))


def test_a_picture_is_alike_only_when_it_shows_the_same() -> None:
    one = "<g class='terminal-1234-r1'>09:41:01 kept</g>"
    assert alike(one) == alike(one.replace("1234", "99").replace("09:41:01", "10:00:00"))
    assert alike("at 09:41:01Z") == alike("at 09:41:02Z")
    assert alike(one) != alike(one.replace("kept", "lost"))
