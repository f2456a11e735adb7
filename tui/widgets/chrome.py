"""The lines around every screen: header, tab strip, banner, footer. They show what they are told.

Each is one line high, draws only when its text changes, and cuts what has no room where it hurts
least: the footer never loses ``?`` and ``enter``.
"""

from collections.abc import Sequence

import msgspec
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from daemon.control.text import cells, clean, clip, pad
from tui.state import Header
from tui.widgets.safe import Line

NARROW = 100
"""Columns below which words are shortened."""
HINTS_NARROW = 6
BADGES = ("red", "yellow", "green", "blue", "magenta", "cyan")
"""Colours of companies, as the theme knows them."""


class HeaderLine(Static):
    """`` trueup | ACME *PRODUCTION* | RW | mira (operator) | live, 2s ago``"""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.words = Header(company="", environment="", mode="", user="", age="connecting")
        self.right = ""

    def show(self, words: Header, right: str) -> None:
        if (words, right) != (self.words, self.right):
            if words.badge != self.words.badge:
                self.set_classes(f"-badge-{words.badge}" if words.badge in BADGES else "")
            self.words, self.right = words, right
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        words = self.words
        bar = " | " if width >= NARROW else "|"
        environment = words.environment
        if width < NARROW:
            environment = environment.replace("*PRODUCTION*", "*PROD*").replace("SANDBOX", "SBOX")
        rest = [words.mode, words.user, words.age]
        fixed = cells(bar.join(rest)) + cells(environment) + len(bar) * 2 + 10
        room = max(8, width - fixed - (cells(self.right) + 2 if width >= NARROW else 0))
        company = f"{clip(words.company, room)} {environment}".rstrip()
        left = " " + bar.join([*(["trueup"] if width >= NARROW else []), company, *rest])
        left = clip(left, width)
        spare = width - cells(left) - cells(self.right) - 1
        if spare < 1:
            return Content(pad(left, width))
        return Content(f"{left}{' ' * spare}{clean(self.right)} ")


class Tab(msgspec.Struct, frozen=True):
    view: str
    number: int
    title: str
    count: int | None = None


class TabStrip(Static):
    """`` 1 Overview  [2 Drift 412]  3 Queue 37``; a click opens."""

    class Picked(Message):
        def __init__(self, view: str) -> None:
            super().__init__()
            self.view = view

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tabs: tuple[Tab, ...] = ()
        self.current = ""
        self._spans: list[tuple[int, int, str]] = []

    def show(self, tabs: Sequence[Tab], current: str) -> None:
        if (tuple(tabs), current) != (self.tabs, self.current):
            self.tabs, self.current = tuple(tabs), current
            self.refresh()

    def render(self) -> Content:
        """As much as fits: titles and counts, closer together, without titles, numbers alone."""
        width = self.size.width
        for gap, titles, counts in ((2, True, True), (1, True, True), (1, True, False)):
            text = self._text(gap, titles=titles, counts=counts)
            if cells(text) <= width:
                return Content(text)
        return Content(clip(self._text(2, titles=False, counts=False), width))

    def _text(self, gap: int, *, titles: bool, counts: bool) -> str:
        text, self._spans = "", []
        for tab in self.tabs:
            here = tab.view == self.current
            title = f" {tab.title}" if here or titles else ""
            count = f" {tab.count:,}" if tab.count is not None and (here or counts) else ""
            words = f"{tab.number}{title}{count}"
            shown = f"{' ' * (gap - 1)}[{words}]" if here else f"{' ' * gap}{words}"
            self._spans.append((cells(text), cells(text) + cells(shown), tab.view))
            text += shown
        return text

    def on_click(self, event: events.Click) -> None:
        for first, end, view in self._spans:
            if first <= event.x < end:
                self.post_message(self.Picked(view))


class Banner(Line):
    """What must not be overlooked; takes no room when there is nothing to say."""

    def say(self, text: str) -> None:
        super().say(f"! {text}" if text else "")
        self.display = bool(text)


class Hint(msgspec.Struct, frozen=True):
    key: str
    label: str
    off: bool = False
    """Not now: ``?`` says why."""


class Hints(Static):
    """The footer: as many hints as there is room for, at most six below 100 columns."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.hints: tuple[Hint, ...] = ()

    def show(self, hints: Sequence[Hint]) -> None:
        if tuple(hints) != self.hints:
            self.hints = tuple(hints)
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        most = HINTS_NARROW if width < NARROW else len(self.hints)
        parts: list[Content] = []
        used = 0
        for hint in self.hints[:most]:
            # Without colour an act that is off is told by its brackets.
            text = f" ({hint.key} {hint.label})" if hint.off else f" {hint.key} {hint.label} "
            if used + cells(text) > width:
                break
            used += cells(text)
            parts.append(Content.styled(text, "dim") if hint.off else _bright(hint, text))
        return Content("").join(parts)


def _bright(hint: Hint, text: str) -> Content:
    start = 1
    return Content(text).stylize("bold", start, start + len(hint.key))
