"""What is asked and shown on top of a screen: confirm, read a long text, type a command.

A fresh dialog destroys nothing: Cancel has the focus, and esc closes every one of them. Dialogs
know nothing of the daemon; they return what a person said.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from tui.questions import Question, Said
from tui.widgets.safe import Line, Lines, TextInput, safe

__all__ = ["CommandDialog", "ConfirmDialog", "Dialog", "Question", "Said", "TextDialog"]

SaidT = TypeVar("SaidT")
MOST_REASON = 1000
MOST_UNTIL = 60
HERE = "______________________________"
"""An empty input must be seen without colours."""
MORE = "(there is more: arrows and page keys scroll)"


class Dialog(ModalScreen[SaidT], Generic[SaidT]):
    """What lies over a view. Its style is read with the first one: nobody waits for it before."""

    CSS_PATH = Path(__file__).parent / "dialogs.tcss"


class ConfirmDialog(Dialog[Said | None]):
    """Asks; ``None`` is no."""

    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-8)", show=False),
        Binding("pagedown", "scroll(8)", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        question = self.question
        with Vertical(classes="dialog"):
            yield Line(question.title, classes="dialog-title")
            with VerticalScroll(classes="facts", can_focus=False):
                for name, text in question.facts:
                    yield Line(f"{name:<10} {text}")
            yield Line(MORE, id="more")
            if question.reason != "none":
                told = " (required)" if question.reason == "required" else ""
                yield Line(f"Reason{told}:")
                yield TextInput(id="reason", placeholder=HERE, max_length=MOST_REASON, compact=True)
            if question.ends:
                yield Line("Until (2026-12-01, 2026-12-01T14:30; empty: until it changes):")
                yield TextInput(id="until", placeholder=HERE, max_length=MOST_UNTIL, compact=True)
            if question.typed:
                yield Line(f"Type {question.typed} to continue:")
                yield TextInput(id="typed", placeholder=HERE, compact=True)
            yield Line("", id="why-not")
            with Horizontal(classes="buttons"):
                yield _button("Cancel", "cancel")
                yield _button(question.yes, "yes")

    def on_mount(self) -> None:
        self.call_after_refresh(self._tell_of_more)

    def on_resize(self) -> None:
        self.call_after_refresh(self._tell_of_more)

    def _tell_of_more(self) -> None:
        """Say by which keys the facts go on, where they do not all fit."""
        self.query_one("#more").display = self.query_one(".facts").max_scroll_y > 0

    def action_scroll(self, lines: int) -> None:
        self.query_one(".facts").scroll_relative(y=lines, animate=False)

    def why_not(self) -> str:
        """What is still missing before it can be yes."""
        if self.question.typed and self._value("typed") != self.question.typed.strip():
            return f"type exactly: {self.question.typed}"
        if self.question.reason == "required" and not self._value("reason"):
            return "a reason is required: it goes into the ledger"
        return ""

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "yes":
            self._yes()
        else:
            _ = self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def _yes(self) -> None:
        missing = self.why_not()
        if missing:
            self.query_one("#why-not", Line).say(missing)
            return
        asked = self.question.reason != "none"
        reason = self._value("reason") if asked else ""
        until = self._value("until") if self.question.ends else ""
        _ = self.dismiss(Said(reason=reason, until=until))

    def action_no(self) -> None:
        _ = self.dismiss(None)


def _button(words: str, name: str) -> Button:
    button = Button(safe(f"[ {words} ]"), id=name, compact=True)
    button.active_effect_duration = 0  # no animation, and enter is never swallowed by one
    return button


class TextDialog(Dialog[None]):
    """A text of any length, to scroll through; ``w`` and ``y`` still write and copy the view."""

    AUTO_FOCUS = "#text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "close", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, title: str, lines: Iterable[str]) -> None:
        super().__init__()
        self.heading = title
        self.lines = tuple(lines)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Line(self.heading, classes="dialog-title")
            with VerticalScroll(id="text"):
                yield Lines(self.lines)
            yield Line("esc closes")

    def action_close(self) -> None:
        _ = self.dismiss(None)

    def action_down(self) -> None:
        self.query_one("#text").scroll_down(animate=False)

    def action_up(self) -> None:
        self.query_one("#text").scroll_up(animate=False)


class CommandDialog(Dialog[str | None]):
    """The line after ``:``; returns what was typed."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", show=False, priority=True)]

    def __init__(self, views: Sequence[str]) -> None:
        super().__init__()
        self.views = views

    def compose(self) -> ComposeResult:
        with Horizontal(classes="command"):
            yield Line(":", classes="label")
            yield TextInput(placeholder=f"{', '.join(self.views)}, at WHEN, q", compact=True)

    def take_keys(self) -> None:
        """From now on; at once, not when its turn comes."""
        self.set_focus(self.query_one(Input))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        _ = self.dismiss(event.value.strip() or None)

    def action_no(self) -> None:
        _ = self.dismiss(None)
