"""Where one is in the front end, as text that can be pasted to a colleague. Pure.

``overview``, ``record/SKU-1``, ``drift?filter=kind:bill&sort=amount``: a view, what it is about,
and how it is looked at.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode

import msgspec


class Address(msgspec.Struct, frozen=True):
    view: str
    about: str = ""
    """The record, entry or conflict that the view is opened on."""
    query: Mapping[str, str] = {}

    def __str__(self) -> str:
        about = f"/{quote(self.about, safe=' /')}" if self.about else ""
        query = {name: value for name, value in self.query.items() if value}
        asked = f"?{urlencode(query, safe=':>< /', quote_via=quote)}" if query else ""
        return f"{self.view}{about}{asked}"

    def get(self, name: str) -> str:
        return self.query.get(name, "")


def parse_address(text: str) -> Address:
    """The address that ``text`` writes; anything can be parsed, not every view exists."""
    path, _, asked = text.strip().partition("?")
    view, _, about = path.partition("/")
    query = dict(parse_qsl(asked, keep_blank_values=False))
    return Address(view=view.strip().lower(), about=unquote(about).strip(), query=query)


def typed(line: str) -> Address:
    """What somebody typed after ``:``: an address, or a view and the rest of the line.

    ``drift kind:bill`` is a filter; for a view of one thing (``record SKU``) it is that thing.
    """
    first, _, rest = line.strip().partition(" ")
    if "?" in first or "/" in first:
        return parse_address(line)
    view, rest = first.lower(), rest.strip()
    if not rest:
        return Address(view=view)
    if view in OF_ONE_THING:
        return Address(view=view, about=rest)
    return Address(view=view, query={"filter": rest})


OF_ONE_THING = frozenset({"record", "conflict", "entry"})
QUIT_WORDS = frozenset({"q", "quit", "exit"})


def spoken(line: str) -> tuple[str, str]:
    """What is meant by a line after ``:``, and of what: ``quit``, ``at`` a moment of the past,
    ``now`` again, or to ``go`` to an address."""
    word, _, rest = line.strip().partition(" ")
    word = word.lower()
    if word in QUIT_WORDS and not rest:
        return "quit", ""
    return (word, rest.strip()) if word in ("at", "now") else ("go", line)
