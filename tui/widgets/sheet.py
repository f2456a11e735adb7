"""A text laid out for the width there is, with a cursor that goes from one thing to the next.

The lines come from a function of the width and are clean already; nothing in them is read as
markup. Knows nothing of what the lines are about: a screen gives each a key, its ``stop``.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from daemon.control.text import ELLIPSIS, clip, pad
from tui.widgets.diff import SheetLine

GUTTER = 2
LayOut = Callable[[int], Sequence[SheetLine]]


class Sheet(ScrollView, can_focus=True):
    """Keys: arrows, j k, page keys, g G, enter. Without stops it only scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("pageup,ctrl+b", "leap(-1)", show=False),
        Binding("pagedown,ctrl+f", "leap(1)", show=False),
        Binding("home,g", "edge(-1)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("enter", "open", show=False),
    ]
    DEFAULT_CSS = """
    Sheet { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable;
        scrollbar-size-vertical: 1; }
    """

    class About(Message):
        """Something of the text, by its ``stop``."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    class Opened(About):
        """Enter, or a second click."""

    class Moved(About):
        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Sheet.Moved)

    def __init__(self, *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._plain = plain
        self._lay_out: LayOut = lambda _width: ()
        self._lines: Sequence[SheetLine] = ()
        self._width = -1
        self._index = 0
        self.sought = ""
        """What is looked for; lines that say it have a ``*`` at their start."""
        self._hit = -1
        """The line of the hit that was gone to last."""

    @property
    def stop(self) -> str:
        """What the cursor stands on; empty where there is nothing."""
        return self._lines[self._index].stop if self._index < len(self._lines) else ""

    def show(self, lay_out: LayOut, *, from_top: bool = False) -> None:
        """Another text, or the same anew: the cursor stays on its thing while that is there."""
        self._lay_out = lay_out
        if from_top:
            self._lines, self._index, self._hit = (), 0, -1
            self.scroll_to(0, 0, animate=False, force=True)
        self._anew()

    def lines_at(self, width: int) -> list[str]:
        """The whole text, for a file."""
        return [line.text for line in self._lay_out(width)]

    # -- laying out and drawing ------------------------------------------------------------

    def _anew(self) -> None:
        self._width = max(20, self.scrollable_content_region.width - GUTTER)
        before = self.stop
        self._lines = tuple(self._lay_out(self._width))
        self.virtual_size = Size(self.size.width, len(self._lines))
        stops = self._stops()
        here = next((i for i in stops if self._lines[i].stop == before), None)
        if here is None or not before:
            here = next((i for i in stops if i >= self._index), stops[-1] if stops else 0)
        self._index = here
        self.refresh()
        if self.stop != before:
            self.post_message(self.Moved(self.stop))

    def _stops(self) -> list[int]:
        """First lines of the things that the cursor can stand on."""
        found, last = [], ""
        for index, line in enumerate(self._lines):
            if line.stop and line.stop != last:
                found.append(index)
            last = line.stop
        return found

    def on_resize(self, _event: events.Resize) -> None:
        if self._width != max(20, self.scrollable_content_region.width - GUTTER):
            self._anew()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        index = self.scroll_offset.y + y
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[index]
        here = self.can_focus and index == self._index and bool(line.stop)
        text = line.text.replace(ELLIPSIS, "~") if self._plain else line.text
        base = self.rich_style
        style = base + Style.parse(line.style) if line.style else base
        if here:
            style = base + Style(reverse=True)
        mark = "*" if self._is_hit(line) else " "
        gutter = f">{mark}" if here else f"{mark} "
        told = f"{gutter}{pad(clip(text, self._width), self._width)}"
        return Strip([Segment(told, style)]).adjust_cell_length(width, base)

    # -- moving ----------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        if self._index != index:
            self._index = index
            self.post_message(self.Moved(self.stop))
        last = index
        while last + 1 < len(self._lines) and self._lines[last + 1].stop == self.stop:
            last += 1
        top, room = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if last >= top + room:
            top = last - room + 1
        if index < top:
            top = index
        if not any(line.stop for line in self._lines[:index]):
            top = 0 if index < room else top  # the heading of the first thing is seen again
        self.scroll_to(y=top, animate=False, force=True)
        self.refresh()

    # -- finding ---------------------------------------------------------------------------

    def seek_text(self, text: str) -> None:
        """Look for another text, whatever its case; empty: for none."""
        self.sought, self._hit = text.strip(), -1
        self.refresh()

    def _is_hit(self, line: SheetLine) -> bool:
        return bool(self.sought) and self.sought.casefold() in line.text.casefold()

    def go_to_hit(self, step: int) -> tuple[int, int]:
        """The next hit (``0``: the first from the cursor on), round the end; its number and how
        many there are."""
        hits = [index for index, line in enumerate(self._lines) if self._is_hit(line)]
        if not hits:
            return 0, 0
        here = self._hit if self._hit >= 0 else self._index - (step >= 0)
        found = self._hit = hit_from(hits, here, step)
        stop = self._lines[found].stop
        if stop:
            self._go(next(i for i in self._stops() if self._lines[i].stop == stop))
        room = max(1, self.scrollable_content_region.height)
        if not self.scroll_offset.y <= found < self.scroll_offset.y + room:
            self.scroll_to(y=max(0, found - room // 2), animate=False, force=True)
        self.refresh()
        return hits.index(found) + 1, len(hits)

    def action_step(self, step: int) -> None:
        stops = self._stops()
        later = [i for i in stops if i > self._index]
        sooner = [i for i in stops if i < self._index]
        if step > 0 and later:
            self._go(later[0])
        elif step < 0 and sooner:
            self._go(sooner[-1])
        else:
            self.scroll_relative(y=step, animate=False, force=True)

    def action_leap(self, pages: int) -> None:
        room = max(1, self.scrollable_content_region.height - 1)
        stops = self._stops()
        if not stops:
            self.scroll_relative(y=pages * room, animate=False, force=True)
            return
        wanted = self._index + pages * room
        self._go(min(stops, key=lambda index: abs(index - wanted)))

    def action_edge(self, end: int) -> None:
        stops = self._stops()
        if stops:
            self._go(stops[0] if end < 0 else stops[-1])
        self.scroll_to(y=0 if end < 0 else len(self._lines), animate=False, force=True)

    def action_open(self) -> None:
        if self.stop:
            self.post_message(self.Opened(self.stop))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        index = self.scroll_offset.y + at.y if at is not None else len(self._lines)
        if not self.can_focus or index >= len(self._lines) or not self._lines[index].stop:
            return
        stop = self._lines[index].stop
        again = stop == self.stop and event.chain > 1
        self._go(next(i for i in self._stops() if self._lines[i].stop == stop))
        if again:
            self.action_open()


def hit_from(hits: Sequence[int], here: int, step: int) -> int:
    """The next of these lines behind ``here``, or before it; round the end where there is none."""
    if step < 0:
        return next((line for line in reversed(hits) if line < here), hits[-1])
    return next((line for line in hits if line > here), hits[0])
