"""Small forms on top of a screen: one of several answers, the options of a catalogue job, one line.

As the other dialogs: a fresh one destroys nothing, Cancel has the focus, esc closes. They know
nothing of the daemon and return what a person said.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, get_args

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input

from daemon.control.protocol_catalogue import MOST_SKUS, CatalogueOptions
from tui.dialogs import HERE, Dialog
from tui.widgets.safe import Line, TextInput, safe

Clashes = Literal["ask", "reactivate", "rename", "suffix", "skip"]
NON_INVENTORY = "NonInventory"
CLASHES: dict[Clashes, str] = {
    "ask": "you are asked for each one",
    "reactivate": "the old item is made active again, nothing is created",
    "rename": "the old item becomes NAME (deleted), then the new one is created",
    "suffix": "the new item is created as NAME (2)",
    "skip": "nothing is done about that product",
}
MOVES: list[BindingType] = [
    Binding("escape", "no", show=False),
    Binding("up,left", "app.focus_previous", show=False),
    Binding("down,right", "app.focus_next", show=False),
]


def button(words: str, name: str) -> Button:
    made = Button(safe(words), id=name, compact=True)
    made.active_effect_duration = 0
    return made


class AnswerDialog(Dialog[str | None]):
    """One question with several answers, each with what it means; ``None`` is none of them."""

    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = MOVES
    DEFAULT_CSS = """
    AnswerDialog { align: center middle; }
    AnswerDialog .dialog > Button { min-width: 0; }
    """

    def __init__(
        self, title: str, facts: Sequence[tuple[str, str]], ways: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__()
        self.heading = title
        self.facts = facts
        self.ways = ways

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Line(self.heading, classes="dialog-title")
            with VerticalScroll(classes="facts", can_focus=False):
                for name, text in self.facts:
                    yield Line(f"{name:<10} {text}")
            for way, meaning in self.ways:
                yield button(f"[ {way} ]", f"way-{way}")
                yield Line(f"    {meaning}", classes="meaning")
            with Horizontal(classes="buttons"):
                yield button("[ Cancel ]", "cancel")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        name = event.button.id or ""
        _ = self.dismiss(name.removeprefix("way-") if name != "cancel" else None)

    def action_no(self) -> None:
        _ = self.dismiss(None)


class LineDialog(Dialog[str | None]):
    """One line of text; ``None`` when it was given up."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", show=False, priority=True)]
    DEFAULT_CSS = "LineDialog { align: center middle; }"

    def __init__(
        self, title: str, told: Sequence[str] = (), *, value: str = "", longest: int = 500
    ) -> None:
        super().__init__()
        self.heading = title
        self.told = told
        self.value = value
        self.longest = longest

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Line(self.heading, classes="dialog-title")
            for text in self.told:
                yield Line(text)
            yield TextInput(self.value, placeholder=HERE, max_length=self.longest, compact=True)
            yield Line("enter takes it, esc gives it up")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        _ = self.dismiss(event.value.strip())

    def action_no(self) -> None:
        _ = self.dismiss(None)


class OptionsDialog(Dialog[CatalogueOptions | None]):
    """Which products, and what to do where an old item still has its name."""

    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = "OptionsDialog { align: center middle; }"

    def __init__(self, title: str, yes: str, options: CatalogueOptions) -> None:
        super().__init__()
        self.heading = title
        self.yes = yes
        self.missing_only = options.missing_only
        self.reactivate = options.reactivate
        self.as_type = options.as_type
        self.clashes: Clashes = options.clashes
        self.only = options.only

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Line(self.heading, classes="dialog-title")
            yield button("", "missing")
            yield button("", "reactivate")
            yield button("", "untracked")
            yield button("", "clashes")
            yield Line("", id="meaning")
            yield Line("Only these SKUs, with a comma between; empty: every product")
            yield TextInput(", ".join(self.only), id="only", placeholder=HERE, compact=True)
            yield Line("", id="why-not")
            with Horizontal(classes="buttons"):
                yield button("[ Cancel ]", "cancel")
                yield button(f"[ {self.yes} ]", "yes")

    def on_mount(self) -> None:
        self._draw()

    def _draw(self) -> None:
        for name, on, words in (
            ("missing", self.missing_only, "missing only: leave items that are only inactive"),
            ("reactivate", self.reactivate, "reactivate every inactive item, create the rest"),
            ("untracked", bool(self.as_type), "as NonInventory: retire tracked items too"),
        ):
            self.query_one(f"#{name}", Button).label = safe(f"[{'x' if on else ' '}] {words}")
        clashes = self.query_one("#clashes", Button)
        clashes.label = safe(f"[{self.clashes}] where an old item has the name (enter: next)")
        self.query_one("#meaning", Line).say(f"    {CLASHES[self.clashes]}")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "cancel":
                _ = self.dismiss(None)
                return
            case "yes":
                self._yes()
                return
            case "missing":
                self.missing_only = not self.missing_only
            case "reactivate":
                self.reactivate = not self.reactivate
            case "untracked":
                self.as_type = "" if self.as_type else NON_INVENTORY
            case _:
                ways: tuple[Clashes, ...] = get_args(Clashes)
                self.clashes = ways[(ways.index(self.clashes) + 1) % len(ways)]
        self._draw()

    def _yes(self) -> None:
        typed = self.query_one("#only", Input).value.split(",")
        only = tuple(dict.fromkeys(sku.strip() for sku in typed if sku.strip()))
        keeps = self.missing_only or self.reactivate or self.clashes == "reactivate"
        why = ""
        if self.as_type and keeps:
            why = "as NonInventory retires items: it excludes missing only and reactivating"
        elif len(only) > MOST_SKUS:
            why = f"{MOST_SKUS:,} SKUs at most"
        if why:
            self.query_one("#why-not", Line).say(why)
            return
        options = CatalogueOptions(
            missing_only=self.missing_only,
            only=only,
            as_type=self.as_type,
            clashes=self.clashes,
            reactivate=self.reactivate,
        )
        _ = self.dismiss(options)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def action_no(self) -> None:
        _ = self.dismiss(None)
