"""Keys as values: one table a screen, from which bindings, footer, help and palette are made. Pure.

A key means the same on every screen; the names here are the only ones. ``standard`` gives a key of
the common grammar, so that no screen invents its own letter for an act.
"""

import msgspec


class Key(msgspec.Struct, frozen=True):
    """One key of one screen."""

    key: str
    """Textual's name of it: ``a``, ``space``, ``enter``."""
    label: str
    """A word or two, for the footer."""
    run: str
    """Method of the screen, without arguments; it may be a coroutine."""
    act: str = ""
    """Name of ``WhoAnswer.may`` that it takes; empty: it only looks."""
    when: str = ""
    """Method of the screen that says why not now; empty text: it may."""
    cli: str = ""
    """The same on the command line."""
    help: str = ""
    """A sentence for ``?``; empty: the label."""
    footer: bool = True

    @property
    def shown(self) -> str:
        return SHOWN.get(self.key, self.key)


SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "asterisk": "*",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "equals_sign": "=",
    "escape": "esc",
    "less_than_sign": "<",
    "greater_than_sign": ">",
}

_STANDARD = {
    key.run: key
    for key in (
        Key("enter", "Open", "open", help="open what the cursor is on"),
        Key("a", "Approve", "approve", act="approve", cli="trueup approve DIGEST"),
        Key("s", "Skip", "skip", act="skip", cli="trueup skip RECORD"),
        Key("r", "Retry", "retry", act="retry", cli="trueup retry RECORD"),
        Key("u", "Withdraw", "withdraw", act="approve", cli="trueup withdraw DIGEST"),
        Key(
            "l",
            "Link",
            "link",
            act="link",
            cli="trueup link RECORD REF",
            help="the candidate under the cursor is this record",
        ),
        Key(
            "d",
            "Different",
            "apart",
            act="link",
            cli="trueup link RECORD REF --apart",
            help="the candidate under the cursor is another thing",
        ),
        Key("c", "Compare now", "compare", act="cycle", cli="trueup apply"),
        Key("p", "Pause/resume", "pause", act="pause", cli="trueup pause / trueup resume"),
        Key("x", "Export", "export", help="write the whole list to a file"),
        Key("slash", "Filter", "filter", help="filter the list; esc clears"),
        Key("left_square_bracket", "Previous", "previous", footer=False),
        Key("right_square_bracket", "Next", "next", footer=False),
    )
}

ALWAYS = (
    Key("question_mark", "Help", "help", help="the keys of this screen"),
    Key(
        "colon",
        "Command",
        "command",
        help="a view by name (drift kind:bill, record SKU), at WHEN (the past), now, q",
    ),
    Key("escape", "Back", "back", help="close, clear, or go back", footer=False),
    Key("minus", "Last view", "last", footer=False),
    Key("y", "Copy", "copy", help="send what the cursor is on to your clipboard", footer=False),
    Key("w", "Write", "write", help="write this view to a file and say where", footer=False),
    Key("t", "Time zone", "zone", help="company, UTC or local time", footer=False),
    Key("T", "Theme", "theme", help="another set of colours", footer=False),
    Key("R", "Refresh", "refresh_view", help="read this view anew", footer=False),
    Key("ctrl+p", "Palette", "palette", help="everything by name", footer=False),
    Key("q", "Quit", "quit", help="asks only if marks would be lost"),
)
"""Keys that every screen has; the application carries them out."""


def standard(run: str, **changes: object) -> Key:
    """The key of the common grammar for this act: ``standard("approve", when="nothing_waits")``."""
    return msgspec.structs.replace(_STANDARD[run], **changes)


def help_lines(title: str, keys: tuple[Key, ...], refusals: dict[str, str]) -> list[str]:
    """The text of ``?``: keys of the screen, of lists, and of everywhere."""
    told = [f"Keys: {title}", ""]
    told += [_help(key, refusals.get(key.key, "")) for key in keys]
    told += ["", "In lists", *(f"  {keys_:<14} {words}" for keys_, words in IN_LISTS)]
    told += ["", "Everywhere", "  1-7            the views of the strip at the top"]
    told += [_help(key, "") for key in ALWAYS]
    return told


IN_LISTS = (
    ("j k arrows", "move"),
    ("g G home end", "top, end"),
    ("page keys", "a screenful"),
    ("space", "mark"),
    ("ctrl+u", "unmark all"),
    ("*", "mark all that the filter leaves (asks: count and sum)"),
)


def _help(key: Key, refusal: str) -> str:
    words = key.help or key.label
    cli = f"   ({key.cli})" if key.cli else ""
    return f"  {key.shown:<14} {words}{cli}{'   NOT NOW: ' + refusal if refusal else ''}"
