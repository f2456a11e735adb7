"""The filter of a list: one line whose keys never reach the list. Knows nothing of what it filters.

Enter applies and gives the list its keys back; esc clears what was typed, and once more the filter.
The line draws itself; what one types into is there only while somebody types.
"""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from daemon.control.text import ELLIPSIS, cells, clean, clip, pad
from tui.widgets.safe import TextInput, typable

LABEL = " filter "


class FilterInput(TextInput):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, priority=True)]

    def action_leave(self) -> None:
        line = self.query_ancestor(FilterLine)
        line.leave()


class FilterLine(Widget):
    """`` filter kind:bill   12 of 412, 400 hidden``"""

    class Applied(Message):
        """Another filter is in force."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The list gets its keys back."""

    def __init__(self, hint: str = "") -> None:
        """``hint``: what one can filter by here."""
        super().__init__()
        self.hint = f"(none)  / filters: {hint or '-text'}"
        self.text = ""
        """The filter in force."""
        self.shown = ""
        """What stands at the end of the line."""

    def render(self) -> Content:
        width = self.size.width
        room = max(0, width - cells(LABEL) - cells(self.shown))
        text, style = (self.text, "") if self.text else (self.hint, "dim")
        if cells(text) > room:
            text = clip(text, room).removesuffix(ELLIPSIS)
            text = text if self.text else text.rpartition(" ")[0]
        return Content(LABEL) + Content.styled(pad(text, room), style) + Content(self.shown)

    @property
    def input(self) -> FilterInput | None:
        """What is typed into; none while nobody types."""
        return next(iter(self.query(FilterInput)), None)

    def open(self) -> None:
        """At once: what was typed right behind ``/`` must not reach the list."""
        if self.input is None:
            line = FilterInput(value=self.text, placeholder=self.hint, compact=True)
            line.styles.margin = (0, cells(self.shown), 0, cells(LABEL))
            _ = self.mount(line)
            self.screen.set_focus(line)

    @property
    def is_open(self) -> bool:
        return self.input is not None and self.screen.focused is self.input

    def put(self, text: str) -> None:
        """Show a filter that came from an address; says nothing."""
        self.text = typable(text)
        self._close()
        self.refresh()

    def tell(self, shown: int, everything: int, extra: str = "") -> None:
        """How many rows the filter leaves of how many."""
        told = f"{shown:,} of {everything:,}"
        if shown < everything:
            told += f", {everything - shown:,} hidden"
        self.say(f"{told}{'   ' + extra if extra else ''} ")

    def say(self, words: str) -> None:
        """What stands at the end of the line, in other words."""
        words = clean(words)
        if words != self.shown:
            self.shown = words
            self.refresh()
            if self.input is not None:
                self.input.styles.margin = (0, cells(words), 0, cells(LABEL))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._apply(event.value.strip())

    def leave(self) -> None:
        """Esc: back to the filter in force; when it is what stands there, without any."""
        typed = self.input.value.strip() if self.input is not None else self.text
        self._apply("" if typed == self.text else self.text)

    def clear(self) -> None:
        self._apply("")

    def _apply(self, text: str) -> None:
        changed = text != self.text
        self.put(text)
        if changed:
            self.post_message(self.Applied(text))
        self.post_message(self.Left())

    def _close(self) -> None:
        if self.input is not None:
            _ = self.input.remove()
