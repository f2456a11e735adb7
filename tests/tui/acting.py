"""What tests of screens do to both twins and to dialogs; reads back what the twins show."""

from typing import Any

from textual.widgets import Button, Input

from ledger.model.facts import RecordView
from ledger.model.ids import ExternalRef, Kind
from tests.town import DEAR, QBO
from tests.tui.conftest import Front, Living
from tui.dialogs import ConfirmDialog


async def joined(live: Living, kind: Kind) -> list[RecordView]:
    """Records that both systems have, in the order of their ids."""
    rows = await live.town.ledger.read(lambda views: views.records(kind))
    shown = await live.town.ledger.read(lambda views: views.views(rows))
    return sorted((v for v in shown if {DEAR, QBO} <= set(v.sides)), key=lambda v: v.record)


async def twin(live: Living, ref: ExternalRef, kind: str) -> dict[str, Any]:
    """One record as its twin shows it; ``kind`` is that system's own word."""
    url = f"{live.town.urls[ref.system]}/_sandbox/state/{kind}"
    async with live.town.http.get(url) as answer:
        assert answer.status == 200, await answer.text()
        rows: list[dict[str, Any]] = await answer.json()
    return next(row for row in rows if ref.id in (row.get("Id"), row.get("_id")))


async def edit_ref(live: Living, ref: ExternalRef, kind: str, **values: object) -> None:
    await live.edit(ref.system, {"kind": kind, "id": ref.id, "set": values})


async def say_yes(front: Front, reason: str = "", typed: str = "") -> None:
    """Answer the dialog that is open: what it asks for, then its button."""
    await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "a question")
    dialog = front.app.screen
    if reason:
        dialog.query_one("#reason", Input).value = reason
    if typed:
        dialog.query_one("#typed", Input).value = typed
    dialog.query_one("#yes", Button).focus()
    await front.press("enter")
    await front.until(lambda: front.app.screen is not dialog, "the question is answered")


async def told_by(front: Front, key: str) -> str:
    """What is told in passing when this key is pressed."""
    before = len(front.app.told)
    await front.press(key)
    await front.until(lambda: len(front.app.told) > before, f"{key} tells something")
    return front.app.told[-1]
