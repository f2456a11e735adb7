"""The last calls of one connection, for people: what was asked for, how it ended, how long it took.

Must not hold a body, a query, an id or a name: of an address only the words that say what kind of
thing was asked for.
"""

import re
from collections import deque
from collections.abc import Sequence
from datetime import datetime

import msgspec

KEPT = 200
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")
SLOW_START_S = 1.0
"""A longer wait for the pace is told."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt."""

    number: int
    at: datetime
    method: str
    what: str
    """The kind of thing: ``query``, ``batch``, ``bill``, ``purchase/order`` ..."""
    status: int
    """0: no whole answer came."""
    ms: int
    tid: str = ""
    note: str = ""


class CallLog:
    """A ring of the newest calls of one connection."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._number = 0

    @property
    def calls(self) -> Sequence[Call]:
        """Oldest first."""
        return tuple(self._calls)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def add(self, call: Call) -> None:
        self._calls.append(call)

    def remark(self, number: int, note: str) -> None:
        """Say more about a call that is still kept: what its answer turned out to mean."""
        for at in range(len(self._calls) - 1, -1, -1):
            call = self._calls[at]
            if call.number == number:
                joined = f"{call.note}, {note}" if call.note else note
                self._calls[at] = msgspec.structs.replace(call, note=joined)
                return


def kind_of_thing(path: str, *, words: int = 1) -> str:
    """The first words of a path, up to anything that might be an id."""
    found: list[str] = []
    for part in path.strip("/").split("/")[:words]:
        if not _WORD.fullmatch(part):
            break
        found.append(part)
    return "/".join(found)
