"""Foreign text made safe to show, and measured in terminal cells. Pure.

Names come from other systems and may carry terminal escapes, text that reorders itself or line
breaks. Everything the command line shows of them goes through ``clean``.
"""

import unicodedata
from collections.abc import Iterable

ELLIPSIS = "…"
MAX_SHOWN = 2000
"""Characters of one value that are shown at most, whatever room there is."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula, wide forms included."""

_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e", "\\": "\\\\"}
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str) -> str:
    """``text`` with every character that acts instead of showing written as an escape.

    A backslash stays itself unless something was escaped, where it is doubled, so that an escape
    can always be told from the same characters typed by somebody.
    """
    text = text[: MAX_SHOWN + 1]
    if text.isascii() and text.isprintable():
        return _limit(text)
    if not any(_acts(char) for char in text):
        return _limit(text)
    return _limit("".join(_escape(char) if _acts(char) or char == "\\" else char for char in text))


def _limit(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + ELLIPSIS


def _acts(char: str) -> bool:
    if " " <= char <= "~":
        return False
    if char in _REORDERING or char in _INVISIBLE or "\U000e0000" <= char <= "\U000e0fff":
        return True
    return unicodedata.category(char) in _HIDDEN_CATEGORIES


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def cell(text: str) -> str:
    """Foreign text for a cell of a spreadsheet: nothing in it acts or is calculated. Leave
    amounts alone, so that they stay numbers."""
    shown = clean(text)
    return f"'{shown}" if text.startswith(FORMULA) or shown.startswith(FORMULA) else shown


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    return len(text) if text.isascii() else sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def clip(text: str, width: int) -> str:
    """Clean text cut to ``width`` columns, ending in an ellipsis when something is missing."""
    text = clean(text)
    if cells(text) <= width:
        return text
    room = width - 1
    kept = ""
    for char in text:
        room -= _cells(char)
        if room < 0:
            break
        kept += char
    return kept + ELLIPSIS if width > 0 else ""


def pad(text: str, width: int) -> str:
    """``text`` followed by the spaces that fill ``width`` columns."""
    return text + " " * max(0, width - cells(text))


def pad_left(text: str, width: int) -> str:
    """``text`` behind the spaces that fill ``width`` columns."""
    return " " * max(0, width - cells(text)) + text


def columns(
    rows: Iterable[tuple[str, ...]], *, widest: int = 60, right: frozenset[int] = frozenset()
) -> list[str]:
    """Rows of clean text as aligned lines, no column wider than ``widest``; the columns in
    ``right`` (from 0) end at one edge, as figures do."""
    cut = [tuple(clip(cell, widest) for cell in row) for row in rows]
    if not cut:
        return []
    count = max(len(row) for row in cut)
    widths = [max((cells(row[i]) for row in cut if i < len(row)), default=0) for i in range(count)]
    return [
        "  ".join(
            pad_left(cell, width) if place in right else pad(cell, width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in cut
    ]


def plural(count: int, word: str, words: str = "") -> str:
    """``1 record``, ``3 records``, ``2 classes``."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def value_text(value: object) -> str:
    """A field's value, as the control interface gives it, in one clean line."""
    match value:
        case None | "":
            return "(empty)"
        case bool():
            return "yes" if value else "no"
        case dict() if value.get("type") == "address":
            parts = [*value.get("lines", ()), *(value.get(k, "") for k in _ADDRESS)]
            return clean(", ".join(str(part) for part in parts if part))
        case dict() if value.get("type") == "ref":
            return clean(str(value.get("key") or f"#{value.get('id', '')}"))
        case dict() if value.get("type") == "record":
            return clean(str(value.get("label") or value.get("record", "")))
        case dict() if value.get("type") == "texts":
            entries = [f"{name}: {text}" for name, text in value.get("entries", ())]
            return clean(", ".join(entries)) or "(empty)"
        case _:
            return clean(str(value))


_ADDRESS = ("city", "region", "postal_code", "country")
