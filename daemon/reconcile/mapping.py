"""How one system would show another system's value: the named mappings, and equality through them.

Every written value is the result of ``render`` (or a configured default), so its trace can name
the source field and the mapping. Must not invent a value: nothing in, nothing out.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

import msgspec

from ledger.model.capabilities import FieldRule
from ledger.model.money import quantise
from ledger.model.values import Address, Texts, Value

MAPPING_VERSION = 1
"""Rises whenever ``render`` gives another value for the same input."""

IDENTITY = "identity"
TRIM = "trim"
WORDS = "words"
SANITISE = "sanitise"
SHORTEN = "shorten"
ROUND = "round"
CODE_FROM_ID = "code_from_id"

REPLACEMENT = "-"
_DELETED_SUFFIX = re.compile(r"(?:\s*\(deleted(?:-\d+)?\))+\s*$", re.IGNORECASE)
"""QBO adds this to the name of a record that is made inactive, in varying case, and with a number
where that name is taken too."""

_PLAIN = (Decimal, bool)
"""What is kept by every system just as it is."""


class Rendered(msgspec.Struct, frozen=True):
    """A value as the target would show it, and the names of the mappings that made it so."""

    value: Value
    mappings: tuple[str, ...] = ()
    said: str = ""
    """What the source says, in words, where its trace should name it: ``account 4000``."""

    @property
    def mapping(self) -> str:
        return ", ".join(self.mappings) or IDENTITY

    def trace(self, origin: str) -> str:
        """``dear.name via sanitise``; ``dear.income_account: account 4000 via remap to 4010``"""
        origin = f"{origin}: {self.said}" if self.said else origin
        return f"{origin} via {self.mapping}" if self.mappings else origin


def tidy(value: Value) -> Value:
    """The value without what no system keeps: outer blanks, line-end style, empty text."""
    if isinstance(value, str):
        if "\r" in value:
            value = value.replace("\r\n", "\n")
        return value.strip() or None
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, Address):
        address = Address(
            lines=tuple(line.strip() for line in value.lines if line.strip()),
            city=value.city.strip(),
            region=value.region.strip(),
            postal_code=value.postal_code.strip(),
            country=value.country.strip(),
        )
        return None if address == Address() else address
    return None if value == Texts() else value


def same(one: Value, other: Value) -> bool:
    """Equality inside one system: exact after ``tidy``; 12.40 and 12.4 are one amount."""
    if type(one) is type(other) and one == other:
        return True
    one, other = tidy(one), tidy(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other  # Python holds that True == Decimal(1)
    return one == other


def render(
    value: Value, *, rule: FieldRule, values: Mapping[str, Value], source_id: str = ""
) -> Rendered:
    """``value`` as the system with ``rule`` would show it.

    ``values`` are all fields of the source's record (for ``shorten_with``), ``source_id`` is its
    id there (for ``code_from_id``). Pointers pass unchanged: they are compared as records.
    """
    kept = tidy(value)
    if kept is None:
        if rule.code_from_id and source_id:
            return Rendered(rule.code_from_id.format(id=source_id), (CODE_FROM_ID,))
        return Rendered(None)
    if isinstance(kept, str):
        return _text(kept, rule, values, trimmed=kept != value)
    if isinstance(kept, Address) and kept.country in rule.words:
        # The words of an address field speak of its country, the one part that has a vocabulary.
        return Rendered(msgspec.structs.replace(kept, country=rule.words[kept.country]), (WORDS,))
    if isinstance(kept, Decimal) and rule.places is not None:
        rounded = quantise(kept, rule.places)
        # An amount that needs no rounding keeps the digits that it was entered with.
        return Rendered(kept) if rounded == kept else Rendered(rounded, (ROUND,))
    return Rendered(kept)


@cache
def _refused(forbidden: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(forbidden)}]")


@cache
def _replacing(forbidden: str) -> dict[int, str]:
    return str.maketrans(dict.fromkeys(forbidden, REPLACEMENT))


def _text(text: str, rule: FieldRule, values: Mapping[str, Value], *, trimmed: bool) -> Rendered:
    mappings = [TRIM] if trimmed else []
    if text in rule.words:
        text = rule.words[text]
        mappings.append(WORDS)
    clean = text
    if rule.forbidden and _refused(rule.forbidden).search(text):
        clean = text.translate(_replacing(rule.forbidden))
        mappings.append(SANITISE)
    if rule.max_length is not None and len(clean) > rule.max_length:
        clean = _shorten(clean, rule.max_length, values.get(rule.shorten_with), rule.forbidden)
        mappings.append(SHORTEN)
    return Rendered(clean or None, tuple(mappings))


def _shorten(text: str, length: int, key: Value, forbidden: str) -> str:
    """Cut to ``length``; a key such as the SKU stays readable (and the name unique) at the end."""
    key = tidy(key)
    if isinstance(key, str):
        clean = key.translate(_replacing(forbidden))
        ending = f" [{clean}]"
        if len(ending) < length:
            return text[: length - len(ending)].rstrip() + ending
    return text[:length].rstrip()


def without_deleted_suffix(name: str) -> str:
    """The name that a record had before it was made inactive."""
    return _DELETED_SUFFIX.sub("", name) or name
