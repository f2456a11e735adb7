"""Names that a configuration holds, against what a system really has: exact, alike, or not there.

A connector lists what it has, by book; what fits and what does not is said in one place for all
systems. Must not read a configuration, and must not decide about records.
"""

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from daemon.connectors.base import Health

State: TypeAlias = Literal["ok", "warn", "bad", "skipped"]
NEAR = 0.6
MOST_NAMED = 5


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a system has."""

    name: str
    also: tuple[str, ...] = ()
    """Other texts that it may be called by: its number, its whole path."""
    type: str = ""
    is_active: bool = True


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One name in a configuration."""

    key: str
    """Where it stands: ``qbo.new_items.income_account``."""
    book: str
    """Where it has to be found: ``account``, ``class``, ``custom_field.invoice`` ..."""
    name: str
    types: tuple[str, ...] = ()
    """One of these, where the use demands it; in the system's own words."""
    exact: bool = False
    """Another case is another name to the one who reads it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one thing."""

    name: str
    state: State
    found: str
    cure: str = ""


class Examination(Protocol):
    """One look; lists are read once in it, however much is asked."""

    async def entries(self, book: str) -> Sequence[Entry] | None:
        """All of a book, inactive ones too; None where the system has no such book. Raises what a
        read raises."""
        ...

    async def probe(self) -> Sequence[Verdict]:
        """What only this system's connector knows to ask. Only reads."""
        ...


@runtime_checkable
class Examines(Protocol):
    """A connector that can be asked for more than its health."""

    def examination(self) -> Examination: ...

    async def check(self, *, anew: bool = False) -> Health: ...

    @property
    def clock_ahead_s(self) -> int | None:
        """How far this machine's clock is before the system's, by its last answer."""
        ...


def judged(wanted: Wanted, entries: Sequence[Entry], title: str) -> Verdict:
    """Whether the system has just what is wanted."""
    shown = f'"{wanted.name}"'
    fitting = [one for one in entries if wanted.name in (one.name, *one.also)]
    alike = [one for one in entries if _fold(wanted.name) in map(_fold, (one.name, *one.also))]
    if not alike:
        near = nearest(wanted.name, entries)
        hint = f'; the nearest is "{near}"' if near else ""
        cure = f'set {wanted.key} to "{near}", or create' if near else f"correct {wanted.key}, or"
        cure += f" {shown} in {title}" if near else f" create {shown} in {title}"
        return _bad(wanted, f"{title} has no {_noun(wanted.book)} {shown}{hint}", cure)
    best = _best(wanted, fitting or alike)
    if wanted.types and best.type not in wanted.types:
        return _bad(
            wanted,
            f"{shown} is of the type {best.type or '(none)'} in {title}, and this needs "
            f"{' or '.join(wanted.types)}",
            f"name one of that type in {wanted.key}{_of_type(wanted, entries)}",
        )
    if not best.is_active:
        return _bad(
            wanted,
            f"{shown} is inactive in {title}",
            f"make it active there, or name another in {wanted.key}",
        )
    usable = [one for one in fitting or alike if _is_usable(wanted, one)]
    if len(usable) > 1:
        return _bad(
            wanted,
            f"{len(usable)} entries of {title} are called {shown}",
            f"give the number or the whole path of the one you mean in {wanted.key}",
        )
    if not fitting:
        return Verdict(
            name=wanted.key,
            state="bad" if wanted.exact else "warn",
            found=f'{title} spells it "{best.name}", the configuration {shown}'
            + ("; case counts here" if wanted.exact else ""),
            cure=f'set {wanted.key} to "{best.name}"',
        )
    called = f" ({best.name})" if best.name != wanted.name else ""
    kind = f", {best.type}" if best.type else ""
    return Verdict(name=wanted.key, state="ok", found=f"{shown}{called}{kind} is there")


def nearest(name: str, entries: Sequence[Entry]) -> str:
    """The active entry whose name looks most like it; ``""`` when none does."""
    names = {_fold(one.name): one.name for one in entries if one.is_active}
    near = difflib.get_close_matches(_fold(name), list(names), n=1, cutoff=NEAR)
    return names[near[0]] if near else ""


def named(names: Sequence[str], total: int) -> str:
    """Some names, and how many more there are."""
    some = ", ".join(f'"{name}"' for name in names[:MOST_NAMED])
    more = total - min(len(names), MOST_NAMED)
    return f"{some} and {more} more" if more > 0 else some


def _best(wanted: Wanted, entries: Sequence[Entry]) -> Entry:
    return next((one for one in entries if _is_usable(wanted, one)), entries[0])


def _is_usable(wanted: Wanted, one: Entry) -> bool:
    return one.is_active and (not wanted.types or one.type in wanted.types)


def _of_type(wanted: Wanted, entries: Sequence[Entry]) -> str:
    names = [one.name for one in entries if _is_usable(wanted, one)]
    return f": {named(names, len(names))}" if names else ""


def _bad(wanted: Wanted, found: str, cure: str) -> Verdict:
    return Verdict(name=wanted.key, state="bad", found=found, cure=cure)


NOUNS: Mapping[str, str] = {
    "tax_code": "tax code",
    "payment_method": "payment method",
    "price_tier": "price tier",
    "attribute_set": "attribute set",
}


def _noun(book: str) -> str:
    if book.startswith("custom_field."):
        return f"custom field of {book.partition('.')[2].replace('_', ' ')}s called"
    return NOUNS.get(book, book)


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
