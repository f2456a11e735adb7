"""Foreign text on its way into a widget: no markup, no escapes. The only door.

Textual reads square brackets in almost every string it is given; an item ``[REV B]`` would lose
its name and a vendor called ``[@click=...]`` would get a button. A ``Content`` is taken literally.
"""

from collections.abc import Iterable

from textual.content import Content
from textual.widgets import Input, Static

from daemon.control.text import cells, clean


def safe(text: str, style: str = "") -> Content:
    """``text`` in one line, literally, in the given style (``bold``, ``$error``)."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


def safe_lines(lines: Iterable[str]) -> Content:
    """Each text as a line of its own, literally."""
    return Content("\n".join(clean(line) for line in lines))


class Line(Static):
    """Text that may come from anywhere. ``say`` changes it, and draws only if it is another."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str = "") -> None:  # noqa: A002
        super().__init__(safe(text), id=id, classes=classes, markup=False)
        self.said = text

    def say(self, text: str) -> None:
        if text != self.said:
            before, self.said = self.said, text
            # Where its size is given, or the same, it moves nothing: nothing else is drawn again.
            other = cells(clean(text)) != cells(clean(before))
            self.update(safe(text), layout=other and self.styles.auto_dimensions)


class Lines(Static):
    """Several lines of such text."""

    def __init__(self, lines: Iterable[str] = (), *, id: str | None = None) -> None:  # noqa: A002
        self.said = tuple(lines)
        super().__init__(safe_lines(self.said), id=id, markup=False)

    def say(self, lines: Iterable[str]) -> None:
        said = tuple(lines)
        if said != self.said:
            self.said = said
            self.update(safe_lines(said))


class TextInput(Input):
    """A line that a person types or pastes, or that an address brought: characters that act on a
    terminal are left out, for an input draws what it holds as it is."""

    def validate_value(self, value: str) -> str:
        return typable(value)


def typable(text: str) -> str:
    """What of ``text`` an input may hold."""
    return "".join(char for char in text if char == "\\" or clean(char) == char)
