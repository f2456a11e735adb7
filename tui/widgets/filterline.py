"""The filter of a list: one line whose keys never reach the list. Knows nothing of what it filters.

Enter applies and gives the list its keys back; esc clears what was typed, and once more the filter.
"""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.widgets.safe import Line, TextInput


class FilterInput(TextInput):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, priority=True)]

    def action_leave(self) -> None:
        line = self.query_ancestor(FilterLine)
        line.leave()


class FilterLine(Horizontal):
    """`` filter kind:bill   12 of 412, 400 hidden``"""

    @dataclass
    class Applied(Message):
        """Another filter is in force."""

        text: str

    @dataclass
    class Left(Message):
        """The list gets its keys back."""

    def __init__(self, hint: str = "") -> None:
        """``hint``: what one can filter by here."""
        super().__init__()
        self.hint = hint
        self.text = ""
        """The filter in force."""

    def compose(self) -> ComposeResult:
        yield Line(" filter ", classes="label")
        yield FilterInput(placeholder=f"(none)  / filters: {self.hint or '-text'}", compact=True)
        yield Line("", id="shown")

    @property
    def input(self) -> FilterInput:
        return self.query_one(FilterInput)

    def open(self) -> None:
        """At once: what was typed right behind ``/`` must not reach the list."""
        self.input.can_focus = True
        self.screen.set_focus(self.input)

    @property
    def is_open(self) -> bool:
        return self.screen.focused is self.input

    def on_mount(self) -> None:
        self.input.can_focus = False  # only ``/`` leads here, never the tab key by accident

    def put(self, text: str) -> None:
        """Show a filter that came from an address; says nothing."""
        self.input.value = text
        self.text = self.input.value

    def tell(self, shown: int, everything: int, extra: str = "") -> None:
        """How many rows the filter leaves of how many."""
        told = f"{shown:,} of {everything:,}"
        if shown < everything:
            told += f", {everything - shown:,} hidden"
        self.query_one("#shown", Line).say(f"{told}{'   ' + extra if extra else ''} ")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._apply(event.value.strip())

    def leave(self) -> None:
        """Esc: back to the filter in force; when it is what stands there, without any."""
        if self.input.value.strip() == self.text:
            self._apply("")
        else:
            self._apply(self.text)

    def clear(self) -> None:
        self._apply("")

    def _apply(self, text: str) -> None:
        changed = text != self.text
        self.put(text)
        self.input.can_focus = False
        if changed:
            self.post_message(self.Applied(text))
        self.post_message(self.Left())
