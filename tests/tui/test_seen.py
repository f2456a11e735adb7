"""What a person saw goes with every act: what moved while they thought is refused, and told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from tests.town import DEAR, QBO
from tests.tui.acting import edit_ref, joined, say_yes
from tests.tui.conftest import Front, Living, fronting, living
from tui.dialogs import ConfirmDialog


@pytest.fixture
async def torn(tmp_path: Path) -> AsyncIterator[tuple[Living, RecordView]]:
    async with living(tmp_path) as live:
        await live.agree()
        item = next(v for v in await joined(live, Kind.ITEM) if v.label == "WBN-00026")
        await edit_ref(live, item.sides[QBO].ref, "item", UnitPrice=13)
        await edit_ref(live, item.sides[DEAR].ref, "product", PriceTier1=12.95)
        await live.cycle()
        yield live, item


async def refused(front: Front, live: Living, item: RecordView) -> None:
    """Asked; meanwhile a side moves; the yes is refused and says what moved."""
    await front.press("s")
    await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "asked")
    await edit_ref(live, item.sides[QBO].ref, "item", UnitPrice=14)
    await live.cycle()
    await say_yes(front, reason="not now")
    await front.until(
        lambda: any("moved on since you looked" in told for told in front.app.told), "refused"
    )
    told = next(told for told in front.app.told if "moved on since" in told)
    assert "showed new content" in told
    assert "trueup drift show" in told
    skips = await live.town.ledger.read(lambda views: views.skips_of([item.record]))
    assert not skips.get(item.record)


async def test_in_a_list(torn: tuple[Living, RecordView]) -> None:
    live, item = torn
    async with fronting(live.socket, start="drift?filter=wbn-00026") as front:
        await front.shows("WBN-00026", "conflict")
        await refused(front, live, item)


async def test_on_a_record(torn: tuple[Living, RecordView]) -> None:
    live, item = torn
    async with fronting(live.socket, start=f"record/{item.record}") as front:
        await front.shows("HELD, conflict")
        await refused(front, live, item)
