"""HTML that cannot be broken by what it shows: every text is escaped unless this module made it.

``tag`` is the only way to make markup. Names of tags and attributes are ours, texts anybody's.
"""

import html

from daemon.control.text import clean


class Markup(str):
    """Text that is markup already. Made by ``tag``, ``join`` and ``constant`` alone."""

    __slots__ = ()


VOID = frozenset({"meta", "rect", "line", "br", "col"})


def text(value: str) -> Markup:
    """Foreign text made harmless: nothing in it acts, reorders its neighbours or is a tag."""
    return Markup(html.escape(clean(value), quote=True))


def foreign(value: str) -> Markup:
    """Foreign text that keeps its own direction to itself."""
    return tag("bdi", value)


def join(*parts: str) -> Markup:
    return Markup("".join(_safe(part) for part in parts))


def tag(name: str, /, *children: str, **attributes: str | int | bool) -> Markup:
    """An element. ``class_`` is ``class``, ``aria_label`` is ``aria-label``."""
    shown = "".join(
        f' {_name(key)}="{html.escape(clean(str(value)), quote=True)}"'
        if value is not True
        else f" {_name(key)}"
        for key, value in attributes.items()
        if value is not False and value != ""
    )
    if name in VOID:
        return Markup(f"<{name}{shown}>" if name in ("meta", "br", "col") else f"<{name}{shown}/>")
    inner = "".join(_safe(child) for child in children)
    return Markup(f"<{name}{shown}>{inner}</{name}>")


def constant(value: str) -> Markup:
    """Text of this program that is markup already: the style sheet."""
    return Markup(value)


def _safe(part: str) -> str:
    return part if isinstance(part, Markup) else text(part)


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
