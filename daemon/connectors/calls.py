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
ANSWERS = ("2xx", "3xx", "4xx", "429", "5xx", "none")
"""Sorts of answers that calls are counted by; ``none``: no whole answer came."""
WITHIN_S = (1.0, 5.0, 30.0)
"""Seconds that the lengths of calls are counted by."""
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


class CallTally(msgspec.Struct, kw_only=True):
    """All calls of one connection since the start; these numbers only rise."""

    answers: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(ANSWERS, 0))
    within: dict[float, int] = msgspec.field(default_factory=lambda: dict.fromkeys(WITHIN_S, 0))
    """How many took so many seconds at most, waits for the pace not counted."""
    seconds: float = 0.0
    logins_failed: int = 0
    """Exchanges of a login that brought no token."""

    @property
    def calls(self) -> int:
        return sum(self.answers.values())

    def add(self, call: Call) -> None:
        """Count one more."""
        self.answers[answer_of(call.status)] += 1
        seconds = call.ms / 1000
        self.seconds += seconds
        for most in WITHIN_S:
            self.within[most] += seconds <= most
        self.logins_failed += call.what == "login" and call.status != 200


def answer_of(status: int) -> str:
    """The sort of answer that a status is."""
    if status == 429:
        return "429"
    found = f"{status // 100}xx"
    return found if found in ANSWERS else "none"


class CallLog:
    """A ring of the newest calls of one connection, and a count of all."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._number = 0
        self.tally = CallTally()

    @property
    def calls(self) -> Sequence[Call]:
        """Oldest first."""
        return tuple(self._calls)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def add(self, call: Call) -> None:
        self._calls.append(call)
        self.tally.add(call)

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
