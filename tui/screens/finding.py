"""Searching a long sheet: ``/`` asks for a text, ``n`` and ``N`` go to the next and previous hit.

Nothing is hidden and the daemon is not asked: it is the text that stands there. A list is narrowed
by its filter instead. Must not decide anything.
"""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.dialogs import CommandDialog
from tui.keys import Key
from tui.screens.base import BaseScreen
from tui.widgets.safe import Line, TextInput
from tui.widgets.sheet import Sheet

FIND: tuple[Key, ...] = (
    Key("slash", "Find", "find", help="a text on this sheet; empty forgets it"),
    Key("n", "Next hit", "next_hit", when="nothing_sought", footer=False),
    Key("N", "Previous hit", "previous_hit", when="nothing_sought", footer=False),
)


class FindDialog(CommandDialog):
    """The line after ``/``."""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="command"):
            yield Line("/", classes="label")
            yield TextInput(placeholder="text to find here; n and N go on", compact=True)


class Finds(BaseScreen):
    """A screen with a sheet that can be searched. Its ``KEYS`` end in ``*FIND``."""

    sheet: ClassVar[type[Sheet]] = Sheet

    def nothing_sought(self) -> str:
        sought = self.is_mounted and self.query_one(self.sheet).sought
        return "" if sought else "nothing is sought: / asks for a text"

    async def find(self) -> None:
        dialog = FindDialog([])
        _ = self.front.push_screen(dialog, self._sought)

    def _sought(self, text: str | None) -> None:
        sheet = self.query_one(self.sheet)
        sheet.seek_text(text or "")
        if text:
            self._tell(sheet.go_to_hit(0))
        self.draw()

    def next_hit(self) -> None:
        self._tell(self.query_one(self.sheet).go_to_hit(1))

    def previous_hit(self) -> None:
        self._tell(self.query_one(self.sheet).go_to_hit(-1))

    def _tell(self, place: tuple[int, int]) -> None:
        sought = self.query_one(self.sheet).sought
        number, count = place
        told = f"{number} of {count} for {sought!r}" if count else f"{sought!r} stands nowhere here"
        self.front.tell(told, bad=not count)
