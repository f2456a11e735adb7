"""The few values that tell where an installation keeps its things, read without a YAML parser.

Every command looks for the socket first, and a parser takes longer to load than the daemon to
answer. Knows only plain keys, one to a line, and plain words behind them; for a file that is
written otherwise where it matters, it says nothing, and the parser reads it.
"""

import re
from typing import Any, NamedTuple

_KEY = re.compile(r" *([A-Za-z_][A-Za-z0-9_]*):(?: +(.*?))? *")
_WORD = re.compile(r"((?:[A-Za-z_/]|~/|\.{1,2}/)[A-Za-z0-9_./@+-]*|\.{1,2})(?: +#.*)?")
"""A word that YAML takes for text, whatever stands in it."""
_QUOTED = re.compile(r'"([^"\\]*)"(?: +#.*)?')
_NOT_TEXT = frozenset({"true", "false", "null"})
_OVER_LINES = re.compile(r"\{[^#]*[^}# ]|\[[^#]*[^]# ]|\"[^\"]*|'[^']*|[{\[]")
"""A value that begins here and ends in another line."""
_LEAVES = frozenset({"state_dir", "instance", "control.socket"}) | {
    "ledger.path",
    "ledger.key",
    "ledger.backup.folder",
}
_SECTIONS = frozenset({"ledger", "ledger.backup", "control"})


class _Level(NamedTuple):
    """A mapping that a line can stand in."""

    indent: int
    values: dict[str, Any]
    path: str = ""


def glance(text: str) -> dict[str, Any] | None:
    """The wanted values, in mappings as in the file; None when it has to be parsed."""
    inside = [_Level(0, {})]
    begun: _Level | None = None
    """The section whose key was the last one, until its first line tells its indent."""
    is_passed_over = False
    """What is deeper belongs to a key of the top that is not wanted, however it is written."""
    for line in text.splitlines():
        word = line.lstrip(" ")
        if not word or word.startswith("#"):
            continue
        indent = len(line) - len(word)
        if indent and is_passed_over:
            continue
        if begun is not None and indent > inside[-1].indent:
            inside.append(begun._replace(indent=indent))
        while indent < inside[-1].indent:
            inside.pop()
        level = inside[-1]
        said = _KEY.fullmatch(line)
        if said is None or indent != level.indent or said[1] in level.values:
            return None
        path = f"{level.path}{said[1]}"
        value = _value(said[2] or "", path)
        if value is None:
            return None
        level.values[said[1]] = value
        begun = _Level(0, value, f"{path}.") if isinstance(value, dict) else None
        is_passed_over = not indent and path not in _LEAVES | _SECTIONS
    return inside[0].values


def _value(text: str, path: str) -> str | dict[str, Any] | None:
    """A wanted text, a mapping to come, anything at all of what is not wanted; None: parse it."""
    is_empty = not text or text.startswith("#")
    if path in _SECTIONS:
        return {} if is_empty else None
    if path in _LEAVES:
        told = _WORD.fullmatch(text) or _QUOTED.fullmatch(text)
        return told[1] if told is not None and told[1] not in _NOT_TEXT else None
    return None if _OVER_LINES.fullmatch(text) else text
